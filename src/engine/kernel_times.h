/* What each kernel of a picture takes by itself: every step of a plan and every launch of the maps,
 * warmed, waited for alone, so many times. Beside profile.h, which times the steps as they follow
 * each other: alone a kernel finds its input in the caches and no other work.
 *
 * The steps come in the plan's order, so that each one reads what those before it have made of the
 * pictures; the maps come behind them. One thread: the engine's. */
#ifndef VG_ENGINE_KERNEL_TIMES_H
#define VG_ENGINE_KERNEL_TIMES_H

#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/engine/engine.h"
#include "src/engine/profile.h"

enum vg_kernel_part {
    VG_KERNEL_OF_PREPARE,
    VG_KERNEL_OF_NET,
    VG_KERNEL_OF_BOXES,
    VG_KERNEL_OF_MAPS
};

struct vg_kernel_times {
    struct vg_profile profile; /* a step for each row; no spans, whole_us 0 */
    double *least_us;          /* of each step; owned */
    uint32_t net_first, net_end, maps_first;
};

/* `jobs` (1 to batch_max, without maps): run once, then each step alone, `runs` times. The maps are
 * those of one picture: of jobs[0] and jobs[1] in turns, of jobs[0] alone where there is one; they are
 * left out where the engine makes none. The caller releases *times; peaks stay 0. VG_E_CALL (no run,
 * too many; an engine of VG_LAUNCHES_FEW), VG_E_MEMORY, VG_E_DEVICE. */
enum vg_status vg_engine_time_kernels(struct vg_engine *engine, const struct vg_job *jobs,
                                      uint32_t count, uint32_t runs, struct vg_kernel_times *times,
                                      struct vg_fault *fault) VG_MUST_USE;
/* All zero is allowed. */
void vg_kernel_times_release(struct vg_kernel_times *times);

enum vg_kernel_part vg_kernel_times_part(const struct vg_kernel_times *times, uint32_t step);

#endif
