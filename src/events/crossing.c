/* EVT2: the foot point passes a directed line, or lies in a zone. The foot is the centre of the
 * box's lower side: where a person stands, and the middle of a vehicle's base.
 *
 * Line, of one or more straight parts: each step of a track from the position where it was last
 * detected to the one where it is now is tried against the parts. A step through makes the passage
 * pending, a step back takes it away; it counts once the foot is a margin away from the line and
 * the track is admitted. A track lost for a moment and found again on the other side has passed.
 *
 * Zone: whoever has been in it for the rule's hold is still there while hidden for a moment. */
#include "src/events/crossing.h"

#include <math.h>

/* A place of the line in pixels. */
static struct vg_point pixels(const struct vg_watch *watch, struct vg_point at)
{
    return (struct vg_point){at.x * (float)watch->input->width, at.y * (float)watch->input->height};
}

static double square_of(double x, double y)
{
    return x * x + y * y;
}

/* Squared distance of p from the straight part of the line between a and b. */
static double off_part(struct vg_point p, struct vg_point a, struct vg_point b)
{
    const double along_x = (double)b.x - (double)a.x, along_y = (double)b.y - (double)a.y;
    const double to_x = (double)p.x - (double)a.x, to_y = (double)p.y - (double)a.y;
    const double length = square_of(along_x, along_y);
    double part = length > 0 ? (to_x * along_x + to_y * along_y) / length : 0;
    part = part < 0 ? 0 : part > 1 ? 1 : part;
    return square_of(to_x - part * along_x, to_y - part * along_y);
}

/* Distance of a foot from the line, in pixels: the margin is part of a box's height. */
static double distance_px(const struct vg_watch *watch, struct vg_point foot)
{
    const struct vg_place *line = vg_watch_place(watch);
    const struct vg_point p = pixels(watch, foot);
    double least = -1;
    for (uint32_t i = 0; i + 1 < line->corner_count; i++) {
        const double off =
            off_part(p, pixels(watch, line->corner[i]), pixels(watch, line->corner[i + 1]));
        least = least < 0 || off < least ? off : least;
    }
    return least > 0 ? sqrt(least) : 0;
}

/* The side of the line that a step comes out on. Out through one part of it and back through
 * another is none; through the point where two parts meet is one passage. */
static enum vg_side side_of_step(const struct vg_place *line, struct vg_point from,
                                 struct vg_point to)
{
    int left = 0;
    for (uint32_t i = 0; i + 1 < line->corner_count; i++) {
        const enum vg_side side = vg_line_cross(from, to, &line->corner[i]);
        left += (side == VG_SIDE_LEFT) - (side == VG_SIDE_RIGHT);
    }
    return left == 0 ? VG_SIDE_NONE : left > 0 ? VG_SIDE_LEFT : VG_SIDE_RIGHT;
}

/* Moves the passage on by one position. */
static void step(const struct vg_watch *watch, const struct vg_subject *subject,
                 struct vg_passage *passage)
{
    const int64_t now_us = watch->input->time.us, gap_us = now_us - passage->time.us;
    const bool jumped =
        passage->placed && vg_watch_jumped(subject, pixels(watch, passage->last), gap_us);
    if (jumped || now_us - passage->since.us > VG_PASSAGE_GAP_US)
        passage->pending = VG_SIDE_NONE;
    if (passage->placed && !jumped && gap_us <= VG_PASSAGE_GAP_US) {
        const enum vg_side side = side_of_step(vg_watch_place(watch), passage->last, subject->foot);
        if (side != VG_SIDE_NONE) { /* there and back again is no passage */
            passage->pending =
                passage->pending != VG_SIDE_NONE && passage->pending != side ? VG_SIDE_NONE : side;
            passage->since = watch->input->time;
        }
    }
    passage->placed = true;
    passage->last = subject->foot;
    passage->time = watch->input->time;
}

/* The side come out on if the passage is complete now. */
static enum vg_side complete(const struct vg_watch *watch, const struct vg_subject *subject,
                             struct vg_passage *passage)
{
    const double margin = (double)VG_PASSAGE_MARGIN * (double)subject->track->box.height;
    if (passage->pending == VG_SIDE_NONE || distance_px(watch, subject->foot) < margin)
        return VG_SIDE_NONE;
    const enum vg_side side = passage->pending;
    passage->pending = VG_SIDE_NONE;
    return side;
}

static void watch_line(const struct vg_watch *watch, const struct vg_subject *subject)
{
    struct vg_passage *passage = &watch->passages[subject->slot];
    const enum vg_why_not admitted = vg_watch_admits(watch, subject);
    enum vg_side side = VG_SIDE_NONE;
    if (subject->masked)
        *passage = (struct vg_passage){0};
    else
        step(watch, subject, passage); /* also of one not admitted: it may be a moment later */
    if (admitted == VG_WHY_HOLDS)
        side = complete(watch, subject, passage);
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

/* Whether a track that this picture does not show is there still: it had been there for the rule's
 * hold when it was seen last, a moment ago, and its way has not led it out since. So who passes
 * behind a post is not told of twice, and nobody is told of unseen. */
static bool stays(const struct vg_watch *watch, const struct vg_subject *subject,
                  const struct vg_stay *stay)
{
    return stay->inside && stay->last.us - stay->since.us >= watch->rule->hold_us &&
           watch->input->time.us - stay->last.us <= VG_PASSAGE_GAP_US && !subject->masked &&
           vg_watch_inside(watch, subject->foot);
}

/* The same of a track that is seen. */
static enum vg_why_not enters(const struct vg_watch *watch, const struct vg_subject *subject,
                              struct vg_stay *stay)
{
    enum vg_why_not why = vg_watch_admits(watch, subject);
    if (why == VG_WHY_HOLDS && !vg_watch_inside(watch, subject->foot))
        why = VG_WHY_OUTSIDE;
    if (!stay->inside)
        stay->since = watch->input->time;
    stay->inside = why == VG_WHY_HOLDS;
    stay->last = watch->input->time;
    return why;
}

static void watch_zone(const struct vg_watch *watch, const struct vg_subject *subject)
{
    struct vg_stay *stay = &((struct vg_stays *)watch->memory)->stay[subject->slot];
    bool there;
    if (subject->track->detected) {
        const enum vg_why_not why = enters(watch, subject, stay);
        vg_watch_say(watch, subject->track->id, why, (double)subject->score);
        there = why == VG_WHY_HOLDS;
    } else {
        there = stays(watch, subject, stay);
    }
    struct vg_sighting *sighting = there ? vg_watch_sight(watch) : NULL;
    if (!sighting)
        return;
    sighting->subject = subject->track->id;
    vg_watch_show(sighting, subject);
}

void vg_crossing_forget(void *memory, uint32_t slot)
{
    struct vg_stays *stays_of = memory;
    stays_of->stay[slot] = (struct vg_stay){0};
}

void vg_crossing_watch(const struct vg_watch *watch)
{
    for (uint32_t i = 0; i < watch->subject_count; i++) {
        const struct vg_subject *subject = &watch->subjects[i];
        if (!watch->passages)
            watch_zone(watch, subject);
        else if (subject->track->detected)
            watch_line(watch, subject);
    }
}
