/* The parts of composed rules: a tree for each `when`, flat in scene->part, parents before their
 * children. A part on an event of its own becomes a hidden rule behind those of the file.
 *
 * Every tree can be seen to hold: `not` and hours stand only beside a part that sees something,
 * or in an `unless`; else a rule would raise an alert about nothing. */
#include <stdio.h>
#include <string.h>

#include "src/base/text.h"
#include "src/scene/scene_keys.h"
#include "src/scene/scene_reader.h"

#define WITHIN_S_MAX  3600
#define HIDDEN_ID_MAX 48

/* Where a part stands. */
enum stand {
    IN_ALL,
    IN_UNLESS,
    IN_NOT,
    IN_OTHER
};

struct when_reader {
    const struct vg_json *json;
    struct vg_scene *scene;
    uint32_t owner; /* the composed rule, index in the scene */
};

/* One part while it is read. */
struct part_reader {
    const struct when_reader *when;
    const json_t *object;
    const char *pointer;
    uint32_t depth; /* of this part, the root has 1 */
    enum stand stand;
    struct vg_part *part;
};

static enum vg_status read_part(const struct when_reader *when, const json_t *object,
                                const char *pointer, uint32_t depth, enum stand stand, int *index);

static enum vg_status refuse(const struct part_reader *r, const char *key, const char *what,
                             const char *remedy, const char *value)
{
    const char *owner = r->when->scene->rule[r->when->owner].id;
    if (key)
        return vg_scene_refuse_rule(r->when->json, r->pointer, owner, key, what, remedy, value);
    return vg_scene_refuse(r->when->json, r->pointer, what, remedy, "\"%s\"", owner);
}

static bool has(const struct part_reader *r, const char *key)
{
    return json_object_get(r->object, key) != NULL;
}

static bool in_list(const char *const *words, const char *word)
{
    for (; *words; words++)
        if (strcmp(*words, word) == 0)
            return true;
    return false;
}

/* ---- what a part may be -------------------------------------------------------------------- */

/* A rule of the file by its id. */
static enum vg_status read_named(const struct part_reader *r)
{
    char id[VG_SCENE_ID_SIZE] = "";
    const enum vg_status status = vg_json_string(r->when->json, r->object, r->pointer, "rule",
                                                 VG_JSON_REQUIRED, id, sizeof id);
    if (status)
        return status;
    for (uint32_t i = 0; i < r->when->scene->given_count; i++) {
        if (strcmp(r->when->scene->rule[i].id, id) != 0)
            continue;
        r->part->rule = i;
        return VG_OK;
    }
    return refuse(r, "rule", N_("no rule has this id"), N_("name another rule of the scene"), id);
}

/* "r2#3": the owner's id, cut where a letter begins, and which part it is. Only for people who
 * look at why and why not. */
static void name_hidden(struct vg_rule *rule, const struct vg_rule *owner, uint32_t number)
{
    char name[HIDDEN_ID_MAX + 1] = "";
    size_t length = strlen(owner->id);
    if (length > HIDDEN_ID_MAX)
        length = HIDDEN_ID_MAX;
    while (length > 0 && ((unsigned char)owner->id[length] & 0xc0) == 0x80)
        length--;
    memcpy(name, owner->id, length);
    (void)snprintf(rule->id, sizeof rule->id, "%s#%u", name, number);
}

/* A condition of its own: a rule of its own that raises nothing. */
static enum vg_status read_event(const struct part_reader *r)
{
    struct vg_scene *scene = r->when->scene;
    const struct vg_rule *owner = &scene->rule[r->when->owner];
    for (size_t i = 0; vg_scene_keys_whole[i]; i++)
        if (has(r, vg_scene_keys_whole[i]))
            return refuse(r, vg_scene_keys_whole[i], N_("a part has no such key"),
                          N_("write it in the composed rule"), NULL);
    r->part->rule = scene->rule_count;
    struct vg_rule *rule = &scene->rule[scene->rule_count++];
    rule->hidden = true;
    rule->active = owner->active;
    rule->severity = owner->severity;
    name_hidden(rule, owner, scene->part_count - owner->part_first);
    return vg_scene_read_condition(r->when->json, r->object, r->pointer, owner->id, scene, rule);
}

