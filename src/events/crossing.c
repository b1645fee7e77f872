/* EVT2: the foot point passes a directed line, or lies in a zone.
 *
 * Line: each step of a confirmed track from the position where it was last detected to the one
 * where it is now is tried against the segment. A step through it makes the passage pending,
 * a step back takes it away; it counts once the foot is a margin away from the line. A track
 * lost for a moment and found again on the other side has passed. */
#include <math.h>

#include "src/events/event_table.h"

/* Distance of a foot from the whole line through the segment, in pixels: the margin is part of
 * a box's height. */
static float distance_px(const struct vg_watch *watch, const struct vg_point line[2],
                         struct vg_point foot)
{
    const float w = (float)watch->input->width, h = (float)watch->input->height;
    const float along_x = (line[1].x - line[0].x) * w, along_y = (line[1].y - line[0].y) * h;
    const float to_x = (foot.x - line[0].x) * w, to_y = (foot.y - line[0].y) * h;
    const float length = sqrtf(along_x * along_x + along_y * along_y);
    return length > 0 ? fabsf(along_x * to_y - along_y * to_x) / length : 0;
}

/* Moves the passage on by one position; the side come out on if it is complete now. */
static enum vg_side step(const struct vg_watch *watch, const struct vg_subject *subject,
                         struct vg_passage *passage)
{
    const struct vg_point *line = vg_watch_place(watch)->corner;
    const int64_t gap_us = watch->input->time.us - passage->time.us;
    if (passage->placed && gap_us <= VG_PASSAGE_GAP_US) {
        const enum vg_side side = vg_line_cross(passage->last, subject->foot, line);
        if (side != VG_SIDE_NONE) /* there and back again is no passage */
            passage->pending =
                passage->pending != VG_SIDE_NONE && passage->pending != side ? VG_SIDE_NONE : side;
    }
    passage->placed = true;
    passage->last = subject->foot;
    passage->time = watch->input->time;
    const float margin = VG_PASSAGE_MARGIN * subject->track->box.height;
    if (passage->pending == VG_SIDE_NONE || distance_px(watch, line, subject->foot) < margin)
        return VG_SIDE_NONE;
    const enum vg_side complete = passage->pending;
    passage->pending = VG_SIDE_NONE;
    return complete;
}

static void watch_line(const struct vg_watch *watch, const struct vg_subject *subject)
{
    struct vg_passage *passage = &watch->passages[subject->slot];
    const enum vg_why_not admitted = vg_watch_admits(watch, subject);
    enum vg_side side = VG_SIDE_NONE;
    if (subject->masked)
        *passage = (struct vg_passage){0};
    else if (subject->track->state == VG_TRACK_CONFIRMED)
        side = step(watch, subject, passage); /* also of another class: a class may settle later */
    const uint32_t id = subject->track->id;
    if (admitted != VG_WHY_HOLDS) {
        vg_watch_say(watch, id, admitted, (double)subject->score);
    } else if (side == VG_SIDE_NONE) {
        vg_watch_say(watch, id, VG_WHY_NO_PASSAGE, 0);
    } else if (watch->rule->direction != VG_SIDE_NONE && watch->rule->direction != side) {
        vg_watch_say(watch, id, VG_WHY_OTHER_SIDE, 0);
    } else {
        vg_watch_say(watch, id, VG_WHY_HOLDS, 0);
        struct vg_sighting *sighting = vg_watch_sight(watch);
        if (!sighting)
            return;
        sighting->subject = id;
        sighting->instant = true;
        vg_watch_show(sighting, subject);
    }
}

static void watch_zone(const struct vg_watch *watch, const struct vg_subject *subject)
{
    enum vg_why_not why = vg_watch_admits(watch, subject);
    if (why == VG_WHY_HOLDS && !vg_watch_inside(watch, subject->foot))
        why = VG_WHY_OUTSIDE;
    vg_watch_say(watch, subject->track->id, why, (double)subject->score);
    struct vg_sighting *sighting = why == VG_WHY_HOLDS ? vg_watch_sight(watch) : NULL;
    if (!sighting)
        return;
    sighting->subject = subject->track->id;
    vg_watch_show(sighting, subject);
}

void vg_crossing_watch(const struct vg_watch *watch)
{
    for (uint32_t i = 0; i < watch->subject_count; i++) {
        const struct vg_subject *subject = &watch->subjects[i];
        if (!subject->track->detected)
            continue;
        if (watch->passages)
            watch_line(watch, subject);
        else
            watch_zone(watch, subject);
    }
}
