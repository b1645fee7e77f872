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
        const int64_t got =
            vg_stagger_turn_us(stagger, rows[i].host, rows[i].step_ms * MS, at(rows[i].now_ms));
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
            assert_int_equal(vg_stagger_turn_us(stagger, host, 50 * MS, at(1000 * (round + 1) + i)),
                             0);
        }
    /* the last ones are still known */
    char host[32];
    (void)snprintf(host, sizeof host, "host-%d", 4 * VG_STAGGER_HOSTS_MAX - 1);
    assert_true(vg_stagger_turn_us(stagger, host, 50 * MS, at(3000 + 4 * VG_STAGGER_HOSTS_MAX)) >
                0);
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
        asker->wait_us[i] = vg_stagger_turn_us(asker->stagger, "vms", MS, at(0));
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
        cmocka_unit_test(turns_are_apart),
        cmocka_unit_test(hosts_beyond_the_room),
        cmocka_unit_test(every_turn_is_given_once),
        cmocka_unit_test(memory_may_fail),
    };
    return cmocka_run_group_tests_name("stagger", tests, NULL, NULL);
}
