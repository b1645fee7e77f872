/* What moves against a zone's way and is no track, followed by the flow. Inside of src/events only. */
#ifndef VG_EVENTS_WRONG_WAY_FLOW_H
#define VG_EVENTS_WRONG_WAY_FLOW_H

#include "src/events/watch.h"

#define VG_WRONG_WAY_BLOBS_MAX 16 /* followed at once; others wait for room */

/* Cells that go against the way, joined; lengths in cells. */
struct vg_wrong_blob {
    uint32_t cells;
    double left, top, right, bottom; /* of the cells, to their outer edges */
    double x, y;                     /* their middle */
    double step_x, step_y;           /* their mean movement since the picture before */
};

struct vg_wrong_follower {
    uint32_t number; /* from 1; 0: free */
    struct vg_media_time born, seen;
    uint32_t pictures;
    struct vg_wrong_blob blob; /* as last seen */
    double came;               /* along the way, against it, by its flow; cells */
    double front, rear;        /* where its ends were at first, along the way */
    double moved; /* the most that an end has come on: only one moves of what comes into the zone */
    double length; /* along the way, the greatest */
    bool taken;    /* found again in this picture */
};

struct vg_wrong_way_flow {
    uint32_t numbers; /* given so far */
    double person;    /* mean height of the persons seen here, picture pixels; 0: none yet */
    double births;    /* of followers in the last seconds, older ones count less */
    struct vg_media_time last; /* the picture before */
    struct vg_wrong_follower follower[VG_WRONG_WAY_BLOBS_MAX];
};

/* Part of vg_wrong_way_watch. Says and sights things, VG_SUBJECT_THING and their number. */
void vg_wrong_way_flow_watch(const struct vg_watch *watch, struct vg_wrong_way_flow *memory);

#endif
