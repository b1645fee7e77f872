/* The rules stand in the order of the file. A value that is not in its range is a flaw with the
 * record that holds it; nothing here trusts a count or an index that was not checked above. */
#include "models/model_check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/head.h"
#include "src/base/text.h"

static bool VG_PRINTF(5, 6) flawed(struct vg_model_flaw *flaw, enum vg_model_part part,
                                   uint64_t index, const char *what, const char *detail, ...)
{
    flaw->part = part;
    flaw->index = index;
    flaw->what = what;
    va_list args;
    va_start(args, detail);
    (void)vsnprintf(flaw->detail, sizeof flaw->detail, detail, args);
    va_end(args);
    return true;
}

const char *vg_model_part_name(enum vg_model_part part)
{
    static const char *const names[VG_PART_COUNT] = {"header", "class", "tensor", "node",  "output",
                                                     "level",  "map",   "range",  "weight"};
    return names[part];
}

/* ------------------------------------------------------------ texts and numbers */

enum charset {
    CHARSET_PRINTABLE,
    CHARSET_MODEL,
    CHARSET_OUTPUT
};

static bool char_allowed(unsigned char c, enum charset set)
{
    const bool digit = c >= '0' && c <= '9';
    const bool lower = c >= 'a' && c <= 'z';
    const bool upper = c >= 'A' && c <= 'Z';
    const bool sign = c == '.' || c == '_' || c == '-';
    switch (set) {
    case CHARSET_MODEL:
        return digit || lower || sign;
    case CHARSET_OUTPUT:
        return digit || lower || upper || sign;
    case CHARSET_PRINTABLE:
        break;
    }
    return c >= 0x20 && c <= 0x7e;
}

static bool text_valid(const char *text, size_t size, enum charset set)
{
    const char *end = memchr(text, 0, size);
    if (!end || end == text)
        return false;
    for (const char *p = text; p < end; p++)
        if (!char_allowed((unsigned char)*p, set))
            return false;
    if (set == CHARSET_OUTPUT)
        return text[0] != '.';
    return set == CHARSET_PRINTABLE || (text[0] != '.' && text[0] != '_' && text[0] != '-');
}

bool vg_model_name_valid(const char *name)
{
    const size_t length = strnlen(name, VG_MODEL_NAME_SIZE);
    return length < VG_MODEL_NAME_SIZE && text_valid(name, length + 1, CHARSET_MODEL);
}

static bool within(float value, float least, float most)
{
    return isfinite(value) && value >= least && value <= most;
}

/* Above zero; an interval open below needs no comparison for equality. */
static bool positive(float value, float most)
{
    return isfinite(value) && value > 0 && value <= most;
}

static bool power_of_two(uint32_t value, uint32_t most)
{
    return value >= 1 && value <= most && (value & (value - 1)) == 0;
}

/* ------------------------------------------------------------ header */

static bool header_words_flawed(const struct vg_model *m, struct vg_model_flaw *flaw)
{
    if (!text_valid(m->name, sizeof m->name, CHARSET_MODEL))
        return flawed(flaw, VG_PART_HEADER, 0, N_("the model's name is not allowed"), "name");
    if (!text_valid(m->licence, sizeof m->licence, CHARSET_PRINTABLE))
        return flawed(flaw, VG_PART_HEADER, 0, N_("the model names no licence"), "licence");
    if (!text_valid(m->origin, sizeof m->origin, CHARSET_PRINTABLE))
        return flawed(flaw, VG_PART_HEADER, 0, N_("the model does not say where it comes from"),
                      "origin");
    return false;
}

static bool side_flawed(const struct vg_model *m, uint32_t side, const char *name,
                        struct vg_model_flaw *flaw)
{
    if (side >= 1 && side <= VG_MODEL_SIDE_MAX &&
        (m->input_multiple == 0 || side % m->input_multiple == 0))
        return false;
    return flawed(flaw, VG_PART_HEADER, 0, N_("the input size is not allowed"), "%s=%u multiple=%u",
                  name, side, m->input_multiple);
}

