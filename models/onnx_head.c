#include "models/onnx_head.h"

#include <stdio.h>
#include <string.h>

#include "models/head.h"
#include "models/model_check.h"
#include "src/base/alloc.h"
#include "src/base/text.h"

static enum vg_status refuse(const struct vg_onnx_graph *g, uint32_t output, const char *what,
                             const char *detail)
{
    char name[100];
    vg_onnx_text_copy(g->value[g->output[output].value].name, name, sizeof name);
    const enum vg_status status = what == vg_onnx_no_memory ? VG_E_MEMORY : VG_E_INPUT;
    return vg_fault_set(g->fault, status, what, NULL, "%.120s: \"%s\"%s%s", g->name, name,
                        detail[0] ? ": " : "", detail);
}

/* ------------------------------------------------------------ layouts */

static bool layout_of(const struct vg_onnx_view *view, enum vg_layout *layout)
{
    *layout = VG_LAYOUT_PLANES;
    if (vg_onnx_view_is_planes(view))
        return true;
    *layout = VG_LAYOUT_CELLS;
    return view->rank == 3 && view->axis[0].size == 1 && view->axis[1].kind == VG_AXIS_CELLS &&
           view->axis[2].size == view->channels;
}

/* ------------------------------------------------------------ recognising */

/* Whether a channel is what a sigmoid made, seen through steps that only move channels. */
static bool of_sigmoid(const struct vg_onnx_net *net, uint32_t word)
{
    while (VG_MAP_INPUT(word) > 0) {
        const struct vg_onnx_step *step = &net->step[VG_MAP_INPUT(word) - 1];
        if (step->node.op != VG_OP_CHANNELS)
            return step->node.act == VG_ACT_SIGMOID;
        const uint32_t from = step->map[VG_MAP_CHANNEL(word)];
        word = VG_MAP_WORD(step->node.in[VG_MAP_INPUT(from)], VG_MAP_CHANNEL(from));
    }
    return false;
}

/* Whether the channels from first to end are all of sigmoids (want), or none is. */
static bool sigmoids(const struct vg_onnx_folded *folded, uint32_t output, uint32_t first,
                     uint32_t end, bool want)
{
    const struct vg_onnx_view *view = &folded->output[output];
    for (uint32_t c = first; c < end; c++)
        if (of_sigmoid(&folded->net, view->part[0].word[c]) != want)
            return false;
    return true;
}

static uint32_t leading_sigmoids(const struct vg_onnx_folded *folded, uint32_t output)
{
    uint32_t c = 0;
    while (c < folded->output[output].channels && sigmoids(folded, output, c, c + 1, true))
        c++;
    return c;
}

/* The role of each of several outputs; false: no NanoDet head. */
static bool nanodet_roles(const struct vg_onnx_graph *g, const struct vg_onnx_folded *folded,
                          enum vg_output_role *role, struct vg_descriptor_signs *signs)
{
    signs->head = VG_HEAD_NANODET;
    signs->class_count = 0;
    signs->bins = 0;
    for (uint32_t o = 0; o < g->output_count; o++) {
        const uint32_t channels = folded->output[o].channels;
        const bool scores = sigmoids(folded, o, 0, channels, true);
        uint32_t *count = scores ? &signs->class_count : &signs->bins;
        const uint32_t found = scores ? channels : channels / 4;
        if ((!scores && (channels % 4 || !sigmoids(folded, o, 0, channels, false))) ||
            (*count && *count != found))
            return false;
        *count = found;
        role[o] = scores ? VG_OUTPUT_SCORES : VG_OUTPUT_DISTANCES;
    }
    return signs->class_count && signs->bins;
}

