#include "bench/device_peak.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "gen/vg_kernel_sources.h"
#include "kernels/twins/peak_twin.h"
#include "src/base/alloc.h"
#include "src/base/text.h"

enum {
    UNROLLED = 16, /* of peak.cl */
    CHAINS = 8,
    GROUP_GPU = 256,
    ROUNDS_MAX = 1 << 22,
    LAUNCHES = 5
};
static const float scale = 0.5F, offset = 1.0F; /* v comes to 2 and stays there */

/* How the work is cut, by kind of device. */
struct shape {
    uint32_t lanes; /* VW */
    size_t items, group;
    uint32_t copy_items, each, first, step; /* peak_copy */
};

struct bench {
    const struct vg_device *device;
    struct shape shape;
    cl_program program;
    cl_kernel kernel;
    cl_mem x, y;
    size_t bytes; /* of x and of y */
    struct vg_fault *fault;
};

static struct shape shape_of(const struct vg_device_info *info, size_t bytes)
{
    struct shape s = {.lanes = 1};
    while (s.lanes < 16 && s.lanes * 2 <= info->float_width)
        s.lanes *= 2;
    const uint32_t vectors = (uint32_t)(bytes / sizeof(float) / s.lanes);
    if (info->kind == VG_DEVICE_CPU) { /* some items for each thread; each copies rows of its own */
        s.group = 1;
        s.items = 4 * (size_t)info->compute_units;
        s.copy_items = (uint32_t)s.items;
        s.each = vectors / s.copy_items;
        s.first = s.each;
        s.step = 1;
        return s;
    }
    s.group = GROUP_GPU;
    s.items = (size_t)info->compute_units * GROUP_GPU * 16;
    s.copy_items = vectors / 8 / GROUP_GPU * GROUP_GPU;
    s.each = 8;
    s.first = 1;
    s.step = s.copy_items;
    return s;
}

static enum vg_status check(const struct bench *b, cl_int code, const char *call)
{
    return vg_device_check(code, call, b->fault);
}

static enum vg_status program_build(struct bench *b)
{
    const struct vg_kernel_sources_row *row = vg_kernel_sources;
    while (row->name && strcmp(row->name, "peak.cl") != 0)
        row++;
    if (!row->name)
        return vg_fault_set(b->fault, VG_E_MISSING, vg_status_text(VG_E_MISSING), NULL, "peak.cl");
    const char *text = (const char *)row->text;
    char options[64];
    cl_int code = CL_SUCCESS;
    b->program = clCreateProgramWithSource(b->device->context, 1, &text, row->len, &code);
    const enum vg_status status = check(b, code, "clCreateProgramWithSource");
    if (status)
        return status;
    (void)snprintf(options, sizeof options, "-DVW=%u -DCHAINS=%d", b->shape.lanes, CHAINS);
    return check(b, clBuildProgram(b->program, 1, &b->device->info.id, options, NULL, NULL),
                 "clBuildProgram peak.cl");
}

static enum vg_status buffers_make(struct bench *b)
{
    cl_int code = CL_SUCCESS;
    b->x = clCreateBuffer(b->device->context, CL_MEM_READ_WRITE, b->bytes, NULL, &code);
    if (code == CL_SUCCESS)
        b->y = clCreateBuffer(b->device->context, CL_MEM_READ_WRITE, b->bytes, NULL, &code);
    enum vg_status status = check(b, code, "clCreateBuffer");
    const float one = 1;
    for (int i = 0; i < 2 && !status; i++)
        status = check(b,
                       clEnqueueFillBuffer(b->device->queue, i ? b->y : b->x, &one, sizeof one, 0,
                                           b->bytes, 0, NULL, NULL),
                       "clEnqueueFillBuffer");
    return status;
}

static void bench_release(struct bench *b)
{
    if (b->kernel)
        (void)clReleaseKernel(b->kernel);
    if (b->program)
        (void)clReleaseProgram(b->program);
    if (b->x)
        (void)clReleaseMemObject(b->x);
    if (b->y)
        (void)clReleaseMemObject(b->y);
}

/* One launch, seconds on the device. */
static enum vg_status launch(const struct bench *b, size_t items, double *seconds)
{
    cl_event event = NULL;
    cl_ulong start = 0, end = 0;
    enum vg_status status = check(b,
                                  clEnqueueNDRangeKernel(b->device->queue, b->kernel, 1, NULL,
                                                         &items, &b->shape.group, 0, NULL, &event),
                                  "clEnqueueNDRangeKernel peak");
    if (status)
        return status;
    status = check(b, clWaitForEvents(1, &event), "clWaitForEvents");
    if (!status)
        status = check(
            b,
            clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof start, &start, NULL),
            "clGetEventProfilingInfo");
    if (!status)
        status = check(
            b, clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL),
            "clGetEventProfilingInfo");
    (void)clReleaseEvent(event);
    *seconds = end > start ? 1e-9 * (double)(end - start) : 1e-9;
    return status;
}

static enum vg_status best_of(const struct bench *b, size_t items, double *seconds)
{
    double one = 0;
    *seconds = (double)INFINITY;
    for (int i = 0; i < LAUNCHES; i++) {
        const enum vg_status status = launch(b, items, &one);
        if (status)
            return status;
        *seconds = one < *seconds ? one : *seconds;
    }
    return VG_OK;
}

static enum vg_status kernel_take(struct bench *b, const char *name)
{
    cl_int code = CL_SUCCESS;
    if (b->kernel)
        (void)clReleaseKernel(b->kernel);
    b->kernel = clCreateKernel(b->program, name, &code);
    return check(b, code, name);
}

