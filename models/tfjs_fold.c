/* What a node's result is to the folding:
 *
 *   CONST    its weight bytes
 *   TENSOR   a tensor of the model, seen as NCHW or NHWC, perhaps with a border still to be
 *            added by the convolution or pool that follows
 *   SPLIT    several tensors, told apart by the ":k" of who reads them
 *   SHAPE    a few integers that a Reshape will want
 *   FLAT     a tensor seen as [1, channels, cells];  CELLS: as [1, cells, channels]
 *
 * Node n of the model writes tensor n + 1. Handlers stand in a table by operator; each one
 * either describes its node's result exactly or refuses it. */
#include "models/tfjs_fold.h"

#include <stdio.h>
#include <string.h>

#include "models/head.h"
#include "models/model_check.h"
#include "models/tfjs_order.h"
#include "src/base/alloc.h"
#include "src/base/text.h"

enum kind {
    KIND_NONE,
    KIND_CONST,
    KIND_TENSOR,
    KIND_SPLIT,
    KIND_SHAPE,
    KIND_FLAT,
    KIND_CELLS
};
enum layout {
    LAYOUT_NCHW,
    LAYOUT_NHWC
};
enum border {
    BORDER_NONE,
    BORDER_ZERO,
    BORDER_MINUS_INFINITY
};

#define NO_CONV UINT32_MAX

struct value {
    enum kind kind;
    enum layout layout;
    uint32_t tensor, parts; /* parts: of a SPLIT, tensors tensor .. tensor + parts - 1 */
    enum border border;
    uint32_t pad;  /* width of the border */
    uint32_t conv; /* convolution that could still take a bias or an activation */
    int32_t shape[4];
    uint32_t rank;
    uint64_t stored; /* of a CONST: 1 + its first weight in the model; 0: not there yet */
};

struct fold {
    struct vg_tfjs_graph *graph;
    const struct vg_descriptor *descriptor;
    struct vg_model *model;
    struct value *value;                       /* by node of the graph */
    uint64_t room;                             /* floats that model->weights can hold */
    uint32_t map_room;                         /* words that model->map can hold */
    struct vg_size size[VG_MODEL_TENSORS_MAX]; /* of the planes, at the preferred input */
    bool has_bias[VG_MODEL_NODES_MAX];
};

/* ------------------------------------------------------------ inputs of a node */

static const struct value *input_value(const struct fold *f, uint32_t i, uint32_t k)
{
    return &f->value[f->graph->node[i].input[k]];
}

static enum vg_status refuse(const struct fold *f, uint32_t i, const char *what)
{
    return vg_tfjs_refuse(f->graph, i, what, "%s", f->graph->node[i].op);
}

/* Input k as a tensor. A part of a SPLIT becomes a plain tensor. The convolution behind it may
 * take what follows only if nobody else reads it. */
static enum vg_status tensor_input(const struct fold *f, uint32_t i, uint32_t k, struct value *out)
{
    const struct vg_tfjs_node *node = &f->graph->node[i];
    *out = *input_value(f, i, k);
    if (out->kind == KIND_SPLIT && node->part[k] < out->parts) {
        out->kind = KIND_TENSOR;
        out->tensor += node->part[k];
        return VG_OK;
    }
    if (out->kind != KIND_TENSOR || node->part[k] != 0)
        return refuse(
            f, i,
            N_("the operator is not supported with an input that is no tensor of the picture"));
    if (f->graph->node[node->input[k]].readers != 1)
        out->conv = NO_CONV;
    return VG_OK;
}

/* The same for operators that a border would change. */
static enum vg_status plain_input(const struct fold *f, uint32_t i, uint32_t k, struct value *out)
{
    const enum vg_status status = tensor_input(f, i, k, out);
    if (status == VG_OK && out->border != BORDER_NONE)
        return refuse(f, i, N_("the operator is not supported with a padded input"));
    return status;
}

static enum vg_status const_input(const struct fold *f, uint32_t i, uint32_t k,
                                  const struct vg_tfjs_const **out)
{
    *out = &f->graph->node[f->graph->node[i].input[k]].value;
    if (input_value(f, i, k)->kind != KIND_CONST || f->graph->node[i].part[k] != 0)
        return refuse(f, i, N_("the operator is not supported with an input that is no constant"));
    return VG_OK;
}

/* Input k as `count` integers exactly. */
static enum vg_status ints_input(const struct fold *f, uint32_t i, uint32_t k, int32_t *out,
                                 uint32_t count)
{
    const struct vg_tfjs_const *value = NULL;
    const enum vg_status status = const_input(f, i, k, &value);
    if (status != VG_OK)
        return status;
    if (value->type != VG_TFJS_INT32 || value->count != count)
        return refuse(f, i,
                      N_("the operator is not supported with a constant that is not of the "
                         "integers expected"));
    for (uint32_t n = 0; n < count; n++)
        out[n] = vg_tfjs_const_int(value, n);
    return VG_OK;
}

static uint32_t channels_of(const struct fold *f, const struct value *value)
{
    return f->model->tensor[value->tensor].channels;
}

static struct vg_size size_of(const struct fold *f, const struct value *value)
{
    return f->size[value->tensor];
}

static bool same_size(const struct fold *f, const struct value *a, const struct value *b)
{
    return size_of(f, a).width == size_of(f, b).width &&
           size_of(f, a).height == size_of(f, b).height;
}

/* ------------------------------------------------------------ steps and weights of the model */

