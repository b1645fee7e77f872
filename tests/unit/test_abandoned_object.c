/* Small stories on hand-made maps: who brings a thing and goes, and what only looks like one. Five
 * pictures a second of 384x240, maps of 96x60, persons of 20x50 pixels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/random.h"
#include "src/events/watcher.h"

#define WIDTH   384
#define HEIGHT  240
#define SHRINK  4
#define MAP_W   96
#define MAP_H   60
#define PIXELS  (MAP_W * MAP_H)
#define STEP_US 200000
#define TRACKS  4

#define SCENE(more)                                                                          \
    "{\"version\":1,\"name\":\"x\",\"masks\":[{\"polygon\":[[0,0],[0.1,0],[0.1,1],[0,1]]}]," \
    "\"zones\":[{\"id\":\"z\",\"polygon\":[[0.9,0],[1,0],[1,1],[0.9,1]]}],\"rules\":[{"      \
    "\"id\":\"o\",\"severity\":\"high\",\"event\":\"abandoned_object\"" more "}]}"

struct bench {
    struct vg_scene *scene;
    struct vg_watcher *watcher;
    struct vg_watch_output output;
    struct vg_maps maps;
    uint8_t luma[PIXELS], blue[PIXELS], red[PIXELS];
    uint8_t long_luma[PIXELS], long_blue[PIXELS], long_red[PIXELS], ground[PIXELS], stays[PIXELS];
    struct vg_track track[TRACKS];
    const struct vg_track *list[TRACKS];
    struct vg_detection seen[8];
    uint32_t track_count, seen_count;
    double now;                  /* s */
    uint32_t said[VG_WHY_COUNT]; /* in this picture */
};

static void hear(void *user, uint32_t rule, uint32_t track, enum vg_why_not why, double value)
{
    (void)rule;
    (void)track;
    assert_true(isfinite(value));
    ((struct bench *)user)->said[why]++;
}

static void bench_open(struct bench *b, const char *scene)
{
    struct vg_fault fault = {0};
    memset(b, 0, sizeof *b);
    if (vg_scene_parse("x", scene, strlen(scene), &b->scene, &fault))
        fail_msg("%s %s", fault.what, fault.place);
    assert_int_equal(vg_watcher_open(&b->watcher, b->scene), VG_OK);
    assert_int_equal(vg_watcher_maps(b->scene), VG_MAPS_GROUND);
    b->maps = (struct vg_maps){.size = {SHRINK, MAP_W, MAP_H, MAP_W / 4, MAP_H / 4},
                               .set = VG_MAPS_GROUND,
                               .luma = b->luma,
                               .blue = b->blue,
                               .red = b->red,
                               .long_luma = b->long_luma,
                               .long_blue = b->long_blue,
                               .long_red = b->long_red,
                               .ground = b->ground,
                               .stays = b->stays};
}

static void bench_close(struct bench *b)
{
    vg_watcher_close(&b->watcher);
    vg_scene_close(&b->scene);
}

/* A street with some grain, as ever. */
static void empty_view(struct bench *b)
{
    for (uint32_t i = 0; i < PIXELS; i++)
        b->luma[i] = b->long_luma[i] = (uint8_t)(100 + i % MAP_W * 7 % 5);
    memset(b->blue, 128, PIXELS);
    memset(b->red, 128, PIXELS);
    memset(b->long_blue, 128, PIXELS);
    memset(b->long_red, 128, PIXELS);
    memset(b->ground, VG_GROUND_SAME, PIXELS);
    memset(b->stays, 255, PIXELS);
    b->seen_count = 0;
}

static void paint(struct bench *b, int left, int top, int width, int height, int luma,
                  enum vg_ground ground)
{
    for (int y = top; y < top + height; y++)
        for (int x = left; x < left + width; x++) {
            b->luma[y * MAP_W + x] = (uint8_t)luma;
            b->ground[y * MAP_W + x] = (uint8_t)ground;
        }
}

static void paint_long(struct bench *b, int left, int top, int width, int height, int luma)
{
    for (int y = top; y < top + height; y++)
        memset(b->long_luma + y * MAP_W + left, luma, (size_t)width);
}

