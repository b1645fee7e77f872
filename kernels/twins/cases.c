/* The families of cases, their buffers, and judging. */
#include "kernels/twins/cases.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/twins/cases_make.h"
#include "src/base/alloc.h"
#include "src/base/half.h"

static const struct vg_case_family *const families[] = {
    &vg_cases_conv, &vg_cases_depthwise, &vg_cases_map,  &vg_cases_prepare, &vg_cases_boxes,
    &vg_cases_int8, &vg_cases_flow,      &vg_cases_maps, &vg_cases_forms};

#define FAMILY_COUNT (sizeof families / sizeof *families)

const struct vg_kernel_case *vg_kernel_case_at(size_t index)
{
    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        if (index < families[i]->count)
            return &families[i]->row[index];
        index -= families[i]->count;
    }
    return NULL;
}

static const struct vg_case_family *family_of(const struct vg_kernel_case *row)
{
    size_t i = 0;
    while (row < families[i]->row || row >= families[i]->row + families[i]->count)
        i++;
    return families[i];
}

/* ---- buffers ---- */

struct vg_case_buffer *vg_case_buffer_add(struct vg_case_run *run, enum vg_arg arg, size_t bytes)
{
    assert(run->buffer_count < VG_KERNEL_ARGS_MAX);
    struct vg_case_buffer *buffer = &run->buffer[run->buffer_count++];
    buffer->arg = arg;
    buffer->bytes = bytes;
    buffer->data = vg_alloc(bytes);
    return buffer->data ? buffer : NULL;
}

enum vg_status vg_case_want_add(struct vg_case_buffer *buffer)
{
    buffer->want = vg_alloc(buffer->bytes);
    if (!buffer->want)
        return VG_E_MEMORY;
    memcpy(buffer->want, buffer->data, buffer->bytes);
    return VG_OK;
}

void vg_case_guard_fill(struct vg_case_buffer *buffer)
{
    uint32_t *word = buffer->data;
    for (size_t i = 0; i < buffer->bytes / sizeof *word; i++)
        word[i] = VG_CASE_GUARD_WORD;
}

float vg_case_value(struct vg_random *random, float amplitude)
{
    if (amplitude < 0) /* all negative */
        return (float)(vg_random_unit(random) * (double)amplitude - 1.0);
    return (float)((2 * vg_random_unit(random) - 1) * (double)amplitude);
}

float vg_case_held(const struct vg_case_run *run, float value)
{
    return run->storage == VG_STORAGE_HALF ? vg_half_to_float(vg_half_nearest(value)) : value;
}

/* a guard, the pictures, a guard */
size_t vg_case_area(const struct vg_case_tensor *t, vg_i32 pictures, struct vg_area *area)
{
    const vg_i32 blocks =
        (t->channels + t->pixel - 1) / t->pixel + t->blocks_before + t->blocks_after;
    area->row = (t->left + t->width + t->right) * t->pixel;
    area->plane = (t->left + t->height + t->below) * area->row;
    area->picture = blocks * area->plane;
    area->first =
        VG_CASE_GUARD_FLOATS + t->blocks_before * area->plane + t->left * (area->row + t->pixel);
    return sizeof(float) * (2 * VG_CASE_GUARD_FLOATS + (size_t)pictures * (size_t)area->picture);
}

enum vg_status vg_case_input_add(struct vg_case_run *run, enum vg_arg arg,
                                 const struct vg_case_tensor *t, enum vg_case_halo halo,
                                 struct vg_random *random, struct vg_area *area)
{
    const vg_i32 pictures = run->row->pictures;
    struct vg_case_buffer *buffer = vg_case_buffer_add(run, arg, vg_case_area(t, pictures, area));
    if (!buffer)
        return VG_E_MEMORY;
    if (halo == VG_CASE_HALO_GUARD)
        vg_case_guard_fill(buffer);
    float *x = buffer->data;
    const vg_i32 lanes = (t->channels + t->pixel - 1) / t->pixel * t->pixel;
    for (vg_i32 picture = 0; picture < pictures; picture++)
        for (vg_i32 c = 0; c < lanes; c++)
            for (vg_i32 row = 0; row < t->height; row++)
                for (vg_i32 column = 0; column < t->width; column++)
                    x[area->first + picture * area->picture + c / t->pixel * area->plane +
                      row * area->row + column * t->pixel + c % t->pixel] =
                        vg_case_held(run, vg_case_value(random, run->row->amplitude));
    return VG_OK;
}

