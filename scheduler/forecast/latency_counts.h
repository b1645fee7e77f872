/* How long things took, counted in buckets of a sixteenth of an octave: any quantile is known to
 * 6 %, from a microsecond to half an hour, in a fixed size (HdrHistogram's layout, G. Tene).
 * Plain data, zeroed: nothing counted. */
#ifndef VG_FORECAST_LATENCY_COUNTS_H
#define VG_FORECAST_LATENCY_COUNTS_H

#include <stdint.h>

#define VG_LATENCY_BUCKETS 448

struct vg_latency_counts {
    uint64_t total;
    int64_t us_max;
    double us_sum;
    uint32_t bucket[VG_LATENCY_BUCKETS]; /* the last one holds all that is longer, too */
};

/* Below 0 counts as 0. */
void vg_latency_add(struct vg_latency_counts *counts, int64_t us);
void vg_latency_join(struct vg_latency_counts *counts, const struct vg_latency_counts *more);

/* The share q (0 to 1) of all took no longer than this, rounded up to the bucket's end, but never
 * more than the longest one; 0 when there is none. */
int64_t vg_latency_quantile_us(const struct vg_latency_counts *counts, double q);
/* 0 when there is none. */
double vg_latency_mean_us(const struct vg_latency_counts *counts);

#endif
