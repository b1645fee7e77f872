/* Random models that keep every rule: what is packed is parsed to a model that packs to the same
 * bytes and has planes of the same sizes. Then the same files with some bytes changed and sealed
 * again: refused, or read to a model that keeps every rule too.
 * The seed is printed; VIGIE_SEED takes it back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/head.h"
#include "models/model.h"
#include "models/model_check.h"
#include "models/model_cost.h"
#include "src/base/alloc.h"
#include "src/base/random.h"

enum {
    MODELS = 150,
    CHANGES = 60, /* of each model's file */
    WEIGHTS_ROOM = 1 << 18,
    MAP_ROOM = 1 << 14,
};

struct maker {
    struct vg_model *model;
    struct vg_random random;
    struct vg_size size[VG_MODEL_TENSORS_MAX];
};

static uint32_t below(struct maker *k, uint32_t bound)
{
    return vg_random_below(&k->random, bound);
}

static uint32_t between(struct maker *k, uint32_t least, uint32_t most)
{
    return least + below(k, most - least + 1);
}

/* ------------------------------------------------------------ the words */

static void make_words(struct maker *k)
{
    struct vg_model *m = k->model;
    (void)snprintf(m->name, sizeof m->name, "m%u", below(k, 1000));
    (void)snprintf(m->licence, sizeof m->licence, "MIT");
    (void)snprintf(m->origin, sizeof m->origin, "made at random");
    m->class_count = between(k, 1, 6);
    for (uint32_t c = 0; c < m->class_count; c++) {
        (void)snprintf(m->class_name[c], sizeof m->class_name[c], "word %u", c);
        m->class_map[c] = (enum vg_class)((int)below(k, VG_CLASS_COUNT + 1) - 1);
    }
    m->class_map[below(k, m->class_count)] = VG_CLASS_PERSON;
}

static void make_input(struct maker *k)
{
    struct vg_model *m = k->model;
    m->input_multiple = below(k, 2) ? 1u << below(k, 6) : 0;
    const uint32_t unit = m->input_multiple ? m->input_multiple : 1;
    m->input_width = unit * between(k, 1, 48 / unit + 1);
    m->input_height = unit * between(k, 1, 48 / unit + 1);
    m->order = below(k, 2) ? VG_ORDER_BGR : VG_ORDER_RGB;
    m->anchor = below(k, 2) ? VG_ANCHOR_CENTRE : VG_ANCHOR_CORNER;
    for (unsigned i = 0; i < 3; i++) {
        m->mean[i] = (float)vg_random_unit(&k->random) * 255;
        m->scale[i] = 1 / (1 + (float)vg_random_unit(&k->random) * 255);
    }
    m->fill = (float)below(k, 256);
    m->head = (enum vg_head)between(k, VG_HEAD_NANODET, VG_HEAD_FASTESTDET);
    m->bins = vg_head_has_bins(m->head) ? between(k, 2, 12) : 0;
    m->threshold = 0.01F + (float)vg_random_unit(&k->random) * 0.9F;
    m->nms = 0.01F + (float)vg_random_unit(&k->random) * 0.9F;
    m->tensor[0].channels = 3;
    m->tensor_count = 1;
    k->size[0] = (struct vg_size){m->input_width, m->input_height};
}

/* ------------------------------------------------------------ the nodes */

static void make_act(struct maker *k, struct vg_node *n)
{
    n->act = (enum vg_act)between(k, n->op == VG_OP_ACT ? 1 : 0, VG_ACT_COUNT - 1);
    if (n->act == VG_ACT_LEAKY)
        n->act_a = (float)below(k, 9) / 8;
    if (n->act == VG_ACT_CLIP || n->act == VG_ACT_HARD_SIGMOID) {
        n->act_a = (float)between(k, 1, 8) / 8;
        n->act_b = (float)between(k, 8, 64) / 8;
    }
}

static uint64_t weights_of(struct maker *k, uint64_t count)
{
    struct vg_model *m = k->model;
    const uint64_t first = m->weight_count;
    assert_true(count <= WEIGHTS_ROOM - first);
    for (uint64_t i = 0; i < count; i++)
        m->weights[first + i] = ((float)below(k, 401) - 200) / 128;
    m->weight_count += count;
    return first;
}

