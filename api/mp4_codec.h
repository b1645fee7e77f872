/* The codec of an MP4 file's first video track: the four letters of its sample entry
 * (ISO/IEC 14496-12, 8.5.2). Pure. */
#ifndef VG_API_MP4_CODEC_H
#define VG_API_MP4_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"

/* bytes: the beginning of a file whose head stands before its pictures, as much as there is.
 * name: "avc1". VG_E_INPUT: there is none, or not within these bytes. */
enum vg_status vg_mp4_codec(const uint8_t *bytes, size_t size, char name[5]) VG_MUST_USE;

#endif
