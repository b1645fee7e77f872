/* Which nodes of a net become one operation, and which do not: small nets with the operations
 * expected of them as text, "index of the last node: operator x > y" and what was taken in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/engine/conv_variants.h"
#include "src/engine/plan_graph.h"
#include "tests/net_build.h"

#define NONE       VG_GRAPH_NONE
#define TEXT_SIZE  2048
#define ROW_VALUES (1 << 18)

/* ---- a graph as text ---- */

static const char *const op_words[VG_OP_COUNT] = {
    [VG_OP_CONV] = "conv",       [VG_OP_MAXPOOL] = "maxpool",
    [VG_OP_AVGPOOL] = "avgpool", [VG_OP_MEAN] = "mean",
    [VG_OP_RESIZE] = "resize",   [VG_OP_ADD] = "add",
    [VG_OP_MUL] = "mul",         [VG_OP_CHANNELS] = "channels",
    [VG_OP_ACT] = "act",         [VG_OP_SPACE_TO_DEPTH] = "fold",
    [VG_OP_SOFTMAX] = "softmax"};
static const char *const act_words[VG_ACT_COUNT] = {
    "", " leaky", " clip", " sigmoid", " silu", " hard-sigmoid", " hard-swish"};
static const char *const sum_words[] = {"+", "+before+", "+", "+linear+", "+nearest+"};

static size_t operation_text(const struct vg_graph *graph, const struct vg_operation *op, char *to,
                             size_t size)
{
    const struct vg_model *m = graph->model;
    int at = snprintf(to, size, "%u: %s ", op->at, op_words[m->node[op->node].op]);
    if (op->first != NONE)
        at += snprintf(to + at, size - (size_t)at, "after %u ", op->first);
    at += snprintf(to + at, size - (size_t)at, "%u", op->x);
    if (op->x2 != NONE)
        at += snprintf(to + at, size - (size_t)at, "%s%u", sum_words[op->sum], op->x2);
    at += snprintf(to + at, size - (size_t)at, " > %u%s", op->y, act_words[op->act]);
    if (op->act_channels != m->tensor[op->y].channels)
        at += snprintf(to + at, size - (size_t)at, " on %u", op->act_channels);
    at += snprintf(to + at, size - (size_t)at, "\n");
    return (size_t)at;
}

static void graph_text(const struct vg_graph *graph, char text[TEXT_SIZE])
{
    size_t at = 0;
    for (uint32_t i = 0; i < graph->operation_count; i++)
        at += operation_text(graph, &graph->operation[i], text + at, TEXT_SIZE - at);
    at += (size_t)snprintf(text + at, TEXT_SIZE - at, "never there:");
    for (uint32_t i = 0; i < graph->model->tensor_count; i++)
        if (!graph->exists[i])
            at += (size_t)snprintf(text + at, TEXT_SIZE - at, " %u", i);
    (void)snprintf(text + at, TEXT_SIZE - at, "\n");
}

static struct vg_graph graph_of(const struct net_build *n, const struct vg_graph_settings *settings)
{
    struct vg_graph graph;
    assert_int_equal(vg_graph_init(&graph, n->model, settings, NULL), VG_OK);
    return graph;
}

static const struct vg_graph_settings usual = {VG_FUSION_ALL, 64, 64, ROW_VALUES, NULL, NULL, NULL};

/* ---- nets: tensor 1 is the stem, of 32 channels, 32x32 ---- */

static struct net_build stem(void)
{
    struct net_build n;
    net_begin(&n, 1, (struct vg_size){64, 64}, 32, 16);
    net_act(net_conv(&n, 0, 32, net_square(3, 2, 1), 1), VG_ACT_LEAKY);
    return n;
}

static uint32_t linear(struct net_build *n, uint32_t x, uint32_t channels)
{
    return net_conv(n, x, channels, net_square(1, 1, 1), 1)->out;
}

