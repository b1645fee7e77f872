/* The ground of a view, against cameras that are known: points in space are projected, and what
 * the calibration makes of their pictures is compared with where they were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include "src/base/random.h"
#include "src/scene/terrain.h"

#define WIDTH  1920.0
#define HEIGHT 1080.0

/* A camera `height` metres up at the origin that looks along +y and down by `tilt` degrees, turned
 * about its axis by `roll`; f: focal length over the picture's width. */
struct camera {
    const char *name;
    double height, tilt, roll, focal;
    double near, far; /* metres before it between which points are taken */
};

static const struct camera cameras[] = {
    {"street", 4, 20, 0, 0.8, 5, 25},       {"high", 12, 40, 0, 1.0, 8, 20},
    {"steep", 8, 65, 0, 0.7, 2, 6},         {"turned", 5, 25, 8, 0.8, 6, 20},
    {"wide", 3.5, 30, 0, 0.45, 3, 15},      {"far", 25, 12, 0, 3.0, 80, 180},
    {"nearly level", 2.5, 5, 0, 0.9, 5, 40}};
#define CAMERAS (sizeof cameras / sizeof *cameras)

static const double rad = 3.14159265358979 / 180;

/* Fractions of the picture. */
static void project(const struct camera *c, double x, double y, double z, double out[2])
{
    const double s = sin(c->tilt * rad), k = cos(c->tilt * rad);
    const double up = z - c->height, deep = y * k - up * s, down = -y * s - up * k;
    const double px = c->focal * WIDTH * x / deep, py = c->focal * WIDTH * down / deep;
    const double rs = sin(c->roll * rad), rk = cos(c->roll * rad);
    out[0] = (px * rk - py * rs) / WIDTH + 0.5;
    out[1] = (px * rs + py * rk) / HEIGHT + 0.5;
}

/* A grid of 2 x rows points: as wide as the camera sees half of. */
static uint32_t grid(const struct camera *c, uint32_t rows, double noise, struct vg_random *random,
                     struct vg_terrain_point *point)
{
    uint32_t n = 0;
    for (uint32_t r = 0; r < rows; r++)
        for (int side = -1; side <= 1; side += 2) {
            const double y = c->near + (c->far - c->near) * r / (rows - 1);
            const double x = side * 0.3 * c->near / c->focal;
            double at[2];
            project(c, x, y, 0, at);
            for (int i = 0; noise > 0 && i < 2; i++)
                at[i] += noise * ((double)vg_random_below(random, 2001) / 1000 - 1);
            point[n++] = (struct vg_terrain_point){{(float)at[0], (float)at[1]}, x, y};
        }
    return n;
}

static struct vg_point in_px(const double at[2])
{
    return (struct vg_point){(float)(at[0] * WIDTH), (float)(at[1] * HEIGHT)};
}

static struct vg_terrain_view view_of(const struct camera *c, uint32_t rows, double noise,
                                      struct vg_random *random)
{
    struct vg_terrain_point point[VG_TERRAIN_POINTS_MAX];
    struct vg_terrain terrain = {0};
    struct vg_terrain_view view;
    uint32_t index;
    const uint32_t count = grid(c, rows, noise, random, point);
    const enum vg_terrain_fit fit = vg_terrain_fit_points(&terrain, point, count, &index);
    if (fit)
        fail_msg("%s: refused %d at %u", c->name, (int)fit, index);
    assert_true(terrain.measured && terrain.point_count == count);
    vg_terrain_view_init(&view, &terrain, WIDTH, HEIGHT);
    assert_true(view.plane && !view.assumed && !view.rows);
    return view;
}

static void near_enough(const struct camera *c, const char *what, double got, double want,
                        double part)
{
    if (!(fabs(got - want) <= part * fabs(want)))
        fail_msg("%s: %s is %g, not %g", c->name, what, got, want);
}

