/* What follows an answer, for one flux: a look at its view, tracker, maps, events, rules. The same
 * in batch and live.
 *
 * While the view is not what the scene was drawn for, its rules are suspended (flux_view.h).
 *
 * Deterministic, no clock, no allocation after open (but what OpenCV does in a look); one thread
 * at a time. */
#ifndef VG_SCHEDULER_CHAIN_H
#define VG_SCHEDULER_CHAIN_H

#include "scheduler/flux_view.h"
#include "src/base/attr.h"
#include "src/events/heat.h"
#include "src/events/watcher.h"
#include "src/rules/rulebook.h"
#include "src/scene/scene.h"
#include "src/track/tracker.h"

/* Scores from here up go to the tracker; the rest is only for detections.csv. */
#define VG_CHAIN_THRESHOLD 0.1f
/* IoU above which the lesser of two boxes of a class goes; people overlap: 0.6 finds most. */
#define VG_CHAIN_NMS 0.6f

struct vg_chain;

/* Who makes the maps that the scene's rules look at (vg_watcher_maps). */
enum vg_chain_maps {
    VG_CHAIN_MAKES_MAPS, /* the chain, from the pictures */
    VG_CHAIN_TAKES_MAPS  /* the device, with the answers; they come with the input */
};

/* scene: borrowed until close; NULL: tracks only. */
enum vg_status vg_chain_open(struct vg_chain **chain, const struct vg_scene *scene,
                             enum vg_chain_maps maps) VG_MUST_USE;
void vg_chain_close(struct vg_chain **chain);

/* Keeps from now on where persons are (vg_chain_heat), also without a scene. VG_E_MEMORY. */
enum vg_status vg_chain_keep_heat(struct vg_chain *chain) VG_MUST_USE;

/* From now on it makes them, as if it had seen no picture so far: the device does not any more.
 * Allocates. VG_E_MEMORY: there are none then. Nothing where it makes them, or needs none. */
enum vg_status vg_chain_make_maps(struct vg_chain *chain) VG_MUST_USE;

/* Whether it does. */
bool vg_chain_makes_maps(const struct vg_chain *chain);

struct vg_chain_input {
    const struct vg_detection *detections; /* of the picture, any order */
    uint32_t detection_count;
    uint32_t width, height;           /* of the picture: another size is a new epoch, too */
    uint32_t epoch;                   /* of the source: a new one forgets tracks and conditions */
    const struct vg_picture *picture; /* for the view's and the maps' sake, borrowed; NULL: none */
    struct vg_view_lens *lens;        /* of this thread, borrowed */
    uint32_t source_fps_milli;        /* at which the source sends; 0: not known */
    const struct vg_maps *maps;       /* of the picture, where the chain takes them; NULL: none */
    vg_class_set known;               /* classes that the model tells apart; 0: not known */
    const struct vg_look_answer *looks; /* to the wishes of the picture before, those granted */
    uint32_t look_count;
    struct vg_rule_moment moment;
};

/* Borrowed from the chain until its next track. */
struct vg_chain_output {
    const struct vg_track *const *tracks;
    uint32_t track_count;
    const struct vg_watch_output *watched; /* NULL without a scene */
    const struct vg_alert *alerts;
    uint32_t alert_count;
};

/* First half: tracks. Fills output; watched and alerts are empty. */
void vg_chain_track(struct vg_chain *chain, const struct vg_chain_input *input,
                    struct vg_chain_output *output);

/* Second half, after track with the same input and output: the view, events and rules. */
void vg_chain_judge(struct vg_chain *chain, const struct vg_chain_input *input,
                    struct vg_chain_output *output);

/* What the events would have looked at again with this picture, which comes next: none when it does
 * not go on from the one judged last, being of a new epoch or another size. Returns how many;
 * *wishes: by falling worth, borrowed until the next judge. */
uint32_t vg_chain_wishes(const struct vg_chain *chain, const struct vg_picture *picture,
                         const struct vg_look_wish **wishes);

/* What the events saw in the picture judged last, borrowed until the next judge; NULL without a
 * scene. */
const struct vg_watch_output *vg_chain_watched(const struct vg_chain *chain);

/* Where persons were in the pictures that were judged, but for those whose view is not that of the
 * scene and those while density is stopped. The caller clears it and gives it its hour between
 * pictures; NULL: it is not kept. */
struct vg_heat_grid *vg_chain_heat(struct vg_chain *chain);

/* As last looked. Never NULL; its watch may be restored, confirmed and saved between pictures. */
struct vg_flux_view *vg_chain_view(struct vg_chain *chain);

/* The rules' memory, for a restart; NULL without a scene. */
struct vg_rulebook *vg_chain_rulebook(struct vg_chain *chain);

#endif
