/* How a plan is made, in this order: storages (which tensors share memory), steps in skeleton
 * with the lifetimes they give, grids with their halos, places, then each step's sizes. */
#include "src/engine/plan.h"

#include <assert.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/engine/conv_variants.h"
#include "src/engine/engine.h"
#include "src/engine/program.h"

#define NONE UINT32_MAX

/* What is known of a tensor while planning. */
struct tensor {
    uint32_t parent; /* the tensor whose memory it lies in, or NONE: a storage of its own */
    uint32_t block;  /* of the parent, where it begins */
    uint32_t grid;
    uint32_t blocks;
    uint32_t first_step, last_step; /* storages: alive from, to */
    uint32_t plane;                 /* storages: first of its planes in the grid's region */
};

/* A step before its sizes: what it reads and writes. */
struct draft {
    enum vg_kernel kernel;
    uint32_t node;
    uint32_t x, x2, y;             /* tensors */
    uint32_t x_channel, y_channel; /* copy_channels */
    struct vg_conv_variant variant;
};

struct builder {
    const struct vg_model *model;
    struct vg_plan *plan;
    struct tensor *tensor;
    struct draft *draft; /* of plan->step */
    uint32_t steps_max;
    struct vg_fault *fault;
};

static uint32_t blocks_of(uint32_t channels)
{
    return (channels + VG_BLOCK - 1) / VG_BLOCK;
}

static uint32_t width_of(const struct builder *b, uint32_t tensor)
{
    return b->plan->settings.width / b->model->tensor[tensor].stride;
}

static uint32_t height_of(const struct builder *b, uint32_t tensor)
{
    return b->plan->settings.height / b->model->tensor[tensor].stride;
}

/* ---- storages ---- */

static void tensors_begin(struct builder *b)
{
    for (uint32_t i = 0; i < b->model->tensor_count; i++)
        b->tensor[i] = (struct tensor){
            .parent = NONE, .blocks = blocks_of(b->model->tensor[i].channels), .first_step = NONE};
}

/* The storage a tensor lies in, and the block where it begins there. */
static uint32_t storage_of(const struct builder *b, uint32_t tensor, uint32_t *block)
{
    *block = 0;
    while (b->tensor[tensor].parent != NONE) {
        *block += b->tensor[tensor].block;
        tensor = b->tensor[tensor].parent;
    }
    return tensor;
}

static int place_inside(struct builder *b, uint32_t tensor, uint32_t parent, uint32_t channel)
{
    if (channel % VG_BLOCK || b->tensor[tensor].parent != NONE)
        return 0;
    b->tensor[tensor].parent = parent;
    b->tensor[tensor].block = channel / VG_BLOCK;
    return 1;
}

/* ---- steps in skeleton ---- */

static struct draft *draft_add(struct builder *b, enum vg_kernel kernel, uint32_t node)
{
    assert(b->plan->step_count < b->steps_max);
    struct draft *draft = &b->draft[b->plan->step_count];
    b->plan->step[b->plan->step_count].kernel = kernel;
    b->plan->step[b->plan->step_count++].node = node;
    *draft = (struct draft){.kernel = kernel, .node = node, .x = NONE, .x2 = NONE, .y = NONE};
    return draft;
}

static enum vg_status node_refuse(const struct builder *b, uint32_t node)
{
    return vg_fault_set(b->fault, VG_E_INPUT, N_("no kernel does this step on the net's input"),
                        N_("only a convolution can read the net's input"), "%s, node %u",
                        b->model->name, node);
}

static void concat_draft(struct builder *b, uint32_t index)
{
    const struct vg_node *node = &b->model->node[index];
    uint32_t channel = 0;
    for (uint32_t i = 0; i < node->in_count; i++) {
        const uint32_t x = node->in[i], channels = b->model->tensor[x].channels;
        const int whole = channels % VG_BLOCK == 0 || i + 1 == node->in_count;
        if (!whole || !place_inside(b, x, node->out, channel)) {
            struct draft *draft = draft_add(b, VG_KERNEL_COPY_CHANNELS, index);
            draft->x = x;
            draft->y = node->out;
            draft->y_channel = channel;
        }
        channel += channels;
    }
}

static void slice_draft(struct builder *b, uint32_t index)
{
    const struct vg_node *node = &b->model->node[index];
    if (place_inside(b, node->out, node->in[0], node->channel_first))
        return;
    struct draft *draft = draft_add(b, VG_KERNEL_COPY_CHANNELS, index);
    draft->x = node->in[0];
    draft->x_channel = node->channel_first;
    draft->y = node->out;
}

