#include "src/media/ts_reader.h"

#include <libavcodec/avcodec.h>
#include <libavutil/mem.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/media/av_reader.h"
#include "src/media/rtp_packet.h"
#include "src/media/rtp_reception.h"
#include "src/media/rtp_reorder.h"
#include "src/media/ts_align.h"
#include "src/media/ts_packets.h"

#define PAYLOAD_TYPE 33    /* MP2T, RFC 3551 */
#define HOLD_US      60000 /* how long a datagram of RTP that is missing is waited for */
#define BUFFER_BYTES (7 * VG_TS_PACKET_BYTES)

/* A loss is seen when the packet behind it comes. The demuxer holds a picture until the next begins,
 * and the parser one more: it is in one of so many. */
#define DOUBTED_UNITS 3

/* So many datagrams without a transport packet in them, and none with: it is no such stream that is
 * sent here. A single one may be anybody's. */
#define USELESS_MAX 5u

/* Of one that looked like RTP, but holds no whole packets. */
struct rtp_like {
    bool seen;
    uint16_t sequence;
    uint32_t ssrc;
};

struct vg_ts_reader {
    struct vg_ts_input input;
    struct vg_av_reader av;
    AVIOContext *io;
    enum vg_status
        ended; /* why there are no more datagrams; the demuxer then gives what it holds */
    /* of the datagram in hand: what the demuxer has not taken yet */
    const uint8_t *at;
    size_t left;
    struct vg_mono_time arrival;
    struct vg_mono_time looked; /* until then all that came is known: who is late expires no gap */
    /* of the datagram in hand: what is not in packets yet, where it is cut anywhere */
    const uint8_t *cut;
    size_t cut_left;
    struct vg_ts_align align;
    bool cut_gave; /* packets came out of it */
    struct rtp_like like;
    size_t without_unit; /* bytes that the demuxer took since its last packet of video */
    bool heard_ever;     /* a datagram of a transport stream came */
    bool begun;          /* this stream: at its table of programs, or behind */
    bool begun_before;   /* another one */
    enum AVCodecID codec;
    struct vg_ts_clock clock;
    struct vg_ts_meter meter;
    uint64_t lost_told;
    uint32_t doubted; /* units still to come */
    /* where it comes within RTP */
    struct vg_rtp_reorder *reorder; /* NULL: it does not */
    struct vg_rtp_reception reception;
    uint64_t rtp_packets, strange;
};

/* ---- datagrams ---- */

static enum vg_status take_rtp(struct vg_ts_reader *reader, const struct vg_rtp_packet *packet)
{
    if (!reader->reorder) {
        const enum vg_status status =
            vg_rtp_reorder_open(&reader->reorder, VG_RTP_ANY_ORDER, HOLD_US);
        if (status)
            return status;
        vg_rtp_reception_init(&reader->reception, VG_TS_TICKS_PER_S, 0);
    }
    reader->rtp_packets++;
    vg_rtp_reception_packet(&reader->reception, packet->timestamp, reader->arrival);
    vg_rtp_reorder_put(reader->reorder, packet, reader->arrival);
    return VG_OK;
}

/* Bytes of the stream: whole packets as they are, what is cut by way of the aligner. A single whole
 * one may still be a piece that is as long by chance. */
static void take_bytes(struct vg_ts_reader *reader, const uint8_t *data, size_t size)
{
    if (vg_ts_whole(data, size) && (!reader->align.found || size > VG_TS_PACKET_BYTES)) {
        reader->align = (struct vg_ts_align){.found = false};
        reader->at = data;
        reader->left = size;
        return;
    }
    reader->cut = data;
    reader->cut_left = size;
    reader->cut_gave = false;
}

/* The next packets of what is cut; false: it is used up. One that gave nothing while no begin is
 * known is of no use: it may be anything. */
static bool take_cut(struct vg_ts_reader *reader)
{
    while (reader->cut) { /* ends: each round takes bytes, or it is the last */
        reader->left =
            vg_ts_align_take(&reader->align, &reader->cut, &reader->cut_left, &reader->at);
        reader->cut_gave = reader->cut_gave || reader->left > 0;
        if (reader->left > 0)
            return true;
        if (reader->cut_left > 0)
            continue;
        reader->cut = NULL;
        reader->strange += !reader->cut_gave && !reader->align.found ? 1 : 0;
    }
    return false;
}

/* Whether a datagram that can be read as RTP is. What begins a transport packet, 0x47, is no version
 * of it; in the middle of one stands anything, so that a stream that is cut anywhere is believed to be
 * within RTP only when the packet before was of the same sender and had the number before. */
static bool is_rtp(struct vg_ts_reader *reader, const struct vg_rtp_packet *packet)
{
    const struct rtp_like before = reader->like;
    if (packet->payload_type != PAYLOAD_TYPE || packet->payload_bytes == 0)
        return false;
    if (reader->reorder || vg_ts_whole(packet->payload, packet->payload_bytes))
        return true;
    reader->like = (struct rtp_like){true, packet->sequence, packet->ssrc};
    return before.seen && before.ssrc == packet->ssrc &&
           (uint16_t)(before.sequence + 1) == packet->sequence;
}

