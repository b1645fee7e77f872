/* The cores that tasks of a simulation share, against what is known in closed form: sojourns under
 * processor sharing (M/D/1-PS, and two cores), waits in a queue before one of them (M/D/1), what is
 * left beside one that always runs. VIGIE_SEED: another seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "scheduler/forecast/shared_processor.h"
#include "src/base/alloc.h"
#include "src/base/random.h"

enum {
    TASKS = 512,
    TAKES_US = 1000,
    ARRIVALS = 200000
};

static const struct vg_shared_work one = {TAKES_US, 1000};

static uint64_t seed_of(void)
{
    const char *text = getenv("VIGIE_SEED");
    return text ? strtoull(text, NULL, 10) : 11;
}

static struct vg_shared_processor *processor(uint32_t cores_milli, uint32_t tasks)
{
    struct vg_shared_processor *p = NULL;
    assert_int_equal(vg_shared_processor_open(&p, cores_milli, tasks), VG_OK);
    return p;
}

/* ---- by hand ---------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    uint32_t cores_milli;
    struct {
        int64_t at_us, work_us;
        uint32_t cores_milli;
        int64_t ends_us;
    } task[3]; /* by begin; at_us -1: none */
} rows[] = {
    {"alone", 1000, {{0, 500, 1000, 500}, {-1, 0, 0, 0}, {-1, 0, 0, 0}}},
    {"one joins", 1000, {{0, 3000, 1000, 5000}, {1000, 2000, 1000, 5000}, {-1, 0, 0, 0}}},
    {"one core each", 2000, {{0, 3000, 1000, 3000}, {1000, 2000, 1000, 3000}, {-1, 0, 0, 0}}},
    {"as many as are used", 0, {{0, 3000, 64000, 3000}, {0, 10, 9000, 10}, {5, 10, 500, 15}}},
    /* two cores, a task that uses both: beside another one all go at 2/3 */
    {"threads", 2000, {{0, 2000, 2000, 2500}, {500, 1000, 1000, 2000}, {-1, 0, 0, 0}}},
    {"one that uses none slows nobody", 1000, {{0, 100, 1000, 100}, {0, 50, 0, 50}, {-1, 0, 0, 0}}},
    {"nothing to do", 1000, {{7, 0, 1000, 7}, {8, -5, 1000, 8}, {-1, 0, 0, 0}}},
    /* 900 alone, then a third each: all have 100 left */
    {"three", 1000, {{0, 1000, 1000, 1200}, {900, 100, 1000, 1200}, {900, 100, 1000, 1200}}},
};

static void tasks_end_when_they_must(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_shared_processor *p = processor(rows[i].cores_milli, 3);
        int64_t ended_us[3] = {-1, -1, -1};
        uint32_t begun = 0, ended = 0, count = 0;
        print_message("%s\n", rows[i].name);
        while (count < 3 && rows[i].task[count].at_us >= 0)
            count++;
        while (ended < count) {
            const int64_t end_us = vg_shared_processor_next_us(p);
            if (begun < count && rows[i].task[begun].at_us <= end_us) {
                const struct vg_shared_work work = {rows[i].task[begun].work_us,
                                                    rows[i].task[begun].cores_milli};
                vg_shared_processor_begin(p, begun, work, rows[i].task[begun].at_us);
                begun++;
                continue;
            }
            ended_us[vg_shared_processor_end(p)] = end_us;
            ended++;
        }
        for (uint32_t t = 0; t < count; t++)
            assert_int_equal(ended_us[t], rows[i].task[t].ends_us);
        assert_true(vg_shared_processor_next_us(p) == VG_SHARED_NEVER);
        vg_shared_processor_close(&p);
        assert_null(p);
    }
}

static void who_is_stopped_is_gone(void **state)
{
    (void)state;
    struct vg_shared_processor *p = processor(1000, 2);
    vg_shared_processor_stop(p, 1, 5); /* it does not run */
    vg_shared_processor_begin(p, 0, one, 0);
    vg_shared_processor_begin(p, 1, one, 0);
    vg_shared_processor_stop(p, 1, 1000); /* half of the time was its */
    assert_int_equal(vg_shared_processor_next_us(p), 1500);
    assert_int_equal(vg_shared_processor_end(p), 0);
    vg_shared_processor_begin(p, 1, one, 2000);
    assert_int_equal(vg_shared_processor_next_us(p), 3000);
    vg_shared_processor_close(&p);
    for (uint32_t n = 1;; n++) {
        vg_alloc_fail_at(n);
        const enum vg_status status = vg_shared_processor_open(&p, 1000, 9);
        vg_alloc_fail_at(0);
        if (!status)
            break;
        assert_int_equal(status, VG_E_MEMORY);
        assert_null(p);
        assert_true(n < 10);
    }
    vg_shared_processor_close(&p);
    vg_shared_processor_close(&p);
}

