#include "src/media/picture_jpeg.h"

#include <libavcodec/avcodec.h>
#include <string.h>

#include "src/base/alloc.h"

struct vg_picture_jpeg {
    AVCodecContext *context; /* NULL before the first picture */
    AVFrame *frame;
    AVPacket *packet;
    unsigned quality;
    int64_t count;
};

enum vg_status vg_picture_jpeg_open(struct vg_picture_jpeg **encoder)
{
    struct vg_picture_jpeg *e = vg_alloc(sizeof *e);
    *encoder = e;
    if (!e)
        return VG_E_MEMORY;
    e->frame = av_frame_alloc();
    e->packet = av_packet_alloc();
    if (e->frame && e->packet)
        return VG_OK;
    vg_picture_jpeg_close(encoder);
    return VG_E_MEMORY;
}

void vg_picture_jpeg_close(struct vg_picture_jpeg **encoder)
{
    struct vg_picture_jpeg *e = *encoder;
    if (!e)
        return;
    avcodec_free_context(&e->context);
    av_frame_free(&e->frame);
    av_packet_free(&e->packet);
    vg_free(e);
    *encoder = NULL;
}

/* 100: quantiser 2; 1: 31. */
static int scale_of(unsigned quality)
{
    const unsigned q = quality > 100 ? 100 : quality < 1 ? 1 : quality;
    return 2 + (int)((100 - q) * 29 / 99);
}

static enum vg_status fit(struct vg_picture_jpeg *e, const struct vg_picture *picture,
                          unsigned quality)
{
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
    if (!codec)
        return VG_E_LACK;
    if (e->context && e->context->width == (int)picture->width &&
        e->context->height == (int)picture->height && e->quality == quality)
        return VG_OK;
    avcodec_free_context(&e->context);
    av_frame_unref(e->frame);
    e->context = avcodec_alloc_context3(codec);
    if (!e->context)
        return VG_E_MEMORY;
    e->context->width = e->frame->width = (int)picture->width;
    e->context->height = e->frame->height = (int)picture->height;
    e->context->pix_fmt = AV_PIX_FMT_YUVJ420P;
    e->context->color_range = AVCOL_RANGE_JPEG;
    e->frame->format = AV_PIX_FMT_YUVJ420P;
    e->context->time_base = (AVRational){1, 25};
    e->context->thread_count = 1;
    e->context->flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT;
    e->context->global_quality = scale_of(quality) * FF_QP2LAMBDA;
    e->quality = quality;
    if (av_frame_get_buffer(e->frame, 0) < 0 || avcodec_open2(e->context, codec, NULL) < 0) {
        avcodec_free_context(&e->context);
        return VG_E_MEMORY;
    }
    return VG_OK;
}

/* What a value of the limited range (16 to 235, colours to 240 around 128) is in the full one. */
static void fill_table(uint8_t table[256], enum vg_range range, int least, int span, int middle)
{
    for (int v = 0; v < 256; v++) {
        int full = v;
        if (range == VG_RANGE_LIMITED)
            full = middle + (2 * (v - least) * 255 + (v >= least ? span : -span)) / (2 * span);
        table[v] = (uint8_t)(full < 0 ? 0 : full > 255 ? 255 : full);
    }
}

static void fill(AVFrame *frame, const struct vg_picture *picture)
{
    uint8_t luma[256], chroma[256];
    fill_table(luma, picture->range, 16, 219, 0);
    fill_table(chroma, picture->range, 128, 224, 128);
    for (uint32_t y = 0; y < picture->height; y++) {
        const uint8_t *from = picture->luma + (size_t)y * picture->luma_stride;
        uint8_t *to = frame->data[0] + (ptrdiff_t)y * frame->linesize[0];
        for (uint32_t x = 0; x < picture->width; x++)
            to[x] = luma[from[x]];
    }
    for (uint32_t y = 0; y < picture->height / 2; y++) {
        const uint8_t *from = picture->chroma + (size_t)y * picture->chroma_stride;
        uint8_t *u = frame->data[1] + (ptrdiff_t)y * frame->linesize[1];
        uint8_t *v = frame->data[2] + (ptrdiff_t)y * frame->linesize[2];
        for (uint32_t x = 0; x < picture->width / 2; x++) {
            u[x] = chroma[from[2 * x]];
            v[x] = chroma[from[2 * x + 1]];
        }
    }
}

enum vg_status vg_picture_jpeg(struct vg_picture_jpeg *encoder, const struct vg_picture *picture,
                               unsigned quality, const uint8_t **data, size_t *size)
{
    *data = NULL;
    *size = 0;
    enum vg_status status = fit(encoder, picture, quality);
    if (status)
        return status;
    if (av_frame_make_writable(encoder->frame) < 0)
        return VG_E_MEMORY;
    fill(encoder->frame, picture);
    encoder->frame->pts = encoder->count++;
    encoder->frame->quality = encoder->context->global_quality;
    av_packet_unref(encoder->packet);
    if (avcodec_send_frame(encoder->context, encoder->frame) < 0 ||
        avcodec_receive_packet(encoder->context, encoder->packet) < 0)
        return VG_E_IO;
    *data = encoder->packet->data;
    *size = (size_t)encoder->packet->size;
    return VG_OK;
}
