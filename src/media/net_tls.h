/* The client's side of TLS on a socket that does not block: OpenSSL with the certificate always
 * verified, TLS 1.2 at least, no renegotiation, one context for each connection and little
 * memory kept once it stands. Used by src/media/net_link.c alone. */
#ifndef VG_MEDIA_NET_TLS_H
#define VG_MEDIA_NET_TLS_H

#include <stddef.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/media/tls_trust.h"

struct vg_net_tls;

enum vg_net_tls_want {
    VG_NET_TLS_DONE,
    VG_NET_TLS_READ, /* when the socket has something, again */
    VG_NET_TLS_WRITE /* when the socket takes something, again */
};

/* fd: borrowed. host: borrowed until return, for the certificate's name where trust names none.
 * VG_E_INPUT: a PEM text, or our key is not that of our certificate. VG_E_MEMORY. */
enum vg_status vg_net_tls_open(struct vg_net_tls **tls, int fd, const char *host,
                               const struct vg_tls_trust *trust,
                               struct vg_fault *fault) VG_MUST_USE;
void vg_net_tls_close(struct vg_net_tls **tls); /* says good-bye, does not wait */

/* VG_E_INTEGRITY, VG_E_DENIED, VG_E_CLOSED, VG_E_IO. */
enum vg_status vg_net_tls_handshake(struct vg_net_tls *tls, enum vg_net_tls_want *want,
                                    struct vg_fault *fault) VG_MUST_USE;
enum vg_status vg_net_tls_read(struct vg_net_tls *tls, void *data, size_t size, size_t *got,
                               enum vg_net_tls_want *want) VG_MUST_USE;
enum vg_status vg_net_tls_write(struct vg_net_tls *tls, const void *data, size_t size, size_t *put,
                                enum vg_net_tls_want *want) VG_MUST_USE;

const char *vg_net_tls_version_name(const struct vg_net_tls *tls);

#endif
