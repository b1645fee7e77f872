/* Several devices: which are chosen, and the whole analysis on two timed ones of which one fails or
 * hangs in the middle. Every flux goes on, every picture meets one fate.
 * labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/live_server.h"
#include "bench/load_profile.h"
#include "bench/scheduler_run.h"
#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/log.h"
#include "src/engine/device_select.h"
#include "src/scene/scene.h"

#define MANY UINT64_MAX
#ifdef __SANITIZE_THREAD__ /* all takes longer */
#define SLOW 2
#else
#define SLOW 1
#endif
#define BATCH_MAX 4 /* no event here asks for second looks: no batch has more jobs */

static struct vg_device_info info(enum vg_device_kind kind, enum vg_vendor vendor,
                                  const char *platform)
{
    struct vg_device_info made = {.kind = kind, .vendor = vendor};
    (void)snprintf(made.platform, sizeof made.platform, "%s", platform);
    return made;
}

static void each_card_is_chosen_once_and_one_processor_last(void **state)
{
    static const struct {
        const char *there; /* kind: Gpu, Cpu, Other; vendor; platform */
        const char *chosen, *last;
    } rows[] = {
        {"", "", ""},
        {"C-1", "0", "."},
        {"C-1 C-1", "0", "."},
        {"C-1 GN2", "10", ".l"},
        {"GN1 GN1 C-2", "012", "..l"},
        {"GN1 GN2 C-3", "02", ".l"}, /* the same card by two drivers */
        {"GA1 GN2 C-3 C-4", "012", "..l"},
        {"G-1 G-2", "01", ".."}, /* whose they are is not known */
        {"O-1", "0", "."},
        {"O-1 C-2", "1", "."},
    };
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct vg_device_info there[VG_DEVICES_MAX];
        struct vg_device_selection s;
        uint32_t count = 0;
        for (const char *at = rows[r].there; *at; at += at[3] ? 4 : 3) {
            const char platform[] = {at[2], '\0'};
            there[count++] = info(at[0] == 'G'   ? VG_DEVICE_GPU
                                  : at[0] == 'C' ? VG_DEVICE_CPU
                                                 : VG_DEVICE_OTHER,
                                  at[1] == 'N'   ? VG_VENDOR_NVIDIA
                                  : at[1] == 'A' ? VG_VENDOR_AMD
                                                 : VG_VENDOR_OTHER,
                                  platform);
        }
        vg_device_select_all(there, count, &s);
        assert_int_equal(s.count, strlen(rows[r].chosen));
        for (uint32_t i = 0; i < s.count; i++) {
            assert_int_equal(s.index[i], rows[r].chosen[i] - '0');
            assert_int_equal(s.last[i], rows[r].last[i] == 'l');
        }
    }
}

static void of_the_variable_who_takes_one_takes_the_first(void **state)
{
    struct vg_device_info there[VG_DEVICES_MAX], found;
    struct vg_fault fault;
    uint32_t count = 0;
    (void)state;
    assert_int_equal(vg_device_list(there, &count, &fault), VG_OK);
    if (count == 0)
        skip();
    assert_int_equal(setenv("VIGIE_DEVICE", "0,1", 1), 0);
    assert_int_equal(vg_device_find(NULL, 0, &found, &fault), VG_OK);
    assert_int_equal(found.index, 0);
    assert_int_equal(setenv("VIGIE_DEVICE", "no-such,0", 1), 0);
    assert_int_equal(vg_device_find(NULL, 0, &found, &fault), VG_E_LACK);
    assert_string_equal(fault.place, "no-such");
    assert_int_equal(setenv("VIGIE_DEVICE", ",0", 1), 0);
    assert_int_equal(vg_device_find(NULL, 0, &found, &fault), VG_E_LACK);
    assert_int_equal(vg_device_find("0,1", 0, &found, &fault), VG_E_LACK); /* a word is one */
    assert_int_equal(unsetenv("VIGIE_DEVICE"), 0);
}

static void more_devices_than_there_is_room_for_are_refused(void **state)
{
    struct vg_scheduler_found *found = vg_alloc(sizeof *found);
    const struct vg_scheduler_run run = {
        .flux = 1, .rate_fps = 5, .wanted_fps = 5, .devices = VG_TRIAL_DEVICES_MAX + 1};
    struct vg_fault fault;
    (void)state;
    assert_non_null(found);
    assert_int_not_equal(vg_scheduler_run(&run, found, &fault), VG_OK);
    vg_free(found);
}

/* Twelve flux of five pictures a second: a third of what both devices can do, so that one can do it
 * alone. */
