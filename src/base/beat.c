#include "src/base/beat.h"

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
    const char *name; /* NULL: none is */
    int64_t limit_us;
};

/* The first one that is late with that consequence. */
static struct late find_late(struct vg_beats *beats, enum vg_beat_late what,
                             struct vg_mono_time now)
{
    struct late late = {0};
    (void)pthread_mutex_lock(&beats->lock);
    for (uint32_t i = 0; i < beats->count && !late.name; i++) {
        const struct vg_beat *beat = beats->beat[i];
        if (beat->late == what && vg_beat_busy_us(beat, now) > beat->limit_us)
            late = (struct late){beat->name, beat->limit_us};
    }
    (void)pthread_mutex_unlock(&beats->lock);
    return late;
}

static void name_late(const struct late *late)
{
    vg_log(VG_LOG_ERROR, "thread %s is stuck for more than %.0f s", late->name,
           (double)late->limit_us / 1e6);
}

bool vg_beats_look(struct vg_beats *beats, struct vg_mono_time now)
{
    const struct late ends = find_late(beats, VG_BEAT_ENDS, now),
                      told = find_late(beats, VG_BEAT_TOLD, now);
    if (ends.name && vg_log_repeat_due(&beats->ends, now, 10 * VG_US_PER_S))
        name_late(&ends);
    if (told.name && vg_log_repeat_due(&beats->told, now, 60 * VG_US_PER_S))
        name_late(&told);
    return !ends.name;
}
