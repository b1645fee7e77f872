/* In three passes over the nodes, each before the next may rely on it: sums take the convolution
 * before them, pools and 1x1 convolutions theirs, convolutions the activations behind them. What
 * was taken has `into` set; the rest become operations in the order of the nodes, and an operation
 * stands where its last node stood, so that all it reads is there. */
#include "src/engine/plan_graph.h"

#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/engine/conv_variants.h"

struct joint {
    uint32_t into;  /* the node that takes this one in */
    uint32_t first; /* taken in before */
    uint32_t conv;  /* of a sum: the convolution taken in */
    uint32_t side;  /* of a sum: which input is the first term */
    uint32_t x2;
    uint32_t resized; /* the tensor that is resized on the way and need not be there */
    enum vg_conv_add sum;
    uint32_t act; /* of a convolution: the ACT node taken in, on its first channels */
};

struct builder {
    const struct vg_model *model; /* borrowed, as the sizes */
    const struct vg_graph_settings *settings;
    struct vg_graph *graph;
    const struct vg_size *size; /* of each tensor */
    struct joint *joint;        /* of each node */
    uint32_t *writer;           /* of each tensor */
    uint32_t *reads;            /* how often each tensor is read by nodes */
    uint32_t *last_reader;      /* of each tensor */
};

int vg_graph_depthwise(const struct vg_model *model, const struct vg_node *node)
{
    const uint32_t in = model->tensor[node->in[0]].channels;
    return node->groups > 1 && node->groups == in && model->tensor[node->out].channels == in;
}

int vg_graph_bytes(const struct vg_graph *graph, uint32_t tensor)
{
    return graph->value_bytes && graph->value_bytes[tensor] == 1;
}

int vg_graph_moves(const struct vg_graph *graph, const struct vg_node *node)
{
    return node->op == VG_OP_CHANNELS &&
           vg_graph_bytes(graph, node->in[0]) == vg_graph_bytes(graph, node->out);
}

uint32_t vg_graph_writer(const struct vg_model *model, uint32_t tensor)
{
    uint32_t i = 0;
    while (i < model->node_count && model->node[i].out != tensor)
        i++;
    return i < model->node_count ? i : VG_GRAPH_NONE;
}

uint32_t vg_graph_input(const struct vg_model *model)
{
    uint32_t readers = 0, last = 0;
    for (uint32_t i = 0; i < model->node_count; i++)
        for (uint32_t k = 0; k < model->node[i].in_count; k++)
            if (model->node[i].in[k] == 0) {
                readers++;
                last = i;
            }
    return readers == 1 && model->node[last].op == VG_OP_SPACE_TO_DEPTH ? model->node[last].out : 0;
}

/* ---- who reads what ---- */

static void keep(struct builder *b, uint32_t tensor)
{
    if (tensor != VG_MODEL_NONE)
        b->graph->kept[tensor] = 1;
}

static void readers_find(struct builder *b)
{
    const struct vg_model *model = b->model;
    for (uint32_t i = 0; i < model->tensor_count; i++)
        b->writer[i] = VG_GRAPH_NONE;
    for (uint32_t i = 0; i < model->node_count; i++) {
        const struct vg_node *node = &model->node[i];
        b->writer[node->out] = i;
        for (uint32_t k = 0; k < node->in_count; k++) {
            b->reads[node->in[k]]++;
            b->last_reader[node->in[k]] = i;
        }
    }
    for (uint32_t i = 0; i < model->output_count; i++)
        for (uint32_t k = 0; k < model->output[i].part_count; k++)
            keep(b, model->output[i].part[k]);
    for (uint32_t i = 0; i < model->level_count; i++) {
        keep(b, model->level[i].scores);
        keep(b, model->level[i].boxes);
        keep(b, model->level[i].objectness);
    }
}

/* The node that writes `tensor`, if that tensor serves one reader and nobody else. */
static uint32_t sole_writer(const struct builder *b, uint32_t tensor)
{
    const uint32_t writer = b->writer[tensor];
    if (writer == VG_GRAPH_NONE || b->reads[tensor] != 1 || b->graph->kept[tensor] ||
        b->joint[writer].into != VG_GRAPH_NONE)
        return VG_GRAPH_NONE;
    return writer;
}

static int same_shape(const struct builder *b, uint32_t left, uint32_t right)
{
    return b->model->tensor[left].channels == b->model->tensor[right].channels &&
           b->size[left].width == b->size[right].width &&
           b->size[left].height == b->size[right].height;
}

/* ---- sums ---- */

