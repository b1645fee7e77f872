/* From the nodes of an ONNX graph to steps of the model: constants are computed, shapes followed
 * (onnx_shape.h), everything else becomes a step or is refused by name. */
#ifndef VG_MODELS_ONNX_FOLD_H
#define VG_MODELS_ONNX_FOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "models/onnx_graph.h"
#include "models/onnx_net.h"
#include "models/onnx_shape.h"
#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_ONNX_COMPUTED_MAX (64u << 20) /* bytes of all constants that are computed */
#define VG_ONNX_FOLD_BYTES   (32u << 20) /* of views and steps, without lists and weights */

struct vg_onnx_folded {
    struct vg_onnx_net net;
    struct vg_onnx_view output[VG_ONNX_OUTPUTS_MAX]; /* as in the graph */
    bool one_size; /* a node means something else at another input size */
};

/* Folds all nodes that an output needs, at this input size. *folded given; vg_onnx_folded_close
 * it. VG_E_INPUT (a node, its operator and the reason), VG_E_MEMORY. */
enum vg_status vg_onnx_fold(struct vg_onnx_graph *graph, uint32_t width, uint32_t height,
                            struct vg_onnx_folded **folded, struct vg_fault *fault) VG_MUST_USE;

void vg_onnx_folded_close(struct vg_onnx_folded **folded);

#endif
