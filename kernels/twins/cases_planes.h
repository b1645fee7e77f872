/* Tensors of the families of convolutions: planes with any halo, in blocks of any width. */
#ifndef VG_KERNELS_TWINS_CASES_PLANES_H
#define VG_KERNELS_TWINS_CASES_PLANES_H

#include "kernels/twins/cases_make.h"

struct vg_case_planes {
    vg_i32 width, height, pixel, blocks;
    struct vg_halo halo;
    vg_i32 before, after; /* blocks of others, beside */
};

/* Floats of a guard, the pictures, a guard; *area says where they lie. */
size_t vg_case_planes_place(const struct vg_case_planes *p, vg_i32 pictures, struct vg_area *area);

/* Random values of the run's amplitude inside the channel that lies `lane` from area->first; zeros
 * in its halo. */
void vg_case_channel_fill(const struct vg_case_run *run, float *data,
                          const struct vg_case_planes *p, const struct vg_area *area,
                          vg_i32 picture, vg_i32 lane, struct vg_random *random);

/* The second tensor of a convolution, x2_width x x2_height and y_channels of *s, with guards
 * around; without any pixel where nothing is added. Fills s->x2. NULL: no memory. */
struct vg_case_buffer *vg_case_addend_add(struct vg_case_run *run, struct vg_conv_sizes *s,
                                          const struct vg_conv_build *build,
                                          struct vg_random *random);

/* y of a convolution, guards in all of it, with a halo of any width: fills s->halo and s->y. NULL:
 * no memory. */
struct vg_case_buffer *vg_case_conv_output_add(struct vg_case_run *run, struct vg_conv_sizes *s,
                                               vg_i32 block, struct vg_random *random);

#endif
