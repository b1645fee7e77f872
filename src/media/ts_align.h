/* Whole packets of a transport stream out of bytes that are cut anywhere: datagrams of 1400 bytes, or
 * of one. The begin of a packet is found by its sync byte and that of the two behind it, and lost
 * where one is not as it should be; the packet before that one is then given up as well, for it is
 * the begin of one and the end of another: bytes between them did not come. Pure. */
#ifndef VG_MEDIA_TS_ALIGN_H
#define VG_MEDIA_TS_ALIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/media/ts_packets.h"

#define VG_TS_ALIGN_BYTES ((size_t)16 * VG_TS_PACKET_BYTES)

/* Zeroed to begin. */
struct vg_ts_align {
    bool found;   /* a packet begins where what is held begins, behind those given */
    size_t held;  /* of bytes */
    size_t given; /* of them, from the begin: by the last call */
    uint8_t bytes[VG_TS_ALIGN_BYTES];
};

/* Takes of *data as much as there is room for, moves *data and *size on, and gives whole packets:
 * their bytes, a multiple of VG_TS_PACKET_BYTES, borrowed in *packets until the next call. To be
 * called until it gives 0 and *size is 0. */
size_t vg_ts_align_take(struct vg_ts_align *align, const uint8_t **data, size_t *size,
                        const uint8_t **packets);

#endif
