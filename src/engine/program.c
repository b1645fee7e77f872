#include "src/engine/program.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gen/vg_kernel_sources.h"
#include "src/base/text.h"

static const struct vg_kernel_sources_row *source_of(enum vg_kernel kernel)
{
    char file[VG_KERNEL_OPTIONS_SIZE];
    (void)snprintf(file, sizeof file, "%s.cl", vg_kernel_rows[kernel].name);
    const struct vg_kernel_sources_row *row = vg_kernel_sources;
    while (row->name && strcmp(row->name, file) != 0)
        row++;
    assert(row->name); /* a row of the table without its file: our own mistake */
    return row;
}

void vg_program_source_digest(enum vg_kernel kernel, uint8_t digest[VG_SHA256_BYTES])
{
    const struct vg_kernel_sources_row *source = source_of(kernel);
    vg_sha256(source->text, *source->len, digest);
}

void vg_programs_init(struct vg_programs *programs, const struct vg_device *device)
{
    memset(programs, 0, sizeof *programs);
    programs->device = device;
}

void vg_programs_release(struct vg_programs *programs)
{
    for (uint32_t i = 0; i < programs->count; i++)
        (void)clReleaseProgram(programs->program[i].program);
    programs->count = 0;
}

static enum vg_status build_refuse(const struct vg_program *row, cl_device_id id,
                                   struct vg_fault *fault)
{
    char log[4096] = "";
    size_t size = 0;
    if (clGetProgramBuildInfo(row->program, id, CL_PROGRAM_BUILD_LOG, sizeof log - 1, log, &size) !=
        CL_SUCCESS)
        log[0] = 0;
    return vg_fault_set(fault, VG_E_DEVICE, N_("the device's compiler refuses a kernel"),
                        N_("run `vigie device test`; update the driver"), "%s.cl %s: %.*s",
                        vg_kernel_rows[row->kernel].name, row->options, (int)strcspn(log, "\n"),
                        log);
}

static enum vg_status program_build(struct vg_programs *programs, enum vg_kernel kernel,
                                    const char *options, struct vg_fault *fault)
{
    if (programs->count == VG_PROGRAMS_MAX)
        return vg_fault_set(fault, VG_E_FULL, N_("the net wants too many kernels"), NULL, "%s",
                            vg_kernel_rows[kernel].name);
    struct vg_program *row = &programs->program[programs->count];
    const struct vg_kernel_sources_row *source = source_of(kernel);
    const char *text = (const char *)source->text;
    cl_int code = CL_SUCCESS;
    row->kernel = kernel;
    (void)snprintf(row->options, sizeof row->options, "%s", options);
    row->program =
        clCreateProgramWithSource(programs->device->context, 1, &text, source->len, &code);
    enum vg_status status = vg_device_check(code, "clCreateProgramWithSource", fault);
    if (status)
        return status;
    const cl_device_id id = programs->device->info.id;
    if (clBuildProgram(row->program, 1, &id, row->options, NULL, NULL) != CL_SUCCESS) {
        status = build_refuse(row, id, fault);
        (void)clReleaseProgram(row->program);
        return status;
    }
    programs->count++;
    return VG_OK;
}

enum vg_status vg_programs_kernel(struct vg_programs *programs, enum vg_kernel kernel,
                                  const char *options, cl_kernel *out, struct vg_fault *fault)
{
    uint32_t i = 0;
    while (i < programs->count && (programs->program[i].kernel != kernel ||
                                   strcmp(programs->program[i].options, options) != 0))
        i++;
    if (i == programs->count) {
        const enum vg_status status = program_build(programs, kernel, options, fault);
        if (status)
            return status;
    }
    cl_int code = CL_SUCCESS;
    *out = clCreateKernel(programs->program[i].program, vg_kernel_rows[kernel].name, &code);
    return vg_device_check(code, "clCreateKernel", fault);
}
