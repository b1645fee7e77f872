/* What travels between the threads of analysis: a picture on its way through a batch, with the
 * second looks at it.
 *
 *   loop --batch--> device thread --work--> worker (of the flux) --work--> loop
 *
 * Whoever holds a pointer owns what it points to until it hands it on. */
#ifndef VG_SCHEDULER_LIVE_WORK_H
#define VG_SCHEDULER_LIVE_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "scheduler/decide_gate.h"
#include "scheduler/second_looks.h"
#include "src/alerts/alert_json.h"
#include "src/base/clock.h"
#include "src/base/fault.h"
#include "src/engine/engine.h"
#include "src/media/picture.h"

struct vg_live_flux;
struct vg_live_batch;

/* What answers a batch, as alerts name it. */
struct vg_live_maker {
    char model[VG_ALERT_MODEL_TEXT]; /* with its digest and precision */
    char plan[VG_SHA256_TEXT];
};

struct vg_live_work {
    struct vg_live_flux *flux;
    struct vg_live_batch *batch;
    uint32_t slot;           /* of the flux's slots, held until the work is back at the loop */
    uint32_t stopped_events; /* as of dispatch */
    const char *phase;       /* of the configuration in force, which stays until the work is back */
    struct vg_picture picture;
    struct vg_media_time media;     /* the flux's own, unbroken */
    uint32_t source_fps_milli;      /* at which the source sends, measured; 0: not known */
    uint32_t first_job;             /* of the batch: the picture's; its looks follow */
    struct vg_second_looks looks;   /* that go with it */
    const struct vg_answer *answer; /* of its jobs, in their order; set by the device thread; NULL:
                                       the batch's fault */
    /* of still scenes (device_gate.h): whether it can be still, whether it was compared, what came out */
    bool may_still, looked;
    enum vg_gate_verdict verdict;
    /* when it, or the first that it replaced, was due; how many it stands for, a period apart */
    struct vg_mono_time due;
    int64_t period_us;
    uint32_t dues;
    struct vg_mono_time taken, done;
    uint32_t alert_count; /* raised by the worker */
};

struct vg_map_trial; /* map_trial.h */

struct vg_live_batch {
    uint32_t count;                    /* works */
    uint32_t jobs;                     /* of all works */
    uint32_t left;                     /* the loop's: works not yet back */
    uint32_t device;                   /* the loop's: on which it runs */
    bool handed;                       /* by the device thread, to the workers */
    const struct vg_live_maker *maker; /* what answers it */
    struct vg_map_trial *trial; /* the device thread's: of the first maps; NULL: it has none */
    struct vg_live_work work[VG_BATCH_MAX];
    struct vg_job job[VG_BATCH_MAX];
    struct vg_answer *answer;     /* room for all jobs */
    uint32_t through;             /* jobs that went through the net, of a batch that was answered */
    struct vg_engine_times times; /* likewise */
    enum vg_status status;        /* set by the device thread; if not VG_OK, fault says why */
    struct vg_fault fault;
};

#endif