static bool input_flawed(const struct vg_model *m, struct vg_model_flaw *flaw)
{
    if (m->input_multiple != 0 && !power_of_two(m->input_multiple, VG_MODEL_MULTIPLE_MAX))
        return flawed(flaw, VG_PART_HEADER, 0, N_("the input size is not allowed"), "multiple=%u",
                      m->input_multiple);
    if (side_flawed(m, m->input_width, "width", flaw) ||
        side_flawed(m, m->input_height, "height", flaw))
        return true;
    if (m->order != VG_ORDER_BGR && m->order != VG_ORDER_RGB)
        return flawed(flaw, VG_PART_HEADER, 0, N_("the order of the planes is unknown"), "order=%u",
                      (unsigned)m->order);
    for (unsigned i = 0; i < 3; i++)
        if (!within(m->mean[i], -1000, 1000) || !positive(m->scale[i], 1000))
            return flawed(flaw, VG_PART_HEADER, 0, N_("mean or scale of the input is out of range"),
                          "plane=%u mean=%g scale=%g", i, (double)m->mean[i], (double)m->scale[i]);
    if (!within(m->fill, 0, 255))
        return flawed(flaw, VG_PART_HEADER, 0, N_("the value of the border is out of range"),
                      "fill=%g", (double)m->fill);
    if (m->anchor != VG_ANCHOR_CENTRE && m->anchor != VG_ANCHOR_CORNER)
        return flawed(flaw, VG_PART_HEADER, 0,
                      N_("where the picture lies in the letterbox is unknown"), "anchor=%u",
                      (unsigned)m->anchor);
    return false;
}

static bool head_flawed(const struct vg_model *m, struct vg_model_flaw *flaw)
{
    if (!vg_head_name(m->head)[0])
        return flawed(flaw, VG_PART_HEADER, 0, N_("the kind of head is unknown"), "head=%u",
                      (unsigned)m->head);
    const bool binned = vg_head_has_bins(m->head);
    if (m->bins < (binned ? 2 : 0) || m->bins > (binned ? VG_MODEL_BINS_MAX : 0))
        return flawed(flaw, VG_PART_HEADER, 0, N_("the number of bins is out of range"), "bins=%u",
                      m->bins);
    if (!positive(m->threshold, 1))
        return flawed(flaw, VG_PART_HEADER, 0, N_("the threshold is out of range"), "threshold=%g",
                      (double)m->threshold);
    if (!positive(m->nms, 1))
        return flawed(flaw, VG_PART_HEADER, 0, N_("the NMS limit is out of range"), "nms=%g",
                      (double)m->nms);
    return false;
}

static bool counts_flawed(const struct vg_model *m, struct vg_model_flaw *flaw)
{
    const struct {
        const char *name;
        uint64_t value, least, most;
    } rows[] = {
        {"classes", m->class_count, 1, VG_MODEL_CLASSES_MAX},
        {"nodes", m->node_count, 1, VG_MODEL_NODES_MAX - 1},
        {"tensors", m->tensor_count, (uint64_t)m->node_count + 1, (uint64_t)m->node_count + 1},
        {"outputs", m->output_count, 1, VG_MODEL_OUTPUTS_MAX},
        {"levels", m->level_count, 1, VG_MODEL_LEVELS_MAX},
        {"map", m->map_count, 0, VG_MODEL_MAP_MAX},
        {"weights", m->weight_count, 0, VG_MODEL_FILE_MAX / 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].value < rows[i].least || rows[i].value > rows[i].most)
            return flawed(flaw, VG_PART_HEADER, 0, N_("a count is out of range"),
                          "%s=%llu (%llu..%llu)", rows[i].name, (unsigned long long)rows[i].value,
                          (unsigned long long)rows[i].least, (unsigned long long)rows[i].most);
    return false;
}

/* ------------------------------------------------------------ classes and tensors */

