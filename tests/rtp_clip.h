/* A moving picture, encoded here, packed into RTP by libavformat. */
#ifndef VG_TESTS_RTP_CLIP_H
#define VG_TESTS_RTP_CLIP_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>

#include "tests/rtp_fixture.h"

#define CLIP_UNITS_MAX   64
#define CLIP_PACKETS_MAX 4096

struct clip_settings {
    const char *encoder;
    const char *options; /* "name=value:name=value" of the encoder, of libavcodec */
    const char *muxing;  /* of the rtp muxer; may be NULL */
    int width, height, pictures;
    enum AVPixelFormat format;
    int global_header; /* parameter sets in the description alone */
    int packet_bytes;
    uint32_t stamp_offset; /* added to the muxer's stamps, which begin at 0 */
};

struct clip {
    AVPacket *units[CLIP_UNITS_MAX];
    size_t unit_count;
    struct rtp_bytes packets[CLIP_PACKETS_MAX];
    bool is_report[CLIP_PACKETS_MAX];
    size_t packet_count;
    uint32_t stamp_offset;
    char sdp[8192];
    enum AVCodecID codec;
};

static inline void clip_draw(AVFrame *frame, int number)
{
    uint32_t noise = 12345u + (uint32_t)number;
    for (int plane = 0; plane < 3 && frame->data[plane]; plane++) {
        const int height = plane > 0 ? (frame->height + 1) / 2 : frame->height;
        const int width = plane > 0 ? (frame->width + 1) / 2 : frame->width;
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) {
                noise = noise * 1664525u + 1013904223u;
                const int base = plane > 0 ? 128 + (x - y) / 4 : x * 2 + y + number * 5;
                frame->data[plane][y * frame->linesize[plane] + x] =
                    (uint8_t)((base + (int)(noise >> 28)) & 255);
            }
    }
}

static inline int clip_on_packet(void *opaque, uint8_t *data, int size)
{
    struct clip *clip = opaque;
    assert_true(clip->packet_count < CLIP_PACKETS_MAX && size > 0 && size <= RTP_BYTES_MAX);
    struct rtp_bytes *packet = &clip->packets[clip->packet_count];
    const bool report = data[1] >= 192 && data[1] <= 223;
    packet->size = (size_t)size;
    memcpy(packet->data, data, (size_t)size);
    uint8_t *stamp = packet->data + (report ? 16 : 4);
    const uint32_t value =
        (uint32_t)stamp[0] << 24 | (uint32_t)stamp[1] << 16 | (uint32_t)stamp[2] << 8 | stamp[3];
    if (!report || data[1] == 200)
        put_be(stamp, 4, value + clip->stamp_offset);
    clip->is_report[clip->packet_count++] = report;
    return size;
}

static inline void clip_receive(struct clip *clip, AVCodecContext *encoder)
{
    AVPacket *packet = av_packet_alloc();
    while (avcodec_receive_packet(encoder, packet) == 0) {
        assert_true(clip->unit_count < CLIP_UNITS_MAX);
        clip->units[clip->unit_count++] = av_packet_clone(packet);
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
}

static inline AVCodecContext *clip_encoder(const struct clip_settings *settings)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(settings->encoder);
    AVDictionary *options = NULL;
    if (!codec)
        return NULL;
    AVCodecContext *encoder = avcodec_alloc_context3(codec);
    encoder->width = settings->width;
    encoder->height = settings->height;
    encoder->pix_fmt = settings->format;
    encoder->time_base = (AVRational){1, 25};
    encoder->framerate = (AVRational){25, 1};
    encoder->gop_size = 8;
    encoder->max_b_frames = 0;
    encoder->thread_count = 1;
    encoder->bit_rate = 400000;
    if (settings->global_header)
        encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER; /* the options may add to them, by "+" */
    assert_true(av_dict_parse_string(&options, settings->options, "=", ":", 0) >= 0);
    assert_int_equal(avcodec_open2(encoder, codec, &options), 0);
    assert_null(av_dict_get(options, "", NULL, AV_DICT_IGNORE_SUFFIX)); /* all were taken */
    av_dict_free(&options);
    return encoder;
}

static inline void clip_pack(struct clip *clip, const struct clip_settings *settings,
                             const AVCodecContext *encoder)
{
    AVFormatContext *muxer = NULL;
    AVDictionary *options = NULL;
    assert_true(avformat_alloc_output_context2(&muxer, NULL, "rtp", "rtp://127.0.0.1:5004") >= 0);
    uint8_t *buffer = av_malloc((size_t)settings->packet_bytes);
    muxer->pb =
        avio_alloc_context(buffer, settings->packet_bytes, 1, clip, NULL, clip_on_packet, NULL);
    muxer->pb->max_packet_size = settings->packet_bytes;
    muxer->flags |= AVFMT_FLAG_BITEXACT | AVFMT_FLAG_CUSTOM_IO;
    AVStream *stream = avformat_new_stream(muxer, NULL);
    assert_true(avcodec_parameters_from_context(stream->codecpar, encoder) >= 0);
    stream->time_base = encoder->time_base;
    assert_true(
        av_dict_parse_string(&options, settings->muxing ? settings->muxing : "", "=", ":", 0) >= 0);
    assert_true(avformat_write_header(muxer, &options) >= 0);
    assert_null(av_dict_get(options, "", NULL, AV_DICT_IGNORE_SUFFIX));
    av_dict_free(&options);
    assert_int_equal(av_sdp_create(&muxer, 1, clip->sdp, sizeof clip->sdp), 0);
    for (size_t i = 0; i < clip->unit_count; i++) {
        AVPacket *packet = av_packet_clone(clip->units[i]);
        av_packet_rescale_ts(packet, encoder->time_base, stream->time_base);
        packet->stream_index = 0;
        assert_int_equal(av_write_frame(muxer, packet), 0);
        av_packet_free(&packet);
    }
    assert_int_equal(av_write_trailer(muxer), 0);
    avio_flush(muxer->pb);
    av_freep(&muxer->pb->buffer);
    avio_context_free(&muxer->pb);
    avformat_free_context(muxer);
}

/* false: the encoder is not there. */
static inline bool clip_make(struct clip *clip, const struct clip_settings *settings)
{
    memset(clip, 0, sizeof *clip);
    av_log_set_level(AV_LOG_ERROR);
    AVCodecContext *encoder = clip_encoder(settings);
    if (!encoder)
        return false;
    AVFrame *frame = av_frame_alloc();
    clip->stamp_offset = settings->stamp_offset;
    clip->codec = encoder->codec_id;
    frame->width = settings->width;
    frame->height = settings->height;
    frame->format = settings->format;
    assert_int_equal(av_frame_get_buffer(frame, 0), 0);
    for (int i = 0; i < settings->pictures; i++) {
        assert_int_equal(av_frame_make_writable(frame), 0);
        clip_draw(frame, i);
        frame->pts = i;
        frame->quality = encoder->global_quality;
        assert_int_equal(avcodec_send_frame(encoder, frame), 0);
        clip_receive(clip, encoder);
    }
    assert_int_equal(avcodec_send_frame(encoder, NULL), 0);
    clip_receive(clip, encoder);
    av_frame_free(&frame);
    clip_pack(clip, settings, encoder);
    avcodec_free_context(&encoder);
    return true;
}

static inline void clip_free(struct clip *clip)
{
    for (size_t i = 0; i < clip->unit_count; i++)
        av_packet_free(&clip->units[i]);
    clip->unit_count = 0;
}

#endif