/* One output that holds all. */
static bool joint_head(const struct vg_onnx_folded *folded, enum vg_layout layout,
                       struct vg_descriptor_signs *signs)
{
    const uint32_t channels = folded->output[0].channels;
    const uint32_t leading = leading_sigmoids(folded, 0);
    signs->bins = 0;
    if (layout == VG_LAYOUT_PLANES) {
        signs->head = VG_HEAD_FASTESTDET;
        signs->class_count = channels > 5 ? channels - 5 : 0;
        return channels > 5 && leading >= 1 && sigmoids(folded, 0, 1, 5, false);
    }
    if (leading == 0 && channels > 5 && sigmoids(folded, 0, 0, 4, false) &&
        sigmoids(folded, 0, 4, channels, true)) {
        signs->head = VG_HEAD_YOLOX;
        signs->class_count = channels - 5;
        return true;
    }
    signs->head = VG_HEAD_NANODET_PLUS;
    signs->class_count = leading;
    signs->bins = (channels - leading) / 4;
    return leading > 0 && signs->bins >= 2 && (channels - leading) % 4 == 0 &&
           sigmoids(folded, 0, leading, channels, false);
}

enum vg_status vg_onnx_head_recognise(const struct vg_onnx_graph *graph,
                                      const struct vg_onnx_folded *folded,
                                      struct vg_descriptor_signs *signs)
{
    enum vg_output_role role[VG_ONNX_OUTPUTS_MAX];
    enum vg_layout layout = VG_LAYOUT_CELLS;
    for (uint32_t o = 0; o < graph->output_count; o++)
        if (!layout_of(&folded->output[o], &layout) ||
            (graph->output_count > 1 && layout != VG_LAYOUT_CELLS))
            return refuse(graph, o, N_("the output's shape is not supported"), "");
    if (graph->output_count == 1 ? joint_head(folded, layout, signs)
                                 : nanodet_roles(graph, folded, role, signs))
        return VG_OK;
    return vg_fault_set(graph->fault, VG_E_INPUT, N_("the kind of head was not recognised"),
                        N_("describe the net in a file and name it with --descriptor"), "%.200s",
                        graph->name);
}

/* ------------------------------------------------------------ roles */

static enum vg_status roles_of(const struct vg_onnx_graph *g, const struct vg_onnx_folded *folded,
                               const struct vg_descriptor *d, enum vg_output_role *role)
{
    struct vg_descriptor_signs signs;
    if (d->model.output_count == 0) {
        if (g->output_count == 1)
            role[0] = VG_OUTPUT_ALL;
        else if (!nanodet_roles(g, folded, role, &signs))
            return refuse(g, 0, N_("the kind of head was not recognised"), "");
        return VG_OK;
    }
    for (uint32_t o = 0; o < g->output_count; o++) {
        uint32_t k = 0;
        while (k < d->model.output_count &&
               !vg_onnx_text_is(g->value[g->output[o].value].name, d->model.output[k].name))
            k++;
        if (k == d->model.output_count)
            return refuse(g, o, N_("the descriptor does not name this output"), "");
        role[o] = d->role[k];
    }
    if (g->output_count != d->model.output_count)
        return vg_fault_set(g->fault, VG_E_INPUT, N_("the net has no such output"), NULL,
                            "%.120s: %u ≠ %u", g->name, g->output_count, d->model.output_count);
    return VG_OK;
}

/* ------------------------------------------------------------ levels */

/* A level in the making: where in a part's list its channels stand. */
struct draft {
    uint32_t height, width;
    const uint32_t *scores, *boxes, *objectness; /* words; NULL: not met yet */
};

struct build {
    const struct vg_onnx_graph *graph;
    struct vg_onnx_folded *folded;
    struct vg_model *model;
    enum vg_output_role role[VG_ONNX_OUTPUTS_MAX];
    struct draft draft[VG_MODEL_LEVELS_MAX];
    uint32_t draft_count;
    uint32_t root[VG_ONNX_OUTPUTS_MAX * VG_MODEL_LEVELS_MAX + 3 * VG_MODEL_LEVELS_MAX];
    uint32_t root_count;
    uint32_t tensor_of[VG_ONNX_STEPS_MAX + 1];
};

/* Offsets of scores, boxes and objectness in an output of this role, and how many channels it must
 * have; NONE: not in it. */
struct pieces {
    uint32_t scores, boxes, objectness, channels;
};

