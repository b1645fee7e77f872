/* The loop of analysis. One thread decides (this one); nothing in it blocks. Pictures go
 *
 *   slots -> take -> batch -> device thread -> worker -> back here -> slot given back
 *
 * and every picture that was taken ends here in one count. */
#include "scheduler/analysis.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scheduler/decide_batch.h"
#include "scheduler/decide_looks.h"
#include "scheduler/decide_rate.h"
#include "scheduler/device_thread.h"
#include "scheduler/heat_thread.h"
#include "scheduler/live_coverage.h"
#include "scheduler/live_measures.h"
#include "scheduler/live_metrics.h"
#include "scheduler/model_guard.h"
#include "scheduler/watch_thread.h"
#include "scheduler/worker_thread.h"
#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/json.h"
#include "src/base/log.h"
#include "src/base/message.h"
#include "src/base/text.h"
#include "src/engine/programs_listener.h"
#include "src/media/slots.h"
#include "src/store/coverage_file.h"
#include "src/store/measures_file.h"

enum {
    BATCHES = 2,
    TICK_MS = 500,
    READY_GRACE_US = 20000
};

struct ingest {
    struct analysis *analysis;
    struct vg_slots *slots;
    int ready_fd;
    struct event *ready;
};

struct analysis {
    const struct vg_analysis_settings *settings;
    struct vg_fault *fault;
    enum vg_status status; /* why the loop ended */

    struct event_base *base;
    struct event *control, *tick;
    struct event *back[VG_LIVE_WORKERS_MAX];
    struct vg_message_reader reader;
    char *message; /* VG_MESSAGE_MAX + 1 bytes */

    struct ingest ingest[VG_ANALYSIS_INGESTS_MAX];
    struct vg_live_flux flux[VG_LIVE_FLUX_MAX];
    struct vg_live_config *config;  /* in force */
    struct vg_live_config *pending; /* waits until the flux that it changes are at rest */

    struct vg_model *model;
    struct vg_engine *engine;
    uint32_t batch_max, jobs_max; /* jobs of a run of the engine, of a batch of the loop */
    uint32_t worker_count;
    struct vg_live_batch batch[BATCHES];
    bool batch_busy[BATCHES];
    struct vg_device_thread *device;
    struct vg_worker_thread *worker[VG_LIVE_WORKERS_MAX];
    struct vg_live_alerts *alerts[VG_LIVE_WORKERS_MAX];
    struct vg_publisher *publisher;
    char node[64], model_wanted[64]; /* of the first configuration */
    struct vg_coverage_thread *coverage_writer;
    struct vg_live_coverage *coverage;
    struct vg_measures_thread *measures;
    struct vg_heat_thread *heat;
    struct vg_live_report *report;
    struct vg_live_view view[VG_LIVE_FLUX_MAX];
    struct vg_watch_thread *watch;
    struct vg_model_guard *guard;
    char model_path[4096];
    struct vg_live_beat loop_beat;
    struct vg_stage_times *times;
    struct vg_stop stop;
    uint64_t stop_generation;
    struct vg_live_totals totals;
    struct vg_candidate candidate[VG_LIVE_FLUX_MAX];
    struct vg_looks_credit credit; /* of the device's time, for second looks */
    int64_t job_us;                /* what a job takes, as of late; 0: not known */
};

static void end(struct analysis *a, enum vg_status status)
{
    if (!a->status)
        a->status = status;
    (void)event_base_loopbreak(a->base);
}

/* ---- whose picture, when ------------------------------------------------------------------ */

static struct vg_slots *slots_of(struct analysis *a, const struct vg_live_flux *flux)
{
    return a->ingest[flux->config.ingest].slots;
}

/* Asks for the next picture of the flux, a period after the last one was asked for. */
static void want_next(struct analysis *a, struct vg_live_flux *flux, int64_t now_us)
{
    flux->due_us += flux->period_us;
    if (flux->due_us < now_us - flux->period_us)
        flux->due_us = now_us; /* a gap is not made up for */
    flux->wanted++;
    vg_slots_want(slots_of(a, flux), flux->config.slot, flux->due_us);
}

/* A want that was used up means that a picture was published since. */
static void notice_pictures(struct analysis *a, uint32_t ingest, int64_t now_us)
{
    for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX; i++) {
        struct vg_live_flux *flux = &a->flux[i];
        if (!flux->used || !flux->config.active || flux->config.ingest != ingest)
            continue;
        if (vg_slots_wanted_us(slots_of(a, flux), flux->config.slot) != VG_SLOTS_NEVER)
            continue;
        if (!flux->waiting) {
            flux->waiting_since_us = now_us;
            flux->waiting_due_us = flux->due_us;
        }
        flux->waiting = true;
        want_next(a, flux, now_us);
    }
}

static void look_at_folder(struct analysis *a, struct vg_live_flux *flux)
{
    struct vg_slots_state state;
    vg_slots_state(slots_of(a, flux), flux->config.slot, &state);
    if (state.tag == vg_slots_tag(flux->config.id))
        vg_live_folder_follow(&flux->folder, a->settings->data, flux->config.id, state.figure);
}

