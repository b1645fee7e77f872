/* How well a sender is received, for our receiver reports: jitter (RFC 3550 A.8), losses since the
 * last report (A.3), how long ago its own report came; and when ours is due. Pure. */
#ifndef VG_MEDIA_RTP_RECEPTION_H
#define VG_MEDIA_RTP_RECEPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/clock.h"
#include "src/base/random.h"
#include "src/media/rtcp.h"
#include "src/media/rtp_reorder.h"

struct vg_rtp_reception {
    uint32_t hz;
    bool begun; /* a packet came: */
    uint32_t transit;
    uint64_t jitter_x16;
    uint64_t report_ntp; /* of the sender's last report; 0: none */
    struct vg_mono_time report_arrival;
    int64_t expected_before; /* at our last report */
    uint64_t received_before;
    bool due_known;
    int64_t due_us;
    struct vg_random random;
};

/* ssrc: ours, for when reports are due. */
void vg_rtp_reception_init(struct vg_rtp_reception *reception, uint32_t hz, uint32_t ssrc);

/* The sender begins anew. When our report is due stays. */
void vg_rtp_reception_restart(struct vg_rtp_reception *reception);

/* A packet with this stamp came. */
void vg_rtp_reception_packet(struct vg_rtp_reception *reception, uint32_t stamp,
                             struct vg_mono_time arrival);
/* A report of the sender came. */
void vg_rtp_reception_report(struct vg_rtp_reception *reception, uint64_t ntp,
                             struct vg_mono_time arrival);

/* Whether our report is due: 5 s after the one before, times 0.5 to 1.5 (6.2, 6.3.1). */
bool vg_rtp_reception_due(struct vg_rtp_reception *reception, struct vg_mono_time now);

/* What is reported now; the next block counts from here. */
struct vg_rtcp_block vg_rtp_reception_block(struct vg_rtp_reception *reception,
                                            const struct vg_rtp_sequences *sequences,
                                            struct vg_mono_time now);

uint32_t vg_rtp_reception_jitter_us(const struct vg_rtp_reception *reception);

#endif
