/* RTP (RFC 3550) of one video: packets in, whole access units out, each as soon as its last packet
 * is there (by the marker, not by the begin of the next one: no picture of delay).
 *
 *   datagrams -> order (late, double, lost) -> unpack (per codec) -> access units
 *
 * Reports of the sender give the wall clock; our own reports are made here and sent by the caller.
 * No sockets, no clock of its own: times are arguments. One thread at a time uses a stream. */
#ifndef VG_MEDIA_RTP_STREAM_H
#define VG_MEDIA_RTP_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/media/sdp.h"

#define VG_RTP_UNIT_BYTES_MAX (8u << 20)

struct AVPacket;
struct vg_rtp_stream;

enum vg_rtp_order {
    VG_RTP_IN_ORDER, /* by TCP: a gap is a loss at once */
    VG_RTP_ANY_ORDER /* by UDP: a gap is waited for, hold_us at most, 256 packets at most */
};

struct vg_rtp_settings {
    enum vg_rtp_order order;
    int64_t hold_us; /* 60 ms by default */
    uint32_t ssrc;   /* ours, in our reports; random */
};

/* video: borrowed for the call. VG_E_MEMORY. */
enum vg_status vg_rtp_stream_open(struct vg_rtp_stream **stream, const struct vg_sdp_video *video,
                                  const struct vg_rtp_settings *settings) VG_MUST_USE;
void vg_rtp_stream_close(struct vg_rtp_stream **stream);

/* One RTP packet, or one RTCP compound packet. Nonsense is counted and dropped. Then take until VG_E_END. */
void vg_rtp_stream_give(struct vg_rtp_stream *stream, const uint8_t *data, size_t size,
                        struct vg_mono_time arrival);
void vg_rtp_stream_give_report(struct vg_rtp_stream *stream, const uint8_t *data, size_t size,
                               struct vg_mono_time arrival);
/* Gives up waiting for what should have come by now. */
void vg_rtp_stream_tick(struct vg_rtp_stream *stream, struct vg_mono_time now);
/* When vg_rtp_stream_tick is to be called next; INT64_MAX: nothing is waited for. */
int64_t vg_rtp_stream_due_us(const struct vg_rtp_stream *stream);

struct vg_rtp_unit {
    /* Annex B, MPEG-4 elementary stream or JPEG, with 64 bytes of zeros behind; borrowed until the
     * next take, reference counted (av_packet_ref keeps it). pts in clock_hz, unwrapped to 64 bits,
     * from 0 at the first unit; where the stream begins anew it goes on by the time that passed.
     * dts is not known */
    const struct AVPacket *data;
    struct vg_mono_time arrival; /* of its last packet */
    /* IDR, IRAP, I-VOP, every JPEG; a recovery point where no IDR came for 300 units. Parameter
     * sets stand before it: those in band, else the last in band, else the description's */
    bool key;
    bool damaged; /* a packet of it, or one before it since the last unit, was lost */
};

/* The next whole access unit. VG_E_END: none now; VG_E_MEMORY. */
enum vg_status vg_rtp_stream_take(struct vg_rtp_stream *stream,
                                  struct vg_rtp_unit *unit) VG_MUST_USE;

/* The wall clock of a unit's pts by the newest sender report (RFC 3550 6.4.1); false: none came yet. */
bool vg_rtp_stream_wall(const struct vg_rtp_stream *stream, int64_t pts, struct vg_wall_time *wall);

/* Writes our receiver report with SDES CNAME (RFC 3550 6.4.2, 6.5) into data when one is due (every
 * 5 s, with some jitter by ssrc); returns its bytes, 0: not due. size >= 128. */
size_t vg_rtp_stream_report(struct vg_rtp_stream *stream, struct vg_mono_time now, uint8_t *data,
                            size_t size);

/* given = packets + reports + late + doubled + strange + held */
struct vg_rtp_counts {
    uint64_t packets, bytes;      /* of RTP, payload and header, taken */
    uint64_t reports;             /* of RTCP, taken */
    uint64_t lost, late, doubled; /* lost: never came or came too late */
    uint64_t strange;             /* not RTP, other payload type, refused by the unpacker */
    uint64_t held;                /* now: they wait for one before them */
    uint64_t units, damaged, keys;
    uint64_t dropped; /* units: nothing decodable left, above VG_RTP_UNIT_BYTES_MAX, or not taken */
    uint64_t restarts;  /* other SSRC or a jump of the sequence beyond reason: it began anew */
    uint64_t bye;       /* RTCP BYE received */
    uint32_t jitter_us; /* interarrival jitter, RFC 3550 6.4.1 */
};
struct vg_rtp_counts vg_rtp_stream_counts(const struct vg_rtp_stream *stream);

#endif
