/* Which pictures a loss of packets has spoilt: from the packet that was damaged to the next key
 * frame. Decoders hide such losses and say nothing. Told by the number of a picture's packet, since
 * pictures leave the decoder late and in another order, and packets that were read together have
 * one arrival. Pure. */
#ifndef VG_MEDIA_LOSS_DOUBT_H
#define VG_MEDIA_LOSS_DOUBT_H

#include <stdbool.h>
#include <stdint.h>

/* A stream that heals by moving intra blocks has no key frames: believed again after so many. */
#define VG_LOSS_DOUBT_PACKETS 250u

/* All zero: no doubt. */
struct vg_loss_doubt {
    /* [from, to) of the loss under way or the last one, and of the one before: its pictures may
     * still be in the decoder */
    struct {
        int64_t from, to;
    } span[2];
    uint32_t packets; /* since the last damage */
};

enum vg_loss {
    VG_LOSS_NONE,
    VG_LOSS_KEY,    /* whole, and a key frame */
    VG_LOSS_DAMAGED /* a key frame or not */
};

/* The next packet. Numbers grow. */
void vg_loss_doubt_packet(struct vg_loss_doubt *doubt, int64_t number, enum vg_loss loss);

/* Whether the picture of this packet, given already, is spoilt. */
bool vg_loss_doubt_has(const struct vg_loss_doubt *doubt, int64_t number);

#endif
