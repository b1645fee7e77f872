/* The tick: permission, how each flux fares, what it measured, metrics. */
#include <string.h>

#include "scheduler/live_measures.h"
#include "scheduler/live_warnings.h"
#include "scheduler/loop.h"
#include "src/base/alloc.h"
#include "src/base/log.h"
#include "src/base/text.h"

/* State and metrics are told with one tick of so many. They are the dearest of what it does: 200 flux
 * are 20,000 values. */
#define TELL_TICKS 2

static void follow_folder(struct vg_loop *a, struct vg_live_flux *flux,
                          const struct vg_slots_state *state)
{
    if (state->tag == flux->tag)
        vg_live_folder_follow(&flux->folder, a->saves, a->settings->data, flux->config.id,
                              state->figure);
}

void vg_loop_look_at_folder(struct vg_loop *a, struct vg_live_flux *flux)
{
    struct vg_slots_state state;
    vg_slots_state(vg_loop_slots(a, flux), flux->config.slot, &state);
    follow_folder(a, flux, &state);
}

/* How the flux's time is spent; also right after what decides it has changed. */
void vg_loop_look_at_coverage(struct vg_loop *a, const struct vg_live_flux *flux)
{
    struct vg_slots_state state;
    vg_slots_state(vg_loop_slots(a, flux), flux->config.slot, &state);
    vg_live_coverage_look(flux, &state, vg_mono_now(), vg_wall_now());
}

/* The heat map is the chain's: its worker's while a picture is under way. */
static void look_at_measures(struct vg_loop *a, struct vg_live_flux *flux, struct vg_mono_time now)
{
    vg_live_measures_look(&flux->measures, a->measures, flux->config.id, flux->config.scene, now);
    if (!flux->in_flight && vg_live_heat_due(&flux->heat, now))
        vg_live_heat_look(&flux->heat, vg_chain_heat(flux->chain), a->heat, flux->config.id, now);
}

void vg_loop_look_at_measures(struct vg_loop *a, struct vg_live_flux *flux)
{
    look_at_measures(a, flux, vg_mono_now());
}

void vg_loop_end_measures(struct vg_loop *a, struct vg_live_flux *flux)
{
    vg_live_measures_leave(&flux->measures, a->measures, flux->config.id, flux->config.scene);
    vg_live_heat_leave(vg_chain_heat(flux->chain), a->heat, flux->config.id);
}

void vg_loop_look_at_permission(struct vg_loop *a)
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
            vg_loop_look_at_coverage(a, flux);
    }
}

/* All flux, once for all that the tick does with them. */
static void read_all(struct vg_loop *a)
{
    a->view_count = 0;
    for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX; i++) {
        const struct vg_live_flux *flux = &a->flux[i];
        if (!flux->used)
            continue;
        struct vg_live_view *view = &a->view[a->view_count++];
        view->flux = flux;
        vg_slots_state(vg_loop_slots(a, flux), flux->config.slot, &view->state);
    }
}

static struct vg_live_flux *flux_of(struct vg_loop *a, const struct vg_live_view *view)
{
    return &a->flux[view->flux - a->flux];
}

/* now, wall: when they were read. */
static void look_at_all(struct vg_loop *a, struct vg_mono_time now, struct vg_wall_time wall)
{
    for (uint32_t i = 0; i < a->view_count; i++) {
        struct vg_live_flux *flux = flux_of(a, &a->view[i]);
        vg_live_coverage_look(flux, &a->view[i].state, now, wall);
        look_at_measures(a, flux, now);
        follow_folder(a, flux, &a->view[i].state);
    }
}

/* Of what is told of a flux, that for which nobody should wait. */
static uint32_t news_of(const struct vg_live_view *view, struct vg_mono_time now)
{
    const struct vg_live_flux *flux = view->flux;
    const uint32_t part[] = {1, /* 0: nothing was told */
                             vg_live_stalled(&view->state, now),
                             flux->permitted,
                             flux->asks,
                             (uint32_t)view->state.connection,
                             (uint32_t)flux->share.verdict,
                             (uint32_t)flux->view.health.state};
    uint32_t news = 0;
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        news = news << 4 | (part[i] & 15);
    return news;
}

/* Each flux with every second tick, by turns; with this one if there is news of it. */
static void tell_flux(struct vg_loop *a, struct vg_mono_time now)
{
    for (uint32_t i = 0; i < a->view_count; i++) {
        const uint32_t place = (uint32_t)(a->view[i].flux - a->flux),
                       news = news_of(&a->view[i], now);
        if (a->told[place] == news && (place + a->ticks) % TELL_TICKS != 0)
            continue;
        a->told[place] = news;
        vg_live_publish_flux(a->publisher, &a->view[i], now);
    }
}

