/* One connection by TCP to a host, with or without TLS, whose every wait has a deadline and looks ten
 * times a second whether it is cancelled. With TLS the certificate is always verified.
 *
 * A name is resolved by getaddrinfo, which cannot be cancelled: it ends by the bounds of
 * /etc/resolv.conf (timeout x attempts x servers); numeric addresses do without. SIGPIPE is
 * never raised. One thread at a time uses a link. */
#ifndef VG_MEDIA_NET_LINK_H
#define VG_MEDIA_NET_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/fault.h"
#include "src/media/cancel.h"
#include "src/media/tls_trust.h"

enum vg_net_cover {
    VG_NET_CLEAR,
    VG_NET_TLS
};

struct vg_net_settings {
    const char *host; /* borrowed; name or numeric address, without brackets */
    uint16_t port;
    const char *interface; /* borrowed; see src/media/net_interface.h */
    enum vg_net_cover cover;
    struct vg_tls_trust trust; /* with TLS */
    struct vg_mono_time until; /* of the whole opening */
    struct vg_cancel cancel;   /* kept for the waits of the link's life */
};

struct vg_net_link;

/* VG_E_MISSING the name is not known; VG_E_TIMEOUT; VG_E_INTERRUPTED; VG_E_IO nobody listens there or
 * TLS was not agreed on; VG_E_INTEGRITY the certificate is not believed (place: why); VG_E_DENIED
 * the server refuses our certificate or wants one; VG_E_INPUT our PEM texts; VG_E_LACK the
 * interface; VG_E_MEMORY. */
enum vg_status vg_net_open(struct vg_net_link **link, const struct vg_net_settings *settings,
                           struct vg_fault *fault) VG_MUST_USE;
void vg_net_close(struct vg_net_link **link);

/* A link in the clear of a connection that was accepted: takes fd, also when it fails. VG_E_MEMORY. */
enum vg_status vg_net_adopt(struct vg_net_link **link, int fd, const struct sockaddr_storage *peer,
                            const struct vg_cancel *cancel) VG_MUST_USE;

/* For poll(): what to wait for is POLLIN. When `more`, there may be bytes that poll does not know of:
 * read first. */
int vg_net_fd(const struct vg_net_link *link);
bool vg_net_more(const struct vg_net_link *link);

/* Takes what there is, at most size bytes, without waiting: *got 0 with VG_OK: nothing now.
 * VG_E_CLOSED the other side ended it; VG_E_DENIED as with open (TLS 1.3 tells it late); VG_E_IO. */
enum vg_status vg_net_read(struct vg_net_link *link, void *data, size_t size,
                           size_t *got) VG_MUST_USE;

/* When what was read last had come: never before what was read earlier. With TLS it is when it was
 * read. */
struct vg_mono_time vg_net_came(const struct vg_net_link *link);

/* Waits until there is something to read. VG_E_TIMEOUT, VG_E_INTERRUPTED. */
enum vg_status vg_net_wait(const struct vg_net_link *link, struct vg_mono_time until) VG_MUST_USE;

/* All of it. After a failure the link is of no use any more. */
enum vg_status vg_net_write(struct vg_net_link *link, const void *data, size_t size,
                            struct vg_mono_time until) VG_MUST_USE;

/* "TLSv1.3"; "" in the clear. */
const char *vg_net_tls_version(const struct vg_net_link *link);
struct sockaddr_storage vg_net_peer(const struct vg_net_link *link);

/* poll() of `count` descriptors until one has something or the time has come, in slices of 100 ms so
 * that a cancel is noticed. VG_OK: at least one has; VG_E_TIMEOUT, VG_E_INTERRUPTED, VG_E_IO. */
struct pollfd;
enum vg_status vg_net_poll(struct pollfd *fds, size_t count, struct vg_mono_time until,
                           const struct vg_cancel *cancel) VG_MUST_USE;

#endif