/* A new step whose result of `channels` is the node's, in the layout of `like`, its first input. */
static enum vg_status emit(struct fold *f, uint32_t i, struct vg_node step, uint32_t channels,
                           const struct value *like)
{
    struct vg_model *m = f->model;
    if (m->node_count == VG_MODEL_NODES_MAX - 1)
        return refuse(f, i, N_("the graph has too many steps"));
    if (channels < 1 || channels > VG_MODEL_CHANNELS_MAX)
        return refuse(f, i,
                      N_("the operator is not supported with a number of channels out of range"));
    const uint32_t n = m->node_count++;
    m->tensor[m->tensor_count++].channels = channels;
    step.out = n + 1;
    step.in[0] = like->tensor;
    if (step.in_count == 0)
        step.in_count = 1;
    m->node[n] = step;
    f->value[i] = (struct value){.kind = KIND_TENSOR,
                                 .layout = like->layout,
                                 .tensor = n + 1,
                                 .conv = step.op == VG_OP_CONV ? n : NO_CONV};
    const char *why = vg_node_size(&m->node[n], f->size, &f->size[n + 1]);
    return why ? refuse(f, i, why) : VG_OK;
}

/* Room for `count` more weights. */
static enum vg_status reserve(struct fold *f, uint64_t count)
{
    struct vg_model *m = f->model;
    if (m->weight_count + count <= f->room)
        return VG_OK;
    const uint64_t room = 2 * f->room + count;
    if (m->weight_count + count > VG_MODEL_FILE_MAX / 4)
        return vg_fault_set(f->graph->fault, VG_E_INPUT, N_("the model is too large"), NULL, "%s",
                            f->graph->name);
    float *grown = vg_alloc_array((size_t)room, sizeof *grown);
    if (!grown)
        return vg_fault_set(f->graph->fault, VG_E_MEMORY, N_("no memory for the weights"), NULL,
                            "%s", f->graph->name);
    if (m->weight_count)
        memcpy(grown, m->weights, (size_t)m->weight_count * sizeof *grown);
    vg_free(m->weights);
    m->weights = grown;
    f->room = room;
    return VG_OK;
}

/* `count` more words of the map, still zero; the first's place into *first. */
static enum vg_status add_words(struct fold *f, uint32_t count, uint32_t *first)
{
    struct vg_model *m = f->model;
    if (count > VG_MODEL_MAP_MAX - m->map_count)
        return vg_fault_set(f->graph->fault, VG_E_INPUT, N_("the model is too large"), NULL, "%s",
                            f->graph->name);
    if (m->map_count + count > f->map_room) {
        const uint32_t room = 2 * f->map_room + count;
        uint32_t *grown = vg_alloc_array(room, sizeof *grown);
        if (!grown)
            return vg_fault_set(f->graph->fault, VG_E_MEMORY, N_("no memory for the model"), NULL,
                                "%s", f->graph->name);
        if (m->map_count)
            memcpy(grown, m->map, m->map_count * sizeof *grown);
        vg_free(m->map);
        m->map = grown;
        f->map_room = room;
    }
    *first = m->map_count;
    m->map_count += count;
    return VG_OK;
}

/* Stores kernel [row][column][in][out] as [out][in][row][column], once per constant. */
static enum vg_status store_kernel(struct fold *f, uint32_t source, uint64_t *first)
{
    const struct vg_tfjs_const *c = &f->graph->node[source].value;
    struct value *value = &f->value[source];
    if (value->stored == 0) {
        const enum vg_status status = reserve(f, c->count);
        if (status != VG_OK)
            return status;
        const uint64_t area = (uint64_t)c->dim[0] * c->dim[1];
        const uint64_t ins = c->dim[2], outs = c->dim[3];
        float *w = f->model->weights + f->model->weight_count;
        for (uint64_t at = 0; at < c->count; at++) {
            const uint64_t out = at % outs, in = at / outs % ins, xy = at / outs / ins;
            w[(out * ins + in) * area + xy] = vg_tfjs_const_float(c, at);
        }
        value->stored = 1 + f->model->weight_count;
        f->model->weight_count += c->count;
    }
    *first = value->stored - 1;
    return VG_OK;
}

static enum vg_status store_bias(struct fold *f, uint32_t source, uint64_t *first)
{
    const struct vg_tfjs_const *c = &f->graph->node[source].value;
    struct value *value = &f->value[source];
    if (value->stored == 0) {
        const enum vg_status status = reserve(f, c->count);
        if (status != VG_OK)
            return status;
        for (uint64_t at = 0; at < c->count; at++)
            f->model->weights[f->model->weight_count + at] = vg_tfjs_const_float(c, at);
        value->stored = 1 + f->model->weight_count;
        f->model->weight_count += c->count;
    }
    *first = value->stored - 1;
    return VG_OK;
}

/* Convolutions that no constant was added to get a bias of zeros. */
static enum vg_status fill_biases(struct fold *f)
{
    struct vg_model *m = f->model;
    for (uint32_t n = 0; n < m->node_count; n++) {
        if (m->node[n].op != VG_OP_CONV || f->has_bias[n])
            continue;
        const uint32_t channels = m->tensor[m->node[n].out].channels;
        const enum vg_status status = reserve(f, channels);
        if (status != VG_OK)
            return status;
        m->node[n].bias_first = m->weight_count;
        for (uint32_t c = 0; c < channels; c++)
            m->weights[m->weight_count++] = 0;
    }
    return VG_OK;
}

/* ------------------------------------------------------------ handlers: layout */

