/* One step: every track is moved to now by its filter; then stages pair tracks with detections,
 * each taking what the ones before left; what is left of the sure detections is born. What all
 * tracks have stepped aside together is the camera's and is taken out first.
 *
 * What was tried on PETS09-S2L1 and brought nothing, so is not here: going on in the same
 * direction as a bonus (OC-SORT), replaying a gap when a track is found again (the same),
 * slowing an unseen track down (worse), matching with the last place instead of the predicted. */
#include "src/track/tracker.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

#include "src/base/alloc.h"
#include "src/base/assignment.h"
#include "src/track/motion.h"
#include "src/track/shake.h"

#define BOX_MOST 1e6f /* pixels: no picture is so wide, and what is computed of it stays finite */

/* A track with what the association needs of it besides. */
struct body {
    struct vg_track shown;
    struct vg_motion motion;
    uint32_t votes[VG_CLASS_COUNT];
    struct vg_media_time sure; /* last detection of score_high or more */
    uint32_t misses;           /* pictures in a row without detection */
    bool taken;                /* in this picture */
};

/* A detection of this picture. */
struct candidate {
    const struct vg_detection *seen;
    bool taken;
};

struct vg_tracker {
    struct vg_tracker_settings settings;
    struct vg_motion_noise noise;
    struct vg_assignment *assignment;
    uint32_t next_id, count, candidate_count;
    bool started;
    struct vg_media_time now;
    uint64_t dropped;
    struct body *body[VG_TRACKS_MAX]; /* live ones first, by rising id; the rest are free */
    const struct vg_track *shown[VG_TRACKS_MAX];
    struct candidate candidate[VG_TRACKER_DETECTIONS_MAX];
    /* one stage: who takes part, what each pair gains */
    uint32_t row_count, column_count;
    uint32_t row[VG_TRACKS_MAX], column[VG_TRACKER_DETECTIONS_MAX];
    uint32_t column_of_row[VG_TRACKS_MAX];
    double gain[VG_TRACKS_MAX * VG_TRACKER_DETECTIONS_MAX];
    struct body storage[VG_TRACKS_MAX];
};

struct vg_tracker_settings vg_tracker_defaults(void)
{
    return (struct vg_tracker_settings){
        .score_high = 0.45f,
        .score_low = 0.1f,
        .score_new = 0.5f,
        .iou_first = 0.2f,
        .iou_second = 0.6f,
        .iou_tentative = 0.3f,
        .hits_to_confirm = 3,
        .misses_tentative = 0,
        .coast_us = VG_US_PER_S / 2,
        .lost_us = 2 * VG_US_PER_S,
        .weak_us = 2 * VG_US_PER_S,
        .double_share = 0.7f,
        .reach = 0.3f,
        .reach_speed = 1.2f,
        .reach_size = 1.6f,
        .noise_seen = 0.1f,
        .noise_push = 0.5f,
        .noise_push_size = 0.25f,
        .noise_speed_born = 1.5f,
        .score_weight = 0.3f,
    };
}

/* Kinds between which a detector wavers: a track of one takes detections of its other names. */
static uint8_t kind_of(enum vg_class class_id)
{
    static const uint8_t kind[VG_CLASS_COUNT] = {
        [VG_CLASS_PERSON] = 1,    [VG_CLASS_BICYCLE] = 2,  [VG_CLASS_MOTORCYCLE] = 2,
        [VG_CLASS_CAR] = 3,       [VG_CLASS_BUS] = 3,      [VG_CLASS_TRUCK] = 3,
        [VG_CLASS_TRAIN] = 3,     [VG_CLASS_BOAT] = 4,     [VG_CLASS_BACKPACK] = 5,
        [VG_CLASS_HANDBAG] = 5,   [VG_CLASS_SUITCASE] = 5, [VG_CLASS_ANIMAL] = 6,
        [VG_CLASS_FURNITURE] = 7, [VG_CLASS_KNIFE] = 8,    [VG_CLASS_WEAPON] = 8,
        [VG_CLASS_FIRE] = 9,      [VG_CLASS_SMOKE] = 10,   [VG_CLASS_OTHER] = 11,
    };
    assert((unsigned)class_id < VG_CLASS_COUNT);
    return kind[class_id];
}

