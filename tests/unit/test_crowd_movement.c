/* Crowd movement on flows made by hand: persons who stay in their places (the flow alone says how
 * they move), five pictures a second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "models/class.h"
#include "tests/unit/event_stage.h"

#define STEP_US    200000
#define BOX_HEIGHT 96
#define COLUMNS    48
#define CELLS      (COLUMNS * 36)

static const struct stage_settings square = {768, 576, STEP_US, VG_MAPS_FLOW, 0};

#define SCENE                                                                      \
    "{\"version\":1,\"name\":\"x\",\"rules\":[{\"id\":\"r\",\"severity\":\"low\"," \
    "\"event\":\"crowd_movement\"}]}"

static void set_stage(struct stage *b)
{
    stage_open(b, &square, SCENE);
    assert_int_equal(vg_watcher_maps(b->scene), VG_MAPS_FLOW);
    assert_int_equal(b->maps.size.columns * b->maps.size.rows, CELLS);
}

static void add_person(struct stage *b, float x, float y, enum vg_class class_id)
{
    (void)stage_add_track(b, class_id, (struct vg_box){x, y, 48, BOX_HEIGHT});
}

/* The whole view by (x, y) sixteenths. */
static void view_moves(struct stage *b, int x, int y)
{
    for (uint32_t i = 0; i < CELLS; i++) {
        b->flow_x[i] = (int16_t)x;
        b->flow_y[i] = (int16_t)y;
        b->flow_sure[i] = 200;
    }
}

/* Adds heights a second to what the person's cells do. */
static void person_moves(struct stage *b, const struct vg_track *track, double x, double y)
{
    const double unit = BOX_HEIGHT * 16 / 4.0 * STEP_US / 1e6; /* sixteenths a step */
    for (uint32_t i = 0; i < CELLS; i++) {
        const double u = 16 * (i % COLUMNS) + 8.0, v = 16 * (double)(i / COLUMNS) + 8;
        const struct vg_box box = track->box;
        if (u < (double)box.left || v < (double)box.top || u > (double)(box.left + box.width) ||
            v > (double)(box.top + box.height))
            continue;
        b->flow_x[i] = (int16_t)(b->flow_x[i] + x * unit);
        b->flow_y[i] = (int16_t)(b->flow_y[i] + y * unit);
    }
}

static uint32_t look(struct stage *b, const struct vg_maps *maps)
{
    const uint32_t seen = stage_look(b, maps);
    assert_int_equal(b->of_things + b->of_tracks, 0);
    assert_true(b->value >= 0 && b->value < 1000);
    return seen;
}

/* How everybody moves: heights a second, to the right or away from the middle; of every other one,
 * and how many do so. */
struct conduct {
    double seconds, right, outward;
    uint32_t who; /* the first so many; 0: all */
    int shake;    /* of the view, sixteenths, to and fro */
};

/* Pictures in which something held. */
static uint32_t act(struct stage *b, const struct conduct *c)
{
    uint32_t seen = 0;
    for (int picture = 0; picture < (int)(c->seconds * 1e6 / STEP_US); picture++) {
        const int shake = picture % 2 ? c->shake : -c->shake;
        view_moves(b, shake, -shake);
        for (uint32_t i = 0; i < b->track_count; i++) {
            const double side = i % 2 ? 1 : -1;
            if (!c->who || i < c->who)
                person_moves(b, &b->track[i], c->right + side * c->outward, 0);
        }
        seen += look(b, &b->maps);
    }
    return seen;
}

