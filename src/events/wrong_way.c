/* EVT1: an object in a directed zone moves against the zone's way.
 *
 * Of each track the watch keeps where it came by while it was in the zone, a point each quarter
 * of its box's height. Against: it comes AGAINST_HEIGHTS away from one of these points, in a
 * direction whose cosine with the allowed one is below WRONG_COSINE, and moves so still. A
 * distance, not a time, decides: who stands or trembles has no way, who turns back before has
 * done nothing, who is hidden on the way is who it was. The rule's hold runs on the way, from
 * BEGUN_HEIGHTS on, so that it adds nothing to the time that the distance takes. Directions are
 * vectors in picture pixels, as the scene says. */
#include "src/events/wrong_way.h"

#include <math.h>

#include "src/events/flow_cells.h"

/* Of the box. Two heights, 3.5 m of a person, are movement against a way and no step aside. */
#define AGAINST_HEIGHTS 1.9  /* told just before: there a foot may leave the zone */
#define BEGUN_HEIGHTS   0.5  /* less is tremble of the box */
#define WRONG_COSINE    -0.3 /* 107 degrees from the way and beyond: across is not against */
#define STEP_HEIGHTS    0.25 /* from one kept point to the next */
#define FLOW_CELLS      3
#define FLOW_HEIGHTS    0.3 /* a second, with the way: who walks does 0.8, parts of who stands less */
#define AWAY_US         (VG_US_PER_S / 2) /* out of the zone for longer: what was before is over */

void vg_wrong_way_forget(void *memory, uint32_t slot)
{
    struct vg_ways *ways = memory;
    ways->way[slot] = (struct vg_way){0};
}

static double length_of(double x, double y)
{
    return sqrt(x * x + y * y);
}

static void keep(struct vg_way *way, struct vg_point foot, double height)
{
    if (way->count > 0) {
        const struct vg_point last = way->point[(way->first + way->count - 1) % VG_WAY_POINTS];
        if (length_of((double)(foot.x - last.x), (double)(foot.y - last.y)) < STEP_HEIGHTS * height)
            return;
    }
    way->point[(way->first + way->count) % VG_WAY_POINTS] = foot;
    if (way->count < VG_WAY_POINTS)
        way->count++;
    else
        way->first = (way->first + 1) % VG_WAY_POINTS;
}

static double cosine_of(double x, double y, struct vg_point allowed)
{
    const double ax = (double)allowed.x, ay = (double)allowed.y;
    const double lengths = length_of(x, y) * length_of(ax, ay);
    return lengths > 0 ? (x * ax + y * ay) / lengths : 0;
}

/* The way that goes most against the allowed one; false: it has come far from no point. */
static bool worst_way(const struct vg_way *way, struct vg_point foot, double least,
                      struct vg_point allowed, double *cosine)
{
    bool far = false;
    for (uint32_t i = 0; i < way->count; i++) {
        const struct vg_point from = way->point[(way->first + i) % VG_WAY_POINTS];
        const double x = (double)(foot.x - from.x), y = (double)(foot.y - from.y);
        if (length_of(x, y) < least)
            continue;
        const double now = cosine_of(x, y, allowed);
        *cosine = far && *cosine < now ? *cosine : now;
        far = true;
    }
    return far;
}

/* Notes what the way is by now. *cosine: with the allowed way, 1 along it, -1 straight against. */
static enum vg_why_not weigh(struct vg_way *way, const struct vg_track *track,
                             struct vg_point allowed, double *cosine)
{
    const double height = (double)track->box.height;
    const struct vg_point foot = way->last, now = track->velocity;
    double far_cosine = 0;
    const bool moved = worst_way(way, foot, BEGUN_HEIGHTS * height, allowed, cosine);
    const bool far = worst_way(way, foot, AGAINST_HEIGHTS * height, allowed, &far_cosine);
    way->against |= moved && *cosine < WRONG_COSINE;
    way->far |= far && far_cosine < WRONG_COSINE;
    if (cosine_of((double)now.x, (double)now.y, allowed) > -WRONG_COSINE)
        way->against = way->far = false; /* it has turned and goes the allowed way */
    if (way->against)
        return VG_WHY_HOLDS;
    return moved ? VG_WHY_WITH_THE_WAY : VG_WHY_STILL;
}

static enum vg_why_not judge(const struct vg_watch *watch, const struct vg_subject *subject,
                             double *cosine)
{
    struct vg_way *way = &((struct vg_ways *)watch->memory)->way[subject->slot];
    const struct vg_track *track = subject->track;
    const enum vg_why_not admitted = vg_watch_admits(watch, subject);
    *cosine = 0;
    if (subject->masked || !vg_watch_inside(watch, subject->foot)) {
        if (watch->input->time.us - way->inside.us > AWAY_US)
            *way = (struct vg_way){0};
        return admitted != VG_WHY_HOLDS ? admitted : VG_WHY_OUTSIDE;
    }
    const struct vg_point foot = vg_box_foot(track->box);
    if (way->count > 0 &&
        vg_watch_jumped(subject, way->last, watch->input->time.us - way->inside.us))
        *way = (struct vg_way){0};
    way->last = foot;
    way->inside = watch->input->time;
    keep(way, foot, (double)track->box.height); /* also of one not admitted: it may be soon */
    if (admitted != VG_WHY_HOLDS)
        return admitted;
    return weigh(way, track, vg_watch_place(watch)->direction, cosine);
}

/* Where the flow is known in its box, it must not say that it goes the allowed way: vehicles in a
 * row, one picture apart, exchange their tracks, and then seem to go back to the next one. */
static bool flow_agrees(const struct vg_watch *watch, const struct vg_track *track)
{
    if (vg_flow_readable(watch) != VG_WHY_HOLDS)
        return true;
    const struct vg_maps *maps = watch->input->maps;
    const struct vg_flow_motion m = vg_flow_of_span(maps, vg_flow_span_of(maps, track->seen));
    const struct vg_flow_motion view = vg_flow_of_view(maps);
    const struct vg_point allowed = vg_watch_place(watch)->direction;
    const double with = (m.x - view.x) * (double)allowed.x + (m.y - view.y) * (double)allowed.y;
    const double length = length_of((double)allowed.x, (double)allowed.y);
    return m.cells < FLOW_CELLS || with < FLOW_HEIGHTS * (double)track->seen.height * length;
}

void vg_wrong_way_watch(const struct vg_watch *watch)
{
    for (uint32_t i = 0; i < watch->subject_count; i++) {
        const struct vg_subject *subject = &watch->subjects[i];
        if (!subject->track->detected)
            continue;
        double cosine;
        enum vg_why_not why = judge(watch, subject, &cosine);
        if (why == VG_WHY_HOLDS && !flow_agrees(watch, subject->track))
            why = VG_WHY_WITH_THE_WAY;
        vg_watch_say(watch, subject->track->id, why, cosine);
        struct vg_sighting *sighting = why == VG_WHY_HOLDS ? vg_watch_sight(watch) : NULL;
        if (!sighting)
            continue;
        sighting->subject = subject->track->id;
        sighting->building = !((struct vg_ways *)watch->memory)->way[subject->slot].far;
        vg_watch_show(sighting, subject);
    }
    vg_wrong_way_flow_watch(watch, &((struct vg_ways *)watch->memory)->flow);
}
