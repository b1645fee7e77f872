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
#define VG_MODEL_INPUTS_MAX  4
#define VG_MODEL_OUTPUTS_MAX 16
#define VG_MODEL_CLASSES_MAX 256
#define VG_MODEL_FILE_MAX    (256u << 20)

enum vg_op {
    VG_OP_CONV = 1, /* dense 2-D convolution with bias and fused activation, weights OIHW */
    VG_OP_MAXPOOL,  /* padding counts as minus infinity */
    VG_OP_RESIZE,   /* bilinear, half-pixel centres, edges clamped, by scale_num/scale_den */
    VG_OP_ADD,      /* of two tensors of one shape */
    VG_OP_CONCAT,   /* along channels */
    VG_OP_SLICE, /* channels channel_first .. channel_first + channels(out) - 1 (a Split's part) */
    VG_OP_SIGMOID,
    VG_OP_COUNT
};

enum vg_act {
    VG_ACT_NONE,
    VG_ACT_LEAKY,
    VG_ACT_COUNT
}; /* leaky: v > 0 ? v : slope * v */

/* A tensor of the graph: `channels` planes of (input height / stride) x (input width / stride).
 * Tensor 0 is the net's input (3 channels, stride 1). */
struct vg_tensor {
    uint32_t channels;
    uint32_t stride;
};

/* One step; in topological order; each tensor but 0 is written by exactly one node. */
struct vg_node {
    enum vg_op op;
    enum vg_act act;
    float slope;
    uint32_t in[VG_MODEL_INPUTS_MAX];
    uint32_t in_count;
    uint32_t out;
    uint32_t kernel, stride, pad;      /* CONV and MAXPOOL: square, symmetric */
    uint32_t scale_num, scale_den;     /* RESIZE: 2/1 or 1/2 */
    uint32_t channel_first;            /* SLICE */
    uint64_t weight_first, bias_first; /* CONV: index of its first float in weights */
};

enum vg_head {
    VG_HEAD_NANODET = 1
}; /* later: yolox, nanodet_plus, fastestdet */

/* An output as the source file has it: [1, cells, channels], cell = row * grid width + column. */
struct vg_output {
    char name[VG_MODEL_NAME_SIZE]; /* as in the source file, such as "Identity_3" */
    uint32_t tensor;
    enum vg_output_role {
        VG_OUTPUT_SCORES = 1,
        VG_OUTPUT_DISTANCES
    } role;
};

enum vg_channel_order {
    VG_ORDER_BGR = 1,
    VG_ORDER_RGB
};

struct vg_model {
    char name[VG_MODEL_NAME_SIZE];    /* "nanodet-g" */
    char licence[VG_MODEL_NAME_SIZE]; /* SPDX, "Apache-2.0" */
    char origin[256];                 /* where the weights come from, for people */
    uint8_t digest[VG_SHA256_BYTES];  /* of the whole file but its last field */

    uint32_t input_width, input_height; /* preferred; any multiple of input_multiple is allowed */
    uint32_t input_multiple;            /* 32 */
    enum vg_channel_order order;
    float mean[3], scale[3]; /* in the order of `order`: x = (byte - mean) * scale */
    float fill;              /* byte value of the letterbox's border, 114 */

    enum vg_head head;
    uint32_t class_count;                          /* of the net */
    enum vg_class class_map[VG_MODEL_CLASSES_MAX]; /* net's class to ours or NONE (dropped) */
    char class_name[VG_MODEL_CLASSES_MAX][32];     /* the net's own words */
    uint32_t bins;                                 /* nanodet: values per side, 11 */
    float threshold, nms;                          /* defaults of the descriptor */

    uint32_t tensor_count, node_count, output_count;
    struct vg_tensor tensor[VG_MODEL_TENSORS_MAX];
    struct vg_node node[VG_MODEL_NODES_MAX];
    struct vg_output output[VG_MODEL_OUTPUTS_MAX];

    float *weights; /* owned */
    uint64_t weight_count;
};

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

/* The checks of parse on a model in memory: an importer runs them before saving. */
enum vg_status vg_model_check(const struct vg_model *model, struct vg_fault *fault) VG_MUST_USE;

#endif