static enum vg_status fold_const(struct fold *f, uint32_t i)
{
    f->value[i] = (struct value){.kind = KIND_CONST, .conv = NO_CONV};
    return VG_OK;
}

static enum vg_status fold_placeholder(struct fold *f, uint32_t i)
{
    int32_t shape[4];
    uint32_t rank = 0;
    const struct vg_model *m = f->model;
    if (!vg_tfjs_attr_shape(&f->graph->node[i], shape, 4, &rank) || rank != 4)
        return refuse(f, i,
                      N_("the operator is not supported with a shape that is not of four sizes"));
    if ((shape[0] != 1 && shape[0] != -1) || shape[1] != 3 ||
        shape[2] != (int32_t)m->input_height || shape[3] != (int32_t)m->input_width)
        return vg_tfjs_refuse(f->graph, i, N_("the net's input is not that of the descriptor"),
                              "%d x %d x %d x %d ≠ 1 x 3 x %u x %u", shape[0], shape[1], shape[2],
                              shape[3], m->input_height, m->input_width);
    f->value[i] = (struct value){.kind = KIND_TENSOR, .layout = LAYOUT_NCHW, .conv = NO_CONV};
    return VG_OK;
}

static bool perm_is(const int32_t *perm, int32_t a, int32_t b, int32_t c)
{
    return perm[0] == 0 && perm[1] == a && perm[2] == b && perm[3] == c;
}

/* [1, channels, cells] to [1, cells, channels]. */
static enum vg_status fold_transpose_flat(struct fold *f, uint32_t i)
{
    int32_t perm[3] = {0};
    const enum vg_status status = ints_input(f, i, 1, perm, 3);
    if (status != VG_OK)
        return status;
    if (perm[0] != 0 || perm[1] != 2 || perm[2] != 1 || f->graph->node[i].part[0] != 0)
        return refuse(f, i,
                      N_("the operator is not supported with an order of axes that is not 0 2 1"));
    f->value[i] = *input_value(f, i, 0);
    f->value[i].kind = KIND_CELLS;
    return VG_OK;
}

static enum vg_status fold_transpose(struct fold *f, uint32_t i)
{
    int32_t perm[4] = {0};
    struct value in;
    if (input_value(f, i, 0)->kind == KIND_FLAT)
        return fold_transpose_flat(f, i);
    enum vg_status status = tensor_input(f, i, 0, &in);
    if (status == VG_OK)
        status = ints_input(f, i, 1, perm, 4);
    if (status != VG_OK)
        return status;
    if (in.layout == LAYOUT_NCHW && perm_is(perm, 2, 3, 1))
        in.layout = LAYOUT_NHWC;
    else if (in.layout == LAYOUT_NHWC && perm_is(perm, 3, 1, 2))
        in.layout = LAYOUT_NCHW;
    else
        return refuse(
            f, i,
            N_("the operator is not supported with an order of axes that is no change of layout"));
    f->value[i] = in;
    return VG_OK;
}

static enum vg_status fold_identity(struct fold *f, uint32_t i)
{
    struct value in = *input_value(f, i, 0);
    if (in.kind == KIND_CONST || in.kind == KIND_SPLIT)
        return refuse(
            f, i, N_("the operator is not supported with the result of a constant or of a split"));
    if (f->graph->node[f->graph->node[i].input[0]].readers != 1)
        in.conv = NO_CONV;
    f->value[i] = in;
    return VG_OK;
}

/* ------------------------------------------------------------ handlers: borders */

/* The same border on all four sides of the picture, none on batch and channels. */
static enum vg_status fold_border(struct fold *f, uint32_t i, enum border border)
{
    struct value in;
    int32_t pad[8] = {0};
    enum vg_status status = plain_input(f, i, 0, &in);
    if (status == VG_OK)
        status = ints_input(f, i, 1, pad, 8);
    if (status != VG_OK)
        return status;
    const uint32_t first = in.layout == LAYOUT_NCHW ? 4 : 2; /* of rows and columns */
    const int32_t width = pad[first];
    for (uint32_t k = 0; k < 8; k++)
        if (pad[k] != (k >= first && k < first + 4 ? width : 0))
            return refuse(f, i,
                          N_("the operator is not supported with a border that is not the same on "
                             "the four sides"));
    if (width < 1 || width > VG_MODEL_WINDOW_MAX / 2)
        return refuse(f, i,
                      N_("the operator is not supported with a border of no width, or too wide"));
    in.border = border;
    in.pad = (uint32_t)width;
    in.conv = NO_CONV;
    f->value[i] = in;
    return VG_OK;
}

static enum vg_status fold_pad(struct fold *f, uint32_t i)
{
    return fold_border(f, i, BORDER_ZERO);
}

/* The least half, -65504, is how converters write minus infinity where there is none. */
static enum vg_status fold_pad_value(struct fold *f, uint32_t i)
{
    const struct vg_tfjs_const *c = NULL;
    const enum vg_status status = const_input(f, i, 2, &c);
    if (status != VG_OK)
        return status;
    if (c->count != 1 || (c->type != VG_TFJS_HALF && c->type != VG_TFJS_FLOAT32))
        return refuse(
            f, i, N_("the operator is not supported with a border value that is not one number"));
    const float value = vg_tfjs_const_float(c, 0);
    if (value <= -65504)
        return fold_border(f, i, BORDER_MINUS_INFINITY);
    if (value >= 0 && value <= 0)
        return fold_border(f, i, BORDER_ZERO);
    return refuse(f, i,
                  N_("the operator is not supported with a border value that is neither zero nor "
                     "minus infinity"));
}

