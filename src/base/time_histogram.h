/* A histogram of times over a huge range with a bounded relative error, after HdrHistogram
 * (Tene): below 128 us each value has a bucket of its own, above each doubling has 64.
 *
 *   0 1 2 ... 127 | 128 130 ... 254 | 256 260 ... 508 | ... up to an hour
 *    128 buckets        64 of 2 us        64 of 4 us
 *
 * A value told is the greatest of its bucket: never below the true one, above it by less than one
 * part in 64. Memory is fixed, nothing allocates. Threads add to the atomic one; who reads takes a
 * view of it, and views can be merged (of several threads) and subtracted (of an interval). */
#ifndef VG_BASE_TIME_HISTOGRAM_H
#define VG_BASE_TIME_HISTOGRAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"
#include "src/base/text_buffer.h"

#define VG_TIME_HISTOGRAM_BUCKETS 1728
#define VG_TIME_HISTOGRAM_MOST_US INT64_C(3600000000) /* longer ones count as an hour */
#define VG_TIME_HISTOGRAM_PARTS   64                  /* the error is below 1 / this */

/* Zeroed: empty. Relaxed atomics: a reader may miss what is being added, and nothing else. */
struct vg_time_histogram {
    atomic_uint_fast64_t bucket[VG_TIME_HISTOGRAM_BUCKETS];
};

/* Of one moment. Zeroed: empty. */
struct vg_time_histogram_view {
    uint64_t bucket[VG_TIME_HISTOGRAM_BUCKETS];
};

/* Any thread. Below 0 counts as 0. */
void vg_time_histogram_add(struct vg_time_histogram *histogram, int64_t us);

/* What fell due while one waited: `count` of them, the first `us` ago, the others interval_us after
 * each other, all served now. Who only counts what he serves leaves out those that a stall kept from
 * being asked for (coordinated omission); this counts each with the time since it was due, at most
 * VG_TIME_HISTOGRAM_DUES_MAX. count 0: nothing. */
#define VG_TIME_HISTOGRAM_DUES_MAX 4096
void vg_time_histogram_add_due(struct vg_time_histogram *histogram, int64_t us, int64_t interval_us,
                               uint32_t count);

void vg_time_histogram_read(const struct vg_time_histogram *histogram,
                            struct vg_time_histogram_view *view);

void vg_time_histogram_merge(struct vg_time_histogram_view *view,
                             const struct vg_time_histogram_view *other);
/* What was added since `earlier`, a view of the same histogram; never below 0. */
void vg_time_histogram_subtract(struct vg_time_histogram_view *view,
                                const struct vg_time_histogram_view *earlier);

uint64_t vg_time_histogram_count(const struct vg_time_histogram_view *view);

/* The value that the share q (0 to 1) of all does not exceed (the nearest rank), as its bucket's
 * greatest; 0 when there is none. */
int64_t vg_time_histogram_quantile_us(const struct vg_time_histogram_view *view, double q);

/* The mean, each value taken for the middle of its bucket; 0 when there is none. */
double vg_time_histogram_mean_us(const struct vg_time_histogram_view *view);

/* The bucket of a value and the greatest value of a bucket. Pure. */
size_t vg_time_histogram_bucket(int64_t us);
int64_t vg_time_histogram_bucket_most_us(size_t bucket);

/* As text without a line's end, "COUNT BUCKET:COUNT ...", and back. VG_E_INPUT: not such a text, or
 * not whole: the first count is that of all. `text` has `size` bytes. */
void vg_time_histogram_write(const struct vg_time_histogram_view *view, struct vg_text_buffer *out);
enum vg_status vg_time_histogram_parse(struct vg_time_histogram_view *view, const char *text,
                                       size_t size) VG_MUST_USE;

#endif
