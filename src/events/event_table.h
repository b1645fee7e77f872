/* The events that this version watches, one row each: the row is the whole of what the watcher
 * knows of an event. Inside of src/events only. */
#ifndef VG_EVENTS_EVENT_TABLE_H
#define VG_EVENTS_EVENT_TABLE_H

#include <stddef.h>

#include "src/events/watch.h"

struct vg_event_row {
    enum vg_event event;
    /* Looks at one picture for one rule: adds sightings, says why not. */
    void (*watch)(const struct vg_watch *watch);
    /* A number of the rule's place, or NULL with `measure` NULL. */
    const char *measure;
    double (*value)(const struct vg_watch *watch);
    uint32_t maps; /* that it looks at, bits of enum vg_maps_set */
    bool wishes;   /* it may wish for looks */
    size_t memory; /* bytes for each rule on it, zeroed at open and with each epoch; 0: none */
    /* The track of this slot is gone; NULL: it does not matter. */
    void (*forget)(void *memory, uint32_t slot);
};

/* NULL for an event that is not watched. */
const struct vg_event_row *vg_event_row(enum vg_event event);

#endif