static struct pieces pieces_of(const struct vg_model *m, enum vg_output_role role)
{
    const uint32_t boxes = vg_head_box_channels(m->head, m->bins), none = VG_MODEL_NONE;
    if (role == VG_OUTPUT_SCORES)
        return (struct pieces){0, none, none, m->class_count};
    if (role == VG_OUTPUT_DISTANCES)
        return (struct pieces){none, 0, none, boxes};
    if (m->head == VG_HEAD_YOLOX)
        return (struct pieces){5, 0, 4, 5 + m->class_count};
    if (m->head == VG_HEAD_FASTESTDET)
        return (struct pieces){5, 1, 0, 5 + m->class_count};
    return (struct pieces){0, m->class_count, none, m->class_count + boxes};
}

static struct draft *draft_of(struct build *b, const struct vg_onnx_part *part)
{
    for (uint32_t l = 0; l < b->draft_count; l++)
        if (b->draft[l].height == part->height && b->draft[l].width == part->width)
            return &b->draft[l];
    if (b->draft_count == VG_MODEL_LEVELS_MAX)
        return NULL;
    b->draft[b->draft_count] = (struct draft){part->height, part->width, NULL, NULL, NULL};
    return &b->draft[b->draft_count++];
}

/* false: said already. */
static bool set_piece(const uint32_t **piece, const uint32_t *word, uint32_t offset)
{
    if (offset == VG_MODEL_NONE)
        return true;
    if (*piece)
        return false;
    *piece = word + offset;
    return true;
}

static enum vg_status draft_output(struct build *b, uint32_t o)
{
    const struct vg_onnx_view *view = &b->folded->output[o];
    const struct pieces pieces = pieces_of(b->model, b->role[o]);
    char detail[60];
    (void)snprintf(detail, sizeof detail, "%u ≠ %u", view->channels, pieces.channels);
    if (view->channels != pieces.channels)
        return refuse(b->graph, o,
                      N_("the output's channels are not those of the head and its classes"),
                      detail);
    for (uint32_t p = 0; p < view->part_count; p++) {
        struct draft *draft = draft_of(b, &view->part[p]);
        const uint32_t *word = view->part[p].word;
        if (!draft || !set_piece(&draft->scores, word, pieces.scores) ||
            !set_piece(&draft->boxes, word, pieces.boxes) ||
            !set_piece(&draft->objectness, word, pieces.objectness))
            return refuse(b->graph, o, N_("two levels have planes of one size"), "");
    }
    return VG_OK;
}

/* The least power of two whose cells these are. */
static uint32_t stride_of(const struct vg_model *m, const struct draft *draft)
{
    for (uint32_t s = 1; s <= VG_MODEL_MULTIPLE_MAX; s *= 2)
        if ((m->input_height + s - 1) / s == draft->height &&
            (m->input_width + s - 1) / s == draft->width)
            return s;
    return 0;
}

static const char *piece_tensor(struct build *b, const uint32_t *word, uint32_t count,
                                uint32_t *tensor)
{
    const char *why = vg_onnx_net_exact(&b->folded->net, word, count, tensor);
    if (!why && *tensor == 0)
        why = N_("the output is the input");
    if (!why)
        b->root[b->root_count++] = *tensor;
    return why;
}

static enum vg_status make_level(struct build *b, const struct draft *draft, struct vg_level *level)
{
    const struct vg_model *m = b->model;
    const bool bins = vg_head_has_bins(m->head);
    if (!draft->scores || !draft->boxes || (!bins && !draft->objectness))
        return vg_fault_set(b->graph->fault, VG_E_INPUT,
                            N_("a level lacks its scores, its boxes or its objectness"), NULL,
                            "%.120s: %ux%u", b->graph->name, draft->width, draft->height);
    level->stride = stride_of(m, draft);
    if (level->stride == 0)
        return vg_fault_set(b->graph->fault, VG_E_INPUT,
                            N_("the level's stride does not fit the size of its planes"), NULL,
                            "%.120s: %ux%u", b->graph->name, draft->width, draft->height);
    level->objectness = VG_MODEL_NONE;
    const char *why = piece_tensor(b, draft->scores, m->class_count, &level->scores);
    if (!why)
        why = piece_tensor(b, draft->boxes, vg_head_box_channels(m->head, m->bins), &level->boxes);
    if (!why && !bins)
        why = piece_tensor(b, draft->objectness, 1, &level->objectness);
    return why ? refuse(b->graph, 0, why, "") : VG_OK;
}

