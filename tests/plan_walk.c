#include "tests/plan_walk.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/attr.h"
#include "src/engine/conv_variants.h"
#include "src/engine/plan_graph.h"

#define NONE VG_GRAPH_NONE

/* what stands at an address: below FIRST_VALUE no value of a tensor */
enum {
    STAMP_NOTHING, /* whatever the memory was before, not even a number */
    STAMP_ZERO,
    STAMP_NUMBER,
    STAMP_FIRST_VALUE
};

struct walk {
    const struct vg_model *model;
    const struct vg_plan *plan;
    const struct vg_step *step;
    struct vg_graph graph;
    uint64_t *stamp;         /* of each byte of the arena of a picture */
    uint8_t *claimed;        /* of the weights: somebody's */
    uint8_t *written;        /* tensors that a step wrote itself: others are views of such */
    uint32_t next_operation; /* of the graph */
    struct plan_walk result;
};

/* What an area is read or written for. */
struct view {
    const struct vg_area *area;
    uint32_t tensor;       /* whose values are expected */
    uint32_t pixel;        /* values of a pixel */
    uint32_t bytes;        /* of a value */
    const uint32_t *table; /* for each channel the distance from area->first, or NULL */
    const uint32_t *order; /* for each lane the model's channel, or NULL */
};

struct range {
    int64_t row, row_end, column, column_end;
};

static void VG_PRINTF(2, 3) wrong(struct walk *w, const char *format, ...)
{
    char *text = w->result.wrong;
    va_list args;
    if (text[0])
        return;
    const int at = w->step ? snprintf(text, sizeof w->result.wrong,
                                      "step %u (%s): ", (uint32_t)(w->step - w->plan->step),
                                      vg_kernel_rows[w->step->kernel].name)
                           : 0;
    va_start(args, format);
    (void)vsnprintf(text + at, sizeof w->result.wrong - (size_t)at, format, args);
    va_end(args);
}

int64_t plan_option(const struct vg_step *step, const char *name)
{
    char text[32];
    const int length = snprintf(text, sizeof text, "-D%s=", name);
    const char *at = strstr(step->options, text);
    return at ? strtoll(at + length, NULL, 10) : -1;
}

static int64_t option(struct walk *w, const char *name)
{
    const int64_t value = plan_option(w->step, name);
    if (value < 0)
        wrong(w, "no option %s in %s", name, w->step->options);
    return value;
}

static int is(const struct walk *w, enum vg_kernel kernel)
{
    return w->step->kernel == kernel;
}

/* ---- stamps ---- */

/* the tensor, written by a step, that channel c of `tensor` stands in */
static void source_of(const struct walk *w, uint32_t *tensor, uint32_t *c)
{
    while (!w->written[*tensor] && *tensor != 0) {
        const uint32_t alias = w->graph.alias[*tensor];
        if (alias != NONE) {
            *c += w->graph.alias_first[*tensor];
            *tensor = alias;
            continue;
        }
        const struct vg_node *node = &w->model->node[vg_graph_writer(w->model, *tensor)];
        if (node->op != VG_OP_CHANNELS)
            return; /* of no step yet: the reader will find other stamps */
        const uint32_t word = w->model->map[node->map_first + *c];
        *tensor = node->in[VG_MAP_INPUT(word)];
        *c = VG_MAP_CHANNEL(word);
    }
}

static uint64_t stamp_of(const struct walk *w, uint32_t tensor, uint32_t c)
{
    source_of(w, &tensor, &c);
    return UINT64_C(1) << 63 | (uint64_t)tensor << 48 | (uint64_t)c << 32;
}

/* of the value's first byte */
static int64_t address_of(const struct view *v, uint32_t c, int64_t row, int64_t column)
{
    const int64_t lane =
        v->table ? (int32_t)v->table[c] : (int64_t)(c / v->pixel) * v->area->plane + c % v->pixel;
    return (v->area->first + lane + row * v->area->row + column * v->pixel) * v->bytes;
}

