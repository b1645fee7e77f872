/* The view of a flux and its rules, in the chain that batch and live share: somebody walks to and
 * fro through a line before a camera that is turned, covered or put out, or that comes back after a
 * while; and what of it outlives the process. Pictures are of a scene made here, boxes are given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scheduler/chain.h"
#include "scheduler/live_sight.h"
#include "scheduler/sight_file.h"
#include "src/base/alloc.h"
#include "src/base/file.h"
#include "tests/store_fixture.h"
#include "tests/view_scene.h"

#define S   VG_US_PER_S
#define FPS 5

/* no hold and a short cooldown: each walk through the line is an alert */
static const char scene_text[] =
    "{\"version\":1,\"name\":\"x\","
    "\"zones\":[{\"id\":\"z\",\"polygon\":[[0.55,0],[1,0],[1,1],[0.55,1]]}],"
    "\"lines\":[{\"id\":\"l\",\"points\":[[0.5,0],[0.5,1]]}],\"rules\":["
    "{\"id\":\"line\",\"severity\":\"low\",\"event\":\"crossing\",\"at\":\"l\",\"cooldown_s\":1},"
    "{\"id\":\"zone\",\"severity\":\"low\",\"event\":\"crossing\",\"at\":\"z\",\"hold_s\":1,"
    "\"cooldown_s\":1}]}";

enum {
    LINE,
    ZONE
};

struct bench {
    struct vg_scene *scene;
    struct vg_view_scene *place;
    struct vg_view_lens *lens;
    struct vg_chain *chain;
    struct vg_view_scene_camera camera;
    struct vg_picture picture;
    int64_t drawn_us; /* when that was; -1: draw it anew */
    int64_t now_us;
    uint32_t epoch;
    double x; /* of the person's foot; below 0: nobody */
    uint32_t raised[2];
};

static void bench_open(struct bench *b)
{
    struct vg_fault fault;
    *b = (struct bench){.drawn_us = -1, .x = -1, .camera = {.noise = 2}};
    assert_int_equal(vg_scene_parse("x", scene_text, strlen(scene_text), &b->scene, &fault), VG_OK);
    b->place = vg_view_scene_open(1);
    assert_non_null(b->place);
    assert_int_equal(vg_view_lens_open(&b->lens), VG_OK);
    assert_int_equal(vg_chain_open(&b->chain, b->scene, VG_CHAIN_MAKES_MAPS), VG_OK);
}

static void bench_close(struct bench *b)
{
    vg_chain_close(&b->chain);
    vg_view_lens_close(&b->lens);
    vg_view_scene_close(&b->place);
    vg_scene_close(&b->scene);
}

static const struct vg_view_health *health(const struct bench *b)
{
    return vg_view_watch_health(vg_chain_view(b->chain)->watch);
}

/* Another picture four times a second is as good as one each time. */
static void draw(struct bench *b)
{
    if (b->drawn_us >= 0 && b->now_us - b->drawn_us < S / 4)
        return;
    b->picture = vg_view_scene_picture(b->place, &b->camera, (uint32_t)(b->now_us / (S / FPS)));
    b->drawn_us = b->now_us;
}

static void one_picture(struct bench *b)
{
    draw(b);
    const float x = (float)b->x * VG_SCENE_WIDTH;
    const struct vg_detection person = {.box = {x - 15, 150, 30, 90}, .score = 0.9f};
    const struct vg_chain_input input = {
        .detections = &person,
        .detection_count = b->x >= 0,
        .width = VG_SCENE_WIDTH,
        .height = VG_SCENE_HEIGHT,
        .epoch = b->epoch,
        .picture = &b->picture,
        .lens = b->lens,
        .moment = {.media = {b->now_us}},
    };
    struct vg_chain_output seen;
    vg_chain_track(b->chain, &input, &seen);
    vg_chain_judge(b->chain, &input, &seen);
    for (uint32_t i = 0; i < seen.alert_count; i++)
        b->raised[seen.alerts[i].rule]++;
    b->now_us += S / FPS;
}

/* From 0.2 to 0.8 and back in eight seconds: through the line every four, a while in the zone. */
static void walk(struct bench *b, int seconds)
{
    for (int i = 0; i < seconds * FPS; i++) {
        const double phase = (double)(b->now_us % (8 * S)) / (double)(8 * S);
        b->x = 0.2 + 1.2 * (phase < 0.5 ? phase : 1 - phase);
        one_picture(b);
    }
}