static enum vg_status read_hours(const struct part_reader *r)
{
    char at[VG_SCENE_POINTER_SIZE];
    if (r->stand == IN_OTHER)
        return refuse(r, "calendar", N_("hours alone are nothing to be seen"),
                      N_("write them beside another part, in `all` or as `unless`"), NULL);
    vg_scene_pointer(at, r->pointer, "calendar");
    return vg_scene_read_calendar(r->when->json, json_object_get(r->object, "calendar"), at,
                                  &r->part->calendar);
}

/* Whether the part sees something by itself. */
static bool sees(const struct vg_part *part)
{
    return part->kind != VG_PART_NOT && part->kind != VG_PART_CALENDAR;
}

static enum vg_status read_children(const struct part_reader *r, const char *key, size_t least)
{
    const enum stand stand = r->part->kind == VG_PART_ALL ? IN_ALL : IN_OTHER;
    json_t *list;
    enum vg_status status = vg_json_array(r->when->json, r->object, r->pointer, key,
                                          VG_JSON_REQUIRED, VG_SCENE_PARTS_MAX, &list);
    if (status)
        return status;
    if (json_array_size(list) < least)
        return refuse(r, key, N_("there are too few parts"),
                      N_("`then` wants two or more, `all` and `any` one or more"), NULL);
    char list_at[VG_SCENE_POINTER_SIZE], at[VG_SCENE_POINTER_SIZE];
    vg_scene_pointer(list_at, r->pointer, key);
    int *link = &r->part->child;
    bool seen = false;
    for (size_t i = 0; !status && i < json_array_size(list); i++) {
        vg_scene_pointer_at(at, list_at, i);
        status = read_part(r->when, json_array_get(list, i), at, r->depth + 1, stand, link);
        if (status)
            return status;
        seen |= sees(&r->when->scene->part[*link]);
        link = &r->when->scene->part[*link].next;
    }
    if (!seen)
        return refuse(r, key, N_("none of the parts sees anything"),
                      N_("add a part on an event beside `not` and the hours"), NULL);
    return VG_OK;
}

static enum vg_status read_all(const struct part_reader *r)
{
    return read_children(r, "all", 1);
}

static enum vg_status read_any(const struct part_reader *r)
{
    return read_children(r, "any", 1);
}

static enum vg_status read_then(const struct part_reader *r)
{
    if (!has(r, "within_s"))
        return refuse(r, "within_s", N_("`then` wants `within_s`"),
                      N_("say how many seconds may lie between one part and the next"), NULL);
    return read_children(r, "then", 2);
}

static enum vg_status read_not(const struct part_reader *r)
{
    char at[VG_SCENE_POINTER_SIZE];
    if (r->stand != IN_ALL && r->stand != IN_UNLESS)
        return refuse(r, "not", N_("`not` stands only in `all` or as `unless`"),
                      N_("write it beside what must hold"), NULL);
    vg_scene_pointer(at, r->pointer, "not");
    return read_part(r->when, json_object_get(r->object, "not"), at, r->depth + 1, IN_NOT,
                     &r->part->child);
}

static const struct part_row {
    const char *key;
    enum vg_part_kind kind;
    enum vg_status (*read)(const struct part_reader *r);
} rows[] = {
    {"rule", VG_PART_RULE, read_named},
    {"event", VG_PART_RULE, read_event},
    {"all", VG_PART_ALL, read_all},
    {"any", VG_PART_ANY, read_any},
    {"not", VG_PART_NOT, read_not},
    {"then", VG_PART_THEN, read_then},
    {"calendar", VG_PART_CALENDAR, read_hours},
};

/* ---- one part ------------------------------------------------------------------------------ */

