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
    cl_event *event;    /* of each step */
    double *whole, *us; /* of each run; room for sorting a step's */
    cl_ulong start_ns;  /* of the first span */
};

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double median(double *values, uint32_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

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

static enum vg_status span_take(struct timing *t, uint32_t run, uint32_t step,
                                struct vg_fault *fault)
{
    cl_ulong start = 0, end = 0;
    const cl_int first = clGetEventProfilingInfo(t->event[step], CL_PROFILING_COMMAND_START,
                                                 sizeof start, &start, NULL);
    const cl_int last =
        clGetEventProfilingInfo(t->event[step], CL_PROFILING_COMMAND_END, sizeof end, &end, NULL);
    if (first != CL_SUCCESS || last != CL_SUCCESS)
        return vg_device_check_run(first != CL_SUCCESS ? first : last, "clGetEventProfilingInfo",
                                   fault);
    if (!run && !step)
        t->start_ns = start;
    t->profile->span[(size_t)run * t->steps + step] =
        (struct vg_step_span){.step = step,
                              .run = run,
                              .start_us = ((double)start - (double)t->start_ns) / 1000,
                              .us = end > start ? (double)(end - start) / 1000 : 0};
    return VG_OK;
}

static enum vg_status run_timed(struct timing *t, uint32_t run, struct vg_fault *fault)
{
    enum vg_status status = vg_runner_enqueue_timed(t->runner, t->plan->net_first, t->plan->net_end,
                                                    t->pictures, t->event, fault);
    if (!status)
        status = vg_runner_finish(t->runner, fault);
    for (uint32_t i = 0; i < t->steps; i++) {
        if (!status)
            status = span_take(t, run, i, fault);
        if (!status) {
            vg_probe_step_begin(t->plan->net_first + i);
            vg_probe_step_end(t->plan->net_first + i,
                              (int64_t)t->profile->span[(size_t)run * t->steps + i].us);
        }
        if (t->event[i])
            (void)clReleaseEvent(t->event[i]);
        t->event[i] = NULL;
    }
    return status;
}

static void medians_take(struct timing *t)
{
    for (uint32_t i = 0; i < t->steps; i++) {
        for (uint32_t run = 0; run < t->runs; run++)
            t->us[run] = t->profile->span[(size_t)run * t->steps + i].us;
        vg_step_cost(t->plan, t->plan->net_first + i, t->pictures, &t->profile->step[i]);
        t->profile->step[i].us = median(t->us, t->runs);
    }
    t->profile->whole_us = median(t->whole, t->runs);
    t->profile->runs = t->runs;
    t->profile->batch = t->pictures;
}

static enum vg_status runs_time(struct timing *t, struct vg_fault *fault)
{
    enum vg_status status = VG_OK;
    double unused;
    for (uint32_t i = 0; i < WARM_UP && !status; i++)
        status = run_whole(t, &unused, fault);
    for (uint32_t i = 0; i < t->runs && !status; i++) {
        status = run_whole(t, &t->whole[i], fault);
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
    t.whole = vg_alloc_array(runs, sizeof *t.whole);
    t.us = vg_alloc_array(runs, sizeof *t.us);
    if (!t.event || !t.whole || !t.us)
        status = vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%u", runs);
    if (!status)
        status = runs_time(&t, fault);
    if (!status)
        medians_take(&t);
    vg_free(t.event);
    vg_free(t.whole);
    vg_free(t.us);
    if (status)
        vg_profile_release(profile);
    return status;
}
