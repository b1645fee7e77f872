/* Where a job's picture goes in the net's input, and where boxes come back. Pure, any thread.
 *
 *   picture -> region -> turned clockwise -> scaled to fit, aspect kept -> centred, fill around */
#ifndef VG_ENGINE_LETTERBOX_H
#define VG_ENGINE_LETTERBOX_H

#include <stdint.h>

#include "kernels/kernel_sizes.h"
#include "src/base/attr.h"
#include "src/base/geometry.h"
#include "src/base/status.h"
#include "src/engine/engine.h"
#include "src/media/picture.h"

struct vg_letterbox {
    uint32_t left, top, width, height; /* the region, whole pixels of the picture */
    enum vg_rotation rotation;
    uint32_t inner_left, inner_top, inner_width, inner_height; /* pixels of the input */
    double step_x, step_y; /* pixels of the turned region for one of the input */
    /* what is brought to the device: the region, widened to whole chroma pairs */
    uint32_t staged_left, staged_top, staged_width, staged_height;
};

/* job's region is rounded to whole pixels and clipped to the picture; zero size: the whole.
 * scale = min(width / w, height / h) of the turned region; inner size rounded, at least 1;
 * what is left over is split, the odd pixel to the right and below, or all on the right and below
 * where the anchor is the corner.
 * VG_E_CALL when the region lies outside the picture or the rotation is none. */
enum vg_status vg_letterbox_make(const struct vg_job *job, struct vg_size input,
                                 enum vg_anchor anchor, struct vg_letterbox *box) VG_MUST_USE;

/* Bytes of the staged pixels: luma, then chroma. */
uint64_t vg_letterbox_bytes(const struct vg_letterbox *box);

/* The job as the device sees it, its staged pixels beginning at byte `first`. Colours:
 * ITU-R BT.601-7 and BT.709-6, limited (16..235, 16..240) or full range. */
struct vg_device_job vg_letterbox_job(const struct vg_letterbox *box,
                                      const struct vg_picture *picture, uint32_t first,
                                      float threshold);

/* A box of the input (corners, input pixels) in pixels of the picture, clipped to the region. */
struct vg_box vg_letterbox_back(const struct vg_letterbox *box, const struct vg_candidate *found);

#endif
