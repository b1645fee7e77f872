/* The importer on a small graph made here: what it folds to, step by step, and every way of
 * being wrong that a graph or its weights can have, with the message word for word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "models/descriptor.h"
#include "models/tfjs_import.h"
#include "src/base/alloc.h"
#include "tests/unit/small_graph.h"

static char *text;
static uint8_t *weights;
static size_t text_size, weights_size;

static int setup(void **state)
{
    (void)state;
    text = graph_text(&text_size);
    weights = graph_weights(&weights_size);
    return text && weights ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    free(text);
    free(weights);
    return 0;
}

static struct vg_descriptor *descriptor_of(const char *json)
{
    struct vg_descriptor *descriptor = NULL;
    struct vg_fault fault = {.place = ""};
    if (vg_descriptor_parse("d", json, strlen(json), &descriptor, &fault))
        fail_msg("%s: %s", fault.what, fault.place);
    return descriptor;
}

static enum vg_status import(const char *json, size_t size, const uint8_t *data, size_t data_size,
                             struct vg_model **model, struct vg_fault *fault)
{
    struct vg_descriptor *descriptor = descriptor_of(graph_descriptor);
    const enum vg_status status =
        vg_tfjs_import("g", json, size, data, data_size, descriptor, model, fault);
    vg_descriptor_close(&descriptor);
    return status;
}

static struct vg_model *imported(void)
{
    struct vg_model *model = NULL;
    struct vg_fault fault = {.place = ""};
    if (import(text, text_size, weights, weights_size, &model, &fault))
        fail_msg("%s: %s", fault.what, fault.place);
    return model;
}

static void test_steps(void **state)
{
    (void)state;
    static const struct {
        enum vg_op op;
        uint32_t in[2], channels, width, height, size, stride, pad, num, den, map_first;
        enum vg_act act;
    } rows[] = {
        {VG_OP_CONV, {0}, 4, 8, 4, 3, 2, 1, 0, 0, 0, VG_ACT_LEAKY},
        {VG_OP_MAXPOOL, {1}, 4, 4, 2, 3, 2, 1, 0, 0, 0, VG_ACT_NONE},
        {VG_OP_RESIZE, {2}, 4, 8, 4, 0, 0, 0, 2, 1, 0, VG_ACT_NONE},
        {VG_OP_ADD, {3, 1}, 4, 8, 4, 0, 0, 0, 0, 0, 0, VG_ACT_NONE},
        {VG_OP_CHANNELS, {4, 1}, 8, 8, 4, 0, 0, 0, 0, 0, 0, VG_ACT_NONE},
        {VG_OP_RESIZE, {5}, 8, 4, 2, 0, 0, 0, 1, 2, 0, VG_ACT_NONE},
        {VG_OP_CONV, {6}, 11, 4, 2, 1, 1, 0, 0, 0, 0, VG_ACT_NONE},
        {VG_OP_CHANNELS, {7}, 3, 4, 2, 0, 0, 0, 0, 0, 8, VG_ACT_NONE},
        {VG_OP_CHANNELS, {7}, 8, 4, 2, 0, 0, 0, 0, 0, 11, VG_ACT_NONE},
        {VG_OP_ACT, {8}, 3, 4, 2, 0, 0, 0, 0, 0, 0, VG_ACT_SIGMOID},
    };
    struct vg_size size[VG_MODEL_TENSORS_MAX];
    struct vg_model *m = imported();
    assert_int_equal(m->node_count, sizeof rows / sizeof *rows);
    assert_int_equal(vg_model_sizes(m, 16, 8, size, NULL), VG_OK);
    for (uint32_t i = 0; i < m->node_count; i++) {
        const struct vg_node *n = &m->node[i];
        const struct vg_window w = n->window;
        assert_int_equal(n->op, rows[i].op);
        assert_int_equal(n->in[0], rows[i].in[0]);
        assert_int_equal(n->in[1], rows[i].in[1]);
        assert_int_equal(n->out, i + 1);
        assert_int_equal(m->tensor[n->out].channels, rows[i].channels);
        assert_int_equal(size[n->out].width, rows[i].width);
        assert_int_equal(size[n->out].height, rows[i].height);
        assert_true(w.size_y == rows[i].size && w.size_x == rows[i].size);
        assert_true(w.stride_y == rows[i].stride && w.stride_x == rows[i].stride);
        assert_true(w.above == rows[i].pad && w.left == rows[i].pad && w.below == rows[i].pad &&
                    w.right == rows[i].pad);
        assert_int_equal(n->scale_num, rows[i].num);
        assert_int_equal(n->scale_den, rows[i].den);
        assert_int_equal(n->map_first, rows[i].map_first);
        assert_int_equal(n->act, rows[i].act);
    }
    assert_true(m->node[0].act_a >= 0.125F && m->node[0].act_a <= 0.125F);
    vg_model_close(&m);
}

/* Concat and both parts of the split: which channel comes from where. */
static void test_map(void **state)
{
    (void)state;
    struct vg_model *m = imported();
    assert_int_equal(m->map_count, 8 + 3 + 8);
    for (uint32_t c = 0; c < 8; c++)
        assert_int_equal(m->map[c], VG_MAP_WORD(c / 4, c % 4));
    for (uint32_t c = 0; c < 11; c++)
        assert_int_equal(m->map[8 + c], VG_MAP_WORD(0, c));
    vg_model_close(&m);
}

