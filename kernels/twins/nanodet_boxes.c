/* Twin of kernels/nanodet_boxes.cl. */
#include <math.h>

#include "kernels/twins/twin_boxes.h"

static double score_of(const struct vg_twin_cell *cell, double score)
{
    (void)cell;
    return score;
}

/* expected distance of side k, in cells */
static double distance(const struct vg_twin_cell *cell, vg_i32 k)
{
    const vg_i32 bins = cell->s->bins;
    double sum = 0, moment = 0, most = -HUGE_VAL;
    for (vg_i32 j = 0; j < bins; j++)
        most = fmax(most, vg_twin_cell_value(cell, k * bins + j));
    for (vg_i32 j = 0; j < bins; j++) {
        const double e = exp(vg_twin_cell_value(cell, k * bins + j) - most);
        sum += e;
        moment += j * e;
    }
    return moment / sum;
}

static struct vg_twin_sides box_of(const struct vg_twin_cell *cell)
{
    const double stride = (double)cell->s->stride, centre = (double)cell->s->centre;
    const double x = (cell->at.column + centre) * stride, y = (cell->at.row + centre) * stride;
    return (struct vg_twin_sides){{x - stride * distance(cell, 0), y - stride * distance(cell, 1),
                                   x + stride * distance(cell, 2), y + stride * distance(cell, 3)}};
}

const struct vg_twin_method vg_twin_nanodet = {VG_KERNEL_NANODET_BOXES, score_of, box_of};
