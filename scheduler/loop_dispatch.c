/* Whose picture, when. Every picture that was taken ends here in one count. */
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "scheduler/decide_rate.h"
#include "scheduler/device_gate.h"
#include "scheduler/live_measures.h"
#include "scheduler/loop.h"
#include "src/base/log.h"
#include "src/base/text.h"

/* A loop that is deaf hears by then, even if the answer that it reckons with does not come: what is
 * noticed late is asked for late. */
#define DEAF_MOST_US 10000

void vg_loop_end(struct vg_loop *a, enum vg_status status)
{
    if (!a->status)
        a->status = status;
    (void)event_base_loopbreak(a->base);
}

struct vg_slots *vg_loop_slots(struct vg_loop *a, const struct vg_live_flux *flux)
{
    return a->ingest[flux->config.ingest].slots;
}

static void note_waiting(struct vg_loop *a, struct vg_live_flux *flux, int64_t since_us)
{
    if (flux->waiting)
        return;
    flux->waiting_since_us = since_us;
    flux->waiting_due_us = flux->due_us;
    flux->waiting = true;
    a->waits[a->waiting++] = (uint32_t)(flux - a->flux);
}

static void end_waiting(struct vg_loop *a, struct vg_live_flux *flux)
{
    const uint32_t place = (uint32_t)(flux - a->flux);
    if (!flux->waiting)
        return;
    flux->waiting = false;
    uint32_t at = 0;
    while (a->waits[at] != place)
        at++;
    a->waits[at] = a->waits[--a->waiting];
}

/* Now, for pictures that are on their way through a decoder: want and arrival are compared there, and
 * those that came until now may be yet to come here. By our own clock the next one that is wanted
 * would be ahead of them, and a flux that is late would get one picture for each time that it is late
 * by. */
static int64_t source_now_us(struct vg_loop *a, const struct vg_live_flux *flux, int64_t now_us)
{
    const int64_t arrival_us = vg_slots_arrival_us(vg_loop_slots(a, flux), flux->config.slot);
    return arrival_us > 0 && arrival_us < now_us ? arrival_us : now_us;
}

void vg_loop_set_period(struct vg_loop *a, struct vg_live_flux *flux, int64_t period_us)
{
    struct vg_slots *slots = vg_loop_slots(a, flux);
    const bool asked = flux->asks;
    flux->asks = period_us != VG_SLOTS_NEVER;
    if (!flux->asks) {
        end_waiting(a, flux); /* what is ready is taken, or met by its fate, when it asks again */
        vg_slots_want(slots, flux->config.slot, VG_SLOTS_NEVER);
        return;
    }
    const int64_t before_us = flux->period_us;
    flux->period_us = period_us;
    if (asked && before_us == period_us)
        return;
    const int64_t now_us = vg_mono_now().us;
    if (asked && vg_slots_wanted_us(slots, flux->config.slot) == VG_SLOTS_NEVER)
        note_waiting(a, flux, now_us); /* a picture is there that nobody has noticed yet */
    flux->due_us =
        asked && before_us > 0 && period_us > 0
            ? vg_rate_change_us(flux->due_us, before_us, period_us, source_now_us(a, flux, now_us))
            : vg_rate_begin_us((uint32_t)(flux - a->flux), period_us, now_us);
    flux->wanted += !asked; /* else it was counted when it was asked for */
    vg_slots_want(slots, flux->config.slot, flux->due_us);
}

/* Asks for the next picture of the flux, a period after the last one was asked for. */
static void want_next(struct vg_loop *a, struct vg_live_flux *flux, int64_t now_us)
{
    const int64_t from_us = source_now_us(a, flux, now_us);
    flux->due_us =
        flux->period_us ? vg_rate_next_us(flux->due_us, flux->period_us, from_us) : from_us;
    flux->wanted++;
    vg_slots_want(vg_loop_slots(a, flux), flux->config.slot, flux->due_us);
}

/* Since when the picture that is noticed now waits: now, if it was heard. What came to a deaf loop was not
 * there when all were collected last, nor before it was due; of several the one that was due first has
 * waited longest. */
static int64_t came_us(const struct vg_loop *a, const struct vg_live_flux *flux, int64_t now_us)
{
    if (!a->deaf)
        return now_us;
    const int64_t least_us = flux->due_us > a->collected_us ? flux->due_us : a->collected_us;
    return least_us < now_us ? least_us : now_us;
}

