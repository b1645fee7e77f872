/* Depthwise convolutions, alone and with the 1x1 behind them, and the first convolution with its
 * pool. A case is a line of CASES: what all families have, and what it is built for. */
#include <assert.h>
#include <math.h>

#include "kernels/conv_weights.h"
#include "kernels/depthwise_weights.h"
#include "kernels/twins/cases_planes.h"
#include "kernels/twins/conv_twin.h"
#include "src/base/alloc.h"

#define SUMS      "float sums of up to 300 products, in another order than the twin's"
#define TOLERANCE 8e-6
#define DEPTHWISE VG_KERNEL_CONV_DEPTHWISE
#define ROW_CONV  VG_KERNEL_CONV_ROW
#define STEM_POOL VG_KERNEL_CONV_STEM_POOL
#define SMALL     VG_CASE_SMALL
#define FULL      VG_CASE_FULL

enum window_name {
    W3,
    W3S2,
    W3D2,
    W5,
    W5S2,
    W1,
    W_ODD
};

static const struct window {
    uint32_t size_y, size_x, stride_y, stride_x, dilation_y, dilation_x;
    vg_i32 above, left, below, right;
} windows[] = {
    [W3] = {3, 3, 1, 1, 1, 1, 1, 1, 1, 1},    [W3S2] = {3, 3, 2, 2, 1, 1, 1, 1, 1, 1},
    [W3D2] = {3, 3, 1, 1, 2, 2, 2, 2, 2, 2},  [W5] = {5, 5, 1, 1, 1, 1, 2, 2, 2, 2},
    [W5S2] = {5, 5, 2, 2, 1, 1, 2, 2, 2, 2},  [W1] = {1, 1, 1, 1, 1, 1, 0, 0, 0, 0},
    [W_ODD] = {2, 3, 1, 2, 3, 2, 2, 0, 1, 1},
};

enum store_name {
    NONE,
    LEAKY,
    CLIP,
    SIGMOID,
    SILU,
    HARD_SIGMOID,
    HARD_SWISH,
    FIRST_GROUP,
    BEFORE,
    AFTER,
    SILU_AFTER,
    TWICE
};

static const struct store {
    uint32_t act;
    float a, b;
    vg_i32 act_blocks; /* most */
    enum vg_conv_add add;
    vg_i32 x2_part; /* size of y to that of x2 */
} stores[] = {
    [NONE] = {VG_ACT_CODE_NONE, 0, 0, 99, VG_CONV_ADD_NONE, 1},
    [LEAKY] = {VG_ACT_CODE_LEAKY, 0.1f, 0, 99, VG_CONV_ADD_NONE, 1},
    [CLIP] = {VG_ACT_CODE_CLIP, -0.2f, 0.6f, 99, VG_CONV_ADD_NONE, 1},
    [SIGMOID] = {VG_ACT_CODE_SIGMOID, 0, 0, 99, VG_CONV_ADD_NONE, 1},
    [SILU] = {VG_ACT_CODE_SILU, 0, 0, 99, VG_CONV_ADD_NONE, 1},
    [HARD_SIGMOID] = {VG_ACT_CODE_HARD_SIGMOID, 0.2f, 0.5f, 99, VG_CONV_ADD_NONE, 1},
    [HARD_SWISH] = {VG_ACT_CODE_HARD_SWISH, 0, 0, 99, VG_CONV_ADD_NONE, 1},
    [FIRST_GROUP] = {VG_ACT_CODE_LEAKY, 0.1f, 0, 1, VG_CONV_ADD_NONE, 1},
    [BEFORE] = {VG_ACT_CODE_LEAKY, 0, 0, 99, VG_CONV_ADD_BEFORE, 1},
    [AFTER] = {VG_ACT_CODE_LEAKY, 0.1f, 0, 99, VG_CONV_ADD_AFTER, 1},
    [SILU_AFTER] = {VG_ACT_CODE_SILU, 0, 0, 99, VG_CONV_ADD_AFTER, 1},
    [TWICE] = {VG_ACT_CODE_LEAKY, 0.1f, 0, 99, VG_CONV_ADD_LINEAR, 2},
};

