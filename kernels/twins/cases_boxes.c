/* The heads: from raw outputs to candidates. */
#include "kernels/twins/cases_make.h"
#include "kernels/twins/twins.h"

#define SOFTMAX "exp() within 3 ulp, sums of 11, times a stride"
#define SMALL   VG_CASE_SMALL
#define FULL    VG_CASE_FULL

/* clang-format off */
static const struct vg_kernel_case rows[] = {
    /* name               kernel    scale  tile     x w,h,c        yc   k  s  p   w  h  n  opt amp tolerance */
    {"one cell",          VG_KERNEL_NANODET_BOXES, SMALL, {0, 0}, 1, 1, 80, 0, 0, 0, 0, 0, 0, 1, 64, 4, 1e-4, SOFTMAX},
    {"5x3, two pictures", VG_KERNEL_NANODET_BOXES, SMALL, {0, 0}, 5, 3, 17, 0, 0, 0, 0, 0, 0, 2, 300, 4, 1e-4, SOFTMAX},
    {"too many",          VG_KERNEL_NANODET_BOXES, SMALL, {0, 0}, 5, 3, 80, 0, 0, 0, 0, 0, 0, 2, 7, 4, 1e-4, SOFTMAX},
    {"13x13",             VG_KERNEL_NANODET_BOXES, FULL, {0, 0}, 13, 13, 80, 0, 0, 0, 0, 0, 0, 3, 16384, 9, 1e-4, SOFTMAX},
};
/* clang-format on */

static enum vg_status boxes_make(struct vg_case_run *run, struct vg_random *random)
{
    const struct vg_kernel_case *row = run->row;
    const size_t pictures = (size_t)row->pictures;
    struct vg_boxes_sizes *s = &run->sizes.boxes;
    const struct vg_case_tensor scores = {
        row->x_width, row->x_height, row->x_channels, 1, 1, 1, VG_BLOCK, 0, 0};
    const struct vg_case_tensor distances = {
        row->x_width, row->x_height, 44, 1, 2, 1, VG_BLOCK, 1, 0};
    if (vg_case_input_add(run, VG_ARG_X, &scores, VG_CASE_HALO_GUARD, random, &s->scores) ||
        vg_case_input_add(run, VG_ARG_X2, &distances, VG_CASE_HALO_GUARD, random, &s->boxes))
        return VG_E_MEMORY;
    struct vg_case_buffer *jobs =
        vg_case_buffer_add(run, VG_ARG_JOBS, pictures * sizeof(struct vg_device_job));
    struct vg_case_buffer *classes =
        vg_case_buffer_add(run, VG_ARG_CLASSES, (size_t)row->x_channels * sizeof(vg_i32));
    struct vg_case_buffer *counts =
        vg_case_buffer_add(run, VG_ARG_COUNTS, pictures * sizeof(vg_i32));
    struct vg_case_buffer *candidates = vg_case_buffer_add(
        run, VG_ARG_CANDIDATES,
        (pictures * (size_t)row->option + 1) * sizeof(struct vg_candidate)); /* one: a guard */
    if (!jobs || !classes || !counts || !candidates)
        return VG_E_MEMORY;
    for (vg_i32 picture = 0; picture < row->pictures; picture++)
        ((struct vg_device_job *)jobs->data)[picture].threshold = row->amplitude * 0.7f;
    for (vg_i32 c = 0; c < row->x_channels; c++)
        ((vg_i32 *)classes->data)[c] = c % 3 == 1 ? -1 : c / 2;
    vg_case_guard_fill(candidates);
    if (vg_case_want_add(counts) || vg_case_want_add(candidates))
        return VG_E_MEMORY;
    *s = (struct vg_boxes_sizes){.scores = s->scores,
                                 .boxes = s->boxes,
                                 .width = row->x_width,
                                 .height = row->x_height,
                                 .cell_first = 1000,
                                 .classes = row->x_channels,
                                 .bins = 11,
                                 .candidates_max = row->option,
                                 .stride = 32,
                                 .input_width = 32 * (float)row->x_width,
                                 .input_height = 32 * (float)row->x_height};
    run->global[0] = vg_kernel_work(row->kernel, (size_t)(row->x_width * row->x_height));
    run->global[1] = pictures;
    vg_twin_nanodet_boxes(run->buffer[0].data, run->buffer[1].data, jobs->data, classes->data,
                          counts->want, candidates->want, s, row->pictures);
    return VG_OK;
}

const struct vg_case_family vg_cases_boxes = {rows, sizeof rows / sizeof *rows, boxes_make};
