/* The model file: what is written is read back, and every way of being wrong is refused with
 * the byte where it stands. The bad files are the good one with some bytes changed and its
 * digest made right again, so that the check meant is the one that speaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "models/model.h"
#include "src/base/alloc.h"
#include "tests/shared_data.h"
#include "tests/unit/small_model.h"

/* Where the records of the small model begin. */
enum {
    CLASSES = 512,
    TENSORS = CLASSES + 3 * 64,
    NODES = TENSORS + 10 * 8,
    OUTPUTS = NODES + 9 * 80,
    WEIGHTS = OUTPUTS + 2 * 72,
    DIGEST = WEIGHTS + 2 * SMALL_WEIGHTS,
    TOTAL = DIGEST + 32,
};

static uint8_t *good;

static int setup(void **state)
{
    (void)state;
    struct vg_model *model = small_model();
    size_t size = 0;
    struct vg_fault fault = {.place = ""};
    if (!model || vg_model_pack(model, &good, &size, &fault) || size != TOTAL) {
        print_error("pack: %s: %s\n", fault.what ? fault.what : "", fault.place);
        return 1;
    }
    vg_model_close(&model);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    vg_free(good);
    return 0;
}

static void seal(uint8_t *data, size_t size)
{
    vg_sha256(data, size - VG_SHA256_BYTES, data + size - VG_SHA256_BYTES);
}

/* A block of exactly `size` bytes, so that a sanitizer sees one read too many. */
static uint8_t *copy(size_t size)
{
    uint8_t *data = malloc(size ? size : 1);
    assert_non_null(data);
    memcpy(data, good, size < TOTAL ? size : TOTAL);
    return data;
}

static void assert_same_model(const struct vg_model *a, const struct vg_model *b)
{
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->licence, b->licence);
    assert_string_equal(a->origin, b->origin);
    assert_int_equal(a->input_width, b->input_width);
    assert_int_equal(a->input_height, b->input_height);
    assert_int_equal(a->input_multiple, b->input_multiple);
    assert_int_equal(a->order, b->order);
    assert_memory_equal(a->mean, b->mean, sizeof a->mean);
    assert_memory_equal(a->scale, b->scale, sizeof a->scale);
    assert_memory_equal(&a->fill, &b->fill, sizeof a->fill);
    assert_int_equal(a->head, b->head);
    assert_int_equal(a->bins, b->bins);
    assert_memory_equal(&a->threshold, &b->threshold, sizeof a->threshold);
    assert_memory_equal(&a->nms, &b->nms, sizeof a->nms);
    assert_int_equal(a->class_count, b->class_count);
    assert_memory_equal(a->class_map, b->class_map, a->class_count * sizeof a->class_map[0]);
    assert_memory_equal(a->class_name, b->class_name, sizeof a->class_name);
    assert_int_equal(a->tensor_count, b->tensor_count);
    assert_memory_equal(a->tensor, b->tensor, sizeof a->tensor);
    assert_int_equal(a->node_count, b->node_count);
    for (uint32_t i = 0; i < a->node_count; i++) {
        assert_int_equal(a->node[i].op, b->node[i].op);
        assert_int_equal(a->node[i].act, b->node[i].act);
        assert_memory_equal(&a->node[i].slope, &b->node[i].slope, sizeof(float));
        assert_memory_equal(a->node[i].in, b->node[i].in, sizeof a->node[i].in);
        assert_int_equal(a->node[i].out, b->node[i].out);
        assert_int_equal(a->node[i].kernel, b->node[i].kernel);
        assert_int_equal(a->node[i].scale_num, b->node[i].scale_num);
        assert_int_equal(a->node[i].channel_first, b->node[i].channel_first);
        assert_int_equal(a->node[i].weight_first, b->node[i].weight_first);
        assert_int_equal(a->node[i].bias_first, b->node[i].bias_first);
    }
    assert_int_equal(a->output_count, b->output_count);
    for (uint32_t i = 0; i < a->output_count; i++) {
        assert_string_equal(a->output[i].name, b->output[i].name);
        assert_int_equal(a->output[i].tensor, b->output[i].tensor);
        assert_int_equal(a->output[i].role, b->output[i].role);
    }
    assert_int_equal(a->weight_count, b->weight_count);
    assert_memory_equal(a->weights, b->weights, a->weight_count * sizeof *a->weights);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct vg_model *made = small_model(), *read = NULL;
    uint8_t *again = NULL;
    size_t size = 0;
    assert_int_equal(vg_model_parse("small", good, TOTAL, &read, NULL), VG_OK);
    assert_same_model(made, read);
    assert_memory_equal(read->digest, good + DIGEST, VG_SHA256_BYTES);
    assert_int_equal(vg_model_pack(read, &again, &size, NULL), VG_OK);
    assert_int_equal(size, TOTAL);
    assert_memory_equal(again, good, TOTAL);
    vg_free(again);
    vg_model_close(&read);
    vg_model_close(&made);
    vg_model_close(&made); /* and once more: nothing */
}

