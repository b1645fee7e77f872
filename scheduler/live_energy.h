/* The metrics of energy, by the loop: what the meters counted, joules for each picture, watts for each
 * flux. A flux's watts are its share of the device's time, so those of all flux add up to the
 * meter's: idle is in them. */
#ifndef VG_SCHEDULER_LIVE_ENERGY_H
#define VG_SCHEDULER_LIVE_ENERGY_H

#include "scheduler/energy_thread.h"
#include "scheduler/live_flux.h"
#include "src/base/text_buffer.h"

struct vg_live_energy {
    struct vg_energy_thread *thread; /* NULL: none, and no metrics */
    struct vg_energy_seen_all seen;
    struct vg_energy_point point;
    struct vg_energy_window window;
};

/* Takes the moment in: twice a second. flux: all VG_LIVE_FLUX_MAX places; pictures: analysed since the
 * start. Never waits. */
void vg_live_energy_step(struct vg_live_energy *energy, const struct vg_live_flux *flux,
                         uint64_t pictures, struct vg_mono_time now);

/* Adds the lines. Pure. */
void vg_live_energy_report(const struct vg_live_energy *energy, const struct vg_live_flux *flux,
                           struct vg_text_buffer *out);

#endif
