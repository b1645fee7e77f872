/* Which calls into drivers hang, over a simulated clock and threads that are said to wait or to run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "src/media/decode_watch.h"

#define MS INT64_C(1000)

/* Threads above 100 would run if they had a processor. */
static bool can_run(int32_t thread)
{
    return thread > 100;
}

static void rows_hold(void **state)
{
    (void)state;
    enum {
        W = 1,
        R = 101,
        NOBODY = 4
    };
    static const struct {
        const char *name;
        int64_t now_ms;
        struct {
            int64_t entered_ms, due_ms;
            int32_t thread;
        } call[NOBODY];
        size_t want;
    } rows[] = {
        {"nothing is under way", 9000, {{0}}, NOBODY},
        {"within its deadline", 1700, {{0}, {1000, 1750, W}}, NOBODY},
        {"past it, and waits", 1800, {{0}, {1000, 1750, W}}, 1},
        {"past it, but would run", 1800, {{0}, {1000, 1750, R}}, NOBODY},
        {"waits for one that would run", 1800, {{1000, 1750, W}, {0}, {1700, 2450, R}}, NOBODY},
        {"the other waits as well", 1800, {{1500, 2250, W}, {0}, {1000, 1750, W}}, 2},
        {"one that runs is in no call", 1800, {{0, 0, R}, {1000, 1750, W}}, 1},
        {"four deadlines, still running", 4001, {{0}, {0}, {1000, 1750, R}}, 2},
        {"just not four", 4000, {{0}, {0}, {1000, 1750, R}}, NOBODY},
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct vg_decode_watch watch = {.next = {0}};
        struct vg_ladder_call calls[NOBODY];
        for (size_t i = 0; i < NOBODY; i++)
            calls[i] = (struct vg_ladder_call){.entered = {rows[r].call[i].entered_ms * MS},
                                               .due = {rows[r].call[i].due_ms * MS},
                                               .thread = rows[r].call[i].thread};
        const size_t got = vg_decode_watch_look(
            &watch, calls, NOBODY, (struct vg_mono_time){rows[r].now_ms * MS}, can_run);
        if (got != rows[r].want)
            fail_msg("%s: %zu", rows[r].name, got);
    }
}

/* A process that was stopped, or a machine that slept: nobody is blamed at the first look after it. */
static void a_late_look_blames_nobody(void **state)
{
    (void)state;
    struct vg_decode_watch watch = {.next = {0}};
    struct vg_ladder_call call = {.due = {0}};
    assert_int_equal(
        vg_decode_watch_look(&watch, &call, 1, (struct vg_mono_time){1000 * MS}, can_run), 1);
    assert_int_equal(watch.next.us, 1250 * MS);
    call = (struct vg_ladder_call){.entered = {1100 * MS}, .due = {1850 * MS}, .thread = 1};
    assert_int_equal(
        vg_decode_watch_look(&watch, &call, 1, (struct vg_mono_time){60000 * MS}, can_run), 1);
    assert_int_equal(
        vg_decode_watch_look(&watch, &call, 1, (struct vg_mono_time){60250 * MS}, can_run), 0);
}

/* The look comes right when a deadline is over. */
static void it_looks_when_it_matters(void **state)
{
    (void)state;
    struct vg_decode_watch watch = {.next = {0}};
    const struct vg_ladder_call calls[] = {
        {.due = {0}},
        {.entered = {700 * MS}, .due = {1100 * MS}, .thread = 1},
        {.entered = {900 * MS}, .due = {1050 * MS}, .thread = 1}};
    assert_int_equal(
        vg_decode_watch_look(&watch, calls, 3, (struct vg_mono_time){1000 * MS}, can_run), 3);
    assert_int_equal(watch.next.us, 1050 * MS + 1);
    assert_int_equal(vg_decode_watch_look(&watch, calls, 3, watch.next, can_run), 2);
    assert_int_equal(watch.next.us, 1100 * MS + 1);
    assert_int_equal(
        vg_decode_watch_look(&watch, NULL, 0, (struct vg_mono_time){1150 * MS}, can_run), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_hold),
        cmocka_unit_test(a_late_look_blames_nobody),
        cmocka_unit_test(it_looks_when_it_matters),
    };
    return cmocka_run_group_tests_name("decode_watch", tests, NULL, NULL);
}
