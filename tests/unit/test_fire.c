/* Small stories on hand-made maps: a fire, and what glows, blinks, flutters or walks in its colours. Five
 * pictures a second of 384x240, maps of 96x60. */
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

#define SCENE(more)                                                                          \
    "{\"version\":1,\"name\":\"x\",\"masks\":[{\"polygon\":[[0,0],[0.1,0],[0.1,1],[0,1]]}]," \
    "\"zones\":[{\"id\":\"z\",\"polygon\":[[0.9,0],[1,0],[1,1],[0.9,1]]}],\"rules\":[{"      \
    "\"id\":\"f\",\"severity\":\"high\",\"event\":\"fire\"" more "}]}"

struct bench {
    struct vg_scene *scene;
    struct vg_watcher *watcher;
    struct vg_watch_output output;
    struct vg_maps maps;
    uint8_t luma[PIXELS], blue[PIXELS], red[PIXELS];
    uint8_t long_luma[PIXELS], long_blue[PIXELS], long_red[PIXELS], ground[PIXELS], stays[PIXELS];
    uint8_t warm[PIXELS], flicker[PIXELS];
    struct vg_random random;
    struct vg_detection seen[8];
    uint32_t seen_count;
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
    assert_int_equal(vg_watcher_maps(b->scene), VG_MAPS_GROUND | VG_MAPS_FLAME);
    vg_random_seed(&b->random, 14);
    b->maps = (struct vg_maps){.size = {SHRINK, MAP_W, MAP_H, MAP_W / 4, MAP_H / 4},
                               .set = VG_MAPS_GROUND | VG_MAPS_FLAME,
                               .luma = b->luma,
                               .blue = b->blue,
                               .red = b->red,
                               .long_luma = b->long_luma,
                               .long_blue = b->long_blue,
                               .long_red = b->long_red,
                               .ground = b->ground,
                               .stays = b->stays,
                               .warm = b->warm,
                               .flicker = b->flicker};
}

static void bench_close(struct bench *b)
{
    vg_watcher_close(&b->watcher);
    vg_scene_close(&b->scene);
}

/* A yard in the evening. */
static void empty_view(struct bench *b)
{
    memset(b->luma, 60, PIXELS);
    memset(b->long_luma, 60, PIXELS);
    memset(b->blue, 128, PIXELS);
    memset(b->red, 128, PIXELS);
    memset(b->long_blue, 128, PIXELS);
    memset(b->long_red, 128, PIXELS);
    memset(b->ground, VG_GROUND_SAME, PIXELS);
    memset(b->stays, 255, PIXELS);
    memset(b->warm, 0, PIXELS);
    memset(b->flicker, 0, PIXELS);
    b->seen_count = 0;
}

/* A block in the colours of a flame, brighter in the middle by `more`. */
static void glow(struct bench *b, int left, int top, int width, int height, int luma, int more)
{
    for (int y = top; y < top + height; y++)
        for (int x = left; x < left + width; x++) {
            const bool in = x > left && x < left + width - 1 && y > top && y < top + height - 1;
            const int at = y * MAP_W + x;
            if (x < 0 || y < 0 || x >= MAP_W || y >= MAP_H)
                continue;
            b->luma[at] = (uint8_t)(luma + (in ? more : 0));
            b->red[at] = 165;
            b->blue[at] = 95;
            b->warm[at] = 200;
            b->flicker[at] = 80;
            b->ground[at] = VG_GROUND_MOVING;
        }
}

static void also_in_the_long_background(struct bench *b)
{
    memcpy(b->long_luma, b->luma, PIXELS);
    memcpy(b->long_blue, b->blue, PIXELS);
    memcpy(b->long_red, b->red, PIXELS);
}

