#include "src/cli/probe_pool.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/media/pixels.h"

#define WAIT_US (VG_US_PER_S / 4)

enum slot {
    SLOT_FREE, /* the probe's: it may copy a picture into it */
    SLOT_FULL, /* waits to be looked at */
    SLOT_BUSY  /* the caller's thread looks at it */
};

struct pool;

struct seat {
    struct pool *pool;
    pthread_t thread;
    enum slot slot; /* lock */
    /* of who has the slot */
    struct vg_picture picture;
    uint8_t *pixels;
    size_t pixels_bytes;
    struct vg_probe_heights heights;
};

struct pool {
    const struct vg_probe_pool_settings *settings;
    pthread_mutex_t lock;
    pthread_cond_t news;   /* to the caller's thread: a picture, a report */
    pthread_cond_t looked; /* to the probes */
    size_t next;           /* lock: the first job that nobody has */
    uint32_t seats;
    struct seat seat[];
};

/* ---- a probe ---- */

static void copy_plane(uint8_t *to, uint32_t to_stride, const uint8_t *from, uint32_t from_stride,
                       uint32_t width, uint32_t height)
{
    for (uint32_t y = 0; y < height; y++)
        memcpy(to + (size_t)y * to_stride, from + (size_t)y * from_stride, width);
}

static bool copy(struct seat *seat, const struct vg_picture *from)
{
    const size_t bytes = vg_pixels_bytes(from->width, from->height);
    if (bytes > seat->pixels_bytes) {
        vg_free(seat->pixels);
        seat->pixels = vg_alloc(bytes);
        seat->pixels_bytes = seat->pixels ? bytes : 0;
    }
    if (!seat->pixels)
        return false;
    const struct vg_pixels to = vg_pixels_over(seat->pixels, from->width, from->height);
    copy_plane(to.luma, to.luma_stride, from->luma, from->luma_stride, from->width, from->height);
    copy_plane(to.chroma, to.chroma_stride, from->chroma, from->chroma_stride, from->width,
               from->height / 2);
    seat->picture = *from;
    seat->picture.luma = to.luma;
    seat->picture.chroma = to.chroma;
    seat->picture.luma_stride = to.luma_stride;
    seat->picture.chroma_stride = to.chroma_stride;
    return true;
}

static void hand_over(void *context, const struct vg_picture *picture)
{
    struct seat *seat = context;
    struct pool *pool = seat->pool;
    (void)pthread_mutex_lock(&pool->lock);
    const bool free = seat->slot == SLOT_FREE;
    (void)pthread_mutex_unlock(&pool->lock);
    if (!free || !copy(seat, picture))
        return;
    (void)pthread_mutex_lock(&pool->lock);
    seat->slot = SLOT_FULL;
    (void)pthread_cond_signal(&pool->news);
    (void)pthread_mutex_unlock(&pool->lock);
}

static void wait_for_look(struct seat *seat)
{
    (void)pthread_mutex_lock(&seat->pool->lock);
    while (seat->slot != SLOT_FREE)
        (void)pthread_cond_wait(&seat->pool->looked, &seat->pool->lock);
    (void)pthread_mutex_unlock(&seat->pool->lock);
}

static void probe(struct seat *seat, struct vg_probe_job *job)
{
    const struct vg_probe_pool_settings *all = seat->pool->settings;
    struct vg_source_settings source = all->source;
    struct vg_probe_settings settings = vg_probe_defaults();
    source.url = job->row.url;
    source.user = job->row.user;
    source.password = job->row.password;
    if (job->row.transport != VG_TRANSPORT_AUTO)
        source.transport = job->row.transport;
    settings.last_us = all->last_us;
    settings.look = all->eye ? hand_over : NULL;
    settings.context = seat;
    seat->heights.looks = seat->heights.count = 0;
    job->report.name = job->row.id;
    job->report.figures.status =
        vg_probe_run(&source, &settings, &job->report.figures, &job->report.fault);
    explicit_bzero(job->row.password, sizeof job->row.password);
    wait_for_look(seat);
    job->report.persons = vg_probe_persons_of(&seat->heights);
    vg_probe_judge(&job->report.figures, &job->report.persons, &job->report.verdict);
}

