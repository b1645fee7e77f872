/* What admission is asked: the published model read and written, and the site made of it and of the
 * configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/forecast/admission_model.h"
#include "src/base/alloc.h"

#define DEVICE                                                           \
    "{\"start_us\":900,\"job_us\":24000,\"batch_max\":8,\"last\":false," \
    "\"cores_milli\":1900,\"had_milli\":1900}"
#define KNOWN                                                       \
    "{\"id\":\"cam-1\",\"jobs_milli\":3100,\"source_milli\":12500," \
    "\"decode_us\":2500}"
#define HOST_OF(cores, rest, decode)                                                         \
    "{\"cores_milli\":" cores ",\"rest_milli\":" rest ",\"workers\":2,\"decode_us\":" decode \
    ",\"follow_us\":700}"
#define HOST  HOST_OF("8000", "250", "1100")
#define WHOLE "{\"devices\":[" DEVICE "],\"host\":" HOST ",\"flux\":[" KNOWN "]}"

struct stage {
    struct vg_admission_model model, again;
    struct vg_admission_plan plan;
    struct vg_admission answer;
    char text[VG_ADMISSION_TEXT_MAX];
};

static int open_stage(void **state)
{
    *state = vg_alloc(sizeof(struct stage));
    return *state ? 0 : -1;
}

static int close_stage(void **state)
{
    vg_free(*state);
    return 0;
}

static enum vg_status take(struct stage *s, const char *text)
{
    struct vg_fault fault = {0};
    const enum vg_status status = vg_admission_model_read(text, strlen(text), &s->model, &fault);
    assert_true(status == VG_OK || fault.what != NULL);
    return status;
}

static void what_is_written_is_read_again(void **state)
{
    struct stage *s = *state;
    struct vg_text_buffer out;
    assert_int_equal(take(s, WHOLE), VG_OK);
    assert_int_equal(s->model.device_count, 1);
    assert_int_equal(s->model.device[0].start_us, 900);
    assert_int_equal(s->model.device[0].job_us, 24000);
    assert_int_equal(s->model.device[0].batch_max, 8);
    assert_int_equal(s->model.flux_count, 1);
    assert_string_equal(s->model.flux[0].id, "cam-1");
    assert_int_equal(s->model.flux[0].jobs_milli, 3100);
    assert_int_equal(s->model.flux[0].source_milli, 12500);
    assert_int_equal(s->model.flux[0].decode_us, 2500);
    assert_int_equal(s->model.device[0].cores_milli, 1900);
    assert_int_equal(s->model.had_milli[0], 1900);
    assert_int_equal(s->model.host.cores_milli, 8000);
    assert_int_equal(s->model.host.rest_milli, 250);
    assert_int_equal(s->model.host.workers, 2);
    assert_int_equal(s->model.host.decode_us, 1100);
    assert_int_equal(s->model.host.follow_us, 700);
    vg_text_buffer_init(&out, s->text, sizeof s->text);
    vg_admission_model_write(&s->model, &out);
    assert_string_equal(s->text, WHOLE);
}

static void all_flux_of_a_large_site_find_room(void **state)
{
    struct stage *s = *state;
    struct vg_text_buffer out;
    memset(&s->model, 0, sizeof s->model);
    s->model.flux_count = VG_ADMISSION_MODEL_MAX;
    for (uint32_t i = 0; i < VG_ADMISSION_MODEL_MAX; i++) {
        struct vg_admission_known *flux = &s->model.flux[i];
        (void)snprintf(flux->id, sizeof flux->id, "%063u", i);
        flux->jobs_milli = VG_ADMISSION_JOBS_MAX;
        flux->source_milli = 1000000;
        flux->decode_us = VG_ADMISSION_PICTURE_US_MAX;
    }
    vg_text_buffer_init(&out, s->text, sizeof s->text);
    vg_admission_model_write(&s->model, &out);
    assert_int_equal(out.left_out, 0);
    assert_int_equal(vg_admission_model_read(s->text, out.size, &s->again, NULL), VG_OK);
    assert_int_equal(s->again.flux_count, VG_ADMISSION_MODEL_MAX);
    assert_string_equal(s->again.flux[511].id, s->model.flux[511].id);
}

static void an_id_that_breaks_the_text_is_left_out(void **state)
{
    struct stage *s = *state;
    struct vg_text_buffer out;
    assert_int_equal(take(s, WHOLE), VG_OK);
    s->model.flux_count = 2;
    s->model.flux[1] = s->model.flux[0];
    (void)snprintf(s->model.flux[0].id, sizeof s->model.flux[0].id, "a\",\"b");
    vg_text_buffer_init(&out, s->text, sizeof s->text);
    vg_admission_model_write(&s->model, &out);
    assert_string_equal(s->text, WHOLE);
}

static void what_cannot_be_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "[]",
        "null",
        "{}",
        "{\"devices\":[]}",
        "{\"flux\":[]}",
        "{\"devices\":[],\"flux\":{}}",
        "{\"devices\":[1],\"flux\":[]}",
        "{\"devices\":[{}],\"flux\":[]}",
        "{\"devices\":[],\"flux\":[],\"more\":1}",
        "{\"devices\":[{\"start_us\":-1,\"job_us\":1,\"batch_max\":1}],\"flux\":[]}",
        "{\"devices\":[{\"start_us\":0,\"job_us\":0,\"batch_max\":1}],\"flux\":[]}",
        "{\"devices\":[{\"start_us\":0,\"job_us\":1e99,\"batch_max\":1}],\"flux\":[]}",
        "{\"devices\":[{\"start_us\":0,\"job_us\":1,\"batch_max\":0}],\"flux\":[]}",
        "{\"devices\":[{\"start_us\":0,\"job_us\":1,\"batch_max\":65}],\"flux\":[]}",
        "{\"devices\":[" DEVICE "," DEVICE "," DEVICE "," DEVICE "," DEVICE "," DEVICE "," DEVICE
        "," DEVICE "," DEVICE "," DEVICE "," DEVICE "," DEVICE "," DEVICE "," DEVICE "," DEVICE
        "," DEVICE "," DEVICE "],\"flux\":[]}",
        "{\"devices\":[],\"flux\":[{\"id\":\"\",\"jobs_milli\":1,\"source_milli\":0}]}",
        "{\"devices\":[],\"flux\":[{\"id\":\"a\",\"jobs_milli\":0,\"source_milli\":0}]}",
        "{\"devices\":[],\"flux\":[{\"id\":\"a\",\"jobs_milli\":1,\"source_milli\":-5}]}",
        "{\"devices\":[],\"host\":1,\"flux\":[]}",
        "{\"devices\":[],\"host\":{},\"flux\":[]}",
        "{\"devices\":[],\"host\":" HOST_OF("-1", "0", "0") ",\"flux\":[]}",
        "{\"devices\":[],\"host\":" HOST_OF("4096001", "0", "0") ",\"flux\":[]}",
        "{\"devices\":[],\"host\":" HOST_OF("1", "0", "10000001") ",\"flux\":[]}",
        "{\"devices\":[{\"start_us\":0,\"job_us\":1,\"batch_max\":1,\"had_milli\":-1}],\"flux\":[]"
        "}",
        "{\"devices\":[],\"flux\":[{\"id\":\"a\",\"jobs_milli\":1,\"source_milli\":0,"
        "\"decode_us\":-1}]}",
        WHOLE "x",
    };
    struct stage *s = *state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        if (take(s, rows[r]) == VG_OK)
            fail_msg("taken: %s", rows[r]);
}

static const struct vg_admission_wish site[] = {{"cam-1", 5, 2, 5}, {"cam-2", 5, 8, 0}};

static void the_site_is_what_the_loop_would_do(void **state)
{
    struct stage *s = *state;
    const struct vg_admission_wish asked = {"cam-3", 25, 0, 12};
    assert_int_equal(take(s, WHOLE), VG_OK);
    assert_int_equal(vg_admission_plan(&s->model, site, 2, &asked, &s->plan, NULL), VG_OK);
    const struct vg_admission_ask *ask = &s->plan.ask;
    assert_int_equal(ask->replaces, VG_ADMISSION_NEW);
    assert_int_equal(ask->site.flux_count, 2);
    assert_int_equal(ask->site.device_count, 1);
    assert_int_equal(ask->site.device[0].job_us, 24000);
    /* measured: three jobs and a bit, of a source of 12.5 */
    assert_int_equal(ask->site.flux[0].jobs, 3);
    assert_int_equal(ask->site.flux[0].source_milli, 12500);
    assert_int_equal(ask->site.flux[0].wanted_milli, 5000);
    assert_int_equal(ask->site.flux[0].floor_milli, 2000);
    /* its rules want it oftener than it was configured */
    assert_int_equal(ask->site.flux[1].jobs, 1);
    assert_int_equal(ask->site.flux[1].wanted_milli, 8000);
    assert_int_equal(ask->site.flux[1].floor_milli, 8000);
    assert_int_equal(ask->site.flux[1].priority, 0);
    assert_int_equal(ask->flux.wanted_milli, 25000);
    /* of one that was not decoded yet the mean is taken, and that is said */
    assert_int_equal(ask->site.flux[0].decode_us, 2500);
    assert_int_equal(ask->site.flux[1].decode_us, 1100);
    assert_int_equal(ask->flux.decode_us, 1100);
    assert_true(s->plan.decode_assumed);
    assert_int_equal(ask->site.host.cores_milli, 7750);
    assert_int_equal(ask->site.host.workers, 2);
    assert_int_equal(ask->site.host.follow_us, 700);
    assert_int_equal(ask->flux.priority, 9);
}

