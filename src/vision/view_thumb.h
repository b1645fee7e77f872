/* A small grey picture of a flux, from which the health of its view is judged: always 320x240,
 * whatever the picture's size, so that places are fractions of the picture and a reference
 * outlives a change of resolution. Pure, any thread. */
#ifndef VG_VISION_VIEW_THUMB_H
#define VG_VISION_VIEW_THUMB_H

#include <stdint.h>

#include "src/media/picture.h"

#define VG_VIEW_WIDTH   320
#define VG_VIEW_HEIGHT  240
#define VG_VIEW_PIXELS  (VG_VIEW_WIDTH * VG_VIEW_HEIGHT)
#define VG_VIEW_SIDE    20 /* of a block, in pixels of the thumb */
#define VG_VIEW_COLUMNS (VG_VIEW_WIDTH / VG_VIEW_SIDE)
#define VG_VIEW_ROWS    (VG_VIEW_HEIGHT / VG_VIEW_SIDE)
#define VG_VIEW_BLOCKS  (VG_VIEW_COLUMNS * VG_VIEW_ROWS)

struct vg_view_thumb {
    uint8_t luma[VG_VIEW_PIXELS]; /* rows from the top, black 0, white 255 */
    uint64_t
        print[VG_VIEW_BLOCKS]; /* of the picture's own pixels in each block: equal if they are */
    uint32_t width, height;    /* of the picture */
};

/* Makes the thumb of a picture: the mean of the pixels under each of its own, and the nearest
 * where the picture is smaller; limited range spread to 0 to 255. Reads the luma once. */
void vg_view_thumb_take(struct vg_view_thumb *thumb, const struct vg_picture *picture);

#endif
