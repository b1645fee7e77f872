/* A library's product of matrices, CLBlast's, as one way to make a 1x1 convolution: between the
 * kernels gemm_pack and gemm_unpack. Where Vigie was built without the library, nobody asks for it:
 * no row of conv_variants.h fits. Belongs to the device's thread. */
#ifndef VG_ENGINE_GEMM_CLBLAST_H
#define VG_ENGINE_GEMM_CLBLAST_H

#include <CL/cl.h>
#include <stddef.h>

#include "src/base/attr.h"

#define VG_GEMM_CALL "CLBlastSgemm" /* its name in a fault */

/* C (rows x columns) = A (rows x depth) * B (depth x columns), floats, row after row; `first` and
 * `step` (from a row to the next) count floats of the buffers. */
struct vg_gemm {
    size_t rows, columns, depth;
    struct vg_gemm_matrix {
        cl_mem memory; /* borrowed */
        size_t first, step;
    } a, b, c;
};

/* Whether the library is there. */
int vg_gemm_available(void);

/* Enqueues it, in one launch or in several; the first one of a shape compiles the library's kernels.
 * What it answers is OpenCL's code, or one of the library's own, -1024 to -1007 or -2050 to -2039:
 * device_health.h judges these as calls that were refused. */
cl_int vg_gemm_enqueue(const struct vg_gemm *gemm, cl_command_queue queue) VG_MUST_USE;

/* Lets go of what the library keeps of a context that will be closed. */
void vg_gemm_release(void);

#endif
