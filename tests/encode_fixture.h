/* Compressed pictures made in the test by libavcodec's encoders, as a camera would send them, and
 * a look at what an MP4 in memory holds. All static, so that a test includes what it needs. */
#ifndef VG_TESTS_ENCODE_FIXTURE_H
#define VG_TESTS_ENCODE_FIXTURE_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ENCODED_MAX 1024
#define TICKS_PER_S 90000

struct encode_row {
    const char *encoder; /* "libx264" */
    const char *options; /* "x264-params=..." or NULL: name=value, one */
    int width, height, fps, group, b_frames;
    bool sets_apart; /* parameter sets in the description alone, not in band */
};

struct encoded {
    AVCodecParameters *codec; /* as a description would have it; size 0 as with RTSP */
    AVPacket *packet[ENCODED_MAX];
    size_t count;
};

/* A gradient that moves, and a little noise, so that no picture is like another. */
static inline void paint(AVFrame *frame, int n)
{
    for (int plane = 0; plane < 3; plane++) {
        const int down = plane ? 1 : 0;
        for (int y = 0; y < frame->height >> down; y++)
            for (int x = 0; x < frame->width >> down; x++)
                frame->data[plane][y * frame->linesize[plane] + x] =
                    (uint8_t)(x + 2 * y + 5 * n + ((x * 7 + y * 13 + n * 29) % 11));
    }
}

