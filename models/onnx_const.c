/* The arithmetic of constants: shapes that are put together from numbers, factors that an exporter
 * left unfolded. Whole numbers are computed as 64-bit integers, others in double. Moves that keep
 * the order of the elements copy nothing. */
#include <math.h>
#include <string.h>

#include "models/onnx_fold_state.h"
#include "src/base/alloc.h"
#include "src/base/text.h"

static const char *const no_constant =
    N_("the operator is not supported with an input that is no constant");
static const char *const bad_shape =
    N_("the operator is not supported with constants of such shapes");
static const char *const bad_axis = N_("the operator is not supported with such an axis");

/* ------------------------------------------------------------ arrays that are computed */

static uint64_t count_of(const uint32_t *dim, uint32_t rank)
{
    uint64_t count = 1;
    for (uint32_t d = 0; d < rank; d++) {
        if (dim[d] && count > VG_ONNX_COMPUTED_MAX / dim[d])
            return UINT64_MAX;
        count *= dim[d];
    }
    return count;
}

/* Eight bytes an element: INT64 or DOUBLE. */
static const char *make(struct vg_onnx_work *work, enum vg_onnx_type like, const uint32_t *dim,
                        uint32_t rank, struct vg_onnx_array *array)
{
    const uint64_t count = count_of(dim, rank);
    if (count > VG_ONNX_COMPUTED_MAX / 8 - work->computed_bytes / 8)
        return N_("the operator is not supported with constants that large");
    *array = (struct vg_onnx_array){.rank = rank, .count = count};
    array->type = vg_onnx_type_whole(like) ? VG_ONNX_INT64 : VG_ONNX_DOUBLE;
    memcpy(array->dim, dim, rank * sizeof *dim);
    array->owned = vg_alloc_array((size_t)count + 1, 8);
    array->data = array->owned;
    work->computed_bytes += 8 * (count + 1);
    return array->owned ? NULL : vg_onnx_no_memory;
}

static void put_int(struct vg_onnx_array *array, uint64_t i, int64_t value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (unsigned b = 0; b < 8; b++)
        array->owned[8 * i + b] = (uint8_t)(bits >> (8 * b));
}

static void put_number(struct vg_onnx_array *array, uint64_t i, double value)
{
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_int(array, i, bits);
}

static void put_same(struct vg_onnx_array *to, uint64_t i, const struct vg_onnx_array *from,
                     uint64_t k)
{
    if (to->type == VG_ONNX_INT64)
        put_int(to, i, vg_onnx_array_int(from, k));
    else
        put_number(to, i, vg_onnx_array_number(from, k));
}

/* The same elements under other dimensions. */
static const char *alias(struct vg_onnx_work *work, const struct vg_onnx_array *from,
                         const uint32_t *dim, uint32_t rank)
{
    struct vg_onnx_array array = *from;
    array.owned = NULL;
    array.rank = rank;
    memcpy(array.dim, dim, rank * sizeof *dim);
    return vg_onnx_set_array(work, 0, array);
}

/* ------------------------------------------------------------ moves without a copy */

const char *vg_onnx_const_alias(struct vg_onnx_work *work)
{
    const struct vg_onnx_array *in = vg_onnx_const_in(work, 0);
    return alias(work, in, in->dim, in->rank);
}

const char *vg_onnx_const_cast(struct vg_onnx_work *work)
{
    const struct vg_onnx_array *in = vg_onnx_const_in(work, 0);
    const int64_t to = vg_onnx_attr_int(work->node, "to", 0);
    const bool whole = to == VG_ONNX_INT32 || to == VG_ONNX_INT64 || to == VG_ONNX_BOOL;
    struct vg_onnx_array out;
    if (!whole && to != VG_ONNX_FLOAT && to != VG_ONNX_HALF && to != VG_ONNX_DOUBLE)
        return N_("the operator is not supported with such a type");
    if (whole == vg_onnx_type_whole(in->type))
        return alias(work, in, in->dim, in->rank);
    const char *why = make(work, whole ? VG_ONNX_INT64 : VG_ONNX_DOUBLE, in->dim, in->rank, &out);
    for (uint64_t i = 0; !why && i < in->count; i++)
        put_same(&out, i, in, i);
    return why ? why : vg_onnx_set_array(work, 0, out);
}

