/* How busy a machine's processors were between two looks, by the first line of /proc/stat. Pure. */
#ifndef VG_ENERGY_MACHINE_LOAD_H
#define VG_ENERGY_MACHINE_LOAD_H

#include <stdint.h>

/* Ticks since the machine started; both 0: not known. */
struct vg_machine_load {
    uint64_t busy, all;
};

/* text: "cpu  user nice system idle iowait irq softirq steal ...", ended by a zero. What is not
 * so gives zeros. Source: proc(5). */
struct vg_machine_load vg_machine_load_parse(const char *text);

/* 0 to 1; -1: not known. */
double vg_machine_load_between(const struct vg_machine_load *before,
                               const struct vg_machine_load *after);

#endif
