/* The steps over bytes: convolutions, what lies between them, conversions. */
#include <string.h>

#include "models/model_pixels.h"
#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/engine/plan_build.h"

#define NONE VG_GRAPH_NONE
#define FOUR 4  /* channels of x that a convolution reads at once */
#define LINE 16 /* words of a line of the cache */

int vg_plan_int8_does(const struct vg_plan_builder *b, const struct vg_operation *op)
{
    return vg_graph_bytes(&b->graph, op->x) || vg_graph_bytes(&b->graph, op->y);
}

static int is_stem_pool(const struct vg_operation *op)
{
    return op->first != NONE;
}

/* the node that reads the operation's input: of a convolution, itself */
static const struct vg_node *reader_of(const struct vg_plan_builder *b,
                                       const struct vg_operation *op)
{
    return &b->model->node[is_stem_pool(op) ? op->first : op->node];
}

static int is_conv(const struct vg_plan_builder *b, const struct vg_operation *op)
{
    return reader_of(b, op)->op == VG_OP_CONV;
}

static int is_depthwise(const struct vg_plan_builder *b, const struct vg_operation *op)
{
    return vg_graph_depthwise(b->model, reader_of(b, op));
}

enum vg_arena_need vg_plan_int8_need(const struct vg_plan_builder *b, const struct vg_operation *op)
{
    return is_conv(b, op) && !is_depthwise(b, op) ? VG_NEED_LANES : VG_NEED_RUN;
}

/* ---- drafts ---- */

struct vg_conv_need vg_plan_int8_conv_need(const struct vg_plan_builder *b,
                                           const struct vg_operation *op)
{
    const struct vg_plan_settings *settings = &b->plan->settings;
    const struct vg_node *node = reader_of(b, op);
    return (struct vg_conv_need){.settings = settings,
                                 .kind = is_stem_pool(op)      ? VG_CONV_INT8_STEM_POOL
                                         : is_depthwise(b, op) ? VG_CONV_INT8_DEPTHWISE
                                                               : VG_CONV_INT8,
                                 .joined = VG_CONV_IS_ONE,
                                 .window = node->window,
                                 .groups = node->groups,
                                 .x_pixel = op->x == 0 ? FOUR : settings->block,
                                 .x_channels = b->model->tensor[op->x].channels,
                                 .y_channels = b->model->tensor[op->y].channels,
                                 .act_channels = op->act_channels,
                                 .width = b->size[op->y].width,
                                 .height = b->size[op->y].height};
}

static void conv_draft(const struct vg_plan_builder *b, const struct vg_operation *op,
                       struct vg_draft *draft)
{
    const struct vg_conv_need need = vg_plan_int8_conv_need(b, op);
    const struct vg_plan_choice choice = vg_plan_choice_of(&need, op->first, op->node);
    const struct vg_conv_variant variant = *vg_conv_row(choice.row);
    const struct vg_node *node = reader_of(b, op);
    const struct vg_window *w = &node->window;
    uint32_t block;
    draft->kernel = variant.kernel;
    draft->choice = choice;
    draft->int8 = (struct vg_int8_build){
        .lane = b->plan->settings.int8_lane,
        .output = vg_graph_bytes(&b->graph, op->y) ? VG_INT8_BYTES : VG_INT8_FLOATS,
        .conv = {.tile = variant.tile,
                 .block = b->arena.block,
                 .x_pixel = op->x == 0 ? FOUR : b->arena.block,
                 .size_y = w->size_y,
                 .size_x = w->size_x,
                 .stride_y = w->stride_y,
                 .stride_x = w->stride_x,
                 .dilation_y = w->dilation_y,
                 .dilation_x = w->dilation_x,
                 .act = (uint32_t)(is_stem_pool(op) ? node->act : op->act),
                 .add = op->sum}};
    if (variant.kernel == VG_KERNEL_CONV_INT8_X86 && op->x != 0)
        draft->int8.conv.table = !vg_arena_meets(&b->arena, op->x, VG_NEED_ORDER, &block);
}

