/* Whether a quantity that is looked at again and again drifts: the slope of a line through it, and the
 * interval in which that is known. */
#ifndef VG_BENCH_DRIFT_H
#define VG_BENCH_DRIFT_H

#include <stdint.h>

struct vg_drift {
    double per_hour; /* in the values' unit */
    double error;    /* half of the 95 % interval */
};

/* Of count values, each_s seconds from one to the next, by least squares; 0 and 0 below three. Pure.
 *
 * Memory that grew by a page stays so: neighbours are not independent, and an interval that takes them
 * for it calls any step a drift. So the residuals count for as many as are independent of each other,
 * n (1 - r) / (1 + r), r their correlation from one to the next (Santer et al., "Statistical
 * significance of trends and trend differences in layer-average atmospheric temperature time series",
 * J. Geophys. Res. 105, 2000, equations 4 to 6). */
struct vg_drift vg_drift_of(const double *values, uint32_t count, double each_s);

/* The same of what is left when they go with another quantity, `beside`, of as many values: least squares by
 * time and by it together, with one parameter more (0 and 0 below four). One that stands still, or is
 * time itself, takes nothing away. It is no proof that the other is the cause. */
struct vg_drift vg_drift_beside(const double *values, const double *beside, uint32_t count,
                                double each_s);

#endif
