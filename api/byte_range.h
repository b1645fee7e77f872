/* The header Range of a GET (RFC 9110, 14.2). Pure. */
#ifndef VG_API_BYTE_RANGE_H
#define VG_API_BYTE_RANGE_H

#include <stdint.h>

enum vg_range_kind {
    VG_RANGE_WHOLE,  /* none given, several, another unit, not well-formed: all of it, 200 */
    VG_RANGE_PART,   /* 206 */
    VG_RANGE_OUTSIDE /* 416 */
};

struct vg_byte_range {
    uint64_t first, size;
};

/* What is to be sent of `size` bytes. text: of the header, "" if absent. *range is set for
 * VG_RANGE_PART alone. */
enum vg_range_kind vg_byte_range_read(const char *text, uint64_t size, struct vg_byte_range *range);

#endif
