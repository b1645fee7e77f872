/* The choices of an 8-bit net on made-up distributions: histogram, range, weight step, bias. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/quantise.h"
#include "src/base/random.h"

#define VALUES 20000
#define TIMES  100 /* LONG_TAIL: as often, so that one value is rare */
#define FAR    20.0F

enum shape {
    FLAT,      /* -1 to 3 */
    BELL,      /* normal, 0 and 1 */
    ONE_SIDED, /* ReLU of that: half of it exactly 0 */
    LONG_TAIL, /* normal, and among two million values one of 20 */
    NEGATIVE,  /* -4 to -1 */
    ONE_VALUE, /* 5 */
    ALL_ZERO
};

static double normal(struct vg_random *random)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += vg_random_unit(random);
    return sum;
}

static float value_of(enum shape shape, struct vg_random *random)
{
    const double bell = normal(random);
    switch (shape) {
    case FLAT:
        return (float)(4 * vg_random_unit(random) - 1);
    case BELL:
    case LONG_TAIL:
        return (float)bell;
    case ONE_SIDED:
        return (float)fmax(bell, 0);
    case NEGATIVE:
        return (float)(-4 + 3 * vg_random_unit(random));
    case ONE_VALUE:
        return 5;
    case ALL_ZERO:
        break;
    }
    return 0;
}

static float *values_make(enum shape shape, uint64_t seed)
{
    struct vg_random random;
    float *values = malloc(VALUES * sizeof *values);
    assert_non_null(values);
    vg_random_seed(&random, seed);
    for (size_t i = 0; i < VALUES; i++)
        values[i] = value_of(shape, &random);
    return values;
}

static struct vg_histogram *histogram_of(enum shape shape)
{
    float *values = values_make(shape, 5);
    struct vg_histogram *h = malloc(sizeof *h);
    assert_non_null(h);
    vg_histogram_init(h);
    vg_histogram_add(h, values, VALUES);
    if (shape == LONG_TAIL) {
        const float far = FAR;
        for (int i = 1; i < TIMES; i++)
            vg_histogram_add(h, values, VALUES);
        vg_histogram_add(h, &far, 1);
    }
    free(values);
    return h;
}

/* the error by the values themselves */
static double true_error(enum shape shape, struct vg_value_range range)
{
    float *values = values_make(shape, 5);
    const struct vg_byte_scale s = vg_range_scale(range);
    double sum = 0;
    for (size_t i = 0; i < VALUES; i++) {
        const double q = fmin(fmax(rint((double)values[i] / (double)s.step) + s.zero, 0), 255);
        const double error = (double)values[i] - (q - s.zero) * (double)s.step;
        sum += error * error;
    }
    free(values);
    if (shape != LONG_TAIL)
        return sum / VALUES;
    const double beyond = fmax((double)(FAR - range.high), 0);
    return (sum * TIMES + beyond * beyond) / (VALUES * TIMES + 1);
}

static void a_histogram_knows_no_order(void **state)
{
    (void)state;
    float *values = values_make(LONG_TAIL, 5);
    struct vg_histogram *a = malloc(sizeof *a), *b = malloc(sizeof *b), *c = malloc(sizeof *c);
    assert_true(a && b && c);
    vg_histogram_init(a);
    vg_histogram_init(b);
    vg_histogram_init(c);
    vg_histogram_add(a, values, VALUES);
    for (size_t i = VALUES; i-- > 0;)
        vg_histogram_add(i % 3 ? b : c, &values[i], 1);
    vg_histogram_merge(b, c);
    assert_memory_equal(a, b, sizeof *a);
    assert_int_equal(a->count, VALUES);
    free(values);
    free(a);
    free(b);
    free(c);
}

static void what_is_no_number_is_counted(void **state)
{
    (void)state;
    const float values[] = {1, NAN, -INFINITY, 0, -0.0F};
    struct vg_histogram *h = malloc(sizeof *h);
    assert_non_null(h);
    vg_histogram_init(h);
    vg_histogram_add(h, values, 5);
    assert_int_equal(h->not_finite, 2);
    assert_int_equal(h->count, 3);
    assert_int_equal(h->zeros, 2);
    free(h);
}

