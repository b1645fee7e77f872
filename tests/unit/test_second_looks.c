/* Second looks: how many there is time for, which are made, and the jobs and answers of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "scheduler/chain.h"
#include "scheduler/decide_batch.h"
#include "scheduler/decide_looks.h"
#include "scheduler/second_looks.h"
#include "src/base/clock.h"

#define S VG_US_PER_S

/* ---- how many ---- */

static void what_the_device_idles_is_credit(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t passed_us, busy_us, want_us;
    } rows[] = {
        {"the first look at the clock", S / 10, 0, 90000},
        {"idle but for a tenth", S / 10, S / 10, 80000},
        {"busy for as long as it gains", S / 10, 90000, 80000},
        {"a night", 3600 * S, 0, S},
        {"behind", S / 2, S / 2, 950000},
        {"far behind", 30 * S, 30 * S, -S / 20},
        {"a clock that went back", -5 * S, 0, -S / 20},
        {"and comes again", 5 * S, 4 * S, 450000},
    };
    struct vg_looks_credit credit = {0};
    int64_t now_us = 0, busy_us = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        now_us += rows[i].passed_us;
        busy_us += rows[i].busy_us;
        vg_looks_credit_tell(&credit, now_us, busy_us);
        if (credit.left_us != rows[i].want_us)
            fail_msg("%s: %lld", rows[i].name, (long long)credit.left_us);
    }
}

