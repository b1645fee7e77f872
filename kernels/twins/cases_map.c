/* Kernels that go over planes: pools, resizes, sums, products, activations, copies. */
#include <assert.h>

#include "kernels/twins/cases_make.h"
#include "kernels/twins/twins_map.h"

#define EXACT    "loads and comparisons only"
#define ROUNDING "a few roundings"
#define SUMS     "float sums of a plane, row by row"
#define EXPS     "exp() is within 3 ulp (OpenCL 1.2, 7.4)"
#define SMALL    VG_CASE_SMALL
#define FULL     VG_CASE_FULL

/* how the table of copy_channels is made */
enum copies {
    COPIES_ANY,      /* each channel from anywhere */
    COPIES_IN_ORDER, /* channel by channel: whole blocks are copied as such */
    COPIES_TURNED    /* the last first */
};

#define X(w, h, c)  .x_width = w, .x_height = h, .x_channels = c
#define Y(w, h, c)  .width = w, .height = h, .y_channels = c
#define X2(w, h)    .x2_width = w, .x2_height = h
#define TIMES(n, m) .pictures = n, .amplitude = m
#define WITHIN(t)   .tolerance = t

#define POOL     VG_KERNEL_POOL
#define MEAN     VG_KERNEL_PLANE_MEAN
#define RESIZE   VG_KERNEL_RESIZE
#define COMBINE  VG_KERNEL_COMBINE
#define ACT      VG_KERNEL_ACT
#define SOFTMAX  VG_KERNEL_SOFTMAX
#define DEPTH    VG_KERNEL_SPACE_TO_DEPTH
#define COPY     VG_KERNEL_COPY_CHANNELS
#define READ_OUT VG_KERNEL_READ_OUT

