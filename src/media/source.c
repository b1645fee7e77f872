/* libavformat behind deadlines. Two things guard each call: the interrupt callback, with a flag
 * of its own because the error code of an interrupted call lies (it may be INVALIDDATA, EIO,
 * EPERM or EXIT), and the socket's own `timeout`, which is per wait and cheaper. */
#include "src/media/source.h"

#include <assert.h>
#include <errno.h>
#include <libavformat/avformat.h>
#include <libavutil/dict.h>
#include <libavutil/log.h>
#include <libavutil/opt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "src/base/alloc.h"
#include "src/base/log.h"
#include "src/base/text.h"

/* Containers of recorded video. No playlists (hls, concat), pictures (image2, *_pipe) or text
 * (tty would show a .txt file as video). */
#define FILE_FORMATS                                                                             \
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,h264,hevc,m4v,flv,asf,ogg," \
    "mxf,ivf,dv,mjpeg,yuv4mpegpipe"

#define WALL_TRUST_US (2 * VG_US_PER_S)
#define SHORT_US      VG_US_PER_S /* how much sooner than promised a whole clip may end */
#define PAUSE_US      20000       /* how soon a paced file notices that it is cancelled */

enum interrupted {
    INTERRUPTED_NOT,
    INTERRUPTED_LATE,
    INTERRUPTED_CANCELLED
};

struct vg_source {
    struct vg_source_settings settings; /* url, user, password not kept */
    AVFormatContext *context;
    AVPacket *packet;
    AVStream *stream;
    enum {
        INPUT_FILE,
        INPUT_RTSP
    } input;
    struct vg_mono_time until; /* deadline of the call in progress */
    enum interrupted interrupted;
    bool key_seen;
    bool restarted;
    enum vg_status over; /* the source ended so; the packet in its parser was still given out */
    /* of a clip, by its packets: the first stamp, and where the latest ends */
    int64_t first_us, reached_us;
    /* a live file: stamps of this round and when its first packet was due */
    bool round_begun;
    int64_t round_dts_us, last_dts_us, interval_us;
    struct vg_mono_time round_start;
};

struct vg_source_settings vg_source_defaults(void)
{
    return (struct vg_source_settings){.kind = VG_SOURCE_CLIP,
                                       .transport = VG_SOURCE_TCP,
                                       .open_us = 5 * VG_US_PER_S,
                                       .read_us = 5 * VG_US_PER_S / 2};
}

/* Asked some 500 to 1500 times a second: a compare and a clock. */
static int on_interrupt(void *opaque)
{
    struct vg_source *source = opaque;
    if (vg_cancelled(&source->settings.cancel))
        source->interrupted = INTERRUPTED_CANCELLED;
    else if (vg_mono_now().us >= source->until.us)
        source->interrupted = INTERRUPTED_LATE;
    return source->interrupted != INTERRUPTED_NOT;
}

static void arm(struct vg_source *source, int64_t within_us)
{
    source->interrupted = INTERRUPTED_NOT;
    source->until.us = vg_mono_now().us + within_us;
}

static enum vg_status status_of(const struct vg_source *source, int error)
{
    if (source->interrupted == INTERRUPTED_CANCELLED)
        return VG_E_INTERRUPTED;
    if (source->interrupted == INTERRUPTED_LATE || error == AVERROR(ETIMEDOUT))
        return VG_E_TIMEOUT;
    if (error == AVERROR(ENOMEM))
        return VG_E_MEMORY;
    if (error == AVERROR_HTTP_UNAUTHORIZED || error == AVERROR_HTTP_FORBIDDEN)
        return VG_E_DENIED;
    if (error == AVERROR(ENOENT) || error == AVERROR_HTTP_NOT_FOUND)
        return VG_E_MISSING;
    return error == AVERROR_EOF ? VG_E_END : VG_E_IO;
}

/* ---- addresses ---- */

static bool plain_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

/* Appends, and returns false when it does not fit. */
static bool append(char *text, size_t size, size_t *used, const char *piece, size_t length)
{
    if (length >= size - *used)
        return false;
    memcpy(text + *used, piece, length);
    *used += length;
    text[*used] = '\0';
    return true;
}

