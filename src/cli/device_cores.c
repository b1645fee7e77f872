#include "src/cli/device_cores.h"

#include <stdlib.h>

#include "scheduler/analysis.h"
#include "src/base/cores.h"
#include "src/cli/options.h"
#include "src/engine/device.h"

enum vg_status vg_device_cores_told(uint32_t *cores, struct vg_fault *fault)
{
    const char *text = getenv(VG_DEVICE_CORES_VARIABLE);
    double count = 0;
    enum vg_status status = VG_OK;
    if (text)
        status =
            vg_option_count(VG_DEVICE_CORES_VARIABLE, text, 0, VG_DEVICE_CORES_MOST, &count, fault);
    *cores = (uint32_t)count;
    return status;
}

enum vg_status vg_device_cores_limit(struct vg_fault *fault)
{
    const struct vg_cores here = vg_cores_here();
    uint32_t told = 0;
    const enum vg_status status = vg_device_cores_told(&told, fault);
    return status ? status : vg_device_limit(vg_cores_for_device(&here, told, 0), fault);
}
