/* Persons' time by hand-made tracks: the sum of the cells is the sum of persons and seconds, to the
 * millisecond; and a throng's hidden ones lie where they stand. Picture 960 x 540. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/events/heat.h"
#include "tests/unit/event_stage.h"

static const struct stage_settings square = {960, 540, 200000, VG_MAPS_GROUND, 0};

#define PLAIN                                                                                    \
    "{\"version\":1,\"name\":\"x\",\"masks\":[{\"id\":\"m\",\"polygon\":[[0,0],[0.2,0],[0.2,1]," \
    "[0,1]]},{\"id\":\"f\",\"events\":[\"fire\"],\"polygon\":[[0.8,0],[1,0],[1,1],[0.8,1]]}],"   \
    "\"zones\":[{\"id\":\"z\",\"polygon\":[[0,0],[0.3,0],[0.3,0.3]]}],\"rules\":[{\"id\":\"r\"," \
    "\"severity\":\"low\",\"event\":\"density\",\"at\":\"z\",\"over\":12,\"active\":false}]}"

struct play {
    struct vg_heat *heat;
    struct vg_track track[4];
    uint32_t count;
};

static void look(struct play *p, int64_t us)
{
    const struct vg_track *tracks[4];
    struct vg_watch_input input = {.tracks = tracks, .width = 960, .height = 540, .time = {us}};
    for (uint32_t i = 0; i < p->count; i++) {
        tracks[i] = &p->track[i];
        if (p->track[i].detected)
            p->track[i].last_seen.us = us;
    }
    input.track_count = p->count;
    vg_alloc_seal();
    vg_heat_step(p->heat, &input, NULL);
    vg_alloc_unseal();
}

static struct vg_track person_at(float x, float y)
{
    return (struct vg_track){.id = 1,
                             .state = VG_TRACK_CONFIRMED,
                             .class_id = VG_CLASS_PERSON,
                             .detected = true,
                             .box = {x * 960 - 20, y * 540 - 100, 40, 100}};
}

static uint64_t total(const struct play *p)
{
    return vg_heat_grid_total_ms(vg_heat_grid_of(p->heat));
}

/* Who counts: one picture each 200 ms for 10 s, after a first one that stands for nothing. */
static void who_is_counted(void **state)
{
    (void)state;
    struct vg_fault fault;
    struct vg_scene *scene;
    assert_int_equal(vg_scene_parse("x", PLAIN, strlen(PLAIN), &scene, &fault), VG_OK);
    static const struct {
        const char *name;
        enum vg_track_state state;
        enum vg_class class_id;
        float x, y;
        int64_t unseen_us;
        uint64_t want_ms;
        int cell;
    } rows[] = {
        {"a person", VG_TRACK_CONFIRMED, VG_CLASS_PERSON, 0.5F, 0.5F, 0, 10000, 18 * 64 + 32},
        {"missed for a second", VG_TRACK_CONFIRMED, VG_CLASS_PERSON, 0.5F, 0.5F, VG_US_PER_S, 10000,
         18 * 64 + 32},
        {"missed for longer", VG_TRACK_LOST, VG_CLASS_PERSON, 0.5F, 0.5F, VG_US_PER_S + 1, 0, 0},
        {"not yet sure", VG_TRACK_TENTATIVE, VG_CLASS_PERSON, 0.5F, 0.5F, 0, 0, 0},
        {"a car", VG_TRACK_CONFIRMED, VG_CLASS_CAR, 0.5F, 0.5F, 0, 0, 0},
        {"masked", VG_TRACK_CONFIRMED, VG_CLASS_PERSON, 0.1F, 0.5F, 0, 0, 0},
        {"masked for fire", VG_TRACK_CONFIRMED, VG_CLASS_PERSON, 0.9F, 0.5F, 0, 10000,
         18 * 64 + 57},
        {"feet below", VG_TRACK_CONFIRMED, VG_CLASS_PERSON, 0.5F, 1.3F, 0, 10000, 35 * 64 + 32},
        {"nowhere", VG_TRACK_CONFIRMED, VG_CLASS_PERSON, NAN, 0.5F, 0, 0, 0},
    };
    assert_true(vg_heat_wanted(scene) && !vg_heat_wanted(NULL));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct play p = {.count = 1};
        assert_int_equal(vg_heat_open(&p.heat, scene), VG_OK);
        p.track[0] = person_at(rows[i].x, rows[i].y);
        p.track[0].state = rows[i].state;
        p.track[0].class_id = rows[i].class_id;
        p.track[0].detected = rows[i].unseen_us == 0;
        for (int64_t t = 0; t <= 10 * VG_US_PER_S; t += 200000) {
            p.track[0].last_seen.us = t - rows[i].unseen_us;
            look(&p, t);
        }
        const struct vg_heat_grid *grid = vg_heat_grid_of(p.heat);
        if (total(&p) != rows[i].want_ms || grid->cell[rows[i].cell] != rows[i].want_ms)
            fail_msg("%s: %llu", rows[i].name, (unsigned long long)total(&p));
        assert_true(grid->watched_ms == 10000 && grid->pictures == 51);
        assert_true(grid->columns == 64 && grid->rows == 36);
        vg_heat_close(&p.heat);
    }
    vg_scene_close(&scene);
}

