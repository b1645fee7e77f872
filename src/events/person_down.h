/* What a rule on `person_down` remembers. Inside of src/events only. */
#ifndef VG_EVENTS_PERSON_DOWN_H
#define VG_EVENTS_PERSON_DOWN_H

#include "src/events/watch.h"

#define VG_DOWN_BODIES_MAX 8 /* followed at once; more who fall at the same time wait */

/* How tall the person of a slot stood of late. */
struct vg_down_stand {
    struct vg_media_time window; /* start of the present window */
    struct vg_box now, before;   /* the tallest box of this window and of the one before, pixels;
                                       no height: none */
    struct vg_point first;       /* foot when first seen, pixels */
    bool known;                  /* `first` is a position */
};

/* Somebody who may have fallen. */
struct vg_down_body {
    uint32_t number;            /* from 1; 0: free */
    uint32_t track;             /* who it was while upright */
    struct vg_box stood;        /* the box before the fall, pixels */
    struct vg_box box;          /* where it lies now, or was seen last */
    bool placed;                /* `box` is of one who lies */
    struct vg_media_time since; /* it fell */
    struct vg_media_time found; /* something spoke for it last */
    double sure_s;              /* evidence, seconds: src/events/down_evidence.h */
    float score;                /* the best of the last evidence */
    bool lies;
    /* the last look at the place: the best box of one who lies, and of one who is upright; score 0:
     * none */
    struct vg_media_time looked;
    struct vg_detection turned, plain, upright;
};

struct vg_down_memory {
    struct vg_media_time time; /* of the last picture */
    bool started, swayed;
    struct vg_media_time sway; /* the view was last seen beside its background; if `swayed` */
    uint32_t numbers;          /* given so far */
    struct vg_down_stand stand[VG_TRACKS_MAX];
    struct vg_down_body body[VG_DOWN_BODIES_MAX];
};

/* EVT8: a person fell and stays down. */
void vg_person_down_watch(const struct vg_watch *watch);
void vg_person_down_forget(void *memory, uint32_t slot);

#endif
