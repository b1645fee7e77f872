/* Why these rows (measured on two AVX-512 cores, PoCL 3.1): with 32 vector registers of 16 floats
 * 13x1 and 13x2 accumulators reach 87 to 98 % of the peak, and 13 divides every map of a 416 net,
 * 10 every map of a 320 or 640 net; 6x1 is what 16 registers of 8 floats hold. Winograd won on
 * every 3x3 of stride 1 with 16 channels or more, 1.5 to 3.3 times; 13x13 is a case apart.
 * With 16 tiles or fewer one group takes them all and the cores share the output out, so that
 * each weight goes to one core only: 14.3 ms for NanoDet-g against 15.0 with two groups of 8. */
#include "src/engine/conv_variants.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

typedef int condition(const struct vg_conv_need *need, struct vg_conv_tile tile);

static uint32_t blocks_of(const struct vg_conv_need *need, uint32_t channels)
{
    return (channels + need->settings->block - 1) / need->settings->block;
}

/* the activation covers whole groups of output blocks, and these divide the output */
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

/* registers for it */
static int wide(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return need->settings->lane == VG_LANE_CPU && need->settings->float_width >= 16 &&
           groups_whole(need, tile);
}

static int wide_exact(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return wide(need, tile) && need->width % tile.pixels == 0;
}

static int is_1x1(const struct vg_conv_need *need)
{
    return need->window.size_y == 1 && need->window.size_x == 1;
}

static int wide_exact_1x1(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    return wide_exact(need, tile) && is_1x1(need);
}

static int wino(const struct vg_conv_need *need, struct vg_conv_tile tile)
{
    const struct vg_window *w = &need->window;
    const struct vg_conv_build build = {.tile = tile, .block = need->settings->block};
    return need->settings->lane == VG_LANE_CPU && w->size_y == 3 && w->size_x == 3 &&
           w->stride_y == 1 && w->stride_x == 1 && w->dilation_y == 1 && w->dilation_x == 1 &&
           w->above == 1 && w->left == 1 && w->below == 1 && w->right == 1 &&
           need->x_pixel == need->settings->block && groups_whole(need, tile) &&
           vg_conv_wino_local_bytes(VG_KERNEL_CONV_WINO, &build,
                                    blocks_of(need, need->x_channels)) <=
               need->settings->local_bytes;
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
    enum vg_conv_kind kind;
    struct vg_conv_variant variant;
    condition *fits;
} rows[] = {
    {VG_CONV_DENSE, {"direct 6x1", VG_KERNEL_CONV_DIRECT, {6, 1}}, always},
    {VG_CONV_DENSE, {"direct 13x1, padded", VG_KERNEL_CONV_DIRECT, {13, 1}}, wide},
    {VG_CONV_DENSE, {"direct 10x1", VG_KERNEL_CONV_DIRECT, {10, 1}}, wide_exact},
    {VG_CONV_DENSE, {"direct 10x2", VG_KERNEL_CONV_DIRECT, {10, 2}}, wide_exact_1x1},
    {VG_CONV_DENSE, {"direct 13x1", VG_KERNEL_CONV_DIRECT, {13, 1}}, wide_exact},
    {VG_CONV_DENSE, {"direct 13x2", VG_KERNEL_CONV_DIRECT, {13, 2}}, wide_exact_1x1},
    {VG_CONV_DENSE, {"Winograd 6x1", VG_KERNEL_CONV_WINO, {6, 1}}, wino},
    {VG_CONV_DENSE, {"Winograd 13x1", VG_KERNEL_CONV_WINO, {13, 1}}, wino_wide},
    {VG_CONV_DENSE, {"Winograd 13x2", VG_KERNEL_CONV_WINO, {13, 2}}, wino_wide},
    {VG_CONV_DENSE, {"Winograd 16x1", VG_KERNEL_CONV_WINO, {16, 1}}, wino_wide_few},
    {VG_CONV_DENSE,
     {"Winograd 16x1, two kernels", VG_KERNEL_CONV_WINO_MUL, {16, 1}},
     wino_wide_few},
    {VG_CONV_GROUPED, {"any", VG_KERNEL_CONV_ANY, {1, 1}}, always},
    {VG_CONV_DEPTHWISE, {"depthwise 6", VG_KERNEL_CONV_DEPTHWISE, {6, 1}}, always},
    {VG_CONV_DEPTHWISE, {"depthwise 13, padded", VG_KERNEL_CONV_DEPTHWISE, {13, 1}}, wide},
    {VG_CONV_DEPTHWISE, {"depthwise 10", VG_KERNEL_CONV_DEPTHWISE, {10, 1}}, wide_exact},
    {VG_CONV_DEPTHWISE, {"depthwise 13", VG_KERNEL_CONV_DEPTHWISE, {13, 1}}, wide_exact},
    {VG_CONV_PAIR, {"pair 6x1", VG_KERNEL_CONV_ROW, {6, 1}}, always},
    {VG_CONV_PAIR, {"pair 13x1", VG_KERNEL_CONV_ROW, {13, 1}}, wide},
    {VG_CONV_PAIR, {"pair 13x2", VG_KERNEL_CONV_ROW, {13, 2}}, wide},
    {VG_CONV_STEM_POOL, {"stem and pool 6x1", VG_KERNEL_CONV_STEM_POOL, {6, 1}}, always},
    {VG_CONV_STEM_POOL, {"stem and pool 13x1", VG_KERNEL_CONV_STEM_POOL, {13, 1}}, wide},
};