/* ------------------------------------------------------------ handlers: windows */

/* strides (and ksize) are [1, n, n, 1]. */
static bool square_attr(const struct vg_tfjs_node *node, const char *key, uint32_t *out)
{
    int32_t list[4];
    uint32_t count = 0;
    if (!vg_tfjs_attr_integers(node, key, list, 4, &count) || count != 4)
        return false;
    *out = (uint32_t)list[1];
    return list[0] == 1 && list[3] == 1 && list[1] == list[2] && list[1] > 0 && list[1] < 64;
}

/* What Conv2D and MaxPool have in common: NHWC, VALID, a square stride, no dilation, and a
 * border that keeps the size: (kernel - 1) / 2. */
static enum vg_status window_attrs(const struct fold *f, uint32_t i, const struct value *in,
                                   uint32_t kernel, uint32_t *stride)
{
    const struct vg_tfjs_node *node = &f->graph->node[i];
    char text[16];
    uint32_t dilation = 1;
    if (!vg_tfjs_attr_string(node, "data_format", text, sizeof text) || strcmp(text, "NHWC") != 0 ||
        in->layout != LAYOUT_NHWC)
        return refuse(f, i, N_("the operator is not supported with a layout other than NHWC"));
    if (!vg_tfjs_attr_string(node, "padding", text, sizeof text) || strcmp(text, "VALID") != 0)
        return refuse(f, i, N_("the operator is not supported with a padding other than VALID"));
    if (!square_attr(node, "strides", stride) || *stride > 2)
        return refuse(f, i, N_("the operator is not supported with strides other than 1 or 2"));
    if (node->attr && json_object_get(node->attr, "dilations") &&
        (!square_attr(node, "dilations", &dilation) || dilation != 1))
        return refuse(f, i, N_("the operator is not supported with a dilation"));
    if (kernel % 2 == 0 || kernel > VG_MODEL_WINDOW_MAX || in->pad != (kernel - 1) / 2)
        return refuse(
            f, i,
            N_("the operator is not supported with a window whose border does not keep the size"));
    return VG_OK;
}

static struct vg_window square_window(uint32_t side, uint32_t stride, uint32_t pad)
{
    return (struct vg_window){.size_y = side,
                              .size_x = side,
                              .stride_y = stride,
                              .stride_x = stride,
                              .dilation_y = 1,
                              .dilation_x = 1,
                              .above = pad,
                              .left = pad,
                              .below = pad,
                              .right = pad};
}

static enum vg_status fold_conv(struct fold *f, uint32_t i)
{
    struct value in;
    const struct vg_tfjs_const *k = NULL;
    uint32_t stride = 1;
    enum vg_status status = tensor_input(f, i, 0, &in);
    if (status == VG_OK)
        status = const_input(f, i, 1, &k);
    if (status != VG_OK)
        return status;
    if (k->rank != 4 || k->dim[0] != k->dim[1] || k->type == VG_TFJS_INT32 || k->count == 0 ||
        k->dim[2] != channels_of(f, &in))
        return refuse(
            f, i, N_("the operator is not supported with a kernel that does not fit its input"));
    status = window_attrs(f, i, &in, k->dim[0], &stride);
    if (status == VG_OK && in.border == BORDER_MINUS_INFINITY)
        return refuse(f, i, N_("the operator is not supported with a border that is not zero"));
    struct vg_node step = {.op = VG_OP_CONV, .groups = 1};
    step.window = square_window(k->dim[0], stride, in.pad);
    if (status == VG_OK)
        status = store_kernel(f, f->graph->node[i].input[1], &step.weight_first);
    if (status == VG_OK)
        status = emit(f, i, step, k->dim[3], &in);
    return status;
}

static enum vg_status fold_maxpool(struct fold *f, uint32_t i)
{
    struct value in;
    uint32_t kernel = 0, stride = 1;
    enum vg_status status = tensor_input(f, i, 0, &in);
    if (status != VG_OK)
        return status;
    if (!square_attr(&f->graph->node[i], "ksize", &kernel))
        return refuse(f, i, N_("the operator is not supported with a window that is not square"));
    status = window_attrs(f, i, &in, kernel, &stride);
    if (status == VG_OK && in.border == BORDER_ZERO)
        return refuse(f, i,
                      N_("the operator is not supported with a border that is not minus infinity"));
    const struct vg_node step = {.op = VG_OP_MAXPOOL,
                                 .window = square_window(kernel, stride, in.pad)};
    if (status == VG_OK)
        status = emit(f, i, step, channels_of(f, &in), &in);
    return status;
}

/* ------------------------------------------------------------ handlers: what follows a window */

/* A constant of one value per channel, the last axis: the bias of the convolution before. */
static enum vg_status fold_bias(struct fold *f, uint32_t i, uint32_t tensor_at, uint32_t const_at)
{
    struct value in;
    const struct vg_tfjs_const *c = NULL;
    enum vg_status status = plain_input(f, i, tensor_at, &in);
    if (status == VG_OK)
        status = const_input(f, i, const_at, &c);
    if (status != VG_OK)
        return status;
    if (in.conv == NO_CONV || f->has_bias[in.conv] || in.layout != LAYOUT_NHWC ||
        f->model->node[in.conv].act != VG_ACT_NONE)
        return refuse(
            f, i,
            N_("the operator is not supported with a constant added to what is no convolution"));
    if (c->rank != 1 || c->type == VG_TFJS_INT32 || c->count != channels_of(f, &in))
        return refuse(
            f, i,
            N_("the operator is not supported with a bias that is not one number per channel"));
    f->has_bias[in.conv] = true;
    f->value[i] = in;
    return store_bias(f, f->graph->node[i].input[const_at], &f->model->node[in.conv].bias_first);
}

