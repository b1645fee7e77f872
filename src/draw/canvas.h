/* A picture to draw on: RGB, 8 bits each. Everything here is clipped to the canvas, whatever
 * coordinates come in. Pure but for the canvas; one thread at a time for each.
 *
 * Coordinates are pixels of the canvas, y down; (0, 0) is the corner of the first pixel, whose
 * centre lies at (0.5, 0.5). */
#ifndef VG_DRAW_CANVAS_H
#define VG_DRAW_CANVAS_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/geometry.h"
#include "src/base/status.h"
#include "src/media/picture.h"

struct vg_canvas {
    uint32_t width, height;
    uint8_t *rgb;    /* height rows of width * 3 bytes; owned */
    size_t capacity; /* bytes at rgb */
};

struct vg_colour {
    uint8_t r, g, b;
};

/* Room for width x height, black. A canvas is either zeroed or held room before: room that is
 * large enough is used again, so that a worker which has started need not allocate. VG_E_MEMORY,
 * VG_E_FULL beyond VG_PICTURE_*_MAX or for no size; the canvas is as it was then. */
enum vg_status vg_canvas_init(struct vg_canvas *canvas, uint32_t width,
                              uint32_t height) VG_MUST_USE;
void vg_canvas_release(struct vg_canvas *canvas);

/* The canvas becomes the picture, its size too: matrix and range as the picture says
 * (ITU-R BT.601, BT.709). As vg_canvas_init. */
enum vg_status vg_canvas_from_picture(struct vg_canvas *canvas,
                                      const struct vg_picture *picture) VG_MUST_USE;

/* How strong a mark is: 0 nothing, 255 opaque. */
#define VG_OPAQUE 255u

/* A line with round ends, anti-aliased. */
void vg_canvas_line(struct vg_canvas *canvas, struct vg_point from, struct vg_point to,
                    float thickness_px, struct vg_colour colour);

/* A polygon of more corners is not drawn. */
#define VG_CANVAS_CORNERS_MAX 128

/* The pixels whose centre lies in the polygon (even-odd), mixed with colour by alpha. */
void vg_canvas_fill(struct vg_canvas *canvas, const struct vg_point *corners, size_t count,
                    struct vg_colour colour, unsigned alpha);

/* The same, only every third stripe of `stripe_px` along the rising diagonal. */
void vg_canvas_hatch(struct vg_canvas *canvas, const struct vg_point *corners, size_t count,
                     unsigned stripe_px, struct vg_colour colour, unsigned alpha);

/* A full rectangle, and the outline of one (inside of its edge). */
void vg_canvas_block(struct vg_canvas *canvas, struct vg_box box, struct vg_colour colour,
                     unsigned alpha);
void vg_canvas_frame(struct vg_canvas *canvas, struct vg_box box, float thickness_px,
                     struct vg_colour colour);

/* Mixes one pixel; outside of the canvas nothing. */
void vg_canvas_dot(struct vg_canvas *canvas, int x, int y, struct vg_colour colour, unsigned alpha);

#endif
