/* Which alert found which event: the normative matching (docs/scoring.md). Pure. */
#ifndef VG_SCORE_EVENT_MATCH_H
#define VG_SCORE_EVENT_MATCH_H

#include "src/score/alert_file.h"

enum vg_event_profile {
    VG_PROFILE_ONSET,  /* near the event's start: later an alert is of no use */
    VG_PROFILE_OVERLAP /* anywhere within the event */
};

struct vg_event_window {
    enum vg_event_profile profile;
    double before_s, after_s; /* around the start (onset) or around the whole event (overlap) */
};

/* The window of a kind of event by its table; overlap: 0 and 0. */
struct vg_event_window vg_event_window_of(enum vg_event_profile profile, int kind);

enum vg_finding {
    VG_FINDING_TRUE,         /* the first for its event, in time */
    VG_FINDING_TRUE_IGNORED, /* the same of an event that does not count */
    VG_FINDING_DUPLICATE,    /* a further one for an event already found: neither true nor false */
    VG_FINDING_LATE,         /* for an event that was not found in time: counts as false */
    VG_FINDING_LATE_IGNORED,
    VG_FINDING_FALSE
};

struct vg_finding_of {
    enum vg_finding finding;
    const struct vg_true_event *event; /* NULL: none */
};

/* One clip and one kind of event. alerts: sorted by time, then id. found: room for alert_count.
 * matched: room for event_count, set to whether an alert found the event.
 *
 * Each alert takes, of the events not yet found in whose window it lies, the one whose window
 * closes first (then starts first, then stands first in the file): that gives the most pairs
 * possible. Ends of windows belong to them. */
void vg_event_match(const struct vg_true_event *const *events, size_t event_count,
                    const struct vg_raised *const *alerts, size_t alert_count,
                    const struct vg_event_window *window, bool *matched,
                    struct vg_finding_of *found);

#endif
