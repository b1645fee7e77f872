/* Programs on the OpenCL device: built once, kept, taken from the cache by the next start; a
 * binary that the device refuses and a kernel that its compiler refuses.
 * labels: ocl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/twins/cases.h"
#include "src/base/alloc.h"
#include "src/base/fault.h"
#include "src/base/file.h"
#include "src/engine/kernel_check.h"
#include "src/engine/program.h"
#include "tests/store_fixture.h"

#define BROKEN      "-DP=oops -DOB=1 -DK=3 -DS=1"
#define LONG_ENOUGH INT64_MAX

struct fixture {
    char folder[64];
    const struct vg_kernel_case *row; /* a small one */
    struct vg_device device;
    struct vg_program_cache cache;
    struct vg_programs programs;
};

static const struct vg_kernel_case *small_case(void)
{
    const struct vg_kernel_case *row;
    for (size_t i = 0; (row = vg_kernel_case_at(i)); i++)
        if (row->scale == VG_CASE_SMALL && row->kernel == VG_KERNEL_RESIZE)
            return row;
    return NULL;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct vg_fault fault = {0};
    if (!f)
        return -1;
    (void)snprintf(f->folder, sizeof f->folder, "/tmp/vigie-programs-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    if (vg_device_open(&f->device, NULL, 0, &fault)) {
        vg_fault_print(&fault);
        return -1;
    }
    f->row = small_case();
    *state = f;
    return f->row ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    vg_programs_release(&f->programs);
    vg_device_close(&f->device);
    store_remove_tree(f->folder, 0);
    free(f);
    return 0;
}

/* as a new process would: nothing in memory, the folder as it is */
static void start_again(struct fixture *f)
{
    vg_programs_release(&f->programs);
    vg_programs_init(&f->programs, &f->device);
    vg_program_cache_init(&f->cache, f->folder);
    f->programs.cache = &f->cache;
}

static void case_is_good(struct fixture *f)
{
    struct vg_check_result result;
    assert_int_equal(vg_kernel_check(&f->programs, f->row, 3, &result, NULL), VG_OK);
    assert_int_equal(result.outcome, VG_CHECK_GOOD);
}

static void stats_are(const struct fixture *f, uint32_t built, uint32_t loaded, uint32_t stale)
{
    const struct vg_programs_stats stats = vg_programs_stats(&f->programs);
    assert_int_equal(stats.built, built);
    assert_int_equal(stats.loaded, loaded);
    assert_int_equal(stats.stale, stale);
    assert_int_equal(stats.refused, 0);
}

static void the_second_start_builds_nothing(void **state)
{
    struct fixture *f = *state;
    start_again(f);
    case_is_good(f);
    stats_are(f, 1, 0, 0);
    vg_programs_store(&f->programs, 0); /* no time for it */
    assert_int_equal(f->cache.stored, 0);
    vg_programs_store(&f->programs, LONG_ENOUGH);
    vg_programs_store(&f->programs, LONG_ENOUGH); /* once is enough */
    assert_int_equal(f->cache.stored, 1);
    start_again(f);
    case_is_good(f);
    stats_are(f, 0, 1, 0);
    vg_programs_store(&f->programs, LONG_ENOUGH);
    assert_int_equal(f->cache.stored, 0);
    assert_int_equal(f->cache.store_failures, 0);
}

/* A file that is whole, of the right key, and no program at all. */
static void nonsense_in_the_cache_is_replaced(void **state)
{
    struct fixture *f = *state;
    uint8_t source[VG_SHA256_BYTES];
    const struct vg_device_info *info = &f->device.info;
    struct vg_case_run *run = NULL;
    assert_int_equal(vg_case_open(f->row, 3, &run), VG_OK);
    vg_program_source_digest(f->row->kernel, source);
    const struct vg_program_key key = vg_program_key_make(&(struct vg_program_origin){
        source, run->options, info->name, info->version, info->driver, info->platform_version});
    vg_case_close(&run);
    start_again(f);
    vg_program_cache_store(&f->cache, &key, "no program", 10);
    case_is_good(f);
    stats_are(f, 1, 0, 1);
    vg_programs_store(&f->programs, LONG_ENOUGH);
    start_again(f);
    case_is_good(f);
    stats_are(f, 0, 1, 0);
}

