/* Handlers of the operators that become steps. Where an operator treats each channel alike, the
 * channels may stand in any order in the tensors: the view's list says which is which. */
#include <math.h>
#include <string.h>

#include "models/model_check.h"
#include "models/onnx_fold_state.h"
#include "src/base/alloc.h"
#include "src/base/text.h"

static const char *const bad_axis = N_("the operator is not supported with such an axis");
static const char *const bad_shape =
    N_("the operator is not supported with constants of such shapes");
static const char *const no_constant =
    N_("the operator is not supported with an input that is no constant");

static const struct vg_window one_by_one = {1, 1, 1, 1, 1, 1, 0, 0, 0, 0};

static struct vg_onnx_net *net_of(struct vg_onnx_work *work)
{
    return &work->out->net;
}

/* `count` words that live as long as the net. */
static uint32_t *words(struct vg_onnx_work *work, uint32_t count)
{
    return vg_onnx_pool_take(&net_of(work)->pool, count);
}

/* ------------------------------------------------------------ each channel for itself */

static void set_size(const struct vg_onnx_net *net, uint32_t tensor, struct vg_onnx_part *part)
{
    part->height = net->size[tensor].height;
    part->width = net->size[tensor].width;
}

/* `node` on one part of the view; its list then names the new tensor. */
static const char *unary_part(struct vg_onnx_work *work, const struct vg_node *node,
                              uint32_t channels, struct vg_onnx_part *part)
{
    struct vg_onnx_net *net = net_of(work);
    struct vg_onnx_step step = {.node = *node};
    uint32_t *place = words(work, channels), tensor = 0;
    if (!place)
        return vg_onnx_no_memory;
    step.node.in_count = 1;
    const char *why = vg_onnx_net_any(net, part->word, channels, &step.node.in[0], place);
    if (!why)
        why = vg_onnx_net_add(net, step, channels, &tensor);
    if (why)
        return why;
    for (uint32_t k = 0; k < channels; k++)
        place[k] = VG_MAP_WORD(tensor, place[k]);
    part->word = place;
    set_size(net, tensor, part);
    return NULL;
}

static const char *unary(struct vg_onnx_work *work, const struct vg_node *node,
                         struct vg_onnx_view *view)
{
    const char *why = NULL;
    for (uint32_t p = 0; !why && p < view->part_count; p++)
        why = unary_part(work, node, view->channels, &view->part[p]);
    return why;
}

/* Rows and columns of a view [1, channels, rows, columns] follow its part. */
static void follow_part(const struct vg_onnx_net *net, struct vg_onnx_view *view)
{
    const bool single = net->single[VG_MAP_INPUT(view->part[0].word[0])];
    view->axis[2] =
        (struct vg_onnx_axis){single ? VG_AXIS_ONE : VG_AXIS_ROWS, view->part[0].height};
    view->axis[3] =
        (struct vg_onnx_axis){single ? VG_AXIS_ONE : VG_AXIS_COLUMNS, view->part[0].width};
    view->border = (struct vg_onnx_border){.above = 0};
}

static const char *set_planes(struct vg_onnx_work *work, struct vg_onnx_view *view)
{
    follow_part(net_of(work), view);
    return vg_onnx_set_view(work, 0, view);
}

/* ------------------------------------------------------------ activations */

/* v = v * factor + addend for each channel of the view; the arrays are in the list's order. */
static const char *affine_part(struct vg_onnx_work *work, const double *factor,
                               const double *addend, uint32_t channels, struct vg_onnx_part *part)
{
    struct vg_onnx_net *net = net_of(work);
    struct vg_onnx_step step = {
        .node = {.op = VG_OP_CONV, .in_count = 1, .groups = channels, .window = one_by_one}};
    uint32_t *place = words(work, channels), tensor = 0;
    if (!place)
        return vg_onnx_no_memory;
    const char *why = vg_onnx_net_any(net, part->word, channels, &step.node.in[0], place);
    if (why)
        return why;
    why = vg_onnx_net_weights(net, &step, channels, channels);
    for (uint32_t k = 0; !why && k < channels; k++) {
        step.weight[place[k]] = (float)factor[k];
        step.bias[place[k]] = (float)addend[k];
        if (!isfinite(step.weight[place[k]]) || !isfinite(step.bias[place[k]]))
            why = N_("the operator is not supported with weights that are not finite");
    }
    if (why) {
        vg_free(step.weight);
        vg_free(step.bias);
        return why;
    }
    why = vg_onnx_net_add(net, step, channels, &tensor);
    if (why)
        return why;
    for (uint32_t k = 0; k < channels; k++)
        place[k] = VG_MAP_WORD(tensor, place[k]);
    part->word = place;
    return NULL;
}

static const char *affine(struct vg_onnx_work *work, const double *factor, const double *addend,
                          struct vg_onnx_view *view)
{
    const char *why = NULL;
    bool nothing = true;
    for (uint32_t k = 0; k < view->channels; k++)
        nothing = nothing && factor[k] >= 1 && factor[k] <= 1 && addend[k] >= 0 && addend[k] <= 0;
    for (uint32_t p = 0; !why && !nothing && p < view->part_count; p++)
        why = affine_part(work, factor, addend, view->channels, &view->part[p]);
    return why;
}

/* A bound of Clip: an input that may be left out. */
static const char *bound_in(const struct vg_onnx_work *work, uint32_t k, double *bound)
{
    const struct vg_onnx_array *array = vg_onnx_const_in(work, k);
    if (!vg_onnx_given(work, k))
        return NULL;
    if (!array || array->count != 1)
        return no_constant;
    *bound = vg_onnx_array_number(array, 0);
    return NULL;
}

static const char *clip_act(const struct vg_onnx_work *work, struct vg_node *node)
{
    double low = -HUGE_VAL, high = HUGE_VAL;
    const char *why = bound_in(work, 1, &low);
    if (!why)
        why = bound_in(work, 2, &high);
    if (why)
        return why;
    if (low >= 0 && low <= 0 && high > 3e38) { /* ReLU */
        node->act = VG_ACT_LEAKY;
        return NULL;
    }
    if (!(low >= -1000 && high <= 1000 && low <= high))
        return N_("the operator is not supported with bounds that are open or too wide");
    node->act = VG_ACT_CLIP;
    node->act_a = (float)low;
    node->act_b = (float)high;
    return NULL;
}

