/* The meters of a machine, read while something is measured: at rest before and after, and at work,
 * with the pictures of each block of time for an interval. One account a meter: what two of them
 * say is never added. Meters run in threads of their own; this is for one thread. */
#ifndef VG_BENCH_ENERGY_WATCH_H
#define VG_BENCH_ENERGY_WATCH_H

#include <jansson.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/energy/account.h"
#include "src/energy/meter_list.h"

struct vg_energy_watch;

/* Opens all that can be opened; none is no failure. VG_E_MEMORY. */
enum vg_status vg_energy_watch_open(struct vg_energy_watch **watch,
                                    const struct vg_meter_settings *settings,
                                    struct vg_fault *fault) VG_MUST_USE;
void vg_energy_watch_close(struct vg_energy_watch **watch);

uint32_t vg_energy_watch_meters(const struct vg_energy_watch *watch);

/* A stretch at rest of that long begins now and ends when this returns: the one after the last load
 * and before the next. At once without meters. VG_E_INTERRUPTED, see vg_live_server_rest. */
enum vg_status vg_energy_watch_rest(struct vg_energy_watch *watch, double seconds,
                                    struct vg_fault *fault) VG_MUST_USE;

/* For struct vg_pipeline_run's count; user: the watch. A load begins with the first call after
 * vg_energy_watch_begin and ends with the first one measure_s later. */
void vg_energy_watch_begin(struct vg_energy_watch *watch, double measure_s);
void vg_energy_watch_count(void *user, double up_s, uint64_t judged);

/* What the last load came to, between the last two rests (the second may be missing). `account` has
 * room for VG_METERS_MAX; returns how many there are. */
struct vg_energy_told {
    struct vg_energy_account account;
    char meter[64];
};
uint32_t vg_energy_watch_tell(const struct vg_energy_watch *watch, uint32_t flux, double days,
                              struct vg_energy_told *told);

/* The widest scope of them: the one that pays; NULL: none measured. */
const struct vg_energy_told *vg_energy_told_widest(const struct vg_energy_told *told,
                                                   uint32_t count);

#endif