/* clang-format off */
static const struct vg_kernel_case rows[] = {
    /* window: size y, x, stride y, x, above, left, padding counts */
    {"one pixel", POOL, SMALL, X(1, 1, 1), Y(1, 1, 1), .window = {3, 3, 2, 2, 1, 1, 0}, TIMES(1, 1), WITHIN(0), .reason = EXACT},
    {"odd, all negative", POOL, SMALL, X(7, 5, 17), Y(4, 3, 17), .window = {3, 3, 2, 2, 1, 1, 0}, TIMES(2, -1), WITHIN(0), .reason = EXACT},
    {"even, blocks of 8", POOL, SMALL, X(8, 6, 17), Y(4, 3, 17), .window = {3, 3, 2, 2, 1, 1, 0}, TIMES(1, 1), WITHIN(0), .reason = EXACT, .map = {.block = 8}},
    {"5x5 stride 1", POOL, SMALL, X(6, 5, 16), Y(6, 5, 16), .window = {5, 5, 1, 1, 2, 2, 0}, TIMES(1, 1), WITHIN(0), .reason = EXACT},
    {"2x3 oblong", POOL, SMALL, X(11, 7, 1), Y(4, 7, 1), .window = {2, 3, 1, 3, 1, 1, 0}, TIMES(2, 1), WITHIN(0), .reason = EXACT},
    {"2x2 whole, no padding", POOL, SMALL, X(8, 6, 16), Y(4, 3, 16), .window = {2, 2, 2, 2, 0, 0, 0}, TIMES(1, 1), WITHIN(0), .reason = EXACT},
    {"beyond a line", POOL, SMALL, X(67, 2, 3), Y(67, 2, 3), .window = {1, 9, 1, 1, 0, 4, 0}, TIMES(1, 1), WITHIN(0), .reason = EXACT, .map = {.block = 8}},
    {"wider than a line", POOL, SMALL, X(70, 1, 3), Y(6, 1, 3), .window = {1, 65, 1, 1, 0, 0, 0}, TIMES(1, 1), WITHIN(0), .reason = EXACT, .map = {.block = 8}},
    {"13x13 stride 1", POOL, FULL, X(13, 13, 85), Y(13, 13, 85), .window = {13, 13, 1, 1, 6, 6, 0}, TIMES(3, 1), WITHIN(0), .reason = EXACT},
    {"9x9 stride 1", POOL, FULL, X(61, 59, 17), Y(61, 59, 17), .window = {9, 9, 1, 1, 4, 4, 0}, TIMES(1, 1), WITHIN(0), .reason = EXACT},
    {"208x208", POOL, FULL, X(208, 208, 32), Y(104, 104, 32), .window = {3, 3, 2, 2, 1, 1, 0}, TIMES(1, 1), WITHIN(0), .reason = EXACT},
    {"mean, padding left out", POOL, SMALL, X(7, 5, 17), Y(4, 3, 17), .window = {3, 3, 2, 2, 1, 1, 0}, TIMES(2, 1), WITHIN(1e-6), .reason = ROUNDING, .map = {.pool = VG_POOL_MEAN}},
    {"mean, padding counted", POOL, SMALL, X(7, 5, 17), Y(4, 3, 17), .window = {3, 3, 2, 2, 1, 1, 1}, TIMES(2, 1), WITHIN(1e-6), .reason = ROUNDING, .map = {.pool = VG_POOL_MEAN}},
    {"mean, wider than a line", POOL, SMALL, X(67, 1, 3), Y(2, 1, 3), .window = {1, 66, 1, 2, 0, 1, 0}, TIMES(1, 1), WITHIN(1e-6), .reason = SUMS, .map = {.pool = VG_POOL_MEAN, .block = 8}},
    {"mean, 44x44", POOL, FULL, X(44, 44, 58), Y(22, 22, 58), .window = {3, 3, 2, 2, 1, 1, 1}, TIMES(2, 1), WITHIN(1e-6), .reason = ROUNDING, .map = {.pool = VG_POOL_MEAN}},

    {"one pixel", MEAN, SMALL, X(1, 1, 1), Y(1, 1, 1), TIMES(1, 1), WITHIN(1e-6), .reason = SUMS},
    {"odd", MEAN, SMALL, X(7, 5, 58), Y(1, 1, 58), TIMES(3, 100), WITHIN(1e-6), .reason = SUMS},
    {"blocks of 8", MEAN, SMALL, X(7, 5, 17), Y(1, 1, 17), TIMES(2, 1), WITHIN(1e-6), .reason = SUMS, .map = {.block = 8}},
    {"53x47", MEAN, FULL, X(53, 47, 85), Y(1, 1, 85), TIMES(1, -1), WITHIN(4e-6), .reason = SUMS},

    {"one pixel", RESIZE, SMALL, X(1, 1, 16), Y(2, 2, 16), TIMES(1, 1), WITHIN(1e-6), .reason = ROUNDING},
    {"twice", RESIZE, SMALL, X(5, 3, 17), Y(10, 6, 17), TIMES(2, 1), WITHIN(1e-6), .reason = ROUNDING},
    {"half", RESIZE, SMALL, X(6, 4, 16), Y(3, 2, 16), TIMES(1, 1), WITHIN(1e-6), .reason = ROUNDING},
    {"any ratio, blocks of 8", RESIZE, SMALL, X(7, 3, 9), Y(4, 5, 9), TIMES(1, 1), WITHIN(1e-6), .reason = ROUNDING, .map = {.block = 8}},
    {"26 to 52", RESIZE, FULL, X(26, 26, 128), Y(52, 52, 128), TIMES(1, 1), WITHIN(1e-6), .reason = ROUNDING},
    {"one pixel, nearest", RESIZE, SMALL, X(1, 1, 1), Y(3, 2, 1), TIMES(1, 1), WITHIN(0), .reason = EXACT, .map = {.resample = VG_RESAMPLE_NEAREST}},
    {"twice, nearest", RESIZE, SMALL, X(5, 3, 17), Y(10, 6, 17), TIMES(2, 1), WITHIN(0), .reason = EXACT, .map = {.resample = VG_RESAMPLE_NEAREST}},
    {"any ratio, nearest", RESIZE, SMALL, X(11, 7, 17), Y(7, 13, 17), TIMES(1, 1), WITHIN(0), .reason = EXACT, .map = {.resample = VG_RESAMPLE_NEAREST, .block = 8}},

    {"one pixel", COMBINE, SMALL, X(1, 1, 1), Y(1, 1, 1), X2(1, 1), TIMES(1, 1), WITHIN(1e-7), .reason = ROUNDING},
    {"odd", COMBINE, SMALL, X(7, 3, 33), Y(7, 3, 33), X2(7, 3), TIMES(2, 100), WITHIN(1e-7), .reason = ROUNDING},
    {"product", COMBINE, SMALL, X(7, 3, 17), Y(7, 3, 17), X2(7, 3), TIMES(2, 10), WITHIN(1e-6), .reason = ROUNDING, .map = {.combine = VG_COMBINE_MUL}},
    {"product, one a plane", COMBINE, SMALL, X(5, 3, 58), Y(5, 3, 58), X2(1, 1), TIMES(3, 10), WITHIN(1e-6), .reason = ROUNDING, .map = {.combine = VG_COMBINE_MUL, .second = VG_SECOND_POINT}},
    {"sum, one a plane", COMBINE, SMALL, X(5, 3, 9), Y(5, 3, 9), X2(1, 1), TIMES(1, 1), WITHIN(1e-6), .reason = ROUNDING, .map = {.second = VG_SECOND_POINT, .block = 8}},
    {"sum with half, linear", COMBINE, SMALL, X(6, 4, 17), Y(6, 4, 17), X2(3, 2), TIMES(2, 1), WITHIN(1e-6), .reason = ROUNDING, .map = {.second = VG_SECOND_LINEAR}},
    {"sum with twice, linear", COMBINE, SMALL, X(3, 2, 17), Y(3, 2, 17), X2(6, 4), TIMES(1, 1), WITHIN(1e-6), .reason = ROUNDING, .map = {.second = VG_SECOND_LINEAR, .block = 8}},
    {"sum with half, nearest", COMBINE, SMALL, X(7, 5, 17), Y(7, 5, 17), X2(3, 2), TIMES(2, 1), WITHIN(1e-6), .reason = ROUNDING, .map = {.second = VG_SECOND_NEAREST}},
    {"product of nearest", COMBINE, SMALL, X(4, 2, 16), Y(4, 2, 16), X2(8, 4), TIMES(1, 1), WITHIN(1e-6), .reason = ROUNDING, .map = {.second = VG_SECOND_NEAREST, .combine = VG_COMBINE_MUL}},
    {"sum, leaky", COMBINE, SMALL, X(5, 3, 17), Y(5, 3, 17), X2(5, 3), TIMES(1, 1), WITHIN(1e-6), .reason = ROUNDING, .map = {.act = VG_ACT_CODE_LEAKY}, .a = 0.1f},
    {"product, silu", COMBINE, SMALL, X(5, 3, 17), Y(5, 3, 17), X2(5, 3), TIMES(1, 2), WITHIN(1e-6), .reason = EXPS, .map = {.act = VG_ACT_CODE_SILU, .combine = VG_COMBINE_MUL}},
    {"52x52 of 26x26", COMBINE, FULL, X(52, 52, 128), Y(52, 52, 128), X2(26, 26), TIMES(1, 1), WITHIN(1e-6), .reason = ROUNDING, .map = {.second = VG_SECOND_LINEAR}},

    {"none", ACT, SMALL, X(7, 3, 1), Y(7, 3, 1), TIMES(1, 1), WITHIN(0), .reason = EXACT},
    {"leaky", ACT, SMALL, X(7, 3, 17), Y(7, 3, 17), TIMES(2, 1), WITHIN(1e-7), .reason = ROUNDING, .map = {.act = VG_ACT_CODE_LEAKY}, .a = 0.1f},
    {"relu", ACT, SMALL, X(1, 1, 17), Y(1, 1, 17), TIMES(1, 1), WITHIN(0), .reason = EXACT, .map = {.act = VG_ACT_CODE_LEAKY}},
    {"relu6", ACT, SMALL, X(7, 3, 17), Y(7, 3, 17), TIMES(1, 9), WITHIN(0), .reason = EXACT, .map = {.act = VG_ACT_CODE_CLIP}, .b = 6},
    {"sigmoid, one pixel", ACT, SMALL, X(1, 1, 1), Y(1, 1, 1), TIMES(1, 4), WITHIN(5e-7), .reason = EXPS, .map = {.act = VG_ACT_CODE_SIGMOID}},
    {"sigmoid, both ends", ACT, SMALL, X(7, 3, 33), Y(7, 3, 33), TIMES(2, 200), WITHIN(5e-7), .reason = EXPS, .map = {.act = VG_ACT_CODE_SIGMOID}},
    {"sigmoid, blocks of 8", ACT, SMALL, X(5, 3, 9), Y(5, 3, 9), TIMES(1, 4), WITHIN(5e-7), .reason = EXPS, .map = {.act = VG_ACT_CODE_SIGMOID, .block = 8}},
    {"silu", ACT, SMALL, X(7, 3, 33), Y(7, 3, 33), TIMES(2, 200), WITHIN(5e-7), .reason = EXPS, .map = {.act = VG_ACT_CODE_SILU}},
    {"hard sigmoid", ACT, SMALL, X(7, 3, 17), Y(7, 3, 17), TIMES(1, 5), WITHIN(5e-7), .reason = ROUNDING, .map = {.act = VG_ACT_CODE_HARD_SIGMOID}, .a = 0.2f, .b = 0.5f},
    {"hard swish", ACT, SMALL, X(7, 3, 17), Y(7, 3, 17), TIMES(1, 5), WITHIN(5e-7), .reason = ROUNDING, .map = {.act = VG_ACT_CODE_HARD_SWISH}},
    {"sigmoid, 52x52", ACT, FULL, X(52, 52, 80), Y(52, 52, 80), TIMES(1, 8), WITHIN(5e-7), .reason = EXPS, .map = {.act = VG_ACT_CODE_SIGMOID}},

    {"one channel", SOFTMAX, SMALL, X(1, 1, 1), Y(1, 1, 1), TIMES(1, 4), WITHIN(1e-6), .reason = EXPS},
    {"17 channels", SOFTMAX, SMALL, X(5, 3, 17), Y(5, 3, 17), TIMES(2, 4), WITHIN(1e-6), .reason = EXPS},
    {"3 channels, far apart", SOFTMAX, SMALL, X(3, 2, 3), Y(3, 2, 3), TIMES(2, 300), WITHIN(1e-6), .reason = EXPS},
    {"blocks of 8", SOFTMAX, SMALL, X(3, 2, 13), Y(3, 2, 13), TIMES(2, 4), WITHIN(1e-6), .reason = EXPS, .map = {.block = 8}},
    {"22x22, 80 channels", SOFTMAX, FULL, X(22, 22, 80), Y(22, 22, 80), TIMES(3, 9), WITHIN(1e-6), .reason = EXPS},

    {"one cell", DEPTH, SMALL, X(2, 2, 1), Y(1, 1, 4), TIMES(1, 1), WITHIN(0), .reason = EXACT},
    {"3 channels", DEPTH, SMALL, X(10, 6, 3), Y(5, 3, 12), TIMES(2, 1), WITHIN(0), .reason = EXACT},
    {"17 channels", DEPTH, SMALL, X(6, 4, 17), Y(3, 2, 68), TIMES(1, 1), WITHIN(0), .reason = EXACT},
    {"whole blocks", DEPTH, SMALL, X(6, 4, 32), Y(3, 2, 128), TIMES(2, 1), WITHIN(0), .reason = EXACT},
    {"blocks of 8", DEPTH, SMALL, X(6, 4, 24), Y(3, 2, 96), TIMES(1, 1), WITHIN(0), .reason = EXACT, .map = {.block = 8}},

    {"one channel", COPY, SMALL, X(1, 1, 1), Y(1, 1, 1), TIMES(1, 1), WITHIN(0), .reason = EXACT},
    {"anywhere", COPY, SMALL, X(5, 3, 29), Y(5, 3, 58), TIMES(2, 1), WITHIN(0), .reason = EXACT},
    {"in order", COPY, SMALL, X(5, 3, 35), Y(5, 3, 35), TIMES(1, 1), WITHIN(0), .reason = EXACT, .option = COPIES_IN_ORDER},
    {"turned round", COPY, SMALL, X(3, 2, 32), Y(3, 2, 32), TIMES(1, 1), WITHIN(0), .reason = EXACT, .option = COPIES_TURNED},
    {"blocks of 8", COPY, SMALL, X(3, 2, 17), Y(3, 2, 85), TIMES(2, 1), WITHIN(0), .reason = EXACT, .map = {.block = 8}},
    {"52x52, 116 to 116", COPY, FULL, X(52, 52, 116), Y(52, 52, 116), TIMES(1, 1), WITHIN(0), .reason = EXACT},

    {"one value", READ_OUT, SMALL, X(1, 1, 1), Y(1, 1, 1), TIMES(1, 1), WITHIN(0), .reason = EXACT},
    {"cells", READ_OUT, SMALL, X(5, 3, 85), Y(5, 3, 85), TIMES(2, 1), WITHIN(0), .reason = EXACT},
    {"planes", READ_OUT, SMALL, X(5, 3, 17), Y(5, 3, 17), TIMES(3, 1), WITHIN(0), .reason = EXACT, .map = {.raw = VG_RAW_PLANES}},
    {"cells, blocks of 8", READ_OUT, SMALL, X(3, 2, 13), Y(3, 2, 13), TIMES(2, 1), WITHIN(0), .reason = EXACT, .map = {.block = 8}},
};
/* clang-format on */

