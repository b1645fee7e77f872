/* The still picture of an alert: the moment, its boxes and its place drawn, as JPEG. */
#ifndef VG_ALERTS_ALERT_PICTURE_H
#define VG_ALERTS_ALERT_PICTURE_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/draw/canvas.h"
#include "src/media/picture.h"
#include "src/rules/alert.h"

/* Draws `alert` on `picture` (the one that raised it) and writes the JPEG into jpeg (room
 * bytes), *size of them. canvas: the caller's, used again from call to call. Words are those of
 * the process's language. VG_E_FULL: larger than the room; VG_E_MEMORY, VG_E_LACK (no
 * encoder), VG_E_IO. One thread at a time for a canvas. */
enum vg_status vg_alert_picture(struct vg_canvas *canvas, const struct vg_alert *alert,
                                const struct vg_scene *scene, const struct vg_picture *picture,
                                uint8_t *jpeg, size_t room, size_t *size) VG_MUST_USE;

#endif
