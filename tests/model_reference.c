#include "tests/model_reference.h"

#include <math.h>
#include <string.h>

#include "src/base/alloc.h"

/* One step in work: its first input, its output, and their sizes. */
struct step {
    const struct vg_model *model;
    const struct vg_node *node;
    const struct vg_reference *reference;
    const float *in;
    struct vg_size in_size, out_size;
    uint32_t in_channels, out_channels;
    float *out;
};

static size_t cells(struct vg_size size)
{
    return (size_t)size.width * size.height;
}

/* ------------------------------------------------------------ activations */

static double clamp(double v, double low, double high)
{
    return v < low ? low : v > high ? high : v;
}

static double act(const struct vg_node *node, double v)
{
    const double a = (double)node->act_a, b = (double)node->act_b;
    switch (node->act) {
    case VG_ACT_LEAKY:
        return v > 0 ? v : a * v;
    case VG_ACT_CLIP:
        return clamp(v, a, b);
    case VG_ACT_SIGMOID:
        return 1 / (1 + exp(-v));
    case VG_ACT_SILU:
        return v / (1 + exp(-v));
    case VG_ACT_HARD_SIGMOID:
        return clamp(a * v + b, 0, 1);
    case VG_ACT_HARD_SWISH:
        return v * clamp(v / 6 + 0.5, 0, 1);
    case VG_ACT_NONE:
    case VG_ACT_COUNT:
        break;
    }
    return v;
}

/* ------------------------------------------------------------ windows */

/* Outputs [first, end) along one axis whose source at + before = output * stride + tap lies within
 * 0 to size. */
struct span {
    uint32_t first, end;
};

static struct span span_of(uint32_t outputs, uint32_t size, uint32_t stride, uint32_t tap,
                           uint32_t before)
{
    struct span span = {0, outputs};
    while (span.first < outputs && span.first * stride + tap < before)
        span.first++;
    while (span.end > span.first && (span.end - 1) * stride + tap >= before + size)
        span.end--;
    return span;
}

/* sum += weight * plane, at one place of the window. */
static void add_tap(const struct step *s, const float *plane, double weight, uint32_t row,
                    uint32_t column, double *sum)
{
    const struct vg_window *w = &s->node->window;
    const uint32_t tap_y = row * w->dilation_y, tap_x = column * w->dilation_x;
    const struct span ys =
        span_of(s->out_size.height, s->in_size.height, w->stride_y, tap_y, w->above);
    const struct span xs =
        span_of(s->out_size.width, s->in_size.width, w->stride_x, tap_x, w->left);
    for (uint32_t y = ys.first; y < ys.end; y++) {
        const size_t from = (size_t)(y * w->stride_y + tap_y - w->above) * s->in_size.width;
        double *to = sum + (size_t)y * s->out_size.width;
        for (uint32_t x = xs.first; x < xs.end; x++)
            to[x] += weight * (double)plane[from + x * w->stride_x + tap_x - w->left];
    }
}

static enum vg_status run_conv(const struct step *s)
{
    const struct vg_window *w = &s->node->window;
    const uint32_t ins = s->in_channels / s->node->groups;
    const uint32_t outs = s->out_channels / s->node->groups;
    const size_t area = (size_t)w->size_y * w->size_x, plane = cells(s->out_size);
    const float *weights = s->model->weights + s->node->weight_first;
    double *sum = vg_alloc_array(plane, sizeof *sum);
    if (!sum)
        return VG_E_MEMORY;
    for (uint32_t o = 0; o < s->out_channels; o++) {
        for (size_t k = 0; k < plane; k++)
            sum[k] = (double)s->model->weights[s->node->bias_first + o];
        for (uint32_t i = 0; i < ins; i++) {
            const float *in = s->in + (size_t)(o / outs * ins + i) * cells(s->in_size);
            for (size_t a = 0; a < area; a++)
                add_tap(s, in, (double)weights[((size_t)o * ins + i) * area + a],
                        (uint32_t)(a / w->size_x), (uint32_t)(a % w->size_x), sum);
        }
        for (size_t k = 0; k < plane; k++)
            s->out[o * plane + k] = (float)act(s->node, sum[k]);
    }
    vg_free(sum);
    return VG_OK;
}

/* Maximum or mean of the window of output (y, x) in one plane. */
static double pool(const struct step *s, const float *plane, uint32_t y, uint32_t x)
{
    const struct vg_window *w = &s->node->window;
    double best = -HUGE_VAL, sum = 0;
    uint32_t met = 0;
    for (uint32_t a = 0; a < w->size_y * w->size_x; a++) {
        const int64_t row = (int64_t)y * w->stride_y + a / w->size_x - w->above;
        const int64_t column = (int64_t)x * w->stride_x + a % w->size_x - w->left;
        if (row < 0 || row >= s->in_size.height || column < 0 || column >= s->in_size.width)
            continue;
        const double v = (double)plane[row * s->in_size.width + column];
        best = v > best ? v : best;
        sum += v;
        met++;
    }
    if (s->node->op == VG_OP_MAXPOOL)
        return best;
    return s->node->pool_padding == VG_POOL_PADDING_COUNTED ? sum / (w->size_y * w->size_x)
                                                            : sum / met;
}