static void known_cameras_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < CAMERAS; i++) {
        const struct camera *c = &cameras[i];
        const struct vg_terrain_view view = view_of(c, 2, 0, NULL);
        near_enough(c, "focal length", view.focal_px, c->focal * WIDTH, 0.01);
        near_enough(c, "camera height", view.camera_m, c->height, 0.01);
        for (int k = 0; k <= 4; k++) {
            const double y = c->near + (c->far - c->near) * k / 4, x = 0.1 * c->near;
            double foot[2], head[2], side[2], m[2];
            project(c, x, y, 0, foot);
            project(c, x, y, VG_PERSON_M, head);
            assert_true(vg_terrain_metres(&view, in_px(foot), m));
            near_enough(c, "x", m[0], x, 0.01);
            near_enough(c, "y", m[1], y, 0.01);
            const double tall = hypot((head[0] - foot[0]) * WIDTH, (head[1] - foot[1]) * HEIGHT);
            near_enough(c, "person", vg_terrain_person_px(&view, in_px(foot)), fmin(tall, HEIGHT),
                        0.02);
            project(c, x + 0.01, y, 0, side);
            const double px = hypot((side[0] - foot[0]) * WIDTH, (side[1] - foot[1]) * HEIGHT);
            near_enough(c, "metres per pixel", vg_terrain_metres_per_px(&view, in_px(foot)),
                        0.01 / px, 0.02);
        }
        double horizon, at[2];
        project(c, 0, 1e9, 0, at);
        assert_true(vg_terrain_horizon(&view, at[0] * WIDTH, &horizon));
        if (fabs(horizon - at[1] * HEIGHT) > 2)
            fail_msg("%s: horizon at %g, not %g", c->name, horizon, at[1] * HEIGHT);
        assert_false(vg_terrain_metres(&view, (struct vg_point){0, (float)(horizon - 200)}, at));
    }
}

/* Up to a pixel of noise at 12 points: metres within 4 %, persons within 15 %. */
static void noise_is_borne(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++)
        for (size_t i = 0; i < CAMERAS; i++) {
            const struct camera *c = &cameras[i];
            struct vg_random random;
            vg_random_seed(&random, seed);
            const struct vg_terrain_view view = view_of(c, 6, 1 / WIDTH, &random);
            const double y = (c->near + c->far) / 2;
            double foot[2], head[2], m[2];
            project(c, 0, y, 0, foot);
            project(c, 0, y, VG_PERSON_M, head);
            assert_true(vg_terrain_metres(&view, in_px(foot), m));
            near_enough(c, "y with noise", m[1], y, 0.04);
            near_enough(c, "person with noise", vg_terrain_person_px(&view, in_px(foot)),
                        hypot((head[0] - foot[0]) * WIDTH, (head[1] - foot[1]) * HEIGHT), 0.15);
        }
}

static void areas_are_those_of_the_ground(void **state)
{
    (void)state;
    for (size_t i = 0; i < CAMERAS; i++) {
        const struct camera *c = &cameras[i];
        const struct vg_terrain_view view = view_of(c, 2, 0, NULL);
        const double half = 0.2 * c->near, y[2] = {c->near, (c->near + c->far) / 2};
        struct vg_point corner[4];
        for (int k = 0; k < 4; k++) {
            double at[2];
            project(c, k == 0 || k == 3 ? -half : half, y[k / 2], 0, at);
            corner[k] = (struct vg_point){(float)at[0], (float)at[1]};
        }
        near_enough(c, "area", vg_terrain_area_m2(&view, corner, 4), 2 * half * (y[1] - y[0]),
                    0.01);
        /* the whole picture, sky and all, has an end */
        static const struct vg_point all[] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
        const double whole = vg_terrain_area_m2(&view, all, 4);
        assert_true(isfinite(whole) && whole > 0);
        static const struct vg_point sky[] = {{0, 0}, {1, 0}, {1, 0.001f}};
        double horizon;
        if (vg_terrain_horizon(&view, WIDTH / 2, &horizon) && horizon > 0.2 * HEIGHT)
            assert_true(vg_terrain_area_m2(&view, sky, 3) <= 0);
    }
}

