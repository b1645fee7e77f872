#include "tests/camera/camera_clip.h"

#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <libavutil/mathematics.h>
#include <libavutil/opt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void vg_camera_die(const char *what)
{
    (void)fprintf(stderr, "camera: %s\n", what);
    exit(1);
}

void vg_camera_add(char *text, size_t size, const char *format, ...)
{
    const size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text + used, size - used, format, args);
    va_end(args);
}

static void *more(void *old, size_t count, size_t size)
{
    void *data = realloc(old, count * size);
    if (!data)
        vg_camera_die("no memory");
    return data;
}

/* ---- reading ---- */

struct vg_clip_reader {
    AVFormatContext *file;
    AVBSFContext *filter;
    const AVStream *stream;
    bool drained;
};

/* Cameras repeat their parameter sets before each key frame; an MP4 holds them once. */
static const struct {
    enum AVCodecID codec;
    const char *in_band, *out_of_band;
} filters[] = {
    {AV_CODEC_ID_H264, "h264_mp4toannexb", "h264_mp4toannexb,filter_units=remove_types=7-8"},
    {AV_CODEC_ID_HEVC, "hevc_mp4toannexb", "hevc_mp4toannexb,filter_units=remove_types=32-34"},
    {AV_CODEC_ID_MPEG4, "dump_extra=freq=keyframe", "null"},
    {AV_CODEC_ID_MJPEG, "null", "null"},
};

static AVBSFContext *filter_of(const AVStream *stream, unsigned flags)
{
    AVBSFContext *filter = NULL;
    const char *chain = NULL;
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        if (filters[i].codec == stream->codecpar->codec_id)
            chain = flags & VG_CLIP_OUT_OF_BAND ? filters[i].out_of_band : filters[i].in_band;
    if (!chain)
        vg_camera_die("the clip is not H.264, H.265, MPEG-4 or MJPEG");
    if (av_bsf_list_parse_str(chain, &filter) < 0 ||
        avcodec_parameters_copy(filter->par_in, stream->codecpar) < 0)
        vg_camera_die("no filter");
    filter->time_base_in = stream->time_base;
    if (av_bsf_init(filter) < 0)
        vg_camera_die("no filter");
    return filter;
}