static bool class_flawed(const struct vg_model *m, uint32_t i, struct vg_model_flaw *flaw)
{
    const char *word = m->class_name[i];
    if (!text_valid(word, sizeof m->class_name[i], CHARSET_PRINTABLE))
        return flawed(flaw, VG_PART_CLASS, i, N_("the class has no proper name"), "name");
    if (vg_class_forbidden(word))
        return flawed(flaw, VG_PART_CLASS, i,
                      N_("the net detects what this product must never detect"), "\"%s\"", word);
    for (uint32_t j = 0; j < i; j++)
        if (strcmp(m->class_name[j], word) == 0)
            return flawed(flaw, VG_PART_CLASS, i, N_("two classes have one name"), "\"%s\"", word);
    const int to = (int)m->class_map[i];
    if (to != VG_CLASS_NONE && (to < 0 || to >= VG_CLASS_COUNT))
        return flawed(flaw, VG_PART_CLASS, i, N_("the class is mapped to none that exists"),
                      "\"%s\" → %d", word, to);
    return false;
}

static bool classes_flawed(const struct vg_model *m, struct vg_model_flaw *flaw)
{
    bool kept = false;
    for (uint32_t i = 0; i < m->class_count; i++) {
        if (class_flawed(m, i, flaw))
            return true;
        kept = kept || m->class_map[i] != VG_CLASS_NONE;
    }
    if (!kept)
        return flawed(flaw, VG_PART_CLASS, 0, N_("every class of the net is dropped"), "classes=%u",
                      m->class_count);
    return false;
}

static bool tensors_flawed(const struct vg_model *m, struct vg_model_flaw *flaw)
{
    for (uint32_t i = 0; i < m->tensor_count; i++) {
        const struct vg_tensor *t = &m->tensor[i];
        if (t->channels < 1 || t->channels > VG_MODEL_CHANNELS_MAX)
            return flawed(flaw, VG_PART_TENSOR, i, N_("the number of channels is out of range"),
                          "channels=%u", t->channels);
    }
    if (m->tensor[0].channels != 3)
        return flawed(flaw, VG_PART_TENSOR, 0, N_("the first tensor is not the input"),
                      "channels=%u", m->tensor[0].channels);
    return false;
}

/* ------------------------------------------------------------ nodes */

/* One row an operator: what it may have. channels: how many the output has by the first input. */
static const struct {
    uint32_t inputs_least, inputs_most;
    bool act, window, dilation, groups, weights, mean, scale, map;
    uint32_t channels; /* times those of the first input; 0: any number */
} traits[VG_OP_COUNT] = {
    [VG_OP_CONV] = {1, 1, .act = true, .window = true, .dilation = true, .groups = true,
                    .weights = true},
    [VG_OP_MAXPOOL] = {1, 1, .window = true, .channels = 1},
    [VG_OP_AVGPOOL] = {1, 1, .window = true, .mean = true, .channels = 1},
    [VG_OP_MEAN] = {1, 1, .channels = 1},
    [VG_OP_RESIZE] = {1, 1, .scale = true, .channels = 1},
    [VG_OP_ADD] = {2, 2, .act = true, .channels = 1},
    [VG_OP_MUL] = {2, 2, .act = true, .channels = 1},
    [VG_OP_CHANNELS] = {1, VG_MODEL_INPUTS_MAX, .map = true},
    [VG_OP_SPACE_TO_DEPTH] = {1, 1, .channels = 4},
    [VG_OP_ACT] = {1, 1, .act = true, .channels = 1},
    [VG_OP_SOFTMAX] = {1, 1, .channels = 1},
};

/* One row an activation: the ranges of its numbers. */
static const struct {
    float a_least, a_most, b_least, b_most;
} act_ranges[VG_ACT_COUNT] = {
    [VG_ACT_LEAKY] = {0, 1, 0, 0},
    [VG_ACT_CLIP] = {-1000, 1000, -1000, 1000},
    [VG_ACT_HARD_SIGMOID] = {0, 1000, -1000, 1000},
};

static bool edges_flawed(const struct vg_model *m, uint32_t i, const bool *written,
                         struct vg_model_flaw *flaw)
{
    const struct vg_node *n = &m->node[i];
    if (n->in_count < traits[n->op].inputs_least || n->in_count > traits[n->op].inputs_most)
        return flawed(flaw, VG_PART_NODE, i, N_("the operator does not take that many inputs"),
                      "operator=%u inputs=%u", (unsigned)n->op, n->in_count);
    for (uint32_t k = 0; k < VG_MODEL_INPUTS_MAX; k++) {
        if (k >= n->in_count && n->in[k] != 0)
            return flawed(flaw, VG_PART_NODE, i, N_("an unused field is not zero"), "input=%u", k);
        if (k < n->in_count && (n->in[k] >= m->tensor_count || !written[n->in[k]]))
            return flawed(flaw, VG_PART_NODE, i,
                          N_("the node reads a tensor that no earlier node writes"), "tensor=%u",
                          n->in[k]);
    }
    if (n->out >= m->tensor_count || written[n->out])
        return flawed(flaw, VG_PART_NODE, i,
                      N_("the node writes a tensor that is not there or is written already"),
                      "tensor=%u", n->out);
    return false;
}

