/* Descriptors: the embedded one against the contract's list, and bad ones with the place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "models/descriptor.h"
#include "models/descriptor_guess.h"
#include "models/model_check.h"
#include "models/source_file.h"
#include "src/base/alloc.h"
#include "tests/shared_data.h"
#include "tests/unit/small_graph.h"

static const uint8_t no_digest[VG_SHA256_BYTES];

static void test_default(void **state)
{
    (void)state;
    static const struct {
        uint32_t first, last;
        enum vg_class to;
    } kept[] = {
        /* channels of the net, as its authors number them */
        {0, 0, VG_CLASS_PERSON},     {1, 1, VG_CLASS_BICYCLE},    {2, 2, VG_CLASS_CAR},
        {3, 3, VG_CLASS_MOTORCYCLE}, {5, 5, VG_CLASS_BUS},        {6, 6, VG_CLASS_TRAIN},
        {7, 7, VG_CLASS_TRUCK},      {8, 8, VG_CLASS_BOAT},       {13, 13, VG_CLASS_FURNITURE},
        {14, 23, VG_CLASS_ANIMAL},   {24, 24, VG_CLASS_BACKPACK}, {26, 26, VG_CLASS_HANDBAG},
        {28, 28, VG_CLASS_SUITCASE}, {43, 43, VG_CLASS_KNIFE},    {56, 60, VG_CLASS_FURNITURE},
    };
    struct vg_descriptor *d = NULL;
    assert_int_equal(vg_descriptor_known("nanodet.json", no_digest, &d, NULL), VG_OK);
    const struct vg_model *m = &d->model;
    assert_string_equal(m->name, "nanodet-g");
    assert_string_equal(m->licence, "Apache-2.0");
    assert_int_equal(m->class_count, 80);
    assert_string_equal(m->class_name[0], "person");
    assert_string_equal(m->class_name[79], "toothbrush");
    for (uint32_t i = 0; i < m->class_count; i++) {
        enum vg_class want = VG_CLASS_NONE;
        for (size_t k = 0; k < sizeof kept / sizeof *kept; k++)
            if (i >= kept[k].first && i <= kept[k].last)
                want = kept[k].to;
        if (m->class_map[i] != want)
            fail_msg("class %u \"%s\" is %s", i, m->class_name[i], vg_class_name(m->class_map[i]));
    }
    assert_int_equal(m->output_count, 6);
    assert_int_equal(m->bins, 11);
    assert_int_equal(m->order, VG_ORDER_BGR);
    assert_int_equal(d->graph.bytes, 121604);
    assert_int_equal(d->weights.bytes, 7574558);
    vg_descriptor_close(&d);
}