static int inside_arena(struct walk *w, const struct view *v, int64_t at)
{
    if (at >= 0 && at + v->bytes <= (int64_t)w->plan->arena_bytes)
        return 1;
    wrong(w, "tensor %u: address %lld of %llu", v->tensor, (long long)at,
          (unsigned long long)w->plan->arena_bytes);
    return 0;
}

static void read_value(struct walk *w, const struct view *v, uint32_t lane, int64_t row,
                       int64_t column, uint64_t expected)
{
    const int64_t at = address_of(v, lane, row, column);
    if (!inside_arena(w, v, at))
        return;
    const uint64_t found =
        w->stamp[at] == w->stamp[at + v->bytes - 1] ? w->stamp[at] : STAMP_NOTHING;
    w->result.values_read++;
    if (expected == STAMP_NUMBER ? found == STAMP_NOTHING : found != expected)
        wrong(w, "tensor %u lane %u (%lld, %lld): %llx, not %llx", v->tensor, lane, (long long)row,
              (long long)column, (unsigned long long)found, (unsigned long long)expected);
}

/* Lanes [0, lanes) of the view over the range: the tensor's values inside its planes, zeros
 * beside them, numbers in lanes that are no channel. */
static void lanes_read(struct walk *w, const struct view *v, uint32_t lanes, struct range r)
{
    const struct vg_place *place = &w->plan->place[v->tensor];
    for (uint32_t lane = 0; lane < lanes && !w->result.wrong[0]; lane++) {
        const int used = lane < place->channels;
        const uint32_t c = used && v->order ? v->order[lane] : lane;
        const uint64_t stamp = used ? stamp_of(w, v->tensor, c) : STAMP_NUMBER;
        for (int64_t row = r.row; row < r.row_end; row++)
            for (int64_t column = r.column; column < r.column_end; column++) {
                const int inner =
                    row >= 0 && row < place->height && column >= 0 && column < place->width;
                const uint64_t cell = (uint64_t)row << 16 | (uint64_t)column;
                read_value(w, v, lane, row, column,
                           !inner ? STAMP_ZERO : (used ? stamp | cell : stamp));
            }
    }
}

static struct range whole(int64_t width, int64_t height)
{
    return (struct range){0, height, 0, width};
}

static void value_write(struct walk *w, const struct view *v, uint32_t lane, int64_t row,
                        int64_t column, uint64_t stamp)
{
    const int64_t at = address_of(v, lane, row, column);
    if (!inside_arena(w, v, at))
        return;
    for (uint32_t i = 0; i < v->bytes; i++)
        w->stamp[at + i] = stamp;
    w->result.values_written++;
}

/* whole blocks with their halo, as every kernel writes them */
static void lanes_write(struct walk *w, const struct view *v, uint32_t lanes, struct vg_halo h)
{
    const struct vg_place *place = &w->plan->place[v->tensor];
    w->written[v->tensor] = 1;
    for (uint32_t lane = 0; lane < lanes && !w->result.wrong[0]; lane++) {
        const int used = lane < place->channels;
        const uint64_t stamp = used ? stamp_of(w, v->tensor, lane) : STAMP_NUMBER;
        for (int64_t row = -h.above; row < (int64_t)place->height + h.below; row++)
            for (int64_t column = -h.left; column < (int64_t)place->width + h.right; column++) {
                const int inner =
                    row >= 0 && row < place->height && column >= 0 && column < place->width;
                const uint64_t cell = (uint64_t)row << 16 | (uint64_t)column;
                value_write(w, v, lane, row, column,
                            !inner ? STAMP_ZERO : (used ? stamp | cell : stamp));
            }
    }
    if (h.left < 0 || h.right < 0 || h.above < 0 || h.below < 0)
        wrong(w, "a halo below zero");
}

/* ---- weights, work, local memory ---- */

