#include "src/media/ts_align.h"

#include <string.h>

#define PACKET ((size_t)VG_TS_PACKET_BYTES)
#define PROOF  (2 * PACKET) /* from the first to the last of three sync bytes */

static void drop(struct vg_ts_align *align, size_t bytes)
{
    if (bytes == 0)
        return;
    align->held -= bytes;
    memmove(align->bytes, align->bytes + bytes, align->held);
}

static bool is_sync(const struct vg_ts_align *align, size_t at)
{
    return align->bytes[at] == VG_TS_SYNC;
}

/* Drops what is before the first packet; of what may yet be one the begin stays. */
static void find(struct vg_ts_align *align)
{
    size_t at = 0;
    while (at + PROOF < align->held &&
           !(is_sync(align, at) && is_sync(align, at + PACKET) && is_sync(align, at + PROOF)))
        at++;
    align->found = at + PROOF < align->held;
    drop(align, at);
}

/* Bytes of whole packets from the begin, as far as they are sound. */
static size_t count_sound(struct vg_ts_align *align)
{
    size_t at = 0;
    while (at + PACKET <= align->held && is_sync(align, at))
        at += PACKET;
    align->found = at == align->held || is_sync(align, at);
    return align->found || at == 0 ? at : at - PACKET;
}

size_t vg_ts_align_take(struct vg_ts_align *align, const uint8_t **data, size_t *size,
                        const uint8_t **packets)
{
    drop(align, align->given);
    align->given = 0;
    const size_t room = VG_TS_ALIGN_BYTES - align->held;
    const size_t taken = *size < room ? *size : room;
    if (taken)
        memcpy(align->bytes + align->held, *data, taken);
    align->held += taken;
    *data += taken;
    *size -= taken;
    do { /* ends: each round drops one byte at least */
        if (!align->found)
            find(align);
        if (align->found)
            align->given = count_sound(align);
    } while (align->given == 0 && !align->found && align->held > PROOF);
    *packets = align->bytes;
    return align->given;
}