/* Somebody at (x, y) in picture pixels; the way he came is remembered as a tracker does. */
static void walk(struct bench *b, uint32_t index, float x, float y, bool detected)
{
    struct vg_track *track = &b->track[index];
    if (b->track_count <= index)
        b->track_count = index + 1;
    track->id = index + 1;
    track->state = VG_TRACK_CONFIRMED;
    track->class_id = VG_CLASS_PERSON;
    track->detected = detected;
    if (!detected)
        return;
    track->score = 0.8f;
    track->box = track->seen = (struct vg_box){x - 10, y - 50, 20, 50};
    track->last_seen.us = (int64_t)(b->now * 1e6);
    track->history[(track->history_first + track->history_count) % VG_TRACK_HISTORY_SIZE] =
        (struct vg_track_step){{(int64_t)(b->now * 1e6)}, {x, y}};
    if (track->history_count < VG_TRACK_HISTORY_SIZE)
        track->history_count++;
    else
        track->history_first = (track->history_first + 1) % VG_TRACK_HISTORY_SIZE;
}

static uint32_t look(struct bench *b)
{
    const struct vg_explainer explainer = {hear, b};
    for (uint32_t i = 0; i < b->track_count; i++)
        b->list[i] = &b->track[i];
    b->maps.time.us = b->maps.learnt_us = (int64_t)(b->now * 1e6);
    b->maps.step_us = b->now > 0 ? STEP_US : 0;
    const struct vg_watch_input input = {.tracks = b->list,
                                         .track_count = b->track_count,
                                         .width = WIDTH,
                                         .height = HEIGHT,
                                         .time = {(int64_t)(b->now * 1e6)},
                                         .explainer = &explainer,
                                         .detections = b->seen,
                                         .detection_count = b->seen_count,
                                         .maps = &b->maps};
    memset(b->said, 0, sizeof b->said);
    vg_alloc_seal();
    vg_watcher_step(b->watcher, &input, &b->output);
    vg_alloc_unseal();
    b->now += STEP_US / 1e6;
    return b->output.sighting_count;
}

/* ---- stories --------------------------------------------------------------------------------- */

/* The thing: 5x5 map pixels from (40, 40): 20x20 pixels, 0.4 of a person's height; its base at
 * (170, 180). It is put down at 10 s and NEW from 11.4 s on. */
#define X 40
#define Y 40

static void thing(struct bench *b, int luma)
{
    if (b->now >= 10)
        paint(b, X, Y, 5, 5, luma, b->now < 11.4 ? VG_GROUND_MOVING : VG_GROUND_NEW);
}

/* Comes from the left, is there from 8 s on, goes to the right from `leaves` on, a height a second. */
static void carrier(struct bench *b, double leaves)
{
    const double in = b->now < 8 ? (8 - b->now) * 50 : 0;
    const double out = b->now > leaves ? (b->now - leaves) * 50 : 0;
    const double x = 155 - in + out;
    walk(b, 0, (float)x, 182, x > 0 && x < WIDTH);
    if (x >= WIDTH)
        b->track_count = 0;
}

static void left_alone(struct bench *b)
{
    carrier(b, 13);
    thing(b, 170);
}

static void stays_by_it(struct bench *b)
{
    carrier(b, 100);
    thing(b, 170);
}

/* So that the height of persons is known. */
static void somebody_far_away(struct bench *b)
{
    walk(b, 0, (float)(100 + b->now), 90, true);
}

static void nobody_came(struct bench *b)
{
    somebody_far_away(b);
    thing(b, 170);
}

/* Somebody whom the detector does not find: something moves beside. */
static void brought_unseen(struct bench *b)
{
    somebody_far_away(b);
    thing(b, 170);
    if (b->now > 9 && b->now < 12)
        paint(b, X + 7, Y - 5, 4, 10, 60, VG_GROUND_MOVING);
}

static void taken_away(struct bench *b)
{
    carrier(b, 13);
    paint_long(b, X, Y, 5, 5, 170);
    if (b->now >= 11.4)
        paint(b, X, Y, 5, 5, 102, VG_GROUND_NEW);
    else
        paint(b, X, Y, 5, 5, 170, VG_GROUND_SAME);
}

/* Brightest in the middle, little at the border. */
static void patch_of_light(struct bench *b)
{
    static const int more[11] = {8, 16, 30, 50, 75, 90, 75, 50, 30, 16, 8};
    carrier(b, 13);
    for (int y = 0; y < 11 && b->now >= 10; y++)
        for (int x = 0; x < 11; x++) {
            const int by = more[x] < more[y] ? more[x] : more[y];
            paint(b, X + x, Y + y, 1, 1, 102 + by, VG_GROUND_NEW);
        }
}

static void box(struct bench *b, enum vg_class class_id, float score)
{
    b->seen[b->seen_count++] = (struct vg_detection){{158, 158, 24, 24}, score, class_id};
}

/* Found now and then only, and weakly: the third time is enough for good. */
static void person_lies(struct bench *b)
{
    left_alone(b);
    if (b->now > 16 && fmod(b->now, 6) < 0.2)
        box(b, VG_CLASS_PERSON, 0.2f);
}

