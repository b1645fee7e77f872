/* Counted latencies: any quantile to 6 %, whatever the size, and never more than the longest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "scheduler/forecast/latency_counts.h"
#include "src/base/random.h"

static int by_value(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void quantiles_are_those_of_the_sorted(void **state)
{
    (void)state;
    static int64_t us[5000];
    for (uint32_t octaves = 1; octaves <= 30; octaves++) {
        static struct vg_latency_counts counts;
        struct vg_random random;
        double sum = 0;
        counts = (struct vg_latency_counts){0};
        vg_random_seed(&random, octaves);
        for (uint32_t i = 0; i < 5000; i++) {
            us[i] = vg_random_below(&random, UINT32_C(1) << octaves);
            sum += (double)us[i];
            vg_latency_add(&counts, us[i]);
        }
        assert_true(fabs(vg_latency_mean_us(&counts) - sum / 5000) < 1e-3);
        qsort(us, 5000, sizeof *us, by_value);
        for (uint32_t q = 1; q <= 1000; q++) {
            const int64_t want = us[q * 5 - 1], got = vg_latency_quantile_us(&counts, q / 1000.0);
            if (got < want || (double)got > (double)want * 17 / 16 + 1)
                fail_msg("%u octaves, q %u: %lld, %lld", octaves, q, (long long)got,
                         (long long)want);
        }
        assert_int_equal(vg_latency_quantile_us(&counts, 1), us[4999]);
    }
}

static void ends_and_sums(void **state)
{
    (void)state;
    static struct vg_latency_counts a, b;
    assert_int_equal(vg_latency_quantile_us(&a, 0.99), 0);
    assert_true(fpclassify(vg_latency_mean_us(&a)) == FP_ZERO);
    vg_latency_add(&a, -7);
    vg_latency_add(&a, INT64_MAX);
    assert_int_equal(vg_latency_quantile_us(&a, 0.5), 0);
    assert_true(vg_latency_quantile_us(&a, 1) == INT64_MAX);
    vg_latency_add(&b, 1000);
    assert_true(fabs(vg_latency_mean_us(&b) - 1000) < 1e-9);
    vg_latency_join(&b, &a);
    assert_int_equal(b.total, 3);
    assert_in_range(vg_latency_quantile_us(&b, 0.6), 1000, 1063);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_those_of_the_sorted),
        cmocka_unit_test(ends_and_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