static uint32_t pooled(struct net_build *n, uint32_t x, struct vg_window window)
{
    return net_window(n, VG_OP_MAXPOOL, x, net_channels(n, x), window)->out;
}

static void stem_pool(struct net_build *n)
{
    (void)net_conv1(n, pooled(n, 1, net_square(3, 2, 1)), 8);
}

static void stem_pool_wide(struct net_build *n)
{
    (void)pooled(n, 1, net_square(5, 2, 1));
}

static void stem_pool_unpadded(struct net_build *n)
{
    (void)pooled(n, 1, (struct vg_window){3, 3, 2, 2, 1, 1, 0, 0, 0, 0});
}

static void stem_mean_pool(struct net_build *n)
{
    (void)net_window(n, VG_OP_AVGPOOL, 1, 32, net_square(3, 2, 1));
}

static void stem_read_twice(struct net_build *n)
{
    (void)pooled(n, 1, net_square(3, 2, 1));
    (void)net_conv1(n, 1, 8);
}

static void stem_is_output(struct net_build *n)
{
    (void)pooled(n, 1, net_square(3, 2, 1));
    net_output(n, "stem", VG_LAYOUT_PLANES, 1);
}

static void later_pool(struct net_build *n)
{
    const uint32_t conv = net_conv(n, 1, 16, net_square(3, 2, 1), 1)->out;
    (void)pooled(n, conv, net_square(3, 2, 1));
}

static void pair(struct net_build *n)
{
    (void)net_conv1(n, net_depthwise(n, 1, 2), 48);
}

static void pair_read_twice(struct net_build *n)
{
    const uint32_t between = net_depthwise(n, 1, 1);
    (void)net_conv1(n, between, 48);
    (void)net_conv1(n, between, 16);
}

static void pair_is_level(struct net_build *n)
{
    const uint32_t between = net_depthwise(n, 1, 1);
    (void)net_conv1(n, between, 48);
    net_level(n, between, between);
}

static void pair_with_stride(struct net_build *n)
{
    (void)net_conv(n, net_depthwise(n, 1, 1), 48, net_square(1, 2, 1), 1);
}

static void pair_with_3x3(struct net_build *n)
{
    (void)net_conv3(n, net_depthwise(n, 1, 1), 48);
}

static void pair_of_groups(struct net_build *n)
{
    (void)net_conv1(n, net_conv(n, 1, 32, net_square(3, 1, 1), 16)->out, 48);
}

static void pair_then_groups(struct net_build *n)
{
    (void)net_conv(n, net_depthwise(n, 1, 1), 32, net_square(1, 1, 1), 2);
}

static void pair_of_input(struct net_build *n)
{
    (void)net_conv1(n, net_depthwise(n, 0, 2), 16);
}

static void two_pairs(struct net_build *n)
{
    const uint32_t first = net_conv1(n, net_depthwise(n, 1, 2), 48);
    (void)net_conv1(n, net_depthwise(n, first, 1), 32);
}

static void residual(struct net_build *n)
{
    (void)net_two(n, VG_OP_ADD, 1, net_conv1(n, 1, 32));
}

static void residual_act(struct net_build *n)
{
    net_act(net_two(n, VG_OP_ADD, linear(n, 1, 32), 1), VG_ACT_SILU);
}

static void residual_two_acts(struct net_build *n)
{
    net_act(net_two(n, VG_OP_ADD, net_conv1(n, 1, 32), 1), VG_ACT_SILU);
}

static void residual_of_pair(struct net_build *n)
{
    (void)net_two(n, VG_OP_ADD, net_conv1(n, net_depthwise(n, 1, 1), 32), 1);
}

static void sum_of_two_convs(struct net_build *n)
{
    const uint32_t first = net_conv1(n, 1, 16), second = net_conv1(n, 1, 16);
    (void)net_two(n, VG_OP_ADD, second, first);
}

