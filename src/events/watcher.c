/* The watcher: knows the tracks from picture to picture, walks the rules, and leaves what an
 * event is to its row of event_table.c.
 *
 * Memory, laid out once at open:
 *   slot[VG_TRACKS_MAX]                         what is known of a track, whatever the rule
 *   passage[line rules][VG_TRACKS_MAX]          one table for each rule at a line
 *   memory[rules]                               as the event's row says
 * A slot belongs to a track id for as long as the tracker hands that track in. */
#include "src/events/watcher.h"

#include <assert.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/events/event_table.h"

#define SCORE_WINDOW_US VG_US_PER_S

#define TREMBLE_HEIGHTS 0.5  /* between two looks at a box that stands still, at most */
#define PERSON_HEIGHTS  4.0  /* a second: 7 m, somebody runs */
#define VEHICLE_HEIGHTS 20.0 /* a second: 30 m at 1.5 m of height, a fast road */

static_assert(VG_SCENE_RULES_MAX * VG_EVENT_MEASURES_MAX <= VG_MEASURES_MAX,
              "every number that a scene's rules measure has a place");

struct slot {
    uint32_t id;                 /* 0: free */
    bool live;                   /* handed in for this picture */
    struct vg_media_time window; /* start of the present second of scores */
    float best_now, best_before; /* best score of this second and of the one before */
};

struct vg_watcher {
    const struct vg_scene *scene;
    bool started;
    struct vg_media_time now;
    struct slot slot[VG_TRACKS_MAX];
    struct vg_subject subject[VG_TRACKS_MAX];
    uint32_t subject_count;                /* of the last step */
    uint32_t masks[VG_TRACKS_MAX];         /* that hide it, bits 1 << event */
    struct vg_passage *passages;           /* all tables, one after the other */
    int passage_table[VG_SCENE_RULES_MAX]; /* which is the rule's; -1: none */
    void *memory[VG_SCENE_RULES_MAX];      /* NULL: the rule has none */
};

static bool at_line(const struct vg_scene *scene, const struct vg_rule *rule)
{
    return rule->part_count == 0 && rule->place >= 0 &&
           scene->place[rule->place].kind == VG_PLACE_LINE;
}

uint32_t vg_watcher_maps(const struct vg_scene *scene)
{
    uint32_t set = 0;
    const bool sized = scene && (scene->terrain.measured || scene->terrain.sized);
    for (uint32_t i = 0; scene && i < scene->rule_count; i++) {
        const struct vg_event_row *row = vg_event_row(scene->rule[i].event);
        if (row && scene->rule[i].active)
            set |= row->maps | (sized ? row->maps_sized : 0);
    }
    return set;
}

bool vg_watcher_wishes(const struct vg_scene *scene)
{
    for (uint32_t i = 0; scene && i < scene->rule_count; i++) {
        const struct vg_event_row *row = vg_event_row(scene->rule[i].event);
        if (row && scene->rule[i].active && row->wishes)
            return true;
    }
    return false;
}

static size_t memory_of(const struct vg_scene *scene, uint32_t rule)
{
    const struct vg_event_row *row = vg_event_row(scene->rule[rule].event);
    return row ? row->memory : 0;
}

static enum vg_status open_memories(struct vg_watcher *w)
{
    for (uint32_t i = 0; i < w->scene->rule_count; i++) {
        const size_t size = memory_of(w->scene, i);
        if (size && !(w->memory[i] = vg_alloc(size)))
            return VG_E_MEMORY;
    }
    return VG_OK;
}

