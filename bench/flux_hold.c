#include "bench/flux_hold.h"

#include <math.h>
#include <stdio.h>

static const char *const lack_name[VG_HOLD_LACKS] = {"rate", "latency", "unanalysed"};

const char *vg_hold_lack_name(int i)
{
    return lack_name[i];
}

void vg_hold_flux_name(uint32_t number, char name[VG_SERVER_ID_SIZE])
{
    (void)snprintf(name, VG_SERVER_ID_SIZE, "f%u", number);
}

uint32_t vg_hold_minutes(double seconds)
{
    const double minutes = seconds / 60;
    if (minutes < 2)
        return 1;
    return minutes < VG_HOLD_MINUTES_MAX ? (uint32_t)minutes : VG_HOLD_MINUTES_MAX;
}

/* Who is not told of has nothing. */
static uint64_t fate_between(const struct vg_server_counts *before,
                             const struct vg_server_counts *after, const char *id, int fate)
{
    const struct vg_flux_counts *a = vg_server_counts_flux(before, id),
                                *b = vg_server_counts_flux(after, id);
    const uint64_t first = a ? a->fate[fate] : 0, last = b ? b->fate[fate] : 0;
    return last > first ? last - first : 0;
}

/* Pictures that were judged: by the net, or, where nothing moved, with its answer of before. */
static double served_between(const struct vg_server_counts *before,
                             const struct vg_server_counts *after, const char *id)
{
    return (double)(fate_between(before, after, id, VG_FATE_ANALYSED) +
                    fate_between(before, after, id, VG_FATE_STILL));
}

/* The share of what is wanted of the flux that got the least; *worst its number. */
static double least_between(const struct vg_hold *hold, const struct vg_server_counts *before,
                            const struct vg_server_counts *after, uint32_t *worst)
{
    const double seconds = after->up_s - before->up_s;
    double least = hold->flux ? HUGE_VAL : 0;
    *worst = 0;
    for (uint32_t i = 0; i < hold->flux; i++) {
        char id[VG_SERVER_ID_SIZE];
        vg_hold_flux_name(i, id);
        const double wanted = seconds * hold->wanted_fps[i];
        const double share = wanted > 0 ? served_between(before, after, id) / wanted : 0;
        *worst = share < least ? i : *worst;
        least = share < least ? share : least;
    }
    return least;
}

void vg_hold_add_minute(struct vg_hold *hold, const struct vg_server_counts *before,
                        const struct vg_server_counts *after)
{
    uint32_t worst;
    if (hold->minute_count == VG_HOLD_MINUTES_MAX)
        return;
    hold->minute[hold->minute_count++] =
        (struct vg_hold_minute){.seconds = after->up_s - before->up_s,
                                .worst_share = least_between(hold, before, after, &worst)};
}

static struct vg_hold_latency latency_between(const struct vg_time_histogram_view *before,
                                              const struct vg_time_histogram_view *after)
{
    struct vg_time_histogram_view view = *after;
    vg_time_histogram_subtract(&view, before);
    return (struct vg_hold_latency){
        .count = vg_time_histogram_count(&view),
        .mean_ms = vg_time_histogram_mean_us(&view) / 1000,
        .p50_ms = (double)vg_time_histogram_quantile_us(&view, 0.5) / 1000,
        .p95_ms = (double)vg_time_histogram_quantile_us(&view, 0.95) / 1000,
        .p99_ms = (double)vg_time_histogram_quantile_us(&view, 0.99) / 1000};
}

static void add_fates(struct vg_hold *hold, const struct vg_server_counts *first,
                      const struct vg_server_counts *last)
{
    for (uint32_t i = 0; i < hold->flux; i++) {
        char id[VG_SERVER_ID_SIZE];
        vg_hold_flux_name(i, id);
        for (int f = 0; f < VG_FATE_COUNT; f++)
            *(f == VG_FATE_ANALYSED ? &hold->analysed : &hold->drops[f]) +=
                fate_between(first, last, id, f);
    }
}

/* Each flux by itself: what one got beyond its rate, which an alert may raise, is no other's. One
 * picture of each may be under way at either end. */
static double unanalysed_share(struct vg_hold *hold, const struct vg_server_counts *first,
                               const struct vg_server_counts *last)
{
    double missing = 0;
    for (uint32_t i = 0; i < hold->flux; i++) {
        char id[VG_SERVER_ID_SIZE];
        vg_hold_flux_name(i, id);
        const double wanted = hold->seconds * hold->wanted_fps[i];
        const double missed = wanted - served_between(first, last, id);
        missing += missed > 1 ? missed - 1 : 0;
        hold->wanted += wanted;
    }
    return hold->wanted > 0 ? missing / hold->wanted : 0;
}

static uint32_t lacks_of(const struct vg_hold *hold)
{
    uint32_t lacks = 0;
    for (uint32_t i = 0; i < hold->minute_count; i++)
        if (hold->minute[i].worst_share < VG_HOLD_SHARE)
            lacks |= VG_HOLD_LACKS_RATE;
    if (hold->minute_count == 0)
        lacks |= VG_HOLD_LACKS_RATE;
    if (hold->rules.p95_ms > VG_HOLD_P95_MS || vg_hold_latency(hold)->p95_ms > VG_HOLD_P95_MS ||
        hold->rules.count == 0)
        lacks |= VG_HOLD_LACKS_LATENCY;
    if (hold->unanalysed_share > VG_HOLD_UNANALYSED)
        lacks |= VG_HOLD_LACKS_PICTURES;
    return lacks;
}

uint64_t vg_hold_judged(const struct vg_hold *hold)
{
    return hold->analysed + hold->drops[VG_FATE_STILL];
}

enum vg_status vg_hold_end(struct vg_hold *hold, const struct vg_server_counts *first,
                           const struct vg_server_counts *last)
{
    hold->seconds = last->up_s - first->up_s;
    if (hold->seconds <= 0 || last->alerts_promised < first->alerts_promised)
        return VG_E_STATE;
    const double share = least_between(hold, first, last, &hold->worst_flux);
    hold->worst_flux_fps = share * hold->wanted_fps[hold->worst_flux];
    add_fates(hold, first, last);
    hold->mean_flux_fps =
        hold->flux ? (double)vg_hold_judged(hold) / hold->seconds / (double)hold->flux : 0;
    hold->rules = latency_between(&first->rules, &last->rules);
    hold->due = latency_between(&first->due, &last->due);
    hold->redis = latency_between(&first->redis, &last->redis);
    hold->alerts = last->alerts_promised - first->alerts_promised;
    hold->alerts_refused = last->alerts_refused - first->alerts_refused;
    hold->unanalysed_share = unanalysed_share(hold, first, last);
    hold->lacks = lacks_of(hold);
    return VG_OK;
}

bool vg_hold_of_alerts(const struct vg_hold *hold)
{
    return hold->redis.count >= VG_HOLD_ALERTS_ENOUGH;
}

const struct vg_hold_latency *vg_hold_latency(const struct vg_hold *hold)
{
    return vg_hold_of_alerts(hold) ? &hold->redis : &hold->rules;
}
