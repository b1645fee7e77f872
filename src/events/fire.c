/* EVT8: flames, by what they do over seconds. A place where the colours of a flame flicker (maps.h) is
 * followed for some seconds; then it must be seen that
 *
 *   it is bright, and brightest within         what glows, not what is painted
 *   its size changes, and not in time          flames do; lamps do not, beacons do it in time
 *   it stays                                   what walks or drives does not
 *   the background there is not like that      it breaks out; a lamp has always been there
 *
 * while the view around is calm, and no person or vehicle is found there: coats and buses of the colours are. A model that knows
 * fire or smoke counts as well, if it finds it in several of the pictures. */
#include "src/events/fire.h"

#include <math.h>
#include <string.h>

#define LEARN_US      (2 * VG_US_PER_S)
#define WARM_LEAST    64 /* a quarter of what a sure flame has */
#define FLICKER_LEAST 24 /* levels a second, up and down */
#define AREA_LEAST    3u /* map pixels */
#define WINDOW_US     (6 * VG_US_PER_S)
#define SPACING_US    95000 /* of moments: 64 of them are the window */
#define GONE_US       (2 * VG_US_PER_S)
#define SAME_FIRE_US  (30 * VG_US_PER_S)
#define JUDGED_US     (3 * VG_US_PER_S) /* with the least hold a period of 2 s is known for one */
#define MOMENTS_LEAST 6u
/* Measured on FURG house6 at 5 pictures a second / on what is warm and flickers elsewhere (PETS, rooms,
 * roads). Levels are of 255. */
#define SEEN_LEAST      0.75 /* share of the moments; 1 / 0.2 to 1 */
#define AREA_MEAN_LEAST 4.0  /* map pixels: in fewer there is no core and no rim */
#define OVER_MOST       0.5
#define CORE_LEAST \
    165.0 /* what glows reaches the camera's white: 180 to 230 / coats, skin 110 to 160 */
#define RIM_LEAST         20.0 /* and is less bright outside: 45 to 70 / 5 to 15 */
#define FRESH_LEAST       0.7 /* of its pixels: 0.9 to 1 / 0 to 0.5, leaves and tapes in the wind */
#define DRIFT_MOST        1.0 /* of its own size in the window: 0 to 0.6 */
#define SPREAD_LEAST      0.05 /* of its light: 0.07 to 0.6 / a lamp 0.02 */
#define REGULAR_MOST      0.8  /* 0 to 0.65 / a beacon 0.9 to 1 */
#define SHAPE_LEAST       0.4  /* map pixels that its top goes up and down: 0.7 to 4 */
#define AREA_SPREAD_LEAST 0.1
/* Share of the view, but for what is warm, that flickers or is not as ever: 0 to 0.12 / 0.3 to 0.8 where
 * the camera shakes, the light changes or the night is noise. Then all that is warm seems to flicker. */
#define RESTLESS_MOST 0.25
#define CALM_US       (3 * VG_US_PER_S)
#define LOOKS         5u /* of a model */
#define HITS          3u
#define LOOKS_MASK    ((1u << LOOKS) - 1)
#define FRESH_LUMA    20
#define FRESH_CHROMA  8
#define CARRIER_SCORE 0.3f
#define CARRIER_SURE  0.5f
#define CARRIER_SHARE 0.5    /* of the place */
#define CARRIER_PART  0.0625 /* of the box: a coat, a lorry; flames before a house are less of it */
#define MARGIN        2      /* map pixels around, into which flames reach */

static struct vg_flames *memory_of(const struct vg_watch *watch)
{
    return watch->memory;
}

static int64_t now_of(const struct vg_watch *watch)
{
    return watch->input->time.us;
}

static struct vg_box box_of(const struct vg_watch *watch, struct vg_span span)
{
    return vg_span_box(span, &watch->input->maps->size, watch->input->width, watch->input->height);
}

static bool is_flame_class(enum vg_class class_id)
{
    return class_id == VG_CLASS_FIRE || class_id == VG_CLASS_SMOKE;
}

/* Share of `inner` that lies in `outer`. */
static double share_in(struct vg_box inner, struct vg_box outer)
{
    const struct vg_box both = vg_box_clip(inner, outer);
    const double area = (double)inner.width * (double)inner.height;
    return area > 0 ? (double)both.width * (double)both.height / area : 0;
}

