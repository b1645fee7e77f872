/* Random nets (every operator, what kernels take in whole, shuffles, odd counts of channels)
 * through the engine against the same nets run as their definition reads.
 * VIGIE_SEED: another first seed; VIGIE_NETS: how many.
 * labels: ocl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/model.h"
#include "src/base/fault.h"
#include "src/base/random.h"
#include "src/engine/engine.h"
#include "tests/model_reference.h"
#include "tests/random_net.h"

#define TOLERANCE 3e-4 /* float sums through up to 20 layers, F(4,3) among them */

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static double tensor_error(struct vg_engine *engine, const struct vg_reference *reference,
                           uint32_t tensor, uint32_t channels)
{
    const struct vg_size size = reference->size[tensor];
    const size_t count = (size_t)channels * size.width * size.height;
    float *got = malloc(count * sizeof *got);
    double worst = 0;
    assert_non_null(got);
    assert_int_equal(vg_engine_read_tensor(engine, tensor, got, NULL), VG_OK);
    for (size_t i = 0; i < count; i++) {
        const double want = (double)reference->tensor[tensor][i];
        const double error = fabs((double)got[i] - want) / fmax(1, fabs(want));
        worst = error <= worst ? worst : error; /* what is no number counts as worst */
    }
    free(got);
    return worst;
}

/* the first tensor of a net that is wrong, each standing in memory */
static void fault_find(const struct vg_model *model, const struct vg_engine_settings *settings,
                       const struct vg_reference *reference, const float *input)
{
    struct vg_engine_settings every = *settings;
    struct vg_engine *engine = NULL;
    every.tensors = VG_TENSORS_EVERY;
    assert_int_equal(vg_engine_open(&engine, model, &every, NULL), VG_OK);
    assert_int_equal(vg_engine_run_tensor(engine, input, NULL), VG_OK);
    for (uint32_t i = 0; i < model->node_count; i++) {
        const double error = tensor_error(engine, reference, model->node[i].out,
                                          model->tensor[model->node[i].out].channels);
        if (!(error < TOLERANCE)) {
            print_error("every tensor: node %u (operator %u, tensor %u) is %g off\n", i,
                        (unsigned)model->node[i].op, model->node[i].out, error);
            break;
        }
    }
    vg_engine_close(&engine);
}

static int net_agrees(uint64_t seed, enum vg_engine_tensors tensors)
{
    struct vg_model *model = random_net(seed);
    struct vg_fault fault = {0};
    struct vg_random random;
    struct vg_reference *reference = calloc(1, sizeof *reference);
    struct vg_engine *engine = NULL;
    struct vg_engine_settings settings = vg_engine_defaults();
    if (vg_model_check(model, &fault))
        vg_fault_print(&fault);
    assert_int_equal(vg_model_check(model, NULL), VG_OK);
    settings.tensors = tensors;
    settings.width = seed % 3 == 2 ? 32 : 64;
    settings.height = seed % 3 == 1 ? 64 : 32;
    settings.batch_max = 2;
    const size_t count = (size_t)3 * settings.width * settings.height;
    float *input = malloc(count * sizeof *input);
    assert_non_null(input);
    vg_random_seed(&random, seed);
    for (size_t i = 0; i < count; i++)
        input[i] = (float)(4 * vg_random_unit(&random) - 2);
    assert_non_null(reference);
    assert_int_equal(
        vg_reference_run(model, settings.width, settings.height, input, reference, NULL), VG_OK);
    if (vg_engine_open(&engine, model, &settings, &fault))
        vg_fault_print(&fault);
    assert_non_null(engine);
    assert_int_equal(vg_engine_run_tensor(engine, input, NULL), VG_OK);
    double worst = 0;
    for (uint32_t i = 0; i < model->output_count; i++) {
        const uint32_t tensor = model->output[i].part[0];
        const double error =
            tensor_error(engine, reference, tensor, model->tensor[tensor].channels);
        worst = error <= worst ? worst : error;
    }
    vg_engine_close(&engine);
    if (!(worst < TOLERANCE)) {
        print_error("seed %llu: %g off (%u nodes)\n", (unsigned long long)seed, worst,
                    model->node_count);
        fault_find(model, &settings, reference, input);
    }
    free(input);
    vg_reference_release(reference);
    free(reference);
    vg_model_close(&model);
    return worst < TOLERANCE;
}

static void random_nets_agree(void **state)
{
    (void)state;
    const uint64_t first = number_of("VIGIE_SEED", 1), nets = number_of("VIGIE_NETS", 6);
    uint32_t bad = 0;
    print_message("seeds %llu to %llu\n", (unsigned long long)first,
                  (unsigned long long)(first + nets - 1));
    for (uint64_t seed = first; seed < first + nets; seed++)
        bad += !net_agrees(seed, VG_TENSORS_NEEDED);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_nets_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
