/* Packing of a convolution's weights in the order in which its kernel reads them. Done once,
 * when a model is put on a device. Pure, any thread. */
#ifndef VG_KERNELS_CONV_WEIGHTS_H
#define VG_KERNELS_CONV_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernel_list.h"

struct vg_conv_shape {
    enum vg_kernel kernel; /* CONV_DIRECT, CONV_WINO, CONV_WINO_MUL, CONV_WINO2 (3x3), CONV_ANY,
                              CONV_TILE, CONV_SUBGROUP, CONV_MMA_PTX or GEMM_UNPACK */
    struct vg_conv_tile tile;
    uint32_t block;                  /* VG_BLOCK of the device's side: 8 or 16 */
    uint32_t size_y, size_x;         /* of the window */
    uint32_t x_channels, y_channels; /* as the model has them */
    uint32_t parts;                  /* the model's groups; 1 but for CONV_ANY */
    uint32_t
        x_pixel; /* CONV_TILE, CONV_SUBGROUP: values of a pixel of x, as in struct vg_conv_build */
};

/* Floats of the packed weights, and of the bias. tile.blocks divides the count of blocks of y, but
 * for CONV_ANY, and for those of vg_conv_tiled, whose last group is filled with zeros. */
size_t vg_conv_weights_count(const struct vg_conv_shape *shape);
size_t vg_conv_bias_count(const struct vg_conv_shape *shape);

/* Packs `weights` ([y_channels][x_channels / parts][size_y][size_x]) into packed (weights_count
 * floats) and `bias` ([y_channels]) into packed_bias (bias_count floats, blocks of y); what has no
 * source is zero. A group is tile.blocks blocks of y, `width` values.
 *
 *   conv_direct  [group][block of x][ky][channel of the block][kx][width], the last block of x with
 *                only the channels that exist
 *   conv_wino    [group][36][channel of x][width], U = G g Gt in double, with
 *                G = 1/4 0 0, -1/6 -1/6 -1/6, -1/6 1/6 -1/6, 1/24 1/12 1/6, 1/24 -1/12 1/6, 0 0 1
 *   conv_wino2   [group][16][channel of x][width], with G = 1 0 0, 1/2 1/2 1/2, 1/2 -1/2 1/2, 0 0 1
 *   conv_any     as they are
 *   gemm_unpack  [channel of x][lane of y]
 *   conv_tile, conv_subgroup
 *                [group][block of x][ky][kx][lane of x_pixel][width]: zeros where x has no channel
 *   conv_mma_ptx [group][block of x][ky][kx][block][32][8], halves, two a float: what each of 32
 *                work-items multiplies by, in the order of conv_mma_ptx.cl */
void vg_conv_pack(const struct vg_conv_shape *shape, const float *weights, const float *bias,
                  float *packed, float *packed_bias);

/* The (side + 2) squared values of one 3x3 kernel, in double. side: 4 or 2, of the tiles of y */
void vg_conv_wino_kernel(const float kernel[9], uint32_t side, double point[36]);

#endif
