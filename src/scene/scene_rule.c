/* The rules of scene JSON: each one row of conditions on one event at one place. */
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/scene/event_traits.h"
#include "src/scene/scene_keys.h"
#include "src/scene/scene_reader.h"

#define HOLD_S_MAX     3600
#define COOLDOWN_S_MAX 86400
#define OVER_MAX       100000
#define COOLDOWN_S     20    /* contract */
#define MIN_SCORE      0.35f /* contract */

/* One rule while it is read. */
struct rule_reader {
    const struct vg_json *json;
    const json_t *object;
    const char *pointer; /* of the rule */
    const struct vg_scene *scene;
    struct vg_rule *rule;
    const char *name; /* of the rule that it belongs to, for messages */
};

enum vg_status vg_scene_refuse_rule(const struct vg_json *json, const char *pointer,
                                    const char *rule, const char *key, const char *what,
                                    const char *remedy, const char *value)
{
    char at[VG_SCENE_POINTER_SIZE];
    vg_scene_pointer(at, pointer, key);
    if (!value)
        return vg_scene_refuse(json, at, what, remedy, "\"%s\"", rule);
    return vg_scene_refuse(json, at, what, remedy, "\"%s\": %s", rule, value);
}

static enum vg_status refuse(const struct rule_reader *r, const char *key, const char *what,
                             const char *remedy, const char *value)
{
    return vg_scene_refuse_rule(r->json, r->pointer, r->name, key, what, remedy, value);
}

static int find_word(const char *const *words, const char *word)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

static enum vg_status read_id(const struct rule_reader *r)
{
    struct vg_rule *rule = r->rule;
    const enum vg_status status = vg_json_string(r->json, r->object, r->pointer, "id",
                                                 VG_JSON_REQUIRED, rule->id, sizeof rule->id);
    if (status)
        return status;
    for (const struct vg_rule *other = r->scene->rule; other < rule; other++)
        if (strcmp(other->id, rule->id) == 0)
            return refuse(r, "id", N_("this id is used twice"), N_("give each rule its own id"),
                          NULL);
    return VG_OK;
}

static enum vg_status read_severity(const struct rule_reader *r)
{
    char word[16] = "";
    const enum vg_status status = vg_json_string(r->json, r->object, r->pointer, "severity",
                                                 VG_JSON_REQUIRED, word, sizeof word);
    if (status)
        return status;
    const int found = find_word(vg_scene_severities, word);
    if (found < 0)
        return refuse(r, "severity", N_("this severity does not exist"),
                      N_("write low, medium or high"), word);
    r->rule->severity = (enum vg_severity)found;
    return VG_OK;
}

static enum vg_status read_event(const struct rule_reader *r)
{
    char name[32] = "";
    const enum vg_status status = vg_json_string(r->json, r->object, r->pointer, "event",
                                                 VG_JSON_REQUIRED, name, sizeof name);
    if (status)
        return status;
    r->rule->event = vg_event_parse(name);
    if (!vg_event_traits(r->rule->event))
        return refuse(r, "event", N_("this event does not exist"),
                      N_("write one of the eight, such as crossing, fire or person_down"), name);
    return VG_OK;
}

static const struct vg_place *place_of(const struct rule_reader *r)
{
    return r->rule->place < 0 ? NULL : &r->scene->place[r->rule->place];
}

static bool place_fits(enum vg_places places, const struct vg_place *place)
{
    switch (places) {
    case VG_PLACES_DIRECTED_ZONE:
        return place && place->kind == VG_PLACE_ZONE && place->directed;
    case VG_PLACES_LINE_OR_ZONE:
        return place && place->kind != VG_PLACE_MASK;
    case VG_PLACES_ZONE:
        return place && place->kind == VG_PLACE_ZONE;
    case VG_PLACES_ZONE_OR_PICTURE:
        return !place || place->kind == VG_PLACE_ZONE;
    }
    return false;
}

static const char *place_wanted(enum vg_places places)
{
    switch (places) {
    case VG_PLACES_DIRECTED_ZONE:
        return N_("name a zone that has a direction");
    case VG_PLACES_LINE_OR_ZONE:
        return N_("name a line or a zone");
    case VG_PLACES_ZONE:
        return N_("name a zone");
    case VG_PLACES_ZONE_OR_PICTURE:
        return N_("name a zone, or no place for the whole picture");
    }
    return NULL;
}

