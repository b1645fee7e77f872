/* The address of a source, read into parts:
 *
 *   rtsp://HOST[:PORT]/PATH          fetched, in the clear; port 554 unless said
 *   rtsps://HOST[:PORT]/PATH         fetched, by TLS; port 322 unless said
 *   rtsp-listen://ADDRESS:PORT/PATH  given: a gateway comes and pushes (ANNOUNCE, RECORD)
 *   mpegts://ADDRESS:PORT            given: MPEG-TS by UDP, on a group or an address of ours
 *   sdp:/PATH/FILE.sdp               given: RTP of the groups that the file describes
 *   file:/PATH  /PATH                a recorded file played again and again; its first round may
 *                                    begin later in it: file:/PATH#t=SECONDS (W3C, Media
 *                                    Fragments URI 1.0, 4.2.1), if no file is named so
 *   folder:/PATH                     recorded files as they appear there
 *
 * Users and passwords never stand in it. Pure: (bytes, size) to struct, nothing is resolved or
 * looked for. Any thread. */
#ifndef VG_BASE_SOURCE_URL_H
#define VG_BASE_SOURCE_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/base/host_list.h"

#define VG_SOURCE_PATH_SIZE 1024 /* with the end; an address is shorter than that too */

enum vg_source_scheme {
    VG_SCHEME_FILE,
    VG_SCHEME_FOLDER,
    VG_SCHEME_SDP,
    VG_SCHEME_RTSP,
    VG_SCHEME_RTSPS,
    VG_SCHEME_RTSP_LISTEN,
    VG_SCHEME_MPEGTS
};
const char *vg_source_scheme_name(enum vg_source_scheme scheme); /* "rtsp-listen" */

struct vg_source_url {
    enum vg_source_scheme scheme;
    struct vg_host host; /* empty text where there is none: file, folder, sdp */
    uint16_t port;       /* said or usual; 0 where there is none */
    /* RTSP: path and query as they stand in the address, "/" at least; file, folder, sdp: the
     * absolute path, taken as it is (no percent signs are read); mpegts: "" */
    char path[VG_SOURCE_PATH_SIZE];
};

/* Reads `size` bytes. VG_E_INPUT: *url is empty; what and remedy say why, the place is left empty
 * for the caller to name the key, and never holds the address. */
enum vg_status vg_source_url_read(const char *text, size_t size, struct vg_source_url *url,
                                  struct vg_fault *fault) VG_MUST_USE;

/* Whether pictures come by a network at all: not from a file or a folder. */
bool vg_source_url_networked(const struct vg_source_url *url);
/* Whether they come encrypted: rtsps alone. */
bool vg_source_url_encrypted(const struct vg_source_url *url);
/* Whether its host is an address of ours, on which the source is waited for: rtsp-listen, and
 * mpegts that is not multicast. */
bool vg_source_url_listens(const struct vg_source_url *url);

/* Whether both lead to the same scheme, host and port. */
bool vg_source_url_same_peer(const struct vg_source_url *a, const struct vg_source_url *b);

/* How the media of an RTSP source travel. */
enum vg_transport {
    VG_TRANSPORT_AUTO, /* TCP first, then what the server takes */
    VG_TRANSPORT_TCP,
    VG_TRANSPORT_UDP,
    VG_TRANSPORT_MULTICAST
};
const char *vg_transport_name(enum vg_transport transport); /* "auto" */
/* Returns 0, or -1 when `name` is none of them. */
int vg_transport_parse(const char *name, enum vg_transport *transport);

#endif
