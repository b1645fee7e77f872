/* Handlers of the operators that only move channels and axes: no step comes of them, but for the
 * rearrangement of 2x2 cells. */
#include <string.h>

#include "models/onnx_fold_state.h"
#include "src/base/alloc.h"
#include "src/base/text.h"

static const char *const bad_axis = N_("the operator is not supported with such an axis");

const char *vg_onnx_move_same(struct vg_onnx_work *work)
{
    return vg_onnx_set_view(work, 0, vg_onnx_view_in(work, 0));
}

const char *vg_onnx_move_cast(struct vg_onnx_work *work)
{
    const int64_t to = vg_onnx_attr_int(work->node, "to", 0);
    if (to != VG_ONNX_FLOAT && to != VG_ONNX_HALF && to != VG_ONNX_DOUBLE)
        return N_("the operator is not supported with such a type");
    return vg_onnx_move_same(work);
}

/* ------------------------------------------------------------ axes */

const char *vg_onnx_move_reshape(struct vg_onnx_work *work)
{
    const struct vg_onnx_view *in = NULL;
    struct vg_onnx_view out;
    int64_t target[VG_ONNX_RANK_MAX];
    uint32_t rank = 0;
    const char *why = vg_onnx_plain_in(work, 0, &in);
    if (!why)
        why = vg_onnx_ints_in(work, 1, target, VG_ONNX_RANK_MAX, &rank);
    if (!why && vg_onnx_attr_int(work->node, "allowzero", 0) != 0)
        why = N_("the operator is not supported with a size of zero");
    if (!why)
        why = vg_onnx_view_reshape(in, target, rank, &out);
    return why ? why : vg_onnx_set_view(work, 0, &out);
}

const char *vg_onnx_move_flatten(struct vg_onnx_work *work)
{
    const struct vg_onnx_view *in = NULL;
    struct vg_onnx_view out;
    const int64_t axis = vg_onnx_attr_int(work->node, "axis", 1);
    int64_t target[2] = {1, -1};
    const char *why = vg_onnx_plain_in(work, 0, &in);
    if (why)
        return why;
    if (axis < 0 || axis > in->rank)
        return bad_axis;
    for (uint32_t d = 0; d < axis; d++)
        target[0] *= in->axis[d].size;
    why = vg_onnx_view_reshape(in, target, 2, &out);
    return why ? why : vg_onnx_set_view(work, 0, &out);
}

const char *vg_onnx_move_squeeze(struct vg_onnx_work *work)
{
    const struct vg_onnx_view *in = NULL;
    int64_t list[VG_ONNX_RANK_MAX];
    uint32_t count = 0, axis = 0;
    unsigned axes = 0;
    bool given = false;
    const char *why = vg_onnx_plain_in(work, 0, &in);
    if (!why)
        why = vg_onnx_list_in(work, "axes", 1, list, VG_ONNX_RANK_MAX, &count, &given);
    if (why)
        return why;
    struct vg_onnx_view out = *in;
    for (uint32_t k = 0; given && k < count; k++) {
        if (!vg_onnx_axis_of(list[k], in->rank, &axis))
            return bad_axis;
        axes |= 1u << axis;
    }
    for (uint32_t d = in->rank; d-- > 0;) {
        const struct vg_onnx_axis at = in->axis[d];
        if (!(given ? axes >> d & 1u : at.size == 1))
            continue;
        if (at.size != 1 || (at.kind != VG_AXIS_ONE && at.kind != VG_AXIS_CHANNELS))
            return N_("the operator is not supported with planes that are of one cell by chance");
        vg_onnx_view_drop_axis(&out, d);
    }
    return vg_onnx_set_view(work, 0, &out);
}