/* What a picture stands for, by its time. */
static void time_is_that_of_the_pictures(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t us[6];
        int count;
        uint64_t want_ms;
    } rows[] = {
        {"one", {700000}, 1, 0},
        {"thirds of a second", {0, 333333, 666667, 1000000}, 4, 1000},
        {"below a millisecond", {0, 400, 800, 1200, 1600, 2000}, 6, 2},
        {"a gap counts two seconds", {0, 200000, 60200000, 60400000}, 4, 2400},
        {"back", {5000000, 5200000, 1000000, 1200000}, 4, 400},
        {"before zero", {-1500500, -1000500, -500, 999500}, 4, 2500},
        {"the same", {10, 10, 10}, 3, 0},
        {"the ends", {INT64_MIN / 4, INT64_MAX / 4}, 2, 2000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct play p = {.count = 2};
        assert_int_equal(vg_heat_open(&p.heat, NULL), VG_OK);
        p.track[0] = person_at(0.5F, 0.5F);
        p.track[1] = person_at(0.25F, 0.9F);
        for (int k = 0; k < rows[i].count; k++)
            look(&p, rows[i].us[k]);
        const struct vg_heat_grid *grid = vg_heat_grid_of(p.heat);
        if (total(&p) != 2 * rows[i].want_ms || grid->watched_ms != rows[i].want_ms)
            fail_msg("%s: %llu of %llu", rows[i].name, (unsigned long long)total(&p),
                     (unsigned long long)grid->watched_ms);
        vg_heat_close(&p.heat);
    }
}

/* 29.97 pictures a second for an hour, of persons who come and go: nothing is lost by rounding. */
static void an_hour_is_exact(void **state)
{
    (void)state;
    struct play p = {0};
    uint64_t want = 0;
    int64_t before = 0;
    assert_int_equal(vg_heat_open(&p.heat, NULL), VG_OK);
    for (int64_t k = 0; k < 107893; k++) {
        const int64_t us = k * 1001000000 / 30000;
        p.count = (uint32_t)(k / 1000 % 5);
        for (uint32_t i = 0; i < p.count; i++)
            p.track[i] = person_at((float)(k % 97) / 97, (float)(i + 1) / 5);
        look(&p, us);
        want += p.count * (uint64_t)(us / 1000 - before);
        before = us / 1000;
    }
    assert_int_equal(total(&p), want);
    assert_int_equal(vg_heat_grid_of(p.heat)->watched_ms, before);
    vg_heat_close(&p.heat);
}

/* What is stopped between is not watched, and what follows begins anew. */
static void a_pause_is_no_time(void **state)
{
    (void)state;
    struct play p = {.count = 1};
    assert_int_equal(vg_heat_open(&p.heat, NULL), VG_OK);
    p.track[0] = person_at(0.5F, 0.5F);
    look(&p, 0);
    look(&p, 200000);
    vg_heat_skip(p.heat);
    look(&p, 600000);
    look(&p, 800000);
    assert_int_equal(total(&p), 400);
    vg_heat_close(&p.heat);
}

/* ---- throngs ---- */

#define ZONE(id, left, right)                                                                \
    "{\"id\":\"" id "\",\"polygon\":[[" left ",0.4],[" right ",0.4],[" right ",0.95],[" left \
    ",0.95]]}"
#define RULE(id, at)                                                                            \
    "{\"id\":\"" id "\",\"severity\":\"low\",\"event\":\"density\",\"at\":\"" at "\",\"over\":" \
    "12,\"classes\":[\"person\"]}"
