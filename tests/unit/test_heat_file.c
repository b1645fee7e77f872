/* The files of heat maps, and what is asked of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "src/base/alloc.h"
#include "src/store/heat_query.h"
#include "src/store/measures_file.h"
#include "tests/store_fixture.h"

#define HOUR_US (INT64_C(3600) * VG_US_PER_S)
#define DAY     INT64_C(20000) /* 2024-10-04 */
#define T0      (DAY * VG_HEAT_HOURS)

static const struct vg_heat_grid *grid_of(int64_t hour, uint32_t cell, uint32_t ms)
{
    static struct vg_heat_grid grid;
    grid = (struct vg_heat_grid){.hour = hour, .columns = 64, .rows = 36};
    vg_heat_grid_watch(&grid, 1000);
    vg_heat_grid_add(&grid, (int)cell, ms);
    return &grid;
}

static void put(const struct store_fixture *f, const char *flux, int64_t hour, uint32_t cell,
                uint32_t ms)
{
    struct vg_fault fault = {.what = ""};
    if (vg_heat_add(f->folder, flux, grid_of(hour, cell, ms), &fault))
        fail_msg("%s: %s", fault.what, fault.place);
}

/* What stands at an hour of the day; NULL: nothing. */
static const struct vg_heat_grid *got(const struct store_fixture *f, const char *flux,
                                      uint32_t hour)
{
    static struct vg_heat_grid grid;
    struct vg_fault fault;
    struct vg_heat_day day;
    uint8_t *bytes;
    size_t size;
    assert_int_equal(vg_heat_read(f->folder, flux, DAY, &bytes, &size, &day, &fault), VG_OK);
    const enum vg_heat_place place = vg_heat_hour(bytes, size, &day, hour, &grid);
    vg_free(bytes);
    return place == VG_HEAT_GOOD ? &grid : NULL;
}

static void hours_grow(void **state)
{
    struct store_fixture *f = *state;
    put(f, "cam-1", T0, 5, 700);
    put(f, "cam-1", T0, 5, 300);
    put(f, "cam-1", T0, 2303, 9);
    put(f, "cam-1", T0 + 23, 7, 1);
    put(f, "cam-1", T0 + 1, 0, 2);
    put(f, "cam-1", T0, 6, 1); /* a clock set back */
    const struct vg_heat_grid *grid = got(f, "cam-1", 0);
    assert_non_null(grid);
    assert_true(grid->hour == T0 && grid->columns == 64 && grid->rows == 36);
    assert_true(grid->cell[5] == 1000 && grid->cell[2303] == 9 && grid->cell[6] == 1);
    assert_true(grid->pictures == 4 && grid->watched_ms == 4000);
    assert_int_equal(vg_heat_grid_total_ms(grid), 1010);
    assert_int_equal(got(f, "cam-1", 23)->cell[7], 1);
    assert_int_equal(got(f, "cam-1", 1)->cell[0], 2);
    assert_null(got(f, "cam-1", 2));
    struct stat st;
    char path[256];
    (void)snprintf(path, sizeof path, "%s/measures/2024-10-04/cam-1.heat", f->folder);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size <= VG_HEAT_FILE_BYTES_MAX);
}

