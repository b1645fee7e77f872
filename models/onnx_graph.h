/* An ONNX file as a list of nodes: names resolved, constants found, attributes readable. Nothing
 * is understood yet; onnx_fold.c does that.
 *
 * Names, attributes and raw constants are borrowed from the file's bytes, which live as long as
 * the graph. Memory: at most VG_ONNX_GRAPH_BYTES for the tables, whatever the file says, and
 * eight times the file for constants that are not raw bytes. */
#ifndef VG_MODELS_ONNX_GRAPH_H
#define VG_MODELS_ONNX_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/onnx_array.h"
#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_ONNX_NODES_MAX   8192
#define VG_ONNX_CONSTS_MAX  8192
#define VG_ONNX_EDGES_MAX   65536 /* inputs and outputs of all nodes */
#define VG_ONNX_VALUES_MAX  65536 /* different names */
#define VG_ONNX_OUTPUTS_MAX 16
#define VG_ONNX_OPSET_LEAST 11
#define VG_ONNX_OPSET_MOST  17
#define VG_ONNX_GRAPH_BYTES (8u << 20)
#define VG_ONNX_NOTHING     UINT32_MAX /* no value: an input left out; no node, no constant */

/* Bytes of a name in the file: any bytes, no end. */
struct vg_onnx_text {
    const uint8_t *at;
    size_t size;
};

struct vg_onnx_node {
    struct vg_onnx_text name, op;
    uint32_t input_first, input_count; /* in edge[] */
    uint32_t output_first, output_count;
    const uint8_t *data; /* the NodeProto */
    size_t size;
};

struct vg_onnx_value {
    struct vg_onnx_text name;
    uint32_t node;     /* that writes it, or NOTHING */
    uint32_t constant; /* initialiser, or NOTHING */
};

struct vg_onnx_port {
    uint32_t value;
    uint32_t rank;
    uint32_t dim[VG_ONNX_RANK_MAX]; /* 0: named or unknown */
};

struct vg_onnx_graph {
    const char *name; /* borrowed: of the file, for messages */
    uint32_t opset;
    uint32_t node_count, edge_count, value_count, const_count, output_count;
    struct vg_onnx_node *node;
    uint32_t *edge; /* a value, or NOTHING */
    struct vg_onnx_value *value;
    struct vg_onnx_array *constant;
    struct vg_onnx_port input;
    struct vg_onnx_port output[VG_ONNX_OUTPUTS_MAX];
    struct vg_fault *fault; /* of the call in progress */
};

/* Reads the file's bytes. name is borrowed until release. VG_E_INPUT with the place: cut, not
 * ONNX, another opset, external data, a type that is not read, two values of one name, more than
 * one input, a node read before it is written. VG_E_FULL (a limit), VG_E_MEMORY. */
enum vg_status vg_onnx_graph_init(struct vg_onnx_graph *graph, const char *name,
                                  const uint8_t *data, size_t size,
                                  struct vg_fault *fault) VG_MUST_USE;

void vg_onnx_graph_release(struct vg_onnx_graph *graph);

/* Whether these bytes look like a ModelProto rather than JSON. */
bool vg_onnx_looks_like(const uint8_t *data, size_t size);

/* Refuses a node: "file: node 7 "name" (Conv): detail". Returns VG_E_INPUT. */
enum vg_status vg_onnx_refuse(const struct vg_onnx_graph *graph, uint32_t node, const char *what,
                              const char *detail, ...) VG_PRINTF(4, 5);

/* A printable copy: other bytes become '?', and it is cut to fit. */
void vg_onnx_text_copy(struct vg_onnx_text text, char *out, size_t size);

bool vg_onnx_text_is(struct vg_onnx_text text, const char *word);

/* Attributes of a node. */
struct vg_onnx_attr {
    float number;             /* f */
    int64_t integer;          /* i */
    struct vg_onnx_text text; /* s */
    const uint8_t *tensor;    /* t: a TensorProto; NULL: none */
    size_t tensor_size;
    int64_t list[2 * VG_ONNX_RANK_MAX]; /* ints; list_count may say more than fit */
    uint32_t list_count;
};

/* false: the node has no such attribute. A list that is longer than fits has list_count of
 * UINT32_MAX. */
bool vg_onnx_attr(const struct vg_onnx_node *node, const char *name, struct vg_onnx_attr *attr);

/* The integer, float, word or list, or what the standard puts there. */
int64_t vg_onnx_attr_int(const struct vg_onnx_node *node, const char *name, int64_t otherwise);
double vg_onnx_attr_float(const struct vg_onnx_node *node, const char *name, double otherwise);
bool vg_onnx_attr_is(const struct vg_onnx_node *node, const char *name, const char *word,
                     const char *otherwise);

#endif
