/* The kernels over bytes: convolutions in each lane, and what goes over planes. Nothing is allowed
 * to differ: sums are integers, and what is of floats is rounded the same way in the twin. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "kernels/twins/cases_make.h"
#include "kernels/twins/twins_int8.h"
#include "src/base/alloc.h"

#define GUARD_BYTES (VG_CASE_GUARD_FLOATS * 4)
#define CONV        VG_KERNEL_CONV_INT8_X86
#define DEPTHWISE   VG_KERNEL_CONV_INT8_DEPTHWISE
#define STEM        VG_KERNEL_CONV_INT8_STEM_POOL
#define POOL        VG_KERNEL_MAX_POOL_INT8
#define COMBINE     VG_KERNEL_COMBINE_INT8
#define RESIZE      VG_KERNEL_RESIZE_INT8
#define QUANTISE    VG_KERNEL_QUANTISE_INT8
#define DEQUANTISE  VG_KERNEL_DEQUANTISE_INT8
#define COPY        VG_KERNEL_COPY_CHANNELS_INT8
#define PLAIN       VG_INT8_PLAIN
#define VL          VG_INT8_AVX512_VL
#define AVX         VG_INT8_AVX_VNNI
#define V512        VG_INT8_AVX512_VNNI
#define ROW(kind, size, text, count)                                                    \
    {                                                                                   \
        .name = text, .kernel = kind, .scale = size, .pictures = count, .amplitude = 1, \
        .reason = "integers, and floats rounded as the twin does"                       \
    }
#define SMALL VG_CASE_SMALL
#define FULL  VG_CASE_FULL

enum extreme {
    ANY,
    HIGH, /* all bytes 255, all weights 127 */
    LOW   /* and -127 */
};

/* What a row of the table below means; a field that is 0 has the meaning of 0. */
struct detail {
    vg_i32 x_width, x_height, x_channels, y_channels;
    struct vg_conv_tile tile;
    vg_i32 size_y, size_x, stride, dilation, above, left;
    enum vg_int8_lane lane;
    uint32_t act;
    enum vg_conv_add add;
    vg_i32 x_zero, y_zero;
    enum extreme extreme;
    enum vg_int8_output output;
    uint32_t table;
    uint32_t pixel; /* of x, 4 for the net's input; 0: 16 */
    vg_i32 act_vectors_less;
    vg_i32 rows_each;     /* STEM */
    vg_i32 width, height; /* of y, resize */
    struct vg_int8_map_build map;
};

/* clang-format off */
static const struct vg_kernel_case rows[] = {
    ROW(CONV, SMALL, "one pixel 1x1", 1),         ROW(CONV, SMALL, "one pixel 3x3", 1),
    ROW(CONV, SMALL, "tile less one", 1),         ROW(CONV, SMALL, "a tile", 2),
    ROW(CONV, SMALL, "tile and one", 1),          ROW(CONV, SMALL, "bytes of pixels, stride 2", 2),
    ROW(CONV, SMALL, "5x3, dilation 2", 1),       ROW(CONV, SMALL, "added before", 1),
    ROW(CONV, SMALL, "added resized", 2),         ROW(CONV, SMALL, "added by the nearest", 1),
    ROW(CONV, SMALL, "a table of fours", 2),      ROW(CONV, SMALL, "floats, part activated", 1),
    ROW(CONV, SMALL, "all greatest", 1),          ROW(CONV, SMALL, "all least", 1),
    ROW(CONV, SMALL, "two vectors of 8, plain", 1), ROW(CONV, SMALL, "sigmoid", 1),
    ROW(CONV, SMALL, "hard swish", 1),            ROW(CONV, SMALL, "hard sigmoid", 1),

    ROW(CONV, FULL, "512: one pixel", 1),         ROW(CONV, FULL, "512: a tile and one", 2),
    ROW(CONV, FULL, "512: two vectors", 1),       ROW(CONV, FULL, "512: bytes of pixels", 2),
    ROW(CONV, FULL, "512: all greatest", 1),      ROW(CONV, FULL, "512: all least", 1),
    ROW(CONV, FULL, "512: 2304 products", 1),     ROW(CONV, FULL, "512: added resized", 2),
    ROW(CONV, FULL, "512: table, stride 2", 1),   ROW(CONV, FULL, "512: 1x1, floats", 1),
    ROW(CONV, FULL, "512: 5x5, dilation 3", 1),   ROW(CONV, FULL, "512: silu, 26", 1),
    ROW(CONV, FULL, "512: two vectors, part activated", 1),
    ROW(CONV, FULL, "512: 10, a tile and one", 1), ROW(CONV, FULL, "512: 10, two vectors", 1),
    ROW(CONV, FULL, "256: one pixel", 1),         ROW(CONV, FULL, "256: 33 to 17", 2),
    ROW(CONV, FULL, "256: two vectors, added", 1), ROW(CONV, FULL, "256: all greatest", 1),
    ROW(CONV, FULL, "AVX: one pixel", 1),         ROW(CONV, FULL, "AVX: 33 to 17", 2),
    ROW(CONV, FULL, "AVX: all least", 1),

    ROW(DEPTHWISE, SMALL, "one pixel", 1),        ROW(DEPTHWISE, SMALL, "odd, 5x5", 2),
    ROW(DEPTHWISE, SMALL, "stride 2", 1),         ROW(DEPTHWISE, SMALL, "all greatest", 1),
    ROW(DEPTHWISE, SMALL, "floats", 1),           ROW(DEPTHWISE, FULL, "26x26, 5x5", 1),
    ROW(DEPTHWISE, SMALL, "6, a tile and one", 1), ROW(DEPTHWISE, SMALL, "13, a tile and one", 1),

    ROW(STEM, SMALL, "one pixel", 1),             ROW(STEM, SMALL, "odd, two strips", 2),
    ROW(STEM, SMALL, "even, rows apart", 1),      ROW(STEM, SMALL, "all greatest", 1),
    ROW(STEM, FULL, "512: 107x51", 2),            ROW(STEM, FULL, "256: 40x24", 1),
    ROW(STEM, FULL, "AVX: all least", 1),

    ROW(POOL, SMALL, "one pixel", 1),             ROW(POOL, SMALL, "odd", 2),
    ROW(POOL, FULL, "208x208", 1),

    ROW(COMBINE, SMALL, "one pixel", 1),          ROW(COMBINE, SMALL, "odd, resized", 2),
    ROW(COMBINE, SMALL, "product of one pixel", 1), ROW(COMBINE, SMALL, "hard swish alone", 1),
    ROW(COMBINE, SMALL, "silu of a product", 1),  ROW(COMBINE, FULL, "52x52", 1),

    ROW(RESIZE, SMALL, "one pixel", 1),           ROW(RESIZE, SMALL, "twice", 2),
    ROW(RESIZE, SMALL, "half", 1),                ROW(RESIZE, SMALL, "any ratio, another step", 1),
    ROW(RESIZE, SMALL, "nearest", 1),             ROW(RESIZE, FULL, "26 to 52", 1),

    ROW(QUANTISE, SMALL, "one pixel", 1),         ROW(QUANTISE, SMALL, "odd", 2),
    ROW(QUANTISE, SMALL, "the net's input", 2),
    ROW(DEQUANTISE, SMALL, "one pixel", 1),       ROW(DEQUANTISE, SMALL, "odd", 2),

    ROW(COPY, SMALL, "one channel", 1),           ROW(COPY, SMALL, "scattered", 2),
    ROW(COPY, SMALL, "whole blocks", 1),          ROW(COPY, FULL, "29x29, a block and a part", 2),
};

