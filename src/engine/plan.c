/* How a plan is made, in this order: operations, storages, drafts of steps with the lifetimes and
 * halos they give, places, then each step's sizes. */
#include "src/engine/plan.h"

#include <assert.h>
#include <string.h>

#include "models/model_pixels.h"
#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/engine/engine.h"
#include "src/engine/plan_build.h"
#include "src/engine/program.h"

#define NONE VG_GRAPH_NONE

enum vg_status vg_plan_refuse(const struct vg_plan_builder *b, uint32_t node)
{
    return vg_fault_set(b->fault, VG_E_INPUT, N_("no kernel does this step on the net's input"),
                        N_("only a convolution can read the net's input"), "%s, node %u",
                        b->model->name, b->types.origin ? b->types.origin[node] : node);
}

enum vg_status vg_plan_words(struct vg_plan_builder *b, uint32_t count, uint32_t *first)
{
    struct vg_plan *plan = b->plan;
    if (count > plan->word_room - plan->word_count) {
        const uint32_t room = (plan->word_room + count) * 2;
        uint32_t *word = vg_alloc_array(room, sizeof *word);
        if (!word)
            return vg_fault_set(b->fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "plan");
        if (plan->word_count)
            memcpy(word, plan->word, plan->word_count * sizeof *word);
        vg_free(plan->word);
        plan->word = word;
        plan->word_room = room;
    }
    *first = plan->word_count;
    plan->word_count += count;
    return VG_OK;
}

/* ---- drafts ---- */

static int is_conv(enum vg_kernel kernel)
{
    return kernel == VG_KERNEL_CONV_DIRECT || vg_conv_wino_side(kernel) ||
           kernel == VG_KERNEL_CONV_ANY || kernel == VG_KERNEL_CONV_DEPTHWISE ||
           kernel == VG_KERNEL_CONV_ROW || kernel == VG_KERNEL_CONV_STEM_POOL ||
           vg_conv_tiled(kernel) || kernel == VG_KERNEL_GEMM_PACK ||
           kernel == VG_KERNEL_GEMM_UNPACK;
}

static int is_boxes(enum vg_kernel kernel)
{
    return kernel == VG_KERNEL_NANODET_BOXES || kernel == VG_KERNEL_YOLOX_BOXES ||
           kernel == VG_KERNEL_FASTESTDET_BOXES;
}

static int is_copy(enum vg_kernel kernel)
{
    return kernel == VG_KERNEL_COPY_CHANNELS || kernel == VG_KERNEL_COPY_CHANNELS_INT8;
}

/* the kernels behind these */
static int is_int8(enum vg_kernel kernel)
{
    return kernel >= VG_KERNEL_CONV_INT8_X86 && kernel <= VG_KERNEL_COPY_CHANNELS_INT8;
}

static int conv_main(const struct vg_plan_builder *b, const struct vg_operation *op)
{
    return b->model->node[op->node].op == VG_OP_CONV || op->first != NONE;
}

static enum vg_arena_need need_of(const void *context, const struct vg_operation *op)
{
    const struct vg_plan_builder *b = context;
    if (vg_plan_int8_does(b, op))
        return vg_plan_int8_need(b, op);
    return conv_main(b, op) ? vg_plan_conv_need(b, op) : VG_NEED_RUN;
}

static struct vg_draft *draft_next(struct vg_plan_builder *b)
{
    assert(b->plan->step_count + 2 <= b->drafts_max);
    struct vg_draft *draft = &b->draft[b->plan->step_count];
    *draft = (struct vg_draft){.node = VG_PLAN_NO_NODE, .x = NONE, .x2 = NONE, .y = NONE};
    return draft;
}

static enum vg_status operation_draft(struct vg_plan_builder *b, const struct vg_operation *op)
{
    struct vg_draft *draft = draft_next(b);
    enum vg_status status = VG_OK;
    uint32_t count = 1;
    if ((op->x == 0 && !conv_main(b, op)) || op->x2 == 0)
        return vg_plan_refuse(b, op->node);
    if (vg_plan_int8_does(b, op))
        vg_plan_int8_draft(b, op, draft);
    else if (conv_main(b, op))
        count = vg_plan_conv_draft(b, op, draft);
    else
        status = vg_plan_map_draft(b, op, draft);
    b->plan->step_count += count;
    return status;
}

