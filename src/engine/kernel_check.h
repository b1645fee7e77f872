/* A kernel against its twin on a device: `vigie device test` and the twins' test. */
#ifndef VG_ENGINE_KERNEL_CHECK_H
#define VG_ENGINE_KERNEL_CHECK_H

#include <stdint.h>

#include "kernels/twins/cases.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/engine/device.h"
#include "src/engine/program.h"

enum vg_check_outcome {
    VG_CHECK_GOOD,
    VG_CHECK_WRONG,
    VG_CHECK_SKIPPED /* the device has not the local memory or the instruction that the case wants */
};

struct vg_check_result {
    enum vg_check_outcome outcome;
    struct vg_case_verdict verdict; /* of the first wrong buffer, or of the last one */
    enum vg_arg arg;                /* which buffer that is */
};

/* Runs one case on the device, made from `seed`. VG_E_MEMORY, VG_E_DEVICE when the device
 * could not run it; a wrong result is VG_OK with VG_CHECK_WRONG. */
enum vg_status vg_kernel_check(struct vg_programs *programs, const struct vg_kernel_case *row,
                               uint64_t seed, struct vg_check_result *result,
                               struct vg_fault *fault) VG_MUST_USE;

#endif
