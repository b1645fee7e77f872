#include "scheduler/chain.h"

#include "src/base/alloc.h"

struct vg_chain {
    const struct vg_scene *scene;
    struct vg_tracker *tracker;
    struct vg_watcher *watcher;
    struct vg_rulebook *rulebook;
    uint32_t epoch;
    bool started;
    struct vg_watch_output watched;
    struct vg_alert alerts[VG_ALERTS_PER_PICTURE_MAX];
};

enum vg_status vg_chain_open(struct vg_chain **chain, const struct vg_scene *scene)
{
    const struct vg_tracker_settings settings = vg_tracker_defaults();
    struct vg_chain *c = vg_alloc(sizeof *c);
    *chain = NULL;
    if (!c)
        return VG_E_MEMORY;
    c->scene = scene;
    enum vg_status status = vg_tracker_open(&c->tracker, &settings);
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
    vg_rulebook_close(&c->rulebook);
    vg_watcher_close(&c->watcher);
    vg_tracker_close(&c->tracker);
    vg_free(c);
    *chain = NULL;
}

static void begin_epoch(struct vg_chain *chain, uint32_t epoch)
{
    if (chain->started && chain->epoch != epoch) {
        vg_tracker_reset(chain->tracker);
        if (chain->scene) {
            vg_watcher_reset(chain->watcher);
            vg_rulebook_reset(chain->rulebook);
        }
    }
    chain->started = true;
    chain->epoch = epoch;
}

void vg_chain_track(struct vg_chain *chain, const struct vg_chain_input *input,
                    struct vg_chain_output *output)
{
    begin_epoch(chain, input->epoch);
    *output = (struct vg_chain_output){.alerts = chain->alerts};
    vg_tracker_step(chain->tracker, input->detections, input->detection_count, input->moment.media,
                    &output->tracks, &output->track_count);
}

void vg_chain_judge(struct vg_chain *chain, const struct vg_chain_input *input,
                    struct vg_chain_output *output)
{
    if (!chain->scene)
        return;
    const struct vg_watch_input watch = {
        .tracks = output->tracks,
        .track_count = output->track_count,
        .width = input->width,
        .height = input->height,
        .time = input->moment.media,
        .explainer = input->moment.explainer,
    };
    vg_watcher_step(chain->watcher, &watch, &chain->watched);
    output->watched = &chain->watched;
    output->alert_count =
        vg_rulebook_step(chain->rulebook, &chain->watched, &input->moment, chain->alerts);
}

struct vg_rulebook *vg_chain_rulebook(struct vg_chain *chain)
{
    return chain->rulebook;
}