static void bicycle(struct bench *b)
{
    left_alone(b);
    if (b->now > 10)
        box(b, VG_CLASS_BICYCLE, 0.4f);
}

static void sways(struct bench *b)
{
    left_alone(b);
    if (b->now > 16)
        paint(b, X, Y + (int)(b->now * 5) % 5, 5, 1, 150, VG_GROUND_MOVING);
}

static void turns_its_page(struct bench *b)
{
    carrier(b, 13);
    thing(b, (int)(b->now / 4) % 2 ? 170 : 220);
}

static void light_changes(struct bench *b)
{
    left_alone(b);
    for (uint32_t i = 0; i < PIXELS && b->now > 20; i++) {
        b->luma[i] = (uint8_t)(b->luma[i] * 5 / 4);
        b->long_luma[i] = (uint8_t)(b->long_luma[i] * 5 / 4);
    }
}

static void large(struct bench *b)
{
    carrier(b, 13);
    if (b->now >= 10)
        paint(b, X, 30, 14, 15, 170, VG_GROUND_NEW);
}

static void small(struct bench *b)
{
    carrier(b, 13);
    if (b->now >= 10)
        paint(b, X, Y + 3, 2, 2, 170, VG_GROUND_NEW);
}

/* A stick on the ground: 0.08 of a person's height thick. */
static void thin(struct bench *b)
{
    carrier(b, 13);
    if (b->now >= 10)
        paint(b, X, Y + 4, 5, 1, 170, VG_GROUND_NEW);
    if (b->now >= 11)
        paint(b, X, Y + 4, 6, 1, 170, VG_GROUND_NEW);
}

static void passer_by(struct bench *b)
{
    left_alone(b);
    if (b->now > 24 && b->now < 28)
        walk(b, 1, (float)(50 + (b->now - 24) * 60), 185, true);
    else if (b->track_count > 1)
        b->track_count = 1;
}

static void comes_back(struct bench *b)
{
    left_alone(b);
    if (b->now > 30) {
        b->track_count = 1;
        walk(b, 0, 150, 185, true);
    }
}

/* Sits down beside, is lost by the tracker, and is still there. */
static void sits_beside(struct bench *b)
{
    carrier(b, 100);
    thing(b, 170);
    if (b->now > 12)
        paint(b, 36, 33, 4, 12, 60, VG_GROUND_NEW);
    if (b->now > 14)
        b->track_count = 0;
}

static void thrown_away(struct bench *b)
{
    carrier(b, 13);
    if (b->now < 30)
        thing(b, 170);
}

static void hidden_for_a_while(struct bench *b)
{
    left_alone(b);
    if (b->now > 26 && b->now < 30)
        paint(b, X - 4, Y - 4, 10, 14, 60, VG_GROUND_MOVING);
}

static void camera_was_pushed(struct bench *b)
{
    left_alone(b);
    for (int i = 0; i < 10 && b->now > 10; i++)
        paint(b, 5 + 8 * i, 10, 4, 4, 160, VG_GROUND_NEW);
}

