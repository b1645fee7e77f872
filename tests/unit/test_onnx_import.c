/* Small nets of every operator: the steps that they become and what these compute; nets that are
 * refused, with node and reason; files cut at every byte and with bits turned over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/onnx_fold.h"
#include "models/onnx_graph.h"
#include "models/onnx_import.h"
#include "src/base/alloc.h"
#include "src/base/random.h"
#include "tests/model_reference.h"
#include "tests/onnx_writer.h"

/* ------------------------------------------------------------ steps as words */

static const char *const op_words[VG_OP_COUNT] = {
    [VG_OP_CONV] = "conv", [VG_OP_MAXPOOL] = "max",     [VG_OP_AVGPOOL] = "avg",
    [VG_OP_MEAN] = "mean", [VG_OP_RESIZE] = "resize",   [VG_OP_ADD] = "add",
    [VG_OP_MUL] = "mul",   [VG_OP_CHANNELS] = "chan",   [VG_OP_SPACE_TO_DEPTH] = "s2d",
    [VG_OP_ACT] = "act",   [VG_OP_SOFTMAX] = "softmax",
};
static const char *const act_words[VG_ACT_COUNT] = {
    [VG_ACT_NONE] = "",
    [VG_ACT_LEAKY] = "+leaky",
    [VG_ACT_CLIP] = "+clip",
    [VG_ACT_SIGMOID] = "+sig",
    [VG_ACT_SILU] = "+silu",
    [VG_ACT_HARD_SIGMOID] = "+hsig",
    [VG_ACT_HARD_SWISH] = "+hswish",
};

/* A model of the steps alone: what the reference run needs. */
static struct vg_model *pack_steps(struct vg_onnx_folded *folded, uint32_t *output)
{
    struct vg_model *m = vg_alloc(sizeof *m);
    uint32_t *tensor_of = vg_alloc_array(VG_ONNX_STEPS_MAX + 1, sizeof *tensor_of);
    const struct vg_onnx_view *view = &folded->output[0];
    uint32_t root = 0;
    assert_true(m && tensor_of);
    assert_null(vg_onnx_net_exact(&folded->net, view->part[0].word, view->channels, &root));
    vg_onnx_net_simplify(&folded->net, &root, 1);
    assert_null(vg_onnx_net_pack(&folded->net, m, tensor_of));
    m->input_width = folded->net.size[0].width;
    m->input_height = folded->net.size[0].height;
    *output = tensor_of[root];
    vg_free(tensor_of);
    return m;
}

/* Given; free it. */
static char *say_steps(const struct vg_model *m)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    assert_non_null(f);
    for (uint32_t i = 0; i < m->node_count; i++)
        (void)fprintf(f, "%s%s%s", i ? " " : "", op_words[m->node[i].op],
                      act_words[m->node[i].act]);
    (void)fclose(f);
    return text;
}

/* ------------------------------------------------------------ nets and what they compute */

/* Input: 3 planes of 4x4 (or as said), value = 100 * plane + 10 * row + column. `head` stands
 * before each net: it gives x. Values: of the output's tensor, from its first plane on. */
