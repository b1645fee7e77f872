/* What crowd_movement remembers of a place. Inside of src/events only. */
#ifndef VG_EVENTS_CROWD_MOVEMENT_H
#define VG_EVENTS_CROWD_MOVEMENT_H

#include "src/events/watch.h"

/* How a person moves, smoothed over some pictures. */
struct vg_crowd_body {
    bool known;
    float x, y; /* heights a second */
};

/* What is usual in the place. */
struct vg_crowd_usual {
    double pace;         /* heights a second */
    double way_x, way_y; /* mean of the unit vectors of all that moved */
    double seen_s;       /* with somebody in it */
};

struct vg_crowd {
    struct vg_media_time time;
    bool looked; /* at the picture of `time` */
    enum vg_why_not why;
    struct vg_crowd_usual usual;
    /* what holds now: mean speed, those who run, who are there, who move; mean speed away from their
     * middle; mean cosine with the usual way */
    double pace, runners, bodies, movers, outward, cosine;
    struct vg_crowd_body body[VG_TRACKS_MAX]; /* by slot */
};

/* People run, scatter, come together or go against the stream at once; memory: struct vg_crowd. */
void vg_crowd_movement_watch(const struct vg_watch *watch);
void vg_crowd_movement_forget(void *memory, uint32_t slot);

/* Their mean speed, heights of a person a second. */
double vg_crowd_movement_flow(const struct vg_watch *watch);

#endif
