/* How the devices' time is shared out: what each line of the order gives, who is shed, who comes
 * back and when. Random states: tests/property/test_share_random.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/decide_share.h"

enum {
    FLUX_MAX = 40,
    COST_US = 10000
};

#define T0 (100 * VG_US_PER_S)

/* Three flux at most, of which each costs 10 ms a picture. */
static const struct {
    const char *name;
    int64_t capacity_us;
    struct vg_share_flux flux[3];
    uint32_t want_milli[3];
    enum vg_share_verdict verdict[3];
} rows[] = {
    {"room for all",
     200000,
     {{.wanted_milli = 5000, .floor_milli = 2000}, {.wanted_milli = 5000}, {.wanted_milli = 5000}},
     {5000, 5000, 5000},
     {VG_SHARE_WANTED, VG_SHARE_WANTED, VG_SHARE_WANTED}},
    {"just room for all",
     150000,
     {{.wanted_milli = 5000}, {.wanted_milli = 5000}, {.wanted_milli = 5000}},
     {5000, 5000, 5000},
     {VG_SHARE_WANTED, VG_SHARE_WANTED, VG_SHARE_WANTED}},
    {"half the room, equals",
     75000,
     {{.wanted_milli = 5000}, {.wanted_milli = 5000}, {.wanted_milli = 5000}},
     {2500, 2500, 2500},
     {VG_SHARE_REDUCED, VG_SHARE_REDUCED, VG_SHARE_REDUCED}},
    {"the same share of what each wants",
     75000,
     {{.wanted_milli = 10000}, {.wanted_milli = 3000}, {.wanted_milli = 2000}},
     {5000, 1500, 1000},
     {VG_SHARE_REDUCED, VG_SHARE_REDUCED, VG_SHARE_REDUCED}},
    {"by priority: 10 to 5 to 1",
     60000,
     {{.wanted_milli = 5000},
      {.wanted_milli = 5000, .priority = 5},
      {.wanted_milli = 5000, .priority = 9}},
     {3750, 1875, 375},
     {VG_SHARE_REDUCED, VG_SHARE_REDUCED, VG_SHARE_REDUCED}},
    {"never under the floor",
     75000,
     {{.wanted_milli = 5000},
      {.wanted_milli = 5000, .floor_milli = 4000, .priority = 9},
      {.wanted_milli = 5000}},
     {1750, 4000, 1750},
     {VG_SHARE_REDUCED, VG_SHARE_REDUCED, VG_SHARE_REDUCED}},
    {"floors find no room: the last priority is shed whole",
     100000,
     {{.wanted_milli = 5000, .floor_milli = 4000, .priority = 2},
      {.wanted_milli = 5000, .floor_milli = 4000, .priority = 7},
      {.wanted_milli = 5000, .floor_milli = 4000, .priority = 3}},
     {5000, 0, 5000},
     {VG_SHARE_WANTED, VG_SHARE_SHED, VG_SHARE_WANTED}},
    {"of equals the one that stands last",
     100000,
     {{.wanted_milli = 5000, .floor_milli = 4000},
      {.wanted_milli = 5000, .floor_milli = 4000},
      {.wanted_milli = 5000, .floor_milli = 4000}},
     {5000, 5000, 0},
     {VG_SHARE_WANTED, VG_SHARE_WANTED, VG_SHARE_SHED}},
    {"but not the one with an alert",
     100000,
     {{.wanted_milli = 5000, .floor_milli = 4000},
      {.wanted_milli = 5000, .floor_milli = 4000, .stir = VG_STIR_ARMED},
      {.wanted_milli = 5000, .floor_milli = 4000, .stir = VG_STIR_ALERT}},
     {0, 5000, 5000},
     {VG_SHARE_SHED, VG_SHARE_WANTED, VG_SHARE_WANTED}},
    {"no room at all",
     0,
     {{.wanted_milli = 5000, .floor_milli = 1}, {.wanted_milli = 5000}, {.wanted_milli = 5000}},
     {0, 0, 0},
     {VG_SHARE_SHED, VG_SHARE_REDUCED, VG_SHARE_REDUCED}},
    {"an alert rises to twice",
     300000,
     {{.wanted_milli = 5000},
      {.wanted_milli = 5000, .stir = VG_STIR_ALERT},
      {.wanted_milli = 5000}},
     {5000, 10000, 5000},
     {VG_SHARE_WANTED, VG_SHARE_RAISED, VG_SHARE_WANTED}},
    {"as far as there is room",
     180000,
     {{.wanted_milli = 5000},
      {.wanted_milli = 5000, .stir = VG_STIR_ARMED},
      {.wanted_milli = 5000}},
     {5000, 8000, 5000},
     {VG_SHARE_WANTED, VG_SHARE_RAISED, VG_SHARE_WANTED}},
    {"and as the source gives",
     300000,
     {{.wanted_milli = 5000},
      {.wanted_milli = 5000, .source_milli = 6000, .stir = VG_STIR_ALERT},
      {.wanted_milli = 5000}},
     {5000, 6000, 5000},
     {VG_SHARE_WANTED, VG_SHARE_RAISED, VG_SHARE_WANTED}},
    {"a source slower than its floor",
     300000,
     {{.wanted_milli = 5000, .floor_milli = 4000, .source_milli = 3000},
      {.floor_milli = 2000, .wanted_milli = 1000},
      {.source_milli = 8000}},
     {3000, 2000, 8000},
     {VG_SHARE_WANTED, VG_SHARE_WANTED, VG_SHARE_WANTED}},
};

