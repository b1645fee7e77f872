/* The steps of convolutions, with what they take in: which variant, what halo it wants of its
 * input, where its weights stand. */
#include <string.h>

#include "src/base/text.h"
#include "src/engine/plan_build.h"

#define NONE VG_GRAPH_NONE

static uint32_t blocks_of(const struct vg_plan_builder *b, uint32_t channels)
{
    return (channels + b->arena.block - 1) / b->arena.block;
}

/* the convolution that makes an operation's output, and the one that reads its input */
static const struct vg_node *last_conv(const struct vg_plan_builder *b,
                                       const struct vg_operation *op)
{
    const struct vg_node *node = &b->model->node[op->node];
    return node->op == VG_OP_CONV ? node : &b->model->node[op->first];
}

static const struct vg_node *first_conv(const struct vg_plan_builder *b,
                                        const struct vg_operation *op)
{
    return &b->model->node[op->first == NONE ? op->node : op->first];
}

static enum vg_conv_kind kind_of(const struct vg_plan_builder *b, const struct vg_operation *op)
{
    const struct vg_node *node = &b->model->node[op->node];
    if (op->first != NONE)
        return node->op == VG_OP_CONV ? VG_CONV_PAIR : VG_CONV_STEM_POOL;
    if (vg_graph_depthwise(b->model, node) && op->x != 0) /* whose pixels are no blocks */
        return VG_CONV_DEPTHWISE;
    return node->groups > 1 ? VG_CONV_GROUPED : VG_CONV_DENSE;
}

static struct vg_conv_need need_of(const struct vg_plan_builder *b, const struct vg_operation *op)
{
    const struct vg_plan_settings *settings = &b->plan->settings;
    return (struct vg_conv_need){.settings = settings,
                                 .kind = kind_of(b, op),
                                 .joined = VG_CONV_IS_ONE,
                                 .window = first_conv(b, op)->window,
                                 .groups = first_conv(b, op)->groups,
                                 .x_pixel = op->x == 0 ? 4 : settings->block,
                                 .x_channels = b->model->tensor[op->x].channels,
                                 .y_channels = b->model->tensor[op->y].channels,
                                 .act_channels = op->act_channels,
                                 .width = b->size[op->y].width,
                                 .height = b->size[op->y].height};
}

struct vg_plan_choice vg_plan_choice_of(const struct vg_conv_need *need, uint32_t first,
                                        uint32_t node)
{
    struct vg_conv_need before = *need; /* what could be chosen while they were two */
    before.joined = VG_CONV_MAY_PART;
    return (struct vg_plan_choice){.row = vg_conv_row_choose(need),
                                   .fitting = vg_conv_rows_fitting(&before),
                                   .row_default = vg_conv_row_default(&before),
                                   .node = node,
                                   .first = first,
                                   .need = vg_conv_tune_need(need)};
}

int vg_plan_conv_apart(const void *context, uint32_t first, uint32_t node)
{
    const struct vg_plan_builder *b = context;
    const uint32_t y = b->model->node[node].out;
    const struct vg_operation op = {.node = node,
                                    .first = first,
                                    .x = b->model->node[first].in[0],
                                    .y = y,
                                    .act_channels = b->model->tensor[y].channels};
    struct vg_conv_need need =
        vg_graph_bytes(&b->graph, op.x) ? vg_plan_int8_conv_need(b, &op) : need_of(b, &op);
    need.joined = VG_CONV_MAY_PART;
    const struct vg_plan_choice choice = vg_plan_choice_of(&need, first, node);
    if (vg_conv_row(choice.row)->kernel != VG_KERNEL_COUNT)
        return 0;
    b->plan->choice[b->plan->choice_count++] = choice;
    return 1;
}

enum vg_arena_need vg_plan_conv_need(const struct vg_plan_builder *b, const struct vg_operation *op)
{
    const struct vg_conv_need need = need_of(b, op);
    if (need.kind != VG_CONV_DENSE)
        return VG_NEED_RUN;
    const enum vg_kernel kernel = vg_conv_row(vg_conv_row_choose(&need))->kernel;
    return kernel == VG_KERNEL_CONV_DIRECT ? VG_NEED_LANES
           : kernel == VG_KERNEL_CONV_ANY  ? VG_NEED_RUN
                                           : VG_NEED_ORDER;
}

/* Larger than the weights: then it is the input that should be read from far once only. With 64
 * to 64 channels at 52x52, stride 2, 1.30 instead of 1.45 ms on one core; with 256 to 256 at 13x13
 * the other way round, 1.28 instead of 1.48. */
