#include "tests/random_net.h"

#include <stdio.h>

#include "tests/net_build.h"

#define WIDTH  64
#define HEIGHT 32

/* drawn one at a time, in the order of the lines: a call's arguments have no order */
static uint32_t below(struct net_build *n, uint32_t end)
{
    return vg_random_below(&n->random, end);
}

static uint32_t pick(struct net_build *n, const uint32_t *from, uint32_t count)
{
    return from[below(n, count)];
}

#define PICK(n, ...) \
    pick(n, (const uint32_t[]){__VA_ARGS__}, sizeof(uint32_t[]){__VA_ARGS__} / sizeof(uint32_t))

static void act_random(struct net_build *n, struct vg_node *node)
{
    net_act(node, (enum vg_act)below(n, VG_ACT_COUNT));
}

static int wide(const struct net_build *n, uint32_t x)
{
    return n->size[x].width > 8;
}

/* halves interleaved, as a ShuffleNet does it; or any order */
static uint32_t shuffle(struct net_build *n, uint32_t x)
{
    const uint32_t out = net_shuffle(n, x), count = net_channels(n, out);
    uint32_t *map = n->model->map + n->model->node[n->model->node_count - 1].map_first;
    if (below(n, 2))
        for (uint32_t c = count; c-- > 1;) {
            const uint32_t d = below(n, c + 1), word = map[c];
            map[c] = map[d];
            map[d] = word;
        }
    return out;
}

static uint32_t two(struct net_build *n, enum vg_op op, uint32_t x, uint32_t x2)
{
    struct vg_node *node = net_two(n, op, x, x2);
    if (below(n, 3) == 0)
        act_random(n, node);
    return node->out;
}

static uint32_t resize(struct net_build *n, uint32_t x, uint32_t num, uint32_t den)
{
    return net_resize(n, x, below(n, 2) ? VG_RESIZE_LINEAR : VG_RESIZE_NEAREST, num, den);
}

/* ---- patterns: each takes a tensor and gives one ---- */

static uint32_t dense(struct net_build *n, uint32_t x)
{
    const uint32_t size = PICK(n, 1, 1, 3, 3, 3, 5), stride = wide(n, x) ? PICK(n, 1, 1, 2) : 1;
    const uint32_t dilation = size == 3 && stride == 1 ? PICK(n, 1, 1, 1, 2) : 1;
    const uint32_t channels = PICK(n, 1, 3, 15, 16, 17, 29, 32, 48, 58);
    struct vg_node *node = net_conv(n, x, channels, net_square(size, stride, dilation), 1);
    act_random(n, node);
    return node->out;
}

static uint32_t oblong(struct net_build *n, uint32_t x)
{
    const struct vg_window w = {1, 7, 1, 1, 1, 1, 0, 3, 0, 3};
    struct vg_node *node = net_conv(n, x, PICK(n, 8, 16), w, 1);
    act_random(n, node);
    return node->out;
}

static uint32_t depthwise(struct net_build *n, uint32_t x)
{
    const uint32_t stride = wide(n, x) ? PICK(n, 1, 1, 2) : 1, size = PICK(n, 3, 5);
    const uint32_t channels = net_channels(n, x);
    struct vg_node *node = net_conv(n, x, channels, net_square(size, stride, 1), channels);
    if (channels == 1)
        return node->out;
    act_random(n, node);
    if (below(n, 2)) { /* a pair */
        node = net_conv(n, node->out, PICK(n, 16, 31, 48), net_square(1, 1, 1), 1);
        act_random(n, node);
    }
    return node->out;
}

static uint32_t grouped(struct net_build *n, uint32_t x)
{
    if (net_channels(n, x) % 2)
        return x;
    return net_conv(n, x, 2 * PICK(n, 3, 8, 16), net_square(3, 1, 1), 2)->out;
}

static uint32_t pool(struct net_build *n, uint32_t x)
{
    const uint32_t stride = wide(n, x) ? PICK(n, 1, 2) : 1, size = PICK(n, 3, 5);
    const enum vg_op op = below(n, 2) ? VG_OP_MAXPOOL : VG_OP_AVGPOOL;
    struct vg_node *node = net_window(n, op, x, net_channels(n, x), net_square(size, stride, 1));
    if (op == VG_OP_AVGPOOL)
        node->pool_padding = below(n, 2) ? VG_POOL_PADDING_COUNTED : VG_POOL_PADDING_LEFT_OUT;
    return node->out;
}

/* convolution and residual sum; the first term is sometimes read again */
static uint32_t residual(struct net_build *n, uint32_t x)
{
    const uint32_t size = PICK(n, 1, 3);
    struct vg_node *node = net_conv(n, x, net_channels(n, x), net_square(size, 1, 1), 1);
    if (below(n, 2))
        act_random(n, node);
    const uint32_t out = node->out;
    const uint32_t sum = below(n, 2) ? two(n, VG_OP_ADD, out, x) : two(n, VG_OP_ADD, x, out);
    if (below(n, 4))
        return sum;
    const uint32_t both[] = {sum, out};
    return net_concat(n, both, 2);
}

/* a pyramid's sum: x and a smaller (or larger) map resized to it */
static uint32_t pyramid(struct net_build *n, uint32_t x)
{
    const struct vg_size size = n->size[x];
    const uint32_t channels = PICK(n, 16, 24, 32);
    const int up = below(n, 2) == 0;
    if (size.width < 8 || size.height < 4 || size.width % 2 || size.height % 2)
        return x;
    const uint32_t lateral = net_conv(n, x, channels, net_square(1, 1, 1), 1)->out;
    const uint32_t deep = net_conv(n, x, channels, net_square(3, 2, 1), 1)->out;
    const uint32_t resized = up ? resize(n, deep, 2, 1) : resize(n, lateral, 1, 2);
    return up ? two(n, VG_OP_ADD, lateral, resized) : two(n, VG_OP_ADD, resized, deep);
}

