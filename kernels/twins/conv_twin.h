/* What the twins of the convolutions share: reading x, the steps of Winograd's method, and what
 * happens at the store. */
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

/* The sum of channel c of a depthwise convolution; weights [channel][ky][kx]. */
double vg_twin_depthwise_sum(const float *x, const struct vg_twin_conv *conv,
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

/* Winograd's F(4x4, 3x3), where y's tile begins at (top, left). v = Bt d B of channel c. */
void vg_twin_wino_window(const float *x, const struct vg_twin_conv *conv,
                         const struct vg_conv_sizes *s, vg_i32 picture, vg_i32 c, vg_i32 top,
                         vg_i32 left, double v[36]);

/* m += (G g Gt) . v, for the kernel from channel c of x to channel o of y. */
void vg_twin_wino_product(const struct vg_twin_conv *conv, const struct vg_conv_sizes *s, vg_i32 o,
                          vg_i32 c, const double v[36], double m[36]);

/* At m A and bias, stored where it lies inside y. */
void vg_twin_wino_tile(const double m[36], const struct vg_twin_conv *conv, float *y,
                       const struct vg_conv_sizes *s, vg_i32 picture, vg_i32 o, vg_i32 top,
                       vg_i32 left);

/* Index in the scratch of the two-kernel form: tile n of the batch, point i, channel c. */
static inline vg_i32 vg_twin_wino_at(const struct vg_twin_conv *conv, const struct vg_conv_sizes *s,
                                     vg_i32 n, vg_i32 i, vg_i32 c)
{
    const vg_i32 p = (vg_i32)conv->build->tile.pixels, block = (vg_i32)conv->build->block;
    return (n / p * 36 + i) * (s->x_blocks * p + 1) * block + (c / block * p + n % p) * block +
           c % block;
}

#endif