static enum vg_status run_pool(const struct step *s)
{
    for (uint32_t c = 0; c < s->out_channels; c++)
        for (uint32_t y = 0; y < s->out_size.height; y++)
            for (uint32_t x = 0; x < s->out_size.width; x++)
                s->out[c * cells(s->out_size) + (size_t)y * s->out_size.width + x] =
                    (float)pool(s, s->in + c * cells(s->in_size), y, x);
    return VG_OK;
}

static enum vg_status run_mean(const struct step *s)
{
    const size_t plane = cells(s->in_size);
    for (uint32_t c = 0; c < s->out_channels; c++) {
        double sum = 0;
        for (size_t k = 0; k < plane; k++)
            sum += (double)s->in[c * plane + k];
        s->out[c] = (float)(sum / (double)plane);
    }
    return VG_OK;
}

/* ------------------------------------------------------------ resize */

/* Half-pixel centres, edges clamped: between source `low` and `high`, `share` of the second. */
struct between {
    uint32_t low, high;
    double share;
};

static struct between between_of(const struct vg_node *node, uint32_t at, uint32_t size)
{
    const double scale = (double)node->scale_den / node->scale_num;
    const double source = fmax((at + 0.5) * scale - 0.5, 0);
    struct between b = {.low = (uint32_t)fmin(floor(source), size - 1.0)};
    b.high = b.low + 1 < size ? b.low + 1 : b.low;
    b.share = source - floor(source);
    return b;
}

static double linear_at(const struct step *s, const float *plane, uint32_t y, uint32_t x)
{
    const uint32_t width = s->in_size.width;
    const struct between r = between_of(s->node, y, s->in_size.height);
    const struct between c = between_of(s->node, x, width);
    const double top = (double)plane[r.low * width + c.low] * (1 - c.share) +
                       (double)plane[r.low * width + c.high] * c.share;
    const double bottom = (double)plane[r.high * width + c.low] * (1 - c.share) +
                          (double)plane[r.high * width + c.high] * c.share;
    return top * (1 - r.share) + bottom * r.share;
}

static enum vg_status run_resize(const struct step *s)
{
    const uint32_t num = s->node->scale_num, den = s->node->scale_den;
    for (uint32_t c = 0; c < s->out_channels; c++)
        for (uint32_t y = 0; y < s->out_size.height; y++)
            for (uint32_t x = 0; x < s->out_size.width; x++) {
                const float *plane = s->in + c * cells(s->in_size);
                const double v =
                    s->node->resize == VG_RESIZE_NEAREST
                        ? (double)plane[y * den / num * s->in_size.width + x * den / num]
                        : linear_at(s, plane, y, x);
                s->out[c * cells(s->out_size) + (size_t)y * s->out_size.width + x] = (float)v;
            }
    return VG_OK;
}

/* ------------------------------------------------------------ the rest */

static enum vg_status run_pair(const struct step *s)
{
    const uint32_t second = s->node->in[1];
    const float *other = s->reference->tensor[second];
    const size_t plane = cells(s->out_size);
    const bool one = cells(s->reference->size[second]) != plane;
    for (size_t k = 0; k < s->out_channels * plane; k++) {
        const double a = (double)s->in[k], b = (double)other[one ? k / plane : k];
        s->out[k] = (float)act(s->node, s->node->op == VG_OP_ADD ? a + b : a * b);
    }
    return VG_OK;
}

static enum vg_status run_channels(const struct step *s)
{
    const size_t plane = cells(s->out_size);
    for (uint32_t c = 0; c < s->out_channels; c++) {
        const uint32_t word = s->model->map[s->node->map_first + c];
        const float *in = s->reference->tensor[s->node->in[VG_MAP_INPUT(word)]];
        memcpy(s->out + c * plane, in + VG_MAP_CHANNEL(word) * plane, plane * sizeof *in);
    }
    return VG_OK;
}

static enum vg_status run_space_to_depth(const struct step *s)
{
    for (uint32_t o = 0; o < s->out_channels; o++) {
        const uint32_t q = o / s->in_channels, c = o % s->in_channels;
        for (uint32_t y = 0; y < s->out_size.height; y++)
            for (uint32_t x = 0; x < s->out_size.width; x++)
                s->out[o * cells(s->out_size) + (size_t)y * s->out_size.width + x] =
                    s->in[c * cells(s->in_size) + (size_t)(2 * y + q / 2) * s->in_size.width +
                          2 * x + q % 2];
    }
    return VG_OK;
}

static enum vg_status run_act(const struct step *s)
{
    for (size_t k = 0; k < s->out_channels * cells(s->out_size); k++)
        s->out[k] = (float)act(s->node, (double)s->in[k]);
    return VG_OK;
}