enum vg_status vg_watcher_open(struct vg_watcher **watcher, const struct vg_scene *scene)
{
    *watcher = NULL;
    struct vg_watcher *w = vg_alloc(sizeof *w);
    if (!w)
        return VG_E_MEMORY;
    w->scene = scene;
    size_t tables = 0;
    for (uint32_t i = 0; i < scene->rule_count; i++)
        w->passage_table[i] = at_line(scene, &scene->rule[i]) ? (int)tables++ : -1;
    if (tables) {
        w->passages = vg_alloc_array(tables * VG_TRACKS_MAX, sizeof *w->passages);
        if (!w->passages) {
            vg_watcher_close(&w);
            return VG_E_MEMORY;
        }
    }
    if (open_memories(w)) {
        vg_watcher_close(&w);
        return VG_E_MEMORY;
    }
    *watcher = w;
    return VG_OK;
}

void vg_watcher_close(struct vg_watcher **watcher)
{
    if (!*watcher)
        return;
    for (uint32_t i = 0; i < VG_SCENE_RULES_MAX; i++)
        vg_free((*watcher)->memory[i]);
    vg_free((*watcher)->passages);
    vg_free(*watcher);
    *watcher = NULL;
}

static struct vg_passage *passages_of(struct vg_watcher *w, uint32_t rule)
{
    const int table = w->passage_table[rule];
    return table < 0 ? NULL : w->passages + (size_t)table * VG_TRACKS_MAX;
}

static void free_slot(struct vg_watcher *w, uint32_t slot)
{
    w->slot[slot] = (struct slot){0};
    for (uint32_t r = 0; r < w->scene->rule_count; r++) {
        struct vg_passage *passages = passages_of(w, r);
        if (passages)
            passages[slot] = (struct vg_passage){0};
        const struct vg_event_row *row = vg_event_row(w->scene->rule[r].event);
        if (row && row->forget)
            row->forget(w->memory[r], slot);
    }
}

void vg_watcher_reset(struct vg_watcher *watcher)
{
    for (uint32_t i = 0; i < VG_TRACKS_MAX; i++)
        if (watcher->slot[i].id)
            free_slot(watcher, i);
    for (uint32_t i = 0; i < watcher->scene->rule_count; i++)
        if (watcher->memory[i])
            memset(watcher->memory[i], 0, memory_of(watcher->scene, i));
}

/* ---- tracks ------------------------------------------------------------------------------- */

/* The slot of the id, or -1. */
static int find_slot(const struct vg_watcher *w, uint32_t id)
{
    for (int i = 0; i < VG_TRACKS_MAX; i++)
        if (w->slot[i].id == id)
            return i;
    return -1;
}

static void note_score(struct slot *slot, const struct vg_track *track, struct vg_media_time now)
{
    const int64_t age_us = now.us - slot->window.us;
    if (age_us >= SCORE_WINDOW_US) {
        slot->best_before = age_us < 2 * SCORE_WINDOW_US ? slot->best_now : 0;
        slot->best_now = 0;
        slot->window = now;
    }
    if (track->detected && track->score > slot->best_now)
        slot->best_now = track->score;
}

/* Gives each track of the picture its slot, old ones first so that new ones find room. */
static uint32_t take_subjects(struct vg_watcher *w, const struct vg_watch_input *in)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < VG_TRACKS_MAX; i++)
        w->slot[i].live = false;
    for (uint32_t i = 0; i < in->track_count; i++) {
        const int slot = find_slot(w, in->tracks[i]->id);
        if (slot >= 0)
            w->slot[slot].live = true;
    }
    for (uint32_t i = 0; i < VG_TRACKS_MAX; i++)
        if (w->slot[i].id && !w->slot[i].live)
            free_slot(w, i);
    for (uint32_t i = 0; i < in->track_count && count < VG_TRACKS_MAX; i++) {
        const struct vg_track *track = in->tracks[i];
        int slot = find_slot(w, track->id);
        if (slot < 0)
            slot = find_slot(w, 0);
        if (slot < 0)
            break;
        struct slot *own = &w->slot[slot];
        if (own->id != track->id)
            *own = (struct slot){.id = track->id, .live = true, .window = in->time};
        note_score(own, track, in->time);
        const struct vg_point foot = vg_box_foot(track->box);
        struct vg_subject *subject = &w->subject[count++];
        *subject = (struct vg_subject){
            .track = track,
            .slot = (uint32_t)slot,
            .foot = {foot.x / (float)in->width, foot.y / (float)in->height},
            .score = own->best_now > own->best_before ? own->best_now : own->best_before,
        };
        w->masks[count - 1] = vg_scene_masks_at(w->scene, subject->foot);
    }
    return count;
}

