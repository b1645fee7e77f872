/* What stands beside the pictures of a compressed stream: parameter sets (H.264 SPS and PPS, H.265
 * VPS besides, the head of an MPEG-4 stream), and what a browser wants to know of them.
 *
 * Pure functions of bytes that came from a camera: nothing is trusted, nothing kept. Codecs are
 * numbers of libavcodec's enum AVCodecID. */
#ifndef VG_MEDIA_CODEC_SETS_H
#define VG_MEDIA_CODEC_SETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"

#define VG_SETS_BYTES_MAX     4096
#define VG_CODEC_STRING_BYTES 64

/* One NAL unit of a stream in Annex B form: after the start code, without zeros behind it. */
struct vg_nal {
    const uint8_t *data; /* borrowed */
    size_t size;         /* at least 1 */
};

/* The NAL unit at or behind *at, which then stands behind it; false: there is none. */
bool vg_nal_next(const uint8_t *data, size_t size, size_t *at, struct vg_nal *nal);

/* Whether a stream with these sets (libavcodec's "extradata") comes in Annex B form: with start
 * codes, sets perhaps in band. Without sets H.264 and H.265 do. */
bool vg_sets_annexb(int codec, const uint8_t *sets, size_t size);

/* Whether a codec cannot be put in a file without sets. */
bool vg_sets_needed(int codec);

/* The sets at the head of a key picture, Annex B (MPEG-4: as they stand there), into sets. Returns
 * their bytes; 0: none, not all that a decoder needs, or more than room. */
size_t vg_sets_find(int codec, const uint8_t *packet, size_t size, uint8_t *sets, size_t room);

/* The name of RFC 6381 for Media Source Extensions: "avc1.4D401F", "hvc1.1.6.L93.B0". sets: Annex B
 * or avcC, hvcC. VG_E_INPUT: no browser has a name for this codec, or the sets do not tell. */
enum vg_status vg_codec_string(int codec, const uint8_t *sets, size_t size,
                               char text[VG_CODEC_STRING_BYTES]) VG_MUST_USE;

/* One picture in Annex B form as a sample of MP4: each NAL unit behind its length (4 bytes, big
 * endian), without parameter sets and delimiters, which stand in the file's head. Returns its bytes;
 * sample NULL: only counts. room: at least as many (vg_sample_make(..., NULL, 0) says). */
size_t vg_sample_make(int codec, const uint8_t *packet, size_t size, uint8_t *sample, size_t room);

#endif
