/* evhttp over TLS, with what evhttp lacks: TCP_NODELAY, a bound on connections, a deadline for a
 * whole request, the contract's JSON in place of evhttp's own HTML errors.
 *
 * One thread, that of the event base. */
#ifndef VG_API_HTTPS_SERVER_H
#define VG_API_HTTPS_SERVER_H

#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

struct event_base;
struct evhttp_request;
struct vg_https;

#define VG_HTTPS_BODY_MAX (1u << 20)  /* bytes; above: 413 */
#define VG_HTTPS_HEAD_MAX (16u << 10) /* bytes of head; above: 400 */

struct vg_https_settings {
    const char *address;      /* numeric or a name, borrowed */
    uint16_t port;            /* 0: any free one */
    const char *data;         /* the data folder with tls/, borrowed */
    uint32_t connections_max; /* at the bound new ones wait in the kernel's queue */
    int64_t deadline_us;      /* for handshake, idle time, head and body of one request together */
};
void vg_https_defaults(struct vg_https_settings *settings);

struct vg_https_counts {
    uint64_t accepted;    /* connections */
    uint64_t late;        /* cut at the deadline */
    uint64_t own_answers; /* errors that evhttp answered by itself: 400, 413, 501 */
    uint32_t open;        /* connections now */
};

/* What takes a request. `user` is the one given at open; the request belongs to the taker until
 * it answers with evhttp_send_reply or evhttp_send_reply_start. */
typedef void vg_https_take(void *user, struct evhttp_request *request);

/* Listens. VG_E_LACK when the address or port cannot be had: the fault names it and says what
 * to do. VG_E_INPUT for a bad certificate. */
enum vg_status vg_https_open(struct vg_https **https, struct event_base *base,
                             const struct vg_https_settings *settings, vg_https_take *take,
                             void *user, struct vg_fault *fault) VG_MUST_USE;

/* Ends every connection. Requests that were not answered must not be answered after. */
void vg_https_close(struct vg_https **https);

uint16_t vg_https_port(const struct vg_https *https);
struct vg_https_counts vg_https_counts(const struct vg_https *https);

#endif