static void conv_draft(struct builder *b, uint32_t index)
{
    const struct vg_node *node = &b->model->node[index];
    const uint32_t x = node->in[0], y = node->out;
    const struct vg_conv_need need = {.settings = &b->plan->settings,
                                      .side = node->kernel,
                                      .stride = node->stride,
                                      .x_blocks = b->tensor[x].blocks,
                                      .x_lanes = x == 0 ? 3 : VG_BLOCK,
                                      .y_blocks = b->tensor[y].blocks,
                                      .width = width_of(b, y),
                                      .height = height_of(b, y)};
    const struct vg_conv_variant variant = vg_conv_variant_choose(&need);
    struct draft *draft = draft_add(b, variant.kernel, index);
    draft->x = x;
    draft->y = y;
    draft->variant = variant;
}

static enum vg_status node_draft(struct builder *b, uint32_t index)
{
    static const enum vg_kernel simple[VG_OP_COUNT] = {[VG_OP_MAXPOOL] = VG_KERNEL_MAX_POOL,
                                                       [VG_OP_RESIZE] = VG_KERNEL_RESIZE,
                                                       [VG_OP_ADD] = VG_KERNEL_ADD,
                                                       [VG_OP_SIGMOID] = VG_KERNEL_SIGMOID};
    const struct vg_node *node = &b->model->node[index];
    for (uint32_t i = 0; i < node->in_count; i++)
        if (node->in[i] == 0 && node->op != VG_OP_CONV)
            return node_refuse(b, index);
    if (node->op == VG_OP_CONV) {
        conv_draft(b, index);
    } else if (node->op == VG_OP_CONCAT) {
        concat_draft(b, index);
    } else if (node->op == VG_OP_SLICE) {
        slice_draft(b, index);
    } else {
        struct draft *draft = draft_add(b, simple[node->op], index);
        draft->x = node->in[0];
        draft->x2 = node->in_count > 1 ? node->in[1] : NONE;
        draft->y = node->out;
    }
    return VG_OK;
}

/* the scores' tensor and the distances' of one stride are one level */
static void boxes_draft(struct builder *b)
{
    const struct vg_model *model = b->model;
    for (uint32_t stride = 1; stride <= model->input_multiple; stride *= 2) {
        uint32_t tensor[2] = {NONE, NONE};
        for (uint32_t i = 0; i < model->output_count; i++)
            if (model->tensor[model->output[i].tensor].stride == stride)
                tensor[model->output[i].role == VG_OUTPUT_DISTANCES] = model->output[i].tensor;
        if (tensor[0] == NONE || tensor[1] == NONE)
            continue;
        struct draft *draft = draft_add(b, VG_KERNEL_NANODET_BOXES, VG_PLAN_NO_NODE);
        draft->x = tensor[0];
        draft->x2 = tensor[1];
    }
}

static enum vg_status steps_draft(struct builder *b)
{
    draft_add(b, VG_KERNEL_PREPARE, VG_PLAN_NO_NODE)->y = 0;
    b->plan->net_first = b->plan->step_count;
    for (uint32_t i = 0; i < b->model->node_count; i++) {
        const enum vg_status status = node_draft(b, i);
        if (status)
            return status;
    }
    b->plan->net_end = b->plan->step_count;
    for (uint32_t i = 0; i < b->model->output_count; i++)
        if (b->model->output[i].tensor == 0)
            return node_refuse(b, 0);
    boxes_draft(b);
    return VG_OK;
}

/* ---- lifetimes ---- */

enum use {
    USE_READ,
    USE_WRITE
};

static void tensor_use(struct builder *b, uint32_t tensor, uint32_t step, enum use use)
{
    uint32_t block;
    if (tensor == NONE)
        return;
    struct tensor *storage = &b->tensor[storage_of(b, tensor, &block)];
    if (storage->first_step == NONE)
        storage->first_step = step;
    if (step > storage->last_step)
        storage->last_step = step;
    if (use == USE_WRITE)
        b->plan->place[tensor].last_step = step;
}

/* The step after which a tensor holds its values: of a concat, its last writer; of a slice, its
 * source's. */
static void views_settle(struct builder *b)
{
    for (uint32_t i = 0; i < b->model->node_count; i++) {
        const struct vg_node *node = &b->model->node[i];
        struct vg_place *out = &b->plan->place[node->out];
        for (uint32_t k = 0; k < node->in_count; k++) {
            const uint32_t from = b->plan->place[node->in[k]].last_step;
            const int view = node->op == VG_OP_CONCAT || node->op == VG_OP_SLICE;
            if (view && from > out->last_step)
                out->last_step = from;
        }
    }
}