struct vg_clip_reader *vg_clip_reader_open(const char *path, unsigned flags)
{
    struct vg_clip_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        vg_camera_die("no memory");
    if (avformat_open_input(&reader->file, path, NULL, NULL) < 0 ||
        avformat_find_stream_info(reader->file, NULL) < 0)
        vg_camera_die("the clip cannot be read");
    const int video = av_find_best_stream(reader->file, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    if (video < 0)
        vg_camera_die("no video");
    reader->stream = reader->file->streams[video];
    reader->filter = filter_of(reader->stream, flags);
    return reader;
}

const AVCodecParameters *vg_clip_reader_codec(const struct vg_clip_reader *reader)
{
    return reader->filter->par_out;
}

double vg_clip_reader_fps(const struct vg_clip_reader *reader)
{
    const AVRational rate = reader->stream->avg_frame_rate;
    return rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0;
}

bool vg_clip_reader_next(struct vg_clip_reader *reader, AVPacket *packet)
{
    while (av_bsf_receive_packet(reader->filter, packet) < 0) {
        if (reader->drained)
            return false;
        reader->drained = av_read_frame(reader->file, packet) < 0;
        if (!reader->drained && packet->stream_index != reader->stream->index) {
            av_packet_unref(packet);
            continue;
        }
        if (av_bsf_send_packet(reader->filter, reader->drained ? NULL : packet) < 0)
            vg_camera_die("the clip cannot be filtered");
    }
    if (packet->pts == AV_NOPTS_VALUE)
        packet->pts = packet->dts;
    if (packet->dts == AV_NOPTS_VALUE)
        packet->dts = packet->pts;
    av_packet_rescale_ts(packet, reader->filter->time_base_out, (AVRational){1, VG_CLOCK_HZ});
    packet->stream_index = 0;
    return true;
}

void vg_clip_reader_close(struct vg_clip_reader **reader)
{
    if (!*reader)
        return;
    av_bsf_free(&(*reader)->filter);
    avformat_close_input(&(*reader)->file);
    free(*reader);
    *reader = NULL;
}

/* ---- cutting into RTP packets ---- */

/* The muxer calls this once for each RTP or RTCP packet (types 192 to 223, with version 2). */
static int on_packet(void *opaque, uint8_t *data, int size)
{
    struct vg_clip *clip = opaque;
    const size_t bytes = (size_t)size;
    if (bytes <= VG_RTP_HEAD || (data[1] >= 192 && data[1] <= 223))
        return size;
    if (clip->byte_count + bytes > clip->byte_room) {
        clip->byte_room = 2 * clip->byte_room + bytes;
        clip->bytes = more(clip->bytes, clip->byte_room, 1);
    }
    memcpy(clip->bytes + clip->byte_count, data, bytes);
    clip->packets = more(clip->packets, clip->packet_count + 1, sizeof *clip->packets);
    clip->packets[clip->packet_count++] = (struct vg_clip_packet){clip->byte_count, bytes};
    clip->byte_count += bytes;
    return size;
}

static AVFormatContext *muxer_open(struct vg_clip *clip, int mtu)
{
    AVFormatContext *muxer = NULL;
    AVDictionary *options = NULL;
    if (avformat_alloc_output_context2(&muxer, NULL, "rtp", NULL) < 0)
        vg_camera_die("no rtp muxer");
    AVStream *stream = avformat_new_stream(muxer, NULL);
    if (!stream || avcodec_parameters_copy(stream->codecpar, clip->codec) < 0)
        vg_camera_die("no memory");
    stream->codecpar->codec_tag = 0;
    stream->time_base = (AVRational){1, VG_CLOCK_HZ};
    muxer->pb = avio_alloc_context(av_malloc((size_t)mtu), mtu, 1, clip, NULL, on_packet, NULL);
    if (!muxer->pb)
        vg_camera_die("no memory");
    muxer->pb->max_packet_size = mtu; /* the muxer takes its packet size from here */
    muxer->packet_size = (unsigned)mtu;
    (void)av_dict_set_int(&options, "payload_type", clip->payload_type, 0);
    const int error = avformat_write_header(muxer, &options);
    av_dict_free(&options);
    if (error < 0)
        vg_camera_die("the rtp muxer refuses the clip");
    return muxer;
}

static void muxer_close(AVFormatContext *muxer)
{
    (void)av_write_trailer(muxer); /* frees the muxer's own buffer */
    av_freep(&muxer->pb->buffer);
    avio_context_free(&muxer->pb);
    avformat_free_context(muxer);
}

static void keep(struct vg_clip *clip, AVFormatContext *muxer, AVPacket *packet)
{
    struct vg_clip_picture picture = {.first = clip->packet_count,
                                      .dts = packet->dts,
                                      .pts = packet->pts,
                                      .key = (packet->flags & AV_PKT_FLAG_KEY) != 0};
    packet->pts = packet->dts = (int64_t)clip->picture_count; /* ours are written when sent */
    if (av_write_frame(muxer, packet) < 0)
        vg_camera_die("the rtp muxer refuses a picture");
    picture.count = clip->packet_count - picture.first;
    if (picture.count == 0)
        vg_camera_die("the rtp muxer drops a picture (MJPEG wants standard Huffman tables)");
    clip->pictures = more(clip->pictures, clip->picture_count + 1, sizeof *clip->pictures);
    clip->pictures[clip->picture_count++] = picture;
}

/* Stamps from 0, the length of a loop; pictures between key frames leave if so wished. */
static void settle(struct vg_clip *clip, unsigned flags)
{
    const size_t count = clip->picture_count;
    if (count < 2)
        vg_camera_die("the clip is too short");
    const int64_t first = clip->pictures[0].dts, last = clip->pictures[count - 1].dts;
    clip->span = last - first + last - clip->pictures[count - 2].dts;
    clip->picture_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct vg_clip_picture picture = clip->pictures[i];
        if (flags & VG_CLIP_KEYS_ONLY && !picture.key)
            continue;
        picture.dts -= first;
        picture.pts -= first;
        if (flags & VG_CLIP_KEYS_ONLY)
            picture.pts = picture.dts; /* nothing is left to be shown before it */
        clip->pictures[clip->picture_count++] = picture;
    }
    if (clip->picture_count == 0)
        vg_camera_die("no key frame");
}

