/* One rule an operator; the numbers of a checked node are small enough that nothing overflows. */
#include "models/model_sizes.h"

#include "src/base/text.h"

static const char inputs_differ[] = N_("the inputs' sizes do not fit each other");

static bool same_size(struct vg_size a, struct vg_size b)
{
    return a.width == b.width && a.height == b.height;
}

static const char *size_kept(const struct vg_node *n, const struct vg_size *size,
                             struct vg_size *out)
{
    *out = size[n->in[0]];
    for (uint32_t k = 1; k < n->in_count; k++)
        if (!same_size(size[n->in[k]], *out))
            return inputs_differ;
    return NULL;
}

/* The second input may be one value a channel. */
static const char *size_of_pair(const struct vg_node *n, const struct vg_size *size,
                                struct vg_size *out)
{
    const struct vg_size second = size[n->in[1]];
    *out = size[n->in[0]];
    return same_size(second, *out) || (second.width == 1 && second.height == 1) ? NULL
                                                                                : inputs_differ;
}

static const char *size_one(const struct vg_node *n, const struct vg_size *size,
                            struct vg_size *out)
{
    (void)n;
    (void)size;
    *out = (struct vg_size){1, 1};
    return NULL;
}

/* 0 when the window does not fit into the padded side. */
static uint32_t window_steps(uint32_t padded, uint32_t window, uint32_t dilation, uint32_t stride)
{
    const uint32_t extent = dilation * (window - 1) + 1;
    return padded < extent ? 0 : (padded - extent) / stride + 1;
}

static const char *size_of_window(const struct vg_node *n, const struct vg_size *size,
                                  struct vg_size *out)
{
    const struct vg_window *w = &n->window;
    const struct vg_size in = size[n->in[0]];
    out->width = window_steps(in.width + w->left + w->right, w->size_x, w->dilation_x, w->stride_x);
    out->height =
        window_steps(in.height + w->above + w->below, w->size_y, w->dilation_y, w->stride_y);
    return out->width && out->height ? NULL : N_("the window is larger than the padded planes");
}

static const char *size_scaled(const struct vg_node *n, const struct vg_size *size,
                               struct vg_size *out)
{
    const struct vg_size in = size[n->in[0]];
    *out = (struct vg_size){in.width * n->scale_num / n->scale_den,
                            in.height * n->scale_num / n->scale_den};
    if (in.width % n->scale_den || in.height % n->scale_den)
        return N_("the size of the planes is no multiple of the divisor");
    return NULL;
}

static const char *size_halved(const struct vg_node *n, const struct vg_size *size,
                               struct vg_size *out)
{
    const struct vg_size in = size[n->in[0]];
    *out = (struct vg_size){in.width / 2, in.height / 2};
    return in.width % 2 || in.height % 2 ? N_("the size of the planes is odd") : NULL;
}

static const char *(*const rules[VG_OP_COUNT])(const struct vg_node *, const struct vg_size *,
                                               struct vg_size *) = {
    [VG_OP_CONV] = size_of_window,        [VG_OP_MAXPOOL] = size_of_window,
    [VG_OP_AVGPOOL] = size_of_window,     [VG_OP_MEAN] = size_one,
    [VG_OP_RESIZE] = size_scaled,         [VG_OP_ADD] = size_of_pair,
    [VG_OP_MUL] = size_of_pair,           [VG_OP_CHANNELS] = size_kept,
    [VG_OP_SPACE_TO_DEPTH] = size_halved, [VG_OP_ACT] = size_kept,
    [VG_OP_SOFTMAX] = size_kept,
};

const char *vg_node_size(const struct vg_node *node, const struct vg_size *size,
                         struct vg_size *out)
{
    const char *why = rules[node->op](node, size, out);
    if (!why && (out->width > VG_MODEL_SIDE_MAX || out->height > VG_MODEL_SIDE_MAX))
        why = N_("the planes grow too large");
    return why;
}

static bool input_allowed(const struct vg_model *m, uint32_t width, uint32_t height)
{
    if (width < 1 || width > VG_MODEL_SIDE_MAX || height < 1 || height > VG_MODEL_SIDE_MAX)
        return false;
    if (m->input_multiple == 0)
        return width == m->input_width && height == m->input_height;
    return width % m->input_multiple == 0 && height % m->input_multiple == 0;
}

enum vg_status vg_model_sizes(const struct vg_model *model, uint32_t width, uint32_t height,
                              struct vg_size *size, struct vg_fault *fault)
{
    if (!input_allowed(model, width, height))
        return vg_fault_set(fault, VG_E_CALL, N_("the model does not take this size"),
                            N_("give multiples of what `vigie model info` says"), "%s: %ux%u (%u)",
                            model->name, width, height, model->input_multiple);
    size[0] = (struct vg_size){width, height};
    for (uint32_t i = 0; i < model->node_count; i++) {
        const struct vg_node *n = &model->node[i];
        const char *why = vg_node_size(n, size, &size[n->out]);
        if (why)
            return vg_fault_set(fault, VG_E_INPUT, why,
                                N_("give another size, or import the model again"),
                                "%s: %ux%u: /node/%u", model->name, width, height, i);
    }
    return VG_OK;
}