static const char *named_act(const struct vg_onnx_work *work, struct vg_node *node)
{
    const struct vg_onnx_text op = work->node->op;
    if (vg_onnx_text_is(op, "Clip"))
        return clip_act(work, node);
    if (vg_onnx_text_is(op, "Relu")) {
        node->act = VG_ACT_LEAKY;
    } else if (vg_onnx_text_is(op, "LeakyRelu")) {
        node->act = VG_ACT_LEAKY;
        node->act_a = (float)vg_onnx_attr_float(work->node, "alpha", 0.01);
        if (!(node->act_a >= 0 && node->act_a <= 1))
            return N_("the operator is not supported with a slope outside 0 to 1");
    } else if (vg_onnx_text_is(op, "Sigmoid")) {
        node->act = VG_ACT_SIGMOID;
    } else if (vg_onnx_text_is(op, "HardSwish")) {
        node->act = VG_ACT_HARD_SWISH;
    } else { /* HardSigmoid */
        node->act = VG_ACT_HARD_SIGMOID;
        node->act_a = (float)vg_onnx_attr_float(work->node, "alpha", 0.2);
        node->act_b = (float)vg_onnx_attr_float(work->node, "beta", 0.5);
        if (!(node->act_a > 0 && node->act_a <= 1000 && fabsf(node->act_b) <= 1000))
            return N_("the operator is not supported with a slope out of range");
    }
    return NULL;
}

const char *vg_onnx_step_act(struct vg_onnx_work *work)
{
    struct vg_node node = {.op = VG_OP_ACT};
    const struct vg_onnx_view *in = NULL;
    const char *why = vg_onnx_plain_in(work, 0, &in);
    if (!why)
        why = named_act(work, &node);
    if (why)
        return why;
    struct vg_onnx_view view = *in;
    why = unary(work, &node, &view);
    return why ? why : vg_onnx_set_view(work, 0, &view);
}

/* Before opset 13 all axes from `axis` on were one. */
const char *vg_onnx_step_softmax(struct vg_onnx_work *work)
{
    const bool old = work->graph->opset < 13;
    const struct vg_onnx_view *in = NULL;
    uint32_t axis = 0;
    const char *why = vg_onnx_plain_in(work, 0, &in);
    if (why)
        return why;
    if (!vg_onnx_axis_of(vg_onnx_attr_int(work->node, "axis", old ? 1 : -1), in->rank, &axis))
        return bad_axis;
    for (uint32_t d = axis; old && d < in->rank; d++)
        if (in->axis[d].kind == VG_AXIS_CHANNELS)
            axis = d;
    for (uint32_t d = axis + 1; old && d < in->rank; d++)
        if (in->axis[d].kind != VG_AXIS_ONE)
            return bad_axis;
    if (axis != vg_onnx_view_channel_axis(in))
        return N_("the operator is not supported with an axis other than all channels");
    struct vg_onnx_view view = *in;
    why = unary(work, &(struct vg_node){.op = VG_OP_SOFTMAX}, &view);
    return why ? why : vg_onnx_set_view(work, 0, &view);
}

/* ------------------------------------------------------------ windows */

/* Two numbers of an attribute, or `otherwise`. */
static const char *pair_attr(const struct vg_onnx_work *work, const char *name, uint32_t otherwise,
                             uint32_t *rows, uint32_t *columns)
{
    struct vg_onnx_attr attr;
    *rows = *columns = otherwise;
    if (!vg_onnx_attr(work->node, name, &attr))
        return NULL;
    if (attr.list_count != 2 || attr.list[0] < 1 || attr.list[0] > 64 || attr.list[1] < 1 ||
        attr.list[1] > 64)
        return N_("the operator is not supported with such a window, stride, dilation or padding");
    *rows = (uint32_t)attr.list[0];
    *columns = (uint32_t)attr.list[1];
    return NULL;
}

/* SAME: as much padding as makes ceil(size / stride) outputs; the odd one goes where `late` says.
 * It is the same at all sizes that the stride divides. */
static void pad_same(struct vg_onnx_work *work, uint32_t size, uint32_t window, uint32_t stride,
                     bool late, uint32_t *before, uint32_t *after)
{
    const uint32_t outputs = (size + stride - 1) / stride;
    const uint32_t wanted = (outputs - 1) * stride + window;
    const uint32_t pad = wanted > size ? wanted - size : 0;
    if (size % stride)
        work->out->one_size = true;
    *before = late ? pad / 2 : pad - pad / 2;
    *after = pad - *before;
}

static const char *read_pads(struct vg_onnx_work *work, const struct vg_onnx_view *in,
                             struct vg_window *w)
{
    struct vg_onnx_attr attr;
    const bool upper = vg_onnx_attr_is(work->node, "auto_pad", "SAME_UPPER", "");
    if (upper || vg_onnx_attr_is(work->node, "auto_pad", "SAME_LOWER", "")) {
        const struct vg_onnx_border *b = &in->border;
        pad_same(work, in->part[0].height + b->above + b->below,
                 w->dilation_y * (w->size_y - 1) + 1, w->stride_y, upper, &w->above, &w->below);
        pad_same(work, in->part[0].width + b->left + b->right, w->dilation_x * (w->size_x - 1) + 1,
                 w->stride_x, upper, &w->left, &w->right);
        return NULL;
    }
    if (!vg_onnx_attr_is(work->node, "auto_pad", "NOTSET", "NOTSET") &&
        !vg_onnx_attr_is(work->node, "auto_pad", "VALID", "NOTSET"))
        return N_("the operator is not supported with such an auto_pad");
    if (vg_onnx_attr_is(work->node, "auto_pad", "VALID", "NOTSET") ||
        !vg_onnx_attr(work->node, "pads", &attr))
        return NULL;
    if (attr.list_count != 4)
        return bad_shape;
    for (unsigned k = 0; k < 4; k++)
        if (attr.list[k] < 0 || attr.list[k] > 255)
            return N_(
                "the operator is not supported with such a window, stride, dilation or padding");
    w->above = (uint32_t)attr.list[0];
    w->left = (uint32_t)attr.list[1];
    w->below = (uint32_t)attr.list[2];
    w->right = (uint32_t)attr.list[3];
    return NULL;
}

