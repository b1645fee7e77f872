#include "src/engine/device_lane.h"

#include <string.h>

#include "src/engine/device.h"

struct vg_lane_settings vg_lane_of(const struct vg_device_info *device)
{
    static const enum vg_plan_lane lanes[] = {[VG_VENDOR_OTHER] = VG_LANE_ANY,
                                              [VG_VENDOR_NVIDIA] = VG_LANE_NVIDIA,
                                              [VG_VENDOR_AMD] = VG_LANE_AMD,
                                              [VG_VENDOR_INTEL] = VG_LANE_INTEL};
    if (device->kind == VG_DEVICE_CPU)
        return (struct vg_lane_settings){.lane = VG_LANE_CPU};
    if (device->kind == VG_DEVICE_OTHER)
        return (struct vg_lane_settings){.lane = VG_LANE_ANY};
    return (struct vg_lane_settings){.lane = lanes[device->vendor], .storage = VG_STORAGE_HALF};
}

static const char *const names[] = {[VG_LANE_CPU] = "cpu",
                                    [VG_LANE_ANY] = "any",
                                    [VG_LANE_NVIDIA] = "nvidia",
                                    [VG_LANE_AMD] = "amd",
                                    [VG_LANE_INTEL] = "intel"};

const char *vg_lane_text(enum vg_plan_lane lane)
{
    return names[lane];
}

int vg_lane_read(const char *text, struct vg_lane_settings *lane)
{
    for (uint32_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(text, names[i])) {
            const enum vg_storage storage = i == VG_LANE_CPU ? VG_STORAGE_FLOAT : VG_STORAGE_HALF;
            *lane = (struct vg_lane_settings){.lane = (enum vg_plan_lane)i, .storage = storage};
            return 1;
        }
    return 0;
}
