/* From a float model and pictures to a net in 8 bits, on the OpenCL device: refusals, that the same
 * pictures give the same model, what AUTO takes; and NanoDet-g near its float self, if its file and
 * pictures are there.
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
#include "models/model_import.h"
#include "src/base/alloc.h"
#include "src/base/random.h"
#include "src/engine/engine.h"
#include "src/engine/int8_probe.h"
#include "src/engine/quantiser.h"
#include "src/media/pixels.h"
#include "src/media/still.h"
#include "tests/random_net.h"
#include "tests/shared_data.h"

enum {
    WIDTH = 80,
    HEIGHT = 48,
    PIXEL_BYTES = WIDTH * HEIGHT * 3 / 2,
    SEED = 4 /* a random net with sums, pools and shuffles */
};

static struct vg_picture picture_make(uint8_t pixels[PIXEL_BYTES], uint64_t seed)
{
    struct vg_random random;
    vg_random_seed(&random, seed);
    for (uint32_t i = 0; i < PIXEL_BYTES; i++)
        pixels[i] = (uint8_t)vg_random_below(&random, 256);
    return (struct vg_picture){.luma = pixels,
                               .chroma = pixels + WIDTH * HEIGHT,
                               .width = WIDTH,
                               .height = HEIGHT,
                               .luma_stride = WIDTH,
                               .chroma_stride = WIDTH};
}

static struct vg_model *quantised(uint32_t pictures, enum vg_status want)
{
    const struct vg_quantiser_settings settings = vg_quantiser_defaults();
    struct vg_model *model = random_net(SEED);
    struct vg_quantiser *quantiser = NULL;
    struct vg_fault fault = {0};
    uint8_t pixels[PIXEL_BYTES];
    assert_int_equal(vg_quantiser_open(&quantiser, model, &settings, &fault), VG_OK);
    for (uint32_t i = 0; i < pictures; i++) {
        const struct vg_picture picture = picture_make(pixels, i);
        assert_int_equal(vg_quantiser_add(quantiser, &picture, &fault), VG_OK);
    }
    assert_int_equal(vg_quantiser_finish(quantiser, &fault), want);
    if (want)
        assert_string_equal(fault.place, "7 < 8");
    vg_quantiser_close(&quantiser);
    assert_null(quantiser);
    return model;
}

static void too_few_pictures_are_refused(void **state)
{
    (void)state;
    struct vg_model *model = quantised(VG_QUANTISER_PICTURES_MIN - 1, VG_E_CALL);
    assert_null(model->range);
    vg_model_close(&model);
}

static void the_same_pictures_give_the_same_model(void **state)
{
    struct vg_model *a = *state, *b = quantised(8, VG_OK), *plain = random_net(SEED);
    struct vg_quantiser *quantiser = NULL;
    const struct vg_quantiser_settings settings = vg_quantiser_defaults();
    uint8_t *data[2];
    size_t size[2];
    struct vg_fault fault;
    assert_int_equal(vg_model_check(a, &fault), VG_OK);
    assert_int_equal(vg_model_pack(a, &data[0], &size[0], &fault), VG_OK);
    assert_int_equal(vg_model_pack(b, &data[1], &size[1], &fault), VG_OK);
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(data[0], data[1], size[0]);
    /* the float net is still there */
    assert_memory_equal(a->weights, plain->weights, plain->weight_count * sizeof(float));
    assert_int_equal(vg_quantiser_open(&quantiser, a, &settings, &fault), VG_E_STATE);
    assert_null(quantiser);
    vg_free(data[0]);
    vg_free(data[1]);
    vg_model_close(&b);
    vg_model_close(&plain);
}

static struct vg_engine *engine_of(const struct vg_model *model, enum vg_engine_precision precision,
                                   enum vg_status want)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_engine *engine = NULL;
    struct vg_fault fault = {0};
    settings.precision = precision;
    settings.batch_max = 3;
    assert_int_equal(vg_engine_open(&engine, model, &settings, &fault), want);
    return engine;
}

/* Whether this device has what makes 8 bits the faster. */
static int has_dot_products(void)
{
    struct vg_device_info device;
    assert_int_equal(vg_device_find(NULL, 0, &device, NULL), VG_OK);
    return (vg_int8_lanes_claimed(&device) &
            (VG_INT8_LANE_BIT(VG_INT8_AVX512_VNNI) | VG_INT8_LANE_BIT(VG_INT8_AVX_VNNI))) != 0;
}

