/* A client of our own API for measuring: HTTP/1.1 over TLS, one connection that stays, one request
 * after the other; and server-sent events. It takes what our server sends and refuses the rest
 * (VG_E_INPUT): it is no client for others. Every wait has a deadline; one thread at a time. */
#ifndef VG_BENCH_HTTP_CLIENT_H
#define VG_BENCH_HTTP_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/fault.h"
#include "src/media/cancel.h"

#define VG_HTTP_ROOM (4u << 20) /* of an answer, head and body */

struct vg_http_settings {
    const char *host; /* borrowed until close, as all of these */
    uint16_t port;
    const char *ca_pem;
    const char *cookie; /* "name=value"; "": none */
    struct vg_cancel cancel;
};

struct vg_http_client;

/* *client given; close it. Statuses of vg_net_open. */
enum vg_status vg_http_open(struct vg_http_client **client, const struct vg_http_settings *settings,
                            struct vg_mono_time until, struct vg_fault *fault) VG_MUST_USE;
void vg_http_close(struct vg_http_client **client);

struct vg_http_answer {
    unsigned code;
    const char *head; /* borrowed until the next call, as the body; ends with a zero */
    const char *body;
    size_t size;
};

/* body: JSON, NULL: none. VG_E_TIMEOUT, VG_E_INTERRUPTED, VG_E_CLOSED, VG_E_IO; VG_E_INPUT: an answer
 * that is none, VG_E_FULL: larger than the room. The connection is of no use then. */
enum vg_status vg_http_call(struct vg_http_client *client, const char *method, const char *path,
                            const char *body, struct vg_mono_time until,
                            struct vg_http_answer *answer) VG_MUST_USE;

/* The value of a header of the answer, cut at the room; "" if there is none. */
void vg_http_header(const struct vg_http_answer *answer, const char *name, char *value,
                    size_t room);

/* Asks for a stream of events; from now on only vg_http_event. VG_E_STATE: another code than 200. */
enum vg_status vg_http_listen(struct vg_http_client *client, const char *path,
                              struct vg_mono_time until) VG_MUST_USE;
/* The data of the next event, borrowed until the next call; ends with a zero. VG_E_TIMEOUT: none came. */
enum vg_status vg_http_event(struct vg_http_client *client, struct vg_mono_time until,
                             const char **data, size_t *size) VG_MUST_USE;

/* "TLSv1.3" */
const char *vg_http_tls_version(const struct vg_http_client *client);

#endif