static enum vg_status read_place(const struct rule_reader *r)
{
    const struct vg_event_traits *traits = vg_event_traits(r->rule->event);
    char id[VG_SCENE_ID_SIZE] = "";
    r->rule->place = -1;
    const enum vg_status status =
        vg_json_string(r->json, r->object, r->pointer, "at", VG_JSON_OPTIONAL, id, sizeof id);
    if (status)
        return status;
    const bool given = json_object_get(r->object, "at") != NULL;
    for (uint32_t i = 0; given && id[0] && i < r->scene->place_count; i++)
        if (strcmp(r->scene->place[i].id, id) == 0)
            r->rule->place = (int)i;
    if (given && r->rule->place < 0)
        return refuse(r, "at", N_("no zone or line has this id"), place_wanted(traits->places), id);
    if (!given && !place_fits(traits->places, NULL))
        return refuse(r, "at", N_("the rule names no place"), place_wanted(traits->places),
                      traits->name);
    if (!place_fits(traits->places, place_of(r)))
        return refuse(r, "at", N_("the rule cannot watch there"), place_wanted(traits->places),
                      traits->name);
    return VG_OK;
}

static enum vg_status read_side(const struct rule_reader *r)
{
    char word[16] = "";
    r->rule->direction = VG_SIDE_NONE;
    if (!json_object_get(r->object, "direction"))
        return VG_OK;
    const struct vg_place *place = place_of(r);
    if (!place || place->kind != VG_PLACE_LINE)
        return refuse(r, "direction", N_("only a rule at a line has a direction"), N_("remove it"),
                      NULL);
    const enum vg_status status = vg_json_string(r->json, r->object, r->pointer, "direction",
                                                 VG_JSON_REQUIRED, word, sizeof word);
    if (status)
        return status;
    const int found = find_word(vg_scene_sides, word);
    if (found < 0)
        return refuse(r, "direction", N_("this direction does not exist"),
                      N_("write left or right, or nothing for both"), word);
    r->rule->direction = (enum vg_side)(found + VG_SIDE_LEFT);
    return VG_OK;
}

static enum vg_status read_classes(const struct rule_reader *r)
{
    json_t *list;
    r->rule->classes = VG_CLASS_SET_MOVING;
    const enum vg_status status = vg_json_array(r->json, r->object, r->pointer, "classes",
                                                VG_JSON_OPTIONAL, VG_CLASS_COUNT, &list);
    if (status || !list)
        return status;
    if (json_array_size(list) == 0)
        return refuse(r, "classes", N_("the list of classes is empty"),
                      N_("name a class, or remove the key for person and vehicles"), NULL);
    vg_class_set set = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        char key[32];
        (void)snprintf(key, sizeof key, "classes/%zu", i);
        const char *name = json_string_value(json_array_get(list, i));
        if (!name)
            return refuse(r, key, N_("a text was expected"), NULL, NULL);
        const enum vg_class class_id = vg_class_parse(name);
        if (class_id == VG_CLASS_NONE)
            return refuse(r, key, N_("this class does not exist"),
                          N_("write a class of the list, such as person or car"), NULL);
        if (set & 1u << class_id)
            return refuse(r, key, N_("this class is named twice"), N_("remove one"), name);
        set |= 1u << class_id;
    }
    r->rule->classes = set;
    return VG_OK;
}

static enum vg_status read_over(const struct rule_reader *r)
{
    const bool density = r->rule->event == VG_EVENT_DENSITY;
    double over = 0;
    if (!density && json_object_get(r->object, "over"))
        return refuse(r, "over", N_("only a density rule has `over`"), N_("remove it"), NULL);
    const enum vg_status status =
        vg_json_number(r->json, r->object, r->pointer, "over",
                       density ? VG_JSON_REQUIRED : VG_JSON_OPTIONAL, 0, OVER_MAX, &over);
    r->rule->over = (float)over;
    return status;
}

/* Seconds in text to microseconds. */
static enum vg_status read_seconds(const struct rule_reader *r, const char *key, double most,
                                   double absent, int64_t *us)
{
    double seconds = absent;
    const enum vg_status status =
        vg_json_number(r->json, r->object, r->pointer, key, VG_JSON_OPTIONAL, 0, most, &seconds);
    if (!status)
        *us = (int64_t)(seconds * (double)VG_US_PER_S + 0.5);
    return status;
}

/* How sure, how many, how long. */
static enum vg_status read_limits(const struct rule_reader *r)
{
    struct vg_rule *rule = r->rule;
    double min_score = (double)MIN_SCORE;
    enum vg_status status = vg_json_number(r->json, r->object, r->pointer, "min_score",
                                           VG_JSON_OPTIONAL, 0, 1, &min_score);
    rule->min_score = (float)min_score;
    if (!status)
        status = read_over(r);
    const struct vg_place *place = place_of(r);
    const bool passage = rule->event == VG_EVENT_CROSSING && place && place->kind == VG_PLACE_LINE;
    const double hold_s = passage ? 0 : (double)vg_event_traits(rule->event)->hold_s;
    if (!status)
        status = read_seconds(r, "hold_s", HOLD_S_MAX, hold_s, &rule->hold_us);
    return status;
}

