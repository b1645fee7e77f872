/* From what the tensors of a float net hold on many pictures to its 8-bit form: ranges of the
 * tensors, steps of the weights, corrected biases (struct vg_model: range, step_first,
 * int8_bias_first). Whoever runs the net feeds its tensors; nothing here reads a picture.
 * One thread at a time. */
#ifndef VG_MODELS_CALIBRATE_H
#define VG_MODELS_CALIBRATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/model.h"
#include "models/quantise.h"
#include "src/base/attr.h"
#include "src/base/fault.h"

struct vg_calibration; /* 66 KiB for each tensor that is fed */

/* model: borrowed until close; not quantised yet (VG_E_STATE). *calibration given.
 * VG_E_MEMORY. */
enum vg_status vg_calibration_open(const struct vg_model *model,
                                   struct vg_calibration **calibration,
                                   struct vg_fault *fault) VG_MUST_USE;
void vg_calibration_close(struct vg_calibration **calibration);

/* Whether the tensor will hold bytes: it is read, at once or through pools, sums, copies and
 * resizes, by a convolution that has an 8-bit kernel (dense or depthwise). Only such tensors are
 * fed; what goes to the heads alone stays float. The pixels of the input (model_pixels.h) are of
 * them, and their range is that of normalised bytes. */
bool vg_calibration_wants(const struct vg_calibration *calibration, uint32_t tensor);

/* Where value c at (row, column) lies: (c / lanes) * plane + row * row_step + column * lanes +
 * c % lanes. lanes: 1 of planes of floats, 16 or 8 of blocks, 4 of the net's input. In floats. */
struct vg_tensor_layout {
    uint32_t width, height, lanes;
    size_t plane, row_step;
};

/* The tensor as it is on one picture. VG_E_INPUT: a value that is not finite, place the tensor;
 * VG_E_CALL: a tensor that is not wanted. */
enum vg_status vg_calibration_feed(struct vg_calibration *calibration, uint32_t tensor,
                                   const float *values, const struct vg_tensor_layout *layout,
                                   struct vg_fault *fault) VG_MUST_USE;

/* Writes ranges, steps and biases into `model`, the one that was opened. Tensors that share memory
 * (the inputs and the output of a copy of channels, of a maximum, of a resize) share a range.
 * Each range's own: vg_range_choose by `settings`; a tensor by whose rounding a convolution would lose
 * more than settings->noise_max has none (asked of convolutions whose output is wanted itself: of one
 * whose output goes to the heads alone nothing is known); steps: vg_weight_step with the variance of the
 * input's channels; biases: vg_bias_corrected with their means. The steps of a convolution that
 * reads the picture's pixels are those of its weights times their ratio (model_pixels.h), so that
 * the bytes can be read as they are.
 * VG_E_STATE: a wanted tensor was never fed, place the tensor. VG_E_MEMORY. */
enum vg_status vg_calibration_finish(const struct vg_calibration *calibration,
                                     const struct vg_range_settings *settings,
                                     struct vg_model *model, struct vg_fault *fault) VG_MUST_USE;

#endif
