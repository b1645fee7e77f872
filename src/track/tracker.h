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
#define VG_TRACK_ID_MAX       0x7fffffffu /* above are the numbers of what is no track */

enum vg_track_state {
    VG_TRACK_TENTATIVE, /* too few detections yet */
    VG_TRACK_CONFIRMED, /* detected, or unseen for a moment (coast_us): `detected` tells */
    VG_TRACK_LOST       /* was confirmed, unseen for longer; may be found again */
};

/* A past position: centre of the filtered box's lower side. */
struct vg_track_step {
    struct vg_media_time time;
    struct vg_point foot; /* pixels */
};

struct vg_track {
    uint32_t id; /* from 1 to VG_TRACK_ID_MAX, then from 1 again: years later */
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

/* The defaults were chosen on PETS09-S2L1 with NanoDet-g at 10, 5, 2 and 1 pictures/s, forwards
 * and backwards, and with detections left out; they lie on a plateau (docs/decisions). */
struct vg_tracker_settings {
    float score_high; /* the first stage takes detections from here up */
    float score_low;  /* the second stage from here up */
    float score_new;  /* a track is born from here up */
    /* Least overlap to associate: in the first stage times the weighted score, in the second
     * (weak detections), for tracks not yet confirmed. */
    float iou_first, iou_second, iou_tentative;
    float score_weight; /* 0: overlap alone counts; 1: overlap times score */
    uint32_t hits_to_confirm;
    uint32_t misses_tentative; /* a tentative track ends when missed more often in a row */
    int64_t coast_us;          /* a confirmed track unseen for longer is lost */
    int64_t lost_us;           /* a track unseen for longer ends */
    int64_t weak_us; /* the second stage feeds a track this long after its last sure detection:
                        a lamp that looks a little like a person keeps no track alive */
    /* A detection that no track took and that lies on a better one of the same kind by more
     * than this (share of the smaller box) is its double: no track is born of it. */
    float double_share;
    /* A track without overlap is found again where it may have gone by now: within reach +
     * reach_speed * seconds unseen, in box heights, of where it should be; 0 and 0: never.
     * Heights may differ by the factor reach_size. It is what follows at low rates. */
    float reach, reach_speed, reach_size;
    /* noise of movement, in box heights (src/track/motion.h) */
    float noise_seen, noise_push, noise_push_size, noise_speed_born;
};
struct vg_tracker_settings vg_tracker_defaults(void);

/* Detections of one picture beyond this many, the weakest, are left out and counted. */
#define VG_TRACKER_DETECTIONS_MAX 256

struct vg_tracker;

enum vg_status vg_tracker_open(struct vg_tracker **tracker,
                               const struct vg_tracker_settings *settings) VG_MUST_USE;
void vg_tracker_close(struct vg_tracker **tracker);

/* One analysed picture. detections: any order, the answer is the same. A time before the
 * last call's forgets all tracks, as a new epoch does.
 * *tracks (borrowed until the next call) are the live ones, by rising id, *count of them,
 * lost ones too. */
void vg_tracker_step(struct vg_tracker *tracker, const struct vg_detection *detections,
                     uint32_t detection_count, struct vg_media_time time,
                     const struct vg_track *const **tracks, uint32_t *count);

/* Detections left out because there was no room, since open. */
uint64_t vg_tracker_dropped(const struct vg_tracker *tracker);

/* Forgets all tracks (a new epoch of the source); ids go on. */
void vg_tracker_reset(struct vg_tracker *tracker);

#endif
