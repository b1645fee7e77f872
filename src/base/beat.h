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

/* Written by its thread, read by who looks; relaxed, it is only compared with limits of seconds. */
struct vg_beat {
    const char *name; /* static */
    int64_t limit_us; /* busy for longer than this with one thing, it is named */
    int64_t ends_us;  /* and for longer than this, the process is to end; 0: it does without the
                         thread, or what holds it up (a disk) would hold up the next process too */
    _Atomic int64_t busy_since_us; /* 0: idle */
    struct vg_log_repeat said;     /* of who looks */
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
    pthread_mutex_t lock; /* of these */
    uint32_t count;
    struct vg_beat *beat[VG_BEATS_MAX];
};

/* What a look found, the worst of all threads. */
enum vg_beats_found {
    VG_BEATS_WELL,
    VG_BEATS_LATE, /* one is named */
    VG_BEATS_END   /* one for which the process is to end */
};

void vg_beats_init(struct vg_beats *beats);
void vg_beats_clear(struct vg_beats *beats);

/* beat is borrowed until it is removed. Any thread. VG_E_FULL. */
enum vg_status vg_beats_add(struct vg_beats *beats, struct vg_beat *beat) VG_MUST_USE;

/* That one is not looked at any more, if it was: it is not used once this returned. Any thread. */
void vg_beats_remove(struct vg_beats *beats, const struct vg_beat *beat);

/* Names each that is late, at most once a minute each. One thread, always the same. */
enum vg_beats_found vg_beats_look(struct vg_beats *beats, struct vg_mono_time now) VG_MUST_USE;

/* A sentence for `health` about it; msgid, static; NULL: all is well. */
const char *vg_beats_note(enum vg_beats_found found);

#endif
