/* From what the slots say of a flux to the files of its coverage, on a simulated clock.
 * labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "scheduler/live_coverage.h"
#include "src/media/decode_steps.h"
#include "src/store/coverage_query.h"
#include "tests/store_fixture.h"

#define M VG_COVERAGE_MINUTE_US
#define S VG_US_PER_S

struct play {
    struct vg_coverage_thread *thread;
    struct vg_live_coverage *coverage;
    struct vg_live_flux flux;
    struct vg_slots_state state;
    int64_t wall_us; /* minus monotonic */
};

/* now: the writer sweeps by the real clock, which must not take the test's days for old. */
static void start(struct play *p, const struct store_fixture *f, const char *id)
{
    *p = (struct play){.wall_us = vg_coverage_minute_of(vg_wall_now().us) * M - 100 * M};
    assert_int_equal(vg_coverage_thread_open(&p->thread, f->folder, 30), VG_OK);
    assert_int_equal(vg_live_coverage_open(&p->coverage, p->thread), VG_OK);
    (void)snprintf(p->flux.config.id, sizeof p->flux.config.id, "%s", id);
    p->flux.config.active = p->flux.permitted = true;
    p->flux.wanted_period_us = S / 5;
    p->flux.view.health.state = VG_VIEW_GOOD;
    p->flux.ledger = vg_live_coverage_find(p->coverage, id);
    assert_non_null(p->flux.ledger);
    p->state = (struct vg_slots_state){
        .tag = vg_slots_tag(id), .connection = VG_CONNECTION_LIVE, .fps_milli = 25000};
}

static void stop(struct play *p, int64_t t)
{
    vg_live_coverage_close(&p->coverage, (struct vg_mono_time){t},
                           (struct vg_wall_time){t + p->wall_us});
    vg_coverage_thread_close(&p->thread);
}

/* 25 pictures a second, of which every fifth is analysed unless `taken` is 0. */
static void run(struct play *p, int64_t from, int64_t to, int taken)
{
    for (int64_t t = from; t < to; t += S / 25) {
        const struct vg_picture picture = {.arrival = {t}, .sequence = p->state.decoded++};
        const struct vg_mono_time now = {t + 30000};
        const struct vg_wall_time wall = {now.us + p->wall_us};
        if (picture.sequence % 5 == 0 && taken)
            vg_live_coverage_picture(&p->flux, &p->state, &picture, now, wall);
        else if (picture.sequence % 5 == 0)
            p->state.fate[VG_FATE_NEWEST]++;
        if (picture.sequence % 12 == 0)
            vg_live_coverage_look(&p->flux, &p->state, now, wall);
    }
}

/* `from` and `to` on the monotonic clock; seconds of each cause. */
static void expect(const struct play *p, const struct store_fixture *f, int64_t from, int64_t to,
                   const int64_t want[VG_COVERAGE_CAUSES])
{
    const struct vg_coverage_ask ask = {.data = f->folder,
                                        .flux = p->flux.config.id,
                                        .from = {from + p->wall_us},
                                        .to = {to + p->wall_us},
                                        .step = VG_COVERAGE_BY_MINUTE,
                                        .now = {to + p->wall_us}};
    struct vg_coverage_answer *answer;
    struct vg_fault fault;
    int64_t shown[VG_COVERAGE_CAUSES];
    assert_int_equal(vg_coverage_query(&ask, &answer, &fault), VG_OK);
    (void)vg_coverage_round(answer->sum.part_us, S, shown);
    for (int c = 0; c < VG_COVERAGE_CAUSES; c++)
        if (shown[c] != want[c])
            fail_msg("%s: %lld s, not %lld", vg_coverage_cause_name((enum vg_coverage_cause)c),
                     (long long)shown[c], (long long)want[c]);
    vg_coverage_answer_free(&answer);
}

static void a_flux_from_begin_to_end(void **state)
{
    const struct store_fixture *f = *state;
    struct play p;
    start(&p, f, "cam-1");
    run(&p, 0, 60 * S, 1);
    run(&p, 60 * S, 80 * S, 0); /* no time for it */
    run(&p, 80 * S, 120 * S, 1);
    p.state.connection = VG_CONNECTION_LOST;
    for (int64_t t = 120 * S; t < 150 * S; t += S / 2)
        vg_live_coverage_look(&p.flux, &p.state, (struct vg_mono_time){t},
                              (struct vg_wall_time){t + p.wall_us});
    p.state.connection = VG_CONNECTION_LIVE;
    run(&p, 150 * S, 180 * S, 1);
    p.flux.permitted = false;
    run(&p, 180 * S, 200 * S, 0);
    p.flux.config.active = false;
    run(&p, 200 * S, 220 * S, 0);
    stop(&p, 220 * S);
    /* what a picture reaches into a silence, the look that sees its end takes back */
    expect(&p, f, 0, 220 * S,
           (const int64_t[VG_COVERAGE_CAUSES]){130, 30, 0, 0, 20, 0, 0, 20, 0, 20});
}

/* All are analysed, six tenths of a second after they came: behind a decoder that is slow. */
static void who_is_late_misses_nothing(void **state)
{
    const struct store_fixture *f = *state;
    struct play p;
    start(&p, f, "cam-late");
    for (int64_t t = 0; t < 60 * S; t += S / 5) {
        const struct vg_picture picture = {.arrival = {t}, .sequence = p.state.decoded++};
        const struct vg_mono_time now = {t + 600000};
        vg_live_coverage_picture(&p.flux, &p.state, &picture, now,
                                 (struct vg_wall_time){now.us + p.wall_us});
        p.flux.last_latency_us = 600000;
        vg_live_coverage_look(&p.flux, &p.state, (struct vg_mono_time){now.us + 100000},
                              (struct vg_wall_time){now.us + 100000 + p.wall_us});
    }
    p.state.connection = VG_CONNECTION_LOST; /* the end is told at once */
    vg_live_coverage_look(&p.flux, &p.state, (struct vg_mono_time){61 * S},
                          (struct vg_wall_time){61 * S + p.wall_us});
    assert_in_range(p.flux.ledger->coverage.total_us[VG_COVERAGE_ANALYSED], 59 * S, 61 * S);
    assert_int_equal(p.flux.ledger->coverage.settled_us, 61 * S);
    stop(&p, 61 * S);
}