#define LEAKY VG_ACT_CODE_LEAKY
#define SILU  VG_ACT_CODE_SILU
static const struct detail details[] = {
    /* x w, h,  c,  yc, tile    ky kx s  d  a  l  lane  act   add */
    { 1,  1,   1,   1, {13, 1}, 1, 1, 1, 1, 0, 0, PLAIN, 0,     0, 0, .y_zero = 0},
    { 1,  1,  16,  16, {13, 1}, 3, 3, 1, 1, 1, 1, PLAIN, LEAKY, 0, 128, .y_zero = 3},
    {12,  3,  16,  16, {13, 1}, 3, 3, 1, 1, 1, 1, PLAIN, LEAKY, 0, 255, .y_zero = 255},
    {13,  2,  15,  17, {13, 1}, 3, 3, 1, 1, 1, 1, PLAIN, VG_ACT_CODE_CLIP, 0, 0, .y_zero = 0},
    {14,  3,  17,  32, {13, 2}, 1, 1, 1, 1, 0, 0, PLAIN, LEAKY, 0, 7, .y_zero = 200},
    {27,  5,   3,  20, { 5, 1}, 3, 3, 2, 1, 1, 1, PLAIN, LEAKY, 0, 0, .y_zero = 31, .pixel = 4},
    { 9,  7,   5,   9, { 4, 1}, 5, 3, 1, 2, 4, 2, PLAIN, 0,     0, 77, .y_zero = 100},
    { 7,  3,  16,  19, { 4, 1}, 3, 3, 1, 1, 1, 1, PLAIN, LEAKY, VG_CONV_ADD_BEFORE, 40, .y_zero = 50},
    { 6,  6,  12,  17, { 4, 1}, 1, 1, 1, 1, 0, 0, PLAIN, LEAKY, VG_CONV_ADD_LINEAR, 40, .y_zero = 50},
    { 7,  5,  12,  17, { 4, 1}, 1, 1, 1, 1, 0, 0, PLAIN, SILU,  VG_CONV_ADD_NEAREST, 40, .y_zero = 50},
    { 5,  4,  36,  16, { 4, 1}, 3, 3, 1, 1, 1, 1, PLAIN, LEAKY, 0, 9, .y_zero = 10, .table = 1},
    { 5,  4,  16,  48, { 4, 1}, 1, 1, 1, 1, 0, 0, PLAIN, SILU,  0, 9, .y_zero = 0, .output = VG_INT8_FLOATS, .act_vectors_less = 1},
    { 4,  3,  64,  16, { 4, 1}, 3, 3, 1, 1, 1, 1, PLAIN, 0,     0, 0, .y_zero = 0, .extreme = HIGH},
    { 4,  3,  64,  16, { 4, 1}, 3, 3, 1, 1, 1, 1, PLAIN, LEAKY, 0, 0, .y_zero = 255, .extreme = LOW},
    { 7,  3,  20,  50, { 3, 2}, 3, 3, 1, 1, 1, 1, PLAIN, LEAKY, VG_CONV_ADD_AFTER, 12, .y_zero = 70},
    { 5,  3,  16,  16, { 4, 1}, 1, 1, 1, 1, 0, 0, PLAIN, VG_ACT_CODE_SIGMOID, 0, 100, .y_zero = 0},
    { 5,  3,  16,  16, { 4, 1}, 1, 1, 1, 1, 0, 0, PLAIN, VG_ACT_CODE_HARD_SWISH, 0, 100, .y_zero = 20},
    { 5,  3,  16,  16, { 4, 1}, 1, 1, 1, 1, 0, 0, PLAIN, VG_ACT_CODE_HARD_SIGMOID, 0, 100, .y_zero = 20},

    { 1,  1,  16,  16, {13, 1}, 3, 3, 1, 1, 1, 1, V512, LEAKY, 0, 128, .y_zero = 3},
    {14,  3,  33,  17, {13, 1}, 3, 3, 1, 1, 1, 1, V512, LEAKY, 0, 255, .y_zero = 0},
    {15,  5,  48,  64, {13, 2}, 3, 3, 1, 1, 1, 1, V512, LEAKY, VG_CONV_ADD_AFTER, 3, .y_zero = 128},
    {53, 17,   3,  32, {13, 1}, 3, 3, 2, 1, 1, 1, V512, LEAKY, 0, 0, .y_zero = 31, .pixel = 4},
    {13,  3, 256,  16, {13, 1}, 3, 3, 1, 1, 1, 1, V512, 0,     0, 0, .y_zero = 0, .extreme = HIGH},
    {13,  3, 256,  16, {13, 1}, 3, 3, 1, 1, 1, 1, V512, LEAKY, 0, 0, .y_zero = 255, .extreme = LOW},
    {13, 13, 256,  32, {13, 1}, 3, 3, 1, 1, 1, 1, V512, LEAKY, 0, 120, .y_zero = 20},
    {26, 10,  32,  40, {13, 1}, 1, 1, 1, 1, 0, 0, V512, LEAKY, VG_CONV_ADD_LINEAR, 120, .y_zero = 20},
    {27, 11,  40,  40, {13, 1}, 3, 3, 2, 1, 1, 1, V512, 0,     0, 17, .y_zero = 20, .table = 1},
    {26, 13, 128, 124, {13, 1}, 1, 1, 1, 1, 0, 0, V512, SILU,  0, 17, .y_zero = 0, .output = VG_INT8_FLOATS, .act_vectors_less = 3},
    {29, 17,  16,  16, { 8, 1}, 5, 5, 1, 3, 6, 6, V512, LEAKY, 0, 17, .y_zero = 30},
    {26, 26,  32,  32, {26, 1}, 3, 3, 1, 1, 1, 1, V512, SILU,  0, 100, .y_zero = 30},
    {14, 13,  32, 124, {13, 2}, 1, 1, 1, 1, 0, 0, V512, VG_ACT_CODE_SIGMOID, 0, 17, .y_zero = 0, .output = VG_INT8_FLOATS, .act_vectors_less = 3},
    {11,  3,  33,  17, {10, 1}, 3, 3, 1, 1, 1, 1, V512, LEAKY, 0, 255, .y_zero = 9},
    {20,  3,  48,  64, {10, 2}, 1, 1, 1, 1, 0, 0, V512, LEAKY, 0, 3, .y_zero = 128},
    { 1,  1,  16,  16, { 6, 1}, 3, 3, 1, 1, 1, 1, VL,   LEAKY, 0, 128, .y_zero = 3},
    {14,  5,  33,  17, { 6, 1}, 3, 3, 1, 1, 1, 1, VL,   LEAKY, 0, 255, .y_zero = 9},
    {15,  5,  48,  64, { 6, 2}, 3, 3, 1, 1, 1, 1, VL,   SILU,  VG_CONV_ADD_AFTER, 3, .y_zero = 128},
    {13,  3, 256,  16, { 6, 1}, 3, 3, 1, 1, 1, 1, VL,   0,     0, 0, .y_zero = 0, .extreme = HIGH},
    { 1,  1,  16,  16, { 6, 1}, 3, 3, 1, 1, 1, 1, AVX,  LEAKY, 0, 128, .y_zero = 3},
    {14,  5,  33,  17, { 6, 1}, 3, 3, 1, 1, 1, 1, AVX,  LEAKY, 0, 255, .y_zero = 9},
    {13,  3, 256,  16, { 6, 1}, 3, 3, 1, 1, 1, 1, AVX,  0,     0, 0, .y_zero = 255, .extreme = LOW},

    { 1,  1,  16,  16, { 8, 1}, 3, 3, 1, 1, 1, 1, PLAIN, LEAKY, 0, 128, .y_zero = 3},
    { 9,  7,  17,  17, { 8, 1}, 5, 5, 1, 1, 2, 2, PLAIN, SILU,  0, 255, .y_zero = 9},
    { 9,  7,  16,  16, { 3, 1}, 3, 3, 2, 1, 1, 1, PLAIN, 0,     0, 0, .y_zero = 90},
    { 5,  4,  16,  16, { 4, 1}, 5, 5, 1, 1, 2, 2, PLAIN, 0,     0, 0, .y_zero = 0, .extreme = HIGH},
    { 5,  4,  40,  40, { 4, 1}, 3, 3, 1, 1, 1, 1, PLAIN, LEAKY, 0, 70, .y_zero = 0, .output = VG_INT8_FLOATS, .act_vectors_less = 1},
    {26, 26,  96,  96, { 8, 1}, 5, 5, 1, 1, 2, 2, PLAIN, LEAKY, 0, 100, .y_zero = 20},
    { 7,  3,  16,  16, { 6, 1}, 3, 3, 1, 1, 1, 1, PLAIN, LEAKY, 0, 128, .y_zero = 3},
    {14,  3,  16,  16, {13, 1}, 3, 3, 1, 1, 1, 1, PLAIN, LEAKY, 0, 128, .y_zero = 3},

    { 1,  1,   3,  16, { 3, 1}, 3, 3, 2, 1, 1, 1, PLAIN, LEAKY, 0, 0, .y_zero = 4, .pixel = 4, .rows_each = 1},
    {21, 11,   3,  17, { 4, 1}, 3, 3, 2, 1, 1, 1, PLAIN, VG_ACT_CODE_CLIP, 0, 0, .y_zero = 90, .pixel = 4, .rows_each = 3},
    {12, 16,   3,  16, { 3, 1}, 3, 3, 2, 1, 1, 1, PLAIN, LEAKY, 0, 0, .y_zero = 31, .pixel = 4, .rows_each = 2},
    {12,  8,   3,  16, { 3, 1}, 3, 3, 2, 1, 1, 1, PLAIN, 0,     0, 0, .y_zero = 31, .pixel = 4, .rows_each = 2, .extreme = HIGH},
    {107, 51,  3,  32, {13, 1}, 3, 3, 2, 1, 1, 1, V512, LEAKY,  0, 0, .y_zero = 31, .pixel = 4, .rows_each = 9},
    {40, 24,   3,  24, { 6, 1}, 3, 3, 2, 1, 1, 1, VL,   LEAKY,  0, 0, .y_zero = 31, .pixel = 4, .rows_each = 4},
    {40, 24,   3,  24, { 6, 1}, 3, 3, 2, 1, 1, 1, AVX,  LEAKY,  0, 0, .y_zero = 99, .pixel = 4, .rows_each = 6, .extreme = LOW},

    { 1,  1,  16, .size_y = 3, .size_x = 3, .stride = 2, .above = 1, .left = 1, .y_zero = 4},
    { 7,  5,  17, .size_y = 5, .size_x = 3, .stride = 1, .above = 2, .left = 1, .y_zero = 255},
    {208, 208, 32, .size_y = 3, .size_x = 3, .stride = 2, .above = 1, .left = 1, .y_zero = 31},

    { 1,  1,   1, .act = 0, .x_zero = 3, .y_zero = 4},
    { 7,  3,  33, .act = LEAKY, .x_zero = 255, .y_zero = 100, .map = {.x2 = VG_INT8_X2_LINEAR}},
    { 5,  3,  16, .act = 0, .x_zero = 3, .y_zero = 128, .map = {.combine = VG_INT8_COMBINE_MUL, .x2 = VG_INT8_X2_PIXEL}},
    { 5,  3,  16, .act = VG_ACT_CODE_HARD_SWISH, .x_zero = 99, .y_zero = 10, .map = {.combine = VG_INT8_COMBINE_ACT}},
    { 5,  3,  31, .act = SILU, .x_zero = 99, .y_zero = 10, .map = {.combine = VG_INT8_COMBINE_MUL}},
    {52, 52, 128, .act = 0, .x_zero = 99, .y_zero = 100},

    { 1,  1,  16, .x_zero = 3, .y_zero = 3, .width = 2, .height = 2},
    { 5,  3,  17, .x_zero = 3, .y_zero = 3, .width = 10, .height = 6},
    { 6,  4,  16, .x_zero = 0, .y_zero = 0, .width = 3, .height = 2},
    { 7,  3,  16, .x_zero = 255, .y_zero = 200, .width = 4, .height = 5},
    { 3,  3,  16, .x_zero = 9, .y_zero = 9, .width = 7, .height = 6, .map = {.resize = VG_INT8_RESIZE_NEAREST}},
    {26, 26, 128, .x_zero = 9, .y_zero = 9, .width = 52, .height = 52},

    { 1,  1,   1, .y_zero = 7, .map = {.pixel = VG_BLOCK}},
    { 7,  3,  33, .y_zero = 255, .map = {.pixel = VG_BLOCK}},
    { 9,  5,   3, .y_zero = 0, .map = {.pixel = 4}},
    { 1,  1,   1, .x_zero = 7},
    { 7,  3,  33, .x_zero = 255},

    { 1,  1,   3,   1, .y_zero = 5},
    { 7,  3,  33,  21, .y_zero = 255},
    { 5,  4,  48,  48, .y_zero = 9, .table = 1},
    {29, 29,  58,  29, .y_zero = 100},
};
/* clang-format on */
static_assert(sizeof rows / sizeof *rows == sizeof details / sizeof *details, "a detail a row");

