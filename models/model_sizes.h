/* Sizes of planes, node by node: for importers that need them while they build a model. The whole
 * walk is vg_model_sizes (models/model.h). */
#ifndef VG_MODELS_MODEL_SIZES_H
#define VG_MODELS_MODEL_SIZES_H

#include "models/model.h"

#define VG_MODEL_SIDE_MAX 4096 /* of the input and of every plane */

/* Size of the planes that `node` writes, from the sizes of the tensors that it reads (size[] by
 * tensor), into *out. NULL, or why there is none: a msgid. The node's inputs and window are as
 * vg_model_check wants them. Pure. */
const char *vg_node_size(const struct vg_node *node, const struct vg_size *size,
                         struct vg_size *out) VG_MUST_USE;

#endif
