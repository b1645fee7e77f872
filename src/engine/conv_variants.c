/* Why these rows (measured on two AVX-512 cores, PoCL 3.1): with 32 vector registers of 16 floats
 * 13x1 and 13x2 accumulators reach 87 to 98 % of the peak, and 13 divides every map of a 416 net,
 * 10 every map of a 320 or 640 net; 6x1 is what 16 registers of 8 floats hold. Winograd won on
 * every 3x3 of stride 1 with 16 channels or more, 1.5 to 3.3 times; 13x13 is a case apart.
 * With 16 tiles or fewer one group takes them all and the cores share the output out, so that
 * each weight goes to one core only: 14.3 ms for NanoDet-g against 15.0 with two groups of 8.
 *
 * At 13x13 neither method is the best everywhere. One picture at a time, the whole of NanoDet-g
 * took 12.6 to 13.1 ms with "direct 13x1" there and 13.8 to 14.8 with "Winograd 16x1" on an Intel
 * core; on a machine of another make the direct way took 1.6 ms more, summed over those layers.
 * Batches were not compared. The row stays Winograd until each machine measures for itself. */
#include "src/engine/conv_variants.h"

typedef int condition(const struct vg_conv_need *need, struct vg_conv_tile tile);

static int always(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    (void)need;
    (void)tile;
    return 1;
}

/* registers for it, and the tile divides what it must */
static int wide(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return need->settings->lane == VG_LANE_CPU && need->settings->float_width >= 16 &&
           need->y_blocks % tile.blocks == 0;
}

static int wide_exact(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return wide(need, tile) && need->width % tile.pixels == 0;
}

static int wide_exact_1x1(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return wide_exact(need, tile) && need->side == 1 && need->width > tile.pixels;
}

static int wino(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return need->settings->lane == VG_LANE_CPU && need->side == 3 && need->stride == 1 &&
           need->x_lanes == VG_BLOCK && need->y_blocks % tile.blocks == 0 &&
           vg_conv_wino_local_bytes(tile, need->x_blocks) <= need->settings->local_bytes;
}

static int wino_wide(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return wide(need, tile) && wino(need, tile);
}

static int wino_wide_few(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return wino_wide(need, tile) && (need->width + 3) / 4 * ((need->height + 3) / 4) <= 16;
}

static const struct {
    struct vg_conv_variant variant;
    condition *fits;
} rows[] = {
    {{"direct 6x1", VG_KERNEL_CONV_DIRECT, {6, 1}}, always},
    {{"direct 13x1, padded", VG_KERNEL_CONV_DIRECT, {13, 1}}, wide},
    {{"direct 10x1", VG_KERNEL_CONV_DIRECT, {10, 1}}, wide_exact},
    {{"direct 10x2", VG_KERNEL_CONV_DIRECT, {10, 2}}, wide_exact_1x1},
    {{"direct 13x1", VG_KERNEL_CONV_DIRECT, {13, 1}}, wide_exact},
    {{"direct 13x2", VG_KERNEL_CONV_DIRECT, {13, 2}}, wide_exact_1x1},
    {{"Winograd 6x1", VG_KERNEL_CONV_WINO, {6, 1}}, wino},
    {{"Winograd 13x1", VG_KERNEL_CONV_WINO, {13, 1}}, wino_wide},
    {{"Winograd 13x2", VG_KERNEL_CONV_WINO, {13, 2}}, wino_wide},
    {{"Winograd 16x1", VG_KERNEL_CONV_WINO, {16, 1}}, wino_wide_few},
};

struct vg_conv_variant vg_conv_variant_choose(const struct vg_conv_need *need)
{
    size_t i = sizeof rows / sizeof *rows - 1;
    while (!rows[i].fits(need, rows[i].variant.tile))
        i--;
    return rows[i].variant;
}