struct more {
    uint32_t block;
    enum window_name window;
    enum store_name first; /* conv_row: activation of its depthwise */
    enum store_name store;
    vg_i32 each; /* groups (conv_row) or rows (conv_stem_pool) made by one work-item */
};

/* clang-format off */
#define CASES(ROW) \
/*      name                  kernel     scale  P  OB  B   x w,h,c      yc  window  first  store        n each amp */ \
    ROW("one pixel",          DEPTHWISE, SMALL, 13, 1, 16,  1,  1,   1,   1, W3,    NONE,  LEAKY,        1, 1, 1) \
    ROW("tile less one",      DEPTHWISE, SMALL, 13, 1, 16, 12,  3,  17,  17, W3,    NONE,  LEAKY,        2, 1, 1) \
    ROW("a tile",             DEPTHWISE, SMALL, 13, 1, 16, 13,  2,  16,  16, W3,    NONE,  NONE,         1, 1, 1) \
    ROW("tile and one",       DEPTHWISE, SMALL,  8, 1, 16,  9,  3,  16,  16, W3,    NONE,  LEAKY,        1, 1, 1) \
    ROW("26, tile and one",   DEPTHWISE, SMALL, 26, 1, 16, 27,  3,  17,  17, W3,    NONE,  LEAKY,        1, 1, 1) \
    ROW("a pixel each",       DEPTHWISE, SMALL,  1, 1, 16,  5,  3,  17,  17, W3,    NONE,  LEAKY,        2, 1, 1) \
    ROW("two tiles and two",  DEPTHWISE, SMALL,  3, 1,  8,  8,  5,   9,   9, W3,    NONE,  HARD_SWISH,   3, 1, 1) \
    ROW("one by one",         DEPTHWISE, SMALL,  4, 1, 16,  7,  3,   5,   5, W1,    NONE,  LEAKY,        1, 1, 1) \
    ROW("stride 2, odd",      DEPTHWISE, SMALL,  4, 1, 16, 11,  7,  17,  17, W3S2,  NONE,  LEAKY,        2, 1, 1) \
    ROW("stride 2, even",     DEPTHWISE, SMALL,  4, 1,  8, 10,  6,   8,   8, W3S2,  NONE,  SILU,         1, 1, 1) \
    ROW("dilation 2",         DEPTHWISE, SMALL,  4, 1, 16,  9,  7,   3,   3, W3D2,  NONE,  LEAKY,        1, 1, 1) \
    ROW("5x5",                DEPTHWISE, SMALL,  6, 1, 16,  7,  5,  17,  17, W5,    NONE,  LEAKY,        1, 1, 1) \
    ROW("5x5, stride 2",      DEPTHWISE, SMALL,  3, 1,  8,  9,  7,  11,  11, W5S2,  NONE,  LEAKY,        2, 1, 1) \
    ROW("odd everything",     DEPTHWISE, SMALL,  2, 1, 16, 11,  9,   5,   5, W_ODD, NONE,  LEAKY,        2, 1, 1) \
    ROW("large values",       DEPTHWISE, SMALL,  4, 1, 16,  7,  3,  16,  16, W3,    NONE,  LEAKY,        1, 1, 1e4f) \
    ROW("clip",               DEPTHWISE, SMALL,  4, 1, 16,  7,  3,  16,  16, W3,    NONE,  CLIP,         1, 1, 1) \
    ROW("sigmoid",            DEPTHWISE, SMALL,  4, 1, 16,  7,  3,  16,  16, W3,    NONE,  SIGMOID,      1, 1, 4) \
    ROW("silu, far out",      DEPTHWISE, SMALL,  4, 1, 16,  7,  3,  16,  16, W3,    NONE,  SILU,         1, 1, 200) \
    ROW("hard sigmoid",       DEPTHWISE, SMALL,  4, 1,  8,  7,  3,  16,  16, W3,    NONE,  HARD_SIGMOID, 1, 1, 4) \
    ROW("first block acts",   DEPTHWISE, SMALL,  4, 1, 16,  7,  3,  33,  33, W3,    NONE,  FIRST_GROUP,  1, 1, 1) \
    ROW("sum before",         DEPTHWISE, SMALL,  4, 1, 16,  7,  3,  17,  17, W3,    NONE,  BEFORE,       2, 1, 1) \
    ROW("sum after",          DEPTHWISE, SMALL,  4, 1,  8,  7,  3,  17,  17, W3,    NONE,  AFTER,        2, 1, 1) \
    ROW("sum of twice",       DEPTHWISE, SMALL,  4, 1, 16, 10,  6,  16,  16, W3,    NONE,  TWICE,        2, 1, 1) \
    ROW("52x52, 58",          DEPTHWISE, FULL,  13, 1, 16, 52, 52,  58,  58, W3,    NONE,  NONE,         3, 1, 1) \
    ROW("52 to 26, 116",      DEPTHWISE, FULL,  13, 1, 16, 52, 52, 116, 116, W3S2,  NONE,  LEAKY,        2, 1, 1) \
    ROW("5x5, 26x26, 96",     DEPTHWISE, FULL,  13, 1, 16, 26, 26,  96,  96, W5,    NONE,  SILU_AFTER,   1, 1, 1) \
    ROW("5x5/2, blocks of 8", DEPTHWISE, FULL,   8, 1,  8, 40, 23,  58,  58, W5S2,  NONE,  LEAKY,        2, 1, 1) \
    ROW("31x37, dilation 2",  DEPTHWISE, FULL,  10, 1, 16, 31, 37,  20,  20, W3D2,  NONE,  HARD_SWISH,   1, 1, 1) \
    \
    ROW("one pixel",          ROW_CONV,  SMALL, 13, 1, 16,  1,  1,   1,   1, W3,    LEAKY, LEAKY,        1, 1, 1) \
    ROW("tile less one",      ROW_CONV,  SMALL, 13, 1, 16, 12,  3,  17,  16, W3,    NONE,  LEAKY,        2, 1, 1) \
    ROW("a tile",             ROW_CONV,  SMALL,  8, 2, 16,  8,  2,  16,  31, W3,    SILU,  NONE,         1, 1, 1) \
    ROW("tile and one",       ROW_CONV,  SMALL,  6, 1, 16,  7,  3,   5,  17, W3,    LEAKY, SILU,         1, 2, 1) \
    ROW("groups in two parts", ROW_CONV, SMALL,  4, 1,  8,  9,  3,  17,  18, W3,    LEAKY, LEAKY,        2, 2, 1) \
    ROW("stride 2, odd",      ROW_CONV,  SMALL,  4, 1, 16, 11,  7,  17,  16, W3S2,  NONE,  LEAKY,        2, 1, 1) \
    ROW("dilation 2",         ROW_CONV,  SMALL,  4, 1,  8,  9,  5,   9,   8, W3D2,  HARD_SWISH, LEAKY,   1, 1, 1) \
    ROW("5x5, stride 2",      ROW_CONV,  SMALL,  3, 1,  8,  9,  7,  11,  24, W5S2,  CLIP,  LEAKY,        2, 3, 1) \
    ROW("odd everything",     ROW_CONV,  SMALL,  2, 1, 16, 11,  9,   5,   3, W_ODD, HARD_SIGMOID, LEAKY, 2, 1, 1) \
    ROW("large values",       ROW_CONV,  SMALL,  4, 1, 16,  7,  3,  16,  16, W3,    LEAKY, LEAKY,        1, 1, 1e4f) \
    ROW("clip",               ROW_CONV,  SMALL,  4, 1, 16,  7,  3,  16,  16, W3,    CLIP,  CLIP,         1, 1, 1) \
    ROW("sigmoid",            ROW_CONV,  SMALL,  4, 2, 16,  7,  3,  16,  32, W3,    SIGMOID, SIGMOID,    1, 1, 4) \
    ROW("silu, far out",      ROW_CONV,  SMALL,  4, 1, 16,  7,  3,  16,  16, W3,    SILU,  SILU,         1, 1, 200) \
    ROW("hard sigmoid",       ROW_CONV,  SMALL,  4, 1, 16,  7,  3,  16,  16, W3,    NONE,  HARD_SIGMOID, 1, 1, 4) \
    ROW("hard swish",         ROW_CONV,  SMALL,  4, 1, 16,  7,  3,  16,  16, W3,    LEAKY, HARD_SWISH,   1, 1, 4) \
    ROW("first group acts",   ROW_CONV,  SMALL,  4, 1, 16,  7,  3,  17,  33, W3,    LEAKY, FIRST_GROUP,  1, 1, 1) \
    ROW("sum before",         ROW_CONV,  SMALL,  4, 1, 16,  7,  3,  17,  17, W3,    LEAKY, BEFORE,       2, 1, 1) \
    ROW("sum after",          ROW_CONV,  SMALL,  4, 2,  8,  7,  3,  17,  16, W3,    LEAKY, AFTER,        2, 1, 1) \
    ROW("sum of twice",       ROW_CONV,  SMALL,  4, 1, 16, 10,  6,  16,  16, W3,    LEAKY, TWICE,        2, 1, 1) \
    ROW("52x52, 58 to 58",    ROW_CONV,  FULL,  13, 2, 16, 52, 52,  58,  58, W3,    NONE,  LEAKY,        3, 2, 1) \
    ROW("52 to 26, 116",      ROW_CONV,  FULL,  13, 1, 16, 52, 52, 116, 116, W3S2,  NONE,  LEAKY,        2, 8, 1) \
    ROW("5x5, 26x26, 96",     ROW_CONV,  FULL,  13, 2, 16, 26, 26,  96,  96, W5,    SILU,  SILU_AFTER,   1, 3, 1) \
    ROW("13x13, 232 to 232",  ROW_CONV,  FULL,  13, 1, 16, 13, 13, 232, 232, W3,    NONE,  LEAKY,        1, 5, 1) \
    ROW("40x23, blocks of 8", ROW_CONV,  FULL,   8, 1,  8, 40, 23,  58,  64, W3,    LEAKY, SILU,         2, 8, 1) \
    \
    ROW("one pixel",          STEM_POOL, SMALL, 13, 1, 16,  1,  1,   3,   1, W3S2,  NONE,  LEAKY,        1, 1, 1) \
    ROW("two by two pixels",  STEM_POOL, SMALL,  8, 1, 16,  3,  4,   3,  17, W3S2,  NONE,  LEAKY,        2, 4, 1) \
    ROW("odd convolution",    STEM_POOL, SMALL,  3, 1, 16, 18, 14,   3,  16, W3S2,  NONE,  LEAKY,        1, 2, 1) \
    ROW("even convolution",   STEM_POOL, SMALL,  3, 1,  8, 16, 12,   3,  17, W3S2,  NONE,  LEAKY,        2, 1, 1) \
    ROW("a tile",             STEM_POOL, SMALL,  4, 1, 16, 16,  9,   3,  24, W3S2,  NONE,  NONE,         1, 3, 1) \
    ROW("tile and one",       STEM_POOL, SMALL,  4, 1, 16, 18, 11,   3,  16, W3S2,  NONE,  LEAKY,        2, 9, 1) \
    ROW("odd rows of x",      STEM_POOL, SMALL,  2, 1,  8, 13, 23,   3,   9, W3S2,  NONE,  CLIP,         1, 2, 1) \
    ROW("stride 1",           STEM_POOL, SMALL,  3, 1, 16,  9,  7,   3,  16, W3,    NONE,  LEAKY,        1, 2, 1) \
    ROW("5x5",                STEM_POOL, SMALL,  3, 1, 16, 15, 13,   3,  16, W5S2,  NONE,  LEAKY,        1, 2, 1) \
    ROW("large values",       STEM_POOL, SMALL,  3, 1, 16, 13,  9,   3,  16, W3S2,  NONE,  LEAKY,        1, 2, 1e4f) \
    ROW("104x80, 32",         STEM_POOL, FULL,  13, 1, 16, 104, 80,  3,  32, W3S2,  NONE,  LEAKY,        2, 13, 1) \
    ROW("104x64, 24",         STEM_POOL, FULL,   8, 1, 16, 104, 64,  3,  24, W3S2,  NONE,  LEAKY,        1, 5, 1) \
    ROW("97x61, blocks of 8", STEM_POOL, FULL,   6, 1,  8, 97, 61,   3,  24, W3S2,  NONE,  CLIP,         3, 4, 1)

