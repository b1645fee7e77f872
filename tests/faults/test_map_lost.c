/* A device that finds people and fails in making maps, as one that gives memory at its first use: the
 * detector goes on with the same answers, the maps are the host's from that picture on, and nothing
 * ends for it. A device that fails altogether is lost as ever.
 * labels: ocl */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/fault.h"
#include "src/engine/engine.h"
#include "src/engine/map_flux.h"
#include "tests/cl_calls.h"
#include "tests/small_net.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- the device that fails ---- */

static struct {
    int64_t map_launches; /* so far */
    int64_t launch_fails; /* from this one on; 0: none does */
    int waits_fail;       /* so many times, once a map was launched */
    int buffers_fail;     /* so many times */
    int64_t buffers;      /* made so far */
    bool dead;            /* every call fails */
    cl_int code;
} device;

static bool makes_maps(cl_kernel kernel)
{
    char name[64] = "";
    (void)clGetKernelInfo(kernel, CL_KERNEL_FUNCTION_NAME, sizeof name, name, NULL);
    return strncmp(name, "map_", 4) == 0;
}

cl_int clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
                              const size_t *offset, const size_t *work, const size_t *group,
                              cl_uint count, const cl_event *list, cl_event *event)
{
    if (device.dead)
        return device.code;
    if (makes_maps(kernel)) {
        device.map_launches++;
        if (device.launch_fails && device.map_launches >= device.launch_fails)
            return device.code;
    }
    REAL("clEnqueueNDRangeKernel", launch_call);
    return call(queue, kernel, dimensions, offset, work, group, count, list, event);
}

typedef cl_mem buffer_call(cl_context, cl_mem_flags, size_t, void *, cl_int *);

cl_mem clCreateBuffer(cl_context context, cl_mem_flags flags, size_t bytes, void *host,
                      cl_int *code)
{
    device.buffers++;
    if (device.buffers_fail > 0) {
        device.buffers_fail--;
        *code = device.code;
        return NULL;
    }
    REAL("clCreateBuffer", buffer_call);
    return call(context, flags, bytes, host, code);
}

cl_int clEnqueueReadBuffer(cl_command_queue queue, cl_mem memory, cl_bool blocking, size_t first,
                           size_t bytes, void *to, cl_uint count, const cl_event *list,
                           cl_event *event)
{
    if (device.dead)
        return device.code;
    if (blocking && device.map_launches > 0 && device.waits_fail > 0) {
        device.waits_fail--;
        return device.code;
    }
    REAL("clEnqueueReadBuffer", read_call);
    return call(queue, memory, blocking, first, bytes, to, count, list, event);
}

/* ---- batches ---- */

enum {
    SIDE = SMALL_PICTURE_SIDE,
    BATCH = 2
};

struct fixture {
    struct vg_model *model;
    struct vg_engine *engine;
    uint8_t bytes[SMALL_PICTURE_BYTES];
    struct vg_picture picture;
    struct vg_map_flux *flux[BATCH];
    struct vg_job job[BATCH];
    struct vg_answer good[BATCH], answer[BATCH];
};

static int64_t run_number;

static enum vg_status run(struct fixture *f, struct vg_fault *fault)
{
    run_number++;
    for (size_t i = 0; i < BATCH; i++)
        f->job[i].time = (struct vg_media_time){run_number * 40000};
    memset(f->answer, 0, sizeof f->answer);
    device.map_launches = 0;
    return vg_engine_run(f->engine, f->job, BATCH, f->answer, fault);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct vg_fault fault = {0};
    struct vg_engine_settings settings = vg_engine_defaults();
    if (!f)
        return -1;
    memset(&device, 0, sizeof device);
    f->model = tiny_net(11, 20);
    f->picture = small_picture(f->bytes);
    settings.batch_max = BATCH;
    settings.picture_width_max = settings.picture_height_max = SIDE;
    settings.maps = VG_ENGINE_MAPS_MADE;
    if (vg_engine_open(&f->engine, f->model, &settings, &fault)) {
        vg_fault_print(&fault);
        return -1;
    }
    for (size_t i = 0; i < BATCH; i++)
        f->job[i] = (struct vg_job){.picture = &f->picture, .threshold = 0.6f, .nms = 0.5f};
    *state = f;
    if (run(f, &fault))
        return -1;
    memcpy(f->good, f->answer, sizeof f->good);
    for (size_t i = 0; i < BATCH; i++) {
        if (vg_map_flux_open(&f->flux[i], vg_engine_maps(f->engine), VG_MAPS_GROUND | VG_MAPS_FLOW,
                             1))
            return -1;
        f->job[i].maps = f->flux[i];
    }
    return f->good[0].count > 2 ? 0 : -1; /* else the comparison says nothing */
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    memset(&device, 0, sizeof device);
    for (size_t i = 0; i < BATCH; i++)
        vg_map_flux_close(&f->flux[i]);
    vg_engine_close(&f->engine);
    vg_model_close(&f->model);
    free(f);
    return 0;
}

static void expect_answers(const struct fixture *f)
{
    assert_memory_equal(f->answer, f->good, sizeof f->good);
}

static void expect_maps(const struct fixture *f)
{
    for (size_t i = 0; i < BATCH; i++)
        assert_non_null(vg_map_flux_maps(f->flux[i], 0));
}