/* The embedded descriptors of other nets: what differs between them. */
static void test_others(void **state)
{
    (void)state;
    static const struct {
        const char *file, *name, *licence;
        enum vg_head head;
        enum vg_anchor anchor;
        uint32_t side, bins, outputs;
        float mean, scale; /* of the first plane */
    } rows[] = {
        {"nanodet_g_416.onnx", "nanodet-g", "Apache-2.0", VG_HEAD_NANODET, VG_ANCHOR_CENTRE, 416,
         11, 6, 103.53F, 1 / 57.375F},
        {"nanodet_plus_m_416.onnx", "nanodet-plus-m", "Apache-2.0", VG_HEAD_NANODET_PLUS,
         VG_ANCHOR_CENTRE, 416, 8, 1, 103.53F, 1 / 57.375F},
        {"yolox_nano_416.onnx", "yolox-nano", "Apache-2.0", VG_HEAD_YOLOX, VG_ANCHOR_CORNER, 416, 0,
         1, 0, 1},
        {"fastestdet_352.onnx", "fastestdet", "BSD-3-Clause", VG_HEAD_FASTESTDET, VG_ANCHOR_CENTRE,
         352, 0, 1, 0, 1 / 255.0F},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_descriptor *d = NULL, *again = NULL;
        struct vg_fault fault = {.what = "", .place = ""};
        if (vg_descriptor_known(rows[i].file, no_digest, &d, &fault))
            fail_msg("%s: %s: %s", rows[i].file, fault.what, fault.place);
        const struct vg_model *m = &d->model;
        assert_string_equal(m->name, rows[i].name);
        assert_string_equal(m->licence, rows[i].licence);
        assert_int_equal(m->head, rows[i].head);
        assert_int_equal(m->anchor, rows[i].anchor);
        assert_int_equal(m->input_width, rows[i].side);
        assert_int_equal(m->input_height, rows[i].side);
        assert_int_equal(m->bins, rows[i].bins);
        assert_int_equal(m->output_count, rows[i].outputs);
        assert_int_equal(m->order, VG_ORDER_BGR);
        assert_true(fabsf(m->mean[0] - rows[i].mean) < 1e-6F);
        assert_true(fabsf(m->scale[0] - rows[i].scale) < 1e-9F);
        assert_int_equal(m->class_count, 80);
        assert_string_equal(d->weights.file, "");
        assert_int_equal(d->role[0], rows[i].outputs == 1 ? VG_OUTPUT_ALL : VG_OUTPUT_SCORES);
        assert_int_equal(vg_descriptor_known("other", d->graph.sha256, &again, NULL), VG_OK);
        assert_string_equal(again->graph.file, rows[i].file);
        vg_descriptor_close(&again);
        vg_descriptor_close(&d);
    }
}

/* The files themselves, where they are at hand, are those that the descriptors expect. */
static void test_other_files(void **state)
{
    (void)state;
    static const char *const files[] = {"nanodet_g_416.onnx", "nanodet_plus_m_416.onnx",
                                        "yolox_nano_416.onnx", "fastestdet_352.onnx"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char name[64], path[4096];
        struct vg_descriptor *d = NULL;
        struct vg_source_bytes bytes = {NULL, 0};
        (void)snprintf(name, sizeof name, "models/%s", files[i]);
        if (!vg_shared_data(name, path, sizeof path))
            skip();
        assert_int_equal(vg_descriptor_known(files[i], no_digest, &d, NULL), VG_OK);
        assert_int_equal(vg_source_append(&bytes, path, VG_MODEL_FILE_MAX, NULL), VG_OK);
        assert_int_equal(vg_descriptor_compare(&d->graph, path, bytes.data, bytes.size, NULL),
                         VG_OK);
        vg_source_release(&bytes);
        vg_descriptor_close(&d);
    }
}

static void test_guess(void **state)
{
    (void)state;
    static const struct {
        const char *path, *name;
    } rows[] = {
        {"/x/y/YOLOX Nano.onnx", "yolox-nano"},
        {"a.b.onnx", "a.b"},
        {".hidden", "m.hidden"},
        {"_", "m_"},
        {"dir.d/été.onnx", "m--t--"},
        {"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn.onnx",
         "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"},
    };
    struct vg_descriptor_signs signs = {
        .head = VG_HEAD_YOLOX, .class_count = 80, .width = 640, .height = 384, .multiple = 32};
    struct vg_descriptor *d = NULL, *known = NULL;
    struct vg_fault fault = {.what = "", .place = ""};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(vg_descriptor_guess(rows[i].path, &signs, &d, &fault), VG_OK);
        assert_string_equal(d->model.name, rows[i].name);
        assert_true(vg_model_name_valid(d->model.name));
        assert_int_equal(d->graph.file[0], '\0');
        vg_descriptor_close(&d);
    }
    signs.class_count = 3;
    assert_int_equal(vg_descriptor_guess("a/m.onnx", &signs, &d, &fault), VG_E_INPUT);
    assert_null(d);
    assert_string_equal(fault.what, "the file does not say what the classes of the net are");
    assert_string_equal(fault.place, "a/m.onnx: yolox, 3");
    /* a guess is what the embedded descriptor of such a net says, but for words and sizes */
    static const char *const files[] = {"nanodet_g_416.onnx", "nanodet_plus_m_416.onnx",
                                        "yolox_nano_416.onnx", "fastestdet_352.onnx"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        assert_int_equal(vg_descriptor_known(files[i], no_digest, &known, NULL), VG_OK);
        const struct vg_model *k = &known->model;
        signs = (struct vg_descriptor_signs){
            k->head, 80, k->bins, k->input_width, k->input_height, k->input_multiple};
        assert_int_equal(vg_descriptor_guess(files[i], &signs, &d, NULL), VG_OK);
        assert_memory_equal(d->model.mean, k->mean, sizeof k->mean);
        for (unsigned c = 0; c < 3; c++)
            assert_true(fabsf(d->model.scale[c] - k->scale[c]) < 1e-8F);
        assert_int_equal(d->model.anchor, k->anchor);
        assert_int_equal(d->model.order, k->order);
        assert_memory_equal(&d->model.threshold, &k->threshold, sizeof k->threshold);
        assert_memory_equal(d->model.class_map, k->class_map, sizeof k->class_map);
        vg_descriptor_close(&d);
        vg_descriptor_close(&known);
    }
}

