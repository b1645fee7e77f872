/* A session description (RFC 8866) cut down to what Vigie reads of it: the first video that can be
 * analysed. Parameter sets come out as the decoder wants them (Annex B). Pure. */
#ifndef VG_MEDIA_SDP_H
#define VG_MEDIA_SDP_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

enum vg_rtp_codec {
    VG_RTP_H264,  /* RFC 6184 */
    VG_RTP_H265,  /* RFC 7798 */
    VG_RTP_MPEG4, /* RFC 6416, "MP4V-ES" */
    VG_RTP_MJPEG  /* RFC 2435 */
};

#define VG_SDP_BYTES_MAX      32768
#define VG_SDP_CONTROL_SIZE   1024
#define VG_SDP_PARAMETERS_MAX 4096

struct vg_sdp_video {
    enum vg_rtp_codec codec;
    uint32_t payload_type;                     /* 0 to 127 */
    uint32_t clock_hz;                         /* 90000 nearly always */
    char session_control[VG_SDP_CONTROL_SIZE]; /* a=control before the first m=; "" none */
    char control[VG_SDP_CONTROL_SIZE];         /* of this video; "" none, "*" possible */
    /* where it is sent when it is announced with a place of its own (multicast, or pushed) */
    char address[64];         /* numeric IPv4 or IPv6; "" or 0.0.0.0: none */
    char source[64];          /* numeric, of "a=source-filter: incl": only from there; "" any */
    uint16_t port, rtcp_port; /* 0: none; rtcp_port defaults to port + 1 */
    uint32_t ttl;
    uint32_t width, height;   /* a=framesize or a=x-dimensions or cliprect; 0: not said */
    uint32_t fps_milli;       /* a=framerate, thousandths; 0: not said */
    uint32_t don_diff_max;    /* H.265, sprop-max-don-diff: above 0, packets number their units */
    uint32_t parameter_bytes; /* SPS, PPS (VPS), or the configuration of MPEG-4 */
    uint8_t parameters[VG_SDP_PARAMETERS_MAX];
};

/* text: size bytes, need not end with 0, at most VG_SDP_BYTES_MAX. Other media, and further videos,
 * are passed over, and so are parameter sets that cannot be read (they come in band then).
 * VG_E_INPUT: not an SDP, or an address in it that cannot be used (place "SDP:line"), no video in
 * it, a codec that is not one of the four (place: its name), an encrypted profile (RTP/SAVP: SRTP
 * is not spoken). When no video can be read, the fault is the first one's. */
enum vg_status vg_sdp_read(const char *text, size_t size, struct vg_sdp_video *video,
                           struct vg_fault *fault) VG_MUST_USE;

#endif