/* ---- what events ask of a rule ------------------------------------------------------------ */

enum vg_why_not vg_watch_admits(const struct vg_watch *watch, const struct vg_subject *subject)
{
    const struct vg_track *track = subject->track;
    if (track->class_id < 0 || !(watch->rule->classes & 1u << track->class_id))
        return VG_WHY_CLASS;
    if (subject->score < watch->rule->min_score)
        return VG_WHY_SCORE;
    if (track->state == VG_TRACK_TENTATIVE)
        return VG_WHY_UNCONFIRMED;
    return subject->masked ? VG_WHY_MASKED : VG_WHY_HOLDS;
}

bool vg_watch_jumped(const struct vg_subject *subject, struct vg_point from, int64_t after_us)
{
    const struct vg_track *track = subject->track;
    const struct vg_point foot = vg_box_foot(track->box);
    const double x = (double)foot.x - (double)from.x, y = (double)foot.y - (double)from.y;
    const double after_s = (double)after_us / (double)VG_US_PER_S;
    const double speed = track->class_id == VG_CLASS_PERSON ? PERSON_HEIGHTS : VEHICLE_HEIGHTS;
    const double most = (TREMBLE_HEIGHTS + speed * after_s) * (double)track->box.height;
    return x * x + y * y > most * most;
}

const struct vg_place *vg_watch_place(const struct vg_watch *watch)
{
    return watch->rule->place < 0 ? NULL : &watch->scene->place[watch->rule->place];
}

bool vg_watch_inside(const struct vg_watch *watch, struct vg_point foot)
{
    const struct vg_place *place = vg_watch_place(watch);
    return !place || vg_polygon_contains(place->corner, place->corner_count, foot);
}

void vg_watch_say(const struct vg_watch *watch, uint32_t track, enum vg_why_not why, double value)
{
    const struct vg_explainer *explainer = watch->input->explainer;
    if (explainer)
        explainer->say(explainer->user, watch->rule_index, track, why, value);
}

struct vg_sighting *vg_watch_sight(const struct vg_watch *watch)
{
    struct vg_watch_output *out = watch->output;
    if (out->sighting_count == VG_SIGHTINGS_MAX) {
        out->dropped++;
        return NULL;
    }
    struct vg_sighting *sighting = &out->sighting[out->sighting_count++];
    memset(sighting, 0, sizeof *sighting);
    sighting->rule = watch->rule_index;
    sighting->time = watch->input->time;
    return sighting;
}

void vg_watch_show(struct vg_sighting *sighting, const struct vg_subject *subject)
{
    if (sighting->box_count == VG_SIGHTING_BOXES_MAX)
        return;
    const struct vg_track *track = subject->track;
    sighting->box[sighting->box_count++] = (struct vg_sighting_box){
        track->id, track->class_id, track->score, track->detected ? track->seen : track->box};
    if (subject->score > sighting->score)
        sighting->score = subject->score;
}

void vg_watch_show_thing(struct vg_sighting *sighting, struct vg_box box, enum vg_class class_id,
                         float score)
{
    if (sighting->box_count == VG_SIGHTING_BOXES_MAX)
        return;
    sighting->box[sighting->box_count++] =
        (struct vg_sighting_box){.class_id = class_id, .score = score, .box = box};
    if (score > sighting->score)
        sighting->score = score;
}