static void copy_draft(struct vg_plan_builder *b, uint32_t node)
{
    struct vg_draft *draft = draft_next(b);
    draft->kernel = VG_KERNEL_COPY_CHANNELS;
    draft->node = node;
    draft->y = b->model->node[node].out;
    if (vg_graph_bytes(&b->graph, draft->y))
        draft->kernel = VG_KERNEL_COPY_CHANNELS_INT8;
    b->plan->step_count++;
}

/* The model was checked at its preferred input only; at another one a level's tensors must be of
 * one size too, or the boxes of one would be read beside the other. */
static enum vg_status levels_check(const struct vg_plan_builder *b)
{
    const struct vg_plan_settings *settings = &b->plan->settings;
    for (uint32_t i = 0; i < b->model->level_count; i++) {
        const struct vg_level *level = &b->model->level[i];
        const uint32_t tensors[] = {level->scores, level->boxes, level->objectness};
        for (size_t k = 0; k < sizeof tensors / sizeof *tensors; k++) {
            if (tensors[k] == VG_MODEL_NONE)
                continue;
            const struct vg_slot *slot = &b->arena.slot[tensors[k]];
            if (slot->width != (settings->width + level->stride - 1) / level->stride ||
                slot->height != (settings->height + level->stride - 1) / level->stride)
                return vg_fault_set(b->fault, VG_E_INPUT,
                                    N_("the level's stride does not fit the size of its planes"),
                                    NULL, "%s, level %u, tensor %u: %ux%u", b->model->name, i,
                                    tensors[k], slot->width, slot->height);
        }
    }
    return VG_OK;
}

static void boxes_draft(struct vg_plan_builder *b)
{
    static const enum vg_kernel kernels[] = {[VG_HEAD_NANODET] = VG_KERNEL_NANODET_BOXES,
                                             [VG_HEAD_NANODET_PLUS] = VG_KERNEL_NANODET_BOXES,
                                             [VG_HEAD_YOLOX] = VG_KERNEL_YOLOX_BOXES,
                                             [VG_HEAD_FASTESTDET] = VG_KERNEL_FASTESTDET_BOXES};
    for (uint32_t i = 0; i < b->model->level_count; i++) {
        struct vg_draft *draft = draft_next(b);
        draft->kernel = kernels[b->model->head];
        draft->level = i;
        b->plan->step_count++;
    }
}

/* a channel of the net's input is no lane of a block */
static enum vg_status channels_check(const struct vg_plan_builder *b, uint32_t index)
{
    const struct vg_node *node = &b->model->node[index];
    for (uint32_t k = 0; k < node->in_count && node->op == VG_OP_CHANNELS; k++)
        if (node->in[k] == 0)
            return vg_plan_refuse(b, index);
    return VG_OK;
}

static enum vg_status steps_draft(struct vg_plan_builder *b)
{
    enum vg_status status = VG_OK;
    uint32_t next = 0;
    struct vg_draft *prepare = draft_next(b);
    prepare->kernel = VG_KERNEL_PREPARE;
    prepare->y = b->plan->input;
    b->plan->step_count++;
    b->plan->net_first = b->plan->step_count;
    for (uint32_t i = 0; i < b->model->node_count && !status; i++) {
        status = channels_check(b, i);
        if (!status && b->arena.slot[b->model->node[i].out].copied)
            copy_draft(b, i);
        while (!status && next < b->graph.operation_count && b->graph.operation[next].at == i)
            status = operation_draft(b, &b->graph.operation[next++]);
    }
    b->plan->net_end = b->plan->step_count;
    boxes_draft(b);
    return status;
}

/* ---- lifetimes and halos ---- */

static void tensor_use(struct vg_plan_builder *b, uint32_t tensor, uint32_t step)
{
    if (tensor != NONE)
        vg_arena_use(&b->arena, tensor, step);
}

