/* Files that come from outside, read whole: a source model's graph and weights, a descriptor, a
 * model file. Too large is a refused input here, not a bound of ours. */
#ifndef VG_MODELS_SOURCE_FILE_H
#define VG_MODELS_SOURCE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

struct vg_source_bytes {
    uint8_t *data; /* owned; NULL at first */
    size_t size;
};

/* Appends the file at `path`; the sum is at most `limit` bytes. On failure bytes is unchanged.
 * VG_E_INPUT (too large, not a file), VG_E_MISSING, VG_E_IO, VG_E_MEMORY. */
enum vg_status vg_source_append(struct vg_source_bytes *bytes, const char *path, size_t limit,
                                struct vg_fault *fault) VG_MUST_USE;

void vg_source_release(struct vg_source_bytes *bytes);

#endif
