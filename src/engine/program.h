/* Programs of an open device, built from the kernels that stand in the executable, each pair of
 * file and options once. Belongs to the device's thread. */
#ifndef VG_ENGINE_PROGRAM_H
#define VG_ENGINE_PROGRAM_H

#include <CL/cl.h>
#include <stdint.h>

#include "kernels/kernel_list.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/base/sha256.h"
#include "src/engine/device.h"

#define VG_PROGRAMS_MAX 256

struct vg_programs {
    const struct vg_device *device; /* borrowed until release */
    uint32_t count;
    struct vg_program {
        enum vg_kernel kernel;
        char options[VG_KERNEL_OPTIONS_SIZE];
        cl_program program;
    } program[VG_PROGRAMS_MAX];
};

void vg_programs_init(struct vg_programs *programs, const struct vg_device *device);
void vg_programs_release(struct vg_programs *programs);

/* A kernel object (given; clReleaseKernel it) of the program built with `options`; builds it
 * at the first call. VG_E_DEVICE with the first line of the compiler's log, VG_E_FULL. */
enum vg_status vg_programs_kernel(struct vg_programs *programs, enum vg_kernel kernel,
                                  const char *options, cl_kernel *out,
                                  struct vg_fault *fault) VG_MUST_USE;

/* Digest of the kernel's source as it stands in the executable. */
void vg_program_source_digest(enum vg_kernel kernel, uint8_t digest[VG_SHA256_BYTES]);

#endif
