#include "tests/random_net.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/random.h"

#define WIDTH       64
#define HEIGHT      32
#define WEIGHTS_MAX (1u << 20)
#define MAP_MAX     4096
#define TENSORS_MAX 96

struct net {
    struct vg_model *model;
    struct vg_random random;
    struct vg_size size[TENSORS_MAX]; /* of each tensor at the preferred input */
};

static uint32_t below(struct net *n, uint32_t end)
{
    return vg_random_below(&n->random, end);
}

static uint32_t pick(struct net *n, const uint32_t *from, uint32_t count)
{
    return from[below(n, count)];
}

#define PICK(n, ...) \
    pick(n, (const uint32_t[]){__VA_ARGS__}, sizeof(uint32_t[]){__VA_ARGS__} / sizeof(uint32_t))

static uint32_t channels_of(const struct net *n, uint32_t tensor)
{
    return n->model->tensor[tensor].channels;
}

/* ---- nodes ---- */

static struct vg_node *node_add(struct net *n, enum vg_op op, uint32_t x, uint32_t channels,
                                struct vg_size size)
{
    struct vg_model *m = n->model;
    assert(m->tensor_count < TENSORS_MAX);
    struct vg_node *node = &m->node[m->node_count++];
    *node = (struct vg_node){.op = op, .in = {x}, .in_count = 1, .out = m->tensor_count};
    n->size[m->tensor_count] = size;
    m->tensor[m->tensor_count++].channels = channels;
    return node;
}

static void act_random(struct net *n, struct vg_node *node)
{
    node->act = (enum vg_act)below(n, VG_ACT_COUNT);
    if (node->act == VG_ACT_LEAKY)
        node->act_a = 0.1f;
    if (node->act == VG_ACT_CLIP)
        node->act_b = 6;
    if (node->act == VG_ACT_HARD_SIGMOID) {
        node->act_a = 1.0f / 6;
        node->act_b = 0.5f;
    }
}

static uint64_t weights_add(struct net *n, uint64_t count, double range)
{
    struct vg_model *m = n->model;
    const uint64_t first = m->weight_count;
    assert(first + count <= WEIGHTS_MAX);
    for (uint64_t i = 0; i < count; i++)
        m->weights[m->weight_count++] = (float)((2 * vg_random_unit(&n->random) - 1) * range);
    return first;
}

static uint32_t span(uint32_t in, uint32_t size, uint32_t stride, uint32_t dilation, uint32_t pads)
{
    return (in + pads - (dilation * (size - 1) + 1)) / stride + 1;
}

static struct vg_node *window_add(struct net *n, enum vg_op op, uint32_t x, uint32_t channels,
                                  struct vg_window w)
{
    const struct vg_size in = n->size[x];
    struct vg_node *node = node_add(
        n, op, x, channels,
        (struct vg_size){span(in.width, w.size_x, w.stride_x, w.dilation_x, w.left + w.right),
                         span(in.height, w.size_y, w.stride_y, w.dilation_y, w.above + w.below)});
    node->window = w;
    return node;
}

static struct vg_window square(uint32_t size, uint32_t stride, uint32_t dilation)
{
    const uint32_t pad = dilation * (size - 1) / 2;
    return (struct vg_window){size, size, stride, stride, dilation, dilation, pad, pad, pad, pad};
}

static struct vg_node *conv_add(struct net *n, uint32_t x, uint32_t channels, struct vg_window w,
                                uint32_t groups)
{
    struct vg_node *node = window_add(n, VG_OP_CONV, x, channels, w);
    const uint32_t taps = channels_of(n, x) / groups * w.size_y * w.size_x;
    node->groups = groups;
    node->weight_first = weights_add(n, (uint64_t)channels * taps, 1.7 / (1 + taps / 8.0));
    node->bias_first = weights_add(n, channels, 0.5);
    return node;
}

static uint32_t map_add(struct net *n, struct vg_node *node, uint32_t count)
{
    node->map_first = n->model->map_count;
    n->model->map_count += count;
    assert(n->model->map_count <= MAP_MAX);
    return node->map_first;
}

static uint32_t concat_add(struct net *n, const uint32_t *x, uint32_t count)
{
    uint32_t channels = 0;
    for (uint32_t k = 0; k < count; k++)
        channels += channels_of(n, x[k]);
    struct vg_node *node = node_add(n, VG_OP_CHANNELS, x[0], channels, n->size[x[0]]);
    uint32_t at = map_add(n, node, channels);
    node->in_count = count;
    for (uint32_t k = 0; k < count; k++) {
        node->in[k] = x[k];
        for (uint32_t c = 0; c < channels_of(n, x[k]); c++)
            n->model->map[at++] = VG_MAP_WORD(k, c);
    }
    return node->out;
}

