/* How compressed packets are to be understood: codec, size, parameter sets, tick of the stamps. */
#ifndef VG_MEDIA_PACKET_FORMAT_H
#define VG_MEDIA_PACKET_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"
#include "src/media/codec_sets.h"

struct AVCodecParameters; /* libavcodec's */
struct AVPacket;

struct vg_packet_format {
    int codec;                  /* enum AVCodecID */
    int32_t tick_num, tick_den; /* seconds of a tick */
    uint32_t width, height;     /* 0: not known */
    uint32_t sets_size;
    uint8_t sets[VG_SETS_BYTES_MAX]; /* libavcodec's "extradata" */
};

/* Puts it into parameters that are empty. VG_E_MEMORY. */
enum vg_status vg_packet_format_parameters(const struct vg_packet_format *format,
                                           struct AVCodecParameters *parameters) VG_MUST_USE;

/* Makes sure that there is what a file or a browser needs: the size, which is found by decoding a
 * key of `size` bytes at `data` (borrowed, libavcodec's padding behind) where it is not known, and
 * the sets. VG_E_MISSING: they are not there and cannot be found; VG_E_MEMORY. */
enum vg_status vg_packet_format_complete(struct vg_packet_format *format, const uint8_t *data,
                                         size_t size) VG_MUST_USE;

#endif