static bool act_flawed(const struct vg_model *m, uint32_t i, struct vg_model_flaw *flaw)
{
    const struct vg_node *n = &m->node[i];
    if ((uint32_t)n->act >= VG_ACT_COUNT || (n->act != VG_ACT_NONE && !traits[n->op].act) ||
        (n->act == VG_ACT_NONE && n->op == VG_OP_ACT))
        return flawed(flaw, VG_PART_NODE, i, N_("the activation is not allowed here"),
                      "activation=%u", (unsigned)n->act);
    if (!within(n->act_a, act_ranges[n->act].a_least, act_ranges[n->act].a_most) ||
        !within(n->act_b, act_ranges[n->act].b_least, act_ranges[n->act].b_most) ||
        (n->act == VG_ACT_CLIP && n->act_a > n->act_b) ||
        (n->act == VG_ACT_HARD_SIGMOID && !positive(n->act_a, 1000)))
        return flawed(flaw, VG_PART_NODE, i, N_("a number of the activation is out of range"),
                      "a=%g b=%g", (double)n->act_a, (double)n->act_b);
    return false;
}

/* A convolution on a tensor that has a range. */
static bool is_quantised(const struct vg_model *m, const struct vg_node *n)
{
    return n->op == VG_OP_CONV && m->range && m->range[n->in[0]].low < m->range[n->in[0]].high;
}

static bool window_is_zero(const struct vg_window *w)
{
    return !(w->size_y | w->size_x | w->stride_y | w->stride_x | w->dilation_y | w->dilation_x |
             w->above | w->left | w->below | w->right);
}

static bool unused_flawed(const struct vg_model *m, uint32_t i, struct vg_model_flaw *flaw)
{
    const struct vg_node *n = &m->node[i];
    const char *field = NULL;
    if (!traits[n->op].window && !window_is_zero(&n->window))
        field = "window";
    if (!traits[n->op].groups && n->groups)
        field = "groups";
    if (!traits[n->op].mean && (uint32_t)n->pool_padding)
        field = "pool_padding";
    if (!traits[n->op].scale && ((uint32_t)n->resize || n->scale_num || n->scale_den))
        field = "resize, scale";
    if (!traits[n->op].map && n->map_first)
        field = "map_first";
    if (!traits[n->op].weights && (n->weight_first || n->bias_first))
        field = "weights";
    if (!is_quantised(m, n) && (n->step_first || n->int8_bias_first))
        field = "steps";
    if (field)
        return flawed(flaw, VG_PART_NODE, i, N_("an unused field is not zero"), "%s", field);
    return false;
}

/* One axis of a window: padding never makes a step that sees no value. */
static bool axis_allowed(uint32_t size, uint32_t stride, uint32_t dilation, uint32_t before,
                         uint32_t after)
{
    return size >= 1 && size <= VG_MODEL_WINDOW_MAX && stride >= 1 &&
           stride <= VG_MODEL_STRIDE_MAX && dilation >= 1 && dilation <= VG_MODEL_DILATION_MAX &&
           before <= dilation * (size - 1) && after <= dilation * (size - 1);
}

static bool window_flawed(const struct vg_model *m, uint32_t i, struct vg_model_flaw *flaw)
{
    const struct vg_node *n = &m->node[i];
    const struct vg_window *w = &n->window;
    if (axis_allowed(w->size_y, w->stride_y, w->dilation_y, w->above, w->below) &&
        axis_allowed(w->size_x, w->stride_x, w->dilation_x, w->left, w->right) &&
        (traits[n->op].dilation || (w->dilation_y == 1 && w->dilation_x == 1)))
        return false;
    return flawed(flaw, VG_PART_NODE, i, N_("the window is not allowed"),
                  "size=%ux%u stride=%ux%u dilation=%ux%u pad=%u,%u,%u,%u", w->size_y, w->size_x,
                  w->stride_y, w->stride_x, w->dilation_y, w->dilation_x, w->above, w->left,
                  w->below, w->right);
}

