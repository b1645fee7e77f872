/* How long a device takes for a batch of n jobs: start + n x job, learnt from the batches it ran.
 * Least squares with a fading memory, so that a device that slows down with heat or with another
 * load is followed. Pure, no allocation.
 *
 * Where all batches were of one size no line can be told from the points: then nothing is taken for
 * the start, so that nobody waits for a gain that was not measured. */
#ifndef VG_SCHEDULER_DECIDE_BATCH_TIME_H
#define VG_SCHEDULER_DECIDE_BATCH_TIME_H

#include <stdint.h>

/* Zeroed: nothing is known. */
struct vg_batch_time {
    double weight, n, nn, t, nt; /* fading sums over batches: 1, jobs, jobs^2, us, jobs x us */
    int64_t start_us, job_us;    /* the line; neither is below 0 */
};

/* A batch of so many jobs took so long. One that took more than four times what was expected (the
 * device was stopped, or lent to somebody) counts as four times. */
void vg_batch_time_note(struct vg_batch_time *time, uint32_t jobs, int64_t us);

/* Draws the line anew: the sums were filled in by the caller. */
void vg_batch_time_draw(struct vg_batch_time *time);

/* What a batch of so many jobs will take; 0 while nothing is known. */
int64_t vg_batch_time_of(const struct vg_batch_time *time, uint32_t jobs);

/* What a job takes of a device whose batches have `full` jobs. A device that has little to do runs
 * small batches, in which a job costs more: shared out by that, rates would fall to what small
 * batches can do, and batches would never fill. At least 1 once something is known. */
int64_t vg_batch_time_job_us(const struct vg_batch_time *time, uint32_t full);

#endif
