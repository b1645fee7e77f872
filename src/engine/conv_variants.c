/* Why these rows (measured on an AVX-512 core, PoCL 3.1): with 32 vector registers of 16 floats
 * 13x1 and 13x2 accumulators reach 87 to 98 % of the peak, and 13 divides every map of a 416 net,
 * 10 every map of a 320 or 640 net; 6x1 is what 16 registers of 8 floats hold. Winograd won on
 * every 3x3 of stride 1 with 16 channels or more, 1.5 to 3.3 times; 13x13 is a case apart.
 * With 16 tiles or fewer one group takes them all and the cores share the output out, so that
 * each weight goes to one core only. F(2,3) there fetches less than half the weights but took 1.83
 * instead of 1.65 ms for NanoDet-g's eight layers at 24 GB/s: for slower memories.
 * The rows for GPUs are from public code, not measured (docs/decisions/0028).
 * Rows that are good nowhere by themselves are there for the tuner (docs/decisions/0022). */
#include "src/engine/conv_variants.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "kernels/int8_weights.h"

typedef int condition(const struct vg_conv_need *need, struct vg_conv_tile tile);

static uint32_t blocks_of(const struct vg_conv_need *need, uint32_t channels)
{
    return (channels + need->settings->block - 1) / need->settings->block;
}

/* groups of output blocks divide the output */
static int groups_whole(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    const uint32_t blocks = blocks_of(need, need->y_channels);
    return blocks % tile.blocks == 0;
}

static int always(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    (void)need;
    (void)tile;
    return 1;
}

static int never(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    (void)need;
    (void)tile;
    return 0;
}

static int on_cpu(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    (void)tile;
    return need->settings->lane == VG_LANE_CPU;
}

/* registers for it, and not mostly pixels beyond the row's end */
static int wide(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return on_cpu(need, tile) && need->settings->float_width >= 16 && groups_whole(need, tile);
}

static int wide_row(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return wide(need, tile) && tile.pixels < 2 * need->width;
}

static int exact(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return wide(need, tile) && need->width % tile.pixels == 0;
}

/* ... and 13, which is better, does not */
static int exact_not_13(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return exact(need, tile) && need->width % 13 != 0;
}

static int is_1x1(const struct vg_conv_need *need)
{
    return need->window.size_y == 1 && need->window.size_x == 1;
}

static int row_1x1(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return is_1x1(need) && wide_row(need, tile);
}

static int exact_1x1(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return exact(need, tile) && is_1x1(need);
}

static int exact_1x1_not_13(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return exact_1x1(need, tile) && need->width % 13 != 0;
}

/* 12 accumulators and what they are made of: 16 registers */
static int narrow_1x1(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return on_cpu(need, tile) && is_1x1(need) && groups_whole(need, tile);
}

static uint32_t tiles_of(const struct vg_conv_need *need, uint32_t side)
{
    return (need->width + side - 1) / side * ((need->height + side - 1) / side);
}

static int wino_of(const struct vg_conv_need *need, enum vg_kernel kernel, struct vg_conv_tile tile)
{
    const struct vg_window *w = &need->window;
    const struct vg_conv_build build = {.tile = tile, .block = need->settings->block};
    return need->settings->lane == VG_LANE_CPU && w->size_y == 3 && w->size_x == 3 &&
           w->stride_y == 1 && w->stride_x == 1 && w->dilation_y == 1 && w->dilation_x == 1 &&
           w->above == 1 && w->left == 1 && w->below == 1 && w->right == 1 &&
           need->x_pixel == need->settings->block && groups_whole(need, tile) &&
           vg_conv_wino_local_bytes(kernel, &build, blocks_of(need, need->x_channels),
                                    tiles_of(need, vg_conv_wino_side(kernel))) <=
               need->settings->local_bytes;
}

static int wino(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return wino_of(need, VG_KERNEL_CONV_WINO, tile);
}

static int wino_wide(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return wide(need, tile) && wino(need, tile);
}

static int wino_two(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return wide(need, tile) && wino_of(need, VG_KERNEL_CONV_WINO_MUL, tile);
}

/* one group of tiles takes them all: the cores share the output out */
static int wino_few(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return wino_wide(need, tile) && tiles_of(need, 4) <= 16;
}

static int wino2(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return wide(need, tile) && wino_of(need, VG_KERNEL_CONV_WINO2, tile);
}

/* a row of the depthwise's output in local memory */
static int pair(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    const struct vg_conv_build build = {.tile = tile, .block = need->settings->block};
    return groups_whole(need, tile) &&
           vg_conv_row_local_bytes(&build, blocks_of(need, need->x_channels), need->width) <=
               need->settings->local_bytes;
}