enum vg_status vg_case_output_add(struct vg_case_run *run, const struct vg_case_tensor *t,
                                  struct vg_area *area, float **want)
{
    struct vg_case_buffer *buffer =
        vg_case_buffer_add(run, VG_ARG_Y, vg_case_area(t, run->row->pictures, area));
    if (!buffer)
        return VG_E_MEMORY;
    vg_case_guard_fill(buffer);
    if (vg_case_want_add(buffer))
        return VG_E_MEMORY;
    *want = buffer->want;
    return VG_OK;
}

vg_i32 vg_case_blocks(vg_i32 channels)
{
    return (channels + VG_BLOCK - 1) / VG_BLOCK;
}

/* ---- open ---- */

static uint16_t half_of(float value)
{
    uint32_t word;
    memcpy(&word, &value, sizeof word);
    return word == VG_CASE_GUARD_WORD ? VG_CASE_GUARD_HALF : vg_half_nearest(value);
}

/* The activations as the device gets them; what they should become stays in floats. */
static void halves_make(struct vg_case_run *run)
{
    for (uint32_t i = 0; i < run->buffer_count; i++) {
        struct vg_case_buffer *buffer = &run->buffer[i];
        const float *from = buffer->data;
        uint16_t *to = buffer->data; /* never ahead of `from` */
        if (buffer->arg != VG_ARG_X && buffer->arg != VG_ARG_X2 && buffer->arg != VG_ARG_X3 &&
            buffer->arg != VG_ARG_Y)
            continue;
        for (size_t k = 0; k < buffer->bytes / sizeof *from; k++)
            to[k] = half_of(from[k]);
        buffer->bytes /= 2;
        buffer->content = VG_CASE_HALVES;
    }
}

void vg_case_spread(struct vg_case_run *run, size_t items)
{
    run->group_items = VG_SPREAD_ITEMS;
    run->global[0] = (items + VG_SPREAD_ITEMS - 1) / VG_SPREAD_ITEMS * VG_SPREAD_ITEMS;
}

enum vg_status vg_case_make(struct vg_case_run *run, const struct vg_kernel_case *row,
                            struct vg_random *random)
{
    run->row = row;
    run->group_items = vg_kernel_rows[row->kernel].group_items;
    for (uint32_t i = 0; i < 3; i++)
        run->global[i] = 1;
    return family_of(row)->make(run, random);
}

enum vg_status vg_case_open(const struct vg_kernel_case *row, uint64_t seed,
                            struct vg_case_run **out)
{
    struct vg_random random;
    vg_random_seed(&random, seed);
    *out = vg_alloc(sizeof **out);
    if (!*out)
        return VG_E_MEMORY;
    (*out)->tolerance = row->tolerance;
    const enum vg_status status = vg_case_make(*out, row, &random);
    if (status)
        vg_case_close(out);
    else if ((*out)->storage == VG_STORAGE_HALF)
        halves_make(*out);
    return status;
}

void vg_case_close(struct vg_case_run **run)
{
    if (!*run)
        return;
    for (uint32_t i = 0; i < (*run)->buffer_count; i++) {
        vg_free((*run)->buffer[i].data);
        vg_free((*run)->buffer[i].want);
    }
    vg_free(*run);
    *run = NULL;
}

/* ---- judging ---- */

static int candidate_order(const void *a, const void *b)
{
    const struct vg_candidate *left = a, *right = b;
    if (left->cell != right->cell)
        return left->cell < right->cell ? -1 : 1;
    return (left->net_class > right->net_class) - (left->net_class < right->net_class);
}

static const struct vg_case_buffer *buffer_of(const struct vg_case_run *run, enum vg_arg arg)
{
    for (uint32_t i = 0; i < run->buffer_count; i++)
        if (run->buffer[i].arg == arg)
            return &run->buffer[i];
    return NULL;
}

/* Puts each job's candidates in order. Where too many passed, which ones found a place is not
 * fixed: those are taken as they are. */
