/* EVT5: a thing that appeared, stays as it is, is neither person nor vehicle, and whose carrier went
 * away. The map of the ground says what is new in the view; a thing is a compact region of it that
 * is followed by its place alone, also while somebody passes before it. What tells it apart:
 *
 *   what was taken away      its border is in the long background, not in the picture
 *   light, shadow, puddle    softer at the border than within, or no border at all
 *   a person who stays       found by the detector now and then; sways; the one who came and was
 *                            lost there still fills the place
 *   carts, vehicles          their size, their classes
 *
 * The carrier is whoever was within a body's height of the place when it appeared; nothing of how
 * somebody looks is used. Somebody is with a thing who brought it and is within 1.5 of his heights,
 * or who has been within one height for some seconds: who passes by is not. */
#include "src/events/abandoned_object.h"

#include <math.h>
#include <string.h>

#define LEARN_US      (5 * VG_US_PER_S) /* of a view seen for less nothing is known */
#define AREA_LEAST    4u                /* map pixels */
#define SIDE_LEAST    2
#define AREA_THING    6u                /* fewer pixels have no shape */
#define SETTLES_US    VG_US_PER_S       /* a region that comes to light needs so long to be whole */
#define GONE_US       (2 * VG_US_PER_S) /* not there for so long: taken away */
#define HIDDEN_US     (30 * VG_US_PER_S)
#define BROUGHT_US    (5 * VG_US_PER_S) /* before it is seen: who bends down hides it */
#define DWELLS_US     (3 * VG_US_PER_S) /* 4 m at a walk: who passes is not near for so long */
#define RETURNS_US    (2 * VG_US_PER_S) /* out of reach for less is the same stay */
#define PERSON_US     (3 * VG_US_PER_S)
#define PERSON_LOOKS  3u
#define PERSON_SCORE  0.15f /* weaker ones are anywhere */
#define VEHICLE_SCORE 0.25f
#define CHANGED_US    (10 * VG_US_PER_S) /* who stays sits as he does for so long */
#define ANEW_US       (6 * VG_US_PER_S)  /* looks otherwise for so long: that is how it looks */
/* In heights of a person. */
#define NEAR_HEIGHTS 1.0
#define LEFT_HEIGHTS 1.5
#define SIZE_LEAST   0.125
#define THIN_MOST    0.1 /* its lesser side: a bottle, a stick, the rim of something that was moved */
#define SIZE_MOST    1.0
#define SIZE_UNSEEN  0.5 /* whose carrier was not seen to go: larger may be somebody who sits */
/* Where nobody was ever found, persons are smaller than a detector finds: of the picture's longer
 * side. */
#define PERSON_UNSEEN 0.08
#define ALIKE_IOU     0.3  /* a box that is about the thing, and not about who stands before it */
#define FILL_LEAST    0.25 /* share of its box: lines and rims are no things */
#define EDGE_LEAST    8.0  /* levels, three planes together */
#define EDGE_BEFORE   1.15 /* times the border in the picture: it is the background's */
#define EDGE_OWN      1.3  /* and the other way round: for sure its own */
#define EDGE_SHARP    0.3  /* of the change within: a light's border has less */
#define RESTLESS_MOST 0.10
/* So many regions that came and stay, with nobody by them: the camera was pushed, or the view is
 * another one. */
#define CHANGES_MOST 6u
#define STAYS_US     (3 * VG_US_PER_S)
#define RESTLESS_S   3.0
#define SAMPLE_AWAY  24  /* levels, three planes together */
#define FILLED       0.3 /* of the box where somebody was lost: still there */

static struct vg_things *memory_of(const struct vg_watch *watch)
{
    return watch->memory;
}

static int64_t now_of(const struct vg_watch *watch)
{
    return watch->input->time.us;
}

static bool is_living(enum vg_class class_id)
{
    return class_id == VG_CLASS_PERSON || class_id == VG_CLASS_ANIMAL;
}

static bool is_vehicle(enum vg_class class_id)
{
    return class_id >= VG_CLASS_BICYCLE && class_id <= VG_CLASS_BOAT;
}

static bool is_sound(struct vg_box box)
{
    return box.width > 0 && box.height > 0 && isfinite(box.left + box.top + box.width + box.height);
}

static struct vg_box box_of(const struct vg_watch *watch, struct vg_span span)
{
    return vg_span_box(span, &watch->input->maps->size, watch->input->width, watch->input->height);
}

