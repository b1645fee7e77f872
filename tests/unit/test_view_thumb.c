/* The thumb of a picture: means, range, sizes from one pixel to the largest, and its prints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "src/base/random.h"
#include "src/vision/view_thumb.h"

static struct vg_view_thumb thumb, other;

static struct vg_picture picture_of(uint8_t *luma, uint32_t width, uint32_t height)
{
    return (struct vg_picture){.luma = luma,
                               .width = width,
                               .height = height,
                               .luma_stride = width + 3,
                               .range = VG_RANGE_FULL};
}

/* Against plain sums, in exact memory so that a sanitizer sees a byte too many. */
static void means_of_any_size(void **state)
{
    static const struct {
        uint32_t width, height;
    } sizes[] = {{1, 1},     {2, 2},     {319, 241},   {320, 240},   {321, 239}, {352, 288},
                 {704, 576}, {640, 480}, {1920, 1080}, {4096, 2304}, {17, 2304}, {4096, 3}};
    struct vg_random random;
    (void)state;
    vg_random_seed(&random, 5);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const uint32_t w = sizes[i].width, h = sizes[i].height;
        uint8_t *luma = malloc((size_t)(w + 3) * (h - 1) + w);
        assert_non_null(luma);
        for (size_t k = 0; k < (size_t)(w + 3) * (h - 1) + w; k++)
            luma[k] = (uint8_t)vg_random_u32(&random);
        const struct vg_picture picture = picture_of(luma, w, h);
        vg_view_thumb_take(&thumb, &picture);
        assert_int_equal(thumb.width, w);
        assert_int_equal(thumb.height, h);
        for (uint32_t n = 0; n < 300; n++) {
            const uint32_t x = vg_random_below(&random, 320), y = vg_random_below(&random, 240);
            const uint32_t x0 = x * w / 320, y0 = y * h / 240;
            uint32_t x1 = (x + 1) * w / 320, y1 = (y + 1) * h / 240, sum = 0;
            x1 = x1 > x0 ? x1 : x0 + 1;
            y1 = y1 > y0 ? y1 : y0 + 1;
            for (uint32_t v = y0; v < y1; v++)
                for (uint32_t u = x0; u < x1; u++)
                    sum += luma[(size_t)v * (w + 3) + u];
            const uint32_t count = (x1 - x0) * (y1 - y0);
            assert_int_equal(thumb.luma[y * 320 + x], (sum + count / 2) / count);
        }
        free(luma);
    }
}

static void range_is_spread(void **state)
{
    static const struct {
        uint8_t luma, limited;
    } rows[] = {{0, 0}, {16, 0}, {17, 1}, {125, 127}, {235, 255}, {255, 255}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t luma[1] = {rows[i].luma};
        struct vg_picture picture = picture_of(luma, 1, 1);
        vg_view_thumb_take(&thumb, &picture);
        assert_int_equal(thumb.luma[777], rows[i].luma);
        picture.range = VG_RANGE_LIMITED;
        vg_view_thumb_take(&thumb, &picture);
        assert_int_equal(thumb.luma[777], rows[i].limited);
    }
}

/* One pixel by one level, which the mean does not show, changes one print. */
static void prints_see_one_pixel(void **state)
{
    enum {
        W = 1920,
        H = 1080
    };
    static uint8_t luma[(W + 3) * H];
    struct vg_random random;
    (void)state;
    vg_random_seed(&random, 11);
    const struct vg_picture picture = picture_of(luma, W, H);
    memset(luma, 100, sizeof luma);
    vg_view_thumb_take(&thumb, &picture);
    for (int i = 0; i < 20; i++) {
        const uint32_t x = vg_random_below(&random, W), y = vg_random_below(&random, H);
        luma[y * (W + 3) + x] ^= 1;
        vg_view_thumb_take(&other, &picture);
        luma[y * (W + 3) + x] ^= 1;
        uint32_t differ = 0;
        for (uint32_t b = 0; b < VG_VIEW_BLOCKS; b++)
            differ += thumb.print[b] != other.print[b];
        assert_int_equal(differ, 1);
    }
    luma[W] ^= 1; /* beyond the row's end */
    vg_view_thumb_take(&other, &picture);
    assert_memory_equal(thumb.print, other.print, sizeof thumb.print);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means_of_any_size),
        cmocka_unit_test(range_is_spread),
        cmocka_unit_test(prints_see_one_pixel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
