#include "src/media/live_mux.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/log.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/media/memory_file.h"
#include "src/media/stamp_line.h"

#define TICKS       90000        /* of a fragment's times, a second */
#define BEGIN       TICKS        /* before a format's first picture: decoding begins earlier */
#define STEP_FIRST  (TICKS / 25) /* how long a picture lasts before that is known */
#define STEP_LEAST  (TICKS / 1000)
#define STEP_MOST   TICKS
#define REORDER_MAX 16u /* pictures that are shown later than decoded (H.264, H.265) */
#define TURNS \
    512 /* packets looked at in one call: no more lie in a ring's group
                                         that nobody can play */
#define INIT_BYTES (64u << 10)
#define MOOF_BYTES 104u
#define HEAD_BYTES (MOOF_BYTES + 8u) /* with the head of mdat */
#define PART_FIRST ((size_t)32 << 10)

enum mode {
    MODE_NONE, /* nothing yet, or nothing that can be shown */
    MODE_MP4,
    MODE_JPEG,   /* the packets are JPEG */
    MODE_DECODED /* the flux encodes for us */
};

/* Decoding times: the least of the last `depth` + 1 times of presentation, in order (H.264 C.4.5.3
 * the other way round). The depth is learnt: pictures that come out of order deepen it. */
struct reorder {
    unsigned depth, count;
    int64_t waiting[REORDER_MAX + 1];
};

struct vg_live {
    struct vg_live_settings settings;
    struct vg_ring_follower follower;
    struct vg_kept_packet packet; /* at hand while its init segment goes first */
    struct vg_packet_format format;
    uint32_t format_number; /* 0: none */
    enum mode mode;
    bool key_seen, after_gap; /* since the last gap; the group began after one */
    int64_t key_pts;
    struct vg_stamp_line line;
    struct reorder reorder;
    uint32_t fragment; /* its number */
    int64_t base;      /* of the format's first picture */
    int64_t dts, step; /* of the last picture */
    int64_t expected;  /* decoding time of the fragment to come */
    struct vg_mono_time pictured;
    uint64_t post_number;
    uint8_t *part; /* what was given last */
    size_t room;
    struct vg_live_counts counts;
};

struct vg_live_settings vg_live_defaults(void)
{
    return (struct vg_live_settings){.plays = VG_LIVE_PLAYS_H264,
                                     .lag_us = 3 * VG_US_PER_S / 2,
                                     .picture_us = VG_JPEG_POST_EVERY_US,
                                     .part_bytes_max = 4u << 20};
}

enum vg_status vg_live_open(struct vg_live **live, const struct vg_live_settings *settings)
{
    struct vg_live *l = vg_alloc(sizeof *l);
    *live = l;
    if (!l)
        return VG_E_MEMORY;
    av_log_set_level(AV_LOG_QUIET);
    l->settings = *settings;
    l->pictured.us = INT64_MIN / 2;
    l->step = STEP_FIRST;
    return VG_OK;
}

void vg_live_close(struct vg_live **live)
{
    struct vg_live *l = *live;
    if (!l)
        return;
    vg_kept_packet_release(&l->packet);
    vg_free(l->part);
    vg_free(l);
    *live = NULL;
}

struct vg_live_counts vg_live_counts(const struct vg_live *live)
{
    struct vg_live_counts counts = live->counts;
    counts.skipped = live->follower.skipped;
    counts.skips = live->follower.skips;
    return counts;
}

/* Room for one part; what stood there is lost. VG_E_FULL: larger than the settings allow. */
static enum vg_status room_for(struct vg_live *live, size_t size)
{
    if (size <= live->room)
        return VG_OK;
    if (size > live->settings.part_bytes_max)
        return VG_E_FULL;
    size_t room = live->room ? live->room : PART_FIRST;
    while (room < size)
        room *= 2;
    vg_free(live->part);
    live->room = 0;
    live->part = vg_alloc(room);
    if (!live->part)
        return VG_E_MEMORY;
    live->room = room;
    return VG_OK;
}

/* ---- the init segment ---- */

