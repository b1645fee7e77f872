/* EVT8: a person fell and stays down.
 *
 * Detectors find nearly nobody who lies, so a fall is looked for first, where somebody stood: the box
 * of an upright person collapses, or the person is lost in the middle of the picture. Each makes a
 * body, which says nothing yet. What then speaks for its lying there is added up over time
 * (src/events/down_evidence.c), and the place is looked at again turned by 90 degrees either way,
 * where one who lies is upright for the detector. Who is found upright there did not fall. */
#include "src/events/person_down.h"

#include <math.h>
#include <stdlib.h>

#include "src/events/down_evidence.h"
#include "src/events/sway.h"

#define WINDOW_US (3 * VG_US_PER_S / 2) /* a fall takes 0.4 to 1.2 s: how tall before it */
#define LOST_US   VG_US_PER_S           /* lost longer ago: not of this moment */
#define OPEN_US   (3 * VG_US_PER_S)     /* nothing spoke for it so long: over */
#define STEP_MOST 0.5                   /* seconds: of a longer step no more is known */
#define COLLAPSE  0.6f                  /* of the upright height; who sits down keeps more */
#define SINKS     0.25f /* of it, the top at least: what hides the legs sinks none */
#define LIES_S    0.4   /* evidence for so long: lies */
#define SURE_MOST 1.5   /* as long does it take to be doubted */
#define EDGE      0.01f /* of the picture's width: walks out */
#define PX_LEAST  24.0f /* high: of less even a look shows nothing */
#define SWAYS     2     /* map pixels: the ground's map bears one */

static struct vg_down_memory *memory_of(const struct vg_watch *watch)
{
    return watch->memory;
}

/* ---- those who stand ----------------------------------------------------------------------- */

static void note_stand(struct vg_down_stand *stand, const struct vg_track *track,
                       struct vg_media_time now)
{
    if (!stand->known) {
        stand->first = vg_box_foot(track->seen);
        stand->known = true;
    }
    const int64_t age_us = now.us - stand->window.us;
    if (age_us >= WINDOW_US) {
        stand->before = age_us < 2 * WINDOW_US ? stand->now : (struct vg_box){0};
        stand->now = (struct vg_box){0};
        stand->window = now;
    }
    const bool upright = track->seen.height > track->seen.width;
    if (track->detected && upright && track->seen.height > stand->now.height)
        stand->now = track->seen;
}

static struct vg_box tallest(const struct vg_down_stand *stand)
{
    return stand->now.height > stand->before.height ? stand->now : stand->before;
}

static bool collapsed(const struct vg_track *track, struct vg_box stood)
{
    return track->detected && track->seen.height <= COLLAPSE * stood.height &&
           track->seen.top - stood.top >= SINKS * stood.height;
}

/* Not one who walked out of the picture, or behind somebody else. */
static bool vanished(const struct vg_watch *watch, const struct vg_track *track)
{
    const float width = (float)watch->input->width;
    const struct vg_box box = track->seen;
    if (track->detected || watch->input->time.us - track->last_seen.us > LOST_US ||
        box.left <= EDGE * width || box.left + box.width >= (1 - EDGE) * width)
        return false;
    for (uint32_t i = 0; i < watch->subject_count; i++) {
        const struct vg_track *other = watch->subjects[i].track;
        if (other->id != track->id && other->detected && vg_box_iou(other->seen, box) > 0.3f &&
            other->seen.height >= COLLAPSE * box.height && other->born.us < track->last_seen.us)
            return false;
    }
    return true;
}

/* ---- bodies -------------------------------------------------------------------------------- */

static struct vg_down_body *body_of(struct vg_down_memory *memory, uint32_t track)
{
    for (uint32_t i = 0; i < VG_DOWN_BODIES_MAX; i++)
        if (memory->body[i].number && memory->body[i].track == track)
            return &memory->body[i];
    return NULL;
}

static void open_body(const struct vg_watch *watch, const struct vg_track *track,
                      struct vg_box stood)
{
    struct vg_down_memory *memory = memory_of(watch);
    for (uint32_t i = 0; i < VG_DOWN_BODIES_MAX; i++) {
        struct vg_down_body *body = &memory->body[i];
        if (body->number)
            continue;
        *body = (struct vg_down_body){.number = vg_watch_number(&memory->numbers),
                                      .track = track->id,
                                      .stood = stood,
                                      .box = track->seen,
                                      .since = watch->input->time,
                                      .found = watch->input->time,
                                      .looked = {watch->input->time.us - VG_US_PER_S}};
        return;
    }
}

