/* The events that this version watches, one row each: the row is the whole of what the watcher
 * knows of an event. Inside of src/events only. */
#ifndef VG_EVENTS_EVENT_TABLE_H
#define VG_EVENTS_EVENT_TABLE_H

#include <stddef.h>

#include "src/events/watch.h"

#define VG_EVENT_MEASURES_MAX 2

struct vg_event_row {
    enum vg_event event;
    /* Looks at one picture for one rule: adds sightings, says why not. */
    void (*watch)(const struct vg_watch *watch);
    /* Numbers of the rule's place; below 0: not known now. */
    struct {
        const char *name; /* NULL: no more */
        double (*value)(const struct vg_watch *watch);
    } measure[VG_EVENT_MEASURES_MAX];
    /* Persons of the rule's place whom the picture's boxes hide, into cells of a grid of that shape
     * (all are set); false: nobody, cells may be anything. NULL: it counts none. */
    bool (*hidden)(const struct vg_watch *watch, uint32_t columns, uint32_t rows, double *cells);
    uint32_t maps;       /* that it looks at, bits of enum vg_maps_set */
    uint32_t maps_sized; /* where the scene is calibrated, these too */
    bool wishes;         /* it may wish for looks */
    size_t memory; /* bytes for each rule on it, zeroed at open and with each epoch; 0: none */
    /* The track of this slot is gone; NULL: it does not matter. */
    void (*forget)(void *memory, uint32_t slot);
};

/* NULL for an event that is not watched. */
const struct vg_event_row *vg_event_row(enum vg_event event);

#endif
