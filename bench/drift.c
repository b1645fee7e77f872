#include "bench/drift.h"

#include <math.h>
#include <stddef.h>

#define HOUR_S 3600.0
#define LEAST  4.0  /* independent values, if there are so many: the interval is wide enough then */
#define ALIKE  1e-9 /* of its square, what must be left of a quantity that is not time itself */

/* 97.5 % of Student's distribution; a part of a degree of freedom counts for none where there are few,
 * beyond these the first terms of the expansion from the normal one (Abramowitz and Stegun 26.7.5), a
 * hundredth off at most. */
static double student(double freedom)
{
    static const double few[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447};
    const double z = 1.959964, z3 = z * z * z, z5 = z3 * z * z;
    if (freedom < sizeof few / sizeof *few + 1)
        return few[(size_t)freedom - 1];
    const double first = (z3 + z) / 4, second = (5 * z5 + 16 * z3 + 3 * z) / 96;
    return z + first / freedom + second / (freedom * freedom);
}

/* Sums of products of what is off its mean: of time t, what stands beside b, values y. */
struct sums {
    double tt, bb, tb, ty, by;
};

/* y = mean + t steps + b parts. */
struct plane {
    double middle, beside, value; /* means */
    double step, part;
    double own; /* of tt, what b does not go with */
};

static double mean_of(const double *values, uint32_t count)
{
    double mean = 0;
    for (uint32_t i = 0; i < count; i++)
        mean += values[i] / count;
    return mean;
}

static struct plane plane_of(const double *values, const double *beside, uint32_t count)
{
    struct plane plane = {.middle = (count - 1) / 2.0,
                          .beside = beside ? mean_of(beside, count) : 0,
                          .value = mean_of(values, count)};
    struct sums s = {0};
    for (uint32_t i = 0; i < count; i++) {
        const double t = i - plane.middle, b = beside ? beside[i] - plane.beside : 0,
                     y = values[i] - plane.value;
        s.tt += t * t;
        s.bb += b * b;
        s.tb += t * b;
        s.ty += t * y;
        s.by += b * y;
    }
    const double both = s.tt * s.bb - s.tb * s.tb; /* 0: b stands still, or is time itself */
    if (both > ALIKE * s.tt * s.bb) {
        plane.step = (s.ty * s.bb - s.by * s.tb) / both;
        plane.part = (s.by * s.tt - s.ty * s.tb) / both;
        plane.own = both / s.bb;
    } else {
        plane.step = s.ty / s.tt;
        plane.own = s.tt;
    }
    return plane;
}

static struct vg_drift drift_of(const double *values, const double *beside, uint32_t count,
                                double each_s)
{
    const double n = count, parameters = beside ? 3 : 2;
    double rest = 0, next = 0, before = 0;
    if (n <= parameters || each_s <= 0)
        return (struct vg_drift){0};
    const struct plane plane = plane_of(values, beside, count);
    for (uint32_t i = 0; i < count; i++) {
        const double off = values[i] - plane.value - plane.step * (i - plane.middle) -
                           (beside ? plane.part * (beside[i] - plane.beside) : 0);
        rest += off * off;
        next += i ? off * before : 0;
        before = off;
    }
    const double alike = rest > 0 ? fmin(fmax(next / rest, 0), 1) : 0;
    const double independent = fmax(n * (1 - alike) / (1 + alike), fmin(n, LEAST));
    const double freedom = fmax(independent - parameters, 1);
    return (struct vg_drift){.per_hour = plane.step * HOUR_S / each_s,
                             .error = student(freedom) * sqrt(rest / freedom / plane.own) * HOUR_S /
                                      each_s};
}

struct vg_drift vg_drift_of(const double *values, uint32_t count, double each_s)
{
    return drift_of(values, NULL, count, each_s);
}

struct vg_drift vg_drift_beside(const double *values, const double *beside, uint32_t count,
                                double each_s)
{
    return drift_of(values, beside, count, each_s);
}
