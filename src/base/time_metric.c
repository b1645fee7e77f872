#include "src/base/time_metric.h"

#define RECENT_US (60 * VG_US_PER_S)

/* Upper bounds in microseconds; 250 ms and 1 s are there because they are promised. */
static const int64_t bound_us[VG_TIME_METRIC_BUCKETS - 1] = {
    100,    500,    1000,   2500,    5000,    10000,   25000,   50000,
    100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};

static void count_one(struct vg_time_metric *metric, int64_t us)
{
    size_t i = 0;
    while (i < VG_TIME_METRIC_BUCKETS - 1 && us > bound_us[i])
        i++;
    atomic_fetch_add_explicit(&metric->bucket[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&metric->sum_us, us > 0 ? (uint64_t)us : 0, memory_order_relaxed);
}

void vg_time_metric_add(struct vg_time_metric *metric, int64_t us)
{
    count_one(metric, us);
    vg_time_histogram_add(&metric->fine, us);
}

void vg_time_metric_add_due(struct vg_time_metric *metric, int64_t us, int64_t interval_us,
                            uint32_t count)
{
    int64_t left = us < VG_TIME_HISTOGRAM_MOST_US ? us : VG_TIME_HISTOGRAM_MOST_US;
    for (uint32_t i = 0; i < count && i < VG_TIME_HISTOGRAM_DUES_MAX && left > 0; i++) {
        vg_time_metric_add(metric, left);
        left -= interval_us > 0 ? interval_us : 0;
    }
}

int64_t vg_time_metric_quantile_us(const struct vg_time_metric *metric, double q)
{
    struct vg_time_histogram_view view;
    vg_time_histogram_read(&metric->fine, &view);
    return vg_time_histogram_quantile_us(&view, q);
}

void vg_time_metric_print(const struct vg_time_metric *metric, const char *name, const char *label,
                          struct vg_text_buffer *out)
{
    uint64_t sum = 0;
    const char *comma = *label ? "," : "";
    for (size_t i = 0; i < VG_TIME_METRIC_BUCKETS - 1; i++) {
        sum += atomic_load_explicit(&metric->bucket[i], memory_order_relaxed);
        vg_text_add(out, "%s_bucket{%s%sle=\"%g\"} %llu\n", name, label, comma,
                    (double)bound_us[i] / 1e6, (unsigned long long)sum);
    }
    sum += atomic_load_explicit(&metric->bucket[VG_TIME_METRIC_BUCKETS - 1], memory_order_relaxed);
    vg_text_add(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, label, comma,
                (unsigned long long)sum);
    const double seconds =
        (double)atomic_load_explicit(&metric->sum_us, memory_order_relaxed) / 1e6;
    const char *open = *label ? "{" : "", *close = *label ? "}" : "";
    vg_text_add(out, "%s_sum%s%s%s %.6f\n", name, open, label, close, seconds);
    vg_text_add(out, "%s_count%s%s%s %llu\n", name, open, label, close, (unsigned long long)sum);
}

void vg_time_metric_print_recent(struct vg_time_metric *metric, const char *name, const char *label,
                                 struct vg_mono_time now, struct vg_text_buffer *out)
{
    static const double wanted[] = {0.5, 0.95, 0.99};
    struct vg_time_histogram_view view;
    vg_time_histogram_read(&metric->fine, &view);
    if (now.us - metric->newer_at.us >= RECENT_US) {
        metric->older = metric->newer;
        metric->newer = view;
        metric->newer_at = now;
    }
    vg_time_histogram_subtract(&view, &metric->older);
    if (vg_time_histogram_count(&view) == 0)
        return;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        vg_text_add(out, "%s{%s%squantile=\"%g\"} %.6f\n", name, label, *label ? "," : "",
                    wanted[i], (double)vg_time_histogram_quantile_us(&view, wanted[i]) / 1e6);
}

void vg_time_metric_print_fine(const struct vg_time_metric *metric, const char *name,
                               struct vg_text_buffer *out)
{
    struct vg_time_histogram_view view;
    vg_time_histogram_read(&metric->fine, &view);
    vg_text_add(out, "# fine %s ", name);
    vg_time_histogram_write(&view, out);
    vg_text_add(out, "\n");
}