static void the_precision_is_what_was_asked_for(void **state)
{
    struct vg_model *model = *state, *plain = random_net(SEED);
    static const struct {
        enum vg_engine_precision asked;
        const char *want;
    } rows[] = {{VG_ENGINE_F32, "f32"}, {VG_ENGINE_INT8, "int8"}, {VG_ENGINE_AUTO, NULL}};
    char hash[3][128];
    for (size_t i = 0; i < 3; i++) {
        struct vg_engine *engine = engine_of(model, rows[i].asked, VG_OK);
        const char *want = rows[i].want ? rows[i].want : has_dot_products() ? "int8" : "f32";
        assert_string_equal(vg_engine_precision(engine), want);
        (void)snprintf(hash[i], sizeof hash[i], "%s", vg_engine_plan_hash(engine));
        vg_engine_close(&engine);
    }
    assert_string_not_equal(hash[0], hash[1]);
    assert_string_equal(hash[2], hash[has_dot_products()]);
    assert_null(engine_of(plain, VG_ENGINE_INT8, VG_E_CALL));
    struct vg_engine *engine = engine_of(plain, VG_ENGINE_AUTO, VG_OK);
    assert_string_equal(vg_engine_precision(engine), "f32");
    vg_engine_close(&engine);
    vg_model_close(&plain);
}

/* A picture gives the same boxes alone, as any of a batch, and again. */
static void bytes_are_the_same_in_a_batch(void **state)
{
    struct vg_engine *engine = engine_of(*state, VG_ENGINE_INT8, VG_OK);
    struct vg_answer *answer = calloc(6, sizeof *answer);
    uint8_t pixels[3][PIXEL_BYTES];
    struct vg_picture picture[3];
    struct vg_job job[3];
    assert_non_null(answer);
    for (uint32_t i = 0; i < 3; i++) {
        picture[i] = picture_make(pixels[i], 20 + i);
        job[i] = (struct vg_job){.picture = &picture[i], .threshold = 0.3F, .nms = 0.6F};
    }
    assert_int_equal(vg_engine_run(engine, job, 3, answer, NULL), VG_OK);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(vg_engine_run(engine, &job[i], 1, &answer[3 + i], NULL), VG_OK);
        assert_true(answer[i].count > 0);
        assert_memory_equal(&answer[i], &answer[3 + i], sizeof *answer);
    }
    free(answer);
    vg_engine_close(&engine);
}

/* ---- NanoDet-g ---- */

static const char *const pictures[] = {
    "000000000139", "000000005001", "000000010764", "000000011813", "000000020992",
    "000000022192", "000000025603", "000000025986", "000000030213", "000000034417"};

static int nanodet_quantise(struct vg_model **model)
{
    const struct vg_quantiser_settings settings = vg_quantiser_defaults();
    const struct vg_import_settings import = {NULL, NULL};
    struct vg_quantiser *quantiser = NULL;
    struct vg_still *still = NULL;
    char path[4096], name[128];
    if (!vg_shared_data("models/nanodet_g_416.onnx", path, sizeof path))
        return 0;
    assert_int_equal(vg_model_import(path, &import, model, NULL), VG_OK);
    assert_int_equal(vg_quantiser_open(&quantiser, *model, &settings, NULL), VG_OK);
    for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++) {
        (void)snprintf(name, sizeof name, "data/coco_val128/images/%s.jpg", pictures[i]);
        if (!vg_shared_data(name, path, sizeof path)) {
            vg_quantiser_close(&quantiser);
            vg_model_close(model);
            return 0;
        }
        assert_int_equal(vg_still_read(path, &still, NULL), VG_OK);
        assert_int_equal(vg_quantiser_add(quantiser, vg_still_picture(still), NULL), VG_OK);
        vg_still_close(&still);
    }
    assert_int_equal(vg_quantiser_finish(quantiser, NULL), VG_OK);
    vg_quantiser_close(&quantiser);
    return 1;
}

/* values of output `index`, planes of 52x52, 26x26 and 13x13 cells, 112 channels at most */
#define VALUES_MAX (52 * 52 * 112)

