/* ITU-T H.264 and H.265: 7.3.1 (NAL units), 7.3.3 (profile_tier_level), annex B; ISO/IEC 14496-2
 * 6.2 (start codes); ISO/IEC 14496-15 (avcC, hvcC), annex E (names). */
#include "src/media/codec_sets.h"

#include <libavcodec/avcodec.h>
#include <stdio.h>
#include <string.h>

#include "src/base/text_buffer.h"

enum {
    H264_SPS = 7,
    H264_PPS = 8,
    H264_DELIMITER = 9,
    H265_VPS = 32,
    H265_SPS = 33,
    H265_PPS = 34,
    H265_DELIMITER = 35,
    MPEG4_GROUP = 0xB3, /* what begins after the head of a stream */
    MPEG4_PICTURE = 0xB6,
    PTL_BYTES = 12 /* general part of profile_tier_level */
};

/* The offset of the next 00 00 01 from `at`, or size. */
static size_t start_code(const uint8_t *data, size_t size, size_t at)
{
    while (size - at >= 3) {
        if (data[at + 2] > 1)
            at += 3;
        else if (data[at] == 0 && data[at + 1] == 0 && data[at + 2] == 1)
            return at;
        else
            at++;
    }
    return size;
}

bool vg_nal_next(const uint8_t *data, size_t size, size_t *at, struct vg_nal *nal)
{
    size_t from = start_code(data, size, *at);
    while (from < size) {
        from += 3;
        const size_t end = start_code(data, size, from);
        size_t last = end;
        while (last > from && data[last - 1] == 0)
            last--;
        *at = end;
        if (last > from) {
            *nal = (struct vg_nal){data + from, last - from};
            return true;
        }
        from = end;
    }
    *at = size;
    return false;
}

static bool starts_annexb(const uint8_t *data, size_t size)
{
    return (size >= 3 && memcmp(data, "\0\0\1", 3) == 0) ||
           (size >= 4 && memcmp(data, "\0\0\0\1", 4) == 0);
}

bool vg_sets_annexb(int codec, const uint8_t *sets, size_t size)
{
    return (codec == AV_CODEC_ID_H264 || codec == AV_CODEC_ID_HEVC) &&
           (size == 0 || starts_annexb(sets, size));
}

bool vg_sets_needed(int codec)
{
    return codec == AV_CODEC_ID_H264 || codec == AV_CODEC_ID_HEVC || codec == AV_CODEC_ID_MPEG4;
}

static int nal_type(int codec, const struct vg_nal *nal)
{
    return codec == AV_CODEC_ID_H264 ? nal->data[0] & 31 : nal->data[0] >> 1 & 63;
}

static bool is_picture(int codec, int type)
{
    return codec == AV_CODEC_ID_H264 ? type >= 1 && type <= 5 : type < 32;
}

enum {
    HAS_VPS = 1,
    HAS_SPS = 2,
    HAS_PPS = 4
};

static unsigned set_bit(int codec, int type)
{
    if (codec == AV_CODEC_ID_H264)
        return type == H264_SPS ? HAS_SPS : type == H264_PPS ? HAS_PPS : 0;
    switch (type) {
    case H265_VPS:
        return HAS_VPS;
    case H265_SPS:
        return HAS_SPS;
    case H265_PPS:
        return HAS_PPS;
    default:
        return 0;
    }
}

static size_t find_nal_sets(int codec, const uint8_t *packet, size_t size, uint8_t *sets,
                            size_t room)
{
    const unsigned all =
        codec == AV_CODEC_ID_H264 ? HAS_SPS | HAS_PPS : HAS_VPS | HAS_SPS | HAS_PPS;
    struct vg_nal nal;
    unsigned seen = 0;
    size_t at = 0, used = 0;
    while (vg_nal_next(packet, size, &at, &nal)) {
        const int type = nal_type(codec, &nal);
        const unsigned bit = set_bit(codec, type);
        if (is_picture(codec, type))
            break;
        if (!bit)
            continue;
        if (nal.size > room - used || room - used - nal.size < 4)
            return 0;
        memcpy(sets + used, "\0\0\0\1", 4);
        memcpy(sets + used + 4, nal.data, nal.size);
        used += 4 + nal.size;
        seen |= bit;
    }
    return seen == all ? used : 0;
}

/* All that stands before the first picture or group of pictures. */
static size_t find_mpeg4_head(const uint8_t *packet, size_t size, uint8_t *sets, size_t room)
{
    size_t at = start_code(packet, size, 0);
    bool layer = false;
    while (at < size && size - at > 3) {
        const uint8_t code = packet[at + 3];
        if (code == MPEG4_PICTURE || code == MPEG4_GROUP)
            break;
        layer |= code >= 0x20 && code <= 0x2F; /* video object layer */
        at = start_code(packet, size, at + 3);
    }
    if (!layer || at > room || at == size)
        return 0;
    memcpy(sets, packet, at);
    return at;
}