/* A want that was used up means that a picture was published since. */
void vg_loop_notice(struct vg_loop *a, uint32_t ingest, int64_t now_us)
{
    const struct vg_loop_ingest *in = &a->ingest[ingest];
    for (uint32_t i = 0; i < in->flux_count; i++) {
        struct vg_live_flux *flux = &a->flux[in->flux[i]];
        if (!flux->asks || vg_slots_wanted_us(in->slots, flux->config.slot) != VG_SLOTS_NEVER)
            continue;
        note_waiting(a, flux, came_us(a, flux, now_us));
        want_next(a, flux, now_us);
    }
}

static uint32_t gather(const struct vg_loop_device *d)
{
    struct vg_loop *a = d->loop;
    const uint32_t device = (uint32_t)(d - a->device);
    uint32_t count = 0;
    for (uint32_t i = 0; i < a->waiting; i++) {
        const struct vg_live_flux *flux = &a->flux[a->waits[i]];
        if (flux->device == device && !flux->in_flight)
            a->candidate[count++] = (struct vg_candidate){.flux = a->waits[i],
                                                          .priority = flux->config.priority,
                                                          .due_us = flux->waiting_since_us,
                                                          .period_us = flux->period_us,
                                                          .stir = flux->share.stir};
    }
    return count;
}

static uint32_t stopped_events(const struct vg_loop *a, const char *flux, struct vg_wall_time wall)
{
    uint32_t bits = 0;
    for (int e = 0; e < VG_EVENT_COUNT; e++)
        if (!vg_stop_permits(&a->stop, &a->config->authorisation, flux,
                             vg_event_name((enum vg_event)e), wall))
            bits |= UINT32_C(1) << e;
    return bits;
}

/* The one end of a picture that was taken: its fate, then its slot. */
static void end_picture(struct vg_loop *a, struct vg_live_flux *flux, uint32_t slot,
                        enum vg_fate fate)
{
    vg_slots_count(vg_loop_slots(a, flux), flux->config.slot, fate);
    vg_slots_give_back(vg_loop_slots(a, flux), flux->config.slot, slot);
}

static uint32_t source_fps_milli(struct vg_loop *a, const struct vg_live_flux *flux)
{
    const int64_t measured =
        vg_slots_figure(vg_loop_slots(a, flux), flux->config.slot, VG_FIGURE_INPUT_RATE);
    return measured > 0 && measured <= UINT32_MAX ? (uint32_t)measured : 0;
}

/* That are likely to go through the net. */
static uint32_t expected_jobs(const struct vg_live_batch *batch)
{
    uint32_t still = 0;
    for (uint32_t i = 0; i < batch->count; i++)
        still += batch->work[i].may_still;
    return batch->jobs - still;
}

/* What the device will be busy with, and has not told yet. */
static int64_t under_way_us(const struct vg_loop_device *d)
{
    int64_t us = 0;
    for (int i = 0; i < VG_LOOP_BATCHES; i++)
        if (d->batch_busy[i])
            us += vg_batch_time_of(&d->batch_time, expected_jobs(&d->batch[i]));
    return us;
}

/* How many second looks there is time for beside the pictures that begin to be a batch. */
static uint32_t looks_room(struct vg_loop_device *d, uint32_t pictures, int64_t now_us)
{
    const struct vg_loop *a = d->loop;
    const struct vg_candidate *first = vg_batch_next(a->candidate, pictures);
    vg_looks_credit_tell(&d->credit, now_us, vg_device_thread_busy_us(d->open.thread));
    return vg_looks_room(&(struct vg_looks_load){.credit_us = d->credit.left_us - under_way_us(d),
                                                 .look_us = vg_batch_time_of(&d->batch_time, 1),
                                                 .late_us = now_us - first->due_us,
                                                 .period_us = first->period_us,
                                                 .pictures = pictures,
                                                 .places = a->jobs_max - pictures});
}

