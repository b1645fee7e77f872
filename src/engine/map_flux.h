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

/* set: of enum vg_maps_set, 0: the small picture alone; rooms: jobs that one batch may have of the flux.
 * device: of vg_engine_maps, which outlives the flux. Any thread; no call of the driver, which may hang:
 * what the device has to give it gets with its first batch. VG_E_MEMORY (the host's), VG_E_DEVICE (it
 * makes no maps any more). */
enum vg_status vg_map_flux_open(struct vg_map_flux **flux, struct vg_map_device *device,
                                uint32_t set, uint32_t rooms) VG_MUST_USE;
/* What it has rests at the device for the next flux of its kind, and is given back with the device. Any
 * thread; no call of the driver. Not while a batch of it is under way, unless no flux is opened at the
 * device any more: a call that hangs may come back, and write. */
void vg_map_flux_close(struct vg_map_flux **flux);

/* Those of the flux's job number `room` in the batch that was answered last, borrowed until its
 * next batch. NULL: the device has failed in making them, or has no memory for them, and makes none of
 * it any more; the host is to, from this very picture on (maps_host.h). */
const struct vg_maps *vg_map_flux_maps(const struct vg_map_flux *flux, uint32_t room);

#endif
