/* Every kernel against its twin on the OpenCL device, with guards around what may be written.
 * VIGIE_TWINS_SMALL=1: only the cases fit for a simulator. VIGIE_TWINS: only that kernel.
 * VIGIE_SEED: another seed.
 * labels: ocl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/conv_weights.h"
#include "kernels/twins/cases_make.h"
#include "kernels/twins/twins.h"
#include "src/base/fault.h"
#include "src/base/half.h"
#include "src/engine/conv_variants.h"
#include "src/engine/kernel_check.h"

struct state {
    struct vg_device device;
    struct vg_programs programs;
};

static uint64_t seed_of_run(void)
{
    const char *text = getenv("VIGIE_SEED");
    return text ? strtoull(text, NULL, 10) : 20261121;
}

static int device_open(void **out)
{
    struct vg_fault fault = {0};
    struct state *state = calloc(1, sizeof *state);
    if (!state)
        return -1;
    if (vg_device_open(&state->device, NULL, 0, &fault)) {
        vg_fault_print(&fault);
        free(state);
        return -1;
    }
    vg_programs_init(&state->programs, &state->device);
    print_message("device %s, seed %llu\n", state->device.info.name,
                  (unsigned long long)seed_of_run());
    *out = state;
    return 0;
}

static int device_close(void **in)
{
    struct state *state = *in;
    vg_programs_release(&state->programs);
    vg_device_close(&state->device);
    free(state);
    return 0;
}

/* VIGIE_TWINS=conv_tile: that kernel alone */
static int is_asked_for(const struct vg_kernel_case *row)
{
    const char *name = getenv("VIGIE_TWINS");
    return !name || !strcmp(name, vg_kernel_rows[row->kernel].name);
}

static int case_good(struct state *state, const struct vg_kernel_case *row)
{
    struct vg_check_result result;
    struct vg_fault fault = {0};
    const char *kernel = vg_kernel_rows[row->kernel].name;
    if (vg_kernel_check(&state->programs, row, seed_of_run(), &result, &fault)) {
        vg_fault_print(&fault);
        return 0;
    }
    if (result.outcome == VG_CHECK_WRONG)
        print_error("%s, %s: %u words wrong (%u guards), first at %zu: %g, not %g; worst %.3g "
                    "(allowed %.3g: %s)\n",
                    kernel, row->name, result.verdict.wrong, result.verdict.guards_broken,
                    result.verdict.first_word, (double)result.verdict.got,
                    (double)result.verdict.want, result.verdict.worst, row->tolerance, row->reason);
    else
        print_message("%-14s %-20s %s worst %.2g of %.2g\n", kernel, row->name,
                      result.outcome == VG_CHECK_SKIPPED ? "skipped: the device lacks something"
                                                         : "good",
                      result.verdict.worst, row->tolerance);
    return result.outcome != VG_CHECK_WRONG;
}

static void kernels_agree_with_their_twins(void **in)
{
    struct state *state = *in;
    const int small = getenv("VIGIE_TWINS_SMALL") != NULL;
    uint32_t bad = 0, done[VG_KERNEL_COUNT] = {0};
    const struct vg_kernel_case *row;
    for (size_t i = 0; (row = vg_kernel_case_at(i)); i++) {
        if ((small && row->scale != VG_CASE_SMALL) || !is_asked_for(row))
            continue;
        bad += !case_good(state, row);
        done[row->kernel]++;
    }
    for (uint32_t kernel = 0; kernel < VG_KERNEL_COUNT; kernel++)
        assert_true(done[kernel] >= 2 || getenv("VIGIE_TWINS"));
    assert_int_equal(bad, 0);
}

static int has_case(const struct vg_conv_variant *variant)
{
    const struct vg_kernel_case *row;
    for (size_t i = 0; (row = vg_kernel_case_at(i)); i++) {
        const struct vg_conv_tile tile = vg_case_tile(row);
        if (row->kernel == variant->kernel && tile.pixels == variant->tile.pixels &&
            tile.blocks == variant->tile.blocks)
            return 1;
    }
    return 0;
}

/* Another tile is another program: what the plans and the tuner may take must be among the cases. */
static void every_row_of_the_variants_has_a_case(void **in)
{
    (void)in;
    uint32_t bare = 0;
    for (uint32_t i = 0; i < vg_conv_row_count(); i++) {
        const struct vg_conv_variant *variant = vg_conv_row(i);
        if (variant->kernel == VG_KERNEL_COUNT || has_case(variant))
            continue; /* two nodes apart have no kernel */
        print_error("%s: no case of its tile\n", variant->name);
        bare++;
    }
    assert_int_equal(bare, 0);
}