static void weights_claim(struct walk *w, const char *what, int64_t first, int64_t count)
{
    if (first < 0 || first + count > (int64_t)w->plan->weights_floats) {
        wrong(w, "%s: %lld + %lld of %llu", what, (long long)first, (long long)count,
              (unsigned long long)w->plan->weights_floats);
        return;
    }
    for (int64_t i = first; i < first + count; i++) {
        if (w->claimed[i])
            wrong(w, "%s: float %lld is another's too", what, (long long)i);
        w->claimed[i] = 1;
    }
}

static void expect(struct walk *w, const char *what, int64_t found, int64_t expected)
{
    if (found != expected)
        wrong(w, "%s is %lld, not %lld", what, (long long)found, (long long)expected);
}

static int64_t parts(int64_t all, int64_t of)
{
    return of > 0 ? (all + of - 1) / of : -1;
}

/* a work-item makes a vector of 4 channels, not a block of them */
static int is_spread(const struct walk *w)
{
    return strstr(w->step->options, "SPREAD=1") != NULL;
}

/* the work for one picture; `d` grows with the batch, a tile's `divisor` at a time */
static void work_expect(struct walk *w, int64_t x, int64_t y, int64_t z, uint32_t d,
                        int64_t divisor)
{
    const int64_t one[3] = {x, y, z};
    for (uint32_t pictures = 1; pictures <= w->plan->settings.batch_max; pictures++) {
        size_t work[3];
        vg_step_work(w->step, pictures, work);
        for (uint32_t i = 0; i < 3; i++) {
            int64_t items = i == d ? parts(one[i] * pictures, divisor) : one[i];
            if (i == 0)
                items =
                    parts(items * w->step->unit_items, w->step->group_items) * w->step->group_items;
            expect(w, "work", (int64_t)work[i], items);
        }
    }
}

static void local_expect(struct walk *w, int64_t floats)
{
    expect(w, "local memory", (int64_t)w->step->local_bytes, floats * (int64_t)sizeof(float));
    if (w->step->local_bytes > w->plan->settings.local_bytes)
        wrong(w, "local memory: %zu of %llu", w->step->local_bytes,
              (unsigned long long)w->plan->settings.local_bytes);
}

/* ---- convolutions ---- */

/* an area that the kernel knows, for the tensor's values */
static struct view view_of(struct walk *w, const struct vg_area *area, uint32_t tensor)
{
    const uint32_t bytes = w->plan->place[tensor].value_bytes;
    expect(w, "picture", (int64_t)area->picture * bytes, (int64_t)w->plan->arena_bytes);
    return (struct view){
        .area = area, .tensor = tensor, .pixel = w->plan->settings.block, .bytes = bytes};
}

static struct view conv_input(struct walk *w, const struct vg_operation *op)
{
    const struct vg_conv_sizes *s = &w->step->sizes.conv;
    struct view v = view_of(w, &s->x, op->x);
    v.pixel = (uint32_t)option(w, "X_PIXEL");
    expect(w, "x_pixel", s->x_pixel, v.pixel);
    expect(w, "pixel", v.pixel, op->x == 0 ? 4 : w->plan->settings.block);
    expect(w, "x_channels", s->x_channels, w->model->tensor[op->x].channels);
    if (w->step->order_first != VG_PLAN_NO_WORD)
        v.order = w->plan->word + w->step->order_first;
    if (option(w, "TABLE")) {
        v.table = w->plan->word + w->step->table_first;
        expect(w, "table", w->step->table_count, s->x_channels);
    }
    return v;
}

/* the columns and rows of the windows of `columns` x `rows` outputs */
static struct range windows(struct walk *w, int64_t columns, int64_t rows)
{
    const struct vg_conv_sizes *s = &w->step->sizes.conv;
    return (struct range){
        -s->above,
        (rows - 1) * option(w, "S_Y") + (option(w, "K_Y") - 1) * option(w, "D_Y") - s->above + 1,
        -s->left,
        (columns - 1) * option(w, "S_X") + (option(w, "K_X") - 1) * option(w, "D_X") - s->left + 1};
}