static const struct {
    const char *name, *net, *steps;
    double values[6];
    uint32_t count;
} nets[] = {
    {"1x1", "f32 w 2,3,1,1 1,0,0,0,1,1\nf32 b 2 0.5,1\nConv x,w,b y", "conv", {0.5, 1.5, 2.5}, 3},
    {"no bias, relu", "f32 w 1,3,1,1 -1,0,0\nConv x,w c\nRelu c y", "conv+leaky", {0, 0, 0}, 3},
    {"leaky",
     "f32 w 1,3,1,1 -1,0,0\nConv x,w c\nLeakyRelu c y alpha~0.5",
     "conv+leaky",
     {0, -0.5, -1},
     3},
    {"read twice, not fused",
     "f32 w 1,3,1,1 1,0,0\nConv x,w c\nSigmoid c s\nAdd c,s y",
     "conv act+sig add",
     {0.5, 1.7310586},
     2},
    {"silu",
     "f32 w 1,3,1,1 1,0,0\nConv x,w c\nSigmoid c s\nMul c,s y",
     "conv+silu",
     {0, 0.7310586, 1.7615942},
     3},
    {"silu the other way",
     "f32 w 1,3,1,1 1,0,0\nConv x,w c\nSigmoid c s\nMul s,c y",
     "conv+silu",
     {0, 0.7310586},
     2},
    {"hard swish of two",
     "opset 13\nf32 w 1,3,1,1 1,0,0\nConv x,w c\nHardSigmoid c s "
     "alpha~0.16666667;beta~0.5\nMul c,s y",
     "conv+hswish",
     {0, 0.6666667, 1.6666667},
     3},
    {"hard swish", "opset 14\nHardSwish x y", "act+hswish", {0, 0.6666667}, 2},
    {"relu6", "f32 z - 0\nf32 s - 6\nClip x,z,s y", "act+clip", {0, 1, 2, 3, 6, 6}, 6},
    {"clip without end", "f32 z - 0\nClip x,z y", "act+leaky", {0, 1, 2}, 3},
    {"batch norm after conv",
     "f32 w 1,3,1,1 1,0,0\nf32 g 1 2\nf32 b 1 1\nf32 m 1 3\nf32 v 1 4\nConv x,w c\n"
     "BatchNormalization c,g,b,m,v y epsilon~0",
     "conv",
     {-2, -1, 0},
     3},
    {"batch norm alone",
     "f32 g 3 1\nf32 b 3 1\nf32 m 3 0\nf32 v 3 4\nBatchNormalization x,g,b,m,v n epsilon~0\n"
     "Relu n y",
     "conv+leaky",
     {1, 1.5, 2},
     3},
    {"bias and factor",
     "f32 w 1,3,1,1 1,0,0\nf32 b 1,1,1,1 2\nf32 s - 3\nConv x,w c\nAdd c,b d\n"
     "Mul d,s e\nSub e,b f\nDiv f,s y",
     "conv",
     {1.3333334, 2.3333333},
     2},
    {"constant first", "f32 s - 3\nSub s,x y", "conv", {3, 2, 1}, 3},
    {"factor for each channel", "f32 s 1,3,1,1 2,1,1\nMul x,s y", "conv", {0, 2, 4}, 3},
    {"grouped", "f32 w 3,1,1,1 2,3,4\nConv x,w y group!3", "conv", {0, 2, 4}, 3},
    {"grouped by two",
     "f32 w 4,3,1,1 1,0,0,0,1,0,0,0,1,1,0,0\nf32 v 2,2,1,1 1\nConv x,w c\nConv c,v y group!2",
     "conv conv",
     {100, 102, 104},
     3},
    {"depthwise of a shuffle",
     "f32 w 4,3,1,1 1,0,0,0,1,0,0,0,1,1,0,0\nf32 v 4,1,1,1 1,2,3,4\nf32 u 1,4,1,1 0,1,0,0\n"
     "Conv x,w c\ni64 t 5 1,2,2,4,4\nReshape c,t r\nTranspose r q perm=0,2,1,3,4\n"
     "i64 b 4 1,4,4,4\nReshape q,b d\nConv d,v e group!4\nConv e,u y",
     "conv conv",
     {400, 402, 404},
     3},
    {"nine sources",
     "Relu x a\nRelu x b\nRelu x c\nRelu x d\nRelu x e\nRelu x f\nRelu x g\nRelu x h\nRelu x i\n"
     "Concat i,h,g,f,e,d,c,b,a y axis!1",
     "act+leaky act+leaky act+leaky act+leaky act+leaky act+leaky act+leaky act+leaky act+leaky "
     "chan chan",
     {0, 1, 2},
     3},
    {"stride, pad, dilation",
     "f32 w 1,3,3,3 1,0,0,0,0,0,0,0,0,0\nConv x,w y strides=2,2;pads=2,2,2,2;dilations=2,2",
     "conv",
     {0, 0, 0, 0},
     4},
    {"same upper",
     "f32 w 1,3,2,2 0,0,0,1,0\nConv x,w y auto_pad:SAME_UPPER",
     "conv",
     {11, 12, 13, 0},
     4},
    {"same lower",
     "f32 w 1,3,2,2 1,0\nConv x,w y auto_pad:SAME_LOWER",
     "conv",
     {0, 0, 0, 0, 0, 0},
     6},
    {"pad before conv",
     "i64 p 8 0,0,1,0,0,0,0,0\nf32 w 1,3,2,2 1,0\nPad x,p q\nConv q,w y",
     "conv",
     {0, 0, 0, 0, 1, 2},
     6},
    {"pad before mean",
     "i64 p 8 0,0,1,1,0,0,1,1\nPad x,p q\n"
     "AveragePool q y kernel_shape=3,3;strides=2,2",
     "avg",
     {22.0 / 9, 42.0 / 9},
     2},
    {"mean, border left out",
     "AveragePool x y kernel_shape=3,3;strides=2,2;pads=1,1,1,1",
     "avg",
     {5.5, 7},
     0},
    {"mean, border counted",
     "AveragePool x y kernel_shape=3,3;strides=2,2;pads=1,1,1,1;count_include_pad!1",
     "avg",
     {22.0 / 9, 42.0 / 9},
     2},
    {"max", "MaxPool x y kernel_shape=3,3;strides=2,2;pads=1,1,1,1", "max", {11, 13, 31, 33}, 4},
    {"max, rounded up",
     "MaxPool x y kernel_shape=3,3;strides=2,2;ceil_mode!1",
     "max",
     {22, 23, 32, 33},
     4},
    {"zeros before max of relu",
     "i64 p 8 0,0,1,1,0,0,0,0\nRelu x r\nPad r,p q\n"
     "MaxPool q y kernel_shape=2,2;strides=2,2",
     "act+leaky max",
     {0, 2, 20, 22},
     4},
    {"plane means", "GlobalAveragePool x y", "mean", {16.5, 116.5, 216.5}, 3},
    {"reduce", "ReduceMean x y axes=2,3;keepdims!0", "mean", {16.5, 116.5, 216.5}, 3},
    {"squeeze and excite",
     "f32 w 3,3,1,1 0\nf32 b 3 0\nGlobalAveragePool x g\nConv g,w,b h\nSigmoid h s\nMul x,s y",
     "mean conv+sig mul",
     {0, 0.5, 1},
     3},
    {"gated first", "GlobalAveragePool x g\nMul g,x y", "mean mul", {0, 16.5, 33}, 3},
    {"gemm",
     "f32 w 2,3 1,0,0,0,1\nf32 b 2 1\nGlobalAveragePool x g\nFlatten g f\n"
     "Gemm f,w,b y transB!1;alpha~2",
     "mean conv",
     {34, 667},
     2},
    {"matmul of cells",
     "i64 t 3 1,3,-1\nf32 w 3,1 1,0,0\nReshape x,t r\n"
     "Transpose r u perm=0,2,1\nMatMul u,w y",
     "conv",
     {0, 1, 2, 3, 10},
     5},
    {"nearest",
     "f32 s 4 1,1,2,2\nResize x,-,s y "
     "mode:nearest;coordinate_transformation_mode:asymmetric;nearest_mode:floor",
     "resize",
     {0, 0, 1, 1},
     4},
    {"linear, by sizes",
     "i64 s 4 1,3,8,8\nResize x,-,-,s y mode:linear",
     "resize",
     {0, 0.25, 0.75, 1.25},
     4},
    {"halved", "f32 s 4 1,1,0.5,0.5\nResize x,-,s y mode:linear", "resize", {5.5, 7.5, 25.5}, 3},
    {"sizes computed",
     "i64 two - 2\ni64 zero 1 0\ni64 end 1 2\ni64 one 1 1\nShape x s\nSlice s,zero,end n\n"
     "Slice s,end,four hw\ni64 four 1 4\nMul hw,two big\nConcat n,big sizes axis!0\n"
     "Resize x,-,-,sizes y mode:linear",
     "resize",
     {0, 0.25},
     2},
    {"sizes by gather",
     "i64 i - 2\ni64 j - 3\nf32 two - 2\nShape x s\nGather s,i h\nGather s,j w\nCast h hf to!1\n"
     "Mul hf,two h2\nFloor h2 h3\nCast h3 h4 to!7\nUnsqueeze h4 h5 axes=0\nUnsqueeze w w1 axes=0\n"
     "Add w1,w1 w2\ni64 n 2 1,3\nConcat n,h5,w2 sizes axis!0\nResize x,-,-,sizes y mode:linear",
     "resize",
     {0, 0.25},
     2},
    {"concat", "Relu x a\nConcat a,x y axis!1", "act+leaky chan", {0, 1, 2}, 3},
    {"split and swap",
     "opset 13\ni64 s 2 1,2\nSplit x,s a,b axis!1\nConcat b,a y axis!1",
     "chan",
     {100, 101, 102},
     3},
    {"shuffle before conv is weights",
     "f32 w 4,3,1,1 r1\nf32 v 1,4,1,1 r2\nConv x,w c\ni64 t 5 1,2,2,4,4\nReshape c,t r\n"
     "Transpose r u perm=0,2,1,3,4\ni64 b 4 1,4,4,4\nReshape u,b d\nConv d,v y",
     "conv conv",
     {0},
     0},
    {"halves by gather",
     "f32 w 4,3,1,1 r1\nConv x,w c\ni64 t 3 2,2,16\nReshape c,t r\nTranspose r u perm=1,0,2\n"
     "i64 b 5 2,-1,2,4,4\nReshape u,b d\ni64 i - 1\nGather d,i y axis!0",
     "conv chan",
     {0},
     0},
    {"focus",
     "i64 z 1 0\ni64 o 1 1\ni64 e 1 9223372036854775807\ni64 h 1 2\ni64 w 1 3\n"
     "Slice x,z,e,h,h a\nSlice a,z,e,w,h p\nSlice x,o,e,h,h b\nSlice b,z,e,w,h q\n"
     "Concat p,q y axis!1",
     "s2d chan",
     {0, 2, 20, 22},
     4},
    {"space to depth", "SpaceToDepth x y blocksize!2", "s2d", {0, 2, 20, 22}, 4},
    {"softmax", "opset 13\nSoftmax x y axis!1", "softmax", {0}, 1},
    {"softmax behind a turn",
     "Transpose x t perm=0,3,2,1\nSoftmax t s axis!3\n"
     "Transpose s y perm=0,3,2,1",
     "softmax",
     {0},
     1},
    {"half weights", "f16 h 1,3,1,1 0.5,0,0\nCast h w to!1\nConv x,w y", "conv", {0, 0.5, 1}, 3},
    {"typed fields", "f32t w 1,3,1,1 0.5,0,0\nf16t b 1 2\nConv x,w,b y", "conv", {2, 2.5, 3}, 3},
    {"constant node", "Constant - k value@f32_1,3,1,1_2,0,0\nConv x,k y", "conv", {0, 2, 4}, 3},
    {"identity, dropout, dead ends",
     "Relu x dead\nIdentity x i\nDropout i j\nf32 w 1,3,1,1 1,0,0\nConv j,w y",
     "conv",
     {0, 1},
     2},
    {"one channel for all",
     "f32 w 1,3,1,1 1,0,0\nConv x,w c\nMul x,c y",
     "conv chan mul",
     {0, 1, 4},
     3},
    {"squeeze and unsqueeze",
     "Unsqueeze x u axes=0\nSqueeze u s axes=0\nRelu s y",
     "act+leaky",
     {0, 1},
     2},
};

