#include "models/histogram.h"

#include <math.h>
#include <string.h>

#define HALF        (VG_HISTOGRAM_BINS / 2)
#define FIRST_WIDTH 0x1p-24 /* 2^-12 fits; anything greater doubles it at once */

void vg_histogram_init(struct vg_histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
    histogram->width = FIRST_WIDTH;
}

double vg_histogram_middle(const struct vg_histogram *histogram, uint32_t i)
{
    return ((double)i - HALF + 0.5) * histogram->width;
}

/* Pairs become bins of twice the width; zero stays an edge between two bins. */
static void widen(struct vg_histogram *h)
{
    const uint32_t quarter = HALF / 2;
    uint64_t wide[VG_HISTOGRAM_BINS / 2];
    for (uint32_t i = 0; i < HALF; i++)
        wide[i] = h->bin[2 * i] + h->bin[2 * i + 1];
    memset(h->bin, 0, sizeof h->bin);
    memcpy(h->bin + quarter, wide, sizeof wide);
    h->width *= 2;
}

void vg_histogram_add(struct vg_histogram *h, const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float value = values[i];
        if (!isfinite(value)) {
            h->not_finite++;
            continue;
        }
        h->count++;
        if (fpclassify(value) == FP_ZERO) {
            h->zeros++;
            continue;
        }
        h->least = value < h->least ? value : h->least;
        h->most = value > h->most ? value : h->most;
        while (fabs((double)value) >= HALF * h->width)
            widen(h);
        h->bin[(uint32_t)(floor((double)value / h->width) + HALF)]++;
    }
}

void vg_histogram_merge(struct vg_histogram *into, const struct vg_histogram *from)
{
    while (into->width < from->width)
        widen(into);
    /* a bin of `from` lies within one of `into` */
    for (uint32_t i = 0; i < VG_HISTOGRAM_BINS; i++)
        if (from->bin[i])
            into->bin[(uint32_t)(floor(vg_histogram_middle(from, i) / into->width) + HALF)] +=
                from->bin[i];
    into->count += from->count;
    into->zeros += from->zeros;
    into->not_finite += from->not_finite;
    into->least = from->least < into->least ? from->least : into->least;
    into->most = from->most > into->most ? from->most : into->most;
}
