/* Twin of kernels/map_flow.cl, step by step. */
#include <stdlib.h>

#include "kernels/twins/map_flow_twin.h"

/* ---- smaller and leaner ------------------------------------------------------------------- */

static vg_i32 least(vg_i32 a, vg_i32 b)
{
    return a < b ? a : b;
}

static vg_i32 most(vg_i32 a, vg_i32 b)
{
    return a > b ? a : b;
}

static vg_i32 within(vg_i32 value, vg_i32 low, vg_i32 high)
{
    return most(low, least(value, high));
}

struct plane {
    const uint8_t *pixels;
    vg_i32 width, height;
};

/* of pixel (x, y), or of the nearest one that there is */
static vg_i32 pixel(const struct plane *p, vg_i32 x, vg_i32 y)
{
    return p->pixels[within(y, 0, p->height - 1) * p->width + within(x, 0, p->width - 1)];
}

static void halve(const struct plane *from, uint8_t *to, const struct vg_flow_level *l)
{
    for (vg_i32 y = 0; y < l->height; y++)
        for (vg_i32 x = 0; x < l->width; x++)
            to[y * l->width + x] =
                (uint8_t)((pixel(from, 2 * x, 2 * y) + pixel(from, 2 * x + 1, 2 * y) +
                           pixel(from, 2 * x, 2 * y + 1) + pixel(from, 2 * x + 1, 2 * y + 1) + 2) /
                          4);
}

/* The pixels of a level of the picture before (0) or this one (1). */
static struct plane plane_of(const uint8_t *const map[2], const uint8_t *scratch,
                             const struct vg_flow_sizes *s, vg_i32 level, vg_i32 picture)
{
    const struct vg_flow_level *l = &s->level[level];
    return (struct plane){level ? scratch + l->small[picture] : map[picture], l->width, l->height};
}

static void make_small(const uint8_t *const map[2], uint8_t *scratch, const struct vg_flow_sizes *s)
{
    for (vg_i32 level = 1; level < VG_FLOW_LEVELS; level++)
        for (vg_i32 i = 0; i < 2; i++) {
            const struct plane from = plane_of(map, scratch, s, level - 1, i);
            halve(&from, scratch + s->level[level].small[i], &s->level[level]);
        }
}

/* Three of a row, the middle one twice. */
static vg_i32 three(const struct plane *p, vg_i32 x, vg_i32 y)
{
    return pixel(p, x - 1, y) + 2 * pixel(p, x, y) + pixel(p, x + 1, y);
}

/* The pixel, a little softened so that a step of half a pixel does not look like another texture,
 * less the mean around it, so that light that comes or goes is no movement; 128: equal. */
static uint8_t lean_pixel(const struct plane *p, vg_i32 x, vg_i32 y)
{
    const vg_i32 side = 2 * VG_FLOW_MEAN + 1;
    vg_i32 sum = 0;
    for (vg_i32 j = -VG_FLOW_MEAN; j <= VG_FLOW_MEAN; j++)
        for (vg_i32 i = -VG_FLOW_MEAN; i <= VG_FLOW_MEAN; i++)
            sum += pixel(p, x + i, y + j);
    const vg_i32 mean = (sum + side * side / 2) / (side * side);
    const vg_i32 soft = (three(p, x, y - 1) + 2 * three(p, x, y) + three(p, x, y + 1) + 8) / 16;
    return (uint8_t)within(128 + soft - mean, 1, 255);
}

static void make_lean(const uint8_t *const map[2], uint8_t *scratch, const struct vg_flow_sizes *s)
{
    for (vg_i32 level = 0; level < VG_FLOW_LEVELS; level++)
        for (vg_i32 i = 0; i < 2; i++) {
            const struct vg_flow_level *l = &s->level[level];
            const struct plane from = plane_of(map, scratch, s, level, i);
            uint8_t *to = scratch + l->lean[i];
            for (vg_i32 y = 0; y < l->height; y++)
                for (vg_i32 x = 0; x < l->width; x++)
                    to[y * l->lean_row + x] = lean_pixel(&from, x, y);
            for (vg_i32 y = -VG_FLOW_PAD; y < l->height + VG_FLOW_PAD; y++)
                for (vg_i32 x = -VG_FLOW_PAD; x < l->width + VG_FLOW_PAD; x++)
                    to[y * l->lean_row + x] =
                        to[within(y, 0, l->height - 1) * l->lean_row + within(x, 0, l->width - 1)];
        }
}

