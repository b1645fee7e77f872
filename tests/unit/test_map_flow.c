/* Movement between two maps by the twin: made-up pictures with a texture of several sizes, moved,
 * lit, enlarged and made noisy by known amounts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/twins/map_flow_twin.h"
#include "src/base/alloc.h"
#include "src/base/random.h"

#define SIDE  VG_FLOW_SIDE_MAX
#define CELLS (SIDE / VG_FLOW_CELL * SIDE / VG_FLOW_CELL)
#define SEED  20261122

struct bench {
    uint8_t before[SIDE * SIDE], now[SIDE * SIDE];
    int16_t flow_x[CELLS], flow_y[CELLS];
    uint8_t sure[CELLS];
    uint8_t *scratch;
    vg_i32 width, height;
};

static struct bench *bench_open(vg_i32 width, vg_i32 height)
{
    struct bench *b = vg_alloc(sizeof *b);
    assert_non_null(b);
    b->scratch = vg_alloc(VG_FLOW_SCRATCH_BYTES);
    assert_non_null(b->scratch);
    vg_random_bytes(b->scratch, VG_FLOW_SCRATCH_BYTES);
    b->width = width;
    b->height = height;
    return b;
}

static void bench_close(struct bench *b)
{
    vg_free(b->scratch);
    vg_free(b);
}

static void run(struct bench *b)
{
    const struct vg_flow_planes planes = {b->flow_x, b->flow_y, b->sure};
    vg_twin_map_flow(b->before, b->now, b->width, b->height, b->scratch, &planes);
}

/* -1 to 1, of a grid point */
static double grain(int32_t x, int32_t y, uint32_t octave)
{
    uint32_t h = (uint32_t)x * 0x9e3779b1u ^ (uint32_t)y * 0x85ebca77u ^ octave * 0xc2b2ae3du;
    h = (h ^ h >> 15) * 0x2c1b3c6du;
    h = (h ^ h >> 12) * 0x297a2d39u;
    h ^= h >> 15;
    return (double)(h & 0xffff) / 32768.0 - 1;
}

/* A texture that is known between pixels, too: grains of 4, 8 and 16 pixels, linear between. */
static double texture(double x, double y)
{
    double sum = 0;
    for (uint32_t octave = 2; octave < 5; octave++) {
        const double u = x / (1 << octave) + 1000, v = y / (1 << octave) + 1000;
        const int32_t i = (int32_t)u, j = (int32_t)v;
        const double p = u - i, q = v - j;
        const double above = grain(i, j, octave) * (1 - p) + grain(i + 1, j, octave) * p;
        const double below = grain(i, j + 1, octave) * (1 - p) + grain(i + 1, j + 1, octave) * p;
        sum += above * (1 - q) + below * q;
    }
    return sum;
}

/* How a picture is made of the texture. Pixel (x, y) shows the texture at (x - move) / zoom, about
 * the middle. */
struct view {
    double move_x, move_y, zoom, light, contrast;
    uint32_t noise;
};

static void show(const struct bench *b, uint8_t *map, const struct view *v,
                 struct vg_random *random)
{
    for (vg_i32 y = 0; y < b->height; y++)
        for (vg_i32 x = 0; x < b->width; x++) {
            const double u = (x - b->width / 2 - v->move_x) / v->zoom;
            const double w = (y - b->height / 2 - v->move_y) / v->zoom;
            double grey = v->light + v->contrast * texture(u, w);
            if (v->noise)
                grey += (double)vg_random_below(random, 2 * v->noise + 1) - (double)v->noise;
            map[y * b->width + x] = (uint8_t)(grey < 0 ? 0 : grey > 255 ? 255 : grey + 0.5);
        }
}

struct tally {
    uint32_t cells, sure, wrong; /* wrong: sure, but a pixel and more from the truth */
    double error;                /* mean of the sure ones, pixels */
};

