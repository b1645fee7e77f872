#include "src/score/event_match.h"

#define CLOSE 1e-9 /* 110 is not later than 100 + 10 because of a rounded sum */

struct vg_event_window vg_event_window_of(enum vg_event_profile profile, int kind)
{
    if (profile == VG_PROFILE_OVERLAP)
        return (struct vg_event_window){profile, 0, 0};
    return (struct vg_event_window){profile, vg_event_kinds[kind].before_s,
                                    vg_event_kinds[kind].after_s};
}

/* when an event can no longer be found in time */
static double deadline(const struct vg_true_event *e, const struct vg_event_window *w)
{
    return (w->profile == VG_PROFILE_ONSET ? e->start_s : e->end_s) + w->after_s;
}

static bool within(double t, double from, double to)
{
    return t >= from - CLOSE && t <= to + CLOSE;
}

static bool sooner(const struct vg_true_event *a, const struct vg_true_event *b,
                   const struct vg_event_window *w)
{
    const double da = deadline(a, w), db = deadline(b, w);
    if (da < db || da > db)
        return da < db;
    return a->start_s < b->start_s;
}

static struct vg_finding_of judge(const struct vg_true_event *const *events, size_t count, double t,
                                  const struct vg_event_window *w, bool *matched)
{
    size_t best = count, found = count, open = count;
    for (size_t i = 0; i < count; i++) {
        const struct vg_true_event *e = events[i];
        if (!matched[i] && within(t, e->start_s - w->before_s, deadline(e, w)) &&
            (best == count || sooner(e, events[best], w)))
            best = i;
        if (!within(t, e->start_s - w->before_s, e->end_s + w->after_s))
            continue;
        if (matched[i] && found == count)
            found = i;
        if (!matched[i] && open == count)
            open = i;
    }
    if (best < count) {
        matched[best] = true;
        return (struct vg_finding_of){
            events[best]->ignore ? VG_FINDING_TRUE_IGNORED : VG_FINDING_TRUE, events[best]};
    }
    if (found < count)
        return (struct vg_finding_of){VG_FINDING_DUPLICATE, events[found]};
    if (open < count)
        return (struct vg_finding_of){
            events[open]->ignore ? VG_FINDING_LATE_IGNORED : VG_FINDING_LATE, events[open]};
    return (struct vg_finding_of){VG_FINDING_FALSE, NULL};
}

void vg_event_match(const struct vg_true_event *const *events, size_t event_count,
                    const struct vg_raised *const *alerts, size_t alert_count,
                    const struct vg_event_window *window, bool *matched,
                    struct vg_finding_of *found)
{
    for (size_t i = 0; i < event_count; i++)
        matched[i] = false;
    for (size_t i = 0; i < alert_count; i++)
        found[i] = judge(events, event_count, alerts[i]->time_s, window, matched);
}
