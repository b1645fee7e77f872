#include "scheduler/forecast/latency_counts.h"

/* Values below 16 have a bucket each; from there 16 in each octave. */
enum {
    PARTS = 16,
    PARTS_LOG2 = 4
};

static uint32_t bucket_of(int64_t us)
{
    uint64_t part = us > 0 ? (uint64_t)us : 0;
    uint32_t shift = 0;
    for (; part >= 2 * PARTS; shift++)
        part >>= 1;
    const uint64_t bucket = (uint64_t)shift * PARTS + part;
    return bucket < VG_LATENCY_BUCKETS ? (uint32_t)bucket : VG_LATENCY_BUCKETS - 1;
}

/* The greatest value that belongs to it. */
static int64_t end_of(uint32_t bucket)
{
    if (bucket < PARTS)
        return bucket;
    const uint32_t shift = (bucket >> PARTS_LOG2) - 1;
    return (((int64_t)(bucket & (PARTS - 1)) + PARTS + 1) << shift) - 1;
}

void vg_latency_add(struct vg_latency_counts *counts, int64_t us)
{
    counts->bucket[bucket_of(us)]++;
    counts->total++;
    counts->us_sum += us > 0 ? (double)us : 0;
    if (us > counts->us_max)
        counts->us_max = us;
}

void vg_latency_join(struct vg_latency_counts *counts, const struct vg_latency_counts *more)
{
    for (uint32_t i = 0; i < VG_LATENCY_BUCKETS; i++)
        counts->bucket[i] += more->bucket[i];
    counts->total += more->total;
    counts->us_sum += more->us_sum;
    if (more->us_max > counts->us_max)
        counts->us_max = more->us_max;
}

int64_t vg_latency_quantile_us(const struct vg_latency_counts *counts, double q)
{
    const double wanted = q * (double)counts->total;
    uint64_t sum = 0;
    for (uint32_t i = 0; counts->total > 0 && i < VG_LATENCY_BUCKETS - 1; i++) {
        sum += counts->bucket[i];
        if (sum > 0 && (double)sum + 1e-6 >= wanted) /* 0.035 x 5000 is a little more than 175 */
            return end_of(i) < counts->us_max ? end_of(i) : counts->us_max;
    }
    return counts->us_max;
}

double vg_latency_mean_us(const struct vg_latency_counts *counts)
{
    return counts->total > 0 ? counts->us_sum / (double)counts->total : 0;
}
