/* Which tensors of an 8-bit plan hold bytes, and where conversions stand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "models/model.h"
#include "src/base/alloc.h"
#include "src/engine/plan_graph.h"
#include "src/engine/plan_types.h"

enum {
    CHANNELS = 16,
    WEIGHTS = 64
};

/* One node; it writes the tensor of its number + 1. */
struct step {
    enum vg_op op;
    uint32_t in[2];
    uint32_t in_count;
    int range; /* 0: none; else which one of its own */
    uint32_t groups;
};

#define CONV(x, r)               \
    {                            \
        VG_OP_CONV, {x}, 1, r, 1 \
    }
#define GROUPED(x, r)            \
    {                            \
        VG_OP_CONV, {x}, 1, r, 2 \
    }
#define DEPTHWISE(x, r)                 \
    {                                   \
        VG_OP_CONV, {x}, 1, r, CHANNELS \
    }
#define ONE(op, x, r)    \
    {                    \
        op, {x}, 1, r, 0 \
    }
#define TWO(op, x, y, r)    \
    {                       \
        op, {x, y}, 2, r, 0 \
    }
#define MAX(x, r)  ONE(VG_OP_MAXPOOL, x, r)
#define MEAN(x, r) ONE(VG_OP_AVGPOOL, x, r)

/* The last tensor is the output. */
static const struct row {
    const char *name;
    struct step step[6];
    const char *want; /* of each tensor: b bytes, f floats */
    uint32_t conversions;
    float mean; /* of the input */
} rows[] = {
    {"convolutions", {CONV(0, 1), CONV(1, 2), CONV(2, 0)}, "bbbf", 0, 100},
    {"depthwise", {CONV(0, 1), DEPTHWISE(1, 2), CONV(2, 0)}, "bbbf", 0, 100},
    {"a range that nobody wants", {CONV(0, 1), CONV(1, 2)}, "bbf", 0, 100},
    {"no range between", {CONV(0, 1), CONV(1, 0), CONV(2, 0)}, "bbff", 0, 100},
    {"a maximum", {CONV(0, 1), MAX(1, 1), CONV(2, 0)}, "bbbf", 0, 100},
    {"a maximum of another range", {CONV(0, 1), MAX(1, 2), CONV(2, 0)}, "bfff", 1, 100},
    {"a mean is one of floats", {CONV(0, 1), MEAN(1, 2), CONV(2, 0)}, "bfff", 1, 100},
    {"read as both",
     {CONV(0, 1), MEAN(1, 2), CONV(1, 3), TWO(VG_OP_ADD, 2, 3, 4), CONV(4, 0)},
     "bbffff",
     2, /* the mean's input, the last one's */
     100},
    {"two groups", {CONV(0, 1), GROUPED(1, 2), CONV(2, 0)}, "bfff", 1, 100},
    {"a sum", {CONV(0, 1), CONV(1, 2), TWO(VG_OP_ADD, 1, 2, 3), CONV(3, 0)}, "bbbbf", 0, 100},
    {"a sum for the output",
     {CONV(0, 1), CONV(1, 2), TWO(VG_OP_ADD, 1, 2, 3)},
     "bbff",
     1, /* the first term is read by a convolution too */
     100},
    {"a view of one range",
     {CONV(0, 1), CONV(1, 1), TWO(VG_OP_CHANNELS, 1, 2, 1), CONV(3, 0)},
     "bbbbf",
     0,
     100},
    {"a view of two ranges",
     {CONV(0, 1), CONV(1, 2), TWO(VG_OP_CHANNELS, 1, 2, 1), CONV(3, 0)},
     "bbfff",
     2, /* of the first part, which a convolution reads as bytes, and of the view */
     100},
    {"the picture for a mean, too", {CONV(0, 1), CONV(1, 2), MEAN(0, 0)}, "ffff", 1, 100},
    {"a mean that is no byte", {CONV(0, 1), CONV(1, 0)}, "fff", 1, -5},
    {"softmax", {CONV(0, 1), ONE(VG_OP_SOFTMAX, 1, 2)}, "bff", 0, 100},
    {"an activation alone", {CONV(0, 1), ONE(VG_OP_ACT, 1, 2), CONV(2, 0)}, "bbbf", 0, 100},
};

static uint32_t steps_of(const struct row *row)
{
    uint32_t count = 0;
    while (count < 6 && row->step[count].op)
        count++;
    return count;
}

static void node_set(struct vg_model *m, uint32_t i, const struct step *step)
{
    struct vg_node *node = &m->node[i];
    *node = (struct vg_node){.op = step->op,
                             .in = {step->in[0], step->in[1]},
                             .in_count = step->in_count,
                             .out = i + 1,
                             .groups = step->groups,
                             .window = {1, 1, 1, 1, 1, 1, 0, 0, 0, 0}};
    m->tensor[i + 1].channels = CHANNELS;
    if (step->op == VG_OP_CHANNELS) {
        node->map_first = m->map_count;
        for (uint32_t c = 0; c < CHANNELS; c++) /* half of each */
            m->map[m->map_count++] = VG_MAP_WORD(c % 2, c);
    }
    if (step->range)
        m->range[i + 1] = (struct vg_value_range){-1, (float)step->range};
}

