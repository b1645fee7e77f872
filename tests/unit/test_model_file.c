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
#include "models/model_cost.h"
#include "src/base/alloc.h"
#include "tests/shared_data.h"
#include "tests/unit/small_model.h"

/* Where the records of the small model begin. */
enum {
    CLASSES = 512,
    TENSORS = CLASSES + 3 * 64,
    NODES = TENSORS + SMALL_TENSORS * 4,
    OUTPUTS = NODES + SMALL_NODES * 152,
    LEVELS = OUTPUTS + 2 * 104,
    MAP = LEVELS + 2 * 16,
    WEIGHTS = MAP + SMALL_MAP * 4,
    DIGEST = WEIGHTS + 2 * SMALL_WEIGHTS,
    TOTAL = DIGEST + 32,
};

/* Fields of a node. */
enum {
    OP = 0,
    ACT = 4,
    ACT_A = 8,
    ACT_B = 12,
    IN_COUNT = 16,
    IN = 20,
    OUT = 52,
    SIZE = 56,
    STRIDE = 64,
    DILATION = 72,
    PAD = 80,
    GROUPS = 96,
    POOL_PADDING = 100,
    RESIZE = 104,
    SCALE = 108,
    MAP_FIRST = 116,
    WEIGHT_FIRST = 120,
    BIAS_FIRST = 128,
    STEP_FIRST = 136,
};
#define NODE(index, field) ((unsigned)NODES + 152u * (index) + (unsigned)(field))
#define ONE_HALF           0x3f000000
#define INFINITE           0x7f800000

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
    assert_int_equal(a->anchor, b->anchor);
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
    assert_memory_equal(a->node, b->node, a->node_count * sizeof a->node[0]);
    assert_int_equal(a->output_count, b->output_count);
    assert_memory_equal(a->output, b->output, a->output_count * sizeof a->output[0]);
    assert_int_equal(a->level_count, b->level_count);
    assert_memory_equal(a->level, b->level, a->level_count * sizeof a->level[0]);
    assert_int_equal(a->map_count, b->map_count);
    assert_memory_equal(a->map, b->map, a->map_count * sizeof *a->map);
    assert_int_equal(a->range != NULL, b->range != NULL);
    if (a->range)
        assert_memory_equal(a->range, b->range, a->tensor_count * sizeof *a->range);
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

/* Ranges, steps and corrected biases come back too. */
static void test_quantised(void **state)
{
    (void)state;
    struct vg_model *made = small_quantised(), *read = NULL;
    uint8_t *data = NULL, *again = NULL;
    size_t size = 0, again_size = 0;
    assert_int_equal(vg_model_pack(made, &data, &size, NULL), VG_OK);
    assert_int_equal(size, TOTAL + 8 * SMALL_TENSORS + 2 * 2 * SMALL_OUT_CHANNELS);
    assert_int_equal(vg_model_parse("small", data, size, &read, NULL), VG_OK);
    assert_same_model(made, read);
    assert_int_equal(vg_model_pack(read, &again, &again_size, NULL), VG_OK);
    assert_int_equal(again_size, size);
    assert_memory_equal(again, data, size);
    vg_free(again);
    vg_free(data);
    vg_model_close(&read);
    vg_model_close(&made);
}

/* A file of the version before is refused, and says what helps. */
static void test_version_before(void **state)
{
    (void)state;
    char path[4096];
    struct vg_model *read = NULL;
    struct vg_fault fault = {.place = ""};
    vg_source_path("tests/fuzz/seeds/model_file/version_1.vgm", path, sizeof path);
    assert_int_equal(vg_model_open(path, &read, &fault), VG_E_INPUT);
    assert_string_equal(fault.what, "this version of the model file is unknown");
    assert_string_equal(fault.remedy, "import the model again with `vigie model import`");
    assert_non_null(strstr(fault.place, "version_1.vgm: 0x8: version=1 ≠ 2"));
    assert_null(read);
}

