/* Connected regions of a map, and how they stand out: what events about things share. Bounded work
 * whatever the map holds. Pure; inside of src/events only. */
#ifndef VG_EVENTS_THING_H
#define VG_EVENTS_THING_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/geometry.h"
#include "src/maps/maps.h"

#define VG_MAP_PIXELS_MAX (VG_MAPS_SIDE_MAX * VG_MAPS_SIDE_MAX)
/* Of one picture, in the order of rows: a map with more of them shows noise. */
#define VG_BLOBS_MAX 254

/* Map pixels, the last ones included. */
struct vg_span {
    int32_t left, top, right, bottom;
};

struct vg_blob {
    struct vg_span span;
    uint32_t area;
    uint32_t sum_x, sum_y; /* of its pixels: over area, the centroid */
};

struct vg_blobs {
    uint32_t count, dropped;
    struct vg_blob blob[VG_BLOBS_MAX];
    uint8_t mark[VG_MAP_PIXELS_MAX];   /* put in: not 0 where a region may be */
    uint8_t label[VG_MAP_PIXELS_MAX];  /* taken out: 0 or 1 + index of the blob */
    uint16_t queue[VG_MAP_PIXELS_MAX]; /* room for the search */
};

/* Finds the regions of marked pixels (neighbours by sides and corners) of `least` pixels or more. */
void vg_blobs_find(struct vg_blobs *blobs, const struct vg_maps_size *size, uint32_t least);

/* How a blob stands out from what is 2 pixels outside of its border, mean difference of the three
 * planes together: in the picture, and in the long background. A thing that was put down has a
 * border of its own in the picture; where one was taken away it is in the background; light has it
 * in neither. What has changed changes at a thing's border at once (`step`, mean) as much as within
 * (`inner`; 0: it is all border), at the border of a light little by little. Needs VG_MAPS_GROUND. */
struct vg_border {
    uint32_t pairs;
    double now, before, step, inner;
};
struct vg_border vg_blob_border(const struct vg_blobs *blobs, uint32_t index,
                                const struct vg_maps *maps);

int32_t vg_span_width(struct vg_span span);
int32_t vg_span_height(struct vg_span span);
/* Pixels in both. */
int32_t vg_span_common(struct vg_span a, struct vg_span b);
/* Intersection over union. */
double vg_span_iou(struct vg_span a, struct vg_span b);
/* In pixels of the picture, clipped to it. */
struct vg_box vg_span_box(struct vg_span span, const struct vg_maps_size *size, uint32_t width,
                          uint32_t height);

#endif
