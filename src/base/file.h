/* Whole files and folders. Any thread. Messages name the path. */
#ifndef VG_BASE_FILE_H
#define VG_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

/* Reads `path` whole into *data (given, one zero byte more than *size, vg_free it).
 * VG_E_MISSING, VG_E_IO, VG_E_FULL (larger than limit), VG_E_MEMORY. */
enum vg_status vg_file_read(const char *path, size_t limit, uint8_t **data, size_t *size,
                            struct vg_fault *fault) VG_MUST_USE;

enum vg_file_sync {
    VG_FILE_PLAIN, /* after a power cut there may be an empty file */
    VG_FILE_WHOLE, /* ... the old content or the new one */
    VG_FILE_SYNCED /* ... the new one */
};

/* Writes `path` whole by a temporary file beside it and a rename: the old content or the new
 * one, never a part. VG_FILE_SYNCED also syncs file and folder: it survives a power cut.
 * mode: permission bits such as 0644. VG_E_IO, VG_E_LACK (disk full). */
enum vg_status vg_file_write(const char *path, const void *data, size_t size, unsigned mode,
                             enum vg_file_sync sync, struct vg_fault *fault) VG_MUST_USE;

/* Makes the folder and those above it, mode 0700 for new ones. VG_E_LACK: it cannot be made or
 * written, whatever the reason. */
enum vg_status vg_folder_make(const char *path, struct vg_fault *fault) VG_MUST_USE;

/* "dir/name" into path; VG_E_FULL when it does not fit. */
enum vg_status vg_path_join(char *path, size_t size, const char *dir, const char *name) VG_MUST_USE;

bool vg_file_exists(const char *path);
bool vg_folder_exists(const char *path);

/* write(2) and read(2) until all is done or it fails; read stops early at the end of file and
 * *done says how far it came. */
enum vg_status vg_fd_write(int fd, const void *data, size_t size) VG_MUST_USE;
enum vg_status vg_fd_read(int fd, void *data, size_t size, size_t *done) VG_MUST_USE;

#endif
