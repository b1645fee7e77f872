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

#include "tests/unit/event_stage.h"

#define STEP_US 200000

static const struct stage_settings street = {384, 240, STEP_US, VG_MAPS_GROUND, 4};

#define SCENE(more)                                                                          \
    "{\"version\":1,\"name\":\"x\",\"masks\":[{\"polygon\":[[0,0],[0.1,0],[0.1,1],[0,1]]}]," \
    "\"zones\":[{\"id\":\"z\",\"polygon\":[[0.9,0],[1,0],[1,1],[0.9,1]]}],\"rules\":[{"      \
    "\"id\":\"o\",\"severity\":\"high\",\"event\":\"abandoned_object\"" more "}]}"

static void set_stage(struct stage *b, const char *scene)
{
    stage_open(b, &street, scene);
    assert_int_equal(vg_watcher_maps(b->scene), VG_MAPS_GROUND);
}

/* A street with some grain, as ever. */
static void empty_view(struct stage *b)
{
    const uint32_t width = b->maps.size.width;
    stage_empty_view(b, 0);
    for (uint32_t i = 0; i < width * b->maps.size.height; i++)
        b->luma[i] = b->long_luma[i] = (uint8_t)(100 + i % width * 7 % 5);
}

static void paint(struct stage *b, int left, int top, int width, int height, int luma,
                  enum vg_ground ground)
{
    const struct stage_area area = {left, top, width, height};
    stage_fill(b, b->luma, area, luma);
    stage_fill(b, b->ground, area, (int)ground);
}

/* Somebody at (x, y) in picture pixels. */
static void walk(struct stage *b, uint32_t index, float x, float y, bool detected)
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
    stage_move(b, track, (struct vg_box){x - 10, y - 50, 20, 50});
}

static uint32_t look(struct stage *b)
{
    b->maps.step_us = b->now_us > 0 ? STEP_US : 0;
    return stage_look(b, &b->maps);
}

/* ---- stories --------------------------------------------------------------------------------- */

/* The thing: 5x5 map pixels from (40, 40): 20x20 pixels, 0.4 of a person's height; its base at
 * (170, 180). It is put down at 10 s and NEW from 11.4 s on. */
#define X 40
#define Y 40

static void thing(struct stage *b, int luma)
{
    if (stage_s(b) >= 10)
        paint(b, X, Y, 5, 5, luma, stage_s(b) < 11.4 ? VG_GROUND_MOVING : VG_GROUND_NEW);
}

/* Comes from the left, is there from 8 s on, goes to the right from `leaves` on, a height a second. */
static void carrier(struct stage *b, double leaves)
{
    const double in = stage_s(b) < 8 ? (8 - stage_s(b)) * 50 : 0;
    const double out = stage_s(b) > leaves ? (stage_s(b) - leaves) * 50 : 0;
    const double x = 155 - in + out;
    walk(b, 0, (float)x, 182, x > 0 && x < 384);
    if (x >= 384)
        b->track_count = 0;
}

static void left_alone(struct stage *b)
{
    carrier(b, 13);
    thing(b, 170);
}

static void stays_by_it(struct stage *b)
{
    carrier(b, 100);
    thing(b, 170);
}

/* So that the height of persons is known. */
static void somebody_far_away(struct stage *b)
{
    walk(b, 0, (float)(100 + stage_s(b)), 90, true);
}

static void nobody_came(struct stage *b)
{
    somebody_far_away(b);
    thing(b, 170);
}

/* Somebody whom the detector does not find: something moves beside. */
static void brought_unseen(struct stage *b)
{
    somebody_far_away(b);
    thing(b, 170);
    if (stage_s(b) > 9 && stage_s(b) < 12)
        paint(b, X + 7, Y - 5, 4, 10, 60, VG_GROUND_MOVING);
}

static void taken_away(struct stage *b)
{
    carrier(b, 13);
    stage_fill(b, b->long_luma, (struct stage_area){X, Y, 5, 5}, 170);
    if (stage_s(b) >= 11.4)
        paint(b, X, Y, 5, 5, 102, VG_GROUND_NEW);
    else
        paint(b, X, Y, 5, 5, 170, VG_GROUND_SAME);
}

/* Brightest in the middle, little at the border. */
static void patch_of_light(struct stage *b)
{
    static const int more[11] = {8, 16, 30, 50, 75, 90, 75, 50, 30, 16, 8};
    carrier(b, 13);
    for (int y = 0; y < 11 && stage_s(b) >= 10; y++)
        for (int x = 0; x < 11; x++) {
            const int by = more[x] < more[y] ? more[x] : more[y];
            paint(b, X + x, Y + y, 1, 1, 102 + by, VG_GROUND_NEW);
        }
}

