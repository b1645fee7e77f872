/* The life of the analysis process. Pictures go
 *
 *   slots -> take -> batch -> device thread -> worker -> back here -> slot given back
 *
 * and the loop (loop.h) takes every decision. */
#include "scheduler/analysis.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "scheduler/loop.h"
#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/json.h"
#include "src/base/log.h"
#include "src/base/text.h"
#include "src/store/coverage_file.h"
#include "src/store/measures_file.h"

#define TICK_MS 500

static void on_control(evutil_socket_t fd, short what, void *user)
{
    struct vg_loop *a = user;
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
            vg_loop_take_config(a, message);
        const bool quit = message && strcmp(type, "quit") == 0;
        json_decref(message);
        if (quit)
            (void)event_base_loopbreak(a->base);
        if (quit || event_base_got_break(a->base))
            return; /* ended: what else came is of no use */
    }
}

/* ---- life --------------------------------------------------------------------------------- */

/* By edges: nobody needs to read what is rung. */
static enum vg_status hear(struct vg_loop *a, uint32_t ingest)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.u32 = ingest}};
    if (epoll_ctl(a->ready_set, EPOLL_CTL_ADD, a->ingest[ingest].ready_fd, &event))
        return vg_fault_set(a->fault, VG_E_LACK, vg_status_text(VG_E_LACK), NULL, "epoll");
    return VG_OK;
}

static enum vg_status open_ingests(struct vg_loop *a)
{
    a->ready_set = epoll_create1(EPOLL_CLOEXEC);
    if (a->ready_set < 0)
        return vg_fault_set(a->fault, VG_E_LACK, vg_status_text(VG_E_LACK), NULL, "epoll");
    a->ready = event_new(a->base, a->ready_set, EV_READ | EV_PERSIST, vg_loop_on_dispatch, a);
    a->hear = evtimer_new(a->base, vg_loop_on_dispatch, a);
    if (!a->ready || !a->hear || event_add(a->ready, NULL))
        return VG_E_MEMORY;
    for (uint32_t i = 0; i < a->settings->ingest_count; i++) {
        struct vg_loop_ingest *in = &a->ingest[i];
        in->ready_fd = a->settings->ingest[i].ready_fd;
        enum vg_status status =
            vg_slots_open(&in->slots, a->settings->ingest[i].slots_fd, a->fault);
        if (!status)
            status = hear(a, i);
        if (status)
            return status;
        const uint32_t held = vg_slots_recover_reader(in->slots);
        if (held)
            vg_log(VG_LOG_WARN, "%u pictures were held by an analysis that died", held);
    }
    return VG_OK;
}

static enum vg_status open_coverage(struct vg_loop *a)
{
    const uint32_t days = a->settings->coverage_days;
    const enum vg_status status = vg_coverage_thread_open(&a->coverage_writer, a->settings->data,
                                                          days ? days : VG_COVERAGE_KEEP_DAYS);
    return status ? status : vg_live_coverage_open(&a->coverage, a->coverage_writer);
}

static enum vg_status open_measures(struct vg_loop *a)
{
    const enum vg_status status =
        vg_measures_thread_open(&a->measures, a->settings->data, VG_MEASURES_KEEP_DAYS);
    return status ? status
                  : vg_heat_thread_open(&a->heat, a->settings->data, VG_MEASURES_KEEP_DAYS);
}

static enum vg_status open_saves(struct vg_loop *a)
{
    const enum vg_status status = vg_save_thread_open(&a->saves);
    return status ? status : vg_watch_thread_add(a->watch, vg_save_thread_beat(a->saves));
}

/* Those without which the others do their work. */
static enum vg_status watch_others(struct vg_loop *a)
{
    struct vg_beat *const beat[] = {
        vg_coverage_thread_beat(a->coverage_writer), vg_measures_thread_beat(a->measures),
        vg_heat_thread_beat(a->heat), vg_energy_thread_beat(a->energy.thread)};
    enum vg_status status = VG_OK;
    for (size_t i = 0; i < sizeof beat / sizeof *beat && !status; i++)
        status = vg_watch_thread_add(a->watch, beat[i]);
    return status;
}

