/* The cells of the flow as events read them: where they lie, what the camera itself did. Inside of
 * src/events only. */
#ifndef VG_EVENTS_FLOW_CELLS_H
#define VG_EVENTS_FLOW_CELLS_H

#include "src/events/watch.h"

/* A flow over a longer step says little: what is fast is out of its reach, and turns in between. */
#define VG_FLOW_STEP_MOST_US (VG_US_PER_S / 2 + VG_US_PER_S / 10)

/* Cells of a rectangle, from included to not. */
struct vg_flow_span {
    uint32_t left, right, top, bottom;
};

/* The flow can be read in this picture; else why not: VG_WHY_NO_MAPS, VG_WHY_LEARNING. */
enum vg_why_not vg_flow_readable(const struct vg_watch *watch);

/* Picture pixels of a side of a cell. */
double vg_flow_cell_px(const struct vg_maps *maps);

/* The middle of a cell, fractions of the picture. */
struct vg_point vg_flow_cell_middle(const struct vg_watch_input *in, uint32_t column, uint32_t row);

/* The cells whose middle lies in the box (pixels of the picture), within the map. */
struct vg_flow_span vg_flow_span_of(const struct vg_maps *maps, struct vg_box box);

/* Movement in picture pixels a second. */
struct vg_flow_motion {
    double x, y;
    uint32_t cells; /* sure ones that say so; 0: nothing is known */
};

/* What the whole view does, as when the camera shakes: the median of all sure cells. Most of what a
 * fixed camera sees stands still, then it is 0. */
struct vg_flow_motion vg_flow_of_view(const struct vg_maps *maps);

/* The median of the sure cells of a rectangle, of 64 of them at most. */
struct vg_flow_motion vg_flow_of_span(const struct vg_maps *maps, struct vg_flow_span span);

#endif
