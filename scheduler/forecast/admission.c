#include "scheduler/forecast/admission.h"

#include <string.h>

#include "scheduler/forecast/admission_cores.h"
#include "src/base/alloc.h"
#include "src/base/text.h"

enum {
    SETTLE_S = 5,
    RUN_S_MIN = 5,
    RUN_S_MAX = 30
};

/* A rate that fell by less is the same: a hundredth. */
#define SAME 0.99

/* A flux gets what is wanted: the contract's share. */
#define HELD_SHARE 0.95

struct outcome {
    struct vg_sim_report all;
    uint32_t *rate_milli; /* of each flux */
    bool shed;
    struct vg_admission_need need;
};

static int64_t run_us(const struct vg_sim_settings *site)
{
    double rate = 1;
    for (uint32_t i = 0; i < site->flux_count; i++)
        rate += (site->flux[i].decode_us > 0 && site->flux[i].source_milli > 0
                     ? site->flux[i].source_milli /* each is decoded */
                     : site->flux[i].wanted_milli) /
                1000.0;
    const double s = VG_ADMISSION_PICTURES / rate - SETTLE_S;
    return (int64_t)(s < RUN_S_MIN ? RUN_S_MIN : s > RUN_S_MAX ? RUN_S_MAX : s) * VG_US_PER_S;
}

static enum vg_status try(const struct vg_sim_settings *site, struct outcome *outcome,
                          struct vg_fault *fault)
{
    struct vg_sim *sim;
    const enum vg_status status = vg_sim_open(&sim, site, fault);
    if (status)
        return status;
    outcome->need = vg_admission_need(site);
    vg_sim_run(sim, SETTLE_S * VG_US_PER_S);
    vg_sim_mark(sim);
    vg_sim_run(sim, SETTLE_S * VG_US_PER_S + run_us(site));
    vg_sim_read(sim, &outcome->all);
    for (uint32_t i = 0; i < site->flux_count; i++) {
        struct vg_sim_flux_report flux;
        vg_sim_read_flux(sim, i, &flux);
        outcome->rate_milli[i] = flux.rate_milli;
        outcome->shed = outcome->shed || flux.rate_milli == 0;
    }
    vg_sim_close(&sim);
    return VG_OK;
}

static double lost(const struct vg_admission_fallen *fallen)
{
    return fallen->before_milli ? 1 - (double)fallen->after_milli / fallen->before_milli : 0;
}

/* Those that lose most, first. */
static void enter(struct vg_admission *answer, const struct vg_admission_fallen *one)
{
    const uint32_t most = VG_ADMISSION_FALLEN_MAX;
    uint32_t at = answer->fallen_count < most ? answer->fallen_count : most;
    const uint32_t held = at;
    answer->fallen_count++;
    while (at > 0 && lost(&answer->fallen[at - 1]) < lost(one))
        at--;
    if (at == most)
        return;
    for (uint32_t k = held < most ? held : most - 1; k > at; k--)
        answer->fallen[k] = answer->fallen[k - 1];
    answer->fallen[at] = *one;
}

static void find_fallen(const struct vg_admission_ask *ask, const uint32_t *before,
                        const uint32_t *after, uint32_t count, struct vg_admission *answer)
{
    for (uint32_t i = 0; i < count; i++) {
        const bool asked = i == ask->site.flux_count || i == ask->replaces;
        const struct vg_admission_fallen one = {i, asked ? ask->flux.wanted_milli : before[i],
                                                after[i]};
        if (after[i] < one.before_milli * SAME)
            enter(answer, &one);
    }
}

static double share_of(double part, double all)
{
    return all > 0 ? part / all : 0;
}

static void judge(struct vg_admission *answer, const struct outcome *before,
                  const struct outcome *after)
{
    const bool late = after->all.p95_us > VG_ADMISSION_LATENCY_US;
    const bool full = answer->worst_after >= HELD_SHARE;
    /* what is as bad already is not the new one's doing */
    const bool falls = answer->fallen_count > 0;
    answer->verdict = VG_ADMISSION_HELD;
    answer->reason = VG_ADMISSION_FITS;
    if (late || (after->shed && falls)) {
        answer->verdict = VG_ADMISSION_REFUSED;
        answer->reason = late ? VG_ADMISSION_LATENCY : VG_ADMISSION_FLOORS;
    } else if (falls || (!full && answer->worst_after < before->all.worst * SAME)) {
        answer->verdict = VG_ADMISSION_DEGRADED;
        answer->reason = VG_ADMISSION_RATES;
    }
}

static double load_of(const struct vg_sim_report *report, const struct vg_admission_need *need)
{
    const double device = share_of(report->wanted_us, report->capacity_us),
                 cores = share_of(need->cores, need->cores_most);
    return device > cores ? device : cores;
}

