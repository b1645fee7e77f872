#include "scheduler/live_timeline.h"

struct vg_media_time vg_live_timeline_step(struct vg_live_timeline *timeline, uint32_t epoch,
                                           struct vg_media_time media, struct vg_mono_time arrival)
{
    if (!timeline->started || timeline->epoch != epoch) {
        const int64_t passed = timeline->started ? arrival.us - timeline->last_arrival.us : 0;
        timeline->shift_us = timeline->last.us + (passed > 0 ? passed : 0) - media.us;
        timeline->started = true;
        timeline->epoch = epoch;
    }
    struct vg_media_time time = {media.us + timeline->shift_us};
    if (time.us < timeline->last.us)
        time = timeline->last;
    timeline->last = time;
    timeline->last_arrival = arrival;
    return time;
}