void vg_plan_int8_draft(const struct vg_plan_builder *b, const struct vg_operation *op,
                        struct vg_draft *draft)
{
    static const enum vg_kernel kernels[VG_OP_COUNT] = {
        [VG_OP_MAXPOOL] = VG_KERNEL_MAX_POOL_INT8, [VG_OP_RESIZE] = VG_KERNEL_RESIZE_INT8,
        [VG_OP_ADD] = VG_KERNEL_COMBINE_INT8,      [VG_OP_MUL] = VG_KERNEL_COMBINE_INT8,
        [VG_OP_ACT] = VG_KERNEL_COMBINE_INT8,      [VG_OP_CHANNELS] = VG_KERNEL_DEQUANTISE_INT8};
    *draft = (struct vg_draft){.kernel = kernels[b->model->node[op->node].op],
                               .op = op,
                               .node = op->node,
                               .x = op->x,
                               .x2 = op->x2,
                               .y = op->y};
    if (!vg_graph_bytes(&b->graph, op->x))
        draft->kernel = VG_KERNEL_QUANTISE_INT8;
    if (is_conv(b, op))
        conv_draft(b, op, draft);
}

static void shape_set(const struct vg_plan_builder *b, const struct vg_draft *draft,
                      struct vg_int8_sizes *s)
{
    const struct vg_window *w = &reader_of(b, draft->op)->window;
    const struct vg_slot *x = &b->arena.slot[draft->x], *y = &b->arena.slot[draft->y];
    s->x_width = (vg_i32)x->width;
    s->x_height = (vg_i32)x->height;
    s->above = (vg_i32)w->above;
    s->left = (vg_i32)w->left;
    s->width = (vg_i32)y->width;
    s->height = (vg_i32)y->height;
}

struct vg_halo vg_plan_int8_halo(const struct vg_plan_builder *b, const struct vg_draft *draft)
{
    struct vg_int8_sizes s = {0};
    if (!draft->op || !is_conv(b, draft->op))
        return (struct vg_halo){0};
    shape_set(b, draft, &s);
    return vg_int8_reach(draft->kernel, &draft->int8, &s);
}

/* ---- what the input's channels are ---- */

/* Four lanes that begin at a multiple of four, and which channel each of them is. */
struct four {
    uint32_t storage, first;
    uint32_t channel[FOUR]; /* NONE: not read, its weights are zeros */
};

static int is_before(const struct four *a, const struct four *b)
{
    return a->storage != b->storage ? a->storage < b->storage : a->first < b->first;
}

/* Adds a channel to the fours, which stand by rising place; a lane that is read twice is in two of
 * them. Returns how many there are then. */
static uint32_t four_add(struct four *four, uint32_t count, struct vg_lane lane, uint32_t channel)
{
    const uint32_t place = lane.lane % FOUR;
    struct four one = {lane.storage, lane.lane - place, {NONE, NONE, NONE, NONE}};
    uint32_t at = count;
    for (uint32_t i = 0; i < count; i++)
        if (four[i].storage == one.storage && four[i].first == one.first &&
            four[i].channel[place] == NONE) {
            four[i].channel[place] = channel;
            return count;
        }
    one.channel[place] = channel;
    for (; at > 0 && is_before(&one, &four[at - 1]); at--)
        four[at] = four[at - 1];
    four[at] = one;
    return count + 1;
}

