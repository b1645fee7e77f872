/* Threads that wait and threads that run, told apart.
 * labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "src/base/clock.h"
#include "src/base/thread_look.h"

struct subject {
    pthread_mutex_t lock; /* held by the test: who wants it waits */
    _Atomic int32_t number;
    _Atomic bool over;
};

static void *wait_for_ever(void *arg)
{
    struct subject *s = arg;
    atomic_store(&s->number, vg_thread_number());
    (void)pthread_mutex_lock(&s->lock);
    (void)pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void *turn(void *arg)
{
    struct subject *s = arg;
    atomic_store(&s->number, vg_thread_number());
    while (!atomic_load(&s->over))
        ;
    return NULL;
}

static int32_t number_of(struct subject *s)
{
    while (atomic_load(&s->number) == 0)
        vg_pause_us(1000);
    return atomic_load(&s->number);
}

/* Within a deadline: a thread needs a moment to come to rest, or to turn. */
static bool becomes(int32_t number, bool can_run)
{
    const int64_t until_us = vg_mono_now().us + 20 * VG_US_PER_S;
    while (vg_thread_can_run(number) != can_run && vg_mono_now().us < until_us)
        vg_pause_us(1000);
    return vg_thread_can_run(number) == can_run;
}

static void they_are_told_apart(void **state)
{
    (void)state;
    struct subject waits = {.lock = PTHREAD_MUTEX_INITIALIZER},
                   turns = {.lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t a, b;
    (void)pthread_mutex_lock(&waits.lock);
    assert_int_equal(pthread_create(&a, NULL, wait_for_ever, &waits), 0);
    assert_int_equal(pthread_create(&b, NULL, turn, &turns), 0);
    const int32_t waiting = number_of(&waits), turning = number_of(&turns);
    assert_int_not_equal(waiting, turning);
    assert_true(becomes(waiting, false));
    assert_true(becomes(turning, true));
    assert_true(vg_thread_can_run(vg_thread_number()));
    atomic_store(&turns.over, true);
    (void)pthread_mutex_unlock(&waits.lock);
    (void)pthread_join(a, NULL);
    (void)pthread_join(b, NULL);
    assert_true(becomes(turning, false)); /* it is no more */
    assert_false(vg_thread_can_run(0));
    assert_false(vg_thread_can_run(-5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(they_are_told_apart)};
    return cmocka_run_group_tests_name("thread_look", tests, NULL, NULL);
}
