/* Counters that wrap, go back or stand still, watts with holes: joules against sums by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "src/energy/energy_tally.h"
#include "src/energy/machine_load.h"

#define J        UINT64_C(1000000) /* a joule in microjoules */
#define RANGE_UJ UINT64_C(65712999613)
#define END      \
    {            \
        -1, 0, 0 \
    }

struct step {
    int64_t ms; /* negative: the end */
    uint64_t uj;
    double watts; /* negative: the meter did not answer */
};

static const struct {
    const char *name;
    uint64_t wrap_uj;
    struct step step[8];
    double joules;
    int64_t covered_ms;
    uint64_t wraps, resets;
    int stalled;
} counters[] = {
    {"one sample is nothing", RANGE_UJ, {{0, 5 * J, 0}, END}, 0, 0, 0, 0, 0},
    {"a difference", RANGE_UJ, {{0, 5 * J, 0}, {1000, 55 * J, 0}, END}, 50, 1000, 0, 0, 0},
    {"a wrap",
     RANGE_UJ,
     {{0, RANGE_UJ - 10 * J, 0}, {1000, 40 * J, 0}, {2000, 90 * J, 0}, END},
     100,
     2000,
     1,
     0,
     0},
    {"a wrap, never at this counter",
     0,
     {{0, 1000 * J, 0}, {1000, 40 * J, 0}, {2000, 90 * J, 0}, END},
     50,
     1000,
     0,
     1,
     0},
    {"back by a little is no wrap of 65 kJ",
     RANGE_UJ,
     {{0, 1000 * J, 0}, {1000, 999 * J, 0}, {2000, 1049 * J, 0}, END},
     50,
     1000,
     0,
     1,
     0},
    {"a leap of 1 MJ in a second is no machine",
     0,
     {{0, 0, 0}, {1000, 1000000 * J, 0}, {2000, 1000060 * J, 0}, END},
     60,
     1000,
     0,
     1,
     0},
    {"so late that it may have wrapped twice",
     RANGE_UJ,
     {{0, 0, 0}, {1000, 50 * J, 0}, {61000, 100 * J, 0}, {62000, 150 * J, 0}, END},
     100,
     2000,
     0,
     1,
     0},
    {"slower than we look: its step is for all the time",
     0,
     {{0, 0, 0}, {100, 0, 0}, {200, 10 * J, 0}, {300, 10 * J, 0}, {400, 20 * J, 0}, END},
     20,
     400,
     0,
     0,
     0},
    {"stands still", 0, {{0, 7 * J, 0}, {3000, 7 * J, 0}, {6000, 7 * J, 0}, END}, 0, 0, 0, 0, 1},
    {"what stood still is not counted when it moves",
     0,
     {{0, 7 * J, 0}, {6000, 7 * J, 0}, {7000, 8 * J, 0}, {8000, 58 * J, 0}, END},
     50,
     1000,
     0,
     0,
     0},
    {"a reading that fails costs a counter nothing",
     0,
     {{0, 0, 0}, {1000, 0, -1}, {2000, 80 * J, 0}, END},
     80,
     2000,
     0,
     0,
     0},
    {"time that does not go on",
     0,
     {{1000, 0, 0}, {1000, 50 * J, 0}, {500, 60 * J, 0}, {2000, 70 * J, 0}, END},
     70,
     1000,
     0,
     0,
     0},
};

static void near(const char *name, double is, double wanted)
{
    if (fabs(is - wanted) > 1e-9 * (1 + fabs(wanted)))
        fail_msg("%s: %.12g instead of %.12g", name, is, wanted);
}

static void run(struct vg_tally *t, const struct step *steps)
{
    for (const struct step *s = steps; s->ms >= 0; s++) {
        const struct vg_meter_sample sample = {.uj = {s->uj}, .watts = s->watts};
        if (s->watts < 0)
            vg_tally_fail(t);
        else
            vg_tally_add(t, &sample, -1, (struct vg_mono_time){s->ms * 1000});
    }
}

static void a_counter_is_summed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        struct vg_tally t;
        struct vg_tally_settings settings = vg_tally_defaults(VG_METER_COUNTER, 1);
        settings.wrap_uj[0] = counters[i].wrap_uj;
        vg_tally_init(&t, &settings);
        run(&t, counters[i].step);
        near(counters[i].name, t.joules, counters[i].joules);
        near(counters[i].name, (double)t.covered_us, (double)counters[i].covered_ms * 1000);
        near(counters[i].name, (double)t.wraps, (double)counters[i].wraps);
        near(counters[i].name, (double)t.resets, (double)counters[i].resets);
        near(counters[i].name, t.stalled, counters[i].stalled);
    }
}

static const struct {
    const char *name;
    struct step step[8];
    double joules;
    int64_t covered_ms;
    double watts;
} powers[] = {
    {"one sample is nothing", {{0, 0, 50}, END}, 0, 0, 50},
    {"trapezes", {{0, 0, 50}, {1000, 0, 100}, {3000, 0, 50}, END}, 225, 3000, 50},
    {"a hole is left out", {{0, 0, 50}, {60000, 0, 50}, {61000, 0, 70}, END}, 60, 1000, 70},
    {"so is what lies around a failure",
     {{0, 0, 50}, {1000, 0, 50}, {2000, 0, -1}, {3000, 0, 80}, {4000, 0, 80}, END},
     130,
     2000,
     80},
    {"unplugged", {{0, 0, 50}, {1000, 0, 50}, {2000, 0, -1}, END}, 50, 1000, -1},
};