/* The step after which a tensor holds its values: of a view, its latest source's. */
static void last_steps_settle(struct vg_plan_builder *b)
{
    const struct vg_model *model = b->model;
    for (uint32_t i = 0; i < model->node_count; i++) {
        const struct vg_node *node = &model->node[i];
        struct vg_place *out = &b->plan->place[node->out];
        if (b->graph.alias[node->out] != NONE) {
            out->last_step = b->plan->place[b->graph.alias[node->out]].last_step;
            continue;
        }
        for (uint32_t k = 0; k < node->in_count && node->op == VG_OP_CHANNELS; k++)
            if (!b->arena.slot[node->out].copied &&
                b->plan->place[node->in[k]].last_step > out->last_step)
                out->last_step = b->plan->place[node->in[k]].last_step;
    }
}

static void lifetimes_find(struct vg_plan_builder *b)
{
    const struct vg_model *model = b->model;
    const uint32_t end = b->plan->step_count;
    for (uint32_t s = 0; s < end; s++) {
        const struct vg_draft *draft = &b->draft[s];
        tensor_use(b, draft->x, s);
        tensor_use(b, draft->x2, s);
        tensor_use(b, draft->y, s);
        if (draft->y != NONE)
            b->plan->place[draft->y].last_step = s;
        if (is_copy(draft->kernel)) {
            const struct vg_node *node = &model->node[draft->node];
            for (uint32_t k = 0; k < node->in_count; k++)
                tensor_use(b, node->in[k], s);
        }
        if (is_conv(draft->kernel) && draft->x != NONE)
            vg_arena_halo(&b->arena, draft->x, vg_plan_conv_halo(b, draft));
        if (is_int8(draft->kernel) && draft->x != NONE)
            vg_arena_halo(&b->arena, draft->x, vg_plan_int8_halo(b, draft));
    }
    /* the input stays, so that the net can be run again; what is read from outside stays too */
    tensor_use(b, b->plan->input, 0);
    tensor_use(b, b->plan->input, end);
    const int whole = b->plan->settings.fusion == VG_FUSION_NONE;
    for (uint32_t i = 0; i < model->tensor_count; i++)
        if (b->graph.kept[i] || (whole && b->graph.exists[i]))
            tensor_use(b, i, end);
    /* a view stands whole when the last of its sources does, whoever reads how much of it */
    last_steps_settle(b);
    for (uint32_t i = 0; i < model->tensor_count; i++)
        if (b->graph.exists[i])
            tensor_use(b, i, b->plan->place[i].last_step);
}

/* some channels took an activation that is a later node's: what stands there is not the tensor */
static int is_altered(const struct vg_graph *graph, uint32_t tensor)
{
    uint32_t i = 0;
    while (i < graph->model->tensor_count && graph->alias[i] != tensor)
        i++;
    return i < graph->model->tensor_count;
}

static enum vg_status places_set(struct vg_plan_builder *b)
{
    const struct vg_model *model = b->model;
    struct vg_plan *plan = b->plan;
    plan->arena_bytes = b->arena.bytes;
    if (plan->arena_bytes * plan->settings.batch_max > INT32_MAX)
        return vg_fault_set(b->fault, VG_E_FULL, N_("the batch does not fit one arena"),
                            N_("use a smaller batch or a smaller input"), "%u x %u, batch %u",
                            plan->settings.width, plan->settings.height, plan->settings.batch_max);
    for (uint32_t i = 0; i < plan->place_count; i++) {
        struct vg_place *place = &plan->place[i];
        place->channels = model->tensor[i].channels;
        place->width = b->arena.slot[i].width;
        place->height = b->arena.slot[i].height;
        place->value_bytes = b->arena.slot[i].value_bytes;
        if (!b->graph.exists[i] || is_altered(&b->graph, i))
            continue;
        const enum vg_status status = vg_plan_words(b, place->channels, &place->channel_first);
        if (status)
            return status;
        place->pixel = vg_arena_pixel(&b->arena, i);
        place->row = vg_arena_row(&b->arena, i);
        if (place->value_bytes == 1) {
            const struct vg_byte_scale scale = vg_plan_types_scale(&b->types, i);
            place->pixels = vg_model_is_pixels(model, i);
            place->step = scale.step;
            place->zero = scale.zero;
        }
        for (uint32_t c = 0; c < place->channels; c++)
            plan->word[place->channel_first + c] = vg_arena_channel_at(&b->arena, i, c);
    }
    return VG_OK;
}

