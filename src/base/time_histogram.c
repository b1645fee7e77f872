#include "src/base/time_histogram.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum {
    SINGLE = 2 * VG_TIME_HISTOGRAM_PARTS, /* values with a bucket of their own */
    SINGLE_BITS = 7                       /* of the least value that shares one: 128 */
};

size_t vg_time_histogram_bucket(int64_t us)
{
    if (us < SINGLE)
        return us > 0 ? (size_t)us : 0;
    const uint64_t value =
        (uint64_t)(us < VG_TIME_HISTOGRAM_MOST_US ? us : VG_TIME_HISTOGRAM_MOST_US);
    size_t octave = 0; /* value lies in [128 << octave, 256 << octave) */
    while (value >> (octave + SINGLE_BITS + 1))
        octave++;
    const uint64_t part = (value >> (octave + 1)) - VG_TIME_HISTOGRAM_PARTS;
    return SINGLE + octave * VG_TIME_HISTOGRAM_PARTS + (size_t)part;
}

int64_t vg_time_histogram_bucket_most_us(size_t bucket)
{
    if (bucket < SINGLE)
        return (int64_t)bucket;
    const size_t octave = (bucket - SINGLE) / VG_TIME_HISTOGRAM_PARTS;
    const size_t part = (bucket - SINGLE) % VG_TIME_HISTOGRAM_PARTS + VG_TIME_HISTOGRAM_PARTS;
    const int64_t most = (int64_t)((part + 1) << (octave + 1)) - 1;
    return most < VG_TIME_HISTOGRAM_MOST_US ? most : VG_TIME_HISTOGRAM_MOST_US;
}

void vg_time_histogram_add(struct vg_time_histogram *histogram, int64_t us)
{
    atomic_fetch_add_explicit(&histogram->bucket[vg_time_histogram_bucket(us)], 1,
                              memory_order_relaxed);
}

void vg_time_histogram_add_due(struct vg_time_histogram *histogram, int64_t us, int64_t interval_us,
                               uint32_t count)
{
    int64_t left = us < VG_TIME_HISTOGRAM_MOST_US ? us : VG_TIME_HISTOGRAM_MOST_US;
    for (uint32_t i = 0; i < count && i < VG_TIME_HISTOGRAM_DUES_MAX && left > 0; i++) {
        vg_time_histogram_add(histogram, left);
        left -= interval_us > 0 ? interval_us : 0;
    }
}

void vg_time_histogram_read(const struct vg_time_histogram *histogram,
                            struct vg_time_histogram_view *view)
{
    for (size_t i = 0; i < VG_TIME_HISTOGRAM_BUCKETS; i++)
        view->bucket[i] = atomic_load_explicit(&histogram->bucket[i], memory_order_relaxed);
}

void vg_time_histogram_merge(struct vg_time_histogram_view *view,
                             const struct vg_time_histogram_view *other)
{
    for (size_t i = 0; i < VG_TIME_HISTOGRAM_BUCKETS; i++)
        view->bucket[i] += other->bucket[i];
}

void vg_time_histogram_subtract(struct vg_time_histogram_view *view,
                                const struct vg_time_histogram_view *earlier)
{
    for (size_t i = 0; i < VG_TIME_HISTOGRAM_BUCKETS; i++)
        view->bucket[i] -=
            earlier->bucket[i] < view->bucket[i] ? earlier->bucket[i] : view->bucket[i];
}

uint64_t vg_time_histogram_count(const struct vg_time_histogram_view *view)
{
    uint64_t count = 0;
    for (size_t i = 0; i < VG_TIME_HISTOGRAM_BUCKETS; i++)
        count += view->bucket[i];
    return count;
}

int64_t vg_time_histogram_quantile_us(const struct vg_time_histogram_view *view, double q)
{
    const uint64_t count = vg_time_histogram_count(view);
    const double rank = ceil(q * (double)count);
    const uint64_t wanted = rank >= 1 ? (uint64_t)rank : 1;
    uint64_t sum = 0;
    for (size_t i = 0; i < VG_TIME_HISTOGRAM_BUCKETS; i++) {
        sum += view->bucket[i];
        if (sum >= wanted)
            return vg_time_histogram_bucket_most_us(i);
    }
    return count ? VG_TIME_HISTOGRAM_MOST_US : 0;
}

double vg_time_histogram_mean_us(const struct vg_time_histogram_view *view)
{
    const uint64_t count = vg_time_histogram_count(view);
    double sum = 0;
    for (size_t i = 0; i < VG_TIME_HISTOGRAM_BUCKETS; i++) {
        const int64_t least = i > 0 ? vg_time_histogram_bucket_most_us(i - 1) + 1 : 0;
        const int64_t twice = least + vg_time_histogram_bucket_most_us(i);
        sum += (double)view->bucket[i] * (double)twice / 2;
    }
    return count ? sum / (double)count : 0;
}

void vg_time_histogram_write(const struct vg_time_histogram_view *view, struct vg_text_buffer *out)
{
    vg_text_add(out, "%llu", (unsigned long long)vg_time_histogram_count(view));
    for (size_t i = 0; i < VG_TIME_HISTOGRAM_BUCKETS; i++)
        if (view->bucket[i])
            vg_text_add(out, " %zu:%llu", i, (unsigned long long)view->bucket[i]);
}

/* A number at *at, which moves behind it; false: there is none, or it is too large. */
static bool number_at(const char *text, size_t size, size_t *at, uint64_t *number)
{
    const size_t begin = *at;
    *number = 0;
    while (*at < size && text[*at] >= '0' && text[*at] <= '9') {
        if (*number > UINT64_MAX / 10 - 1)
            return false;
        *number = *number * 10 + (uint64_t)(text[(*at)++] - '0');
    }
    return *at > begin;
}

static bool byte_at(const char *text, size_t size, size_t *at, char byte)
{
    const bool is = *at < size && text[*at] == byte;
    *at += is;
    return is;
}

enum vg_status vg_time_histogram_parse(struct vg_time_histogram_view *view, const char *text,
                                       size_t size)
{
    uint64_t count, bucket, in_bucket, sum = 0;
    size_t at = 0;
    memset(view, 0, sizeof *view);
    if (!number_at(text, size, &at, &count))
        return VG_E_INPUT;
    while (byte_at(text, size, &at, ' ')) {
        if (!number_at(text, size, &at, &bucket) || !byte_at(text, size, &at, ':') ||
            !number_at(text, size, &at, &in_bucket) || bucket >= VG_TIME_HISTOGRAM_BUCKETS ||
            in_bucket > UINT64_MAX - sum)
            return VG_E_INPUT;
        view->bucket[bucket] += in_bucket;
        sum += in_bucket;
    }
    return at == size && sum == count ? VG_OK : VG_E_INPUT;
}
