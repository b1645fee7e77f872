/* The host's side of the 8-bit lane: rounding, packing, what a processor claims. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "kernels/int8_weights.h"
#include "src/engine/int8_probe.h"

#define PLAIN VG_INT8_LANE_BIT(VG_INT8_PLAIN)
#define AVX   VG_INT8_LANE_BIT(VG_INT8_AVX_VNNI)
#define VL    VG_INT8_LANE_BIT(VG_INT8_AVX512_VL)
#define V512  VG_INT8_LANE_BIT(VG_INT8_AVX512_VNNI)

static void a_processor_says_its_lanes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned lanes;
    } rows[] = {
        {"", PLAIN},
        {"flags", PLAIN},
        {"processor\t: 0\nflags\t\t: fpu sse2\n", PLAIN},
        {"flags\t\t: fpu avx_vnni\n", PLAIN | AVX},
        {"model name\t: avx_vnni\nflags\t\t: fpu\n", PLAIN},
        {"flags\t\t: avx512f avx512vl avx512_vnni\n", PLAIN | VL | V512},
        {"flags\t\t: avx512f avx512_vnni avx_vnni", PLAIN | AVX | V512},
        {"flags\t\t: avx512_vnni\n", PLAIN},              /* without its base: not enabled */
        {"flags\t\t: avx512f avx512_vnni2\n", PLAIN},     /* another word */
        {"flags\t\t: fpu\nflags\t\t: avx_vnni\n", PLAIN}, /* of the second processor */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(vg_int8_lanes_of_text(rows[i].text), rows[i].lanes);
}

static const struct vg_int8_build build_3x3 = {.lane = VG_INT8_AVX512_VNNI,
                                               .conv = {.tile = {13, 2},
                                                        .x_pixel = 16,
                                                        .size_y = 3,
                                                        .size_x = 3,
                                                        .stride_y = 1,
                                                        .stride_x = 1,
                                                        .dilation_y = 1,
                                                        .dilation_x = 1}};

static void weights_stand_in_fours(void **state)
{
    (void)state;
    enum {
        X = 6,
        Y = 20
    };
    static int8_t rounded[Y * X * 9];
    static float step[Y], bias[Y], packed[2 * 2 * 9 * 2 * 16], lanes[2 * 3 * 16];
    const struct vg_int8_shape shape = {VG_KERNEL_CONV_INT8_X86, &build_3x3, X, Y};
    const struct vg_int8_input input = {.step = 0.5F, .zero = 10};
    for (int o = 0; o < Y; o++) {
        step[o] = 0.25F * (float)(o + 1);
        bias[o] = (float)o;
    }
    rounded[(17 * X + 5) * 9 + 7] = 42; /* channel 17 of y, 5 of x, row 2, column 1 */
    assert_int_equal(vg_int8_weights_count(&shape), 2 * 9 * 2 * 16);
    assert_int_equal(vg_int8_lanes_count(&shape), 2 * 3 * 16);
    assert_int_equal(vg_int8_groups(&shape), 1);
    vg_int8_pack(&shape, &input, rounded, step, bias, packed, lanes);
    const int8_t *bytes = (const int8_t *)packed;
    for (int i = 0; i < 2 * 9 * 2 * 16 * 4; i++)
        assert_int_equal(bytes[i], i == (((1 * 9 + 7) * 2 + 1) * 16 + 1) * 4 + 1 ? 42 : 0);
    int32_t start = 0;
    memcpy(&start, lanes + 3 * 16 + 1, sizeof start);
    assert_int_equal(start, -420);
    assert_true(fabsf(lanes[4 * 16 + 1] - 0.25F * 18 * 0.5F) < 1e-6F);
    assert_true(fabsf(lanes[5 * 16 + 1] - 17) < 1e-6F);
}

