/* The heads: from raw outputs to candidates. */
#include <math.h>
#include <string.h>

#include "kernels/twins/cases_make.h"
#include "kernels/twins/twins_map.h"

#define SOFTMAX "exp() within 3 ulp, sums of 11, times a stride"
#define EXPS    "exp() and tanh() within 5 ulp, times an input of up to 416"
#define POWS    "pow() within 16 ulp; tanh() and exp() within 5, times an input of up to 704"
#define SMALL   VG_CASE_SMALL
#define FULL    VG_CASE_FULL

#define NANODET    VG_KERNEL_NANODET_BOXES
#define YOLOX      VG_KERNEL_YOLOX_BOXES
#define FASTESTDET VG_KERNEL_FASTESTDET_BOXES

#define GRID(w, h, classes) .x_width = w, .x_height = h, .x_channels = classes
#define TIMES(n, room)      .pictures = n, .option = room
#define SIDES(count, at)    .bins = count, .centre = at

/* clang-format off */
static const struct vg_kernel_case rows[] = {
    {"one cell", NANODET, SMALL, GRID(1, 1, 80), TIMES(1, 64), .amplitude = 4, .tolerance = 1e-4, .reason = SOFTMAX, SIDES(11, 0.5f)},
    {"5x3, two pictures", NANODET, SMALL, GRID(5, 3, 17), TIMES(2, 300), .amplitude = 4, .tolerance = 1e-4, .reason = SOFTMAX, SIDES(11, 0.5f)},
    {"too many", NANODET, SMALL, GRID(5, 3, 80), TIMES(2, 7), .amplitude = 4, .tolerance = 1e-4, .reason = SOFTMAX, SIDES(11, 0.5f)},
    {"Plus: 8 bins, corners", NANODET, SMALL, GRID(5, 3, 17), TIMES(2, 300), .amplitude = 4, .tolerance = 1e-4, .reason = SOFTMAX, SIDES(8, 0)},
    {"blocks of 8", NANODET, SMALL, GRID(3, 2, 17), TIMES(2, 300), .amplitude = 4, .tolerance = 1e-4, .reason = SOFTMAX, SIDES(8, 0), .map = {.block = 8}},
    {"13x13", NANODET, FULL, GRID(13, 13, 80), TIMES(3, 16384), .amplitude = 9, .tolerance = 1e-4, .reason = SOFTMAX, SIDES(11, 0.5f)},

    {"one cell, one class", YOLOX, SMALL, GRID(1, 1, 1), TIMES(3, 4), .amplitude = 2, .tolerance = 1e-5, .reason = EXPS},
    {"5x3, two pictures", YOLOX, SMALL, GRID(5, 3, 17), TIMES(2, 300), .amplitude = 2, .tolerance = 1e-5, .reason = EXPS},
    {"too many", YOLOX, SMALL, GRID(5, 3, 80), TIMES(2, 7), .amplitude = 2, .tolerance = 1e-5, .reason = EXPS},
    {"blocks of 8", YOLOX, SMALL, GRID(3, 2, 17), TIMES(2, 300), .amplitude = 2, .tolerance = 1e-5, .reason = EXPS, .map = {.block = 8}},
    {"13x11", YOLOX, FULL, GRID(13, 11, 80), TIMES(2, 16384), .amplitude = 4, .tolerance = 1e-5, .reason = EXPS},

    {"one cell, one class", FASTESTDET, SMALL, GRID(1, 1, 1), TIMES(3, 4), .amplitude = 2, .tolerance = 1e-5, .reason = POWS},
    {"5x3, two pictures", FASTESTDET, SMALL, GRID(5, 3, 17), TIMES(2, 300), .amplitude = 2, .tolerance = 1e-5, .reason = POWS},
    {"too many", FASTESTDET, SMALL, GRID(5, 3, 80), TIMES(2, 7), .amplitude = 2, .tolerance = 1e-5, .reason = POWS},
    {"blocks of 8", FASTESTDET, SMALL, GRID(3, 2, 17), TIMES(2, 300), .amplitude = 2, .tolerance = 1e-5, .reason = POWS, .map = {.block = 8}},
    {"22x21", FASTESTDET, FULL, GRID(22, 21, 80), TIMES(2, 40000), .amplitude = 4, .tolerance = 1e-5, .reason = POWS},
};
/* clang-format on */

