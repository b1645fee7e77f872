/* What events look at where boxes are not enough: a few small pictures ("maps") of a flux,
 * computed with each analysed picture on its device, from that picture and from what the maps
 * were before it. This header is what they look like; kernels and their twins make them.
 *
 * A map pixel is the mean of shrink x shrink pixels of the picture (the last column and row of
 * what is there), so that the longer side has VG_MAPS_SIDE_MAX pixels at most: what is
 * seen is of the size of persons, and the cost does not go with the camera's. All numbers are
 * integers and every device gives the same. Times are media time, so the rate does not matter but
 * for what is too fast for it. Plain data; the planes are borrowed, rows from the top without
 * padding. */
#ifndef VG_MAPS_MAPS_H
#define VG_MAPS_MAPS_H

#include <stdint.h>

#include "src/base/clock.h"

#define VG_MAPS_SIDE_MAX 192
#define VG_MAPS_CELL     4 /* side of a cell of the flow, map pixels */

/* Which maps there are; bits. Luma and chroma always are. */
enum vg_maps_set {
    VG_MAPS_GROUND = 1, /* the two-rate background, and how each pixel differs from it */
    VG_MAPS_FLOW = 2,   /* movement since the picture before */
    VG_MAPS_FLAME = 4   /* colour and flicker of flames */
};

struct vg_maps_size {
    uint32_t shrink;
    uint32_t width, height; /* map pixels: the picture's divided by shrink, rounded up */
    uint32_t columns, rows; /* cells of the flow: the map's divided by VG_MAPS_CELL, rounded up */
};

/* Of a picture of that many pixels, 1 x 1 at least. Pure. */
struct vg_maps_size vg_maps_size(uint32_t picture_width, uint32_t picture_height);

/* How a pixel stands to the long background. Of what comes or goes, a rim of one map pixel may be
 * SAME, where it is like the background beside: so much a camera may shake. */
enum vg_ground {
    VG_GROUND_SAME,   /* as ever */
    VG_GROUND_SHADE,  /* the same thing, darker or lighter: a shadow, a reflection, a lamp; also a
                         plain thing of the ground's hue and 0.45 to 1.45 of its luma, which looks
                         so: `stays` says which of them stand still */
    VG_GROUND_MOVING, /* something else, that changes: what passes */
    VG_GROUND_NEW     /* something else, that has stayed for more than a second (two where something
                         had stayed before): what was put down, or what was uncovered */
};

struct vg_maps {
    struct vg_maps_size size;
    uint32_t set; /* of enum vg_maps_set: the planes of others are NULL */
    struct vg_media_time time;
    int64_t step_us; /* since the picture before; 0: it has the same time, or there is none of this
                          epoch and size (then learnt_us is 0, too) */
    int64_t learnt_us; /* since the first of this epoch and size */
    /* full range, black 0, white 255; grey 128 in both chroma planes */
    const uint8_t *luma, *blue, *red; /* width x height each; Y, Cb, Cr */
    /* VG_MAPS_GROUND */
    const uint8_t *long_luma, *long_blue, *long_red; /* the background of the last minutes, in the
                                                        light of now; what is VG_GROUND_NEW does not
                                                        flow into it, and is it after
                                                        VG_MAPS_KEEPS_NEW_S, or ten times as long as
                                                        what was there before had been seen, if that
                                                        is less; or when it is most of the view */
    const uint8_t *ground;                           /* enum vg_ground */
    const uint8_t *stays; /* for how long the pixel has looked as it does, VG_MAPS_STAYS_US each,
                             255 at most; while something passes before it (a quarter of that time,
                             a second at most) how long that has been there */
    /* VG_MAPS_FLOW: columns x rows. Where the picture's content of a cell was: it came from
     * (x - flow_x, y - flow_y). Sixteenths of a map pixel, over step_us. */
    const int16_t *flow_x, *flow_y;
    const uint8_t *flow_sure; /* 0: nothing known (no texture, or found nowhere), 255: sure */
    /* VG_MAPS_FLAME */
    const uint8_t *warm;    /* how much it has the colour and brightness of a flame, or is white
                               beside such pixels: 0 no, 255 fully */
    const uint8_t *flicker; /* how much its brightness has gone up and down in the last second:
                               levels between the turns, summed up (64 each and 255 in all at most);
                               what passes once counts twice at most */
};

#define VG_MAPS_KEEPS_NEW_S 600
#define VG_MAPS_STAYS_US    (VG_US_PER_S / 4)

#endif
