#include "bench/timed_device.h"

#include <stdatomic.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/text.h"

#define AT_ONCE_US 200                /* a batch that comes so soon was waiting */
#define LAP_US     (12 * VG_US_PER_S) /* there and back: a quarter of the picture in 6 s */
#define PERSONS    3

struct vg_timed_device {
    struct vg_timed_device_settings settings;
    struct vg_timed_trouble trouble;
    uint64_t begun;               /* runs, those that fail too */
    struct vg_engine_times times; /* of the last run */
    /* of the thread that runs it */
    int64_t ended_us, due_us; /* the last run: in truth, and as it should have */
    int64_t inside_us;        /* processor time of its own */
    /* any thread reads */
    atomic_bool inside;
    atomic_uint_fast64_t runs, jobs;
    _Atomic int64_t busy_us, late_us, thread_us;
};

int64_t vg_timed_device_us(const struct vg_timed_device_settings *settings,
                           const struct vg_job *jobs, uint32_t count)
{
    int64_t us = settings->start_us;
    for (uint32_t i = 0; i < count; i++) {
        const bool dear = settings->dearer > 1 && jobs[i].picture->luma[0] == VG_TIMED_DEAR;
        us += settings->job_us * (dear ? (int64_t)settings->dearer : 1);
    }
    return us;
}

/* Each has a strip of the picture of his own and leaves it never: nobody crosses its middle, so that
 * no alert is drawn all the time. */
void vg_timed_device_answer(uint32_t width, uint32_t height, int64_t media_us, uint32_t who,
                            struct vg_answer *answer)
{
    static const struct {
        float left, foot, size, score;
    } person[PERSONS] = {
        {0.08F, 0.55F, 0.30F, 0.81F}, {0.10F, 0.95F, 0.34F, 0.87F}, {0.60F, 0.75F, 0.32F, 0.74F}};
    const int64_t shift_us = (int64_t)(who % 64) * (LAP_US / 64);
    const float w = (float)width, h = (float)height;
    answer->count = PERSONS;
    answer->overflow = 0;
    for (int i = 0; i < PERSONS; i++) {
        const int64_t at_us = (media_us + shift_us + i * LAP_US / PERSONS) % LAP_US;
        const int64_t way_us = at_us < LAP_US / 2 ? at_us : LAP_US - at_us;
        const float along = 0.25F * (float)way_us / (float)(LAP_US / 2);
        const float tall = person[i].size * h;
        answer->detection[i] = (struct vg_detection){.box = {.left = (person[i].left + along) * w,
                                                             .top = person[i].foot * h - tall,
                                                             .width = tall * 0.4F,
                                                             .height = tall},
                                                     .score = person[i].score,
                                                     .class_id = VG_CLASS_PERSON};
    }
}

/* One that came at once had been waiting: it began when the one before should have ended. */
static int64_t begin_us(const struct vg_timed_device *d, int64_t now_us)
{
    return now_us - d->ended_us < AT_ONCE_US ? d->due_us : now_us;
}

/* How this run goes wrong. */
static enum vg_status meet_trouble(struct vg_timed_device *d, struct vg_fault *fault)
{
    const struct vg_timed_trouble *trouble = &d->trouble;
    const uint64_t number = ++d->begun;
    if (number == trouble->hangs_at)
        vg_pause_us(trouble->hang_us);
    if (!trouble->fails_at || number < trouble->fails_at ||
        number - trouble->fails_at >= trouble->fails)
        return VG_OK;
    return vg_fault_set(fault, VG_E_DEVICE, N_("the device failed while working"), NULL,
                        "timed device");
}

