/* SHA-256 (FIPS 180-4) and hexadecimal. The sums are by OpenSSL (sha256_openssl.c); a build of the
 * engine alone has them by sha256_plain.c. */
#ifndef VG_BASE_SHA256_H
#define VG_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_SHA256_BYTES 32
#define VG_SHA256_TEXT  65 /* 64 hexadecimal digits and the end */

void vg_sha256(const void *data, size_t size, uint8_t digest[VG_SHA256_BYTES]);
void vg_sha256_text(const uint8_t digest[VG_SHA256_BYTES], char text[VG_SHA256_TEXT]);

/* Digest of what is left to read from `fd`. VG_E_IO, VG_E_MEMORY. */
enum vg_status vg_sha256_fd(int fd, uint8_t digest[VG_SHA256_BYTES]) VG_MUST_USE;

/* Digest of a file of any size, read in pieces. */
enum vg_status vg_sha256_file(const char *path, uint8_t digest[VG_SHA256_BYTES],
                              struct vg_fault *fault) VG_MUST_USE;

/* Reads 64 hexadecimal digits. VG_E_INPUT else. */
enum vg_status vg_sha256_parse(const char *text, uint8_t digest[VG_SHA256_BYTES]) VG_MUST_USE;

#endif
