#include "src/rules/compose.h"

#include <string.h>

/* One part in one picture. */
struct step {
    struct vg_compose *compose;
    const struct vg_scene *scene;
    const struct vg_compose_moment *moment;
    uint32_t index;
};

static const struct vg_part *part_of(const struct step *s)
{
    return &s->scene->part[s->index];
}

static struct vg_compose_part *state_of(const struct step *s)
{
    return &s->compose->part[s->index];
}

/* Hours, or not in hours, without a clock. */
static bool passed_over(const struct step *s, int index)
{
    const struct vg_part *part = &s->scene->part[index];
    if (s->moment->wall_known)
        return false;
    if (part->kind == VG_PART_NOT)
        part = &s->scene->part[part->child];
    return part->kind == VG_PART_CALENDAR;
}

/* ---- whether it holds ---------------------------------------------------------------------- */

static bool all_hold(const struct step *s)
{
    for (int i = part_of(s)->child; i >= 0; i = s->scene->part[i].next)
        if (!s->compose->part[i].held && !passed_over(s, i))
            return false;
    return true;
}

static bool any_holds(const struct step *s)
{
    for (int i = part_of(s)->child; i >= 0; i = s->scene->part[i].next)
        if (s->compose->part[i].held)
            return true;
    return false;
}

/* Each child that began now takes the chain over from the one before it, as that stood before
 * this picture: hence the walk backwards. The latest onset before is the nearest, so that no
 * other needs to be known. */
static bool in_order(const struct step *s)
{
    struct vg_compose_part *child[VG_SCENE_PARTS_MAX];
    struct vg_compose_part *then = state_of(s);
    const struct vg_media_time now = s->moment->media;
    uint32_t count = 0;
    bool comes = false;
    for (int i = part_of(s)->child; i >= 0; i = s->scene->part[i].next)
        child[count++] = &s->compose->part[i];
    for (uint32_t i = count; i-- > 0;) {
        const struct vg_compose_part *before = i > 0 ? child[i - 1] : NULL;
        if (!child[i]->fresh)
            continue;
        if (before && !(before->chained && now.us - before->chain.us <= part_of(s)->within_us))
            continue;
        child[i]->chained = true;
        child[i]->chain = now;
        comes |= i == count - 1;
    }
    then->complete = child[count - 1]->held && (then->complete || comes);
    return then->complete;
}

static bool holds(const struct step *s)
{
    const struct vg_part *part = part_of(s);
    switch (part->kind) {
    case VG_PART_RULE:
        return (s->moment->rule[part->rule] & (VG_COMPOSE_HOLDS | VG_COMPOSE_PASSED)) != 0;
    case VG_PART_CALENDAR:
        return s->moment->wall_known && vg_calendar_holds(&part->calendar, s->moment->wall);
    case VG_PART_ALL:
        return all_hold(s);
    case VG_PART_ANY:
        return any_holds(s);
    case VG_PART_NOT:
        return !s->compose->part[part->child].held;
    case VG_PART_THEN:
        return in_order(s);
    }
    return false;
}

static bool prevented(const struct step *s)
{
    const struct vg_part *part = part_of(s);
    if (part->unless < 0 || passed_over(s, part->unless))
        return false;
    const struct vg_compose_part *unless = &s->compose->part[part->unless];
    return unless->held ||
           (unless->seen && s->moment->media.us - unless->last.us <= part->within_us &&
            part->within_us > 0);
}

/* Whether the part, or one below it, is on what is stopped. An `unless` that is stopped has not
 * come, but what it guards may. */
static bool is_stopped(const struct step *s)
{
    const struct vg_part *part = part_of(s);
    if (part->kind == VG_PART_RULE)
        return (s->moment->rule[part->rule] & VG_COMPOSE_STOPPED) != 0;
    for (int i = part->child; i >= 0; i = s->scene->part[i].next)
        if (s->compose->part[i].stopped)
            return true;
    return false;
}