/* Makes of random values probabilities k/61, so that no product of powers lies on the threshold's
 * very edge, where kernel and twin could differ. */
static void probabilities(struct vg_case_run *run, uint32_t index)
{
    const struct vg_case_buffer *buffer = &run->buffer[index];
    const float amplitude = run->row->amplitude;
    float *v = buffer->data;
    for (size_t i = 0; i < buffer->bytes / sizeof *v; i++)
        if (!isnan(v[i])) /* a guard */
            v[i] = vg_case_held(run, floorf(fabsf(v[i]) / amplitude * 61) / 61);
}

static enum vg_status tensors_add(struct vg_case_run *run, vg_i32 block, struct vg_random *random)
{
    const struct vg_kernel_case *row = run->row;
    const vg_i32 w = row->x_width, h = row->x_height;
    const vg_i32 box_channels = row->kernel == NANODET ? 4 * row->bins : 4;
    struct vg_boxes_sizes *s = &run->sizes.boxes;
    const struct vg_case_tensor scores = {w, h, row->x_channels, 1, 1, 1, block, 0, 0};
    const struct vg_case_tensor boxes = {w, h, box_channels, 1, 2, 1, block, 1, 0};
    const struct vg_case_tensor objectness = {w, h, 1, 2, 1, 1, block, 0, 1};
    if (vg_case_input_add(run, VG_ARG_X, &scores, VG_CASE_HALO_GUARD, random, &s->scores) ||
        vg_case_input_add(run, VG_ARG_X2, &boxes, VG_CASE_HALO_GUARD, random, &s->boxes))
        return VG_E_MEMORY;
    if (row->kernel == NANODET)
        return VG_OK;
    if (vg_case_input_add(run, VG_ARG_X3, &objectness, VG_CASE_HALO_GUARD, random, &s->objectness))
        return VG_E_MEMORY;
    probabilities(run, 0);
    probabilities(run, 2);
    return VG_OK;
}

static enum vg_status found_add(struct vg_case_run *run, struct vg_twin_head *head)
{
    const struct vg_kernel_case *row = run->row;
    const size_t pictures = (size_t)row->pictures;
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
    struct vg_device_job *job = jobs->data;
    for (vg_i32 picture = 0; picture < row->pictures; picture++)
        job[picture].threshold =
            row->kernel == NANODET ? row->amplitude * 0.7f : 0.35f + 0.1f * (float)picture;
    vg_i32 *class_of = classes->data;
    for (vg_i32 c = 0; c < row->x_channels; c++)
        class_of[c] = c % 3 == 1 ? -1 : c / 2;
    vg_case_guard_fill(candidates);
    if (vg_case_want_add(counts) || vg_case_want_add(candidates))
        return VG_E_MEMORY;
    *head = (struct vg_twin_head){.scores = run->buffer[0].data,
                                  .boxes = run->buffer[1].data,
                                  .objectness = run->buffer[2].data,
                                  .jobs = job,
                                  .classes = class_of,
                                  .counts = counts->want,
                                  .candidates = candidates->want};
    return VG_OK;
}

static enum vg_status boxes_make(struct vg_case_run *run, struct vg_random *random)
{
    const struct vg_kernel_case *row = run->row;
    struct vg_map_build build = row->map;
    struct vg_twin_head head = {0};
    struct vg_boxes_sizes *s = &run->sizes.boxes;
    build.block = build.block ? build.block : VG_BLOCK;
    build.storage = run->storage;
    if (tensors_add(run, (vg_i32)build.block, random) || found_add(run, &head))
        return VG_E_MEMORY;
    s->width = row->x_width;
    s->height = row->x_height;
    s->cell_first = 1000;
    s->classes = row->x_channels;
    s->bins = row->bins;
    s->candidates_max = row->option;
    s->stride = 32;
    s->centre = row->centre;
    s->input_width = 32 * (float)row->x_width;
    s->input_height = 32 * (float)row->x_height;
    vg_map_options(row->kernel, &build, run->options);
    run->global[0] = vg_kernel_work(row->kernel, (size_t)(row->x_width * row->x_height));
    run->global[1] = (size_t)row->pictures;
    vg_twin_boxes(row->kernel, &head, s, &build, row->pictures);
    return VG_OK;
}

const struct vg_case_family vg_cases_boxes = {rows, sizeof rows / sizeof *rows, boxes_make};
