#include "kernels/int8_weights.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define PRODUCTS_MAX       33000u /* twice 255 * 127 * this is below 2^31 */
#define FLOAT_PRODUCTS_MAX 259u   /* and this below 2^24 */

uint32_t vg_int8_lanes(enum vg_int8_lane lane)
{
    return lane == VG_INT8_AVX_VNNI || lane == VG_INT8_AVX512_VL ? 8 : VG_BLOCK;
}

void vg_int8_options(enum vg_kernel kernel, const struct vg_int8_build *build,
                     char options[VG_KERNEL_OPTIONS_SIZE])
{
    static const char *const lanes[] = {[VG_INT8_PLAIN] = "",
                                        [VG_INT8_AVX_VNNI] = " -DVNNI=256 -DVEX -DLANES=8",
                                        [VG_INT8_AVX512_VL] = " -DVNNI=256 -DLANES=8",
                                        [VG_INT8_AVX512_VNNI] = " -DVNNI=512"};
    const struct vg_conv_build *c = &build->conv;
    int length = snprintf(
        options, VG_KERNEL_OPTIONS_SIZE,
        "-DP=%u -DACT=%u -DOUT_FLOAT=%u -DK_Y=%u -DK_X=%u -DS_Y=%u -DS_X=%u -DD_Y=%u -DD_X=%u",
        c->tile.pixels, c->act, (unsigned)build->output, c->size_y, c->size_x, c->stride_y,
        c->stride_x, c->dilation_y, c->dilation_x);
    if (kernel == VG_KERNEL_CONV_INT8_X86)
        length += snprintf(options + length, VG_KERNEL_OPTIONS_SIZE - (size_t)length,
                           " -DX_PIXEL=%u -DOB=%u -DADD=%u -DTABLE=%u", c->x_pixel, c->tile.blocks,
                           (unsigned)c->add, c->table);
    if (kernel != VG_KERNEL_CONV_INT8_DEPTHWISE)
        length += snprintf(options + length, VG_KERNEL_OPTIONS_SIZE - (size_t)length, "%s",
                           lanes[build->lane]);
    assert(length > 0 && length < VG_KERNEL_OPTIONS_SIZE);
}

void vg_int8_map_options(enum vg_kernel kernel, const struct vg_int8_map_build *build,
                         char options[VG_KERNEL_OPTIONS_SIZE])
{
    options[0] = 0;
    if (kernel == VG_KERNEL_COMBINE_INT8)
        (void)snprintf(options, VG_KERNEL_OPTIONS_SIZE, "-DCOMBINE=%u -DX2=%u -DACT=%u",
                       (unsigned)build->combine, (unsigned)build->x2, build->act);
    if (kernel == VG_KERNEL_RESIZE_INT8 && build->resize == VG_INT8_RESIZE_NEAREST)
        (void)snprintf(options, VG_KERNEL_OPTIONS_SIZE, "-DNEAREST");
    if (kernel == VG_KERNEL_QUANTISE_INT8)
        (void)snprintf(options, VG_KERNEL_OPTIONS_SIZE, "-DPIXEL=%u", build->pixel);
}

struct vg_halo vg_int8_reach(enum vg_kernel kernel, const struct vg_int8_build *build,
                             const struct vg_int8_sizes *s)
{
    const struct vg_conv_sizes floats = {.x_width = s->x_width,
                                         .x_height = s->x_height,
                                         .above = s->above,
                                         .left = s->left,
                                         .width = s->width,
                                         .height = s->height};
    return vg_conv_reach(kernel == VG_KERNEL_CONV_INT8_STEM_POOL ? VG_KERNEL_CONV_STEM_POOL
                                                                 : VG_KERNEL_CONV_DIRECT,
                         &build->conv, &floats);
}

size_t vg_int8_stem_local_bytes(const struct vg_int8_build *build)
{
    return sizeof(vg_i32) * vg_int8_lanes(build->lane) * build->conv.tile.pixels;
}

static int is_depthwise(const struct vg_int8_shape *shape)
{
    return shape->kernel == VG_KERNEL_CONV_INT8_DEPTHWISE;
}

static uint32_t taps(const struct vg_int8_shape *shape)
{
    return shape->build->conv.size_y * shape->build->conv.size_x;
}

/* channels of x that one channel of y sums over */
static uint32_t depth(const struct vg_int8_shape *shape)
{
    return is_depthwise(shape) ? 1 : shape->x_channels;
}

static uint32_t quads(const struct vg_int8_shape *shape)
{
    return (shape->x_channels + 3) / 4;
}

static uint32_t lanes_of(const struct vg_int8_shape *shape)
{
    return is_depthwise(shape) ? VG_BLOCK : vg_int8_lanes(shape->build->lane);
}

