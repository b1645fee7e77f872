/* A picture as JPEG, by libavcodec. */
#ifndef VG_MEDIA_PICTURE_JPEG_H
#define VG_MEDIA_PICTURE_JPEG_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"
#include "src/media/picture.h"

/* An encoder, kept for pictures of one size; made anew for another. One thread. */
struct vg_picture_jpeg;

/* VG_E_MEMORY. */
enum vg_status vg_picture_jpeg_open(struct vg_picture_jpeg **encoder) VG_MUST_USE;
void vg_picture_jpeg_close(struct vg_picture_jpeg **encoder);

/* quality: 1 (least) to 100. *data borrowed until the next call or close. JPEG knows the full range
 * and BT.601 alone: the range is converted, colours of BT.709 come out a little different. VG_E_LACK
 * (no such encoder), VG_E_MEMORY, VG_E_IO. */
enum vg_status vg_picture_jpeg(struct vg_picture_jpeg *encoder, const struct vg_picture *picture,
                               unsigned quality, const uint8_t **data, size_t *size) VG_MUST_USE;

#endif