static enum vg_status table_add(struct vg_case_run *run, vg_i32 block, struct vg_random *random)
{
    const struct vg_kernel_case *row = run->row;
    const vg_i32 count = row->x_channels;
    struct vg_case_buffer *buffer = vg_case_buffer_add(
        run, VG_ARG_WEIGHTS, sizeof(vg_i32) * (size_t)(row->y_channels + VG_CASE_GUARD_FLOATS));
    if (!buffer)
        return VG_E_MEMORY;
    vg_i32 *word = buffer->data;
    run->sizes.map.table_first = VG_CASE_GUARD_FLOATS;
    for (vg_i32 c = 0; c < row->y_channels; c++) {
        vg_i32 from = c % count;
        if (row->option == COPIES_ANY)
            from = (vg_i32)vg_random_below(random, (uint32_t)count);
        else if (row->option == COPIES_TURNED)
            from = count - 1 - from;
        word[VG_CASE_GUARD_FLOATS + c] = from / block * run->sizes.map.x.plane + from % block;
    }
    return VG_OK;
}

/* a plain buffer: a guard, the pictures with a gap between them, a guard */
static enum vg_status out_add(struct vg_case_run *run, float **want)
{
    const struct vg_kernel_case *row = run->row;
    struct vg_area *y = &run->sizes.map.y;
    y->first = VG_CASE_GUARD_FLOATS;
    y->picture = row->width * row->height * row->y_channels + 7;
    struct vg_case_buffer *buffer = vg_case_buffer_add(
        run, VG_ARG_OUT,
        sizeof(float) * (size_t)(2 * VG_CASE_GUARD_FLOATS + row->pictures * y->picture));
    if (!buffer)
        return VG_E_MEMORY;
    vg_case_guard_fill(buffer);
    if (vg_case_want_add(buffer))
        return VG_E_MEMORY;
    *want = buffer->want;
    return VG_OK;
}