/* How the flux's time is spent; also right after what decides it has changed. */
static void look_at_coverage(struct analysis *a, const struct vg_live_flux *flux)
{
    struct vg_slots_state state;
    vg_slots_state(slots_of(a, flux), flux->config.slot, &state);
    vg_live_coverage_look(flux, &state, vg_mono_now(), vg_wall_now());
}

static void count_analysed(struct analysis *a, const struct vg_live_work *work)
{
    struct vg_slots_state state;
    vg_slots_state(slots_of(a, work->flux), work->flux->config.slot, &state);
    vg_live_coverage_picture(work->flux, &state, &work->picture, vg_mono_now(), vg_wall_now());
}

/* What its events measured. */
static void keep_measures(struct analysis *a, const struct vg_live_work *work)
{
    struct vg_live_flux *flux = work->flux;
    const struct vg_watch_output *watched = vg_chain_watched(flux->chain);
    if (watched)
        vg_live_measures_picture(&flux->measures, a->measures, flux->config.id, flux->config.scene,
                                 watched, work->stopped_events, work->picture.wall);
}

/* The heat map is the chain's: its worker's while a picture is under way. */
static void look_at_measures(struct analysis *a, struct vg_live_flux *flux)
{
    const struct vg_mono_time now = vg_mono_now();
    vg_live_measures_look(&flux->measures, a->measures, flux->config.id, flux->config.scene, now);
    if (!flux->in_flight)
        vg_live_heat_look(&flux->heat, vg_chain_heat(flux->chain), a->heat, flux->config.id, now);
}

static void end_measures(struct analysis *a, struct vg_live_flux *flux)
{
    vg_live_measures_leave(&flux->measures, a->measures, flux->config.id, flux->config.scene);
    vg_live_heat_leave(vg_chain_heat(flux->chain), a->heat, flux->config.id);
}

static void look_at_permission(struct analysis *a);

static uint32_t gather(struct analysis *a)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX; i++) {
        const struct vg_live_flux *flux = &a->flux[i];
        if (flux->used && flux->waiting && !flux->in_flight)
            a->candidate[count++] = (struct vg_candidate){.flux = i,
                                                          .priority = flux->config.priority,
                                                          .due_us = flux->waiting_since_us,
                                                          .period_us = flux->period_us};
    }
    return count;
}

static uint32_t stopped_events(const struct analysis *a, const char *flux, struct vg_wall_time wall)
{
    uint32_t bits = 0;
    for (int e = 0; e < VG_EVENT_COUNT; e++)
        if (!vg_stop_permits(&a->stop, &a->config->authorisation, flux,
                             vg_event_name((enum vg_event)e), wall))
            bits |= UINT32_C(1) << e;
    return bits;
}

/* The one end of a picture that was taken: its fate, then its slot. */
static void end_picture(struct analysis *a, struct vg_live_flux *flux, uint32_t slot,
                        enum vg_fate fate)
{
    vg_slots_count(slots_of(a, flux), flux->config.slot, fate);
    vg_slots_give_back(slots_of(a, flux), flux->config.slot, slot);
}

static uint32_t source_fps_milli(struct analysis *a, const struct vg_live_flux *flux)
{
    struct vg_slots_state state;
    vg_slots_state(slots_of(a, flux), flux->config.slot, &state);
    const int64_t measured = state.figure[VG_FIGURE_INPUT_RATE];
    return measured > 0 && measured <= UINT32_MAX ? (uint32_t)measured : 0;
}

/* What the device will be busy with, and has not told yet. */
static int64_t under_way_us(const struct analysis *a)
{
    int64_t jobs = 0;
    for (int i = 0; i < BATCHES; i++)
        if (a->batch_busy[i])
            jobs += a->batch[i].jobs;
    return jobs * a->job_us;
}

/* How many second looks there is time for beside the pictures that begin to be a batch. */
static uint32_t looks_room(struct analysis *a, uint32_t pictures, int64_t now_us)
{
    const struct vg_candidate *first = vg_batch_next(a->candidate, pictures);
    vg_looks_credit_tell(&a->credit, now_us, vg_device_thread_busy_us(a->device));
    return vg_looks_room(&(struct vg_looks_load){.credit_us = a->credit.left_us - under_way_us(a),
                                                 .look_us = a->job_us,
                                                 .late_us = now_us - first->due_us,
                                                 .period_us = first->period_us,
                                                 .pictures = pictures,
                                                 .places = a->jobs_max - pictures});
}

/* The second looks at the picture that was just taken. */
static void take_looks(struct analysis *a, struct vg_live_work *work, struct vg_live_batch *batch,
                       uint32_t room)
{
    const uint32_t places = a->jobs_max - batch->jobs;
    struct vg_job job[VG_LOOKS_MAX];
    const struct vg_look_wish *wishes;
    const uint32_t wished = vg_chain_wishes(work->flux->chain, &work->picture, &wishes);
    vg_second_looks_ask(&work->looks, wishes, wished, &work->picture, room < places ? room : places,
                        job);
    memcpy(batch->job + batch->jobs, job, work->looks.count * sizeof *job);
    batch->jobs += work->looks.count;
    a->totals.looks_refused += work->looks.refused;
}

