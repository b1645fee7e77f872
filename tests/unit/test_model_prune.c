/* A model without the classes that nobody keeps: which nets have one, which channels it has, and
 * that each has the values of the whole net's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "models/model_prune.h"
#include "src/base/alloc.h"
#include "tests/head_net.h"
#include "tests/model_reference.h"
#include "tests/net_build.h"
#include "tests/net_calibrate.h"

enum {
    CLASSES = 40, /* 30 of ours, and 3 and 7 to fill up */
    LEFT = 32
};

static int is_left(uint32_t class_index)
{
    return class_index % 4 != 3 || class_index <= 7;
}

static struct vg_pruned *prune(const struct vg_model *model)
{
    struct vg_pruned *pruned = NULL;
    assert_int_equal(vg_model_prune(model, &pruned, NULL), VG_OK);
    return pruned;
}

static void classes_that_stay_keep_their_number_and_name(void **state)
{
    struct vg_model *model = head_net(VG_HEAD_NANODET, 1, CLASSES);
    struct vg_pruned *pruned = prune(model);
    uint32_t at = 0;
    (void)state;
    assert_non_null(pruned);
    assert_int_equal(vg_model_check(model, NULL), VG_OK);
    assert_int_equal(pruned->model->class_count, LEFT);
    for (uint32_t c = 0; c < CLASSES; c++) {
        if (!is_left(c))
            continue;
        assert_int_equal(pruned->net_class[at], c);
        assert_int_equal(pruned->model->class_map[at], model->class_map[c]);
        assert_string_equal(pruned->model->class_name[at++], model->class_name[c]);
    }
    assert_int_equal(at, LEFT);
    vg_pruned_close(&pruned);
    vg_pruned_close(&pruned);
    vg_model_close(&model);
}

static uint32_t conv_channels(const struct vg_model *m)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < m->node_count; i++)
        count += m->node[i].op == VG_OP_CONV ? m->tensor[m->node[i].out].channels : 0;
    return count;
}

static void each_head_loses_what_it_can(void **state)
{
    static const struct {
        enum vg_head head;
        uint32_t classes, lost; /* of each level's convolution */
    } rows[] = {{VG_HEAD_NANODET, CLASSES, CLASSES - LEFT},
                {VG_HEAD_NANODET_PLUS, CLASSES, CLASSES - LEFT},
                {VG_HEAD_YOLOX, CLASSES, CLASSES - LEFT},
                {VG_HEAD_FASTESTDET, CLASSES, 0}, /* the softmax is over all */
                {VG_HEAD_NANODET, 20, 4},
                {VG_HEAD_NANODET, 16, 0}, /* 12 of ours: the block is full with the others */
                {VG_HEAD_YOLOX, 2, 0},
                {VG_HEAD_YOLOX, 256, 64}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_model *model = head_net(rows[i].head, i, rows[i].classes);
        struct vg_pruned *pruned = prune(model);
        if (!!pruned != !!rows[i].lost)
            fail_msg("row %zu", i);
        if (pruned) {
            const struct vg_model *m = pruned->model;
            assert_int_equal(conv_channels(model) - conv_channels(m), 2 * rows[i].lost);
            assert_int_equal(m->class_count, rows[i].classes - rows[i].lost);
            for (uint32_t k = 0; k < m->level_count; k++)
                assert_int_equal(m->tensor[m->level[k].scores].channels, m->class_count);
        }
        vg_pruned_close(&pruned);
        vg_model_close(&model);
    }
}

/* ---- what is not left out ---- */

static struct vg_model *one_level(uint32_t groups, enum vg_op behind, uint32_t *head)
{
    struct net_build n;
    net_begin(&n, 5, (struct vg_size){32, 32}, 16, 20);
    const uint32_t x = net_conv(&n, 0, 20, net_square(5, 8, 1), 1)->out;
    const uint32_t boxes = net_conv(&n, x, 4 * NET_BINS, net_square(1, 1, 1), 1)->out;
    uint32_t scores = net_conv(&n, x, 20, net_square(1, 1, 1), groups)->out;
    *head = scores;
    if (behind == VG_OP_MUL)
        scores = net_two(&n, VG_OP_MUL, scores, net_mean(&n, x))->out;
    net_level(&n, net_alone(&n, scores, VG_ACT_SIGMOID), boxes);
    if (behind == VG_OP_SOFTMAX) /* beside the scores */
        scores = net_node(&n, VG_OP_SOFTMAX, scores, 20, n.size[scores])->out;
    net_output(&n, "out", VG_LAYOUT_PLANES, scores);
    return n.model;
}

