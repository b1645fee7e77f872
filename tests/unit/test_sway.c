/* A view of blocks beside a background of the same, by steps that are known, with and without somebody
 * before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "src/events/sway.h"

#define WIDTH  192
#define HEIGHT 108

static uint8_t luma[WIDTH * HEIGHT], long_luma[WIDTH * HEIGHT];

static uint8_t block(int x, int y)
{
    const uint32_t at = (uint32_t)(x + 64) / 7u * 2654435761u ^ (uint32_t)(y + 64) / 6u * 40503u;
    return (uint8_t)(40u + (at >> 7) % 150u);
}

static void draw(int step_x, int step_y, uint8_t brighter)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            luma[y * WIDTH + x] = (uint8_t)(block(x - step_x, y - step_y) + brighter);
            long_luma[y * WIDTH + x] = block(x, y);
        }
}

static struct vg_sway sway(uint32_t width, uint32_t height)
{
    const struct vg_maps maps = {.size = {.shrink = 4, .width = width, .height = height},
                                 .set = VG_MAPS_GROUND,
                                 .luma = luma,
                                 .long_luma = long_luma};
    return vg_sway_of(&maps);
}

static void the_step_of_the_view(void **state)
{
    (void)state;
    static const struct {
        int x, y;
        uint8_t brighter;
    } rows[] = {{0, 0, 0}, {1, 0, 0}, {-1, 1, 0}, {3, -2, 0}, {-8, 8, 0}, {5, 4, 20}, {0, -6, 9}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        draw(rows[i].x, rows[i].y, rows[i].brighter);
        const struct vg_sway found = sway(WIDTH, HEIGHT);
        if (found.x != rows[i].x || found.y != rows[i].y)
            fail_msg("row %zu: %d, %d", i, found.x, found.y);
    }
}

/* Somebody as large as a third of the view walks through it. */
static void somebody_passes(void **state)
{
    (void)state;
    for (int left = -40; left < WIDTH; left += 7)
        for (int step = 0; step <= 3; step += 3) {
            draw(step, 0, 0);
            for (int y = 10; y < HEIGHT; y++)
                for (int x = left < 0 ? 0 : left; x < left + 48 && x < WIDTH; x++)
                    luma[y * WIDTH + x] = block(y, x - left);
            const struct vg_sway found = sway(WIDTH, HEIGHT);
            assert_int_equal(found.x, step);
            assert_int_equal(found.y, 0);
        }
}

static void nothing_tells(void **state)
{
    (void)state;
    static const struct {
        uint32_t width, height;
    } sizes[] = {{0, 0}, {1, 1}, {31, 192}, {192, 3}, {WIDTH, HEIGHT}};
    for (size_t i = 0; i < WIDTH * HEIGHT; i++)
        luma[i] = long_luma[i] = 90;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const struct vg_sway found =
            sway(sizes[i].width, sizes[i].height < 108 ? sizes[i].height : 108);
        assert_int_equal(found.x, 0);
        assert_int_equal(found.y, 0);
    }
    draw(40, 0, 0); /* another view: whatever is said is bounded */
    const struct vg_sway found = sway(WIDTH, HEIGHT);
    assert_true(abs(found.x) <= VG_SWAY_MOST && abs(found.y) <= VG_SWAY_MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_step_of_the_view),
        cmocka_unit_test(somebody_passes),
        cmocka_unit_test(nothing_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
