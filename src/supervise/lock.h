/* One server per data folder: a lock on DATA/vigie.lock that ends with the process.
 *
 * The file says who holds it: {"process":123,"listen":"127.0.0.1:8443"}, for people and for
 * tools that gave port 0. */
#ifndef VG_SUPERVISE_LOCK_H
#define VG_SUPERVISE_LOCK_H

#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_LOCK_FILE "vigie.lock"

/* Makes the folder if there is none and takes the lock. *fd: the lock, given; closing it (or any
 * other descriptor of that file in this process) gives it back.
 * VG_E_LACK: held by another server (place names its process), folder not writable, disk
 * full. VG_E_IO. */
enum vg_status vg_lock_take(const char *data, int *fd, struct vg_fault *fault) VG_MUST_USE;

/* Writes who holds it. VG_E_LACK (disk full), VG_E_IO. */
enum vg_status vg_lock_describe(int fd, const char *listen, struct vg_fault *fault) VG_MUST_USE;

#endif
