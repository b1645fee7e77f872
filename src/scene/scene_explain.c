/* A rule as one sentence. Each event has its own whole clause, so that a translator may order
 * the words (and, with %2$s, the parts) as the language wants. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "src/base/text.h"
#include "src/scene/scene.h"

#define PART_SIZE 512

/* Text that is added to and never overflows: what does not fit is cut. */
struct sentence {
    char *text;
    size_t size, used;
};

static void add(struct sentence *s, const char *format, ...) VG_PRINTF(2, 3);

static void add(struct sentence *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int wrote = vsnprintf(s->text + s->used, s->size - s->used, format, args);
    va_end(args);
    if (wrote > 0)
        s->used += (size_t)wrote < s->size - s->used ? (size_t)wrote : s->size - s->used - 1;
}

static const char *class_words(vg_class_set classes, char *text, size_t size)
{
    if (classes == VG_CLASS_SET_MOVING)
        return _("person or vehicle");
    struct sentence s = {text, size, 0};
    text[0] = '\0';
    for (int i = 0; i < VG_CLASS_COUNT; i++)
        if (classes & 1u << i)
            add(&s, "%s%s", s.used ? ", " : "", _(vg_class_label((enum vg_class)i)));
    return text;
}

/* What must happen of an event whose place is a zone or the whole picture. */
static const struct {
    enum vg_event event;
    const char *what;
} clauses[] = {
    {VG_EVENT_CROWD_MOVEMENT, N_("a crowd moves as it usually does not")},
    {VG_EVENT_ABANDONED_OBJECT, N_("an object is left behind")},
    {VG_EVENT_WEAPON, N_("a weapon is seen")},
    {VG_EVENT_PERSON_DOWN, N_("a person lies on the ground")},
    {VG_EVENT_FIRE, N_("a fire starts")},
};

static bool is_passage(const struct vg_scene *scene, const struct vg_rule *rule)
{
    return rule->event == VG_EVENT_CROSSING && rule->place >= 0 &&
           scene->place[rule->place].kind == VG_PLACE_LINE;
}

/* What must happen, such as: an object (person) enters the zone "Quai". */
static void condition(const struct vg_scene *scene, const struct vg_rule *rule, char *text,
                      size_t size)
{
    char list[PART_SIZE];
    const char *classes = class_words(rule->classes, list, sizeof list);
    const char *place = vg_scene_place_name(scene, rule->place);
    for (size_t i = 0; i < sizeof clauses / sizeof *clauses; i++) {
        if (clauses[i].event != rule->event)
            continue;
        const bool knife = rule->event == VG_EVENT_WEAPON && rule->classes & 1u << VG_CLASS_KNIFE;
        const char *what = knife ? _("a weapon or a knife is seen") : _(clauses[i].what);
        if (rule->place < 0)
            (void)snprintf(text, size, "%s", what);
        else
            (void)snprintf(text, size, _("%s in the zone \"%s\""), what, place);
        return;
    }
    if (rule->event == VG_EVENT_WRONG_WAY)
        (void)snprintf(text, size, _("an object (%s) moves against the way of the zone \"%s\""),
                       classes, place);
    else if (rule->event == VG_EVENT_DENSITY)
        (void)snprintf(text, size, _("more than %g objects (%s) are in the zone \"%s\""),
                       (double)rule->over, classes, place);
    else if (!is_passage(scene, rule))
        (void)snprintf(text, size, _("an object (%s) is in the zone \"%s\""), classes, place);
    else if (rule->direction == VG_SIDE_LEFT)
        (void)snprintf(text, size, _("an object (%s) crosses the line \"%s\" towards its left"),
                       classes, place);
    else if (rule->direction == VG_SIDE_RIGHT)
        (void)snprintf(text, size, _("an object (%s) crosses the line \"%s\" towards its right"),
                       classes, place);
    else
        (void)snprintf(text, size, _("an object (%s) crosses the line \"%s\" in either direction"),
                       classes, place);
}

static void hours(const struct vg_calendar *calendar, char *text, size_t size)
{
    static const char *const days[] = {N_("Monday"),   N_("Tuesday"), N_("Wednesday"),
                                       N_("Thursday"), N_("Friday"),  N_("Saturday"),
                                       N_("Sunday")};
    if (!calendar->given) {
        (void)snprintf(text, size, "%s", _("at any time"));
        return;
    }
    struct sentence s = {text, size, 0};
    text[0] = '\0';
    if (calendar->days == 0x7f)
        add(&s, "%s", _("every day"));
    for (int i = 0; calendar->days != 0x7f && i < 7; i++)
        if (calendar->days & 1u << i)
            add(&s, "%s%s", s.used ? ", " : "", _(days[i]));
    if (calendar->from_min != 0 || calendar->to_min != 1440) {
        char from[8], to[8];
        (void)snprintf(from, sizeof from, "%02d:%02d", calendar->from_min / 60 % 100,
                       calendar->from_min % 60);
        (void)snprintf(to, sizeof to, "%02d:%02d", calendar->to_min / 60 % 100,
                       calendar->to_min % 60);
        add(&s, _(" from %s to %s"), from, to);
    }
    if (!calendar->holidays && calendar->region == VG_HOLIDAYS_ALSACE_MOSELLE)
        add(&s, "%s", _(" except on public holidays (with those of Alsace-Moselle)"));
    else if (!calendar->holidays)
        add(&s, "%s", _(" except on public holidays"));
}