static enum vg_status fold_leaky(struct fold *f, uint32_t i)
{
    struct value in;
    double alpha = 0;
    const enum vg_status status = plain_input(f, i, 0, &in);
    if (status != VG_OK)
        return status;
    if (!vg_tfjs_attr_float(&f->graph->node[i], "alpha", &alpha) || !(alpha >= 0 && alpha <= 1))
        return refuse(f, i,
                      N_("the operator is not supported with a slope that is not between 0 and 1"));
    if (in.conv == NO_CONV || f->model->node[in.conv].act != VG_ACT_NONE)
        return refuse(f, i,
                      N_("the operator is not supported with an activation of what is no "
                         "convolution of its own"));
    f->model->node[in.conv].act = VG_ACT_LEAKY;
    f->model->node[in.conv].act_a = (float)alpha;
    f->value[i] = in;
    f->value[i].conv = NO_CONV;
    return VG_OK;
}

/* ------------------------------------------------------------ handlers: tensors */

static enum vg_status fold_sum(struct fold *f, uint32_t i)
{
    struct value a, b;
    enum vg_status status = plain_input(f, i, 0, &a);
    if (status == VG_OK)
        status = plain_input(f, i, 1, &b);
    if (status != VG_OK)
        return status;
    if (a.layout != b.layout || channels_of(f, &a) != channels_of(f, &b) || !same_size(f, &a, &b))
        return refuse(f, i,
                      N_("the operator is not supported with two tensors of different shapes"));
    const struct vg_node step = {.op = VG_OP_ADD, .in = {0, b.tensor}, .in_count = 2};
    return emit(f, i, step, channels_of(f, &a), &a);
}

/* Whether `axis` is that of the channels, counted from the front or from the back. */
static bool channel_axis(int32_t axis, enum layout layout)
{
    const int32_t channels = layout == LAYOUT_NCHW ? 1 : 3;
    return axis == channels || axis == channels - 4;
}

/* Inputs one after another: their channels are mapped in this order. */
static enum vg_status fold_concat(struct fold *f, uint32_t i)
{
    const uint32_t count = f->graph->node[i].input_count - 1;
    struct value in[VG_MODEL_INPUTS_MAX] = {{.kind = KIND_NONE}};
    struct vg_node step = {.op = VG_OP_CHANNELS, .in_count = count};
    uint32_t channels = 0;
    int32_t axis = 0;
    enum vg_status status = ints_input(f, i, count, &axis, 1);
    for (uint32_t k = 0; status == VG_OK && k < count; k++) {
        status = plain_input(f, i, k, &in[k]);
        if (status != VG_OK)
            return status;
        if (in[k].layout != in[0].layout || !same_size(f, &in[k], &in[0]))
            return refuse(f, i,
                          N_("the operator is not supported with tensors of different shapes"));
        step.in[k] = in[k].tensor;
        channels += channels_of(f, &in[k]);
    }
    if (status != VG_OK)
        return status;
    if (!channel_axis(axis, in[0].layout))
        return refuse(f, i,
                      N_("the operator is not supported with an axis other than the channels"));
    status = add_words(f, channels, &step.map_first);
    if (status != VG_OK)
        return status;
    uint32_t *word = f->model->map + step.map_first;
    for (uint32_t k = 0; k < count; k++)
        for (uint32_t c = 0; c < channels_of(f, &in[k]); c++)
            *word++ = VG_MAP_WORD(k, c);
    return emit(f, i, step, channels, &in[0]);
}

static enum vg_status fold_resize(struct fold *f, uint32_t i)
{
    const struct vg_tfjs_node *node = &f->graph->node[i];
    struct value in;
    int32_t size[2] = {0, 0};
    bool centres = false, corners = true;
    enum vg_status status = plain_input(f, i, 0, &in);
    if (status == VG_OK)
        status = ints_input(f, i, 1, size, 2);
    if (status != VG_OK)
        return status;
    if (!vg_tfjs_attr_flag(node, "half_pixel_centers", &centres) || !centres ||
        !vg_tfjs_attr_flag(node, "align_corners", &corners) || corners)
        return refuse(f, i,
                      N_("the operator is not supported with centres other than half a pixel"));
    if (in.layout != LAYOUT_NHWC)
        return refuse(f, i, N_("the operator is not supported with a layout other than NHWC"));
    const int64_t rows = size_of(f, &in).height, columns = size_of(f, &in).width;
    const bool up = size[0] == 2 * rows && size[1] == 2 * columns;
    const bool down = 2 * (int64_t)size[0] == rows && 2 * (int64_t)size[1] == columns;
    if (!up && !down)
        return refuse(f, i,
                      N_("the operator is not supported with a size that is neither the double nor "
                         "the half"));
    const struct vg_node step = {.op = VG_OP_RESIZE,
                                 .resize = VG_RESIZE_LINEAR,
                                 .scale_num = up ? 2 : 1,
                                 .scale_den = up ? 1 : 2};
    return emit(f, i, step, channels_of(f, &in), &in);
}

