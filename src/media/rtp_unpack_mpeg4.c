/* MPEG-4 visual (RFC 6416): the elementary stream as it is, cut anywhere. What is in a unit is
 * found by its start codes (ISO 14496-2 table 6-3). */
#include <stddef.h>

#include "src/media/rtp_unpack.h"

enum {
    LAYER_FIRST = 0x20,
    LAYER_LAST = 0x2f,
    GROUP = 0xb3,
    PICTURE = 0xb6,
    SET_LAYER = 1
};

static bool begins_with_code(const struct vg_rtp_packet *packet)
{
    const uint8_t *p = packet->payload;
    return packet->payload_bytes >= 3 && p[0] == 0 && p[1] == 0 && p[2] == 1;
}

static enum vg_status add(struct vg_rtp_unpack *unpack, const struct vg_rtp_packet *packet)
{
    if (vg_rtp_assembly_bytes(&unpack->assembly) == 0 && !begins_with_code(packet)) {
        unpack->cut = true; /* the begin is missing */
        return VG_OK;
    }
    return vg_rtp_assembly_add(&unpack->assembly, packet->payload, packet->payload_bytes);
}

/* Decoders find their way by the next start code or resync marker. */
static void lose(struct vg_rtp_unpack *unpack)
{
    (void)unpack;
}

/* Where the next start code at or after `from` begins; size: none with its last byte. */
static size_t find_code(const uint8_t *unit, size_t size, size_t from)
{
    for (size_t i = from; i + 4 <= size; i++)
        if (unit[i] == 0 && unit[i + 1] == 0 && unit[i + 2] == 1)
            return i;
    return size;
}

static enum vg_status finish(struct vg_rtp_unpack *unpack)
{
    const uint8_t *unit = vg_rtp_assembly_at(&unpack->assembly);
    const size_t size = vg_rtp_assembly_bytes(&unpack->assembly);
    size_t sets_end = 0; /* where the first group or picture begins */
    unpack->sets_in_band = 0;
    unpack->set_count = 0;
    for (size_t i = find_code(unit, size, 0); i < size; i = find_code(unit, size, i + 4)) {
        const uint32_t code = unit[i + 3];
        if (code >= LAYER_FIRST && code <= LAYER_LAST)
            unpack->sets_in_band = SET_LAYER;
        if (code == GROUP && sets_end == 0)
            sets_end = i;
        if (code != PICTURE)
            continue;
        sets_end = sets_end > 0 ? sets_end : i;
        unpack->decodable = true;
        unpack->key = i + 4 < size && unit[i + 4] >> 6 == 0; /* vop_coding_type: I */
        break;
    }
    if (unpack->sets_in_band && sets_end > 0 && !unpack->cut) {
        vg_rtp_set_note(unpack, 0, sets_end, SET_LAYER);
        vg_rtp_sets_keep(unpack);
    }
    return VG_OK;
}

const struct vg_rtp_unpacker vg_rtp_unpack_mpeg4 = {
    .codec = VG_RTP_MPEG4,
    .slices = false,
    .sets_whole = SET_LAYER,
    .add = add,
    .lose = lose,
    .finish = finish,
};
