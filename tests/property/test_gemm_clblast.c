/* 1x1 convolutions by CLBlast's product of matrices: a random net whose choices are set to it gives
 * what the same net gives by the project's own kernels. Skipped where it was built without CLBlast.
 * labels: ocl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/model.h"
#include "src/base/fault.h"
#include "src/base/random.h"
#include "src/engine/conv_variants.h"
#include "src/engine/device_lane.h"
#include "src/engine/engine.h"
#include "src/engine/engine_inside.h"
#include "src/engine/gemm_clblast.h"
#include "src/engine/tune_file.h"
#include "tests/random_net.h"

#define SIDE 32

static const struct lane {
    struct vg_lane_settings settings;
    double tolerance; /* other orders of the sums; a half holds 11 bits, at each of 20 layers */
} lanes[] = {{{VG_LANE_ANY, VG_STORAGE_FLOAT, VG_MMA_NONE}, 1e-4},
             {{VG_LANE_ANY, VG_STORAGE_HALF, VG_MMA_NONE}, 5e-3}};

static struct vg_engine *engine_of(const struct vg_model *model, const struct lane *lane,
                                   const struct vg_tune *tune)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_engine *engine = NULL;
    settings.lane = &lane->settings;
    settings.width = settings.height = SIDE;
    settings.tune = tune;
    assert_int_equal(vg_engine_open(&engine, model, &settings, NULL), VG_OK);
    return engine;
}

/* every choice that may be the library's */
static void tune_make(const struct vg_engine *engine, struct vg_tune *tune)
{
    const struct vg_plan *plan = vg_engine_plan(engine);
    for (uint32_t i = 0; i < plan->choice_count; i++)
        for (uint32_t row = 0; row < vg_conv_row_count(); row++)
            if (plan->choice[i].fitting >> row & 1 &&
                vg_conv_row(row)->kernel == VG_KERNEL_GEMM_UNPACK)
                assert_int_equal(
                    vg_tune_set(tune, &plan->choice[i].need, vg_conv_row(row)->name, 1), VG_OK);
}

static uint32_t products_of(const struct vg_engine *engine)
{
    const struct vg_plan *plan = vg_engine_plan(engine);
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->step_count; i++)
        count += plan->step[i].kernel == VG_KERNEL_GEMM_UNPACK;
    return count;
}

static float *output_of(struct vg_engine *engine, const struct vg_model *model, const float *input,
                        size_t *count)
{
    const struct vg_place *place = &vg_engine_plan(engine)->place[model->output[0].part[0]];
    *count = (size_t)place->channels * place->width * place->height;
    float *values = malloc(*count * sizeof *values);
    assert_non_null(values);
    assert_int_equal(vg_engine_run_tensor(engine, input, NULL), VG_OK);
    assert_int_equal(vg_engine_read_output(engine, 0, values, NULL), VG_OK);
    return values;
}

static void products_give_what_our_kernels_give(void **state)
{
    (void)state;
    static float input[3 * SIDE * SIDE];
    struct vg_random random;
    uint32_t products = 0;
    if (!vg_gemm_available()) {
        print_message("skipped: built without CLBlast\n");
        skip();
    }
    vg_random_seed(&random, 5);
    for (size_t i = 0; i < sizeof input / sizeof *input; i++)
        input[i] = (float)(4 * vg_random_unit(&random) - 2);
    for (size_t i = 0; i < sizeof lanes / sizeof *lanes; i++) {
        struct vg_model *model = random_net(4);
        struct vg_tune tune;
        size_t count;
        vg_tune_init(&tune, "device", "driver");
        struct vg_engine *ours = engine_of(model, &lanes[i], &tune);
        tune_make(ours, &tune);
        struct vg_engine *library = engine_of(model, &lanes[i], &tune);
        products += products_of(library);
        float *want = output_of(ours, model, input, &count);
        float *got = output_of(library, model, input, &count);
        for (size_t k = 0; k < count; k++)
            assert_true(fabs((double)got[k] - (double)want[k]) <=
                        lanes[i].tolerance * fmax(1, fabs((double)want[k])));
        free(want);
        free(got);
        vg_engine_close(&ours);
        vg_engine_close(&library);
        vg_tune_release(&tune);
        vg_model_close(&model);
    }
    assert_true(products > 1); /* else the test says nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(products_give_what_our_kernels_give)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
