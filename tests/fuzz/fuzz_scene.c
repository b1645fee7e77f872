/* Scene JSON from outside: read or refused, never a crash, a leak or a scene that breaks its
 * own promises. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "src/scene/scene.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vg_scene *scene;
    struct vg_fault fault = {0};
    if (vg_scene_parse("fuzz", (const char *)data, size, &scene, &fault)) {
        assert(!scene && fault.what && fault.place[0]);
        return 0;
    }
    assert(scene->place_count <= VG_SCENE_PLACES_MAX && scene->rule_count <= VG_SCENE_RULES_MAX);
    for (uint32_t i = 0; i < scene->rule_count; i++) {
        char text[2048];
        const struct vg_rule *rule = &scene->rule[i];
        assert(rule->text && rule->classes && rule->place < (int)scene->place_count);
        assert(rule->hold_us >= 0 && rule->cooldown_us >= 0);
        vg_scene_explain_rule(scene, rule, text, sizeof text);
        assert(strlen(text) > 0);
        (void)vg_calendar_holds(&rule->calendar, (struct vg_wall_time){0});
    }
    (void)vg_scene_masked(scene, (struct vg_point){0.5f, 0.5f});
    (void)vg_scene_floor_fps(scene);
    vg_scene_close(&scene);
    return 0;
}