static void stand(struct bench *b, double x, int pictures)
{
    b->x = x;
    for (int i = 0; i < pictures; i++)
        one_picture(b);
}

static void forget_alerts(struct bench *b)
{
    memset(b->raised, 0, sizeof b->raised);
}

static void a_view_that_is_gone_suspends_rules(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct vg_view_scene_camera camera;
        enum vg_view_state want;
        uint32_t let; /* alerts that may come before it is told what it is */
    } rows[] = {
        {"turned", {.noise = 2, .right = 0.2}, VG_VIEW_MOVED, 0},
        {"nearer", {.noise = 2, .nearer = 0.4}, VG_VIEW_MOVED, 0},
        {"black", {.noise = 0.5, .gain = 0.001}, VG_VIEW_BLACK, 0},
        {"covered", {.noise = 2, .cover = 0.9, .cover_luma = 90}, VG_VIEW_MASKED, 0},
        {"frozen", {.noise = 2, .frozen = 1}, VG_VIEW_FROZEN, 6},
        {"blurred", {.noise = 2, .blur = 6}, VG_VIEW_BLURRED, 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b;
        bench_open(&b);
        walk(&b, 24);
        if (b.raised[LINE] < 4 || b.raised[ZONE] < 2)
            fail_msg("%s: %u and %u alerts before", rows[i].name, b.raised[LINE], b.raised[ZONE]);
        forget_alerts(&b);
        b.camera = rows[i].camera;
        b.drawn_us = -1;
        walk(&b, 16);
        if (health(&b)->state != rows[i].want)
            fail_msg("%s: it is %s", rows[i].name, vg_view_state_name(health(&b)->state));
        if (b.raised[LINE] + b.raised[ZONE] > rows[i].let)
            fail_msg("%s: %u and %u alerts", rows[i].name, b.raised[LINE], b.raised[ZONE]);
        forget_alerts(&b);
        walk(&b, 8);
        if (b.raised[LINE] + b.raised[ZONE] > 0)
            fail_msg("%s: alerts while it is so", rows[i].name);
        b.camera = (struct vg_view_scene_camera){.noise = 2};
        b.drawn_us = -1;
        walk(&b, 24);
        if (health(&b)->state != VG_VIEW_SMALL || b.raised[LINE] < 2 || b.raised[ZONE] < 1)
            fail_msg("%s: %s after it, %u and %u alerts", rows[i].name,
                     vg_view_state_name(health(&b)->state), b.raised[LINE], b.raised[ZONE]);
        bench_close(&b);
    }
}

/* Who stands on one side of the line stands on the other when the camera turns a little, between
 * two looks. */
static void the_turn_itself_raises_nothing(void **state)
{
    (void)state;
    for (int turns = 0; turns < 2; turns++)
        for (int later = 0; later < FPS; later++) { /* pictures after a look */
            struct bench b;
            bench_open(&b);
            stand(&b, 0.475, 8 * FPS + later);
            assert_int_equal(b.raised[LINE] + b.raised[ZONE], 0);
            b.camera.right = turns ? -0.05 : 0;
            b.drawn_us = -1;
            stand(&b, 0.525, 20 * FPS);
            if (b.raised[LINE] != !turns)
                fail_msg("turned %d, %d pictures after a look: %u alerts", turns, later,
                         b.raised[LINE]);
            assert_int_equal(health(&b)->state, turns ? VG_VIEW_MOVED : VG_VIEW_SMALL);
            bench_close(&b);
        }
    /* the camera turns back: nothing, either; one that did not turn: both rules */
    struct bench b;
    bench_open(&b);
    stand(&b, 0.4, 8 * FPS);
    b.camera.right = -0.2;
    b.drawn_us = -1;
    stand(&b, 0.6, 12 * FPS);
    b.camera.right = 0;
    b.drawn_us = -1;
    stand(&b, 0.4, 12 * FPS);
    assert_int_equal(health(&b)->state, VG_VIEW_SMALL);
    assert_int_equal(b.raised[LINE] + b.raised[ZONE], 0);
    stand(&b, 0.48, 2);
    stand(&b, 0.54, 2);
    stand(&b, 0.6, 2 * FPS);
    assert_int_equal(b.raised[LINE], 1);
    assert_int_equal(b.raised[ZONE], 1);
    bench_close(&b);
}

