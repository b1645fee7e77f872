#include "src/engine/profile.h"

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
        profile->peak_gflop_s > 0 ? 1e6 * step->gflop / profile->peak_gflop_s : 0;
    const double memory =
        profile->peak_gbyte_s > 0 ? 1e3 * step->mbytes / profile->peak_gbyte_s : 0;
    return compute > memory ? compute : memory;
}

double vg_step_share_frac(const struct vg_profile *profile, const struct vg_step_time *step)
{
    return step->us > 0 ? vg_step_bound_us(profile, step) / step->us : 0;
}
