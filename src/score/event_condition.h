/* The score by the conditions of clips (night, rain, a camera's name: the truth's column
 * `condition`): a figure over all of them hides the worst. Pure. */
#ifndef VG_SCORE_EVENT_CONDITION_H
#define VG_SCORE_EVENT_CONDITION_H

#include "src/score/event_score.h"

#define VG_CONDITIONS_MAX 32

struct vg_event_condition {
    const char *name; /* borrowed from the truth, "" of clips without one */
    size_t clips;
    double seconds; /* 0: not known of all of them */
    struct vg_event_counts counts;
};

/* One kind of event, by condition in the order of the truth; returns how many: 0 when no clip
 * names one. Beyond VG_CONDITIONS_MAX the last one gathers the rest. */
size_t vg_event_conditions(const struct vg_event_truth *truth, const struct vg_event_score *score,
                           int kind, struct vg_event_condition conditions[VG_CONDITIONS_MAX]);

#endif
