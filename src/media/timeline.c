#include "src/media/timeline.h"

/* Stamps beyond this (about 73,000 years) are nonsense; sums below it cannot overflow. */
static const int64_t stamp_limit = INT64_MAX / 4;

void vg_timeline_init(struct vg_timeline *timeline, int64_t forward_max_us)
{
    *timeline = (struct vg_timeline){.forward_max_us = forward_max_us, .pts_us = VG_PTS_NONE};
}

void vg_timeline_restart(struct vg_timeline *timeline)
{
    timeline->pts_us = VG_PTS_NONE;
}

static bool step_holds(const struct vg_timeline *timeline, int64_t step_us, int64_t guess_us)
{
    if (step_us < 0)
        return false;
    if (step_us <= timeline->forward_max_us)
        return true;
    const int64_t off = step_us > guess_us ? step_us - guess_us : guess_us - step_us;
    return off <= timeline->forward_max_us;
}

enum vg_timeline_step vg_timeline_next(struct vg_timeline *timeline, int64_t pts_us,
                                       int64_t guess_us, struct vg_media_time *media)
{
    enum vg_timeline_step result = VG_TIMELINE_STEADY;
    int64_t step_us = guess_us > 0 ? guess_us : 0;
    if (step_us > stamp_limit)
        step_us = stamp_limit;
    if (pts_us > stamp_limit || pts_us < -stamp_limit)
        pts_us = VG_PTS_NONE;
    if (pts_us != VG_PTS_NONE && timeline->pts_us != VG_PTS_NONE) {
        const int64_t stamped_us = pts_us - timeline->pts_us;
        if (step_holds(timeline, stamped_us, step_us))
            step_us = stamped_us;
        else
            result = VG_TIMELINE_JUMP;
    }
    if (timeline->started && timeline->media_us <= stamp_limit)
        timeline->media_us += step_us;
    timeline->started = true;
    timeline->pts_us = pts_us;
    media->us = timeline->media_us;
    return result;
}
