#include "scheduler/row_thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/beat.h"
#include "src/base/clock.h"
#include "src/base/coverage.h"
#include "src/base/log.h"
#include "src/base/ring.h"

enum {
    LOOK_EVERY_MS = 60000, /* for a new day */
    SAY_EVERY_S = 600,
    LIMIT_S = 60
};

struct vg_row_thread {
    struct vg_row_settings settings; /* data: the one below */
    char data[4096];
    pthread_t thread;
    bool running;
    struct vg_ring *ring;
    struct vg_beat beat;
    atomic_uint_fast32_t waiting;                  /* in the ring; relaxed: a level, not an order */
    atomic_bool quit;                              /* relaxed: the ring's wake orders it */
    atomic_uint_fast64_t written, failed, dropped; /* relaxed: figures */

    /* the thread's own */
    uint8_t *note;
    int64_t swept_day;
    struct vg_log_repeat trouble;
    bool in_trouble;

    /* the loop's own */
    uint8_t *wake; /* a note of zeros */
    struct vg_log_repeat full;
};

static void say_failed(struct vg_row_thread *t, const struct vg_fault *fault)
{
    atomic_fetch_add_explicit(&t->failed, 1, memory_order_relaxed);
    t->in_trouble = true;
    const uint64_t times = vg_log_repeat_due(&t->trouble, vg_mono_now(), SAY_EVERY_S * VG_US_PER_S);
    if (times)
        vg_log(VG_LOG_WARN, "%s: %llu rows were not written (%s): %s", t->settings.name,
               (unsigned long long)times, fault->what, fault->place);
}

static void say_written(struct vg_row_thread *t)
{
    atomic_fetch_add_explicit(&t->written, 1, memory_order_relaxed);
    if (t->in_trouble)
        vg_log(VG_LOG_INFO, "%s: rows are written again", t->settings.name);
    t->in_trouble = false;
}

static void write_note(struct vg_row_thread *t)
{
    struct vg_fault fault = {.what = ""};
    if (t->settings.write(t->settings.user, t->data, t->note, &fault))
        say_failed(t, &fault);
    else
        say_written(t);
}

static void sweep(struct vg_row_thread *t)
{
    struct vg_fault fault = {.what = ""};
    uint32_t removed = 0;
    const int64_t today = vg_wall_now().us / VG_COVERAGE_MINUTE_US / VG_COVERAGE_DAY_MINUTE;
    if (today == t->swept_day)
        return;
    t->swept_day = today;
    if (t->settings.sweep(t->data, today, t->settings.keep_days, &removed, &fault))
        vg_log(VG_LOG_WARN, "%s: old days were not removed: %s", t->settings.name, fault.place);
    else if (removed)
        vg_log(VG_LOG_INFO, "%s: %u old days were removed", t->settings.name, removed);
}

static void begin(struct vg_row_thread *t)
{
    vg_beat_begin(&t->beat, vg_mono_now());
}

static void end(struct vg_row_thread *t)
{
    vg_beat_end(&t->beat);
}

static void *row_main(void *user)
{
    struct vg_row_thread *t = user;
    for (;;) {
        begin(t);
        sweep(t);
        end(t);
        while (vg_ring_pop(t->ring, t->note) == VG_OK) {
            atomic_fetch_sub_explicit(&t->waiting, 1, memory_order_relaxed);
            if (!t->note[0])
                continue;
            begin(t);
            write_note(t);
            end(t);
        }
        if (atomic_load_explicit(&t->quit, memory_order_relaxed))
            return NULL;
        (void)!vg_ring_wait(t->ring, LOOK_EVERY_MS);
    }
}

enum vg_status vg_row_thread_open(struct vg_row_thread **thread,
                                  const struct vg_row_settings *settings)
{
    struct vg_row_thread *t = vg_alloc(sizeof *t);
    *thread = NULL;
    if (!t)
        return VG_E_MEMORY;
    t->settings = *settings;
    t->settings.data = t->data;
    t->swept_day = INT64_MIN;
    t->beat.name = settings->name;
    t->beat.limit_us = LIMIT_S * VG_US_PER_S; /* never the end: rows are dropped and counted */
    t->note = vg_alloc(settings->note_bytes);
    t->wake = vg_alloc(settings->note_bytes);
    enum vg_status status = t->note && t->wake ? VG_OK : VG_E_MEMORY;
    if (settings->keep_days < 1 || !vg_row_name(t->data, sizeof t->data, settings->data))
        status = VG_E_CALL;
    if (!status)
        status = vg_ring_open(&t->ring, settings->ring, settings->note_bytes);
    if (!status) {
        t->running = pthread_create(&t->thread, NULL, row_main, t) == 0;
        status = t->running ? VG_OK : VG_E_LACK;
    }
    if (status)
        vg_row_thread_close(&t);
    *thread = t;
    return status;
}

static bool push(struct vg_row_thread *t, const void *note)
{
    atomic_fetch_add_explicit(&t->waiting, 1, memory_order_relaxed);
    if (vg_ring_push(t->ring, note) == VG_OK)
        return true;
    atomic_fetch_sub_explicit(&t->waiting, 1, memory_order_relaxed);
    return false;
}

void vg_row_thread_close(struct vg_row_thread **thread)
{
    struct vg_row_thread *t = *thread;
    if (!t)
        return;
    if (t->running) {
        atomic_store_explicit(&t->quit, true, memory_order_relaxed);
        (void)push(t, t->wake); /* full: it is awake */
        (void)pthread_join(t->thread, NULL);
    }
    vg_ring_close(&t->ring);
    vg_free(t->note);
    vg_free(t->wake);
    vg_free(t);
    *thread = NULL;
}

enum vg_status vg_row_thread_give(struct vg_row_thread *t, const void *note, enum vg_row_need need)
{
    if (need == VG_ROW_MAY &&
        atomic_load_explicit(&t->waiting, memory_order_relaxed) > t->settings.ring / 4)
        return VG_E_FULL;
    if (push(t, note))
        return VG_OK;
    if (need == VG_ROW_MAY)
        return VG_E_FULL;
    atomic_fetch_add_explicit(&t->dropped, 1, memory_order_relaxed);
    const uint64_t times = vg_log_repeat_due(&t->full, vg_mono_now(), SAY_EVERY_S * VG_US_PER_S);
    if (times)
        vg_log(VG_LOG_ERROR, "%s: the disk stalls, %llu minutes are lost", t->settings.name,
               (unsigned long long)times);
    return VG_E_FULL;
}

bool vg_row_name(char *field, size_t size, const char *name)
{
    const size_t n = strlen(name);
    if (n >= size)
        return false;
    memset(field, 0, size);
    memcpy(field, name, n);
    return true;
}

struct vg_beat *vg_row_thread_beat(struct vg_row_thread *t)
{
    return &t->beat;
}

struct vg_row_counts vg_row_thread_counts(const struct vg_row_thread *t)
{
    return (struct vg_row_counts){
        .written = atomic_load_explicit(&t->written, memory_order_relaxed),
        .failed = atomic_load_explicit(&t->failed, memory_order_relaxed),
        .dropped = atomic_load_explicit(&t->dropped, memory_order_relaxed),
    };
}
