/* EVT3: people begin to run, scatter, come together or go against the stream, all at once.
 *
 * The bodies are the persons that the detector finds in the place; how each moves is told by the
 * flow in its box, not by its track: people who run jump from box to box, and their tracks break
 * just then. Speeds are in heights of the person's own box a second, so that neither the camera
 * nor the distance matters: a walk is 0.8, a run 1.5 and more (1.4 and 2.5 m/s of 1.7 m), less
 * towards or away from the camera. Detected persons are a sample of a dense crowd. Vehicles have
 * no part in it. Movement of the whole view (a camera that shakes) is taken off.
 *
 * What is unusual is measured against the place itself: its usual pace is a running median over
 * minutes, its usual way a running mean. Both begin with what people do anywhere, so that a view
 * of a few seconds has a usual pace, too. */
#include "src/events/crowd_movement.h"

#include <math.h>

#include "src/events/flow_cells.h"

#define CELLS_LEAST 2    /* sure ones in a box, to say how it moves */
#define HEIGHT_PX   10.0 /* map pixels: of a smaller one a step is nearly all noise */
#define SMOOTH_S    0.3  /* of a body's movement: some pictures */
#define NOW_S       0.5  /* of what holds now: one wrong picture makes no crowd */
#define USUAL_S     120.0
#define WALK        0.8 /* heights a second */
#define USUAL_FIRST 0.6 /* some stand, most walk */
#define MOVES       0.3 /* is on its way somewhere */
#define RUNS        1.5
#define RUNNERS     1.25 /* on average: more than one, all the time */
#define PACE_RISE   1.75 /* times the usual */
#define SPREAD      4.0  /* bodies, to say that they scatter .. */
#define GATHER      5.0  /* .. or come together, which few people do all the time */
#define SPREAD_PACE 0.9  /* heights a second from or to their middle: more than a walk */
#define STREAM      0.8  /* length of the mean way: all but one in ten go it */
#define STREAM_S    60.0 /* seen for so long */
#define AGAINST     -0.5 /* cosine of those who move now, on average */
#define AGAINST_N   3.0

/* What one picture shows. */
struct sight {
    uint32_t bodies, runners, movers;
    double pace, outward; /* sums over the bodies */
    double way_x, way_y;  /* sum of the unit vectors of the movers */
    double x, y;          /* sum of the feet */
};

/* ---- one picture -------------------------------------------------------------------------- */

static bool is_body(const struct vg_watch *watch, const struct vg_subject *subject)
{
    const struct vg_track *track = subject->track;
    const double map_px = (double)track->seen.height / (double)watch->input->maps->size.shrink;
    return track->detected && track->class_id == VG_CLASS_PERSON && !subject->masked &&
           subject->score >= watch->rule->min_score && map_px >= HEIGHT_PX &&
           vg_watch_inside(watch, subject->foot);
}

/* Heights a second, smoothed over the last pictures; false: not known. */
static bool move_of(struct vg_crowd *crowd, const struct vg_watch *watch,
                    const struct vg_subject *subject, const struct vg_flow_motion *view)
{
    const struct vg_maps *maps = watch->input->maps;
    const struct vg_box box = subject->track->seen;
    struct vg_crowd_body *body = &crowd->body[subject->slot];
    const struct vg_flow_motion m = vg_flow_of_span(maps, vg_flow_span_of(maps, box));
    if (m.cells < CELLS_LEAST)
        return false;
    const double step_s = (double)maps->step_us / (double)VG_US_PER_S;
    const double part = body->known ? step_s / (SMOOTH_S + step_s) : 1;
    const double x = (m.x - view->x) / (double)box.height;
    const double y = (m.y - view->y) / (double)box.height;
    body->x += (float)(part * (x - (double)body->x));
    body->y += (float)(part * (y - (double)body->y));
    body->known = true;
    return true;
}

static double length(double x, double y)
{
    return sqrt(x * x + y * y);
}

static void add_body(struct sight *sight, const struct vg_crowd_body *body,
                     const struct vg_subject *subject)
{
    const double x = (double)body->x, y = (double)body->y, speed = length(x, y);
    const struct vg_point foot = vg_box_foot(subject->track->seen);
    sight->bodies++;
    sight->pace += speed;
    sight->runners += speed >= RUNS;
    sight->x += (double)foot.x;
    sight->y += (double)foot.y;
    if (speed < MOVES)
        return;
    sight->movers++;
    sight->way_x += x / speed;
    sight->way_y += y / speed;
}

/* Mean speed away from the middle of all. */
static double outward(const struct vg_crowd *crowd, const struct vg_watch *watch,
                      const struct sight *sight, const bool *counts)
{
    double sum = 0;
    for (uint32_t i = 0; i < watch->subject_count; i++) {
        if (!counts[i])
            continue;
        const struct vg_crowd_body *body = &crowd->body[watch->subjects[i].slot];
        const struct vg_point foot = vg_box_foot(watch->subjects[i].track->seen);
        const double x = (double)foot.x - sight->x / sight->bodies;
        const double y = (double)foot.y - sight->y / sight->bodies;
        const double away = length(x, y);
        if (away > 0)
            sum += (x * (double)body->x + y * (double)body->y) / away;
    }
    return sum;
}

static struct sight sight_of(struct vg_crowd *crowd, const struct vg_watch *watch)
{
    const struct vg_flow_motion view = vg_flow_of_view(watch->input->maps);
    struct sight sight = {0};
    bool counts[VG_TRACKS_MAX] = {false};
    for (uint32_t i = 0; i < watch->subject_count; i++) {
        const struct vg_subject *subject = &watch->subjects[i];
        counts[i] = is_body(watch, subject) && move_of(crowd, watch, subject, &view);
        if (counts[i])
            add_body(&sight, &crowd->body[subject->slot], subject);
    }
    sight.outward = sight.bodies > 0 ? outward(crowd, watch, &sight, counts) : 0;
    return sight;
}

