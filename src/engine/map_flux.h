/* The maps of src/maps/maps.h of one flux, made by an engine's device from the pictures that are
 * staged there anyway: the same bits as by maps_host.h.
 *
 *   vg_map_flux_open for each flux -> its vg_job.maps -> vg_engine_run -> vg_map_flux_maps
 *
 * Its memory (map_kernels.h) stays on the device; what events read of it comes back with the batch's
 * answers, into the flux's own rooms. */
#ifndef VG_ENGINE_MAP_FLUX_H
#define VG_ENGINE_MAP_FLUX_H

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/engine/engine.h"
#include "src/maps/maps.h"

/* set: of enum vg_maps_set, 0: the small picture alone; rooms: jobs that one batch may have of the flux. device: of
 * vg_engine_maps, which outlives the flux. Any thread. VG_E_MEMORY (of the device, too), VG_E_DEVICE. */
enum vg_status vg_map_flux_open(struct vg_map_flux **flux, const struct vg_map_device *device,
                                uint32_t set, uint32_t rooms) VG_MUST_USE;
/* Not while a batch of it is under way. */
void vg_map_flux_close(struct vg_map_flux **flux);

/* Those of the flux's job number `room` in the batch that was answered last, borrowed until its
 * next batch. NULL: the device has failed in making them and makes none any more; the host is to,
 * from this very picture on (maps_host.h). */
const struct vg_maps *vg_map_flux_maps(const struct vg_map_flux *flux, uint32_t room);

#endif