/* ---- sizes ---- */

/* once the cells are counted */
static void candidates_size(struct vg_plan_builder *b)
{
    struct vg_plan *plan = b->plan;
    const uint32_t most = VG_PLAN_CANDIDATES_BYTES_MAX / sizeof(struct vg_candidate);
    const uint32_t group = vg_kernel_rows[VG_KERNEL_NANODET_BOXES].group_items;
    for (uint32_t i = 0; i < b->model->class_count; i++)
        plan->classes_kept += b->model->class_map[i] != VG_CLASS_NONE;
    const uint32_t classes = plan->classes_kept ? plan->classes_kept : 1;
    const uint64_t all = (uint64_t)plan->cells * classes;
    plan->candidates_max = all > most ? most : all ? (uint32_t)all : 1;
    plan->strip_cells = most / classes / group * group;
    for (uint32_t i = plan->net_end; i < plan->step_count; i++)
        plan->step[i].sizes.boxes.candidates_max = (vg_i32)plan->candidates_max;
}

/* Two steps of one operation share theirs. */
static void choice_add(struct vg_plan_builder *b, uint32_t index)
{
    struct vg_plan *plan = b->plan;
    if (b->draft[index - 1].op != b->draft[index].op)
        plan->choice[plan->choice_count++] = b->draft[index].choice;
    plan->step[index].choice = plan->choice_count - 1;
}

static enum vg_status step_size(struct vg_plan_builder *b, uint32_t index)
{
    struct vg_step *step = &b->plan->step[index];
    const struct vg_draft *draft = &b->draft[index];
    *step = (struct vg_step){.kernel = draft->kernel,
                             .node = draft->node,
                             .first = draft->op ? draft->op->first : VG_PLAN_NO_NODE,
                             .work = {1, 1, 1},
                             .group_items = vg_kernel_rows[draft->kernel].group_items,
                             .unit_items = 1,
                             .batch_divisor = 1,
                             .order_first = VG_PLAN_NO_WORD,
                             .table_first = VG_PLAN_NO_WORD,
                             .choice = VG_PLAN_NO_CHOICE};
    if (is_conv(draft->kernel)) {
        choice_add(b, index);
        return vg_plan_conv_size(b, draft, step);
    }
    if (is_int8(draft->kernel)) {
        if (draft->int8.conv.size_y) /* a convolution */
            choice_add(b, index);
        return vg_plan_int8_size(b, draft, step);
    }
    if (is_boxes(draft->kernel)) {
        vg_plan_boxes_size(b, draft, step);
        return VG_OK;
    }
    if (draft->kernel == VG_KERNEL_PREPARE) {
        vg_plan_prepare_size(b, step);
        return VG_OK;
    }
    return vg_plan_map_size(b, draft, step);
}

/* ---- digest ---- */

/* digest = SHA-256(digest, data) */
static void digest_fold(uint8_t digest[VG_SHA256_BYTES], const void *data, size_t size)
{
    uint8_t text[VG_SHA256_BYTES + 512];
    assert(size <= 512);
    memcpy(text, digest, VG_SHA256_BYTES);
    memcpy(text + VG_SHA256_BYTES, data, size);
    vg_sha256(text, VG_SHA256_BYTES + size, digest);
}

