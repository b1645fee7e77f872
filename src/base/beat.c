#include "src/base/beat.h"

#include "src/base/text.h"

#define SAY_EVERY_US (60 * VG_US_PER_S)

void vg_beats_init(struct vg_beats *beats)
{
    *beats = (struct vg_beats){.count = 0};
    (void)pthread_mutex_init(&beats->lock, NULL);
}

void vg_beats_clear(struct vg_beats *beats)
{
    (void)pthread_mutex_destroy(&beats->lock);
}

enum vg_status vg_beats_add(struct vg_beats *beats, struct vg_beat *beat)
{
    enum vg_status status = VG_E_FULL;
    (void)pthread_mutex_lock(&beats->lock);
    if (beats->count < VG_BEATS_MAX) {
        beats->beat[beats->count++] = beat;
        status = VG_OK;
    }
    (void)pthread_mutex_unlock(&beats->lock);
    return status;
}

void vg_beats_remove(struct vg_beats *beats, const struct vg_beat *beat)
{
    uint32_t kept = 0;
    (void)pthread_mutex_lock(&beats->lock);
    for (uint32_t i = 0; i < beats->count; i++)
        if (beats->beat[i] != beat)
            beats->beat[kept++] = beats->beat[i];
    beats->count = kept;
    (void)pthread_mutex_unlock(&beats->lock);
}

/* Of a thread that is late, copied under the lock: its beat may go right after. */
struct late {
    const char *name;
    int64_t busy_us;
};

enum vg_beats_found vg_beats_look(struct vg_beats *beats, struct vg_mono_time now)
{
    struct late due[VG_BEATS_MAX]; /* to be named now */
    uint32_t named = 0;
    enum vg_beats_found found = VG_BEATS_WELL;
    (void)pthread_mutex_lock(&beats->lock);
    for (uint32_t i = 0; i < beats->count; i++) {
        struct vg_beat *beat = beats->beat[i];
        const int64_t busy_us = vg_beat_busy_us(beat, now);
        if (busy_us <= beat->limit_us)
            continue;
        const bool ends = beat->ends_us > 0 && busy_us > beat->ends_us;
        if (ends || found == VG_BEATS_WELL)
            found = ends ? VG_BEATS_END : VG_BEATS_LATE;
        if (vg_log_repeat_due(&beat->said, now, SAY_EVERY_US))
            due[named++] = (struct late){beat->name, busy_us};
    }
    (void)pthread_mutex_unlock(&beats->lock);
    for (uint32_t i = 0; i < named; i++)
        vg_log(VG_LOG_ERROR, "thread %s is stuck for %.0f s", due[i].name,
               (double)due[i].busy_us / 1e6);
    return found;
}

const char *vg_beats_note(enum vg_beats_found found)
{
    return found == VG_BEATS_WELL ? NULL : N_("a thread does not come back: see the log");
}
