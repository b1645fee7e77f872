#include "src/score/event_condition.h"

#include <string.h>

static size_t find(const struct vg_event_condition *conditions, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(conditions[i].name, name) == 0)
            return i;
    }
    return count < VG_CONDITIONS_MAX ? count : VG_CONDITIONS_MAX - 1;
}

static bool any_named(const struct vg_event_truth *truth)
{
    for (size_t i = 0; i < truth->clip_count; i++) {
        if (*truth->clip[i].condition)
            return true;
    }
    return false;
}

size_t vg_event_conditions(const struct vg_event_truth *truth, const struct vg_event_score *score,
                           int kind, struct vg_event_condition conditions[VG_CONDITIONS_MAX])
{
    bool unknown[VG_CONDITIONS_MAX] = {false};
    size_t count = 0;
    if (!any_named(truth))
        return 0;
    for (size_t i = 0; i < truth->clip_count; i++) {
        const struct vg_clip *clip = &truth->clip[i];
        const size_t at = find(conditions, count, clip->condition);
        if (at == count)
            conditions[count++] = (struct vg_event_condition){.name = clip->condition};
        conditions[at].clips++;
        conditions[at].seconds += clip->seconds;
        unknown[at] |= clip->analysed && !(clip->seconds > 0);
        vg_event_counts_add(&conditions[at].counts,
                            &score->by_clip[(size_t)kind * truth->clip_count + i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (unknown[i]) /* a part of the time would make the rates too high */
            conditions[i].seconds = 0;
    }
    return count;
}