static bool append_encoded(char *text, size_t size, size_t *used, const char *piece)
{
    static const char digits[] = "0123456789ABCDEF";
    for (; *piece; piece++) {
        const uint8_t byte = (uint8_t)*piece;
        const char code[3] = {'%', digits[byte >> 4], digits[byte & 15]};
        const bool plain = plain_character(*piece);
        if (!append(text, size, used, plain ? piece : code, plain ? 1 : sizeof code))
            return false;
    }
    return true;
}

enum vg_status vg_source_address(const char *url, const char *user, const char *password,
                                 char *address, size_t size)
{
    const char *host = strstr(url, "//");
    size_t used = 0;
    if (!host || size == 0)
        return VG_E_INPUT;
    host += 2;
    const size_t authority = strcspn(host, "/?#");
    const bool given = user && *user;
    if (given && memchr(host, '@', authority))
        return VG_E_INPUT;
    if (!append(address, size, &used, url, (size_t)(host - url)))
        return VG_E_FULL;
    if (given &&
        (!append_encoded(address, size, &used, user) || !append(address, size, &used, ":", 1) ||
         !append_encoded(address, size, &used, password ? password : "") ||
         !append(address, size, &used, "@", 1)))
        return VG_E_FULL;
    return append(address, size, &used, host, strlen(host)) ? VG_OK : VG_E_FULL;
}

/* ---- opening ---- */

/* libavformat's default is to take anything that some demuxer recognises. */
static enum vg_status set_options(const struct vg_source *source, AVDictionary **options)
{
    char timeout[32];
    int failed = 0;
    (void)snprintf(timeout, sizeof timeout, "%lld", (long long)source->settings.read_us);
    if (source->input == INPUT_FILE) {
        failed |= av_dict_set(options, "format_whitelist", FILE_FORMATS, 0);
        failed |= av_dict_set(options, "protocol_whitelist", "file", 0);
    } else {
        failed |= av_dict_set(options, "protocol_whitelist", "tcp,udp,rtp", 0);
        failed |= av_dict_set(options, "rtsp_transport",
                              source->settings.transport == VG_SOURCE_UDP ? "udp" : "tcp", 0);
        failed |= av_dict_set(options, "timeout", timeout, 0);
        failed |= av_dict_set(options, "allowed_media_types", "video", 0);
    }
    return failed < 0 ? VG_E_MEMORY : VG_OK;
}

/* What open leaves in the dictionary was not taken: by 5.1 that is how one learns that an option
 * changed its name. Ours are all taken by the versions we build with; another would be a fault of
 * the build, and working without a deadline or a whitelist must not pass in silence. */
static enum vg_status check_options(const AVDictionary *options)
{
    const AVDictionaryEntry *left = av_dict_get(options, "", NULL, AV_DICT_IGNORE_SUFFIX);
    if (!left)
        return VG_OK;
    vg_log(VG_LOG_ERROR, "libavformat does not know the option %s", left->key);
    return VG_E_LACK;
}

