/* The ledger of a flux: which cause the time goes to, rows, joins and rounding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/decide_coverage.h"

#define S VG_US_PER_S
#define M VG_COVERAGE_MINUTE_US

enum {
    ROWS = 64
};

struct kept {
    struct vg_coverage_taker taker;
    int count;
    struct vg_coverage_row row[ROWS];
};

static void keep(struct vg_coverage_taker *taker, const struct vg_coverage *coverage)
{
    struct kept *kept = (struct kept *)(void *)taker;
    assert_true(kept->count < ROWS);
    kept->row[kept->count++] = coverage->row;
}

static const struct vg_coverage_input watched = {
    .connected = true, .period_us = S / 5, .source_period_us = S / 25};

/* A flux of 25 pictures a second of which 5 are wanted, from second `from` to `to`; of these the
 * ones wanted are analysed 100 ms later, but for every `miss`-th. A look twice a second. */
struct play {
    struct vg_coverage c;
    struct kept kept;
    struct vg_coverage_input in;
    int64_t wall_us; /* minus monotonic */
};

static void look(struct play *p, int64_t t)
{
    vg_coverage_look(&p->c, (struct vg_mono_time){t}, (struct vg_wall_time){t + p->wall_us},
                     &p->in);
}

static void pictures(struct play *p, int64_t from, int64_t to, int miss)
{
    int wanted = 0;
    for (int64_t t = from; t < to; t += S / 25) {
        const uint64_t number = p->in.arrived++;
        if (number % 5 == 0 && !(miss && ++wanted % miss == 0)) {
            const int64_t done = t + S / 10;
            vg_coverage_picture(&p->c, (struct vg_mono_time){t}, number,
                                (struct vg_mono_time){done},
                                (struct vg_wall_time){done + p->wall_us}, &p->in);
        }
        if (number % 12 == 11 && t > p->c.settled_us)
            look(p, t);
    }
}

static void start(struct play *p)
{
    *p = (struct play){.in = watched, .wall_us = 100 * M};
    p->kept.taker.take = keep;
    vg_coverage_init(&p->c, &p->kept.taker);
}

static int64_t ended(struct play *p, int64_t t)
{
    vg_coverage_end(&p->c, (struct vg_mono_time){t}, (struct vg_wall_time){t + p->wall_us}, &p->in,
                    VG_COVERAGE_DUTY_WATCHED);
    int64_t sum = 0;
    for (int i = 0; i < p->kept.count; i++)
        sum += vg_coverage_row_sum(&p->kept.row[i]);
    return sum;
}

/* Twenty seconds well, ten of something, twenty well. */
static const struct {
    const char *name;
    struct vg_coverage_input in; /* in the ten seconds */
    int comes;                   /* pictures come meanwhile */
    uint64_t corrupt, refused, late;
    enum vg_coverage_cause cause;
    int64_t least_us, most_us; /* of the cause */
} rows[] = {
    {"nothing happens", {.connected = true}, 0, 0, 0, 0, VG_COVERAGE_LOST, 95 * S / 10, 10 * S},
    {"the source is lost", {0}, 0, 0, 0, 0, VG_COVERAGE_LOST, 95 * S / 10, 10 * S},
    {"lost while it says it gives", {0}, 1, 0, 0, 0, VG_COVERAGE_LOST, 95 * S / 10, 10 * S},
    {"no time for them",
     {.connected = true},
     1,
     0,
     0,
     50,
     VG_COVERAGE_OVERLOAD,
     95 * S / 10,
     10 * S},
    {"damaged", {.connected = true}, 1, 50, 0, 0, VG_COVERAGE_CORRUPT, 95 * S / 10, 10 * S},
    {"refused", {.connected = true}, 1, 0, 50, 0, VG_COVERAGE_DECODER, 95 * S / 10, 10 * S},
    {"more refused than late",
     {.connected = true},
     1,
     1,
     50,
     49,
     VG_COVERAGE_DECODER,
     95 * S / 10,
     10 * S},
    {"a decoder that is out",
     {.connected = true, .decoding = VG_COVERAGE_DECODES_NONE},
     0,
     0,
     0,
     0,
     VG_COVERAGE_DECODER,
     95 * S / 10,
     10 * S},
    {"key frames only",
     {.connected = true, .decoding = VG_COVERAGE_DECODES_KEYS},
     1,
     0,
     0,
     0,
     VG_COVERAGE_KEYS,
     95 * S / 10,
     10 * S},
    {"stopped",
     {.duty = VG_COVERAGE_DUTY_STOPPED},
     0,
     0,
     0,
     0,
     VG_COVERAGE_STOPPED,
     95 * S / 10,
     10 * S + S / 2},
    {"off",
     {.duty = VG_COVERAGE_DUTY_OFF},
     0,
     0,
     0,
     0,
     VG_COVERAGE_OFF,
     95 * S / 10,
     10 * S + S / 2},
};

