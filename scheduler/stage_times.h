/* How long the stages of a picture take, and the latencies that they add up to: one metric each
 * (src/base/time_metric.h). Added to by any thread, printed by one. */
#ifndef VG_SCHEDULER_STAGE_TIMES_H
#define VG_SCHEDULER_STAGE_TIMES_H

#include "src/base/clock.h"
#include "src/base/text_buffer.h"
#include "src/base/time_metric.h"

enum vg_stage {
    VG_STAGE_RECEIVE, /* from the arrival of the picture's last packet to the decoder */
    VG_STAGE_DECODE,  /* from there to its slot */
    VG_STAGE_WAIT,    /* from there to its batch */
    VG_STAGE_PREPARE, /* picture to tensor, of the batch */
    VG_STAGE_INFER,   /* the net and its boxes, of the batch */
    VG_STAGE_MAPS, /* what events look at beside the boxes, of the batch; where the device makes it,
                      else it is in the rules' time */
    VG_STAGE_TRACK,
    VG_STAGE_RULES,
    VG_STAGE_PUBLISH, /* from an alert's hand-over to its promise in the spool */
    VG_STAGE_ALERT,   /* drawing and encoding one alert */
    VG_STAGES,
    /* latencies, from begin to end */
    VG_STAGE_TOTAL = VG_STAGES, /* from the last packet to the end of the rules */
    VG_STAGE_DUE,   /* from when the picture was due to the end of the rules; those that fell due
                       meanwhile count too, so that a stall is seen as all who waited see it */
    VG_STAGE_REDIS, /* of an alert: from its picture's last packet to Redis' answer */
    VG_STAGE_COUNT
};

struct vg_stage_times {
    struct vg_time_metric stage[VG_STAGE_COUNT];
};

void vg_stage_times_add(struct vg_stage_times *times, enum vg_stage stage, int64_t us);

/* Of what fell due until now, `count` pictures of a flux: VG_STAGE_DUE. */
void vg_stage_times_add_due(struct vg_stage_times *times, int64_t us, int64_t interval_us,
                            uint32_t count);

/* The time that the share q (0 to 1) of all since the start does not exceed, to one part in 64;
 * 0 when there is none. */
double vg_stage_times_quantile_s(const struct vg_stage_times *times, enum vg_stage stage, double q);

/* Writes in Prometheus' text form vigie_stage_seconds{stage}, vigie_latency_seconds (the total),
 * vigie_latency_due_seconds and vigie_alert_latency_seconds{to="redis"}; for each its p50, p95 and
 * p99 of the last minute or two, as ..._recent_seconds{quantile}; and, as comments, the fine
 * histograms of the latencies, for `vigie bench pipeline`. Always from the same thread. */
void vg_stage_times_print(struct vg_stage_times *times, struct vg_mono_time now,
                          struct vg_text_buffer *out);

#endif