static uint32_t slice_add(struct net *n, uint32_t x, uint32_t first, uint32_t count)
{
    struct vg_node *node = node_add(n, VG_OP_CHANNELS, x, count, n->size[x]);
    const uint32_t at = map_add(n, node, count);
    for (uint32_t c = 0; c < count; c++)
        n->model->map[at + c] = VG_MAP_WORD(0, first + c);
    return node->out;
}

/* halves interleaved, as a ShuffleNet does it; or any order */
static uint32_t shuffle_add(struct net *n, uint32_t x)
{
    const uint32_t count = channels_of(n, x);
    struct vg_node *node = node_add(n, VG_OP_CHANNELS, x, count, n->size[x]);
    const uint32_t at = map_add(n, node, count);
    uint32_t *map = n->model->map + at;
    for (uint32_t c = 0; c < count; c++)
        map[c] = VG_MAP_WORD(0, count % 2 ? c : c % 2 * (count / 2) + c / 2);
    if (below(n, 2))
        for (uint32_t c = count; c-- > 1;) {
            const uint32_t d = below(n, c + 1), word = map[c];
            map[c] = map[d];
            map[d] = word;
        }
    return node->out;
}

/* ---- patterns: each takes a tensor and gives one ---- */

static uint32_t dense(struct net *n, uint32_t x)
{
    const uint32_t size = PICK(n, 1, 1, 3, 3, 3, 5),
                   stride = n->size[x].width > 8 ? PICK(n, 1, 1, 2) : 1;
    const uint32_t dilation = size == 3 && stride == 1 ? PICK(n, 1, 1, 1, 2) : 1;
    struct vg_node *node = conv_add(n, x, PICK(n, 1, 3, 15, 16, 17, 29, 32, 48, 58),
                                    square(size, stride, dilation), 1);
    act_random(n, node);
    return node->out;
}

static uint32_t oblong(struct net *n, uint32_t x)
{
    const struct vg_window w = {1, 7, 1, 1, 1, 1, 0, 3, 0, 3};
    struct vg_node *node = conv_add(n, x, PICK(n, 8, 16), w, 1);
    act_random(n, node);
    return node->out;
}

static uint32_t depthwise(struct net *n, uint32_t x)
{
    const uint32_t stride = n->size[x].width > 8 ? PICK(n, 1, 1, 2) : 1;
    struct vg_node *node =
        conv_add(n, x, channels_of(n, x), square(PICK(n, 3, 5), stride, 1), channels_of(n, x));
    if (channels_of(n, x) == 1)
        return node->out;
    act_random(n, node);
    if (below(n, 2)) { /* a pair */
        node = conv_add(n, node->out, PICK(n, 16, 31, 48), square(1, 1, 1), 1);
        act_random(n, node);
    }
    return node->out;
}

static uint32_t grouped(struct net *n, uint32_t x)
{
    const uint32_t channels = channels_of(n, x);
    if (channels % 2)
        return x;
    return conv_add(n, x, 2 * PICK(n, 3, 8, 16), square(3, 1, 1), 2)->out;
}

static uint32_t pool(struct net *n, uint32_t x)
{
    const uint32_t stride = n->size[x].width > 8 ? PICK(n, 1, 2) : 1;
    struct vg_node *node = window_add(n, below(n, 2) ? VG_OP_MAXPOOL : VG_OP_AVGPOOL, x,
                                      channels_of(n, x), square(PICK(n, 3, 5), stride, 1));
    if (node->op == VG_OP_AVGPOOL)
        node->pool_padding = below(n, 2) ? VG_POOL_PADDING_COUNTED : VG_POOL_PADDING_LEFT_OUT;
    return node->out;
}

static uint32_t resize_add(struct net *n, uint32_t x, uint32_t num, uint32_t den)
{
    const struct vg_size in = n->size[x];
    struct vg_node *node = node_add(n, VG_OP_RESIZE, x, channels_of(n, x),
                                    (struct vg_size){in.width * num / den, in.height * num / den});
    node->resize = below(n, 2) ? VG_RESIZE_LINEAR : VG_RESIZE_NEAREST;
    node->scale_num = num;
    node->scale_den = den;
    return node->out;
}