static struct range stem_windows(struct walk *w, int64_t columns)
{
    const struct vg_conv_sizes *s = &w->step->sizes.conv;
    const int64_t first = -option(w, "S_X") - s->left;
    return (struct range){-s->above,
                          (w->step->sizes.stem.conv_height - 1) * option(w, "S_Y") +
                              option(w, "K_Y") - s->above,
                          first, first + 2 * columns * option(w, "S_X") + option(w, "K_X")};
}

static struct range wino_windows(const struct vg_conv_sizes *s, int64_t side)
{
    return (struct range){-s->above, side * parts(s->height, side) + 2 - s->above, -s->left,
                          side * parts(s->width, side) + 2 - s->left};
}

static void conv_x_read(struct walk *w, const struct vg_operation *op)
{
    const struct vg_conv_sizes *s = &w->step->sizes.conv;
    const struct view x = conv_input(w, op);
    const int64_t p = option(w, "P"), columns = parts(s->width, p) * p;
    const uint32_t lanes = (uint32_t)s->x_blocks * w->plan->settings.block;
    if (is(w, VG_KERNEL_CONV_DIRECT))
        lanes_read(w, &x, (uint32_t)s->x_channels, windows(w, columns, s->height));
    else if (is(w, VG_KERNEL_CONV_WINO) || is(w, VG_KERNEL_CONV_WINO_IN))
        lanes_read(w, &x, lanes, wino_windows(s, 4));
    else if (is(w, VG_KERNEL_CONV_WINO2))
        lanes_read(w, &x, lanes, wino_windows(s, 2));
    else if (is(w, VG_KERNEL_CONV_ANY))
        lanes_read(w, &x, (uint32_t)s->x_channels, whole(s->x_width, s->x_height));
    else if (is(w, VG_KERNEL_CONV_STEM_POOL))
        lanes_read(w, &x, (uint32_t)s->x_channels, stem_windows(w, columns));
    else if (is(w, VG_KERNEL_CONV_DEPTHWISE) || is(w, VG_KERNEL_CONV_ROW))
        lanes_read(w, &x, lanes, windows(w, columns, s->height));
    else if (vg_conv_tiled(w->step->kernel))
        lanes_read(w, &x, op->x == 0 ? 3 : lanes, windows(w, s->width, s->height));
    else
        wrong(w, "what this kernel reads is not known here");
}

static void conv_x2_read(struct walk *w, const struct vg_operation *op)
{
    const struct vg_conv_sizes *s = &w->step->sizes.conv;
    const int64_t add = option(w, "ADD");
    const int64_t block = w->plan->settings.block;
    const uint32_t lanes = (uint32_t)(parts(s->y_channels, block) * block);
    expect(w, "ADD", add, op->sum);
    if (add == VG_ADD_CODE_NONE || w->step->kernel == VG_KERNEL_CONV_WINO_IN)
        return;
    const int resized = add == VG_ADD_CODE_LINEAR || add == VG_ADD_CODE_NEAREST;
    const struct view x2 = view_of(w, &s->x2, op->x2);
    const struct vg_place *place = &w->plan->place[op->x2];
    if (resized) {
        expect(w, "x2_width", s->x2_width, place->width);
        expect(w, "x2_height", s->x2_height, place->height);
    }
    lanes_read(w, &x2, lanes,
               resized ? whole(s->x2_width, s->x2_height) : whole(s->width, s->height));
}