/* ---- planes ---- */

struct planes {
    vg_i32 width, height, channels, pixel;
    struct vg_halo halo;
    vg_i32 blocks_before, blocks_after;
    enum vg_case_content content;
};

static size_t unit_bytes(const struct planes *p)
{
    return p->content == VG_CASE_BYTES ? 1 : sizeof(float);
}

/* a guard, the pictures, a guard; the bytes in whole words */
static size_t planes_area(const struct planes *p, vg_i32 pictures, struct vg_area *area)
{
    const vg_i32 blocks =
        (p->channels + p->pixel - 1) / p->pixel + p->blocks_before + p->blocks_after;
    area->row = (p->halo.left + p->width + p->halo.right) * p->pixel;
    area->plane = (p->halo.above + p->height + p->halo.below) * area->row;
    area->picture = blocks * area->plane;
    area->first = GUARD_BYTES / (vg_i32)unit_bytes(p) + p->blocks_before * area->plane +
                  p->halo.above * area->row + p->halo.left * p->pixel;
    return 2 * GUARD_BYTES + (size_t)(pictures * area->picture) * unit_bytes(p);
}

static struct vg_case_buffer *planes_add(struct vg_case_run *run, enum vg_arg arg,
                                         const struct planes *p, struct vg_area *area)
{
    struct vg_case_buffer *buffer =
        vg_case_buffer_add(run, arg, planes_area(p, run->row->pictures, area));
    if (!buffer)
        return NULL;
    buffer->content = p->content;
    vg_case_guard_fill(buffer);
    return buffer;
}

