#include "src/engine/arena.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"

#define NONE  VG_GRAPH_NONE
#define ALIGN 64 /* bytes: a vector of 16 floats */

/* ---- joints ---- */

static uint32_t blocks_of(const struct vg_arena *arena, uint32_t channels)
{
    return (channels + arena->block - 1) / arena->block;
}

/* a tensor that is written, or put together of such, and lies nowhere else yet */
static int may_join(const struct vg_arena *arena, uint32_t tensor)
{
    const struct vg_graph *graph = arena->graph;
    const uint32_t writer = vg_graph_writer(graph->model, tensor);
    if (!graph->exists[tensor] || graph->alias[tensor] != NONE || writer == NONE ||
        arena->slot[tensor].parent != NONE || tensor == vg_graph_input(graph->model))
        return 0;
    return !vg_graph_moves(graph, &graph->model->node[writer]) || arena->slot[tensor].joint;
}

/* The map is the node's inputs behind each other, each whole and once, each on a block's border. */
static int is_concat(const struct vg_arena *arena, const struct vg_node *node)
{
    const struct vg_model *model = arena->graph->model;
    const uint32_t *map = model->map + node->map_first;
    uint32_t at = 0;
    for (uint32_t k = 0; k < node->in_count; k++) {
        const uint32_t channels = model->tensor[node->in[k]].channels;
        if (arena->slot[node->in[k]].value_bytes != arena->slot[node->out].value_bytes ||
            at % arena->block || at + channels > model->tensor[node->out].channels ||
            !may_join(arena, node->in[k]))
            return 0;
        for (uint32_t j = 0; j < k; j++)
            if (node->in[j] == node->in[k])
                return 0;
        for (uint32_t c = 0; c < channels; c++)
            if (map[at + c] != VG_MAP_WORD(k, c))
                return 0;
        at += channels;
    }
    return at == model->tensor[node->out].channels;
}

static void joints_make(struct vg_arena *arena)
{
    const struct vg_model *model = arena->graph->model;
    for (uint32_t i = 0; i < model->node_count; i++) {
        const struct vg_node *node = &model->node[i];
        uint32_t block = 0;
        if (node->op != VG_OP_CHANNELS || !arena->graph->exists[node->out] ||
            arena->graph->alias[node->out] != NONE || node->in_count < 2 || !is_concat(arena, node))
            continue;
        arena->slot[node->out].joint = 1;
        for (uint32_t k = 0; k < node->in_count; k++) {
            struct vg_slot *part = &arena->slot[node->in[k]];
            part->parent = node->out;
            part->block = block;
            block += blocks_of(arena, model->tensor[node->in[k]].channels);
        }
    }
}

/* ---- lanes ---- */

const struct vg_lane *vg_arena_lanes(const struct vg_arena *arena, uint32_t tensor)
{
    return arena->lane + arena->slot[tensor].lane_first;
}

int vg_arena_is_storage(const struct vg_arena *arena, uint32_t tensor)
{
    const struct vg_lane *lane = vg_arena_lanes(arena, tensor);
    return arena->graph->exists[tensor] && lane[0].storage == tensor;
}

static uint32_t storage_of(const struct vg_arena *arena, uint32_t tensor, uint32_t *block)
{
    *block = 0;
    while (arena->slot[tensor].parent != NONE) {
        *block += arena->slot[tensor].block;
        tensor = arena->slot[tensor].parent;
    }
    return tensor;
}

static void lanes_own(struct vg_arena *arena, uint32_t tensor)
{
    uint32_t block;
    const uint32_t storage = storage_of(arena, tensor, &block);
    struct vg_lane *lane = arena->lane + arena->slot[tensor].lane_first;
    for (uint32_t c = 0; c < arena->graph->model->tensor[tensor].channels; c++)
        lane[c] = (struct vg_lane){storage, block * arena->block + c};
}

