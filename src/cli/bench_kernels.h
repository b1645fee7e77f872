/* vigie bench kernels: each kernel of a picture alone, against the device's measured peak. */
#ifndef VG_CLI_BENCH_KERNELS_H
#define VG_CLI_BENCH_KERNELS_H

#include "src/base/attr.h"
#include "src/base/fault.h"

enum vg_status vg_bench_kernels(int argc, char **argv, struct vg_fault *fault) VG_MUST_USE;

#endif
