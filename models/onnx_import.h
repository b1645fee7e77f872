/* ONNX files: from bytes to a checked struct vg_model.
 *
 * Memory, whatever the file says: at most nine times the file's size (constants that are not raw
 * bytes), VG_ONNX_GRAPH_BYTES, VG_ONNX_FOLD_BYTES, VG_ONNX_COMPUTED_MAX, 4 * VG_ONNX_WORDS_MAX,
 * 4 * VG_ONNX_WEIGHTS_MAX for the steps and as much for the model.
 */
#ifndef VG_MODELS_ONNX_IMPORT_H
#define VG_MODELS_ONNX_IMPORT_H

#include "models/descriptor.h"
#include "models/model.h"

/* name: of the file, for messages. descriptor: NULL where none is known; then the kind of head and
 * the classes are guessed (vg_onnx_head_recognise, vg_descriptor_guess). *model given; it has
 * passed vg_model_check. Its input_multiple is the descriptor's, or more where the net needs it,
 * or 0 where it is of one size. VG_E_INPUT with node, operator and reason, VG_E_MEMORY. */
enum vg_status vg_onnx_import(const char *name, const uint8_t *data, size_t size,
                              const struct vg_descriptor *descriptor, struct vg_model **model,
                              struct vg_fault *fault) VG_MUST_USE;

#endif
