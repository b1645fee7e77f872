#include "src/media/decoder.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/text.h"

/* A stream that heals by moving intra blocks has no key frames: believe it again after this. */
#define SUSPECT_MAX 250u

/* Four times the largest picture kept: larger ones are refused, or hostile headers eat memory. */
#define PIXELS_MAX (INT64_C(4) * VG_PICTURE_WIDTH_MAX * VG_PICTURE_HEIGHT_MAX)

struct vg_decoder {
    AVCodecContext *context;
    AVFrame *frame;
    uint32_t suspect; /* pictures until this stream is believed again, 0: it is */
    /* the scaler and what it was made for */
    struct SwsContext *scaler;
    uint32_t from_width, from_height, to_width, to_height;
    int from_format;
};

enum vg_status vg_decoder_open(struct vg_decoder **decoder, const struct AVCodecParameters *codec,
                               struct vg_fault *fault)
{
    enum vg_status status = VG_E_MEMORY;
    struct vg_decoder *d = vg_alloc(sizeof *d);
    *decoder = NULL;
    if (!d)
        goto done;
    const AVCodec *found = avcodec_find_decoder(codec->codec_id);
    d->frame = av_frame_alloc();
    d->context = avcodec_alloc_context3(found);
    if (!d->frame || !d->context)
        goto done;
    status = VG_E_INPUT;
    if (!found || avcodec_parameters_to_context(d->context, codec) < 0)
        goto done;
    d->context->thread_count = 1;
    d->context->max_pixels = PIXELS_MAX;
    if (avcodec_open2(d->context, found, NULL) < 0)
        goto done;
    status = VG_OK;
done:
    if (status) {
        vg_decoder_close(&d);
        return vg_fault_set(fault, status,
                            status == VG_E_MEMORY ? vg_status_text(status)
                                                  : N_("this kind of video cannot be decoded"),
                            N_("use H.264, H.265, MPEG-4 or MJPEG"), "%s",
                            avcodec_get_name(codec->codec_id));
    }
    *decoder = d;
    return VG_OK;
}

void vg_decoder_close(struct vg_decoder **decoder)
{
    struct vg_decoder *d = *decoder;
    if (!d)
        return;
    sws_freeContext(d->scaler);
    av_frame_free(&d->frame);
    avcodec_free_context(&d->context);
    vg_free(d);
    *decoder = NULL;
}

enum vg_status vg_decoder_send(struct vg_decoder *decoder, const struct AVPacket *packet,
                               struct vg_mono_time arrival)
{
    decoder->context->reordered_opaque = arrival.us;
    const int error = avcodec_send_packet(decoder->context, packet);
    if (error >= 0 || error == AVERROR_EOF)
        return VG_OK;
    if (error == AVERROR(ENOMEM))
        return VG_E_MEMORY;
    decoder->suspect = SUSPECT_MAX;
    return VG_E_IO;
}

static enum vg_matrix matrix_of(const AVFrame *frame)
{
    switch ((int)frame->colorspace) {
    case AVCOL_SPC_BT709:
    case AVCOL_SPC_SMPTE240M: /* the nearer of the two */
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
        return VG_MATRIX_BT709;
    case AVCOL_SPC_FCC:
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
    case AVCOL_SPC_RGB: /* swscale makes BT.601 of it */
        return VG_MATRIX_BT601;
    default:
        return frame->height <= 576 ? VG_MATRIX_BT601 : VG_MATRIX_BT709;
    }
}

static bool full_by_format(int format)
{
    return format == AV_PIX_FMT_YUVJ420P || format == AV_PIX_FMT_YUVJ422P ||
           format == AV_PIX_FMT_YUVJ444P || format == AV_PIX_FMT_YUVJ440P ||
           format == AV_PIX_FMT_YUVJ411P;
}

static bool is_rgb(int format)
{
    const AVPixFmtDescriptor *about = av_pix_fmt_desc_get((enum AVPixelFormat)format);
    return about && (about->flags & AV_PIX_FMT_FLAG_RGB) != 0;
}