static void box(struct stage *b, enum vg_class class_id, float score)
{
    stage_show(b, class_id, score, (struct vg_box){158, 158, 24, 24});
}

/* Found now and then only, and weakly: the third time is enough for good. */
static void person_lies(struct stage *b)
{
    left_alone(b);
    if (stage_s(b) > 16 && fmod(stage_s(b), 6) < 0.1)
        box(b, VG_CLASS_PERSON, 0.2f);
}

static void bicycle(struct stage *b)
{
    left_alone(b);
    if (stage_s(b) > 10)
        box(b, VG_CLASS_BICYCLE, 0.4f);
}

static void sways(struct stage *b)
{
    left_alone(b);
    if (stage_s(b) > 16)
        paint(b, X, Y + (int)(stage_s(b) * 5) % 5, 5, 1, 150, VG_GROUND_MOVING);
}

static void turns_its_page(struct stage *b)
{
    carrier(b, 13);
    thing(b, (int)(stage_s(b) / 4) % 2 ? 170 : 220);
}

static void light_changes(struct stage *b)
{
    left_alone(b);
    for (uint32_t i = 0; i < b->maps.size.width * b->maps.size.height && stage_s(b) > 20; i++) {
        b->luma[i] = (uint8_t)(b->luma[i] * 5 / 4);
        b->long_luma[i] = (uint8_t)(b->long_luma[i] * 5 / 4);
    }
}

static void large(struct stage *b)
{
    carrier(b, 13);
    if (stage_s(b) >= 10)
        paint(b, X, 30, 14, 15, 170, VG_GROUND_NEW);
}

static void small(struct stage *b)
{
    carrier(b, 13);
    if (stage_s(b) >= 10)
        paint(b, X, Y + 3, 2, 2, 170, VG_GROUND_NEW);
}

/* A stick on the ground: 0.08 of a person's height thick. */
static void thin(struct stage *b)
{
    carrier(b, 13);
    if (stage_s(b) >= 10)
        paint(b, X, Y + 4, 5, 1, 170, VG_GROUND_NEW);
    if (stage_s(b) >= 11)
        paint(b, X, Y + 4, 6, 1, 170, VG_GROUND_NEW);
}

static void passer_by(struct stage *b)
{
    left_alone(b);
    if (stage_s(b) > 24 && stage_s(b) < 28)
        walk(b, 1, (float)(50 + (stage_s(b) - 24) * 60), 185, true);
    else if (b->track_count > 1)
        b->track_count = 1;
}

static void comes_back(struct stage *b)
{
    left_alone(b);
    if (stage_s(b) > 30) {
        b->track_count = 1;
        walk(b, 0, 150, 185, true);
    }
}

/* Sits down beside, is lost by the tracker, and is still there. */
static void sits_beside(struct stage *b)
{
    carrier(b, 100);
    thing(b, 170);
    if (stage_s(b) > 12)
        paint(b, 36, 33, 4, 12, 60, VG_GROUND_NEW);
    if (stage_s(b) > 14)
        b->track_count = 0;
}

static void thrown_away(struct stage *b)
{
    carrier(b, 13);
    if (stage_s(b) < 30)
        thing(b, 170);
}

static void hidden_for_a_while(struct stage *b)
{
    left_alone(b);
    if (stage_s(b) > 26 && stage_s(b) < 30)
        paint(b, X - 4, Y - 4, 10, 14, 60, VG_GROUND_MOVING);
}

static void camera_was_pushed(struct stage *b)
{
    left_alone(b);
    for (int i = 0; i < 10 && stage_s(b) > 10; i++)
        paint(b, 5 + 8 * i, 10, 4, 4, 160, VG_GROUND_NEW);
}

static void stories(void **state)
{
    (void)state;
    static const struct {
        const char *name, *rule;
        void (*picture)(struct stage *);
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
        struct stage b;
        char scene[1024];
        double first = 0, last = 0;
        snprintf(scene, sizeof scene, SCENE("%s"), rows[i].rule);
        set_stage(&b, scene);
        while (stage_s(&b) < 36) {
            const double now = stage_s(&b);
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
    b.maps.set = 0;
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
        walk(&b, 0, (float)(vg_random_u32(&b.random) % 400), 180, true);
        walk(&b, 1, NAN, INFINITY, true);
        walk(&b, 2, 170, 180, true);
        b.track[2].box = b.track[2].seen = (struct vg_box){170, 180, 0, 0};
        thing(&b, 170);
        box(&b, VG_CLASS_PERSON, NAN);
        b.seen[0].box.left = i % 3 ? NAN : -1e30f;
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