static inline void take_encoded(AVCodecContext *encoder, struct encoded *out)
{
    AVPacket *packet = av_packet_alloc();
    assert_non_null(packet);
    while (avcodec_receive_packet(encoder, packet) == 0) {
        assert_true(out->count < ENCODED_MAX);
        av_packet_rescale_ts(packet, encoder->time_base, (AVRational){1, TICKS_PER_S});
        packet->dts = AV_NOPTS_VALUE; /* no camera sends it */
        out->packet[out->count++] = av_packet_clone(packet);
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
}

/* Encodes `pictures` of them. Skips the test where the encoder is not there. */
static inline void encode(const struct encode_row *row, int pictures, struct encoded *out)
{
    memset(out, 0, sizeof *out);
    av_log_set_level(AV_LOG_QUIET);
    const AVCodec *codec = avcodec_find_encoder_by_name(row->encoder);
    if (!codec)
        skip();
    AVCodecContext *encoder = avcodec_alloc_context3(codec);
    assert_non_null(encoder);
    encoder->width = row->width;
    encoder->height = row->height;
    encoder->time_base = (AVRational){1, row->fps};
    encoder->framerate = (AVRational){row->fps, 1};
    encoder->gop_size = row->group;
    encoder->max_b_frames = row->b_frames;
    encoder->thread_count = 1;
    encoder->pix_fmt = codec->id == AV_CODEC_ID_MJPEG ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P;
    if (row->sets_apart)
        encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    AVDictionary *options = NULL;
    if (codec->id == AV_CODEC_ID_H264 || codec->id == AV_CODEC_ID_HEVC)
        (void)av_dict_set(&options, "preset", "ultrafast", 0);
    if (codec->id == AV_CODEC_ID_HEVC)
        (void)av_dict_set(&options, "x265-params", "log-level=none:pools=none:frame-threads=1", 0);
    if (row->options)
        (void)av_dict_parse_string(&options, row->options, "=", ";", 0);
    assert_int_equal(avcodec_open2(encoder, codec, &options), 0);
    av_dict_free(&options);
    AVFrame *frame = av_frame_alloc();
    assert_non_null(frame);
    frame->width = row->width;
    frame->height = row->height;
    frame->format = encoder->pix_fmt;
    assert_int_equal(av_frame_get_buffer(frame, 0), 0);
    for (int n = 0; n < pictures; n++) {
        assert_int_equal(av_frame_make_writable(frame), 0);
        paint(frame, n);
        frame->pts = n;
        assert_int_equal(avcodec_send_frame(encoder, frame), 0);
        take_encoded(encoder, out);
    }
    assert_int_equal(avcodec_send_frame(encoder, NULL), 0);
    take_encoded(encoder, out);
    out->codec = avcodec_parameters_alloc();
    assert_non_null(out->codec);
    assert_int_equal(avcodec_parameters_from_context(out->codec, encoder), 0);
    out->codec->width = out->codec->height = 0;
    if (!row->sets_apart) {
        av_freep(&out->codec->extradata);
        out->codec->extradata_size = 0;
    }
    av_frame_free(&frame);
    avcodec_free_context(&encoder);
}

static inline void encoded_free(struct encoded *encoded)
{
    for (size_t i = 0; i < encoded->count; i++)
        av_packet_free(&encoded->packet[i]);
    avcodec_parameters_free(&encoded->codec);
}

/* ---- what an MP4 in memory holds ---- */

struct bytes_at {
    const uint8_t *data;
    size_t size, at;
};

static inline int read_bytes(void *opaque, uint8_t *into, int size)
{
    struct bytes_at *bytes = opaque;
    size_t count = bytes->size - bytes->at;
    if (count == 0)
        return AVERROR_EOF;
    if (count > (size_t)size)
        count = (size_t)size;
    memcpy(into, bytes->data + bytes->at, count);
    bytes->at += count;
    return (int)count;
}

static inline int64_t seek_bytes(void *opaque, int64_t offset, int whence)
{
    struct bytes_at *bytes = opaque;
    if (whence == AVSEEK_SIZE)
        return (int64_t)bytes->size;
    if (whence != SEEK_SET || offset < 0 || (uint64_t)offset > bytes->size)
        return AVERROR(EINVAL);
    bytes->at = (size_t)offset;
    return offset;
}

struct mp4_about {
    enum AVCodecID codec;
    int width, height;
    uint32_t packets, pictures; /* written; that come out of a decoder, none damaged */
    int64_t duration_us;        /* as the head says */
    double first_s, last_s;     /* shown */
    double step_s_max;
};

/* Decodes all of it. Fails the test unless it begins with a key, decoding stamps grow, and every
 * picture decodes without an error. */
static inline void look_at_mp4(const uint8_t *data, size_t size, struct mp4_about *about)
{
    struct bytes_at bytes = {data, size, 0};
    memset(about, 0, sizeof *about);
    AVFormatContext *format = avformat_alloc_context();
    assert_non_null(format);
    AVIOContext *io =
        avio_alloc_context(av_malloc(4096), 4096, 0, &bytes, read_bytes, NULL, seek_bytes);
    assert_non_null(io);
    format->pb = io;
    assert_int_equal(avformat_open_input(&format, NULL, NULL, NULL), 0);
    assert_int_equal(format->nb_streams, 1);
    const AVStream *stream = format->streams[0];
    about->codec = stream->codecpar->codec_id;
    about->duration_us = format->duration;
    AVCodecContext *decoder = avcodec_alloc_context3(avcodec_find_decoder(about->codec));
    assert_non_null(decoder);
    assert_int_equal(avcodec_parameters_to_context(decoder, stream->codecpar), 0);
    decoder->thread_count = 1;
    decoder->pkt_timebase = stream->time_base;
    decoder->err_recognition = AV_EF_CAREFUL | AV_EF_EXPLODE;
    assert_int_equal(avcodec_open2(decoder, NULL, NULL), 0);
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    int64_t dts = INT64_MIN;
    double last_s = 0;
    for (bool over = false; !over;) {
        over = av_read_frame(format, packet) < 0;
        if (!over) {
            assert_true(about->packets++ > 0 || (packet->flags & AV_PKT_FLAG_KEY) != 0);
            assert_true(packet->dts > dts);
            assert_true(packet->pts >= packet->dts);
            dts = packet->dts;
        }
        assert_int_equal(avcodec_send_packet(decoder, over ? NULL : packet), 0);
        av_packet_unref(packet);
        int error = 0;
        while ((error = avcodec_receive_frame(decoder, frame)) == 0) {
            assert_false(frame->flags & AV_FRAME_FLAG_CORRUPT);
            assert_int_equal(frame->decode_error_flags, 0);
            assert_true(about->pictures > 0 || frame->key_frame);
            const double at_s = (double)frame->pts * av_q2d(stream->time_base);
            if (about->pictures == 0)
                about->first_s = at_s;
            else
                assert_true(at_s >= last_s);
            if (about->pictures > 0 && at_s - last_s > about->step_s_max)
                about->step_s_max = at_s - last_s;
            last_s = at_s;
            about->pictures++;
            about->width = frame->width;
            about->height = frame->height;
        }
        assert_true(error == AVERROR(EAGAIN) || error == AVERROR_EOF);
    }
    about->last_s = last_s;
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
    avformat_close_input(&format);
    av_freep(&io->buffer);
    avio_context_free(&io);
}

#endif
