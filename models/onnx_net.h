/* The model in the making: steps like those of struct vg_model, each with weights of its own, so
 * that a step can still be merged with its neighbour or dropped.
 *
 * Step n writes tensor n + 1; tensor 0 is the input. Channels may stand in another order in a
 * tensor than in the graph: the list of the view says which is which, and the weights of whoever
 * reads it follow. So shuffles cost nothing before a convolution. */
#ifndef VG_MODELS_ONNX_NET_H
#define VG_MODELS_ONNX_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/model.h"
#include "models/onnx_shape.h"
#include "src/base/attr.h"

#define VG_ONNX_STEPS_MAX   4096
#define VG_ONNX_WEIGHTS_MAX (VG_MODEL_FILE_MAX / 4) /* floats of all steps together */

struct vg_onnx_step {
    struct vg_node node;  /* but for map_first, weight_first, bias_first */
    float *weight, *bias; /* owned; CONV */
    uint64_t weight_count;
    const uint32_t *map; /* of the net's pool; CHANNELS: words of (input, channel) */
    bool alive;
};

struct vg_onnx_net {
    struct vg_onnx_pool pool;
    struct vg_onnx_step *step; /* owned, VG_ONNX_STEPS_MAX */
    uint32_t step_count;
    uint32_t channels[VG_ONNX_STEPS_MAX + 1]; /* by tensor */
    struct vg_size size[VG_ONNX_STEPS_MAX + 1];
    bool single[VG_ONNX_STEPS_MAX + 1]; /* planes of 1x1 at any input size */
    uint64_t weight_count;              /* of all steps, biases too */
};

/* Tensor 0 is given 3 channels of this size. VG_E_MEMORY. */
enum vg_status vg_onnx_net_init(struct vg_onnx_net *net, uint32_t width, uint32_t height,
                                struct vg_fault *fault) VG_MUST_USE;
void vg_onnx_net_release(struct vg_onnx_net *net);

/* Those below return NULL when it is done, else why not (a msgid). */

/* Adds a step; the size of its planes is found by its operator and inputs. *tensor: what it
 * writes. weight and bias of *step are taken, also when it fails. */
const char *vg_onnx_net_add(struct vg_onnx_net *net, struct vg_onnx_step step, uint32_t channels,
                            uint32_t *tensor);

/* Room for weights and bias of a CONV (both given, in *step). */
const char *vg_onnx_net_weights(struct vg_onnx_net *net, struct vg_onnx_step *step,
                                uint64_t weights, uint32_t channels);

/* One tensor that holds these channels (words of tensor and channel, all of planes of one size)
 * in exactly this order: an existing one, or a CHANNELS step. */
const char *vg_onnx_net_exact(struct vg_onnx_net *net, const uint32_t *word, uint32_t count,
                              uint32_t *tensor);

/* One tensor that holds them in an order that is easy to make: place[k] is where word k went. */
const char *vg_onnx_net_any(struct vg_onnx_net *net, const uint32_t *word, uint32_t count,
                            uint32_t *tensor, uint32_t *place);

/* ------------------------------------------------------------ when all steps stand */

/* Drops what no root needs, merges a factor and an addend for each channel into the convolution
 * before them, and activations into the step before them. roots: tensors that must be kept; a step
 * keeps its tensor, so they stay valid. */
void vg_onnx_net_simplify(struct vg_onnx_net *net, const uint32_t *roots, uint32_t root_count);

/* Moves tensors, nodes, map and weights into `model` (whose sizes and words are left alone);
 * equal weights are stored once. tensor_of[t]: the model's number of the net's tensor t, room for
 * VG_ONNX_STEPS_MAX + 1. */
const char *vg_onnx_net_pack(struct vg_onnx_net *net, struct vg_model *model, uint32_t *tensor_of);

#endif
