/* A lane works off its exchanges in order and beside the loop and refuses at its depth; one that does
 * not come back with an exchange is seen by who looks at the threads. labels: threads */
#include <event2/event.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "api/exchange.h"
#include "api/lane.h"
#include "src/base/beat.h"

enum {
    DEPTH = 4,
    PATIENCE_S = 20
};
#define LIMIT_US (60 * VG_US_PER_S)

struct site {
    struct event_base *base;
    struct vg_lane *lane;
    struct vg_beats beats;
    size_t done;
    struct vg_exchange *order[DEPTH];
};

static sem_t entered, may_go; /* of `wait_there` */

static void wait_there(struct vg_desk *desk, const struct vg_request *request,
                       struct vg_reply *reply)
{
    (void)desk, (void)request;
    (void)sem_post(&entered);
    while (sem_wait(&may_go) != 0) {
    }
    reply->code = 200;
}

static void on_done(void *user, struct vg_exchange *exchange)
{
    struct site *s = user;
    s->order[s->done++] = exchange;
}

static void set_up(struct site *s)
{
    struct vg_fault fault = {0};
    const struct vg_lane_settings settings = {.name = "vg-test",
                                              .data = "/nowhere",
                                              .redis_socket = "/nowhere",
                                              .depth = DEPTH,
                                              .limit_us = LIMIT_US,
                                              .ends_us = 2 * LIMIT_US};
    *s = (struct site){.base = event_base_new()};
    assert_int_equal(sem_init(&entered, 0, 0), 0);
    assert_int_equal(sem_init(&may_go, 0, 0), 0);
    vg_beats_init(&s->beats);
    assert_int_equal(vg_lane_open(&s->lane, s->base, &settings, on_done, s, &fault), VG_OK);
    assert_int_equal(vg_beats_add(&s->beats, vg_lane_beat(s->lane)), VG_OK);
}

static void take_down(struct site *s)
{
    vg_lane_close(&s->lane);
    vg_beats_clear(&s->beats);
    event_base_free(s->base);
    (void)sem_destroy(&entered);
    (void)sem_destroy(&may_go);
}

static void wait_until_entered(void)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    assert_int_equal(sem_timedwait(&entered, &until), 0);
}

/* Turns the loop until so many are done. */
static void wait_until_done(struct site *s, size_t count)
{
    const struct timeval soon = {0, 20000};
    const struct vg_mono_time begin = vg_mono_now();
    while (s->done < count) {
        assert_true(vg_mono_now().us - begin.us < PATIENCE_S * VG_US_PER_S);
        (void)event_base_loopexit(s->base, &soon);
        (void)event_base_loop(s->base, EVLOOP_ONCE);
    }
}

static void an_exchange_that_does_not_come_back_is_seen(void **state)
{
    (void)state;
    struct site s;
    struct vg_exchange stuck = {.handle = wait_there};
    set_up(&s);
    assert_int_equal(vg_beats_look(&s.beats, vg_mono_now()), VG_BEATS_WELL);
    assert_int_equal(vg_lane_submit(s.lane, &stuck), VG_OK);
    wait_until_entered();
    const struct vg_mono_time now = vg_mono_now();
    assert_int_equal(vg_beats_look(&s.beats, now), VG_BEATS_WELL);
    assert_int_equal(vg_beats_look(&s.beats, (struct vg_mono_time){now.us + LIMIT_US + 1}),
                     VG_BEATS_LATE);
    assert_int_equal(vg_beats_look(&s.beats, (struct vg_mono_time){now.us + 2 * LIMIT_US + 1}),
                     VG_BEATS_END);
    (void)sem_post(&may_go);
    wait_until_done(&s, 1);
    /* idle: no time is too long */
    assert_int_equal(vg_beats_look(&s.beats, (struct vg_mono_time){now.us + 1000 * LIMIT_US}),
                     VG_BEATS_WELL);
    assert_int_equal(stuck.reply.code, 200);
    take_down(&s);
}

static void what_is_taken_is_done_in_order_and_the_rest_refused(void **state)
{
    (void)state;
    struct site s;
    struct vg_exchange exchange[DEPTH + 1];
    memset(exchange, 0, sizeof exchange);
    set_up(&s);
    for (size_t i = 0; i <= DEPTH; i++) {
        exchange[i].handle = wait_there;
        assert_int_equal(vg_lane_submit(s.lane, &exchange[i]), i < DEPTH ? VG_OK : VG_E_FULL);
    }
    for (size_t i = 0; i < DEPTH; i++)
        (void)sem_post(&may_go);
    wait_until_done(&s, DEPTH);
    for (size_t i = 0; i < DEPTH; i++)
        assert_ptr_equal(s.order[i], &exchange[i]);
    assert_int_equal(exchange[DEPTH].reply.code, 0);
    /* there is room again, and close waits for what is under way */
    assert_int_equal(vg_lane_submit(s.lane, &exchange[DEPTH]), VG_OK);
    (void)sem_post(&may_go);
    s.done = 0;
    vg_lane_close(&s.lane);
    assert_int_equal(s.done, 1);
    assert_int_equal(exchange[DEPTH].reply.code, 200);
    take_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_exchange_that_does_not_come_back_is_seen),
        cmocka_unit_test(what_is_taken_is_done_in_order_and_the_rest_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
