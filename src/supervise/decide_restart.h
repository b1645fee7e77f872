/* When a child is unwell, and when one that ended is started again. Pure: the clock is an
 * argument, so a week of crashes is an ordinary test.
 *
 * A child has one `struct vg_restart`; the supervisor reports what happened to it (start, sign,
 * up, end) and asks what is to be done.
 *
 *   waiting --due--> starting --up--> up
 *      ^                |              |
 *      +------ end -----+-- end -------+      (unwell: killed first, then end)
 */
#ifndef VG_SUPERVISE_DECIDE_RESTART_H
#define VG_SUPERVISE_DECIDE_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/clock.h"

#define VG_RESTART_DELAY_US_LEAST INT64_C(200000)
#define VG_RESTART_DELAY_US_MOST \
    INT64_C(1600000) /* with a start, flux are away for less than 3 s */
/* of a part that refuses what it is given: that is over when somebody repaired it, not by trying */
#define VG_RESTART_REFUSED_US_MOST INT64_C(12800000)
/* A life this long forgets the failures: shorter than an ingest process lives that a driver hangs again
 * right after the ladder's first back-off, so that its flux do not pay for two back-offs at once. */
#define VG_RESTART_STABLE_US    INT64_C(10000000)
#define VG_RESTART_SILENT_US    INT64_C(10000000)
#define VG_RESTART_START_US     INT64_C(60000000) /* to the first "alive": kernels may compile */
#define VG_RESTART_LOOK_LATE_US INT64_C(2000000)

enum vg_part_state {
    VG_PART_WAITING,  /* for its next start; the first one is due at once */
    VG_PART_STARTING, /* running, not known to be up yet */
    VG_PART_UP,
    VG_PART_STOPPED /* ended on purpose, and not to be started again */
};
const char *vg_part_state_name(enum vg_part_state state); /* "waiting"; static */

struct vg_restart {
    enum vg_part_state state;
    struct vg_mono_time started; /* last start */
    struct vg_mono_time sign;    /* last sign of life */
    struct vg_mono_time due;     /* waiting: time of the next start */
    uint32_t failures;           /* ends in a row without a stable life */
    uint32_t starts;             /* since the supervisor runs; restarts = starts - 1 */
    bool refused;                /* how the last life ended; until one is up */
    bool news;                   /* came while it was starting: it may refuse what was before */
};

/* How a child ended, or why it has to. */
enum vg_end_cause {
    VG_END_NONE,
    VG_END_EXIT,     /* by itself, with a code */
    VG_END_REFUSED,  /* by itself: it refuses its call, its model, its configuration */
    VG_END_SIGNAL,   /* by a signal that the supervisor did not send */
    VG_END_SILENT,   /* no sign of life in time: killed */
    VG_END_START,    /* not up in time: killed */
    VG_END_NONSENSE, /* its messages were not such: killed */
    VG_END_SPAWN,    /* could not be started at all */
    VG_END_PLANNED   /* stopped on purpose, to start with other settings */
};
const char *vg_end_cause_name(enum vg_end_cause cause); /* "silent"; static */
const char *vg_end_cause_text(enum vg_end_cause cause); /* msgid for a person; static */

void vg_restart_init(struct vg_restart *restart, struct vg_mono_time now);

/* Milliseconds are not spared: 0.2, 0.4, 0.8, 1.6, 1.6, ... s after the n-th failure in a row
 * (n from 1); where it was refused 0.2, 0.4, ... 6.4, 12.8, 12.8 s. */
int64_t vg_restart_delay_us(uint32_t failures, enum vg_end_cause cause);

/* What happened. A sign is any sign of life; up is the first whole one ("alive", PONG). */
void vg_restart_on_start(struct vg_restart *restart, struct vg_mono_time now);
void vg_restart_on_sign(struct vg_restart *restart, struct vg_mono_time now);
void vg_restart_on_up(struct vg_restart *restart, struct vg_mono_time now);
/* Sets the time of the next start; planned: at once, and not counted as a failure. */
void vg_restart_on_end(struct vg_restart *restart, enum vg_end_cause cause,
                       struct vg_mono_time now);
void vg_restart_on_stop(struct vg_restart *restart);
/* What it is given is another now: a part that refused and waits is started at once, its refusals
 * forgotten; so is one that is starting, if it refuses. */
void vg_restart_on_news(struct vg_restart *restart, struct vg_mono_time now);

/* Microseconds until the next start; 0: now; -1: none is to be made. */
int64_t vg_restart_due_us(const struct vg_restart *restart, struct vg_mono_time now);

/* VG_END_SILENT or VG_END_START if the child has to be killed, else VG_END_NONE. last_look: when
 * this was last asked. After a gap of VG_RESTART_LOOK_LATE_US the supervisor itself has slept:
 * it blames nobody until it has heard its children. */
enum vg_end_cause vg_restart_unwell(const struct vg_restart *restart, struct vg_mono_time last_look,
                                    struct vg_mono_time now);

#endif
