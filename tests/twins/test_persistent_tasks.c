/* The sharing of work in persistent.cl against its twin: each item of each step once, after all
 * items of the step before, at launches of any part of the steps, by fewer and by many more workers
 * than the device has threads (of which most come when all is done). The steps here only count.
 * labels: ocl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <CL/cl.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/twins/persistent_twin.h"
#include "src/base/fault.h"
#include "src/base/random.h"
#include "src/engine/device.h"
#include "src/engine/program.h"

enum {
    STEPS = 9,
    APART = 4096, /* items of a step at most */
    LAUNCHES = 40
};

/* counts; and in the last word whether an item came before the step before was done */
static const char head[] =
    "struct vg_persistent_step;\n"
    "void step_run(__global uchar *const *memory, __global const struct vg_persistent_step *step,\n"
    "              int first, int end);\n"
    "#define STEP_RUN(function, memory, room, step, pictures, first, end, across, down) \\\n"
    "    step_run(memory, step, first, end)\n";
static const char tail[] =
    "\nvoid step_run(__global uchar *const *memory,\n"
    "              __global const struct vg_persistent_step *step, int first, int end)\n"
    "{\n"
    "    volatile __global int *count = (volatile __global int *)memory[0];\n"
    "    const int at = step->function * 4096, before = step->sizes[0];\n"
    "    for (int i = 0; i < before; i++)\n"
    "        if (count[at - 4096 + i] != step->sizes[1])\n"
    "            atomic_inc(count + 9 * 4096);\n"
    "    for (int i = first; i < end; i++)\n"
    "        atomic_inc(count + at + i);\n"
    "}\n";

struct fixture {
    struct vg_device device;
    struct vg_programs programs;
    cl_kernel kernel;
};

static int set_up(void **state)
{
    static const uint8_t digest[VG_SHA256_BYTES];
    struct fixture *f = calloc(1, sizeof *f);
    struct vg_fault fault = {.status = VG_OK};
    cl_program object = NULL;
    cl_int code = CL_SUCCESS;
    if (!f)
        return -1;
    *state = f;
    enum vg_status status = vg_device_open(&f->device, "cpu", 0, &fault);
    vg_programs_init(&f->programs, &f->device);
    if (!status)
        status = vg_programs_compile(&f->programs, "persistent", head, tail, "", &object, &fault);
    if (!status)
        status = vg_programs_link(&f->programs, &object, 1, digest, &fault);
    if (status) {
        vg_fault_print(&fault);
        return -1;
    }
    (void)clReleaseProgram(object);
    f->kernel = clCreateKernel(f->programs.linked.program, "persistent", &code);
    return code == CL_SUCCESS ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    (void)clReleaseKernel(f->kernel);
    vg_programs_release(&f->programs);
    vg_device_close(&f->device);
    free(f);
    return 0;
}

static void steps_make(struct vg_random *random, struct vg_persistent_step *steps)
{
    memset(steps, 0, STEPS * sizeof *steps);
    for (vg_i32 i = 0; i < STEPS; i++) {
        steps[i].function = i;
        steps[i].batch_dimension = (vg_i32)vg_random_below(random, 3);
        steps[i].batch_divisor = 1 + (vg_i32)vg_random_below(random, 4);
        steps[i].least = vg_random_below(random, 3) ? 1 : 32;
        for (uint32_t d = 0; d < 3; d++)
            steps[i].work[d] = 1 + (vg_i32)vg_random_below(random, i % 3 ? 10 : 3);
    }
}

static cl_mem buffer(struct fixture *f, size_t bytes, void *from)
{
    cl_int code = CL_SUCCESS;
    cl_mem made = clCreateBuffer(f->device.context, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, bytes,
                                 from, &code);
    assert_int_equal(code, CL_SUCCESS);
    return made;
}

static void launch(struct fixture *f, size_t workers, const struct vg_persistent_run *run)
{
    const size_t one = 1;
    assert_int_equal(clSetKernelArg(f->kernel, 10, sizeof *run, run), CL_SUCCESS);
    assert_int_equal(
        clEnqueueNDRangeKernel(f->device.queue, f->kernel, 1, NULL, &workers, &one, 0, NULL, NULL),
        CL_SUCCESS);
    assert_int_equal(clFinish(f->device.queue), CL_SUCCESS);
}

static void launches_check(struct fixture *f, size_t workers, uint64_t seed)
{
    static vg_i32 count[STEPS * APART + 1], want[STEPS * APART + 1];
    const size_t lines = 2 * STEPS * (workers + 1) * VG_PERSISTENT_APART;
    struct vg_persistent_step steps[STEPS];
    vg_i32 *counters = calloc(lines, sizeof *counters);
    struct vg_random random;
    assert_non_null(counters);
    vg_random_seed(&random, seed);
    steps_make(&random, steps);
    cl_mem counts = buffer(f, sizeof count, count), table = buffer(f, sizeof steps, steps);
    cl_mem shared = buffer(f, lines * sizeof *counters, counters);
    for (cl_uint i = 0; i < 10; i++) {
        const cl_mem *memory = i == 8 ? &table : i == 9 ? &shared : &counts;
        assert_int_equal(clSetKernelArg(f->kernel, i, sizeof *memory, memory), CL_SUCCESS);
    }
    assert_int_equal(clSetKernelArg(f->kernel, 11, 64, NULL), CL_SUCCESS);
    for (vg_i32 n = 0; n < LAUNCHES; n++) {
        struct vg_persistent_run run = {.steps = STEPS, .turn = n % 2};
        run.first = (vg_i32)vg_random_below(&random, STEPS);
        run.end = run.first + 1 + (vg_i32)vg_random_below(&random, (uint32_t)(STEPS - run.first));
        run.pictures = 1 + (vg_i32)vg_random_below(&random, 4);
        memset(count, 0, sizeof count);
        memset(want, 0, sizeof want);
        for (vg_i32 i = 0; i < STEPS; i++) { /* how many of the step before must be done */
            steps[i].sizes[0] =
                i > run.first ? vg_twin_persistent_items(&steps[i - 1], run.pictures) : 0;
            steps[i].sizes[1] = 1;
            assert_true(vg_twin_persistent_items(&steps[i], run.pictures) <= APART);
        }
        launch(f, workers, &run);
        vg_twin_persistent(steps, &run, APART, want);
        assert_memory_equal(count, want, sizeof count);
    }
    (void)clReleaseMemObject(counts);
    (void)clReleaseMemObject(table);
    (void)clReleaseMemObject(shared);
    free(counters);
}

static void each_item_once_and_in_its_turn(void **state)
{
    static const size_t workers[] = {1, 2, 3, 16, 64};
    for (size_t i = 0; i < sizeof workers / sizeof *workers; i++)
        for (uint64_t seed = 1; seed <= 3; seed++)
            launches_check(*state, workers[i], seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_item_once_and_in_its_turn)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
