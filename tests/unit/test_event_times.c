/* Each event holds, then come pictures of one time, then one of a time long gone: what held goes on as
 * the same, and after a step back nothing is left of before. Five pictures a second of 384x240. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "models/class.h"
#include "tests/unit/event_stage.h"

#define STEP_US 200000
#define TIMES   4 /* pictures of one time */

static const struct stage_settings street = {384, 240, STEP_US,
                                             VG_MAPS_GROUND | VG_MAPS_FLOW | VG_MAPS_FLAME, 4};

#define SCENE                                                                  \
    "{\"version\":1,\"name\":\"x\",\"zones\":[{\"id\":\"z\",\"polygon\":"      \
    "[[0.01,0.01],[0.99,0.01],[0.99,0.99],[0.01,0.99]],\"direction\":[0,1]}]," \
    "\"rules\":[{\"id\":\"r\",\"severity\":\"low\",\"at\":\"z\",\"event\":\"%s\"%s}]}"

static struct vg_track *somebody(struct stage *b, uint32_t index, struct vg_box box)
{
    struct vg_track *track =
        b->track_count <= index ? stage_add_track(b, VG_CLASS_PERSON, box) : &b->track[index];
    stage_move(b, track, box);
    return track;
}

static void stands(struct stage *b)
{
    (void)somebody(b, 0, (struct vg_box){180, 120, 20, 50});
}

static void four_stand(struct stage *b)
{
    for (uint32_t i = 0; i < 4; i++)
        (void)somebody(b, i, (struct vg_box){60 + 60 * (float)i, 100, 20, 50});
}

static void goes_up(struct stage *b)
{
    (void)somebody(b, 0, (struct vg_box){180, 180 - 20 * (float)stage_s(b), 20, 50});
}

/* Cells of three by three that come up by half a cell a picture. */
static void car_goes_up(struct stage *b)
{
    const int first = (int)(14 - 1.5 * stage_s(b)), columns = (int)b->maps.size.columns;
    for (uint32_t i = 0; i < b->maps.size.columns * b->maps.size.rows; i++) {
        b->flow_x[i] = b->flow_y[i] = 0;
        b->flow_sure[i] = 200;
    }
    for (int i = 0; i < 9; i++)
        if (first + i / 3 >= 0)
            b->flow_y[(first + i / 3) * columns + 10 + i % 3] = -20;
}

static void they_run(struct stage *b)
{
    four_stand(b);
    for (uint32_t i = 0; i < b->maps.size.columns * b->maps.size.rows; i++) {
        const uint32_t column = i % b->maps.size.columns, row = i / b->maps.size.columns;
        const bool body = column % 15 / 4 < 3 && column > 2 && row >= 6 && row < 10;
        b->flow_x[i] = (int16_t)(body ? stage_s(b) < 12 ? 24 : 100 : 0);
        b->flow_y[i] = 0;
        b->flow_sure[i] = body || row < 2 || row > 12 ? 200 : 0;
    }
}

static void thing_is_left(struct stage *b)
{
    const double t = stage_s(b);
    const double x = 155 - (t < 8 ? (8 - t) * 50 : 0) + (t > 13 ? (t - 13) * 50 : 0);
    if (x < 370)
        (void)somebody(b, 0, (struct vg_box){(float)x - 10, 132, 20, 50});
    else
        b->track_count = 0;
    const struct stage_area area = {40, 40, 5, 5};
    if (t < 10)
        return;
    stage_fill(b, b->luma, area, 170);
    stage_fill(b, b->ground, area, t < 11.4 ? VG_GROUND_MOVING : VG_GROUND_NEW);
}

static void burns(struct stage *b)
{
    for (int x = 0; x < 8; x += 2) {
        const int high = 4 + (int)vg_random_below(&b->random, 8);
        const struct stage_area area = {40 + x, 46 - high, 4, high};
        stage_fill(b, b->luma, area, 140 + (int)vg_random_below(&b->random, 20));
        stage_fill(b, b->luma, (struct stage_area){41 + x, 47 - high, 2, high - 2}, 230);
        stage_fill(b, b->red, area, 165);
        stage_fill(b, b->blue, area, 95);
        stage_fill(b, b->warm, area, 200);
        stage_fill(b, b->flicker, area, 80);
        stage_fill(b, b->ground, area, VG_GROUND_MOVING);
    }
}