/* Sets the second term: a resize that makes it can be done on the way. */
static void second_term(const struct builder *b, struct joint *joint, uint32_t x2)
{
    const uint32_t writer = b->writer[x2];
    joint->x2 = x2;
    joint->sum = VG_CONV_ADD_AFTER;
    if (writer == VG_GRAPH_NONE || b->model->node[writer].op != VG_OP_RESIZE)
        return;
    const struct vg_node *resize = &b->model->node[writer];
    joint->resized = x2;
    joint->x2 = resize->in[0];
    joint->sum = resize->resize == VG_RESIZE_LINEAR ? VG_CONV_ADD_LINEAR : VG_CONV_ADD_NEAREST;
}

static int same_kind(const struct builder *b, uint32_t tensor, uint32_t other)
{
    return vg_graph_bytes(b->graph, tensor) == vg_graph_bytes(b->graph, other);
}

/* which input of the sum comes from a convolution that can make the sum at its store (over bytes:
 * of bytes) */
static uint32_t sum_conv(const struct builder *b, const struct vg_node *sum, uint32_t *side)
{
    uint32_t found = VG_GRAPH_NONE;
    for (uint32_t k = 0; k < 2; k++) {
        const uint32_t writer = sole_writer(b, sum->in[k]);
        if (writer == VG_GRAPH_NONE || sum->in[0] == sum->in[1])
            continue;
        const struct vg_node *conv = &b->model->node[writer];
        const int fits = conv->op == VG_OP_CONV && conv->groups == 1 &&
                         (sum->act == VG_ACT_NONE || conv->act == VG_ACT_NONE) &&
                         same_kind(b, conv->in[0], sum->in[0]);
        if (fits && (found == VG_GRAPH_NONE || writer > found)) {
            found = writer;
            *side = k;
        }
    }
    return found;
}

static void sums_join(struct builder *b)
{
    for (uint32_t i = 0; i < b->model->node_count; i++) {
        const struct vg_node *node = &b->model->node[i];
        struct joint *joint = &b->joint[i];
        uint32_t side = 0;
        if (node->op != VG_OP_ADD || !same_shape(b, node->in[0], node->in[1]))
            continue;
        joint->conv = sum_conv(b, node, &side);
        if (joint->conv == VG_GRAPH_NONE)
            continue;
        if (node->act == VG_ACT_NONE) {
            second_term(b, joint, node->in[1 - side]);
        } else {
            joint->x2 = node->in[1 - side];
            joint->sum = VG_CONV_ADD_BEFORE;
        }
        b->joint[joint->conv].into = i;
    }
}

/* a sum that no convolution makes may still resize its second term on the way */
static void resizes_join(struct builder *b)
{
    for (uint32_t i = 0; i < b->model->node_count; i++) {
        const struct vg_node *node = &b->model->node[i];
        struct joint *joint = &b->joint[i];
        if (node->op != VG_OP_ADD || joint->conv != VG_GRAPH_NONE ||
            !same_shape(b, node->in[0], node->in[1]))
            continue;
        second_term(b, joint, node->in[1]);
        if (joint->resized == VG_GRAPH_NONE) {
            joint->side = 1;
            second_term(b, joint, node->in[0]);
        }
        /* combine_int8 has no nearest pixel */
        if (joint->sum == VG_CONV_ADD_NEAREST && vg_graph_bytes(b->graph, node->out))
            joint->resized = VG_GRAPH_NONE;
        if (joint->resized == VG_GRAPH_NONE)
            joint->sum = VG_CONV_ADD_NONE;
    }
    /* a resize that all its readers make on the way is no operation */
    for (uint32_t i = 0; i < b->model->node_count; i++) {
        const struct vg_node *node = &b->model->node[i];
        uint32_t taken = 0;
        if (node->op != VG_OP_RESIZE || b->graph->kept[node->out])
            continue;
        for (uint32_t k = 0; k < b->model->node_count; k++)
            taken += b->joint[k].resized == node->out;
        if (taken == b->reads[node->out])
            b->joint[i].into = b->last_reader[node->out];
    }
}

/* ---- pairs ---- */

static int is_window(const struct vg_window *w, uint32_t size, uint32_t stride, uint32_t pad)
{
    return w->size_y == size && w->size_x == size && w->stride_y == stride &&
           w->stride_x == stride && w->dilation_y == 1 && w->dilation_x == 1 && w->above == pad &&
           w->left == pad && w->below == pad && w->right == pad;
}

/* an activation that never falls may be done before the maximum or after it */
static int never_falls(const struct vg_node *node)
{
    return node->act == VG_ACT_NONE || node->act == VG_ACT_CLIP ||
           (node->act == VG_ACT_LEAKY && node->act_a >= 0);
}

/* a row of the tensor, in whole blocks and tiles of any kind, has room on the device */
static int row_fits(const struct builder *b, uint32_t tensor)
{
    const uint64_t channels = b->model->tensor[tensor].channels + 15u;
    const uint64_t pixels = b->size[tensor].width + VG_CONV_TILE_PIXELS_MAX - 1u;
    return channels * pixels <= b->settings->row_values;
}

