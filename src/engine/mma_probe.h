/* Whether a device may multiply by NVIDIA's matrix instruction (kernels/conv_mma_ptx.cl): it claims
 * to be NVIDIA's, its compiler takes the instruction, and the results are right. */
#ifndef VG_ENGINE_MMA_PROBE_H
#define VG_ENGINE_MMA_PROBE_H

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/engine/device.h"
#include "src/engine/program.h"

/* Whether it is worth a trial. */
int vg_mma_claimed(const struct vg_device_info *device);

/* *works: a small convolution by the instruction agrees with its twin. A device that claims it and
 * fails (older than sm_80, an emulator) is logged once. VG_E_MEMORY. */
enum vg_status vg_mma_probe(struct vg_programs *programs, int *works,
                            struct vg_fault *fault) VG_MUST_USE;

#endif
