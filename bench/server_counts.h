/* What a running server tells of itself, read from the text that its analysis puts into Redis as
 * vigie:metrics:analysis: what each flux came to, and the fine histograms of the latencies. */
#ifndef VG_BENCH_SERVER_COUNTS_H
#define VG_BENCH_SERVER_COUNTS_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/base/time_histogram.h"
#include "src/media/fate.h"

#define VG_SERVER_FLUX_MAX 256
#define VG_SERVER_ID_SIZE  64

struct vg_flux_counts {
    char id[VG_SERVER_ID_SIZE];
    uint64_t fate[VG_FATE_COUNT]; /* pictures by where they ended */
    uint64_t decoded;
    double decode_s; /* of a processor */
    double surfaces; /* of decoding hardware, now; 0: it is not used */
};

/* Sums over the batches since the start (scheduler/live_metrics.h). */
struct vg_batch_counts {
    double batch_max, count, jobs, jobs_squared, ms, ms_jobs, ms_squared;
};

/* What a stage took in all. */
struct vg_stage_sum {
    double count, seconds;
};

enum vg_server_stage {
    VG_SERVER_DECODE,
    VG_SERVER_TRACK,
    VG_SERVER_RULES,
    VG_SERVER_ALERT, /* drawing and encoding one */
    VG_SERVER_STAGES
};

/* Of one moment; large: on the heap. */
struct vg_server_counts {
    double up_s; /* of the analysis, by its own clock: the moment of these counts */
    uint32_t flux_count;
    struct vg_flux_counts flux[VG_SERVER_FLUX_MAX];
    uint64_t alerts_promised, alerts_refused;
    double batch_size; /* mean since the start */
    uint32_t devices;  /* that it works on; 0: it does not tell */
    struct vg_batch_counts batches;
    struct vg_stage_sum stage[VG_SERVER_STAGES];
    struct vg_time_histogram_view rules, due; /* pictures: from arrival, and from when due */
    struct vg_time_histogram_view redis;      /* alerts: from arrival to Redis */
};

/* Lines that are not known are passed over. VG_E_INPUT: no such text, or one cut short;
 * VG_E_FULL: more flux than fit. */
enum vg_status vg_server_counts_read(struct vg_server_counts *counts, const char *text, size_t size,
                                     struct vg_fault *fault) VG_MUST_USE;

/* Pictures of all flux that were judged to the end of their rules: by the net, or, where nothing moved,
 * with its answer of before. */
uint64_t vg_server_counts_judged(const struct vg_server_counts *counts);

/* NULL: the server does not tell of it. */
const struct vg_flux_counts *vg_server_counts_flux(const struct vg_server_counts *counts,
                                                   const char *id);

#endif
