/* A sighting that became an alert: what a person is told. Plain data, handed to the spool. */
#ifndef VG_RULES_ALERT_H
#define VG_RULES_ALERT_H

#include "src/events/sighting.h"
#include "src/scene/scene.h"

#define VG_ALERT_PARTS_MAX 16

/* A part of a composed rule that brought its alert about. */
struct vg_alert_part {
    uint32_t rule; /* index in the scene */
    float score;
    struct vg_media_time first, last; /* when it held, the last time up to the alert */
};

struct vg_alert {
    uint32_t rule;       /* index in the scene; the scene stands beside it */
    enum vg_event event; /* of a composed rule: that of the part which came last; and its place */
    enum vg_severity severity;
    int place;                  /* index in the scene, -1: whole picture */
    struct vg_media_time media; /* of the picture that raised it */
    struct vg_media_time onset; /* when the condition began to hold */
    /* The same moment on the clock of the site, as it was read then: with flux and rule it is
     * the name of the onset, the same after a restart. 0 when that clock is not known. */
    struct vg_wall_time onset_wall;
    uint64_t sequence; /* of this rule's alerts, from 1, kept over restarts */
    float score;
    double count; /* density: objects in the place */
    uint32_t part_count;
    struct vg_alert_part part[VG_ALERT_PARTS_MAX];
    uint32_t box_count;
    struct vg_sighting_box box[VG_SIGHTING_BOXES_MAX]; /* pixels */
};

#endif
