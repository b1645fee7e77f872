/* A rulebook as text and back. Version 1:
 *   {"version":1,"saved_us":WALL,"rules":[{"id":"r1","sequence":3,"raised_age_us":AGE,
 *     "onset":{"age_us":AGE,"last_age_us":AGE,"wall_us":WALL,"told":true}}]}
 * AGE: microseconds before saved_us. raised_age_us and onset are absent where there is none. Of
 * several conditions of a rule the oldest is kept, an untold one before those told; written as
 * untold, the one that the rule's alert of the last step names. */
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/json.h"
#include "src/base/text.h"
#include "src/rules/rulebook_state.h"

#define STATE_VERSION  1
#define STATE_TEXT_MAX (1u << 20)
#define AGE_US_MAX     (INT64_C(400) * 86400 * VG_US_PER_S)
#define NUMBER_MAX     (INT64_C(1) << 53) /* exact in a double, which JSON numbers may be */

/* ---- save --------------------------------------------------------------------------------- */

static json_t *age(struct vg_media_time then, struct vg_media_time now)
{
    const int64_t us = now.us - then.us;
    return json_integer(us < 0 ? 0 : us > AGE_US_MAX ? AGE_US_MAX : us);
}

static json_t *save_onset(const struct vg_onset *onset, struct vg_media_time media)
{
    return json_pack("{s:o, s:o, s:I, s:b}", "age_us", age(onset->first, media), "last_age_us",
                     age(onset->last, media), "wall_us",
                     (json_int_t)(onset->wall.us > 0 ? onset->wall.us : 0), "told",
                     (int)onset->told);
}

/* What is written of a rule. */
struct memory {
    uint64_t sequence;
    bool raised, lasts; /* raised_at, onset are there */
    struct vg_media_time raised_at;
    struct vg_onset onset;
};

/* The oldest condition of the rule, an untold one first. */
static void recall_onset(const struct vg_rulebook *book, uint32_t rule, struct memory *memory)
{
    const struct vg_onset *kept = book->rule[rule].carried ? &book->rule[rule].carry : NULL;
    for (size_t i = 0; i < VG_HELD_MAX; i++) {
        const struct vg_held *held = &book->held[i];
        if (!held->used || held->rule != rule)
            continue;
        const struct vg_onset *onset = &held->onset;
        const bool first = !kept || (kept->told && !onset->told) ||
                           (kept->told == onset->told && onset->first.us < kept->first.us);
        if (first)
            kept = onset;
    }
    memory->lasts = kept != NULL;
    if (kept)
        memory->onset = *kept;
}

static struct memory recall(const struct vg_rulebook *book, uint32_t rule,
                            enum vg_rulebook_view view)
{
    const struct vg_rule_state *state = &book->rule[rule];
    const struct vg_rule_last *last = &state->last;
    struct memory memory = {
        .sequence = state->sequence, .raised = state->raised, .raised_at = state->raised_at};
    recall_onset(book, rule, &memory);
    if (view == VG_RULEBOOK_TOLD || last->step == 0 || last->step != book->step)
        return memory;
    memory.sequence--;
    memory.raised = last->raised;
    memory.raised_at = last->raised_at;
    if (last->named) {
        memory.lasts = true;
        memory.onset = last->named->onset;
        memory.onset.told = false;
    }
    return memory;
}

/* NULL: nothing to remember of the rule, or no memory. */
static json_t *save_rule(const char *id, const struct memory *memory, struct vg_media_time media)
{
    if (!memory->sequence && !memory->raised && !memory->lasts)
        return NULL;
    json_t *object = json_pack("{s:s, s:I}", "id", id, "sequence", (json_int_t)memory->sequence);
    if (memory->raised)
        (void)json_object_set_new(object, "raised_age_us", age(memory->raised_at, media));
    if (memory->lasts)
        (void)json_object_set_new(object, "onset", save_onset(&memory->onset, media));
    return object;
}

char *vg_rulebook_save(const struct vg_rulebook *book, struct vg_media_time media,
                       struct vg_wall_time wall, enum vg_rulebook_view view)
{
    json_t *rules = json_array();
    for (uint32_t i = 0; i < book->scene->rule_count; i++) {
        if (book->scene->rule[i].hidden)
            continue;
        const struct memory memory = recall(book, i, view);
        json_t *rule = save_rule(book->scene->rule[i].id, &memory, media);
        if (rule)
            (void)json_array_append_new(rules, rule);
    }
    json_t *root = json_pack("{s:i, s:I, s:o}", "version", STATE_VERSION, "saved_us",
                             (json_int_t)(wall.us > 0 ? wall.us : 0), "rules", rules);
    char *text = root ? vg_json_text(root) : NULL;
    json_decref(root);
    return text;
}

/* ---- restore ------------------------------------------------------------------------------ */

static const char *const keys_top[] = {"version", "saved_us", "rules", NULL};
static const char *const keys_rule[] = {"id", "sequence", "raised_age_us", "onset", NULL};
static const char *const keys_onset[] = {"age_us", "last_age_us", "wall_us", "told", NULL};

/* What is read, before any of it is taken. */
struct restored {
    struct vg_rule_state rule[VG_SCENE_RULES_MAX];
    bool found[VG_SCENE_RULES_MAX];
};

/* The moment of the restore, and how long the state lay there. */
struct restore_moment {
    struct vg_media_time media;
    int64_t elapsed_us;
};