static void bad_points_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum vg_terrain_fit want;
        uint32_t index, count;
        struct vg_terrain_point point[6];
    } rows[] = {
        {"three", VG_TERRAIN_FEW, 0, 3, {{{0, 1}, 0, 0}, {{1, 1}, 1, 0}, {{1, 0.5f}, 1, 1}}},
        {"on a line in both",
         VG_TERRAIN_ON_LINE,
         0,
         4,
         {{{0.1f, 0.9f}, 0, 0}, {{0.2f, 0.8f}, 1, 1}, {{0.3f, 0.7f}, 2, 2}, {{0.4f, 0.6f}, 3, 3}}},
        {"on a line in the picture",
         VG_TERRAIN_ON_LINE,
         0,
         4,
         {{{0.1f, 0.9f}, 0, 0}, {{0.2f, 0.8f}, 5, 0}, {{0.3f, 0.7f}, 5, 5}, {{0.4f, 0.6f}, 0, 5}}},
        {"on a line in metres",
         VG_TERRAIN_ON_LINE,
         0,
         4,
         {{{0, 1}, 0, 0}, {{1, 1}, 5, 0}, {{0.8f, 0.5f}, 6, 0}, {{0.2f, 0.5f}, 9, 0}}},
        {"three on a line",
         VG_TERRAIN_LOOSE,
         0,
         4,
         {{{0, 1}, 0, 0}, {{0.5f, 1}, 2, 0}, {{1, 1}, 4, 0}, {{0.5f, 0.5f}, 2, 6}}},
        {"the same metres",
         VG_TERRAIN_SAME,
         2,
         4,
         {{{0, 1}, 0, 0}, {{1, 1}, 5, 0}, {{0.8f, 0.5f}, 0, 0}, {{0.2f, 0.5f}, 0, 5}}},
        {"crosswise",
         VG_TERRAIN_HORIZON,
         2,
         4,
         {{{0, 1}, 0, 0}, {{1, 1}, 5, 0}, {{0.8f, 0.5f}, 0, 5}, {{0.2f, 0.5f}, 5, 5}}},
        {"wider below",
         VG_TERRAIN_HORIZON,
         0,
         4,
         {{{0.3f, 0.6f}, 0, 0}, {{0.7f, 0.6f}, 5, 0}, {{1, 0.3f}, 5, 5}, {{0, 0.3f}, 0, 5}}},
        {"one of five elsewhere",
         VG_TERRAIN_APART,
         4,
         5,
         {{{0, 1}, 0, 0},
          {{1, 1}, 5, 0},
          {{0.8f, 0.5f}, 5, 5},
          {{0.2f, 0.5f}, 0, 5},
          {{0.5f, 0.9f}, 2.5, 4.9}}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_terrain terrain = {0};
        uint32_t index = 99;
        const enum vg_terrain_fit fit =
            vg_terrain_fit_points(&terrain, rows[i].point, rows[i].count, &index);
        if (fit != rows[i].want || index != rows[i].index)
            fail_msg("%s: %d at %u", rows[i].name, (int)fit, index);
        assert_false(terrain.measured);
    }
}

static void random_points_give_finite_metres_or_none(void **state)
{
    (void)state;
    struct vg_random random;
    vg_random_seed(&random, 7);
    for (int run = 0; run < 3000; run++) {
        struct vg_terrain_point point[8];
        struct vg_terrain terrain = {0};
        struct vg_terrain_view view;
        uint32_t index;
        const uint32_t count = 4 + vg_random_below(&random, 5);
        for (uint32_t i = 0; i < count; i++)
            point[i] = (struct vg_terrain_point){{(float)vg_random_below(&random, 21) / 20,
                                                  (float)vg_random_below(&random, 21) / 20},
                                                 (double)vg_random_below(&random, 5) * 100,
                                                 (double)vg_random_below(&random, 7)};
        const enum vg_terrain_fit fit = vg_terrain_fit_points(&terrain, point, count, &index);
        assert_true(index < count);
        assert_int_equal(fit == VG_TERRAIN_FITS, terrain.measured);
        vg_terrain_view_init(&view, &terrain, 16, 9);
        for (int k = 0; k < 8; k++) {
            const struct vg_point p = {(float)vg_random_below(&random, 17),
                                       (float)vg_random_below(&random, 10)};
            const double tall = vg_terrain_person_px(&view, p);
            assert_true(tall >= 0 && tall <= 9);
            assert_true(isfinite(vg_terrain_metres_per_px(&view, p)));
        }
        static const struct vg_point all[] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
        assert_true(vg_terrain_area_m2(&view, all, 4) >= 0);
    }
}

