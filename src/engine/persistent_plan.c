#include "src/engine/persistent_plan.h"

#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/base/text_buffer.h"

#define KERNEL      "persistent"
#define PART_TEXT   2048 /* what stands before and behind a kernel's source */
#define DRIVER_CASE 160  /* text for one function: its declaration and its case */
#define DRIVER_TEXT 256  /* the rest */
#define LOCAL_LEAST 64u

bool vg_persistent_suits(const struct vg_device *device, const struct vg_plan *plan)
{
    return device->info.kind == VG_DEVICE_CPU && plan->settings.lane == VG_LANE_CPU;
}

/* ---- texts ---- */

/* the type of a kernel's sizes, as its source has it */
static const char *sizes_type(enum vg_kernel kernel)
{
    switch (vg_kernel_rows[kernel].sizes_bytes) {
    case sizeof(struct vg_conv_sizes):
        return "vg_conv_sizes";
    case sizeof(struct vg_row_sizes):
        return "vg_row_sizes";
    case sizeof(struct vg_stem_sizes):
        return "vg_stem_sizes";
    case sizeof(struct vg_map_sizes):
        return "vg_map_sizes";
    case sizeof(struct vg_prepare_sizes):
        return "vg_prepare_sizes";
    case sizeof(struct vg_boxes_sizes):
        return "vg_boxes_sizes";
    case sizeof(struct vg_int8_stem_sizes):
        return "vg_int8_stem_sizes";
    default:
        return "vg_int8_sizes";
    }
}

/* place in persistent.cl's `memory`, or -1 */
static int memory_index(enum vg_arg arg)
{
    switch (arg) {
    case VG_ARG_X:
    case VG_ARG_X2:
    case VG_ARG_X3:
    case VG_ARG_Y:
        return 0;
    case VG_ARG_WEIGHTS:
        return 1;
    case VG_ARG_SCRATCH:
        return 2;
    case VG_ARG_PIXELS:
        return 3;
    case VG_ARG_JOBS:
        return 4;
    case VG_ARG_CLASSES:
        return 5;
    case VG_ARG_COUNTS:
        return 6;
    case VG_ARG_CANDIDATES:
        return 7;
    case VG_ARG_NONE:
    case VG_ARG_OUT:
    case VG_ARG_MAP_JOBS:
    case VG_ARG_MAPS:
    case VG_ARG_SIZES:
    case VG_ARG_LOCAL:
        break;
    }
    return -1;
}

#define FUNCTION                                                                         \
    "void step_%u(__global uchar *const *memory, __local float *room, "                  \
    "__global const struct vg_persistent_step *step, int pictures, int first, int end, " \
    "int across, int down)"

/* Before its source: the kernel becomes a function of one item. */
static void text_before(enum vg_kernel kernel, struct vg_text_buffer *text)
{
    const char *name = vg_kernel_rows[kernel].name;
    vg_text_add(text, "#define __kernel static\n"
                      "#define reqd_work_group_size(x, y, z)\n"
                      "#define get_global_id(d) ((size_t)item_##d)\n");
    vg_text_add(text,
                "#define %s(...) %s_item(__VA_ARGS__, const int item_0, const int item_1, "
                "const int item_2)\n",
                name, name);
}

/* Behind it: what the program calls, a range of items. */
static void text_behind(enum vg_kernel kernel, uint32_t index, struct vg_text_buffer *text)
{
    const struct vg_kernel_row *row = &vg_kernel_rows[kernel];
    vg_text_add(text, "\n" FUNCTION "\n{\n", index);
    vg_text_add(text, "struct %s s = *(__global const struct %s *)step->sizes;\n",
                sizes_type(kernel), sizes_type(kernel));
    if (vg_conv_wino_side(kernel))
        vg_text_add(text, "s.pictures = pictures;\n");
    vg_text_add(text, "for (int i = first; i < end; i++)\n%s_item(", row->name);
    for (uint32_t i = 0; row->arg[i] != VG_ARG_NONE; i++) {
        if (row->arg[i] == VG_ARG_SIZES)
            vg_text_add(text, "s, ");
        else if (row->arg[i] == VG_ARG_LOCAL)
            vg_text_add(text, "room, ");
        else
            vg_text_add(text, "(__global void *)memory[%d], ", memory_index(row->arg[i]));
    }
    vg_text_add(text, "i %% across, i / across %% down, i / across / down);\n}\n");
}

