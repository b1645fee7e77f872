/* The four nets of the shared models: what they become, and that they still mean the same: every
 * output against the values that another runtime found on the same picture. */
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

#include "models/model_cost.h"
#include "models/model_import.h"
#include "src/base/alloc.h"
#include "tests/model_reference.h"
#include "tests/shared_data.h"

/* Nodes by operator. */
static const struct row {
    const char *file;
    enum vg_head head;
    uint32_t multiple, bins, levels, outputs;
    uint32_t stride[4];
    uint32_t ops[VG_OP_COUNT];
    uint64_t multiply_adds;
} rows[] = {
    {"nanodet_g_416.onnx",
     VG_HEAD_NANODET,
     32,
     11,
     3,
     6,
     {8, 16, 32},
     {[VG_OP_CONV] = 34,
      [VG_OP_MAXPOOL] = 1,
      [VG_OP_RESIZE] = 4,
      [VG_OP_ADD] = 4,
      [VG_OP_CHANNELS] = 18,
      [VG_OP_ACT] = 3},
     2090083840},
    {"nanodet_plus_m_416.onnx",
     VG_HEAD_NANODET_PLUS,
     32,
     8,
     4,
     1,
     {8, 16, 32, 64},
     {[VG_OP_CONV] = 110,
      [VG_OP_MAXPOOL] = 1,
      [VG_OP_RESIZE] = 2,
      [VG_OP_ADD] = 5,
      [VG_OP_CHANNELS] = 41,
      [VG_OP_ACT] = 4},
     762090840},
    {"nanodet_plus_m_416_f16.onnx",
     VG_HEAD_NANODET_PLUS,
     32,
     8,
     4,
     1,
     {8, 16, 32, 64},
     {[VG_OP_CONV] = 110,
      [VG_OP_MAXPOOL] = 1,
      [VG_OP_RESIZE] = 2,
      [VG_OP_ADD] = 5,
      [VG_OP_CHANNELS] = 41,
      [VG_OP_ACT] = 4},
     762090840},
    {"yolox_nano_416.onnx",
     VG_HEAD_YOLOX,
     32,
     0,
     3,
     1,
     {8, 16, 32},
     {[VG_OP_CONV] = 113,
      [VG_OP_MAXPOOL] = 3,
      [VG_OP_RESIZE] = 2,
      [VG_OP_ADD] = 7,
      [VG_OP_CHANNELS] = 16,
      [VG_OP_SPACE_TO_DEPTH] = 1},
     522553408},
    {"fastestdet_352.onnx",
     VG_HEAD_FASTESTDET,
     32,
     0,
     1,
     1,
     {16},
     {[VG_OP_CONV] = 70,
      [VG_OP_MAXPOOL] = 1,
      [VG_OP_AVGPOOL] = 1,
      [VG_OP_RESIZE] = 1,
      [VG_OP_ADD] = 1,
      [VG_OP_CHANNELS] = 19,
      [VG_OP_SOFTMAX] = 1},
     121491744},
};

/* NULL: the file is not there. */
static struct vg_model *import(const char *file)
{
    char name[128], path[4096];
    struct vg_model *model = NULL;
    struct vg_fault fault = {.what = "", .place = ""};
    const struct vg_import_settings settings = {NULL, NULL};
    (void)snprintf(name, sizeof name, "models/%s", file);
    if (!vg_shared_data(name, path, sizeof path))
        return NULL;
    if (vg_model_import(path, &settings, &model, &fault) != VG_OK)
        fail_msg("%s: %s", fault.what, fault.place);
    return model;
}