static enum vg_status keep_text(const struct rule_reader *r)
{
    r->rule->text = vg_json_text(r->object);
    if (!r->rule->text)
        return vg_fault_set(r->json->fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%s",
                            r->json->name);
    if (strlen(r->rule->text) > VG_RULE_TEXT_MAX)
        return vg_scene_refuse(r->json, r->pointer, N_("the rule is too long"),
                               N_("make several rules of it"), "\"%s\", %zu > %u", r->name,
                               strlen(r->rule->text), VG_RULE_TEXT_MAX);
    return VG_OK;
}

typedef enum vg_status read_step(const struct rule_reader *r);

static enum vg_status run(const struct rule_reader *r, read_step *const *steps)
{
    enum vg_status status = VG_OK;
    for (; !status && *steps; steps++)
        status = (*steps)(r);
    return status;
}

static read_step *const condition_steps[] = {
    read_event, read_place, read_side, read_classes, read_limits, keep_text, NULL,
};

enum vg_status vg_scene_read_condition(const struct vg_json *json, const json_t *object,
                                       const char *pointer, const char *name,
                                       const struct vg_scene *scene, struct vg_rule *rule)
{
    const struct rule_reader reader = {json, object, pointer, scene, rule, name};
    return run(&reader, condition_steps);
}

/* ---- calendar ----------------------------------------------------------------------------- */

/* "HH:MM" to minutes of the day; -1 if it is not that. 24:00 is the end of the day. */
static int read_hours(const char *text)
{
    for (size_t i = 0; i < 5; i++)
        if (i == 2 ? text[i] != ':' : text[i] < '0' || text[i] > '9')
            return -1;
    if (text[5] != '\0')
        return -1;
    const int hours = (text[0] - '0') * 10 + text[1] - '0';
    const int minutes = (text[3] - '0') * 10 + text[4] - '0';
    return minutes < 60 && hours * 60 + minutes <= 1440 ? hours * 60 + minutes : -1;
}

static enum vg_status read_hour_key(const struct vg_json *json, const json_t *object,
                                    const char *pointer, const char *key, uint16_t *minutes)
{
    if (!json_object_get(object, key))
        return VG_OK;
    char text[16] = "", at[VG_SCENE_POINTER_SIZE];
    vg_scene_pointer(at, pointer, key);
    const enum vg_status status =
        vg_json_string(json, object, pointer, key, VG_JSON_REQUIRED, text, sizeof text);
    if (status)
        return status;
    const int found = read_hours(text);
    if (found < 0)
        return vg_scene_refuse(json, at, N_("this is not an hour of the day"),
                               N_("write it as \"08:30\", from 00:00 to 24:00"), "%s", text);
    *minutes = (uint16_t)found;
    return VG_OK;
}

static enum vg_status read_days(const struct vg_json *json, const json_t *object,
                                const char *pointer, uint8_t *days)
{
    json_t *list;
    const enum vg_status status =
        vg_json_array(json, object, pointer, "days", VG_JSON_OPTIONAL, 7, &list);
    if (status || !list)
        return status;
    char list_at[VG_SCENE_POINTER_SIZE], at[VG_SCENE_POINTER_SIZE];
    vg_scene_pointer(list_at, pointer, "days");
    if (json_array_size(list) == 0)
        return vg_json_refuse(json, list_at, N_("the list of days is empty"),
                              N_("name a day, or remove the key for every day"));
    *days = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        vg_scene_pointer_at(at, list_at, i);
        const int day = name ? find_word(vg_scene_days, name) : -1;
        if (day < 0)
            return vg_json_refuse(json, at, N_("this day does not exist"),
                                  N_("write mon, tue, wed, thu, fri, sat or sun"));
        if (*days & 1u << day)
            return vg_json_refuse(json, at, N_("this day is named twice"), N_("remove one"));
        *days = (uint8_t)(*days | 1u << day);
    }
    return VG_OK;
}

