/* First which nodes read bytes. Each asks for something of its inputs and of its readers, so nodes
 * are struck off until nothing changes: backwards those whose result nobody wants in bytes, forwards
 * those whose inputs are not written in bytes. A convolution stays: to convert its input is little
 * beside its sums. */
#include "src/engine/plan_types.h"

#include <string.h>

#include "kernels/int8_weights.h"
#include "models/model_bytes.h"
#include "models/model_pixels.h"
#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/engine/plan_graph.h"

#define NONE VG_GRAPH_NONE

struct choice {
    const struct vg_model *model;
    uint32_t input;
    uint8_t *over;   /* of each node: it reads bytes */
    uint8_t *bytes;  /* of each tensor: it is written in bytes */
    uint8_t *kept;   /* of each tensor: heads or people read it, as floats */
    uint8_t *pixels; /* of each tensor: model_pixels.h */
};

/* ---- what a node could do ---- */

static int has_range(const struct vg_model *m, uint32_t tensor)
{
    return m->range[tensor].low < m->range[tensor].high;
}

static int same_range(const struct vg_model *m, uint32_t a, uint32_t b)
{
    return !memcmp(&m->range[a], &m->range[b], sizeof *m->range);
}

static int conv_able(const struct choice *c, const struct vg_node *node)
{
    const struct vg_model *m = c->model;
    const int depthwise = vg_graph_depthwise(m, node);
    const struct vg_int8_build build = {
        .conv = {.size_y = node->window.size_y, .size_x = node->window.size_x}};
    struct vg_int8_shape shape = {VG_KERNEL_CONV_INT8_X86, &build, m->tensor[node->in[0]].channels,
                                  m->tensor[node->out].channels};
    if (depthwise)
        shape.kernel = VG_KERNEL_CONV_INT8_DEPTHWISE;
    else /* channels gathered from anywhere take a group of four each at worst */
        shape.x_channels = 4 * shape.x_channels;
    return vg_model_conv_has_bytes(m, node) && vg_int8_fits(&shape);
}

static int channels_able(const struct choice *c, const struct vg_node *node)
{
    for (uint32_t k = 0; k < node->in_count; k++)
        if (node->in[k] == 0 || c->pixels[node->in[k]] != c->pixels[node->out] ||
            !same_range(c->model, node->in[k], node->out))
            return 0;
    return 1;
}

static int node_able(const struct choice *c, const struct vg_node *node)
{
    const int plain = has_range(c->model, node->out) && !c->pixels[node->in[0]];
    for (uint32_t k = 0; k < node->in_count; k++)
        if (!has_range(c->model, node->in[k]))
            return 0;
    switch (node->op) {
    case VG_OP_CONV:
        return conv_able(c, node);
    case VG_OP_CHANNELS:
        return has_range(c->model, node->out) && channels_able(c, node);
    case VG_OP_MAXPOOL:
        return plain && same_range(c->model, node->in[0], node->out);
    case VG_OP_RESIZE:
    case VG_OP_ADD:
    case VG_OP_MUL:
    case VG_OP_ACT:
        return plain;
    case VG_OP_AVGPOOL:
    case VG_OP_MEAN:
    case VG_OP_SPACE_TO_DEPTH:
    case VG_OP_SOFTMAX:
    case VG_OP_COUNT:
        break;
    }
    return 0;
}

/* ---- what it does ---- */

static void keep(struct choice *c, uint32_t tensor)
{
    if (tensor != VG_MODEL_NONE)
        c->kept[tensor] = 1;
}

static void choice_begin(struct choice *c)
{
    const struct vg_model *m = c->model;
    for (uint32_t i = 0; i < m->output_count; i++)
        for (uint32_t k = 0; k < m->output[i].part_count; k++)
            keep(c, m->output[i].part[k]);
    for (uint32_t i = 0; i < m->level_count; i++) {
        keep(c, m->level[i].scores);
        keep(c, m->level[i].boxes);
        keep(c, m->level[i].objectness);
    }
    for (uint32_t i = 0; i < m->tensor_count; i++)
        c->pixels[i] = (uint8_t)vg_model_is_pixels(m, i);
    for (uint32_t i = 0; i < m->node_count; i++)
        c->over[i] = (uint8_t)node_able(c, &m->node[i]);
}

