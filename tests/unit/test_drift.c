/* A drift is found where there is one, and noise, steps and values that go together are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "bench/drift.h"
#include "src/base/random.h"

#define N 60

static int holds_nothing(const struct vg_drift *drift)
{
    return fabs(drift->per_hour) <= drift->error;
}

static void a_line_is_found_to_the_digit(void **state)
{
    (void)state;
    double line[N];
    for (int i = 0; i < N; i++)
        line[i] = 1e6 + 10.0 * i;
    const struct vg_drift seconds = vg_drift_of(line, N, 1), minutes = vg_drift_of(line, N, 60);
    assert_true(fabs(seconds.per_hour - 36000) < 1e-3 && seconds.error < 1e-3);
    assert_true(fabs(minutes.per_hour - 600) < 1e-3 && minutes.error < 1e-3);
    for (uint32_t n = 0; n < 3; n++) {
        const struct vg_drift none = vg_drift_of(line, n, 1);
        assert_true(fabs(none.per_hour) <= 0 && fabs(none.error) <= 0);
    }
}

/* y = 0, 1, 1: slope 0.5 a step, one residual's degree of freedom: 12.706 sqrt(1 / 6 / 2). */
static void three_values_have_the_interval_of_the_tables(void **state)
{
    (void)state;
    const double values[] = {0, 1, 1};
    const struct vg_drift drift = vg_drift_of(values, 3, 3600);
    assert_true(fabs(drift.per_hour - 0.5) < 1e-9);
    assert_true(fabs(drift.error - 12.706 * sqrt(1.0 / 12)) < 1e-3);
}

static void values_that_stand_still_have_none(void **state)
{
    (void)state;
    double values[N];
    for (int i = 0; i < N; i++)
        values[i] = 388e6;
    const struct vg_drift drift = vg_drift_of(values, N, 60);
    assert_true(fabs(drift.per_hour) < 1e-3 && drift.error < 1e-3); /* but for rounding */
}

/* Some pages that were touched once, sometime, are no drift; a page every few minutes is. */
static void steps_are_none_and_stairs_are(void **state)
{
    (void)state;
    double step[N], stairs[N];
    for (int at = 5; at < N - 5; at++) {
        for (int i = 0; i < N; i++)
            step[i] = 388e6 + (i >= at ? 3 * 4096 : 0);
        const struct vg_drift drift = vg_drift_of(step, N, 60);
        assert_true(holds_nothing(&drift));
    }
    for (int i = 0; i < N; i++)
        stairs[i] = 388e6 + i / 4 * 4096.0;
    const struct vg_drift drift = vg_drift_of(stairs, N, 60);
    assert_true(drift.per_hour - drift.error > 0);
    assert_true(fabs(drift.per_hour - 15 * 4096) < drift.error + 4096);
}

/* An interval of 95 % misses nothing but one time in twenty; of sixty values that go together by 0.8
 * somewhat more often, which is known of the method, but far from the half that plain least squares miss. */
static void noise_is_none(void **state)
{
    (void)state;
    static const struct {
        double alike;
        int missed_most; /* of 1,000 */
    } rows[] = {{0, 70}, {0.5, 100}, {0.8, 160}};
    struct vg_random random;
    vg_random_seed(&random, 11);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        int missed = 0;
        for (int run = 0; run < 1000; run++) {
            double values[N], last = 0;
            for (int i = 0; i < N; i++) {
                last = rows[r].alike * last + vg_random_unit(&random) - 0.5;
                values[i] = 100 + last;
            }
            const struct vg_drift drift = vg_drift_of(values, N, 60);
            missed += !holds_nothing(&drift);
        }
        if (missed > rows[r].missed_most || missed == 0)
            print_message("alike %.1f: %d of 1000\n", rows[r].alike, missed);
        assert_in_range(missed, 1, rows[r].missed_most);
    }
}

static double uniform(struct vg_random *random)
{
    return vg_random_unit(random) - 0.5;
}

/* Of values that go with another quantity, which itself goes down: the line that is left is found to the
 * digit, and none where there is none, though plain least squares see one. */
static void what_goes_with_another_is_not_its_own(void **state)
{
    (void)state;
    double values[N], beside[N];
    struct vg_random random;
    vg_random_seed(&random, 3);
    for (int i = 0; i < N; i++) {
        beside[i] = 2.5 - 0.01 * i + 0.2 * uniform(&random);
        values[i] = 40 + 20 * beside[i];
    }
    const struct vg_drift plain = vg_drift_of(values, N, 60); /* -12 */
    struct vg_drift left = vg_drift_beside(values, beside, N, 60);
    assert_true(plain.per_hour + plain.error < 0);
    assert_true(fabs(left.per_hour) < 1e-6 && left.error < 1e-6);
    for (int i = 0; i < N; i++)
        values[i] += 0.5 * i;
    left = vg_drift_beside(values, beside, N, 60);
    assert_true(fabs(left.per_hour - 30) < 1e-6 && left.error < 1e-6);
    left = vg_drift_beside(values, beside, 3, 60);
    assert_true(fabs(left.per_hour) <= 0 && fabs(left.error) <= 0);
}

/* What stands still, or is time itself, tells nothing: the slope is the plain one. */
static void what_tells_nothing_takes_nothing_away(void **state)
{
    (void)state;
    double values[N], still[N], time[N];
    struct vg_random random;
    vg_random_seed(&random, 7);
    for (int i = 0; i < N; i++) {
        values[i] = 80 + 0.1 * i + uniform(&random);
        still[i] = 2;
        time[i] = 5 - 0.25 * i;
    }
    const struct vg_drift plain = vg_drift_of(values, N, 60),
                          by_still = vg_drift_beside(values, still, N, 60),
                          by_time = vg_drift_beside(values, time, N, 60);
    assert_true(fabs(by_still.per_hour - plain.per_hour) < 1e-9);
    assert_true(fabs(by_time.per_hour - plain.per_hour) < 1e-9);
    assert_true(by_still.error > plain.error && by_still.error < 1.05 * plain.error);
}

/* A drift of its own is missed one time in twenty, too, where the other quantity wanders. */
static void a_drift_of_its_own_is_told_from_it(void **state)
{
    (void)state;
    struct vg_random random;
    int missed = 0;
    vg_random_seed(&random, 13);
    for (int run = 0; run < 1000; run++) {
        double values[N], beside[N], wander = 0;
        for (int i = 0; i < N; i++) {
            wander = 0.9 * wander + uniform(&random);
            beside[i] = wander;
            values[i] = 80 + 3 * wander + 0.2 * i + 4 * uniform(&random);
        }
        const struct vg_drift left = vg_drift_beside(values, beside, N, 60);
        missed += fabs(left.per_hour - 12) > left.error;
    }
    assert_in_range(missed, 1, 70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_found_to_the_digit),
        cmocka_unit_test(three_values_have_the_interval_of_the_tables),
        cmocka_unit_test(values_that_stand_still_have_none),
        cmocka_unit_test(steps_are_none_and_stairs_are),
        cmocka_unit_test(noise_is_none),
        cmocka_unit_test(what_goes_with_another_is_not_its_own),
        cmocka_unit_test(what_tells_nothing_takes_nothing_away),
        cmocka_unit_test(a_drift_of_its_own_is_told_from_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
