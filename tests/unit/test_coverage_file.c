/* The files of the ledger of coverage, and what is asked of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "src/base/alloc.h"
#include "src/store/coverage_query.h"
#include "tests/store_fixture.h"

#define M   VG_COVERAGE_MINUTE_US
#define S   VG_US_PER_S
#define DAY INT64_C(20000) /* 2024-10-04 */
#define T0  (DAY * VG_COVERAGE_DAY_MINUTE)

static void path_of(const struct store_fixture *f, const char *flux, char path[256])
{
    (void)snprintf(path, 256, "%s/coverage/2024-10-04/%s.coverage", f->folder, flux);
}

/* A letter is a second: analysed, lost, decoder, keys, overload, corrupt, view, stopped, dowN, oFf;
 * a number before it how many. */
static struct vg_coverage_row row_of(int64_t minute, uint32_t begin_s, const char *runs)
{
    static const char letters[] = "aldkocvsnf";
    struct vg_coverage_row row;
    vg_coverage_row_init(&row, minute, begin_s * 1000000);
    while (*runs) {
        char *end;
        const long n = strtol(runs, &end, 10);
        vg_coverage_row_add(&row, (enum vg_coverage_cause)(strchr(letters, *end) - letters),
                            (uint32_t)n * 1000000);
        runs = end + 1;
    }
    row.wanted = 300;
    row.analysed = 150;
    return row;
}

static void put(const struct store_fixture *f, const char *flux, struct vg_coverage_row row)
{
    struct vg_fault fault;
    assert_int_equal(vg_coverage_row_write(f->folder, flux, &row, VG_FILE_PLAIN, &fault), VG_OK);
}

static void same(const struct vg_coverage_row *a, const struct vg_coverage_row *b)
{
    assert_int_equal(a->minute, b->minute);
    assert_int_equal(a->begin_us, b->begin_us);
    assert_int_equal(a->stepped, b->stepped);
    assert_true(a->first == b->first && a->last == b->last);
    assert_true(a->head_us == b->head_us && a->tail_us == b->tail_us);
    assert_true(a->wanted == b->wanted && a->analysed == b->analysed);
    assert_memory_equal(a->part_us, b->part_us, sizeof a->part_us);
}

static void rows_come_back(void **state)
{
    struct store_fixture *f = *state;
    struct vg_fault fault;
    struct vg_coverage_row got, want = row_of(T0 + 600, 7, "20a3l30a");
    want.stepped = true;
    assert_int_equal(vg_coverage_row_read(f->folder, "cam-1", T0 + 600, &got, &fault),
                     VG_E_MISSING);
    assert_int_equal(vg_coverage_row_write(f->folder, "cam-1", &want, VG_FILE_SYNCED, &fault),
                     VG_OK);
    assert_int_equal(vg_coverage_row_read(f->folder, "cam-1", T0 + 600, &got, &fault), VG_OK);
    same(&got, &want);
    assert_int_equal(vg_coverage_row_read(f->folder, "cam-1", T0 + 601, &got, &fault),
                     VG_E_MISSING);
    want = row_of(T0 + 600, 0, "60a"); /* over it */
    put(f, "cam-1", want);
    put(f, "cam-1", row_of(T0 + 1439, 0, "60l"));
    struct vg_coverage_day *day = vg_alloc(sizeof *day);
    assert_int_equal(vg_coverage_day_read(f->folder, "cam-1", DAY, day, &fault), VG_OK);
    int there = 0;
    for (int i = 0; i < VG_COVERAGE_DAY_MINUTE; i++)
        there += day->there[i];
    assert_int_equal(there, 2);
    assert_int_equal(day->damaged, 0);
    same(&day->row[600], &want);
    assert_int_equal(vg_coverage_day_read(f->folder, "cam-1", DAY + 1, day, &fault), VG_E_MISSING);
    assert_int_equal(vg_coverage_day_read(f->folder, "../x", DAY, day, &fault), VG_E_CALL);
    assert_int_equal(vg_coverage_row_write(f->folder, "a/b", &want, VG_FILE_PLAIN, &fault),
                     VG_E_CALL);
    vg_free(day);
}