/* Bytes at will inside, `zero` (one for each lane of a pixel) in the halo. */
static enum vg_status input_add(struct vg_case_run *run, enum vg_arg arg, const struct planes *p,
                                const uint8_t *zero, enum extreme extreme, struct vg_random *random,
                                struct vg_area *area)
{
    struct vg_case_buffer *buffer = planes_add(run, arg, p, area);
    if (!buffer)
        return VG_E_MEMORY;
    uint8_t *x = buffer->data;
    const vg_i32 lanes = (p->channels + p->pixel - 1) / p->pixel * p->pixel;
    for (vg_i32 picture = 0; picture < run->row->pictures; picture++)
        for (vg_i32 c = 0; c < lanes; c++)
            for (vg_i32 row = -p->halo.above; row < p->height + p->halo.below; row++)
                for (vg_i32 column = -p->halo.left; column < p->width + p->halo.right; column++) {
                    const int inside =
                        row >= 0 && row < p->height && column >= 0 && column < p->width;
                    const uint8_t value =
                        extreme == ANY ? (uint8_t)vg_random_below(random, 256) : 255;
                    x[area->first + picture * area->picture + c / p->pixel * area->plane +
                      row * area->row + column * p->pixel + c % p->pixel] =
                        inside ? value : zero[c % p->pixel];
                }
    return VG_OK;
}

