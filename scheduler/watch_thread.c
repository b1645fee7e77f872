#include "scheduler/watch_thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/log.h"
#include "src/base/message.h"
#include "src/base/ring.h"

enum {
    STEP_MS = 400,
    ALIVE_EVERY_US = 1000000
};

struct vg_watch_thread {
    struct vg_watch_settings settings;
    pthread_t thread;
    bool running;
    struct vg_ring *quit; /* its only element ends the thread */
    pthread_mutex_t lock; /* of stop */
    struct vg_stop stop;
    struct vg_beats beats;
    struct vg_stop read; /* the thread's own */
    atomic_uint_fast64_t generation;
    _Atomic(const char *) note;
    atomic_bool opened;
    struct vg_log_repeat unreadable;
};

static void read_stop(struct vg_watch_thread *t, struct vg_mono_time now)
{
    struct vg_fault fault;
    if (vg_stop_read(t->settings.data, &t->read, &fault) &&
        vg_log_repeat_due(&t->unreadable, now, 60 * VG_US_PER_S))
        vg_log(VG_LOG_ERROR, "the stop file cannot be read, all is stopped: %s", fault.place);
    if (memcmp(&t->read, &t->stop, sizeof t->read) == 0 && t->generation > 0)
        return; /* this thread alone writes t->stop */
    (void)pthread_mutex_lock(&t->lock);
    t->stop = t->read;
    atomic_fetch_add_explicit(&t->generation, 1, memory_order_release);
    (void)pthread_mutex_unlock(&t->lock);
}

static void say_alive(struct vg_watch_thread *t, enum vg_beats_found found)
{
    const char *given = atomic_load_explicit(&t->note, memory_order_relaxed);
    const char *late = vg_beats_note(found), *note = late ? late : given;
    char text[512];
    const char *opening =
        atomic_load_explicit(&t->opened, memory_order_relaxed) ? "" : ",\"opening\":true";
    const int n =
        note ? snprintf(text, sizeof text, "{\"type\":\"alive\"%s,\"note\":\"%s\"}", opening, note)
             : snprintf(text, sizeof text, "{\"type\":\"alive\"%s}", opening);
    /* never waits: the stop file is read by this thread. A supervisor that is gone closes the
     * socket: the loop sees that and ends; one that hangs misses a sign of life. */
    if (t->settings.control_fd >= 0 && n > 0 && (size_t)n < sizeof text)
        (void)!vg_message_try_write(t->settings.control_fd, text, (size_t)n);
}

static void *watch_main(void *user)
{
    struct vg_watch_thread *t = user;
    struct vg_mono_time said = {0};
    for (;;) {
        const struct vg_mono_time now = vg_mono_now();
        read_stop(t, now);
        if (now.us - said.us >= ALIVE_EVERY_US) {
            const enum vg_beats_found found = vg_beats_look(&t->beats, now);
            if (found != VG_BEATS_END)
                say_alive(t, found);
            said = now;
        }
        if (vg_ring_wait(t->quit, STEP_MS) == VG_OK)
            return NULL;
    }
}

enum vg_status vg_watch_thread_open(struct vg_watch_thread **thread,
                                    const struct vg_watch_settings *settings)
{
    struct vg_watch_thread *t = vg_alloc(sizeof *t);
    *thread = NULL;
    if (!t)
        return VG_E_MEMORY;
    t->settings = *settings;
    t->stop.all = true;
    enum vg_status status = vg_ring_open(&t->quit, 2, sizeof(int));
    vg_beats_init(&t->beats);
    if (!status && pthread_mutex_init(&t->lock, NULL) == 0) {
        t->running = pthread_create(&t->thread, NULL, watch_main, t) == 0;
        status = t->running ? VG_OK : VG_E_LACK;
    }
    if (status)
        vg_watch_thread_close(&t);
    *thread = t;
    return status;
}

void vg_watch_thread_close(struct vg_watch_thread **thread)
{
    struct vg_watch_thread *t = *thread;
    if (!t)
        return;
    if (t->running) {
        const int end = 1;
        (void)!vg_ring_push(t->quit, &end);
        (void)pthread_join(t->thread, NULL);
        (void)pthread_mutex_destroy(&t->lock);
    }
    vg_beats_clear(&t->beats);
    vg_ring_close(&t->quit);
    vg_free(t);
    *thread = NULL;
}

enum vg_status vg_watch_thread_add(struct vg_watch_thread *thread, struct vg_beat *beat)
{
    return vg_beats_add(&thread->beats, beat);
}

void vg_watch_thread_remove(struct vg_watch_thread *thread, const struct vg_beat *beat)
{
    vg_beats_remove(&thread->beats, beat);
}

uint64_t vg_watch_thread_stop(struct vg_watch_thread *thread, struct vg_stop *stop)
{
    (void)pthread_mutex_lock(&thread->lock);
    *stop = thread->stop;
    const uint64_t generation = atomic_load_explicit(&thread->generation, memory_order_relaxed);
    (void)pthread_mutex_unlock(&thread->lock);
    return generation;
}

uint64_t vg_watch_thread_generation(const struct vg_watch_thread *thread)
{
    return atomic_load_explicit(&thread->generation, memory_order_acquire);
}

void vg_watch_thread_note(struct vg_watch_thread *thread, const char *msgid)
{
    atomic_store_explicit(&thread->note, msgid, memory_order_relaxed);
}

void vg_watch_thread_opened(struct vg_watch_thread *thread)
{
    atomic_store_explicit(&thread->opened, true, memory_order_relaxed);
}
