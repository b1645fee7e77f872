/* Room for one NV12 picture: who writes it fills the planes, who reads it uses vg_picture. */
#ifndef VG_MEDIA_PIXELS_H
#define VG_MEDIA_PIXELS_H

#include <stddef.h>
#include <stdint.h>

/* Borrowed. Invariants: width and height even; strides >= width; luma holds height rows, chroma
 * height / 2 rows of U V U V. */
struct vg_pixels {
    uint8_t *luma, *chroma;
    uint32_t luma_stride, chroma_stride;
    uint32_t width, height;
};

/* Bytes that a picture of this size takes as vg_pixels_over lays it out: rows rounded up to 64
 * bytes, chroma right behind luma. Sizes within VG_PICTURE_*_MAX. Pure. */
size_t vg_pixels_bytes(uint32_t width, uint32_t height);

/* Lays a picture out over `memory` (aligned to 64, vg_pixels_bytes long, borrowed). Pure. */
struct vg_pixels vg_pixels_over(uint8_t *memory, uint32_t width, uint32_t height);

/* The size at which a source of width x height is kept: odd sizes cropped to even, what is larger
 * than the maximum (even) scaled down with its proportions, never below 2 x 2. Pure. */
void vg_pixels_fit(uint32_t width, uint32_t height, uint32_t width_max, uint32_t height_max,
                   uint32_t *fit_width, uint32_t *fit_height);

#endif
