/* Boxes of a net's raw outputs, decoded on the host by the kernel's twin: for `model run
 * --tensor`, whose input is no picture that an answer could be mapped back to. */
#ifndef VG_CLI_TENSOR_BOXES_H
#define VG_CLI_TENSOR_BOXES_H

#include "src/base/attr.h"
#include "src/engine/engine.h"

/* After a run of `engine` (of `model`): the boxes at `threshold`, doubles suppressed at `nms`,
 * in pixels of the net's input. VG_E_MEMORY, VG_E_DEVICE. */
enum vg_status vg_tensor_boxes(struct vg_engine *engine, const struct vg_model *model,
                               float threshold, float nms, struct vg_answer *answer,
                               struct vg_fault *fault) VG_MUST_USE;

#endif
