/* How fast the machine is just now: what a piece of work that is always the same takes. Where others
 * share its processors and caches that changes, and all that is measured beside it does. */
#ifndef VG_BENCH_SPEED_PROBE_H
#define VG_BENCH_SPEED_PROBE_H

#include <stdint.h>

#define VG_SPEED_PROBE_CELLS 65536u /* 256 KiB: a power of two */

/* The caller's, zeroed; one thread at a time. */
struct vg_speed_probe {
    uint32_t cell[VG_SPEED_PROBE_CELLS];
};

/* Processor milliseconds of it, half of one or so: 100,000 steps that depend on each other through the cells. */
double vg_speed_probe_ms(struct vg_speed_probe *probe);

#endif
