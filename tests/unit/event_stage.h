/* For tests of events: a stage with one scene and its watcher, on which a test puts tracks,
 * detections and maps made by hand, then looks, picture after picture, and hears what the watcher
 * says and why it says nothing. Every picture is looked at with allocation sealed, and whatever is
 * said in it must be a number. Failures end the test at once. */
#ifndef VG_TESTS_EVENT_STAGE_H
#define VG_TESTS_EVENT_STAGE_H

#include "src/base/random.h"
#include "src/events/watcher.h"
#include "src/maps/maps.h"
#include "src/scene/scene.h"

#define STAGE_TRACKS 40
#define STAGE_SEEN   32
#define STAGE_PIXELS (VG_MAPS_SIDE_MAX * 144) /* of the maps of a picture of 4:3 */
#define STAGE_CELLS  (STAGE_PIXELS / VG_MAPS_CELL / VG_MAPS_CELL)

struct stage_settings {
    uint32_t width, height; /* of the picture, pixels */
    int64_t step_us;        /* from picture to picture */
    uint32_t maps;          /* which there are, bits of enum vg_maps_set; 0: none */
    uint32_t shrink;        /* of the maps; 0: as for every picture of that size */
};

/* A reason that was told. */
struct stage_word {
    enum vg_why_not why;
    double value;
};

struct stage {
    struct stage_settings settings;
    struct vg_scene *scene;
    struct vg_watcher *watcher;
    int64_t now_us;          /* of the next picture, media time */
    struct vg_random random; /* a story's chances: the same each time */

    /* what the next picture shows: tracks and planes stay until they are changed; detections and
     * answers to wishes are of one picture */
    struct vg_track track[STAGE_TRACKS]; /* those of the first track_count */
    uint32_t track_count;
    struct vg_detection seen[STAGE_SEEN];
    uint32_t seen_count;
    struct vg_look_answer look[VG_LOOKS_MAX];
    struct vg_detection look_seen[VG_LOOKS_MAX];
    uint32_t look_count;
    vg_class_set known;  /* classes of the model; 0: not known */
    struct vg_maps maps; /* of the planes below */
    uint8_t luma[STAGE_PIXELS], blue[STAGE_PIXELS], red[STAGE_PIXELS];
    uint8_t long_luma[STAGE_PIXELS], long_blue[STAGE_PIXELS], long_red[STAGE_PIXELS];
    uint8_t ground[STAGE_PIXELS], stays[STAGE_PIXELS];
    uint8_t warm[STAGE_PIXELS], flicker[STAGE_PIXELS];
    int16_t flow_x[STAGE_CELLS], flow_y[STAGE_CELLS];
    uint8_t flow_sure[STAGE_CELLS];

    /* what the watcher said of the last one */
    struct vg_watch_output output;
    uint32_t said[VG_WHY_COUNT];   /* how often each reason was told */
    uint32_t of_things, of_tracks; /* how many were told of those */

    /* and of all so far: the wishes; the reason that was told last of the place or of what is no
     * track, and of each track by its id (0: the place) */
    uint32_t wishes;
    enum vg_why_not why;
    double value;
    struct stage_word told[STAGE_TRACKS + 1];
};

/* An empty stage at time 0 with the scene of that text. All planes are 0. */
void stage_open(struct stage *stage, const struct stage_settings *settings, const char *scene);
void stage_close(struct stage *stage);

/* Seconds of media time of the next picture. */
double stage_s(const struct stage *stage);

/* Somebody new: a confirmed track, detected there now, with the next id from 1. To be changed at
 * will. */
struct vg_track *stage_add_track(struct stage *stage, enum vg_class class_id, struct vg_box box);

/* A track is detected there now; the way it came and its speed are remembered as a tracker does. */
void stage_move(const struct stage *stage, struct vg_track *track, struct vg_box box);

/* The detector finds something in the next picture. */
void stage_show(struct stage *stage, enum vg_class class_id, float score, struct vg_box box);

/* A wish is granted with the next picture. found: what the detector sees there; NULL: nothing. */
void stage_answer(struct stage *stage, const struct vg_look_wish *wish,
                  const struct vg_detection *found);

/* A part of the maps, map pixels; it may reach out of them. */
struct stage_area {
    int left, top, width, height;
};
void stage_fill(const struct stage *stage, uint8_t *plane, struct stage_area area, int value);

/* A grey view in which nothing happens and nothing has happened for long. */
void stage_empty_view(struct stage *stage, uint8_t luma);

/* A view, a background and all that is told of them by chance. */
void stage_scribble(struct stage *stage);

/* One picture of what is on the stage, with these maps (NULL: none were made); the time of the
 * stage's own is set. Then it is the next picture's turn. Returns the number of sightings. */
uint32_t stage_look(struct stage *stage, const struct vg_maps *maps);

#endif
