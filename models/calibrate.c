#include "models/calibrate.h"

#include <math.h>
#include <string.h>

#include "models/model_bytes.h"
#include "models/model_pixels.h"
#include "src/base/alloc.h"
#include "src/base/text.h"

/* of the mean variance of a tensor's channels: one of less does not count as moving */
#define STILL_FRAC 1e-6

/* What is known of one tensor. */
struct record {
    struct vg_histogram *histogram; /* NULL: not wanted */
    double *sum, *square;           /* of each channel */
    uint64_t pixels;
    uint32_t tie; /* a tensor of the same range; itself at the end of the chain */
};

struct vg_calibration {
    const struct vg_model *model;
    struct record record[VG_MODEL_TENSORS_MAX];
};

/* ---- which tensors hold bytes, and which of them one range ---- */

/* goes from bytes to bytes */
static bool hands_bytes_on(enum vg_op op)
{
    return op == VG_OP_MAXPOOL || op == VG_OP_RESIZE || op == VG_OP_ADD || op == VG_OP_MUL ||
           op == VG_OP_CHANNELS || op == VG_OP_ACT;
}

static bool keeps_values(enum vg_op op)
{
    return op == VG_OP_MAXPOOL || op == VG_OP_RESIZE || op == VG_OP_CHANNELS;
}

static void wanted_find(const struct vg_model *m, bool *wanted)
{
    for (uint32_t i = m->node_count; i-- > 0;) {
        const struct vg_node *n = &m->node[i];
        if (!vg_model_conv_has_bytes(m, n) && !(hands_bytes_on(n->op) && wanted[n->out]))
            continue;
        for (uint32_t k = 0; k < n->in_count; k++)
            wanted[n->in[k]] = true;
    }
}

static uint32_t tie_of(const struct vg_calibration *c, uint32_t tensor)
{
    while (c->record[tensor].tie != tensor)
        tensor = c->record[tensor].tie;
    return tensor;
}

static void ties_find(struct vg_calibration *c)
{
    for (uint32_t t = 0; t < c->model->tensor_count; t++)
        c->record[t].tie = t;
    for (uint32_t i = 0; i < c->model->node_count; i++) {
        const struct vg_node *n = &c->model->node[i];
        if (!keeps_values(n->op) || !c->record[n->out].histogram)
            continue;
        for (uint32_t k = 0; k < n->in_count; k++)
            if (n->in[k]) /* the net's input keeps its own bytes */
                c->record[tie_of(c, n->in[k])].tie = tie_of(c, n->out);
    }
}

/* ---- open, feed ---- */

enum vg_status vg_calibration_open(const struct vg_model *model, struct vg_calibration **out,
                                   struct vg_fault *fault)
{
    bool wanted[VG_MODEL_TENSORS_MAX] = {false};
    *out = NULL;
    if (model->range)
        return vg_fault_set(fault, VG_E_STATE, N_("the model is quantised already"),
                            N_("quantise the float model it was made of"), "%s", model->name);
    struct vg_calibration *c = vg_alloc(sizeof *c);
    if (!c)
        goto memory;
    c->model = model;
    wanted_find(model, wanted);
    for (uint32_t t = 0; t < model->tensor_count; t++) {
        struct record *r = &c->record[t];
        if (!wanted[t])
            continue;
        r->histogram = vg_alloc(sizeof *r->histogram);
        r->sum = vg_alloc_array(model->tensor[t].channels, sizeof *r->sum);
        r->square = vg_alloc_array(model->tensor[t].channels, sizeof *r->square);
        if (!r->histogram || !r->sum || !r->square)
            goto memory;
        vg_histogram_init(r->histogram);
    }
    ties_find(c);
    *out = c;
    return VG_OK;
memory:
    vg_calibration_close(&c);
    return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%s", model->name);
}

void vg_calibration_close(struct vg_calibration **calibration)
{
    struct vg_calibration *c = *calibration;
    if (!c)
        return;
    for (uint32_t t = 0; t < VG_MODEL_TENSORS_MAX; t++) {
        vg_free(c->record[t].histogram);
        vg_free(c->record[t].sum);
        vg_free(c->record[t].square);
    }
    vg_free(c);
    *calibration = NULL;
}

bool vg_calibration_wants(const struct vg_calibration *c, uint32_t tensor)
{
    return tensor < c->model->tensor_count && c->record[tensor].histogram;
}

enum vg_status vg_calibration_feed(struct vg_calibration *c, uint32_t tensor, const float *values,
                                   const struct vg_tensor_layout *at, struct vg_fault *fault)
{
    if (!vg_calibration_wants(c, tensor))
        return vg_fault_set(fault, VG_E_CALL, N_("the calibration does not ask for this tensor"),
                            NULL, "%u", tensor);
    struct record *r = &c->record[tensor];
    for (uint32_t i = 0; i < c->model->tensor[tensor].channels; i++) {
        const float *plane = values + i / at->lanes * at->plane + i % at->lanes;
        for (uint32_t row = 0; row < at->height; row++)
            for (uint32_t column = 0; column < at->width; column++) {
                const float value = plane[row * at->row_step + (size_t)column * at->lanes];
                vg_histogram_add(r->histogram, &value, 1);
                r->sum[i] += (double)value;
                r->square[i] += (double)value * (double)value;
            }
    }
    r->pixels += (uint64_t)at->width * at->height;
    if (r->histogram->not_finite)
        return vg_fault_set(fault, VG_E_INPUT, N_("the net gives a value that is no number"),
                            N_("import the model again"), "tensor %u", tensor);
    return VG_OK;
}

