/* SHA-256 in plain C (FIPS 180-4, section 6.2), for a build that has no OpenSSL. Pure. */
#ifndef VG_BASE_SHA256_PLAIN_H
#define VG_BASE_SHA256_PLAIN_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/sha256.h"

struct vg_sha256_plain {
    uint32_t hash[8];
    uint64_t bytes; /* so far */
    uint8_t block[64];
};

void vg_sha256_plain_init(struct vg_sha256_plain *state);
void vg_sha256_plain_add(struct vg_sha256_plain *state, const void *data, size_t size);
void vg_sha256_plain_end(struct vg_sha256_plain *state, uint8_t digest[VG_SHA256_BYTES]);

#endif