static int pair_on_cpu(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return on_cpu(need, tile) && pair(need, tile);
}

static int pair_wide(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return wide(need, tile) && pair(need, tile);
}

/* ---- GPUs ---- */

static int on_gpu(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return !on_cpu(need, tile);
}

/* two slabs in local memory (conv_tile.cl) */
static int tile_of_gpu(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    const uint32_t width = tile.blocks * need->settings->block;
    return on_gpu(need, tile) &&
           8ull * need->x_pixel * (tile.pixels + 4 + width) <= need->settings->local_bytes;
}

/* Of the tiles' channels at most a quarter is beyond y's. */
static int little_lost(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    const uint32_t blocks = blocks_of(need, need->y_channels);
    const uint32_t whole = (blocks + tile.blocks - 1) / tile.blocks * tile.blocks;
    return 4 * (whole - blocks) <= whole;
}

/* Groups of 32 work-items for each compute unit. */
static uint32_t warps_of(const struct vg_conv_need *need, enum vg_kernel kernel,
                         struct vg_conv_tile tile)
{
    const struct vg_conv_build build = {.tile = tile, .block = need->settings->block};
    const uint32_t units = need->settings->compute_units ? need->settings->compute_units : 1;
    const uint64_t pixels = (uint64_t)need->width * need->height * need->settings->batch_max;
    const uint32_t each = vg_conv_group_pixels(kernel, &build);
    const uint64_t groups = (pixels + each - 1) / each *
                            ((blocks_of(need, need->y_channels) + tile.blocks - 1) / tile.blocks);
    return (uint32_t)(groups * vg_conv_group_items(kernel, &build) / 32 / units);
}

static int tile_fills(const struct vg_conv_need *need, struct vg_conv_tile tile, uint32_t warps)
{
    return tile_of_gpu(need, tile) && little_lost(need, tile) &&
           warps_of(need, VG_KERNEL_CONV_TILE, tile) >= warps;
}

static int tile_fills_4(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return tile_fills(need, tile, 4);
}

static int tile_fills_8(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return tile_fills(need, tile, 8);
}

static int tile_large(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return tile_fills(need, tile, 16);
}

/* Intel's sub-groups; elsewhere it would go through local memory */
static int subgroup(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    (void)tile;
    return need->settings->lane == VG_LANE_INTEL && need->settings->block == 16 &&
           need->x_pixel == 16;
}

static int subgroup_fills(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return subgroup(need, tile) && little_lost(need, tile) &&
           warps_of(need, VG_KERNEL_CONV_SUBGROUP, tile) >= 4;
}

static int mma(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return on_gpu(need, tile) && need->settings->mma != VG_MMA_NONE &&
           need->settings->storage == VG_STORAGE_HALF && need->settings->block == 16 &&
           need->x_pixel == 16;
}

static int mma_fills(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return mma(need, tile) && little_lost(need, tile) &&
           warps_of(need, VG_KERNEL_CONV_MMA_PTX, tile) >= 4;
}

/* a library's product, for the tuner: it costs a pass over x and one over y besides */
static int gemm(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return on_gpu(need, tile) && need->settings->gemm && is_1x1(need) &&
           need->x_pixel == need->settings->block && need->window.above == 0 &&
           need->window.left == 0;
}

static int may_part(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    (void)tile;
    return need->joined == VG_CONV_MAY_PART;
}

#define APART VG_KERNEL_COUNT

/* over bytes a tile's blocks are vectors of the lane's instruction */
static int int8_whole(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    const uint32_t lanes = vg_int8_lanes(need->settings->int8_lane) * tile.blocks;
    return blocks_of(need, need->y_channels) * need->settings->block % lanes == 0;
}

/* 32 registers of 64 bytes. Two vectors share each broadcast of four channels: 1.1 times as fast as
 * one on a processor of two loads and two products a cycle. */
static int int8_wide(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return need->settings->int8_lane == VG_INT8_AVX512_VNNI && int8_whole(need, tile) &&
           tile.pixels < 2 * need->width;
}

static int int8_exact(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return int8_wide(need, tile) && need->width % tile.pixels == 0;
}

static int int8_exact_not_13(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return int8_exact(need, tile) && need->width % 13 != 0;
}

