#include "models/class_list.h"

#include <stdio.h>
#include <string.h>

#include "gen/vg_class_lists.h"
#include "src/base/text.h"

/* Refuses one class: by its own name, with the line where it stands. */
static enum vg_status refuse_class(const struct vg_json *json, const char *pointer,
                                   const char *word, const char *what, const char *remedy)
{
    (void)vg_json_refuse(json, pointer, what, remedy);
    if (!json->fault)
        return VG_E_INPUT;
    char place[sizeof json->fault->place];
    memcpy(place, json->fault->place, sizeof place);
    return vg_fault_set(json->fault, VG_E_INPUT, what, remedy, "%.400s: \"%.40s\"", place, word);
}

static enum vg_status read_class(const struct vg_json *json, const json_t *map, const char *word,
                                 size_t i, struct vg_model *m)
{
    char pointer[80];
    (void)snprintf(pointer, sizeof pointer, "/classes/%zu", i);
    if (strlen(word) == 0 || strlen(word) >= sizeof m->class_name[i])
        return refuse_class(json, pointer, word, N_("the class has no proper name"),
                            N_("use 1 to 31 characters"));
    if (vg_class_forbidden(word))
        return refuse_class(json, pointer, word,
                            N_("the net detects what this product must never detect"), NULL);
    const json_t *to = json_object_get(map, word);
    if (!to)
        return refuse_class(json, pointer, word, N_("a class of the net is not mapped"),
                            N_("give it one of our classes, or null to drop it, in \"map\""));
    m->class_map[i] = json_is_string(to) ? vg_class_parse(json_string_value(to)) : VG_CLASS_NONE;
    (void)snprintf(pointer, sizeof pointer, "/map/%s", word);
    if (!json_is_null(to) && m->class_map[i] == VG_CLASS_NONE)
        return vg_json_refuse(json, pointer, N_("the class is mapped to none that exists"),
                              N_("give it one of our classes, or null to drop it, in \"map\""));
    memcpy(m->class_name[i], word, strlen(word));
    return VG_OK;
}

/* What stands in the map but is no class of the net is a slip of the pen. */
static enum vg_status check_map(const struct vg_json *json, json_t *map, const struct vg_model *m)
{
    const char *word;
    json_t *to;
    json_object_foreach(map, word, to)
    {
        bool found = false;
        for (uint32_t i = 0; i < m->class_count && !found; i++)
            found = strcmp(m->class_name[i], word) == 0;
        if (vg_class_forbidden(word))
            return refuse_class(json, "/map", word,
                                N_("the net detects what this product must never detect"), NULL);
        if (!found)
            return refuse_class(json, "/map", word, N_("the net has no such class"),
                                N_("take it out, or add it to \"classes\""));
    }
    return VG_OK;
}

static enum vg_status read_words(const struct vg_json *json, struct vg_model *m)
{
    json_t *array = NULL, *map = json_object_get(json->root, "map");
    enum vg_status status = vg_json_array(json, json->root, "", "classes", VG_JSON_REQUIRED,
                                          VG_MODEL_CLASSES_MAX, &array);
    if (status == VG_OK && !json_is_object(map))
        status = vg_json_refuse(json, "/map", N_("an object is missing here"), NULL);
    for (size_t i = 0; status == VG_OK && i < json_array_size(array); i++) {
        const char *word = json_string_value(json_array_get(array, i));
        status = read_class(json, map, word ? word : "", i, m);
        m->class_count++;
    }
    return status == VG_OK ? check_map(json, map, m) : status;
}

enum vg_status vg_class_list_known(const char *name, struct vg_model *model, struct vg_fault *fault)
{
    const size_t length = strlen(name);
    for (const struct vg_class_lists_row *row = vg_class_lists; row->name; row++) {
        struct vg_json json;
        if (strncmp(row->name, name, length) != 0 || strcmp(row->name + length, ".json") != 0)
            continue;
        enum vg_status status =
            vg_json_open(&json, row->name, (const char *)row->text, *row->len, *row->len, fault);
        if (status != VG_OK)
            return status;
        status = read_words(&json, model);
        vg_json_close(&json);
        return status;
    }
    return VG_E_MISSING;
}

enum vg_status vg_class_list_read(const struct vg_json *json, struct vg_model *model)
{
    const char *name = json_string_value(json_object_get(json->root, "classes"));
    if (!name)
        return read_words(json, model);
    if (json_object_get(json->root, "map"))
        return vg_json_refuse(json, "/map", N_("a list of classes by name has its own map"),
                              N_("take it out"));
    const enum vg_status status = vg_class_list_known(name, model, json->fault);
    if (status != VG_E_MISSING)
        return status;
    return vg_json_refuse(json, "/classes", N_("there is no list of classes of this name"),
                          N_("write \"coco-80\", or the net's own words"));
}
