/* A camera's pictures through the gate, tracker and rules: a still scene is detected now and then, who
 * comes in at once, and while anything is under way every picture. VIGIE_SEED: another first seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/still_gate.h"
#include "src/base/random.h"
#include "src/maps/maps_host.h"

enum {
    WIDTH = 352,
    HEIGHT = 288,
    PERIOD_US = 200000,
    PERSON_WIDTH = 20,
    PERSON_HEIGHT = 60,
    NOBODY = -1000
};

#define TWO_FOR_TEN_S                                                                 \
    "{\"version\":1,\"name\":\"x\",\"zones\":[{\"id\":\"z\",\"polygon\":"             \
    "[[0,0],[1,0],[1,1],[0,1]]}],\"lines\":[],\"rules\":[{\"id\":\"d\",\"severity\":" \
    "\"low\",\"event\":\"density\",\"at\":\"z\",\"over\":1,\"hold_s\":10}]}"

struct camera {
    struct vg_random random;
    uint8_t pixels[WIDTH * HEIGHT * 3 / 2];
    struct vg_picture picture;
    struct vg_maps_host *small;
    struct vg_still_gate *gate;
    struct vg_chain *chain;
    struct vg_answer answer;
    int64_t us, detected_us;
    uint32_t detected, still, alerts;
    int others; /* persons who stand beside him, to his right */
};

static struct camera *camera_open(uint64_t seed, const struct vg_scene *scene)
{
    struct camera *c = calloc(1, sizeof *c);
    assert_non_null(c);
    vg_random_seed(&c->random, seed);
    memset(c->pixels + WIDTH * HEIGHT, 128, WIDTH * HEIGHT / 2);
    c->picture = (struct vg_picture){.luma = c->pixels,
                                     .chroma = c->pixels + WIDTH * HEIGHT,
                                     .width = WIDTH,
                                     .height = HEIGHT,
                                     .luma_stride = WIDTH,
                                     .chroma_stride = WIDTH,
                                     .range = VG_RANGE_FULL};
    assert_int_equal(vg_maps_host_open(&c->small, 0), VG_OK);
    assert_int_equal(vg_still_gate_open(&c->gate), VG_OK);
    assert_int_equal(vg_chain_open(&c->chain, scene, VG_CHAIN_MAKES_MAPS), VG_OK);
    c->us = VG_US_PER_S;
    return c;
}

static void camera_close(struct camera *c)
{
    vg_maps_host_close(&c->small);
    vg_still_gate_close(&c->gate);
    vg_chain_close(&c->chain);
    free(c);
}

/* A wall with texture and noise; somebody whose left side is there. */
static void paint(struct camera *c, uint32_t noise, int left)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            const int in =
                x >= left && x < left + PERSON_WIDTH && y >= 100 && y < 100 + PERSON_HEIGHT;
            c->pixels[y * WIDTH + x] =
                (uint8_t)((in ? 40 : 90 + (x / 8 * 7 + y / 8 * 13) % 40) +
                          (noise ? (int)vg_random_below(&c->random, noise) : 0));
        }
}

/* What the detector says of it. */
static void detect(struct camera *c, int left)
{
    c->answer.count = 0;
    if (left > -PERSON_WIDTH && left < WIDTH) {
        const float from = left > 0 ? (float)left : 0;
        c->answer.detection[c->answer.count++] = (struct vg_detection){
            .box = {from, 100, (float)left + PERSON_WIDTH - from, PERSON_HEIGHT},
            .score = 0.8F,
            .class_id = VG_CLASS_PERSON};
    }
    for (int i = 0; i < c->others; i++) {
        c->answer.detection[c->answer.count] = c->answer.detection[0];
        c->answer.detection[c->answer.count++].box.left += 60 * ((float)i + 1);
    }
}