/* What stood on one side before it stands on the other after it, and in the zone. */
static void a_reconnection_raises_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t gap_us;
        uint32_t epochs;
        uint32_t line; /* alerts of the line */
    } rows[] = {
        {"no gap", S / FPS, 0, 1},
        {"another epoch at once", S / FPS, 1, 0},
        {"another epoch after a while", 3 * S, 1, 0},
        {"a gap in the same one", 30 * S, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b;
        bench_open(&b);
        stand(&b, 0.45, 8 * FPS);
        b.now_us += rows[i].gap_us - S / FPS;
        b.epoch += rows[i].epochs;
        stand(&b, 0.56, 2);
        stand(&b, 0.6, FPS - 2);
        if (b.raised[LINE] != rows[i].line || b.raised[ZONE] != 0)
            fail_msg("%s: %u and %u alerts", rows[i].name, b.raised[LINE], b.raised[ZONE]);
        stand(&b, 0.6, 2 * FPS); /* and who stays in the zone is told of after its hold */
        assert_int_equal(b.raised[ZONE], 1);
        bench_close(&b);
    }
}

static void a_rule_of_the_whole_picture_goes_on(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b);
    b.scene->rule[ZONE].place = -1;
    stand(&b, 0.4, 8 * FPS);
    assert_int_equal(b.raised[ZONE], 1);
    b.camera.right = 0.2;
    b.drawn_us = -1;
    stand(&b, -1, 12 * FPS);
    assert_int_equal(health(&b)->state, VG_VIEW_MOVED);
    stand(&b, 0.4, 2 * FPS);
    assert_int_equal(b.raised[ZONE], 2);
    b.camera = (struct vg_view_scene_camera){.noise = 0.5, .gain = 0.001};
    b.drawn_us = -1;
    stand(&b, -1, 12 * FPS);
    assert_int_equal(health(&b)->state, VG_VIEW_BLACK);
    stand(&b, 0.4, 2 * FPS);
    assert_int_equal(b.raised[ZONE], 2);
    bench_close(&b);
}

/* ---- live: the file, the person ------------------------------------------------------------ */

/* The flux as its worker has it, in a data folder. */
struct live {
    struct bench b;
    struct vg_save_thread *saves;
    struct vg_live_sight sight;
    uint64_t confirmed;
    char path[256];
};

static void live_open(struct live *l, const struct store_fixture *f, uint64_t source,
                      uint64_t confirmed)
{
    bench_open(&l->b);
    l->confirmed = confirmed;
    assert_int_equal(vg_path_join(l->path, sizeof l->path, f->folder, "state/cam-1.view"), VG_OK);
    assert_int_equal(vg_save_thread_open(&l->saves), VG_OK);
    assert_int_equal(
        vg_live_sight_init(&l->sight, f->folder, "cam-1", vg_chain_view(l->b.chain), l->saves),
        VG_OK);
    l->sight.source = source;
    vg_live_sight_restore(&l->sight, confirmed);
}

static void live_run(struct live *l, int seconds)
{
    for (int i = 0; i < seconds * FPS; i++) {
        one_picture(&l->b);
        vg_live_sight_follow(&l->sight, l->b.lens, l->confirmed,
                             (struct vg_wall_time){S + l->b.now_us});
    }
}

/* What was given is written; what was not is lost. */
static void live_cut(struct live *l)
{
    vg_live_sight_release(&l->sight);
    vg_save_thread_close(&l->saves);
    bench_close(&l->b);
}

static void live_close(struct live *l)
{
    vg_live_sight_save(&l->sight);
    live_cut(l);
}

static int make_state_folder(void **state)
{
    char path[256];
    struct vg_fault fault;
    if (store_set_up(state))
        return -1;
    const struct store_fixture *f = *state;
    return vg_path_join(path, sizeof path, f->folder, "state") || vg_folder_make(path, &fault);
}

static void the_reference_outlives_the_process(void **state)
{
    const struct store_fixture *f = *state;
    struct live l;
    live_open(&l, f, 7, 0);
    live_run(&l, 12);
    assert_true(l.sight.report.health.referenced);
    live_cut(&l);
    assert_int_equal(access(l.path, R_OK), 0); /* not only when it ends */
    live_open(&l, f, 7, 0);
    assert_true(health(&l.b)->referenced);
    l.b.camera.right = 0.2; /* while nobody looked */
    live_run(&l, 1);
    assert_true(health(&l.b)->doubt);
    live_run(&l, 9);
    assert_int_equal(l.sight.report.health.state, VG_VIEW_MOVED);
    assert_non_null(strstr(l.sight.report.reason, "shift 0."));
    assert_true(l.sight.report.since.us > S);
    live_close(&l);
    /* at another address it is no view of that camera */
    live_open(&l, f, 8, 0);
    assert_false(health(&l.b)->referenced);
    live_cut(&l);
    assert_int_not_equal(access(l.path, R_OK), 0);
    live_open(&l, f, 8, 0);
    live_run(&l, 12);
    assert_int_equal(l.sight.report.health.state, VG_VIEW_SMALL);
    live_close(&l);
}