size_t vg_sets_find(int codec, const uint8_t *packet, size_t size, uint8_t *sets, size_t room)
{
    if (codec == AV_CODEC_ID_MPEG4)
        return find_mpeg4_head(packet, size, sets, room);
    if (codec == AV_CODEC_ID_H264 || codec == AV_CODEC_ID_HEVC)
        return find_nal_sets(codec, packet, size, sets, room);
    return 0;
}

/* ---- names ---------------------------------------------------------------------------------- */

static bool find_sps(int codec, const uint8_t *sets, size_t size, struct vg_nal *nal)
{
    size_t at = 0;
    while (vg_nal_next(sets, size, &at, nal))
        if (set_bit(codec, nal_type(codec, nal)) == HAS_SPS)
            return true;
    return false;
}

static enum vg_status name_h264(const uint8_t *sets, size_t size, char *text)
{
    struct vg_nal sps = {.data = sets, .size = size}; /* avcC: the same three bytes at 1 */
    if (starts_annexb(sets, size) && !find_sps(AV_CODEC_ID_H264, sets, size, &sps))
        return VG_E_INPUT;
    if (sps.size < 4)
        return VG_E_INPUT;
    (void)snprintf(text, VG_CODEC_STRING_BYTES, "avc1.%02X%02X%02X", sps.data[1], sps.data[2],
                   sps.data[3]);
    return VG_OK;
}

/* Copies bytes without the 03 of 00 00 03 (7.4.2); returns how many. */
static size_t unescape(const uint8_t *data, size_t size, uint8_t *plain, size_t room)
{
    size_t used = 0;
    unsigned zeros = 0;
    for (size_t i = 0; i < size && used < room; i++) {
        if (zeros >= 2 && data[i] == 3) {
            zeros = 0;
            continue;
        }
        zeros = data[i] == 0 ? zeros + 1 : 0;
        plain[used++] = data[i];
    }
    return used;
}

static uint32_t reversed(uint32_t bits)
{
    uint32_t back = 0;
    for (unsigned i = 0; i < 32; i++)
        back |= (bits >> i & 1u) << (31 - i);
    return back;
}

/* ptl: space 2 bits, tier 1, profile 5; 32 flags; 6 bytes of constraints; level. */
static void name_of_ptl(const uint8_t ptl[PTL_BYTES], char *text)
{
    static const char *const spaces[4] = {"", "A", "B", "C"};
    const uint32_t flags =
        (uint32_t)ptl[1] << 24 | (uint32_t)ptl[2] << 16 | (uint32_t)ptl[3] << 8 | ptl[4];
    size_t constraints = 6;
    while (constraints > 0 && ptl[4 + constraints] == 0)
        constraints--;
    struct vg_text_buffer name;
    vg_text_buffer_init(&name, text, VG_CODEC_STRING_BYTES);
    vg_text_add(&name, "hvc1.%s%u.%X.%c%u", spaces[ptl[0] >> 6], ptl[0] & 31u,
                (unsigned)reversed(flags), ptl[0] & 32 ? 'H' : 'L', (unsigned)ptl[11]);
    for (size_t i = 0; i < constraints; i++)
        vg_text_add(&name, ".%X", (unsigned)ptl[5 + i]);
}

static enum vg_status name_h265(const uint8_t *sets, size_t size, char *text)
{
    struct vg_nal sps;
    uint8_t plain[3 + PTL_BYTES];
    if (!starts_annexb(sets, size)) { /* hvcC: version, then the same bytes */
        if (size < 1 + PTL_BYTES)
            return VG_E_INPUT;
        name_of_ptl(sets + 1, text);
        return VG_OK;
    }
    if (!find_sps(AV_CODEC_ID_HEVC, sets, size, &sps) ||
        unescape(sps.data, sps.size, plain, sizeof plain) < sizeof plain)
        return VG_E_INPUT;
    name_of_ptl(plain + 3, text); /* behind the head of the NAL and one byte of counts */
    return VG_OK;
}

enum vg_status vg_codec_string(int codec, const uint8_t *sets, size_t size,
                               char text[VG_CODEC_STRING_BYTES])
{
    text[0] = '\0';
    if (codec == AV_CODEC_ID_H264)
        return name_h264(sets, size, text);
    if (codec == AV_CODEC_ID_HEVC)
        return name_h265(sets, size, text);
    return VG_E_INPUT;
}

/* ---- samples -------------------------------------------------------------------------------- */

static bool left_out(int codec, int type)
{
    return set_bit(codec, type) != 0 ||
           type == (codec == AV_CODEC_ID_H264 ? H264_DELIMITER : H265_DELIMITER);
}

size_t vg_sample_make(int codec, const uint8_t *packet, size_t size, uint8_t *sample, size_t room)
{
    struct vg_nal nal;
    size_t at = 0, used = 0;
    while (vg_nal_next(packet, size, &at, &nal)) {
        if (left_out(codec, nal_type(codec, &nal)))
            continue;
        if (sample) {
            if (nal.size > room - used || room - used - nal.size < 4)
                return used;
            for (unsigned i = 0; i < 4; i++)
                sample[used + i] = (uint8_t)(nal.size >> (24 - 8 * i));
            memcpy(sample + used + 4, nal.data, nal.size);
        }
        used += 4 + nal.size;
    }
    return used;
}
