/* The detail of a thumb against plain sums, pixel by pixel: the same numbers, to the bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "src/base/random.h"
#include "src/vision/view_detail.h"

enum {
    W = VG_VIEW_WIDTH,
    H = VG_VIEW_HEIGHT
};

static uint8_t luma[VG_VIEW_PIXELS];
static struct vg_view_detail detail, other, plain;

static int32_t at(int32_t x, int32_t y)
{
    x = x < 0 ? 0 : x >= W ? W - 1 : x;
    y = y < 0 ? 0 : y >= H ? H - 1 : y;
    return luma[y * W + x];
}

static void make_plain(void)
{
    uint32_t sum[VG_VIEW_BLOCKS] = {0};
    memset(&plain, 0, sizeof plain);
    for (int32_t y = 0; y < H; y++)
        for (int32_t x = 0; x < W; x++) {
            const int32_t block = y / VG_VIEW_SIDE * VG_VIEW_COLUMNS + x / VG_VIEW_SIDE;
            int32_t around = 0;
            for (int32_t v = -4; v <= 4; v++)
                for (int32_t u = -4; u <= 4; u++)
                    around += at(x + u, y + v);
            const int32_t band = (at(x, y) * 81 - around) / 9;
            const int32_t l =
                4 * at(x, y) - at(x - 1, y) - at(x + 1, y) - at(x, y - 1) - at(x, y + 1);
            plain.band[y * W + x] = (int16_t)band;
            plain.energy[block] += (uint32_t)(band * band);
            if (x > 0 && y > 0 && x < W - 1 && y < H - 1)
                plain.sharp[block] += (uint32_t)(l * l);
            sum[block] += (uint32_t)at(x, y);
        }
    for (uint32_t b = 0; b < VG_VIEW_BLOCKS; b++)
        plain.mean[b] = (float)sum[b] / (VG_VIEW_SIDE * VG_VIEW_SIDE);
}

enum pattern {
    BLACK,
    WHITE,
    NOISE,
    CHECKS, /* black and white: the largest numbers */
    RAMP,
    DOT
};

static void draw(enum pattern pattern)
{
    struct vg_random random;
    vg_random_seed(&random, 3);
    for (int32_t i = 0; i < VG_VIEW_PIXELS; i++) {
        const int32_t x = i % W, y = i / W;
        const uint8_t levels[] = {[BLACK] = 0,
                                  [WHITE] = 255,
                                  [NOISE] = (uint8_t)vg_random_u32(&random),
                                  [CHECKS] = (x / 4 + y / 4) % 2 ? 255 : 0,
                                  [RAMP] = (uint8_t)(x * 255 / W),
                                  [DOT] = x % 9 == 4 && y % 9 == 4 ? 255 : 0};
        luma[i] = levels[pattern];
    }
}

static void all_numbers_are_those_of_plain_sums(void **state)
{
    (void)state;
    for (enum pattern p = BLACK; p <= DOT; p++) {
        draw(p);
        make_plain();
        memset(&detail, 0xa5, sizeof detail); /* nothing of before stays */
        vg_view_detail_make(&detail, luma);
        if (memcmp(&detail, &plain, sizeof plain) != 0)
            fail_msg("pattern %d", (int)p);
    }
}

static void likeness_is_that_of_plain_sums(void **state)
{
    (void)state;
    draw(NOISE);
    vg_view_detail_make(&detail, luma);
    draw(CHECKS);
    vg_view_detail_make(&other, luma);
    for (uint32_t block = 20; block < 180; block += 7) {
        int64_t both = 0, square = 0;
        const uint32_t x0 = block % VG_VIEW_COLUMNS * VG_VIEW_SIDE;
        const uint32_t y0 = block / VG_VIEW_COLUMNS * VG_VIEW_SIDE;
        if (x0 == 0 || x0 == W - VG_VIEW_SIDE)
            continue;
        for (uint32_t y = y0; y < y0 + VG_VIEW_SIDE; y++)
            for (uint32_t x = x0; x < x0 + VG_VIEW_SIDE; x++) {
                const int64_t a = detail.band[y * W + x], b = other.band[(y - 3) * W + x + 5];
                both += a * b;
                square += b * b;
            }
        const float want =
            (float)((double)both / sqrt((double)detail.energy[block] * (double)square));
        const float is = vg_view_detail_likeness(&detail, &other, block, 5, -3);
        if (memcmp(&is, &want, sizeof is) != 0)
            fail_msg("block %u: %g, not %g", block, (double)is, (double)want);
    }
}

static void noise_is_the_median_of_what_differs(void **state)
{
    (void)state;
    draw(RAMP);
    vg_view_detail_make(&detail, luma);
    for (int32_t i = 0; i < VG_VIEW_PIXELS; i++) /* by one level, every other pixel */
        luma[i] = (uint8_t)(luma[i] + (i % 2 && luma[i] < 255));
    vg_view_detail_make(&other, luma);
    int64_t least = INT64_MAX, most = 0;
    for (uint32_t block = 0; block < VG_VIEW_BLOCKS; block++) {
        int64_t square = 0;
        for (int32_t i = 0; i < VG_VIEW_SIDE * VG_VIEW_SIDE; i++) {
            const int32_t x = (int32_t)(block % VG_VIEW_COLUMNS) * VG_VIEW_SIDE + i % VG_VIEW_SIDE;
            const int32_t y = (int32_t)(block / VG_VIEW_COLUMNS) * VG_VIEW_SIDE + i / VG_VIEW_SIDE;
            const int64_t off = detail.band[y * W + x] - other.band[y * W + x];
            square += off * off;
        }
        least = square < least ? square : least;
        most = square > most ? square : most;
    }
    const double noise = (double)vg_view_detail_noise(&detail, &other);
    const double scale = 2 * VG_VIEW_SIDE * VG_VIEW_SIDE;
    assert_true(noise >= sqrt((double)least / scale) / 9 - 1e-6);
    assert_true(noise <= sqrt((double)most / scale) / 9 + 1e-6);
    draw(CHECKS);
    vg_view_detail_make(&detail, luma);
    for (int32_t i = 0; i < VG_VIEW_PIXELS; i++) /* the largest differences */
        luma[i] = (uint8_t)(255 - luma[i]);
    vg_view_detail_make(&other, luma);
    assert_true(vg_view_detail_noise(&detail, &other) >= VG_VIEW_NOISE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_numbers_are_those_of_plain_sums),
        cmocka_unit_test(likeness_is_that_of_plain_sums),
        cmocka_unit_test(noise_is_the_median_of_what_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
