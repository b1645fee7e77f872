/* What running a model takes, by counting. */
#ifndef VG_MODELS_MODEL_COST_H
#define VG_MODELS_MODEL_COST_H

#include <stdint.h>

#include "models/model.h"

/* Of a model's convolutions, and of those among them that run in 8 bits: model_bytes.h. */
struct vg_model_cost {
    uint32_t convolutions, convolutions_int8;
    uint64_t multiply_adds, multiply_adds_int8; /* of one picture; 0: a size it does not take */
};

struct vg_model_cost vg_model_cost_of(const struct vg_model *model, uint32_t width,
                                      uint32_t height);

/* Multiply-adds of all convolutions for one picture of this input size: output channels * input
 * channels / groups * window area * output cells. 0 when the model does not take this size. Pure. */
uint64_t vg_model_multiply_adds(const struct vg_model *model, uint32_t width, uint32_t height);

#endif
