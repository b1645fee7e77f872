/* The watchdog of analysis: who may be late and only named, and whose lateness ends the process.
 * labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scheduler/watch_thread.h"
#include "src/base/clock.h"

#define LIMIT_US (60 * VG_US_PER_S)

struct stand {
    int fd[2]; /* the supervisor's, the process' */
    struct vg_watch_thread *watch;
    struct vg_beat told, ends;
};

/* A sign of life that was given after now: what was given before is read first. */
static bool alive(const struct stand *s)
{
    char text[4096];
    struct pollfd at = {.fd = s->fd[0], .events = POLLIN};
    while (poll(&at, 1, 0) == 1)
        assert_true(read(s->fd[0], text, sizeof text) > 0);
    return poll(&at, 1, 2500) == 1;
}

static void who_is_only_told_ends_nothing(void **state)
{
    struct stand *s = *state;
    assert_true(alive(s));
    s->told.busy_since_us = vg_mono_now().us - 2 * LIMIT_US;
    assert_true(alive(s));
    assert_true(alive(s)); /* the second is of after that for sure */
    s->ends.busy_since_us = vg_mono_now().us - 2 * LIMIT_US;
    (void)alive(s);
    assert_false(alive(s));
    /* one that is not watched any more is not missed */
    vg_watch_thread_remove(s->watch, &s->ends);
    assert_true(alive(s));
}

static int set_up(void **state)
{
    struct stand *s = calloc(1, sizeof *s);
    *state = s;
    if (!s || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s->fd))
        return -1;
    s->told = (struct vg_beat){.name = "told", .limit_us = LIMIT_US};
    s->ends = (struct vg_beat){.name = "ends", .limit_us = LIMIT_US, .ends_us = LIMIT_US};
    const struct vg_watch_settings settings = {"/nowhere", s->fd[1]};
    return vg_watch_thread_open(&s->watch, &settings) || vg_watch_thread_add(s->watch, &s->told) ||
           vg_watch_thread_add(s->watch, &s->ends);
}

static int take_down(void **state)
{
    struct stand *s = *state;
    vg_watch_thread_close(&s->watch);
    (void)close(s->fd[0]);
    (void)close(s->fd[1]);
    free(s);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_is_only_told_ends_nothing, set_up, take_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
