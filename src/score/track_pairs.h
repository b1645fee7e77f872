/* What the three families of tracking measures share: both files picture by picture, ids made
 * dense, and every overlap computed once. Internal to src/score. */
#ifndef VG_SCORE_TRACK_PAIRS_H
#define VG_SCORE_TRACK_PAIRS_H

#include "src/base/assignment.h"
#include "src/score/track_metrics.h"

struct vg_track_side {
    uint32_t count;   /* tracks */
    uint32_t *track;  /* per row: dense index of its id */
    uint32_t *length; /* per track: pictures it is in */
};

/* One picture that has a box on either side. */
struct vg_track_frame {
    uint32_t truths, founds;
    const uint32_t *truth, *found; /* dense tracks, borrowed from the sides */
    size_t first_overlap;          /* in overlap: truths x founds */
};

struct vg_track_pairs {
    struct vg_track_side truth, found;
    size_t frame_count;
    struct vg_track_frame *frame;
    double *overlap;
    /* working room: the largest picture, and the table of all tracks */
    uint32_t truths_max, founds_max;
    double *gain;     /* truths_max x founds_max */
    uint32_t *column; /* max of truths_max and truth.count */
    double *table;    /* truth.count x found.count */
    struct vg_assignment *assignment;
};

enum vg_status vg_track_pairs_open(struct vg_track_pairs *pairs, const struct vg_mot_file *truth,
                                   const struct vg_mot_file *found) VG_MUST_USE;
void vg_track_pairs_close(struct vg_track_pairs *pairs);

enum vg_status vg_clear_score(struct vg_track_pairs *pairs,
                              struct vg_clear_result *result) VG_MUST_USE;
void vg_identity_score(struct vg_track_pairs *pairs, struct vg_identity_result *result);
enum vg_status vg_hota_score(struct vg_track_pairs *pairs,
                             struct vg_hota_result *result) VG_MUST_USE;

#define VG_TRACK_IOU     0.5
#define VG_TRACK_EPSILON 1e-9 /* an IoU of 0.5 that was rounded down is 0.5 */

#endif
