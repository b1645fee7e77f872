/* A device whose driver hangs, with a lock that every call of it would wait for: the loop goes on. Flux
 * leave the device, are closed and opened, before it is known that it hangs and after; what is in the
 * call stays whole until that comes back.
 * labels: ocl threads */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/loop.h"
#include "src/base/alloc.h"
#include "tests/cl_calls.h"
#include "tests/small_net.h"
#include "tests/store_fixture.h"

#define DEADLINE_US (60 * VG_US_PER_S)
#define SCENE                                                                         \
    "{\"version\":1,\"name\":\"x\",\"zones\":[{\"id\":\"z\",\"polygon\":"             \
    "[[0,0],[1,0],[1,1],[0,1]]}],\"lines\":[],\"rules\":[{\"id\":\"d\",\"severity\":" \
    "\"low\",\"event\":\"density\",\"at\":\"z\",\"over\":0,\"hold_s\":60}]}"

/* ---- the driver ---- */

static struct {
    atomic_bool hangs; /* the next launch */
    sem_t inside, may_return;
    pthread_t loop;             /* the test's thread, in the loop's place */
    const char *_Atomic called; /* by the loop, while the driver hangs: it would wait for ever */
} driver;

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        ;
}

static void call_begins(const char *name)
{
    if (atomic_load(&driver.hangs) && pthread_equal(pthread_self(), driver.loop))
        atomic_store(&driver.called, name);
}

cl_int clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
                              const size_t *offset, const size_t *work, const size_t *group,
                              cl_uint count, const cl_event *list, cl_event *event)
{
    call_begins("clEnqueueNDRangeKernel");
    if (atomic_load(&driver.hangs) && !pthread_equal(pthread_self(), driver.loop)) {
        (void)sem_post(&driver.inside);
        wait_for(&driver.may_return);
    }
    REAL("clEnqueueNDRangeKernel", launch_call);
    return call(queue, kernel, dimensions, offset, work, group, count, list, event);
}

typedef cl_mem buffer_call(cl_context, cl_mem_flags, size_t, void *, cl_int *);

cl_mem clCreateBuffer(cl_context context, cl_mem_flags flags, size_t bytes, void *host,
                      cl_int *code)
{
    call_begins("clCreateBuffer");
    REAL("clCreateBuffer", buffer_call);
    return call(context, flags, bytes, host, code);
}

typedef cl_int release_call(cl_mem);

cl_int clReleaseMemObject(cl_mem memory)
{
    call_begins("clReleaseMemObject");
    REAL("clReleaseMemObject", release_call);
    return call(memory);
}

/* ---- the loop ---- */

enum {
    DEVICES = 2,
    FLUX = 3
};

struct stand {
    const struct store_fixture *f;
    struct vg_loop *a;
    struct vg_save_thread *saves;
    struct vg_stage_times *times;
    struct vg_ring *back[DEVICES]; /* each of one writer: the device's thread */
    struct vg_model *model;
    uint8_t bytes[SMALL_PICTURE_BYTES];
    struct vg_picture picture;
};

static void open_device(struct stand *s, uint32_t device)
{
    struct vg_loop_device *d = &s->a->device[device];
    struct vg_fault fault = {.what = ""};
    struct vg_engine_settings settings = vg_engine_defaults();
    settings.batch_max = FLUX;
    settings.picture_width_max = settings.picture_height_max = SMALL_PICTURE_SIDE;
    settings.maps = VG_ENGINE_MAPS_MADE;
    if (vg_engine_open(&d->open.engine, s->model, &settings, &fault))
        fail_msg("%s %s", fault.what, fault.place);
    d->open.unit = vg_device_unit_engine(d->open.engine);
    assert_int_equal(vg_ring_open(&s->back[device], 16, sizeof(struct vg_live_work *)), VG_OK);
    const struct vg_device_settings thread = {
        .unit = d->open.unit, .to_worker = {s->back[device]}, .times = s->times};
    assert_int_equal(vg_device_thread_open(&d->open.thread, &thread), VG_OK);
    d->loop = s->a;
    d->map_maker = VG_MAPS_BY_DEVICE;
    d->state = VG_LOOP_DEVICE_WELL;
    d->batch[0].answer = vg_alloc_array(FLUX, sizeof *d->batch[0].answer);
    assert_non_null(d->batch[0].answer);
}

static void open_flux(struct stand *s, uint32_t i, uint32_t device)
{
    struct vg_fault fault = {.what = ""};
    struct vg_live_flux *flux = &s->a->flux[i];
    struct vg_live_flux_config config = {.rate_fps = 5, .active = true};
    (void)snprintf(config.id, sizeof config.id, "cam-%u", i);
    assert_int_equal(vg_scene_parse(config.id, SCENE, strlen(SCENE), &config.scene, &fault), VG_OK);
    assert_int_equal(vg_live_flux_open(flux, &config, s->f->folder,
                                       vg_loop_maps_of(&s->a->device[device]), s->saves,
                                       VG_GATE_ON),
                     VG_OK);
    assert_non_null(flux->maps);
    flux->device = flux->next_device = device;
}

static void move(struct stand *s, uint32_t i, uint32_t device)
{
    struct vg_live_flux *flux = &s->a->flux[i];
    flux->next_device = device;
    vg_loop_settle(s->a, flux);
    assert_int_equal(flux->device, device);
    assert_non_null(flux->maps);
}