static void check_graph(const struct vg_model *m, const struct row *row)
{
    uint32_t ops[VG_OP_COUNT] = {0};
    assert_int_equal(vg_model_check(m, NULL), VG_OK);
    for (uint32_t i = 0; i < m->node_count; i++)
        ops[m->node[i].op]++;
    for (unsigned op = 0; op < VG_OP_COUNT; op++)
        if (ops[op] != row->ops[op])
            fail_msg("%s: operator %u: %u", row->file, op, ops[op]);
    assert_int_equal(m->head, row->head);
    assert_int_equal(m->bins, row->bins);
    assert_int_equal(m->class_count, 80);
    assert_int_equal(m->input_multiple, row->multiple);
    assert_int_equal(m->output_count, row->outputs);
    assert_int_equal(m->level_count, row->levels);
    for (uint32_t l = 0; l < row->levels; l++)
        assert_int_equal(m->level[l].stride, row->stride[l]);
    assert_int_equal(vg_model_multiply_adds(m, m->input_width, m->input_height),
                     row->multiply_adds);
}

static void test_graphs(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof rows / sizeof *rows; n++) {
        struct vg_model *m = import(rows[n].file);
        if (m)
            check_graph(m, &rows[n]);
        vg_model_close(&m);
    }
}

/* ------------------------------------------------------------ values */

/* Within 1e-4 of the output's largest magnitude: other orders of summing differ by 1e-6 of it. */
static void check_output(const char *file, const struct vg_model *m, const struct vg_reference *r,
                         uint32_t o, const json_t *all)
{
    char key[200];
    float *values = NULL;
    size_t count = 0;
    const char *at;
    const json_t *want;
    (void)snprintf(key, sizeof key, "%s %s", file, m->output[o].name);
    json_t *expected = json_object_get(all, key), *places = json_object_get(expected, "at");
    assert_true(json_object_size(places) > 10);
    assert_int_equal(vg_reference_output(m, r, o, &values, &count), VG_OK);
    const double scale = fmax(fabs(json_number_value(json_object_get(expected, "min"))),
                              fabs(json_number_value(json_object_get(expected, "max"))));
    json_object_foreach(places, at, want)
    {
        const size_t i = (size_t)strtoull(at, NULL, 10);
        assert_true(i < count);
        if (fabs((double)values[i] - json_number_value(want)) > 1e-4 * scale)
            fail_msg("%s: [%zu] %g ≠ %g", key, i, (double)values[i], json_number_value(want));
    }
    vg_free(values);
}

static void check_values(const char *file, const json_t *all)
{
    struct vg_model *m = import(file);
    struct vg_reference run;
    if (!m)
        return;
    float *picture = vg_reference_picture(m, m->input_width, m->input_height);
    assert_non_null(picture);
    assert_int_equal(vg_reference_run(m, m->input_width, m->input_height, picture, &run, NULL),
                     VG_OK);
    for (uint32_t o = 0; o < m->output_count; o++)
        check_output(file, m, &run, o, all);
    vg_reference_release(&run);
    vg_free(picture);
    vg_model_close(&m);
}

static void test_values(void **state)
{
    (void)state;
    char path[4096];
    if (!vg_shared_data("models/outputs.json", path, sizeof path))
        skip();
    json_t *all = json_load_file(path, 0, NULL);
    assert_non_null(all);
    for (size_t n = 0; n < sizeof rows / sizeof *rows; n++)
        if (strstr(rows[n].file, "_f16") == NULL)
            check_values(rows[n].file, all);
    json_decref(all);
}

/* A size other than the file's, which its reshapes fix: the model is free of it. */
static void test_other_size(void **state)
{
    (void)state;
    struct vg_model *m = import("nanodet_plus_m_416.onnx");
    struct vg_reference run;
    if (!m)
        skip();
    float *picture = vg_reference_picture(m, 160, 96);
    assert_non_null(picture);
    assert_int_equal(vg_reference_run(m, 160, 96, picture, &run, NULL), VG_OK);
    const struct vg_size *last = &run.size[m->level[3].scores];
    assert_int_equal(last->width, 3); /* 160 / 64 rounded up */
    assert_int_equal(last->height, 2);
    vg_reference_release(&run);
    vg_free(picture);
    vg_model_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_graphs),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_other_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