static void sum_read_again(struct net_build *n)
{
    const uint32_t conv = net_conv1(n, 1, 32);
    (void)net_two(n, VG_OP_ADD, conv, 1);
    (void)net_mean(n, conv);
}

static void sum_of_output(struct net_build *n)
{
    const uint32_t conv = net_conv1(n, 1, 32);
    (void)net_two(n, VG_OP_ADD, conv, 1);
    net_output(n, "conv", VG_LAYOUT_CELLS, conv);
}

static void sum_of_groups(struct net_build *n)
{
    (void)net_two(n, VG_OP_ADD, net_depthwise(n, 1, 1), 1);
}

static void sum_of_one(struct net_build *n)
{
    const uint32_t conv = net_conv1(n, 1, 32);
    (void)net_two(n, VG_OP_ADD, conv, conv);
}

static void sum_of_a_point(struct net_build *n)
{
    (void)net_two(n, VG_OP_ADD, 1, linear(n, net_mean(n, 1), 32));
}

static void product(struct net_build *n)
{
    (void)net_two(n, VG_OP_MUL, net_conv1(n, 1, 32), 1);
}

/* 32x32 and 16x16 */
static void pyramid_linear(struct net_build *n)
{
    const uint32_t deep = net_conv(n, 1, 32, net_square(3, 2, 1), 1)->out;
    const uint32_t lateral = linear(n, 1, 32);
    (void)net_two(n, VG_OP_ADD, lateral, net_resize(n, deep, VG_RESIZE_LINEAR, 2, 1));
}

static void pyramid_nearest(struct net_build *n)
{
    const uint32_t deep = net_conv(n, 1, 32, net_square(3, 2, 1), 1)->out;
    const uint32_t resized = net_resize(n, deep, VG_RESIZE_NEAREST, 2, 1);
    (void)net_two(n, VG_OP_ADD, resized, linear(n, 1, 32));
}

static void pyramid_with_act(struct net_build *n)
{
    const uint32_t deep = net_conv(n, 1, 32, net_square(3, 2, 1), 1)->out;
    const uint32_t resized = net_resize(n, deep, VG_RESIZE_LINEAR, 2, 1);
    net_act(net_two(n, VG_OP_ADD, linear(n, 1, 32), resized), VG_ACT_LEAKY);
}

static void pyramid_read_again(struct net_build *n)
{
    const uint32_t deep = net_conv(n, 1, 32, net_square(3, 2, 1), 1)->out;
    const uint32_t resized = net_resize(n, deep, VG_RESIZE_LINEAR, 2, 1);
    (void)net_two(n, VG_OP_ADD, linear(n, 1, 32), resized);
    (void)net_conv1(n, resized, 8);
}

static void pyramid_twice(struct net_build *n)
{
    const uint32_t deep = net_conv(n, 1, 32, net_square(3, 2, 1), 1)->out;
    const uint32_t resized = net_resize(n, deep, VG_RESIZE_LINEAR, 2, 1);
    (void)net_two(n, VG_OP_ADD, linear(n, 1, 32), resized);
    (void)net_two(n, VG_OP_ADD, 1, resized);
}

static void pyramid_is_output(struct net_build *n)
{
    const uint32_t deep = net_conv(n, 1, 32, net_square(3, 2, 1), 1)->out;
    const uint32_t resized = net_resize(n, deep, VG_RESIZE_LINEAR, 2, 1);
    (void)net_two(n, VG_OP_ADD, linear(n, 1, 32), resized);
    net_output(n, "resized", VG_LAYOUT_PLANES, resized);
}

static void pyramid_of_one(struct net_build *n)
{
    const uint32_t deep = net_conv(n, 1, 32, net_square(3, 2, 1), 1)->out;
    const uint32_t resized = net_resize(n, deep, VG_RESIZE_LINEAR, 2, 1);
    (void)net_two(n, VG_OP_ADD, resized, resized);
}

