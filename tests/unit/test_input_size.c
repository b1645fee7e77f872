/* The input's size for a picture: rows by hand, then what holds for any picture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "src/base/random.h"
#include "src/engine/input_size.h"

static void rows_by_hand(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct vg_size own;
        uint32_t step;
        struct vg_size picture;
        uint64_t area;
        struct vg_size want;
    } rows[] = {
        {"4:3", {416, 416}, 32, {768, 576}, 0, {416, 320}},
        {"16:9", {416, 416}, 32, {1920, 1080}, 0, {480, 288}},
        {"a small 16:9", {416, 416}, 32, {426, 240}, 0, {480, 288}},
        {"16:9 upright", {416, 416}, 32, {1080, 1920}, 0, {288, 480}},
        {"5:4", {416, 416}, 32, {1280, 1024}, 0, {416, 352}},
        {"a square", {416, 416}, 32, {500, 500}, 0, {416, 416}},
        {"a panorama", {416, 416}, 32, {3000, 1000}, 0, {608, 224}},
        {"another net", {352, 352}, 32, {768, 576}, 0, {352, 288}},
        {"a wide net keeps its scale", {640, 384}, 32, {1920, 1080}, 0, {640, 384}},
        {"steps of 64", {416, 416}, 64, {768, 576}, 0, {448, 320}},
        {"16:9 of the model's work", {416, 416}, 32, {1920, 1080}, 173056, {512, 288}},
        {"4:3 of the model's work", {416, 416}, 32, {768, 576}, 173056, {480, 352}},
        {"16:9 of 640x384", {416, 416}, 32, {1920, 1080}, 245760, {640, 384}},
        {"one size only", {416, 416}, 0, {1920, 1080}, 0, {416, 416}},
        {"no picture", {416, 416}, 32, {0, 1080}, 0, {416, 416}},
        {"no size so small", {416, 416}, 32, {768, 576}, 1023, {416, 416}},
        {"one step", {416, 416}, 32, {768, 576}, 1024, {32, 32}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vg_model model = {.input_width = rows[i].own.width,
                                       .input_height = rows[i].own.height,
                                       .input_multiple = rows[i].step};
        const struct vg_size got = vg_input_size_for(&model, rows[i].picture, rows[i].area);
        if (got.width != rows[i].want.width || got.height != rows[i].want.height)
            print_error("%s: %ux%u, not %ux%u\n", rows[i].name, got.width, got.height,
                        rows[i].want.width, rows[i].want.height);
        assert_int_equal(got.width, rows[i].want.width);
        assert_int_equal(got.height, rows[i].want.height);
    }
}

static double scale_of(struct vg_size picture, struct vg_size input)
{
    return fmin((double)input.width / picture.width, (double)input.height / picture.height);
}

static double shown(struct vg_size picture, struct vg_size input)
{
    const double scale = scale_of(picture, input);
    return fmax(floor(picture.width * scale + 0.5), 1) *
           fmax(floor(picture.height * scale + 0.5), 1);
}

/* No smaller than the model's own input shows it, for no more work; and no size in steps within the
 * given area shows more. */
static void random_pictures(void **state)
{
    (void)state;
    const char *text = getenv("VIGIE_SEED");
    const uint64_t seed = text ? strtoull(text, NULL, 10) : 1;
    struct vg_random random;
    print_message("seed %llu\n", (unsigned long long)seed);
    vg_random_seed(&random, seed);
    for (int i = 0; i < 300; i++) {
        const uint32_t step = 32u << vg_random_below(&random, 2);
        const struct vg_model model = {.input_width = step * (1 + vg_random_below(&random, 16)),
                                       .input_height = step * (1 + vg_random_below(&random, 16)),
                                       .input_multiple = step};
        const struct vg_size own = {model.input_width, model.input_height};
        const struct vg_size picture = {64 + vg_random_below(&random, 4000),
                                        64 + vg_random_below(&random, 2200)};
        const struct vg_size same = vg_input_size_for(&model, picture, 0);
        assert_true(same.width % step == 0 && same.height % step == 0);
        assert_true(shown(picture, same) >= shown(picture, own));
        assert_true((uint64_t)same.width * same.height <= (uint64_t)own.width * own.height);
        const uint64_t area = (uint64_t)step * step * (1 + vg_random_below(&random, 300));
        const double best = shown(picture, vg_input_size_for(&model, picture, area));
        for (uint32_t w = step; w <= area / step; w += step)
            for (uint32_t h = step; (uint64_t)w * h <= area; h += step)
                assert_true(shown(picture, (struct vg_size){w, h}) <= best);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_by_hand),
                                       cmocka_unit_test(random_pictures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
