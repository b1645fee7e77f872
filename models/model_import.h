/* Importing a source file: which reader (ONNX or TensorFlow.js, by what the file holds), which
 * descriptor, are its files the expected ones. */
#ifndef VG_MODELS_MODEL_IMPORT_H
#define VG_MODELS_MODEL_IMPORT_H

#include "models/model.h"

struct vg_import_settings {
    const char *name;       /* NULL: the descriptor's */
    const char *descriptor; /* path; NULL: the embedded one that knows the file; an
                               ONNX file without one is described by guess */
};

/* path: the graph's file; weight files of a TensorFlow.js graph lie beside it. *model given, nothing is written.
 * VG_E_CALL (name), VG_E_MISSING, VG_E_IO, VG_E_INPUT (cut, unknown operator, unmapped class...),
 * VG_E_INTEGRITY (a hash differs; both are named), VG_E_MEMORY. */
enum vg_status vg_model_import(const char *path, const struct vg_import_settings *settings,
                               struct vg_model **model, struct vg_fault *fault) VG_MUST_USE;

#endif
