/* MPEG transport streams (ISO/IEC 13818-1, 2.4.3) as far as their packets tell without being
 * demuxed: whether bytes are whole packets, what is missing between them, where a table of programs
 * begins; and stamps of 33 bits made to go on. Pure. */
#ifndef VG_MEDIA_TS_PACKETS_H
#define VG_MEDIA_TS_PACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VG_TS_PACKET_BYTES 188
#define VG_TS_SYNC         0x47 /* its first byte */
#define VG_TS_PIDS         8192

/* Whether these are whole packets, one at least: nothing before, between or behind them. */
bool vg_ts_whole(const uint8_t *data, size_t size);

/* The offset of the first packet that begins a table of programs (PAT); size: none does. data:
 * whole packets. */
size_t vg_ts_find_programs(const uint8_t *data, size_t size);

/* What came, and by the continuity counters what did not. A loss of a multiple of 16 packets of one
 * PID is not seen. Zeroed to begin. */
struct vg_ts_meter {
    uint64_t packets, lost;
    uint32_t watched; /* the caller's: a PID, 0: none */
    uint64_t watched_lost;
    uint8_t next[VG_TS_PIDS]; /* the counter awaited, and KNOWN */
};
void vg_ts_meter_take(struct vg_ts_meter *meter, const uint8_t *data, size_t size);

/* Stamps that wrap after 26.5 hours, as those that do not. Zeroed to begin. */
struct vg_ts_clock {
    bool begun;
    int64_t last;
};
/* The one nearest to the last that is the same in its 33 bits; the first stays what it is. */
int64_t vg_ts_clock_unwrap(struct vg_ts_clock *clock, int64_t stamp);

#endif
