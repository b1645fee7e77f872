#include "src/cli/tensor_boxes.h"

#include "kernels/twins/twins.h"
#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/engine/nms.h"

struct boxes {
    struct vg_engine *engine;
    const struct vg_model *model;
    uint32_t width, height; /* of the net's input */
    struct vg_device_job job;
    vg_i32 classes[VG_MODEL_CLASSES_MAX];
    vg_i32 count, cells; /* candidates found, cells of the levels so far */
    vg_i32 room;         /* candidates: each class of each cell, so that none is left out */
    struct vg_candidate *candidate;
};

static enum vg_status no_memory(const struct boxes *b, struct vg_fault *fault)
{
    return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", b->model->name);
}

/* Output `index` in the blocked layout that the twin reads (kernel_sizes.h), one picture and no
 * halo. *values given. */
static enum vg_status read_blocked(const struct boxes *b, uint32_t index, struct vg_area *area,
                                   float **values, struct vg_fault *fault)
{
    const struct vg_tensor *t = &b->model->tensor[b->model->output[index].tensor];
    const uint32_t columns = b->width / t->stride, rows = b->height / t->stride;
    const size_t cells = (size_t)columns * rows, blocks = (t->channels + VG_BLOCK - 1) / VG_BLOCK;
    float *plain = vg_alloc_array(cells * t->channels, sizeof *plain);
    *values = vg_alloc_array(cells * blocks * VG_BLOCK, sizeof **values);
    enum vg_status status = plain && *values ? VG_OK : no_memory(b, fault);
    if (!status)
        status = vg_engine_read_output(b->engine, index, plain, fault);
    *area =
        (struct vg_area){.plane = (vg_i32)(cells * VG_BLOCK), .row = (vg_i32)(columns * VG_BLOCK)};
    for (size_t cell = 0; !status && cell < cells; cell++)
        for (uint32_t c = 0; c < t->channels; c++)
            (*values)[(c / VG_BLOCK * cells + cell) * VG_BLOCK + c % VG_BLOCK] =
                plain[cell * t->channels + c];
    vg_free(plain);
    return status;
}

/* The output of distances that goes with scores `index`: the model's check says there is one. */
static uint32_t partner(const struct vg_model *m, uint32_t index)
{
    const uint32_t stride = m->tensor[m->output[index].tensor].stride;
    uint32_t i = 0;
    while (i + 1 < m->output_count && (m->output[i].role != VG_OUTPUT_DISTANCES ||
                                       m->tensor[m->output[i].tensor].stride != stride))
        i++;
    return i;
}

static enum vg_status add_level(struct boxes *b, uint32_t index, struct vg_fault *fault)
{
    const struct vg_tensor *t = &b->model->tensor[b->model->output[index].tensor];
    struct vg_boxes_sizes sizes = {.width = (vg_i32)(b->width / t->stride),
                                   .height = (vg_i32)(b->height / t->stride),
                                   .cell_first = b->cells,
                                   .classes = (vg_i32)b->model->class_count,
                                   .bins = (vg_i32)b->model->bins,
                                   .candidates_max = b->room,
                                   .stride = (float)t->stride,
                                   .input_width = (float)b->width,
                                   .input_height = (float)b->height};
    float *scores = NULL, *distances = NULL;
    enum vg_status status = read_blocked(b, index, &sizes.scores, &scores, fault);
    if (!status)
        status = read_blocked(b, partner(b->model, index), &sizes.distances, &distances, fault);
    if (!status)
        vg_twin_nanodet_boxes(scores, distances, &b->job, b->classes, &b->count, b->candidate,
                              &sizes, 1);
    b->cells += sizes.width * sizes.height;
    vg_free(distances);
    vg_free(scores);
    return status;
}

static void fill_answer(struct boxes *b, float nms, struct vg_answer *answer)
{
    answer->count = vg_nms_first(b->candidate, (uint32_t)b->count, nms, &answer->overflow);
    for (uint32_t i = 0; i < answer->count; i++) {
        const struct vg_candidate *c = &b->candidate[i];
        answer->detection[i] =
            (struct vg_detection){.box = {c->left, c->top, c->right - c->left, c->bottom - c->top},
                                  .score = c->score,
                                  .class_id = (enum vg_class)c->class_id};
    }
}

/* Room for every class of every cell. */
static enum vg_status make_room(struct boxes *b, struct vg_fault *fault)
{
    size_t room = 0;
    for (uint32_t i = 0; i < b->model->output_count; i++) {
        const uint32_t stride = b->model->tensor[b->model->output[i].tensor].stride;
        if (b->model->output[i].role == VG_OUTPUT_SCORES)
            room += (size_t)(b->width / stride) * (b->height / stride) * b->model->class_count;
    }
    b->room = room < INT32_MAX ? (vg_i32)room : INT32_MAX;
    b->candidate = vg_alloc_array((size_t)b->room, sizeof *b->candidate);
    return b->candidate ? VG_OK : no_memory(b, fault);
}

enum vg_status vg_tensor_boxes(struct vg_engine *engine, const struct vg_model *model,
                               float threshold, float nms, struct vg_answer *answer,
                               struct vg_fault *fault)
{
    struct boxes *b = vg_alloc(sizeof *b);
    if (!b)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", model->name);
    b->engine = engine;
    b->model = model;
    b->job.threshold = threshold;
    vg_engine_input_size(engine, &b->width, &b->height);
    for (uint32_t i = 0; i < model->class_count; i++)
        b->classes[i] = (vg_i32)model->class_map[i];
    enum vg_status status = make_room(b, fault);
    for (uint32_t i = 0; !status && i < model->output_count; i++)
        if (model->output[i].role == VG_OUTPUT_SCORES)
            status = add_level(b, i, fault);
    if (!status)
        fill_answer(b, nms, answer);
    vg_free(b->candidate);
    vg_free(b);
    return status;
}
