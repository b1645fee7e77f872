/* What can be asked of a scene that was read. */
#include "src/scene/scene.h"

#include "src/base/alloc.h"

#define ALL_EVENTS ((1u << VG_EVENT_COUNT) - 1)

void vg_scene_close(struct vg_scene **scene)
{
    if (!*scene)
        return;
    for (uint32_t i = 0; i < VG_SCENE_RULES_MAX; i++)
        vg_free((*scene)->rule[i].text);
    vg_free(*scene);
    *scene = NULL;
}

float vg_scene_floor_fps(const struct vg_scene *scene)
{
    float floor = 0;
    for (uint32_t i = 0; i < scene->rule_count; i++) {
        const float own = vg_event_floor_fps(scene->rule[i].event);
        if (scene->rule[i].active && own > floor)
            floor = own;
    }
    return floor;
}

uint32_t vg_scene_masks_at(const struct vg_scene *scene, struct vg_point point)
{
    uint32_t events = 0;
    for (uint32_t i = 0; i < scene->place_count; i++) {
        const struct vg_place *place = &scene->place[i];
        if (place->kind == VG_PLACE_MASK &&
            vg_polygon_contains(place->corner, place->corner_count, point))
            events |= place->events ? place->events : ALL_EVENTS;
    }
    return events;
}

bool vg_scene_masked(const struct vg_scene *scene, enum vg_event event, struct vg_point point)
{
    return event != VG_EVENT_NONE && vg_scene_masks_at(scene, point) & 1u << event;
}

/* Composed rules name only those before them in scene->composed, so that one walk is enough. */
uint32_t vg_scene_rule_events(const struct vg_scene *scene, const struct vg_rule *rule)
{
    uint32_t events[VG_SCENE_RULES_MAX] = {0};
    for (uint32_t i = 0; i < scene->rule_count; i++)
        if (scene->rule[i].event != VG_EVENT_NONE)
            events[i] = 1u << scene->rule[i].event;
    for (uint32_t i = 0; i < scene->composed_count; i++) {
        const struct vg_rule *composed = &scene->rule[scene->composed[i]];
        for (uint32_t k = 0; k < composed->part_count; k++)
            if (scene->part[composed->part_first + k].kind == VG_PART_RULE)
                events[scene->composed[i]] |= events[scene->part[composed->part_first + k].rule];
    }
    return events[rule - scene->rule];
}

const char *vg_scene_place_name(const struct vg_scene *scene, int place)
{
    if (place < 0 || (uint32_t)place >= scene->place_count)
        return "";
    const struct vg_place *found = &scene->place[place];
    return found->label[0] ? found->label : found->id;
}