/* 16 channels with the activation, 24 without */
static uint32_t head_convolution(struct net_build *n)
{
    return linear(n, 1, 40);
}

static void head(struct net_build *n)
{
    const uint32_t x = head_convolution(n);
    (void)net_alone(n, net_slice(n, x, 0, 16), VG_ACT_SIGMOID);
    (void)net_slice(n, x, 16, 24);
}

static void head_of_pair(struct net_build *n)
{
    const uint32_t x = linear(n, net_depthwise(n, 1, 1), 40);
    (void)net_alone(n, net_slice(n, x, 0, 16), VG_ACT_SIGMOID);
    (void)net_slice(n, x, 16, 24);
}

static void head_all(struct net_build *n)
{
    (void)net_alone(n, net_slice(n, head_convolution(n), 0, 40), VG_ACT_SIGMOID);
}

static void head_odd(struct net_build *n)
{
    const uint32_t x = head_convolution(n);
    (void)net_alone(n, net_slice(n, x, 0, 20), VG_ACT_SIGMOID);
    (void)net_slice(n, x, 20, 20);
}

static void head_overlapping(struct net_build *n)
{
    const uint32_t x = head_convolution(n);
    (void)net_alone(n, net_slice(n, x, 0, 16), VG_ACT_SIGMOID);
    (void)net_slice(n, x, 15, 24);
}

static void head_read_whole(struct net_build *n)
{
    const uint32_t x = head_convolution(n);
    (void)net_alone(n, net_slice(n, x, 0, 16), VG_ACT_SIGMOID);
    (void)net_conv1(n, x, 8);
}

static void head_in_concat(struct net_build *n)
{
    const uint32_t x = head_convolution(n), both[] = {1, x};
    (void)net_alone(n, net_slice(n, x, 0, 16), VG_ACT_SIGMOID);
    (void)net_concat(n, both, 2);
}

static void head_is_output(struct net_build *n)
{
    head(n);
    net_output(n, "head", VG_LAYOUT_PLANES, 2);
}

static void head_slice_is_output(struct net_build *n)
{
    head(n);
    net_output(n, "slice", VG_LAYOUT_PLANES, 3);
}

static void head_slice_read_twice(struct net_build *n)
{
    head(n);
    (void)net_mean(n, 3);
}

static void head_not_first(struct net_build *n)
{
    const uint32_t x = head_convolution(n);
    (void)net_slice(n, x, 0, 16);
    (void)net_alone(n, net_slice(n, x, 16, 16), VG_ACT_SIGMOID);
}