/* A picture of each of these flux, in one batch. */
static void give_batch(struct stand *s, uint32_t device, uint32_t first, uint32_t count)
{
    struct vg_live_batch *batch = &s->a->device[device].batch[0];
    batch->count = batch->jobs = batch->left = count;
    for (uint32_t i = 0; i < count; i++) {
        struct vg_live_flux *flux = &s->a->flux[first + i];
        batch->work[i] = (struct vg_live_work){
            .flux = flux, .batch = batch, .picture = s->picture, .first_job = i};
        batch->job[i] = (struct vg_job){
            .picture = &batch->work[i].picture, .threshold = 0.6F, .nms = 0.5F, .maps = flux->maps};
        flux->in_flight = true;
    }
    assert_int_equal(vg_device_thread_run(s->a->device[device].open.thread, batch), VG_OK);
}

static void take_back(struct stand *s, uint32_t device, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct vg_live_work *work = NULL;
        while (vg_ring_pop(s->back[device], &work))
            assert_int_equal(vg_ring_wait(s->back[device], (int)(DEADLINE_US / 1000)), VG_OK);
        assert_non_null(work->answer);
        work->flux->in_flight = false;
    }
}

static int set_up(void **state)
{
    struct stand *s = NULL;
    if (store_set_up(state))
        return -1;
    s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->f = *state;
    *state = s;
    memset(&driver, 0, sizeof driver);
    driver.loop = pthread_self();
    s->a = vg_alloc(sizeof *s->a);
    s->times = vg_alloc(sizeof *s->times);
    s->model = tiny_net(11, 20);
    s->picture = small_picture(s->bytes);
    if (!s->a || !s->times || sem_init(&driver.inside, 0, 0) || sem_init(&driver.may_return, 0, 0))
        return -1;
    assert_int_equal(vg_save_thread_open(&s->saves), VG_OK);
    s->a->device_count = DEVICES;
    for (uint32_t i = 0; i < DEVICES; i++)
        open_device(s, i);
    for (uint32_t i = 0; i < FLUX; i++)
        open_flux(s, i, 0);
    return 0;
}

static void call_returns(void)
{
    atomic_store(&driver.hangs, false);
    (void)sem_post(&driver.may_return);
}

static int tear_down(void **state)
{
    struct stand *s = *state;
    call_returns(); /* of a test that has failed */
    for (uint32_t i = 0; i < FLUX; i++)
        vg_live_flux_close(&s->a->flux[i]);
    for (uint32_t i = 0; i < DEVICES; i++) {
        vg_open_device_close(&s->a->device[i].open);
        vg_free(s->a->device[i].batch[0].answer);
        vg_ring_close(&s->back[i]);
    }
    vg_save_thread_close(&s->saves);
    vg_model_close(&s->model);
    vg_free(s->times);
    vg_free(s->a);
    (void)sem_destroy(&driver.inside);
    (void)sem_destroy(&driver.may_return);
    *state = (void *)(uintptr_t)s->f;
    free(s);
    return store_tear_down(state);
}

static void no_call(const char *what)
{
    const char *called = atomic_load(&driver.called);
    if (called)
        fail_msg("the loop calls %s of a driver that hangs: %s", called, what);
}

/* Its thread is in the call when this returns, and all flux have memory there. */
static void begin_to_hang(struct stand *s)
{
    give_batch(s, 0, 0, FLUX);
    take_back(s, 0, FLUX);
    atomic_store(&driver.hangs, true);
    give_batch(s, 0, 0, 1);
    wait_for(&driver.inside);
}

/* Half a minute may go by until it is known: the device counts as well. */
static void flux_leave_a_device_that_hangs_unknown(void **state)
{
    struct stand *s = *state;
    begin_to_hang(s);
    move(s, 1, 1);
    no_call("a flux goes to another device");
    vg_live_flux_close(&s->a->flux[2]);
    no_call("a flux is closed");
    open_flux(s, 2, 0);
    no_call("a flux is opened");
    call_returns();
    take_back(s, 0, 1);
    give_batch(s, 0, 2, 1); /* what was opened meanwhile is looked at, and so is what left */
    take_back(s, 0, 1);
    give_batch(s, 1, 1, 1);
    take_back(s, 1, 1);
}

/* Its flux is given up in the middle of the call, which writes its maps when it comes back. */
static void a_flux_leaves_out_of_a_call(void **state)
{
    struct stand *s = *state;
    begin_to_hang(s);
    vg_device_thread_abandon(s->a->device[0].open.thread);
    s->a->device[0].state = VG_LOOP_DEVICE_HANGS;
    s->a->flux[0].in_flight = false;
    for (uint32_t i = 0; i < FLUX; i++)
        move(s, i, 1);
    no_call("all go to another device");
    vg_live_flux_close(&s->a->flux[0]);
    no_call("one of them is closed");
    call_returns();
    const int64_t until_us = vg_mono_now().us + DEADLINE_US;
    while (!vg_device_thread_over(s->a->device[0].open.thread) && vg_mono_now().us < until_us)
        vg_pause_us(1000);
    assert_true(vg_device_thread_over(s->a->device[0].open.thread));
    give_batch(s, 1, 1, 2);
    take_back(s, 1, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(flux_leave_a_device_that_hangs_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flux_leaves_out_of_a_call, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
