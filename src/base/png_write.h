/* A picture of at most 256 colours, each with its own opacity, as a PNG file (RFC 2083), compressed
 * by runs alone (deflate with fixed codes, RFC 1951): enough for plain areas, and no library is
 * wanted. The same picture gives the same bytes. Pure but for the memory it gives; any thread. */
#ifndef VG_BASE_PNG_WRITE_H
#define VG_BASE_PNG_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"

#define VG_PNG_SIDE_MAX 4096

struct vg_png_colour {
    uint8_t r, g, b, alpha; /* alpha: 0 is not seen, 255 covers */
};

struct vg_png_picture {
    uint32_t width, height; /* 1 to VG_PNG_SIDE_MAX */
    const uint8_t *index;   /* height rows of width colours; borrowed */
    struct vg_png_colour colour[256];
};

/* *data given, vg_free it. VG_E_CALL: no such size; VG_E_MEMORY. */
enum vg_status vg_png_write(const struct vg_png_picture *picture, uint8_t **data,
                            size_t *size) VG_MUST_USE;

#endif