/* ---- a place in one picture -------------------------------------------------------------------- */

static bool is_warm(const struct vg_maps *maps, int32_t at)
{
    return maps->warm[at] >= WARM_LEAST;
}

/* Differs from the long background by more than the maps' floors for what is the same. */
static bool is_fresh(const struct vg_maps *maps, int32_t at)
{
    const int32_t luma = maps->luma[at] - maps->long_luma[at];
    const int32_t blue = maps->blue[at] - maps->long_blue[at];
    const int32_t red = maps->red[at] - maps->long_red[at];
    return luma > FRESH_LUMA || red > FRESH_CHROMA || blue < -FRESH_CHROMA;
}

static struct vg_span around(const struct vg_maps *maps, struct vg_span span)
{
    const int32_t width = (int32_t)maps->size.width, height = (int32_t)maps->size.height;
    const struct vg_span wide = {span.left > MARGIN ? span.left - MARGIN : 0,
                                 span.top > MARGIN ? span.top - MARGIN : 0,
                                 span.right + MARGIN < width ? span.right + MARGIN : width - 1,
                                 span.bottom + MARGIN < height ? span.bottom + MARGIN : height - 1};
    return wide;
}

/* The luma that a quarter of the pixels reach. */
static uint32_t upper_quarter(const uint32_t *counts, uint32_t all)
{
    uint32_t level = 255, above = counts[255];
    while (level > 0 && above * 4 < all)
        above += counts[--level];
    return level;
}

/* Core: the mean of the brightest quarter; rim: of the rest. */
static void part_by_luma(const uint32_t *counts, struct vg_flame_moment *moment)
{
    const uint32_t least = upper_quarter(counts, moment->area);
    double core = 0, rim = 0;
    uint32_t in_core = 0, in_rim = 0;
    for (uint32_t level = 0; level < 256; level++) {
        if (level >= least) {
            core += (double)level * (double)counts[level];
            in_core += counts[level];
        } else {
            rim += (double)level * (double)counts[level];
            in_rim += counts[level];
        }
    }
    moment->core = in_core ? core / (double)in_core : 0;
    moment->rim = in_rim ? rim / (double)in_rim : moment->core;
}

static void add_pixel(const struct vg_maps *maps, int32_t x, int32_t y, uint32_t *counts,
                      struct vg_flame_moment *moment)
{
    const int32_t at = y * (int32_t)maps->size.width + x;
    if (!is_warm(maps, at))
        return;
    if (!moment->area || y < moment->top)
        moment->top = y;
    if (!moment->area || y > moment->bottom)
        moment->bottom = y;
    moment->area++;
    moment->light += (double)maps->luma[at];
    moment->x += (double)x;
    moment->y += (double)y;
    moment->fresh += is_fresh(maps, at);
    counts[maps->luma[at]]++;
}

/* Whether a box is a person in a coat, or a lorry, of the colours: not if it is a house with the flames
 * before it, that a detector takes for a bus. */
static bool carries(const struct vg_detection *seen, struct vg_box place)
{
    if (seen->class_id < VG_CLASS_PERSON || seen->class_id > VG_CLASS_BOAT ||
        !(seen->score >= CARRIER_SCORE) || share_in(place, seen->box) < CARRIER_SHARE)
        return false;
    return seen->class_id == VG_CLASS_PERSON || seen->score >= CARRIER_SURE ||
           share_in(seen->box, place) >= CARRIER_PART;
}

static bool is_carried(const struct vg_watch *watch, struct vg_box place)
{
    for (uint32_t i = 0; i < watch->input->detection_count; i++)
        if (carries(&watch->input->detections[i], place))
            return true;
    return false;
}

static struct vg_flame_moment moment_at(const struct vg_watch *watch, struct vg_span span)
{
    const struct vg_maps *maps = watch->input->maps;
    const struct vg_span wide = around(maps, span);
    struct vg_flame_moment moment = {.time_us = now_of(watch)};
    uint32_t counts[256] = {0};
    for (int32_t y = wide.top; y <= wide.bottom; y++)
        for (int32_t x = wide.left; x <= wide.right; x++)
            add_pixel(maps, x, y, counts, &moment);
    moment.over = is_carried(watch, box_of(watch, span));
    if (!moment.area)
        return moment;
    moment.x /= (double)moment.area;
    moment.y /= (double)moment.area;
    moment.fresh /= (double)moment.area;
    part_by_luma(counts, &moment);
    return moment;
}

