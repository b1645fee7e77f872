/* Which of the pictures that wait go into the next batch. Pure. */
#ifndef VG_SCHEDULER_DECIDE_BATCH_H
#define VG_SCHEDULER_DECIDE_BATCH_H

#include <stdint.h>

/* One flux that has a picture waiting. */
struct vg_candidate {
    uint32_t flux;
    uint32_t priority; /* of the configuration: 0 first .. 9 last */
    int64_t due_us;    /* when its picture was wanted */
    int64_t period_us;
};

/* Orders candidates so that the first `most` of them are the batch, and returns how many that
 * is. The one that is latest in relation to its own period, weighted by priority, comes first;
 * ties go to the lower flux. So no flux starves: its lateness grows until it is first. */
uint32_t vg_batch_choose(struct vg_candidate *candidates, uint32_t count, uint32_t most,
                         int64_t now_us);

/* Of a batch of one or more the candidate whose flux brings its next picture first. */
const struct vg_candidate *vg_batch_next(const struct vg_candidate *batch, uint32_t count);

#endif
