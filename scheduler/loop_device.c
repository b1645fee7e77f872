/* The life of the devices. One that fails is drained while others work: its flux go to them at once,
 * and it is opened anew after a while, longer each time. The last one that works takes the process
 * with it when it fails: the next one opens all of them (docs/decisions/0051). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/loop.h"
#include "src/alerts/alert_json.h"
#include "src/base/alloc.h"
#include "src/base/log.h"

#define RETRY_TIMES   6                   /* doublings: five minutes */
#define HELD_US       (300 * VG_US_PER_S) /* who works for so long begins with the short wait */
#define PARTS         2 /* of the watchdog's limit: who is busy for longer hangs */
#define PENDING_PARTS 6
#define OPENS_LONG_US (120 * VG_US_PER_S)
#define QUIT_US       (2 * VG_US_PER_S) /* for the last batches, of eight that the process has */

static uint32_t number_of(const struct vg_loop_device *d)
{
    return (uint32_t)(d - d->loop->device);
}

bool vg_loop_others_well(const struct vg_loop_device *d)
{
    const struct vg_loop *a = d->loop;
    for (uint32_t i = 0; i < a->device_count; i++)
        if (&a->device[i] != d && a->device[i].state == VG_LOOP_DEVICE_WELL)
            return true;
    return false;
}

struct vg_map_device *vg_loop_maps_of(const struct vg_loop_device *d)
{
    /* a call that hangs may come back, and write what rests there: none is opened any more */
    if (d->state != VG_LOOP_DEVICE_WELL || d->map_maker != VG_MAPS_BY_DEVICE || !d->open.engine)
        return NULL;
    return vg_engine_maps(d->open.engine);
}

void vg_loop_device_works(struct vg_loop_device *d)
{
    struct vg_loop *a = d->loop;
    const struct vg_device_unit *unit = &d->open.unit;
    vg_alert_model_text(a->model, unit->precision, d->maker.model);
    (void)snprintf(d->maker.plan, sizeof d->maker.plan, "%s", unit->plan);
    (void)snprintf(d->name, sizeof d->name, "%s", unit->name(unit->self));
    d->map_maker = d->open.engine ? d->open.map_maker : VG_MAPS_BY_HOST;
    d->map_trial = d->open.map_trial;
    if (d->open.engine && d->map_maker == VG_MAPS_BY_HOST)
        vg_log(VG_LOG_WARN,
               "maps are made by the processor: the analysis ended twice over the first "
               "ones of the device; it is tried again after a day");
    d->batch_time = (struct vg_batch_time){0};
    d->credit = (struct vg_looks_credit){0};
    d->free_us = d->job_us = d->answered_us = 0;
    d->well_us = d->answer_us = vg_mono_now().us;
    d->state = VG_LOOP_DEVICE_WELL;
    vg_loop_tell_device_cores(d);
}

static void wait_for_retry(struct vg_loop_device *d, int64_t now_us)
{
    d->times = d->well_us && now_us - d->well_us > HELD_US ? 0 : d->times;
    d->well_us = 0;
    const int64_t set_us = d->loop->settings->device_retry_us;
    d->retry_us = now_us + ((set_us ? set_us : VG_DEVICE_RETRY_US) << d->times);
    d->times += d->times < RETRY_TIMES;
}

static void leave(struct vg_loop_device *d, const char *why)
{
    struct vg_loop *a = d->loop;
    d->failures++;
    d->busy_before_us += vg_device_thread_busy_us(d->open.thread);
    vg_watch_thread_remove(a->watch, vg_device_thread_beat(d->open.thread));
    wait_for_retry(d, vg_mono_now().us);
    vg_log(VG_LOG_ERROR, "device %u (%s) failed (%s): its flux go to the others", number_of(d),
           d->name, why);
}

void vg_loop_device_fails(struct vg_loop_device *d, const char *why)
{
    if (d->state != VG_LOOP_DEVICE_WELL)
        return;
    d->state = VG_LOOP_DEVICE_DRAINED;
    vg_map_trial_end(&d->map_trial); /* the process goes on: no end over a first map */
    leave(d, why);
    vg_loop_place(d->loop);
}

/* ---- one that hangs ------------------------------------------------------------------------ */

static bool hangs(const struct vg_loop_device *d, struct vg_mono_time now)
{
    /* half of what the watchdog allows: he would end the process; less while a configuration waits for
     * its pictures, and all devices for that */
    const struct vg_beat *beat = vg_device_thread_beat(d->open.thread);
    const int64_t parts = d->loop->pending ? PENDING_PARTS : PARTS;
    return vg_beat_busy_us(beat, now) > beat->limit_us / parts;
}