/* ---- searching ---------------------------------------------------------------------------- */

/* A cell's patch, the picture it is looked for in, and the best place so far. */
struct search {
    const uint8_t *mine, *other; /* lean, both at the patch's first pixel */
    vg_i32 row;
    vg_i32 low_x, high_x, low_y, high_y; /* how far the patch may go: half of it stays inside */
    vg_i32 x, y, cost, worth;            /* worth: the cost and what speaks against going there */
};

static vg_i32 cost_of(const struct search *s, vg_i32 x, vg_i32 y)
{
    vg_i32 sum = 0;
    for (vg_i32 j = 0; j < VG_FLOW_PATCH; j++)
        for (vg_i32 i = 0; i < VG_FLOW_PATCH; i++)
            sum += abs(s->mine[j * s->row + i] - s->other[(y + j) * s->row + x + i]);
    return sum;
}

static void attempt(struct search *s, vg_i32 x, vg_i32 y)
{
    x = within(x, s->low_x, s->high_x);
    y = within(y, s->low_y, s->high_y);
    if ((x == s->x && y == s->y) || (x == 0 && y == 0))
        return;
    const vg_i32 cost = cost_of(s, x, y);
    const vg_i32 worth = cost + VG_FLOW_AWAY + VG_FLOW_FARTHER * (abs(x) + abs(y));
    if (worth >= s->worth)
        return;
    s->x = x;
    s->y = y;
    s->cost = cost;
    s->worth = worth;
}

/* around (0, 0), row by row */
static void search_round(struct search *s, vg_i32 reach)
{
    for (vg_i32 y = -reach; y <= reach; y++)
        for (vg_i32 x = -reach; x <= reach; x++)
            attempt(s, x, y);
}

/* What the coarser level found at the cell's place and around it. */
static void search_known(struct search *s, const struct vg_flow_found *known,
                         const struct vg_flow_level *coarse, vg_i32 column, vg_i32 row)
{
    for (vg_i32 j = -1; j <= 1; j++)
        for (vg_i32 i = -1; i <= 1; i++) {
            const struct vg_flow_found *f =
                &known[within(row / 2 + j, 0, coarse->rows - 1) * coarse->columns +
                       within(column / 2 + i, 0, coarse->columns - 1)];
            attempt(s, 2 * f->x, 2 * f->y);
        }
}

/* The eight places around the best one, twice. */
static void search_near(struct search *s)
{
    for (vg_i32 turn = 0; turn < 2; turn++) {
        const vg_i32 x = s->x, y = s->y;
        for (vg_i32 j = -1; j <= 1; j++)
            for (vg_i32 i = -1; i <= 1; i++)
                attempt(s, x + i, y + j);
    }
}

/* All that the patch has of its own: what a match with nothing would cost. */
static vg_i32 content_of(const struct search *s)
{
    vg_i32 sum = 0;
    for (vg_i32 j = 0; j < VG_FLOW_PATCH; j++)
        for (vg_i32 i = 0; i < VG_FLOW_PATCH; i++)
            sum += abs(s->mine[j * s->row + i] - 128);
    return sum;
}

/* Sixteenths from the best pixel to the best place between pixels: two lines of equal and opposite
 * slope through the costs of three neighbours, as sums of absolute differences have them. */
static vg_i32 between(vg_i32 before, vg_i32 best, vg_i32 after)
{
    const vg_i32 rise = most(before, after) - best;
    return rise > 0 ? within((before - after) * 8 / rise, -8, 8) : 0;
}

/* The least growth of the cost of the patch against itself, a step away; of an edge alone, along
 * which anything fits, four times the growth along it. */
