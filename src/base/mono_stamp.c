#include "src/base/mono_stamp.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/sha256.h"

#define MARK_DIGITS (VG_BOOT_MARK_SIZE - 1)

struct vg_boot_mark vg_boot_mark_read(const char *file)
{
    struct vg_boot_mark mark = {.text = ""};
    char salted[80] = "vigie boot ";
    const size_t salt = strlen(salted);
    uint8_t digest[VG_SHA256_BYTES];
    char digits[VG_SHA256_TEXT];
    const int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return mark;
    const ssize_t got = read(fd, salted + salt, sizeof salted - salt);
    (void)close(fd);
    if (got <= 0)
        return mark;
    vg_sha256(salted, salt + (size_t)got, digest);
    vg_sha256_text(digest, digits);
    memcpy(mark.text, digits, MARK_DIGITS);
    return mark;
}

void vg_mono_stamp(struct vg_mono_time time, const struct vg_boot_mark *boot,
                   char text[VG_MONO_STAMP_SIZE])
{
    text[0] = '\0';
    if (time.us > 0 && boot->text[0])
        (void)snprintf(text, VG_MONO_STAMP_SIZE, "%s %lld", boot->text, (long long)time.us);
}

struct vg_mono_time vg_mono_stamp_read(const char *text, const struct vg_boot_mark *boot)
{
    const struct vg_mono_time unknown = {0};
    char *end = NULL;
    if (!boot->text[0] || strncmp(text, boot->text, MARK_DIGITS) != 0 || text[MARK_DIGITS] != ' ')
        return unknown;
    const long long us = strtoll(text + MARK_DIGITS + 1, &end, 10);
    return *end == '\0' && us > 0 ? (struct vg_mono_time){us} : unknown;
}