/* kernel: rows and columns. */
static const char *read_window(struct vg_onnx_work *work, const struct vg_onnx_view *in,
                               const uint32_t *kernel, struct vg_window *w)
{
    *w = (struct vg_window){.size_y = kernel[0], .size_x = kernel[1]};
    if (kernel[0] < 1 || kernel[0] > 64 || kernel[1] < 1 || kernel[1] > 64)
        return N_("the operator is not supported with such a window, stride, dilation or padding");
    const char *why = pair_attr(work, "strides", 1, &w->stride_y, &w->stride_x);
    if (!why)
        why = pair_attr(work, "dilations", 1, &w->dilation_y, &w->dilation_x);
    return why ? why : read_pads(work, in, w);
}

static void add_border(const struct vg_onnx_border *border, struct vg_window *w)
{
    w->above += border->above;
    w->left += border->left;
    w->below += border->below;
    w->right += border->right;
}

static bool has_border(const struct vg_onnx_view *view)
{
    const struct vg_onnx_border *b = &view->border;
    return b->above || b->left || b->below || b->right;
}

/* ------------------------------------------------------------ convolutions */

/* Weights as [out][in of a group][row and column], wherever they lie in their constant. */
struct kernel {
    const struct vg_onnx_array *array;
    uint32_t outs, ins, area;
    uint64_t out_step, in_step; /* in elements */
    double factor;
};

static float kernel_at(const struct kernel *kernel, uint32_t out, uint32_t in, uint32_t at)
{
    const uint64_t i = out * kernel->out_step + in * kernel->in_step + at;
    return (float)(vg_onnx_array_number(kernel->array, i) * kernel->factor);
}

static bool all_finite(const struct vg_onnx_step *step, uint32_t outs)
{
    for (uint64_t k = 0; k < step->weight_count; k++)
        if (!isfinite(step->weight[k]))
            return false;
    for (uint32_t k = 0; k < outs; k++)
        if (!isfinite(step->bias[k]))
            return false;
    return true;
}

/* place_out, place_in: where the model has the graph's channels; NULL: in the same place. */
static void fill_weights(const struct kernel *kernel, const struct vg_onnx_array *bias,
                         double bias_factor, const uint32_t *place_out, const uint32_t *place_in,
                         struct vg_onnx_step *step)
{
    for (uint32_t o = 0; o < kernel->outs; o++) {
        const uint32_t to = place_out ? place_out[o] : o;
        for (uint32_t i = 0; i < kernel->ins; i++) {
            const uint64_t row = (uint64_t)to * kernel->ins + (place_in ? place_in[i] : i);
            for (uint32_t a = 0; a < kernel->area; a++)
                step->weight[row * kernel->area + a] = kernel_at(kernel, o, i, a);
        }
        if (bias)
            step->bias[to] =
                (float)(vg_onnx_array_number(bias, bias->count == 1 ? 0 : o) * bias_factor);
    }
}

/* Depthwise: the outputs of channel c stand where c stands. */
static const char *out_places(struct vg_onnx_work *work, const uint32_t *place_in, uint32_t ins,
                              uint32_t outs, uint32_t **place_out)
{
    const uint32_t each = outs / ins;
    *place_out = words(work, outs);
    if (!*place_out)
        return vg_onnx_no_memory;
    for (uint32_t o = 0; o < outs; o++)
        (*place_out)[o] = place_in[o / each] * each + o % each;
    return NULL;
}

struct conv {
    struct kernel kernel;
    const struct vg_onnx_array *bias; /* NULL: none */
    double bias_factor;
    struct vg_window window;
    uint32_t groups;
};

/* The tensor to read, and the order of channels in it and in the result. */
static const char *conv_input(struct vg_onnx_work *work, const struct conv *conv,
                              const struct vg_onnx_part *part, uint32_t channels, uint32_t *tensor,
                              uint32_t **place_in, uint32_t **place_out)
{
    struct vg_onnx_net *net = net_of(work);
    *place_in = *place_out = NULL;
    if (conv->groups != 1 && conv->groups != channels)
        return vg_onnx_net_exact(net, part->word, channels, tensor);
    *place_in = words(work, channels);
    if (!*place_in)
        return vg_onnx_no_memory;
    const char *why = vg_onnx_net_any(net, part->word, channels, tensor, *place_in);
    if (why || conv->groups == 1)
        return why;
    why = out_places(work, *place_in, channels, conv->kernel.outs, place_out);
    *place_in = NULL; /* one input channel a group: nothing to permute within */
    return why;
}

static const char *conv_part(struct vg_onnx_work *work, const struct conv *conv, uint32_t channels,
                             struct vg_onnx_part *part)
{
    struct vg_onnx_net *net = net_of(work);
    const struct kernel *kernel = &conv->kernel;
    struct vg_onnx_step step = {
        .node = {.op = VG_OP_CONV, .in_count = 1, .groups = conv->groups, .window = conv->window}};
    uint32_t *place_in = NULL, *place_out = NULL, tensor = 0;
    uint32_t *word = words(work, kernel->outs);
    if (!word)
        return vg_onnx_no_memory;
    const char *why =
        conv_input(work, conv, part, channels, &step.node.in[0], &place_in, &place_out);
    if (why)
        return why;
    why = vg_onnx_net_weights(net, &step, (uint64_t)kernel->outs * kernel->ins * kernel->area,
                              kernel->outs);
    if (!why) {
        fill_weights(kernel, conv->bias, conv->bias_factor, place_out, place_in, &step);
        if (!all_finite(&step, kernel->outs))
            why = N_("the operator is not supported with weights that are not finite");
    }
    if (why) {
        vg_free(step.weight);
        vg_free(step.bias);
        return why;
    }
    why = vg_onnx_net_add(net, step, kernel->outs, &tensor);
    for (uint32_t o = 0; !why && o < kernel->outs; o++)
        word[o] = VG_MAP_WORD(tensor, place_out ? place_out[o] : o);
    part->word = word;
    set_size(net, tensor, part);
    return why;
}