static void damage_spoils_one_record(void **state)
{
    struct store_fixture *f = *state;
    struct vg_fault fault;
    char path[256];
    struct vg_coverage_day *day = vg_alloc(sizeof *day);
    struct vg_coverage_row row;
    for (int i = 0; i < 3; i++)
        put(f, "cam-2", row_of(T0 + i, 0, "60a"));
    path_of(f, "cam-2", path);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, VG_COVERAGE_FILE_BYTES);
    store_damage(path, 128 + 64 + 30, 1);
    assert_int_equal(vg_coverage_day_read(f->folder, "cam-2", DAY, day, &fault), VG_OK);
    assert_true(day->there[0] && !day->there[1] && day->there[2] && day->damaged == 1);
    assert_int_equal(vg_coverage_row_read(f->folder, "cam-2", T0 + 1, &row, &fault), VG_E_MISSING);
    put(f, "cam-2", row_of(T0 + 1, 0, "60l")); /* and is mended by the next write */
    assert_int_equal(vg_coverage_day_read(f->folder, "cam-2", DAY, day, &fault), VG_OK);
    assert_true(day->there[1] && day->damaged == 0);
    store_damage(path, 3, 1); /* the head: refused, and mended likewise */
    assert_int_equal(vg_coverage_day_read(f->folder, "cam-2", DAY, day, &fault), VG_E_INPUT);
    put(f, "cam-2", row_of(T0 + 3, 0, "60l"));
    assert_int_equal(vg_coverage_day_read(f->folder, "cam-2", DAY, day, &fault), VG_OK);
    assert_true(day->there[0] && day->there[1] && day->there[2] && day->there[3]);
    /* a file of another flux, or day, under this name */
    char other[256];
    path_of(f, "cam-3", other);
    assert_int_equal(link(path, other), 0);
    assert_int_equal(vg_coverage_day_read(f->folder, "cam-3", DAY, day, &fault), VG_E_INPUT);
    assert_int_equal(truncate(path, 128 + 70), 0); /* cut */
    assert_int_equal(vg_coverage_day_read(f->folder, "cam-2", DAY, day, &fault), VG_OK);
    assert_true(day->there[0] && !day->there[1] && day->damaged == 0);
    vg_free(day);
}

static void a_full_disk_is_said(void **state)
{
    struct store_fixture *f = *state;
    struct vg_fault fault;
    struct rlimit before, none;
    const struct vg_coverage_row row = row_of(T0, 0, "60a");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = before;
    none.rlim_cur = 100;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    const enum vg_status status =
        vg_coverage_row_write(f->folder, "cam-9", &row, VG_FILE_PLAIN, &fault);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(status == VG_E_LACK || status == VG_E_IO);
    put(f, "cam-9", row); /* room again: the half file is made whole */
    struct vg_coverage_row got;
    assert_int_equal(vg_coverage_row_read(f->folder, "cam-9", T0, &got, &fault), VG_OK);
}

