/* How often a tensor took which values, over any number of pictures: bins of one width, doubled (two
 * bins becoming one) when a value falls outside. The edges are multiples of a power of two, so the
 * same values give the same histogram in any order. Pure, no allocation, any thread. */
#ifndef VG_MODELS_HISTOGRAM_H
#define VG_MODELS_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define VG_HISTOGRAM_BINS 8192u /* half of them below zero */

struct vg_histogram {
    double width;   /* of a bin; bin i begins at (i - VG_HISTOGRAM_BINS / 2) * width */
    uint64_t count; /* of all values, `zeros` among them */
    uint64_t zeros; /* exactly 0, in no bin: any range has them without error */
    uint64_t not_finite;
    float least, most; /* 0 when there is none */
    uint64_t bin[VG_HISTOGRAM_BINS];
};

void vg_histogram_init(struct vg_histogram *histogram);
void vg_histogram_add(struct vg_histogram *histogram, const float *values, size_t count);
void vg_histogram_merge(struct vg_histogram *into, const struct vg_histogram *from);

/* The middle of bin i. */
double vg_histogram_middle(const struct vg_histogram *histogram, uint32_t i);

#endif
