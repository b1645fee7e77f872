/* The api's side of pictures: asks the ingest processes for clips and live viewers
 * (src/base/media_wire.h). Which ingest has a flux is found by asking one after the other.
 *
 * An ingest that ends and comes again ends its requests (VG_E_CLOSED): whoever still wants asks
 * anew, and is answered when it is back. What comes is bounded by the window that the asker grants.
 * Loop's thread. */
#ifndef VG_API_MEDIA_LINK_H
#define VG_API_MEDIA_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/media_wire.h"
#include "src/base/status.h"

#define VG_MEDIA_LINKS_MAX 32
/* all live viewers, 16 times 18, and the clips that are waited for */
#define VG_MEDIA_REQUESTS_MAX 512

struct event_base;
struct vg_media_links;

/* A piece of a unit: an init segment, a fragment, a JPEG, a clip. Units come whole, their pieces in
 * order; a viewer may leave out whole units, and begin again with an init segment or, of the same
 * one, with a key. */
struct vg_media_piece {
    uint8_t flags; /* of vg_wire_flag: begin, last, key, init, JPEG */
    uint32_t unit; /* bytes of the whole unit */
    int64_t wall_us;
    const char *codec;   /* of the first piece of an init segment: "avc1.4D401F"; else NULL */
    const uint8_t *data; /* borrowed for the call */
    size_t size;
};

/* Who asks; embedded in its owner, borrowed until `ended` was called or the request stopped. Called
 * from the loop, never from within the asking; may call anything below but close. */
struct vg_media_asker {
    /* It was taken: of a clip its size and times; then pieces follow. */
    void (*about)(struct vg_media_asker *asker, const struct vg_wire_about *about);
    void (*piece)(struct vg_media_asker *asker, const struct vg_media_piece *piece);
    /* The request is over. VG_OK: the clip is whole; VG_E_MISSING: nobody has the flux; VG_E_END:
     * nothing of that time is kept; VG_E_CLOSED: its ingest ended, or the flux there;
     * VG_E_TIMEOUT: no answer; others as vg_clip_cut. */
    void (*ended)(struct vg_media_asker *asker, enum vg_status status);
};

/* fds: one for each ingest, fds[0] of its vg_wire_pair; borrowed until close. VG_E_FULL (too many),
 * VG_E_MEMORY, VG_E_LACK (no event). */
enum vg_status vg_media_links_open(struct vg_media_links **links, struct event_base *base,
                                   const int *fds, size_t count) VG_MUST_USE;
/* Requests just end: nobody is called. */
void vg_media_links_close(struct vg_media_links **links);

/* Asks; *request is its number. clip and live are copied. An ingest that is being started is waited
 * for, some seconds. VG_E_FULL: too many requests; VG_E_MISSING: there is no ingest. */
enum vg_status vg_media_links_clip(struct vg_media_links *links, const struct vg_wire_clip *clip,
                                   struct vg_media_asker *asker, uint32_t *request) VG_MUST_USE;
enum vg_status vg_media_links_live(struct vg_media_links *links, const struct vg_wire_live *live,
                                   struct vg_media_asker *asker, uint32_t *request) VG_MUST_USE;

/* So many bytes of what came are used up: as many more may come. A request that is over is none. */
void vg_media_links_more(struct vg_media_links *links, uint32_t request, size_t bytes);

/* The asker wants no more, and is not called again. */
void vg_media_links_stop(struct vg_media_links *links, uint32_t request);

struct vg_media_links_counts {
    uint32_t open, up; /* requests; links whose ingest has been heard */
    uint64_t asked, answered, refused, lost, late, strange;
};
struct vg_media_links_counts vg_media_links_counts(const struct vg_media_links *links);

#endif