static void a_mean_that_is_no_integer_goes_with_the_bias(void **state)
{
    (void)state;
    static const struct vg_int8_build build = {
        .conv = {.tile = {1, 1}, .x_pixel = 4, .size_y = 1, .size_x = 1}};
    const float ratio[3] = {1, 0.5F, 1}, mean[3] = {103.53F, 116.28F, 123.675F};
    const float weights[3] = {1, 2, -1}, step[1] = {0.01F}, bias[1] = {3};
    const struct vg_int8_shape shape = {VG_KERNEL_CONV_INT8_X86, &build, 3, 1};
    const struct vg_int8_input input = {.step = 1 / 57.0F, .ratio = ratio, .mean = mean};
    int8_t rounded[3];
    float packed[16], lanes[48];
    int32_t start = 0;
    vg_int8_round(&shape, &input, weights, step, rounded);
    assert_int_equal(rounded[0], 100);
    assert_int_equal(rounded[1], 100);
    assert_int_equal(rounded[2], -100);
    vg_int8_pack(&shape, &input, rounded, step, bias, packed, lanes);
    memcpy(&start, lanes, sizeof start);
    /* bytes 10, 20, 30 */
    const double got =
        (start + 100 * 10 + 100 * 20 - 100 * 30) * (double)lanes[16] + (double)lanes[32];
    const double want = 3 + ((10 - 103.53) + 0.5 * 2 * (20 - 116.28) - (30 - 123.675)) / 57;
    assert_true(fabs(got - want) < 1e-5);
}

static void too_long_sums_are_refused(void **state)
{
    (void)state;
    static const struct {
        enum vg_kernel kernel;
        uint32_t size, channels;
        int fits;
    } rows[] = {
        {VG_KERNEL_CONV_INT8_X86, 3, 512, 1},       {VG_KERNEL_CONV_INT8_X86, 1, 33000, 1},
        {VG_KERNEL_CONV_INT8_X86, 1, 33001, 0},     {VG_KERNEL_CONV_INT8_DEPTHWISE, 16, 512, 1},
        {VG_KERNEL_CONV_INT8_DEPTHWISE, 17, 16, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_int8_build build = build_3x3;
        build.conv.size_y = build.conv.size_x = rows[i].size;
        const struct vg_int8_shape shape = {rows[i].kernel, &build, rows[i].channels,
                                            rows[i].channels};
        assert_int_equal(vg_int8_fits(&shape), rows[i].fits);
    }
}

static void weights_are_clamped(void **state)
{
    (void)state;
    struct vg_int8_build build = build_3x3;
    build.conv.size_y = build.conv.size_x = 1;
    const struct vg_int8_shape shape = {VG_KERNEL_CONV_INT8_X86, &build, 2, 3};
    const struct vg_int8_input input = {.step = 1};
    const float weights[6] = {1e9F, -1e9F, 2.5F, 3.5F, 7, -7}, step[3] = {1, 1, 0};
    static const int8_t want[6] = {127, -127, 2, 4, 0, 0};
    int8_t rounded[6];
    vg_int8_round(&shape, &input, weights, step, rounded);
    assert_memory_equal(rounded, want, sizeof want);
}

static void the_halo_reaches_the_last_tile(void **state)
{
    (void)state;
    const struct vg_int8_sizes sizes = {
        .x_width = 15, .x_height = 15, .width = 15, .height = 15, .above = 1, .left = 1};
    const struct vg_halo halo = vg_int8_reach(VG_KERNEL_CONV_INT8_X86, &build_3x3, &sizes);
    assert_int_equal(halo.left, 1);
    assert_int_equal(halo.above, 1);
    assert_int_equal(halo.below, 1);
    assert_int_equal(halo.right, 12); /* two tiles of 13 and a window: to column 26 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_processor_says_its_lanes),
        cmocka_unit_test(weights_stand_in_fours),
        cmocka_unit_test(a_mean_that_is_no_integer_goes_with_the_bias),
        cmocka_unit_test(too_long_sums_are_refused),
        cmocka_unit_test(weights_are_clamped),
        cmocka_unit_test(the_halo_reaches_the_last_tile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
