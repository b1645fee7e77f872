/* A small net with every operator in each of its ways (joint concats, concats and slices that
 * must copy, odd channels, two levels), with weights from a seed; and any net run by the twins
 * in plain C, tensor by tensor. For the engine's tests. */
#ifndef VG_TESTS_SYNTHETIC_NET_H
#define VG_TESTS_SYNTHETIC_NET_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/twins/twins.h"
#include "models/model.h"
#include "src/base/alloc.h"
#include "src/base/random.h"

#define SYNTHETIC_SIDE 64
#define SYNTHETIC_BINS 11

struct net_builder {
    struct vg_model *model;
    struct vg_random random;
    uint64_t weights_used, weights_max;
};

static inline uint32_t net_tensor(struct net_builder *b, uint32_t channels, uint32_t stride)
{
    b->model->tensor[b->model->tensor_count] = (struct vg_tensor){channels, stride};
    return b->model->tensor_count++;
}

static inline struct vg_node *net_node(struct net_builder *b, enum vg_op op, uint32_t in,
                                       uint32_t channels, uint32_t stride, uint32_t *out)
{
    struct vg_node *node = &b->model->node[b->model->node_count++];
    node->op = op;
    node->in[node->in_count++] = in;
    node->out = *out = net_tensor(b, channels, stride);
    return node;
}

static inline float net_weight(struct net_builder *b, double range)
{
    return (float)((2 * vg_random_unit(&b->random) - 1) * range);
}

static inline uint32_t net_conv(struct net_builder *b, uint32_t in, uint32_t channels,
                                uint32_t side, uint32_t stride, enum vg_act act)
{
    uint32_t out;
    const struct vg_tensor x = b->model->tensor[in];
    struct vg_node *node = net_node(b, VG_OP_CONV, in, channels, x.stride * stride, &out);
    const uint64_t count = (uint64_t)channels * x.channels * side * side;
    node->act = act;
    node->slope = act == VG_ACT_LEAKY ? 0.1f : 0.0f;
    node->kernel = side;
    node->stride = stride;
    node->pad = side / 2;
    node->weight_first = b->weights_used;
    node->bias_first = b->weights_used + count;
    b->weights_used += count + channels;
    if (b->weights_used > b->weights_max)
        abort();
    for (uint64_t i = 0; i < count; i++)
        b->model->weights[node->weight_first + i] =
            net_weight(b, 2 / sqrt((double)(x.channels * side * side)));
    for (uint32_t i = 0; i < channels; i++)
        b->model->weights[node->bias_first + i] = net_weight(b, 0.5);
    return out;
}

static inline uint32_t net_pair(struct net_builder *b, enum vg_op op, uint32_t left, uint32_t right)
{
    uint32_t out;
    const struct vg_tensor x = b->model->tensor[left], x2 = b->model->tensor[right];
    struct vg_node *node = net_node(
        b, op, left, op == VG_OP_ADD ? x.channels : x.channels + x2.channels, x.stride, &out);
    node->in[node->in_count++] = right;
    return out;
}

static inline uint32_t net_pool(struct net_builder *b, uint32_t in)
{
    uint32_t out;
    const struct vg_tensor x = b->model->tensor[in];
    struct vg_node *node = net_node(b, VG_OP_MAXPOOL, in, x.channels, x.stride * 2, &out);
    node->kernel = 3;
    node->stride = 2;
    node->pad = 1;
    return out;
}

static inline uint32_t net_resize(struct net_builder *b, uint32_t in, uint32_t num, uint32_t den)
{
    uint32_t out;
    const struct vg_tensor x = b->model->tensor[in];
    struct vg_node *node = net_node(b, VG_OP_RESIZE, in, x.channels, x.stride * den / num, &out);
    node->scale_num = num;
    node->scale_den = den;
    return out;
}

static inline uint32_t net_slice(struct net_builder *b, uint32_t in, uint32_t first,
                                 uint32_t channels)
{
    uint32_t out;
    net_node(b, VG_OP_SLICE, in, channels, b->model->tensor[in].stride, &out)->channel_first =
        first;
    return out;
}

static inline uint32_t net_sigmoid(struct net_builder *b, uint32_t in)
{
    uint32_t out;
    const struct vg_tensor x = b->model->tensor[in];
    (void)net_node(b, VG_OP_SIGMOID, in, x.channels, x.stride, &out);
    return out;
}

static inline void net_output(struct net_builder *b, uint32_t tensor, enum vg_output_role role,
                              const char *name)
{
    struct vg_output *output = &b->model->output[b->model->output_count++];
    output->tensor = tensor;
    output->role = role;
    (void)snprintf(output->name, sizeof output->name, "%s", name);
}