/* Before persistent.cl: the functions and the choice of one. */
static void text_driver(uint32_t functions, struct vg_text_buffer *text)
{
    vg_text_add(text, "struct vg_persistent_step;\n");
    for (uint32_t i = 0; i < functions; i++)
        vg_text_add(text, FUNCTION ";\n", i);
    vg_text_add(text, "#define STEP_RUN(function, ...) switch (function) {");
    for (uint32_t i = 0; i < functions; i++)
        vg_text_add(text, " case %u: step_%u(__VA_ARGS__); break;", i, i);
    vg_text_add(text, " }\n");
}

/* ---- programs ---- */

/* What is linked: each kernel and options once, in the order of the steps. */
struct parts {
    const struct vg_plan *plan;
    uint32_t *step; /* the first that has it */
    uint32_t count;
    char *text; /* of the driver */
    size_t text_room;
    struct vg_text_buffer driver;
};

static int is_part(const struct vg_step *a, const struct vg_step *b)
{
    return a->kernel == b->kernel && !strcmp(a->options, b->options);
}

static uint32_t part_of(const struct parts *parts, uint32_t step)
{
    uint32_t k = 0;
    while (k < parts->count &&
           !is_part(&parts->plan->step[parts->step[k]], &parts->plan->step[step]))
        k++;
    return k;
}

static void parts_release(struct parts *parts)
{
    vg_free(parts->step);
    vg_free(parts->text);
}

static enum vg_status parts_list(const struct vg_plan *plan, struct parts *parts,
                                 struct vg_fault *fault)
{
    memset(parts, 0, sizeof *parts);
    parts->plan = plan;
    parts->step = vg_alloc_array(plan->step_count, sizeof *parts->step);
    parts->text_room = (size_t)plan->step_count * 2 * DRIVER_CASE + DRIVER_TEXT;
    parts->text = vg_alloc(parts->text_room);
    if (!parts->step || !parts->text) {
        parts_release(parts);
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "plan");
    }
    for (uint32_t i = 0; i < plan->step_count; i++)
        if (part_of(parts, i) == parts->count)
            parts->step[parts->count++] = i;
    vg_text_buffer_init(&parts->driver, parts->text, parts->text_room);
    text_driver(parts->count, &parts->driver);
    return VG_OK;
}

/* Of all that is compiled and linked. */
static enum vg_status parts_digest(const struct parts *parts, uint8_t digest[VG_SHA256_BYTES],
                                   struct vg_fault *fault)
{
    struct piece {
        uint8_t source[VG_SHA256_BYTES];
        char options[VG_KERNEL_OPTIONS_SIZE], text[PART_TEXT];
    } *piece = vg_alloc_array(parts->count + 1, sizeof *piece);
    if (!piece)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "plan");
    for (uint32_t i = 0; i < parts->count; i++) {
        const struct vg_step *step = &parts->plan->step[parts->step[i]];
        struct vg_text_buffer text;
        vg_program_source_digest(step->kernel, piece[i].source);
        memcpy(piece[i].options, step->options, sizeof piece[i].options);
        vg_text_buffer_init(&text, piece[i].text, sizeof piece[i].text);
        text_before(step->kernel, &text);
        text_behind(step->kernel, i, &text);
    }
    vg_program_file_digest(KERNEL, piece[parts->count].source);
    vg_sha256(parts->text, parts->driver.size, (uint8_t *)piece[parts->count].options);
    vg_sha256(piece, (parts->count + 1) * sizeof *piece, digest);
    vg_free(piece);
    return VG_OK;
}