/* ---- places over time -------------------------------------------------------------------------- */

static const struct vg_flame_moment *moment_of(const struct vg_flame *flame, uint32_t i)
{
    return &flame->moment[(flame->first + i) % VG_FLAME_MOMENTS_MAX];
}

static void add_moment(struct vg_flame *flame, struct vg_flame_moment moment)
{
    if (flame->count && moment.time_us - moment_of(flame, flame->count - 1)->time_us < SPACING_US)
        return;
    while (flame->count && (flame->count == VG_FLAME_MOMENTS_MAX ||
                            moment.time_us - moment_of(flame, 0)->time_us > WINDOW_US)) {
        flame->first = (flame->first + 1) % VG_FLAME_MOMENTS_MAX;
        flame->count--;
    }
    flame->moment[(flame->first + flame->count) % VG_FLAME_MOMENTS_MAX] = moment;
    flame->count++;
}

static struct vg_span joined(struct vg_span a, struct vg_span b)
{
    const struct vg_span both = {a.left < b.left ? a.left : b.left, a.top < b.top ? a.top : b.top,
                                 a.right > b.right ? a.right : b.right,
                                 a.bottom > b.bottom ? a.bottom : b.bottom};
    return both;
}

/* Takes the regions that touch the place: they are where it is now. */
static void follow(const struct vg_watch *watch, struct vg_flame *flame, bool *taken)
{
    const struct vg_blobs *blobs = &memory_of(watch)->blobs;
    const struct vg_span wide = around(watch->input->maps, flame->span);
    bool found = false;
    for (uint32_t i = 0; i < blobs->count; i++) {
        if (taken[i] || !vg_span_common(blobs->blob[i].span, wide))
            continue;
        taken[i] = true;
        flame->span = found ? joined(flame->span, blobs->blob[i].span) : blobs->blob[i].span;
        found = true;
    }
    if (found)
        flame->seen_us = now_of(watch);
    add_moment(flame, moment_at(watch, flame->span));
}

static void find_new(const struct vg_watch *watch, const bool *taken)
{
    struct vg_flames *memory = memory_of(watch);
    uint32_t at = 0;
    for (uint32_t i = 0; i < memory->blobs.count; i++) {
        if (taken[i])
            continue;
        while (at < VG_FLAMES_MAX && memory->flame[at].number)
            at++;
        if (at == VG_FLAMES_MAX)
            return; /* a picture that flickers all over */
        memory->flame[at] = (struct vg_flame){.number = vg_watch_number(&memory->numbers),
                                              .span = memory->blobs.blob[i].span,
                                              .born_us = now_of(watch),
                                              .seen_us = now_of(watch)};
        add_moment(&memory->flame[at], moment_at(watch, memory->flame[at].span));
    }
}

/* ---- what it does ------------------------------------------------------------------------------ */

struct course {
    uint32_t moments;
    double seen;              /* share of the moments in which something is there */
    double over;              /* share of them */
    double area, area_spread; /* mean, and standard deviation over it */
    double light_spread;
    double core, rim, fresh;          /* means */
    double top_spread, bottom_spread; /* standard deviations, map pixels */
    double drift;                     /* from the first third to the last one, in its own sizes */
    double regular;                   /* greatest correlation with itself some moments before */
};

struct mean {
    double count, sum, squares;
};

static void mean_add(struct mean *mean, double value)
{
    mean->count += 1;
    mean->sum += value;
    mean->squares += value * value;
}

static double mean_of(const struct mean *mean)
{
    return mean->count > 0 ? mean->sum / mean->count : 0;
}

static double spread_of(const struct mean *mean)
{
    const double middle = mean_of(mean);
    const double var = mean->count > 0 ? mean->squares / mean->count - middle * middle : 0;
    return var > 0 ? sqrt(var) : 0;
}

