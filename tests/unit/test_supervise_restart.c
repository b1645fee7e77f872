/* Restart decisions over simulated time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "src/supervise/decide_restart.h"

#define S INT64_C(1000000)

static struct vg_mono_time at(int64_t us)
{
    return (struct vg_mono_time){us};
}

static void delays(void **state)
{
    (void)state;
    static const struct {
        uint32_t failures;
        int64_t want, want_refused;
    } rows[] = {{1, 200000, 200000},       {2, 400000, 400000},
                {3, 800000, 800000},       {4, 1600000, 1600000},
                {5, 1600000, 3200000},     {6, 1600000, 6400000},
                {7, 1600000, 12800000},    {8, 1600000, 12800000},
                {1000, 1600000, 12800000}, {UINT32_MAX, 1600000, 12800000}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(vg_restart_delay_us(rows[i].failures, VG_END_EXIT), rows[i].want);
        assert_int_equal(vg_restart_delay_us(rows[i].failures, VG_END_REFUSED),
                         rows[i].want_refused);
    }
}

/* Lives one after another: how long each was, why it ended, the wait after it. */
static void lives(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t life;
        enum vg_end_cause cause;
        int64_t want_wait;
        uint32_t want_failures;
    } rows[] = {
        {"dies at once", 0, VG_END_EXIT, 200000, 1},
        {"again", 1 * S, VG_END_SIGNAL, 400000, 2},
        {"killed as silent", 9 * S, VG_END_SILENT, 800000, 3},
        {"cannot be started", 0, VG_END_SPAWN, 1600000, 4},
        {"just short of a stable life", 10 * S - 1, VG_END_EXIT, 1600000, 5},
        {"again", 1 * S, VG_END_EXIT, 1600000, 6},
        {"a stable life forgets", 10 * S, VG_END_EXIT, 200000, 1},
        {"planned: at once, no failure", 5 * S, VG_END_PLANNED, 0, 1},
        {"counting goes on", 5 * S, VG_END_EXIT, 400000, 2},
        {"a day", 86400 * S, VG_END_SIGNAL, 200000, 1},
    };
    int64_t now = 7 * S;
    struct vg_restart restart;
    vg_restart_init(&restart, at(now));
    assert_int_equal(vg_restart_due_us(&restart, at(now)), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        vg_restart_on_start(&restart, at(now));
        assert_int_equal(vg_restart_due_us(&restart, at(now)), -1);
        now += rows[i].life;
        vg_restart_on_end(&restart, rows[i].cause, at(now));
        assert_int_equal(restart.failures, rows[i].want_failures);
        assert_int_equal(vg_restart_due_us(&restart, at(now)), rows[i].want_wait);
        now += rows[i].want_wait;
        assert_int_equal(vg_restart_due_us(&restart, at(now)), 0);
    }
    assert_int_equal(restart.starts, sizeof rows / sizeof *rows);
    vg_restart_on_stop(&restart);
    assert_int_equal(vg_restart_due_us(&restart, at(now + 100 * S)), -1);
}

/* One that refuses what it is given waits longer and longer, and not a moment once that is another. */
static void refused(void **state)
{
    (void)state;
    struct vg_restart restart;
    int64_t now = 0;
    vg_restart_init(&restart, at(now));
    for (int i = 0; i < 10; i++) {
        vg_restart_on_start(&restart, at(now));
        vg_restart_on_sign(&restart, at(now)); /* it opens what it needs: not up */
        assert_int_equal(restart.state, VG_PART_STARTING);
        vg_restart_on_end(&restart, VG_END_REFUSED, at(now));
        assert_true(restart.refused);
        now += vg_restart_due_us(&restart, at(now));
    }
    vg_restart_on_start(&restart, at(now));
    vg_restart_on_news(&restart, at(now)); /* it may have read what was before */
    assert_int_equal(restart.state, VG_PART_STARTING);
    vg_restart_on_end(&restart, VG_END_REFUSED, at(now));
    assert_int_equal(vg_restart_due_us(&restart, at(now)), 0);
    for (int i = 0; i < 8; i++) { /* it has read the news now, and refuses */
        now += vg_restart_due_us(&restart, at(now));
        vg_restart_on_start(&restart, at(now));
        vg_restart_on_end(&restart, VG_END_REFUSED, at(now));
    }
    assert_int_equal(vg_restart_due_us(&restart, at(now)), 12800000);
    vg_restart_on_news(&restart, at(now));
    assert_int_equal(vg_restart_due_us(&restart, at(now)), 0);
    vg_restart_on_start(&restart, at(now));
    vg_restart_on_up(&restart, at(now));
    assert_false(restart.refused);
    vg_restart_on_news(&restart, at(now)); /* it is up: it takes them in itself */
    vg_restart_on_end(&restart, VG_END_EXIT, at(now));
    vg_restart_on_news(&restart, at(now)); /* a crash is no refusal: its back-off stays */
    assert_int_equal(vg_restart_due_us(&restart, at(now)), 200000);
}

