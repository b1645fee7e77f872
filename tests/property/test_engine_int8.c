/* Random nets in 8 bits. Each tensor that can be looked at is worked out from those before it as
 * they stand on the device, with the weights as they were rounded: what is of bytes must then be
 * within half a step. What kernels take in (sums, resizes) is not rounded on the way.
 * VIGIE_SEED: another first seed; VIGIE_NETS: how many; without both four chosen nets, which have
 * every operator over bytes.
 * labels: ocl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/model_pixels.h"
#include "src/base/alloc.h"
#include "src/base/fault.h"
#include "src/base/random.h"
#include "src/engine/device_lane.h"
#include "src/engine/engine_inside.h"
#include "src/engine/plan_graph.h"
#include "src/engine/plan_types.h"
#include "tests/model_reference.h"
#include "tests/net_calibrate.h"
#include "tests/random_net.h"

#define FLOATS_OFF 3e-4  /* of a value, or of 1: sums of floats, F(4,3) among them */
#define BYTES_OFF  0.502 /* of a step */

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

/* ---- the reference ---- */

/* Weights and biases of the convolutions over bytes, as the kernels have them. */
static void weights_round(struct vg_model *m, const struct vg_plan_types *types)
{
    float ratio[3];
    (void)vg_model_input_ratio(m, ratio);
    for (uint32_t i = 0; i < m->node_count; i++) {
        const struct vg_node *n = &m->node[i];
        if (n->op != VG_OP_CONV || types->value_bytes[n->in[0]] != 1)
            continue;
        const uint32_t depth = m->tensor[n->in[0]].channels / n->groups;
        const uint32_t taps = n->window.size_y * n->window.size_x;
        float *w = m->weights + n->weight_first;
        for (uint32_t o = 0; o < m->tensor[n->out].channels; o++)
            for (uint32_t k = 0; k < depth * taps; k++, w++) {
                const uint32_t plane = vg_model_is_pixels(m, n->in[0])
                                           ? vg_model_pixel_plane(m, n->in[0], k / taps)
                                           : VG_MODEL_NONE;
                const double share = plane == VG_MODEL_NONE ? 1 : (double)ratio[plane];
                const double step = (double)m->weights[n->step_first + o];
                const double whole = rint((double)*w * share / step);
                *w = (float)(fmin(fmax(whole, -127), 127) * step / share);
            }
        memcpy(m->weights + n->bias_first, m->weights + n->int8_bias_first,
               m->tensor[n->out].channels * sizeof *w);
    }
}

static double byte_of(struct vg_byte_scale scale, float value)
{
    const float steps = fmaf(value, 1 / scale.step, (float)scale.zero);
    return (double)rintf(fminf(fmaxf(steps, 0), 255));
}

static int is_conversion(const struct vg_plan_types *types, const struct vg_node *n)
{
    return n->op == VG_OP_CHANNELS && types->value_bytes[n->in[0]] != types->value_bytes[n->out];
}

/* ---- one net ---- */

struct trial {
    uint64_t seed;
    uint32_t model_tensors;
    const struct vg_plan_types *types;
    struct vg_model *derived;
    struct vg_graph graph;
    struct vg_engine *engine;
    struct vg_reference *reference;
    uint32_t looked_at, bytes, bad;
};

static int is_seen(const struct trial *t, uint32_t tensor)
{
    for (uint32_t i = 0; i < t->derived->tensor_count; i++)
        if (t->graph.alias[i] == tensor)
            return 0; /* its first channels are another's */
    return tensor < t->model_tensors && t->graph.exists[tensor] &&
           vg_engine_plan(t->engine)->place[tensor].row; /* else a kernel of two nodes keeps it */
}

