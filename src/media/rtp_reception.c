#include "src/media/rtp_reception.h"

#include "src/media/rtp_clock.h"

#define INTERVAL_US (5 * VG_US_PER_S)

void vg_rtp_reception_init(struct vg_rtp_reception *reception, uint32_t hz, uint32_t ssrc)
{
    *reception = (struct vg_rtp_reception){.hz = hz};
    vg_random_seed(&reception->random, ssrc);
}

void vg_rtp_reception_restart(struct vg_rtp_reception *reception)
{
    reception->begun = false;
    reception->jitter_x16 = 0;
    reception->report_ntp = 0;
    reception->expected_before = 0;
    reception->received_before = 0;
}

void vg_rtp_reception_packet(struct vg_rtp_reception *reception, uint32_t stamp,
                             struct vg_mono_time arrival)
{
    const uint32_t transit =
        (uint32_t)((uint64_t)vg_us_ticks(arrival.us, reception->hz) & UINT32_MAX) - stamp;
    const uint32_t change = transit - reception->transit;
    const uint32_t distance = change < UINT32_C(0x80000000) ? change : (uint32_t)-change;
    reception->transit = transit;
    if (reception->begun)
        reception->jitter_x16 += distance - ((reception->jitter_x16 + 8) >> 4);
    reception->begun = true;
}

void vg_rtp_reception_report(struct vg_rtp_reception *reception, uint64_t ntp,
                             struct vg_mono_time arrival)
{
    reception->report_ntp = ntp;
    reception->report_arrival = arrival;
}

bool vg_rtp_reception_due(struct vg_rtp_reception *reception, struct vg_mono_time now)
{
    const bool due = reception->due_known && now.us >= reception->due_us;
    if (due || !reception->due_known)
        reception->due_us =
            now.us + INTERVAL_US / 2 + vg_random_below(&reception->random, INTERVAL_US);
    reception->due_known = true;
    return due;
}

static uint32_t lost_of_256(int64_t expected, int64_t received)
{
    if (expected <= 0 || received >= expected)
        return 0;
    return (uint32_t)((expected - received) * 256 / expected);
}

struct vg_rtcp_block vg_rtp_reception_block(struct vg_rtp_reception *reception,
                                            const struct vg_rtp_sequences *sequences,
                                            struct vg_mono_time now)
{
    const int64_t expected = sequences->highest - sequences->first + 1;
    const struct vg_rtcp_block block = {
        .ssrc = sequences->ssrc,
        .lost_frac = lost_of_256(expected - reception->expected_before,
                                 (int64_t)(sequences->received - reception->received_before)),
        .lost = expected - (int64_t)sequences->received,
        .sequence_max = (uint32_t)((uint64_t)sequences->highest & UINT32_MAX),
        .jitter = (uint32_t)(reception->jitter_x16 >> 4),
        .report_ntp = reception->report_ntp,
        .report_age_us = now.us - reception->report_arrival.us,
    };
    reception->expected_before = expected;
    reception->received_before = sequences->received;
    return block;
}

uint32_t vg_rtp_reception_jitter_us(const struct vg_rtp_reception *reception)
{
    const int64_t us = vg_ticks_us((int64_t)(reception->jitter_x16 >> 4), reception->hz);
    return us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}
