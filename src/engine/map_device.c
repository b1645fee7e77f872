#include "src/engine/map_device.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#include "kernels/flow_layout.h"
#include "src/base/alloc.h"
#include "src/base/log.h"
#include "src/engine/device_health.h"

/* The launches of a picture but those of the flow, in their order. */
static const struct launch {
    enum vg_kernel kernel;
    uint32_t set;     /* a bit that asks for it; 0: always */
    cl_uint jobs_arg; /* the maps' memory is the next one */
} launches[] = {{VG_KERNEL_MAP_SMALL, 0, 1},
                {VG_KERNEL_MAP_GROUND, VG_MAPS_GROUND, 0},
                {VG_KERNEL_MAP_FLAME, VG_MAPS_FLAME, 0}};
#define LAUNCHES (sizeof launches / sizeof *launches)

enum flow_arg {
    FLOW_BEFORE,
    FLOW_NOW,
    FLOW_SCRATCH,
    FLOW_OUT,
    FLOW_SIZES
};

struct vg_map_device {
    struct vg_runner *runner; /* borrowed */
    enum vg_form form;
    cl_kernel kernel[LAUNCHES], flow;
    cl_mem jobs;                          /* struct vg_map_job, one a job of the batch */
    cl_mem scratch;                       /* of the flow: nothing is kept in it */
    struct vg_map_job told[VG_BATCH_MAX]; /* of the batch in work */
    bool failed;                          /* a launch of the batch in work */
    struct vg_map_watch *watch;           /* borrowed; NULL: nobody looks */
    _Atomic bool lost; /* relaxed: set by the device's thread; who opens a flux may see it late */
    pthread_mutex_t rests; /* of `resting`; never held over a call of the driver */
    bool rests_made;
    struct vg_map_flux *resting;
};

/* ---- flux that rest ---- */

struct vg_map_flux *vg_map_device_take(struct vg_map_device *device, size_t piece_bytes,
                                       uint32_t rooms)
{
    (void)pthread_mutex_lock(&device->rests);
    struct vg_map_flux **at = &device->resting;
    while (*at && ((*at)->piece_bytes != piece_bytes || (*at)->rooms != rooms))
        at = &(*at)->next;
    struct vg_map_flux *flux = *at;
    if (flux)
        *at = flux->next;
    (void)pthread_mutex_unlock(&device->rests);
    return flux;
}

void vg_map_device_rest(struct vg_map_device *device, struct vg_map_flux *flux)
{
    (void)pthread_mutex_lock(&device->rests);
    flux->next = device->resting;
    device->resting = flux;
    (void)pthread_mutex_unlock(&device->rests);
}

/* ---- open ---- */

static enum vg_status buffer_make(const struct vg_map_device *d, size_t bytes, cl_mem *out,
                                  struct vg_fault *fault)
{
    cl_int code = CL_SUCCESS;
    *out = clCreateBuffer(d->runner->device.context, CL_MEM_READ_WRITE, bytes, NULL, &code);
    return vg_device_check(code, "clCreateBuffer", fault);
}

static enum vg_status kernel_make(struct vg_map_device *d, enum vg_kernel kernel, cl_kernel *out,
                                  struct vg_fault *fault)
{
    char options[VG_KERNEL_OPTIONS_SIZE];
    const struct vg_map_build build = {.block = 16, .form = d->form};
    vg_map_options(kernel, &build, options);
    const enum vg_status status =
        vg_programs_kernel(&d->runner->programs, kernel, options, out, fault);
    if (!status)
        vg_programs_launch(&d->runner->programs, kernel, options);
    return status;
}

static enum vg_status arg_set(cl_kernel kernel, cl_uint index, size_t size, const void *value,
                              struct vg_fault *fault)
{
    return vg_device_check_run(clSetKernelArg(kernel, index, size, value), "clSetKernelArg", fault);
}

static enum vg_status kernels_make(struct vg_map_device *d, struct vg_fault *fault)
{
    enum vg_status status = kernel_make(d, VG_KERNEL_MAP_FLOW, &d->flow, fault);
    if (!status)
        status = arg_set(d->flow, FLOW_SCRATCH, sizeof d->scratch, &d->scratch, fault);
    for (size_t i = 0; i < LAUNCHES && !status; i++) {
        status = kernel_make(d, launches[i].kernel, &d->kernel[i], fault);
        if (!status)
            status = arg_set(d->kernel[i], launches[i].jobs_arg, sizeof d->jobs, &d->jobs, fault);
        if (!status && launches[i].jobs_arg)
            status = arg_set(d->kernel[i], 0, sizeof d->runner->pixels, &d->runner->pixels, fault);
    }
    return status;
}

