#include "tests/net_build.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"

#define WEIGHTS_MAX (1u << 20)
#define MAP_MAX     8192

static void words_set(struct vg_model *m, uint32_t classes)
{
    (void)snprintf(m->name, sizeof m->name, "made-by-hand");
    (void)snprintf(m->licence, sizeof m->licence, "CC0-1.0");
    (void)snprintf(m->origin, sizeof m->origin, "made by a test");
    m->order = VG_ORDER_BGR;
    m->anchor = VG_ANCHOR_CENTRE;
    for (uint32_t i = 0; i < 3; i++) {
        m->mean[i] = 110 + (float)i;
        m->scale[i] = 1 / (57 + (float)i);
    }
    m->fill = 114;
    m->head = VG_HEAD_NANODET;
    m->bins = NET_BINS;
    m->threshold = 0.5f;
    m->nms = 0.6f;
    m->class_count = classes;
    for (uint32_t i = 0; i < classes; i++) {
        (void)snprintf(m->class_name[i], sizeof m->class_name[i], "thing %u", i);
        m->class_map[i] = i % 4 == 3 ? VG_CLASS_NONE : (enum vg_class)(i % VG_CLASS_COUNT);
    }
}

void net_begin(struct net_build *n, uint64_t seed, struct vg_size input, uint32_t multiple,
               uint32_t classes)
{
    struct vg_model *m = vg_alloc(sizeof *m);
    assert(m && classes <= VG_MODEL_CLASSES_MAX);
    memset(n, 0, sizeof *n);
    vg_random_seed(&n->random, seed);
    n->model = m;
    m->weights = vg_alloc_array(WEIGHTS_MAX, sizeof *m->weights);
    m->map = vg_alloc_array(MAP_MAX, sizeof *m->map);
    assert(m->weights && m->map);
    words_set(m, classes);
    m->input_width = input.width;
    m->input_height = input.height;
    m->input_multiple = multiple;
    m->tensor_count = 1;
    m->tensor[0].channels = 3;
    n->size[0] = input;
}

uint32_t net_channels(const struct net_build *n, uint32_t tensor)
{
    return n->model->tensor[tensor].channels;
}

struct vg_node *net_node(struct net_build *n, enum vg_op op, uint32_t x, uint32_t channels,
                         struct vg_size size)
{
    struct vg_model *m = n->model;
    assert(m->tensor_count < NET_TENSORS_MAX && x < m->tensor_count);
    struct vg_node *node = &m->node[m->node_count++];
    *node = (struct vg_node){.op = op, .in = {x}, .in_count = 1, .out = m->tensor_count};
    n->size[m->tensor_count] = size;
    m->tensor[m->tensor_count++].channels = channels;
    return node;
}

/* ---- windows ---- */

struct vg_window net_square(uint32_t size, uint32_t stride, uint32_t dilation)
{
    const uint32_t pad = dilation * (size - 1) / 2;
    return (struct vg_window){size, size, stride, stride, dilation, dilation, pad, pad, pad, pad};
}

static uint32_t span(uint32_t in, uint32_t size, uint32_t stride, uint32_t dilation, uint32_t pads)
{
    assert(in + pads > dilation * (size - 1));
    return (in + pads - (dilation * (size - 1) + 1)) / stride + 1;
}

struct vg_node *net_window(struct net_build *n, enum vg_op op, uint32_t x, uint32_t channels,
                           struct vg_window w)
{
    const struct vg_size in = n->size[x];
    const struct vg_size out = {
        span(in.width, w.size_x, w.stride_x, w.dilation_x, w.left + w.right),
        span(in.height, w.size_y, w.stride_y, w.dilation_y, w.above + w.below)};
    struct vg_node *node = net_node(n, op, x, channels, out);
    node->window = w;
    return node;
}

static uint64_t weights_add(struct net_build *n, uint64_t count, double range)
{
    struct vg_model *m = n->model;
    const uint64_t first = m->weight_count;
    assert(first + count <= WEIGHTS_MAX);
    for (uint64_t i = 0; i < count; i++)
        m->weights[m->weight_count++] = (float)((2 * vg_random_unit(&n->random) - 1) * range);
    return first;
}

struct vg_node *net_conv(struct net_build *n, uint32_t x, uint32_t channels,
                         struct vg_window window, uint32_t groups)
{
    struct vg_node *node = net_window(n, VG_OP_CONV, x, channels, window);
    const uint32_t taps = net_channels(n, x) / groups * window.size_y * window.size_x;
    node->groups = groups;
    node->weight_first = weights_add(n, (uint64_t)channels * taps, 2 / sqrt(taps));
    node->bias_first = weights_add(n, channels, 0.5);
    return node;
}

uint32_t net_conv3(struct net_build *n, uint32_t x, uint32_t channels)
{
    struct vg_node *node = net_conv(n, x, channels, net_square(3, 1, 1), 1);
    net_act(node, VG_ACT_LEAKY);
    return node->out;
}

uint32_t net_conv1(struct net_build *n, uint32_t x, uint32_t channels)
{
    struct vg_node *node = net_conv(n, x, channels, net_square(1, 1, 1), 1);
    net_act(node, VG_ACT_LEAKY);
    return node->out;
}

uint32_t net_depthwise(struct net_build *n, uint32_t x, uint32_t stride)
{
    const uint32_t channels = net_channels(n, x);
    struct vg_node *node = net_conv(n, x, channels, net_square(3, stride, 1), channels);
    net_act(node, VG_ACT_CLIP);
    return node->out;
}