#define ROW_COUNT (sizeof rows / sizeof *rows)

void vg_conv_need_key(const struct vg_conv_need *need, char key[VG_CONV_KEY_SIZE])
{
    static const char *const kinds[] = {[VG_CONV_DENSE] = "dense",
                                        [VG_CONV_GROUPED] = "grouped",
                                        [VG_CONV_DEPTHWISE] = "depthwise",
                                        [VG_CONV_PAIR] = "pair",
                                        [VG_CONV_STEM_POOL] = "stem-pool"};
    const struct vg_window *w = &need->window;
    (void)snprintf(key, VG_CONV_KEY_SIZE, "%s %ux%u s%ux%u d%ux%u %u>%u(%u) p%u %ux%u n%u",
                   kinds[need->kind], w->size_y, w->size_x, w->stride_y, w->stride_x, w->dilation_y,
                   w->dilation_x, need->x_channels, need->y_channels, need->act_channels,
                   need->x_pixel, need->width, need->height, need->settings->batch_max);
}

uint32_t vg_conv_variants_fitting(const struct vg_conv_need *need, struct vg_conv_variant *variant,
                                  uint32_t most)
{
    uint32_t count = 0;
    for (size_t i = 0; i < ROW_COUNT && count < most; i++)
        if (rows[i].kind == need->kind && rows[i].fits(need, rows[i].variant.tile))
            variant[count++] = rows[i].variant;
    return count;
}

static const char *found(const struct vg_conv_need *need)
{
    const struct vg_conv_choices *choices = need->settings->choices;
    char key[VG_CONV_KEY_SIZE];
    size_t low = 0, high = choices ? choices->count : 0;
    if (!high)
        return NULL;
    vg_conv_need_key(need, key);
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(key, choices->choice[middle].key);
        if (order == 0)
            return choices->choice[middle].variant;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

struct vg_conv_variant vg_conv_variant_choose(const struct vg_conv_need *need)
{
    struct vg_conv_variant fitting[ROW_COUNT];
    const uint32_t count = vg_conv_variants_fitting(need, fitting, ROW_COUNT);
    const char *name = found(need);
    assert(count); /* the first row of each kind fits always */
    for (uint32_t i = 0; name && i < count; i++)
        if (!strcmp(fitting[i].name, name))
            return fitting[i];
    return fitting[count - 1];
}
