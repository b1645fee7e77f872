/* What the device thread asks of whatever answers its batches: a table of functions. In operation
 * that is the engine. */
#ifndef VG_SCHEDULER_DEVICE_UNIT_H
#define VG_SCHEDULER_DEVICE_UNIT_H

#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/base/sha256.h"
#include "src/engine/engine.h"

/* All are called with `self`, by the device thread alone but for what never changes: name. They
 * promise what the functions of the engine do that are called so. */
struct vg_device_unit {
    void *self; /* borrowed */
    enum vg_status (*run)(void *self, const struct vg_job *jobs, uint32_t count,
                          struct vg_answer *answers, struct vg_fault *fault);
    /* vg_engine_run_gated; NULL: it has no gate, all goes through the net */
    enum vg_status (*run_gated)(void *self, const struct vg_job *jobs, uint32_t count,
                                struct vg_engine_gate *gate, struct vg_answer *answers,
                                struct vg_fault *fault);
    struct vg_engine_times (*last_times)(const void *self);
    enum vg_status (*weights_digest)(void *self, uint8_t digest[VG_SHA256_BYTES],
                                     struct vg_fault *fault);
    const char *(*name)(const void *self);
    const char *precision, *plan; /* static, or as long as self: what alerts say of it */
};

/* The engine as one; borrowed. */
struct vg_device_unit vg_device_unit_engine(struct vg_engine *engine);

#endif