static enum vg_status output_add(struct vg_case_run *run, const struct planes *p,
                                 struct vg_area *area, void **want)
{
    struct vg_case_buffer *buffer = planes_add(run, VG_ARG_Y, p, area);
    if (!buffer || vg_case_want_add(buffer))
        return VG_E_MEMORY;
    *want = buffer->want;
    return VG_OK;
}

static const struct detail *detail_of(const struct vg_case_run *run)
{
    return &details[run->row - rows];
}

/* ---- convolutions ---- */

struct conv_case {
    struct vg_int8_build build;
    struct vg_int8_input input;
    struct vg_int8_shape shape;
    int8_t *weights;
    float *step, *bias;
    const vg_i32 *table;
};

static const float pixel_ratio[3] = {0.995f, 1.0f, 0.978f};
static const float pixel_mean[3] = {103.53f, 116.28f, 123.675f};

static void conv_describe(const struct vg_case_run *run, struct conv_case *conv)
{
    const struct detail *d = detail_of(run);
    conv->build = (struct vg_int8_build){
        .lane = d->lane,
        .output = d->output,
        .conv = {.tile = d->tile,
                 .block = VG_BLOCK,
                 .x_pixel = d->pixel ? d->pixel : VG_BLOCK,
                 .size_y = (uint32_t)d->size_y,
                 .size_x = (uint32_t)d->size_x,
                 .stride_y = (uint32_t)d->stride,
                 .stride_x = (uint32_t)d->stride,
                 .dilation_y = (uint32_t)d->dilation,
                 .dilation_x = (uint32_t)d->dilation,
                 .act = d->act,
                 .add = d->add,
                 .table = d->table},
    };
    conv->input = (struct vg_int8_input){.step = 1 / 32.0f, .zero = d->x_zero};
    if (d->pixel) {
        conv->input.ratio = pixel_ratio;
        conv->input.mean = pixel_mean;
    }
    conv->shape = (struct vg_int8_shape){run->row->kernel, &conv->build, (uint32_t)d->x_channels,
                                         (uint32_t)d->y_channels};
}

/* the table of a tensor whose fours lie in reverse */
static void table_fill(vg_i32 *table, vg_i32 quads, vg_i32 plane)
{
    for (vg_i32 i = 0; i < quads; i++) {
        const vg_i32 from = quads - 1 - i;
        table[i] = from / 4 * plane + from % 4 * 4;
    }
}

static enum vg_status weights_make(const struct detail *d, size_t each, struct conv_case *conv,
                                   struct vg_random *random)
{
    const size_t count = (size_t)d->y_channels;
    conv->weights = vg_alloc_array(count, each);
    conv->step = vg_alloc_array(count, sizeof(float));
    conv->bias = vg_alloc_array(count, sizeof(float));
    if (!conv->weights || !conv->step || !conv->bias)
        return VG_E_MEMORY;
    for (size_t i = 0; i < count * each; i++)
        conv->weights[i] = d->extreme == HIGH  ? 127
                           : d->extreme == LOW ? -127
                                               : (int8_t)((int)vg_random_below(random, 255) - 127);
    for (size_t i = 0; i < count; i++) {
        conv->step[i] = (float)(0.5 + vg_random_unit(random)) / 64;
        conv->bias[i] = vg_case_value(random, 4);
    }
    return VG_OK;
}

