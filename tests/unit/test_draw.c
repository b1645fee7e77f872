/* Canvas, font and overlay: what is marked and what is not, and that nothing is written outside
 * of the canvas (its memory ends where the canvas does, so that ASan sees it). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/random.h"
#include "src/base/text.h"
#include "src/draw/canvas.h"
#include "src/draw/font.h"
#include "src/draw/overlay.h"
#include "src/scene/scene.h"

static const struct vg_colour white = {255, 255, 255};

static const uint8_t *pixel(const struct vg_canvas *canvas, uint32_t x, uint32_t y)
{
    return canvas->rgb + ((size_t)y * canvas->width + x) * 3;
}

static uint32_t marked(const struct vg_canvas *canvas)
{
    uint32_t count = 0;
    for (size_t i = 0; i < (size_t)canvas->width * canvas->height; i++)
        count += canvas->rgb[i * 3] != 0;
    return count;
}

/* ---- from NV12 ---------------------------------------------------------------------------- */

static void colours_follow_matrix_and_range(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum vg_matrix matrix;
        enum vg_range range;
        uint8_t y, u, v;
        uint8_t r, g, b; /* by the formulas of BT.601-7 and BT.709-6 */
    } rows[] = {
        {"black", VG_MATRIX_BT601, VG_RANGE_LIMITED, 16, 128, 128, 0, 0, 0},
        {"white", VG_MATRIX_BT601, VG_RANGE_LIMITED, 235, 128, 128, 255, 255, 255},
        {"grey", VG_MATRIX_BT709, VG_RANGE_LIMITED, 126, 128, 128, 128, 128, 128},
        {"full black", VG_MATRIX_BT601, VG_RANGE_FULL, 0, 128, 128, 0, 0, 0},
        {"full white", VG_MATRIX_BT709, VG_RANGE_FULL, 255, 128, 128, 255, 255, 255},
        {"red 601", VG_MATRIX_BT601, VG_RANGE_LIMITED, 81, 90, 240, 254, 0, 0},
        {"red 709", VG_MATRIX_BT709, VG_RANGE_LIMITED, 63, 102, 240, 255, 1, 0},
        {"blue 601", VG_MATRIX_BT601, VG_RANGE_LIMITED, 41, 240, 110, 0, 0, 255},
        {"red 601 full", VG_MATRIX_BT601, VG_RANGE_FULL, 76, 85, 255, 254, 0, 0},
        {"below black", VG_MATRIX_BT601, VG_RANGE_LIMITED, 0, 128, 128, 0, 0, 0},
        {"above white", VG_MATRIX_BT601, VG_RANGE_LIMITED, 255, 128, 128, 255, 255, 255},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t luma[4] = {rows[i].y, rows[i].y, rows[i].y, rows[i].y};
        uint8_t chroma[2] = {rows[i].u, rows[i].v};
        const struct vg_picture picture = {.luma = luma,
                                           .chroma = chroma,
                                           .width = 2,
                                           .height = 2,
                                           .luma_stride = 2,
                                           .chroma_stride = 2,
                                           .matrix = rows[i].matrix,
                                           .range = rows[i].range};
        struct vg_canvas canvas = {0};
        assert_int_equal(vg_canvas_from_picture(&canvas, &picture), VG_OK);
        for (uint32_t k = 0; k < 4; k++) {
            const uint8_t *p = pixel(&canvas, k % 2, k / 2);
            if (p[0] != rows[i].r || p[1] != rows[i].g || p[2] != rows[i].b)
                fail_msg("%s: %d %d %d", rows[i].name, p[0], p[1], p[2]);
        }
        vg_canvas_release(&canvas);
    }
}

