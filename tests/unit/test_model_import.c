/* Importing from files: the descriptor chosen, hashes, files that are missing or elsewhere; and
 * the default model itself where its files have been fetched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <unistd.h>

#include "models/model_cost.h"
#include "models/model_import.h"
#include "src/base/alloc.h"
#include "src/base/file.h"
#include "tests/onnx_writer.h"
#include "tests/shared_data.h"
#include "tests/unit/small_graph.h"

static char dir[] = "/tmp/vg-import-XXXXXX";

static void at(char *path, size_t size, const char *name)
{
    assert_int_equal(vg_path_join(path, size, dir, name), VG_OK);
}

static void put(const char *name, const void *data, size_t size)
{
    char path[256];
    at(path, sizeof path, name);
    assert_int_equal(vg_file_write(path, data, size, 0600, VG_FILE_PLAIN, NULL), VG_OK);
}

static int setup(void **state)
{
    (void)state;
    size_t text_size = 0, weights_size = 0;
    char *text = graph_text(&text_size);
    uint8_t *weights = graph_weights(&weights_size);
    if (!text || !weights || !mkdtemp(dir))
        return 1;
    put("small.json", text, text_size);
    put("small.bin", weights, weights_size);
    put("cut.json", text, text_size / 2);
    put("d.json", graph_descriptor, strlen(graph_descriptor));
    put("nanodet.json", text, text_size); /* the default's name, not its content */
    free(text);
    free(weights);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    static const char *const names[] = {"small.json", "small.bin",           "cut.json",
                                        "d.json",     "nanodet.json",        "s.json",
                                        "Mine.onnx",  "yolox_nano_416.onnx", "empty.onnx"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[256];
        at(path, sizeof path, names[i]);
        (void)unlink(path);
    }
    return rmdir(dir); /* nothing else was left in it */
}

/* Imports DIR/file with DIR/descriptor (NULL: none). */
static enum vg_status import(const char *file, const char *descriptor, const char *name,
                             struct vg_model **model, struct vg_fault *fault)
{
    char path[256], other[256];
    struct vg_import_settings settings = {.name = name};
    at(path, sizeof path, file);
    if (descriptor) {
        at(other, sizeof other, descriptor);
        settings.descriptor = other;
    }
    *fault = (struct vg_fault){.what = "", .place = ""};
    return vg_model_import(path, &settings, model, fault);
}

/* The place without the folder, which changes from run to run. */
static const char *place(const struct vg_fault *fault)
{
    const size_t length = strlen(dir);
    return strncmp(fault->place, dir, length) == 0 ? fault->place + length + 1 : fault->place;
}

static void test_good(void **state)
{
    (void)state;
    struct vg_model *model = NULL;
    struct vg_fault fault;
    assert_int_equal(import("small.json", "d.json", NULL, &model, &fault), VG_OK);
    assert_string_equal(model->name, "small");
    assert_int_equal(model->node_count, 10);
    vg_model_close(&model);
    assert_int_equal(import("small.json", "d.json", "mine", &model, &fault), VG_OK);
    assert_string_equal(model->name, "mine");
    vg_model_close(&model);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *file, *descriptor, *name;
        enum vg_status status;
        const char *what, *place;
    } rows[] = {
        {"none.json", "d.json", NULL, VG_E_MISSING, "the file is not there", "none.json"},
        {"small.json", "none.json", NULL, VG_E_MISSING, "the file is not there", "none.json"},
        {"small.json", NULL, NULL, VG_E_INPUT, "no descriptor is known for this file",
         "small.json"},
        {"small.json", "small.bin", NULL, VG_E_INPUT, "not valid JSON", NULL},
        {"small.json", "d.json", "Bad Name", VG_E_CALL, "this cannot be the name of a model",
         "\"Bad Name\""},
        {"cut.json", "d.json", NULL, VG_E_INPUT, "the graph is not JSON, or it is cut", NULL},
        {"small.bin", "d.json", NULL, VG_E_INPUT,
         "neither an ONNX file nor a graph of TensorFlow.js", "small.bin"},
        {"empty.onnx", NULL, NULL, VG_E_INPUT, "neither an ONNX file nor a graph of TensorFlow.js",
         "empty.onnx"},
        {"nanodet.json", NULL, NULL, VG_E_INPUT, "the file is cut", NULL},
    };
    put("empty.onnx", "", 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_model *model = NULL;
        struct vg_fault fault;
        const enum vg_status status =
            import(rows[i].file, rows[i].descriptor, rows[i].name, &model, &fault);
        if (status != rows[i].status || strcmp(fault.what, rows[i].what) != 0 ||
            (rows[i].place && strcmp(place(&fault), rows[i].place) != 0))
            fail_msg("row %zu: %s: \"%s\": \"%s\"", i, vg_status_name(status), fault.what,
                     fault.place);
        assert_null(model);
    }
}

