#include "src/engine/kernel_check.h"

#include <assert.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/engine/int8_probe.h"
#include "src/engine/mma_probe.h"

struct launch {
    struct vg_programs *programs;
    const struct vg_case_run *run;
    cl_kernel kernel;
    cl_mem memory[VG_KERNEL_ARGS_MAX]; /* of run->buffer */
};

static enum vg_status buffers_upload(struct launch *launch, struct vg_fault *fault)
{
    for (uint32_t i = 0; i < launch->run->buffer_count; i++) {
        const struct vg_case_buffer *buffer = &launch->run->buffer[i];
        cl_int code = CL_SUCCESS;
        launch->memory[i] = clCreateBuffer(launch->programs->device->context, CL_MEM_READ_WRITE,
                                           buffer->bytes, NULL, &code);
        enum vg_status status = vg_device_check(code, "clCreateBuffer", fault);
        if (status)
            return status;
        code = clEnqueueWriteBuffer(launch->programs->device->queue, launch->memory[i], CL_TRUE, 0,
                                    buffer->bytes, buffer->data, 0, NULL, NULL);
        status = vg_device_check(code, "clEnqueueWriteBuffer", fault);
        if (status)
            return status;
    }
    return VG_OK;
}

static const cl_mem *memory_of(const struct launch *launch, enum vg_arg arg)
{
    uint32_t i = 0;
    while (i < launch->run->buffer_count && launch->run->buffer[i].arg != arg)
        i++;
    assert(i < launch->run->buffer_count);
    return &launch->memory[i];
}

static enum vg_status args_set(const struct launch *launch, struct vg_fault *fault)
{
    const struct vg_kernel_row *row = &vg_kernel_rows[launch->run->row->kernel];
    for (cl_uint i = 0; row->arg[i] != VG_ARG_NONE; i++) {
        cl_int code;
        if (row->arg[i] == VG_ARG_SIZES)
            code = clSetKernelArg(launch->kernel, i, row->sizes_bytes, &launch->run->sizes);
        else if (row->arg[i] == VG_ARG_LOCAL)
            code = clSetKernelArg(launch->kernel, i, launch->run->local_bytes, NULL);
        else
            code =
                clSetKernelArg(launch->kernel, i, sizeof(cl_mem), memory_of(launch, row->arg[i]));
        const enum vg_status status = vg_device_check(code, "clSetKernelArg", fault);
        if (status)
            return status;
    }
    return VG_OK;
}

static enum vg_status kernel_run(const struct launch *launch, struct vg_fault *fault)
{
    const struct vg_kernel_row *row = &vg_kernel_rows[launch->run->row->kernel];
    const size_t group[3] = {launch->run->group_items, 1, 1};
    const cl_command_queue queue = launch->programs->device->queue;
    const enum vg_status status =
        vg_device_check(clEnqueueNDRangeKernel(queue, launch->kernel, row->dimensions, NULL,
                                               launch->run->global, group, 0, NULL, NULL),
                        row->name, fault);
    return status ? status : vg_device_check(clFinish(queue), "clFinish", fault);
}

static enum vg_status outputs_judge(const struct launch *launch, struct vg_check_result *result,
                                    struct vg_fault *fault)
{
    for (uint32_t i = 0; i < launch->run->buffer_count; i++) {
        const struct vg_case_buffer *buffer = &launch->run->buffer[i];
        if (!buffer->want || result->outcome == VG_CHECK_WRONG)
            continue;
        void *got = vg_alloc(buffer->bytes);
        if (!got)
            return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%s",
                                launch->run->row->name);
        const enum vg_status status =
            vg_device_check(clEnqueueReadBuffer(launch->programs->device->queue, launch->memory[i],
                                                CL_TRUE, 0, buffer->bytes, got, 0, NULL, NULL),
                            "clEnqueueReadBuffer", fault);
        if (!status) {
            result->verdict = vg_case_judge(launch->run, i, got);
            result->arg = buffer->arg;
            result->outcome = result->verdict.wrong ? VG_CHECK_WRONG : VG_CHECK_GOOD;
        }
        vg_free(got);
        if (status)
            return status;
    }
    return VG_OK;
}

enum vg_status vg_kernel_check(struct vg_programs *programs, const struct vg_kernel_case *row,
                               uint64_t seed, struct vg_check_result *result,
                               struct vg_fault *fault)
{
    struct vg_case_run *run = NULL;
    struct launch launch = {.programs = programs};
    memset(result, 0, sizeof *result);
    enum vg_status status = vg_case_open(row, seed, &run);
    if (status)
        return vg_fault_set(fault, status, vg_status_text(status), NULL, "%s", row->name);
    launch.run = run;
    if (run->local_bytes > programs->device->info.local_bytes ||
        !(vg_int8_lanes_claimed(&programs->device->info) & VG_INT8_LANE_BIT(run->lane)) ||
        (run->nvidia && !vg_mma_claimed(&programs->device->info))) {
        result->outcome = VG_CHECK_SKIPPED;
        goto done;
    }
    status = vg_programs_kernel(programs, row->kernel, run->options, &launch.kernel, fault);
    if (status || (status = buffers_upload(&launch, fault)) ||
        (status = args_set(&launch, fault)) || (status = kernel_run(&launch, fault)))
        goto done;
    status = outputs_judge(&launch, result, fault);
done:
    for (uint32_t i = 0; i < VG_KERNEL_ARGS_MAX; i++)
        if (launch.memory[i])
            (void)clReleaseMemObject(launch.memory[i]);
    if (launch.kernel)
        (void)clReleaseKernel(launch.kernel);
    vg_case_close(&run);
    return status;
}