/* With its first batch: who opens a flux must not wait for the driver. */
static enum vg_status piece_make(struct vg_map_device *d, struct vg_map_flux *flux,
                                 struct vg_fault *fault)
{
    return flux->piece ? VG_OK : buffer_make(d, flux->piece_bytes, &flux->piece, fault);
}

static enum vg_status enqueue_job(struct vg_map_device *d, struct vg_map_flux *flux, uint32_t index,
                                  struct vg_fault *fault);

/* All launches on a picture of no pixels worth the name: what compiles at the first launch does it
 * now. */
static enum vg_status run_first(struct vg_map_device *d, struct vg_fault *fault)
{
    const struct vg_picture picture = {.width = 2, .height = 2};
    struct vg_map_flux *flux = NULL;
    enum vg_status status =
        vg_map_flux_open(&flux, d, VG_MAPS_GROUND | VG_MAPS_FLOW | VG_MAPS_FLAME, 1);
    if (!status)
        status = piece_make(d, flux, fault);
    for (int i = 0; i < 2 && !status; i++) { /* the first picture has no flow */
        flux->used = 0;
        vg_maps_course_step(&flux->course, &picture, (struct vg_media_time){i}, &d->told[0],
                            &flux->maps[0]);
        status = vg_device_check(clEnqueueWriteBuffer(d->runner->device.queue, d->jobs, CL_FALSE, 0,
                                                      sizeof *d->told, d->told, 0, NULL, NULL),
                                 "clEnqueueWriteBuffer", fault);
        if (!status)
            status = enqueue_job(d, flux, 0, fault);
        const enum vg_status finished = vg_runner_finish(d->runner, status ? NULL : fault);
        status = status ? status : finished;
    }
    vg_map_flux_close(&flux);
    return status;
}

enum vg_status vg_map_device_open(struct vg_map_device **device, struct vg_runner *runner,
                                  struct vg_fault *fault)
{
    struct vg_map_device *d = vg_alloc(sizeof *d);
    *device = NULL;
    if (!d)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "maps");
    d->runner = runner;
    d->form = runner->device.info.kind == VG_DEVICE_CPU ? VG_FORM_ROWS : VG_FORM_SPREAD;
    d->rests_made = pthread_mutex_init(&d->rests, NULL) == 0;
    enum vg_status status =
        d->rests_made ? buffer_make(d, sizeof d->told, &d->jobs, fault)
                      : vg_fault_set(fault, VG_E_LACK, vg_status_text(VG_E_LACK), NULL, "maps");
    if (!status)
        status = buffer_make(d, VG_FLOW_SCRATCH_BYTES, &d->scratch, fault);
    if (!status)
        status = kernels_make(d, fault);
    if (!status)
        status = run_first(d, fault);
    if (status)
        vg_map_device_close(&d);
    *device = d;
    return status;
}

void vg_map_device_close(struct vg_map_device **device)
{
    struct vg_map_device *d = *device;
    if (!d)
        return;
    for (size_t i = 0; i < LAUNCHES; i++)
        if (d->kernel[i])
            (void)clReleaseKernel(d->kernel[i]);
    if (d->flow)
        (void)clReleaseKernel(d->flow);
    if (d->jobs)
        (void)clReleaseMemObject(d->jobs);
    if (d->scratch)
        (void)clReleaseMemObject(d->scratch);
    while (d->resting) {
        struct vg_map_flux *flux = d->resting;
        d->resting = flux->next;
        vg_map_flux_free(flux);
    }
    if (d->rests_made)
        (void)pthread_mutex_destroy(&d->rests);
    vg_free(d);
    *device = NULL;
}

/* ---- a batch ---- */

static size_t rounded(size_t items, size_t group)
{
    return (items + group - 1) / group * group;
}

void vg_map_device_watch(struct vg_map_device *device, struct vg_map_watch *watch)
{
    device->watch = watch;
}

