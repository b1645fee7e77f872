/* Where pictures go in the net's input, how boxes come back, and the colours' figures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "kernels/twins/twins_map.h"
#include "src/engine/letterbox.h"

static void assert_near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        print_error("%.9g, not %.9g\n", got, want);
    assert_true(fabs(got - want) <= tolerance);
}

static void pictures_fit(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t width, height;
        struct vg_box region;
        enum vg_rotation rotation;
        uint32_t input_width, input_height;
        struct {
            uint32_t left, top, width, height;
        } region_want, inner, staged;
    } rows[] = {
        {"4:3 in a square",
         768,
         576,
         {0, 0, 0, 0},
         VG_ROTATION_0,
         416,
         416,
         {0, 0, 768, 576},
         {0, 52, 416, 312},
         {0, 0, 768, 576}},
        {"16:9",
         1920,
         1080,
         {0, 0, 0, 0},
         VG_ROTATION_0,
         416,
         256,
         {0, 0, 1920, 1080},
         {0, 11, 416, 234},
         {0, 0, 1920, 1080}},
        {"upright",
         768,
         576,
         {0, 0, 0, 0},
         VG_ROTATION_90,
         416,
         416,
         {0, 0, 768, 576},
         {52, 0, 312, 416},
         {0, 0, 768, 576}},
        {"odd region",
         100,
         80,
         {7, 5, 21, 30},
         VG_ROTATION_0,
         64,
         64,
         {7, 5, 21, 30},
         {9, 0, 45, 64},
         {6, 4, 22, 32}},
        {"rounded",
         100,
         80,
         {6.6f, 4.4f, 20.8f, 30.2f},
         VG_ROTATION_0,
         64,
         64,
         {7, 4, 20, 31},
         {11, 0, 41, 64},
         {6, 4, 22, 32}},
        {"clipped",
         100,
         80,
         {90, -10, 50, 50},
         VG_ROTATION_0,
         64,
         64,
         {90, 0, 10, 40},
         {24, 0, 16, 64},
         {90, 0, 10, 40}},
        {"a thread",
         4096,
         2,
         {0, 0, 0, 0},
         VG_ROTATION_0,
         64,
         64,
         {0, 0, 4096, 2},
         {0, 31, 64, 1},
         {0, 0, 4096, 2}},
        {"one pixel",
         100,
         80,
         {99, 79, 1, 1},
         VG_ROTATION_180,
         64,
         32,
         {99, 79, 1, 1},
         {16, 0, 32, 32},
         {98, 78, 2, 2}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vg_picture picture = {.width = rows[i].width, .height = rows[i].height};
        const struct vg_job job = {
            .picture = &picture, .region = rows[i].region, .rotation = rows[i].rotation};
        struct vg_letterbox box;
        print_message("%s\n", rows[i].name);
        assert_int_equal(
            vg_letterbox_make(&job, (struct vg_size){rows[i].input_width, rows[i].input_height},
                              VG_ANCHOR_CENTRE, &box),
            VG_OK);
        assert_int_equal(box.left, rows[i].region_want.left);
        assert_int_equal(box.top, rows[i].region_want.top);
        assert_int_equal(box.width, rows[i].region_want.width);
        assert_int_equal(box.height, rows[i].region_want.height);
        assert_int_equal(box.inner_left, rows[i].inner.left);
        assert_int_equal(box.inner_top, rows[i].inner.top);
        assert_int_equal(box.inner_width, rows[i].inner.width);
        assert_int_equal(box.inner_height, rows[i].inner.height);
        assert_int_equal(box.staged_left, rows[i].staged.left);
        assert_int_equal(box.staged_top, rows[i].staged.top);
        assert_int_equal(box.staged_width, rows[i].staged.width);
        assert_int_equal(box.staged_height, rows[i].staged.height);
        assert_int_equal(vg_letterbox_bytes(&box),
                         rows[i].staged.width * rows[i].staged.height * 3 / 2);
    }
}

static void regions_outside_are_refused(void **state)
{
    (void)state;
    static const struct vg_box rows[] = {
        {100, 0, 10, 10}, {-20, 0, 10, 10}, {0, 80, 10, 10}, {5, 5, 10, 0.2f}, {5, 5, -3, 10},
        {NAN, 5, 10, 10}, {5, NAN, 5, 5},   {5, 5, NAN, 5},  {5, 5, 5, NAN},   {0, 0, INFINITY, 10},
    };
    const struct vg_picture picture = {.width = 100, .height = 80};
    struct vg_letterbox box;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vg_job job = {.picture = &picture, .region = rows[i]};
        assert_int_equal(vg_letterbox_make(&job, (struct vg_size){64, 64}, VG_ANCHOR_CENTRE, &box),
                         VG_E_CALL);
    }
}

/* A box drawn in the picture, led into the input by hand, comes back where it was. */
static void boxes_come_back(void **state)
{
    (void)state;
    static const struct {
        enum vg_rotation rotation;
        float left, top, right, bottom; /* in the turned region of 40x20 (or 20x40) */
    } rows[] = {
        {VG_ROTATION_0, 3, 4, 13, 10},
        {VG_ROTATION_90, 10, 3, 16, 13}, /* clockwise: (x, y) goes to (20 - y, x) */
        {VG_ROTATION_180, 27, 10, 37, 16},
        {VG_ROTATION_270, 4, 27, 10, 37},
    };
    const struct vg_picture picture = {.width = 100, .height = 80};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vg_job job = {
            .picture = &picture, .region = {30, 50, 40, 20}, .rotation = rows[i].rotation};
        struct vg_letterbox box;
        assert_int_equal(vg_letterbox_make(&job, (struct vg_size){96, 96}, VG_ANCHOR_CENTRE, &box),
                         VG_OK);
        const float sx = (float)(1 / box.step_x), sy = (float)(1 / box.step_y);
        const struct vg_candidate found = {
            .left = (float)box.inner_left + rows[i].left * sx,
            .top = (float)box.inner_top + rows[i].top * sy,
            .right = (float)box.inner_left + rows[i].right * sx,
            .bottom = (float)box.inner_top + rows[i].bottom * sy,
        };
        const struct vg_box back = vg_letterbox_back(&box, &found);
        assert_near((double)back.left, 33, 1e-4);
        assert_near((double)back.top, 54, 1e-4);
        assert_near((double)back.width, 10, 1e-4);
        assert_near((double)back.height, 6, 1e-4);
    }
}

