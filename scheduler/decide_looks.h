/* How many second looks the device has time for, and which of those wished for are made. Pure.
 *
 * A look takes as long as a picture, so whoever wishes must never keep a camera waiting: looks are
 * paid from what the device was idle. */
#ifndef VG_SCHEDULER_DECIDE_LOOKS_H
#define VG_SCHEDULER_DECIDE_LOOKS_H

#include <stdint.h>

/* Of the idle time a tenth of all is left alone, for what comes unforeseen; what is saved is a
 * second at most: a quiet night does not pay for the rush of a morning. */
#define VG_LOOKS_SPARE_PART    10
#define VG_LOOKS_CREDIT_US_MAX 1000000

/* The device's time that looks may take. Zeroed: none yet. */
struct vg_looks_credit {
    int64_t now_us, busy_us; /* as last told */
    int64_t left_us;         /* below 0: more was taken than there was */
};

/* Told whenever a batch is made: the time, and how long the device has been busy since its start.
 * A clock that goes back brings nothing. */
void vg_looks_credit_tell(struct vg_looks_credit *credit, int64_t now_us, int64_t busy_us);

struct vg_looks_load {
    int64_t credit_us;
    int64_t look_us;   /* what a job takes, as measured; 0: not known yet */
    int64_t late_us;   /* how long the picture has waited whose flux brings the next one first */
    int64_t period_us; /* of that flux */
    uint32_t pictures; /* of the batch */
    uint32_t places;   /* jobs for which the batch has room beside these pictures */
};

/* How many may be made: as many as are paid for, and as are done before the next picture of the
 * flux is there. None in overload, that is, when that one is there already. */
uint32_t vg_looks_room(const struct vg_looks_load *load);

/* Indices of the worthiest, at most `most`, by falling worth, of equal ones the first; a worth
 * that is no number is none. chosen: room for `most`. Returns how many. */
uint32_t vg_looks_choose(const float *worth, uint32_t count, uint32_t most, uint32_t *chosen);

#endif