/* Since when the flux has been owed this picture. A source that sent nothing for a while is no
 * lateness of ours: a period before the first picture that waited at the most. */
static struct vg_mono_time due_of(const struct vg_live_flux *flux, struct vg_mono_time arrival)
{
    const int64_t first_us =
        arrival.us < flux->waiting_since_us ? arrival.us : flux->waiting_since_us;
    const int64_t least_us = first_us - flux->period_us;
    return (struct vg_mono_time){flux->waiting_due_us > least_us ? flux->waiting_due_us : least_us};
}

/* Takes the flux's newest picture into the batch, with at most `room` looks; false if there was
 * none after all. */
static bool take(struct analysis *a, struct vg_live_flux *flux, struct vg_live_batch *batch,
                 uint32_t room)
{
    struct vg_live_work *work = &batch->work[batch->count];
    flux->waiting = false;
    if (vg_slots_take_newest(slots_of(a, flux), flux->config.slot, &work->slot, &work->picture))
        return false;
    if (vg_watch_thread_generation(a->watch) != a->stop_generation)
        look_at_permission(a); /* the tick may be late: a stop must not be */
    if (!flux->permitted) {
        end_picture(a, flux, work->slot, VG_FATE_STOPPED);
        return false;
    }
    work->flux = flux;
    work->batch = batch;
    work->answer = NULL;
    work->alert_count = 0;
    work->phase = a->config->phase;
    work->taken = vg_mono_now();
    work->due = due_of(flux, work->picture.arrival);
    work->period_us = flux->period_us;
    work->media = vg_live_timeline_step(&flux->timeline, work->picture.epoch, work->picture.media,
                                        work->picture.arrival);
    work->source_fps_milli = source_fps_milli(a, flux);
    work->stopped_events = stopped_events(a, flux->config.id, work->picture.wall);
    vg_live_heat_picture(vg_chain_heat(flux->chain), a->heat, flux->config.id, work->picture.wall);
    work->first_job = batch->jobs;
    batch->job[batch->jobs++] = (struct vg_job){
        .picture = &work->picture,
        .threshold = VG_CHAIN_THRESHOLD,
        .nms = VG_CHAIN_NMS,
        .deadline = {flux->due_us},
        .maps = flux->maps,
        .time = work->media,
    };
    take_looks(a, work, batch, room);
    const struct vg_picture *picture = &work->picture;
    vg_stage_times_add(a->times, VG_STAGE_DECODE, picture->ready.us - picture->arrival.us);
    vg_stage_times_add(a->times, VG_STAGE_WAIT, work->taken.us - picture->ready.us);
    flux->in_flight = true;
    batch->count++;
    return true;
}

static int free_batch(const struct analysis *a)
{
    for (int i = 0; i < BATCHES; i++)
        if (!a->batch_busy[i])
            return i;
    return -1;
}

/* Pictures with their looks, as far as there are places. */
static void fill(struct analysis *a, struct vg_live_batch *batch, uint32_t chosen)
{
    uint32_t room = chosen ? looks_room(a, chosen, vg_mono_now().us) : 0;
    batch->count = batch->jobs = 0;
    for (uint32_t i = 0; i < chosen && batch->jobs < a->jobs_max; i++)
        if (take(a, &a->flux[a->candidate[i].flux], batch, room))
            room -= batch->work[batch->count - 1].looks.count;
}

static void dispatch(struct analysis *a)
{
    /* while a configuration waits, nothing new starts: the pictures under way end first */
    for (int at = free_batch(a); a->engine && !a->pending && at >= 0; at = free_batch(a)) {
        struct vg_live_batch *batch = &a->batch[at];
        const uint32_t count = gather(a);
        const uint32_t chosen = vg_batch_choose(a->candidate, count, a->batch_max);
        fill(a, batch, chosen);
        if (chosen == 0)
            return;
        if (batch->count == 0)
            continue; /* none of these had a picture after all; others may wait */
        batch->left = batch->count;
        a->batch_busy[at] = true;
        a->totals.batches++;
        a->totals.batched += batch->count;
        if (vg_device_thread_run(a->device, batch)) { /* its ring has room for all batches */
            end(a, VG_E_DEVICE);
            return;
        }
    }
}

static void apply_pending(struct analysis *a);

static void batch_failed(struct analysis *a, const struct vg_live_batch *batch)
{
    const bool device = batch->status == VG_E_DEVICE;
    (void)vg_fault_set(
        a->fault, batch->status, device ? N_("the device failed while working") : batch->fault.what,
        N_("see the log; the analysis starts again"), "%s", vg_engine_device_name(a->engine));
    end(a, batch->status);
}

