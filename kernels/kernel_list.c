#include "kernels/kernel_list.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernels/map_kernels.h"
#include "src/base/attr.h"

/* what host and device must agree on: no padding, every field 4 bytes, in this order */
static_assert(sizeof(struct vg_area) == 16, "vg_area");
static_assert(sizeof(struct vg_halo) == 16, "vg_halo");
static_assert(sizeof(struct vg_conv_sizes) == 160, "vg_conv_sizes");
static_assert(offsetof(struct vg_conv_sizes, halo) == 48, "vg_conv_sizes.halo");
static_assert(offsetof(struct vg_conv_sizes, act_b) == 156, "vg_conv_sizes.act_b");
static_assert(sizeof(struct vg_row_sizes) == sizeof(struct vg_conv_sizes) + 16, "vg_row_sizes");
static_assert(sizeof(struct vg_stem_sizes) == sizeof(struct vg_conv_sizes) + 12, "vg_stem_sizes");
static_assert(sizeof(struct vg_map_sizes) == 132, "vg_map_sizes");
static_assert(offsetof(struct vg_map_sizes, halo) == 48, "vg_map_sizes.halo");
static_assert(offsetof(struct vg_map_sizes, act_b) == 128, "vg_map_sizes.act_b");
static_assert(sizeof(struct vg_prepare_sizes) == 76, "vg_prepare_sizes");
static_assert(offsetof(struct vg_prepare_sizes, scale) == 60, "vg_prepare_sizes.scale");
static_assert(sizeof(struct vg_device_job) == 88, "vg_device_job");
static_assert(offsetof(struct vg_device_job, threshold) == 84, "vg_device_job.threshold");
static_assert(sizeof(struct vg_boxes_sizes) == 88, "vg_boxes_sizes");
static_assert(offsetof(struct vg_boxes_sizes, stride) == 72, "vg_boxes_sizes.stride");
static_assert(offsetof(struct vg_boxes_sizes, input_height) == 84, "vg_boxes_sizes.input_height");
static_assert(sizeof(struct vg_candidate) == 32, "vg_candidate");
static_assert(sizeof(struct vg_int8_sizes) == 188, "vg_int8_sizes");
static_assert(offsetof(struct vg_int8_sizes, x_zero) == 144, "vg_int8_sizes.x_zero");
static_assert(offsetof(struct vg_int8_sizes, act_b) == 184, "vg_int8_sizes.act_b");
static_assert(sizeof(struct vg_int8_stem_sizes) == sizeof(struct vg_int8_sizes) + 12,
              "vg_int8_stem_sizes");
static_assert(sizeof(struct vg_flow_level) == 44, "vg_flow_level");
static_assert(sizeof(struct vg_flow_found) == 8, "vg_flow_found");
static_assert(sizeof(struct vg_flow_sizes) == 32 + VG_FLOW_LEVELS * 44, "vg_flow_sizes");
static_assert(sizeof(struct vg_persistent_step) == 28 + 4 * VG_PERSISTENT_SIZES,
              "vg_persistent_step");
static_assert(sizeof(union vg_kernel_sizes) <= 4 * VG_PERSISTENT_SIZES, "vg_persistent_step.sizes");
static_assert(sizeof(struct vg_persistent_run) == 20, "vg_persistent_run");

static_assert(sizeof(struct vg_map_job) == 80, "vg_map_job");
static_assert(offsetof(struct vg_map_job, light_first) == 76, "vg_map_job.light_first");
static_assert(VG_MAP_LIGHT_WORDS * 4 % VG_MAP_ALIGN == 0, "VG_MAP_LIGHT_WORDS");

#define CONV_ARGS   VG_ARG_X, VG_ARG_WEIGHTS, VG_ARG_X2, VG_ARG_Y, VG_ARG_SIZES
#define CONV_BYTES  sizeof(struct vg_conv_sizes)
#define MAP_ARGS    VG_ARG_X, VG_ARG_Y, VG_ARG_SIZES
#define MAP_BYTES   sizeof(struct vg_map_sizes)
#define FOUND_ARGS  VG_ARG_JOBS, VG_ARG_CLASSES, VG_ARG_COUNTS, VG_ARG_CANDIDATES, VG_ARG_SIZES
#define BOXES_BYTES sizeof(struct vg_boxes_sizes)
#define INT8_BYTES  sizeof(struct vg_int8_sizes)