static void old_days_go(void **state)
{
    struct store_fixture *f = *state;
    struct vg_fault fault;
    uint32_t removed;
    char path[256];
    (void)snprintf(path, sizeof path, "%s/none", f->folder);
    assert_int_equal(vg_coverage_sweep(path, DAY, 30, &removed, &fault), VG_OK);
    for (int64_t d = -40; d <= 0; d++)
        put(f, "old", row_of(T0 + d * VG_COVERAGE_DAY_MINUTE, 0, "60a"));
    (void)snprintf(path, sizeof path, "%s/coverage/1999-01-0x", f->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(vg_coverage_sweep(f->folder, DAY, 30, &removed, &fault), VG_OK);
    assert_int_equal(removed, 10);
    assert_true(vg_folder_exists(path));
    assert_int_equal(vg_coverage_sweep(f->folder, DAY, 30, &removed, &fault), VG_OK);
    assert_int_equal(removed, 0);
}

/* ---- asking ---- */

static const struct {
    const char *name;
    struct {
        int minute, begin_s;
        const char *runs;
        bool stepped;
    } row[6];
    int from, to, now_s; /* minutes; now in seconds */
    enum vg_coverage_step step;
    int seconds[VG_COVERAGE_CAUSES]; /* a l d k o c v s n f */
    int items, gaps;
    struct {
        int begin_s, end_s;
        enum vg_coverage_cause cause;
    } gap[2];
    int to_s; /* what is answered; 0: to */
} asks[] = {
    {"nothing written", {{0}}, 0, 60, 36000, VG_COVERAGE_BY_MINUTE, {0}, 60, 0, {{0}}, 0},
    {"three minutes",
     {{10, 0, "60a", 0}, {11, 0, "50a10l", 0}, {12, 0, "60a", 0}},
     10,
     13,
     780,
     VG_COVERAGE_BY_MINUTE,
     {170, 10},
     3,
     0,
     {{0}},
     0},
    {"a flux begins within a minute",
     {{10, 20, "40a", 0}, {11, 0, "60a", 0}},
     0,
     12,
     720,
     VG_COVERAGE_BY_MINUTE,
     {100},
     12,
     0,
     {{0}},
     0},
    {"a gap over minutes, exact to the second",
     {{10, 0, "50a10l", 0}, {11, 0, "60l", 0}, {12, 0, "25l35a", 0}},
     10,
     13,
     780,
     VG_COVERAGE_BY_MINUTE,
     {85, 95},
     3,
     1,
     {{650, 745, VG_COVERAGE_LOST}},
     0},
    {"two causes, two gaps",
     {{10, 0, "60l", 0}, {11, 0, "60l", 0}, {12, 0, "60s", 0}, {13, 0, "60s", 0}},
     0,
     14,
     840,
     VG_COVERAGE_BY_HOUR,
     {0, 120, 0, 0, 0, 0, 0, 120},
     1,
     2,
     {{600, 720, VG_COVERAGE_LOST}, {720, 840, VG_COVERAGE_STOPPED}},
     840},
    {"Vigie was killed and came back",
     {{10, 0, "28a", 0}, {15, 20, "40a", 0}},
     0,
     16,
     960,
     VG_COVERAGE_BY_MINUTE,
     {68, 0, 0, 0, 0, 0, 0, 0, 292},
     16,
     1,
     {{628, 920, VG_COVERAGE_DOWN}},
     0},
    {"was off meanwhile",
     {{10, 0, "28a0f", 0}, {15, 20, "40a", 0}},
     0,
     16,
     960,
     VG_COVERAGE_BY_MINUTE,
     {68, 0, 0, 0, 0, 0, 0, 0, 0, 292},
     16,
     0,
     {{0}},
     0},
    {"the clock jumped ahead meanwhile",
     {{10, 0, "28a", 1}, {15, 20, "40a", 1}},
     0,
     16,
     960,
     VG_COVERAGE_BY_MINUTE,
     {68},
     16,
     0,
     {{0}},
     0},
    {"the clock was set back: a minute is lived twice",
     {{10, 0, "60a60l", 1}, {11, 0, "60a", 0}},
     0,
     12,
     720,
     VG_COVERAGE_BY_MINUTE,
     {120, 60},
     12,
     1,
     {{600, 660, VG_COVERAGE_LOST}},
     0},
    {"still down",
     {{10, 0, "60a", 0}},
     0,
     60,
     900,
     VG_COVERAGE_BY_HOUR,
     {60, 0, 0, 0, 0, 0, 0, 0, 240},
     1,
     1,
     {{660, 900, VG_COVERAGE_DOWN}},
     900},
    {"the running minute is not late yet",
     {{10, 0, "60a", 0}, {11, 0, "20a", 0}},
     0,
     60,
     692,
     VG_COVERAGE_BY_HOUR,
     {80},
     1,
     0,
     {{0}},
     680},
    {"how it was before is known",
     {{1, 0, "60a", 0}, {500, 0, "60a", 0}},
     100,
     160,
     36000,
     VG_COVERAGE_BY_HOUR,
     {0, 0, 0, 0, 0, 0, 0, 0, 7200},
     2,
     1,
     {{3600, 10800, VG_COVERAGE_DOWN}},
     10800},
    {"rows of a future that was taken back",
     {{10, 0, "60a", 0}, {20, 0, "60a", 1}},
     0,
     60,
     665,
     VG_COVERAGE_BY_HOUR,
     {60},
     1,
     0,
     {{0}},
     660},
};

static void sums_are_exact(void **state)
{
    struct store_fixture *f = *state;
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
        char flux[16];
        (void)snprintf(flux, sizeof flux, "ask-%zu", i);
        for (size_t r = 0; r < 6 && asks[i].row[r].runs; r++) {
            struct vg_coverage_row row = row_of(
                T0 + asks[i].row[r].minute, (uint32_t)asks[i].row[r].begin_s, asks[i].row[r].runs);
            row.stepped = asks[i].row[r].stepped;
            put(f, flux, row);
        }
        const int64_t day_us = T0 * M;
        const struct vg_coverage_ask ask = {.data = f->folder,
                                            .flux = flux,
                                            .from = {day_us + asks[i].from * M},
                                            .to = {day_us + asks[i].to * M},
                                            .step = asks[i].step,
                                            .now = {day_us + asks[i].now_s * S}};
        struct vg_coverage_answer *answer;
        struct vg_fault fault;
        assert_int_equal(vg_coverage_query(&ask, &answer, &fault), VG_OK);
        for (int c = 0; c < VG_COVERAGE_CAUSES; c++)
            if (answer->sum.part_us[c] != asks[i].seconds[c] * S)
                fail_msg("%s: %s %lld", asks[i].name,
                         vg_coverage_cause_name((enum vg_coverage_cause)c),
                         (long long)answer->sum.part_us[c]);
        if (answer->count != (size_t)asks[i].items || answer->gap_count != (size_t)asks[i].gaps)
            fail_msg("%s: %zu items, %zu gaps", asks[i].name, answer->count, answer->gap_count);
        for (size_t g = 0; g < answer->gap_count; g++) {
            const struct vg_coverage_gap *gap = &answer->gap[g];
            if (gap->begin.us != day_us + asks[i].gap[g].begin_s * S ||
                gap->end.us != day_us + asks[i].gap[g].end_s * S ||
                gap->cause != asks[i].gap[g].cause)
                fail_msg("%s: gap %zu is %lld to %lld, %s", asks[i].name, g,
                         (long long)(gap->begin.us - day_us), (long long)(gap->end.us - day_us),
                         vg_coverage_cause_name(gap->cause));
        }
        if (asks[i].to_s)
            assert_int_equal(answer->to.us, day_us + asks[i].to_s * S);
        vg_coverage_answer_free(&answer);
    }
}

