/* A configuration takes over: who is new, gone or changed. What changes a flux waits until none of
 * its pictures is under way. */
#include <string.h>

#include "scheduler/decide_rate.h"
#include "scheduler/loop.h"
#include "src/base/log.h"

static bool same_flux(const struct vg_live_flux_config *a, const struct vg_live_flux_config *b)
{
    const char *ta = a->scene_text ? a->scene_text : "", *tb = b->scene_text ? b->scene_text : "";
    return strcmp(a->id, b->id) == 0 && a->ingest == b->ingest && a->slot == b->slot &&
           a->view_source == b->view_source && strcmp(ta, tb) == 0;
}

/* Starts (or restarts) asking for pictures at the flux's rate. */
static void set_rate(struct vg_loop *a, struct vg_live_flux *flux)
{
    const double floor_fps =
        flux->config.scene ? (double)vg_scene_floor_fps(flux->config.scene) : 0;
    const double fps = vg_rate_choose(flux->config.rate_fps, floor_fps, 0);
    flux->wanted_period_us = vg_rate_of(fps).period_us;
    flux->share.wanted_milli =
        vg_loop_milli(flux->wanted_period_us > 0 ? 1e6 / (double)flux->wanted_period_us : 0);
    flux->share.floor_milli = vg_loop_milli(floor_fps);
    flux->tag = vg_slots_tag(flux->config.id);
    vg_slots_expect(vg_loop_slots(a, flux), flux->config.slot, flux->tag);
    vg_slots_owe(vg_loop_slots(a, flux), flux->config.slot,
                 flux->config.active ? flux->wanted_period_us : VG_SLOTS_NEVER);
    if (!flux->config.active)
        vg_loop_set_period(a, flux, VG_SLOTS_NEVER);
    else if (!flux->share.shed)
        vg_loop_set_period(a, flux, flux->wanted_period_us);
    a->shared_us = 0; /* what it may have is seen with the next tick */
}

static const struct vg_live_flux_config *find_config(const struct vg_live_config *config,
                                                     const struct vg_live_flux *flux)
{
    for (uint32_t i = 0; i < config->flux_count; i++)
        if (same_flux(&config->flux[i], &flux->config))
            return &config->flux[i];
    return NULL;
}

static struct vg_live_flux *find_flux(struct vg_loop *a, const struct vg_live_flux_config *config)
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
static void close_changed(struct vg_loop *a, const struct vg_live_config *config)
{
    for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX; i++) {
        struct vg_live_flux *flux = &a->flux[i];
        if (!flux->used || find_config(config, flux))
            continue;
        vg_loop_set_period(a, flux, VG_SLOTS_NEVER);
        vg_slots_owe(vg_loop_slots(a, flux), flux->config.slot, VG_SLOTS_NEVER);
        vg_live_flux_leave(flux);
        vg_loop_end_measures(a, flux);
        if (!names_flux(config, flux->config.id)) {
            vg_live_flux_forget(flux);
            vg_live_folder_forget(a->saves, a->settings->data, flux->config.id);
            vg_live_coverage_leave(flux->ledger, vg_mono_now(), vg_wall_now());
        }
        vg_live_flux_close(flux);
    }
}

static void open_one(struct vg_loop *a, struct vg_live_flux_config *config)
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
        flux->config.declared_milli = config->declared_milli;
        if (changed) {
            set_rate(a, flux);
            vg_loop_look_at_coverage(a, flux);
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
        const uint32_t device = vg_loop_device_for(a, vg_rate_of(config->rate_fps).period_us);
        if (vg_live_flux_open(&a->flux[i], config, a->settings->data,
                              vg_loop_maps_of(&a->device[device]), a->saves, a->settings->gate)) {
            vg_log(VG_LOG_ERROR, "flux %s: no memory for it", config->id);
            return;
        }
        vg_view_watch_stagger(vg_chain_view(a->flux[i].chain)->watch,
                              vg_rate_begin_us(i, VG_VIEW_ANCHOR_US, 0));
        a->flux[i].device = a->flux[i].next_device = device;
        a->flux[i].worker = i % a->worker_count;
        a->flux[i].known = vg_model_classes(a->model);
        a->flux[i].ledger = vg_live_coverage_find(a->coverage, a->flux[i].config.id);
        set_rate(a, &a->flux[i]);
        return;
    }
}

bool vg_loop_any_under_way(const struct vg_loop *a)
{
    for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX; i++)
        if (a->flux[i].used && a->flux[i].in_flight)
            return true;
    return false;
}

/* Who brings what: an ingest process tells that some of its flux have published. */
static void list_flux(struct vg_loop *a)
{
    for (uint32_t i = 0; i < a->settings->ingest_count; i++)
        a->ingest[i].flux_count = 0;
    for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX; i++) {
        struct vg_loop_ingest *in = &a->ingest[a->flux[i].config.ingest];
        if (a->flux[i].used)
            in->flux[in->flux_count++] = i;
    }
}

/* Takes the pending configuration over once no picture is under way: works point into it. */
void vg_loop_apply(struct vg_loop *a)
{
    if (vg_loop_any_under_way(a))
        return; /* again when the last picture is back */
    close_changed(a, a->pending);
    for (uint32_t i = 0; i < a->pending->flux_count; i++)
        open_one(a, &a->pending->flux[i]);
    list_flux(a);
    vg_live_config_free(&a->config);
    a->config = a->pending;
    a->pending = NULL;
    vg_loop_look_at_permission(a);
    vg_log(VG_LOG_INFO, "configuration %llu: %u flux", (unsigned long long)a->config->version,
           a->config->flux_count);
}

void vg_loop_take_config(struct vg_loop *a, const json_t *message)
{
    struct vg_live_config *config;
    struct vg_fault fault;
    if (vg_live_config_read(message, &config, &fault)) {
        vg_log(VG_LOG_ERROR, "the configuration was refused: %s", fault.place);
        return;
    }
    if (a->device_count == 0) {
        const enum vg_status status = vg_loop_start(a, config);
        if (status) {
            vg_live_config_free(&config);
            vg_loop_end(a, status);
            return;
        }
    }
    if (strcmp(config->model, a->model_wanted) != 0) {
        vg_log(VG_LOG_INFO, "another model is wanted: the analysis starts again");
        vg_live_config_free(&config);
        vg_loop_end(a, VG_OK);
        return;
    }
    vg_loop_compare_cores(a, config);
    vg_live_config_free(&a->pending);
    a->pending = config;
    vg_loop_apply(a);
}
