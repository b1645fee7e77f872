/* MP4 by libavformat, one encoder thread and no time of day in the file: same input, same bytes. */
#include "src/draw/video_file.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/draw/av_frame.h"

#define PATH_SIZE   4096
#define PART_SCHEME "file:"
#define TICKS_PER_S 90000
#define KEY_EVERY   50 /* pictures */
#define FPS_LEAST   0.1f
#define FPS_MOST    240.0f

struct vg_video_file {
    char path[PATH_SIZE];
    char part[PATH_SIZE + 16]; /* the name while it is written, "file:" before it: a path may
                                  hold a colon, which libavformat takes for a protocol's */
    AVFormatContext *format;
    AVCodecContext *encoder;
    AVStream *stream; /* of format */
    AVFrame *frame;
    AVPacket *packet;
    int64_t last_pts, step; /* ticks; step: about one picture */
    int error;              /* the first one */
};

static enum vg_status refuse(const struct vg_video_file *file, int error, struct vg_fault *fault)
{
    const enum vg_status status = vg_av_status(error);
    return vg_fault_set(fault, status, N_("the video cannot be written"),
                        status == VG_E_LACK ? N_("make room on the disk") : NULL, "%s: %s",
                        file->path, av_err2str(error));
}

static void set_up_encoder(struct vg_video_file *file, uint32_t width, uint32_t height)
{
    AVCodecContext *encoder = file->encoder;
    encoder->width = file->frame->width = (int)width;
    encoder->height = file->frame->height = (int)height;
    encoder->pix_fmt = AV_PIX_FMT_YUV420P;
    file->frame->format = AV_PIX_FMT_YUV420P;
    encoder->time_base = (AVRational){1, TICKS_PER_S};
    encoder->gop_size = KEY_EVERY;
    encoder->max_b_frames = 0; /* times stay as they come */
    encoder->thread_count = 1;
    encoder->flags |= AV_CODEC_FLAG_BITEXACT;
    encoder->color_range = AVCOL_RANGE_MPEG;
    encoder->colorspace = AVCOL_SPC_BT709;
    encoder->color_primaries = AVCOL_PRI_BT709;
    encoder->color_trc = AVCOL_TRC_BT709;
    if (encoder->codec_id == AV_CODEC_ID_H264) {
        (void)av_opt_set(encoder->priv_data, "preset", "veryfast", 0);
        (void)av_opt_set(encoder->priv_data, "crf", "23", 0);
    } else {
        encoder->time_base.den = 1000; /* MPEG-4 part 2 has 16 bits for it */
        encoder->flags |= AV_CODEC_FLAG_QSCALE;
        encoder->global_quality = 4 * FF_QP2LAMBDA;
    }
    if (file->format->oformat->flags & AVFMT_GLOBALHEADER)
        encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
}

static int open_file(struct vg_video_file *file, const AVCodec *codec, uint32_t width,
                     uint32_t height)
{
    int error = avformat_alloc_output_context2(&file->format, NULL, "mp4", file->part);
    if (error < 0)
        return error;
    file->encoder = avcodec_alloc_context3(codec);
    file->frame = av_frame_alloc();
    file->packet = av_packet_alloc();
    file->stream = avformat_new_stream(file->format, NULL);
    if (!file->encoder || !file->frame || !file->packet || !file->stream)
        return AVERROR(ENOMEM);
    set_up_encoder(file, width, height);
    if ((error = avcodec_open2(file->encoder, codec, NULL)) < 0 ||
        (error = avcodec_parameters_from_context(file->stream->codecpar, file->encoder)) < 0 ||
        (error = av_frame_get_buffer(file->frame, 0)) < 0)
        return error;
    file->stream->time_base = file->encoder->time_base;
    file->format->flags |= AVFMT_FLAG_BITEXACT; /* no time of day, no version */
    if ((error = avio_open(&file->format->pb, file->part, AVIO_FLAG_WRITE)) < 0)
        return error;
    return avformat_write_header(file->format, NULL);
}

static void release(struct vg_video_file **file)
{
    struct vg_video_file *f = *file;
    if (f->format && f->format->pb)
        (void)avio_closep(&f->format->pb);
    avformat_free_context(f->format);
    avcodec_free_context(&f->encoder);
    av_frame_free(&f->frame);
    av_packet_free(&f->packet);
    vg_free(f);
    *file = NULL;
}