/* A file of version 2 that is kept: it must be readable, and written the same, for ever. */
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
        const char *what;
        unsigned byte;
        const char *detail;
    } rows[] = {
        /* header */
        {{{0, 1, 0x88}}, "this is not a model file of Vigie", 0, ""},
        {{{8, 4, 1}}, "this version of the model file is unknown", 8, "version=1 ≠ 2"},
        {{{8, 4, 3}}, "this version of the model file is unknown", 8, "version=3 ≠ 2"},
        {{{12, 4, 5}}, "an unknown flag is set", 12, ""},
        {{{12, 4, 3}}, "the size does not fit the counts", 16, "4990 B ≠ 5134 B"},
        {{{16, 8, TOTAL + 1}}, "the size does not fit the counts", 16, "4991 B ≠ 4990 B"},
        {{{24, 4, 18}}, "the input size is not allowed", 0, "/header: width=18 multiple=4"},
        {{{28, 4, 0}}, "the input size is not allowed", 0, "/header: height=0 multiple=4"},
        {{{24, 4, 8192}}, "the input size is not allowed", 0, "/header: width=8192 multiple=4"},
        {{{32, 4, 3}}, "the input size is not allowed", 0, "/header: multiple=3"},
        {{{32, 4, 512}}, "the input size is not allowed", 0, "/header: multiple=512"},
        {{{32, 4, 0}, {28, 4, 4097}},
         "the input size is not allowed",
         0,
         "/header: height=4097 multiple=0"},
        {{{36, 4, 3}}, "the order of the planes is unknown", 0, "/header: order=3"},
        {{{40, 4, 0x7fc00000}},
         "mean or scale of the input is out of range",
         0,
         "/header: plane=0 mean=nan scale=0.5"},
        {{{56, 4, 0}},
         "mean or scale of the input is out of range",
         0,
         "/header: plane=1 mean=101 scale=0"},
        {{{64, 4, 0x43800000}}, "the value of the border is out of range", 0, "/header: fill=256"},
        {{{116, 4, 0}},
         "where the picture lies in the letterbox is unknown",
         0,
         "/header: anchor=0"},
        {{{116, 4, 3}},
         "where the picture lies in the letterbox is unknown",
         0,
         "/header: anchor=3"},
        {{{68, 4, 0}}, "the kind of head is unknown", 0, "/header: head=0"},
        {{{68, 4, 5}}, "the kind of head is unknown", 0, "/header: head=5"},
        {{{72, 4, 1}}, "the number of bins is out of range", 0, "/header: bins=1"},
        {{{72, 4, 65}}, "the number of bins is out of range", 0, "/header: bins=65"},
        {{{68, 4, 3}}, "the number of bins is out of range", 0, "/header: bins=2"},
        {{{76, 4, 0}}, "the threshold is out of range", 0, "/header: threshold=0"},
        {{{80, 4, 0x40000000}}, "the NMS limit is out of range", 0, "/header: nms=2"},
        {{{84, 4, 257}}, "a count is out of range", 84, "class_count=257 > 256"},
        {{{84, 4, 2}}, "the size does not fit the counts", 16, "4990 B ≠ 4926 B"},
        {{{88, 4, 1025}}, "a count is out of range", 88, "tensor_count=1025 > 1024"},
        {{{92, 4, 1024}}, "a count is out of range", 92, "node_count=1024 > 1023"},
        {{{96, 4, 17}}, "a count is out of range", 96, "output_count=17 > 16"},
        {{{100, 4, 9}}, "a count is out of range", 100, "level_count=9 > 8"},
        {{{104, 8, UINT64_MAX}},
         "a count is out of range",
         104,
         "weight_count=18446744073709551615 > 134217728"},
        {{{104, 8, SMALL_WEIGHTS - 1}}, "the size does not fit the counts", 16, "4990 B ≠ 4988 B"},
        {{{112, 4, 1u + (1u << 20)}},
         "a count is out of range",
         112,
         "map_count=1048577 > 1048576"},
        {{{112, 4, SMALL_MAP + 1}}, "the size does not fit the counts", 16, "4990 B ≠ 4994 B"},
        {{{120, 1, 1}}, "a reserved field is not zero", 120, ""},
        {{{127, 1, 1}}, "a reserved field is not zero", 127, ""},
        {{{128, 1, 'S'}}, "the model's name is not allowed", 0, "/header: name"},
        {{{128, 1, 0}}, "a text is not filled up with zeros", 128, "name"},
        {{{191, 1, 'x'}}, "a text is not filled up with zeros", 128, "name"},
        {{{192, 1, 0}, {193, 15, 0}}, "the model names no licence", 0, "/header: licence"},
        {{{192, 1, 7}}, "the model names no licence", 0, "/header: licence"},
        {{{255, 1, 'x'}}, "a text is not filled up with zeros", 192, "licence"},
        {{{256, 8, 0}, {264, 10, 0}},
         "the model does not say where it comes from",
         0,
         "/header: origin"},
        /* classes */
        {{{CLASSES, 6, 0}}, "the class has no proper name", CLASSES, "/class/0: name"},
        {{{CLASSES, 6, 0x65636166}},
         "the net detects what this product must never detect",
         CLASSES,
         "/class/0: \"face\""},
        {{{CLASSES + 64, 16, 0x6e6f73726570}, {CLASSES + 72, 8, 0}},
         "two classes have one name",
         CLASSES + 64,
         "/class/1: \"person\""},
        {{{CLASSES + 32, 1, 'q'}},
         "the class is mapped to none that exists",
         CLASSES,
         "/class/0: class"},
        {{{CLASSES + 63, 1, 1}}, "a text is not filled up with zeros", CLASSES, "/class/0: name"},
        {{{CLASSES + 32, 6, 0}, {CLASSES + 160, 6, 0}},
         "every class of the net is dropped",
         CLASSES,
         "/class/0: classes=3"},
        /* tensors */
        {{{TENSORS, 4, 1}}, "the first tensor is not the input", TENSORS, "/tensor/0: channels=1"},
        {{{TENSORS + 4, 4, 0}},
         "the number of channels is out of range",
         TENSORS + 4,
         "/tensor/1: channels=0"},
        {{{TENSORS + 4, 4, 4097}},
         "the number of channels is out of range",
         TENSORS + 4,
         "/tensor/1: channels=4097"},
        /* nodes: operator, activation, inputs, output */
        {{{NODE(0, OP), 4, 0}}, "the operator is unknown", NODE(0, 0), "/node/0: operator=0"},
        {{{NODE(0, OP), 4, 12}}, "the operator is unknown", NODE(0, 0), "/node/0: operator=12"},
        {{{NODE(0, OP), 4, UINT32_MAX}},
         "the operator is unknown",
         NODE(0, 0),
         "/node/0: operator=4294967295"},
        {{{NODE(1, ACT), 4, 7}},
         "the activation is not allowed here",
         NODE(1, 0),
         "/node/1: activation=7"},
        {{{NODE(3, ACT), 4, 1}},
         "the activation is not allowed here",
         NODE(3, 0),
         "/node/3: activation=1"},
        {{{NODE(11, ACT), 4, 0}},
         "the activation is not allowed here",
         NODE(11, 0),
         "/node/11: activation=0"},
        {{{NODE(1, ACT_A), 4, INFINITE}},
         "a number of the activation is out of range",
         NODE(1, 0),
         "/node/1: a=inf b=0"},
        {{{NODE(1, ACT_B), 4, ONE_HALF}},
         "a number of the activation is out of range",
         NODE(1, 0),
         "/node/1: a=0.125 b=0.5"},
        {{{NODE(2, ACT_A), 4, ONE_HALF}},
         "a number of the activation is out of range",
         NODE(2, 0),
         "/node/2: a=0.5 b=0"},
        {{{NODE(5, ACT_A), 4, 0x41000000}},
         "a number of the activation is out of range",
         NODE(5, 0),
         "/node/5: a=8 b=6"},
        {{{NODE(7, ACT_A), 4, 0}},
         "a number of the activation is out of range",
         NODE(7, 0),
         "/node/7: a=0 b=0.5"},
        {{{NODE(6, ACT_A), 4, ONE_HALF}},
         "a number of the activation is out of range",
         NODE(6, 0),
         "/node/6: a=0.5 b=0"},
        {{{NODE(0, IN_COUNT), 4, 2}},
         "the operator does not take that many inputs",
         NODE(0, 0),
         "/node/0: operator=9 inputs=2"},
        {{{NODE(1, IN_COUNT), 4, 0}},
         "the operator does not take that many inputs",
         NODE(1, 0),
         "/node/1: operator=1 inputs=0"},
        {{{NODE(5, IN_COUNT), 4, 1}},
         "the operator does not take that many inputs",
         NODE(5, 0),
         "/node/5: operator=6 inputs=1"},
        {{{NODE(14, IN_COUNT), 4, 9}},
         "the operator does not take that many inputs",
         NODE(14, 0),
         "/node/14: operator=8 inputs=9"},
        {{{NODE(0, IN), 4, 1}},
         "the node reads a tensor that no earlier node writes",
         NODE(0, 0),
         "/node/0: tensor=1"},
        {{{NODE(1, IN), 4, UINT32_MAX}},
         "the node reads a tensor that no earlier node writes",
         NODE(1, 0),
         "/node/1: tensor=4294967295"},
        {{{NODE(0, IN + 28), 4, 1}}, "an unused field is not zero", NODE(0, 0), "/node/0: input=7"},
        {{{NODE(1, OUT), 4, 1}},
         "the node writes a tensor that is not there or is written already",
         NODE(1, 0),
         "/node/1: tensor=1"},
        {{{NODE(1, OUT), 4, SMALL_TENSORS}},
         "the node writes a tensor that is not there or is written already",
         NODE(1, 0),
         "/node/1: tensor=18"},
        {{{NODE(0, OUT), 4, 0}},
         "the node writes a tensor that is not there or is written already",
         NODE(0, 0),
         "/node/0: tensor=0"},
        /* nodes: fields that the operator does not use */
        {{{NODE(0, PAD + 12), 4, 1}}, "an unused field is not zero", NODE(0, 0), "/node/0: window"},
        {{{NODE(3, GROUPS), 4, 1}}, "an unused field is not zero", NODE(3, 0), "/node/3: groups"},
        {{{NODE(3, POOL_PADDING), 4, 1}},
         "an unused field is not zero",
         NODE(3, 0),
         "/node/3: pool_padding"},
        {{{NODE(11, RESIZE), 4, 1}},
         "an unused field is not zero",
         NODE(11, 0),
         "/node/11: resize, scale"},
        {{{NODE(11, SCALE), 4, 1}},
         "an unused field is not zero",
         NODE(11, 0),
         "/node/11: resize, scale"},
        {{{NODE(1, MAP_FIRST), 4, 1}},
         "an unused field is not zero",
         NODE(1, 0),
         "/node/1: map_first"},
        {{{NODE(11, BIAS_FIRST), 8, 1}},
         "an unused field is not zero",
         NODE(11, 0),
         "/node/11: weights"},
        {{{NODE(1, STEP_FIRST), 8, 1}},
         "an unused field is not zero",
         NODE(1, 0),
         "/node/1: steps"},
        /* nodes: window, groups, scale, padding of the mean */
        {{{NODE(1, SIZE), 4, 0}},
         "the window is not allowed",
         NODE(1, 0),
         "/node/1: size=0x3 stride=1x1 dilation=1x1 pad=1,1,1,1"},
        {{{NODE(1, SIZE + 4), 4, 16}},
         "the window is not allowed",
         NODE(1, 0),
         "/node/1: size=3x16 stride=1x1 dilation=1x1 pad=1,1,1,1"},
        {{{NODE(1, STRIDE), 4, 9}},
         "the window is not allowed",
         NODE(1, 0),
         "/node/1: size=3x3 stride=9x1 dilation=1x1 pad=1,1,1,1"},
        {{{NODE(1, STRIDE + 4), 4, 0}},
         "the window is not allowed",
         NODE(1, 0),
         "/node/1: size=3x3 stride=1x0 dilation=1x1 pad=1,1,1,1"},
        {{{NODE(1, DILATION), 4, 9}},
         "the window is not allowed",
         NODE(1, 0),
         "/node/1: size=3x3 stride=1x1 dilation=9x1 pad=1,1,1,1"},
        {{{NODE(3, DILATION + 4), 4, 2}},
         "the window is not allowed",
         NODE(3, 0),
         "/node/3: size=3x3 stride=2x2 dilation=1x2 pad=1,1,1,1"},
        {{{NODE(1, PAD), 4, 3}},
         "the window is not allowed",
         NODE(1, 0),
         "/node/1: size=3x3 stride=1x1 dilation=1x1 pad=3,1,1,1"},
        {{{NODE(1, PAD + 12), 4, UINT32_MAX}},
         "the window is not allowed",
         NODE(1, 0),
         "/node/1: size=3x3 stride=1x1 dilation=1x1 pad=1,1,1,4294967295"},
        {{{NODE(1, SIZE), 4, 15}, {NODE(1, GROUPS), 4, 4}},
         "the window is larger than the padded planes",
         NODE(1, 0),
         "/node/1: input=16x8: 8x4"},
        {{{NODE(1, GROUPS), 4, 3}},
         "the groups do not divide the channels",
         NODE(1, 0),
         "/node/1: groups=3 channels=12, 4"},
        {{{NODE(1, GROUPS), 4, 0}},
         "the groups do not divide the channels",
         NODE(1, 0),
         "/node/1: groups=0 channels=12, 4"},
        {{{NODE(4, POOL_PADDING), 4, 2}},
         "the padding of the mean is unknown",
         NODE(4, 0),
         "/node/4: pool_padding=2"},
        {{{NODE(12, RESIZE), 4, 3}},
         "the scale is not allowed",
         NODE(12, 0),
         "/node/12: resize=3 scale=2/1"},
        {{{NODE(12, SCALE), 4, 9}},
         "the scale is not allowed",
         NODE(12, 0),
         "/node/12: resize=2 scale=9/1"},
        {{{NODE(12, SCALE + 4), 4, 2}},
         "the scale is not allowed",
         NODE(12, 0),
         "/node/12: resize=2 scale=2/2"},
        {{{NODE(12, SCALE), 4, 1}, {NODE(12, SCALE + 4), 4, 3}},
         "the size of the planes is no multiple of the divisor",
         NODE(12, 0),
         "/node/12: input=16x8: 4x2"},
        /* nodes: weights, words, channels, sizes */
        {{{NODE(1, WEIGHT_FIRST), 8, 204}},
         "the node's weights lie outside the weights",
         NODE(1, 0),
         "/node/1: 204 + 432 > 635"},
        {{{NODE(1, WEIGHT_FIRST), 8, UINT64_MAX}},
         "the node's weights lie outside the weights",
         NODE(1, 0),
         "/node/1: 18446744073709551615 + 432 > 635"},
        {{{NODE(1, BIAS_FIRST), 8, 632}},
         "the node's weights lie outside the weights",
         NODE(1, 0),
         "/node/1: 632 + 4 > 635"},
        {{{NODE(16, MAP_FIRST), 4, 20}},
         "the node's words lie outside the map",
         NODE(16, 0),
         "/node/16: 20 + 3 > 22"},
        {{{NODE(9, MAP_FIRST), 4, UINT32_MAX}},
         "the node's words lie outside the map",
         NODE(9, 0),
         "/node/9: 4294967295 + 3 > 22"},
        {{{TENSORS + 10 * 4, 4, 23}},
         "the node's words lie outside the map",
         NODE(9, 0),
         "/node/9: 0 + 23 > 22"},
        {{{MAP, 4, 11}},
         "the word names no channel of the node's inputs",
         MAP,
         "/map/0: /node/9: input=0 channel=11"},
        {{{MAP + 12 * 4, 4, 0x20000}},
         "the word names no channel of the node's inputs",
         MAP + 12 * 4,
         "/map/12: /node/14: input=2 channel=0"},
        {{{MAP + 12 * 4, 4, 0x10004}},
         "the word names no channel of the node's inputs",
         MAP + 12 * 4,
         "/map/12: /node/14: input=1 channel=4"},
        {{{NODE(5, IN + 4), 4, 1}},
         "the inputs' channels do not fit each other",
         NODE(5, 0),
         "/node/5: channels=4 ≠ 12"},
        {{{TENSORS + 6 * 4, 4, 5}},
         "the output's channels do not follow from the inputs",
         NODE(5, 0),
         "/node/5: tensor=6 channels=5 ≠ 4"},
        {{{TENSORS + 4, 4, 3}},
         "the output's channels do not follow from the inputs",
         NODE(0, 0),
         "/node/0: tensor=1 channels=3 ≠ 12"},
        {{{NODE(5, IN + 4), 4, 2}},
         "the inputs' sizes do not fit each other",
         NODE(5, 0),
         "/node/5: input=16x8: 4x2"},
        {{{NODE(14, IN), 4, 8}},
         "the inputs' sizes do not fit each other",
         NODE(14, 0),
         "/node/14: input=16x8: 4x2"},
        {{{32, 4, 0}, {24, 4, 15}},
         "the size of the planes is odd",
         NODE(0, 0),
         "/node/0: input=15x8: 15x8"},
        {{{24, 4, 4096}, {NODE(12, SCALE), 4, 5}},
         "the planes grow too large",
         NODE(12, 0),
         "/node/12: input=4096x8: 1024x2"},
        /* outputs */
        {{{OUTPUTS, 1, 0}, {OUTPUTS + 1, 7, 0}},
         "the output's name is not allowed",
         OUTPUTS,
         "/output/0: name"},
        {{{OUTPUTS, 1, '/'}}, "the output's name is not allowed", OUTPUTS, "/output/0: name"},
        {{{OUTPUTS, 1, '.'}}, "the output's name is not allowed", OUTPUTS, "/output/0: name"},
        {{{OUTPUTS + 63, 1, 'x'}},
         "a text is not filled up with zeros",
         OUTPUTS,
         "/output/0: name"},
        {{{OUTPUTS + 104 + 8, 2, 0}},
         "two outputs have one name",
         OUTPUTS + 104,
         "/output/1: \"Identity\""},
        {{{OUTPUTS + 64, 4, 3}}, "the output's layout is unknown", OUTPUTS, "/output/0: layout=3"},
        {{{OUTPUTS + 64, 4, 2}},
         "the output has not that many parts",
         OUTPUTS,
         "/output/0: parts=2"},
        {{{OUTPUTS + 68, 4, 9}},
         "the output has not that many parts",
         OUTPUTS,
         "/output/0: parts=9"},
        {{{OUTPUTS + 68, 4, 0}},
         "the output has not that many parts",
         OUTPUTS,
         "/output/0: parts=0"},
        {{{OUTPUTS + 68, 4, 1}}, "an unused field is not zero", OUTPUTS, "/output/0: part=1"},
        {{{OUTPUTS + 72, 4, SMALL_TENSORS}},
         "the output's tensor is not there",
         OUTPUTS,
         "/output/0: tensor=18"},
        {{{OUTPUTS + 76, 4, 0}},
         "the output's tensor is not there",
         OUTPUTS,
         "/output/0: tensor=0"},
        {{{OUTPUTS + 76, 4, 2}},
         "the output's parts have different numbers of channels",
         OUTPUTS,
         "/output/0: \"Identity\" channels=4 ≠ 3"},
        /* levels */
        {{{LEVELS, 4, 0}}, "the level's stride is not allowed", LEVELS, "/level/0: stride=0"},
        {{{LEVELS + 16, 4, 2}},
         "the level's stride is not allowed",
         LEVELS + 16,
         "/level/1: stride=2"},
        {{{LEVELS + 16, 4, 257}},
         "the level's stride is not allowed",
         LEVELS + 16,
         "/level/1: stride=257"},
        {{{LEVELS + 16, 4, 8}},
         "the level's stride does not fit the size of its planes",
         LEVELS + 16,
         "/level/1: scores=12 stride=8: 4x2 ≠ 2x1"},
        {{{LEVELS + 4, 4, 0}}, "the level's tensor is not there", LEVELS, "/level/0: scores=0"},
        {{{LEVELS + 8, 4, SMALL_TENSORS}},
         "the level's tensor is not there",
         LEVELS,
         "/level/0: boxes=18"},
        {{{LEVELS + 4, 4, 2}},
         "the level's channels do not fit the classes, the bins or the head",
         LEVELS,
         "/level/0: scores=2 channels=4 ≠ 3"},
        {{{72, 4, 3}},
         "the level's channels do not fit the classes, the bins or the head",
         LEVELS,
         "/level/0: boxes=16 channels=8 ≠ 12"},
        {{{LEVELS + 8, 4, 11}},
         "the level's stride does not fit the size of its planes",
         LEVELS,
         "/level/0: boxes=11 stride=2: 4x2 ≠ 8x4"},
        {{{LEVELS + 12, 4, 7}}, "this head has no objectness", LEVELS, "/level/0: objectness=7"},
        {{{68, 4, 3}, {72, 4, 0}},
         "the level's channels do not fit the classes, the bins or the head",
         LEVELS,
         "/level/0: boxes=16 channels=8 ≠ 4"},
        /* runs of weights */
        {{{NODE(2, WEIGHT_FIRST), 8, 435}},
         "the node's weights lie partly in those of another",
         NODE(2, 0),
         "/node/2: 435..471, /node/1: 432..436"},
        {{{NODE(2, BIAS_FIRST), 8, 431}},
         "the node's weights lie partly in those of another",
         NODE(2, 0),
         "/node/2: 431..435, /node/1: 0..432"},
        {{{NODE(8, WEIGHT_FIRST), 8, 0}},
         "the node's weights lie partly in those of another",
         NODE(1, 0),
         "/node/1: 0..432, /node/8: 0..44"},
        /* weights */
        {{{WEIGHTS, 2, 0x7e00}}, "a weight is not a finite number", WEIGHTS, "/weight/0: nan"},
        {{{DIGEST - 2, 2, 0xfc00}},
         "a weight is not a finite number",
         DIGEST - 2,
         "/weight/634: -inf"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t *data = copy(TOTAL);
        struct vg_model *model = NULL;
        struct vg_fault fault = {.what = "", .place = ""};
        char place[256];
        for (unsigned p = 0; p < 2; p++)
            for (unsigned b = 0; b < rows[i].patch[p].width; b++)
                data[rows[i].patch[p].byte + b] =
                    (uint8_t)(b < 8 ? rows[i].patch[p].value >> (8 * b) : 0);
        seal(data, TOTAL);
        (void)snprintf(place, sizeof place, "f: 0x%x%s%s", rows[i].byte,
                       rows[i].detail[0] ? ": " : "", rows[i].detail);
        const enum vg_status status = vg_model_parse("f", data, TOTAL, &model, &fault);
        if (status != VG_E_INPUT || strcmp(fault.what, rows[i].what) != 0 ||
            strcmp(fault.place, place) != 0)
            fail_msg("row %zu: %s: \"%s\": \"%s\"", i, vg_status_name(status), fault.what,
                     fault.place);
        assert_null(model);
        free(data);
    }
}