static void *work(void *argument)
{
    struct seat *seat = argument;
    struct pool *pool = seat->pool;
    (void)pthread_mutex_lock(&pool->lock);
    while (pool->next < pool->settings->count) {
        struct vg_probe_job *job = &pool->settings->job[pool->next++];
        (void)pthread_mutex_unlock(&pool->lock);
        probe(seat, job);
        (void)pthread_mutex_lock(&pool->lock);
        job->done = true;
        (void)pthread_cond_signal(&pool->news);
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* ---- the caller's thread ---- */

static struct seat *seat_with_picture(struct pool *pool)
{
    for (uint32_t i = 0; i < pool->seats; i++)
        if (pool->seat[i].slot == SLOT_FULL)
            return &pool->seat[i];
    return NULL;
}

static void wait_for_news(struct pool *pool)
{
    const int64_t until_us = vg_mono_now().us + WAIT_US;
    const struct timespec until = {.tv_sec = (time_t)(until_us / VG_US_PER_S),
                                   .tv_nsec = (long)(until_us % VG_US_PER_S) * 1000};
    (void)pthread_cond_timedwait(&pool->news, &pool->lock, &until);
}

/* Without the lock. */
static void look(struct pool *pool, struct seat *seat)
{
    vg_probe_eye_look(pool->settings->eye, &seat->picture, &seat->heights);
    (void)pthread_mutex_lock(&pool->lock);
    seat->slot = SLOT_FREE;
    (void)pthread_cond_broadcast(&pool->looked);
    (void)pthread_mutex_unlock(&pool->lock);
}

/* Looks and tells until every job is told. */
static enum vg_status serve(struct pool *pool)
{
    const struct vg_probe_pool_settings *settings = pool->settings;
    enum vg_status status = VG_OK;
    size_t told = 0;
    while (told < settings->count) {
        (void)pthread_mutex_lock(&pool->lock);
        struct seat *seat = seat_with_picture(pool);
        bool done = settings->job[told].done;
        if (!seat && !done) {
            wait_for_news(pool);
            seat = seat_with_picture(pool);
            done = settings->job[told].done;
        }
        if (seat)
            seat->slot = SLOT_BUSY;
        (void)pthread_mutex_unlock(&pool->lock);
        if (seat)
            look(pool, seat);
        if (done) {
            const struct vg_probe_report *report = &settings->job[told++].report;
            status = report->figures.status == VG_E_MEMORY ? VG_E_MEMORY : status;
            settings->tell(settings->context, report);
        }
        settings->wait(settings->context, told);
    }
    return status;
}

static void prepare(struct pool *pool)
{
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&pool->lock, NULL);
    (void)pthread_cond_init(&pool->news, &monotonic);
    (void)pthread_cond_init(&pool->looked, NULL);
    (void)pthread_condattr_destroy(&monotonic);
}

static void release(struct pool *pool)
{
    for (uint32_t i = 0; i < pool->seats; i++)
        (void)pthread_join(pool->seat[i].thread, NULL);
    for (uint32_t i = 0; i < pool->seats; i++)
        vg_free(pool->seat[i].pixels);
    (void)pthread_cond_destroy(&pool->looked);
    (void)pthread_cond_destroy(&pool->news);
    (void)pthread_mutex_destroy(&pool->lock);
    vg_free(pool);
}

/* Fewer than asked for will do; seats counts those that run. */
static uint32_t start(struct pool *pool, uint32_t wanted)
{
    uint32_t started = 0;
    for (; started < wanted; started++) {
        pool->seat[started].pool = pool;
        if (pthread_create(&pool->seat[started].thread, NULL, work, &pool->seat[started]) != 0)
            break;
    }
    return started;
}

enum vg_status vg_probe_pool_run(const struct vg_probe_pool_settings *settings,
                                 struct vg_fault *fault)
{
    uint32_t wanted = settings->threads < VG_PROBE_JOBS_MAX ? settings->threads : VG_PROBE_JOBS_MAX;
    if (wanted > settings->count)
        wanted = (uint32_t)settings->count;
    struct pool *pool = vg_alloc(sizeof *pool + wanted * sizeof pool->seat[0]);
    if (!pool)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "probe");
    pool->settings = settings;
    prepare(pool);
    pool->seats = start(pool, wanted);
    enum vg_status status = VG_OK;
    if (pool->seats || !wanted)
        status = serve(pool);
    else
        status = VG_E_LACK;
    release(pool);
    if (status)
        return vg_fault_set(fault, status, vg_status_text(status), NULL, "probe");
    return VG_OK;
}
