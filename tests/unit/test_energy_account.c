/* What runs used, against sums made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/energy/account.h"
#include "src/energy/account_json.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void near(const char *name, double is, double wanted)
{
    if (fabs(is - wanted) > 1e-6 * (1 + fabs(wanted)))
        fail_msg("%s: %.12g instead of %.12g", name, is, wanted);
}

/* Idle at 60 W, 100 W under load for 600 s, 20 flux at 5 pictures a second. */
static struct vg_energy_run a_run(double load_w)
{
    return (struct vg_energy_run){.before = {60 * 120, 120, 120},
                                  .load = {load_w * 600, 600, 600},
                                  .after = {60 * 120, 120, 120},
                                  .pictures = 60000,
                                  .flux = 20};
}

static void one_run(void **state)
{
    (void)state;
    struct vg_energy_account a;
    const struct vg_energy_run run = a_run(100);
    vg_energy_account_make(&a, VG_ENERGY_WALL, &run, 1, 30);
    assert_int_equal(a.status, VG_ENERGY_MEASURED);
    assert_int_equal(a.scope, VG_ENERGY_WALL);
    near("gross W", a.gross_w.mean, 100);
    near("idle W", a.idle_w.mean, 60);
    near("net W", a.net_w.mean, 40);
    near("gross J", a.gross_j.mean, 60000);
    near("net J", a.net_j.mean, 24000);
    near("J a picture", a.j_per_picture.mean, 1);
    near("net J a picture", a.net_j_per_picture.mean, 0.4);
    near("W a flux", a.w_per_flux.mean, 5);
    near("net W a flux", a.net_w_per_flux.mean, 2);
    near("kWh a day", a.kwh_per_day.mean, 2.4);
    near("kWh in 30 days", a.kwh_per_deployment.mean, 72);
    assert_int_equal(a.gross_w.count, 1);
    near("no interval", a.gross_w.low, a.gross_w.high);
    near("covered", a.cover_least, 1);
    assert_false(a.idle_drifts);
}

/* 98, 100, 102, 99, 101: mean 100, s^2 = 2.5, t(4) = 2.7764: -+ 1.963224. */
static void five_runs_have_an_interval(void **state)
{
    (void)state;
    const double watts[] = {98, 100, 102, 99, 101};
    struct vg_energy_run runs[COUNT(watts)];
    struct vg_energy_account a;
    for (size_t i = 0; i < COUNT(watts); i++)
        runs[i] = a_run(watts[i]);
    vg_energy_account_make(&a, VG_ENERGY_PACKAGE, runs, COUNT(watts), 0);
    near("mean", a.gross_w.mean, 100);
    near("low", a.gross_w.low, 100 - 1.963224);
    near("high", a.gross_w.high, 100 + 1.963224);
    near("J a picture", a.j_per_picture.high, 1.01963224);
    near("net W", a.net_w.low, 40 - 1.963224);
    near("kWh", a.kwh_per_day.high, 24e-3 * 101.963224);
    near("nothing in 0 days", a.kwh_per_deployment.high, 0);
    assert_int_equal(a.runs, 5);
    const struct vg_energy_figure f = vg_energy_mean(watts, COUNT(watts));
    near("the same", f.high, a.gross_w.high);
}

static void holes_are_not_filled(void **state)
{
    (void)state;
    struct vg_energy_account a;
    struct vg_energy_run runs[4] = {a_run(100), a_run(100), a_run(100), a_run(100)};
    runs[0].load = (struct vg_energy_stretch){100 * 580, 580, 600}; /* 97 % is known */
    runs[1].load = (struct vg_energy_stretch){100 * 500, 500, 600};
    runs[2].pictures = 0;
    runs[3].before.covered_s = 60; /* idle is not known */
    vg_energy_account_make(&a, VG_ENERGY_WALL, runs, 4, 1);
    assert_int_equal(a.runs, 2);
    assert_int_equal(a.left_out, 2);
    near("covered", a.cover_least, 580.0 / 600);
    near("the whole run", a.gross_j.mean, 60000);
    assert_int_equal(a.gross_w.count, 2);
    assert_int_equal(a.net_w.count, 1);
    runs[3].before.whole_s = 0; /* nor measured */
    vg_energy_account_make(&a, VG_ENERGY_WALL, &runs[3], 1, 1);
    assert_int_equal(a.net_j_per_picture.count, 0);
    near("no drift is known", a.drift, 0);
}

