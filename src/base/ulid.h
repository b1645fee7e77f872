/* Identifiers that sort by time: 48 bits of milliseconds, 80 bits besides, in Crockford's
 * base 32 (github.com/ulid/spec). */
#ifndef VG_BASE_ULID_H
#define VG_BASE_ULID_H

#include <stdint.h>

#define VG_ULID_TEXT 27 /* 26 characters and the end */

/* Pure: the text of this time (milliseconds since 1970) and these 10 bytes. */
void vg_ulid_format(uint64_t time_ms, const uint8_t random[10], char text[VG_ULID_TEXT]);

/* A new one, of the system's clock and random source. Later ones of this process sort later. */
struct vg_ulid_source {
    uint64_t time_ms;
    uint8_t random[10];
};
void vg_ulid_make(struct vg_ulid_source *source, char text[VG_ULID_TEXT]);

#endif
