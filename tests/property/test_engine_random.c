/* Random nets (every operator, what kernels take in whole, shuffles, odd counts of channels)
 * through the engine against the same nets run as their definition reads.
 * On the lanes of GPUs too, which any device can take.
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
#include "src/engine/device_lane.h"
#include "src/engine/engine.h"
#include "src/engine/engine_inside.h"
#include "tests/model_reference.h"
#include "tests/random_net.h"

#define FLOATS 3e-4 /* sums through up to 20 layers, F(4,3) among them */
#define HALVES 5e-3 /* 2^-11 at each of up to 20 layers; 6e-4 is usual */

static const struct lane {
    const char *name;
    struct vg_lane_settings settings;
    double tolerance;
    uint64_t nets;
} lanes[] = {
    {"processor", {VG_LANE_CPU, VG_STORAGE_FLOAT, VG_MMA_NONE}, FLOATS, 6},
    {"processor, halves", {VG_LANE_CPU, VG_STORAGE_HALF, VG_MMA_NONE}, HALVES, 1},
    {"any GPU", {VG_LANE_ANY, VG_STORAGE_FLOAT, VG_MMA_NONE}, FLOATS, 2},
    {"AMD", {VG_LANE_AMD, VG_STORAGE_FLOAT, VG_MMA_NONE}, FLOATS, 1},
    {"NVIDIA, halves", {VG_LANE_NVIDIA, VG_STORAGE_HALF, VG_MMA_NONE}, HALVES, 1},
    {"Intel", {VG_LANE_INTEL, VG_STORAGE_FLOAT, VG_MMA_NONE}, FLOATS, 1},
    {"NVIDIA, matrices", {VG_LANE_NVIDIA, VG_STORAGE_HALF, VG_MMA_EMULATED}, HALVES, 1},
};

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

/* 0 where the tensor never exists outside of a kernel, which is no fault */
static double tensor_error(struct vg_engine *engine, const struct vg_model *model,
                           const struct vg_reference *reference, uint32_t tensor)
{
    const struct vg_size size = reference->size[tensor];
    const size_t count = (size_t)model->tensor[tensor].channels * size.width * size.height;
    float *got = malloc(count * sizeof *got);
    double worst = 0;
    assert_non_null(got);
    const enum vg_status status = vg_engine_read_tensor(engine, tensor, got, NULL);
    assert_true(status == VG_OK || status == VG_E_CALL);
    for (size_t i = 0; i < count && !status; i++) {
        const double want = (double)reference->tensor[tensor][i];
        const double error = fabs((double)got[i] - want) / fmax(1, fabs(want));
        worst = error <= worst ? worst : error; /* what is no number counts as worst */
    }
    free(got);
    return worst;
}

/* all tensors that can be read, those first that are made first */
static int tensors_agree(const struct lane *lane, const struct vg_model *model,
                         const struct vg_engine_settings *settings,
                         const struct vg_reference *reference, const float *input)
{
    struct vg_fault fault = {.status = VG_OK};
    struct vg_engine *engine = NULL;
    uint32_t bad = 0;
    if (vg_engine_open(&engine, model, settings, &fault))
        vg_fault_print(&fault);
    assert_non_null(engine);
    assert_int_equal(vg_engine_run_tensor(engine, input, NULL), VG_OK);
    for (uint32_t i = 0; i < model->node_count && !bad; i++) {
        const struct vg_node *node = &model->node[i];
        const double error = tensor_error(engine, model, reference, node->out);
        bad = !(error < lane->tolerance);
        if (bad)
            print_error(
                "%s: %s, blocks of %u, %s tensor: node %u (operator %u, tensor %u) is %g off\n",
                lane->name, model->name, settings->block,
                settings->tensors == VG_TENSORS_EVERY ? "every" : "a needed", i, (unsigned)node->op,
                node->out, error);
    }
    vg_engine_close(&engine);
    return !bad;
}

static int net_agrees(const struct lane *lane, uint64_t seed)
{
    struct vg_model *model = random_net(seed);
    struct vg_fault fault = {.status = VG_OK};
    struct vg_random random;
    struct vg_reference *reference = calloc(1, sizeof *reference);
    struct vg_engine_settings settings = vg_engine_defaults();
    if (vg_model_check(model, &fault))
        vg_fault_print(&fault);
    assert_int_equal(fault.status, VG_OK);
    settings.width = seed % 3 == 2 ? 32 : 64;
    settings.height = seed % 3 == 1 ? 64 : 32;
    settings.batch_max = 2;
    settings.block = seed % 2 ? 16 : 8;
    settings.lane = &lane->settings;
    const size_t count = (size_t)3 * settings.width * settings.height;
    float *input = malloc(count * sizeof *input);
    assert_true(input && reference);
    vg_random_seed(&random, seed);
    for (size_t i = 0; i < count; i++)
        input[i] = (float)(4 * vg_random_unit(&random) - 2);
    assert_int_equal(
        vg_reference_run(model, settings.width, settings.height, input, reference, NULL), VG_OK);
    int agrees = tensors_agree(lane, model, &settings, reference, input);
    settings.tensors = VG_TENSORS_EVERY;
    if (!agrees || seed % 3 == 0) /* to find the node, or that this way is right too */
        agrees &= tensors_agree(lane, model, &settings, reference, input);
    free(input);
    vg_reference_release(reference);
    free(reference);
    vg_model_close(&model);
    return agrees;
}

