/* Where units begin and end, and what is said of them. Packets come here in order, with what is
 * missing before each; the unpacker of the codec puts their payloads together. */
#include "src/media/rtp_stream.h"

#include <assert.h>
#include <libavcodec/packet.h>
#include <libavutil/avutil.h>
#include <libavutil/buffer.h>

#include "src/base/alloc.h"
#include "src/media/rtcp.h"
#include "src/media/rtp_clock.h"
#include "src/media/rtp_packet.h"
#include "src/media/rtp_reception.h"
#include "src/media/rtp_reorder.h"
#include "src/media/rtp_unpack.h"

enum {
    /* one packet may set free all that waited for it, and each of them end two units: the one
     * before, which had no marker, and its own */
    READY_MAX = 2 * (VG_RTP_REORDER_PACKETS + 2),
    AHEAD_BYTES_MAX = 16384, /* what stands before a picture: sets, messages */
    MARKER_DOUBTS_MAX = 3,
    MARKER_CLEAN_MAX = 2, /* pictures in a row as they should be: the doubt was chance */
    MARKERS_MAX = 256
};

/* Some cameras mark each slice, so that one picture would come out as many. When units go on
 * under the same stamp, the stamps alone tell where they end; unless these do not change. */
enum marker {
    MARKER_BELIEVED,
    MARKER_DOUBTED,
    MARKER_NEEDED
};

struct ready {
    struct vg_rtp_assembled unit;
    int64_t pts;
    struct vg_mono_time arrival;
    bool key, damaged;
};

struct vg_rtp_stream {
    uint32_t ssrc, payload_type;
    const struct vg_rtp_unpacker *unpacker;
    struct vg_rtp_reorder *reorder;
    struct vg_rtp_clock clock;
    struct vg_rtp_reception reception;
    bool report_matched; /* a report of the sender's own source came */
    struct vg_rtp_counts counts;
    struct vg_rtp_unpack unpack;
    /* the unit in progress */
    bool open;
    bool damaged;
    bool refused; /* no memory, or too large: the rest of it is passed over */
    uint32_t stamp;
    struct vg_mono_time arrival; /* of its last packet */
    /* what is known of the units before */
    bool owed_damage; /* something is lost that the next unit must tell */
    bool ended_by_marker;
    uint32_t ended_stamp;
    struct vg_mono_time ended_arrival;
    enum marker marker;
    uint32_t marker_doubts, marker_clean, markers;
    bool no_memory; /* to be told by the next take */
    struct ready ready[READY_MAX];
    size_t ready_at, ready_count;
    AVPacket *packet;
};

enum vg_status vg_rtp_stream_open(struct vg_rtp_stream **stream, const struct vg_sdp_video *video,
                                  const struct vg_rtp_settings *settings)
{
    *stream = NULL;
    struct vg_rtp_stream *s = vg_alloc(sizeof *s);
    enum vg_status status = VG_E_MEMORY;
    if (!s)
        return VG_E_MEMORY;
    s->ssrc = settings->ssrc;
    s->payload_type = video->payload_type;
    s->unpacker = vg_rtp_unpacker_of(video->codec);
    s->unpack.video = *video;
    const uint32_t hz = video->clock_hz > 0 ? video->clock_hz : 90000;
    vg_rtp_clock_init(&s->clock, hz);
    vg_rtp_reception_init(&s->reception, hz, settings->ssrc);
    s->packet = av_packet_alloc();
    if (s->packet)
        status = vg_rtp_reorder_open(&s->reorder, settings->order, settings->hold_us);
    *stream = s;
    if (status)
        vg_rtp_stream_close(stream);
    return status;
}

void vg_rtp_stream_close(struct vg_rtp_stream **stream)
{
    struct vg_rtp_stream *s = *stream;
    if (!s)
        return;
    for (size_t i = 0; i < s->ready_count; i++)
        av_buffer_unref(&s->ready[(s->ready_at + i) % READY_MAX].unit.buffer);
    vg_rtp_assembly_release(&s->unpack.assembly);
    vg_rtp_reorder_close(&s->reorder);
    av_packet_free(&s->packet);
    vg_free(s);
    *stream = NULL;
}