static void persons_give_heights(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum vg_terrain_fit want;
        uint32_t count;
        struct vg_terrain_person person[3];
    } rows[] = {
        {"one", VG_TERRAIN_FEW, 1, {{{0, 1}, 0.5}}},
        {"one row", VG_TERRAIN_ONE_ROW, 2, {{{0, 0.5f}, 0.2}, {{1, 0.52f}, 0.2}}},
        {"upside down", VG_TERRAIN_UPSIDE, 2, {{{0, 0.3f}, 0.4}, {{1, 0.9f}, 0.2}}},
        {"all alike", VG_TERRAIN_FITS, 2, {{{0, 0.3f}, 0.2}, {{1, 0.9f}, 0.2}}},
        {"as a street", VG_TERRAIN_FITS, 3, {{{0, 0.4f}, 0.1}, {{1, 0.6f}, 0.2}, {{1, 0.8f}, 0.3}}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_terrain terrain = {0};
        const enum vg_terrain_fit fit =
            vg_terrain_fit_persons(&terrain, rows[i].person, rows[i].count);
        if (fit != rows[i].want)
            fail_msg("%s: %d", rows[i].name, (int)fit);
        if (fit)
            continue;
        struct vg_terrain_view view;
        vg_terrain_view_init(&view, &terrain, WIDTH, HEIGHT);
        for (uint32_t k = 0; k < rows[i].count; k++) {
            const double at[2] = {(double)rows[i].person[k].at.x, (double)rows[i].person[k].at.y};
            const double want = rows[i].person[k].height * HEIGHT;
            assert_true(fabs(vg_terrain_person_px(&view, in_px(at)) - want) < 0.5);
            near_enough(&cameras[0], "metres per pixel", vg_terrain_metres_per_px(&view, in_px(at)),
                        VG_PERSON_M / want, 1e-3);
        }
    }
}

/* Heights alone, of a camera whose lens is the one assumed: metres too. */
static void persons_give_metres_for_a_usual_lens(void **state)
{
    (void)state;
    const struct camera c = {"usual", 4, 10, 0, 1.0, 6, 25};
    struct vg_terrain terrain = {0};
    struct vg_terrain_person person[2];
    struct vg_terrain_view view;
    for (int i = 0; i < 2; i++) {
        double foot[2], head[2];
        project(&c, 0, i ? c.far : c.near, 0, foot);
        project(&c, 0, i ? c.far : c.near, VG_PERSON_M, head);
        person[i] = (struct vg_terrain_person){.at = {(float)foot[0], (float)foot[1]},
                                               .height = foot[1] - head[1]};
    }
    assert_int_equal(vg_terrain_fit_persons(&terrain, person, 2), VG_TERRAIN_FITS);
    vg_terrain_view_init(&view, &terrain, WIDTH, HEIGHT);
    assert_true(view.plane && view.assumed && view.rows);
    near_enough(&c, "camera height", view.camera_m, c.height, 0.1);
    double foot[2], m[2];
    project(&c, 2, 15, 0, foot);
    assert_true(vg_terrain_metres(&view, in_px(foot), m));
    near_enough(&c, "x", m[0], 2, 0.1);
    near_enough(&c, "y", m[1], 15, 0.1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_cameras_are_found),
        cmocka_unit_test(noise_is_borne),
        cmocka_unit_test(areas_are_those_of_the_ground),
        cmocka_unit_test(bad_points_are_refused),
        cmocka_unit_test(random_points_give_finite_metres_or_none),
        cmocka_unit_test(persons_give_heights),
        cmocka_unit_test(persons_give_metres_for_a_usual_lens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
