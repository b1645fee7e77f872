/* SHA-256 by OpenSSL, which uses the processor's own instructions. */
#include <openssl/evp.h>
#include <string.h>

#include "src/base/file.h"
#include "src/base/sha256.h"

void vg_sha256(const void *data, size_t size, uint8_t digest[VG_SHA256_BYTES])
{
    memset(digest, 0, VG_SHA256_BYTES);
    (void)EVP_Digest(data, size, digest, NULL, EVP_sha256(), NULL);
}

static enum vg_status digest_fd(int fd, EVP_MD_CTX *ctx, uint8_t digest[VG_SHA256_BYTES])
{
    uint8_t piece[65536];
    size_t n;
    if (EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
        return VG_E_MEMORY;
    do {
        if (vg_fd_read(fd, piece, sizeof piece, &n))
            return VG_E_IO;
        if (EVP_DigestUpdate(ctx, piece, n) != 1)
            return VG_E_IO;
    } while (n == sizeof piece);
    return EVP_DigestFinal_ex(ctx, digest, NULL) == 1 ? VG_OK : VG_E_IO;
}

enum vg_status vg_sha256_fd(int fd, uint8_t digest[VG_SHA256_BYTES])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const enum vg_status status = ctx ? digest_fd(fd, ctx, digest) : VG_E_MEMORY;
    EVP_MD_CTX_free(ctx);
    return status;
}
