#include "src/engine/profile.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"

enum vg_status vg_profile_init(struct vg_profile *profile, uint32_t steps, uint32_t spans,
                               struct vg_fault *fault)
{
    memset(profile, 0, sizeof *profile);
    profile->step = vg_alloc_array(steps, sizeof *profile->step);
    profile->span = vg_alloc_array(spans, sizeof *profile->span);
    if (!profile->step || !profile->span) {
        vg_profile_release(profile);
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%u, %u", steps, spans);
    }
    profile->step_count = steps;
    profile->span_count = spans;
    return VG_OK;
}

void vg_profile_release(struct vg_profile *profile)
{
    vg_free(profile->step);
    vg_free(profile->span);
    memset(profile, 0, sizeof *profile);
}

static double us_of(const uint64_t *start_ns, const uint64_t *end_ns, size_t at)
{
    return end_ns[at] > start_ns[at] ? 1e-3 * (double)(end_ns[at] - start_ns[at]) : 0;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

double vg_profile_median(double *values, uint32_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return count ? (values[(count - 1) / 2] + values[count / 2]) / 2 : 0;
}

static void spans_fill(struct vg_profile *profile, const uint64_t *start_ns, const uint64_t *end_ns)
{
    for (uint32_t i = 0; i < profile->span_count; i++) {
        const double since_ns =
            start_ns[i] >= start_ns[0] ? (double)(start_ns[i] - start_ns[0]) : 0;
        profile->span[i] = (struct vg_step_span){.step = i % profile->step_count,
                                                 .run = i / profile->step_count,
                                                 .start_us = 1e-3 * since_ns,
                                                 .us = us_of(start_ns, end_ns, i)};
    }
}

enum vg_status vg_profile_fill(struct vg_profile *profile, uint32_t runs, const uint64_t *start_ns,
                               const uint64_t *end_ns, struct vg_fault *fault)
{
    double *us = vg_alloc_array(runs, sizeof *us);
    if (!us)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%u", runs);
    for (uint32_t step = 0; step < profile->step_count; step++) {
        for (uint32_t run = 0; run < runs; run++)
            us[run] = us_of(start_ns, end_ns, (size_t)run * profile->step_count + step);
        profile->step[step].us = vg_profile_median(us, runs);
    }
    vg_free(us);
    profile->runs = runs;
    if ((uint64_t)runs * profile->step_count < profile->span_count)
        profile->span_count = runs * profile->step_count;
    spans_fill(profile, start_ns, end_ns);
    return VG_OK;
}

double vg_profile_steps_us(const struct vg_profile *profile)
{
    double sum = 0;
    for (uint32_t i = 0; i < profile->step_count; i++)
        sum += profile->step[i].us;
    return sum;
}

double vg_step_bound_us(const struct vg_profile *profile, const struct vg_step_time *step)
{
    /* 1e9 operations over 1e9 operations a second are 1e6 us; 1e6 bytes over 1e9 a second 1e3 */
    const double compute =
        profile->peak_gflop_s > 0 ? 1e6 * step->needed_gflop / profile->peak_gflop_s : 0;
    const double memory =
        profile->peak_gbyte_s > 0 ? 1e3 * step->mbytes / profile->peak_gbyte_s : 0;
    return compute > memory ? compute : memory;
}

double vg_step_share_frac(const struct vg_profile *profile, const struct vg_step_time *step)
{
    return step->us > 0 ? vg_step_bound_us(profile, step) / step->us : 0;
}
