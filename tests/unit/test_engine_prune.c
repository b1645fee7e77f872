/* Engines that leave dropped classes out, beside engines that make them all: the same boxes bit
 * for bit, in floats and in 8 bits, and plans in which every address is right.
 * labels: ocl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "models/model_prune.h"
#include "src/base/alloc.h"
#include "src/engine/engine.h"
#include "src/engine/engine_inside.h"
#include "tests/head_net.h"
#include "tests/model_reference.h"
#include "tests/net_calibrate.h"
#include "tests/plan_walk.h"
#include "tests/real_net.h"

enum {
    CLASSES = 64, /* whole blocks in both, so that kernels take the same in: 48 stay */
    SIDE = 64,
    PICTURES = 3
};

static const enum vg_head heads[] = {VG_HEAD_NANODET, VG_HEAD_YOLOX, VG_HEAD_NANODET_PLUS,
                                     VG_HEAD_FASTESTDET};

static struct vg_engine *engine_open(const struct vg_model *model,
                                     struct vg_engine_settings settings,
                                     enum vg_engine_outputs outputs)
{
    struct vg_fault fault = {.status = VG_OK};
    struct vg_engine *engine = NULL;
    settings.outputs = outputs;
    if (vg_engine_open(&engine, model, &settings, &fault))
        vg_fault_print(&fault);
    assert_non_null(engine);
    return engine;
}

static uint32_t answers_compare(struct vg_engine *whole, struct vg_engine *pruned,
                                const float *input, float threshold)
{
    static struct vg_answer want, got;
    memset(&want, 0, sizeof want);
    memset(&got, 0, sizeof got);
    assert_int_equal(vg_engine_run_tensor(whole, input, NULL), VG_OK);
    assert_int_equal(vg_engine_run_tensor(pruned, input, NULL), VG_OK);
    assert_int_equal(vg_engine_tensor_answer(whole, threshold, 0.6f, &want, NULL), VG_OK);
    assert_int_equal(vg_engine_tensor_answer(pruned, threshold, 0.6f, &got, NULL), VG_OK);
    assert_int_equal(got.count, want.count);
    assert_int_equal(got.overflow, want.overflow);
    assert_memory_equal(got.detection, want.detection, want.count * sizeof *want.detection);
    return want.count;
}

static void plan_look(const struct vg_model *model, struct vg_engine *engine)
{
    struct vg_pruned *pruned = NULL;
    assert_int_equal(vg_model_prune(model, &pruned, NULL), VG_OK);
    const struct plan_walk walk = plan_walk(pruned ? pruned->model : model, vg_engine_plan(engine));
    if (walk.wrong[0])
        fail_msg("%s: %s", model->name, walk.wrong);
    vg_pruned_close(&pruned);
}

static void boxes_compare(struct vg_model *model, struct vg_engine_settings settings)
{
    uint32_t boxes = 0;
    settings.width = settings.height = SIDE;
    struct vg_engine *whole = engine_open(model, settings, VG_OUTPUTS_ALL);
    struct vg_engine *pruned = engine_open(model, settings, VG_OUTPUTS_NEEDED);
    for (uint64_t i = 0; i < PICTURES; i++) {
        float *input = net_input(i, SIDE, SIDE);
        boxes += answers_compare(whole, pruned, input, i ? 0.3f : 0);
        free(input);
    }
    assert_true(boxes > 20);
    if (settings.precision == VG_ENGINE_F32) /* the walk is over floats */
        plan_look(model, pruned);
    vg_engine_close(&whole);
    vg_engine_close(&pruned);
}

static void boxes_are_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        struct vg_model *model = head_net(heads[i], 3, CLASSES);
        struct vg_engine_settings settings = vg_engine_defaults();
        settings.precision = VG_ENGINE_F32;
        settings.block = i % 2 ? 8 : 16;
        boxes_compare(model, settings);
        vg_model_close(&model);
    }
}

static void boxes_of_8_bits_are_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct vg_model *model = head_net(heads[i], 4, CLASSES);
        struct vg_engine_settings settings = vg_engine_defaults();
        net_calibrate(model, 4, SIDE, SIDE);
        settings.precision = VG_ENGINE_INT8;
        boxes_compare(model, settings);
        vg_model_close(&model);
    }
}

static void what_is_left_out_cannot_be_read(void **state)
{
    struct vg_model *model = head_net(VG_HEAD_NANODET, 5, CLASSES);
    struct vg_engine_settings settings = vg_engine_defaults();
    float *values = calloc((size_t)CLASSES * 16, sizeof *values);
    (void)state;
    assert_non_null(values);
    struct vg_engine *engine = engine_open(model, settings, VG_OUTPUTS_NEEDED);
    assert_int_equal(vg_engine_read_output(engine, 0, values, NULL), VG_E_CALL);
    assert_int_equal(vg_engine_read_tensor(engine, model->level[0].scores, values, NULL),
                     VG_E_CALL);
    assert_int_equal(vg_engine_read_tensor(engine, model->level[0].boxes, values, NULL), VG_OK);
    assert_int_equal(vg_engine_infer(engine, 1, NULL), VG_OK);
    vg_engine_close(&engine);
    settings.tensors = VG_TENSORS_EVERY;
    engine = engine_open(model, settings, VG_OUTPUTS_NEEDED);
    assert_int_equal(vg_engine_read_output(engine, 0, values, NULL), VG_OK);
    vg_engine_close(&engine);
    free(values);
    vg_model_close(&model);
}

/* the weights go as they are packed, rows of some nodes only */
static void weights_may_be_given_up(void **state)
{
    struct vg_model *model = head_net(VG_HEAD_YOLOX, 6, CLASSES);
    struct vg_engine_settings settings = vg_engine_defaults();
    float *input = net_input(6, 32, 32);
    (void)state;
    struct vg_engine *whole = engine_open(model, settings, VG_OUTPUTS_ALL);
    settings.weights_from = model;
    struct vg_engine *pruned = engine_open(model, settings, VG_OUTPUTS_NEEDED);
    assert_null(model->weights);
    (void)answers_compare(whole, pruned, input, 0.1f);
    vg_engine_close(&whole);
    vg_engine_close(&pruned);
    vg_model_close(&model);
    free(input);
}

static void real_nets_give_the_same_boxes(void **state)
{
    static const char *const names[] = {"nanodet_g_416", "yolox_nano_416"};
    uint32_t found = 0;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct vg_model *model = real_net(names[i]);
        if (!model)
            continue;
        const struct vg_engine_settings settings = vg_engine_defaults();
        float *input = vg_reference_picture(model, model->input_width, model->input_height);
        assert_non_null(input);
        struct vg_engine *whole = engine_open(model, settings, VG_OUTPUTS_ALL);
        struct vg_engine *pruned = engine_open(model, settings, VG_OUTPUTS_NEEDED);
        assert_true(answers_compare(whole, pruned, input, 0.01f) > 0);
        plan_look(model, pruned);
        vg_engine_close(&whole);
        vg_engine_close(&pruned);
        vg_free(input);
        vg_model_close(&model);
        found++;
    }
    if (!found)
        skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boxes_are_the_same),
        cmocka_unit_test(boxes_of_8_bits_are_the_same),
        cmocka_unit_test(what_is_left_out_cannot_be_read),
        cmocka_unit_test(weights_may_be_given_up),
        cmocka_unit_test(real_nets_give_the_same_boxes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
