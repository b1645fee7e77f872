#include "src/base/sha256.h"

#include <fcntl.h>
#include <unistd.h>

#include "src/base/text.h"

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

enum vg_status vg_sha256_file(const char *path, uint8_t digest[VG_SHA256_BYTES],
                              struct vg_fault *fault)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return vg_fault_set(fault, VG_E_MISSING, N_("the file is not there"), N_("check its name"),
                            "%s", path);
    const enum vg_status status = vg_sha256_fd(fd, digest);
    (void)close(fd);
    if (status)
        return vg_fault_set(fault, status, N_("the file cannot be read"), NULL, "%s", path);
    return VG_OK;
}
