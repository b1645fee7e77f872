/* DATA/state/ID.view: the view that a flux is to have, and which camera it was taken of.
 *
 *   "VGSIGHT1" | u64 source | u64 confirmed | reference (view_reference.h)
 *
 * Little-endian. source and confirmed: the configuration's versions at which the flux's address
 * was last changed and its view last confirmed. Pure, any thread. */
#ifndef VG_SCHEDULER_SIGHT_FILE_H
#define VG_SCHEDULER_SIGHT_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/vision/view_reference.h"

#define VG_SIGHT_FILE_HEAD  24
#define VG_SIGHT_FILE_BYTES (VG_SIGHT_FILE_HEAD + VG_VIEW_REFERENCE_BYTES)

struct vg_sight_file {
    uint64_t source, confirmed;
    const uint8_t *reference; /* VG_VIEW_REFERENCE_BYTES, borrowed; not looked into here */
};

/* Writes the head; the reference goes behind it, by whoever has it. */
void vg_sight_file_head(const struct vg_sight_file *file, uint8_t head[VG_SIGHT_FILE_HEAD]);

/* Points into `bytes`. VG_E_INPUT: not such bytes. */
enum vg_status vg_sight_file_parse(const uint8_t *bytes, size_t size,
                                   struct vg_sight_file *file) VG_MUST_USE;

#endif