static const char *name_of(const struct parts *parts, uint32_t index)
{
    return vg_kernel_rows[parts->plan->step[parts->step[index]].kernel].name;
}

static enum vg_status part_compile(struct vg_programs *programs, const struct parts *parts,
                                   uint32_t index, cl_program *out, struct vg_fault *fault)
{
    const struct vg_step *step = &parts->plan->step[parts->step[index]];
    char before[PART_TEXT], behind[PART_TEXT];
    struct vg_text_buffer text[2];
    vg_text_buffer_init(&text[0], before, sizeof before);
    vg_text_buffer_init(&text[1], behind, sizeof behind);
    text_before(step->kernel, &text[0]);
    text_behind(step->kernel, index, &text[1]);
    return vg_programs_compile(programs, name_of(parts, index), before, behind, step->options, out,
                               fault);
}

static enum vg_status parts_link(struct vg_programs *programs, const struct parts *parts,
                                 const uint8_t digest[VG_SHA256_BYTES], struct vg_fault *fault)
{
    cl_program *object = vg_alloc_array(parts->count + 1, sizeof *object);
    enum vg_status status = VG_OK;
    if (!object)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "plan");
    for (uint32_t i = 0; i < parts->count && !status; i++) {
        vg_programs_tell(programs, VG_PROGRAMS_BUILD, i, parts->count + 1, name_of(parts, i));
        status = part_compile(programs, parts, i, &object[i], fault);
    }
    if (!status)
        status = vg_programs_compile(programs, KERNEL, parts->text, "", "", &object[parts->count],
                                     fault);
    if (!status)
        status = vg_programs_link(programs, object, parts->count + 1, digest, fault);
    for (uint32_t i = 0; i <= parts->count; i++)
        if (object[i])
            (void)clReleaseProgram(object[i]);
    vg_free(object);
    return status;
}

enum vg_status vg_persistent_build(struct vg_persistent *persistent, struct vg_programs *programs,
                                   const struct vg_plan *plan, struct vg_fault *fault)
{
    struct parts parts;
    uint8_t digest[VG_SHA256_BYTES];
    cl_int code = CL_SUCCESS;
    vg_persistent_close(persistent);
    enum vg_status status = parts_list(plan, &parts, fault);
    if (status)
        return status;
    status = parts_digest(&parts, digest, fault);
    if (!status && !vg_programs_linked_load(programs, digest))
        status = parts_link(programs, &parts, digest, fault);
    parts_release(&parts);
    if (status)
        return status;
    persistent->kernel = clCreateKernel(programs->linked.program, KERNEL, &code);
    return vg_device_check(code, "clCreateKernel", fault);
}

/* ---- buffers ---- */

static enum vg_status steps_fill(const struct vg_plan *plan, struct vg_persistent_step *out,
                                 struct vg_fault *fault)
{
    struct parts parts;
    const enum vg_status status = parts_list(plan, &parts, fault);
    if (status)
        return status;
    for (uint32_t i = 0; i < plan->step_count; i++) {
        const struct vg_step *step = &plan->step[i];
        out[i].function = (vg_i32)part_of(&parts, i);
        out[i].least = (vg_i32)vg_kernel_rows[step->kernel].group_items;
        out[i].batch_dimension = (vg_i32)step->batch_dimension;
        out[i].batch_divisor = (vg_i32)step->batch_divisor;
        for (uint32_t d = 0; d < 3; d++)
            out[i].work[d] = (vg_i32)step->work[d];
        memcpy(out[i].sizes, &step->sizes, vg_kernel_rows[step->kernel].sizes_bytes);
    }
    parts_release(&parts);
    return VG_OK;
}

