/* What the twins of the heads share: a head says what a score is and where the box lies, the rest
 * is the same for all. */
#ifndef VG_KERNELS_TWINS_TWIN_BOXES_H
#define VG_KERNELS_TWINS_TWIN_BOXES_H

#include "kernels/twins/twins_map.h"

/* a cell of a level */
struct vg_twin_cell {
    const struct vg_twin_head *head;
    const struct vg_boxes_sizes *s;
    struct vg_twin_place at;
};

/* left, top, right, bottom in pixels of the net's input, not clipped */
struct vg_twin_sides {
    double side[4];
};

struct vg_twin_method {
    enum vg_kernel kernel;
    double (*score)(const struct vg_twin_cell *cell, double score);
    struct vg_twin_sides (*box)(const struct vg_twin_cell *cell);
};
extern const struct vg_twin_method vg_twin_nanodet, vg_twin_yolox, vg_twin_fastestdet;

/* a channel of `boxes` */
double vg_twin_cell_value(const struct vg_twin_cell *cell, vg_i32 channel);
double vg_twin_cell_objectness(const struct vg_twin_cell *cell);

/* the sides of a box with this centre */
struct vg_twin_sides vg_twin_around(double x, double y, double width, double height);

#endif
