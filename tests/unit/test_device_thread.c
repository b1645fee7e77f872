/* The end of a device's thread: one that is told to quit, one that is left in a call that does not
 * return, and what is kept then. The unit's call ends when the test says so.
 * labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scheduler/device_opener.h"
#include "scheduler/live_flux.h"
#include "scheduler/map_trial.h"
#include "src/base/clock.h"

#define DEADLINE_US \
    (20 * VG_US_PER_S) /* for what takes no time; well below the thread's own minute */

struct desk {
    sem_t begun, may_end;
    struct vg_ring *back;
    struct vg_open_device open;
    struct vg_live_batch *batch;
    struct vg_live_flux *flux;
    struct vg_stage_times *times;
};

static enum vg_status run(void *self, const struct vg_job *jobs, uint32_t count,
                          struct vg_answer *answers, struct vg_fault *fault)
{
    struct desk *d = self;
    (void)jobs;
    (void)count;
    (void)answers;
    (void)fault;
    (void)sem_post(&d->begun);
    while (sem_wait(&d->may_end) != 0)
        ;
    return VG_OK;
}

static struct vg_engine_times last_times(const void *self)
{
    (void)self;
    return (struct vg_engine_times){0};
}

static enum vg_status weights_digest(void *self, uint8_t digest[VG_SHA256_BYTES],
                                     struct vg_fault *fault)
{
    (void)self;
    (void)fault;
    memset(digest, 0, VG_SHA256_BYTES);
    return VG_OK;
}

static const char *name(const void *self)
{
    (void)self;
    return "desk";
}

static int set_up(void **state)
{
    struct desk *d = calloc(1, sizeof *d);
    *state = d;
    if (!d || sem_init(&d->begun, 0, 0) || sem_init(&d->may_end, 0, 0))
        return -1;
    d->batch = calloc(1, sizeof *d->batch);
    d->flux = calloc(1, sizeof *d->flux);
    d->times = calloc(1, sizeof *d->times);
    if (!d->batch || !d->flux || !d->times || vg_ring_open(&d->back, 8, sizeof(void *)))
        return -1;
    d->batch->answer = calloc(1, sizeof *d->batch->answer);
    d->open.unit = (struct vg_device_unit){.self = d,
                                           .run = run,
                                           .last_times = last_times,
                                           .weights_digest = weights_digest,
                                           .name = name};
    const struct vg_device_settings settings = {
        .unit = d->open.unit, .to_worker = {d->back}, .times = d->times};
    return d->batch->answer && !vg_device_thread_open(&d->open.thread, &settings) ? 0 : -1;
}

/* The thread has ended by now: none is left that uses any of it. */
static int take_down(void **state)
{
    struct desk *d = *state;
    vg_open_device_close(&d->open);
    vg_ring_close(&d->back);
    (void)sem_destroy(&d->begun);
    (void)sem_destroy(&d->may_end);
    free(d->batch->answer);
    free(d->batch);
    free(d->flux);
    free(d->times);
    free(d);
    return 0;
}

/* Its thread is in the call when this returns. */
static void begin_call(struct desk *d)
{
    d->batch->count = d->batch->jobs = 1;
    d->batch->work[0] = (struct vg_live_work){.flux = d->flux, .batch = d->batch};
    assert_int_equal(vg_device_thread_run(d->open.thread, d->batch), VG_OK);
    while (sem_wait(&d->begun) != 0)
        ;
}

static bool ends(const struct desk *d)
{
    const int64_t until_us = vg_mono_now().us + DEADLINE_US;
    while (!vg_device_thread_over(d->open.thread) && vg_mono_now().us < until_us)
        vg_pause_us(1000);
    return vg_device_thread_over(d->open.thread);
}

static bool answered(struct desk *d)
{
    struct vg_live_work *work;
    return vg_ring_pop(d->back, &work) == VG_OK;
}

/* What it was given is handed on first. */
static void one_told_to_quit_ends_after_its_batch(void **state)
{
    struct desk *d = *state;
    begin_call(d);
    vg_device_thread_quit(d->open.thread);
    assert_false(vg_device_thread_over(d->open.thread));
    (void)sem_post(&d->may_end);
    assert_true(ends(d));
    assert_true(answered(d));
    assert_true(d->batch->handed);
}

/* Its call has returned just before, and it sleeps already: it would for a minute. */
static void one_that_is_abandoned_asleep_ends(void **state)
{
    struct desk *d = *state;
    begin_call(d);
    (void)sem_post(&d->may_end);
    assert_int_equal(vg_ring_wait(d->back, (int)(DEADLINE_US / 1000)), VG_OK);
    vg_device_thread_abandon(d->open.thread);
    assert_true(ends(d));
    assert_true(answered(d));
}

static void one_that_hangs_hands_on_nothing(void **state)
{
    struct desk *d = *state;
    begin_call(d);
    vg_device_thread_quit(d->open.thread);
    vg_device_thread_abandon(d->open.thread);
    assert_false(vg_device_thread_over(d->open.thread));
    (void)sem_post(&d->may_end);
    assert_true(ends(d));
    assert_false(answered(d));
    assert_false(d->batch->handed);
}

static bool is_marked(const struct vg_map_trial *trial)
{
    return access(trial->path, F_OK) == 0;
}

/* The mark is there while the device makes its first maps, and gone once they are handed on; that of
 * a device that hung over them stays. */
static void first_maps_are_made_under_their_mark(void **state)
{
    struct desk *d = *state;
    char folder[] = "/tmp/vigie-mark-XXXXXX", path[64];
    struct vg_map_trial answered_one, hung;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/state", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)vg_map_trial_open(&answered_one, folder, 0, "desk", (struct vg_wall_time){1});
    (void)vg_map_trial_open(&hung, folder, 1, "desk", (struct vg_wall_time){1});
    d->batch->trial = &answered_one;
    assert_false(is_marked(&answered_one));
    begin_call(d);
    assert_true(is_marked(&answered_one));
    (void)sem_post(&d->may_end);
    assert_int_equal(vg_ring_wait(d->back, (int)(DEADLINE_US / 1000)), VG_OK);
    assert_false(is_marked(&answered_one));
    assert_true(answered(d));
    d->batch->trial = &hung;
    begin_call(d);
    vg_device_thread_abandon(d->open.thread);
    (void)sem_post(&d->may_end);
    assert_true(ends(d));
    assert_true(is_marked(&hung));
    assert_int_equal(unlink(hung.path), 0);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_told_to_quit_ends_after_its_batch, set_up, take_down),
        cmocka_unit_test_setup_teardown(one_that_is_abandoned_asleep_ends, set_up, take_down),
        cmocka_unit_test_setup_teardown(one_that_hangs_hands_on_nothing, set_up, take_down),
        cmocka_unit_test_setup_teardown(first_maps_are_made_under_their_mark, set_up, take_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
