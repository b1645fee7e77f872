/* What running a model takes, by counting. */
#ifndef VG_MODELS_MODEL_COST_H
#define VG_MODELS_MODEL_COST_H

#include <stdint.h>

#include "models/model.h"

/* Multiply-adds of all convolutions for one picture of this input size: output channels * input
 * channels / groups * window area * output cells. 0 when the model does not take this size. Pure. */
uint64_t vg_model_multiply_adds(const struct vg_model *model, uint32_t width, uint32_t height);

#endif
