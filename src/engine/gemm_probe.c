#include "src/engine/gemm_probe.h"

#include <math.h>
#include <string.h>

#include "src/base/log.h"
#include "src/base/random.h"
#include "src/base/text.h"
#include "src/engine/gemm_clblast.h"

#define TOLERANCE 1e-4 /* of sums of DEPTH products of values up to 1 */

/* no multiples of anything, so that edges are made too; A, B and C in one buffer, as of a step */
enum {
    ROWS = 37,
    COLUMNS = 21,
    DEPTH = 13,
    B_FIRST = ROWS * DEPTH,
    C_FIRST = B_FIRST + DEPTH * COLUMNS,
    FLOATS = C_FIRST + ROWS * COLUMNS,
    SEED = 17
};

static void values_make(float value[FLOATS])
{
    struct vg_random random;
    vg_random_seed(&random, SEED);
    for (size_t i = 0; i < C_FIRST; i++)
        value[i] = (float)(2 * vg_random_unit(&random) - 1);
    for (size_t i = C_FIRST; i < FLOATS; i++)
        value[i] = NAN; /* what was not written shows */
}

static int values_right(const float given[FLOATS], const float got[FLOATS])
{
    for (size_t row = 0; row < ROWS; row++)
        for (size_t column = 0; column < COLUMNS; column++) {
            double sum = 0;
            for (size_t i = 0; i < DEPTH; i++)
                sum +=
                    (double)given[row * DEPTH + i] * (double)given[B_FIRST + i * COLUMNS + column];
            if (!(fabs((double)got[C_FIRST + row * COLUMNS + column] - sum) <= TOLERANCE))
                return 0;
        }
    return 1;
}

static enum vg_status product_make(const struct vg_device *device, cl_mem memory,
                                   float value[FLOATS], struct vg_fault *fault)
{
    const struct vg_gemm gemm = {.rows = ROWS,
                                 .columns = COLUMNS,
                                 .depth = DEPTH,
                                 .a = {memory, 0, DEPTH},
                                 .b = {memory, B_FIRST, COLUMNS},
                                 .c = {memory, C_FIRST, COLUMNS}};
    enum vg_status status =
        vg_device_check(clEnqueueWriteBuffer(device->queue, memory, CL_TRUE, 0,
                                             FLOATS * sizeof *value, value, 0, NULL, NULL),
                        "clEnqueueWriteBuffer", fault);
    if (!status)
        status = vg_device_check(vg_gemm_enqueue(&gemm, device->queue), VG_GEMM_CALL, fault);
    if (!status)
        status = vg_device_check(clEnqueueReadBuffer(device->queue, memory, CL_TRUE, 0,
                                                     FLOATS * sizeof *value, value, 0, NULL, NULL),
                                 "clEnqueueReadBuffer", fault);
    return status;
}

enum vg_status vg_gemm_probe(const struct vg_device *device, int *works, struct vg_fault *fault)
{
    float given[FLOATS], got[FLOATS];
    struct vg_fault why = {.status = VG_OK};
    cl_int code = CL_SUCCESS;
    *works = 0;
    if (!vg_gemm_available())
        return VG_OK;
    values_make(given);
    memcpy(got, given, sizeof got);
    cl_mem memory = clCreateBuffer(device->context, CL_MEM_READ_WRITE, sizeof got, NULL, &code);
    enum vg_status status = vg_device_check(code, "clCreateBuffer", fault);
    if (status)
        return status;
    status = product_make(device, memory, got, &why);
    (void)clFinish(device->queue); /* what was enqueued before an error uses the memory */
    (void)clReleaseMemObject(memory);
    *works = !status && values_right(given, got);
    if (!*works)
        vg_log(VG_LOG_WARN, "clblast: %s %s; convolutions go without it",
               status ? "its product fails:" : "gives wrong results", why.place);
    return VG_OK;
}
