/* Writes the rows of the ledger of coverage: what the loop gives goes through a bounded ring to a
 * thread of its own, since a disk may stall for seconds. A row that another process, or the time
 * before the clock was set back, left at the same minute is read first and goes on (row_join).
 *
 * A closed minute is synced; the running one is written again and again and is not: a power cut
 * loses it, a kill only what was not given yet. Rows that find no place in the ring (the disk
 * stalled for minutes) or none on the disk are counted and logged once per while; analysis goes
 * on. Days that are too old are removed once a day. */
#ifndef VG_SCHEDULER_COVERAGE_THREAD_H
#define VG_SCHEDULER_COVERAGE_THREAD_H

#include "src/base/attr.h"
#include "src/base/coverage.h"
#include "src/base/fault.h"

struct vg_coverage_thread;

/* data: data folder, copied. keep_days: 1 and more. VG_E_MEMORY, VG_E_LACK, VG_E_CALL. */
enum vg_status vg_coverage_thread_open(struct vg_coverage_thread **thread, const char *data,
                                       uint32_t keep_days) VG_MUST_USE;
/* Ends after what was given. */
void vg_coverage_thread_close(struct vg_coverage_thread **thread);

enum vg_coverage_state {
    VG_COVERAGE_RUNNING, /* a better one follows: given up when the ring is not nearly empty */
    VG_COVERAGE_CLOSED
};

/* The loop's thread; never waits. number: the same for one row given again, another for each row
 * (over all flux and all their lives in this process). */
void vg_coverage_thread_give(struct vg_coverage_thread *thread, const char *flux, uint64_t number,
                             const struct vg_coverage_row *row, enum vg_coverage_state state);

/* Rows, since the start; any thread. */
struct vg_coverage_counts {
    uint64_t written, failed;
    uint64_t dropped; /* no place in the ring */
};
struct vg_coverage_counts vg_coverage_thread_counts(const struct vg_coverage_thread *thread);

#endif