const char *vg_onnx_const_reshape(struct vg_onnx_work *work)
{
    const struct vg_onnx_array *in = vg_onnx_const_in(work, 0);
    int64_t target[VG_ONNX_RANK_MAX];
    uint32_t dim[VG_ONNX_RANK_MAX], rank = 0, inferred = VG_ONNX_RANK_MAX;
    uint64_t known = 1;
    const char *why = vg_onnx_ints_in(work, 1, target, VG_ONNX_RANK_MAX, &rank);
    for (uint32_t d = 0; !why && d < rank; d++) {
        const int64_t size = target[d] == 0 && d < in->rank ? in->dim[d] : target[d];
        if (size == -1 && inferred == VG_ONNX_RANK_MAX) {
            inferred = d;
            continue;
        }
        if (size < 1 || (uint64_t)size > in->count / known)
            return bad_shape;
        dim[d] = (uint32_t)size;
        known *= (uint64_t)size;
    }
    if (why)
        return why;
    if (in->count % known || (inferred == VG_ONNX_RANK_MAX && known != in->count) ||
        in->count / known > UINT32_MAX)
        return bad_shape;
    if (inferred != VG_ONNX_RANK_MAX)
        dim[inferred] = (uint32_t)(in->count / known);
    return alias(work, in, dim, rank);
}

const char *vg_onnx_const_flatten(struct vg_onnx_work *work)
{
    const struct vg_onnx_array *in = vg_onnx_const_in(work, 0);
    const int64_t axis = vg_onnx_attr_int(work->node, "axis", 1);
    uint64_t dim[2] = {1, 1};
    if (axis < 0 || axis > in->rank)
        return bad_axis;
    for (uint32_t d = 0; d < in->rank; d++)
        dim[d >= axis] *= in->dim[d];
    if (dim[0] > UINT32_MAX || dim[1] > UINT32_MAX)
        return bad_shape;
    return alias(work, in, (uint32_t[]){(uint32_t)dim[0], (uint32_t)dim[1]}, 2);
}

/* The axes of Squeeze and Unsqueeze as a set of bits. */
static const char *axes_of(struct vg_onnx_work *work, uint32_t rank, unsigned *axes, bool *given)
{
    int64_t list[VG_ONNX_RANK_MAX];
    uint32_t count = 0, axis = 0;
    const char *why = vg_onnx_list_in(work, "axes", 1, list, VG_ONNX_RANK_MAX, &count, given);
    *axes = 0;
    for (uint32_t k = 0; !why && *given && k < count; k++) {
        if (!vg_onnx_axis_of(list[k], rank, &axis))
            return bad_axis;
        *axes |= 1u << axis;
    }
    return why;
}

const char *vg_onnx_const_squeeze(struct vg_onnx_work *work)
{
    const struct vg_onnx_array *in = vg_onnx_const_in(work, 0);
    uint32_t dim[VG_ONNX_RANK_MAX], rank = 0;
    unsigned axes = 0;
    bool given = false;
    const char *why = axes_of(work, in->rank, &axes, &given);
    for (uint32_t d = 0; !why && d < in->rank; d++) {
        const bool out = given ? axes >> d & 1u : in->dim[d] == 1;
        if (out && in->dim[d] != 1)
            return bad_axis;
        if (!out)
            dim[rank++] = in->dim[d];
    }
    return why ? why : alias(work, in, dim, rank);
}

