/* A pinned plan: the file that a user names with --plan says which kernels are taken, and nothing
 * else does. So it must speak of this device, and of every choice that the plan has. Pure. */
#ifndef VG_ENGINE_PLAN_PIN_H
#define VG_ENGINE_PLAN_PIN_H

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/engine/plan.h"
#include "src/engine/tune_file.h"

/* Whether the file was made on this device with this driver. file: its name, for messages.
 * VG_E_INPUT. */
enum vg_status vg_plan_pin_device(const struct vg_tune *pin, const char *device, const char *driver,
                                  const char *file, struct vg_fault *fault) VG_MUST_USE;

/* Whether `plan`, which was made with `pin`, took what it says: a line for each need (of another
 * batch is good enough), whose kernel is taken wherever it fits. VG_E_INPUT, need and node named. */
enum vg_status vg_plan_pin_check(const struct vg_plan *plan, const struct vg_tune *pin,
                                 const char *file, struct vg_fault *fault) VG_MUST_USE;

#endif
