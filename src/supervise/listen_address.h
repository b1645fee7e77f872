/* "ADDRESS:PORT" of --listen, and whether it can be had. */
#ifndef VG_SUPERVISE_LISTEN_ADDRESS_H
#define VG_SUPERVISE_LISTEN_ADDRESS_H

#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_LISTEN_DEFAULT "127.0.0.1:8443"
#define VG_LISTEN_SIZE    280

struct vg_listen {
    char host[256]; /* without brackets */
    uint16_t port;  /* 0: any free one */
};

/* Takes "127.0.0.1:8443", "[::1]:8443", "localhost:0". VG_E_CALL. Pure. */
enum vg_status vg_listen_parse(const char *text, struct vg_listen *listen,
                               struct vg_fault *fault) VG_MUST_USE;

/* Back to text, with brackets where they are wanted. Pure. */
void vg_listen_text(const struct vg_listen *listen, char text[VG_LISTEN_SIZE]);

/* Binds it for a moment: VG_E_LACK when the port is in use or not permitted, or the address is
 * not one of this machine. Port 0 becomes the free port that was found, so that the api keeps
 * it over its restarts. */
enum vg_status vg_listen_try(struct vg_listen *listen, struct vg_fault *fault) VG_MUST_USE;

#endif