/* The second looks at the picture that was just taken. */
static void take_looks(struct vg_loop *a, struct vg_live_work *work, struct vg_live_batch *batch,
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

/* Since when the flux has been owed this picture, and how many it stands for. A source that sent
 * nothing for a while is no lateness of ours: a period before the first picture that waited at the
 * most. */
static void note_due(const struct vg_live_flux *flux, struct vg_live_work *work)
{
    const int64_t arrival_us = work->picture.arrival.us, since_us = flux->waiting_since_us;
    const int64_t least_us = (arrival_us < since_us ? arrival_us : since_us) - flux->period_us;
    work->due.us = flux->waiting_due_us > least_us ? flux->waiting_due_us : least_us;
    work->period_us = flux->period_us;
    const int64_t more = flux->period_us > 0 ? (flux->due_us - work->due.us) / flux->period_us : 1;
    work->dues = more < 1 ? 1 : more < UINT32_MAX ? (uint32_t)more : UINT32_MAX;
}

/* Takes the flux's newest picture into the batch, with at most `room` looks; false if there was
 * none after all. */
static bool take(struct vg_loop *a, struct vg_live_flux *flux, struct vg_live_batch *batch,
                 uint32_t room)
{
    struct vg_live_work *work = &batch->work[batch->count];
    end_waiting(a, flux);
    if (vg_slots_take_newest(vg_loop_slots(a, flux), flux->config.slot, &work->slot,
                             &work->picture))
        return false;
    if (vg_watch_thread_generation(a->watch) != a->stop_generation)
        vg_loop_look_at_permission(a); /* the tick may be late: a stop must not be */
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
    note_due(flux, work);
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
    vg_device_gate_begin(work);
    if (flux->maps)
        batch->trial = &a->device[flux->device].map_trial;
    take_looks(a, work, batch, room);
    const struct vg_picture *picture = &work->picture;
    const struct vg_mono_time sent =
        vg_slots_sent(vg_loop_slots(a, flux), flux->config.slot, work->slot, picture);
    vg_stage_times_add(a->times, VG_STAGE_RECEIVE, sent.us - picture->arrival.us);
    vg_stage_times_add(a->times, VG_STAGE_DECODE, picture->ready.us - sent.us);
    vg_stage_times_add(a->times, VG_STAGE_WAIT, work->taken.us - picture->ready.us);
    flux->in_flight = true;
    batch->count++;
    return true;
}

static int free_batch(const struct vg_loop_device *d)
{
    for (int i = 0; i < VG_LOOP_BATCHES; i++)
        if (!d->batch_busy[i])
            return i;
    return -1;
}

/* Pictures with their looks, as far as there are places. */
static void fill(struct vg_loop_device *d, struct vg_live_batch *batch, uint32_t chosen)
{
    struct vg_loop *a = d->loop;
    uint32_t room = chosen ? looks_room(d, chosen, vg_mono_now().us) : 0;
    batch->count = batch->jobs = 0;
    batch->trial = NULL;
    batch->device = (uint32_t)(d - a->device);
    for (uint32_t i = 0; i < chosen && batch->jobs < a->jobs_max; i++)
        if (take(a, &a->flux[a->candidate[i].flux], batch, room))
            room -= batch->work[batch->count - 1].looks.count;
}

/* When the next picture falls due of a flux of the device of which nothing waits and nothing is under
 * way. */
static int64_t next_due_us(const struct vg_loop_device *d, int64_t now_us)
{
    const struct vg_loop *a = d->loop;
    const uint32_t device = (uint32_t)(d - a->device);
    int64_t next_us = VG_BATCH_NEVER;
    for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX; i++) {
        const struct vg_live_flux *flux = &a->flux[i];
        /* of one that is long due nothing comes: nobody waits for it */
        if (flux->used && flux->device == device && flux->asks && !flux->waiting &&
            !flux->in_flight && flux->due_us < next_us &&
            flux->due_us > now_us - flux->period_us / 2)
            next_us = flux->due_us;
    }
    return next_us;
}

/* The same, where it matters: for a batch that is not full before a device that idles. */
static int64_t next_us(const struct vg_loop_device *d, uint32_t count, int64_t now_us)
{
    return count > 0 && count < d->loop->batch_max && d->free_us <= now_us ? next_due_us(d, now_us)
                                                                           : VG_BATCH_NEVER;
}

/* What goes now, of the candidates; if it is nothing, when they are looked at again. */
static uint32_t choose(struct vg_loop_device *d, uint32_t count)
{
    struct vg_loop *a = d->loop;
    const int64_t now_us = vg_mono_now().us;
    const struct vg_batch_device device = {.most = a->batch_max,
                                           .free_us = d->free_us,
                                           .next_us = next_us(d, count, now_us),
                                           .time = d->batch_time};
    const struct vg_batch_plan plan = vg_batch_plan(a->candidate, count, &device, now_us);
    d->look_us = plan.count ? VG_BATCH_NEVER : plan.look_us;
    if (plan.count == 0 && plan.look_us != VG_BATCH_NEVER) {
        const int64_t left_us = plan.look_us > now_us ? plan.look_us - now_us : 1;
        const struct timeval left = {(time_t)(left_us / VG_US_PER_S),
                                     (suseconds_t)(left_us % VG_US_PER_S)};
        (void)event_add(d->look, &left);
    }
    return plan.count;
}

