/* Whether N flux are held: the worst one keeps 95 % of its wanted rate in every minute, p95 of the
 * latency is at most 1 s, and at most 0.1 % of the wanted pictures go unanalysed. A picture in which
 * nothing moved, judged with the answer of the one before it (fate `still`), is served. Pure. */
#ifndef VG_BENCH_FLUX_HOLD_H
#define VG_BENCH_FLUX_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/server_counts.h"

#define VG_HOLD_SHARE         0.95
#define VG_HOLD_P95_MS        1000.0
#define VG_HOLD_UNANALYSED    0.001
#define VG_HOLD_MINUTES_MAX   1440
#define VG_HOLD_ALERTS_ENOUGH 20 /* for a p95 of theirs: at least one lies above it */

/* Why they are not held: bits. */
enum vg_hold_lack {
    VG_HOLD_LACKS_RATE = 1,
    VG_HOLD_LACKS_LATENCY = 2,
    VG_HOLD_LACKS_PICTURES = 4
};
#define VG_HOLD_LACKS 3
/* The name of bit `i` ("rate", "latency", "unanalysed"). */
const char *vg_hold_lack_name(int i);

struct vg_hold_latency {
    uint64_t count;
    double mean_ms, p50_ms, p95_ms, p99_ms; /* 0 without any */
};

struct vg_hold_minute {
    double seconds;     /* of it; not less than 60 but where the whole is shorter */
    double worst_share; /* of the wanted rate, of the flux that got the least */
};

struct vg_hold {
    /* given */
    uint32_t flux;
    double wanted_fps[VG_SERVER_FLUX_MAX]; /* of each */
    /* found */
    double seconds, mean_flux_fps;
    uint32_t worst_flux; /* the number of the one that got the least share of what is wanted */
    double worst_flux_fps;
    uint32_t minute_count;
    struct vg_hold_minute minute[VG_HOLD_MINUTES_MAX];
    struct vg_hold_latency rules, due, redis;
    uint64_t analysed, drops[VG_FATE_COUNT]; /* pictures by fate; [VG_FATE_ANALYSED] is 0 */
    uint64_t alerts, alerts_refused;
    double wanted, unanalysed_share;
    uint32_t lacks; /* bits of vg_hold_lack; 0: held */
};

/* Flux are named "f0", "f1", ... */
void vg_hold_flux_name(uint32_t number, char name[VG_SERVER_ID_SIZE]);

/* How many minutes a measure of so many seconds is parted into, each of 60 s or more: 1 where it
 * is shorter than two. */
uint32_t vg_hold_minutes(double seconds);

/* One minute between two moments; beyond VG_HOLD_MINUTES_MAX it is left out. */
void vg_hold_add_minute(struct vg_hold *hold, const struct vg_server_counts *before,
                        const struct vg_server_counts *after);

/* The whole, and what it lacks, once the minutes are there. VG_E_STATE: the analysis started anew
 * between the two, so that its counts say nothing. */
enum vg_status vg_hold_end(struct vg_hold *hold, const struct vg_server_counts *first,
                           const struct vg_server_counts *last) VG_MUST_USE;

/* Pictures to the end of their rules, those in which nothing moved among them. */
uint64_t vg_hold_judged(const struct vg_hold *hold);

/* By what latency is judged: alerts up to Redis where enough came, else pictures up to the end of the rules. */
const struct vg_hold_latency *vg_hold_latency(const struct vg_hold *hold);
bool vg_hold_of_alerts(const struct vg_hold *hold);

#endif
