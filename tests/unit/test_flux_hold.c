/* What `vigie bench pipeline` makes of a server's counts: reading them, the worst flux of each
 * minute, held or not and why; what a process tree takes; where flux begin in a clip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/flux_hold.h"
#include "bench/live_server.h"
#include "bench/process_tree.h"
#include "src/base/alloc.h"
#include "src/base/clock.h"

/* ---- reading ---- */

static enum vg_status read_text(struct vg_server_counts *counts, const char *text)
{
    struct vg_fault fault = {.status = VG_OK};
    return vg_server_counts_read(counts, text, strlen(text), &fault);
}

static void counts_are_read_from_the_metrics(void **state)
{
    (void)state;
    struct vg_server_counts *counts = vg_alloc(sizeof *counts);
    assert_non_null(counts);
    static const char text[] =
        "# TYPE vigie_analysis_up_seconds counter\nvigie_analysis_up_seconds 12.500000\n"
        "# TYPE vigie_batch_size gauge\nvigie_batch_size 1.750\n"
        "vigie_device_well{device=\"0\",name=\"a card\"} 1\n"
        "vigie_device_well{device=\"1\",name=\"\"} 0\nvigie_device_flux{device=\"1\"} 3\n"
        "vigie_alerts_promised_total 7\nvigie_alerts_refused_total 1\n"
        "# fine vigie_latency_seconds 3 5:1 127:2\n# fine vigie_alert_latency_seconds 0\n"
        "# fine vigie_latency_due_seconds 1 9:1\n"
        "vigie_pictures_total{flux=\"f0\",fate=\"analysed\"} 60\n"
        "vigie_pictures_total{flux=\"f0\",fate=\"newest\"} 2\n"
        "vigie_pictures_total{flux=\"f1\",fate=\"analysed\"} 50\n"
        "vigie_pictures_total{flux=\"f1\",fate=\"nonsense\"} 50\n"
        "vigie_pictures_decoded_total{flux=\"f0\"} 300\n"
        "# fine vigie_batches 4 10 25 75 400.5 1200.25 18000\n"
        "vigie_stage_seconds_sum{stage=\"track\"} 0.5\n"
        "vigie_stage_seconds_count{stage=\"track\"} 100\n"
        "vigie_flux_decode_seconds_total{flux=\"f1\"} 1.25\n"
        "vigie_flux_state{flux=\"f0\",state=\"live\"} 1\nnot a line\n";
    assert_int_equal(read_text(counts, text), VG_OK);
    assert_float_equal(counts->up_s, 12.5, 1e-9);
    assert_float_equal(counts->batch_size, 1.75, 1e-9);
    assert_int_equal(counts->devices, 2);
    assert_int_equal(counts->alerts_promised, 7);
    assert_int_equal(counts->alerts_refused, 1);
    assert_int_equal(counts->flux_count, 2);
    const struct vg_flux_counts *f0 = vg_server_counts_flux(counts, "f0");
    assert_non_null(f0);
    assert_int_equal(f0->fate[VG_FATE_ANALYSED], 60);
    assert_int_equal(f0->fate[VG_FATE_NEWEST], 2);
    assert_int_equal(f0->decoded, 300);
    assert_int_equal(vg_server_counts_flux(counts, "f1")->fate[VG_FATE_ANALYSED], 50);
    assert_null(vg_server_counts_flux(counts, "f2"));
    assert_float_equal(vg_server_counts_flux(counts, "f1")->decode_s, 1.25, 1e-9);
    assert_float_equal(counts->batches.batch_max, 4, 1e-9);
    assert_float_equal(counts->batches.jobs_squared, 75, 1e-9);
    assert_float_equal(counts->batches.ms_squared, 18000, 1e-9);
    assert_float_equal(counts->stage[VG_SERVER_TRACK].seconds, 0.5, 1e-9);
    assert_float_equal(counts->stage[VG_SERVER_TRACK].count, 100, 1e-9);
    assert_int_equal(vg_time_histogram_count(&counts->rules), 3);
    assert_int_equal(vg_time_histogram_count(&counts->due), 1);
    static const struct {
        const char *text;
        enum vg_status status;
    } rows[] = {
        {"", VG_E_INPUT},
        {"vigie_batch_size 1\n", VG_E_INPUT}, /* no time */
        {"vigie_analysis_up_seconds 1\n", VG_OK},
        {"vigie_analysis_up_seconds 1", VG_OK},
        {"vigie_analysis_up_seconds 1\n# fine vigie_latency_seconds 3 5:1\n", VG_E_INPUT},
        {"vigie_analysis_up_seconds 1\n# fine vigie_batches 4 nan 1\n", VG_OK},
        {"vigie_analysis_up_seconds -1\n", VG_E_INPUT},
        {"vigie_analysis_up_seconds nan\n", VG_E_INPUT},
        {"vigie_analysis_up_seconds inf\n", VG_E_INPUT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(read_text(counts, rows[i].text), rows[i].status);
    vg_free(counts);
}

static void too_many_flux_are_refused(void **state)
{
    (void)state;
    static char text[(VG_SERVER_FLUX_MAX + 2) * 80];
    struct vg_server_counts *counts = vg_alloc(sizeof *counts);
    struct vg_text_buffer out;
    assert_non_null(counts);
    vg_text_buffer_init(&out, text, sizeof text);
    vg_text_add(&out, "vigie_analysis_up_seconds 1\n");
    for (int i = 0; i < VG_SERVER_FLUX_MAX; i++)
        vg_text_add(&out, "vigie_pictures_total{flux=\"f%d\",fate=\"analysed\"} 1\n", i);
    assert_int_equal(read_text(counts, text), VG_OK);
    assert_int_equal(counts->flux_count, VG_SERVER_FLUX_MAX);
    vg_text_add(&out, "vigie_pictures_total{flux=\"more\",fate=\"analysed\"} 1\n");
    assert_int_equal(read_text(counts, text), VG_E_FULL);
    vg_free(counts);
}

/* ---- held or not ---- */

/* A moment: two flux, what of each was analysed and lost, and the times that pictures and alerts
 * took since the moment before. */
struct moment {
    double up_s;
    uint64_t analysed[2], newest;
    int pictures, picture_ms, slow_pictures; /* slow: 2 s */
    int alerts, alert_ms;
};

static void move_to(struct vg_server_counts *counts, const struct moment *m)
{
    counts->up_s = m->up_s;
    counts->flux_count = 2;
    for (uint32_t i = 0; i < 2; i++) {
        vg_hold_flux_name(i, counts->flux[i].id);
        counts->flux[i].fate[VG_FATE_ANALYSED] = m->analysed[i];
        counts->flux[i].fate[VG_FATE_NEWEST] = m->newest;
    }
    counts->rules.bucket[vg_time_histogram_bucket(m->picture_ms * 1000)] += (uint64_t)m->pictures;
    counts->rules.bucket[vg_time_histogram_bucket(2000000)] += (uint64_t)m->slow_pictures;
    counts->redis.bucket[vg_time_histogram_bucket(m->alert_ms * 1000)] += (uint64_t)m->alerts;
    counts->alerts_promised += (uint64_t)m->alerts;
}

static const struct {
    const char *name;
    struct moment moment[3]; /* of a run at 5 a second: begin, a minute later, another */
    uint32_t lacks;
    double worst_fps, worst_share;
    int of_alerts;
} holds[] = {
    {"all is well",
     {{10, {50, 50}, 0, 1, 2000, 0, 0, 0},
      {70, {350, 350}, 0, 300, 100, 0, 0, 0},
      {130, {650, 650}, 0, 300, 100, 0, 30, 150}},
     0,
     5,
     1,
     1},
    {"too few alerts to judge by: pictures",
     {{10, {50, 50}, 0, 0, 0, 0, 0, 0},
      {70, {350, 350}, 0, 300, 100, 0, 0, 0},
      {130, {650, 650}, 0, 300, 100, 0, 19, 3000}},
     0,
     5,
     1,
     0},
    {"a minute of one flux",
     {{10, {50, 50}, 0, 0, 0, 0, 0, 0},
      {70, {350, 334}, 8, 300, 100, 0, 0, 0},
      {130, {650, 650}, 8, 300, 100, 0, 0, 0}},
     VG_HOLD_LACKS_RATE,
     5,
     284.0 / 300,
     0},
    {"just enough of every minute, but too many lost",
     {{10, {50, 50}, 0, 0, 0, 0, 0, 0},
      {70, {335, 350}, 15, 300, 100, 0, 0, 0},
      {130, {635, 650}, 15, 300, 100, 0, 0, 0}},
     VG_HOLD_LACKS_PICTURES,
     585.0 / 120,
     285.0 / 300,
     0},
    {"what one gets beyond its rate is not the other's",
     {{10, {50, 50}, 0, 0, 0, 0, 0, 0},
      {70, {500, 346}, 4, 300, 100, 0, 0, 0},
      {130, {900, 642}, 8, 300, 100, 0, 0, 0}},
     VG_HOLD_LACKS_PICTURES,
     592.0 / 120,
     296.0 / 300,
     0},
    {"slow pictures",
     {{10, {50, 50}, 0, 0, 0, 0, 0, 0},
      {70, {350, 350}, 0, 300, 100, 20, 0, 0},
      {130, {650, 650}, 0, 300, 100, 20, 30, 150}},
     VG_HOLD_LACKS_LATENCY,
     5,
     1,
     1},
    {"slow alerts",
     {{10, {50, 50}, 0, 0, 0, 0, 0, 0},
      {70, {350, 350}, 0, 300, 100, 0, 20, 1100},
      {130, {650, 650}, 0, 300, 100, 0, 0, 0}},
     VG_HOLD_LACKS_LATENCY,
     5,
     1,
     1},
    {"nothing at all",
     {{10, {50, 50}, 0, 0, 0, 0, 0, 0},
      {70, {50, 50}, 0, 0, 0, 0, 0, 0},
      {130, {50, 50}, 0, 0, 0, 0, 0, 0}},
     VG_HOLD_LACKS_RATE | VG_HOLD_LACKS_LATENCY | VG_HOLD_LACKS_PICTURES,
     0,
     0,
     0},
};

static void flux_are_held_as_they_are_defined_to_be(void **state)
{
    (void)state;
    struct vg_server_counts *at[3];
    struct vg_hold *hold = vg_alloc(sizeof *hold);
    for (int m = 0; m < 3; m++)
        at[m] = vg_alloc(sizeof *at[m]);
    assert_true(hold && at[0] && at[1] && at[2]);
    for (size_t i = 0; i < sizeof holds / sizeof *holds; i++) {
        print_message("%s\n", holds[i].name);
        memset(at[0], 0, sizeof *at[0]);
        for (int m = 0; m < 3; m++) {
            if (m > 0)
                *at[m] = *at[m - 1];
            move_to(at[m], &holds[i].moment[m]);
        }
        *hold = (struct vg_hold){.flux = 2, .wanted_fps = {5, 5}};
        vg_hold_add_minute(hold, at[0], at[1]);
        vg_hold_add_minute(hold, at[1], at[2]);
        assert_int_equal(vg_hold_end(hold, at[0], at[2]), VG_OK);
        assert_int_equal(hold->lacks, holds[i].lacks);
        assert_float_equal(hold->worst_flux_fps, holds[i].worst_fps, 1e-6);
        assert_float_equal(hold->minute[0].worst_share, holds[i].worst_share, 1e-6);
        assert_int_equal(vg_hold_of_alerts(hold), holds[i].of_alerts);
        assert_int_equal(hold->drops[VG_FATE_NEWEST], 2 * holds[i].moment[2].newest);
        assert_int_equal(hold->drops[VG_FATE_ANALYSED], 0);
        assert_float_equal(hold->seconds, 120, 1e-9);
    }
    /* what was before the measure does not count in it */
    assert_true(hold->rules.count == 0);
    /* who is missing has nothing */
    *hold = (struct vg_hold){.flux = 3, .wanted_fps = {5, 5, 5}};
    vg_hold_add_minute(hold, at[0], at[2]);
    assert_float_equal(hold->minute[0].worst_share, 0, 0);
    /* where nothing moved a picture is judged without the net */
    *at[1] = *at[0];
    at[1]->up_s += 60;
    at[1]->flux[0].fate[VG_FATE_STILL] = at[1]->flux[1].fate[VG_FATE_STILL] = 300;
    *hold = (struct vg_hold){.flux = 2, .wanted_fps = {5, 5}};
    vg_hold_add_minute(hold, at[0], at[1]);
    assert_float_equal(hold->minute[0].worst_share, 1, 1e-9);
    assert_int_equal(vg_hold_end(hold, at[0], at[1]), VG_OK);
    assert_float_equal(hold->unanalysed_share, 0, 0);
    assert_int_equal(hold->drops[VG_FATE_STILL], 600);
    assert_int_equal(hold->analysed, 0);
    assert_int_equal(vg_hold_judged(hold), 600);
    assert_float_equal(hold->mean_flux_fps, 5, 1e-9); /* no less than the worst flux has */
    assert_int_equal(vg_server_counts_judged(at[1]) - vg_server_counts_judged(at[0]), 600);
    /* a server that started anew: its counts say nothing */
    assert_int_equal(vg_hold_end(hold, at[2], at[0]), VG_E_STATE);
    for (int m = 0; m < 3; m++)
        vg_free(at[m]);
    vg_free(hold);
}

static void a_measure_has_whole_minutes(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        uint32_t minutes;
    } rows[] = {{2, 1},   {60, 1},   {119, 1},      {120, 2},
                {150, 2}, {600, 10}, {86400, 1440}, {1e9, VG_HOLD_MINUTES_MAX}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(vg_hold_minutes(rows[i].seconds), rows[i].minutes);
}

/* ---- beside ---- */

/* The greatest gap between neighbours on a circle of `period`: key frames each two seconds do not
 * come together, whatever the clip's length is to the period. */
static void flux_begin_all_over_the_period(void **state)
{
    (void)state;
    static const double clip_s[] = {8, 79.52, 600, 3600}, period_s[] = {1, 2, 10};
    for (size_t c = 0; c < 4; c++)
        for (size_t p = 0; p < 3; p++)
            for (uint32_t flux = 2; flux <= 64; flux *= 2) {
                int part[16] = {0}, most = 0;
                if (clip_s[c] < period_s[p])
                    continue;
                for (uint32_t i = 0; i < flux; i++) {
                    const double at = vg_live_server_phase(i) * clip_s[c];
                    const double in = at - (double)(int64_t)(at / period_s[p]) * period_s[p];
                    const int which = (int)(in / period_s[p] * 16);
                    part[which]++;
                    most = part[which] > most ? part[which] : most;
                }
                assert_true(vg_live_server_phase(flux) >= 0 && vg_live_server_phase(flux) < 1);
                /* evenly there would be flux / 16 in each sixteenth */
                assert_true(most <= (int)flux / 16 + 6);
            }
}

/* Burns a tenth of a second, says so, and waits until the other end of `hold` is closed. */
static void burn(int said, int hold)
{
    char byte;
    while (vg_cpu_time_us() < 100000)
        ;
    if (write(said, "x", 1) == 1)
        while (read(hold, &byte, 1) > 0)
            ;
}

/* A child and its child. */
static void a_tree_of_processes_is_added_up(void **state)
{
    (void)state;
    int said[2], hold[2];
    char byte;
    assert_true(pipe(said) == 0 && pipe(hold) == 0);
    const pid_t child = fork();
    if (child == 0) {
        (void)close(hold[1]);
        const pid_t grandchild = fork();
        burn(said[1], hold[0]);
        if (grandchild > 0)
            (void)waitpid(grandchild, NULL, 0);
        _exit(0);
    }
    assert_int_equal(read(said[0], &byte, 1), 1);
    assert_int_equal(read(said[0], &byte, 1), 1);
    const struct vg_tree_load load = vg_process_tree_load(child);
    assert_int_equal(load.processes, 2);
    assert_true(load.cpu_s >= 0.15 && load.cpu_s < 20);
    assert_true(load.part_s[VG_TREE_OTHER] >= 0.15 && load.part_s[VG_TREE_DEVICE] <= 0);
    assert_true(load.resident_bytes > 10000);
    (void)close(hold[1]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(vg_process_tree_load(child).cpu_s < 0.001); /* it is no more */
    (void)close(hold[0]);
    (void)close(said[0]);
    (void)close(said[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_read_from_the_metrics),
        cmocka_unit_test(too_many_flux_are_refused),
        cmocka_unit_test(flux_are_held_as_they_are_defined_to_be),
        cmocka_unit_test(a_measure_has_whole_minutes),
        cmocka_unit_test(flux_begin_all_over_the_period),
        cmocka_unit_test(a_tree_of_processes_is_added_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
