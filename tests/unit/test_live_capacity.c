/* What the loop tells of its device for admission: when, and that it is what the batches took. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/live_capacity.h"
#include "src/base/alloc.h"

#define S VG_US_PER_S

struct stage {
    struct vg_live_capacity capacity;
    struct vg_batch_sums sums[2];
    struct vg_capacity_device device[2];
    uint32_t device_count;
    struct vg_live_flux flux[2];
    struct vg_live_view view[2];
    struct vg_admission_model told;
    int64_t now_us;
    const struct vg_host_point *point;
};

static int set_up(void **state)
{
    struct stage *s = vg_alloc(sizeof *s);
    *state = s;
    if (!s)
        return -1;
    s->device_count = 1;
    for (int i = 0; i < 2; i++)
        s->device[i] = (struct vg_capacity_device){&s->sums[i], true, i > 0, i > 0};
    for (int i = 0; i < 2; i++) {
        (void)snprintf(s->flux[i].config.id, sizeof s->flux[i].config.id, "cam-%d", i);
        s->view[i].flux = &s->flux[i];
        s->view[i].state.fps_milli = 12500;
    }
    return 0;
}

static int tear_down(void **state)
{
    vg_free(*state);
    return 0;
}

static struct vg_capacity_look look_of(const struct stage *s, double job_us)
{
    return (struct vg_capacity_look){s->device, s->view, s->device_count, 2, 8, job_us, s->point};
}

/* So many batches of 1, 2, 3, 4, 1 ... jobs, of start + n x job. */
static void work_on(struct stage *s, int device, int batches, double start_ms, double job_ms)
{
    struct vg_batch_sums *sums = &s->sums[device];
    for (int i = 0; i < batches; i++) {
        const double jobs = 1 + i % 4, ms = start_ms + jobs * job_ms;
        sums->count += 1;
        sums->jobs += jobs;
        sums->jobs_squared += jobs * jobs;
        sums->ms += ms;
        sums->ms_jobs += ms * jobs;
        sums->ms_squared += ms * ms;
    }
}

static void work(struct stage *s, int batches, double start_ms, double job_ms)
{
    work_on(s, 0, batches, start_ms, job_ms);
}

/* A second later. */
static void step(struct stage *s, double job_us)
{
    s->now_us += S;
    const struct vg_capacity_look look = look_of(s, job_us);
    const size_t size = vg_live_capacity_step(&s->capacity, &look, s->now_us);
    assert_true(size > 0);
    assert_int_equal(vg_admission_model_read(s->capacity.text, size, &s->told, NULL), VG_OK);
}

static void near(int64_t got, int64_t want)
{
    const int64_t off = got > want ? got - want : want - got;
    if (off > want / 50 + 1)
        fail_msg("%lld, not %lld", (long long)got, (long long)want);
}

static void nothing_is_told_of_the_first_batches(void **state)
{
    struct stage *s = *state;
    step(s, 0);
    assert_int_equal(s->told.device_count, 0);
    work(s, VG_CAPACITY_BATCHES_MIN - 1, 5, 20);
    step(s, 20000);
    assert_int_equal(s->told.device_count, 0);
    work(s, 1, 5, 20);
    step(s, 20000);
    assert_int_equal(s->told.device_count, 1);
}

static void the_line_is_what_the_batches_took(void **state)
{
    struct stage *s = *state;
    work(s, 100, 5, 20);
    step(s, 25000);
    near(s->told.device[0].start_us, 5000);
    near(s->told.device[0].job_us, 20000);
    assert_int_equal(s->told.device[0].batch_max, 8);
    for (int i = 0; i < 3600; i++) /* an hour with nothing to do */
        step(s, 0);
    near(s->told.device[0].start_us, 5000);
    near(s->told.device[0].job_us, 20000);
    for (int i = 0; i < 300; i++) { /* five minutes at half its speed */
        work(s, 20, 10, 40);
        step(s, 50000);
    }
    near(s->told.device[0].start_us, 10000);
    near(s->told.device[0].job_us, 40000);
}

