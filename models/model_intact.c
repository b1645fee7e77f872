#include "models/model_intact.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/file.h"
#include "src/base/sha256_plain.h"
#include "src/base/text.h"

static enum vg_status unreadable(const char *path, struct vg_fault *fault)
{
    return vg_fault_set(fault, VG_E_IO, N_("the file cannot be read"),
                        N_("check its rights and its disk"), "%.400s", path);
}

static enum vg_status changed(const char *path, struct vg_fault *fault)
{
    return vg_fault_set(fault, VG_E_INTEGRITY, N_("the model's file is not what was loaded"),
                        N_("put the file back"), "%.400s", path);
}

/* The digest of the first `size` bytes, and what follows them. */
static enum vg_status read_all(int fd, uint64_t size, uint8_t digest[VG_SHA256_BYTES],
                               uint8_t last[VG_SHA256_BYTES])
{
    struct vg_sha256_plain sum;
    uint8_t piece[65536];
    size_t got = 0;
    vg_sha256_plain_init(&sum);
    for (uint64_t left = size; left > 0; left -= got) {
        const size_t want = left < sizeof piece ? (size_t)left : sizeof piece;
        if (vg_fd_read(fd, piece, want, &got) || got == 0)
            return VG_E_IO;
        vg_sha256_plain_add(&sum, piece, got);
    }
    vg_sha256_plain_end(&sum, digest);
    const enum vg_status status = vg_fd_read(fd, last, VG_SHA256_BYTES, &got);
    return status ? status : got == VG_SHA256_BYTES ? VG_OK : VG_E_IO;
}

enum vg_status vg_model_intact(const char *path, const uint8_t digest[VG_SHA256_BYTES],
                               struct vg_fault *fault)
{
    uint8_t now[VG_SHA256_BYTES], last[VG_SHA256_BYTES];
    struct stat about;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return vg_fault_set(fault, VG_E_MISSING, N_("the file is not there"), NULL, "%.400s", path);
    if (fd < 0)
        return unreadable(path, fault);
    enum vg_status status = fstat(fd, &about) == 0 ? VG_OK : unreadable(path, fault);
    if (!status && (!S_ISREG(about.st_mode) || about.st_size < VG_SHA256_BYTES))
        status = changed(path, fault);
    if (!status && read_all(fd, (uint64_t)about.st_size - VG_SHA256_BYTES, now, last))
        status = unreadable(path, fault);
    if (!status && (memcmp(now, digest, sizeof now) != 0 || memcmp(last, digest, sizeof last) != 0))
        status = changed(path, fault);
    (void)close(fd);
    return status;
}