const char *vg_onnx_move_unsqueeze(struct vg_onnx_work *work)
{
    const struct vg_onnx_view *in = NULL;
    int64_t list[VG_ONNX_RANK_MAX];
    uint32_t count = 0, axis = 0, from = 0;
    unsigned axes = 0;
    bool given = false;
    const char *why = vg_onnx_plain_in(work, 0, &in);
    if (!why)
        why = vg_onnx_list_in(work, "axes", 1, list, VG_ONNX_RANK_MAX, &count, &given);
    if (why)
        return why;
    if (!given || in->rank + count > VG_ONNX_RANK_MAX)
        return bad_axis;
    struct vg_onnx_view out = *in;
    out.rank = in->rank + count;
    for (uint32_t k = 0; k < count; k++) {
        if (!vg_onnx_axis_of(list[k], out.rank, &axis) || axes >> axis & 1u)
            return bad_axis;
        axes |= 1u << axis;
    }
    for (uint32_t d = 0; d < out.rank; d++)
        out.axis[d] = axes >> d & 1u ? (struct vg_onnx_axis){VG_AXIS_ONE, 1} : in->axis[from++];
    return vg_onnx_set_view(work, 0, &out);
}

const char *vg_onnx_move_transpose(struct vg_onnx_work *work)
{
    const struct vg_onnx_view *in = NULL;
    struct vg_onnx_view out;
    struct vg_onnx_attr attr;
    int64_t perm[VG_ONNX_RANK_MAX];
    const char *why = vg_onnx_plain_in(work, 0, &in);
    if (why)
        return why;
    const bool given = vg_onnx_attr(work->node, "perm", &attr);
    if (given && attr.list_count != in->rank)
        return bad_axis;
    for (uint32_t d = 0; d < in->rank; d++)
        perm[d] = given ? attr.list[d] : in->rank - 1 - (int64_t)d;
    why = vg_onnx_view_transpose(&work->out->net.pool, in, perm, &out);
    return why ? why : vg_onnx_set_view(work, 0, &out);
}

/* ------------------------------------------------------------ lists */

const char *vg_onnx_move_concat(struct vg_onnx_work *work)
{
    const uint32_t count = work->node->input_count;
    const struct vg_onnx_view *first = vg_onnx_view_in(work, 0);
    struct vg_onnx_view out;
    uint32_t axis = 0;
    struct vg_onnx_view *all = vg_alloc_array(count, sizeof *all);
    const char *why = all ? NULL : vg_onnx_no_memory;
    for (uint32_t k = 0; !why && k < count; k++) {
        const struct vg_onnx_view *view = NULL;
        why = vg_onnx_plain_in(work, k, &view);
        if (!why)
            all[k] = *view;
    }
    if (!why && !vg_onnx_axis_of(vg_onnx_attr_int(work->node, "axis", 0), first->rank, &axis))
        why = bad_axis;
    if (!why)
        why = vg_onnx_view_concat(&work->out->net.pool, all, count, axis, &out);
    vg_free(all);
    return why ? why : vg_onnx_set_view(work, 0, &out);
}

const char *vg_onnx_move_split(struct vg_onnx_work *work)
{
    const struct vg_onnx_view *in = NULL;
    const uint32_t parts = work->node->output_count;
    int64_t size[2 * VG_ONNX_RANK_MAX], first = 0;
    uint32_t axis = 0, count = 0;
    bool given = false;
    const char *why = vg_onnx_plain_in(work, 0, &in);
    if (!why)
        why = vg_onnx_list_in(work, "split", 1, size, 2 * VG_ONNX_RANK_MAX, &count, &given);
    if (why)
        return why;
    if (!vg_onnx_axis_of(vg_onnx_attr_int(work->node, "axis", 0), in->rank, &axis))
        return bad_axis;
    const uint32_t whole = in->axis[axis].size;
    if (parts == 0 || (given ? count != parts : whole % parts != 0))
        return N_("the operator is not supported with sizes that do not add up");
    for (uint32_t k = 0; k < parts; k++) {
        const int64_t part = given ? size[k] : whole / parts;
        struct vg_onnx_view out;
        if (part < 1 || part > (int64_t)whole - first)
            return N_("the operator is not supported with sizes that do not add up");
        why = vg_onnx_view_slice(&work->out->net.pool, in, axis,
                                 (struct vg_onnx_range){first, 1, (uint32_t)part}, &out);
        if (!why)
            why = vg_onnx_set_view(work, k, &out);
        if (why)
            return why;
        first += part;
    }
    return first == whole ? NULL
                          : N_("the operator is not supported with sizes that do not add up");
}