/* one in four of the net's classes is dropped */
static inline struct vg_model *synthetic_net_of(uint64_t seed, uint32_t classes)
{
    struct vg_model *m = vg_alloc(sizeof *m);
    struct net_builder b = {.model = m, .weights_max = 400000};
    if (!m)
        abort();
    vg_random_seed(&b.random, seed);
    m->weights = vg_alloc_array((size_t)b.weights_max, sizeof *m->weights);
    if (!m->weights)
        abort();
    (void)snprintf(m->name, sizeof m->name, "synthetic");
    (void)snprintf(m->licence, sizeof m->licence, "none");
    (void)snprintf(m->origin, sizeof m->origin, "a test");
    m->input_width = m->input_height = SYNTHETIC_SIDE;
    m->input_multiple = 32;
    m->order = VG_ORDER_BGR;
    m->fill = 114;
    for (int i = 0; i < 3; i++) {
        m->mean[i] = 110 + (float)i;
        m->scale[i] = 1 / (57 + (float)i);
    }
    m->head = VG_HEAD_NANODET;
    m->bins = SYNTHETIC_BINS;
    m->threshold = 0.5f;
    m->nms = 0.6f;
    m->class_count = classes;
    for (uint32_t i = 0; i < m->class_count; i++) {
        m->class_map[i] = i % 4 == 3 ? VG_CLASS_NONE : (enum vg_class)(i % 7);
        (void)snprintf(m->class_name[i], sizeof m->class_name[i], "thing %u", i);
    }
    (void)net_tensor(&b, 3, 1);
    const uint32_t stem = net_conv(&b, 0, 24, 3, 2, VG_ACT_LEAKY); /* /2 */
    const uint32_t pool = net_pool(&b, stem);                      /* /4 */
    const uint32_t a = net_conv(&b, pool, 32, 3, 1, VG_ACT_LEAKY); /* Winograd */
    const uint32_t c = net_conv(&b, a, 16, 3, 1, VG_ACT_LEAKY);
    const uint32_t joint = net_pair(&b, VG_OP_CONCAT, c, a); /* both in place */
    const uint32_t odd = net_conv(&b, joint, 29, 1, 1, VG_ACT_NONE);
    const uint32_t copied = net_pair(&b, VG_OP_CONCAT, odd, c);         /* both copied */
    const uint32_t down = net_conv(&b, copied, 48, 3, 2, VG_ACT_LEAKY); /* /8 */
    const uint32_t view = net_slice(&b, down, 16, 24);                  /* a view */
    const uint32_t taken = net_slice(&b, down, 5, 24);                  /* a copy */
    const uint32_t sum = net_pair(&b, VG_OP_ADD, view, taken);
    const uint32_t wide = net_conv(&b, sum, 32, 5, 1, VG_ACT_LEAKY); /* 5x5 */
    const uint32_t half = net_resize(&b, wide, 1, 2);                /* /16 */
    const uint32_t deep = net_conv(&b, half, 32, 3, 1, VG_ACT_NONE);
    const uint32_t twice = net_resize(&b, deep, 2, 1); /* /8 */
    const uint32_t mixed = net_pair(&b, VG_OP_ADD, wide, twice);
    const uint32_t level[2] = {mixed, deep};
    static const char *const names[2][2] = {{"cls_8", "dis_8"}, {"cls_16", "dis_16"}};
    for (int i = 0; i < 2; i++) { /* 20 + 44 channels: the second slice must copy */
        const uint32_t head =
            net_conv(&b, level[i], classes + 4 * SYNTHETIC_BINS, 1, 1, VG_ACT_NONE);
        const uint32_t scores = net_slice(&b, head, 0, classes);
        const uint32_t distances = net_slice(&b, head, classes, 4 * SYNTHETIC_BINS);
        net_output(&b, net_sigmoid(&b, scores), VG_OUTPUT_SCORES, names[i][0]);
        net_output(&b, distances, VG_OUTPUT_DISTANCES, names[i][1]);
    }
    m->weight_count = b.weights_used;
    return m;
}

static inline struct vg_model *synthetic_net(uint64_t seed)
{
    return synthetic_net_of(seed, 20);
}

static inline void synthetic_close(struct vg_model *model)
{
    vg_free(model->weights);
    vg_free(model);
}

/* ---- any net, by the twins ---- */

#define TWIN_HALO 8

/* Each tensor in its own buffer: the blocked layout with a wide halo of zeros; the input has 4
 * floats a pixel. */
struct twin_net {
    const struct vg_model *model;
    uint32_t width, height;
    float *value[VG_MODEL_TENSORS_MAX];
    struct vg_area area[VG_MODEL_TENSORS_MAX];
};

