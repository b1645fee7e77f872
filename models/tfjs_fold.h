/* From the nodes of a TensorFlow.js graph to the few steps of a struct vg_model.
 *
 * Layout transposes, pads and the arithmetic of reshape targets vanish; Pad, Conv2D, Add of a
 * constant and LeakyRelu become one convolution. What cannot be folded exactly is refused with
 * the node and its operator: a net is never changed silently. */
#ifndef VG_MODELS_TFJS_FOLD_H
#define VG_MODELS_TFJS_FOLD_H

#include "models/descriptor.h"
#include "models/tfjs_graph.h"

/* Every operator of the graph is known. VG_E_INPUT naming node and operator else. */
enum vg_status vg_tfjs_operators(const struct vg_tfjs_graph *graph) VG_MUST_USE;

/* graph: with its weights. *model given, not yet checked by vg_model_check.
 * VG_E_INPUT (node named), VG_E_MEMORY. */
enum vg_status vg_tfjs_fold(struct vg_tfjs_graph *graph, const struct vg_descriptor *descriptor,
                            struct vg_model **model, struct vg_fault *fault) VG_MUST_USE;

#endif
