#include "kernels/twins/cases.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/conv_weights.h"
#include "kernels/twins/twins.h"
#include "src/base/alloc.h"
#include "src/base/random.h"

#define GUARD_FLOATS 64
#define GUARD_WORD   0x7fbadbadu /* not a number: whatever reads it by mistake shows */

#define SUMS     "float sums of up to 2400 products, in another order than the twin's"
#define WINO     "F(4,3) in float: its constants (up to 8 and 1/24) cost three bits more"
#define EXACT    "loads and comparisons only"
#define ROUNDING "a few roundings"
#define EXPS     "exp() is within 3 ulp (OpenCL 1.2, 7.4)"
#define SOFTMAX  "exp() within 3 ulp, sums of 11, times a stride"
#define COLOURS  "coordinates to 4096 in float: 2e-4 of a pixel, times a step of 255, over 57"

#define DIRECT   VG_KERNEL_CONV_DIRECT
#define WINOGRAD VG_KERNEL_CONV_WINO
#define SMALL    VG_CASE_SMALL
#define FULL     VG_CASE_FULL

/* clang-format off */
const struct vg_kernel_case vg_kernel_cases[] = {
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

    {"one pixel",         VG_KERNEL_MAX_POOL, SMALL, {0, 0},  1,  1, 16, 0, 3, 2, 1,  1,  1, 1, 0, 1, 0, EXACT},
    {"odd, all negative", VG_KERNEL_MAX_POOL, SMALL, {0, 0},  7,  5, 17, 0, 3, 2, 1,  4,  3, 2, 0, -1, 0, EXACT},
    {"even",              VG_KERNEL_MAX_POOL, SMALL, {0, 0},  8,  6, 32, 0, 3, 2, 1,  4,  3, 1, 0, 1, 0, EXACT},
    {"5x5 stride 1",      VG_KERNEL_MAX_POOL, SMALL, {0, 0},  6,  5, 16, 0, 5, 1, 2,  6,  5, 1, 0, 1, 0, EXACT},
    {"208x208",           VG_KERNEL_MAX_POOL, FULL,  {0, 0}, 208, 208, 32, 0, 3, 2, 1, 104, 104, 1, 0, 1, 0, EXACT},

    {"one pixel",         VG_KERNEL_RESIZE, SMALL, {0, 0},  1,  1, 16, 0, 0, 0, 0,  2,  2, 1, 0, 1, 1e-6, ROUNDING},
    {"twice",             VG_KERNEL_RESIZE, SMALL, {0, 0},  5,  3, 17, 0, 0, 0, 0, 10,  6, 2, 0, 1, 1e-6, ROUNDING},
    {"half",              VG_KERNEL_RESIZE, SMALL, {0, 0},  6,  4, 16, 0, 0, 0, 0,  3,  2, 1, 0, 1, 1e-6, ROUNDING},
    {"any ratio",         VG_KERNEL_RESIZE, SMALL, {0, 0},  7,  3, 16, 0, 0, 0, 0,  4,  5, 1, 0, 1, 1e-6, ROUNDING},
    {"26 to 52",          VG_KERNEL_RESIZE, FULL,  {0, 0}, 26, 26, 128, 0, 0, 0, 0, 52, 52, 1, 0, 1, 1e-6, ROUNDING},

    {"one pixel",         VG_KERNEL_ADD, SMALL, {0, 0},  1,  1,  1, 0, 0, 0, 0,  1,  1, 1, 0, 1, 1e-7, ROUNDING},
    {"odd",               VG_KERNEL_ADD, SMALL, {0, 0},  7,  3, 33, 0, 0, 0, 0,  7,  3, 2, 0, 100, 1e-7, ROUNDING},
    {"52x52",             VG_KERNEL_ADD, FULL,  {0, 0}, 52, 52, 128, 0, 0, 0, 0, 52, 52, 1, 0, 1, 1e-7, ROUNDING},

    {"one pixel",         VG_KERNEL_SIGMOID, SMALL, {0, 0},  1,  1,  1, 0, 0, 0, 0,  1,  1, 1, 0, 4, 5e-7, EXPS},
    {"both ends",         VG_KERNEL_SIGMOID, SMALL, {0, 0},  7,  3, 33, 0, 0, 0, 0,  7,  3, 2, 0, 200, 5e-7, EXPS},
    {"52x52",             VG_KERNEL_SIGMOID, FULL,  {0, 0}, 52, 52, 80, 0, 0, 0, 0, 52, 52, 1, 0, 8, 5e-7, EXPS},

    {"one channel",       VG_KERNEL_COPY_CHANNELS, SMALL, {0, 0},  1,  1,  1,  1, 0, 0, 0,  1,  1, 1,  0, 1, 0, EXACT},
    {"across blocks",     VG_KERNEL_COPY_CHANNELS, SMALL, {0, 0},  5,  3, 29, 58, 0, 0, 0,  5,  3, 2, 29, 1, 0, EXACT},

    {"one pixel",         VG_KERNEL_PREPARE, SMALL, {0, 0},  2,  2, 0, 0, 0, 0, 0,  1,  1, 1, 0, 1, 1e-3, COLOURS},
    {"enlarged",          VG_KERNEL_PREPARE, SMALL, {0, 0},  5,  3, 0, 0, 0, 0, 0, 16, 16, 2, 0, 1, 1e-3, COLOURS},
    {"reduced, turned",   VG_KERNEL_PREPARE, SMALL, {0, 0}, 39, 21, 0, 0, 0, 0, 0, 16, 12, 2, 1, 1, 1e-3, COLOURS},
    {"upside down",       VG_KERNEL_PREPARE, SMALL, {0, 0}, 17, 31, 0, 0, 0, 0, 0, 12, 16, 1, 2, 1, 1e-3, COLOURS},
    {"three quarters",    VG_KERNEL_PREPARE, SMALL, {0, 0}, 17, 31, 0, 0, 0, 0, 0, 13, 16, 1, 3, 1, 1e-3, COLOURS},
    {"4CIF to 416",       VG_KERNEL_PREPARE, FULL,  {0, 0}, 704, 576, 0, 0, 0, 0, 0, 416, 416, 1, 0, 1, 1e-3, COLOURS},
    {"2304 rows",         VG_KERNEL_PREPARE, FULL,  {0, 0}, 4096, 2304, 0, 0, 0, 0, 0, 416, 256, 1, 1, 1, 1e-3, COLOURS},

    {"one cell",          VG_KERNEL_NANODET_BOXES, SMALL, {0, 0}, 1, 1, 80, 0, 0, 0, 0, 0, 0, 1, 64, 4, 1e-4, SOFTMAX},
    {"5x3, two pictures", VG_KERNEL_NANODET_BOXES, SMALL, {0, 0}, 5, 3, 17, 0, 0, 0, 0, 0, 0, 2, 300, 4, 1e-4, SOFTMAX},
    {"too many",          VG_KERNEL_NANODET_BOXES, SMALL, {0, 0}, 5, 3, 80, 0, 0, 0, 0, 0, 0, 2, 7, 4, 1e-4, SOFTMAX},
    {"13x13",             VG_KERNEL_NANODET_BOXES, FULL, {0, 0}, 13, 13, 80, 0, 0, 0, 0, 0, 0, 3, 16384, 9, 1e-4, SOFTMAX},
};
/* clang-format on */
const size_t vg_kernel_case_count = sizeof vg_kernel_cases / sizeof *vg_kernel_cases;

