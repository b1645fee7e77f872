/* The calibration of a scene: points of the ground and persons, and why a ground is refused.
 *
 * Fewer than four points are kept and give no metres: a calibration may be drawn in steps. What
 * four or more cannot be is refused at the point that is wrong, where one can be told. */
#include "src/base/text.h"
#include "src/scene/scene_keys.h"
#include "src/scene/scene_reader.h"

#define CALIBRATION "/calibration"
#define GROUND      "/calibration/ground"
#define PERSONS     "/calibration/persons"

/* Least height of a person, fraction of the picture's: 3 px of a 4CIF picture. */
#define LEAST_HEIGHT 0.005

#define SPREAD N_("spread the points over the ground, no three of them on a line")

static const struct {
    enum vg_terrain_fit fit;
    const char *what, *remedy;
} reasons[] = {
    {VG_TERRAIN_SAME, N_("two points of the ground have the same metres"),
     N_("correct one of them")},
    {VG_TERRAIN_ON_LINE, N_("the points of the ground lie on a line"), SPREAD},
    {VG_TERRAIN_LOOSE, N_("the points do not fix the ground"), SPREAD},
    {VG_TERRAIN_HORIZON, N_("this point would lie behind the horizon"),
     N_("correct its place or its metres, or those of the others")},
    {VG_TERRAIN_APART, N_("this point does not fit the others"),
     N_("correct its place or its metres, or those of the others")},
    {VG_TERRAIN_FEW, N_("two persons or more are wanted"), N_("add one")},
    {VG_TERRAIN_ONE_ROW, N_("the persons stand at the same height of the picture"),
     N_("add one nearer to the camera or further from it")},
    {VG_TERRAIN_UPSIDE, N_("the persons get smaller towards the camera"),
     N_("correct their heights")},
};

static enum vg_status refuse(const struct vg_json *json, const char *pointer,
                             enum vg_terrain_fit fit)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].fit == fit)
            return vg_json_refuse(json, pointer, reasons[i].what, reasons[i].remedy);
    return VG_OK;
}

/* The pair at `key` of the object at `pointer`. */
static enum vg_status read_pair(const struct vg_json *json, const json_t *object,
                                const char *pointer, const char *key, double reach,
                                struct vg_point *pair)
{
    char at[VG_SCENE_POINTER_SIZE];
    vg_scene_pointer(at, pointer, key);
    const json_t *value = json_object_get(object, key);
    if (!value)
        return vg_json_refuse(json, at, N_("a required key is missing"), N_("add it"));
    return vg_scene_read_pair(json, value, at, reach > 1 ? -reach : 0, reach, pair);
}

static enum vg_status read_point(const struct vg_json *json, const json_t *object,
                                 const char *pointer, struct vg_terrain_point *point)
{
    struct vg_point metres = {0, 0};
    enum vg_status status = vg_json_keys(json, object, pointer, vg_scene_keys_ground);
    if (!status)
        status = read_pair(json, object, pointer, "at", 1, &point->at);
    if (!status)
        status = read_pair(json, object, pointer, "m", 100000, &metres);
    point->x_m = (double)metres.x;
    point->y_m = (double)metres.y;
    return status;
}

static enum vg_status read_points(const struct vg_json *json, const json_t *list,
                                  struct vg_terrain *terrain)
{
    struct vg_terrain_point point[VG_TERRAIN_POINTS_MAX];
    char at[VG_SCENE_POINTER_SIZE];
    const uint32_t count = (uint32_t)json_array_size(list);
    for (uint32_t i = 0; i < count; i++) {
        vg_scene_pointer_at(at, GROUND, i);
        const enum vg_status status = read_point(json, json_array_get(list, i), at, &point[i]);
        if (status)
            return status;
        for (uint32_t j = 0; j < i; j++)
            if (vg_scene_same_point(point[i].at, point[j].at))
                return vg_scene_refuse(json, at, N_("two points coincide"), N_("move one of them"),
                                       "%u = %u", j, i);
    }
    terrain->point_count = count;
    if (count < VG_TERRAIN_POINTS_LEAST)
        return VG_OK;
    uint32_t index;
    const enum vg_terrain_fit fit = vg_terrain_fit_points(terrain, point, count, &index);
    vg_scene_pointer_at(at, GROUND, index);
    return refuse(json, fit == VG_TERRAIN_ON_LINE || fit == VG_TERRAIN_LOOSE ? GROUND : at, fit);
}

static enum vg_status read_person(const struct vg_json *json, const json_t *object,
                                  const char *pointer, struct vg_terrain_person *person)
{
    enum vg_status status = vg_json_keys(json, object, pointer, vg_scene_keys_person);
    if (!status)
        status = read_pair(json, object, pointer, "at", 1, &person->at);
    if (!status)
        status = vg_json_number(json, object, pointer, "height", VG_JSON_REQUIRED, LEAST_HEIGHT, 1,
                                &person->height);
    return status;
}

static enum vg_status read_persons(const struct vg_json *json, const json_t *list,
                                   struct vg_terrain *terrain)
{
    struct vg_terrain_person person[VG_TERRAIN_PERSONS_MAX];
    const uint32_t count = (uint32_t)json_array_size(list);
    for (uint32_t i = 0; i < count; i++) {
        char at[VG_SCENE_POINTER_SIZE];
        vg_scene_pointer_at(at, PERSONS, i);
        const enum vg_status status = read_person(json, json_array_get(list, i), at, &person[i]);
        if (status)
            return status;
    }
    return refuse(json, PERSONS, vg_terrain_fit_persons(terrain, person, count));
}

enum vg_status vg_scene_read_calibration(const struct vg_json *json, struct vg_scene *scene)
{
    const json_t *object = json_object_get(json->root, "calibration");
    json_t *points = NULL, *persons = NULL;
    if (!object)
        return VG_OK;
    enum vg_status status = vg_json_keys(json, object, CALIBRATION, vg_scene_keys_calibration);
    if (!status)
        status = vg_json_array(json, object, CALIBRATION, "persons", VG_JSON_OPTIONAL,
                               VG_TERRAIN_PERSONS_MAX, &persons);
    if (!status)
        status = vg_json_array(json, object, CALIBRATION, "ground",
                               persons ? VG_JSON_OPTIONAL : VG_JSON_REQUIRED, VG_TERRAIN_POINTS_MAX,
                               &points);
    if (!status && points)
        status = read_points(json, points, &scene->terrain);
    if (!status && persons)
        status = read_persons(json, persons, &scene->terrain);
    return status;
}
