/* `vigie model verify --run` and `--picture FILE`: the net run with every step's values looked at;
 * the first step that makes one which is no number is named. */
#ifndef VG_CLI_MODEL_NUMBERS_H
#define VG_CLI_MODEL_NUMBERS_H

#include "models/model.h"
#include "src/base/attr.h"
#include "src/base/fault.h"

struct vg_model_numbers {
    const char *picture; /* file; NULL: a picture made by a formula */
    const char *device;  /* as in vg_engine_settings */
};

/* VG_E_INPUT (the step named), and what opening engine and picture says. */
enum vg_status vg_model_numbers_check(const struct vg_model *model,
                                      const struct vg_model_numbers *request,
                                      struct vg_fault *fault) VG_MUST_USE;

#endif
