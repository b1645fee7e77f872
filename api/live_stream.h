/* Live pictures of many flux in one answer (docs/api-live.md).
 *
 *   ingest --pieces, as many as the window allows--> frame: head, bytes --> the connection
 *          <--more: what has left for the client----
 *
 * Nothing is queued but what the windows let through: a client that reads slowly lets its windows
 * run dry, and ingest leaves out whole groups of pictures. One that takes nothing for
 * VG_LIVE_STUCK_S is cut. Loop's thread. */
#ifndef VG_API_LIVE_STREAM_H
#define VG_API_LIVE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/event_stream.h"
#include "api/media_link.h"
#include "src/base/attr.h"

#define VG_LIVES_MAX      16
#define VG_LIVE_FLUX_MAX  18
#define VG_LIVE_WINDOW    (64u << 10)  /* of a flux */
#define VG_LIVE_LOW_BYTES (128u << 10) /* unread: below, the windows are opened again */
/* unread, at most: what stands there when they are opened, and then a window and the piece that
 * goes beyond it, of each flux; above it, by states alone, the client is cut */
#define VG_LIVE_OUTPUT_MAX \
    (VG_LIVE_LOW_BYTES + VG_LIVE_FLUX_MAX * (VG_LIVE_WINDOW + VG_WIRE_FRAME_MAX) + (512u << 10))
#define VG_LIVE_STUCK_S  20
#define VG_LIVE_SILENT_S 3 /* a flux without pictures for so long is lost */
#define VG_LIVE_ALIVE_S  5

#define VG_LIVE_HEAD_BYTES  24
#define VG_LIVE_CODEC_BYTES 64 /* before the bytes of an init segment, zeros behind the name */

/* What is asked for. */
struct vg_live_wish {
    size_t count;
    char flux[VG_LIVE_FLUX_MAX][VG_WIRE_FLUX_SIZE];
    uint32_t plays; /* bits, as in a request to ingest */
};

/* Reads the query's parameters; flux: ids with commas between them, each once; plays: names with
 * commas, NULL or "": H.264. NULL when good, else the name of the one that is wrong. Pure. */
const char *vg_live_wish_read(const char *flux, const char *plays,
                              struct vg_live_wish *wish) VG_MUST_USE;

/* ---- frames ---- */

enum vg_live_frame_type {
    VG_LIVE_FRAME_STATE = 1, /* JSON: flux, state, reason */
    VG_LIVE_FRAME_INIT,      /* codec, then an init segment of MP4 */
    VG_LIVE_FRAME_FRAGMENT,  /* of MP4: one picture */
    VG_LIVE_FRAME_JPEG,
    VG_LIVE_FRAME_ALIVE /* nothing; its time is the server's of now */
};
enum vg_live_frame_flag {
    VG_LIVE_FRAME_BEGIN = 1, /* of a unit: what is put together of frames of one flux */
    VG_LIVE_FRAME_LAST = 2,
    VG_LIVE_FRAME_KEY = 4
};
struct vg_live_frame {
    enum vg_live_frame_type type;
    unsigned flags;
    size_t flux;   /* its number in the query, from 0 */
    uint32_t size; /* bytes that follow */
    uint32_t unit; /* bytes of the whole unit */
    int64_t wall_us;
};
/* Pure. */
void vg_live_write_head(const struct vg_live_frame *frame, uint8_t head[VG_LIVE_HEAD_BYTES]);

/* ---- those who watch ---- */

struct event_base;
struct evhttp_request;
struct vg_lives;

/* links: borrowed until close. holds: as of event streams. */
enum vg_status vg_lives_open(struct vg_lives **lives, struct event_base *base,
                             struct vg_media_links *links, vg_stream_holds *holds,
                             void *user) VG_MUST_USE;
/* Before the server and the links are closed: ends all. */
void vg_lives_close(struct vg_lives **lives);

/* Whether one more may watch. */
bool vg_lives_have_room(const struct vg_lives *lives);

/* Answers `http` (taken; its headers are set) for a session. VG_E_FULL: nothing was done. */
enum vg_status vg_lives_join(struct vg_lives *lives, struct evhttp_request *http, uint64_t session,
                             const struct vg_live_wish *wish) VG_MUST_USE;

/* Ends those whose session is over. */
void vg_lives_check(struct vg_lives *lives);

struct vg_lives_counts {
    uint32_t open, flux; /* now */
    uint64_t opened, cut;
    uint64_t units, bytes; /* of pictures, sent */
    uint64_t lost;         /* times that a flux was */
};
struct vg_lives_counts vg_lives_counts(const struct vg_lives *lives);

#endif