/* What a job takes: the mean of late, in which one odd batch is little. */
static void note_job(struct analysis *a, const struct vg_live_batch *batch)
{
    const struct vg_engine_times *t = &batch->times;
    const int64_t us = (t->prepare_us + t->infer_us + t->boxes_us) / batch->jobs;
    a->job_us = a->job_us ? (7 * a->job_us + us) / 8 : us;
}

static void work_is_back(struct analysis *a, struct vg_live_work *work)
{
    struct vg_live_flux *flux = work->flux;
    struct vg_live_batch *batch = work->batch;
    end_picture(a, flux, work->slot, work->answer ? VG_FATE_ANALYSED : VG_FATE_SHUTDOWN);
    flux->in_flight = false;
    if (work->answer) {
        flux->alerts += work->alert_count;
        a->totals.looks_done += work->looks.count;
        flux->last_done = work->done;
        flux->view = flux->sight.report;
        flux->last_latency_us = work->done.us - work->picture.arrival.us;
        count_analysed(a, work);
        keep_measures(a, work);
        look_at_measures(a, flux);
    } else {
        batch_failed(a, batch);
    }
    if (--batch->left > 0)
        return;
    if (!batch->status)
        note_job(a, batch);
    a->batch_busy[batch - a->batch] = false;
}

static void on_back(evutil_socket_t fd, short what, void *user)
{
    struct analysis *a = user;
    (void)fd;
    (void)what;
    for (uint32_t w = 0; w < a->worker_count; w++) {
        struct vg_ring *out = vg_worker_thread_out(a->worker[w]);
        struct vg_live_work *work;
        vg_ring_drain(out);
        while (vg_ring_pop(out, &work) == VG_OK)
            work_is_back(a, work);
    }
    if (a->pending)
        apply_pending(a);
    dispatch(a);
}

static void on_ready(evutil_socket_t fd, short what, void *user)
{
    struct ingest *in = user;
    uint64_t count;
    (void)what;
    if (read(fd, &count, sizeof count) < 0)
        count = 0; /* another wake-up emptied it */
    notice_pictures(in->analysis, (uint32_t)(in - in->analysis->ingest), vg_mono_now().us);
    dispatch(in->analysis);
}

/* ---- configuration ------------------------------------------------------------------------ */

static void look_at_permission(struct analysis *a)
{
    const struct vg_wall_time now = vg_wall_now();
    a->stop_generation = vg_watch_thread_stop(a->watch, &a->stop);
    for (uint32_t i = 0; a->config && i < VG_LIVE_FLUX_MAX; i++) {
        struct vg_live_flux *flux = &a->flux[i];
        if (!flux->used)
            continue;
        const bool before = flux->permitted;
        flux->permitted =
            vg_stop_permits(&a->stop, &a->config->authorisation, flux->config.id, NULL, now);
        if (flux->permitted != before)
            look_at_coverage(a, flux);
    }
}

static bool same_flux(const struct vg_live_flux_config *a, const struct vg_live_flux_config *b)
{
    const char *ta = a->scene_text ? a->scene_text : "", *tb = b->scene_text ? b->scene_text : "";
    return strcmp(a->id, b->id) == 0 && a->ingest == b->ingest && a->slot == b->slot &&
           a->view_source == b->view_source && strcmp(ta, tb) == 0;
}

/* Starts (or restarts) asking for pictures at the flux's rate. */
static void set_rate(struct analysis *a, struct vg_live_flux *flux)
{
    const double floor_fps =
        flux->config.scene ? (double)vg_scene_floor_fps(flux->config.scene) : 0;
    const double fps = vg_rate_choose(flux->config.rate_fps, floor_fps, 0);
    flux->period_us = vg_rate_of(fps).period_us;
    vg_slots_expect(slots_of(a, flux), flux->config.slot, vg_slots_tag(flux->config.id));
    if (flux->config.active) {
        flux->due_us = vg_mono_now().us;
        flux->wanted++;
        vg_slots_want(slots_of(a, flux), flux->config.slot, flux->due_us);
    } else {
        flux->waiting = false;
        vg_slots_want(slots_of(a, flux), flux->config.slot, VG_SLOTS_NEVER);
    }
}

static const struct vg_live_flux_config *find_config(const struct vg_live_config *config,
                                                     const struct vg_live_flux *flux)
{
    for (uint32_t i = 0; i < config->flux_count; i++)
        if (same_flux(&config->flux[i], &flux->config))
            return &config->flux[i];
    return NULL;
}

static struct vg_live_flux *find_flux(struct analysis *a, const struct vg_live_flux_config *config)
{
    for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX; i++)
        if (a->flux[i].used && same_flux(&a->flux[i].config, config))
            return &a->flux[i];
    return NULL;
}

static bool names_flux(const struct vg_live_config *config, const char *id)
{
    for (uint32_t i = 0; i < config->flux_count; i++)
        if (strcmp(config->flux[i].id, id) == 0)
            return true;
    return false;
}