static bool scale_flawed(const struct vg_model *m, uint32_t i, struct vg_model_flaw *flaw)
{
    const struct vg_node *n = &m->node[i];
    const uint32_t num = n->scale_num, den = n->scale_den;
    const bool kind = n->resize == VG_RESIZE_LINEAR || n->resize == VG_RESIZE_NEAREST;
    if (kind && ((den == 1 && num >= 2 && num <= VG_MODEL_SCALE_MAX) ||
                 (num == 1 && den >= 2 && den <= VG_MODEL_SCALE_MAX)))
        return false;
    return flawed(flaw, VG_PART_NODE, i, N_("the scale is not allowed"), "resize=%u scale=%u/%u",
                  (unsigned)n->resize, num, den);
}

/* Every word of its map names one of its inputs and one of that input's channels. */
static bool map_flawed(const struct vg_model *m, uint32_t i, struct vg_model_flaw *flaw)
{
    const struct vg_node *n = &m->node[i];
    const uint32_t count = m->tensor[n->out].channels;
    if (count > m->map_count || n->map_first > m->map_count - count)
        return flawed(flaw, VG_PART_NODE, i, N_("the node's words lie outside the map"),
                      "%u + %u > %u", n->map_first, count, m->map_count);
    for (uint32_t c = 0; c < count; c++) {
        const uint32_t word = m->map[n->map_first + c];
        if (VG_MAP_INPUT(word) >= n->in_count ||
            VG_MAP_CHANNEL(word) >= m->tensor[n->in[VG_MAP_INPUT(word)]].channels)
            return flawed(flaw, VG_PART_MAP, n->map_first + c,
                          N_("the word names no channel of the node's inputs"),
                          "/node/%u: input=%u channel=%u", i, VG_MAP_INPUT(word),
                          VG_MAP_CHANNEL(word));
    }
    return false;
}

static bool range_flawed(const struct vg_model *m, uint32_t i, uint64_t first, uint64_t count,
                         struct vg_model_flaw *flaw)
{
    if (count <= m->weight_count && first <= m->weight_count - count)
        return false;
    return flawed(flaw, VG_PART_NODE, i, N_("the node's weights lie outside the weights"),
                  "%llu + %llu > %llu", (unsigned long long)first, (unsigned long long)count,
                  (unsigned long long)m->weight_count);
}

/* Numbers of a quantised convolution: the steps are divisors. */
static bool steps_flawed(const struct vg_model *m, uint32_t i, struct vg_model_flaw *flaw)
{
    const struct vg_node *n = &m->node[i];
    const uint64_t out = m->tensor[n->out].channels;
    if (range_flawed(m, i, n->step_first, out, flaw) ||
        range_flawed(m, i, n->int8_bias_first, out, flaw))
        return true;
    for (uint64_t c = 0; c < out; c++) {
        const float step = m->weights[n->step_first + c];
        if (!(isfinite(step) && step > 0))
            return flawed(flaw, VG_PART_NODE, i, N_("a step of the weights is not above zero"),
                          "channel=%llu step=%g", (unsigned long long)c, (double)step);
    }
    return false;
}

static bool conv_flawed(const struct vg_model *m, uint32_t i, struct vg_model_flaw *flaw)
{
    const struct vg_node *n = &m->node[i];
    const uint32_t in = m->tensor[n->in[0]].channels, out = m->tensor[n->out].channels;
    if (n->groups < 1 || in % n->groups != 0 || out % n->groups != 0)
        return flawed(flaw, VG_PART_NODE, i, N_("the groups do not divide the channels"),
                      "groups=%u channels=%u, %u", n->groups, in, out);
    /* at most 2^12 * 2^12 * 15^2: no overflow */
    const uint64_t count = (uint64_t)out * (in / n->groups) * n->window.size_y * n->window.size_x;
    return range_flawed(m, i, n->weight_first, count, flaw) ||
           range_flawed(m, i, n->bias_first, out, flaw) ||
           (is_quantised(m, n) && steps_flawed(m, i, flaw));
}

