/* What a small sample proves: 95 % intervals of a share and of a count. Pure. */
#ifndef VG_SCORE_INTERVAL_H
#define VG_SCORE_INTERVAL_H

#include <math.h>
#include <stddef.h>

/* A figure that can not be said; asked for by isnan(). */
#define VG_UNKNOWN ((double)NAN)

struct vg_interval {
    double low, high;
};

/* Of the share hits / trials (Wilson 1927); [0, 1] without trials. hits <= trials. */
struct vg_interval vg_interval_share(size_t hits, size_t trials);

/* Of the mean of a Poisson count (Garwood 1936): exact up to 10, by Wilson and Hilferty's
 * approximation above (better than 1 %). */
struct vg_interval vg_interval_count(size_t count);

#endif
