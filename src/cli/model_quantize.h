/* vigie model quantize: the 8-bit form of a model, from pictures. */
#ifndef VG_CLI_MODEL_QUANTIZE_H
#define VG_CLI_MODEL_QUANTIZE_H

#include "src/base/attr.h"
#include "src/base/fault.h"

enum vg_status vg_model_quantize(int argc, char **argv, struct vg_fault *fault) VG_MUST_USE;

#endif