/* What it was given and has not handed on is its own until it is over; the pictures have their fate. */
static void abandon(struct vg_loop_device *d)
{
    vg_device_thread_abandon(d->open.thread);
    for (int b = 0; b < VG_LOOP_BATCHES; b++) {
        struct vg_live_batch *batch = &d->batch[b];
        if (!d->batch_busy[b] || batch->handed)
            continue;
        d->batch_lost[b] = true;
        for (uint32_t i = 0; i < batch->count; i++)
            vg_loop_picture_lost(d->loop, &batch->work[i]);
    }
}

/* Over its first maps it keeps their mark: it is read again when the device is opened anew. */
static void begin_to_hang(struct vg_loop_device *d)
{
    if (d->state == VG_LOOP_DEVICE_WELL)
        leave(d, "it hangs");
    d->state = VG_LOOP_DEVICE_HANGS;
    abandon(d);
    vg_loop_place(d->loop);
    if (d->loop->pending)
        vg_loop_apply(d->loop);
}

/* The call came back after all. */
static void ends_to_hang(struct vg_loop_device *d)
{
    for (int b = 0; b < VG_LOOP_BATCHES; b++) {
        d->batch_busy[b] = d->batch_busy[b] && !d->batch_lost[b];
        d->batch_lost[b] = false;
    }
    d->state = VG_LOOP_DEVICE_DRAINED;
    vg_log(VG_LOG_WARN, "device %u (%s) does not hang any more", number_of(d), d->name);
}

/* ---- opening ------------------------------------------------------------------------------- */

static bool has_flux(const struct vg_loop_device *d)
{
    const struct vg_loop *a = d->loop;
    for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX; i++)
        if (a->flux[i].used && a->flux[i].device == number_of(d))
            return true;
    return false;
}

static bool at_rest(const struct vg_loop_device *d)
{
    if (!vg_beat_idle(vg_device_thread_beat(d->open.thread)))
        return false; /* who closes it would wait for the call */
    return !d->batch_busy[0] && !d->batch_busy[1] && !has_flux(d);
}

static void begin_to_open(struct vg_loop_device *d, int64_t now_us)
{
    struct vg_loop *a = d->loop;
    struct vg_device_order order = {
        .model = a->model_wanted, .thread = vg_loop_thread_settings(a), .old = d->open};
    order.number = number_of(d);
    order.data = a->settings->data;
    (void)snprintf(order.word, sizeof order.word, "%s", d->word);
    if (a->settings->trial)
        order.thread.unit = a->settings->trial->unit[number_of(d)];
    else
        order.engine = vg_loop_engine_settings(a);
    memcpy(order.digest, a->model->digest, sizeof order.digest);
    if (vg_device_opener_start(&d->opener, &order)) {
        wait_for_retry(d, now_us);
        return;
    }
    d->open = (struct vg_open_device){0};
    d->opens_us = now_us;
    d->state = VG_LOOP_DEVICE_OPENS;
}

static void end_to_open(struct vg_loop_device *d, int64_t now_us)
{
    struct vg_loop *a = d->loop;
    struct vg_fault fault = {.what = ""};
    enum vg_status status = vg_device_opener_take(&d->opener, &d->open, &fault);
    if (!status)
        status = vg_watch_thread_add(a->watch, vg_device_thread_beat(d->open.thread));
    if (status) { /* what is open nevertheless is closed by who opens it next: that may take long */
        d->failures++;
        d->state = VG_LOOP_DEVICE_AWAY;
        wait_for_retry(d, now_us);
        vg_log(VG_LOG_WARN, "device %u (%s) could not be opened: %s: %s; again in %" PRId64 " s",
               number_of(d), d->name, fault.what, fault.place,
               (d->retry_us - now_us) / VG_US_PER_S);
        return;
    }
    vg_loop_device_works(d);
    vg_log(VG_LOG_INFO, "device %u (%s) works, %s, plan %.12s", number_of(d), d->name,
           d->open.unit.precision, d->maker.plan);
    vg_loop_place(a);
}

