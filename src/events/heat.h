/* Where persons are, picture after picture, into a grid (src/base/heat_grid.h).
 *
 * A picture stands for the time since the one before, VG_HEAT_GAP_US at most: what a gap held is not
 * known. Whoever is followed (a confirmed track of a person, missed for a second at most, as in
 * density) is at his foot for that time; those whom a throng hides (density's dense count, in
 * calibrated zones) are spread over what differs from the background there and is in no box. What
 * is masked from density is left out. Milliseconds are those between the two pictures' own, so that
 * a time is the sum of its pictures exactly.
 *
 * Deterministic, no clock, no allocation after open; one thread at a time. */
#ifndef VG_EVENTS_HEAT_H
#define VG_EVENTS_HEAT_H

#include "src/base/attr.h"
#include "src/base/heat_grid.h"
#include "src/events/watcher.h"

#define VG_HEAT_GAP_US (2 * VG_US_PER_S)

struct vg_heat;

/* Whether the scene asks for it: it has a rule on density, active or not. NULL: no. Pure. */
bool vg_heat_wanted(const struct vg_scene *scene);

/* scene: borrowed until close; NULL: without masks and throngs. VG_E_MEMORY. */
enum vg_status vg_heat_open(struct vg_heat **heat, const struct vg_scene *scene) VG_MUST_USE;
void vg_heat_close(struct vg_heat **heat);

/* A picture, after the watcher's step with the same input; watcher NULL: there is none. */
void vg_heat_step(struct vg_heat *heat, const struct vg_watch_input *input,
                  const struct vg_watcher *watcher);
/* A picture that is not to be kept (stopped, or another view): the next one begins anew. */
void vg_heat_skip(struct vg_heat *heat);

/* What was added since it was cleared; the owner's to read, to clear and to give an hour, between
 * pictures. */
struct vg_heat_grid *vg_heat_grid_of(struct vg_heat *heat);

#endif