static enum vg_status weights_add(struct vg_case_run *run, struct conv_case *conv,
                                  struct vg_random *random)
{
    const struct detail *d = detail_of(run);
    struct vg_int8_sizes *s = &run->sizes.int8;
    const vg_i32 depth = run->row->kernel == DEPTHWISE ? 1 : d->x_channels;
    const enum vg_status status =
        weights_make(d, (size_t)(depth * d->size_y * d->size_x), conv, random);
    if (status)
        return status;
    const size_t packed = vg_int8_weights_count(&conv->shape);
    const size_t lanes = vg_int8_lanes_count(&conv->shape);
    const size_t words = 2 * VG_CASE_GUARD_FLOATS + packed + lanes + (size_t)s->x_quads;
    struct vg_case_buffer *buffer = vg_case_buffer_add(run, VG_ARG_WEIGHTS, words * sizeof(float));
    if (!buffer)
        return VG_E_MEMORY;
    vg_case_guard_fill(buffer);
    float *w = buffer->data;
    s->w_first = VG_CASE_GUARD_FLOATS;
    s->lanes_first = s->w_first + (vg_i32)packed;
    s->table_first = s->lanes_first + (vg_i32)lanes;
    assert(vg_int8_fits(&conv->shape));
    vg_int8_pack(&conv->shape, &conv->input, conv->weights, conv->step, conv->bias, w + s->w_first,
                 w + s->lanes_first);
    if (d->table) {
        vg_i32 *table = (vg_i32 *)buffer->data + s->table_first;
        table_fill(table, s->x_quads, s->x.plane);
        conv->table = table;
    }
    return VG_OK;
}

static void conv_sizes(struct vg_case_run *run, const struct conv_case *conv)
{
    const struct detail *d = detail_of(run);
    struct vg_int8_sizes *s = &run->sizes.int8;
    s->x_width = d->x_width;
    s->x_height = d->x_height;
    s->above = d->above;
    s->left = d->left;
    s->width = (d->x_width + 2 * d->left - d->dilation * (d->size_x - 1) - 1) / d->stride + 1;
    s->height = (d->x_height + 2 * d->above - d->dilation * (d->size_y - 1) - 1) / d->stride + 1;
    if (run->row->kernel == STEM) {
        run->sizes.int8_stem.conv_width = s->width;
        run->sizes.int8_stem.conv_height = s->height;
        run->sizes.int8_stem.rows_each = d->rows_each;
        s->width = (s->width + 1) / 2;
        s->height = (s->height + 1) / 2;
        run->local_bytes = vg_int8_stem_local_bytes(&conv->build);
    }
    s->x_quads = (d->x_channels + 3) / 4;
    s->groups = (vg_i32)vg_int8_groups(&conv->shape);
    s->act_vectors = s->groups * (run->row->kernel == DEPTHWISE ? 1 : (vg_i32)d->tile.blocks) -
                     d->act_vectors_less;
    s->pictures = run->row->pictures;
    s->halo = (struct vg_halo){1, 3, 2, 1};
    s->x_zero = d->x_zero;
    s->y_zero = d->y_zero;
    s->x2_zero = 90;
    s->x2_step = 0.11f;
    s->x2_width = d->add >= VG_CONV_ADD_LINEAR ? (s->width + 1) / 2 : s->width;
    s->x2_height = d->add >= VG_CONV_ADD_LINEAR ? (s->height + 1) / 2 : s->height;
    s->across = (float)s->x2_width / (float)s->width;
    s->down = (float)s->x2_height / (float)s->height;
    s->act_a = d->act == VG_ACT_CODE_CLIP ? -2.0f : 0.1f;
    s->act_b = d->act == VG_ACT_CODE_CLIP ? 6.0f : 0.5f;
    /* a sum of n products is about 2.6 sqrt(n): most bytes then lie between the clamps */
    const vg_i32 depth = run->row->kernel == DEPTHWISE ? 1 : d->x_channels;
    s->y_per_unit =
        d->act == VG_ACT_CODE_SIGMOID ? 255.0f : 30 / sqrtf((float)(depth * d->size_y * d->size_x));
}

