/* Suppression of doubles: of two boxes of one class that overlap by more than a limit, the one
 * with the lower score goes. Pure, no allocation, any thread. */
#ifndef VG_ENGINE_NMS_H
#define VG_ENGINE_NMS_H

#include <stdint.h>

#include "kernels/kernel_sizes.h"

/* Sorts `count` candidates by falling score, then cell, then the net's class (an order without
 * ties, so that the order in which a device found them does not show), and keeps greedily from
 * the first: one is dropped when its IoU with a kept one of the same class_id is over `limit`.
 * The kept ones stand in front, sorted; returns how many. */
uint32_t vg_nms(struct vg_candidate *candidates, uint32_t count, float limit);

#endif