/* ---- buffers ---- */

static struct vg_case_buffer *buffer_add(struct vg_case_run *run, enum vg_arg arg, size_t bytes)
{
    assert(run->buffer_count < VG_KERNEL_ARGS_MAX);
    struct vg_case_buffer *buffer = &run->buffer[run->buffer_count++];
    buffer->arg = arg;
    buffer->bytes = bytes;
    buffer->data = vg_alloc(bytes);
    return buffer->data ? buffer : NULL;
}

static enum vg_status want_add(struct vg_case_buffer *buffer)
{
    buffer->want = vg_alloc(buffer->bytes);
    if (!buffer->want)
        return VG_E_MEMORY;
    memcpy(buffer->want, buffer->data, buffer->bytes);
    return VG_OK;
}

static void guard_fill(struct vg_case_buffer *buffer)
{
    uint32_t *word = buffer->data;
    for (size_t i = 0; i < buffer->bytes / sizeof *word; i++)
        word[i] = GUARD_WORD;
}

static float value(struct vg_random *random, float amplitude)
{
    if (amplitude < 0) /* all negative */
        return (float)(vg_random_unit(random) * (double)amplitude - 1.0);
    return (float)((2 * vg_random_unit(random) - 1) * (double)amplitude);
}

enum halo {
    HALO_ZERO,
    HALO_GUARD
}; /* what a kernel that never reads the halo must not see */