/* The row of the part's one key; NULL and refused if there is none or more than one. */
static enum vg_status find_row(const struct part_reader *r, const struct part_row **found)
{
    *found = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!has(r, rows[i].key))
            continue;
        if (*found)
            return refuse(r, rows[i].key, N_("a part is one thing"),
                          N_("leave one of rule, event, all, any, not, then and calendar"), NULL);
        *found = &rows[i];
    }
    if (*found)
        return VG_OK;
    return refuse(r, NULL, N_("this part says nothing"),
                  N_("write one of rule, event, all, any, not, then and calendar"), NULL);
}

/* Keys that do not go with the part's own. */
static enum vg_status check_keys(const struct part_reader *r, const struct part_row *row)
{
    const bool event = strcmp(row->key, "event") == 0;
    const char *key;
    json_t *value;
    union {
        const json_t *in;
        json_t *out; /* jansson's iterator wants a mutable object though it changes nothing */
    } same = {r->object};
    json_object_foreach(same.out, key, value)
    {
        const bool own = strcmp(key, row->key) == 0 || (event && in_list(vg_scene_keys_rule, key));
        const bool beside = row->kind != VG_PART_CALENDAR &&
                            (strcmp(key, "unless") == 0 || strcmp(key, "within_s") == 0);
        if (own || beside)
            continue;
        const bool known = in_list(vg_scene_keys_rule, key) || in_list(vg_scene_keys_part, key);
        return refuse(r, key, known ? N_("a part has no such key") : N_("unknown key"),
                      N_("remove it or correct it"), row->key);
    }
    return VG_OK;
}

static enum vg_status read_beside(const struct part_reader *r)
{
    char at[VG_SCENE_POINTER_SIZE];
    double within_s = 0;
    const json_t *unless = json_object_get(r->object, "unless");
    if (has(r, "within_s") && !unless && r->part->kind != VG_PART_THEN)
        return refuse(r, "within_s", N_("`within_s` goes with `then` or `unless`"), N_("remove it"),
                      NULL);
    const enum vg_status status = vg_json_number(r->when->json, r->object, r->pointer, "within_s",
                                                 VG_JSON_OPTIONAL, 0, WITHIN_S_MAX, &within_s);
    if (status)
        return status;
    r->part->within_us = (int64_t)(within_s * (double)VG_US_PER_S + 0.5);
    if (!unless)
        return VG_OK;
    vg_scene_pointer(at, r->pointer, "unless");
    return read_part(r->when, unless, at, r->depth + 1, IN_UNLESS, &r->part->unless);
}

static enum vg_status read_part(const struct when_reader *when, const json_t *object,
                                const char *pointer, uint32_t depth, enum stand stand, int *index)
{
    struct vg_scene *scene = when->scene;
    struct part_reader r = {when, object, pointer, depth, stand, NULL};
    const struct part_row *row;
    if (!json_is_object(object))
        return vg_json_refuse(when->json, pointer, N_("an object was expected"), NULL);
    if (depth > VG_SCENE_PARTS_DEPTH)
        return refuse(&r, NULL, N_("the parts are nested too deep, more than 8"),
                      N_("make a rule of some of them and name it"), NULL);
    if (scene->part_count == VG_SCENE_PARTS_MAX)
        return refuse(&r, NULL, N_("the composed rules have too many parts, more than 64"),
                      N_("remove some"), NULL);
    *index = (int)scene->part_count;
    r.part = &scene->part[scene->part_count++];
    *r.part = (struct vg_part){.child = -1, .next = -1, .unless = -1};
    enum vg_status status = find_row(&r, &row);
    if (!status)
        status = check_keys(&r, row);
    if (status)
        return status;
    r.part->kind = row->kind;
    status = row->read(&r);
    return status ? status : read_beside(&r);
}

/* ---- rules that name rules ----------------------------------------------------------------- */