static void step(struct vg_loop_device *d, struct vg_mono_time now)
{
    switch (d->state) {
    case VG_LOOP_DEVICE_WELL:
        if (vg_loop_others_well(d) && hangs(d, now))
            begin_to_hang(d);
        break;
    case VG_LOOP_DEVICE_DRAINED:
        if (at_rest(d))
            d->state = VG_LOOP_DEVICE_AWAY;
        else if (!vg_device_thread_over(d->open.thread) && hangs(d, now))
            begin_to_hang(d);
        break;
    case VG_LOOP_DEVICE_HANGS:
        if (vg_device_thread_over(d->open.thread))
            ends_to_hang(d);
        break;
    case VG_LOOP_DEVICE_AWAY:
        if (now.us >= d->retry_us)
            begin_to_open(d, now.us);
        break;
    case VG_LOOP_DEVICE_OPENS:
        if (vg_device_opener_done(d->opener))
            end_to_open(d, now.us);
        else if (d->opens_us && now.us - d->opens_us > OPENS_LONG_US) {
            d->opens_us = 0;
            vg_log(VG_LOG_WARN, "device %u (%s) takes long to open", number_of(d), d->name);
        }
        break;
    }
}

void vg_loop_look_at_devices(struct vg_loop *a)
{
    const struct vg_mono_time now = vg_mono_now();
    for (uint32_t i = 0; i < a->device_count && a->device_count > 1; i++)
        step(&a->device[i], now);
}

uint32_t vg_loop_report_devices(const struct vg_loop *a, struct vg_live_device *report)
{
    for (uint32_t i = 0; i < a->device_count; i++) {
        const struct vg_loop_device *d = &a->device[i];
        const bool runs = d->state == VG_LOOP_DEVICE_WELL;
        report[i] = (struct vg_live_device){
            .name = d->name,
            .precision = runs ? d->open.unit.precision : NULL,
            .well = runs,
            .cores = runs ? vg_loop_device_cores(d) : 0,
            .failures = d->failures,
            .busy_us = d->busy_before_us + (runs ? vg_device_thread_busy_us(d->open.thread) : 0)};
        for (uint32_t f = 0; f < VG_LIVE_FLUX_MAX; f++)
            report[i].flux += a->flux[f].used && a->flux[f].device == i;
    }
    return a->device_count;
}

/* Ends what it has begun. It may hang without that being known yet: what all flux remember must be
 * written before the supervisor has no more patience. */
static void quit_or_abandon(struct vg_loop_device *d, int64_t until_us)
{
    struct vg_device_thread *thread = d->open.thread;
    while (thread && !vg_device_thread_over(thread) && vg_mono_now().us < until_us)
        vg_pause_us(1000);
    if (!thread || vg_device_thread_over(thread))
        return;
    vg_device_thread_abandon(thread);
    d->state = VG_LOOP_DEVICE_HANGS;
    vg_log(VG_LOG_ERROR, "device %u (%s) does not end what it has begun: nobody waits for it",
           number_of(d), d->name);
}

static void tell_trial(const struct vg_loop *a)
{
    struct vg_analysis_trial *trial = a->settings->trial;
    for (uint32_t i = 0; trial && i < a->device_count; i++)
        trial->device[i] = (struct vg_trial_device){
            .failures = a->device[i].failures, .well = a->device[i].state == VG_LOOP_DEVICE_WELL};
}

bool vg_loop_devices_close_threads(struct vg_loop *a)
{
    bool hung = false;
    tell_trial(a);
    for (uint32_t i = 0; i < VG_LOOP_DEVICES_MAX; i++) {
        struct vg_loop_device *d = &a->device[i];
        if (d->opener)
            (void)!vg_device_opener_take(&d->opener, &d->open, NULL);
        if (d->open.thread)
            vg_device_thread_quit(d->open.thread);
    }
    const int64_t until_us = vg_mono_now().us + QUIT_US;
    for (uint32_t i = 0; i < VG_LOOP_DEVICES_MAX; i++) {
        struct vg_loop_device *d = &a->device[i];
        if (d->state != VG_LOOP_DEVICE_HANGS)
            quit_or_abandon(d, until_us);
        hung |= !vg_device_thread_close(&d->open.thread);
        if (!a->status && d->state == VG_LOOP_DEVICE_WELL)
            vg_map_trial_end(&d->map_trial);
    }
    if (a->settings->trial)
        a->settings->trial->stays = hung;
    return hung;
}

void vg_loop_devices_close(struct vg_loop *a)
{
    for (uint32_t i = 0; i < VG_LOOP_DEVICES_MAX; i++) {
        struct vg_loop_device *d = &a->device[i];
        vg_open_device_close(&d->open);
        for (int b = 0; b < VG_LOOP_BATCHES; b++)
            vg_free(d->batch[b].answer);
    }
}