static uint32_t group_count(struct maker *k, uint32_t ins, uint32_t outs)
{
    for (uint32_t groups = between(k, 1, ins); groups > 1; groups--)
        if (ins % groups == 0 && outs % groups == 0)
            return groups;
    return 1;
}

static void make_window(struct maker *k, struct vg_node *n, uint32_t most)
{
    struct vg_window *w = &n->window;
    const uint32_t dilation = n->op == VG_OP_CONV ? 3 : 1;
    *w = (struct vg_window){.size_y = between(k, 1, most), .size_x = between(k, 1, most)};
    w->stride_y = between(k, 1, 3);
    w->stride_x = between(k, 1, 3);
    w->dilation_y = between(k, 1, dilation);
    w->dilation_x = between(k, 1, dilation);
    w->above = below(k, w->dilation_y * (w->size_y - 1) + 1);
    w->below = below(k, w->dilation_y * (w->size_y - 1) + 1);
    w->left = below(k, w->dilation_x * (w->size_x - 1) + 1);
    w->right = below(k, w->dilation_x * (w->size_x - 1) + 1);
}

static void fill_conv(struct maker *k, struct vg_node *n, uint32_t outs)
{
    const uint32_t ins = k->model->tensor[n->in[0]].channels;
    n->groups = group_count(k, ins, outs);
    n->weight_first =
        weights_of(k, (uint64_t)outs * (ins / n->groups) * n->window.size_y * n->window.size_x);
    n->bias_first = weights_of(k, outs);
}

static void fill_map(struct maker *k, struct vg_node *n, uint32_t outs)
{
    struct vg_model *m = k->model;
    n->map_first = m->map_count;
    assert_true(m->map_count + outs <= MAP_ROOM);
    for (uint32_t c = 0; c < outs; c++) {
        const uint32_t input = below(k, n->in_count);
        m->map[m->map_count++] = VG_MAP_WORD(input, below(k, m->tensor[n->in[input]].channels));
    }
}

/* Channels of the node's output; 0: its inputs do not fit. */
static uint32_t out_channels(struct maker *k, const struct vg_node *n)
{
    const struct vg_tensor *t = k->model->tensor;
    const uint32_t in = t[n->in[0]].channels;
    if (n->op == VG_OP_CONV || n->op == VG_OP_CHANNELS)
        return between(k, 1, 20);
    if ((n->op == VG_OP_ADD || n->op == VG_OP_MUL) && t[n->in[1]].channels != in)
        return 0;
    return n->op == VG_OP_SPACE_TO_DEPTH ? 4 * in : in;
}

static uint32_t input_count(struct maker *k, enum vg_op op)
{
    if (op == VG_OP_CHANNELS)
        return between(k, 1, 3);
    return op == VG_OP_ADD || op == VG_OP_MUL ? 2 : 1;
}

/* One node; nothing when its inputs, taken at random, do not fit. */
static void try_node(struct maker *k)
{
    struct vg_model *m = k->model;
    struct vg_node n = {.op = (enum vg_op)between(k, VG_OP_CONV, VG_OP_COUNT - 1)};
    n.in_count = input_count(k, n.op);
    for (uint32_t i = 0; i < n.in_count; i++)
        n.in[i] = below(k, m->tensor_count);
    n.out = m->tensor_count;
    if (n.op == VG_OP_CONV || n.op == VG_OP_MAXPOOL || n.op == VG_OP_AVGPOOL)
        make_window(k, &n, 4);
    if (n.op == VG_OP_AVGPOOL)
        n.pool_padding = (enum vg_pool_padding)below(k, 2);
    if (n.op == VG_OP_RESIZE) {
        n.resize = below(k, 2) ? VG_RESIZE_LINEAR : VG_RESIZE_NEAREST;
        n.scale_num = below(k, 2) ? between(k, 2, 3) : 1;
        n.scale_den = n.scale_num == 1 ? 2 : 1;
    }
    const uint32_t channels = out_channels(k, &n);
    if (channels == 0 || channels > 64 || vg_node_size(&n, k->size, &k->size[n.out]) ||
        k->size[n.out].width > 200)
        return;
    if (n.op == VG_OP_CONV)
        fill_conv(k, &n, channels);
    if (n.op == VG_OP_CHANNELS)
        fill_map(k, &n, channels);
    if (n.op == VG_OP_CONV || n.op == VG_OP_ADD || n.op == VG_OP_MUL || n.op == VG_OP_ACT)
        make_act(k, &n);
    m->tensor[m->tensor_count++].channels = channels;
    m->node[m->node_count++] = n;
}