/* The map pixels that a box touches; false: none. */
static bool span_of(const struct vg_watch *watch, struct vg_box box, struct vg_span *span)
{
    const struct vg_maps_size *size = &watch->input->maps->size;
    const struct vg_box picture = {0, 0, (float)(size->width * size->shrink),
                                   (float)(size->height * size->shrink)};
    if (!is_sound(box))
        return false;
    const struct vg_box in = vg_box_clip(box, picture);
    const float shrink = (float)size->shrink;
    *span = (struct vg_span){(int32_t)(in.left / shrink), (int32_t)(in.top / shrink),
                             (int32_t)((in.left + in.width) / shrink) - 1,
                             (int32_t)((in.top + in.height) / shrink) - 1};
    return in.width > 0 && in.height > 0 && span->right >= span->left && span->bottom >= span->top;
}

/* ---- persons ------------------------------------------------------------------------------- */

static void note_height(struct vg_thing_heights *heights, const struct vg_watch *watch,
                        const struct vg_track *track)
{
    const struct vg_box box = track->seen;
    const double bottom = (double)box.top + (double)box.height;
    if (track->class_id != VG_CLASS_PERSON || track->state != VG_TRACK_CONFIRMED || box.top <= 1 ||
        bottom >= (double)watch->input->height - 1)
        return;                   /* cut off by the picture */
    if (heights->count >= 4096) { /* the view is learnt anew in time */
        heights->count /= 2;
        heights->y /= 2;
        heights->h /= 2;
        heights->yy /= 2;
        heights->yh /= 2;
    }
    heights->count += 1;
    heights->y += bottom;
    heights->h += (double)box.height;
    heights->yy += bottom * bottom;
    heights->yh += bottom * (double)box.height;
}

/* A person's height in pixels with the feet at row y; 0: not known. */
static double height_at(const struct vg_thing_heights *heights, double y)
{
    if (heights->count < 8)
        return 0;
    const double mean_y = heights->y / heights->count, mean = heights->h / heights->count;
    const double var = heights->yy / heights->count - mean_y * mean_y;
    const double with = heights->yh / heights->count - mean_y * mean;
    if (var < mean * mean / 16) /* all stood in one row */
        return mean;
    const double height = mean + with / var * (y - mean_y);
    return height < mean / 3 ? mean / 3 : height > mean * 3 ? mean * 3 : height;
}

/* The entry of the track, or the one that was used longest ago. */
static struct vg_thing_person *person_for(struct vg_things *memory, uint32_t track)
{
    struct vg_thing_person *oldest = &memory->person[0];
    for (uint32_t i = 0; i < VG_THING_PERSONS_MAX; i++) {
        struct vg_thing_person *person = &memory->person[i];
        if (person->track == track)
            return person;
        if (oldest->track && (!person->track || person->last_us < oldest->last_us))
            oldest = person;
    }
    return oldest;
}

static void note_persons(const struct vg_watch *watch)
{
    struct vg_things *memory = memory_of(watch);
    for (uint32_t i = 0; i < watch->subject_count; i++) {
        const struct vg_track *track = watch->subjects[i].track;
        if (!is_living(track->class_id) || !track->detected || !is_sound(track->seen))
            continue;
        *person_for(memory, track->id) =
            (struct vg_thing_person){track->id, now_of(watch), track->seen};
        note_height(&memory->heights, watch, track);
    }
}

/* In heights of the person: from the feet to the middle of the thing's base. */
static double heights_away(const struct vg_watch *watch, const struct vg_thing *thing,
                           struct vg_point foot, double height)
{
    const struct vg_point base = vg_box_foot(box_of(watch, thing->span));
    const double x = (double)base.x - (double)foot.x, y = (double)base.y - (double)foot.y;
    return height > 0 ? sqrt(x * x + y * y) / height : 1e9;
}

static struct vg_thing_near *near_for(struct vg_thing *thing, uint32_t track)
{
    struct vg_thing_near *oldest = &thing->near[0];
    for (uint32_t i = 0; i < VG_THING_NEAR_MAX; i++) {
        struct vg_thing_near *near = &thing->near[i];
        if (near->track == track)
            return near;
        if (oldest->track && (!near->track || near->last_us < oldest->last_us))
            oldest = near;
    }
    return oldest;
}

static void note_near(const struct vg_watch *watch, struct vg_thing *thing)
{
    const struct vg_things *memory = memory_of(watch);
    for (uint32_t i = 0; i < VG_THING_PERSONS_MAX; i++) {
        const struct vg_thing_person *person = &memory->person[i];
        if (!person->track || person->last_us != now_of(watch))
            continue;
        const double away =
            heights_away(watch, thing, vg_box_foot(person->box), (double)person->box.height);
        struct vg_thing_near *near = near_for(thing, person->track);
        const bool known = near->track == person->track;
        if (away > (known && near->carrier ? LEFT_HEIGHTS : NEAR_HEIGHTS))
            continue;
        if (!known)
            *near = (struct vg_thing_near){.track = person->track, .since_us = now_of(watch)};
        else if (now_of(watch) - near->last_us > RETURNS_US)
            near->since_us = now_of(watch);
        near->last_us = now_of(watch);
    }
}

