#include "kernels/conv_weights.h"

#include <assert.h>
#include <string.h>

static uint32_t blocks_of(uint32_t channels)
{
    return (channels + VG_BLOCK - 1) / VG_BLOCK;
}

static uint32_t x_blocks(const struct vg_conv_shape *shape)
{
    return shape->x_lanes == VG_BLOCK ? blocks_of(shape->x_channels) : 1;
}

static uint32_t points(const struct vg_conv_shape *shape)
{
    return shape->kernel == VG_KERNEL_CONV_WINO ? 36 : shape->side * shape->side;
}

size_t vg_conv_weights_count(const struct vg_conv_shape *shape)
{
    return (size_t)points(shape) * x_blocks(shape) * shape->x_lanes * blocks_of(shape->y_channels) *
           VG_BLOCK;
}

size_t vg_conv_bias_count(const struct vg_conv_shape *shape)
{
    return (size_t)blocks_of(shape->y_channels) * VG_BLOCK;
}

void vg_conv_wino_kernel(const float kernel[9], double point[36])
{
    static const double g[6][3] = {{1 / 4., 0, 0},
                                   {-1 / 6., -1 / 6., -1 / 6.},
                                   {-1 / 6., 1 / 6., -1 / 6.},
                                   {1 / 24., 1 / 12., 1 / 6.},
                                   {1 / 24., -1 / 12., 1 / 6.},
                                   {0, 0, 1}};
    for (uint32_t i = 0; i < 36; i++) {
        point[i] = 0;
        for (uint32_t q = 0; q < 9; q++)
            point[i] += g[i / 6][q / 3] * (double)kernel[q] * g[i % 6][q % 3];
    }
}

/* where the weight of window place `q` from channel i of x to channel o of y stands */
static size_t place(const struct vg_conv_shape *shape, uint32_t o, uint32_t i, uint32_t q)
{
    const size_t width = (size_t)shape->tile.blocks * VG_BLOCK;
    const size_t group = o / width, lanes = shape->x_lanes;
    const size_t block = i / lanes, lane = i % lanes, all = x_blocks(shape);
    if (shape->kernel == VG_KERNEL_CONV_WINO)
        return (((group * 36 + q) * all + block) * lanes + lane) * width + o % width;
    const size_t side = shape->side, ky = q / side, kx = q % side;
    return ((((group * all + block) * side + ky) * lanes + lane) * side + kx) * width + o % width;
}

void vg_conv_pack(const struct vg_conv_shape *shape, const float *weights, const float *bias,
                  float *packed, float *packed_bias)
{
    const uint32_t taps = shape->side * shape->side;
    assert(shape->kernel != VG_KERNEL_CONV_WINO || shape->side == 3);
    assert(blocks_of(shape->y_channels) % shape->tile.blocks == 0);
    memset(packed, 0, vg_conv_weights_count(shape) * sizeof *packed);
    memset(packed_bias, 0, vg_conv_bias_count(shape) * sizeof *packed_bias);
    memcpy(packed_bias, bias, shape->y_channels * sizeof *bias);
    for (uint32_t o = 0; o < shape->y_channels; o++) {
        for (uint32_t i = 0; i < shape->x_channels; i++, weights += taps) {
            double point[36];
            if (shape->kernel == VG_KERNEL_CONV_WINO)
                vg_conv_wino_kernel(weights, point);
            for (uint32_t q = 0; q < points(shape); q++)
                packed[place(shape, o, i, q)] =
                    shape->kernel == VG_KERNEL_CONV_WINO ? (float)point[q] : weights[q];
        }
    }
}
