/* The four real nets on the OpenCL device, if their files are there: whole nets, as kernels take
 * nodes in and with blocks of 8 and 16, against what ONNX Runtime gives; and NanoDet-g step by
 * step. The figures lie beside the nets (outputs.json, nanodet_g_steps.json).
 * labels: ocl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/model.h"
#include "src/base/alloc.h"
#include "src/base/fault.h"
#include "src/engine/engine.h"
#include "tests/model_reference.h"
#include "tests/real_net.h"
#include "tests/shared_data.h"

#define TOLERANCE 1e-4

/* NULL: the file is not there */
static json_t *figures(const char *name)
{
    char path[1024];
    if (!vg_shared_data(name, path, sizeof path))
        return NULL;
    json_t *all = json_load_file(path, 0, NULL);
    assert_non_null(all);
    return all;
}

/* opened, and run on the tests' picture */
static struct vg_engine *engine_run(const struct vg_model *model,
                                    const struct vg_engine_settings *settings)
{
    struct vg_fault fault = {.status = VG_OK};
    struct vg_engine *engine = NULL;
    if (vg_engine_open(&engine, model, settings, &fault))
        vg_fault_print(&fault);
    assert_non_null(engine);
    float *x = vg_reference_picture(model, model->input_width, model->input_height);
    assert_non_null(x);
    assert_int_equal(vg_engine_run_tensor(engine, x, NULL), VG_OK);
    vg_free(x);
    return engine;
}

static int is_near(double got, double want)
{
    return fabs(got - want) <= TOLERANCE * fmax(1, fabs(want));
}

/* `at` holds values by their index, those of `got` stand `shift` further round; how many are
 * wrong */
static uint32_t values_wrong(const char *name, json_t *at, const float *got, size_t count,
                             size_t shift)
{
    const char *key;
    json_t *value;
    uint32_t wrong = 0;
    json_object_foreach(at, key, value)
    {
        const size_t index = strtoul(key, NULL, 10);
        const double want = json_number_value(value);
        assert_true(index < count);
        const double is = (double)got[(index + shift) % count];
        if (is_near(is, want))
            continue;
        if (name)
            print_error("%s [%s]: %g, not %g\n", name, key, is, want);
        wrong++;
    }
    return wrong;
}

static size_t output_count(const struct vg_model *model, uint32_t index)
{
    const struct vg_output *output = &model->output[index];
    struct vg_size *size = calloc(model->tensor_count, sizeof *size);
    size_t count = 0;
    assert_non_null(size);
    assert_int_equal(vg_model_sizes(model, model->input_width, model->input_height, size, NULL),
                     VG_OK);
    for (uint32_t k = 0; k < output->part_count; k++)
        count += (size_t)model->tensor[output->part[k]].channels * size[output->part[k]].width *
                 size[output->part[k]].height;
    free(size);
    return count;
}

static uint32_t outputs_wrong(const char *file, const struct vg_model *model,
                              struct vg_engine *engine, json_t *all)
{
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < model->output_count; i++) {
        char key[256];
        const size_t count = output_count(model, i);
        float *got = malloc(count * sizeof *got);
        assert_non_null(got);
        (void)snprintf(key, sizeof key, "%s.onnx %s", file, model->output[i].name);
        json_t *want = json_object_get(all, key);
        if (!want)
            print_error("no figures of \"%s\"\n", key);
        assert_non_null(want);
        assert_int_equal(vg_engine_read_output(engine, i, got, NULL), VG_OK);
        json_t *at = json_object_get(want, "at");
        assert_true(json_object_size(at) >= 20);
        wrong += values_wrong(key, at, got, count, 0);
        free(got);
    }
    return wrong;
}

static void nets_give_what_onnx_runtime_gives(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        uint32_t block;
    } rows[] = {{"nanodet_g_416", 0},
                {"nanodet_g_416", 8},
                {"nanodet_plus_m_416", 0},
                {"yolox_nano_416", 0},
                {"fastestdet_352", 0}};
    json_t *all = figures("models/outputs.json");
    uint32_t wrong = 0, found = 0;
    if (!all)
        skip();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_model *model = real_net(rows[i].file);
        struct vg_engine_settings settings = vg_engine_defaults();
        if (!model)
            continue;
        settings.block = rows[i].block;
        struct vg_engine *engine = engine_run(model, &settings);
        wrong += outputs_wrong(rows[i].file, model, engine, all);
        vg_engine_close(&engine);
        vg_model_close(&model);
        found++;
    }
    json_decref(all);
    assert_int_equal(wrong, 0);
    if (!found)
        skip();
}