static struct vg_fault fault;

static enum vg_status fold(const char *net, struct vg_onnx_folded **folded)
{
    char text[4096];
    uint8_t *data = NULL;
    size_t size = 0;
    struct vg_onnx_graph graph;
    /* constants may stand behind their readers in a row: order matters for nodes alone */
    (void)snprintf(text, sizeof text, "input x 1,3,4,4\noutput y\n%s", net);
    fault = (struct vg_fault){.what = "", .place = ""};
    assert_int_equal(vg_onnx_write(text, &data, &size), 0);
    enum vg_status status = vg_onnx_graph_init(&graph, "net", data, size, &fault);
    *folded = NULL;
    if (status == VG_OK) {
        status = vg_onnx_fold(&graph, 4, 4, folded, &fault);
        vg_onnx_graph_release(&graph);
    }
    free(data);
    return status;
}

static void test_nets(void **state)
{
    (void)state;
    float input[48];
    uint32_t wrong = 0;
    for (unsigned i = 0; i < 48; i++)
        input[i] = (float)(100 * (i / 16) + 10 * (i / 4 % 4) + i % 4);
    for (size_t n = 0; n < sizeof nets / sizeof *nets; n++) {
        struct vg_onnx_folded *folded = NULL;
        struct vg_reference run;
        uint32_t output = 0;
        if (fold(nets[n].net, &folded)) {
            print_message("%s: %s: %s\n", nets[n].name, fault.what, fault.place);
            wrong++;
            continue;
        }
        struct vg_model *m = pack_steps(folded, &output);
        char *steps = say_steps(m);
        if (strcmp(steps, nets[n].steps) != 0) {
            print_message("%s: \"%s\"\n", nets[n].name, steps);
            wrong++;
        }
        free(steps);
        assert_int_equal(vg_reference_run(m, 4, 4, input, &run, &fault), VG_OK);
        for (uint32_t k = 0; k < nets[n].count; k++)
            if (fabs((double)run.tensor[output][k] - nets[n].values[k]) > 1e-5) {
                print_message("%s: value %u: %g\n", nets[n].name, k, (double)run.tensor[output][k]);
                wrong++;
            }
        vg_reference_release(&run);
        vg_model_close(&m);
        vg_onnx_folded_close(&folded);
    }
    assert_int_equal(wrong, 0);
}