static void idle_that_drifts_is_said(void **state)
{
    (void)state;
    struct vg_energy_account a;
    struct vg_energy_run run = a_run(100);
    run.after.joules = 61 * 120;
    vg_energy_account_make(&a, VG_ENERGY_WALL, &run, 1, 1);
    near("drift", a.drift, 1 / 60.5);
    near("idle", a.idle_w.mean, 60.5);
    assert_false(a.idle_drifts);
    run.after.joules = 63 * 120;
    vg_energy_account_make(&a, VG_ENERGY_WALL, &run, 1, 1);
    assert_true(a.idle_drifts);
}

static void what_is_no_measure_is_none(void **state)
{
    (void)state;
    struct vg_energy_account a;
    struct vg_energy_run runs[] = {a_run(100), a_run(100), a_run(100), a_run(100), a_run(100)};
    runs[0].load.joules = (double)NAN;
    runs[1].load.covered_s = (double)INFINITY;
    runs[2].load = (struct vg_energy_stretch){0, 0, 600};
    runs[3].flux = 0;
    runs[4].load.joules = -5;
    vg_energy_account_make(&a, VG_ENERGY_WALL, runs, COUNT(runs), 1);
    assert_int_equal(a.status, VG_ENERGY_NOT_MEASURED);
    assert_non_null(a.why);
    assert_int_equal(a.left_out, 5);
    assert_int_equal(a.gross_w.count, 0);
    vg_energy_account_make(&a, VG_ENERGY_WALL, NULL, 0, 1);
    assert_int_equal(a.status, VG_ENERGY_NOT_MEASURED);
    vg_energy_account_none(&a, "no meter");
    assert_string_equal(a.why, "no meter");
}

static void an_estimate_says_that_it_is_one(void **state)
{
    (void)state;
    struct vg_energy_account a;
    const struct vg_energy_assumption half = {60, 160, 0.5};
    vg_energy_account_assume(&a, VG_ENERGY_WALL, &half, 600, 60000, 20, 30);
    assert_int_equal(a.status, VG_ENERGY_ESTIMATED);
    near("W", a.gross_w.mean, 110);
    near("net", a.net_w.mean, 50);
    near("J a picture", a.j_per_picture.mean, 1.1);
    const struct vg_energy_assumption bad[] = {{60, 50, 0.5},          {-1, 50, 0.5},
                                               {60, 160, 1.5},         {60, 160, -0.1},
                                               {60, 160, (double)NAN}, {(double)NAN, 1, 0}};
    for (size_t i = 0; i < COUNT(bad); i++) {
        vg_energy_account_assume(&a, VG_ENERGY_WALL, &bad[i], 600, 60000, 20, 30);
        assert_int_equal(a.status, VG_ENERGY_NOT_MEASURED);
        assert_non_null(a.why);
    }
    vg_energy_account_assume(&a, VG_ENERGY_WALL, &half, 0, 60000, 20, 30);
    assert_int_equal(a.status, VG_ENERGY_NOT_MEASURED);
}