static enum vg_status open_all(struct vg_loop *a)
{
    char folder[4096];
    struct timeval tick = {0, TICK_MS * 1000};
    if (vg_path_join(folder, sizeof folder, a->settings->data, "state"))
        return VG_E_CALL;
    enum vg_status status = vg_folder_make(folder, a->fault);
    if (status)
        return status;
    a->hand_made = pthread_mutex_init(&a->hand, NULL) == 0;
    a->base = event_base_new();
    a->message = vg_alloc(VG_MESSAGE_MAX + 1);
    a->times = a->settings->trial ? a->settings->trial->times : vg_alloc(sizeof *a->times);
    a->report = vg_alloc(sizeof *a->report);
    a->totals.start = vg_mono_now();
    if (!a->hand_made || !a->base || !a->message || !a->times || !a->report)
        return VG_E_MEMORY;
    vg_message_reader_init(&a->reader, a->message, VG_MESSAGE_MAX + 1);
    (void)evutil_make_socket_nonblocking(a->settings->control_fd);
    a->control = event_new(a->base, a->settings->control_fd, EV_READ | EV_PERSIST, on_control, a);
    a->tick = event_new(a->base, -1, EV_PERSIST, vg_loop_on_tick, a);
    if (!a->control || !a->tick || event_add(a->control, NULL) || event_add(a->tick, &tick))
        return VG_E_MEMORY;
    a->loop_beat.name = "loop";
    a->loop_beat.limit_us = 120 * VG_US_PER_S; /* opening a device compiles its kernels */
    a->loop_beat.ends_us = a->loop_beat.limit_us;
    vg_beat_begin(&a->loop_beat, vg_mono_now()); /* it may be opened before the first tick */
    const struct vg_watch_settings watch = {a->settings->data, a->settings->control_fd};
    status = vg_watch_thread_open(&a->watch, &watch);
    if (!status)
        vg_watch_thread_note(a->watch, N_("the analysis opens its device"));
    if (!status)
        status = vg_watch_thread_add(a->watch, &a->loop_beat);
    if (!status)
        status = open_saves(a);
    if (!status)
        status = open_coverage(a);
    if (!status)
        status = open_measures(a);
    if (!status)
        status = vg_energy_thread_open(&a->energy.thread, a->settings->meters_root, NULL);
    if (!status)
        status = watch_others(a);
    return status ? status : open_ingests(a);
}

static void close_events(struct vg_loop *a)
{
    if (a->control)
        event_free(a->control);
    if (a->tick)
        event_free(a->tick);
    for (uint32_t i = 0; i < VG_LOOP_DEVICES_MAX; i++)
        if (a->device[i].look)
            event_free(a->device[i].look);
    for (uint32_t i = 0; i < VG_LIVE_WORKERS_MAX; i++)
        if (a->back[i])
            event_free(a->back[i]);
    if (a->hear)
        event_free(a->hear);
    if (a->ready)
        event_free(a->ready);
    if (a->ready_set >= 0)
        (void)close(a->ready_set);
    if (a->base)
        event_base_free(a->base);
}

enum close_how {
    CLOSE_WHOLE,
    CLOSE_STAYS /* a device hangs in a call: what it was given stays until the process ends */
};

static enum close_how close_all(struct vg_loop *a)
{
    vg_watch_thread_close(&a->watch); /* it looks at the others */
    /* in the order of the way: the device ends its batch, the workers what they hold */
    const bool hung = vg_loop_devices_close_threads(a);
    for (uint32_t i = 0; i < VG_LIVE_WORKERS_MAX; i++)
        vg_worker_thread_close(&a->worker[i]);
    for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX; i++) {
        if (a->flux[i].used) {
            vg_loop_look_at_folder(a, &a->flux[i]);
            vg_loop_look_at_folder(a, &a->flux[i]); /* a mark counts that is the same twice */
            vg_live_flux_leave(&a->flux[i]);
            vg_loop_end_measures(a, &a->flux[i]);
        }
        vg_live_flux_close(&a->flux[i]);
    }
    vg_save_thread_close(&a->saves);
    vg_live_coverage_close(&a->coverage, vg_mono_now(), vg_wall_now());
    vg_coverage_thread_close(&a->coverage_writer);
    vg_measures_thread_close(&a->measures);
    vg_heat_thread_close(&a->heat);
    for (uint32_t i = 0; i < VG_LIVE_WORKERS_MAX; i++)
        vg_live_alerts_close(&a->alerts[i]);
    vg_publisher_close(&a->publisher);
    vg_energy_thread_close(&a->energy.thread); /* may wait for a driver: what must be written is */
    close_events(a);
    vg_model_guard_close(&a->guard);
    vg_live_config_free(&a->config);
    vg_live_config_free(&a->pending);
    vg_free(a->report);
    vg_free(a->message);
    if (hung)
        return CLOSE_STAYS;
    for (uint32_t i = 0; i < VG_ANALYSIS_INGESTS_MAX; i++)
        vg_slots_close(&a->ingest[i].slots);
    vg_loop_devices_close(a);
    if (!a->settings->trial)
        vg_model_close(&a->model);
    if (!a->settings->trial)
        vg_free(a->times);
    if (a->hand_made)
        (void)pthread_mutex_destroy(&a->hand);
    return CLOSE_WHOLE;
}

enum vg_status vg_analysis_run(const struct vg_analysis_settings *settings, struct vg_fault *fault)
{
    struct vg_loop *a = vg_alloc(sizeof *a);
    if (!a)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "analysis");
    a->settings = settings;
    a->fault = fault;
    a->ready_set = -1;
    enum vg_status status = open_all(a);
    if (!status) {
        (void)event_base_dispatch(a->base);
        status = a->status;
    }
    if (close_all(a) == CLOSE_WHOLE)
        vg_free(a);
    return status;
}
