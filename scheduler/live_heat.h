/* Where a flux's persons were, live: the chain sums them up, and what it summed goes to the thread
 * that writes it, once a minute and at the end of each hour of the clock (UTC). Nothing is
 * allocated. The loop's alone, while no picture of the flux is under way. */
#ifndef VG_SCHEDULER_LIVE_HEAT_H
#define VG_SCHEDULER_LIVE_HEAT_H

#include <stdbool.h>

#include "scheduler/heat_thread.h"
#include "src/base/clock.h"

/* Zeroed: nothing was given yet. Of one flux. grid: of its chain, NULL: none is kept. */
struct vg_live_heat {
    struct vg_mono_time saved;
};

/* A picture of that time is about to be judged: what is of another hour is given. */
void vg_live_heat_picture(struct vg_heat_grid *grid, struct vg_heat_thread *thread,
                          const char *flux, struct vg_wall_time wall);

/* Whether a look has anything to give: what was summed since is given every minute. */
#define VG_LIVE_HEAT_EVERY_US (60 * VG_US_PER_S)
static inline bool vg_live_heat_due(const struct vg_live_heat *heat, struct vg_mono_time now)
{
    return now.us - heat->saved.us >= VG_LIVE_HEAT_EVERY_US;
}

/* Twice a second. */
void vg_live_heat_look(struct vg_live_heat *heat, struct vg_heat_grid *grid,
                       struct vg_heat_thread *thread, const char *flux, struct vg_mono_time now);

/* The flux or its scene goes: the rest is given. */
void vg_live_heat_leave(struct vg_heat_grid *grid, struct vg_heat_thread *thread, const char *flux);

#endif