static vg_i32 sharpness(const struct search *s)
{
    struct search self = *s;
    self.other = s->mine;
    const vg_i32 across = cost_of(&self, 1, 0), down = cost_of(&self, 0, 1);
    return least(across + down, 4 * least(across, down));
}

static struct vg_flow_found found_of(const struct search *s, vg_i32 level)
{
    struct vg_flow_found f = {(int16_t)s->x, (int16_t)s->y, (int16_t)s->cost, 0};
    if (level)
        return f;
    f.x = (int16_t)(16 * s->x);
    f.y = (int16_t)(16 * s->y);
    f.sharp = (int16_t)sharpness(s);
    if (s->x == 0 && s->y == 0 && s->cost <= VG_FLOW_STILL)
        return f;
    f.x = (int16_t)(f.x + between(cost_of(s, s->x - 1, s->y), s->cost, cost_of(s, s->x + 1, s->y)));
    f.y = (int16_t)(f.y + between(cost_of(s, s->x, s->y - 1), s->cost, cost_of(s, s->x, s->y + 1)));
    return f;
}

/* way 1: this picture's cells in the one before; 0: the other way round */
static void search_cell(uint8_t *scratch, const struct vg_flow_sizes *sizes, vg_i32 way,
                        vg_i32 column, vg_i32 row)
{
    const struct vg_flow_level *l = &sizes->level[sizes->at];
    const vg_i32 left = VG_FLOW_CELL * column - (VG_FLOW_PATCH - VG_FLOW_CELL) / 2;
    const vg_i32 top = VG_FLOW_CELL * row - (VG_FLOW_PATCH - VG_FLOW_CELL) / 2;
    const vg_i32 first = top * l->lean_row + left;
    struct search s = {.mine = scratch + l->lean[way] + first,
                       .other = scratch + l->lean[1 - way] + first,
                       .row = l->lean_row,
                       .low_x = 2 - VG_FLOW_PAD - left,
                       .high_x = l->width - 2 - left,
                       .low_y = 2 - VG_FLOW_PAD - top,
                       .high_y = l->height - 2 - top};
    s.cost = s.worth = cost_of(&s, 0, 0);
    if (s.cost > VG_FLOW_STILL) {
        if (sizes->at == VG_FLOW_LEVELS - 1) {
            search_round(&s, VG_FLOW_REACH_2);
        } else {
            search_known(&s, (const void *)(scratch + l[1].found[way]), &l[1], column, row);
            search_near(&s);
            if (sizes->at == 1 && 2 * s.cost > content_of(&s) + VG_FLOW_STILL)
                search_round(&s, VG_FLOW_REACH_1);
        }
    }
    struct vg_flow_found *found = (void *)(scratch + l->found[way]);
    found[row * l->columns + column] = found_of(&s, sizes->at);
}

static void search_level(uint8_t *scratch, const struct vg_flow_sizes *sizes)
{
    const struct vg_flow_level *l = &sizes->level[sizes->at];
    for (vg_i32 way = 0; way < 2; way++)
        for (vg_i32 row = 0; row < l->rows; row++)
            for (vg_i32 column = 0; column < l->columns; column++)
                search_cell(scratch, sizes, way, column, row);
}

/* ---- judging ------------------------------------------------------------------------------ */

struct both_ways {
    const struct vg_flow_found *back, *forth; /* of this picture's cells; of the one's before */
    vg_i32 columns, rows;
};

/* How sure the cell is, 0 to 255: it has edges in both directions, it fits, and what it was found to
 * be finds the way back. */