static void silence_goes_to_its_cause(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct play p;
        start(&p);
        pictures(&p, 0, 20 * S, 0);
        const struct vg_coverage_input before = p.in;
        p.in.duty = rows[i].in.duty;
        p.in.connected = rows[i].in.connected;
        p.in.decoding = rows[i].in.decoding;
        for (int64_t t = 20 * S + S / 10; t <= 30 * S; t += S / 2) {
            p.in.arrived += rows[i].comes ? 12 : 0;
            p.in.corrupt += rows[i].corrupt;
            p.in.refused += rows[i].refused;
            p.in.late += rows[i].late;
            look(&p, t);
        }
        p.in.duty = before.duty;
        p.in.connected = before.connected;
        p.in.decoding = before.decoding;
        pictures(&p, 30 * S, 50 * S, 0);
        assert_int_equal(ended(&p, 50 * S), 50 * S);
        const int64_t us = p.c.total_us[rows[i].cause], good = p.c.total_us[VG_COVERAGE_ANALYSED];
        if (us < rows[i].least_us || us > rows[i].most_us || good < 395 * S / 10 ||
            good > 406 * S / 10)
            fail_msg("%s: %lld us, analysed %lld us", rows[i].name, (long long)us, (long long)good);
    }
}

static void all_is_well(void **state)
{
    (void)state;
    struct play p;
    start(&p);
    pictures(&p, 0, 180 * S, 0);
    assert_int_equal(ended(&p, 180 * S), 180 * S);
    assert_int_equal(p.kept.count, 3); /* the row of minute 103 is empty: not given */
    for (int i = 0; i < 3; i++) {
        assert_int_equal(p.kept.row[i].minute, 100 + i);
        assert_int_equal(p.kept.row[i].part_us[VG_COVERAGE_ANALYSED], M);
        assert_int_equal(p.kept.row[i].wanted, 300);
        assert_in_range(p.kept.row[i].analysed, 299, 301);
        assert_false(p.kept.row[i].stepped);
    }
}

/* Two of five wanted pictures are not analysed: each one analysed covers 300 ms of its 400. */
static void half_a_rate_is_an_overload(void **state)
{
    (void)state;
    struct play p;
    start(&p);
    pictures(&p, 0, 60 * S, 2);
    assert_int_equal(ended(&p, 60 * S), 60 * S);
    assert_in_range(p.c.total_us[VG_COVERAGE_ANALYSED], 44 * S, 46 * S);
    assert_in_range(p.c.total_us[VG_COVERAGE_OVERLOAD], 14 * S, 16 * S);
}

/* A source of 2 pictures a second, of which 5 were wanted: all that came was analysed. */
static void a_slow_source_is_covered(void **state)
{
    (void)state;
    struct play p;
    start(&p);
    p.in.source_period_us = 0;
    for (int64_t t = 0; t < 60 * S; t += S / 2) {
        p.in.arrived++;
        vg_coverage_picture(&p.c, (struct vg_mono_time){t}, p.in.arrived - 1,
                            (struct vg_mono_time){t + 50000},
                            (struct vg_wall_time){t + 50000 + p.wall_us}, &p.in);
    }
    assert_int_equal(ended(&p, 60 * S), 60 * S);
    assert_in_range(p.c.total_us[VG_COVERAGE_ANALYSED], 59 * S, 60 * S);
    assert_int_equal(p.kept.row[0].wanted, 300);
    assert_int_equal(p.kept.row[0].analysed, 120);
}