static enum vg_status run_inside(struct vg_timed_device *d, const struct vg_job *jobs,
                                 uint32_t count, struct vg_answer *answers, struct vg_fault *fault)
{
    const int64_t cpu_us = vg_thread_cpu_time_us(), now_us = vg_mono_now().us;
    const int64_t us = vg_timed_device_us(&d->settings, jobs, count);
    const enum vg_status status = meet_trouble(d, fault);
    if (status)
        return status;
    for (uint32_t i = 0; i < count; i++)
        vg_timed_device_answer(jobs[i].picture->width, jobs[i].picture->height, jobs[i].time.us,
                               jobs[i].picture->flux, &answers[i]);
    d->due_us = begin_us(d, now_us) + us;
    for (int64_t left_us = d->due_us - vg_mono_now().us; left_us > 0;
         left_us = d->due_us - vg_mono_now().us)
        vg_pause_us(left_us);
    d->ended_us = vg_mono_now().us;
    d->times = (struct vg_engine_times){.infer_us = us};
    const int64_t all_us = vg_thread_cpu_time_us();
    d->inside_us += all_us - cpu_us;
    atomic_fetch_add_explicit(&d->runs, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&d->jobs, count, memory_order_relaxed);
    atomic_fetch_add_explicit(&d->busy_us, us, memory_order_relaxed);
    atomic_fetch_add_explicit(&d->late_us, d->ended_us - d->due_us, memory_order_relaxed);
    atomic_store_explicit(&d->thread_us, all_us - d->inside_us, memory_order_relaxed);
    return VG_OK;
}

static enum vg_status run(void *self, const struct vg_job *jobs, uint32_t count,
                          struct vg_answer *answers, struct vg_fault *fault)
{
    struct vg_timed_device *d = self;
    atomic_store_explicit(&d->inside, true, memory_order_relaxed);
    const enum vg_status status = run_inside(d, jobs, count, answers, fault);
    atomic_store_explicit(&d->inside, false, memory_order_release);
    return status;
}

bool vg_timed_device_runs(const struct vg_timed_device *device)
{
    return atomic_load_explicit(&device->inside, memory_order_acquire);
}

static struct vg_engine_times last_times(const void *self)
{
    const struct vg_timed_device *d = self;
    return d->times;
}

/* It has no weights: always the same. */
static enum vg_status weights_digest(void *self, uint8_t digest[VG_SHA256_BYTES],
                                     struct vg_fault *fault)
{
    (void)self;
    (void)fault;
    memset(digest, 0, VG_SHA256_BYTES);
    return VG_OK;
}

static const char *name(const void *self)
{
    (void)self;
    return "timed device";
}

enum vg_status vg_timed_device_open(struct vg_timed_device **device,
                                    const struct vg_timed_device_settings *settings)
{
    struct vg_timed_device *d = vg_alloc(sizeof *d);
    *device = d;
    if (!d)
        return VG_E_MEMORY;
    d->settings = *settings;
    d->ended_us = -VG_US_PER_S;
    return VG_OK;
}

void vg_timed_device_trouble(struct vg_timed_device *device, const struct vg_timed_trouble *trouble)
{
    device->trouble = *trouble;
}

void vg_timed_device_close(struct vg_timed_device **device)
{
    vg_free(*device);
    *device = NULL;
}

struct vg_device_unit vg_timed_device_unit(struct vg_timed_device *device)
{
    return (struct vg_device_unit){.self = device,
                                   .run = run,
                                   .last_times = last_times,
                                   .weights_digest = weights_digest,
                                   .name = name,
                                   .precision = "f32",
                                   .plan = "timed"};
}

struct vg_timed_device_counts vg_timed_device_read(const struct vg_timed_device *device)
{
    return (struct vg_timed_device_counts){
        .runs = atomic_load_explicit(&device->runs, memory_order_relaxed),
        .jobs = atomic_load_explicit(&device->jobs, memory_order_relaxed),
        .busy_us = atomic_load_explicit(&device->busy_us, memory_order_relaxed),
        .late_us = atomic_load_explicit(&device->late_us, memory_order_relaxed),
        .thread_us = atomic_load_explicit(&device->thread_us, memory_order_relaxed)};
}
