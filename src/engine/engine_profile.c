/* Times of the steps, from the device's own clock. Each run is made twice: once as always, which
 * the host times whole, and once with an event for each step. The probes step_begin and step_end
 * tell these times when the run is over: a queue does not say when it comes to a step. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/text.h"
#include "src/base/usdt.h"
#include "src/engine/device_health.h"
#include "src/engine/engine_inside.h"
#include "src/engine/profile.h"
#include "src/engine/step_cost.h"

enum {
    WARM_UP = 2,
    RUNS_MAX = 100000
};

struct timing {
    struct vg_runner *runner;
    const struct vg_plan *plan;
    struct vg_profile *profile;
    uint32_t steps, runs, pictures;
    cl_event *event;             /* of each step */
    double *whole_us;            /* of each run */
    uint64_t *start_ns, *end_ns; /* [run][step], on the device's clock */
};

static enum vg_status run_whole(const struct timing *t, double *us, struct vg_fault *fault)
{
    const struct vg_mono_time start = vg_mono_now();
    enum vg_status status = vg_runner_enqueue(t->runner, t->plan->net_first, t->plan->net_end,
                                              t->pictures, NULL, fault);
    if (!status)
        status = vg_runner_finish(t->runner, fault);
    *us = (double)(vg_mono_now().us - start.us);
    return status;
}

static enum vg_status times_take(struct timing *t, size_t at, cl_event event,
                                 struct vg_fault *fault)
{
    cl_ulong start = 0, end = 0;
    cl_int code =
        clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof start, &start, NULL);
    if (code == CL_SUCCESS)
        code = clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL);
    t->start_ns[at] = start;
    t->end_ns[at] = end;
    return vg_device_check_run(code, "clGetEventProfilingInfo", fault);
}

/* The launches of a library are not a step's event's: one in order behind its matrices' step begins
 * where that ends. */
static void product_count(struct timing *t, uint32_t step, size_t at)
{
    if (t->plan->step[t->plan->net_first + step].kernel != VG_KERNEL_GEMM_UNPACK)
        return;
    assert(step && t->plan->step[t->plan->net_first + step - 1].kernel == VG_KERNEL_GEMM_PACK);
    t->start_ns[at] = t->end_ns[at - 1];
}

/* A step's time is known when its run is over: both probes stand there, with the device's time. */
static void probes_hit(const struct timing *t, uint32_t step, size_t at)
{
    vg_probe_step_begin(t->plan->net_first + step);
    vg_probe_step_end(t->plan->net_first + step, (int64_t)(t->end_ns[at] - t->start_ns[at]) / 1000);
}

static enum vg_status run_timed(struct timing *t, uint32_t run, struct vg_fault *fault)
{
    enum vg_status status = vg_runner_enqueue_timed(t->runner, t->plan->net_first, t->plan->net_end,
                                                    t->pictures, t->event, fault);
    if (!status)
        status = vg_runner_finish(t->runner, fault);
    for (uint32_t i = 0; i < t->steps; i++) {
        const size_t at = (size_t)run * t->steps + i;
        if (!status)
            status = times_take(t, at, t->event[i], fault);
        if (!status) {
            product_count(t, i, at);
            probes_hit(t, i, at);
        }
        if (t->event[i])
            (void)clReleaseEvent(t->event[i]);
        t->event[i] = NULL;
    }
    return status;
}

static enum vg_status profile_fill(struct timing *t, struct vg_fault *fault)
{
    for (uint32_t i = 0; i < t->steps; i++)
        vg_step_cost(t->plan, t->plan->net_first + i, t->pictures, &t->profile->step[i]);
    t->profile->whole_us = vg_profile_median(t->whole_us, t->runs);
    t->profile->batch = t->pictures;
    return vg_profile_fill(t->profile, t->runs, t->start_ns, t->end_ns, fault);
}

static enum vg_status runs_time(struct timing *t, struct vg_fault *fault)
{
    enum vg_status status = VG_OK;
    double unused;
    for (uint32_t i = 0; i < WARM_UP && !status; i++)
        status = run_whole(t, &unused, fault);
    for (uint32_t i = 0; i < t->runs && !status; i++) {
        status = run_whole(t, &t->whole_us[i], fault);
        if (!status)
            status = run_timed(t, i, fault);
    }
    return status;
}

enum vg_status vg_engine_profile(struct vg_engine *engine, uint32_t runs,
                                 struct vg_profile *profile, struct vg_fault *fault)
{
    const struct vg_plan *plan = vg_engine_plan(engine);
    struct timing t = {.runner = vg_engine_runner(engine),
                       .plan = plan,
                       .profile = profile,
                       .steps = plan->net_end - plan->net_first,
                       .runs = runs,
                       .pictures = plan->settings.batch_max};
    size_t spans;
    memset(profile, 0, sizeof *profile);
    if (t.runner->persistent.kernel)
        return vg_fault_set(fault, VG_E_CALL,
                            N_("steps that are one launch have no times of their own"), NULL,
                            "launches");
    if (!runs || runs > RUNS_MAX || vg_size_mul(runs, t.steps, &spans) || spans > UINT32_MAX)
        return vg_fault_set(fault, VG_E_CALL, N_("so many runs cannot be timed"), NULL, "%u", runs);
    enum vg_status status = vg_profile_init(profile, t.steps, (uint32_t)spans, fault);
    if (status)
        return status;
    t.event = vg_alloc_array(t.steps, sizeof(cl_event));
    t.whole_us = vg_alloc_array(runs, sizeof *t.whole_us);
    t.start_ns = vg_alloc_array(spans, sizeof *t.start_ns);
    t.end_ns = vg_alloc_array(spans, sizeof *t.end_ns);
    if (!t.event || !t.whole_us || !t.start_ns || !t.end_ns)
        status = vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%u", runs);
    if (!status)
        status = runs_time(&t, fault);
    if (!status)
        status = profile_fill(&t, fault);
    vg_free(t.event);
    vg_free(t.whole_us);
    vg_free(t.start_ns);
    vg_free(t.end_ns);
    if (status)
        vg_profile_release(profile);
    return status;
}
