/* The head of an RTP packet (RFC 3550 5.1). Pure. */
#ifndef VG_MEDIA_RTP_PACKET_H
#define VG_MEDIA_RTP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"

struct vg_rtp_packet {
    uint32_t payload_type, timestamp, ssrc;
    uint16_t sequence;
    bool marker;
    const uint8_t *payload; /* borrowed, within the packet; without padding */
    size_t payload_bytes;   /* may be 0 */
    uint32_t extension_id;  /* of its header extension (5.3.1) */
    const uint8_t *extension;
    size_t extension_bytes; /* 0: none */
    size_t bytes;           /* of the whole packet */
};

/* VG_E_INPUT: not RTP version 2, or a length in it does not hold; *packet is undefined then. */
enum vg_status vg_rtp_packet_read(const uint8_t *data, size_t size,
                                  struct vg_rtp_packet *packet) VG_MUST_USE;

static inline uint32_t vg_rtp_u16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t vg_rtp_u32(const uint8_t *p)
{
    return vg_rtp_u16(p) << 16 | vg_rtp_u16(p + 2);
}

static inline void vg_rtp_put_u32(uint8_t *p, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> (24 - 8 * i));
}

#endif