static void test_guess_no_memory(void **state)
{
    (void)state;
    const struct vg_descriptor_signs signs = {.head = VG_HEAD_YOLOX, .class_count = 80};
    struct vg_descriptor *d = NULL;
    vg_alloc_fail_at(1);
    assert_int_equal(vg_descriptor_guess("m.onnx", &signs, &d, NULL), VG_E_MEMORY);
    vg_alloc_fail_at(0);
    assert_null(d);
}

/* Known by its digest whatever its name, by its name whatever its digest, else not. */
static void test_known(void **state)
{
    (void)state;
    struct vg_descriptor *d = NULL;
    struct vg_fault fault = {.place = ""};
    uint8_t digest[VG_SHA256_BYTES];
    assert_int_equal(
        vg_sha256_parse("4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d", digest),
        VG_OK);
    assert_int_equal(vg_descriptor_known("other.json", digest, &d, &fault), VG_OK);
    vg_descriptor_close(&d);
    assert_int_equal(vg_descriptor_known("other.json", no_digest, &d, &fault), VG_E_INPUT);
    assert_string_equal(fault.what, "no descriptor is known for this file");
    assert_string_equal(fault.place, "other.json");
    assert_null(d);
}

static void test_compare(void **state)
{
    (void)state;
    struct vg_descriptor_file expected = {.file = "x", .bytes = 3};
    struct vg_fault fault = {.place = ""};
    const uint8_t data[] = {'a', 'b', 'c'};
    vg_sha256(data, sizeof data, expected.sha256);
    assert_int_equal(vg_descriptor_compare(&expected, "p", data, 3, &fault), VG_OK);
    assert_int_equal(vg_descriptor_compare(&expected, "p", data, 2, &fault), VG_E_INPUT);
    assert_string_equal(fault.what, "the file is cut");
    assert_string_equal(fault.place, "p: 2 B ≠ 3 B");
    expected.sha256[0] ^= 1;
    assert_int_equal(vg_descriptor_compare(&expected, "p", data, 3, &fault), VG_E_INTEGRITY);
    assert_string_equal(fault.place,
                        "p: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad "
                        "≠ bb7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expected.file[0] = '\0'; /* nothing expected */
    assert_int_equal(vg_descriptor_compare(&expected, "p", data, 2, &fault), VG_OK);
}

static char *replaced(const char *find, const char *put)
{
    const char *at = strstr(graph_descriptor, find);
    if (!at)
        fail_msg("\"%s\" is not in the text", find);
    const size_t before = (size_t)(at - graph_descriptor), after = strlen(at + strlen(find));
    char *out = malloc(before + strlen(put) + after + 1);
    assert_non_null(out);
    memcpy(out, graph_descriptor, before);
    memcpy(out + before, put, strlen(put));
    memcpy(out + before + strlen(put), at + strlen(find), after + 1);
    return out;
}

static void test_bad(void **state)
{
    (void)state;
    static const struct {
        const char *find, *put, *what, *place;
    } rows[] = {
        {"\"version\": 1", "\"version\": 2", "the number is out of range",
         "d:2:13: /version (2, 1..1)"},
        {"\"version\": 1, ", "", "a required key is missing", "d:1:1: /version"},
        {"\"version\": 1", "\"version\": 1, \"more\": 1", "unknown key", "d:2:24: /more"},
        {"\"name\": \"small\"", "\"name\": \"Small\"", "this cannot be the name of a model",
         "d:2:24: /name"},
        {"\"name\": \"small\"", "\"name\": \"\"", "the text is empty", "d:2:24: /name"},
        {"\"licence\": \"GPL-3.0-or-later\"", "\"licence\": 3", "a text was expected",
         "d:2:44: /licence"},
        {"\"origin\": \"made for the tests\"", "\"origin\": \"a\\nb\"",
         "the text holds a control character", "d:3:12: /origin"},
        {"\"input\": {\"width\"", "\"input\": {\"depth\": 1, \"width\"", "unknown key",
         "d:4:21: /input/depth"},
        {"\"input\": {", "\"input\": 3, \"head\": {", "a key stands twice in one object", "d:6:7"},
        {"\"width\": 16", "\"width\": 0", "the number is out of range",
         "d:4:21: /input/width (0, 1..4096)"},
        {"\"height\": 8", "\"height\": 5000", "the number is out of range",
         "d:4:35: /input/height (5000, 1..4096)"},
        {"\"multiple\": 4", "\"multiple\": -1", "the number is out of range",
         "d:4:50: /input/multiple (-1, 0..256)"},
        {"\"fill\": 114", "\"fill\": 114, \"anchor\": \"middle\"",
         "where the picture lies in the letterbox is unknown", "d:5:63: /input/anchor"},
        {"\"nanodet\", \"bins\": 2", "\"nanodet_plus\"", "a required key is missing",
         "d:6:10: /head/bins"},
        {"\"nanodet\"", "\"yolox\"", "this head has no bins", "d:6:36: /head/bins"},
        {"\"multiple\": 4", "\"multiple\": 1.5", "a whole number was expected",
         "d:4:50: /input/multiple"},
        {"\"rgb\"", "\"gbr\"", "the order of the planes is unknown", "d:4:62: /input/order"},
        {"\"mean\": [1, 2, 3]", "\"mean\": [1, 2]", "three numbers are expected",
         "d:5:11: /input/mean"},
        {"\"mean\": [1, 2, 3]", "\"mean\": [1, 2, \"3\"]",
         "mean or scale of the input is out of range", "d:5:18: /input/mean/2"},
        {"\"std\": [2, 4, 8]", "\"std\": [2, 4, 0]", "mean or scale of the input is out of range",
         "d:5:36: /input/std/2"},
        {"\"fill\": 114", "\"fill\": 256", "the number is out of range",
         "d:5:48: /input/fill (256, 0..255)"},
        {"\"nanodet\"", "\"yolo\"", "the kind of head is unknown", "d:6:19: /head/type"},
        {"\"bins\": 2", "\"bins\": 1", "the number is out of range",
         "d:6:38: /head/bins (1, 2..64)"},
        {"\"bins\": 2", "\"bins\": 2, \"reg\": 1", "unknown key", "d:6:48: /head/reg"},
        {"\"outputs\": [", "\"outputs\": [], \"old\": [", "unknown key", "d:7:24: /old"},
        {" \"outputs\": [{\"name\": \"Identity\", \"role\": \"scores\"},\n"
         "  {\"name\": \"Identity_1\", \"role\": \"distances\"}],\n",
         " \"outputs\": [],\n", "the list is empty", "d:7:13: /outputs"},
        {"\"classes\": [\"person\", \"traffic light\", \"dog\"]", "\"classes\": \"coco-80\"",
         "a list of classes by name has its own map", "d:11:9: /map"},
        {"\"classes\": [\"person\", \"traffic light\", \"dog\"],\n"
         " \"map\": {\"person\": \"person\", \"traffic light\": null, \"dog\": \"animal\"}",
         "\"classes\": \"coco\"", "there is no list of classes of this name", "d:10:13: /classes"},
        {"\"classes\": [\"person\", \"traffic light\", \"dog\"]", "\"classes\": 7",
         "a list was expected", "d:10:13: /classes"},
        {"\"role\": \"scores\"", "\"role\": \"score\"", "the output's role is unknown",
         "d:7:43: /outputs/0/role"},
        {"{\"name\": \"Identity\", \"role\": \"scores\"}", "{\"name\": \"Identity\"}",
         "a required key is missing", "d:7:14: /outputs/0/role"},
        {"{\"name\": \"Identity\", \"role\": \"scores\"}", "7", "an object is missing here",
         "d:7:14: /outputs/0"},
        {"\"threshold\": 0.25", "\"threshold\": 1.25", "the number is out of range",
         "d:9:15: /threshold (1.25, 0.001..1)"},
        {"\"nms\": 0.5", "\"nms\": 0", "the number is out of range", "d:9:28: /nms (0, 0.001..1)"},
        {"\"traffic light\", \"dog\"]", "\"traffic light\", \"dog\", \"kite\"]",
         "a class of the net is not mapped", "d:10:48: /classes/3: \"kite\""},
        {"\"traffic light\", \"dog\"]", "\"traffic light\", \"dog\", \"\"]",
         "the class has no proper name", "d:10:48: /classes/3: \"\""},
        {"\"traffic light\", \"dog\"]", "\"traffic light\", \"dog\", 5]",
         "the class has no proper name", "d:10:48: /classes/3: \"\""},
        {"\"traffic light\", \"dog\"]",
         "\"traffic light\", \"dog\", \"a word that is longer than 31 letters\"]",
         "the class has no proper name",
         "d:10:48: /classes/3: \"a word that is longer than 31 letters\""},
        {"\"traffic light\", \"dog\"]", "\"traffic light\", \"dog\", \"face\"]",
         "the net detects what this product must never detect", "d:10:48: /classes/3: \"face\""},
        {"\"dog\": \"animal\"}", "\"dog\": \"animal\", \"number plate\": null}",
         "the net detects what this product must never detect", "d:11:9: /map: \"number plate\""},
        {"\"dog\": \"animal\"}", "\"dog\": \"animal\", \"cat\": \"animal\"}",
         "the net has no such class", "d:11:9: /map: \"cat\""},
        {"\"dog\": \"animal\"", "\"dog\": \"beast\"", "the class is mapped to none that exists",
         "d:11:60: /map/dog"},
        {"\"dog\": \"animal\"", "\"dog\": 5", "the class is mapped to none that exists",
         "d:11:60: /map/dog"},
        {"\"dog\": \"animal\"", "\"dog\": \"\"", "the class is mapped to none that exists",
         "d:11:60: /map/dog"},
        {"\"dog\": \"animal\"}", "\"dog\": \"animal\", \"dog\": \"animal\"}",
         "a key stands twice in one object", "d:11:74"},
        {"\"map\": {\"person\": \"person\", \"traffic light\": null, \"dog\": \"animal\"}",
         "\"map\": null", "an object is missing here", "d:11:9: /map"},
        {"\"head\":", "\"source\": {\"graph\": 5, \"weights\": 5}, \"head\":",
         "an object is missing here", "d:6:22: /source/graph"},
        {"\"head\":",
         "\"source\": {\"graph\": {\"file\": \"a\", \"bytes\": 0, \"sha256\": \"00\"}, "
         "\"weights\": 5}, \"head\":",
         "the number is out of range", "d:6:45: /source/graph/bytes (0, 1..2.68435e+08)"},
        {"\"head\":",
         "\"source\": {\"graph\": {\"file\": \"a\", \"bytes\": 1, \"sha256\": \"00\"}, "
         "\"weights\": 5}, \"head\":",
         "this is not a SHA-256 sum", "d:6:58: /source/graph/sha256"},
        {"}\n}\n", "}\n", "not valid JSON", "d:12:0"},
        {"{\n \"version\"", "[\n \"version\"", "not valid JSON", "d:2:11"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_descriptor *d = NULL;
        struct vg_fault fault = {.what = "", .place = ""};
        char *bad = replaced(rows[i].find, rows[i].put);
        const enum vg_status status = vg_descriptor_parse("d", bad, strlen(bad), &d, &fault);
        if (status != VG_E_INPUT || strcmp(fault.what, rows[i].what) != 0 ||
            strcmp(fault.place, rows[i].place) != 0)
            fail_msg("row %zu: %s: \"%s\": \"%s\"", i, vg_status_name(status), fault.what,
                     fault.place);
        assert_null(d);
        free(bad);
    }
}

/* What may be left out, and what stands for it. */
static void test_optional(void **state)
{
    (void)state;
    static const char text[] =
        "{\"version\": 1, \"name\": \"n\", \"licence\": \"MIT\", \"origin\": \"o\",\n"
        "\"source\": {\"graph\": {\"file\": \"a\", \"bytes\": 1, \"sha256\":\n"
        "\"0000000000000000000000000000000000000000000000000000000000000001\"}},\n"
        "\"input\": {\"width\": 17, \"height\": 9, \"multiple\": 0, \"order\": \"rgb\",\n"
        " \"mean\": [0, 0, 0], \"std\": [1, 1, 1], \"fill\": 0, \"anchor\": \"corner\"},\n"
        "\"head\": {\"type\": \"fastestdet\"}, \"threshold\": 0.5, \"nms\": 0.5,\n"
        "\"classes\": \"coco-80\"}";
    struct vg_descriptor *d = NULL;
    struct vg_fault fault = {.what = "", .place = ""};
    if (vg_descriptor_parse("d", text, strlen(text), &d, &fault))
        fail_msg("%s: %s", fault.what, fault.place);
    assert_string_equal(d->graph.file, "a");
    assert_string_equal(d->weights.file, "");
    assert_int_equal(d->model.input_multiple, 0);
    assert_int_equal(d->model.anchor, VG_ANCHOR_CORNER);
    assert_int_equal(d->model.head, VG_HEAD_FASTESTDET);
    assert_int_equal(d->model.bins, 0);
    assert_int_equal(d->model.output_count, 0);
    assert_int_equal(d->model.class_count, 80);
    assert_string_equal(d->model.class_name[79], "toothbrush");
    vg_descriptor_close(&d);
    assert_int_equal(vg_descriptor_parse("d", graph_descriptor, strlen(graph_descriptor), &d, NULL),
                     VG_OK);
    assert_int_equal(d->model.anchor, VG_ANCHOR_CENTRE);
    vg_descriptor_close(&d);
}

static void test_no_memory(void **state)
{
    (void)state;
    for (uint32_t n = 1;; n++) {
        struct vg_descriptor *d = NULL;
        vg_alloc_fail_at(n);
        const enum vg_status status =
            vg_descriptor_parse("d", graph_descriptor, strlen(graph_descriptor), &d, NULL);
        vg_alloc_fail_at(0);
        vg_descriptor_close(&d);
        if (status == VG_OK)
            break;
        assert_int_equal(status, VG_E_MEMORY);
        assert_true(n < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default),         cmocka_unit_test(test_others),
        cmocka_unit_test(test_other_files),     cmocka_unit_test(test_guess),
        cmocka_unit_test(test_guess_no_memory), cmocka_unit_test(test_known),
        cmocka_unit_test(test_compare),         cmocka_unit_test(test_bad),
        cmocka_unit_test(test_optional),        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
