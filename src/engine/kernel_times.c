#include "src/engine/kernel_times.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/engine/device_health.h"
#include "src/engine/engine_inside.h"
#include "src/engine/step_cost.h"

enum {
    WARM_UP = 3,
    RUNS_MAX = 100000,
    MAPS = 4,
    MAPS_STEP_US = 200000 /* between pictures, as at five a second */
};

/* The launches of the maps, and what passes through the memory for a pixel of the map at the least:
 * small three planes written, ground its words and halves both ways, three planes read and five
 * written (map_kernels.h), flame three and two and its two halves both ways, flow both pictures'
 * luma. */
static const struct {
    enum vg_kernel kernel;
    uint32_t pixel_bytes;
} map_rows[MAPS] = {{VG_KERNEL_MAP_SMALL, 3},
                    {VG_KERNEL_MAP_GROUND, 2 * (5 * 4 + 6 * 2) + 3 + 5},
                    {VG_KERNEL_MAP_FLAME, 3 + 2 + 2 * 2 * 2},
                    {VG_KERNEL_MAP_FLOW, 2}};

struct stand {
    struct vg_engine *engine;
    struct vg_runner *runner;
    const struct vg_plan *plan;
    struct vg_kernel_times *times;
    const struct vg_job *jobs;
    uint32_t count, runs, steps;
    uint64_t *start_ns, *end_ns; /* [run][step], on the device's clock */
};

static enum vg_status clock_read(cl_event event, uint64_t *start_ns, uint64_t *end_ns,
                                 struct vg_fault *fault)
{
    cl_ulong start = 0, end = 0;
    cl_int code =
        clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof start, &start, NULL);
    if (code == CL_SUCCESS)
        code = clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL);
    *start_ns = start;
    *end_ns = end;
    return vg_device_check_run(code, "clGetEventProfilingInfo", fault);
}

/* ---- steps ---- */

/* Of no candidates, as a batch has it: boxes count on from there. */
static enum vg_status counts_clear(const struct stand *s, struct vg_fault *fault)
{
    const vg_i32 zero = 0;
    return vg_device_check_run(clEnqueueFillBuffer(s->runner->device.queue, s->runner->counts,
                                                   &zero, sizeof zero, 0, s->count * sizeof zero, 0,
                                                   NULL, NULL),
                               "clEnqueueFillBuffer", fault);
}

/* The product of a library has no event: it begins where the step of its matrices ends, which
 * therefore runs before it. */
static enum vg_status step_run(const struct stand *s, uint32_t step, uint64_t *start_ns,
                               uint64_t *end_ns, struct vg_fault *fault)
{
    const int product = s->plan->step[step].kernel == VG_KERNEL_GEMM_UNPACK;
    cl_event event[2] = {NULL, NULL};
    uint64_t unused;
    assert(!product || step > 0);
    enum vg_status status = step >= s->plan->net_end ? counts_clear(s, fault) : VG_OK;
    if (!status)
        status = vg_runner_enqueue_timed(s->runner, step - (product ? 1U : 0U), step + 1, s->count,
                                         event, fault);
    if (!status)
        status = vg_runner_finish(s->runner, fault);
    if (!status)
        status = clock_read(event[product], start_ns, end_ns, fault);
    if (!status && product)
        status = clock_read(event[0], &unused, start_ns, fault);
    for (size_t i = 0; i < 2; i++)
        if (event[i])
            (void)clReleaseEvent(event[i]);
    return status;
}

static enum vg_status steps_time(const struct stand *s, struct vg_fault *fault)
{
    enum vg_status status = VG_OK;
    uint64_t start, end;
    for (uint32_t step = 0; step < s->plan->step_count && !status; step++) {
        vg_step_cost(s->plan, step, s->count, &s->times->profile.step[step]);
        for (uint32_t i = 0; i < WARM_UP && !status; i++)
            status = step_run(s, step, &start, &end, fault);
        for (uint32_t run = 0; run < s->runs && !status; run++) {
            const size_t at = (size_t)run * s->steps + step;
            status = step_run(s, step, &s->start_ns[at], &s->end_ns[at], fault);
        }
    }
    return status;
}

/* ---- maps ---- */

/* All launches of a kernel together: those of the flow are several. Takes the watch's events. */
static enum vg_status watch_take(const struct stand *s, struct vg_map_watch *watch, uint32_t run,
                                 struct vg_fault *fault)
{
    enum vg_status status = VG_OK;
    for (uint32_t i = 0; i < watch->count; i++) {
        uint64_t start = 0, end = 0;
        uint32_t row = 0;
        while (row < MAPS - 1 && map_rows[row].kernel != watch->kernel[i])
            row++;
        if (!status)
            status = clock_read(watch->event[i], &start, &end, fault);
        if (!status && run < s->runs && end > start)
            s->end_ns[(size_t)run * s->steps + s->times->maps_first + row] += end - start;
        if (watch->event[i])
            (void)clReleaseEvent(watch->event[i]);
    }
    watch->count = 0;
    return status;
}

static void maps_cost(const struct stand *s)
{
    const struct vg_picture *picture = s->jobs[0].picture;
    const struct vg_maps_size size = vg_maps_size(picture->width, picture->height);
    const double pixels = (double)size.width * size.height;
    for (uint32_t i = 0; i < MAPS; i++) {
        struct vg_step_time *step = &s->times->profile.step[s->times->maps_first + i];
        step->kernel = vg_kernel_rows[map_rows[i].kernel].name;
        step->mbytes = 1e-6 * pixels * map_rows[i].pixel_bytes;
        if (map_rows[i].kernel == VG_KERNEL_MAP_SMALL)
            step->mbytes += 1.5e-6 * (double)picture->width * picture->height;
        (void)snprintf(step->name, sizeof step->name, "%s %ux%u", step->kernel, size.width,
                       size.height);
    }
}