/* The tensor whose channels are the cells (0,0), (0,1), (1,0), (1,1) of `tensor`'s. */
static const char *space_to_depth(struct vg_onnx_net *net, uint32_t tensor, uint32_t *out)
{
    const struct vg_onnx_step step = {
        .node = {.op = VG_OP_SPACE_TO_DEPTH, .in_count = 1, .in = {tensor}}};
    for (uint32_t s = 0; s < net->step_count; s++)
        if (net->step[s].node.op == VG_OP_SPACE_TO_DEPTH && net->step[s].node.in[0] == tensor) {
            *out = s + 1;
            return NULL;
        }
    return vg_onnx_net_add(net, step, 4 * net->channels[tensor], out);
}

/* Every second row and column: one of the four cells of a rearranged tensor. */
static const char *take_quarter(struct vg_onnx_work *work, struct vg_onnx_view *view)
{
    struct vg_onnx_net *net = &work->out->net;
    const uint32_t quarter =
        (view->rows == VG_HALF_SECOND ? 2u : 0u) + (view->columns == VG_HALF_SECOND ? 1u : 0u);
    uint32_t *word = vg_onnx_pool_take(&net->pool, view->channels);
    if (!word)
        return vg_onnx_no_memory;
    for (uint32_t k = 0; k < view->channels; k++) {
        const uint32_t from = view->part[0].word[k], tensor = VG_MAP_INPUT(from);
        uint32_t quartered = 0;
        const char *why = space_to_depth(net, tensor, &quartered);
        if (why)
            return why;
        word[k] = VG_MAP_WORD(quartered, quarter * net->channels[tensor] + VG_MAP_CHANNEL(from));
    }
    view->part[0].word = word;
    view->part[0].height /= 2;
    view->part[0].width /= 2;
    view->rows = VG_HALF_NONE;
    view->columns = VG_HALF_NONE;
    return NULL;
}

static const char *slice_axis(struct vg_onnx_work *work, struct vg_onnx_view *view, int64_t axis,
                              int64_t start, int64_t end, int64_t step)
{
    struct vg_onnx_range range;
    struct vg_onnx_view out;
    uint32_t at = 0;
    if (!vg_onnx_axis_of(axis, view->rank, &at))
        return bad_axis;
    if (!vg_onnx_range_of(start, end, step, view->axis[at].size, &range))
        return N_("the operator is not supported with a step that is not above zero");
    const char *why = vg_onnx_view_slice(&work->out->net.pool, view, at, range, &out);
    if (!why)
        *view = out;
    return why;
}

const char *vg_onnx_move_slice(struct vg_onnx_work *work)
{
    struct vg_onnx_slice slice;
    const struct vg_onnx_view *in = vg_onnx_view_in(work, 0);
    struct vg_onnx_view view = *in;
    const struct vg_onnx_border *b = &in->border;
    if (b->above || b->left || b->below || b->right)
        return N_("the operator is not supported with a padded input");
    const char *why = vg_onnx_slice_in(work, &slice);
    for (uint32_t k = 0; !why && k < slice.count; k++)
        why = slice_axis(work, &view, slice.axis[k], slice.start[k], slice.end[k], slice.step[k]);
    if (why)
        return why;
    if (view.rows != VG_HALF_NONE && view.columns != VG_HALF_NONE)
        why = take_quarter(work, &view);
    return why ? why : vg_onnx_set_view(work, 0, &view);
}

