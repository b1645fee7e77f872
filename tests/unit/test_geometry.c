#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "src/base/geometry.h"

static const struct vg_point line[2] = {{0.2f, 0.5f}, {0.8f, 0.5f}};

static const struct {
    const char *name;
    struct vg_point from, to;
    enum vg_side want;
} crossings[] = {
    {"upwards", {0.5f, 0.6f}, {0.5f, 0.4f}, VG_SIDE_LEFT},
    {"downwards", {0.5f, 0.4f}, {0.5f, 0.6f}, VG_SIDE_RIGHT},
    {"through an end", {0.2f, 0.6f}, {0.2f, 0.4f}, VG_SIDE_LEFT},
    {"beside the line", {0.9f, 0.6f}, {0.9f, 0.4f}, VG_SIDE_NONE},
    {"halts on it", {0.5f, 0.6f}, {0.5f, 0.5f}, VG_SIDE_NONE},
    {"and goes on", {0.5f, 0.5f}, {0.5f, 0.4f}, VG_SIDE_LEFT},
    {"or turns back", {0.5f, 0.5f}, {0.5f, 0.6f}, VG_SIDE_NONE},
    {"same side", {0.3f, 0.6f}, {0.7f, 0.7f}, VG_SIDE_NONE},
    {"slantwise", {0.3f, 0.6f}, {0.7f, 0.4f}, VG_SIDE_LEFT},
    {"does not move", {0.5f, 0.5f}, {0.5f, 0.5f}, VG_SIDE_NONE},
};

static void a_step_comes_out_on_one_side(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof crossings / sizeof *crossings; i++) {
        const enum vg_side side = vg_line_cross(crossings[i].from, crossings[i].to, line);
        if (side != crossings[i].want)
            fail_msg("%s: %d", crossings[i].name, (int)side);
    }
}

static const struct vg_point square[] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
static const struct vg_point bow[] = {{0, 0}, {1, 1}, {1, 0}, {0, 1}};
static const struct vg_point fold[] = {{0, 0}, {1, 0}, {0.5f, 0}};
static const struct vg_point hollow[] = {{0, 0}, {1, 0}, {1, 1}, {0.5f, 0.2f}, {0, 1}};
static const struct vg_point touching[] = {{0, 0}, {1, 0}, {1, 1}, {0.5f, 0}, {0, 1}};

static void polygons_contain_by_the_even_odd_rule(void **state)
{
    (void)state;
    assert_true(vg_polygon_contains(square, 4, (struct vg_point){0.5f, 0.5f}));
    assert_false(vg_polygon_contains(square, 4, (struct vg_point){1.5f, 0.5f}));
    assert_true(vg_polygon_contains(square, 4, (struct vg_point){0, 0}));
    assert_false(vg_polygon_contains(square, 4, (struct vg_point){1, 1}));
    assert_false(vg_polygon_contains(hollow, 5, (struct vg_point){0.5f, 0.6f}));
    assert_true(vg_polygon_contains(hollow, 5, (struct vg_point){0.1f, 0.6f}));
}

static const struct {
    const char *name;
    const struct vg_point *corners;
    size_t count, side_a, side_b;
    int crosses;
} polygons[] = {
    {"square", square, 4, 0, 0, 0},           {"bow tie", bow, 4, 0, 2, 1},
    {"folds back", fold, 3, 0, 1, 1},         {"hollow", hollow, 5, 0, 0, 0},
    {"touches a side", touching, 5, 0, 2, 1},
};

static void crossing_sides_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof polygons / sizeof *polygons; i++) {
        size_t a = 99, b = 99;
        const int crosses =
            vg_polygon_crosses_itself(polygons[i].corners, polygons[i].count, &a, &b);
        if (crosses != polygons[i].crosses ||
            (crosses && (a != polygons[i].side_a || b != polygons[i].side_b)))
            fail_msg("%s: %d, sides %zu and %zu", polygons[i].name, crosses, a, b);
    }
}

static const struct {
    struct vg_box a, b;
    float want;
} overlaps[] = {
    {{0, 0, 2, 2}, {0, 0, 2, 2}, 1.0f},
    {{0, 0, 2, 2}, {1, 0, 2, 2}, 1.0f / 3},
    {{0, 0, 2, 2}, {2, 0, 2, 2}, 0},
    {{0, 0, 0, 0}, {0, 0, 0, 0}, 0},
    {{0, 0, 10, 20}, {1, 0, 10, 20}, 9.0f / 11},
};

static void iou_is_the_shared_part(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof overlaps / sizeof *overlaps; i++)
        assert_float_equal(vg_box_iou(overlaps[i].a, overlaps[i].b), overlaps[i].want, 1e-6f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_comes_out_on_one_side),
        cmocka_unit_test(polygons_contain_by_the_even_odd_rule),
        cmocka_unit_test(crossing_sides_are_named),
        cmocka_unit_test(iou_is_the_shared_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
