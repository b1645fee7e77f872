/* Addresses of RTSP, and how a description's a=control is joined to them. Pure. */
#ifndef VG_MEDIA_RTSP_URL_H
#define VG_MEDIA_RTSP_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"

#define VG_RTSP_URL_SIZE  1024
#define VG_RTSP_HOST_SIZE 256

enum vg_rtsp_secrecy {
    VG_RTSP_CLEAR,  /* rtsp:// */
    VG_RTSP_SECRET, /* rtsps:// */
};

struct vg_rtsp_url {
    enum vg_rtsp_secrecy secrecy;
    char host[VG_RTSP_HOST_SIZE]; /* without brackets */
    uint16_t port;                /* 554 or 322 where none is written */
    size_t authority;             /* length of "rtsp://host:port" in text */
    char text[VG_RTSP_URL_SIZE];  /* as it was written, without a #fragment */
};

/* VG_E_INPUT: another scheme, no host, user or password in it, a blank or control character;
 * VG_E_FULL: too long. */
enum vg_status vg_rtsp_url_read(const char *text, struct vg_rtsp_url *url) VG_MUST_USE;

/* Whether the text begins with a scheme of RTSP: then it is not relative. */
bool vg_rtsp_url_is_absolute(const char *text);

/* "" and "*": base; an absolute one: itself; else base and
 * control with one slash between (all servers mean that, not the resolution of RFC 3986).
 * VG_E_FULL: it does not fit. */
enum vg_status vg_rtsp_url_join(const char *base, const char *control, char *joined,
                                size_t size) VG_MUST_USE;

#endif