/* A table of the fours that hold the channels, wherever they are. */
static enum vg_status table_set(struct vg_plan_builder *b, uint32_t x, struct vg_step *step)
{
    const uint32_t channels = b->model->tensor[x].channels;
    const struct vg_lane *lane = vg_arena_lanes(&b->arena, x);
    struct vg_int8_sizes *s = &step->sizes.int8;
    struct four *four = vg_alloc_array(channels, sizeof *four);
    uint32_t count = 0;
    if (!four)
        return vg_fault_set(b->fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "plan");
    for (uint32_t c = 0; c < channels; c++)
        count = four_add(four, count, lane[c], c);
    enum vg_status status = vg_plan_words(b, count, &step->table_first);
    if (!status)
        status = vg_plan_words(b, FOUR * count, &step->order_first);
    const uint32_t from = vg_arena_channel_at(&b->arena, x, 0) - lane[0].lane % FOUR;
    for (uint32_t i = 0; i < count && !status; i++)
        for (uint32_t k = 0; k < FOUR; k++) {
            const uint32_t channel = four[i].channel[k];
            b->plan->word[step->order_first + FOUR * i + k] =
                channel == NONE ? VG_PLAN_NO_WORD : channel;
            if (channel != NONE)
                b->plan->word[step->table_first + i] =
                    vg_arena_channel_at(&b->arena, x, channel) - k - from;
        }
    vg_free(four);
    step->table_count = count;
    step->int8.x_channels = FOUR * count;
    s->x = (struct vg_area){.first = (vg_i32)from,
                            .picture = (vg_i32)b->arena.bytes,
                            .row = (vg_i32)vg_arena_row(&b->arena, x)};
    return status;
}

static enum vg_status channels_set(struct vg_plan_builder *b, const struct vg_draft *draft,
                                   struct vg_step *step)
{
    const uint32_t x = draft->x, channels = b->model->tensor[x].channels;
    const struct vg_lane *lane = vg_arena_lanes(&b->arena, x);
    uint32_t block = 0;
    if (draft->int8.conv.table)
        return table_set(b, x, step);
    step->int8.x_channels = channels;
    step->sizes.int8.x = vg_arena_area(&b->arena, x);
    if (x == 0 || vg_arena_meets(&b->arena, x, VG_NEED_RUN, &block))
        return VG_OK;
    (void)vg_arena_meets(&b->arena, x, VG_NEED_ORDER, &block);
    const enum vg_status status = vg_plan_words(b, channels, &step->order_first);
    for (uint32_t c = 0; c < channels && !status; c++)
        b->plan->word[step->order_first + lane[c].lane - block * b->arena.block] = c;
    return status;
}

/* ---- sizes ---- */

/* What the bytes of the tensors stand for, and where they lie. */
static void tensors_set(const struct vg_plan_builder *b, const struct vg_draft *draft,
                        struct vg_int8_sizes *s)
{
    const struct vg_byte_scale y = vg_plan_types_scale(&b->types, draft->y);
    s->y = vg_arena_area(&b->arena, draft->y);
    s->halo = vg_arena_halo_of(&b->arena, draft->y);
    s->y_zero = y.zero;
    s->y_per_unit = y.step > 0 ? 1 / y.step : 0; /* 0: y is of floats */
    if (draft->x == NONE)
        return;
    const struct vg_byte_scale x = vg_plan_types_scale(&b->types, draft->x);
    s->x_zero = x.zero;
    s->x_step = x.step;
    if (draft->x2 == NONE)
        return;
    const struct vg_byte_scale x2 = vg_plan_types_scale(&b->types, draft->x2);
    s->x2 = vg_arena_area(&b->arena, draft->x2);
    s->x2_width = (vg_i32)b->arena.slot[draft->x2].width;
    s->x2_height = (vg_i32)b->arena.slot[draft->x2].height;
    s->x2_zero = x2.zero;
    s->x2_step = x2.step;
    s->across = (float)s->x2_width / (float)s->width;
    s->down = (float)s->x2_height / (float)s->height;
}

/* The next `count` words of the buffer of weights, whole lines of the cache: a vector across two
 * lines costs two loads. */
static vg_i32 words_take(struct vg_plan *plan, uint64_t count)
{
    const uint64_t first = (plan->weights_floats + LINE - 1) / LINE * LINE;
    plan->weights_floats = first + count;
    return first > INT32_MAX ? 0 : (vg_i32)first; /* conv_size refuses */
}

