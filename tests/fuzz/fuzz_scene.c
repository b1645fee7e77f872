/* Scene JSON from outside: read or refused, never a crash, a leak or a scene that breaks its
 * own promises. */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "src/scene/scene.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A tree: its parts in their range, children behind their parents, each rule before those that
 * name it. */
static void check_composed(const struct vg_scene *scene, const struct vg_rule *rule)
{
    const int end = (int)(rule->part_first + rule->part_count);
    assert(rule->event == VG_EVENT_NONE && rule->place < 0 && !rule->hidden);
    assert(end <= (int)scene->part_count && scene->part_count <= VG_SCENE_PARTS_MAX);
    for (int i = (int)rule->part_first; i < end; i++) {
        const struct vg_part *part = &scene->part[i];
        assert(part->rule < scene->rule_count && part->within_us >= 0);
        assert(part->child < 0 || (part->child > i && part->child < end));
        assert(part->next < 0 || (part->next > i && part->next < end));
        assert(part->unless < 0 || (part->unless > i && part->unless < end));
    }
    assert(vg_scene_rule_events(scene, rule) != 0);
}

/* Heights and areas that are numbers, wherever one looks. */
static void check_terrain(const struct vg_scene *scene)
{
    struct vg_terrain_view view;
    vg_terrain_view_init(&view, &scene->terrain, 640, 360);
    for (int i = 0; i <= 16; i++) {
        const struct vg_point foot = {(float)(40 * i), (float)(22 * i)};
        const double tall = vg_terrain_person_px(&view, foot);
        double metres[2] = {0, 0};
        assert(tall >= 0 && tall <= 360 && isfinite(vg_terrain_metres_per_px(&view, foot)));
        assert(!vg_terrain_metres(&view, foot, metres) || isfinite(metres[0] + metres[1]));
    }
    for (uint32_t i = 0; i < scene->place_count; i++) {
        const struct vg_place *place = &scene->place[i];
        assert(place->kind == VG_PLACE_LINE ||
               vg_terrain_area_m2(&view, place->corner, place->corner_count) >= 0);
    }
}

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
        char text[VG_SCENE_SENTENCE_MAX];
        const struct vg_rule *rule = &scene->rule[i];
        assert(rule->text && rule->place < (int)scene->place_count);
        assert(rule->part_count > 0 || (rule->classes && rule->event != VG_EVENT_NONE));
        if (rule->part_count > 0)
            check_composed(scene, rule);
        assert(rule->hold_us >= 0 && rule->cooldown_us >= 0);
        vg_scene_explain_rule(scene, rule, text, sizeof text);
        assert(strlen(text) > 0);
        (void)vg_calendar_holds(&rule->calendar, (struct vg_wall_time){0});
    }
    check_terrain(scene);
    (void)vg_scene_masked(scene, VG_EVENT_CROSSING, (struct vg_point){0.5f, 0.5f});
    (void)vg_scene_floor_fps(scene);
    struct vg_scene_warning warnings[VG_SCENE_WARNINGS_MAX];
    assert(vg_scene_warnings(scene, 1, warnings, VG_SCENE_WARNINGS_MAX) <= VG_SCENE_WARNINGS_MAX);
    vg_scene_close(&scene);
    return 0;
}
