/* Twin of kernels/persistent.cl: what its launch must have done, whatever the workers did when. */
#ifndef VG_KERNELS_PERSISTENT_TWIN_H
#define VG_KERNELS_PERSISTENT_TWIN_H

#include "kernels/kernel_sizes.h"

/* Items of a step for so many pictures. */
vg_i32 vg_twin_persistent_items(const struct vg_persistent_step *step, vg_i32 pictures);

/* How often each item is run by a launch: adds to count, where the items of all steps lie in a row,
 * those of a step `apart` after those of the one before. */
void vg_twin_persistent(const struct vg_persistent_step *steps, const struct vg_persistent_run *run,
                        vg_i32 apart, vg_i32 *count);

#endif
