/* Packing of a convolution's weights in the order in which its kernel reads them. Done once,
 * when a model is put on a device. Pure, any thread. */
#ifndef VG_KERNELS_CONV_WEIGHTS_H
#define VG_KERNELS_CONV_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernel_list.h"

struct vg_conv_shape {
    enum vg_kernel kernel; /* VG_KERNEL_CONV_DIRECT or VG_KERNEL_CONV_WINO (side 3) */
    struct vg_conv_tile tile;
    uint32_t side;                   /* of the window */
    uint32_t x_channels, y_channels; /* as the model has them */
    uint32_t x_lanes;                /* channels of a block of x: 16, or 3 for the net's input */
};

/* Floats of the packed weights, and after them of the bias; the count of groups is that of
 * blocks of y over tile.blocks, which divides it. */
size_t vg_conv_weights_count(const struct vg_conv_shape *shape);
size_t vg_conv_bias_count(const struct vg_conv_shape *shape);

/* Packs `weights` ([y_channels][x_channels][side][side]) into packed (weights_count floats) and
 * `bias` ([y_channels]) into packed_bias (bias_count floats); what has no source is zero.
 *
 *   conv_direct  [group][block of x][ky][lane][kx][16 * tile.blocks]
 *   conv_wino    [group][36][channel of x][16 * tile.blocks], U = G g Gt in double, with
 *                G = 1/4 0 0, -1/6 -1/6 -1/6, -1/6 1/6 -1/6, 1/24 1/12 1/6, 1/24 -1/12 1/6, 0 0 1 */
void vg_conv_pack(const struct vg_conv_shape *shape, const float *weights, const float *bias,
                  float *packed, float *packed_bias);

/* The 36 values of one 3x3 kernel, in double. */
void vg_conv_wino_kernel(const float kernel[9], double point[36]);

#endif