static void head_turned(struct net_build *n)
{
    static const uint32_t channel[] = {1, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    (void)net_alone(n, net_gather(n, head_convolution(n), channel, 16), VG_ACT_SIGMOID);
}

static void head_has_act(struct net_build *n)
{
    (void)net_alone(n, net_slice(n, net_conv1(n, 1, 40), 0, 16), VG_ACT_SIGMOID);
}

static void head_of_sum(struct net_build *n)
{
    const uint32_t sum = net_two(n, VG_OP_ADD, linear(n, 1, 32), 1)->out;
    (void)net_alone(n, net_slice(n, sum, 0, 16), VG_ACT_SIGMOID);
}

static void head_twice(struct net_build *n)
{
    const uint32_t x = head_convolution(n);
    (void)net_alone(n, net_slice(n, x, 0, 16), VG_ACT_SIGMOID);
    (void)net_alone(n, net_slice(n, x, 16, 24), VG_ACT_SILU);
}

/* ---- rows ---- */

#define STEM "0: conv 0 > 1 leaky\n"

static void what_is_taken_in(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*build)(struct net_build *n);
        const char *want;
    } rows[] = {
        {"stem and pool", stem_pool,
         "1: maxpool after 0 0 > 2\n2: conv 2 > 3 leaky\nnever there: 1\n"},
        {"stem, pool of 5", stem_pool_wide, STEM "1: maxpool 1 > 2\nnever there:\n"},
        {"stem, pool without padding", stem_pool_unpadded, STEM "1: maxpool 1 > 2\nnever there:\n"},
        {"stem, mean pool", stem_mean_pool, STEM "1: avgpool 1 > 2\nnever there:\n"},
        {"stem read twice", stem_read_twice,
         STEM "1: maxpool 1 > 2\n2: conv 1 > 3 leaky\nnever there:\n"},
        {"stem is an output", stem_is_output, STEM "1: maxpool 1 > 2\nnever there:\n"},
        {"pool of a later one", later_pool, STEM "1: conv 1 > 2\n2: maxpool 2 > 3\nnever there:\n"},
        {"pair", pair, STEM "2: conv after 1 1 > 3 leaky\nnever there: 2\n"},
        {"pair read twice", pair_read_twice,
         STEM "1: conv 1 > 2 clip\n2: conv 2 > 3 leaky\n3: conv 2 > 4 leaky\nnever there:\n"},
        {"pair is a level", pair_is_level,
         STEM "1: conv 1 > 2 clip\n2: conv 2 > 3 leaky\nnever there:\n"},
        {"pair with a stride", pair_with_stride,
         STEM "1: conv 1 > 2 clip\n2: conv 2 > 3\nnever there:\n"},
        {"depthwise, then 3x3", pair_with_3x3,
         STEM "1: conv 1 > 2 clip\n2: conv 2 > 3 leaky\nnever there:\n"},
        {"groups, then 1x1", pair_of_groups,
         STEM "1: conv 1 > 2\n2: conv 2 > 3 leaky\nnever there:\n"},
        {"depthwise, then groups", pair_then_groups,
         STEM "1: conv 1 > 2 clip\n2: conv 2 > 3\nnever there:\n"},
        {"pair of the input", pair_of_input,
         STEM "1: conv 0 > 2 clip\n2: conv 2 > 3 leaky\nnever there:\n"},
        {"two pairs", two_pairs,
         STEM "2: conv after 1 1 > 3 leaky\n4: conv after 3 3 > 5 leaky\nnever there: 2 4\n"},
        {"residual", residual, STEM "2: conv 1+1 > 3 leaky\nnever there: 2\n"},
        {"residual with activation", residual_act,
         STEM "2: conv 1+before+1 > 3 silu\nnever there: 2\n"},
        {"residual, two activations", residual_two_acts,
         STEM "1: conv 1 > 2 leaky\n2: add 2+1 > 3 silu\nnever there:\n"},
        {"residual of a pair", residual_of_pair,
         STEM "3: conv after 1 1+1 > 4 leaky\nnever there: 2 3\n"},
        {"sum of two convolutions", sum_of_two_convs,
         STEM "1: conv 1 > 2 leaky\n3: conv 1+2 > 4 leaky\nnever there: 3\n"},
        {"sum, first term read again", sum_read_again,
         STEM "1: conv 1 > 2 leaky\n2: add 2+1 > 3\n3: mean 2 > 4\nnever there:\n"},
        {"sum of an output", sum_of_output,
         STEM "1: conv 1 > 2 leaky\n2: add 2+1 > 3\nnever there:\n"},
        {"sum of groups", sum_of_groups, STEM "1: conv 1 > 2 clip\n2: add 2+1 > 3\nnever there:\n"},
        {"sum of one with itself", sum_of_one,
         STEM "1: conv 1 > 2 leaky\n2: add 2+2 > 3\nnever there:\n"},
        {"sum with planes of a cell", sum_of_a_point,
         STEM "1: mean 1 > 2\n2: conv 2 > 3\n3: add 1+3 > 4\nnever there:\n"},
        {"product", product, STEM "1: conv 1 > 2 leaky\n2: mul 2+1 > 3\nnever there:\n"},
        {"pyramid, linear", pyramid_linear,
         STEM "1: conv 1 > 2\n4: conv 1+linear+2 > 5\nnever there: 3 4\n"},
        {"pyramid, nearest", pyramid_nearest,
         STEM "1: conv 1 > 2\n4: conv 1+nearest+2 > 5\nnever there: 3 4\n"},
        {"pyramid with activation", pyramid_with_act,
         STEM "1: conv 1 > 2\n2: resize 2 > 3\n4: conv 1+before+3 > 5 leaky\nnever there: 4\n"},
        {"pyramid read again", pyramid_read_again,
         STEM "1: conv 1 > 2\n2: resize 2 > 3\n4: conv 1+linear+2 > 5\n5: conv 3 > 6 leaky\n"
              "never there: 4\n"},
        {"pyramid twice", pyramid_twice,
         STEM "1: conv 1 > 2\n4: conv 1+linear+2 > 5\n5: add 1+linear+2 > 6\nnever there: 3 4\n"},
        {"pyramid is an output", pyramid_is_output,
         STEM "1: conv 1 > 2\n2: resize 2 > 3\n4: conv 1+linear+2 > 5\nnever there: 4\n"},
        {"pyramid of one with itself", pyramid_of_one,
         STEM "1: conv 1 > 2\n2: resize 2 > 3\n3: add 3+linear+2 > 4\nnever there:\n"},
        {"head", head, STEM "1: conv 1 > 2 sigmoid on 16\nnever there: 3\n"},
        {"head of a pair", head_of_pair,
         STEM "2: conv after 1 1 > 3 sigmoid on 16\nnever there: 2 4\n"},
        {"head, all channels", head_all, STEM "1: conv 1 > 2 sigmoid\nnever there: 3\n"},
        {"head, no whole blocks", head_odd,
         STEM "1: conv 1 > 2\n3: act 3 > 4 sigmoid\nnever there:\n"},
        {"head, overlapping", head_overlapping,
         STEM "1: conv 1 > 2\n3: act 3 > 4 sigmoid\nnever there:\n"},
        {"head read whole", head_read_whole,
         STEM "1: conv 1 > 2\n3: act 3 > 4 sigmoid\n4: conv 2 > 5 leaky\nnever there:\n"},
        {"head in a concat", head_in_concat,
         STEM "1: conv 1 > 2\n3: act 3 > 4 sigmoid\nnever there:\n"},
        {"head is an output", head_is_output,
         STEM "1: conv 1 > 2\n3: act 3 > 4 sigmoid\nnever there:\n"},
        {"head, slice is an output", head_slice_is_output,
         STEM "1: conv 1 > 2\n3: act 3 > 4 sigmoid\nnever there:\n"},
        {"head, slice read twice", head_slice_read_twice,
         STEM "1: conv 1 > 2\n3: act 3 > 4 sigmoid\n5: mean 3 > 6\nnever there:\n"},
        {"head, not the first channels", head_not_first,
         STEM "1: conv 1 > 2\n4: act 4 > 5 sigmoid\nnever there:\n"},
        {"head, another order", head_turned,
         STEM "1: conv 1 > 2\n3: act 3 > 4 sigmoid\nnever there:\n"},
        {"head that has an activation", head_has_act,
         STEM "1: conv 1 > 2 leaky\n3: act 3 > 4 sigmoid\nnever there:\n"},
        {"head of a sum", head_of_sum,
         STEM "2: conv 1+1 > 3\n4: act 4 > 5 sigmoid\nnever there: 2\n"},
        {"head, two activations", head_twice,
         STEM "1: conv 1 > 2 sigmoid on 16\n5: act 5 > 6 silu\nnever there: 3\n"},
    };
    uint32_t bad = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct net_build n = stem();
        char text[TEXT_SIZE];
        rows[i].build(&n);
        struct vg_graph graph = graph_of(&n, &usual);
        graph_text(&graph, text);
        if (strcmp(text, rows[i].want) != 0) {
            print_error("%s:\n%s", rows[i].name, text);
            bad++;
        }
        vg_graph_release(&graph);
        vg_model_close(&n.model);
    }
    assert_int_equal(bad, 0);
}