/* the net's first convolution and the pool behind it */
static int is_stem_pool(const struct builder *b, const struct vg_node *conv,
                        const struct vg_node *pool)
{
    return conv->op == VG_OP_CONV && conv->in[0] == 0 && conv->groups == 1 && never_falls(conv) &&
           is_window(&conv->window, 3, 2, 1) && pool->op == VG_OP_MAXPOOL &&
           is_window(&pool->window, 3, 2, 1) && vg_graph_input(b->model) == 0 &&
           row_fits(b, pool->out);
}

static int is_row(const struct builder *b, const struct vg_node *first, const struct vg_node *conv)
{
    return first->op == VG_OP_CONV && vg_graph_depthwise(b->model, first) && first->in[0] != 0 &&
           conv->op == VG_OP_CONV && conv->groups == 1 && is_window(&conv->window, 1, 1, 0) &&
           row_fits(b, first->out);
}

static void pairs_join(struct builder *b)
{
    for (uint32_t i = 0; i < b->model->node_count; i++) {
        const struct vg_node *node = &b->model->node[i];
        const uint32_t writer = sole_writer(b, node->in[0]);
        if (writer == VG_GRAPH_NONE || b->joint[writer].conv != VG_GRAPH_NONE)
            continue;
        const struct vg_node *first = &b->model->node[writer];
        const int bytes = vg_graph_bytes(b->graph, first->in[0]);
        if (bytes != vg_graph_bytes(b->graph, node->in[0]) ||
            (!is_stem_pool(b, first, node) && (bytes || !is_row(b, first, node))))
            continue;
        if (b->settings->apart && b->settings->apart(b->settings->context, writer, i))
            continue;
        b->joint[i].first = writer;
        b->joint[writer].into = i;
    }
}

/* ---- activations on the first channels ---- */

/* Convolution -> slice of its first channels -> activation: the activation is made at the store,
 * where all that is read of the convolution are slices. */
static void activations_join(struct builder *b)
{
    const struct vg_model *model = b->model;
    for (uint32_t i = 0; i < model->node_count; i++) {
        const struct vg_node *act = &model->node[i];
        if (act->op != VG_OP_ACT)
            continue;
        const uint32_t slice = sole_writer(b, act->in[0]);
        if (slice == VG_GRAPH_NONE || !vg_graph_moves(b->graph, &model->node[slice]) ||
            model->node[slice].in_count != 1 || vg_graph_bytes(b->graph, act->in[0]))
            continue;
        const uint32_t x = model->node[slice].in[0], writer = b->writer[x];
        const uint32_t channels = model->tensor[act->out].channels;
        if (writer == VG_GRAPH_NONE || model->node[writer].op != VG_OP_CONV ||
            model->node[writer].act != VG_ACT_NONE || b->graph->kept[x] ||
            b->joint[writer].into != VG_GRAPH_NONE || b->joint[writer].act != VG_GRAPH_NONE)
            continue;
        int fits = channels % 16 == 0 || channels == model->tensor[x].channels;
        for (uint32_t c = 0; c < channels; c++)
            fits &= VG_MAP_CHANNEL(model->map[model->node[slice].map_first + c]) == c;
        for (uint32_t k = 0; k < model->node_count; k++) { /* others read only what is behind */
            const struct vg_node *other = &model->node[k];
            for (uint32_t j = 0; j < other->in_count; j++) {
                if (other->in[j] != x || k == slice)
                    continue;
                fits &= other->op == VG_OP_CHANNELS && other->in_count == 1;
                for (uint32_t c = 0; fits && c < model->tensor[other->out].channels; c++)
                    fits &= VG_MAP_CHANNEL(model->map[other->map_first + c]) >= channels;
            }
        }
        if (!fits)
            continue;
        b->joint[writer].act = i;
        b->joint[i].into = writer;
        b->joint[slice].into = writer;
        b->graph->alias[act->out] = x;
        b->graph->alias_first[act->out] = 0;
    }
}

/* ---- operations ---- */

