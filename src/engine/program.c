#include "src/engine/program.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gen/vg_kernel_sources.h"
#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/text.h"

static const struct vg_kernel_sources_row *source_of(const char *name)
{
    char file[VG_KERNEL_OPTIONS_SIZE];
    (void)snprintf(file, sizeof file, "%s.cl", name);
    const struct vg_kernel_sources_row *row = vg_kernel_sources;
    while (row->name && strcmp(row->name, file) != 0)
        row++;
    assert(row->name); /* a row of the table without its file: our own mistake */
    return row;
}

void vg_program_file_digest(const char *name, uint8_t digest[VG_SHA256_BYTES])
{
    const struct vg_kernel_sources_row *source = source_of(name);
    vg_sha256(source->text, *source->len, digest);
}

void vg_program_source_digest(enum vg_kernel kernel, uint8_t digest[VG_SHA256_BYTES])
{
    vg_program_file_digest(vg_kernel_rows[kernel].name, digest);
}

void vg_programs_init(struct vg_programs *programs, const struct vg_device *device)
{
    memset(programs, 0, sizeof *programs);
    programs->device = device;
}

static void linked_release(struct vg_programs *programs)
{
    if (programs->linked.program)
        (void)clReleaseProgram(programs->linked.program);
    memset(&programs->linked, 0, sizeof programs->linked);
}

void vg_programs_release(struct vg_programs *programs)
{
    for (uint32_t i = 0; i < programs->count; i++)
        if (programs->program[i].program)
            (void)clReleaseProgram(programs->program[i].program);
    programs->count = 0;
    linked_release(programs);
}

void vg_programs_tell(const struct vg_programs *programs, enum vg_programs_work work, uint32_t done,
                      uint32_t total, const char *kernel)
{
    if (programs->listener)
        programs->listener->working(programs->listener, work, done, total, kernel);
}

static void tell(const struct vg_programs *programs, enum vg_programs_work work, uint32_t done,
                 uint32_t total, enum vg_kernel kernel)
{
    vg_programs_tell(programs, work, done, total, vg_kernel_rows[kernel].name);
}

/* ---- from the cache ---- */

static struct vg_program_key key_of(const struct vg_programs *programs,
                                    const uint8_t source_digest[VG_SHA256_BYTES],
                                    const char *options)
{
    const struct vg_device_info *info = &programs->device->info;
    return vg_program_key_make(
        &(struct vg_program_origin){.source_digest = source_digest,
                                    .options = options,
                                    .device = info->name,
                                    .device_version = info->version,
                                    .driver = info->driver,
                                    .platform_version = info->platform_version});
}

static struct vg_program_key key_of_row(const struct vg_programs *programs,
                                        const struct vg_program *row)
{
    uint8_t source[VG_SHA256_BYTES];
    vg_program_source_digest(row->kernel, source);
    return key_of(programs, source, row->options);
}

static cl_program binary_build(const struct vg_programs *programs, const char *options,
                               const struct vg_program_file *file)
{
    const cl_device_id id = programs->device->info.id;
    const unsigned char *binary = file->binary;
    cl_int code = CL_SUCCESS, accepted = CL_SUCCESS;
    cl_program program = clCreateProgramWithBinary(programs->device->context, 1, &id,
                                                   &file->binary_bytes, &binary, &accepted, &code);
    if (code != CL_SUCCESS)
        return NULL;
    if (accepted == CL_SUCCESS &&
        clBuildProgram(program, 1, &id, options, NULL, NULL) == CL_SUCCESS)
        return program;
    (void)clReleaseProgram(program);
    return NULL;
}

/* NULL: the cache has none that the device takes */
static cl_program key_load(struct vg_programs *programs, const struct vg_program_key *key,
                           const char *options)
{
    struct vg_program_file file;
    if (!programs->cache || vg_program_cache_load(programs->cache, key, &file))
        return NULL;
    cl_program program = binary_build(programs, options, &file);
    if (!program)
        vg_program_cache_refuse(programs->cache, key);
    vg_free(file.data);
    return program;
}

/* row->program, if the cache has it */
static void program_load(struct vg_programs *programs, struct vg_program *row)
{
    const struct vg_program_key key = key_of_row(programs, row);
    row->program = key_load(programs, &key, row->options);
    row->state = VG_PROGRAM_LOADED;
    row->kept = row->program != NULL;
}

bool vg_programs_linked_load(struct vg_programs *programs, const uint8_t digest[VG_SHA256_BYTES])
{
    const struct vg_program_key key = key_of(programs, digest, "");
    linked_release(programs);
    memcpy(programs->linked.digest, digest, VG_SHA256_BYTES);
    programs->linked.program = key_load(programs, &key, "");
    programs->linked.state = VG_PROGRAM_LOADED;
    programs->linked.kept = programs->linked.program != NULL;
    return programs->linked.kept;
}