/* Ten blocks: E = N but for two that are 10 off, up and down. R = 1; squares 200; t(9) = 2.2622. */
static void blocks_of_one_run(void **state)
{
    (void)state;
    double joules[10], pictures[10];
    for (int i = 0; i < 10; i++)
        joules[i] = pictures[i] = 100 + 10 * (i % 2);
    joules[0] += 10;
    joules[2] -= 10;
    const struct vg_energy_figure f = vg_energy_blocks(joules, pictures, 10);
    near("R", f.mean, 1);
    near("half", f.high - f.mean, 2.2622 * sqrt(200.0 / 90) / 105);
    assert_int_equal(vg_energy_blocks(joules, pictures, 9).count, 0);
    memset(pictures, 0, sizeof pictures);
    assert_int_equal(vg_energy_blocks(joules, pictures, 10).count, 0);
}

/* Ten blocks of 60 s at 100 W and 100 pictures a second, one 600 J above and one below. By the second
 * the half is 2.2622 * sqrt(720000 / 90) / 60 W, by the picture a hundredth of it in joules. */
static void blocks_give_one_run_its_intervals(void **state)
{
    (void)state;
    double joules[10], seconds[10], pictures[10];
    const struct vg_energy_block_list blocks = {joules, seconds, pictures, 10};
    for (int i = 0; i < 10; i++) {
        joules[i] = 6000 + (i == 3 ? 600 : i == 6 ? -600 : 0);
        seconds[i] = 60;
        pictures[i] = 6000;
    }
    const double half = 2.2622 * sqrt(720000.0 / 90) / 60;
    struct vg_energy_account a;
    struct vg_energy_run run = a_run(100);
    run.after.joules = 61 * 120; /* idle: 60.5 W, half a watt to either side */
    vg_energy_account_make(&a, VG_ENERGY_WALL, &run, 1, 30);
    vg_energy_account_within(&a, &blocks);
    near("gross W", a.gross_w.high, 100 + half);
    near("gross J", a.gross_j.low, 600 * (100 - half));
    near("W a flux", a.w_per_flux.low, (100 - half) / 20);
    near("kWh a day", a.kwh_per_day.high, 24e-3 * (100 + half));
    near("kWh in 30 days", a.kwh_per_deployment.high, 0.72 * (100 + half));
    near("net W", a.net_w.low, 39.5 - half - 0.5);
    near("net J", a.net_j.high, 600 * (39.5 + half + 0.5));
    near("net W a flux", a.net_w_per_flux.high, (39.5 + half + 0.5) / 20);
    near("J a picture", a.j_per_picture.high, 1 + half / 100);
    near("net J a picture", a.net_j_per_picture.high, (39.5 + half + 0.5) / 100);
    near("idle has none", a.idle_w.low, a.idle_w.high);
    assert_int_equal(a.gross_w.count, 10);
    /* pictures that come unevenly, while the watts stand still: what is net is as little above idle */
    for (int i = 0; i < 10; i++) {
        joules[i] = 6000;
        pictures[i] = 6000 + 1000 * (i % 2 ? 1 : -1);
    }
    vg_energy_account_make(&a, VG_ENERGY_WALL, &run, 1, 30);
    vg_energy_account_within(&a, &blocks);
    near("W stand still", a.gross_w.high, a.gross_w.low);
    near("net by what is net", a.net_j_per_picture.high - a.net_j_per_picture.mean - 0.005,
         0.395 * (a.j_per_picture.high - a.j_per_picture.mean));
    for (int i = 0; i < 10; i++) {
        joules[i] = 6000 + (i == 3 ? 600 : i == 6 ? -600 : 0);
        pictures[i] = 6000;
    }
    struct vg_energy_run runs[] = {a_run(99), a_run(101)};
    runs[0].before.whole_s = 0; /* nothing is known of idle */
    vg_energy_account_make(&a, VG_ENERGY_WALL, runs, 1, 30);
    vg_energy_account_within(&a, &blocks);
    assert_int_equal(a.net_w.count, 0);
    near("but gross", a.gross_w.high, 99 + half);
    vg_energy_account_make(&a, VG_ENERGY_WALL, runs, 2, 30);
    vg_energy_account_within(&a, &blocks);
    near("of several it is theirs", a.gross_w.high, 100 + 12.7062 * sqrt(2) / sqrt(2));
    vg_energy_account_make(&a, VG_ENERGY_WALL, runs, 1, 30);
    vg_energy_account_within(&a, &(struct vg_energy_block_list){joules, seconds, pictures, 9});
    assert_int_equal(a.gross_w.count, 1);
}

