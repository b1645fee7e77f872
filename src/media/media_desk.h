/* Where ingest answers the api about pictures: clips out of the packet rings, live viewers
 * (src/base/media_wire.h). One thread and one socket for all flux of the process.
 *
 * It never waits for the api: a request sends while its window has room, a socket that is full is
 * waited for together with all the rest. Who does not take what was asked for costs one part (live)
 * or one clip, and loses groups of pictures. */
#ifndef VG_MEDIA_MEDIA_DESK_H
#define VG_MEDIA_MEDIA_DESK_H

#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"
#include "src/media/jpeg_post.h"
#include "src/media/packet_ring.h"

/* at once; more are refused. The api asks for at most 16 times 18 viewers and 64 clips */
#define VG_MEDIA_DESK_REQUESTS 384
#define VG_MEDIA_DESK_CLIPS    4 /* in memory at once; others wait their turn */
#define VG_MEDIA_DESK_PLACES   64

struct vg_media_desk_settings {
    int fd;              /* of vg_wire_pair; borrowed until close */
    uint32_t clip_bytes; /* of a clip, at most */
    int64_t hold_us;     /* how long a clip waits for pictures that are yet to come */
    int64_t grace_us;    /* how much later than its end pictures of its range may come */
    int64_t idle_us;     /* a clip that nobody takes is given up */
};

/* 16 MiB, 20 s, 1.5 s, 30 s; fd to be set. */
struct vg_media_desk_settings vg_media_desk_defaults(void);

struct vg_beat; /* src/base/beat.h */
struct vg_media_desk;

/* Starts the thread. VG_E_MEMORY, VG_E_LACK (no thread, no eventfd). */
enum vg_status vg_media_desk_open(struct vg_media_desk **desk,
                                  const struct vg_media_desk_settings *settings) VG_MUST_USE;
/* Ends the thread, at once. */
void vg_media_desk_close(struct vg_media_desk **desk);

/* Begins anew with each turn; lives as long as the desk. */
struct vg_beat *vg_media_desk_beat(struct vg_media_desk *desk);

/* Any thread. From now on the flux of this id is at the place; NULL: none is. ring and post (which
 * may be NULL) are borrowed until close, not only until the next call. Requests of the flux that
 * was there, or of the same out of another ring, end (VG_E_CLOSED). The same again changes nothing
 * and wakes nobody. */
void vg_media_desk_set_flux(struct vg_media_desk *desk, uint32_t place, const char *id,
                            struct vg_packet_ring *ring, struct vg_jpeg_post *post);

/* Ever, but `open`. requests = open + clips + ended + refused. */
struct vg_media_desk_counts {
    uint32_t open;     /* requests now */
    uint64_t requests; /* taken or refused */
    uint64_t clips;    /* sent whole */
    uint64_t ended;    /* by the asker, by its end, by the end of the flux */
    uint64_t refused;
    uint64_t strange;           /* frames that are none, or make no sense */
    uint64_t pictures, skipped; /* of live viewers that are gone */
};
struct vg_media_desk_counts vg_media_desk_counts(struct vg_media_desk *desk);

#endif