static enum mode mode_of(const struct vg_live *live, int codec)
{
    if (codec == AV_CODEC_ID_MJPEG)
        return MODE_JPEG;
    if ((codec == AV_CODEC_ID_H264 && (live->settings.plays & VG_LIVE_PLAYS_H264) != 0) ||
        (codec == AV_CODEC_ID_HEVC && (live->settings.plays & VG_LIVE_PLAYS_H265) != 0))
        return MODE_MP4;
    return live->settings.post ? MODE_DECODED : MODE_NONE;
}

/* The muxer writes the head at once, without any picture. */
static enum vg_status write_init(const struct vg_packet_format *format, struct vg_memory_file *file)
{
    AVFormatContext *context = NULL;
    AVDictionary *options = NULL;
    enum vg_status status = VG_E_MEMORY;
    if (avformat_alloc_output_context2(&context, NULL, "mp4", NULL) < 0)
        return status;
    AVStream *stream = avformat_new_stream(context, NULL);
    if (!stream || vg_memory_file_attach(file, context) ||
        vg_packet_format_parameters(format, stream->codecpar) ||
        av_dict_set(&options, "movflags", "empty_moov+default_base_moof", 0) < 0)
        goto done;
    if (format->codec == AV_CODEC_ID_HEVC)
        stream->codecpar->codec_tag = MKTAG('h', 'v', 'c', '1');
    stream->time_base = (AVRational){1, TICKS};
    context->flags |= AVFMT_FLAG_BITEXACT;
    status = VG_E_INPUT;
    if (avformat_write_header(context, &options) < 0)
        goto done;
    avio_flush(context->pb);
    if (file->size && stream->time_base.num == 1 && stream->time_base.den == TICKS)
        status = VG_OK;
done:
    av_dict_free(&options);
    vg_memory_file_detach(context);
    avformat_free_context(context);
    return file->starved ? VG_E_MEMORY : status;
}

static enum vg_status give_init(struct vg_live *live, struct vg_live_part *part)
{
    struct vg_memory_file file = {.max = INIT_BYTES};
    const struct vg_packet_format *format = &live->format;
    enum vg_status status =
        vg_codec_string(format->codec, format->sets, format->sets_size, part->codec);
    if (status == VG_OK)
        status = write_init(format, &file);
    if (status == VG_OK)
        status = room_for(live, file.size);
    if (status == VG_OK) {
        memcpy(live->part, file.data, file.size);
        part->kind = VG_LIVE_INIT;
        part->data = live->part;
        part->size = file.size;
    }
    vg_memory_file_release(&file);
    return status;
}

/* Takes the format of the packet at hand, a key. VG_OK: its init segment is in `part`; VG_E_END:
 * none is needed, or none can be made. */
static enum vg_status change_format(struct vg_live *live, struct vg_live_part *part)
{
    const struct vg_kept_packet *key = &live->packet;
    live->format_number = key->format;
    live->mode = MODE_NONE;
    if (vg_packet_ring_format(live->settings.ring, key->format, &live->format))
        return VG_E_END;
    vg_stamp_line_init(&live->line, live->format.tick_num, live->format.tick_den);
    live->reorder = (struct reorder){0};
    live->base = live->expected + BEGIN; /* behind what was given in the former format */
    live->mode = mode_of(live, live->format.codec);
    if (live->mode != MODE_MP4)
        return VG_E_END;
    enum vg_status status = vg_packet_format_complete(&live->format, key->data, key->size);
    if (status == VG_OK)
        status = give_init(live, part);
    if (status == VG_OK || status == VG_E_MEMORY)
        return status;
    live->mode = MODE_NONE; /* not of such a stream; perhaps of its next format */
    return VG_E_END;
}

/* ---- fragments ---- */

static uint8_t *put(uint8_t *to, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    return to + bytes;
}

static uint8_t *put_box(uint8_t *to, uint32_t size, const char *name)
{
    to = put(to, size, 4);
    memcpy(to, name, 4);
    return to + 4;
}

struct sample {
    int64_t dts, pts, duration;
    size_t size;
    bool key;
};

/* moof of one sample, and the head of its mdat: HEAD_BYTES.
 *   moof 104 = 8 + mfhd 16 + traf 80;  traf 80 = 8 + tfhd 16 + tfdt 20 + trun 36 */
