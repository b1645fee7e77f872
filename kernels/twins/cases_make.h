/* For the families of cases (cases_*.c): a family is its rows and the function that makes one
 * real; the rest here makes guarded buffers in the blocked layout. */
#ifndef VG_KERNELS_TWINS_CASES_MAKE_H
#define VG_KERNELS_TWINS_CASES_MAKE_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/twins/cases.h"
#include "src/base/random.h"

#define VG_CASE_GUARD_FLOATS 64
#define VG_CASE_GUARD_WORD   0x7fbadbadu /* not a number: whatever reads it by mistake shows */

struct vg_case_family {
    const struct vg_kernel_case *row;
    size_t count;
    enum vg_status (*make)(struct vg_case_run *run, struct vg_random *random);
};
extern const struct vg_case_family vg_cases_conv, vg_cases_depthwise, vg_cases_map,
    vg_cases_prepare, vg_cases_boxes, vg_cases_int8, vg_cases_flow, vg_cases_maps, vg_cases_forms;

/* A buffer of zeros in the run (which owns it); NULL: no memory. */
struct vg_case_buffer *vg_case_buffer_add(struct vg_case_run *run, enum vg_arg arg, size_t bytes);

/* Gives the buffer its `want`, a copy of what stands in it. */
enum vg_status vg_case_want_add(struct vg_case_buffer *buffer) VG_MUST_USE;

#define VG_CASE_GUARD_HALF 0x7dbau /* likewise */

void vg_case_guard_fill(struct vg_case_buffer *buffer);

/* Within -amplitude to amplitude; an amplitude below 0: all negative. */
float vg_case_value(struct vg_random *random, float amplitude);

/* The value as the run's activations can hold it. */
float vg_case_held(const struct vg_case_run *run, float value);

/* Work in the spread form: so many work-items in the first dimension. */
void vg_case_spread(struct vg_case_run *run, size_t items);

/* Makes `row`, of any family, in the storage and form that the run asks for. */
enum vg_status vg_case_make(struct vg_case_run *run, const struct vg_kernel_case *row,
                            struct vg_random *random) VG_MUST_USE;

enum vg_case_halo {
    VG_CASE_HALO_ZERO,
    VG_CASE_HALO_GUARD
}; /* what a kernel that never reads the halo must not see */

struct vg_case_tensor {
    vg_i32 width, height, channels;
    vg_i32 left, right, below;          /* halo; above as on the left */
    vg_i32 pixel;                       /* floats */
    vg_i32 blocks_before, blocks_after; /* of a joint buffer, beside the tensor */
};

/* Bytes of a guard, the pictures, a guard; *area says where they lie. */
size_t vg_case_area(const struct vg_case_tensor *t, vg_i32 pictures, struct vg_area *area);

/* A tensor of random values. */
enum vg_status vg_case_input_add(struct vg_case_run *run, enum vg_arg arg,
                                 const struct vg_case_tensor *t, enum vg_case_halo halo,
                                 struct vg_random *random, struct vg_area *area) VG_MUST_USE;

/* A tensor of guards; *want: what the twin writes. */
enum vg_status vg_case_output_add(struct vg_case_run *run, const struct vg_case_tensor *t,
                                  struct vg_area *area, float **want) VG_MUST_USE;

vg_i32 vg_case_blocks(vg_i32 channels);

#endif