int vg_arena_meets(const struct vg_arena *arena, uint32_t tensor, enum vg_arena_need need,
                   uint32_t *first)
{
    const struct vg_lane *lane = vg_arena_lanes(arena, tensor);
    const uint32_t channels = arena->graph->model->tensor[tensor].channels;
    uint32_t least = lane[0].lane, most = lane[0].lane;
    int runs = 1;
    for (uint32_t c = 1; c < channels; c++) {
        if (lane[c].storage != lane[0].storage)
            return need == VG_NEED_LANES;
        least = lane[c].lane < least ? lane[c].lane : least;
        most = lane[c].lane > most ? lane[c].lane : most;
        runs &= lane[c].lane == lane[0].lane + c;
    }
    *first = least / arena->block;
    if (need == VG_NEED_LANES)
        return 1;
    /* a map names no channel twice where the set is as long as the range */
    uint32_t twice = 0;
    for (uint32_t c = 0; c < channels && !runs; c++)
        for (uint32_t d = c + 1; d < channels; d++)
            twice += lane[c].lane == lane[d].lane;
    return least % arena->block == 0 && most - least + 1 == channels && !twice &&
           (runs || need == VG_NEED_ORDER);
}

/* the strictest need of those who read it */
static enum vg_arena_need need_of(const struct vg_arena *arena, uint32_t tensor,
                                  vg_arena_need_of *need, const void *context)
{
    const struct vg_graph *graph = arena->graph;
    const struct vg_model *model = graph->model;
    enum vg_arena_need strictest = VG_NEED_LANES;
    for (uint32_t i = 0; i < model->level_count; i++)
        if (model->level[i].scores == tensor || model->level[i].boxes == tensor ||
            model->level[i].objectness == tensor)
            return VG_NEED_RUN;
    for (uint32_t i = 0; i < graph->operation_count; i++) {
        const struct vg_operation *op = &graph->operation[i];
        if (op->x2 == tensor)
            return VG_NEED_RUN;
        if (op->x != tensor)
            continue;
        const enum vg_arena_need asked = need(context, op);
        strictest = asked > strictest ? asked : strictest;
    }
    return strictest;
}

static void lanes_view(struct vg_arena *arena, const struct vg_node *node)
{
    const struct vg_model *model = arena->graph->model;
    struct vg_lane *lane = arena->lane + arena->slot[node->out].lane_first;
    for (uint32_t c = 0; c < model->tensor[node->out].channels; c++) {
        const uint32_t word = model->map[node->map_first + c];
        lane[c] = vg_arena_lanes(arena, node->in[VG_MAP_INPUT(word)])[VG_MAP_CHANNEL(word)];
    }
}

static void lanes_alias(struct vg_arena *arena, uint32_t tensor)
{
    const struct vg_graph *graph = arena->graph;
    const struct vg_lane *from =
        vg_arena_lanes(arena, graph->alias[tensor]) + graph->alias_first[tensor];
    memcpy(arena->lane + arena->slot[tensor].lane_first, from,
           graph->model->tensor[tensor].channels * sizeof *from);
}

static void lanes_find(struct vg_arena *arena, vg_arena_need_of *need, const void *context)
{
    const struct vg_graph *graph = arena->graph;
    const struct vg_model *model = graph->model;
    uint32_t first;
    lanes_own(arena, 0);
    for (uint32_t i = 0; i < model->node_count; i++) {
        const struct vg_node *node = &model->node[i];
        struct vg_slot *slot = &arena->slot[node->out];
        if (graph->alias[node->out] != NONE) {
            lanes_alias(arena, node->out);
        } else if (!vg_graph_moves(graph, node) || slot->joint || !graph->exists[node->out]) {
            lanes_own(arena, node->out);
        } else {
            lanes_view(arena, node);
            if (vg_arena_meets(arena, node->out, need_of(arena, node->out, need, context), &first))
                continue;
            slot->copied = 1;
            lanes_own(arena, node->out);
        }
    }
}

/* ---- life ---- */

enum vg_status vg_arena_init(struct vg_arena *arena, const struct vg_graph *graph,
                             const struct vg_arena_settings *settings, struct vg_fault *fault)
{
    const struct vg_model *model = graph->model;
    memset(arena, 0, sizeof *arena);
    arena->graph = graph;
    arena->block = settings->block;
    for (uint32_t i = 0; i < model->tensor_count; i++)
        arena->lane_count += model->tensor[i].channels;
    arena->slot = vg_alloc_array(model->tensor_count, sizeof *arena->slot);
    arena->lane = vg_alloc_array(arena->lane_count, sizeof *arena->lane);
    struct vg_size *size = vg_alloc_array(model->tensor_count, sizeof *size);
    enum vg_status status = VG_OK;
    if (!arena->slot || !arena->lane || !size)
        status = vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "plan");
    if (!status)
        status = vg_model_sizes(model, settings->width, settings->height, size, fault);
    if (status)
        goto done;
    for (uint32_t i = 0, lane = 0; i < model->tensor_count; i++) {
        arena->slot[i] = (struct vg_slot){
            .width = size[i].width,
            .height = size[i].height,
            .lane_first = lane,
            .parent = NONE,
            .first_step = NONE,
            .value_bytes = settings->value_bytes                  ? settings->value_bytes[i]
                           : settings->storage == VG_STORAGE_HALF ? sizeof(uint16_t)
                                                                  : sizeof(float)};
        lane += model->tensor[i].channels;
    }
    joints_make(arena);
    lanes_find(arena, settings->need, settings->context);