static void strides_are_obeyed(void **state)
{
    (void)state;
    uint8_t luma[4 * 7], chroma[2 * 5];
    memset(luma, 255, sizeof luma);
    memset(chroma, 255, sizeof chroma);
    for (size_t y = 0; y < 4; y++)
        memset(luma + y * 7, 16 + 50 * (int)y, 4);
    for (size_t y = 0; y < 2; y++)
        memset(chroma + y * 5, 128, 4);
    const struct vg_picture picture = {.luma = luma,
                                       .chroma = chroma,
                                       .width = 4,
                                       .height = 4,
                                       .luma_stride = 7,
                                       .chroma_stride = 5};
    struct vg_canvas canvas = {0};
    assert_int_equal(vg_canvas_from_picture(&canvas, &picture), VG_OK);
    static const uint8_t want[4] = {0, 58, 116, 175};
    for (uint32_t i = 0; i < 16; i++)
        for (size_t c = 0; c < 3; c++)
            assert_int_equal(pixel(&canvas, i % 4, i / 4)[c], want[i / 4]);
    vg_canvas_release(&canvas);
}

static void room_is_used_again(void **state)
{
    (void)state;
    struct vg_canvas canvas = {0};
    assert_int_equal(vg_canvas_init(&canvas, 64, 48), VG_OK);
    const uint8_t *room = canvas.rgb;
    const uint64_t before = vg_alloc_sealed_count();
    vg_alloc_seal();
    assert_int_equal(vg_canvas_init(&canvas, 48, 64), VG_OK);
    assert_int_equal(vg_canvas_init(&canvas, 10, 10), VG_OK);
    vg_alloc_unseal();
    assert_ptr_equal(canvas.rgb, room);
    assert_int_equal(vg_alloc_sealed_count(), before);
    assert_int_equal(vg_canvas_init(&canvas, 0, 10), VG_E_FULL);
    assert_int_equal(vg_canvas_init(&canvas, 10, VG_PICTURE_HEIGHT_MAX + 2), VG_E_FULL);
    vg_alloc_fail_at(1);
    assert_int_equal(vg_canvas_init(&canvas, 640, 480), VG_E_MEMORY);
    vg_alloc_fail_at(0);
    assert_int_equal(canvas.width, 10);
    vg_canvas_release(&canvas);
    assert_null(canvas.rgb);
}

/* ---- marks -------------------------------------------------------------------------------- */

static void a_block_covers_its_pixels(void **state)
{
    (void)state;
    struct vg_canvas canvas = {0};
    assert_int_equal(vg_canvas_init(&canvas, 10, 8), VG_OK);
    vg_canvas_block(&canvas, (struct vg_box){2, 3, 4, 2}, white, VG_OPAQUE);
    assert_int_equal(marked(&canvas), 8);
    assert_int_equal(pixel(&canvas, 2, 3)[0], 255);
    assert_int_equal(pixel(&canvas, 5, 4)[2], 255);
    assert_int_equal(pixel(&canvas, 6, 4)[0], 0);
    vg_canvas_block(&canvas, (struct vg_box){2, 3, 1, 1}, (struct vg_colour){0, 0, 0}, 127);
    assert_int_equal(pixel(&canvas, 2, 3)[0], 128); /* half of it */
    vg_canvas_release(&canvas);
}

static void a_frame_is_hollow(void **state)
{
    (void)state;
    struct vg_canvas canvas = {0};
    assert_int_equal(vg_canvas_init(&canvas, 20, 20), VG_OK);
    vg_canvas_frame(&canvas, (struct vg_box){2, 2, 10, 8}, 2, white);
    assert_int_equal(marked(&canvas), 10 * 8 - 6 * 4);
    assert_int_equal(pixel(&canvas, 5, 5)[0], 0);
    vg_canvas_release(&canvas);
}