const struct vg_kernel_row vg_kernel_rows[VG_KERNEL_COUNT] = {
    [VG_KERNEL_PREPARE] = {"prepare",
                           {VG_ARG_PIXELS, VG_ARG_JOBS, VG_ARG_Y, VG_ARG_SIZES},
                           sizeof(struct vg_prepare_sizes),
                           1,
                           3},
    [VG_KERNEL_CONV_DIRECT] = {"conv_direct", {CONV_ARGS}, CONV_BYTES, 1, 3},
    [VG_KERNEL_CONV_WINO] = {"conv_wino", {CONV_ARGS, VG_ARG_LOCAL}, CONV_BYTES, 1, 2},
    [VG_KERNEL_CONV_WINO_IN] =
        {"conv_wino_in", {VG_ARG_X, VG_ARG_SCRATCH, VG_ARG_SIZES}, CONV_BYTES, 1, 2},
    [VG_KERNEL_CONV_WINO_MUL] = {"conv_wino_mul",
                                 {VG_ARG_SCRATCH, VG_ARG_WEIGHTS, VG_ARG_X2, VG_ARG_Y, VG_ARG_SIZES,
                                  VG_ARG_LOCAL},
                                 CONV_BYTES,
                                 1,
                                 2},
    [VG_KERNEL_CONV_WINO2] = {"conv_wino2", {CONV_ARGS, VG_ARG_LOCAL}, CONV_BYTES, 1, 2},
    [VG_KERNEL_CONV_ANY] = {"conv_any", {CONV_ARGS}, CONV_BYTES, 1, 3},
    [VG_KERNEL_CONV_DEPTHWISE] = {"conv_depthwise", {CONV_ARGS}, CONV_BYTES, 1, 3},
    [VG_KERNEL_CONV_ROW] =
        {"conv_row", {CONV_ARGS, VG_ARG_LOCAL}, sizeof(struct vg_row_sizes), 1, 3},
    [VG_KERNEL_CONV_STEM_POOL] = {"conv_stem_pool",
                                  {VG_ARG_X, VG_ARG_WEIGHTS, VG_ARG_Y, VG_ARG_SIZES, VG_ARG_LOCAL},
                                  sizeof(struct vg_stem_sizes),
                                  1,
                                  3},
    [VG_KERNEL_CONV_TILE] = {"conv_tile", {CONV_ARGS}, CONV_BYTES, 1, 2},
    [VG_KERNEL_CONV_SUBGROUP] = {"conv_subgroup", {CONV_ARGS}, CONV_BYTES, 1, 2},
    [VG_KERNEL_CONV_MMA_PTX] = {"conv_mma_ptx", {CONV_ARGS}, CONV_BYTES, 1, 2},
    [VG_KERNEL_GEMM_PACK] =
        {"gemm_pack", {VG_ARG_X, VG_ARG_SCRATCH, VG_ARG_SIZES}, CONV_BYTES, VG_SPREAD_ITEMS, 1},
    [VG_KERNEL_GEMM_UNPACK] = {"gemm_unpack",
                               {VG_ARG_SCRATCH, VG_ARG_WEIGHTS, VG_ARG_X2, VG_ARG_Y, VG_ARG_SIZES},
                               CONV_BYTES,
                               VG_SPREAD_ITEMS,
                               1},
    [VG_KERNEL_POOL] = {"pool", {MAP_ARGS}, MAP_BYTES, 1, 3},
    [VG_KERNEL_PLANE_MEAN] = {"plane_mean", {MAP_ARGS}, MAP_BYTES, 1, 3},
    [VG_KERNEL_RESIZE] = {"resize", {MAP_ARGS}, MAP_BYTES, 1, 3},
    [VG_KERNEL_COMBINE] =
        {"combine", {VG_ARG_X, VG_ARG_X2, VG_ARG_Y, VG_ARG_SIZES}, MAP_BYTES, 1, 3},
    [VG_KERNEL_ACT] = {"act", {MAP_ARGS}, MAP_BYTES, 1, 3},
    [VG_KERNEL_SOFTMAX] = {"softmax", {MAP_ARGS}, MAP_BYTES, 1, 3},
    [VG_KERNEL_SPACE_TO_DEPTH] = {"space_to_depth", {MAP_ARGS}, MAP_BYTES, 1, 3},
    [VG_KERNEL_COPY_CHANNELS] =
        {"copy_channels", {VG_ARG_X, VG_ARG_WEIGHTS, VG_ARG_Y, VG_ARG_SIZES}, MAP_BYTES, 1, 3},
    [VG_KERNEL_READ_OUT] = {"read_out", {VG_ARG_X, VG_ARG_OUT, VG_ARG_SIZES}, MAP_BYTES, 1, 3},
    [VG_KERNEL_NANODET_BOXES] =
        {"nanodet_boxes", {VG_ARG_X, VG_ARG_X2, FOUND_ARGS}, BOXES_BYTES, 32, 2},
    [VG_KERNEL_YOLOX_BOXES] =
        {"yolox_boxes", {VG_ARG_X, VG_ARG_X2, VG_ARG_X3, FOUND_ARGS}, BOXES_BYTES, 32, 2},
    [VG_KERNEL_FASTESTDET_BOXES] =
        {"fastestdet_boxes", {VG_ARG_X, VG_ARG_X2, VG_ARG_X3, FOUND_ARGS}, BOXES_BYTES, 32, 2},
    [VG_KERNEL_CONV_INT8_X86] = {"conv_int8_x86", {CONV_ARGS}, INT8_BYTES, 1, 3},
    [VG_KERNEL_CONV_INT8_DEPTHWISE] = {"conv_int8_depthwise",
                                       {VG_ARG_X, VG_ARG_WEIGHTS, VG_ARG_Y, VG_ARG_SIZES},
                                       INT8_BYTES,
                                       1,
                                       3},
    [VG_KERNEL_CONV_INT8_STEM_POOL] = {"conv_int8_stem_pool_x86",
                                       {VG_ARG_X, VG_ARG_WEIGHTS, VG_ARG_Y, VG_ARG_SIZES,
                                        VG_ARG_LOCAL},
                                       sizeof(struct vg_int8_stem_sizes),
                                       1,
                                       3},
    [VG_KERNEL_MAX_POOL_INT8] =
        {"max_pool_int8", {VG_ARG_X, VG_ARG_Y, VG_ARG_SIZES}, INT8_BYTES, 1, 3},
    [VG_KERNEL_COMBINE_INT8] =
        {"combine_int8", {VG_ARG_X, VG_ARG_X2, VG_ARG_Y, VG_ARG_SIZES}, INT8_BYTES, 1, 3},
    [VG_KERNEL_RESIZE_INT8] = {"resize_int8", {VG_ARG_X, VG_ARG_Y, VG_ARG_SIZES}, INT8_BYTES, 1, 3},
    [VG_KERNEL_QUANTISE_INT8] =
        {"quantise_int8", {VG_ARG_X, VG_ARG_Y, VG_ARG_SIZES}, INT8_BYTES, 1, 3},
    [VG_KERNEL_DEQUANTISE_INT8] =
        {"dequantise_int8", {VG_ARG_X, VG_ARG_Y, VG_ARG_SIZES}, INT8_BYTES, 1, 3},
    [VG_KERNEL_COPY_CHANNELS_INT8] = {"copy_channels_int8",
                                      {VG_ARG_X, VG_ARG_WEIGHTS, VG_ARG_Y, VG_ARG_SIZES},
                                      INT8_BYTES,
                                      1,
                                      3},
    [VG_KERNEL_MAP_FLOW] = {"map_flow",
                            {VG_ARG_X, VG_ARG_X2, VG_ARG_SCRATCH, VG_ARG_Y, VG_ARG_SIZES},
                            sizeof(struct vg_flow_sizes),
                            1,
                            2},
    [VG_KERNEL_MAP_SMALL] = {"map_small", {VG_ARG_PIXELS, VG_ARG_MAP_JOBS, VG_ARG_MAPS}, 0, 1, 3},
    [VG_KERNEL_MAP_GROUND] = {"map_ground", {VG_ARG_MAP_JOBS, VG_ARG_MAPS}, 0, 1, 3},
    [VG_KERNEL_MAP_FLAME] = {"map_flame", {VG_ARG_MAP_JOBS, VG_ARG_MAPS}, 0, 1, 3},
};

