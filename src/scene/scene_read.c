/* Scene JSON to struct vg_scene: top level and places. Calibration: scene_terrain.c, rules:
 * scene_rule.c.
 *
 * Nothing is repaired in silence: what is not understood is refused with its place, because a
 * scene that says something else than its author meant watches the wrong thing for months. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/text.h"
#include "src/scene/scene_keys.h"
#include "src/scene/scene_reader.h"

/* A polygon smaller than this part of the picture is a slip: 0.2 px of a 1080p picture. */
#define LEAST_AREA 1e-7

/* Shoelace formula. */
static double polygon_area(const struct vg_point *corner, size_t count)
{
    double twice = 0;
    for (size_t i = 0, j = count - 1; i < count; j = i++)
        twice +=
            (double)corner[j].x * (double)corner[i].y - (double)corner[i].x * (double)corner[j].y;
    return fabs(twice) / 2;
}

/* The corners of `list` at `pointer`, none of which coincide. */
static enum vg_status read_corners(const struct vg_json *json, const json_t *list,
                                   const char *pointer, struct vg_place *place)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        char at[VG_SCENE_POINTER_SIZE];
        vg_scene_pointer_at(at, pointer, i);
        const enum vg_status status =
            vg_scene_read_pair(json, json_array_get(list, i), at, 0, 1, &place->corner[i]);
        if (status)
            return status;
        for (size_t j = 0; j < i; j++)
            if (vg_scene_same_point(place->corner[j], place->corner[i]))
                return vg_scene_refuse(json, at, N_("two points coincide"), N_("move one of them"),
                                       "%zu = %zu", j, i);
        place->corner_count = (uint32_t)i + 1;
    }
    return VG_OK;
}

static enum vg_status read_polygon(const struct vg_json *json, const json_t *object,
                                   const char *pointer, struct vg_place *place)
{
    json_t *list;
    enum vg_status status =
        vg_json_array(json, object, pointer, "polygon", VG_JSON_REQUIRED, SIZE_MAX, &list);
    if (status)
        return status;
    char at[VG_SCENE_POINTER_SIZE];
    vg_scene_pointer(at, pointer, "polygon");
    if (json_array_size(list) < 3 || json_array_size(list) > VG_SCENE_CORNERS_MAX)
        return vg_scene_refuse(json, at, N_("a polygon has 3 to 64 corners"), NULL, "%zu",
                               json_array_size(list));
    status = read_corners(json, list, at, place);
    if (status)
        return status;
    size_t a, b;
    const size_t count = place->corner_count;
    if (vg_polygon_crosses_itself(place->corner, count, &a, &b))
        return vg_scene_refuse(json, at, N_("two sides of the polygon cross or touch"),
                               N_("put the corners in the order of the outline"),
                               "%zu-%zu, %zu-%zu", a, (a + 1) % count, b, (b + 1) % count);
    if (polygon_area(place->corner, count) < LEAST_AREA)
        return vg_json_refuse(json, at, N_("the polygon has no area"), N_("move a corner"));
    return VG_OK;
}

/* The events that a mask hides from; absent: all. */
static enum vg_status read_mask_events(const struct vg_json *json, const json_t *object,
                                       const char *pointer, struct vg_place *place)
{
    json_t *list;
    const enum vg_status status =
        vg_json_array(json, object, pointer, "events", VG_JSON_OPTIONAL, VG_EVENT_COUNT, &list);
    if (status || !list)
        return status;
    char list_at[VG_SCENE_POINTER_SIZE], at[VG_SCENE_POINTER_SIZE];
    vg_scene_pointer(list_at, pointer, "events");
    if (json_array_size(list) == 0)
        return vg_json_refuse(json, list_at, N_("the list of events is empty"),
                              N_("name an event, or remove the key for all events"));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        vg_scene_pointer_at(at, list_at, i);
        const enum vg_event event = name ? vg_event_parse(name) : VG_EVENT_NONE;
        if (event == VG_EVENT_NONE)
            return vg_json_refuse(json, at, N_("this event does not exist"),
                                  N_("write one of the eight events, such as person_down"));
        if (place->events & 1u << event)
            return vg_json_refuse(json, at, N_("this event is named twice"), N_("remove one"));
        place->events |= 1u << event;
    }
    return VG_OK;
}

static enum vg_status read_mask(const struct vg_json *json, const json_t *object,
                                const char *pointer, struct vg_place *place)
{
    const enum vg_status status = read_polygon(json, object, pointer, place);
    return status ? status : read_mask_events(json, object, pointer, place);
}

static enum vg_status read_line(const struct vg_json *json, const json_t *object,
                                const char *pointer, struct vg_place *place)
{
    json_t *list;
    const enum vg_status status =
        vg_json_array(json, object, pointer, "points", VG_JSON_REQUIRED, SIZE_MAX, &list);
    if (status)
        return status;
    char at[VG_SCENE_POINTER_SIZE];
    vg_scene_pointer(at, pointer, "points");
    if (json_array_size(list) < 2 || json_array_size(list) > VG_SCENE_POINTS_MAX)
        return vg_scene_refuse(json, at, N_("a line has 2 to 16 points"), NULL, "%zu",
                               json_array_size(list));
    return read_corners(json, list, at, place);
}

static enum vg_status read_direction(const struct vg_json *json, const json_t *object,
                                     const char *pointer, struct vg_place *place)
{
    const json_t *value = json_object_get(object, "direction");
    if (!value)
        return VG_OK;
    char at[VG_SCENE_POINTER_SIZE];
    vg_scene_pointer(at, pointer, "direction");
    const enum vg_status status =
        vg_scene_read_pair(json, value, at, -10000, 10000, &place->direction);
    if (status)
        return status;
    if (hypot((double)place->direction.x, (double)place->direction.y) < VG_SCENE_SAME_POINT)
        return vg_json_refuse(json, at, N_("a direction of no length shows no way"),
                              N_("give a vector such as [1, 0]"));
    place->directed = true;
    return VG_OK;
}

