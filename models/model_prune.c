/* Backwards from the levels: which channels of each tensor somebody wants. Convolutions, maps of
 * channels and activations can do with fewer; whatever else stands there wants and makes all. A map
 * that nobody reads, such as a raw output, shows what the others leave it. */
#include "models/model_prune.h"

#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"

struct pruner {
    const struct vg_model *m;
    struct vg_pruned *pruned;
    uint32_t *first; /* of each tensor: its channel 0 in the two below; one more: how many */
    uint8_t *wanted;
    uint32_t *place; /* among the wanted ones of its tensor */
    uint32_t changes;
};

/* ---- classes ---- */

/* Those of ours, and dropped ones from the first on to make whole blocks; how many. */
static uint32_t classes_choose(const struct vg_model *m, uint8_t keep[VG_MODEL_CLASSES_MAX])
{
    uint32_t ours = 0, fill;
    for (uint32_t c = 0; c < m->class_count; c++) {
        keep[c] = m->class_map[c] != VG_CLASS_NONE;
        ours += keep[c];
    }
    fill = (VG_PRUNE_CLASSES - ours % VG_PRUNE_CLASSES) % VG_PRUNE_CLASSES;
    for (uint32_t c = 0; c < m->class_count && fill; c++)
        if (!keep[c]) {
            keep[c] = 1;
            ours++;
            fill--;
        }
    return ours;
}

static void classes_set(struct vg_pruned *pruned, const uint8_t *keep)
{
    const struct vg_model *whole = pruned->whole;
    struct vg_model *m = pruned->model;
    m->class_count = 0;
    for (uint32_t c = 0; c < whole->class_count; c++) {
        if (!keep[c])
            continue;
        pruned->net_class[m->class_count] = c;
        m->class_map[m->class_count] = whole->class_map[c];
        memcpy(m->class_name[m->class_count++], whole->class_name[c], sizeof *m->class_name);
    }
}

/* ---- who wants what ---- */

static void want(struct pruner *p, uint32_t tensor, uint32_t channel)
{
    uint8_t *wanted = &p->wanted[p->first[tensor] + channel];
    p->changes += !*wanted;
    *wanted = 1;
}

static void want_all(struct pruner *p, uint32_t tensor)
{
    if (tensor == VG_MODEL_NONE)
        return;
    for (uint32_t c = 0; c < p->m->tensor[tensor].channels; c++)
        want(p, tensor, c);
}

static int is_wanted(const struct pruner *p, uint32_t tensor, uint32_t channel)
{
    return p->wanted[p->first[tensor] + channel];
}

static uint32_t wanted_count(const struct pruner *p, uint32_t tensor)
{
    uint32_t count = 0;
    for (uint32_t c = 0; c < p->m->tensor[tensor].channels; c++)
        count += p->wanted[p->first[tensor] + c];
    return count;
}

/* the same channels of both */
static void want_alike(struct pruner *p, uint32_t x, uint32_t y)
{
    for (uint32_t c = 0; c < p->m->tensor[y].channels; c++) {
        if (is_wanted(p, y, c))
            want(p, x, c);
        if (is_wanted(p, x, c))
            want(p, y, c);
    }
}

static void sources_want(struct pruner *p, const struct vg_node *node)
{
    for (uint32_t c = 0; c < p->m->tensor[node->out].channels; c++) {
        const uint32_t word = p->m->map[node->map_first + c];
        if (is_wanted(p, node->out, c))
            want(p, node->in[VG_MAP_INPUT(word)], VG_MAP_CHANNEL(word));
    }
}

static void node_want(struct pruner *p, const struct vg_node *node)
{
    const int read = wanted_count(p, node->out) > 0;
    if (node->op == VG_OP_CHANNELS) {
        sources_want(p, node);
        return;
    }
    if (node->op == VG_OP_ACT && read) {
        want_alike(p, node->in[0], node->out);
        return;
    }
    for (uint32_t k = 0; k < node->in_count; k++)
        want_all(p, node->in[k]);
    if (node->op != VG_OP_CONV || node->groups != 1 || !read)
        want_all(p, node->out);
}

static void wanted_find(struct pruner *p, const uint8_t *keep)
{
    const struct vg_model *m = p->m;
    want_all(p, 0);
    for (uint32_t i = 0; i < m->level_count; i++) {
        for (uint32_t c = 0; c < m->class_count; c++)
            if (keep[c])
                want(p, m->level[i].scores, c);
        want_all(p, m->level[i].boxes);
        want_all(p, m->level[i].objectness);
    }
    do { /* an activation's readers may ask for more than another reader of its input did */
        p->changes = 0;
        for (uint32_t i = m->node_count; i-- > 0;)
            node_want(p, &m->node[i]);
    } while (p->changes);
}

/* A map that nobody reads: what is there of its sources. */
static void unread_show(struct pruner *p)
{
    for (uint32_t i = 0; i < p->m->node_count; i++) {
        const struct vg_node *node = &p->m->node[i];
        if (node->op != VG_OP_CHANNELS || wanted_count(p, node->out))
            continue;
        for (uint32_t c = 0; c < p->m->tensor[node->out].channels; c++) {
            const uint32_t word = p->m->map[node->map_first + c];
            if (is_wanted(p, node->in[VG_MAP_INPUT(word)], VG_MAP_CHANNEL(word)))
                want(p, node->out, c);
        }
    }
}

