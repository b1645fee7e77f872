/* Watches one flux for the events of its scene: tracks in, sightings out.
 *
 * Pure of clocks and files; deterministic; no allocation after open; one thread. Each event is
 * a row of a table (src/events/event_table.c) with its own file. */
#ifndef VG_EVENTS_WATCHER_H
#define VG_EVENTS_WATCHER_H

#include "src/base/attr.h"
#include "src/events/sighting.h"
#include "src/scene/scene.h"
#include "src/track/tracker.h"

#define VG_SIGHTINGS_MAX 128

/* Told, for each rule and track, why the rule did not hold (or that it does). */
struct vg_explainer {
    void (*say)(void *user, uint32_t rule, uint32_t track, enum vg_why_not why, double value);
    void *user;
};

/* A number measured at a place, such as a count. */
struct vg_measure {
    int place;        /* index in the scene, -1 the whole picture */
    const char *name; /* "count", static */
    double value;
};
#define VG_MEASURES_MAX 64

struct vg_watch_input {
    const struct vg_track *const *tracks;
    uint32_t track_count;
    uint32_t width, height; /* of the picture, pixels */
    struct vg_media_time time;
    const struct vg_explainer *explainer; /* may be NULL */
};

struct vg_watch_output {
    uint32_t sighting_count, dropped; /* dropped: found no place, counted */
    struct vg_sighting sighting[VG_SIGHTINGS_MAX];
    uint32_t measure_count;
    struct vg_measure measure[VG_MEASURES_MAX];
};

struct vg_watcher;

/* scene is borrowed until close. */
enum vg_status vg_watcher_open(struct vg_watcher **watcher,
                               const struct vg_scene *scene) VG_MUST_USE;
void vg_watcher_close(struct vg_watcher **watcher);
void vg_watcher_step(struct vg_watcher *watcher, const struct vg_watch_input *input,
                     struct vg_watch_output *output);
/* A new epoch of the source: positions are forgotten. */
void vg_watcher_reset(struct vg_watcher *watcher);

#endif
