#include "src/engine/mma_probe.h"

#include "kernels/twins/cases.h"
#include "src/base/log.h"
#include "src/engine/kernel_check.h"

#define PROBE_SEED 12

int vg_mma_claimed(const struct vg_device_info *device)
{
    return device->vendor == VG_VENDOR_NVIDIA && device->kind == VG_DEVICE_GPU;
}

enum vg_status vg_mma_probe(struct vg_programs *programs, int *works, struct vg_fault *fault)
{
    struct vg_check_result result = {.outcome = VG_CHECK_WRONG};
    struct vg_fault refused = {0};
    *works = 0;
    if (!vg_mma_claimed(&programs->device->info))
        return VG_OK;
    const enum vg_status status =
        vg_kernel_check(programs, vg_case_mma_probe(), PROBE_SEED, &result, &refused);
    if (status == VG_E_MEMORY) {
        if (fault)
            *fault = refused;
        return status;
    }
    *works = !status && result.outcome == VG_CHECK_GOOD;
    if (!*works)
        vg_log(VG_LOG_WARN, "mma: %s %s; convolutions go without it",
               status ? "does not build:" : "gives wrong results", refused.place);
    return VG_OK;
}