/* Where the event of the next launch goes; NULL: nobody wants it. */
static cl_event *event_of(const struct vg_map_device *d, enum vg_kernel kernel)
{
    struct vg_map_watch *watch = d->watch;
    if (!watch || watch->count == VG_MAP_WATCH_MAX)
        return NULL;
    watch->kernel[watch->count] = kernel;
    watch->event[watch->count] = NULL;
    return &watch->event[watch->count++];
}

static enum vg_status enqueue_launch(struct vg_map_device *d, const struct vg_map_flux *flux,
                                     size_t index, uint32_t job, struct vg_fault *fault)
{
    const int spread = d->form == VG_FORM_SPREAD;
    const size_t width = (size_t)d->told[job].width, height = (size_t)d->told[job].height;
    const size_t group[3] = {spread ? VG_SPREAD_ITEMS : 1, 1, 1}, offset[3] = {0, 0, job};
    const size_t work[3] = {spread ? rounded(width, VG_SPREAD_ITEMS)
                                   : rounded(width, VG_MAP_STRIP) / VG_MAP_STRIP,
                            height, 1};
    const enum vg_status status = arg_set(d->kernel[index], launches[index].jobs_arg + 1,
                                          sizeof flux->piece, &flux->piece, fault);
    return status
               ? status
               : vg_device_check_run(clEnqueueNDRangeKernel(
                                         d->runner->device.queue, d->kernel[index], 3, offset, work,
                                         group, 0, NULL, event_of(d, launches[index].kernel)),
                                     vg_kernel_rows[launches[index].kernel].name, fault);
}

static enum vg_status enqueue_flow(struct vg_map_device *d, const struct vg_map_flux *flux,
                                   const struct vg_map_job *job, struct vg_fault *fault)
{
    const struct vg_maps_size size =
        vg_maps_size((uint32_t)job->picture_width, (uint32_t)job->picture_height);
    const struct vg_maps_flow_places places = vg_maps_flow_places(&size);
    const vg_i32 sheet = (vg_i32)vg_maps_sheet_first(job), other = job->sheet_bytes - sheet;
    const size_t group[2] = {1, 1};
    struct vg_flow_sizes sizes;
    enum vg_status status = VG_OK;
    (void)vg_flow_layout(job->width, job->height, &sizes);
    sizes.before = other + VG_MAP_LUMA * job->plane;
    sizes.now = sheet + VG_MAP_LUMA * job->plane;
    sizes.flow_x = sheet + (vg_i32)places.flow_x;
    sizes.flow_y = sheet + (vg_i32)places.flow_y;
    sizes.sure = sheet + (vg_i32)places.sure;
    static const cl_uint piece_args[] = {FLOW_BEFORE, FLOW_NOW, FLOW_OUT};
    for (size_t i = 0; i < sizeof piece_args / sizeof *piece_args && !status; i++)
        status = arg_set(d->flow, piece_args[i], sizeof flux->piece, &flux->piece, fault);
    for (vg_i32 i = 0; i < VG_FLOW_LAUNCHES && !status; i++) {
        size_t work[2];
        vg_flow_launch(&sizes, i, d->form == VG_FORM_SPREAD ? VG_FLOW_SPREAD : VG_FLOW_ROWS, work);
        status = arg_set(d->flow, FLOW_SIZES, sizeof sizes, &sizes, fault);
        if (!status)
            status = vg_device_check_run(clEnqueueNDRangeKernel(d->runner->device.queue, d->flow, 2,
                                                                NULL, work, group, 0, NULL,
                                                                event_of(d, VG_KERNEL_MAP_FLOW)),
                                         "map_flow", fault);
    }
    return status;
}