static int reads(const struct vg_node *node, uint32_t tensor)
{
    for (uint32_t k = 0; k < node->in_count; k++)
        if (node->in[k] == tensor)
            return 1;
    return 0;
}

/* a reader of the tensor that reads (over 1) or does not read bytes */
static int has_reader(const struct choice *c, uint32_t tensor, uint8_t over)
{
    for (uint32_t i = 0; i < c->model->node_count; i++)
        if (c->over[i] == over && reads(&c->model->node[i], tensor))
            return 1;
    return 0;
}

static uint32_t strike(struct choice *c, uint32_t node)
{
    const uint32_t was = c->over[node];
    c->over[node] = 0;
    return was;
}

static uint32_t strike_backwards(struct choice *c)
{
    uint32_t struck = 0;
    for (uint32_t i = c->model->node_count; i-- > 0;) {
        const struct vg_node *node = &c->model->node[i];
        const uint32_t y = node->out;
        c->bytes[y] = c->over[i] && has_range(c->model, y) && !c->kept[y] && has_reader(c, y, 1);
        if (node->op != VG_OP_CONV && !c->bytes[y])
            struck += strike(c, i);
    }
    return struck;
}

/* the halo of the pixels stands for zero by a byte near the mean */
static int means_are_bytes(const struct vg_model *m)
{
    for (uint32_t i = 0; i < 3; i++)
        if (m->mean[i] < 0 || m->mean[i] > 255)
            return 0;
    return 1;
}

static uint32_t strike_forwards(struct choice *c)
{
    uint32_t struck = 0;
    c->bytes[c->input] = has_range(c->model, c->input) && means_are_bytes(c->model) &&
                         !c->kept[c->input] && !has_reader(c, c->input, 0);
    for (uint32_t i = 0; i < c->model->node_count; i++) {
        const struct vg_node *node = &c->model->node[i];
        for (uint32_t k = 0; k < node->in_count; k++)
            if (!c->bytes[node->in[k]] && (node->op != VG_OP_CONV || c->pixels[node->in[k]]))
                struck += strike(c, i);
    }
    return struck;
}

static void choose(struct choice *c)
{
    uint32_t struck = 1;
    choice_begin(c);
    while (struck) {
        struck = strike_backwards(c);
        struck += strike_forwards(c);
    }
}

/* ---- the model with its conversions ---- */

/* Every node may be followed by one conversion: the other kind of what it writes. */
static enum vg_status memory_take(struct vg_plan_types *types, const struct vg_model *model,
                                  struct vg_fault *fault)
{
    uint32_t words = model->map_count;
    for (uint32_t i = 0; i < model->tensor_count; i++)
        words += model->tensor[i].channels;
    types->model = vg_alloc(sizeof *types->model);
    types->value_bytes = vg_alloc(VG_MODEL_TENSORS_MAX);
    types->origin = vg_alloc_array(VG_MODEL_NODES_MAX, sizeof *types->origin);
    if (types->model) {
        *types->model = *model;
        types->model->map = vg_alloc_array(words + 1, sizeof *types->model->map);
        types->model->range = vg_alloc_array(VG_MODEL_TENSORS_MAX, sizeof *types->model->range);
    }
    if (!types->model || !types->value_bytes || !types->origin || !types->model->map ||
        !types->model->range)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "plan");
    if (model->map_count)
        memcpy(types->model->map, model->map, model->map_count * sizeof *model->map);
    memcpy(types->model->range, model->range, model->tensor_count * sizeof *model->range);
    return VG_OK;
}