/* ---- places ------------------------------------------------------------------------------- */

/* One row a list of places. */
static const struct place_list {
    const char *key;
    enum vg_place_kind kind;
    const char *const *keys;
    enum vg_json_need id; /* a mask is never pointed at and may go without */
    enum vg_status (*read)(const struct vg_json *json, const json_t *object, const char *pointer,
                           struct vg_place *place);
} place_lists[] = {
    {"masks", VG_PLACE_MASK, vg_scene_keys_mask, VG_JSON_OPTIONAL, read_mask},
    {"zones", VG_PLACE_ZONE, vg_scene_keys_zone, VG_JSON_REQUIRED, read_polygon},
    {"lines", VG_PLACE_LINE, vg_scene_keys_line, VG_JSON_REQUIRED, read_line},
};

static enum vg_status read_place(const struct vg_json *json, const struct place_list *row,
                                 const json_t *object, const char *pointer, struct vg_scene *scene)
{
    struct vg_place *place = &scene->place[scene->place_count];
    place->kind = row->kind;
    enum vg_status status = vg_json_keys(json, object, pointer, row->keys);
    if (!status)
        status = vg_json_string(json, object, pointer, "id", row->id, place->id, sizeof place->id);
    if (!status)
        status = vg_json_string(json, object, pointer, "label", VG_JSON_OPTIONAL, place->label,
                                sizeof place->label);
    if (!status)
        status = row->read(json, object, pointer, place);
    if (!status && row->kind == VG_PLACE_ZONE)
        status = read_direction(json, object, pointer, place);
    if (status)
        return status;
    for (uint32_t i = 0; place->id[0] && i < scene->place_count; i++) {
        if (strcmp(scene->place[i].id, place->id) != 0)
            continue;
        char at[VG_SCENE_POINTER_SIZE];
        vg_scene_pointer(at, pointer, "id");
        return vg_scene_refuse(json, at, N_("this id is used twice"),
                               N_("give each mask, zone and line its own id"), "\"%s\"", place->id);
    }
    scene->place_count++;
    return VG_OK;
}

static enum vg_status read_places(const struct vg_json *json, struct vg_scene *scene)
{
    for (size_t r = 0; r < sizeof place_lists / sizeof *place_lists; r++) {
        const struct place_list *row = &place_lists[r];
        json_t *list;
        enum vg_status status = vg_json_array(json, json->root, "", row->key, VG_JSON_OPTIONAL,
                                              VG_SCENE_PLACES_MAX, &list);
        for (size_t i = 0; !status && i < json_array_size(list); i++) {
            char at[VG_SCENE_POINTER_SIZE];
            (void)snprintf(at, sizeof at, "/%s/%zu", row->key, i);
            if (scene->place_count == VG_SCENE_PLACES_MAX)
                return vg_scene_refuse(json, at, N_("there are too many masks, zones and lines"),
                                       NULL, "%d", VG_SCENE_PLACES_MAX);
            status = read_place(json, row, json_array_get(list, i), at, scene);
        }
        if (status)
            return status;
    }
    return VG_OK;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static enum vg_status read_scene(const struct vg_json *json, struct vg_scene *scene)
{
    int64_t version = 0;
    enum vg_status status = vg_json_keys(json, json->root, "", vg_scene_keys_top);
    if (!status)
        status = vg_json_integer(json, json->root, "", "version", VG_JSON_REQUIRED, 1, INT32_MAX,
                                 &version);
    if (!status && version != 1)
        status = vg_scene_refuse(json, "/version", N_("this version of scene is not known"),
                                 N_("this program reads version 1"), "%d", (int)version);
    if (!status)
        status = vg_json_string(json, json->root, "", "name", VG_JSON_REQUIRED, scene->name,
                                sizeof scene->name);
    if (!status)
        status = read_places(json, scene);
    if (!status)
        status = vg_scene_read_calibration(json, scene);
    if (!status)
        status = vg_scene_read_rules(json, scene);
    return status;
}

/* A scene that is too long is an input refused, not a bound of the machine. */
static enum vg_status refuse_length(enum vg_status status, struct vg_fault *fault)
{
    if (status != VG_E_FULL)
        return status;
    if (fault)
        fault->status = VG_E_INPUT;
    return VG_E_INPUT;
}

enum vg_status vg_scene_parse(const char *file, const char *text, size_t size,
                              struct vg_scene **scene, struct vg_fault *fault)
{
    *scene = NULL;
    struct vg_json json;
    enum vg_status status = vg_json_open(&json, file, text, size, VG_SCENE_TEXT_MAX, fault);
    if (status)
        return refuse_length(status, fault);
    struct vg_scene *read = vg_alloc(sizeof *read);
    if (read)
        status = read_scene(&json, read);
    else
        status = vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%s", file);
    vg_json_close(&json);
    if (status)
        vg_scene_close(&read);
    *scene = read;
    return status;
}

enum vg_status vg_scene_open(const char *path, struct vg_scene **scene, struct vg_fault *fault)
{
    *scene = NULL;
    uint8_t *data;
    size_t size;
    enum vg_status status = vg_file_read(path, VG_SCENE_TEXT_MAX, &data, &size, fault);
    if (status)
        return refuse_length(status, fault);
    status = vg_scene_parse(path, (const char *)data, size, scene, fault);
    vg_free(data);
    return status;
}
