#include "models/onnx_import.h"

#include <string.h>

#include "models/descriptor_guess.h"
#include "models/model_check.h"
#include "models/onnx_fold.h"
#include "models/onnx_graph.h"
#include "models/onnx_head.h"
#include "src/base/alloc.h"
#include "src/base/text.h"

#define MULTIPLE_USUAL 32
#define SIDE_USUAL     416 /* where neither file nor descriptor says a size */

/* ------------------------------------------------------------ sizes */

/* The size for which the graph is folded: the file's, else the descriptor's, else the usual one. */
static enum vg_status input_size(const struct vg_onnx_graph *g, const struct vg_descriptor *d,
                                 uint32_t *width, uint32_t *height)
{
    const uint32_t *dim = g->input.dim;
    if (g->input.rank != 4 || dim[0] > 1 || (dim[1] != 3 && dim[1] != 0))
        return vg_fault_set(g->fault, VG_E_INPUT,
                            N_("the net's input is not a picture of three planes"), NULL,
                            "%.120s: [%u, %u, %u, %u]", g->name, dim[0], dim[1], dim[2], dim[3]);
    const uint32_t h = d ? d->model.input_height : dim[2] ? dim[2] : SIDE_USUAL;
    const uint32_t w = d ? d->model.input_width : dim[3] ? dim[3] : SIDE_USUAL;
    if ((dim[2] && dim[2] != h) || (dim[3] && dim[3] != w))
        return vg_fault_set(g->fault, VG_E_INPUT,
                            N_("the net's input is not that of the descriptor"), NULL,
                            "%.120s: %ux%u ≠ %ux%u", g->name, dim[3], dim[2], w, h);
    if (h > VG_MODEL_SIDE_MAX || w > VG_MODEL_SIDE_MAX)
        return vg_fault_set(g->fault, VG_E_INPUT, N_("the input size is not allowed"), NULL,
                            "%.120s: %ux%u", g->name, w, h);
    *width = w;
    *height = h;
    return VG_OK;
}

/* Whether each level has its cells at this input size. */
static bool levels_fit(const struct vg_model *m, uint32_t width, uint32_t height,
                       const struct vg_size *size)
{
    for (uint32_t l = 0; l < m->level_count; l++) {
        const struct vg_size *cells = &size[m->level[l].scores];
        const uint32_t s = m->level[l].stride;
        if (cells->width != (width + s - 1) / s || cells->height != (height + s - 1) / s)
            return false;
    }
    return true;
}

/* Whether the net takes a spread of sizes that are multiples of its input_multiple. */
static bool takes_sizes(const struct vg_model *m)
{
    static const uint32_t times[] = {1, 2, 3, 4, 5, 7, 10, 12, 13};
    const uint32_t count = sizeof times / sizeof *times;
    struct vg_size size[VG_MODEL_TENSORS_MAX];
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t width = times[i] * m->input_multiple;
        const uint32_t height = times[(i + 4) % count] * m->input_multiple;
        if (vg_model_sizes(m, width, height, size, NULL) != VG_OK ||
            !levels_fit(m, width, height, size))
            return false;
    }
    return true;
}

/* The descriptor's multiple, or the next larger one that the net takes; 0: one size. */
static void find_multiple(struct vg_model *m, const struct vg_onnx_folded *folded)
{
    uint32_t multiple = m->input_multiple;
    while (!folded->one_size && multiple && multiple <= VG_MODEL_MULTIPLE_MAX &&
           m->input_width % multiple == 0 && m->input_height % multiple == 0) {
        m->input_multiple = multiple;
        if (takes_sizes(m))
            return;
        multiple *= 2;
    }
    m->input_multiple = 0;
}

/* ------------------------------------------------------------ the whole */

/* The descriptor given, or one by guess (*guessed given). */
static enum vg_status describe(const struct vg_onnx_graph *g, const struct vg_onnx_folded *folded,
                               const struct vg_descriptor **d, struct vg_descriptor **guessed)
{
    const struct vg_size *input = &folded->net.size[0];
    struct vg_descriptor_signs signs = {
        .width = input->width, .height = input->height, .multiple = MULTIPLE_USUAL};
    if (*d)
        return VG_OK;
    enum vg_status status = vg_onnx_head_recognise(g, folded, &signs);
    if (status == VG_OK)
        status = vg_descriptor_guess(g->name, &signs, guessed, g->fault);
    *d = *guessed;
    return status;
}

static enum vg_status build(const struct vg_onnx_graph *g, struct vg_onnx_folded *folded,
                            const struct vg_descriptor *descriptor, struct vg_model **model)
{
    struct vg_descriptor *guessed = NULL;
    enum vg_status status = describe(g, folded, &descriptor, &guessed);
    if (status == VG_OK) {
        *model = vg_alloc(sizeof **model);
        if (!*model)
            status = vg_fault_set(g->fault, VG_E_MEMORY, vg_onnx_no_memory, NULL, "%s", g->name);
    }
    if (status == VG_OK) {
        **model = descriptor->model;
        status = vg_onnx_head_build(g, folded, descriptor, *model);
    }
    vg_descriptor_close(&guessed);
    return status;
}

enum vg_status vg_onnx_import(const char *name, const uint8_t *data, size_t size,
                              const struct vg_descriptor *descriptor, struct vg_model **model,
                              struct vg_fault *fault)
{
    struct vg_onnx_graph graph;
    struct vg_onnx_folded *folded = NULL;
    uint32_t width = 0, height = 0;
    *model = NULL;
    enum vg_status status = vg_onnx_graph_init(&graph, name, data, size, fault);
    if (status != VG_OK)
        return status;
    status = input_size(&graph, descriptor, &width, &height);
    if (status == VG_OK)
        status = vg_onnx_fold(&graph, width, height, &folded, fault);
    if (status == VG_OK)
        status = build(&graph, folded, descriptor, model);
    if (status == VG_OK) {
        const uint32_t wanted = (*model)->input_multiple;
        (*model)->input_multiple = 0; /* the check first: sizes are for models that pass it */
        status = vg_model_check_source(name, *model, fault);
        (*model)->input_multiple = wanted;
    }
    if (status == VG_OK) {
        find_multiple(*model, folded);
        status = vg_model_check_source(name, *model, fault);
    }
    if (status != VG_OK)
        vg_model_close(model);
    vg_onnx_folded_close(&folded);
    vg_onnx_graph_release(&graph);
    return status;
}
