/* The budget of cores for software decoding: rows, then properties over random sites. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "src/base/clock.h"
#include "src/base/random.h"
#include "src/media/decode_budget.h"

#define F VG_DECODE_FULL
#define K VG_DECODE_KEYS
#define N VG_DECODE_NONE

enum {
    FLUX_MAX = 40
};

static struct vg_mono_time at(int64_t seconds)
{
    return (struct vg_mono_time){seconds * VG_US_PER_S};
}

/* One core; costs in thousandths of it; all changed at 0 s. */
static const struct row {
    const char *name;
    int64_t now_s;
    struct {
        uint32_t priority;
        int64_t full, keys;
        enum vg_decode_step has, want;
    } flux[5];
} rows[] = {
    {"all fits", 100, {{5, 300, 10, N, F}, {5, 300, 10, N, F}, {5, 100, 10, N, F}}},
    {"full while it lasts", 100, {{5, 400, 10, N, F}, {5, 400, 10, N, F}, {5, 400, 10, N, K}}},
    {"by priority", 100, {{9, 400, 10, N, K}, {5, 400, 10, N, F}, {0, 400, 10, N, F}}},
    {"what one has, one keeps", 100, {{5, 500, 10, K, K}, {5, 480, 10, F, F}, {5, 490, 10, F, F}}},
    {"more only with a margin", 100, {{5, 480, 10, F, F}, {5, 480, 10, K, K}}},
    {"and after a while", 10, {{5, 300, 10, F, F}, {5, 300, 10, K, K}}},
    {"then it is had", 20, {{5, 300, 10, F, F}, {5, 300, 10, K, F}}},
    {"higher priority at once", 1, {{7, 480, 10, F, K}, {2, 800, 10, K, F}}},
    {"a small one below a large one", 100, {{0, 2000, 20, K, K}, {5, 300, 10, K, F}}},
    {"keys before full", 100, {{0, 900, 300, N, K}, {5, 900, 300, N, K}, {9, 900, 300, N, K}}},
    {"none at the end", 100, {{0, 900, 400, N, K}, {5, 900, 400, N, K}, {9, 900, 400, N, N}}},
    {"too much now", 100, {{5, 700, 10, F, F}, {5, 700, 10, F, K}}},
    {"hardware counts as none", 100, {{5, 300, 10, VG_DECODE_VAAPI, F}}},
    {"odd measures", 100, {{5, -5, -7, K, F}, {5, 10, 300, K, F}}},
};

static void rows_hold(void **state)
{
    (void)state;
    const struct vg_decode_budget budget = vg_decode_budget_of(1);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct vg_decode_ask asks[5] = {{0}};
        enum vg_decode_step given[5];
        size_t count = 0;
        for (; count < 5 && rows[r].flux[count].full; count++)
            asks[count] = (struct vg_decode_ask){.priority = rows[r].flux[count].priority,
                                                 .full_us = rows[r].flux[count].full * 1000,
                                                 .keys_us = rows[r].flux[count].keys * 1000,
                                                 .has = rows[r].flux[count].has};
        vg_decode_budget_share(&budget, asks, count, at(rows[r].now_s), given);
        for (size_t i = 0; i < count; i++)
            if (given[i] != rows[r].flux[i].want)
                fail_msg("%s: flux %zu gets %s", rows[r].name, i, vg_decode_step_name(given[i]));
    }
}

static int64_t cost_of(const struct vg_decode_ask *ask, enum vg_decode_step step)
{
    return step == F ? ask->full_us : step == K ? ask->keys_us : 0;
}

static int64_t sum_of(const struct vg_decode_ask *asks, const enum vg_decode_step *given,
                      size_t count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += cost_of(&asks[i], given[i]);
    return sum;
}

static size_t random_site(struct vg_random *random, struct vg_decode_ask *asks)
{
    const size_t count = 1 + vg_random_below(random, FLUX_MAX);
    for (size_t i = 0; i < count; i++) {
        const int64_t full = 10000 + vg_random_below(random, 200000);
        asks[i] = (struct vg_decode_ask){
            .priority = vg_random_below(random, 10),
            .full_us = full,
            .keys_us = full / (2 + vg_random_below(random, 50)),
            .has = (enum vg_decode_step)(F + (int)vg_random_below(random, 3)),
            .changed = at(vg_random_below(random, 100)),
        };
    }
    return count;
}

