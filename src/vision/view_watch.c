#include "src/vision/view_watch.h"

#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/vision/view_features_shim.h"

/* Of these, `on` begins a fault and `off` ends it; between the two it stays as it is. All were
 * measured: docs/decisions/0031-view-health.md. */
#define DARK_ON       0.94f
#define DARK_OFF      0.90f
#define SAME_ON       0.98f /* a clock drawn into the picture may go on */
#define GONE_ON       0.50f
#define GONE_OFF      0.35f
#define FLAT_ON       0.94f /* without a reference */
#define BLUR_ON       0.22f
#define BLUR_OFF      0.32f
#define GREY_BLURRED  0.80f /* detail gone, but greys as before: out of focus, not covered */
#define SLOPE_BLURRED 0.40f
#define MOVED_ON      0.0275f
#define MOVED_OFF     0.0200f
#define KEPT          0.40f
#define VOTES         0.30f
#define GREY_SAME     0.90f
#define STEADY        0.60f
#define STEADY_ALIKE  0.60f
#define NOW_LEAST     0.25f  /* of the reference's structure: less is not another view */
#define STILL_SHIFT   0.012f /* the reference follows only looks that fit it so well */
#define SLOW_ON       0.95f  /* of the rate wanted */

enum {
    INLIERS_LEAST = 12,
    CELLS_LEAST = 6,
    STRUCTURE_LEAST = 12, /* blocks, to know a view by */
    SURE_LEAST = 2,
    LEARN_LOOKS = 5,
    UNSURE_MOST = 16, /* in a row, then the learning begins anew */
    MEAN_MOST = 16,
    FOLLOW_STEP = 2, /* levels of grey at a time: what passes by leaves next to nothing */
    SETTLE_STEP = 4
};
#define LEARN_US  (4 * VG_US_PER_S)
#define FOLLOW_US (5 * VG_US_PER_S)  /* the reference follows the light */
#define SETTLE_US (60 * VG_US_PER_S) /* a new one follows faster, and so does its anchor: */
#define HASTE_US  (VG_US_PER_S / 2)  /* who stood there when it was taken goes */
#define LOST_US   (8 * VG_US_PER_S)  /* moved, but nobody knows whereto */
#define HOLD_US   (10 * VG_US_PER_S) /* so long what was found holds of a picture that stands */

enum evidence {
    UNKNOWN,
    AGAINST,
    FOR
};

enum condition {
    BLACK,
    FROZEN,
    MASKED,
    BLURRED,
    MOVED,
    SMALL,
    SLOW,
    CONDITIONS
};

static const struct delay {
    enum vg_view_state state;
    int64_t on_us, off_us;
    uint32_t on_looks, off_looks;
} delays[CONDITIONS] = {
    [BLACK] = {VG_VIEW_BLACK, 3 * VG_US_PER_S, 2 * VG_US_PER_S, 3, 3},
    [FROZEN] = {VG_VIEW_FROZEN, 0, 0, 3, 2}, /* on_us by the settings */
    [MASKED] = {VG_VIEW_MASKED, 5 * VG_US_PER_S, 3 * VG_US_PER_S, 3, 3},
    [BLURRED] = {VG_VIEW_BLURRED, 5 * VG_US_PER_S, 5 * VG_US_PER_S, 3, 3},
    [MOVED] = {VG_VIEW_MOVED, 3 * VG_US_PER_S, 3 * VG_US_PER_S, 3, 3},
    [SMALL] = {VG_VIEW_SMALL, 2 * VG_US_PER_S, 2 * VG_US_PER_S, 3, 3},
    [SLOW] = {VG_VIEW_SLOW, 10 * VG_US_PER_S, 10 * VG_US_PER_S, 3, 3},
};

/* One condition's way from evidence to fault and back. */
struct fault {
    bool on;
    uint32_t looks; /* in a row against the present answer */
    uint32_t sure;  /* of these, with a homography */
    int64_t since_us;
};

enum verdict {
    UNSURE,
    THE_SAME,
    ELSEWHERE, /* by a homography */
    NOT_FOUND
};

struct vg_view_scratch {
    struct vg_view_detail then, now, before;
    struct vg_view_features from, to;
};

