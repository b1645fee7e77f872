/* CRC-32C (Castagnoli; RFC 3720, appendix B.4), reflected, start and end inverted: guards what
 * the spool writes. Pure, any thread. */
#ifndef VG_BASE_CRC32C_H
#define VG_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Of size bytes, going on from `crc`: 0 at first, then what the call before returned. */
uint32_t vg_crc32c(uint32_t crc, const void *data, size_t size);

#endif
