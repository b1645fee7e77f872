/* What can be asked of a scene that was read. */
#include "src/scene/scene.h"

#include "src/base/alloc.h"

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

bool vg_scene_masked(const struct vg_scene *scene, struct vg_point point)
{
    for (uint32_t i = 0; i < scene->place_count; i++) {
        const struct vg_place *place = &scene->place[i];
        if (place->kind == VG_PLACE_MASK &&
            vg_polygon_contains(place->corner, place->corner_count, point))
            return true;
    }
    return false;
}

const char *vg_scene_place_name(const struct vg_scene *scene, int place)
{
    if (place < 0 || (uint32_t)place >= scene->place_count)
        return "";
    const struct vg_place *found = &scene->place[place];
    return found->label[0] ? found->label : found->id;
}
