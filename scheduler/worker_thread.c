#include "scheduler/worker_thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/prctl.h>

#include "scheduler/live_config.h"
#include "src/base/alloc.h"

enum {
    WORKER_LIMIT_S = 30
};

struct vg_worker_thread {
    struct vg_worker_settings settings;
    struct vg_ring *in, *out;
    struct vg_view_lens *lens;
    struct vg_beat beat;
    pthread_t thread;
    bool running;
};

/* Alerts and the rules' memory are the exceptions on the way of a picture: they may allocate. Only
 * what an alert must not go without waits for the disk: the rules' memory of it before it is
 * promised, and its promise. What follows is given to be written (rulebook.h): killed at any
 * point, the same onset is neither lost nor told under another key. */
static void raise_alerts(struct vg_worker_thread *t, struct vg_live_work *work,
                         const struct vg_chain_output *seen, struct vg_media_time media)
{
    struct vg_live_flux *flux = work->flux;
    const struct vg_wall_time wall = work->picture.wall;
    vg_alloc_unseal();
    if (seen->alert_count)
        vg_live_flux_save_untold(flux, media, wall);
    for (uint32_t i = 0; i < seen->alert_count; i++) {
        const enum vg_status status =
            vg_live_alert_raise(t->settings.alerts, flux, &seen->alerts[i], &work->picture,
                                work->batch->maker, work->phase);
        if (!status)
            work->alert_count++;
        else if (status != VG_E_TIMEOUT) /* then it is not known yet */
            vg_rulebook_refused(vg_chain_rulebook(flux->chain), seen->alerts[i].rule);
    }
    vg_live_flux_save(flux, seen->alert_count ? VG_LIVE_SAVE_SOON : VG_LIVE_SAVE_WHEN_DUE, media,
                      wall);
    vg_alloc_seal();
}

/* Before the flux's first picture: what it knew in the process before this one. */
static void remember(struct vg_live_flux *flux, const struct vg_chain_input *input)
{
    vg_alloc_unseal();
    vg_live_flux_restore(flux, input->moment.media, input->moment.wall);
    vg_live_sight_restore(&flux->sight, flux->config.view_confirmed);
    vg_alloc_seal();
}

/* What a look at the view brought. */
static void follow_view(struct vg_worker_thread *t, struct vg_live_flux *flux,
                        struct vg_wall_time wall)
{
    if (!vg_live_sight_stirs(&flux->sight))
        return;
    vg_alloc_unseal();
    vg_live_sight_follow(&flux->sight, t->lens, flux->config.view_confirmed, wall);
    vg_alloc_seal();
}

/* Those that came with the answer. A device that has failed in making them makes none any more: the
 * chain does, from this picture on. */
static const struct vg_maps *maps_of(struct vg_live_flux *flux)
{
    const struct vg_maps *maps = flux->maps ? vg_map_flux_maps(flux->maps, 0) : NULL;
    if (!flux->maps || maps)
        return maps && maps->set ? maps : NULL; /* events look at those that they asked for */
    vg_alloc_unseal();
    (void)!vg_chain_make_maps(flux->chain); /* without memory: rules say that there are no maps */
    vg_alloc_seal();
    return NULL;
}

static void follow(struct vg_worker_thread *t, struct vg_live_work *work)
{
    struct vg_live_flux *flux = work->flux;
    const struct vg_picture *picture = &work->picture;
    const struct vg_mono_time start = vg_mono_now();
    struct vg_look_answer looks[VG_LOOKS_MAX];
    vg_second_looks_take(&work->looks, work->answer + 1, looks);
    struct vg_chain_input input = {
        .detections = work->answer->detection,
        .detection_count = work->answer->count,
        .width = picture->width,
        .height = picture->height,
        .epoch = picture->epoch,
        .picture = picture,
        .lens = t->lens,
        .source_fps_milli = work->source_fps_milli,
        .known = flux->known,
        .maps = maps_of(flux),
        .looks = looks,
        .look_count = work->looks.count,
        .moment = {.media = work->media,
                   .wall_known = true,
                   .wall = picture->wall,
                   .stopped_events = work->stopped_events},
    };
    if (!flux->sight.restored)
        remember(flux, &input);
    struct vg_chain_output seen;
    vg_chain_track(flux->chain, &input, &seen);
    const struct vg_mono_time tracked = vg_mono_now();
    vg_chain_judge(flux->chain, &input, &seen);
    if (flux->gate)
        vg_still_gate_follow(flux->gate, flux->chain, &input, &seen);
    flux->last_wall = picture->wall;
    if (vg_chain_rulebook(flux->chain))
        flux->stir = vg_rulebook_stir(vg_chain_rulebook(flux->chain), work->media);
    work->done = vg_mono_now();
    vg_stage_times_add(t->settings.times, VG_STAGE_TRACK, tracked.us - start.us);
    vg_stage_times_add(t->settings.times, VG_STAGE_RULES, work->done.us - tracked.us);
    vg_stage_times_add(t->settings.times, VG_STAGE_TOTAL, work->done.us - picture->arrival.us);
    vg_stage_times_add_due(t->settings.times, work->done.us - work->due.us, work->period_us,
                           work->dues);
    raise_alerts(t, work, &seen, input.moment.media);
    follow_view(t, flux, picture->wall);
}