/* Refuses the model with this sentence and place; then it is closed. */
static void refused(struct vg_model *m, const char *what, const char *place)
{
    struct vg_fault fault = {.what = "", .place = ""};
    const enum vg_status status = vg_model_check(m, &fault);
    if (status != VG_E_INPUT || strcmp(fault.what, what) != 0 || strcmp(fault.place, place) != 0)
        fail_msg("%s: \"%s\": \"%s\"", vg_status_name(status), fault.what, fault.place);
    vg_model_close(&m);
}

/* What only a model in memory can be: an importer's mistakes. */
static void test_check_in_memory(void **state)
{
    (void)state;
    struct vg_model *m = small_model();
    assert_int_equal(vg_model_check(m, NULL), VG_OK);
    m->node[2].bias_first = m->node[1].bias_first; /* of four channels both: one run for two */
    assert_int_equal(vg_model_check(m, NULL), VG_OK);
    m->tensor_count = SMALL_TENSORS - 1;
    refused(m, "a count is out of range", "tensors=17 (18..18)");
    m = small_model();
    m->level_count = 0;
    refused(m, "a count is out of range", "levels=0 (1..8)");
    m = small_model();
    m->class_map[1] = VG_CLASS_COUNT;
    refused(m, "the class is mapped to none that exists", "/class/1: \"traffic light\" → 18");
    m = small_model();
    memset(m->licence, 'x', sizeof m->licence);
    refused(m, "the model names no licence", "licence");
}