/* Of the light with itself `lag` moments before, -1 to 1. */
static double correlation(const struct vg_flame *flame, uint32_t lag)
{
    const uint32_t pairs = flame->count - lag;
    double a = 0, b = 0, aa = 0, bb = 0, ab = 0;
    for (uint32_t i = 0; i < pairs; i++) {
        const double x = moment_of(flame, i)->light, y = moment_of(flame, i + lag)->light;
        a += x;
        b += y;
        aa += x * x;
        bb += y * y;
        ab += x * y;
    }
    const double n = (double)pairs;
    const double var_a = aa - a * a / n, var_b = bb - b * b / n;
    return var_a > 1e-9 && var_b > 1e-9 ? (ab - a * b / n) / sqrt(var_a * var_b) : 0;
}

/* What comes again in time is like itself a period before, however it looks: of all lags up to
 * 0.4 of the window, after the first fall (slow changes are like themselves at once). */
static double regularity(const struct vg_flame *flame)
{
    double most = 0;
    bool fallen = false;
    for (uint32_t lag = 1; lag * 5 <= flame->count * 2; lag++) {
        const double now = correlation(flame, lag);
        fallen |= now < 0.2;
        if (fallen && now > most)
            most = now;
    }
    return most;
}

static double drift_of(const struct vg_flame *flame)
{
    struct mean x[2] = {{0}}, y[2] = {{0}}, area = {0};
    for (uint32_t i = 0; i < flame->count; i++) {
        const struct vg_flame_moment *m = moment_of(flame, i);
        if (!m->area)
            continue;
        mean_add(&area, (double)m->area);
        if (i * 3 >= flame->count && i * 3 < flame->count * 2)
            continue;
        mean_add(&x[i * 3 >= flame->count], m->x);
        mean_add(&y[i * 3 >= flame->count], m->y);
    }
    if (x[0].count <= 0 || x[1].count <= 0)
        return 0;
    const double by_x = mean_of(&x[1]) - mean_of(&x[0]), by_y = mean_of(&y[1]) - mean_of(&y[0]);
    return sqrt((by_x * by_x + by_y * by_y) / mean_of(&area));
}

static struct course course_of(const struct vg_flame *flame)
{
    struct mean seen = {0}, over = {0}, area = {0}, light = {0}, core = {0}, rim = {0}, fresh = {0},
                top = {0}, bottom = {0};
    for (uint32_t i = 0; i < flame->count; i++) {
        const struct vg_flame_moment *m = moment_of(flame, i);
        mean_add(&seen, m->area > 0);
        mean_add(&over, m->over);
        mean_add(&area, (double)m->area);
        mean_add(&light, m->light);
        if (!m->area)
            continue;
        mean_add(&core, m->core);
        mean_add(&rim, m->rim);
        mean_add(&fresh, m->fresh);
        mean_add(&top, (double)m->top);
        mean_add(&bottom, (double)m->bottom);
    }
    const double mean_area = mean_of(&area), mean_light = mean_of(&light);
    const struct course course = {
        .moments = flame->count,
        .seen = mean_of(&seen),
        .over = mean_of(&over),
        .area = mean_area,
        .area_spread = mean_area > 0 ? spread_of(&area) / mean_area : 0,
        .light_spread = mean_light > 0 ? spread_of(&light) / mean_light : 0,
        .core = mean_of(&core),
        .rim = mean_of(&rim),
        .fresh = mean_of(&fresh),
        .top_spread = spread_of(&top),
        .bottom_spread = spread_of(&bottom),
        .drift = drift_of(flame),
        .regular = regularity(flame),
    };
    return course;
}

/* ---- what it is -------------------------------------------------------------------------------- */

static enum vg_why_not judge_place(const struct vg_watch *watch, struct vg_box box)
{
    const struct vg_point at = {(box.left + box.width / 2) / (float)watch->input->width,
                                (box.top + box.height / 2) / (float)watch->input->height};
    const struct vg_point foot = vg_box_foot(box);
    const struct vg_point base = {foot.x / (float)watch->input->width,
                                  foot.y / (float)watch->input->height};
    if (vg_scene_masked(watch->scene, watch->rule->event, at))
        return VG_WHY_MASKED;
    return vg_watch_inside(watch, at) || vg_watch_inside(watch, base) ? VG_WHY_HOLDS
                                                                      : VG_WHY_OUTSIDE;
}

