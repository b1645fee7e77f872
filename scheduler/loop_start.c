/* What the first configuration starts: the model, the device, workers and the publisher. */
#include <stdio.h>
#include <string.h>

#include "scheduler/loop.h"
#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/log.h"
#include "src/base/text.h"
#include "src/engine/programs_listener.h"

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
static enum vg_status open_model(struct vg_loop *a, const struct vg_live_config *config)
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
    status = vg_model_guard_open(&a->guard, &guard);
    return status ? status : vg_watch_thread_add(a->watch, vg_model_guard_beat(a->guard));
}

/* What is asked for, as --precision says it. */
static const char *asked_precision(enum vg_engine_precision precision)
{
    static const char *const names[] = {[VG_ENGINE_AUTO] = "auto",
                                        [VG_ENGINE_F32] = "f32",
                                        [VG_ENGINE_F16] = "f16",
                                        [VG_ENGINE_INT8] = "int8"};
    return names[precision];
}

/* The choice is told where it was the model's lack that made it: 8 bits have kernels for processors. */
static void tell_arithmetic(const struct vg_loop *a, const struct vg_engine *engine)
{
    const struct vg_live_arithmetic *is = &a->totals.arithmetic;
    vg_log(VG_LOG_INFO, "device %s, model %s, %s (%s asked), plan %.12s",
           vg_engine_device_name(engine), is->model, vg_engine_precision(engine), is->asked,
           vg_engine_plan_hash(engine));
    if (a->settings->precision == VG_ENGINE_AUTO && !is->has_int8 &&
        strcmp(vg_engine_lane(engine), "cpu") == 0)
        vg_log(VG_LOG_INFO,
               "model %s has no 8-bit form: floats are used; to have one: vigie model quantize "
               "--model %s, then its result as the model",
               is->model, is->model);
}

struct vg_engine_settings vg_loop_engine_settings(const struct vg_loop *a)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    settings.precision = a->settings->precision;
    settings.outputs = VG_OUTPUTS_NEEDED;
    settings.maps = VG_ENGINE_MAPS_MADE; /* a scene that asks for some may come any time */
    settings.batch_max = a->batch_max;
    for (uint32_t i = 0; i < a->settings->ingest_count; i++) {
        const struct vg_slots_settings g = vg_slots_geometry(a->ingest[i].slots);
        if (g.width_max > settings.picture_width_max)
            settings.picture_width_max = g.width_max;
        if (g.height_max > settings.picture_height_max)
            settings.picture_height_max = g.height_max;
    }
    return settings;
}

struct vg_device_settings vg_loop_thread_settings(struct vg_loop *a)
{
    struct vg_device_settings settings = {.hand = &a->hand,
                                          .times = a->times,
                                          .batch_max = a->batch_max,
                                          .limit_us = a->settings->device_limit_us};
    for (uint32_t i = 0; i < a->worker_count; i++)
        settings.to_worker[i] = vg_worker_thread_in(a->worker[i]);
    return settings;
}

static enum vg_status open_engine(struct vg_loop_device *d)
{
    struct vg_loop *a = d->loop;
    struct cold_start cold = {.listener = {on_cold_start}, .start = vg_mono_now()};
    struct vg_engine_settings settings = vg_loop_engine_settings(a);
    settings.device = d->word;
    settings.plan_file = a->settings->plan;
    settings.listener = &cold.listener;
    a->totals.arithmetic = (struct vg_live_arithmetic){
        a->model_wanted, asked_precision(settings.precision), a->model->range != NULL};
    settings.weights_from = a->model; /* the process needs only what it is called */
    const enum vg_status status = vg_engine_open(&d->open.engine, a->model, &settings, a->fault);
    cold_start_end(&cold);
    if (status)
        return status;
    tell_arithmetic(a, d->open.engine);
    d->open.unit = vg_device_unit_engine(d->open.engine);
    d->open.map_maker =
        vg_map_trial_open(&d->open.map_trial, a->settings->data, (uint32_t)(d - a->device),
                          vg_engine_device_name(d->open.engine), vg_wall_now());
    return VG_OK;
}

/* They were told for a device that is the processor, and there is none. */
static void tell_unused_cores(const struct vg_loop *a, const struct vg_device_info *info,
                              uint32_t count)
{
    bool shared = a->settings->trial != NULL;
    for (uint32_t i = 0; i < count; i++)
        shared |= info[i].kind == VG_DEVICE_CPU;
    if (a->settings->device_cores > 0 && !shared)
        vg_log(VG_LOG_INFO, "no device is the processor: --device-cores changes nothing");
}

