/* Which device a flux is looked at by, and what all of them can do together: the pool whose time is
 * shared out. All is in the time of one device, as a job takes it usually there (usual_job_us). */
#include "scheduler/decide_device.h"
#include "scheduler/loop.h"

/* Of a device's time. Nearly all: what is to hold at a load of 90 % needs more than that, and the
 * gauge takes back what cannot be had. */
#define CAPACITY_US (VG_US_PER_S * 95 / 100)
/* Without a batch for so long nothing is known of the device any more: it may have been so slow that
 * everybody was shed, and would stay so. */
#define STALE_US   (10 * VG_US_PER_S)
#define NOMINAL_US 1000 /* of a job, while nothing is known */
#define FPS        25   /* of a flux whose every picture is wanted */
#define LAST_PART  10   /* of a device: what the last one is thought to be worth until it has run */
#define STILL_PART \
    0.1 /* of its need: what a flux counts for at the least, however still: it wakes */
#define SILENT_PART 10 /* of its need: what a flux counts for that brings nothing at present */

/* ---- the pool ------------------------------------------------------------------------------ */

/* Flux of the device that ask for pictures. */
static uint32_t asking(const struct vg_loop_device *d)
{
    const struct vg_loop *a = d->loop;
    const uint32_t device = (uint32_t)(d - a->device);
    uint32_t asks = 0;
    for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX; i++)
        asks += a->flux[i].used && a->flux[i].asks && a->flux[i].device == device;
    return asks;
}

/* Jobs of a full batch: of two on the way each has half of the flux at most. */
static uint32_t full_batch(const struct vg_loop *a, uint32_t asks)
{
    const uint32_t half = (asks + 1) / 2;
    return half < a->batch_max ? half : a->batch_max;
}

/* What a job takes there now, job_us. Of a device that nobody asks anything of it stays as it was. */
static void look_at(struct vg_loop_device *d, int64_t now_us)
{
    const struct vg_loop *a = d->loop;
    const uint32_t asks = asking(d);
    if (now_us - d->answer_us > STALE_US) {
        d->batch_time = (struct vg_batch_time){0};
        if (a->device_count == 1 || asks > 0)
            d->job_us = 0;
        return;
    }
    const int64_t job_us = vg_batch_time_job_us(&d->batch_time, full_batch(a, asks));
    d->job_us = job_us > 0 ? job_us : d->job_us;
}

/* The device in whose time all is counted: the first of which something is known, as long as there
 * is one at all; then the one that it was. */
static const struct vg_loop_device *measure(struct vg_loop *a)
{
    const struct vg_loop_device *found = NULL;
    for (uint32_t i = 0; i < a->device_count; i++) {
        const struct vg_loop_device *d = &a->device[i];
        if (d->state != VG_LOOP_DEVICE_WELL || d->job_us <= 0)
            continue;
        if (i == a->measure)
            return d;
        found = found ? found : d;
    }
    if (found && a->usual_job_us <= 0)
        a->measure = (uint32_t)(found - a->device);
    else if (found)
        return NULL; /* others work; what was usual there stands */
    else
        a->usual_job_us = 0;
    return found;
}

/* What a picture counts for: a job, at what one takes the device over the last minute or so. One that
 * is slow for a while has less to give; no flux costs more by that. */
int64_t vg_loop_pool_cost_us(struct vg_loop *a, int64_t now_us)
{
    const double share = 1.0 / 64;
    for (uint32_t i = 0; i < a->device_count; i++)
        look_at(&a->device[i], now_us);
    const struct vg_loop_device *d = measure(a);
    if (d)
        a->usual_job_us +=
            a->usual_job_us > 0 ? share * ((double)d->job_us - a->usual_job_us) : (double)d->job_us;
    if (a->usual_job_us <= 0)
        return 0;
    return (int64_t)a->usual_job_us > 1 ? (int64_t)a->usual_job_us : 1;
}

int64_t vg_loop_counted_us(const struct vg_loop_device *d, int64_t us)
{
    const double usual_us = d->loop->usual_job_us;
    return d->job_us > 0 && usual_us > 0 ? (int64_t)((double)us * usual_us / (double)d->job_us)
                                         : us;
}