/* Whose holidays; only where they are left out does it matter. */
static enum vg_status read_region(const struct vg_json *json, const json_t *object,
                                  const char *pointer, struct vg_calendar *calendar)
{
    char word[32] = "", at[VG_SCENE_POINTER_SIZE];
    vg_scene_pointer(at, pointer, "holidays_region");
    if (!json_object_get(object, "holidays_region"))
        return VG_OK;
    const enum vg_status status = vg_json_string(json, object, pointer, "holidays_region",
                                                 VG_JSON_REQUIRED, word, sizeof word);
    if (status)
        return status;
    const int found = find_word(vg_scene_regions, word);
    if (found < 0)
        return vg_scene_refuse(json, at, N_("no holidays are known of this region"),
                               N_("write france or alsace-moselle"), "%s", word);
    calendar->region = (enum vg_holidays_region)found;
    return VG_OK;
}

enum vg_status vg_scene_read_calendar(const struct vg_json *json, const json_t *object,
                                      const char *pointer, struct vg_calendar *calendar)
{
    *calendar = (struct vg_calendar){
        .given = true, .days = 0x7f, .from_min = 0, .to_min = 1440, .holidays = true};
    enum vg_status status = vg_json_keys(json, object, pointer, vg_scene_keys_calendar);
    if (!status)
        status = read_days(json, object, pointer, &calendar->days);
    if (!status)
        status = read_hour_key(json, object, pointer, "from", &calendar->from_min);
    if (!status)
        status = read_hour_key(json, object, pointer, "to", &calendar->to_min);
    if (!status)
        status =
            vg_json_flag(json, object, pointer, "holidays", VG_JSON_OPTIONAL, &calendar->holidays);
    if (!status)
        status = read_region(json, object, pointer, calendar);
    if (!status && (calendar->from_min == calendar->to_min || calendar->from_min == 1440))
        status = vg_json_refuse(json, pointer, N_("the hours leave no time between them"),
                                N_("remove `from` and `to` for the whole day"));
    return status;
}

/* ---- the list ----------------------------------------------------------------------------- */

/* What a rule has whatever it is about. */
static enum vg_status read_conduct(const struct rule_reader *r)
{
    struct vg_rule *rule = r->rule;
    rule->active = true;
    enum vg_status status =
        read_seconds(r, "cooldown_s", COOLDOWN_S_MAX, COOLDOWN_S, &rule->cooldown_us);
    if (!status)
        status =
            vg_json_flag(r->json, r->object, r->pointer, "active", VG_JSON_OPTIONAL, &rule->active);
    const json_t *calendar = json_object_get(r->object, "calendar");
    if (status || !calendar)
        return status;
    char at[VG_SCENE_POINTER_SIZE];
    vg_scene_pointer(at, r->pointer, "calendar");
    return vg_scene_read_calendar(r->json, calendar, at, &rule->calendar);
}

/* A composed rule but for its parts, which may name rules that come later. */
static enum vg_status read_composed(const struct rule_reader *r)
{
    r->rule->event = VG_EVENT_NONE;
    r->rule->place = -1;
    if (json_object_get(r->object, "event"))
        return refuse(r, "when", N_("a rule has either `event` or `when`"),
                      N_("remove one of them"), NULL);
    for (size_t i = 0; vg_scene_keys_rule[i]; i++) {
        const char *key = vg_scene_keys_rule[i];
        if (find_word(vg_scene_keys_composed, key) < 0 && json_object_get(r->object, key))
            return refuse(r, key, N_("this key belongs to the parts of a composed rule"),
                          N_("move it into `when`"), NULL);
    }
    const enum vg_status status = read_seconds(r, "hold_s", HOLD_S_MAX, 0, &r->rule->hold_us);
    return status ? status : keep_text(r);
}

static enum vg_status read_rule(const struct rule_reader *r)
{
    static read_step *const steps[] = {read_id, read_severity, read_conduct, NULL};
    enum vg_status status = vg_json_keys(r->json, r->object, r->pointer, vg_scene_keys_rule);
    if (!status)
        status = run(r, steps);
    if (status)
        return status;
    return json_object_get(r->object, "when") ? read_composed(r) : run(r, condition_steps);
}

enum vg_status vg_scene_read_rules(const struct vg_json *json, struct vg_scene *scene)
{
    json_t *list;
    enum vg_status status =
        vg_json_array(json, json->root, "", "rules", VG_JSON_OPTIONAL, VG_SCENE_GIVEN_MAX, &list);
    for (size_t i = 0; !status && i < json_array_size(list); i++) {
        char pointer[64];
        (void)snprintf(pointer, sizeof pointer, "/rules/%zu", i);
        struct vg_rule *rule = &scene->rule[i];
        const struct rule_reader reader = {json,    json_array_get(list, i), pointer, scene, rule,
                                           rule->id};
        status = read_rule(&reader);
        scene->rule_count = (uint32_t)i + 1;
    }
    return status ? status : vg_scene_read_composed(json, scene);
}
