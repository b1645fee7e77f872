/* The bytes of one access unit, put together packet by packet into the buffer in which it is given
 * out: one copy, one buffer a unit.
 *
 *   | head: free, for parameter sets | unit ... | padding |
 *
 * Its first size is that of the units before it, so that it seldom grows, and the end of the
 * buffer goes back to the heap when the unit is whole. It lives until the unit is decoded; what is kept
 * for evidence is copied out of it (packet_ring.h). */
#ifndef VG_MEDIA_RTP_ASSEMBLY_H
#define VG_MEDIA_RTP_ASSEMBLY_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"

struct AVBufferRef;

struct vg_rtp_assembly {
    struct AVBufferRef *buffer; /* NULL: nothing yet */
    size_t head, size;          /* size: head and unit */
    size_t usual;               /* bytes to begin with */
};

/* Zeroed is empty. Forgets what is there; head: 0 to VG_SDP_PARAMETERS_MAX. */
void vg_rtp_assembly_begin(struct vg_rtp_assembly *assembly, size_t head);
void vg_rtp_assembly_release(struct vg_rtp_assembly *assembly);

/* bytes: borrowed. VG_E_FULL: above VG_RTP_UNIT_BYTES_MAX; VG_E_MEMORY. Nothing is added then. */
enum vg_status vg_rtp_assembly_add(struct vg_rtp_assembly *assembly, const uint8_t *bytes,
                                   size_t size) VG_MUST_USE;

/* The unit so far: its size, and its bytes, borrowed until the next add. */
size_t vg_rtp_assembly_bytes(const struct vg_rtp_assembly *assembly);
const uint8_t *vg_rtp_assembly_at(const struct vg_rtp_assembly *assembly);

/* Keeps the first `size` bytes of the unit. */
void vg_rtp_assembly_cut(struct vg_rtp_assembly *assembly, size_t size);

struct vg_rtp_assembled {
    struct AVBufferRef *buffer; /* given */
    uint8_t *data;              /* within it, `size` bytes and AV_INPUT_BUFFER_PADDING_SIZE zeros */
    size_t size;
};

/* Gives the unit with `parameters` before it, at most head bytes, and is empty then; there is a
 * unit. usual: whether the next ones are of such a size. VG_E_MEMORY. */
enum vg_rtp_size {
    VG_RTP_SIZE_USUAL,
    VG_RTP_SIZE_RARE
};
enum vg_status vg_rtp_assembly_finish(struct vg_rtp_assembly *assembly, const uint8_t *parameters,
                                      size_t parameter_bytes, enum vg_rtp_size usual,
                                      struct vg_rtp_assembled *assembled) VG_MUST_USE;

#endif