#define AS_ROW(name_, kernel_, scale_, p_, ob_, block_, w_, h_, xc_, yc_, window_, first_, store_, n_, each_, amplitude_) \
    {.name = name_, .kernel = kernel_, .scale = scale_, .tile = {p_, ob_}, .x_width = w_, .x_height = h_, .x_channels = xc_, \
     .y_channels = yc_, .pictures = n_, .amplitude = amplitude_, .tolerance = TOLERANCE, .reason = SUMS},
#define AS_MORE(name_, kernel_, scale_, p_, ob_, block_, w_, h_, xc_, yc_, window_, first_, store_, n_, each_, amplitude_) \
    {block_, window_, first_, store_, each_},

static const struct vg_kernel_case rows[] = {CASES(AS_ROW)};
static const struct more mores[] = {CASES(AS_MORE)};
/* clang-format on */

/* a convolution as a model has it */
struct layer {
    float *weights, *bias;
};

struct depthwise_case {
    const struct vg_kernel_case *row;
    const struct more *more;
    struct vg_conv_build build;
    struct layer layer, first; /* first: conv_row's depthwise */
    struct vg_twin_row twin;   /* its `conv` is the twin's of all */
    struct vg_conv_sizes *s;
    struct vg_case_buffer *x, *y;
};

static vg_i32 ceil_div(vg_i32 a, vg_i32 b)
{
    return (a + b - 1) / b;
}

