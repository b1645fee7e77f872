#include "src/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/text.h"

static enum vg_status io_fault(struct vg_fault *fault, const char *what, const char *path)
{
    const int e = errno;
    char reason[128];
    if (strerror_r(e, reason, sizeof reason) != 0)
        (void)snprintf(reason, sizeof reason, "errno %d", e);
    if (e == ENOENT)
        return vg_fault_set(fault, VG_E_MISSING, N_("the file is not there"), N_("check its name"),
                            "%s", path);
    if (e == ENOSPC || e == EDQUOT)
        return vg_fault_set(fault, VG_E_LACK, N_("the disk is full"), N_("make room on it"), "%s",
                            path);
    return vg_fault_set(fault, VG_E_IO, what, N_("check its rights and its disk"), "%s (%s)", path,
                        reason);
}

enum vg_status vg_fd_write(int fd, const void *data, size_t size)
{
    const unsigned char *p = data;
    while (size > 0) {
        const ssize_t n = write(fd, p, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == ENOSPC || errno == EDQUOT ? VG_E_LACK : VG_E_IO;
        p += n;
        size -= (size_t)n;
    }
    return VG_OK;
}

enum vg_status vg_fd_read(int fd, void *data, size_t size, size_t *done)
{
    unsigned char *p = data;
    *done = 0;
    while (*done < size) {
        const ssize_t n = read(fd, p + *done, size - *done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return VG_E_IO;
        if (n == 0)
            break;
        *done += (size_t)n;
    }
    return VG_OK;
}

static enum vg_status read_open_file(int fd, const char *path, size_t limit, uint8_t **data,
                                     size_t *size, struct vg_fault *fault)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return io_fault(fault, N_("the file cannot be read"), path);
    if (!S_ISREG(st.st_mode))
        return vg_fault_set(fault, VG_E_INPUT, N_("not a file"), N_("check its name"), "%s", path);
    if ((uint64_t)st.st_size > limit)
        return vg_fault_set(fault, VG_E_FULL, N_("the file is too large"), NULL, "%s (%lld > %zu)",
                            path, (long long)st.st_size, limit);
    uint8_t *bytes = vg_alloc((size_t)st.st_size + 1);
    if (!bytes)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", path);
    if (vg_fd_read(fd, bytes, (size_t)st.st_size, size)) {
        vg_free(bytes);
        return io_fault(fault, N_("the file cannot be read"), path);
    }
    *data = bytes;
    return VG_OK;
}

enum vg_status vg_file_read(const char *path, size_t limit, uint8_t **data, size_t *size,
                            struct vg_fault *fault)
{
    *data = NULL;
    *size = 0;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return io_fault(fault, N_("the file cannot be read"), path);
    const enum vg_status status = read_open_file(fd, path, limit, data, size, fault);
    (void)close(fd);
    return status;
}

/* Syncs the folder that holds `path`, so that a rename in it survives a power cut. */
static enum vg_status sync_folder_of(const char *path)
{
    char dir[4096];
    (void)snprintf(dir, sizeof dir, "%s", path);
    char *slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir] = '\0';
    const int fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return VG_E_IO;
    const int failed = fsync(fd);
    (void)close(fd);
    return failed ? VG_E_IO : VG_OK;
}

enum vg_status vg_file_write(const char *path, const void *data, size_t size, unsigned mode,
                             enum vg_file_sync sync, struct vg_fault *fault)
{
    char part[4096];
    if ((size_t)snprintf(part, sizeof part, "%s.%ld.part", path, (long)getpid()) >= sizeof part)
        return vg_fault_set(fault, VG_E_CALL, N_("the path is too long"), NULL, "%s", path);
    const int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t)mode);
    if (fd < 0)
        return io_fault(fault, N_("the file cannot be written"), path);
    enum vg_status status = vg_fd_write(fd, data, size);
    if (!status && sync != VG_FILE_PLAIN && fsync(fd) != 0)
        status = VG_E_IO;
    const int error = errno;
    if (close(fd) != 0 && !status)
        status = VG_E_IO;
    if (!status && rename(part, path) != 0)
        status = VG_E_IO;
    if (!status && sync == VG_FILE_SYNCED)
        status = sync_folder_of(path);
    if (status) {
        if (error)
            errno = error;
        (void)io_fault(fault, N_("the file cannot be written"), path);
        (void)unlink(part);
        return fault ? fault->status : status;
    }
    return VG_OK;
}

/* Whatever the reason, what should be kept cannot be kept there: the machine lacks a place. */
static enum vg_status folder_fault(struct vg_fault *fault, const char *what, const char *path)
{
    if (errno == ENOSPC || errno == EDQUOT)
        return io_fault(fault, what, path);
    return vg_fault_set(fault, VG_E_LACK, what,
                        N_("check its rights and its disk, or choose another folder"), "%s", path);
}

enum vg_status vg_folder_make(const char *path, struct vg_fault *fault)
{
    char dir[4096];
    if ((size_t)snprintf(dir, sizeof dir, "%s", path) >= sizeof dir)
        return vg_fault_set(fault, VG_E_CALL, N_("the path is too long"), NULL, "%s", path);
    for (char *p = dir + 1;; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        const char kept = *p;
        *p = '\0';
        if (mkdir(dir, 0700) != 0 && errno != EEXIST)
            return folder_fault(fault, N_("the folder cannot be made"), dir);
        *p = kept;
        if (kept == '\0')
            break;
    }
    if (!vg_folder_exists(path))
        return vg_fault_set(fault, VG_E_LACK, N_("not a folder"), N_("check its name"), "%s", path);
    if (access(path, W_OK | X_OK) != 0)
        return folder_fault(fault, N_("the folder cannot be written"), path);
    return VG_OK;
}

enum vg_status vg_path_join(char *path, size_t size, const char *dir, const char *name)
{
    const int n = snprintf(path, size, "%s/%s", dir, name);
    return n < 0 || (size_t)n >= size ? VG_E_FULL : VG_OK;
}

bool vg_file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool vg_folder_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}
