/* How map_flow's memory lies and which launches make a flow, for whoever runs the kernel or its
 * twin.
 *
 *   scratch, for each level:  | pixels of before, now | lean pixels of both | found of both ways |
 *   each part starts at a multiple of 64 bytes; level 0 has no pixels of its own
 *   out:                      | flow_x | flow_y | sure |
 *
 * Nothing in the scratch is kept from one picture to the next. Pure, any thread. */
#ifndef VG_KERNELS_FLOW_LAYOUT_H
#define VG_KERNELS_FLOW_LAYOUT_H

#include <stddef.h>

#include "kernels/kernel_sizes.h"

#define VG_FLOW_SIDE_MAX      192
#define VG_FLOW_SCRATCH_BYTES (200 * 1024) /* is enough for 192 x 192 */
#define VG_FLOW_LAUNCHES      (VG_FLOW_LEVELS + 3)

/* Everything but step, at and each, for maps of width x height (1 to VG_FLOW_SIDE_MAX each); the
 * maps at 0 and the results one behind the other from 0. Returns the bytes of the scratch. */
size_t vg_flow_layout(vg_i32 width, vg_i32 height, struct vg_flow_sizes *sizes);

/* Bytes of the results by that layout. */
size_t vg_flow_out_bytes(const struct vg_flow_sizes *sizes);

enum vg_flow_form {
    VG_FLOW_ROWS,  /* a work-item a row of cells: for CPUs */
    VG_FLOW_SPREAD /* a work-item a cell: for GPUs */
};

/* Turns *sizes into launch `index` of VG_FLOW_LAUNCHES; the work is global[2], in groups of one
 * work-item or any more. */
void vg_flow_launch(struct vg_flow_sizes *sizes, vg_i32 index, enum vg_flow_form form,
                    size_t global[2]);

#endif
