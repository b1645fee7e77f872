/* The maps of src/maps/maps.h made by an engine's device, from the pictures that are staged there
 * anyway: the same bits as by maps_host.h.
 *
 *   vg_map_flux_open for each flux -> its vg_job.maps -> vg_engine_run -> vg_map_flux_maps
 *
 * A flux's memory (map_kernels.h) stays on the device; what events read of it comes back with the
 * batch's answers, into the flux's own rooms. Kernels, and what they are told of a batch, are the
 * engine's: belong to the device's thread. */
#ifndef VG_ENGINE_MAP_DEVICE_H
#define VG_ENGINE_MAP_DEVICE_H

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/engine/engine.h"
#include "src/engine/runner.h"
#include "src/maps/maps.h"

struct vg_map_device;
struct vg_map_flux;

/* ---- of a flux ---- */

/* Memory for the maps of a flux. set: of enum vg_maps_set; rooms: jobs that one batch may have of
 * it. device: of vg_engine_maps, which outlives the flux. Any thread. VG_E_MEMORY, VG_E_DEVICE. */
enum vg_status vg_map_flux_open(struct vg_map_flux **flux, const struct vg_map_device *device,
                                uint32_t set, uint32_t rooms) VG_MUST_USE;
/* Not while a batch of it is under way. */
void vg_map_flux_close(struct vg_map_flux **flux);

/* Those of the flux's job number `room` in the batch that was answered last, borrowed until its
 * next batch. */
const struct vg_maps *vg_map_flux_maps(const struct vg_map_flux *flux, uint32_t room);

/* ---- of the engine ---- */

/* Builds the kernels and runs each once. runner: open, borrowed until close. VG_E_MEMORY,
 * VG_E_DEVICE. */
enum vg_status vg_map_device_open(struct vg_map_device **device, struct vg_runner *runner,
                                  struct vg_fault *fault) VG_MUST_USE;
void vg_map_device_close(struct vg_map_device **device);

/* Enqueues the maps of those jobs that want some, the flux's in their order, behind the staging of
 * their pictures: staged[i] says where jobs[i]'s lies, all of it. What was enqueued is done when a
 * later command of the queue is. */
enum vg_status vg_map_device_enqueue(struct vg_map_device *device, const struct vg_job *jobs,
                                     const struct vg_device_job *staged, uint32_t count,
                                     struct vg_fault *fault) VG_MUST_USE;

#endif