/* Closes what is gone or changed. */
static void close_changed(struct analysis *a, const struct vg_live_config *config)
{
    for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX; i++) {
        struct vg_live_flux *flux = &a->flux[i];
        if (!flux->used || find_config(config, flux))
            continue;
        vg_slots_want(slots_of(a, flux), flux->config.slot, VG_SLOTS_NEVER);
        vg_live_flux_leave(flux);
        end_measures(a, flux);
        if (!names_flux(config, flux->config.id)) {
            vg_live_flux_forget(flux);
            vg_live_folder_forget(a->settings->data, flux->config.id);
            vg_live_coverage_leave(flux->ledger, vg_mono_now(), vg_wall_now());
        }
        vg_live_flux_close(flux);
    }
}

static void open_one(struct analysis *a, struct vg_live_flux_config *config)
{
    struct vg_live_flux *flux = find_flux(a, config);
    if (flux) { /* only rate, priority, the switch or a confirmation may have changed */
        const bool changed = flux->config.active != config->active ||
                             flux->config.rate_fps < config->rate_fps ||
                             flux->config.rate_fps > config->rate_fps;
        flux->config.rate_fps = config->rate_fps;
        flux->config.priority = config->priority;
        flux->config.active = config->active;
        flux->config.view_confirmed = config->view_confirmed;
        if (changed) {
            set_rate(a, flux);
            look_at_coverage(a, flux);
        }
        return;
    }
    for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX; i++) {
        if (a->flux[i].used)
            continue;
        if (config->ingest >= a->settings->ingest_count) {
            vg_log(VG_LOG_ERROR, "flux %s names an ingest that is not there", config->id);
            return;
        }
        if (vg_live_flux_open(&a->flux[i], config, a->settings->data, vg_engine_maps(a->engine))) {
            vg_log(VG_LOG_ERROR, "flux %s: no memory for it", config->id);
            return;
        }
        a->flux[i].worker = i % a->worker_count;
        a->flux[i].known = vg_model_classes(a->model);
        a->flux[i].ledger = vg_live_coverage_find(a->coverage, a->flux[i].config.id);
        set_rate(a, &a->flux[i]);
        return;
    }
}

static bool any_under_way(const struct analysis *a)
{
    for (int i = 0; i < BATCHES; i++)
        if (a->batch_busy[i])
            return true;
    return false;
}

/* Takes the pending configuration over once no picture is under way: works point into it. */
static void apply_pending(struct analysis *a)
{
    if (any_under_way(a))
        return; /* again when the last picture is back */
    close_changed(a, a->pending);
    for (uint32_t i = 0; i < a->pending->flux_count; i++)
        open_one(a, &a->pending->flux[i]);
    vg_live_config_free(&a->config);
    a->config = a->pending;
    a->pending = NULL;
    look_at_permission(a);
    vg_log(VG_LOG_INFO, "configuration %llu: %u flux", (unsigned long long)a->config->version,
           a->config->flux_count);
}

/* ---- starting ----------------------------------------------------------------------------- */

/* Says once that the device compiles kernels, and once that it has done so. */
struct cold_start {
    struct vg_programs_listener listener;
    struct vg_mono_time start;
    bool said;
};

static void on_cold_start(struct vg_programs_listener *listener, enum vg_programs_work work,
                          uint32_t done, uint32_t total, const char *kernel)
{
    struct cold_start *cold = (struct cold_start *)(void *)listener;
    (void)work;
    if (cold->said || vg_mono_now().us - cold->start.us < VG_US_PER_S)
        return;
    cold->said = true;
    vg_log(VG_LOG_INFO, "first start on this device: it compiles its kernels (%u of %u, %s)", done,
           total, kernel);
}

static void cold_start_end(const struct cold_start *cold)
{
    if (cold->said)
        vg_log(VG_LOG_INFO, "kernels ready after %.1f s",
               (double)(vg_mono_now().us - cold->start.us) / VG_US_PER_S);
}

/* The model, if it may be used, and who watches its file from now on. */
static enum vg_status open_model(struct analysis *a, const struct vg_live_config *config)
{
    struct vg_model_guard_settings guard = {.path = a->model_path,
                                            .every_s = a->settings->model_check_s};
    enum vg_status status =
        vg_model_path(config->model, a->model_path, sizeof a->model_path, a->fault);
    if (!status)
        status = vg_model_find(config->model, &a->model, a->fault);
    if (!status)
        status = vg_model_guard_admit(
            a->settings->data, a->model,
            strcmp(config->phase, "operational") == 0 ? VG_MODEL_MUST_STAY : VG_MODEL_MAY_CHANGE,
            a->fault);
    if (status)
        return status;
    memcpy(guard.digest, a->model->digest, sizeof guard.digest);
    return vg_model_guard_open(&a->guard, &guard);
}

