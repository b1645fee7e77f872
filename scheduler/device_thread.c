#include "scheduler/device_thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>

#include "scheduler/device_gate.h"
#include "scheduler/live_flux.h"
#include "scheduler/map_trial.h"
#include "src/base/alloc.h"
#include "src/base/fault.h"
#include "src/base/log.h"
#include "src/base/text.h"

enum {
    BATCHES_WAITING = 4,
    WAIT_MS = 60000 /* then a look at the clock */
};

struct vg_device_thread {
    struct vg_device_settings settings;
    struct vg_ring *batches; /* of struct vg_live_batch *, NULL: quit */
    struct vg_beat beat;
    _Atomic int64_t busy_us;
    pthread_mutex_t own;
    pthread_mutex_t *hand; /* of `abandoned`, and held while a batch is handed on */
    bool own_made, abandoned;
    bool asked;                       /* to quit; the loop's */
    atomic_bool over;                 /* released when the thread ends */
    uint8_t weights[VG_SHA256_BYTES]; /* at the start */
    struct vg_mono_time looked;       /* at the weights */
    bool altered;                     /* they are others now */
    pthread_t thread;
    bool running;
};

/* Looks at the weights when it is time. */
static void weights_look(struct vg_device_thread *t)
{
    struct vg_fault fault;
    uint8_t found[VG_SHA256_BYTES];
    const struct vg_mono_time now = vg_mono_now();
    if (t->altered || now.us - t->looked.us < t->settings.weights_every_us)
        return;
    t->looked = now;
    vg_beat_begin(&t->beat, now);
    if (t->settings.unit.weights_digest(t->settings.unit.self, found, &fault))
        vg_log(VG_LOG_ERROR, "the weights cannot be looked at: %s", fault.place);
    else
        t->altered = memcmp(found, t->weights, sizeof found) != 0;
    vg_beat_end(&t->beat);
    if (t->altered)
        vg_log(VG_LOG_ERROR, "the weights on the device are not those of the model any more");
}

/* The engine's runs of a batch: more than one where second looks make it longer than the engine's
 * own. */
static enum vg_status run_jobs(struct vg_device_thread *t, struct vg_live_batch *batch)
{
    const struct vg_device_unit *unit = &t->settings.unit;
    const uint32_t most = t->settings.batch_max ? t->settings.batch_max : batch->jobs;
    const struct vg_device_gate_hold hold = {t->hand, &t->abandoned};
    enum vg_status status = VG_OK;
    batch->times = (struct vg_engine_times){0};
    batch->through = 0;
    for (uint32_t first = 0; first < batch->jobs && !status; first += most) {
        const uint32_t count = batch->jobs - first < most ? batch->jobs - first : most;
        status = vg_device_gate_run(unit, batch, first, count, &hold);
        const struct vg_engine_times times = unit->last_times(unit->self);
        batch->times.prepare_us += times.prepare_us;
        batch->times.infer_us += times.infer_us;
        batch->times.boxes_us += times.boxes_us;
        batch->times.maps_us += times.maps_us;
    }
    return status;
}

static bool wants_maps(const struct vg_live_batch *batch)
{
    for (uint32_t i = 0; i < batch->jobs; i++)
        if (batch->job[i].maps)
            return true;
    return false;
}

static bool is_abandoned(struct vg_device_thread *t)
{
    (void)pthread_mutex_lock(t->hand);
    const bool abandoned = t->abandoned;
    (void)pthread_mutex_unlock(t->hand);
    return abandoned;
}

/* The batch is not ours any more once its last work is handed on: it may be filled anew already. */
static void hand_on(struct vg_device_thread *t, struct vg_live_batch *batch)
{
    const uint32_t count = batch->count;
    batch->handed = true;
    for (uint32_t i = 0; i < count; i++) {
        struct vg_live_work *work = &batch->work[i];
        work->answer = batch->status ? NULL : &batch->answer[work->first_job];
        if (!batch->status)
            vg_device_gate_end(work, &batch->answer[work->first_job]);
        /* a worker's ring has room for every work that exists: it cannot be full */
        if (vg_ring_push(t->settings.to_worker[work->flux->worker], &work))
            vg_log(VG_LOG_ERROR, "a worker's ring is full");
    }
}

