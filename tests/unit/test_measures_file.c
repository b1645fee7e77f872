/* The files of measures, and the curves that are asked of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "src/base/alloc.h"
#include "src/store/measures_query.h"
#include "tests/store_fixture.h"

#define M   (60 * VG_US_PER_S)
#define DAY INT64_C(20000) /* 2024-10-04 */
#define T0  (DAY * VG_DAY_MINUTES)

static const struct vg_measures_curve quay = {"quay", "count"}, whole = {"", "flow"};

static struct vg_measure_row row_of(int64_t minute, double least, double greatest)
{
    struct vg_measure_row row = {.minute = minute};
    vg_measure_row_add(&row, least);
    vg_measure_row_add(&row, greatest);
    return row;
}

static void put(const struct store_fixture *f, const char *flux,
                const struct vg_measures_curve *curve, int64_t minute, double least,
                double greatest)
{
    struct vg_fault fault = {.what = ""};
    const struct vg_measure_row row = row_of(minute, least, greatest);
    if (vg_measures_add(f->folder, flux, curve, &row, &fault))
        fail_msg("%s: %s", fault.what, fault.place);
}

/* What stands at a minute; a row without pictures: nothing. */
static struct vg_measure_row got(const struct store_fixture *f, const char *flux, uint32_t curve,
                                 uint32_t minute)
{
    struct vg_fault fault;
    struct vg_measures_day *day = vg_alloc(sizeof *day);
    struct vg_measure_row row = {0};
    uint8_t *bytes;
    size_t size;
    assert_int_equal(vg_measures_read(f->folder, flux, DAY, &bytes, &size, day, &fault), VG_OK);
    assert_true(curve < day->curve_count);
    if (vg_measures_row(bytes, size, day, curve, minute, &row) != VG_MEASURES_GOOD)
        row.pictures = 0;
    vg_free(bytes);
    vg_free(day);
    return row;
}

static void rows_come_back_joined(void **state)
{
    struct store_fixture *f = *state;
    put(f, "cam-1", &quay, T0 + 600, 1, 3);
    put(f, "cam-1", &whole, T0 + 600, -2, 2);
    put(f, "cam-1", &quay, T0 + 600, 0, 6); /* the same minute goes on */
    put(f, "cam-1", &quay, T0 + 1439, 5, 5);
    struct vg_measure_row row = got(f, "cam-1", 0, 600);
    assert_int_equal(row.pictures, 4);
    assert_float_equal(vg_measure_row_mean(&row), 2.5, 0);
    assert_float_equal(row.least, 0, 0);
    assert_float_equal(row.greatest, 6, 0);
    row = got(f, "cam-1", 1, 600);
    assert_int_equal(row.pictures, 2);
    assert_float_equal(row.least, -2, 0);
    assert_int_equal(got(f, "cam-1", 0, 601).pictures, 0);
    assert_int_equal(got(f, "cam-1", 0, 1439).pictures, 2);
}

