/* Writes rows of measures by a thread of its own (row_thread.h): each is put to what stands at its
 * minute, so that a minute may be given in parts, by whatever process. */
#ifndef VG_SCHEDULER_MEASURES_THREAD_H
#define VG_SCHEDULER_MEASURES_THREAD_H

#include "scheduler/row_thread.h"
#include "src/base/measure_row.h"

struct vg_measures_thread;

/* data: data folder, copied. keep_days: 1 and more. VG_E_MEMORY, VG_E_LACK, VG_E_CALL. */
enum vg_status vg_measures_thread_open(struct vg_measures_thread **thread, const char *data,
                                       uint32_t keep_days) VG_MUST_USE;
/* Ends after what was given. */
void vg_measures_thread_close(struct vg_measures_thread **thread);

/* The loop's thread; never waits. place: "" is the whole picture. VG_E_FULL: not taken, as
 * vg_row_thread_give; VG_E_CALL: a name is too long. */
enum vg_status vg_measures_thread_give(struct vg_measures_thread *thread, const char *flux,
                                       const char *place, const char *measure,
                                       const struct vg_measure_row *row,
                                       enum vg_row_need need) VG_MUST_USE;

/* Any thread. */
/* For the watchdog. */
struct vg_beat *vg_measures_thread_beat(struct vg_measures_thread *thread);

struct vg_row_counts vg_measures_thread_counts(const struct vg_measures_thread *thread);

#endif