static enum vg_status read_age(const struct vg_json *json, const json_t *object,
                               const char *pointer, const char *key,
                               const struct restore_moment *now, struct vg_media_time *time)
{
    int64_t us = 0;
    const enum vg_status status =
        vg_json_integer(json, object, pointer, key, VG_JSON_REQUIRED, 0, AGE_US_MAX, &us);
    if (!status)
        time->us = now->media.us - us - now->elapsed_us;
    return status;
}

static enum vg_status read_onset(const struct vg_json *json, const json_t *object,
                                 const char *pointer, const struct restore_moment *now,
                                 struct vg_onset *onset)
{
    enum vg_status status = vg_json_keys(json, object, pointer, keys_onset);
    if (!status)
        status = read_age(json, object, pointer, "age_us", now, &onset->first);
    if (!status)
        status = read_age(json, object, pointer, "last_age_us", now, &onset->last);
    if (!status)
        status = vg_json_integer(json, object, pointer, "wall_us", VG_JSON_REQUIRED, 0, NUMBER_MAX,
                                 &onset->wall.us);
    if (!status)
        status = vg_json_flag(json, object, pointer, "told", VG_JSON_REQUIRED, &onset->told);
    return status;
}

static int find_rule(const struct vg_scene *scene, const char *id)
{
    for (uint32_t i = 0; i < scene->rule_count; i++)
        if (!scene->rule[i].hidden && strcmp(scene->rule[i].id, id) == 0)
            return (int)i;
    return -1;
}

static enum vg_status read_rule(const struct vg_json *json, const json_t *object,
                                const char *pointer, const struct vg_scene *scene,
                                const struct restore_moment *now, struct restored *restored)
{
    char id[VG_SCENE_ID_SIZE] = "";
    int64_t sequence = 0;
    struct vg_rule_state state = {0};
    enum vg_status status = vg_json_keys(json, object, pointer, keys_rule);
    if (!status)
        status = vg_json_string(json, object, pointer, "id", VG_JSON_REQUIRED, id, sizeof id);
    if (!status)
        status = vg_json_integer(json, object, pointer, "sequence", VG_JSON_REQUIRED, 0, NUMBER_MAX,
                                 &sequence);
    state.sequence = (uint64_t)sequence;
    if (!status && json_object_get(object, "raised_age_us")) {
        state.raised = true;
        status = read_age(json, object, pointer, "raised_age_us", now, &state.raised_at);
    }
    const json_t *onset = json_object_get(object, "onset");
    if (!status && onset) {
        char at[96];
        (void)snprintf(at, sizeof at, "%s/onset", pointer);
        state.carried = true;
        status = read_onset(json, onset, at, now, &state.carry);
    }
    const int rule = status ? -1 : find_rule(scene, id);
    if (rule < 0)
        return status; /* a rule that the scene no longer has */
    if (restored->found[rule])
        return vg_json_refuse(json, pointer, N_("this rule stands there twice"), NULL);
    restored->found[rule] = true;
    restored->rule[rule] = state;
    return VG_OK;
}

static enum vg_status read_state(const struct vg_json *json, const struct vg_scene *scene,
                                 struct vg_media_time media, struct vg_wall_time wall,
                                 struct restored *restored)
{
    int64_t version = 0, saved_us = 0;
    json_t *list = NULL;
    enum vg_status status = vg_json_keys(json, json->root, "", keys_top);
    if (!status)
        status = vg_json_integer(json, json->root, "", "version", VG_JSON_REQUIRED, 0, INT32_MAX,
                                 &version);
    if (!status && version != STATE_VERSION)
        return vg_json_refuse(json, "/version", N_("this version of the state is not known"),
                              N_("cooldowns start anew"));
    if (!status)
        status = vg_json_integer(json, json->root, "", "saved_us", VG_JSON_REQUIRED, 0, NUMBER_MAX,
                                 &saved_us);
    if (!status)
        status = vg_json_array(json, json->root, "", "rules", VG_JSON_REQUIRED, 1024, &list);
    int64_t elapsed_us =
        wall.us > saved_us ? wall.us - saved_us : 0; /* the clock may be set back */
    if (elapsed_us > AGE_US_MAX)
        elapsed_us = AGE_US_MAX;
    const struct restore_moment now = {media, elapsed_us};
    for (size_t i = 0; !status && i < json_array_size(list); i++) {
        char pointer[64];
        (void)snprintf(pointer, sizeof pointer, "/rules/%zu", i);
        status = read_rule(json, json_array_get(list, i), pointer, scene, &now, restored);
    }
    return status;
}

enum vg_status vg_rulebook_restore(struct vg_rulebook *book, const char *text, size_t size,
                                   struct vg_media_time media, struct vg_wall_time wall,
                                   struct vg_fault *fault)
{
    struct vg_json json;
    struct restored restored = {0};
    enum vg_status status = vg_json_open(&json, "state", text, size, STATE_TEXT_MAX, fault);
    if (status)
        return status;
    status = read_state(&json, book->scene, media, wall, &restored);
    vg_json_close(&json);
    if (status)
        return status;
    for (uint32_t i = 0; i < book->scene->rule_count; i++)
        if (restored.found[i])
            book->rule[i] = restored.rule[i];
    book->restored = true;
    return VG_OK;
}
