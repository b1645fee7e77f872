/* The lane of a device: which rows of the variants are for it, how activations lie in its memory,
 * and whether its matrix instruction may be used. */
#ifndef VG_ENGINE_DEVICE_LANE_H
#define VG_ENGINE_DEVICE_LANE_H

#include "kernels/kernel_list.h"

struct vg_device_info;

enum vg_plan_lane {
    VG_LANE_CPU,
    VG_LANE_ANY, /* a GPU of whatever make, or what is neither */
    VG_LANE_NVIDIA,
    VG_LANE_AMD,
    VG_LANE_INTEL
};

/* conv_mma_ptx.cl */
enum vg_mma {
    VG_MMA_NONE,
    VG_MMA_WORKS,   /* the probe found it right */
    VG_MMA_EMULATED /* in plain code: for tests */
};

struct vg_lane_settings {
    enum vg_plan_lane lane;
    enum vg_storage storage;
    enum vg_mma mma;
};

/* Halves on GPUs (docs/decisions/0028); mma: none, which only a probe can say. */
struct vg_lane_settings vg_lane_of(const struct vg_device_info *device);

/* "cpu", "any", "nvidia", "amd", "intel". */
const char *vg_lane_text(enum vg_plan_lane lane);
/* By that name, with halves but for "cpu"; returns 1, or 0 where there is no such lane. */
int vg_lane_read(const char *text, struct vg_lane_settings *lane);

#endif
