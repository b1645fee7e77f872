/* The times of an engine's steps: one row a step, names that say what is done, the operations of
 * the net as the model counts them whatever the kernels, spans in order.
 * labels: ocl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "models/model_cost.h"
#include "src/base/fault.h"
#include "src/engine/conv_variants.h"
#include "src/engine/engine_inside.h"
#include "src/engine/profile.h"
#include "src/engine/step_cost.h"
#include "tests/net_fixture.h"

enum {
    RUNS = 3,
    BATCH = 2
};

static struct vg_engine *engine_open(const struct vg_model *model, const struct vg_tune *tune)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_engine *engine = NULL;
    settings.picture_width_max = settings.picture_height_max = 64;
    settings.batch_max = BATCH;
    settings.tune = tune;
    settings.launches = VG_LAUNCHES_EACH_STEP;
    assert_int_equal(vg_engine_open(&engine, model, &settings, NULL), VG_OK);
    return engine;
}

static double conv_gflop(const struct vg_plan *plan, const struct vg_profile *profile)
{
    double sum = 0;
    for (uint32_t i = 0; i < profile->step_count; i++)
        if (plan->step[plan->net_first + i].choice != VG_PLAN_NO_CHOICE)
            sum += profile->step[i].gflop;
    return sum;
}

/* What a step's kernel cannot do without: of Winograd 36 products for each tile of 4x4, 16 for each
 * of 2x2. */
static double needed_gflop(const struct vg_plan *plan, const struct vg_step *step, double gflop)
{
    const uint32_t side = step->kernel == VG_KERNEL_CONV_WINO2 ? 2 : 4;
    if (side == 4 && step->kernel != VG_KERNEL_CONV_WINO && step->kernel != VG_KERNEL_CONV_WINO_MUL)
        return gflop;
    const struct vg_tune_need *need = &plan->choice[step->choice].need;
    const uint32_t tiles = (need->width + side - 1) / side * ((need->height + side - 1) / side);
    const uint32_t points = (side + 2) * (side + 2);
    return 2e-9 * BATCH * points * tiles * need->channels_in * need->channels_out;
}

static void profile_check(struct vg_engine *engine, const struct vg_model *model)
{
    const struct vg_plan *plan = vg_engine_plan(engine);
    struct vg_profile profile;
    assert_int_equal(vg_engine_profile(engine, RUNS, &profile, NULL), VG_OK);
    assert_int_equal(profile.step_count, plan->net_end - plan->net_first);
    assert_int_equal(profile.span_count, RUNS * profile.step_count);
    assert_int_equal(profile.runs, RUNS);
    assert_int_equal(profile.batch, BATCH);
    assert_true(profile.whole_us > 0);
    for (uint32_t i = 0; i < profile.step_count; i++) {
        const struct vg_step_time *step = &profile.step[i];
        assert_true(step->us > 0 && step->mbytes > 0 && step->gflop >= 0);
        const double needed = needed_gflop(plan, &plan->step[plan->net_first + i], step->gflop);
        assert_true(fabs(step->needed_gflop - needed) <= 1e-9 * needed);
        assert_non_null(strchr(step->name, 'x')); /* a size at least */
        assert_string_equal(step->kernel,
                            vg_kernel_rows[plan->step[plan->net_first + i].kernel].name);
    }
    for (uint32_t i = 0; i < profile.span_count; i++) {
        assert_int_equal(profile.span[i].step, i % profile.step_count);
        assert_int_equal(profile.span[i].run, i / profile.step_count);
        assert_true(i ? profile.span[i].start_us >= profile.span[i - 1].start_us
                      : fabs(profile.span[i].start_us) < 1e-9);
    }
    const double want =
        2e-9 * BATCH *
        (double)vg_model_multiply_adds(model, model->input_width, model->input_height);
    assert_true(fabs(conv_gflop(plan, &profile) - want) < 1e-6 * want);
    vg_profile_release(&profile);
}

