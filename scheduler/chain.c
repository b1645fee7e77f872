#include "scheduler/chain.h"

#include "src/base/alloc.h"
#include "src/maps/maps_host.h"

struct vg_chain {
    const struct vg_scene *scene;
    struct vg_tracker *tracker;
    struct vg_maps_host *maps; /* NULL: no rule looks at any, or they are given */
    struct vg_watcher *watcher;
    struct vg_rulebook *rulebook;
    struct vg_heat *heat; /* NULL: not kept */
    struct vg_flux_view view;
    uint32_t epoch;
    uint32_t width, height; /* of the last picture */
    bool started;
    struct vg_watch_output watched;
    struct vg_alert alerts[VG_ALERTS_PER_PICTURE_MAX];
};

enum vg_status vg_chain_make_maps(struct vg_chain *chain)
{
    const uint32_t set = vg_watcher_maps(chain->scene);
    return chain->maps || !set ? VG_OK : vg_maps_host_open(&chain->maps, set);
}

bool vg_chain_makes_maps(const struct vg_chain *chain)
{
    return chain->maps != NULL;
}

enum vg_status vg_chain_open(struct vg_chain **chain, const struct vg_scene *scene,
                             enum vg_chain_maps maps)
{
    const struct vg_tracker_settings settings = vg_tracker_defaults();
    struct vg_chain *c = vg_alloc(sizeof *c);
    *chain = NULL;
    if (!c)
        return VG_E_MEMORY;
    c->scene = scene;
    enum vg_status status = vg_tracker_open(&c->tracker, &settings);
    if (!status)
        status = vg_flux_view_init(&c->view);
    if (!status && maps == VG_CHAIN_MAKES_MAPS)
        status = vg_chain_make_maps(c);
    if (!status && scene)
        status = vg_watcher_open(&c->watcher, scene);
    if (!status && scene)
        status = vg_rulebook_open(&c->rulebook, scene);
    if (status)
        vg_chain_close(&c);
    *chain = c;
    return status;
}

void vg_chain_close(struct vg_chain **chain)
{
    struct vg_chain *c = *chain;
    if (!c)
        return;
    vg_heat_close(&c->heat);
    vg_rulebook_close(&c->rulebook);
    vg_watcher_close(&c->watcher);
    vg_maps_host_close(&c->maps);
    vg_flux_view_release(&c->view);
    vg_tracker_close(&c->tracker);
    vg_free(c);
    *chain = NULL;
}

enum vg_status vg_chain_keep_heat(struct vg_chain *chain)
{
    return chain->heat ? VG_OK : vg_heat_open(&chain->heat, chain->scene);
}

/* What is remembered is in pixels: those of another size are another epoch's. */
static void begin_epoch(struct vg_chain *chain, const struct vg_chain_input *input)
{
    const bool same = chain->epoch == input->epoch && chain->width == input->width &&
                      chain->height == input->height;
    if (chain->started && !same) {
        vg_tracker_reset(chain->tracker);
        if (chain->heat)
            vg_heat_skip(chain->heat);
        if (chain->scene) {
            vg_watcher_reset(chain->watcher);
            vg_rulebook_reset(chain->rulebook);
        }
    }
    chain->started = true;
    chain->epoch = input->epoch;
    chain->width = input->width;
    chain->height = input->height;
}

void vg_chain_track(struct vg_chain *chain, const struct vg_chain_input *input,
                    struct vg_chain_output *output)
{
    begin_epoch(chain, input);
    *output = (struct vg_chain_output){.alerts = chain->alerts};
    vg_tracker_step(chain->tracker, input->detections, input->detection_count, input->moment.media,
                    &output->tracks, &output->track_count);
}

/* ---- what the picture can be believed to show ---------------------------------------------- */

