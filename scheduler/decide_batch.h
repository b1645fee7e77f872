/* Which of the pictures that wait go into the next batch, and when it goes. Pure.
 *
 * The earliest deadline goes first. A deadline stands from the moment at which the flux began to
 * wait: one that waits is overtaken by each other flux once at most, however many there are and
 * whatever they bring. So a picture that was not in time is in the batch at the latest after what
 * the device has begun, and one picture of each other flux (test_batch_plan). */
#ifndef VG_SCHEDULER_DECIDE_BATCH_H
#define VG_SCHEDULER_DECIDE_BATCH_H

#include <stdint.h>

#include "scheduler/decide_batch_time.h"
#include "scheduler/decide_share.h"

/* What a calm flux of priority 5 and five pictures a second allows between its picture and the
 * answer; a third of what an alert is promised in. */
#define VG_BATCH_ALLOWED_US (VG_US_PER_S / 5)
#define VG_BATCH_NEVER      INT64_MAX

/* One flux that has a picture waiting. */
struct vg_candidate {
    uint32_t flux;
    uint32_t priority; /* of the configuration: 0 first .. 9 last */
    int64_t due_us;    /* since when a picture of it waits */
    int64_t period_us;
    enum vg_stir stir;
    int64_t deadline_us; /* set by vg_batch_choose */
};

/* How long a picture may take: the period or VG_BATCH_ALLOWED_US, whichever is less, times a half
 * (first priority) to 1.4 (last); with an armed rule three quarters of it, with an alert half. */
int64_t vg_batch_allowed_us(int64_t period_us, uint32_t priority, enum vg_stir stir);

/* Orders candidates so that the first `most` of them are the batch, and returns how many that
 * is: by deadline; ties go to the lower flux. */
uint32_t vg_batch_choose(struct vg_candidate *candidates, uint32_t count, uint32_t most);

/* Of a batch of one or more the candidate whose flux brings its next picture first. */
const struct vg_candidate *vg_batch_next(const struct vg_candidate *batch, uint32_t count);

/* The device that a batch is for. */
struct vg_batch_device {
    uint32_t most;   /* pictures in a batch */
    int64_t free_us; /* when it has done what it was given, by `time`; not after now: it idles */
    int64_t next_us; /* when the next picture is due of a flux that neither waits nor is under way;
                        VG_BATCH_NEVER: of none */
    struct vg_batch_time time;
};

struct vg_batch_plan {
    uint32_t count;  /* the first so many candidates go now; 0: none does */
    int64_t look_us; /* then the time to ask again, if no picture and no answer comes before;
                        VG_BATCH_NEVER: no need to */
};

/* Orders the candidates and says how many go now. A batch that is not full waits if a fuller one
 * pays (a start costs a twentieth of a job at least), as long as the earliest deadline allows:
 *
 *   behind a batch that runs   until that one is nearly done: it costs nothing
 *   before an idle device      as long as a start takes, since the first one waits, and only for a
 *                              picture that is due by then: what is lost is never more than was
 *                              there to gain (ski rental)
 *
 * Where starting costs nothing nobody waits. All go that have a place, even where the first deadline
 * would allow fewer only: small batches would show a start that was not known of as dearer jobs, for
 * which there would be time in smaller batches still. */
struct vg_batch_plan vg_batch_plan(struct vg_candidate *candidates, uint32_t count,
                                   const struct vg_batch_device *device, int64_t now_us);

#endif