enum vg_status vg_tracker_open(struct vg_tracker **tracker,
                               const struct vg_tracker_settings *settings)
{
    struct vg_tracker *t = vg_alloc(sizeof *t);
    *tracker = NULL;
    if (!t)
        return VG_E_MEMORY;
    t->settings = *settings;
    t->noise = (struct vg_motion_noise){
        .seen = (double)settings->noise_seen,
        .push = (double)settings->noise_push,
        .push_size = (double)settings->noise_push_size,
        .speed_born = (double)settings->noise_speed_born,
    };
    t->next_id = 1;
    for (uint32_t i = 0; i < VG_TRACKS_MAX; i++)
        t->body[i] = &t->storage[i];
    const enum vg_status status =
        vg_assignment_open(&t->assignment, VG_TRACKS_MAX, VG_TRACKER_DETECTIONS_MAX);
    if (status != VG_OK) {
        vg_tracker_close(&t);
        return status;
    }
    *tracker = t;
    return VG_OK;
}

void vg_tracker_close(struct vg_tracker **tracker)
{
    if (!*tracker)
        return;
    vg_assignment_close(&(*tracker)->assignment);
    vg_free(*tracker);
    *tracker = NULL;
}

void vg_tracker_reset(struct vg_tracker *t)
{
    t->count = 0;
    t->started = false;
}

uint64_t vg_tracker_dropped(const struct vg_tracker *t)
{
    return t->dropped;
}

/* ---- detections of one picture ---- */

static int compare(float a, float b)
{
    return a < b ? -1 : a > b;
}

/* The best first; the rest of the order only makes it one order whatever the caller's was. */
static int best_first(const struct vg_detection *a, const struct vg_detection *b)
{
    int c = compare(b->score, a->score);
    c = c ? c : (int)a->class_id - (int)b->class_id;
    c = c ? c : compare(a->box.left, b->box.left);
    c = c ? c : compare(a->box.top, b->box.top);
    c = c ? c : compare(a->box.width, b->box.width);
    return c ? c : compare(a->box.height, b->box.height);
}

static bool usable(const struct vg_tracker *t, const struct vg_detection *d)
{
    const struct vg_box box = d->box; /* what is not a number is neither above nor below */
    return d->score >= t->settings.score_low && isfinite(d->score) && box.width > 0 &&
           box.height > 0 && box.width < BOX_MOST && box.height < BOX_MOST &&
           fabsf(box.left) < BOX_MOST && fabsf(box.top) < BOX_MOST && d->class_id >= 0 &&
           d->class_id < VG_CLASS_COUNT;
}

/* By insertion, because what comes is mostly sorted already and nothing may be allocated. */
static void collect(struct vg_tracker *t, const struct vg_detection *detections, uint32_t count)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct vg_detection *d = &detections[i];
        if (!usable(t, d))
            continue;
        if (n == VG_TRACKER_DETECTIONS_MAX) {
            t->dropped++;
            if (best_first(d, t->candidate[n - 1].seen) >= 0)
                continue;
            n--;
        }
        uint32_t at = n++;
        for (; at > 0 && best_first(d, t->candidate[at - 1].seen) < 0; at--)
            t->candidate[at] = t->candidate[at - 1];
        t->candidate[at] = (struct candidate){.seen = d};
    }
    t->candidate_count = n;
}

/* ---- what a pair gains ---- */

static struct vg_point centre(struct vg_box b)
{
    return (struct vg_point){b.left + b.width / 2, b.top + b.height / 2};
}

static double by_overlap(const struct vg_tracker *t, const struct body *b,
                         const struct vg_detection *d, float least)
{
    const double overlap = (double)vg_box_iou(b->shown.box, d->box);
    const double score = 1 - (double)t->settings.score_weight * (1 - (double)d->score);
    return overlap * score - (double)least;
}

static double seconds(int64_t us)
{
    return (double)us / (double)VG_US_PER_S;
}

/* Where it may have gone while unseen. */
static double by_reach(const struct vg_tracker *t, const struct body *b,
                       const struct vg_detection *d, float least)
{
    const double h = (double)b->shown.seen.height, ratio = (double)d->box.height / h;
    const double most = (double)t->settings.reach_size;
    (void)least;
    if (ratio > most || ratio * most < 1)
        return 0;
    const struct vg_point from = centre(b->shown.box), to = centre(d->box);
    const double dx = (double)(to.x - from.x), dy = (double)(to.y - from.y);
    const double reach =
        h * ((double)t->settings.reach +
             (double)t->settings.reach_speed * seconds(t->now.us - b->shown.last_seen.us));
    const double far = sqrt(dx * dx + dy * dy);
    return far < reach ? 1 - far / reach : 0;
}

/* ---- stages ---- */

static void settle_class(struct body *b, enum vg_class seen)
{
    b->votes[seen]++;
    if (b->votes[seen] > b->votes[b->shown.class_id])
        b->shown.class_id = seen;
}