static void tell_metrics(struct vg_loop *a, const struct vg_publisher_counts *published,
                         struct vg_mono_time now)
{
    a->totals.devices = vg_loop_report_devices(a, a->totals.device);
    a->totals.batch_max = a->batch_max;
    a->totals.usable_cores_milli = a->capacity.host.before.cores_milli;
    a->totals.sealed_allocations = vg_alloc_sealed_count();
    a->totals.model_checks = a->guard ? vg_model_guard_checks(a->guard) : 0;
    a->totals.coverage = vg_coverage_thread_counts(a->coverage_writer);
    a->totals.measures = vg_measures_thread_counts(a->measures);
    a->totals.heat = vg_heat_thread_counts(a->heat);
    a->totals.saves = vg_save_thread_counts(a->saves);
    vg_live_report_begin(a->report, &a->totals, a->times, published);
    vg_live_report_flux(a->report, a->view, a->view_count);
    vg_live_energy_step(&a->energy, a->flux, a->totals.analysed, now);
    vg_live_energy_report(&a->energy, a->flux, &a->report->out);
    if (a->report->out.left_out > 0 && a->totals.lines_lost == 0)
        vg_log(VG_LOG_WARN, "the metrics found no place for %zu lines", a->report->out.left_out);
    a->totals.lines_lost = a->report->out.left_out;
    if (vg_publisher_metrics(a->publisher, "analysis", a->report->text, a->report->out.size))
        vg_log(VG_LOG_WARN, "the metrics text found no place");
}

/* What the device takes and has to do, for who is asked whether more will fit. */
static void tell_capacity(struct vg_loop *a, struct vg_mono_time now)
{
    struct vg_capacity_device device[VG_LOOP_DEVICES_MAX];
    struct vg_host_point point;
    struct vg_capacity_look look = {.device = device,
                                    .view = a->view,
                                    .device_count = a->device_count,
                                    .view_count = a->view_count,
                                    .batch_max = a->batch_max,
                                    .job_us = a->usual_job_us};
    for (uint32_t i = 0; i < a->device_count; i++)
        device[i] = (struct vg_capacity_device){
            &a->device[i].sums, a->device[i].state == VG_LOOP_DEVICE_WELL, a->device[i].last,
            vg_loop_device_cores(&a->device[i]) > 0};
    if (vg_live_host_due(&a->capacity.host, now.us)) {
        point = vg_loop_host_point(a, now);
        look.point = &point;
    }
    const size_t told = vg_live_capacity_step(&a->capacity, &look, now.us);
    if (told > 0 && vg_publisher_capacity(a->publisher, a->capacity.text, told))
        vg_log(VG_LOG_WARN, "the capacity's text found no place");
}

/* One that is being opened for the first time is no trouble; one that could not be opened is. */
static bool devices_well(const struct vg_loop *a)
{
    for (uint32_t i = 0; i < a->device_count; i++)
        if (a->device[i].state != VG_LOOP_DEVICE_WELL && a->device[i].failures > 0)
            return false;
    return true;
}

static void publish_state(struct vg_loop *a)
{
    if (!a->publisher)
        return;
    struct vg_publisher_counts published;
    const struct vg_mono_time now = vg_mono_now();
    vg_publisher_read_counts(a->publisher, &published);
    a->totals.model_intact = !a->guard || vg_model_guard_intact(a->guard);
    tell_flux(a, now);
    if (a->ticks % TELL_TICKS == 0) {
        tell_metrics(a, &published, now);
        tell_capacity(a, now);
    }
    a->ticks++;
    vg_watch_thread_note(
        a->watch, !a->totals.model_intact
                      ? N_("the model's file is not what was loaded: the analysis does not use it")
                  : !devices_well(a) ? N_("a device has failed: its flux are on the others")
                  : a->totals.saves.failing
                      ? N_("what the rules remember cannot be written: a restart would forget it")
                  : published.redis_well ? NULL
                                         : N_("Redis does not answer: alerts wait in the spool"));
}

void vg_loop_on_tick(evutil_socket_t fd, short what, void *user)
{
    struct vg_loop *a = user;
    (void)fd;
    (void)what;
    /* the beat of a loop that runs: the tick itself is the deadline */
    vg_beat_begin(&a->loop_beat, vg_mono_now());
    vg_loop_look_at_permission(a);
    for (uint32_t i = 0; i < a->settings->ingest_count; i++)
        vg_loop_notice(a, i, vg_mono_now().us); /* an eventfd lost by a killed ingest */
    vg_loop_look_at_devices(a);
    read_all(a);
    const struct vg_mono_time read = vg_mono_now();
    const struct vg_wall_time wall = vg_wall_now();
    vg_loop_share(a, read.us);
    vg_loop_dispatch(a);
    look_at_all(a, read, wall);
    publish_state(a);
}