static void operation_add(struct builder *b, uint32_t index)
{
    const struct vg_model *model = b->model;
    const struct joint *joint = &b->joint[index];
    const struct vg_node *node = &model->node[index], *main = node;
    struct vg_operation *op = &b->graph->operation[b->graph->operation_count++];
    *op = (struct vg_operation){
        .at = index, .node = index, .first = VG_GRAPH_NONE, .x2 = VG_GRAPH_NONE};
    op->y = node->out;
    op->x = node->in[0];
    if (joint->conv != VG_GRAPH_NONE) {
        op->node = joint->conv;
        main = &model->node[joint->conv];
        op->x = main->in[0];
        op->x2 = joint->x2;
        op->sum = joint->sum;
    } else if (node->op == VG_OP_ADD && joint->sum != VG_CONV_ADD_NONE) {
        op->x = node->in[joint->side];
        op->x2 = joint->x2;
        op->sum = joint->sum;
    } else if (node->in_count > 1) {
        op->x2 = node->in[1];
    }
    const struct joint *pair = &b->joint[op->node];
    if (pair->first != VG_GRAPH_NONE) {
        op->first = pair->first;
        op->x = model->node[pair->first].in[0];
    }
    const struct vg_node *act =
        op->sum == VG_CONV_ADD_BEFORE || main->op == VG_OP_ADD ? node : main;
    op->act_channels = model->tensor[op->y].channels;
    if (joint->act != VG_GRAPH_NONE) {
        act = &model->node[joint->act];
        op->act_channels = model->tensor[act->out].channels;
    }
    op->act = act->act;
    op->act_a = act->act_a;
    op->act_b = act->act_b;
}

static void operations_list(struct builder *b)
{
    const struct vg_model *model = b->model;
    const uint32_t input = vg_graph_input(model);
    memset(b->graph->exists, 0, model->tensor_count);
    b->graph->exists[input] = 1;
    for (uint32_t i = 0; i < model->node_count; i++) {
        const struct vg_node *node = &model->node[i];
        if (b->joint[i].into != VG_GRAPH_NONE) {
            b->graph->exists[node->out] = b->graph->alias[node->out] != VG_GRAPH_NONE;
            continue;
        }
        b->graph->exists[node->out] = 1;
        if (!vg_graph_moves(b->graph, node) && node->out != input)
            operation_add(b, i);
    }
}

static enum vg_status memory_take(struct builder *b, struct vg_fault *fault)
{
    const struct vg_model *model = b->model;
    struct vg_graph *graph = b->graph;
    graph->operation = vg_alloc_array(model->node_count + 1, sizeof *graph->operation);
    graph->alias = vg_alloc_array(model->tensor_count, sizeof *graph->alias);
    graph->alias_first = vg_alloc_array(model->tensor_count, sizeof *graph->alias_first);
    graph->kept = vg_alloc_array(model->tensor_count, sizeof *graph->kept);
    graph->exists = vg_alloc_array(model->tensor_count, sizeof *graph->exists);
    b->joint = vg_alloc_array(model->node_count + 1, sizeof *b->joint);
    b->writer = vg_alloc_array(model->tensor_count, sizeof *b->writer);
    b->reads = vg_alloc_array(model->tensor_count, sizeof *b->reads);
    b->last_reader = vg_alloc_array(model->tensor_count, sizeof *b->last_reader);
    if (graph->operation && graph->alias && graph->alias_first && graph->kept && graph->exists &&
        b->joint && b->writer && b->reads && b->last_reader)
        return VG_OK;
    return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "plan");
}

enum vg_status vg_graph_init(struct vg_graph *graph, const struct vg_model *model,
                             const struct vg_graph_settings *settings, struct vg_fault *fault)
{
    struct builder b = {.model = model, .graph = graph, .settings = settings};
    memset(graph, 0, sizeof *graph);
    graph->model = model;
    graph->value_bytes = settings->value_bytes;
    struct vg_size *size = vg_alloc_array(model->tensor_count, sizeof *size);
    enum vg_status status = memory_take(&b, fault);
    if (!status && !size)
        status = vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "plan");
    if (!status)
        status = vg_model_sizes(model, settings->width, settings->height, size, fault);
    if (status)
        goto done;
    b.size = size;
    for (uint32_t i = 0; i < model->node_count; i++)
        b.joint[i] = (struct joint){.into = VG_GRAPH_NONE,
                                    .first = VG_GRAPH_NONE,
                                    .conv = VG_GRAPH_NONE,
                                    .x2 = VG_GRAPH_NONE,
                                    .resized = VG_GRAPH_NONE,
                                    .act = VG_GRAPH_NONE};
    for (uint32_t i = 0; i < model->tensor_count; i++)
        graph->alias[i] = VG_GRAPH_NONE;
    readers_find(&b);
    if (settings->fusion == VG_FUSION_ALL) {
        sums_join(&b);
        resizes_join(&b);
        pairs_join(&b);
        activations_join(&b);
    }
    operations_list(&b);
done:
    vg_free(size);
    vg_free(b.joint);
    vg_free(b.writer);
    vg_free(b.reads);
    vg_free(b.last_reader);
    if (status)
        vg_graph_release(graph);
    return status;
}

void vg_graph_release(struct vg_graph *graph)
{
    vg_free(graph->operation);
    vg_free(graph->alias);
    vg_free(graph->alias_first);
    vg_free(graph->kept);
    vg_free(graph->exists);
    memset(graph, 0, sizeof *graph);
}