static void look_at(struct trial *t, uint32_t node, uint32_t tensor)
{
    const struct vg_size size = t->reference->size[tensor];
    const struct vg_byte_scale scale = vg_plan_types_scale(t->types, tensor);
    const struct vg_value_range range = t->derived->range[tensor];
    const size_t count = (size_t)t->derived->tensor[tensor].channels * size.width * size.height;
    float *got = malloc(count * sizeof *got), *want = t->reference->tensor[tensor];
    const int bytes = t->types->value_bytes[tensor] == 1;
    double worst = 0;
    assert_non_null(got);
    assert_int_equal(vg_engine_read_tensor(t->engine, tensor, got, NULL), VG_OK);
    for (size_t i = 0; i < count; i++) {
        double value = (double)want[i], most = FLOATS_OFF * fmax(1, fabs(value));
        if (bytes) {
            value = fmin(fmax(value, (double)range.low), (double)range.high);
            most = BYTES_OFF * (double)scale.step + 1e-5 * fabs(value);
        }
        const double off = fabs((double)got[i] - value) / most;
        worst = off <= worst ? worst : off; /* what is no number counts as worst */
    }
    memcpy(want, got, count * sizeof *got); /* who reads it reads what is there */
    free(got);
    t->looked_at++;
    t->bytes += (uint32_t)bytes;
    if (worst <= 1)
        return;
    t->bad++;
    print_error("seed %llu: node %u (operator %u) makes tensor %u, %s: %g times what is allowed\n",
                (unsigned long long)t->seed, node, (unsigned)t->derived->node[node].op, tensor,
                bytes ? "bytes" : "floats", worst);
}

static void convert(const struct trial *t, const struct vg_node *n)
{
    const struct vg_size size = t->reference->size[n->out];
    const struct vg_byte_scale scale = vg_plan_types_scale(t->types, n->out);
    const size_t count = (size_t)t->derived->tensor[n->out].channels * size.width * size.height;
    float *values = t->reference->tensor[n->out];
    for (size_t i = 0; i < count && t->types->value_bytes[n->out] == 1; i++)
        values[i] = (float)((byte_of(scale, values[i]) - scale.zero) * (double)scale.step);
}

static void walk(struct trial *t, uint32_t input)
{
    for (uint32_t i = 0; i < t->derived->node_count; i++) {
        const struct vg_node *n = &t->derived->node[i];
        assert_int_equal(vg_reference_step(t->derived, i, t->reference), VG_OK);
        if (is_conversion(t->types, n))
            convert(t, n);
        else if (n->out == input) /* rounded to bytes as it was written */
            assert_int_equal(
                vg_engine_read_tensor(t->engine, input, t->reference->tensor[input], NULL), VG_OK);
        else if (is_seen(t, n->out))
            look_at(t, i, n->out);
    }
}

static void net_run(struct trial *t, const struct vg_model *model, enum vg_engine_tensors tensors,
                    struct vg_size size)
{
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_plan_types types;
    struct vg_fault fault = {0};
    const uint32_t input = vg_graph_input(model);
    settings.tensors = tensors;
    settings.precision = VG_ENGINE_INT8;
    settings.width = size.width;
    settings.height = size.height;
    settings.batch_max = 2;
    assert_int_equal(vg_plan_types_init(&types, model, input, NULL), VG_OK);
    const struct vg_graph_settings graph = {.fusion = tensors == VG_TENSORS_EVERY ? VG_FUSION_NONE
                                                                                  : VG_FUSION_ALL,
                                            .width = size.width,
                                            .height = size.height,
                                            .value_bytes = types.value_bytes};
    t->types = &types;
    t->model_tensors = model->tensor_count;
    t->derived = types.model;
    t->reference = calloc(1, sizeof *t->reference);
    assert_non_null(t->reference);
    assert_int_equal(vg_graph_init(&t->graph, types.model, &graph, NULL), VG_OK);
    float *own = t->derived->weights, *values = net_input(t->seed, size.width, size.height);
    t->derived->weights = malloc(model->weight_count * sizeof *own);
    assert_non_null(t->derived->weights);
    memcpy(t->derived->weights, own, model->weight_count * sizeof *own);
    weights_round(t->derived, &types);
    if (vg_engine_open(&t->engine, model, &settings, &fault))
        vg_fault_print(&fault);
    assert_non_null(t->engine);
    assert_string_equal(vg_engine_precision(t->engine), "int8");
    assert_int_equal(vg_engine_run_tensor(t->engine, values, NULL), VG_OK);
    assert_int_equal(vg_model_sizes(t->derived, size.width, size.height, t->reference->size, NULL),
                     VG_OK);
    t->reference->tensor[0] = vg_alloc_array((size_t)3 * size.width * size.height, sizeof *values);
    memcpy(t->reference->tensor[0], values, (size_t)3 * size.width * size.height * sizeof *values);
    if (input == 0)
        assert_int_equal(vg_engine_read_tensor(t->engine, 0, t->reference->tensor[0], NULL), VG_OK);
    walk(t, input);
    free(values);
    free(t->derived->weights);
    t->derived->weights = own;
    vg_engine_close(&t->engine);
    vg_graph_release(&t->graph);
    vg_reference_release(t->reference);
    free(t->reference);
    vg_plan_types_release(&types);
}