static uint32_t look(struct bench *b)
{
    const struct vg_explainer explainer = {hear, b};
    b->maps.time.us = b->maps.learnt_us = (int64_t)(b->now * 1e6);
    b->maps.step_us = b->now > 0 ? STEP_US : 0;
    const struct vg_watch_input input = {.width = WIDTH,
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

static int by_chance(struct bench *b, uint32_t below)
{
    return (int)vg_random_below(&b->random, below);
}

/* Its base stays at row 45, its tongues go up and down. */
static void flames(struct bench *b)
{
    for (int x = 0; x < 8 && b->now >= 4; x += 2) {
        const int high = 4 + by_chance(b, 8);
        glow(b, 40 + x, 46 - high, 4, high, 140 + by_chance(b, 20), 80);
    }
}

static void small_flame(struct bench *b)
{
    const int high = 4 + by_chance(b, 3);
    glow(b, 40, 46 - high, 4 + by_chance(b, 2), high, 150, 80);
}

/* Twice a second, seen five times a second: three levels of light come again and again. */
static void beacon(struct bench *b)
{
    const double phase = fmod(b->now * 2, 1);
    if (phase < 0.35)
        glow(b, 40, 40, 6, 6, 160, 80);
    else if (phase < 0.65)
        glow(b, 41, 41, 4, 4, 150, 40);
    else
        glow(b, 42, 42, 2, 2, 150, 0);
}

/* On for 0.6 s, off for 0.6 s. */
static void sign(struct bench *b)
{
    if (fmod(b->now + 0.05, 1.2) < 0.6)
        glow(b, 40, 40, 10, 4, 160, 80);
}

static void orange_block_passes(struct bench *b)
{
    glow(b, (int)(b->now * 5) % 90, 40, 8 + by_chance(b, 2), 7, 150, 60);
}

static void block_stands_then_goes(struct bench *b)
{
    glow(b, b->now < 15 ? 20 : 20 + (int)((b->now - 15) * 6), 40, 8, 7 + by_chance(b, 2), 110, 10);
}

/* Grows by one row in three seconds, as bright as ever. */
static void sunset(struct bench *b)
{
    glow(b, 20, 5, 50, 8 + (int)(b->now / 3), 150, 80);
}

/* A lamp at 50 Hz under a shutter that beats with it: some levels up and down. */
static void lamp(struct bench *b)
{
    glow(b, 40, 20, 6, 6, 180 + (int)(b->now * 5) % 3, 60);
}

static void tape_in_the_wind(struct bench *b)
{
    glow(b, 40, 40, 12, 6, 150, 60);
    also_in_the_long_background(b);
    memset(b->warm, 0, PIXELS);
    glow(b, 40, 40 + by_chance(b, 2), 12, 3 + by_chance(b, 3), 150, 60);
}

static void coat(struct bench *b)
{
    flames(b);
    b->seen[b->seen_count++] = (struct vg_detection){{150, 100, 50, 110}, 0.6f, VG_CLASS_PERSON};
}

static void lorry(struct bench *b)
{
    flames(b);
    b->seen[b->seen_count++] = (struct vg_detection){{130, 100, 90, 90}, 0.35f, VG_CLASS_TRUCK};
}

/* A house that the detector takes for a bus. */
static void house(struct bench *b)
{
    small_flame(b);
    b->seen[b->seen_count++] = (struct vg_detection){{10, 10, 360, 220}, 0.35f, VG_CLASS_BUS};
}

static void dull_leaves(struct bench *b)
{
    const int high = 4 + by_chance(b, 8);
    glow(b, 40, 46 - high, 6, high, 100, 20);
}

/* The camera shakes: a third of the view is not as ever. */
static void shakes(struct bench *b)
{
    flames(b);
    for (uint32_t i = 0; i < PIXELS; i += 3)
        b->ground[i] = VG_GROUND_MOVING;
}

static void model_finds(struct bench *b)
{
    if (b->now > 5 && (int)(b->now * 5 + 0.5) % 5 < 3)
        b->seen[b->seen_count++] = (struct vg_detection){{100, 100, 30, 40}, 0.7f, VG_CLASS_SMOKE};
}

static void model_finds_once(struct bench *b)
{
    if ((int)(b->now * 5 + 0.5) % 5 < 2)
        b->seen[b->seen_count++] = (struct vg_detection){{100, 100, 30, 40}, 0.7f, VG_CLASS_SMOKE};
}

static void spreads(struct bench *b)
{
    flames(b);
    for (int i = 1; i < 4 && b->now > 6; i++) {
        const int high = 4 + by_chance(b, 6);
        glow(b, 40 - 12 * i, 46 - high, 4, high, 150, 80);
    }
}

static void stories(void **state)
{
    (void)state;
    static const struct {
        const char *name, *rule;
        void (*picture)(struct bench *);
        enum vg_why_not why; /* said in the second half, if nothing is sighted */
        double from;         /* sightings from then on in nearly all pictures; 0: none at all */
    } rows[] = {
        {"flames", "", flames, VG_WHY_HOLDS, 7},
        {"a small flame", "", small_flame, VG_WHY_HOLDS, 5},
        {"spreads", "", spreads, VG_WHY_HOLDS, 7},
        {"a beacon", "", beacon, VG_WHY_BLINKS, 0},
        {"a sign", "", sign, VG_WHY_BLINKS, 0},
        {"an orange block passes", "", orange_block_passes, VG_WHY_MOVES, 0},
        {"a block stands, then goes", "", block_stands_then_goes, VG_WHY_COLOUR, 0},
        {"a sunset", "", sunset, VG_WHY_STEADY, 0},
        {"a lamp", "", lamp, VG_WHY_STEADY, 0},
        {"a tape in the wind", "", tape_in_the_wind, VG_WHY_AS_USUAL, 0},
        {"a coat", "", coat, VG_WHY_CLASS, 0},
        {"a lorry", "", lorry, VG_WHY_CLASS, 0},
        {"a house like a bus", "", house, VG_WHY_HOLDS, 5},
        {"dull leaves", "", dull_leaves, VG_WHY_COLOUR, 0},
        {"the camera shakes", "", shakes, VG_WHY_VIEW, 0},
        {"a model finds smoke", "", model_finds, VG_WHY_HOLDS, 5.4},
        {"a model errs now and then", "", model_finds_once, VG_WHY_SEEN_FEW, 0},
        {"outside", ",\"at\":\"z\"", flames, VG_WHY_OUTSIDE, 0},
        {"not sure enough", ",\"min_score\":1", flames, VG_WHY_SCORE, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b;
        char scene[1024];
        double first = 0;
        uint32_t sighted = 0, looks = 0, said = 0, subject = 0;
        snprintf(scene, sizeof scene, SCENE("%s"), rows[i].rule);
        bench_open(&b, scene);
        while (b.now < 20) {
            const double now = b.now;
            empty_view(&b);
            rows[i].picture(&b);
            const uint32_t count = look(&b);
            said += now >= 10 && b.said[rows[i].why];
            looks += first > 0;
            if (!count)
                continue;
            assert_int_equal(count, 1);
            assert_true(!subject || b.output.sighting[0].subject == subject);
            subject = b.output.sighting[0].subject;
            first = first > 0 ? first : now;
            sighted++;
        }
        if (fabs(first - rows[i].from) > 1)
            fail_msg("%s: from %.1f, not %.1f", rows[i].name, first, rows[i].from);
        if (sighted < looks * 9 / 10)
            fail_msg("%s: %u of %u", rows[i].name, sighted, looks);
        if (!said)
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
    b.maps.set = VG_MAPS_GROUND;
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
        b->warm[i] = (uint8_t)(draw >> 24);
        b->flicker[i] = (uint8_t)(draw >> 12);
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
        flames(&b);
        b.seen[0] = (struct vg_detection){{NAN, 0, INFINITY, 0}, NAN, VG_CLASS_FIRE};
        b.seen[1] = (struct vg_detection){{10, 10, 0, 0}, 0.9f, VG_CLASS_FIRE};
        b.seen[2] = (struct vg_detection){{-1e30f, NAN, 1, 1}, 0.9f, VG_CLASS_PERSON};
        b.seen_count = 3;
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
