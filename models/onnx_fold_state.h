/* What the handlers of onnx_fold.c's table share: the node in work, its inputs and its results.
 * A handler returns NULL when its node is done, else why not (a msgid). */
#ifndef VG_MODELS_ONNX_FOLD_STATE_H
#define VG_MODELS_ONNX_FOLD_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "models/onnx_fold.h"

/* What a value of the graph is: one of the two, or not known yet. */
struct vg_onnx_known {
    struct vg_onnx_view *view;   /* owned */
    struct vg_onnx_array *array; /* owned, its `owned` too */
};

struct vg_onnx_work {
    struct vg_onnx_graph *graph;
    struct vg_onnx_folded *out;
    struct vg_onnx_known *known; /* by value */
    uint64_t computed_bytes;
    const struct vg_onnx_node *node; /* in work */
};

/* Input k: whether it is given, as constant (NULL: it is none), as view (NULL: it is none). */
bool vg_onnx_given(const struct vg_onnx_work *work, uint32_t k);
const struct vg_onnx_array *vg_onnx_const_in(const struct vg_onnx_work *work, uint32_t k);
const struct vg_onnx_view *vg_onnx_view_in(const struct vg_onnx_work *work, uint32_t k);

/* Input k as integers; why not, else. */
const char *vg_onnx_ints_in(const struct vg_onnx_work *work, uint32_t k, int64_t *out,
                            uint32_t most, uint32_t *count);

/* The lists of a Slice, one entry an axis that is cut; axes and steps that are not given stand as
 * 0, 1, .. and 1. */
struct vg_onnx_slice {
    uint32_t count;
    int64_t start[VG_ONNX_RANK_MAX], end[VG_ONNX_RANK_MAX], axis[VG_ONNX_RANK_MAX],
        step[VG_ONNX_RANK_MAX];
};
const char *vg_onnx_slice_in(const struct vg_onnx_work *work, struct vg_onnx_slice *slice);

/* Input k as a view without a border or halves; as [1, channels, rows, columns] besides (a border
 * may be there then). */
const char *vg_onnx_plain_in(const struct vg_onnx_work *work, uint32_t k,
                             const struct vg_onnx_view **view);
const char *vg_onnx_planes_in(const struct vg_onnx_work *work, uint32_t k,
                              const struct vg_onnx_view **view);

/* A list of integers that newer opsets give as input k and older ones as attribute. *given false:
 * neither. */
const char *vg_onnx_list_in(const struct vg_onnx_work *work, const char *attr, uint32_t k,
                            int64_t *out, uint32_t most, uint32_t *count, bool *given);

/* Results: copied. An array's `owned` is taken. */
const char *vg_onnx_set_view(struct vg_onnx_work *work, uint32_t k,
                             const struct vg_onnx_view *view);
const char *vg_onnx_set_array(struct vg_onnx_work *work, uint32_t k, struct vg_onnx_array array);

/* An axis counted from the back when negative; false when there is none such. */
bool vg_onnx_axis_of(int64_t axis, uint32_t rank, uint32_t *out);

/* Elements first, ..., as the standard clamps them; false when the step is not above zero. */
bool vg_onnx_range_of(int64_t start, int64_t end, int64_t step, uint32_t size,
                      struct vg_onnx_range *range);

/* ------------------------------------------------------------ constants (onnx_const.c) */

typedef const char *vg_onnx_handler(struct vg_onnx_work *work);

vg_onnx_handler vg_onnx_const_alias, vg_onnx_const_cast, vg_onnx_const_reshape,
    vg_onnx_const_flatten, vg_onnx_const_squeeze, vg_onnx_const_unsqueeze, vg_onnx_const_transpose,
    vg_onnx_const_concat, vg_onnx_const_slice, vg_onnx_const_gather, vg_onnx_const_arithmetic,
    vg_onnx_const_round, vg_onnx_const_fill, vg_onnx_const_node, vg_onnx_const_shape;

/* ------------------------------------------------------------ views (onnx_moves.c) */

vg_onnx_handler vg_onnx_move_same, vg_onnx_move_cast, vg_onnx_move_reshape, vg_onnx_move_flatten,
    vg_onnx_move_squeeze, vg_onnx_move_unsqueeze, vg_onnx_move_transpose, vg_onnx_move_concat,
    vg_onnx_move_split, vg_onnx_move_slice, vg_onnx_move_gather, vg_onnx_move_pad,
    vg_onnx_move_space_to_depth;

/* ------------------------------------------------------------ steps (onnx_steps.c) */

vg_onnx_handler vg_onnx_step_conv, vg_onnx_step_gemm, vg_onnx_step_matmul, vg_onnx_step_norm,
    vg_onnx_step_pool, vg_onnx_step_mean, vg_onnx_step_reduce, vg_onnx_step_resize,
    vg_onnx_step_act, vg_onnx_step_softmax, vg_onnx_step_pair;

#endif