/* Dimensions of a tensor's constant against the node's. */
static const char *read_kernel(struct vg_onnx_work *work, const struct vg_onnx_view *in,
                               struct conv *conv)
{
    const struct vg_onnx_array *w = vg_onnx_const_in(work, 1);
    const int64_t groups = vg_onnx_attr_int(work->node, "group", 1);
    uint32_t kernel[2];
    if (!w)
        return no_constant;
    if (w->rank != 4 || w->count == 0 || w->dim[0] > VG_MODEL_CHANNELS_MAX || groups < 1 ||
        groups > in->channels || in->channels % groups || w->dim[0] % groups ||
        w->dim[1] != in->channels / groups)
        return bad_shape;
    const char *why = pair_attr(work, "kernel_shape", 0, &kernel[0], &kernel[1]);
    if (why)
        return why;
    if (kernel[0] && (kernel[0] != w->dim[2] || kernel[1] != w->dim[3]))
        return bad_shape;
    conv->groups = (uint32_t)groups;
    conv->kernel = (struct kernel){.array = w,
                                   .outs = w->dim[0],
                                   .ins = w->dim[1],
                                   .area = w->dim[2] * w->dim[3],
                                   .out_step = (uint64_t)w->dim[1] * w->dim[2] * w->dim[3],
                                   .in_step = (uint64_t)w->dim[2] * w->dim[3],
                                   .factor = 1};
    return read_window(work, in, &w->dim[2], &conv->window);
}

const char *vg_onnx_step_conv(struct vg_onnx_work *work)
{
    struct conv conv = {.bias_factor = 1};
    const struct vg_onnx_view *in = NULL;
    const char *why = vg_onnx_planes_in(work, 0, &in);
    if (!why && has_border(in) && in->border.lowest)
        why = N_("the operator is not supported with a border of minus infinity");
    if (!why)
        why = read_kernel(work, in, &conv);
    if (why)
        return why;
    if (vg_onnx_given(work, 2)) {
        conv.bias = vg_onnx_const_in(work, 2);
        if (!conv.bias)
            return no_constant;
        if (conv.bias->rank != 1 || conv.bias->count != conv.kernel.outs)
            return bad_shape;
    }
    add_border(&in->border, &conv.window);
    struct vg_onnx_view view = *in;
    why = conv_part(work, &conv, in->channels, &view.part[0]);
    if (why)
        return why;
    view.channels = conv.kernel.outs;
    view.axis[1] = (struct vg_onnx_axis){VG_AXIS_CHANNELS, conv.kernel.outs};
    return set_planes(work, &view);
}

/* A product with a constant matrix along the last axis: a 1x1 convolution of whatever planes. */
static const char *linear(struct vg_onnx_work *work, const struct vg_onnx_view *in,
                          struct conv *conv)
{
    const uint32_t last = in->rank ? in->rank - 1 : 0;
    struct vg_onnx_view view = *in;
    const char *why = NULL;
    if (in->rank == 0 || in->axis[last].size != in->channels || conv->kernel.ins != in->channels ||
        conv->kernel.outs > VG_MODEL_CHANNELS_MAX || conv->kernel.outs == 0)
        return N_("the operator is not supported with a last axis that is not all channels");
    conv->groups = 1;
    conv->kernel.area = 1;
    conv->window = one_by_one;
    for (uint32_t p = 0; !why && p < in->part_count; p++)
        why = conv_part(work, conv, in->channels, &view.part[p]);
    if (why)
        return why;
    view.channels = conv->kernel.outs;
    view.axis[last] = (struct vg_onnx_axis){VG_AXIS_CHANNELS, conv->kernel.outs};
    return vg_onnx_set_view(work, 0, &view);
}

const char *vg_onnx_step_gemm(struct vg_onnx_work *work)
{
    const struct vg_onnx_view *in = NULL;
    const struct vg_onnx_array *b = vg_onnx_const_in(work, 1);
    const bool turned = vg_onnx_attr_int(work->node, "transB", 0) != 0;
    const char *why = vg_onnx_plain_in(work, 0, &in);
    if (why)
        return why;
    if (!b)
        return no_constant;
    if (b->rank != 2 || in->rank != 2 || vg_onnx_attr_int(work->node, "transA", 0) != 0)
        return bad_shape;
    struct conv conv = {.bias_factor = vg_onnx_attr_float(work->node, "beta", 1)};
    conv.kernel = (struct kernel){.array = b,
                                  .outs = b->dim[turned ? 0 : 1],
                                  .ins = b->dim[turned ? 1 : 0],
                                  .out_step = turned ? b->dim[1] : 1,
                                  .in_step = turned ? 1 : b->dim[1],
                                  .factor = vg_onnx_attr_float(work->node, "alpha", 1)};
    if (vg_onnx_given(work, 2)) {
        conv.bias = vg_onnx_const_in(work, 2);
        if (!conv.bias)
            return no_constant;
        if (conv.bias->count != 1 && conv.bias->count != conv.kernel.outs)
            return bad_shape;
    }
    return linear(work, in, &conv);
}

const char *vg_onnx_step_matmul(struct vg_onnx_work *work)
{
    const struct vg_onnx_view *in = NULL;
    const struct vg_onnx_array *b = vg_onnx_const_in(work, 1);
    const char *why = vg_onnx_plain_in(work, 0, &in);
    if (why)
        return why;
    if (!b)
        return no_constant;
    if (b->rank != 2)
        return bad_shape;
    struct conv conv = {.bias_factor = 1};
    conv.kernel = (struct kernel){.array = b,
                                  .outs = b->dim[1],
                                  .ins = b->dim[0],
                                  .out_step = 1,
                                  .in_step = b->dim[1],
                                  .factor = 1};
    return linear(work, in, &conv);
}

