/* From counts to the figures that are read: precision, recall, rates, delays, each with its
 * interval. Definitions: docs/scoring.md. A figure that can not be said is VG_UNKNOWN. Pure. */
#ifndef VG_SCORE_EVENT_FIGURES_H
#define VG_SCORE_EVENT_FIGURES_H

#include <stddef.h>

#include "src/score/interval.h"

struct vg_event_counts {
    size_t hits;         /* events found in time */
    size_t false_alerts; /* late ones among them */
    size_t late;
    size_t missed;     /* events not found in time */
    size_t duplicates; /* further alerts of a found event: neither true nor false */
    size_t ignored;    /* alerts of events that do not count */
};

void vg_event_counts_add(struct vg_event_counts *sum, const struct vg_event_counts *more);

#define VG_F_WEIGHTS 3
extern const double vg_f_weights[VG_F_WEIGHTS]; /* 0.35, 1, 10 */

/* Seconds from an event's start to its alert; may be negative. */
struct vg_delay_figures {
    double median, p90, most, mean;
    double censored_mean; /* a missed event enters with the end of its window */
    double excess_median; /* beyond what the rule itself waits */
};

struct vg_event_figures {
    struct vg_event_counts counts;
    double seconds; /* watched, 0: not known */
    double precision, recall;
    struct vg_interval precision_interval, recall_interval;
    double f[VG_F_WEIGHTS]; /* (1 + w) P R / (R + w P) */
    double false_per_hour, false_per_day;
    struct vg_interval false_per_day_interval;
    double alerts_per_day; /* what an operator sees: duplicates too */
    double duplicates_per_event;
    struct vg_delay_figures delay;
};

/* What the delays are computed from. seconds: sorted, one per hit. */
struct vg_delays {
    const double *seconds;
    size_t count;
    double missed_sum; /* of the missed events' window ends, seconds after their starts */
    double rule_s;     /* how long the rule itself waits */
};

void vg_event_figures_of(const struct vg_event_counts *counts, double seconds,
                         const struct vg_delays *delays, struct vg_event_figures *figures);

/* Value at the share q (0 to 1) of sorted values, between two on a straight line; VG_UNKNOWN of none. */
double vg_quantile(const double *sorted, size_t count, double q);

#endif
