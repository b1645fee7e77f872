/* Whether a library's product of matrices (gemm_clblast.h) may be used on a device: its kernels
 * compile there, and what they give is right. */
#ifndef VG_ENGINE_GEMM_PROBE_H
#define VG_ENGINE_GEMM_PROBE_H

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/engine/device.h"

/* *works: a small product agrees with plain sums. Without the library: not. A library that fails is
 * logged once. VG_E_MEMORY. */
enum vg_status vg_gemm_probe(const struct vg_device *device, int *works,
                             struct vg_fault *fault) VG_MUST_USE;

#endif