/* ------------------------------------------------------------ each set of operators */

/* What the standard writes in another way from one set of operators to the next, and what it writes
 * alike: at each opset from `least` to `most` the same steps and values. */
static const struct {
    const char *name, *net, *steps;
    uint32_t least, most;
    double values[3];
} opsets[] = {
    {"convolution and bias",
     "f32 w 1,3,1,1 1,0,0\nf32 b 1 1\nConv x,w,b y",
     "conv",
     11,
     17,
     {1, 2, 3}},
    {"clip by inputs", "f32 z - 1\nf32 s - 2\nClip x,z,s y", "act+clip", 11, 17, {1, 1, 2}},
    {"pad by inputs",
     "i64 p 8 0,0,0,1,0,0,0,0\nf32 w 1,3,2,2 1,0\nPad x,p q\nConv q,w y",
     "conv",
     11,
     17,
     {0, 0, 1}},
    {"resize without a region",
     "f32 s 4 1,1,2,2\nResize x,-,s y mode:linear",
     "resize",
     11,
     17,
     {0, 0.25, 0.75}},
    {"resize with an empty region",
     "f32 r 0 0\nf32 s 4 1,1,2,2\nResize x,r,s y mode:linear",
     "resize",
     11,
     17,
     {0, 0.25, 0.75}},
    {"axes as an attribute",
     "Unsqueeze x u axes=0\nSqueeze u s axes=0\nRelu s y",
     "act+leaky",
     11,
     12,
     {0, 1, 2}},
    {"axes as an input",
     "i64 a 1 0\nUnsqueeze x,a u\nSqueeze u,a s\nRelu s y",
     "act+leaky",
     13,
     17,
     {0, 1, 2}},
    {"split as an attribute",
     "Split x a,b axis!1;split=1,2\nConcat b,a y axis!1",
     "chan",
     11,
     12,
     {100, 101, 102}},
    {"split as an input",
     "i64 s 2 1,2\nSplit x,s a,b axis!1\nConcat b,a y axis!1",
     "chan",
     13,
     17,
     {100, 101, 102}},
    {"split in equal parts",
     "Split x a,b,c axis!1\nConcat c,a,b y axis!1",
     "chan",
     11,
     17,
     {200, 201, 202}},
    {"softmax of the last axis",
     "Transpose x t perm=0,3,2,1\nSoftmax t s axis!3\nTranspose s y perm=0,3,2,1",
     "softmax",
     11,
     17,
     {0, 0, 0}},
    {"softmax of the last axis, unsaid",
     "Transpose x t perm=0,3,2,1\nSoftmax t s\nTranspose s y perm=0,3,2,1",
     "softmax",
     13,
     17,
     {0, 0, 0}},
    {"means", "ReduceMean x y axes=2,3", "mean", 11, 17, {16.5, 116.5, 216.5}},
    {"dropout with its inputs",
     "f32 r - 0.5\nDropout x,r d\nRelu d y",
     "act+leaky",
     12,
     17,
     {0, 1, 2}},
    {"a part of the shape",
     "f32 s 2 1,1\ni64 two 1 2\ni64 n 2 1,3\nShape x h start!2\nMul h,two b\n"
     "Concat n,b sizes axis!0\nResize x,-,-,sizes y mode:linear",
     "resize",
     15,
     17,
     {0, 0.25, 0.75}},
    {"a part of the shape, from its end",
     "i64 two 1 2\nShape x n end!2\nShape x h start!-2;end!4\nMul h,two b\n"
     "Concat n,b sizes axis!0\nResize x,-,-,sizes y mode:linear",
     "resize",
     15,
     17,
     {0, 0.25, 0.75}},
    {"hard swish", "HardSwish x y", "act+hswish", 14, 17, {0, 0.6666667, 1.6666667}},
    {"batch norm",
     "f32 g 3 1\nf32 b 3 1\nf32 m 3 0\nf32 v 3 4\nBatchNormalization x,g,b,m,v y epsilon~0",
     "conv",
     11,
     17,
     {1, 1.5, 2}},
};