static void remember(struct body *b)
{
    struct vg_track *s = &b->shown;
    const uint32_t at = (s->history_first + s->history_count) % VG_TRACK_HISTORY_SIZE;
    s->history[at] = (struct vg_track_step){s->last_seen, vg_box_foot(s->box)};
    if (s->history_count < VG_TRACK_HISTORY_SIZE)
        s->history_count++;
    else
        s->history_first = (s->history_first + 1) % VG_TRACK_HISTORY_SIZE;
}

static void show(struct body *b)
{
    b->shown.box = vg_motion_box(&b->motion);
    b->shown.velocity = (struct vg_point){(float)b->motion.axis[VG_MOTION_X].speed,
                                          (float)b->motion.axis[VG_MOTION_Y].speed};
}

static void take(struct vg_tracker *t, struct body *b, struct candidate *c)
{
    struct vg_track *s = &b->shown;
    vg_motion_correct(&b->motion, c->seen->box, &t->noise);
    b->misses = 0;
    b->taken = c->taken = true;
    s->detected = true;
    s->score = c->seen->score;
    s->seen = c->seen->box;
    s->last_seen = t->now;
    if (s->score >= t->settings.score_high)
        b->sure = t->now;
    s->hits++;
    if (s->state == VG_TRACK_LOST || s->hits >= t->settings.hits_to_confirm)
        s->state = VG_TRACK_CONFIRMED;
    settle_class(b, c->seen->class_id);
    show(b);
    remember(b);
}

static bool is_known(const struct vg_tracker *t, const struct body *b)
{
    (void)t;
    return b->shown.state != VG_TRACK_TENTATIVE;
}

static bool is_recent(const struct vg_tracker *t, const struct body *b)
{
    return b->shown.state == VG_TRACK_CONFIRMED && t->now.us - b->sure.us <= t->settings.weak_us;
}

static bool is_tentative(const struct vg_tracker *t, const struct body *b)
{
    (void)t;
    return b->shown.state == VG_TRACK_TENTATIVE;
}

struct stage {
    bool (*row)(const struct vg_tracker *, const struct body *);
    float score_from; /* of the detections that take part */
    double (*gain)(const struct vg_tracker *, const struct body *, const struct vg_detection *,
                   float least);
    float least;
};

static void run_stage(struct vg_tracker *t, const struct stage *stage)
{
    t->row_count = t->column_count = 0;
    for (uint32_t i = 0; i < t->count; i++) {
        if (!t->body[i]->taken && stage->row(t, t->body[i]))
            t->row[t->row_count++] = i;
    }
    for (uint32_t i = 0; i < t->candidate_count; i++) {
        if (!t->candidate[i].taken && t->candidate[i].seen->score >= stage->score_from)
            t->column[t->column_count++] = i;
    }
    double *gain = t->gain;
    for (uint32_t r = 0; r < t->row_count; r++) {
        const struct body *b = t->body[t->row[r]];
        for (uint32_t c = 0; c < t->column_count; c++) {
            const struct vg_detection *d = t->candidate[t->column[c]].seen;
            *gain++ = kind_of(d->class_id) == kind_of(b->shown.class_id)
                          ? stage->gain(t, b, d, stage->least)
                          : 0;
        }
    }
    vg_assignment_solve(t->assignment, t->gain, t->row_count, t->column_count, t->column_of_row);
    for (uint32_t r = 0; r < t->row_count; r++) {
        if (t->column_of_row[r] != VG_ASSIGNMENT_NONE)
            take(t, t->body[t->row[r]], &t->candidate[t->column[t->column_of_row[r]]]);
    }
}

/* ---- birth and end ---- */

static float area(struct vg_box b)
{
    return b.width * b.height;
}

/* A taken detection of the same kind that this one mostly lies on. */
static bool is_double(const struct vg_tracker *t, const struct vg_detection *d)
{
    for (uint32_t i = 0; i < t->candidate_count; i++) {
        const struct vg_detection *o = t->candidate[i].seen;
        if (!t->candidate[i].taken || kind_of(o->class_id) != kind_of(d->class_id))
            continue;
        const float least = area(o->box) < area(d->box) ? area(o->box) : area(d->box);
        if (area(vg_box_clip(d->box, o->box)) > t->settings.double_share * least)
            return true;
    }
    return false;
}

static void give_birth(struct vg_tracker *t, struct candidate *c)
{
    if (t->count == VG_TRACKS_MAX) {
        t->dropped++;
        return;
    }
    struct body *b = t->body[t->count++];
    *b = (struct body){.taken = true};
    c->taken = true;
    b->shown.id = t->next_id;
    t->next_id = t->next_id % VG_TRACK_ID_MAX + 1;
    b->shown.class_id = c->seen->class_id;
    b->shown.detected = true;
    b->shown.score = c->seen->score;
    b->shown.seen = c->seen->box;
    b->shown.born = b->shown.last_seen = b->sure = t->now;
    b->shown.hits = 1;
    b->shown.state = t->settings.hits_to_confirm > 1 ? VG_TRACK_TENTATIVE : VG_TRACK_CONFIRMED;
    settle_class(b, c->seen->class_id);
    vg_motion_init(&b->motion, c->seen->box, &t->noise);
    show(b);
    remember(b);
}