static void take_subject(const struct vg_watch *watch, const struct vg_subject *subject)
{
    struct vg_down_memory *memory = memory_of(watch);
    const struct vg_track *track = subject->track;
    struct vg_down_stand *stand = &memory->stand[subject->slot];
    if (track->class_id != VG_CLASS_PERSON)
        return;
    note_stand(stand, track, watch->input->time);
    const struct vg_box stood = tallest(stand);
    const enum vg_why_not why = vg_watch_admits(watch, subject);
    if ((why != VG_WHY_HOLDS && why != VG_WHY_MASKED) || stood.height < PX_LEAST ||
        body_of(memory, track->id))
        return;
    if (collapsed(track, stood) || vanished(watch, track))
        open_body(watch, track, stood);
}

static enum vg_why_not where(const struct vg_watch *watch, struct vg_box box)
{
    const float w = (float)watch->input->width, h = (float)watch->input->height;
    const struct vg_point foot = vg_box_foot(box);
    const struct vg_point at = {foot.x / w, foot.y / h};
    const struct vg_point middle = {at.x, (foot.y - box.height / 2) / h};
    if (vg_scene_masked(watch->scene, watch->rule->event, middle) ||
        vg_scene_masked(watch->scene, watch->rule->event, at))
        return VG_WHY_MASKED;
    return vg_watch_inside(watch, at) ? VG_WHY_HOLDS : VG_WHY_OUTSIDE;
}

static void wish(const struct vg_watch *watch, const struct vg_down_body *body, double step_s)
{
    const int64_t every_us = vg_down_look_us(watch, body);
    const int64_t since_us = watch->input->time.us - body->looked.us;
    if (since_us + (int64_t)(step_s * (double)VG_US_PER_S) < every_us)
        return; /* the next picture comes too soon */
    const struct vg_box region = vg_down_region(watch, body);
    const float worth = every_us < VG_US_PER_S / 2 ? 0.8f : 0.3f;
    const uint32_t subject = VG_SUBJECT_THING | body->number;
    if (region.width <= 0 || region.height <= 0)
        return;
    vg_watch_wish(watch, subject, region, VG_TURN_90, worth);
    vg_watch_wish(watch, subject, region, VG_TURN_270, worth);
    vg_watch_wish(watch, subject, region, VG_TURN_NONE, worth - 0.1f);
}

static void weigh(const struct vg_watch *watch, struct vg_down_body *body, double step_s)
{
    vg_down_looked(watch, body);
    const struct vg_down_evidence e = vg_down_evidence(watch, body);
    body->sure_s = fmin(fmax(body->sure_s + e.points * step_s, 0), SURE_MOST);
    if (e.score > 0) {
        body->box = e.box;
        body->score = e.score;
        body->placed = true;
        body->found = watch->input->time;
    }
    if (body->sure_s >= LIES_S)
        body->lies = true;
    else if (body->sure_s <= 0)
        body->lies = false;
    const enum vg_why_not at = body->lies ? where(watch, body->box) : e.why;
    vg_watch_say(watch, VG_SUBJECT_THING | body->number, at, body->sure_s);
    struct vg_sighting *sighting = body->lies && at == VG_WHY_HOLDS ? vg_watch_sight(watch) : NULL;
    if (sighting) {
        sighting->subject = VG_SUBJECT_THING | body->number;
        vg_watch_show_thing(sighting, body->box, VG_CLASS_PERSON, body->score);
    }
    if (!body->lies && watch->input->time.us - body->found.us > OPEN_US)
        *body = (struct vg_down_body){0};
    else
        wish(watch, body, step_s);
}

static void note_sway(const struct vg_watch *watch)
{
    struct vg_down_memory *memory = memory_of(watch);
    const struct vg_maps *maps = watch->input->maps;
    if (!maps || !(maps->set & VG_MAPS_GROUND))
        return;
    const struct vg_sway sway = vg_sway_of(maps);
    if (abs(sway.x) < SWAYS && abs(sway.y) < SWAYS)
        return;
    memory->swayed = true;
    memory->sway = watch->input->time;
}

void vg_person_down_watch(const struct vg_watch *watch)
{
    struct vg_down_memory *memory = memory_of(watch);
    const int64_t now_us = watch->input->time.us;
    const double step_s =
        memory->started ? fmin((double)(now_us - memory->time.us) / (double)VG_US_PER_S, STEP_MOST)
                        : 0;
    memory->started = true;
    memory->time = watch->input->time;
    note_sway(watch);
    for (uint32_t i = 0; i < watch->subject_count; i++)
        take_subject(watch, &watch->subjects[i]);
    for (uint32_t i = 0; i < VG_DOWN_BODIES_MAX; i++)
        if (memory->body[i].number)
            weigh(watch, &memory->body[i], step_s);
}

void vg_person_down_forget(void *memory, uint32_t slot)
{
    struct vg_down_memory *down = memory;
    down->stand[slot] = (struct vg_down_stand){0};
}
