/* A library of products of matrices that fails: CLBlastSgemm is this program's own. Wrong or failing
 * in its trial it is not used, failing for a shape of the net another kernel is, failing at work the
 * fault says how; and what it takes is counted with its step. Skipped where it was built without
 * CLBlast.
 * labels: ocl */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "src/base/fault.h"
#include "src/engine/conv_variants.h"
#include "src/engine/device_lane.h"
#include "src/engine/engine_inside.h"
#include "src/engine/gemm_clblast.h"
#include "src/engine/profile.h"
#include "tests/cl_calls.h"
#include "tests/net_fixture.h"

#ifdef VG_CLBLAST
#include <clblast_c.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
    SEED = 4, /* a net with 1x1 convolutions */
    RUNS = 2,
    REPEATS = 16, /* of a product that is timed */
    EVENTS_MAX = 4096,
    FOREVER = 1000
};

/* what the function below does: the one state of this test */
static struct {
    uint32_t calls, good; /* so many calls are good, then `bad` are not */
    uint32_t bad;
    int code; /* theirs */
    enum {
        FAILS,
        WRONG /* they answer well and write nothing */
    } how;
    uint32_t repeats;
    cl_event event[EVENTS_MAX]; /* of repeated products */
    uint32_t events;
} library;

typedef CLBlastStatusCode sgemm_call(const CLBlastLayout, const CLBlastTranspose,
                                     const CLBlastTranspose, const size_t, const size_t,
                                     const size_t, const float, const cl_mem, const size_t,
                                     const size_t, const cl_mem, const size_t, const size_t,
                                     const float, cl_mem, const size_t, const size_t,
                                     cl_command_queue *, cl_event *);
CLBlastStatusCode CLBlastSgemm(const CLBlastLayout layout, const CLBlastTranspose a_turned,
                               const CLBlastTranspose b_turned, const size_t m, const size_t n,
                               const size_t k, const float alpha, const cl_mem a,
                               const size_t a_first, const size_t a_step, const cl_mem b,
                               const size_t b_first, const size_t b_step, const float beta,
                               cl_mem c, const size_t c_first, const size_t c_step,
                               cl_command_queue *queue, cl_event *event)
{
    REAL("CLBlastSgemm", sgemm_call);
    CLBlastStatusCode code = CLBlastSuccess;
    const uint32_t n_th = library.calls++;
    assert_null(event);
    if (n_th >= library.good && n_th - library.good < library.bad)
        return library.how == WRONG ? CLBlastSuccess : (CLBlastStatusCode)library.code;
    for (uint32_t i = 0; i <= library.repeats && code == CLBlastSuccess; i++) {
        assert_true(library.events < EVENTS_MAX);
        cl_event *of = library.repeats ? &library.event[library.events++] : NULL;
        code = call(layout, a_turned, b_turned, m, n, k, alpha, a, a_first, a_step, b, b_first,
                    b_step, beta, c, c_first, c_step, queue, of);
    }
    return code;
}

static void library_well(void)
{
    memset(&library, 0, sizeof library);
}

/* From the good-th call on `bad` calls end so. */
static void library_fails(uint32_t good, uint32_t bad, int code)
{
    library_well();
    library.good = good;
    library.bad = bad;
    library.code = code;
}

/* Every choice that may be the library's is. */
static struct vg_engine *engine_open(const struct vg_model *model, const struct vg_tune *tune,
                                     struct vg_fault *fault)
{
    static const struct vg_lane_settings lane = {VG_LANE_ANY, VG_STORAGE_FLOAT, VG_MMA_NONE};
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_engine *engine = NULL;
    settings.picture_width_max = settings.picture_height_max = 64;
    settings.lane = &lane;
    settings.tune = tune;
    settings.programs = VG_PROGRAMS_ARE_NOT_KEPT;
    if (vg_engine_open(&engine, model, &settings, fault))
        assert_null(engine);
    return engine;
}

static void tune_make(const struct vg_model *model, struct vg_tune *tune)
{
    library_well();
    vg_tune_init(tune, "", "");
    struct vg_engine *engine = engine_open(model, tune, NULL);
    assert_non_null(engine);
    const struct vg_plan *plan = vg_engine_plan(engine);
    for (uint32_t i = 0; i < plan->choice_count; i++)
        for (uint32_t row = 0; row < vg_conv_row_count(); row++)
            if (plan->choice[i].fitting >> row & 1 &&
                !strcmp(vg_conv_row(row)->name, VG_CONV_LIBRARY))
                assert_int_equal(vg_tune_set(tune, &plan->choice[i].need, VG_CONV_LIBRARY, 0),
                                 VG_OK);
    vg_engine_close(&engine);
    assert_true(tune->count > 1);
}

static uint32_t products_of(const struct vg_engine *engine)
{
    const struct vg_plan *plan = vg_engine_plan(engine);
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->step_count; i++)
        count += plan->step[i].kernel == VG_KERNEL_GEMM_UNPACK;
    return count;
}

