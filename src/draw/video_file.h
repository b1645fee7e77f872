/* Canvases as an MP4 clip (H.264 by libx264, MPEG-4 part 2 where the library has no x264), for
 * `vigie batch --video`. One thread. The same pictures give the same bytes. */
#ifndef VG_DRAW_VIDEO_FILE_H
#define VG_DRAW_VIDEO_FILE_H

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/fault.h"
#include "src/draw/canvas.h"

struct vg_video_file;

/* Writes beside `path` until close. width, height: even, within VG_PICTURE_*_MAX. fps: about how
 * many pictures a second there will be. VG_E_IO, VG_E_LACK (no encoder, disk full), VG_E_MEMORY;
 * the place is the path. */
enum vg_status vg_video_file_open(struct vg_video_file **file, const char *path, uint32_t width,
                                  uint32_t height, float fps, struct vg_fault *fault) VG_MUST_USE;

/* Adds a picture to be shown from `time` on; a time not after the last one's is moved just after
 * it. canvas: of the file's size, or it is refused (VG_E_CALL). */
enum vg_status vg_video_file_add(struct vg_video_file *file, const struct vg_canvas *canvas,
                                 struct vg_media_time time, struct vg_fault *fault) VG_MUST_USE;

/* Ends the clip, gives it its name and frees. After a failure there is no file of that name. */
enum vg_status vg_video_file_close(struct vg_video_file **file, struct vg_fault *fault) VG_MUST_USE;

#endif
