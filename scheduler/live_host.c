#include "scheduler/live_host.h"

#include <math.h>

#define STEP_US (5 * VG_US_PER_S)
/* A step counts half after some twenty seconds. */
#define FADE (1.0 - 1.0 / 6)
/* The most that a batch had of the cores is half forgotten after some minutes with batches. */
#define FORGET 0.98

/* A device that was busy for less of a step says nothing about its cores. */
#define BUSY_LEAST 0.05

static uint32_t whole(double value, uint32_t most)
{
    return value > 0 ? value < most ? (uint32_t)(value + 0.5) : most : 0;
}

static double positive(double value)
{
    return value > 0 ? value : 0;
}

bool vg_live_host_due(const struct vg_live_host *host, int64_t now_us)
{
    return host->before.now_us == 0 || now_us - host->before.now_us >= STEP_US;
}

/* A place of the list that another flux has now begins anew, and so does a count that went back. */
static void begin(struct vg_host_flux *flux, uint64_t tag)
{
    if (flux->tag != tag)
        *flux = (struct vg_host_flux){.tag = tag};
    flux->decode_before_us = -1;
}

/* What it took since the last step, of a processor. */
static double take_flux(struct vg_live_host *host, struct vg_host_flux *flux,
                        const struct vg_slots_state *state)
{
    const int64_t us = state->figure[VG_FIGURE_DECODE_TIME];
    if (flux->tag != state->tag || us < flux->decode_before_us ||
        state->decoded < flux->decoded_before)
        begin(flux, state->tag);
    const bool first = flux->decode_before_us < 0 || flux->decoded_before == 0;
    const double took_us = first ? 0 : (double)(us - flux->decode_before_us),
                 decoded = first ? 0 : (double)(state->decoded - flux->decoded_before);
    flux->decode_before_us = us;
    flux->decoded_before = state->decoded;
    if (decoded <= 0)
        return took_us;
    flux->decode_us = flux->decode_us * FADE + took_us;
    flux->decoded = flux->decoded * FADE + decoded;
    host->decode_us += took_us;
    host->decoded += decoded;
    return took_us;
}

static double take_all_flux(struct vg_live_host *host, const struct vg_live_view *view,
                            uint32_t count)
{
    const double decode_us = host->decode_us, decoded = host->decoded;
    double took_us = 0;
    for (uint32_t i = 0; i < count && i < VG_LIVE_FLUX_MAX; i++)
        took_us += take_flux(host, &host->flux[i], &view[i].state);
    if (host->decoded > decoded) { /* else it is kept */
        host->decode_us -= decode_us * (1 - FADE);
        host->decoded -= decoded * (1 - FADE);
    }
    return took_us;
}

static double cores_of(const struct vg_host_point *point)
{
    return point->cores_milli / 1000.0;
}

/* That a batch can use at the most. */
static double most_of(const struct vg_host_point *point)
{
    const double cores = cores_of(point);
    return point->device_cores > 0 ? fmin(point->device_cores, cores) : cores;
}

/* What others did meanwhile in the mean kept it from as much. others: cores. */
static void take_device(struct vg_live_host *host, double had, double busy_us, double others)
{
    const double most = most_of(&host->before);
    const double left = fmin(most, fmax(cores_of(&host->before) - others, had));
    const double could = had < left ? had * most / left : most;
    host->device_us = host->device_us * FADE + had * busy_us;
    host->busy_us = host->busy_us * FADE + busy_us;
    host->could = could > host->could * FORGET ? could : host->could * FORGET;
}

/* What was taken of the cores that may be used, of a processor; -1: not known. All that share a quota
 * take of it. Of a machine where others have processors that are not ours its load says nothing. */
static double taken_us(const struct vg_host_point *before, const struct vg_host_point *point)
{
    const double all_us = cores_of(point) * (double)(point->now_us - before->now_us);
    if (before->used_us > 0 && point->used_us >= before->used_us)
        return fmin((double)(point->used_us - before->used_us), all_us);
    if (point->cores_milli < point->processors * 1000)
        return -1;
    const double machine = vg_machine_load_between(&before->machine, &point->machine);
    return machine < 0 ? -1 : machine * all_us;
}

void vg_live_host_step(struct vg_live_host *host, const struct vg_host_point *point,
                       const struct vg_live_view *view, uint32_t view_count)
{
    const struct vg_host_point b = host->before;
    const double decode_us = take_all_flux(host, view, view_count);
    host->before = *point;
    if (b.now_us == 0 || point->now_us <= b.now_us)
        return;
    const double step_us = (double)(point->now_us - b.now_us),
                 loop_us = (double)(point->loop_us - b.loop_us),
                 workers_us = (double)(point->workers_us - b.workers_us),
                 own_us = (double)(point->process_us - b.process_us),
                 pictures = (double)(point->pictures - b.pictures);
    const double busy_us = taken_us(&b, point);
    const double shared_us = (double)(point->shared_busy_us - b.shared_busy_us);
    const double device_us = positive(own_us - loop_us - workers_us);
    /* before its first batch a device compiles its kernels */
    if (b.shared_busy_us > 0 && shared_us > BUSY_LEAST * step_us)
        take_device(host, fmin(device_us / shared_us, most_of(point)), shared_us,
                    busy_us < 0 ? 0 : positive(busy_us - device_us) / step_us);
    if (pictures > 0) {
        host->workers_us = host->workers_us * FADE + positive(workers_us);
        host->pictures = host->pictures * FADE + pictures;
    }
    const double rest_us =
        busy_us < 0 ? positive(loop_us) : positive(busy_us - decode_us - own_us + loop_us);
    host->seconds = host->seconds * FADE + step_us / VG_US_PER_S;
    host->rest_us = host->rest_us * FADE + rest_us;
}

static double mean(double sum, double count)
{
    return count > 0 ? sum / count : 0;
}

struct vg_admission_host vg_live_host_tell(const struct vg_live_host *host)
{
    const double rest = mean(host->rest_us, host->seconds * VG_US_PER_S);
    if (host->seconds <= 0)
        return (struct vg_admission_host){0};
    return (struct vg_admission_host){
        .cores_milli = whole(host->before.cores_milli, VG_ADMISSION_CORES_MAX),
        .rest_milli = whole(rest * 1000, VG_ADMISSION_CORES_MAX),
        .workers = host->before.workers,
        .decode_us =
            host->decoded < VG_HOST_PICTURES_MIN
                ? 0
                : 1 + whole(mean(host->decode_us, host->decoded), VG_ADMISSION_PICTURE_US_MAX - 1),
        .follow_us = whole(mean(host->workers_us, host->pictures), VG_ADMISSION_PICTURE_US_MAX)};
}

uint32_t vg_live_host_decode_us(const struct vg_live_host *host, uint32_t view)
{
    if (view >= VG_LIVE_FLUX_MAX || host->flux[view].decoded < VG_HOST_PICTURES_MIN)
        return 0;
    const struct vg_host_flux *flux = &host->flux[view];
    return 1 + whole(mean(flux->decode_us, flux->decoded), VG_ADMISSION_PICTURE_US_MAX - 1);
}

struct vg_host_share vg_live_host_share(const struct vg_live_host *host)
{
    const double most = most_of(&host->before); /* not known yet: all of them */
    const bool known = host->busy_us > 0 && host->device_us > 0;
    const double had = known ? host->device_us / host->busy_us : most,
                 could = known ? host->could : most;
    return (struct vg_host_share){whole(could * 1000, VG_ADMISSION_CORES_MAX),
                                  whole(had * 1000, VG_ADMISSION_CORES_MAX)};
}
