/* labels: threads */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "src/base/ring.h"

enum {
    COUNT = 200000
};

static void *write_numbers(void *user)
{
    struct vg_ring *ring = user;
    for (uint32_t i = 1; i <= COUNT;)
        if (vg_ring_push(ring, &i) == VG_OK)
            i++;
    return NULL;
}

static void numbers_arrive_once_and_in_order(void **state)
{
    (void)state;
    struct vg_ring *ring;
    pthread_t writer;
    assert_int_equal(vg_ring_open(&ring, 64, sizeof(uint32_t)), VG_OK);
    assert_int_equal(pthread_create(&writer, NULL, write_numbers, ring), 0);
    for (uint32_t next = 1; next <= COUNT;) {
        uint32_t got;
        if (vg_ring_pop(ring, &got) == VG_OK)
            assert_int_equal(got, next++);
        else
            assert_int_equal(vg_ring_wait(ring, 10000), VG_OK);
    }
    (void)pthread_join(writer, NULL);
    vg_ring_close(&ring);
    assert_null(ring);
}

static void a_quiet_push_is_told_of_with_the_next(void **state)
{
    (void)state;
    struct vg_ring *ring;
    uint32_t v = 1, got = 0;
    struct pollfd woken;
    assert_int_equal(vg_ring_open(&ring, 2, 4), VG_OK);
    woken = (struct pollfd){vg_ring_fd(ring), POLLIN, 0};
    assert_int_equal(vg_ring_peek(ring, &got), VG_E_END);
    assert_int_equal(vg_ring_push_quietly(ring, &v), VG_OK);
    assert_int_equal(poll(&woken, 1, 0), 0);
    assert_int_equal(vg_ring_peek(ring, &got), VG_OK); /* it is there all the same */
    assert_int_equal(got, 1);
    v = 2;
    assert_int_equal(vg_ring_push(ring, &v), VG_OK);
    assert_int_equal(poll(&woken, 1, 0), 1);
    assert_int_equal(vg_ring_push_quietly(ring, &v), VG_E_FULL);
    for (uint32_t want = 1; want <= 2; want++) {
        assert_int_equal(vg_ring_pop(ring, &got), VG_OK);
        assert_int_equal(got, want);
    }
    assert_int_equal(vg_ring_pop(ring, &got), VG_E_END);
    vg_ring_close(&ring);
}

static void a_push_that_finds_no_place_wakes_too(void **state)
{
    (void)state;
    struct vg_ring *ring;
    const uint32_t v = 1;
    assert_int_equal(vg_ring_open(&ring, 1, 4), VG_OK);
    assert_int_equal(vg_ring_push_quietly(ring, &v), VG_OK);
    struct pollfd woken = {vg_ring_fd(ring), POLLIN, 0};
    assert_int_equal(poll(&woken, 1, 0), 0);
    assert_int_equal(vg_ring_push(ring, &v), VG_E_FULL);
    assert_int_equal(poll(&woken, 1, 0), 1);
    vg_ring_close(&ring);
}

static void a_full_ring_refuses_and_an_empty_one_ends(void **state)
{
    (void)state;
    struct vg_ring *ring;
    uint32_t v = 7;
    assert_int_equal(vg_ring_open(&ring, 3, 4), VG_E_CALL);
    assert_int_equal(vg_ring_open(&ring, 2, 4), VG_OK);
    assert_int_equal(vg_ring_pop(ring, &v), VG_E_END);
    assert_int_equal(vg_ring_wait(ring, 0), VG_E_TIMEOUT);
    assert_int_equal(vg_ring_push(ring, &v), VG_OK);
    assert_int_equal(vg_ring_push(ring, &v), VG_OK);
    assert_int_equal(vg_ring_push(ring, &v), VG_E_FULL);
    assert_int_equal(vg_ring_wait(ring, 0), VG_OK);
    assert_int_equal(vg_ring_pop(ring, &v), VG_OK);
    assert_int_equal(vg_ring_push(ring, &v), VG_OK);
    vg_ring_close(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_arrive_once_and_in_order),
        cmocka_unit_test(a_quiet_push_is_told_of_with_the_next),
        cmocka_unit_test(a_push_that_finds_no_place_wakes_too),
        cmocka_unit_test(a_full_ring_refuses_and_an_empty_one_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