static void test_ends(void **state)
{
    (void)state;
    struct vg_model *m = imported();
    assert_int_equal(m->output_count, 2);
    assert_string_equal(m->output[0].name, "Identity");
    assert_int_equal(m->output[0].part[0], 10);
    assert_string_equal(m->output[1].name, "Identity_1");
    assert_int_equal(m->output[1].part[0], 9);
    for (uint32_t o = 0; o < 2; o++) {
        assert_int_equal(m->output[o].layout, VG_LAYOUT_CELLS);
        assert_int_equal(m->output[o].part_count, 1);
    }
    assert_int_equal(m->level_count, 1);
    assert_int_equal(m->level[0].stride, 4);
    assert_int_equal(m->level[0].scores, 10);
    assert_int_equal(m->level[0].boxes, 9);
    assert_int_equal(m->level[0].objectness, VG_MODEL_NONE);
    vg_model_close(&m);
}

static size_t const_index(const char *name)
{
    size_t c = 0;
    while (strcmp(graph_consts[c].name, name) != 0)
        c++;
    return c;
}

/* w[o][i][y][x] = k[y][x][i][o], and the bias as it is. */
static void check_conv(const struct vg_model *m, uint32_t node, const char *kernel,
                       const char *bias)
{
    const struct vg_node *n = &m->node[node];
    const uint32_t outs = m->tensor[n->out].channels, ins = m->tensor[n->in[0]].channels;
    const uint32_t side = n->window.size_y;
    const float *w = m->weights + n->weight_first;
    for (uint32_t o = 0; o < outs; o++) {
        const float want_bias = graph_weight(const_index(bias), o);
        assert_memory_equal(&m->weights[n->bias_first + o], &want_bias, sizeof want_bias);
        for (uint32_t i = 0; i < ins; i++)
            for (uint32_t yx = 0; yx < side * side; yx++) {
                const float want = graph_weight(const_index(kernel), (yx * ins + i) * outs + o);
                assert_memory_equal(&w[(o * ins + i) * side * side + yx], &want, sizeof want);
            }
    }
}

static void test_weights(void **state)
{
    (void)state;
    struct vg_model *m = imported();
    assert_int_equal(m->weight_count, 108 + 4 + 88 + 11);
    check_conv(m, 0, "k1", "b1");
    check_conv(m, 6, "k2", "b2");
    vg_model_close(&m);
}

static void test_input(void **state)
{
    (void)state;
    const float mean[3] = {1, 2, 3}, scale[3] = {0.5F, 0.25F, 0.125F};
    struct vg_model *m = imported();
    assert_int_equal(m->order, VG_ORDER_RGB);
    assert_memory_equal(m->mean, mean, sizeof mean);
    assert_memory_equal(m->scale, scale, sizeof scale);
    assert_int_equal(m->class_map[0], VG_CLASS_PERSON);
    assert_int_equal(m->class_map[1], VG_CLASS_NONE);
    assert_int_equal(m->class_map[2], VG_CLASS_ANIMAL);
    vg_model_close(&m);
}

/* The text with the first `find` replaced; given. */
static char *replaced(const char *from, const char *find, const char *put)
{
    const char *at = strstr(from, find);
    if (!at)
        fail_msg("\"%s\" is not in the text", find);
    const size_t before = (size_t)(at - from), after = strlen(at + strlen(find));
    char *out = malloc(before + strlen(put) + after + 1);
    assert_non_null(out);
    memcpy(out, from, before);
    memcpy(out + before, put, strlen(put));
    memcpy(out + before + strlen(put), at + strlen(find), after + 1);
    return out;
}

