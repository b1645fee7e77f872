/* RTP payloads of one codec become one access unit: a row of functions per codec, and the state
 * they share. rtp_stream.c decides where units end; the unpackers say what is in them. */
#ifndef VG_MEDIA_RTP_UNPACK_H
#define VG_MEDIA_RTP_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/media/rtp_assembly.h"
#include "src/media/rtp_packet.h"
#include "src/media/sdp.h"

#define VG_RTP_SETS_MAX          16  /* parameter sets of a unit that are looked at */
#define VG_RTP_UNITS_WITHOUT_IDR 300 /* from then on a recovery point is a place to begin at */

/* H.264, H.265: the NAL unit that comes in fragments */
struct vg_rtp_fragments {
    bool open;
    uint32_t type;
    size_t begin; /* of its start code, within the unit */
};

/* MJPEG: tables that came once and hold for a Q of 128 to 254 (RFC 2435 3.1.8) */
#define VG_RTP_TABLES_KEPT 4
struct vg_rtp_tables {
    uint32_t q; /* 0: none */
    uint32_t precision, bytes;
    uint8_t data[256];
};
struct vg_rtp_jpeg {
    bool begun, broken; /* the head is there; a fragment is missing, the rest is passed over */
    size_t scan_bytes;  /* of the fragments so far */
    uint32_t kept_at;
    struct vg_rtp_tables kept[VG_RTP_TABLES_KEPT];
};

struct vg_rtp_unpack {
    struct vg_sdp_video
        video; /* its parameters: the newest that were in band, once there are any */
    struct vg_rtp_assembly assembly;
    /* of the unit in progress */
    bool decodable; /* some of a picture is there */
    bool key;
    bool cut;              /* something of it is missing or was refused */
    uint32_t sets_in_band; /* bit by bit, by codec; `whole` of the unpacker: all */
    struct {
        size_t begin, size;
    } sets[VG_RTP_SETS_MAX];
    size_t set_count;
    bool idr, recovery;
    /* of the stream */
    uint32_t units_without_idr;
    struct vg_rtp_fragments fragments;
    struct vg_rtp_jpeg jpeg;
};

struct vg_rtp_unpacker {
    enum vg_rtp_codec codec;
    bool slices;         /* several pieces that look whole may make one picture */
    uint32_t sets_whole; /* bits of sets_in_band that a decoder needs */
    /* One packet with a payload. VG_E_INPUT: refused, as a whole or from some place on; VG_E_FULL,
     * VG_E_MEMORY of the assembly. */
    enum vg_status (*add)(struct vg_rtp_unpack *unpack, const struct vg_rtp_packet *packet);
    /* Packets are missing here. */
    void (*lose)(struct vg_rtp_unpack *unpack);
    /* No more packets for now: sets decodable, key, sets_in_band. May be called again, after more
     * packets, when nothing decodable was there. VG_E_FULL, VG_E_MEMORY. */
    enum vg_status (*finish)(struct vg_rtp_unpack *unpack);
};

extern const struct vg_rtp_unpacker vg_rtp_unpack_h264;
extern const struct vg_rtp_unpacker vg_rtp_unpack_h265;
extern const struct vg_rtp_unpacker vg_rtp_unpack_mpeg4;
extern const struct vg_rtp_unpacker vg_rtp_unpack_mjpeg;

/* The unpacker of a codec; never NULL. */
const struct vg_rtp_unpacker *vg_rtp_unpacker_of(enum vg_rtp_codec codec);

/* A unit begins: nothing of it is there. */
void vg_rtp_unpack_begin(struct vg_rtp_unpack *unpack);

/* Annex B: appends a start code and a NAL unit, or begins one that comes in fragments. */
enum vg_status vg_rtp_nal_add(struct vg_rtp_unpack *unpack, const uint8_t *bytes,
                              size_t size) VG_MUST_USE;

/* A parameter set stands at `begin`, with its start code; bit: which kind. */
void vg_rtp_set_note(struct vg_rtp_unpack *unpack, size_t begin, size_t size, uint32_t bit);

/* Takes the sets of this unit as those of the stream, if they fit. */
void vg_rtp_sets_keep(struct vg_rtp_unpack *unpack);

/* Aggregates: lengths of 16 bits, each with so many bytes behind it. */
struct vg_rtp_aggregate {
    const uint8_t *at, *end;
};
/* The next piece; VG_E_END none; VG_E_INPUT: it reaches beyond the packet. */
enum vg_status vg_rtp_aggregate_next(struct vg_rtp_aggregate *aggregate, const uint8_t **bytes,
                                     size_t *size) VG_MUST_USE;

#endif