size_t vg_kernel_work(enum vg_kernel kernel, size_t items)
{
    const size_t group = vg_kernel_rows[kernel].group_items;
    return (items + group - 1) / group * group;
}

uint32_t vg_conv_wino_side(enum vg_kernel kernel)
{
    if (kernel == VG_KERNEL_CONV_WINO2)
        return 2;
    return kernel == VG_KERNEL_CONV_WINO || kernel == VG_KERNEL_CONV_WINO_IN ||
                   kernel == VG_KERNEL_CONV_WINO_MUL
               ? 4
               : 0;
}

/* adds to the options */
static void add(char options[VG_KERNEL_OPTIONS_SIZE], const char *format, ...) VG_PRINTF(2, 3);

static void add(char options[VG_KERNEL_OPTIONS_SIZE], const char *format, ...)
{
    const size_t length = strlen(options);
    va_list values;
    va_start(values, format);
    const int more = vsnprintf(options + length, VG_KERNEL_OPTIONS_SIZE - length, format, values);
    va_end(values);
    assert(more >= 0 && length + (size_t)more < VG_KERNEL_OPTIONS_SIZE);
    (void)more;
}

/* how values lie and who makes them */
static void add_form(char options[VG_KERNEL_OPTIONS_SIZE], enum vg_storage storage,
                     enum vg_form form)
{
    if (storage == VG_STORAGE_HALF)
        add(options, " -DHALF_STORAGE=1");
    if (form == VG_FORM_SPREAD)
        add(options, " -DSPREAD=1");
}