static double output_error(struct vg_engine *const engine[2], uint32_t index, size_t count)
{
    float *value[2] = {malloc(VALUES_MAX * sizeof(float)), malloc(VALUES_MAX * sizeof(float))};
    double off = 0, sum = 0, square = 0;
    for (int k = 0; k < 2; k++) {
        assert_non_null(value[k]);
        assert_int_equal(vg_engine_read_output(engine[k], index, value[k], NULL), VG_OK);
    }
    for (size_t i = 0; i < count; i++) {
        const double want = (double)value[0][i], error = (double)value[1][i] - want;
        off += error * error;
        sum += want;
        square += want * want;
    }
    free(value[0]);
    free(value[1]);
    const double n = (double)count;
    return sqrt(off / n / (square / n - sum / n * (sum / n)));
}

static double overlap(struct vg_box a, struct vg_box b)
{
    const double width = fmax(0, fmin((double)(a.left + a.width), (double)(b.left + b.width)) -
                                     fmax((double)a.left, (double)b.left));
    const double height = fmax(0, fmin((double)(a.top + a.height), (double)(b.top + b.height)) -
                                      fmax((double)a.top, (double)b.top));
    const double both = width * height;
    return both / ((double)(a.width * a.height) + (double)(b.width * b.height) - both);
}

/* Every sure box of the one is one of the other, nearly where it was. */
static void boxes_near(const struct vg_answer *a, const struct vg_answer *b)
{
    for (uint32_t i = 0; i < a->count && a->detection[i].score > 0.6F; i++) {
        const struct vg_detection *d = &a->detection[i];
        double best = 0;
        for (uint32_t k = 0; k < b->count; k++)
            if (b->detection[k].class_id == d->class_id &&
                fabsf(b->detection[k].score - d->score) < 0.12F)
                best = fmax(best, overlap(d->box, b->detection[k].box));
        assert_true(best > 0.8);
    }
}

static void nanodet_g_stays_near_its_floats(void **state)
{
    (void)state;
    struct vg_model *model = NULL;
    struct vg_still *still = NULL;
    struct vg_answer *answer = calloc(2, sizeof *answer);
    char path[4096];
    assert_non_null(answer);
    if (!vg_shared_data("data/pets2009/vtest.avi", path, sizeof path) ||
        !nanodet_quantise(&model)) {
        free(answer);
        skip();
    }
    assert_int_equal(vg_still_read(path, &still, NULL), VG_OK);
    struct vg_engine *engine[2] = {engine_of(model, VG_ENGINE_F32, VG_OK),
                                   engine_of(model, VG_ENGINE_INT8, VG_OK)};
    const struct vg_job job = {.picture = vg_still_picture(still), .threshold = 0.35F, .nms = 0.6F};
    for (int k = 0; k < 2; k++)
        assert_int_equal(vg_engine_run(engine[k], &job, 1, &answer[k], NULL), VG_OK);
    for (uint32_t i = 0; i < model->output_count; i++) {
        const uint32_t side = 52u >> i % 3,
                       channels = model->tensor[model->output[i].part[0]].channels;
        const double error = output_error(engine, i, (size_t)side * side * channels);
        print_message("%s: %.4f of its spread\n", model->output[i].name, error);
        assert_true(error < 0.4);
    }
    assert_true(answer[0].count >= 3);
    boxes_near(&answer[0], &answer[1]);
    boxes_near(&answer[1], &answer[0]);
    vg_engine_close(&engine[0]);
    vg_engine_close(&engine[1]);
    vg_still_close(&still);
    vg_model_close(&model);
    free(answer);
}

static int model_open(void **state)
{
    *state = quantised(8, VG_OK);
    return 0;
}

static int model_close(void **state)
{
    struct vg_model *model = *state;
    vg_model_close(&model);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_few_pictures_are_refused),
        cmocka_unit_test(the_same_pictures_give_the_same_model),
        cmocka_unit_test(the_precision_is_what_was_asked_for),
        cmocka_unit_test(bytes_are_the_same_in_a_batch),
        cmocka_unit_test(nanodet_g_stays_near_its_floats),
    };
    return cmocka_run_group_tests(tests, model_open, model_close);
}
