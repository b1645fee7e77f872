/* EVT1: an object in a directed zone moves against the zone's way.
 *
 * The way of a track is the straight line from where it was, at least half a second and at most
 * three ago, to where it is, once that is half its box's height long: shorter is tremble of the
 * box. Only positions in the zone count, so that what was done before it does not. Against: the
 * cosine with the allowed way is below WRONG_COSINE, and it moves so still (its velocity now).
 * Directions are vectors in picture pixels, as the scene says. */
#include <math.h>

#include "src/events/event_table.h"

#define LEAST_US     (VG_US_PER_S / 2)
#define MOST_US      (3 * VG_US_PER_S)
#define LEAST_HEIGHT 0.5f  /* of the box, moved */
#define WRONG_COSINE -0.3f /* 107 degrees from the way and beyond: across is not against */

/* The way of the track in pixels; false: still. */
static bool way_of(const struct vg_watch *watch, const struct vg_track *track, struct vg_point *way)
{
    const struct vg_watch_input *in = watch->input;
    const struct vg_point foot = vg_box_foot(track->box);
    const float least = LEAST_HEIGHT * track->box.height;
    for (uint32_t i = track->history_count; i-- > 0;) {
        const struct vg_track_step *past =
            &track->history[(track->history_first + i) % VG_TRACK_HISTORY_SIZE];
        const int64_t age_us = in->time.us - past->time.us;
        const struct vg_point at = {past->foot.x / (float)in->width,
                                    past->foot.y / (float)in->height};
        if (age_us > MOST_US || !vg_watch_inside(watch, at))
            return false;
        *way = (struct vg_point){foot.x - past->foot.x, foot.y - past->foot.y};
        if (age_us >= LEAST_US && sqrtf(way->x * way->x + way->y * way->y) >= least)
            return true;
    }
    return false;
}

/* *cosine: with the allowed way, 1 along it, -1 straight against it. */
static enum vg_why_not judge(const struct vg_watch *watch, const struct vg_subject *subject,
                             float *cosine)
{
    *cosine = 0;
    const enum vg_why_not admitted = vg_watch_admits(watch, subject);
    if (admitted != VG_WHY_HOLDS)
        return admitted;
    if (!vg_watch_inside(watch, subject->foot))
        return VG_WHY_OUTSIDE;
    struct vg_point way;
    if (!way_of(watch, subject->track, &way))
        return VG_WHY_STILL;
    const struct vg_point allowed = vg_watch_place(watch)->direction;
    const float lengths =
        sqrtf(way.x * way.x + way.y * way.y) * sqrtf(allowed.x * allowed.x + allowed.y * allowed.y);
    *cosine = lengths > 0 ? (way.x * allowed.x + way.y * allowed.y) / lengths : 0;
    const struct vg_point now = subject->track->velocity;
    const bool turned = now.x * allowed.x + now.y * allowed.y > 0;
    return *cosine < WRONG_COSINE && !turned ? VG_WHY_HOLDS : VG_WHY_WITH_THE_WAY;
}

void vg_wrong_way_watch(const struct vg_watch *watch)
{
    for (uint32_t i = 0; i < watch->subject_count; i++) {
        const struct vg_subject *subject = &watch->subjects[i];
        if (!subject->track->detected)
            continue;
        float cosine;
        const enum vg_why_not why = judge(watch, subject, &cosine);
        vg_watch_say(watch, subject->track->id, why, (double)cosine);
        struct vg_sighting *sighting = why == VG_WHY_HOLDS ? vg_watch_sight(watch) : NULL;
        if (!sighting)
            continue;
        sighting->subject = subject->track->id;
        vg_watch_show(sighting, subject);
    }
}
