#include "src/base/sha256.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "src/base/file.h"
#include "src/base/text.h"

void vg_sha256(const void *data, size_t size, uint8_t digest[VG_SHA256_BYTES])
{
    memset(digest, 0, VG_SHA256_BYTES);
    (void)EVP_Digest(data, size, digest, NULL, EVP_sha256(), NULL);
}

void vg_sha256_text(const uint8_t digest[VG_SHA256_BYTES], char text[VG_SHA256_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < VG_SHA256_BYTES; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    text[VG_SHA256_TEXT - 1] = '\0';
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

enum vg_status vg_sha256_parse(const char *text, uint8_t digest[VG_SHA256_BYTES])
{
    for (size_t i = 0; i < VG_SHA256_BYTES; i++) {
        const int high = nibble(text[2 * i]);
        const int low = high < 0 ? -1 : nibble(text[2 * i + 1]);
        if (low < 0)
            return VG_E_INPUT;
        digest[i] = (uint8_t)(high << 4 | low);
    }
    return text[VG_SHA256_TEXT - 1] == '\0' ? VG_OK : VG_E_INPUT;
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

enum vg_status vg_sha256_file(const char *path, uint8_t digest[VG_SHA256_BYTES],
                              struct vg_fault *fault)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return vg_fault_set(fault, VG_E_MISSING, N_("the file is not there"), N_("check its name"),
                            "%s", path);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const enum vg_status status = ctx ? digest_fd(fd, ctx, digest) : VG_E_MEMORY;
    EVP_MD_CTX_free(ctx);
    (void)close(fd);
    if (status)
        return vg_fault_set(fault, status, N_("the file cannot be read"), NULL, "%s", path);
    return VG_OK;
}
