/* A library's product of matrices, CLBlast's, as one way to make a 1x1 convolution: between the
 * kernels gemm_pack and gemm_unpack. Where Vigie was built without the library, nobody asks for it:
 * no row of conv_variants.h fits. Belongs to the device's thread. */
#ifndef VG_ENGINE_GEMM_CLBLAST_H
#define VG_ENGINE_GEMM_CLBLAST_H

#include <CL/cl.h>
#include <stddef.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

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

/* Enqueues it; the first one of a shape compiles the library's kernels. VG_E_DEVICE, VG_E_LACK. */
enum vg_status vg_gemm_enqueue(const struct vg_gemm *gemm, cl_command_queue queue,
                               struct vg_fault *fault) VG_MUST_USE;

/* Lets go of what the library keeps of a context that will be closed. */
void vg_gemm_release(void);

#endif
