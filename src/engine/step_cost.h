/* What a step of a plan is called, and what it costs at the least: for profiles and the tuner.
 * Pure. */
#ifndef VG_ENGINE_STEP_COST_H
#define VG_ENGINE_STEP_COST_H

#include <stdint.h>

#include "src/engine/plan.h"
#include "src/engine/profile.h"

/* Name, kernel, operations and bytes of step `index` for `pictures` pictures; time 0.
 *
 * name        "conv 3x3/1 128>128 52x52 wino 13x2": operator, window/stride, channels, size of the
 *             output, variant
 * operations  those of the direct convolution, whatever the kernel does: a multiply-add is two; of
 *             Winograd in two kernels all at the second one
 * needed      those that the kernel cannot do without, in float ones: of Winograd the products of
 *             the tiles, of bytes a quarter where the processor has dot products (depthwise ones
 *             are made in floats: all of them)
 * bytes       each tensor once and the packed weights once */
void vg_step_cost(const struct vg_plan *plan, uint32_t index, uint32_t pictures,
                  struct vg_step_time *time);

#endif
