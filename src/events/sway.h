/* How far the view stands beside its background: a camera that wind or a lorry shakes. Inside of
 * src/events only. Pure. */
#ifndef VG_EVENTS_SWAY_H
#define VG_EVENTS_SWAY_H

#include "src/maps/maps.h"

#define VG_SWAY_MOST 8 /* map pixels: 4 % of the longer side; who shakes more shows another view */

struct vg_sway {
    int32_t x, y; /* map pixels; of the picture against the background; 0 where nothing tells */
};

/* maps: with VG_MAPS_GROUND. */
struct vg_sway vg_sway_of(const struct vg_maps *maps);

#endif