static void one_that_is_there_is_replaced(void **state)
{
    struct stage *s = *state;
    const struct vg_admission_wish asked = {"cam-2", 25, 8, 0};
    assert_int_equal(take(s, WHOLE), VG_OK);
    assert_int_equal(vg_admission_plan(&s->model, site, 2, &asked, &s->plan, NULL), VG_OK);
    assert_int_equal(s->plan.ask.replaces, 1);
    assert_true(s->plan.decode_assumed);
    assert_int_equal(vg_admission_plan(&s->model, site, 2, &site[0], &s->plan, NULL), VG_OK);
    assert_true(!s->plan.decode_assumed);
    assert_int_equal(vg_admission_plan(&s->model, site, 2, &asked, &s->plan, NULL), VG_OK);
    assert_int_equal(s->plan.ask.site.flux_count, 2);
}

static void numbers_that_are_none_stay_within_bounds(void **state)
{
    struct stage *s = *state;
    static const struct vg_admission_wish rows[] = {{"a", (double)NAN, (double)NAN, 5},
                                                    {"a", -1, -1, 5},
                                                    {"a", (double)INFINITY, (double)INFINITY, 5},
                                                    {"a", 1e300, 0, 5}};
    assert_int_equal(take(s, WHOLE), VG_OK);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        assert_int_equal(vg_admission_plan(&s->model, NULL, 0, &rows[r], &s->plan, NULL), VG_OK);
        assert_in_range(s->plan.ask.flux.wanted_milli, 1, 1000000);
        assert_in_range(s->plan.ask.flux.floor_milli, 0, 1000000);
    }
}

