/* RTSP the other way round: a gateway that pushes (ANNOUNCE, SETUP with mode=record, RECORD) to an
 * address and port of ours. One publisher at a time, from whom it is permitted, to one path, with
 * Digest credentials if wanted. In the clear, TCP or UDP.
 *
 * One thread at a time uses it. */
#ifndef VG_MEDIA_RTSP_LISTEN_H
#define VG_MEDIA_RTSP_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/fault.h"
#include "src/media/cancel.h"
#include "src/media/rtsp_data.h"
#include "src/media/sdp.h"

struct vg_rtsp_listen_settings {
    const char *address; /* borrowed; numeric, of this machine; NULL or "": every IPv4 address */
    uint16_t port;       /* 0: the system chooses */
    const char *path;    /* borrowed; "/in/gate": what a publisher must name, query apart */
    const char *user, *password;    /* borrowed; NULL or "": whoever is permitted */
    uint16_t port_first, port_last; /* of UDP, pairs from even; 0: the system chooses */
    /* whether this numeric address may publish; NULL: all may */
    bool (*may_publish)(const void *context, const char *address);
    const void *publish_context;
    int64_t open_us, read_us; /* of one publisher: from its connection to RECORD; of a silence */
    struct vg_cancel cancel;
};
struct vg_rtsp_listen_settings vg_rtsp_listen_defaults(void); /* 5 s, 2.5 s */

struct vg_rtsp_listen;

/* VG_E_LACK: the address or the port cannot be had; VG_E_INPUT: path, user or password; VG_E_MEMORY. */
enum vg_status vg_rtsp_listen_open(struct vg_rtsp_listen **listen,
                                   const struct vg_rtsp_listen_settings *settings,
                                   struct vg_fault *fault) VG_MUST_USE;
void vg_rtsp_listen_close(struct vg_rtsp_listen **listen);
uint16_t vg_rtsp_listen_port(const struct vg_rtsp_listen *listen);

/* Waits until a publisher records; one that comes to nothing is dropped and the next awaited; a
 * former one is dropped. VG_E_TIMEOUT: none until then, and who has begun may go on in the next
 * call; VG_E_INTERRUPTED, VG_E_IO. */
enum vg_status vg_rtsp_listen_wait(struct vg_rtsp_listen *listen,
                                   struct vg_mono_time until) VG_MUST_USE;

/* Of the publisher that records. */
const struct vg_sdp_video *vg_rtsp_listen_video(const struct vg_rtsp_listen *listen);
bool vg_rtsp_listen_by_udp(const struct vg_rtsp_listen *listen);

/* Another deadline of a silence, from the next receive on. */
void vg_rtsp_listen_set_read(struct vg_rtsp_listen *listen, int64_t read_us);

/* As vg_rtsp_client_receive(). VG_E_CLOSED: it ended; VG_E_TIMEOUT: it sends nothing. Then wait for
 * the next. Other connections are closed at once. */
enum vg_status vg_rtsp_listen_receive(struct vg_rtsp_listen *listen, struct vg_mono_time until,
                                      struct vg_rtsp_data *data) VG_MUST_USE;

struct vg_rtsp_listen_counts {
    uint64_t strangers; /* connections of addresses that may not publish */
    uint64_t refused;   /* of others while one records, or that came to nothing */
    uint64_t denied;    /* requests without the right credentials */
};
struct vg_rtsp_listen_counts vg_rtsp_listen_counts(const struct vg_rtsp_listen *listen);

#endif
