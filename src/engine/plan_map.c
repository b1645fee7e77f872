/* The steps of everything that is no convolution. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/base/text.h"
#include "src/engine/plan_build.h"

#define NONE VG_GRAPH_NONE

static uint32_t blocks_of(const struct vg_plan_builder *b, uint32_t channels)
{
    return (channels + b->arena.block - 1) / b->arena.block;
}

static const enum vg_kernel kernels[VG_OP_COUNT] = {[VG_OP_MAXPOOL] = VG_KERNEL_POOL,
                                                    [VG_OP_AVGPOOL] = VG_KERNEL_POOL,
                                                    [VG_OP_MEAN] = VG_KERNEL_PLANE_MEAN,
                                                    [VG_OP_RESIZE] = VG_KERNEL_RESIZE,
                                                    [VG_OP_ADD] = VG_KERNEL_COMBINE,
                                                    [VG_OP_MUL] = VG_KERNEL_COMBINE,
                                                    [VG_OP_ACT] = VG_KERNEL_ACT,
                                                    [VG_OP_SOFTMAX] = VG_KERNEL_SOFTMAX,
                                                    [VG_OP_SPACE_TO_DEPTH] =
                                                        VG_KERNEL_SPACE_TO_DEPTH};

enum vg_status vg_plan_map_draft(const struct vg_plan_builder *b, const struct vg_operation *op,
                                 struct vg_draft *draft)
{
    const struct vg_node *node = &b->model->node[op->node];
    *draft = (struct vg_draft){.kernel = kernels[node->op],
                               .op = op,
                               .node = op->node,
                               .x = op->x,
                               .x2 = op->x2,
                               .y = op->y};
    return VG_OK;
}

enum vg_form vg_plan_form(const struct vg_plan_builder *b)
{
    return b->plan->settings.lane == VG_LANE_CPU ? VG_FORM_ROWS : VG_FORM_SPREAD;
}

/* the work of `pixels` pixels by work-items that make `each`, in the first dimension */
static void spread(struct vg_step *step, uint32_t block, uint32_t width, uint32_t height,
                   uint32_t each)
{
    step->work[0] = vg_spread_items(block, width, height, each);
    step->group_items = VG_SPREAD_ITEMS;
}

/* ---- options ---- */

/* what the second term of a sum or product is (combine.cl) */
static enum vg_second second_of(const struct vg_plan_builder *b, const struct vg_draft *draft)
{
    const struct vg_slot *x2 = &b->arena.slot[draft->x2], *y = &b->arena.slot[draft->y];
    if (draft->op->sum == VG_CONV_ADD_LINEAR)
        return VG_SECOND_LINEAR;
    if (draft->op->sum == VG_CONV_ADD_NEAREST)
        return VG_SECOND_NEAREST;
    return x2->width == y->width && x2->height == y->height ? VG_SECOND_SAME : VG_SECOND_POINT;
}

static void options_set(const struct vg_plan_builder *b, const struct vg_draft *draft,
                        struct vg_step *step)
{
    const struct vg_node *node = &b->model->node[draft->node];
    struct vg_map_build build = {
        .block = b->arena.block, .storage = b->plan->settings.storage, .form = vg_plan_form(b)};
    if (draft->op)
        build.act = (uint32_t)draft->op->act;
    build.pool = node->op == VG_OP_AVGPOOL ? VG_POOL_MEAN : VG_POOL_MAX;
    build.combine = node->op == VG_OP_MUL ? VG_COMBINE_MUL : VG_COMBINE_ADD;
    build.resample = node->resize == VG_RESIZE_NEAREST ? VG_RESAMPLE_NEAREST : VG_RESAMPLE_LINEAR;
    if (draft->kernel == VG_KERNEL_COMBINE)
        build.second = second_of(b, draft);
    vg_map_options(draft->kernel, &build, step->options);
}

/* ---- sizes ---- */

static enum vg_status copy_set(struct vg_plan_builder *b, const struct vg_draft *draft,
                               struct vg_step *step)
{
    const struct vg_node *node = &b->model->node[draft->node];
    const uint32_t channels = b->model->tensor[draft->y].channels;
    const uint32_t *map = b->model->map + node->map_first;
    struct vg_map_sizes *s = &step->sizes.map;
    enum vg_status status = vg_plan_words(b, channels, &step->table_first);
    if (status)
        return status;
    const uint32_t from =
        vg_arena_channel_at(&b->arena, node->in[VG_MAP_INPUT(map[0])], VG_MAP_CHANNEL(map[0]));
    for (uint32_t c = 0; c < channels; c++)
        b->plan->word[step->table_first + c] =
            vg_arena_channel_at(&b->arena, node->in[VG_MAP_INPUT(map[c])], VG_MAP_CHANNEL(map[c])) -
            from;
    step->table_count = channels;
    s->table_first = (vg_i32)b->plan->weights_floats;
    b->plan->weights_floats += channels;
    s->x =
        (struct vg_area){.first = (vg_i32)from,
                         .picture = (vg_i32)(b->arena.bytes / b->arena.slot[draft->y].value_bytes),
                         .row = (vg_i32)vg_arena_row(&b->arena, node->in[0])};
    s->x_width = (vg_i32)b->arena.slot[node->in[0]].width;
    s->x_height = (vg_i32)b->arena.slot[node->in[0]].height;
    return VG_OK;
}

static void areas_set(const struct vg_plan_builder *b, const struct vg_draft *draft,
                      struct vg_map_sizes *s)
{
    s->x = vg_arena_area(&b->arena, draft->x);
    s->x_width = (vg_i32)b->arena.slot[draft->x].width;
    s->x_height = (vg_i32)b->arena.slot[draft->x].height;
    if (draft->x2 == NONE)
        return;
    s->x2 = vg_arena_area(&b->arena, draft->x2);
    s->x2_width = (vg_i32)b->arena.slot[draft->x2].width;
    s->x2_height = (vg_i32)b->arena.slot[draft->x2].height;
}

