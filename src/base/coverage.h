/* The ledger of coverage: how much of a flux's time was really analysed, and why not the rest.
 *
 * Time is a line that is divided: at each instant a flux is in exactly one cause, and a row says
 * how many microseconds of its minute fell to each. Minutes are named by the wall clock (UTC);
 * lengths are of the clock that never steps. What a row of one minute holds:
 *
 *   minute          begin_us                                            next minute
 *   |--- not ours ---|-- head_us of first --| ... |-- tail_us of last --|-- not yet --|
 *
 * Pure; any thread. */
#ifndef VG_BASE_COVERAGE_H
#define VG_BASE_COVERAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/attr.h"

/* In the order in which files keep them: append only, and then it is another version there. */
enum vg_coverage_cause {
    VG_COVERAGE_ANALYSED, /* a picture that was analysed covers it */
    VG_COVERAGE_LOST,     /* no source: not reached, connecting, lost, or no picture comes */
    VG_COVERAGE_DECODER,  /* the decoder refuses */
    VG_COVERAGE_KEYS,     /* only key frames are decoded, and more was wanted */
    VG_COVERAGE_OVERLOAD, /* pictures came and there was no time for them */
    VG_COVERAGE_CORRUPT,  /* pictures came damaged */
    VG_COVERAGE_VIEW,     /* analysed, but the view was black, frozen, masked, blurred or moved */
    VG_COVERAGE_STOPPED,  /* by the stop file or the authorisation */
    VG_COVERAGE_DOWN,     /* Vigie did not run */
    VG_COVERAGE_OFF,      /* switched off: the one that is no nominal time */
    VG_COVERAGE_CAUSES
};

/* "analysed", static; never NULL. */
const char *vg_coverage_cause_name(enum vg_coverage_cause cause);

#define VG_COVERAGE_MINUTE_US  INT64_C(60000000)
#define VG_COVERAGE_DAY_MINUTE 1440

/* Of the wall time, minutes since 1970-01-01 UTC; floors, before 1970 too. */
int64_t vg_coverage_minute_of(int64_t wall_us);

struct vg_coverage_row {
    int64_t minute;    /* since 1970-01-01 UTC */
    uint32_t begin_us; /* where in the minute the row begins, below a minute */
    bool stepped;      /* the clock was set within it, or before it: it may be short, or longer
                          than a minute, and a gap before it is no time that passed */
    enum vg_coverage_cause first, last; /* of its beginning and of its end; last may have no time */
    uint32_t head_us, tail_us;          /* how long these held without a break */
    uint32_t part_us[VG_COVERAGE_CAUSES];
    uint32_t wanted, analysed; /* pictures */
};

void vg_coverage_row_init(struct vg_coverage_row *row, int64_t minute, uint32_t begin_us);

/* `us` more of the cause at the row's end; 0 only changes `last`. A part ends at UINT32_MAX. */
void vg_coverage_row_add(struct vg_coverage_row *row, enum vg_coverage_cause cause, uint32_t us);

/* Sum of all parts; of all but `off`. */
int64_t vg_coverage_row_sum(const struct vg_coverage_row *row);
int64_t vg_coverage_row_nominal(const struct vg_coverage_row *row);

/* Puts `later` behind a row of the same minute (written before a restart, or before the clock
 * was set back). The time between them is off after an end in `off`, else down; after a step of
 * the clock it is none. */
void vg_coverage_row_join(struct vg_coverage_row *row, const struct vg_coverage_row *later);

/* Numbers to show: the parts in units of `unit_us`, rounded by largest remainder so that they add
 * up to the rounded sum. `off` is rounded by itself and not in the sum. Returns the sum.
 * Source: Hamilton's method; between equal remainders the first cause wins. */
int64_t vg_coverage_round(const int64_t part_us[VG_COVERAGE_CAUSES], int64_t unit_us,
                          int64_t shown[VG_COVERAGE_CAUSES]);

/* The share analysed of the nominal time in hundredths of a percent, rounded down: 10000 is all
 * of it. -1: there is no nominal time. */
int64_t vg_coverage_share(const int64_t part_us[VG_COVERAGE_CAUSES]);

#endif