static enum vg_status rounds_set(const struct bench *b, cl_int rounds)
{
    return check(b, clSetKernelArg(b->kernel, 3, sizeof rounds, &rounds), "clSetKernelArg");
}

/* Whether the first items hold what the twin says. */
static enum vg_status fma_judge(const struct bench *b, cl_int rounds)
{
    float got[16 * CHAINS], want[16 * CHAINS];
    const struct vg_peak_chains chains = {.chains = CHAINS,
                                          .lanes = (vg_i32)b->shape.lanes,
                                          .times = (vg_i32)UNROLLED * rounds,
                                          .b = scale,
                                          .c = offset};
    const size_t count = (size_t)CHAINS * b->shape.lanes;
    const enum vg_status status =
        check(b,
              clEnqueueReadBuffer(b->device->queue, b->y, CL_TRUE, 0, count * sizeof *got, got, 0,
                                  NULL, NULL),
              "clEnqueueReadBuffer");
    if (status)
        return status;
    vg_twin_peak_fma(want, 1, &chains);
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(got[i] - want[i]) <= 1e-5F))
            return vg_fault_set(b->fault, VG_E_DEVICE, N_("the device failed"), NULL,
                                "peak_fma: %g, not %g", (double)got[i], (double)want[i]);
    return VG_OK;
}

static enum vg_status fma_measure(struct bench *b, uint32_t ms, double *gflop_s)
{
    cl_int rounds = 8;
    double seconds = 0;
    enum vg_status status = kernel_take(b, "peak_fma");
    if (!status)
        status = check(b, clSetKernelArg(b->kernel, 0, sizeof b->y, &b->y), "clSetKernelArg");
    if (!status)
        status = check(b, clSetKernelArg(b->kernel, 1, sizeof scale, &scale), "clSetKernelArg");
    if (!status)
        status = check(b, clSetKernelArg(b->kernel, 2, sizeof offset, &offset), "clSetKernelArg");
    if (!status)
        status = rounds_set(b, 2); /* few: no chain has come to its end yet */
    if (!status)
        status = launch(b, b->shape.items, &seconds);
    if (!status)
        status = fma_judge(b, 2);
    for (;;) { /* as many rounds as make a launch last */
        if (!status)
            status = rounds_set(b, rounds);
        if (!status)
            status = launch(b, b->shape.items, &seconds);
        if (status || seconds * 1000 * LAUNCHES >= ms || rounds >= ROUNDS_MAX)
            break;
        rounds *= 2;
    }
    if (!status)
        status = best_of(b, b->shape.items, &seconds);
    const double operations = 2.0 * UNROLLED * CHAINS * (double)b->shape.lanes * rounds;
    *gflop_s = status ? 0 : operations * (double)b->shape.items / seconds / 1e9;
    return status;
}

static enum vg_status copy_measure(struct bench *b, double *gbyte_s)
{
    const cl_int numbers[] = {(cl_int)b->shape.first, (cl_int)b->shape.step, (cl_int)b->shape.each};
    double seconds = 0;
    float got = 0;
    enum vg_status status = kernel_take(b, "peak_copy");
    if (!status)
        status = check(b, clSetKernelArg(b->kernel, 0, sizeof b->x, &b->x), "clSetKernelArg");
    if (!status)
        status = check(b, clSetKernelArg(b->kernel, 1, sizeof b->y, &b->y), "clSetKernelArg");
    if (!status)
        status = check(b, clSetKernelArg(b->kernel, 2, sizeof scale, &scale), "clSetKernelArg");
    for (cl_uint i = 0; i < 3 && !status; i++)
        status = check(b, clSetKernelArg(b->kernel, 3 + i, sizeof *numbers, &numbers[i]),
                       "clSetKernelArg");
    if (!status)
        status = launch(b, b->shape.copy_items, &seconds);
    const size_t vectors = (size_t)b->shape.copy_items * b->shape.each;
    const size_t last = (vectors * b->shape.lanes - 1) * sizeof got;
    if (!status)
        status = check(b,
                       clEnqueueReadBuffer(b->device->queue, b->y, CL_TRUE, last, sizeof got, &got,
                                           0, NULL, NULL),
                       "clEnqueueReadBuffer");
    if (!status && !(fabsf(got - scale) <= 1e-6F))
        status = vg_fault_set(b->fault, VG_E_DEVICE, N_("the device failed"), NULL,
                              "peak_copy: %g, not %g", (double)got, (double)scale);
    if (!status)
        status = best_of(b, b->shape.copy_items, &seconds);
    const double bytes = 2.0 * (double)vectors * b->shape.lanes * sizeof(float);
    *gbyte_s = status ? 0 : bytes / seconds / 1e9;
    return status;
}

enum vg_status vg_device_peak_measure(const struct vg_device *device, uint32_t ms,
                                      struct vg_device_peak *peak, struct vg_fault *fault)
{
    struct bench b = {.device = device, .fault = fault};
    memset(peak, 0, sizeof *peak);
    /* far more than caches hold, far less than the device has */
    b.bytes = (size_t)256 << 20;
    while (b.bytes > (size_t)1 << 20 && (b.bytes > device->info.memory_bytes / 16 ||
                                         b.bytes > device->info.allocation_bytes_max))
        b.bytes /= 2;
    b.shape = shape_of(&device->info, b.bytes);
    enum vg_status status = program_build(&b);
    if (!status)
        status = buffers_make(&b);
    if (!status)
        status = fma_measure(&b, ms, &peak->gflop_s);
    if (!status)
        status = copy_measure(&b, &peak->gbyte_s);
    peak->copy_bytes = b.bytes;
    bench_release(&b);
    return status;
}
