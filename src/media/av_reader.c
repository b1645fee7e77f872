#include "src/media/av_reader.h"

#include <libavutil/dict.h>
#include <libavutil/log.h>

#include "src/base/log.h"

#define AHEAD_BYTES 3008 /* 16 packets of a transport stream; 0 would be no limit */
#define STREAMS_MAX 16   /* each may hold some 200 KB */

void vg_av_reader_arm(struct vg_av_reader *reader, int64_t within_us)
{
    reader->interrupted = VG_AV_NOT;
    reader->until.us = vg_mono_now().us + within_us;
}

/* Asked some 500 to 1500 times a second: a compare and a clock. */
bool vg_av_reader_stopped(struct vg_av_reader *reader)
{
    if (vg_cancelled(&reader->cancel))
        reader->interrupted = VG_AV_CANCELLED;
    else if (vg_mono_now().us >= reader->until.us)
        reader->interrupted = VG_AV_LATE;
    return reader->interrupted != VG_AV_NOT;
}

static int on_interrupt(void *opaque)
{
    return vg_av_reader_stopped(opaque);
}

enum vg_status vg_av_reader_status(const struct vg_av_reader *reader, int error)
{
    if (reader->interrupted == VG_AV_CANCELLED)
        return VG_E_INTERRUPTED;
    if (reader->interrupted == VG_AV_LATE || error == AVERROR(ETIMEDOUT))
        return VG_E_TIMEOUT;
    if (error == AVERROR(ENOMEM))
        return VG_E_MEMORY;
    if (error == AVERROR(ENOENT))
        return VG_E_MISSING;
    return error == AVERROR_EOF ? VG_E_END : VG_E_IO;
}

/* What open leaves in the dictionary was not taken: that is how one learns that an option
 * changed its name. Ours are all taken by the versions we build with; another would be a fault of
 * the build, and working without a whitelist must not pass in silence. */
static enum vg_status check_options(const AVDictionary *options)
{
    const AVDictionaryEntry *left = av_dict_get(options, "", NULL, AV_DICT_IGNORE_SUFFIX);
    if (!left)
        return VG_OK;
    vg_log(VG_LOG_ERROR, "libavformat does not know the option %s", left->key);
    return VG_E_LACK;
}

/* Takes the first video stream and discards the others. */
static AVStream *choose_stream(AVFormatContext *context)
{
    AVStream *found = NULL;
    for (unsigned i = 0; i < context->nb_streams; i++) {
        AVStream *stream = context->streams[i];
        const bool still = (stream->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
        if (!found && !still && stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO)
            found = stream;
        else
            stream->discard = AVDISCARD_ALL;
    }
    return found;
}

static enum vg_status new_context(struct vg_av_reader *reader)
{
    reader->packet = av_packet_alloc();
    reader->context = avformat_alloc_context();
    if (!reader->packet || !reader->context)
        return VG_E_MEMORY;
    reader->context->interrupt_callback = (AVIOInterruptCB){on_interrupt, reader};
    reader->interval_us = VG_US_PER_S / 25;
    return VG_OK;
}

static enum vg_status open_context(struct vg_av_reader *reader, const char *address,
                                   AVDictionary **options)
{
    const enum vg_status made = new_context(reader);
    if (made)
        return made;
    const int error = avformat_open_input(&reader->context, address, NULL, options);
    const enum vg_status status =
        error < 0 ? vg_av_reader_status(reader, error) : check_options(*options);
    if (status)
        return status;
    const int info = avformat_find_stream_info(reader->context, NULL);
    return info < 0 || reader->interrupted
               ? vg_av_reader_status(reader, info < 0 ? info : AVERROR_EXIT)
               : VG_OK;
}

enum vg_status vg_av_reader_open(struct vg_av_reader *reader, const char *address,
                                 const char *formats, const char *protocols, int64_t within_us)
{
    AVDictionary *options = NULL;
    av_log_set_level(AV_LOG_QUIET); /* it writes addresses, with what is in them */
    vg_av_reader_arm(reader, within_us);
    enum vg_status status = VG_E_MEMORY;
    if (av_dict_set(&options, "format_whitelist", formats, 0) >= 0 &&
        av_dict_set(&options, "protocol_whitelist", protocols, 0) >= 0)
        status = open_context(reader, address, &options);
    av_dict_free(&options);
    if (status)
        return status;
    reader->stream = choose_stream(reader->context);
    if (!reader->stream)
        return VG_E_INPUT;
    const AVRational rate = reader->stream->avg_frame_rate;
    if (rate.num > 0 && rate.den > 0)
        reader->interval_us = av_rescale(VG_US_PER_S, rate.den, rate.num);
    return VG_OK;
}

enum vg_status vg_av_reader_open_stream(struct vg_av_reader *reader, const char *format,
                                        AVIOContext *io, int64_t within_us)
{
    av_log_set_level(AV_LOG_QUIET);
    vg_av_reader_arm(reader, within_us);
    const enum vg_status status = new_context(reader);
    if (status)
        return status;
    reader->context->pb = io;
    reader->context->probesize = AHEAD_BYTES;
    reader->context->max_streams = STREAMS_MAX;
    reader->context->correct_ts_overflow = 0;
    const int error = avformat_open_input(&reader->context, "", av_find_input_format(format), NULL);
    return error < 0 ? vg_av_reader_status(reader, error) : VG_OK;
}

void vg_av_reader_release(struct vg_av_reader *reader)
{
    reader->cancel.generation = NULL;
    vg_av_reader_arm(reader, VG_US_PER_S);
    avformat_close_input(&reader->context);
    av_packet_free(&reader->packet);
    reader->stream = NULL;
}

/* Whether the packet in hand is of the video. Of streams that no video was chosen among beforehand,
 * the first is taken; those that are surely something else are not asked for again. */
static bool of_video(struct vg_av_reader *reader)
{
    AVStream *stream = reader->context->streams[reader->packet->stream_index];
    const enum AVMediaType type = stream->codecpar->codec_type;
    if (!reader->stream && type == AVMEDIA_TYPE_VIDEO)
        reader->stream = stream;
    if (stream != reader->stream && type != AVMEDIA_TYPE_UNKNOWN)
        stream->discard = AVDISCARD_ALL;
    return stream == reader->stream;
}

enum vg_status vg_av_reader_next(struct vg_av_reader *reader)
{
    for (;;) {
        av_packet_unref(reader->packet);
        const int error = av_read_frame(reader->context, reader->packet);
        if (error < 0)
            return vg_av_reader_status(reader, error);
        if (of_video(reader))
            return VG_OK;
        if (vg_av_reader_stopped(reader)) /* a file of much else: the callback is not asked */
            return vg_av_reader_status(reader, AVERROR_EXIT);
    }
}
