#include "scheduler/live_heat.h"

#define HOUR_US (3600 * VG_US_PER_S)

static int64_t hour_of(struct vg_wall_time wall)
{
    return wall.us / HOUR_US - (wall.us % HOUR_US < 0);
}

/* What is not taken goes on to be summed up, or is lost with its hour, and said. */
static void give(struct vg_heat_grid *grid, struct vg_heat_thread *thread, const char *flux,
                 enum vg_row_need need)
{
    if (grid->pictures == 0 ||
        (vg_heat_thread_give(thread, flux, grid, need) && need == VG_ROW_MAY))
        return;
    *grid = (struct vg_heat_grid){.hour = grid->hour};
}

void vg_live_heat_picture(struct vg_heat_grid *grid, struct vg_heat_thread *thread,
                          const char *flux, struct vg_wall_time wall)
{
    const int64_t hour = hour_of(wall);
    if (!grid)
        return;
    if (grid->hour != hour)
        give(grid, thread, flux, VG_ROW_MUST);
    grid->hour = hour;
}

void vg_live_heat_look(struct vg_live_heat *heat, struct vg_heat_grid *grid,
                       struct vg_heat_thread *thread, const char *flux, struct vg_mono_time now)
{
    if (!vg_live_heat_due(heat, now))
        return;
    heat->saved = now;
    if (grid)
        give(grid, thread, flux, VG_ROW_MAY);
}

void vg_live_heat_leave(struct vg_heat_grid *grid, struct vg_heat_thread *thread, const char *flux)
{
    if (grid)
        give(grid, thread, flux, VG_ROW_MUST);
}
