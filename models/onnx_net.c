#include "models/onnx_net.h"

#include <stdlib.h>
#include <string.h>

#include "models/model_check.h"
#include "models/model_sizes.h"
#include "src/base/alloc.h"
#include "src/base/text.h"

enum vg_status vg_onnx_net_init(struct vg_onnx_net *net, uint32_t width, uint32_t height,
                                struct vg_fault *fault)
{
    net->pool = (struct vg_onnx_pool){NULL, 0};
    net->step_count = 0;
    net->weight_count = 0;
    net->channels[0] = 3;
    net->size[0] = (struct vg_size){width, height};
    net->single[0] = false;
    net->step = vg_alloc_array(VG_ONNX_STEPS_MAX, sizeof *net->step);
    if (!net->step)
        return vg_fault_set(fault, VG_E_MEMORY, vg_onnx_no_memory, NULL, "%s", "");
    return VG_OK;
}

static void step_release(struct vg_onnx_step *step)
{
    vg_free(step->weight);
    vg_free(step->bias);
    step->weight = NULL;
    step->bias = NULL;
}

void vg_onnx_net_release(struct vg_onnx_net *net)
{
    for (uint32_t s = 0; s < net->step_count; s++)
        step_release(&net->step[s]);
    vg_free(net->step);
    net->step = NULL;
    net->step_count = 0;
    vg_onnx_pool_release(&net->pool);
}

/* ------------------------------------------------------------ adding */

static bool axis_allowed(uint32_t size, uint32_t stride, uint32_t dilation, uint32_t before,
                         uint32_t after)
{
    return size >= 1 && size <= VG_MODEL_WINDOW_MAX && stride >= 1 &&
           stride <= VG_MODEL_STRIDE_MAX && dilation >= 1 && dilation <= VG_MODEL_DILATION_MAX &&
           before <= dilation * (size - 1) && after <= dilation * (size - 1);
}

static const char *size_of(struct vg_onnx_net *net, const struct vg_node *node, uint32_t tensor)
{
    const struct vg_window *w = &node->window;
    const bool window =
        node->op == VG_OP_CONV || node->op == VG_OP_MAXPOOL || node->op == VG_OP_AVGPOOL;
    if (window && !(axis_allowed(w->size_y, w->stride_y, w->dilation_y, w->above, w->below) &&
                    axis_allowed(w->size_x, w->stride_x, w->dilation_x, w->left, w->right)))
        return N_("the operator is not supported with such a window, stride, dilation or padding");
    net->single[tensor] = node->op == VG_OP_MEAN || net->single[node->in[0]];
    return vg_node_size(node, net->size, &net->size[tensor]);
}

const char *vg_onnx_net_add(struct vg_onnx_net *net, struct vg_onnx_step step, uint32_t channels,
                            uint32_t *tensor)
{
    const uint32_t n = net->step_count;
    const char *why = NULL;
    if (n == VG_ONNX_STEPS_MAX)
        why = N_("the graph has too many steps");
    else if (channels < 1 || channels > VG_MODEL_CHANNELS_MAX)
        why = N_("the operator is not supported with so many channels");
    else
        why = size_of(net, &step.node, n + 1);
    if (why) {
        step_release(&step);
        return why;
    }
    step.node.out = n + 1;
    step.alive = true;
    net->step[n] = step;
    net->channels[n + 1] = channels;
    net->step_count++;
    *tensor = n + 1;
    return NULL;
}

const char *vg_onnx_net_weights(struct vg_onnx_net *net, struct vg_onnx_step *step,
                                uint64_t weights, uint32_t channels)
{
    if (weights + channels > VG_ONNX_WEIGHTS_MAX - net->weight_count)
        return N_("the model is too large");
    step->weight = vg_alloc_array((size_t)weights, sizeof *step->weight);
    step->bias = vg_alloc_array(channels, sizeof *step->bias);
    step->weight_count = weights;
    net->weight_count += weights + channels;
    return step->weight && step->bias ? NULL : vg_onnx_no_memory;
}

/* ------------------------------------------------------------ tensors of chosen channels */

/* The tensor whose channels these are, all of them and in order; NONE else. */
static uint32_t whole_tensor(const struct vg_onnx_net *net, const uint32_t *word, uint32_t count)
{
    const uint32_t tensor = VG_MAP_INPUT(word[0]);
    if (count != net->channels[tensor])
        return VG_MODEL_NONE;
    for (uint32_t k = 0; k < count; k++)
        if (word[k] != VG_MAP_WORD(tensor, k))
            return VG_MODEL_NONE;
    return tensor;
}