static inline void twin_net_init(struct twin_net *net, const struct vg_model *model, uint32_t width,
                                 uint32_t height)
{
    memset(net, 0, sizeof *net);
    net->model = model;
    net->width = width;
    net->height = height;
    for (uint32_t i = 0; i < model->tensor_count; i++) {
        const struct vg_tensor t = model->tensor[i];
        const uint32_t pixel = i == 0 ? 4 : VG_BLOCK, blocks = (t.channels + pixel - 1) / pixel;
        struct vg_area *area = &net->area[i];
        area->row = (vg_i32)((width / t.stride + 2 * TWIN_HALO) * pixel);
        area->plane = (vg_i32)(height / t.stride + 2 * TWIN_HALO) * area->row;
        area->picture = (vg_i32)blocks * area->plane;
        area->first = TWIN_HALO * (area->row + (vg_i32)pixel);
        net->value[i] = calloc((size_t)area->picture, sizeof(float));
        if (!net->value[i])
            abort();
    }
}

static inline void twin_net_release(struct twin_net *net)
{
    for (uint32_t i = 0; i < net->model->tensor_count; i++)
        free(net->value[i]);
}

static inline void twin_net_node(struct twin_net *net, const struct vg_node *node)
{
    const struct vg_model *model = net->model;
    const uint32_t x = node->in[0], y = node->out;
    const struct vg_tensor in = model->tensor[x], out = model->tensor[y];
    const vg_i32 blocks = (vg_i32)((out.channels + VG_BLOCK - 1) / VG_BLOCK);
    struct vg_map_sizes s = {.x = net->area[x],
                             .x2 = net->area[node->in[1]],
                             .y = net->area[y],
                             .x_width = (vg_i32)(net->width / in.stride),
                             .x_height = (vg_i32)(net->height / in.stride),
                             .width = (vg_i32)(net->width / out.stride),
                             .height = (vg_i32)(net->height / out.stride),
                             .side = (vg_i32)node->kernel,
                             .stride = (vg_i32)node->stride,
                             .pad = (vg_i32)node->pad,
                             .x_channel = (vg_i32)node->channel_first};
    const float *from = net->value[x];
    float *to = net->value[y];
    switch (node->op) {
    case VG_OP_CONV: {
        const struct vg_twin_conv conv = {s.side,
                                          s.stride,
                                          (vg_i32)in.channels,
                                          (vg_i32)out.channels,
                                          model->weights + node->weight_first,
                                          model->weights + node->bias_first};
        const struct vg_conv_sizes c = {.x = s.x,
                                        .y = s.y,
                                        .x_pixel = x == 0 ? 4 : VG_BLOCK,
                                        .pad = s.pad,
                                        .width = s.width,
                                        .height = s.height,
                                        .pictures = 1,
                                        .slope = node->act == VG_ACT_LEAKY ? node->slope : 1};
        vg_twin_conv_direct(from, &conv, to, &c);
        return;
    }
    case VG_OP_MAXPOOL:
        vg_twin_max_pool(from, to, &s, blocks, 1);
        return;
    case VG_OP_RESIZE:
        vg_twin_resize(from, to, &s, blocks, 1);
        return;
    case VG_OP_ADD:
        vg_twin_add(from, net->value[node->in[1]], to, &s, blocks, 1);
        return;
    case VG_OP_SIGMOID:
        vg_twin_sigmoid(from, to, &s, blocks, 1);
        return;
    case VG_OP_SLICE:
        vg_twin_copy_channels(from, to, &s, (vg_i32)out.channels, 1);
        return;
    case VG_OP_CONCAT:
        for (uint32_t i = 0; i < node->in_count; i++) {
            s.x = net->area[node->in[i]];
            vg_twin_copy_channels(net->value[node->in[i]], to, &s,
                                  (vg_i32)model->tensor[node->in[i]].channels, 1);
            s.y_channel += (vg_i32)model->tensor[node->in[i]].channels;
        }
        return;
    case VG_OP_COUNT:
        break;
    }
    abort();
}

/* from the input that stands in value[0] */
static inline void twin_net_run(struct twin_net *net)
{
    for (uint32_t i = 0; i < net->model->node_count; i++)
        twin_net_node(net, &net->model->node[i]);
}

/* channel c at (row, column) of a tensor other than the input */
static inline float twin_net_at(const struct twin_net *net, uint32_t tensor, uint32_t c,
                                uint32_t row, uint32_t column)
{
    return net
        ->value[tensor][vg_area_at(&net->area[tensor], 0, (vg_i32)c, (vg_i32)row, (vg_i32)column)];
}

#endif
