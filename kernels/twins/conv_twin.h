/* What the twins of the convolutions share: reading x, and what happens at the store. */
#ifndef VG_KERNELS_TWINS_CONV_TWIN_H
#define VG_KERNELS_TWINS_CONV_TWIN_H

#include "kernels/twins/twins.h"

/* Index of channel c at (row, column) of a picture, in blocks of `block` channels. */
static inline vg_i32 vg_twin_conv_at(const struct vg_area *area, vg_i32 block, vg_i32 picture,
                                     vg_i32 c, vg_i32 row, vg_i32 column)
{
    return area->first + picture * area->picture + c / block * area->plane + row * area->row +
           column * block + c % block;
}

/* Channel c of x, by blocks or by the table; 0 outside. */
double vg_twin_conv_x(const float *x, const struct vg_twin_conv *conv,
                      const struct vg_conv_sizes *s, vg_i32 picture, vg_i32 c, vg_i32 row,
                      vg_i32 column);

/* Activation and second tensor for the sum v, stored in channel c of y. */
void vg_twin_conv_store(double v, const struct vg_twin_conv *conv, float *y,
                        const struct vg_conv_sizes *s, vg_i32 picture, vg_i32 c, vg_i32 row,
                        vg_i32 column);

/* Zeros in the whole of y, halo and all: what is not stored after this is halo. */
void vg_twin_conv_clear(const struct vg_twin_conv *conv, float *y, const struct vg_conv_sizes *s);

/* Channels of y that are stored: whole blocks. */
vg_i32 vg_twin_conv_lanes(const struct vg_twin_conv *conv, const struct vg_conv_sizes *s);

#endif