static bool channels_flawed(const struct vg_model *m, uint32_t i, struct vg_model_flaw *flaw)
{
    const struct vg_node *n = &m->node[i];
    const uint32_t in = m->tensor[n->in[0]].channels, out = m->tensor[n->out].channels;
    const bool pair = n->op == VG_OP_ADD || n->op == VG_OP_MUL;
    if (pair && m->tensor[n->in[1]].channels != in)
        return flawed(flaw, VG_PART_NODE, i, N_("the inputs' channels do not fit each other"),
                      "channels=%u ≠ %u", in, m->tensor[n->in[1]].channels);
    const uint32_t want = traits[n->op].channels * in;
    if (want != 0 && out != want)
        return flawed(flaw, VG_PART_NODE, i,
                      N_("the output's channels do not follow from the inputs"),
                      "tensor=%u channels=%u ≠ %u", n->out, out, want);
    return false;
}

/* What of the node holds whatever the size of the planes. */
static bool shape_flawed(const struct vg_model *m, uint32_t i, struct vg_model_flaw *flaw)
{
    const enum vg_op op = m->node[i].op;
    if ((traits[op].window && window_flawed(m, i, flaw)) || channels_flawed(m, i, flaw))
        return true;
    if ((traits[op].scale && scale_flawed(m, i, flaw)) ||
        (traits[op].map && map_flawed(m, i, flaw)))
        return true;
    if (traits[op].mean && m->node[i].pool_padding != VG_POOL_PADDING_LEFT_OUT &&
        m->node[i].pool_padding != VG_POOL_PADDING_COUNTED)
        return flawed(flaw, VG_PART_NODE, i, N_("the padding of the mean is unknown"),
                      "pool_padding=%u", (unsigned)m->node[i].pool_padding);
    return traits[op].weights && conv_flawed(m, i, flaw);
}

/* size: of the tensors written so far, at the preferred input; gets that of the node's output. */
static bool node_flawed(const struct vg_model *m, uint32_t i, const bool *written,
                        struct vg_size *size, struct vg_model_flaw *flaw)
{
    const struct vg_node *n = &m->node[i];
    if ((uint32_t)n->op < VG_OP_CONV || (uint32_t)n->op >= VG_OP_COUNT)
        return flawed(flaw, VG_PART_NODE, i, N_("the operator is unknown"), "operator=%u",
                      (unsigned)n->op);
    if (edges_flawed(m, i, written, flaw) || act_flawed(m, i, flaw) || unused_flawed(m, i, flaw) ||
        shape_flawed(m, i, flaw))
        return true;
    const char *why = vg_node_size(n, size, &size[n->out]);
    if (!why)
        return false;
    return flawed(flaw, VG_PART_NODE, i, why, "input=%ux%u: %ux%u", m->input_width, m->input_height,
                  size[n->in[0]].width, size[n->in[0]].height);
}

static bool nodes_flawed(const struct vg_model *m, struct vg_size *size, struct vg_model_flaw *flaw)
{
    bool written[VG_MODEL_TENSORS_MAX] = {[0] = true};
    size[0] = (struct vg_size){m->input_width, m->input_height};
    for (uint32_t i = 0; i < m->node_count; i++) {
        if (node_flawed(m, i, written, size, flaw))
            return true;
        written[m->node[i].out] = true;
    }
    return false; /* as many tensors as nodes and one: each is written */
}

/* ------------------------------------------------------------ outputs, levels, numbers */

/* A tensor that a node writes. */
static bool is_written(const struct vg_model *m, uint32_t tensor)
{
    return tensor >= 1 && tensor < m->tensor_count;
}

