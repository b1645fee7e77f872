/* The machine's own meters of energy while the analysis runs: found, opened and read by a thread of its
 * own, so that a driver that is slow, or hangs, is felt by nobody. Only those that need neither the
 * network nor rights over the machine: processors, boards, what the kernel's drivers measure. Which
 * are there is said once in the log. */
#ifndef VG_SCHEDULER_ENERGY_THREAD_H
#define VG_SCHEDULER_ENERGY_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "scheduler/decide_energy.h"
#include "src/base/attr.h"
#include "src/energy/meter.h"

struct vg_beat; /* src/base/beat.h */
struct vg_energy_thread;

/* One meter, as of the last second. */
struct vg_energy_seen {
    char name[64];
    enum vg_energy_scope scope;
    enum vg_meter_state state;
    double joules, watts; /* watts negative: not known */
    int64_t covered_us;
};

struct vg_energy_seen_all {
    uint32_t count; /* the same ones in the same order from when they are open */
    struct vg_energy_seen meter[VG_ENERGY_METERS_MAX];
};

/* root, library: of struct vg_meter_settings, NULL: the machine's. VG_E_MEMORY, VG_E_LACK. */
enum vg_status vg_energy_thread_open(struct vg_energy_thread **thread, const char *root,
                                     const char *library) VG_MUST_USE;
/* Waits for what the meters are about, some seconds at most. */
void vg_energy_thread_close(struct vg_energy_thread **thread);

/* Busy with its meters; for the watchdog. */
struct vg_beat *vg_energy_thread_beat(struct vg_energy_thread *thread);

/* Any one thread; never waits: false and *seen as it was, when the thread writes at this moment. */
bool vg_energy_thread_look(struct vg_energy_thread *thread, struct vg_energy_seen_all *seen);

#endif