static uint32_t opset_wrong(size_t n, uint32_t opset, const float *input)
{
    char net[2048];
    struct vg_onnx_folded *folded = NULL;
    struct vg_reference run;
    uint32_t output = 0, wrong = 0;
    (void)snprintf(net, sizeof net, "opset %u\n%s", opset, opsets[n].net);
    if (fold(net, &folded)) {
        print_message("%s, opset %u: %s: %s\n", opsets[n].name, opset, fault.what, fault.place);
        return 1;
    }
    struct vg_model *m = pack_steps(folded, &output);
    char *steps = say_steps(m);
    wrong += strcmp(steps, opsets[n].steps) != 0;
    assert_int_equal(vg_reference_run(m, 4, 4, input, &run, &fault), VG_OK);
    for (uint32_t k = 0; k < 3; k++)
        wrong += !(fabs((double)run.tensor[output][k] - opsets[n].values[k]) < 1e-5);
    if (wrong)
        print_message("%s, opset %u: \"%s\", %g %g %g\n", opsets[n].name, opset, steps,
                      (double)run.tensor[output][0], (double)run.tensor[output][1],
                      (double)run.tensor[output][2]);
    free(steps);
    vg_reference_release(&run);
    vg_model_close(&m);
    vg_onnx_folded_close(&folded);
    return wrong;
}

static void test_opsets(void **state)
{
    (void)state;
    float input[48];
    uint32_t wrong = 0;
    for (unsigned i = 0; i < 48; i++)
        input[i] = (float)(100 * (i / 16) + 10 * (i / 4 % 4) + i % 4);
    for (size_t n = 0; n < sizeof opsets / sizeof *opsets; n++)
        for (uint32_t opset = opsets[n].least; opset <= opsets[n].most; opset++)
            wrong += opset_wrong(n, opset, input);
    assert_int_equal(wrong, 0);
}

/* ------------------------------------------------------------ refused */

/* `head` as above; the place is that of node and operator. */
static const struct {
    const char *net, *what, *place;
} refused[] = {
    {"Tanh x y", "the operator is unknown", "net: node 0 \"y\" (Tanh)"},
    {"Relu x,x y", "the operator does not take that many inputs", "net: node 0 \"y\" (Relu): 2"},
    {"Conv x,x y", "the operator is not supported with an input that is no constant",
     "net: node 0 \"y\" (Conv)"},
    {"f32 w 1,2,1,1 1\nConv x,w y", "the operator is not supported with constants of such shapes",
     NULL},
    {"f32 w 1,3,1,1 nan\nConv x,w y",
     "the operator is not supported with weights that are not finite", NULL},
    {"f32 w 1,3,16,1 1\nConv x,w y",
     "the operator is not supported with such a window, stride, dilation or padding", NULL},
    {"f32 w 1,3,5,5 1\nConv x,w y", "the window is larger than the padded planes", NULL},
    {"i64 t 2 3,17\nReshape x,t y",
     "the operator is not supported with a target shape that does not fit", NULL},
    {"i64 t 2 6,8\nReshape x,t y",
     "the operator is not supported with a shape that mixes channels and cells", NULL},
    {"f32 s 4 1,1,1.5,1.5\nResize x,-,s y",
     "the operator is not supported with a scale that is not whole, or 1 by a whole", NULL},
    {"f32 s 4 1,1,2,2\nResize x,-,s y mode:cubic",
     "the operator is not supported with such a mode, centres or rounding", NULL},
    {"f32 s 1,1,4,1 1,2\nMul x,s y",
     "the operator is not supported with a constant that differs within a plane", NULL},
    {"Sub x,x y", "the operator is not supported with two tensors", NULL},
    {"f32 l - 0\nf32 h - 5000\nClip x,l,h y",
     "the operator is not supported with bounds that are open or too wide", NULL},
    {"Softmax x y axis!1", "the operator is not supported with such an axis", NULL},
    {"opset 13\nSoftmax x y axis!2",
     "the operator is not supported with an axis other than all channels", NULL},
    {"i64 p 8 0,0,1,1,0,0,1,1\nPad x,p q\nRelu q y",
     "the operator is not supported with a padded input", "net: node 1 \"y\" (Relu)"},
    {"i64 p 8 0,0,1,1,0,0,1,1\nPad x,p q\nMaxPool q y kernel_shape=3,3",
     "the operator is not supported with a border of zeros", NULL},
    {"i64 p 8 0,1,0,0,0,0,0,0\nPad x,p y",
     "the operator is not supported with axes other than rows and columns", NULL},
    {"MaxPool x p kernel_shape=2,2;strides=2,2\nConcat x,p y axis!1",
     "the operator is not supported with tensors of different shapes", NULL},
    {"Concat x,x y axis!2", "the operator is not supported with tensors of different shapes", NULL},
    {"opset 13\ni64 s 2 1,1\nSplit x,s y,z axis!1",
     "the operator is not supported with sizes that do not add up", NULL},
    {"i64 z 1 0\ni64 e 1 2\ni64 h 1 2\nSlice x,z,e,h y",
     "the operator is not supported with a slice of the planes other than every second row or "
     "column",
     NULL},
    {"Shape x s\nRelu s y",
     "the operator is not supported with an input that is no tensor of the picture", NULL},
    {"Relu z y", "the node reads a value that nothing before it writes",
     "net: node 0 \"y\" (Relu): 0"},
    {"Relu x y\nRelu x y", "two values of the graph have one name, or none", NULL},
    {"Relu x z", "the output does not come of the picture", "net: \"y\""},
    {"opset 10\nRelu x y", "the set of operators is of a version that is not read",
     "net: opset 10 (11..17)"},
    {"opset 18\nRelu x y", "the set of operators is of a version that is not read", NULL},
    {"input z 1,3,4,4\nRelu x y", "the net has more than one input", "net: \"z\""},
    {"i64 z 1 0\ni64 m - 9223372036854775807\nAdd m,m n\nReshape x,n y",
     "the operator is not supported with a result that is out of range", NULL},
    {"i64 d 1 1000000000\nConstantOfShape d c\nAdd x,c y",
     "the operator is not supported with constants of such shapes", NULL},
    {"i64 d 1 60000000\nConstantOfShape d c\nAdd x,c y",
     "the operator is not supported with constants that large", NULL},
};