/* Of the cells whose content was in the picture before, a patch from its edge. */
static struct tally count(const struct bench *b, const struct view *v)
{
    struct tally t = {0};
    const vg_i32 columns = (b->width + 3) / 4, rows = (b->height + 3) / 4;
    for (vg_i32 i = 0; i < columns * rows; i++) {
        const double x = 4 * (i % columns) + 2 - b->width / 2;
        const double y = 4 * (double)(i / columns) + 2 - b->height / 2;
        const double go_x = v->move_x + (x - v->move_x) * (1 - 1 / v->zoom);
        const double go_y = v->move_y + (y - v->move_y) * (1 - 1 / v->zoom);
        const double from_x = x - go_x + b->width / 2, from_y = y - go_y + b->height / 2;
        if (from_x < 8 || from_y < 8 || from_x > b->width - 8 || from_y > b->height - 8)
            continue;
        t.cells++;
        if (!b->sure[i])
            continue;
        const double ex = b->flow_x[i] / 16.0 - go_x, ey = b->flow_y[i] / 16.0 - go_y;
        const double error = (ex < 0 ? -ex : ex) + (ey < 0 ? -ey : ey);
        t.sure++;
        t.error += error;
        t.wrong += error >= 1;
    }
    t.error = t.sure ? t.error / t.sure : 0;
    return t;
}

static void movements_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct view view;
        double sure, wrong, error; /* least share of the cells; most of the sure; most */
    } rows[] = {
        {"none", {0, 0, 1, 120, 40, 0}, 0.95, 0, 0.01},
        {"noise", {0, 0, 1, 120, 40, 6}, 0.95, 0, 0.15},
        {"a pixel", {1, 0, 1, 120, 40, 1}, 0.95, 0.01, 0.15},
        {"half a pixel", {0.5, -0.5, 1, 120, 40, 1}, 0.9, 0.01, 0.3},
        {"a quarter", {0, 0.25, 1, 120, 40, 1}, 0.9, 0.01, 0.3},
        {"whole pixels", {5, -3, 1, 120, 40, 2}, 0.9, 0.01, 0.15},
        {"between pixels", {-7.5, 4.25, 1, 120, 40, 2}, 0.85, 0.05, 0.35},
        {"far", {24, 0, 1, 120, 40, 2}, 0.9, 0.02, 0.2},
        {"far, across", {-17, 24, 1, 120, 40, 2}, 0.9, 0.02, 0.25},
        {"and darker", {-9, 4, 1, 70, 28, 2}, 0.8, 0.03, 0.3},
        {"nearer", {0, 0, 1.06, 120, 40, 1}, 0.8, 0.05, 0.4},
        {"farther", {0, 0, 0.94, 120, 40, 1}, 0.8, 0.05, 0.4},
        {"light comes", {0, 0, 1, 160, 56, 2}, 0.8, 0.01, 0.2},
        {"light goes", {0, 0, 1, 72, 24, 2}, 0.8, 0.01, 0.3},
        {"brighter by an equal amount", {0, 0, 1, 150, 40, 2}, 0.95, 0, 0.05},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench *b = bench_open(192, 144);
        struct vg_random random;
        vg_random_seed(&random, SEED);
        const struct view first = {0, 0, 1, 120, 40, rows[i].view.noise};
        show(b, b->before, &first, &random);
        show(b, b->now, &rows[i].view, &random);
        run(b);
        const struct tally t = count(b, &rows[i].view);
        const double sure = (double)t.sure / t.cells;
        const double wrong = t.sure ? (double)t.wrong / t.sure : 1;
        if (sure < rows[i].sure || wrong > rows[i].wrong || t.error > rows[i].error)
            fail_msg("%s: sure %.3f, wrong %.3f, error %.3f (seed %d)", rows[i].name, sure, wrong,
                     t.error, SEED);
        bench_close(b);
    }
}

/* Something of w x h pixels with a texture of its own at (x, y). */
static void paste(const struct bench *b, uint8_t *map, vg_i32 x, vg_i32 y, vg_i32 w, vg_i32 h)
{
    for (vg_i32 j = 0; j < h; j++)
        for (vg_i32 i = 0; i < w; i++)
            map[(y + j) * b->width + x + i] =
                (uint8_t)(120 + 40 * texture((double)i + 7777, (double)j - 5555));
}