/* ---- over time ---------------------------------------------------------------------------- */

static void towards(double *value, double now, double part)
{
    *value += part * (now - *value);
}

/* A median that runs: a small step up or down, as the value lies. */
static void learn(struct vg_crowd_usual *usual, const struct sight *sight, double step_s)
{
    if (sight->bodies == 0)
        return;
    const double pace = sight->pace / sight->bodies;
    const double most_s = usual->seen_s < USUAL_S ? usual->seen_s + 10 : USUAL_S;
    const double step = WALK * step_s / most_s;
    usual->pace += pace > usual->pace ? step : -step;
    usual->pace = usual->pace < MOVES ? MOVES : usual->pace;
    usual->seen_s += step_s;
    if (sight->movers == 0)
        return;
    towards(&usual->way_x, sight->way_x / sight->movers, step_s / most_s);
    towards(&usual->way_y, sight->way_y / sight->movers, step_s / most_s);
}

static void follow(struct vg_crowd *crowd, const struct sight *sight, double step_s)
{
    const double part = step_s / (NOW_S + step_s);
    const double usual = length(crowd->usual.way_x, crowd->usual.way_y);
    const double bodies = sight->bodies > 0 ? sight->bodies : 1;
    towards(&crowd->pace, sight->pace / bodies, part);
    towards(&crowd->outward, sight->outward / bodies, part);
    towards(&crowd->runners, sight->runners, part);
    towards(&crowd->bodies, sight->bodies, part);
    towards(&crowd->movers, sight->movers, part);
    double cosine = 0;
    if (sight->movers > 0 && usual > 0)
        cosine = (sight->way_x * crowd->usual.way_x + sight->way_y * crowd->usual.way_y) /
                 (usual * sight->movers);
    towards(&crowd->cosine, cosine, part);
}

/* Takes the picture in, once. */
static void look(const struct vg_watch *watch)
{
    struct vg_crowd *crowd = watch->memory;
    if (crowd->looked && crowd->time.us == watch->input->time.us)
        return;
    crowd->looked = true;
    crowd->time = watch->input->time;
    crowd->why = vg_flow_readable(watch);
    if (crowd->why != VG_WHY_HOLDS)
        return;
    if (crowd->usual.pace <= 0)
        crowd->usual.pace = USUAL_FIRST;
    const double step_s = (double)watch->input->maps->step_us / (double)VG_US_PER_S;
    const struct sight sight = sight_of(crowd, watch);
    follow(crowd, &sight, step_s);
    learn(&crowd->usual, &sight, step_s);
}

/* ---- what holds --------------------------------------------------------------------------- */

static bool rushes(const struct vg_crowd *crowd)
{
    return crowd->runners >= RUNNERS && crowd->pace >= WALK &&
           crowd->pace >= PACE_RISE * crowd->usual.pace;
}

/* From the middle of all, or towards it, faster than one walks and than is usual. */
static bool spreads(const struct vg_crowd *crowd)
{
    const double least = crowd->outward < 0 ? GATHER : SPREAD;
    const double speed = crowd->outward < 0 ? -crowd->outward : crowd->outward;
    return crowd->bodies >= least && speed >= SPREAD_PACE && speed >= PACE_RISE * crowd->usual.pace;
}

static bool turns(const struct vg_crowd *crowd)
{
    return crowd->usual.seen_s >= STREAM_S && crowd->movers >= AGAINST_N &&
           crowd->cosine <= AGAINST && length(crowd->usual.way_x, crowd->usual.way_y) >= STREAM;
}

static enum vg_why_not judge(const struct vg_crowd *crowd)
{
    if (crowd->why != VG_WHY_HOLDS)
        return crowd->why;
    if (rushes(crowd) || spreads(crowd) || turns(crowd))
        return VG_WHY_HOLDS;
    return crowd->bodies < RUNNERS ? VG_WHY_FEW : VG_WHY_AS_USUAL;
}

/* Those who move, until there is no more room. */
static void show(const struct vg_watch *watch, struct vg_sighting *sighting)
{
    const struct vg_crowd *crowd = watch->memory;
    if (!watch->input->maps) /* of two pictures of one time, the second may have none */
        return;
    for (uint32_t i = 0; i < watch->subject_count; i++) {
        const struct vg_subject *subject = &watch->subjects[i];
        const struct vg_crowd_body *body = &crowd->body[subject->slot];
        if (is_body(watch, subject) && body->known &&
            length((double)body->x, (double)body->y) >= MOVES)
            vg_watch_show(sighting, subject);
    }
}

void vg_crowd_movement_watch(const struct vg_watch *watch)
{
    look(watch);
    const struct vg_crowd *crowd = watch->memory;
    const enum vg_why_not why = judge(crowd);
    vg_watch_say(watch, 0, why, crowd->pace);
    struct vg_sighting *sighting = why == VG_WHY_HOLDS ? vg_watch_sight(watch) : NULL;
    if (sighting)
        show(watch, sighting);
}

double vg_crowd_movement_flow(const struct vg_watch *watch)
{
    look(watch);
    const struct vg_crowd *crowd = watch->memory;
    return crowd->pace;
}

void vg_crowd_movement_forget(void *memory, uint32_t slot)
{
    struct vg_crowd *crowd = memory;
    crowd->body[slot] = (struct vg_crowd_body){0};
}