/* ---- finish ---- */

/* whether the tensor's values are those of others of its range, seen again; the net's input is not
 * of its range */
static bool is_copy(const struct vg_model *m, uint32_t tensor)
{
    for (uint32_t i = 0; i < m->node_count; i++) {
        const struct vg_node *n = &m->node[i];
        if (n->out != tensor)
            continue;
        for (uint32_t k = 0; k < n->in_count; k++)
            if (n->in[k] == 0)
                return false;
        return n->op == VG_OP_CHANNELS;
    }
    return false;
}

static void ranges_choose(const struct vg_calibration *c, const struct vg_range_settings *settings,
                          struct vg_histogram *joint, struct vg_value_range *range)
{
    const uint32_t count = c->model->tensor_count;
    for (uint32_t root = 0; root < count; root++) {
        if (tie_of(c, root) != root)
            continue;
        vg_histogram_init(joint);
        for (uint32_t t = 0; t < count; t++)
            if (tie_of(c, t) == root && c->record[t].histogram && !is_copy(c->model, t))
                vg_histogram_merge(joint, c->record[t].histogram);
        if (!joint->count)
            continue; /* stays float */
        const struct vg_value_range chosen = vg_range_choose(joint, settings);
        for (uint32_t t = 0; t < count; t++)
            if (tie_of(c, t) == root && c->record[t].histogram)
                range[t] = chosen;
    }
    for (uint32_t t = 0; t < count; t++)
        if (c->record[t].histogram && vg_model_is_pixels(c->model, t))
            range[t] = vg_model_pixel_range(c->model);
}

static double channel_variance(const struct record *r, uint32_t channel)
{
    const double mean = r->sum[channel] / (double)r->pixels;
    return fmax(r->square[channel] / (double)r->pixels - mean * mean, 0);
}

/* What the rounding of a convolution's input does to its sums: their variance by it in parts of that
 * of its output as it was seen, behind the activation; the mean over its channels, none counting for
 * more than 1. A channel that hardly moved on these pictures (a ReLU holds it at 0) says nothing of
 * what it would lose: it is left out. */
static double conv_noise(const struct vg_calibration *c, const struct vg_node *n,
                         struct vg_value_range range)
{
    const struct vg_model *m = c->model;
    const struct record *x = &c->record[n->in[0]], *y = &c->record[n->out];
    const size_t each =
        (size_t)(m->tensor[n->in[0]].channels / n->groups) * n->window.size_y * n->window.size_x;
    const uint32_t channels = m->tensor[n->out].channels;
    const double one = vg_range_error(x->histogram, range, 1); /* of a value */
    const float *w = m->weights + n->weight_first;
    double all = 0, sum = 0;
    uint32_t counted = 0;
    for (uint32_t o = 0; o < channels; o++)
        all += channel_variance(y, o) / channels;
    for (uint32_t o = 0; o < channels; o++) {
        const double variance = channel_variance(y, o);
        double noise = 0;
        for (size_t i = 0; i < each; i++, w++)
            noise += (double)*w * (double)*w * one;
        if (variance <= STILL_FRAC * all + 1e-30)
            continue;
        sum += fmin(noise / variance, 1);
        counted++;
    }
    return counted ? sum / counted : 0;
}

/* A tensor by whose rounding a convolution would lose too much stays float. A convolution whose
 * output was not fed (it goes to the heads alone) cannot be asked. */
static void ranges_drop(const struct vg_calibration *c, const struct vg_range_settings *settings,
                        struct vg_value_range *range)
{
    const struct vg_model *m = c->model;
    bool drop[VG_MODEL_TENSORS_MAX] = {false};
    for (uint32_t i = 0; i < m->node_count; i++) {
        const struct vg_node *n = &m->node[i];
        const uint32_t x = n->in[0];
        if (vg_model_conv_has_bytes(m, n) && range[x].low < range[x].high &&
            c->record[n->out].histogram && !vg_model_is_pixels(m, x))
            drop[x] |= conv_noise(c, n, range[x]) > settings->noise_max;
    }
    for (uint32_t t = 0; t < m->tensor_count; t++)
        if (drop[t])
            range[t] = (struct vg_value_range){0, 0};
}

/* Numbers of one convolution's input while its steps are found. */
struct conv_input {
    double *mean, *variance; /* of each channel, in the units of its weights */
    double *ratio;           /* of each channel: what its weights are multiplied by */
    float *weights;          /* of one channel of y, times that */
};