static void run_batch(struct vg_device_thread *t, struct vg_live_batch *batch)
{
    const struct vg_mono_time start = vg_mono_now();
    vg_beat_begin(&t->beat, start);
    if (batch->trial)
        vg_map_trial_begin(batch->trial, vg_wall_now());
    batch->status = t->altered ? vg_fault_set(&batch->fault, VG_E_INTEGRITY,
                                              N_("the weights were altered in memory"), NULL, "%s",
                                              t->settings.unit.name(t->settings.unit.self))
                               : run_jobs(t, batch);
    const struct vg_mono_time end = vg_mono_now();
    if (batch->trial && !batch->status && !is_abandoned(t)) /* else it hung over it */
        vg_map_trial_end(batch->trial);
    vg_beat_end(&t->beat);
    atomic_fetch_add_explicit(&t->busy_us, end.us - start.us, memory_order_relaxed);
    if (batch->status) { /* its times would be those of the batch before */
        vg_log(VG_LOG_ERROR, "a batch was not answered: %s: %s", batch->fault.what,
               batch->fault.place);
    } else {
        vg_stage_times_add(t->settings.times, VG_STAGE_PREPARE, batch->times.prepare_us);
        vg_stage_times_add(t->settings.times, VG_STAGE_INFER,
                           batch->times.infer_us + batch->times.boxes_us);
        if (wants_maps(batch))
            vg_stage_times_add(t->settings.times, VG_STAGE_MAPS, batch->times.maps_us);
    }
    (void)pthread_mutex_lock(t->hand); /* else nobody wants it but he who abandons the thread */
    if (!t->abandoned)
        hand_on(t, batch);
    (void)pthread_mutex_unlock(t->hand);
}

static void *device_main(void *user)
{
    struct vg_device_thread *t = user;
    (void)prctl(PR_SET_NAME, "vg-device"); /* the bench tells threads apart by it */
    vg_alloc_seal();
    while (!is_abandoned(t)) {
        struct vg_live_batch *batch;
        weights_look(t);
        if (vg_ring_pop(t->batches, &batch)) {
            (void)!vg_ring_wait(t->batches, WAIT_MS);
            continue;
        }
        if (!batch)
            break;
        run_batch(t, batch);
    }
    atomic_store_explicit(&t->over, true, memory_order_release);
    return NULL;
}

enum vg_status vg_device_thread_open(struct vg_device_thread **thread,
                                     const struct vg_device_settings *settings)
{
    struct vg_device_thread *t = vg_alloc(sizeof *t);
    *thread = NULL;
    if (!t)
        return VG_E_MEMORY;
    t->settings = *settings;
    t->beat.name = "device";
    t->beat.limit_us = settings->limit_us ? settings->limit_us : VG_DEVICE_LIMIT_US;
    t->beat.ends_us = t->beat.limit_us;
    if (!t->settings.weights_every_us)
        t->settings.weights_every_us = VG_WEIGHTS_EVERY_US;
    t->looked = vg_mono_now();
    enum vg_status status = settings->unit.weights_digest(settings->unit.self, t->weights, NULL);
    if (!status)
        status = vg_ring_open(&t->batches, BATCHES_WAITING, sizeof(struct vg_live_batch *));
    t->own_made = !status && pthread_mutex_init(&t->own, NULL) == 0;
    t->hand = settings->hand ? settings->hand : &t->own;
    if (!status && !t->own_made)
        status = VG_E_LACK;
    if (!status) {
        t->running = pthread_create(&t->thread, NULL, device_main, t) == 0;
        status = t->running ? VG_OK : VG_E_LACK;
    }
    if (status)
        (void)vg_device_thread_close(&t);
    *thread = t;
    return status;
}

/* It also wakes who sleeps. */
void vg_device_thread_quit(struct vg_device_thread *thread)
{
    struct vg_live_batch *quit = NULL;
    if (!thread->asked)
        thread->asked = vg_ring_push(thread->batches, &quit) == VG_OK;
}

bool vg_device_thread_close(struct vg_device_thread **thread)
{
    struct vg_device_thread *t = *thread;
    *thread = NULL;
    if (!t)
        return true;
    if (t->running && t->abandoned && !vg_device_thread_over(t)) {
        (void)pthread_detach(t->thread); /* it may never end */
        return false;
    }
    if (t->running) {
        for (vg_device_thread_quit(t); !t->asked; vg_device_thread_quit(t))
            vg_pause_us(1000); /* full: the thread empties it */
        (void)pthread_join(t->thread, NULL);
    }
    if (t->own_made)
        (void)pthread_mutex_destroy(&t->own);
    vg_ring_close(&t->batches);
    vg_free(t);
    return true;
}

void vg_device_thread_abandon(struct vg_device_thread *thread)
{
    (void)pthread_mutex_lock(thread->hand);
    thread->abandoned = true;
    (void)pthread_mutex_unlock(thread->hand);
    vg_device_thread_quit(thread); /* its call may have returned just now: it would sleep */
}

bool vg_device_thread_over(const struct vg_device_thread *thread)
{
    return atomic_load_explicit(&thread->over, memory_order_acquire);
}

enum vg_status vg_device_thread_run(struct vg_device_thread *thread, struct vg_live_batch *batch)
{
    return vg_ring_push(thread->batches, &batch);
}

struct vg_beat *vg_device_thread_beat(struct vg_device_thread *thread)
{
    return &thread->beat;
}

int64_t vg_device_thread_busy_us(const struct vg_device_thread *thread)
{
    return atomic_load_explicit(&thread->busy_us, memory_order_relaxed);
}