static void a_picture_that_waits_keeps_the_line_open(void **state)
{
    (void)state;
    struct play p;
    start(&p);
    look(&p, 0);
    p.in.arrived = 1;
    p.in.waiting = true;
    look(&p, 2 * S);
    assert_int_equal(p.c.settled_us, 0);
    look(&p, 5 * S); /* too late for what is older than the lag */
    assert_int_equal(p.c.settled_us, 5 * S - VG_COVERAGE_LAG_US);
    assert_int_equal(p.c.total_us[VG_COVERAGE_OVERLOAD], 2 * S);
    p.in.waiting = false;
    vg_coverage_picture(&p.c, (struct vg_mono_time){4 * S}, 0, (struct vg_mono_time){5 * S},
                        (struct vg_wall_time){5 * S + p.wall_us}, &p.in);
    assert_int_equal(p.c.total_us[VG_COVERAGE_ANALYSED], S * 3 / 10);
    assert_int_equal(ended(&p, 5 * S), 5 * S);
}

static void a_blind_view_is_not_analysed(void **state)
{
    (void)state;
    struct play p;
    start(&p);
    p.in.view = VG_COVERAGE_VIEW_MASKED;
    pictures(&p, 0, 60 * S, 0);
    assert_int_equal(ended(&p, 60 * S), 60 * S);
    assert_int_equal(p.c.total_us[VG_COVERAGE_VIEW], 60 * S);
}

static void a_clock_that_is_set_loses_no_time(void **state)
{
    (void)state;
    static const int64_t steps[] = {-3600 * S, -30 * S, -S, S, 30 * S, 3600 * S};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct play p;
        start(&p);
        pictures(&p, 0, 90 * S, 0);
        p.wall_us += steps[i];
        pictures(&p, 90 * S, 200 * S, 0);
        assert_int_equal(ended(&p, 200 * S), 200 * S);
        int said = 0;
        for (int k = 0; k < p.kept.count; k++)
            said += p.kept.row[k].stepped;
        assert_int_equal(said, 2); /* the one that was cut and the one that began */
        assert_true(p.kept.row[1].stepped && p.kept.row[2].stepped);
        const int64_t begin_us =
            p.kept.row[2].minute * M + p.kept.row[2].begin_us - 100 * M - steps[i];
        assert_in_range(begin_us, 89 * S, 91 * S);
    }
}

static void a_small_step_is_none(void **state)
{
    (void)state;
    struct play p;
    start(&p);
    pictures(&p, 0, 30 * S, 0);
    p.wall_us += S / 4;
    pictures(&p, 30 * S, 90 * S, 0);
    assert_int_equal(ended(&p, 90 * S), 90 * S);
    assert_int_equal(p.kept.count, 2);
    assert_false(p.kept.row[0].stepped);
}

/* ---- rows ---- */

static void row_of(struct vg_coverage_row *row, uint32_t begin_s, const char *runs)
{
    static const char letters[] = "aldkocvsnf";
    vg_coverage_row_init(row, 5, begin_s * 1000000);
    for (const char *r = runs; *r; r++)
        vg_coverage_row_add(row, (enum vg_coverage_cause)(strchr(letters, *r) - letters), 1000000);
}

/* a letter is a second: analysed, lost, ..., dowN, oFf */
static const struct {
    const char *name, *earlier, *later, *same;
    uint32_t earlier_s, later_s;
    int stepped;
} joins[] = {
    {"side by side", "aaa", "aal", "aaaaal", 0, 3, 0},
    {"one run in all", "aaa", "aaa", "aaaaaa", 0, 3, 0},
    {"a restart", "aaa", "aa", "aaannaa", 0, 5, 0},
    {"switched off between", "aaf", "aa", "aafffaa", 0, 5, 0},
    {"three runs", "all", "ala", "alllla", 2, 5, 0}, /* the middle's order is not kept */
    {"set back", "aaaa", "lll", "aaaalll", 10, 12, 1},
    {"into an empty one", "", "la", "la", 4, 4, 0},
};

