#include "src/media/ts_packets.h"

#define NULL_PID   0x1fff
#define KNOWN      0x80 /* of meter.next */
#define STAMP_BITS 33

bool vg_ts_whole(const uint8_t *data, size_t size)
{
    if (size == 0 || size % VG_TS_PACKET_BYTES != 0)
        return false;
    for (size_t at = 0; at < size; at += VG_TS_PACKET_BYTES)
        if (data[at] != VG_TS_SYNC)
            return false;
    return true;
}

static unsigned pid_of(const uint8_t *packet)
{
    return (packet[1] & 0x1fu) << 8 | packet[2];
}

size_t vg_ts_find_programs(const uint8_t *data, size_t size)
{
    size_t at = 0;
    while (at < size && (pid_of(data + at) != 0 || (data[at + 1] & 0x40) == 0))
        at += VG_TS_PACKET_BYTES;
    return at < size ? at : size;
}

/* The sender says itself that its counter begins anew. */
static bool says_break(const uint8_t *packet)
{
    return (packet[3] & 0x20) != 0 && packet[4] > 0 && (packet[5] & 0x80) != 0;
}

static void take_one(struct vg_ts_meter *meter, const uint8_t *packet)
{
    const unsigned pid = pid_of(packet);
    const unsigned counter = packet[3] & 15u;
    meter->packets++;
    if (pid == NULL_PID || (packet[3] & 0x10) == 0) /* a packet without payload is not counted */
        return;
    const unsigned awaited = meter->next[pid];
    meter->next[pid] = (uint8_t)(KNOWN | ((counter + 1) & 15));
    const unsigned missing = (counter - awaited) & 15;
    if ((awaited & KNOWN) == 0 || says_break(packet) || missing == 15) /* 15: sent twice */
        return;
    meter->lost += missing;
    if (pid == meter->watched)
        meter->watched_lost += missing;
}

void vg_ts_meter_take(struct vg_ts_meter *meter, const uint8_t *data, size_t size)
{
    for (size_t at = 0; at + VG_TS_PACKET_BYTES <= size; at += VG_TS_PACKET_BYTES)
        take_one(meter, data + at);
}

int64_t vg_ts_clock_unwrap(struct vg_ts_clock *clock, int64_t stamp)
{
    const uint64_t span = UINT64_C(1) << STAMP_BITS;
    if (clock->begun) {
        const uint64_t step = ((uint64_t)stamp - (uint64_t)clock->last) & (span - 1);
        clock->last += step < span / 2 ? (int64_t)step : (int64_t)step - (int64_t)span;
    } else {
        clock->last = stamp;
    }
    clock->begun = true;
    return clock->last;
}
