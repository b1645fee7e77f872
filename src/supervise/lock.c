/* A POSIX record lock: of this process alone (children do not inherit it), and it can be asked
 * who holds it. */
#include "src/supervise/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "src/base/file.h"
#include "src/base/text.h"

enum {
    ROOM_BYTES = 1 << 20
}; /* a disk with less is full for a server */

static enum vg_status refused(const char *path, int error, struct vg_fault *fault)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
        return vg_fault_set(fault, VG_E_LACK, N_("the disk is full"),
                            N_("free some space or choose another data folder"), "%s", path);
    case EACCES:
    case EPERM:
    case EROFS:
        return vg_fault_set(fault, VG_E_LACK, N_("the data folder cannot be written"),
                            N_("give this user the right, or choose another data folder"), "%s",
                            path);
    default:
        return vg_fault_set(fault, VG_E_IO, N_("the lock of the data folder cannot be taken"),
                            N_("check its rights and its disk"), "%s (errno %d)", path, error);
    }
}

static enum vg_status take(int fd, const char *path, struct vg_fault *fault)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_SETLK, &lock) == 0)
        return VG_OK;
    if (errno != EACCES && errno != EAGAIN)
        return refused(path, errno, fault);
    long holder = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? (long)lock.l_pid : 0;
    return vg_fault_set(fault, VG_E_LACK, N_("another server uses this data folder"),
                        N_("stop it first, or choose another data folder"), "%s (#%ld)", path,
                        holder);
}

/* Room enough to start at all. */
static enum vg_status make_room(int fd, const char *path, struct vg_fault *fault)
{
    int error = posix_fallocate(fd, 0, ROOM_BYTES);
    if (error != 0 && error != EOPNOTSUPP && error != EINVAL)
        return refused(path, error, fault);
    return ftruncate(fd, 0) == 0 ? VG_OK : refused(path, errno, fault);
}

enum vg_status vg_lock_describe(int fd, const char *listen, struct vg_fault *fault)
{
    char text[512];
    int size = snprintf(text, sizeof text, "{\"process\":%ld,\"listen\":\"%s\"}\n", (long)getpid(),
                        listen);
    if (size < 0 || (size_t)size >= sizeof text)
        return refused(VG_LOCK_FILE, ENAMETOOLONG, fault);
    if (pwrite(fd, text, (size_t)size, 0) != (ssize_t)size || fsync(fd) != 0)
        return refused(VG_LOCK_FILE, errno, fault);
    return VG_OK;
}

enum vg_status vg_lock_take(const char *data, int *fd, struct vg_fault *fault)
{
    char path[512];
    *fd = -1;
    if (vg_path_join(path, sizeof path, data, VG_LOCK_FILE) != VG_OK)
        return vg_fault_set(fault, VG_E_INPUT, N_("the data folder's path is too long"), NULL, "%s",
                            data);
    enum vg_status status = vg_folder_make(data, fault);
    if (status != VG_OK)
        return status;
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        return refused(path, errno, fault);
    status = take(lock, path, fault);
    if (status == VG_OK)
        status = make_room(lock, path, fault);
    if (status != VG_OK) {
        (void)close(lock);
        return status;
    }
    *fd = lock;
    return VG_OK;
}
