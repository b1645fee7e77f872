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

#include "tests/unit/event_stage.h"

#define STEP_US 200000

static const struct stage_settings yard = {384, 240, STEP_US, VG_MAPS_GROUND | VG_MAPS_FLAME, 4};

#define SCENE(more)                                                                          \
    "{\"version\":1,\"name\":\"x\",\"masks\":[{\"polygon\":[[0,0],[0.1,0],[0.1,1],[0,1]]}]," \
    "\"zones\":[{\"id\":\"z\",\"polygon\":[[0.9,0],[1,0],[1,1],[0.9,1]]}],\"rules\":[{"      \
    "\"id\":\"f\",\"severity\":\"high\",\"event\":\"fire\"" more "}]}"

static void set_stage(struct stage *b, const char *scene)
{
    stage_open(b, &yard, scene);
    assert_int_equal(vg_watcher_maps(b->scene), VG_MAPS_GROUND | VG_MAPS_FLAME);
}

/* A yard in the evening. */
static void empty_view(struct stage *b)
{
    stage_empty_view(b, 60);
}

/* A block in the colours of a flame, brighter in the middle by `more`. */
static void glow(struct stage *b, int left, int top, int width, int height, int luma, int more)
{
    const struct stage_area area = {left, top, width, height};
    stage_fill(b, b->luma, area, luma);
    stage_fill(b, b->luma, (struct stage_area){left + 1, top + 1, width - 2, height - 2},
               luma + more);
    stage_fill(b, b->red, area, 165);
    stage_fill(b, b->blue, area, 95);
    stage_fill(b, b->warm, area, 200);
    stage_fill(b, b->flicker, area, 80);
    stage_fill(b, b->ground, area, VG_GROUND_MOVING);
}

static void also_in_the_long_background(struct stage *b)
{
    memcpy(b->long_luma, b->luma, sizeof b->luma);
    memcpy(b->long_blue, b->blue, sizeof b->blue);
    memcpy(b->long_red, b->red, sizeof b->red);
}

static uint32_t look(struct stage *b)
{
    b->maps.step_us = b->now_us > 0 ? STEP_US : 0;
    return stage_look(b, &b->maps);
}

/* ---- stories --------------------------------------------------------------------------------- */

static int by_chance(struct stage *b, uint32_t below)
{
    return (int)vg_random_below(&b->random, below);
}

/* Its base stays at row 45, its tongues go up and down. */
static void flames(struct stage *b)
{
    for (int x = 0; x < 8 && stage_s(b) >= 4; x += 2) {
        const int high = 4 + by_chance(b, 8);
        glow(b, 40 + x, 46 - high, 4, high, 140 + by_chance(b, 20), 80);
    }
}

static void small_flame(struct stage *b)
{
    const int high = 4 + by_chance(b, 3);
    glow(b, 40, 46 - high, 4 + by_chance(b, 2), high, 150, 80);
}

/* Twice a second, seen five times a second: three levels of light come again and again. */
static void beacon(struct stage *b)
{
    const double phase = fmod(stage_s(b) * 2, 1);
    if (phase < 0.35)
        glow(b, 40, 40, 6, 6, 160, 80);
    else if (phase < 0.65)
        glow(b, 41, 41, 4, 4, 150, 40);
    else
        glow(b, 42, 42, 2, 2, 150, 0);
}

/* On for 0.6 s, off for 0.6 s. */
static void sign(struct stage *b)
{
    if (fmod(stage_s(b) + 0.05, 1.2) < 0.6)
        glow(b, 40, 40, 10, 4, 160, 80);
}

static void orange_block_passes(struct stage *b)
{
    glow(b, (int)(stage_s(b) * 5) % 90, 40, 8 + by_chance(b, 2), 7, 150, 60);
}

static void block_stands_then_goes(struct stage *b)
{
    glow(b, stage_s(b) < 15 ? 20 : 20 + (int)((stage_s(b) - 15) * 6), 40, 8, 7 + by_chance(b, 2),
         110, 10);
}

/* Grows by one row in three seconds, as bright as ever. */
static void sunset(struct stage *b)
{
    glow(b, 20, 5, 50, 8 + (int)(stage_s(b) / 3), 150, 80);
}

/* A lamp at 50 Hz under a shutter that beats with it: some levels up and down. */
static void lamp(struct stage *b)
{
    glow(b, 40, 20, 6, 6, 180 + (int)(stage_s(b) * 5) % 3, 60);
}