static enum vg_gate_verdict show(struct camera *c, uint32_t noise, int left)
{
    paint(c, noise, left);
    const struct vg_still_picture picture = {.epoch = c->picture.epoch,
                                             .width = WIDTH,
                                             .height = HEIGHT,
                                             .time = {c->us},
                                             .period_us = PERIOD_US};
    const struct vg_maps *maps = vg_maps_host_step(c->small, &c->picture, picture.time);
    const bool may = vg_still_gate_may(c->gate, &picture);
    const enum vg_gate_verdict verdict = vg_still_gate_look(c->gate, &picture, maps);
    assert_true(may || verdict != VG_GATE_STILL);
    if (verdict == VG_GATE_STILL) {
        c->answer.count = 77;
        vg_still_gate_answer(c->gate, &c->answer);
        c->still++;
    } else {
        assert_true(!c->detected || c->us - c->detected_us <= VG_GATE_BOUND_US);
        detect(c, left);
        vg_still_gate_keep(c->gate, maps, &c->answer);
        c->detected_us = c->us;
        c->detected++;
    }
    const struct vg_chain_input input = {.detections = c->answer.detection,
                                         .detection_count = c->answer.count,
                                         .width = WIDTH,
                                         .height = HEIGHT,
                                         .epoch = c->picture.epoch,
                                         .moment = {.media = {c->us}}};
    struct vg_chain_output output;
    vg_chain_track(c->chain, &input, &output);
    vg_chain_judge(c->chain, &input, &output);
    vg_still_gate_follow(c->gate, c->chain, &input, &output);
    c->alerts += output.alert_count;
    c->us += PERIOD_US;
    return verdict;
}

static void a_still_scene_is_detected_now_and_then(void **state)
{
    (void)state;
    struct camera *c = camera_open(1, NULL);
    for (int i = 0; i < 200; i++)
        (void)show(c, 8, NOBODY);
    assert_int_equal(c->detected + c->still, 200);
    assert_in_range(c->still, 160, 180);
    camera_close(c);
}

static void who_comes_is_detected_at_once_until_he_stands(void **state)
{
    (void)state;
    struct camera *c = camera_open(2, NULL);
    for (int i = 0; i < 53; i++)
        (void)show(c, 8, NOBODY);
    for (int i = 0; i < 50; i++) /* the part of him that the first picture shows is enough */
        assert_int_not_equal(show(c, 8, -12 + 4 * i), VG_GATE_STILL);
    const uint32_t before = c->detected;
    for (int i = 0; i < 15; i++) /* he stops: a new place is no settled one for two seconds */
        (void)show(c, 8, 184);
    assert_true(c->detected - before >= 9);
    c->still = 0;
    for (int i = 0; i < 50; i++) {
        (void)show(c, 8, 184);
        assert_int_equal(c->answer.count, 1); /* he is there in all of them */
    }
    assert_true(c->still > 30);
    assert_int_not_equal(show(c, 8, 192), VG_GATE_STILL); /* and at once when he goes on */
    camera_close(c);
}

/* Two who stand: nothing is still while the rule's time runs and just after its alert. */
static void an_armed_rule_is_never_still(void **state)
{
    (void)state;
    struct vg_fault fault = {0};
    struct vg_scene *scene;
    if (vg_scene_parse("x", TWO_FOR_TEN_S, strlen(TWO_FOR_TEN_S), &scene, &fault))
        fail_msg("%s %s", fault.what, fault.place);
    struct camera *c = camera_open(4, scene);
    c->others = 1;
    while (!c->alerts && c->us < 60 * VG_US_PER_S)
        assert_int_not_equal(show(c, 8, 100), VG_GATE_STILL);
    assert_int_equal(c->alerts, 1);
    assert_in_range(c->us, 10 * VG_US_PER_S, 16 * VG_US_PER_S);
    for (int i = 0; i < 45; i++)
        assert_int_not_equal(show(c, 8, 100), VG_GATE_STILL);
    for (int i = 0; i < 50; i++)
        (void)show(c, 8, 100);
    assert_true(c->still > 30);
    camera_close(c);
    vg_scene_close(&scene);
}

static void an_epoch_begins_with_a_detection(void **state)
{
    (void)state;
    struct camera *c = camera_open(3, NULL);
    for (int i = 0; i < 20; i++)
        (void)show(c, 0, NOBODY);
    assert_int_equal(show(c, 0, NOBODY), VG_GATE_STILL);
    c->picture.epoch++;
    assert_int_equal(show(c, 0, NOBODY), VG_GATE_BEGINS);
    camera_close(c);
}

static void without_a_small_picture_all_are_detected(void **state)
{
    (void)state;
    struct vg_still_gate *gate;
    struct vg_answer *answer = calloc(1, sizeof *answer);
    assert_non_null(answer);
    assert_int_equal(vg_still_gate_open(&gate), VG_OK);
    for (int i = 0; i < 30; i++) {
        const struct vg_still_picture picture = {
            .width = WIDTH, .height = HEIGHT, .time = {i * PERIOD_US}, .period_us = PERIOD_US};
        assert_false(vg_still_gate_may(gate, &picture));
        assert_int_not_equal(vg_still_gate_look(gate, &picture, NULL), VG_GATE_STILL);
        vg_still_gate_keep(gate, NULL, answer);
    }
    vg_still_gate_close(&gate);
    free(answer);
}

