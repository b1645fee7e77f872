/* A device that is lost at any call of a batch, or while the engine opens: the calls of OpenCL
 * that carry work are this program's own, and answer with an error from the n-th on. Each job
 * gets an error answer, closing ends, and an engine opened anew works as if nothing had been.
 * labels: ocl */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/device_thread.h"
#include "scheduler/live_flux.h"
#include "src/base/fault.h"
#include "src/base/ring.h"
#include "src/engine/device_health.h"
#include "src/engine/engine.h"
#include "tests/cl_calls.h"
#include "tests/small_net.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- the device that fails ---- */

static _Atomic int64_t calls, lost_at; /* 0: never */
static _Atomic cl_int lost_code;

static void lose_at(int64_t n, cl_int code)
{
    atomic_store(&calls, 0);
    atomic_store(&lost_code, code);
    atomic_store(&lost_at, n);
}

/* CL_SUCCESS: this call is good. */
static cl_int fate(void)
{
    const int64_t n = atomic_fetch_add(&calls, 1) + 1, at = atomic_load(&lost_at);
    return at && n >= at ? atomic_load(&lost_code) : CL_SUCCESS;
}

cl_int clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
                              const size_t *offset, const size_t *work, const size_t *group,
                              cl_uint count, const cl_event *list, cl_event *event)
{
    const cl_int code = fate();
    if (code != CL_SUCCESS)
        return code;
    REAL("clEnqueueNDRangeKernel", launch_call);
    return call(queue, kernel, dimensions, offset, work, group, count, list, event);
}

typedef cl_int finish_call(cl_command_queue);
cl_int clFinish(cl_command_queue queue)
{
    REAL("clFinish", finish_call);
    const cl_int done = call(queue), code = fate();
    return code == CL_SUCCESS ? done : code;
}

cl_int clEnqueueReadBuffer(cl_command_queue queue, cl_mem memory, cl_bool blocking, size_t first,
                           size_t bytes, void *to, cl_uint count, const cl_event *list,
                           cl_event *event)
{
    const cl_int code = fate();
    if (code != CL_SUCCESS)
        return code;
    REAL("clEnqueueReadBuffer", read_call);
    return call(queue, memory, blocking, first, bytes, to, count, list, event);
}

typedef void *map_call(cl_command_queue, cl_mem, cl_bool, cl_map_flags, size_t, size_t, cl_uint,
                       const cl_event *, cl_event *, cl_int *);
void *clEnqueueMapBuffer(cl_command_queue queue, cl_mem memory, cl_bool blocking,
                         cl_map_flags flags, size_t first, size_t bytes, cl_uint count,
                         const cl_event *list, cl_event *event, cl_int *out)
{
    const cl_int code = fate();
    if (code != CL_SUCCESS) {
        *out = code;
        return NULL;
    }
    REAL("clEnqueueMapBuffer", map_call);
    return call(queue, memory, blocking, flags, first, bytes, count, list, event, out);
}

/* ---- batches ---- */

/* of the engines of this group of tests */
static enum vg_engine_launches launches;

enum {
    SIDE = SMALL_PICTURE_SIDE,
    BATCH = 2
};

static const cl_int codes[] = {CL_OUT_OF_RESOURCES, CL_DEVICE_NOT_AVAILABLE,
                               CL_INVALID_COMMAND_QUEUE, -9999};

struct fixture {
    struct vg_model *model;
    struct vg_engine *engine;
    uint8_t bytes[SMALL_PICTURE_BYTES];
    struct vg_picture picture;
    struct vg_job job[BATCH];
    struct vg_answer good[BATCH], answer[BATCH];
};

static enum vg_status engine_open(struct fixture *f, struct vg_fault *fault)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    settings.batch_max = BATCH;
    settings.picture_width_max = settings.picture_height_max = SIDE;
    settings.launches = launches;
    return vg_engine_open(&f->engine, f->model, &settings, fault);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct vg_fault fault = {0};
    if (!f)
        return -1;
    lose_at(0, CL_SUCCESS);
    f->model = tiny_net(11, 20);
    f->picture = small_picture(f->bytes);
    for (uint32_t i = 0; i < BATCH; i++)
        f->job[i] = (struct vg_job){.picture = &f->picture,
                                    .rotation = (enum vg_rotation)i,
                                    .threshold = 0.6f,
                                    .nms = 0.5f};
    *state = f;
    if (engine_open(f, &fault) || vg_engine_run(f->engine, f->job, BATCH, f->good, &fault)) {
        vg_fault_print(&fault);
        return -1;
    }
    return f->good[0].count > 2 ? 0 : -1; /* else the comparison says nothing */
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    lose_at(0, CL_SUCCESS);
    vg_engine_close(&f->engine);
    vg_model_close(&f->model);
    free(f);
    return 0;
}

