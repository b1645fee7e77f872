/* Will it fit? Asked before a flux or a rule is saved: the site as it is, and as it would be, are
 * simulated for some seconds on the devices as they were measured. No flux is touched by asking.
 *
 *   held      everybody has the wanted rate, and answers come in time
 *   degraded  nobody is shed, but rates fall under what is wanted: the administrator may say so
 *   refused   somebody would be shed, or answers would come too late
 *
 * Takes memory and some hundredths of a second: for the thread that saves, never for a loop. */
#ifndef VG_FORECAST_ADMISSION_H
#define VG_FORECAST_ADMISSION_H

#include "scheduler/forecast/simulation.h"

#define VG_ADMISSION_NEW        UINT32_MAX
#define VG_ADMISSION_FALLEN_MAX 16
#define VG_ADMISSION_LATENCY_US VG_US_PER_S /* p95 that the contract promises at the most */
#define VG_ADMISSION_PICTURES   200000      /* that are simulated at the most */

struct vg_admission_ask {
    struct vg_sim_settings site; /* as it is; changes are left aside */
    struct vg_sim_flux flux;     /* as it is to be */
    uint32_t replaces;           /* of the site's; VG_ADMISSION_NEW: none */
};

enum vg_admission_verdict {
    VG_ADMISSION_HELD,
    VG_ADMISSION_DEGRADED,
    VG_ADMISSION_REFUSED
};

enum vg_admission_reason {
    VG_ADMISSION_FITS,
    VG_ADMISSION_RATES,   /* rates fall */
    VG_ADMISSION_FLOORS,  /* a flux would fall under the rate that its rules need */
    VG_ADMISSION_LATENCY, /* answers would come too late */
    VG_ADMISSION_LESS,    /* not all that is wanted is held, but no more is asked than before */
    VG_ADMISSION_REASON_COUNT
};

/* Which of the two has less left. */
enum vg_admission_limit {
    VG_ADMISSION_BY_DEVICE,
    VG_ADMISSION_BY_CORES, /* of the machine: decoders, workers and a device that is the processor */
    VG_ADMISSION_LIMIT_COUNT
};

struct vg_admission_fallen {
    uint32_t flux;                      /* of the site's; flux_count: the new one */
    uint32_t before_milli, after_milli; /* 0: shed. before of the new one: what it wants */
};

struct vg_admission {
    enum vg_admission_verdict verdict;
    enum vg_admission_reason reason;
    enum vg_admission_limit limited_by;
    /* What all want, as a share of what the devices can do or, where that is more, the cores. */
    double load_before, load_after;
    double headroom;                /* 1 - load_after; below 0: so much is lacking */
    uint32_t more;                  /* as many more such flux would find room for what they want */
    int64_t p50_us, p95_us, p99_us; /* afterwards, due to answer */
    double worst_before, worst_after; /* share of what it wants that the worst flux gets */
    uint32_t fallen_count;            /* flux that would have less than now */
    struct vg_admission_fallen fallen[VG_ADMISSION_FALLEN_MAX]; /* those that lose most, first */
};

/* VG_E_CALL: a site that cannot be; VG_E_FULL: it has VG_SIM_FLUX_MAX flux; VG_E_MEMORY. */
enum vg_status vg_admission_ask(const struct vg_admission_ask *ask, struct vg_admission *answer,
                                struct vg_fault *fault) VG_MUST_USE;

/* A sentence for a person, msgid, static. */
const char *vg_admission_reason_text(enum vg_admission_reason reason,
                                     enum vg_admission_limit limited_by);

#endif
