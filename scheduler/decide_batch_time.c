#include "scheduler/decide_batch_time.h"

/* A batch counts half after 33 others: a second or two at work. Tried and left: a pace beside a line
 * of longer memory; when a device slows down its batches grow at the same time, and the slower the
 * line the longer it takes one for the other. */
#define FADE (1.0 - 1.0 / 48)

/* Sizes that differ by less than a tenth of a job tell no line: the root of their variance. */
#define SPREAD_MIN 0.1

void vg_batch_time_draw(struct vg_batch_time *time)
{
    const double spread = time->weight * time->nn - time->n * time->n;
    const double through_0 = time->n > 0 ? time->t / time->n : 0;
    double job = through_0, start = 0;
    if (spread > SPREAD_MIN * SPREAD_MIN * time->weight * time->weight) {
        job = (time->weight * time->nt - time->n * time->t) / spread;
        start = (time->t - job * time->n) / time->weight;
    }
    if (job < 0) { /* noise: all of it is the start */
        job = 0;
        start = time->t / time->weight;
    }
    if (start < 0) {
        start = 0;
        job = time->nt / time->nn;
    }
    time->job_us = (int64_t)(job + 0.5);
    time->start_us = (int64_t)(start + 0.5);
}

void vg_batch_time_note(struct vg_batch_time *time, uint32_t jobs, int64_t us)
{
    if (jobs == 0 || us <= 0)
        return;
    const int64_t expected_us = vg_batch_time_of(time, jobs);
    const double n = jobs, t = (double)(expected_us && us > 4 * expected_us ? 4 * expected_us : us);
    time->weight = time->weight * FADE + 1;
    time->n = time->n * FADE + n;
    time->nn = time->nn * FADE + n * n;
    time->t = time->t * FADE + t;
    time->nt = time->nt * FADE + n * t;
    vg_batch_time_draw(time);
}

int64_t vg_batch_time_of(const struct vg_batch_time *time, uint32_t jobs)
{
    return time->start_us + (int64_t)jobs * time->job_us;
}

int64_t vg_batch_time_job_us(const struct vg_batch_time *time, uint32_t full)
{
    const int64_t n = full ? full : 1;
    const int64_t us = time->job_us + (time->start_us + n / 2) / n;
    return us > 0 || time->weight <= 0 ? us : 1;
}
