/* Sees to it that analysis works with the model that was put into service (E131: nothing learns in
 * operation). At start the model's digest is compared with that of the last start of a model of its
 * name; state/model holds one line for each name. Then a thread compares the file with what was loaded, every hour. A file that was
 * changed is told and not used: the device holds what was loaded. */
#ifndef VG_SCHEDULER_MODEL_GUARD_H
#define VG_SCHEDULER_MODEL_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "models/model.h"
#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_MODEL_GUARD_EVERY_S 3600

enum vg_model_change {
    VG_MODEL_MAY_CHANGE, /* setting up, dry run: another file than last time is logged and taken */
    VG_MODEL_MUST_STAY   /* operation: it is refused */
};

/* Compares with the last start of a model of this name, and keeps the digest for the next one.
 * VG_E_INTEGRITY: it is another (both digests in the place), or the record is damaged or cannot be
 * read, which out of operation is logged; VG_E_IO, VG_E_LACK, VG_E_FULL: it cannot be kept. */
enum vg_status vg_model_guard_admit(const char *data, const struct vg_model *model,
                                    enum vg_model_change change,
                                    struct vg_fault *fault) VG_MUST_USE;

struct vg_beat; /* src/base/beat.h */
struct vg_model_guard;

struct vg_model_guard_settings {
    const char *path; /* of the model's file; borrowed until close */
    uint8_t digest[VG_SHA256_BYTES];
    uint32_t every_s; /* 0: VG_MODEL_GUARD_EVERY_S */
};

/* VG_E_MEMORY, VG_E_LACK (no thread). */
enum vg_status vg_model_guard_open(struct vg_model_guard **guard,
                                   const struct vg_model_guard_settings *settings) VG_MUST_USE;
void vg_model_guard_close(struct vg_model_guard **guard);

/* Busy with one comparison; for the watchdog. */
struct vg_beat *vg_model_guard_beat(struct vg_model_guard *guard);

/* What the last comparison said; true before the first. Any thread. */
bool vg_model_guard_intact(const struct vg_model_guard *guard);
/* Comparisons made. Any thread. */
uint64_t vg_model_guard_checks(const struct vg_model_guard *guard);

#endif