/* ONNX is told from JSON by its bytes; without a descriptor the head says what it can. */
static void test_onnx(void **state)
{
    (void)state;
    static const char net[] =
        "input x 1,3,64,64\nf32 w 85,3,1,1 r1\nConv x,w a strides=8,8\n"
        "Split a b,c axis!1;split=4,81\nSigmoid c d\nConcat b,d e axis!1\n"
        "i64 t 3 1,85,-1\nReshape e,t f\nTranspose f y perm=0,2,1\noutput y\n";
    uint8_t *data = NULL;
    size_t size = 0;
    struct vg_model *model = NULL;
    struct vg_fault fault;
    assert_int_equal(vg_onnx_write(net, &data, &size), 0);
    put("Mine.onnx", data, size);
    put("yolox_nano_416.onnx", data, size); /* a known name, not its content */
    free(data);
    assert_int_equal(import("Mine.onnx", NULL, NULL, &model, &fault), VG_OK);
    assert_string_equal(model->name, "mine");
    assert_int_equal(model->head, VG_HEAD_YOLOX);
    assert_int_equal(model->input_multiple, 32);
    vg_model_close(&model);
    assert_int_equal(import("Mine.onnx", NULL, "given", &model, &fault), VG_OK);
    assert_string_equal(model->name, "given");
    vg_model_close(&model);
    assert_int_equal(import("Mine.onnx", "d.json", NULL, &model, &fault), VG_E_INPUT);
    assert_string_equal(fault.what, "the net's input is not that of the descriptor");
    assert_int_equal(import("yolox_nano_416.onnx", NULL, NULL, &model, &fault), VG_E_INPUT);
    assert_string_equal(fault.what, "the file is cut");
}

/* A descriptor that says which files it expects. */
static void expect_files(const char *graph_sha, const char *weights_sha, size_t graph_size,
                         size_t weights_size)
{
    char text[4096];
    const int n = snprintf(
        text, sizeof text,
        "{\"source\": {\"graph\": {\"file\": \"small.json\", \"bytes\": %zu, \"sha256\": \"%s\"},\n"
        "\"weights\": {\"file\": \"small.bin\", \"bytes\": %zu, \"sha256\": \"%s\"}},\n%s",
        graph_size, graph_sha, weights_size, weights_sha, graph_descriptor + 1);
    put("s.json", text, (size_t)n);
}

static void digest_of(const char *name, char text[VG_SHA256_TEXT], size_t *size)
{
    char path[256];
    uint8_t *data = NULL, digest[VG_SHA256_BYTES];
    at(path, sizeof path, name);
    assert_int_equal(vg_file_read(path, 1 << 20, &data, size, NULL), VG_OK);
    vg_sha256(data, *size, digest);
    vg_sha256_text(digest, text);
    vg_free(data);
}

static void test_hashes(void **state)
{
    (void)state;
    char graph[VG_SHA256_TEXT], weights[VG_SHA256_TEXT], want[400];
    size_t graph_size = 0, weights_size = 0;
    struct vg_model *model = NULL;
    struct vg_fault fault;
    digest_of("small.json", graph, &graph_size);
    digest_of("small.bin", weights, &weights_size);
    expect_files(graph, weights, graph_size, weights_size);
    assert_int_equal(import("small.json", "s.json", NULL, &model, &fault), VG_OK);
    vg_model_close(&model);

    expect_files(weights, weights, graph_size, weights_size);
    assert_int_equal(import("small.json", "s.json", NULL, &model, &fault), VG_E_INTEGRITY);
    (void)snprintf(want, sizeof want, "small.json: %s ≠ %s", graph, weights);
    assert_string_equal(place(&fault), want);

    expect_files(graph, graph, graph_size, weights_size);
    assert_int_equal(import("small.json", "s.json", NULL, &model, &fault), VG_E_INTEGRITY);
    (void)snprintf(want, sizeof want, "small.bin: %s ≠ %s", weights, graph);
    assert_string_equal(place(&fault), want);

    expect_files(graph, weights, graph_size, weights_size + 1);
    assert_int_equal(import("small.json", "s.json", NULL, &model, &fault), VG_E_INPUT);
    (void)snprintf(want, sizeof want, "small.bin: %zu B ≠ %zu B", weights_size, weights_size + 1);
    assert_string_equal(place(&fault), want);
}