/* `count` channels of the input from `first` on. */
static enum vg_status emit_part(struct fold *f, uint32_t i, const struct value *in, uint32_t first,
                                uint32_t count)
{
    struct vg_node step = {.op = VG_OP_CHANNELS};
    const enum vg_status status = add_words(f, count, &step.map_first);
    if (status != VG_OK)
        return status;
    for (uint32_t c = 0; c < count; c++)
        f->model->map[step.map_first + c] = VG_MAP_WORD(0, first + c);
    return emit(f, i, step, count, in);
}

/* One step a part. */
static enum vg_status fold_split(struct fold *f, uint32_t i)
{
    struct value in;
    const struct vg_tfjs_const *sizes = NULL;
    int32_t axis = 0;
    enum vg_status status = plain_input(f, i, 0, &in);
    if (status == VG_OK)
        status = const_input(f, i, 1, &sizes);
    if (status == VG_OK)
        status = ints_input(f, i, 2, &axis, 1);
    if (status != VG_OK)
        return status;
    if (!channel_axis(axis, in.layout))
        return refuse(f, i,
                      N_("the operator is not supported with an axis other than the channels"));
    if (sizes->type != VG_TFJS_INT32 || sizes->rank != 1 || sizes->count < 1 || sizes->count > 8)
        return refuse(
            f, i,
            N_("the operator is not supported with sizes that are not one to eight integers"));
    const uint32_t whole = channels_of(f, &in);
    uint32_t first = 0;
    for (uint32_t k = 0; k < sizes->count; k++) {
        const int32_t part = vg_tfjs_const_int(sizes, k);
        if (part < 1 || (uint32_t)part > whole - first)
            return refuse(
                f, i,
                N_("the operator is not supported with sizes that do not add up to the channels"));
        status = emit_part(f, i, &in, first, (uint32_t)part);
        if (status != VG_OK)
            return status;
        first += (uint32_t)part;
    }
    if (first != whole)
        return refuse(
            f, i,
            N_("the operator is not supported with sizes that do not add up to the channels"));
    f->value[i].kind = KIND_SPLIT;
    f->value[i].parts = (uint32_t)sizes->count;
    f->value[i].tensor -= (uint32_t)sizes->count - 1;
    return VG_OK;
}

static enum vg_status fold_sigmoid(struct fold *f, uint32_t i)
{
    struct value in;
    const struct vg_node step = {.op = VG_OP_ACT, .act = VG_ACT_SIGMOID};
    const enum vg_status status = plain_input(f, i, 0, &in);
    return status == VG_OK ? emit(f, i, step, channels_of(f, &in), &in) : status;
}

/* ------------------------------------------------------------ handlers: reshape targets */

/* Integers known now: a constant or a SHAPE. */
static bool shape_input(const struct fold *f, uint32_t i, uint32_t k, struct value *out)
{
    const struct vg_tfjs_const *c = &f->graph->node[f->graph->node[i].input[k]].value;
    *out = *input_value(f, i, k);
    if (f->graph->node[i].part[k] != 0)
        return false;
    if (out->kind == KIND_SHAPE)
        return true;
    if (out->kind != KIND_CONST || c->type != VG_TFJS_INT32 || c->rank != 1 || c->count > 4)
        return false;
    *out = (struct value){.kind = KIND_SHAPE, .rank = (uint32_t)c->count, .conv = NO_CONV};
    for (uint32_t n = 0; n < out->rank; n++)
        out->shape[n] = vg_tfjs_const_int(c, n);
    return true;
}

/* Without any sparse element this is a list of one repeated value. */
static enum vg_status fold_sparse(struct fold *f, uint32_t i)
{
    const struct vg_tfjs_const *indices = NULL, *values = NULL;
    int32_t rank = 0, fill = 0;
    enum vg_status status = const_input(f, i, 0, &indices);
    if (status == VG_OK)
        status = ints_input(f, i, 1, &rank, 1);
    if (status == VG_OK)
        status = const_input(f, i, 2, &values);
    if (status == VG_OK)
        status = ints_input(f, i, 3, &fill, 1);
    if (status != VG_OK)
        return status;
    if (indices->count != 0 || values->count != 0 || rank < 1 || rank > 4)
        return refuse(f, i, N_("the operator is not supported with sparse elements"));
    f->value[i] = (struct value){.kind = KIND_SHAPE, .rank = (uint32_t)rank, .conv = NO_CONV};
    for (int32_t n = 0; n < rank; n++)
        f->value[i].shape[n] = fill;
    return VG_OK;
}

static enum vg_status fold_shape_sum(struct fold *f, uint32_t i, const struct value *a,
                                     const struct value *b)
{
    if (a->rank != b->rank)
        return refuse(f, i,
                      N_("the operator is not supported with two lists of different lengths"));
    struct value sum = *a;
    for (uint32_t n = 0; n < a->rank; n++) {
        const int64_t s = (int64_t)a->shape[n] + b->shape[n];
        if (s < INT32_MIN || s > INT32_MAX)
            return refuse(f, i, N_("the operator is not supported with a sum out of range"));
        sum.shape[n] = (int32_t)s;
    }
    f->value[i] = sum;
    return VG_OK;
}

/* Add is three things: arithmetic of shapes, a bias, or a sum of two tensors. */
static enum vg_status fold_add(struct fold *f, uint32_t i)
{
    struct value a, b;
    if (shape_input(f, i, 0, &a) && shape_input(f, i, 1, &b))
        return fold_shape_sum(f, i, &a, &b);
    if (input_value(f, i, 1)->kind == KIND_CONST)
        return fold_bias(f, i, 0, 1);
    if (input_value(f, i, 0)->kind == KIND_CONST)
        return fold_bias(f, i, 1, 0);
    return fold_sum(f, i);
}