static void boxes_are_clipped_to_the_region(void **state)
{
    (void)state;
    const struct vg_picture picture = {.width = 100, .height = 50};
    const struct vg_job job = {.picture = &picture};
    struct vg_letterbox box;
    assert_int_equal(vg_letterbox_make(&job, (struct vg_size){64, 64}, VG_ANCHOR_CENTRE, &box),
                     VG_OK);
    const struct vg_candidate large = {.left = 0, .top = 0, .right = 64, .bottom = 64};
    const struct vg_box all = vg_letterbox_back(&box, &large);
    assert_near((double)all.left, 0, 0);
    assert_near((double)all.top, 0, 0);
    assert_near((double)all.width, 100, 1e-5);
    assert_near((double)all.height, 50, 1e-5);
    const struct vg_candidate border = {.left = 5, .top = 2, .right = 20, .bottom = 15};
    assert_near((double)vg_letterbox_back(&box, &border).height, 0, 0);
}

/* Which pixel of the picture the kernel's twin shows where, for each rotation: the region's
 * upper left quarter is bright. */
static void rotation_is_clockwise(void **state)
{
    (void)state;
    static const uint32_t bright_corner[4] = {0, 1, 3,
                                              2}; /* upper left, right; lower left, right */
    uint8_t pixels[16 * 16 * 3 / 2];
    for (int i = 0; i < 256; i++)
        pixels[i] = i / 16 < 8 && i % 16 < 8 ? 255 : 0;
    for (int i = 256; i < 384; i++)
        pixels[i] = 128;
    const struct vg_picture picture = {.luma = pixels,
                                       .chroma = pixels + 256,
                                       .width = 16,
                                       .height = 16,
                                       .luma_stride = 16,
                                       .chroma_stride = 16,
                                       .range = VG_RANGE_FULL};
    for (uint32_t r = 0; r < 4; r++) {
        const struct vg_job job = {.picture = &picture, .rotation = (enum vg_rotation)r};
        struct vg_letterbox box;
        assert_int_equal(vg_letterbox_make(&job, (struct vg_size){8, 8}, VG_ANCHOR_CENTRE, &box),
                         VG_OK);
        const struct vg_device_job device = vg_letterbox_job(&box, &picture, 0, 0);
        float y[8 * 8 * 4];
        const struct vg_map_build build = {.block = 16};
        const struct vg_prepare_sizes sizes = {
            .y = {0, 256, 256, 32}, .width = 8, .height = 8, .scale = {1, 1, 1}};
        vg_twin_prepare(pixels, &device, y, &sizes, &build, 1);
        static const uint32_t corner[4] = {0, 7 * 4, 7 * 32, 7 * 32 + 7 * 4};
        for (uint32_t k = 0; k < 4; k++)
            assert_near((double)y[corner[k]], k == bright_corner[r] ? 255 : 0, 1e-3);
    }
}

