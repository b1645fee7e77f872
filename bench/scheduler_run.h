/* One measure of the scheduler by itself: synthetic flux (synthetic_flux.h) through the real
 * analysis, in this process, on one or more timed devices (timed_device.h): opened, left to settle, measured,
 * ended when nothing is under way any more. Without Redis: the publisher tries and fails to reach
 * it, what is told in operation is written all the same. */
#ifndef VG_BENCH_SCHEDULER_RUN_H
#define VG_BENCH_SCHEDULER_RUN_H

#include "bench/drift.h"
#include "bench/flux_hold.h"
#include "bench/synthetic_flux.h"
#include "bench/timed_device.h"
#include "scheduler/analysis.h"
#include "src/base/attr.h"

#define VG_SCHEDULER_OPEN_S 60 /* until each flux had its first picture analysed */

struct vg_scheduler_run {
    uint32_t flux;
    double rate_fps, wanted_fps; /* asked for; what its rules make of it */
    double settle_s, measure_s;
    struct vg_timed_device_settings device; /* each of them */
    uint32_t devices;                       /* 0: one */
    struct vg_timed_trouble trouble;        /* of the last one */
    int64_t limit_us, retry_us;             /* of the analysis: 0: as in operation */
    uint32_t batch_max, workers;            /* workers: 0: the analysis' own choice */
    uint32_t width, height;                 /* of the pictures */
    const char *scene;                      /* JSON, checked before; of each flux */
    uint32_t dear_flux;                     /* the first so many cost device.dearer times as much */
    void (*look)(void *user, const char *what, double done_s, double of_s); /* each second; NULL */
    void *user;
};

/* One of the measure's minutes. */
struct vg_scheduler_minute {
    double worst_share; /* of what is wanted, of the flux that got least */
    double p99_ms;      /* from due to rules */
    double own_bytes;   /* memory of its own, without the pictures', in the mean */
    double speed_ms;    /* speed_probe.h, in the mean */
};

/* Median and p99 of so many, microseconds of processor time. */
struct vg_decision_cost {
    uint64_t count;
    int64_t p50_us, p99_us;
};

struct vg_scheduler_found {
    double seconds;
    double share[VG_SYNTHETIC_MAX]; /* of what is wanted, of each flux */
    double worst_share, mean_share, worst_minute;
    uint32_t worst_flux, minutes;
    struct vg_scheduler_minute minute[VG_HOLD_MINUTES_MAX];
    struct vg_drift share_drift, p99_drift; /* over the minutes */
    struct vg_drift p99_at_speed;           /* what is left as p99 goes with the machine's speed */
    double worst_other;                     /* of those that cost no more than was said */
    struct vg_hold_latency due;
    double due_max_ms;
    uint64_t analysed, fate[VG_FATE_COUNT];              /* in the measure */
    double batch_size, device_busy;                      /* share of the devices' time */
    uint64_t jobs[VG_TRIAL_DEVICES_MAX];                 /* of each device, in the measure */
    struct vg_trial_device device[VG_TRIAL_DEVICES_MAX]; /* how each fared, in the whole run */
    double loop_percent, device_percent;                 /* of a core for 1,000 pictures a second */
    struct vg_decision_cost dispatch, share_out;
    /* memory of its own, at the end, and its drift in bytes: over the minutes, of fewer than three over
     * the seconds of the last: then it is what opening and first alerts leave */
    double own_bytes;
    struct vg_drift own_drift;
    /* of our own making: pictures at worst, answers of the device in the mean; large ones say that the
     * machine had other work, and the measure little */
    double source_late_ms, device_late_ms;
    /* of the whole run, at rest */
    uint64_t decoded, ended[VG_FATE_COUNT], left; /* left: met no fate */
    uint64_t ready; /* of these: of flux that were shed to the end, and asked for none any more */
};

/* VG_E_TIMEOUT: some flux had no picture analysed; VG_E_INTERRUPTED: a signal (hold them back first:
 * vg_live_server_hold_signals); VG_E_LACK, VG_E_MEMORY; why the analysis ended. */
enum vg_status vg_scheduler_run(const struct vg_scheduler_run *run,
                                struct vg_scheduler_found *found,
                                struct vg_fault *fault) VG_MUST_USE;

#endif