const char *vg_onnx_const_unsqueeze(struct vg_onnx_work *work)
{
    const struct vg_onnx_array *in = vg_onnx_const_in(work, 0);
    uint32_t dim[VG_ONNX_RANK_MAX], from = 0, rank = in->rank;
    int64_t list[VG_ONNX_RANK_MAX];
    uint32_t count = 0;
    unsigned axes = 0;
    bool given = false;
    const char *why = vg_onnx_list_in(work, "axes", 1, list, VG_ONNX_RANK_MAX, &count, &given);
    if (why)
        return why;
    if (!given || (rank += count) > VG_ONNX_RANK_MAX)
        return bad_axis;
    why = axes_of(work, rank, &axes, &given);
    for (uint32_t d = 0; !why && d < rank; d++) {
        if (!(axes >> d & 1u) && from == in->rank)
            return bad_axis; /* an axis named twice */
        dim[d] = axes >> d & 1u ? 1 : in->dim[from++];
    }
    return why ? why : alias(work, in, dim, rank);
}

const char *vg_onnx_const_node(struct vg_onnx_work *work)
{
    struct vg_onnx_attr attr;
    struct vg_onnx_array array = {.data = NULL};
    struct vg_onnx_text name;
    const char *why = NULL;
    if (vg_onnx_attr(work->node, "value", &attr) && attr.tensor) {
        why = vg_onnx_array_read(attr.tensor, attr.tensor_size, &array, &name.at, &name.size);
        if (why) {
            vg_onnx_array_release(&array);
            return why;
        }
        return vg_onnx_set_array(work, 0, array);
    }
    if (vg_onnx_attr(work->node, "value_int", &attr)) {
        why = make(work, VG_ONNX_INT64, NULL, 0, &array);
        if (!why)
            put_int(&array, 0, attr.integer);
    } else if (vg_onnx_attr(work->node, "value_float", &attr)) {
        why = make(work, VG_ONNX_DOUBLE, NULL, 0, &array);
        if (!why)
            put_number(&array, 0, (double)attr.number);
    } else if (vg_onnx_attr(work->node, "value_ints", &attr) &&
               attr.list_count <= sizeof attr.list / sizeof *attr.list) {
        why = make(work, VG_ONNX_INT64, &attr.list_count, 1, &array);
        for (uint32_t k = 0; !why && k < attr.list_count; k++)
            put_int(&array, k, attr.list[k]);
    } else {
        return N_("the constant is of a type that is not read");
    }
    return why ? why : vg_onnx_set_array(work, 0, array);
}

/* ------------------------------------------------------------ moves with a copy */

/* Elements of `in` that a box of digits names: out's element at digits d is in's at
 * first[d] + step[d] * digit[d] along each axis from[d]. */
struct box {
    uint32_t rank, dim[VG_ONNX_RANK_MAX];
    int64_t step[VG_ONNX_RANK_MAX]; /* in elements */
    int64_t first;
};

static void copy_box(const struct vg_onnx_array *in, const struct box *box,
                     struct vg_onnx_array *out, uint64_t at)
{
    uint32_t digit[VG_ONNX_RANK_MAX] = {0};
    int64_t from = box->first;
    const uint64_t count = count_of(box->dim, box->rank);
    for (uint64_t i = 0; i < count; i++) {
        put_same(out, at + i, in, (uint64_t)from);
        for (uint32_t d = box->rank; d-- > 0;) {
            from += box->step[d];
            if (++digit[d] < box->dim[d])
                break;
            from -= box->step[d] * (int64_t)box->dim[d];
            digit[d] = 0;
        }
    }
}

static struct box box_of(const struct vg_onnx_array *in)
{
    struct box box = {.rank = in->rank, .first = 0};
    int64_t step = 1;
    for (uint32_t d = in->rank; d-- > 0;) {
        box.dim[d] = in->dim[d];
        box.step[d] = step;
        step *= in->dim[d];
    }
    return box;
}

static const char *set_box(struct vg_onnx_work *work, const struct vg_onnx_array *in,
                           const struct box *box)
{
    struct vg_onnx_array out;
    const char *why = make(work, in->type, box->dim, box->rank, &out);
    if (why)
        return why;
    copy_box(in, box, &out, 0);
    return vg_onnx_set_array(work, 0, out);
}