static int input_is_larger(const struct vg_plan_builder *b, const struct vg_operation *op,
                           const struct vg_conv_need *need)
{
    const struct vg_slot *x = &b->arena.slot[op->x];
    return (uint64_t)x->width * x->height >
           (uint64_t)need->y_channels * need->window.size_y * need->window.size_x;
}

uint32_t vg_plan_conv_draft(const struct vg_plan_builder *b, const struct vg_operation *op,
                            struct vg_draft *draft)
{
    const struct vg_conv_need need = need_of(b, op);
    const struct vg_plan_choice choice = vg_plan_choice_of(&need, op->first, op->node);
    const struct vg_conv_variant variant = *vg_conv_row(choice.row);
    const struct vg_window *w = &need.window;
    uint32_t block;
    *draft = (struct vg_draft){.kernel = variant.kernel,
                               .choice = choice,
                               .op = op,
                               .node = op->node,
                               .x = op->x,
                               .x2 = op->x2,
                               .y = op->y};
    draft->build = (struct vg_conv_build){.tile = variant.tile,
                                          .block = b->arena.block,
                                          .x_pixel = need.x_pixel,
                                          .size_y = w->size_y,
                                          .size_x = w->size_x,
                                          .stride_y = w->stride_y,
                                          .stride_x = w->stride_x,
                                          .dilation_y = w->dilation_y,
                                          .dilation_x = w->dilation_x,
                                          .act = (uint32_t)op->act,
                                          .add = op->sum,
                                          .group_first = variant.kernel == VG_KERNEL_CONV_DIRECT &&
                                                         input_is_larger(b, op, &need),
                                          .storage = b->plan->settings.storage};
    if (variant.kernel == VG_KERNEL_CONV_DEPTHWISE)
        draft->build.form = vg_plan_form(b);
    draft->build.emulated = b->plan->settings.mma == VG_MMA_EMULATED;
    if (need.kind == VG_CONV_PAIR)
        draft->build.act_first = (uint32_t)b->model->node[op->first].act;
    if (need.kind == VG_CONV_STEM_POOL) /* the activation is the convolution's */
        draft->build.act = (uint32_t)b->model->node[op->first].act;
    if (need.kind == VG_CONV_DENSE && op->x != 0)
        draft->build.table = !vg_arena_meets(&b->arena, op->x, VG_NEED_ORDER, &block);
    if (variant.kernel != VG_KERNEL_CONV_WINO_MUL && variant.kernel != VG_KERNEL_GEMM_UNPACK)
        return 1;
    draft[1] = draft[0];
    draft[0].kernel =
        variant.kernel == VG_KERNEL_GEMM_UNPACK ? VG_KERNEL_GEMM_PACK : VG_KERNEL_CONV_WINO_IN;
    draft[0].y = draft[0].x2 = NONE;
    draft[1].x = NONE;
    return 2;
}

/* what a halo depends on */
static void shape_set(const struct vg_plan_builder *b, const struct vg_draft *draft,
                      struct vg_conv_sizes *s)
{
    const struct vg_operation *op = draft->op;
    const struct vg_window *w = &first_conv(b, op)->window;
    const struct vg_slot *x = &b->arena.slot[op->x], *y = &b->arena.slot[op->y];
    s->x_width = (vg_i32)x->width;
    s->x_height = (vg_i32)x->height;
    s->above = (vg_i32)w->above;
    s->left = (vg_i32)w->left;
    s->width = (vg_i32)y->width;
    s->height = (vg_i32)y->height;
}

struct vg_halo vg_plan_conv_halo(const struct vg_plan_builder *b, const struct vg_draft *draft)
{
    struct vg_conv_sizes s = {0};
    shape_set(b, draft, &s);
    return vg_conv_reach(draft->kernel, &draft->build, &s);
}

/* ---- weights ---- */

/* The next `count` floats of the buffer, from a multiple of 64 bytes on: GPUs load whole vectors. */
static vg_i32 floats_take(struct vg_plan *plan, uint64_t count)
{
    const uint64_t first = (plan->weights_floats + 15) / 16 * 16;
    plan->weights_floats = first + count;
    return first > INT32_MAX ? 0 : (vg_i32)first; /* weights_place refuses */
}

static void depthwise_place(struct vg_plan *plan, struct vg_step *step, vg_i32 *weights,
                            vg_i32 *bias)
{
    *weights = floats_take(plan, vg_depthwise_weights_count(&step->depthwise));
    *bias = floats_take(plan, vg_depthwise_bias_count(&step->depthwise));
}

/* Where the weights stand: each convolution's, then its bias, then its table; of a pair, the
 * depthwise behind the dense one. */