static void a_fresh_engine_works(struct fixture *f)
{
    lose_at(0, CL_SUCCESS);
    vg_engine_close(&f->engine);
    assert_int_equal(engine_open(f, NULL), VG_OK);
    memset(f->answer, 0, sizeof f->answer);
    assert_int_equal(vg_engine_run(f->engine, f->job, BATCH, f->answer, NULL), VG_OK);
    assert_memory_equal(f->answer, f->good, sizeof f->good);
}

/* Calls of one batch, counted on a good device. */
static int64_t calls_of_a_batch(struct fixture *f)
{
    lose_at(0, CL_SUCCESS);
    assert_int_equal(vg_engine_run(f->engine, f->job, BATCH, f->answer, NULL), VG_OK);
    return atomic_load(&calls);
}

static void lost_at_each_call_of_a_batch(void **state)
{
    struct fixture *f = *state;
    const int64_t all = calls_of_a_batch(f);
    assert_true(all > (launches == VG_LAUNCHES_FEW ? 4 : 10));
    for (int64_t n = 1; n <= all; n++) {
        struct vg_fault fault = {.status = VG_OK};
        lose_at(n, codes[(size_t)n % COUNT(codes)]);
        const enum vg_status status = vg_engine_run(f->engine, f->job, BATCH, f->answer, &fault);
        assert_true(status == VG_E_DEVICE || status == VG_E_MEMORY);
        assert_int_equal(fault.status, status);
        assert_true(fault.place[0]);
        /* and it stays lost */
        assert_int_not_equal(vg_engine_run(f->engine, f->job, BATCH, f->answer, &fault), VG_OK);
        /* nothing of what failed is left behind where the device comes back */
        lose_at(0, CL_SUCCESS);
        memset(f->answer, 0, sizeof f->answer);
        assert_int_equal(vg_engine_run(f->engine, f->job, BATCH, f->answer, NULL), VG_OK);
        assert_memory_equal(f->answer, f->good, sizeof f->good);
    }
    a_fresh_engine_works(f);
}

static void closed_while_lost(void **state)
{
    struct fixture *f = *state;
    const int64_t all = calls_of_a_batch(f);
    for (size_t i = 0; i < 2; i++) {
        lose_at(all / 2, codes[i]);
        assert_int_not_equal(vg_engine_run(f->engine, f->job, BATCH, f->answer, NULL), VG_OK);
        vg_engine_close(&f->engine);
        assert_null(f->engine);
        a_fresh_engine_works(f);
    }
}

static void lost_while_opening(void **state)
{
    struct fixture *f = *state;
    vg_engine_close(&f->engine);
    lose_at(0, CL_SUCCESS);
    assert_int_equal(engine_open(f, NULL), VG_OK);
    const int64_t all = atomic_load(&calls);
    for (int64_t n = 1; n <= all; n += all / 4 + 1) {
        struct vg_fault fault = {.status = VG_OK};
        vg_engine_close(&f->engine);
        lose_at(n, codes[(size_t)n % COUNT(codes)]);
        const enum vg_status status = engine_open(f, &fault);
        assert_true(status == VG_E_DEVICE || status == VG_E_MEMORY);
        assert_null(f->engine);
    }
    a_fresh_engine_works(f);
}

/* ---- the thread above ---- */