struct vg_view_watch {
    struct vg_view_settings settings;
    struct vg_view_health health;
    struct fault fault[CONDITIONS];
    uint8_t anchor[VG_VIEW_PIXELS], view[VG_VIEW_PIXELS], last[VG_VIEW_PIXELS];
    uint64_t print[VG_VIEW_BLOCKS]; /* of the last look */
    bool seen;                      /* there was one */
    uint32_t learned;               /* looks in `view`, while there is no reference */
    uint32_t unsure;                /* of these, the last in a row that may be of another */
    int64_t learning_us;            /* the first of them */
    int64_t taken_us, followed_us, anchored_us;
    int64_t early_us;
    bool found; /* what was last found of a look unlike the reference, and when */
    enum verdict found_verdict;
    struct vg_view_match found_way;
    int64_t found_us;
};

static const struct {
    const char *name, *text;
} words[VG_VIEW_STATES] = {
    [VG_VIEW_BLACK] = {"black", N_("the picture is black")},
    [VG_VIEW_FROZEN] = {"frozen", N_("the picture stands still")},
    [VG_VIEW_MASKED] = {"masked", N_("a large part of the view is covered")},
    [VG_VIEW_BLURRED] = {"blurred", N_("the picture is blurred")},
    [VG_VIEW_MOVED] = {"moved", N_("the camera does not show its view any more")},
    [VG_VIEW_SMALL] = {"small", N_("the picture is too small")},
    [VG_VIEW_SLOW] = {"slow", N_("too few pictures a second")},
    [VG_VIEW_GOOD] = {"good", N_("the view is good")},
};

const char *vg_view_state_name(enum vg_view_state state)
{
    return words[state].name;
}

const char *vg_view_state_text(enum vg_view_state state)
{
    return words[state].text;
}

struct vg_view_settings vg_view_settings_defaults(void)
{
    return (struct vg_view_settings){704, 480, 12000, 10 * VG_US_PER_S};
}

bool vg_view_places_hold(const struct vg_view_health *health)
{
    return health->state >= VG_VIEW_SMALL && !health->doubt;
}

enum vg_status vg_view_scratch_open(struct vg_view_scratch **scratch)
{
    *scratch = vg_alloc(sizeof **scratch);
    return *scratch ? VG_OK : VG_E_MEMORY;
}

void vg_view_scratch_close(struct vg_view_scratch **scratch)
{
    vg_free(*scratch);
    *scratch = NULL;
}

enum vg_status vg_view_watch_open(struct vg_view_watch **watch,
                                  const struct vg_view_settings *settings)
{
    *watch = vg_alloc(sizeof **watch);
    if (!*watch)
        return VG_E_MEMORY;
    (*watch)->settings = *settings;
    (*watch)->health.state = VG_VIEW_GOOD;
    return VG_OK;
}

void vg_view_watch_close(struct vg_view_watch **watch)
{
    vg_free(*watch);
    *watch = NULL;
}

void vg_view_watch_stagger(struct vg_view_watch *watch, int64_t early_us)
{
    watch->early_us = early_us;
}

const struct vg_view_health *vg_view_watch_health(const struct vg_view_watch *watch)
{
    return &watch->health;
}

/* ---- what is seen ------------------------------------------------------------------------- */

static float share_same(const struct vg_view_watch *w, const struct vg_view_thumb *thumb)
{
    uint32_t same = 0;
    for (uint32_t b = 0; w->seen && b < VG_VIEW_BLOCKS; b++)
        same += w->print[b] == thumb->print[b];
    return (float)same / VG_VIEW_BLOCKS;
}

static float share_steady(const struct vg_view_scratch *s, float noise)
{
    uint32_t asked = 0, steady = 0;
    for (uint32_t b = 0; b < VG_VIEW_BLOCKS; b++) {
        if (!vg_view_detail_has_structure(&s->now, b, noise))
            continue;
        asked++;
        steady += vg_view_detail_likeness(&s->before, &s->now, b, 0, 0) >= STEADY_ALIKE;
    }
    return asked >= STRUCTURE_LEAST ? (float)steady / (float)asked : 0;
}

/* Into scratch: the details of this look and of the last; into the measures what needs no
 * reference. */
