/* Kernels that go over planes: pools, resizes, sums, copies. */
#include "kernels/twins/cases_make.h"
#include "kernels/twins/twins.h"

#define EXACT    "loads and comparisons only"
#define ROUNDING "a few roundings"
#define EXPS     "exp() is within 3 ulp (OpenCL 1.2, 7.4)"
#define SMALL    VG_CASE_SMALL
#define FULL     VG_CASE_FULL

/* clang-format off */
static const struct vg_kernel_case rows[] = {
    /* name               kernel    scale  tile     x w,h,c        yc   k  s  p   w  h  n  opt amp tolerance */
    {"one pixel",         VG_KERNEL_MAX_POOL, SMALL, {0, 0},  1,  1, 16, 0, 3, 2, 1,  1,  1, 1, 0, 1, 0, EXACT},
    {"odd, all negative", VG_KERNEL_MAX_POOL, SMALL, {0, 0},  7,  5, 17, 0, 3, 2, 1,  4,  3, 2, 0, -1, 0, EXACT},
    {"even",              VG_KERNEL_MAX_POOL, SMALL, {0, 0},  8,  6, 32, 0, 3, 2, 1,  4,  3, 1, 0, 1, 0, EXACT},
    {"5x5 stride 1",      VG_KERNEL_MAX_POOL, SMALL, {0, 0},  6,  5, 16, 0, 5, 1, 2,  6,  5, 1, 0, 1, 0, EXACT},
    {"208x208",           VG_KERNEL_MAX_POOL, FULL,  {0, 0}, 208, 208, 32, 0, 3, 2, 1, 104, 104, 1, 0, 1, 0, EXACT},

    {"one pixel",         VG_KERNEL_RESIZE, SMALL, {0, 0},  1,  1, 16, 0, 0, 0, 0,  2,  2, 1, 0, 1, 1e-6, ROUNDING},
    {"twice",             VG_KERNEL_RESIZE, SMALL, {0, 0},  5,  3, 17, 0, 0, 0, 0, 10,  6, 2, 0, 1, 1e-6, ROUNDING},
    {"half",              VG_KERNEL_RESIZE, SMALL, {0, 0},  6,  4, 16, 0, 0, 0, 0,  3,  2, 1, 0, 1, 1e-6, ROUNDING},
    {"any ratio",         VG_KERNEL_RESIZE, SMALL, {0, 0},  7,  3, 16, 0, 0, 0, 0,  4,  5, 1, 0, 1, 1e-6, ROUNDING},
    {"26 to 52",          VG_KERNEL_RESIZE, FULL,  {0, 0}, 26, 26, 128, 0, 0, 0, 0, 52, 52, 1, 0, 1, 1e-6, ROUNDING},

    {"one pixel",         VG_KERNEL_ADD, SMALL, {0, 0},  1,  1,  1, 0, 0, 0, 0,  1,  1, 1, 0, 1, 1e-7, ROUNDING},
    {"odd",               VG_KERNEL_ADD, SMALL, {0, 0},  7,  3, 33, 0, 0, 0, 0,  7,  3, 2, 0, 100, 1e-7, ROUNDING},
    {"52x52",             VG_KERNEL_ADD, FULL,  {0, 0}, 52, 52, 128, 0, 0, 0, 0, 52, 52, 1, 0, 1, 1e-7, ROUNDING},

    {"one pixel",         VG_KERNEL_SIGMOID, SMALL, {0, 0},  1,  1,  1, 0, 0, 0, 0,  1,  1, 1, 0, 4, 5e-7, EXPS},
    {"both ends",         VG_KERNEL_SIGMOID, SMALL, {0, 0},  7,  3, 33, 0, 0, 0, 0,  7,  3, 2, 0, 200, 5e-7, EXPS},
    {"52x52",             VG_KERNEL_SIGMOID, FULL,  {0, 0}, 52, 52, 80, 0, 0, 0, 0, 52, 52, 1, 0, 8, 5e-7, EXPS},

    {"one channel",       VG_KERNEL_COPY_CHANNELS, SMALL, {0, 0},  1,  1,  1,  1, 0, 0, 0,  1,  1, 1,  0, 1, 0, EXACT},
    {"across blocks",     VG_KERNEL_COPY_CHANNELS, SMALL, {0, 0},  5,  3, 29, 58, 0, 0, 0,  5,  3, 2, 29, 1, 0, EXACT},
};
/* clang-format on */

static enum vg_status map_make(struct vg_case_run *run, struct vg_random *random)
{
    const struct vg_kernel_case *row = run->row;
    const int copy = row->kernel == VG_KERNEL_COPY_CHANNELS;
    const struct vg_case_tensor x = {
        row->x_width, row->x_height, row->x_channels, 1, 2, 1, VG_BLOCK, 1, 0};
    const struct vg_case_tensor y = {
        row->width, row->height, copy ? row->y_channels : row->x_channels, 1, 3, 2, VG_BLOCK, 0, 1};
    struct vg_map_sizes *s = &run->sizes.map;
    float *want = NULL;
    enum vg_status status = vg_case_input_add(run, VG_ARG_X, &x, VG_CASE_HALO_GUARD, random, &s->x);
    if (!status && row->kernel == VG_KERNEL_ADD)
        status = vg_case_input_add(run, VG_ARG_X2, &y, VG_CASE_HALO_GUARD, random, &s->x2);
    if (!status)
        status = vg_case_output_add(run, &y, &s->y, &want);
    if (status)
        return status;
    s->x_width = row->x_width;
    s->x_height = row->x_height;
    s->width = row->width;
    s->height = row->height;
    s->size_y = row->side;
    s->stride_y = row->stride;
    s->above = row->pad;
    s->table_first = row->option;
    const vg_i32 blocks = vg_case_blocks(row->x_channels);
    run->global[0] = (size_t)row->height;
    run->global[1] = (size_t)(copy ? row->x_channels : blocks);
    run->global[2] = (size_t)row->pictures;
    const float *from = run->buffer[0].data;
    if (copy)
        vg_twin_copy_channels(from, want, s, row->x_channels, row->pictures);
    else if (row->kernel == VG_KERNEL_ADD)
        vg_twin_add(from, run->buffer[1].data, want, s, blocks, row->pictures);
    else if (row->kernel == VG_KERNEL_SIGMOID)
        vg_twin_sigmoid(from, want, s, blocks, row->pictures);
    else if (row->kernel == VG_KERNEL_RESIZE)
        vg_twin_resize(from, want, s, blocks, row->pictures);
    else
        vg_twin_max_pool(from, want, s, blocks, row->pictures);
    return VG_OK;
}

const struct vg_case_family vg_cases_map = {rows, sizeof rows / sizeof *rows, map_make};