/* One weight that is no half makes all of them singles. */
static void test_singles(void **state)
{
    (void)state;
    struct vg_model *made = small_model(), *read = NULL;
    uint8_t *data = NULL;
    size_t size = 0;
    made->weights[5] = 0.1F;
    assert_int_equal(vg_model_pack(made, &data, &size, NULL), VG_OK);
    assert_int_equal(size, TOTAL + 2 * SMALL_WEIGHTS);
    assert_int_equal(vg_model_parse("small", data, size, &read, NULL), VG_OK);
    assert_same_model(made, read);
    vg_free(data);
    vg_model_close(&read);
    vg_model_close(&made);
}

/* A file of version 1 that is kept: it must be readable, and written the same, for ever. */
static void test_kept_file(void **state)
{
    (void)state;
    char path[4096];
    struct vg_model *read = NULL, *made = small_model();
    uint8_t *again = NULL;
    size_t size = 0;
    vg_source_path("tests/fuzz/seeds/model_file/small.vgm", path, sizeof path);
    assert_int_equal(vg_model_open(path, &read, NULL), VG_OK);
    assert_same_model(made, read);
    assert_int_equal(vg_model_pack(read, &again, &size, NULL), VG_OK);
    assert_memory_equal(again + DIGEST, read->digest, VG_SHA256_BYTES);
    vg_free(again);
    vg_model_close(&read);
    vg_model_close(&made);
}

static void test_every_prefix(void **state)
{
    (void)state;
    for (size_t size = 0; size < TOTAL; size++) {
        uint8_t *data = copy(size);
        struct vg_model *model = NULL;
        struct vg_fault fault = {.place = ""};
        char want[64];
        assert_int_equal(vg_model_parse("f", data, size, &model, &fault), VG_E_INPUT);
        assert_null(model);
        assert_string_equal(fault.what, "the model file is cut");
        (void)snprintf(want, sizeof want, "f: 0x%zx: ", size);
        assert_memory_equal(fault.place, want, strlen(want));
        free(data);
    }
}

static void test_every_byte_changed(void **state)
{
    (void)state;
    for (size_t at = 0; at < TOTAL; at++) {
        uint8_t *data = copy(TOTAL);
        struct vg_model *model = NULL;
        data[at] ^= 0x10;
        assert_int_not_equal(vg_model_parse("f", data, TOTAL, &model, NULL), VG_OK);
        assert_null(model);
        free(data);
    }
}

static void test_digest(void **state)
{
    (void)state;
    uint8_t *data = copy(TOTAL);
    struct vg_model *model = NULL;
    struct vg_fault fault = {.place = ""};
    data[WEIGHTS + 7] ^= 1;
    assert_int_equal(vg_model_parse("f", data, TOTAL, &model, &fault), VG_E_INTEGRITY);
    assert_string_equal(fault.what, "the model file was changed or damaged");
    assert_non_null(strstr(fault.place, " ≠ "));
    free(data);
}

/* A number of `width` bytes written at a byte of the file. */
struct patch {
    unsigned byte, width;
    uint64_t value;
};