/* Who was there when it appeared: by the way that the tracks have come. */
static void find_carriers(const struct vg_watch *watch, struct vg_thing *thing)
{
    const int64_t from_us = now_of(watch) - BROUGHT_US;
    for (uint32_t i = 0; i < watch->subject_count; i++) {
        const struct vg_track *track = watch->subjects[i].track;
        int64_t last_us = -1;
        if (track->class_id != VG_CLASS_PERSON || track->state == VG_TRACK_TENTATIVE)
            continue;
        for (uint32_t k = 0; k < track->history_count; k++) {
            const struct vg_track_step *step =
                &track->history[(track->history_first + k) % VG_TRACK_HISTORY_SIZE];
            if (step->time.us >= from_us &&
                heights_away(watch, thing, step->foot, (double)track->box.height) <= NEAR_HEIGHTS)
                last_us = step->time.us;
        }
        if (last_us < 0)
            continue;
        *near_for(thing, track->id) =
            (struct vg_thing_near){track->id, last_us - DWELLS_US, last_us, true};
    }
}

static bool was_brought(const struct vg_thing *thing)
{
    for (uint32_t i = 0; i < VG_THING_NEAR_MAX; i++)
        if (thing->near[i].track && thing->near[i].carrier)
            return true;
    return false;
}

/* Share of a span, less the thing's own, where the ground is not as ever. */
static double filled(const struct vg_watch *watch, struct vg_span span, struct vg_span own)
{
    const struct vg_maps *maps = watch->input->maps;
    uint32_t all = 0, other = 0;
    for (int32_t y = span.top; y <= span.bottom; y++)
        for (int32_t x = span.left; x <= span.right; x++) {
            if (x >= own.left - 1 && x <= own.right + 1 && y >= own.top - 1 && y <= own.bottom + 1)
                continue;
            all++;
            other += maps->ground[y * (int32_t)maps->size.width + x] != VG_GROUND_SAME;
        }
    return all ? (double)other / (double)all : 0;
}

/* Somebody who was lost by the thing and still fills the place. */
static bool is_still_there(const struct vg_watch *watch, const struct vg_thing *thing,
                           const struct vg_thing_near *near)
{
    const struct vg_things *memory = memory_of(watch);
    struct vg_span span;
    for (uint32_t i = 0; i < VG_THING_PERSONS_MAX; i++)
        if (memory->person[i].track == near->track && memory->person[i].last_us == near->last_us &&
            span_of(watch, memory->person[i].box, &span))
            return filled(watch, span, thing->span) > FILLED;
    return false;
}

static bool attends(const struct vg_watch *watch, const struct vg_thing *thing,
                    const struct vg_thing_near *near)
{
    const int64_t unseen_us = now_of(watch) - near->last_us;
    if (!near->track || (!near->carrier && near->last_us - near->since_us < DWELLS_US))
        return false;
    if (unseen_us > VG_US_PER_S)
        return is_still_there(watch, thing, near);
    return true;
}

static bool is_attended(const struct vg_watch *watch, const struct vg_thing *thing)
{
    for (uint32_t i = 0; i < VG_THING_NEAR_MAX; i++)
        if (attends(watch, thing, &thing->near[i]))
            return true;
    return false;
}

/* Whether somebody is within reach now other than by a box about the thing itself. */
static bool has_company(const struct vg_watch *watch, const struct vg_thing *thing)
{
    const struct vg_things *memory = memory_of(watch);
    for (uint32_t i = 0; i < VG_THING_PERSONS_MAX; i++) {
        const struct vg_thing_person *person = &memory->person[i];
        if (person->track && now_of(watch) - person->last_us <= VG_US_PER_S &&
            (double)vg_box_iou(person->box, box_of(watch, thing->span)) < ALIKE_IOU &&
            heights_away(watch, thing, vg_box_foot(person->box), (double)person->box.height) <=
                LEFT_HEIGHTS)
            return true;
    }
    return false;
}

/* ---- what is there ------------------------------------------------------------------------- */

struct inside {
    uint32_t fresh, moving, most; /* pixels; of the blob that has most of it */
    uint32_t blob;                /* 1 + its index; 0: none */
};