static enum vg_status take_datagram(struct vg_ts_reader *reader, const struct vg_rtsp_data *data)
{
    struct vg_rtp_packet packet;
    reader->arrival = reader->looked = data->arrival;
    if (!vg_ts_whole(data->data, data->size) &&
        vg_rtp_packet_read(data->data, data->size, &packet) == VG_OK && is_rtp(reader, &packet))
        return take_rtp(reader, &packet);
    take_bytes(reader, data->data, data->size);
    return VG_OK;
}

static bool take_in_turn(struct vg_ts_reader *reader)
{
    struct vg_rtp_ordered ordered;
    while (reader->left == 0 && !take_cut(reader)) {
        if (!reader->reorder || !vg_rtp_reorder_next(reader->reorder, reader->looked, &ordered))
            return false;
        reader->arrival = ordered.arrival;
        take_bytes(reader, ordered.packet.payload, ordered.packet.payload_bytes);
    }
    return true;
}

/* Nothing came until what was missing was due. */
static enum vg_status give_up_gap(struct vg_ts_reader *reader)
{
    reader->looked = vg_mono_now();
    return VG_OK;
}

/* The next whole packets, into at and left. */
static enum vg_status next_packets(struct vg_ts_reader *reader, struct vg_mono_time until)
{
    reader->left = 0;
    while (reader->left == 0 && !take_in_turn(reader)) {
        struct vg_rtsp_data data;
        const int64_t due = reader->reorder ? vg_rtp_reorder_due_us(reader->reorder) : INT64_MAX;
        const struct vg_mono_time next = {due < until.us ? due : until.us};
        enum vg_status status = reader->input.receive(reader->input.context, next, &data);
        if (status == VG_OK)
            status = take_datagram(reader, &data);
        else if (status == VG_E_TIMEOUT && due < until.us && vg_mono_now().us >= due)
            status = give_up_gap(reader);
        if (status == VG_OK && vg_mono_now().us >= until.us)
            status = VG_E_TIMEOUT; /* what never ends may be of no use */
        if (status == VG_OK && vg_cancelled(&reader->input.cancel))
            status = VG_E_INTERRUPTED;
        if (status)
            return status;
    }
    reader->heard_ever = true;
    vg_ts_meter_take(&reader->meter, reader->at, reader->left);
    return VG_OK;
}

/* What libavformat asks for. */
static int on_read(void *opaque, uint8_t *buffer, int size)
{
    struct vg_ts_reader *reader = opaque;
    if (reader->without_unit > VG_TS_UNIT_BYTES_MAX)
        reader->ended = VG_E_INPUT;
    if (reader->ended)
        return AVERROR_EOF;
    if (reader->left == 0) {
        if (vg_av_reader_stopped(&reader->av)) /* it waits for nothing while enough comes */
            reader->ended = vg_av_reader_status(&reader->av, AVERROR_EXIT);
        else
            reader->ended = next_packets(reader, reader->av.until);
        if (reader->ended)
            return AVERROR_EOF;
    }
    const size_t taken = reader->left < (size_t)size ? reader->left : (size_t)size;
    memcpy(buffer, reader->at, taken);
    reader->at += taken;
    reader->left -= taken;
    reader->without_unit += taken;
    return (int)taken;
}

/* ---- life ---- */

enum vg_status vg_ts_reader_open(struct vg_ts_reader **reader, const struct vg_ts_input *input)
{
    struct vg_ts_reader *opened = vg_alloc(sizeof *opened);
    *reader = opened;
    if (!opened)
        return VG_E_MEMORY;
    opened->input = *input;
    return VG_OK;
}

/* The demuxer forgets all; the next stream is another one. */
static void end_stream(struct vg_ts_reader *reader)
{
    vg_av_reader_release(&reader->av);
    if (reader->io)
        av_freep(&reader->io->buffer);
    avio_context_free(&reader->io);
    reader->left = reader->without_unit = 0;
    reader->cut = NULL;
    reader->align = (struct vg_ts_align){.found = false};
    reader->like.seen = false;
    reader->begun_before = reader->begun_before || reader->begun;
    reader->begun = false;
    reader->ended = VG_OK;
    reader->codec = AV_CODEC_ID_NONE;
    reader->clock.begun = false;
}

void vg_ts_reader_close(struct vg_ts_reader **reader)
{
    struct vg_ts_reader *closed = *reader;
    *reader = NULL;
    if (!closed)
        return;
    end_stream(closed);
    vg_rtp_reorder_close(&closed->reorder);
    vg_free(closed);
}

/* ---- reading ---- */