/* ---- units ---- */

static void begin_unit(struct vg_rtp_stream *s, uint32_t stamp)
{
    vg_rtp_unpack_begin(&s->unpack);
    s->open = true;
    s->damaged = s->owed_damage;
    s->owed_damage = false;
    s->refused = false;
    s->stamp = stamp;
    s->markers = 0;
}

static void drop_unit(struct vg_rtp_stream *s)
{
    s->counts.dropped++;
    s->owed_damage = true;
    s->open = false;
}

static void push_ready(struct vg_rtp_stream *s, const struct ready *ready)
{
    if (s->ready_count == READY_MAX) { /* nobody takes them: the oldest goes */
        av_buffer_unref(&s->ready[s->ready_at].unit.buffer);
        s->ready_at = (s->ready_at + 1) % READY_MAX;
        s->ready[s->ready_at].damaged = true;
        s->ready_count--;
        s->counts.dropped++;
    }
    s->ready[(s->ready_at + s->ready_count) % READY_MAX] = *ready;
    s->ready_count++;
}

static void refuse_rest(struct vg_rtp_stream *s, enum vg_status status)
{
    s->refused = true;
    s->no_memory |= status == VG_E_MEMORY;
}

/* Puts a decodable unit where take finds it. */
static void give_out(struct vg_rtp_stream *s)
{
    struct vg_rtp_unpack *unpack = &s->unpack;
    const bool in_band = unpack->sets_in_band == s->unpacker->sets_whole;
    const bool before =
        unpack->key && !in_band && unpack->video.parameter_bytes <= unpack->assembly.head;
    const bool alike = !unpack->key || s->unpacker->codec == VG_RTP_MJPEG;
    struct ready ready = {
        .arrival = s->arrival, .key = unpack->key, .damaged = s->damaged || unpack->cut};
    const enum vg_status status = vg_rtp_assembly_finish(
        &unpack->assembly, unpack->video.parameters, before ? unpack->video.parameter_bytes : 0,
        alike ? VG_RTP_SIZE_USUAL : VG_RTP_SIZE_RARE, &ready.unit);
    if (status) {
        refuse_rest(s, status);
        drop_unit(s);
        return;
    }
    ready.pts = vg_rtp_clock_pts(&s->clock, s->stamp);
    push_ready(s, &ready);
    s->ended_stamp = s->stamp;
    s->ended_arrival = s->arrival;
    s->open = false;
}

/* The unit in progress is at its end. What stands before a picture, such as parameter sets with a
 * marker or a stamp of their own, stays for the picture. */
static void end_unit(struct vg_rtp_stream *s)
{
    if (!s->refused) {
        const enum vg_status status = s->unpacker->finish(&s->unpack);
        if (status)
            refuse_rest(s, status);
    }
    const size_t bytes = vg_rtp_assembly_bytes(&s->unpack.assembly);
    if (!s->refused && s->unpack.decodable) {
        give_out(s);
    } else if (s->refused || s->unpack.cut || bytes > AHEAD_BYTES_MAX) {
        drop_unit(s);
    } else if (bytes == 0) {
        s->owed_damage |= s->damaged;
        s->open = false;
    }
}

/* ---- packets in order ---- */

static void doubt_marker(struct vg_rtp_stream *s, uint32_t stamp)
{
    const bool goes_on = s->ended_by_marker && stamp == s->ended_stamp;
    if (!s->unpacker->slices || s->marker != MARKER_BELIEVED)
        return;
    if (!goes_on) {
        if (++s->marker_clean > MARKER_CLEAN_MAX)
            s->marker_doubts = 0;
        return;
    }
    s->marker_clean = 0;
    if (++s->marker_doubts == MARKER_DOUBTS_MAX)
        s->marker = MARKER_DOUBTED;
}