/* ---- weights ---- */

static enum vg_status layer_make(struct layer *layer, vg_i32 outputs, vg_i32 each, float amplitude,
                                 struct vg_random *random)
{
    const size_t count = (size_t)(outputs * each);
    layer->weights = vg_alloc_array(count, sizeof(float));
    layer->bias = vg_alloc_array((size_t)outputs, sizeof(float));
    if (!layer->weights || !layer->bias)
        return VG_E_MEMORY;
    for (size_t i = 0; i < count; i++)
        layer->weights[i] = vg_case_value(random, (float)(2 / sqrt(each)));
    for (vg_i32 i = 0; i < outputs; i++)
        layer->bias[i] = vg_case_value(random, amplitude);
    return VG_OK;
}

/* floats of a packed layer and of its bias behind it; where `to` is given, they are put there */
struct packed {
    size_t weights, bias;
};

static struct packed depthwise_pack(const struct depthwise_case *c, const struct layer *layer,
                                    float *to)
{
    const struct vg_depthwise_shape shape = {.channels = (uint32_t)c->row->x_channels,
                                             .taps = c->build.size_y * c->build.size_x,
                                             .block = c->build.block};
    const struct packed packed = {vg_depthwise_weights_count(&shape),
                                  vg_depthwise_bias_count(&shape)};
    if (to)
        vg_depthwise_pack(&shape, layer->weights, layer->bias, to, to + packed.weights);
    return packed;
}