static void conv_work(struct walk *w)
{
    const struct vg_conv_sizes *s = &w->step->sizes.conv;
    const int64_t p = option(w, "P"), ob = option(w, "OB"), block = w->plan->settings.block;
    const int64_t tiles = parts(s->width, 4) * parts(s->height, 4);
    if (is(w, VG_KERNEL_CONV_WINO) || is(w, VG_KERNEL_CONV_WINO_MUL)) {
        const int64_t windows = is(w, VG_KERNEL_CONV_WINO) ? s->x_blocks : 0;
        expect(w, "tiles", s->tiles, tiles);
        expect(w, "tiles_across", s->tiles_across, parts(s->width, 4));
        work_expect(w, tiles, parts(s->groups, s->groups_each), 1, 0, p);
        local_expect(w, 36 * block * (p * (windows + ob) + (windows > 0)));
    } else if (is(w, VG_KERNEL_CONV_WINO2)) {
        const int64_t all = parts(s->width, 2) * parts(s->height, 2), runs = parts(all, p);
        expect(w, "tiles", s->tiles, all);
        expect(w, "tiles_across", s->tiles_across, parts(s->width, 2));
        work_expect(w, all, parts(s->groups, s->groups_each), 1, 0, all);
        local_expect(w, 16 * block * (runs * p * (s->x_blocks + ob) + 1));
    } else if (is(w, VG_KERNEL_CONV_WINO_IN)) {
        work_expect(w, tiles, s->x_blocks, 1, 0, p);
    } else if (is(w, VG_KERNEL_CONV_ROW)) {
        work_expect(w, s->height, parts(s->groups, s->groups_each), 1, 2, 1);
        local_expect(w, block * s->x_blocks * parts(s->width, p) * p);
    } else if (is(w, VG_KERNEL_CONV_DEPTHWISE) && is_spread(w)) {
        expect(w, "group", w->step->group_items, VG_SPREAD_ITEMS);
        work_expect(w, parts(s->width, p) * s->height * (block / 4), s->x_blocks, 1, 2, 1);
    } else if (is(w, VG_KERNEL_CONV_DEPTHWISE)) {
        work_expect(w, s->height, s->x_blocks, 1, 2, 1);
    } else if (vg_conv_tiled(w->step->kernel)) {
        expect(w, "work-items of a tile", w->step->unit_items, w->step->group_items);
        work_expect(w, (int64_t)s->width * s->height, s->groups, 1, 0,
                    is(w, VG_KERNEL_CONV_TILE) ? p : 4 * p);
    } else if (is(w, VG_KERNEL_CONV_STEM_POOL)) {
        const struct vg_stem_sizes *stem = &w->step->sizes.stem;
        expect(w, "pooled width", s->width, (stem->conv_width + 1) / 2);
        expect(w, "pooled height", s->height, (stem->conv_height + 1) / 2);
        work_expect(w, parts(s->height, stem->rows_each), 1, 1, 2, 1);
        local_expect(w, block * s->groups * parts(s->width, p) * p);
    } else if (strstr(w->step->options, "GROUP_FIRST=1")) {
        work_expect(w, s->groups, parts(s->width, p), s->height, 2, 1);
    } else {
        work_expect(w, parts(s->width, p), s->height, s->groups, 2, 1);
    }
}

static void conv_weights(struct walk *w)
{
    const struct vg_step *step = w->step;
    const struct vg_conv_sizes *s = &step->sizes.conv;
    const int64_t block = w->plan->settings.block, width = option(w, "OB") * block;
    int64_t taps = step->kernel == VG_KERNEL_CONV_WINO || step->kernel == VG_KERNEL_CONV_WINO_MUL
                       ? 36
                   : step->kernel == VG_KERNEL_CONV_WINO2 ? 16
                                                          : option(w, "K_Y") * option(w, "K_X");
    if (step->kernel == VG_KERNEL_CONV_DEPTHWISE) {
        weights_claim(w, "weights", s->w_first, s->x_blocks * taps * block);
        weights_claim(w, "bias", s->bias_first, s->x_blocks * block);
        return;
    }
    if (step->kernel == VG_KERNEL_CONV_ROW) {
        const struct vg_row_sizes *row = &step->sizes.row;
        weights_claim(w, "first weights", row->first_w, s->x_blocks * taps * block);
        weights_claim(w, "first bias", row->first_bias, s->x_blocks * block);
        taps = 1;
    }
    int64_t count = (int64_t)s->groups * s->x_channels * taps * width;
    if (step->kernel == VG_KERNEL_CONV_ANY)
        count = (int64_t)s->y_channels * (s->x_channels / s->parts) * taps;
    if (vg_conv_tiled(w->step->kernel)) /* whole blocks of x, or pixels of its 4 values */
        count = s->groups * parts(s->x_channels, s->x_pixel) * s->x_pixel * taps * width /
                (is(w, VG_KERNEL_CONV_MMA_PTX) ? 2 : 1);
    weights_claim(w, "weights", s->w_first, count);
    weights_claim(w, "bias", s->bias_first, s->groups * width);
    if (option(w, "TABLE"))
        weights_claim(w, "table", s->table_first, s->x_channels);
}