static struct inside look_inside(const struct vg_watch *watch, struct vg_span span)
{
    const struct vg_maps *maps = watch->input->maps;
    const struct vg_blobs *blobs = &memory_of(watch)->blobs;
    uint16_t counts[VG_BLOBS_MAX + 1] = {0};
    struct inside inside = {0};
    for (int32_t y = span.top; y <= span.bottom; y++)
        for (int32_t x = span.left; x <= span.right; x++) {
            const int32_t at = y * (int32_t)maps->size.width + x;
            const uint8_t label = blobs->label[at];
            inside.fresh += maps->ground[at] == VG_GROUND_NEW;
            inside.moving += maps->ground[at] == VG_GROUND_MOVING;
            if (!label || ++counts[label] <= inside.most)
                continue;
            inside.most = counts[label];
            inside.blob = label;
        }
    return inside;
}

static bool is_about(struct vg_span a, struct vg_span b)
{
    return a.left - b.left <= 1 && b.left - a.left <= 1 && a.top - b.top <= 1 &&
           b.top - a.top <= 1 && a.right - b.right <= 1 && b.right - a.right <= 1 &&
           a.bottom - b.bottom <= 1 && b.bottom - a.bottom <= 1;
}

/* Something moved beside it a short time ago: somebody, even if too small to be found. */
static bool was_stirred(const struct vg_watch *watch, const struct vg_blob *blob)
{
    const struct vg_maps_size *size = &watch->input->maps->size;
    const struct vg_things *memory = memory_of(watch);
    const struct vg_span span = blob->span;
    const int32_t wide =
        vg_span_height(span) > vg_span_width(span) ? vg_span_height(span) : vg_span_width(span);
    uint32_t moved = 0;
    for (int32_t y = span.top - wide; y <= span.bottom + wide; y++)
        for (int32_t x = span.left - wide; x <= span.right + wide; x++) {
            const bool within = x >= span.left - 1 && x <= span.right + 1 && y >= span.top - 1 &&
                                y <= span.bottom + 1;
            if (within || x < 0 || y < 0 || x >= (int32_t)size->width || y >= (int32_t)size->height)
                continue;
            moved += memory->calm[y * (int32_t)size->width + x] <= BROUGHT_US / VG_MAPS_STAYS_US;
        }
    return moved >= blob->area;
}

static void begin(const struct vg_watch *watch, struct vg_thing *thing, const struct vg_blob *blob)
{
    struct vg_things *memory = memory_of(watch);
    const int64_t now_us = now_of(watch);
    *thing = (struct vg_thing){.number = vg_watch_number(&memory->numbers),
                               .span = blob->span,
                               .other = blob->span,
                               .area = blob->area,
                               .born_us = now_us,
                               .other_us = now_us,
                               .seen_us = now_us,
                               .alone_us = now_us,
                               .alike_us = now_us,
                               .changed_us = -CHANGED_US,
                               .person_us = -PERSON_US,
                               .stirred = was_stirred(watch, blob)};
    find_carriers(watch, thing);
}

/* Another region stands where the thing was: what covered a part of it has gone, or it was part of
 * something larger. Who is near stays known. */
static void begin_anew(const struct vg_watch *watch, struct vg_thing *thing,
                       const struct vg_blob *blob)
{
    const struct vg_thing old = *thing;
    begin(watch, thing, blob);
    for (uint32_t i = 0; i < VG_THING_NEAR_MAX; i++) {
        const struct vg_thing_near *near = &old.near[i];
        struct vg_thing_near *kept = near_for(thing, near->track);
        if (!near->track || now_of(watch) - near->last_us > BROUGHT_US)
            continue;
        const bool carrier = near->carrier || (kept->track == near->track && kept->carrier);
        *kept = *near;
        kept->carrier = carrier;
    }
}

static void mean_border(struct vg_border *mean, struct vg_border border)
{
    const uint32_t pairs = mean->pairs + border.pairs;
    if (!border.pairs)
        return;
    mean->now += (border.now - mean->now) * (double)border.pairs / (double)pairs;
    mean->before += (border.before - mean->before) * (double)border.pairs / (double)pairs;
    mean->step += (border.step - mean->step) * (double)border.pairs / (double)pairs;
    mean->inner += (border.inner - mean->inner) * (double)border.pairs / (double)pairs;
    mean->pairs = pairs < 4096 ? pairs : 4096;
}