static void lifetimes_find(struct builder *b)
{
    for (uint32_t s = 0; s < b->plan->step_count; s++) {
        tensor_use(b, b->draft[s].x, s, USE_READ);
        tensor_use(b, b->draft[s].x2, s, USE_READ);
        tensor_use(b, b->draft[s].y, s, USE_WRITE);
    }
    for (uint32_t i = 0; i < b->model->output_count; i++) /* read by the host, after all */
        tensor_use(b, b->model->output[i].tensor, b->plan->step_count, USE_READ);
    views_settle(b);
}

/* ---- grids ---- */

static enum vg_status grid_of(struct builder *b, uint32_t tensor, uint32_t *out)
{
    const struct vg_grid grid = {.width = width_of(b, tensor),
                                 .height = height_of(b, tensor),
                                 .pixel = tensor == 0 ? 4 : VG_BLOCK,
                                 .before = 1,
                                 .right = 1,
                                 .below = 1};
    uint32_t i = 0;
    while (i < b->plan->grid_count &&
           (b->plan->grid[i].width != grid.width || b->plan->grid[i].height != grid.height ||
            b->plan->grid[i].pixel != grid.pixel))
        i++;
    if (i == VG_PLAN_GRIDS_MAX)
        return vg_fault_set(b->fault, VG_E_FULL, N_("the net has too many sizes of planes"), NULL,
                            "%s", b->model->name);
    if (i == b->plan->grid_count)
        b->plan->grid[b->plan->grid_count++] = grid;
    *out = i;
    return VG_OK;
}