const char *vg_onnx_const_transpose(struct vg_onnx_work *work)
{
    const struct vg_onnx_array *in = vg_onnx_const_in(work, 0);
    const struct box all = box_of(in);
    struct box box = all;
    struct vg_onnx_attr attr;
    const bool given = vg_onnx_attr(work->node, "perm", &attr);
    unsigned seen = 0;
    if (given && attr.list_count != in->rank)
        return bad_axis;
    for (uint32_t d = 0; d < in->rank; d++) {
        const int64_t from = given ? attr.list[d] : in->rank - 1 - (int64_t)d;
        if (from < 0 || from >= in->rank || seen >> from & 1u)
            return bad_axis;
        seen |= 1u << from;
        box.dim[d] = all.dim[from];
        box.step[d] = all.step[from];
    }
    return set_box(work, in, &box);
}

const char *vg_onnx_const_slice(struct vg_onnx_work *work)
{
    const struct vg_onnx_array *in = vg_onnx_const_in(work, 0);
    struct box box = box_of(in);
    struct vg_onnx_slice slice;
    uint32_t axis = 0;
    const char *why = vg_onnx_slice_in(work, &slice);
    if (why)
        return why;
    for (uint32_t k = 0; k < slice.count; k++) {
        struct vg_onnx_range range;
        if (!vg_onnx_axis_of(slice.axis[k], in->rank, &axis))
            return bad_axis;
        if (!vg_onnx_range_of(slice.start[k], slice.end[k], slice.step[k], in->dim[axis], &range))
            return N_("the operator is not supported with a step that is not above zero");
        box.first += box.step[axis] * range.first;
        box.dim[axis] = range.count;
        box.step[axis] *= range.step;
    }
    return set_box(work, in, &box);
}

/* Indices of any shape: the elements of `axis` that they name, in its place. */
const char *vg_onnx_const_gather(struct vg_onnx_work *work)
{
    const struct vg_onnx_array *in = vg_onnx_const_in(work, 0), *at = vg_onnx_const_in(work, 1);
    struct vg_onnx_array out;
    uint32_t axis = 0, dim[2 * VG_ONNX_RANK_MAX], rank = 0;
    uint64_t outer = 1, inner = 1;
    if (!vg_onnx_axis_of(vg_onnx_attr_int(work->node, "axis", 0), in->rank, &axis))
        return bad_axis;
    if (!vg_onnx_type_whole(at->type) || in->rank + at->rank > VG_ONNX_RANK_MAX)
        return bad_shape;
    for (uint32_t d = 0; d < in->rank; d++) {
        if (d != axis) {
            *(d < axis ? &outer : &inner) *= in->dim[d];
            dim[rank++] = in->dim[d];
            continue;
        }
        for (uint32_t e = 0; e < at->rank; e++)
            dim[rank++] = at->dim[e];
    }
    const char *why = make(work, in->type, dim, rank, &out);
    for (uint64_t i = 0; !why && i < out.count; i++) {
        const uint64_t o = i / inner / at->count, k = i / inner % at->count;
        const int64_t index = vg_onnx_array_int(at, k);
        const int64_t from = index < 0 ? index + in->dim[axis] : index;
        if (from < 0 || from >= in->dim[axis]) {
            vg_onnx_array_release(&out);
            return N_("the operator is not supported with an index that is out of range");
        }
        put_same(&out, i, in, (o * in->dim[axis] + (uint64_t)from) * inner + i % inner);
    }
    return why ? why : vg_onnx_set_array(work, 0, out);
}

/* Dimensions of the inputs put together along `axis`; false when they do not fit. */
static bool concat_dims(const struct vg_onnx_work *work, uint32_t axis, uint32_t *dim)
{
    const struct vg_onnx_array *first = vg_onnx_const_in(work, 0);
    uint64_t sum = 0;
    memcpy(dim, first->dim, sizeof first->dim);
    for (uint32_t k = 0; k < work->node->input_count; k++) {
        const struct vg_onnx_array *in = vg_onnx_const_in(work, k);
        if (!in || in->rank != first->rank ||
            vg_onnx_type_whole(in->type) != vg_onnx_type_whole(first->type))
            return false;
        for (uint32_t d = 0; d < in->rank; d++)
            if (d != axis && in->dim[d] != first->dim[d])
                return false;
        sum += in->dim[axis];
    }
    dim[axis] = (uint32_t)sum;
    return sum <= UINT32_MAX;
}

