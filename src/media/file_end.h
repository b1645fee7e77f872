/* Whether the bytes of a recorded clip end too soon, by the sizes that its container declares:
 * boxes of MP4 and MOV, elements of Matroska and WebM, chunks of AVI, tags of FLV, packets of
 * MPEG-TS. */
#ifndef VG_MEDIA_FILE_END_H
#define VG_MEDIA_FILE_END_H

#include <stdbool.h>

#include "src/base/attr.h"

/* True: it declares bytes that are not there, so it was cut. False: all is there, or nothing can
 * be known (another container, sizes left open by a recorder that could not seek, no such file).
 * Reads heads only. Any thread. */
bool vg_file_is_cut(const char *path) VG_MUST_USE;

#endif