static struct vg_model *model_of(const struct row *row)
{
    struct vg_model *m = vg_alloc(sizeof *m);
    assert_non_null(m);
    m->map = vg_alloc_array(WEIGHTS, sizeof *m->map);
    m->range = vg_alloc_array(8, sizeof *m->range);
    assert_non_null(m->map);
    assert_non_null(m->range);
    m->node_count = steps_of(row);
    m->tensor_count = m->node_count + 1;
    m->tensor[0].channels = 3;
    m->range[0] = (struct vg_value_range){-2, 2};
    for (uint32_t i = 0; i < 3; i++) {
        m->mean[i] = row->mean;
        m->scale[i] = 1 / 57.0F;
    }
    for (uint32_t i = 0; i < m->node_count; i++)
        node_set(m, i, &row->step[i]);
    m->output_count = 1;
    m->output[0].part_count = 1;
    m->output[0].part[0] = m->node_count;
    return m;
}

/* In the order in which they run, every input of a node is written before it. */
static void assert_order(const struct vg_plan_types *types, uint32_t nodes)
{
    uint8_t written[16] = {1};
    const struct vg_model *m = types->model;
    uint32_t last = 0;
    for (uint32_t i = 0; i < m->node_count; i++) {
        for (uint32_t k = 0; k < m->node[i].in_count; k++)
            assert_true(written[m->node[i].in[k]]);
        written[m->node[i].out] = 1;
        assert_true(types->origin[i] < nodes && types->origin[i] >= last);
        last = types->origin[i];
    }
}

/* Nobody reads two kinds; only convolutions and conversions write another one than they read. */
static void assert_kinds(const struct vg_plan_types *types)
{
    const struct vg_model *m = types->model;
    for (uint32_t i = 0; i < m->node_count; i++) {
        const struct vg_node *n = &m->node[i];
        const uint8_t kind = types->value_bytes[n->in[0]];
        for (uint32_t k = 1; k < n->in_count; k++)
            assert_int_equal(types->value_bytes[n->in[k]], kind);
        if (n->op != VG_OP_CONV && !(n->op == VG_OP_CHANNELS && n->in_count == 1))
            assert_int_equal(types->value_bytes[n->out], kind);
        if (types->value_bytes[n->out] == 1)
            assert_true(vg_plan_types_scale(types, n->out).step > 0);
    }
}

static void kinds_are_chosen(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_model *m = model_of(&rows[i]);
        struct vg_plan_types types;
        char got[8] = {0};
        assert_int_equal(vg_plan_types_init(&types, m, 0, NULL), VG_OK);
        for (uint32_t t = 0; t < m->tensor_count; t++)
            got[t] = types.value_bytes[t] == 1 ? 'b' : 'f';
        const uint32_t conversions = types.model->node_count - m->node_count;
        if (strcmp(got, rows[i].want) != 0 || conversions != rows[i].conversions)
            fail_msg("%s: %s, %u conversions", rows[i].name, got, conversions);
        assert_order(&types, m->node_count);
        assert_kinds(&types);
        vg_plan_types_release(&types);
        vg_model_close(&m);
    }
}

static void too_many_steps_are_refused(void **state)
{
    (void)state;
    struct vg_model *m = model_of(&rows[6]);
    struct vg_plan_types types;
    struct vg_fault fault;
    m->tensor_count = VG_MODEL_TENSORS_MAX; /* the others are of no channels and nobody's */
    vg_free(m->range);
    m->range = vg_alloc_array(VG_MODEL_TENSORS_MAX, sizeof *m->range);
    assert_non_null(m->range);
    for (uint32_t t = 0; t < 3; t++)
        m->range[t] = (struct vg_value_range){-1, 1};
    assert_int_equal(vg_plan_types_init(&types, m, 0, &fault), VG_E_FULL);
    vg_model_close(&m);
}

static void lack_of_memory_is_survived(void **state)
{
    (void)state;
    struct vg_model *m = model_of(&rows[7]);
    struct vg_plan_types types;
    enum vg_status status = VG_E_MEMORY;
    uint32_t n = 0;
    while (status == VG_E_MEMORY) {
        vg_alloc_fail_at(++n);
        status = vg_plan_types_init(&types, m, 0, NULL);
        vg_alloc_fail_at(0);
    }
    assert_int_equal(status, VG_OK);
    assert_true(n > 5);
    vg_plan_types_release(&types);
    vg_model_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_chosen),
        cmocka_unit_test(too_many_steps_are_refused),
        cmocka_unit_test(lack_of_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