/* Whoever walks about, stands, comes and goes: never longer than the bound (show), never still while
 * he moves by more than the unrest of a box. */
static void whoever_moves_is_detected(void **state)
{
    (void)state;
    const char *text = getenv("VIGIE_SEED");
    const uint64_t first = text ? strtoull(text, NULL, 10) : 1;
    for (uint64_t seed = first; seed < first + 5; seed++) {
        struct camera *c = camera_open(seed, NULL);
        int left = NOBODY, speed = 0;
        for (int i = 0; i < 150; i++) {
            if (vg_random_below(&c->random, 12) == 0)
                speed = 4 * ((int)vg_random_below(&c->random, 5) - 2);
            if (vg_random_below(&c->random, 40) == 0)
                left = left == NOBODY ? (int)vg_random_below(&c->random, WIDTH) : NOBODY;
            left = left == NOBODY ? NOBODY : (left + speed + WIDTH) % WIDTH;
            const bool moves = left != NOBODY && abs(speed) >= 8;
            const enum vg_gate_verdict verdict = show(c, 6, left);
            if (moves && left < WIDTH - PERSON_WIDTH)
                assert_int_not_equal(verdict, VG_GATE_STILL);
        }
        assert_int_equal(c->detected + c->still, 150);
        camera_close(c);
    }
}

static const struct {
    const char *name;
    struct vg_track track; /* at 10 s; its box is 100 high, its foot at (50, 200) */
    float was;             /* x of its foot a second before */
    uint32_t want;
} tracks[] = {
    {"stands", {.state = VG_TRACK_CONFIRMED, .detected = true}, 55, 0},
    {"has gone its tenth", {.state = VG_TRACK_CONFIRMED, .detected = true}, 61, 1},
    {"at no place", {.state = VG_TRACK_CONFIRMED, .detected = true}, NAN, 1},
    {"not yet sure", {.state = VG_TRACK_TENTATIVE, .detected = true}, 50, 1},
    {"lost", {.state = VG_TRACK_LOST}, 50, 1},
    {"not seen now", {.state = VG_TRACK_CONFIRMED}, 50, 1},
    {"new", {.state = VG_TRACK_CONFIRMED, .detected = true, .born = {9000000}}, 50, 1},
};

static void tracks_move_or_are_settled(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tracks / sizeof *tracks; i++) {
        struct vg_track track = tracks[i].track;
        const struct vg_track *all = &track;
        track.box = (struct vg_box){30, 100, 40, 100};
        track.history_count = 2;
        track.history[0] = (struct vg_track_step){{9000000}, {tracks[i].was, 200}};
        track.history[1] = (struct vg_track_step){{10000000}, {50, 200}};
        if (vg_still_moving(&all, 1, (struct vg_media_time){10000000}) != tracks[i].want)
            fail_msg("%s", tracks[i].name);
    }
}

static void a_still_flux_becomes_cheap_slowly_and_costly_at_once(void **state)
{
    (void)state;
    double part = 1;
    for (int i = 0; i < 300; i++)
        part = i % 10 ? vg_still_part(part, 0.05, VG_GATE_STILL)
                      : vg_still_part(part, 1, VG_GATE_BOUND);
    assert_true(part > 0.1 && part < 0.2); /* 0.145 on the mean */
    part = vg_still_part(part, 1, VG_GATE_CHANGED);
    part = vg_still_part(part, 1, VG_GATE_BUSY);
    assert_true(part > 0.75 && part <= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_still_scene_is_detected_now_and_then),
        cmocka_unit_test(who_comes_is_detected_at_once_until_he_stands),
        cmocka_unit_test(an_armed_rule_is_never_still),
        cmocka_unit_test(an_epoch_begins_with_a_detection),
        cmocka_unit_test(without_a_small_picture_all_are_detected),
        cmocka_unit_test(whoever_moves_is_detected),
        cmocka_unit_test(tracks_move_or_are_settled),
        cmocka_unit_test(a_still_flux_becomes_cheap_slowly_and_costly_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
