/* Alerts against the truth of clips: every kind of event apart, every clip apart, then sums. */
#ifndef VG_SCORE_EVENT_SCORE_H
#define VG_SCORE_EVENT_SCORE_H

#include "src/score/event_figures.h"
#include "src/score/event_match.h"

struct vg_event_settings {
    enum vg_event_profile profile;
    double before_s, after_s; /* VG_UNKNOWN: by the kind's table */
    double min_score;         /* alerts below are left out, as if never raised */
    double seconds;           /* watched in all, 0: by the clips */
    int only_kind;            /* -1: all */
};
struct vg_event_settings vg_event_settings_defaults(void);

/* Intervals by drawing whole clips again and again (2000 times, seed 1): alerts of one clip
 * hang together. Only from 6 clips up. */
#define VG_BOOTSTRAP_CLIPS 6
#define VG_BOOTSTRAP_DRAWS 2000
#define VG_BOOTSTRAP_SEED  1

struct vg_event_kind_score {
    bool present; /* in the truth or among the alerts */
    struct vg_event_figures figures;
    struct vg_interval precision_by_clips, recall_by_clips,
        false_per_day_by_clips; /* or VG_UNKNOWN */
};

enum vg_case_what {
    VG_CASE_FOUND,
    VG_CASE_MISSED,
    VG_CASE_FALSE,
    VG_CASE_LATE, /* its event stands among the missed ones too */
    VG_CASE_REPEATED,
    VG_CASE_IGNORED,
    VG_CASE_COUNT
};
const char *vg_case_name(enum vg_case_what what);  /* "missed" */
const char *vg_case_label(enum vg_case_what what); /* msgid */

/* One alert and what it found, or one event that none found in time. */
struct vg_case {
    enum vg_case_what what;
    int kind;
    uint32_t clip;
    const struct vg_raised *alert;     /* NULL: missed */
    const struct vg_true_event *event; /* NULL: false */
    double from_s, to_s;               /* where the reasons for it are to be looked for */
};

struct vg_event_score {
    enum vg_event_profile profile;
    double before_s, after_s;         /* as asked; VG_UNKNOWN: by the table */
    size_t clip_count, clips_missing; /* missing: not analysed, their events count as missed */
    double seconds;                   /* 0: not known */
    struct vg_event_kind_score kind[VG_SCORE_EVENTS];
    struct vg_event_counts *by_clip; /* [kind * clip_count + clip] */
    size_t case_count;               /* by kind, clip, then alerts by time before what was missed */
    struct vg_case *cases;           /* point into the truth and the alerts */
    struct vg_event_figures together;   /* of the summed counts (micro average) */
    double mean_precision, mean_recall; /* over the kinds that have one (macro average) */
};

/* alerts: sorted in place by time and id. *score given: close it. VG_E_MEMORY. */
enum vg_status vg_event_score_make(const struct vg_event_truth *truth, struct vg_alert_file *alerts,
                                   const struct vg_event_settings *settings,
                                   struct vg_event_score *score) VG_MUST_USE;
void vg_event_score_close(struct vg_event_score *score);

#endif