/* Follows the region; false: the thing is gone. */
static bool follow(const struct vg_watch *watch, struct vg_thing *thing)
{
    const struct vg_blobs *blobs = &memory_of(watch)->blobs;
    const int64_t now_us = now_of(watch);
    const struct inside inside = look_inside(watch, thing->span);
    const struct vg_blob *blob = inside.blob ? &blobs->blob[inside.blob - 1] : NULL;
    const bool there = inside.fresh * 2 >= thing->area;
    if (there)
        thing->seen_us = now_us;
    if (!there && (inside.fresh + inside.moving) * 2 < thing->area &&
        now_us - thing->seen_us > GONE_US)
        return false;
    if (!there)
        return now_us - thing->seen_us <= HIDDEN_US;
    if (!blob)
        return true;
    if (!is_about(blob->span, thing->other)) {
        thing->other = blob->span;
        thing->other_us = now_us;
    }
    const double iou = vg_span_iou(blob->span, thing->span);
    if (iou < 0.5 && now_us - thing->other_us >= SETTLES_US)
        begin_anew(watch, thing, blob);
    else if (iou >= 0.5 && now_us - thing->born_us < 2 * SETTLES_US) {
        thing->span = blob->span;
        thing->area = blob->area;
    }
    if (iou >= 0.7) {
        mean_border(&thing->border, vg_blob_border(blobs, inside.blob - 1, watch->input->maps));
        thing->fill =
            (double)blob->area / (double)(vg_span_width(blob->span) * vg_span_height(blob->span));
    }
    return true;
}

/* Parts of what stood there before may all have begun anew as the same region. */
static void drop_doubles(struct vg_things *memory)
{
    for (uint32_t i = 0; i < VG_THINGS_MAX; i++)
        for (uint32_t k = 0; k < VG_THINGS_MAX; k++) {
            const struct vg_thing *one = &memory->thing[i];
            const struct vg_thing *other = &memory->thing[k];
            if (one->number && other->number > one->number &&
                vg_span_iou(one->span, other->span) >= 0.5)
                memory->thing[k] = (struct vg_thing){0};
        }
}

static bool is_known(const struct vg_things *memory, struct vg_span span)
{
    for (uint32_t i = 0; i < VG_THINGS_MAX; i++) {
        const struct vg_thing *thing = &memory->thing[i];
        if (thing->number && vg_span_common(thing->span, span) > 0)
            return true;
    }
    return false;
}

static void find_new(const struct vg_watch *watch)
{
    struct vg_things *memory = memory_of(watch);
    uint32_t at = 0;
    for (uint32_t i = 0; i < memory->blobs.count; i++) {
        const struct vg_blob *blob = &memory->blobs.blob[i];
        if (vg_span_width(blob->span) < SIDE_LEAST || vg_span_height(blob->span) < SIDE_LEAST ||
            is_known(memory, blob->span))
            continue;
        while (at < VG_THINGS_MAX && memory->thing[at].number)
            at++;
        if (at == VG_THINGS_MAX)
            return; /* a view so full of new things says nothing of any */
        begin(watch, &memory->thing[at], blob);
    }
}

/* ---- whether it stays as it is --------------------------------------------------------------- */

static int32_t sample_at(const struct vg_watch *watch, struct vg_span span, uint32_t i)
{
    const int32_t side = VG_THING_SAMPLES_SIDE;
    const int32_t x = span.left + vg_span_width(span) * (2 * ((int32_t)i % side) + 1) / (2 * side);
    const int32_t y = span.top + vg_span_height(span) * (2 * ((int32_t)i / side) + 1) / (2 * side);
    return y * (int32_t)watch->input->maps->size.width + x;
}

static void take_samples(const struct vg_watch *watch, struct vg_thing *thing)
{
    const struct vg_maps *maps = watch->input->maps;
    for (uint32_t i = 0; i < VG_THING_SAMPLES; i++) {
        const int32_t at = sample_at(watch, thing->span, i);
        thing->sample[i] =
            (struct vg_thing_sample){maps->luma[at], maps->blue[at], maps->red[at],
                                     maps->long_luma[at], maps->ground[at] == VG_GROUND_NEW};
    }
    thing->looked = true;
    thing->alike_us = now_of(watch);
}

static int32_t off(int32_t a, int32_t b)
{
    return a < b ? b - a : a - b;
}

/* The samples that stand still are as they were, in the light of now. */
static void compare_samples(const struct vg_watch *watch, struct vg_thing *thing)
{
    const struct vg_maps *maps = watch->input->maps;
    uint32_t seen = 0, changed = 0;
    for (uint32_t i = 0; i < VG_THING_SAMPLES; i++) {
        const struct vg_thing_sample *s = &thing->sample[i];
        const int32_t at = sample_at(watch, thing->span, i);
        if (!s->taken || maps->ground[at] != VG_GROUND_NEW)
            continue;
        int32_t luma = s->luma;
        if (s->long_luma >= 16)
            luma = luma * maps->long_luma[at] / s->long_luma;
        luma = luma > 255 ? 255 : luma;
        seen++;
        changed +=
            off(maps->luma[at], luma) + off(maps->blue[at], s->blue) + off(maps->red[at], s->red) >
            SAMPLE_AWAY;
    }
    if (seen < 4)
        return;
    if (changed * 4 <= seen)
        thing->alike_us = now_of(watch);
    else if (now_of(watch) - thing->alike_us > VG_US_PER_S)
        thing->changed_us = now_of(watch);
    if (now_of(watch) - thing->alike_us > ANEW_US)
        take_samples(watch, thing);
}