/* of the same nets each node but those that move channels is an operation of its own */
static void nothing_is_taken_in(void **state)
{
    (void)state;
    static void (*const builds[])(struct net_build *) = {stem_pool, two_pairs, residual_of_pair,
                                                         pyramid_linear, head};
    const struct vg_graph_settings none = {VG_FUSION_NONE, 64, 64, ROW_VALUES, NULL, NULL, NULL};
    for (size_t i = 0; i < sizeof builds / sizeof *builds; i++) {
        struct net_build n = stem();
        builds[i](&n);
        struct vg_graph graph = graph_of(&n, &none);
        uint32_t operations = 0;
        for (uint32_t k = 0; k < n.model->node_count; k++)
            operations += n.model->node[k].op != VG_OP_CHANNELS;
        assert_int_equal(graph.operation_count, operations);
        for (uint32_t k = 0; k < n.model->tensor_count; k++) {
            assert_true(graph.exists[k]);
            assert_int_equal(graph.alias[k], NONE);
        }
        for (uint32_t k = 0; k < graph.operation_count; k++) {
            const struct vg_operation *op = &graph.operation[k];
            assert_int_equal(op->at, op->node);
            assert_int_equal(op->first, NONE);
            assert_int_equal(op->sum, VG_CONV_ADD_NONE);
            assert_int_equal(op->act, n.model->node[op->node].act);
        }
        vg_graph_release(&graph);
        vg_model_close(&n.model);
    }
}