static void each_line_gives_what_it_says(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct vg_share_flux flux[3];
        memcpy(flux, rows[r].flux, sizeof flux);
        for (int i = 0; i < 3; i++)
            flux[i].cost_us = COST_US;
        vg_share_out(flux, 3, rows[r].capacity_us, T0);
        for (int i = 0; i < 3; i++) {
            const int64_t off = (int64_t)flux[i].rate_milli - rows[r].want_milli[i];
            if (off > 0 || off < -1 || flux[i].verdict != rows[r].verdict[i])
                fail_msg("%s: flux %d: %u, %d", rows[r].name, i, flux[i].rate_milli,
                         (int)flux[i].verdict);
        }
    }
}

/* Twenty flux at 90 % of the device; one of them comes to cost ten times what was declared. */
static void nobody_pays_for_a_costly_neighbour(void **state)
{
    (void)state;
    for (uint32_t floor_milli = 0; floor_milli <= 5000; floor_milli += 1000)
        for (uint32_t priority = 0; priority < 10; priority += 3) {
            struct vg_share_flux flux[20] = {0};
            for (int i = 0; i < 20; i++)
                flux[i] = (struct vg_share_flux){.wanted_milli = 5000,
                                                 .floor_milli = floor_milli,
                                                 .priority = 5,
                                                 .declared_us = COST_US,
                                                 .cost_us = COST_US};
            flux[7].cost_us = 10 * COST_US;
            flux[7].priority = priority;
            flux[7].stir = VG_STIR_ALERT;
            vg_share_out(flux, 20, 1111111, T0);
            for (int i = 0; i < 20; i++)
                if (i != 7)
                    assert_int_equal(flux[i].rate_milli, 5000);
            /* what is spare is its own: 161 ms of the second */
            if (floor_milli <= 1000)
                assert_in_range(flux[7].rate_milli, 1600, 1612);
            else
                assert_int_equal(flux[7].verdict, VG_SHARE_COSTLY);
            assert_true(vg_share_load_us(flux, 20) <= 1111111);
        }
}

static void a_fuller_scene_is_no_attack(void **state)
{
    (void)state;
    struct vg_share_flux flux[2] = {{.wanted_milli = 5000,
                                     .floor_milli = 5000,
                                     .priority = 0,
                                     .declared_us = COST_US,
                                     .cost_us = 12500},
                                    {.wanted_milli = 5000,
                                     .floor_milli = 5000,
                                     .priority = 9,
                                     .declared_us = COST_US,
                                     .cost_us = COST_US}};
    vg_share_out(flux, 2, 100000, T0);
    assert_int_equal(flux[0].rate_milli, 5000);
    assert_int_equal(flux[1].verdict, VG_SHARE_SHED);
}

static void two_flux(struct vg_share_flux *flux)
{
    for (int i = 0; i < 2; i++)
        flux[i] = (struct vg_share_flux){.wanted_milli = 5000,
                                         .floor_milli = 4000,
                                         .priority = (uint32_t)i,
                                         .declared_us = COST_US,
                                         .cost_us = COST_US};
}

static void who_was_shed_comes_back_after_a_while_with_room(void **state)
{
    (void)state;
    struct vg_share_flux flux[2];
    two_flux(flux);
    vg_share_out(flux, 2, 79999, T0);
    assert_true(flux[1].shed);
    vg_share_out(flux, 2, 83000, T0 + 60 * VG_US_PER_S); /* room, without the margin */
    assert_true(flux[1].shed);
    vg_share_out(flux, 2, 90000, T0 + 61 * VG_US_PER_S);
    vg_share_out(flux, 2, 83000, T0 + 64 * VG_US_PER_S); /* begins anew */
    vg_share_out(flux, 2, 90000, T0 + 65 * VG_US_PER_S);
    vg_share_out(flux, 2, 90000, T0 + 69 * VG_US_PER_S);
    assert_true(flux[1].shed);
    vg_share_out(flux, 2, 90000, T0 + 70 * VG_US_PER_S);
    assert_false(flux[1].shed);
    assert_in_range(flux[1].rate_milli, 4000, 4500);
    vg_share_out(flux, 2, 81000, T0 + 71 * VG_US_PER_S); /* no margin is asked of who is held */
    assert_false(flux[1].shed);
}