/* The tensors that the words name, in order of their first word; how many, or more than `most`. */
static uint32_t sources_of(const uint32_t *word, uint32_t count, uint32_t *source, uint32_t most)
{
    uint32_t n = 0;
    for (uint32_t k = 0; k < count; k++) {
        uint32_t s = 0;
        while (s < n && source[s] != VG_MAP_INPUT(word[k]))
            s++;
        if (s < n)
            continue;
        if (n == most)
            return most + 1;
        source[n++] = VG_MAP_INPUT(word[k]);
    }
    return n;
}

static bool same_step(const struct vg_onnx_net *net, uint32_t n, const struct vg_node *node,
                      const uint32_t *map, uint32_t count)
{
    const struct vg_onnx_step *step = &net->step[n];
    return step->node.op == VG_OP_CHANNELS && net->channels[n + 1] == count &&
           step->node.in_count == node->in_count &&
           memcmp(step->node.in, node->in, sizeof node->in) == 0 &&
           memcmp(step->map, map, count * sizeof *map) == 0;
}

/* A CHANNELS step of at most eight sources; the one that is there already if there is one. */
static const char *add_channels(struct vg_onnx_net *net, const uint32_t *word, uint32_t count,
                                const uint32_t *source, uint32_t sources, uint32_t *tensor)
{
    struct vg_onnx_step step = {.node = {.op = VG_OP_CHANNELS, .in_count = sources}};
    uint32_t *map = vg_onnx_pool_take(&net->pool, count);
    if (!map)
        return vg_onnx_no_memory;
    memcpy(step.node.in, source, sources * sizeof *source);
    for (uint32_t k = 0; k < count; k++) {
        uint32_t s = 0;
        while (source[s] != VG_MAP_INPUT(word[k]))
            s++;
        map[k] = VG_MAP_WORD(s, VG_MAP_CHANNEL(word[k]));
    }
    for (uint32_t n = 0; n < net->step_count; n++)
        if (same_step(net, n, &step.node, map, count)) {
            *tensor = n + 1;
            return NULL;
        }
    step.map = map;
    return vg_onnx_net_add(net, step, count, tensor);
}

static bool among(const uint32_t *list, uint32_t count, uint32_t value)
{
    for (uint32_t k = 0; k < count; k++)
        if (list[k] == value)
            return true;
    return false;
}

/* More sources than a step can have: the channels of the first eight are gathered in a tensor of
 * their own, in the order in which they are wanted, and stand in `word` from then on. */
static const char *gather(struct vg_onnx_net *net, uint32_t *word, uint32_t count)
{
    uint32_t source[VG_MODEL_INPUTS_MAX + 1], n = 0, tensor = 0;
    uint32_t *some = vg_onnx_pool_take(&net->pool, count);
    if (!some)
        return vg_onnx_no_memory;
    (void)sources_of(word, count, source, VG_MODEL_INPUTS_MAX);
    for (uint32_t k = 0; k < count; k++)
        if (among(source, VG_MODEL_INPUTS_MAX, VG_MAP_INPUT(word[k])))
            some[n++] = word[k];
    const char *why = add_channels(net, some, n, source, VG_MODEL_INPUTS_MAX, &tensor);
    n = 0;
    for (uint32_t k = 0; !why && k < count; k++)
        if (among(source, VG_MODEL_INPUTS_MAX, VG_MAP_INPUT(word[k])))
            word[k] = VG_MAP_WORD(tensor, n++);
    return why;
}

const char *vg_onnx_net_exact(struct vg_onnx_net *net, const uint32_t *word, uint32_t count,
                              uint32_t *tensor)
{
    uint32_t source[VG_MODEL_INPUTS_MAX + 1];
    *tensor = whole_tensor(net, word, count);
    if (*tensor != VG_MODEL_NONE)
        return NULL;
    uint32_t *rest = vg_onnx_pool_take(&net->pool, count);
    if (!rest)
        return vg_onnx_no_memory;
    memcpy(rest, word, count * sizeof *rest);
    uint32_t sources = sources_of(rest, count, source, VG_MODEL_INPUTS_MAX);
    while (sources > VG_MODEL_INPUTS_MAX) { /* each turn leaves seven sources less */
        const char *why = gather(net, rest, count);
        if (why)
            return why;
        sources = sources_of(rest, count, source, VG_MODEL_INPUTS_MAX);
    }
    *tensor = whole_tensor(net, rest, count);
    if (*tensor != VG_MODEL_NONE)
        return NULL;
    return add_channels(net, rest, count, source, sources, tensor);
}

struct entry {
    uint32_t word, at;
};

