/* The last seconds of one flux as they came, compressed: what clips are cut from and live viewers
 * are served from. Nothing is decoded; packets stand back to back in blocks (packet_store.h).
 *
 *   describe --> push, push, push ...          (the flux's thread)
 *                  |
 *      [K p p p p][K p p p p][K p p            whole groups of pictures, each from its key on
 *       ^ dropped whole, from the head         bounded by bytes, by packets and by time
 *                  |
 *   cut, follow, counts                        (other threads: what they take is theirs)
 *
 * A group alone larger than the bound is kept from its key as far as it goes; the rest of it is
 * counted as unkept. One writer; a lock, held for a few hundred references at most, never while
 * anything is written or sent. Pushing allocates nothing of ours. */
#ifndef VG_MEDIA_PACKET_RING_H
#define VG_MEDIA_PACKET_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/status.h"
#include "src/media/packet_format.h"

struct AVBufferRef; /* libavcodec's */
struct AVCodecParameters;
struct AVPacket;

struct vg_packet_ring_settings {
    size_t bytes_max;     /* of packets and what is kept of each; 64 KiB at least */
    uint32_t packets_max; /* 16 at least */
    int64_t keep_us;      /* groups that end before are dropped */
    int64_t held_us;      /* the same while somebody holds; not less than keep_us */
};

/* 8 MiB, 1024 packets (41 s at 25 a second); 6 s: 5 before an alert, and the time until its clip is
 * asked for; held 16 s: also what comes until the clip's end, 5 s after the alert, and its turn. */
struct vg_packet_ring_settings vg_packet_ring_defaults(void);

struct vg_packet_ring;

/* VG_E_CALL (settings), VG_E_MEMORY. */
enum vg_status vg_packet_ring_open(struct vg_packet_ring **ring,
                                   const struct vg_packet_ring_settings *settings) VG_MUST_USE;
void vg_packet_ring_close(struct vg_packet_ring **ring);

/* ---- writer: one thread ---- */

/* A session begins: its codec, borrowed for the call, and the seconds of a tick of its stamps.
 * What was kept stays. What follows is taken from its first key on. */
void vg_packet_ring_describe(struct vg_packet_ring *ring, const struct AVCodecParameters *codec,
                             int32_t tick_num, int32_t tick_den);

/* The size of the decoder's pictures, when it is another than before: RTSP does not say it. */
void vg_packet_ring_set_size(struct vg_packet_ring *ring, uint32_t width, uint32_t height);

struct vg_ring_push {
    const struct AVPacket *data; /* borrowed: its bytes are copied */
    struct vg_mono_time arrival;
    struct vg_wall_time wall;   /* of its content, as vg_picture.wall */
    struct vg_media_time media; /* as vg_picture.media; INT64_MIN: not known */
    bool key;
};

/* Keeps a packet. Packets without a stamp (of presentation, or else of decoding) and those before
 * the first key are not kept: counted. */
void vg_packet_ring_push(struct vg_packet_ring *ring, const struct vg_ring_push *push);

/* Forgets all pictures: another flux has this place, or this one was stopped. */
void vg_packet_ring_clear(struct vg_packet_ring *ring);

/* ---- any thread ---- */

/* Until then (monotonic) groups are kept for held_us: pictures are still to come that shall be cut out
 * together with those that are there. An earlier time than one given before changes nothing. */
void vg_packet_ring_hold(struct vg_packet_ring *ring, struct vg_mono_time until);

/* An eventfd that is written at each packet kept; -1: nobody follows. Borrowed until changed. */
void vg_packet_ring_set_bell(struct vg_packet_ring *ring, int fd);

struct vg_kept_packet {
    struct AVBufferRef *buffer; /* given by cut and follow; vg_kept_packet_release it */
    const uint8_t *data;        /* in buffer, with libavcodec's padding behind */
    size_t size;
    int64_t stamp; /* of presentation, ticks */
    uint64_t sequence;
    struct vg_mono_time arrival;
    struct vg_wall_time wall;
    struct vg_media_time media;
    uint32_t format; /* grows when the format changes */
    bool key;
    bool after_gap; /* a key; what came before it is not all there */
};
void vg_kept_packet_release(struct vg_kept_packet *packet);

enum vg_ring_clock {
    VG_RING_BY_WALL,
    VG_RING_BY_MEDIA
};
struct vg_ring_range {
    enum vg_ring_clock by;
    int64_t from_us, to_us; /* both included */
};

/* Packets of one format, from a key on. */
struct vg_packet_run {
    struct vg_packet_format format;
    bool cut_short; /* it lacks 1 s or more of the range, or a part in another format */
    size_t count;   /* at least 1 */
    struct vg_kept_packet packet[];
};

/* What shows the range: from the last key at or before its begin (else the oldest one) to the last
 * packet within it. Where the format changes in it, the longer part. *run given,
 * vg_packet_run_free it. VG_E_END: nothing of that time is there; VG_E_CALL: from after to;
 * VG_E_MEMORY. */
enum vg_status vg_packet_ring_cut(struct vg_packet_ring *ring, const struct vg_ring_range *range,
                                  struct vg_packet_run **run) VG_MUST_USE;
void vg_packet_run_free(struct vg_packet_run **run);

/* Where one that follows the flux stands. Zeroed: at the begin of the newest group. */
struct vg_ring_follower {
    uint64_t next; /* sequence */
    bool started;
    uint64_t skipped; /* packets not given, since it was too slow */
    uint64_t skips;   /* times */
};

/* The next packet for it (the buffer of *packet is given). One that is more than lag_us behind the
 * newest packet, or behind what is kept, goes on at the newest key, with after_gap. VG_E_END: none
 * now. */
enum vg_status vg_packet_ring_follow(struct vg_packet_ring *ring, struct vg_ring_follower *follower,
                                     int64_t lag_us, struct vg_kept_packet *packet) VG_MUST_USE;

/* The format of that number, if it is still known: VG_E_MISSING. */
enum vg_status vg_packet_ring_format(struct vg_packet_ring *ring, uint32_t number,
                                     struct vg_packet_format *format) VG_MUST_USE;

struct vg_packet_ring_counts {
    size_t bytes; /* held, with what is kept of each packet */
    uint32_t packets, groups;
    struct vg_mono_time oldest, newest; /* arrivals; 0: empty */
    struct vg_wall_time newest_wall;
    struct vg_media_time newest_media;
    uint64_t kept, dropped; /* ever; kept = packets + dropped */
    uint64_t unkept;        /* before a key, without a stamp, no memory, or: */
    uint64_t groups_cut;    /* larger than the bound: their rest is unkept */
    uint64_t formats;
};
struct vg_packet_ring_counts vg_packet_ring_counts(struct vg_packet_ring *ring);

#endif
