/* One picture out of a file: a JPEG, PNG, BMP, PPM, or the first picture of a clip. */
#ifndef VG_MEDIA_STILL_H
#define VG_MEDIA_STILL_H

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/media/picture.h"

struct vg_still;

/* Decodes it. Odd sizes are cropped by one, larger ones than VG_PICTURE_*_MAX scaled down.
 * *still given; vg_still_close it. VG_E_MISSING, VG_E_INPUT (not a picture), VG_E_IO (damaged),
 * VG_E_MEMORY; the place is the path. */
enum vg_status vg_still_read(const char *path, struct vg_still **still,
                             struct vg_fault *fault) VG_MUST_USE;

/* Borrowed, until close. Its times are 0. */
const struct vg_picture *vg_still_picture(const struct vg_still *still);

void vg_still_close(struct vg_still **still);

#endif