/* Rows of the pool that a work-item makes: each makes one row of the convolution that its
 * neighbour makes too, so as many as leave work for all cores. */
static void stem_set(const struct vg_plan_builder *b, const struct vg_draft *draft,
                     struct vg_step *step)
{
    const struct vg_node *conv = reader_of(b, draft->op);
    const struct vg_window *w = &conv->window;
    struct vg_int8_stem_sizes *t = &step->sizes.int8_stem;
    const uint32_t cores = b->plan->settings.compute_units,
                   strips = (uint32_t)step->work[0] * (uint32_t)step->work[2];
    const uint32_t parts = (4 * (cores ? cores : 1) + strips - 1) / strips;
    t->conv_width = (t->conv.x_width + 2 * (vg_i32)w->left - (vg_i32)w->size_x) / 2 + 1;
    t->conv_height = (t->conv.x_height + 2 * (vg_i32)w->above - (vg_i32)w->size_y) / 2 + 1;
    t->rows_each = (t->conv.height + (vg_i32)parts - 1) / (vg_i32)parts;
    t->conv.act_a = conv->act_a;
    t->conv.act_b = conv->act_b;
    step->local_bytes = vg_int8_stem_local_bytes(&draft->int8);
    step->work[1] = (size_t)((t->conv.height + t->rows_each - 1) / t->rows_each);
}

static enum vg_status conv_size(struct vg_plan_builder *b, const struct vg_draft *draft,
                                struct vg_step *step)
{
    const struct vg_conv_tile tile = draft->int8.conv.tile;
    struct vg_int8_sizes *s = &step->sizes.int8;
    float ratio[3];
    step->int8.build = draft->int8;
    step->int8.y_channels = b->model->tensor[draft->y].channels;
    step->int8.x_zero = s->x_zero;
    step->int8.x_step =
        vg_model_is_pixels(b->model, draft->x) ? vg_model_input_ratio(b->model, ratio) : s->x_step;
    const enum vg_status status = channels_set(b, draft, step);
    if (status)
        return status;
    const struct vg_int8_shape shape = {draft->kernel, &draft->int8, step->int8.x_channels,
                                        step->int8.y_channels};
    const uint32_t lanes =
        draft->kernel == VG_KERNEL_CONV_INT8_X86 ? vg_int8_lanes(draft->int8.lane) : b->arena.block;
    s->x_quads = (vg_i32)((step->int8.x_channels + FOUR - 1) / FOUR);
    s->groups = (vg_i32)vg_int8_groups(&shape);
    s->act_vectors = (vg_i32)((draft->op->act_channels + lanes - 1) / lanes);
    s->w_first = words_take(b->plan, vg_int8_weights_count(&shape));
    s->lanes_first = words_take(b->plan, vg_int8_lanes_count(&shape));
    s->table_first = words_take(b->plan, step->table_count);
    step->work[0] = ((uint32_t)s->width + tile.pixels - 1) / tile.pixels;
    step->work[1] = (size_t)s->height;
    step->work[2] = (size_t)s->groups;
    if (draft->kernel == VG_KERNEL_CONV_INT8_STEM_POOL)
        stem_set(b, draft, step);
    vg_int8_options(draft->kernel, &draft->int8, step->options);
    if (b->plan->weights_floats > INT32_MAX)
        return vg_fault_set(b->fault, VG_E_FULL, N_("the net's weights do not fit one buffer"),
                            NULL, "%s", b->model->name);
    return VG_OK;
}

static enum vg_int8_x2 second_of(const struct vg_draft *draft, const struct vg_int8_sizes *s)
{
    if (draft->op->sum == VG_CONV_ADD_LINEAR)
        return VG_INT8_X2_LINEAR;
    return s->x2_width == s->width && s->x2_height == s->height ? VG_INT8_X2_SAME
                                                                : VG_INT8_X2_PIXEL;
}