static enum vg_status open_engine(struct analysis *a, const struct vg_live_config *config)
{
    struct cold_start cold = {.listener = {on_cold_start}, .start = vg_mono_now()};
    enum vg_status status = open_model(a, config);
    if (status)
        return status;
    struct vg_engine_settings settings = vg_engine_defaults();
    settings.device = a->settings->device;
    settings.plan_file = a->settings->plan;
    settings.precision = a->settings->precision;
    settings.outputs = VG_OUTPUTS_NEEDED;
    settings.maps = VG_ENGINE_MAPS_MADE; /* a scene that asks for some may come any time */
    a->batch_max = a->settings->batch_max ? a->settings->batch_max : 4;
    settings.batch_max = a->batch_max;
    a->jobs_max = a->batch_max + VG_LOOKS_MAX;
    if (a->jobs_max > VG_BATCH_MAX)
        a->jobs_max = VG_BATCH_MAX;
    for (uint32_t i = 0; i < a->settings->ingest_count; i++) {
        const struct vg_slots_settings g = vg_slots_geometry(a->ingest[i].slots);
        if (g.width_max > settings.picture_width_max)
            settings.picture_width_max = g.width_max;
        if (g.height_max > settings.picture_height_max)
            settings.picture_height_max = g.height_max;
    }
    settings.listener = &cold.listener;
    settings.weights_from = a->model; /* the process needs only what it is called */
    status = vg_engine_open(&a->engine, a->model, &settings, a->fault);
    cold_start_end(&cold);
    if (status)
        return status;
    vg_log(VG_LOG_INFO, "device %s, model %s, %s, plan %.12s", vg_engine_device_name(a->engine),
           a->model->name, vg_engine_precision(a->engine), vg_engine_plan_hash(a->engine));
    for (int i = 0; i < BATCHES; i++) {
        a->batch[i].answer = vg_alloc_array(a->jobs_max, sizeof *a->batch[i].answer);
        if (!a->batch[i].answer)
            return VG_E_MEMORY;
    }
    return VG_OK;
}

static uint32_t choose_workers(const struct vg_analysis_settings *settings)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const long count = settings->workers ? (long)settings->workers : (cores + 3) / 4;
    return count < 1 ? 1 : count > VG_LIVE_WORKERS_MAX ? VG_LIVE_WORKERS_MAX : (uint32_t)count;
}

static enum vg_status open_workers(struct analysis *a, uint32_t count, const char *node)
{
    struct vg_device_settings device = {
        .engine = a->engine, .times = a->times, .batch_max = a->batch_max};
    for (uint32_t i = 0; i < count; i++) {
        const struct vg_live_alert_settings alerts = {
            .publisher = a->publisher,
            .lane = i,
            .model = a->model,
            .precision = vg_engine_precision(a->engine),
            .plan = vg_engine_plan_hash(a->engine),
            .node = node,
            .times = a->times,
        };
        enum vg_status status = vg_live_alerts_open(&a->alerts[i], &alerts, a->fault);
        if (status)
            return status;
        const struct vg_worker_settings worker = {a->times, a->alerts[i]};
        status = vg_worker_thread_open(&a->worker[i], &worker);
        if (status)
            return status;
        a->worker_count = i + 1;
        device.to_worker[i] = vg_worker_thread_in(a->worker[i]);
        a->back[i] = event_new(a->base, vg_ring_fd(vg_worker_thread_out(a->worker[i])),
                               EV_READ | EV_PERSIST, on_back, a);
        if (!a->back[i] || event_add(a->back[i], NULL))
            return VG_E_MEMORY;
        status = vg_watch_thread_add(a->watch, vg_worker_thread_beat(a->worker[i]));
        if (status)
            return status;
    }
    const enum vg_status status = vg_device_thread_open(&a->device, &device);
    return status ? status : vg_watch_thread_add(a->watch, vg_device_thread_beat(a->device));
}

static enum vg_status open_publisher(struct analysis *a, uint32_t lanes)
{
    char folder[4096];
    struct vg_spool_found found;
    if (vg_path_join(folder, sizeof folder, a->settings->data, "spool"))
        return VG_E_CALL;
    struct vg_publisher_settings settings =
        vg_publisher_defaults(folder, a->settings->redis, a->node);
    settings.lanes = lanes;
    settings.latency = &a->times->stage[VG_STAGE_REDIS];
    settings.items_per_lane = VG_ALERTS_PER_PICTURE_MAX; /* all of one picture at once */
    return vg_publisher_open(&a->publisher, &settings, &found, a->fault);
}

static enum vg_status start_working(struct analysis *a, const struct vg_live_config *config)
{
    const uint32_t workers = choose_workers(a->settings);
    (void)snprintf(a->node, sizeof a->node, "%s", config->node);
    (void)snprintf(a->model_wanted, sizeof a->model_wanted, "%s", config->model);
    enum vg_status status = open_engine(a, config);
    if (!status)
        status = open_publisher(a, workers);
    if (!status)
        status = open_workers(a, workers, a->node);
    return status;
}