/* One index takes its axis away; several must follow each other by one step. */
const char *vg_onnx_move_gather(struct vg_onnx_work *work)
{
    const struct vg_onnx_view *in = NULL;
    const struct vg_onnx_array *at = vg_onnx_const_in(work, 1);
    struct vg_onnx_view out;
    uint32_t axis = 0;
    const char *why = vg_onnx_plain_in(work, 0, &in);
    if (why)
        return why;
    if (!at || !vg_onnx_type_whole(at->type) || at->rank > 1 || at->count == 0)
        return N_("the operator is not supported with indices that are no list of constants");
    if (!vg_onnx_axis_of(vg_onnx_attr_int(work->node, "axis", 0), in->rank, &axis))
        return bad_axis;
    const int64_t size = in->axis[axis].size;
    struct vg_onnx_range range = {0, 1, (uint32_t)at->count};
    for (uint32_t k = 0; k < at->count; k++) {
        const int64_t index = vg_onnx_array_int(at, k), from = index < 0 ? index + size : index;
        if (from < 0 || from >= size)
            return N_("the operator is not supported with an index that is out of range");
        if (k == 0)
            range.first = from;
        else if (k == 1)
            range.step = from - range.first;
        else if (from != range.first + range.step * (int64_t)k)
            return N_("the operator is not supported with indices that are no progression");
    }
    if (at->count > (uint64_t)size)
        return N_("the operator is not supported with indices that are no progression");
    why = vg_onnx_view_slice(&work->out->net.pool, in, axis, range, &out);
    if (why)
        return why;
    if (at->rank == 0)
        vg_onnx_view_drop_axis(&out, axis);
    return vg_onnx_set_view(work, 0, &out);
}

/* ------------------------------------------------------------ planes */

/* Kept with the view, for the convolution or pool that follows. */
const char *vg_onnx_move_pad(struct vg_onnx_work *work)
{
    const struct vg_onnx_view *in = NULL;
    int64_t pad[8];
    uint32_t count = 0;
    double value = 0;
    const char *why = vg_onnx_plain_in(work, 0, &in);
    if (!why)
        why = vg_onnx_ints_in(work, 1, pad, 8, &count);
    if (why)
        return why;
    if (!vg_onnx_view_is_planes(in) || count != 8 || vg_onnx_given(work, 3))
        return N_("the operator is not supported with axes other than rows and columns");
    if (!vg_onnx_attr_is(work->node, "mode", "constant", "constant"))
        return N_("the operator is not supported with a border that is no constant");
    if (vg_onnx_given(work, 2)) {
        const struct vg_onnx_array *given = vg_onnx_const_in(work, 2);
        if (!given || given->count != 1)
            return N_("the operator is not supported with a border that is no constant");
        value = vg_onnx_array_number(given, 0);
    }
    for (uint32_t k = 0; k < 8; k++)
        if (pad[k] < 0 || pad[k] > 64 || (k % 4 < 2 && pad[k] != 0))
            return N_("the operator is not supported with axes other than rows and columns");
    if (!(value <= 0 && value >= 0) && value > -65504) /* the least half: often minus infinity */
        return N_("the operator is not supported with a border value that is neither zero nor "
                  "minus infinity");
    struct vg_onnx_view out = *in;
    out.border = (struct vg_onnx_border){.above = (uint32_t)pad[2],
                                         .left = (uint32_t)pad[3],
                                         .below = (uint32_t)pad[6],
                                         .right = (uint32_t)pad[7],
                                         .lowest = value < 0};
    return vg_onnx_set_view(work, 0, &out);
}

const char *vg_onnx_move_space_to_depth(struct vg_onnx_work *work)
{
    const struct vg_onnx_view *in = NULL;
    struct vg_onnx_view quarter[4], out;
    const char *why = vg_onnx_plain_in(work, 0, &in);
    if (why)
        return why;
    if (!vg_onnx_view_is_planes(in) || in->axis[2].size % 2 || in->axis[3].size % 2 ||
        vg_onnx_attr_int(work->node, "blocksize", 0) != 2)
        return N_("the operator is not supported with blocks other than 2x2 or planes of odd size");
    for (unsigned q = 0; !why && q < 4; q++) {
        quarter[q] = *in;
        quarter[q].rows = q / 2 ? VG_HALF_SECOND : VG_HALF_FIRST;
        quarter[q].columns = q % 2 ? VG_HALF_SECOND : VG_HALF_FIRST;
        quarter[q].axis[2].size /= 2;
        quarter[q].axis[3].size /= 2;
        why = take_quarter(work, &quarter[q]);
    }
    if (!why)
        why = vg_onnx_view_concat(&work->out->net.pool, quarter, 4, 1, &out);
    return why ? why : vg_onnx_set_view(work, 0, &out);
}