/* what a right kernel would leave */
static void *right_answer(const struct vg_case_buffer *buffer)
{
    const float *want = buffer->want;
    uint16_t *halves = malloc(buffer->bytes);
    assert_non_null(halves);
    if (buffer->content != VG_CASE_HALVES) {
        memcpy(halves, want, buffer->bytes);
        return halves;
    }
    for (size_t i = 0; i < buffer->bytes / 2; i++) {
        uint32_t word;
        memcpy(&word, &want[i], sizeof word);
        halves[i] = word == VG_CASE_GUARD_WORD ? VG_CASE_GUARD_HALF : vg_half_nearest(want[i]);
    }
    return halves;
}

/* A judge that lets everything pass would make the test above worthless. */
static void the_judge_sees_faults(void **in)
{
    (void)in;
    const struct vg_kernel_case *row;
    for (size_t i = 0; (row = vg_kernel_case_at(i)); i++) {
        struct vg_case_run *run = NULL;
        if (row->scale != VG_CASE_SMALL)
            continue;
        assert_int_equal(vg_case_open(row, 1, &run), VG_OK);
        for (uint32_t b = 0; b < run->buffer_count; b++) {
            const struct vg_case_buffer *buffer = &run->buffer[b];
            if (!buffer->want)
                continue;
            uint32_t *got = right_answer(buffer);
            assert_int_equal(vg_case_judge(run, b, got).wrong, 0);
            got[buffer->bytes / 4 - 1] ^= 0x01000000; /* a guard, or the last count */
            assert_int_equal(vg_case_judge(run, b, got).wrong, 1);
            free(got);
        }
        vg_case_close(&run);
        assert_null(run);
    }
}

/* Both methods of convolution, in plain C, give the same. */
static void winograd_is_the_convolution(void **in)
{
    (void)in;
    enum {
        W = 9,
        H = 6,
        CHANNELS = 20
    };
    static float x[2 * W * H * 16], a[2 * W * H * 16], b[2 * W * H * 16];
    static float weights[CHANNELS * CHANNELS * 9], bias[CHANNELS];
    const struct vg_area area = {0, 2 * W * H * 16, W * H * 16, W * 16};
    for (int c = 0; c < CHANNELS; c++)
        for (int row = 0; row < H; row++)
            for (int column = 0; column < W; column++)
                x[vg_area_at(&area, 0, c, row, column)] =
                    (float)((c * 7 + row * 5 + column * 3) % 11 - 5);
    for (int i = 0; i < CHANNELS * CHANNELS * 9; i++)
        weights[i] = (float)(i % 17 - 8) / 32;
    for (int i = 0; i < CHANNELS; i++)
        bias[i] = (float)i - 9;
    const struct vg_conv_build build = {.tile = {1, 1},
                                        .block = 16,
                                        .x_pixel = 16,
                                        .size_y = 3,
                                        .size_x = 3,
                                        .stride_y = 1,
                                        .stride_x = 1,
                                        .dilation_y = 1,
                                        .dilation_x = 1,
                                        .act = VG_ACT_CODE_LEAKY};
    const struct vg_twin_conv conv = {.build = &build, .weights = weights, .bias = bias};
    const struct vg_conv_sizes sizes = {.x = area,
                                        .y = area,
                                        .x_width = W,
                                        .x_height = H,
                                        .x_pixel = 16,
                                        .x_channels = CHANNELS,
                                        .above = 1,
                                        .left = 1,
                                        .width = W,
                                        .height = H,
                                        .y_channels = CHANNELS,
                                        .parts = 1,
                                        .groups = 2,
                                        .act_blocks = 2,
                                        .pictures = 1,
                                        .act_a = 0.1f};
    vg_twin_conv_direct(x, &conv, a, &sizes);
    vg_twin_conv_wino(x, &conv, b, &sizes);
    for (size_t i = 0; i < sizeof a / sizeof *a; i++)
        assert_true(fabs((double)a[i] - (double)b[i]) < 1e-5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(kernels_agree_with_their_twins, device_open, device_close),
        cmocka_unit_test(every_row_of_the_variants_has_a_case),
        cmocka_unit_test(the_judge_sees_faults),
        cmocka_unit_test(winograd_is_the_convolution),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
