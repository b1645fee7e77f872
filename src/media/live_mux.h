/* One live viewer of one flux: what its browser can play, made of the ring's packets.
 *
 *   ring --follow--> H.264 (H.265 where the browser plays it): an init segment, then a fragment of
 *                    MP4 for each picture (ISO/IEC 14496-12 8.8), for Media Source Extensions
 *                    MJPEG: its pictures as they are, 5 a second at most
 *                    others: JPEG pictures that the flux encodes (jpeg_post.h)
 *
 * Nothing is queued: a viewer has a place in the ring and one part in hand. Who takes parts too
 * slowly falls behind, and goes on at the newest key: it loses whole groups, never memory. A
 * picture leaves as soon as it is in the ring; how long it lasts is guessed, and the next one begins
 * where it ended (browsers drop what comes after a gap of decoding times until the next key). One
 * thread. */
#ifndef VG_MEDIA_LIVE_MUX_H
#define VG_MEDIA_LIVE_MUX_H

#include "src/media/jpeg_post.h"
#include "src/media/packet_ring.h"

/* What a browser plays, bits. */
enum vg_live_plays {
    VG_LIVE_PLAYS_H264 = 1,
    VG_LIVE_PLAYS_H265 = 2
};

struct vg_live_settings {
    struct vg_packet_ring *ring; /* borrowed until close */
    struct vg_jpeg_post *post;   /* borrowed until close; NULL: no pictures of other codecs */
    unsigned plays;              /* of vg_live_plays */
    int64_t lag_us;              /* how far it may fall behind */
    int64_t picture_us;          /* least time between two JPEG pictures */
    size_t part_bytes_max;       /* larger pictures are left out: counted */
};

/* H.264, 1.5 s, 0.2 s, 4 MiB; ring and post to be set. */
struct vg_live_settings vg_live_defaults(void);

struct vg_live;

enum vg_status vg_live_open(struct vg_live **live,
                            const struct vg_live_settings *settings) VG_MUST_USE;
void vg_live_close(struct vg_live **live);

enum vg_live_part_kind {
    VG_LIVE_INIT,     /* of MP4: first, and again when the format changes */
    VG_LIVE_FRAGMENT, /* one picture */
    VG_LIVE_PICTURE   /* a JPEG */
};

struct vg_live_part {
    enum vg_live_part_kind kind;
    bool key; /* may be the first after an init segment; every JPEG */
    const uint8_t *data;
    size_t size;
    struct vg_wall_time wall;          /* of its content; 0 of an init segment */
    char codec[VG_CODEC_STRING_BYTES]; /* of an init segment: "avc1.4D401F" */
};

/* The next part, *part->data borrowed until the next call or close. VG_E_END: none now, when the
 * ring's bell rings or jpeg_post has news; VG_E_MEMORY. What cannot be shown is left out. */
enum vg_status vg_live_next(struct vg_live *live, struct vg_mono_time now,
                            struct vg_live_part *part) VG_MUST_USE;

struct vg_live_counts {
    uint64_t pictures; /* given as fragments or JPEG */
    uint64_t skipped;  /* packets left out since the viewer was slow */
    uint64_t skips;    /* times */
    uint64_t left_out; /* too large, damaged format, before a key */
};
struct vg_live_counts vg_live_counts(const struct vg_live *live);

#endif