void vg_conv_options(enum vg_kernel kernel, const struct vg_conv_build *build,
                     char options[VG_KERNEL_OPTIONS_SIZE])
{
    const struct vg_conv_tile tile = build->tile;
    const int wino = vg_conv_wino_side(kernel) != 0;
    options[0] = 0;
    add(options, "-DVG_BLOCK=%u -DX_PIXEL=%u -DP=%u -DOB=%u -DACT=%u -DADD=%u -DTABLE=%u",
        build->block, build->x_pixel, tile.pixels, tile.blocks, build->act, (unsigned)build->add,
        build->table);
    if (!wino) /* whose window is always the same */
        add(options, " -DK_Y=%u -DK_X=%u -DS_Y=%u -DS_X=%u -DD_Y=%u -DD_X=%u", build->size_y,
            build->size_x, build->stride_y, build->stride_x, build->dilation_y, build->dilation_x);
    if (build->group_first)
        add(options, " -DGROUP_FIRST=1");
    if (kernel == VG_KERNEL_CONV_ROW)
        add(options, " -DACT_FIRST=%u", build->act_first);
    if ((kernel == VG_KERNEL_CONV_MMA_PTX || kernel == VG_KERNEL_CONV_SUBGROUP) && build->emulated)
        add(options, " -DEMULATE=1");
    add_form(options, build->storage, build->form);
}

/* as conv_tile.cl has it: 4 pixels by 8 channels a work-item, 8 by 8 where tiles are long */
static uint32_t tile_items(const struct vg_conv_build *build)
{
    const uint32_t channels = build->tile.blocks * build->block;
    const uint32_t each = (build->tile.pixels >= 128 ? 8u : 4u) * (channels >= 32 ? 8u : 4u);
    return build->tile.pixels * channels / each;
}

int vg_conv_tiled(enum vg_kernel kernel)
{
    return kernel == VG_KERNEL_CONV_TILE || kernel == VG_KERNEL_CONV_SUBGROUP ||
           kernel == VG_KERNEL_CONV_MMA_PTX;
}

uint32_t vg_conv_group_items(enum vg_kernel kernel, const struct vg_conv_build *build)
{
    if (kernel == VG_KERNEL_CONV_TILE)
        return tile_items(build);
    if (kernel == VG_KERNEL_CONV_MMA_PTX)
        return VG_MMA_GROUP_ITEMS;
    if (kernel == VG_KERNEL_CONV_SUBGROUP)
        return VG_SUBGROUP_GROUP_ITEMS;
    return build->form == VG_FORM_SPREAD ? VG_SPREAD_ITEMS : vg_kernel_rows[kernel].group_items;
}

uint32_t vg_conv_group_pixels(enum vg_kernel kernel, const struct vg_conv_build *build)
{
    const uint32_t teams = kernel == VG_KERNEL_CONV_MMA_PTX    ? VG_MMA_GROUP_ITEMS / 32
                           : kernel == VG_KERNEL_CONV_SUBGROUP ? VG_SUBGROUP_GROUP_ITEMS / 16
                                                               : 1;
    return build->tile.pixels * teams;
}

size_t vg_gemm_scratch_floats(const struct vg_conv_build *build, uint32_t x_channels,
                              uint32_t y_channels, uint32_t pixels)
{
    const size_t y = (y_channels + build->block - 1) / build->block * build->block;
    return pixels * ((x_channels + 3) / 4 * 4 + y);
}

size_t vg_spread_items(uint32_t block, uint32_t width, uint32_t height, uint32_t each)
{
    return (size_t)((width + each - 1) / each) * height * (block / 4);
}

static uint32_t ceil_div(uint32_t a, uint32_t b)
{
    return (a + b - 1) / b;
}

static vg_i32 beyond(uint32_t last, vg_i32 padding, vg_i32 size)
{
    const vg_i32 reach = (vg_i32)last - padding - (size - 1);
    return reach > 0 ? reach : 0;
}