/* Takes what was given; how many changed. */
static size_t obey(struct vg_decode_ask *asks, const enum vg_decode_step *given, size_t count,
                   struct vg_mono_time now)
{
    size_t changes = 0;
    for (size_t i = 0; i < count; i++) {
        if (asks[i].has == given[i])
            continue;
        asks[i].has = given[i];
        asks[i].changed = now;
        changes++;
    }
    return changes;
}

static void check(const struct vg_decode_budget *budget, const struct vg_decode_ask *asks,
                  const enum vg_decode_step *given, size_t count, struct vg_mono_time now)
{
    assert_true(sum_of(asks, given, count) <= budget->us_per_s);
    for (size_t a = 0; a < count; a++)
        for (size_t b = 0; b < count; b++) {
            const bool patient = now.us - asks[a].changed.us >= budget->patience_us;
            const bool cheaper =
                asks[a].full_us <= asks[b].full_us && asks[a].keys_us <= asks[b].keys_us &&
                asks[a].full_us - asks[a].keys_us <= asks[b].full_us - asks[b].keys_us;
            /* one of higher priority that costs no more never has less */
            if (patient && cheaper && asks[a].priority < asks[b].priority && asks[b].has != N &&
                asks[b].has <= given[b])
                assert_true(given[a] <= given[b]);
        }
}

static void properties_hold(void **state)
{
    (void)state;
    const char *words = getenv("VIGIE_SEED");
    const uint64_t seed = words ? strtoull(words, NULL, 10) : 20261122;
    struct vg_random random;
    vg_random_seed(&random, seed);
    print_message("VIGIE_SEED=%llu\n", (unsigned long long)seed);
    for (int round = 0; round < 400; round++) {
        const struct vg_decode_budget budget =
            vg_decode_budget_of(0.2 + 3 * vg_random_unit(&random));
        struct vg_decode_ask asks[FLUX_MAX], twin[FLUX_MAX];
        enum vg_decode_step given[FLUX_MAX], again[FLUX_MAX];
        const size_t count = random_site(&random, asks);
        size_t late = 0;
        /* by constant measures it settles, in few rounds, and stays */
        for (int64_t s = 100; s < 400; s += 10) {
            vg_decode_budget_share(&budget, asks, count, at(s), given);
            check(&budget, asks, given, count, at(s));
            const size_t changes = obey(asks, given, count, at(s));
            late += s >= 200 ? changes : 0;
        }
        assert_int_equal(late, 0);
        /* the order of the flux that differ in priority does not matter */
        for (size_t i = 0; i < count; i++) {
            asks[i].priority = (uint32_t)i;
            twin[count - 1 - i] = asks[i];
        }
        vg_decode_budget_share(&budget, asks, count, at(500), given);
        vg_decode_budget_share(&budget, twin, count, at(500), again);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(given[i], again[count - 1 - i]);
    }
}

/* Measures that waver by 4 % about their mean do not make flux come and go. */
static void wavering_measures_do_not_flap(void **state)
{
    (void)state;
    struct vg_random random;
    vg_random_seed(&random, 7);
    for (int round = 0; round < 100; round++) {
        const struct vg_decode_budget budget = vg_decode_budget_of(1);
        struct vg_decode_ask asks[FLUX_MAX];
        int64_t mean[FLUX_MAX];
        enum vg_decode_step given[FLUX_MAX];
        const size_t count = random_site(&random, asks);
        size_t changes = 0;
        for (size_t i = 0; i < count; i++)
            mean[i] = asks[i].full_us;
        for (int64_t s = 100; s < 3700; s += 5) {
            for (size_t i = 0; i < count; i++)
                asks[i].full_us =
                    (int64_t)((double)mean[i] * (0.96 + 0.08 * vg_random_unit(&random)));
            vg_decode_budget_share(&budget, asks, count, at(s), given);
            const size_t now = obey(asks, given, count, at(s));
            changes += s >= 400 ? now : 0;
        }
        if (changes > 20) /* of an hour, in 660 rounds */
            fail_msg("site %d: %zu changes among %zu flux", round, changes, count);
    }
}

static void guesses_are_near(void **state)
{
    (void)state;
    assert_in_range(vg_decode_budget_guess_us(704, 576, 25000), 42000, 60000);
    assert_in_range(vg_decode_budget_guess_us(1920, 1080, 25000), 133000, 280000);
    assert_int_equal(vg_decode_budget_guess_us(0, 0, 0),
                     vg_decode_budget_guess_us(704, 576, 25000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_hold),
        cmocka_unit_test(properties_hold),
        cmocka_unit_test(wavering_measures_do_not_flap),
        cmocka_unit_test(guesses_are_near),
    };
    return cmocka_run_group_tests_name("decode_budget", tests, NULL, NULL);
}