/* Each level's scores are the classes that stay and no more, and no tensor is left empty. */
static int is_worth(const struct pruner *p, uint32_t classes)
{
    for (uint32_t t = 0; t < p->m->tensor_count; t++)
        if (!wanted_count(p, t))
            return 0;
    for (uint32_t i = 0; i < p->m->level_count; i++)
        if (wanted_count(p, p->m->level[i].scores) != classes)
            return 0;
    return 1;
}

/* ---- the model ---- */

static void places_count(struct pruner *p)
{
    for (uint32_t t = 0; t < p->m->tensor_count; t++) {
        uint32_t count = 0;
        for (uint32_t c = 0; c < p->m->tensor[t].channels; c++) {
            p->place[p->first[t] + c] = count;
            count += p->wanted[p->first[t] + c];
        }
        p->pruned->model->tensor[t].channels = count;
    }
}

static void map_set(const struct pruner *p, struct vg_node *node)
{
    struct vg_model *m = p->pruned->model;
    const uint32_t from = node->map_first;
    node->map_first = m->map_count;
    for (uint32_t c = 0; c < p->m->tensor[node->out].channels; c++) {
        const uint32_t word = p->m->map[from + c], x = node->in[VG_MAP_INPUT(word)];
        if (is_wanted(p, node->out, c))
            m->map[m->map_count++] =
                VG_MAP_WORD(VG_MAP_INPUT(word), p->place[p->first[x] + VG_MAP_CHANNEL(word)]);
    }
}

static void nodes_set(struct pruner *p)
{
    struct vg_pruned *pruned = p->pruned;
    uint32_t rows = 0;
    for (uint32_t i = 0; i < p->m->node_count; i++) {
        struct vg_node *node = &pruned->model->node[i];
        const uint32_t channels = p->m->tensor[node->out].channels;
        pruned->row_first[i] = VG_MODEL_NONE;
        if (node->op == VG_OP_CHANNELS)
            map_set(p, node);
        if (node->op != VG_OP_CONV || pruned->model->tensor[node->out].channels == channels)
            continue;
        pruned->row_first[i] = rows;
        for (uint32_t c = 0; c < channels; c++)
            if (is_wanted(p, node->out, c))
                pruned->row[rows++] = c;
    }
}

/* ---- memory ---- */

static enum vg_status no_memory(const struct vg_model *m, struct vg_fault *fault)
{
    return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%s", m->name);
}

static enum vg_status pruner_init(struct pruner *p, const struct vg_model *m,
                                  struct vg_fault *fault)
{
    *p = (struct pruner){.m = m};
    p->first = vg_alloc_array(m->tensor_count + 1, sizeof *p->first);
    if (!p->first)
        return no_memory(m, fault);
    for (uint32_t t = 0; t < m->tensor_count; t++)
        p->first[t + 1] = p->first[t] + m->tensor[t].channels;
    p->wanted = vg_alloc(p->first[m->tensor_count]);
    p->place = vg_alloc_array(p->first[m->tensor_count], sizeof *p->place);
    return p->wanted && p->place ? VG_OK : no_memory(m, fault);
}

static enum vg_status pruned_make(struct pruner *p, const uint8_t *keep, struct vg_fault *fault)
{
    const struct vg_model *whole = p->m;
    struct vg_pruned *pruned = vg_alloc(sizeof *pruned);
    p->pruned = pruned;
    if (!pruned)
        return no_memory(whole, fault);
    pruned->whole = whole;
    pruned->model = vg_alloc(sizeof *pruned->model);
    pruned->row = vg_alloc_array(p->first[whole->tensor_count], sizeof *pruned->row);
    if (!pruned->model || !pruned->row)
        return no_memory(whole, fault);
    *pruned->model = *whole;
    pruned->model->output_count = 0;
    pruned->model->map_count = 0;
    pruned->model->map = vg_alloc_array(p->first[whole->tensor_count], sizeof *pruned->model->map);
    if (!pruned->model->map)
        return no_memory(whole, fault);
    classes_set(pruned, keep);
    places_count(p);
    nodes_set(p);
    return VG_OK;
}

enum vg_status vg_model_prune(const struct vg_model *whole, struct vg_pruned **pruned,
                              struct vg_fault *fault)
{
    uint8_t keep[VG_MODEL_CLASSES_MAX];
    const uint32_t classes = classes_choose(whole, keep);
    struct pruner p;
    *pruned = NULL;
    if (classes == whole->class_count)
        return VG_OK;
    enum vg_status status = pruner_init(&p, whole, fault);
    if (!status) {
        wanted_find(&p, keep);
        unread_show(&p);
        if (is_worth(&p, classes))
            status = pruned_make(&p, keep, fault);
    }
    vg_free(p.first);
    vg_free(p.wanted);
    vg_free(p.place);
    if (status)
        vg_pruned_close(&p.pruned);
    *pruned = p.pruned;
    return status;
}

void vg_pruned_close(struct vg_pruned **pruned)
{
    if (!*pruned)
        return;
    if ((*pruned)->model)
        vg_free((*pruned)->model->map);
    vg_free((*pruned)->model);
    vg_free((*pruned)->row);
    vg_free(*pruned);
    *pruned = NULL;
}

void vg_pruned_rows(const struct vg_pruned *pruned, uint32_t node, const float *from, size_t each,
                    float *to)
{
    const uint32_t *row = pruned->row + pruned->row_first[node];
    const uint32_t rows = pruned->model->tensor[pruned->model->node[node].out].channels;
    for (uint32_t i = 0; i < rows; i++)
        memcpy(to + i * each, from + row[i] * each, each * sizeof *to);
}