static void a_person_confirms_once(void **state)
{
    const struct store_fixture *f = *state;
    struct live l;
    live_open(&l, f, 7, 0);
    live_run(&l, 12);
    l.b.camera.right = 0.2;
    l.b.drawn_us = -1;
    live_run(&l, 10);
    assert_int_equal(l.sight.report.health.state, VG_VIEW_MOVED);
    l.confirmed = 12;
    live_run(&l, 3);
    assert_int_equal(l.sight.report.health.state, VG_VIEW_SMALL);
    assert_int_equal(l.sight.report.confirmed, 12);
    l.b.camera.right = 0; /* what was the view is another one now */
    l.b.drawn_us = -1;
    live_run(&l, 10);
    assert_int_equal(l.sight.report.health.state, VG_VIEW_MOVED);
    live_close(&l);
    /* the next process does not confirm it again, but takes one that came meanwhile */
    live_open(&l, f, 7, 12);
    live_run(&l, 10);
    assert_int_equal(l.sight.report.health.state, VG_VIEW_MOVED);
    live_close(&l);
    live_open(&l, f, 7, 20);
    live_run(&l, 10);
    assert_int_equal(l.sight.report.health.state, VG_VIEW_SMALL);
    assert_int_equal(l.sight.report.confirmed, 20);
    live_close(&l);
    /* a black picture is nothing to know a view by: what was there stays */
    live_open(&l, f, 7, 20);
    l.b.camera = (struct vg_view_scene_camera){.noise = 0.5, .gain = 0.001};
    live_run(&l, 8);
    l.confirmed = 30;
    live_run(&l, 2);
    assert_int_equal(l.sight.report.health.state, VG_VIEW_BLACK);
    assert_int_equal(l.sight.report.confirmed, 30);
    l.b.camera = (struct vg_view_scene_camera){.noise = 2};
    l.b.drawn_us = -1;
    live_run(&l, 8);
    assert_int_equal(l.sight.report.health.state, VG_VIEW_SMALL);
    live_close(&l);
}

static void a_bad_file_is_passed_over(void **state)
{
    const struct store_fixture *f = *state;
    struct live l;
    struct vg_fault fault;
    uint8_t *bytes;
    size_t size;
    live_open(&l, f, 7, 0);
    live_run(&l, 12);
    live_close(&l);
    assert_int_equal(vg_file_read(l.path, 1 << 20, &bytes, &size, &fault), VG_OK);
    assert_int_equal(size, VG_SIGHT_FILE_BYTES);
    static const struct {
        size_t size, spoilt; /* byte */
    } rows[] = {
        {0, 0},
        {10, 3},
        {VG_SIGHT_FILE_BYTES - 1, 30},
        {VG_SIGHT_FILE_BYTES, 0},
        {VG_SIGHT_FILE_BYTES, 25},
        {VG_SIGHT_FILE_BYTES, 5000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bytes[rows[i].spoilt] ^= 1;
        assert_int_equal(vg_file_write(l.path, bytes, rows[i].size, 0600, VG_FILE_WHOLE, &fault),
                         VG_OK);
        bytes[rows[i].spoilt] ^= 1;
        live_open(&l, f, 7, 0);
        assert_false(health(&l.b)->referenced);
        live_cut(&l);
    }
    vg_free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_view_that_is_gone_suspends_rules),
        cmocka_unit_test(the_turn_itself_raises_nothing),
        cmocka_unit_test(a_reconnection_raises_nothing),
        cmocka_unit_test(a_rule_of_the_whole_picture_goes_on),
        cmocka_unit_test_setup_teardown(the_reference_outlives_the_process, make_state_folder,
                                        store_tear_down),
        cmocka_unit_test_setup_teardown(a_person_confirms_once, make_state_folder, store_tear_down),
        cmocka_unit_test_setup_teardown(a_bad_file_is_passed_over, make_state_folder,
                                        store_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
