#include "src/media/rtp_packet.h"

#define HEAD_BYTES      12u
#define EXTENSION_BYTES 4u

enum vg_status vg_rtp_packet_read(const uint8_t *data, size_t size, struct vg_rtp_packet *packet)
{
    if (size < HEAD_BYTES || data[0] >> 6 != 2)
        return VG_E_INPUT;
    *packet = (struct vg_rtp_packet){.payload_type = data[1] & 0x7f,
                                     .marker = (data[1] & 0x80) != 0,
                                     .sequence = (uint16_t)vg_rtp_u16(data + 2),
                                     .timestamp = vg_rtp_u32(data + 4),
                                     .ssrc = vg_rtp_u32(data + 8),
                                     .bytes = size};
    size_t at = HEAD_BYTES + (size_t)(data[0] & 15) * 4; /* contributing sources */
    size_t end = size;
    if (at > end)
        return VG_E_INPUT;
    if (data[0] & 0x10) {
        if (end - at < EXTENSION_BYTES)
            return VG_E_INPUT;
        packet->extension_id = vg_rtp_u16(data + at);
        packet->extension_bytes = (size_t)vg_rtp_u16(data + at + 2) * 4;
        at += EXTENSION_BYTES;
        if (end - at < packet->extension_bytes)
            return VG_E_INPUT;
        packet->extension = data + at;
        at += packet->extension_bytes;
    }
    if (data[0] & 0x20) {
        if (end == at || data[end - 1] == 0 || data[end - 1] > end - at)
            return VG_E_INPUT;
        end -= data[end - 1];
    }
    packet->payload = data + at;
    packet->payload_bytes = end - at;
    return VG_OK;
}
