/* Convolutions. */
#include <math.h>

#include "kernels/conv_weights.h"
#include "kernels/twins/cases_make.h"
#include "kernels/twins/twins.h"
#include "src/base/alloc.h"

#define SUMS     "float sums of up to 2400 products, in another order than the twin's"
#define WINO     "F(4,3) in float: its constants (up to 8 and 1/24) cost three bits more"
#define DIRECT   VG_KERNEL_CONV_DIRECT
#define WINOGRAD VG_KERNEL_CONV_WINO
#define SMALL    VG_CASE_SMALL
#define FULL     VG_CASE_FULL

/* clang-format off */
static const struct vg_kernel_case rows[] = {
    /* name               kernel    scale  tile     x w,h,c        yc   k  s  p   w  h  n  opt amp tolerance */
    {"one pixel 1x1",     DIRECT,   SMALL, {13, 1},   1,  1,  1,    1,  1, 1, 0,  0, 0, 1, 0, 1, 8e-6, SUMS},
    {"one pixel 3x3",     DIRECT,   SMALL, {13, 1},   1,  1, 16,   16,  3, 1, 1,  0, 0, 1, 0, 1, 8e-6, SUMS},
    {"tile less one",     DIRECT,   SMALL, {13, 1},  12,  3, 16,   16,  3, 1, 1,  0, 0, 1, 0, 1, 8e-6, SUMS},
    {"a tile",            DIRECT,   SMALL, {13, 1},  13,  2, 15,   17,  3, 1, 1,  0, 0, 2, 0, 1, 8e-6, SUMS},
    {"tile and one",      DIRECT,   SMALL, {13, 1},  14,  3, 17,   16,  1, 1, 0,  0, 0, 1, 0, 1, 8e-6, SUMS},
    {"two blocks",        DIRECT,   SMALL, {13, 2},  15,  2, 16,   31,  1, 1, 0,  0, 0, 2, 0, 1, 8e-6, SUMS},
    {"stem",              DIRECT,   SMALL, {13, 1},  26,  4,  3,   32,  3, 2, 1,  0, 0, 2, 0, 1, 8e-6, SUMS},
    {"stem, general row", DIRECT,   SMALL, { 6, 1},  14,  6,  3,   16,  3, 2, 1,  0, 0, 1, 0, 1, 8e-6, SUMS},
    {"stride 2, odd",     DIRECT,   SMALL, { 6, 1},  11,  7, 16,   16,  3, 2, 1,  0, 0, 1, 0, 1, 8e-6, SUMS},
    {"5x5",               DIRECT,   SMALL, { 6, 1},   7,  5,  5,   16,  5, 1, 2,  0, 0, 1, 0, 1, 8e-6, SUMS},
    {"large values",      DIRECT,   SMALL, { 6, 1},   7,  3, 16,   16,  3, 1, 1,  0, 0, 1, 0, 1e4f, 8e-6, SUMS},
    {"26x26, 128 to 64",  DIRECT,   FULL,  {13, 1},  26, 26, 128,  64,  3, 1, 1,  0, 0, 1, 0, 1, 8e-6, SUMS},
    {"stride 2, 52",      DIRECT,   FULL,  {13, 1},  52, 52, 64,   48,  3, 2, 1,  0, 0, 2, 0, 1, 8e-6, SUMS},
    {"general row, 40",   DIRECT,   FULL,  { 6, 1},  40, 23, 48,   48,  3, 1, 1,  0, 0, 3, 0, 1, 8e-6, SUMS},
    {"1x1, 26, 256",      DIRECT,   FULL,  {13, 2},  26, 26, 256, 124,  1, 1, 0,  0, 0, 1, 0, 1, 8e-6, SUMS},

    {"one pixel",         WINOGRAD, SMALL, { 8, 1},   1,  1, 16,   16,  3, 1, 1,  0, 0, 1, 1, 1, 6e-5, WINO},
    {"tile less one",     WINOGRAD, SMALL, { 2, 1},   3,  3, 16,   16,  3, 1, 1,  0, 0, 1, 1, 1, 6e-5, WINO},
    {"tile and one",      WINOGRAD, SMALL, { 2, 2},   5,  4,  5,   29,  3, 1, 1,  0, 0, 2, 1, 1, 6e-5, WINO},
    {"two parts",         WINOGRAD, SMALL, { 3, 1},   7,  5, 17,   33,  3, 1, 1,  0, 0, 1, 2, 1, 6e-5, WINO},
    {"large values",      WINOGRAD, SMALL, { 6, 1},   8,  4, 16,   16,  3, 1, 1,  0, 0, 1, 1, 1e4f, 6e-5, WINO},
    {"13x13, batch of 3", WINOGRAD, FULL,  { 8, 2},  13, 13, 48,   64,  3, 1, 1,  0, 0, 3, 2, 1, 6e-5, WINO},
    {"13x13, in two parts", WINOGRAD, FULL, {16, 1}, 13, 13, 32,   64,  3, 1, 1,  0, 0, 2, 2, 1, 6e-5, WINO},
    {"26x26, 96 to 64",   WINOGRAD, FULL,  {13, 2},  26, 26, 96,   64,  3, 1, 1,  0, 0, 1, 2, 1, 6e-5, WINO},
    {"27x17, 48 to 80",   WINOGRAD, FULL,  {13, 1},  27, 17, 32,   80,  3, 1, 1,  0, 0, 2, 5, 1, 6e-5, WINO},
    {"general row, 23",   WINOGRAD, FULL,  { 6, 1},  23, 23, 32,   48,  3, 1, 1,  0, 0, 2, 3, 1, 6e-5, WINO},
};
/* clang-format on */

struct conv_case {
    struct vg_conv_shape shape;
    struct vg_twin_conv twin;
    float *weights, *bias; /* as a model has them */
};

