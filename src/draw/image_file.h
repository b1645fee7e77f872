/* A canvas as the bytes of a picture file, by libavcodec. Any thread. The same canvas gives the
 * same bytes. */
#ifndef VG_DRAW_IMAGE_FILE_H
#define VG_DRAW_IMAGE_FILE_H

#include "src/base/attr.h"
#include "src/draw/canvas.h"

/* quality: 1 (least) to 100. *data given, vg_free it. VG_E_MEMORY, VG_E_LACK (the library has no
 * such encoder), VG_E_IO (it failed). */
enum vg_status vg_image_jpeg(const struct vg_canvas *canvas, unsigned quality, uint8_t **data,
                             size_t *size) VG_MUST_USE;

/* Without loss. As vg_image_jpeg. */
enum vg_status vg_image_png(const struct vg_canvas *canvas, uint8_t **data,
                            size_t *size) VG_MUST_USE;

#endif