struct tensor {
    vg_i32 width, height, channels;
    vg_i32 left, right, below;          /* halo; above as on the left */
    vg_i32 pixel;                       /* floats */
    vg_i32 blocks_before, blocks_after; /* of a joint buffer, beside the tensor */
};

/* a guard, the pictures, a guard */
static size_t area_of(const struct tensor *t, vg_i32 pictures, struct vg_area *area)
{
    const vg_i32 blocks =
        (t->channels + VG_BLOCK - 1) / VG_BLOCK + t->blocks_before + t->blocks_after;
    area->row = (t->left + t->width + t->right) * t->pixel;
    area->plane = (t->left + t->height + t->below) * area->row;
    area->picture = blocks * area->plane;
    area->first = GUARD_FLOATS + t->blocks_before * area->plane + t->left * (area->row + t->pixel);
    return sizeof(float) * (2 * GUARD_FLOATS + (size_t)pictures * (size_t)area->picture);
}

static enum vg_status input_add(struct vg_case_run *run, enum vg_arg arg, const struct tensor *t,
                                enum halo halo, struct vg_random *random, struct vg_area *area)
{
    const vg_i32 pictures = run->row->pictures;
    struct vg_case_buffer *buffer = buffer_add(run, arg, area_of(t, pictures, area));
    if (!buffer)
        return VG_E_MEMORY;
    if (halo == HALO_GUARD)
        guard_fill(buffer);
    float *x = buffer->data;
    const vg_i32 lanes = (t->channels + t->pixel - 1) / t->pixel * t->pixel;
    for (vg_i32 picture = 0; picture < pictures; picture++)
        for (vg_i32 c = 0; c < lanes; c++)
            for (vg_i32 row = 0; row < t->height; row++)
                for (vg_i32 column = 0; column < t->width; column++)
                    x[area->first + picture * area->picture + c / t->pixel * area->plane +
                      row * area->row + column * t->pixel + c % t->pixel] =
                        value(random, run->row->amplitude);
    return VG_OK;
}

static enum vg_status output_add(struct vg_case_run *run, const struct tensor *t,
                                 struct vg_area *area, float **want)
{
    struct vg_case_buffer *buffer = buffer_add(run, VG_ARG_Y, area_of(t, run->row->pictures, area));
    if (!buffer)
        return VG_E_MEMORY;
    guard_fill(buffer);
    if (want_add(buffer))
        return VG_E_MEMORY;
    *want = buffer->want;
    return VG_OK;
}

/* ---- one maker for each family ---- */

static vg_i32 blocks_of(vg_i32 channels)
{
    return (channels + VG_BLOCK - 1) / VG_BLOCK;
}

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
        conv->weights[i] = value(random, (float)range);
    for (vg_i32 i = 0; i < row->y_channels; i++)
        conv->bias[i] = value(random, row->amplitude);
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
        buffer_add(run, VG_ARG_WEIGHTS, (all + 2 * GUARD_FLOATS) * sizeof(float));
    if (!buffer)
        return VG_E_MEMORY;
    guard_fill(buffer);
    float *w = (float *)buffer->data + GUARD_FLOATS;
    vg_conv_pack(&conv->shape, conv->weights, conv->bias, w, w + packed);
    run->sizes.conv.w_first = GUARD_FLOATS;
    run->sizes.conv.bias_first = GUARD_FLOATS + (vg_i32)packed;
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
    const struct tensor x = {row->x_width,
                             row->x_height,
                             row->x_channels,
                             row->pad,
                             right > 0 ? right : 0,
                             below > 0 ? below : 0,
                             stem ? 4 : VG_BLOCK,
                             stem ? 0 : 1,
                             0};
    const struct tensor y = {width, height, row->y_channels, 1, 1, 1, VG_BLOCK, 1, 1};
    struct vg_conv_sizes *s = &run->sizes.conv;
    struct conv_case conv = {0};
    float *want = NULL;
    enum vg_status status = input_add(run, VG_ARG_X, &x, HALO_ZERO, random, &s->x);
    if (status || (status = conv_weights_add(run, &conv, random)) ||
        (status = output_add(run, &y, &s->y, &want)))
        goto done;
    s->x_pixel = x.pixel;
    s->x_lanes = stem ? 3 : VG_BLOCK;
    s->x_blocks = stem ? 1 : blocks_of(row->x_channels);
    s->pad = row->pad;
    s->width = width;
    s->height = height;
    s->groups = blocks_of(row->y_channels) / (vg_i32)row->tile.blocks;
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

