/* A canvas as a frame of libavcodec, and the statuses of its errors. Inside of src/draw only. */
#ifndef VG_DRAW_AV_FRAME_H
#define VG_DRAW_AV_FRAME_H

#include <libavutil/frame.h>

#include "src/base/attr.h"
#include "src/draw/canvas.h"

/* Fills `frame` (format, width and height set, buffers its own) with the canvas of that size.
 * RGB24: as it is. YUV420P, YUVJ420P: colour means of 2 x 2 pixels, the conversion of `matrix`
 * and `range`, computed here in integers so that every machine makes the same bytes. */
void vg_av_frame_fill(AVFrame *frame, const struct vg_canvas *canvas, enum vg_matrix matrix,
                      enum vg_range range);

/* The status of an AVERROR. */
enum vg_status vg_av_status(int error);

#endif
