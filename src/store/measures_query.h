/* Asks for curves of what was measured: a flux, a span of time, a step. A step in which nothing
 * was measured has no point: gaps stay gaps. */
#ifndef VG_STORE_MEASURES_QUERY_H
#define VG_STORE_MEASURES_QUERY_H

#include "src/base/clock.h"
#include "src/store/measures_file.h"

#define VG_MEASURES_POINTS_MAX 10000 /* steps times curves of an answer */

struct vg_measures_ask {
    const char *data, *flux;      /* borrowed */
    const char *place, *measure;  /* borrowed; NULL: all of them */
    struct vg_wall_time from, to; /* widened to whole steps of UTC; `to` ends at now */
    int64_t step;                 /* minutes, 1 and more */
    struct vg_wall_time now;
};

struct vg_measures_line {
    struct vg_measures_curve of;
    struct vg_measure_row *row; /* step_count of them; of the answer's room */
};

struct vg_measures_answer {
    struct vg_wall_time from, to; /* what is answered */
    int64_t step;
    size_t step_count;
    uint32_t line_count; /* in the order in which they began to be measured */
    struct vg_measures_line line[VG_MEASURES_CURVES_MAX];
    uint64_t damaged; /* minutes, curves and files that could not be read */
    struct vg_measure_row *room;
};

/* *answer given. VG_E_CALL: from is not before to, or more than VG_MEASURES_POINTS_MAX points, or
 * VG_MEASURES_CURVES_MAX curves; place: "from" or "step". VG_E_MEMORY; VG_E_IO as of the files.
 * Nothing written: an answer without lines. */
enum vg_status vg_measures_query(const struct vg_measures_ask *ask,
                                 struct vg_measures_answer **answer,
                                 struct vg_fault *fault) VG_MUST_USE;
void vg_measures_answer_free(struct vg_measures_answer **answer);

#endif