/* Figures of BT.601 and BT.709: the primaries in Y'CbCr come out as pure colours. */
static void colours_are_the_standards(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum vg_matrix matrix;
        enum vg_range range;
        uint8_t y, u, v;
        double red, green, blue;
    } rows[] = {
        {"601 limited black", VG_MATRIX_BT601, VG_RANGE_LIMITED, 16, 128, 128, 0, 0, 0},
        {"601 limited white", VG_MATRIX_BT601, VG_RANGE_LIMITED, 235, 128, 128, 255, 255, 255},
        {"601 limited red", VG_MATRIX_BT601, VG_RANGE_LIMITED, 81, 90, 240, 255, 0, 0},
        {"601 limited blue", VG_MATRIX_BT601, VG_RANGE_LIMITED, 41, 240, 110, 0, 0, 255},
        {"601 full red", VG_MATRIX_BT601, VG_RANGE_FULL, 76, 85, 255, 255, 0, 0},
        {"601 full green", VG_MATRIX_BT601, VG_RANGE_FULL, 150, 44, 21, 0, 255, 0},
        {"709 limited red", VG_MATRIX_BT709, VG_RANGE_LIMITED, 63, 102, 240, 255, 0, 0},
        {"709 limited green", VG_MATRIX_BT709, VG_RANGE_LIMITED, 173, 42, 26, 0, 255, 0},
        {"709 full blue", VG_MATRIX_BT709, VG_RANGE_FULL, 18, 255, 116, 0, 0, 255},
        {"beyond white", VG_MATRIX_BT601, VG_RANGE_LIMITED, 254, 128, 128, 255, 255, 255},
        {"below black", VG_MATRIX_BT601, VG_RANGE_LIMITED, 1, 128, 128, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const uint8_t pixels[] = {rows[i].y, rows[i].y, rows[i].y, rows[i].y, rows[i].u, rows[i].v};
        const struct vg_picture picture = {.luma = pixels,
                                           .chroma = pixels + 4,
                                           .width = 2,
                                           .height = 2,
                                           .luma_stride = 2,
                                           .chroma_stride = 2,
                                           .matrix = rows[i].matrix,
                                           .range = rows[i].range};
        const struct vg_job job = {.picture = &picture};
        struct vg_letterbox box;
        float y[4];
        assert_int_equal(vg_letterbox_make(&job, (struct vg_size){1, 1}, VG_ANCHOR_CENTRE, &box),
                         VG_OK);
        const struct vg_device_job device = vg_letterbox_job(&box, &picture, 0, 0);
        const struct vg_map_build build = {.block = 16};
        const struct vg_prepare_sizes sizes = {
            .y = {0, 4, 4, 4}, .width = 1, .height = 1, .red_first = 1, .scale = {1, 1, 1}};
        vg_twin_prepare(pixels, &device, y, &sizes, &build, 1);
        print_message("%s\n", rows[i].name);
        assert_near((double)y[0], rows[i].red, 2); /* bytes are rounded in the standards' tables */
        assert_near((double)y[1], rows[i].green, 2);
        assert_near((double)y[2], rows[i].blue, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_fit),          cmocka_unit_test(regions_outside_are_refused),
        cmocka_unit_test(boxes_come_back),       cmocka_unit_test(boxes_are_clipped_to_the_region),
        cmocka_unit_test(rotation_is_clockwise), cmocka_unit_test(colours_are_the_standards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
