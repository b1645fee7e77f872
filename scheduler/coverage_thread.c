#include "scheduler/coverage_thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/log.h"
#include "src/base/ring.h"
#include "src/store/coverage_file.h"

enum {
    RING = 2048,           /* 200 flux for seven minutes */
    RUNNING_MOST = 512,    /* above that only closed rows */
    FLUX_MAX = 512,        /* rows under way; beyond, the oldest place is taken */
    LOOK_EVERY_MS = 60000, /* for a new day */
    SAY_EVERY_S = 600
};

struct note {
    char flux[VG_FLUX_ID_SIZE]; /* "": only wakes */
    uint64_t number;
    enum vg_coverage_state state;
    struct vg_coverage_row row;
};

/* What stood at a row's minute before it. */
struct base {
    char flux[VG_FLUX_ID_SIZE];
    uint64_t number;
    bool there;
    struct vg_coverage_row row;
};

struct vg_coverage_thread {
    char data[4096];
    uint32_t keep_days;
    pthread_t thread;
    bool running;
    struct vg_ring *ring;
    atomic_uint_fast32_t waiting;                  /* in the ring; relaxed: a level, not an order */
    atomic_bool quit;                              /* relaxed: the ring's wake orders it */
    atomic_uint_fast64_t written, failed, dropped; /* relaxed: figures */

    /* the thread's own */
    int64_t swept_day;
    struct vg_log_repeat trouble;
    bool in_trouble;
    uint32_t next_base;
    struct base base[FLUX_MAX];

    struct vg_log_repeat full; /* the loop's own */
};

static struct base *base_of(struct vg_coverage_thread *t, const struct note *note)
{
    for (uint32_t i = 0; i < FLUX_MAX; i++)
        if (strcmp(t->base[i].flux, note->flux) == 0)
            return &t->base[i];
    struct base *base = &t->base[t->next_base];
    t->next_base = (t->next_base + 1) % FLUX_MAX;
    *base = (struct base){.number = 0};
    memcpy(base->flux, note->flux, sizeof base->flux);
    return base;
}

static void say_failed(struct vg_coverage_thread *t, const struct vg_fault *fault)
{
    atomic_fetch_add_explicit(&t->failed, 1, memory_order_relaxed);
    t->in_trouble = true;
    const uint64_t times = vg_log_repeat_due(&t->trouble, vg_mono_now(), SAY_EVERY_S * VG_US_PER_S);
    if (times)
        vg_log(VG_LOG_WARN, "coverage: %llu rows were not written (%s): %s",
               (unsigned long long)times, fault->what, fault->place);
}

static void say_written(struct vg_coverage_thread *t)
{
    atomic_fetch_add_explicit(&t->written, 1, memory_order_relaxed);
    if (t->in_trouble)
        vg_log(VG_LOG_INFO, "coverage: rows are written again");
    t->in_trouble = false;
}

static void write_note(struct vg_coverage_thread *t, const struct note *note)
{
    struct vg_fault fault = {.what = ""};
    struct base *base = base_of(t, note);
    if (base->number != note->number) {
        base->number = note->number;
        base->there = vg_coverage_row_read(t->data, note->flux, note->row.minute, &base->row,
                                           &fault) == VG_OK;
    }
    struct vg_coverage_row row = note->row;
    if (base->there) {
        row = base->row;
        vg_coverage_row_join(&row, &note->row);
    }
    if (vg_coverage_row_write(t->data, note->flux, &row,
                              note->state == VG_COVERAGE_CLOSED ? VG_FILE_SYNCED : VG_FILE_PLAIN,
                              &fault))
        say_failed(t, &fault);
    else
        say_written(t);
}

static void sweep(struct vg_coverage_thread *t)
{
    struct vg_fault fault;
    uint32_t removed;
    const int64_t today = vg_coverage_day_of(vg_coverage_minute_of(vg_wall_now().us));
    if (today == t->swept_day)
        return;
    t->swept_day = today;
    if (vg_coverage_sweep(t->data, today, t->keep_days, &removed, &fault))
        vg_log(VG_LOG_WARN, "coverage: old days were not removed: %s", fault.place);
    else if (removed)
        vg_log(VG_LOG_INFO, "coverage: %u days older than %u days were removed", removed,
               t->keep_days);
}

