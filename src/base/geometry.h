/* Points, boxes and polygons in the plane of a picture; y goes down. Pure, any thread. */
#ifndef VG_BASE_GEOMETRY_H
#define VG_BASE_GEOMETRY_H

#include <stdbool.h>
#include <stddef.h>

struct vg_point {
    float x, y;
};

/* left, top, width, height; the unit (pixels or fractions of the picture) is said where a
 * box is declared. A box of no area is allowed. */
struct vg_box {
    float left, top, width, height;
};

/* Intersection over union, 0 to 1; 0 if either has no area. Scale-free: any one unit. */
float vg_box_iou(struct vg_box a, struct vg_box b);

/* The part of `a` inside `b`; width and height 0 when there is none. */
struct vg_box vg_box_clip(struct vg_box a, struct vg_box b);

/* The foot point: centre of the lower side. */
struct vg_point vg_box_foot(struct vg_box box);

enum vg_side {
    VG_SIDE_NONE,
    VG_SIDE_LEFT,
    VG_SIDE_RIGHT
};

/* The side of `line` on which a step comes out.
 *
 * from, to  foot point in two successive pictures, same unit as the line.
 * line      walked from line[0] to line[1], which differ (the scene reader refuses otherwise).
 * Returns VG_SIDE_LEFT or VG_SIDE_RIGHT, as seen on the screen when walking the line, if the
 *         step passes from one side to the other through the segment, its ends included;
 *         VG_SIDE_NONE else. A point exactly on the line counts as right of it, so that a
 *         passage with a halt on the line is counted once.
 * Source: orientation test by the sign of the cross product, half-open. */
enum vg_side vg_line_cross(struct vg_point from, struct vg_point to, const struct vg_point line[2]);

/* Whether `p` lies inside the polygon of `count` corners (3 or more), by the even-odd rule;
 * left and upper edges belong to it, right and lower edges do not. */
bool vg_polygon_contains(const struct vg_point *corners, size_t count, struct vg_point p);

/* Whether two sides of the polygon cross or touch outside their common corner; then *side_a
 * and *side_b (indices of their first corners) say which. O(count^2). */
bool vg_polygon_crosses_itself(const struct vg_point *corners, size_t count, size_t *side_a,
                               size_t *side_b);

#endif