const char *vg_onnx_const_concat(struct vg_onnx_work *work)
{
    const struct vg_onnx_array *first = vg_onnx_const_in(work, 0);
    struct vg_onnx_array out;
    uint32_t axis = 0, dim[VG_ONNX_RANK_MAX];
    uint64_t outer = 1, at = 0;
    if (!vg_onnx_axis_of(vg_onnx_attr_int(work->node, "axis", 0), first->rank, &axis))
        return bad_axis;
    if (!concat_dims(work, axis, dim))
        return bad_shape;
    for (uint32_t d = 0; d < axis; d++)
        outer *= dim[d];
    const char *why = make(work, first->type, dim, first->rank, &out);
    for (uint64_t o = 0; !why && out.count && o < outer; o++)
        for (uint32_t k = 0; k < work->node->input_count; k++) {
            const struct vg_onnx_array *in = vg_onnx_const_in(work, k);
            const uint64_t run = in->count / outer;
            for (uint64_t i = 0; i < run; i++)
                put_same(&out, at++, in, o * run + i);
        }
    return why ? why : vg_onnx_set_array(work, 0, out);
}

/* ------------------------------------------------------------ arithmetic */

/* a and b as boxes of one shape; an axis of size 1 is repeated. */
static bool broadcast(const struct vg_onnx_array *a, const struct vg_onnx_array *b, struct box *x,
                      struct box *y)
{
    const uint32_t rank = a->rank > b->rank ? a->rank : b->rank;
    const struct box from[2] = {box_of(a), box_of(b)};
    struct box *to[2] = {x, y};
    uint32_t dim[VG_ONNX_RANK_MAX];
    for (uint32_t d = 0; d < rank; d++) {
        const uint32_t p = d + a->rank < rank ? 1 : a->dim[d + a->rank - rank];
        const uint32_t q = d + b->rank < rank ? 1 : b->dim[d + b->rank - rank];
        if (p != q && p != 1 && q != 1)
            return false;
        dim[d] = p == 1 ? q : p;
    }
    for (unsigned k = 0; k < 2; k++) {
        *to[k] = (struct box){.rank = rank, .first = 0};
        memcpy(to[k]->dim, dim, rank * sizeof *dim);
        for (uint32_t d = 0; d < from[k].rank; d++) {
            const uint32_t e = d + rank - from[k].rank;
            to[k]->step[e] = from[k].dim[d] == 1 ? 0 : from[k].step[d];
        }
    }
    return true;
}

static bool whole_result(char op, int64_t a, int64_t b, int64_t *out)
{
    const bool minus_end = a == INT64_MIN && b == -1;
    switch (op) {
    case 'A':
        return !__builtin_add_overflow(a, b, out);
    case 'S':
        return !__builtin_sub_overflow(a, b, out);
    case 'M':
        return !__builtin_mul_overflow(a, b, out);
    default:
        break;
    }
    if (b == 0 || minus_end)
        return false;
    *out = a / b;
    return true;
}

static double number_result(char op, double a, double b)
{
    switch (op) {
    case 'A':
        return a + b;
    case 'S':
        return a - b;
    case 'M':
        return a * b;
    default:
        break;
    }
    return a / b;
}

/* Add, Sub, Mul, Div: told apart by their first letter. */
const char *vg_onnx_const_arithmetic(struct vg_onnx_work *work)
{
    const struct vg_onnx_array *a = vg_onnx_const_in(work, 0), *b = vg_onnx_const_in(work, 1);
    const char op = (char)work->node->op.at[0];
    const bool whole = vg_onnx_type_whole(a->type);
    struct vg_onnx_array x = {.data = NULL}, y = {.data = NULL};
    struct box p, q;
    if (whole != vg_onnx_type_whole(b->type) || !broadcast(a, b, &p, &q))
        return bad_shape;
    const char *why = make(work, a->type, p.dim, p.rank, &x);
    if (!why)
        why = make(work, b->type, q.dim, q.rank, &y);
    if (!why) {
        copy_box(a, &p, &x, 0);
        copy_box(b, &q, &y, 0);
    }
    for (uint64_t i = 0; !why && i < x.count; i++) {
        int64_t result = 0;
        if (!whole)
            put_number(&x, i,
                       number_result(op, vg_onnx_array_number(&x, i), vg_onnx_array_number(&y, i)));
        else if (whole_result(op, vg_onnx_array_int(&x, i), vg_onnx_array_int(&y, i), &result))
            put_int(&x, i, result);
        else
            why = N_("the operator is not supported with a result that is out of range");
    }
    vg_onnx_array_release(&y);
    if (!why)
        return vg_onnx_set_array(work, 0, x);
    vg_onnx_array_release(&x);
    return why;
}