static void give_births(struct vg_tracker *t)
{
    for (uint32_t i = 0; i < t->candidate_count; i++) {
        struct candidate *c = &t->candidate[i];
        if (!c->taken && c->seen->score >= t->settings.score_new && !is_double(t, c->seen))
            give_birth(t, c);
    }
}

static bool is_over(const struct vg_tracker *t, const struct body *b)
{
    return t->now.us - b->shown.last_seen.us > t->settings.lost_us ||
           (b->shown.state == VG_TRACK_TENTATIVE && b->misses > t->settings.misses_tentative);
}

/* Keeps the order of those that go on. */
static void drop_ended(struct vg_tracker *t)
{
    struct body *ended[VG_TRACKS_MAX];
    uint32_t kept = 0, gone = 0;
    for (uint32_t i = 0; i < t->count; i++) {
        if (is_over(t, t->body[i]))
            ended[gone++] = t->body[i];
        else
            t->body[kept++] = t->body[i];
    }
    for (uint32_t i = 0; i < gone; i++)
        t->body[kept + i] = ended[i];
    t->count = kept;
}

static void move_on(struct vg_tracker *t, double dt_s)
{
    for (uint32_t i = 0; i < t->count; i++) {
        struct body *b = t->body[i];
        b->taken = b->shown.detected = false;
        if (b->misses)
            vg_motion_hold_size(&b->motion);
        vg_motion_predict(&b->motion, dt_s, &t->noise);
        show(b);
    }
}

/* Takes out of the tracks what the camera did: those seen in the picture before tell of it. */
static void follow_shake(struct vg_tracker *t)
{
    struct vg_box expected[VG_SHAKE_EXPECTED_MAX], seen[VG_SHAKE_SEEN_MAX];
    uint32_t expected_count = 0, seen_count = 0;
    for (uint32_t i = 0; i < t->count && expected_count < VG_SHAKE_EXPECTED_MAX; i++)
        if (t->body[i]->misses == 0)
            expected[expected_count++] = t->body[i]->shown.box;
    for (uint32_t i = 0; i < t->candidate_count && seen_count < VG_SHAKE_SEEN_MAX; i++)
        if (t->candidate[i].seen->score >= t->settings.score_high)
            seen[seen_count++] = t->candidate[i].seen->box;
    const struct vg_point step = vg_shake_step(expected, expected_count, seen, seen_count);
    for (uint32_t i = 0; i < t->count; i++) {
        t->body[i]->motion.axis[VG_MOTION_X].at += (double)step.x;
        t->body[i]->motion.axis[VG_MOTION_Y].at += (double)step.y;
        show(t->body[i]);
    }
}

static void count_misses(struct vg_tracker *t)
{
    for (uint32_t i = 0; i < t->count; i++) {
        struct body *b = t->body[i];
        if (b->taken)
            continue;
        b->misses++;
        if (b->shown.state == VG_TRACK_CONFIRMED &&
            t->now.us - b->shown.last_seen.us > t->settings.coast_us)
            b->shown.state = VG_TRACK_LOST;
    }
}

void vg_tracker_step(struct vg_tracker *t, const struct vg_detection *detections,
                     uint32_t detection_count, struct vg_media_time time,
                     const struct vg_track *const **tracks, uint32_t *count)
{
    const struct vg_tracker_settings *s = &t->settings;
    const struct stage stages[] = {
        /* what an earlier one took, later ones do not see */
        {is_known, s->score_high, by_overlap, s->iou_first},
        {is_recent, s->score_low, by_overlap, s->iou_second},
        {is_tentative, s->score_high, by_overlap, s->iou_tentative},
        {is_known, s->score_high, by_reach, 0},
        {is_tentative, s->score_high, by_reach, 0},
    };
    if (t->started && time.us < t->now.us)
        vg_tracker_reset(t);
    const double dt_s = t->started ? seconds(time.us - t->now.us) : 0;
    t->started = true;
    t->now = time;
    drop_ended(t); /* unseen for too long by now: may not come back */
    collect(t, detections, detection_count);
    move_on(t, dt_s);
    follow_shake(t);
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        run_stage(t, &stages[i]);
    count_misses(t);
    drop_ended(t);
    give_births(t);
    for (uint32_t i = 0; i < t->count; i++)
        t->shown[i] = &t->body[i]->shown;
    *tracks = t->shown;
    *count = t->count;
}