static void a_polygon_is_what_contains_says(void **state)
{
    (void)state;
    static const struct vg_point corner[] = {{3, 2}, {28, 5}, {16, 12}, {27, 29}, {5, 24}};
    struct vg_canvas canvas = {0};
    assert_int_equal(vg_canvas_init(&canvas, 32, 32), VG_OK);
    vg_canvas_fill(&canvas, corner, 5, white, VG_OPAQUE);
    uint32_t inside = 0;
    for (uint32_t y = 0; y < 32; y++) {
        for (uint32_t x = 0; x < 32; x++) {
            const struct vg_point centre = {(float)x + 0.5f, (float)y + 0.5f};
            const bool in = vg_polygon_contains(corner, 5, centre);
            assert_int_equal(pixel(&canvas, x, y)[0], in ? 255 : 0);
            inside += in;
        }
    }
    assert_true(inside > 300);
    assert_int_equal(vg_canvas_init(&canvas, 32, 32), VG_OK);
    vg_canvas_hatch(&canvas, corner, 5, 2, white, VG_OPAQUE);
    assert_true(marked(&canvas) > inside / 4 && marked(&canvas) < inside / 2);
    vg_canvas_release(&canvas);
}

static void a_line_is_as_long_and_thick_as_asked(void **state)
{
    (void)state;
    static const struct {
        struct vg_point from, to;
    } rows[] = {{{10, 20}, {50, 20}}, {{50, 20}, {10, 20}}, {{30, 10}, {30, 50}},
                {{10, 10}, {45, 45}}, {{45, 12}, {12, 50}}, {{10, 20}, {50, 33}}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_canvas canvas = {0};
        assert_int_equal(vg_canvas_init(&canvas, 64, 64), VG_OK);
        const struct vg_point a = rows[i].from, b = rows[i].to;
        vg_canvas_line(&canvas, a, b, 4, white);
        double sum = 0;
        for (size_t k = 0; k < 64 * 64; k++)
            sum += canvas.rgb[k * 3] / 255.0;
        const double length = hypot((double)b.x - (double)a.x, (double)b.y - (double)a.y);
        const double area = 4 * length + 3.14159265 * 4; /* and two half discs */
        assert_true(fabs(sum - area) < 0.03 * area);
        vg_canvas_release(&canvas);
    }
}

static void nothing_harms_the_canvas(void **state)
{
    (void)state;
    static const float far[] = {0,      -1,    5,  1e9f,     -1e9f,     1e38f,
                                -1e38f, 15.5f, 16, INFINITY, -INFINITY, NAN};
    enum {
        COUNT = sizeof far / sizeof *far
    };
    struct vg_random random;
    vg_random_seed(&random, 7);
    struct vg_canvas canvas = {0};
    assert_int_equal(vg_canvas_init(&canvas, 16, 16), VG_OK);
    for (int i = 0; i < 3000; i++) {
        struct vg_point p[4];
        for (size_t k = 0; k < 4; k++)
            p[k] = (struct vg_point){far[vg_random_below(&random, COUNT)],
                                     far[vg_random_below(&random, COUNT)]};
        const struct vg_box box = {p[0].x, p[0].y, p[1].x, p[1].y};
        vg_canvas_fill(&canvas, p, 4, white, 100);
        vg_canvas_block(&canvas, box, white, 100);
        vg_canvas_frame(&canvas, box, p[2].x, white);
        if (i < 60)
            vg_canvas_line(&canvas, p[0], p[1], 3, white);
    }
    vg_font_draw(&canvas, -1000, 5, 3, "hors de l'image", white);
    vg_font_draw(&canvas, 10, -7, 2, "coupé", white);
    vg_canvas_fill(&canvas, NULL, 0, white, 100);
    vg_canvas_release(&canvas);
}

/* ---- font --------------------------------------------------------------------------------- */

static uint32_t dots_of(const char *text)
{
    struct vg_canvas canvas = {0};
    assert_int_equal(vg_canvas_init(&canvas, 600, VG_FONT_HEIGHT), VG_OK);
    vg_font_draw(&canvas, 0, 0, 1, text, white);
    const uint32_t count = marked(&canvas);
    vg_canvas_release(&canvas);
    return count;
}