/* Back to the loop, which is woken by the last of a batch's works that are there: it can do nothing
 * with the batch before, and a wake-up costs it more than a picture. */
static void hand_back(struct vg_worker_thread *t, struct vg_live_work *work)
{
    struct vg_live_work *next = NULL;
    const bool more = vg_ring_peek(t->in, &next) == VG_OK && next && next->batch == work->batch;
    /* room for every work that exists */
    (void)!(more ? vg_ring_push_quietly(t->out, &work) : vg_ring_push(t->out, &work));
}

static void *worker_main(void *user)
{
    struct vg_worker_thread *t = user;
    (void)prctl(PR_SET_NAME, "vg-worker"); /* the bench tells threads apart by it */
    vg_alloc_seal();
    for (;;) {
        struct vg_live_work *work;
        if (vg_ring_pop(t->in, &work)) {
            (void)!vg_ring_wait(t->in, -1);
            continue;
        }
        if (!work)
            return NULL;
        vg_beat_begin(&t->beat, vg_mono_now());
        if (work->answer)
            follow(t, work);
        vg_beat_end(&t->beat);
        hand_back(t, work);
    }
}

enum vg_status vg_worker_thread_open(struct vg_worker_thread **thread,
                                     const struct vg_worker_settings *settings)
{
    struct vg_worker_thread *t = vg_alloc(sizeof *t);
    *thread = NULL;
    if (!t)
        return VG_E_MEMORY;
    t->settings = *settings;
    t->beat.name = "worker";
    t->beat.limit_us = WORKER_LIMIT_S * VG_US_PER_S;
    t->beat.ends_us = t->beat.limit_us;
    enum vg_status status =
        vg_ring_open(&t->in, VG_LIVE_FLUX_MAX * 2, sizeof(struct vg_live_work *));
    if (!status)
        status = vg_ring_open(&t->out, VG_LIVE_FLUX_MAX * 2, sizeof(struct vg_live_work *));
    if (!status)
        status = vg_view_lens_open(&t->lens);
    if (!status) {
        t->running = pthread_create(&t->thread, NULL, worker_main, t) == 0;
        status = t->running ? VG_OK : VG_E_LACK;
    }
    if (status)
        vg_worker_thread_close(&t);
    *thread = t;
    return status;
}

void vg_worker_thread_close(struct vg_worker_thread **thread)
{
    struct vg_worker_thread *t = *thread;
    if (!t)
        return;
    if (t->running) {
        struct vg_live_work *quit = NULL;
        (void)!vg_ring_push(t->in, &quit);
        (void)pthread_join(t->thread, NULL);
    }
    vg_ring_close(&t->in);
    vg_ring_close(&t->out);
    vg_view_lens_close(&t->lens);
    vg_free(t);
    *thread = NULL;
}

struct vg_ring *vg_worker_thread_in(struct vg_worker_thread *thread)
{
    return thread->in;
}

struct vg_ring *vg_worker_thread_out(struct vg_worker_thread *thread)
{
    return thread->out;
}

struct vg_beat *vg_worker_thread_beat(struct vg_worker_thread *thread)
{
    return &thread->beat;
}

int64_t vg_worker_thread_cpu_us(const struct vg_worker_thread *thread)
{
    return vg_thread_cpu_time_of_us(thread->thread);
}