/* A composed rule that this one names and that is not in `done` yet; -1: none. */
static int names_undone(const struct vg_scene *scene, uint32_t rule, const bool *done)
{
    const struct vg_rule *r = &scene->rule[rule];
    for (uint32_t i = 0; i < r->part_count; i++) {
        const struct vg_part *part = &scene->part[r->part_first + i];
        if (part->kind == VG_PART_RULE && scene->rule[part->rule].part_count > 0 &&
            !done[part->rule])
            return (int)part->rule;
    }
    return -1;
}

/* Says the circle that `rule` leads into: r1 -> r2 -> r1. */
static enum vg_status refuse_circle(const struct when_reader *when, uint32_t rule, const bool *done)
{
    const struct vg_scene *scene = when->scene;
    char circle[256] = "", pointer[VG_SCENE_POINTER_SIZE];
    for (uint32_t i = 0; i < scene->given_count; i++) /* from here on it is in the circle */
        rule = (uint32_t)names_undone(scene, rule, done);
    const uint32_t first = rule;
    size_t used = 0;
    do {
        used +=
            (size_t)snprintf(circle + used, sizeof circle - used, "%s -> ", scene->rule[rule].id);
        rule = (uint32_t)names_undone(scene, rule, done);
    } while (rule != first && used < sizeof circle - VG_SCENE_ID_SIZE - 8);
    (void)snprintf(circle + used, sizeof circle - used, "%s",
                   rule == first ? scene->rule[first].id : "...");
    (void)snprintf(pointer, sizeof pointer, "/rules/%u/when", first);
    return vg_scene_refuse(when->json, pointer, N_("these rules name each other in a circle"),
                           N_("a composed rule names only rules that do not name it"), "%s",
                           circle);
}

/* Each composed rule after those that it names. */
static enum vg_status order_composed(const struct when_reader *when)
{
    struct vg_scene *scene = when->scene;
    bool done[VG_SCENE_RULES_MAX] = {false};
    for (;;) {
        const uint32_t before = scene->composed_count;
        int blocked = -1;
        for (uint32_t i = 0; i < scene->given_count; i++) {
            if (scene->rule[i].part_count == 0 || done[i])
                continue;
            if (names_undone(scene, i, done) >= 0) {
                blocked = (int)i;
                continue;
            }
            done[i] = true;
            scene->composed[scene->composed_count++] = i;
        }
        if (blocked < 0)
            return VG_OK;
        if (scene->composed_count == before)
            return refuse_circle(when, (uint32_t)blocked, done);
    }
}

static void note_places(struct vg_scene *scene)
{
    for (uint32_t i = 0; i < scene->composed_count; i++) {
        struct vg_rule *rule = &scene->rule[scene->composed[i]];
        for (uint32_t k = 0; k < rule->part_count; k++) {
            const struct vg_part *part = &scene->part[rule->part_first + k];
            const struct vg_rule *named = &scene->rule[part->rule];
            if (part->kind == VG_PART_RULE)
                rule->parts_placed |= named->place >= 0 || named->parts_placed;
        }
    }
}

enum vg_status vg_scene_read_composed(const struct vg_json *json, struct vg_scene *scene)
{
    struct when_reader when = {json, scene, 0};
    const json_t *list = json_object_get(json->root, "rules");
    scene->given_count = scene->rule_count;
    for (uint32_t i = 0; i < scene->given_count; i++) {
        const json_t *tree = json_object_get(json_array_get(list, i), "when");
        struct vg_rule *rule = &scene->rule[i];
        char pointer[VG_SCENE_POINTER_SIZE];
        int root;
        if (!tree)
            continue;
        (void)snprintf(pointer, sizeof pointer, "/rules/%u/when", i);
        when.owner = i;
        rule->part_first = scene->part_count;
        const enum vg_status status = read_part(&when, tree, pointer, 1, IN_OTHER, &root);
        rule->part_count = scene->part_count - rule->part_first;
        if (status)
            return status;
    }
    const enum vg_status status = order_composed(&when);
    if (!status)
        note_places(scene);
    return status;
}
