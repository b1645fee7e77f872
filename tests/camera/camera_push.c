/* The clip sent without being asked: published to an RTSP server (ANNOUNCE, RECORD), or as an MPEG
 * transport stream by UDP. */
#include <libavformat/avformat.h>
#include <libavutil/time.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "tests/camera/camera.h"

static int over(void *opaque)
{
    const struct vg_camera_options *options = opaque;
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char byte = 0;
    if (options->until == VG_UNTIL_KILLED || poll(&input, 1, 0) < 1)
        return 0;
    return read(STDIN_FILENO, &byte, 1) <= 0;
}

static AVFormatContext *target_open(struct vg_camera_options *options,
                                    const struct vg_clip_reader *reader)
{
    AVFormatContext *target = NULL;
    AVDictionary *words = NULL;
    const bool rtsp = strncmp(options->push, "rtsp", 4) == 0;
    const AVIOInterruptCB interrupt = {over, options};
    if (avformat_alloc_output_context2(&target, NULL, rtsp ? "rtsp" : "mpegts", options->push) < 0)
        vg_camera_die("no muxer");
    AVStream *stream = avformat_new_stream(target, NULL);
    if (!stream || avcodec_parameters_copy(stream->codecpar, vg_clip_reader_codec(reader)) < 0)
        vg_camera_die("no memory");
    stream->codecpar->codec_tag = 0;
    stream->time_base = (AVRational){1, VG_CLOCK_HZ};
    target->interrupt_callback = interrupt;
    target->max_delay = 0;
    if (rtsp)
        (void)av_dict_set(&words, "rtsp_transport", options->push_by == VG_PUSH_UDP ? "udp" : "tcp",
                          0);
    else if (avio_open2(&target->pb, options->push, AVIO_FLAG_WRITE, &interrupt, NULL) < 0)
        vg_camera_die("nothing can be sent there");
    if (!rtsp)
        target->flags |= AVFMT_FLAG_FLUSH_PACKETS;
    if (avformat_write_header(target, &words) < 0)
        vg_camera_die("the server refuses");
    av_dict_free(&words);
    return target;
}

static void target_close(AVFormatContext *target)
{
    (void)av_write_trailer(target);
    if (!(target->oformat->flags & AVFMT_NOFILE))
        (void)avio_closep(&target->pb);
    avformat_free_context(target);
}

static bool wait_until(struct vg_camera_options *options, int64_t due_us)
{
    for (int64_t now_us = vg_camera_now_us(); now_us < due_us; now_us = vg_camera_now_us()) {
        const int64_t left_us = due_us - now_us;
        if (over(options))
            return false;
        av_usleep((unsigned)(left_us < 100000 ? left_us : 100000));
    }
    return over(options) == 0;
}

/* One loop of the file; false: it is over, or the server is gone. */
static bool send_file(struct vg_camera_options *options, AVFormatContext *target,
                      struct vg_clip_reader *reader, int64_t *origin, int64_t start_us)
{
    AVPacket *packet = av_packet_alloc();
    int64_t first = 0, last = 0, step = 0;
    bool on = packet != NULL;
    for (size_t count = 0; on && vg_clip_reader_next(reader, packet); count++) {
        if (count == 0)
            first = last = packet->dts;
        step = count > 0 ? packet->dts - last : 0;
        last = packet->dts;
        const int64_t ticks = packet->dts - first + *origin;
        packet->pts += *origin - first;
        packet->dts = ticks;
        on = wait_until(options, start_us + VG_TICK_US(ticks));
        av_packet_rescale_ts(packet, (AVRational){1, VG_CLOCK_HZ}, target->streams[0]->time_base);
        on = on && av_write_frame(target, packet) >= 0;
        av_packet_unref(packet);
    }
    *origin += last - first + step;
    av_packet_free(&packet);
    return on;
}

int vg_camera_push(const struct vg_camera_options *given)
{
    struct vg_camera_options options = *given;
    struct vg_clip_reader *reader = vg_clip_reader_open(options.clip, options.clip_flags);
    AVFormatContext *target = target_open(&options, reader);
    const int64_t start_us = vg_camera_now_us();
    int64_t origin = 0;
    (void)printf("pushing\n");
    (void)fflush(stdout);
    while (send_file(&options, target, reader, &origin, start_us)) {
        vg_clip_reader_close(&reader);
        reader = vg_clip_reader_open(options.clip, options.clip_flags);
    }
    vg_clip_reader_close(&reader);
    target_close(target);
    return over(&options) ? 0 : 1;
}
