#include "src/draw/image_file.h"

#include <libavcodec/avcodec.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/draw/av_frame.h"

/* One row a kind of file. */
struct kind {
    const char *encoder;
    enum AVPixelFormat format;
};

/* All that one encoding holds; empty at the top, released at the end. */
struct work {
    AVCodecContext *context;
    AVFrame *frame;
    AVPacket *packet;
};

static int prepare(struct work *work, const AVCodec *codec, const struct kind *kind,
                   const struct vg_canvas *canvas, int quantiser)
{
    work->context = avcodec_alloc_context3(codec);
    work->frame = av_frame_alloc();
    work->packet = av_packet_alloc();
    if (!work->context || !work->frame || !work->packet)
        return AVERROR(ENOMEM);
    AVCodecContext *context = work->context;
    context->width = work->frame->width = (int)canvas->width;
    context->height = work->frame->height = (int)canvas->height;
    context->pix_fmt = kind->format;
    work->frame->format = kind->format;
    context->time_base = (AVRational){1, 25};
    context->thread_count = 1;
    context->flags |= AV_CODEC_FLAG_BITEXACT; /* no version of the library in the file */
    if (quantiser) {
        context->flags |= AV_CODEC_FLAG_QSCALE;
        context->global_quality = work->frame->quality = quantiser * FF_QP2LAMBDA;
        context->color_range = AVCOL_RANGE_JPEG;
    }
    const int error = avcodec_open2(context, codec, NULL);
    return error < 0 ? error : av_frame_get_buffer(work->frame, 0);
}

static int encode(struct work *work, const struct vg_canvas *canvas)
{
    vg_av_frame_fill(work->frame, canvas, VG_MATRIX_BT601, VG_RANGE_FULL); /* as JFIF asks */
    int error = avcodec_send_frame(work->context, work->frame);
    if (error >= 0)
        error = avcodec_receive_packet(work->context, work->packet);
    return error;
}

static enum vg_status copy_out(const AVPacket *packet, uint8_t **data, size_t *size)
{
    *data = vg_alloc((size_t)packet->size);
    if (!*data)
        return VG_E_MEMORY;
    *size = (size_t)packet->size;
    memcpy(*data, packet->data, *size);
    return VG_OK;
}

static enum vg_status write_image(const struct vg_canvas *canvas, const struct kind *kind,
                                  int quantiser, uint8_t **data, size_t *size)
{
    *data = NULL;
    *size = 0;
    const AVCodec *codec = avcodec_find_encoder_by_name(kind->encoder);
    if (!codec)
        return VG_E_LACK;
    struct work work = {NULL, NULL, NULL};
    int error = prepare(&work, codec, kind, canvas, quantiser);
    if (error >= 0)
        error = encode(&work, canvas);
    const enum vg_status status =
        error < 0 ? vg_av_status(error) : copy_out(work.packet, data, size);
    av_packet_free(&work.packet);
    av_frame_free(&work.frame);
    avcodec_free_context(&work.context);
    return status;
}

enum vg_status vg_image_jpeg(const struct vg_canvas *canvas, unsigned quality, uint8_t **data,
                             size_t *size)
{
    static const struct kind jpeg = {"mjpeg", AV_PIX_FMT_YUVJ420P};
    const unsigned bounded = quality < 1 ? 1 : quality > 100 ? 100 : quality;
    return write_image(canvas, &jpeg, (int)(31 - (bounded - 1) * 29 / 99), data, size);
}

enum vg_status vg_image_png(const struct vg_canvas *canvas, uint8_t **data, size_t *size)
{
    static const struct kind png = {"png", AV_PIX_FMT_RGB24};
    return write_image(canvas, &png, 0, data, size);
}