static enum vg_status conv_weights_add(struct vg_case_run *run, struct conv_case *conv,
                                       struct vg_random *random)
{
    const struct vg_kernel_case *row = run->row;
    const size_t count = (size_t)(row->y_channels * row->x_channels * row->side * row->side);
    conv->weights = vg_alloc_array(count, sizeof(float));
    conv->bias = vg_alloc_array((size_t)row->y_channels, sizeof(float));
    if (!conv->weights || !conv->bias)
        return VG_E_MEMORY;
    const double range = 2 / sqrt(row->x_channels * row->side * row->side);
    for (size_t i = 0; i < count; i++)
        conv->weights[i] = vg_case_value(random, (float)range);
    for (vg_i32 i = 0; i < row->y_channels; i++)
        conv->bias[i] = vg_case_value(random, row->amplitude);
    conv->twin = (struct vg_twin_conv){.side = row->side,
                                       .stride = row->stride,
                                       .x_channels = row->x_channels,
                                       .y_channels = row->y_channels,
                                       .weights = conv->weights,
                                       .bias = conv->bias};
    conv->shape = (struct vg_conv_shape){.kernel = row->kernel,
                                         .tile = row->tile,
                                         .side = (uint32_t)row->side,
                                         .x_channels = (uint32_t)row->x_channels,
                                         .y_channels = (uint32_t)row->y_channels,
                                         .x_lanes = row->x_channels == 3 ? 3 : VG_BLOCK};
    const size_t packed = vg_conv_weights_count(&conv->shape);
    const size_t all = packed + vg_conv_bias_count(&conv->shape);
    struct vg_case_buffer *buffer =
        vg_case_buffer_add(run, VG_ARG_WEIGHTS, (all + 2 * VG_CASE_GUARD_FLOATS) * sizeof(float));
    if (!buffer)
        return VG_E_MEMORY;
    vg_case_guard_fill(buffer);
    float *w = (float *)buffer->data + VG_CASE_GUARD_FLOATS;
    vg_conv_pack(&conv->shape, conv->weights, conv->bias, w, w + packed);
    run->sizes.conv.w_first = VG_CASE_GUARD_FLOATS;
    run->sizes.conv.bias_first = VG_CASE_GUARD_FLOATS + (vg_i32)packed;
    return VG_OK;
}

static enum vg_status conv_make(struct vg_case_run *run, struct vg_random *random)
{
    const struct vg_kernel_case *row = run->row;
    const vg_i32 width = (row->x_width + 2 * row->pad - row->side) / row->stride + 1;
    const vg_i32 height = (row->x_height + 2 * row->pad - row->side) / row->stride + 1;
    const int stem = row->x_channels == 3;
    const struct vg_conv_reach reach =
        vg_conv_reach(row->kernel, row->tile, (uint32_t)row->side, (uint32_t)row->stride,
                      (uint32_t)row->pad, (uint32_t)width, (uint32_t)height);
    const vg_i32 right = reach.column - row->x_width + 1, below = reach.row - row->x_height + 1;
    const struct vg_case_tensor x = {row->x_width,
                                     row->x_height,
                                     row->x_channels,
                                     row->pad,
                                     right > 0 ? right : 0,
                                     below > 0 ? below : 0,
                                     stem ? 4 : VG_BLOCK,
                                     stem ? 0 : 1,
                                     0};
    const struct vg_case_tensor y = {width, height, row->y_channels, 1, 1, 1, VG_BLOCK, 1, 1};
    struct vg_conv_sizes *s = &run->sizes.conv;
    struct conv_case conv = {0};
    float *want = NULL;
    enum vg_status status = vg_case_input_add(run, VG_ARG_X, &x, VG_CASE_HALO_ZERO, random, &s->x);
    if (status || (status = conv_weights_add(run, &conv, random)) ||
        (status = vg_case_output_add(run, &y, &s->y, &want)))
        goto done;
    s->x_pixel = x.pixel;
    s->x_lanes = stem ? 3 : VG_BLOCK;
    s->x_blocks = stem ? 1 : vg_case_blocks(row->x_channels);
    s->pad = row->pad;
    s->width = width;
    s->height = height;
    s->groups = vg_case_blocks(row->y_channels) / (vg_i32)row->tile.blocks;
    s->pictures = row->pictures;
    s->tiles_across = (width + 3) / 4;
    s->tiles = s->tiles_across * ((height + 3) / 4);
    s->groups_each = row->option;
    s->slope = 0.1f;
    const size_t p = row->tile.pixels;
    vg_conv_options(row->kernel, row->tile, (uint32_t)row->side, (uint32_t)row->stride,
                    run->options);
    if (row->kernel == VG_KERNEL_CONV_WINO) {
        run->local_bytes = vg_conv_wino_local_bytes(row->tile, (uint32_t)s->x_blocks);
        run->global[0] = ((size_t)(s->tiles * s->pictures) + p - 1) / p;
        run->global[1] = (size_t)((s->groups + s->groups_each - 1) / s->groups_each);
    } else {
        run->global[0] = ((size_t)width + p - 1) / p;
        run->global[1] = (size_t)height;
        run->global[2] = (size_t)(s->groups * s->pictures);
    }
    /* by its own method: that both methods agree is the twins' own test */
    const struct vg_case_buffer *input = &run->buffer[0];
    if (row->kernel == VG_KERNEL_CONV_WINO)
        vg_twin_conv_wino(input->data, &conv.twin, want, s);
    else
        vg_twin_conv_direct(input->data, &conv.twin, want, s);
done:
    vg_free(conv.weights);
    vg_free(conv.bias);
    return status;
}

const struct vg_case_family vg_cases_conv = {rows, sizeof rows / sizeof *rows, conv_make};
