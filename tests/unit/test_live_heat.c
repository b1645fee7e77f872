/* From what the chain sums up to hours of the file, by way of the thread.
 * labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scheduler/live_heat.h"
#include "src/base/alloc.h"
#include "src/store/heat_query.h"
#include "tests/store_fixture.h"

#define S VG_US_PER_S
#define H (3600 * S)

struct play {
    struct vg_heat_thread *thread;
    struct vg_heat_grid *grid;
    struct vg_live_heat heat;
    const char *flux;
    int64_t wall_us; /* of its begin: a whole hour */
};

/* now: the writer sweeps by the real clock, which must not take the test's days for old. */
static void start(struct play *p, const struct store_fixture *f, const char *flux)
{
    *p = (struct play){.flux = flux, .wall_us = (vg_wall_now().us / H - 100) * H};
    p->grid = vg_alloc(sizeof *p->grid);
    assert_non_null(p->grid);
    assert_int_equal(vg_heat_thread_open(&p->thread, f->folder, 30), VG_OK);
}

static void stop(struct play *p)
{
    vg_live_heat_leave(p->grid, p->thread, p->flux);
    vg_heat_thread_close(&p->thread);
    vg_free(p->grid);
}

/* One picture a second, from and to in seconds, somebody in a cell in each. */
static void run(struct play *p, int64_t from, int64_t to, int cell)
{
    for (int64_t t = from; t < to; t++) {
        vg_live_heat_picture(p->grid, p->thread, p->flux,
                             (struct vg_wall_time){p->wall_us + t * S});
        vg_heat_grid_shape(p->grid, 1920, 1080);
        vg_heat_grid_watch(p->grid, 1000);
        vg_heat_grid_add(p->grid, cell, 1000);
        vg_live_heat_look(&p->heat, p->grid, p->thread, p->flux, (struct vg_mono_time){t * S});
    }
}

/* Seconds of that cell in an hour. */
static uint64_t seconds(const struct play *p, const struct store_fixture *f, int hour, int cell)
{
    const struct vg_heat_ask ask = {.data = f->folder,
                                    .flux = p->flux,
                                    .from = {p->wall_us + hour * H},
                                    .to = {p->wall_us + (hour + 1) * H},
                                    .now = {p->wall_us + 50 * H}};
    struct vg_heat_answer *answer;
    struct vg_fault fault = {.what = ""};
    if (vg_heat_query(&ask, &answer, &fault))
        fail_msg("%s", fault.what);
    const uint64_t ms = answer->sum.cell[cell];
    assert_int_equal(vg_heat_sum_total_ms(&answer->sum), ms);
    assert_int_equal(answer->sum.watched_ms, ms);
    vg_free(answer);
    return ms / 1000;
}

static void hours_are_parted(void **state)
{
    const struct store_fixture *f = *state;
    struct play p;
    start(&p, f, "cam-1");
    run(&p, 3500, 3600, 7);
    run(&p, 3600, 3650, 9);
    stop(&p);
    assert_int_equal(seconds(&p, f, 0, 7), 100);
    assert_int_equal(seconds(&p, f, 1, 9), 50);
    assert_int_equal(seconds(&p, f, 2, 9), 0);
}

static void a_restart_and_a_clock_set_back_go_on(void **state)
{
    const struct store_fixture *f = *state;
    struct play p, again;
    start(&p, f, "cam-2");
    run(&p, 0, 20, 7);
    run(&p, 3600, 3610, 7);
    run(&p, 30, 40, 7);
    stop(&p);
    start(&again, f, "cam-2");
    again.wall_us = p.wall_us;
    run(&again, 60, 65, 7);
    stop(&again);
    assert_int_equal(seconds(&p, f, 0, 7), 35);
    assert_int_equal(seconds(&p, f, 1, 7), 10);
}

/* A kill at any time: what is older than a minute was given. */
static void the_running_hour_is_given(void **state)
{
    const struct store_fixture *f = *state;
    struct play p;
    start(&p, f, "cam-3");
    run(&p, 100, 400, 7);
    vg_heat_thread_close(&p.thread);
    vg_free(p.grid);
    assert_true(seconds(&p, f, 0, 7) >= 240);
}

static void nothing_is_kept_without_a_grid(void **state)
{
    const struct store_fixture *f = *state;
    struct play p;
    start(&p, f, "cam-4");
    vg_live_heat_picture(NULL, p.thread, p.flux, (struct vg_wall_time){p.wall_us});
    vg_live_heat_look(&p.heat, NULL, p.thread, p.flux, (struct vg_mono_time){90 * S});
    vg_live_heat_leave(NULL, p.thread, p.flux);
    stop(&p);
    assert_int_equal(seconds(&p, f, 0, 0), 0);
}

static void a_disk_that_fails_is_counted(void **state)
{
    const struct store_fixture *f = *state;
    struct play p;
    const struct store_fixture there = store_without_folder(f);
    start(&p, &there, "cam-5");
    run(&p, 0, 10, 7);
    vg_live_heat_leave(p.grid, p.thread, p.flux);
    const int64_t end = vg_mono_now().us + 10 * S;
    while (vg_heat_thread_counts(p.thread).failed < 1 && vg_mono_now().us < end)
        vg_pause_us(1000);
    const struct vg_row_counts counts = vg_heat_thread_counts(p.thread);
    assert_true(counts.failed == 1 && counts.written == 0 && counts.dropped == 0);
    char name[VG_FLUX_ID_SIZE + 1];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(vg_heat_thread_give(p.thread, name, p.grid, VG_ROW_MUST), VG_E_CALL);
    assert_int_equal(vg_heat_thread_give(p.thread, "", p.grid, VG_ROW_MUST), VG_E_CALL);
    vg_heat_thread_close(&p.thread);
    vg_free(p.grid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hours_are_parted),
        cmocka_unit_test(a_restart_and_a_clock_set_back_go_on),
        cmocka_unit_test(the_running_hour_is_given),
        cmocka_unit_test(nothing_is_kept_without_a_grid),
        cmocka_unit_test(a_disk_that_fails_is_counted),
    };
    return cmocka_run_group_tests(tests, store_set_up, store_tear_down);
}