static void conv_walk(struct walk *w, const struct vg_operation *op)
{
    const struct vg_step *step = w->step;
    const struct vg_conv_sizes *s = &step->sizes.conv;
    const struct view y = view_of(w, &s->y, op->y);
    const int64_t block = w->plan->settings.block, ob = option(w, "OB");
    expect(w, "y_channels", s->y_channels, w->model->tensor[op->y].channels);
    expect(w, "groups", s->groups, parts(parts(s->y_channels, block), ob));
    if (!vg_conv_tiled(w->step->kernel))
        expect(w, "blocks of y", s->groups * ob, parts(s->y_channels, block));
    expect(w, "act_blocks", s->act_blocks, parts(op->act_channels, block));
    expect(w, "VG_BLOCK", option(w, "VG_BLOCK"), block);
    if (op->act_channels < (uint32_t)s->y_channels)
        expect(w, "channels with the activation", s->act_blocks * block, op->act_channels);
    conv_work(w);
    if (step->kernel != VG_KERNEL_CONV_WINO_IN)
        conv_weights(w);
    for (uint32_t pass = 0; pass < 2; pass++) { /* what is read still stands behind the writes */
        if (step->kernel != VG_KERNEL_CONV_WINO_MUL)
            conv_x_read(w, op);
        conv_x2_read(w, op);
        if (pass == 0 && step->kernel != VG_KERNEL_CONV_WINO_IN)
            lanes_write(w, &y, (uint32_t)(parts(s->y_channels, block) * block), s->halo);
    }
}

/* ---- the others ---- */

static void map_x2_read(struct walk *w, const struct vg_operation *op, uint32_t lanes)
{
    const struct vg_map_sizes *s = &w->step->sizes.map;
    const struct view x2 = view_of(w, &s->x2, op->x2);
    const struct vg_place *place = &w->plan->place[op->x2];
    const int64_t second = option(w, "X2");
    if (second == VG_SECOND_SAME) {
        expect(w, "width of x2", place->width, s->width);
        expect(w, "height of x2", place->height, s->height);
    }
    if (second == VG_SECOND_POINT)
        expect(w, "cells of x2", (int64_t)place->width * place->height, 1);
    if (second == VG_SECOND_LINEAR || second == VG_SECOND_NEAREST) {
        expect(w, "x2_width", s->x2_width, place->width);
        expect(w, "x2_height", s->x2_height, place->height);
    }
    lanes_read(w, &x2, lanes, whole(place->width, place->height));
}

static void map_read(struct walk *w, const struct vg_operation *op, uint32_t y_lanes)
{
    const struct vg_map_sizes *s = &w->step->sizes.map;
    struct view x = view_of(w, &s->x, op ? op->x : w->model->node[w->step->node].out);
    const int64_t block = w->plan->settings.block;
    if (!op) { /* a copy of channels */
        x.table = w->plan->word + w->step->table_first;
        lanes_read(w, &x, (uint32_t)s->channels, whole(s->width, s->height));
        return;
    }
    if (op->x == 0)
        wrong(w, "reads the net's input, whose pixels are others");
    expect(w, "x_width", s->x_width, w->plan->place[op->x].width);
    expect(w, "x_height", s->x_height, w->plan->place[op->x].height);
    const uint32_t lanes = (uint32_t)(parts(w->model->tensor[op->x].channels, block) * block);
    if (w->step->kernel != VG_KERNEL_SPACE_TO_DEPTH)
        expect(w, "lanes", lanes, y_lanes);
    lanes_read(w, &x, lanes, whole(s->x_width, s->x_height));
    if (w->step->kernel == VG_KERNEL_COMBINE)
        map_x2_read(w, op, lanes);
}

