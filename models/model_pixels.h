/* The net's input as bytes. Normalised it is (byte - mean[c]) * scale[c]; an 8-bit net reads the
 * bytes as they are, and mean and scale go into the weights of the convolutions that read them:
 *
 *   value = step * ratio[c] * (byte - mean[c]),   step the greatest scale, ratio[c] = scale[c] / step
 *
 * Such pixels stand in tensor 0, in what SPACE_TO_DEPTH makes of it, and in what CHANNELS makes of
 * that. Pure, any thread. */
#ifndef VG_MODELS_MODEL_PIXELS_H
#define VG_MODELS_MODEL_PIXELS_H

#include <stdbool.h>

#include "models/model.h"

/* Returns step. */
float vg_model_input_ratio(const struct vg_model *model, float ratio[3]);

/* Which of the picture's three planes channel `channel` of the tensor shows; VG_MODEL_NONE: none,
 * the tensor is made otherwise. */
uint32_t vg_model_pixel_plane(const struct vg_model *model, uint32_t tensor, uint32_t channel);

/* Whether all channels of the tensor show planes of the picture. */
bool vg_model_is_pixels(const struct vg_model *model, uint32_t tensor);

/* The values of a pixel. */
struct vg_value_range vg_model_pixel_range(const struct vg_model *model);

#endif
