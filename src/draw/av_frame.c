#include "src/draw/av_frame.h"

#include <errno.h>
#include <libavutil/error.h>
#include <string.h>

/* Y = zero + yr R + yg G + yb B; U, V = 128 + ..., by 65536: the inverse of canvas.c's table,
 * from the same Kr and Kb. */
struct conversion {
    int32_t zero, yr, yg, yb, ur, ug, ub, vr, vg, vb;
};
static const struct conversion conversions[2][2] = {
    [VG_MATRIX_BT601] = {[VG_RANGE_LIMITED] = {16, 16829, 33039, 6416, -9714, -19070, 28784, 28784,
                                               -24103, -4681},
                         [VG_RANGE_FULL] = {0, 19595, 38470, 7471, -11058, -21710, 32768, 32768,
                                            -27439, -5329}},
    [VG_MATRIX_BT709] = {[VG_RANGE_LIMITED] = {16, 11966, 40254, 4064, -6596, -22189, 28785, 28784,
                                               -26145, -2639},
                         [VG_RANGE_FULL] = {0, 13933, 46871, 4732, -7509, -25259, 32768, 32768,
                                            -29763, -3005}},
};

static uint8_t byte_of(int32_t by_65536)
{
    const int32_t v = (by_65536 + 32768) >> 16;
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static void fill_luma(AVFrame *frame, const struct vg_canvas *canvas, const struct conversion *k)
{
    for (uint32_t y = 0; y < canvas->height; y++) {
        const uint8_t *in = canvas->rgb + (size_t)y * canvas->width * 3;
        uint8_t *out = frame->data[0] + (ptrdiff_t)y * frame->linesize[0];
        for (uint32_t x = 0; x < canvas->width; x++, in += 3)
            out[x] = byte_of(k->zero * 65536 + k->yr * in[0] + k->yg * in[1] + k->yb * in[2]);
    }
}

/* Mean of the (up to) four pixels of a chroma sample, at the edge of an odd canvas fewer. */
static void mean_of_four(const struct vg_canvas *canvas, uint32_t x, uint32_t y, int32_t rgb[3])
{
    const uint32_t right = 2 * x + 1 < canvas->width ? 2 * x + 1 : 2 * x;
    const uint32_t below = 2 * y + 1 < canvas->height ? 2 * y + 1 : 2 * y;
    const size_t columns[2] = {(size_t)x * 6, (size_t)right * 3};
    const uint8_t *rows[2] = {canvas->rgb + (size_t)y * 2 * canvas->width * 3,
                              canvas->rgb + (size_t)below * canvas->width * 3};
    for (size_t c = 0; c < 3; c++)
        rgb[c] = (rows[0][columns[0] + c] + rows[0][columns[1] + c] + rows[1][columns[0] + c] +
                  rows[1][columns[1] + c] + 2) /
                 4;
}

static void fill_chroma(AVFrame *frame, const struct vg_canvas *canvas, const struct conversion *k)
{
    for (uint32_t y = 0; y < (canvas->height + 1) / 2; y++) {
        uint8_t *u = frame->data[1] + (ptrdiff_t)y * frame->linesize[1];
        uint8_t *v = frame->data[2] + (ptrdiff_t)y * frame->linesize[2];
        for (uint32_t x = 0; x < (canvas->width + 1) / 2; x++) {
            int32_t c[3];
            mean_of_four(canvas, x, y, c);
            u[x] = byte_of(128 * 65536 + k->ur * c[0] + k->ug * c[1] + k->ub * c[2]);
            v[x] = byte_of(128 * 65536 + k->vr * c[0] + k->vg * c[1] + k->vb * c[2]);
        }
    }
}

void vg_av_frame_fill(AVFrame *frame, const struct vg_canvas *canvas, enum vg_matrix matrix,
                      enum vg_range range)
{
    if (frame->format == AV_PIX_FMT_RGB24) {
        for (uint32_t y = 0; y < canvas->height; y++)
            memcpy(frame->data[0] + (ptrdiff_t)y * frame->linesize[0],
                   canvas->rgb + (size_t)y * canvas->width * 3, (size_t)canvas->width * 3);
        return;
    }
    const struct conversion *k = &conversions[matrix][range];
    fill_luma(frame, canvas, k);
    fill_chroma(frame, canvas, k);
}

enum vg_status vg_av_status(int error)
{
    if (error >= 0)
        return VG_OK;
    if (error == AVERROR(ENOMEM))
        return VG_E_MEMORY;
    return error == AVERROR(ENOSPC) ? VG_E_LACK : VG_E_IO;
}