/* A convolution to which nothing is added gets a bias of zeros. */
static void test_no_bias(void **state)
{
    (void)state;
    struct vg_model *m = NULL;
    struct vg_fault fault = {.place = ""};
    char *without = replaced(
        text, "{\"name\":\"head_bias\",\"op\":\"Add\",\"input\":[\"head\",\"b2\"],\"attr\":{}},",
        "");
    char *json = replaced(without, "\"head_bias\",\"to_nchw\"", "\"head\",\"to_nchw\"");
    if (import(json, strlen(json), weights, weights_size, &m, &fault))
        fail_msg("%s: %s", fault.what, fault.place);
    assert_int_equal(m->weight_count, 108 + 4 + 88 + 11);
    for (uint32_t c = 0; c < 11; c++)
        assert_true(m->weights[m->node[6].bias_first + c] >= 0 &&
                    m->weights[m->node[6].bias_first + c] <= 0);
    vg_model_close(&m);
    free(without);
    free(json);
}

static void test_bad_graphs(void **state)
{
    (void)state;
    static const struct {
        const char *find, *put, *what, *place;
    } rows[] = {
        {"graph-model", "layers-model", "this is not a TensorFlow.js graph model", "g: format"},
        {"\"node\":[", "\"nods\":[", "the graph has no nodes, or too many",
         "g: modelTopology.node: 0"},
        {"{\"name\":\"sigmoid\",\"op\":\"Sigmoid\"", "{\"name\":\"sigmoid\",\"op\":\"Mish\"",
         "the operator is unknown", "g: \"sigmoid\": Mish"},
        {"{\"name\":\"sigmoid\",\"op\":\"Sigmoid\"", "{\"name\":\"sigmoid\",\"op\":7",
         "a node has no proper name or operator", "g: modelTopology.node[25]"},
        {"{\"name\":\"sigmoid\",\"op\":\"Sigmoid\"", "{\"name\":\"sig\\nmoid\",\"op\":\"Sigmoid\"",
         "a node has no proper name or operator", "g: modelTopology.node[25]"},
        {"\"name\":\"flat_s\",\"op\"", "\"name\":\"sum\",\"op\"", "two nodes have one name",
         "g: \"sum\": AddV2"},
        {"\"input\":[\"sigmoid\",\"shape_sum\"]", "\"input\":\"sigmoid\"",
         "the inputs are not a list", "g: \"flat_s\": Reshape"},
        {"\"input\":[\"sigmoid\",\"shape_sum\"]", "\"input\":[\"sigmoid\",\"shape_sum\",3]",
         "an input is not a name", "g: \"flat_s\": input[2]"},
        {"\"input\":[\"sigmoid\",\"shape_sum\"]",
         "\"input\":[\"sigmoid\",\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\"]",
         "the operator does not take that many inputs", "g: \"flat_s\": Reshape: 9"},
        {"\"input\":[\"sigmoid\",\"shape_sum\"]", "\"input\":[\"sigmoid\",\"shape_q\"]",
         "the node reads one that is not there", "g: \"flat_s\": \"shape_q\""},
        {"\"input\":[\"sigmoid\",\"shape_sum\"]", "\"input\":[\"sigmoid:x\",\"shape_sum\"]",
         "an input is not a name", "g: \"flat_s\": \"sigmoid:x\""},
        {"\"input\":[\"sigmoid\",\"shape_sum\"]", "\"input\":[\"sigmoid:1\",\"shape_sum\"]",
         "the operator is not supported with an input that is no tensor of the picture",
         "g: \"flat_s\": Reshape"},
        {"\"input\":[\"sigmoid\",\"shape_sum\"]", "\"input\":[\"sigmoid\"]",
         "the operator does not take that many inputs", "g: \"flat_s\": Reshape: 1"},
        {"\"input\":[\"split\"]", "\"input\":[\"split:2\"]",
         "the operator is not supported with an input that is no tensor of the picture",
         "g: \"sigmoid\": Sigmoid"},
        {"\"input\":[\"split\"]", "\"input\":[\"k1\"]",
         "the operator is not supported with an input that is no tensor of the picture",
         "g: \"sigmoid\": Sigmoid"},
        {"\"input\":[\"split\"]", "\"input\":[\"flat_s\"]", "the graph runs in a circle",
         "g: \"flat_s\": Reshape"},
        {"\"name\":\"Identity\",\"op\"", "\"name\":\"Identity_9\",\"op\"",
         "the net has no such output", "g: \"Identity\""},
        {"{\"name\":\"zeros\",\"op\"",
         "{\"name\":\"more\",\"op\":\"Sigmoid\",\"input\":[\"sum\"]},{\"name\":\"zeros\",\"op\"",
         "no output of the descriptor needs this node", "g: \"more\": Sigmoid"},
        {"\"input\":[\"cells_s\"]", "\"input\":[\"sigmoid\"]",
         "no output of the descriptor needs this node", "g: \"cells_s\": Transpose"},
        {"\"input\":[\"cells_s\"]", "\"input\":[\"swap\"]",
         "the operator is not supported with the result of a constant or of a split",
         "g: \"Identity\": Identity"},
        {"{\"name\":\"zeros\",\"op\"",
         "{\"name\":\"other\",\"op\":\"Placeholder\"},{\"name\":\"zeros\",\"op\"",
         "the net has more than one input", "g: \"other\": Placeholder"},
        {"{\"size\":\"16\"}", "{\"size\":\"32\"}", "the net's input is not that of the descriptor",
         "g: \"input\": 1 x 3 x 8 x 32 ≠ 1 x 3 x 8 x 16"},
        {"{\"size\":\"16\"}", "{\"size\":16}",
         "the operator is not supported with a shape that is not of four sizes",
         "g: \"input\": Placeholder"},
        {"\"flat_s\",\"swap\"", "\"flat_s\",\"to_nchw\"",
         "the operator is not supported with a constant that is not of the integers expected",
         "g: \"cells_s\": Transpose"},
        {"\"conv_bias\",\"to_nchw\"", "\"conv_bias\",\"to_nhwc\"",
         "the operator is not supported with an order of axes that is no change of layout",
         "g: \"conv_nchw\": Transpose"},
        {"\"input\":[\"input\",\"one\"]", "\"input\":[\"input\",\"to_nhwc\"]",
         "the operator is not supported with a constant that is not of the integers expected",
         "g: \"padded\": Pad"},
        {"\"pool_pad\",\"to_nhwc\"", "\"leaky\",\"to_nhwc\"",
         "the operator is not supported with a window whose border does not keep the size",
         "g: \"pool\": MaxPool"},
        {"\"name\":\"pool_pad\",\"op\":\"PadV2\",\"input\":[\"leaky\",\"one\",\"least\"]",
         "\"name\":\"pool_pad\",\"op\":\"Pad\",\"input\":[\"leaky\",\"one\"]",
         "the operator is not supported with a border that is not minus infinity",
         "g: \"pool\": MaxPool"},
        {"\"name\":\"padded\",\"op\":\"Pad\",\"input\":[\"input\",\"one\"]",
         "\"name\":\"padded\",\"op\":\"PadV2\",\"input\":[\"input\",\"one\",\"least\"]",
         "the operator is not supported with a border that is not zero", "g: \"conv\": Conv2D"},
        {"\"leaky\",\"one\",\"least\"", "\"leaky\",\"one\",\"b1\"",
         "the operator is not supported with a border value that is not one number",
         "g: \"pool_pad\": PadV2"},
        {"\"input\":[\"sum\",\"leaky\",\"axis\"]", "\"input\":[\"sum\",\"pool_pad\",\"axis\"]",
         "the operator is not supported with a padded input", "g: \"joined\": ConcatV2"},
        {"VkFMSUQ=", "U0FNRQ==", "the operator is not supported with a padding other than VALID",
         "g: \"head\": Conv2D"},
        {"TkhXQw==", "TkNIVw==", "the operator is not supported with a layout other than NHWC",
         "g: \"head\": Conv2D"},
        {"\"strides\":{\"list\":{\"i\":[\"1\",\"2\",\"2\",\"1\"]",
         "\"strides\":{\"list\":{\"i\":[\"1\",\"3\",\"3\",\"1\"]",
         "the operator is not supported with strides other than 1 or 2", "g: \"pool\": MaxPool"},
        {"\"strides\":{\"list\":{\"i\":[\"1\",\"2\",\"2\",\"1\"]",
         "\"strides\":{\"list\":{\"i\":[\"1\",\"2\",\"1\",\"1\"]",
         "the operator is not supported with strides other than 1 or 2", "g: \"pool\": MaxPool"},
        {"\"dilations\":{\"list\":{\"i\":[\"1\",\"1\",\"1\",\"1\"]",
         "\"dilations\":{\"list\":{\"i\":[\"1\",\"2\",\"2\",\"1\"]",
         "the operator is not supported with a dilation", "g: \"conv\": Conv2D"},
        {"\"input\":[\"padded_nhwc\",\"k1\"]", "\"input\":[\"padded_nhwc\",\"k2\"]",
         "the operator is not supported with a kernel that does not fit its input",
         "g: \"conv\": Conv2D"},
        {"\"input\":[\"padded_nhwc\",\"k1\"]", "\"input\":[\"padded_nhwc\",\"one\"]",
         "the operator is not supported with a kernel that does not fit its input",
         "g: \"conv\": Conv2D"},
        {"\"input\":[\"padded_nhwc\",\"k1\"]", "\"input\":[\"padded_nhwc\",\"leaky\"]",
         "the graph runs in a circle", "g: \"leaky\": LeakyRelu"},
        {"\"input\":[\"padded\",\"to_nhwc\"]", "\"input\":[\"input\",\"to_nhwc\"]",
         "the operator is not supported with a window whose border does not keep the size",
         "g: \"conv\": Conv2D"},
        {"\"input\":[\"conv\",\"b1\"]", "\"input\":[\"conv\",\"b2\"]",
         "the operator is not supported with a bias that is not one number per channel",
         "g: \"conv_bias\": Add"},
        {"\"input\":[\"conv\",\"b1\"]", "\"input\":[\"conv\",\"swap\"]",
         "the operator is not supported with a bias that is not one number per channel",
         "g: \"conv_bias\": Add"},
        {"\"input\":[\"conv_bias\",\"to_nchw\"]", "\"input\":[\"conv\",\"to_nchw\"]",
         "the operator is not supported with an activation of what is no convolution of its own",
         "g: \"leaky\": LeakyRelu"},
        {"\"f\":0.125", "\"f\":1.5",
         "the operator is not supported with a slope that is not between 0 and 1",
         "g: \"leaky\": LeakyRelu"},
        {"\"f\":0.125", "\"s\":\"x\"",
         "the operator is not supported with a slope that is not between 0 and 1",
         "g: \"leaky\": LeakyRelu"},
        {"\"input\":[\"conv_nchw\"],\"attr\"", "\"input\":[\"input\"],\"attr\"",
         "the operator is not supported with an activation of what is no convolution of its own",
         "g: \"leaky\": LeakyRelu"},
        {"\"input\":[\"doubled_nchw\",\"leaky\"]", "\"input\":[\"doubled_nchw\",\"conv_nchw\"]",
         "the operator is not supported with an activation of what is no convolution of its own",
         "g: \"leaky\": LeakyRelu"},
        {"\"ksize\":{\"list\":{\"i\":[\"1\",\"3\",\"3\",\"1\"]",
         "\"ksize\":{\"list\":{\"i\":[\"1\",\"3\",\"2\",\"1\"]",
         "the operator is not supported with a window that is not square", "g: \"pool\": MaxPool"},
        {"\"ksize\":{\"list\":{\"i\":[\"1\",\"3\",\"3\",\"1\"]",
         "\"ksize\":{\"list\":{\"i\":[\"1\",\"5\",\"5\",\"1\"]",
         "the operator is not supported with a window whose border does not keep the size",
         "g: \"pool\": MaxPool"},
        {"\"ksize\":{\"list\":{\"i\":[\"1\",\"3\",\"3\",\"1\"]",
         "\"ksize\":{\"list\":{\"i\":[\"1\",\"-3\",\"-3\",\"1\"]",
         "the operator is not supported with a window that is not square", "g: \"pool\": MaxPool"},
        {"\"half_pixel_centers\":{\"b\":true}", "\"half_pixel_centers\":{\"b\":false}",
         "the operator is not supported with centres other than half a pixel",
         "g: \"halved\": ResizeBilinear"},
        {"\"align_corners\":{\"b\":false}", "\"align_corners\":{\"b\":true}",
         "the operator is not supported with centres other than half a pixel",
         "g: \"halved\": ResizeBilinear"},
        {"\"pool\",\"size_double\"", "\"pool\",\"size_half\"",
         "the operator is not supported with a size that is neither the double nor the half",
         "g: \"doubled\": ResizeBilinear"},
        {"\"input\":[\"doubled_nchw\",\"leaky\"]", "\"input\":[\"doubled\",\"leaky\"]",
         "the operator is not supported with two tensors of different shapes", "g: \"sum\": AddV2"},
        {"\"input\":[\"sum\",\"leaky\",\"axis\"]", "\"input\":[\"sum\",\"input\",\"axis\"]",
         "the operator is not supported with tensors of different shapes",
         "g: \"joined\": ConcatV2"},
        {"\"input\":[\"sum\",\"leaky\",\"axis\"]", "\"input\":[\"sum\",\"leaky\",\"nought\"]",
         "the operator is not supported with an axis other than the channels",
         "g: \"joined\": ConcatV2"},
        {"\"input\":[\"sum\",\"leaky\",\"axis\"]", "\"input\":[\"sum\",\"leaky\",\"leaky\"]",
         "the operator is not supported with an input that is no constant",
         "g: \"joined\": ConcatV2"},
        {"\"head_nchw\",\"parts\",\"axis\"", "\"head_nchw\",\"parts\",\"three\"",
         "the operator is not supported with an axis other than the channels",
         "g: \"split\": SplitV"},
        {"\"head_nchw\",\"parts\",\"axis\"", "\"head_nchw\",\"size_half\",\"axis\"",
         "the operator is not supported with sizes that do not add up to the channels",
         "g: \"split\": SplitV"},
        {"\"head_nchw\",\"parts\",\"axis\"", "\"head_nchw\",\"axis\",\"axis\"",
         "the operator is not supported with sizes that are not one to eight integers",
         "g: \"split\": SplitV"},
        {"\"shape_s\",\"zeros\"", "\"shape_s\",\"parts\"",
         "the operator is not supported with two lists of different lengths",
         "g: \"shape_sum\": AddV2"},
        {"\"none_at\",\"three\",\"none\",\"nought\"", "\"swap\",\"three\",\"none\",\"nought\"",
         "the operator is not supported with sparse elements", "g: \"zeros\": SparseToDense"},
        {"\"none_at\",\"three\",\"none\",\"nought\"", "\"none_at\",\"three\",\"none\",\"three\"",
         "the operator is not supported with a change other than [1, C, H, W] to [1, C, cells]",
         "g: \"flat_s\": Reshape"},
        {"\"split:1\",\"shape_d\"", "\"split:1\",\"shape_s\"",
         "the operator is not supported with a change other than [1, C, H, W] to [1, C, cells]",
         "g: \"flat_d\": Reshape"},
        {"\"split:1\",\"shape_d\"", "\"split:1\",\"parts\"",
         "the operator is not supported with a change other than [1, C, H, W] to [1, C, cells]",
         "g: \"flat_d\": Reshape"},
        {"\"paths\":[\"small.bin\"]", "\"paths\":[\"../small.bin\"]",
         "the path of a weight file is not a plain file name", "g: \"../small.bin\""},
        {"\"paths\":[\"small.bin\"]", "\"paths\":[\"/etc/passwd\"]",
         "the path of a weight file is not a plain file name", "g: \"/etc/passwd\""},
        {"\"paths\":[\"small.bin\"]", "\"paths\":[\".hidden\"]",
         "the path of a weight file is not a plain file name", "g: \".hidden\""},
        {"\"paths\":[\"small.bin\"]", "\"paths\":[3]",
         "the path of a weight file is not a plain file name", "g: \"\""},
        {"\"weightsManifest\"", "\"weights\"", "the manifest of the weights is incomplete",
         "g: weightsManifest"},
        {"{\"name\":\"b1\",\"shape\":[4]", "{\"name\":\"b9\",\"shape\":[4]",
         "a weight belongs to no constant of the graph", "g: \"b9\""},
        {"{\"name\":\"b1\",\"shape\":[4]", "{\"name\":\"k1\",\"shape\":[4]",
         "two weights have one name", "g: \"k1\": weightsManifest"},
        {"{\"name\":\"b1\",\"shape\":[4]", "{\"name\":\"b1\",\"shape\":[4,1,1,1,1]",
         "the weight's shape is out of range", "g: \"b1\": weightsManifest"},
        {"{\"name\":\"b1\",\"shape\":[4]", "{\"name\":\"b1\",\"shape\":[-4]",
         "the weight's shape is out of range", "g: \"b1\": weightsManifest"},
        {"{\"name\":\"b1\",\"shape\":[4]", "{\"name\":\"b1\",\"shape\":[5]",
         "the weight file is cut", "g: \"swap\": 0x2ec + 12 B > 758 B"},
        {"{\"name\":\"b1\",\"shape\":[4],\"dtype\":\"float32\",\"quantization\":{\"dtype\":"
         "\"float16\"}},\n",
         "", "the constant has no weight", "g: \"b1\": weightsManifest"},
        {"\"quantization\":{\"dtype\":\"float16\"}",
         "\"quantization\":{\"dtype\":\"uint8\",\"scale\":1,\"min\":0}",
         "this type of weight is not supported (int32, float32 and float16 without scale are)",
         "g: \"k1\": weightsManifest"},
        {"\"quantization\":{\"dtype\":\"float16\"}",
         "\"quantization\":{\"dtype\":\"float16\",\"scale\":1}",
         "this type of weight is not supported (int32, float32 and float16 without scale are)",
         "g: \"k1\": weightsManifest"},
        {"\"dtype\":\"int32\"", "\"dtype\":\"bool\"",
         "this type of weight is not supported (int32, float32 and float16 without scale are)",
         "g: \"one\": weightsManifest"},
        {"\"shape\":[1,1,8,11]", "\"shape\":[1,1,11,8]",
         "the operator is not supported with a kernel that does not fit its input",
         "g: \"head\": Conv2D"},
        {"\"input\":[\"input\",\"one\"]", "\"input\":[\"sum\",\"one\"]",
         "the graph runs in a circle", "g: \"sum\": AddV2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_model *model = NULL;
        struct vg_fault fault = {.what = "", .place = ""};
        char *bad = replaced(text, rows[i].find, rows[i].put);
        const enum vg_status status =
            import(bad, strlen(bad), weights, weights_size, &model, &fault);
        if (status != VG_E_INPUT || strcmp(fault.what, rows[i].what) != 0 ||
            strcmp(fault.place, rows[i].place) != 0)
            fail_msg("row %zu: %s: \"%s\": \"%s\"", i, vg_status_name(status), fault.what,
                     fault.place);
        assert_null(model);
        free(bad);
    }
}

/* Byte at which a constant stands in the weight file. */
static size_t const_at(const char *name)
{
    size_t at = 0;
    for (size_t c = 0; strcmp(graph_consts[c].name, name) != 0; c++)
        at += graph_consts[c].count * (graph_consts[c].type == 'h' ? 2u : 4u);
    return at;
}

static void test_bad_weights(void **state)
{
    (void)state;
    static const struct {
        const char *name; /* the constant whose element `index` gets `value` */
        uint32_t index;
        uint32_t value;
        const char *what, *place;
    } rows[] = {
        {"k1", 3, 0x7e00, "a weight is not a finite number", "g: /weight/81: nan"},
        {"one", 0, 0x1,
         "the operator is not supported with a border that is not the same on the four sides",
         "g: \"padded\": Pad"},
        {"one", 4, 0x2,
         "the operator is not supported with a border that is not the same on the four sides",
         "g: \"padded\": Pad"},
        {"least", 0, 0x3c00,
         "the operator is not supported with a border value that is neither zero nor minus "
         "infinity",
         "g: \"pool_pad\": PadV2"},
        {"axis", 0, 0x2, "the operator is not supported with an axis other than the channels",
         "g: \"joined\": ConcatV2"},
        {"parts", 0, 0x4,
         "the operator is not supported with sizes that do not add up to the channels",
         "g: \"split\": SplitV"},
        {"parts", 0, 0xffffffff,
         "the operator is not supported with sizes that do not add up to the channels",
         "g: \"split\": SplitV"},
        {"size_double", 0, 0x5,
         "the operator is not supported with a size that is neither the double nor the half",
         "g: \"doubled\": ResizeBilinear"},
        {"shape_s", 1, 0x4,
         "the operator is not supported with a change other than [1, C, H, W] to [1, C, cells]",
         "g: \"flat_s\": Reshape"},
        {"shape_d", 2, 0x9,
         "the operator is not supported with a change other than [1, C, H, W] to [1, C, cells]",
         "g: \"flat_d\": Reshape"},
        {"three", 0, 0x5, "the operator is not supported with sparse elements",
         "g: \"zeros\": SparseToDense"},
        {"to_nhwc", 1, 0x3,
         "the operator is not supported with an order of axes that is no change of layout",
         "g: \"padded_nhwc\": Transpose"},
        {"swap", 0, 0x1, "the operator is not supported with an order of axes that is not 0 2 1",
         "g: \"cells_d\": Transpose"},
        {"b2", 0, 0x7f800000, "a weight is not a finite number", "g: /weight/200: inf"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_model *model = NULL;
        struct vg_fault fault = {.what = "", .place = ""};
        uint8_t *bad = malloc(weights_size);
        assert_non_null(bad);
        memcpy(bad, weights, weights_size);
        const unsigned width = graph_consts[const_index(rows[i].name)].type == 'h' ? 2 : 4;
        for (unsigned b = 0; b < width; b++)
            bad[const_at(rows[i].name) + (size_t)width * rows[i].index + b] =
                (uint8_t)(rows[i].value >> (8 * b));
        const enum vg_status status = import(text, text_size, bad, weights_size, &model, &fault);
        if (status != VG_E_INPUT || strcmp(fault.what, rows[i].what) != 0 ||
            strcmp(fault.place, rows[i].place) != 0)
            fail_msg("row %zu: %s: \"%s\": \"%s\"", i, vg_status_name(status), fault.what,
                     fault.place);
        assert_null(model);
        free(bad);
    }
}

static void test_cut_text(void **state)
{
    (void)state;
    for (size_t size = 0; size + 2 < text_size; size++) { /* its last bytes are "}\n" */
        char *cut = malloc(size + 1);
        struct vg_model *model = NULL;
        struct vg_fault fault = {.place = ""};
        assert_non_null(cut);
        memcpy(cut, text, size);
        assert_int_equal(import(cut, size, weights, weights_size, &model, &fault), VG_E_INPUT);
        assert_string_equal(fault.what, "the graph is not JSON, or it is cut");
        free(cut);
    }
}

static void test_cut_weights(void **state)
{
    (void)state;
    for (size_t size = 0; size < weights_size; size++) {
        uint8_t *cut = malloc(size + 1);
        struct vg_model *model = NULL;
        struct vg_fault fault = {.place = ""};
        assert_non_null(cut);
        memcpy(cut, weights, size);
        assert_int_equal(import(text, text_size, cut, size, &model, &fault), VG_E_INPUT);
        assert_string_equal(fault.what, "the weight file is cut");
        free(cut);
    }
}

static void test_long_weights(void **state)
{
    (void)state;
    struct vg_model *model = NULL;
    struct vg_fault fault = {.place = ""};
    uint8_t *more = calloc(1, weights_size + 1);
    assert_non_null(more);
    memcpy(more, weights, weights_size);
    assert_int_equal(import(text, text_size, more, weights_size + 1, &model, &fault), VG_E_INPUT);
    assert_string_equal(fault.what, "the weight files are longer than the weights");
    free(more);
}

static void test_descriptor_differs(void **state)
{
    (void)state;
    static const struct {
        const char *find, *put, *what, *place;
    } rows[] = {
        {"\"dog\"],\n \"map\": {", "\"dog\", \"cat\"],\n \"map\": {\"cat\": null, ",
         "the level's channels do not fit the classes, the bins or the head",
         "g: /level/0: scores=10 channels=3 ≠ 4"},
        {"\"bins\": 2", "\"bins\": 3",
         "the level's channels do not fit the classes, the bins or the head",
         "g: /level/0: boxes=9 channels=8 ≠ 12"},
        {"\"width\": 16", "\"width\": 32", "the net's input is not that of the descriptor",
         "g: \"input\": 1 x 3 x 8 x 16 ≠ 1 x 3 x 8 x 32"},
        {"\"name\": \"Identity_1\"", "\"name\": \"Identity_7\"", "the net has no such output",
         "g: \"Identity_7\""},
        {"\"role\": \"distances\"", "\"role\": \"scores\"",
         "two outputs have one role and one size", "g: \"Identity_1\""},
        {"\"role\": \"distances\"", "\"role\": \"all\"", "the output must hold scores or distances",
         "g: \"Identity_1\""},
        {" \"outputs\": [{\"name\": \"Identity\", \"role\": \"scores\"},\n"
         "  {\"name\": \"Identity_1\", \"role\": \"distances\"}],\n",
         "", "the descriptor names no outputs", "g: \"small\""},
        {"\"type\": \"nanodet\", \"bins\": 2", "\"type\": \"yolox\"",
         "a TensorFlow.js graph with this head is not supported", "g: \"yolox\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *json = replaced(graph_descriptor, rows[i].find, rows[i].put);
        struct vg_descriptor *descriptor = descriptor_of(json);
        struct vg_model *model = NULL;
        struct vg_fault fault = {.what = "", .place = ""};
        const enum vg_status status =
            vg_tfjs_import("g", text, text_size, weights, weights_size, descriptor, &model, &fault);
        if (status != VG_E_INPUT || strcmp(fault.what, rows[i].what) != 0 ||
            strcmp(fault.place, rows[i].place) != 0)
            fail_msg("row %zu: %s: \"%s\": \"%s\"", i, vg_status_name(status), fault.what,
                     fault.place);
        vg_descriptor_close(&descriptor);
        free(json);
    }
}

static void test_no_memory(void **state)
{
    (void)state;
    struct vg_descriptor *descriptor = descriptor_of(graph_descriptor);
    uint32_t n = 1;
    for (;; n++) {
        struct vg_model *model = NULL;
        vg_alloc_fail_at(n);
        const enum vg_status status =
            vg_tfjs_import("g", text, text_size, weights, weights_size, descriptor, &model, NULL);
        vg_alloc_fail_at(0);
        if (status == VG_OK) {
            vg_model_close(&model);
            break;
        }
        assert_int_equal(status, VG_E_MEMORY);
        assert_null(model);
        assert_true(n < 100);
    }
    assert_true(n > 5);
    vg_descriptor_close(&descriptor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),        cmocka_unit_test(test_map),
        cmocka_unit_test(test_ends),         cmocka_unit_test(test_weights),
        cmocka_unit_test(test_input),        cmocka_unit_test(test_no_bias),
        cmocka_unit_test(test_bad_graphs),   cmocka_unit_test(test_bad_weights),
        cmocka_unit_test(test_cut_text),     cmocka_unit_test(test_cut_weights),
        cmocka_unit_test(test_long_weights), cmocka_unit_test(test_descriptor_differs),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