static void ranges_fit_their_values(void **state)
{
    (void)state;
    static const struct {
        enum shape shape;
        enum vg_range_method method;
        double clip_frac, low_least, low_most, high_least, high_most;
    } rows[] = {
        {FLAT, VG_RANGE_MEAN_SQUARE, 1e-3, -1.02, -0.98, 2.98, 3.02},
        {FLAT, VG_RANGE_WHOLE, 0, -1.02, -0.98, 2.98, 3.02},
        {FLAT, VG_RANGE_QUANTILE, 0.25, -0.1, 0.1, 1.9, 2.1},
        {BELL, VG_RANGE_MEAN_SQUARE, 1e-3, -4.6, -2.9, 2.9, 4.6},
        {ONE_SIDED, VG_RANGE_MEAN_SQUARE, 1e-3, 0, 0, 2.9, 4.6},
        {ONE_SIDED, VG_RANGE_QUANTILE, 1e-3, 0, 0, 2.9, 3.3},
        {LONG_TAIL, VG_RANGE_MEAN_SQUARE, 1e-3, -6, -2.9, 2.9, 12},
        {LONG_TAIL, VG_RANGE_MEAN_SQUARE, 0, -6, -2.9, 19.8, 20.1},
        {LONG_TAIL, VG_RANGE_QUANTILE, 1e-3, -3.6, -2.8, 2.8, 3.6},
        {NEGATIVE, VG_RANGE_MEAN_SQUARE, 1e-3, -4.01, -3.98, 0, 0},
        {ONE_VALUE, VG_RANGE_MEAN_SQUARE, 1e-3, 0, 0, 4.99, 5.01},
        {ONE_VALUE, VG_RANGE_QUANTILE, 1e-3, 0, 0, 4.99, 5.01},
        {ALL_ZERO, VG_RANGE_MEAN_SQUARE, 1e-3, 0, 0, 1, 1},
        {ALL_ZERO, VG_RANGE_WHOLE, 0, 0, 0, 1, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_histogram *h = histogram_of(rows[i].shape);
        struct vg_range_settings settings = vg_range_settings_defaults();
        settings.method = rows[i].method;
        settings.clip_frac = rows[i].clip_frac;
        const struct vg_value_range range = vg_range_choose(h, &settings);
        if ((double)range.low < rows[i].low_least || (double)range.low > rows[i].low_most ||
            (double)range.high < rows[i].high_least || (double)range.high > rows[i].high_most)
            fail_msg("row %zu: %g to %g", i, (double)range.low, (double)range.high);
        /* zero is a byte, and the ends are */
        const struct vg_byte_scale s = vg_range_scale(range);
        assert_in_range(s.zero, 0, 255);
        assert_true(fabs((double)range.low + s.zero * (double)s.step) < 1e-5);
        free(h);
    }
}

static void the_least_error_is_found(void **state)
{
    (void)state;
    static const enum shape shapes[] = {FLAT, BELL, ONE_SIDED, LONG_TAIL, NEGATIVE};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct vg_histogram *h = histogram_of(shapes[i]);
        struct vg_range_settings settings = {VG_RANGE_MEAN_SQUARE, 1, 1, 1};
        const struct vg_value_range best = vg_range_choose(h, &settings);
        settings.method = VG_RANGE_WHOLE;
        const struct vg_value_range whole = vg_range_choose(h, &settings);
        const double error = true_error(shapes[i], best), plain = true_error(shapes[i], whole);
        assert_true(error <= plain * 1.001);
        /* the histogram's error is the true one */
        assert_true(fabs(vg_range_error(h, best, 1) - error) < 0.02 * error);
        if (shapes[i] == LONG_TAIL)
            assert_true(error < 0.8 * plain);
        /* what is clipped counts more: the range does not shrink */
        settings = (struct vg_range_settings){VG_RANGE_MEAN_SQUARE, 1, 16, 1};
        const struct vg_value_range spared = vg_range_choose(h, &settings);
        assert_true(spared.high - spared.low >= (best.high - best.low) * 0.999F);
        free(h);
    }
}

