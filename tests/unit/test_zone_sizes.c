/* How large persons are in the zones of a scene, and which zones are warned of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "src/scene/zone_sizes.h"

/* Persons of a tenth of the height at 0.4, of a half at 0.8: the horizon is at 0.3. */
#define SCENE(polygon, calibration)                                                             \
    "{\"version\":1,\"name\":\"x\",\"masks\":[{\"polygon\":[[0,0],[1,0],[1,1]]}],"              \
    "\"zones\":[{\"id\":\"z\",\"label\":\"Quai\",\"polygon\":" polygon "}],\"lines\":[{\"id\":" \
    "\"l\",\"points\":[[0,0],[1,1]]}]" calibration "}"
#define PERSONS                                                                 \
    ",\"calibration\":{\"persons\":[{\"at\":[0.5,0.4],\"height\":0.1},{\"at\":" \
    "[0.5,0.8],\"height\":0.5}]}"
#define FLAT                                                                    \
    ",\"calibration\":{\"persons\":[{\"at\":[0.5,0.4],\"height\":0.1},{\"at\":" \
    "[0.5,0.8],\"height\":0.1}]}"

static struct vg_scene *read(const char *text)
{
    struct vg_scene *scene;
    struct vg_fault fault = {0};
    if (vg_scene_parse("x", text, strlen(text), &scene, &fault))
        fail_msg("%s: %s", fault.what, fault.place);
    return scene;
}

static void zones_are_measured_and_warned_of(void **state)
{
    (void)state;
    static const struct {
        const char *scene;
        struct vg_eye eye;
        bool known, stood, warned;
        double least, most, least_px, small_part;
    } rows[] = {
        /* 416 pixels of the input for 16 to 9: 234 rows */
        {SCENE("[[0,0.6],[1,0.6],[1,0.9],[0,0.9]]", PERSONS),
         {1920, 1080, 416, 416},
         true,
         true,
         false,
         0.3,
         0.6,
         70.2,
         0},
        {SCENE("[[0,0.35],[1,0.35],[1,0.45],[0,0.45]]", PERSONS),
         {1920, 1080, 416, 416},
         true,
         true,
         true,
         0.05,
         0.15,
         11.7,
         0.57},
        {SCENE("[[0,0.35],[1,0.35],[1,0.45],[0,0.45]]", PERSONS),
         {1920, 1080, 0, 0},
         true,
         true,
         false,
         0.05,
         0.15,
         0,
         0},
        {SCENE("[[0,0.35],[1,0.35],[1,0.45],[0,0.45]]", PERSONS),
         {1600, 900, 1280, 1280},
         true,
         true,
         false,
         0.05,
         0.15,
         36,
         0},
        {SCENE("[[0,0],[1,0],[1,0.2],[0,0.2]]", PERSONS),
         {1920, 1080, 416, 416},
         true,
         false,
         true,
         0,
         0,
         0,
         0},
        {SCENE("[[0,0],[1,0],[1,0.2],[0,0.2]]", FLAT),
         {1920, 1080, 416, 416},
         true,
         true,
         true,
         0.1,
         0.1,
         23.4,
         1},
        {SCENE("[[0,0],[1,0],[1,1],[0,1]]", ""),
         {1920, 1080, 416, 416},
         false,
         false,
         false,
         0,
         0,
         0,
         0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_scene *scene = read(rows[i].scene);
        struct vg_zone_sizes sizes;
        struct vg_scene_warning list[4];
        char text[512];
        if (vg_zone_sizes(scene, 1, &rows[i].eye, &sizes) != rows[i].known ||
            sizes.stood != rows[i].stood)
            fail_msg("row %zu: known or not", i);
        if (fabs(sizes.least - rows[i].least) > 1e-3 || fabs(sizes.most - rows[i].most) > 1e-3 ||
            fabs(sizes.least_px - rows[i].least_px) > 0.2 ||
            fabs(sizes.small_part - rows[i].small_part) > 0.05)
            fail_msg("row %zu: %g..%g, %g px, %g small", i, sizes.least, sizes.most, sizes.least_px,
                     sizes.small_part);
        assert_false(vg_zone_sizes(scene, 2, &rows[i].eye, &sizes)); /* the line */
        const uint32_t count = vg_zone_warnings(scene, &rows[i].eye, list, 4);
        assert_int_equal(count, rows[i].warned);
        assert_int_equal(vg_zone_warnings(scene, &rows[i].eye, list, 0), 0);
        if (count > 0)
            assert_true(list[0].place == 1 && list[0].what && list[0].remedy);
        assert_int_equal(vg_zone_explain(scene, 1, &rows[i].eye, text, sizeof text), rows[i].known);
        if (rows[i].known)
            assert_non_null(strstr(text, "\"Quai\""));
        vg_scene_close(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(zones_are_measured_and_warned_of)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
