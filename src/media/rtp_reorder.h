/* RTP packets in the order of their sequence numbers: doubles and late ones go, gaps are waited for
 * (by UDP) and then told as lost, another sender or a jump of the sequence begins anew.
 *
 *   put one, then next until it gives nothing; next alone when the time that is due has come
 *
 * A packet that is next in turn is handed through without a copy; one that must wait is copied
 * into memory made once (256 packets of 1536 bytes, or fewer larger ones; none by TCP). Arithmetic
 * of RFC 3550 A.1. No clock; one thread. */
#ifndef VG_MEDIA_RTP_REORDER_H
#define VG_MEDIA_RTP_REORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/status.h"
#include "src/media/rtp_packet.h"
#include "src/media/rtp_stream.h"

#define VG_RTP_REORDER_PACKETS 256
#define VG_RTP_DROPOUT_MAX     3000 /* a gap of that many packets is a jump */
#define VG_RTP_HOLD_US_MAX     (10 * VG_US_PER_S)

struct vg_rtp_reorder;

/* hold_us: how long a gap is waited for, 0 to VG_RTP_HOLD_US_MAX (cut to it). VG_E_MEMORY. */
enum vg_status vg_rtp_reorder_open(struct vg_rtp_reorder **reorder, enum vg_rtp_order order,
                                   int64_t hold_us) VG_MUST_USE;
void vg_rtp_reorder_close(struct vg_rtp_reorder **reorder);

/* packet: its payload is borrowed until vg_rtp_reorder_next gives nothing. */
void vg_rtp_reorder_put(struct vg_rtp_reorder *reorder, const struct vg_rtp_packet *packet,
                        struct vg_mono_time arrival);

struct vg_rtp_ordered {
    struct vg_rtp_packet packet; /* payload borrowed until the next call; extension only where it
                                  * did not wait */
    struct vg_mono_time arrival;
    uint64_t lost;  /* packets that are missing before this one */
    bool restarted; /* the stream begins anew with it */
};

/* The packet whose turn it is at `now`; false: none. */
bool vg_rtp_reorder_next(struct vg_rtp_reorder *reorder, struct vg_mono_time now,
                         struct vg_rtp_ordered *ordered);

/* When next may have something without a put; INT64_MAX: nothing is waited for. */
int64_t vg_rtp_reorder_due_us(const struct vg_rtp_reorder *reorder);

struct vg_rtp_reorder_counts {
    uint64_t lost, late, doubled;
    uint64_t strange; /* of another sender, or far away, and none followed it */
    uint64_t restarts;
    uint64_t held; /* now */
};
struct vg_rtp_reorder_counts vg_rtp_reorder_counts(const struct vg_rtp_reorder *reorder);

/* Of the sender that sends now: for our reports. Sequence numbers are extended. */
struct vg_rtp_sequences {
    bool begun;
    uint32_t ssrc;
    int64_t first, highest;
    uint64_t received; /* doubles and late ones too, as RFC 3550 6.4.1 has it */
};
struct vg_rtp_sequences vg_rtp_reorder_sequences(const struct vg_rtp_reorder *reorder);

#endif