static uint32_t greater(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* widens the halo of x's grid to what a convolution reads */
static void halo_widen(struct builder *b, const struct draft *draft)
{
    const struct vg_node *node = &b->model->node[draft->node];
    struct vg_grid *grid = &b->plan->grid[b->tensor[draft->x].grid];
    const struct vg_conv_reach reach =
        vg_conv_reach(draft->kernel, draft->variant.tile, node->kernel, node->stride, node->pad,
                      width_of(b, draft->y), height_of(b, draft->y));
    const vg_i32 right = reach.column + 1 - (vg_i32)grid->width;
    const vg_i32 below = reach.row + 1 - (vg_i32)grid->height;
    grid->before = greater(grid->before, node->pad);
    grid->right = greater(grid->right, right > 0 ? (uint32_t)right : 0);
    grid->below = greater(grid->below, below > 0 ? (uint32_t)below : 0);
}

static enum vg_status grids_find(struct builder *b)
{
    for (uint32_t i = 0; i < b->model->tensor_count; i++) {
        const enum vg_status status = grid_of(b, i, &b->tensor[i].grid);
        if (status)
            return status;
    }
    for (uint32_t s = 0; s < b->plan->step_count; s++)
        if (b->draft[s].kernel == VG_KERNEL_CONV_DIRECT ||
            b->draft[s].kernel == VG_KERNEL_CONV_WINO)
            halo_widen(b, &b->draft[s]);
    for (uint32_t i = 0; i < b->plan->grid_count; i++) {
        struct vg_grid *grid = &b->plan->grid[i];
        grid->row = (grid->before + grid->width + grid->right) * grid->pixel;
        grid->plane = (grid->before + grid->height + grid->below) * grid->row;
    }
    return VG_OK;
}

/* ---- places ---- */

static int together(const struct tensor *a, const struct tensor *b)
{
    return a->first_step <= b->last_step && b->first_step <= a->last_step;
}

/* Lowest run of planes that no storage placed before it, and alive with it, takes. */
static void storage_place(struct builder *b, uint32_t index, const uint32_t *placed,
                          uint32_t placed_count)
{
    struct tensor *storage = &b->tensor[index];
    storage->plane = 0;
    for (uint32_t i = 0; i < placed_count;) {
        const struct tensor *other = &b->tensor[placed[i++]];
        const int apart = storage->plane + storage->blocks <= other->plane ||
                          other->plane + other->blocks <= storage->plane;
        if (other->grid != storage->grid || apart || !together(storage, other))
            continue;
        storage->plane = other->plane + other->blocks;
        i = 0; /* a new place: against all again */
    }
    struct vg_grid *grid = &b->plan->grid[storage->grid];
    grid->planes = greater(grid->planes, storage->plane + storage->blocks);
}

/* in the order of their first use */
static enum vg_status storages_place(struct builder *b)
{
    uint32_t *placed = vg_alloc_array(b->model->tensor_count, sizeof *placed);
    uint32_t count = 0;
    if (!placed)
        return vg_fault_set(b->fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "plan");
    for (uint32_t step = 0; step <= b->plan->step_count; step++)
        for (uint32_t i = 0; i < b->model->tensor_count; i++) {
            if (b->tensor[i].parent != NONE || b->tensor[i].first_step != step)
                continue;
            storage_place(b, i, placed, count);
            placed[count++] = i;
        }
    vg_free(placed);
    uint64_t first = 0;
    for (uint32_t i = 0; i < b->plan->grid_count; i++) {
        b->plan->grid[i].first = first;
        first += (uint64_t)b->plan->grid[i].plane * b->plan->grid[i].planes *
                 b->plan->settings.batch_max;
        first = (first + VG_BLOCK - 1) / VG_BLOCK * VG_BLOCK;
    }
    b->plan->arena_floats = first;
    if (first > INT32_MAX)
        return vg_fault_set(b->fault, VG_E_FULL, N_("the batch does not fit one arena"),
                            N_("use a smaller batch or a smaller input"), "%u x %u, batch %u",
                            b->plan->settings.width, b->plan->settings.height,
                            b->plan->settings.batch_max);
    return VG_OK;
}

static void places_set(struct builder *b)
{
    for (uint32_t i = 0; i < b->model->tensor_count; i++) {
        uint32_t block;
        const struct tensor *storage = &b->tensor[storage_of(b, i, &block)];
        const struct vg_grid *grid = &b->plan->grid[storage->grid];
        const uint64_t plane = (uint64_t)storage->plane * b->plan->settings.batch_max + block;
        struct vg_place *place = &b->plan->place[i];
        place->area = (struct vg_area){.first = (vg_i32)(grid->first + plane * grid->plane +
                                                         grid->before * (grid->row + grid->pixel)),
                                       .picture = (vg_i32)(storage->blocks * grid->plane),
                                       .plane = (vg_i32)grid->plane,
                                       .row = (vg_i32)grid->row};
        place->channels = b->model->tensor[i].channels;
        place->width = grid->width;
        place->height = grid->height;
        place->pixel = grid->pixel;
    }
}

/* ---- sizes ---- */

static void prepare_size(struct builder *b, struct vg_step *step)
{
    const struct vg_model *model = b->model;
    step->sizes.prepare = (struct vg_prepare_sizes){
        .y = b->plan->place[0].area,
        .width = (vg_i32)b->plan->settings.width,
        .height = (vg_i32)b->plan->settings.height,
        .red_first = model->order == VG_ORDER_RGB,
        .fill = model->fill,
        .mean = {model->mean[0], model->mean[1], model->mean[2]},
        .scale = {model->scale[0], model->scale[1], model->scale[2]},
    };
    step->work[0] = (b->plan->settings.width + 15) / 16; /* a work-item makes 16 pixels */
    step->work[1] = b->plan->settings.height;
    step->batch_dimension = 2;
}

/* Where the weights stand: those of all convolutions, then their biases; both grow here. */
static enum vg_status weights_place(struct builder *b, struct vg_step *step)
{
    const uint64_t first = b->plan->weights_floats;
    const uint64_t bias = first + vg_conv_weights_count(&step->conv);
    b->plan->weights_floats = bias + vg_conv_bias_count(&step->conv);
    if (b->plan->weights_floats > INT32_MAX)
        return vg_fault_set(b->fault, VG_E_FULL, N_("the net's weights do not fit one buffer"),
                            NULL, "%s", b->model->name);
    step->sizes.conv.w_first = (vg_i32)first;
    step->sizes.conv.bias_first = (vg_i32)bias;
    return VG_OK;
}

static enum vg_status conv_size(struct builder *b, const struct draft *draft, struct vg_step *step)
{
    const struct vg_node *node = &b->model->node[draft->node];
    const struct vg_place *x = &b->plan->place[draft->x], *y = &b->plan->place[draft->y];
    const struct vg_conv_tile tile = draft->variant.tile;
    struct vg_conv_sizes *s = &step->sizes.conv;
    const int stem = draft->x == 0;
    step->conv = (struct vg_conv_shape){.kernel = draft->kernel,
                                        .tile = tile,
                                        .side = node->kernel,
                                        .x_channels = x->channels,
                                        .y_channels = y->channels,
                                        .x_lanes = stem ? 3 : VG_BLOCK};
    *s = (struct vg_conv_sizes){.x = x->area,
                                .y = y->area,
                                .x_pixel = (vg_i32)x->pixel,
                                .x_lanes = stem ? 3 : VG_BLOCK,
                                .x_blocks = stem ? 1 : (vg_i32)blocks_of(x->channels),
                                .pad = (vg_i32)node->pad,
                                .width = (vg_i32)y->width,
                                .height = (vg_i32)y->height,
                                .groups = (vg_i32)(blocks_of(y->channels) / tile.blocks),
                                .pictures = (vg_i32)b->plan->settings.batch_max,
                                .slope = node->act == VG_ACT_LEAKY ? node->slope : 1.0f};
    vg_conv_options(draft->kernel, tile, node->kernel, node->stride, step->options);
    if (draft->kernel == VG_KERNEL_CONV_DIRECT) {
        step->work[0] = (y->width + tile.pixels - 1) / tile.pixels;
        step->work[1] = y->height;
        step->work[2] = (size_t)s->groups;
        step->batch_dimension = 2;
        return weights_place(b, step);
    }
    const uint32_t across = (y->width + 3) / 4, tiles = across * ((y->height + 3) / 4);
    /* fewer groups of tiles than cores: share the output out too */
    const uint32_t tile_groups = (tiles + tile.pixels - 1) / tile.pixels;
    const uint32_t cores = greater(b->plan->settings.compute_units, 1);
    const uint32_t parts = (cores + tile_groups - 1) / tile_groups;
    s->tiles_across = (vg_i32)across;
    s->tiles = (vg_i32)tiles;
    s->groups_each = (vg_i32)(((uint32_t)s->groups + parts - 1) / parts);
    step->local_bytes = vg_conv_wino_local_bytes(tile, (uint32_t)s->x_blocks);
    step->work[0] = tiles;
    step->work[1] = (size_t)((s->groups + s->groups_each - 1) / s->groups_each);
    step->batch_dimension = 0;
    step->batch_divisor = tile.pixels;
    return weights_place(b, step);
}

static void map_size(struct builder *b, const struct draft *draft, struct vg_step *step)
{
    const struct vg_node *node = &b->model->node[draft->node];
    const struct vg_place *x = &b->plan->place[draft->x], *y = &b->plan->place[draft->y];
    step->sizes.map = (struct vg_map_sizes){.x = x->area,
                                            .y = y->area,
                                            .x_width = (vg_i32)x->width,
                                            .x_height = (vg_i32)x->height,
                                            .width = (vg_i32)y->width,
                                            .height = (vg_i32)y->height,
                                            .side = (vg_i32)node->kernel,
                                            .stride = (vg_i32)node->stride,
                                            .pad = (vg_i32)node->pad,
                                            .x_channel = (vg_i32)draft->x_channel,
                                            .y_channel = (vg_i32)draft->y_channel};
    if (draft->x2 != NONE)
        step->sizes.map.x2 = b->plan->place[draft->x2].area;
    step->work[0] = y->height;
    step->work[1] = blocks_of(y->channels);
    if (draft->kernel == VG_KERNEL_COPY_CHANNELS)
        step->work[1] = node->op == VG_OP_CONCAT ? x->channels : y->channels;
    step->batch_dimension = 2;
}

static void boxes_size(struct builder *b, const struct draft *draft, struct vg_step *step)
{
    const struct vg_place *scores = &b->plan->place[draft->x];
    step->sizes.boxes = (struct vg_boxes_sizes){.scores = scores->area,
                                                .distances = b->plan->place[draft->x2].area,
                                                .width = (vg_i32)scores->width,
                                                .height = (vg_i32)scores->height,
                                                .cell_first = (vg_i32)b->plan->cells,
                                                .classes = (vg_i32)b->model->class_count,
                                                .bins = (vg_i32)b->model->bins,
                                                .stride = (float)b->model->tensor[draft->x].stride,
                                                .input_width = (float)b->plan->settings.width,
                                                .input_height = (float)b->plan->settings.height};
    b->plan->cells += scores->width * scores->height;
    step->work[0] = (size_t)scores->width * scores->height;
    step->batch_dimension = 1;
}

/* once the cells are counted */
static void candidates_size(struct builder *b)
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

static enum vg_status steps_size(struct builder *b)
{
    for (uint32_t i = 0; i < b->plan->step_count; i++) {
        struct vg_step *step = &b->plan->step[i];
        const struct draft *draft = &b->draft[i];
        enum vg_status status = VG_OK;
        step->batch_divisor = 1;
        for (uint32_t d = 0; d < 3; d++)
            step->work[d] = 1;
        if (step->kernel == VG_KERNEL_PREPARE)
            prepare_size(b, step);
        else if (step->kernel == VG_KERNEL_NANODET_BOXES)
            boxes_size(b, draft, step);
        else if (step->kernel == VG_KERNEL_CONV_DIRECT || step->kernel == VG_KERNEL_CONV_WINO)
            status = conv_size(b, draft, step);
        else
            map_size(b, draft, step);
        if (status)
            return status;
    }
    candidates_size(b);
    return VG_OK;
}

/* ---- digest ---- */

/* digest = SHA-256(digest, data) */
static void digest_fold(uint8_t digest[VG_SHA256_BYTES], const void *data, size_t size)
{
    uint8_t text[VG_SHA256_BYTES + 256];
    assert(size <= 256);
    memcpy(text, digest, VG_SHA256_BYTES);
    memcpy(text + VG_SHA256_BYTES, data, size);
    vg_sha256(text, VG_SHA256_BYTES + size, digest);
}

static void plan_digest(struct builder *b)
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

/* ---- open ---- */

static enum vg_status settings_check(const struct vg_model *model,
                                     const struct vg_plan_settings *settings,
                                     struct vg_fault *fault)
{
    const uint32_t multiple = model->input_multiple;
    if (!settings->width || !settings->height || settings->width % multiple ||
        settings->height % multiple || settings->width > VG_PICTURE_WIDTH_MAX ||
        settings->height > VG_PICTURE_WIDTH_MAX)
        return vg_fault_set(fault, VG_E_CALL, N_("the net cannot take this input size"),
                            N_("give two multiples of the model's step, such as 416x416"),
                            "%ux%u (%u)", settings->width, settings->height, multiple);
    if (!settings->batch_max || settings->batch_max > VG_BATCH_MAX)
        return vg_fault_set(fault, VG_E_CALL, N_("a batch holds 1 to 64 pictures"), NULL, "%u",
                            settings->batch_max);
    return VG_OK;
}

static enum vg_status build(struct builder *b)
{
    tensors_begin(b);
    enum vg_status status = steps_draft(b);
    if (status)
        return status;
    lifetimes_find(b);
    status = grids_find(b);
    if (!status)
        status = storages_place(b);
    if (status)
        return status;
    places_set(b);
    status = steps_size(b);
    if (!status)
        plan_digest(b);
    return status;
}

enum vg_status vg_plan_open(struct vg_plan **out, const struct vg_model *model,
                            const struct vg_plan_settings *settings, struct vg_fault *fault)
{
    const uint32_t steps_max = model->node_count * VG_MODEL_INPUTS_MAX + VG_PLAN_LEVELS_MAX + 1;
    struct builder b = {.model = model, .fault = fault, .steps_max = steps_max};
    *out = NULL;
    enum vg_status status = settings_check(model, settings, fault);
    if (status)
        return status;
    struct vg_plan *plan = vg_alloc(sizeof *plan);
    if (plan) {
        plan->settings = *settings;
        plan->step = vg_alloc_array(steps_max, sizeof *plan->step);
        plan->place_count = model->tensor_count;
        plan->place = vg_alloc_array(model->tensor_count, sizeof *plan->place);
    }
    b.plan = plan;
    b.tensor = vg_alloc_array(model->tensor_count, sizeof *b.tensor);
    b.draft = vg_alloc_array(steps_max, sizeof *b.draft);
    if (!plan || !plan->step || !plan->place || !b.tensor || !b.draft)
        status = vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "plan");
    else
        status = build(&b);
    vg_free(b.tensor);
    vg_free(b.draft);
    if (status)
        vg_plan_close(&plan);
    *out = plan;
    return status;
}

void vg_plan_close(struct vg_plan **plan)
{
    if (!*plan)
        return;
    vg_free((*plan)->step);
    vg_free((*plan)->place);
    vg_free(*plan);
    *plan = NULL;
}

void vg_step_work(const struct vg_step *step, uint32_t pictures, size_t work[3])
{
    for (uint32_t d = 0; d < 3; d++)
        work[d] = step->work[d];
    const uint32_t d = step->batch_dimension;
    work[d] = (work[d] * pictures + step->batch_divisor - 1) / step->batch_divisor;
    work[0] = vg_kernel_work(step->kernel, work[0]);
}
