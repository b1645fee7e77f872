/* What a flux's events measure at its places, live: each number is summed over its minute, and
 * the sums go to the thread that writes them. Nothing is allocated. The loop's alone. */
#ifndef VG_SCHEDULER_LIVE_MEASURES_H
#define VG_SCHEDULER_LIVE_MEASURES_H

#include "scheduler/measures_thread.h"
#include "src/base/clock.h"
#include "src/events/watcher.h"

struct vg_live_curve {
    int place;                 /* index in the scene, -1 the whole picture */
    const char *name;          /* static */
    struct vg_measure_row row; /* of what was not given yet */
};

/* Zeroed: nothing was measured. Of one flux with one scene. */
struct vg_live_measures {
    uint32_t count;
    struct vg_mono_time saved;
    struct vg_live_curve curve[VG_MEASURES_MAX];
};

/* A picture's numbers. stopped_events: bits of enum vg_event, whose numbers are not kept. A minute
 * that this picture ends is given. */
void vg_live_measures_picture(struct vg_live_measures *measures, struct vg_measures_thread *thread,
                              const char *flux, const struct vg_scene *scene,
                              const struct vg_watch_output *watched, uint32_t stopped_events,
                              struct vg_wall_time wall);

/* Twice a second: what was measured since is given every 10 s. scene NULL: nothing is. */
void vg_live_measures_look(struct vg_live_measures *measures, struct vg_measures_thread *thread,
                           const char *flux, const struct vg_scene *scene, struct vg_mono_time now);

/* The flux or its scene goes: the rest is given. scene NULL: nothing is. */
void vg_live_measures_leave(struct vg_live_measures *measures, struct vg_measures_thread *thread,
                            const char *flux, const struct vg_scene *scene);

#endif
