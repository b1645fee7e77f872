/* The way through the graph: what an output needs, in the order of the file, each node by its row
 * of the table. A node of constants alone is computed; any other becomes a move or a step. */
#include "models/onnx_fold.h"

#include <assert.h>
#include <string.h>

#include "models/onnx_fold_state.h"
#include "src/base/alloc.h"
#include "src/base/text.h"

static_assert(VG_ONNX_EDGES_MAX * (sizeof(struct vg_onnx_known) + sizeof(struct vg_onnx_view)) +
                      VG_ONNX_STEPS_MAX * sizeof(struct vg_onnx_step) +
                      sizeof(struct vg_onnx_folded) <=
                  VG_ONNX_FOLD_BYTES,
              "the tables are within the limit that the header states");

/* ------------------------------------------------------------ inputs and results */

static uint32_t input_value(const struct vg_onnx_work *work, uint32_t k)
{
    return k < work->node->input_count ? work->graph->edge[work->node->input_first + k]
                                       : VG_ONNX_NOTHING;
}

bool vg_onnx_given(const struct vg_onnx_work *work, uint32_t k)
{
    return input_value(work, k) != VG_ONNX_NOTHING;
}

const struct vg_onnx_array *vg_onnx_const_in(const struct vg_onnx_work *work, uint32_t k)
{
    const uint32_t value = input_value(work, k);
    if (value == VG_ONNX_NOTHING)
        return NULL;
    if (work->known[value].array)
        return work->known[value].array;
    const uint32_t constant = work->graph->value[value].constant;
    return constant == VG_ONNX_NOTHING ? NULL : &work->graph->constant[constant];
}

const struct vg_onnx_view *vg_onnx_view_in(const struct vg_onnx_work *work, uint32_t k)
{
    const uint32_t value = input_value(work, k);
    return value == VG_ONNX_NOTHING ? NULL : work->known[value].view;
}

const char *vg_onnx_ints_in(const struct vg_onnx_work *work, uint32_t k, int64_t *out,
                            uint32_t most, uint32_t *count)
{
    const struct vg_onnx_array *array = vg_onnx_const_in(work, k);
    if (!array)
        return N_("the operator is not supported with an input that is no constant");
    if (!vg_onnx_array_ints(array, out, most, count))
        return N_("the operator is not supported with a constant that is not of the integers "
                  "expected");
    return NULL;
}

const char *vg_onnx_slice_in(const struct vg_onnx_work *work, struct vg_onnx_slice *slice)
{
    uint32_t ends = 0, axes = 0, steps = 0;
    const char *why = vg_onnx_ints_in(work, 1, slice->start, VG_ONNX_RANK_MAX, &slice->count);
    for (uint32_t k = 0; k < VG_ONNX_RANK_MAX; k++) {
        slice->axis[k] = k;
        slice->step[k] = 1;
    }
    if (!why)
        why = vg_onnx_ints_in(work, 2, slice->end, VG_ONNX_RANK_MAX, &ends);
    if (!why && vg_onnx_given(work, 3))
        why = vg_onnx_ints_in(work, 3, slice->axis, VG_ONNX_RANK_MAX, &axes);
    if (!why && vg_onnx_given(work, 4))
        why = vg_onnx_ints_in(work, 4, slice->step, VG_ONNX_RANK_MAX, &steps);
    if (why)
        return why;
    if (ends != slice->count || (axes && axes != slice->count) || (steps && steps != slice->count))
        return N_("the operator is not supported with lists of different lengths");
    return NULL;
}

const char *vg_onnx_plain_in(const struct vg_onnx_work *work, uint32_t k,
                             const struct vg_onnx_view **view)
{
    *view = vg_onnx_view_in(work, k);
    if (!*view)
        return N_("the operator is not supported with an input that is no tensor of the picture");
    if (vg_onnx_view_pending(*view))
        return N_("the operator is not supported with a padded input");
    return NULL;
}

const char *vg_onnx_planes_in(const struct vg_onnx_work *work, uint32_t k,
                              const struct vg_onnx_view **view)
{
    *view = vg_onnx_view_in(work, k);
    if (!*view)
        return N_("the operator is not supported with an input that is no tensor of the picture");
    if (!vg_onnx_view_is_planes(*view))
        return N_("the operator is not supported with an input that is not [1, C, H, W]");
    return NULL;
}

const char *vg_onnx_list_in(const struct vg_onnx_work *work, const char *attr, uint32_t k,
                            int64_t *out, uint32_t most, uint32_t *count, bool *given)
{
    struct vg_onnx_attr found;
    *given = true;
    if (vg_onnx_given(work, k))
        return vg_onnx_ints_in(work, k, out, most, count);
    *given = vg_onnx_attr(work->node, attr, &found);
    if (!*given)
        return NULL;
    if (found.list_count > most)
        return N_("the operator is not supported with so long a list");
    *count = found.list_count;
    memcpy(out, found.list, found.list_count * sizeof *out);
    return NULL;
}