static void an_activation_on_first_channels_is_a_view(void **state)
{
    (void)state;
    struct net_build n = stem();
    head(&n);
    struct vg_graph graph = graph_of(&n, &usual);
    assert_int_equal(graph.alias[4], 2); /* of the activation: in the convolution's tensor */
    assert_int_equal(graph.alias_first[4], 0);
    for (uint32_t i = 0; i < n.model->tensor_count; i++)
        assert_true(i == 4 || graph.alias[i] == NONE);
    vg_graph_release(&graph);
    vg_model_close(&n.model);
}

/* planes of one cell at one input, of four at another: only the first is a sum of one shape */
static void shapes_are_those_of_the_input_in_use(void **state)
{
    (void)state;
    static const struct {
        uint32_t side;
        const char *want;
    } rows[] = {
        {16, "0: conv 0 > 1\n1: mean 1 > 2\n3: conv 2+1 > 4\nnever there: 3\n"},
        {32, "0: conv 0 > 1\n1: mean 1 > 2\n2: conv 2 > 3\n3: add 1+3 > 4\nnever there:\n"}};
    for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
        const uint32_t preferred = rows[i / 2].side, side = rows[i % 2].side;
        struct net_build n;
        char text[TEXT_SIZE];
        net_begin(&n, 1, (struct vg_size){preferred, preferred}, 16, 16);
        const uint32_t x = net_conv(&n, 0, 16, net_square(3, 16, 1), 1)->out;
        (void)net_two(&n, VG_OP_ADD, x, linear(&n, net_mean(&n, x), 16));
        const struct vg_graph_settings settings = {VG_FUSION_ALL, side, side, ROW_VALUES,
                                                   NULL,          NULL, NULL};
        struct vg_graph graph = graph_of(&n, &settings);
        graph_text(&graph, text);
        assert_string_equal(text, rows[i % 2].want);
        vg_graph_release(&graph);
        vg_model_close(&n.model);
    }
}