/* Answers and no maps, now and whenever asked. */
static void expect_given_up(struct fixture *f)
{
    struct vg_map_flux *late = NULL;
    for (int round = 0; round < 3; round++) {
        expect_answers(f);
        for (size_t i = 0; i < BATCH; i++)
            assert_null(vg_map_flux_maps(f->flux[i], 0));
        assert_int_equal(vg_map_flux_open(&late, vg_engine_maps(f->engine), VG_MAPS_GROUND, 1),
                         VG_E_DEVICE);
        assert_null(late);
        assert_int_equal(run(f, NULL), VG_OK);
        assert_int_equal(device.map_launches, 0);
    }
}

static void a_good_device_makes_them(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(run(f, NULL), VG_OK);
        expect_answers(f);
        expect_maps(f);
        assert_true(device.map_launches >= 4);
    }
}

static const cl_int codes[] = {CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_OUT_OF_RESOURCES,
                               CL_OUT_OF_HOST_MEMORY, CL_INVALID_WORK_GROUP_SIZE};

static void a_first_launch_fails(void **state)
{
    for (size_t i = 0; i < COUNT(codes); i++) {
        struct fixture *f = *state;
        device.launch_fails = (int64_t)i + 1;
        device.code = codes[i];
        assert_int_equal(run(f, NULL), VG_OK);
        expect_given_up(f);
        assert_int_equal(tear_down(state), 0);
        assert_int_equal(set_up(state), 0);
    }
}

static void a_later_launch_fails(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run(f, NULL), VG_OK);
    expect_maps(f);
    device.launch_fails = 3;
    device.code = CL_MEM_OBJECT_ALLOCATION_FAILURE;
    assert_int_equal(run(f, NULL), VG_OK);
    expect_given_up(f);
}

static void the_first_wait_fails(void **state)
{
    struct fixture *f = *state;
    device.waits_fail = 1;
    device.code = CL_OUT_OF_RESOURCES;
    assert_int_equal(run(f, NULL), VG_OK);
    expect_given_up(f);
}

/* Maps that were made before are not blamed for what comes up elsewhere. */
static void a_later_wait_fails(void **state)
{
    struct fixture *f = *state;
    struct vg_fault fault = {.status = VG_OK};
    assert_int_equal(run(f, NULL), VG_OK);
    device.waits_fail = 1;
    device.code = CL_OUT_OF_RESOURCES;
    assert_int_equal(run(f, &fault), VG_E_DEVICE);
    assert_int_equal(fault.status, VG_E_DEVICE);
    assert_int_equal(run(f, NULL), VG_OK);
    expect_answers(f);
    expect_maps(f);
}

/* The others have theirs (the first one what the device's own trial left), and those of the next flux
 * are made again. */
static void a_flux_gets_no_memory(void **state)
{
    struct fixture *f = *state;
    device.buffers_fail = 1;
    device.code = CL_MEM_OBJECT_ALLOCATION_FAILURE;
    for (int round = 0; round < 3; round++) {
        assert_int_equal(run(f, NULL), VG_OK);
        expect_answers(f);
        assert_null(vg_map_flux_maps(f->flux[1], 0));
        assert_non_null(vg_map_flux_maps(f->flux[0], 0));
    }
    vg_map_flux_close(&f->flux[1]);
    assert_int_equal(
        vg_map_flux_open(&f->flux[1], vg_engine_maps(f->engine), VG_MAPS_GROUND | VG_MAPS_FLOW, 1),
        VG_OK);
    f->job[1].maps = f->flux[1];
    assert_int_equal(run(f, NULL), VG_OK);
    expect_maps(f);
}

/* However often flux come and go, the device's memory is that of the most that were there at once; and
 * it was given already: what fails then is not the maps' fault. */
static void the_memory_of_one_that_is_closed_is_taken_again(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run(f, NULL), VG_OK);
    const int64_t buffers = device.buffers;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < BATCH; i++)
            vg_map_flux_close(&f->flux[i]);
        for (size_t i = 0; i < BATCH; i++) {
            assert_int_equal(
                vg_map_flux_open(&f->flux[i], vg_engine_maps(f->engine), VG_MAPS_FLAME, 1), VG_OK);
            f->job[i].maps = f->flux[i];
        }
        assert_int_equal(run(f, NULL), VG_OK);
        expect_answers(f);
        expect_maps(f);
        assert_int_equal(vg_map_flux_maps(f->flux[0], 0)->set, VG_MAPS_FLAME);
    }
    assert_int_equal(device.buffers, buffers);
    device.waits_fail = 1;
    device.code = CL_OUT_OF_RESOURCES;
    assert_int_equal(run(f, NULL), VG_E_DEVICE);
}

static void a_device_that_is_lost_is_lost(void **state)
{
    struct fixture *f = *state;
    for (int proven = 0; proven < 2; proven++) {
        struct vg_fault fault = {.status = VG_OK};
        device.dead = true;
        device.code = CL_DEVICE_NOT_AVAILABLE;
        assert_int_equal(run(f, &fault), VG_E_DEVICE);
        assert_int_equal(fault.status, VG_E_DEVICE);
        assert_true(fault.place[0]);
        device.dead = false;
        assert_int_equal(run(f, NULL), VG_OK);
        expect_answers(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_good_device_makes_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_first_launch_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_later_launch_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_first_wait_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_later_wait_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flux_gets_no_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_memory_of_one_that_is_closed_is_taken_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_device_that_is_lost_is_lost, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