static enum vg_status map_make(struct vg_case_run *run, struct vg_random *random)
{
    const struct vg_kernel_case *row = run->row;
    const int copy = row->kernel == VG_KERNEL_COPY_CHANNELS;
    const struct tensor x = {row->x_width, row->x_height, row->x_channels, 1, 2, 1, VG_BLOCK, 1, 0};
    const struct tensor y = {
        row->width, row->height, copy ? row->y_channels : row->x_channels, 1, 3, 2, VG_BLOCK, 0, 1};
    struct vg_map_sizes *s = &run->sizes.map;
    float *want = NULL;
    enum vg_status status = input_add(run, VG_ARG_X, &x, HALO_GUARD, random, &s->x);
    if (!status && row->kernel == VG_KERNEL_ADD)
        status = input_add(run, VG_ARG_X2, &y, HALO_GUARD, random, &s->x2);
    if (!status)
        status = output_add(run, &y, &s->y, &want);
    if (status)
        return status;
    s->x_width = row->x_width;
    s->x_height = row->x_height;
    s->width = row->width;
    s->height = row->height;
    s->side = row->side;
    s->stride = row->stride;
    s->pad = row->pad;
    s->y_channel = row->option;
    const vg_i32 blocks = blocks_of(row->x_channels);
    run->global[0] = (size_t)row->height;
    run->global[1] = (size_t)(copy ? row->x_channels : blocks);
    run->global[2] = (size_t)row->pictures;
    const float *from = run->buffer[0].data;
    if (copy)
        vg_twin_copy_channels(from, want, s, row->x_channels, row->pictures);
    else if (row->kernel == VG_KERNEL_ADD)
        vg_twin_add(from, run->buffer[1].data, want, s, blocks, row->pictures);
    else if (row->kernel == VG_KERNEL_SIGMOID)
        vg_twin_sigmoid(from, want, s, blocks, row->pictures);
    else if (row->kernel == VG_KERNEL_RESIZE)
        vg_twin_resize(from, want, s, blocks, row->pictures);
    else
        vg_twin_max_pool(from, want, s, blocks, row->pictures);
    return VG_OK;
}

/* the region begins at an odd pixel when the picture's number is odd */
static struct vg_device_job job_of(const struct vg_kernel_case *row, vg_i32 picture, vg_i32 bytes)
{
    const vg_i32 turned = row->option % 2, odd = picture % 2;
    const vg_i32 stride = (row->x_width + odd + 1) / 2 * 2 + 6; /* padded */
    const vg_i32 rows = (row->x_height + odd + 1) / 2 * 2;
    const vg_i32 w = turned ? row->x_height : row->x_width;
    const vg_i32 h = turned ? row->x_width : row->x_height;
    struct vg_device_job job = {.luma_first = picture * bytes,
                                .luma_stride = stride,
                                .chroma_first = picture * bytes + stride * rows,
                                .chroma_stride = stride,
                                .left = odd,
                                .top = odd,
                                .width = row->x_width,
                                .height = row->x_height,
                                .rotation = row->option,
                                .inner_width = row->width,
                                .inner_height = (row->height + 1) / 2, /* bands above, below */
                                .inner_top = row->height / 4,
                                .luma_zero = odd ? 0.0f : 16.0f,
                                .luma_gain = odd ? 1.0f : 255.0f / 219.0f,
                                .red_v = 1.5960f,
                                .green_u = -0.3918f,
                                .green_v = -0.8130f,
                                .blue_u = 2.0172f};
    job.step_x = (float)w / (float)job.inner_width;
    job.step_y = (float)h / (float)job.inner_height;
    return job;
}