done:
    vg_free(size);
    if (status)
        vg_arena_release(arena);
    return status;
}

void vg_arena_release(struct vg_arena *arena)
{
    vg_free(arena->slot);
    vg_free(arena->lane);
    memset(arena, 0, sizeof *arena);
}

/* ---- uses ---- */

void vg_arena_use(struct vg_arena *arena, uint32_t tensor, uint32_t step)
{
    const struct vg_lane *lane = vg_arena_lanes(arena, tensor);
    for (uint32_t c = 0; c < arena->graph->model->tensor[tensor].channels; c++) {
        struct vg_slot *slot = &arena->slot[lane[c].storage];
        if (slot->first_step == NONE || step < slot->first_step)
            slot->first_step = step;
        if (step > slot->last_step)
            slot->last_step = step;
    }
}

static vg_i32 wider(vg_i32 a, vg_i32 b)
{
    return a > b ? a : b;
}

void vg_arena_halo(struct vg_arena *arena, uint32_t tensor, struct vg_halo halo)
{
    const struct vg_lane *lane = vg_arena_lanes(arena, tensor);
    for (uint32_t c = 0; c < arena->graph->model->tensor[tensor].channels; c++) {
        struct vg_halo *of = &arena->slot[lane[c].storage].halo;
        of->left = wider(of->left, halo.left);
        of->right = wider(of->right, halo.right);
        of->above = wider(of->above, halo.above);
        of->below = wider(of->below, halo.below);
    }
}

/* ---- places ---- */

uint32_t vg_arena_pixel(const struct vg_arena *arena, uint32_t tensor)
{
    return vg_arena_lanes(arena, tensor)[0].storage == 0 ? 4 : arena->block;
}

static uint64_t row_of(const struct vg_arena *arena, uint32_t storage)
{
    const struct vg_slot *slot = &arena->slot[storage];
    return ((uint64_t)slot->width + (uint32_t)(slot->halo.left + slot->halo.right)) *
           vg_arena_pixel(arena, storage);
}

static uint64_t plane_of(const struct vg_arena *arena, uint32_t storage)
{
    const struct vg_slot *slot = &arena->slot[storage];
    return ((uint64_t)slot->height + (uint32_t)(slot->halo.above + slot->halo.below)) *
           row_of(arena, storage);
}

static int together(const struct vg_slot *a, const struct vg_slot *b)
{
    return a->first_step <= b->last_step && b->first_step <= a->last_step;
}

struct order {
    uint64_t bytes;
    uint32_t storage;
};

static int by_size(const void *a, const void *b)
{
    const struct order *left = a, *right = b;
    if (left->bytes != right->bytes)
        return left->bytes > right->bytes ? -1 : 1;
    return left->storage < right->storage ? -1 : 1;
}

/* the lowest place beside all that were placed before and live at the same time */
static void storage_place(struct vg_arena *arena, const struct order *order, uint32_t index)
{
    struct vg_slot *slot = &arena->slot[order[index].storage];
    slot->offset = 0;
    for (uint32_t i = 0; i < index;) {
        const struct vg_slot *other = &arena->slot[order[i++].storage];
        if (!together(slot, other) || slot->offset + slot->bytes <= other->offset ||
            other->offset + other->bytes <= slot->offset)
            continue;
        slot->offset = other->offset + other->bytes;
        i = 0; /* a new place: against all again */
    }
    if (slot->offset + slot->bytes > arena->bytes)
        arena->bytes = slot->offset + slot->bytes;
}

