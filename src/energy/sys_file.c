#include "src/energy/sys_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/file.h"
#include "src/base/text.h"

static enum vg_status of_errno(const char *path, int number, struct vg_fault *fault)
{
    if (number == EACCES || number == EPERM)
        return vg_fault_set(fault, VG_E_DENIED, N_("the meter may not be read"),
                            N_("give the service the right to: see docs/energie.md"), "%s", path);
    if (number == ENOENT || number == ENODEV || number == ENXIO)
        return vg_fault_set(fault, VG_E_MISSING, N_("the meter is not there"), NULL, "%s", path);
    return vg_fault_set(fault, VG_E_IO, N_("the meter does not answer"), NULL, "%s: %s", path,
                        strerror(number));
}

enum vg_status vg_sys_text(const char *path, char *text, size_t size, struct vg_fault *fault)
{
    size_t done = 0;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return of_errno(path, errno, fault);
    errno = EIO;
    const enum vg_status status = vg_fd_read(fd, text, size, &done);
    const int number = errno;
    (void)close(fd);
    if (status)
        return of_errno(path, number, fault);
    if (done == size)
        return vg_fault_set(fault, VG_E_FULL, N_("the meter does not answer"), NULL, "%s", path);
    text[done] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return VG_OK;
}

enum vg_status vg_sys_number(const char *path, uint64_t *number, struct vg_fault *fault)
{
    char text[64];
    const enum vg_status status = vg_sys_text(path, text, sizeof text, fault);
    if (status)
        return status;
    char *end = text;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno)
        return vg_fault_set(fault, VG_E_INPUT, N_("the meter's answer is not a number"), NULL, "%s",
                            path);
    *number = value;
    return VG_OK;
}
