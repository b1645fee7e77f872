#include "src/engine/device_lane.h"

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
