/* Watches one flux for the events of its scene: tracks in, sightings out.
 *
 * An event may wish that a part of the next picture be looked at again by the detector, larger or
 * turned (a person who lies is not found as the camera shows them). The answer comes with that
 * picture; whether there is time for it is not the watcher's to decide.
 *
 * Pure of clocks and files; deterministic; no allocation after open; one thread. Each event is
 * a row of a table (src/events/event_table.c) with its own file. */
#ifndef VG_EVENTS_WATCHER_H
#define VG_EVENTS_WATCHER_H

#include "models/detection.h"
#include "src/base/attr.h"
#include "src/base/heat_grid.h"
#include "src/events/sighting.h"
#include "src/maps/maps.h"
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
    enum vg_event event; /* that measures it */
};
#define VG_MEASURES_MAX 256 /* two of each rule that a scene can have: all find a place */

/* How a region is turned before the detector sees it, clockwise. */
enum vg_turn {
    VG_TURN_NONE,
    VG_TURN_90,
    VG_TURN_270
};

/* A part of the next picture that an event would have looked at again. */
struct vg_look_wish {
    uint32_t rule, subject; /* whose wish it is, handed back with the answer */
    struct vg_box region;   /* pixels of the picture, within it */
    enum vg_turn turn;
    float worth; /* the greater goes first */
};
#define VG_LOOK_WISHES_MAX 16
#define VG_LOOKS_MAX       4 /* at most so many are answered with a picture */

/* What the detector found there. */
struct vg_look_answer {
    struct vg_look_wish wish;
    const struct vg_detection *detections; /* pixels of the picture, turned back; falling score */
    uint32_t count;
};

struct vg_watch_input {
    const struct vg_track *const *tracks;
    uint32_t track_count;
    uint32_t width, height; /* of the picture, pixels */
    struct vg_media_time time;
    const struct vg_explainer *explainer;  /* may be NULL */
    const struct vg_maps *maps;            /* of this picture; NULL: none were made */
    const struct vg_detection *detections; /* of the picture, any order: what no track follows */
    uint32_t detection_count;
    vg_class_set known;                 /* classes that the model tells apart; 0: not known */
    const struct vg_look_answer *looks; /* to wishes of the picture before; those granted */
    uint32_t look_count;
};

struct vg_watch_output {
    uint32_t sighting_count, dropped; /* dropped: found no place, counted */
    struct vg_sighting sighting[VG_SIGHTINGS_MAX];
    uint32_t measure_count;
    struct vg_measure measure[VG_MEASURES_MAX];
    uint32_t wish_count; /* falling worth */
    struct vg_look_wish wish[VG_LOOK_WISHES_MAX];
};

struct vg_watcher;

/* Maps that the scene's rules look at, bits of enum vg_maps_set; 0 for NULL. Pure. */
uint32_t vg_watcher_maps(const struct vg_scene *scene);
/* Whether a rule of the scene may wish for looks. Pure. */
bool vg_watcher_wishes(const struct vg_scene *scene);

/* scene is borrowed until close. */
enum vg_status vg_watcher_open(struct vg_watcher **watcher,
                               const struct vg_scene *scene) VG_MUST_USE;
void vg_watcher_close(struct vg_watcher **watcher);
void vg_watcher_step(struct vg_watcher *watcher, const struct vg_watch_input *input,
                     struct vg_watch_output *output);
/* Persons whom the boxes of a throng hide, by where their feet would be. */
struct vg_crowd_sheet {
    uint32_t columns, rows; /* the caller's: the shape of a grid (src/base/heat_grid.h) */
    double persons[VG_HEAT_CELLS_MAX];
    double room[VG_HEAT_CELLS_MAX]; /* for what is being worked out */
};
/* Fills the sheet for the picture of the last step, whose input it was; zones over each other count
 * once. False: nobody is hidden, and the sheet is as it was. */
bool vg_watcher_hidden(const struct vg_watcher *watcher, const struct vg_watch_input *input,
                       struct vg_crowd_sheet *sheet);

/* A new epoch of the source: positions are forgotten. A step whose time is before the last one's
 * begins with it. */
void vg_watcher_reset(struct vg_watcher *watcher);

#endif