static void watts_are_joined(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof powers / sizeof *powers; i++) {
        struct vg_tally t;
        const struct vg_tally_settings settings = vg_tally_defaults(VG_METER_POWER, 0);
        vg_tally_init(&t, &settings);
        run(&t, powers[i].step);
        near(powers[i].name, t.joules, powers[i].joules);
        near(powers[i].name, (double)t.covered_us, (double)powers[i].covered_ms * 1000);
        near(powers[i].name, t.watts, powers[i].watts);
    }
}

static void each_processor_wraps_by_itself(void **state)
{
    (void)state;
    struct vg_tally t;
    struct vg_tally_settings settings = vg_tally_defaults(VG_METER_COUNTER, 2);
    settings.wrap_uj[0] = RANGE_UJ;
    settings.wrap_uj[1] = 4 * RANGE_UJ;
    vg_tally_init(&t, &settings);
    const struct vg_meter_sample samples[] = {{.uj = {RANGE_UJ - J, 10 * J}},
                                              {.uj = {19 * J, 40 * J}},
                                              {.uj = {39 * J, 40 * J}}, /* the second is still */
                                              {.uj = {59 * J, 100 * J}}};
    for (size_t i = 0; i < 4; i++)
        vg_tally_add(&t, &samples[i], -1, (struct vg_mono_time){(int64_t)i * VG_US_PER_S});
    near("joules", t.joules, 20 + 30 + 40 + 60);
    near("covered", (double)t.covered_us, 3e6);
    near("wraps", (double)t.wraps, 1);
}

/* 50 W to the last digit for two minutes: while the machine idles it may be so, not when it works. */
static void watts_that_do_not_follow_the_load_are_said(void **state)
{
    (void)state;
    const struct {
        double load_even, load_odd;
        int stalled;
    } rows[] = {{0.02, 0.03, 0}, {0.1, 0.6, 1}, {-1, -1, 0}};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct vg_tally t;
        const struct vg_tally_settings settings = vg_tally_defaults(VG_METER_POWER, 0);
        vg_tally_init(&t, &settings);
        struct vg_meter_sample sample = {.watts = 50};
        for (int64_t s = 0; s < 120; s++)
            vg_tally_add(&t, &sample, s % 2 ? rows[r].load_odd : rows[r].load_even,
                         (struct vg_mono_time){s * VG_US_PER_S});
        assert_int_equal(t.stalled, rows[r].stalled);
        sample.watts = 51;
        vg_tally_add(&t, &sample, 0.1, (struct vg_mono_time){120 * VG_US_PER_S});
        assert_false(t.stalled);
    }
}

/* 64 bits, forwards by what machines draw and wrapped often: never less, never more than was used. */
static void a_long_run_over_many_wraps_adds_up(void **state)
{
    (void)state;
    struct vg_tally t;
    struct vg_tally_settings settings = vg_tally_defaults(VG_METER_COUNTER, 1);
    settings.wrap_uj[0] = RANGE_UJ;
    vg_tally_init(&t, &settings);
    uint64_t used_uj = 0;
    for (int64_t s = 0; s <= 100000; s++) {
        const struct vg_meter_sample sample = {.uj = {used_uj % RANGE_UJ}};
        const double before = t.joules;
        vg_tally_add(&t, &sample, -1, (struct vg_mono_time){s * VG_US_PER_S});
        assert_true(t.joules >= before);
        used_uj += (100 + (uint64_t)(s % 300)) * J;
    }
    used_uj -= (100 + 100000 % 300) * J;
    assert_true(fabs(t.joules - (double)used_uj * 1e-6) < 1e-3);
    assert_int_equal(t.wraps, used_uj / RANGE_UJ);
    assert_int_equal(t.resets, 0);
}

static void the_load_of_a_machine(void **state)
{
    (void)state;
    const struct vg_machine_load a = vg_machine_load_parse("cpu  100 0 100 800 0 0 0 0 0 0\ncpu0");
    const struct vg_machine_load b = vg_machine_load_parse("cpu  150 0 100 840 10 0 0 0\n");
    near("busy", vg_machine_load_between(&a, &b), 0.5);
    near("back", vg_machine_load_between(&b, &a), -1);
    const char *const bad[] = {"", "cpu", "cpu 1 2", "cpu0 1 2 3 4 5 6 7 8", "cpu a b c"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct vg_machine_load none = vg_machine_load_parse(bad[i]);
        near(bad[i], vg_machine_load_between(&a, &none), -1);
        near(bad[i], vg_machine_load_between(&none, &a), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counter_is_summed),
        cmocka_unit_test(watts_are_joined),
        cmocka_unit_test(each_processor_wraps_by_itself),
        cmocka_unit_test(watts_that_do_not_follow_the_load_are_said),
        cmocka_unit_test(a_long_run_over_many_wraps_adds_up),
        cmocka_unit_test(the_load_of_a_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
