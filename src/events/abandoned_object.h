/* EVT5: a thing that somebody put down and went away from. */
#ifndef VG_EVENTS_ABANDONED_OBJECT_H
#define VG_EVENTS_ABANDONED_OBJECT_H

#include "src/events/thing.h"
#include "src/events/watch.h"

#define VG_THINGS_MAX         32
#define VG_THING_SAMPLES_SIDE 8 /* so many times so many looks at a thing say whether it changes */
#define VG_THING_SAMPLES      (VG_THING_SAMPLES_SIDE * VG_THING_SAMPLES_SIDE)
#define VG_THING_NEAR_MAX     12
#define VG_THING_PERSONS_MAX  64

/* Somebody by a thing. */
struct vg_thing_near {
    uint32_t track; /* 0: free */
    int64_t since_us, last_us;
    bool carrier; /* was there when it appeared */
};

struct vg_thing_sample {
    uint8_t luma, blue, red, long_luma;
    bool taken;
};

struct vg_thing {
    uint32_t number;                         /* 0: free */
    struct vg_span span;                     /* map pixels */
    uint32_t area;                           /* of its region */
    struct vg_span other;                    /* the region that is there now, if it is another */
    int64_t other_us, born_us, seen_us;      /* since when; first and last seen */
    int64_t alone_us;                        /* since when nobody is with it */
    int64_t alike_us, changed_us, person_us; /* last looked as at first, changed, taken for one */
    uint32_t person_looks;                   /* taken for a person with nobody else near */
    bool stirred;                            /* something moved beside when it appeared */
    bool looked;                             /* the samples are taken */
    double restless;                         /* share of it that moves of itself, over seconds */
    struct vg_border border;                 /* mean of its life */
    double fill;                             /* share of its box that the region takes */
    struct vg_thing_near near[VG_THING_NEAR_MAX];
    struct vg_thing_sample sample[VG_THING_SAMPLES];
};

/* Where somebody was seen last. */
struct vg_thing_person {
    uint32_t track; /* 0: free */
    int64_t last_us;
    struct vg_box box; /* pixels */
};

/* Heights of persons by where they stand: the sums of a straight line. */
struct vg_thing_heights {
    double count, y, h, yy, yh;
};

struct vg_things {
    uint32_t numbers;
    uint32_t width, height;     /* of the maps */
    int64_t last_us, learnt_us; /* of the last picture; of its maps */
    struct vg_thing thing[VG_THINGS_MAX];
    struct vg_thing_person person[VG_THING_PERSONS_MAX];
    struct vg_thing_heights heights;
    uint8_t calm[VG_MAP_PIXELS_MAX]; /* since when nothing moves there, VG_MAPS_STAYS_US each */
    struct vg_blobs blobs;
};

void vg_abandoned_object_watch(const struct vg_watch *watch);

#endif