static const struct {
    enum vg_conv_kind kind;
    struct vg_conv_variant variant;
    condition *fits, *good;
} rows[] = {
    {VG_CONV_DENSE, {"direct 6x1", VG_KERNEL_CONV_DIRECT, {6, 1}}, always, always},
    {VG_CONV_DENSE, {"direct 6x2", VG_KERNEL_CONV_DIRECT, {6, 2}}, narrow_1x1, never},
    {VG_CONV_DENSE, {"direct 8x1", VG_KERNEL_CONV_DIRECT, {8, 1}}, wide_row, never},
    {VG_CONV_DENSE, {"direct 8x2", VG_KERNEL_CONV_DIRECT, {8, 2}}, row_1x1, never},
    {VG_CONV_DENSE, {"direct 26x1", VG_KERNEL_CONV_DIRECT, {26, 1}}, row_1x1, never},
    {VG_CONV_DENSE, {"direct 13x1", VG_KERNEL_CONV_DIRECT, {13, 1}}, wide, wide},
    {VG_CONV_DENSE, {"direct 13x2", VG_KERNEL_CONV_DIRECT, {13, 2}}, wide_row, exact_1x1},
    {VG_CONV_DENSE, {"direct 10x1", VG_KERNEL_CONV_DIRECT, {10, 1}}, wide_row, exact_not_13},
    {VG_CONV_DENSE, {"direct 10x2", VG_KERNEL_CONV_DIRECT, {10, 2}}, row_1x1, exact_1x1_not_13},
    {VG_CONV_DENSE, {"wino 6x1", VG_KERNEL_CONV_WINO, {6, 1}}, wino, wino},
    {VG_CONV_DENSE, {"wino 8x2", VG_KERNEL_CONV_WINO, {8, 2}}, wino_wide, never},
    {VG_CONV_DENSE, {"wino two 13x2", VG_KERNEL_CONV_WINO_MUL, {13, 2}}, wino_two, never},
    {VG_CONV_DENSE, {"wino 13x1", VG_KERNEL_CONV_WINO, {13, 1}}, wino_wide, wino_wide},
    {VG_CONV_DENSE, {"wino 13x2", VG_KERNEL_CONV_WINO, {13, 2}}, wino_wide, wino_wide},
    {VG_CONV_DENSE, {"wino two 16x1", VG_KERNEL_CONV_WINO_MUL, {16, 1}}, wino_two, never},
    {VG_CONV_DENSE, {"wino 16x1", VG_KERNEL_CONV_WINO, {16, 1}}, wino_wide, wino_few},
    {VG_CONV_DENSE, {"wino2 13x1", VG_KERNEL_CONV_WINO2, {13, 1}}, wino2, never},
    {VG_CONV_DENSE, {"wino2 13x2", VG_KERNEL_CONV_WINO2, {13, 2}}, wino2, never},
    {VG_CONV_DENSE, {"tile 32x16", VG_KERNEL_CONV_TILE, {32, 1}}, tile_of_gpu, tile_of_gpu},
    {VG_CONV_DENSE, {"tile 64x16", VG_KERNEL_CONV_TILE, {64, 1}}, tile_of_gpu, tile_fills_4},
    {VG_CONV_DENSE, {"tile 32x32", VG_KERNEL_CONV_TILE, {32, 2}}, tile_of_gpu, tile_fills_4},
    {VG_CONV_DENSE, {"tile 64x32", VG_KERNEL_CONV_TILE, {64, 2}}, tile_of_gpu, tile_fills_8},
    {VG_CONV_DENSE, {"tile 64x64", VG_KERNEL_CONV_TILE, {64, 4}}, tile_of_gpu, tile_fills_8},
    {VG_CONV_DENSE, {"tile 128x64", VG_KERNEL_CONV_TILE, {128, 4}}, tile_of_gpu, tile_large},
    {VG_CONV_DENSE, {"sub-groups 2x16", VG_KERNEL_CONV_SUBGROUP, {2, 1}}, subgroup, subgroup},
    {VG_CONV_DENSE, {"sub-groups 4x16", VG_KERNEL_CONV_SUBGROUP, {4, 1}}, subgroup, subgroup_fills},
    {VG_CONV_DENSE, {"sub-groups 8x16", VG_KERNEL_CONV_SUBGROUP, {8, 1}}, subgroup, subgroup_fills},
    {VG_CONV_DENSE, {"mma 16x16", VG_KERNEL_CONV_MMA_PTX, {16, 1}}, mma, mma},
    {VG_CONV_DENSE, {"mma 16x32", VG_KERNEL_CONV_MMA_PTX, {16, 2}}, mma, mma_fills},
    {VG_CONV_DENSE, {"mma 32x32", VG_KERNEL_CONV_MMA_PTX, {32, 2}}, mma, mma_fills},
    {VG_CONV_DENSE, {"mma 32x64", VG_KERNEL_CONV_MMA_PTX, {32, 4}}, mma, mma_fills},
    {VG_CONV_DENSE, {VG_CONV_LIBRARY, VG_KERNEL_GEMM_UNPACK, {1, 1}}, gemm, never},
    {VG_CONV_GROUPED, {"any", VG_KERNEL_CONV_ANY, {1, 1}}, always, always},
    {VG_CONV_DEPTHWISE, {"p6", VG_KERNEL_CONV_DEPTHWISE, {6, 1}}, always, always},
    {VG_CONV_DEPTHWISE, {"p8", VG_KERNEL_CONV_DEPTHWISE, {8, 1}}, wide_row, never},
    {VG_CONV_DEPTHWISE, {"p26", VG_KERNEL_CONV_DEPTHWISE, {26, 1}}, wide_row, never},
    {VG_CONV_DEPTHWISE, {"p13", VG_KERNEL_CONV_DEPTHWISE, {13, 1}}, wide, wide},
    {VG_CONV_DEPTHWISE, {"p10", VG_KERNEL_CONV_DEPTHWISE, {10, 1}}, wide_row, exact_not_13},
    {VG_CONV_DEPTHWISE, {"p1", VG_KERNEL_CONV_DEPTHWISE, {1, 1}}, on_gpu, never},
    {VG_CONV_DEPTHWISE, {"p4", VG_KERNEL_CONV_DEPTHWISE, {4, 1}}, on_gpu, on_gpu},
    {VG_CONV_PAIR, {VG_CONV_APART, APART, {1, 1}}, may_part, may_part},
    {VG_CONV_PAIR, {"row 6x1", VG_KERNEL_CONV_ROW, {6, 1}}, pair, pair_on_cpu},
    {VG_CONV_PAIR, {"row 13x1", VG_KERNEL_CONV_ROW, {13, 1}}, pair_wide, pair_wide},
    {VG_CONV_PAIR, {"row 13x2", VG_KERNEL_CONV_ROW, {13, 2}}, pair_wide, pair_wide},
    {VG_CONV_STEM_POOL, {VG_CONV_APART, APART, {1, 1}}, may_part, may_part},
    {VG_CONV_STEM_POOL, {"pool 6x1", VG_KERNEL_CONV_STEM_POOL, {6, 1}}, always, on_cpu},
    {VG_CONV_STEM_POOL, {"pool 13x1", VG_KERNEL_CONV_STEM_POOL, {13, 1}}, wide, wide},
    {VG_CONV_INT8, {"int8 6x1", VG_KERNEL_CONV_INT8_X86, {6, 1}}, always, always},
    {VG_CONV_INT8, {"int8 6x2", VG_KERNEL_CONV_INT8_X86, {6, 2}}, int8_whole, never},
    {VG_CONV_INT8, {"int8 8x1", VG_KERNEL_CONV_INT8_X86, {8, 1}}, int8_wide, never},
    {VG_CONV_INT8, {"int8 13x1", VG_KERNEL_CONV_INT8_X86, {13, 1}}, int8_wide, int8_wide},
    {VG_CONV_INT8, {"int8 10x1", VG_KERNEL_CONV_INT8_X86, {10, 1}}, int8_wide, int8_exact_not_13},
    {VG_CONV_INT8, {"int8 13x2", VG_KERNEL_CONV_INT8_X86, {13, 2}}, int8_wide, int8_wide},
    {VG_CONV_INT8, {"int8 10x2", VG_KERNEL_CONV_INT8_X86, {10, 2}}, int8_wide, int8_exact_not_13},
    {VG_CONV_INT8_DEPTHWISE, {"int8 p6", VG_KERNEL_CONV_INT8_DEPTHWISE, {6, 1}}, always, always},
    {VG_CONV_INT8_DEPTHWISE,
     {"int8 p8", VG_KERNEL_CONV_INT8_DEPTHWISE, {8, 1}},
     int8_wide,
     int8_wide},
    {VG_CONV_INT8_DEPTHWISE,
     {"int8 p13", VG_KERNEL_CONV_INT8_DEPTHWISE, {13, 1}},
     int8_wide,
     int8_exact},
    {VG_CONV_INT8_STEM_POOL, {VG_CONV_APART, APART, {1, 1}}, may_part, may_part},
    {VG_CONV_INT8_STEM_POOL,
     {"int8 pool 6x1", VG_KERNEL_CONV_INT8_STEM_POOL, {6, 1}},
     always,
     always},
    {VG_CONV_INT8_STEM_POOL,
     {"int8 pool 13x1", VG_KERNEL_CONV_INT8_STEM_POOL, {13, 1}},
     int8_wide,
     int8_wide},
    /* where a device's compiler refuses all the others */
    {VG_CONV_DENSE, {"any", VG_KERNEL_CONV_ANY, {1, 1}}, never, never},
    {VG_CONV_DEPTHWISE, {"any", VG_KERNEL_CONV_ANY, {1, 1}}, never, never},
};

