/* Candidates in their order, and suppression of doubles: of two boxes of one class that overlap
 * by more than a limit, the lesser goes. The order is falling score, then cell, then the net's
 * class: it has no ties, so nothing here depends on the order in which a device found them.
 * Pure, no allocation, any thread. */
#ifndef VG_ENGINE_NMS_H
#define VG_ENGINE_NMS_H

#include <stdint.h>

#include "kernels/kernel_sizes.h"

#define VG_NMS_KEPT_MAX 1024

/* Keeps greedily from the first of `count` candidates, VG_NMS_KEPT_MAX at most: one is dropped
 * when its IoU with a kept one of the same class_id is over `limit`. The kept ones then stand in
 * front, in order; returns how many. *left: the candidates behind the last that found a place
 * in a full answer, which are looked at no more; 0 while there was room.
 * Time: count * log(count), and for each one looked at the kept ones of its class. */
uint32_t vg_nms_first(struct vg_candidate *candidates, uint32_t count, float limit, uint32_t *left);

/* The same where no one asks what was left. */
uint32_t vg_nms(struct vg_candidate *candidates, uint32_t count, float limit);

/* Adds one to `best`, which holds *held of `room` (1 or more) in no order; a full one gives up
 * its last for a candidate that comes before it. Nothing else may move what `best` holds between
 * two additions. */
void vg_strongest_add(struct vg_candidate *best, uint32_t *held, uint32_t room,
                      const struct vg_candidate *more);

#endif