static void each_job_of_the_batch_is_told(void **state)
{
    struct fixture *f = *state;
    struct vg_ring *back = NULL;
    struct vg_device_thread *thread = NULL;
    struct vg_stage_times *times = calloc(1, sizeof *times);
    struct vg_live_batch *batch = calloc(1, sizeof *batch);
    struct vg_live_flux *flux = calloc(1, sizeof *flux);
    struct vg_live_work *work = NULL;
    const int64_t all = calls_of_a_batch(f);
    assert_true(times && batch && flux);
    assert_int_equal(vg_ring_open(&back, 8, sizeof work), VG_OK);
    const struct vg_device_settings settings = {
        .unit = vg_device_unit_engine(f->engine), .to_worker = {back}, .times = times};
    assert_int_equal(vg_device_thread_open(&thread, &settings), VG_OK);
    batch->count = batch->jobs = BATCH;
    batch->answer = f->answer;
    memcpy(batch->job, f->job, sizeof f->job);
    for (uint32_t i = 0; i < BATCH; i++)
        batch->work[i] = (struct vg_live_work){
            .flux = flux, .batch = batch, .answer = f->answer /* not to be left there */};
    for (int round = 0; round < 3; round++) { /* good, lost, good: the thread goes on */
        lose_at(round == 1 ? all - 1 : 0, CL_OUT_OF_RESOURCES);
        assert_int_equal(vg_device_thread_run(thread, batch), VG_OK);
        for (uint32_t i = 0; i < BATCH; i++) {
            while (vg_ring_pop(back, &work) != VG_OK)
                assert_int_equal(vg_ring_wait(back, 20000), VG_OK);
            assert_ptr_equal(work, &batch->work[i]);
            assert_int_equal(work->answer == NULL, round == 1);
        }
    }
    vg_device_thread_close(&thread);
    vg_ring_close(&back);
    free(times);
    free(batch);
    free(flux);
}

/* ---- codes ---- */

static void codes_are_judged(void **state)
{
    (void)state;
    static const struct {
        cl_int code;
        enum vg_device_state making, running;
    } rows[] = {
        {CL_SUCCESS, VG_DEVICE_WELL, VG_DEVICE_WELL},
        {CL_OUT_OF_RESOURCES, VG_DEVICE_SHORT, VG_DEVICE_LOST},
        {CL_MEM_OBJECT_ALLOCATION_FAILURE, VG_DEVICE_SHORT, VG_DEVICE_SHORT},
        {CL_DEVICE_NOT_AVAILABLE, VG_DEVICE_LOST, VG_DEVICE_LOST},
        {CL_INVALID_COMMAND_QUEUE, VG_DEVICE_REFUSES, VG_DEVICE_LOST},
        {CL_INVALID_WORK_GROUP_SIZE, VG_DEVICE_REFUSES, VG_DEVICE_REFUSES},
        {-1001, VG_DEVICE_REFUSES, VG_DEVICE_REFUSES},
        {-9999, VG_DEVICE_LOST, VG_DEVICE_LOST},
        {1, VG_DEVICE_REFUSES, VG_DEVICE_REFUSES},
    };
    static const enum vg_status status[] = {[VG_DEVICE_WELL] = VG_OK,
                                            [VG_DEVICE_SHORT] = VG_E_MEMORY,
                                            [VG_DEVICE_REFUSES] = VG_E_DEVICE,
                                            [VG_DEVICE_LOST] = VG_E_DEVICE};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vg_fault fault = {.status = VG_OK};
        assert_int_equal(vg_device_judge(rows[i].code, VG_DEVICE_MAKING), rows[i].making);
        assert_int_equal(vg_device_judge(rows[i].code, VG_DEVICE_RUNNING), rows[i].running);
        assert_int_equal(vg_device_lost(rows[i].code), rows[i].running == VG_DEVICE_LOST);
        assert_int_equal(vg_device_check_run(rows[i].code, "clFinish", &fault),
                         status[rows[i].running]);
        assert_int_equal(fault.status, status[rows[i].running]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_judged),
        cmocka_unit_test(lost_at_each_call_of_a_batch),
        cmocka_unit_test(closed_while_lost),
        cmocka_unit_test(lost_while_opening),
        cmocka_unit_test(each_job_of_the_batch_is_told),
    };
    launches = VG_LAUNCHES_FEW;
    const int failed = cmocka_run_group_tests_name("one launch", tests, set_up, tear_down);
    launches = VG_LAUNCHES_EACH_STEP;
    return cmocka_run_group_tests_name("each step", tests, set_up, tear_down) || failed;
}
