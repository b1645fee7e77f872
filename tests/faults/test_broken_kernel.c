/* A compiler that refuses kernels: clBuildProgram and clCompileProgram are this program's own and add
 * to the options of some programs what does not compile. The engine finds plainer kernels and
 * answers as before, or says which kernel cannot be had. One that cannot link makes no difference
 * to the answers.
 * labels: ocl */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/fault.h"
#include "src/engine/conv_variants.h"
#include "src/engine/engine_inside.h"
#include "tests/cl_calls.h"
#include "tests/net_fixture.h"
#include "tests/store_fixture.h"

/* what is refused: programs whose options hold `with`, unless they hold `but` */
struct refusal {
    const char *with, *but;
};
static struct refusal refusal; /* the one state of this test: the function below has no other */
static uint32_t refused;

/* The options, or in `broken` the same and what does not compile. */
static const char *options_of(const char *options, char broken[VG_KERNEL_OPTIONS_SIZE + 32])
{
    if (!refusal.with || !strstr(options, refusal.with) ||
        (refusal.but && strstr(options, refusal.but)))
        return options;
    refused++;
    (void)snprintf(broken, VG_KERNEL_OPTIONS_SIZE + 32, "%s -DVG_BLOCK=oops", options);
    return broken;
}

typedef void(CL_CALLBACK *when_done)(cl_program, void *);
typedef cl_int build_call(cl_program, cl_uint, const cl_device_id *, const char *, when_done,
                          void *);
cl_int clBuildProgram(cl_program program, cl_uint count, const cl_device_id *devices,
                      const char *options, when_done notify, void *data)
{
    char broken[VG_KERNEL_OPTIONS_SIZE + 32];
    REAL("clBuildProgram", build_call);
    return call(program, count, devices, options_of(options, broken), notify, data);
}

typedef cl_int compile_call(cl_program, cl_uint, const cl_device_id *, const char *, cl_uint,
                            const cl_program *, const char **, when_done, void *);
cl_int clCompileProgram(cl_program program, cl_uint count, const cl_device_id *devices,
                        const char *options, cl_uint headers, const cl_program *header,
                        const char **name, when_done notify, void *data)
{
    char broken[VG_KERNEL_OPTIONS_SIZE + 32];
    REAL("clCompileProgram", compile_call);
    return call(program, count, devices, options_of(options, broken), headers, header, name, notify,
                data);
}

static int links = 1; /* whether this compiler can */
static uint32_t not_linked;

typedef cl_program link_call(cl_context, cl_uint, const cl_device_id *, const char *, cl_uint,
                             const cl_program *, when_done, void *, cl_int *);
cl_program clLinkProgram(cl_context context, cl_uint count, const cl_device_id *devices,
                         const char *options, cl_uint programs, const cl_program *program,
                         when_done notify, void *data, cl_int *code)
{
    REAL("clLinkProgram", link_call);
    if (links)
        return call(context, count, devices, options, programs, program, notify, data, code);
    not_linked++;
    *code = CL_LINKER_NOT_AVAILABLE;
    return NULL;
}

static struct vg_engine *open_refused(const struct vg_model *model, struct refusal what,
                                      struct vg_fault *fault)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_engine *engine = NULL;
    settings.picture_width_max = settings.picture_height_max = 64;
    settings.programs = VG_PROGRAMS_ARE_NOT_KEPT; /* nor has the cache any: see set_up */
    refusal = what;
    refused = 0;
    if (vg_engine_open(&engine, model, &settings, fault))
        assert_null(engine);
    refusal = (struct refusal){NULL, NULL};
    return engine;
}

static const struct {
    const char *name;
    struct refusal refusal;
} rows[] = {
    {"two blocks at a time", {" -DOB=2 ", NULL}},
    {"thirteen pixels", {" -DP=13 ", NULL}},
    {"all but the last resort", {" -DP=", " -DP=1 -DOB=1 "}},
};

static void plainer_kernels_answer_the_same(void **state)
{
    static const uint64_t seeds[] = {3, 4}; /* both have all that is refused here */
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct refusal refusal_of = rows[i].refusal;
        uint32_t all = 0;
        for (size_t k = 0; k < sizeof seeds / sizeof *seeds; k++) {
            struct net_fixture *f = net_fixture_open(seeds[k]);
            struct vg_fault fault = {.status = VG_OK};
            struct vg_engine *engine = open_refused(f->model, refusal_of, &fault);
            if (!engine)
                vg_fault_print(&fault);
            assert_non_null(engine);
            all += refused;
            const double error = net_fixture_error(f, engine);
            if (!(error < NET_TOLERANCE))
                print_error("%s, seed %u: %u refused, %g off\n", rows[i].name, (unsigned)seeds[k],
                            refused, error);
            assert_true(error < NET_TOLERANCE);
            const struct vg_plan *plan = vg_engine_plan(engine);
            for (uint32_t s = 0; s < plan->step_count; s++)
                assert_true(!strstr(plan->step[s].options, refusal_of.with) ||
                            (refusal_of.but && strstr(plan->step[s].options, refusal_of.but)));
            vg_engine_close(&engine);
            net_fixture_close(f);
        }
        assert_true(all > 0);
    }
}

static void no_kernel_at_all(void **state)
{
    struct net_fixture *f = net_fixture_open(49);
    struct vg_fault fault = {.status = VG_OK};
    (void)state;
    assert_null(open_refused(f->model, (struct refusal){" -DP=", NULL}, &fault));
    assert_int_equal(fault.status, VG_E_DEVICE);
    assert_non_null(strstr(fault.place, "conv_any.cl"));
    net_fixture_close(f);
}

static void one_by_one_without_a_linker(void **state)
{
    struct net_fixture *f = net_fixture_open(3);
    struct vg_fault fault = {.status = VG_OK};
    (void)state;
    links = 0;
    not_linked = 0;
    struct vg_engine *engine = open_refused(f->model, (struct refusal){NULL, NULL}, &fault);
    links = 1;
    assert_non_null(engine);
    assert_int_equal(not_linked, 1);
    assert_true(net_fixture_error(f, engine) < NET_TOLERANCE);
    vg_engine_close(&engine);
    net_fixture_close(f);
}

/* a kernel that has no other way */
static void the_preparation_does_not_build(void **state)
{
    struct net_fixture *f = net_fixture_open(49);
    struct vg_fault fault = {.status = VG_OK};
    (void)state;
    assert_null(open_refused(f->model, (struct refusal){"-DVG_BLOCK", " -DP="}, &fault));
    assert_int_equal(fault.status, VG_E_DEVICE);
    net_fixture_close(f);
}

static int set_up(void **state)
{
    char *folder = strdup("/tmp/vigie-broken-XXXXXX");
    *state = folder;
    return !folder || !mkdtemp(folder) || setenv("VIGIE_CACHE", folder, 1);
}

static int tear_down(void **state)
{
    store_remove_tree(*state, 0);
    free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plainer_kernels_answer_the_same),
        cmocka_unit_test(no_kernel_at_all),
        cmocka_unit_test(one_by_one_without_a_linker),
        cmocka_unit_test(the_preparation_does_not_build),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