/* ---- in closed form ---------------------------------------------------------------------------- */

enum sizes {
    EQUAL,
    UNEQUAL /* nine of 500 us, one of 5500: the same mean */
};

static int64_t draw_gap(struct vg_random *r, double mean_us)
{
    return (int64_t)(-mean_us * log(1 - vg_random_unit(r)) + 0.5);
}

/* The mean time from arrival to end of tasks that arrive at random (Poisson) and all run at once. */
static double sojourn_us(uint32_t cores, double load, enum sizes sizes)
{
    static int64_t since_us[TASKS];
    struct vg_shared_processor *p = processor(cores * 1000, TASKS);
    struct vg_random r;
    double sum = 0;
    uint32_t free_task[TASKS], free_count = TASKS, ended = 0;
    vg_random_seed(&r, seed_of());
    for (uint32_t i = 0; i < TASKS; i++)
        free_task[i] = i;
    for (int64_t at_us = 0; ended < ARRIVALS;) {
        const int64_t end_us = vg_shared_processor_next_us(p);
        if (end_us <= at_us) {
            const uint32_t task = vg_shared_processor_end(p);
            sum += (double)(end_us - since_us[task]);
            free_task[free_count++] = task;
            ended++;
            continue;
        }
        assert_true(free_count > 0);
        const uint32_t task = free_task[--free_count];
        struct vg_shared_work work = one;
        if (sizes == UNEQUAL)
            work.work_us = vg_random_below(&r, 10) ? TAKES_US / 2 : TAKES_US * 11 / 2;
        since_us[task] = at_us;
        vg_shared_processor_begin(p, task, work, at_us);
        at_us += draw_gap(&r, TAKES_US / (load * cores));
    }
    vg_shared_processor_close(&p);
    return sum / ended;
}

/* D / (1 - load), whatever the distribution (Kleinrock); on two cores, of which one task can use
 * one, D (1 + C / (2 (1 - load))) with Erlang's C = 2 load^2 / (1 + load). */
static void sojourns_are_those_of_theory(void **state)
{
    (void)state;
    static const double load[] = {0.3, 0.5, 0.7, 0.8};
    for (size_t i = 0; i < sizeof load / sizeof *load; i++) {
        const double x = load[i], c = 2 * x * x / (1 + x);
        const double single = TAKES_US / (1 - x), two = TAKES_US * (1 + c / (2 * (1 - x)));
        const double got = sojourn_us(1, x, EQUAL), got_unequal = sojourn_us(1, x, UNEQUAL),
                     got_two = sojourn_us(2, x, EQUAL);
        print_message("seed %llu, load %.1f: %.0f, %.0f (%.0f); two cores %.0f (%.0f)\n",
                      (unsigned long long)seed_of(), x, got, got_unequal, single, got_two, two);
        assert_true(fabs(got / single - 1) < 0.05);
        assert_true(fabs(got_unequal / single - 1) < 0.08);
        assert_true(fabs(got_two / two - 1) < 0.05);
    }
}

/* One after the other before one task, as a worker's pictures: the mean wait of M/D/1 is
 * load D / (2 (1 - load)) (Pollaczek and Khinchin). */
static double wait_us(double load)
{
    struct vg_shared_processor *p = processor(1000, 1);
    struct vg_random r;
    static int64_t since_us[ARRIVALS];
    uint32_t come = 0, begun = 0, ended = 0;
    double sum = 0;
    vg_random_seed(&r, seed_of());
    for (int64_t at_us = 0; begun < ARRIVALS;) {
        const int64_t end_us = vg_shared_processor_next_us(p);
        int64_t now_us = at_us;
        if (end_us <= at_us || come == ARRIVALS) {
            now_us = end_us;
            (void)vg_shared_processor_end(p);
            ended++;
        } else {
            since_us[come++] = at_us;
            at_us += draw_gap(&r, TAKES_US / load);
        }
        if (begun > ended || begun == come)
            continue;
        sum += (double)(now_us - since_us[begun++]);
        vg_shared_processor_begin(p, 0, one, now_us);
    }
    vg_shared_processor_close(&p);
    return sum / ARRIVALS;
}

static void waits_are_those_of_theory(void **state)
{
    (void)state;
    static const double load[] = {0.3, 0.5, 0.8, 0.9};
    for (size_t i = 0; i < sizeof load / sizeof *load; i++) {
        const double want = load[i] * TAKES_US / (2 * (1 - load[i])), got = wait_us(load[i]);
        print_message("load %.1f: %.0f us (%.0f)\n", load[i], got, want);
        assert_true(fabs(got / want - 1) < 0.08);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_end_when_they_must),
        cmocka_unit_test(who_is_stopped_is_gone),
        cmocka_unit_test(sojourns_are_those_of_theory),
        cmocka_unit_test(waits_are_those_of_theory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