static void take_config(struct analysis *a, const json_t *message)
{
    struct vg_live_config *config;
    struct vg_fault fault;
    if (vg_live_config_read(message, &config, &fault)) {
        vg_log(VG_LOG_ERROR, "the configuration was refused: %s", fault.place);
        return;
    }
    if (!a->engine) {
        const enum vg_status status = start_working(a, config);
        if (status) {
            vg_live_config_free(&config);
            end(a, status);
            return;
        }
    }
    if (strcmp(config->model, a->model_wanted) != 0) {
        vg_log(VG_LOG_INFO, "another model is wanted: the analysis starts again");
        vg_live_config_free(&config);
        end(a, VG_OK);
        return;
    }
    vg_live_config_free(&a->pending);
    a->pending = config;
    apply_pending(a);
}

static void on_control(evutil_socket_t fd, short what, void *user)
{
    struct analysis *a = user;
    const char *text, *type;
    size_t size;
    (void)what;
    for (;;) {
        const enum vg_status status = vg_message_take(&a->reader, fd, &text, &size);
        if (status == VG_E_END)
            return;
        if (status) { /* the supervisor is gone */
            (void)event_base_loopbreak(a->base);
            return;
        }
        json_t *message = vg_message_parse(text, size, &type);
        if (message && strcmp(type, "config") == 0)
            take_config(a, message);
        const bool quit = message && strcmp(type, "quit") == 0;
        json_decref(message);
        if (quit)
            (void)event_base_loopbreak(a->base);
        if (quit || event_base_got_break(a->base))
            return; /* ended: what else came is of no use */
    }
}

/* ---- the tick: permission, state of the flux, metrics -------------------------------------- */

static void publish_state(struct analysis *a)
{
    if (!a->publisher)
        return;
    struct vg_publisher_counts published;
    const struct vg_mono_time now = vg_mono_now();
    vg_publisher_read_counts(a->publisher, &published);
    a->totals.busy_us = vg_device_thread_busy_us(a->device);
    a->totals.sealed_allocations = vg_alloc_sealed_count();
    a->totals.model_checks = vg_model_guard_checks(a->guard);
    a->totals.model_intact = vg_model_guard_intact(a->guard);
    a->totals.coverage = vg_coverage_thread_counts(a->coverage_writer);
    a->totals.measures = vg_measures_thread_counts(a->measures);
    a->totals.heat = vg_heat_thread_counts(a->heat);
    vg_live_report_begin(a->report, &a->totals, a->times, &published);
    uint32_t count = 0;
    for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX; i++) {
        const struct vg_live_flux *flux = &a->flux[i];
        if (!flux->used)
            continue;
        a->view[count].flux = flux;
        vg_slots_state(slots_of(a, flux), flux->config.slot, &a->view[count].state);
        vg_live_publish_flux(a->publisher, &a->view[count++], now);
    }
    vg_live_report_flux(a->report, a->view, count);
    if (vg_publisher_metrics(a->publisher, "analysis", a->report->text, a->report->out.size))
        vg_log(VG_LOG_WARN, "the metrics text found no place");
    vg_watch_thread_note(
        a->watch, !a->totals.model_intact
                      ? N_("the model's file is not what was loaded: the analysis does not use it")
                  : published.redis_well ? NULL
                                         : N_("Redis does not answer: alerts wait in the spool"));
}

static void on_tick(evutil_socket_t fd, short what, void *user)
{
    struct analysis *a = user;
    (void)fd;
    (void)what;
    /* the beat of a loop that runs: the tick itself is the deadline */
    a->loop_beat.busy_since_us = vg_mono_now().us;
    look_at_permission(a);
    for (uint32_t i = 0; i < a->settings->ingest_count; i++)
        notice_pictures(a, i, vg_mono_now().us); /* an eventfd lost by a killed ingest */
    dispatch(a);
    for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX; i++)
        if (a->flux[i].used) {
            look_at_coverage(a, &a->flux[i]);
            look_at_measures(a, &a->flux[i]);
            look_at_folder(a, &a->flux[i]);
        }
    publish_state(a);
}

/* ---- life --------------------------------------------------------------------------------- */

static enum vg_status open_ingests(struct analysis *a)
{
    for (uint32_t i = 0; i < a->settings->ingest_count; i++) {
        struct ingest *in = &a->ingest[i];
        in->analysis = a;
        in->ready_fd = a->settings->ingest[i].ready_fd;
        const enum vg_status status =
            vg_slots_open(&in->slots, a->settings->ingest[i].slots_fd, a->fault);
        if (status)
            return status;
        const uint32_t held = vg_slots_recover_reader(in->slots);
        if (held)
            vg_log(VG_LOG_WARN, "%u pictures were held by an analysis that died", held);
        (void)evutil_make_socket_nonblocking(in->ready_fd);
        in->ready = event_new(a->base, in->ready_fd, EV_READ | EV_PERSIST, on_ready, in);
        if (!in->ready || event_add(in->ready, NULL))
            return VG_E_MEMORY;
    }
    return VG_OK;
}

static enum vg_status open_coverage(struct analysis *a)
{
    const uint32_t days = a->settings->coverage_days;
    const enum vg_status status = vg_coverage_thread_open(&a->coverage_writer, a->settings->data,
                                                          days ? days : VG_COVERAGE_KEEP_DAYS);
    return status ? status : vg_live_coverage_open(&a->coverage, a->coverage_writer);
}

