/* The clients that watch: server-sent events (WHATWG HTML, 9.2), one frame to all.
 *
 * The last frames are kept, so that nothing falls between what a client was replayed from the
 * archive and its first live frame. A client that does not read is cut: it comes back with its
 * Last-Event-ID. Loop's thread. */
#ifndef VG_API_EVENT_STREAM_H
#define VG_API_EVENT_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "api/archive_thread.h"
#include "src/base/time_metric.h"

#define VG_STREAMS_MAX        64
#define VG_STREAM_QUEUE_BYTES (256u << 10) /* unread by a client: above, it is cut */
#define VG_STREAM_RECENT      256          /* frames kept */
#define VG_STREAM_COMMENT_S   15

struct event_base;
struct evhttp_request;
struct vg_streams;

/* Asked every VG_STREAM_COMMENT_S for each client: whether its session still holds. */
typedef bool vg_stream_holds(void *user, uint64_t session);

enum vg_status vg_streams_open(struct vg_streams **streams, struct event_base *base,
                               vg_stream_holds *holds, void *user) VG_MUST_USE;
/* Before the server closes: ends all streams. */
void vg_streams_close(struct vg_streams **streams);

/* Answers `http` (taken) with a stream of session's. replay: frames of what it missed, up to
 * change number `after`; then what is newer. `more`: the archive holds more than was replayed;
 * the answer then ends after it and the client comes again. VG_E_FULL: too many clients,
 * nothing was done. */
struct vg_stream_start {
    uint64_t session;
    const char *replay;
    size_t replay_size;
    uint64_t after;
    bool more;
};
enum vg_status vg_streams_join(struct vg_streams *streams, struct evhttp_request *http,
                               const struct vg_stream_start *start) VG_MUST_USE;

/* Sends to all; takes `news`. */
void vg_streams_publish(struct vg_streams *streams, struct vg_news *news);

/* Ends the streams whose session is over. */
void vg_streams_check(struct vg_streams *streams);

/* Change number of the newest frame; 0 before the first. */
uint64_t vg_streams_newest(const struct vg_streams *streams);

struct vg_streams_counts {
    uint32_t open;
    uint64_t sent, cut;
};
struct vg_streams_counts vg_streams_counts(const struct vg_streams *streams);

/* From the arrival of an alert's picture to the end of its writing to a client, once for each
 * client; of one that was not written, to when its client went or 32 more were on the way. Loop's
 * thread; borrowed. */
struct vg_time_metric *vg_streams_latency(struct vg_streams *streams);

#endif
