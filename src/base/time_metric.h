/* A time that /metrics tells: a Prometheus histogram, exact at its bounds, and beside it a fine
 * histogram for quantiles, of late and for who measures intervals.
 *
 * Any thread adds; one thread prints. */
#ifndef VG_BASE_TIME_METRIC_H
#define VG_BASE_TIME_METRIC_H

#include "src/base/clock.h"
#include "src/base/time_histogram.h"

#define VG_TIME_METRIC_BUCKETS 16 /* the last one has no upper bound */

/* Zeroed: empty. Large (some 40 KB): on the heap or in what is. */
struct vg_time_metric {
    /* any thread, relaxed */
    atomic_uint_fast64_t bucket[VG_TIME_METRIC_BUCKETS];
    atomic_uint_fast64_t sum_us;
    struct vg_time_histogram fine;
    /* who prints: views taken one and up to two minutes ago, and when the newer one was */
    struct vg_time_histogram_view older, newer;
    struct vg_mono_time newer_at;
};

void vg_time_metric_add(struct vg_time_metric *metric, int64_t us);
/* What fell due while one waited: vg_time_histogram_add_due. */
void vg_time_metric_add_due(struct vg_time_metric *metric, int64_t us, int64_t interval_us,
                            uint32_t count);

/* Since the start, to one part in 64; 0 when there is none. */
int64_t vg_time_metric_quantile_us(const struct vg_time_metric *metric, double q);

/* The lines NAME_bucket, NAME_sum and NAME_count; label: "" or `stage="wait"`. The TYPE line
 * (histogram) is the caller's, since several labels share it. */
void vg_time_metric_print(const struct vg_time_metric *metric, const char *name, const char *label,
                          struct vg_text_buffer *out);

/* NAME{LABEL,quantile="..."} for 0.5, 0.95 and 0.99 of the last minute or two: no line while
 * nothing came. TYPE: gauge. */
void vg_time_metric_print_recent(struct vg_time_metric *metric, const char *name, const char *label,
                                 struct vg_mono_time now, struct vg_text_buffer *out);

/* The fine histogram since the start, as a comment that Prometheus passes over:
 * "# fine NAME ..." (vg_time_histogram_write). */
void vg_time_metric_print_fine(const struct vg_time_metric *metric, const char *name,
                               struct vg_text_buffer *out);

#endif