static void what_cannot_be_written_is_refused(void **state)
{
    struct store_fixture *f = *state;
    struct vg_fault fault;
    static const struct {
        const char *flux;
        struct vg_measures_curve curve;
        struct vg_measure_row row;
    } rows[] = {
        {"../x", {"quay", "count"}, {T0, 1, 1, 1, 1}},
        {"cam-1", {"quay", ""}, {T0, 1, 1, 1, 1}},
        {"cam-1", {"a\nb", "count"}, {T0, 1, 1, 1, 1}},
        {"cam-1", {"quay", "count"}, {T0, 0, 0, 0, 0}},
        {"cam-1", {"quay", "count"}, {T0, 1, 1, 3, 2}},
        {"cam-1", {"quay", "count"}, {INT64_MAX, 1, 1, 1, 1}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (vg_measures_add(f->folder, rows[i].flux, &rows[i].curve, &rows[i].row, &fault) !=
            VG_E_CALL)
            fail_msg("row %zu is not refused", i);
}

static void a_day_has_so_many_curves(void **state)
{
    struct store_fixture *f = *state;
    struct vg_fault fault;
    const struct vg_measure_row row = row_of(T0, 1, 1);
    for (int i = 0; i < VG_MEASURES_CURVES_MAX; i++) {
        struct vg_measures_curve curve = {.measure = "count"};
        (void)snprintf(curve.place, sizeof curve.place, "place-%d", i);
        assert_int_equal(vg_measures_add(f->folder, "cam-7", &curve, &row, &fault), VG_OK);
    }
    assert_int_equal(vg_measures_add(f->folder, "cam-7", &quay, &row, &fault), VG_E_FULL);
    put(f, "cam-7", &(struct vg_measures_curve){"place-255", "count"}, T0, 1, 2); /* those go on */
    assert_int_equal(got(f, "cam-7", 255, 0).pictures, 4);
}

static void damage_spoils_one_record(void **state)
{
    struct store_fixture *f = *state;
    struct vg_fault fault;
    char path[256], other[256];
    uint8_t *bytes;
    size_t size;
    struct vg_measures_day *day = vg_alloc(sizeof *day);
    for (int i = 0; i < 3; i++)
        put(f, "cam-2", &quay, T0 + i, 1, 2);
    put(f, "cam-2", &whole, T0, 1, 2);
    (void)snprintf(path, sizeof path, "%s/measures/2024-10-04/cam-2.measures", f->folder);
    (void)snprintf(other, sizeof other, "%s/measures/2024-10-04/cam-3.measures", f->folder);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, VG_DAY_HEAD_BYTES + 2 * VG_MEASURES_CURVE_BYTES);
    store_damage(path, 128 + 128 + 32 + 9, 1);
    assert_int_equal(got(f, "cam-2", 0, 0).pictures, 2);
    assert_int_equal(got(f, "cam-2", 0, 1).pictures, 0);
    assert_int_equal(got(f, "cam-2", 0, 2).pictures, 2);
    put(f, "cam-2", &quay, T0 + 1, 1, 2); /* and is mended by the next write */
    assert_int_equal(got(f, "cam-2", 0, 1).pictures, 2);
    store_damage(path, 128 + 20, 1); /* a curve's head: it begins anew behind the others */
    assert_int_equal(vg_measures_read(f->folder, "cam-2", DAY, &bytes, &size, day, &fault), VG_OK);
    assert_true(day->damaged == 1 && !day->curve[0].measure[0]);
    vg_free(bytes);
    put(f, "cam-2", &quay, T0 + 4, 1, 2);
    assert_int_equal(got(f, "cam-2", 2, 4).pictures, 2);
    store_damage(path, 3, 1); /* the file's head: refused, and mended likewise */
    assert_int_equal(vg_measures_read(f->folder, "cam-2", DAY, &bytes, &size, day, &fault),
                     VG_E_INPUT);
    put(f, "cam-2", &whole, T0 + 3, 1, 2);
    assert_int_equal(got(f, "cam-2", 1, 0).pictures, 2);
    assert_int_equal(link(path, other), 0); /* another flux's */
    assert_int_equal(vg_measures_read(f->folder, "cam-3", DAY, &bytes, &size, day, &fault),
                     VG_E_INPUT);
    assert_null(bytes);
    assert_int_equal(truncate(path, 128 + 128 + 40), 0); /* cut */
    assert_int_equal(got(f, "cam-2", 0, 1).pictures, 0);
    vg_free(day);
}

static void a_full_disk_is_said(void **state)
{
    struct store_fixture *f = *state;
    struct vg_fault fault;
    struct rlimit before, none;
    const struct vg_measure_row row = row_of(T0, 1, 2);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = before;
    none.rlim_cur = 200; /* the file's head, not the curve */
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    const enum vg_status status = vg_measures_add(f->folder, "cam-9", &quay, &row, &fault);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(status == VG_E_LACK || status == VG_E_IO);
    put(f, "cam-9", &quay, T0, 1, 2);
    assert_int_equal(got(f, "cam-9", 0, 0).pictures, 2);
}

static void old_days_go(void **state)
{
    struct store_fixture *f = *state;
    struct vg_fault fault;
    uint32_t removed;
    for (int64_t d = -34; d <= 0; d++)
        put(f, "old", &quay, T0 + d * VG_DAY_MINUTES, 1, 2);
    assert_int_equal(vg_measures_sweep(f->folder, DAY, 30, &removed, &fault), VG_OK);
    assert_int_equal(removed, 4);
}

/* ---- asking ---- */

static struct vg_measures_ask ask_of(const struct store_fixture *f, int from, int to, int step)
{
    return (struct vg_measures_ask){.data = f->folder,
                                    .flux = "ask",
                                    .from = {(T0 + from) * M},
                                    .to = {(T0 + to) * M},
                                    .step = step,
                                    .now = {(T0 + 9000) * M}};
}

static struct vg_measures_answer *answer_of(const struct vg_measures_ask *ask)
{
    struct vg_measures_answer *answer;
    struct vg_fault fault = {.what = ""};
    if (vg_measures_query(ask, &answer, &fault))
        fail_msg("%s: %s", fault.what, fault.place);
    return answer;
}

static void curves_are_told(void **state)
{
    struct store_fixture *f = *state;
    put(f, "ask", &quay, T0 - 1, 2, 2); /* the day before */
    put(f, "ask", &quay, T0 + 1, 1, 3);
    put(f, "ask", &quay, T0 + 2, 4, 4);
    put(f, "ask", &whole, T0 + 11, 1, 1);
    put(f, "ask", &quay, T0 + 11, 7, 7);
    struct vg_measures_ask ask = ask_of(f, -5, 15, 5);
    struct vg_measures_answer *answer = answer_of(&ask);
    assert_int_equal(answer->step_count, 4);
    assert_int_equal(answer->line_count, 2);
    static const uint32_t pictures[2][4] = {{2, 4, 0, 2}, {0, 0, 0, 2}};
    for (int line = 0; line < 2; line++)
        for (int i = 0; i < 4; i++) {
            assert_int_equal(answer->line[line].row[i].pictures, pictures[line][i]);
            assert_int_equal(answer->line[line].row[i].minute, T0 - 5 + 5 * i);
        }
    assert_string_equal(answer->line[0].of.place, "quay");
    assert_float_equal(vg_measure_row_mean(&answer->line[0].row[1]), 3, 0);
    assert_float_equal(answer->line[0].row[1].least, 1, 0);
    assert_float_equal(answer->line[0].row[1].greatest, 4, 0);
    vg_measures_answer_free(&answer);
    ask.place = "";
    answer = answer_of(&ask);
    assert_int_equal(answer->line_count, 1);
    assert_string_equal(answer->line[0].of.measure, "flow");
    vg_measures_answer_free(&answer);
    ask.measure = "count";
    answer = answer_of(&ask);
    assert_int_equal(answer->line_count, 0);
    vg_measures_answer_free(&answer);
}

static void what_cannot_be_asked(void **state)
{
    struct store_fixture *f = *state;
    struct vg_measures_answer *answer;
    struct vg_fault fault;
    struct vg_measures_ask ask = ask_of(f, 0, VG_MEASURES_POINTS_MAX + 1, 1);
    ask.now.us = INT64_C(4) * ask.to.us;
    assert_int_equal(vg_measures_query(&ask, &answer, &fault), VG_E_CALL);
    assert_string_equal(fault.place, "step");
    ask = ask_of(f, 0, 6000, 1); /* two curves of that are too many, one is not */
    assert_int_equal(vg_measures_query(&ask, &answer, &fault), VG_E_CALL);
    assert_string_equal(fault.place, "step");
    ask.place = "quay";
    answer = answer_of(&ask);
    vg_measures_answer_free(&answer);
    ask.to = ask.from;
    assert_int_equal(vg_measures_query(&ask, &answer, &fault), VG_E_CALL);
    assert_string_equal(fault.place, "from");
    ask = ask_of(f, 0, 10, 1);
    ask.now.us = T0 * M - 1; /* all of it to come */
    assert_int_equal(vg_measures_query(&ask, &answer, &fault), VG_E_CALL);
    ask = ask_of(f, 0, 15, 5);
    for (uint32_t n = 1; n < 20; n++) { /* without memory: an answer or a status, nothing left */
        vg_alloc_fail_at(n);
        const enum vg_status status = vg_measures_query(&ask, &answer, &fault);
        vg_alloc_fail_at(0);
        assert_true(status == VG_OK || status == VG_E_MEMORY);
        vg_measures_answer_free(&answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back_joined),
        cmocka_unit_test(what_cannot_be_written_is_refused),
        cmocka_unit_test(a_day_has_so_many_curves),
        cmocka_unit_test(damage_spoils_one_record),
        cmocka_unit_test(a_full_disk_is_said),
        cmocka_unit_test(old_days_go),
        cmocka_unit_test(curves_are_told),
        cmocka_unit_test(what_cannot_be_asked),
    };
    return cmocka_run_group_tests(tests, store_set_up, store_tear_down);
}
