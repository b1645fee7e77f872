/* A detector in memory: graph, weights, how its input is prepared, what its outputs mean.
 * Read from Vigie's own file (models/FORMAT.md), written by the importers. Immutable once
 * open: any thread may read it. Sizes are symbolic: the engine's plan fixes them for an input
 * size. */
#ifndef VG_MODELS_MODEL_H
#define VG_MODELS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/class.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/base/sha256.h"

#define VG_MODEL_NAME_SIZE   64
#define VG_MODEL_NODES_MAX   1024
#define VG_MODEL_TENSORS_MAX 1024
#define VG_MODEL_INPUTS_MAX  8
#define VG_MODEL_OUTPUTS_MAX 16
#define VG_MODEL_LEVELS_MAX  8
#define VG_MODEL_CLASSES_MAX 256
#define VG_MODEL_MAP_MAX     (1u << 20)
#define VG_MODEL_FILE_MAX    (256u << 20)
#define VG_MODEL_NONE        UINT32_MAX /* no tensor, no place */

/* A closed list: an importer turns whatever its source says into these, or refuses. */
enum vg_op {
    VG_OP_CONV = 1, /* 2-D convolution with bias: weights [out][in / groups][row][column] */
    VG_OP_MAXPOOL,  /* padding counts as minus infinity */
    VG_OP_AVGPOOL, /* mean over the window; padding counts as zeros, or not at all (pool_padding) */
    VG_OP_MEAN,    /* of each whole plane: the output is 1x1 */
    VG_OP_RESIZE,  /* by scale_num / scale_den in both axes, see enum vg_resize */
    VG_OP_ADD,     /* two tensors of one shape, or the second one of 1x1 planes */
    VG_OP_MUL,     /* likewise */
    VG_OP_CHANNELS,       /* each channel of the output is one of an input, by a map: concat, split,
                       slice, gather and channel shuffle are all this */
    VG_OP_SPACE_TO_DEPTH, /* each 2x2 cells become one: channel q * C + c of the output is channel
                             c at (row q / 2, column q % 2) of the cells; even sizes only */
    VG_OP_ACT,            /* an activation alone */
    VG_OP_SOFTMAX,        /* over the channels */
    VG_OP_COUNT
};

/* What is done to a value at last, in CONV, ADD, MUL and ACT. a, b: act_a, act_b of the node. */
enum vg_act {
    VG_ACT_NONE,
    VG_ACT_LEAKY,        /* v > 0 ? v : a * v; ReLU has a = 0 */
    VG_ACT_CLIP,         /* min(max(v, a), b); ReLU6 */
    VG_ACT_SIGMOID,      /* 1 / (1 + exp(-v)) */
    VG_ACT_SILU,         /* v * sigmoid(v) */
    VG_ACT_HARD_SIGMOID, /* min(max(a * v + b, 0), 1) */
    VG_ACT_HARD_SWISH,   /* v * min(max(v / 6 + 1/2, 0), 1) */
    VG_ACT_COUNT
};

enum vg_resize {
    VG_RESIZE_LINEAR = 1, /* half-pixel centres, edges clamped */
    VG_RESIZE_NEAREST     /* source = floor(at * in / out) */
};

enum vg_pool_padding {
    VG_POOL_PADDING_LEFT_OUT,
    VG_POOL_PADDING_COUNTED
};

/* A tensor of the graph: `channels` planes. Tensor 0 is the net's input, 3 channels. Planes have
 * no size of their own: vg_model_sizes finds it for an input size. */
struct vg_tensor {
    uint32_t channels;
};

/* The window of CONV, MAXPOOL and AVGPOOL, in rows (y) and columns (x).
 * size of the output = floor((in + pads - (dilation * (size - 1) + 1)) / stride) + 1 */
struct vg_window {
    uint32_t size_y, size_x;
    uint32_t stride_y, stride_x;
    uint32_t dilation_y, dilation_x;    /* 1 for the pools */
    uint32_t above, left, below, right; /* padding */
};

