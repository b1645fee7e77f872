#include "bench/load_profile.h"

#include <stdio.h>
#include <string.h>

#include "src/base/json.h"
#include "src/base/text.h"
#include "src/scene/scene.h"

#define FIVE_EVENTS                                                                       \
    (1u << VG_EVENT_WRONG_WAY | 1u << VG_EVENT_CROSSING | 1u << VG_EVENT_CROWD_MOVEMENT | \
     1u << VG_EVENT_DENSITY | 1u << VG_EVENT_ABANDONED_OBJECT)

/* What each rule says beside its id and event. */
static const char *const rule_text[VG_EVENT_COUNT] = {
    [VG_EVENT_WRONG_WAY] = "\"at\":\"way\",\"severity\":\"high\"",
    [VG_EVENT_CROSSING] = "\"at\":\"middle\",\"severity\":\"medium\"",
    [VG_EVENT_CROWD_MOVEMENT] = "\"severity\":\"high\"",
    [VG_EVENT_DENSITY] = "\"at\":\"all\",\"over\":3,\"severity\":\"low\"",
    [VG_EVENT_ABANDONED_OBJECT] = "\"severity\":\"medium\"",
    [VG_EVENT_WEAPON] = "\"severity\":\"high\"",
    [VG_EVENT_PERSON_DOWN] = "\"severity\":\"high\"",
    [VG_EVENT_FIRE] = "\"severity\":\"high\"",
};

void vg_load_scene(uint32_t events, struct vg_text_buffer *out)
{
    const char *comma = "";
    vg_text_add(out,
                "{\"version\":1,\"name\":\"bench\",\"zones\":["
                "{\"id\":\"all\",\"polygon\":[[0.02,0.02],[0.98,0.02],[0.98,0.98],[0.02,0.98]]},"
                "{\"id\":\"way\",\"polygon\":[[0.1,0.3],[0.9,0.3],[0.9,0.9],[0.1,0.9]],"
                "\"direction\":[-1,0]}],"
                "\"lines\":[{\"id\":\"middle\",\"points\":[[0.5,0.05],[0.5,0.95]]}],\"rules\":[");
    for (int e = 0; e < VG_EVENT_COUNT; e++) {
        if (!(events >> e & 1))
            continue;
        const char *name = vg_event_name((enum vg_event)e);
        vg_text_add(out, "%s{\"id\":\"%s\",\"event\":\"%s\",%s}", comma, name, name, rule_text[e]);
        comma = ",";
    }
    vg_text_add(out, "]}");
}

static struct vg_load_class usual_class(void)
{
    return (struct vg_load_class){.name = "4CIF",
                                  .share = 1,
                                  .codec = "h264",
                                  .width = 704,
                                  .height = 576,
                                  .fps = 25,
                                  .rate_fps = 5,
                                  .tiles = 1,
                                  .events = FIVE_EVENTS};
}

struct vg_load_profile vg_load_profile_defaults(void)
{
    return (struct vg_load_profile){
        .name = "4CIF H.264 25/s", .class_count = 1, .class = {usual_class()}};
}

/* ---- reading ---- */

/* The array of names at POINTER/events; absent: as it is. */
static enum vg_status read_events(const struct vg_json *json, const json_t *object,
                                  const char *pointer, struct vg_load_class *class)
{
    json_t *list = NULL;
    const enum vg_status status =
        vg_json_array(json, object, pointer, "events", VG_JSON_OPTIONAL, VG_EVENT_COUNT, &list);
    if (status || !list)
        return status;
    class->events = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        const enum vg_event event = name ? vg_event_parse(name) : VG_EVENT_NONE;
        char at[128];
        (void)snprintf(at, sizeof at, "%s/events/%zu", pointer, i);
        if (event == VG_EVENT_NONE)
            return vg_json_refuse(json, at, N_("this is none of the events"),
                                  N_("one of those of a scene's rules"));
        class->events |= 1u << event;
    }
    return VG_OK;
}

struct number_row {
    const char *key;
    double least, most;
    double *to;
};

static enum vg_status read_numbers(const struct vg_json *json, const json_t *object,
                                   const char *pointer, struct vg_load_class *class)
{
    double width = class->width, height = class->height, tiles = class->tiles;
    const struct number_row rows[] = {
        {"share", 1e-6, 1e6, &class->share},
        {"width", 16, 4096, &width},
        {"height", 16, 2304, &height},
        {"fps", 0.1, 120, &class->fps},
        {"rate_fps", 0.1, 25, &class->rate_fps},
        /* the server analyses pictures whole */
        {"tiles", 1, 1, &tiles},
    };
    enum vg_status status = VG_OK;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && !status; i++)
        status = vg_json_number(json, object, pointer, rows[i].key,
                                i == 0 ? VG_JSON_REQUIRED : VG_JSON_OPTIONAL, rows[i].least,
                                rows[i].most, rows[i].to);
    class->width = (uint32_t)width;
    class->height = (uint32_t)height;
    class->tiles = (uint32_t)tiles;
    return status;
}