/* Persons of 0.2 of the height; the zone is 4 m wide and 7 m deep. */
#define THRONG                                                                                     \
    "{\"version\":1,\"name\":\"x\",\"zones\":[" ZONE("z", "0.1", "0.9") "," ZONE(                  \
        "y", "0.1", "0.9") "],"                                                                    \
                           "\"rules\":[" RULE("r", "z") "," RULE(                                  \
                               "s", "y") "],\"calibration\":{\"persons\":[{\"at\":["               \
                                         "0.5,0.4],\"height\":0.2},{\"at\":[0.5,0.9],\"height\":"  \
                                         "0.2}],\"ground\":[{\"at\":[0,0.4],"                      \
                                         "\"m\":[0,7]},{\"at\":[1,0.4],\"m\":[5,7]},{\"at\":[1,0." \
                                         "95],\"m\":[5,0]},{\"at\":[0,0.95],"                      \
                                         "\"m\":[0,0]}]}}"

static void add_picture(struct vg_heat *heat, struct stage *b)
{
    const struct vg_track *tracks[STAGE_TRACKS];
    struct vg_watch_input input = {.tracks = tracks,
                                   .track_count = b->track_count,
                                   .width = 960,
                                   .height = 540,
                                   .time = {b->now_us},
                                   .maps = &b->maps};
    for (uint32_t i = 0; i < b->track_count; i++)
        tracks[i] = &b->track[i];
    (void)stage_look(b, &b->maps);
    vg_alloc_seal();
    vg_heat_step(heat, &input, b->watcher);
    vg_alloc_unseal();
}

static double counted(const struct stage *b)
{
    for (uint32_t i = 0; i < b->output.measure_count; i++)
        if (strcmp(b->output.measure[i].name, "count") == 0)
            return b->output.measure[i].value;
    return -1;
}

/* 18 of 36 are seen, in the left half; the map shows the rest right of them. Two zones lie over each
 * other: nobody counts twice. */
static void the_hidden_lie_where_no_box_is(void **state)
{
    (void)state;
    static struct stage b;
    struct vg_heat *heat;
    double want_ms = 0;
    stage_open(&b, &square, THRONG);
    assert_int_equal(vg_heat_open(&heat, b.scene), VG_OK);
    for (uint32_t i = 0; i < 18; i++)
        (void)stage_add_track(&b, VG_CLASS_PERSON,
                              (struct vg_box){(float)(120 + 17 * i), 250, 40, 108});
    stage_fill(&b, b.ground, (struct stage_area){24, 50, 64, 20}, VG_GROUND_MOVING);
    stage_fill(&b, b.ground, (struct stage_area){100, 40, 60, 60}, VG_GROUND_MOVING);
    for (int k = 0; k < 50; k++) {
        add_picture(heat, &b);
        want_ms += k > 0 ? counted(&b) * 200 : 0;
    }
    assert_true(counted(&b) > 25);
    const struct vg_heat_grid *grid = vg_heat_grid_of(heat);
    uint64_t right = 0;
    for (uint32_t i = 0; i < 64 * 36; i++)
        right += i % 64 >= 32 ? grid->cell[i] : 0;
    const double sum_ms = (double)vg_heat_grid_total_ms(grid);
    if (!(fabs(sum_ms - want_ms) <= 1.001))
        fail_msg("%g of %g ms", sum_ms, want_ms);
    const double hidden_ms = want_ms - 18 * 49 * 200;
    if (!(fabs((double)right - hidden_ms) <= 1.001))
        fail_msg("%llu right of the boxes, of %g", (unsigned long long)right, hidden_ms);
    vg_heat_close(&heat);
    stage_close(&b);
}

static void memory_may_be_short(void **state)
{
    (void)state;
    static struct stage b;
    struct vg_heat *heat;
    stage_open(&b, &square, THRONG);
    for (uint32_t n = 1; n < 3; n++) {
        vg_alloc_fail_at(n);
        assert_int_equal(vg_heat_open(&heat, b.scene), VG_E_MEMORY);
        vg_alloc_fail_at(0);
        assert_null(heat);
    }
    stage_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_counted),
        cmocka_unit_test(time_is_that_of_the_pictures),
        cmocka_unit_test(an_hour_is_exact),
        cmocka_unit_test(a_pause_is_no_time),
        cmocka_unit_test(the_hidden_lie_where_no_box_is),
        cmocka_unit_test(memory_may_be_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