static void plan_digest(struct vg_plan_builder *b)
{
    uint8_t *digest = b->plan->digest, source[VG_SHA256_BYTES];
    memcpy(digest, b->model->digest, VG_SHA256_BYTES);
    for (uint32_t i = 0; i < VG_KERNEL_COUNT; i++) {
        vg_program_source_digest((enum vg_kernel)i, source);
        digest_fold(digest, source, sizeof source);
    }
    for (uint32_t i = 0; i < b->plan->step_count; i++) {
        const struct vg_step *step = &b->plan->step[i];
        const uint32_t numbers[] = {(uint32_t)step->kernel,  (uint32_t)step->work[0],
                                    (uint32_t)step->work[1], (uint32_t)step->work[2],
                                    step->batch_dimension,   step->batch_divisor};
        digest_fold(digest, numbers, sizeof numbers);
        digest_fold(digest, step->options, strlen(step->options));
        digest_fold(digest, &step->sizes, vg_kernel_rows[step->kernel].sizes_bytes);
    }
}

/* From the nodes that the builder knows to the model's own. */
static void nodes_rename(struct vg_plan_builder *b)
{
    for (uint32_t i = 0; i < b->plan->step_count && b->types.model; i++) {
        struct vg_step *step = &b->plan->step[i];
        if (step->node != VG_PLAN_NO_NODE)
            step->node = b->types.origin[step->node];
        if (step->first != VG_PLAN_NO_NODE)
            step->first = b->types.origin[step->first];
    }
    for (uint32_t i = 0; i < b->plan->choice_count && b->types.model; i++) {
        struct vg_plan_choice *choice = &b->plan->choice[i];
        choice->node = b->types.origin[choice->node];
        if (choice->first != VG_PLAN_NO_NODE)
            choice->first = b->types.origin[choice->first];
    }
}

/* ---- open ---- */

static enum vg_status settings_check(const struct vg_plan_settings *settings,
                                     const struct vg_model *model, struct vg_fault *fault)
{
    if (settings->width > VG_PICTURE_WIDTH_MAX || settings->height > VG_PICTURE_WIDTH_MAX)
        return vg_fault_set(fault, VG_E_CALL, N_("the net cannot take this input size"),
                            N_("give two multiples of the model's step, such as 416x416"), "%ux%u",
                            settings->width, settings->height);
    if (!settings->batch_max || settings->batch_max > VG_BATCH_MAX)
        return vg_fault_set(fault, VG_E_CALL, N_("a batch holds 1 to 64 pictures"), NULL, "%u",
                            settings->batch_max);
    assert(settings->precision != VG_PRECISION_INT8 ||
           (settings->lane == VG_LANE_CPU && settings->storage == VG_STORAGE_FLOAT));
    if (settings->precision == VG_PRECISION_INT8 && (!model->range || settings->block != 16))
        return vg_fault_set(fault, VG_E_CALL, N_("the model has no 8-bit form"),
                            N_("make one: vigie model quantize; until then take --precision auto"),
                            "%s", model->name);
    return VG_OK;
}

struct vg_graph_settings vg_plan_graph_settings(const struct vg_plan_settings *settings)
{
    return (struct vg_graph_settings){.fusion = settings->fusion,
                                      .width = settings->width,
                                      .height = settings->height,
                                      .row_values = settings->local_bytes / sizeof(float)};
}

static enum vg_status build(struct vg_plan_builder *b)
{
    struct vg_plan *plan = b->plan;
    const struct vg_plan_settings *settings = &plan->settings;
    struct vg_graph_settings graph = vg_plan_graph_settings(settings);
    graph.apart = vg_plan_conv_apart;
    graph.context = b;
    graph.value_bytes = b->types.value_bytes;
    const struct vg_arena_settings arena = {.block = settings->block,
                                            .width = settings->width,
                                            .height = settings->height,
                                            .storage = settings->storage,
                                            .value_bytes = b->types.value_bytes,
                                            .need = need_of,
                                            .context = b};
    enum vg_status status =
        vg_model_sizes(b->model, settings->width, settings->height, b->size, b->fault);
    if (!status)
        status = vg_graph_init(&b->graph, b->model, &graph, b->fault);
    plan->input = vg_graph_input(b->model);
    if (!status)
        status = vg_arena_init(&b->arena, &b->graph, &arena, b->fault);
    if (!status)
        status = levels_check(b);
    if (!status)
        status = steps_draft(b);
    if (!status) {
        lifetimes_find(b);
        status = vg_arena_place(&b->arena, b->fault);
    }
    if (!status)
        status = places_set(b);
    for (uint32_t i = 0; i < plan->step_count && !status; i++)
        status = step_size(b, i);
    if (status)
        return status;
    candidates_size(b);
    plan_digest(b);
    nodes_rename(b);
    return VG_OK;
}