static enum vg_status weights_place(struct vg_plan_builder *b, struct vg_step *step,
                                    struct vg_conv_sizes *s)
{
    struct vg_plan *plan = b->plan;
    if (step->conv.y_channels) {
        s->w_first = floats_take(plan, vg_conv_weights_count(&step->conv));
        s->bias_first = floats_take(plan, vg_conv_bias_count(&step->conv));
        s->table_first = floats_take(plan, step->table_count);
    }
    if (step->kernel == VG_KERNEL_CONV_ROW)
        depthwise_place(plan, step, &step->sizes.row.first_w, &step->sizes.row.first_bias);
    else if (step->depthwise.channels)
        depthwise_place(plan, step, &s->w_first, &s->bias_first);
    if (plan->weights_floats > INT32_MAX)
        return vg_fault_set(b->fault, VG_E_FULL, N_("the net's weights do not fit one buffer"),
                            NULL, "%s", b->model->name);
    return VG_OK;
}

/* how the weights are packed */
static void shapes_set(const struct vg_plan_builder *b, const struct vg_draft *draft,
                       struct vg_step *step)
{
    const struct vg_operation *op = draft->op;
    const struct vg_node *last = last_conv(b, op), *first = first_conv(b, op);
    const int stem = draft->kernel == VG_KERNEL_CONV_STEM_POOL;
    const int row = draft->kernel == VG_KERNEL_CONV_ROW;
    if (row || draft->kernel == VG_KERNEL_CONV_DEPTHWISE)
        step->depthwise =
            (struct vg_depthwise_shape){.channels = b->model->tensor[first->out].channels,
                                        .taps = first->window.size_y * first->window.size_x,
                                        .block = b->arena.block};
    if (draft->kernel == VG_KERNEL_CONV_DEPTHWISE)
        return;
    step->conv =
        (struct vg_conv_shape){.kernel = row || stem ? VG_KERNEL_CONV_DIRECT : draft->kernel,
                               .tile = stem ? (struct vg_conv_tile){1, 1} : draft->build.tile,
                               .block = b->arena.block,
                               .size_y = last->window.size_y,
                               .size_x = last->window.size_x,
                               .x_channels = b->model->tensor[last->in[0]].channels,
                               .y_channels = b->model->tensor[last->out].channels,
                               .parts = last->groups,
                               .x_pixel = draft->build.x_pixel};
}

/* the input's channels as the kernel meets them */
static enum vg_status channels_set(struct vg_plan_builder *b, const struct vg_draft *draft,
                                   struct vg_step *step, struct vg_conv_sizes *s)
{
    const uint32_t x = draft->op->x, channels = b->model->tensor[x].channels;
    const struct vg_lane *lane = vg_arena_lanes(&b->arena, x);
    enum vg_status status = VG_OK;
    uint32_t block = 0;
    if (draft->build.table) {
        status = vg_plan_words(b, channels, &step->table_first);
        if (status)
            return status;
        const uint32_t from = vg_arena_channel_at(&b->arena, x, 0);
        step->table_count = channels;
        for (uint32_t c = 0; c < channels; c++)
            b->plan->word[step->table_first + c] = vg_arena_channel_at(&b->arena, x, c) - from;
        s->x = (struct vg_area){.first = (vg_i32)from,
                                .picture = (vg_i32)(b->arena.bytes / b->arena.slot[x].value_bytes),
                                .row = (vg_i32)vg_arena_row(&b->arena, x)};
        return VG_OK;
    }
    s->x = vg_arena_area(&b->arena, x);
    if (x == 0 || vg_arena_meets(&b->arena, x, VG_NEED_RUN, &block))
        return VG_OK;
    (void)vg_arena_meets(&b->arena, x, VG_NEED_ORDER, &block);
    status = vg_plan_words(b, channels, &step->order_first);
    for (uint32_t c = 0; c < channels && !status; c++)
        b->plan->word[step->order_first + lane[c].lane - block * b->arena.block] = c;
    return status;
}

/* ---- sizes ---- */

