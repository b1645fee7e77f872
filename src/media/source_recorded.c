/* A file by libavformat: as a clip, once and as fast as can be; or live, at its true rate, again and
 * again. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/media/av_reader.h"
#include "src/media/source_kind.h"

/* Containers of recorded video. No playlists (hls, concat), pictures (image2, *_pipe) or text
 * (tty would show a .txt file as video). */
#define FILE_FORMATS                                                                             \
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,h264,hevc,m4v,flv,asf,ogg," \
    "mxf,ivf,dv,mjpeg,yuv4mpegpipe"

#define SHORT_US VG_US_PER_S /* how much sooner than promised a whole clip may end */
#define PAUSE_US 20000       /* how soon a paced file notices that it is cancelled */

struct file_source {
    struct vg_source base; /* first */
    struct vg_av_reader reader;
    bool restarted;
    /* of a clip, by its packets: the first stamp, and where the latest ends */
    int64_t first_us, reached_us;
    /* live: stamps of this round and when its first packet was due */
    bool round_begun, round_stamped; /* stamped: it had a DTS */
    int64_t round_dts_us, last_dts_us;
    struct vg_mono_time round_start;
    /* live: where the first round begins. What lies between the key frame before and there is read
     * as fast as it can be */
    int64_t begin_us;
    int64_t started_us; /* live: when its first packet was read; none arrived sooner */
    bool overtaking;
};

/* ---- opening ---- */

static enum vg_status refuse(enum vg_status status, const char *path, struct vg_fault *fault)
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

/* Only plain files: opening a fifo or a device would block where no callback is asked. */
static enum vg_status check_file(const char *path)
{
    struct stat about;
    if (stat(path, &about) < 0)
        return errno == ENOENT || errno == ENOTDIR ? VG_E_MISSING : VG_E_IO;
    return S_ISREG(about.st_mode) && about.st_size > 0 ? VG_OK : VG_E_INPUT;
}

