/* Whether the device is let make maps, over the life of processes. A driver that breaks, or hangs, at
 * the first map that it makes takes the process with it, and the next one would do the same: so the
 * first one is made under a mark, DATA/state/maps.trial (of the second
 * device maps-1.trial, ...),
 *
 *   "maps 1 ENDED WALL_S DEVICE\n"    processes that ended over it in a row, the last try, a hash
 *
 * which goes when it is answered. A device that hangs at it while others work takes no process with it:
 * it keeps its mark, which counts as an end when it is opened anew. After two ends the host makes the
 * maps, for a day. Begun by the device's thread, which waits for the disk; ended by any. */
#ifndef VG_SCHEDULER_MAP_TRIAL_H
#define VG_SCHEDULER_MAP_TRIAL_H

#include <stdatomic.h>
#include <stdint.h>

#include "src/base/clock.h"

#define VG_MAP_TRIAL_ENDS 2u
#define VG_MAP_TRIAL_US   (24 * 3600 * VG_US_PER_S)

struct vg_map_trial {
    char path[512]; /* "": no mark can be made */
    uint64_t device;
    uint32_t ended;  /* processes before this one */
    atomic_int step; /* 0: no mark yet; it is made; it is gone */
};

enum vg_map_maker {
    VG_MAPS_BY_DEVICE,
    VG_MAPS_BY_HOST
};

/* number: of the device, 0 the first. data, device (its name): borrowed for the call. What cannot be read says nothing. */
enum vg_map_maker vg_map_trial_open(struct vg_map_trial *trial, const char *data, uint32_t number,
                                    const char *device, struct vg_wall_time now);

/* Before each batch with maps: the first one leaves the mark. */
void vg_map_trial_begin(struct vg_map_trial *trial, struct vg_wall_time now);

/* A batch with maps was answered, or the process ends for a reason of its own: the mark goes. */
void vg_map_trial_end(struct vg_map_trial *trial);

#endif