/* the 1x1 of conv_row, or the whole convolution of conv_stem_pool */
static struct packed dense_pack(const struct depthwise_case *c, float *to)
{
    const int point = c->row->kernel == ROW_CONV;
    const struct vg_conv_shape shape = {.kernel = VG_KERNEL_CONV_DIRECT,
                                        .tile = c->row->tile,
                                        .block = c->build.block,
                                        .size_y = point ? 1 : c->build.size_y,
                                        .size_x = point ? 1 : c->build.size_x,
                                        .x_channels = (uint32_t)c->row->x_channels,
                                        .y_channels = (uint32_t)c->row->y_channels,
                                        .parts = 1};
    const struct packed packed = {vg_conv_weights_count(&shape), vg_conv_bias_count(&shape)};
    if (to)
        vg_conv_pack(&shape, c->layer.weights, c->layer.bias, to, to + packed.weights);
    return packed;
}

static enum vg_status layers_make(struct depthwise_case *c, struct vg_random *random)
{
    const struct vg_kernel_case *row = c->row;
    const vg_i32 taps = (vg_i32)(c->build.size_y * c->build.size_x);
    const vg_i32 each[] = {[DEPTHWISE - DEPTHWISE] = taps,
                           [ROW_CONV - DEPTHWISE] = row->x_channels,
                           [STEM_POOL - DEPTHWISE] = taps * row->x_channels};
    const enum vg_status status = layer_make(&c->layer, row->y_channels,
                                             each[row->kernel - DEPTHWISE], row->amplitude, random);
    c->twin.conv.weights = c->layer.weights;
    c->twin.conv.bias = c->layer.bias;
    if (status || row->kernel != ROW_CONV)
        return status;
    c->twin.middle = vg_alloc_array((size_t)row->x_channels, sizeof *c->twin.middle);
    if (!c->twin.middle ||
        layer_make(&c->first, row->x_channels, taps, row->amplitude, random) != VG_OK)
        return VG_E_MEMORY;
    c->twin.first = c->twin.conv;
    c->twin.first.weights = c->first.weights;
    c->twin.first.bias = c->first.bias;
    return VG_OK;
}

