/* What each step of a plan took on its device: filled by the engine from the device's own times,
 * shown by bench/profile_text.h, profile_json.h, profile_svg.h and trace_file.h. Data; any thread.
 *
 *   peak  = what the device was measured to do at most (bench/device_peak.h)
 *   bound = the least time that the peaks allow its kernel:
 *           max(needed_gflop / peak_gflop_s, mbytes / peak_gbyte_s)
 *   share = bound / time, the step's share of the peak (roofline: Williams, Waterman, Patterson,
 *           Communications of the ACM 52 (4), 2009) */
#ifndef VG_ENGINE_PROFILE_H
#define VG_ENGINE_PROFILE_H

#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

struct vg_step_time {
    char name[64];       /* what the step makes, "conv 3x3 128>128 52x52"; ASCII */
    const char *kernel;  /* static: its name in kernels/kernel_list.h */
    double us;           /* on the device, median of the runs */
    double gflop;        /* operations of one run as the model counts them, whatever the kernel,
                           1e9; a multiply-add is two */
    double mbytes;       /* read and written in one run, 1e6 bytes, each tensor once */
    double needed_gflop; /* what this kernel cannot do without, in float operations, the peak's
                            unit: Winograd needs fewer than `gflop`, and of bytes one instruction
                            does four times as many */
};

/* One run of one step, for the time line. */
struct vg_step_span {
    uint32_t step, run;
    uint32_t queue;  /* of the device, from 0 */
    double start_us; /* from the start of the first span */
    double us;
};

struct vg_profile {
    uint32_t step_count, span_count, runs;
    uint32_t batch;                    /* pictures of one run */
    struct vg_step_time *step;         /* owned; in the plan's order */
    struct vg_step_span *span;         /* owned; run after run, in each by start */
    double whole_us;                   /* host's time of one run from enqueue to finish, median */
    double peak_gflop_s, peak_gbyte_s; /* 0: not measured */
};

/* Makes room for steps and spans, all zero. VG_E_MEMORY; nothing is held then. */
enum vg_status vg_profile_init(struct vg_profile *profile, uint32_t steps, uint32_t spans,
                               struct vg_fault *fault) VG_MUST_USE;
void vg_profile_release(struct vg_profile *profile);

/* Fills every step's `us` (median) and the spans of queue 0 from the device's clock, in nanoseconds,
 * laid out [run][step]; spans may have been given less room, then the first runs have them. An end
 * before its start counts as none. VG_E_MEMORY. */
enum vg_status vg_profile_fill(struct vg_profile *profile, uint32_t runs, const uint64_t *start_ns,
                               const uint64_t *end_ns, struct vg_fault *fault) VG_MUST_USE;

/* The value in the middle, or the mean of the two there; 0 of none. Sorts `values`. */
double vg_profile_median(double *values, uint32_t count);

/* Sum of the steps' times, microseconds. */
double vg_profile_steps_us(const struct vg_profile *profile);

/* Least time that the peaks allow for the step, microseconds; 0 without peaks. */
double vg_step_bound_us(const struct vg_profile *profile, const struct vg_step_time *step);

/* Share of the peak, 0 (not known) to 1; more where a step's data stay in a cache that is faster
 * than the memory which was measured, or where the peak was measured beside other work. */
double vg_step_share_frac(const struct vg_profile *profile, const struct vg_step_time *step);

struct vg_engine;

/* Runs the net `runs` times over a full batch (settings' batch_max) on the input that the last run
 * left on the device, after some runs that do not count, and fills `profile`, which the caller
 * releases; peaks stay 0. VG_E_CALL (no run; an engine whose plan is one launch,
 * VG_LAUNCHES_FEW), VG_E_MEMORY, VG_E_DEVICE. */
enum vg_status vg_engine_profile(struct vg_engine *engine, uint32_t runs,
                                 struct vg_profile *profile, struct vg_fault *fault) VG_MUST_USE;

#endif