static void stories(void **state)
{
    (void)state;
    static const struct {
        const char *name, *rule;
        void (*picture)(struct bench *);
        enum vg_why_not why; /* said at 36 s */
        double from, to;     /* sightings begin and end, s; 0: none, or none so far */
    } rows[] = {
        {"left alone", "", left_alone, VG_WHY_HOLDS, 15, 0},
        {"stays by it", "", stays_by_it, VG_WHY_ATTENDED, 0, 0},
        {"nobody came", "", nobody_came, VG_WHY_UNBROUGHT, 0, 0},
        {"brought unseen", "", brought_unseen, VG_WHY_HOLDS, 22, 0},
        {"taken away", "", taken_away, VG_WHY_UNCOVERED, 0, 0},
        {"a patch of light", "", patch_of_light, VG_WHY_SHADE, 0, 0},
        {"a person lies", "", person_lies, VG_WHY_PERSON, 15, 30},
        {"a bicycle", "", bicycle, VG_WHY_CLASS, 0, 0},
        {"sways", "", sways, VG_WHY_MOVES, 15, 17.5},
        {"turns its page", "", turns_its_page, VG_WHY_MOVES, 15, 18.5},
        {"the light changes", "", light_changes, VG_WHY_HOLDS, 15, 0},
        {"large", "", large, VG_WHY_LARGE, 0, 0},
        {"small", "", small, VG_WHY_SMALL, 0, 0},
        {"thin", "", thin, VG_WHY_COUNT, 0, 0},
        {"somebody passes", "", passer_by, VG_WHY_HOLDS, 15, 0},
        {"comes back", "", comes_back, VG_WHY_ATTENDED, 15, 30},
        {"sits beside", "", sits_beside, VG_WHY_PERSON, 0, 0},
        {"thrown away", "", thrown_away, VG_WHY_COUNT, 15, 30},
        {"hidden for a while", "", hidden_for_a_while, VG_WHY_HOLDS, 15, 0},
        {"the camera was pushed", "", camera_was_pushed, VG_WHY_VIEW, 0, 0},
        {"outside", ",\"at\":\"z\"", left_alone, VG_WHY_OUTSIDE, 0, 0},
        {"not sure enough", ",\"min_score\":1", left_alone, VG_WHY_SCORE, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b;
        char scene[1024];
        double first = 0, last = 0;
        snprintf(scene, sizeof scene, SCENE("%s"), rows[i].rule);
        bench_open(&b, scene);
        while (b.now < 36) {
            const double now = b.now;
            empty_view(&b);
            rows[i].picture(&b);
            if (look(&b) == 0)
                continue;
            assert_true(b.output.sighting[0].subject > VG_SUBJECT_THING);
            first = first > 0 ? first : now;
            last = now;
        }
        if (fabs(first - rows[i].from) > 1)
            fail_msg("%s: from %.1f, not %.1f", rows[i].name, first, rows[i].from);
        if (fabs(last - (rows[i].to > 0 ? rows[i].to : first > 0 ? 35.8 : 0)) > 2.1)
            fail_msg("%s: to %.1f, not %.1f", rows[i].name, last, rows[i].to);
        if (rows[i].why < VG_WHY_COUNT && !b.said[rows[i].why])
            fail_msg("%s: %s is not said", rows[i].name, vg_why_not_name(rows[i].why));
        bench_close(&b);
    }
}

/* ---- what else may come ---------------------------------------------------------------------- */

static void says_what_is_missing(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, SCENE(""));
    empty_view(&b);
    look(&b);
    assert_int_equal(b.said[VG_WHY_LEARNING], 1);
    b.maps.set = 0;
    look(&b);
    assert_int_equal(b.said[VG_WHY_NO_MAPS], 1);
    const struct vg_explainer explainer = {hear, &b};
    const struct vg_watch_input none = {
        .width = WIDTH, .height = HEIGHT, .time = {900000}, .explainer = &explainer};
    memset(b.said, 0, sizeof b.said);
    vg_watcher_step(b.watcher, &none, &b.output);
    assert_int_equal(b.said[VG_WHY_NO_MAPS], 1);
    bench_close(&b);
}

static void scribble(struct bench *b, struct vg_random *random)
{
    for (uint32_t i = 0; i < PIXELS; i++) {
        const uint32_t draw = vg_random_u32(random);
        b->luma[i] = (uint8_t)draw;
        b->long_luma[i] = (uint8_t)(draw >> 8);
        b->red[i] = (uint8_t)(draw >> 16);
        b->ground[i] = (uint8_t)(draw % 11 < 4 ? draw % 11 : 3);
        b->stays[i] = (uint8_t)(draw >> 24);
    }
}

/* Noise over all, boxes that are none, times that go back: nothing is said that is not a number. */
static void takes_anything(void **state)
{
    (void)state;
    struct bench b;
    struct vg_random random;
    vg_random_seed(&random, 14);
    bench_open(&b, SCENE(""));
    for (int i = 0; i < 300; i++) {
        empty_view(&b);
        if (i % 50 > 20)
            scribble(&b, &random);
        walk(&b, 0, (float)(vg_random_u32(&random) % 400), 180, true);
        walk(&b, 1, NAN, INFINITY, true);
        walk(&b, 2, 170, 180, true);
        b.track[2].box = b.track[2].seen = (struct vg_box){170, 180, 0, 0};
        thing(&b, 170);
        box(&b, VG_CLASS_PERSON, NAN);
        b.seen[0].box.left = i % 3 ? NAN : -1e30f;
        if (i % 97 == 96)
            b.now = 1;
        if (i == 150)
            b.maps.size = (struct vg_maps_size){SHRINK, 1, 1, 1, 1};
        if (i == 160)
            b.maps.size = (struct vg_maps_size){SHRINK, MAP_W, MAP_H, MAP_W / 4, MAP_H / 4};
        look(&b);
        for (uint32_t k = 0; k < b.output.sighting_count; k++)
            assert_true(isfinite(b.output.sighting[k].score));
    }
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stories),
        cmocka_unit_test(says_what_is_missing),
        cmocka_unit_test(takes_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