static uint32_t group_vectors(const struct vg_int8_shape *shape)
{
    return is_depthwise(shape) ? 1 : shape->build->conv.tile.blocks;
}

static uint32_t vectors(const struct vg_int8_shape *shape)
{
    /* whole blocks, so that the unused lanes of y are written too */
    const uint32_t blocks = (shape->y_channels + VG_BLOCK - 1) / VG_BLOCK;
    return blocks * (VG_BLOCK / lanes_of(shape));
}

int vg_int8_fits(const struct vg_int8_shape *shape)
{
    const size_t products = (size_t)taps(shape) * depth(shape);
    return products <= (is_depthwise(shape) ? FLOAT_PRODUCTS_MAX : PRODUCTS_MAX);
}

size_t vg_int8_weights_count(const struct vg_int8_shape *shape)
{
    const size_t all = (size_t)taps(shape) * vectors(shape) * lanes_of(shape);
    return is_depthwise(shape) ? all : all * quads(shape);
}

size_t vg_int8_lanes_count(const struct vg_int8_shape *shape)
{
    return (size_t)3 * vectors(shape) * lanes_of(shape);
}

uint32_t vg_int8_groups(const struct vg_int8_shape *shape)
{
    return vectors(shape) / group_vectors(shape);
}

/* the first channel of x that channel o of y reads */
static uint32_t channel_first(const struct vg_int8_shape *shape, uint32_t o)
{
    return is_depthwise(shape) ? o : 0;
}

void vg_int8_round(const struct vg_int8_shape *shape, const struct vg_int8_input *input,
                   const float *weights, const float *step, int8_t *rounded)
{
    for (uint32_t o = 0; o < shape->y_channels; o++)
        for (uint32_t i = 0; i < depth(shape); i++) {
            const double ratio =
                input->ratio ? (double)input->ratio[channel_first(shape, o) + i] : 1.0;
            for (uint32_t q = 0; q < taps(shape); q++) {
                const double steps = step[o] > 0 ? (double)*weights * ratio / (double)step[o] : 0;
                weights++;
                *rounded++ = (int8_t)rint(fmin(fmax(steps, -127.0), 127.0));
            }
        }
}

/* start, scale and bias of channel o */
static void lanes_pack(const struct vg_int8_shape *shape, const struct vg_int8_input *input,
                       const int8_t *rounded, float step, float bias, uint32_t o, float *lanes)
{
    const float scale = (float)((double)step * (double)input->step);
    int32_t start = 0;
    double shift = 0; /* what the integer part of the mean leaves */
    for (uint32_t i = 0; i < depth(shape); i++) {
        const double mean =
            input->mean ? (double)input->mean[channel_first(shape, o) + i] : (double)input->zero;
        int32_t sum = 0;
        for (uint32_t q = 0; q < taps(shape); q++)
            sum += *rounded++;
        start -= sum * (int32_t)rint(mean);
        shift += sum * (mean - rint(mean));
    }
    const uint32_t width = lanes_of(shape);
    float *to = lanes + (size_t)o / width * 3 * width + o % width;
    memcpy(to, &start, sizeof start);
    to[width] = scale;
    to[2 * width] = (float)((double)bias - shift * (double)scale);
}

/* the byte of window place q from channel i of x to channel o of y */
static size_t byte_place(const struct vg_int8_shape *shape, uint32_t o, uint32_t i, uint32_t q)
{
    const size_t width = lanes_of(shape), blocks = group_vectors(shape);
    const size_t vector = o / width, group = vector / blocks;
    const size_t row = (group * quads(shape) + i / 4) * taps(shape) + q;
    return ((row * blocks + vector % blocks) * width + o % width) * 4 + i % 4;
}

void vg_int8_pack(const struct vg_int8_shape *shape, const struct vg_int8_input *input,
                  const int8_t *rounded, const float *step, const float *bias, float *packed,
                  float *lanes)
{
    const size_t each = (size_t)depth(shape) * taps(shape);
    assert(vg_int8_fits(shape));
    assert(vectors(shape) % group_vectors(shape) == 0);
    memset(packed, 0, vg_int8_weights_count(shape) * sizeof *packed);
    memset(lanes, 0, vg_int8_lanes_count(shape) * sizeof *lanes);
    for (uint32_t o = 0; o < shape->y_channels; o++) {
        lanes_pack(shape, input, rounded, step[o], bias[o], o, lanes);
        for (size_t at = 0; at < each; at++) {
            const uint32_t i = (uint32_t)at / taps(shape), q = (uint32_t)at % taps(shape);
            if (is_depthwise(shape))
                packed[((size_t)o / VG_BLOCK * taps(shape) + q) * VG_BLOCK + o % VG_BLOCK] =
                    rounded[at];
            else
                ((int8_t *)packed)[byte_place(shape, o, i, q)] = rounded[at];
        }
        rounded += each;
    }
}