static struct vg_onnx_known *result(struct vg_onnx_work *work, uint32_t k)
{
    if (k >= work->node->output_count)
        return NULL;
    const uint32_t value = work->graph->edge[work->node->output_first + k];
    return value == VG_ONNX_NOTHING ? NULL : &work->known[value];
}

const char *vg_onnx_set_view(struct vg_onnx_work *work, uint32_t k, const struct vg_onnx_view *view)
{
    struct vg_onnx_known *known = result(work, k);
    if (!known)
        return NULL; /* nobody wants it */
    known->view = vg_alloc(sizeof *known->view);
    if (!known->view)
        return vg_onnx_no_memory;
    *known->view = *view;
    return NULL;
}

const char *vg_onnx_set_array(struct vg_onnx_work *work, uint32_t k, struct vg_onnx_array array)
{
    struct vg_onnx_known *known = result(work, k);
    if (known)
        known->array = vg_alloc(sizeof *known->array);
    if (!known || !known->array) {
        vg_onnx_array_release(&array);
        return known ? vg_onnx_no_memory : NULL;
    }
    *known->array = array;
    return NULL;
}

bool vg_onnx_axis_of(int64_t axis, uint32_t rank, uint32_t *out)
{
    const int64_t at = axis < 0 ? axis + (int64_t)rank : axis;
    if (at < 0 || at >= (int64_t)rank)
        return false;
    *out = (uint32_t)at;
    return true;
}

static int64_t clamp_index(int64_t index, int64_t size)
{
    const int64_t at = index < 0 && index > INT64_MIN / 2 ? index + size : index;
    return at < 0 ? 0 : at > size ? size : at;
}

bool vg_onnx_range_of(int64_t start, int64_t end, int64_t step, uint32_t size,
                      struct vg_onnx_range *range)
{
    if (step < 1)
        return false;
    const int64_t first = clamp_index(start, size), last = clamp_index(end, size);
    const int64_t length = last > first ? last - first : 0;
    *range = (struct vg_onnx_range){first, step > size ? (int64_t)size + 1 : step,
                                    (uint32_t)(length / step + (length % step != 0))};
    return true;
}

/* ------------------------------------------------------------ the table */

enum takes {
    TAKES_VIEW, /* its first input is a tensor of the picture */
    TAKES_EITHER
};

