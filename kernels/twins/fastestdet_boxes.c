/* Twin of kernels/fastestdet_boxes.cl. */
#include <math.h>

#include "kernels/twins/twin_boxes.h"

static double score_of(const struct vg_twin_cell *cell, double score)
{
    return pow(vg_twin_cell_objectness(cell), 0.6) * pow(score, 0.4);
}

static double sigmoid(double v)
{
    return 1 / (1 + exp(-v));
}

static struct vg_twin_sides box_of(const struct vg_twin_cell *cell)
{
    const double width = (double)cell->s->input_width, height = (double)cell->s->input_height;
    return vg_twin_around(
        (cell->at.column + tanh(vg_twin_cell_value(cell, 0))) / cell->s->width * width,
        (cell->at.row + tanh(vg_twin_cell_value(cell, 1))) / cell->s->height * height,
        sigmoid(vg_twin_cell_value(cell, 2)) * width,
        sigmoid(vg_twin_cell_value(cell, 3)) * height);
}

const struct vg_twin_method vg_twin_fastestdet = {VG_KERNEL_FASTESTDET_BOXES, score_of, box_of};
