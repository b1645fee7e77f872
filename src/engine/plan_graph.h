/* A model's nodes put together into operations: what one kernel does. Pure; for the plan alone.
 *
 * An operation has one main node and may take others into itself: the depthwise convolution or
 * the stem before it, the sum behind it, the resize of a sum's second term, an activation on its
 * first channels. The tensors between them never exist. */
#ifndef VG_ENGINE_PLAN_GRAPH_H
#define VG_ENGINE_PLAN_GRAPH_H

#include <stdint.h>

#include "kernels/kernel_list.h"
#include "models/model.h"
#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_GRAPH_NONE UINT32_MAX

enum vg_graph_fusion {
    VG_FUSION_ALL,
    VG_FUSION_NONE /* every tensor of the graph stands in memory: to look at a net step by step */
};

/* Whether `first`, which one kernel could take in before `node`, is to stay an operation of its
 * own. */
typedef int vg_graph_apart(const void *context, uint32_t first, uint32_t node);

struct vg_graph_settings {
    enum vg_graph_fusion fusion;
    uint32_t width, height; /* of the net's input: which planes are of one size depends on it */
    uint64_t row_values;    /* room on the device for the row between a pair's convolutions */
    vg_graph_apart *apart;  /* NULL: never */
    const void *context;
    const uint8_t *value_bytes; /* of each tensor (plan_types.h), borrowed; NULL: all floats */
};

struct vg_operation {
    uint32_t at;    /* node at whose place it is done: all that it reads stands by then */
    uint32_t node;  /* the main one: gives operator, window and weights */
    uint32_t first; /* node taken in before it: depthwise of a 1x1, or convolution of a pool */
    uint32_t x;     /* tensor read: of `first` if there is one */
    uint32_t x2;    /* second tensor of a sum or product, or none */
    uint32_t y;     /* tensor written */
    enum vg_conv_add sum; /* how x2 is added to the result; NONE: no sum, or a plain one */
    enum vg_act act;
    float act_a, act_b;
    uint32_t act_channels; /* so many of y take the activation: all, as a rule */
};

struct vg_graph {
    const struct vg_model *model; /* borrowed */
    const uint8_t *value_bytes;   /* likewise; NULL: all floats */
    uint32_t operation_count;
    struct vg_operation *operation;
    /* for each tensor: */
    uint32_t *alias;       /* y of an activation taken into a convolution lies in this one's tensor:
                        tensor, or NONE */
    uint32_t *alias_first; /* from this channel on */
    uint8_t *kept;         /* somebody outside the graph reads it: an output, a level */
    uint8_t *exists;       /* it stands in memory, written or as a view */
};

/* Takes memory; release it. VG_E_MEMORY, and what vg_model_sizes says. */
enum vg_status vg_graph_init(struct vg_graph *graph, const struct vg_model *model,
                             const struct vg_graph_settings *settings,
                             struct vg_fault *fault) VG_MUST_USE;
void vg_graph_release(struct vg_graph *graph);

/* The first node that writes `tensor`; NONE for the input. */
uint32_t vg_graph_writer(const struct vg_model *model, uint32_t tensor);

/* How a net's first layer may be served: a net that begins by putting 2x2 cells side by side gets
 * its input so from the start. The tensor that the preparation writes: 0, or that node's output. */
uint32_t vg_graph_input(const struct vg_model *model);

/* Whether the tensor is of bytes. */
int vg_graph_bytes(const struct vg_graph *graph, uint32_t tensor);

/* A CHANNELS node that only says where its channels lie; 0: it converts, or is none. */
int vg_graph_moves(const struct vg_graph *graph, const struct vg_node *node);

/* Of a convolution: one channel in, one out, in each group. */
int vg_graph_depthwise(const struct vg_model *model, const struct vg_node *node);

#endif
