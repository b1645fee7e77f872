/* TensorFlow.js graph models: from JSON and weight bytes to a checked struct vg_model. */
#ifndef VG_MODELS_TFJS_IMPORT_H
#define VG_MODELS_TFJS_IMPORT_H

#include "models/descriptor.h"
#include "models/model.h"

/* text: the graph's JSON; weights: all weight files behind each other. name: for messages.
 * Nothing but the bytes is looked at. *model given; it has passed vg_model_check.
 * VG_E_INPUT with node and operator, VG_E_MEMORY. */
enum vg_status vg_tfjs_import(const char *name, const char *text, size_t size,
                              const uint8_t *weights, size_t weights_size,
                              const struct vg_descriptor *descriptor, struct vg_model **model,
                              struct vg_fault *fault) VG_MUST_USE;

#endif