static void input_fill(const struct vg_calibration *c, const struct vg_node *n,
                       struct conv_input *input)
{
    const struct record *r = &c->record[n->in[0]];
    const uint32_t channels = c->model->tensor[n->in[0]].channels;
    const bool pixels = vg_model_is_pixels(c->model, n->in[0]);
    float ratio[3];
    double all = 0;
    (void)vg_model_input_ratio(c->model, ratio);
    for (uint32_t i = 0; i < channels; i++) {
        const double share =
            pixels ? (double)ratio[vg_model_pixel_plane(c->model, n->in[0], i)] : 1;
        input->ratio[i] = share;
        input->mean[i] = r->sum[i] / (double)r->pixels / share;
        const double square = r->square[i] / (double)r->pixels / (share * share);
        input->variance[i] = fmax(square - input->mean[i] * input->mean[i], 0);
        all += input->variance[i] / channels;
    }
    /* a channel that never moved on these pictures may move on others */
    for (uint32_t i = 0; i < channels; i++)
        input->variance[i] += 1e-3 * all + 1e-30;
}

static void conv_finish(const struct vg_calibration *c, const struct vg_node *n,
                        const struct conv_input *input, float *step, float *bias)
{
    const struct vg_model *m = c->model;
    const uint32_t x = m->tensor[n->in[0]].channels, y = m->tensor[n->out].channels;
    const uint32_t depth = x / n->groups, taps = n->window.size_y * n->window.size_x;
    for (uint32_t o = 0; o < y; o++) {
        const uint32_t first = o / (y / n->groups) * depth; /* channel of x */
        const float *w = m->weights + n->weight_first + (size_t)o * depth * taps;
        for (uint32_t i = 0; i < depth * taps; i++)
            input->weights[i] = (float)((double)w[i] * input->ratio[first + i / taps]);
        step[o] = vg_weight_step(input->weights, input->variance + first, depth, taps);
        bias[o] = vg_bias_corrected(m->weights[n->bias_first + o], input->weights, step[o],
                                    input->mean + first, depth, taps);
    }
}

/* The file wants steps of every convolution over a range, of those too that run in float. */
static bool conv_has_steps(const struct vg_model *m, const struct vg_value_range *range, uint32_t i)
{
    const struct vg_node *n = &m->node[i];
    return n->op == VG_OP_CONV && range[n->in[0]].low < range[n->in[0]].high;
}

/* The model's weights with room for steps and biases behind them, which are made; the nodes say
 * where. NULL: no memory. */
static float *weights_extend(const struct vg_calibration *c, const struct vg_value_range *range,
                             struct vg_model *m)
{
    uint64_t count = m->weight_count, widest = 1;
    for (uint32_t i = 0; i < m->node_count; i++) {
        const struct vg_node *n = &m->node[i];
        if (!conv_has_steps(m, range, i))
            continue;
        const uint64_t x = m->tensor[n->in[0]].channels;
        const uint64_t each = x * n->window.size_y * n->window.size_x;
        widest = each > widest ? each : widest;
        count += 2 * (uint64_t)m->tensor[n->out].channels;
    }
    struct conv_input input = {
        vg_alloc_array(widest, sizeof(double)), vg_alloc_array(widest, sizeof(double)),
        vg_alloc_array(widest, sizeof(double)), vg_alloc_array(widest, sizeof(float))};
    float *weights = vg_alloc_array(count, sizeof *weights);
    if (!input.mean || !input.variance || !input.ratio || !input.weights || !weights) {
        vg_free(weights);
        weights = NULL;
        goto done;
    }
    memcpy(weights, m->weights, m->weight_count * sizeof *weights);
    uint64_t at = m->weight_count;
    for (uint32_t i = 0; i < m->node_count; i++) {
        struct vg_node *n = &m->node[i];
        const uint32_t y = m->tensor[n->out].channels;
        if (!conv_has_steps(m, range, i))
            continue;
        n->step_first = at;
        n->int8_bias_first = at + y;
        input_fill(c, n, &input);
        conv_finish(c, n, &input, weights + n->step_first, weights + n->int8_bias_first);
        at += 2 * (uint64_t)y;
    }
    m->weight_count = count;
done:
    vg_free(input.mean);
    vg_free(input.variance);
    vg_free(input.ratio);
    vg_free(input.weights);
    return weights;
}

enum vg_status vg_calibration_finish(const struct vg_calibration *c,
                                     const struct vg_range_settings *settings,
                                     struct vg_model *model, struct vg_fault *fault)
{
    for (uint32_t t = 0; t < model->tensor_count; t++)
        if (c->record[t].histogram && !c->record[t].pixels)
            return vg_fault_set(fault, VG_E_STATE, N_("the calibration has seen no picture"), NULL,
                                "tensor %u", t);
    struct vg_value_range *range = vg_alloc_array(model->tensor_count, sizeof *range);
    struct vg_histogram *joint = vg_alloc(sizeof *joint);
    float *weights = NULL;
    if (range && joint) {
        ranges_choose(c, settings, joint, range);
        ranges_drop(c, settings, range);
        weights = weights_extend(c, range, model);
    }
    vg_free(joint);
    if (!weights) {
        vg_free(range);
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%s",
                            model->name);
    }
    vg_free(model->weights);
    model->weights = weights;
    model->range = range;
    return VG_OK;
}