static uint32_t add_two(struct net *n, enum vg_op op, uint32_t x, uint32_t x2)
{
    struct vg_node *node = node_add(n, op, x, channels_of(n, x), n->size[x]);
    node->in[1] = x2;
    node->in_count = 2;
    if (below(n, 3) == 0)
        act_random(n, node);
    return node->out;
}

/* convolution and residual sum; the first term is sometimes read again */
static uint32_t residual(struct net *n, uint32_t x)
{
    struct vg_node *node = conv_add(n, x, channels_of(n, x), square(PICK(n, 1, 3), 1, 1), 1);
    if (below(n, 2))
        act_random(n, node);
    const uint32_t out = node->out;
    const uint32_t sum =
        below(n, 2) ? add_two(n, VG_OP_ADD, out, x) : add_two(n, VG_OP_ADD, x, out);
    if (below(n, 4))
        return sum;
    const uint32_t both[] = {sum, out};
    return concat_add(n, both, 2);
}

/* a pyramid's sum: x and a smaller (or larger) map resized to it */
static uint32_t pyramid(struct net *n, uint32_t x)
{
    const uint32_t channels = PICK(n, 16, 24, 32);
    const int up = below(n, 2) == 0;
    if (n->size[x].width < 8 || n->size[x].height < 4 || n->size[x].width % 2 ||
        n->size[x].height % 2)
        return x;
    const uint32_t lateral = conv_add(n, x, channels, square(1, 1, 1), 1)->out;
    const uint32_t deep = conv_add(n, x, channels, square(3, 2, 1), 1)->out;
    const uint32_t resized = up ? resize_add(n, deep, 2, 1) : resize_add(n, lateral, 1, 2);
    return up ? add_two(n, VG_OP_ADD, lateral, resized) : add_two(n, VG_OP_ADD, resized, deep);
}

static uint32_t squeeze(struct net *n, uint32_t x)
{
    const uint32_t mean =
        node_add(n, VG_OP_MEAN, x, channels_of(n, x), (struct vg_size){1, 1})->out;
    struct vg_node *gate = conv_add(n, mean, channels_of(n, x), square(1, 1, 1), 1);
    gate->act = VG_ACT_SIGMOID;
    return add_two(n, VG_OP_MUL, x, gate->out);
}

/* a ShuffleNet's unit: one half goes on, the other is worked on, then all are shuffled */
static uint32_t shuffle_unit(struct net *n, uint32_t x)
{
    const uint32_t channels = channels_of(n, x), half = channels / 2;
    if (channels < 4 || channels % 2)
        return shuffle_add(n, x);
    const uint32_t stays = slice_add(n, x, 0, half), works = slice_add(n, x, half, half);
    struct vg_node *node = conv_add(n, works, half, square(1, 1, 1), 1);
    act_random(n, node);
    node = conv_add(n, node->out, half, square(3, 1, 1), half);
    node = conv_add(n, node->out, half, square(1, 1, 1), 1);
    act_random(n, node);
    const uint32_t both[] = {stays, node->out};
    return shuffle_add(n, concat_add(n, both, 2));
}

/* both ways of a CSP block, put together again */
static uint32_t branches(struct net *n, uint32_t x)
{
    const uint32_t first = conv_add(n, x, PICK(n, 16, 32, 20), square(3, 1, 1), 1)->out;
    const uint32_t second = conv_add(n, first, PICK(n, 16, 9), square(3, 1, 1), 1)->out;
    const uint32_t both[] = {second, first};
    const uint32_t joint = concat_add(n, both, 2);
    if (below(n, 2))
        return joint;
    const uint32_t more[] = {joint, first, x};
    return concat_add(n, more, below(n, 2) ? 3 : 2);
}

static uint32_t alone(struct net *n, uint32_t x)
{
    if (below(n, 3) == 0)
        return node_add(n, VG_OP_SOFTMAX, x, channels_of(n, x), n->size[x])->out;
    struct vg_node *node = node_add(n, VG_OP_ACT, x, channels_of(n, x), n->size[x]);
    node->act = VG_ACT_SILU;
    return node->out;
}

static uint32_t fold(struct net *n, uint32_t x)
{
    const struct vg_size in = n->size[x];
    if (in.width % 2 || in.height % 2 || channels_of(n, x) > 20)
        return x;
    return node_add(n, VG_OP_SPACE_TO_DEPTH, x, 4 * channels_of(n, x),
                    (struct vg_size){in.width / 2, in.height / 2})
        ->out;
}

