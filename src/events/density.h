/* What density remembers of a rule's level. Inside of src/events only. */
#ifndef VG_EVENTS_DENSITY_H
#define VG_EVENTS_DENSITY_H

#include "src/events/watch.h"

/* Zeroed: nothing held yet. */
struct vg_level {
    bool reached;                     /* it has held for the rule's hold */
    struct vg_media_time since, last; /* that it held first and last, without a longer dip */
};

/* More objects in a zone than the rule allows, memory: struct vg_level; how many there are. */
void vg_density_watch(const struct vg_watch *watch);
double vg_density_count(const struct vg_watch *watch);

#endif