static vg_i32 sure_of(const struct both_ways *w, vg_i32 column, vg_i32 row)
{
    const struct vg_flow_found *f = &w->back[row * w->columns + column];
    const vg_i32 side = 16 * VG_FLOW_CELL, far = 64;
    if (f->sharp < VG_FLOW_SHARP || f->cost >= 2 * f->sharp)
        return 0;
    /* cells, counted from `far` cells before the first so that nothing is negative */
    const vg_i32 there_x = (side * (column + far) + side / 2 + f->x) / side - far;
    const vg_i32 there_y = (side * (row + far) + side / 2 + f->y) / side - far;
    if (there_x < 0 || there_y < 0 || there_x >= w->columns || there_y >= w->rows)
        return 0;
    const struct vg_flow_found *b = &w->forth[there_y * w->columns + there_x];
    const vg_i32 gap = most(abs(f->x + b->x), abs(f->y + b->y));
    if (gap > 16 + most(abs(f->x), abs(f->y)) / 8)
        return 0;
    return most(1, 255 * (2 * f->sharp - f->cost) / (2 * f->sharp) *
                       least(f->sharp, 4 * VG_FLOW_SHARP) / (4 * VG_FLOW_SHARP));
}

static vg_i32 middle(int16_t *value, vg_i32 count)
{
    for (vg_i32 i = 1; i < count; i++)
        for (vg_i32 k = i; k > 0 && value[k] < value[k - 1]; k--) {
            const int16_t swap = value[k];
            value[k] = value[k - 1];
            value[k - 1] = swap;
        }
    return value[(count - 1) / 2];
}

/* The median of the sure ones around; alone or with one other a cell is not sure. */
static void judge(const struct both_ways *w, vg_i32 column, vg_i32 row,
                  const struct vg_flow_planes *out)
{
    const vg_i32 at = row * w->columns + column, sure = sure_of(w, column, row);
    int16_t x[9], y[9];
    vg_i32 count = 0;
    for (vg_i32 j = most(row - 1, 0); j <= least(row + 1, w->rows - 1); j++)
        for (vg_i32 i = most(column - 1, 0); i <= least(column + 1, w->columns - 1); i++) {
            if (!sure || !sure_of(w, i, j))
                continue;
            x[count] = w->back[j * w->columns + i].x;
            y[count++] = w->back[j * w->columns + i].y;
        }
    out->flow_x[at] = (int16_t)(count > 2 ? -middle(x, count) : 0);
    out->flow_y[at] = (int16_t)(count > 2 ? -middle(y, count) : 0);
    out->sure[at] = (uint8_t)(count > 2 ? sure : 0);
}

static void judge_all(const uint8_t *scratch, const struct vg_flow_planes *out,
                      const struct vg_flow_level *l)
{
    const struct both_ways w = {.back = (const void *)(scratch + l->found[1]),
                                .forth = (const void *)(scratch + l->found[0]),
                                .columns = l->columns,
                                .rows = l->rows};
    for (vg_i32 row = 0; row < l->rows; row++)
        for (vg_i32 column = 0; column < l->columns; column++)
            judge(&w, column, row, out);
}

/* ---- steps -------------------------------------------------------------------------------- */

void vg_twin_map_flow_step(const uint8_t *before, const uint8_t *now, uint8_t *scratch,
                           uint8_t *out, const struct vg_flow_sizes *sizes)
{
    const uint8_t *const map[2] = {before + sizes->before, now + sizes->now};
    const struct vg_flow_planes planes = {(void *)(out + sizes->flow_x),
                                          (void *)(out + sizes->flow_y), out + sizes->sure};
    if (sizes->step == VG_FLOW_STEP_SMALL)
        make_small(map, scratch, sizes);
    else if (sizes->step == VG_FLOW_STEP_LEAN)
        make_lean(map, scratch, sizes);
    else if (sizes->step == VG_FLOW_STEP_SEARCH)
        search_level(scratch, sizes);
    else
        judge_all(scratch, &planes, &sizes->level[0]);
}

void vg_twin_map_flow(const uint8_t *before, const uint8_t *now, vg_i32 width, vg_i32 height,
                      uint8_t *scratch, const struct vg_flow_planes *planes)
{
    const uint8_t *const map[2] = {before, now};
    struct vg_flow_sizes sizes;
    (void)vg_flow_layout(width, height, &sizes);
    make_small(map, scratch, &sizes);
    make_lean(map, scratch, &sizes);
    for (sizes.at = VG_FLOW_LEVELS - 1; sizes.at >= 0; sizes.at--)
        search_level(scratch, &sizes);
    judge_all(scratch, planes, &sizes.level[0]);
}