static void look(struct vg_chain *chain, const struct vg_chain_input *input)
{
    const struct vg_flux_look look = {.picture = input->picture,
                                      .lens = input->lens,
                                      .media = input->moment.media,
                                      .fps_milli = input->source_fps_milli};
    vg_flux_view_look(&chain->view, &look);
}

static enum vg_rule_sight sight_of(const struct vg_chain *chain)
{
    return vg_view_sight(vg_view_watch_health(chain->view.watch));
}

/* The camera may have begun to turn since the last look: then these alerts count as never
 * raised. */
static void doubt_alerts(struct vg_chain *chain, const struct vg_chain_input *input,
                         struct vg_chain_output *output)
{
    uint32_t kept = 0;
    look(chain, input);
    const enum vg_rule_sight sight = sight_of(chain);
    for (uint32_t i = 0; i < output->alert_count; i++) {
        const struct vg_alert *alert = &chain->alerts[i];
        if (vg_rulebook_holds_back(&chain->scene->rule[alert->rule], sight))
            vg_rulebook_refused(chain->rulebook, alert->rule);
        else
            chain->alerts[kept++] = *alert;
    }
    output->alert_count = kept;
}

static const struct vg_maps *maps_of(struct vg_chain *chain, const struct vg_chain_input *input)
{
    if (!chain->maps || !input->picture)
        return input->maps;
    return vg_maps_host_step(chain->maps, input->picture, input->moment.media);
}

/* Where persons are, while the picture shows what the scene is drawn for. */
static void keep_heat(struct vg_chain *chain, const struct vg_watch_input *watch,
                      const struct vg_rule_moment *moment)
{
    if (!chain->heat)
        return;
    if (moment->sight == VG_SIGHT_ALL && !(moment->stopped_events & 1u << VG_EVENT_DENSITY))
        vg_heat_step(chain->heat, watch, chain->watcher);
    else
        vg_heat_skip(chain->heat);
}

void vg_chain_judge(struct vg_chain *chain, const struct vg_chain_input *input,
                    struct vg_chain_output *output)
{
    const bool looks = input->picture && vg_flux_view_due(&chain->view, input->moment.media);
    if (looks)
        look(chain, input);
    struct vg_rule_moment moment = input->moment;
    moment.sight = sight_of(chain);
    const struct vg_watch_input watch = {
        .tracks = output->tracks,
        .track_count = output->track_count,
        .width = input->width,
        .height = input->height,
        .time = input->moment.media,
        .explainer = input->moment.explainer,
        .maps = maps_of(chain, input),
        .detections = input->detections,
        .detection_count = input->detection_count,
        .known = input->known,
        .looks = input->looks,
        .look_count = input->look_count,
    };
    if (chain->scene)
        vg_watcher_step(chain->watcher, &watch, &chain->watched);
    keep_heat(chain, &watch, &moment);
    if (!chain->scene)
        return;
    output->watched = &chain->watched;
    output->alert_count =
        vg_rulebook_step(chain->rulebook, &chain->watched, &moment, chain->alerts);
    if (output->alert_count > 0 && input->picture && !looks)
        doubt_alerts(chain, input, output);
}

uint32_t vg_chain_wishes(const struct vg_chain *chain, const struct vg_picture *picture,
                         const struct vg_look_wish **wishes)
{
    *wishes = chain->watched.wish;
    return chain->started && chain->epoch == picture->epoch && chain->width == picture->width &&
                   chain->height == picture->height
               ? chain->watched.wish_count
               : 0;
}

const struct vg_watch_output *vg_chain_watched(const struct vg_chain *chain)
{
    return chain->scene ? &chain->watched : NULL;
}

struct vg_heat_grid *vg_chain_heat(struct vg_chain *chain)
{
    return chain->heat ? vg_heat_grid_of(chain->heat) : NULL;
}

struct vg_flux_view *vg_chain_view(struct vg_chain *chain)
{
    return &chain->view;
}

struct vg_rulebook *vg_chain_rulebook(struct vg_chain *chain)
{
    return chain->rulebook;
}