/* ---- composed rules ------------------------------------------------------------------------ */

static void add_part(struct sentence *s, const struct vg_scene *scene, int index);

/* The children with a word between them, in brackets unless there is only one. */
static void add_children(struct sentence *s, const struct vg_scene *scene,
                         const struct vg_part *part, const char *between)
{
    const bool several = scene->part[part->child].next >= 0;
    if (several)
        add(s, "(");
    for (int i = part->child; i >= 0; i = scene->part[i].next) {
        if (i != part->child)
            add(s, "%s", between);
        add_part(s, scene, i);
    }
    if (several)
        add(s, ")");
}

static void add_rule_part(struct sentence *s, const struct vg_scene *scene,
                          const struct vg_rule *rule)
{
    char what[2 * PART_SIZE];
    if (!rule->hidden) {
        add(s, _("rule %s holds"), rule->id);
        return;
    }
    condition(scene, rule, what, sizeof what);
    add(s, "%s", what);
    if (rule->hold_us > 0 && !is_passage(scene, rule))
        add(s, _(" for at least %g s"), (double)rule->hold_us / (double)VG_US_PER_S);
}

static void add_unless(struct sentence *s, const struct vg_scene *scene, const struct vg_part *part)
{
    add(s, "%s", _(", unless "));
    add_part(s, scene, part->unless);
    if (part->within_us > 0)
        add(s, _(" or did in the last %g s"), (double)part->within_us / (double)VG_US_PER_S);
}

/* As deep as the reader lets a part stand: VG_SCENE_PARTS_DEPTH. */
static void add_part(struct sentence *s, const struct vg_scene *scene, int index)
{
    const struct vg_part *part = &scene->part[index];
    char text[PART_SIZE];
    switch (part->kind) {
    case VG_PART_RULE:
        add_rule_part(s, scene, &scene->rule[part->rule]);
        break;
    case VG_PART_CALENDAR:
        hours(&part->calendar, text, sizeof text);
        add(s, _("it is in these hours: %s"), text);
        break;
    case VG_PART_ALL:
        add_children(s, scene, part, _(" and "));
        break;
    case VG_PART_ANY:
        add_children(s, scene, part, _(" or "));
        break;
    case VG_PART_NOT:
        if (scene->part[part->child].kind == VG_PART_CALENDAR) {
            hours(&scene->part[part->child].calendar, text, sizeof text);
            add(s, _("it is outside of these hours: %s"), text);
            break;
        }
        add(s, "%s", _("it is not so that "));
        add_part(s, scene, part->child);
        break;
    case VG_PART_THEN:
        (void)snprintf(text, sizeof text, _(" and then, within %g s, "),
                       (double)part->within_us / (double)VG_US_PER_S);
        add_children(s, scene, part, text);
        break;
    }
    if (part->unless >= 0)
        add_unless(s, scene, part);
}

static void clause(const struct vg_scene *scene, const struct vg_rule *rule, char *text,
                   size_t size)
{
    struct sentence s = {text, size, 0};
    text[0] = '\0';
    if (rule->part_count > 0)
        add_part(&s, scene, (int)rule->part_first);
    else
        condition(scene, rule, text, size);
}

/* ---- the sentence -------------------------------------------------------------------------- */

void vg_scene_explain_rule(const struct vg_scene *scene, const struct vg_rule *rule, char *text,
                           size_t size)
{
    char what[VG_SCENE_SENTENCE_MAX / 2], when[PART_SIZE];
    clause(scene, rule, what, sizeof what);
    hours(&rule->calendar, when, sizeof when);
    struct sentence s = {text, size, 0};
    const char *severity = _(vg_severity_label(rule->severity));
    const double hold_s = (double)rule->hold_us / (double)VG_US_PER_S;
    const double cooldown_s = (double)rule->cooldown_us / (double)VG_US_PER_S;
    if (rule->hold_us > 0 && !is_passage(scene, rule)) /* a passage is over as soon as seen */
        add(&s, _("Rule %s raises an alert of %s severity when %s for at least %g s, %s"), rule->id,
            severity, what, hold_s, when);
    else
        add(&s, _("Rule %s raises an alert of %s severity as soon as %s, %s"), rule->id, severity,
            what, when);
    if (rule->part_count == 0)
        add(&s, _(", with a score of at least %g"), (double)rule->min_score);
    if (rule->cooldown_us > 0)
        add(&s, _(", at most once every %g s"), cooldown_s);
    if (!rule->active)
        add(&s, "%s", _("; the rule is switched off"));
    add(&s, ".");
}

void vg_scene_explain_mask(const struct vg_scene *scene, int place, char *text, size_t size)
{
    const struct vg_place *mask = &scene->place[place];
    const char *name = vg_scene_place_name(scene, place);
    struct sentence s = {text, size, 0};
    char list[PART_SIZE] = "";
    struct sentence events = {list, sizeof list, 0};
    for (int i = 0; i < VG_EVENT_COUNT; i++)
        if (mask->events & 1u << i)
            add(&events, "%s%s", events.used ? ", " : "", _(vg_event_label((enum vg_event)i)));
    if (mask->events)
        add(&s, _("The mask \"%s\" hides from the rules on: %s."), name, list);
    else
        add(&s, _("The mask \"%s\" hides from all rules."), name);
}