static void map_walk(struct walk *w, const struct vg_operation *op)
{
    const struct vg_step *step = w->step;
    const struct vg_map_sizes *s = &step->sizes.map;
    const uint32_t tensor = op ? op->y : w->model->node[step->node].out;
    const struct view y = view_of(w, &s->y, tensor);
    const int64_t block = w->plan->settings.block, blocks = parts(s->channels, block);
    const uint32_t lanes = (uint32_t)(blocks * block);
    expect(w, "VG_BLOCK", option(w, "VG_BLOCK"), block);
    expect(w, "channels", s->channels, w->model->tensor[tensor].channels);
    expect(w, "width", s->width, w->plan->place[tensor].width);
    expect(w, "height", s->height, w->plan->place[tensor].height);
    const int64_t pixels = (int64_t)s->width * s->height; /* 1 of a plane's mean */
    const int64_t rows = step->kernel == VG_KERNEL_PLANE_MEAN ? 1 : s->height;
    work_expect(w, is_spread(w) ? pixels * (block / 4) : rows,
                step->kernel == VG_KERNEL_SOFTMAX ? 1 : blocks, 1, 2, 1);
    if (step->kernel == VG_KERNEL_COPY_CHANNELS) {
        expect(w, "table", step->table_count, s->channels);
        weights_claim(w, "table", s->table_first, s->channels);
    }
    map_read(w, op, lanes);
    lanes_write(w, &y, lanes, s->halo);
    if (step->kernel == VG_KERNEL_COPY_CHANNELS)
        w->written[tensor] = 0; /* for a last look at the sources */
    map_read(w, op, lanes);
    w->written[tensor] = 1;
}

static void prepare_walk(struct walk *w)
{
    const struct vg_prepare_sizes *s = &w->step->sizes.prepare;
    struct view y = view_of(w, &s->y, w->plan->input);
    const vg_i32 fold = w->plan->input ? 2 : 1, channels = 3 * fold * fold;
    y.pixel = w->plan->input ? w->plan->settings.block : 4;
    expect(w, "width", s->width, w->plan->settings.width);
    expect(w, "height", s->height, w->plan->settings.height);
    expect(w, "width of y", w->plan->place[w->plan->input].width, s->width / fold);
    expect(w, "height of y", w->plan->place[w->plan->input].height, s->height / fold);
    expect(w, "channels", w->model->tensor[w->plan->input].channels, channels);
    if (is_spread(w))
        work_expect(w, parts(s->width, VG_PREPARE_SPREAD_PIXELS) * (s->height / fold), 1, 1, 2, 1);
    else
        work_expect(w, parts(s->width, 16), s->height / fold, 1, 2, 1);
    lanes_write(w, &y, (uint32_t)(parts(channels, y.pixel) * y.pixel), s->halo);
}

static void boxes_walk(struct walk *w, const struct vg_level *level)
{
    const struct vg_boxes_sizes *s = &w->step->sizes.boxes;
    const struct {
        const struct vg_area *area;
        uint32_t tensor;
    } rows[] = {{&s->scores, level->scores},
                {&s->boxes, level->boxes},
                {&s->objectness, level->objectness}};
    work_expect(w, (int64_t)s->width * s->height, 1, 1, 1, 1);
    expect(w, "classes", s->classes, w->model->class_count);
    expect(w, "bins", s->bins, w->model->bins);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].tensor == VG_MODEL_NONE)
            continue;
        const struct view v = view_of(w, rows[i].area, rows[i].tensor);
        expect(w, "width", s->width, w->plan->place[rows[i].tensor].width);
        expect(w, "height", s->height, w->plan->place[rows[i].tensor].height);
        lanes_read(w, &v, w->model->tensor[rows[i].tensor].channels, whole(s->width, s->height));
    }
}

/* ---- the walk ---- */

