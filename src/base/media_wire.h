/* What ingest and api say to each other about pictures: clips, and live viewers.
 *
 * In src/base, since that is all that both may include: ingest stands in src/media, which the api,
 * who listens on the network, must not reach.
 *
 * A socket pair (SOCK_SEQPACKET) for each ingest process, made once by the supervisor and inherited
 * by each incarnation of both sides. A frame is one packet of it, whole or not there: nothing is
 * ever half read, and there is nothing to find one's way back in. What the dead have left in it is
 * known by their generation, a random number of each incarnation:
 *
 *   one begins         HELLO from=own to=0
 *   the other hears    a new generation: forgets all requests; HELLO from=own to=that
 *   from then on       frames count that are from the other's generation, to one's own
 *
 *   api                              ingest
 *   CLIP flux, range, window  -->
 *   LIVE flux, plays, window  -->
 *                             <--    ABOUT (taken; of a clip: its size and times)
 *                             <--    PART ... PART   as many bytes as the window allows
 *   MORE bytes                -->    the window grows by them
 *   STOP                      -->    the request is over; nothing is answered
 *                             <--    END (of a clip), or REFUSED status, also later
 *
 * All numbers little-endian. Head, 32 bytes:
 *   0 "VGMW"  4 type  5 flags  6 zero (2)  8 from  12 to  16 request  20 unit (bytes of the whole
 *   unit of a PART: an init segment, a fragment, a JPEG, a clip)  24 wall (us; of a PART's content)
 * Parsers take any bytes; what is too short, too long or unknown is refused. */
#ifndef VG_BASE_MEDIA_WIRE_H
#define VG_BASE_MEDIA_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/status.h"

#define VG_WIRE_HEAD        32u
#define VG_WIRE_DATA_MAX    (48u << 10) /* below what a local socket takes at once */
#define VG_WIRE_FRAME_MAX   (VG_WIRE_HEAD + VG_WIRE_DATA_MAX)
#define VG_WIRE_FLUX_SIZE   64u /* with the end */
#define VG_WIRE_CODEC_BYTES 64u /* before the bytes of an init segment */
#define VG_WIRE_WINDOW_MAX  (16u << 20)

enum vg_wire_type {
    VG_WIRE_HELLO = 1,
    VG_WIRE_CLIP,
    VG_WIRE_LIVE,
    VG_WIRE_MORE,
    VG_WIRE_STOP,
    VG_WIRE_ABOUT,
    VG_WIRE_PART,
    VG_WIRE_END,
    VG_WIRE_REFUSED
};

/* Flags of a PART. */
enum vg_wire_flag {
    VG_WIRE_BEGIN = 1, /* of a unit */
    VG_WIRE_LAST = 2,  /* the unit ends with it */
    VG_WIRE_KEY = 4,   /* a viewer may begin with this unit */
    VG_WIRE_INIT = 8,  /* an init segment, behind VG_WIRE_CODEC_BYTES of its codec's name */
    VG_WIRE_JPEG = 16  /* a picture; else bytes of MP4 */
};

struct vg_wire_frame {
    enum vg_wire_type type;
    uint8_t flags;
    uint32_t from, to, request, unit;
    int64_t wall_us;
    const uint8_t *data; /* borrowed */
    size_t size;
};

/* Reads one frame. VG_E_INPUT: it is none. Pure. */
enum vg_status vg_wire_read(const uint8_t *bytes, size_t size,
                            struct vg_wire_frame *frame) VG_MUST_USE;
void vg_wire_write_head(const struct vg_wire_frame *frame, uint8_t head[VG_WIRE_HEAD]);

/* ---- what frames hold; all pure. Reading: VG_E_INPUT ---- */

