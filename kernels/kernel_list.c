#include "kernels/kernel_list.h"

#include <assert.h>
#include <stdio.h>

/* what host and device must agree on: no padding, every field 4 bytes, in this order */
static_assert(sizeof(struct vg_area) == 16, "vg_area");
static_assert(sizeof(struct vg_conv_sizes) == 88, "vg_conv_sizes");
static_assert(offsetof(struct vg_conv_sizes, x_pixel) == 32, "vg_conv_sizes.x_pixel");
static_assert(offsetof(struct vg_conv_sizes, slope) == 84, "vg_conv_sizes.slope");
static_assert(sizeof(struct vg_map_sizes) == 84, "vg_map_sizes");
static_assert(offsetof(struct vg_map_sizes, y_channel) == 80, "vg_map_sizes.y_channel");
static_assert(sizeof(struct vg_prepare_sizes) == 56, "vg_prepare_sizes");
static_assert(offsetof(struct vg_prepare_sizes, scale) == 44, "vg_prepare_sizes.scale");
static_assert(sizeof(struct vg_device_job) == 88, "vg_device_job");
static_assert(offsetof(struct vg_device_job, threshold) == 84, "vg_device_job.threshold");
static_assert(sizeof(struct vg_boxes_sizes) == 68, "vg_boxes_sizes");
static_assert(offsetof(struct vg_boxes_sizes, input_height) == 64, "vg_boxes_sizes.input_height");
static_assert(sizeof(struct vg_candidate) == 32, "vg_candidate");

#define CONV_BYTES sizeof(struct vg_conv_sizes)
#define MAP_BYTES  sizeof(struct vg_map_sizes)

const struct vg_kernel_row vg_kernel_rows[VG_KERNEL_COUNT] = {
    [VG_KERNEL_PREPARE] = {"prepare",
                           {VG_ARG_PIXELS, VG_ARG_JOBS, VG_ARG_Y, VG_ARG_SIZES},
                           sizeof(struct vg_prepare_sizes),
                           1,
                           3},
    [VG_KERNEL_CONV_DIRECT] =
        {"conv_direct", {VG_ARG_X, VG_ARG_WEIGHTS, VG_ARG_Y, VG_ARG_SIZES}, CONV_BYTES, 1, 3},
    [VG_KERNEL_CONV_WINO] = {"conv_wino",
                             {VG_ARG_X, VG_ARG_WEIGHTS, VG_ARG_Y, VG_ARG_SIZES, VG_ARG_LOCAL},
                             CONV_BYTES,
                             1,
                             2},
    [VG_KERNEL_MAX_POOL] = {"max_pool", {VG_ARG_X, VG_ARG_Y, VG_ARG_SIZES}, MAP_BYTES, 1, 3},
    [VG_KERNEL_RESIZE] = {"resize", {VG_ARG_X, VG_ARG_Y, VG_ARG_SIZES}, MAP_BYTES, 1, 3},
    [VG_KERNEL_ADD] = {"add", {VG_ARG_X, VG_ARG_X2, VG_ARG_Y, VG_ARG_SIZES}, MAP_BYTES, 1, 3},
    [VG_KERNEL_SIGMOID] = {"sigmoid", {VG_ARG_X, VG_ARG_Y, VG_ARG_SIZES}, MAP_BYTES, 1, 3},
    [VG_KERNEL_COPY_CHANNELS] =
        {"copy_channels", {VG_ARG_X, VG_ARG_Y, VG_ARG_SIZES}, MAP_BYTES, 1, 3},
    [VG_KERNEL_NANODET_BOXES] = {"nanodet_boxes",
                                 {VG_ARG_X, VG_ARG_X2, VG_ARG_JOBS, VG_ARG_CLASSES, VG_ARG_COUNTS,
                                  VG_ARG_CANDIDATES, VG_ARG_SIZES},
                                 sizeof(struct vg_boxes_sizes),
                                 32,
                                 2},
};

size_t vg_kernel_work(enum vg_kernel kernel, size_t items)
{
    const size_t group = vg_kernel_rows[kernel].group_items;
    return (items + group - 1) / group * group;
}

void vg_conv_options(enum vg_kernel kernel, struct vg_conv_tile tile, uint32_t side,
                     uint32_t stride, char options[VG_KERNEL_OPTIONS_SIZE])
{
    if (kernel == VG_KERNEL_CONV_WINO) {
        (void)snprintf(options, VG_KERNEL_OPTIONS_SIZE, "-DP=%u -DOB=%u", tile.pixels, tile.blocks);
        return;
    }
    (void)snprintf(options, VG_KERNEL_OPTIONS_SIZE, "-DP=%u -DOB=%u -DK=%u -DS=%u", tile.pixels,
                   tile.blocks, side, stride);
}

struct vg_conv_reach vg_conv_reach(enum vg_kernel kernel, struct vg_conv_tile tile, uint32_t side,
                                   uint32_t stride, uint32_t pad, uint32_t width, uint32_t height)
{
    if (kernel == VG_KERNEL_CONV_WINO) /* windows of 6 at 4 * tile - 1 */
        return (struct vg_conv_reach){(vg_i32)((width + 3) / 4 * 4),
                                      (vg_i32)((height + 3) / 4 * 4)};
    const uint32_t columns = (width + tile.pixels - 1) / tile.pixels * tile.pixels;
    return (struct vg_conv_reach){(vg_i32)((columns - 1) * stride + side - 1) - (vg_i32)pad,
                                  (vg_i32)((height - 1) * stride + side - 1) - (vg_i32)pad};
}

size_t vg_conv_wino_local_bytes(struct vg_conv_tile tile, uint32_t x_blocks)
{
    return sizeof(float) * 36 * VG_BLOCK * tile.pixels * (x_blocks + tile.blocks);
}
