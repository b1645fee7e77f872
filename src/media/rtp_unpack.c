#include "src/media/rtp_unpack.h"

#include <string.h>

#define START_CODE_BYTES 4

const struct vg_rtp_unpacker *vg_rtp_unpacker_of(enum vg_rtp_codec codec)
{
    static const struct vg_rtp_unpacker *const unpackers[] = {
        &vg_rtp_unpack_h265, &vg_rtp_unpack_mpeg4, &vg_rtp_unpack_mjpeg};
    for (size_t i = 0; i < sizeof unpackers / sizeof *unpackers; i++)
        if (unpackers[i]->codec == codec)
            return unpackers[i];
    return &vg_rtp_unpack_h264;
}

void vg_rtp_unpack_begin(struct vg_rtp_unpack *unpack)
{
    vg_rtp_assembly_begin(&unpack->assembly, unpack->video.parameter_bytes);
    unpack->decodable = unpack->key = unpack->cut = false;
    unpack->idr = unpack->recovery = false;
    unpack->sets_in_band = 0;
    unpack->set_count = 0;
    unpack->fragments.open = false;
    unpack->jpeg.begun = unpack->jpeg.broken = false;
    unpack->jpeg.scan_bytes = 0;
}

enum vg_status vg_rtp_nal_add(struct vg_rtp_unpack *unpack, const uint8_t *bytes, size_t size)
{
    static const uint8_t code[START_CODE_BYTES] = {0, 0, 0, 1};
    const size_t before = vg_rtp_assembly_bytes(&unpack->assembly);
    enum vg_status status = vg_rtp_assembly_add(&unpack->assembly, code, sizeof code);
    if (status == VG_OK)
        status = vg_rtp_assembly_add(&unpack->assembly, bytes, size);
    if (status)
        vg_rtp_assembly_cut(&unpack->assembly, before);
    return status;
}

void vg_rtp_set_note(struct vg_rtp_unpack *unpack, size_t begin, size_t size, uint32_t bit)
{
    unpack->sets_in_band |= bit;
    if (unpack->set_count == VG_RTP_SETS_MAX)
        return;
    unpack->sets[unpack->set_count].begin = begin;
    unpack->sets[unpack->set_count].size = size;
    unpack->set_count++;
}

void vg_rtp_sets_keep(struct vg_rtp_unpack *unpack)
{
    size_t all = 0;
    for (size_t i = 0; i < unpack->set_count; i++)
        all += unpack->sets[i].size;
    if (all > VG_SDP_PARAMETERS_MAX)
        return;
    const uint8_t *unit = vg_rtp_assembly_at(&unpack->assembly);
    unpack->video.parameter_bytes = 0;
    for (size_t i = 0; i < unpack->set_count; i++) {
        memcpy(unpack->video.parameters + unpack->video.parameter_bytes,
               unit + unpack->sets[i].begin, unpack->sets[i].size);
        unpack->video.parameter_bytes += (uint32_t)unpack->sets[i].size;
    }
}

enum vg_status vg_rtp_aggregate_next(struct vg_rtp_aggregate *aggregate, const uint8_t **bytes,
                                     size_t *size)
{
    const size_t left = (size_t)(aggregate->end - aggregate->at);
    if (left == 0)
        return VG_E_END;
    if (left < 2 || vg_rtp_u16(aggregate->at) > left - 2)
        return VG_E_INPUT;
    *size = vg_rtp_u16(aggregate->at);
    *bytes = aggregate->at + 2;
    aggregate->at += 2 + *size;
    return VG_OK;
}
