/* The rules stand in the order of the file. A value that is not in its range is a flaw with the
 * record that holds it; nothing here trusts a count or an index that was not checked above. */
#include "models/model_check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
    static const char *const names[VG_PART_COUNT] = {"header", "class",  "tensor",
                                                     "node",   "output", "weight"};
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
    if (side >= 1 && side <= VG_MODEL_SIDE_MAX && side % m->input_multiple == 0)
        return false;
    return flawed(flaw, VG_PART_HEADER, 0, N_("the input size is not allowed"), "%s=%u multiple=%u",
                  name, side, m->input_multiple);
}

static bool input_flawed(const struct vg_model *m, struct vg_model_flaw *flaw)
{
    if (!power_of_two(m->input_multiple, VG_MODEL_MULTIPLE_MAX))
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
    return false;
}

static bool head_flawed(const struct vg_model *m, struct vg_model_flaw *flaw)
{
    if (m->head != VG_HEAD_NANODET)
        return flawed(flaw, VG_PART_HEADER, 0, N_("the kind of head is unknown"), "head=%u",
                      (unsigned)m->head);
    if (m->bins < 2 || m->bins > VG_MODEL_BINS_MAX)
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
        if (!power_of_two(t->stride, m->input_multiple))
            return flawed(flaw, VG_PART_TENSOR, i, N_("the tensor's stride is not allowed"),
                          "stride=%u multiple=%u", t->stride, m->input_multiple);
    }
    if (m->tensor[0].channels != 3 || m->tensor[0].stride != 1)
        return flawed(flaw, VG_PART_TENSOR, 0, N_("the first tensor is not the input"),
                      "channels=%u stride=%u", m->tensor[0].channels, m->tensor[0].stride);
    return false;
}

/* ------------------------------------------------------------ nodes */