static void a_restart_goes_on_in_the_same_minute(void **state)
{
    const struct store_fixture *f = *state;
    struct play p, again;
    start(&p, f, "cam-2");
    run(&p, 0, 20 * S, 1);
    stop(&p, 20 * S);
    start(&again, f, "cam-2");
    again.wall_us = p.wall_us;
    run(&again, 30 * S, 60 * S, 1);
    stop(&again, 60 * S);
    expect(&again, f, 0, 60 * S, (const int64_t[VG_COVERAGE_CAUSES]){50, [VG_COVERAGE_DOWN] = 10});
}

static void a_flux_that_leaves_is_off(void **state)
{
    const struct store_fixture *f = *state;
    struct play p;
    start(&p, f, "cam-3");
    run(&p, 0, 20 * S, 1);
    vg_live_coverage_leave(p.flux.ledger, (struct vg_mono_time){20 * S},
                           (struct vg_wall_time){20 * S + p.wall_us});
    p.flux.ledger = vg_live_coverage_find(p.coverage, "cam-3"); /* and comes again */
    run(&p, 40 * S, 60 * S, 1);
    stop(&p, 60 * S);
    expect(&p, f, 0, 60 * S, (const int64_t[VG_COVERAGE_CAUSES]){40, [VG_COVERAGE_OFF] = 20});
}

static void a_view_that_is_blind_is_told(void **state)
{
    const struct store_fixture *f = *state;
    struct play p;
    start(&p, f, "cam-4");
    p.flux.view.health.state = VG_VIEW_BLACK;
    run(&p, 0, 40 * S, 1);
    p.flux.view.health.state = VG_VIEW_SLOW; /* is no blindness */
    run(&p, 40 * S, 60 * S, 1);
    stop(&p, 60 * S);
    expect(&p, f, 0, 60 * S, (const int64_t[VG_COVERAGE_CAUSES]){20, [VG_COVERAGE_VIEW] = 40});
}

static void the_decoder_s_step_is_a_cause(void **state)
{
    const struct store_fixture *f = *state;
    struct play p;
    start(&p, f, "cam-7");
    p.state.figure[VG_FIGURE_DECODER] = VG_DECODE_KEYS;
    run(&p, 0, 30 * S, 0);
    p.state.figure[VG_FIGURE_DECODER] = VG_DECODE_NONE;
    run(&p, 30 * S, 60 * S, 0);
    stop(&p, 60 * S);
    expect(
        &p, f, 0, 60 * S,
        (const int64_t[VG_COVERAGE_CAUSES]){[VG_COVERAGE_DECODER] = 30, [VG_COVERAGE_KEYS] = 30});
}

static void another_flux_at_the_place_is_not_ours(void **state)
{
    const struct store_fixture *f = *state;
    struct play p;
    start(&p, f, "cam-5");
    p.state.tag = vg_slots_tag("cam-6");
    run(&p, 0, 60 * S, 0);
    stop(&p, 60 * S);
    expect(&p, f, 0, 60 * S, (const int64_t[VG_COVERAGE_CAUSES]){[VG_COVERAGE_LOST] = 60});
}

static void a_folder_that_cannot_be_written_is_counted(void **state)
{
    const struct store_fixture *f = *state;
    struct play p;
    const struct store_fixture there = store_without_folder(f);
    start(&p, &there, "cam-7");
    run(&p, 0, 120 * S, 1); /* goes on */
    const int64_t end = vg_mono_now().us + 10 * S;
    while (vg_coverage_thread_counts(p.thread).failed < 2 && vg_mono_now().us < end)
        vg_pause_us(1000);
    const struct vg_row_counts counts = vg_coverage_thread_counts(p.thread);
    assert_true(counts.failed >= 2 && counts.written == 0 && counts.dropped == 0);
    stop(&p, 120 * S);
}

static void there_is_room_for_all_flux(void **state)
{
    const struct store_fixture *f = *state;
    struct play p;
    start(&p, f, "cam-8");
    for (int i = 1; i < VG_LIVE_FLUX_MAX; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "n%d", i);
        assert_non_null(vg_live_coverage_find(p.coverage, id));
    }
    assert_null(vg_live_coverage_find(p.coverage, "one more"));
    assert_ptr_equal(vg_live_coverage_find(p.coverage, "cam-8"), p.flux.ledger);
    stop(&p, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flux_from_begin_to_end),
        cmocka_unit_test(who_is_late_misses_nothing),
        cmocka_unit_test(a_restart_goes_on_in_the_same_minute),
        cmocka_unit_test(a_flux_that_leaves_is_off),
        cmocka_unit_test(a_view_that_is_blind_is_told),
        cmocka_unit_test(the_decoder_s_step_is_a_cause),
        cmocka_unit_test(another_flux_at_the_place_is_not_ours),
        cmocka_unit_test(a_folder_that_cannot_be_written_is_counted),
        cmocka_unit_test(there_is_room_for_all_flux),
    };
    return cmocka_run_group_tests(tests, store_set_up, store_tear_down);
}