static void what_cannot_be_asked(void **state)
{
    struct store_fixture *f = *state;
    struct vg_coverage_answer *answer;
    struct vg_fault fault;
    struct vg_coverage_ask ask = {.data = f->folder,
                                  .flux = "cam-1",
                                  .from = {T0 * M},
                                  .to = {(T0 + VG_COVERAGE_ITEMS_MAX + 1) * M},
                                  .step = VG_COVERAGE_BY_MINUTE,
                                  .now = {(T0 + 9000) * M}};
    assert_int_equal(vg_coverage_query(&ask, &answer, &fault), VG_E_CALL);
    assert_string_equal(fault.place, "step");
    ask.step = VG_COVERAGE_BY_HOUR;
    assert_int_equal(vg_coverage_query(&ask, &answer, &fault), VG_OK);
    vg_coverage_answer_free(&answer);
    ask.to = ask.from;
    assert_int_equal(vg_coverage_query(&ask, &answer, &fault), VG_E_CALL);
    ask.to.us = (T0 + 10) * M; /* all of it to come */
    ask.now.us = T0 * M - 1;
    assert_int_equal(vg_coverage_query(&ask, &answer, &fault), VG_E_CALL);
    ask.now.us = (T0 + 9000) * M;
    for (uint32_t n = 1; n < 20; n++) { /* without memory: an answer or a status, nothing left */
        vg_alloc_fail_at(n);
        const enum vg_status status = vg_coverage_query(&ask, &answer, &fault);
        vg_alloc_fail_at(0);
        assert_true(status == VG_OK || status == VG_E_MEMORY);
        vg_coverage_answer_free(&answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back),      cmocka_unit_test(damage_spoils_one_record),
        cmocka_unit_test(a_full_disk_is_said), cmocka_unit_test(old_days_go),
        cmocka_unit_test(sums_are_exact),      cmocka_unit_test(what_cannot_be_asked),
    };
    return cmocka_run_group_tests(tests, store_set_up, store_tear_down);
}