uint32_t vg_arena_row(const struct vg_arena *arena, uint32_t tensor)
{
    return (uint32_t)row_of(arena, vg_arena_lanes(arena, tensor)[0].storage);
}

struct vg_halo vg_arena_halo_of(const struct vg_arena *arena, uint32_t tensor)
{
    return arena->slot[vg_arena_lanes(arena, tensor)[0].storage].halo;
}

/* Who reads channels of several storages steps through all of them by one row: their halos on the
 * left and right are made the same. Widening one may widen another, so until nothing changes. */
static void rows_match(struct vg_arena *arena)
{
    const struct vg_model *model = arena->graph->model;
    for (uint32_t changed = 1; changed;) {
        changed = 0;
        for (uint32_t i = 0; i < model->node_count; i++) {
            const struct vg_node *node = &model->node[i];
            struct vg_halo widest = {0};
            if (!vg_graph_moves(arena->graph, node) || !arena->graph->exists[node->out] ||
                arena->slot[node->out].joint)
                continue;
            for (uint32_t k = 0; k < node->in_count; k++) {
                const struct vg_halo halo = vg_arena_halo_of(arena, node->in[k]);
                widest.left = wider(widest.left, halo.left);
                widest.right = wider(widest.right, halo.right);
            }
            for (uint32_t k = 0; k < node->in_count; k++) {
                const struct vg_lane *lane = vg_arena_lanes(arena, node->in[k]);
                for (uint32_t c = 0; c < model->tensor[node->in[k]].channels; c++) {
                    struct vg_halo *halo = &arena->slot[lane[c].storage].halo;
                    changed |= halo->left < widest.left || halo->right < widest.right;
                    halo->left = wider(halo->left, widest.left);
                    halo->right = wider(halo->right, widest.right);
                }
            }
        }
    }
}

enum vg_status vg_arena_place(struct vg_arena *arena, struct vg_fault *fault)
{
    const struct vg_model *model = arena->graph->model;
    struct order *order = vg_alloc_array(model->tensor_count, sizeof *order);
    uint32_t count = 0;
    if (!order)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "plan");
    rows_match(arena);
    for (uint32_t i = 0; i < model->tensor_count; i++) {
        struct vg_slot *slot = &arena->slot[i];
        if (!vg_arena_is_storage(arena, i) || slot->first_step == NONE)
            continue;
        const uint32_t blocks = i == 0 ? 1 : blocks_of(arena, model->tensor[i].channels);
        slot->bytes = (plane_of(arena, i) * blocks * slot->value_bytes + ALIGN - 1) / ALIGN * ALIGN;
        order[count++] = (struct order){slot->bytes, i};
    }
    qsort(order, count, sizeof *order, by_size);
    arena->bytes = 0;
    for (uint32_t i = 0; i < count; i++)
        storage_place(arena, order, i);
    vg_free(order);
    return VG_OK;
}

static uint64_t inner_of(const struct vg_arena *arena, uint32_t storage)
{
    const struct vg_slot *slot = &arena->slot[storage];
    return slot->offset / slot->value_bytes + (uint32_t)slot->halo.above * row_of(arena, storage) +
           (uint64_t)(uint32_t)slot->halo.left * vg_arena_pixel(arena, storage);
}

struct vg_area vg_arena_area(const struct vg_arena *arena, uint32_t tensor)
{
    const struct vg_lane *lane = vg_arena_lanes(arena, tensor);
    const uint32_t storage = lane[0].storage;
    uint32_t first = 0;
    const int whole = vg_arena_meets(arena, tensor, VG_NEED_ORDER, &first);
    assert(whole || storage == 0);
    (void)whole;
    return (struct vg_area){
        .first = (vg_i32)(inner_of(arena, storage) + first * plane_of(arena, storage)),
        .picture = (vg_i32)(arena->bytes / arena->slot[storage].value_bytes),
        .plane = (vg_i32)plane_of(arena, storage),
        .row = (vg_i32)row_of(arena, storage)};
}

uint32_t vg_arena_channel_at(const struct vg_arena *arena, uint32_t tensor, uint32_t c)
{
    const struct vg_lane lane = vg_arena_lanes(arena, tensor)[c];
    const uint32_t pixel = vg_arena_pixel(arena, tensor);
    return (uint32_t)(inner_of(arena, lane.storage) +
                      lane.lane / pixel * plane_of(arena, lane.storage) + lane.lane % pixel);
}