/* Which devices there are to be; none is open yet. A plan that was pinned is one device's. */
static enum vg_status choose_devices(struct vg_loop *a, uint32_t *count)
{
    struct vg_device_info info[VG_DEVICES_MAX] = {{.index = 0}};
    struct vg_device_selection chosen = {.count =
                                             a->settings->trial ? a->settings->trial->units : 0};
    enum vg_status status = VG_OK;
    /* the only variable that the process sets: who reads another one meanwhile reads the old list */
    if (!a->settings->trial)
        status = vg_device_select(a->settings->device, a->device_threads, info, &chosen, a->fault);
    if (status)
        return status;
    tell_unused_cores(a, info, chosen.count);
    if (a->settings->plan && chosen.count > 1)
        chosen.count = 1;
    const uint32_t left_out = vg_device_select_keep(&chosen, info, VG_LOOP_DEVICES_MAX);
    if (left_out > 0)
        vg_log(VG_LOG_WARN, "%u devices are left out: no more than %d can be used", left_out,
               VG_LOOP_DEVICES_MAX);
    *count = chosen.count;
    for (uint32_t i = 0; i < *count; i++) {
        struct vg_loop_device *d = &a->device[i];
        d->loop = a;
        d->last = chosen.last[i];
        if (!a->settings->trial) {
            (void)snprintf(d->word, sizeof d->word, "%u", chosen.index[i]);
            (void)snprintf(d->name, sizeof d->name, "%s", info[i].name);
        }
        d->look = evtimer_new(a->base, vg_loop_on_dispatch, a);
        for (int b = 0; b < VG_LOOP_BATCHES && d->look; b++)
            d->batch[b].answer = vg_alloc_array(a->jobs_max, sizeof *d->batch[b].answer);
        if (!d->look || !d->batch[0].answer || !d->batch[1].answer)
            return VG_E_MEMORY;
    }
    return VG_OK;
}

/* The first of them that can be opened; the others are opened while it works. One that fails may have
 * taken the model's weights with it. */
static enum vg_status open_first(struct vg_loop *a, uint32_t count)
{
    enum vg_status status = VG_E_LACK;
    for (uint32_t i = 0; i < count; i++) {
        struct vg_loop_device *d = &a->device[i];
        status = open_engine(d);
        if (!status) {
            d->state = VG_LOOP_DEVICE_WELL;
            return VG_OK;
        }
        d->failures++;
        if (i + 1 == count)
            return status;
        vg_log(VG_LOG_WARN, "device %s could not be opened: %s: %s", d->name, a->fault->what,
               a->fault->place);
        vg_model_close(&a->model);
        status = vg_model_find(a->model_wanted, &a->model, a->fault);
        if (status)
            return status;
    }
    return status;
}

static enum vg_status open_devices(struct vg_loop *a, const struct vg_live_config *config,
                                   uint32_t *count)
{
    const struct vg_analysis_trial *trial = a->settings->trial;
    a->batch_max = a->settings->batch_max ? a->settings->batch_max : 4;
    a->jobs_max = a->batch_max + VG_LOOKS_MAX;
    if (a->jobs_max > VG_BATCH_MAX)
        a->jobs_max = VG_BATCH_MAX;
    enum vg_status status = choose_devices(a, count);
    if (status)
        return status;
    if (!trial) {
        status = open_model(a, config);
        return status ? status : open_first(a, *count);
    }
    a->model = trial->model;
    for (uint32_t i = 0; i < *count; i++) {
        a->device[i].open.unit = trial->unit[i];
        a->device[i].state = VG_LOOP_DEVICE_WELL;
    }
    return VG_OK;
}

/* The threads of those that are open. */
static enum vg_status start_devices(struct vg_loop *a, uint32_t count)
{
    struct vg_device_settings settings = vg_loop_thread_settings(a);
    enum vg_status status = VG_OK;
    for (uint32_t i = 0; i < count && !status; i++) {
        struct vg_loop_device *d = &a->device[i];
        if (d->state != VG_LOOP_DEVICE_WELL)
            continue;
        settings.unit = d->open.unit;
        status = vg_device_thread_open(&d->open.thread, &settings);
        if (!status)
            status = vg_watch_thread_add(a->watch, vg_device_thread_beat(d->open.thread));
        if (!status)
            vg_loop_device_works(d);
    }
    return status;
}

static uint32_t choose_workers(const struct vg_loop *a)
{
    const uint32_t told = a->settings->workers;
    const uint32_t count = told ? told : vg_loop_workers_of_cores(a);
    return count < 1 ? 1 : count > VG_LIVE_WORKERS_MAX ? VG_LIVE_WORKERS_MAX : count;
}

static enum vg_status open_workers(struct vg_loop *a, uint32_t count, const char *node)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct vg_live_alert_settings alerts = {
            .publisher = a->publisher,
            .lane = i,
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
        a->back[i] = event_new(a->base, vg_ring_fd(vg_worker_thread_out(a->worker[i])),
                               EV_READ | EV_PERSIST, vg_loop_on_back, a);
        if (!a->back[i] || event_add(a->back[i], NULL))
            return VG_E_MEMORY;
        status = vg_watch_thread_add(a->watch, vg_worker_thread_beat(a->worker[i]));
        if (status)
            return status;
    }
    return VG_OK;
}

static enum vg_status open_publisher(struct vg_loop *a, uint32_t lanes)
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
    enum vg_status status = vg_publisher_open(&a->publisher, &settings, &found, a->fault);
    for (uint32_t i = 0; i < VG_PUBLISHER_THREADS && !status; i++)
        status = vg_watch_thread_add(a->watch, vg_publisher_beat(a->publisher, i));
    return status;
}

enum vg_status vg_loop_start(struct vg_loop *a, const struct vg_live_config *config)
{
    vg_loop_divide_cores(a, config);
    const uint32_t workers = choose_workers(a);
    (void)snprintf(a->node, sizeof a->node, "%s", config->node);
    (void)snprintf(a->model_wanted, sizeof a->model_wanted, "%s", config->model);
    uint32_t devices = 0;
    enum vg_status status = open_devices(a, config, &devices);
    if (!status)
        status = open_publisher(a, workers);
    if (!status)
        status = open_workers(a, workers, a->node);
    if (!status)
        status = start_devices(a, devices);
    if (!status)
        a->device_count = devices;
    if (!status)
        vg_watch_thread_opened(a->watch);
    return status;
}