static void nothing_measured_says_so(void **state)
{
    struct stage *s = *state;
    struct vg_fault fault = {0};
    assert_int_equal(take(s, "{\"devices\":[],\"flux\":[]}"), VG_OK);
    assert_int_equal(vg_admission_plan(&s->model, site, 2, &site[0], &s->plan, &fault), VG_E_STATE);
    assert_non_null(fault.what);
    assert_int_equal(
        vg_admission_plan(&s->model, site, VG_SIM_FLUX_MAX + 1, &site[0], &s->plan, NULL),
        VG_E_STATE);
    assert_int_equal(take(s, WHOLE), VG_OK);
    assert_int_equal(
        vg_admission_plan(&s->model, site, VG_SIM_FLUX_MAX + 1, &site[0], &s->plan, NULL),
        VG_E_FULL);
}

/* Of the cores: not before something was decoded. */
static void no_cores_known_says_so(void **state)
{
    static const char *const rows[] = {
        "{\"devices\":[" DEVICE "],\"flux\":[" KNOWN "]}",
        "{\"devices\":[" DEVICE "],\"host\":" HOST_OF("8000", "250", "0") ",\"flux\":[]}",
        "{\"devices\":[" DEVICE "],\"host\":" HOST_OF("0", "0", "1700") ",\"flux\":[]}"};
    struct stage *s = *state;
    struct vg_fault fault = {0};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        assert_int_equal(take(s, rows[r]), VG_OK);
        if (vg_admission_plan(&s->model, site, 2, &site[0], &s->plan, &fault) != VG_E_STATE)
            fail_msg("row %zu", r);
    }
}

/* What was measured beside others is made what it takes alone. */
static void a_batch_takes_the_same_of_the_processor(void **state)
{
    static const struct {
        uint32_t cores_milli, had_milli, host_milli, rest_milli; /* as told */
        uint32_t cores, host;
        int64_t start_us, job_us;
    } rows[] = {
        {1900, 1900, 2000, 100, 1900, 1900, 900, 24000},  /* nobody was beside it */
        {1900, 950, 2000, 100, 1900, 1900, 450, 12000},   /* it had half of what it can use */
        {1900, 0, 2000, 100, 1900, 1900, 900, 24000},     /* not known */
        {1900, 2500, 2000, 100, 1900, 1900, 900, 24000},  /* cannot be */
        {4000, 1000, 2000, 100, 2000, 1900, 450, 12000},  /* nor that */
        {4000, 1, 2000, 100, 2000, 1900, 0, 12},          /* bounded work, whatever is told */
        {0, 0, 2000, 100, 0, 1900, 900, 24000},           /* a board */
        {1900, 1900, 2000, 1950, 1900, 1000, 900, 24000}, /* others get no more than half */
        {1900, 1900, 1, 4096000, 1, 1, 900, 24000},
    };
    struct stage *s = *state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        assert_int_equal(take(s, WHOLE), VG_OK);
        s->model.device[0].cores_milli = rows[r].cores_milli;
        s->model.had_milli[0] = rows[r].had_milli;
        s->model.host.cores_milli = rows[r].host_milli;
        s->model.host.rest_milli = rows[r].rest_milli;
        assert_int_equal(vg_admission_plan(&s->model, site, 2, &site[0], &s->plan, NULL), VG_OK);
        const struct vg_sim_device *d = &s->plan.device[0];
        if (d->cores_milli != rows[r].cores || d->start_us != rows[r].start_us ||
            d->job_us != rows[r].job_us || s->plan.ask.site.host.cores_milli != rows[r].host)
            fail_msg("row %zu: %u cores, %lld + %lld us, %u of the host", r, d->cores_milli,
                     (long long)d->start_us, (long long)d->job_us,
                     s->plan.ask.site.host.cores_milli);
    }
}

