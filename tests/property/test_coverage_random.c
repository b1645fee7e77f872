/* Random histories of a flux on a simulated clock: whatever is told, in whatever order, with the
 * wall clock set back and forth, no time is lost and none counted twice. VIGIE_SEED: another
 * first seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "scheduler/decide_coverage.h"
#include "src/base/random.h"

#define S VG_US_PER_S

enum {
    HISTORIES = 400,
    STEPS = 2000
};

struct check {
    struct vg_coverage_taker taker;
    int64_t rows_us, part_us[VG_COVERAGE_CAUSES];
    uint64_t seed, number, analysed;
    int64_t minute, end_us;
    bool stepped;
};

static void hold(bool good, const struct check *check, const char *what)
{
    if (!good)
        fail_msg("VIGIE_SEED=%llu: %s", (unsigned long long)check->seed, what);
}

static void take(struct vg_coverage_taker *taker, const struct vg_coverage *coverage)
{
    struct check *check = (struct check *)(void *)taker;
    const struct vg_coverage_row *row = &coverage->row;
    const int64_t sum = vg_coverage_row_sum(row);
    const int64_t begin_us = row->minute * VG_COVERAGE_MINUTE_US + row->begin_us;
    hold(coverage->row_number > check->number, check, "a row is given once");
    hold(row->begin_us + sum <= VG_COVERAGE_MINUTE_US, check, "a row stays in its minute");
    hold(row->head_us <= sum && row->tail_us <= sum, check, "a run stays in its row");
    if (check->number && !(row->stepped && check->stepped))
        hold(begin_us == check->end_us, check, "rows follow each other");
    check->number = coverage->row_number;
    check->stepped = row->stepped;
    check->end_us = begin_us + sum;
    check->rows_us += sum;
    check->analysed += row->analysed;
    for (int c = 0; c < VG_COVERAGE_CAUSES; c++)
        check->part_us[c] += row->part_us[c];
}

static void change(struct vg_coverage_input *in, struct vg_random *random)
{
    switch (vg_random_below(random, 8)) {
    case 0:
        in->duty = (enum vg_coverage_duty)vg_random_below(random, 3);
        break;
    case 1:
        in->connected = !in->connected;
        break;
    case 2:
        in->decoding = (enum vg_coverage_decoding)vg_random_below(random, 3);
        break;
    case 3:
        in->view = (enum vg_coverage_view)vg_random_below(random, 5);
        break;
    case 4:
        in->period_us = vg_random_below(random, 5) ? 10000 + vg_random_below(random, 3000000) : 0;
        break;
    case 5:
        in->corrupt += vg_random_below(random, 3);
        in->refused += vg_random_below(random, 3);
        in->late += vg_random_below(random, 3);
        break;
    case 6: /* another flux has the place: the counters begin again */
        in->arrived = in->corrupt = in->refused = in->late = 0;
        break;
    default:
        in->waiting = !in->waiting;
    }
}

/* How far time goes in one step: mostly a part of a second, seldom minutes. */
static int64_t pause(struct vg_random *random)
{
    const uint32_t kind = vg_random_below(random, 100);
    if (kind == 0)
        return (int64_t)vg_random_below(random, 400) * S;
    return kind < 5 ? 0 : (int64_t)vg_random_below(random, kind < 20 ? 5000000 : 400000);
}

static int64_t clock_step(struct vg_random *random)
{
    const int64_t us = (int64_t)vg_random_below(random, 4000) * S - 2000 * S;
    return vg_random_below(random, 2) ? us : us / 4000;
}

static void one_history(uint64_t seed)
{
    struct vg_random random;
    struct vg_coverage c;
    struct check check = {.taker.take = take, .seed = seed};
    struct vg_coverage_input in = {.connected = true, .period_us = S / 5};
    vg_random_seed(&random, seed);
    int64_t now = (int64_t)vg_random_below(&random, 100000000), shift = 1700000000 * S, told = 0;
    const int64_t begin = now;
    uint64_t analysed = 0;
    vg_coverage_init(&c, &check.taker);
    vg_coverage_look(&c, (struct vg_mono_time){now}, (struct vg_wall_time){now + shift}, &in);
    for (int i = 0; i < STEPS; i++) {
        now += pause(&random);
        if (vg_random_below(&random, 50) == 0)
            shift += clock_step(&random);
        if (vg_random_below(&random, 4) == 0)
            change(&in, &random);
        const struct vg_mono_time mono = {now};
        const struct vg_wall_time wall = {now + shift};
        if (vg_random_below(&random, 2)) {
            const int64_t back = (int64_t)vg_random_below(&random, 1000000);
            told = now - back > told ? now - back : told;
            in.arrived += 1 + vg_random_below(&random, 5);
            vg_coverage_picture(&c, (struct vg_mono_time){told},
                                in.arrived - 1 - vg_random_below(&random, 2) * (in.arrived > 1),
                                mono, wall, &in);
            analysed++;
        } else {
            vg_coverage_look(&c, mono, wall, &in);
        }
        hold(c.settled_us <= now && (in.waiting || c.settled_us == now) &&
                 now - c.settled_us <= VG_COVERAGE_LAG_US,
             &check, "the line is open no longer than it may");
    }
    vg_coverage_end(&c, (struct vg_mono_time){now}, (struct vg_wall_time){now + shift}, &in,
                    VG_COVERAGE_DUTY_WATCHED);
    hold(check.rows_us == now - begin, &check, "all time is in the rows");
    hold(check.analysed == analysed, &check, "all pictures are");
    for (int k = 0; k < VG_COVERAGE_CAUSES; k++)
        hold(check.part_us[k] == c.total_us[k], &check, "totals are the rows'");
}

static void no_time_is_lost_or_doubled(void **state)
{
    (void)state;
    const char *text = getenv("VIGIE_SEED");
    const uint64_t first = text ? strtoull(text, NULL, 10) : 1;
    for (uint64_t i = 0; i < HISTORIES; i++)
        one_history(first + i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_time_is_lost_or_doubled)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
