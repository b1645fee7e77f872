/* Corners of a thumb, described and found again in another by OpenCV: the only C++ of the
 * project stands behind this header. ORB (Rublee et al. 2011) on locally normalised grey; ratio
 * test (Lowe 2004); homography by RANSAC (Fischler, Bolles 1981).
 *
 * One thread of OpenCV, no OpenCL; the same input gives the same bytes. Time is bounded by the
 * counts below. OpenCV allocates by its own allocator while a call lasts, under 8 MB, and keeps
 * nothing. Any thread. */
#ifndef VG_VISION_VIEW_FEATURES_SHIM_H
#define VG_VISION_VIEW_FEATURES_SHIM_H

#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VG_VIEW_CELL_COLUMNS      8
#define VG_VIEW_CELL_ROWS         6
#define VG_VIEW_FEATURES_PER_CELL 10 /* so that a line of text drawn into the picture is few */
#define VG_VIEW_FEATURES_MAX      (VG_VIEW_CELL_COLUMNS * VG_VIEW_CELL_ROWS * VG_VIEW_FEATURES_PER_CELL)
#define VG_VIEW_CODE_BYTES        32

/* The strongest corners of each cell. */
struct vg_view_features {
    uint32_t count;
    float x[VG_VIEW_FEATURES_MAX], y[VG_VIEW_FEATURES_MAX]; /* pixels of the thumb */
    uint8_t code[VG_VIEW_FEATURES_MAX][VG_VIEW_CODE_BYTES];
};

/* Finds the corners of `luma`, VG_VIEW_HEIGHT rows of VG_VIEW_WIDTH bytes, borrowed.
 * VG_E_MEMORY; VG_E_LACK: OpenCV failed. */
enum vg_status vg_view_features_find(const uint8_t *luma,
                                     struct vg_view_features *features) VG_MUST_USE;

struct vg_view_match {
    uint32_t matches;    /* corners of `from` that have one and only one like them in `to` */
    uint32_t inliers;    /* of these, explained by the matrix to 3 pixels; 0: there is none */
    uint32_t cells;      /* of VG_VIEW_CELL_COLUMNS * VG_VIEW_CELL_ROWS, with an inlier in `from` */
    double matrix[3][3]; /* from `from` to `to`, pixels of the thumb; identity without inliers */
    double shift;        /* mean way of the four corners of the picture, in fractions of it */
};

/* What takes `from` to `to`. A model that lives in few cells (text drawn into the picture stays
 * where it is when the camera turns) gives way to one that is spread wider.
 * VG_E_MEMORY; VG_E_LACK: OpenCV failed. */
enum vg_status vg_view_features_match(const struct vg_view_features *from,
                                      const struct vg_view_features *to,
                                      struct vg_view_match *match) VG_MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