/* The runs that do not count come first: the first picture has no flow at all. */
static enum vg_status maps_run(const struct stand *s, struct vg_map_flux *flux,
                               struct vg_map_device *device, struct vg_fault *fault)
{
    struct vg_map_watch watch = {.count = 0};
    enum vg_status status = VG_OK;
    vg_map_device_watch(device, &watch);
    for (uint32_t i = 0; i < WARM_UP + s->runs && !status; i++) {
        struct vg_job job = s->jobs[s->count > 1 ? i % 2 : 0];
        job.maps = flux;
        job.time.us = (int64_t)i * MAPS_STEP_US;
        status = vg_engine_make_maps(s->engine, &job, 1, fault);
        const enum vg_status taken =
            watch_take(s, &watch, i < WARM_UP ? UINT32_MAX : i - WARM_UP, status ? NULL : fault);
        status = status ? status : taken;
    }
    vg_map_device_watch(device, NULL);
    return status;
}

static enum vg_status maps_time(const struct stand *s, struct vg_fault *fault)
{
    struct vg_map_device *device = vg_engine_map_device(s->engine);
    struct vg_map_flux *flux = NULL;
    if (!device)
        return VG_OK;
    enum vg_status status =
        vg_map_flux_open(&flux, device, VG_MAPS_GROUND | VG_MAPS_FLOW | VG_MAPS_FLAME, 1);
    if (status)
        return vg_fault_set(fault, status, vg_status_text(status), NULL, "maps");
    maps_cost(s);
    status = maps_run(s, flux, device, fault);
    vg_map_flux_close(&flux);
    return status;
}

/* ---- together ---- */

static void least_fill(const struct stand *s)
{
    for (uint32_t step = 0; step < s->steps; step++) {
        uint64_t least = UINT64_MAX;
        for (uint32_t run = 0; run < s->runs; run++) {
            const size_t at = (size_t)run * s->steps + step;
            const uint64_t ns =
                s->end_ns[at] > s->start_ns[at] ? s->end_ns[at] - s->start_ns[at] : 0;
            least = ns < least ? ns : least;
        }
        s->times->least_us[step] = 1e-3 * (double)least;
    }
}

static enum vg_status batch_run(const struct stand *s, struct vg_fault *fault)
{
    struct vg_answer *answers = vg_alloc_array(s->count, sizeof *answers);
    if (!answers)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%u", s->count);
    const enum vg_status status = vg_engine_run(s->engine, s->jobs, s->count, answers, fault);
    vg_free(answers);
    return status;
}

static enum vg_status room_make(struct stand *s, struct vg_fault *fault)
{
    size_t times;
    if (!s->runs || s->runs > RUNS_MAX || vg_size_mul(s->runs, s->steps, &times))
        return vg_fault_set(fault, VG_E_CALL, N_("so many runs cannot be timed"), NULL, "%u",
                            s->runs);
    enum vg_status status = vg_profile_init(&s->times->profile, s->steps, s->steps, fault);
    if (status)
        return status;
    s->times->profile.batch = s->count;
    s->times->least_us = vg_alloc_array(s->steps, sizeof *s->times->least_us);
    s->start_ns = vg_alloc_array(times, sizeof *s->start_ns);
    s->end_ns = vg_alloc_array(times, sizeof *s->end_ns);
    if (!s->times->least_us || !s->start_ns || !s->end_ns)
        status = vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%u", s->runs);
    return status;
}

enum vg_status vg_engine_time_kernels(struct vg_engine *engine, const struct vg_job *jobs,
                                      uint32_t count, uint32_t runs, struct vg_kernel_times *times,
                                      struct vg_fault *fault)
{
    struct stand s = {.engine = engine,
                      .runner = vg_engine_runner(engine),
                      .plan = vg_engine_plan(engine),
                      .times = times,
                      .jobs = jobs,
                      .count = count,
                      .runs = runs};
    *times = (struct vg_kernel_times){.net_first = s.plan->net_first,
                                      .net_end = s.plan->net_end,
                                      .maps_first = s.plan->step_count};
    if (s.runner->persistent.kernel)
        return vg_fault_set(fault, VG_E_CALL,
                            N_("steps that are one launch have no times of their own"), NULL,
                            "launches");
    s.steps = s.plan->step_count + (vg_engine_map_device(engine) ? MAPS : 0);
    enum vg_status status = room_make(&s, fault);
    if (!status)
        status = batch_run(&s, fault);
    if (!status)
        status = steps_time(&s, fault);
    if (!status)
        status = maps_time(&s, fault);
    if (!status)
        status = vg_profile_fill(&times->profile, runs, s.start_ns, s.end_ns, fault);
    if (!status) {
        least_fill(&s);
        times->profile.span_count = 0; /* the runs of a step follow each other: no time line */
    }
    vg_free(s.start_ns);
    vg_free(s.end_ns);
    if (status)
        vg_kernel_times_release(times);
    return status;
}

void vg_kernel_times_release(struct vg_kernel_times *times)
{
    vg_profile_release(&times->profile);
    vg_free(times->least_us);
    memset(times, 0, sizeof *times);
}

enum vg_kernel_part vg_kernel_times_part(const struct vg_kernel_times *times, uint32_t step)
{
    return step < times->net_first    ? VG_KERNEL_OF_PREPARE
           : step < times->net_end    ? VG_KERNEL_OF_NET
           : step < times->maps_first ? VG_KERNEL_OF_BOXES
                                      : VG_KERNEL_OF_MAPS;
}