static void run_two(const struct vg_timed_trouble *trouble, double seconds,
                    struct vg_scheduler_found *found)
{
    char scene[VG_LOAD_SCENE_SIZE];
    struct vg_text_buffer out;
    struct vg_fault fault = {.what = ""};
    struct vg_scheduler_run run = {.flux = 12,
                                   .rate_fps = 5,
                                   .wanted_fps = 5,
                                   .measure_s = seconds * SLOW,
                                   .device = {.start_us = 1000, .job_us = 8000},
                                   .devices = 2,
                                   .batch_max = BATCH_MAX,
                                   .width = 176,
                                   .height = 144,
                                   .limit_us = trouble->hangs_at ? VG_US_PER_S : 0,
                                   .retry_us = VG_US_PER_S / 5,
                                   .scene = scene};
    run.trouble = *trouble;
    run.trouble.hang_us *= SLOW;
    vg_text_buffer_init(&out, scene, sizeof scene);
    vg_load_scene(1u << VG_EVENT_CROSSING, &out);
    const enum vg_status status = vg_scheduler_run(&run, found, &fault);
    if (status)
        fail_msg("%d: %s: %s", (int)status, fault.what, fault.place);
    /* conservation */
    assert_true(found->left <= found->ready); /* that is nobody's: it was not asked for */
    uint64_t ended = 0;
    for (int f = 0; f < VG_FATE_COUNT; f++)
        ended += found->ended[f];
    assert_int_equal(ended + found->left, found->decoded);
    /* beside the others: the machine may have other work, which all of them feel */
    if (!(found->worst_share > 0.5 * found->mean_share))
        fail_msg("flux %u stands still: %g of %g", found->worst_flux, found->worst_share,
                 found->mean_share);
}

static void two_devices_share_the_flux(void **state)
{
    struct vg_scheduler_found *found = *state;
    run_two(&(struct vg_timed_trouble){0}, 1, found);
    assert_true(found->jobs[0] > 0 && found->jobs[1] > 0);
    assert_true(found->jobs[0] < 4 * found->jobs[1] && found->jobs[1] < 4 * found->jobs[0]);
    assert_int_equal(found->ended[VG_FATE_SHUTDOWN] > 24, 0); /* those under way at the end */
    assert_int_equal(found->device[0].failures + found->device[1].failures, 0);
    assert_true(found->device[0].well && found->device[1].well);
}

/* In the middle, for good: the first device has all of them. */
static void a_device_that_fails_is_left(void **state)
{
    struct vg_scheduler_found *found = *state;
    run_two(&(struct vg_timed_trouble){.fails_at = 8, .fails = MANY}, 1, found);
    assert_true(found->jobs[0] > 0 && found->jobs[1] <= 7 * BATCH_MAX);
    assert_true(found->device[1].failures > 0);
    assert_true(found->ended[VG_FATE_SHUTDOWN] > 0);
    assert_true(found->device[0].well && found->device[0].failures == 0);
}

/* Once: it is opened anew, and has flux again. */
static void a_device_that_failed_comes_back(void **state)
{
    struct vg_scheduler_found *found = *state;
    run_two(&(struct vg_timed_trouble){.fails_at = 2, .fails = 1}, 3, found);
    assert_true(found->jobs[1] > 2 * BATCH_MAX); /* more than its first batch */
    assert_int_equal(found->device[1].failures, 1);
    assert_true(found->device[1].well);
}

/* Nearly as long as is measured: its flux wait for half a second of that. Its call returns in the end;
 * what that brings is nobody's any more. */
static void a_device_that_hangs_is_left(void **state)
{
    struct vg_scheduler_found *found = *state;
    run_two(&(struct vg_timed_trouble){.hangs_at = 8, .hang_us = 5 * VG_US_PER_S / 2}, 2.5, found);
    assert_true(found->jobs[0] > 0);
    assert_true(found->device[1].failures > 0);
    assert_true(found->ended[VG_FATE_SHUTDOWN] > 0); /* what it was given */
}

static int set_up(void **state)
{
    vg_live_server_hold_signals();
    (void)setenv("VIGIE_LOG", "error", 0);
    vg_log_init("test_devices");
    *state = test_calloc(1, sizeof(struct vg_scheduler_found));
    return *state ? 0 : -1;
}

static int take_down(void **state)
{
    test_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_card_is_chosen_once_and_one_processor_last),
        cmocka_unit_test(of_the_variable_who_takes_one_takes_the_first),
        cmocka_unit_test(more_devices_than_there_is_room_for_are_refused),
        cmocka_unit_test(two_devices_share_the_flux),
        cmocka_unit_test(a_device_that_fails_is_left),
        cmocka_unit_test(a_device_that_failed_comes_back),
        cmocka_unit_test(a_device_that_hangs_is_left),
    };
    return cmocka_run_group_tests(tests, set_up, take_down);
}