static int by_word(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->word != y->word)
        return x->word < y->word ? -1 : 1;
    return x->at < y->at ? -1 : 1;
}

const char *vg_onnx_net_any(struct vg_onnx_net *net, const uint32_t *word, uint32_t count,
                            uint32_t *tensor, uint32_t *place)
{
    struct entry *entry = vg_alloc_array(count, sizeof *entry);
    uint32_t *sorted = vg_alloc_array(count, sizeof *sorted);
    const char *why = vg_onnx_no_memory;
    if (entry && sorted) {
        for (uint32_t k = 0; k < count; k++)
            entry[k] = (struct entry){word[k], k};
        qsort(entry, count, sizeof *entry, by_word);
        for (uint32_t k = 0; k < count; k++) {
            sorted[k] = entry[k].word;
            place[entry[k].at] = k;
        }
        why = vg_onnx_net_exact(net, sorted, count, tensor);
    }
    vg_free(sorted);
    vg_free(entry);
    return why;
}

/* ------------------------------------------------------------ simplifying */

struct uses {
    uint32_t count[VG_ONNX_STEPS_MAX + 1]; /* readers of a tensor, roots too */
};

static void keep_needed(struct vg_onnx_net *net, const uint32_t *roots, uint32_t root_count,
                        struct uses *uses)
{
    memset(uses, 0, sizeof *uses);
    for (uint32_t r = 0; r < root_count; r++)
        uses->count[roots[r]]++;
    for (uint32_t s = net->step_count; s-- > 0;) {
        struct vg_onnx_step *step = &net->step[s];
        step->alive = step->alive && uses->count[step->node.out] > 0;
        if (!step->alive)
            continue;
        for (uint32_t k = 0; k < step->node.in_count; k++)
            uses->count[step->node.in[k]]++;
    }
}

/* One factor and one addend a channel. */
static bool is_affine(const struct vg_onnx_net *net, const struct vg_onnx_step *step)
{
    const struct vg_window *w = &step->node.window;
    return step->node.op == VG_OP_CONV && step->node.groups == net->channels[step->node.out] &&
           step->node.groups == net->channels[step->node.in[0]] && w->size_y == 1 &&
           w->size_x == 1 && w->stride_y == 1 && w->stride_x == 1 && !w->above && !w->left &&
           !w->below && !w->right;
}

/* The step that writes what only `step` reads, if nothing is done to its values at last. */
static struct vg_onnx_step *mergeable(struct vg_onnx_net *net, const struct uses *uses,
                                      const struct vg_onnx_step *step)
{
    const uint32_t tensor = step->node.in[0];
    if (step->node.in_count != 1 || tensor == 0 || uses->count[tensor] != 1)
        return NULL;
    struct vg_onnx_step *before = &net->step[tensor - 1];
    return before->alive && before->node.act == VG_ACT_NONE ? before : NULL;
}

/* `before` takes the place of `step`, and writes its tensor. */
static void take_place(struct vg_onnx_step *before, struct vg_onnx_step *step)
{
    const uint32_t out = step->node.out;
    step_release(step);
    *step = *before;
    step->node.out = out;
    before->weight = NULL;
    before->bias = NULL;
    before->alive = false;
}

/* w * (a * x + b) + c = (w * a) * x + (w * b + c), for each output channel. */
static void merge_affine(struct vg_onnx_net *net, struct vg_onnx_step *before,
                         struct vg_onnx_step *step)
{
    const uint32_t channels = net->channels[step->node.out];
    const uint64_t run = before->weight_count / channels;
    for (uint32_t c = 0; c < channels; c++) {
        const double factor = (double)step->weight[c];
        for (uint64_t k = c * run; k < (c + 1) * run; k++)
            before->weight[k] = (float)((double)before->weight[k] * factor);
        before->bias[c] = (float)((double)before->bias[c] * factor + (double)step->bias[c]);
    }
    take_place(before, step);
}

static void merge_act(struct vg_onnx_step *before, struct vg_onnx_step *step)
{
    before->node.act = step->node.act;
    before->node.act_a = step->node.act_a;
    before->node.act_b = step->node.act_b;
    take_place(before, step);
}

static bool can_act(enum vg_op op)
{
    return op == VG_OP_CONV || op == VG_OP_ADD || op == VG_OP_MUL;
}