/* The binary of a program of one device; given (vg_free), NULL: it has none. */
static uint8_t *binary_take(cl_program program, size_t *bytes)
{
    uint8_t *binary = NULL;
    *bytes = 0;
    if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof *bytes, bytes, NULL) !=
            CL_SUCCESS ||
        !*bytes || *bytes > VG_PROGRAM_BINARY_MAX)
        return NULL;
    binary = vg_alloc(*bytes);
    if (binary &&
        clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof binary, &binary, NULL) == CL_SUCCESS)
        return binary;
    vg_free(binary);
    return NULL;
}

static void key_store(struct vg_programs *programs, const struct vg_program_key *key,
                      cl_program program)
{
    size_t bytes = 0;
    uint8_t *binary = binary_take(program, &bytes);
    if (binary)
        vg_program_cache_store(programs->cache, key, binary, bytes);
    else
        programs->cache->store_failures++;
    vg_free(binary);
}

static void program_store(struct vg_programs *programs, struct vg_program *row)
{
    const struct vg_program_key key = key_of_row(programs, row);
    key_store(programs, &key, row->program);
    row->kept = true; /* or it cannot be: not tried again by this process */
}

static void linked_store(struct vg_programs *programs)
{
    struct vg_program_linked *linked = &programs->linked;
    const struct vg_program_key key = key_of(programs, linked->digest, "");
    key_store(programs, &key, linked->program);
    linked->kept = true;
}

void vg_programs_store(struct vg_programs *programs, int64_t budget_us)
{
    const struct vg_mono_time start = vg_mono_now();
    if (!programs->cache || !programs->cache->folder[0])
        return;
    const uint32_t before = programs->cache->stored;
    if (programs->linked.program && !programs->linked.kept)
        linked_store(programs);
    for (uint32_t i = 0; i < programs->count; i++) {
        struct vg_program *row = &programs->program[i];
        if (row->kept || !row->program || vg_mono_now().us - start.us >= budget_us)
            continue;
        tell(programs, VG_PROGRAMS_STORE, i, programs->count, row->kernel);
        program_store(programs, row);
    }
    if (programs->cache->stored != before)
        vg_program_cache_trim(programs->cache);
}

/* ---- from source ---- */

/* program: NULL when it is gone */
static enum vg_status build_refuse(const struct vg_programs *programs, cl_program program,
                                   const char *name, const char *options, struct vg_fault *fault)
{
    char log[4096] = "";
    size_t size = 0;
    if (!program || clGetProgramBuildInfo(program, programs->device->info.id, CL_PROGRAM_BUILD_LOG,
                                          sizeof log - 1, log, &size) != CL_SUCCESS)
        log[0] = 0;
    return vg_fault_set(fault, VG_E_DEVICE, N_("the device's compiler refuses a kernel"),
                        N_("run `vigie device test`; update the driver"), "%s.cl %s: %.*s", name,
                        options, (int)strcspn(log, "\n"), log);
}

static enum vg_status source_build(struct vg_programs *programs, struct vg_program *row,
                                   struct vg_fault *fault)
{
    const struct vg_kernel_sources_row *source = source_of(vg_kernel_rows[row->kernel].name);
    const char *text = (const char *)source->text;
    const cl_device_id id = programs->device->info.id;
    cl_int code = CL_SUCCESS;
    row->state = VG_PROGRAM_BUILT;
    row->program =
        clCreateProgramWithSource(programs->device->context, 1, &text, source->len, &code);
    enum vg_status status = vg_device_check(code, "clCreateProgramWithSource", fault);
    if (status)
        return status;
    if (clBuildProgram(row->program, 1, &id, row->options, NULL, NULL) == CL_SUCCESS)
        return VG_OK;
    status =
        build_refuse(programs, row->program, vg_kernel_rows[row->kernel].name, row->options, fault);
    (void)clReleaseProgram(row->program);
    row->program = NULL;
    row->state = VG_PROGRAM_REFUSED;
    return status;
}

/* VG_PROGRAMS_MAX: not there. */
static uint32_t program_find(const struct vg_programs *programs, enum vg_kernel kernel,
                             const char *options)
{
    for (uint32_t i = 0; i < programs->count; i++)
        if (programs->program[i].kernel == kernel &&
            strcmp(programs->program[i].options, options) == 0)
            return i;
    return VG_PROGRAMS_MAX;
}

/* *out: the row, built or refused before. */
static enum vg_status program_have(struct vg_programs *programs, enum vg_kernel kernel,
                                   const char *options, struct vg_program **out,
                                   struct vg_fault *fault)
{
    const uint32_t found = program_find(programs, kernel, options);
    if (found != VG_PROGRAMS_MAX) {
        *out = &programs->program[found];
        return (*out)->program
                   ? VG_OK
                   : build_refuse(programs, NULL, vg_kernel_rows[kernel].name, options, fault);
    }
    if (programs->count == VG_PROGRAMS_MAX)
        return vg_fault_set(fault, VG_E_FULL, N_("the net wants too many kernels"), NULL, "%s",
                            vg_kernel_rows[kernel].name);
    struct vg_program *row = &programs->program[programs->count];
    memset(row, 0, sizeof *row);
    row->kernel = kernel;
    (void)snprintf(row->options, sizeof row->options, "%s", options);
    program_load(programs, row);
    const enum vg_status status = row->program ? VG_OK : source_build(programs, row, fault);
    if (status && row->state != VG_PROGRAM_REFUSED)
        return status; /* not the kernel's fault: asked again */
    programs->count++;
    *out = row;
    return status;
}