/* factor = scale / sqrt(variance + epsilon), addend = B - mean * factor */
const char *vg_onnx_step_norm(struct vg_onnx_work *work)
{
    const double epsilon = vg_onnx_attr_float(work->node, "epsilon", 1e-5);
    const struct vg_onnx_array *given[4];
    const struct vg_onnx_view *in = NULL;
    const char *why = vg_onnx_plain_in(work, 0, &in);
    if (why)
        return why;
    for (uint32_t k = 0; k < 4; k++) {
        given[k] = vg_onnx_const_in(work, k + 1);
        if (!given[k])
            return no_constant;
        if (given[k]->count != in->channels)
            return bad_shape;
    }
    if (in->rank < 2 || in->axis[1].size != in->channels ||
        vg_onnx_attr_int(work->node, "training_mode", 0) != 0)
        return bad_axis;
    struct vg_onnx_view view = *in;
    double *factor = vg_alloc_array(in->channels, sizeof *factor);
    double *addend = vg_alloc_array(in->channels, sizeof *addend);
    if (!factor || !addend)
        why = vg_onnx_no_memory;
    for (uint32_t k = 0; !why && k < in->channels; k++) {
        factor[k] =
            vg_onnx_array_number(given[0], k) / sqrt(vg_onnx_array_number(given[3], k) + epsilon);
        addend[k] =
            vg_onnx_array_number(given[1], k) - vg_onnx_array_number(given[2], k) * factor[k];
    }
    if (!why)
        why = affine(work, factor, addend, &view);
    vg_free(addend);
    vg_free(factor);
    return why ? why : vg_onnx_set_view(work, 0, &view);
}

/* ------------------------------------------------------------ pools and means */

/* The channel that a word names, seen through steps that only move channels. */
static uint32_t origin(const struct vg_onnx_net *net, uint32_t word)
{
    while (VG_MAP_INPUT(word) > 0) {
        const struct vg_onnx_step *step = &net->step[VG_MAP_INPUT(word) - 1];
        if (step->node.op != VG_OP_CHANNELS)
            break;
        const uint32_t from = step->map[VG_MAP_CHANNEL(word)];
        word = VG_MAP_WORD(step->node.in[VG_MAP_INPUT(from)], VG_MAP_CHANNEL(from));
    }
    return word;
}

/* Whether no value is below zero: then a border of zeros never wins against a value. */
static bool never_negative(const struct vg_onnx_net *net, const struct vg_onnx_view *view)
{
    for (uint32_t k = 0; k < view->channels; k++) {
        const uint32_t tensor = VG_MAP_INPUT(origin(net, view->part[0].word[k]));
        if (tensor == 0)
            return false;
        const struct vg_node *node = &net->step[tensor - 1].node;
        if (!(node->act == VG_ACT_LEAKY && node->act_a <= 0) &&
            !(node->act == VG_ACT_CLIP && node->act_a >= 0) && node->act != VG_ACT_SIGMOID &&
            node->act != VG_ACT_HARD_SIGMOID)
            return false;
    }
    return true;
}

/* One more output where the window stands over the edge: as much more padding does the same, as
 * long as the last window begins before the planes' end. */
static const char *round_up(struct vg_window *w)
{
    if (w->stride_y + w->below > w->size_y || w->stride_x + w->right > w->size_x)
        return N_("the operator is not supported with a size that is rounded up");
    w->below += w->stride_y - 1;
    w->right += w->stride_x - 1;
    return NULL;
}

static const char *mean_border(const struct vg_onnx_work *work, const struct vg_onnx_view *in,
                               struct vg_node *node)
{
    const struct vg_window *w = &node->window;
    const bool own = w->above || w->left || w->below || w->right;
    const bool counted = vg_onnx_attr_int(work->node, "count_include_pad", 0) != 0;
    node->pool_padding = counted && own ? VG_POOL_PADDING_COUNTED : VG_POOL_PADDING_LEFT_OUT;
    if (!has_border(in))
        return NULL;
    if (in->border.lowest || (own && !counted))
        return N_("the operator is not supported with such a border");
    node->pool_padding = VG_POOL_PADDING_COUNTED;
    return NULL;
}

/* MaxPool and AveragePool. */
const char *vg_onnx_step_pool(struct vg_onnx_work *work)
{
    const bool mean = vg_onnx_text_is(work->node->op, "AveragePool");
    struct vg_node node = {.op = mean ? VG_OP_AVGPOOL : VG_OP_MAXPOOL};
    const struct vg_onnx_view *in = NULL;
    uint32_t kernel[2] = {0, 0};
    const char *why = vg_onnx_planes_in(work, 0, &in);
    if (!why)
        why = pair_attr(work, "kernel_shape", 0, &kernel[0], &kernel[1]);
    if (!why)
        why = read_window(work, in, kernel, &node.window);
    if (!why && mean)
        why = mean_border(work, in, &node);
    if (why)
        return why;
    if (!mean && has_border(in) && !in->border.lowest && !never_negative(net_of(work), in))
        return N_("the operator is not supported with a border of zeros");
    if (node.window.dilation_y != 1 || node.window.dilation_x != 1)
        return N_("the operator is not supported with such a window, stride, dilation or padding");
    add_border(&in->border, &node.window);
    if (vg_onnx_attr_int(work->node, "ceil_mode", 0) != 0)
        why = mean && node.pool_padding == VG_POOL_PADDING_COUNTED
                  ? N_("the operator is not supported with a size that is rounded up")
                  : round_up(&node.window);
    if (why)
        return why;
    struct vg_onnx_view view = *in;
    why = unary(work, &node, &view);
    return why ? why : set_planes(work, &view);
}