static enum vg_status weights_make(struct vg_case_run *run, struct depthwise_case *c,
                                   struct vg_random *random)
{
    const enum vg_kernel kernel = c->row->kernel;
    if (layers_make(c, random))
        return VG_E_MEMORY;
    const struct packed main_part =
        kernel == DEPTHWISE ? depthwise_pack(c, &c->layer, NULL) : dense_pack(c, NULL);
    struct packed first_part = {0};
    if (kernel == ROW_CONV)
        first_part = depthwise_pack(c, &c->first, NULL);
    const size_t first_at = main_part.weights + main_part.bias;
    const size_t all = first_at + first_part.weights + first_part.bias;
    struct vg_case_buffer *buffer =
        vg_case_buffer_add(run, VG_ARG_WEIGHTS, (all + 2 * VG_CASE_GUARD_FLOATS) * sizeof(float));
    if (!buffer)
        return VG_E_MEMORY;
    vg_case_guard_fill(buffer);
    float *to = (float *)buffer->data + VG_CASE_GUARD_FLOATS;
    c->s->w_first = VG_CASE_GUARD_FLOATS;
    c->s->bias_first = VG_CASE_GUARD_FLOATS + (vg_i32)main_part.weights;
    if (kernel == DEPTHWISE)
        (void)depthwise_pack(c, &c->layer, to);
    else
        (void)dense_pack(c, to);
    if (kernel == ROW_CONV) {
        (void)depthwise_pack(c, &c->first, to + first_at);
        run->sizes.row.first_w = VG_CASE_GUARD_FLOATS + (vg_i32)first_at;
        run->sizes.row.first_bias = run->sizes.row.first_w + (vg_i32)first_part.weights;
    }
    return VG_OK;
}

