/* How well objects were followed: CLEAR MOT, identity and HOTA measures, as computed by
 * JonathonLuiten/TrackEval (trackeval/metrics/clear.py, identity.py, hota.py) with IoU as the
 * similarity. */
#ifndef VG_SCORE_TRACK_METRICS_H
#define VG_SCORE_TRACK_METRICS_H

#include "src/base/attr.h"
#include "src/score/mot_file.h"

#define VG_HOTA_LEVELS 19 /* IoU 0.05, 0.10 ... 0.95 */

struct vg_clear_result {
    size_t hits, misses, false_boxes, switches;
    size_t mostly_tracked, partly_tracked, mostly_lost, fragments;
    double mota; /* 1 - (misses + false + switches) / truths */
    double motp; /* mean IoU of the hits */
};

struct vg_identity_result {
    size_t hits, misses, false_boxes; /* IDTP, IDFN, IDFP */
    double idf1, precision, recall;
};

struct vg_hota_result {
    double hota, det_a, ass_a, loc_a; /* means over the levels */
    double level[VG_HOTA_LEVELS];     /* HOTA at each level, level[9] at 0.5 */
};

struct vg_track_result {
    size_t truth_boxes, truth_tracks, boxes, tracks;
    uint32_t frames;
    struct vg_clear_result clear;
    struct vg_identity_result identity;
    struct vg_hota_result hota;
};

/* Both files were checked by vg_mot_check_tracks (sorted, ids unique in each picture) and hold
 * one class. Without a truth box the ratios are 0. VG_E_MEMORY, VG_E_FULL (the table of truth
 * tracks by found tracks does not fit). */
enum vg_status vg_track_score(const struct vg_mot_file *truth, const struct vg_mot_file *found,
                              struct vg_track_result *result) VG_MUST_USE;

#endif