void vg_onnx_net_simplify(struct vg_onnx_net *net, const uint32_t *roots, uint32_t root_count)
{
    struct uses uses;
    keep_needed(net, roots, root_count, &uses);
    for (uint32_t s = 0; s < net->step_count; s++) {
        struct vg_onnx_step *step = &net->step[s];
        struct vg_onnx_step *before = step->alive ? mergeable(net, &uses, step) : NULL;
        if (!before)
            continue;
        if (step->node.op == VG_OP_ACT && can_act(before->node.op))
            merge_act(before, step);
        else if (before->node.op == VG_OP_CONV && is_affine(net, step)) {
            const struct vg_node last = step->node;
            merge_affine(net, before, step);
            step->node.act = last.act;
            step->node.act_a = last.act_a;
            step->node.act_b = last.act_b;
        }
    }
}

/* ------------------------------------------------------------ packing */

/* Where runs of floats were stored, so that equal ones are stored once: a hash table of as many
 * places as there can be runs, twice. */
struct stored {
    uint64_t first, count;
};
#define STORED_PLACES (4 * VG_ONNX_STEPS_MAX)

static uint64_t hash_of(const float *run, uint64_t count)
{
    uint64_t hash = 14695981039346656037u;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &run[i], sizeof bits);
        hash = (hash ^ bits) * 1099511628211u;
    }
    return hash ^ hash >> 32;
}

/* The hash is that of bits; a run is equal when its bits are. */
static uint64_t store(struct vg_model *m, struct stored *stored, const float *run, uint64_t count)
{
    uint64_t at = hash_of(run, count) % STORED_PLACES;
    while (stored[at].count) {
        if (stored[at].count == count &&
            memcmp(m->weights + stored[at].first, run, (size_t)count * sizeof *run) == 0)
            return stored[at].first;
        at = (at + 1) % STORED_PLACES;
    }
    stored[at] = (struct stored){m->weight_count, count};
    memcpy(m->weights + m->weight_count, run, (size_t)count * sizeof *run);
    m->weight_count += count;
    return stored[at].first;
}

struct needs {
    uint64_t nodes, map, weights;
};

static struct needs count_needs(const struct vg_onnx_net *net)
{
    struct needs needs = {0, 0, 0};
    for (uint32_t s = 0; s < net->step_count; s++) {
        const struct vg_onnx_step *step = &net->step[s];
        if (!step->alive)
            continue;
        needs.nodes++;
        if (step->node.op == VG_OP_CHANNELS)
            needs.map += net->channels[step->node.out];
        if (step->node.op == VG_OP_CONV)
            needs.weights += step->weight_count + net->channels[step->node.out];
    }
    return needs;
}

static void pack_step(const struct vg_onnx_net *net, const struct vg_onnx_step *step,
                      struct vg_model *m, struct stored *stored, uint32_t *tensor_of)
{
    const uint32_t channels = net->channels[step->node.out];
    struct vg_node node = step->node;
    for (uint32_t k = 0; k < node.in_count; k++)
        node.in[k] = tensor_of[node.in[k]];
    if (node.op == VG_OP_CHANNELS) {
        node.map_first = m->map_count;
        memcpy(m->map + m->map_count, step->map, channels * sizeof *m->map);
        m->map_count += channels;
    }
    if (node.op == VG_OP_CONV) {
        node.weight_first = store(m, stored, step->weight, step->weight_count);
        node.bias_first = store(m, stored, step->bias, channels);
    }
    tensor_of[node.out] = m->tensor_count;
    node.out = m->tensor_count;
    m->tensor[m->tensor_count++] = (struct vg_tensor){channels};
    m->node[m->node_count++] = node;
}

const char *vg_onnx_net_pack(struct vg_onnx_net *net, struct vg_model *model, uint32_t *tensor_of)
{
    const struct needs needs = count_needs(net);
    if (needs.nodes > VG_MODEL_NODES_MAX - 1 || needs.map > VG_MODEL_MAP_MAX)
        return N_("the graph has too many steps");
    struct stored *stored = vg_alloc_array(STORED_PLACES, sizeof *stored);
    model->weights = vg_alloc_array((size_t)needs.weights + 1, sizeof *model->weights);
    model->map = vg_alloc_array((size_t)needs.map + 1, sizeof *model->map);
    if (!stored || !model->weights || !model->map) {
        vg_free(stored);
        return vg_onnx_no_memory; /* the rest is freed with the model */
    }
    model->node_count = 0;
    model->map_count = 0;
    model->weight_count = 0;
    model->tensor_count = 1;
    model->tensor[0] = (struct vg_tensor){net->channels[0]};
    tensor_of[0] = 0;
    for (uint32_t s = 0; s < net->step_count; s++)
        if (net->step[s].alive)
            pack_step(net, &net->step[s], model, stored, tensor_of);
    vg_free(stored);
    return NULL;
}