/* One row an operator: what it may have. `rate` says how strides follow. */
static const struct {
    uint32_t inputs_least, inputs_most;
    bool window, scale, slice, weights, same_channels;
} traits[VG_OP_COUNT] = {
    [VG_OP_CONV] = {1, 1, .window = true, .weights = true},
    [VG_OP_MAXPOOL] = {1, 1, .window = true, .same_channels = true},
    [VG_OP_RESIZE] = {1, 1, .scale = true, .same_channels = true},
    [VG_OP_ADD] = {2, 2, .same_channels = true},
    [VG_OP_CONCAT] = {2, VG_MODEL_INPUTS_MAX, .window = false},
    [VG_OP_SLICE] = {1, 1, .slice = true},
    [VG_OP_SIGMOID] = {1, 1, .same_channels = true},
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

static bool unused_flawed(const struct vg_model *m, uint32_t i, struct vg_model_flaw *flaw)
{
    const struct vg_node *n = &m->node[i];
    const char *field = NULL;
    if (!traits[n->op].window && (n->kernel || n->stride || n->pad))
        field = "kernel, stride, pad";
    if (!traits[n->op].scale && (n->scale_num || n->scale_den))
        field = "scale";
    if (!traits[n->op].slice && n->channel_first)
        field = "channel_first";
    if (!traits[n->op].weights && (n->weight_first || n->bias_first))
        field = "weights";
    if (field)
        return flawed(flaw, VG_PART_NODE, i, N_("an unused field is not zero"), "%s", field);
    return false;
}

static bool act_flawed(const struct vg_model *m, uint32_t i, struct vg_model_flaw *flaw)
{
    const struct vg_node *n = &m->node[i];
    const bool known = n->act == VG_ACT_NONE || n->act == VG_ACT_LEAKY;
    if (!known || (n->act == VG_ACT_LEAKY && n->op != VG_OP_CONV))
        return flawed(flaw, VG_PART_NODE, i, N_("the activation is not allowed here"),
                      "activation=%u", (unsigned)n->act);
    if (!within(n->slope, 0, n->act == VG_ACT_LEAKY ? 1 : 0))
        return flawed(flaw, VG_PART_NODE, i, N_("the slope is out of range"), "slope=%g",
                      (double)n->slope);
    return false;
}

static bool window_flawed(const struct vg_model *m, uint32_t i, struct vg_model_flaw *flaw)
{
    const struct vg_node *n = &m->node[i];
    const bool good = n->kernel % 2 == 1 && n->kernel <= VG_MODEL_KERNEL_MAX &&
                      (n->stride == 1 || n->stride == 2) && n->pad == (n->kernel - 1) / 2;
    if (!good)
        return flawed(flaw, VG_PART_NODE, i, N_("kernel, stride or pad is not allowed"),
                      "kernel=%u stride=%u pad=%u", n->kernel, n->stride, n->pad);
    return false;
}

/* The range [first, first + count) lies in the weights. */
static bool range_flawed(const struct vg_model *m, uint32_t i, uint64_t first, uint64_t count,
                         struct vg_model_flaw *flaw)
{
    if (count <= m->weight_count && first <= m->weight_count - count)
        return false;
    return flawed(flaw, VG_PART_NODE, i, N_("the node's weights lie outside the weights"),
                  "%llu + %llu > %llu", (unsigned long long)first, (unsigned long long)count,
                  (unsigned long long)m->weight_count);
}

static bool weights_range_flawed(const struct vg_model *m, uint32_t i, struct vg_model_flaw *flaw)
{
    const struct vg_node *n = &m->node[i];
    const uint64_t out = m->tensor[n->out].channels; /* at most 2^12 * 2^12 * 15^2: no overflow */
    const uint64_t count = out * m->tensor[n->in[0]].channels * n->kernel * n->kernel;
    return range_flawed(m, i, n->weight_first, count, flaw) ||
           range_flawed(m, i, n->bias_first, out, flaw);
}

static bool shape_differs(const struct vg_model *m, uint32_t i, uint32_t channels, uint32_t stride,
                          struct vg_model_flaw *flaw)
{
    const struct vg_tensor *out = &m->tensor[m->node[i].out];
    if (out->channels == channels && out->stride == stride)
        return false;
    return flawed(flaw, VG_PART_NODE, i, N_("the output's shape does not follow from the inputs"),
                  "tensor=%u channels=%u stride=%u ≠ channels=%u stride=%u", m->node[i].out,
                  out->channels, out->stride, channels, stride);
}

/* Channels and stride that the inputs give; a flaw when they do not fit each other. */
static bool shape_flawed(const struct vg_model *m, uint32_t i, struct vg_model_flaw *flaw)
{
    const struct vg_node *n = &m->node[i];
    const struct vg_tensor *first = &m->tensor[n->in[0]];
    uint32_t channels = traits[n->op].same_channels ? first->channels : m->tensor[n->out].channels;
    uint32_t stride = first->stride;
    for (uint32_t k = 1; k < n->in_count; k++) {
        const struct vg_tensor *t = &m->tensor[n->in[k]];
        if (t->stride != stride || (n->op == VG_OP_ADD && t->channels != channels))
            return flawed(flaw, VG_PART_NODE, i, N_("the inputs' shapes do not fit each other"),
                          "tensor=%u ≠ tensor=%u", n->in[0], n->in[k]);
    }
    if (n->op == VG_OP_CONCAT) {
        channels = 0;
        for (uint32_t k = 0; k < n->in_count; k++)
            channels += m->tensor[n->in[k]].channels;
    }
    if (traits[n->op].window)
        stride *= n->stride;
    if (traits[n->op].scale) {
        const bool up = n->scale_num == 2 && n->scale_den == 1 && stride % 2 == 0;
        const bool down = n->scale_num == 1 && n->scale_den == 2;
        if (!up && !down)
            return flawed(flaw, VG_PART_NODE, i, N_("the scale is not allowed"),
                          "scale=%u/%u stride=%u", n->scale_num, n->scale_den, stride);
        stride = up ? stride / 2 : stride * 2;
    }
    return shape_differs(m, i, channels, stride, flaw);
}

static bool slice_flawed(const struct vg_model *m, uint32_t i, struct vg_model_flaw *flaw)
{
    const struct vg_node *n = &m->node[i];
    const uint32_t in = m->tensor[n->in[0]].channels, out = m->tensor[n->out].channels;
    if (out <= in && n->channel_first <= in - out)
        return false;
    return flawed(flaw, VG_PART_NODE, i, N_("the slice lies outside its input"),
                  "channels=%u..%llu > %u", n->channel_first,
                  (unsigned long long)n->channel_first + out, in);
}

static bool node_flawed(const struct vg_model *m, uint32_t i, const bool *written,
                        struct vg_model_flaw *flaw)
{
    const struct vg_node *n = &m->node[i];
    if ((uint32_t)n->op < VG_OP_CONV || (uint32_t)n->op >= VG_OP_COUNT)
        return flawed(flaw, VG_PART_NODE, i, N_("the operator is unknown"), "operator=%u",
                      (unsigned)n->op);
    if (edges_flawed(m, i, written, flaw) || act_flawed(m, i, flaw) || unused_flawed(m, i, flaw))
        return true;
    if (traits[n->op].window && window_flawed(m, i, flaw))
        return true;
    if (shape_flawed(m, i, flaw))
        return true;
    if (traits[n->op].slice && slice_flawed(m, i, flaw))
        return true;
    return traits[n->op].weights && weights_range_flawed(m, i, flaw);
}

static bool nodes_flawed(const struct vg_model *m, struct vg_model_flaw *flaw)
{
    bool written[VG_MODEL_TENSORS_MAX] = {[0] = true};
    for (uint32_t i = 0; i < m->node_count; i++) {
        if (node_flawed(m, i, written, flaw))
            return true;
        written[m->node[i].out] = true;
    }
    return false; /* as many tensors as nodes and one: each is written */
}

/* ------------------------------------------------------------ outputs and weights */

static bool output_flawed(const struct vg_model *m, uint32_t i, struct vg_model_flaw *flaw)
{
    const struct vg_output *o = &m->output[i];
    if (!text_valid(o->name, sizeof o->name, CHARSET_OUTPUT))
        return flawed(flaw, VG_PART_OUTPUT, i, N_("the output's name is not allowed"), "name");
    if (o->role != VG_OUTPUT_SCORES && o->role != VG_OUTPUT_DISTANCES)
        return flawed(flaw, VG_PART_OUTPUT, i, N_("the output's role is unknown"), "role=%u",
                      (unsigned)o->role);
    if (o->tensor >= m->tensor_count)
        return flawed(flaw, VG_PART_OUTPUT, i, N_("the output's tensor is not there"), "tensor=%u",
                      o->tensor);
    const struct vg_tensor *t = &m->tensor[o->tensor];
    const uint32_t want = o->role == VG_OUTPUT_SCORES ? m->class_count : 4 * m->bins;
    if (t->channels != want)
        return flawed(flaw, VG_PART_OUTPUT, i,
                      N_("the output's channels do not fit the classes or bins"),
                      "\"%s\" channels=%u ≠ %u", o->name, t->channels, want);
    for (uint32_t j = 0; j < i; j++) {
        const struct vg_output *other = &m->output[j];
        if (strcmp(other->name, o->name) == 0)
            return flawed(flaw, VG_PART_OUTPUT, i, N_("two outputs have one name"), "\"%s\"",
                          o->name);
        if (other->role == o->role && m->tensor[other->tensor].stride == t->stride)
            return flawed(flaw, VG_PART_OUTPUT, i, N_("two outputs have one role and stride"),
                          "\"%s\" = \"%s\"", other->name, o->name);
    }
    return false;
}

/* Each stride has its scores and its distances. */
static bool pair_missing(const struct vg_model *m, uint32_t i, struct vg_model_flaw *flaw)
{
    const struct vg_output *o = &m->output[i];
    const uint32_t stride = m->tensor[o->tensor].stride;
    for (uint32_t j = 0; j < m->output_count; j++)
        if (m->output[j].role != o->role && m->tensor[m->output[j].tensor].stride == stride)
            return false;
    return flawed(flaw, VG_PART_OUTPUT, i, N_("scores and distances do not come in pairs"),
                  "\"%s\" stride=%u", o->name, stride);
}

static bool outputs_flawed(const struct vg_model *m, struct vg_model_flaw *flaw)
{
    for (uint32_t i = 0; i < m->output_count; i++)
        if (output_flawed(m, i, flaw))
            return true;
    for (uint32_t i = 0; i < m->output_count; i++)
        if (pair_missing(m, i, flaw))
            return true;
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
    return header_words_flawed(model, flaw) || input_flawed(model, flaw) ||
           head_flawed(model, flaw) || counts_flawed(model, flaw) || classes_flawed(model, flaw) ||
           tensors_flawed(model, flaw) || nodes_flawed(model, flaw) ||
           outputs_flawed(model, flaw) || weights_flawed(model, flaw);
}