static int64_t capacity_us(const struct vg_loop_device *d)
{
    if (d->job_us <= 0 && d->last)
        return CAPACITY_US / LAST_PART;
    return vg_loop_counted_us(d, CAPACITY_US);
}

int64_t vg_loop_pool_capacity_us(struct vg_loop *a, int64_t replaced_us)
{
    int64_t there_us = 0, answered_us = 0;
    for (uint32_t i = 0; i < a->device_count; i++) {
        struct vg_loop_device *d = &a->device[i];
        answered_us += vg_loop_counted_us(d, d->answered_us);
        d->answered_us = 0;
        if (d->state == VG_LOOP_DEVICE_WELL)
            there_us += capacity_us(d);
    }
    return vg_share_gauge(&a->gauge, answered_us, replaced_us, there_us);
}

int64_t vg_loop_pool_all_us(const struct vg_loop *a)
{
    int64_t all_us = 0;
    for (uint32_t i = 0; i < a->device_count; i++)
        all_us += a->device[i].state == VG_LOOP_DEVICE_WELL ? CAPACITY_US : 0;
    return all_us;
}

/* ---- whose flux ---------------------------------------------------------------------------- */

static int64_t need_us(const struct vg_loop *a, int64_t period_us)
{
    const double job_us = a->usual_job_us > 0 ? a->usual_job_us : NOMINAL_US;
    const double fps = period_us > 0 ? 1e6 / (double)period_us : FPS;
    return (int64_t)(fps * job_us) + 1;
}

static int64_t flux_need_us(const struct vg_loop *a, const struct vg_live_flux *flux)
{
    if (!flux->config.active || flux->share.shed)
        return 0;
    const double part = flux->part > STILL_PART ? flux->part : STILL_PART;
    const int64_t us = (int64_t)(part * (double)need_us(a, flux->wanted_period_us)) + 1;
    return flux->claims ? us : us / SILENT_PART + 1;
}

static void tell_devices(const struct vg_loop *a, struct vg_device_state state[])
{
    for (uint32_t i = 0; i < a->device_count; i++)
        state[i] = (struct vg_device_state){.well = a->device[i].state == VG_LOOP_DEVICE_WELL,
                                            .last = a->device[i].last,
                                            .capacity_us = capacity_us(&a->device[i])};
}

uint32_t vg_loop_device_for(const struct vg_loop *a, int64_t period_us)
{
    struct vg_device_state state[VG_LOOP_DEVICES_MAX];
    tell_devices(a, state);
    for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX; i++)
        if (a->flux[i].used)
            state[a->flux[i].next_device].load_us += flux_need_us(a, &a->flux[i]);
    const uint32_t device = vg_device_choose(state, a->device_count, need_us(a, period_us));
    return device == VG_DEVICE_NONE ? 0 : device;
}

void vg_loop_settle(struct vg_loop *a, struct vg_live_flux *flux)
{
    if (flux->in_flight || flux->device == flux->next_device)
        return;
    vg_live_flux_move(flux, vg_loop_maps_of(&a->device[flux->next_device]));
    flux->device = flux->next_device;
}

void vg_loop_place(struct vg_loop *a)
{
    struct vg_device_state state[VG_LOOP_DEVICES_MAX];
    struct vg_placed_flux placed[VG_LIVE_FLUX_MAX];
    struct vg_live_flux *of[VG_LIVE_FLUX_MAX];
    uint32_t count = 0;
    if (a->device_count < 2)
        return;
    for (uint32_t i = 0; i < VG_LIVE_FLUX_MAX; i++) {
        struct vg_live_flux *flux = &a->flux[i];
        if (!flux->used)
            continue;
        placed[count] = (struct vg_placed_flux){.need_us = flux_need_us(a, flux),
                                                .priority = flux->config.priority,
                                                .device = flux->next_device};
        of[count++] = flux;
    }
    tell_devices(a, state);
    (void)vg_device_place(&(struct vg_placing){
        .device = state, .flux = placed, .devices = a->device_count, .flux_count = count});
    for (uint32_t i = 0; i < count; i++) {
        if (placed[i].device != VG_DEVICE_NONE)
            of[i]->next_device = placed[i].device;
        vg_loop_settle(a, of[i]);
    }
}
