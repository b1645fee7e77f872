/* What is not well with a flux although its pictures come, or seem to: for its state and its
 * metrics. Pure functions of what the slots say, the scene and the last look at the view. */
#ifndef VG_SCHEDULER_LIVE_WARNINGS_H
#define VG_SCHEDULER_LIVE_WARNINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "scheduler/live_flux.h"
#include "src/media/slots.h"

/* A connection that lives without a picture for this long, or for so many of the source's
 * intervals if that is longer, is stalled. Pictures that come late through their decoder are none the
 * less there. */
#define VG_STALLED_US        (VG_US_PER_S * 3 / 2)
#define VG_STALLED_INTERVALS 5

bool vg_live_stalled(const struct vg_slots_state *state, struct vg_mono_time now);

/* Pictures a second that the decoder gives; 0: not known. */
double vg_live_decoded_fps(const struct vg_slots_state *state);

/* "stalled", or the connection's name. */
const char *vg_live_state_name(const struct vg_slots_state *state, struct vg_mono_time now);

enum vg_live_warning {
    VG_WARNING_SMALL,   /* fewer pixels than 704x480 */
    VG_WARNING_SLOW,    /* fewer than 12 pictures a second come, or far fewer than wanted */
    VG_WARNING_KEYS,    /* key frames alone are decoded */
    VG_WARNING_REDUCED, /* looked at less often than wanted: the device has no time */
    VG_WARNING_SHED,    /* not looked at, for the same reason */
    VG_WARNING_COSTLY,  /* a picture costs much more than was admitted */
    VG_WARNING_COUNT
};
const char *vg_live_warning_name(enum vg_live_warning warning); /* "small" */

/* Bits 1 << warning. */
uint32_t vg_live_warnings(const struct vg_live_flux *flux, const struct vg_slots_state *state);

/* Events of the scene's active rules that cannot be seen: at the rate of the key frames, while
 * these alone are decoded, or by a model that does not tell their classes apart, or in a
 * flux that is shed; bits 1 << event. */
uint32_t vg_live_blind(const struct vg_live_flux *flux, const struct vg_slots_state *state);

#endif
