#include "scheduler/stage_times.h"

#include <stdio.h>

static const char *const stage_name[VG_STAGE_COUNT] = {"wait",  "prepare", "infer", "track",
                                                       "rules", "publish", "alert", "total"};

/* Upper bounds in microseconds; 250 ms and 1 s are there because they are promised. */
static const int64_t bound_us[VG_STAGE_BUCKETS - 1] = {
    100, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 5000000};

void vg_stage_times_add(struct vg_stage_times *times, enum vg_stage stage, int64_t us)
{
    struct vg_stage_histogram *h = &times->stage[stage];
    size_t i = 0;
    while (i < VG_STAGE_BUCKETS - 1 && us > bound_us[i])
        i++;
    atomic_fetch_add_explicit(&h->bucket[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->sum_us, us > 0 ? (uint64_t)us : 0, memory_order_relaxed);
}

static uint64_t count_of(const struct vg_stage_histogram *h)
{
    uint64_t count = 0;
    for (size_t i = 0; i < VG_STAGE_BUCKETS; i++)
        count += atomic_load_explicit(&h->bucket[i], memory_order_relaxed);
    return count;
}

double vg_stage_times_quantile_s(const struct vg_stage_times *times, enum vg_stage stage, double q)
{
    const struct vg_stage_histogram *h = &times->stage[stage];
    const double wanted = q * (double)count_of(h);
    double sum = 0;
    for (size_t i = 0; i < VG_STAGE_BUCKETS - 1; i++) {
        sum += (double)atomic_load_explicit(&h->bucket[i], memory_order_relaxed);
        if (sum >= wanted)
            return wanted > 0 ? (double)bound_us[i] / 1e6 : 0;
    }
    return 3600; /* above every bound */
}

static void print_one(const struct vg_stage_histogram *h, const char *metric, const char *label,
                      struct vg_text_buffer *out)
{
    uint64_t sum = 0;
    const char *comma = *label ? "," : "";
    for (size_t i = 0; i < VG_STAGE_BUCKETS - 1; i++) {
        sum += atomic_load_explicit(&h->bucket[i], memory_order_relaxed);
        vg_text_add(out, "%s_bucket{%s%sle=\"%g\"} %llu\n", metric, label, comma,
                    (double)bound_us[i] / 1e6, (unsigned long long)sum);
    }
    sum += atomic_load_explicit(&h->bucket[VG_STAGE_BUCKETS - 1], memory_order_relaxed);
    vg_text_add(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", metric, label, comma,
                (unsigned long long)sum);
    const double seconds = (double)atomic_load_explicit(&h->sum_us, memory_order_relaxed) / 1e6;
    const char *open = *label ? "{" : "", *close = *label ? "}" : "";
    vg_text_add(out, "%s_sum%s%s%s %.6f\n", metric, open, label, close, seconds);
    vg_text_add(out, "%s_count%s%s%s %llu\n", metric, open, label, close, (unsigned long long)sum);
}

void vg_stage_times_print(const struct vg_stage_times *times, struct vg_text_buffer *out)
{
    vg_text_add(out, "# TYPE vigie_stage_seconds histogram\n");
    for (int s = 0; s < VG_STAGE_TOTAL; s++) {
        char label[32];
        (void)snprintf(label, sizeof label, "stage=\"%s\"", stage_name[s]);
        print_one(&times->stage[s], "vigie_stage_seconds", label, out);
    }
    vg_text_add(out, "# TYPE vigie_latency_seconds histogram\n");
    print_one(&times->stage[VG_STAGE_TOTAL], "vigie_latency_seconds", "", out);
}
