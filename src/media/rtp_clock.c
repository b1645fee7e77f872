#include "src/media/rtp_clock.h"

#include <assert.h>

#define NTP_TO_1970 INT64_C(2208988800) /* seconds from 1900 */
#define NTP_ERA     (INT64_C(1) << 32)

static int64_t distance(uint32_t from, uint32_t to)
{
    const uint32_t ahead = to - from;
    return ahead < UINT32_C(0x80000000) ? (int64_t)ahead : (int64_t)ahead - (INT64_C(1) << 32);
}

void vg_rtp_clock_init(struct vg_rtp_clock *clock, uint32_t hz)
{
    assert(hz > 0);
    *clock = (struct vg_rtp_clock){.hz = hz};
}

static void place_report(struct vg_rtp_clock *clock)
{
    clock->report_pts = clock->last_pts + distance(clock->last, clock->report_stamp);
}

int64_t vg_rtp_clock_pts(struct vg_rtp_clock *clock, uint32_t stamp)
{
    if (clock->begun) {
        clock->last_pts += distance(clock->last, stamp);
        clock->last = stamp;
        return clock->last_pts;
    }
    clock->begun = true; /* last_pts is 0, or what the restart set */
    clock->last = stamp;
    if (clock->reported)
        place_report(clock);
    return clock->last_pts;
}

void vg_rtp_clock_restart(struct vg_rtp_clock *clock, int64_t ticks)
{
    if (clock->begun)
        clock->last_pts += ticks;
    clock->begun = false;
    clock->reported = false;
}

void vg_rtp_clock_report(struct vg_rtp_clock *clock, uint64_t ntp, uint32_t stamp)
{
    if (ntp == 0)
        return;
    clock->reported = true;
    clock->report_stamp = stamp;
    clock->report_wall = vg_ntp_wall(ntp);
    if (clock->begun)
        place_report(clock);
}

bool vg_rtp_clock_wall(const struct vg_rtp_clock *clock, int64_t pts, struct vg_wall_time *wall)
{
    if (!clock->reported || !clock->begun)
        return false;
    wall->us = clock->report_wall.us + vg_ticks_us(pts - clock->report_pts, clock->hz);
    return true;
}

struct vg_wall_time vg_ntp_wall(uint64_t ntp)
{
    const int64_t seconds = (int64_t)(ntp >> 32);
    const int64_t era = seconds < NTP_ERA / 2 ? NTP_ERA : 0; /* 1968 to 2104 */
    const int64_t fraction_us = (int64_t)((ntp & UINT32_MAX) * UINT64_C(1000000) >> 32);
    return (struct vg_wall_time){(seconds + era - NTP_TO_1970) * VG_US_PER_S + fraction_us};
}

int64_t vg_ticks_us(int64_t count, uint32_t hz)
{
    return count / hz * VG_US_PER_S + count % hz * VG_US_PER_S / hz;
}

int64_t vg_us_ticks(int64_t us, uint32_t hz)
{
    return us / VG_US_PER_S * hz + us % VG_US_PER_S * hz / VG_US_PER_S;
}
