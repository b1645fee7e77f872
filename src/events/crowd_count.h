/* How many persons of a throng the detector does not see, in a calibrated zone.
 *
 * Boxes saturate where people hide each other: from about one on two square metres on, the count
 * stays behind. What differs from the background does not. Its area, each pixel as a part of a
 * person who would stand there, grows with the number of people; how many people it is worth is
 * learnt in the zone while there are few, from the boxes themselves, and used when there are many.
 * The two counts are mixed by how dense the crowd is, so that there is no jump between them.
 * Nobody is added who is not among others: the dense count is a few times the boxes at most.
 * Inside of src/events only; pure. */
#ifndef VG_EVENTS_CROWD_COUNT_H
#define VG_EVENTS_CROWD_COUNT_H

#include "src/events/watch.h"

/* Zeroed: nothing learnt. */
struct vg_crowd_count {
    struct vg_media_time time; /* of the picture that was looked at last */
    bool looked, measured;     /* measured: area_m2 is for this size of picture */
    uint32_t width, height;
    double area_m2;          /* of the zone; 0: not known */
    double persons, covered; /* sums while there were few, fading */
    double hidden;           /* found in the picture of `time` */
};

/* What the boxes tell. */
struct vg_crowd_seen {
    uint32_t persons;
};

/* Persons in the rule's zone beyond those seen; 0 where nothing is known. Looks once a picture. */
double vg_crowd_count_hidden(struct vg_crowd_count *crowd, const struct vg_watch *watch,
                             const struct vg_crowd_seen *seen);

/* Those hidden in the picture looked at last, by where their feet would be, over the cells of a grid
 * of that shape (src/base/heat_grid.h): as the foreground that is in nobody's box says, or all of it
 * where none is left. False: nobody is, or not known where. */
bool vg_crowd_count_spread(const struct vg_crowd_count *crowd, const struct vg_watch *watch,
                           uint32_t columns, uint32_t rows, double *cells);

#endif
