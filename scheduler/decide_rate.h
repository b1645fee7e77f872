/* Which pictures of a flux are looked at: those that keep its rate. Pure functions of state and
 * time; the same code runs live, in batch and in simulations. */
#ifndef VG_SCHEDULER_DECIDE_RATE_H
#define VG_SCHEDULER_DECIDE_RATE_H

#include <stdbool.h>
#include <stdint.h>

/* The due times of a flux: a grid of one period, in whichever time the caller keeps (media time
 * in batch, monotonic time live). Zeroed: nothing was wanted yet. */
struct vg_rate {
    int64_t period_us; /* 0: every picture */
    int64_t due_us;    /* the next picture wanted is the first one at or after it */
    bool started;
};

/* fps 0: every picture. */
struct vg_rate vg_rate_of(double fps);

/* A picture of time t is there: is it wanted? If so the due time moves on by whole periods,
 * past t, so that the mean rate is kept whatever the source's own rhythm (25 fps thinned to 5
 * stays 5). A gap in the source does not make up for lost pictures. */
bool vg_rate_wants(struct vg_rate *rate, int64_t t_us);

/* When the picture after the one of due_us is wanted: a period later. Periods that are over already
 * are left out, a gap is not made up for; the flux keeps its own moments in the second, since
 * cameras that came back together would else be asked together ever after. period_us > 0. */
int64_t vg_rate_next_us(int64_t due_us, int64_t period_us, int64_t now_us);

/* When the first picture is wanted of the flux at that place of the table, which begins now: within
 * its first period, each place at a moment of its own, so that all flux of a configuration spread
 * evenly over it whatever their number (steps of the golden section). */
int64_t vg_rate_begin_us(uint32_t place, int64_t period_us, int64_t now_us);

/* When the picture that was wanted at due_us is wanted now that the period is another one: what was
 * left of the old period, or is over, in the measure of the new one. Rates change for many flux at
 * one moment; if due times were kept, or began anew, all of them would gather behind it: p99 nearly
 * doubled within an hour of simulated time. Both periods > 0. */
int64_t vg_rate_change_us(int64_t due_us, int64_t old_us, int64_t new_us, int64_t now_us);

/* The rate a flux is analysed at: what was asked for, but never below the floor that its
 * active events need, nor above what the source gives (0: not known). */
double vg_rate_choose(double wanted_fps, double floor_fps, double source_fps);

#endif
