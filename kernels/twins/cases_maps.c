/* The maps of events: some pictures by the twins, so that memory holds what it does in life, then one
 * by the kernel. Integers alone: equal to the bit. */
#include <string.h>

#include "kernels/map_rules.h"
#include "kernels/twins/cases_make.h"
#include "kernels/twins/map_twins.h"

#define EXACT "integers alone"
#define SMALL VG_CASE_SMALL
#define FULL  VG_CASE_FULL

#define KERNEL_SMALL  VG_KERNEL_MAP_SMALL
#define KERNEL_GROUND VG_KERNEL_MAP_GROUND
#define KERNEL_FLAME  VG_KERNEL_MAP_FLAME

/* what the pictures show, `bins` of a row */
enum show {
    EVERYTHING,
    CALM, /* but for the light */
    OTHER /* another view from the eleventh picture on */
};

#define PICTURE(w, h) .x_width = w, .x_height = h
#define SHRINK(by)    .stride = by
#define TIMES(n)      .pictures = n
#define AFTER(n)      .option = n, .tolerance = 0, .reason = EXACT

/* clang-format off */
static const struct vg_kernel_case rows[] = {
    {"one pixel, the first", KERNEL_SMALL, SMALL, PICTURE(2, 2), SHRINK(2), TIMES(1), AFTER(0)},
    {"as it is", KERNEL_SMALL, SMALL, PICTURE(34, 6), SHRINK(1), TIMES(1), AFTER(1)},
    {"two sizes", KERNEL_SMALL, SMALL, PICTURE(70, 22), SHRINK(4), TIMES(2), AFTER(3)},
    {"by threes", KERNEL_SMALL, SMALL, PICTURE(52, 20), SHRINK(3), TIMES(3), AFTER(2)},
    {"4CIF", KERNEL_SMALL, FULL, PICTURE(704, 576), SHRINK(4), TIMES(2), AFTER(2)},
    {"2304 rows", KERNEL_SMALL, FULL, PICTURE(4096, 2304), SHRINK(22), TIMES(1), AFTER(1)},

    {"one pixel, the first", KERNEL_GROUND, SMALL, PICTURE(2, 2), SHRINK(2), TIMES(1), AFTER(0)},
    {"two sizes", KERNEL_GROUND, SMALL, PICTURE(70, 22), SHRINK(4), TIMES(2), AFTER(12)},
    {"a line", KERNEL_GROUND, SMALL, PICTURE(66, 2), SHRINK(2), TIMES(1), AFTER(25)},
    {"a column", KERNEL_GROUND, SMALL, PICTURE(2, 66), SHRINK(2), TIMES(1), AFTER(25)},
    {"by threes", KERNEL_GROUND, SMALL, PICTURE(52, 20), SHRINK(3), TIMES(3), AFTER(30)},
    {"all light changes", KERNEL_GROUND, SMALL, PICTURE(70, 46), SHRINK(2), TIMES(2), AFTER(14), .bins = CALM},
    {"another view", KERNEL_GROUND, SMALL, PICTURE(70, 46), SHRINK(2), TIMES(2), AFTER(27), .bins = OTHER},
    {"4CIF", KERNEL_GROUND, FULL, PICTURE(704, 576), SHRINK(4), TIMES(2), AFTER(30)},
    {"4CIF, calm", KERNEL_GROUND, FULL, PICTURE(704, 576), SHRINK(4), TIMES(2), AFTER(8), .bins = CALM},
    {"calm", KERNEL_GROUND, SMALL, PICTURE(130, 26), SHRINK(2), TIMES(1), AFTER(6), .bins = CALM},

    {"one pixel, the first", KERNEL_FLAME, SMALL, PICTURE(2, 2), SHRINK(2), TIMES(1), AFTER(0)},
    {"two sizes", KERNEL_FLAME, SMALL, PICTURE(70, 22), SHRINK(4), TIMES(2), AFTER(5)},
    {"a column", KERNEL_FLAME, SMALL, PICTURE(2, 66), SHRINK(2), TIMES(1), AFTER(3)},
    {"4CIF", KERNEL_FLAME, FULL, PICTURE(704, 576), SHRINK(4), TIMES(2), AFTER(6)},
};
/* clang-format on */

static vg_i32 aligned(vg_i32 bytes)
{
    return (bytes + VG_MAP_ALIGN - 1) / VG_MAP_ALIGN * VG_MAP_ALIGN;
}

/* With odd gaps between the parts. Every second picture is half as high, of full range, and does not
 * ask for what the kernel makes if it is the third. Returns the bytes behind its piece. */
static vg_i32 job_fill(const struct vg_kernel_case *row, vg_i32 picture, vg_i32 first,
                       struct vg_map_job *job)
{
    const vg_i32 gap = VG_MAP_ALIGN, all = VG_MAP_GROUND | VG_MAP_FLAME;
    job->picture_width = row->x_width;
    job->picture_height = picture % 2 ? (row->x_height / 2 + 1) / 2 * 2 : row->x_height;
    job->luma_stride = row->x_width + 6;
    job->chroma_stride = row->x_width + 2;
    job->luma_first = picture * 2 * (row->x_width + 6) * row->x_height + 5;
    job->chroma_first = job->luma_first + job->luma_stride * job->picture_height + 1;
    job->full_range = picture % 2;
    job->shrink = row->stride;
    job->width = (job->picture_width + row->stride - 1) / row->stride;
    job->height = (job->picture_height + row->stride - 1) / row->stride;
    job->set = picture == 2 ? 0 : all;
    job->plane = aligned(job->width * job->height);
    job->sheet_bytes = VG_MAP_SHEET_PLANES * job->plane + gap;
    job->words_first = 2 * job->sheet_bytes;
    job->halves_first = job->words_first + VG_MAP_WORDS * 4 * job->plane + gap;
    job->light_first = job->halves_first + VG_MAP_HALVES * 2 * job->plane + gap;
    job->maps_first = first / VG_MAP_ALIGN;
    return first + job->light_first + 2 * VG_MAP_LIGHT_WORDS * 4 + gap;
}

