/* Boxes of FastestDet's head: threshold, box, compaction.
 *
 * For a cell (row, column) of a grid of width x height, with the raw values x, y, w, h and an
 * input of W x H:
 *
 *   centre = ((column + tanh x) / width * W, (row + tanh y) / height * H)
 *   size = (sigmoid(w) * W, sigmoid(h) * H);     boxes are clipped to the input
 *   score of class c = objectness^0.6 * scores[c]^0.4
 *
 * pow() is dear: a score v is first judged by v^5 = objectness^3 * scores[c]^2, with room for
 * roundings.
 * Source: dog-qiuqiu/FastestDet, utils/tool.py (handle_preds).
 *
 * scores, boxes, objectness  blocked layout; probabilities already; boxes: 4 channels.
 * jobs        one for each picture: its threshold.
 * classes     the net's class to enum vg_class, negative: dropped.
 * counts      for each job how many passed, counted on beyond candidates_max.
 * candidates  [job][candidates_max]
 * work        (width * height rounded up to whole groups, pictures); a work-item is a cell. */
#include "kernel_sizes.h"
#include "vector.clh"
#include "boxes.clh"

#define ROOM 0.9999f /* five roundings of 6e-8 on each side are far less */

static inline float fifth(float v)
{
    return v * v * (v * v) * v;
}

static int may_pass(const struct cell *cell, vec scores)
{
    const float cubed = cell->objectness * cell->objectness * cell->objectness;
    return any(scores * scores * cubed >= fifth(cell->threshold) * ROOM);
}

static float score_of(const struct cell *cell, float score)
{
    const float cubed = cell->objectness * cell->objectness * cell->objectness;
    if (score * score * cubed < fifth(cell->threshold) * ROOM)
        return -1.0f; /* under any threshold */
    return pow(cell->objectness, 0.6f) * pow(score, 0.4f);
}

static inline float sigmoid(float v)
{
    return 1.0f / (1.0f + exp(-v));
}

static float4 box_of(const struct cell *cell, const struct vg_boxes_sizes *s)
{
    const int plane = s->boxes.plane;
    const float step_x = s->input_width / (float)s->width;
    const float step_y = s->input_height / (float)s->height;
    const float x = ((float)cell->column + tanh(channel(cell->boxes, plane, 0))) * step_x;
    const float y = ((float)cell->row + tanh(channel(cell->boxes, plane, 1))) * step_y;
    const float half_width = sigmoid(channel(cell->boxes, plane, 2)) * s->input_width * 0.5f;
    const float half_height = sigmoid(channel(cell->boxes, plane, 3)) * s->input_height * 0.5f;
    return (float4)(x - half_width, y - half_height, x + half_width, y + half_height);
}

__kernel void fastestdet_boxes(__global const elem *scores, __global const elem *boxes,
                               __global const elem *objectness,
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
    cell.objectness =
        READ(objectness + cell_first(s.objectness, picture, cell.row, cell.column));
    cell.threshold = jobs[picture].threshold;
    candidates_of(&cell, &s, classes, counts + picture, candidates + picture * s.candidates_max);
}