/* ---- x ---- */

/* Whole blocks are numbers, as the kernels read them; of the net's input the fourth value is a
 * guard. */
static enum vg_status input_make(struct vg_case_run *run, struct depthwise_case *c,
                                 struct vg_random *random)
{
    struct vg_conv_sizes *s = c->s;
    const int stem = c->row->kernel == STEM_POOL;
    const struct vg_case_planes p = {.width = s->x_width,
                                     .height = s->x_height,
                                     .pixel = s->x_pixel,
                                     .blocks = s->x_blocks,
                                     .halo = vg_conv_reach(c->row->kernel, &c->build, s),
                                     .before = !stem};
    const size_t floats = vg_case_planes_place(&p, s->pictures, &s->x);
    c->x = vg_case_buffer_add(run, VG_ARG_X, floats * sizeof(float));
    if (!c->x)
        return VG_E_MEMORY;
    vg_case_guard_fill(c->x);
    const vg_i32 lanes = stem ? s->x_channels : s->x_blocks * s->x_pixel;
    for (vg_i32 picture = 0; picture < s->pictures; picture++)
        for (vg_i32 i = 0; i < lanes; i++)
            vg_case_channel_fill(run, c->x->data, &p, &s->x, picture,
                                 i / s->x_pixel * s->x.plane + i % s->x_pixel, random);
    return VG_OK;
}

/* ---- sizes and work ---- */

static vg_i32 size_of(vg_i32 x, vg_i32 pads, uint32_t size, uint32_t stride, uint32_t dilation)
{
    return (x + pads - ((vg_i32)(dilation * (size - 1)) + 1)) / (vg_i32)stride + 1;
}

static void case_describe(struct depthwise_case *c)
{
    const struct vg_kernel_case *row = c->row;
    const struct more *more = c->more;
    const struct window *w = &windows[more->window];
    const struct store *store = &stores[more->store];
    const vg_i32 block = (vg_i32)more->block;
    struct vg_conv_sizes *s = c->s;
    s->x_width = row->x_width;
    s->x_height = row->x_height;
    s->x_pixel = row->kernel == STEM_POOL ? 4 : block;
    s->x_channels = row->x_channels;
    s->x_blocks = ceil_div(row->x_channels, block);
    s->above = w->above;
    s->left = w->left;
    s->width = size_of(row->x_width, w->left + w->right, w->size_x, w->stride_x, w->dilation_x);
    s->height = size_of(row->x_height, w->above + w->below, w->size_y, w->stride_y, w->dilation_y);
    s->y_channels = row->y_channels;
    s->parts = row->kernel == DEPTHWISE ? row->x_channels : 1;
    s->groups = ceil_div(row->y_channels, block * (vg_i32)row->tile.blocks);
    const vg_i32 blocks = ceil_div(row->y_channels, block);
    s->act_blocks = blocks < store->act_blocks ? blocks : store->act_blocks;
    s->pictures = row->pictures;
    s->groups_each = more->each;
    s->x2_width = ceil_div(s->width, store->x2_part);
    s->x2_height = ceil_div(s->height, store->x2_part);
    s->act_a = store->a;
    s->act_b = store->b;
    c->build = (struct vg_conv_build){.tile = row->tile,
                                      .block = more->block,
                                      .x_pixel = (uint32_t)s->x_pixel,
                                      .size_y = w->size_y,
                                      .size_x = w->size_x,
                                      .stride_y = w->stride_y,
                                      .stride_x = w->stride_x,
                                      .dilation_y = w->dilation_y,
                                      .dilation_x = w->dilation_x,
                                      .act = store->act,
                                      .act_first = stores[more->first].act,
                                      .add = store->add};
    c->twin.conv.build = &c->build;
}