static void every_letter_is_its_own(void **state)
{
    (void)state;
    static const char *const more[] = {"é", "è", "ê", "ë", "à", "â", "ç", "ù", "û", "ü", "ô",
                                       "î", "ï", "É", "È", "À", "Ç", "œ", "«", "»", "°"};
    struct vg_canvas canvas[95 + 21] = {{0}};
    for (size_t i = 0; i < 95 + 21; i++) {
        const char ascii[2] = {(char)(' ' + i), '\0'};
        const char *text = i < 95 ? ascii : more[i - 95];
        assert_int_equal(vg_canvas_init(&canvas[i], VG_FONT_ADVANCE, VG_FONT_HEIGHT), VG_OK);
        vg_font_draw(&canvas[i], 0, 0, 1, text, white);
        assert_int_equal(marked(&canvas[i]) > 0, i > 0);
        assert_int_equal(vg_font_width(text, 1), VG_FONT_ADVANCE - 1);
        for (size_t k = 0; k < i; k++)
            if (memcmp(canvas[i].rgb, canvas[k].rgb, VG_FONT_ADVANCE * VG_FONT_HEIGHT * 3) == 0)
                fail_msg("\"%s\" looks like number %zu", text, k);
    }
    for (size_t i = 0; i < 95 + 21; i++)
        vg_canvas_release(&canvas[i]);
}

static void text_is_utf8(void **state)
{
    (void)state;
    assert_int_equal(vg_font_width("", 3), 0);
    assert_int_equal(vg_font_width("été", 2), 2 * (3 * VG_FONT_ADVANCE - 1));
    assert_int_equal(dots_of("é"), dots_of("e") + 2);
    assert_int_equal(dots_of("ç"), dots_of("c") + 2);
    assert_int_equal(dots_of("l’été"), dots_of("l'") + dots_of("t") + 2 * dots_of("é"));
    const uint32_t box = dots_of("漢");
    assert_true(box > 0);
    assert_int_equal(dots_of("\xff"), box); /* broken: shown, never read past */
    assert_int_equal(dots_of("\xe2\x80"), 2 * box);
    assert_int_equal(dots_of("\xc3"), box);
}

/* ---- overlay ------------------------------------------------------------------------------ */

static const char scene_text[] =
    "{\"version\":1,\"name\":\"x\",\"masks\":[{\"polygon\":[[0,0],[0.3,0],[0.3,0.3],[0,0.3]]}],"
    "\"zones\":[{\"id\":\"z\",\"label\":\"Quai\",\"polygon\":[[0.5,0.5],[0.9,0.5],[0.9,0.9]],"
    "\"direction\":[1,0]}],\"lines\":[{\"id\":\"l\",\"points\":[[0.1,0.5],[0.4,0.5]]}],"
    "\"rules\":[{\"id\":\"r\",\"severity\":\"low\",\"event\":\"crossing\",\"at\":\"l\","
    "\"direction\":\"left\"}]}";

static bool same(const struct vg_canvas *a, const struct vg_canvas *b, uint32_t x, uint32_t y)
{
    return memcmp(pixel(a, x, y), pixel(b, x, y), 3) == 0;
}

