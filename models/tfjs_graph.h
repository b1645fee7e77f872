/* A TensorFlow.js graph model as a list of nodes: names resolved, constants found in the weight
 * bytes, attributes readable. Nothing is understood yet; tfjs_fold.c does that.
 *
 * Names, operators and attributes are borrowed from the JSON document inside, constants from the
 * weight bytes of the caller: both live as long as the graph. */
#ifndef VG_MODELS_TFJS_GRAPH_H
#define VG_MODELS_TFJS_GRAPH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_TFJS_TEXT_MAX   (16u << 20)
#define VG_TFJS_NODES_MAX  8192
#define VG_TFJS_NAME_SIZE  256
#define VG_TFJS_INPUTS_MAX 8
#define VG_TFJS_RANK_MAX   4
#define VG_TFJS_PATHS_MAX  64

enum vg_tfjs_type {
    VG_TFJS_NONE,
    VG_TFJS_INT32,
    VG_TFJS_FLOAT32,
    VG_TFJS_HALF
};

/* The value of a Const node: elements row-major, little-endian, perhaps unaligned. */
struct vg_tfjs_const {
    enum vg_tfjs_type type; /* NONE: not a Const node */
    uint32_t rank;
    uint32_t dim[VG_TFJS_RANK_MAX];
    uint64_t count;      /* of elements; a shape of [] is one, a shape holding 0 is none */
    const uint8_t *data; /* borrowed */
};

struct vg_tfjs_node {
    const char *name, *op;
    const json_t *attr; /* NULL when the node has none */
    uint32_t input_count;
    uint32_t input[VG_TFJS_INPUTS_MAX]; /* index of the node read */
    uint32_t part[VG_TFJS_INPUTS_MAX];  /* which of its outputs */
    uint32_t readers;                   /* how often other nodes read this one */
    struct vg_tfjs_const value;
};

struct vg_tfjs_graph {
    const char *name; /* borrowed: of the file, for messages */
    json_t *root;     /* owned */
    struct vg_tfjs_node *node;
    uint32_t node_count;
    const char *path[VG_TFJS_PATHS_MAX]; /* weight files in order: plain names, no folder */
    uint32_t path_count;
    struct vg_fault *fault; /* of the call in progress */
};

/* Reads the JSON (size bytes). name is borrowed until release.
 * VG_E_INPUT with the place: syntax, a missing key, an unknown weight type, a node read that is
 * not there, a name used twice, a path that leads elsewhere. VG_E_FULL, VG_E_MEMORY. */
enum vg_status vg_tfjs_graph_init(struct vg_tfjs_graph *graph, const char *name, const char *text,
                                  size_t size, struct vg_fault *fault) VG_MUST_USE;

/* Gives the weights: all files of `path` behind each other. Checks that the sizes fit, neither
 * byte missing nor left over (VG_E_INPUT). data is borrowed until release. */
enum vg_status vg_tfjs_graph_weights(struct vg_tfjs_graph *graph, const uint8_t *data, size_t size,
                                     struct vg_fault *fault) VG_MUST_USE;

void vg_tfjs_graph_release(struct vg_tfjs_graph *graph);

/* Refuses a node: "file: "a/b": detail", the detail without words. Returns VG_E_INPUT. */
enum vg_status vg_tfjs_refuse(const struct vg_tfjs_graph *graph, uint32_t node, const char *what,
                              const char *detail, ...) VG_PRINTF(4, 5);

/* Attributes; false when the key is absent or of another kind. String: base64 undone, at most
 * size - 1 bytes. Integers: at most `most` decimal strings of 32 bits. */
bool vg_tfjs_attr_string(const struct vg_tfjs_node *node, const char *key, char *out, size_t size);
bool vg_tfjs_attr_float(const struct vg_tfjs_node *node, const char *key, double *out);
bool vg_tfjs_attr_flag(const struct vg_tfjs_node *node, const char *key, bool *out);
bool vg_tfjs_attr_integers(const struct vg_tfjs_node *node, const char *key, int32_t *out,
                           uint32_t most, uint32_t *count);

/* The placeholder's shape: attr.shape.shape.dim[].size. */
bool vg_tfjs_attr_shape(const struct vg_tfjs_node *node, int32_t *out, uint32_t most,
                        uint32_t *count);

/* Element `i` (below count) of a constant. */
int32_t vg_tfjs_const_int(const struct vg_tfjs_const *value, uint64_t i);
float vg_tfjs_const_float(const struct vg_tfjs_const *value, uint64_t i);

#endif