/* Ranges and steps: what a quantiser can get wrong. */
static void test_check_quantised(void **state)
{
    (void)state;
    struct vg_model *m = small_quantised();
    assert_int_equal(vg_model_check(m, NULL), VG_OK);
    m->range[3].low = 0.5F;
    refused(m, "the range does not hold zero", "/range/3: low=0.5 high=4");
    m = small_quantised();
    m->range[17].high = -0.5F;
    refused(m, "the range does not hold zero", "/range/17: low=-17 high=-0.5");
    m = small_quantised();
    m->range[17].high = INFINITY;
    refused(m, "the range does not hold zero", "/range/17: low=-17 high=inf");
    m = small_quantised();
    m->weights[m->node[2].step_first + 1] = 0;
    refused(m, "a step of the weights is not above zero", "/node/2: channel=1 step=0");
    m = small_quantised();
    m->node[2].step_first = m->weight_count - 3;
    refused(m, "the node's weights lie outside the weights", "/node/2: 686 + 4 > 689");
    m = small_quantised();
    m->node[2].int8_bias_first = m->weight_count;
    refused(m, "the node's weights lie outside the weights", "/node/2: 689 + 4 > 689");
    m = small_quantised();
    m->node[2].int8_bias_first = m->node[2].step_first + 1;
    refused(m, "the node's weights lie partly in those of another",
            "/node/2: 644..648, /node/2: 643..647");
    m = small_quantised();
    m->range[2] = (struct vg_value_range){0, 0}; /* the input of node 2 stays float */
    refused(m, "an unused field is not zero", "/node/2: steps");
}