static void map_options_set(const struct vg_plan_builder *b, const struct vg_draft *draft,
                            struct vg_step *step)
{
    const struct vg_node *node = &b->model->node[draft->node];
    const struct vg_int8_map_build build = {
        .combine = node->op == VG_OP_ADD   ? VG_INT8_COMBINE_ADD
                   : node->op == VG_OP_MUL ? VG_INT8_COMBINE_MUL
                                           : VG_INT8_COMBINE_ACT,
        .x2 = draft->x2 == NONE ? VG_INT8_X2_SAME : second_of(draft, &step->sizes.int8),
        .act = (uint32_t)draft->op->act,
        .resize =
            node->resize == VG_RESIZE_NEAREST ? VG_INT8_RESIZE_NEAREST : VG_INT8_RESIZE_LINEAR,
        .pixel = b->arena.block};
    vg_int8_map_options(draft->kernel, &build, step->options);
}

/* The channels of a view, put together. */
static enum vg_status copy_size(struct vg_plan_builder *b, const struct vg_draft *draft,
                                struct vg_step *step)
{
    const struct vg_node *node = &b->model->node[draft->node];
    const uint32_t channels = b->model->tensor[draft->y].channels;
    const uint32_t *map = b->model->map + node->map_first;
    struct vg_int8_sizes *s = &step->sizes.int8;
    const enum vg_status status = vg_plan_words(b, channels, &step->table_first);
    if (status)
        return status;
    const uint32_t from =
        vg_arena_channel_at(&b->arena, node->in[VG_MAP_INPUT(map[0])], VG_MAP_CHANNEL(map[0]));
    for (uint32_t c = 0; c < channels; c++)
        b->plan->word[step->table_first + c] =
            vg_arena_channel_at(&b->arena, node->in[VG_MAP_INPUT(map[c])], VG_MAP_CHANNEL(map[c])) -
            from;
    step->table_count = channels;
    s->table_first = words_take(b->plan, channels);
    s->channels = (vg_i32)channels;
    s->x = (struct vg_area){.first = (vg_i32)from,
                            .picture = (vg_i32)b->arena.bytes,
                            .row = (vg_i32)vg_arena_row(&b->arena, node->in[0])};
    return VG_OK;
}

enum vg_status vg_plan_int8_size(struct vg_plan_builder *b, const struct vg_draft *draft,
                                 struct vg_step *step)
{
    const struct vg_node *node = &b->model->node[draft->node];
    const uint32_t block = b->arena.block, y_channels = b->model->tensor[draft->y].channels;
    struct vg_int8_sizes *s = &step->sizes.int8;
    s->width = (vg_i32)b->arena.slot[draft->y].width;
    s->height = (vg_i32)b->arena.slot[draft->y].height;
    s->pictures = (vg_i32)b->plan->settings.batch_max;
    if (draft->x != NONE)
        shape_set(b, draft, s);
    tensors_set(b, draft, s);
    step->batch_dimension = 2;
    step->work[0] = (size_t)s->height;
    step->work[1] = (y_channels + block - 1) / block;
    if (draft->kernel == VG_KERNEL_COPY_CHANNELS_INT8)
        return copy_size(b, draft, step);
    s->act_a = draft->op->act_a;
    s->act_b = draft->op->act_b;
    if (is_conv(b, draft->op))
        return conv_size(b, draft, step);
    s->x = vg_arena_area(&b->arena, draft->x);
    s->size_y = (vg_i32)node->window.size_y;
    s->size_x = (vg_i32)node->window.size_x;
    s->stride_y = (vg_i32)node->window.stride_y;
    s->stride_x = (vg_i32)node->window.stride_x;
    if (draft->kernel == VG_KERNEL_RESIZE_INT8) {
        s->across = (float)s->x_width / (float)s->width;
        s->down = (float)s->x_height / (float)s->height;
    }
    map_options_set(b, draft, step);
    return VG_OK;
}
