#include "src/vision/view_reference.h"

#include <string.h>

#define MAGIC      "VGVIEWRF"
#define MAGIC_SIZE 8

enum {
    VERSION = 1,
    NUMBERS = 4
};

static const uint32_t head[NUMBERS] = {VERSION, VG_VIEW_WIDTH, VG_VIEW_HEIGHT, 0};

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put_u32(uint8_t *p, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> (8 * i));
}

void vg_view_reference_pack(const struct vg_view_reference *reference,
                            uint8_t bytes[VG_VIEW_REFERENCE_BYTES])
{
    memcpy(bytes, MAGIC, MAGIC_SIZE);
    for (int i = 0; i < NUMBERS; i++)
        put_u32(bytes + MAGIC_SIZE + 4 * i, head[i]);
    memcpy(bytes + VG_VIEW_REFERENCE_HEAD, reference->anchor, VG_VIEW_PIXELS);
    memcpy(bytes + VG_VIEW_REFERENCE_HEAD + VG_VIEW_PIXELS, reference->view, VG_VIEW_PIXELS);
    const size_t covered = VG_VIEW_REFERENCE_BYTES - VG_SHA256_BYTES;
    vg_sha256(bytes, covered, bytes + covered);
}

enum vg_status vg_view_reference_parse(const uint8_t *bytes, size_t size,
                                       struct vg_view_reference *reference)
{
    uint8_t digest[VG_SHA256_BYTES];
    const size_t covered = VG_VIEW_REFERENCE_BYTES - VG_SHA256_BYTES;
    *reference = (struct vg_view_reference){NULL, NULL};
    if (size != VG_VIEW_REFERENCE_BYTES || memcmp(bytes, MAGIC, MAGIC_SIZE) != 0)
        return VG_E_INPUT;
    for (int i = 0; i < NUMBERS; i++)
        if (get_u32(bytes + MAGIC_SIZE + 4 * i) != head[i])
            return VG_E_INPUT;
    vg_sha256(bytes, covered, digest);
    if (memcmp(digest, bytes + covered, sizeof digest) != 0)
        return VG_E_INTEGRITY;
    reference->anchor = bytes + VG_VIEW_REFERENCE_HEAD;
    reference->view = reference->anchor + VG_VIEW_PIXELS;
    return VG_OK;
}
