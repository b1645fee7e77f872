/* Boxes of one level of NanoDet's and NanoDet-Plus's head: threshold, box, compaction.
 *
 * For a cell (row, column) of stride s and each side k (left, top, right, bottom), with the
 * level's raw values d[k][j], j = 0..bins-1:
 *
 *   p = softmax(d[k]);   D_k = s * sum of j * p_j
 *   centre = ((column + c) * s, (row + c) * s),  c = s.centre: 1/2, or 0 for NanoDet-Plus
 *   box = (centre.x - D_0, centre.y - D_1, centre.x + D_2, centre.y + D_3), clipped to the input
 *
 * Source: RangiLyu/nanodet, config legacy_v0.x_configs/nanodet-g.yml (integral of the
 * general focal loss, reg_max = bins - 1), and nanodet/model/head/nanodet_plus_head.py.
 *
 * scores, boxes  blocked layout; scores are probabilities already; boxes: 4 * bins channels.
 * jobs        one for each picture: its threshold.
 * classes     the net's class to enum vg_class, negative: dropped.
 * counts      for each job how many passed, counted on beyond candidates_max.
 * candidates  [job][candidates_max]
 * work        (width * height rounded up to whole groups, pictures); a work-item is a cell. */
#include "kernel_sizes.h"
#include "vector.clh"
#include "boxes.clh"

static int may_pass(const struct cell *cell, vec scores)
{
    return any(scores >= cell->threshold);
}

static float score_of(const struct cell *cell, float score)
{
    (void)cell;
    return score;
}

/* expected distance of side k, in cells */
static inline float side(__global const elem *pixel, int plane, int k, int bins)
{
    float most = channel(pixel, plane, k * bins);
    for (int j = 1; j < bins; j++)
        most = fmax(most, channel(pixel, plane, k * bins + j));
    float sum = 0.0f, first_moment = 0.0f;
    for (int j = 0; j < bins; j++) {
        const float e = exp(channel(pixel, plane, k * bins + j) - most);
        sum += e;
        first_moment = fma((float)j, e, first_moment);
    }
    return first_moment / sum;
}

static float4 box_of(const struct cell *cell, const struct vg_boxes_sizes *s)
{
    const float x = ((float)cell->column + s->centre) * s->stride;
    const float y = ((float)cell->row + s->centre) * s->stride;
    float4 reach;
    reach.x = -side(cell->boxes, s->boxes.plane, 0, s->bins);
    reach.y = -side(cell->boxes, s->boxes.plane, 1, s->bins);
    reach.z = side(cell->boxes, s->boxes.plane, 2, s->bins);
    reach.w = side(cell->boxes, s->boxes.plane, 3, s->bins);
    return (float4)(x, y, x, y) + reach * s->stride;
}

__kernel void nanodet_boxes(__global const elem *scores, __global const elem *boxes,
                            __global const struct vg_device_job *jobs,
                            __global const int *classes, __global int *counts,
                            __global struct vg_candidate *candidates,
                            const struct vg_boxes_sizes s)
{
    const int picture = (int)get_global_id(1);
    struct cell cell;
    cell.row = (int)get_global_id(0) / s.width;
    cell.column = (int)get_global_id(0) % s.width;
    if (cell.row >= s.height)
        return;
    cell.scores = scores + cell_first(s.scores, picture, cell.row, cell.column);
    cell.boxes = boxes + cell_first(s.boxes, picture, cell.row, cell.column);
    cell.objectness = 1.0f;
    cell.threshold = jobs[picture].threshold;
    candidates_of(&cell, &s, classes, counts + picture, candidates + picture * s.candidates_max);
}