static void what_cannot_be_written_is_refused(void **state)
{
    struct store_fixture *f = *state;
    struct vg_fault fault;
    static const struct {
        const char *flux;
        int64_t hour;
        uint32_t columns, pictures;
    } rows[] = {{"../x", T0, 64, 1},
                {"cam-1", T0, 0, 1},
                {"cam-1", T0, 64, 0},
                {"cam-1", INT64_MAX, 64, 1},
                {"cam-1", INT64_MIN, 64, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct vg_heat_grid grid;
        grid = (struct vg_heat_grid){.hour = rows[i].hour,
                                     .columns = rows[i].columns,
                                     .rows = rows[i].columns ? 36 : 0,
                                     .pictures = rows[i].pictures};
        if (vg_heat_add(f->folder, rows[i].flux, &grid, &fault) != VG_E_CALL)
            fail_msg("row %zu is not refused", i);
    }
}

/* A write that is cut spoils its own place or the spare one: the other still has the hour. */
static void a_cut_write_loses_nothing_written_before(void **state)
{
    struct store_fixture *f = *state;
    const off_t own = VG_HEAT_PLACES_AT + 3 * VG_HEAT_PLACE_BYTES;
    const off_t spare = VG_HEAT_PLACES_AT + VG_HEAT_HOURS * VG_HEAT_PLACE_BYTES;
    static const struct {
        const char *flux;
        bool own, spare;
        uint32_t want;
    } rows[] = {{"cut-1", true, false, 30}, {"cut-2", false, true, 30}, {"cut-3", true, true, 0}};
    for (size_t i = 0; i < 3; i++) {
        char path[256];
        put(f, rows[i].flux, T0 + 3, 1, 10);
        put(f, rows[i].flux, T0 + 3, 1, 20);
        (void)snprintf(path, sizeof path, "%s/measures/2024-10-04/%s.heat", f->folder,
                       rows[i].flux);
        if (rows[i].own)
            store_damage(path, own + 100, 200);
        if (rows[i].spare)
            store_damage(path, spare + 30, 1);
        const struct vg_heat_grid *grid = got(f, rows[i].flux, 3);
        assert_int_equal(grid ? grid->cell[1] : 0, rows[i].want);
        put(f, rows[i].flux, T0 + 3, 1, 5); /* and it goes on, mended */
        assert_int_equal(got(f, rows[i].flux, 3)->cell[1], rows[i].want + 5);
        store_damage(path, spare + 30, 1);
        assert_int_equal(got(f, rows[i].flux, 3)->cell[1], rows[i].want + 5);
        put(f, rows[i].flux, T0 + 4, 1, 1); /* the spare place is another hour's now */
        assert_int_equal(got(f, rows[i].flux, 3)->cell[1], rows[i].want + 5);
    }
}

/* The spare was written, its own place not yet: the newer counts, and is joined to. */
static void the_spare_place_may_be_newer(void **state)
{
    struct store_fixture *f = *state;
    char path[256];
    static uint8_t before[VG_HEAT_PLACE_BYTES];
    const off_t own = VG_HEAT_PLACES_AT + 2 * VG_HEAT_PLACE_BYTES;
    put(f, "newer", T0 + 2, 1, 10);
    (void)snprintf(path, sizeof path, "%s/measures/2024-10-04/newer.heat", f->folder);
    const int fd = open(path, O_RDWR);
    assert_true(fd >= 0 && pread(fd, before, sizeof before, own) > 0);
    put(f, "newer", T0 + 2, 1, 20);
    assert_true(pwrite(fd, before, sizeof before, own) == (ssize_t)sizeof before && !close(fd));
    assert_int_equal(got(f, "newer", 2)->cell[1], 30);
    put(f, "newer", T0 + 2, 1, 5);
    assert_int_equal(got(f, "newer", 2)->cell[1], 35);
}

static void other_files_are_refused(void **state)
{
    struct store_fixture *f = *state;
    struct vg_fault fault;
    struct vg_heat_day day;
    char path[256], other[256];
    uint8_t *bytes;
    size_t size;
    put(f, "cam-2", T0, 1, 10);
    (void)snprintf(path, sizeof path, "%s/measures/2024-10-04/cam-2.heat", f->folder);
    (void)snprintf(other, sizeof other, "%s/measures/2024-10-04/cam-3.heat", f->folder);
    assert_int_equal(link(path, other), 0); /* another flux's */
    assert_int_equal(vg_heat_read(f->folder, "cam-3", DAY, &bytes, &size, &day, &fault),
                     VG_E_INPUT);
    assert_null(bytes);
    store_damage(path, 3, 1);
    assert_int_equal(vg_heat_read(f->folder, "cam-2", DAY, &bytes, &size, &day, &fault),
                     VG_E_INPUT);
    put(f, "cam-2", T0 + 1, 1, 2); /* the head is mended, the hours are their own proof */
    assert_int_equal(got(f, "cam-2", 0)->cell[1], 10);
    assert_int_equal(truncate(path, VG_HEAT_PLACES_AT + 70), 0); /* cut */
    assert_null(got(f, "cam-2", 0));
    assert_int_equal(vg_heat_read(f->folder, "cam-9", DAY, &bytes, &size, &day, &fault),
                     VG_E_MISSING);
}

static void a_full_disk_is_said(void **state)
{
    struct store_fixture *f = *state;
    struct vg_fault fault;
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = before;
    none.rlim_cur = VG_HEAT_PLACES_AT + 100; /* the head, no place */
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    const enum vg_status status = vg_heat_add(f->folder, "full", grid_of(T0, 1, 1), &fault);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(status == VG_E_LACK || status == VG_E_IO);
    put(f, "full", T0, 1, 2);
    assert_int_equal(got(f, "full", 0)->cell[1], 2);
}

/* A day's folder holds measures too: it goes with the second of the two. */
static void old_days_go(void **state)
{
    struct store_fixture *f = *state;
    struct vg_fault fault;
    uint32_t removed;
    char folder[256];
    static const struct vg_measures_curve curve = {"quay", "count"};
    for (int64_t d = -33; d <= -29; d++) {
        const struct vg_measure_row row = {(DAY + d) * VG_DAY_MINUTES, 1, 1, 1, 1};
        assert_int_equal(vg_measures_add(f->folder, "old", &curve, &row, &fault), VG_OK);
        put(f, "old", T0 + d * VG_HEAT_HOURS, 1, 2);
    }
    (void)snprintf(folder, sizeof folder, "%s/measures/2024-09-03", f->folder); /* -31 */
    assert_int_equal(vg_heat_sweep(f->folder, DAY, 30, &removed, &fault), VG_OK);
    assert_int_equal(removed, 0);
    assert_int_equal(access(folder, F_OK), 0);
    assert_int_equal(vg_measures_sweep(f->folder, DAY, 30, &removed, &fault), VG_OK);
    assert_int_equal(removed, 3);
    assert_int_not_equal(access(folder, F_OK), 0);
    (void)snprintf(folder, sizeof folder, "%s/measures/2024-09-04/old.heat", f->folder);
    assert_int_equal(access(folder, F_OK), 0);
}

/* ---- asking ---- */

static struct vg_heat_ask ask_of(const struct store_fixture *f, int64_t from_us, int64_t to_us)
{
    return (struct vg_heat_ask){.data = f->folder,
                                .flux = "ask",
                                .from = {T0 * HOUR_US + from_us},
                                .to = {T0 * HOUR_US + to_us},
                                .now = {(T0 + 9000) * HOUR_US}};
}

static void hours_are_summed_up(void **state)
{
    struct store_fixture *f = *state;
    put(f, "ask", T0 - 1, 1, 1); /* the day before */
    put(f, "ask", T0, 1, 10);
    put(f, "ask", T0 + 5, 1, 100);
    put(f, "ask", T0 + 24, 1, 1000);
    static const struct {
        int64_t from, to; /* hours, halves of them */
        uint32_t hours;
        uint64_t ms;
        int64_t first, end; /* of what is answered */
    } rows[] = {
        {0, 2, 1, 10, 0, 1},        {1, 2, 1, 10, 0, 1},        {0, 1, 1, 10, 0, 1},
        {-2, 100, 4, 1111, -1, 50}, {2, 10, 0, 0, 1, 5},        {2, 11, 1, 100, 1, 6},
        {-1400, 0, 1, 1, -700, 0},  {400, 402, 0, 0, 200, 201},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_heat_answer *answer;
        struct vg_fault fault = {.what = ""};
        const struct vg_heat_ask ask =
            ask_of(f, rows[i].from * HOUR_US / 2, rows[i].to * HOUR_US / 2);
        if (vg_heat_query(&ask, &answer, &fault))
            fail_msg("%zu: %s", i, fault.what);
        assert_int_equal(answer->hours, rows[i].hours);
        assert_int_equal(vg_heat_sum_total_ms(&answer->sum), rows[i].ms);
        assert_int_equal(answer->sum.columns, rows[i].hours ? 64 : 0);
        assert_int_equal(answer->sum.watched_ms, rows[i].hours * 1000);
        assert_int_equal(answer->from.us, (T0 + rows[i].first) * HOUR_US);
        assert_int_equal(answer->to.us, (T0 + rows[i].end) * HOUR_US);
        assert_int_equal(answer->damaged, 0);
        vg_free(answer);
    }
}

static void damage_is_counted(void **state)
{
    struct store_fixture *f = *state;
    struct vg_heat_answer *answer;
    struct vg_fault fault;
    char path[256];
    put(f, "ask", T0 + 48, 1, 10);
    put(f, "ask", T0 + 49, 1, 20);
    put(f, "ask", T0 + 72, 1, 40);
    (void)snprintf(path, sizeof path, "%s/measures/2024-10-06/ask.heat", f->folder);
    store_damage(path, VG_HEAT_PLACES_AT + 8, 4);
    (void)snprintf(path, sizeof path, "%s/measures/2024-10-07/ask.heat", f->folder);
    store_damage(path, 0, 8);
    const struct vg_heat_ask ask = ask_of(f, 48 * HOUR_US, 96 * HOUR_US);
    assert_int_equal(vg_heat_query(&ask, &answer, &fault), VG_OK);
    assert_true(answer->damaged == 2 && answer->hours == 1);
    assert_int_equal(vg_heat_sum_total_ms(&answer->sum), 20);
    vg_free(answer);
}

static void what_cannot_be_asked(void **state)
{
    struct store_fixture *f = *state;
    struct vg_heat_answer *answer;
    struct vg_fault fault;
    struct vg_heat_ask ask = ask_of(f, 0, VG_HEAT_ASK_HOURS_MAX * HOUR_US);
    assert_int_equal(vg_heat_query(&ask, &answer, &fault), VG_OK);
    vg_free(answer);
    ask.to.us++;
    assert_int_equal(vg_heat_query(&ask, &answer, &fault), VG_E_CALL);
    assert_string_equal(fault.place, "from");
    ask.to = ask.from;
    assert_int_equal(vg_heat_query(&ask, &answer, &fault), VG_E_CALL);
    assert_string_equal(fault.place, "from");
    ask = ask_of(f, 0, HOUR_US);
    ask.now = ask.from; /* all of it to come */
    assert_int_equal(vg_heat_query(&ask, &answer, &fault), VG_E_CALL);
    ask = ask_of(f, 0, HOUR_US);
    for (uint32_t n = 1; n < 9; n++) { /* without memory: an answer or a status, nothing left */
        vg_alloc_fail_at(n);
        const enum vg_status status = vg_heat_query(&ask, &answer, &fault);
        vg_alloc_fail_at(0);
        assert_true(status == VG_OK || status == VG_E_MEMORY);
        vg_free(answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hours_grow),
        cmocka_unit_test(what_cannot_be_written_is_refused),
        cmocka_unit_test(a_cut_write_loses_nothing_written_before),
        cmocka_unit_test(the_spare_place_may_be_newer),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(a_full_disk_is_said),
        cmocka_unit_test(old_days_go),
        cmocka_unit_test(hours_are_summed_up),
        cmocka_unit_test(damage_is_counted),
        cmocka_unit_test(what_cannot_be_asked),
    };
    return cmocka_run_group_tests(tests, store_set_up, store_tear_down);
}