static void put_head(uint8_t *to, uint32_t number, const struct sample *sample)
{
    to = put_box(to, MOOF_BYTES, "moof");
    to = put_box(to, 16, "mfhd");
    to = put(put(to, 0, 4), number, 4);
    to = put_box(to, 80, "traf");
    to = put_box(to, 16, "tfhd");
    to = put(put(to, 0x020000, 4), 1, 4); /* places count from the moof; track 1 */
    to = put_box(to, 20, "tfdt");
    to = put(put(to, 0x01000000, 4), (uint64_t)sample->dts, 8);
    to = put_box(to, 36, "trun"); /* version 1: a picture may be shown before its decoding time */
    to = put(put(to, 0x01000F01, 4), 1, 4);
    to = put(to, HEAD_BYTES, 4);
    to = put(to, (uint64_t)sample->duration, 4);
    to = put(to, sample->size, 4);
    to = put(to, sample->key ? 0x02000000 : 0x01010000, 4);
    to = put(to, (uint64_t)(sample->pts - sample->dts), 4);
    (void)put_box(to, (uint32_t)(sample->size + 8), "mdat");
}

/* Takes a time of presentation; returns the decoding time that falls due. */
static int64_t reorder_next(struct reorder *reorder, int64_t pts, int64_t step)
{
    unsigned at = reorder->count++;
    for (; at > 0 && reorder->waiting[at - 1] > pts; at--)
        reorder->waiting[at] = reorder->waiting[at - 1];
    reorder->waiting[at] = pts;
    if (reorder->count <= reorder->depth) /* before the first: a step for each that is missing */
        return reorder->waiting[0] - step * (int64_t)(reorder->depth + 1 - reorder->count);
    const int64_t least = reorder->waiting[0];
    reorder->count--;
    memmove(reorder->waiting, reorder->waiting + 1, reorder->count * sizeof *reorder->waiting);
    return least;
}