static double step_error(const float *w, const double *importance, uint32_t channels, uint32_t taps,
                         float step)
{
    double sum = 0;
    for (uint32_t i = 0; i < channels * taps; i++) {
        const double error = (double)w[i] - (double)vg_weight_rounded(w[i], step);
        sum += error * error * (importance ? importance[i / taps] : 1);
    }
    return sum;
}

static void weight_steps_lose_least(void **state)
{
    (void)state;
    struct vg_random random;
    float w[16 * 9];
    double importance[16];
    vg_random_seed(&random, 3);
    for (int i = 0; i < 16 * 9; i++)
        w[i] = (float)normal(&random) * (i == 40 ? 6 : 0.1F);
    for (int i = 0; i < 16; i++)
        importance[i] = i == 4 ? 1e-6 : 1; /* the channel of the great weight hardly matters */
    const float plain = vg_weight_step(w, NULL, 16, 9),
                weighed = vg_weight_step(w, importance, 16, 9);
    float most = 0;
    for (int i = 0; i < 16 * 9; i++)
        most = fmaxf(most, fabsf(w[i]));
    assert_true(plain <= most / 127 * 1.0001F);
    assert_true(weighed < 0.6F * most / 127);
    for (int i = 0; i <= 40; i++) {
        const float other = most / 127 * (1 - 0.0125F * (float)i);
        assert_true(step_error(w, NULL, 16, 9, plain) <=
                    step_error(w, NULL, 16, 9, other) * 1.0001);
    }
    memset(w, 0, sizeof w);
    assert_true(vg_weight_step(w, NULL, 16, 9) > 0);
    assert_true(fabsf(vg_weight_rounded(1e9F, 0.5F) - 63.5F) < 1e-6F);
    assert_true(fabsf(vg_weight_rounded(-1e9F, 0.5F) + 63.5F) < 1e-6F);
}

static void a_bias_makes_up_for_rounding(void **state)
{
    (void)state;
    enum {
        CHANNELS = 8,
        INPUTS = 3000
    };
    struct vg_random random;
    float w[CHANNELS];
    double mean[CHANNELS] = {0}, sum_float = 0, sum_int8 = 0;
    static float x[INPUTS][CHANNELS];
    vg_random_seed(&random, 9);
    for (int i = 0; i < CHANNELS; i++)
        w[i] = (float)normal(&random);
    for (int n = 0; n < INPUTS; n++)
        for (int i = 0; i < CHANNELS; i++) {
            x[n][i] = (float)fmax(normal(&random) + i, 0);
            mean[i] += (double)x[n][i] / INPUTS;
        }
    const float step = 0.11F; /* coarse, so that rounding shows */
    const float bias = vg_bias_corrected(0.25F, w, step, mean, CHANNELS, 1);
    for (int n = 0; n < INPUTS; n++)
        for (int i = 0; i < CHANNELS; i++) {
            sum_float += (double)w[i] * (double)x[n][i];
            sum_int8 += (double)vg_weight_rounded(w[i], step) * (double)x[n][i];
        }
    assert_true(fabs(sum_float - sum_int8) / INPUTS > 0.01);
    assert_true(fabs(sum_float / INPUTS + 0.25 - (sum_int8 / INPUTS + (double)bias)) < 1e-5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_histogram_knows_no_order),
        cmocka_unit_test(what_is_no_number_is_counted),
        cmocka_unit_test(ranges_fit_their_values),
        cmocka_unit_test(the_least_error_is_found),
        cmocka_unit_test(weight_steps_lose_least),
        cmocka_unit_test(a_bias_makes_up_for_rounding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