/* Operators whose result is of bytes somewhere in the net, as bits. */
static uint32_t operators_of(const struct vg_model *model)
{
    struct vg_plan_types types;
    uint32_t bits = 0;
    assert_int_equal(vg_plan_types_init(&types, model, vg_graph_input(model), NULL), VG_OK);
    for (uint32_t i = 0; i < types.model->node_count; i++) {
        const struct vg_node *n = &types.model->node[i];
        if (types.value_bytes[n->in[0]] == 1 && types.value_bytes[n->out] == 1)
            bits |= 1u << n->op;
    }
    vg_plan_types_release(&types);
    return bits;
}

static void random_nets_agree(void **state)
{
    (void)state;
    static const uint32_t every = 1u << VG_OP_CONV | 1u << VG_OP_MAXPOOL | 1u << VG_OP_RESIZE |
                                  1u << VG_OP_ADD | 1u << VG_OP_MUL | 1u << VG_OP_CHANNELS |
                                  1u << VG_OP_ACT;
    static const uint64_t chosen[] = {1, 3, 4, 6}; /* all of them in bytes somewhere */
    uint32_t operators = 0;
    const int as_asked = getenv("VIGIE_SEED") != NULL || getenv("VIGIE_NETS") != NULL;
    const uint64_t first = number_of("VIGIE_SEED", 1);
    const uint64_t nets = as_asked ? number_of("VIGIE_NETS", 4) : sizeof chosen / sizeof *chosen;
    uint32_t bad = 0, bytes = 0;
    for (uint64_t i = 0; i < nets; i++) {
        const uint64_t seed = as_asked ? first + i : chosen[i];
        struct vg_model *model = random_net(seed);
        const struct vg_size size = {seed % 3 == 2 ? 32 : 64, seed % 3 == 1 ? 64 : 32};
        net_calibrate(model, seed + 1000, size.width, size.height);
        operators |= operators_of(model);
        for (int fused = 0; fused < 2; fused++) {
            struct trial t = {.seed = seed};
            net_run(&t, model, fused ? VG_TENSORS_NEEDED : VG_TENSORS_EVERY, size);
            print_message("seed %llu: %u tensors, %u of bytes, %u wrong\n",
                          (unsigned long long)seed, t.looked_at, t.bytes, t.bad);
            bad += t.bad;
            bytes += t.bytes;
        }
        vg_model_close(&model);
    }
    assert_int_equal(bad, 0);
    assert_true(bytes > 0);
    print_message("operators over bytes: %#x of %#x\n", operators, every);
    if (!as_asked)
        assert_int_equal(operators, every);
}

static enum vg_status opened(const struct vg_model *model, struct vg_engine_settings settings,
                             const char *precision, struct vg_fault *fault)
{
    struct vg_engine *engine = NULL;
    settings.picture_width_max = settings.picture_height_max = 64;
    const enum vg_status status = vg_engine_open(&engine, model, &settings, fault);
    if (!status)
        assert_string_equal(vg_engine_precision(engine), precision);
    vg_engine_close(&engine);
    return status;
}