/* ------------------------------------------------------------ levels, outputs, ranges */

/* A 1x1 convolution of the input with this stride: one cell for each `stride` pixels begun. */
static uint32_t head_tensor(struct maker *k, uint32_t channels, uint32_t stride)
{
    struct vg_model *m = k->model;
    struct vg_node n = {.op = VG_OP_CONV, .in_count = 1, .out = m->tensor_count};
    n.window = (struct vg_window){1, 1, stride, stride, 1, 1, 0, 0, 0, 0};
    assert_null(vg_node_size(&n, k->size, &k->size[n.out]));
    fill_conv(k, &n, channels);
    m->tensor[m->tensor_count++].channels = channels;
    m->node[m->node_count++] = n;
    return n.out;
}

static void make_ends(struct maker *k)
{
    struct vg_model *m = k->model;
    struct vg_output *o = &m->output[m->output_count++];
    (void)snprintf(o->name, sizeof o->name, "scores");
    o->layout = VG_LAYOUT_CELLS;
    const uint32_t levels = between(k, 1, 4);
    for (uint32_t i = 0; i < levels; i++) {
        struct vg_level *l = &m->level[m->level_count++];
        l->stride = 2 * i + between(k, 1, 2);
        l->scores = head_tensor(k, m->class_count, l->stride);
        l->boxes = head_tensor(k, vg_head_box_channels(m->head, m->bins), l->stride);
        l->objectness = vg_head_has_bins(m->head) ? VG_MODEL_NONE : head_tensor(k, 1, l->stride);
        o->part[o->part_count++] = l->scores;
    }
    struct vg_output *planes = &m->output[m->output_count++];
    (void)snprintf(planes->name, sizeof planes->name, "output.%u", below(k, 1000));
    planes->layout = VG_LAYOUT_PLANES;
    planes->part_count = 1;
    planes->part[0] = between(k, 1, m->tensor_count - 1);
}

static void make_ranges(struct maker *k)
{
    struct vg_model *m = k->model;
    m->range = vg_alloc_array(m->tensor_count, sizeof *m->range);
    assert_non_null(m->range);
    for (uint32_t i = 0; i < m->tensor_count; i++)
        if (below(k, 4))
            m->range[i] = (struct vg_value_range){-(float)below(k, 9), (float)between(k, 1, 9)};
    for (uint32_t i = 0; i < m->node_count; i++) {
        struct vg_node *n = &m->node[i];
        const uint32_t channels = m->tensor[n->out].channels;
        if (n->op != VG_OP_CONV || m->range[n->in[0]].high <= 0)
            continue;
        n->step_first = weights_of(k, channels);
        for (uint32_t c = 0; c < channels; c++)
            m->weights[n->step_first + c] = 0.001F * (float)between(k, 1, 99);
        n->int8_bias_first = weights_of(k, channels);
    }
}

static struct vg_model *make_model(uint64_t seed)
{
    struct maker maker = {.model = NULL};
    struct maker *k = &maker;
    vg_random_seed(&k->random, seed);
    k->model = vg_alloc(sizeof *k->model);
    assert_non_null(k->model);
    k->model->weights = vg_alloc_array(WEIGHTS_ROOM, sizeof *k->model->weights);
    k->model->map = vg_alloc_array(MAP_ROOM, sizeof *k->model->map);
    assert_non_null(k->model->weights);
    assert_non_null(k->model->map);
    make_words(k);
    make_input(k);
    for (uint32_t tries = below(k, 60); tries > 0; tries--)
        try_node(k);
    make_ends(k);
    if (below(k, 3) == 0)
        make_ranges(k);
    return k->model;
}

