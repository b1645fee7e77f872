/* How long the stages of a picture take: one histogram per stage, in the buckets that
 * /metrics shows. Added to by any thread (relaxed atomics), read by one that prints. */
#ifndef VG_SCHEDULER_STAGE_TIMES_H
#define VG_SCHEDULER_STAGE_TIMES_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/text_buffer.h"

enum vg_stage {
    VG_STAGE_WAIT,    /* from the picture's last packet to its batch */
    VG_STAGE_PREPARE, /* picture to tensor, of the batch */
    VG_STAGE_INFER,   /* the net and its boxes, of the batch */
    VG_STAGE_TRACK,
    VG_STAGE_RULES,
    VG_STAGE_PUBLISH, /* from an alert's hand-over to its promise in the spool */
    VG_STAGE_ALERT,   /* drawing and encoding one alert */
    VG_STAGE_TOTAL,   /* from the last packet to the end of the rules: the latency */
    VG_STAGE_COUNT
};

#define VG_STAGE_BUCKETS 14 /* the last one has no upper bound */

struct vg_stage_times {
    struct vg_stage_histogram {
        atomic_uint_fast64_t bucket[VG_STAGE_BUCKETS];
        atomic_uint_fast64_t sum_us;
    } stage[VG_STAGE_COUNT];
};

void vg_stage_times_add(struct vg_stage_times *times, enum vg_stage stage, int64_t us);

/* The upper bound of the bucket that holds the share q (0 to 1) of all: 0 when there is none. */
double vg_stage_times_quantile_s(const struct vg_stage_times *times, enum vg_stage stage, double q);

/* Writes vigie_stage_seconds{stage} (and vigie_latency_seconds for the total) in Prometheus'
 * text form. */
void vg_stage_times_print(const struct vg_stage_times *times, struct vg_text_buffer *out);

#endif
