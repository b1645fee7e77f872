/* The eight events as the score sees them, and the truth of clips: CSV with the header
 * file,event,start_s,end_s and, if wanted, ignore (1: may be found or not), duration_s (length
 * of the clip, for rates) and condition (night, rain, a camera's name); further columns are ignored. A row without event names a clip in
 * which nothing happens. */
#ifndef VG_SCORE_EVENT_TRUTH_H
#define VG_SCORE_EVENT_TRUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_SCORE_EVENTS    8
#define VG_SCORE_CLIPS_MAX 10000
#define VG_SCORE_NAME_SIZE 256
#define VG_CONDITION_SIZE  64
#define VG_SCORE_ROWS_MAX  1000000
#define VG_SCORE_SECONDS   1e8 /* the largest time in a file: three years */

/* How an event is judged: an alert counts from before_s ahead of the event's start to after_s
 * behind it; rule_s is how long the rule itself waits (its default hold). */
struct vg_event_kind {
    const char *name;  /* "crossing", as in files */
    const char *label; /* msgid */
    double before_s, after_s, rule_s;
    double target_per_day; /* false alerts per camera and day that are aimed at */
};
extern const struct vg_event_kind vg_event_kinds[VG_SCORE_EVENTS];

/* Index into vg_event_kinds, -1: not an event. */
int vg_event_kind_of(const char *name);

struct vg_true_event {
    uint32_t clip; /* index */
    int kind;
    double start_s, end_s;
    bool ignore;
};

struct vg_clip {
    char name[VG_SCORE_NAME_SIZE];     /* as in the truth */
    double seconds;                    /* 0: not known */
    bool analysed;                     /* set by who reads the alerts */
    char folder[VG_SCORE_NAME_SIZE];   /* of its results within theirs, "" if not known; likewise */
    char condition[VG_CONDITION_SIZE]; /* "" if not said; the first of its rows */
};

struct vg_event_truth {
    size_t clip_count, event_count;
    struct vg_clip *clip;
    struct vg_true_event *event; /* in the order of the file */
};

/* Pure but for memory. *truth is given: close it; empty on a failure. VG_E_INPUT with the line;
 * VG_E_FULL, VG_E_MEMORY. */
enum vg_status vg_event_truth_parse(const char *name, const uint8_t *data, size_t size,
                                    struct vg_event_truth *truth,
                                    struct vg_fault *fault) VG_MUST_USE;
enum vg_status vg_event_truth_open(const char *path, struct vg_event_truth *truth,
                                   struct vg_fault *fault) VG_MUST_USE;
void vg_event_truth_close(struct vg_event_truth *truth);

/* The clip of this path: its name equals a clip's, or its last part does. -1: none. */
int64_t vg_event_truth_clip(const struct vg_event_truth *truth, const char *path);

#endif
