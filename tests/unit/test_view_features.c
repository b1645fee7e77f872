/* Corners behind the shim: what takes one view to another, what is not there, and what a line of
 * text that stays in its place may not say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/base/status.h"
#include "src/vision/view_features_shim.h"
#include "src/vision/view_thumb.h"
#include "tests/view_scene.h"

static struct vg_view_thumb first, second;
static struct vg_view_features from, to;

static void take(struct vg_view_scene *scene, const struct vg_view_scene_camera *camera, uint32_t n,
                 struct vg_view_thumb *thumb)
{
    const struct vg_picture picture = vg_view_scene_picture(scene, camera, n);
    vg_view_thumb_take(thumb, &picture);
}

static struct vg_view_match match_of(const uint8_t *a, const uint8_t *b)
{
    struct vg_view_match match;
    assert_int_equal(vg_view_features_find(a, &from), VG_OK);
    assert_int_equal(vg_view_features_find(b, &to), VG_OK);
    assert_int_equal(vg_view_features_match(&from, &to, &match), VG_OK);
    return match;
}

/* Where the matrix takes a point of the thumb. */
static void way(const struct vg_view_match *m, double x, double y, double *u, double *v)
{
    const double w = m->matrix[2][0] * x + m->matrix[2][1] * y + m->matrix[2][2];
    *u = (m->matrix[0][0] * x + m->matrix[0][1] * y + m->matrix[0][2]) / w;
    *v = (m->matrix[1][0] * x + m->matrix[1][1] * y + m->matrix[1][2]) / w;
}

static void ways(void **state)
{
    /* shift of a zoom z: |1 - z| times half the diagonal in fractions, 0.7071 */
    static const struct {
        const char *name;
        struct vg_view_scene_camera camera;
        double shift, tolerance, x, y; /* and where the middle (160, 120) goes */
    } rows[] = {
        {"nothing", {.noise = 3}, 0, 0.004, 160, 120},
        {"right by 10 %", {.noise = 3, .right = 0.1}, 0.1, 0.004, 128, 120},
        {"left by 40 %", {.noise = 3, .right = -0.4}, 0.4, 0.02, 288, 120},
        {"down by 5 %", {.noise = 3, .down = 0.05}, 0.05, 0.004, 160, 108},
        {"nearer, 1.3", {.noise = 3, .nearer = 0.3}, 0.212, 0.01, 160, 120},
        {"farther, 0.75", {.noise = 3, .nearer = -0.25}, 0.177, 0.01, 160, 120},
        {"right by 10 % at dusk", {.noise = 4, .right = 0.1, .gain = 0.3}, 0.1, 0.01, 128, 120},
        {"right by 10 %, the text stays",
         {.noise = 3, .text = 1, .right = 0.1},
         0.1,
         0.01,
         128,
         120},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (uint64_t seed = 1; seed < 4; seed++) {
            struct vg_view_scene *scene = vg_view_scene_open(seed);
            const struct vg_view_scene_camera set_up = {.noise = 3, .text = rows[i].camera.text};
            double x, y;
            assert_non_null(scene);
            take(scene, &set_up, 0, &first);
            take(scene, &rows[i].camera, 1, &second);
            const struct vg_view_match m = match_of(first.luma, second.luma);
            way(&m, 160, 120, &x, &y);
            if (m.inliers < 20 || m.cells < 8 ||
                fabs(m.shift - rows[i].shift) > rows[i].tolerance ||
                hypot(x - rows[i].x, y - rows[i].y) > 1.5)
                fail_msg("%s, scene %d: shift %.4f, %u of %u in %u cells, middle at %.1f %.1f",
                         rows[i].name, (int)seed, m.shift, m.inliers, m.matches, m.cells, x, y);
            vg_view_scene_close(&scene);
        }
}

/* Two places: what fits by chance is too little to be believed. */
static void other_places(void **state)
{
    uint32_t worst = 0, cells = 0;
    (void)state;
    for (uint64_t seed = 1; seed < 13; seed++) {
        struct vg_view_scene *here = vg_view_scene_open(seed),
                             *there = vg_view_scene_open(seed + 100);
        const struct vg_view_scene_camera camera = {.noise = 2, .text = 1};
        assert_true(here && there);
        take(here, &camera, 0, &first);
        take(there, &camera, 1, &second);
        const struct vg_view_match m = match_of(first.luma, second.luma);
        worst = m.inliers > worst ? m.inliers : worst;
        cells = m.cells > cells ? m.cells : cells;
        vg_view_scene_close(&here);
        vg_view_scene_close(&there);
    }
    print_message("other places: %u inliers at most, in %u cells at most\n", worst, cells);
    assert_true(worst < 12); /* what view_watch.c believes */
}

static void nothing_to_see(void **state)
{
    static const uint8_t fills[] = {0, 128, 255};
    (void)state;
    for (size_t i = 0; i < sizeof fills; i++) {
        memset(first.luma, fills[i], sizeof first.luma);
        const struct vg_view_match m = match_of(first.luma, first.luma);
        assert_int_equal(from.count, 0);
        assert_int_equal(m.matches, 0);
        assert_int_equal(m.inliers, 0);
        assert_true(m.matrix[0][0] > 0.99 && m.matrix[1][1] > 0.99 && fabs(m.shift) < 1e-9);
    }
}

/* No cell has more than its share, and the same picture gives the same bytes. */
static void bounded_and_the_same(void **state)
{
    static struct vg_view_features again;
    struct vg_view_scene *scene = vg_view_scene_open(4);
    const struct vg_view_scene_camera camera = {.noise = 12};
    uint32_t cell[VG_VIEW_CELL_COLUMNS * VG_VIEW_CELL_ROWS] = {0};
    (void)state;
    assert_non_null(scene);
    take(scene, &camera, 0, &first);
    assert_int_equal(vg_view_features_find(first.luma, &from), VG_OK);
    assert_int_equal(vg_view_features_find(first.luma, &again), VG_OK);
    assert_memory_equal(&from, &again, sizeof from);
    assert_in_range(from.count, 100, VG_VIEW_FEATURES_MAX);
    for (uint32_t i = 0; i < from.count; i++) {
        const int column = (int)from.x[i] * VG_VIEW_CELL_COLUMNS / VG_VIEW_WIDTH;
        const int row = (int)from.y[i] * VG_VIEW_CELL_ROWS / VG_VIEW_HEIGHT;
        cell[row * VG_VIEW_CELL_COLUMNS + column]++;
    }
    for (size_t i = 0; i < sizeof cell / sizeof *cell; i++)
        assert_true(cell[i] <= VG_VIEW_FEATURES_PER_CELL);
    vg_view_scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ways),
        cmocka_unit_test(other_places),
        cmocka_unit_test(nothing_to_see),
        cmocka_unit_test(bounded_and_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
