/* From what the events measure in pictures to curves of the file, by way of the thread.
 * labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scheduler/live_measures.h"
#include "src/base/alloc.h"
#include "src/store/measures_query.h"
#include "tests/store_fixture.h"

#define S VG_US_PER_S
#define M (60 * S)

struct play {
    struct vg_measures_thread *thread;
    struct vg_scene *scene;
    struct vg_live_measures measures;
    const char *flux;
    int64_t wall_us; /* of its begin: a whole minute */
};

/* now: the writer sweeps by the real clock, which must not take the test's days for old. */
static void start(struct play *p, const struct store_fixture *f, const char *flux)
{
    *p = (struct play){.flux = flux, .wall_us = (vg_wall_now().us / M - 100) * M};
    p->scene = vg_alloc(sizeof *p->scene);
    assert_non_null(p->scene);
    (void)snprintf(p->scene->place[1].id, sizeof p->scene->place[1].id, "quay");
    assert_int_equal(vg_measures_thread_open(&p->thread, f->folder, 30), VG_OK);
}

static void stop(struct play *p)
{
    vg_live_measures_leave(&p->measures, p->thread, p->flux, p->scene);
    vg_measures_thread_close(&p->thread);
    vg_free(p->scene);
}

/* Five pictures a second, from and to in seconds: so many at the quay, and half of it as a flow
 * of the whole picture. */
static void run(struct play *p, int from, int to, double count, uint32_t stopped)
{
    static const char name[] = "count", flow[] = "flow";
    struct vg_watch_output *seen = vg_alloc(sizeof *seen);
    seen->measure_count = 2;
    seen->measure[0] = (struct vg_measure){1, name, count, VG_EVENT_DENSITY};
    seen->measure[1] = (struct vg_measure){-1, flow, count / 2, VG_EVENT_CROWD_MOVEMENT};
    for (int64_t t = from * S; t < to * S; t += S / 5) {
        vg_live_measures_picture(&p->measures, p->thread, p->flux, p->scene, seen, stopped,
                                 (struct vg_wall_time){p->wall_us + t});
        vg_live_measures_look(&p->measures, p->thread, p->flux, p->scene, (struct vg_mono_time){t});
    }
    vg_free(seen);
}

/* The curve of that place by minutes; of none, points without pictures. */
static const struct vg_measure_row *curve(const struct vg_measures_answer *answer,
                                          const char *place)
{
    static const struct vg_measure_row none[5];
    for (uint32_t i = 0; i < answer->line_count; i++)
        if (strcmp(answer->line[i].of.place, place) == 0)
            return answer->line[i].row;
    return none;
}

static struct vg_measures_answer *ask(const struct play *p, const struct store_fixture *f)
{
    const struct vg_measures_ask ask = {.data = f->folder,
                                        .flux = p->flux,
                                        .from = {p->wall_us},
                                        .to = {p->wall_us + 5 * M},
                                        .step = 1,
                                        .now = {p->wall_us + 50 * M}};
    struct vg_measures_answer *answer;
    struct vg_fault fault = {.what = ""};
    if (vg_measures_query(&ask, &answer, &fault))
        fail_msg("%s", fault.what);
    return answer;
}

static void pictures_become_curves(void **state)
{
    const struct store_fixture *f = *state;
    struct play p;
    start(&p, f, "cam-1");
    run(&p, 0, 30, 2, 0);
    run(&p, 30, 90, 6, 0);
    run(&p, 190, 200, 1, 0);
    stop(&p);
    struct vg_measures_answer *answer = ask(&p, f);
    static const struct {
        uint32_t pictures;
        double mean, least, greatest;
    } want[5] = {{300, 4, 2, 6}, {150, 6, 6, 6}, {0, 0, 0, 0}, {50, 1, 1, 1}, {0, 0, 0, 0}};
    const struct vg_measure_row *quay = curve(answer, "quay"), *all = curve(answer, "");
    assert_int_equal(answer->line_count, 2);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(quay[i].pictures, want[i].pictures);
        assert_int_equal(all[i].pictures, want[i].pictures);
        if (want[i].pictures == 0)
            continue;
        assert_float_equal(vg_measure_row_mean(&quay[i]), want[i].mean, 1e-9);
        assert_float_equal(vg_measure_row_mean(&all[i]), want[i].mean / 2, 1e-9);
        assert_float_equal(quay[i].least, want[i].least, 0);
        assert_float_equal(quay[i].greatest, want[i].greatest, 0);
    }
    vg_measures_answer_free(&answer);
}