#define ROW_COUNT (sizeof rows / sizeof *rows)
static_assert(ROW_COUNT <= VG_CONV_ROWS_MAX, "a row has its bit");

const struct vg_conv_variant *vg_conv_row(uint32_t row)
{
    assert(row < ROW_COUNT);
    return &rows[row].variant;
}

uint32_t vg_conv_row_count(void)
{
    return ROW_COUNT;
}

struct vg_tune_need vg_conv_tune_need(const struct vg_conv_need *need)
{
    static const char *const ops[] = {[VG_CONV_DENSE] = "conv",
                                      [VG_CONV_GROUPED] = "grouped",
                                      [VG_CONV_DEPTHWISE] = "depthwise",
                                      [VG_CONV_PAIR] = "pair",
                                      [VG_CONV_STEM_POOL] = "stem_pool",
                                      [VG_CONV_INT8] = "conv",
                                      [VG_CONV_INT8_DEPTHWISE] = "depthwise",
                                      [VG_CONV_INT8_STEM_POOL] = "stem_pool"};
    const int bytes = need->kind == VG_CONV_INT8 || need->kind == VG_CONV_INT8_DEPTHWISE ||
                      need->kind == VG_CONV_INT8_STEM_POOL;
    const struct vg_window *w = &need->window;
    struct vg_tune_need key = {.size_y = w->size_y,
                               .size_x = w->size_x,
                               .stride_y = w->stride_y,
                               .stride_x = w->stride_x,
                               .dilation_y = w->dilation_y,
                               .dilation_x = w->dilation_x,
                               .groups = need->groups,
                               .channels_in = need->x_channels,
                               .channels_out = need->y_channels,
                               .width = need->width,
                               .height = need->height,
                               .batch = need->settings->batch_max};
    (void)snprintf(key.op, sizeof key.op, "%s", ops[need->kind]);
    (void)snprintf(key.element, sizeof key.element, "%s",
                   bytes                                        ? "s8"
                   : need->settings->storage == VG_STORAGE_HALF ? "f16"
                                                                : "f32");
    return key;
}