void vg_watch_wish(const struct vg_watch *watch, uint32_t subject, struct vg_box region,
                   enum vg_turn turn, float worth)
{
    struct vg_watch_output *out = watch->output;
    uint32_t at = out->wish_count;
    while (at > 0 && out->wish[at - 1].worth < worth)
        at--;
    if (at == VG_LOOK_WISHES_MAX)
        return;
    if (out->wish_count < VG_LOOK_WISHES_MAX)
        out->wish_count++;
    for (uint32_t i = out->wish_count - 1; i > at; i--)
        out->wish[i] = out->wish[i - 1];
    out->wish[at] = (struct vg_look_wish){watch->rule_index, subject, region, turn, worth};
}

uint32_t vg_watch_number(uint32_t *numbers)
{
    *numbers = *numbers % (VG_SUBJECT_THING - 1) + 1;
    return *numbers;
}

/* ---- one picture -------------------------------------------------------------------------- */

/* A mask may hide from some events and not from others. */
static void mask_subjects(struct vg_watcher *w, enum vg_event event, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        w->subject[i].masked = (w->masks[i] & 1u << event) != 0;
}

/* A place is measured once, by the first rule that does. */
static void measure_one(const struct vg_watch *watch, const char *name, double value)
{
    struct vg_watch_output *out = watch->output;
    if (!(value >= 0))
        return;
    for (uint32_t i = 0; i < out->measure_count; i++)
        if (out->measure[i].place == watch->rule->place && out->measure[i].name == name)
            return;
    assert(out->measure_count < VG_MEASURES_MAX);
    out->measure[out->measure_count++] =
        (struct vg_measure){watch->rule->place, name, value, watch->rule->event};
}

static void measure(const struct vg_watch *watch, const struct vg_event_row *row)
{
    for (size_t i = 0; i < VG_EVENT_MEASURES_MAX && row->measure[i].name; i++)
        measure_one(watch, row->measure[i].name, row->measure[i].value(watch));
}

void vg_watcher_step(struct vg_watcher *watcher, const struct vg_watch_input *input,
                     struct vg_watch_output *output)
{
    output->sighting_count = output->dropped = output->measure_count = output->wish_count = 0;
    if (watcher->started && input->time.us < watcher->now.us)
        vg_watcher_reset(watcher);
    watcher->started = true;
    watcher->now = input->time;
    watcher->subject_count = take_subjects(watcher, input);
    struct vg_watch watch = {.scene = watcher->scene,
                             .input = input,
                             .subjects = watcher->subject,
                             .subject_count = watcher->subject_count,
                             .output = output};
    for (uint32_t i = 0; i < watcher->scene->rule_count; i++) {
        watch.rule = &watcher->scene->rule[i];
        watch.rule_index = i;
        watch.passages = passages_of(watcher, i);
        watch.memory = watcher->memory[i];
        const struct vg_event_row *row = vg_event_row(watch.rule->event);
        if (!row)
            continue;
        mask_subjects(watcher, watch.rule->event, watch.subject_count);
        measure(&watch, row);
        if (watch.rule->active)
            row->watch(&watch);
        else
            vg_watch_say(&watch, 0, VG_WHY_INACTIVE, 0);
    }
}

bool vg_watcher_hidden(const struct vg_watcher *watcher, const struct vg_watch_input *input,
                       struct vg_crowd_sheet *sheet)
{
    struct vg_watch watch = {.scene = watcher->scene,
                             .input = input,
                             .subjects = watcher->subject,
                             .subject_count = watcher->subject_count};
    bool any = false;
    for (uint32_t i = 0; i < watcher->scene->rule_count; i++) {
        watch.rule = &watcher->scene->rule[i];
        watch.rule_index = i;
        watch.memory = watcher->memory[i];
        const struct vg_event_row *row = vg_event_row(watch.rule->event);
        if (!row || !row->hidden || !row->hidden(&watch, sheet->columns, sheet->rows, sheet->room))
            continue;
        for (uint32_t c = 0; c < sheet->columns * sheet->rows; c++)
            if (!any || sheet->room[c] > sheet->persons[c])
                sheet->persons[c] = sheet->room[c];
        any = true;
    }
    return any;
}