static void smoke_is_found(struct stage *b)
{
    b->known = 1u << VG_CLASS_SMOKE;
    stage_show(b, VG_CLASS_SMOKE, 0.8f, (struct vg_box){100, 80, 60, 60});
}

static void carries_a_weapon(struct stage *b)
{
    b->known = 1u << VG_CLASS_PERSON | 1u << VG_CLASS_WEAPON;
    stands(b);
    stage_show(b, VG_CLASS_WEAPON, 0.8f, (struct vg_box){190, 140, 8, 8});
}

static void falls(struct stage *b)
{
    const struct vg_box lies = {150, 176, 110, 40};
    struct vg_track *track = somebody(b, 0, (struct vg_box){180, 100, 38, 115});
    if (stage_s(b) < 2)
        return;
    track->detected = false;
    track->last_seen.us = 1800000;
    stage_show(b, VG_CLASS_PERSON, 0.6f, lies);
    stage_fill(b, b->ground, (struct stage_area){38, 45, 26, 9}, VG_GROUND_NEW);
}

static const struct row {
    const char *name, *event, *rule;
    void (*picture)(struct stage *);
    double at; /* it holds, s */
} rows[] = {
    {"stands in a place", "crossing", "", stands, 3},
    {"goes against the way", "wrong_way", "", goes_up, 7},
    {"a car goes against the way", "wrong_way", "", car_goes_up, 7},
    {"they run", "crowd_movement", "", they_run, 14},
    {"four stand", "density", ",\"over\":2", four_stand, 3},
    {"a thing is left", "abandoned_object", "", thing_is_left, 20},
    {"flames", "fire", "", burns, 9},
    {"smoke, by a model", "fire", "", smoke_is_found, 4},
    {"a weapon", "weapon", "", carries_a_weapon, 3},
    {"falls", "person_down", "", falls, 4},
};

static void open_row(struct stage *b, const struct row *row)
{
    char scene[1024];
    (void)snprintf(scene, sizeof scene, SCENE, row->event, row->rule);
    stage_open(b, &street, scene);
}

/* One picture, its time `step_us` after the last one's. */
static uint32_t look(struct stage *b, const struct row *row, int64_t step_us)
{
    b->now_us += step_us - STEP_US; /* it is a step on already */
    b->maps.step_us = b->now_us > 0 ? step_us : 0;
    stage_empty_view(b, 60);
    row->picture(b);
    return stage_look(b, &b->maps);
}

static void play(struct stage *b, const struct row *row, double until)
{
    b->maps.step_us = 0;
    while (stage_s(b) < until)
        (void)look(b, row, STEP_US);
}

static void pictures_of_one_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage b;
        open_row(&b, &rows[i]);
        play(&b, &rows[i], rows[i].at);
        if (!b.output.sighting_count)
            fail_msg("%s: %s at %.1f s", rows[i].name, vg_why_not_name(b.why), rows[i].at);
        const uint32_t subject = b.output.sighting[0].subject;
        for (int k = 0; k < TIMES; k++)
            (void)look(&b, &rows[i], 0);
        b.now_us -= STEP_US;
        (void)stage_look(&b, NULL);
        bool held = false;
        for (int k = 0; k < 3 && !held; k++)
            held = look(&b, &rows[i], STEP_US) > 0 && b.output.sighting[0].subject == subject;
        if (!held)
            fail_msg("%s: holds no more after some pictures of one time: %s", rows[i].name,
                     vg_why_not_name(b.why));
        stage_close(&b);
    }
}

/* After a step back it is as if the watcher had just been opened. */
static void a_time_long_gone(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage b, fresh;
        open_row(&b, &rows[i]);
        open_row(&fresh, &rows[i]);
        play(&b, &rows[i], rows[i].at);
        assert_true(b.output.sighting_count > 0);
        b.now_us = STEP_US;
        b.track_count = 0;
        b.random = fresh.random;
        for (double t = 0; t < rows[i].at; t += STEP_US / 1e6) {
            const uint32_t held = look(&b, &rows[i], t > 0 ? STEP_US : 0);
            if (t <= 0)
                fresh.now_us = STEP_US;
            if (held != look(&fresh, &rows[i], t > 0 ? STEP_US : 0))
                fail_msg("%s: at %.1f s not as at first", rows[i].name, t);
        }
        assert_true(b.output.sighting_count > 0);
        stage_close(&fresh);
        stage_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_of_one_time),
        cmocka_unit_test(a_time_long_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
