/* Boxes of one level of NanoDet's head: threshold, box, compaction.
 *
 * For a cell (row, column) of stride s and each side k (left, top, right, bottom), with the
 * level's raw values d[k][j], j = 0..bins-1:
 *
 *   p = softmax(d[k]);   D_k = s * sum of j * p_j
 *   centre = ((column + 0.5) * s, (row + 0.5) * s)
 *   box = (centre.x - D_0, centre.y - D_1, centre.x + D_2, centre.y + D_3), clipped to the input
 *
 * The box is made only where a class that is kept reaches the job's threshold; each such class
 * gives a candidate. The order in which candidates come is not fixed, nor which ones find a place
 * when too many pass: the host puts them in order, and where `counts` exceeds the room it runs
 * the kernel again over parts of the cells (an offset of the work) that cannot fill it.
 * Source: RangiLyu/nanodet, config legacy_v0.x_configs/nanodet-g.yml (integral of the
 * general focal loss, reg_max = bins - 1).
 *
 * scores, distances  blocked layout; scores are probabilities already.
 * jobs        one for each picture: its threshold.
 * classes     the net's class to enum vg_class, negative: dropped.
 * counts      for each job how many passed, counted on beyond candidates_max.
 * candidates  [job][candidates_max]
 * work        (width * height rounded up to whole groups, pictures); a work-item is a cell. */
#include "kernel_sizes.h"
#include "vector.clh"

static inline float channel(__global const float *cell, int plane, int c)
{
    return cell[c / VG_BLOCK * plane + c % VG_BLOCK];
}

/* expected distance of side k, in cells */
static inline float side(__global const float *cell, int plane, int k, int bins)
{
    float most = channel(cell, plane, k * bins);
    for (int j = 1; j < bins; j++)
        most = fmax(most, channel(cell, plane, k * bins + j));
    float sum = 0.0f, first_moment = 0.0f;
    for (int j = 0; j < bins; j++) {
        const float e = exp(channel(cell, plane, k * bins + j) - most);
        sum += e;
        first_moment = fma((float)j, e, first_moment);
    }
    return first_moment / sum;
}

__kernel void nanodet_boxes(__global const float *scores, __global const float *distances,
                            __global const struct vg_device_job *jobs,
                            __global const int *classes, __global int *counts,
                            __global struct vg_candidate *candidates,
                            const struct vg_boxes_sizes s)
{
    const int cell = (int)get_global_id(0), picture = (int)get_global_id(1);
    const int row = cell / s.width, column = cell % s.width;
    if (row >= s.height)
        return;
    const float threshold = jobs[picture].threshold;
    scores += s.scores.first + picture * s.scores.picture + row * s.scores.row + column * VG_BLOCK;
    distances += s.boxes.first + picture * s.boxes.picture + row * s.boxes.row +
                 column * VG_BLOCK;

    /* most cells hold nothing: 16 classes are looked at together */
    int some = 0;
    for (int c = 0; c < s.classes; c += VG_BLOCK)
        some |= any(LOAD(scores + c / VG_BLOCK * s.scores.plane) >= threshold);
    if (!some)
        return;

    struct vg_candidate box;
    box.left = -1.0f; /* not made yet */
    for (int c = 0; c < s.classes; c++) {
        const float score = channel(scores, s.scores.plane, c);
        if (!(score >= threshold) || classes[c] < 0)
            continue;
        if (box.left < 0.0f) {
            const float x = ((float)column + 0.5f) * s.stride, y = ((float)row + 0.5f) * s.stride;
            const int plane = s.boxes.plane;
            box.left = clamp(x - s.stride * side(distances, plane, 0, s.bins), 0.0f, s.input_width);
            box.top = clamp(y - s.stride * side(distances, plane, 1, s.bins), 0.0f, s.input_height);
            box.right = clamp(x + s.stride * side(distances, plane, 2, s.bins), 0.0f, s.input_width);
            box.bottom =
                clamp(y + s.stride * side(distances, plane, 3, s.bins), 0.0f, s.input_height);
            box.cell = s.cell_first + cell;
        }
        box.score = score;
        box.net_class = c;
        box.class_id = classes[c];
        const int place = atomic_inc(counts + picture);
        if (place < s.candidates_max)
            candidates[picture * s.candidates_max + place] = box;
    }
}