static enum vg_why_not judge_course(const struct course *c, double *value)
{
    const struct {
        enum vg_why_not why;
        bool fails;
        double value;
    } rows[] = {
        {VG_WHY_BLINKS, c->regular > REGULAR_MOST && c->light_spread >= SPREAD_LEAST, c->regular},
        {VG_WHY_SEEN_FEW, c->seen < SEEN_LEAST, c->seen},
        {VG_WHY_SMALL, c->area < AREA_MEAN_LEAST, c->area},
        {VG_WHY_CLASS, c->over > OVER_MOST, c->over},
        {VG_WHY_COLOUR, c->core < CORE_LEAST || c->core - c->rim < RIM_LEAST, c->core - c->rim},
        {VG_WHY_AS_USUAL, c->fresh < FRESH_LEAST, c->fresh},
        {VG_WHY_MOVES, c->drift > DRIFT_MOST, c->drift},
        {VG_WHY_STEADY, c->light_spread < SPREAD_LEAST, c->light_spread},
        {VG_WHY_NO_GROWTH, c->top_spread < SHAPE_LEAST && c->area_spread < AREA_SPREAD_LEAST,
         c->top_spread},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        *value = rows[i].value;
        if (rows[i].fails)
            return rows[i].why;
    }
    return VG_WHY_HOLDS;
}

static bool is_old_enough(const struct vg_flame *flame)
{
    return flame->count >= MOMENTS_LEAST &&
           moment_of(flame, flame->count - 1)->time_us - moment_of(flame, 0)->time_us >=
               JUDGED_US - JUDGED_US / 10;
}

/* How much it flickers and how bright it is; 0.5 what just passes for one. */
static float score_of(const struct course *c)
{
    const double spread = c->light_spread > 0.4 ? 0.4 : c->light_spread;
    const double bright = c->core > 240 ? 1 : (c->core - CORE_LEAST) / (240 - CORE_LEAST);
    return (float)(0.5 + 0.5 * spread + 0.3 * bright);
}

/* One fire is told once, wherever it spreads to: all that holds is one sighting, of the fire that holds
 * or held a moment ago, else of a new one. */
static void sight(const struct vg_watch *watch, struct vg_sighting **sighting, struct vg_box box,
                  enum vg_class class_id, float score)
{
    struct vg_flames *memory = memory_of(watch);
    if (!*sighting)
        *sighting = vg_watch_sight(watch);
    if (!*sighting)
        return;
    if (!memory->fire || now_of(watch) - memory->held_us > SAME_FIRE_US)
        memory->fire = vg_watch_number(&memory->numbers);
    memory->held_us = now_of(watch);
    (*sighting)->subject = VG_SUBJECT_THING + memory->fire;
    vg_watch_show_thing(*sighting, box, class_id, score);
}

static void judge(const struct vg_watch *watch, const struct vg_flame *flame,
                  struct vg_sighting **sighting)
{
    const uint32_t subject = VG_SUBJECT_THING + flame->number;
    const struct course course = course_of(flame);
    const struct vg_box box = box_of(watch, flame->span);
    const float score = score_of(&course);
    double value = (double)flame->count;
    enum vg_why_not why = judge_place(watch, box);
    if (why == VG_WHY_HOLDS && !is_old_enough(flame))
        why = VG_WHY_UNCONFIRMED;
    if (why == VG_WHY_HOLDS)
        why = judge_course(&course, &value);
    if (why == VG_WHY_HOLDS && now_of(watch) - memory_of(watch)->restless_us < CALM_US)
        why = VG_WHY_VIEW;
    if (why == VG_WHY_HOLDS) {
        value = (double)score;
        if (score < watch->rule->min_score)
            why = VG_WHY_SCORE;
    }
    vg_watch_say(watch, subject, why, value);
    if (why == VG_WHY_HOLDS)
        sight(watch, sighting, box, VG_CLASS_FIRE, score);
}

/* ---- what a model says ------------------------------------------------------------------------- */

/* The surest fire or smoke of the picture in the rule's place; NULL: none. */
static const struct vg_detection *surest(const struct vg_watch *watch)
{
    const struct vg_detection *best = NULL;
    for (uint32_t i = 0; i < watch->input->detection_count; i++) {
        const struct vg_detection *seen = &watch->input->detections[i];
        if (is_flame_class(seen->class_id) && seen->score >= watch->rule->min_score &&
            isfinite(seen->box.left + seen->box.top + seen->box.width + seen->box.height) &&
            judge_place(watch, seen->box) == VG_WHY_HOLDS && (!best || seen->score > best->score))
            best = seen;
    }
    return best;
}