static void students_table(void **state)
{
    (void)state;
    near("1", vg_student_t(1), 12.7062);
    near("4", vg_student_t(4), 2.7764);
    near("29", vg_student_t(29), 2.0452);
    near("35 takes 30's", vg_student_t(35), 2.0423);
    near("a thousand", vg_student_t(1000), 1.9799);
    for (uint32_t f = 1; f < 200; f++)
        assert_true(vg_student_t(f + 1) <= vg_student_t(f));
}

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_number(value))
        fail_msg("%s is no number", key);
    return json_number_value(value);
}

static void the_object_of_the_bench(void **state)
{
    (void)state;
    struct vg_energy_account a;
    const struct vg_energy_run runs[] = {a_run(99), a_run(101)};
    vg_energy_account_make(&a, VG_ENERGY_WALL, runs, 2, 7);
    json_t *object = vg_energy_account_json(&a, "snmp:strip", NULL);
    assert_non_null(object);
    assert_string_equal(json_string_value(json_object_get(object, "status")), "measured");
    assert_string_equal(json_string_value(json_object_get(object, "scope")), "wall");
    assert_string_equal(json_string_value(json_object_get(object, "meter")), "snmp:strip");
    near("J", number(object, "j_per_picture"), 1);
    near("W", number(object, "w_per_flux"), 5);
    near("kWh", number(object, "kwh_per_deployment"), 2.4 * 7);
    const json_t *interval = json_object_get(object, "interval");
    const json_t *pair = json_object_get(interval, "w_per_flux");
    near("low", json_number_value(json_array_get(pair, 0)), a.w_per_flux.low);
    near("high", json_number_value(json_array_get(pair, 1)), a.w_per_flux.high);
    json_decref(object);
    vg_energy_account_make(&a, VG_ENERGY_WALL, runs, 1, 7);
    object = vg_energy_account_json(&a, "snmp:strip", NULL);
    assert_true(json_is_null(json_object_get(object, "interval")));
    json_decref(object);
    vg_energy_account_none(&a, "no meter");
    object = vg_energy_account_json(&a, NULL, NULL);
    assert_string_equal(json_string_value(json_object_get(object, "status")), "not_measured");
    const char *const nulls[] = {"scope",    "meter",      "j_per_picture", "w_per_flux",
                                 "interval", "idle_drift", "covered",       "assumption"};
    for (size_t i = 0; i < COUNT(nulls); i++)
        if (!json_is_null(json_object_get(object, nulls[i])))
            fail_msg("%s", nulls[i]);
    json_decref(object);
    const struct vg_energy_assumption half = {60, 160, 0.5};
    vg_energy_account_assume(&a, VG_ENERGY_WALL, &half, 600, 60000, 20, 30);
    object = vg_energy_account_json(&a, NULL, &half);
    assert_string_equal(json_string_value(json_object_get(object, "status")), "estimated");
    near("assumed", number(json_object_get(object, "assumption"), "full_w"), 160);
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_run),
        cmocka_unit_test(five_runs_have_an_interval),
        cmocka_unit_test(holes_are_not_filled),
        cmocka_unit_test(idle_that_drifts_is_said),
        cmocka_unit_test(what_is_no_measure_is_none),
        cmocka_unit_test(an_estimate_says_that_it_is_one),
        cmocka_unit_test(blocks_of_one_run),
        cmocka_unit_test(blocks_give_one_run_its_intervals),
        cmocka_unit_test(students_table),
        cmocka_unit_test(the_object_of_the_bench),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
