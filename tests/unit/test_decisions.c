/* What the scheduler decides, without its loop: which pictures, which batch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scheduler/decide_batch.h"
#include "scheduler/decide_rate.h"

static const struct {
    const char *name;
    double fps;         /* wanted */
    double source_fps;  /* regular pictures */
    int64_t jitter_us;  /* every second one is that late */
    int pictures, want; /* of so many, so many are wanted */
} rates[] = {
    {"every picture", 0, 25, 0, 250, 250},
    {"25 to 5", 5, 25, 0, 250, 50},
    {"25 to 5, uneven", 5, 25, 9000, 250, 50},
    {"12.5 to 5", 5, 12.5, 0, 125, 50},
    {"30 to 4", 4, 30, 0, 300, 40},
    {"slower source", 5, 3, 0, 30, 30},
    {"as fast as the source", 10, 10, 0, 100, 100},
    {"just faster source", 10, 10.1, 0, 101, 100},
};

static void the_mean_rate_is_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct vg_rate rate = vg_rate_of(rates[i].fps);
        int wanted = 0;
        for (int k = 0; k < rates[i].pictures; k++) {
            const double t = k * 1e6 / rates[i].source_fps;
            wanted += vg_rate_wants(&rate, (int64_t)t + (k & 1 ? rates[i].jitter_us : 0));
        }
        if (wanted != rates[i].want)
            fail_msg("%s: %d", rates[i].name, wanted);
    }
}

static void a_gap_is_not_made_up_for(void **state)
{
    (void)state;
    struct vg_rate rate = vg_rate_of(5);
    assert_true(vg_rate_wants(&rate, 0));
    assert_false(vg_rate_wants(&rate, 150000));
    assert_true(vg_rate_wants(&rate, 10000000));
    assert_false(vg_rate_wants(&rate, 10040000));
    assert_true(vg_rate_wants(&rate, 10200000));
}

static void a_flux_keeps_its_moments(void **state)
{
    (void)state;
    assert_int_equal(vg_rate_next_us(1000, 200, 1010), 1200);
    assert_int_equal(vg_rate_next_us(1000, 200, 1399), 1200);
    assert_int_equal(vg_rate_next_us(1000, 200, 1400), 1200); /* one waits: it is taken */
    assert_int_equal(vg_rate_next_us(1000, 200, 1450), 1400);
    assert_int_equal(vg_rate_next_us(1000, 200, 100000010), 100000000);
    assert_int_equal(vg_rate_next_us(1000, 1, 5), 1001);
    assert_int_equal(vg_rate_change_us(1100, 200, 100, 1000), 1050);
    assert_int_equal(vg_rate_change_us(1050, 100, 200, 1000), 1100);
    assert_int_equal(vg_rate_change_us(960, 100, 200, 1000), 920);
}

/* Of any number of flux that begin together no two thirds of a fair gap stay empty, nor two stand at
 * one moment. */
static void they_begin_apart(void **state)
{
    (void)state;
    enum {
        MOST = 256
    };
    for (uint32_t count = 1; count <= MOST; count++) {
        bool taken[3 * MOST] = {0};
        const int64_t period_us = 3 * (int64_t)count; /* a third of a fair gap is 1 us */
        for (uint32_t i = 0; i < count; i++) {
            const int64_t at = vg_rate_begin_us(i, period_us, 7000) - 7000;
            assert_in_range(at, 0, period_us - 1);
            assert_false(taken[at]);
            taken[at] = true;
        }
    }
    assert_int_equal(vg_rate_begin_us(9, 0, 7000), 7000);
}

static void floors_and_sources_bound_the_rate(void **state)
{
    (void)state;
    assert_float_equal(vg_rate_choose(5, 4, 25), 5, 0);
    assert_float_equal(vg_rate_choose(1, 4, 25), 4, 0);
    assert_float_equal(vg_rate_choose(5, 4, 3), 3, 0);
    assert_float_equal(vg_rate_choose(5, 4, 0), 5, 0);
}

