/* How well boxes were found: average precision.
 *
 * Matching and curve after cocodataset/cocoapi, PythonAPI/pycocotools/cocoeval.py: in each
 * picture, by falling score (stable), at most 100 detections, each takes the free truth of
 * highest IoU at or above the threshold. Over all pictures, by falling score (stable), the
 * precision is made monotone from the right. Two readings of that one curve are given, since
 * figures of two conventions must not be compared: the area under it (Pascal VOC 2010 and
 * later; the headline here) and the mean at 101 recalls (COCO). */
#ifndef VG_SCORE_AVERAGE_PRECISION_H
#define VG_SCORE_AVERAGE_PRECISION_H

#include "src/base/attr.h"
#include "src/score/mot_file.h"

#define VG_AP_DETECTIONS_MAX 100 /* per picture */

struct vg_ap_result {
    size_t truths, detections; /* detections: after the cut to 100 per picture */
    /* below: meaningless when truths is 0, a class without truth has no precision */
    double ap50;                /* IoU 0.5, area under the envelope */
    double ap50_at_101;         /* IoU 0.5, mean of 101 samples */
    double ap;                  /* area, mean over IoU 0.50 to 0.95 by 0.05 */
    double ap_at_101;           /* the same of 101 samples */
    double best_f1, best_score; /* highest F1 along the curve at IoU 0.5, and its score */
    double best_precision, best_recall;
};

/* Both files hold one class only. Their order counts for equal scores. VG_E_MEMORY. */
enum vg_status vg_ap_score(const struct vg_mot_file *truth, const struct vg_mot_file *found,
                           struct vg_ap_result *result) VG_MUST_USE;

#endif
