/* The score at one least score of alerts after another: what a higher threshold loses and spares.
 * At each the whole matching is made anew. Pure but for memory. */
#ifndef VG_SCORE_EVENT_SWEEP_H
#define VG_SCORE_EVENT_SWEEP_H

#include "src/score/event_score.h"

#define VG_SWEEP_POINTS_MAX 20

struct vg_sweep_point {
    double min_score;
    double precision, recall; /* VG_UNKNOWN: not to be said */
    double false_per_day;     /* and camera; VG_UNKNOWN without the time watched */
    size_t hits, missed, false_alerts;
};

struct vg_event_sweep {
    size_t count; /* 0: fewer than two scores, nothing to choose */
    struct vg_sweep_point point[VG_SWEEP_POINTS_MAX]; /* by rising min_score */
};

/* sweep: one for each kind of event. alerts: sorted in place, as vg_event_score_make does. The
 * thresholds are scores that alerts of the kind have, evenly by rank when there are more than
 * room. VG_E_MEMORY. */
enum vg_status vg_event_sweep_make(const struct vg_event_truth *truth, struct vg_alert_file *alerts,
                                   const struct vg_event_settings *settings,
                                   struct vg_event_sweep sweep[VG_SCORE_EVENTS]) VG_MUST_USE;

#endif