static enum vg_status conv_run(struct vg_case_run *run, struct conv_case *conv,
                               struct vg_random *random)
{
    const struct detail *d = detail_of(run);
    struct vg_int8_sizes *s = &run->sizes.int8;
    conv_describe(run, conv);
    conv_sizes(run, conv);
    vg_int8_options(run->row->kernel, &conv->build, run->options);
    run->lane = d->lane;
    const struct planes x = {d->x_width,
                             d->x_height,
                             d->x_channels,
                             (vg_i32)conv->build.conv.x_pixel,
                             vg_int8_reach(run->row->kernel, &conv->build, s),
                             d->pixel ? 0 : 1,
                             0,
                             VG_CASE_BYTES};
    const struct planes x2 = {s->x2_width, s->x2_height, d->y_channels, VG_BLOCK, {0}, 0,
                              1,           VG_CASE_BYTES};
    const struct planes y = {s->width,
                             s->height,
                             d->y_channels,
                             VG_BLOCK,
                             s->halo,
                             1,
                             1,
                             d->output == VG_INT8_BYTES ? VG_CASE_BYTES : VG_CASE_FLOATS};
    uint8_t zero[VG_BLOCK];
    memset(zero, d->x_zero, sizeof zero);
    if (d->pixel) /* the bytes nearest to the means; the fourth is not read */
        memcpy(zero, (const uint8_t[4]){104, 116, 124, 0}, 4);
    void *want = NULL;
    enum vg_status status = input_add(run, VG_ARG_X, &x, zero, d->extreme, random, &s->x);
    if (!status && run->row->kernel == CONV)
        status = input_add(run, VG_ARG_X2, &x2, zero, ANY, random, &s->x2);
    if (status || (status = weights_add(run, conv, random)) ||
        (status = output_add(run, &y, &s->y, &want)))
        return status;
    run->global[0] = ((size_t)s->width + d->tile.pixels - 1) / d->tile.pixels;
    run->global[1] = (size_t)s->height;
    run->global[2] = (size_t)(s->groups * s->pictures);
    const struct vg_twin_int8_conv twin = {&conv->build,  &conv->input,  d->x_channels,
                                           d->y_channels, conv->weights, conv->step,
                                           conv->bias,    conv->table};
    if (run->row->kernel == STEM) {
        run->global[1] = (size_t)((s->height + d->rows_each - 1) / d->rows_each);
        vg_twin_conv_int8_stem_pool(run->buffer[0].data, &twin, want, &run->sizes.int8_stem);
    } else if (run->row->kernel == CONV) {
        vg_twin_conv_int8(run->buffer[0].data, &twin, run->buffer[1].data, want, s);
    } else {
        vg_twin_conv_int8_depthwise(run->buffer[0].data, &twin, want, s);
    }
    return VG_OK;
}

static enum vg_status conv_make(struct vg_case_run *run, struct vg_random *random)
{
    struct conv_case conv = {0};
    const enum vg_status status = conv_run(run, &conv, random);
    vg_free(conv.weights);
    vg_free(conv.step);
    vg_free(conv.bias);
    return status;
}

/* ---- planes ---- */

static void map_sizes(struct vg_case_run *run)
{
    const struct detail *d = detail_of(run);
    struct vg_int8_sizes *s = &run->sizes.int8;
    const int linear = d->map.x2 == VG_INT8_X2_LINEAR;
    s->x_width = d->x_width;
    s->x_height = d->x_height;
    s->width = d->width ? d->width : d->x_width;
    s->height = d->height ? d->height : d->x_height;
    if (run->row->kernel == POOL) {
        s->width = (d->x_width + 2 * d->left - d->size_x) / d->stride + 1;
        s->height = (d->x_height + 2 * d->above - d->size_y) / d->stride + 1;
    }
    s->x2_width = d->map.x2 == VG_INT8_X2_PIXEL ? 1 : linear ? (s->width + 1) / 2 : s->width;
    s->x2_height = d->map.x2 == VG_INT8_X2_PIXEL ? 1 : linear ? (s->height + 1) / 2 : s->height;
    const int resize = run->row->kernel == RESIZE;
    s->across = (float)(resize ? s->x_width : s->x2_width) / (float)s->width;
    s->down = (float)(resize ? s->x_height : s->x2_height) / (float)s->height;
    s->size_y = d->size_y;
    s->size_x = d->size_x;
    s->stride_y = s->stride_x = d->stride;
    s->above = d->above;
    s->left = d->left;
    s->halo = (struct vg_halo){2, 1, 1, 3};
    s->halo_word = 0x007c7468; /* 104, 116, 124 */
    s->x_zero = d->x_zero;
    s->y_zero = d->y_zero;
    s->x2_zero = 60;
    s->x_step = resize && d->x_zero == d->y_zero ? 0.037f : 0.05f;
    s->x2_step = 0.031f;
    s->y_per_unit = resize ? 1 / 0.037f : 1 / 0.06f;
    s->act_a = 0.1f;
    s->act_b = 0.5f;
    s->pictures = run->row->pictures;
}

/* Where the channels of copy_channels_int8 come from: anywhere, or block after block from behind. */
static enum vg_status copy_table_add(struct vg_case_run *run)
{
    const struct detail *d = detail_of(run);
    struct vg_int8_sizes *s = &run->sizes.int8;
    s->table_first = VG_CASE_GUARD_FLOATS;
    s->channels = d->y_channels;
    const size_t words = 2 * VG_CASE_GUARD_FLOATS + (size_t)d->y_channels;
    struct vg_case_buffer *buffer = vg_case_buffer_add(run, VG_ARG_WEIGHTS, words * sizeof(float));
    if (!buffer)
        return VG_E_MEMORY;
    vg_case_guard_fill(buffer);
    vg_i32 *table = (vg_i32 *)buffer->data + s->table_first;
    for (vg_i32 c = 0; c < d->y_channels; c++) {
        const vg_i32 behind = (d->x_channels / VG_BLOCK - 1 - c / VG_BLOCK) * VG_BLOCK;
        const vg_i32 from = d->table ? behind + c % VG_BLOCK : (c * 7 + 3) % d->x_channels;
        table[c] = from / VG_BLOCK * s->x.plane + from % VG_BLOCK;
    }
    return VG_OK;
}