static enum vg_status buffer_make(const struct vg_device *device, size_t bytes, void *from,
                                  cl_mem *out, struct vg_fault *fault)
{
    cl_int code = CL_SUCCESS;
    *out = clCreateBuffer(device->context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, bytes, from,
                          &code);
    return vg_device_check(code, "clCreateBuffer", fault);
}

static enum vg_status buffers_make(struct vg_persistent *persistent, const struct vg_device *device,
                                   const struct vg_plan *plan, struct vg_fault *fault)
{
    const size_t count = plan->step_count;
    const size_t lines = 2 * count * (persistent->workers + 1);
    struct vg_persistent_step *steps = vg_alloc_array(count, sizeof *steps);
    vg_i32 *counters = vg_alloc_array(lines, VG_PERSISTENT_APART * sizeof *counters);
    enum vg_status status = VG_OK;
    if (!steps || !counters)
        status = vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "plan");
    if (!status)
        status = steps_fill(plan, steps, fault);
    if (!status)
        status = buffer_make(device, count * sizeof *steps, steps, &persistent->steps, fault);
    if (!status)
        status = buffer_make(device, lines * VG_PERSISTENT_APART * sizeof *counters, counters,
                             &persistent->counters, fault);
    vg_free(steps);
    vg_free(counters);
    return status;
}

static size_t local_bytes(const struct vg_plan *plan)
{
    size_t most = LOCAL_LEAST;
    for (uint32_t i = 0; i < plan->step_count; i++)
        most = plan->step[i].local_bytes > most ? plan->step[i].local_bytes : most;
    return most;
}

enum {
    ARG_RUN = 10,
    ARG_LOCAL
};

enum vg_status vg_persistent_open(struct vg_persistent *persistent, const struct vg_device *device,
                                  const struct vg_plan *plan,
                                  const struct vg_persistent_memory *memory, struct vg_fault *fault)
{
    persistent->workers = device->info.compute_units;
    const enum vg_status status = buffers_make(persistent, device, plan, fault);
    if (status)
        return status;
    const cl_mem args[ARG_RUN] = {memory->arena,       memory->weights,    memory->scratch,
                                  memory->pixels,      memory->jobs,       memory->classes,
                                  memory->counts,      memory->candidates, persistent->steps,
                                  persistent->counters};
    cl_int code = CL_SUCCESS;
    for (cl_uint i = 0; i < ARG_RUN && code == CL_SUCCESS; i++)
        code = clSetKernelArg(persistent->kernel, i, sizeof args[i], &args[i]);
    if (code == CL_SUCCESS)
        code = clSetKernelArg(persistent->kernel, ARG_LOCAL, local_bytes(plan), NULL);
    return vg_device_check(code, "clSetKernelArg", fault);
}

void vg_persistent_close(struct vg_persistent *persistent)
{
    if (persistent->kernel)
        (void)clReleaseKernel(persistent->kernel);
    if (persistent->steps)
        (void)clReleaseMemObject(persistent->steps);
    if (persistent->counters)
        (void)clReleaseMemObject(persistent->counters);
    memset(persistent, 0, sizeof *persistent);
}

cl_int vg_persistent_enqueue(struct vg_persistent *persistent, cl_command_queue queue,
                             const struct vg_plan *plan, uint32_t first, uint32_t end,
                             uint32_t pictures, cl_event *event)
{
    const size_t work = persistent->workers, group = 1;
    const struct vg_persistent_run run = {.first = (vg_i32)first,
                                          .end = (vg_i32)end,
                                          .steps = (vg_i32)plan->step_count,
                                          .pictures = (vg_i32)pictures,
                                          .turn = persistent->turn};
    cl_int code = clSetKernelArg(persistent->kernel, ARG_RUN, sizeof run, &run);
    if (code == CL_SUCCESS)
        code = clEnqueueNDRangeKernel(queue, persistent->kernel, 1, NULL, &work, &group, 0, NULL,
                                      event);
    if (code == CL_SUCCESS)
        persistent->turn = 1 - persistent->turn; /* else its counters were not used */
    return code;
}
