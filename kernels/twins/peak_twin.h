/* Twins of the kernels by which the bench measures a device's peak. Pure, any thread. */
#ifndef VG_KERNELS_TWINS_PEAK_TWIN_H
#define VG_KERNELS_TWINS_PEAK_TWIN_H

#include "kernels/kernel_sizes.h"

struct vg_peak_chains {
    vg_i32 chains, lanes, times; /* times: multiply-adds of each chain */
    float b, c;
};

/* y [items][chains][lanes] */
void vg_twin_peak_fma(float *y, vg_i32 items, const struct vg_peak_chains *chains);

/* y [count] = x * b */
void vg_twin_peak_copy(const float *x, float *y, vg_i32 count, float b);

#endif
