/* Twin of kernels/nanodet_boxes.cl. */
#include <math.h>

#include "kernels/twins/twins.h"

/* expected distance of side k, in cells */
static double side(const float *distances, const struct vg_boxes_sizes *s, vg_i32 picture,
                   vg_i32 row, vg_i32 column, vg_i32 k)
{
    double sum = 0, moment = 0, most = -HUGE_VAL;
    for (vg_i32 j = 0; j < s->bins; j++)
        most = fmax(
            most, (double)distances[vg_area_at(&s->boxes, picture, k * s->bins + j, row, column)]);
    for (vg_i32 j = 0; j < s->bins; j++) {
        const double e = exp(
            (double)distances[vg_area_at(&s->boxes, picture, k * s->bins + j, row, column)] - most);
        sum += e;
        moment += j * e;
    }
    return moment / sum;
}

static float clipped(double value, float most)
{
    return (float)fmin(fmax(value, 0.0), (double)most);
}

static struct vg_candidate box_at(const float *distances, const struct vg_boxes_sizes *s,
                                  vg_i32 picture, vg_i32 row, vg_i32 column)
{
    const double stride = (double)s->stride;
    const double x = (column + 0.5) * stride, y = (row + 0.5) * stride;
    double d[4];
    for (vg_i32 k = 0; k < 4; k++)
        d[k] = stride * side(distances, s, picture, row, column, k);
    return (struct vg_candidate){.left = clipped(x - d[0], s->input_width),
                                 .top = clipped(y - d[1], s->input_height),
                                 .right = clipped(x + d[2], s->input_width),
                                 .bottom = clipped(y + d[3], s->input_height),
                                 .cell = s->cell_first + row * s->width + column};
}

void vg_twin_nanodet_boxes(const float *scores, const float *distances,
                           const struct vg_device_job *jobs, const vg_i32 *classes, vg_i32 *counts,
                           struct vg_candidate *candidates, const struct vg_boxes_sizes *s,
                           vg_i32 pictures)
{
    for (vg_i32 picture = 0; picture < pictures; picture++)
        for (vg_i32 cell = 0; cell < s->width * s->height; cell++)
            for (vg_i32 c = 0; c < s->classes; c++) {
                const vg_i32 row = cell / s->width, column = cell % s->width;
                const float score = scores[vg_area_at(&s->scores, picture, c, row, column)];
                if (!(score >= jobs[picture].threshold) || classes[c] < 0)
                    continue;
                struct vg_candidate box = box_at(distances, s, picture, row, column);
                box.score = score;
                box.net_class = c;
                box.class_id = classes[c];
                if (counts[picture] < s->candidates_max)
                    candidates[picture * s->candidates_max + counts[picture]] = box;
                counts[picture]++;
            }
}