/* ---- step by step ---- */

/* Steps and tensors pair in order: the importer numbers tensors as it finds them, and the
 * reference also lists views that the graph has not, so shape, mean and largest value decide. */
static int step_is(const json_t *step, const float *got, uint32_t channels, struct vg_size size)
{
    const json_t *shape = json_object_get(step, "shape");
    const size_t count = (size_t)channels * size.width * size.height;
    double sum = 0, most = 0;
    if (json_array_size(shape) != 3 || json_integer_value(json_array_get(shape, 0)) != channels ||
        json_integer_value(json_array_get(shape, 1)) != size.height ||
        json_integer_value(json_array_get(shape, 2)) != size.width)
        return 0;
    for (size_t i = 0; i < count; i++) {
        sum += (double)got[i];
        most = fmax(most, fabs((double)got[i]));
    }
    const double mean = json_number_value(json_object_get(step, "mean"));
    const double absmax = json_number_value(json_object_get(step, "absmax"));
    return fabs(sum / (double)count - mean) < 1e-4 && fabs(most - absmax) < 1e-3;
}

/* The file puts the halves of its concats the other way round than the reference's graph does. */
static uint32_t step_wrong(const json_t *step, const float *got, size_t count)
{
    json_t *at = json_object_get(step, "at");
    const char *op = json_string_value(json_object_get(step, "op"));
    assert_true(json_object_size(at) >= 8);
    const size_t shift =
        !strcmp(op, "Concat") && values_wrong(NULL, at, got, count, 0) ? count / 2 : 0;
    return values_wrong(json_string_value(json_object_get(step, "step")), at, got, count, shift);
}

static void every_step_of_nanodet_g_is_the_reference(void **state)
{
    (void)state;
    struct vg_model *model = real_net("nanodet_g_416");
    if (!model)
        skip();
    json_t *steps = figures("models/nanodet_g_steps.json");
    if (!steps) {
        vg_model_close(&model);
        skip();
    }
    struct vg_engine_settings settings = vg_engine_defaults();
    settings.tensors = VG_TENSORS_EVERY;
    struct vg_engine *engine = engine_run(model, &settings);
    struct vg_size *size = calloc(model->tensor_count, sizeof *size);
    uint8_t *seen = calloc(json_array_size(steps), 1);
    float *got = malloc((size_t)32 * 208 * 208 * sizeof *got);
    uint32_t found = 0, wrong = 0;
    assert_true(size && seen && got);
    assert_int_equal(vg_model_sizes(model, 416, 416, size, NULL), VG_OK);
    for (uint32_t t = 1; t < model->tensor_count; t++) {
        const uint32_t channels = model->tensor[t].channels;
        assert_int_equal(vg_engine_read_tensor(engine, t, got, NULL), VG_OK);
        for (size_t k = 0; k < json_array_size(steps); k++) {
            const json_t *step = json_array_get(steps, k);
            if (seen[k] || !step_is(step, got, channels, size[t]))
                continue;
            wrong += step_wrong(step, got, (size_t)channels * size[t].width * size[t].height);
            seen[k] = 1;
            found++;
            break;
        }
    }
    for (size_t k = 0; k < json_array_size(steps); k++) { /* a split's whole is its convolution's */
        const json_t *step = json_array_get(steps, k);
        const char *op = json_string_value(json_object_get(step, "op"));
        if (!seen[k] && strcmp(op, "Split") != 0 && strcmp(op, "Flatten") != 0 &&
            strcmp(op, "Output") != 0)
            print_error("%s, a %s, is no tensor's\n",
                        json_string_value(json_object_get(step, "step")), op);
    }
    print_message("%u of %u tensors are steps of the reference\n", found, model->tensor_count - 1);
    assert_int_equal(wrong, 0);
    assert_true(found >= 58); /* all but splits and the outputs' views */
    free(size);
    free(seen);
    free(got);
    json_decref(steps);
    vg_engine_close(&engine);
    vg_model_close(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nets_give_what_onnx_runtime_gives),
        cmocka_unit_test(every_step_of_nanodet_g_is_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