/* The batch goes behind what the device has. */
static void run(struct vg_loop_device *d, struct vg_live_batch *batch)
{
    struct vg_loop *a = d->loop;
    const int64_t now_us = vg_mono_now().us;
    const bool runs = d->batch_busy[0] || d->batch_busy[1];
    d->free_us = (d->free_us > now_us && runs ? d->free_us : now_us) +
                 vg_batch_time_of(&d->batch_time, expected_jobs(batch));
    batch->left = batch->count;
    batch->handed = false;
    batch->maker = &d->maker;
    d->batch_busy[batch - d->batch] = true;
    a->totals.batches++;
    a->totals.batched += batch->count;
    if (vg_device_thread_run(d->open.thread, batch)) /* its ring has room for all batches */
        vg_loop_end(a, VG_E_DEVICE);
}

static void dispatch(struct vg_loop_device *d)
{
    struct vg_loop *a = d->loop;
    /* while a configuration waits, nothing new starts: the pictures under way end first */
    for (int at = free_batch(d); a->waiting > 0 && !a->pending && at >= 0; at = free_batch(d)) {
        struct vg_live_batch *batch = &d->batch[at];
        const int64_t from_us = vg_loop_timed_from(a);
        const uint32_t count = gather(d);
        const uint32_t chosen = choose(d, count);
        fill(d, batch, chosen);
        if (chosen == 0)
            return;
        if (batch->count == 0)
            continue; /* none of these had a picture after all; others may wait */
        run(d, batch);
        if (a->settings->trial)
            vg_loop_timed_to(&a->settings->trial->dispatch, from_us);
    }
}

/* What has been published since. */
static void collect(struct vg_loop *a)
{
    struct epoll_event rung[VG_ANALYSIS_INGESTS_MAX];
    const int64_t now_us = vg_mono_now().us;
    const int count = epoll_wait(a->ready_set, rung, VG_ANALYSIS_INGESTS_MAX, 0);
    for (int i = 0; i < count; i++)
        vg_loop_notice(a, rung[i].data.u32, vg_mono_now().us);
    a->collected_us = now_us;
}

/* The device has work, and whatever comes goes with the batch after it: an answer or a look at that one is
 * near, and wakes the loop. */
static bool has_enough(const struct vg_loop_device *d, int64_t now_us)
{
    const int64_t wakes_us = free_batch(d) < 0 ? d->free_us : d->look_us;
    return d->state == VG_LOOP_DEVICE_WELL && d->free_us > now_us && wakes_us > now_us &&
           wakes_us - now_us <= DEAF_MOST_US;
}

/* To be woken by each picture only to find that it has to wait is most of the work of a busy loop. */
static void listen_or_not(struct vg_loop *a)
{
    const int64_t now_us = vg_mono_now().us;
    bool deaf = a->device_count > 0;
    for (uint32_t i = 0; i < a->device_count && deaf; i++)
        deaf = has_enough(&a->device[i], now_us);
    if (deaf) {
        static const struct timeval most = {0, DEAF_MOST_US};
        if (!event_add(a->hear, &most) && !a->deaf)
            a->deaf = !event_del(a->ready);
    } else if (a->deaf &&
               !event_add(a->ready, NULL)) { /* else it is tried again, when `hear` says so */
        a->deaf = false;
        (void)event_del(a->hear);
    }
}

void vg_loop_dispatch(struct vg_loop *a)
{
    collect(a);
    for (uint32_t i = 0; i < a->device_count; i++)
        if (a->device[i].state == VG_LOOP_DEVICE_WELL)
            dispatch(&a->device[i]);
    listen_or_not(a);
}

static void count_analysed(struct vg_loop *a, const struct vg_live_work *work)
{
    struct vg_slots_state state;
    vg_slots_state(vg_loop_slots(a, work->flux), work->flux->config.slot, &state);
    vg_live_coverage_picture(work->flux, &state, &work->picture, vg_mono_now(), vg_wall_now());
}

/* What its events measured. */
static void keep_measures(struct vg_loop *a, const struct vg_live_work *work)
{
    struct vg_live_flux *flux = work->flux;
    const struct vg_watch_output *watched = vg_chain_watched(flux->chain);
    if (watched)
        vg_live_measures_picture(&flux->measures, a->measures, flux->config.id, flux->config.scene,
                                 watched, work->stopped_events, work->picture.wall);
}