static const struct row {
    const char *op;
    uint32_t inputs_least, inputs_most;
    vg_onnx_handler *constant; /* all inputs are constants; NULL: not computed */
    vg_onnx_handler *view;     /* NULL: constants only */
    enum takes takes;
} rows[] = {
    {"Add", 2, 2, vg_onnx_const_arithmetic, vg_onnx_step_pair, TAKES_EITHER},
    {"AveragePool", 1, 1, NULL, vg_onnx_step_pool, TAKES_VIEW},
    {"BatchNormalization", 5, 5, NULL, vg_onnx_step_norm, TAKES_VIEW},
    {"Cast", 1, 1, vg_onnx_const_cast, vg_onnx_move_cast, TAKES_VIEW},
    {"Ceil", 1, 1, vg_onnx_const_round, NULL, TAKES_VIEW},
    {"Clip", 1, 3, NULL, vg_onnx_step_act, TAKES_VIEW},
    {"Concat", 1, 64, vg_onnx_const_concat, vg_onnx_move_concat, TAKES_VIEW},
    {"Constant", 0, 0, vg_onnx_const_node, NULL, TAKES_VIEW},
    {"ConstantOfShape", 1, 1, vg_onnx_const_fill, NULL, TAKES_VIEW},
    {"Conv", 2, 3, NULL, vg_onnx_step_conv, TAKES_VIEW},
    {"Div", 2, 2, vg_onnx_const_arithmetic, vg_onnx_step_pair, TAKES_EITHER},
    {"Dropout", 1, 3, vg_onnx_const_alias, vg_onnx_move_same, TAKES_VIEW},
    {"Flatten", 1, 1, vg_onnx_const_flatten, vg_onnx_move_flatten, TAKES_VIEW},
    {"Floor", 1, 1, vg_onnx_const_round, NULL, TAKES_VIEW},
    {"Gather", 2, 2, vg_onnx_const_gather, vg_onnx_move_gather, TAKES_VIEW},
    {"Gemm", 2, 3, NULL, vg_onnx_step_gemm, TAKES_VIEW},
    {"GlobalAveragePool", 1, 1, NULL, vg_onnx_step_mean, TAKES_VIEW},
    {"HardSigmoid", 1, 1, NULL, vg_onnx_step_act, TAKES_VIEW},
    {"HardSwish", 1, 1, NULL, vg_onnx_step_act, TAKES_VIEW},
    {"Identity", 1, 1, vg_onnx_const_alias, vg_onnx_move_same, TAKES_VIEW},
    {"LeakyRelu", 1, 1, NULL, vg_onnx_step_act, TAKES_VIEW},
    {"MatMul", 2, 2, NULL, vg_onnx_step_matmul, TAKES_VIEW},
    {"MaxPool", 1, 1, NULL, vg_onnx_step_pool, TAKES_VIEW},
    {"Mul", 2, 2, vg_onnx_const_arithmetic, vg_onnx_step_pair, TAKES_EITHER},
    {"Neg", 1, 1, vg_onnx_const_round, NULL, TAKES_VIEW},
    {"Pad", 2, 4, NULL, vg_onnx_move_pad, TAKES_VIEW},
    {"ReduceMean", 1, 2, NULL, vg_onnx_step_reduce, TAKES_VIEW},
    {"Relu", 1, 1, NULL, vg_onnx_step_act, TAKES_VIEW},
    {"Reshape", 2, 2, vg_onnx_const_reshape, vg_onnx_move_reshape, TAKES_VIEW},
    {"Resize", 1, 4, NULL, vg_onnx_step_resize, TAKES_VIEW},
    {"Shape", 1, 1, vg_onnx_const_shape, vg_onnx_const_shape, TAKES_VIEW},
    {"Sigmoid", 1, 1, NULL, vg_onnx_step_act, TAKES_VIEW},
    {"Slice", 3, 5, vg_onnx_const_slice, vg_onnx_move_slice, TAKES_VIEW},
    {"Softmax", 1, 1, NULL, vg_onnx_step_softmax, TAKES_VIEW},
    {"SpaceToDepth", 1, 1, NULL, vg_onnx_move_space_to_depth, TAKES_VIEW},
    {"Split", 1, 2, NULL, vg_onnx_move_split, TAKES_VIEW},
    {"Sqrt", 1, 1, vg_onnx_const_round, NULL, TAKES_VIEW},
    {"Squeeze", 1, 2, vg_onnx_const_squeeze, vg_onnx_move_squeeze, TAKES_VIEW},
    {"Sub", 2, 2, vg_onnx_const_arithmetic, vg_onnx_step_pair, TAKES_EITHER},
    {"Transpose", 1, 1, vg_onnx_const_transpose, vg_onnx_move_transpose, TAKES_VIEW},
    {"Unsqueeze", 1, 2, vg_onnx_const_unsqueeze, vg_onnx_move_unsqueeze, TAKES_VIEW},
    {"Upsample", 2, 2, NULL, vg_onnx_step_resize, TAKES_VIEW},
};

static const struct row *row_of(struct vg_onnx_text op)
{
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        if (vg_onnx_text_is(op, rows[r].op))
            return &rows[r];
    return NULL;
}

/* Whether no input is a tensor of the picture. */
static bool all_constant(const struct vg_onnx_work *work)
{
    for (uint32_t k = 0; k < work->node->input_count; k++)
        if (vg_onnx_given(work, k) && !vg_onnx_const_in(work, k))
            return false;
    return true;
}

/* Inputs that must be there are: a name left out is only allowed for what follows. */
static bool inputs_there(const struct vg_onnx_work *work, const struct row *row)
{
    if (work->node->input_count < row->inputs_least || work->node->input_count > row->inputs_most)
        return false;
    for (uint32_t k = 0; k < row->inputs_least; k++)
        if (!vg_onnx_given(work, k))
            return false;
    return true;
}

static enum vg_status fold_node(struct vg_onnx_work *work, uint32_t i)
{
    struct vg_onnx_graph *g = work->graph;
    work->node = &g->node[i];
    const struct row *row = row_of(work->node->op);
    if (!row)
        return vg_onnx_refuse(g, i, N_("the operator is unknown"), "%s", "");
    if (!inputs_there(work, row))
        return vg_onnx_refuse(g, i, N_("the operator does not take that many inputs"), "%u",
                              work->node->input_count);
    const bool constant = all_constant(work);
    if (constant ? !row->constant : !row->view)
        return vg_onnx_refuse(
            g, i,
            constant ? N_("the operator is not supported with an input that is no tensor of the "
                          "picture")
                     : N_("the operator is not supported with an input that is no constant"),
            "%s", "");
    if (!constant && row->takes == TAKES_VIEW && !vg_onnx_view_in(work, 0))
        return vg_onnx_refuse(
            g, i,
            N_("the operator is not supported with an input that is no tensor of the picture"),
            "%s", "");
    const char *why = constant ? row->constant(work) : row->view(work);
    if (!why)
        return VG_OK;
    const enum vg_status status = vg_onnx_refuse(g, i, why, "%s", "");
    if (why != vg_onnx_no_memory)
        return status;
    if (g->fault)
        g->fault->status = VG_E_MEMORY;
    return VG_E_MEMORY;
}