static void a_higher_priority_comes_back_over_a_lower_one(void **state)
{
    (void)state;
    struct vg_share_flux flux[2];
    two_flux(flux);
    flux[0].cost_us = 0; /* none yet: what was declared */
    vg_share_out(flux, 2, 30000, T0);
    assert_true(flux[0].shed && flux[1].shed);
    vg_share_out(flux, 2, 50000, T0 + 1);
    vg_share_out(flux, 2, 50000, T0 + 1 + VG_SHARE_BACK_US);
    assert_false(flux[0].shed);
    assert_true(flux[1].shed);
}

/* A capacity that swings every second about the edge: the time to come back doubles. */
static void nobody_flaps(void **state)
{
    (void)state;
    struct vg_share_flux flux[2];
    int changes = 0;
    bool before = false;
    two_flux(flux);
    for (int64_t s = 0; s < 3600; s++) {
        vg_share_out(flux, 2, s / 20 % 2 ? 70000 : 100000, T0 + s * VG_US_PER_S);
        changes += flux[1].shed != before;
        before = flux[1].shed;
        assert_false(flux[0].shed);
    }
    /* swings of 20 s: back after 5, 10, 20 s, then never, since no swing lasts 40 s */
    assert_in_range(changes, 3, 8);
}

/* It costs ten times what was declared, and its floor finds no room: it is tried again, ever less
 * often; once it costs what was declared it stays. */
static void a_costly_flux_is_tried_again(void **state)
{
    (void)state;
    struct vg_share_flux flux[20];
    int tries = 0;
    for (int i = 0; i < 20; i++)
        flux[i] = (struct vg_share_flux){
            .wanted_milli = 5000, .floor_milli = 4000, .declared_us = COST_US, .cost_us = COST_US};
    for (int64_t s = 0; s < 2 * 3600; s++) {
        const bool before = flux[3].shed;
        for (int i = 0; i < 20; i++)
            for (uint32_t k = 0; k < flux[i].rate_milli / 1000; k++)
                (void)vg_share_cost(&flux[i], i == 3 && s < 3600 ? 10 * COST_US : COST_US);
        vg_share_out(flux, 20, 1111111, T0 + s * VG_US_PER_S);
        tries += before && !flux[3].shed;
        for (int i = 0; i < 20; i++)
            if (i != 3 && flux[i].rate_milli < 4990)
                fail_msg("flux %d: %u at %d s", i, flux[i].rate_milli, (int)s);
    }
    assert_in_range(tries, 3, 12);
    assert_int_equal(flux[3].rate_milli, 5000);
}

/* The device was so slow that not one floor found room; with nobody looked at nothing is measured. */
static void nobody_stays_shed_for_good(void **state)
{
    (void)state;
    struct vg_share_flux flux[4] = {0};
    int64_t shed_s = 0;
    for (int i = 0; i < 4; i++)
        flux[i] = (struct vg_share_flux){
            .wanted_milli = 5000, .floor_milli = 4000, .cost_us = 100 * COST_US};
    for (int64_t s = 0; s < 600; s++) {
        vg_share_out(flux, 4, 900000, T0 + s * VG_US_PER_S);
        for (int i = 0; i < 4; i++)
            for (uint32_t k = 0; k < flux[i].rate_milli / 1000; k++)
                (void)vg_share_cost(&flux[i], COST_US);
        shed_s += flux[0].shed;
        assert_true(s > 0 || flux[0].shed);
        assert_true(s < 120 || flux[0].rate_milli == 5000);
    }
    assert_in_range(shed_s, 20, 60);
    for (int i = 0; i < 4; i++)
        assert_int_equal(flux[i].rate_milli, 5000);
}

static void a_cost_that_leaps_is_told_at_once(void **state)
{
    (void)state;
    struct vg_share_flux flux = {.wanted_milli = 5000, .declared_us = COST_US};
    vg_share_out(&flux, 1, 1000000, T0);
    assert_false(vg_share_cost(&flux, COST_US));
    assert_false(vg_share_cost(&flux, COST_US * 19 / 10));
    assert_true(vg_share_cost(&flux, COST_US * 10));
    assert_in_range(flux.cost_us, 5 * COST_US, 6 * COST_US);
    vg_share_out(&flux, 1, 1000000, T0 + 1);
    assert_false(vg_share_cost(&flux, COST_US * 10));
}