/* [1, C, H, W] to [1, C, cells]. */
static enum vg_status fold_reshape(struct fold *f, uint32_t i)
{
    struct value in, target;
    const enum vg_status status = plain_input(f, i, 0, &in);
    if (status != VG_OK)
        return status;
    if (in.layout != LAYOUT_NCHW || !shape_input(f, i, 1, &target) || target.rank != 3)
        return refuse(f, i,
                      N_("the operator is not supported with a change other than [1, C, H, W] to "
                         "[1, C, cells]"));
    const int64_t cells = (int64_t)size_of(f, &in).width * size_of(f, &in).height;
    if (target.shape[0] != 1 || target.shape[1] != (int64_t)channels_of(f, &in) ||
        (target.shape[2] != -1 && target.shape[2] != cells))
        return refuse(f, i,
                      N_("the operator is not supported with a change other than [1, C, H, W] to "
                         "[1, C, cells]"));
    in.kind = KIND_FLAT;
    in.conv = NO_CONV;
    f->value[i] = in;
    return VG_OK;
}

/* ------------------------------------------------------------ the table and the way through */

static const struct {
    const char *op;
    uint32_t inputs_least, inputs_most;
    enum vg_status (*fold)(struct fold *f, uint32_t i);
} handlers[] = {
    {"Add", 2, 2, fold_add},
    {"AddV2", 2, 2, fold_add},
    {"ConcatV2", 3, VG_TFJS_INPUTS_MAX, fold_concat},
    {"Const", 0, 0, fold_const},
    {"Conv2D", 2, 2, fold_conv},
    {"Identity", 1, 1, fold_identity},
    {"LeakyRelu", 1, 1, fold_leaky},
    {"MaxPool", 1, 1, fold_maxpool},
    {"Pad", 2, 2, fold_pad},
    {"PadV2", 3, 3, fold_pad_value},
    {"Placeholder", 0, 0, fold_placeholder},
    {"Reshape", 2, 2, fold_reshape},
    {"ResizeBilinear", 2, 2, fold_resize},
    {"Sigmoid", 1, 1, fold_sigmoid},
    {"SparseToDense", 4, 4, fold_sparse},
    {"SplitV", 3, 3, fold_split},
    {"Transpose", 2, 2, fold_transpose},
};
#define HANDLER_COUNT (sizeof handlers / sizeof handlers[0])

static size_t handler_of(const char *op)
{
    size_t h = 0;
    while (h < HANDLER_COUNT && strcmp(handlers[h].op, op) != 0)
        h++;
    return h;
}

enum vg_status vg_tfjs_operators(const struct vg_tfjs_graph *graph)
{
    uint32_t placeholders = 0;
    for (uint32_t i = 0; i < graph->node_count; i++) {
        const struct vg_tfjs_node *node = &graph->node[i];
        const size_t h = handler_of(node->op);
        if (h == HANDLER_COUNT)
            return vg_tfjs_refuse(graph, i, N_("the operator is unknown"), "%.80s", node->op);
        if (node->input_count < handlers[h].inputs_least ||
            node->input_count > handlers[h].inputs_most)
            return vg_tfjs_refuse(graph, i, N_("the operator does not take that many inputs"),
                                  "%s: %u", node->op, node->input_count);
        if (strcmp(node->op, "Placeholder") == 0 && ++placeholders > 1)
            return vg_tfjs_refuse(graph, i, N_("the net has more than one input"), "%s", node->op);
    }
    return VG_OK;
}

static enum vg_status refuse_output(const struct fold *f, const char *what, const char *name)
{
    return vg_fault_set(f->graph->fault, VG_E_INPUT, what, NULL, "%.120s: \"%.120s\"",
                        f->graph->name, name);
}

/* roots[] in the order of the file; at[o] is the node of output o. */
static enum vg_status find_outputs(const struct fold *f, uint32_t *roots, uint32_t *at)
{
    uint32_t found = 0;
    const struct vg_model *m = f->model;
    for (uint32_t o = 0; o < m->output_count; o++)
        at[o] = f->graph->node_count;
    for (uint32_t i = 0; i < f->graph->node_count; i++)
        for (uint32_t o = 0; o < m->output_count; o++)
            if (at[o] == f->graph->node_count &&
                strcmp(f->graph->node[i].name, m->output[o].name) == 0) {
                at[o] = i;
                roots[found++] = i;
            }
    for (uint32_t o = 0; o < m->output_count; o++)
        if (at[o] == f->graph->node_count)
            return refuse_output(f, N_("the net has no such output"), m->output[o].name);
    return VG_OK;
}

/* A node that no output needs would be dropped in silence: an output without a role, say. */
static enum vg_status check_reached(const struct fold *f)
{
    for (uint32_t i = 0; i < f->graph->node_count; i++)
        if (f->value[i].kind == KIND_NONE && strcmp(f->graph->node[i].op, "Const") != 0)
            return vg_tfjs_refuse(f->graph, i, N_("no output of the descriptor needs this node"),
                                  "%s", f->graph->node[i].op);
    return VG_OK;
}