/* ------------------------------------------------------------ the default model */

/* Its steps against those of another reader of the same file: same operators, same shapes. */
static void check_steps(const struct vg_model *m)
{
    char path[4096];
    static const struct {
        const char *name;
        enum vg_op op;
    } ops[] = {{"Conv", VG_OP_CONV},     {"MaxPool", VG_OP_MAXPOOL}, {"Concat", VG_OP_CHANNELS},
               {"Resize", VG_OP_RESIZE}, {"Add", VG_OP_ADD},         {"Sigmoid", VG_OP_ACT}};
    if (!vg_shared_data("models/nanodet_g_steps.json", path, sizeof path))
        return;
    struct vg_size size[VG_MODEL_TENSORS_MAX];
    assert_int_equal(vg_model_sizes(m, 416, 416, size, NULL), VG_OK);
    json_t *steps = json_load_file(path, 0, NULL);
    assert_true(json_is_array(steps));
    uint32_t n = 0;
    for (size_t s = 0; s < json_array_size(steps); s++) {
        const json_t *step = json_array_get(steps, s);
        const char *op = json_string_value(json_object_get(step, "op"));
        const json_t *shape = json_object_get(step, "shape");
        if (strcmp(op, "Flatten") == 0 || strcmp(op, "Output") == 0)
            continue;
        const bool split = strcmp(op, "Split") == 0;
        const struct vg_tensor *t = &m->tensor[m->node[n].out];
        if (split) { /* a step for each part here */
            assert_int_equal(m->node[n].op, VG_OP_CHANNELS);
            assert_int_equal(m->node[n + 1].op, VG_OP_CHANNELS);
            n += 2;
            continue;
        }
        for (size_t k = 0; k < sizeof ops / sizeof *ops; k++)
            if (strcmp(ops[k].name, op) == 0)
                assert_int_equal(m->node[n].op, ops[k].op);
        assert_int_equal(t->channels, json_integer_value(json_array_get(shape, 0)));
        assert_int_equal(size[m->node[n].out].height, json_integer_value(json_array_get(shape, 1)));
        n++;
    }
    assert_int_equal(n, m->node_count);
    json_decref(steps);
}

static void test_default_model(void **state)
{
    (void)state;
    char path[4096];
    struct vg_model *m = NULL;
    struct vg_fault fault = {.what = "", .place = ""};
    const struct vg_import_settings settings = {NULL, NULL};
    vg_source_path("cache/nanodet/nanodet.json", path, sizeof path);
    if (!vg_file_exists(path)) {
        print_message("skipped: no cache/nanodet (./dev model fetches it)\n");
        skip();
    }
    if (vg_model_import(path, &settings, &m, &fault))
        fail_msg("%s: %s", fault.what, fault.place);
    assert_int_equal(m->node_count, 64);
    assert_int_equal(m->weight_count, 3786068);
    assert_int_equal(vg_model_multiply_adds(m, 416, 416), 2090083840);
    assert_int_equal(vg_model_multiply_adds(m, 416, 320), 2090083840 / 416 * 320);
    assert_int_equal(m->level_count, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(m->level[i].stride, 8u << i);
    check_steps(m);
    uint8_t *data = NULL;
    size_t size = 0;
    assert_int_equal(vg_model_pack(m, &data, &size, NULL), VG_OK);
    assert_int_equal(size, 7598524); /* halves, as in the source */
    vg_free(data);
    vg_model_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),          cmocka_unit_test(test_refused),
        cmocka_unit_test(test_onnx),          cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_default_model),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