static void a_restart_goes_on_in_the_same_minute(void **state)
{
    const struct store_fixture *f = *state;
    struct play p, again;
    start(&p, f, "cam-2");
    run(&p, 0, 20, 2, 0);
    stop(&p);
    start(&again, f, "cam-2");
    again.wall_us = p.wall_us;
    run(&again, 30, 50, 4, 0);
    stop(&again);
    struct vg_measures_answer *answer = ask(&p, f);
    assert_int_equal(curve(answer, "quay")[0].pictures, 200);
    assert_float_equal(vg_measure_row_mean(&curve(answer, "quay")[0]), 3, 1e-9);
    vg_measures_answer_free(&answer);
}

static void a_clock_set_back_loses_nothing(void **state)
{
    const struct store_fixture *f = *state;
    struct play p;
    start(&p, f, "cam-3");
    run(&p, 60, 80, 2, 0);
    run(&p, 0, 20, 2, 0);
    run(&p, 60, 80, 2, 0);
    stop(&p);
    struct vg_measures_answer *answer = ask(&p, f);
    assert_int_equal(curve(answer, "quay")[0].pictures, 100);
    assert_int_equal(curve(answer, "quay")[1].pictures, 200);
    vg_measures_answer_free(&answer);
}

static void what_is_stopped_is_not_kept(void **state)
{
    const struct store_fixture *f = *state;
    struct play p;
    start(&p, f, "cam-4");
    run(&p, 0, 20, 2, UINT32_C(1) << VG_EVENT_DENSITY);
    stop(&p);
    struct vg_measures_answer *answer = ask(&p, f);
    assert_int_equal(answer->line_count, 1);
    assert_int_equal(curve(answer, "")[0].pictures, 100);
    vg_measures_answer_free(&answer);
}

/* A kill at any time: what is older than ten seconds was given. */
static void the_running_minute_is_given(void **state)
{
    const struct store_fixture *f = *state;
    struct play p;
    start(&p, f, "cam-5");
    run(&p, 0, 45, 2, 0);
    vg_measures_thread_close(&p.thread);
    vg_free(p.scene);
    struct vg_measures_answer *answer = ask(&p, f);
    assert_true(curve(answer, "quay")[0].pictures >= 35 * 5);
    vg_measures_answer_free(&answer);
}

static void a_disk_that_fails_is_counted(void **state)
{
    const struct store_fixture *f = *state;
    struct play p;
    const struct store_fixture there = store_without_folder(f);
    start(&p, &there, "cam-6");
    run(&p, 0, 125, 2, 0);
    vg_live_measures_leave(&p.measures, p.thread, p.flux, p.scene);
    const int64_t end = vg_mono_now().us + 10 * S;
    while (vg_measures_thread_counts(p.thread).failed < 2 && vg_mono_now().us < end)
        vg_pause_us(1000);
    const struct vg_row_counts counts = vg_measures_thread_counts(p.thread);
    assert_true(counts.failed >= 2 && counts.written == 0 && counts.dropped == 0);
    vg_measures_thread_close(&p.thread);
    vg_free(p.scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_become_curves),
        cmocka_unit_test(a_restart_goes_on_in_the_same_minute),
        cmocka_unit_test(a_clock_set_back_loses_nothing),
        cmocka_unit_test(what_is_stopped_is_not_kept),
        cmocka_unit_test(the_running_minute_is_given),
        cmocka_unit_test(a_disk_that_fails_is_counted),
    };
    return cmocka_run_group_tests(tests, store_set_up, store_tear_down);
}