static bool parts_flawed(const struct vg_model *m, uint32_t i, struct vg_model_flaw *flaw)
{
    const struct vg_output *o = &m->output[i];
    if (o->part_count < 1 || o->part_count > VG_MODEL_LEVELS_MAX ||
        (o->layout == VG_LAYOUT_PLANES && o->part_count != 1))
        return flawed(flaw, VG_PART_OUTPUT, i, N_("the output has not that many parts"), "parts=%u",
                      o->part_count);
    for (uint32_t k = 0; k < VG_MODEL_LEVELS_MAX; k++) {
        if (k >= o->part_count && o->part[k] != 0)
            return flawed(flaw, VG_PART_OUTPUT, i, N_("an unused field is not zero"), "part=%u", k);
        if (k < o->part_count && !is_written(m, o->part[k]))
            return flawed(flaw, VG_PART_OUTPUT, i, N_("the output's tensor is not there"),
                          "tensor=%u", o->part[k]);
        if (k < o->part_count && m->tensor[o->part[k]].channels != m->tensor[o->part[0]].channels)
            return flawed(flaw, VG_PART_OUTPUT, i,
                          N_("the output's parts have different numbers of channels"),
                          "\"%s\" channels=%u ≠ %u", o->name, m->tensor[o->part[k]].channels,
                          m->tensor[o->part[0]].channels);
    }
    return false;
}

static bool output_flawed(const struct vg_model *m, uint32_t i, struct vg_model_flaw *flaw)
{
    const struct vg_output *o = &m->output[i];
    if (!text_valid(o->name, sizeof o->name, CHARSET_OUTPUT))
        return flawed(flaw, VG_PART_OUTPUT, i, N_("the output's name is not allowed"), "name");
    if (o->layout != VG_LAYOUT_CELLS && o->layout != VG_LAYOUT_PLANES)
        return flawed(flaw, VG_PART_OUTPUT, i, N_("the output's layout is unknown"), "layout=%u",
                      (unsigned)o->layout);
    for (uint32_t j = 0; j < i; j++)
        if (strcmp(m->output[j].name, o->name) == 0)
            return flawed(flaw, VG_PART_OUTPUT, i, N_("two outputs have one name"), "\"%s\"",
                          o->name);
    return parts_flawed(m, i, flaw);
}

static bool outputs_flawed(const struct vg_model *m, struct vg_model_flaw *flaw)
{
    for (uint32_t i = 0; i < m->output_count; i++)
        if (output_flawed(m, i, flaw))
            return true;
    return false;
}

static uint32_t cells_of(uint32_t side, uint32_t stride)
{
    return (side + stride - 1) / stride;
}

/* A tensor of a level: written, of `channels`, its planes of one cell each `stride` pixels. */
static bool level_tensor_flawed(const struct vg_model *m, uint32_t i, const char *name,
                                uint32_t tensor, uint32_t channels, const struct vg_size *size,
                                struct vg_model_flaw *flaw)
{
    if (!is_written(m, tensor))
        return flawed(flaw, VG_PART_LEVEL, i, N_("the level's tensor is not there"), "%s=%u", name,
                      tensor);
    if (m->tensor[tensor].channels != channels)
        return flawed(flaw, VG_PART_LEVEL, i,
                      N_("the level's channels do not fit the classes, the bins or the head"),
                      "%s=%u channels=%u ≠ %u", name, tensor, m->tensor[tensor].channels, channels);
    const uint32_t width = cells_of(m->input_width, m->level[i].stride);
    const uint32_t height = cells_of(m->input_height, m->level[i].stride);
    if (size[tensor].width != width || size[tensor].height != height)
        return flawed(flaw, VG_PART_LEVEL, i,
                      N_("the level's stride does not fit the size of its planes"),
                      "%s=%u stride=%u: %ux%u ≠ %ux%u", name, tensor, m->level[i].stride,
                      size[tensor].width, size[tensor].height, width, height);
    return false;
}

static bool level_flawed(const struct vg_model *m, uint32_t i, const struct vg_size *size,
                         struct vg_model_flaw *flaw)
{
    const struct vg_level *l = &m->level[i];
    if (l->stride <= (i ? m->level[i - 1].stride : 0) || l->stride > VG_MODEL_MULTIPLE_MAX)
        return flawed(flaw, VG_PART_LEVEL, i, N_("the level's stride is not allowed"), "stride=%u",
                      l->stride);
    if (level_tensor_flawed(m, i, "scores", l->scores, m->class_count, size, flaw) ||
        level_tensor_flawed(m, i, "boxes", l->boxes, vg_head_box_channels(m->head, m->bins), size,
                            flaw))
        return true;
    if (!vg_head_has_bins(m->head))
        return level_tensor_flawed(m, i, "objectness", l->objectness, 1, size, flaw);
    if (l->objectness != VG_MODEL_NONE)
        return flawed(flaw, VG_PART_LEVEL, i, N_("this head has no objectness"), "objectness=%u",
                      l->objectness);
    return false;
}