/* Until a table of programs begins: streams that are not named there yet would be guessed at. */
static enum vg_status await_stream(struct vg_ts_reader *reader, struct vg_mono_time until)
{
    enum vg_status status = VG_OK;
    const uint64_t strange = reader->strange;
    bool heard = false;
    for (;;) {
        status = next_packets(reader, until);
        if (status)
            break;
        heard = true;
        const size_t at = vg_ts_find_programs(reader->at, reader->left);
        reader->at += at;
        reader->left -= at;
        if (reader->left > 0) {
            reader->begun = true;
            return VG_E_STATE;
        }
        if (vg_mono_now().us >= until.us)
            status = VG_E_TIMEOUT;
        if (status)
            break;
    }
    if (status != VG_E_TIMEOUT)
        return status;
    if (heard || reader->strange - strange >= USELESS_MAX)
        return VG_E_INPUT;
    return reader->heard_ever ? VG_E_TIMEOUT : VG_E_STATE;
}

static enum vg_status open_stream(struct vg_ts_reader *reader, int64_t within_us)
{
    uint8_t *buffer = av_malloc(BUFFER_BYTES);
    if (buffer)
        reader->io = avio_alloc_context(buffer, BUFFER_BYTES, 0, reader, on_read, NULL, NULL);
    if (!reader->io) {
        av_free(buffer);
        return VG_E_MEMORY;
    }
    reader->av.cancel = reader->input.cancel;
    return vg_av_reader_open_stream(&reader->av, "mpegts", reader->io, within_us);
}

static bool known_codec(enum AVCodecID codec)
{
    static const enum AVCodecID known[] = {AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_CODEC_ID_MPEG4,
                                           AV_CODEC_ID_MPEG2VIDEO};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i] == codec)
            return true;
    return false;
}

static int64_t unwrapped(struct vg_ts_reader *reader, int64_t stamp)
{
    return stamp == AV_NOPTS_VALUE ? stamp : vg_ts_clock_unwrap(&reader->clock, stamp);
}

/* The parser does not hand on what the demuxer says of losses. */
static bool doubted(struct vg_ts_reader *reader)
{
    reader->meter.watched = (uint32_t)reader->av.stream->id;
    if (reader->meter.watched_lost != reader->lost_told)
        reader->doubted = DOUBTED_UNITS;
    reader->lost_told = reader->meter.watched_lost;
    if (reader->doubted == 0)
        return false;
    reader->doubted--;
    return true;
}

static enum vg_status take_unit(struct vg_ts_reader *reader, struct vg_ts_unit *unit)
{
    AVPacket *packet = reader->av.packet;
    const enum AVCodecID codec = reader->av.stream->codecpar->codec_id;
    if (!known_codec(codec))
        return VG_E_INPUT;
    unit->restarted =
        reader->codec == AV_CODEC_ID_NONE ? reader->begun_before : codec != reader->codec;
    reader->codec = codec;
    reader->without_unit = 0;
    packet->dts = unwrapped(reader, packet->dts);
    packet->pts = unwrapped(reader, packet->pts);
    unit->data = packet;
    unit->arrival = reader->arrival;
    unit->key = (packet->flags & AV_PKT_FLAG_KEY) != 0;
    unit->damaged = doubted(reader) || (packet->flags & AV_PKT_FLAG_CORRUPT) != 0;
    return VG_OK;
}

static enum vg_status read_stream(struct vg_ts_reader *reader, int64_t within_us,
                                  struct vg_ts_unit *unit)
{
    enum vg_status status = VG_OK;
    if (!reader->begun)
        return await_stream(reader, (struct vg_mono_time){vg_mono_now().us + within_us});
    const int64_t until_us = vg_mono_now().us + within_us;
    if (!reader->io)
        status = open_stream(reader, within_us);
    vg_av_reader_arm(&reader->av, until_us - vg_mono_now().us);
    if (status == VG_OK)
        status = vg_av_reader_next(&reader->av);
    if (status == VG_OK)
        return take_unit(reader, unit);
    return reader->ended ? reader->ended : status;
}

enum vg_status vg_ts_reader_next(struct vg_ts_reader *reader, int64_t within_us,
                                 struct vg_ts_unit *unit)
{
    const enum vg_status status = read_stream(reader, within_us, unit);
    if (status != VG_OK && status != VG_E_STATE)
        end_stream(reader);
    return status;
}

const struct AVCodecParameters *vg_ts_reader_codec(const struct vg_ts_reader *reader)
{
    return reader->av.stream ? reader->av.stream->codecpar : NULL;
}

struct vg_ts_counts vg_ts_reader_counts(const struct vg_ts_reader *reader)
{
    struct vg_ts_counts counts = {
        .packets = reader->meter.packets, .lost = reader->meter.lost, .strange = reader->strange};
    if (!reader->reorder)
        return counts;
    counts.packets = reader->rtp_packets;
    counts.lost = vg_rtp_reorder_counts(reader->reorder).lost;
    counts.jitter_us = vg_rtp_reception_jitter_us(&reader->reception);
    return counts;
}
