/* RTP's stamps of 32 bits, which wrap every 13 hours at 90 kHz, as stamps of 64 bits from 0; and
 * the wall clock that they stand for, by the sender's reports (RFC 3550 6.4.1). Pure. */
#ifndef VG_MEDIA_RTP_CLOCK_H
#define VG_MEDIA_RTP_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/clock.h"

struct vg_rtp_clock {
    uint32_t hz;   /* above 0 */
    bool begun;    /* a stamp was seen */
    uint32_t last; /* the latest stamp, and its pts */
    int64_t last_pts;
    bool reported;
    uint32_t report_stamp;
    int64_t report_pts; /* of report_stamp, once begun */
    struct vg_wall_time report_wall;
};

void vg_rtp_clock_init(struct vg_rtp_clock *clock, uint32_t hz);

/* The pts of a stamp: it lies less than 2^31 from the one before, on either side. */
int64_t vg_rtp_clock_pts(struct vg_rtp_clock *clock, uint32_t stamp);

/* The stream begins anew, by other stamps: the next one is `ticks` after the latest. What was
 * reported no longer holds. */
void vg_rtp_clock_restart(struct vg_rtp_clock *clock, int64_t ticks);

/* A sender report: ntp, seconds since 1900 and their fraction of 2^32, was at `stamp`. ntp 0 says
 * that the sender has no clock. */
void vg_rtp_clock_report(struct vg_rtp_clock *clock, uint64_t ntp, uint32_t stamp);

/* false: nothing was reported yet. */
bool vg_rtp_clock_wall(const struct vg_rtp_clock *clock, int64_t pts, struct vg_wall_time *wall);

/* Seconds since 1900 as NTP has them; the turn of 2036 is understood (RFC 5905 figure 4). */
struct vg_wall_time vg_ntp_wall(uint64_t ntp);

/* `count` ticks of a clock of `hz` in microseconds, and back. */
int64_t vg_ticks_us(int64_t count, uint32_t hz);
int64_t vg_us_ticks(int64_t us, uint32_t hz);

#endif
