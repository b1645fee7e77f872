/* Twin of kernels/yolox_boxes.cl. */
#include <math.h>

#include "kernels/twins/twin_boxes.h"

static double score_of(const struct vg_twin_cell *cell, double score)
{
    return vg_twin_cell_objectness(cell) * score;
}

static struct vg_twin_sides box_of(const struct vg_twin_cell *cell)
{
    const double stride = (double)cell->s->stride;
    return vg_twin_around((cell->at.column + vg_twin_cell_value(cell, 0)) * stride,
                          (cell->at.row + vg_twin_cell_value(cell, 1)) * stride,
                          exp(vg_twin_cell_value(cell, 2)) * stride,
                          exp(vg_twin_cell_value(cell, 3)) * stride);
}

const struct vg_twin_method vg_twin_yolox = {VG_KERNEL_YOLOX_BOXES, score_of, box_of};