/* A device that is the processor is slower for what else runs: alone it would have to be full. */
static enum vg_admission_limit limit_of(const struct vg_admission_need *need)
{
    return share_of(need->cores, need->cores_most) > share_of(need->jobs, need->jobs_most)
               ? VG_ADMISSION_BY_CORES
               : VG_ADMISSION_BY_DEVICE;
}

/* As many times as `each` goes into what is left. */
static double times(double most, double taken, double each)
{
    return each > 0 && most > taken ? (most - taken) / each : 0;
}

static uint32_t more_of(const struct vg_sim_report *before, const struct vg_sim_report *after,
                        const struct vg_admission_need *had, const struct vg_admission_need *need)
{
    const double device =
        times(after->capacity_us, after->wanted_us, after->wanted_us - before->wanted_us);
    if (need->cores_most <= 0)
        return (uint32_t)device;
    const double cores = times(need->cores_most, need->cores, need->cores - had->cores);
    return (uint32_t)(device < cores ? device : cores);
}

static void fill_in(const struct vg_admission_ask *ask, const struct outcome *before,
                    const struct outcome *after, struct vg_admission *answer)
{
    const struct vg_sim_report *a = &after->all;
    const bool is_new = ask->replaces == VG_ADMISSION_NEW;
    *answer = (struct vg_admission){.limited_by = limit_of(&after->need),
                                    .load_before = load_of(&before->all, &before->need),
                                    .load_after = load_of(a, &after->need),
                                    .p50_us = a->p50_us,
                                    .p95_us = a->p95_us,
                                    .p99_us = a->p99_us,
                                    .worst_before = ask->site.flux_count ? before->all.worst : 1,
                                    .worst_after = a->worst};
    answer->headroom = 1 - answer->load_after;
    if (is_new)
        answer->more = more_of(&before->all, a, &before->need, &after->need);
    find_fallen(ask, before->rate_milli, after->rate_milli, ask->site.flux_count + is_new, answer);
    judge(answer, before, after);
}

static enum vg_status try_both(const struct vg_admission_ask *ask, struct vg_sim_flux *flux,
                               uint32_t *rates, struct vg_admission *answer, struct vg_fault *fault)
{
    struct vg_sim_settings site = ask->site;
    const bool is_new = ask->replaces == VG_ADMISSION_NEW;
    struct outcome before = {.rate_milli = rates};
    struct outcome after = {.rate_milli = rates + site.flux_count + 1};
    site.change_count = 0;
    enum vg_status status = try(&site, &before, fault);
    if (status)
        return status;
    if (site.flux_count)
        memcpy(flux, site.flux, site.flux_count * sizeof *flux);
    flux[is_new ? site.flux_count : ask->replaces] = ask->flux;
    site.flux = flux;
    site.flux_count += is_new;
    status = try(&site, &after, fault);
    if (!status)
        fill_in(ask, &before, &after, answer);
    return status;
}

enum vg_status vg_admission_ask(const struct vg_admission_ask *ask, struct vg_admission *answer,
                                struct vg_fault *fault)
{
    const uint32_t count = ask->site.flux_count;
    if (ask->replaces == VG_ADMISSION_NEW && count >= VG_SIM_FLUX_MAX)
        return vg_fault_set(fault, VG_E_FULL, N_("no more flux can be watched here"), NULL, "%u",
                            count);
    if (ask->replaces != VG_ADMISSION_NEW && ask->replaces >= count)
        return vg_fault_set(fault, VG_E_CALL, N_("no such flux"), NULL, "%u", ask->replaces);
    struct vg_sim_flux *flux = vg_alloc_array(count + 1, sizeof *flux);
    uint32_t *rates = vg_alloc_array(2 * ((size_t)count + 1), sizeof *rates);
    enum vg_status status = VG_E_MEMORY;
    if (flux && rates)
        status = try_both(ask, flux, rates, answer, fault);
    else
        (void)vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "admission");
    vg_free(flux);
    vg_free(rates);
    return status;
}

const char *vg_admission_reason_text(enum vg_admission_reason reason,
                                     enum vg_admission_limit limited_by)
{
    static const char fits[] = N_("every flux keeps the rate it wants");
    static const char less[] = N_("it takes no more than before");
    static const char *const text[VG_ADMISSION_REASON_COUNT][VG_ADMISSION_LIMIT_COUNT] = {
        [VG_ADMISSION_FITS] = {fits, fits},
        [VG_ADMISSION_RATES] =
            {N_("some flux would get less than the rate they want: the device has no more time"),
             N_("some flux would get less than the rate they want: the machine's cores are "
                "taken")},
        [VG_ADMISSION_FLOORS] =
            {N_("a flux would fall under the rate that its rules need: the device has no more "
                "time"),
             N_("a flux would fall under the rate that its rules need: the machine's cores are "
                "taken")},
        [VG_ADMISSION_LATENCY] = {N_("alerts would come too late: the device takes too long"),
                                  N_("alerts would come too late: the machine's cores are taken")},
        [VG_ADMISSION_LESS] = {less, less},
    };
    return text[reason][limited_by];
}
