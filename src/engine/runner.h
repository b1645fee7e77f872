/* A plan on a device: its buffers, its kernels with their arguments set, and running a part of
 * its steps. Belongs to the device's thread; allocates nothing of ours after open. */
#ifndef VG_ENGINE_RUNNER_H
#define VG_ENGINE_RUNNER_H

#include <CL/cl.h>
#include <stddef.h>
#include <stdint.h>

#include "models/model.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/engine/device.h"
#include "src/engine/plan.h"
#include "src/engine/program.h"

struct vg_runner {
    struct vg_device device;
    struct vg_programs programs;
    const struct vg_plan *plan; /* borrowed until close */
    cl_kernel *kernel;          /* one for each step */
    uint32_t pictures;          /* for which the steps' sizes are set */
    cl_mem arena, weights, scratch, pixels, jobs, classes, counts, candidates;
    uint64_t pixels_bytes;
};

/* Makes the buffers on `device` (taken: closed with the runner, also when this fails), packs
 * and uploads the weights, builds the kernels and runs each once, so that nothing is compiled
 * later. pixels_bytes: room for the staged pictures of a batch.
 * VG_E_MEMORY, VG_E_DEVICE, VG_E_FULL. */
enum vg_status vg_runner_open(struct vg_runner *runner, struct vg_device device,
                              const struct vg_model *model, const struct vg_plan *plan,
                              uint64_t pixels_bytes, struct vg_fault *fault) VG_MUST_USE;
void vg_runner_close(struct vg_runner *runner);

/* Enqueues steps first..end - 1 for `pictures` pictures. event: given for the last step when
 * not NULL. */
enum vg_status vg_runner_enqueue(struct vg_runner *runner, uint32_t first, uint32_t end,
                                 uint32_t pictures, cl_event *event,
                                 struct vg_fault *fault) VG_MUST_USE;

/* Enqueues a part of a boxes step alone: of `picture` the cells from `first` (whole groups), after
 * its count is set to 0. The outputs of the net must still stand in the arena. */
enum vg_status vg_runner_enqueue_strip(struct vg_runner *runner, uint32_t index, uint32_t picture,
                                       uint32_t first, uint32_t cells,
                                       struct vg_fault *fault) VG_MUST_USE;

enum vg_status vg_runner_finish(struct vg_runner *runner, struct vg_fault *fault) VG_MUST_USE;

#endif