const char *vg_onnx_step_mean(struct vg_onnx_work *work)
{
    const struct vg_onnx_view *in = NULL;
    const char *why = vg_onnx_planes_in(work, 0, &in);
    if (why)
        return why;
    if (has_border(in))
        return N_("the operator is not supported with a padded input");
    struct vg_onnx_view view = *in;
    why = unary(work, &(struct vg_node){.op = VG_OP_MEAN}, &view);
    return why ? why : set_planes(work, &view);
}

/* ReduceMean over rows and columns. */
const char *vg_onnx_step_reduce(struct vg_onnx_work *work)
{
    const struct vg_onnx_view *in = NULL;
    int64_t list[VG_ONNX_RANK_MAX];
    uint32_t count = 0, axis = 0;
    unsigned axes = 0;
    bool given = false;
    const char *why = vg_onnx_planes_in(work, 0, &in);
    if (!why)
        why = vg_onnx_list_in(work, "axes", 1, list, VG_ONNX_RANK_MAX, &count, &given);
    if (why)
        return why;
    for (uint32_t k = 0; given && k < count; k++) {
        if (!vg_onnx_axis_of(list[k], 4, &axis))
            return bad_axis;
        axes |= 1u << axis;
    }
    if (axes != 12u || has_border(in))
        return N_("the operator is not supported with axes other than rows and columns");
    struct vg_onnx_view view = *in;
    why = unary(work, &(struct vg_node){.op = VG_OP_MEAN}, &view);
    if (why)
        return why;
    follow_part(net_of(work), &view);
    if (vg_onnx_attr_int(work->node, "keepdims", 1) == 0)
        view.rank = 2;
    return vg_onnx_set_view(work, 0, &view);
}

/* ------------------------------------------------------------ resize */

/* The ways of asking for what the model can do. Doubling and the like by the nearest value: the
 * source of x is floor(x / n) in all of these; by a whole divisor: n * x. */
static const struct {
    const char *mode, *centres, *nearest; /* NULL: any */
    bool up, down;
    uint32_t factor; /* 0: any */
    enum vg_resize resize;
} resizes[] = {
    {"linear", "half_pixel", NULL, true, true, 0, VG_RESIZE_LINEAR},
    {"linear", "pytorch_half_pixel", NULL, true, true, 0, VG_RESIZE_LINEAR},
    {"nearest", "asymmetric", "floor", true, true, 0, VG_RESIZE_NEAREST},
    {"nearest", "asymmetric", NULL, false, true, 0, VG_RESIZE_NEAREST},
    {"nearest", "asymmetric", "round_prefer_floor", true, false, 2, VG_RESIZE_NEAREST},
    {"nearest", "half_pixel", "round_prefer_floor", true, false, 0, VG_RESIZE_NEAREST},
    {"nearest", "half_pixel", "round_prefer_ceil", true, false, 0, VG_RESIZE_NEAREST},
    {"nearest", "half_pixel", "round_prefer_floor", false, true, 2, VG_RESIZE_NEAREST},
};

/* n of n/1 or 1/n; 0: no such scale. */
static uint32_t whole_factor(double scale)
{
    const double n = floor(scale + 0.5);
    return n >= 1 && n <= VG_MODEL_SCALE_MAX && fabs(scale - n) < 1e-6 ? (uint32_t)n : 0;
}

static const char *resize_kind(const struct vg_onnx_work *work, struct vg_node *node)
{
    const bool old = vg_onnx_text_is(work->node->op, "Upsample");
    const bool up = node->scale_num > 1;
    const uint32_t factor = up ? node->scale_num : node->scale_den;
    for (size_t r = 0; r < sizeof resizes / sizeof *resizes; r++) {
        const char *nearest = resizes[r].nearest;
        if (!vg_onnx_attr_is(work->node, "mode", resizes[r].mode, "nearest") ||
            !vg_onnx_attr_is(work->node, "coordinate_transformation_mode", resizes[r].centres,
                             old ? "asymmetric" : "half_pixel"))
            continue;
        if (nearest && !vg_onnx_attr_is(work->node, "nearest_mode", nearest,
                                        old ? "floor" : "round_prefer_floor"))
            continue;
        if (!(up ? resizes[r].up : resizes[r].down) ||
            (resizes[r].factor && resizes[r].factor != factor))
            continue;
        node->resize = resizes[r].resize;
        return NULL;
    }
    return N_("the operator is not supported with such a mode, centres or rounding");
}

/* Scales, or sizes that make one. */
static const char *resize_scale(const struct vg_onnx_work *work, const struct vg_onnx_view *in,
                                double *scale)
{
    const bool old = vg_onnx_text_is(work->node->op, "Upsample");
    const struct vg_onnx_array *scales = vg_onnx_const_in(work, old ? 1 : 2);
    const struct vg_onnx_array *sizes = old ? NULL : vg_onnx_const_in(work, 3);
    if (scales && scales->count == 0)
        scales = NULL;
    if (sizes && sizes->count == 0)
        sizes = NULL;
    const struct vg_onnx_array *given = scales ? scales : sizes;
    if (!given || given->count != 4)
        return no_constant;
    for (uint32_t d = 0; d < 4; d++) {
        scale[d] = vg_onnx_array_number(given, d);
        if (!scales)
            scale[d] /= in->axis[d].size;
    }
    return NULL;
}

const char *vg_onnx_step_resize(struct vg_onnx_work *work)
{
    struct vg_node node = {.op = VG_OP_RESIZE, .scale_num = 1, .scale_den = 1};
    const struct vg_onnx_view *in = NULL;
    double scale[4];
    const char *why = vg_onnx_planes_in(work, 0, &in);
    if (!why)
        why = resize_scale(work, in, scale);
    if (why)
        return why;
    if (has_border(in))
        return N_("the operator is not supported with a padded input");
    const bool same = fabs(scale[0] - 1) < 1e-6 && fabs(scale[1] - 1) < 1e-6 &&
                      fabs(scale[2] - scale[3]) < 1e-6 && scale[2] > 0;
    const uint32_t up = same ? whole_factor(scale[2]) : 0;
    const uint32_t down = same ? whole_factor(1 / scale[2]) : 0;
    if (!up && !down)
        return N_("the operator is not supported with a scale that is not whole, or 1 by a whole");
    if (up == 1)
        return vg_onnx_set_view(work, 0, in);
    node.scale_num = up ? up : 1;
    node.scale_den = up ? 1 : down;
    why = resize_kind(work, &node);
    if (why)
        return why;
    struct vg_onnx_view view = *in;
    why = unary(work, &node, &view);
    return why ? why : set_planes(work, &view);
}