static bool ends_unit(struct vg_rtp_stream *s, const struct vg_rtp_packet *packet)
{
    if (!packet->marker)
        return false;
    if (s->marker == MARKER_DOUBTED && ++s->markers > MARKERS_MAX)
        s->marker = MARKER_NEEDED;
    return s->marker != MARKER_DOUBTED;
}

static void restart(struct vg_rtp_stream *s, struct vg_mono_time arrival)
{
    if (s->open)
        end_unit(s);
    s->open = false;
    s->owed_damage = true;
    s->ended_by_marker = false;
    s->report_matched = false;
    const int64_t ticks = vg_us_ticks(arrival.us - s->ended_arrival.us, s->clock.hz);
    vg_rtp_clock_restart(&s->clock, ticks > 1 ? ticks : 1);
    vg_rtp_reception_restart(&s->reception);
}

/* The losses before this packet are of the unit in progress, of the one that begins now, or of
 * both. */
static void tell_loss(struct vg_rtp_stream *s, uint32_t stamp)
{
    if (s->open) {
        s->damaged = s->unpack.cut = true;
        s->unpacker->lose(&s->unpack);
    }
    if (!s->open || s->stamp != stamp)
        s->owed_damage = true;
}

/* The unit that the packet belongs to is the one in progress. */
static void reach_unit(struct vg_rtp_stream *s, uint32_t stamp)
{
    if (s->open && s->stamp != stamp) {
        end_unit(s);
        s->ended_by_marker = false;
    }
    if (!s->open) {
        doubt_marker(s, stamp);
        begin_unit(s, stamp);
    }
    s->stamp = stamp;
}

static enum vg_status unpack(struct vg_rtp_stream *s, const struct vg_rtp_packet *packet)
{
    if (s->refused || packet->payload_bytes == 0)
        return VG_OK;
    const enum vg_status status = s->unpacker->add(&s->unpack, packet);
    if (status == VG_E_FULL || status == VG_E_MEMORY) {
        refuse_rest(s, status);
        return VG_OK;
    }
    return status;
}

static void take_packet(struct vg_rtp_stream *s, const struct vg_rtp_ordered *ordered)
{
    const struct vg_rtp_packet *packet = &ordered->packet;
    if (ordered->restarted)
        restart(s, ordered->arrival);
    if (ordered->lost > 0)
        tell_loss(s, packet->timestamp);
    reach_unit(s, packet->timestamp);
    s->arrival = ordered->arrival;
    if (unpack(s, packet) == VG_OK) {
        s->counts.packets++;
        s->counts.bytes += packet->bytes;
    } else {
        s->counts.strange++;
        s->unpack.cut = true;
    }
    if (ends_unit(s, packet)) {
        end_unit(s);
        s->ended_by_marker = !s->open;
    }
}

static void drain(struct vg_rtp_stream *s, struct vg_mono_time now)
{
    struct vg_rtp_ordered ordered;
    while (vg_rtp_reorder_next(s->reorder, now, &ordered))
        take_packet(s, &ordered);
}

void vg_rtp_stream_give(struct vg_rtp_stream *s, const uint8_t *data, size_t size,
                        struct vg_mono_time arrival)
{
    struct vg_rtp_packet packet;
    if (vg_rtp_packet_read(data, size, &packet) || packet.payload_type != s->payload_type) {
        s->counts.strange++;
        return;
    }
    vg_rtp_reorder_put(s->reorder, &packet, arrival);
    drain(s, arrival);
    if (vg_rtp_reorder_sequences(s->reorder).ssrc == packet.ssrc)
        vg_rtp_reception_packet(&s->reception, packet.timestamp, arrival);
}

void vg_rtp_stream_tick(struct vg_rtp_stream *s, struct vg_mono_time now)
{
    drain(s, now);
}

int64_t vg_rtp_stream_due_us(const struct vg_rtp_stream *s)
{
    return vg_rtp_reorder_due_us(s->reorder);
}

