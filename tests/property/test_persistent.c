/* A plan in one launch gives the bits that its steps give one by one, by one worker, by as many as
 * there are processors and by more than there are, again and again: random nets and batches. Each
 * count of workers has a process of its own, for a device is given its threads once.
 * labels: ocl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/fault.h"
#include "src/engine/engine_inside.h"
#include "tests/net_fixture.h"

enum {
    RUNS = 40, /* of each net: threads come in another order each time */
    BATCH = 3
};

static struct vg_engine *engine_open(const struct vg_model *model, uint32_t threads,
                                     enum vg_engine_launches launches)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_engine *engine = NULL;
    struct vg_fault fault = {.status = VG_OK};
    settings.picture_width_max = settings.picture_height_max = 64;
    settings.batch_max = BATCH;
    settings.threads = threads;
    settings.launches = launches;
    if (vg_engine_open(&engine, model, &settings, &fault))
        vg_fault_print(&fault);
    return engine;
}

/* The outputs' first parts, one after another; NULL: they cannot be had. */
static float *outputs_of(const struct net_fixture *f, struct vg_engine *engine, size_t *count)
{
    float *all = NULL;
    *count = 0;
    if (vg_engine_run_tensor(engine, f->input, NULL))
        return NULL;
    for (uint32_t o = 0; o < f->model->output_count; o++) {
        const uint32_t tensor = f->model->output[o].part[0];
        const struct vg_size size = f->reference.size[tensor];
        const size_t more = (size_t)f->model->tensor[tensor].channels * size.width * size.height;
        float *grown = realloc(all, (*count + more) * sizeof *all);
        if (!grown || vg_engine_read_tensor(engine, tensor, grown + *count, NULL)) {
            free(grown ? grown : all);
            return NULL;
        }
        all = grown;
        *count += more;
    }
    return all;
}

/* 0: the same bits at each run */
static int net_check(uint64_t seed, uint32_t threads)
{
    struct net_fixture *f = net_fixture_open(seed);
    struct vg_engine *steps = engine_open(f->model, threads, VG_LAUNCHES_EACH_STEP);
    struct vg_engine *whole = engine_open(f->model, threads, VG_LAUNCHES_FEW);
    size_t count = 0, counted = 0;
    int bad = !steps || !whole || vg_engine_compute_units(whole) != threads ||
              vg_engine_runner(steps)->persistent.kernel ||
              !vg_engine_runner(whole)->persistent.kernel;
    float *want = bad ? NULL : outputs_of(f, steps, &count);
    for (int run = 0; run < RUNS && !bad; run++) {
        /* batches in between, so that what a launch leaves behind is another's */
        bad = vg_engine_infer(whole, 1 + (uint32_t)run % BATCH, NULL) != VG_OK;
        float *got = bad ? NULL : outputs_of(f, whole, &counted);
        bad = bad || !want || !got || counted != count || memcmp(want, got, count * sizeof *want);
        free(got);
    }
    free(want);
    vg_engine_close(&steps);
    vg_engine_close(&whole);
    net_fixture_close(f);
    if (bad)
        print_error("seed %u, %u threads\n", (unsigned)seed, threads);
    return bad;
}

static void one_launch_gives_the_same_bits(void **state)
{
    static const uint32_t threads[] = {1, 2, 7};
    static const uint64_t seeds[] = {3, 49};
    (void)state;
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        int code = 0;
        const pid_t child = fork();
        assert_true(child >= 0);
        if (!child) {
            for (size_t k = 0; k < sizeof seeds / sizeof *seeds; k++)
                code |= net_check(seeds[k], threads[i]);
            _exit(code);
        }
        assert_int_equal(waitpid(child, &code, 0), child);
        assert_true(WIFEXITED(code));
        assert_int_equal(WEXITSTATUS(code), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_launch_gives_the_same_bits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
