/* A plan as one program and one launch, for processors (kernels/persistent.cl).
 *
 * Launched one by one, steps of 20 to 1000 us lose time twice at each step: a thread of the device
 * has to be woken, 30 to 50 us on a virtual machine, and the others wait for the slowest
 * (docs/decisions/0027). Here the threads stay from the first step to the last.
 *
 * Each kernel becomes a function that makes a range of its items: its own source between two
 * pieces of text, compiled with the options of the step and linked with the others. Kernels have
 * to do nothing for it, but their groups must not need barriers.
 * Belongs to the device's thread. */
#ifndef VG_ENGINE_PERSISTENT_PLAN_H
#define VG_ENGINE_PERSISTENT_PLAN_H

#include <CL/cl.h>
#include <stdbool.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/engine/plan.h"
#include "src/engine/program.h"

struct vg_persistent {
    cl_kernel kernel; /* NULL: none, the steps are launched one by one */
    cl_mem steps, counters;
    uint32_t workers;
    cl_int turn;
};

/* Where the buffers of the kernels' arguments are. */
struct vg_persistent_memory {
    cl_mem arena, weights, scratch, pixels, jobs, classes, counts, candidates;
};

/* Whether the plan runs so on this device: on processors, by their own kernels. */
bool vg_persistent_suits(const struct vg_device *device, const struct vg_plan *plan);

/* Compiles and links, or takes from the programs' cache. VG_E_DEVICE (the compiler refuses a
 * kernel, or cannot link), VG_E_MEMORY. */
enum vg_status vg_persistent_build(struct vg_persistent *persistent, struct vg_programs *programs,
                                   const struct vg_plan *plan, struct vg_fault *fault) VG_MUST_USE;

/* Makes its buffers; after build, once the runner's own stand. VG_E_DEVICE, VG_E_MEMORY. */
enum vg_status vg_persistent_open(struct vg_persistent *persistent, const struct vg_device *device,
                                  const struct vg_plan *plan,
                                  const struct vg_persistent_memory *memory,
                                  struct vg_fault *fault) VG_MUST_USE;

/* All zero is allowed. */
void vg_persistent_close(struct vg_persistent *persistent);

/* Enqueues steps first .. end - 1 as one launch; event given when not NULL. An OpenCL code. */
cl_int vg_persistent_enqueue(struct vg_persistent *persistent, cl_command_queue queue,
                             const struct vg_plan *plan, uint32_t first, uint32_t end,
                             uint32_t pictures, cl_event *event) VG_MUST_USE;

#endif
