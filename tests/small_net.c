#include "tests/small_net.h"

#include <stdio.h>

#include "tests/net_build.h"

/* /4: the stem with its pool; a CSP block in place; a concat of odd channels, read by table */
static uint32_t front(struct net_build *n)
{
    struct vg_node *stem = net_conv(n, 0, 24, net_square(3, 2, 1), 1);
    net_act(stem, VG_ACT_LEAKY);
    const uint32_t pool = net_window(n, VG_OP_MAXPOOL, stem->out, 24, net_square(3, 2, 1))->out;
    const uint32_t a = net_conv3(n, pool, 32), b = net_conv3(n, a, 16), csp[] = {b, a};
    const uint32_t joint = net_concat(n, csp, 2);
    const uint32_t odd = net_conv(n, joint, 29, net_square(1, 1, 1), 1)->out;
    const uint32_t both[] = {odd, b};
    struct vg_node *down = net_conv(n, net_concat(n, both, 2), 48, net_square(3, 2, 1), 1);
    net_act(down, VG_ACT_SILU);
    return down->out;
}

/* /8, 48 channels: a view and a copy summed, a ShuffleNet's unit, a residual, a gate */
static uint32_t middle(struct net_build *n, uint32_t x)
{
    const uint32_t view = net_slice(n, x, 16, 32), taken = net_slice(n, x, 5, 32);
    const uint32_t sum = net_two(n, VG_OP_ADD, view, taken)->out;
    const uint32_t stays = net_slice(n, sum, 0, 16), works = net_slice(n, sum, 16, 16);
    const uint32_t worked = net_conv1(n, net_depthwise(n, net_conv1(n, works, 16), 1), 16);
    const uint32_t halves[] = {stays, worked};
    const uint32_t unit = net_shuffle(n, net_concat(n, halves, 2));
    const uint32_t wide = net_conv(n, unit, 32, net_square(5, 1, 1), 1)->out;
    struct vg_node *residual =
        net_two(n, VG_OP_ADD, net_conv(n, wide, 32, net_square(3, 1, 2), 1)->out, wide);
    net_act(residual, VG_ACT_HARD_SWISH);
    struct vg_node *gate = net_conv(n, net_mean(n, residual->out), 32, net_square(1, 1, 1), 1);
    net_act(gate, VG_ACT_HARD_SIGMOID);
    return net_two(n, VG_OP_MUL, residual->out, gate->out)->out;
}

/* /16: pools, groups, a fold, a pair with stride 2 */
static uint32_t back(struct net_build *n, uint32_t x)
{
    const uint32_t pair = net_conv1(n, net_depthwise(n, x, 2), 32);
    struct vg_node *mean = net_window(n, VG_OP_AVGPOOL, pair, 32, net_square(3, 1, 1));
    mean->pool_padding = VG_POOL_PADDING_COUNTED;
    const uint32_t groups = net_conv(n, mean->out, 32, net_square(3, 1, 1), 4)->out;
    const uint32_t folded = net_conv1(n, net_fold(n, x), 32);
    return net_two(n, VG_OP_ADD, groups, folded)->out;
}

struct vg_model *small_net(uint64_t seed, uint32_t classes)
{
    struct net_build n;
    net_begin(&n, seed, (struct vg_size){64, 64}, 32, classes);
    (void)snprintf(n.model->name, sizeof n.model->name, "small");
    const uint32_t eighth = middle(&n, front(&n)), sixteenth = back(&n, eighth);
    const uint32_t lateral = net_conv(&n, eighth, 32, net_square(1, 1, 1), 1)->out;
    const uint32_t up = net_resize(&n, sixteenth, VG_RESIZE_LINEAR, 2, 1);
    const uint32_t fine = net_two(&n, VG_OP_ADD, lateral, up)->out;
    const uint32_t down = net_resize(&n, fine, VG_RESIZE_NEAREST, 1, 2);
    const uint32_t coarse = net_two(&n, VG_OP_ADD, sixteenth, down)->out;
    const uint32_t scores = net_head(&n, net_conv3(&n, fine, 32)), boxes = net_boxes(&n);
    const uint32_t deep_scores = net_head(&n, net_conv3(&n, coarse, 32));
    const uint32_t shares =
        net_node(&n, VG_OP_SOFTMAX, coarse, net_channels(&n, coarse), n.size[coarse])->out;
    net_output(&n, "scores_8", VG_LAYOUT_CELLS, scores);
    net_output(&n, "boxes_8", VG_LAYOUT_CELLS, boxes);
    net_output(&n, "scores_16", VG_LAYOUT_CELLS, deep_scores);
    net_output(&n, "boxes_16", VG_LAYOUT_CELLS, net_boxes(&n));
    net_output(&n, "shares", VG_LAYOUT_PLANES, shares);
    return n.model;
}

struct vg_model *tiny_net(uint64_t seed, uint32_t classes)
{
    struct net_build n;
    net_begin(&n, seed, (struct vg_size){32, 32}, 16, classes);
    (void)snprintf(n.model->name, sizeof n.model->name, "tiny");
    struct vg_node *stem = net_conv(&n, 0, 16, net_square(5, 8, 1), 1);
    net_act(stem, VG_ACT_LEAKY);
    const uint32_t fine = net_conv3(&n, stem->out, 32);
    const uint32_t coarse = net_conv(&n, fine, 32, net_square(3, 2, 1), 1)->out;
    const uint32_t level[] = {fine, coarse};
    static const char *const names[][2] = {{"scores_8", "boxes_8"}, {"scores_16", "boxes_16"}};
    for (uint32_t i = 0; i < 2; i++) {
        net_output(&n, names[i][0], VG_LAYOUT_CELLS, net_head(&n, level[i]));
        net_output(&n, names[i][1], VG_LAYOUT_CELLS, net_boxes(&n));
    }
    return n.model;
}

struct vg_picture small_picture(uint8_t bytes[SMALL_PICTURE_BYTES])
{
    enum {
        SIDE = SMALL_PICTURE_SIDE
    };
    for (size_t i = 0; i < SMALL_PICTURE_BYTES; i++)
        bytes[i] = (uint8_t)(i * 37 + i / 64 * 11);
    return (struct vg_picture){.luma = bytes,
                               .chroma = bytes + SIDE * SIDE,
                               .width = SIDE,
                               .height = SIDE,
                               .luma_stride = SIDE,
                               .chroma_stride = SIDE};
}
