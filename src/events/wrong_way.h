/* What wrong_way remembers of each track. Inside of src/events only. */
#ifndef VG_EVENTS_WRONG_WAY_H
#define VG_EVENTS_WRONG_WAY_H

#include "src/events/watch.h"
#include "src/events/wrong_way_flow.h"

#define VG_WAY_POINTS 24 /* six heights of path, a point each quarter */

/* Where a track came by while it was in the zone. Zeroed: nowhere yet. */
struct vg_way {
    uint32_t first, count; /* kept points, circular */
    bool against, far;     /* it moves so, and has for the distance; until it turns or leaves */
    struct vg_media_time inside;          /* when it was there last */
    struct vg_point last;                 /* where, pixels */
    struct vg_point point[VG_WAY_POINTS]; /* pixels */
};

struct vg_ways {
    struct vg_way way[VG_TRACKS_MAX]; /* by slot */
    struct vg_wrong_way_flow flow;    /* of what has no track */
};

/* Movement against a zone's direction; memory: struct vg_ways. */
void vg_wrong_way_watch(const struct vg_watch *watch);
void vg_wrong_way_forget(void *memory, uint32_t slot);

#endif
