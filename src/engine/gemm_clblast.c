#include "src/engine/gemm_clblast.h"

#ifdef VG_CLBLAST
#include <clblast_c.h>

int vg_gemm_available(void)
{
    return 1;
}

cl_int vg_gemm_enqueue(const struct vg_gemm *gemm, cl_command_queue queue)
{
    return (cl_int)CLBlastSgemm(
        CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeNo, gemm->rows, gemm->columns,
        gemm->depth, 1, gemm->a.memory, gemm->a.first, gemm->a.step, gemm->b.memory, gemm->b.first,
        gemm->b.step, 0, gemm->c.memory, gemm->c.first, gemm->c.step, &queue, NULL);
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

cl_int vg_gemm_enqueue(const struct vg_gemm *gemm, cl_command_queue queue)
{
    (void)gemm;
    (void)queue;
    return CL_INVALID_OPERATION;
}

void vg_gemm_release(void)
{
}

#endif