/* ------------------------------------------------------------ the way through */

/* needed[i]: an output comes of node i. Writers stand before readers, so one pass is enough. */
static void mark_needed(const struct vg_onnx_graph *g, uint8_t *needed)
{
    for (uint32_t o = 0; o < g->output_count; o++) {
        const uint32_t node = g->value[g->output[o].value].node;
        if (node != VG_ONNX_NOTHING)
            needed[node] = 1;
    }
    for (uint32_t i = g->node_count; i-- > 0;) {
        if (!needed[i])
            continue;
        for (uint32_t k = 0; k < g->node[i].input_count; k++) {
            const uint32_t value = g->edge[g->node[i].input_first + k];
            if (value != VG_ONNX_NOTHING && g->value[value].node != VG_ONNX_NOTHING)
                needed[g->value[value].node] = 1;
        }
    }
}

static enum vg_status refuse_output(const struct vg_onnx_graph *g, uint32_t o, const char *what)
{
    char name[100];
    vg_onnx_text_copy(g->value[g->output[o].value].name, name, sizeof name);
    return vg_fault_set(g->fault, VG_E_INPUT, what, NULL, "%.120s: \"%s\"", g->name, name);
}

static enum vg_status take_outputs(const struct vg_onnx_work *work)
{
    const struct vg_onnx_graph *g = work->graph;
    for (uint32_t o = 0; o < g->output_count; o++) {
        const struct vg_onnx_view *view = work->known[g->output[o].value].view;
        if (!view)
            return refuse_output(g, o, N_("the output does not come of the picture"));
        if (vg_onnx_view_pending(view))
            return refuse_output(g, o, N_("the output's shape is not supported"));
        work->out->output[o] = *view;
    }
    return VG_OK;
}

static enum vg_status fold_all(struct vg_onnx_work *work, uint8_t *needed)
{
    struct vg_onnx_graph *g = work->graph;
    struct vg_onnx_net *net = &work->out->net;
    struct vg_onnx_known *input = &work->known[g->input.value];
    enum vg_status status = VG_OK;
    input->view = vg_alloc(sizeof *input->view);
    if (!input->view || vg_onnx_view_tensor(&net->pool, 0, net->channels[0], net->size[0].height,
                                            net->size[0].width, VG_PLANES_OF_A_SIZE, input->view))
        return vg_fault_set(g->fault, VG_E_MEMORY, vg_onnx_no_memory, NULL, "%s", g->name);
    mark_needed(g, needed);
    for (uint32_t i = 0; status == VG_OK && i < g->node_count; i++)
        if (needed[i])
            status = fold_node(work, i);
    return status == VG_OK ? take_outputs(work) : status;
}

static void release_known(struct vg_onnx_work *work)
{
    for (uint32_t v = 0; work->known && v < work->graph->value_count; v++) {
        vg_free(work->known[v].view);
        if (work->known[v].array)
            vg_onnx_array_release(work->known[v].array);
        vg_free(work->known[v].array);
    }
    vg_free(work->known);
}

enum vg_status vg_onnx_fold(struct vg_onnx_graph *graph, uint32_t width, uint32_t height,
                            struct vg_onnx_folded **folded, struct vg_fault *fault)
{
    struct vg_onnx_work work = {.graph = graph};
    enum vg_status status = VG_OK;
    graph->fault = fault;
    work.out = vg_alloc(sizeof *work.out);
    work.known = vg_alloc_array(graph->value_count, sizeof *work.known);
    uint8_t *needed = vg_alloc(graph->node_count);
    *folded = work.out;
    if (!work.out || !work.known || !needed)
        status = vg_fault_set(fault, VG_E_MEMORY, vg_onnx_no_memory, NULL, "%s", graph->name);
    if (status == VG_OK)
        status = vg_onnx_net_init(&work.out->net, width, height, fault);
    if (status == VG_OK)
        status = fold_all(&work, needed);
    vg_free(needed);
    release_known(&work);
    if (status != VG_OK)
        vg_onnx_folded_close(folded);
    return status;
}

void vg_onnx_folded_close(struct vg_onnx_folded **folded)
{
    if (*folded)
        vg_onnx_net_release(&(*folded)->net);
    vg_free(*folded);
    *folded = NULL;
}
