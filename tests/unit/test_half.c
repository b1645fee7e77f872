/* Halves: every one of the 65536, and floats that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "src/base/half.h"

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* The definition, in double. */
static double defined(uint16_t half)
{
    const int exponent = (half >> 10) & 31, mantissa = half & 1023;
    const double size = exponent ? ldexp(1024 + mantissa, exponent - 25) : ldexp(mantissa, -24);
    return half & 0x8000 ? -size : size;
}

static void test_all_halves(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 65536; h++) {
        const float value = vg_half_to_float((uint16_t)h);
        uint16_t back = 0;
        if ((h & 0x7c00) == 0x7c00) {
            assert_true((h & 0x3ff) ? isnan(value) : isinf(value));
            continue;
        }
        assert_int_equal(bits_of(value), bits_of((float)defined((uint16_t)h)));
        assert_true(vg_half_exact(value, &back));
        assert_int_equal(back, h);
    }
}

static void test_not_halves(void **state)
{
    (void)state;
    const float rows[] = {0.1F,           65520,  1e-8F, 1 + ldexpf(1, -11),
                          ldexpf(3, -26), -70000, 1e38F, ldexpf(1, -149)};
    uint16_t half;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_false(vg_half_exact(rows[i], &half));
    assert_false(vg_half_exact(NAN, &half));
    assert_true(vg_half_exact(INFINITY, &half));
    assert_int_equal(half, 0x7c00);
}

/* Between two neighbours the nearer one, in the middle the even one. */
static void test_nearest(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 0x7c00; h++) {
        const double low = defined((uint16_t)h),
                     high = h == 0x7bff ? 65536 : defined((uint16_t)(h + 1));
        const double middle = (low + high) / 2;
        const uint16_t even = (uint16_t)(h % 2 ? h + 1 : h);
        assert_int_equal(vg_half_nearest((float)low), h);
        assert_int_equal(vg_half_nearest((float)-low), h | 0x8000);
        assert_int_equal(vg_half_nearest((float)middle), even);
        assert_int_equal(vg_half_nearest(nextafterf((float)middle, 0)), h);
        assert_int_equal(vg_half_nearest(nextafterf((float)middle, 1e9f)), h + 1);
    }
    assert_int_equal(vg_half_nearest(INFINITY), 0x7c00);
    assert_int_equal(vg_half_nearest(-1e30f), 0xfc00);
    assert_true(isnan(vg_half_to_float(vg_half_nearest(NAN))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_halves),
        cmocka_unit_test(test_not_halves),
        cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