static void overload_leaves_no_room(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct vg_looks_load load;
        uint32_t want;
    } rows[] = {
        {"at rest", {S, 20000, 0, S / 5, 1, 4}, 4},
        {"a batch without places", {S, 20000, 0, S / 5, 1, 0}, 0},
        {"credit for two", {50000, 20000, 0, S / 5, 1, 4}, 2},
        {"credit for none", {19999, 20000, 0, S / 5, 1, 4}, 0},
        {"none left", {0, 20000, 0, S / 5, 1, 4}, 0},
        {"more taken than there was", {-S, 20000, 0, S / 5, 1, 4}, 0},
        {"not measured yet", {S, 0, 0, S / 5, 1, 4}, 0},
        {"a slow device: two are done in time", {S, 60000, 0, S / 5, 1, 4}, 2},
        {"a slower one", {S, 110000, 0, S / 5, 1, 4}, 0},
        {"pictures of others", {S, 20000, 0, S / 5, 8, 4}, 2},
        {"more of them than there is time", {S, 20000, 0, S / 5, 11, 4}, 0},
        {"the picture has waited", {S, 20000, S / 10, S / 5, 1, 5}, 4},
        {"the next one is there already", {S, 20000, S / 5 + 1, S / 5, 1, 4}, 0},
        {"for long", {S, 20000, 3600 * S, S / 5, 1, 4}, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (vg_looks_room(&rows[i].load) != rows[i].want)
            fail_msg("%s: %u", rows[i].name, vg_looks_room(&rows[i].load));
}

/* A slow camera that is late does not make a fast one wait. */
static void the_camera_that_is_back_first_is_waited_for(void **state)
{
    (void)state;
    static const struct {
        struct vg_candidate batch[3];
        uint32_t count, want; /* flux */
    } rows[] = {
        {{{.flux = 7, .priority = 0, .due_us = 0, .period_us = S / 5}}, 1, 7},
        {{{.flux = 7, .priority = 0, .due_us = 0, .period_us = S / 5},
          {.flux = 8, .priority = 0, .due_us = S / 10, .period_us = S / 25},
          {.flux = 9, .priority = 9, .due_us = S / 10, .period_us = S}},
         3,
         8},
        {{{.flux = 7, .priority = 0, .due_us = 0, .period_us = S / 5},
          {.flux = 8, .priority = 0, .due_us = 2 * S, .period_us = S / 25}},
         2,
         7},
        {{{.flux = 7, .priority = 0, .due_us = 0, .period_us = S / 5},
          {.flux = 8, .priority = 0, .due_us = 0, .period_us = S / 5}},
         2,
         7},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(vg_batch_next(rows[i].batch, rows[i].count)->flux, rows[i].want);
}

/* ---- which ---- */

static void the_worthiest_are_chosen(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        float worth[6];
        uint32_t count, most, want;
        uint32_t chosen[4];
    } rows[] = {
        {"none wished", {0}, 0, 4, 0, {0, 0, 0, 0}},
        {"none granted", {1, 2}, 2, 0, 0, {0, 0, 0, 0}},
        {"all, worthiest first", {1, 3, 2}, 3, 4, 3, {1, 2, 0}},
        {"the best two", {1, 3, 2, 4}, 4, 2, 2, {3, 1}},
        {"of equal ones the first", {1, 1, 1, 1, 1}, 5, 3, 3, {0, 1, 2}},
        {"no number", {NAN, 1, NAN, 2}, 4, 4, 2, {3, 1}},
        {"without end", {1, INFINITY, -INFINITY}, 3, 2, 2, {1, 0}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t chosen[4] = {9, 9, 9, 9};
        const uint32_t count = vg_looks_choose(rows[i].worth, rows[i].count, rows[i].most, chosen);
        if (count != rows[i].want)
            fail_msg("%s: %u", rows[i].name, count);
        for (uint32_t k = 0; k < count; k++)
            if (chosen[k] != rows[i].chosen[k])
                fail_msg("%s: [%u] is %u", rows[i].name, k, chosen[k]);
        for (uint32_t k = rows[i].most; k < 4; k++)
            assert_int_equal(chosen[k], 9); /* nothing is written behind */
    }
}

/* ---- jobs and answers ---- */

static const struct vg_picture picture = {.width = 640, .height = 480};

static void a_region_is_clipped_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct vg_box region;
        uint32_t want; /* looks */
        struct vg_box job;
    } rows[] = {
        {"within", {10.3f, 20.7f, 100.1f, 50}, 1, {10.3f, 20.7f, 100.1f, 50}},
        {"the whole", {0, 0, 640, 480}, 1, {0, 0, 640, 480}},
        {"over two borders", {-20, 400, 100, 200}, 1, {0, 400, 80, 80}},
        {"outside", {700, 0, 100, 100}, 0, {0, 0, 0, 0}},
        {"left of it", {-200, 0, 100, 100}, 0, {0, 0, 0, 0}},
        {"of no size", {100, 100, 0, 0}, 0, {0, 0, 0, 0}},
        {"inside out", {100, 100, -50, 50}, 0, {0, 0, 0, 0}},
        {"too small for anybody", {100, 100, 7, 50}, 0, {0, 0, 0, 0}},
        {"no number", {NAN, 100, 50, 50}, 0, {0, 0, 0, 0}},
        {"without end", {0, 0, INFINITY, 50}, 0, {0, 0, 0, 0}},
        {"far larger than any", {-3e38f, 0, 3.4e38f, 100}, 1, {0, 0, 640, 100}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vg_look_wish wish = {.region = rows[i].region, .worth = 1};
        struct vg_second_looks looks;
        struct vg_job job[VG_LOOKS_MAX];
        vg_second_looks_ask(&looks, &wish, 1, &picture, VG_LOOKS_MAX, job);
        if (looks.count != rows[i].want || looks.refused != 1 - rows[i].want)
            fail_msg("%s: %u made, %u refused", rows[i].name, looks.count, looks.refused);
        if (looks.count == 0)
            continue;
        assert_ptr_equal(job[0].picture, &picture);
        assert_memory_equal(&looks.wish[0].region, &rows[i].region, sizeof rows[i].region);
        if (fabsf(job[0].region.left - rows[i].job.left) > 0 ||
            fabsf(job[0].region.top - rows[i].job.top) > 0 ||
            fabsf(job[0].region.width - rows[i].job.width) > 0 ||
            fabsf(job[0].region.height - rows[i].job.height) > 0)
            fail_msg("%s: %g %g %g %g", rows[i].name, (double)job[0].region.left,
                     (double)job[0].region.top, (double)job[0].region.width,
                     (double)job[0].region.height);
    }
}

/* Each answer comes back with the wish that it is to, in the order of their worth. */
static void answers_find_their_wishes(void **state)
{
    (void)state;
    static const enum vg_turn turn[] = {VG_TURN_NONE, VG_TURN_90, VG_TURN_270};
    static const enum vg_rotation rotation[] = {VG_ROTATION_0, VG_ROTATION_90, VG_ROTATION_270};
    static struct vg_answer answer[VG_LOOKS_MAX];
    struct vg_look_wish wish[VG_LOOK_WISHES_MAX];
    struct vg_second_looks looks;
    struct vg_job job[VG_LOOKS_MAX];
    struct vg_look_answer given[VG_LOOKS_MAX];
    for (uint32_t i = 0; i < VG_LOOK_WISHES_MAX; i++)
        wish[i] = (struct vg_look_wish){.rule = i,
                                        .subject = 100 + i,
                                        .region = {(float)i, 0, 100, 100},
                                        .turn = turn[i % 3],
                                        .worth = (float)(i * 7 % VG_LOOK_WISHES_MAX)};
    vg_second_looks_ask(&looks, wish, VG_LOOK_WISHES_MAX, &picture, 100, job);
    assert_int_equal(looks.count, VG_LOOKS_MAX);
    assert_int_equal(looks.refused, VG_LOOK_WISHES_MAX - VG_LOOKS_MAX);
    for (uint32_t i = 0; i < VG_LOOKS_MAX; i++)
        answer[i].count = i + 1;
    vg_second_looks_take(&looks, answer, given);
    for (uint32_t i = 0; i < VG_LOOKS_MAX; i++) {
        const uint32_t rule = given[i].wish.rule;
        assert_true(given[i].wish.worth >= (float)(VG_LOOK_WISHES_MAX - 1 - i));
        assert_int_equal(given[i].wish.subject, 100 + rule);
        assert_int_equal(job[i].rotation, rotation[rule % 3]);
        assert_float_equal(job[i].region.left, rule, 0);
        assert_float_equal(job[i].threshold, VG_CHAIN_THRESHOLD, 0);
        assert_int_equal(given[i].count, i + 1);
        assert_ptr_equal(given[i].detections, answer[i].detection);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_device_idles_is_credit),
        cmocka_unit_test(overload_leaves_no_room),
        cmocka_unit_test(the_camera_that_is_back_first_is_waited_for),
        cmocka_unit_test(the_worthiest_are_chosen),
        cmocka_unit_test(a_region_is_clipped_or_refused),
        cmocka_unit_test(answers_find_their_wishes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