static uint32_t greater(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* Winograd: groups of tiles; where there are fewer than cores, they share the output out too */
static void wino_work(const struct vg_plan_builder *b, const struct vg_draft *draft,
                      struct vg_step *step, struct vg_conv_sizes *s)
{
    const uint32_t side = vg_conv_wino_side(draft->kernel);
    const uint32_t across = ((uint32_t)s->width + side - 1) / side;
    const uint32_t tiles = across * (((uint32_t)s->height + side - 1) / side);
    const int all = draft->kernel == VG_KERNEL_CONV_WINO2; /* of a picture are one group */
    const uint32_t p = all ? tiles : draft->build.tile.pixels, tile_groups = (tiles + p - 1) / p;
    const uint32_t cores = greater(b->plan->settings.compute_units, 1);
    const uint32_t parts = (cores + tile_groups - 1) / tile_groups;
    s->tiles_across = (vg_i32)across;
    s->tiles = (vg_i32)tiles;
    s->groups_each = (vg_i32)(((uint32_t)s->groups + parts - 1) / parts);
    step->local_bytes =
        vg_conv_wino_local_bytes(draft->kernel, &draft->build, (uint32_t)s->x_blocks, tiles);
    step->work[0] = tiles;
    step->work[1] = (size_t)((s->groups + s->groups_each - 1) / s->groups_each);
    if (draft->kernel == VG_KERNEL_CONV_WINO_IN) {
        const size_t scratch = vg_conv_wino_scratch_floats(&draft->build, (uint32_t)s->x_blocks,
                                                           tiles * b->plan->settings.batch_max);
        b->plan->scratch_floats =
            scratch > b->plan->scratch_floats ? scratch : b->plan->scratch_floats;
        step->work[1] = (size_t)s->x_blocks;
    }
    step->batch_dimension = 0;
    step->batch_divisor = p;
}

/* a row of the output a work-item; several parts of the output where there are fewer than cores */
static void row_work(const struct vg_draft *draft, struct vg_step *step, struct vg_conv_sizes *s)
{
    s->groups_each = s->groups;
    step->work[0] = (size_t)s->height;
    step->batch_dimension = 2;
    step->local_bytes =
        vg_conv_row_local_bytes(&draft->build, (uint32_t)s->x_blocks, (uint32_t)s->width);
}

static void depthwise_work(const struct vg_draft *draft, struct vg_step *step,
                           const struct vg_conv_sizes *s)
{
    step->work[0] = (size_t)s->height;
    step->work[1] = (size_t)s->x_blocks;
    step->batch_dimension = 2;
    if (draft->build.form == VG_FORM_SPREAD)
        step->work[0] = vg_spread_items(draft->build.block, (uint32_t)s->width, (uint32_t)s->height,
                                        draft->build.tile.pixels);
}

/* groups of a tile each, the pixels of all pictures in one row */
static void tile_work(const struct vg_draft *draft, struct vg_step *step,
                      const struct vg_conv_sizes *s)
{
    step->work[0] = (size_t)s->width * (size_t)s->height;
    step->work[1] = (size_t)s->groups;
    step->batch_dimension = 0;
    step->batch_divisor = vg_conv_group_pixels(draft->kernel, &draft->build);
    step->unit_items = step->group_items;
}

static void direct_work(const struct vg_draft *draft, struct vg_step *step,
                        const struct vg_conv_sizes *s)
{
    const uint32_t p = draft->build.tile.pixels;
    const size_t segments = ((uint32_t)s->width + p - 1) / p;
    const int first = draft->build.group_first != 0;
    step->work[0] = first ? (size_t)s->groups : segments;
    step->work[1] = first ? segments : (size_t)s->height;
    step->work[2] = first ? (size_t)s->height : (size_t)s->groups;
    step->batch_dimension = 2;
}

/* Rows of the pool that a work-item makes: each makes one row of the convolution that its
 * neighbour makes too, so as many as leave work for all cores. */
static void stem_work(const struct vg_plan_builder *b, const struct vg_draft *draft,
                      struct vg_step *step, struct vg_stem_sizes *s)
{
    const uint32_t parts = 4 * greater(b->plan->settings.compute_units, 1);
    const struct vg_window *w = &b->model->node[draft->op->first].window;
    s->conv_width = (s->conv.x_width + 2 * (vg_i32)w->left - (vg_i32)w->size_x) / 2 + 1;
    s->conv_height = (s->conv.x_height + 2 * (vg_i32)w->above - (vg_i32)w->size_y) / 2 + 1;
    s->rows_each = (vg_i32)(((uint32_t)s->conv.height + parts - 1) / parts);
    step->work[0] = (size_t)((s->conv.height + s->rows_each - 1) / s->rows_each);
    step->batch_dimension = 2;
    step->local_bytes =
        vg_conv_stem_local_bytes(&draft->build, (uint32_t)s->conv.groups, (uint32_t)s->conv.width);
}

/* pixels of all pictures by vectors of 4 channels */
static void gemm_work(struct vg_plan_builder *b, const struct vg_draft *draft, struct vg_step *step,
                      const struct vg_conv_sizes *s)
{
    struct vg_plan *plan = b->plan;
    const uint32_t pixels = (uint32_t)s->width * (uint32_t)s->height;
    const uint32_t x = (uint32_t)s->x_channels, y = (uint32_t)s->y_channels;
    const size_t scratch =
        vg_gemm_scratch_floats(&draft->build, x, y, pixels * plan->settings.batch_max);
    plan->scratch_floats = scratch > plan->scratch_floats ? scratch : plan->scratch_floats;
    step->work[0] =
        (size_t)pixels *
        (draft->kernel == VG_KERNEL_GEMM_PACK ? (x + 3) / 4 : blocks_of(b, y) * b->arena.block / 4);
    step->batch_dimension = 0;
}

static void second_set(const struct vg_plan_builder *b, const struct vg_draft *draft,
                       struct vg_conv_sizes *s)
{
    const uint32_t x2 = draft->op->x2;
    if (draft->op->sum == VG_CONV_ADD_NONE)
        return;
    s->x2 = vg_arena_area(&b->arena, x2);
    s->x2_width = (vg_i32)b->arena.slot[x2].width;
    s->x2_height = (vg_i32)b->arena.slot[x2].height;
}

static void work_set(struct vg_plan_builder *b, const struct vg_draft *draft, struct vg_step *step,
                     struct vg_conv_sizes *s)
{
    const struct vg_operation *op = draft->op;
    if (vg_conv_wino_side(draft->kernel)) {
        wino_work(b, draft, step, s);
    } else if (draft->kernel == VG_KERNEL_CONV_ROW) {
        row_work(draft, step, s);
        step->sizes.row.first_a = b->model->node[op->first].act_a;
        step->sizes.row.first_b = b->model->node[op->first].act_b;
    } else if (draft->kernel == VG_KERNEL_CONV_STEM_POOL) {
        stem_work(b, draft, step, &step->sizes.stem);
    } else if (draft->kernel == VG_KERNEL_CONV_DEPTHWISE) {
        depthwise_work(draft, step, s);
    } else if (vg_conv_tiled(draft->kernel)) {
        tile_work(draft, step, s);
    } else if (draft->kernel == VG_KERNEL_GEMM_PACK || draft->kernel == VG_KERNEL_GEMM_UNPACK) {
        gemm_work(b, draft, step, s);
    } else {
        direct_work(draft, step, s);
    }
}

enum vg_status vg_plan_conv_size(struct vg_plan_builder *b, const struct vg_draft *draft,
                                 struct vg_step *step)
{
    const struct vg_operation *op = draft->op;
    const struct vg_node *conv = last_conv(b, op), *first = first_conv(b, op);
    const uint32_t y_channels = b->model->tensor[op->y].channels;
    const uint32_t x_channels = b->model->tensor[op->x].channels;
    struct vg_conv_sizes *s = &step->sizes.conv; /* the first field of row and stem, too */
    const struct vg_draft whole = {.op = op};    /* of both steps of a pair of kernels */
    enum vg_status status = channels_set(b, draft, step, s);
    if (status)
        return status;
    shape_set(b, &whole, s);
    second_set(b, draft, s);
    s->y = vg_arena_area(&b->arena, op->y);
    s->halo = vg_arena_halo_of(&b->arena, op->y);
    s->x_pixel = (vg_i32)draft->build.x_pixel;
    s->x_channels = (vg_i32)x_channels;
    s->x_blocks = op->x == 0 ? 1 : (vg_i32)blocks_of(b, x_channels);
    s->y_channels = (vg_i32)y_channels;
    s->parts = (vg_i32)conv->groups;
    const uint32_t each = draft->build.tile.blocks;
    s->groups = (vg_i32)((blocks_of(b, y_channels) + each - 1) / each);
    s->act_blocks = (vg_i32)blocks_of(b, op->act_channels);
    s->pictures = (vg_i32)b->plan->settings.batch_max;
    const struct vg_node *act =
        op->first != NONE && b->model->node[op->node].op != VG_OP_CONV ? first : NULL;
    s->act_a = act ? act->act_a : op->act_a;
    s->act_b = act ? act->act_b : op->act_b;
    step->group_items = vg_conv_group_items(draft->kernel, &draft->build);
    work_set(b, draft, step, s);
    vg_conv_options(draft->kernel, &draft->build, step->options);
    if (draft->kernel == VG_KERNEL_CONV_WINO_IN || draft->kernel == VG_KERNEL_GEMM_PACK)
        return VG_OK; /* reads no weights */
    shapes_set(b, draft, step);
    return weights_place(b, step, s);
}