static void test_refused(void **state)
{
    (void)state;
    uint32_t wrong = 0;
    for (size_t n = 0; n < sizeof refused / sizeof *refused; n++) {
        struct vg_onnx_folded *folded = NULL;
        const enum vg_status status = fold(refused[n].net, &folded);
        assert_null(status ? folded : NULL);
        if (status != VG_E_INPUT || strcmp(fault.what, refused[n].what) != 0 ||
            (refused[n].place && strcmp(fault.place, refused[n].place) != 0)) {
            print_message("row %zu: %d: \"%s\": \"%s\"\n", n, (int)status, fault.what, fault.place);
            wrong++;
        }
        vg_onnx_folded_close(&folded);
    }
    assert_int_equal(wrong, 0);
}

/* ------------------------------------------------------------ heads */

#define TWO_LEVELS(channels)                                                        \
    "input x 1,3,64,96\nf32 w " channels ",3,1,1 r1\nf32 v " channels ",3,1,1 r2\n" \
    "Conv x,w a strides=8,8\nConv x,v f strides=8,8\nMaxPool f b kernel_shape=2,2;strides=2,2\n"

static const struct {
    const char *name, *net;
    enum vg_head head;
    uint32_t bins, multiple, levels, stride[2];
} heads[] = {
    {"yolox",
     TWO_LEVELS("85") "i64 t 3 1,85,-1\nSplit a a1,a2 axis!1;split=4,81\nSigmoid a2 a3\n"
                      "Concat a1,a3 a4 axis!1\nSplit b b1,b2 axis!1;split=4,81\nSigmoid b2 b3\n"
                      "Concat b1,b3 b4 axis!1\nReshape a4,t a5\nReshape b4,t b5\n"
                      "Concat a5,b5 c axis!2\nTranspose c y perm=0,2,1\noutput y",
     VG_HEAD_YOLOX,
     0,
     32,
     2,
     {8, 16}},
    {"nanodet_plus",
     TWO_LEVELS("112") "i64 t 3 0,112,-1\nReshape b,t b5\nReshape a,t a5\n"
                       "Concat b5,a5 c axis!2\nSplit c s,d axis!1;split=80,32\nSigmoid s p\n"
                       "Concat p,d e axis!1\nTranspose e y perm=0,2,1\noutput y",
     VG_HEAD_NANODET_PLUS,
     8,
     32,
     2,
     {8, 16}},
    {"nanodet",
     TWO_LEVELS("124") "i64 t 3 0,80,-1\ni64 u 3 1,44,-1\nSplit a s,d axis!1;split=80,44\n"
                       "Sigmoid s p\nReshape p,t p5\nTranspose p5 cls perm=0,2,1\n"
                       "Reshape d,u d5\nTranspose d5 dis perm=0,2,1\noutput dis\noutput cls",
     VG_HEAD_NANODET,
     11,
     32,
     1,
     {8, 0}},
    {"fastestdet",
     TWO_LEVELS("85") "Split b o,r,s axis!1;split=1,4,80\nSigmoid o p\n"
                      "Transpose s s1 perm=0,2,3,1\nSoftmax s1 s2 axis!3\n"
                      "Transpose s2 s3 perm=0,3,1,2\nConcat p,r,s3 y axis!1\noutput y",
     VG_HEAD_FASTESTDET,
     0,
     32,
     1,
     {16, 0}},
    {"of one size",
     "input x 1,3,64,96\nf32 w 85,3,3,3 r1\ni64 t 3 1,85,-1\nf32 k 85,85,2,2 0\n"
     "Conv x,w f strides=2,2;auto_pad:SAME_UPPER\nMaxPool f a kernel_shape=3,3;strides=7,7\n"
     "Conv a,k q strides=3,3;auto_pad:SAME_UPPER\nGlobalAveragePool q g\nMul a,g h\n"
     "AveragePool h e kernel_shape=2,2;strides=2,2\n"
     "Split e a1,a2 axis!1;split=4,81\nSigmoid a2 a3\nConcat a1,a3 a4 axis!1\nReshape a4,t a5\n"
     "Transpose a5 y perm=0,2,1\noutput y",
     VG_HEAD_YOLOX,
     0,
     0,
     1,
     {32, 0}},
};