/* ------------------------------------------------------------ two tensors, or one and a constant */

enum pair {
    PAIR_ADD,
    PAIR_SUB,
    PAIR_MUL,
    PAIR_DIV
};

static enum pair pair_of(const struct vg_onnx_work *work)
{
    static const char *const names[] = {"Add", "Sub", "Mul", "Div"};
    unsigned p = 0;
    while (p < PAIR_DIV && !vg_onnx_text_is(work->node->op, names[p]))
        p++;
    return (enum pair)p;
}

/* The constant's value for each channel of the view; false when it differs within a plane. */
static bool spread(const struct vg_onnx_array *array, const struct vg_onnx_view *view, double *out)
{
    uint64_t step[VG_ONNX_RANK_MAX] = {0}, at = 1;
    uint32_t digit[VG_ONNX_RANK_MAX] = {0};
    if (array->count == 0)
        return false;
    for (uint32_t d = array->rank; d-- > 0;) {
        const uint32_t back = array->rank - d; /* 1: the last axis */
        const uint32_t e = view->rank - back;
        if (array->dim[d] == 1)
            continue;
        if (back > view->rank || view->axis[e].kind != VG_AXIS_CHANNELS ||
            view->axis[e].size != array->dim[d])
            return false;
        step[e] = at;
        at *= array->dim[d];
    }
    for (uint32_t k = 0; k < view->channels; k++) {
        uint64_t i = 0;
        for (uint32_t d = 0; d < view->rank; d++)
            i += digit[d] * step[d];
        out[k] = vg_onnx_array_number(array, i);
        for (uint32_t d = view->rank; d-- > 0;) {
            if (view->axis[d].kind != VG_AXIS_CHANNELS)
                continue;
            if (++digit[d] < view->axis[d].size)
                break;
            digit[d] = 0;
        }
    }
    return true;
}

/* view op constant (first: the view is the first input). */
static const char *with_constant(enum pair pair, bool first, double value, double *factor,
                                 double *addend)
{
    *factor = 1;
    *addend = 0;
    if (pair == PAIR_ADD)
        *addend = value;
    else if (pair == PAIR_MUL)
        *factor = value;
    else if (pair == PAIR_SUB) {
        *factor = first ? 1 : -1;
        *addend = first ? -value : value;
    } else if (first && fabs(value) > 0)
        *factor = 1 / value;
    else
        return N_("the operator is not supported with such a divisor");
    return NULL;
}

static const char *pair_constant(struct vg_onnx_work *work, uint32_t k)
{
    const struct vg_onnx_array *array = vg_onnx_const_in(work, 1 - k);
    const struct vg_onnx_view *in = NULL;
    const char *why = vg_onnx_plain_in(work, k, &in);
    if (why)
        return why;
    struct vg_onnx_view view = *in;
    double *factor = vg_alloc_array(in->channels, sizeof *factor);
    double *addend = vg_alloc_array(in->channels, sizeof *addend);
    if (!factor || !addend)
        why = vg_onnx_no_memory;
    else if (!spread(array, in, addend))
        why = N_("the operator is not supported with a constant that differs within a plane");
    for (uint32_t c = 0; !why && c < in->channels; c++)
        why = with_constant(pair_of(work), k == 0, addend[c], &factor[c], &addend[c]);
    if (!why)
        why = affine(work, factor, addend, &view);
    vg_free(addend);
    vg_free(factor);
    return why ? why : vg_onnx_set_view(work, 0, &view);
}

/* Both with the same rank and channels: leading axes of one, and the only channel repeated. */
static const char *match(struct vg_onnx_work *work, struct vg_onnx_view *a, struct vg_onnx_view *b)
{
    struct vg_onnx_view *view[2] = {a, b};
    for (unsigned k = 0; k < 2; k++) {
        struct vg_onnx_view *v = view[k];
        while (v->rank < view[1 - k]->rank) {
            memmove(&v->axis[1], &v->axis[0], v->rank * sizeof v->axis[0]);
            v->axis[0] = (struct vg_onnx_axis){VG_AXIS_ONE, 1};
            v->rank++;
        }
    }
    if (a->channels != b->channels) {
        struct vg_onnx_view *few = a->channels < b->channels ? a : b;
        const struct vg_onnx_view *many = few == a ? b : a;
        const uint32_t axis = vg_onnx_view_channel_axis(many);
        if (few->channels != 1 || axis == many->rank || few->axis[axis].size != 1)
            return N_("the operator is not supported with tensors of different shapes");
        return vg_onnx_view_repeat(&net_of(work)->pool, few, axis, many->channels, few);
    }
    return NULL;
}

/* Whether b's axes are a's, or b is of single planes. */
static bool shapes_fit(const struct vg_onnx_view *a, const struct vg_onnx_view *b)
{
    const bool single = vg_onnx_view_single(b);
    for (uint32_t d = 0; d < a->rank; d++) {
        const struct vg_onnx_axis x = a->axis[d], y = b->axis[d];
        const bool channels = x.kind == VG_AXIS_CHANNELS || y.kind == VG_AXIS_CHANNELS;
        if (x.size == y.size && (x.kind == y.kind || x.size == 1))
            continue;
        if (channels || !single || y.size != 1)
            return false;
    }
    if (single)
        return b->part_count == 1;
    for (uint32_t p = 0; p < a->part_count; p++)
        if (a->part_count != b->part_count || a->part[p].height != b->part[p].height ||
            a->part[p].width != b->part[p].width)
            return false;
    return true;
}

