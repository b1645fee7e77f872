#include "api/lane.h"

#include <assert.h>
#include <event2/event.h>
#include <pthread.h>
#include <sys/prctl.h>

#include "src/base/alloc.h"
#include "src/base/ring.h"

struct vg_lane {
    /* fixed after open */
    struct vg_ring *tasks, *answers; /* of struct vg_exchange * */
    size_t depth;
    vg_lane_done *done;
    void *user;
    /* the loop's */
    struct event *ready;
    size_t under_way;
    int running; /* the thread was started */
    pthread_t thread;
    /* the lane's */
    struct vg_desk desk;
    struct vg_beat beat;
};

static void *work(void *argument)
{
    struct vg_lane *lane = argument;
    (void)prctl(PR_SET_NAME, lane->beat.name);
    for (;;) {
        struct vg_exchange *exchange;
        while (vg_ring_pop(lane->tasks, &exchange))
            if (vg_ring_wait(lane->tasks, -1))
                continue; /* a signal: look again */
        if (!exchange)    /* close: the last task */
            break;
        vg_beat_begin(&lane->beat, vg_mono_now());
        if (exchange->route)
            vg_route_call(&lane->desk, exchange->route, &exchange->request, &exchange->reply);
        else
            exchange->handle(&lane->desk, &exchange->request, &exchange->reply);
        vg_beat_end(&lane->beat);
        /* never full: answers hold as many as tasks, and at most depth are under way */
        const enum vg_status pushed = vg_ring_push(lane->answers, &exchange);
        assert(pushed == VG_OK);
        (void)pushed;
    }
    vg_desk_release(&lane->desk); /* SQLite: closed by the thread that opened */
    return NULL;
}

static void on_ready(evutil_socket_t fd, short what, void *argument)
{
    (void)fd, (void)what;
    struct vg_lane *lane = argument;
    struct vg_exchange *exchange;
    vg_ring_drain(lane->answers);
    while (vg_ring_pop(lane->answers, &exchange) == VG_OK) {
        lane->under_way--;
        lane->done(lane->user, exchange);
    }
}

enum vg_status vg_lane_open(struct vg_lane **lane, struct event_base *base,
                            const struct vg_lane_settings *settings, vg_lane_done *done, void *user,
                            struct vg_fault *fault)
{
    struct vg_lane *l = vg_alloc(sizeof *l);
    *lane = NULL;
    if (!l)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", settings->name);
    l->depth = settings->depth;
    l->done = done;
    l->user = user;
    l->beat.name = settings->name;
    l->beat.limit_us = settings->limit_us;
    l->beat.ends_us = settings->ends_us;
    vg_desk_init(&l->desk, settings->data, settings->redis_socket);
    enum vg_status status = vg_ring_open(&l->tasks, l->depth, sizeof(struct vg_exchange *));
    if (!status)
        status = vg_ring_open(&l->answers, l->depth, sizeof(struct vg_exchange *));
    if (status)
        goto done;
    status = VG_E_LACK;
    l->ready = event_new(base, vg_ring_fd(l->answers), EV_READ | EV_PERSIST, on_ready, l);
    if (!l->ready || event_add(l->ready, NULL) || pthread_create(&l->thread, NULL, work, l))
        goto done;
    l->running = 1;
    status = VG_OK;
done:
    if (status) {
        vg_lane_close(&l);
        return vg_fault_set(fault, status, N_("a thread could not be started"),
                            N_("free memory or raise the limits of the service"), "%s",
                            settings->name);
    }
    *lane = l;
    return VG_OK;
}

enum vg_status vg_lane_submit(struct vg_lane *lane, struct vg_exchange *exchange)
{
    if (lane->under_way == lane->depth)
        return VG_E_FULL;
    const enum vg_status status = vg_ring_push(lane->tasks, &exchange);
    if (!status)
        lane->under_way++;
    return status;
}

struct vg_beat *vg_lane_beat(struct vg_lane *lane)
{
    return &lane->beat;
}

void vg_lane_close(struct vg_lane **lane)
{
    struct vg_lane *l = *lane;
    if (!l)
        return;
    if (l->running) {
        while (l->under_way > 0)
            if (vg_ring_wait(l->answers, 1000) == VG_OK)
                on_ready(-1, 0, l);
        struct vg_exchange *const none = NULL;
        if (vg_ring_push(l->tasks, &none) == VG_OK) /* it is empty now */
            (void)pthread_join(l->thread, NULL);
    }
    if (l->ready)
        event_free(l->ready);
    vg_ring_close(&l->answers);
    vg_ring_close(&l->tasks);
    vg_free(l);
    *lane = NULL;
}
