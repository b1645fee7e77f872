/* H.264 (RFC 6184): single NAL units, aggregates of one time (STAP-A, STAP-B), fragments (FU-A,
 * FU-B). Decoding order numbers are passed over, as no camera interleaves; MTAP, which is of no
 * use without, is refused. */
#include <stddef.h>

#include "src/media/rtp_unpack.h"

enum {
    NAL_SLICE = 1,
    NAL_IDR = 5,
    NAL_SEI = 6,
    NAL_SPS = 7,
    NAL_PPS = 8,
    NAL_SINGLE_LAST = 23,
    STAP_A = 24,
    STAP_B = 25,
    FU_A = 28,
    FU_B = 29,
    SEI_RECOVERY_POINT = 6,
    SET_SPS = 1,
    SET_PPS = 2,
    START_CODE_BYTES = 4,
    DON_BYTES = 2
};

static bool has_picture(uint32_t type)
{
    return type >= NAL_SLICE && type <= NAL_IDR;
}

/* The bytes of a NAL unit without what keeps start codes out of it (7.4.1). */
struct cursor {
    const uint8_t *at, *end;
    int zeros;
};

/* -1 at the end */
static int next_byte(struct cursor *c)
{
    if (c->at < c->end && c->zeros >= 2 && *c->at == 3) {
        c->at++;
        c->zeros = 0;
    }
    if (c->at == c->end)
        return -1;
    c->zeros = *c->at == 0 ? c->zeros + 1 : 0;
    return *c->at++;
}

/* A number written as so many 255 and a last byte (7.3.2.3.1); false: the end. */
static bool sei_number(struct cursor *c, size_t *number)
{
    int byte = 255;
    *number = 0;
    while (byte == 255) {
        byte = next_byte(c);
        if (byte < 0)
            return false;
        *number += (size_t)byte;
    }
    return true;
}

/* payload: of a SEI NAL unit, behind its head. */
static bool has_recovery_point(const uint8_t *payload, size_t size)
{
    struct cursor c = {payload, payload + size, 0};
    size_t type = 0, bytes = 0;
    while (sei_number(&c, &type) && sei_number(&c, &bytes)) {
        if (type == SEI_RECOVERY_POINT && bytes > 0)
            return true;
        for (size_t i = 0; i < bytes; i++)
            if (next_byte(&c) < 0)
                return false;
    }
    return false;
}

/* A whole NAL unit, with its start code, stands at `begin` up to the end. */
static void note(struct vg_rtp_unpack *unpack, uint32_t type, size_t begin)
{
    const size_t size = vg_rtp_assembly_bytes(&unpack->assembly) - begin;
    const size_t head = START_CODE_BYTES + 1;
    if (has_picture(type))
        unpack->decodable = true;
    if (type == NAL_IDR)
        unpack->idr = true;
    if (type == NAL_SPS || type == NAL_PPS)
        vg_rtp_set_note(unpack, begin, size, type == NAL_SPS ? SET_SPS : SET_PPS);
    if (type == NAL_SEI && size > head &&
        has_recovery_point(vg_rtp_assembly_at(&unpack->assembly) + begin + head, size - head))
        unpack->recovery = true;
}

static void close_fragments(struct vg_rtp_unpack *unpack)
{
    if (unpack->fragments.open)
        note(unpack, unpack->fragments.type, unpack->fragments.begin);
    unpack->fragments.open = false;
}

static enum vg_status add_whole(struct vg_rtp_unpack *unpack, const uint8_t *bytes, size_t size)
{
    const size_t begin = vg_rtp_assembly_bytes(&unpack->assembly);
    if (size == 0)
        return VG_OK;
    const uint32_t type = bytes[0] & 31;
    if (type == 0 || type > NAL_SINGLE_LAST)
        return VG_E_INPUT;
    const enum vg_status status = vg_rtp_nal_add(unpack, bytes, size);
    if (status == VG_OK)
        note(unpack, type, begin);
    return status;
}

