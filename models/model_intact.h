/* Whether a model's file still holds what was loaded from it: read in pieces, so that it costs
 * no memory while a server runs. */
#ifndef VG_MODELS_MODEL_INTACT_H
#define VG_MODELS_MODEL_INTACT_H

#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/base/sha256.h"

/* digest: of the model when it was loaded. VG_E_INTEGRITY: other bytes, or another whole model;
 * VG_E_MISSING, VG_E_IO: it cannot be read any more. */
enum vg_status vg_model_intact(const char *path, const uint8_t digest[VG_SHA256_BYTES],
                               struct vg_fault *fault) VG_MUST_USE;

#endif
