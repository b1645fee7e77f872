/* Boxes of one level of YOLOX's head: threshold, box, compaction.
 *
 * For a cell (row, column) of stride s with the level's raw values x, y, w, h:
 *
 *   centre = ((column + x) * s, (row + y) * s);  size = (exp(w) * s, exp(h) * s)
 *   score of class c = objectness * scores[c];   boxes are clipped to the input
 *
 * Source: Megvii-BaseDetection/YOLOX, yolox/models/yolo_head.py (decode_outputs).
 *
 * scores, boxes, objectness  blocked layout; probabilities already; boxes: 4 channels.
 * jobs        one for each picture: its threshold.
 * classes     the net's class to enum vg_class, negative: dropped.
 * counts      for each job how many passed, counted on beyond candidates_max.
 * candidates  [job][candidates_max]
 * work        (width * height rounded up to whole groups, pictures); a work-item is a cell.
 * Assumes  scores of at most 1: a cell whose objectness is under the threshold is left at once. */
#include "kernel_sizes.h"
#include "vector.clh"
#include "boxes.clh"

static int may_pass(const struct cell *cell, vec scores)
{
    return any(scores * cell->objectness >= cell->threshold);
}

static float score_of(const struct cell *cell, float score)
{
    return cell->objectness * score;
}

static float4 box_of(const struct cell *cell, const struct vg_boxes_sizes *s)
{
    const int plane = s->boxes.plane;
    const float x = ((float)cell->column + channel(cell->boxes, plane, 0)) * s->stride;
    const float y = ((float)cell->row + channel(cell->boxes, plane, 1)) * s->stride;
    const float half_width = exp(channel(cell->boxes, plane, 2)) * s->stride * 0.5f;
    const float half_height = exp(channel(cell->boxes, plane, 3)) * s->stride * 0.5f;
    return (float4)(x - half_width, y - half_height, x + half_width, y + half_height);
}

__kernel void yolox_boxes(__global const elem *scores, __global const elem *boxes,
                          __global const elem *objectness,
                          __global const struct vg_device_job *jobs, __global const int *classes,
                          __global int *counts, __global struct vg_candidate *candidates,
                          const struct vg_boxes_sizes s)
{
    const int picture = (int)get_global_id(1);
    struct cell cell;
    cell.row = (int)get_global_id(0) / s.width;
    cell.column = (int)get_global_id(0) % s.width;
    if (cell.row >= s.height)
        return;
    cell.objectness =
        READ(objectness + cell_first(s.objectness, picture, cell.row, cell.column));
    cell.threshold = jobs[picture].threshold;
    if (cell.objectness < cell.threshold)
        return;
    cell.scores = scores + cell_first(s.scores, picture, cell.row, cell.column);
    cell.boxes = boxes + cell_first(s.boxes, picture, cell.row, cell.column);
    candidates_of(&cell, &s, classes, counts + picture, candidates + picture * s.candidates_max);
}