/* The kind's own way to do without every other row: the last one of the table. */
static uint32_t resort_of(enum vg_conv_kind kind)
{
    uint32_t row = ROW_COUNT;
    while (rows[--row].kind != kind)
        ;
    return row;
}

static uint64_t rows_of(const struct vg_conv_need *need, uint64_t among, int good)
{
    uint64_t found = 0;
    for (uint32_t i = 0; i < ROW_COUNT; i++) {
        const struct vg_conv_tile tile = rows[i].variant.tile;
        if (rows[i].kind == need->kind && among >> i & 1 &&
            (good ? rows[i].good(need, tile) : rows[i].fits(need, tile)))
            found |= UINT64_C(1) << i;
    }
    return found;
}

uint64_t vg_conv_rows_fitting(const struct vg_conv_need *need)
{
    const uint64_t allowed = ~need->settings->refused;
    const uint64_t fitting = rows_of(need, allowed, 0);
    return fitting ? fitting : allowed & UINT64_C(1) << resort_of(need->kind);
}

static uint32_t last_of(uint64_t set)
{
    uint32_t row = 0;
    while (set >>= 1)
        row++;
    return row;
}

uint32_t vg_conv_row_default(const struct vg_conv_need *need)
{
    const uint64_t fitting = vg_conv_rows_fitting(need), good = rows_of(need, fitting, 1);
    return good ? last_of(good) : fitting ? last_of(fitting) : resort_of(need->kind);
}

uint32_t vg_conv_row_choose(const struct vg_conv_need *need)
{
    const uint64_t fitting = vg_conv_rows_fitting(need);
    const struct vg_tune_need key = vg_conv_tune_need(need);
    const struct vg_tune_row *found =
        need->settings->tune ? vg_tune_nearest(need->settings->tune, &key) : NULL;
    for (uint32_t i = 0; found && i < ROW_COUNT; i++)
        if (fitting >> i & 1 && !strcmp(rows[i].variant.name, found->variant))
            return i;
    return vg_conv_row_default(need);
}
