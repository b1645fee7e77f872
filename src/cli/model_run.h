/* `vigie model run`: one detector on pictures or on a prepared input. */
#ifndef VG_CLI_MODEL_RUN_H
#define VG_CLI_MODEL_RUN_H

#include "src/base/attr.h"
#include "src/base/fault.h"

/* argv[0] is "run". Boxes on stdout. VG_E_END: the help was shown. */
enum vg_status vg_model_run(int argc, char **argv, struct vg_fault *fault) VG_MUST_USE;

#endif
