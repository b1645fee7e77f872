/* What each tensor of a plan is made of, floats or bytes, and the model as such a plan sees it:
 * where a reader wants the other kind than was written, a node that converts stands between.
 * Pure; for the plan alone.
 *
 * A conversion is a CHANNELS node of one input, all channels in their order, whose two tensors are
 * of different kinds. Any other node reads one kind only; what reads bytes also writes bytes, but a
 * convolution, which may write either. */
#ifndef VG_ENGINE_PLAN_TYPES_H
#define VG_ENGINE_PLAN_TYPES_H

#include <stdint.h>

#include "models/model.h"
#include "models/quantise.h"
#include "src/base/attr.h"
#include "src/base/fault.h"

struct vg_plan_types {
    struct vg_model *model; /* the model's own nodes and tensors, these with the same numbers, and
                               the conversions; weights and words of the model's are borrowed */
    uint8_t *value_bytes;   /* of each tensor: 4: floats; 1: bytes */
    uint32_t *origin; /* of each node: the model's; of a conversion: who writes what it reads */
};

/* Which tensors of the model are of bytes at this input size is fixed by its ranges, the heads
 * (which read floats) and the kernels over bytes. input: the tensor that the preparation writes
 * (vg_graph_input). Takes memory; release it. VG_E_MEMORY, VG_E_FULL (no room for a conversion). */
enum vg_status vg_plan_types_init(struct vg_plan_types *types, const struct vg_model *model,
                                  uint32_t input, struct vg_fault *fault) VG_MUST_USE;
void vg_plan_types_release(struct vg_plan_types *types);

/* Step and zero point of a tensor of bytes. That of pixels is only the greatest step of three
 * (model_pixels.h). */
struct vg_byte_scale vg_plan_types_scale(const struct vg_plan_types *types, uint32_t tensor);

#endif
