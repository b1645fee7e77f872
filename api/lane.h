/* A thread beside the loop that works off exchanges one after the other, with its own desk.
 *
 * loop --ring--> lane: handler --ring--> loop: done. At most `depth` are under way: at the bound
 * submit refuses and the reader is told to come again. */
#ifndef VG_API_LANE_H
#define VG_API_LANE_H

#include <stddef.h>

#include "api/exchange.h"
#include "api/routes.h"
#include "src/base/beat.h"

struct event_base;
struct evhttp_request;
struct vg_lane;

/* A request on its way: made and freed by the reception, lent to a lane in between. */
struct vg_exchange {
    const struct vg_route *route; /* NULL: the reception's own, `handle` says what to do */
    vg_handler *handle;
    struct vg_request request;
    struct vg_reply reply;
    struct evhttp_request *http; /* NULL: nobody waits for the answer. Loop's thread */
    uint64_t session;            /* number, 0: not signed in. Loop's thread */
    bool holds_clip;             /* counted as a clip that is being sent. Loop's thread */
};

struct vg_lane_settings {
    const char *name;          /* of the thread, at most 15 letters; static */
    const char *data;          /* borrowed */
    const char *redis_socket;  /* borrowed */
    size_t depth;              /* a power of two */
    int64_t limit_us, ends_us; /* of one exchange (vg_beat) */
};

/* Called in the loop's thread for each exchange that was submitted. */
typedef void vg_lane_done(void *user, struct vg_exchange *exchange);

/* VG_E_MEMORY, VG_E_LACK (no thread, no eventfd). */
enum vg_status vg_lane_open(struct vg_lane **lane, struct event_base *base,
                            const struct vg_lane_settings *settings, vg_lane_done *done, void *user,
                            struct vg_fault *fault) VG_MUST_USE;

/* Loop's thread. Taken until done is called; VG_E_FULL: not taken. */
enum vg_status vg_lane_submit(struct vg_lane *lane, struct vg_exchange *exchange) VG_MUST_USE;

/* Busy while an exchange is worked off; lives as long as the lane. */
struct vg_beat *vg_lane_beat(struct vg_lane *lane);

/* Loop's thread. Waits for what is under way; `done` is called for all of it first. */
void vg_lane_close(struct vg_lane **lane);

#endif