/* To open for longer than a stable life what is refused then forgets no refusal; to be up does. */
static void refused_late(void **state)
{
    (void)state;
    struct vg_restart restart;
    int64_t now = 0;
    vg_restart_init(&restart, at(now));
    for (uint32_t i = 1; i <= 10; i++) {
        vg_restart_on_start(&restart, at(now));
        now += 30 * S;
        vg_restart_on_sign(&restart, at(now));
        vg_restart_on_end(&restart, VG_END_REFUSED, at(now));
        assert_int_equal(restart.failures, i);
        assert_int_equal(vg_restart_due_us(&restart, at(now)),
                         vg_restart_delay_us(i, VG_END_REFUSED));
        now += vg_restart_due_us(&restart, at(now));
    }
    vg_restart_on_start(&restart, at(now));
    vg_restart_on_up(&restart, at(now));
    vg_restart_on_end(&restart, VG_END_REFUSED, at(now + 30 * S));
    assert_int_equal(restart.failures, 1);
}

/* Never a storm: whatever a child does, starts in an hour are bounded by the back-off. */
static void no_storm(void **state)
{
    (void)state;
    struct vg_restart restart;
    int64_t now = 0;
    vg_restart_init(&restart, at(now));
    while (now < 3600 * S) {
        vg_restart_on_start(&restart, at(now));
        vg_restart_on_end(&restart, VG_END_EXIT, at(now));
        now += vg_restart_due_us(&restart, at(now));
    }
    assert_in_range(restart.starts, 2245, 2255);
}

static void unwell(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum vg_part_state state;
        int64_t since_sign, since_look;
        enum vg_end_cause want;
    } rows[] = {
        {"up, heard just now", VG_PART_UP, 0, S, VG_END_NONE},
        {"up, nearly silent", VG_PART_UP, 10 * S - 1, S, VG_END_NONE},
        {"up, silent", VG_PART_UP, 10 * S, S, VG_END_SILENT},
        {"silent, but the supervisor slept", VG_PART_UP, 3600 * S, 2 * S, VG_END_NONE},
        {"starting: kernels compile", VG_PART_STARTING, 59 * S, S, VG_END_NONE},
        {"starting for too long", VG_PART_STARTING, 60 * S, S, VG_END_START},
        {"waiting", VG_PART_WAITING, 100 * S, S, VG_END_NONE},
        {"stopped", VG_PART_STOPPED, 100 * S, S, VG_END_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const int64_t now = 100000 * S;
        struct vg_restart restart = {.state = rows[i].state};
        restart.sign = at(now - rows[i].since_sign);
        assert_int_equal(vg_restart_unwell(&restart, at(now - rows[i].since_look), at(now)),
                         rows[i].want);
    }
}

static void signs(void **state)
{
    (void)state;
    struct vg_restart restart;
    vg_restart_init(&restart, at(0));
    vg_restart_on_up(&restart, at(0)); /* a late message of one that ended: it does not run */
    assert_int_equal(restart.state, VG_PART_WAITING);
    vg_restart_on_start(&restart, at(0));
    vg_restart_on_sign(&restart, at(50 * S)); /* life, not yet up */
    assert_int_equal(restart.state, VG_PART_STARTING);
    assert_int_equal(vg_restart_unwell(&restart, at(100 * S), at(100 * S)), VG_END_NONE);
    vg_restart_on_up(&restart, at(101 * S));
    assert_int_equal(restart.state, VG_PART_UP);
    assert_int_equal(vg_restart_unwell(&restart, at(111 * S), at(111 * S)), VG_END_SILENT);
}

static void words(void **state)
{
    (void)state;
    for (int cause = VG_END_NONE; cause <= VG_END_PLANNED; cause++) {
        assert_non_null(vg_end_cause_name((enum vg_end_cause)cause));
        assert_non_null(vg_end_cause_text((enum vg_end_cause)cause));
    }
    assert_string_equal(vg_part_state_name(VG_PART_STOPPED), "stopped");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays),       cmocka_unit_test(lives),    cmocka_unit_test(refused),
        cmocka_unit_test(refused_late), cmocka_unit_test(no_storm), cmocka_unit_test(unwell),
        cmocka_unit_test(signs),        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