enum vg_status vg_video_file_open(struct vg_video_file **file, const char *path, uint32_t width,
                                  uint32_t height, float fps, struct vg_fault *fault)
{
    *file = NULL;
    if (width % 2 || height % 2 || width == 0 || height == 0)
        return vg_fault_set(fault, VG_E_CALL, N_("the video cannot be written"), NULL, "%s: %ux%u",
                            path, width, height);
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    if (!codec)
        codec = avcodec_find_encoder_by_name("mpeg4");
    if (!codec)
        return vg_fault_set(fault, VG_E_LACK, N_("libavcodec has no encoder for video"), NULL,
                            "libx264, mpeg4");
    struct vg_video_file *f = vg_alloc(sizeof *f);
    if (!f)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "%s", path);
    if (snprintf(f->path, sizeof f->path, "%s", path) >= (int)sizeof f->path) {
        vg_free(f);
        return vg_fault_set(fault, VG_E_CALL, N_("the path is too long"), NULL, "%s", path);
    }
    (void)snprintf(f->part, sizeof f->part, PART_SCHEME "%s.part", f->path);
    f->last_pts = -1;
    const int error = open_file(f, codec, width, height);
    if (error < 0) {
        const enum vg_status status = refuse(f, error, fault);
        (void)unlink(f->part + strlen(PART_SCHEME));
        release(&f);
        return status;
    }
    const float rate = fps >= FPS_LEAST && fps <= FPS_MOST ? fps : fps > FPS_MOST ? FPS_MOST : 5;
    f->step = (int64_t)((float)f->encoder->time_base.den / rate);
    *file = f;
    return VG_OK;
}

/* Moves what the encoder has ready into the file. frame NULL: it is to hand out all it has. */
static int encode(struct vg_video_file *file, const AVFrame *frame)
{
    int error = avcodec_send_frame(file->encoder, frame);
    while (error >= 0) {
        error = avcodec_receive_packet(file->encoder, file->packet);
        if (error == AVERROR(EAGAIN) || error == AVERROR_EOF)
            return 0;
        if (error < 0)
            break;
        if (file->packet->duration == 0) /* of the last one, which no other ends */
            file->packet->duration = file->step;
        file->packet->stream_index = file->stream->index;
        av_packet_rescale_ts(file->packet, file->encoder->time_base, file->stream->time_base);
        error = av_interleaved_write_frame(file->format, file->packet);
    }
    return error;
}

enum vg_status vg_video_file_add(struct vg_video_file *file, const struct vg_canvas *canvas,
                                 struct vg_media_time time, struct vg_fault *fault)
{
    if (canvas->width != (uint32_t)file->encoder->width ||
        canvas->height != (uint32_t)file->encoder->height)
        return vg_fault_set(fault, VG_E_CALL, N_("the video cannot be written"), NULL,
                            "%s: %ux%u, %dx%d", file->path, canvas->width, canvas->height,
                            file->encoder->width, file->encoder->height);
    int error = file->error ? file->error : av_frame_make_writable(file->frame);
    if (error >= 0) {
        const int64_t ticks =
            av_rescale_q(time.us, (AVRational){1, VG_US_PER_S}, file->encoder->time_base);
        file->last_pts = ticks > file->last_pts ? ticks : file->last_pts + 1;
        file->frame->pts = file->last_pts;
        file->frame->pict_type = AV_PICTURE_TYPE_NONE;
        vg_av_frame_fill(file->frame, canvas, VG_MATRIX_BT709, VG_RANGE_LIMITED);
        error = encode(file, file->frame);
    }
    if (error >= 0)
        return VG_OK;
    file->error = error;
    return refuse(file, error, fault);
}

enum vg_status vg_video_file_close(struct vg_video_file **file, struct vg_fault *fault)
{
    struct vg_video_file *f = *file;
    if (!f)
        return VG_OK;
    int error = f->error;
    if (error >= 0)
        error = encode(f, NULL);
    if (error >= 0)
        error = av_write_trailer(f->format);
    const int closed = avio_closep(&f->format->pb); /* where a full disk may show at last */
    if (error >= 0)
        error = closed;
    if (error >= 0 && rename(f->part + strlen(PART_SCHEME), f->path) != 0)
        error = AVERROR(errno);
    enum vg_status status = VG_OK;
    if (error < 0) {
        status = refuse(f, error, fault);
        (void)unlink(f->part + strlen(PART_SCHEME));
    }
    release(file);
    return status;
}