static enum vg_range range_of(const AVFrame *frame)
{
    if (is_rgb(frame->format))
        return VG_RANGE_LIMITED; /* as swscale makes it */
    if (frame->color_range == AVCOL_RANGE_JPEG || full_by_format(frame->format))
        return VG_RANGE_FULL;
    return VG_RANGE_LIMITED;
}

/* Whether this picture is to be doubted: it is damaged itself, or one since the last key frame
 * was. A damaged key frame does not end the doubt. */
static bool doubted(struct vg_decoder *decoder)
{
    const AVFrame *frame = decoder->frame;
    if ((frame->flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame->decode_error_flags != 0)
        decoder->suspect = SUSPECT_MAX;
    else if (frame->key_frame)
        decoder->suspect = 0;
    if (decoder->suspect == 0)
        return false;
    decoder->suspect--;
    return true;
}

enum vg_status vg_decoder_receive(struct vg_decoder *decoder, struct vg_decoded *decoded)
{
    AVFrame *frame = decoder->frame;
    const int error = avcodec_receive_frame(decoder->context, frame);
    if (error == AVERROR(EAGAIN) || error == AVERROR_EOF)
        return VG_E_END;
    if (error < 0) {
        decoder->suspect = SUSPECT_MAX;
        return error == AVERROR(ENOMEM) ? VG_E_MEMORY : VG_E_IO;
    }
    if (frame->width < 2 || frame->height < 2) /* no NV12 has that size */
        return VG_E_IO;
    const AVRational aspect = frame->sample_aspect_ratio;
    const bool told = aspect.num > 0 && aspect.den > 0;
    *decoded = (struct vg_decoded){
        .stamp = frame->best_effort_timestamp == AV_NOPTS_VALUE ? INT64_MIN
                                                                : frame->best_effort_timestamp,
        .arrival = {frame->reordered_opaque},
        .width = (uint32_t)frame->width,
        .height = (uint32_t)frame->height,
        .pixel_aspect_num = told ? (uint32_t)aspect.num : 1,
        .pixel_aspect_den = told ? (uint32_t)aspect.den : 1,
        .matrix = matrix_of(frame),
        .range = range_of(frame),
        .key = frame->key_frame != 0,
        .corrupt = doubted(decoder),
    };
    return VG_OK;
}

/* ---- conversion ---- */

/* Rows of libavcodec may run upwards (negative line size): offsets are signed. */
static const uint8_t *row_of(const uint8_t *plane, int line_size, uint32_t row)
{
    return plane + (ptrdiff_t)line_size * (ptrdiff_t)row;
}

static void copy_luma(const AVFrame *frame, const struct vg_pixels *pixels)
{
    for (uint32_t y = 0; y < pixels->height; y++)
        memcpy(pixels->luma + (size_t)y * pixels->luma_stride,
               row_of(frame->data[0], frame->linesize[0], y), pixels->width);
}

static void interleave_row(uint8_t *restrict to, const uint8_t *restrict u,
                           const uint8_t *restrict v, uint32_t pairs)
{
    for (uint32_t x = 0; x < pairs; x++) {
        to[2 * x] = u[x];
        to[2 * x + 1] = v[x];
    }
}

static void copy_chroma(const AVFrame *frame, const struct vg_pixels *pixels)
{
    for (uint32_t y = 0; y < pixels->height / 2; y++) {
        uint8_t *to = pixels->chroma + (size_t)y * pixels->chroma_stride;
        if (frame->format == AV_PIX_FMT_NV12)
            memcpy(to, row_of(frame->data[1], frame->linesize[1], y), pixels->width);
        else
            interleave_row(to, row_of(frame->data[1], frame->linesize[1], y),
                           row_of(frame->data[2], frame->linesize[2], y), pixels->width / 2);
    }
}

/* The plain name of a "J" format, whose range swscale is told apart. */
static enum AVPixelFormat plain_format(int format)
{
    switch (format) {
    case AV_PIX_FMT_YUVJ420P:
        return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P:
        return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P:
        return AV_PIX_FMT_YUV444P;
    case AV_PIX_FMT_YUVJ440P:
        return AV_PIX_FMT_YUV440P;
    case AV_PIX_FMT_YUVJ411P:
        return AV_PIX_FMT_YUV411P;
    default:
        return (enum AVPixelFormat)format;
    }
}

/* Makes the scaler anew when size, format or aim differ from the last time. */
static enum vg_status scaler_for(struct vg_decoder *d, uint32_t width, uint32_t height,
                                 const struct vg_pixels *pixels)
{
    const AVFrame *frame = d->frame;
    if (d->scaler && d->from_width == width && d->from_height == height &&
        d->from_format == frame->format && d->to_width == pixels->width &&
        d->to_height == pixels->height)
        return VG_OK;
    sws_freeContext(d->scaler);
    d->from_width = width;
    d->from_height = height;
    d->from_format = frame->format;
    d->to_width = pixels->width;
    d->to_height = pixels->height;
    d->scaler = sws_getContext((int)width, (int)height, plain_format(frame->format),
                               (int)pixels->width, (int)pixels->height, AV_PIX_FMT_NV12,
                               SWS_AREA | SWS_ACCURATE_RND, NULL, NULL, NULL);
    return d->scaler ? VG_OK : VG_E_IO;
}

static enum vg_status scale(struct vg_decoder *d, const struct vg_pixels *pixels)
{
    const AVFrame *frame = d->frame;
    /* only as much of the source as is kept: an odd last column or row is cropped, not squeezed */
    const bool same =
        pixels->width <= (uint32_t)frame->width && (uint32_t)frame->width - pixels->width <= 1 &&
        pixels->height <= (uint32_t)frame->height && (uint32_t)frame->height - pixels->height <= 1;
    const uint32_t width = same ? pixels->width : (uint32_t)frame->width;
    const uint32_t height = same ? pixels->height : (uint32_t)frame->height;
    enum vg_status status = scaler_for(d, width, height, pixels);
    if (status)
        return status;
    const int full = range_of(frame) == VG_RANGE_FULL;
    const int *table =
        sws_getCoefficients(matrix_of(frame) == VG_MATRIX_BT709 ? SWS_CS_ITU709 : SWS_CS_ITU601);
    (void)sws_setColorspaceDetails(d->scaler, table, is_rgb(frame->format) ? 1 : full, table, full,
                                   0, 1 << 16, 1 << 16);
    uint8_t *const to[4] = {pixels->luma, pixels->chroma, NULL, NULL};
    const int to_stride[4] = {(int)pixels->luma_stride, (int)pixels->chroma_stride, 0, 0};
    const uint8_t *const from[4] = {frame->data[0], frame->data[1], frame->data[2], frame->data[3]};
    const int rows = sws_scale(d->scaler, from, frame->linesize, 0, (int)height, to, to_stride);
    return rows == (int)pixels->height ? VG_OK : VG_E_IO;
}

enum vg_status vg_decoder_convert(struct vg_decoder *decoder, const struct vg_pixels *pixels)
{
    const AVFrame *frame = decoder->frame;
    if (!frame->data[0] || frame->width < 2 || frame->height < 2)
        return VG_E_IO;
    const bool planar = frame->format == AV_PIX_FMT_YUV420P || frame->format == AV_PIX_FMT_YUVJ420P;
    const bool same = pixels->width == ((uint32_t)frame->width & ~1u) &&
                      pixels->height == ((uint32_t)frame->height & ~1u);
    if (!same || (!planar && frame->format != AV_PIX_FMT_NV12))
        return scale(decoder, pixels);
    copy_luma(frame, pixels);
    copy_chroma(frame, pixels);
    return VG_OK;
}

uint32_t vg_decoder_fps_milli(const struct vg_decoder *decoder)
{
    const AVRational rate = decoder->context->framerate;
    if (rate.num <= 0 || rate.den <= 0)
        return 0;
    const int64_t milli = av_rescale(1000, rate.num, rate.den);
    return milli > 0 && milli <= 1000000 ? (uint32_t)milli : 0;
}

void vg_decoder_flush(struct vg_decoder *decoder)
{
    avcodec_flush_buffers(decoder->context);
    decoder->suspect = 0;
}