static void what_others_read_stays(void **state)
{
    static const struct {
        uint32_t groups;
        enum vg_op behind;
        int prunes;
    } rows[] = {{1, VG_OP_ACT, 1}, {4, VG_OP_ACT, 0}, {1, VG_OP_MUL, 0}, {1, VG_OP_SOFTMAX, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t head;
        struct vg_model *model = one_level(rows[i].groups, rows[i].behind, &head);
        struct vg_pruned *pruned = prune(model);
        assert_int_equal(vg_model_check(model, NULL), VG_OK);
        if (!!pruned != rows[i].prunes)
            fail_msg("row %zu", i);
        if (pruned)
            assert_int_equal(pruned->model->tensor[head].channels, 16);
        vg_pruned_close(&pruned);
        vg_model_close(&model);
    }
}

/* ---- values ---- */

/* The pruned model with weights of its own, as the device has them. */
static void weights_gather(struct vg_pruned *pruned)
{
    struct vg_model *m = pruned->model;
    const float *from = m->weights;
    float *to = calloc(2 * m->weight_count, sizeof *to), *own = to + m->weight_count;
    assert_non_null(to);
    memcpy(to, from, m->weight_count * sizeof *to);
    for (uint32_t i = 0; i < m->node_count; i++) {
        struct vg_node *node = &m->node[i];
        if (node->op != VG_OP_CONV || pruned->row_first[i] == VG_MODEL_NONE)
            continue;
        const size_t each =
            (size_t)m->tensor[node->in[0]].channels * node->window.size_y * node->window.size_x;
        vg_pruned_rows(pruned, i, from + node->weight_first, each, own);
        node->weight_first = (uint64_t)(own - to);
        own += each * m->tensor[node->out].channels;
        vg_pruned_rows(pruned, i, from + node->bias_first, 1, own);
        node->bias_first = (uint64_t)(own - to);
        own += m->tensor[node->out].channels;
    }
    m->weights = to;
}

/* each channel of `got` is one of `want`, and they come in their order */
static int is_among(const float *got, uint32_t channels, const float *want, uint32_t all,
                    size_t cells)
{
    uint32_t at = 0;
    for (uint32_t c = 0; c < all && at < channels; c++)
        at += !memcmp(got + at * cells, want + c * cells, cells * sizeof *got);
    return at == channels;
}

static void what_stays_has_the_same_values(void **state)
{
    static const enum vg_head heads[] = {VG_HEAD_NANODET, VG_HEAD_NANODET_PLUS, VG_HEAD_YOLOX};
    float *input = net_input(7, 32, 32);
    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        struct vg_model *model = head_net(heads[i], 7, CLASSES);
        struct vg_pruned *pruned = prune(model);
        struct vg_reference *want = calloc(1, sizeof *want), *got = calloc(1, sizeof *got);
        assert_true(pruned && want && got);
        weights_gather(pruned);
        assert_int_equal(vg_reference_run(model, 32, 32, input, want, NULL), VG_OK);
        assert_int_equal(vg_reference_run(pruned->model, 32, 32, input, got, NULL), VG_OK);
        for (uint32_t t = 0; t < model->tensor_count; t++)
            if (!is_among(got->tensor[t], pruned->model->tensor[t].channels, want->tensor[t],
                          model->tensor[t].channels,
                          (size_t)want->size[t].width * want->size[t].height))
                fail_msg("%s: tensor %u", model->name, t);
        for (uint32_t l = 0; l < model->level_count; l++)
            for (uint32_t c = 0; c < pruned->model->class_count; c++) {
                const uint32_t t = model->level[l].scores;
                const size_t cells = (size_t)want->size[t].width * want->size[t].height;
                assert_memory_equal(got->tensor[t] + c * cells,
                                    want->tensor[t] + pruned->net_class[c] * cells,
                                    cells * sizeof(float));
            }
        free(pruned->model->weights);
        vg_reference_release(want);
        vg_reference_release(got);
        free(want);
        free(got);
        vg_pruned_close(&pruned);
        vg_model_close(&model);
    }
    free(input);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_that_stay_keep_their_number_and_name),
        cmocka_unit_test(each_head_loses_what_it_can),
        cmocka_unit_test(what_others_read_stays),
        cmocka_unit_test(what_stays_has_the_same_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