/* Tiles that come, go, flicker and stay, in any colour, under a light that changes. */
static void pixels_draw(const struct vg_kernel_case *row, struct vg_case_buffer *pixels,
                        vg_i32 time, struct vg_random *random)
{
    uint8_t *byte = pixels->data;
    const uint32_t light = row->bins == OTHER ? 160 : 100 + 60 * (uint32_t)(time / 7 % 3),
                   tile = (uint32_t)row->stride * 5;
    for (size_t i = 0; i < pixels->bytes; i++) {
        const uint32_t kind = row->bins == EVERYTHING ? (uint32_t)i / tile % 7 : 1;
        const uint32_t other = row->bins == OTHER && time > 10 ? 50 + (uint32_t)i % 90 : 0;
        const uint32_t level = (uint32_t)i * 37 % 61 + kind * 25 + other;
        uint32_t v = level * light / 160 + vg_random_below(random, 9);
        if (kind == 2 && time % 9 > 5) /* passes */
            v = 230 - level;
        else if (kind == 3 && time > 8) /* stays */
            v = 40 + vg_random_below(random, 4);
        else if (kind == 5) /* flickers */
            v = vg_random_below(random, 256);
        else if (kind == 4 && time > 10) /* a shadow */
            v = v * 6 / 10;
        byte[i] = (uint8_t)(v < 255 ? v : 255);
    }
}

static void picture_run(enum vg_kernel last, const struct vg_case_buffer *pixels,
                        const struct vg_map_job *jobs, uint8_t *maps, vg_i32 pictures)
{
    vg_twin_map_small(pixels->data, jobs, maps, pictures);
    if (last == KERNEL_SMALL)
        return;
    vg_twin_map_ground(jobs, maps, pictures);
    if (last != KERNEL_GROUND)
        vg_twin_map_flame(jobs, maps, pictures);
}

static void kernel_run(enum vg_kernel kernel, const struct vg_case_buffer *pixels,
                       const struct vg_map_job *jobs, uint8_t *maps, vg_i32 pictures)
{
    if (kernel == KERNEL_SMALL)
        vg_twin_map_small(pixels->data, jobs, maps, pictures);
    else if (kernel == KERNEL_GROUND)
        vg_twin_map_ground(jobs, maps, pictures);
    else
        vg_twin_map_flame(jobs, maps, pictures);
}

static void jobs_step(struct vg_map_job *jobs, vg_i32 pictures, vg_i32 time)
{
    for (vg_i32 i = 0; i < pictures; i++) {
        jobs[i].turn = (time + i) % 2;
        jobs[i].first = time == 0;
        jobs[i].step_ms = time == 0 ? 0 : 200 + 33 * i;
    }
}

static void work_set(struct vg_case_run *run, const struct vg_map_job *job)
{
    const size_t width = (size_t)job->width;
    run->global[0] = (width + VG_MAP_STRIP - 1) / VG_MAP_STRIP;
    if (run->form == VG_FORM_SPREAD)
        vg_case_spread(run, width);
    run->global[1] = (size_t)job->height;
    run->global[2] = (size_t)run->row->pictures;
}

static enum vg_status maps_make(struct vg_case_run *run, struct vg_random *random)
{
    const struct vg_kernel_case *row = run->row;
    const struct vg_map_build build = {.block = VG_BLOCK, .form = run->form};
    const size_t pictures = (size_t)row->pictures;
    struct vg_map_job jobs[4] = {{0}};
    vg_i32 bytes = 4 * VG_MAP_ALIGN; /* a guard */
    for (vg_i32 i = 0; i < row->pictures; i++)
        bytes = job_fill(row, i, bytes, &jobs[i]);
    struct vg_case_buffer *pixels = vg_case_buffer_add(
        run, VG_ARG_PIXELS, pictures * 2 * (size_t)((row->x_width + 6) * row->x_height) + 64);
    struct vg_case_buffer *told = vg_case_buffer_add(run, VG_ARG_MAP_JOBS, pictures * sizeof *jobs);
    struct vg_case_buffer *maps = vg_case_buffer_add(run, VG_ARG_MAPS, (size_t)bytes);
    if (!pixels || !told || !maps)
        return VG_E_MEMORY;
    vg_case_guard_fill(maps);
    for (vg_i32 time = 0; time <= row->option; time++) {
        jobs_step(jobs, row->pictures, time);
        pixels_draw(row, pixels, time, random);
        if (time < row->option)
            picture_run(VG_KERNEL_COUNT, pixels, jobs, maps->data, row->pictures);
    }
    if (row->kernel != KERNEL_SMALL)
        picture_run(row->kernel == KERNEL_GROUND ? KERNEL_SMALL : KERNEL_GROUND, pixels, jobs,
                    maps->data, row->pictures);
    maps->content = VG_CASE_BYTES;
    if (vg_case_want_add(maps))
        return VG_E_MEMORY;
    kernel_run(row->kernel, pixels, jobs, maps->want, row->pictures);
    memcpy(told->data, jobs, told->bytes);
    work_set(run, &jobs[0]);
    vg_map_options(row->kernel, &build, run->options);
    return VG_OK;
}

const struct vg_case_family vg_cases_maps = {rows, sizeof rows / sizeof *rows, maps_make};
