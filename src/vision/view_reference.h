/* The view that a flux is to have, as bytes that outlive the process:
 *
 *   "VGVIEWRF" | u32 version, 1 | u32 width, 320 | u32 height, 240 | u32 0
 *   | anchor, 76 800 bytes of grey | view, the same | SHA-256 of all before
 *
 * Numbers are little-endian. The anchor is the view as it was taken or confirmed, the view the
 * same in today's light. Pure, any thread. */
#ifndef VG_VISION_VIEW_REFERENCE_H
#define VG_VISION_VIEW_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/sha256.h"
#include "src/vision/view_thumb.h"

#define VG_VIEW_REFERENCE_HEAD  24
#define VG_VIEW_REFERENCE_BYTES (VG_VIEW_REFERENCE_HEAD + 2 * VG_VIEW_PIXELS + VG_SHA256_BYTES)

struct vg_view_reference {
    const uint8_t *anchor, *view; /* VG_VIEW_PIXELS each, borrowed */
};

void vg_view_reference_pack(const struct vg_view_reference *reference,
                            uint8_t bytes[VG_VIEW_REFERENCE_BYTES]);

/* Points into `bytes`. VG_E_INPUT: not such bytes, another version, a wrong size;
 * VG_E_INTEGRITY: damaged. Then *reference is NULLs. */
enum vg_status vg_view_reference_parse(const uint8_t *bytes, size_t size,
                                       struct vg_view_reference *reference) VG_MUST_USE;

#endif
