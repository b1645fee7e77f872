/* H.265 (RFC 7798): single NAL units, aggregates (AP), fragments (FU), each with or without
 * decoding order numbers, which are passed over; PACI is refused. */
#include <stddef.h>

#include "src/media/rtp_unpack.h"

enum {
    NAL_PICTURE_LAST = 31,
    NAL_IRAP_FIRST = 16,
    NAL_IRAP_LAST = 21,
    NAL_VPS = 32,
    NAL_SPS = 33,
    NAL_PPS = 34,
    NAL_SINGLE_LAST = 47,
    AGGREGATE = 48,
    FRAGMENT = 49,
    HEAD_BYTES = 2,
    FU_HEAD_BYTES = 3, /* with the NAL unit's */
    SETS_WHOLE = 7     /* VPS 1, SPS 2, PPS 4 */
};

static void note(struct vg_rtp_unpack *unpack, uint32_t type, size_t begin)
{
    const size_t size = vg_rtp_assembly_bytes(&unpack->assembly) - begin;
    if (type <= NAL_PICTURE_LAST)
        unpack->decodable = true;
    if (type >= NAL_IRAP_FIRST && type <= NAL_IRAP_LAST)
        unpack->idr = true;
    if (type >= NAL_VPS && type <= NAL_PPS)
        vg_rtp_set_note(unpack, begin, size, UINT32_C(1) << (type - NAL_VPS));
}

static void close_fragments(struct vg_rtp_unpack *unpack)
{
    if (unpack->fragments.open)
        note(unpack, unpack->fragments.type, unpack->fragments.begin);
    unpack->fragments.open = false;
}

static uint32_t type_of(const uint8_t *head)
{
    return head[0] >> 1 & 63;
}

static enum vg_status add_whole(struct vg_rtp_unpack *unpack, const uint8_t *bytes, size_t size)
{
    const size_t begin = vg_rtp_assembly_bytes(&unpack->assembly);
    if (size == 0)
        return VG_OK;
    if (size < HEAD_BYTES || type_of(bytes) > NAL_SINGLE_LAST)
        return VG_E_INPUT;
    const enum vg_status status = vg_rtp_nal_add(unpack, bytes, size);
    if (status == VG_OK)
        note(unpack, type_of(bytes), begin);
    return status;
}

/* DON in full before the first piece (DONL), a difference of one byte before each other (DOND). */
static enum vg_status pass_number(struct vg_rtp_aggregate *aggregate, size_t bytes)
{
    const size_t left = (size_t)(aggregate->end - aggregate->at);
    if (left == 0)
        return VG_OK;
    if (left < bytes)
        return VG_E_INPUT;
    aggregate->at += bytes;
    return VG_OK;
}

static enum vg_status add_aggregate(struct vg_rtp_unpack *unpack, const uint8_t *bytes, size_t size)
{
    struct vg_rtp_aggregate aggregate = {bytes, bytes + size};
    const bool numbered = unpack->video.don_diff_max > 0;
    const uint8_t *nal = NULL;
    size_t nal_bytes = 0;
    enum vg_status status = numbered ? pass_number(&aggregate, 2) : VG_OK;
    while (status == VG_OK) {
        status = vg_rtp_aggregate_next(&aggregate, &nal, &nal_bytes);
        if (status == VG_OK)
            status = add_whole(unpack, nal, nal_bytes);
        if (status == VG_OK && numbered)
            status = pass_number(&aggregate, 1);
    }
    return status == VG_E_END ? VG_OK : status;
}

/* bytes: the head of the payload, the FU header, in the first one the DON, then the fragment. */
static enum vg_status add_fragment(struct vg_rtp_unpack *unpack, const uint8_t *bytes, size_t size)
{
    if (size < FU_HEAD_BYTES)
        return VG_E_INPUT;
    const uint32_t type = bytes[2] & 63;
    const bool first = (bytes[2] & 0x80) != 0, last = (bytes[2] & 0x40) != 0;
    const size_t number = first && unpack->video.don_diff_max > 0 ? 2 : 0;
    if (type > NAL_SINGLE_LAST || size < FU_HEAD_BYTES + number)
        return VG_E_INPUT;
    if (first) {
        const uint8_t head[HEAD_BYTES] = {(uint8_t)((bytes[0] & 0x81) | type << 1), bytes[1]};
        close_fragments(unpack); /* its last one had no mark, but nothing is missing */
        const size_t begin = vg_rtp_assembly_bytes(&unpack->assembly);
        const enum vg_status status = vg_rtp_nal_add(unpack, head, sizeof head);
        if (status)
            return status;
        unpack->fragments = (struct vg_rtp_fragments){true, type, begin};
    }
    if (!unpack->fragments.open || unpack->fragments.type != type) {
        unpack->cut = true; /* its begin is missing */
        return VG_OK;
    }
    const size_t before = FU_HEAD_BYTES + number;
    const enum vg_status status =
        vg_rtp_assembly_add(&unpack->assembly, bytes + before, size - before);
    if (status == VG_OK && last)
        close_fragments(unpack);
    return status;
}

static enum vg_status add_single(struct vg_rtp_unpack *unpack, const uint8_t *bytes, size_t size)
{
    if (unpack->video.don_diff_max == 0)
        return add_whole(unpack, bytes, size);
    /* the number stands between the head and the rest */
    const size_t begin = vg_rtp_assembly_bytes(&unpack->assembly);
    if (size < HEAD_BYTES + 2 || type_of(bytes) > NAL_SINGLE_LAST)
        return VG_E_INPUT;
    enum vg_status status = vg_rtp_nal_add(unpack, bytes, HEAD_BYTES);
    if (status == VG_OK)
        status =
            vg_rtp_assembly_add(&unpack->assembly, bytes + HEAD_BYTES + 2, size - HEAD_BYTES - 2);
    if (status == VG_OK)
        note(unpack, type_of(bytes), begin);
    return status;
}

static enum vg_status add(struct vg_rtp_unpack *unpack, const struct vg_rtp_packet *packet)
{
    const uint8_t *bytes = packet->payload;
    const size_t size = packet->payload_bytes;
    if (size < HEAD_BYTES)
        return VG_E_INPUT;
    if (type_of(bytes) == FRAGMENT)
        return add_fragment(unpack, bytes, size);
    close_fragments(unpack);
    if (type_of(bytes) == AGGREGATE)
        return add_aggregate(unpack, bytes + HEAD_BYTES, size - HEAD_BYTES);
    return add_single(unpack, bytes, size);
}

/* As in H.264: the begin of a slice is of use, the begin of a parameter set is not. */
static void lose(struct vg_rtp_unpack *unpack)
{
    if (!unpack->fragments.open)
        return;
    if (unpack->fragments.type <= NAL_PICTURE_LAST)
        close_fragments(unpack);
    else
        vg_rtp_assembly_cut(&unpack->assembly, unpack->fragments.begin);
    unpack->fragments.open = false;
}

static enum vg_status finish(struct vg_rtp_unpack *unpack)
{
    close_fragments(unpack);
    if (unpack->sets_in_band == SETS_WHOLE)
        vg_rtp_sets_keep(unpack);
    unpack->key = unpack->idr;
    return VG_OK;
}

const struct vg_rtp_unpacker vg_rtp_unpack_h265 = {
    .codec = VG_RTP_H265,
    .slices = true,
    .sets_whole = SETS_WHOLE,
    .add = add,
    .lose = lose,
    .finish = finish,
};