static struct vg_model *net_of_conversions(void)
{
    for (uint64_t seed = 1;; seed++) {
        struct vg_model *model = random_net(seed);
        struct vg_plan_types types;
        net_calibrate(model, seed + 1000, 64, 64);
        assert_int_equal(vg_plan_types_init(&types, model, vg_graph_input(model), NULL), VG_OK);
        const bool found = types.model->node_count > model->node_count;
        vg_plan_types_release(&types);
        if (found)
            return model;
        vg_model_close(&model);
        assert_true(seed < 100);
    }
}

/* A net whose conversions find no room is run in floats, but where 8 bits were asked for. */
static void what_is_too_long_is_run_in_floats(void **state)
{
    (void)state;
    struct vg_model *model = net_of_conversions();
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_fault fault = {0};
    const size_t had = model->tensor_count * sizeof *model->range;
    struct vg_value_range *range = vg_alloc_array(VG_MODEL_TENSORS_MAX, sizeof *range);
    assert_non_null(range);
    memcpy(range, model->range, had);
    vg_free(model->range);
    model->range = range;
    model->tensor_count = VG_MODEL_TENSORS_MAX; /* the others are of no channels and nobody's */
    assert_int_equal(opened(model, settings, "f32", &fault), VG_OK); /* with dot products or not */
    settings.precision = VG_ENGINE_INT8;
    assert_int_equal(opened(model, settings, "", &fault), VG_E_FULL);
    assert_string_equal(fault.what, "the net has too many steps for 8 bits");
    vg_model_close(&model);
}

static void bytes_are_of_one_lane(void **state)
{
    (void)state;
    static const struct vg_lane_settings lanes[] = {
        {.lane = VG_LANE_ANY, .storage = VG_STORAGE_HALF}, {.lane = VG_LANE_NVIDIA}};
    static const struct vg_lane_settings cpu = {.lane = VG_LANE_CPU};
    struct vg_model *model = random_net(1);
    struct vg_engine_settings settings = vg_engine_defaults();
    struct vg_fault fault = {0};
    net_calibrate(model, 1001, 64, 64);
    settings.precision = VG_ENGINE_INT8;
    for (size_t i = 0; i < sizeof lanes / sizeof *lanes; i++) {
        settings.lane = &lanes[i];
        assert_int_equal(opened(model, settings, "", &fault), VG_E_CALL);
        assert_string_equal(fault.what, "8 bits have kernels of the lane cpu alone");
        assert_string_equal(fault.place, vg_lane_text(lanes[i].lane));
    }
    settings.lane = &cpu;
    assert_int_equal(opened(model, settings, "int8", &fault), VG_OK);
    vg_model_close(&model);
}

/* The node that a size does not suit is named as the model numbers it, whatever the precision. */
static void a_refused_node_is_the_models(void **state)
{
    (void)state;
    uint32_t nodes = 0;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct vg_model *model = random_net(seed);
        struct vg_engine_settings settings = vg_engine_defaults();
        net_calibrate(model, seed + 1000, 64, 64);
        model->input_multiple = 1; /* said to take any */
        for (settings.width = settings.height = 33; settings.width < 44; settings.width++) {
            struct vg_size size[VG_MODEL_TENSORS_MAX];
            struct vg_fault floats = {0}, bytes = {0};
            if (vg_model_sizes(model, settings.width, settings.height, size, &floats) != VG_E_INPUT)
                continue;
            settings.precision = VG_ENGINE_INT8;
            assert_int_equal(opened(model, settings, "", &bytes), VG_E_INPUT);
            assert_string_equal(bytes.place, floats.place);
            nodes++;
        }
        vg_model_close(&model);
    }
    assert_true(nodes > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_nets_agree),
        cmocka_unit_test(what_is_too_long_is_run_in_floats),
        cmocka_unit_test(bytes_are_of_one_lane),
        cmocka_unit_test(a_refused_node_is_the_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