static enum vg_status run_softmax(const struct step *s)
{
    const size_t plane = cells(s->out_size);
    for (size_t k = 0; k < plane; k++) {
        double most = -HUGE_VAL, sum = 0;
        for (uint32_t c = 0; c < s->out_channels; c++)
            most = fmax(most, (double)s->in[c * plane + k]);
        for (uint32_t c = 0; c < s->out_channels; c++)
            sum += exp((double)s->in[c * plane + k] - most);
        for (uint32_t c = 0; c < s->out_channels; c++)
            s->out[c * plane + k] = (float)(exp((double)s->in[c * plane + k] - most) / sum);
    }
    return VG_OK;
}

static enum vg_status (*const runs[VG_OP_COUNT])(const struct step *) = {
    [VG_OP_CONV] = run_conv,       [VG_OP_MAXPOOL] = run_pool,
    [VG_OP_AVGPOOL] = run_pool,    [VG_OP_MEAN] = run_mean,
    [VG_OP_RESIZE] = run_resize,   [VG_OP_ADD] = run_pair,
    [VG_OP_MUL] = run_pair,        [VG_OP_CHANNELS] = run_channels,
    [VG_OP_ACT] = run_act,         [VG_OP_SPACE_TO_DEPTH] = run_space_to_depth,
    [VG_OP_SOFTMAX] = run_softmax,
};

/* ------------------------------------------------------------ the whole */

static float *make_tensor(const struct vg_model *m, struct vg_reference *r, uint32_t tensor)
{
    r->tensor[tensor] =
        vg_alloc_array(m->tensor[tensor].channels * cells(r->size[tensor]), sizeof(float));
    return r->tensor[tensor];
}

static enum vg_status run_node(const struct vg_model *m, const struct vg_node *node,
                               struct vg_reference *r)
{
    const struct step step = {.model = m,
                              .node = node,
                              .reference = r,
                              .in = r->tensor[node->in[0]],
                              .in_size = r->size[node->in[0]],
                              .out_size = r->size[node->out],
                              .in_channels = m->tensor[node->in[0]].channels,
                              .out_channels = m->tensor[node->out].channels,
                              .out = make_tensor(m, r, node->out)};
    return step.out ? runs[node->op](&step) : VG_E_MEMORY;
}

enum vg_status vg_reference_run(const struct vg_model *model, uint32_t width, uint32_t height,
                                const float *input, struct vg_reference *reference,
                                struct vg_fault *fault)
{
    *reference = (struct vg_reference){.size = {{0, 0}}};
    enum vg_status status = vg_model_sizes(model, width, height, reference->size, fault);
    if (status != VG_OK)
        return status;
    float *first = make_tensor(model, reference, 0);
    if (!first)
        return VG_E_MEMORY;
    memcpy(first, input, 3 * cells(reference->size[0]) * sizeof *input);
    for (uint32_t i = 0; status == VG_OK && i < model->node_count; i++)
        status = run_node(model, &model->node[i], reference);
    return status;
}

enum vg_status vg_reference_step(const struct vg_model *model, uint32_t node,
                                 struct vg_reference *reference)
{
    return run_node(model, &model->node[node], reference);
}

void vg_reference_release(struct vg_reference *reference)
{
    for (uint32_t t = 0; t < VG_MODEL_TENSORS_MAX; t++) {
        vg_free(reference->tensor[t]);
        reference->tensor[t] = NULL;
    }
}

enum vg_status vg_reference_output(const struct vg_model *model,
                                   const struct vg_reference *reference, uint32_t o, float **values,
                                   size_t *count)
{
    const struct vg_output *output = &model->output[o];
    const uint32_t channels = model->tensor[output->part[0]].channels;
    size_t at = 0;
    *count = 0;
    for (uint32_t p = 0; p < output->part_count; p++)
        *count += channels * cells(reference->size[output->part[p]]);
    *values = vg_alloc_array(*count, sizeof **values);
    if (!*values)
        return VG_E_MEMORY;
    for (uint32_t p = 0; p < output->part_count; p++) {
        const size_t plane = cells(reference->size[output->part[p]]);
        const float *from = reference->tensor[output->part[p]];
        for (size_t k = 0; k < channels * plane; k++)
            (*values)[at++] = output->layout == VG_LAYOUT_PLANES
                                  ? from[k]
                                  : from[k % channels * plane + k / channels];
    }
    return VG_OK;
}

float *vg_reference_picture(const struct vg_model *model, uint32_t width, uint32_t height)
{
    float *picture = vg_alloc_array(3 * (size_t)width * height, sizeof *picture);
    float *to = picture;
    for (uint32_t c = 0; picture && c < 3; c++)
        for (uint32_t y = 0; y < height; y++)
            for (uint32_t x = 0; x < width; x++) {
                const uint32_t byte = (3 * x + 5 * y + 7 * x * y / 16 + 37 * c) % 256;
                *to++ = ((float)byte - model->mean[c]) * model->scale[c];
            }
    return picture;
}