static void step_part(const struct step *s)
{
    const struct vg_part *part = part_of(s);
    struct vg_compose_part *state = state_of(s);
    const bool passed =
        part->kind == VG_PART_RULE && s->moment->rule[part->rule] & VG_COMPOSE_PASSED;
    const bool was = state->held, was_stopped = state->stopped;
    state->stopped = is_stopped(s);
    if (state->stopped && !was_stopped)
        state->chained = state->seen = state->complete = false;
    state->held = holds(s) && !prevented(s);
    state->fresh = state->held && (!was || passed);
    if (state->fresh)
        state->onset = s->moment->media;
    if (state->held) {
        state->last = s->moment->media;
        state->seen = true;
    }
}

bool vg_compose_step(struct vg_compose *compose, const struct vg_scene *scene,
                     const struct vg_rule *rule, const struct vg_compose_moment *moment)
{
    struct step s = {compose, scene, moment, 0};
    for (uint32_t i = rule->part_count; i-- > 0;) { /* children first */
        s.index = rule->part_first + i;
        step_part(&s);
    }
    return compose->part[rule->part_first].held;
}

void vg_compose_forget(struct vg_compose *compose, const struct vg_rule *rule)
{
    memset(&compose->part[rule->part_first], 0, rule->part_count * sizeof *compose->part);
}

/* ---- what brought it about ----------------------------------------------------------------- */

/* The walk down a tree and the trees of the rules that it names, each once. */
struct gathering {
    const struct vg_compose *compose;
    const struct vg_scene *scene;
    uint32_t *parts;
    uint32_t count, room;
    bool visited[VG_SCENE_RULES_MAX];
};

/* Of `any` the children that held when it did last; of the others all that see something. */
static bool counts(const struct gathering *g, uint32_t parent, int child)
{
    const enum vg_part_kind kind = g->scene->part[child].kind;
    const struct vg_compose_part *state = &g->compose->part[child];
    if (kind == VG_PART_NOT || kind == VG_PART_CALENDAR)
        return false;
    return g->scene->part[parent].kind != VG_PART_ANY ||
           (state->seen && state->last.us == g->compose->part[parent].last.us);
}

static void gather(struct gathering *g, uint32_t index)
{
    const struct vg_part *part = &g->scene->part[index];
    if (g->count == g->room)
        return;
    if (part->kind != VG_PART_RULE) {
        for (int i = part->child; i >= 0; i = g->scene->part[i].next)
            if (counts(g, index, i))
                gather(g, (uint32_t)i);
        return;
    }
    const struct vg_rule *rule = &g->scene->rule[part->rule];
    g->parts[g->count++] = index;
    if (rule->part_count == 0 || g->visited[part->rule])
        return;
    g->visited[part->rule] = true;
    gather(g, rule->part_first);
}

uint32_t vg_compose_evidence(const struct vg_compose *compose, const struct vg_scene *scene,
                             const struct vg_rule *rule, uint32_t *parts, uint32_t room)
{
    struct gathering g = {.compose = compose, .scene = scene, .parts = parts, .room = room};
    gather(&g, rule->part_first);
    return g.count;
}

/* The child that came last; of those that came together the last one. */
static uint32_t last_child(const struct gathering *g, uint32_t parent)
{
    uint32_t found = parent;
    for (int i = g->scene->part[parent].child; i >= 0; i = g->scene->part[i].next) {
        const bool later = found == parent || g->scene->part[parent].kind == VG_PART_THEN ||
                           g->compose->part[i].onset.us >= g->compose->part[found].onset.us;
        if (counts(g, parent, i) && later)
            found = (uint32_t)i;
    }
    return found;
}

uint32_t vg_compose_last(const struct vg_compose *compose, const struct vg_scene *scene,
                         const struct vg_rule *rule)
{
    const struct gathering g = {.compose = compose, .scene = scene};
    uint32_t index = rule->part_first;
    for (;;) {
        const struct vg_part *part = &scene->part[index];
        if (part->kind != VG_PART_RULE) {
            const uint32_t child = last_child(&g, index);
            if (child == index)
                return index; /* no child held: not asked for a rule that holds */
            index = child;
        } else if (scene->rule[part->rule].part_count > 0) {
            index = scene->rule[part->rule].part_first;
        } else {
            return index;
        }
    }
}