enum vg_status vg_plan_map_size(struct vg_plan_builder *b, const struct vg_draft *draft,
                                struct vg_step *step)
{
    const struct vg_node *node = &b->model->node[draft->node];
    const struct vg_window *w = &node->window;
    const struct vg_slot *y = &b->arena.slot[draft->y];
    struct vg_map_sizes *s = &step->sizes.map;
    *s = (struct vg_map_sizes){.y = vg_arena_area(&b->arena, draft->y),
                               .halo = vg_arena_halo_of(&b->arena, draft->y),
                               .width = (vg_i32)y->width,
                               .height = (vg_i32)y->height,
                               .channels = (vg_i32)b->model->tensor[draft->y].channels,
                               .size_y = (vg_i32)w->size_y,
                               .size_x = (vg_i32)w->size_x,
                               .stride_y = (vg_i32)w->stride_y,
                               .stride_x = (vg_i32)w->stride_x,
                               .above = (vg_i32)w->above,
                               .left = (vg_i32)w->left,
                               .pad_counts = node->pool_padding == VG_POOL_PADDING_COUNTED};
    step->batch_dimension = 2;
    step->work[0] = draft->kernel == VG_KERNEL_PLANE_MEAN ? 1 : y->height;
    step->work[1] =
        draft->kernel == VG_KERNEL_SOFTMAX ? 1 : blocks_of(b, b->model->tensor[draft->y].channels);
    if (vg_plan_form(b) == VG_FORM_SPREAD)
        spread(step, b->arena.block, draft->kernel == VG_KERNEL_PLANE_MEAN ? 1 : y->width,
               (uint32_t)step->work[0], 1);
    options_set(b, draft, step);
    if (draft->kernel == VG_KERNEL_COPY_CHANNELS)
        return copy_set(b, draft, step);
    s->act_a = draft->op->act_a;
    s->act_b = draft->op->act_b;
    areas_set(b, draft, s);
    return VG_OK;
}

/* The byte nearest to each mean, where a net over bytes has its zero. */
static vg_i32 zero_word(const struct vg_model *model)
{
    uint32_t word = 0;
    for (uint32_t i = 0; i < 3; i++)
        word |= (uint32_t)rintf(fminf(fmaxf(model->mean[i], 0), 255)) << 8 * i;
    return (vg_i32)word;
}

void vg_plan_prepare_size(struct vg_plan_builder *b, struct vg_step *step)
{
    const struct vg_model *model = b->model;
    const struct vg_plan *plan = b->plan;
    const struct vg_map_build build = {
        .block = b->arena.block,
        .prepare = plan->input ? VG_PREPARE_SPACE_TO_DEPTH : VG_PREPARE_PIXELS,
        .output = vg_graph_bytes(&b->graph, plan->input) ? VG_PREPARE_BYTES : VG_PREPARE_FLOATS,
        .storage = plan->settings.storage,
        .form = vg_plan_form(b)};
    step->sizes.prepare = (struct vg_prepare_sizes){
        .y = vg_arena_area(&b->arena, plan->input),
        .halo = vg_arena_halo_of(&b->arena, plan->input),
        .width = (vg_i32)plan->settings.width,
        .height = (vg_i32)plan->settings.height,
        .red_first = model->order == VG_ORDER_RGB,
        .fill = model->fill,
        .mean = {model->mean[0], model->mean[1], model->mean[2]},
        .scale = {model->scale[0], model->scale[1], model->scale[2]},
        .halo_word = zero_word(model),
    };
    vg_map_options(VG_KERNEL_PREPARE, &build, step->options);
    step->work[0] = (plan->settings.width + 15) / 16; /* a work-item makes 16 pixels */
    step->work[1] = b->arena.slot[plan->input].height;
    step->batch_dimension = 2;
    if (vg_plan_form(b) == VG_FORM_ROWS)
        return;
    spread(step, 4, plan->settings.width, (uint32_t)step->work[1], VG_PREPARE_SPREAD_PIXELS);
    step->work[1] = 1;
}

void vg_plan_boxes_size(struct vg_plan_builder *b, const struct vg_draft *draft,
                        struct vg_step *step)
{
    const struct vg_level *level = &b->model->level[draft->level];
    const struct vg_slot *slot = &b->arena.slot[level->scores];
    const struct vg_map_build build = {.block = b->arena.block,
                                       .storage = b->plan->settings.storage};
    step->sizes.boxes =
        (struct vg_boxes_sizes){.scores = vg_arena_area(&b->arena, level->scores),
                                .boxes = vg_arena_area(&b->arena, level->boxes),
                                .width = (vg_i32)slot->width,
                                .height = (vg_i32)slot->height,
                                .cell_first = (vg_i32)b->plan->cells,
                                .classes = (vg_i32)b->model->class_count,
                                .bins = (vg_i32)b->model->bins,
                                .stride = (float)level->stride,
                                .centre = b->model->head == VG_HEAD_NANODET ? 0.5f : 0.0f,
                                .input_width = (float)b->plan->settings.width,
                                .input_height = (float)b->plan->settings.height};
    if (level->objectness != VG_MODEL_NONE)
        step->sizes.boxes.objectness = vg_arena_area(&b->arena, level->objectness);
    vg_map_options(step->kernel, &build, step->options);
    b->plan->cells += slot->width * slot->height;
    step->work[0] = (size_t)slot->width * slot->height;
    step->batch_dimension = 1;
}