static enum vg_status read_class(const struct vg_json *json, const json_t *object, size_t i,
                                 struct vg_load_class *class)
{
    static const char *const keys[] = {"name",     "share", "codec",  "width", "height", "fps",
                                       "rate_fps", "tiles", "events", "clip",  NULL};
    char pointer[64];
    (void)snprintf(pointer, sizeof pointer, "/classes/%zu", i);
    *class = usual_class();
    if (!json_is_object(object))
        return vg_json_refuse(json, pointer, N_("this is not an object"), NULL);
    enum vg_status status = vg_json_keys(json, object, pointer, keys);
    if (!status)
        status = vg_json_string(json, object, pointer, "name", VG_JSON_REQUIRED, class->name,
                                sizeof class->name);
    if (!status)
        status = vg_json_string(json, object, pointer, "codec", VG_JSON_OPTIONAL, class->codec,
                                sizeof class->codec);
    if (!status)
        status = vg_json_string(json, object, pointer, "clip", VG_JSON_OPTIONAL, class->clip,
                                sizeof class->clip);
    if (!status)
        status = read_numbers(json, object, pointer, class);
    return status ? status : read_events(json, object, pointer, class);
}

static enum vg_status read_profile(const struct vg_json *json, struct vg_load_profile *profile)
{
    static const char *const keys[] = {"version", "name", "classes", NULL};
    int64_t version = 0;
    json_t *list = NULL;
    enum vg_status status = vg_json_keys(json, json->root, "", keys);
    if (!status)
        status = vg_json_integer(json, json->root, "", "version", VG_JSON_REQUIRED, 1, 1, &version);
    if (!status)
        status = vg_json_string(json, json->root, "", "name", VG_JSON_REQUIRED, profile->name,
                                sizeof profile->name);
    if (!status)
        status = vg_json_array(json, json->root, "", "classes", VG_JSON_REQUIRED,
                               VG_LOAD_CLASSES_MAX, &list);
    if (!status && json_array_size(list) == 0)
        status = vg_json_refuse(json, "/classes", N_("a profile has a class at least"), NULL);
    profile->class_count = 0;
    for (size_t i = 0; !status && i < json_array_size(list); i++)
        status =
            read_class(json, json_array_get(list, i), i, &profile->class[profile->class_count++]);
    return status;
}

enum vg_status vg_load_profile_parse(struct vg_load_profile *profile, const char *file,
                                     const char *text, size_t size, struct vg_fault *fault)
{
    struct vg_json json = {.root = NULL};
    *profile = (struct vg_load_profile){.class_count = 0};
    enum vg_status status = vg_json_open(&json, file, text, size, VG_LOAD_TEXT_MAX, fault);
    if (!status) {
        status = read_profile(&json, profile);
        vg_json_close(&json);
    }
    return status;
}

/* ---- using ---- */

/* Each time the class that is the furthest behind its share gets the next one. */
uint32_t vg_load_profile_class(const struct vg_load_profile *profile, uint32_t number)
{
    uint32_t got[VG_LOAD_CLASSES_MAX] = {0}, next = 0;
    double sum = 0;
    for (uint32_t c = 0; c < profile->class_count; c++)
        sum += profile->class[c].share;
    for (uint32_t n = 0; n <= number; n++) {
        double most = -1;
        for (uint32_t c = 0; c < profile->class_count; c++) {
            const double behind = profile->class[c].share / sum * (n + 1) - got[c];
            next = behind > most ? c : next;
            most = behind > most ? behind : most;
        }
        got[next]++;
    }
    return next;
}

static json_t *events_json(uint32_t events)
{
    json_t *list = json_array();
    for (int e = 0; e < VG_EVENT_COUNT; e++)
        if (events >> e & 1)
            (void)json_array_append_new(list, json_string(vg_event_name((enum vg_event)e)));
    return list;
}

json_t *vg_load_profile_json(const struct vg_load_profile *profile)
{
    json_t *classes = json_array();
    for (uint32_t i = 0; i < profile->class_count; i++) {
        const struct vg_load_class *class = &profile->class[i];
        (void)json_array_append_new(
            classes,
            json_pack("{s:s, s:f, s:s, s:i, s:i, s:f, s:f, s:i, s:o}", "name", class->name, "share",
                      class->share, "codec", class->codec, "width", (int)class->width, "height",
                      (int)class->height, "fps", class->fps, "rate_fps", class->rate_fps, "tiles",
                      (int)class->tiles, "events", events_json(class->events)));
    }
    return json_pack("{s:s, s:o}", "name", profile->name, "classes", classes);
}