static void a_plan_without_it(void **state)
{
    static const struct {
        const char *name;
        uint32_t good, bad;
        int code, how;
    } rows[] = {
        {"the trial fails", 0, 1, CLBlastInvalidLocalMemUsage, FAILS},
        {"it never does anything else", 0, FOREVER, CLBlastOpenCLBuildProgramFailure, FAILS},
        {"the trial is wrong", 0, 1, 0, WRONG},
        {"the first product fails", 1, 1, CLBlastInvalidLocalThreadsTotal, FAILS},
        {"the second product fails", 2, 1, CLBlastUnexpectedError, FAILS},
        {"it wants more than there is", 1, 1, CLBlastTempBufferAllocFailure, FAILS},
    };
    struct net_fixture *f = *state;
    struct vg_tune tune;
    tune_make(f->model, &tune);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vg_fault fault = {.status = VG_OK};
        library_fails(rows[i].good, rows[i].bad, rows[i].code);
        if (rows[i].how == WRONG)
            library.how = WRONG;
        struct vg_engine *engine = engine_open(f->model, &tune, &fault);
        if (!engine)
            print_error("%s: %s\n", rows[i].name, fault.place);
        assert_non_null(engine);
        assert_int_equal(products_of(engine), 0);
        assert_int_equal(library.calls, rows[i].good + 1); /* nor is it asked again */
        assert_true(net_fixture_error(f, engine) < NET_TOLERANCE);
        vg_engine_close(&engine);
    }
    vg_tune_release(&tune);
}

static void lost_while_it_is_tried(void **state)
{
    struct net_fixture *f = *state;
    struct vg_fault fault = {.status = VG_OK};
    struct vg_tune tune;
    tune_make(f->model, &tune);
    library_fails(1, FOREVER, CL_DEVICE_NOT_AVAILABLE);
    assert_null(engine_open(f->model, &tune, &fault));
    assert_int_equal(fault.status, VG_E_DEVICE);
    assert_non_null(strstr(fault.place, VG_GEMM_CALL));
    vg_tune_release(&tune);
}

static void errors_at_work(void **state)
{
    static const struct {
        int code;
        enum vg_status status;
    } rows[] = {
        {CL_OUT_OF_RESOURCES, VG_E_DEVICE}, /* a lack, were it not running */
        {CL_INVALID_COMMAND_QUEUE, VG_E_DEVICE},   {CL_MEM_OBJECT_ALLOCATION_FAILURE, VG_E_MEMORY},
        {CLBlastInsufficientMemoryB, VG_E_DEVICE}, {CLBlastInvalidLocalMemUsage, VG_E_DEVICE},
        {CLBlastUnexpectedError, VG_E_DEVICE},
    };
    struct net_fixture *f = *state;
    struct vg_tune tune;
    tune_make(f->model, &tune);
    struct vg_engine *engine = engine_open(f->model, &tune, NULL);
    assert_non_null(engine);
    assert_true(products_of(engine) > 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vg_fault fault = {.status = VG_OK};
        char place[64];
        library_fails(0, 1, rows[i].code);
        (void)snprintf(place, sizeof place, "%s %d", VG_GEMM_CALL, rows[i].code);
        assert_int_equal(vg_engine_run_tensor(engine, f->input, &fault), rows[i].status);
        assert_int_equal(fault.status, rows[i].status);
        assert_string_equal(fault.place, place);
    }
    library_well();
    assert_true(net_fixture_error(f, engine) < NET_TOLERANCE);
    vg_engine_close(&engine);
    vg_tune_release(&tune);
}

/* of repeats first .. first + REPEATS */
static double product_us(uint32_t first)
{
    double us = 0;
    for (uint32_t i = first; i <= first + REPEATS; i++) {
        cl_ulong start = 0, end = 0;
        assert_int_equal(clGetEventProfilingInfo(library.event[i], CL_PROFILING_COMMAND_START,
                                                 sizeof start, &start, NULL),
                         CL_SUCCESS);
        assert_int_equal(clGetEventProfilingInfo(library.event[i], CL_PROFILING_COMMAND_END,
                                                 sizeof end, &end, NULL),
                         CL_SUCCESS);
        us += 1e-3 * (double)(end - start);
    }
    return us;
}

/* Each product is made many times over: no kernel of ours takes as long. */
static void its_time_is_its_steps(void **state)
{
    struct net_fixture *f = *state;
    struct vg_profile profile;
    struct vg_tune tune;
    tune_make(f->model, &tune);
    struct vg_engine *engine = engine_open(f->model, &tune, NULL);
    assert_non_null(engine);
    const struct vg_plan *plan = vg_engine_plan(engine);
    assert_int_equal(vg_engine_run_tensor(engine, f->input, NULL), VG_OK);
    library_well();
    library.repeats = REPEATS;
    assert_int_equal(vg_engine_profile(engine, RUNS, &profile, NULL), VG_OK);
    const uint32_t each = products_of(engine) * (REPEATS + 1); /* events of a run */
    assert_true(library.events >= 2 * RUNS * each); /* of a run whole and one in steps, in turns */
    uint32_t at = library.events - each;            /* the last one */
    for (uint32_t i = 0; i < profile.step_count; i++) {
        if (plan->step[plan->net_first + i].kernel != VG_KERNEL_GEMM_UNPACK)
            continue;
        assert_true(profile.span[(RUNS - 1) * profile.step_count + i].us >= product_us(at));
        assert_true(profile.step[i].mbytes > 0);
        assert_non_null(strstr(profile.step[i - 1].name, VG_CONV_LIBRARY " pack"));
        assert_non_null(strstr(profile.step[i].name, VG_CONV_LIBRARY " mul"));
        at += REPEATS + 1;
    }
    assert_int_equal(at, library.events);
    for (uint32_t i = 0; i < library.events; i++)
        (void)clReleaseEvent(library.event[i]);
    library_well();
    vg_profile_release(&profile);
    vg_engine_close(&engine);
    vg_tune_release(&tune);
}

static int set_up(void **state)
{
    *state = net_fixture_open(SEED);
    return 0;
}

static int tear_down(void **state)
{
    net_fixture_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_without_it),
        cmocka_unit_test(lost_while_it_is_tried),
        cmocka_unit_test(errors_at_work),
        cmocka_unit_test(its_time_is_its_steps),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

#else

int main(void)
{
    puts("skipped: built without CLBlast");
    return 77;
}

#endif