/* "/path#t=12.5" becomes the path and the time. */
static int64_t cut_begin(char *path)
{
    char *mark = strrchr(path, '#'), *end = NULL;
    if (!mark || strncmp(mark, "#t=", 3) != 0 || check_file(path) == VG_OK)
        return 0;
    const double seconds = strtod(mark + 3, &end);
    if (end == mark + 3 || *end != '\0' || !isfinite(seconds) || seconds < 0 || seconds > 86400)
        return 0;
    *mark = '\0';
    return (int64_t)(seconds * (double)VG_US_PER_S);
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

/* The key frame at or before a time from the begin. */
static bool seek_to(const struct file_source *file, int64_t begin_us)
{
    const AVStream *stream = file->reader.stream;
    const int64_t start = stream->start_time == AV_NOPTS_VALUE ? 0 : stream->start_time;
    const int64_t at = start + av_rescale_q(begin_us, AV_TIME_BASE_Q, stream->time_base);
    return av_seek_frame(file->reader.context, stream->index, at, AVSEEK_FLAG_BACKWARD) >= 0;
}

/* The key frame before the place where the first round begins; else the begin of the file. */
static void seek_first(struct file_source *file)
{
    file->overtaking = file->begin_us > 0 && seek_to(file, file->begin_us);
    if (!file->overtaking)
        file->begin_us = 0;
}

static enum vg_status open_named(struct file_source *file, const char *path, struct vg_fault *fault)
{
    char address[4096];
    /* "file:" before it, or a path with a colon would be taken for another protocol */
    const int length = snprintf(address, sizeof address, "file:%s", path);
    if (length < 0 || (size_t)length >= sizeof address)
        return vg_fault_set(fault, VG_E_INPUT, N_("the path is too long"), NULL, "%.200s", path);
    enum vg_status status = check_file(path);
    if (status)
        return refuse(status, path, fault);
    status = vg_av_reader_open(&file->reader, address, FILE_FORMATS, "file",
                               file->base.settings.open_us);
    if (status == VG_E_INPUT)
        return vg_fault_set(fault, status, N_("there is no video in it"),
                            N_("choose a source with pictures"), "%s", path);
    return status ? refuse(status, path, fault) : VG_OK;
}

static enum vg_status open_path(struct file_source *file, const char *path, struct vg_fault *fault)
{
    char named[VG_SOURCE_URL_SIZE];
    if (file->base.settings.kind != VG_SOURCE_LIVE || strlen(path) >= sizeof named)
        return open_named(file, path, fault);
    (void)snprintf(named, sizeof named, "%s", path);
    file->begin_us = cut_begin(named);
    const enum vg_status status = open_named(file, named, fault);
    if (!status)
        seek_first(file);
    return status;
}

static void close_file(struct vg_source *source)
{
    struct file_source *file = (struct file_source *)source;
    vg_av_reader_release(&file->reader);
    vg_free(file);
}

static struct vg_source_about about_file(const struct vg_source *source)
{
    const struct vg_av_reader *reader = &((const struct file_source *)source)->reader;
    const AVStream *stream = reader->stream;
    struct vg_source_about about = {.codec = stream->codecpar};
    const AVRational rate = stream->avg_frame_rate;
    if (rate.num > 0 && rate.den > 0) {
        const int64_t milli = av_rescale(1000, rate.num, rate.den);
        about.fps_milli = milli > 0 && milli <= 1000000 ? (uint32_t)milli : 0;
    }
    if (stream->duration > 0)
        about.duration_us = av_rescale_q(stream->duration, stream->time_base, AV_TIME_BASE_Q);
    else if (reader->context->duration > 0)
        about.duration_us = reader->context->duration;
    about.pictures = stream->nb_frames > 0 ? (uint64_t)stream->nb_frames : 0;
    if (!about.pictures && about.fps_milli)
        about.pictures =
            (uint64_t)av_rescale(about.duration_us, about.fps_milli, 1000 * VG_US_PER_S);
    return about;
}

/* ---- the promised end ---- */

static bool format_is(const struct file_source *file, const char *name)
{
    return strncmp(file->reader.context->iformat->name, name, strlen(name)) == 0;
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
static int64_t promised_us(const struct file_source *file)
{
    const AVStream *stream = file->reader.stream;
    const AVFormatContext *context = file->reader.context;
    if (format_is(file, "mov") || format_is(file, "avi"))
        return stream->duration > 0 ? vg_source_stamp_us(&file->base, stream->duration) : 0;
    const int64_t tagged = format_is(file, "matroska") ? tagged_us(stream) : 0;
    /* the head's own is that of the longest track, which may be the sound; and an estimate by the
     * rate or by the last stamps is no promise */
    if (tagged || context->nb_streams > 1 ||
        context->duration_estimation_method != AVFMT_DURATION_FROM_STREAM)
        return tagged;
    return context->duration;
}

/* The packet in hand: how far the clip goes. Not every container knows how long each lasts. */
static void note_reached(struct file_source *file)
{
    const AVPacket *packet = file->reader.packet;
    const int64_t stamp = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
    const int64_t at = vg_source_stamp_us(&file->base, stamp);
    if (at == VG_PTS_NONE || at > INT64_MAX / 4 || at < -INT64_MAX / 4)
        return;
    const int64_t lasts = packet->duration > 0 ? vg_source_stamp_us(&file->base, packet->duration)
                                               : file->reader.interval_us;
    if (file->first_us == VG_PTS_NONE || at < file->first_us)
        file->first_us = at;
    if (file->reached_us == VG_PTS_NONE || at + lasts > file->reached_us)
        file->reached_us = at + lasts;
}

static bool ended_early(const struct vg_source *source)
{
    const struct file_source *file = (const struct file_source *)source;
    const int64_t promised = promised_us(file);
    if (promised <= 0 || file->reached_us == VG_PTS_NONE)
        return false;
    /* heads count from 0 or from the first picture: in doubt for the clip */
    const int64_t begin = file->first_us < 0 ? file->first_us : 0;
    const int64_t slack = format_is(file, "avi") ? file->reader.interval_us * 3 / 2 : SHORT_US;
    return promised - (file->reached_us - begin) > slack;
}

/* ---- reading ---- */

/* Streams (MPEG-TS, raw H.264) have no index: a search by time lands somewhere near, or fails; by
 * the byte it lands at the begin. */
static bool seek_begin(const struct file_source *file)
{
    const int unindexed = AVFMT_TS_DISCONT | AVFMT_NOTIMESTAMPS;
    if ((file->reader.context->iformat->flags & unindexed) != 0)
        return av_seek_frame(file->reader.context, -1, 0, AVSEEK_FLAG_BYTE) >= 0;
    return seek_to(file, 0);
}

/* The end of a live file: back to its begin. A new round starts when its first packet comes. */
static enum vg_status rewind_file(struct file_source *file)
{
    if (!file->round_begun) /* not one packet in a whole round */
        return VG_E_END;
    if (!seek_begin(file))
        return VG_E_IO;
    file->round_start.us += file->last_dts_us - file->round_dts_us + file->reader.interval_us;
    file->round_begun = false;
    file->base.key_seen = false;
    file->overtaking = false;
    file->restarted = true;
    return VG_OK;
}

/* Sleeps until `due`, in slices, so that a cancel is noticed. */
static enum vg_status wait_until(const struct file_source *file, int64_t due_us)
{
    for (;;) {
        if (vg_cancelled(&file->reader.cancel))
            return VG_E_INTERRUPTED;
        const int64_t left = due_us - vg_mono_now().us;
        if (left <= 0)
            return VG_OK;
        vg_pause_us(left < PAUSE_US ? left : PAUSE_US);
    }
}

/* How much of the file lies between the first packet and where the first round begins. The first
 * packets of Matroska with B pictures have no DTS; a key's PTS is some pictures later. */
static int64_t ahead_of(const struct file_source *file)
{
    const AVPacket *packet = file->reader.packet;
    const int64_t start = file->reader.stream->start_time;
    const int64_t start_us = start == AV_NOPTS_VALUE ? 0 : vg_source_stamp_us(&file->base, start);
    const int64_t at_us =
        vg_source_stamp_us(&file->base, packet->dts != AV_NOPTS_VALUE ? packet->dts : packet->pts);
    const int64_t ahead_us = start_us + file->begin_us - at_us;
    return file->overtaking && at_us != VG_PTS_NONE && ahead_us > 0 ? ahead_us : 0;
}

/* What lies before the place where it begins was there then. */
static void begin_at(struct file_source *file, int64_t now_us, int64_t ahead_us)
{
    file->started_us = now_us;
    file->round_start.us = now_us - ahead_us;
}

/* When the packet in hand is due: DTS on the clock, from the round's first packet. A stamp that is
 * missing, the round's first if packets came before it, one that steps back or jumps beyond reason count as
 * one interval. */
static int64_t due_of(struct file_source *file)
{
    const int64_t dts = vg_source_stamp_us(&file->base, file->reader.packet->dts);
    if (!file->round_begun) {
        file->round_begun = true;
        file->round_stamped = dts != VG_PTS_NONE;
        file->round_dts_us = file->last_dts_us = dts == VG_PTS_NONE ? 0 : dts;
        if (file->round_start.us == 0)
            begin_at(file, vg_mono_now().us, ahead_of(file));
        return file->round_start.us;
    }
    const int64_t guess = file->last_dts_us + file->reader.interval_us;
    const bool sound = dts != VG_PTS_NONE && file->round_stamped && dts >= file->last_dts_us &&
                       dts - file->last_dts_us <= file->base.settings.read_us;
    file->round_stamped = file->round_stamped || dts != VG_PTS_NONE;
    if (sound || dts == VG_PTS_NONE) {
        file->last_dts_us = sound ? dts : guess;
    } else { /* as if the round had begun so that this stamp is the next one */
        file->round_dts_us += dts - guess;
        file->last_dts_us = dts;
    }
    return file->round_start.us + file->last_dts_us - file->round_dts_us;
}

static enum vg_status read_live(struct file_source *file, struct vg_mono_time *arrival)
{
    enum vg_status status = vg_av_reader_next(&file->reader);
    if (status == VG_E_END && file->base.settings.kind == VG_SOURCE_LIVE) {
        status = rewind_file(file);
        if (status == VG_OK) {
            vg_av_reader_arm(&file->reader, file->base.settings.read_us);
            status = vg_av_reader_next(&file->reader);
        }
    }
    if (status)
        return status;
    const int64_t due = due_of(file);
    file->overtaking = file->overtaking && vg_mono_now().us > due;
    status = wait_until(file, due);
    const int64_t late_us = vg_mono_now().us - due;
    /* the machine slept, or the clip is too heavy: do not hurry to catch up for ever */
    if (status == VG_OK && !file->overtaking && late_us > VG_US_PER_S)
        file->round_start.us += late_us;
    /* who reads late made it wait: a camera would have sent it then */
    arrival->us = due > file->started_us ? due : file->started_us;
    return status;
}

static enum vg_status read_file(struct vg_source *source, struct vg_packet *packet)
{
    struct file_source *file = (struct file_source *)source;
    const bool live = source->settings.kind != VG_SOURCE_CLIP;
    vg_av_reader_arm(&file->reader, source->settings.read_us);
    const enum vg_status status =
        live ? read_live(file, &packet->arrival) : vg_av_reader_next(&file->reader);
    if (status)
        return status;
    if (!live) {
        packet->arrival = vg_mono_now();
        note_reached(file);
    }
    packet->data = file->reader.packet;
    packet->key = (file->reader.packet->flags & AV_PKT_FLAG_KEY) != 0;
    packet->damaged = (file->reader.packet->flags & AV_PKT_FLAG_CORRUPT) != 0;
    packet->restarted = file->restarted;
    file->restarted = false;
    return VG_OK;
}

static const struct vg_source_calls calls = {
    .close = close_file, .read = read_file, .about = about_file, .ended_early = ended_early};

enum vg_status vg_source_file_open(struct vg_source **source,
                                   const struct vg_source_settings *settings,
                                   struct vg_fault *fault)
{
    const char *path = settings->kind == VG_SOURCE_CLIP ? settings->url : file_path(settings->url);
    *source = NULL;
    if (!path)
        return vg_fault_set(fault, VG_E_INPUT, N_("the address of the flux is not right"),
                            N_("give an rtsp:// address or a file"), "%s", "");
    struct file_source *file = vg_alloc(sizeof *file);
    if (!file)
        return vg_fault_set(fault, VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, "source");
    vg_source_begin(&file->base, &calls, settings);
    file->reader.cancel = settings->cancel;
    file->first_us = file->reached_us = VG_PTS_NONE;
    const enum vg_status status = open_path(file, path, fault);
    if (status) {
        close_file(&file->base);
        return status;
    }
    file->base.time_base = file->reader.stream->time_base;
    *source = &file->base;
    return VG_OK;
}
