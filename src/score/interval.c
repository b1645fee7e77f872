#include "src/score/interval.h"

#include <math.h>

#define Z 1.959963984540054 /* 97.5 % quantile of the normal law */

struct vg_interval vg_interval_share(size_t hits, size_t trials)
{
    if (trials == 0)
        return (struct vg_interval){0, 1};
    const double n = (double)trials, p = (double)hits / n, scale = 1 + Z * Z / n;
    const double centre = (p + Z * Z / (2 * n)) / scale;
    const double half = Z / scale * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n));
    return (struct vg_interval){hits == 0 ? 0 : centre - half, hits == trials ? 1 : centre + half};
}

/* probability of at most `count` when `mean` are expected */
static double at_most(size_t count, double mean)
{
    double term = exp(-mean), sum = term;
    for (size_t k = 1; k <= count; k++) {
        term *= mean / (double)k;
        sum += term;
    }
    return sum;
}

/* the mean for which at most `count` has this probability: it falls as the mean grows */
static double mean_of(size_t count, double probability)
{
    double low = 0, high = 100; /* for counts up to 10 the answer is below 19 */
    for (int i = 0; i < 100; i++) {
        const double middle = (low + high) / 2;
        if (at_most(count, middle) > probability)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* half the quantile of chi squared with 2 * shape degrees, z its normal quantile */
static double half_chi_squared(double shape, double z)
{
    const double nu = 2 * shape, a = 2 / (9 * nu), root = 1 - a + z * sqrt(a);
    return nu * root * root * root / 2;
}

struct vg_interval vg_interval_count(size_t count)
{
    if (count == 0)
        return (struct vg_interval){0, mean_of(0, 0.025)};
    if (count <= 10)
        return (struct vg_interval){mean_of(count - 1, 0.975), mean_of(count, 0.025)};
    return (struct vg_interval){half_chi_squared((double)count, -Z),
                                half_chi_squared((double)count + 1, Z)};
}