/* The other kind of `tensor`, which node `writer` of the model writes. VG_E_FULL. */
static enum vg_status conversion_add(struct vg_plan_types *types, uint32_t tensor, uint32_t writer,
                                     struct vg_fault *fault)
{
    struct vg_model *m = types->model;
    const uint32_t channels = m->tensor[tensor].channels, y = m->tensor_count;
    if (m->node_count == VG_MODEL_NODES_MAX || m->tensor_count == VG_MODEL_TENSORS_MAX)
        return vg_fault_set(fault, VG_E_FULL, N_("the net has too many steps for 8 bits"),
                            N_("run it in floats: --precision f32"), "%s, node %u", m->name,
                            writer);
    struct vg_node *node = &m->node[m->node_count];
    *node = (struct vg_node){
        .op = VG_OP_CHANNELS, .in = {tensor}, .in_count = 1, .out = y, .map_first = m->map_count};
    for (uint32_t c = 0; c < channels; c++)
        m->map[m->map_count++] = VG_MAP_WORD(0, c);
    m->range[y] = m->range[tensor];
    types->origin[m->node_count++] = writer;
    types->value_bytes[y] = types->value_bytes[tensor] == 1 ? sizeof(float) : 1;
    m->tensor[m->tensor_count++].channels = channels;
    return VG_OK;
}

/* Copies the nodes in their order, conversions between them; other[t] is the converted form. */
static enum vg_status nodes_copy(struct vg_plan_types *types, const struct choice *c,
                                 uint32_t *other, struct vg_fault *fault)
{
    const struct vg_model *from = c->model;
    struct vg_model *m = types->model;
    m->node_count = 0;
    for (uint32_t t = 0; t < from->tensor_count; t++) {
        types->value_bytes[t] = c->bytes[t] ? 1 : sizeof(float);
        other[t] = NONE;
    }
    for (uint32_t i = 0; i < from->node_count; i++) {
        const uint32_t y = from->node[i].out;
        if (m->node_count == VG_MODEL_NODES_MAX)
            return vg_fault_set(fault, VG_E_FULL, N_("the net has too many steps for 8 bits"),
                                N_("run it in floats: --precision f32"), "%s, node %u", m->name, i);
        struct vg_node *node = &m->node[m->node_count];
        *node = from->node[i];
        types->origin[m->node_count++] = i;
        for (uint32_t k = 0; k < node->in_count; k++)
            if (c->bytes[node->in[k]] != c->over[i] && other[node->in[k]] != NONE)
                node->in[k] = other[node->in[k]];
        if (y == c->input || !has_reader(c, y, !c->bytes[y]))
            continue;
        other[y] = m->tensor_count;
        const enum vg_status status = conversion_add(types, y, i, fault);
        if (status)
            return status;
    }
    return VG_OK;
}

enum vg_status vg_plan_types_init(struct vg_plan_types *types, const struct vg_model *model,
                                  uint32_t input, struct vg_fault *fault)
{
    const size_t tensors = model->tensor_count, nodes = model->node_count;
    memset(types, 0, sizeof *types);
    struct choice c = {.model = model,
                       .input = input,
                       .over = vg_alloc(nodes + 1),
                       .bytes = vg_alloc(tensors),
                       .kept = vg_alloc(tensors),
                       .pixels = vg_alloc(tensors)};
    uint32_t *other = vg_alloc_array(tensors, sizeof *other);
    enum vg_status status = memory_take(types, model, fault);
    if (!status && (!c.over || !c.bytes || !c.kept || !c.pixels || !other))
        status = vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "plan");
    if (!status) {
        choose(&c);
        status = nodes_copy(types, &c, other, fault);
    }
    vg_free(c.over);
    vg_free(c.bytes);
    vg_free(c.kept);
    vg_free(c.pixels);
    vg_free(other);
    if (status)
        vg_plan_types_release(types);
    return status;
}

void vg_plan_types_release(struct vg_plan_types *types)
{
    if (types->model) {
        vg_free(types->model->map);
        vg_free(types->model->range);
    }
    vg_free(types->model);
    vg_free(types->value_bytes);
    vg_free(types->origin);
    memset(types, 0, sizeof *types);
}

struct vg_byte_scale vg_plan_types_scale(const struct vg_plan_types *types, uint32_t tensor)
{
    return vg_range_scale(types->model->range[tensor]);
}