/* One step; in topological order; each tensor but 0 is written by exactly one node. */
struct vg_node {
    enum vg_op op;
    enum vg_act act;
    float act_a, act_b;
    uint32_t in[VG_MODEL_INPUTS_MAX];
    uint32_t in_count;
    uint32_t out;
    struct vg_window window; /* CONV and the pools */
    uint32_t groups;         /* CONV: divides both counts of channels */
    enum vg_pool_padding pool_padding;
    enum vg_resize resize;
    uint32_t scale_num, scale_den;     /* RESIZE: n/1, or 1/n of sizes that n divides; n 2 to 8 */
    uint32_t map_first;                /* CHANNELS: of its channels(out) words in map */
    uint64_t weight_first, bias_first; /* CONV: index of its first float in weights */
    /* CONV whose input has a range: for each output channel the step of its weights, and its bias
     * as the calibration corrected it; index of the first float in weights. Else 0. */
    uint64_t step_first, int8_bias_first;
};

/* A word of map: which input, which of its channels. */
#define VG_MAP_WORD(input, channel) ((uint32_t)(input) << 16 | (uint32_t)(channel))
#define VG_MAP_INPUT(word)          ((word) >> 16)
#define VG_MAP_CHANNEL(word)        ((word)&0xffffu)

/* How boxes are made of the levels' tensors, at a cell (row, column) of stride s:
 *
 *   NANODET       D_k = s * expectation of the softmax of side k's bins (left, top, right, bottom);
 *                 centre = (column + 1/2, row + 1/2) * s; score = scores[c]
 *   NANODET_PLUS  the same with centre = (column, row) * s
 *   YOLOX         boxes = x, y, w, h: centre = ((column + x) * s, (row + y) * s),
 *                 size = (exp(w) * s, exp(h) * s); score = objectness * scores[c]
 *   FASTESTDET    boxes = x, y, w, h: centre = ((column + tanh x) / grid width * W, likewise row),
 *                 size = (sigmoid(w) * W, sigmoid(h) * H); score = objectness^0.6 * scores[c]^0.4
 *
 * scores and objectness are as the net gives them, sigmoid or softmax applied by its nodes. */
enum vg_head {
    VG_HEAD_NANODET = 1,
    VG_HEAD_NANODET_PLUS,
    VG_HEAD_YOLOX,
    VG_HEAD_FASTESTDET
};

/* One level of the pyramid: tensors of one size of planes, which is input / stride rounded up.
 * Levels stand by rising stride. */
struct vg_level {
    uint32_t stride;     /* input pixels of a cell */
    uint32_t scores;     /* class_count channels */
    uint32_t boxes;      /* 4 * bins channels, or 4 */
    uint32_t objectness; /* 1 channel; VG_MODEL_NONE for the NanoDet heads */
};

enum vg_layout {
    VG_LAYOUT_CELLS =
        1,           /* [1, cells, channels], cell = row * width + column, parts after another */
    VG_LAYOUT_PLANES /* [1, channels, height, width], one part */
};

/* An output as the source file has it: parts (tensors of as many channels each) behind each other. */
struct vg_output {
    char name[VG_MODEL_NAME_SIZE]; /* as in the source file, such as "Identity_3" */
    enum vg_layout layout;
    uint32_t part_count;
    uint32_t part[VG_MODEL_LEVELS_MAX];
};

enum vg_channel_order {
    VG_ORDER_BGR = 1,
    VG_ORDER_RGB
};

/* Where the picture lies in the letterbox. */
enum vg_anchor {
    VG_ANCHOR_CENTRE = 1,
    VG_ANCHOR_CORNER /* top left */
};

/* Values that a tensor takes, of a quantised model: u8 = round(v / step) + zero. */
struct vg_value_range {
    float low, high; /* low <= 0 <= high; both 0: this tensor stays float */
};

struct vg_model {
    char name[VG_MODEL_NAME_SIZE];    /* "nanodet-g" */
    char licence[VG_MODEL_NAME_SIZE]; /* SPDX, "Apache-2.0" */
    char origin[256];                 /* where the weights come from, for people */
    uint8_t digest[VG_SHA256_BYTES];  /* of the whole file but its last field */