/* all of a tensor by its place, as the host reads it */
static void tensor_look(struct walk *w, uint32_t tensor)
{
    const struct vg_place *place = &w->plan->place[tensor];
    for (uint32_t c = 0; c < place->channels && !w->result.wrong[0]; c++) {
        const uint64_t stamp = stamp_of(w, tensor, c);
        for (uint32_t row = 0; row < place->height; row++)
            for (uint32_t column = 0; column < place->width; column++) {
                const size_t at = vg_plan_at(w->plan, tensor, c, row, column) * place->value_bytes;
                const uint64_t cell = (uint64_t)row << 16 | column;
                if (at >= w->plan->arena_bytes || w->stamp[at] != (stamp | cell))
                    wrong(w, "tensor %u is not whole by its place: channel %u (%u, %u) at %zu",
                          tensor, c, row, column, at);
            }
    }
}

static void step_walk(struct walk *w)
{
    const struct vg_step *step = w->step;
    const uint32_t index = (uint32_t)(step - w->plan->step);
    if (step->kernel == VG_KERNEL_PREPARE) {
        expect(w, "place of the preparation", index, 0);
        prepare_walk(w);
    } else if (index >= w->plan->net_end) {
        boxes_walk(w, &w->model->level[index - w->plan->net_end]);
    } else if (step->kernel == VG_KERNEL_COPY_CHANNELS) {
        map_walk(w, NULL);
    } else if (w->next_operation == w->graph.operation_count) {
        wrong(w, "more steps than operations");
    } else {
        const struct vg_operation *op = &w->graph.operation[w->next_operation];
        w->next_operation += step->kernel != VG_KERNEL_CONV_WINO_IN;
        expect(w, "node", step->node, op->node);
        expect(w, "first node", step->first, op->first);
        if (op->first != NONE || w->model->node[op->node].op == VG_OP_CONV)
            conv_walk(w, op);
        else
            map_walk(w, op);
    }
    for (uint32_t i = 0; i < w->model->tensor_count; i++)
        if (w->plan->place[i].pixel && w->plan->place[i].last_step == index)
            tensor_look(w, i);
}

static void ends_look(struct walk *w)
{
    const struct vg_plan *plan = w->plan;
    w->step = NULL;
    expect(w, "operations done", w->next_operation, w->graph.operation_count);
    expect(w, "boxes", plan->step_count - plan->net_end, w->model->level_count);
    tensor_look(w, plan->input); /* the net may be run again */
    for (uint32_t i = 0; i < w->model->tensor_count; i++)
        if (w->graph.kept[i])
            tensor_look(w, i);
}

/* what the plan chose to leave apart */
static int was_apart(const void *context, uint32_t first, uint32_t node)
{
    const struct vg_plan *plan = context;
    for (uint32_t i = 0; i < plan->choice_count; i++)
        if (plan->choice[i].first == first && plan->choice[i].node == node)
            return vg_conv_row(plan->choice[i].row)->kernel == VG_KERNEL_COUNT;
    return 0;
}

struct plan_walk plan_walk(const struct vg_model *model, const struct vg_plan *plan)
{
    struct walk w = {.model = model, .plan = plan};
    w.stamp = calloc((size_t)plan->arena_bytes + 1, sizeof *w.stamp);
    w.claimed = calloc((size_t)plan->weights_floats + 1, 1);
    w.written = calloc(model->tensor_count, 1);
    assert(w.stamp && w.claimed && w.written);
    struct vg_graph_settings settings = vg_plan_graph_settings(&plan->settings);
    settings.apart = was_apart;
    settings.context = plan;
    if (vg_graph_init(&w.graph, model, &settings, NULL))
        abort();
    for (uint32_t i = 0; i < plan->step_count && !w.result.wrong[0]; i++) {
        w.step = &plan->step[i];
        step_walk(&w);
    }
    if (!w.result.wrong[0])
        ends_look(&w);
    vg_graph_release(&w.graph);
    free(w.stamp);
    free(w.claimed);
    free(w.written);
    return w.result;
}