/* Whether a list names all channels of one tensor, each once: then no step is needed to read it in
 * the tensor's own order. */
static bool covers_tensor(const struct vg_onnx_net *net, const uint32_t *word, uint32_t count)
{
    const uint32_t tensor = VG_MAP_INPUT(word[0]);
    bool seen[VG_MODEL_CHANNELS_MAX] = {false};
    if (net->channels[tensor] != count)
        return false;
    for (uint32_t k = 0; k < count; k++) {
        if (VG_MAP_INPUT(word[k]) != tensor || seen[VG_MAP_CHANNEL(word[k])])
            return false;
        seen[VG_MAP_CHANNEL(word[k])] = true;
    }
    return true;
}

/* Both lists in one order, which suits the leader. */
static const char *align(struct vg_onnx_work *work, const uint32_t *leader,
                         const uint32_t *follower, uint32_t count, uint32_t *lead_tensor,
                         uint32_t *follow_tensor, uint32_t *place)
{
    uint32_t *turned = words(work, count);
    if (!turned)
        return vg_onnx_no_memory;
    const char *why = vg_onnx_net_any(net_of(work), leader, count, lead_tensor, place);
    if (why)
        return why;
    for (uint32_t k = 0; k < count; k++)
        turned[place[k]] = follower[k];
    return vg_onnx_net_exact(net_of(work), turned, count, follow_tensor);
}

static const char *pair_part(struct vg_onnx_work *work, enum vg_op op, uint32_t channels,
                             const struct vg_onnx_part *b, struct vg_onnx_part *a)
{
    struct vg_onnx_net *net = net_of(work);
    struct vg_onnx_step step = {.node = {.op = op, .in_count = 2}};
    uint32_t *place = words(work, channels), tensor = 0;
    const char *why = NULL;
    if (!place)
        return vg_onnx_no_memory;
    if (covers_tensor(net, b->word, channels))
        why = align(work, b->word, a->word, channels, &step.node.in[1], &step.node.in[0], place);
    else
        why = align(work, a->word, b->word, channels, &step.node.in[0], &step.node.in[1], place);
    if (!why)
        why = vg_onnx_net_add(net, step, channels, &tensor);
    for (uint32_t k = 0; !why && k < channels; k++)
        place[k] = VG_MAP_WORD(tensor, place[k]);
    a->word = place;
    return why;
}

/* x * sigmoid(x) and x * hard_sigmoid(x): b is what such an activation made of a. */
static enum vg_act self_gated(const struct vg_onnx_net *net, const struct vg_onnx_view *a,
                              const struct vg_onnx_view *b)
{
    enum vg_act act = VG_ACT_NONE;
    if (a->part_count != b->part_count)
        return VG_ACT_NONE;
    for (uint32_t p = 0; p < a->part_count; p++)
        for (uint32_t k = 0; k < a->channels; k++) {
            const uint32_t word = origin(net, b->part[p].word[k]), tensor = VG_MAP_INPUT(word);
            const struct vg_node *node = tensor ? &net->step[tensor - 1].node : NULL;
            if (!node || node->op != VG_OP_ACT ||
                origin(net, VG_MAP_WORD(node->in[0], VG_MAP_CHANNEL(word))) !=
                    origin(net, a->part[p].word[k]))
                return VG_ACT_NONE;
            const bool sixth = node->act == VG_ACT_HARD_SIGMOID &&
                               fabs((double)node->act_a - 1.0 / 6) < 1e-6 &&
                               fabs((double)node->act_b - 0.5) < 1e-6;
            const enum vg_act found = node->act == VG_ACT_SIGMOID ? VG_ACT_SILU
                                      : sixth                     ? VG_ACT_HARD_SWISH
                                                                  : VG_ACT_NONE;
            if (found == VG_ACT_NONE || (act != VG_ACT_NONE && act != found))
                return VG_ACT_NONE;
            act = found;
        }
    return act;
}

static const char *pair_views(struct vg_onnx_work *work, struct vg_onnx_view *a,
                              struct vg_onnx_view *b)
{
    const enum pair pair = pair_of(work);
    const char *why = match(work, a, b);
    if (why)
        return why;
    if (pair != PAIR_ADD && pair != PAIR_MUL)
        return N_("the operator is not supported with two tensors");
    if (vg_onnx_view_single(a) && !vg_onnx_view_single(b)) {
        const struct vg_onnx_view swapped = *a;
        *a = *b;
        *b = swapped;
    }
    if (!shapes_fit(a, b))
        return N_("the operator is not supported with tensors of different shapes");
    if (pair == PAIR_MUL) {
        enum vg_act act = self_gated(net_of(work), a, b);
        struct vg_onnx_view *plain = a;
        if (act == VG_ACT_NONE) {
            act = self_gated(net_of(work), b, a);
            plain = b;
        }
        if (act != VG_ACT_NONE) {
            why = unary(work, &(struct vg_node){.op = VG_OP_ACT, .act = act}, plain);
            return why ? why : vg_onnx_set_view(work, 0, plain);
        }
    }
    for (uint32_t p = 0; !why && p < a->part_count; p++)
        why = pair_part(work, pair == PAIR_ADD ? VG_OP_ADD : VG_OP_MUL, a->channels,
                        &b->part[b->part_count == 1 ? 0 : p], &a->part[p]);
    return why ? why : vg_onnx_set_view(work, 0, a);
}

/* Add, Sub, Mul, Div. */
const char *vg_onnx_step_pair(struct vg_onnx_work *work)
{
    const struct vg_onnx_view *a = NULL, *b = NULL;
    if (vg_onnx_const_in(work, 1))
        return pair_constant(work, 0);
    if (vg_onnx_const_in(work, 0))
        return pair_constant(work, 1);
    const char *why = vg_onnx_plain_in(work, 0, &a);
    if (!why)
        why = vg_onnx_plain_in(work, 1, &b);
    if (why)
        return why;
    struct vg_onnx_view x = *a, y = *b;
    return pair_views(work, &x, &y);
}