static void *coverage_main(void *user)
{
    struct vg_coverage_thread *t = user;
    for (;;) {
        struct note note;
        sweep(t);
        while (vg_ring_pop(t->ring, &note) == VG_OK) {
            atomic_fetch_sub_explicit(&t->waiting, 1, memory_order_relaxed);
            if (note.flux[0])
                write_note(t, &note);
        }
        if (atomic_load_explicit(&t->quit, memory_order_relaxed))
            return NULL;
        (void)!vg_ring_wait(t->ring, LOOK_EVERY_MS);
    }
}

enum vg_status vg_coverage_thread_open(struct vg_coverage_thread **thread, const char *data,
                                       uint32_t keep_days)
{
    struct vg_coverage_thread *t = vg_alloc(sizeof *t);
    *thread = NULL;
    if (!t)
        return VG_E_MEMORY;
    const int n = snprintf(t->data, sizeof t->data, "%s", data);
    t->keep_days = keep_days;
    t->swept_day = INT64_MIN;
    enum vg_status status =
        n < 0 || (size_t)n >= sizeof t->data || keep_days < 1 ? VG_E_CALL : VG_OK;
    if (!status)
        status = vg_ring_open(&t->ring, RING, sizeof(struct note));
    if (!status) {
        t->running = pthread_create(&t->thread, NULL, coverage_main, t) == 0;
        status = t->running ? VG_OK : VG_E_LACK;
    }
    if (status)
        vg_coverage_thread_close(&t);
    *thread = t;
    return status;
}

static bool push(struct vg_coverage_thread *t, const struct note *note)
{
    atomic_fetch_add_explicit(&t->waiting, 1, memory_order_relaxed);
    if (vg_ring_push(t->ring, note) == VG_OK)
        return true;
    atomic_fetch_sub_explicit(&t->waiting, 1, memory_order_relaxed);
    return false;
}

void vg_coverage_thread_close(struct vg_coverage_thread **thread)
{
    struct vg_coverage_thread *t = *thread;
    if (!t)
        return;
    if (t->running) {
        const struct note wake = {.flux = ""};
        atomic_store_explicit(&t->quit, true, memory_order_relaxed);
        (void)push(t, &wake); /* full: it is awake */
        (void)pthread_join(t->thread, NULL);
    }
    vg_ring_close(&t->ring);
    vg_free(t);
    *thread = NULL;
}

void vg_coverage_thread_give(struct vg_coverage_thread *t, const char *flux, uint64_t number,
                             const struct vg_coverage_row *row, enum vg_coverage_state state)
{
    struct note note = {.number = number, .state = state, .row = *row};
    const size_t size = strlen(flux);
    if (size >= sizeof note.flux ||
        (state == VG_COVERAGE_RUNNING &&
         atomic_load_explicit(&t->waiting, memory_order_relaxed) > RUNNING_MOST))
        return;
    memcpy(note.flux, flux, size + 1);
    if (push(t, &note))
        return;
    atomic_fetch_add_explicit(&t->dropped, 1, memory_order_relaxed);
    const uint64_t times = vg_log_repeat_due(&t->full, vg_mono_now(), SAY_EVERY_S * VG_US_PER_S);
    if (times)
        vg_log(VG_LOG_ERROR, "coverage: the disk stalls, %llu minutes will read as down",
               (unsigned long long)times);
}

struct vg_coverage_counts vg_coverage_thread_counts(const struct vg_coverage_thread *t)
{
    return (struct vg_coverage_counts){
        .written = atomic_load_explicit(&t->written, memory_order_relaxed),
        .failed = atomic_load_explicit(&t->failed, memory_order_relaxed),
        .dropped = atomic_load_explicit(&t->dropped, memory_order_relaxed),
    };
}