static void places_are_where_they_are(void **state)
{
    (void)state;
    struct vg_scene *scene;
    struct vg_canvas canvas = {0}, plain = {0};
    assert_int_equal(vg_scene_parse("x", scene_text, sizeof scene_text - 1, &scene, NULL), VG_OK);
    assert_int_equal(vg_canvas_init(&canvas, 400, 400), VG_OK);
    assert_int_equal(vg_canvas_init(&plain, 400, 400), VG_OK);
    memset(canvas.rgb, 128, 400 * 400 * 3);
    memset(plain.rgb, 128, 400 * 400 * 3);
    vg_draw_scene(&canvas, scene, -1);
    assert_false(same(&canvas, &plain, 60, 60));   /* mask */
    assert_false(same(&canvas, &plain, 310, 230)); /* zone */
    assert_true(same(&canvas, &plain, 390, 20));   /* nothing there */
    assert_true(same(&canvas, &plain, 210, 350));
    assert_false(same(&canvas, &plain, 150, 200)); /* line */
    assert_false(same(&canvas, &plain, 100, 192)); /* its arrow, to the left: upwards */
    assert_true(same(&canvas, &plain, 100, 212));
    struct vg_canvas other = {0};
    assert_int_equal(vg_canvas_init(&other, 400, 400), VG_OK);
    memset(other.rgb, 128, 400 * 400 * 3);
    vg_draw_scene(&other, scene, 2);
    assert_false(same(&canvas, &other, 150, 200)); /* stressed: another colour */
    vg_canvas_release(&other);
    vg_canvas_release(&canvas);
    vg_canvas_release(&plain);
    vg_scene_close(&scene);
}

static void boxes_tracks_and_alerts_are_drawn(void **state)
{
    (void)state;
    struct vg_scene *scene;
    struct vg_canvas canvas = {0};
    assert_int_equal(vg_scene_parse("x", scene_text, sizeof scene_text - 1, &scene, NULL), VG_OK);
    assert_int_equal(vg_canvas_init(&canvas, 400, 300), VG_OK);
    const struct vg_detection detection = {{100, 100, 40, 80}, 0.8f, VG_CLASS_PERSON};
    vg_draw_detections(&canvas, &detection, 1);
    assert_int_not_equal(pixel(&canvas, 100, 150)[1], 0);
    assert_int_equal(pixel(&canvas, 120, 150)[1], 0);

    struct vg_track track = {.id = 3,
                             .state = VG_TRACK_CONFIRMED,
                             .class_id = VG_CLASS_CAR,
                             .detected = true,
                             .score = 2, /* out of range: shown as 1 */
                             .box = {200, 150, 60, 60},
                             .history_count = 2,
                             .history = {{{0}, {150, 250}}, {{1}, {230, 210}}}};
    const struct vg_track *list[] = {&track};
    vg_draw_tracks(&canvas, list, 1);
    assert_int_not_equal(pixel(&canvas, 200, 180)[0], 0);
    assert_int_not_equal(pixel(&canvas, 190, 230)[0], 0); /* the way it came */
    track.state = VG_TRACK_TENTATIVE;
    track.box.left = 300;
    vg_draw_tracks(&canvas, list, 1);
    assert_int_equal(pixel(&canvas, 300, 180)[0], 0);

    const struct vg_draw_box boxes[] = {{17, VG_CLASS_PERSON, 0.8f, {100, 100, 40, 80}}};
    const struct vg_draw_alert alert = {scene, 1, "Densité", "Quai", "2026-11-21 10:15:30",
                                        boxes, 1};
    vg_draw_alert(&canvas, &alert);
    assert_int_equal(pixel(&canvas, 100, 150)[0], 230);
    uint32_t letters = 0;
    for (uint32_t x = 0; x < 400; x++)
        letters += pixel(&canvas, x, 6)[0] > 200;
    assert_true(letters > 10); /* the header */
    vg_canvas_release(&canvas);
    vg_scene_close(&scene);
}

int main(void)
{
    (void)vg_text_init("en");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(colours_follow_matrix_and_range),
        cmocka_unit_test(strides_are_obeyed),
        cmocka_unit_test(room_is_used_again),
        cmocka_unit_test(a_block_covers_its_pixels),
        cmocka_unit_test(a_frame_is_hollow),
        cmocka_unit_test(a_polygon_is_what_contains_says),
        cmocka_unit_test(a_line_is_as_long_and_thick_as_asked),
        cmocka_unit_test(nothing_harms_the_canvas),
        cmocka_unit_test(every_letter_is_its_own),
        cmocka_unit_test(text_is_utf8),
        cmocka_unit_test(places_are_where_they_are),
        cmocka_unit_test(boxes_tracks_and_alerts_are_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