static void a_thing_that_passes_moves_alone(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        vg_i32 side, x, y;
    } rows[] = {{"slow", 24, 3, 1}, {"fast", 24, 20, -6}, {"small", 14, 12, 5}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench *b = bench_open(160, 120);
        struct vg_random random;
        vg_random_seed(&random, SEED);
        const struct view view = {0, 0, 1, 120, 40, 1};
        const vg_i32 side = rows[i].side, x = 60, y = 52;
        show(b, b->before, &view, &random);
        show(b, b->now, &view, &random);
        paste(b, b->before, x, y, side, side);
        paste(b, b->now, x + rows[i].x, y + rows[i].y, side, side);
        run(b);
        uint32_t inside = 0, moved = 0, beside = 0;
        for (vg_i32 c = 0; c < 40 * 30; c++) {
            const vg_i32 u = 4 * (c % 40) + 2, v = 4 * (c / 40) + 2;
            const vg_i32 du = u - x - rows[i].x, dv = v - y - rows[i].y;
            const int in = du >= 4 && dv >= 4 && du < side - 4 && dv < side - 4;
            const int right =
                abs(b->flow_x[c] - 16 * rows[i].x) < 16 && abs(b->flow_y[c] - 16 * rows[i].y) < 16;
            const int far = abs(u - x) > side + 30 || abs(v - y) > side + 30;
            inside += (uint32_t)in;
            moved += (uint32_t)(in && b->sure[c] && right);
            beside += (uint32_t)(far && b->sure[c] && (b->flow_x[c] || b->flow_y[c]));
        }
        if (inside == 0 || 2 * moved < inside || beside > 0)
            fail_msg("%s: %u of %u cells moved, %u elsewhere", rows[i].name, moved, inside, beside);
        bench_close(b);
    }
}

static void what_has_no_texture_is_not_sure(void **state)
{
    (void)state;
    struct bench *b = bench_open(96, 64);
    for (vg_i32 i = 0; i < 96 * 64; i++) {
        b->before[i] = 90;
        b->now[i] = 140;
    }
    run(b);
    for (vg_i32 c = 0; c < 24 * 16; c++) {
        assert_int_equal(b->sure[c], 0);
        assert_int_equal(b->flow_x[c], 0);
        assert_int_equal(b->flow_y[c], 0);
    }
    bench_close(b);
}

/* Along an edge anything fits: its cells are not sure. */
static void an_edge_alone_is_not_sure(void **state)
{
    (void)state;
    struct bench *b = bench_open(96, 64);
    for (vg_i32 i = 0; i < 96 * 64; i++) {
        b->before[i] = i % 96 < 40 ? 60 : 180;
        b->now[i] = i % 96 < 46 ? 60 : 180;
    }
    run(b);
    for (vg_i32 c = 0; c < 24 * 16; c++)
        assert_int_equal(b->sure[c], 0);
    bench_close(b);
}

/* Any two pictures of any size: what comes out is in bounds. */
static void any_pictures_and_sizes(void **state)
{
    (void)state;
    static const struct {
        vg_i32 width, height;
    } rows[] = {{1, 1}, {2, 7}, {5, 3}, {33, 1}, {13, 61}, {191, 143}, {192, 192}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench *b = bench_open(rows[i].width, rows[i].height);
        struct vg_flow_sizes sizes;
        assert_true(vg_flow_layout(b->width, b->height, &sizes) <= VG_FLOW_SCRATCH_BYTES);
        struct vg_random random;
        vg_random_seed(&random, SEED + i);
        for (vg_i32 k = 0; k < SIDE * SIDE; k++) {
            b->before[k] = (uint8_t)(vg_random_below(&random, 2) * 255);
            b->now[k] = (uint8_t)(vg_random_below(&random, 2) * 255);
        }
        run(b);
        const vg_i32 cells = sizes.level[0].columns * sizes.level[0].rows;
        for (vg_i32 c = 0; c < cells; c++)
            assert_true(abs(b->flow_x[c]) <= 60 * 16 && abs(b->flow_y[c]) <= 60 * 16);
        bench_close(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(movements_are_found),
        cmocka_unit_test(a_thing_that_passes_moves_alone),
        cmocka_unit_test(what_has_no_texture_is_not_sure),
        cmocka_unit_test(an_edge_alone_is_not_sure),
        cmocka_unit_test(any_pictures_and_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
