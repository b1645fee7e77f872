/* Whether threads come back: each says since when it has been busy with one thing, and one that looks
 * names in the log those that exceed what they were given for it. */
#ifndef VG_BASE_BEAT_H
#define VG_BASE_BEAT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/log.h"
#include "src/base/status.h"

#define VG_BEATS_MAX 64

/* What follows when it takes longer than its limit. */
enum vg_beat_late {
    VG_BEAT_ENDS, /* the process ends: nothing goes on without this thread */
    VG_BEAT_TOLD  /* the log names it: others do their work meanwhile */
};

/* Written by its thread, read by who looks; relaxed, it is only compared with a limit of seconds. */
struct vg_beat {
    const char *name; /* static */
    int64_t limit_us;
    enum vg_beat_late late;
    _Atomic int64_t busy_since_us; /* 0: idle */
};

/* Of the thread itself. Begin again is a new thing: the time starts anew. */
static inline void vg_beat_begin(struct vg_beat *beat, struct vg_mono_time now)
{
    atomic_store_explicit(&beat->busy_since_us, now.us, memory_order_relaxed);
}

static inline void vg_beat_end(struct vg_beat *beat)
{
    atomic_store_explicit(&beat->busy_since_us, 0, memory_order_relaxed);
}

/* Any thread. */
static inline bool vg_beat_idle(const struct vg_beat *beat)
{
    return atomic_load_explicit(&beat->busy_since_us, memory_order_relaxed) == 0;
}

/* How long it has been busy; 0: idle. Any thread. */
static inline int64_t vg_beat_busy_us(const struct vg_beat *beat, struct vg_mono_time now)
{
    const int64_t since_us = atomic_load_explicit(&beat->busy_since_us, memory_order_relaxed);
    return since_us == 0 || since_us > now.us ? 0 : now.us - since_us;
}

/* The threads that one looks at. */
struct vg_beats {
    pthread_mutex_t lock; /* of count and beat */
    uint32_t count;
    struct vg_beat *beat[VG_BEATS_MAX];
    struct vg_log_repeat ends, told; /* the looking thread's */
};

void vg_beats_init(struct vg_beats *beats);
void vg_beats_clear(struct vg_beats *beats);

/* beat is borrowed until it is removed. Any thread. VG_E_FULL. */
enum vg_status vg_beats_add(struct vg_beats *beats, struct vg_beat *beat) VG_MUST_USE;

/* That one is not looked at any more, if it was: it is not used once this returned. Any thread. */
void vg_beats_remove(struct vg_beats *beats, const struct vg_beat *beat);

/* Names who is late, and returns whether the process can do without those. One thread, always the
 * same. */
bool vg_beats_look(struct vg_beats *beats, struct vg_mono_time now) VG_MUST_USE;

#endif
