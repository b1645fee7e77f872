/* What crossing remembers of each track at a zone; of a line, see struct vg_passage. Inside of
 * src/events only. */
#ifndef VG_EVENTS_CROSSING_H
#define VG_EVENTS_CROSSING_H

#include "src/events/watch.h"

/* A track's time in a zone. Zeroed: it is not there. */
struct vg_stay {
    bool inside; /* when it was seen last */
    struct vg_media_time since, last;
};

struct vg_stays {
    struct vg_stay stay[VG_TRACKS_MAX]; /* by slot */
};

/* Passages through a line, or presence in a zone; memory: struct vg_stays. */
void vg_crossing_watch(const struct vg_watch *watch);
void vg_crossing_forget(void *memory, uint32_t slot);

#endif