static bool box_over(const struct vg_watch *watch, struct vg_box box)
{
    const struct vg_watch_input *in = watch->input;
    for (uint32_t i = 0; i < watch->subject_count; i++) {
        const struct vg_box both = vg_box_clip(watch->subjects[i].track->box, box);
        if (both.width > 0 && both.height > 0)
            return true;
    }
    for (uint32_t i = 0; i < in->detection_count; i++) {
        const struct vg_box both = vg_box_clip(in->detections[i].box, box);
        if (is_living(in->detections[i].class_id) && in->detections[i].score >= PERSON_SCORE &&
            both.width > 0 && both.height > 0)
            return true;
    }
    return false;
}

/* A person who sits or lies sways; what passes before a thing has a box of its own, or hides most of
 * it. */
static void note_rest(const struct vg_watch *watch, struct vg_thing *thing, double step_s)
{
    const struct vg_maps *maps = watch->input->maps;
    const struct vg_span span = thing->span;
    uint32_t moving = 0;
    if (thing->seen_us != now_of(watch) || box_over(watch, box_of(watch, span)))
        return;
    for (int32_t y = span.top - 1; y <= span.bottom + 1; y++)
        for (int32_t x = span.left - 1; x <= span.right + 1; x++)
            if (x >= 0 && y >= 0 && x < (int32_t)maps->size.width && y < (int32_t)maps->size.height)
                moving += maps->ground[y * (int32_t)maps->size.width + x] == VG_GROUND_MOVING;
    const double share = (double)moving / (double)thing->area;
    thing->restless += (share - thing->restless) * step_s / (step_s + RESTLESS_S);
}

/* Boxes about the thing itself: the detector takes it for a person, an animal or a vehicle. */
static bool is_taken_for(const struct vg_watch *watch, const struct vg_thing *thing,
                         bool (*kind)(enum vg_class), float least)
{
    const struct vg_box box = box_of(watch, thing->span);
    for (uint32_t i = 0; i < watch->input->detection_count; i++) {
        const struct vg_detection *seen = &watch->input->detections[i];
        if (kind(seen->class_id) && seen->score >= least &&
            (double)vg_box_iou(seen->box, box) >= ALIKE_IOU)
            return true;
    }
    return false;
}

static void note_look(const struct vg_watch *watch, struct vg_thing *thing, double step_s)
{
    const int64_t now_us = now_of(watch);
    if (!thing->looked && now_us - thing->born_us >= SETTLES_US)
        take_samples(watch, thing);
    else if (thing->looked)
        compare_samples(watch, thing);
    note_rest(watch, thing, step_s);
    if (!is_taken_for(watch, thing, is_living, PERSON_SCORE))
        return;
    thing->person_us = now_us;
    if (!has_company(watch, thing))
        thing->person_looks++;
}

/* ---- what it is ------------------------------------------------------------------------------ */

/* Of a person who would stand there; by those who were near if nothing else is known. */
static double person_height(const struct vg_watch *watch, const struct vg_thing *thing)
{
    const struct vg_things *memory = memory_of(watch);
    const struct vg_point base = vg_box_foot(box_of(watch, thing->span));
    double height = height_at(&memory->heights, (double)base.y);
    for (uint32_t i = 0; height <= 0 && i < VG_THING_NEAR_MAX; i++)
        for (uint32_t k = 0; thing->near[i].track && k < VG_THING_PERSONS_MAX; k++)
            if (memory->person[k].track == thing->near[i].track)
                height = (double)memory->person[k].box.height;
    return height;
}

/* Whether one who brought it was seen farther away since, or at the edge of the picture. */
static bool was_seen_to_go(const struct vg_watch *watch, const struct vg_thing *thing)
{
    const struct vg_things *memory = memory_of(watch);
    const float width = (float)watch->input->width, height = (float)watch->input->height;
    for (uint32_t i = 0; i < VG_THING_NEAR_MAX; i++)
        for (uint32_t k = 0; thing->near[i].carrier && k < VG_THING_PERSONS_MAX; k++) {
            const struct vg_box box = memory->person[k].box;
            if (memory->person[k].track != thing->near[i].track)
                continue;
            if (heights_away(watch, thing, vg_box_foot(box), (double)box.height) > LEFT_HEIGHTS ||
                box.left <= 1 || box.top <= 1 || box.left + box.width >= width - 1 ||
                box.top + box.height >= height - 1)
                return true;
        }
    return false;
}

