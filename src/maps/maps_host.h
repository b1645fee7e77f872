/* The maps computed on the host by the kernels' twins: for tests and for tuning, the same bits as
 * on a device. One thread at a time. */
#ifndef VG_MAPS_MAPS_HOST_H
#define VG_MAPS_MAPS_HOST_H

#include "src/base/attr.h"
#include "src/base/status.h"
#include "src/maps/maps.h"
#include "src/media/picture.h"

struct vg_maps_host;

/* For one flux. set: of enum vg_maps_set. Memory for maps of any size is taken here, and none later.
 * *host given; vg_maps_host_close it. VG_E_MEMORY. */
enum vg_status vg_maps_host_open(struct vg_maps_host **host, uint32_t set) VG_MUST_USE;
void vg_maps_host_close(struct vg_maps_host **host);

/* The maps of the next picture (even sides, as all pictures have), borrowed until the next step. A new
 * epoch or size, or a time that goes back, starts anew. */
const struct vg_maps *vg_maps_host_step(struct vg_maps_host *host, const struct vg_picture *picture,
                                        struct vg_media_time time);

#endif