    uint32_t input_width, input_height; /* preferred */
    uint32_t input_multiple;            /* width and height may be any multiples of it; 0: the net
                                           is of this one size */
    enum vg_channel_order order;
    enum vg_anchor anchor;
    float mean[3], scale[3]; /* in the order of `order`: x = (byte - mean) * scale */
    float fill;              /* byte value of the letterbox's border, 114 */

    enum vg_head head;
    uint32_t class_count;                          /* of the net */
    enum vg_class class_map[VG_MODEL_CLASSES_MAX]; /* net's class to ours or NONE (dropped) */
    char class_name[VG_MODEL_CLASSES_MAX][32];     /* the net's own words */
    uint32_t bins;        /* NanoDet heads: values per side, 11 or 8; else 0 */
    float threshold, nms; /* defaults of the descriptor */

    uint32_t tensor_count, node_count, output_count, level_count;
    struct vg_tensor tensor[VG_MODEL_TENSORS_MAX];
    struct vg_node node[VG_MODEL_NODES_MAX];
    struct vg_output output[VG_MODEL_OUTPUTS_MAX];
    struct vg_level level[VG_MODEL_LEVELS_MAX];

    uint32_t *map; /* owned */
    uint32_t map_count;
    float *weights; /* owned; NULL: dropped */
    uint64_t weight_count;
    struct vg_value_range *range; /* owned; one for each tensor; NULL: not quantised */
};

struct vg_size {
    uint32_t width, height;
};

/* Sizes of all tensors' planes for an input size, by walking the nodes of a model that has passed
 * its check. size: room for tensor_count. VG_E_CALL (the input size is not one that the net takes),
 * VG_E_INPUT (a node whose inputs do not fit each other at this size, named). Pure. */
enum vg_status vg_model_sizes(const struct vg_model *model, uint32_t width, uint32_t height,
                              struct vg_size *size, struct vg_fault *fault) VG_MUST_USE;

/* Reads a model of `size` bytes; checks magic, version, limits, every index, the order of the
 * nodes, the shapes and the digest. *model given; vg_model_close it. name: for messages.
 * VG_E_INPUT (place named), VG_E_INTEGRITY (digest), VG_E_MEMORY. */
enum vg_status vg_model_parse(const char *name, const uint8_t *data, size_t size,
                              struct vg_model **model, struct vg_fault *fault) VG_MUST_USE;

/* The file at `path`. Adds VG_E_MISSING, VG_E_IO. */
enum vg_status vg_model_open(const char *path, struct vg_model **model,
                             struct vg_fault *fault) VG_MUST_USE;

/* By name or path: a name is NAME.vgm in the models' folder. */
enum vg_status vg_model_find(const char *name, struct vg_model **model,
                             struct vg_fault *fault) VG_MUST_USE;

/* The bytes that save writes; *data given (vg_free). VG_E_INPUT when check refuses the model. */
enum vg_status vg_model_pack(const struct vg_model *model, uint8_t **data, size_t *size,
                             struct vg_fault *fault) VG_MUST_USE;

/* Where the model of this name would lie: NAME.vgm in the models' folder; a name that holds a
 * slash or ends with .vgm is a path already. VG_E_CALL (not a name), VG_E_LACK (no folder). */
enum vg_status vg_model_path(const char *name, char *path, size_t size,
                             struct vg_fault *fault) VG_MUST_USE;

/* Writes it synced, by rename: nothing half-written is ever left. */
enum vg_status vg_model_save(const struct vg_model *model, const char *path,
                             struct vg_fault *fault) VG_MUST_USE;

void vg_model_close(struct vg_model **model);

/* Our classes that it tells apart. */
vg_class_set vg_model_classes(const struct vg_model *model);

/* Frees the weights, for an owner who has put them on a device: everything else stays. No engine
 * can be opened from it then, nor can it be packed. */
void vg_model_weights_drop(struct vg_model *model);

/* The checks of parse on a model in memory: an importer runs them before saving. */
enum vg_status vg_model_check(const struct vg_model *model, struct vg_fault *fault) VG_MUST_USE;

/* The same; `name`, of the source file, goes before the place. */
enum vg_status vg_model_check_source(const char *name, const struct vg_model *model,
                                     struct vg_fault *fault) VG_MUST_USE;

#endif