static void what_people_do_at_once(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t persons;
        struct conduct first, then;
        uint32_t least, most; /* pictures of `then` in which it holds */
    } rows[] = {
        {"they walk", 4, {20, 0.8, 0, 0, 0}, {20, 0.8, 0, 0, 0}, 0, 0},
        {"they run", 4, {12, 0.7, 0, 0, 0}, {4, 2.4, 0, 0, 0}, 15, 20},
        {"two run", 2, {12, 0.7, 0, 0, 0}, {4, 2.4, 0, 0, 0}, 15, 20},
        {"they stood and run", 4, {16, 0, 0, 0, 0}, {4, 2.0, 0, 0, 0}, 15, 20},
        {"one of four runs", 4, {12, 0.7, 0, 0, 0}, {4, 2.4, 0, 1, 0}, 0, 0},
        {"one alone runs", 1, {12, 0.7, 0, 0, 0}, {4, 2.4, 0, 0, 0}, 0, 0},
        {"they walk faster", 5, {12, 0.8, 0, 0, 0}, {8, 1.2, 0, 0, 0}, 0, 0},
        {"for a picture", 4, {12, 0.7, 0, 0, 0}, {0.2, 2.4, 0, 0, 0}, 0, 0},
        {"they always run here", 4, {240, 2.0, 0, 0, 0}, {10, 2.2, 0, 0, 0}, 0, 0},
        {"the camera shakes", 4, {12, 0.7, 0, 0, 0}, {6, 0.7, 0, 0, 40}, 0, 0},
        {"they scatter", 6, {12, 0, 0, 0, 0}, {3, 0, 1.3, 0, 0}, 8, 15},
        {"they scatter at a walk", 6, {12, 0, 0, 0, 0}, {6, 0, 0.6, 0, 0}, 0, 0},
        {"they come together", 6, {12, 0, 0, 0, 0}, {3, 0, -1.3, 0, 0}, 8, 15},
        {"three come together", 3, {12, 0, 0, 0, 0}, {3, 0, -1.3, 0, 0}, 0, 0},
        {"the stream turns", 5, {80, 0.8, 0, 0, 0}, {6, -0.8, 0, 0, 0}, 15, 30},
        {"after a short while", 5, {20, 0.8, 0, 0, 0}, {6, -0.8, 0, 0, 0}, 0, 0},
        {"two of five turn", 5, {80, 0.8, 0, 0, 0}, {6, -0.8, 0, 2, 0}, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage b;
        set_stage(&b);
        for (uint32_t k = 0; k < rows[i].persons; k++) /* odd ones on the right */
            add_person(&b, k % 2 ? 500 : 200, (float)(20 + 60 * k), VG_CLASS_PERSON);
        (void)act(&b, &rows[i].first);
        const uint32_t held = act(&b, &rows[i].then);
        if (held < rows[i].least || held > rows[i].most)
            fail_msg("%s: held in %u pictures, not %u to %u (%s)", rows[i].name, held,
                     rows[i].least, rows[i].most, vg_why_not_name(b.why));
        stage_close(&b);
    }
}

static void what_is_shown_and_measured(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b);
    for (uint32_t k = 0; k < 4; k++)
        add_person(&b, 100 + 120 * (float)k, 200, VG_CLASS_PERSON);
    (void)act(&b, &(struct conduct){12, 0.7, 0, 0, 0});
    assert_int_equal(b.why, VG_WHY_AS_USUAL);
    assert_int_equal(b.output.measure_count, 1);
    assert_string_equal(b.output.measure[0].name, "flow");
    assert_true(b.output.measure[0].value > 0.6 && b.output.measure[0].value < 0.8);
    assert_true(act(&b, &(struct conduct){3, 2.4, 0, 3, 0}) > 0);
    assert_int_equal(b.output.sighting[0].subject, 0);
    assert_false(b.output.sighting[0].instant);
    assert_int_equal(b.output.sighting[0].box_count, 3); /* who moves */
    stage_close(&b);
}

static void vehicles_are_no_crowd(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b);
    for (uint32_t k = 0; k < 6; k++)
        add_person(&b, 100 + 90 * (float)k, 200, VG_CLASS_CAR);
    assert_int_equal(act(&b, &(struct conduct){10, 0.5, 0, 0, 0}), 0);
    assert_int_equal(act(&b, &(struct conduct){10, 3, 0, 0, 0}), 0);
    assert_int_equal(b.why, VG_WHY_FEW);
    stage_close(&b);
}

/* Nothing that comes in makes it fall, or say a number that is none. */
static void bad_input(void **state)
{
    (void)state;
    struct stage b;
    set_stage(&b);
    add_person(&b, -500, -500, VG_CLASS_PERSON);
    add_person(&b, 10, 10, VG_CLASS_PERSON);
    b.track[1].box.height = b.track[1].seen.height = 0;
    add_person(&b, 700, 500, VG_CLASS_PERSON);
    b.track[2].box.width = b.track[2].seen.width = 1e9f;
    assert_int_equal(look(&b, NULL), 0);
    assert_int_equal(b.why, VG_WHY_NO_MAPS);
    struct vg_maps maps = b.maps;
    maps.flow_x = maps.flow_y = NULL;
    maps.flow_sure = NULL;
    maps.step_us = 0;
    assert_int_equal(look(&b, &maps), 0);
    assert_int_equal(b.why, VG_WHY_LEARNING);
    maps = b.maps;
    maps.step_us = 5 * VG_US_PER_S;
    assert_int_equal(look(&b, &maps), 0);
    assert_int_equal(b.why, VG_WHY_LEARNING);
    for (int i = 0; i < 50; i++) {
        view_moves(&b, i % 2 ? INT16_MAX : INT16_MIN, INT16_MIN);
        b.now_us -= i % 3 ? 0 : 3 * STEP_US;
        (void)look(&b, &b.maps);
    }
    vg_watcher_reset(b.watcher);
    view_moves(&b, 0, 0);
    (void)look(&b, &b.maps);
    stage_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_people_do_at_once),
        cmocka_unit_test(what_is_shown_and_measured),
        cmocka_unit_test(vehicles_are_no_crowd),
        cmocka_unit_test(bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