static void map_twin(const struct vg_case_run *run, vg_i32 blocks, void *want)
{
    const struct vg_int8_sizes *s = &run->sizes.int8;
    const struct detail *d = detail_of(run);
    struct vg_int8_map_build build = d->map;
    build.act = d->act;
    const void *x = run->buffer[0].data;
    if (run->row->kernel == POOL)
        vg_twin_max_pool_int8(x, want, s, blocks);
    else if (run->row->kernel == COMBINE)
        vg_twin_combine_int8(x, run->buffer[1].data, want, s, &build, blocks);
    else if (run->row->kernel == RESIZE)
        vg_twin_resize_int8(x, want, s, build.resize, blocks);
    else if (run->row->kernel == QUANTISE)
        vg_twin_quantise_int8(x, want, s, (vg_i32)build.pixel, blocks);
    else if (run->row->kernel == COPY)
        vg_twin_copy_channels_int8(x, run->buffer[1].data, want, s);
    else
        vg_twin_dequantise_int8(x, want, s, blocks);
}

/* floats from beyond the range of the bytes on either side, halves of steps among them */
static void floats_fill(struct vg_case_buffer *buffer, const struct planes *p,
                        const struct vg_area *area, vg_i32 pictures, struct vg_random *random)
{
    float *x = buffer->data;
    for (vg_i32 picture = 0; picture < pictures; picture++)
        for (vg_i32 c = 0; c < (p->channels + p->pixel - 1) / p->pixel * p->pixel; c++)
            for (vg_i32 row = 0; row < p->height; row++)
                for (vg_i32 column = 0; column < p->width; column++)
                    x[area->first + picture * area->picture + c / p->pixel * area->plane +
                      row * area->row + column * p->pixel + c % p->pixel] =
                        column % 2
                            ? vg_case_value(random, 20)
                            : (float)((int)vg_random_below(random, 601) - 300) * 0.5f * 0.06f;
}

static enum vg_status map_make(struct vg_case_run *run, struct vg_random *random)
{
    const struct detail *d = detail_of(run);
    struct vg_int8_sizes *s = &run->sizes.int8;
    map_sizes(run);
    struct vg_int8_map_build build = d->map;
    build.act = d->act;
    vg_int8_map_options(run->row->kernel, &build, run->options);
    const vg_i32 pixel = build.pixel == 4 ? 4 : VG_BLOCK;
    const vg_i32 channels = run->row->kernel == COPY ? d->y_channels : d->x_channels;
    const vg_i32 blocks = (channels + pixel - 1) / pixel;
    const struct vg_halo around = {1, 2, 1, 1};
    const struct planes x = {d->x_width,
                             d->x_height,
                             d->x_channels,
                             pixel,
                             around,
                             1,
                             0,
                             run->row->kernel == QUANTISE ? VG_CASE_FLOATS : VG_CASE_BYTES};
    const struct planes x2 = {s->x2_width, s->x2_height, d->x_channels, VG_BLOCK, around, 0,
                              1,           VG_CASE_BYTES};
    const struct planes y = {
        s->width, s->height,
        channels, pixel,
        s->halo,  0,
        1,        run->row->kernel == DEQUANTISE ? VG_CASE_FLOATS : VG_CASE_BYTES};
    /* the halo of what is only read inside: other bytes than any zero point */
    const uint8_t beside[VG_BLOCK] = {251, 5, 251, 5, 251, 5, 251, 5,
                                      251, 5, 251, 5, 251, 5, 251, 5};
    void *want = NULL;
    enum vg_status status = VG_OK;
    if (run->row->kernel == QUANTISE) {
        struct vg_case_buffer *buffer = planes_add(run, VG_ARG_X, &x, &s->x);
        if (!buffer)
            return VG_E_MEMORY;
        floats_fill(buffer, &x, &s->x, run->row->pictures, random);
    } else {
        status = input_add(run, VG_ARG_X, &x, beside, ANY, random, &s->x);
    }
    if (!status && run->row->kernel == COMBINE)
        status = input_add(run, VG_ARG_X2, &x2, beside, ANY, random, &s->x2);
    if (!status && run->row->kernel == COPY)
        status = copy_table_add(run);
    if (!status)
        status = output_add(run, &y, &s->y, &want);
    if (status)
        return status;
    run->global[0] = (size_t)s->height;
    run->global[1] = (size_t)blocks;
    run->global[2] = (size_t)s->pictures;
    map_twin(run, blocks, want);
    return VG_OK;
}

static enum vg_status int8_make(struct vg_case_run *run, struct vg_random *random)
{
    const int conv =
        run->row->kernel == CONV || run->row->kernel == DEPTHWISE || run->row->kernel == STEM;
    return conv ? conv_make(run, random) : map_make(run, random);
}

struct vg_conv_tile vg_case_tile(const struct vg_kernel_case *row)
{
    const int ours = row->kernel == CONV || row->kernel == DEPTHWISE || row->kernel == STEM;
    return ours ? details[row - rows].tile : row->tile;
}

const struct vg_kernel_case *vg_case_int8_probe(enum vg_int8_lane lane)
{
    size_t i = 0; /* every lane has a row of more than a tile and a block */
    while (rows[i].kernel != CONV || details[i].lane != lane || details[i].x_width < 14 ||
           details[i].x_channels <= VG_BLOCK)
        i++;
    return &rows[i];
}

const struct vg_case_family vg_cases_int8 = {rows, sizeof rows / sizeof *rows, int8_make};