static bool levels_flawed(const struct vg_model *m, const struct vg_size *size,
                          struct vg_model_flaw *flaw)
{
    for (uint32_t i = 0; i < m->level_count; i++)
        if (level_flawed(m, i, size, flaw))
            return true;
    return false;
}

static bool ranges_flawed(const struct vg_model *m, struct vg_model_flaw *flaw)
{
    for (uint32_t i = 0; m->range && i < m->tensor_count; i++) {
        const struct vg_value_range *r = &m->range[i];
        if (!isfinite(r->low) || !isfinite(r->high) || r->low > 0 || r->high < 0)
            return flawed(flaw, VG_PART_RANGE, i, N_("the range does not hold zero"),
                          "low=%g high=%g", (double)r->low, (double)r->high);
    }
    return false;
}

/* Floats that a node names. Counts and places are below 2^27. */
struct run {
    uint32_t first, end, node;
};

static uint32_t runs_of(const struct vg_model *m, uint32_t i, struct run run[4])
{
    const struct vg_node *n = &m->node[i];
    if (n->op != VG_OP_CONV)
        return 0;
    const uint32_t out = m->tensor[n->out].channels;
    const uint32_t weights =
        out * (m->tensor[n->in[0]].channels / n->groups) * n->window.size_y * n->window.size_x;
    const uint64_t first[] = {n->weight_first, n->bias_first, n->step_first, n->int8_bias_first};
    const uint32_t count = is_quantised(m, n) ? 4 : 2;
    for (uint32_t k = 0; k < count; k++)
        run[k] = (struct run){(uint32_t)first[k], (uint32_t)first[k] + (k ? out : weights), i};
    return count;
}

static int run_order(const void *left, const void *right)
{
    const struct run *a = left, *b = right;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    return (a->end > b->end) - (a->end < b->end);
}

/* Nodes may share a run, not parts of one: what gives one up gives up all of it or nothing. */
static bool runs_flawed(const struct vg_model *m, struct vg_model_flaw *flaw)
{
    struct run run[4 * VG_MODEL_NODES_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < m->node_count; i++)
        count += runs_of(m, i, &run[count]);
    qsort(run, count, sizeof *run, run_order);
    for (uint32_t k = 1; k < count; k++)
        if (run[k].first < run[k - 1].end && run_order(&run[k], &run[k - 1]) != 0)
            return flawed(flaw, VG_PART_NODE, run[k].node,
                          N_("the node's weights lie partly in those of another"),
                          "%u..%u, /node/%u: %u..%u", run[k].first, run[k].end, run[k - 1].node,
                          run[k - 1].first, run[k - 1].end);
    return false;
}

static bool weights_flawed(const struct vg_model *m, struct vg_model_flaw *flaw)
{
    for (uint64_t i = 0; i < m->weight_count; i++)
        if (!isfinite(m->weights[i]))
            return flawed(flaw, VG_PART_WEIGHT, i, N_("a weight is not a finite number"), "%g",
                          (double)m->weights[i]);
    return false;
}

bool vg_model_flaw_find(const struct vg_model *model, struct vg_model_flaw *flaw)
{
    struct vg_size size[VG_MODEL_TENSORS_MAX];
    return header_words_flawed(model, flaw) || input_flawed(model, flaw) ||
           head_flawed(model, flaw) || counts_flawed(model, flaw) || classes_flawed(model, flaw) ||
           tensors_flawed(model, flaw) || nodes_flawed(model, size, flaw) ||
           outputs_flawed(model, flaw) || levels_flawed(model, size, flaw) ||
           ranges_flawed(model, flaw) || runs_flawed(model, flaw) || weights_flawed(model, flaw);
}