static enum vg_status open_measures(struct analysis *a)
{
    const enum vg_status status =
        vg_measures_thread_open(&a->measures, a->settings->data, VG_MEASURES_KEEP_DAYS);
    return status ? status
                  : vg_heat_thread_open(&a->heat, a->settings->data, VG_MEASURES_KEEP_DAYS);
}

static enum vg_status open_all(struct analysis *a)
{
    char folder[4096];
    struct timeval tick = {0, TICK_MS * 1000};
    if (vg_path_join(folder, sizeof folder, a->settings->data, "state"))
        return VG_E_CALL;
    enum vg_status status = vg_folder_make(folder, a->fault);
    if (status)
        return status;
    a->base = event_base_new();
    a->message = vg_alloc(VG_MESSAGE_MAX + 1);
    a->times = vg_alloc(sizeof *a->times);
    a->report = vg_alloc(sizeof *a->report);
    a->totals.start = vg_mono_now();
    if (!a->base || !a->message || !a->times || !a->report)
        return VG_E_MEMORY;
    vg_message_reader_init(&a->reader, a->message, VG_MESSAGE_MAX + 1);
    (void)evutil_make_socket_nonblocking(a->settings->control_fd);
    a->control = event_new(a->base, a->settings->control_fd, EV_READ | EV_PERSIST, on_control, a);
    a->tick = event_new(a->base, -1, EV_PERSIST, on_tick, a);
    if (!a->control || !a->tick || event_add(a->control, NULL) || event_add(a->tick, &tick))
        return VG_E_MEMORY;
    a->loop_beat.name = "loop";
    a->loop_beat.limit_us = 120 * VG_US_PER_S;     /* opening a device compiles its kernels */
    a->loop_beat.busy_since_us = vg_mono_now().us; /* it may be opened before the first tick */
    const struct vg_watch_settings watch = {a->settings->data, a->settings->control_fd};
    status = vg_watch_thread_open(&a->watch, &watch);
    if (!status)
        vg_watch_thread_note(a->watch, N_("the analysis opens its device"));
    if (!status)
        status = vg_watch_thread_add(a->watch, &a->loop_beat);
    if (!status)
        status = open_coverage(a);
    if (!status)
        status = open_measures(a);
    return status ? status : open_ingests(a);
}

static void close_events(struct analysis *a)
{
    if (a->control)
        event_free(a->control);
    if (a->tick)
        event_free(a->tick);
    for (uint32_t i = 0; i < VG_LIVE_WORKERS_MAX; i++)
        if (a->back[i])
            event_free(a->back[i]);
    for (uint32_t i = 0; i < VG_ANALYSIS_INGESTS_MAX; i++)
        if (a->ingest[i].ready)
            event_free(a->ingest[i].ready);
    if (a->base)
        event_base_free(a->base);
}

static void close_all(struct analysis *a)
{
    vg_watch_thread_close(&a->watch); /* it looks at the others */
    /* in the order of the way: the device ends its batch, the workers what they hold */
    vg_device_thread_close(&a->device);
    for (uint32_t i = 0; i < VG_LIVE_WORKERS_MAX; i++)
        vg_worker_thread_close(&a->worker[i]);
    for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX; i++) {
        if (a->flux[i].used) {
            look_at_folder(a, &a->flux[i]);
            look_at_folder(a, &a->flux[i]); /* a mark counts that is the same twice */
            vg_live_flux_leave(&a->flux[i]);
            end_measures(a, &a->flux[i]);
        }
        vg_live_flux_close(&a->flux[i]);
    }
    vg_live_coverage_close(&a->coverage, vg_mono_now(), vg_wall_now());
    vg_coverage_thread_close(&a->coverage_writer);
    vg_measures_thread_close(&a->measures);
    vg_heat_thread_close(&a->heat);
    for (uint32_t i = 0; i < VG_LIVE_WORKERS_MAX; i++)
        vg_live_alerts_close(&a->alerts[i]);
    vg_publisher_close(&a->publisher);
    close_events(a);
    for (uint32_t i = 0; i < VG_ANALYSIS_INGESTS_MAX; i++)
        vg_slots_close(&a->ingest[i].slots);
    vg_model_guard_close(&a->guard);
    vg_engine_close(&a->engine);
    vg_model_close(&a->model);
    for (int i = 0; i < BATCHES; i++)
        vg_free(a->batch[i].answer);
    vg_live_config_free(&a->config);
    vg_live_config_free(&a->pending);
    vg_free(a->report);
    vg_free(a->times);
    vg_free(a->message);
}

enum vg_status vg_analysis_run(const struct vg_analysis_settings *settings, struct vg_fault *fault)
{
    struct analysis *a = vg_alloc(sizeof *a);
    if (!a)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "analysis");
    a->settings = settings;
    a->fault = fault;
    enum vg_status status = open_all(a);
    if (!status) {
        (void)event_base_dispatch(a->base);
        status = a->status;
    }
    close_all(a);
    vg_free(a);
    return status;
}