/* By rising stride. */
static enum vg_status make_levels(struct build *b)
{
    struct vg_model *m = b->model;
    m->level_count = 0;
    for (uint32_t d = 0; d < b->draft_count; d++) {
        struct vg_level level;
        const enum vg_status status = make_level(b, &b->draft[d], &level);
        if (status != VG_OK)
            return status;
        uint32_t at = m->level_count++;
        for (; at > 0 && m->level[at - 1].stride > level.stride; at--)
            m->level[at] = m->level[at - 1];
        m->level[at] = level;
    }
    return VG_OK;
}

/* ------------------------------------------------------------ outputs */

/* The file's name of it; what the model's file cannot hold becomes '_'. */
static void set_name(const struct vg_onnx_graph *g, uint32_t o, struct vg_output *output)
{
    vg_onnx_text_copy(g->value[g->output[o].value].name, output->name, sizeof output->name);
    for (char *p = output->name; *p; p++) {
        const bool letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z');
        const bool other = (*p >= '0' && *p <= '9') || *p == '_' || *p == '-';
        if (!letter && !other && !(*p == '.' && p > output->name))
            *p = '_';
    }
}

static enum vg_status make_output(struct build *b, uint32_t o)
{
    const struct vg_onnx_view *view = &b->folded->output[o];
    struct vg_output *output = &b->model->output[o];
    *output = (struct vg_output){.part_count = view->part_count};
    set_name(b->graph, o, output);
    if (!layout_of(view, &output->layout))
        return refuse(b->graph, o, N_("the output's shape is not supported"), "");
    for (uint32_t p = 0; p < view->part_count; p++) {
        const char *why = piece_tensor(b, view->part[p].word, view->channels, &output->part[p]);
        if (why)
            return refuse(b->graph, o, why, "");
    }
    return draft_output(b, o);
}

/* Numbers of the net's tensors become those of the model. */
static void rename_tensors(struct build *b)
{
    struct vg_model *m = b->model;
    for (uint32_t o = 0; o < m->output_count; o++)
        for (uint32_t p = 0; p < m->output[o].part_count; p++)
            m->output[o].part[p] = b->tensor_of[m->output[o].part[p]];
    for (uint32_t l = 0; l < m->level_count; l++) {
        struct vg_level *level = &m->level[l];
        level->scores = b->tensor_of[level->scores];
        level->boxes = b->tensor_of[level->boxes];
        if (level->objectness != VG_MODEL_NONE)
            level->objectness = b->tensor_of[level->objectness];
    }
}

static enum vg_status build_all(struct build *b, const struct vg_descriptor *descriptor)
{
    enum vg_status status = roles_of(b->graph, b->folded, descriptor, b->role);
    b->model->output_count = b->graph->output_count;
    for (uint32_t o = 0; status == VG_OK && o < b->graph->output_count; o++)
        status = make_output(b, o);
    if (status == VG_OK)
        status = make_levels(b);
    if (status != VG_OK)
        return status;
    vg_onnx_net_simplify(&b->folded->net, b->root, b->root_count);
    const char *why = vg_onnx_net_pack(&b->folded->net, b->model, b->tensor_of);
    if (why)
        return refuse(b->graph, 0, why, "");
    rename_tensors(b);
    return VG_OK;
}

enum vg_status vg_onnx_head_build(const struct vg_onnx_graph *graph, struct vg_onnx_folded *folded,
                                  const struct vg_descriptor *descriptor, struct vg_model *model)
{
    struct build *b = vg_alloc(sizeof *b);
    if (!b)
        return vg_fault_set(graph->fault, VG_E_MEMORY, vg_onnx_no_memory, NULL, "%s", graph->name);
    b->graph = graph;
    b->folded = folded;
    b->model = model;
    const enum vg_status status = build_all(b, descriptor);
    vg_free(b);
    return status;
}