static enum vg_why_not judge_size(const struct vg_watch *watch, const struct vg_thing *thing,
                                  double *value)
{
    const struct vg_box box = box_of(watch, thing->span);
    const uint32_t side =
        watch->input->width > watch->input->height ? watch->input->width : watch->input->height;
    const double size = (double)(box.width > box.height ? box.width : box.height);
    const double least = (double)(box.width > box.height ? box.height : box.width);
    const double known = person_height(watch, thing);
    const double height = known > 0 ? known : PERSON_UNSEEN * (double)side;
    *value = size / height;
    if (size < SIZE_LEAST * height || least < THIN_MOST * height || thing->area < AREA_THING ||
        vg_span_width(thing->span) < SIDE_LEAST || vg_span_height(thing->span) < SIDE_LEAST)
        return VG_WHY_SMALL;
    if (size > SIZE_MOST * height)
        return VG_WHY_LARGE;
    if (size > SIZE_UNSEEN * height && !was_seen_to_go(watch, thing))
        return was_brought(thing) ? VG_WHY_PERSON : VG_WHY_LARGE;
    return VG_WHY_HOLDS;
}

static enum vg_why_not judge_border(const struct vg_thing *thing, double *value)
{
    const struct vg_border *b = &thing->border;
    *value = b->now > 0 ? b->before / b->now : 0;
    if (b->before > b->now * EDGE_BEFORE)
        return VG_WHY_UNCOVERED;
    *value = b->inner > 0 ? b->step / b->inner : 0;
    if (b->now < EDGE_LEAST || b->step < b->inner * EDGE_SHARP || thing->fill < FILL_LEAST)
        return VG_WHY_SHADE;
    return VG_WHY_HOLDS;
}

static enum vg_why_not judge_kind(const struct vg_watch *watch, const struct vg_thing *thing,
                                  double *value)
{
    *value = (double)thing->person_looks;
    if (thing->person_looks >= PERSON_LOOKS || now_of(watch) - thing->person_us < PERSON_US)
        return VG_WHY_PERSON;
    if (is_taken_for(watch, thing, is_vehicle, VEHICLE_SCORE))
        return VG_WHY_CLASS;
    *value = thing->restless;
    if (thing->restless > RESTLESS_MOST || now_of(watch) - thing->changed_us < CHANGED_US)
        return VG_WHY_MOVES;
    return VG_WHY_HOLDS;
}

static enum vg_why_not judge_place(const struct vg_watch *watch, const struct vg_thing *thing)
{
    const struct vg_point base = vg_box_foot(box_of(watch, thing->span));
    const struct vg_point at = {base.x / (float)watch->input->width,
                                base.y / (float)watch->input->height};
    if (vg_scene_masked(watch->scene, watch->rule->event, at))
        return VG_WHY_MASKED;
    return vg_watch_inside(watch, at) ? VG_WHY_HOLDS : VG_WHY_OUTSIDE;
}

static enum vg_why_not judge_carrier(const struct vg_watch *watch, const struct vg_thing *thing,
                                     double *value)
{
    const int64_t alone_us = now_of(watch) - thing->alone_us;
    *value = (double)alone_us / (double)VG_US_PER_S;
    if (alone_us <= 0 && is_attended(watch, thing))
        return VG_WHY_ATTENDED;
    if (was_brought(thing))
        return VG_WHY_HOLDS;
    if (!thing->stirred || thing->border.now < thing->border.before * EDGE_OWN ||
        alone_us < watch->rule->hold_us)
        return VG_WHY_UNBROUGHT; /* the rule's hold comes after that: twice as long in all */
    return VG_WHY_HOLDS;
}

static bool is_view_changed(const struct vg_watch *watch)
{
    const struct vg_things *memory = memory_of(watch);
    uint32_t changes = 0;
    for (uint32_t i = 0; i < VG_THINGS_MAX; i++) {
        const struct vg_thing *thing = &memory->thing[i];
        changes += thing->number && thing->looked && thing->border.pairs &&
                   now_of(watch) - thing->born_us >= STAYS_US &&
                   now_of(watch) - thing->alone_us >= STAYS_US;
    }
    return changes > CHANGES_MOST;
}

