/* What the values of an ONNX graph look like, seen from the planes of the model's tensors.
 *
 * A view is a list of channels, each a plane of some tensor, with the axes that the graph gives
 * them: rows and columns of the planes, both as cells, and any number of axes of channels, whose
 * product is the list's length (row-major). Reshape, Transpose, Concat, Split, Slice, Gather,
 * Squeeze and Unsqueeze only change axes and list; no step of the model is needed until somebody
 * computes with the result.
 *
 *   [1, 48, 44, 44]          ONE CHANNELS ROWS COLUMNS
 *   Reshape [24, 2, 1936]    CHANNELS CHANNELS CELLS      the list stays
 *   Transpose [1, 0, 2]      CHANNELS CHANNELS CELLS      the list is permuted
 *   Reshape [2, 1, 24, 44, 44], Gather 0 and 1            half of the list each
 *
 * Cells of several levels behind each other are parts: a list of channels each, of one length.
 * Sizes are those at the input size for which the graph was written; which axis is what does not
 * depend on it. */
#ifndef VG_MODELS_ONNX_SHAPE_H
#define VG_MODELS_ONNX_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/model.h"
#include "models/onnx_array.h"
#include "src/base/attr.h"

#define VG_ONNX_WORDS_MAX (8u << 20) /* of all lists of a graph: 32 MiB */

/* Lists live until the pool is released. */
struct vg_onnx_pool {
    struct vg_onnx_block *block; /* owned */
    uint64_t words;
};

/* `count` words, zeroed; NULL: no memory, or the limit. */
uint32_t *vg_onnx_pool_take(struct vg_onnx_pool *pool, uint64_t count) VG_MUST_USE;
void vg_onnx_pool_release(struct vg_onnx_pool *pool);

enum vg_onnx_axis_kind {
    VG_AXIS_ONE, /* of size 1: batch, or nothing */
    VG_AXIS_CHANNELS,
    VG_AXIS_ROWS,
    VG_AXIS_COLUMNS,
    VG_AXIS_CELLS /* rows and columns, row-major; the only kind that may have several parts */
};

struct vg_onnx_axis {
    enum vg_onnx_axis_kind kind;
    uint32_t size;
};

/* A word of a list: VG_MAP_WORD(tensor, channel). */
struct vg_onnx_part {
    const uint32_t *word;
    uint32_t height, width; /* of the tensors' planes */
};

/* Every second row or column, from the first or the second: what a Slice of step 2 leaves. */
enum vg_onnx_half {
    VG_HALF_NONE,
    VG_HALF_FIRST,
    VG_HALF_SECOND
};

/* A border that a Pad put there, for the convolution or pool that follows. */
struct vg_onnx_border {
    uint32_t above, left, below, right;
    bool lowest; /* filled with the least value there is; else with zeros */
};

struct vg_onnx_view {
    uint32_t rank;
    struct vg_onnx_axis axis[VG_ONNX_RANK_MAX];
    uint32_t channels; /* length of each list */
    uint32_t part_count;
    struct vg_onnx_part part[VG_MODEL_LEVELS_MAX];
    enum vg_onnx_half rows, columns;
    struct vg_onnx_border border;
};

enum vg_onnx_planes {
    VG_PLANES_OF_A_SIZE,
    VG_PLANES_SINGLE /* 1x1 whatever the input size: its axes are ONE */
};

/* All these return NULL when it is done, else why not (a msgid). */

/* [1, channels, height, width] of a whole tensor. */
const char *vg_onnx_view_tensor(struct vg_onnx_pool *pool, uint32_t tensor, uint32_t channels,
                                uint32_t height, uint32_t width, enum vg_onnx_planes planes,
                                struct vg_onnx_view *out);

/* target: as ONNX has it, 0 keeps and -1 infers. */
const char *vg_onnx_view_reshape(const struct vg_onnx_view *in, const int64_t *target,
                                 uint32_t rank, struct vg_onnx_view *out);

const char *vg_onnx_view_transpose(struct vg_onnx_pool *pool, const struct vg_onnx_view *in,
                                   const int64_t *perm, struct vg_onnx_view *out);

/* axis: below the rank. Channels behind each other, or cells. */
const char *vg_onnx_view_concat(struct vg_onnx_pool *pool, const struct vg_onnx_view *in,
                                uint32_t count, uint32_t axis, struct vg_onnx_view *out);

/* Elements first, first + step, ... (count of them, all within the axis). */
struct vg_onnx_range {
    int64_t first, step;
    uint32_t count;
};
const char *vg_onnx_view_slice(struct vg_onnx_pool *pool, const struct vg_onnx_view *in,
                               uint32_t axis, struct vg_onnx_range range, struct vg_onnx_view *out);

/* Takes out an axis of size 1. */
void vg_onnx_view_drop_axis(struct vg_onnx_view *view, uint32_t axis);

/* Repeats the only channel: `count` channels. */
const char *vg_onnx_view_repeat(struct vg_onnx_pool *pool, const struct vg_onnx_view *in,
                                uint32_t axis, uint32_t count, struct vg_onnx_view *out);

/* Whether it is [1, channels, rows, columns] of one part, nothing pending but a border. */
bool vg_onnx_view_is_planes(const struct vg_onnx_view *view);

/* The only axis of channels; rank when there is none or more than one. */
uint32_t vg_onnx_view_channel_axis(const struct vg_onnx_view *view);

/* Rows, columns or a border that only some operators can take. */
bool vg_onnx_view_pending(const struct vg_onnx_view *view);

/* Height and width of each plane is 1, at any input size. */
bool vg_onnx_view_single(const struct vg_onnx_view *view);

#endif
