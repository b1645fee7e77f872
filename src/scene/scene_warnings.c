/* What a scene may say but hardly means: a rule that can never hold. */
#include <stdio.h>

#include "src/base/text.h"
#include "src/scene/scene.h"

struct warnings {
    struct vg_scene_warning *list;
    uint32_t count, room;
};

static void warn(struct warnings *w, uint32_t rule, const char *what, const char *remedy,
                 const char *detail)
{
    if (w->count == w->room)
        return;
    struct vg_scene_warning *warning = &w->list[w->count++];
    *warning = (struct vg_scene_warning){.rule = rule, .place = -1, .what = what, .remedy = remedy};
    (void)snprintf(warning->detail, sizeof warning->detail, "%s", detail);
}

/* Fire is found on the maps as well, people and vehicles by every model: only a weapon wants a
 * model that knows one. */
vg_class_set vg_scene_rule_needs(const struct vg_rule *rule)
{
    if (rule->event != VG_EVENT_WEAPON)
        return 0;
    return 1u << VG_CLASS_WEAPON | (rule->classes & 1u << VG_CLASS_KNIFE);
}

static bool is_blind(const struct vg_rule *rule, vg_class_set known)
{
    const vg_class_set needs = vg_scene_rule_needs(rule);
    return known && needs && !(known & needs);
}

uint32_t vg_scene_blind(const struct vg_scene *scene, vg_class_set known)
{
    uint32_t events = 0;
    for (uint32_t i = 0; scene && i < scene->rule_count; i++)
        if (scene->rule[i].active && is_blind(&scene->rule[i], known))
            events |= 1u << scene->rule[i].event;
    return events;
}

static void check_model(struct warnings *w, const struct vg_rule *rule, uint32_t told,
                        vg_class_set known)
{
    if (is_blind(rule, known))
        warn(w, told, N_("the model knows no weapon: this rule will see nothing"),
             N_("install a model that knows the class weapon, or name knife if it knows that one"),
             "");
}

static void check_parts(struct warnings *w, const struct vg_scene *scene, uint32_t index,
                        vg_class_set known)
{
    const struct vg_rule *rule = &scene->rule[index];
    for (uint32_t i = 0; i < rule->part_count; i++) {
        const struct vg_part *part = &scene->part[rule->part_first + i];
        const struct vg_rule *named = &scene->rule[part->rule];
        if (part->kind != VG_PART_RULE)
            continue;
        if (named->hidden)
            check_model(w, named, index, known);
        else if (rule->active && !named->active)
            warn(w, index, N_("a part of this rule is switched off and never holds"),
                 N_("switch it on, or write its condition into the composed rule"), named->id);
    }
}

uint32_t vg_scene_warnings(const struct vg_scene *scene, vg_class_set known,
                           struct vg_scene_warning *warnings, uint32_t room)
{
    struct warnings w = {warnings, 0, room};
    for (uint32_t i = 0; i < scene->given_count; i++) {
        check_model(&w, &scene->rule[i], i, known);
        check_parts(&w, scene, i, known);
    }
    return w.count;
}