static void a_kernel_that_does_not_build(void **state)
{
    struct fixture *f = *state;
    struct vg_fault fault = {.status = VG_OK};
    cl_kernel kernel = NULL;
    const struct vg_program_want want = {VG_KERNEL_CONV_DIRECT, BROKEN};
    start_again(f);
    assert_false(vg_programs_refused(&f->programs, want.kernel, want.options));
    for (int i = 0; i < 2; i++) { /* the second time it is known */
        fault.what = NULL;
        assert_int_equal(vg_programs_build(&f->programs, &want, 1, &fault), VG_E_DEVICE);
        assert_true(vg_programs_refused(&f->programs, want.kernel, want.options));
        assert_non_null(fault.what);
        assert_non_null(strstr(fault.place, "conv_direct.cl " BROKEN));
        assert_int_equal(f->programs.count, 1);
    }
    assert_int_equal(
        vg_programs_kernel(&f->programs, VG_KERNEL_CONV_DIRECT, BROKEN, &kernel, &fault),
        VG_E_DEVICE);
    assert_null(kernel);
    assert_int_equal(vg_programs_stats(&f->programs).refused, 1);
    case_is_good(f); /* another one is not harmed */
    vg_programs_store(&f->programs, LONG_ENOUGH);
    assert_int_equal(f->cache.stored, 1);
    assert_int_equal(f->cache.store_failures, 0);
}

struct witness {
    struct vg_programs_listener listener;
    uint32_t calls, total;
    const char *kernel;
};

static void witness_working(struct vg_programs_listener *listener, enum vg_programs_work work,
                            uint32_t done, uint32_t total, const char *kernel)
{
    struct witness *witness = (struct witness *)(void *)listener;
    assert_int_equal(work, VG_PROGRAMS_BUILD);
    assert_int_equal(done, witness->calls++);
    witness->total = total;
    witness->kernel = kernel;
}

static void a_row_of_programs_tells_how_far_it_is(void **state)
{
    struct fixture *f = *state;
    struct witness witness = {.listener = {witness_working}};
    struct vg_case_run *run = NULL;
    assert_int_equal(vg_case_open(f->row, 3, &run), VG_OK);
    const struct vg_program_want wants[] = {
        {f->row->kernel, run->options},
        {f->row->kernel, run->options},
        {VG_KERNEL_CONV_DIRECT, BROKEN},
        {f->row->kernel, "-DNEVER_REACHED"},
    };
    start_again(f);
    f->programs.listener = &witness.listener;
    assert_int_equal(vg_programs_build(&f->programs, wants, 2, NULL), VG_OK);
    assert_int_equal(witness.calls, 2);
    assert_int_equal(f->programs.count, 1);
    witness.calls = 0;
    assert_int_equal(vg_programs_build(&f->programs, wants, 4, NULL), VG_E_DEVICE);
    assert_int_equal(witness.calls, 3);
    assert_int_equal(witness.total, 4);
    assert_string_equal(witness.kernel, "conv_direct");
    vg_case_close(&run);
}

static void witness_launching(struct vg_programs_listener *listener, enum vg_programs_work work,
                              uint32_t done, uint32_t total, const char *kernel)
{
    struct witness *witness = (struct witness *)(void *)listener;
    (void)kernel;
    assert_int_equal(work, VG_PROGRAMS_LAUNCH);
    assert_int_equal(done, witness->calls++);
    witness->total = total;
}

static void the_first_launch_of_what_was_built_is_told(void **state)
{
    struct fixture *f = *state;
    struct witness witness = {.listener = {witness_launching}};
    struct vg_case_run *run = NULL;
    assert_int_equal(vg_case_open(f->row, 3, &run), VG_OK);
    start_again(f);
    case_is_good(f);
    vg_programs_store(&f->programs, LONG_ENOUGH);
    f->programs.listener = &witness.listener;
    vg_programs_launch(&f->programs, f->row->kernel, "-DNOT_BUILT");
    assert_int_equal(witness.calls, 0);
    vg_programs_launch(&f->programs, f->row->kernel, run->options);
    vg_programs_launch(&f->programs, f->row->kernel, run->options);
    assert_int_equal(witness.calls, 1);
    assert_int_equal(witness.total, 1);
    start_again(f);
    case_is_good(f);
    f->programs.listener = &witness.listener;
    vg_programs_launch(&f->programs, f->row->kernel, run->options); /* from the cache: no wait */
    assert_int_equal(witness.calls, 1);
    vg_case_close(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_second_start_builds_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nonsense_in_the_cache_is_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_kernel_that_does_not_build, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_row_of_programs_tells_how_far_it_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_first_launch_of_what_was_built_is_told, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
