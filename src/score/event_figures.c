#include "src/score/event_figures.h"

#include <math.h>

#define DAY_S  86400.0
#define HOUR_S 3600.0

const double vg_f_weights[VG_F_WEIGHTS] = {0.35, 1, 10};

void vg_event_counts_add(struct vg_event_counts *sum, const struct vg_event_counts *more)
{
    sum->hits += more->hits;
    sum->false_alerts += more->false_alerts;
    sum->late += more->late;
    sum->missed += more->missed;
    sum->duplicates += more->duplicates;
    sum->ignored += more->ignored;
}

double vg_quantile(const double *sorted, size_t count, double q)
{
    if (count == 0)
        return VG_UNKNOWN;
    const double at = q * (double)(count - 1);
    const size_t low = (size_t)at;
    if (low + 1 >= count)
        return sorted[count - 1];
    return sorted[low] + (at - (double)low) * (sorted[low + 1] - sorted[low]);
}

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : VG_UNKNOWN;
}

static double f_of(double p, double r, double weight)
{
    if (isnan(p) || isnan(r))
        return VG_UNKNOWN;
    return p + r > 0 ? (1 + weight) * p * r / (r + weight * p) : 0;
}

static struct vg_delay_figures delays_of(const struct vg_delays *d, size_t missed)
{
    double sum = 0;
    for (size_t i = 0; i < d->count; i++)
        sum += d->seconds[i];
    const double median = vg_quantile(d->seconds, d->count, 0.5);
    return (struct vg_delay_figures){
        .median = median,
        .p90 = vg_quantile(d->seconds, d->count, 0.9),
        .most = d->count ? d->seconds[d->count - 1] : VG_UNKNOWN,
        .mean = ratio(sum, (double)d->count),
        .censored_mean = ratio(sum + d->missed_sum, (double)(d->count + missed)),
        .excess_median = median - d->rule_s,
    };
}

void vg_event_figures_of(const struct vg_event_counts *counts, double seconds,
                         const struct vg_delays *delays, struct vg_event_figures *figures)
{
    const size_t raised = counts->hits + counts->false_alerts;
    const size_t events = counts->hits + counts->missed;
    const double per_day = seconds > 0 ? DAY_S / seconds : VG_UNKNOWN;
    const struct vg_interval count = vg_interval_count(counts->false_alerts);
    *figures = (struct vg_event_figures){
        .counts = *counts,
        .seconds = seconds,
        .precision = ratio((double)counts->hits, (double)raised),
        .recall = ratio((double)counts->hits, (double)events),
        .precision_interval = vg_interval_share(counts->hits, raised),
        .recall_interval = vg_interval_share(counts->hits, events),
        .false_per_hour =
            seconds > 0 ? (double)counts->false_alerts * HOUR_S / seconds : VG_UNKNOWN,
        .false_per_day = (double)counts->false_alerts * per_day,
        .false_per_day_interval = {count.low * per_day, count.high * per_day},
        .alerts_per_day = (double)(raised + counts->duplicates) * per_day,
        .duplicates_per_event = ratio((double)counts->duplicates, (double)counts->hits),
        .delay = delays_of(delays, counts->missed),
    };
    for (int i = 0; i < VG_F_WEIGHTS; i++)
        figures->f[i] = f_of(figures->precision, figures->recall, vg_f_weights[i]);
}
