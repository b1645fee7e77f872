/* What the device thread does about still scenes (still_gate.h): a run of the device in which some
 * pictures may be still is made in two steps, their maps first. */
#ifndef VG_SCHEDULER_DEVICE_GATE_H
#define VG_SCHEDULER_DEVICE_GATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "scheduler/device_unit.h"
#include "scheduler/live_work.h"

/* The loop's, of a work with its flux, picture and time, before the batch goes: whether it can be
 * still. */
void vg_device_gate_begin(struct vg_live_work *work);

/* Whether the batch is still the device thread's: one that was given up while its driver hung may
 * come back to life when its flux are another device's. */
struct vg_device_gate_hold {
    pthread_mutex_t *lock; /* of `given_up` */
    const bool *given_up;
};

/* Runs `count` jobs of the batch from `first` on, and counts those that went through the net. hold:
 * NULL: it is never given up. */
enum vg_status vg_device_gate_run(const struct vg_device_unit *unit, struct vg_live_batch *batch,
                                  uint32_t first, uint32_t count,
                                  const struct vg_device_gate_hold *hold) VG_MUST_USE;

/* After the batch was answered: a still picture is given the answer of the last one detected, that of
 * another one is kept for the next. */
void vg_device_gate_end(struct vg_live_work *work, struct vg_answer *answer);

/* Device time of the work, its looks included, of a batch that was answered. */
int64_t vg_device_gate_us(const struct vg_live_work *work);

/* The same of all jobs that went through the net, with their maps. */
int64_t vg_device_gate_through_us(const struct vg_live_batch *batch);

#endif
