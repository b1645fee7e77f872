/* Points, added up (seconds of evidence a second, so that the rate of pictures does not matter):
 *
 *   a box of a person that lies, sure          1     weak        0.7
 *   the same, found in a turned look           1     weak        0.5
 *   a person upright there, sure              -2
 *   nothing                                   -1
 *
 * A box lies when it is wider than tall, low against the same person upright, and long enough for a
 * body: somebody who bends, sits or kneels is 0.5 to 0.7 of his height and no wider than tall; head and
 * shoulders above a wall or the lower edge are wide but short. */
#include "src/events/down_evidence.h"

#include <math.h>

#define SURE_POINTS   1.0
#define WEAK_POINTS   0.7
#define TURNED_POINTS 1.0
#define FAINT_POINTS  0.5
#define UP_POINTS     -2.0
#define NO_POINTS     -1.0
#define MOST_POINTS   1.5

/* Detectors hardly know who lies: their least scores count where somebody fell, for nobody looks
 * there else. */
#define WEAK_SCORE  0.15f
#define FAINT_SCORE 0.25f /* in a turned look, where he looks as if upright */

#define WIDER        1.2f /* than tall */
#define LOW          0.6f /* of the upright height */
#define LONG         0.45f /* of the upright height: a body seen from the feet is shorter and not wide */
#define UP           0.6f /* of the upright height: sits or stands */
#define ASIDE        1.2f /* upright heights: where one who falls can come to lie */
#define ABOVE        0.6f /* the lower side above the foot: onto a bed, or away from the camera */
#define BELOW        0.5f
#define LENGTH       1.25f             /* of the upright height: with the arms stretched out */
#define SAME         0.6f              /* of the smaller box: lies still where it lay */
#define OFTEN_FOR_US (4 * VG_US_PER_S) /* after the fall; then there is time */
#define OFTEN_US     (VG_US_PER_S / 6) /* five looks a second */
#define SELDOM_US    (4 * VG_US_PER_S / 5)
#define SEEN_MOST    256u /* detections, the surest come first: more is noise */
#define COVER        0.5f /* of the smaller of two boxes: one stands before the other */
/* Of the ground below a box that lies, what is not as before: a body fills half of its box and more,
 * less where its clothes are like the ground. */
#define NEW_LEAST 0.15
#define HIGH      0.5f /* of the upright height */
#define LEARNT_US (VG_US_PER_S / 2)
#define STILL_US \
    (3 * VG_US_PER_S) /* masts swing to and fro in 1 to 5 s: twice the way in half of it */

static bool is_box(struct vg_box box)
{
    return box.width > 0 && box.height > 0 && isfinite(box.left + box.top) &&
           isfinite(box.width + box.height);
}

static float middle_x(struct vg_box box)
{
    return box.left + box.width / 2;
}

static bool is_near(const struct vg_down_body *body, struct vg_box box)
{
    const float height = body->stood.height;
    const float foot = body->stood.top + height, low = box.top + box.height;
    const float aside = fabsf(middle_x(box) - middle_x(body->stood));
    return aside <= ASIDE * height && low >= foot - ABOVE * height && low <= foot + BELOW * height;
}

static bool is_lying(const struct vg_down_body *body, struct vg_box box)
{
    const float height = body->stood.height;
    return box.width >= WIDER * box.height && box.height <= LOW * height &&
           box.width >= LONG * height && box.width <= LENGTH * height;
}

static float cover(struct vg_box a, struct vg_box b)
{
    const struct vg_box both = vg_box_clip(a, b);
    const float one = a.width * a.height, other = b.width * b.height;
    const float least = one < other ? one : other;
    return least > 0 ? both.width * both.height / least : 0;
}

/* Somebody else: there before the fall, or come from elsewhere since. */
static bool is_bystander(const struct vg_watch *watch, const struct vg_down_body *body,
                         struct vg_box box)
{
    const struct vg_down_memory *memory = watch->memory;
    for (uint32_t i = 0; i < watch->subject_count; i++) {
        const struct vg_subject *subject = &watch->subjects[i];
        const struct vg_track *track = subject->track;
        const struct vg_down_stand *stand = &memory->stand[subject->slot];
        if (track->id == body->track || !track->detected || !stand->known ||
            track->seen.height < track->seen.width || cover(track->seen, box) < COVER)
            continue;
        const float x = stand->first.x - middle_x(body->stood);
        const float y = stand->first.y - body->stood.top - body->stood.height;
        const float far = body->stood.height;
        if (track->born.us < body->since.us || x * x + y * y > far * far)
            return true;
    }
    return false;
}