static const void *data_of(const struct vg_case_run *run, enum vg_arg arg)
{
    uint32_t i = 0;
    while (run->buffer[i].arg != arg) {
        i++;
        assert(i < run->buffer_count);
    }
    return run->buffer[i].data;
}

static void twin_run(const struct vg_case_run *run, const struct vg_map_build *build, float *want)
{
    static const struct {
        enum vg_kernel kernel;
        void (*twin)(const float *x, float *y, const struct vg_map_sizes *s,
                     const struct vg_map_build *build, vg_i32 pictures);
    } twins[] = {
        {POOL, vg_twin_pool},         {MEAN, vg_twin_plane_mean}, {RESIZE, vg_twin_resize},
        {ACT, vg_twin_act},           {SOFTMAX, vg_twin_softmax}, {DEPTH, vg_twin_space_to_depth},
        {READ_OUT, vg_twin_read_out},
    };
    const struct vg_map_sizes *s = &run->sizes.map;
    const float *x = data_of(run, VG_ARG_X);
    const vg_i32 pictures = run->row->pictures;
    for (size_t i = 0; i < sizeof twins / sizeof *twins; i++)
        if (twins[i].kernel == run->row->kernel)
            twins[i].twin(x, want, s, build, pictures);
    if (run->row->kernel == COMBINE)
        vg_twin_combine(x, data_of(run, VG_ARG_X2), want, s, build, pictures);
    if (run->row->kernel == COPY)
        vg_twin_copy_channels(x, data_of(run, VG_ARG_WEIGHTS), want, s, build, pictures);
}