void vg_clip_load(struct vg_clip *clip, const char *path, int mtu, unsigned flags)
{
    AVPacket *packet = av_packet_alloc();
    struct vg_clip_reader *reader = vg_clip_reader_open(path, flags);
    *clip =
        (struct vg_clip){.codec = avcodec_parameters_alloc(), .fps = vg_clip_reader_fps(reader)};
    if (!packet || !clip->codec ||
        avcodec_parameters_copy(clip->codec, vg_clip_reader_codec(reader)) < 0)
        vg_camera_die("no memory");
    clip->payload_type = clip->codec->codec_id == AV_CODEC_ID_MJPEG ? 26 : 96;
    AVFormatContext *muxer = muxer_open(clip, mtu);
    for (; vg_clip_reader_next(reader, packet); av_packet_unref(packet))
        keep(clip, muxer, packet);
    av_packet_free(&packet);
    vg_clip_reader_close(&reader);
    muxer_close(muxer);
    settle(clip, flags);
}

void vg_clip_release(struct vg_clip *clip)
{
    free(clip->bytes);
    free(clip->packets);
    free(clip->pictures);
    if (clip->codec)
        avcodec_parameters_free(&clip->codec);
    *clip = (struct vg_clip){0};
}

/* ---- describing ---- */

/* Adds the a= lines of the media that av_sdp_create finds for the codec (rtpmap, fmtp). */
static void add_codec_lines(const struct vg_clip *clip, const struct vg_clip_words *words,
                            char *text, size_t size)
{
    char sdp[8192] = "";
    AVFormatContext *context = avformat_alloc_context();
    AVStream *stream = context ? avformat_new_stream(context, NULL) : NULL;
    if (!stream || avcodec_parameters_copy(stream->codecpar, clip->codec) < 0)
        vg_camera_die("no memory");
    if (words->sets == VG_SDP_NO_SETS) {
        av_freep(&stream->codecpar->extradata);
        stream->codecpar->extradata_size = 0;
    }
    context->oformat = av_guess_format("rtp", NULL, NULL);
    context->url = av_strdup("rtp://0.0.0.0");
    (void)av_sdp_create(&context, 1, sdp, (int)sizeof sdp);
    avformat_free_context(context);
    const char *line = strstr(sdp, "m=video");
    for (line = line ? strstr(line, "\r\na=") : NULL; line; line = strstr(line, "\r\na=")) {
        line += 2;
        if (strncmp(line, "a=control:", 10) != 0)
            vg_camera_add(text, size, "%.*s\r\n", (int)strcspn(line, "\r"), line);
    }
    if (clip->codec->codec_id == AV_CODEC_ID_MJPEG)
        vg_camera_add(text, size, "a=rtpmap:26 JPEG/90000\r\n");
}

void vg_clip_describe(const struct vg_clip *clip, const struct vg_clip_words *words, char *text,
                      size_t size)
{
    text[0] = '\0';
    vg_camera_add(text, size,
                  "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=test camera\r\nc=IN IP4 %s\r\nt=0 0\r\n",
                  words->address);
    if (*words->session_control)
        vg_camera_add(text, size, "a=control:%s\r\n", words->session_control);
    vg_camera_add(text, size, "m=video %u RTP/AVP %u\r\n", words->port, clip->payload_type);
    add_codec_lines(clip, words, text, size);
    if (clip->fps > 0)
        vg_camera_add(text, size, "a=framerate:%.3f\r\n", clip->fps);
    if (clip->codec->width > 0)
        vg_camera_add(text, size, "a=x-dimensions:%d,%d\r\n", clip->codec->width,
                      clip->codec->height);
    if (*words->control)
        vg_camera_add(text, size, "a=control:%s\r\n", words->control);
}
