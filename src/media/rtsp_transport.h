/* The headers by which a server says how it will send: Transport and Session (RFC 2326, 12.37 and
 * 12.39), and which methods it has: Public. Pure. */
#ifndef VG_MEDIA_RTSP_TRANSPORT_H
#define VG_MEDIA_RTSP_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "src/media/rtsp_message.h"

struct vg_rtsp_transport_answer {
    bool tcp, multicast;
    bool interleaved;    /* channels were named */
    uint8_t channels[2]; /* of RTP and RTCP; 0 and 1 where none are named */
    uint16_t server_ports[2], client_ports[2], ports[2]; /* 0: not said; the second: the next */
    uint32_t ttl;                                        /* 0: not said */
    bool has_ssrc;
    uint32_t ssrc;
    char source[64], destination[64]; /* as said, "" not said */
};

/* false: no RTP/AVP, or a number that cannot be. */
bool vg_rtsp_transport_read(struct vg_rtsp_text header, struct vg_rtsp_transport_answer *answer);

struct vg_rtsp_session {
    char id[128];       /* printable ASCII without blanks */
    uint32_t timeout_s; /* 60 where none is said, 1 to 86400 */
};

/* false: an id that cannot be sent back. */
bool vg_rtsp_session_read(struct vg_rtsp_text header, struct vg_rtsp_session *session);

/* Whether a comma-separated list, such as Public's, has the word. */
bool vg_rtsp_list_has(struct vg_rtsp_text header, const char *word);

#endif