static void the_earliest_deadline_goes_first(void **state)
{
    (void)state;
    struct vg_candidate c[] = {
        {.flux = 0, .due_us = 900, .period_us = 200, .priority = 5},  /* 1100 */
        {.flux = 1, .due_us = 800, .period_us = 100, .priority = 5},  /* 900 */
        {.flux = 2, .due_us = 2000, .period_us = 100, .priority = 5}, /* 2100 */
        {.flux = 3, .due_us = 900, .period_us = 200, .priority = 4},  /* 1080 */
        {.flux = 4,
         .due_us = 930,
         .period_us = 200,
         .priority = 5,
         .stir = VG_STIR_ALERT}, /* 1030 */
    };
    assert_int_equal(vg_batch_choose(c, 5, 4), 4);
    assert_int_equal(c[0].flux, 1);
    assert_int_equal(c[1].flux, 4);
    assert_int_equal(c[2].flux, 3);
    assert_int_equal(c[3].flux, 0);
    assert_int_equal(vg_batch_choose(c, 2, 64), 2);
    assert_int_equal(vg_batch_choose(c, 0, 64), 0);
}

/* who allows less than who else, and bounds: 50 to 280 ms at five pictures a second */
static void what_is_urgent_allows_less(void **state)
{
    (void)state;
    for (uint32_t p = 0; p < 9; p++)
        for (int s = 0; s < 3; s++) {
            const int64_t us = vg_batch_allowed_us(200000, p, (enum vg_stir)s);
            assert_in_range(us, 50000, 280000);
            assert_true(us < vg_batch_allowed_us(200000, p + 1, (enum vg_stir)s));
            assert_true(s == 0 || us < vg_batch_allowed_us(200000, p, (enum vg_stir)(s - 1)));
        }
    assert_int_equal(vg_batch_allowed_us(80000, 5, VG_STIR_CALM), 80000);
    assert_int_equal(vg_batch_allowed_us(0, 5, VG_STIR_CALM), VG_BATCH_ALLOWED_US);
    assert_int_equal(vg_batch_allowed_us(10000000, 99, VG_STIR_CALM), VG_BATCH_ALLOWED_US * 7 / 5);
}

/* As the loop does it: a flux that waits keeps the time since when, though its picture is
 * replaced by newer ones every period. 20 flux want 5 a second each of a device that does 40:
 * each gets about its share, those of the last priority too. */
static void no_flux_starves_under_overload(void **state)
{
    (void)state;
    enum {
        FLUX = 20,
        STEPS = 4000,
        STEP_US = 25000,
        PERIOD_US = 200000
    };
    int64_t due[FLUX], since[FLUX];
    int served[FLUX] = {0};
    for (int f = 0; f < FLUX; f++) {
        due[f] = f * 9000; /* each at its own phase */
        since[f] = -1;
    }
    for (int64_t step = 0; step < STEPS; step++) {
        const int64_t now = step * STEP_US;
        struct vg_candidate c[FLUX];
        uint32_t count = 0;
        for (uint32_t f = 0; f < FLUX; f++) {
            while (due[f] <= now) { /* a picture is published, served or not */
                due[f] += PERIOD_US;
                since[f] = since[f] < 0 ? now : since[f];
            }
            if (since[f] >= 0)
                c[count++] = (struct vg_candidate){.flux = f,
                                                   .priority = f < FLUX / 2 ? 5 : 9,
                                                   .due_us = since[f],
                                                   .period_us = PERIOD_US};
        }
        if (vg_batch_choose(c, count, 1)) {
            served[c[0].flux]++;
            since[c[0].flux] = -1;
        }
    }
    for (int f = 0; f < FLUX; f++)
        assert_in_range(served[f], STEPS / FLUX / 4, STEPS * STEP_US / PERIOD_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mean_rate_is_kept),
        cmocka_unit_test(a_gap_is_not_made_up_for),
        cmocka_unit_test(a_flux_keeps_its_moments),
        cmocka_unit_test(they_begin_apart),
        cmocka_unit_test(floors_and_sources_bound_the_rate),
        cmocka_unit_test(the_earliest_deadline_goes_first),
        cmocka_unit_test(what_is_urgent_allows_less),
        cmocka_unit_test(no_flux_starves_under_overload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
