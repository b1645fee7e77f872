/* The server's certificate: made once for this installation, self-signed, P-256.
 *
 * DATA/tls/cert.pem and DATA/tls/key.pem (0600). An administrator may put the site's own pair
 * there: what exists is used and never overwritten. */
#ifndef VG_API_CERTIFICATE_H
#define VG_API_CERTIFICATE_H

#include <openssl/types.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_CERTIFICATE_DAYS 3650

/* Makes the pair in `data`/tls unless both files are there. Names: localhost, 127.0.0.1, ::1
 * and the machine's own. VG_E_INPUT when one of the two is missing (then nothing is made),
 * VG_E_IO, VG_E_LACK. */
enum vg_status vg_certificate_ensure(const char *data, struct vg_fault *fault) VG_MUST_USE;

/* A server context of TLS 1.2 and later with that pair; *context given, SSL_CTX_free.
 * VG_E_INPUT when a file is not what it should be or the two do not belong together. */
enum vg_status vg_certificate_context(const char *data, SSL_CTX **context,
                                      struct vg_fault *fault) VG_MUST_USE;

#endif
