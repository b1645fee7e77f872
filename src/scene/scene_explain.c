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

/* What must happen, such as: an object (person) enters the zone "Quai". */
static void condition(const struct vg_scene *scene, const struct vg_rule *rule, char *text,
                      size_t size)
{
    char list[PART_SIZE];
    const char *classes = class_words(rule->classes, list, sizeof list);
    const char *place = vg_scene_place_name(scene, rule->place);
    const bool line = rule->place >= 0 && scene->place[rule->place].kind == VG_PLACE_LINE;
    if (rule->event == VG_EVENT_WRONG_WAY)
        (void)snprintf(text, size, _("an object (%s) moves against the way of the zone \"%s\""),
                       classes, place);
    else if (rule->event == VG_EVENT_DENSITY)
        (void)snprintf(text, size, _("more than %g objects (%s) are in the zone \"%s\""),
                       (double)rule->over, classes, place);
    else if (!line)
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
    if (!calendar->holidays)
        add(&s, "%s", _(" except on public holidays"));
}

void vg_scene_explain_rule(const struct vg_scene *scene, const struct vg_rule *rule, char *text,
                           size_t size)
{
    char what[2 * PART_SIZE], when[PART_SIZE];
    condition(scene, rule, what, sizeof what);
    hours(&rule->calendar, when, sizeof when);
    struct sentence s = {text, size, 0};
    const char *severity = _(vg_severity_label(rule->severity));
    const double hold_s = (double)rule->hold_us / (double)VG_US_PER_S;
    const double cooldown_s = (double)rule->cooldown_us / (double)VG_US_PER_S;
    const bool passage = rule->event == VG_EVENT_CROSSING && rule->place >= 0 &&
                         scene->place[rule->place].kind == VG_PLACE_LINE;
    if (rule->hold_us > 0 && !passage) /* a passage is over as soon as seen */
        add(&s, _("Rule %s raises an alert of %s severity when %s for at least %g s, %s"), rule->id,
            severity, what, hold_s, when);
    else
        add(&s, _("Rule %s raises an alert of %s severity as soon as %s, %s"), rule->id, severity,
            what, when);
    add(&s, _(", with a score of at least %g"), (double)rule->min_score);
    if (rule->cooldown_us > 0)
        add(&s, _(", at most once every %g s"), cooldown_s);
    if (!rule->active)
        add(&s, "%s", _("; the rule is switched off"));
    add(&s, ".");
}