/* Everything the builder holds but the plan. */
static void builder_release(struct vg_plan_builder *b)
{
    vg_graph_release(&b->graph);
    vg_arena_release(&b->arena);
    vg_plan_types_release(&b->types);
    vg_free(b->draft);
    vg_free(b->size);
}

static enum vg_status memory_take(struct vg_plan_builder *b, const struct vg_model *model,
                                  const struct vg_plan_settings *settings)
{
    struct vg_plan *plan = vg_alloc(sizeof *plan);
    b->plan = plan;
    b->model = model;
    if (!plan)
        goto memory;
    plan->settings = *settings;
    b->size = vg_alloc_array(VG_MODEL_TENSORS_MAX, sizeof *b->size);
    if (!b->size)
        goto memory;
    if (settings->precision == VG_PRECISION_INT8) {
        /* first, that what is refused is a node of the caller's numbering */
        enum vg_status status =
            vg_model_sizes(model, settings->width, settings->height, b->size, b->fault);
        if (!status)
            status = vg_plan_types_init(&b->types, model, vg_graph_input(model), b->fault);
        if (status)
            return status;
        b->model = b->types.model;
    }
    /* an operation becomes two steps at most, a node one operation or one copy */
    b->drafts_max = b->model->node_count * 2 + VG_MODEL_LEVELS_MAX + 4;
    b->draft = vg_alloc_array(b->drafts_max, sizeof *b->draft);
    plan->step = vg_alloc_array(b->drafts_max, sizeof *plan->step);
    plan->place_count = model->tensor_count;
    plan->place = vg_alloc_array(b->model->tensor_count, sizeof *plan->place);
    /* a node is chosen for once alone, and once with the one before it */
    plan->choice = vg_alloc_array((size_t)b->model->node_count * 2, sizeof *plan->choice);
    if (b->draft && plan->step && plan->place && plan->choice)
        return VG_OK;
memory:
    return vg_fault_set(b->fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "plan");
}

enum vg_status vg_plan_open(struct vg_plan **out, const struct vg_model *model,
                            const struct vg_plan_settings *settings, struct vg_fault *fault)
{
    struct vg_plan_builder b = {.fault = fault};
    *out = NULL;
    enum vg_status status = settings_check(settings, model, fault);
    if (status)
        return status;
    status = memory_take(&b, model, settings);
    if (!status)
        status = build(&b);
    if (b.plan)
        b.plan->settings.tune = NULL; /* was borrowed */
    builder_release(&b);
    if (status)
        vg_plan_close(&b.plan);
    *out = b.plan;
    return status;
}

void vg_plan_close(struct vg_plan **plan)
{
    if (!*plan)
        return;
    vg_free((*plan)->step);
    vg_free((*plan)->place);
    vg_free((*plan)->choice);
    vg_free((*plan)->word);
    vg_free(*plan);
    *plan = NULL;
}

void vg_step_work(const struct vg_step *step, uint32_t pictures, size_t work[3])
{
    for (uint32_t d = 0; d < 3; d++)
        work[d] = step->work[d];
    const uint32_t d = step->batch_dimension;
    work[d] = (work[d] * pictures + step->batch_divisor - 1) / step->batch_divisor;
    const size_t items = work[0] * step->unit_items, group = step->group_items;
    work[0] = (items + group - 1) / group * group;
}

size_t vg_plan_at(const struct vg_plan *plan, uint32_t tensor, uint32_t c, uint32_t row,
                  uint32_t column)
{
    const struct vg_place *place = &plan->place[tensor];
    return plan->word[place->channel_first + c] + (size_t)row * place->row +
           (size_t)column * place->pixel;
}