static enum vg_status import(const char *text, struct vg_model **model)
{
    uint8_t *data = NULL;
    size_t size = 0;
    fault = (struct vg_fault){.what = "", .place = ""};
    assert_int_equal(vg_onnx_write(text, &data, &size), 0);
    const enum vg_status status = vg_onnx_import("a/Net.onnx", data, size, NULL, model, &fault);
    free(data);
    return status;
}

/* What a level holds stands in the outputs too, cell by cell. */
static void check_values(const struct vg_model *m)
{
    struct vg_reference run;
    float *picture = vg_reference_picture(m, m->input_width, m->input_height), *values = NULL;
    size_t count = 0;
    assert_int_equal(vg_reference_run(m, m->input_width, m->input_height, picture, &run, &fault),
                     VG_OK);
    assert_int_equal(vg_reference_output(m, &run, m->output_count - 1, &values, &count), VG_OK);
    const struct vg_level *level = &m->level[m->level_count - 1];
    const float last = run.tensor[level->scores][0];
    uint32_t met = 0;
    for (size_t i = 0; i < count; i++)
        met += values[i] >= last && values[i] <= last;
    assert_true(met > 0);
    vg_free(values);
    vg_free(picture);
    vg_reference_release(&run);
}

static void test_heads(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof heads / sizeof *heads; n++) {
        struct vg_model *m = NULL;
        if (import(heads[n].net, &m))
            fail_msg("%s: %s: %s", heads[n].name, fault.what, fault.place);
        if (m->head != heads[n].head || m->bins != heads[n].bins ||
            m->input_multiple != heads[n].multiple || m->level_count != heads[n].levels ||
            m->input_width != 96 || m->input_height != 64)
            fail_msg("%s: head %d, %u bins, multiple %u, %u levels", heads[n].name, (int)m->head,
                     m->bins, m->input_multiple, m->level_count);
        for (uint32_t l = 0; l < m->level_count; l++)
            assert_int_equal(m->level[l].stride, heads[n].stride[l]);
        assert_string_equal(m->name, "net");
        check_values(m);
        vg_model_close(&m);
    }
}

static void test_heads_refused(void **state)
{
    (void)state;
    static const struct {
        const char *net, *what;
    } rows[] = {
        {"input x 1,3,64,64\nRelu x y\noutput y", "the kind of head was not recognised"},
        {"input x 1,3,64\nRelu x y\noutput y", "the net's input is not a picture of three planes"},
        {"input x 1,1,64,64\nRelu x y\noutput y",
         "the net's input is not a picture of three planes"},
        {"input x 1,3,64,64\nf32 w 8,3,1,1 r1\nConv x,w c strides=8,8\nSigmoid c y\noutput y",
         "the kind of head was not recognised"},
        {"input x 1,3,64,64\nf32 w 8,3,1,1 r1\nf32 v 4,3,1,1 r1\nConv x,w c strides=8,8\n"
         "Sigmoid c s\nConv x,v b strides=8,8\nSplit s o,p axis!1;split=1,7\n"
         "Concat o,b,p y axis!1\noutput y",
         "the file does not say what the classes of the net are"},
    };
    for (size_t n = 0; n < sizeof rows / sizeof *rows; n++) {
        struct vg_model *m = NULL;
        assert_int_equal(import(rows[n].net, &m), VG_E_INPUT);
        assert_null(m);
        if (strcmp(fault.what, rows[n].what) != 0)
            fail_msg("row %zu: \"%s\": \"%s\"", n, fault.what, fault.place);
    }
}

/* ------------------------------------------------------------ bad files */

/* Each outcome is a model or a fault with words; sanitizers watch the rest. */
static void import_bytes(const uint8_t *data, size_t size)
{
    struct vg_model *m = NULL;
    fault = (struct vg_fault){.what = NULL, .place = ""};
    uint8_t *copy =
        malloc(size ? size : 1); /* a block of its own, so that a byte too many is seen */
    assert_non_null(copy);
    if (size)
        memcpy(copy, data, size);
    const enum vg_status status = vg_onnx_import("bad", copy, size, NULL, &m, &fault);
    assert_true((status == VG_OK) == (m != NULL));
    if (status != VG_OK) {
        assert_non_null(fault.what);
        assert_int_equal(fault.status, status);
    }
    vg_model_close(&m);
    free(copy);
}

