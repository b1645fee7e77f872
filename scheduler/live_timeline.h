/* One unbroken media time per flux, over reconnections and restarts of its ingest: cooldowns
 * and onsets are counted in it. Pure. */
#ifndef VG_SCHEDULER_LIVE_TIMELINE_H
#define VG_SCHEDULER_LIVE_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/clock.h"

/* Zeroed at first. */
struct vg_live_timeline {
    bool started;
    uint32_t epoch;
    int64_t shift_us; /* added to the source's media time in this epoch */
    struct vg_media_time last;
    struct vg_mono_time last_arrival;
};

/* The flux's own media time of a picture: the source's within an epoch; a new epoch goes on
 * from the last one by the time that passed on the arrival clock. Never steps back. */
struct vg_media_time vg_live_timeline_step(struct vg_live_timeline *timeline, uint32_t epoch,
                                           struct vg_media_time media, struct vg_mono_time arrival);

#endif