static void less_is_less(void **state)
{
    static const struct {
        struct vg_admission_wish before, after;
        bool less;
    } rows[] = {
        {{"a", 5, 2, 5}, {"a", 5, 2, 5}, true},  {{"a", 5, 2, 5}, {"a", 4, 2, 5}, true},
        {{"a", 5, 2, 5}, {"a", 5, 1, 9}, true},  {{"a", 5, 2, 5}, {"a", 6, 2, 5}, false},
        {{"a", 5, 2, 5}, {"a", 5, 3, 5}, false}, {{"a", 5, 2, 5}, {"a", 1, 3, 5}, false},
        {{"a", 5, 2, 5}, {"a", 5, 2, 4}, false}, {{"a", 5, 2, 5}, {"a", (double)NAN, 2, 5}, true},
        {{"a", 2, 8, 5}, {"a", 7, 8, 5}, true}, /* its rules want that already */
    };
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        if (vg_admission_less(&rows[r].before, &rows[r].after) != rows[r].less)
            fail_msg("row %zu", r);
}

/* The whole way: 24.9 ms a picture leave room for 38 a second. */
static void the_answer_fits_the_model(void **state)
{
    static const struct {
        double rate_fps, floor_fps;
        enum vg_admission_verdict verdict;
    } rows[] = {
        {5, 1, VG_ADMISSION_HELD}, {25, 1, VG_ADMISSION_DEGRADED}, {25, 25, VG_ADMISSION_REFUSED}};
    struct stage *s = *state;
    assert_int_equal(take(s, "{\"devices\":[" DEVICE "],\"host\":" HOST ",\"flux\":[]}"), VG_OK);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const struct vg_admission_wish there[] = {{"a", 10, 10, 5}, {"b", 10, 10, 5}};
        const struct vg_admission_wish asked = {"c", rows[r].rate_fps, rows[r].floor_fps, 5};
        assert_int_equal(vg_admission_plan(&s->model, there, 2, &asked, &s->plan, NULL), VG_OK);
        assert_int_equal(vg_admission_ask(&s->plan.ask, &s->answer, NULL), VG_OK);
        if (s->answer.verdict != rows[r].verdict)
            fail_msg("row %zu: %d, load %f", r, (int)s->answer.verdict, s->answer.load_after);
    }
}

static void what_is_declared_was_measured(void **state)
{
    struct stage *s = *state;
    assert_int_equal(take(s, WHOLE), VG_OK);
    assert_int_equal(vg_admission_declare(&s->model, "cam-1"), 3100);
    assert_int_equal(vg_admission_declare(&s->model, "cam-9"), 1000);
    s->model.flux[0].jobs_milli = 250; /* a still scene */
    assert_int_equal(vg_admission_declare(&s->model, "cam-1"), 1000);
    assert_int_equal(vg_admission_plan(&s->model, site, 2, &site[0], &s->plan, NULL), VG_OK);
    assert_int_equal(s->plan.ask.flux.jobs, 1);
    assert_int_equal(s->plan.ask.site.flux[0].jobs, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(all_flux_of_a_large_site_find_room),
        cmocka_unit_test(an_id_that_breaks_the_text_is_left_out),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(the_site_is_what_the_loop_would_do),
        cmocka_unit_test(one_that_is_there_is_replaced),
        cmocka_unit_test(numbers_that_are_none_stay_within_bounds),
        cmocka_unit_test(nothing_measured_says_so),
        cmocka_unit_test(no_cores_known_says_so),
        cmocka_unit_test(a_batch_takes_the_same_of_the_processor),
        cmocka_unit_test(less_is_less),
        cmocka_unit_test(the_answer_fits_the_model),
        cmocka_unit_test(what_is_declared_was_measured),
    };
    return cmocka_run_group_tests(tests, open_stage, close_stage);
}
