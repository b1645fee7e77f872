/* Asks the ledger of coverage: a flux, a span of time, a step. Rows follow each other on the wall
 * clock; what lies between two of them (Vigie did not run) is `down`, or `off` after an end in
 * `off`; so is what lies between the last one and now. Before the first row nothing is known of
 * the flux: that is no nominal time. */
#ifndef VG_STORE_COVERAGE_QUERY_H
#define VG_STORE_COVERAGE_QUERY_H

#include "src/base/clock.h"
#include "src/store/coverage_file.h"

#define VG_COVERAGE_ITEMS_MAX 3000
#define VG_COVERAGE_GAPS_MAX  1000
/* What is younger may still be on its way to the file. */
#define VG_COVERAGE_GRACE_US (15 * VG_US_PER_S)

enum vg_coverage_step { /* in minutes; steps of UTC */
    VG_COVERAGE_BY_MINUTE = 1,
    VG_COVERAGE_BY_HOUR = 60,
    VG_COVERAGE_BY_DAY = VG_COVERAGE_DAY_MINUTE
};
const char *vg_coverage_step_name(enum vg_coverage_step step); /* "hour" */
/* Returns 0, or -1 when `name` is none of them. */
int vg_coverage_step_parse(const char *name, enum vg_coverage_step *step);

struct vg_coverage_ask {
    const char *data, *flux;      /* borrowed */
    struct vg_wall_time from, to; /* widened to whole steps; `to` ends at now */
    enum vg_coverage_step step;
    struct vg_wall_time now;
    int64_t gap_us; /* gaps at least that long are listed; at least a minute, 0: a minute */
};

struct vg_coverage_item {
    int64_t minute; /* the first of its step */
    int64_t part_us[VG_COVERAGE_CAUSES];
    uint64_t wanted, analysed; /* pictures */
    bool stepped;              /* the clock was set in it */
};

/* Time that was not analysed, of one cause and without a break. */
struct vg_coverage_gap {
    struct vg_wall_time begin, end;
    enum vg_coverage_cause cause;
};

struct vg_coverage_answer {
    struct vg_wall_time from, to; /* what is answered */
    enum vg_coverage_step step;
    struct vg_coverage_item sum; /* of all items */
    struct vg_coverage_item *item;
    size_t count;
    struct vg_coverage_gap *gap; /* the first VG_COVERAGE_GAPS_MAX */
    size_t gap_count;
    uint64_t gaps_left_out;
    uint64_t damaged; /* minutes whose record could not be read: counted as `down` */
};

/* *answer given. VG_E_CALL: from is not before to, or more than VG_COVERAGE_ITEMS_MAX items;
 * VG_E_MEMORY; VG_E_IO, VG_E_INPUT as of the files. Nothing written: an answer without time. */
enum vg_status vg_coverage_query(const struct vg_coverage_ask *ask,
                                 struct vg_coverage_answer **answer,
                                 struct vg_fault *fault) VG_MUST_USE;
void vg_coverage_answer_free(struct vg_coverage_answer **answer);

#endif
