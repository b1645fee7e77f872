/* From pixels to the input of the net. */
#include "kernels/twins/cases_make.h"
#include "kernels/twins/twins.h"

#define COLOURS "coordinates to 4096 in float: 2e-4 of a pixel, times a step of 255, over 57"
#define SMALL   VG_CASE_SMALL
#define FULL    VG_CASE_FULL

/* clang-format off */
static const struct vg_kernel_case rows[] = {
    /* name               kernel    scale  tile     x w,h,c        yc   k  s  p   w  h  n  opt amp tolerance */
    {"one pixel",         VG_KERNEL_PREPARE, SMALL, {0, 0},  2,  2, 0, 0, 0, 0, 0,  1,  1, 1, 0, 1, 1e-3, COLOURS},
    {"enlarged",          VG_KERNEL_PREPARE, SMALL, {0, 0},  5,  3, 0, 0, 0, 0, 0, 16, 16, 2, 0, 1, 1e-3, COLOURS},
    {"reduced, turned",   VG_KERNEL_PREPARE, SMALL, {0, 0}, 39, 21, 0, 0, 0, 0, 0, 16, 12, 2, 1, 1, 1e-3, COLOURS},
    {"upside down",       VG_KERNEL_PREPARE, SMALL, {0, 0}, 17, 31, 0, 0, 0, 0, 0, 12, 16, 1, 2, 1, 1e-3, COLOURS},
    {"three quarters",    VG_KERNEL_PREPARE, SMALL, {0, 0}, 17, 31, 0, 0, 0, 0, 0, 13, 16, 1, 3, 1, 1e-3, COLOURS},
    {"4CIF to 416",       VG_KERNEL_PREPARE, FULL,  {0, 0}, 704, 576, 0, 0, 0, 0, 0, 416, 416, 1, 0, 1, 1e-3, COLOURS},
    {"2304 rows",         VG_KERNEL_PREPARE, FULL,  {0, 0}, 4096, 2304, 0, 0, 0, 0, 0, 416, 256, 1, 1, 1, 1e-3, COLOURS},
};
/* clang-format on */

/* the region begins at an odd pixel when the picture's number is odd */
static struct vg_device_job job_of(const struct vg_kernel_case *row, vg_i32 picture, vg_i32 bytes)
{
    const vg_i32 turned = row->option % 2, odd = picture % 2;
    const vg_i32 stride = (row->x_width + odd + 1) / 2 * 2 + 6; /* padded */
    const vg_i32 lines = (row->x_height + odd + 1) / 2 * 2;
    const vg_i32 w = turned ? row->x_height : row->x_width;
    const vg_i32 h = turned ? row->x_width : row->x_height;
    struct vg_device_job job = {.luma_first = picture * bytes,
                                .luma_stride = stride,
                                .chroma_first = picture * bytes + stride * lines,
                                .chroma_stride = stride,
                                .left = odd,
                                .top = odd,
                                .width = row->x_width,
                                .height = row->x_height,
                                .rotation = row->option,
                                .inner_width = row->width,
                                .inner_height = (row->height + 1) / 2, /* bands above, below */
                                .inner_top = row->height / 4,
                                .luma_zero = odd ? 0.0f : 16.0f,
                                .luma_gain = odd ? 1.0f : 255.0f / 219.0f,
                                .red_v = 1.5960f,
                                .green_u = -0.3918f,
                                .green_v = -0.8130f,
                                .blue_u = 2.0172f};
    job.step_x = (float)w / (float)job.inner_width;
    job.step_y = (float)h / (float)job.inner_height;
    return job;
}

static enum vg_status prepare_make(struct vg_case_run *run, struct vg_random *random)
{
    const struct vg_kernel_case *row = run->row;
    const vg_i32 bytes = ((row->x_width + 9) * (row->x_height + 3) * 3 / 2 + 3) / 4 * 4;
    struct vg_case_buffer *pixels =
        vg_case_buffer_add(run, VG_ARG_PIXELS, (size_t)row->pictures * (size_t)bytes);
    struct vg_case_buffer *jobs =
        vg_case_buffer_add(run, VG_ARG_JOBS, (size_t)row->pictures * sizeof(struct vg_device_job));
    struct vg_prepare_sizes *s = &run->sizes.prepare;
    const struct vg_case_tensor y = {row->width, row->height, 3, 1, 3, 2, 4, 0, 0};
    float *want = NULL;
    if (!pixels || !jobs || vg_case_output_add(run, &y, &s->y, &want))
        return VG_E_MEMORY;
    uint8_t *byte = pixels->data;
    for (size_t i = 0; i < pixels->bytes; i++)
        byte[i] = (uint8_t)vg_random_below(random, 256);
    struct vg_device_job *job = jobs->data;
    for (vg_i32 picture = 0; picture < row->pictures; picture++)
        job[picture] = job_of(row, picture, bytes);
    *s = (struct vg_prepare_sizes){.y = s->y,
                                   .width = row->width,
                                   .height = row->height,
                                   .red_first = row->width % 2,
                                   .fill = 114,
                                   .mean = {103.53f, 116.28f, 123.675f},
                                   .scale = {1 / 57.375f, 1 / 57.12f, 1 / 58.395f}};
    run->global[0] = ((size_t)row->width + 15) / 16;
    run->global[1] = (size_t)row->height;
    run->global[2] = (size_t)row->pictures;
    vg_twin_prepare(byte, job, want, s, row->pictures);
    return VG_OK;
}

const struct vg_case_family vg_cases_prepare = {rows, sizeof rows / sizeof *rows, prepare_make};