static enum vg_status set_outputs(const struct fold *f, const uint32_t *at)
{
    for (uint32_t o = 0; o < f->model->output_count; o++) {
        const struct value *value = &f->value[at[o]];
        if (value->kind != KIND_CELLS)
            return vg_tfjs_refuse(f->graph, at[o],
                                  N_("the output has not the shape [1, cells, channels]"), "%s",
                                  f->graph->node[at[o]].op);
        f->model->output[o].layout = VG_LAYOUT_CELLS;
        f->model->output[o].part_count = 1;
        f->model->output[o].part[0] = value->tensor;
    }
    return VG_OK;
}

/* The output of another role whose planes have the size of output o's. */
static enum vg_status find_pair(const struct fold *f, uint32_t o, uint32_t *pair)
{
    const struct vg_model *m = f->model;
    const struct vg_size size = f->size[m->output[o].part[0]];
    uint32_t found = 0;
    for (uint32_t p = 0; p < m->output_count; p++) {
        const struct vg_size other = f->size[m->output[p].part[0]];
        if (other.width != size.width || other.height != size.height)
            continue;
        if (p != o && f->descriptor->role[p] == f->descriptor->role[o])
            return refuse_output(f, N_("two outputs have one role and one size"),
                                 m->output[p].name);
        if (p != o) {
            *pair = p;
            found++;
        }
    }
    return found == 1 ? VG_OK
                      : refuse_output(f, N_("scores and distances do not come in pairs"),
                                      m->output[o].name);
}

/* Puts a level among those of smaller strides. */
static void insert_level(struct vg_model *m, struct vg_level level)
{
    uint32_t at = m->level_count++;
    for (; at > 0 && m->level[at - 1].stride > level.stride; at--)
        m->level[at] = m->level[at - 1];
    m->level[at] = level;
}

/* Pairs of scores and distances of one size become levels; whether the stride is sound is said by
 * the check of the model. */
static enum vg_status set_levels(const struct fold *f)
{
    struct vg_model *m = f->model;
    for (uint32_t o = 0; o < m->output_count; o++) {
        uint32_t pair = 0;
        const enum vg_status status = find_pair(f, o, &pair);
        if (status != VG_OK)
            return status;
        if (f->descriptor->role[o] != VG_OUTPUT_SCORES)
            continue;
        if (m->level_count == VG_MODEL_LEVELS_MAX)
            return refuse_output(f, N_("the net has too many levels"), m->output[o].name);
        const uint32_t scores = m->output[o].part[0];
        insert_level(m, (struct vg_level){.stride = m->input_width / f->size[scores].width,
                                          .scores = scores,
                                          .boxes = m->output[pair].part[0],
                                          .objectness = VG_MODEL_NONE});
    }
    return VG_OK;
}

/* What this importer can make levels of: outputs of the NanoDet heads, by their roles. */
static enum vg_status check_descriptor(const struct fold *f)
{
    const struct vg_model *m = &f->descriptor->model;
    if (!vg_head_has_bins(m->head))
        return refuse_output(f, N_("a TensorFlow.js graph with this head is not supported"),
                             vg_head_name(m->head));
    if (m->output_count == 0)
        return refuse_output(f, N_("the descriptor names no outputs"), m->name);
    for (uint32_t o = 0; o < m->output_count; o++)
        if (f->descriptor->role[o] == VG_OUTPUT_ALL)
            return refuse_output(f, N_("the output must hold scores or distances"),
                                 m->output[o].name);
    return VG_OK;
}

static enum vg_status fold_all(struct fold *f, uint32_t *order)
{
    uint32_t roots[VG_MODEL_OUTPUTS_MAX], at[VG_MODEL_OUTPUTS_MAX], count = 0;
    enum vg_status status = vg_tfjs_operators(f->graph);
    if (status == VG_OK)
        status = check_descriptor(f);
    if (status == VG_OK)
        status = find_outputs(f, roots, at);
    if (status == VG_OK)
        status = vg_tfjs_order(f->graph, roots, f->model->output_count, order, &count);
    for (uint32_t n = 0; status == VG_OK && n < count; n++)
        status = handlers[handler_of(f->graph->node[order[n]].op)].fold(f, order[n]);
    if (status == VG_OK)
        status = check_reached(f);
    if (status == VG_OK)
        status = set_outputs(f, at);
    if (status == VG_OK)
        status = set_levels(f);
    return status == VG_OK ? fill_biases(f) : status;
}

enum vg_status vg_tfjs_fold(struct vg_tfjs_graph *graph, const struct vg_descriptor *descriptor,
                            struct vg_model **model, struct vg_fault *fault)
{
    *model = NULL;
    graph->fault = fault;
    struct fold *f = vg_alloc(sizeof *f);
    struct vg_model *m = vg_alloc(sizeof *m);
    struct value *values = vg_alloc_array(graph->node_count, sizeof *values);
    uint32_t *order = vg_alloc_array(graph->node_count, sizeof *order);
    enum vg_status status = VG_OK;
    if (!f || !m || !values || !order) {
        status = vg_fault_set(fault, VG_E_MEMORY, N_("no memory for the model"), NULL, "%s",
                              graph->name);
        goto done;
    }
    *m = descriptor->model;
    m->tensor_count = 1;
    m->tensor[0].channels = 3;
    f->size[0] = (struct vg_size){m->input_width, m->input_height};
    f->graph = graph;
    f->descriptor = descriptor;
    f->model = m;
    f->value = values;
    status = fold_all(f, order);
done:
    vg_free(order);
    vg_free(values);
    vg_free(f);
    if (status == VG_OK)
        *model = m;
    else
        vg_model_close(&m);
    return status;
}
