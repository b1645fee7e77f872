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
#include "src/events/watcher.h"
#include "src/maps/maps.h"
#include "src/scene/scene.h"

#define WIDTH   960
#define HEIGHT  540
#define STEP_US 200000
#define MOST    40

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

struct bench {
    struct vg_scene *scene;
    struct vg_watcher *watcher;
    struct vg_watch_output output;
    struct vg_track track[MOST];
    const struct vg_track *list[MOST];
    struct vg_maps maps;
    uint8_t ground[192 * 108];
    int64_t now_us;
};

static void bench_open(struct bench *b, const char *scene)
{
    struct vg_fault fault = {0};
    memset(b, 0, sizeof *b);
    if (vg_scene_parse("x", scene, strlen(scene), &b->scene, &fault))
        fail_msg("%s %s", fault.what, fault.place);
    assert_int_equal(vg_watcher_open(&b->watcher, b->scene), VG_OK);
    b->maps = (struct vg_maps){.size = vg_maps_size(WIDTH, HEIGHT), .set = VG_MAPS_GROUND};
    assert_true(b->maps.size.width == 192 && b->maps.size.height == 108);
    b->maps.ground = b->ground;
}

static void bench_close(struct bench *b)
{
    vg_watcher_close(&b->watcher);
    vg_scene_close(&b->scene);
}

/* One picture: `seen` persons tracked of `there`, who cover what so many do side by side. */
static void step(struct bench *b, uint32_t seen, uint32_t there, const struct vg_maps *maps)
{
    memset(b->ground, VG_GROUND_SAME, sizeof b->ground);
    /* each 0.24 of 108 x 108 pixels: 112 map pixels, in squares of four */
    for (uint32_t i = 0; i < there * 112; i++)
        b->ground[(60 + i / 4 / 70 * 2 + i % 4 / 2) * 192 + 26 + i / 4 % 70 * 2 + i % 2] =
            VG_GROUND_MOVING;
    for (uint32_t i = 0; i < seen; i++) {
        b->track[i] = (struct vg_track){.id = i + 1,
                                        .state = VG_TRACK_CONFIRMED,
                                        .class_id = VG_CLASS_PERSON,
                                        .detected = true,
                                        .score = 0.8f,
                                        .last_seen = {b->now_us},
                                        .box = {(float)(120 + 17 * i), 250, 40, 108}};
        b->list[i] = &b->track[i];
    }
    const struct vg_watch_input input = {.tracks = b->list,
                                         .track_count = seen,
                                         .width = WIDTH,
                                         .height = HEIGHT,
                                         .time = {b->now_us},
                                         .maps = maps};
    vg_watcher_step(b->watcher, &input, &b->output);
    b->now_us += STEP_US;
}

static double measured(const struct bench *b, const char *name)
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
        static struct bench b;
        bench_open(&b, HEAD GROUND "}");
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
        bench_close(&b);
    }
}

/* Where people cover half as much as their boxes promise, an area is worth twice as many. */
static void an_area_is_worth_what_was_learnt(void **state)
{
    (void)state;
    static struct bench b;
    bench_open(&b, HEAD GROUND "}");
    for (int k = 0; k < 600; k++)
        step(&b, 6, 3, &b.maps);
    step(&b, 12, 15, &b.maps);
    const double count = measured(&b, "count");
    if (!(count > 24 && count < 31))
        fail_msg("%g", count);
    bench_close(&b);
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
        static struct bench b;
        bench_open(&b, rows[i].scene);
        assert_int_equal(vg_watcher_maps(b.scene), rows[i].wanted);
        for (int k = 0; k < 20; k++)
            step(&b, 18, 36, rows[i].maps ? &b.maps : NULL);
        assert_true(fabs(measured(&b, "count") - 18) < 1e-9);
        assert_int_equal(measured(&b, "density") >= 0, rows[i].wanted != 0);
        bench_close(&b);
    }
}

/* Level with the number of people: a person more never makes the count jump. */
static void the_count_rises_without_a_jump(void **state)
{
    (void)state;
    static struct bench b;
    double before = 0;
    bench_open(&b, HEAD GROUND "}");
    for (uint32_t there = 0; there <= 36; there++) {
        step(&b, there < 12 ? there : 12 + (there - 12) / 3, there, &b.maps);
        const double count = measured(&b, "count");
        if (!(count >= before - 0.1 && count - before < 4))
            fail_msg("%u there: %g after %g", there, count, before);
        before = count;
    }
    assert_true(before > 30);
    bench_close(&b);
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