static void rows_are_joined(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof joins / sizeof *joins; i++) {
        struct vg_coverage_row row, later, same;
        row_of(&row, joins[i].earlier_s, joins[i].earlier);
        row_of(&later, joins[i].later_s, joins[i].later);
        row_of(&same, joins[i].earlier_s, joins[i].same);
        vg_coverage_row_join(&row, &later);
        if (memcmp(row.part_us, same.part_us, sizeof row.part_us) != 0 &&
            strcmp(joins[i].name, "three runs") != 0)
            fail_msg("%s: parts", joins[i].name);
        if (row.first != same.first || row.last != same.last || row.head_us != same.head_us ||
            row.tail_us != same.tail_us || row.stepped != (joins[i].stepped != 0))
            fail_msg("%s: %d %d %u %u %d", joins[i].name, row.first, row.last, row.head_us,
                     row.tail_us, row.stepped);
    }
}

static void a_row_never_overflows(void **state)
{
    (void)state;
    struct vg_coverage_row row, more;
    vg_coverage_row_init(&row, 5, 0);
    for (int i = 0; i < 200; i++) {
        vg_coverage_row_init(&more, 5, 0);
        vg_coverage_row_add(&more, VG_COVERAGE_LOST, 60000000);
        vg_coverage_row_join(&row, &more);
    }
    assert_true(row.part_us[VG_COVERAGE_LOST] == UINT32_MAX && row.stepped);
}

static const struct {
    int64_t us[3], unit, shown[3], sum;
} rounds[] = {
    {{60000000, 0, 0}, 1000000, {60, 0, 0}, 60},
    {{19999999, 20000000, 20000001}, 1000000, {20, 20, 20}, 60},
    {{20400000, 20300000, 19300000}, 1000000, {21, 20, 19}, 60},
    {{20500000, 19500000, 20000000}, 1000000, {21, 19, 20}, 60},
    {{400000, 0, 0}, 1000000, {0, 0, 0}, 0},
    {{400000, 400000, 0}, 1000000, {1, 0, 0}, 1},
    {{333333, 333333, 333334}, 1000, {333, 333, 334}, 1000},
    {{333333, 333334, 333333}, 1000, {333, 334, 333}, 1000},
};

static void numbers_shown_add_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rounds / sizeof *rounds; i++) {
        int64_t parts[VG_COVERAGE_CAUSES] = {rounds[i].us[0], rounds[i].us[1], rounds[i].us[2]};
        int64_t shown[VG_COVERAGE_CAUSES];
        assert_int_equal(vg_coverage_round(parts, rounds[i].unit, shown), rounds[i].sum);
        for (int c = 0; c < 3; c++)
            if (shown[c] != rounds[i].shown[c])
                fail_msg("row %zu: cause %d is %lld", i, c, (long long)shown[c]);
        parts[VG_COVERAGE_OFF] = 1700000; /* not nominal: changes nothing */
        assert_int_equal(vg_coverage_round(parts, 1000000, shown),
                         vg_coverage_round(parts, 1000000, shown));
        assert_int_equal(shown[VG_COVERAGE_OFF], 2);
    }
}

static void shares_round_down(void **state)
{
    (void)state;
    int64_t parts[VG_COVERAGE_CAUSES] = {0};
    assert_int_equal(vg_coverage_share(parts), -1);
    parts[VG_COVERAGE_OFF] = 5;
    assert_int_equal(vg_coverage_share(parts), -1);
    parts[VG_COVERAGE_ANALYSED] = 30 * 86400 * S - 1;
    assert_int_equal(vg_coverage_share(parts), 10000);
    parts[VG_COVERAGE_LOST] = 1;
    assert_int_equal(vg_coverage_share(parts), 9999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_goes_to_its_cause),
        cmocka_unit_test(all_is_well),
        cmocka_unit_test(half_a_rate_is_an_overload),
        cmocka_unit_test(a_slow_source_is_covered),
        cmocka_unit_test(a_picture_that_waits_keeps_the_line_open),
        cmocka_unit_test(a_blind_view_is_not_analysed),
        cmocka_unit_test(a_clock_that_is_set_loses_no_time),
        cmocka_unit_test(a_small_step_is_none),
        cmocka_unit_test(rows_are_joined),
        cmocka_unit_test(a_row_never_overflows),
        cmocka_unit_test(numbers_shown_add_up),
        cmocka_unit_test(shares_round_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