/* ------------------------------------------------------------ the tests */

static uint64_t first_seed(void)
{
    const char *said = getenv("VIGIE_SEED");
    const uint64_t seed = said ? strtoull(said, NULL, 10) : 20261121;
    print_message("VIGIE_SEED=%" PRIu64 "\n", seed);
    return seed;
}

static void pack(const struct vg_model *m, uint64_t seed, uint8_t **data, size_t *size)
{
    struct vg_fault fault = {.what = "", .place = ""};
    if (vg_model_pack(m, data, size, &fault))
        fail_msg("seed %" PRIu64 ": %s: %s", seed, fault.what, fault.place);
}

static void assert_same_sizes(const struct vg_model *a, const struct vg_model *b)
{
    struct vg_size x[VG_MODEL_TENSORS_MAX] = {{0, 0}}, y[VG_MODEL_TENSORS_MAX] = {{0, 0}};
    assert_int_equal(vg_model_sizes(a, a->input_width, a->input_height, x, NULL), VG_OK);
    assert_int_equal(vg_model_sizes(b, b->input_width, b->input_height, y, NULL), VG_OK);
    assert_memory_equal(x, y, a->tensor_count * sizeof *x);
    assert_int_equal(vg_model_multiply_adds(a, a->input_width, a->input_height),
                     vg_model_multiply_adds(b, b->input_width, b->input_height));
}

static void test_same_bytes(void **state)
{
    (void)state;
    const uint64_t seed = first_seed();
    for (uint64_t i = 0; i < MODELS; i++) {
        struct vg_model *made = make_model(seed + i), *read = NULL;
        uint8_t *first = NULL, *second = NULL;
        size_t first_size = 0, second_size = 0;
        struct vg_fault fault = {.what = "", .place = ""};
        pack(made, seed + i, &first, &first_size);
        if (vg_model_parse("f", first, first_size, &read, &fault))
            fail_msg("seed %" PRIu64 ": %s: %s", seed + i, fault.what, fault.place);
        assert_same_sizes(made, read);
        pack(read, seed + i, &second, &second_size);
        assert_int_equal(first_size, second_size);
        assert_memory_equal(first, second, first_size);
        vg_free(second);
        vg_free(first);
        vg_model_close(&read);
        vg_model_close(&made);
    }
}

/* A few bytes of the records changed: neither a crash nor a model that breaks its rules. */
static void test_changed_bytes(void **state)
{
    (void)state;
    const uint64_t seed = first_seed();
    uint32_t accepted = 0, refused = 0;
    for (uint64_t i = 0; i < MODELS / 5; i++) {
        struct vg_model *made = make_model(seed + i);
        uint8_t *data = NULL;
        size_t size = 0;
        struct vg_random random;
        vg_random_seed(&random, seed + i);
        pack(made, seed + i, &data, &size);
        const uint32_t records =
            (uint32_t)size - VG_SHA256_BYTES < 8192 ? (uint32_t)size - 32 : 8192;
        for (uint32_t c = 0; c < CHANGES; c++) {
            struct vg_model *read = NULL;
            const uint32_t at = 24 + vg_random_below(&random, records - 24);
            const uint8_t before = data[at];
            data[at] = (uint8_t)(before + 1u + vg_random_below(&random, 255));
            vg_sha256(data, size - VG_SHA256_BYTES, data + size - VG_SHA256_BYTES);
            if (vg_model_parse("f", data, size, &read, NULL) == VG_OK) {
                assert_int_equal(vg_model_check(read, NULL), VG_OK);
                accepted++;
            } else {
                refused++;
            }
            vg_model_close(&read);
            data[at] = before;
        }
        vg_free(data);
        vg_model_close(&made);
    }
    assert_true(accepted > 0 && refused > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_changed_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
