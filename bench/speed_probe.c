#include "bench/speed_probe.h"

#include "src/base/clock.h"

#define STEPS 100000

double vg_speed_probe_ms(struct vg_speed_probe *probe)
{
    const int64_t from_us = vg_thread_cpu_time_us();
    uint32_t at = 1;
    for (int i = 0; i < STEPS; i++) {
        at = at * 1664525U + 1013904223U /* of Numerical Recipes */
             + probe->cell[at >> 16 & (VG_SPEED_PROBE_CELLS - 1)];
        probe->cell[at & (VG_SPEED_PROBE_CELLS - 1)] = at;
    }
    return (double)(vg_thread_cpu_time_us() - from_us) / 1000;
}