void net_act(struct vg_node *node, enum vg_act act)
{
    static const float numbers[VG_ACT_COUNT][2] = {
        [VG_ACT_LEAKY] = {0.1f, 0},
        [VG_ACT_CLIP] = {0, 6},
        [VG_ACT_HARD_SIGMOID] = {1.0f / 6, 0.5f},
    };
    node->act = act;
    node->act_a = numbers[act][0];
    node->act_b = numbers[act][1];
}

uint32_t net_alone(struct net_build *n, uint32_t x, enum vg_act act)
{
    struct vg_node *node = net_node(n, VG_OP_ACT, x, net_channels(n, x), n->size[x]);
    net_act(node, act);
    return node->out;
}

/* ---- channels ---- */

static uint32_t *map_add(struct net_build *n, struct vg_node *node, uint32_t count)
{
    struct vg_model *m = n->model;
    node->map_first = m->map_count;
    m->map_count += count;
    assert(m->map_count <= MAP_MAX);
    return m->map + node->map_first;
}

uint32_t net_concat(struct net_build *n, const uint32_t *x, uint32_t count)
{
    uint32_t channels = 0;
    assert(count && count <= VG_MODEL_INPUTS_MAX);
    for (uint32_t k = 0; k < count; k++)
        channels += net_channels(n, x[k]);
    struct vg_node *node = net_node(n, VG_OP_CHANNELS, x[0], channels, n->size[x[0]]);
    uint32_t *map = map_add(n, node, channels);
    node->in_count = count;
    for (uint32_t k = 0; k < count; k++) {
        node->in[k] = x[k];
        for (uint32_t c = 0; c < net_channels(n, x[k]); c++)
            *map++ = VG_MAP_WORD(k, c);
    }
    return node->out;
}

uint32_t net_slice(struct net_build *n, uint32_t x, uint32_t first, uint32_t count)
{
    struct vg_node *node = net_node(n, VG_OP_CHANNELS, x, count, n->size[x]);
    uint32_t *map = map_add(n, node, count);
    assert(first + count <= net_channels(n, x));
    for (uint32_t c = 0; c < count; c++)
        map[c] = VG_MAP_WORD(0, first + c);
    return node->out;
}

uint32_t net_gather(struct net_build *n, uint32_t x, const uint32_t *channel, uint32_t count)
{
    struct vg_node *node = net_node(n, VG_OP_CHANNELS, x, count, n->size[x]);
    uint32_t *map = map_add(n, node, count);
    for (uint32_t c = 0; c < count; c++)
        map[c] = VG_MAP_WORD(0, channel[c]);
    return node->out;
}

uint32_t net_shuffle(struct net_build *n, uint32_t x)
{
    const uint32_t count = net_channels(n, x);
    struct vg_node *node = net_node(n, VG_OP_CHANNELS, x, count, n->size[x]);
    uint32_t *map = map_add(n, node, count);
    for (uint32_t c = 0; c < count; c++)
        map[c] = VG_MAP_WORD(0, count % 2 ? c : c % 2 * (count / 2) + c / 2);
    return node->out;
}

/* ---- planes ---- */

struct vg_node *net_two(struct net_build *n, enum vg_op op, uint32_t x, uint32_t x2)
{
    struct vg_node *node = net_node(n, op, x, net_channels(n, x), n->size[x]);
    node->in[1] = x2;
    node->in_count = 2;
    return node;
}

uint32_t net_resize(struct net_build *n, uint32_t x, enum vg_resize resize, uint32_t num,
                    uint32_t den)
{
    const struct vg_size in = n->size[x];
    const struct vg_size out = {in.width * num / den, in.height * num / den};
    struct vg_node *node = net_node(n, VG_OP_RESIZE, x, net_channels(n, x), out);
    node->resize = resize;
    node->scale_num = num;
    node->scale_den = den;
    return node->out;
}

uint32_t net_mean(struct net_build *n, uint32_t x)
{
    return net_node(n, VG_OP_MEAN, x, net_channels(n, x), (struct vg_size){1, 1})->out;
}

uint32_t net_fold(struct net_build *n, uint32_t x)
{
    const struct vg_size out = {n->size[x].width / 2, n->size[x].height / 2};
    return net_node(n, VG_OP_SPACE_TO_DEPTH, x, 4 * net_channels(n, x), out)->out;
}

/* ---- head ---- */

uint32_t net_head(struct net_build *n, uint32_t x)
{
    const uint32_t classes = n->model->class_count, sides = 4 * n->model->bins;
    const uint32_t head = net_conv(n, x, classes + sides, net_square(1, 1, 1), 1)->out;
    const uint32_t scores = net_alone(n, net_slice(n, head, 0, classes), VG_ACT_SIGMOID);
    net_level(n, scores, net_slice(n, head, classes, sides));
    return scores;
}

uint32_t net_boxes(const struct net_build *n)
{
    return n->model->level[n->model->level_count - 1].boxes;
}

void net_level(struct net_build *n, uint32_t scores, uint32_t boxes)
{
    struct vg_model *m = n->model;
    assert(m->level_count < VG_MODEL_LEVELS_MAX);
    m->level[m->level_count++] =
        (struct vg_level){m->input_width / n->size[scores].width, scores, boxes, VG_MODEL_NONE};
}

void net_output(struct net_build *n, const char *name, enum vg_layout layout, uint32_t tensor)
{
    struct vg_model *m = n->model;
    assert(m->output_count < VG_MODEL_OUTPUTS_MAX);
    struct vg_output *output = &m->output[m->output_count++];
    (void)snprintf(output->name, sizeof output->name, "%s", name);
    output->layout = layout;
    output->part_count = 1;
    output->part[0] = tensor;
}
