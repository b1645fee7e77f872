/* The twin of kernels/map_flow.cl. Pure, any thread. */
#ifndef VG_KERNELS_TWINS_MAP_FLOW_TWIN_H
#define VG_KERNELS_TWINS_MAP_FLOW_TWIN_H

#include "kernels/flow_layout.h"

/* One launch, all its work. before, now: the maps' memory; scratch aligned to 64 bytes. */
void vg_twin_map_flow_step(const uint8_t *before, const uint8_t *now, uint8_t *scratch,
                           uint8_t *out, const struct vg_flow_sizes *sizes);

/* The whole: from maps of width x height to flow_x, flow_y and sure of their cells, as
 * src/maps/maps.h has them. scratch: VG_FLOW_SCRATCH_BYTES, aligned to 64, with anything in it. */
struct vg_flow_planes {
    int16_t *flow_x, *flow_y;
    uint8_t *sure;
};
void vg_twin_map_flow(const uint8_t *before, const uint8_t *now, vg_i32 width, vg_i32 height,
                      uint8_t *scratch, const struct vg_flow_planes *planes);

#endif