static void random_nets_agree(void **state)
{
    (void)state;
    const uint64_t first = number_of("VIGIE_SEED", 1);
    uint32_t bad = 0;
    for (size_t i = 0; i < sizeof lanes / sizeof *lanes; i++) {
        const uint64_t end = first + number_of("VIGIE_NETS", lanes[i].nets);
        print_message("%s: seeds %llu to %llu\n", lanes[i].name, (unsigned long long)first,
                      (unsigned long long)(end - 1));
        for (uint64_t seed = first; seed < end; seed++)
            bad += !net_agrees(&lanes[i], seed);
    }
    assert_int_equal(bad, 0);
}

/* ---- batches ---- */

#define BATCH 3
#define SIDE  32

static size_t output_count(const struct vg_model *model)
{
    const uint32_t tensor = model->output[0].part[0];
    struct vg_size size[VG_MODEL_TENSORS_MAX];
    assert_int_equal(vg_model_sizes(model, SIDE, SIDE, size, NULL), VG_OK);
    return (size_t)model->tensor[tensor].channels * size[tensor].width * size[tensor].height;
}

static void picture_move(struct vg_engine *engine, uint32_t from, uint32_t to)
{
    const struct vg_runner *runner = vg_engine_runner(engine);
    const size_t bytes = vg_engine_plan(engine)->arena_bytes;
    if (from != to)
        assert_int_equal(clEnqueueCopyBuffer(runner->device.queue, runner->arena, runner->arena,
                                             from * bytes, to * bytes, bytes, 0, NULL, NULL),
                         CL_SUCCESS);
}

/* Each picture of a batch has the output that it has alone, to the last bit: the kernels that take
 * all pixels of a batch in one row mix nothing up. */
static void batch_agrees(const struct lane *lane, uint64_t seed)
{
    struct vg_model *model = random_net(seed);
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_engine *engine = NULL;
    struct vg_random random;
    static float input[BATCH][3 * SIDE * SIDE];
    float *alone[BATCH];
    const size_t count = output_count(model);
    float *together = malloc(count * sizeof *together);
    assert_non_null(together);
    settings.lane = &lane->settings;
    settings.width = settings.height = SIDE;
    settings.batch_max = BATCH;
    assert_int_equal(vg_engine_open(&engine, model, &settings, NULL), VG_OK);
    vg_random_seed(&random, seed);
    for (uint32_t i = 0; i < BATCH; i++) {
        alone[i] = malloc(count * sizeof **alone);
        assert_non_null(alone[i]);
        for (size_t k = 0; k < sizeof *input / sizeof **input; k++)
            input[i][k] = (float)(4 * vg_random_unit(&random) - 2);
        assert_int_equal(vg_engine_run_tensor(engine, input[i], NULL), VG_OK);
        assert_int_equal(vg_engine_read_output(engine, 0, alone[i], NULL), VG_OK);
    }
    for (uint32_t i = BATCH; i-- > 0;) { /* the input stays in the arena when the net has run */
        assert_int_equal(vg_engine_run_tensor(engine, input[i], NULL), VG_OK);
        picture_move(engine, 0, i);
    }
    assert_int_equal(vg_engine_infer(engine, BATCH, NULL), VG_OK);
    for (uint32_t i = 0; i < BATCH; i++) {
        picture_move(engine, i, 0);
        assert_int_equal(vg_engine_read_output(engine, 0, together, NULL), VG_OK);
        assert_memory_equal(together, alone[i], count * sizeof *together);
        free(alone[i]);
    }
    free(together);
    vg_engine_close(&engine);
    vg_model_close(&model);
}

static void pictures_of_a_batch_do_not_mix(void **state)
{
    (void)state;
    for (size_t i = 2; i < sizeof lanes / sizeof *lanes; i++) /* the GPUs' */
        batch_agrees(&lanes[i], number_of("VIGIE_SEED", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_nets_agree),
        cmocka_unit_test(pictures_of_a_batch_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