static enum vg_status add_aggregate(struct vg_rtp_unpack *unpack, const uint8_t *bytes, size_t size)
{
    struct vg_rtp_aggregate aggregate = {bytes, bytes + size};
    const uint8_t *nal = NULL;
    size_t nal_bytes = 0;
    enum vg_status status = VG_OK;
    while (status == VG_OK) {
        status = vg_rtp_aggregate_next(&aggregate, &nal, &nal_bytes);
        if (status == VG_OK)
            status = add_whole(unpack, nal, nal_bytes);
    }
    return status == VG_E_END ? VG_OK : status;
}

/* bytes: the indicator, the FU header, for FU-B the DON, then the fragment. */
static enum vg_status add_fragment(struct vg_rtp_unpack *unpack, const uint8_t *bytes, size_t size)
{
    const size_t head = 2 + ((bytes[0] & 31) == FU_B ? (size_t)DON_BYTES : 0);
    if (size < head)
        return VG_E_INPUT;
    const uint32_t type = bytes[1] & 31;
    const bool first = (bytes[1] & 0x80) != 0, last = (bytes[1] & 0x40) != 0;
    if (type == 0 || type > NAL_SINGLE_LAST)
        return VG_E_INPUT;
    if (first) {
        const uint8_t nal_head = (uint8_t)((bytes[0] & 0xe0) | type);
        close_fragments(unpack); /* its last one had no mark, but nothing is missing */
        const size_t begin = vg_rtp_assembly_bytes(&unpack->assembly);
        const enum vg_status status = vg_rtp_nal_add(unpack, &nal_head, 1);
        if (status)
            return status;
        unpack->fragments = (struct vg_rtp_fragments){true, type, begin};
    }
    if (!unpack->fragments.open || unpack->fragments.type != type) {
        unpack->cut = true; /* its begin is missing */
        return VG_OK;
    }
    const enum vg_status status = vg_rtp_assembly_add(&unpack->assembly, bytes + head, size - head);
    if (status == VG_OK && last)
        close_fragments(unpack);
    return status;
}

static enum vg_status add(struct vg_rtp_unpack *unpack, const struct vg_rtp_packet *packet)
{
    const uint8_t *bytes = packet->payload;
    const size_t size = packet->payload_bytes;
    const uint32_t type = bytes[0] & 31;
    if (type == FU_A || type == FU_B)
        return add_fragment(unpack, bytes, size);
    close_fragments(unpack);
    if (type == STAP_A)
        return add_aggregate(unpack, bytes + 1, size - 1);
    if (type == STAP_B)
        return size < 1 + DON_BYTES
                   ? VG_E_INPUT
                   : add_aggregate(unpack, bytes + 1 + DON_BYTES, size - 1 - DON_BYTES);
    return add_whole(unpack, bytes, size);
}

/* A decoder makes something of the begin of a slice, but a parameter set that is cut short would
 * spoil all that follow. */
static void lose(struct vg_rtp_unpack *unpack)
{
    if (!unpack->fragments.open)
        return;
    if (has_picture(unpack->fragments.type))
        close_fragments(unpack);
    else
        vg_rtp_assembly_cut(&unpack->assembly, unpack->fragments.begin);
    unpack->fragments.open = false;
}

static enum vg_status finish(struct vg_rtp_unpack *unpack)
{
    close_fragments(unpack);
    if (unpack->sets_in_band == (SET_SPS | SET_PPS))
        vg_rtp_sets_keep(unpack);
    if (!unpack->decodable)
        return VG_OK;
    if (unpack->idr)
        unpack->units_without_idr = 0;
    else if (unpack->units_without_idr < VG_RTP_UNITS_WITHOUT_IDR)
        unpack->units_without_idr++;
    unpack->key =
        unpack->idr || (unpack->recovery && unpack->units_without_idr == VG_RTP_UNITS_WITHOUT_IDR);
    return VG_OK;
}

const struct vg_rtp_unpacker vg_rtp_unpack_h264 = {
    .codec = VG_RTP_H264,
    .slices = true,
    .sets_whole = SET_SPS | SET_PPS,
    .add = add,
    .lose = lose,
    .finish = finish,
};
