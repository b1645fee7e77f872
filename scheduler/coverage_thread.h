/* Writes the rows of the ledger of coverage by a thread of its own (row_thread.h). A row that
 * another process, or the time before the clock was set back, left at the same minute is read
 * first and goes on (row_join).
 *
 * A closed minute is synced; the running one is written again and again and is not: a power cut
 * loses it, a kill only what was not given yet. A minute that finds no place reads as down. */
#ifndef VG_SCHEDULER_COVERAGE_THREAD_H
#define VG_SCHEDULER_COVERAGE_THREAD_H

#include "scheduler/row_thread.h"
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

/* Any thread. */
/* For the watchdog. */
struct vg_beat *vg_coverage_thread_beat(struct vg_coverage_thread *thread);

struct vg_row_counts vg_coverage_thread_counts(const struct vg_coverage_thread *thread);

#endif
