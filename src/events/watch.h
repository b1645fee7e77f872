/* What the files of the events share: one rule looked at in one picture. Inside of src/events
 * only. */
#ifndef VG_EVENTS_WATCH_H
#define VG_EVENTS_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/geometry.h"
#include "src/events/watcher.h"

/* A passage through a line is counted once the foot is this part of the box's height away from
 * it, so that somebody who stands on the line does not pass it at each tremble of the box. */
#define VG_PASSAGE_MARGIN 0.05f

/* A track that no picture shows is still counted in a place for this long: somebody passes before
 * it. On PETS09-S2L1 the count is as good from 1 to 2 s, and worse below. */
#define VG_COUNT_TOLERANCE_US VG_US_PER_S

/* A track found again after longer than this may be somebody else: its step is no passage. */
#define VG_PASSAGE_GAP_US (2 * VG_US_PER_S)

/* How far one track has come through one line. Zeroed: nothing known. */
struct vg_passage {
    bool placed;               /* `last` is a position */
    struct vg_point last;      /* foot, fractions */
    struct vg_media_time time; /* of last */
    enum vg_side
        pending; /* side come out on, not yet told: too near to the line, or not admitted */
    struct vg_media_time since; /* of the step that passed */
};

/* One track in this picture, with what the watcher knows of it. */
struct vg_subject {
    const struct vg_track *track;
    uint32_t slot;        /* its place in tables by track, below VG_TRACKS_MAX */
    struct vg_point foot; /* fractions of the picture */
    float score;          /* the best of its last second or two: one bad look is no reason */
    bool masked;          /* from rules on the event of this one */
};

/* One rule in one picture. */
struct vg_watch {
    const struct vg_scene *scene;
    const struct vg_rule *rule;
    uint32_t rule_index;
    const struct vg_watch_input *input;
    const struct vg_subject *subjects; /* by rising track id */
    uint32_t subject_count;
    struct vg_passage *passages; /* VG_TRACKS_MAX by slot; NULL if the rule is at no line */
    void *memory;                /* the rule's own, as its event's row says; NULL: it has none */
    struct vg_watch_output *output;
};

/* VG_WHY_HOLDS if the subject is one the rule looks at: class, score, confirmed, no mask. */
enum vg_why_not vg_watch_admits(const struct vg_watch *watch, const struct vg_subject *subject);

/* Whether a track that was at `from` (pixels) cannot have come to its foot in that time: its box
 * jumped, or it is somebody else now. Half a box's height for the box's own tremble, and a runner's
 * or a fast vehicle's way. */
bool vg_watch_jumped(const struct vg_subject *subject, struct vg_point from, int64_t after_us);

/* Whether the foot lies in the rule's zone; true for the whole picture. */
bool vg_watch_inside(const struct vg_watch *watch, struct vg_point foot);

/* The zone or line of the rule; NULL: the whole picture. */
const struct vg_place *vg_watch_place(const struct vg_watch *watch);

/* Tells the explainer, if there is one. track 0: the place as a whole. */
void vg_watch_say(const struct vg_watch *watch, uint32_t track, enum vg_why_not why, double value);

/* A new sighting of the rule, zeroed but for rule and time; NULL (and counted as dropped) when
 * there is no room. Borrowed from the output. */
struct vg_sighting *vg_watch_sight(const struct vg_watch *watch);

/* Adds the subject's box to the sighting while there is room. */
void vg_watch_show(struct vg_sighting *sighting, const struct vg_subject *subject);

/* The same of what is no track. box: pixels of the picture. */
void vg_watch_show_thing(struct vg_sighting *sighting, struct vg_box box, enum vg_class class_id,
                         float score);

/* Wishes that `region` of the next picture be looked at. Of more than VG_LOOK_WISHES_MAX the worthiest are kept,
 * of equal ones the first. */
void vg_watch_wish(const struct vg_watch *watch, uint32_t subject, struct vg_box region,
                   enum vg_turn turn, float worth);

/* The number of a new thing, one more than `numbers`, which it becomes: 1 and up, and from 1 again
 * before VG_SUBJECT_THING and it would be a track's. Pure. */
uint32_t vg_watch_number(uint32_t *numbers);

#endif