enum vg_status vg_programs_kernel(struct vg_programs *programs, enum vg_kernel kernel,
                                  const char *options, cl_kernel *out, struct vg_fault *fault)
{
    struct vg_program *row = NULL;
    const enum vg_status status = program_have(programs, kernel, options, &row, fault);
    if (status)
        return status;
    cl_int code = CL_SUCCESS;
    *out = clCreateKernel(row->program, vg_kernel_rows[kernel].name, &code);
    return vg_device_check(code, "clCreateKernel", fault);
}

enum vg_status vg_programs_build(struct vg_programs *programs, const struct vg_program_want *wants,
                                 uint32_t count, struct vg_fault *fault)
{
    for (uint32_t i = 0; i < count; i++) {
        struct vg_program *row = NULL;
        tell(programs, VG_PROGRAMS_BUILD, i, count, wants[i].kernel);
        const enum vg_status status =
            program_have(programs, wants[i].kernel, wants[i].options, &row, fault);
        if (status)
            return status;
    }
    return VG_OK;
}

/* ---- several kernels in one program ---- */

enum vg_status vg_programs_compile(struct vg_programs *programs, const char *name,
                                   const char *before, const char *behind, const char *options,
                                   cl_program *out, struct vg_fault *fault)
{
    const struct vg_kernel_sources_row *source = source_of(name);
    const char *text[] = {before, (const char *)source->text, behind};
    const size_t bytes[] = {strlen(before), *source->len, strlen(behind)};
    cl_int code = CL_SUCCESS;
    *out = clCreateProgramWithSource(programs->device->context, 3, text, bytes, &code);
    enum vg_status status = vg_device_check(code, "clCreateProgramWithSource", fault);
    if (status || clCompileProgram(*out, 1, &programs->device->info.id, options, 0, NULL, NULL,
                                   NULL, NULL) == CL_SUCCESS)
        return status;
    status = build_refuse(programs, *out, name, options, fault);
    (void)clReleaseProgram(*out);
    *out = NULL;
    return status;
}

enum vg_status vg_programs_link(struct vg_programs *programs, const cl_program *objects,
                                uint32_t count, const uint8_t digest[VG_SHA256_BYTES],
                                struct vg_fault *fault)
{
    cl_int code = CL_SUCCESS;
    linked_release(programs);
    cl_program program = clLinkProgram(programs->device->context, 1, &programs->device->info.id, "",
                                       count, objects, NULL, NULL, &code);
    if (code != CL_SUCCESS && program)
        (void)clReleaseProgram(program);
    if (code == CL_SUCCESS) {
        memcpy(programs->linked.digest, digest, VG_SHA256_BYTES);
        programs->linked.state = VG_PROGRAM_BUILT;
        programs->linked.program = program;
    }
    return vg_device_check(code, "clLinkProgram", fault);
}

bool vg_programs_refused(const struct vg_programs *programs, enum vg_kernel kernel,
                         const char *options)
{
    const uint32_t found = program_find(programs, kernel, options);
    return found != VG_PROGRAMS_MAX && programs->program[found].state == VG_PROGRAM_REFUSED;
}

void vg_programs_launch(struct vg_programs *programs, enum vg_kernel kernel, const char *options)
{
    const uint32_t found = program_find(programs, kernel, options);
    uint32_t done = 0, total = 0;
    if (found == VG_PROGRAMS_MAX || programs->program[found].launched)
        return;
    programs->program[found].launched = true;
    if (programs->program[found].state != VG_PROGRAM_BUILT)
        return;
    for (uint32_t i = 0; i < programs->count; i++) {
        const struct vg_program *row = &programs->program[i];
        total += row->state == VG_PROGRAM_BUILT;
        done += row->state == VG_PROGRAM_BUILT && row->launched && i != found;
    }
    tell(programs, VG_PROGRAMS_LAUNCH, done, total, kernel);
}

struct vg_programs_stats vg_programs_stats(const struct vg_programs *programs)
{
    struct vg_programs_stats stats = {.stale = programs->cache ? programs->cache->stale : 0};
    for (uint32_t i = 0; i < programs->count; i++) {
        const enum vg_program_state state = programs->program[i].state;
        stats.built += state == VG_PROGRAM_BUILT;
        stats.loaded += state == VG_PROGRAM_LOADED;
        stats.refused += state == VG_PROGRAM_REFUSED;
    }
    stats.built += programs->linked.program && programs->linked.state == VG_PROGRAM_BUILT;
    stats.loaded += programs->linked.program && programs->linked.state == VG_PROGRAM_LOADED;
    return stats;
}