static uint32_t squeeze(struct net_build *n, uint32_t x)
{
    struct vg_node *gate = net_conv(n, net_mean(n, x), net_channels(n, x), net_square(1, 1, 1), 1);
    net_act(gate, VG_ACT_SIGMOID);
    return two(n, VG_OP_MUL, x, gate->out);
}

/* a ShuffleNet's unit: one half goes on, the other is worked on, then all are shuffled */
static uint32_t shuffle_unit(struct net_build *n, uint32_t x)
{
    const uint32_t channels = net_channels(n, x), half = channels / 2;
    if (channels < 4 || channels % 2)
        return shuffle(n, x);
    const uint32_t stays = net_slice(n, x, 0, half), works = net_slice(n, x, half, half);
    struct vg_node *node = net_conv(n, works, half, net_square(1, 1, 1), 1);
    act_random(n, node);
    node = net_conv(n, node->out, half, net_square(3, 1, 1), half);
    node = net_conv(n, node->out, half, net_square(1, 1, 1), 1);
    act_random(n, node);
    const uint32_t both[] = {stays, node->out};
    return shuffle(n, net_concat(n, both, 2));
}

/* both ways of a CSP block, put together again */
static uint32_t branches(struct net_build *n, uint32_t x)
{
    const uint32_t first = net_conv(n, x, PICK(n, 16, 32, 20), net_square(3, 1, 1), 1)->out;
    const uint32_t second = net_conv(n, first, PICK(n, 16, 9), net_square(3, 1, 1), 1)->out;
    const uint32_t both[] = {second, first};
    const uint32_t joint = net_concat(n, both, 2);
    if (below(n, 2))
        return joint;
    const uint32_t more[] = {joint, first, x};
    return net_concat(n, more, below(n, 2) ? 3 : 2);
}

/* some channels are left behind, one is there twice */
static uint32_t gather(struct net_build *n, uint32_t x)
{
    uint32_t channel[24];
    const uint32_t count = PICK(n, 5, 16, 24);
    for (uint32_t c = 0; c < count; c++)
        channel[c] = below(n, net_channels(n, x));
    return net_gather(n, x, channel, count);
}

static uint32_t alone(struct net_build *n, uint32_t x)
{
    if (below(n, 3) == 0)
        return net_node(n, VG_OP_SOFTMAX, x, net_channels(n, x), n->size[x])->out;
    return net_alone(n, x, VG_ACT_SILU);
}

static uint32_t fold(struct net_build *n, uint32_t x)
{
    const struct vg_size in = n->size[x];
    if (in.width % 2 || in.height % 2 || net_channels(n, x) > 20)
        return x;
    return net_fold(n, x);
}

/* ---- a net ---- */

static enum vg_layout layout(struct net_build *n)
{
    return below(n, 2) ? VG_LAYOUT_CELLS : VG_LAYOUT_PLANES;
}

/* scores of their own; boxes behind channels of a third output, which take an activation */
static void head(struct net_build *n, uint32_t x)
{
    const uint32_t classes = n->model->class_count, sides = 4 * n->model->bins;
    const uint32_t joint = net_conv(n, x, 16 + 4 + sides, net_square(3, 1, 1), 1)->out;
    const uint32_t scores =
        net_alone(n, net_conv(n, x, classes, net_square(1, 1, 1), 1)->out, VG_ACT_SIGMOID);
    const uint32_t front = net_alone(n, net_slice(n, joint, 0, 16), VG_ACT_SIGMOID);
    const uint32_t boxes = net_slice(n, joint, 20, sides);
    net_level(n, scores, boxes);
    net_output(n, "scores", layout(n), scores);
    net_output(n, "boxes", layout(n), boxes);
    net_output(n, "front", layout(n), front);
}

/* one of three: with a pool, folded, plain */
static uint32_t stem(struct net_build *n)
{
    const uint32_t kind = below(n, 3), channels = PICK(n, 16, 24, 32);
    const uint32_t x = kind == 1 ? shuffle(n, net_fold(n, 0)) : 0;
    struct vg_node *node = net_conv(n, x, channels, net_square(3, kind == 1 ? 1 : 2, 1), 1);
    net_act(node, VG_ACT_LEAKY);
    if (kind != 2)
        return node->out;
    return net_window(n, VG_OP_MAXPOOL, node->out, channels, net_square(3, 2, 1))->out;
}

struct vg_model *random_net(uint64_t seed)
{
    static uint32_t (*const patterns[])(struct net_build *, uint32_t) = {
        dense,   dense,        oblong,   depthwise, grouped, pool,  residual, pyramid,
        squeeze, shuffle_unit, branches, alone,     fold,    dense, gather};
    struct net_build n;
    net_begin(&n, seed, (struct vg_size){WIDTH, HEIGHT}, 16, 20);
    (void)snprintf(n.model->name, sizeof n.model->name, "random-%u", (unsigned)seed);
    uint32_t x = stem(&n);
    for (uint32_t i = 3 + below(&n, 4); i > 0; i--)
        x = patterns[below(&n, sizeof patterns / sizeof *patterns)](&n, x);
    if (n.size[x].width < 2 || n.size[x].width * 8 < WIDTH)
        x = dense(&n, n.model->node[0].out);
    head(&n, x);
    return n.model;
}