static enum vg_status prepare_make(struct vg_case_run *run, struct vg_random *random)
{
    const struct vg_kernel_case *row = run->row;
    const vg_i32 bytes = ((row->x_width + 9) * (row->x_height + 3) * 3 / 2 + 3) / 4 * 4;
    struct vg_case_buffer *pixels =
        buffer_add(run, VG_ARG_PIXELS, (size_t)row->pictures * (size_t)bytes);
    struct vg_case_buffer *jobs =
        buffer_add(run, VG_ARG_JOBS, (size_t)row->pictures * sizeof(struct vg_device_job));
    struct vg_prepare_sizes *s = &run->sizes.prepare;
    const struct tensor y = {row->width, row->height, 3, 1, 3, 2, 4, 0, 0};
    float *want = NULL;
    if (!pixels || !jobs || output_add(run, &y, &s->y, &want))
        return VG_E_MEMORY;
    uint8_t *byte = pixels->data;
    for (size_t i = 0; i < pixels->bytes; i++)
        byte[i] = (uint8_t)vg_random_below(random, 256);
    struct vg_device_job *job = jobs->data;
    for (vg_i32 picture = 0; picture < row->pictures; picture++)
        job[picture] = job_of(row, picture, bytes);
    *s = (struct vg_prepare_sizes){.y = s->y,
                                   .width = row->width,
                                   .height = row->height,
                                   .red_first = row->width % 2,
                                   .fill = 114,
                                   .mean = {103.53f, 116.28f, 123.675f},
                                   .scale = {1 / 57.375f, 1 / 57.12f, 1 / 58.395f}};
    run->global[0] = ((size_t)row->width + 15) / 16;
    run->global[1] = (size_t)row->height;
    run->global[2] = (size_t)row->pictures;
    vg_twin_prepare(byte, job, want, s, row->pictures);
    return VG_OK;
}

static enum vg_status boxes_make(struct vg_case_run *run, struct vg_random *random)
{
    const struct vg_kernel_case *row = run->row;
    const size_t pictures = (size_t)row->pictures;
    struct vg_boxes_sizes *s = &run->sizes.boxes;
    const struct tensor scores = {
        row->x_width, row->x_height, row->x_channels, 1, 1, 1, VG_BLOCK, 0, 0};
    const struct tensor distances = {row->x_width, row->x_height, 44, 1, 2, 1, VG_BLOCK, 1, 0};
    if (input_add(run, VG_ARG_X, &scores, HALO_GUARD, random, &s->scores) ||
        input_add(run, VG_ARG_X2, &distances, HALO_GUARD, random, &s->distances))
        return VG_E_MEMORY;
    struct vg_case_buffer *jobs =
        buffer_add(run, VG_ARG_JOBS, pictures * sizeof(struct vg_device_job));
    struct vg_case_buffer *classes =
        buffer_add(run, VG_ARG_CLASSES, (size_t)row->x_channels * sizeof(vg_i32));
    struct vg_case_buffer *counts = buffer_add(run, VG_ARG_COUNTS, pictures * sizeof(vg_i32));
    struct vg_case_buffer *candidates = buffer_add(
        run, VG_ARG_CANDIDATES,
        (pictures * (size_t)row->option + 1) * sizeof(struct vg_candidate)); /* one: a guard */
    if (!jobs || !classes || !counts || !candidates)
        return VG_E_MEMORY;
    for (vg_i32 picture = 0; picture < row->pictures; picture++)
        ((struct vg_device_job *)jobs->data)[picture].threshold = row->amplitude * 0.7f;
    for (vg_i32 c = 0; c < row->x_channels; c++)
        ((vg_i32 *)classes->data)[c] = c % 3 == 1 ? -1 : c / 2;
    guard_fill(candidates);
    if (want_add(counts) || want_add(candidates))
        return VG_E_MEMORY;
    *s = (struct vg_boxes_sizes){.scores = s->scores,
                                 .distances = s->distances,
                                 .width = row->x_width,
                                 .height = row->x_height,
                                 .cell_first = 1000,
                                 .classes = row->x_channels,
                                 .bins = 11,
                                 .candidates_max = row->option,
                                 .stride = 32,
                                 .input_width = 32 * (float)row->x_width,
                                 .input_height = 32 * (float)row->x_height};
    run->global[0] = vg_kernel_work(row->kernel, (size_t)(row->x_width * row->x_height));
    run->global[1] = pictures;
    vg_twin_nanodet_boxes(run->buffer[0].data, run->buffer[1].data, jobs->data, classes->data,
                          counts->want, candidates->want, s, row->pictures);
    return VG_OK;
}

