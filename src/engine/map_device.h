/* What of an engine makes the maps of flux (map_flux.h): kernels, and what they are told of a batch.
 * Inside of src/engine only; belongs to the device's thread. */
#ifndef VG_ENGINE_MAP_DEVICE_H
#define VG_ENGINE_MAP_DEVICE_H

#include <CL/cl.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernels/flow_layout.h"
#include "kernels/kernel_list.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/engine/map_flux.h"
#include "src/engine/runner.h"
#include "src/maps/maps_course.h"

struct vg_map_flux {
    struct vg_map_device *device;
    struct vg_map_flux *next; /* of those that rest */
    struct vg_maps_course course;
    size_t piece_bytes;
    cl_mem piece;         /* map_kernels.h; NULL: it had no batch yet */
    uint32_t rooms, used; /* used: jobs of the batch */
    size_t room_bytes;
    uint8_t *sheets;      /* room_bytes each */
    struct vg_maps *maps; /* of each room */
    bool proven;          /* a batch with its piece was answered */
    bool lost;            /* the device makes none of it any more */
};

/* Builds the kernels and runs each once. runner: open, borrowed until close. VG_E_MEMORY,
 * VG_E_DEVICE. */
enum vg_status vg_map_device_open(struct vg_map_device **device, struct vg_runner *runner,
                                  struct vg_fault *fault) VG_MUST_USE;
void vg_map_device_close(struct vg_map_device **device);

/* Flux that are closed rest here: taken and given by any thread. NULL: none of the kind rests. */
struct vg_map_flux *vg_map_device_take(struct vg_map_device *device, size_t piece_bytes,
                                       uint32_t rooms);
void vg_map_device_rest(struct vg_map_device *device, struct vg_map_flux *flux);

/* With the piece, which calls the driver. */
void vg_map_flux_free(struct vg_map_flux *flux);

/* Enqueues the maps of those jobs that want some, the flux's in their order, behind the staging of
 * their pictures: staged[i] says where jobs[i]'s lies, all of it. What was enqueued is done when a
 * later command of the queue is. Once the device was given up, nothing is enqueued, and the flux are
 * told. */
enum vg_status vg_map_device_enqueue(struct vg_map_device *device, const struct vg_job *jobs,
                                     const struct vg_device_job *staged, uint32_t count,
                                     struct vg_fault *fault) VG_MUST_USE;

/* The launches of the maps with their events, given: for times. */
#define VG_MAP_WATCH_MAX (3 + VG_FLOW_LAUNCHES)
struct vg_map_watch {
    uint32_t count;
    enum vg_kernel kernel[VG_MAP_WATCH_MAX];
    cl_event event[VG_MAP_WATCH_MAX]; /* NULL: it was not launched */
};
/* From now on each launch of a batch of one job is noted in *watch, whose count the owner sets back
 * to 0 before the next batch. Borrowed until NULL is given. */
void vg_map_device_watch(struct vg_map_device *device, struct vg_map_watch *watch);

/* The batch of these jobs was answered. */
void vg_map_device_trust(struct vg_map_device *device, const struct vg_job *jobs, uint32_t count);

/* The batch of these jobs failed. Whether it may be by its maps: a launch of them did, or a flux is in
 * it whose maps were never made before (drivers that give memory at its first use refuse it there).
 * They are given up then, for all flux and for ever; the same batch is to be tried without them. */
bool vg_map_device_blame(struct vg_map_device *device, const struct vg_job *jobs, uint32_t count);

/* Whether they were given up; any thread. */
bool vg_map_device_lost(const struct vg_map_device *device);

#endif