/* Map pixels of a box, from included to not. */
struct span {
    uint32_t left, right, top, bottom;
};

static uint32_t map_px(float at, uint32_t shrink, uint32_t most)
{
    const float px = at / (float)shrink;
    return px <= 0 ? 0 : px >= (float)most ? most : (uint32_t)px;
}

static struct span span_of(const struct vg_maps *maps, struct vg_box box)
{
    const struct vg_maps_size *size = &maps->size;
    return (struct span){map_px(box.left, size->shrink, size->width),
                         map_px(box.left + box.width, size->shrink, size->width),
                         map_px(box.top, size->shrink, size->height),
                         map_px(box.top + box.height, size->shrink, size->height)};
}

static uint32_t count_new(const struct vg_maps *maps, uint32_t x, uint32_t top, uint32_t bottom)
{
    uint32_t count = 0;
    for (uint32_t y = top; y < bottom; y++)
        count += maps->ground[(size_t)y * maps->size.width + x] != VG_GROUND_SAME;
    return count;
}

/* A view that shook of late differs from its background at each edge, more than a body differs where its
 * clothes are like the ground. */
static bool is_ground_known(const struct vg_watch *watch)
{
    const struct vg_maps *maps = watch->input->maps;
    const struct vg_down_memory *memory = watch->memory;
    return maps && (maps->set & VG_MAPS_GROUND) && maps->learnt_us >= LEARNT_US &&
           !(memory->swayed && watch->input->time.us - memory->sway.us < STILL_US);
}

/* The part of the box that is not as the view is without anybody, 0 to 1; -1 where it is not known.
 * Columns as high as somebody upright are left out: that stands before the box, or went away from there
 * and left its hole in the background; where they are most of it, all count. */
static double share_new(const struct vg_watch *watch, const struct vg_down_body *body,
                        struct vg_box box)
{
    const struct vg_maps *maps = watch->input->maps;
    if (!is_ground_known(watch))
        return -1;
    const struct span span = span_of(maps, box);
    const float above = LOW * body->stood.height;
    const uint32_t top = map_px(box.top - above, maps->size.shrink, maps->size.height);
    const double tall = (double)(HIGH * body->stood.height) / maps->size.shrink;
    uint32_t low = 0, differs = 0, all = 0;
    for (uint32_t x = span.left; x < span.right; x++) {
        const uint32_t in = count_new(maps, x, span.top, span.bottom);
        all += in;
        if (count_new(maps, x, top, span.top) + in >= tall)
            continue;
        low++;
        differs += in;
    }
    const uint32_t wide = span.right - span.left, high = span.bottom - span.top;
    if (wide == 0 || high == 0)
        return -1;
    return 2 * low >= wide ? (double)differs / ((double)low * high)
                           : (double)all / ((double)wide * high);
}

/* Furniture that looks a little like somebody who lies was there before. Where the maps know nothing
 * yet, a sure box is believed. */
static bool is_grounded(const struct vg_watch *watch, const struct vg_down_body *body,
                        const struct vg_detection *seen)
{
    const double share = share_new(watch, body, seen->box);
    return share < 0 ? seen->score >= watch->rule->min_score : share >= NEW_LEAST;
}

enum shape {
    OTHER,
    LYING,
    UPRIGHT
};

static enum shape shape_of(const struct vg_watch *watch, const struct vg_down_body *body,
                           const struct vg_detection *seen)
{
    if (seen->class_id != VG_CLASS_PERSON || !is_box(seen->box) || !(seen->score >= WEAK_SCORE) ||
        !is_near(body, seen->box))
        return OTHER;
    const bool lies = is_lying(body, seen->box);
    const bool up = seen->box.height > seen->box.width &&
                    seen->box.height >= UP * body->stood.height &&
                    seen->score >= watch->rule->min_score;
    if ((!lies && !up) || is_bystander(watch, body, seen->box) ||
        (lies && !is_grounded(watch, body, seen)))
        return OTHER;
    return lies ? LYING : UPRIGHT;
}

static void better(struct vg_detection *best, const struct vg_detection *seen)
{
    if (seen->score > best->score)
        *best = *seen;
}

static bool is_about(const struct vg_watch *watch, const struct vg_down_body *body,
                     const struct vg_look_answer *look)
{
    return look->wish.rule == watch->rule_index &&
           look->wish.subject == (VG_SUBJECT_THING | body->number);
}