static void what_is_replaced_shows_what_is_not_there(void **state)
{
    (void)state;
    struct vg_share_gauge gauge = {0};
    assert_int_equal(vg_share_gauge(&gauge, 0, 0, 1000), 1000);
    for (int i = 0; i < 10; i++)
        assert_int_equal(vg_share_gauge(&gauge, 100000, 1000, 1000), 1000);
    int64_t us = 1000;
    for (int i = 0; i < 20; i++) { /* a device that does 90 % of what was thought */
        const int64_t over = us > 900 ? us - 900 : 0;
        us = vg_share_gauge(&gauge, (us - over) * 1000, over * 1000, 1000);
    }
    assert_in_range(us, 800, 930);
    for (int i = 0; i < 100; i++)
        us = vg_share_gauge(&gauge, 900000, 0, 1000);
    assert_int_equal(us, 1000);
    for (int i = 0; i < 1000; i++)
        us = vg_share_gauge(&gauge, 0, 900000, 1000);
    assert_int_equal(us, 700);
    assert_in_range(vg_share_gauge(&gauge, -5, -5, 1000), 700, 705);
}

static void nothing_breaks_it(void **state)
{
    (void)state;
    struct vg_share_flux flux[4] = {{.wanted_milli = UINT32_MAX,
                                     .floor_milli = UINT32_MAX,
                                     .priority = UINT32_MAX,
                                     .cost_us = INT64_C(1) << 40},
                                    {.wanted_milli = 1, .cost_us = -5, .declared_us = -7},
                                    {0},
                                    {.wanted_milli = 5000, .cost_us = COST_US, .declared_us = 1}};
    assert_false(vg_share_cost(&flux[2], -1));
    assert_false(vg_share_cost(&flux[2], 0));
    assert_int_equal(flux[2].cost_us, 0);
    vg_share_out(flux, 4, 1000000, T0);
    vg_share_out(flux, 4, 1000000, T0 - 50);
    vg_share_out(flux, 4, -1, T0);
    vg_share_out(flux, 0, 1000000, T0);
    assert_int_equal(flux[0].verdict, VG_SHARE_SHED);
    assert_int_equal(flux[0].rate_milli, 0);
}

/* The most of the last five seconds; nothing is known of a device that has just begun. */
static void a_moments_weakness_sheds_nobody(void **state)
{
    (void)state;
    static const struct {
        int64_t at_s, capacity_us, want_us;
    } most_rows[] = {
        {0, 10000, 100000}, {1, 20000, 100000}, {5, 90000, 100000}, {6, 50000, 90000},
        {7, 40000, 90000},  {9, 45000, 90000},  {10, 30000, 90000}, {11, 20000, 50000},
        {12, 20000, 45000}, {15, 10000, 30000}, {30, 5000, 5000},   {31, 95000, 95000},
    };
    struct vg_share_most most = {0};
    struct vg_share_flux flux[2] = {
        {.wanted_milli = 5000, .floor_milli = 4000, .cost_us = COST_US},
        {.wanted_milli = 5000, .floor_milli = 4000, .cost_us = COST_US}};
    for (size_t i = 0; i < sizeof most_rows / sizeof *most_rows; i++)
        assert_int_equal(
            vg_share_most(&most, most_rows[i].capacity_us, 100000, most_rows[i].at_s * VG_US_PER_S),
            most_rows[i].want_us);
    /* a falling row longer than there are places for: never less than there is */
    most = (struct vg_share_most){0};
    for (int64_t i = 0; i < 100; i++)
        assert_true(vg_share_most(&most, 1000 - i, 0, i * VG_US_PER_S / 10) >= 1000 - i);
    vg_share_out_held(flux, 2, 4 * COST_US, 100 * COST_US, T0);
    assert_int_equal(flux[1].verdict, VG_SHARE_REDUCED);
    assert_in_range(flux[1].rate_milli, 3999, 4000);
    vg_share_out_held(flux, 2, 4 * COST_US, 4 * COST_US, T0 + VG_US_PER_S);
    assert_int_equal(flux[1].verdict, VG_SHARE_SHED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_gives_what_it_says),
        cmocka_unit_test(nobody_pays_for_a_costly_neighbour),
        cmocka_unit_test(a_fuller_scene_is_no_attack),
        cmocka_unit_test(who_was_shed_comes_back_after_a_while_with_room),
        cmocka_unit_test(a_higher_priority_comes_back_over_a_lower_one),
        cmocka_unit_test(nobody_flaps),
        cmocka_unit_test(a_costly_flux_is_tried_again),
        cmocka_unit_test(nobody_stays_shed_for_good),
        cmocka_unit_test(a_cost_that_leaps_is_told_at_once),
        cmocka_unit_test(what_is_replaced_shows_what_is_not_there),
        cmocka_unit_test(nothing_breaks_it),
        cmocka_unit_test(a_moments_weakness_sheds_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
