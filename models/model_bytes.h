/* Which convolutions run over bytes, as far as the model alone says it: what is calibrated, what is
 * counted and what the plan takes are the same ones. Pure, any thread. */
#ifndef VG_MODELS_MODEL_BYTES_H
#define VG_MODELS_MODEL_BYTES_H

#include <stdbool.h>

#include "models/model.h"

/* There is a kernel over bytes for it: a dense convolution, or a depthwise one that does not read
 * the picture's own bytes (model_pixels.h). Others stay float whatever their input is. */
bool vg_model_conv_has_bytes(const struct vg_model *model, const struct vg_node *node);

/* ... and the model has bytes for its input: a range. */
bool vg_model_conv_is_int8(const struct vg_model *model, const struct vg_node *node);

#endif