static int64_t bounded(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

/* The times of the next fragment. Decoding times follow each other without a gap: what the guess
 * of a duration was wrong by, the next one makes good. */
static void time_sample(struct vg_live *live, int64_t pts, bool restart, struct sample *sample)
{
    const int64_t before = live->dts;
    sample->pts = live->base + av_rescale(pts, live->line.num * TICKS, live->line.den);
    if (restart)
        live->reorder.count = 0;
    else if (sample->pts < before && live->reorder.depth < REORDER_MAX)
        live->reorder.depth++;
    live->dts = reorder_next(&live->reorder, sample->pts, live->step);
    if (restart) {
        live->expected = live->dts > live->expected ? live->dts : live->expected;
    } else if (live->dts > before) {
        live->step = bounded(live->dts - before, STEP_LEAST, STEP_MOST);
    }
    sample->dts = live->expected;
    sample->duration = bounded(live->dts + live->step - sample->dts, 1, (int64_t)3600 * TICKS);
    live->expected = sample->dts + sample->duration;
}

/* VG_E_FULL: larger than allowed; VG_E_INPUT: nothing in it. */
static enum vg_status give_fragment(struct vg_live *live, int64_t pts, struct vg_live_part *part)
{
    const struct vg_kept_packet *packet = &live->packet;
    const struct vg_packet_format *format = &live->format;
    const bool annexb = vg_sets_annexb(format->codec, format->sets, format->sets_size);
    struct sample sample = {.key = packet->key, .size = packet->size};
    if (annexb)
        sample.size = vg_sample_make(format->codec, packet->data, packet->size, NULL, 0);
    if (sample.size == 0)
        return VG_E_INPUT;
    const enum vg_status status = room_for(live, HEAD_BYTES + sample.size);
    if (status)
        return status;
    time_sample(live, pts, packet->key && live->after_gap, &sample);
    put_head(live->part, ++live->fragment, &sample);
    uint8_t *to = live->part + HEAD_BYTES;
    if (annexb)
        (void)vg_sample_make(format->codec, packet->data, packet->size, to, sample.size);
    else
        memcpy(to, packet->data, packet->size);
    *part = (struct vg_live_part){.kind = VG_LIVE_FRAGMENT,
                                  .key = packet->key,
                                  .data = live->part,
                                  .size = HEAD_BYTES + sample.size,
                                  .wall = packet->wall};
    return VG_OK;
}

/* Whether the packet at hand can be decoded by one that has seen what was given. */
static bool follows(struct vg_live *live, int64_t pts)
{
    const struct vg_kept_packet *packet = &live->packet;
    if (packet->key) {
        live->after_gap = packet->after_gap || !live->key_seen;
        live->key_seen = true;
        live->key_pts = pts;
        return true;
    }
    return live->key_seen && !(live->after_gap && pts < live->key_pts);
}

static enum vg_status show_mp4(struct vg_live *live, struct vg_live_part *part)
{
    const struct vg_kept_packet *packet = &live->packet;
    const int64_t pts = vg_stamp_line_next(&live->line, packet->stamp, packet->arrival.us);
    if (!follows(live, pts)) {
        live->counts.left_out++;
        return VG_E_END;
    }
    const enum vg_status status = give_fragment(live, pts, part);
    if (status == VG_E_FULL || status == VG_E_INPUT) {
        live->counts.left_out++;
        live->key_seen = false; /* what refers to it cannot be shown either */
        return VG_E_END;
    }
    return status;
}

/* ---- JPEG ---- */

static enum vg_status show_jpeg(struct vg_live *live, struct vg_live_part *part)
{
    const struct vg_kept_packet *packet = &live->packet;
    if (packet->arrival.us - live->pictured.us < live->settings.picture_us)
        return VG_E_END;
    const enum vg_status status = room_for(live, packet->size);
    if (status == VG_E_FULL)
        live->counts.left_out++;
    if (status)
        return status == VG_E_FULL ? VG_E_END : status;
    live->pictured = packet->arrival;
    memcpy(live->part, packet->data, packet->size);
    *part = (struct vg_live_part){.kind = VG_LIVE_PICTURE,
                                  .key = true,
                                  .data = live->part,
                                  .size = packet->size,
                                  .wall = packet->wall};
    return VG_OK;
}

static enum vg_status show_posted(struct vg_live *live, struct vg_mono_time now,
                                  struct vg_live_part *part)
{
    size_t size = 0;
    struct vg_wall_time wall = {0};
    vg_jpeg_post_want(live->settings.post, now);
    enum vg_status status = vg_jpeg_post_take(live->settings.post, &live->post_number, live->part,
                                              live->room, &size, &wall);
    if (status == VG_E_FULL) {
        status = room_for(live, size);
        if (status == VG_OK)
            status = vg_jpeg_post_take(live->settings.post, &live->post_number, live->part,
                                       live->room, &size, &wall);
    }
    if (status)
        return status == VG_E_MEMORY ? status : VG_E_END;
    *part = (struct vg_live_part){
        .kind = VG_LIVE_PICTURE, .key = true, .data = live->part, .size = size, .wall = wall};
    return VG_OK;
}

/* ---- all together ---- */

static enum vg_status show(struct vg_live *live, struct vg_live_part *part)
{
    switch (live->mode) {
    case MODE_MP4:
        return show_mp4(live, part);
    case MODE_JPEG:
        return show_jpeg(live, part);
    case MODE_NONE:
    case MODE_DECODED:
        break;
    }
    return VG_E_END;
}

static enum vg_status next_of_ring(struct vg_live *live, struct vg_live_part *part)
{
    for (int turn = 0; turn < TURNS; turn++) {
        enum vg_status status = VG_OK;
        const bool at_hand = live->packet.buffer != NULL;
        if (!at_hand)
            status = vg_packet_ring_follow(live->settings.ring, &live->follower,
                                           live->settings.lag_us, &live->packet);
        if (status)
            return status;
        if (live->packet.format != live->format_number) {
            live->key_seen = false;
            status = change_format(live, part);
            if (status == VG_OK)
                return status; /* the packet waits for the next call */
        }
        if (status == VG_OK || status == VG_E_END)
            status = show(live, part);
        vg_kept_packet_release(&live->packet);
        if (status != VG_E_END)
            return status;
    }
    return VG_E_END;
}

enum vg_status vg_live_next(struct vg_live *live, struct vg_mono_time now,
                            struct vg_live_part *part)
{
    *part = (struct vg_live_part){.data = NULL};
    enum vg_status status = next_of_ring(live, part);
    if (status == VG_E_END && live->mode == MODE_DECODED)
        status = show_posted(live, now, part);
    if (status == VG_OK && part->kind != VG_LIVE_INIT)
        live->counts.pictures++;
    return status;
}