static void look_alone(struct vg_view_watch *w, struct vg_view_scratch *s,
                       const struct vg_view_thumb *thumb)
{
    struct vg_view_measures *m = &w->health.measures;
    *m = (struct vg_view_measures){.matrix = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
    vg_view_detail_make(&s->now, thumb->luma);
    m->same = share_same(w, thumb);
    if (w->seen) {
        vg_view_detail_make(&s->before, w->last);
        m->noise = vg_view_detail_noise(&s->before, &s->now);
        m->steady = share_steady(s, m->noise);
    }
}

/* Corners of two greys, and what takes one to the other. False: nothing to go by. */
static bool find_way(struct vg_view_watch *w, struct vg_view_scratch *s, const uint8_t *then,
                     const uint8_t *now, struct vg_view_match *match)
{
    w->health.corner_looks++;
    if (vg_view_features_find(then, &s->from) || vg_view_features_find(now, &s->to) ||
        vg_view_features_match(&s->from, &s->to, match)) {
        w->health.failures++;
        return false;
    }
    return match->inliers >= INLIERS_LEAST && match->cells >= CELLS_LEAST;
}

static void note_way(struct vg_view_measures *m, const struct vg_view_match *match)
{
    m->matches = match->matches;
    m->inliers = match->inliers;
    m->cells = match->cells;
    m->shift = (float)match->shift;
    memcpy(m->matrix, match->matrix, sizeof m->matrix);
}

static bool is_moved(const struct vg_view_watch *w, double shift)
{
    return shift >= (double)(w->fault[MOVED].on ? MOVED_OFF : MOVED_ON);
}

/* Whether the camera itself can be told to stand or to turn, from this look and the last: not
 * when the picture is full of what goes its own way. */
static bool is_camera_known(struct vg_view_watch *w, struct vg_view_scratch *s, const uint8_t *now)
{
    struct vg_view_match match;
    if (!w->seen)
        return false;
    return w->health.measures.steady >= STEADY || find_way(w, s, w->last, now, &match);
}

/* No homography: is it the same view in quite another light, another one, or neither? */
static enum verdict judge_without_corners(struct vg_view_watch *w, struct vg_view_scratch *s,
                                          const uint8_t *now)
{
    struct vg_view_measures *m = &w->health.measures;
    const struct vg_view_change *c = &m->change;
    m->votes = vg_view_detail_votes(&s->then, &s->now, m->noise);
    if (m->votes >= VOTES)
        return THE_SAME;
    const bool seen = (float)c->blocks_now >= NOW_LEAST * (float)c->blocks_then &&
                      c->blocks_now >= STRUCTURE_LEAST;
    return seen && c->grey < GREY_SAME && is_camera_known(w, s, now) ? NOT_FOUND : UNSURE;
}

static enum verdict judge_by_corners(struct vg_view_watch *w, struct vg_view_scratch *s,
                                     const uint8_t *now, struct vg_view_match *match)
{
    const bool found = find_way(w, s, w->view, now, match);
    if (!found)
        match->shift = 0;
    note_way(&w->health.measures, match);
    if (found)
        return is_moved(w, match->shift) ? ELSEWHERE : THE_SAME;
    return judge_without_corners(w, s, now);
}

/* Night falls on all cameras in one minute, and it takes the reference two to follow: what was found
 * of a picture holds while that stands, since a camera that turns does not leave it as it was. */
static bool still_holds(const struct vg_view_watch *w, int64_t at_us)
{
    return w->found && w->health.referenced && w->health.measures.steady >= STEADY &&
           at_us - w->found_us < HOLD_US &&
           (w->found_verdict == THE_SAME || (w->fault[MOVED].on && w->found_verdict != UNSURE));
}

/* Against `view`, which stands in s->then. */
static enum verdict judge(struct vg_view_watch *w, struct vg_view_scratch *s, const uint8_t *now,
                          int64_t at_us)
{
    if (w->health.measures.change.kept >= KEPT) {
        w->found = false;
        return THE_SAME;
    }
    if (still_holds(w, at_us)) {
        note_way(&w->health.measures, &w->found_way);
        return w->found_verdict;
    }
    w->found_verdict = judge_by_corners(w, s, now, &w->found_way);
    w->found = true;
    w->found_us = at_us;
    return w->found_verdict;
}

/* The view may have crept away together with the light: now and then, and as long as that is so,
 * the anchor is asked too. */
static enum verdict ask_anchor(struct vg_view_watch *w, struct vg_view_scratch *s,
                               const uint8_t *now, int64_t at_us)
{
    struct vg_view_match match;
    if (at_us - w->anchored_us < VG_VIEW_ANCHOR_US && !w->fault[MOVED].on && !w->fault[MOVED].looks)
        return THE_SAME;
    if (!find_way(w, s, w->anchor, now, &match)) {
        if (!w->fault[MOVED].on)
            w->anchored_us = at_us;
        return THE_SAME; /* another light, or nothing to go by: the view alone says */
    }
    note_way(&w->health.measures, &match);
    if (is_moved(w, match.shift))
        return ELSEWHERE;
    w->anchored_us = at_us;
    return THE_SAME;
}

/* ---- the reference ------------------------------------------------------------------------ */

/* view += (now - view) / part, rounded to the nearest. */
static void blend(uint8_t *view, const uint8_t *now, int32_t part)
{
    for (uint32_t i = 0; i < VG_VIEW_PIXELS; i++) {
        const int32_t step = 2 * (now[i] - view[i]);
        view[i] = (uint8_t)(view[i] + (step + (step < 0 ? -part : part)) / (2 * part));
    }
}

/* Towards `now`, by `most` levels: nearer to the median of the looks than to their mean. */
static void approach(uint8_t *view, const uint8_t *now, int32_t most)
{
    for (uint32_t i = 0; i < VG_VIEW_PIXELS; i++) {
        const int32_t way = now[i] - view[i];
        view[i] = (uint8_t)(view[i] + (way > most ? most : way < -most ? -most : way));
    }
}

static void take_reference(struct vg_view_watch *w, int64_t at_us)
{
    memcpy(w->anchor, w->view, VG_VIEW_PIXELS);
    w->health.referenced = true;
    w->taken_us = at_us;
    w->followed_us = at_us;
    w->anchored_us = at_us - w->early_us;
    w->found = false;
}

/* Some looks at the same view make the reference; whoever passes by fades in their mean, and as
 * long as a look lacks much of what is in the mean, somebody large has not faded yet. In heavy rain
 * the mean is known sooner than any one look. */
static void learn(struct vg_view_watch *w, const uint8_t *now, enum verdict verdict, int64_t at_us)
{
    if (w->health.measures.change.blocks_now < STRUCTURE_LEAST) {
        w->learned = 0;
        return;
    }
    w->unsure = verdict == UNSURE ? w->unsure + 1 : 0;
    if (w->learned == 0 || verdict == ELSEWHERE || verdict == NOT_FOUND ||
        w->unsure > UNSURE_MOST) {
        memcpy(w->view, now, VG_VIEW_PIXELS);
        w->learned = 1;
        w->unsure = 0;
        w->learning_us = at_us;
        return;
    }
    w->learned++;
    blend(w->view, now, (int32_t)(w->learned < MEAN_MOST ? w->learned : MEAN_MOST));
    const bool fits = verdict == THE_SAME && w->health.measures.change.gone < GONE_OFF;
    if (fits && w->learned >= LEARN_LOOKS && at_us - w->learning_us >= LEARN_US)
        take_reference(w, at_us);
}

/* Only from a look that shows the view at its place, with nothing wrong or about to be. */
static void follow_light(struct vg_view_watch *w, const uint8_t *now, int64_t at_us)
{
    const bool settling = at_us - w->taken_us < SETTLE_US;
    if (at_us - w->followed_us < (settling ? HASTE_US : FOLLOW_US) ||
        w->health.measures.shift > STILL_SHIFT)
        return;
    if (settling && w->health.measures.steady < STEADY)
        return; /* somebody passes */
    for (int c = BLACK; c <= MOVED; c++)
        if (w->fault[c].on || w->fault[c].looks)
            return;
    approach(w->view, now, settling ? SETTLE_STEP : FOLLOW_STEP);
    w->followed_us = at_us;
    if (settling)
        memcpy(w->anchor, w->view, VG_VIEW_PIXELS);
}

/* ---- evidence ----------------------------------------------------------------------------- */

static enum evidence between(float value, float on, float off)
{
    if (value >= on)
        return FOR;
    return value < off ? AGAINST : UNKNOWN;
}

/* Half of the detail or more is gone, and yet light and shade lie as before. */
static bool out_of_focus(const struct vg_view_change *c)
{
    return c->gone >= GONE_OFF && c->grey_gone >= GREY_BLURRED && c->slope_gone >= SLOPE_BLURRED;
}

static enum evidence masked(const struct vg_view_watch *w, enum verdict verdict)
{
    const struct vg_view_change *c = &w->health.measures.change;
    if (!w->health.referenced)
        return between(c->flat, FLAT_ON, FLAT_ON);
    if (verdict == ELSEWHERE || out_of_focus(c))
        return AGAINST;
    return between(c->gone, GONE_ON, GONE_OFF);
}

static enum evidence blurred(const struct vg_view_watch *w, enum verdict verdict)
{
    const struct vg_view_change *c = &w->health.measures.change;
    if (!w->health.referenced || verdict == NOT_FOUND)
        return UNKNOWN;
    if (out_of_focus(c))
        return FOR;
    if (verdict == UNSURE || c->gone >= GONE_ON)
        return UNKNOWN;
    return between(-c->sharpness, -BLUR_ON, -BLUR_OFF);
}

static enum evidence small(const struct vg_view_watch *w, const struct vg_view_thumb *thumb)
{
    const bool wide = thumb->width >= thumb->height;
    const uint32_t longer = wide ? thumb->width : thumb->height;
    const uint32_t shorter = wide ? thumb->height : thumb->width;
    return longer < w->settings.long_side || shorter < w->settings.short_side ? FOR : AGAINST;
}

static enum evidence slow(const struct vg_view_watch *w, uint32_t fps_milli)
{
    if (fps_milli == 0)
        return UNKNOWN;
    const float rate = (float)fps_milli / (float)w->settings.fps_milli;
    return between(-rate, -SLOW_ON, -1);
}

static void weigh(const struct vg_view_watch *w, const struct vg_view_thumb *thumb,
                  enum verdict verdict, uint32_t fps_milli, enum evidence evidence[CONDITIONS])
{
    const struct vg_view_measures *m = &w->health.measures;
    for (int c = 0; c < CONDITIONS; c++)
        evidence[c] = UNKNOWN;
    evidence[SMALL] = small(w, thumb);
    evidence[SLOW] = slow(w, fps_milli);
    evidence[BLACK] = between(m->change.dark, DARK_ON, DARK_OFF);
    evidence[FROZEN] = between(m->same, SAME_ON, SAME_ON);
    if (evidence[BLACK] == FOR)
        return; /* nothing else can be said of it */
    evidence[MASKED] = masked(w, verdict);
    evidence[BLURRED] = blurred(w, verdict);
    if (!w->health.referenced)
        return;
    if (verdict == THE_SAME)
        evidence[MOVED] = AGAINST;
    if (verdict == ELSEWHERE)
        evidence[MOVED] = FOR;
    if (verdict == NOT_FOUND && evidence[MASKED] == AGAINST && evidence[BLURRED] != FOR)
        evidence[MOVED] = FOR;
}

/* ---- the state ---------------------------------------------------------------------------- */

static void step(struct fault *f, const struct delay *d, enum evidence evidence, int64_t at_us)
{
    if (evidence == UNKNOWN)
        return;
    if ((evidence == FOR) == f->on) {
        f->looks = f->sure = 0;
        return;
    }
    if (f->looks++ == 0)
        f->since_us = at_us;
    const uint32_t looks = f->on ? d->off_looks : d->on_looks;
    if (f->looks < looks || at_us - f->since_us < (f->on ? d->off_us : d->on_us))
        return;
    f->on = !f->on;
    f->looks = f->sure = 0;
}

static struct delay delay_of(const struct vg_view_watch *w, enum condition c)
{
    struct delay delay = delays[c];
    if (c == FROZEN)
        delay.on_us = w->settings.frozen_us;
    if (c == MOVED && w->fault[c].sure < SURE_LEAST)
        delay.on_us = LOST_US;
    return delay;
}

static void conclude(struct vg_view_watch *w, const enum evidence evidence[CONDITIONS],
                     int64_t at_us)
{
    struct vg_view_health *h = &w->health;
    enum vg_view_state state = VG_VIEW_GOOD;
    h->faults = 0;
    h->doubt = false;
    for (int c = 0; c < CONDITIONS; c++) {
        const struct delay delay = delay_of(w, (enum condition)c);
        step(&w->fault[c], &delay, evidence[c], at_us);
        if (w->fault[c].on) {
            h->faults |= UINT32_C(1) << delay.state;
            state = delay.state < state ? delay.state : state;
        } else if (evidence[c] == FOR && (c == BLACK || c == MASKED || c == MOVED)) {
            h->doubt = true;
        }
    }
    if (state != h->state)
        h->since.us = at_us;
    h->state = state;
}

const struct vg_view_health *vg_view_watch_look(struct vg_view_watch *w, struct vg_view_scratch *s,
                                                const struct vg_view_thumb *thumb,
                                                struct vg_media_time media, uint32_t fps_milli)
{
    enum evidence evidence[CONDITIONS];
    enum verdict verdict = UNSURE;
    struct vg_view_change *change = &w->health.measures.change;
    const bool comparable = w->health.referenced || w->learned > 0;
    w->health.looks++;
    if (!w->seen)
        w->anchored_us = media.us - w->early_us; /* the reference, if any, was restored */
    look_alone(w, s, thumb);
    if (comparable)
        vg_view_detail_make(&s->then, w->view);
    vg_view_detail_compare(comparable ? &s->then : &s->now, &s->now, w->health.measures.noise,
                           change);
    if (comparable && change->dark < DARK_ON)
        verdict = judge(w, s, thumb->luma, media.us);
    if (!w->health.referenced)
        learn(w, thumb->luma, verdict, media.us);
    else if (verdict == THE_SAME)
        verdict = ask_anchor(w, s, thumb->luma, media.us);
    weigh(w, thumb, verdict, fps_milli, evidence);
    w->fault[MOVED].sure += verdict == ELSEWHERE;
    conclude(w, evidence, media.us);
    if (w->health.referenced && verdict == THE_SAME)
        follow_light(w, thumb->luma, media.us);
    memcpy(w->last, thumb->luma, VG_VIEW_PIXELS);
    memcpy(w->print, thumb->print, sizeof w->print);
    w->seen = true;
    return &w->health;
}

/* ---- a person, and other processes -------------------------------------------------------- */

/* What was said against the reference that was is void. */
static void forget_faults(struct vg_view_watch *w)
{
    static const enum condition about_view[] = {MASKED, BLURRED, MOVED};
    for (uint32_t i = 0; i < sizeof about_view / sizeof *about_view; i++)
        w->fault[about_view[i]] = (struct fault){0};
}

enum vg_status vg_view_confirm(struct vg_view_watch *w, struct vg_view_scratch *s)
{
    struct vg_view_change change;
    if (!w->seen)
        return VG_E_STATE;
    vg_view_detail_make(&s->now, w->last);
    vg_view_detail_compare(&s->now, &s->now, w->health.measures.noise, &change);
    if (change.blocks_now < STRUCTURE_LEAST || change.dark >= DARK_ON)
        return VG_E_STATE;
    memcpy(w->view, w->last, VG_VIEW_PIXELS);
    take_reference(w, w->followed_us);
    forget_faults(w);
    return VG_OK;
}

enum vg_status vg_view_watch_save(const struct vg_view_watch *w,
                                  uint8_t bytes[VG_VIEW_REFERENCE_BYTES])
{
    if (!w->health.referenced)
        return VG_E_STATE;
    vg_view_reference_pack(&(struct vg_view_reference){w->anchor, w->view}, bytes);
    return VG_OK;
}

enum vg_status vg_view_watch_restore(struct vg_view_watch *w, const uint8_t *bytes, size_t size)
{
    struct vg_view_reference reference;
    const enum vg_status status = vg_view_reference_parse(bytes, size, &reference);
    if (status)
        return status;
    memcpy(w->anchor, reference.anchor, VG_VIEW_PIXELS);
    memcpy(w->view, reference.view, VG_VIEW_PIXELS);
    w->health.referenced = true;
    w->learned = 0;
    w->found = false;
    forget_faults(w);
    return VG_OK;
}