enum vg_status vg_case_open(const struct vg_kernel_case *row, uint64_t seed,
                            struct vg_case_run **out)
{
    static enum vg_status (*const make[VG_KERNEL_COUNT])(struct vg_case_run *,
                                                         struct vg_random *) = {
        [VG_KERNEL_PREPARE] = prepare_make,     [VG_KERNEL_CONV_DIRECT] = conv_make,
        [VG_KERNEL_CONV_WINO] = conv_make,      [VG_KERNEL_MAX_POOL] = map_make,
        [VG_KERNEL_RESIZE] = map_make,          [VG_KERNEL_ADD] = map_make,
        [VG_KERNEL_SIGMOID] = map_make,         [VG_KERNEL_COPY_CHANNELS] = map_make,
        [VG_KERNEL_NANODET_BOXES] = boxes_make,
    };
    struct vg_random random;
    vg_random_seed(&random, seed);
    *out = vg_alloc(sizeof **out);
    if (!*out)
        return VG_E_MEMORY;
    (*out)->row = row;
    for (uint32_t i = 0; i < 3; i++)
        (*out)->global[i] = 1;
    const enum vg_status status = make[row->kernel](*out, &random);
    if (status)
        vg_case_close(out);
    return status;
}

void vg_case_close(struct vg_case_run **run)
{
    if (!*run)
        return;
    for (uint32_t i = 0; i < (*run)->buffer_count; i++) {
        vg_free((*run)->buffer[i].data);
        vg_free((*run)->buffer[i].want);
    }
    vg_free(*run);
    *run = NULL;
}

/* ---- judging ---- */

static int candidate_order(const void *a, const void *b)
{
    const struct vg_candidate *left = a, *right = b;
    if (left->cell != right->cell)
        return left->cell < right->cell ? -1 : 1;
    return (left->net_class > right->net_class) - (left->net_class < right->net_class);
}

static const struct vg_case_buffer *buffer_of(const struct vg_case_run *run, enum vg_arg arg)
{
    for (uint32_t i = 0; i < run->buffer_count; i++)
        if (run->buffer[i].arg == arg)
            return &run->buffer[i];
    return NULL;
}

/* Puts each job's candidates in order. Where too many passed, which ones found a place is not
 * fixed: those are taken as they are. */
static void candidates_settle(const struct vg_case_run *run, struct vg_candidate *got)
{
    const struct vg_case_buffer *counts = buffer_of(run, VG_ARG_COUNTS);
    const struct vg_case_buffer *candidates = buffer_of(run, VG_ARG_CANDIDATES);
    assert(counts && candidates);
    for (vg_i32 picture = 0; picture < run->row->pictures; picture++) {
        const vg_i32 count = ((const vg_i32 *)counts->want)[picture], most = run->row->option;
        struct vg_candidate *first = got + picture * most;
        if (count > most)
            memcpy(first, (const struct vg_candidate *)candidates->want + picture * most,
                   (size_t)most * sizeof *first);
        else
            qsort(first, (size_t)count, sizeof *first, candidate_order);
    }
}

static float float_of(uint32_t word)
{
    float f;
    memcpy(&f, &word, sizeof f);
    return f;
}

static int is_integer(enum vg_arg arg, size_t word)
{
    const size_t words = sizeof(struct vg_candidate) / sizeof(uint32_t);
    const size_t first = offsetof(struct vg_candidate, cell) / sizeof(uint32_t);
    return arg == VG_ARG_COUNTS || (arg == VG_ARG_CANDIDATES && word % words >= first);
}

/* error of a float that should have been written */
static double error_of(const struct vg_case_run *run, uint32_t got, uint32_t want)
{
    if (got == want)
        return 0;
    const double g = (double)float_of(got), w = (double)float_of(want);
    const double error = fabs(g - w) / fmax(fabs((double)run->row->amplitude), fabs(w));
    return isnan(error) ? HUGE_VAL : error;
}

struct vg_case_verdict vg_case_judge(const struct vg_case_run *run, uint32_t index, void *got)
{
    const struct vg_case_buffer *buffer = &run->buffer[index];
    assert(buffer->want);
    if (buffer->arg == VG_ARG_CANDIDATES)
        candidates_settle(run, got);
    struct vg_case_verdict verdict = {0};
    const uint32_t *g = got, *w = buffer->want;
    for (size_t i = 0; i < buffer->bytes / sizeof *g; i++) {
        const int exact = is_integer(buffer->arg, i);
        const double error = !exact ? error_of(run, g[i], w[i]) : g[i] == w[i] ? 0 : HUGE_VAL;
        const int guard = w[i] == GUARD_WORD && g[i] != w[i];
        if (!guard && error > verdict.worst)
            verdict.worst = error;
        if (!guard && error <= run->row->tolerance)
            continue;
        if (!verdict.wrong) {
            verdict.first_word = i;
            verdict.got = float_of(g[i]);
            verdict.want = float_of(w[i]);
        }
        verdict.wrong++;
        verdict.guards_broken += (uint32_t)guard;
    }
    return verdict;
}
