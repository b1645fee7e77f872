#include "bench/drift.h"

#include <math.h>
#include <stddef.h>

#define HOUR_S 3600.0
#define LEAST  4.0 /* independent values, if there are so many: the interval is wide enough then */

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

struct vg_drift vg_drift_of(const double *values, uint32_t count, double each_s)
{
    const double n = count, middle = (n - 1) / 2;
    double mean = 0, xx = 0, xy = 0, rest = 0, next = 0, before = 0;
    if (count < 3 || each_s <= 0)
        return (struct vg_drift){0};
    for (uint32_t i = 0; i < count; i++)
        mean += values[i] / n;
    for (uint32_t i = 0; i < count; i++) {
        xx += (i - middle) * (i - middle);
        xy += (i - middle) * (values[i] - mean);
    }
    const double step = xy / xx;
    for (uint32_t i = 0; i < count; i++) {
        const double off = values[i] - mean - step * (i - middle);
        rest += off * off;
        next += i ? off * before : 0;
        before = off;
    }
    const double alike = rest > 0 ? fmin(fmax(next / rest, 0), 1) : 0;
    const double independent = fmax(n * (1 - alike) / (1 + alike), fmin(n, LEAST));
    const double freedom = fmax(independent - 2, 1);
    return (struct vg_drift){.per_hour = step * HOUR_S / each_s,
                             .error =
                                 student(freedom) * sqrt(rest / freedom / xx) * HOUR_S / each_s};
}
