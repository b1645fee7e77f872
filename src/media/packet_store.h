/* Bytes of packets, back to back in blocks of their own:
 *
 *   | head | packet padding | packet padding | ...      untouched |      BLOCK
 *   | head | packet padding |                                            one that is larger
 *
 * A block comes from the system and goes back to it as soon as the last of its packets is let go,
 * and what no packet has touched of it costs nothing. Kept in the heap instead, packets that live
 * for seconds stand between buffers that live for a picture: what is free there is kept as well,
 * some 1 MB for each flux. One writer; buffers are let go by any thread. */
#ifndef VG_MEDIA_PACKET_STORE_H
#define VG_MEDIA_PACKET_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"

#define VG_PACKET_STORE_BLOCK ((size_t)64 << 10)

struct AVBufferRef; /* libavutil's */

/* Zeroed is empty. */
struct vg_packet_store {
    struct AVBufferRef *block; /* being filled, or NULL */
    size_t used;               /* of it */
};

/* Lets go of the block that is being filled; buffers that were given stay. */
void vg_packet_store_release(struct vg_packet_store *store);

struct vg_stored_packet {
    struct AVBufferRef *buffer; /* given; of the whole block */
    const uint8_t *data;        /* in it, `size` bytes and libavcodec's padding */
};

/* A copy of `size` bytes, at least 1. VG_E_MEMORY. */
enum vg_status vg_packet_store_put(struct vg_packet_store *store, const uint8_t *bytes, size_t size,
                                   struct vg_stored_packet *stored) VG_MUST_USE;

#endif