struct vg_wire_clip {
    int64_t from_us, to_us; /* wall clock, both included; not more than an hour */
    uint32_t bytes_max, window;
    char flux[VG_WIRE_FLUX_SIZE];
};
struct vg_wire_live {
    uint32_t plays; /* bits: 1 H.264, 2 H.265 */
    uint32_t window;
    char flux[VG_WIRE_FLUX_SIZE];
};
struct vg_wire_about {
    uint64_t size; /* of a clip, bytes; 0: live */
    int64_t from_us, to_us;
    uint32_t pictures;
    bool cut_short;
};

#define VG_WIRE_CLIP_MAX    (24u + VG_WIRE_FLUX_SIZE)
#define VG_WIRE_LIVE_MAX    (8u + VG_WIRE_FLUX_SIZE)
#define VG_WIRE_ABOUT_BYTES 32u
#define VG_WIRE_NUMBER      4u

/* Each returns the bytes written. */
size_t vg_wire_write_clip(const struct vg_wire_clip *clip, uint8_t data[VG_WIRE_CLIP_MAX]);
size_t vg_wire_write_live(const struct vg_wire_live *live, uint8_t data[VG_WIRE_LIVE_MAX]);
size_t vg_wire_write_about(const struct vg_wire_about *about, uint8_t data[VG_WIRE_ABOUT_BYTES]);
size_t vg_wire_write_more(uint32_t bytes, uint8_t data[VG_WIRE_NUMBER]);
size_t vg_wire_write_refused(enum vg_status status, uint8_t data[VG_WIRE_NUMBER]);

enum vg_status vg_wire_read_clip(const struct vg_wire_frame *frame,
                                 struct vg_wire_clip *clip) VG_MUST_USE;
enum vg_status vg_wire_read_live(const struct vg_wire_frame *frame,
                                 struct vg_wire_live *live) VG_MUST_USE;
enum vg_status vg_wire_read_about(const struct vg_wire_frame *frame,
                                  struct vg_wire_about *about) VG_MUST_USE;
/* 1 to VG_WIRE_WINDOW_MAX. */
enum vg_status vg_wire_read_more(const struct vg_wire_frame *frame, uint32_t *bytes) VG_MUST_USE;
/* A failure that exists; another number is VG_E_IO. */
enum vg_status vg_wire_read_refused(const struct vg_wire_frame *frame) VG_MUST_USE;

/* ---- who speaks ---- */

struct vg_wire_peer {
    uint32_t own, other; /* generations; other 0: not heard yet */
    bool hello_due;      /* to be sent, to `other`: then clear it */
};

/* A random generation, and a HELLO due. */
void vg_wire_peer_init(struct vg_wire_peer *peer);

enum vg_wire_heard {
    VG_WIRE_HEARD,    /* a frame for us */
    VG_WIRE_NEW_PEER, /* another incarnation: forget all that was between us */
    VG_WIRE_NOTHING   /* of or for the dead, or a HELLO that says nothing new */
};
enum vg_wire_heard vg_wire_peer_hear(struct vg_wire_peer *peer, const struct vg_wire_frame *frame);

/* ---- the socket ---- */

/* fds[0] for the api, fds[1] for ingest; close-on-exec. VG_E_LACK. */
enum vg_status vg_wire_pair(int fds[2]) VG_MUST_USE;

/* Sends head, `before` (before_size bytes, may be none) and the frame's data as one packet, now or
 * not at all: VG_E_FULL, wait until the socket can be written. VG_E_CLOSED; VG_E_CALL (larger than
 * VG_WIRE_DATA_MAX together), VG_E_IO. */
enum vg_status vg_wire_send(int fd, const struct vg_wire_frame *frame, const void *before,
                            size_t before_size) VG_MUST_USE;

/* The next frame without waiting, its data in buffer (VG_WIRE_FRAME_MAX bytes). VG_E_END: none now;
 * VG_E_INPUT: one that is none was dropped, go on; VG_E_CLOSED, VG_E_IO: the socket is of no more
 * use. */
enum vg_status vg_wire_receive(int fd, uint8_t *buffer, struct vg_wire_frame *frame) VG_MUST_USE;

#endif
