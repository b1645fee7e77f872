#include "kernels/conv_weights.h"

#include <assert.h>
#include <string.h>

#include "src/base/half.h"

static uint32_t y_blocks(const struct vg_conv_shape *shape)
{
    return (shape->y_channels + shape->block - 1) / shape->block;
}

static int is_wino(const struct vg_conv_shape *shape)
{
    return vg_conv_wino_side(shape->kernel) != 0;
}

/* channels that the packed weights have room for */
static size_t y_room(const struct vg_conv_shape *shape)
{
    const uint32_t blocks = y_blocks(shape),
                   each = vg_conv_tiled(shape->kernel) ? shape->tile.blocks : 1;
    return (size_t)(blocks + each - 1) / each * each * shape->block;
}

static size_t x_room(const struct vg_conv_shape *shape)
{
    const size_t each = shape->kernel == VG_KERNEL_CONV_MMA_PTX ? shape->block : shape->x_pixel;
    return (shape->x_channels + each - 1) / each * each;
}

/* weights of one pair of channels, as packed */
static uint32_t points(const struct vg_conv_shape *shape)
{
    const uint32_t window = vg_conv_wino_side(shape->kernel) + 2;
    return is_wino(shape) ? window * window : shape->size_y * shape->size_x;
}

size_t vg_conv_weights_count(const struct vg_conv_shape *shape)
{
    const size_t each = (size_t)points(shape) * (shape->x_channels / shape->parts);
    if (vg_conv_tiled(shape->kernel))
        return y_room(shape) * x_room(shape) * points(shape) /
               (shape->kernel == VG_KERNEL_CONV_MMA_PTX ? 2 : 1);
    return each * (shape->kernel == VG_KERNEL_CONV_ANY ? shape->y_channels
                                                       : y_blocks(shape) * shape->block);
}

size_t vg_conv_bias_count(const struct vg_conv_shape *shape)
{
    return y_room(shape);
}

void vg_conv_wino_kernel(const float kernel[9], uint32_t side, double point[36])
{
    static const double g2[4][3] = {
        {1, 0, 0}, {1 / 2., 1 / 2., 1 / 2.}, {1 / 2., -1 / 2., 1 / 2.}, {0, 0, 1}};
    static const double g4[6][3] = {{1 / 4., 0, 0},
                                    {-1 / 6., -1 / 6., -1 / 6.},
                                    {-1 / 6., 1 / 6., -1 / 6.},
                                    {1 / 24., 1 / 12., 1 / 6.},
                                    {1 / 24., -1 / 12., 1 / 6.},
                                    {0, 0, 1}};
    const double(*g)[3] = side == 2 ? g2 : g4;
    const uint32_t window = side + 2;
    for (uint32_t i = 0; i < window * window; i++) {
        point[i] = 0;
        for (uint32_t q = 0; q < 9; q++)
            point[i] += g[i / window][q / 3] * (double)kernel[q] * g[i % window][q % 3];
    }
}

/* In halves. Of a block's 16 by 16, work-item 4 * g + t takes channels 4 * t + 0..3 of x to channels
 * 4 * (g / 2) + g % 2 and 2 more of y. */
static size_t mma_place(const struct vg_conv_shape *shape, uint32_t o, uint32_t i, uint32_t q)
{
    const size_t width = (size_t)shape->tile.blocks * shape->block, group = o / width;
    const size_t slabs = x_room(shape) / shape->block * points(shape);
    const size_t slab = (size_t)(i / 16) * points(shape) + q, block = o % width / 16;
    const uint32_t second = o % 4 / 2, g = o % 16 / 4 * 2 + o % 2, t = i % 16 / 4;
    return (((group * slabs + slab) * shape->tile.blocks + block) * 32 + g * 4 + t) * 8 +
           second * 4 + i % 4;
}

static size_t tile_place(const struct vg_conv_shape *shape, uint32_t o, uint32_t i, uint32_t q)
{
    const size_t width = (size_t)shape->tile.blocks * shape->block, group = o / width;
    const size_t depth = shape->x_pixel, slab = i / depth * points(shape) + q;
    return ((group * (x_room(shape) / depth * points(shape)) + slab) * depth + i % depth) * width +
           o % width;
}

/* where the weight of window place `q` from channel i of x to channel o of y stands */
static size_t place(const struct vg_conv_shape *shape, uint32_t o, uint32_t i, uint32_t q)
{
    const size_t width = (size_t)shape->tile.blocks * shape->block, group = o / width;
    const size_t all = shape->x_channels;
    if (vg_conv_tiled(shape->kernel)) /* but conv_mma_ptx, in halves */
        return tile_place(shape, o, i, q);
    if (shape->kernel == VG_KERNEL_GEMM_UNPACK)
        return i * y_room(shape) + o;
    if (is_wino(shape))
        return ((group * points(shape) + q) * all + i) * width + o % width;
    if (shape->kernel == VG_KERNEL_CONV_ANY)
        return ((size_t)o * (all / shape->parts) + i) * points(shape) + q;
    const size_t first = i / shape->block * shape->block;
    const size_t lanes = all - first < shape->block ? all - first : shape->block;
    const size_t ky = q / shape->size_x, kx = q % shape->size_x;
    const size_t in_block = (ky * lanes + i - first) * shape->size_x + kx;
    return ((group * all + first) * points(shape) + in_block) * width + o % width;
}

void vg_conv_pack(const struct vg_conv_shape *shape, const float *weights, const float *bias,
                  float *packed, float *packed_bias)
{
    const int wino = is_wino(shape);
    const uint32_t taps = shape->size_y * shape->size_x;
    assert(!wino || (shape->size_y == 3 && shape->size_x == 3));
    assert(shape->kernel == VG_KERNEL_CONV_ANY || shape->parts == 1);
    assert(shape->kernel == VG_KERNEL_CONV_ANY || vg_conv_tiled(shape->kernel) ||
           y_blocks(shape) % shape->tile.blocks == 0);
    memset(packed, 0, vg_conv_weights_count(shape) * sizeof *packed);
    memset(packed_bias, 0, vg_conv_bias_count(shape) * sizeof *packed_bias);
    memcpy(packed_bias, bias, shape->y_channels * sizeof *bias);
    for (uint32_t o = 0; o < shape->y_channels; o++) {
        for (uint32_t i = 0; i < shape->x_channels / shape->parts; i++, weights += taps) {
            double point[36];
            for (uint32_t q = 0; q < taps && shape->kernel == VG_KERNEL_CONV_MMA_PTX; q++)
                ((uint16_t *)packed)[mma_place(shape, o, i, q)] = vg_half_nearest(weights[q]);
            if (shape->kernel == VG_KERNEL_CONV_MMA_PTX)
                continue;
            if (wino)
                vg_conv_wino_kernel(weights, vg_conv_wino_side(shape->kernel), point);
            for (uint32_t q = 0; q < points(shape); q++)
                packed[place(shape, o, i, q)] = wino ? (float)point[q] : weights[q];
        }
    }
}