static void candidates_settle(const struct vg_case_run *run, struct vg_candidate *got)
{
    const struct vg_case_buffer *counts = buffer_of(run, VG_ARG_COUNTS);
    const struct vg_case_buffer *candidates = buffer_of(run, VG_ARG_CANDIDATES);
    assert(counts && candidates);
    for (vg_i32 picture = 0; picture < run->row->pictures; picture++) {
        const vg_i32 count = ((const vg_i32 *)counts->want)[picture], most = run->row->option;
        struct vg_candidate *first = got + picture * most;
        if (count > most)
            memcpy(first, (const struct vg_candidate *)candidates->want + picture * most,
                   (size_t)most * sizeof *first);
        else
            qsort(first, (size_t)count, sizeof *first, candidate_order);
    }
}

static float float_of(uint32_t word)
{
    float f;
    memcpy(&f, &word, sizeof f);
    return f;
}

static int is_integer(const struct vg_case_buffer *buffer, size_t word)
{
    const size_t words = sizeof(struct vg_candidate) / sizeof(uint32_t);
    const size_t first = offsetof(struct vg_candidate, cell) / sizeof(uint32_t);
    return buffer->content == VG_CASE_BYTES || buffer->arg == VG_ARG_COUNTS ||
           (buffer->arg == VG_ARG_CANDIDATES && word % words >= first);
}

static uint32_t word_of(float value)
{
    uint32_t word;
    memcpy(&word, &value, sizeof word);
    return word;
}

/* word i of what the kernel left; a half as a float, whose guard is a float's guard */
static uint32_t got_word(const struct vg_case_buffer *buffer, const void *got, size_t i)
{
    if (buffer->content != VG_CASE_HALVES)
        return ((const uint32_t *)got)[i];
    const uint16_t half = ((const uint16_t *)got)[i];
    return half == VG_CASE_GUARD_HALF ? VG_CASE_GUARD_WORD : word_of(vg_half_to_float(half));
}

/* error of a float that should have been written */
static double error_of(const struct vg_case_run *run, uint32_t got, uint32_t want)
{
    if (got == want)
        return 0;
    const double g = (double)float_of(got), w = (double)float_of(want);
    const double error = fabs(g - w) / fmax(fabs((double)run->row->amplitude), fabs(w));
    return isnan(error) ? HUGE_VAL : error;
}

/* greatest difference of the four bytes of a word, relative to 255 */
static double bytes_error(uint32_t got, uint32_t want)
{
    double most = 0;
    for (uint32_t i = 0; i < 32; i += 8)
        most = fmax(most, fabs((double)(got >> i & 255) - (double)(want >> i & 255)));
    return most / 255;
}

static double word_error(const struct vg_case_run *run, const struct vg_case_buffer *buffer,
                         size_t word, uint32_t got, uint32_t want)
{
    if (buffer->content == VG_CASE_NEAR)
        return bytes_error(got, want);
    if (is_integer(buffer, word))
        return got == want ? 0 : HUGE_VAL;
    return error_of(run, got, want);
}

struct vg_case_verdict vg_case_judge(const struct vg_case_run *run, uint32_t index, void *got)
{
    const struct vg_case_buffer *buffer = &run->buffer[index];
    assert(buffer->want);
    if (buffer->arg == VG_ARG_CANDIDATES)
        candidates_settle(run, got);
    struct vg_case_verdict verdict = {0};
    const uint32_t *want = buffer->want;
    const size_t each = buffer->content == VG_CASE_HALVES ? 2 : 4;
    for (size_t i = 0; i < buffer->bytes / each; i++) {
        const uint32_t g = got_word(buffer, got, i), w = want[i];
        const double error = word_error(run, buffer, i, g, w);
        const int guard = w == VG_CASE_GUARD_WORD && g != w;
        if (!guard && error > verdict.worst)
            verdict.worst = error;
        if (!guard && error <= run->tolerance)
            continue;
        if (!verdict.wrong) {
            verdict.first_word = i;
            verdict.got = float_of(g);
            verdict.want = float_of(w);
        }
        verdict.wrong++;
        verdict.guards_broken += (uint32_t)guard;
    }
    return verdict;
}
