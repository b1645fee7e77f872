#include "src/energy/bounded_call.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "src/base/alloc.h"
#include "src/base/clock.h"

struct call {
    void (*work)(void *state);
    void (*release)(void *state);
    void *state;
    pthread_mutex_t lock; /* of the two below */
    pthread_cond_t done;
    bool ended, left; /* by the thread; by the caller */
};

static void call_free(struct call *c)
{
    (void)pthread_cond_destroy(&c->done);
    (void)pthread_mutex_destroy(&c->lock);
    vg_free(c);
}

static void *call_main(void *user)
{
    struct call *c = user;
    c->work(c->state);
    (void)pthread_mutex_lock(&c->lock);
    c->ended = true;
    const bool left = c->left;
    (void)pthread_cond_signal(&c->done);
    (void)pthread_mutex_unlock(&c->lock);
    if (left) {
        c->release(c->state);
        call_free(c);
    }
    return NULL;
}

static bool wait_for(struct call *c, int64_t wait_us)
{
    const int64_t until_us = vg_mono_now().us + wait_us;
    const struct timespec until = {.tv_sec = until_us / VG_US_PER_S,
                                   .tv_nsec = until_us % VG_US_PER_S * 1000};
    (void)pthread_mutex_lock(&c->lock);
    while (!c->ended && pthread_cond_timedwait(&c->done, &c->lock, &until) == 0) {
    }
    c->left = !c->ended;
    const bool ended = c->ended;
    (void)pthread_mutex_unlock(&c->lock);
    return ended;
}

static bool start(struct call *c, pthread_t *thread)
{
    sigset_t all, before;
    (void)sigfillset(&all); /* signals are for the threads that expect them */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const bool made = pthread_create(thread, NULL, call_main, c) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return made;
}

enum vg_status vg_bounded_call(void (*work)(void *state), void (*release)(void *state), void *state,
                               int64_t wait_us)
{
    pthread_condattr_t clock;
    pthread_t thread;
    struct call *c = vg_alloc(sizeof *c);
    if (!c)
        return VG_E_MEMORY;
    *c = (struct call){.work = work, .release = release, .state = state};
    (void)pthread_condattr_init(&clock);
    (void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_cond_init(&c->done, &clock);
    (void)pthread_condattr_destroy(&clock);
    if (!start(c, &thread)) {
        call_free(c);
        return VG_E_LACK;
    }
    if (!wait_for(c, wait_us)) {
        (void)pthread_detach(thread);
        return VG_E_TIMEOUT;
    }
    (void)pthread_join(thread, NULL);
    call_free(c);
    return VG_OK;
}
