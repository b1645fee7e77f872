/* What density remembers of a rule's level. Inside of src/events only. */
#ifndef VG_EVENTS_DENSITY_H
#define VG_EVENTS_DENSITY_H

#include "src/events/crowd_count.h"
#include "src/events/watch.h"

/* Zeroed: nothing held yet. */
struct vg_level {
    bool reached;                     /* it has held for the rule's hold */
    struct vg_media_time since, last; /* that it held first and last, without a longer dip */
};

struct vg_density {
    struct vg_level level;
    struct vg_crowd_count crowd;
};

/* More objects in a zone than the rule allows, memory: struct vg_density. */
void vg_density_watch(const struct vg_watch *watch);

/* How many there are; how many of them, if they are persons, for each square metre (-1: the scene is not calibrated). */
double vg_density_count(const struct vg_watch *watch);
double vg_density_per_m2(const struct vg_watch *watch);

/* Those of them whom no box shows, by place: as the event's row asks. */
bool vg_density_hidden(const struct vg_watch *watch, uint32_t columns, uint32_t rows,
                       double *cells);

#endif