static void take_look(const struct vg_watch *watch, struct vg_down_body *body,
                      const struct vg_look_answer *look)
{
    const bool turned = look->wish.turn != VG_TURN_NONE;
    for (uint32_t i = 0; i < look->count && i < SEEN_MOST; i++) {
        const struct vg_detection *seen = &look->detections[i];
        const enum shape shape = shape_of(watch, body, seen);
        if (shape == LYING)
            better(turned ? &body->turned : &body->plain, seen);
        else if (shape == UPRIGHT && !turned)
            better(&body->upright, seen);
    }
}

void vg_down_looked(const struct vg_watch *watch, struct vg_down_body *body)
{
    const struct vg_watch_input *in = watch->input;
    bool first = true;
    for (uint32_t i = 0; i < in->look_count; i++) {
        if (!is_about(watch, body, &in->looks[i]))
            continue;
        if (first) {
            body->turned = body->plain = body->upright = (struct vg_detection){0};
            body->looked = in->time;
            first = false;
        }
        take_look(watch, body, &in->looks[i]);
    }
}

int64_t vg_down_look_us(const struct vg_watch *watch, const struct vg_down_body *body)
{
    return watch->input->time.us - body->since.us < OFTEN_FOR_US ? OFTEN_US : SELDOM_US;
}

struct found {
    struct vg_detection lying, turned, upright; /* the best of each; score 0: none */
};

static struct found find(const struct vg_watch *watch, const struct vg_down_body *body)
{
    const struct vg_watch_input *in = watch->input;
    struct found found = {0};
    const int64_t age_us = in->time.us - body->looked.us;
    if (2 * age_us < 3 * vg_down_look_us(watch, body))
        found = (struct found){body->plain, body->turned, body->upright};
    for (uint32_t i = 0; i < in->detection_count && i < SEEN_MOST; i++) {
        const enum shape shape = shape_of(watch, body, &in->detections[i]);
        if (shape == LYING)
            better(&found.lying, &in->detections[i]);
        else if (shape == UPRIGHT)
            better(&found.upright, &in->detections[i]);
    }
    return found;
}

static double points_of(const struct found *found, float least)
{
    double points = 0;
    if (found->lying.score > 0)
        points += found->lying.score >= least ? SURE_POINTS : WEAK_POINTS;
    if (found->turned.score >= FAINT_SCORE)
        points += found->turned.score >= least ? TURNED_POINTS : FAINT_POINTS;
    return points < MOST_POINTS ? points : MOST_POINTS;
}

/* Of two boxes that lie, the one where the body lay already; else the surer. */
static const struct vg_detection *best_of(const struct vg_down_body *body,
                                          const struct found *found)
{
    if (body->placed && cover(body->box, found->lying.box) >= SAME)
        return &found->lying;
    if (body->placed && cover(body->box, found->turned.box) >= SAME)
        return &found->turned;
    return found->lying.score >= found->turned.score ? &found->lying : &found->turned;
}

struct vg_down_evidence vg_down_evidence(const struct vg_watch *watch,
                                         const struct vg_down_body *body)
{
    struct vg_down_evidence e = {.points = NO_POINTS, .why = VG_WHY_NO_FALL};
    struct found found = find(watch, body);
    if (found.upright.score > found.lying.score && found.upright.score > found.turned.score) {
        e.points = UP_POINTS;
        e.why = VG_WHY_UPRIGHT;
        return e;
    }
    const double points = points_of(&found, watch->rule->min_score);
    if (points <= 0)
        return e;
    const struct vg_detection *best = best_of(body, &found);
    e.box = best->box;
    e.score = best->score;
    e.points = points;
    e.why = VG_WHY_HOLDS;
    if (body->placed && cover(body->box, e.box) < SAME) {
        e.points = 0;
        e.why = VG_WHY_MOVES;
    }
    return e;
}

struct vg_box vg_down_region(const struct vg_watch *watch, const struct vg_down_body *body)
{
    const struct vg_box picture = {0, 0, (float)watch->input->width, (float)watch->input->height};
    const float height = body->stood.height, side = 1.5f * height;
    const float x = middle_x(body->box);
    const float y = body->placed ? body->box.top + body->box.height / 2
                                 : body->box.top + body->box.height - 0.3f * height;
    return vg_box_clip((struct vg_box){x - side / 2, y - side / 2, side, side}, picture);
}
