/* Turns to connect, over a simulated clock, and asked for by many threads at once.
 * labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>

#include "src/base/alloc.h"
#include "src/media/stagger.h"

#define MS INT64_C(1000)

static struct vg_mono_time at(int64_t ms)
{
    return (struct vg_mono_time){ms * MS};
}

static int64_t turn(struct vg_stagger *stagger, const char *host, int64_t step_ms,
                    struct vg_mono_time now)
{
    const struct vg_stagger_pace alone = {.step_us = step_ms * MS};
    return vg_stagger_turn_us(stagger, host, &alone, now);
}

static void turns_are_apart(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        int64_t step_ms, now_ms, want_ms;
    } rows[] = {
        {"vms", 50, 1000, 0},   {"vms", 50, 1000, 50}, {"vms", 50, 1000, 100},
        {"VMS", 50, 1020, 130},                        /* names have no case */
        {"other", 50, 1020, 0},                        /* each host by itself */
        {"vms", 0, 1020, 180},  {"vms", 0, 1020, 180}, /* no step: no further wait for others */
        {"vms", 50, 5000, 0},                          /* what is long past is not made up for */
        {"vms", 50, 5010, 40},  {"", 50, 5010, 0},     {"", 50, 5010, 50},
    };
    struct vg_stagger *stagger = NULL;
    assert_int_equal(vg_stagger_open(&stagger), VG_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const int64_t got = turn(stagger, rows[i].host, rows[i].step_ms, at(rows[i].now_ms));
        if (got != rows[i].want_ms * MS)
            fail_msg("row %zu: %lld us", i, (long long)got);
    }
    vg_stagger_close(&stagger);
    assert_null(stagger);
    vg_stagger_close(&stagger);
}

/* More hosts than there is room for: those whose turn is past make room; nobody waits long for it. */
static void hosts_beyond_the_room(void **state)
{
    (void)state;
    struct vg_stagger *stagger = NULL;
    assert_int_equal(vg_stagger_open(&stagger), VG_OK);
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 4 * VG_STAGGER_HOSTS_MAX; i++) {
            char host[32];
            (void)snprintf(host, sizeof host, "host-%d", i);
            assert_int_equal(turn(stagger, host, 50, at(1000 * (round + 1) + i)), 0);
        }
    /* the last ones are still known */
    char host[32];
    (void)snprintf(host, sizeof host, "host-%d", 4 * VG_STAGGER_HOSTS_MAX - 1);
    assert_true(turn(stagger, host, 50, at(3000 + 4 * VG_STAGGER_HOSTS_MAX)) > 0);
    vg_stagger_close(&stagger);
}

enum {
    THREADS = 4,
    TURNS = 500
};

struct asker {
    struct vg_stagger *stagger;
    int64_t wait_us[TURNS];
};

static void *ask(void *arg)
{
    struct asker *asker = arg;
    for (int i = 0; i < TURNS; i++)
        asker->wait_us[i] = turn(asker->stagger, "vms", 1, at(0));
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Nobody shares a turn. */
static void every_turn_is_given_once(void **state)
{
    (void)state;
    static struct asker asker[THREADS];
    static int64_t all[THREADS * TURNS];
    struct vg_stagger *stagger = NULL;
    pthread_t thread[THREADS];
    size_t count = 0;
    assert_int_equal(vg_stagger_open(&stagger), VG_OK);
    for (int i = 0; i < THREADS; i++) {
        asker[i].stagger = stagger;
        assert_int_equal(pthread_create(&thread[i], NULL, ask, &asker[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(thread[i], NULL);
        for (int t = 0; t < TURNS; t++)
            all[count++] = asker[i].wait_us[t];
    }
    qsort(all, count, sizeof *all, by_size);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(all[i], (int64_t)i * MS);
    vg_stagger_close(&stagger);
}

/* Processes know nothing of each other: of all their connections to one host no two are nearer than a
 * step, from any moment on, and as many are made as one process would make. */
static void processes_do_not_meet(void **state)
{
    static const struct {
        uint32_t processes;
        int64_t step_ms, from_ms, most_ms; /* the last one waits no longer */
    } rows[] = {{2, 50, 1000, 20 * 50 + 100},
                {3, 50, 1013, 30 * 50 + 150},
                {8, 50, 7, 80 * 50 + 400},
                {8, 10000, 123456, 80 * 10000 + 80000},
                {1, 50, 1013, 9 * 50}};
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        int64_t all[8 * 10];
        size_t count = 0;
        for (uint32_t p = 0; p < rows[r].processes; p++) {
            struct vg_stagger *stagger = NULL;
            const struct vg_stagger_pace pace = {rows[r].step_ms * MS, p, rows[r].processes};
            assert_int_equal(vg_stagger_open(&stagger), VG_OK);
            for (int i = 0; i < 10; i++) /* each a little later than the one before */
                all[count++] =
                    i * MS + vg_stagger_turn_us(stagger, "vms", &pace, at(rows[r].from_ms + i));
            vg_stagger_close(&stagger);
        }
        qsort(all, count, sizeof *all, by_size);
        for (size_t i = 1; i < count; i++)
            if (all[i] - all[i - 1] < rows[r].step_ms * MS)
                fail_msg("row %zu: %lld us apart", r, (long long)(all[i] - all[i - 1]));
        assert_true(all[0] <= rows[r].step_ms * MS);
        assert_true(all[count - 1] <= rows[r].most_ms * MS);
    }
}

static void memory_may_fail(void **state)
{
    (void)state;
    struct vg_stagger *stagger = NULL;
    vg_alloc_fail_at(1);
    assert_int_equal(vg_stagger_open(&stagger), VG_E_MEMORY);
    vg_alloc_fail_at(0);
    assert_null(stagger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_are_apart),          cmocka_unit_test(hosts_beyond_the_room),
        cmocka_unit_test(every_turn_is_given_once), cmocka_unit_test(processes_do_not_meet),
        cmocka_unit_test(memory_may_fail),
    };
    return cmocka_run_group_tests_name("stagger", tests, NULL, NULL);
}
