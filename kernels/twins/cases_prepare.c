/* From pixels to the input of the net. */
#include "kernels/twins/cases_make.h"
#include "kernels/twins/twins_map.h"

#define COLOURS "coordinates to 4096 in float: 2e-4 of a pixel, times a step of 255, over 57"
#define SMALL   VG_CASE_SMALL
#define FULL    VG_CASE_FULL

#define PREPARE VG_KERNEL_PREPARE

#define REGION(w, h)  .x_width = w, .x_height = h
#define INPUT(w, h)   .width = w, .height = h
#define TIMES(n)      .pictures = n
#define TURNED(q)     .option = q
#define WITHIN_A_BYTE .amplitude = 1, .tolerance = 1e-3, .reason = COLOURS
#define FOCUS(b)      .map = {.prepare = VG_PREPARE_SPACE_TO_DEPTH, .block = b}

#define BYTES_OF(f, b) .map = {.prepare = f, .output = VG_PREPARE_BYTES, .block = b}
#define NEAR_BYTE      .amplitude = 1, .tolerance = 1.01 / 255, .reason = HALVES
#define HALVES         "a value between two bytes may go to either, by the error of the coordinates"
#define PLAIN          VG_PREPARE_PIXELS
#define FOLDED         VG_PREPARE_SPACE_TO_DEPTH

/* clang-format off */
static const struct vg_kernel_case rows[] = {
    {"one pixel", PREPARE, SMALL, REGION(2, 2), INPUT(1, 1), TIMES(1), WITHIN_A_BYTE},
    {"enlarged", PREPARE, SMALL, REGION(5, 3), INPUT(16, 16), TIMES(2), WITHIN_A_BYTE},
    {"reduced, turned", PREPARE, SMALL, REGION(39, 21), INPUT(16, 12), TIMES(2), TURNED(1), WITHIN_A_BYTE},
    {"upside down", PREPARE, SMALL, REGION(17, 31), INPUT(12, 16), TIMES(1), TURNED(2), WITHIN_A_BYTE},
    {"three quarters", PREPARE, SMALL, REGION(17, 31), INPUT(13, 16), TIMES(1), TURNED(3), WITHIN_A_BYTE},
    {"17 columns", PREPARE, SMALL, REGION(17, 5), INPUT(17, 3), TIMES(3), WITHIN_A_BYTE},
    {"all inside, from even and odd", PREPARE, SMALL, REGION(40, 6), INPUT(20, 4), TIMES(2), WITHIN_A_BYTE},
    {"blocks of 8", PREPARE, SMALL, REGION(9, 5), INPUT(17, 3), TIMES(1), WITHIN_A_BYTE, .map = {.block = 8}},
    {"4CIF to 416", PREPARE, FULL, REGION(704, 576), INPUT(416, 416), TIMES(1), WITHIN_A_BYTE},
    {"2304 rows", PREPARE, FULL, REGION(4096, 2304), INPUT(416, 256), TIMES(1), TURNED(1), WITHIN_A_BYTE},

    {"focus, one cell", PREPARE, SMALL, REGION(2, 2), INPUT(2, 2), TIMES(1), WITHIN_A_BYTE, FOCUS(16)},
    {"focus, 18 columns", PREPARE, SMALL, REGION(7, 5), INPUT(18, 6), TIMES(3), WITHIN_A_BYTE, FOCUS(16)},
    {"focus, blocks of 8", PREPARE, SMALL, REGION(7, 5), INPUT(34, 6), TIMES(2), TURNED(3), WITHIN_A_BYTE, FOCUS(8)},
    {"focus, 640 to 416", PREPARE, FULL, REGION(640, 480), INPUT(416, 416), TIMES(2), WITHIN_A_BYTE, FOCUS(16)},

    {"bytes, one pixel", PREPARE, SMALL, REGION(2, 2), INPUT(1, 1), TIMES(1), NEAR_BYTE, BYTES_OF(PLAIN, 16)},
    {"bytes, 17 columns", PREPARE, SMALL, REGION(17, 5), INPUT(17, 3), TIMES(3), TURNED(1), NEAR_BYTE, BYTES_OF(PLAIN, 16)},
    {"bytes, 4CIF to 416", PREPARE, FULL, REGION(704, 576), INPUT(416, 416), TIMES(1), NEAR_BYTE, BYTES_OF(PLAIN, 16)},
    {"bytes, focus, one cell", PREPARE, SMALL, REGION(2, 2), INPUT(2, 2), TIMES(1), NEAR_BYTE, BYTES_OF(FOLDED, 16)},
    {"bytes, focus, 18 columns", PREPARE, SMALL, REGION(7, 5), INPUT(18, 6), TIMES(3), NEAR_BYTE, BYTES_OF(FOLDED, 16)},
    {"bytes, focus, 640 to 416", PREPARE, FULL, REGION(640, 480), INPUT(416, 416), TIMES(2), NEAR_BYTE, BYTES_OF(FOLDED, 16)},
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
    struct vg_map_build build = row->map;
    build.block = build.block ? build.block : VG_BLOCK;
    build.storage = run->storage;
    build.form = run->form;
    const vg_i32 by = build.prepare == VG_PREPARE_SPACE_TO_DEPTH ? 2 : 1;
    const struct vg_case_tensor y = {row->width / by,
                                     row->height / by,
                                     by == 2 ? 12 : 3,
                                     2,
                                     3,
                                     2,
                                     by == 2 ? (vg_i32)build.block : 4,
                                     0,
                                     0};
    const int bytes_out = build.output == VG_PREPARE_BYTES;
    float *want = NULL;
    if (!pixels || !jobs || vg_case_output_add(run, &y, &s->y, &want))
        return VG_E_MEMORY;
    if (bytes_out) /* a quarter of the room of floats is used, the rest is guard */
        run->buffer[run->buffer_count - 1].content = VG_CASE_NEAR;
    uint8_t *byte = pixels->data;
    for (size_t i = 0; i < pixels->bytes; i++)
        byte[i] = (uint8_t)vg_random_below(random, 256);
    struct vg_device_job *job = jobs->data;
    for (vg_i32 picture = 0; picture < row->pictures; picture++)
        job[picture] = job_of(row, picture, bytes);
    *s = (struct vg_prepare_sizes){.y = s->y,
                                   .halo = {2, 3, 1, 2}, /* of the room above a row is a guard */
                                   .width = row->width,
                                   .height = row->height,
                                   .red_first = row->width % 2,
                                   .fill = 114,
                                   .mean = {103.53f, 116.28f, 123.675f},
                                   .scale = {1 / 57.375f, 1 / 57.12f, 1 / 58.395f},
                                   .halo_word = 0x007c7468};
    run->global[0] = ((size_t)row->width + 15) / 16;
    run->global[1] = (size_t)(row->height / by);
    run->global[2] = (size_t)row->pictures;
    if (run->form == VG_FORM_SPREAD) {
        vg_case_spread(run, vg_spread_items(4, (uint32_t)row->width, (uint32_t)(row->height / by),
                                            VG_PREPARE_SPREAD_PIXELS));
        run->global[1] = 1;
    }
    vg_map_options(row->kernel, &build, run->options);
    if (bytes_out)
        vg_twin_prepare_bytes(byte, job, (uint8_t *)want, s, &build, row->pictures);
    else
        vg_twin_prepare(byte, job, want, s, &build, row->pictures);
    return VG_OK;
}

const struct vg_case_family vg_cases_prepare = {rows, sizeof rows / sizeof *rows, prepare_make};