static void test_bad_files(void **state)
{
    (void)state;
    static const struct {
        struct patch patch[2];
        const char *what, *place;
    } rows[] = {
        /* header */
        {{{0, 1, 0x88}}, "this is not a model file of Vigie", "f: 0x0"},
        {{{8, 4, 2}}, "this version of the model file is unknown", "f: 0x8: version=2 ≠ 1"},
        {{{12, 4, 3}}, "an unknown flag is set", "f: 0xc"},
        {{{16, 8, TOTAL + 1}}, "the size does not fit the counts", "f: 0x10: 2015 B ≠ 2014 B"},
        {{{24, 4, 18}}, "the input size is not allowed", "f: 0x0: /header: width=18 multiple=4"},
        {{{28, 4, 0}}, "the input size is not allowed", "f: 0x0: /header: height=0 multiple=4"},
        {{{24, 4, 8192}},
         "the input size is not allowed",
         "f: 0x0: /header: width=8192 multiple=4"},
        {{{32, 4, 3}}, "the input size is not allowed", "f: 0x0: /header: multiple=3"},
        {{{32, 4, 512}}, "the input size is not allowed", "f: 0x0: /header: multiple=512"},
        {{{36, 4, 3}}, "the order of the planes is unknown", "f: 0x0: /header: order=3"},
        {{{40, 4, 0x7fc00000}},
         "mean or scale of the input is out of range",
         "f: 0x0: /header: plane=0 mean=nan scale=0.5"},
        {{{56, 4, 0}},
         "mean or scale of the input is out of range",
         "f: 0x0: /header: plane=1 mean=101 scale=0"},
        {{{64, 4, 0x43800000}},
         "the value of the border is out of range",
         "f: 0x0: /header: fill=256"},
        {{{68, 4, 2}}, "the kind of head is unknown", "f: 0x0: /header: head=2"},
        {{{72, 4, 1}}, "the number of bins is out of range", "f: 0x0: /header: bins=1"},
        {{{76, 4, 0}}, "the threshold is out of range", "f: 0x0: /header: threshold=0"},
        {{{80, 4, 0x40000000}}, "the NMS limit is out of range", "f: 0x0: /header: nms=2"},
        {{{84, 4, 257}}, "a count is out of range", "f: 0x54: class_count=257 > 256"},
        {{{84, 4, 2}}, "the size does not fit the counts", "f: 0x10: 2014 B ≠ 1950 B"},
        {{{88, 4, 1025}}, "a count is out of range", "f: 0x58: tensor_count=1025 > 1024"},
        {{{92, 4, 1024}}, "a count is out of range", "f: 0x5c: node_count=1024 > 1023"},
        {{{96, 4, 17}}, "a count is out of range", "f: 0x60: output_count=17 > 16"},
        {{{100, 4, 1}}, "a reserved field is not zero", "f: 0x64"},
        {{{104, 8, UINT64_MAX}},
         "a count is out of range",
         "f: 0x68: weight_count=18446744073709551615 > 134217728"},
        {{{104, 8, SMALL_WEIGHTS - 1}},
         "the size does not fit the counts",
         "f: 0x10: 2014 B ≠ 2012 B"},
        {{{120, 1, 1}}, "a reserved field is not zero", "f: 0x78"},
        {{{128, 1, 'S'}}, "the model's name is not allowed", "f: 0x0: /header: name"},
        {{{128, 1, 0}}, "a text is not filled up with zeros", "f: 0x80: name"},
        {{{191, 1, 'x'}}, "a text is not filled up with zeros", "f: 0x80: name"},
        {{{192, 1, 0}, {193, 15, 0}}, "the model names no licence", "f: 0x0: /header: licence"},
        {{{192, 1, 7}}, "the model names no licence", "f: 0x0: /header: licence"},
        {{{256, 8, 0}, {264, 10, 0}},
         "the model does not say where it comes from",
         "f: 0x0: /header: origin"},
        /* classes */
        {{{CLASSES, 6, 0}}, "the class has no proper name", "f: 0x200: /class/0: name"},
        {{{CLASSES, 6, 0x65636166}},
         "the net detects what this product must never detect",
         "f: 0x200: /class/0: \"face\""},
        {{{CLASSES + 64, 16, 0x6e6f73726570}, {CLASSES + 72, 8, 0}},
         "two classes have one name",
         "f: 0x240: /class/1: \"person\""},
        {{{CLASSES + 32, 1, 'q'}},
         "the class is mapped to none that exists",
         "f: 0x200: /class/0: class"},
        {{{CLASSES + 63, 1, 1}}, "a text is not filled up with zeros", "f: 0x200: /class/0: name"},
        {{{CLASSES + 32, 6, 0}, {CLASSES + 160, 6, 0}},
         "every class of the net is dropped",
         "f: 0x200: /class/0: classes=3"},
        /* tensors */
        {{{TENSORS, 4, 1}},
         "the first tensor is not the input",
         "f: 0x2c0: /tensor/0: channels=1 stride=1"},
        {{{TENSORS + 8, 4, 0}},
         "the number of channels is out of range",
         "f: 0x2c8: /tensor/1: channels=0"},
        {{{TENSORS + 8, 4, 4097}},
         "the number of channels is out of range",
         "f: 0x2c8: /tensor/1: channels=4097"},
        {{{TENSORS + 12, 4, 3}},
         "the tensor's stride is not allowed",
         "f: 0x2c8: /tensor/1: stride=3 multiple=4"},
        {{{TENSORS + 12, 4, 8}},
         "the tensor's stride is not allowed",
         "f: 0x2c8: /tensor/1: stride=8 multiple=4"},
        /* nodes: operator, activation, slope, inputs */
        {{{NODES, 4, 0}}, "the operator is unknown", "f: 0x310: /node/0: operator=0"},
        {{{NODES, 4, 8}}, "the operator is unknown", "f: 0x310: /node/0: operator=8"},
        {{{NODES, 4, UINT32_MAX}},
         "the operator is unknown",
         "f: 0x310: /node/0: operator=4294967295"},
        {{{NODES + 4, 4, 2}},
         "the activation is not allowed here",
         "f: 0x310: /node/0: activation=2"},
        {{{NODES + 80 + 4, 4, 1}},
         "the activation is not allowed here",
         "f: 0x360: /node/1: activation=1"},
        {{{NODES + 8, 4, 0x7f800000}}, "the slope is out of range", "f: 0x310: /node/0: slope=inf"},
        {{{NODES + 160 + 8, 4, 0x3f000000}},
         "the slope is out of range",
         "f: 0x3b0: /node/2: slope=0.5"},
        {{{NODES + 12, 4, 2}},
         "the operator does not take that many inputs",
         "f: 0x310: /node/0: operator=1 inputs=2"},
        {{{NODES + 12, 4, 0}},
         "the operator does not take that many inputs",
         "f: 0x310: /node/0: operator=1 inputs=0"},
        {{{NODES + 7 * 80 + 12, 4, 5}},
         "the operator does not take that many inputs",
         "f: 0x540: /node/7: operator=4 inputs=5"},
        {{{NODES + 16, 4, 1}},
         "the node reads a tensor that no earlier node writes",
         "f: 0x310: /node/0: tensor=1"},
        {{{NODES + 80 + 16, 4, 5}},
         "the node reads a tensor that no earlier node writes",
         "f: 0x360: /node/1: tensor=5"},
        {{{NODES + 80 + 16, 4, UINT32_MAX}},
         "the node reads a tensor that no earlier node writes",
         "f: 0x360: /node/1: tensor=4294967295"},
        {{{NODES + 20, 4, 1}}, "an unused field is not zero", "f: 0x310: /node/0: input=1"},
        {{{NODES + 80 + 32, 4, 1}},
         "the node writes a tensor that is not there or is written already",
         "f: 0x360: /node/1: tensor=1"},
        {{{NODES + 80 + 32, 4, 10}},
         "the node writes a tensor that is not there or is written already",
         "f: 0x360: /node/1: tensor=10"},
        {{{NODES + 32, 4, 0}},
         "the node writes a tensor that is not there or is written already",
         "f: 0x310: /node/0: tensor=0"},
        /* nodes: window, scale, slice, weights, unused fields */
        {{{NODES + 36, 4, 2}},
         "kernel, stride or pad is not allowed",
         "f: 0x310: /node/0: kernel=2 stride=2 pad=1"},
        {{{NODES + 36, 4, 17}},
         "kernel, stride or pad is not allowed",
         "f: 0x310: /node/0: kernel=17 stride=2 pad=1"},
        {{{NODES + 40, 4, 4}},
         "kernel, stride or pad is not allowed",
         "f: 0x310: /node/0: kernel=3 stride=4 pad=1"},
        {{{NODES + 44, 4, 0}},
         "kernel, stride or pad is not allowed",
         "f: 0x310: /node/0: kernel=3 stride=2 pad=0"},
        {{{NODES + 40, 4, 1}},
         "the output's shape does not follow from the inputs",
         "f: 0x310: /node/0: tensor=1 channels=4 stride=2 ≠ channels=4 stride=1"},
        {{{NODES + 6 * 80 + 48, 4, 3}},
         "the scale is not allowed",
         "f: 0x4f0: /node/6: scale=3/1 stride=4"},
        {{{NODES + 6 * 80 + 48, 4, 1}, {NODES + 6 * 80 + 52, 4, 2}},
         "the output's shape does not follow from the inputs",
         "f: 0x4f0: /node/6: tensor=7 channels=4 stride=2 ≠ channels=4 stride=8"},
        {{{NODES + 4 * 80 + 56, 4, 4}},
         "the slice lies outside its input",
         "f: 0x450: /node/4: channels=4..12 > 11"},
        {{{NODES + 4 * 80 + 56, 4, UINT32_MAX}},
         "the slice lies outside its input",
         "f: 0x450: /node/4: channels=4294967295..4294967303 > 11"},
        {{{NODES + 5 * 80 + 56, 4, 1}},
         "an unused field is not zero",
         "f: 0x4a0: /node/5: channel_first"},
        {{{NODES + 5 * 80 + 36, 4, 1}},
         "an unused field is not zero",
         "f: 0x4a0: /node/5: kernel, stride, pad"},
        {{{NODES + 5 * 80 + 48, 4, 1}}, "an unused field is not zero", "f: 0x4a0: /node/5: scale"},
        {{{NODES + 5 * 80 + 72, 8, 1}},
         "an unused field is not zero",
         "f: 0x4a0: /node/5: weights"},
        {{{NODES + 60, 4, 1}}, "a reserved field is not zero", "f: 0x310: /node/0: reserved"},
        {{{NODES + 64, 8, 60}},
         "the node's weights lie outside the weights",
         "f: 0x310: /node/0: 60 + 108 > 167"},
        {{{NODES + 64, 8, UINT64_MAX}},
         "the node's weights lie outside the weights",
         "f: 0x310: /node/0: 18446744073709551615 + 108 > 167"},
        {{{NODES + 72, 8, 164}},
         "the node's weights lie outside the weights",
         "f: 0x310: /node/0: 164 + 4 > 167"},
        /* nodes: shapes that do not follow */
        {{{NODES + 7 * 80 + 20, 4, 2}},
         "the inputs' shapes do not fit each other",
         "f: 0x540: /node/7: tensor=7 ≠ tensor=2"},
        {{{NODES + 8 * 80 + 20, 4, 6}},
         "the inputs' shapes do not fit each other",
         "f: 0x590: /node/8: tensor=8 ≠ tensor=6"},
        {{{TENSORS + 9 * 8, 4, 9}},
         "the output's shape does not follow from the inputs",
         "f: 0x590: /node/8: tensor=9 channels=9 stride=2 ≠ channels=8 stride=2"},
        {{{TENSORS + 6 * 8, 4, 4}},
         "the output's shape does not follow from the inputs",
         "f: 0x4a0: /node/5: tensor=6 channels=4 stride=4 ≠ channels=3 stride=4"},
        {{{TENSORS + 2 * 8, 4, 5}},
         "the output's shape does not follow from the inputs",
         "f: 0x360: /node/1: tensor=2 channels=5 stride=4 ≠ channels=4 stride=4"},
        /* outputs */
        {{{OUTPUTS, 1, 0}, {OUTPUTS + 1, 7, 0}},
         "the output's name is not allowed",
         "f: 0x5e0: /output/0: name"},
        {{{OUTPUTS, 1, '/'}}, "the output's name is not allowed", "f: 0x5e0: /output/0: name"},
        {{{OUTPUTS, 1, '.'}}, "the output's name is not allowed", "f: 0x5e0: /output/0: name"},
        {{{OUTPUTS + 63, 1, 'x'}},
         "a text is not filled up with zeros",
         "f: 0x5e0: /output/0: name"},
        {{{OUTPUTS + 72 + 8, 2, 0}},
         "two outputs have one name",
         "f: 0x628: /output/1: \"Identity\""},
        {{{OUTPUTS + 64, 4, 10}},
         "the output's tensor is not there",
         "f: 0x5e0: /output/0: tensor=10"},
        {{{OUTPUTS + 64, 4, 5}},
         "the output's channels do not fit the classes or bins",
         "f: 0x5e0: /output/0: \"Identity\" channels=8 ≠ 3"},
        {{{OUTPUTS + 68, 4, 3}}, "the output's role is unknown", "f: 0x5e0: /output/0: role=3"},
        {{{OUTPUTS + 68, 4, 2}},
         "the output's channels do not fit the classes or bins",
         "f: 0x5e0: /output/0: \"Identity\" channels=3 ≠ 8"},
        {{{OUTPUTS + 72 + 68, 4, 1}, {OUTPUTS + 72 + 64, 4, 4}},
         "two outputs have one role and stride",
         "f: 0x628: /output/1: \"Identity\" = \"Identity_1\""},
        {{{72, 4, 3}},
         "the output's channels do not fit the classes or bins",
         "f: 0x628: /output/1: \"Identity_1\" channels=8 ≠ 12"},
        /* weights */
        {{{WEIGHTS, 2, 0x7e00}}, "a weight is not a finite number", "f: 0x670: /weight/0: nan"},
        {{{DIGEST - 2, 2, 0xfc00}},
         "a weight is not a finite number",
         "f: 0x7bc: /weight/166: -inf"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t *data = copy(TOTAL);
        struct vg_model *model = NULL;
        struct vg_fault fault = {.what = "", .place = ""};
        for (unsigned p = 0; p < 2; p++)
            for (unsigned b = 0; b < rows[i].patch[p].width; b++)
                data[rows[i].patch[p].byte + b] =
                    (uint8_t)(b < 8 ? rows[i].patch[p].value >> (8 * b) : 0);
        seal(data, TOTAL);
        const enum vg_status status = vg_model_parse("f", data, TOTAL, &model, &fault);
        if (status != VG_E_INPUT || strcmp(fault.what, rows[i].what) != 0 ||
            strcmp(fault.place, rows[i].place) != 0)
            fail_msg("row %zu: %s: \"%s\": \"%s\"", i, vg_status_name(status), fault.what,
                     fault.place);
        assert_null(model);
        free(data);
    }
}

/* What only a model in memory can be: an importer's mistakes. */
static void test_check_in_memory(void **state)
{
    (void)state;
    struct vg_fault fault = {.place = ""};
    struct vg_model *m = small_model();
    assert_int_equal(vg_model_check(m, &fault), VG_OK);
    m->output_count = 1;
    assert_int_equal(vg_model_check(m, &fault), VG_E_INPUT);
    assert_string_equal(fault.what, "scores and distances do not come in pairs");
    assert_string_equal(fault.place, "/output/0: \"Identity\" stride=4");
    m->output_count = 2;
    m->tensor_count = 9;
    assert_int_equal(vg_model_check(m, &fault), VG_E_INPUT);
    assert_string_equal(fault.place, "tensors=9 (10..10)");
    m->tensor_count = 10;
    m->class_map[1] = VG_CLASS_COUNT;
    assert_int_equal(vg_model_check(m, &fault), VG_E_INPUT);
    assert_string_equal(fault.place, "/class/1: \"traffic light\" → 18");
    m->class_map[1] = VG_CLASS_NONE;
    memset(m->licence, 'x', sizeof m->licence);
    assert_int_equal(vg_model_check(m, &fault), VG_E_INPUT);
    assert_string_equal(fault.what, "the model names no licence");
    vg_model_close(&m);
}

static void test_bytes_after_the_end(void **state)
{
    (void)state;
    uint8_t *data = copy(TOTAL + 1);
    struct vg_model *model = NULL;
    struct vg_fault fault = {.place = ""};
    data[TOTAL] = 0;
    assert_int_equal(vg_model_parse("f", data, TOTAL + 1, &model, &fault), VG_E_INPUT);
    assert_string_equal(fault.what, "bytes follow the end of the model");
    free(data);
}

static void test_no_memory(void **state)
{
    (void)state;
    uint32_t n = 1;
    for (;; n++) {
        struct vg_model *model = NULL;
        vg_alloc_fail_at(n);
        const enum vg_status status = vg_model_parse("f", good, TOTAL, &model, NULL);
        vg_alloc_fail_at(0);
        if (status == VG_OK) {
            vg_model_close(&model);
            break;
        }
        assert_int_equal(status, VG_E_MEMORY);
        assert_null(model);
    }
    assert_int_equal(n, 3); /* the model and its weights */
}

static void test_save_and_find(void **state)
{
    (void)state;
    char dir[] = "/tmp/vg-model-XXXXXX", path[128], file[160];
    struct vg_fault fault = {.place = ""};
    struct vg_model *made = small_model(), *read = NULL;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(setenv("VIGIE_MODELS", dir, 1), 0);
    assert_int_equal(vg_model_find("small", &read, &fault), VG_E_MISSING);
    assert_int_equal(vg_model_path("small", path, sizeof path, &fault), VG_OK);
    (void)snprintf(file, sizeof file, "%s/small.vgm", dir);
    assert_string_equal(path, file);
    assert_int_equal(vg_model_save(made, path, &fault), VG_OK);
    assert_int_equal(vg_model_find("small", &read, &fault), VG_OK);
    assert_same_model(made, read);
    vg_model_close(&read);
    assert_int_equal(vg_model_find(path, &read, &fault), VG_OK);
    vg_model_close(&read);
    /* a model that would be refused is not written at all */
    made->weights[0] = NAN;
    (void)snprintf(file, sizeof file, "%s/bad.vgm", dir);
    assert_int_equal(vg_model_save(made, file, &fault), VG_E_INPUT);
    assert_int_not_equal(access(file, F_OK), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
    vg_model_close(&made);
}

static void test_names(void **state)
{
    (void)state;
    char path[256];
    static const struct {
        const char *name;
        enum vg_status status;
    } rows[] = {
        {"nanodet-g", VG_OK},
        {"a.b_c-1", VG_OK},
        {"", VG_E_CALL},
        {".hidden", VG_E_CALL},
        {"A", VG_E_CALL},
        {"a b", VG_E_CALL},
        {"-x", VG_E_CALL},
        {"a/b", VG_OK},
        {"x.vgm", VG_OK},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", VG_E_CALL},
    };
    assert_int_equal(setenv("VIGIE_MODELS", "/m", 1), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (vg_model_path(rows[i].name, path, sizeof path, NULL) != rows[i].status)
            fail_msg("\"%s\"", rows[i].name);
}

static void test_not_a_file(void **state)
{
    (void)state;
    struct vg_model *model = NULL;
    struct vg_fault fault;
    assert_int_equal(vg_model_open("/nowhere/x.vgm", &model, &fault), VG_E_MISSING);
    assert_int_equal(vg_model_open("/tmp", &model, &fault), VG_E_INPUT);
    assert_int_equal(vg_model_open("/dev/null", &model, &fault), VG_E_INPUT);
    assert_null(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),          cmocka_unit_test(test_singles),
        cmocka_unit_test(test_kept_file),           cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_every_byte_changed),  cmocka_unit_test(test_digest),
        cmocka_unit_test(test_bad_files),           cmocka_unit_test(test_check_in_memory),
        cmocka_unit_test(test_bytes_after_the_end), cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_save_and_find),       cmocka_unit_test(test_names),
        cmocka_unit_test(test_not_a_file),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
