/* Small files of /sys and /proc: one value, or a line. */
#ifndef VG_ENERGY_SYS_FILE_H
#define VG_ENERGY_SYS_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

/* The text of `path` without its last line feed. VG_E_MISSING, VG_E_DENIED, VG_E_IO (as when the
 * thing was unplugged), VG_E_FULL; the place is the path. Does not wait but for the driver. */
enum vg_status vg_sys_text(const char *path, char *text, size_t size,
                           struct vg_fault *fault) VG_MUST_USE;

/* Its whole number, not negative. VG_E_INPUT besides: it is none. */
enum vg_status vg_sys_number(const char *path, uint64_t *number,
                             struct vg_fault *fault) VG_MUST_USE;

#endif