/* As the table has it, and with every two nodes apart and Winograd in two kernels. */
static void steps_are_named_and_counted(void **state)
{
    static const uint64_t seeds[] = {52, 31};
    (void)state;
    for (size_t k = 0; k < sizeof seeds / sizeof *seeds; k++) {
        struct net_fixture *f = net_fixture_open(seeds[k]);
        struct vg_tune tune;
        vg_tune_init(&tune, "", "");
        struct vg_engine *engine = engine_open(f->model, &tune);
        const struct vg_plan *plan = vg_engine_plan(engine);
        profile_check(engine, f->model);
        for (uint32_t i = 0; i < plan->choice_count; i++)
            for (uint32_t row = 0; row < vg_conv_row_count(); row++)
                if (plan->choice[i].fitting >> row & 1 &&
                    (vg_conv_row(row)->kernel == VG_KERNEL_COUNT ||
                     vg_conv_row(row)->kernel == VG_KERNEL_CONV_WINO_MUL))
                    assert_int_equal(
                        vg_tune_set(&tune, &plan->choice[i].need, vg_conv_row(row)->name, 0),
                        VG_OK);
        vg_engine_close(&engine);
        assert_true(tune.count > 0);
        engine = engine_open(f->model, &tune);
        profile_check(engine, f->model);
        vg_engine_close(&engine);
        vg_tune_release(&tune);
        net_fixture_close(f);
    }
}

/* Kernels that the small nets may not get: what of a convolution's 2 * 13 * 13 * 64 * 32 * 9
 * operations (depthwise: 2 * 13 * 13 * 64 * 9) each cannot do without. */
static void kernels_need_what_they_make(void **state)
{
    static const struct {
        enum vg_kernel kernel;
        enum vg_int8_lane lane;
        uint32_t groups, tiles;
        double share;
    } rows[] = {
        {VG_KERNEL_CONV_DIRECT, VG_INT8_PLAIN, 1, 0, 1},
        {VG_KERNEL_CONV_WINO, VG_INT8_PLAIN, 1, 16, 36 * 16 / (9 * 169.0)},
        {VG_KERNEL_CONV_WINO_MUL, VG_INT8_PLAIN, 1, 16, 36 * 16 / (9 * 169.0)},
        {VG_KERNEL_CONV_WINO2, VG_INT8_PLAIN, 1, 49, 16 * 49 / (9 * 169.0)},
        {VG_KERNEL_CONV_INT8_X86, VG_INT8_PLAIN, 1, 0, 1},
        {VG_KERNEL_CONV_INT8_X86, VG_INT8_AVX512_VNNI, 1, 0, 0.25},
        {VG_KERNEL_CONV_INT8_DEPTHWISE, VG_INT8_PLAIN, 64, 0, 1},
        {VG_KERNEL_CONV_INT8_DEPTHWISE, VG_INT8_AVX512_VNNI, 64, 0, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const int bytes = rows[i].kernel == VG_KERNEL_CONV_INT8_X86 ||
                          rows[i].kernel == VG_KERNEL_CONV_INT8_DEPTHWISE;
        struct vg_plan_choice choice = {.need = {.op = "conv",
                                                 .size_y = 3,
                                                 .size_x = 3,
                                                 .stride_y = 1,
                                                 .stride_x = 1,
                                                 .channels_in = rows[i].groups == 1 ? 32 : 64,
                                                 .channels_out = 64,
                                                 .groups = rows[i].groups,
                                                 .width = 13,
                                                 .height = 13}};
        struct vg_step step = {.kernel = rows[i].kernel};
        const struct vg_plan plan = {.choice = &choice, .step = &step, .net_end = 1};
        struct vg_step_time time;
        if (bytes) {
            step.int8.build.lane = rows[i].lane;
            step.int8.build.conv.tile.blocks = 1;
            step.int8.x_channels = choice.need.channels_in;
            step.int8.y_channels = 64;
            step.sizes.int8 = (struct vg_int8_sizes){.width = 13, .height = 13};
        } else {
            step.sizes.conv =
                (struct vg_conv_sizes){.width = 13, .height = 13, .tiles = (vg_i32)rows[i].tiles};
        }
        vg_step_cost(&plan, 0, 1, &time);
        const double all = 2e-9 * 169 * 64 * 9 * (rows[i].groups == 1 ? 32 : 1);
        assert_true(fabs(time.gflop - all) < 1e-6 * all);
        if (fabs(time.needed_gflop - rows[i].share * all) > 1e-6 * all)
            fail_msg("row %zu: %g of %g", i, time.needed_gflop, all);
    }
}

static void runs_that_cannot_be(void **state)
{
    struct net_fixture *f = net_fixture_open(31);
    struct vg_engine *engine = engine_open(f->model, NULL);
    struct vg_profile profile;
    (void)state;
    assert_int_equal(vg_engine_profile(engine, 0, &profile, NULL), VG_E_CALL);
    assert_int_equal(vg_engine_profile(engine, UINT32_MAX, &profile, NULL), VG_E_CALL);
    assert_null(profile.step);
    vg_engine_close(&engine);
    net_fixture_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_named_and_counted),
        cmocka_unit_test(kernels_need_what_they_make),
        cmocka_unit_test(runs_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