static bool touch(struct vg_box a, struct vg_box b)
{
    return a.left <= b.left + b.width && b.left <= a.left + a.width && a.top <= b.top + b.height &&
           b.top <= a.top + a.height;
}

/* Found in 3 of 5 pictures, each time touching where it was before. */
static void watch_model(const struct vg_watch *watch, struct vg_sighting **sighting)
{
    struct vg_fire_found *found = &memory_of(watch)->found;
    const struct vg_detection *best = surest(watch);
    if (best && found->looks && !touch(best->box, found->box))
        found->looks = 0;
    found->looks = (found->looks << 1 | (best ? 1u : 0u)) & LOOKS_MASK;
    if (!found->looks)
        return;
    if (best) {
        found->box = best->box;
        found->class_id = best->class_id;
        found->score = best->score;
    }
    uint32_t hits = 0;
    for (uint32_t i = 0; i < LOOKS; i++)
        hits += found->looks >> i & 1;
    vg_watch_say(watch, VG_SUBJECT_THING, hits >= HITS ? VG_WHY_HOLDS : VG_WHY_SEEN_FEW,
                 (double)hits);
    if (hits >= HITS)
        sight(watch, sighting, found->box, found->class_id, found->score);
}

/* ---- one picture --------------------------------------------------------------------------- */

/* Marks where flames may be; the share of the rest that flickers or is not as ever. */
static double mark_flames(const struct vg_watch *watch)
{
    const struct vg_maps *maps = watch->input->maps;
    struct vg_flames *memory = memory_of(watch);
    const uint32_t pixels = maps->size.width * maps->size.height;
    uint32_t rest = 0, restless = 0;
    for (uint32_t i = 0; i < pixels; i++) {
        const bool warm = maps->warm[i] >= WARM_LEAST, flickers = maps->flicker[i] >= FLICKER_LEAST;
        memory->blobs.mark[i] = warm && flickers;
        rest += !warm;
        restless += !warm && (flickers || maps->ground[i] != VG_GROUND_SAME);
    }
    return rest ? (double)restless / (double)rest : 0;
}

static void begin_if_new(const struct vg_watch *watch)
{
    struct vg_flames *memory = memory_of(watch);
    const struct vg_maps *maps = watch->input->maps;
    if (maps->size.width == memory->width && maps->size.height == memory->height &&
        now_of(watch) >= memory->last_us && maps->learnt_us >= memory->learnt_us)
        return;
    const uint32_t numbers = memory->numbers;
    memset(memory, 0, sizeof *memory);
    memory->numbers = numbers;
    memory->restless_us = now_of(watch) - CALM_US;
    memory->width = maps->size.width;
    memory->height = maps->size.height;
}

void vg_fire_watch(const struct vg_watch *watch)
{
    struct vg_flames *memory = memory_of(watch);
    const struct vg_maps *maps = watch->input->maps;
    const uint32_t needs = VG_MAPS_GROUND | VG_MAPS_FLAME;
    bool taken[VG_BLOBS_MAX] = {false};
    struct vg_sighting *sighting = NULL;
    watch_model(watch, &sighting);
    if (!maps || (maps->set & needs) != needs) {
        vg_watch_say(watch, 0, VG_WHY_NO_MAPS, 0);
        return;
    }
    begin_if_new(watch);
    memory->last_us = now_of(watch);
    memory->learnt_us = maps->learnt_us;
    if (maps->learnt_us < LEARN_US) {
        vg_watch_say(watch, 0, VG_WHY_LEARNING, (double)maps->learnt_us / (double)VG_US_PER_S);
        return;
    }
    if (mark_flames(watch) > RESTLESS_MOST)
        memory->restless_us = now_of(watch);
    vg_blobs_find(&memory->blobs, &maps->size, AREA_LEAST);
    for (uint32_t i = 0; i < VG_FLAMES_MAX; i++) {
        struct vg_flame *flame = &memory->flame[i];
        if (!flame->number)
            continue;
        follow(watch, flame, taken);
        if (now_of(watch) - flame->seen_us > GONE_US)
            *flame = (struct vg_flame){0};
        else
            judge(watch, flame, &sighting);
    }
    find_new(watch, taken);
}
