/* Follows objects from picture to picture by their boxes alone: Kalman filter and association
 * in two stages (sure detections first, then weak ones), after Zhang et al., "ByteTrack",
 * ECCV 2022. No appearance is computed. Deterministic: same calls, same bytes, any machine.
 * No allocation after open; one thread. */
#ifndef VG_TRACK_TRACKER_H
#define VG_TRACK_TRACKER_H

#include <stdbool.h>
#include <stdint.h>

#include "models/detection.h"
#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/status.h"

#define VG_TRACKS_MAX         256
#define VG_TRACK_HISTORY_SIZE 64

enum vg_track_state {
    VG_TRACK_TENTATIVE,
    VG_TRACK_CONFIRMED,
    VG_TRACK_LOST
};

/* A past position: centre of the filtered box's lower side. */
struct vg_track_step {
    struct vg_media_time time;
    struct vg_point foot; /* pixels */
};

struct vg_track {
    uint32_t id; /* from 1, never used again within a tracker */
    enum vg_track_state state;
    enum vg_class class_id;   /* the one seen most */
    bool detected;            /* in this picture */
    float score;              /* of the last detection */
    struct vg_box box;        /* filtered, pixels of the picture */
    struct vg_box seen;       /* the last detection's */
    struct vg_point velocity; /* of the centre, pixels per second */
    struct vg_media_time born, last_seen;
    uint32_t hits;
    /* the last positions, oldest first from history_first, circular */
    uint32_t history_first, history_count;
    struct vg_track_step history[VG_TRACK_HISTORY_SIZE];
};

struct vg_tracker_settings {
    float score_high;                           /* first stage takes detections from here up */
    float score_low;                            /* second stage from here up */
    float score_new;                            /* a track is born from here up */
    float iou_first, iou_second, iou_tentative; /* least overlap to associate */
    uint32_t hits_to_confirm;
    int64_t lost_us; /* a track unseen for longer ends */
};
struct vg_tracker_settings vg_tracker_defaults(void);

struct vg_tracker;

enum vg_status vg_tracker_open(struct vg_tracker **tracker,
                               const struct vg_tracker_settings *settings) VG_MUST_USE;
void vg_tracker_close(struct vg_tracker **tracker);

/* One analysed picture. detections: any order. time: not before the last call's.
 * *tracks (borrowed until the next call) are the live ones, by rising id, *count of them,
 * lost ones too. */
void vg_tracker_step(struct vg_tracker *tracker, const struct vg_detection *detections,
                     uint32_t detection_count, struct vg_media_time time,
                     const struct vg_track *const **tracks, uint32_t *count);

/* Forgets all tracks (a new epoch of the source); ids go on. */
void vg_tracker_reset(struct vg_tracker *tracker);

#endif
