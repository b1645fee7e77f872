/* A throng in a calibrated zone: maps and tracks made by hand. Picture 960 x 540, maps of 192 x 108;
 * persons are
 * 108 pixels tall everywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "models/class.h"
#include "tests/unit/event_stage.h"

static const struct stage_settings square = {960, 540, 200000, VG_MAPS_GROUND, 0};

#define HEAD                                                                                   \
    "{\"version\":1,\"name\":\"x\",\"zones\":[{\"id\":\"z\",\"polygon\":[[0.1,0.4],[0.9,0.4]," \
    "[0.9,0.95],[0.1,0.95]]}],\"rules\":[{\"id\":\"r\",\"severity\":\"low\",\"event\":"        \
    "\"density\",\"at\":\"z\",\"over\":12,\"classes\":[\"person\"]}]"
/* Persons of 0.2 of the height; the zone is 4 m wide and 7 m deep. */
#define GROUND                                                                               \
    ",\"calibration\":{\"persons\":[{\"at\":[0.5,0.4],\"height\":0.2},{\"at\":[0.5,0.9],"    \
    "\"height\":0.2}],\"ground\":[{\"at\":[0,0.4],\"m\":[0,7]},{\"at\":[1,0.4],\"m\":[" SIDE \
    ",7]},{\"at\":[1,0.95],\"m\":[" SIDE ",0]},{\"at\":[0,0.95],\"m\":[0,0]}]}"
#define SIDE "5"

static void set_stage(struct stage *b, const char *scene)
{
    stage_open(b, &square, scene);
    assert_true(b->maps.size.width == 192 && b->maps.size.height == 108);
}

/* One picture: `seen` persons tracked of `there`, who cover what so many do side by side. */
static void step(struct stage *b, uint32_t seen, uint32_t there, const struct vg_maps *maps)
{
    memset(b->ground, VG_GROUND_SAME, sizeof b->ground);
    /* each 0.24 of 108 x 108 pixels: 112 map pixels, in squares of four */
    for (uint32_t i = 0; i < there * 112; i++)
        b->ground[(60 + i / 4 / 70 * 2 + i % 4 / 2) * 192 + 26 + i / 4 % 70 * 2 + i % 2] =
            VG_GROUND_MOVING;
    b->track_count = 0;
    for (uint32_t i = 0; i < seen; i++)
        (void)stage_add_track(b, VG_CLASS_PERSON,
                              (struct vg_box){(float)(120 + 17 * i), 250, 40, 108});
    (void)stage_look(b, maps);
}

static double measured(const struct stage *b, const char *name)
{
    for (uint32_t i = 0; i < b->output.measure_count; i++)
        if (strcmp(b->output.measure[i].name, name) == 0)
            return b->output.measure[i].value;
    return -1;
}

static void those_who_are_hidden_are_added(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t seen, there;
        double least, most;
    } rows[] = {
        {"few", 4, 4, 4, 4},
        {"a shadow more", 4, 5, 4, 4.5},
        {"nobody seen", 0, 30, 0, 0},
        {"all seen", 20, 20, 20, 21},
        {"half is hidden", 18, 36, 33, 38},
        {"hardly one is seen", 3, 36, 3, 12}, /* four times at most */
        {"boxes see more", 20, 8, 20, 20},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct stage b;
        set_stage(&b, HEAD GROUND "}");
        for (int k = 0; k < 50; k++)
            step(&b, 4, 4, &b.maps); /* teaches */
        for (int k = 0; k < 20; k++)
            step(&b, rows[i].seen, rows[i].there, &b.maps);
        const double count = measured(&b, "count");
        if (!(count >= rows[i].least && count <= rows[i].most))
            fail_msg("%s: %g", rows[i].name, count);
        const double area = 0.8 * 5 * 7;
        if (!(fabs(measured(&b, "density") - count / area) < 1e-3))
            fail_msg("%s: %g for each m2", rows[i].name, measured(&b, "density"));
        assert_int_equal(b.output.sighting_count, count > 12);
        stage_close(&b);
    }
}

/* Where people cover half as much as their boxes promise, an area is worth twice as many. */
static void an_area_is_worth_what_was_learnt(void **state)
{
    (void)state;
    static struct stage b;
    set_stage(&b, HEAD GROUND "}");
    for (int k = 0; k < 600; k++)
        step(&b, 6, 3, &b.maps);
    step(&b, 12, 15, &b.maps);
    const double count = measured(&b, "count");
    if (!(count > 24 && count < 31))
        fail_msg("%g", count);
    stage_close(&b);
}

static void without_calibration_or_maps_the_boxes_count(void **state)
{
    (void)state;
    static const struct {
        const char *scene;
        bool maps;
        uint32_t wanted; /* maps */
    } rows[] = {{HEAD "}", true, 0}, {HEAD GROUND "}", false, VG_MAPS_GROUND}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct stage b;
        set_stage(&b, rows[i].scene);
        assert_int_equal(vg_watcher_maps(b.scene), rows[i].wanted);
        for (int k = 0; k < 20; k++)
            step(&b, 18, 36, rows[i].maps ? &b.maps : NULL);
        assert_true(fabs(measured(&b, "count") - 18) < 1e-9);
        assert_int_equal(measured(&b, "density") >= 0, rows[i].wanted != 0);
        stage_close(&b);
    }
}

/* Level with the number of people: a person more never makes the count jump. */
static void the_count_rises_without_a_jump(void **state)
{
    (void)state;
    static struct stage b;
    double before = 0;
    set_stage(&b, HEAD GROUND "}");
    for (uint32_t there = 0; there <= 36; there++) {
        step(&b, there < 12 ? there : 12 + (there - 12) / 3, there, &b.maps);
        const double count = measured(&b, "count");
        if (!(count >= before - 0.1 && count - before < 4))
            fail_msg("%u there: %g after %g", there, count, before);
        before = count;
    }
    assert_true(before > 30);
    stage_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_who_are_hidden_are_added),
        cmocka_unit_test(an_area_is_worth_what_was_learnt),
        cmocka_unit_test(without_calibration_or_maps_the_boxes_count),
        cmocka_unit_test(the_count_rises_without_a_jump),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
