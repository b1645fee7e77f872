/* What the loop tells of its device for admission (admission_model.h): the line of its batches over
 * about a minute, kept while there is nothing to do; what a picture of each flux costs. */
#ifndef VG_SCHEDULER_LIVE_CAPACITY_H
#define VG_SCHEDULER_LIVE_CAPACITY_H

#include "scheduler/admission_model.h"
#include "scheduler/decide_batch_time.h"
#include "scheduler/live_metrics.h"

/* So many batches are waited for: the first ones are slow. */
#define VG_CAPACITY_BATCHES_MIN 24

/* Zeroed: nothing is known. */
struct vg_live_capacity {
    struct vg_batch_time minute;
    struct vg_batch_sums before; /* that are in it already */
    int64_t step_us;             /* the last one */
    struct vg_admission_model model;
    char text[VG_ADMISSION_TEXT_MAX];
};

/* Takes in the batches since the last step, and writes the text anew, once a second: its length; 0:
 * it is not time yet. view: flux and what their slots say; job_us: what a job usually counts. */
size_t vg_live_capacity_step(struct vg_live_capacity *capacity, const struct vg_live_totals *totals,
                             const struct vg_live_view *view, uint32_t count, double job_us,
                             int64_t now_us);

#endif