static enum vg_why_not judge(const struct vg_watch *watch, const struct vg_thing *thing,
                             double *value)
{
    enum vg_why_not why = judge_place(watch, thing);
    *value = (double)(now_of(watch) - thing->born_us) / (double)VG_US_PER_S;
    if (why == VG_WHY_HOLDS && (!thing->looked || !thing->border.pairs))
        why = VG_WHY_UNCONFIRMED;
    if (why == VG_WHY_HOLDS)
        why = judge_size(watch, thing, value);
    if (why == VG_WHY_HOLDS)
        why = judge_border(thing, value);
    if (why == VG_WHY_HOLDS)
        why = judge_kind(watch, thing, value);
    if (why == VG_WHY_HOLDS)
        why = judge_carrier(watch, thing, value);
    if (why == VG_WHY_HOLDS && is_view_changed(watch))
        why = VG_WHY_VIEW;
    return why;
}

/* How sure its border is its own: 0.5 as much in the background as in the picture, 1 not at all in
 * it. */
static float score_of(const struct vg_thing *thing)
{
    const double sum = thing->border.now + thing->border.before;
    const double share = sum > 0 ? thing->border.now / sum : 0;
    return (float)(share < 0.5 ? 0.5 : share);
}

static void say_and_sight(const struct vg_watch *watch, const struct vg_thing *thing)
{
    const uint32_t subject = VG_SUBJECT_THING + thing->number;
    const float score = score_of(thing);
    double value = 0;
    enum vg_why_not why = judge(watch, thing, &value);
    if (why == VG_WHY_HOLDS && score < watch->rule->min_score) {
        why = VG_WHY_SCORE;
        value = (double)score;
    }
    vg_watch_say(watch, subject, why, value);
    struct vg_sighting *sighting = why == VG_WHY_HOLDS ? vg_watch_sight(watch) : NULL;
    if (!sighting)
        return;
    sighting->subject = subject;
    vg_watch_show_thing(sighting, box_of(watch, thing->span), VG_CLASS_OTHER, score);
}

/* ---- one picture --------------------------------------------------------------------------- */

/* Marks what is new, and counts for how long nothing moved. */
static void read_ground(const struct vg_watch *watch, int64_t ticks)
{
    const struct vg_maps *maps = watch->input->maps;
    struct vg_things *memory = memory_of(watch);
    const uint32_t pixels = maps->size.width * maps->size.height;
    for (uint32_t i = 0; i < pixels; i++) {
        const int64_t calm = memory->calm[i] + ticks;
        memory->blobs.mark[i] = maps->ground[i] == VG_GROUND_NEW;
        memory->calm[i] = (uint8_t)(maps->ground[i] == VG_GROUND_MOVING ? 0
                                    : calm > 255                        ? 255
                                                                        : calm);
    }
}

static void watch_thing(const struct vg_watch *watch, struct vg_thing *thing, double step_s)
{
    if (!follow(watch, thing)) {
        *thing = (struct vg_thing){0};
        return;
    }
    note_near(watch, thing);
    note_look(watch, thing, step_s);
    if (is_attended(watch, thing))
        thing->alone_us = now_of(watch);
    say_and_sight(watch, thing);
}

void vg_abandoned_object_watch(const struct vg_watch *watch)
{
    struct vg_things *memory = memory_of(watch);
    const struct vg_maps *maps = watch->input->maps;
    const int64_t now_us = now_of(watch);
    if (!maps || !(maps->set & VG_MAPS_GROUND)) {
        vg_watch_say(watch, 0, VG_WHY_NO_MAPS, 0);
        return;
    }
    if (maps->size.width != memory->width || maps->size.height != memory->height ||
        now_us < memory->last_us || maps->learnt_us < memory->learnt_us) {
        const uint32_t numbers = memory->numbers;
        memset(memory, 0, sizeof *memory);
        memory->numbers = numbers;
        memory->width = maps->size.width;
        memory->height = maps->size.height;
        memory->last_us = now_us;
    }
    const int64_t ticks = now_us / VG_MAPS_STAYS_US - memory->last_us / VG_MAPS_STAYS_US;
    const double step_s = (double)(now_us - memory->last_us) / (double)VG_US_PER_S;
    memory->last_us = now_us;
    memory->learnt_us = maps->learnt_us;
    note_persons(watch);
    read_ground(watch, ticks);
    if (maps->learnt_us < LEARN_US) {
        vg_watch_say(watch, 0, VG_WHY_LEARNING, (double)maps->learnt_us / (double)VG_US_PER_S);
        return;
    }
    vg_blobs_find(&memory->blobs, &maps->size, AREA_LEAST);
    for (uint32_t i = 0; i < VG_THINGS_MAX; i++)
        if (memory->thing[i].number)
            watch_thing(watch, &memory->thing[i], step_s);
    drop_doubles(memory);
    find_new(watch);
}
