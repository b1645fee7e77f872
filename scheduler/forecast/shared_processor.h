/* Some cores that tasks share evenly, on a simulated clock: who runs has all the cores that it can
 * use or, where all together could use more than there are, a part that is the same for all
 * (processor sharing: Kleinrock, "Time-shared systems: a theoretical treatment", 1967).
 *
 * All that runs goes on at one speed, so one clock of work does for all: a task of x that begins when
 * that clock stands at w ends when it stands at w + x, whatever comes and goes meanwhile.
 *
 *   real time   0    1    2    3    4    5      one core
 *   a           |------------------------|      takes 3: alone until 1, then beside b
 *   b                |-------------------|      takes 2
 *   work clock  0    1   1.5   2   2.5   3
 *
 * Memory is taken when it opens; none after. One thread at a time. */
#ifndef VG_FORECAST_SHARED_PROCESSOR_H
#define VG_FORECAST_SHARED_PROCESSOR_H

#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"

#define VG_SHARED_NEVER INT64_MAX

struct vg_shared_processor;

/* cores_milli: thousandths of a core; 0: as many as are used, nobody slows another. tasks: how many
 * there are, named 0 to tasks - 1. VG_E_MEMORY. */
enum vg_status vg_shared_processor_open(struct vg_shared_processor **processor,
                                        uint32_t cores_milli, uint32_t tasks) VG_MUST_USE;
void vg_shared_processor_close(struct vg_shared_processor **processor);

/* A task that does not run begins: it takes work_us when all the cores that it can use are its own.
 * Times never go back. */
struct vg_shared_work {
    int64_t work_us;
    uint32_t cores_milli; /* that it can use */
};
void vg_shared_processor_begin(struct vg_shared_processor *processor, uint32_t task,
                               struct vg_shared_work work, int64_t now_us);

/* It is taken away unfinished; nothing if it does not run. */
void vg_shared_processor_stop(struct vg_shared_processor *processor, uint32_t task, int64_t now_us);

/* When the next task ends if none begins before; VG_SHARED_NEVER: none runs. */
int64_t vg_shared_processor_next_us(const struct vg_shared_processor *processor);

/* At that time: it ends. Returns which; not if none runs. */
uint32_t vg_shared_processor_end(struct vg_shared_processor *processor);

#endif
