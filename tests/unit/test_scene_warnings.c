/* What a scene may say but hardly means, and what a model cannot see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "src/scene/scene.h"

#define SCENE(rules)                                                                            \
    "{\"version\":1,\"name\":\"x\",\"zones\":[{\"id\":\"z\",\"polygon\":[[0,0],[1,0],[1,1]]}]," \
    "\"rules\":[" rules "]}"
#define ZONE(id, more) \
    "{\"id\":\"" id "\",\"severity\":\"low\",\"event\":\"crossing\",\"at\":\"z\"" more "}"
#define WHEN(id, when) "{\"id\":\"" id "\",\"severity\":\"low\",\"when\":" when "}"
#define WEAPON(more)   "{\"id\":\"w\",\"severity\":\"high\",\"event\":\"weapon\"" more "}"
#define COCO           (VG_CLASS_SET_MOVING | 1u << VG_CLASS_KNIFE)
#define TRAINED        (1u << VG_CLASS_PERSON | 1u << VG_CLASS_WEAPON)

static void warnings(void **state)
{
    (void)state;
    static const struct {
        const char *scene;
        vg_class_set known;
        uint32_t count, rule;
        const char *what, *detail;
    } rows[] = {
        {SCENE(ZONE("a", "")), COCO, 0, 0, NULL, NULL},
        {SCENE(ZONE("a", ",\"active\":false")), COCO, 0, 0, NULL, NULL},
        {SCENE(ZONE("a", ",\"active\":false") "," WHEN("b", "{\"rule\":\"a\"}")), 0, 1, 1,
         "a part of this rule is switched off and never holds", "a"},
        {SCENE(ZONE("a", "") "," WHEN("b", "{\"rule\":\"a\"}")), 0, 0, 0, NULL, NULL},
        {SCENE(ZONE("a", "") "," WHEN("b", "{\"any\":[{\"event\":\"crossing\",\"at\":\"z\"}]}")), 0,
         0, 0, NULL, NULL},
        {SCENE(WEAPON("")), 0, 0, 0, NULL, NULL}, /* nothing is known of the model */
        {SCENE(WEAPON("")), TRAINED, 0, 0, NULL, NULL},
        {SCENE(WEAPON("")), COCO, 1, 0, "the model knows no weapon: this rule will see nothing",
         ""},
        {SCENE(WEAPON(",\"classes\":[\"knife\"]")), COCO, 0, 0, NULL, NULL},
        {SCENE(WEAPON(",\"classes\":[\"knife\"]")), VG_CLASS_SET_MOVING, 1, 0,
         "the model knows no weapon: this rule will see nothing", ""},
        {SCENE(ZONE("a", "") "," WHEN("b", "{\"any\":[{\"event\":\"weapon\"}]}")), COCO, 1, 1,
         "the model knows no weapon: this rule will see nothing", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_scene *scene;
        struct vg_fault fault = {0};
        struct vg_scene_warning list[VG_SCENE_WARNINGS_MAX];
        if (vg_scene_parse("x", rows[i].scene, strlen(rows[i].scene), &scene, &fault))
            fail_msg("row %zu: %s: %s", i, fault.what, fault.place);
        const uint32_t count = vg_scene_warnings(scene, rows[i].known, list, VG_SCENE_WARNINGS_MAX);
        if (count != rows[i].count)
            fail_msg("row %zu: %u warnings", i, count);
        if (count) {
            assert_string_equal(list[0].what, rows[i].what);
            assert_string_equal(list[0].detail, rows[i].detail);
            assert_non_null(list[0].remedy);
            assert_int_equal(list[0].rule, rows[i].rule);
            assert_int_equal(vg_scene_warnings(scene, rows[i].known, list, 0), 0);
        }
        vg_scene_close(&scene);
    }
}

static void a_model_without_the_class_is_blind(void **state)
{
    (void)state;
    static const struct {
        const char *scene;
        vg_class_set known;
        uint32_t want;
    } rows[] = {
        {SCENE(WEAPON("")), COCO, 1u << VG_EVENT_WEAPON},
        {SCENE(WEAPON(",\"active\":false")), COCO, 0},
        {SCENE(WEAPON("")), TRAINED, 0},
        {SCENE(WEAPON("")), 0, 0},
        {SCENE(ZONE("a", "")), COCO, 0},
        {SCENE(ZONE("a", "") "," WHEN("b", "{\"any\":[{\"event\":\"weapon\"}]}")), COCO,
         1u << VG_EVENT_WEAPON},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_scene *scene;
        assert_int_equal(vg_scene_parse("x", rows[i].scene, strlen(rows[i].scene), &scene, NULL),
                         VG_OK);
        assert_int_equal(vg_scene_blind(scene, rows[i].known), rows[i].want);
        vg_scene_close(&scene);
    }
    assert_int_equal(vg_scene_blind(NULL, COCO), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(warnings),
        cmocka_unit_test(a_model_without_the_class_is_blind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