/* Floor, Ceil, Sqrt, Neg. */
const char *vg_onnx_const_round(struct vg_onnx_work *work)
{
    const struct vg_onnx_array *in = vg_onnx_const_in(work, 0);
    struct vg_onnx_array out;
    const char op = (char)work->node->op.at[0];
    const char *why = make(work, VG_ONNX_DOUBLE, in->dim, in->rank, &out);
    for (uint64_t i = 0; !why && i < in->count; i++) {
        const double v = vg_onnx_array_number(in, i);
        put_number(&out, i, op == 'F' ? floor(v) : op == 'C' ? ceil(v) : op == 'S' ? sqrt(v) : -v);
    }
    return why ? why : vg_onnx_set_array(work, 0, out);
}

const char *vg_onnx_const_fill(struct vg_onnx_work *work)
{
    int64_t size[VG_ONNX_RANK_MAX];
    uint32_t dim[VG_ONNX_RANK_MAX], rank = 0;
    struct vg_onnx_attr attr;
    struct vg_onnx_text name;
    struct vg_onnx_array value = {.type = VG_ONNX_FLOAT}, out = {.data = NULL};
    const char *why = vg_onnx_ints_in(work, 0, size, VG_ONNX_RANK_MAX, &rank);
    for (uint32_t d = 0; !why && d < rank; d++) {
        if (size[d] < 0 || size[d] > VG_ONNX_COMPUTED_MAX)
            return bad_shape;
        dim[d] = (uint32_t)size[d];
    }
    const bool given = vg_onnx_attr(work->node, "value", &attr) && attr.tensor;
    if (!why && given)
        why = vg_onnx_array_read(attr.tensor, attr.tensor_size, &value, &name.at, &name.size);
    if (!why && given && value.count != 1)
        why = bad_shape;
    if (!why)
        why = make(work, value.type, dim, rank, &out);
    for (uint64_t i = 0; !why && given && i < out.count; i++)
        put_same(&out, i, &value, 0);
    vg_onnx_array_release(&value);
    return why ? why : vg_onnx_set_array(work, 0, out);
}

/* Shape of a view or a constant, at the input size for which the graph is folded. Whoever uses
 * the numbers must mean the same at other sizes: the moves find out what they mean. */
const char *vg_onnx_const_shape(struct vg_onnx_work *work)
{
    const struct vg_onnx_array *in = vg_onnx_const_in(work, 0);
    const struct vg_onnx_view *view = vg_onnx_view_in(work, 0);
    struct vg_onnx_array out;
    if (!in && !view)
        return no_constant;
    if (view && vg_onnx_view_pending(view))
        return N_("the operator is not supported with a padded input");
    const uint32_t rank = in ? in->rank : view->rank;
    int64_t start = vg_onnx_attr_int(work->node, "start", 0);
    int64_t end = vg_onnx_attr_int(work->node, "end", rank);
    struct vg_onnx_range range;
    if (!vg_onnx_range_of(start, end, 1, rank, &range))
        return bad_shape;
    const char *why = make(work, VG_ONNX_INT64, &range.count, 1, &out);
    for (uint32_t k = 0; !why && k < range.count; k++) {
        const uint32_t d = (uint32_t)range.first + k;
        put_int(&out, k, in ? in->dim[d] : view->axis[d].size);
    }
    return why ? why : vg_onnx_set_array(work, 0, out);
}