struct vg_halo vg_conv_reach(enum vg_kernel kernel, const struct vg_conv_build *build,
                             const struct vg_conv_sizes *s)
{
    struct vg_halo halo = {.left = s->left, .above = s->above};
    const uint32_t width = (uint32_t)s->width, height = (uint32_t)s->height;
    uint32_t column, row; /* the last ones read, counted from -left and -above */
    if (kernel == VG_KERNEL_CONV_ANY)
        return (struct vg_halo){0};
    const uint32_t side = vg_conv_wino_side(kernel);
    if (side && kernel != VG_KERNEL_CONV_WINO_MUL) {
        column = ceil_div(width, side) * side + 1; /* windows of side + 2 at side * tile */
        row = ceil_div(height, side) * side + 1;
    } else if (kernel == VG_KERNEL_CONV_STEM_POOL) { /* from the convolution's column -1 on */
        const uint32_t columns = ceil_div(width, build->tile.pixels) * build->tile.pixels;
        halo.left += (vg_i32)build->stride_x;
        column = (2 * columns - 1) * build->stride_x + build->size_x - 1;
        row = (2 * height - 1) * build->stride_y + build->size_y - 1;
    } else {
        const int by_rows = !vg_conv_tiled(kernel) && kernel != VG_KERNEL_GEMM_PACK;
        const uint32_t pixels = by_rows ? build->tile.pixels : 1;
        const uint32_t columns = ceil_div(width, pixels) * pixels;
        column = (columns - 1) * build->stride_x + (build->size_x - 1) * build->dilation_x;
        row = (height - 1) * build->stride_y + (build->size_y - 1) * build->dilation_y;
    }
    halo.right = beyond(column, s->left, s->x_width);
    halo.below = beyond(row, s->above, s->x_height);
    return halo;
}

size_t vg_conv_wino_local_bytes(enum vg_kernel kernel, const struct vg_conv_build *build,
                                uint32_t x_blocks, uint32_t tiles)
{
    const uint32_t p = build->tile.pixels, window = vg_conv_wino_side(kernel) + 2;
    const uint32_t runs = kernel == VG_KERNEL_CONV_WINO2 ? ceil_div(tiles, p) : 1;
    const size_t product = (size_t)runs * p * build->tile.blocks;
    const size_t windows = kernel == VG_KERNEL_CONV_WINO_MUL ? 0 : (size_t)runs * x_blocks * p + 1;
    return sizeof(float) * window * window * build->block * (windows + product);
}

size_t vg_conv_row_local_bytes(const struct vg_conv_build *build, uint32_t x_blocks, uint32_t width)
{
    return sizeof(float) * build->block * x_blocks * ceil_div(width, build->tile.pixels) *
           build->tile.pixels;
}

size_t vg_conv_stem_local_bytes(const struct vg_conv_build *build, uint32_t groups, uint32_t width)
{
    return vg_conv_row_local_bytes(build, groups, width);
}

size_t vg_conv_wino_scratch_floats(const struct vg_conv_build *build, uint32_t x_blocks,
                                   uint32_t tiles)
{
    const size_t groups = ceil_div(tiles, build->tile.pixels);
    return groups * 36 * (x_blocks * build->tile.pixels + 1) * build->block;
}

void vg_map_options(enum vg_kernel kernel, const struct vg_map_build *build,
                    char options[VG_KERNEL_OPTIONS_SIZE])
{
    options[0] = 0;
    add(options, "-DVG_BLOCK=%u", build->block);
    if (kernel == VG_KERNEL_COMBINE)
        add(options, " -DACT=%u -DX2=%u%s", build->act, (unsigned)build->second,
            build->combine == VG_COMBINE_MUL ? " -DMUL" : "");
    else if (kernel == VG_KERNEL_ACT)
        add(options, " -DACT=%u", build->act);
    else if (kernel == VG_KERNEL_POOL && build->pool == VG_POOL_MEAN)
        add(options, " -DMEAN");
    else if (kernel == VG_KERNEL_RESIZE && build->resample == VG_RESAMPLE_NEAREST)
        add(options, " -DNEAREST");
    else if (kernel == VG_KERNEL_READ_OUT && build->raw == VG_RAW_PLANES)
        add(options, " -DPLANES");
    if (kernel == VG_KERNEL_PREPARE && build->prepare == VG_PREPARE_SPACE_TO_DEPTH)
        add(options, " -DSPACE_TO_DEPTH");
    if (kernel == VG_KERNEL_PREPARE && build->output == VG_PREPARE_BYTES)
        add(options, " -DBYTES");
    add_form(options, build->storage, build->form);
}
