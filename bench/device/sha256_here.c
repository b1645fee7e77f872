/* SHA-256 for the build of the engine alone, in place of src/base/sha256_openssl.c. */
#include <string.h>

#include "src/base/file.h"
#include "src/base/sha256.h"
#include "src/base/sha256_plain.h"

void vg_sha256(const void *data, size_t size, uint8_t digest[VG_SHA256_BYTES])
{
    struct vg_sha256_plain state;
    vg_sha256_plain_init(&state);
    vg_sha256_plain_add(&state, data, size);
    vg_sha256_plain_end(&state, digest);
}

enum vg_status vg_sha256_fd(int fd, uint8_t digest[VG_SHA256_BYTES])
{
    struct vg_sha256_plain state;
    uint8_t piece[65536];
    size_t n;
    memset(digest, 0, VG_SHA256_BYTES);
    vg_sha256_plain_init(&state);
    do {
        if (vg_fd_read(fd, piece, sizeof piece, &n))
            return VG_E_IO;
        vg_sha256_plain_add(&state, piece, n);
    } while (n == sizeof piece);
    vg_sha256_plain_end(&state, digest);
    return VG_OK;
}
