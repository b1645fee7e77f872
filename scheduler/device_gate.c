#include "scheduler/device_gate.h"

#include "scheduler/live_flux.h"

static struct vg_still_picture still_picture(const struct vg_live_work *work)
{
    const struct vg_picture *picture = &work->picture;
    /* of a flux of which every picture is looked at, as often as its source sends */
    const int64_t source_us =
        work->source_fps_milli ? 1000 * VG_US_PER_S / work->source_fps_milli : 0;
    return (struct vg_still_picture){.epoch = picture->epoch,
                                     .width = picture->width,
                                     .height = picture->height,
                                     .time = work->media,
                                     .period_us =
                                         work->period_us > source_us ? work->period_us : source_us};
}

static const struct vg_maps *maps_of(const struct vg_live_flux *flux)
{
    return flux->maps ? vg_map_flux_maps(flux->maps, 0) : NULL;
}

void vg_device_gate_begin(struct vg_live_work *work)
{
    const struct vg_live_flux *flux = work->flux;
    const struct vg_still_picture picture = still_picture(work);
    work->looked = false;
    work->verdict = VG_GATE_BEGINS;
    work->may_still = flux->gate && flux->maps && vg_still_gate_may(flux->gate, &picture);
}

/* ---- the device thread's ---- */

struct run {
    struct vg_live_batch *batch;
    uint32_t first; /* job of the batch with which the run begins */
    const struct vg_device_gate_hold *hold;
};

/* Whose picture the job is; NULL: it is a second look. */
static struct vg_live_work *work_of(struct vg_live_batch *batch, uint32_t job)
{
    for (uint32_t i = 0; i < batch->count; i++)
        if (batch->work[i].first_job == job)
            return &batch->work[i];
    return NULL;
}

static void look(struct vg_live_work *work)
{
    const struct vg_still_picture picture = still_picture(work);
    work->verdict = vg_still_gate_look(work->flux->gate, &picture, maps_of(work->flux));
    work->looked = true;
}

static bool is_still(void *user, uint32_t job)
{
    const struct run *run = user;
    struct vg_live_work *work = work_of(run->batch, run->first + job);
    bool still = false;
    if (!work || !work->may_still)
        return false;
    if (run->hold)
        (void)pthread_mutex_lock(run->hold->lock);
    if (!run->hold || !*run->hold->given_up) {
        look(work);
        still = work->verdict == VG_GATE_STILL;
    }
    if (run->hold)
        (void)pthread_mutex_unlock(run->hold->lock);
    return still;
}

static bool any_may_be_still(const struct vg_live_batch *batch, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct vg_live_work *work = &batch->work[i];
        if (work->may_still && work->first_job >= first && work->first_job - first < count)
            return true;
    }
    return false;
}

enum vg_status vg_device_gate_run(const struct vg_device_unit *unit, struct vg_live_batch *batch,
                                  uint32_t first, uint32_t count,
                                  const struct vg_device_gate_hold *hold)
{
    const struct vg_job *job = batch->job + first;
    struct vg_answer *answer = batch->answer + first;
    struct run run = {batch, first, hold};
    struct vg_engine_gate gate = {.still = is_still, .user = &run};
    if (!unit->run_gated || !any_may_be_still(batch, first, count)) {
        batch->through += count;
        return unit->run(unit->self, job, count, answer, &batch->fault);
    }
    const enum vg_status status =
        unit->run_gated(unit->self, job, count, &gate, answer, &batch->fault);
    batch->through += gate.through;
    return status;
}

void vg_device_gate_end(struct vg_live_work *work, struct vg_answer *answer)
{
    struct vg_still_gate *gate = work->flux->gate;
    if (!gate)
        return;
    if (!work->looked) {
        look(work);
        /* it was detected, whatever it would have been */
        work->verdict = work->verdict == VG_GATE_STILL ? VG_GATE_BOUND : work->verdict;
    }
    if (work->verdict == VG_GATE_STILL)
        vg_still_gate_answer(gate, answer);
    else
        vg_still_gate_keep(gate, maps_of(work->flux), answer);
}

/* ---- what it took ---- */

static int64_t net_us(const struct vg_live_batch *batch)
{
    const struct vg_engine_times *t = &batch->times;
    return batch->through ? (t->prepare_us + t->infer_us + t->boxes_us) / batch->through : 0;
}

static int64_t maps_us(const struct vg_live_batch *batch)
{
    return batch->times.maps_us / batch->count;
}

int64_t vg_device_gate_us(const struct vg_live_work *work)
{
    const struct vg_live_batch *batch = work->batch;
    const int64_t jobs = work->looks.count + (work->verdict != VG_GATE_STILL);
    return maps_us(batch) + jobs * net_us(batch);
}

int64_t vg_device_gate_through_us(const struct vg_live_batch *batch)
{
    const struct vg_engine_times *t = &batch->times;
    return t->prepare_us + t->infer_us + t->boxes_us +
           t->maps_us * (int64_t)batch->through / (int64_t)batch->jobs;
}