static const AVInputFormat *rtsp_format(void)
{
    return av_find_input_format("rtsp");
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

/* What a camera announces is enough to begin with for these; the rest comes from the decoder.
 * Reading ahead for the rest would cost a second (facts measured: 1.13 s against 0.05 s). */
static bool announcement_suffices(const AVFormatContext *context)
{
    for (unsigned i = 0; i < context->nb_streams; i++) {
        const AVCodecParameters *codec = context->streams[i]->codecpar;
        if (codec->codec_type == AVMEDIA_TYPE_VIDEO)
            return codec->codec_id == AV_CODEC_ID_H264 || codec->codec_id == AV_CODEC_ID_HEVC;
    }
    return false;
}

static enum vg_status refuse_file(enum vg_status status, const char *path, struct vg_fault *fault)
{
    static const char *const remedy =
        N_("give a recorded video: MP4, MKV, AVI, MPEG-TS, with H.264, H.265, MPEG-4 or MJPEG");
    struct stat about;
    switch ((int)status) {
    case VG_E_MISSING:
        return vg_fault_set(fault, status, N_("there is no such file"), N_("check the path"), "%s",
                            path);
    case VG_E_TIMEOUT:
    case VG_E_INTERRUPTED:
    case VG_E_MEMORY:
    case VG_E_LACK:
        return vg_fault_set(fault, status, vg_status_text(status), NULL, "%s", path);
    default:
        break;
    }
    if (stat(path, &about) < 0)
        return vg_fault_set(fault, VG_E_IO, N_("the file cannot be read"),
                            N_("check the permissions"), "%s: %s", path, strerror(errno));
    if (!S_ISREG(about.st_mode))
        return vg_fault_set(fault, VG_E_INPUT, N_("this is not a file"), remedy, "%s", path);
    if (about.st_size == 0)
        return vg_fault_set(fault, VG_E_INPUT, N_("the file is empty"), remedy, "%s", path);
    return vg_fault_set(fault, VG_E_INPUT, N_("this is not a video that can be read"), remedy, "%s",
                        path);
}

static enum vg_status refuse_camera(enum vg_status status, struct vg_fault *fault)
{
    switch ((int)status) {
    case VG_E_DENIED:
        return vg_fault_set(fault, status, N_("the camera refuses this user and password"),
                            N_("check them in the flux's settings"), "%s", "");
    case VG_E_MISSING:
        return vg_fault_set(fault, status, N_("the camera does not know this path"),
                            N_("check the path in the flux's address"), "%s", "");
    case VG_E_TIMEOUT:
        return vg_fault_set(fault, status, N_("the camera does not answer"),
                            N_("check its address, its power and the network"), "%s", "");
    case VG_E_INTERRUPTED:
    case VG_E_MEMORY:
    case VG_E_LACK:
        return vg_fault_set(fault, status, vg_status_text(status), NULL, "%s", "");
    default:
        return vg_fault_set(fault, VG_E_IO, N_("the camera does not answer as RTSP wants"),
                            N_("check the address of the flux"), "%s", "");
    }
}

static enum vg_status refuse(const struct vg_source *source, enum vg_status status,
                             const char *path, struct vg_fault *fault)
{
    return source->input == INPUT_FILE ? refuse_file(status, path, fault)
                                       : refuse_camera(status, fault);
}

/* Only plain files: opening a fifo or a device would block where no callback is asked. */
static enum vg_status check_file(const char *path)
{
    struct stat about;
    if (stat(path, &about) < 0)
        return errno == ENOENT || errno == ENOTDIR ? VG_E_MISSING : VG_E_IO;
    return S_ISREG(about.st_mode) && about.st_size > 0 ? VG_OK : VG_E_INPUT;
}

static enum vg_status open_input(struct vg_source *source, const char *address)
{
    AVDictionary *options = NULL;
    enum vg_status status = set_options(source, &options);
    if (status)
        goto done;
    source->context = avformat_alloc_context();
    if (!source->context) {
        status = VG_E_MEMORY;
        goto done;
    }
    source->context->interrupt_callback = (AVIOInterruptCB){on_interrupt, source};
    arm(source, source->settings.open_us);
    const int error = avformat_open_input(
        &source->context, address, source->input == INPUT_RTSP ? rtsp_format() : NULL, &options);
    status = error < 0 ? status_of(source, error) : check_options(options);
    if (status == VG_OK &&
        (source->input == INPUT_FILE || !announcement_suffices(source->context))) {
        const int info = avformat_find_stream_info(source->context, NULL);
        if (info < 0 || source->interrupted)
            status = status_of(source, info < 0 ? info : AVERROR_EXIT);
    }
done:
    av_dict_free(&options);
    return status;
}

/* The path of a file's address: "file:/path" or the path itself; NULL: another scheme. */
static const char *file_path(const char *url)
{
    if (strncmp(url, "file://", 7) == 0 && url[7] == '/')
        return url + 7;
    if (strncmp(url, "file:", 5) == 0)
        return url + 5;
    return strstr(url, "://") ? NULL : url;
}

static enum vg_status make_address(struct vg_source *source,
                                   const struct vg_source_settings *settings, char *address,
                                   size_t size, struct vg_fault *fault)
{
    if (strncmp(settings->url, "rtsp://", 7) == 0 && settings->kind == VG_SOURCE_LIVE) {
        source->input = INPUT_RTSP;
        enum vg_status status =
            vg_source_address(settings->url, settings->user, settings->password, address, size);
        return status
                   ? vg_fault_set(fault, VG_E_INPUT, N_("the address of the flux is not right"),
                                  N_("write rtsp://host/path, user and password apart"), "%s", "")
                   : VG_OK;
    }
    const char *path = settings->kind == VG_SOURCE_CLIP ? settings->url : file_path(settings->url);
    source->input = INPUT_FILE;
    if (!path)
        return vg_fault_set(fault, VG_E_INPUT, N_("the address of the flux is not right"),
                            N_("give an rtsp:// address or a file"), "%s", "");
    /* "file:" before it, or a path with a colon would be taken for another protocol */
    const int length = snprintf(address, size, "file:%s", path);
    return length < 0 || (size_t)length >= size
               ? vg_fault_set(fault, VG_E_INPUT, N_("the path is too long"), NULL, "%.200s", path)
               : VG_OK;
}

enum vg_status vg_source_open(struct vg_source **source, const struct vg_source_settings *settings,
                              struct vg_fault *fault)
{
    char address[4096] = "";
    enum vg_status status = VG_E_MEMORY;
    struct vg_source *s = vg_alloc(sizeof *s);
    *source = NULL;
    av_log_set_level(AV_LOG_QUIET); /* it writes addresses, with what is in them */
    if (!s)
        return vg_fault_set(fault, status, vg_status_text(status), NULL, "source");
    s->settings = *settings;
    s->first_us = s->reached_us = VG_PTS_NONE;
    s->settings.url = s->settings.user = s->settings.password = NULL;
    status = make_address(s, settings, address, sizeof address, fault);
    if (status)
        goto done;
    const char *path = address + strlen("file:");
    s->packet = av_packet_alloc();
    status = s->packet ? VG_OK : VG_E_MEMORY;
    if (status == VG_OK && s->input == INPUT_FILE)
        status = check_file(path);
    if (status == VG_OK)
        status = open_input(s, address);
    if (status) {
        status = refuse(s, status, path, fault);
        goto done;
    }
    s->stream = choose_stream(s->context);
    if (!s->stream) {
        status = vg_fault_set(fault, VG_E_INPUT, N_("there is no video in it"),
                              N_("choose a source with pictures"), "%s",
                              s->input == INPUT_FILE ? path : "");
        goto done;
    }
    const AVRational rate = s->stream->avg_frame_rate;
    s->interval_us = rate.num > 0 && rate.den > 0 ? av_rescale(VG_US_PER_S, rate.den, rate.num)
                                                  : VG_US_PER_S / 25;
done:
    explicit_bzero(address, sizeof address); /* it may hold a password */
    if (status)
        vg_source_close(&s);
    *source = s;
    return status;
}

void vg_source_close(struct vg_source **source)
{
    struct vg_source *s = *source;
    if (!s)
        return;
    arm(s, VG_US_PER_S); /* RTSP says good-bye */
    s->settings.cancel.generation = NULL;
    avformat_close_input(&s->context);
    av_packet_free(&s->packet);
    vg_free(s);
    *source = NULL;
}

struct vg_source_about vg_source_about(const struct vg_source *source)
{
    const AVStream *stream = source->stream;
    struct vg_source_about about = {.codec = stream->codecpar};
    const AVRational rate = stream->avg_frame_rate;
    if (rate.num > 0 && rate.den > 0) {
        const int64_t milli = av_rescale(1000, rate.num, rate.den);
        about.fps_milli = milli > 0 && milli <= 1000000 ? (uint32_t)milli : 0;
    }
    if (source->input != INPUT_FILE)
        return about;
    if (stream->duration > 0)
        about.duration_us = av_rescale_q(stream->duration, stream->time_base, AV_TIME_BASE_Q);
    else if (source->context->duration > 0)
        about.duration_us = source->context->duration;
    about.pictures = stream->nb_frames > 0 ? (uint64_t)stream->nb_frames : 0;
    if (!about.pictures && about.fps_milli)
        about.pictures =
            (uint64_t)av_rescale(about.duration_us, about.fps_milli, 1000 * VG_US_PER_S);
    return about;
}

/* ---- the promised end ---- */

static bool format_is(const struct vg_source *source, const char *name)
{
    return strncmp(source->context->iformat->name, name, strlen(name)) == 0;
}

/* "00:00:04.920000000", as Matroska's writers tag each track; 0: not so. */
static int64_t tagged_us(const AVStream *stream)
{
    const AVDictionaryEntry *tag = av_dict_get(stream->metadata, "DURATION", NULL, 0);
    unsigned hours = 0, minutes = 0, seconds = 0, micros = 0;
    if (!tag || sscanf(tag->value, "%3u:%2u:%2u.%6u", &hours, &minutes, &seconds, &micros) != 4)
        return 0;
    return ((int64_t)hours * 3600 + minutes * 60 + seconds) * VG_US_PER_S + micros;
}

/* Where the stream ends by the head of its file; 0: it does not say. */
static int64_t promised_us(const struct vg_source *source)
{
    const AVStream *stream = source->stream;
    const AVFormatContext *context = source->context;
    if (format_is(source, "mov") || format_is(source, "avi"))
        return stream->duration > 0 ? vg_source_stamp_us(source, stream->duration) : 0;
    const int64_t tagged = format_is(source, "matroska") ? tagged_us(stream) : 0;
    /* the head's own is that of the longest track, which may be the sound; and an estimate by the
     * rate or by the last stamps is no promise */
    if (tagged || context->nb_streams > 1 ||
        context->duration_estimation_method != AVFMT_DURATION_FROM_STREAM)
        return tagged;
    return context->duration;
}

/* The packet in hand: how far the clip goes. Not every container knows how long each lasts. */
static void note_reached(struct vg_source *source)
{
    const AVPacket *packet = source->packet;
    const int64_t stamp = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
    const int64_t at = vg_source_stamp_us(source, stamp);
    if (at == VG_PTS_NONE || at > INT64_MAX / 4 || at < -INT64_MAX / 4)
        return;
    const int64_t lasts =
        packet->duration > 0 ? vg_source_stamp_us(source, packet->duration) : source->interval_us;
    if (source->first_us == VG_PTS_NONE || at < source->first_us)
        source->first_us = at;
    if (source->reached_us == VG_PTS_NONE || at + lasts > source->reached_us)
        source->reached_us = at + lasts;
}

bool vg_source_ended_early(const struct vg_source *source)
{
    const int64_t promised = source->input == INPUT_FILE ? promised_us(source) : 0;
    if (promised <= 0 || source->reached_us == VG_PTS_NONE)
        return false;
    /* heads count from 0 or from the first picture: in doubt for the clip */
    const int64_t begin = source->first_us < 0 ? source->first_us : 0;
    const int64_t slack = format_is(source, "avi") ? source->interval_us * 3 / 2 : SHORT_US;
    return promised - (source->reached_us - begin) > slack;
}

/* ---- reading ---- */

int64_t vg_source_stamp_us(const struct vg_source *source, int64_t stamp)
{
    static_assert(AV_NOPTS_VALUE == VG_PTS_NONE, "no stamp is the same number on both sides");
    if (stamp == VG_PTS_NONE) /* which av_rescale also gives when it overflows */
        return VG_PTS_NONE;
    return av_rescale_q(stamp, source->stream->time_base, AV_TIME_BASE_Q);
}

struct vg_wall_time vg_source_wall(const struct vg_source *source, int64_t pts_us,
                                   struct vg_wall_time arrival)
{
    const int64_t zero = source->context->start_time_realtime;
    if (source->input != INPUT_RTSP || zero == AV_NOPTS_VALUE || zero < 0 || zero > INT64_MAX / 4 ||
        pts_us == VG_PTS_NONE || pts_us < 0 || pts_us > INT64_MAX / 4)
        return arrival;
    const int64_t told = zero + pts_us;
    const int64_t off = told > arrival.us ? told - arrival.us : arrival.us - told;
    return off <= WALL_TRUST_US ? (struct vg_wall_time){told} : arrival;
}

/* One packet of our stream, whatever it is. */
static enum vg_status read_stream(struct vg_source *source)
{
    for (;;) {
        av_packet_unref(source->packet);
        const int error = av_read_frame(source->context, source->packet);
        if (error < 0)
            return status_of(source, error);
        if (source->packet->stream_index == source->stream->index)
            return VG_OK;
        if (on_interrupt(source)) /* a file of much else: the callback is not asked */
            return status_of(source, AVERROR_EXIT);
    }
}

/* Streams (MPEG-TS, raw H.264) have no index: a search by time lands somewhere near, or fails; by
 * the byte it lands at the begin. */
static bool seek_begin(const struct vg_source *source)
{
    const int unindexed = AVFMT_TS_DISCONT | AVFMT_NOTIMESTAMPS;
    if ((source->context->iformat->flags & unindexed) != 0)
        return av_seek_frame(source->context, -1, 0, AVSEEK_FLAG_BYTE) >= 0;
    const int64_t start = source->stream->start_time;
    return av_seek_frame(source->context, source->stream->index,
                         start == AV_NOPTS_VALUE ? 0 : start, AVSEEK_FLAG_BACKWARD) >= 0;
}

/* The end of a live file: back to its begin. A new round starts when its first packet comes. */
static enum vg_status rewind_file(struct vg_source *source)
{
    if (!source->round_begun) /* not one packet in a whole round */
        return VG_E_END;
    if (!seek_begin(source))
        return VG_E_IO;
    source->round_start.us += source->last_dts_us - source->round_dts_us + source->interval_us;
    source->round_begun = false;
    source->key_seen = false;
    source->restarted = true;
    return VG_OK;
}

/* Sleeps until `due`, in slices, so that a cancel is noticed. */
static enum vg_status wait_until(const struct vg_source *source, int64_t due_us)
{
    for (;;) {
        if (vg_cancelled(&source->settings.cancel))
            return VG_E_INTERRUPTED;
        const int64_t left = due_us - vg_mono_now().us;
        if (left <= 0)
            return VG_OK;
        vg_pause_us(left < PAUSE_US ? left : PAUSE_US);
    }
}

/* When the packet in hand is due: DTS on the clock, from the round's first packet. A stamp that is
 * missing, steps back or jumps beyond reason counts as one interval. */
static int64_t due_of(struct vg_source *source)
{
    const int64_t dts = vg_source_stamp_us(source, source->packet->dts);
    if (!source->round_begun) {
        source->round_begun = true;
        source->round_dts_us = source->last_dts_us = dts == VG_PTS_NONE ? 0 : dts;
        if (source->round_start.us == 0)
            source->round_start = vg_mono_now();
        return source->round_start.us;
    }
    const int64_t guess = source->last_dts_us + source->interval_us;
    const bool sound = dts != VG_PTS_NONE && dts >= source->last_dts_us &&
                       dts - source->last_dts_us <= source->settings.read_us;
    if (sound || dts == VG_PTS_NONE) {
        source->last_dts_us = sound ? dts : guess;
    } else { /* as if the round had begun so that this stamp is the next one */
        source->round_dts_us += dts - guess;
        source->last_dts_us = dts;
    }
    return source->round_start.us + source->last_dts_us - source->round_dts_us;
}

static enum vg_status read_live_file(struct vg_source *source, struct vg_packet *packet)
{
    enum vg_status status = read_stream(source);
    if (status == VG_E_END) {
        status = rewind_file(source);
        if (status == VG_OK) {
            arm(source, source->settings.read_us);
            status = read_stream(source);
        }
    }
    if (status)
        return status;
    const int64_t due = due_of(source);
    status = wait_until(source, due);
    const struct vg_mono_time now = vg_mono_now();
    /* the machine slept, or the clip is too heavy: do not hurry to catch up for ever */
    if (status == VG_OK && now.us - due > VG_US_PER_S)
        source->round_start.us += now.us - due;
    packet->arrival = now;
    return status;
}

enum vg_status vg_source_read(struct vg_source *source, struct vg_packet *packet)
{
    const bool live = source->settings.kind == VG_SOURCE_LIVE;
    enum vg_status status = VG_OK;
    *packet = (struct vg_packet){.data = source->packet};
    if (source->over)
        return source->over;
    arm(source, source->settings.read_us);
    if (live && source->input == INPUT_FILE) {
        status = read_live_file(source, packet);
    } else {
        status = read_stream(source);
        packet->arrival = vg_mono_now();
    }
    if (status)
        return status;
    /* when a read is cut off, libavformat first gives out what its parser holds, and would wait
     * anew at the next call */
    if (source->interrupted)
        source->over = status_of(source, AVERROR_EXIT);
    if (!live)
        note_reached(source);
    packet->key = (source->packet->flags & AV_PKT_FLAG_KEY) != 0;
    source->key_seen = source->key_seen || packet->key;
    packet->early = live && !source->key_seen;
    packet->damaged = (source->packet->flags & AV_PKT_FLAG_CORRUPT) != 0;
    packet->restarted = source->restarted;
    source->restarted = false;
    return VG_OK;
}
