/* RTSP 1.0 (RFC 2326) as a reader: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN, nothing else ever.
 * In the clear or by TLS with the server's certificate checked. Media interleaved in the connection (TCP), by
 * unicast UDP or by multicast. Every call ends by its deadline, or when another thread cancels it.
 *
 * An address, a user or a password never reaches a log or a fault. One thread at a time uses a client. */
#ifndef VG_MEDIA_RTSP_CLIENT_H
#define VG_MEDIA_RTSP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/fault.h"
#include "src/media/cancel.h"
#include "src/media/rtsp_data.h"
#include "src/media/sdp.h"
#include "src/media/tls_trust.h"

enum vg_rtsp_transport {
    VG_RTSP_TCP,
    VG_RTSP_UDP,
    VG_RTSP_MULTICAST
};

struct vg_rtsp_settings {
    const char *url; /* borrowed: rtsp:// or rtsps://host[:port]/path, no credentials in it */
    const char *user, *password;      /* borrowed; NULL or "": none */
    enum vg_rtsp_transport transport; /* rtsps: TCP alone, VG_E_INPUT else */
    struct vg_tls_trust trust;
    const char *
        interface; /* borrowed: name ("eth1") or numeric address to receive on; NULL or "": the route's */
    uint16_t port_first,
        port_last; /* client ports of UDP, pairs from even; 0: the system chooses */
    /* whether a redirect (3xx) to this host and port may be followed; NULL: none is followed */
    bool (*may_visit)(const void *context, const char *host, uint16_t port);
    const void *visit_context;
    int64_t open_us, read_us; /* deadlines of the whole opening and of a silence */
    struct vg_cancel cancel;
};
struct vg_rtsp_settings vg_rtsp_defaults(void); /* TCP, 5 s, 2.5 s */

struct vg_rtsp_client;

/* Connects, describes, sets one video up and starts it.
 * VG_E_DENIED (401 after credentials were given, 403; a redirect that may not be followed; the
 * server refuses our certificate or wants one), VG_E_MISSING (404, name not known), VG_E_STATE (461:
 * this transport is refused; another may do), VG_E_INPUT (the address; no video that can be
 * read; a description that names another host; PEM texts), VG_E_INTEGRITY (a certificate that is
 * not believed: the place says why), VG_E_TIMEOUT, VG_E_INTERRUPTED, VG_E_CLOSED (454 too), VG_E_IO,
 * VG_E_MEMORY, VG_E_LACK (no port, no such interface, 453). The fault's place holds the method
 * and the code ("DESCRIBE 404"), "connect", or TLS's words. A host that is named is resolved
 * within the bounds of /etc/resolv.conf, not open_us: getaddrinfo cannot be cancelled. */
enum vg_status vg_rtsp_client_open(struct vg_rtsp_client **client,
                                   const struct vg_rtsp_settings *settings,
                                   struct vg_fault *fault) VG_MUST_USE;
void vg_rtsp_client_close(struct vg_rtsp_client **client); /* TEARDOWN is sent, not waited for */

const struct vg_sdp_video *vg_rtsp_client_video(const struct vg_rtsp_client *client);

/* The next datagram; keep-alives are sent in here (GET_PARAMETER, or OPTIONS where it is not offered),
 * at half of the session's time-out. until: when to return with VG_E_END though nothing came (the
 * caller has something to do; a time that is past: only what is there). The silence since the last
 * RTP packet counts against read_us: VG_E_TIMEOUT. VG_E_CLOSED, VG_E_INTERRUPTED, VG_E_IO. Reads much
 * at once, and 2 ms after the first of it came, so that a picture costs few system calls. */
enum vg_status vg_rtsp_client_receive(struct vg_rtsp_client *client, struct vg_mono_time until,
                                      struct vg_rtsp_data *data) VG_MUST_USE;

/* Sends an RTCP packet to the server; best effort. */
void vg_rtsp_client_report(struct vg_rtsp_client *client, const uint8_t *data, size_t size);

struct vg_rtsp_about {
    enum vg_rtsp_transport transport;
    bool encrypted;
    char tls_version[16]; /* "TLSv1.3"; "" in the clear */
    char server[128];     /* the Server header, printable ASCII alone */
};
struct vg_rtsp_about vg_rtsp_client_about(const struct vg_rtsp_client *client);

/* Another deadline of a silence, from the next receive on. */
void vg_rtsp_client_set_read(struct vg_rtsp_client *client, int64_t read_us);

#endif