static void tape_in_the_wind(struct stage *b)
{
    glow(b, 40, 40, 12, 6, 150, 60);
    also_in_the_long_background(b);
    memset(b->warm, 0, sizeof b->warm);
    glow(b, 40, 40 + by_chance(b, 2), 12, 3 + by_chance(b, 3), 150, 60);
}

static void coat(struct stage *b)
{
    flames(b);
    stage_show(b, VG_CLASS_PERSON, 0.6f, (struct vg_box){150, 100, 50, 110});
}

static void lorry(struct stage *b)
{
    flames(b);
    stage_show(b, VG_CLASS_TRUCK, 0.35f, (struct vg_box){130, 100, 90, 90});
}

/* A house that the detector takes for a bus. */
static void house(struct stage *b)
{
    small_flame(b);
    stage_show(b, VG_CLASS_BUS, 0.35f, (struct vg_box){10, 10, 360, 220});
}

static void dull_leaves(struct stage *b)
{
    const int high = 4 + by_chance(b, 8);
    glow(b, 40, 46 - high, 6, high, 100, 20);
}

/* The camera shakes: a third of the view is not as ever. */
static void shakes(struct stage *b)
{
    flames(b);
    for (uint32_t i = 0; i < b->maps.size.width * b->maps.size.height; i += 3)
        b->ground[i] = VG_GROUND_MOVING;
}

static void model_finds(struct stage *b)
{
    if (stage_s(b) > 5 && (int)(stage_s(b) * 5 + 0.5) % 5 < 3)
        stage_show(b, VG_CLASS_SMOKE, 0.7f, (struct vg_box){100, 100, 30, 40});
}

static void model_finds_once(struct stage *b)
{
    if ((int)(stage_s(b) * 5 + 0.5) % 5 < 2)
        stage_show(b, VG_CLASS_SMOKE, 0.7f, (struct vg_box){100, 100, 30, 40});
}

static void spreads(struct stage *b)
{
    flames(b);
    for (int i = 1; i < 4 && stage_s(b) > 6; i++) {
        const int high = 4 + by_chance(b, 6);
        glow(b, 40 - 12 * i, 46 - high, 4, high, 150, 80);
    }
}

static void stories(void **state)
{
    (void)state;
    static const struct {
        const char *name, *rule;
        void (*picture)(struct stage *);
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
        struct stage b;
        char scene[1024];
        double first = 0;
        uint32_t sighted = 0, looks = 0, said = 0, subject = 0;
        snprintf(scene, sizeof scene, SCENE("%s"), rows[i].rule);
        set_stage(&b, scene);
        while (stage_s(&b) < 20) {
            const double now = stage_s(&b);
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
        stage_close(&b);
    }
}

/* ---- what else may come ---------------------------------------------------------------------- */

static void says_what_is_missing(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b, SCENE(""));
    empty_view(&b);
    look(&b);
    assert_int_equal(b.said[VG_WHY_LEARNING], 1);
    b.maps.set = VG_MAPS_GROUND;
    look(&b);
    assert_int_equal(b.said[VG_WHY_NO_MAPS], 1);
    stage_look(&b, NULL);
    assert_int_equal(b.said[VG_WHY_NO_MAPS], 1);
    stage_close(&b);
}

/* Noise over all, boxes that are none, times that go back: nothing is said that is not a number. */
static void takes_anything(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b, SCENE(""));
    const struct vg_maps_size size = b.maps.size;
    for (int i = 0; i < 300; i++) {
        empty_view(&b);
        if (i % 50 > 20)
            stage_scribble(&b);
        flames(&b);
        stage_show(&b, VG_CLASS_FIRE, NAN, (struct vg_box){NAN, 0, INFINITY, 0});
        stage_show(&b, VG_CLASS_FIRE, 0.9f, (struct vg_box){10, 10, 0, 0});
        stage_show(&b, VG_CLASS_PERSON, 0.9f, (struct vg_box){-1e30f, NAN, 1, 1});
        if (i % 97 == 96)
            b.now_us = VG_US_PER_S;
        if (i == 150)
            b.maps.size = (struct vg_maps_size){4, 1, 1, 1, 1};
        if (i == 160)
            b.maps.size = size;
        look(&b);
    }
    stage_close(&b);
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