/* ---- head ---- */

static void head_add(struct net *n, uint32_t x)
{
    struct vg_model *m = n->model;
    const uint32_t bins = 3, classes = 20;
    const uint32_t joint = conv_add(n, x, 16 + 4 + 4 * bins, square(3, 1, 1), 1)->out;
    const uint32_t scores = conv_add(n, x, classes, square(1, 1, 1), 1)->out;
    struct vg_node *sigmoid = node_add(n, VG_OP_ACT, scores, classes, n->size[x]);
    sigmoid->act = VG_ACT_SIGMOID;
    const uint32_t part = slice_add(n, joint, 0, 16);
    struct vg_node *front = node_add(n, VG_OP_ACT, part, 16, n->size[x]);
    front->act = VG_ACT_SIGMOID;
    const uint32_t boxes = slice_add(n, joint, 20, 4 * bins);
    const uint32_t stride = WIDTH / n->size[x].width;
    m->level[m->level_count++] = (struct vg_level){stride, sigmoid->out, boxes, VG_MODEL_NONE};
    const uint32_t outputs[] = {sigmoid->out, boxes, front->out};
    for (uint32_t i = 0; i < 3; i++) {
        struct vg_output *output = &m->output[m->output_count++];
        (void)snprintf(output->name, sizeof output->name, "out_%u", i);
        output->layout = below(n, 2) ? VG_LAYOUT_CELLS : VG_LAYOUT_PLANES;
        output->part_count = 1;
        output->part[0] = outputs[i];
    }
}

static void words_set(struct vg_model *m)
{
    (void)snprintf(m->name, sizeof m->name, "random");
    (void)snprintf(m->licence, sizeof m->licence, "CC0-1.0");
    (void)snprintf(m->origin, sizeof m->origin, "made by a test");
    m->input_width = WIDTH;
    m->input_height = HEIGHT;
    m->input_multiple = 16;
    m->order = VG_ORDER_BGR;
    m->anchor = VG_ANCHOR_CENTRE;
    for (uint32_t i = 0; i < 3; i++) {
        m->mean[i] = 110;
        m->scale[i] = 1 / 57.0f;
    }
    m->fill = 114;
    m->head = VG_HEAD_NANODET;
    m->bins = 3;
    m->threshold = 0.35f;
    m->nms = 0.6f;
    m->class_count = 20;
    for (uint32_t i = 0; i < 20; i++) {
        (void)snprintf(m->class_name[i], sizeof m->class_name[i], "thing %u", i);
        m->class_map[i] = i % 3 ? (enum vg_class)(i % VG_CLASS_COUNT) : VG_CLASS_NONE;
    }
}

struct vg_model *random_net(uint64_t seed)
{
    static uint32_t (*const patterns[])(struct net *, uint32_t) = {
        dense,   dense,   oblong,       depthwise, grouped, pool, residual,
        pyramid, squeeze, shuffle_unit, branches,  alone,   fold, dense};
    struct net n = {.model = vg_alloc(sizeof *n.model)};
    assert(n.model);
    vg_random_seed(&n.random, seed);
    n.model->weights = vg_alloc_array(WEIGHTS_MAX, sizeof(float));
    n.model->map = vg_alloc_array(MAP_MAX, sizeof(uint32_t));
    assert(n.model->weights && n.model->map);
    words_set(n.model);
    n.model->tensor_count = 1;
    n.model->tensor[0].channels = 3;
    n.size[0] = (struct vg_size){WIDTH, HEIGHT};
    /* one of three stems: with a pool, folded, plain */
    uint32_t x = 0;
    const uint32_t stem = below(&n, 3);
    if (stem == 1)
        x = shuffle_add(&n, fold(&n, 0));
    struct vg_node *node =
        conv_add(&n, x, PICK(&n, 16, 24, 32), square(3, stem == 1 ? 1 : 2, 1), 1);
    node->act = VG_ACT_LEAKY;
    node->act_a = 0.1f;
    x = node->out;
    if (stem == 2)
        x = window_add(&n, VG_OP_MAXPOOL, x, channels_of(&n, x), square(3, 2, 1))->out;
    for (uint32_t i = 3 + below(&n, 4); i > 0; i--)
        x = patterns[below(&n, sizeof patterns / sizeof *patterns)](&n, x);
    if (n.size[x].width < 2 || n.size[x].width * 8 < WIDTH)
        x = dense(&n, 1 + below(&n, 1));
    head_add(&n, x);
    return n.model;
}