static void test_bad_files(void **state)
{
    (void)state;
    uint8_t *data = NULL;
    size_t size = 0;
    struct vg_random random;
    vg_random_seed(&random, 12);
    assert_int_equal(vg_onnx_write(heads[1].net, &data, &size), 0);
    for (size_t end = 0; end < size; end += end < 600 || end + 600 > size ? 1 : 37)
        import_bytes(data, end);
    for (uint32_t n = 0; n < 4000; n++) { /* one to three bits turned over, then back */
        size_t at[3];
        uint8_t bit[3];
        const uint32_t count = 1 + n % 3;
        for (uint32_t k = 0; k < count; k++) {
            at[k] = vg_random_below(&random, (uint32_t)(n % 2 ? size : 700));
            bit[k] = (uint8_t)(1u << vg_random_below(&random, 8));
            data[at[k]] ^= bit[k];
        }
        import_bytes(data, size);
        for (uint32_t k = 0; k < count; k++)
            data[at[k]] ^= bit[k];
    }
    free(data);
}

/* The n-th allocation fails, for every n until the import succeeds. */
static void test_no_memory(void **state)
{
    (void)state;
    uint8_t *data = NULL;
    size_t size = 0;
    enum vg_status status = VG_E_MEMORY;
    assert_int_equal(vg_onnx_write(heads[3].net, &data, &size), 0);
    for (uint32_t n = 1; status != VG_OK; n++) {
        struct vg_model *m = NULL;
        assert_true(n < 500);
        vg_alloc_fail_at(n);
        status = vg_onnx_import("net", data, size, NULL, &m, &fault);
        vg_alloc_fail_at(0);
        assert_true(status == VG_OK || status == VG_E_MEMORY);
        assert_true((status == VG_OK) == (m != NULL));
        vg_model_close(&m);
    }
    free(data);
}

/* ------------------------------------------------------------ memory */

/* The bound of onnx_import.h, and what it is made of. */
static uint64_t memory_bound(size_t file)
{
    return 9 * (uint64_t)file + VG_ONNX_GRAPH_BYTES + VG_ONNX_FOLD_BYTES + VG_ONNX_COMPUTED_MAX +
           4 * (uint64_t)VG_ONNX_WORDS_MAX + 2 * 4 * (uint64_t)VG_ONNX_WEIGHTS_MAX;
}

/* Small files that ask for much: by name, what repeats, how often. */
static const struct {
    const char *head, *line, *tail, *what;
    uint32_t times;
    uint64_t least; /* bytes that it must have come to for the row to show anything */
} greedy[] = {
    {"input x 1,3,64,64\nf32 f 2048,3,1,1 1\nf32 w 2048,2048,1,1 1\nConv x,f a0\n",
     "Conv a%u,w a%u\n", "Relu a%u y\noutput y", "the model is too large", 40, 200u << 20},
    {"input x 1,3,64,64\ni64 d 1 1000000\nConstantOfShape d k0\n", "Add k%u,k0 k%u\n",
     "Add x,k%u y\noutput y", "the operator is not supported with constants that large", 40,
     32u << 20},
    {"input x 1,3,64,64\nf32 f 1024,3,1,1 1\nConv x,f a0\n", "Concat a%u,a%u a%u axis!1\n",
     "Relu a%u y\noutput y", NULL, 30, 0},
};

static char *greedy_text(size_t n)
{
    const size_t room = 1 << 14;
    char *text = malloc(room);
    assert_non_null(text);
    size_t at = (size_t)snprintf(text, room, "%s", greedy[n].head);
    for (uint32_t i = 0; i < greedy[n].times; i++) {
        const char *line = greedy[n].line;
        for (unsigned word = 0; *line; line++) {
            if (line[0] != '%') {
                text[at++] = *line;
                continue;
            }
            at += (size_t)snprintf(text + at, room - at, "%u", n < 2 ? i + word : i + word / 2);
            word++;
            line++;
        }
    }
    for (const char *tail = greedy[n].tail; *tail; tail++) {
        if (*tail == '%') {
            at += (size_t)snprintf(text + at, room - at, "%u", greedy[n].times);
            tail++;
        } else {
            text[at++] = *tail;
        }
    }
    text[at] = '\0';
    return text;
}

static void test_memory_bound(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof greedy / sizeof *greedy; n++) {
        uint8_t *data = NULL;
        size_t size = 0;
        struct vg_model *m = NULL;
        char *text = greedy_text(n);
        fault = (struct vg_fault){.what = "", .place = ""};
        assert_int_equal(vg_onnx_write(text, &data, &size), 0);
        const uint64_t before = vg_alloc_held();
        vg_alloc_peak_reset();
        assert_int_equal(vg_onnx_import("greedy", data, size, NULL, &m, &fault), VG_E_INPUT);
        const uint64_t peak = vg_alloc_peak() - before;
        print_message("greedy %zu: %.1f MiB file, %.0f MiB at most, bound %.0f: %s: %s\n", n,
                      (double)size / (1 << 20), (double)peak / (1 << 20),
                      (double)memory_bound(size) / (1 << 20), fault.what, fault.place);
        assert_true(peak <= memory_bound(size));
        assert_true(peak >= greedy[n].least);
        assert_int_equal(vg_alloc_held(), before);
        assert_non_null(strstr(fault.place, ": node "));
        if (greedy[n].what)
            assert_string_equal(fault.what, greedy[n].what);
        free(text);
        free(data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_bound), cmocka_unit_test(test_nets),
        cmocka_unit_test(test_opsets),       cmocka_unit_test(test_refused),
        cmocka_unit_test(test_heads),        cmocka_unit_test(test_heads_refused),
        cmocka_unit_test(test_bad_files),    cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