/* 32 channels and 32 pixels: a row that has room in whole blocks and tiles, and one too few */
static void a_pair_wants_room_for_its_row(void **state)
{
    (void)state;
    const uint64_t least = (uint64_t)(32 + 15) * (32 + VG_CONV_TILE_PIXELS_MAX - 1);
    for (uint64_t room = least - 1; room <= least; room++) {
        struct net_build n = stem();
        (void)net_conv1(&n, net_depthwise(&n, 1, 1), 16);
        const struct vg_graph_settings settings = {VG_FUSION_ALL, 64, 64, room, NULL, NULL, NULL};
        struct vg_graph graph = graph_of(&n, &settings);
        assert_int_equal(graph.operation_count, room == least ? 2 : 3);
        vg_graph_release(&graph);
        vg_model_close(&n.model);
    }
}

static void a_net_that_folds_its_input_gets_it_folded(void **state)
{
    (void)state;
    for (uint32_t readers = 1; readers <= 2; readers++)
        for (uint32_t fusion = 0; fusion < 2; fusion++) {
            struct net_build n;
            char text[TEXT_SIZE];
            const struct vg_graph_settings settings = {
                (enum vg_graph_fusion)fusion, 64, 64, 0, NULL, NULL, NULL};
            net_begin(&n, 1, (struct vg_size){64, 64}, 32, 16);
            (void)net_conv3(&n, net_fold(&n, 0), 16);
            if (readers == 2)
                (void)net_conv3(&n, 0, 16);
            struct vg_graph graph = graph_of(&n, &settings);
            assert_int_equal(vg_graph_input(n.model), readers == 1);
            graph_text(&graph, text);
            assert_string_equal(text, readers == 1 ? "1: conv 1 > 2 leaky\nnever there: 0\n"
                                                   : "0: fold 0 > 1\n1: conv 1 > 2 leaky\n"
                                                     "2: conv 0 > 3 leaky\nnever there:\n");
            vg_graph_release(&graph);
            vg_model_close(&n.model);
        }
}

static void what_a_tensor_and_a_node_are(void **state)
{
    (void)state;
    struct net_build n = stem();
    (void)net_depthwise(&n, 1, 1);                      /* node 1 */
    (void)net_conv(&n, 1, 64, net_square(3, 1, 1), 32); /* two out of each one */
    (void)net_depthwise(&n, net_slice(&n, 1, 0, 1), 1); /* one channel is dense */
    static const int depthwise[] = {0, 1, 0, 0, 0};
    for (uint32_t i = 0; i < n.model->node_count; i++) {
        if (n.model->node[i].op == VG_OP_CONV)
            assert_int_equal(vg_graph_depthwise(n.model, &n.model->node[i]), depthwise[i]);
        assert_int_equal(vg_graph_writer(n.model, n.model->node[i].out), i);
    }
    assert_int_equal(vg_graph_writer(n.model, 0), NONE);
    vg_model_close(&n.model);
}

static void lack_of_memory_is_survived(void **state)
{
    (void)state;
    struct net_build n = stem();
    struct vg_graph graph;
    uint32_t k = 0;
    enum vg_status status = VG_E_MEMORY;
    two_pairs(&n);
    while (status == VG_E_MEMORY) {
        vg_alloc_fail_at(++k);
        status = vg_graph_init(&graph, n.model, &usual, NULL);
        vg_alloc_fail_at(0);
        if (status)
            assert_null(graph.operation);
    }
    assert_int_equal(status, VG_OK);
    assert_true(k > 5);
    vg_graph_release(&graph);
    vg_model_close(&n.model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_taken_in),
        cmocka_unit_test(nothing_is_taken_in),
        cmocka_unit_test(an_activation_on_first_channels_is_a_view),
        cmocka_unit_test(shapes_are_those_of_the_input_in_use),
        cmocka_unit_test(a_pair_wants_room_for_its_row),
        cmocka_unit_test(a_net_that_folds_its_input_gets_it_folded),
        cmocka_unit_test(what_a_tensor_and_a_node_are),
        cmocka_unit_test(lack_of_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