/* ---- reports ---- */

/* Some cameras report under another source than they send under: theirs counts as long as none
 * came that fits. */
static void take_report(struct vg_rtp_stream *s, const struct vg_rtcp_news *news,
                        struct vg_mono_time arrival)
{
    const struct vg_rtp_sequences sequences = vg_rtp_reorder_sequences(s->reorder);
    const bool matches = sequences.begun && sequences.ssrc == news->report_ssrc;
    if (!matches && s->report_matched)
        return;
    s->report_matched = matches;
    vg_rtp_clock_report(&s->clock, news->report_ntp, news->report_stamp);
    vg_rtp_reception_report(&s->reception, news->report_ntp, arrival);
}

void vg_rtp_stream_give_report(struct vg_rtp_stream *s, const uint8_t *data, size_t size,
                               struct vg_mono_time arrival)
{
    struct vg_rtcp_news news;
    if (vg_rtcp_read(data, size, &news)) {
        s->counts.strange++;
        return;
    }
    s->counts.reports++;
    if (news.report)
        take_report(s, &news, arrival);
    const struct vg_rtp_sequences sequences = vg_rtp_reorder_sequences(s->reorder);
    for (uint32_t i = 0; i < news.bye_count; i++)
        if (sequences.begun && news.bye_ssrc[i] == sequences.ssrc)
            s->counts.bye++;
}

size_t vg_rtp_stream_report(struct vg_rtp_stream *s, struct vg_mono_time now, uint8_t *data,
                            size_t size)
{
    if (!vg_rtp_reception_due(&s->reception, now))
        return 0;
    const struct vg_rtp_sequences sequences = vg_rtp_reorder_sequences(s->reorder);
    if (!sequences.begun)
        return vg_rtcp_write(s->ssrc, NULL, data, size);
    const struct vg_rtcp_block block = vg_rtp_reception_block(&s->reception, &sequences, now);
    return vg_rtcp_write(s->ssrc, &block, data, size);
}

bool vg_rtp_stream_wall(const struct vg_rtp_stream *s, int64_t pts, struct vg_wall_time *wall)
{
    return vg_rtp_clock_wall(&s->clock, pts, wall);
}

/* ---- out ---- */

enum vg_status vg_rtp_stream_take(struct vg_rtp_stream *s, struct vg_rtp_unit *unit)
{
    av_packet_unref(s->packet);
    if (s->no_memory) {
        s->no_memory = false;
        return VG_E_MEMORY;
    }
    if (s->ready_count == 0)
        return VG_E_END;
    const struct ready *ready = &s->ready[s->ready_at];
    s->ready_at = (s->ready_at + 1) % READY_MAX;
    s->ready_count--;
    s->packet->buf = ready->unit.buffer;
    s->packet->data = ready->unit.data;
    s->packet->size = (int)ready->unit.size;
    s->packet->pts = ready->pts;
    s->packet->time_base = (AVRational){1, (int)s->clock.hz};
    s->packet->flags =
        (ready->key ? AV_PKT_FLAG_KEY : 0) | (ready->damaged ? AV_PKT_FLAG_CORRUPT : 0);
    *unit = (struct vg_rtp_unit){s->packet, ready->arrival, ready->key, ready->damaged};
    s->counts.units++;
    s->counts.keys += ready->key;
    s->counts.damaged += ready->damaged;
    return VG_OK;
}

struct vg_rtp_counts vg_rtp_stream_counts(const struct vg_rtp_stream *s)
{
    const struct vg_rtp_reorder_counts reorder = vg_rtp_reorder_counts(s->reorder);
    struct vg_rtp_counts counts = s->counts;
    counts.lost = reorder.lost;
    counts.late = reorder.late;
    counts.doubled = reorder.doubled;
    counts.strange += reorder.strange;
    counts.held = reorder.held;
    counts.restarts = reorder.restarts;
    counts.jitter_us = vg_rtp_reception_jitter_us(&s->reception);
    return counts;
}
