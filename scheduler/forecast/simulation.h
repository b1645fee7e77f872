/* The scheduler at work on devices that are not here: sources bring pictures, the real decisions
 * (decide_share, decide_batch, decide_device) say whose go when, and devices answer after the time
 * that their figures say. Discrete events on a simulated clock: no threads, no waiting; the same
 * settings give the same report. A picture is asked for, waits, is replaced, goes and comes back as
 * in analysis.c.
 *
 *   source --packet--> decoder --picture--> waits --plan--> batch --device--> worker --> answer
 *                                             ^                                          | cost
 *                                             +-------- rate <------ share (1 s) <-------+
 *
 * Decoders, workers, and a device that is the processor share its cores (shared_processor.h); where
 * nothing is said of a host, decoding and following take no time.
 *
 * Memory is taken when it opens; none while it runs. One thread at a time. */
#ifndef VG_FORECAST_SIMULATION_H
#define VG_FORECAST_SIMULATION_H

#include <stdbool.h>
#include <stdint.h>

#include "scheduler/decide_device.h"
#include "scheduler/decide_share.h"
#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_SIM_FLUX_MAX 1024

struct vg_sim_flux {
    uint32_t wanted_milli, floor_milli; /* thousandths of a picture a second */
    uint32_t source_milli;              /* 0: 25000 */
    uint32_t priority;                  /* 0 first .. 9 last */
    uint32_t jobs;                      /* of a picture, tiles and looks; 0: 1 */
    int64_t declared_us; /* as decide_share.h, on the first device; 0: what `jobs` take */
    uint32_t stirs;      /* an hour: 2 s with a rule armed, then 10 s with an alert */
    int64_t decode_us;   /* of a processor, for each picture of its source; 0: no time */
};

struct vg_sim_device {
    int64_t start_us, job_us; /* of a batch */
    uint32_t jitter_milli;    /* a batch takes up to so many thousandths more or less */
    uint32_t batch_max;       /* 1 .. VG_SIM_BATCH_MAX */
    bool last;                /* as decide_device.h */
    uint32_t cores_milli;     /* of the host's, that a batch can use; 0: a board of its own */
};
#define VG_SIM_BATCH_MAX 64

/* The machine around the devices. A batch's place is free again when its pictures were followed. */
struct vg_sim_host {
    uint32_t cores_milli; /* of which the server has the use; 0: nobody slows another */
    uint32_t workers;     /* flux i is followed by number i modulo that; 0: it takes no time */
    int64_t follow_us;    /* of a processor, for each picture */
    int64_t alert_us;     /* more, where a picture raises one ... */
    uint32_t alerts_ppm;  /* ... as so many of a million do */
};
#define VG_SIM_WORKERS_MAX 64

enum vg_sim_event {
    VG_SIM_FLUX_JOBS,    /* a picture has `value` jobs from now on */
    VG_SIM_FLUX_STOPS,   /* its source is gone */
    VG_SIM_FLUX_STARTS,  /* and back */
    VG_SIM_FLUX_STALLS,  /* for `value` milliseconds; then what was held back comes at once */
    VG_SIM_DEVICE_FAILS, /* with what it has */
    VG_SIM_DEVICE_WELL,  /* again */
    VG_SIM_DEVICE_SLOWS  /* to `value` thousandths of its time; 1000: as it was */
};

struct vg_sim_change {
    int64_t at_us;
    enum vg_sim_event event;
    uint32_t which, value;
};

/* The arrays are borrowed until the simulation closes. */
struct vg_sim_settings {
    const struct vg_sim_flux *flux;
    const struct vg_sim_device *device;
    const struct vg_sim_change *change; /* by time */
    uint32_t flux_count, device_count, change_count;
    uint32_t busy_milli;       /* of a device's time, for pictures; 0: VG_SIM_BUSY_MILLI */
    int64_t arrival_jitter_us; /* a picture comes up to so much late */
    int64_t unseen_us;         /* what is not simulated takes that in the mean (evenly between
                                  none and twice of it): latencies are told with it */
    struct vg_sim_host host;   /* zeroed: takes no time */
    uint64_t seed;
};
#define VG_SIM_BUSY_MILLI 950

struct vg_sim;

/* VG_E_CALL: no device, too many of something, a batch of 0, a time below 0; VG_E_MEMORY. */
enum vg_status vg_sim_open(struct vg_sim **sim, const struct vg_sim_settings *settings,
                           struct vg_fault *fault) VG_MUST_USE;
void vg_sim_close(struct vg_sim **sim);

/* Goes on until that time, from 0. */
void vg_sim_run(struct vg_sim *sim, int64_t until_us);

/* What is reported begins now: after settling, or hour by hour. */
void vg_sim_mark(struct vg_sim *sim);

/* Since the mark. asked = answered + replaced + lost, but for what waits or is under way. A share
 * is of what the flux wants while its source gives pictures. Latency is from the moment at which
 * the oldest picture was due that had waited, to its answer: what is replaced hides nothing. */
struct vg_sim_flux_report {
    uint64_t asked, answered;
    uint64_t replaced; /* by a newer one before their turn */
    uint64_t lost;     /* with a device, or when the flux was shed */
    double share, worst_minute;
    int64_t p50_us, p95_us, p99_us, us_max;
    uint32_t sheds;                /* how often it was shed */
    int64_t shed_us;               /* for how long */
    enum vg_share_verdict verdict; /* now */
    uint32_t rate_milli, device;   /* now */
};

struct vg_sim_report {
    uint64_t asked, answered, replaced, lost, batches, moves;
    double unanswered;          /* share of what was asked */
    double busy;                /* share of the devices' time */
    double worst, worst_minute; /* flux */
    uint32_t worst_flux;
    int64_t p50_us, p95_us, p99_us, us_max;
    double mean_us;
    /* a second, of the first device's time: of the last sharing out, and what all want */
    double capacity_us, load_us, wanted_us;
};

void vg_sim_read(const struct vg_sim *sim, struct vg_sim_report *report);
void vg_sim_read_flux(const struct vg_sim *sim, uint32_t flux, struct vg_sim_flux_report *report);

#endif