static void a_second_of_something_else_changes_little(void **state)
{
    struct stage *s = *state;
    for (int i = 0; i < 120; i++) {
        work(s, 20, 5, 20);
        step(s, 25000);
    }
    work(s, 20, 50, 200);
    step(s, 250000);
    assert_true(s->told.device[0].start_us + 4 * s->told.device[0].job_us < 2 * 85000);
}

static void each_device_has_its_line(void **state)
{
    struct stage *s = *state;
    s->device_count = 2;
    work_on(s, 0, 100, 5, 20);
    step(s, 25000);
    assert_int_equal(s->told.device_count, 1); /* the other one did nothing yet */
    work_on(s, 1, 100, 0, 90);
    step(s, 25000);
    assert_int_equal(s->told.device_count, 2);
    assert_int_equal(s->told.device[0].cores_milli, 0);
    assert_int_equal(s->told.host.cores_milli, 0); /* not looked at yet */
    near(s->told.device[0].job_us, 20000);
    near(s->told.device[1].job_us, 90000);
    assert_true(!s->told.device[0].last && s->told.device[1].last);
    s->device[0].well = false;
    step(s, 25000);
    assert_int_equal(s->told.device_count, 1);
    near(s->told.device[0].job_us, 90000);
}

static void it_is_told_once_a_second(void **state)
{
    struct stage *s = *state;
    step(s, 0);
    const struct vg_capacity_look look = look_of(s, 0);
    assert_int_equal(vg_live_capacity_step(&s->capacity, &look, s->now_us + S / 2), 0);
    s->now_us -= S / 50; /* a tick that comes sooner than the last one did is one all the same */
    step(s, 0);
}

static void a_flux_counts_what_the_share_counts(void **state)
{
    struct stage *s = *state;
    s->flux[1].share.cost_us = 50000;
    step(s, 20000);
    assert_int_equal(s->told.flux_count, 2);
    assert_string_equal(s->told.flux[0].id, "cam-0");
    assert_int_equal(s->told.flux[0].jobs_milli, 1000); /* nothing is known of it */
    assert_int_equal(s->told.flux[0].source_milli, 12500);
    assert_int_equal(s->told.flux[1].jobs_milli, 2500);
    step(s, 0);
    assert_int_equal(s->told.flux[1].jobs_milli, 1000);
}

/* With what the machine did in five seconds: two cores, a device that is the processor. */
static void the_machine_is_told_with_it(void **state)
{
    struct stage *s = *state;
    struct vg_host_point point = {.cores_milli = 2000,
                                  .processors = 2,
                                  .workers = 1,
                                  .shared_busy_us = 1,
                                  .machine = {.busy = 100, .all = 1000}};
    s->view[0].state.decoded = 1000;
    s->device_count = 2;
    for (int k = 0; k < 3; k++) {
        point.now_us = s->now_us + S;
        s->point = &point;
        work_on(s, 1, 50, 2, 14);
        step(s, 16000);
        s->point = NULL;
        s->now_us += 4 * S;
        point.process_us += 3800000 + 100000 + 50000;
        point.workers_us += 100000;
        point.loop_us += 50000;
        point.shared_busy_us += 2000000;
        point.pictures += 100;
        point.machine.all += 1000;
        point.machine.busy += 500; /* five seconds of a core */
        s->view[0].state.decoded += 125;
        s->view[0].state.figure[VG_FIGURE_DECODE_TIME] += 250000;
    }
    assert_int_equal(s->told.device_count, 1);
    near(s->told.had_milli[0], 1900);
    near(s->told.device[0].cores_milli, 2000); /* others took the tenth of a core and more */
    assert_int_equal(s->told.host.cores_milli, 2000);
    assert_int_equal(s->told.host.workers, 1);
    near(s->told.host.follow_us, 1000);
    near(s->told.host.decode_us, 2000);
    near(s->told.flux[0].decode_us, 2000);
    assert_int_equal(s->told.flux[1].decode_us, 0);
    /* 5 - 3.95 - 0.25 and the loop's own 0.05, in five seconds */
    near(s->told.host.rest_milli, 170);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_told_of_the_first_batches, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_line_is_what_the_batches_took, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_second_of_something_else_changes_little, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(each_device_has_its_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_is_told_once_a_second, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flux_counts_what_the_share_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_machine_is_told_with_it, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