/* the sizes that its kernel adds, before the buffers are made */
static void sizes_finish(struct vg_case_run *run, const struct depthwise_case *c)
{
    const struct store *first = &stores[c->more->first];
    if (c->row->kernel == ROW_CONV) {
        run->sizes.row.first_a = first->a;
        run->sizes.row.first_b = first->b;
    }
    if (c->row->kernel == STEM_POOL) {
        run->sizes.stem.conv_width = c->s->width;
        run->sizes.stem.conv_height = c->s->height;
        run->sizes.stem.rows_each = c->more->each;
        c->s->width = (c->s->width + 1) / 2;
        c->s->height = (c->s->height + 1) / 2;
    }
}

static void work_make(struct vg_case_run *run, const struct depthwise_case *c)
{
    const struct vg_conv_sizes *s = c->s;
    run->global[0] = (size_t)s->height;
    run->global[1] = (size_t)s->x_blocks;
    run->global[2] = (size_t)s->pictures;
    if (run->form == VG_FORM_SPREAD)
        vg_case_spread(run, vg_spread_items(c->build.block, (uint32_t)s->width, (uint32_t)s->height,
                                            c->build.tile.pixels));
    if (c->row->kernel == ROW_CONV) {
        run->global[1] = (size_t)ceil_div(s->groups, s->groups_each);
        run->local_bytes =
            vg_conv_row_local_bytes(&c->build, (uint32_t)s->x_blocks, (uint32_t)s->width);
    }
    if (c->row->kernel == STEM_POOL) {
        run->global[0] = (size_t)ceil_div(s->height, run->sizes.stem.rows_each);
        run->global[1] = 1;
        run->local_bytes =
            vg_conv_stem_local_bytes(&c->build, (uint32_t)s->groups, (uint32_t)s->width);
    }
}

static void twin_run(const struct vg_case_run *run, const struct depthwise_case *c)
{
    const float *x = c->x->data;
    float *want = c->y->want;
    if (c->row->kernel == DEPTHWISE)
        vg_twin_conv_depthwise(x, &c->twin.conv, want, &run->sizes.conv);
    else if (c->row->kernel == ROW_CONV)
        vg_twin_conv_row(x, &c->twin, want, &run->sizes.row);
    else
        vg_twin_conv_stem_pool(x, &c->twin.conv, want, &run->sizes.stem);
}

static enum vg_status buffers_make(struct vg_case_run *run, struct depthwise_case *c,
                                   struct vg_random *random)
{
    enum vg_status status = input_make(run, c, random);
    if (status)
        return status;
    if (c->row->kernel != STEM_POOL) {
        const struct vg_case_buffer *x2 = vg_case_addend_add(run, c->s, &c->build, random);
        if (!x2)
            return VG_E_MEMORY;
        c->twin.conv.x2 = x2->data;
    }
    status = weights_make(run, c, random);
    if (status)
        return status;
    c->y = vg_case_conv_output_add(run, c->s, (vg_i32)c->more->block, random);
    return c->y ? VG_OK : VG_E_MEMORY;
}

static enum vg_status depthwise_make(struct vg_case_run *run, struct vg_random *random)
{
    struct depthwise_case c = {
        .row = run->row, .more = &mores[run->row - rows], .s = &run->sizes.conv};
    static_assert(sizeof mores / sizeof *mores == sizeof rows / sizeof *rows, "one for each row");
    case_describe(&c);
    c.build.storage = run->storage;
    c.build.form = run->form;
    sizes_finish(run, &c);
    vg_conv_options(run->row->kernel, &c.build, run->options);
    const enum vg_status status = buffers_make(run, &c, random);
    if (!status) {
        work_make(run, &c);
        twin_run(run, &c);
    }
    vg_free(c.layer.weights);
    vg_free(c.layer.bias);
    vg_free(c.first.weights);
    vg_free(c.first.bias);
    vg_free(c.twin.middle);
    return status;
}

const struct vg_case_family vg_cases_depthwise = {rows, sizeof rows / sizeof *rows, depthwise_make};