static enum vg_status map_make(struct vg_case_run *run, struct vg_random *random)
{
    const struct vg_kernel_case *row = run->row;
    struct vg_map_build build = row->map;
    build.block = build.block ? build.block : VG_BLOCK;
    build.storage = run->storage;
    build.form = run->form;
    const vg_i32 block = (vg_i32)build.block;
    const struct vg_case_tensor x = {
        row->x_width, row->x_height, row->x_channels, 1, 2, 1, block, 1, 0};
    const struct vg_case_tensor x2 = {
        row->x2_width, row->x2_height, row->x_channels, 2, 1, 3, block, 0, 1};
    const struct vg_case_tensor y = {row->width, row->height, row->y_channels, 2, 3, 2, block, 0,
                                     1};
    struct vg_map_sizes *s = &run->sizes.map;
    *s = (struct vg_map_sizes){.halo = {2, 3, 1, 2}, /* of the room above one row is a guard */
                               .x_width = row->x_width,
                               .x_height = row->x_height,
                               .x2_width = row->x2_width,
                               .x2_height = row->x2_height,
                               .width = row->width,
                               .height = row->height,
                               .channels = row->y_channels,
                               .size_y = row->window.size_y,
                               .size_x = row->window.size_x,
                               .stride_y = row->window.stride_y,
                               .stride_x = row->window.stride_x,
                               .above = row->window.above,
                               .left = row->window.left,
                               .pad_counts = row->window.pad_counts,
                               .act_a = row->a,
                               .act_b = row->b};
    float *want = NULL;
    enum vg_status status = vg_case_input_add(run, VG_ARG_X, &x, VG_CASE_HALO_GUARD, random, &s->x);
    if (!status && row->kernel == COMBINE)
        status = vg_case_input_add(run, VG_ARG_X2, &x2, VG_CASE_HALO_GUARD, random, &s->x2);
    if (!status && row->kernel == COPY)
        status = table_add(run, block, random);
    if (!status)
        status = row->kernel == READ_OUT ? out_add(run, &want)
                                         : vg_case_output_add(run, &y, &s->y, &want);
    if (status)
        return status;
    const int all_blocks = row->kernel == SOFTMAX || row->kernel == READ_OUT;
    vg_map_options(row->kernel, &build, run->options);
    run->global[0] = (size_t)row->height;
    run->global[1] = all_blocks ? 1 : (size_t)((row->y_channels + block - 1) / block);
    run->global[2] = (size_t)row->pictures;
    if (run->form == VG_FORM_SPREAD)
        vg_case_spread(
            run, vg_spread_items(build.block, (uint32_t)row->width, (uint32_t)row->height, 1));
    twin_run(run, &build, want);
    return VG_OK;
}

const struct vg_case_family vg_cases_map = {rows, sizeof rows / sizeof *rows, map_make};