void vg_loop_picture_lost(struct vg_loop *a, const struct vg_live_work *work)
{
    end_picture(a, work->flux, work->slot, VG_FATE_SHUTDOWN);
    work->flux->in_flight = false;
}

/* The device is drained where others are; else the process ends, and the next one opens it. */
static void batch_failed(struct vg_loop *a, const struct vg_live_batch *batch)
{
    struct vg_loop_device *d = &a->device[batch->device];
    const bool lost = batch->status == VG_E_DEVICE;
    if (d->state != VG_LOOP_DEVICE_WELL)
        return; /* it is known */
    if (vg_loop_others_well(d)) {
        vg_loop_device_fails(d, batch->fault.what);
        return;
    }
    (void)vg_fault_set(a->fault, batch->status,
                       lost ? N_("the device failed while working") : batch->fault.what,
                       N_("see the log; the analysis starts again"), "%s", d->name);
    vg_loop_end(a, batch->status);
}

static void add_batch(struct vg_batch_sums *sums, double jobs, double ms)
{
    sums->count += 1;
    sums->jobs += jobs;
    sums->jobs_squared += jobs * jobs;
    sums->ms += ms;
    sums->ms_jobs += ms * jobs;
    sums->ms_squared += ms * ms;
}

/* What a batch takes is learnt, as far as it went through the net. */
static void note_times(struct vg_loop *a, struct vg_loop_device *d,
                       const struct vg_live_batch *batch)
{
    const int64_t taken_us = vg_device_gate_through_us(batch);
    const double jobs = batch->through, ms = (double)taken_us / 1000;
    if (!batch->through)
        return;
    add_batch(&a->totals.sums, jobs, ms);
    add_batch(&d->sums, jobs, ms);
    vg_batch_time_note(&d->batch_time, batch->through, taken_us);
}

/* What the picture took of the device. Second looks are no claim of a flux: they are paid from idle
 * time. */
static void note_cost(struct vg_loop *a, struct vg_live_flux *flux, const struct vg_live_work *work)
{
    const struct vg_live_batch *batch = work->batch;
    struct vg_loop_device *d = &a->device[batch->device];
    const int64_t all_us = vg_device_gate_us(work);
    const bool still = work->verdict == VG_GATE_STILL;
    const double before = flux->part, us = (double)vg_loop_counted_us(d, all_us);
    flux->busy_us += all_us;
    d->answered_us += still ? all_us : vg_device_gate_through_us(batch) / batch->through;
    if (!flux->gate)
        return;
    const double part = still && us < a->usual_job_us ? us / a->usual_job_us : 1;
    flux->part = vg_still_part(before, part, work->verdict);
    if (flux->part > 2 * before) /* its share is too small at once */
        a->shared_us = 0;
}

static void work_is_back(struct vg_loop *a, struct vg_live_work *work)
{
    struct vg_live_flux *flux = work->flux;
    struct vg_live_batch *batch = work->batch;
    struct vg_loop_device *d = &a->device[batch->device];
    end_picture(a, flux, work->slot,
                !work->answer                    ? VG_FATE_SHUTDOWN
                : work->verdict == VG_GATE_STILL ? VG_FATE_STILL
                                                 : VG_FATE_ANALYSED);
    flux->in_flight = false;
    if (work->answer) {
        flux->alerts += work->alert_count;
        note_cost(a, flux, work);
        a->totals.analysed++;
        a->totals.looks_done += work->looks.count;
        flux->last_done = work->done;
        flux->view = flux->sight.report;
        flux->told_stir = flux->stir;
        flux->last_latency_us = work->done.us - work->picture.arrival.us;
        count_analysed(a, work);
        keep_measures(a, work);
        vg_loop_look_at_measures(a, flux);
    } else {
        batch_failed(a, batch);
    }
    vg_loop_settle(a, flux);
    if (--batch->left > 0)
        return;
    if (!batch->status)
        note_times(a, d, batch);
    d->batch_busy[batch - d->batch] = false;
    /* it took more or less than was thought: the other one, if there is one, begins now */
    d->answer_us = vg_mono_now().us;
    d->free_us = d->answer_us + under_way_us(d);
}

void vg_loop_on_back(evutil_socket_t fd, short what, void *user)
{
    struct vg_loop *a = user;
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
        vg_loop_apply(a);
    vg_loop_dispatch(a);
}

void vg_loop_on_dispatch(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    vg_loop_dispatch(user);
}