/* The launches of a job that the device was told of, then its sheet to the flux's next room. */
static enum vg_status enqueue_job(struct vg_map_device *d, struct vg_map_flux *flux, uint32_t index,
                                  struct vg_fault *fault)
{
    const struct vg_map_job *job = &d->told[index];
    uint8_t *sheet = flux->sheets + flux->used * flux->room_bytes;
    enum vg_status status = VG_OK;
    for (size_t i = 0; i < LAUNCHES && !status; i++)
        if (!launches[i].set || (flux->course.set & launches[i].set))
            status = enqueue_launch(d, flux, i, index, fault);
    if (!status && (flux->course.set & VG_MAPS_FLOW) && !job->first)
        status = enqueue_flow(d, flux, job, fault);
    if (status)
        return status;
    vg_maps_of_sheet(job, sheet, &flux->maps[flux->used++]);
    const size_t bytes =
        flux->course.set ? (size_t)job->sheet_bytes : (size_t)(VG_MAP_RED + 1) * (size_t)job->plane;
    return vg_device_check_run(clEnqueueReadBuffer(d->runner->device.queue, flux->piece, CL_FALSE,
                                                   vg_maps_sheet_first(job), bytes, sheet, 0, NULL,
                                                   NULL),
                               "clEnqueueReadBuffer", fault);
}

/* A device without memory for a flux makes none of it; the others go on. */
static bool makes_maps(struct vg_map_device *d, struct vg_map_flux *flux)
{
    struct vg_fault why = {.status = VG_OK};
    if (!flux || flux->lost)
        return false;
    if (piece_make(d, flux, &why) == VG_OK)
        return true;
    flux->lost = true;
    vg_log(VG_LOG_WARN, "maps of a flux are made by the processor: %s: %s", why.what, why.place);
    return false;
}

/* What the device is to know of each job; returns how many have maps. */
static uint32_t tell(struct vg_map_device *d, const struct vg_job *jobs,
                     const struct vg_device_job *staged, uint32_t count)
{
    uint32_t wanted = 0;
    for (uint32_t i = 0; i < count; i++)
        if (jobs[i].maps)
            jobs[i].maps->used = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct vg_map_flux *flux = jobs[i].maps;
        struct vg_map_job *job = &d->told[i];
        if (!makes_maps(d, flux))
            continue;
        assert(flux->used < flux->rooms);
        vg_maps_course_step(&flux->course, jobs[i].picture, jobs[i].time, job,
                            &flux->maps[flux->used++]);
        job->luma_first = staged[i].luma_first;
        job->luma_stride = staged[i].luma_stride;
        job->chroma_first = staged[i].chroma_first;
        job->chroma_stride = staged[i].chroma_stride;
        wanted++;
    }
    for (uint32_t i = 0; i < count; i++)
        if (jobs[i].maps)
            jobs[i].maps->used = 0; /* counted anew as they are enqueued */
    return wanted;
}

static void tell_lost(const struct vg_job *jobs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (jobs[i].maps) {
            jobs[i].maps->lost = true;
            jobs[i].maps->used = 0;
        }
}

bool vg_map_device_lost(const struct vg_map_device *device)
{
    return atomic_load_explicit(&device->lost, memory_order_relaxed);
}

void vg_map_device_trust(struct vg_map_device *device, const struct vg_job *jobs, uint32_t count)
{
    for (uint32_t i = 0; i < count && !vg_map_device_lost(device); i++)
        if (jobs[i].maps && !jobs[i].maps->lost)
            jobs[i].maps->proven = true;
}

bool vg_map_device_blame(struct vg_map_device *device, const struct vg_job *jobs, uint32_t count)
{
    bool doubtful = device->failed;
    for (uint32_t i = 0; i < count && !doubtful; i++)
        doubtful = jobs[i].maps && !jobs[i].maps->proven;
    if (!doubtful || vg_map_device_lost(device))
        return false;
    atomic_store_explicit(&device->lost, true, memory_order_relaxed);
    return true;
}

enum vg_status vg_map_device_enqueue(struct vg_map_device *device, const struct vg_job *jobs,
                                     const struct vg_device_job *staged, uint32_t count,
                                     struct vg_fault *fault)
{
    device->failed = false;
    if (vg_map_device_lost(device)) {
        tell_lost(jobs, count);
        return VG_OK;
    }
    if (!tell(device, jobs, staged, count))
        return VG_OK;
    enum vg_status status = vg_device_check_run(
        clEnqueueWriteBuffer(device->runner->device.queue, device->jobs, CL_FALSE, 0,
                             count * sizeof *device->told, device->told, 0, NULL, NULL),
        "clEnqueueWriteBuffer", fault);
    for (uint32_t i = 0; i < count && !status; i++)
        if (jobs[i].maps && !jobs[i].maps->lost)
            status = enqueue_job(device, jobs[i].maps, i, fault);
    device->failed = status != VG_OK;
    return status;
}