/* Heads with an objectness: their levels want three tensors. */
static void test_check_objectness(void **state)
{
    (void)state;
    struct vg_model *m = small_model();
    m->head = VG_HEAD_YOLOX;
    m->bins = 0;
    m->level_count = 1;
    m->level[0] = (struct vg_level){2, 17, 14, VG_MODEL_NONE};
    refused(m, "the level's tensor is not there", "/level/0: objectness=4294967295");
    m = small_model();
    m->head = VG_HEAD_FASTESTDET;
    m->bins = 0;
    m->level_count = 1;
    m->level[0] = (struct vg_level){2, 17, 14, 13};
    refused(m, "the level's channels do not fit the classes, the bins or the head",
            "/level/0: objectness=13 channels=4 ≠ 1");
}

/* Sizes by hand at two inputs, and the inputs that are refused. */
static void test_sizes(void **state)
{
    (void)state;
    static const struct vg_size want[SMALL_TENSORS] = {
        {16, 8}, {8, 4}, {8, 4}, {4, 2}, {4, 2}, {4, 2}, {4, 2}, {1, 1}, {4, 2},
        {4, 2},  {4, 2}, {4, 2}, {4, 2}, {8, 4}, {8, 4}, {8, 4}, {8, 4}, {8, 4}};
    struct vg_size size[VG_MODEL_TENSORS_MAX];
    struct vg_fault fault = {.what = "", .place = ""};
    struct vg_model *m = small_model();
    assert_int_equal(vg_model_sizes(m, 16, 8, size, &fault), VG_OK);
    assert_memory_equal(size, want, sizeof want);
    assert_int_equal(vg_model_sizes(m, 32, 4, size, &fault), VG_OK);
    assert_int_equal(size[3].width, 8);
    assert_int_equal(size[3].height, 1);
    assert_int_equal(vg_model_multiply_adds(m, 16, 8), 32 * 432 + 8 * 36 + 8 * 44 + 32 * 96);
    struct vg_model *quantised = small_quantised();
    const struct vg_model_cost cost = vg_model_cost_of(quantised, 16, 8);
    assert_int_equal(cost.convolutions, 4);
    assert_int_equal(cost.convolutions_int8, 3); /* the one of two groups has no kernel for it */
    assert_int_equal(cost.multiply_adds_int8, cost.multiply_adds - 32 * 96);
    quantised->range[2] = (struct vg_value_range){0, 0}; /* of the depthwise one */
    assert_int_equal(vg_model_cost_of(quantised, 16, 8).convolutions_int8, 2);
    assert_int_equal(vg_model_cost_of(quantised, 16, 8).multiply_adds_int8,
                     cost.multiply_adds_int8 - 8 * 36);
    quantised->range[2].high = 1;
    quantised->node[2].in[0] = 1; /* depthwise over the picture's own bytes: none either */
    quantised->node[2].groups = 12;
    quantised->tensor[3].channels = 12;
    assert_int_equal(vg_model_cost_of(quantised, 16, 8).convolutions_int8, 2);
    vg_model_close(&quantised);
    static const struct {
        uint32_t width, height;
    } not_taken[] = {{18, 8}, {16, 6}, {0, 8}, {16, 0}, {4100, 8}, {16, UINT32_MAX - 3}};
    for (size_t i = 0; i < sizeof not_taken / sizeof *not_taken; i++) {
        assert_int_equal(vg_model_sizes(m, not_taken[i].width, not_taken[i].height, size, &fault),
                         VG_E_CALL);
        assert_string_equal(fault.what, "the model does not take this size");
        assert_int_equal(vg_model_multiply_adds(m, not_taken[i].width, not_taken[i].height), 0);
    }
    m->input_multiple = 0;
    assert_int_equal(vg_model_sizes(m, 16, 8, size, &fault), VG_OK);
    assert_int_equal(vg_model_sizes(m, 32, 8, size, &fault), VG_E_CALL);
    assert_string_equal(fault.place, "small-1.0_a: 32x8 (0)");
    m->input_multiple = 2; /* said to be taken, but 6 rows do not come back from the resize */
    assert_int_equal(vg_model_sizes(m, 16, 6, size, &fault), VG_E_INPUT);
    assert_string_equal(fault.what, "the inputs' sizes do not fit each other");
    assert_string_equal(fault.place, "small-1.0_a: 16x6: /node/14");
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
    assert_int_equal(n, 4); /* the model, its map and its weights */
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
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_singles),
        cmocka_unit_test(test_quantised),
        cmocka_unit_test(test_version_before),
        cmocka_unit_test(test_kept_file),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_every_byte_changed),
        cmocka_unit_test(test_digest),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_check_in_memory),
        cmocka_unit_test(test_check_quantised),
        cmocka_unit_test(test_check_objectness),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_bytes_after_the_end),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_save_and_find),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_not_a_file),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
