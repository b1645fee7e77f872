#include "src/engine/gemm_clblast.h"

#include "src/base/text.h"
#include "src/engine/device.h"

#ifdef VG_CLBLAST
#include <clblast_c.h>

int vg_gemm_available(void)
{
    return 1;
}

enum vg_status vg_gemm_enqueue(const struct vg_gemm *gemm, cl_command_queue queue,
                               struct vg_fault *fault)
{
    const CLBlastStatusCode code = CLBlastSgemm(
        CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeNo, gemm->rows, gemm->columns,
        gemm->depth, 1, gemm->a.memory, gemm->a.first, gemm->a.step, gemm->b.memory, gemm->b.first,
        gemm->b.step, 0, gemm->c.memory, gemm->c.first, gemm->c.step, &queue, NULL);
    return vg_device_check((cl_int)code, "CLBlastSgemm", fault);
}

void vg_gemm_release(void)
{
    (void)CLBlastClearCache();
}

#else

int vg_gemm_available(void)
{
    return 0;
}

enum vg_status vg_gemm_enqueue(const struct vg_gemm *gemm, cl_command_queue queue,
                               struct vg_fault *fault)
{
    (void)gemm;
    (void)queue;
    return vg_fault_set(fault, VG_E_LACK, N_("this program was built without CLBlast"),
                        N_("install libclblast-dev and build again"), "CLBlast");
}

void vg_gemm_release(void)
{
}

#endif
