/* The newest picture of a flux as JPEG, for viewers whose browser cannot play its codec. The flux
 * encodes one only while somebody asks, and keeps nothing but the newest.
 *
 *   viewer: want --> flux, at a picture: due? begin, convert into the room, put --> viewer: take */
#ifndef VG_MEDIA_JPEG_POST_H
#define VG_MEDIA_JPEG_POST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/status.h"
#include "src/media/picture.h"
#include "src/media/pixels.h"

#define VG_JPEG_POST_BYTES_MAX (1u << 20)
#define VG_JPEG_POST_WIDTH     704 /* larger pictures are scaled down */
#define VG_JPEG_POST_HEIGHT    576
#define VG_JPEG_POST_EVERY_US  (VG_US_PER_S / 5)

struct vg_jpeg_post;

/* Memory is taken with the first picture. VG_E_MEMORY. */
enum vg_status vg_jpeg_post_open(struct vg_jpeg_post **post) VG_MUST_USE;
void vg_jpeg_post_close(struct vg_jpeg_post **post);

/* ---- the flux's thread ---- */

/* Whether a picture is to be posted now: somebody asked within 2 s, and the last one is
 * VG_JPEG_POST_EVERY_US old. */
bool vg_jpeg_post_due(const struct vg_jpeg_post *post, struct vg_mono_time now);

/* Room for a picture of a source of this size, borrowed until put. VG_E_MEMORY. */
enum vg_status vg_jpeg_post_begin(struct vg_jpeg_post *post, uint32_t width, uint32_t height,
                                  struct vg_pixels *pixels) VG_MUST_USE;

/* Encodes what was written into the room. about: colours and wall. VG_E_LACK (no encoder),
 * VG_E_FULL (larger than VG_JPEG_POST_BYTES_MAX), VG_E_IO, VG_E_MEMORY: the former one stays. */
enum vg_status vg_jpeg_post_put(struct vg_jpeg_post *post, const struct vg_picture *about,
                                struct vg_mono_time now) VG_MUST_USE;

/* An eventfd that is written at each picture; -1: none. */
void vg_jpeg_post_set_bell(struct vg_jpeg_post *post, int fd);

/* The posted picture is no more to be shown: the flux was stopped, or is another one. */
void vg_jpeg_post_clear(struct vg_jpeg_post *post);

/* ---- any thread ---- */

/* Asks for pictures during the next 2 s. */
void vg_jpeg_post_want(struct vg_jpeg_post *post, struct vg_mono_time now);

/* Copies the newest picture into data (room bytes) if its number is not *number, which is then
 * its own. VG_E_END: none that is new; VG_E_FULL: *size bytes are wanted. */
enum vg_status vg_jpeg_post_take(struct vg_jpeg_post *post, uint64_t *number, uint8_t *data,
                                 size_t room, size_t *size, struct vg_wall_time *wall) VG_MUST_USE;

#endif
