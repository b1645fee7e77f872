/* The supervisor's loop. What it holds is one struct; children, Redis and configuration are
 * modules of their own. Started in ranks, stopped in the reverse order:
 *
 *   0 redis   1 ingest-0, ingest-1, ...   2 analysis   3 api */
#include "src/supervise/serve.h"

#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "src/base/log.h"
#include "src/base/media_wire.h"
#include "src/base/message.h"
#include "src/base/text.h"
#include "src/supervise/children.h"
#include "src/supervise/handout.h"
#include "src/supervise/health.h"
#include "src/supervise/listen_address.h"
#include "src/supervise/lock.h"
#include "src/supervise/places.h"
#include "src/supervise/redis_child.h"

enum {
    POLL_US = 500000,
    HEALTH_US = 5000000,
    NEWS_US = 50000, /* changes that come together are told together */
    SAY_EVERY_US = 60000000
};
enum rank {
    RANK_REDIS,
    RANK_INGEST,
    RANK_ANALYSIS,
    RANK_API
};
enum timer {
    TIMER_POLL,
    TIMER_HEALTH,
    TIMER_NEWS,
    TIMER_COUNT
};
enum part {
    PART_CONFIGURATION,
    PART_REDIS,
    PART_COUNT
};
enum {
    SIGNAL_COUNT = 3
};

#define NO_CHILD SIZE_MAX

/* one ingest process and what it shares with analysis */
struct ingest {
    size_t child;
    int slots, ready; /* memfd, eventfd */
};

struct serve {
    struct vg_children_listener children_listener;
    struct vg_redis_watch_listener redis_listener;
    const struct vg_serve_settings *settings;
    struct event_base *base;
    struct event *timers[TIMER_COUNT], *signals[SIGNAL_COUNT];
    struct vg_children *children;
    size_t redis, analysis, api; /* children; NO_CHILD */
    uint32_t ingest_count;
    /* between each ingest process, also those that do not run yet, and the api; inherited by each
     * incarnation of both (src/base/media_wire.h) */
    struct wire {
        int api, ingest;
    } wire[VG_PLACES_INGEST_MAX];
    uint32_t wire_count;
    struct ingest ingest[VG_PLACES_INGEST_MAX];
    int lock;
    struct vg_database *database;
    struct vg_secret *secret;
    struct vg_places places;
    struct vg_handout *handout;
    struct vg_log_repeat said;
    struct vg_fault configuration; /* what is wrong with it; status VG_OK: nothing */
    struct vg_health_part parts[PART_COUNT];
    size_t part_count;
    struct vg_redis_place redis_place;
    struct vg_redis_watch *watch;
    char listen[VG_LISTEN_SIZE], redis_url[VG_REDIS_PATH_MAX + 8];
    char data_variable[1024];
    bool stopping, told_up;
};

static struct serve *of_children(struct vg_children_listener *listener)
{
    void *start = (char *)listener - offsetof(struct serve, children_listener);
    return start;
}

static struct serve *of_redis(struct vg_redis_watch_listener *listener)
{
    void *start = (char *)listener - offsetof(struct serve, redis_listener);
    return start;
}

static void set_timer(struct serve *serve, enum timer timer, int64_t us)
{
    struct timeval interval = {.tv_sec = us / VG_US_PER_S, .tv_usec = us % VG_US_PER_S};
    (void)event_add(serve->timers[timer], &interval);
}

/* ---- handing out ---- */

/* Sends and frees; a child that does not run gets it when it starts. */
static enum vg_status hand(struct serve *serve, size_t child, json_t *message)
{
    enum vg_status status = VG_E_MEMORY;
    if (message != NULL)
        status = vg_children_send(serve->children, child, message);
    json_decref(message);
    return status == VG_E_STATE ? VG_OK : status;
}

static void tell_health(struct serve *serve)
{
    if (serve->api == NO_CHILD)
        return;
    struct vg_health_view view = {
        .children = serve->children, .parts = serve->parts, .part_count = serve->part_count};
    if (serve->handout != NULL) {
        view.version = vg_handout_version(serve->handout);
        view.flux_count = vg_handout_flux_count(serve->handout);
    }
    if (hand(serve, serve->api, vg_health_message(&view, vg_wall_now())) != VG_OK)
        vg_log(VG_LOG_ERROR, "health could not be sent to the api");
}

static void set_part(struct serve *serve, enum part number, bool up, const struct vg_fault *fault)
{
    struct vg_health_part *part = &serve->parts[number];
    const char *reason = fault == NULL ? NULL : fault->what;
    if (part->up == up && part->reason == reason)
        return;
    part->up = up;
    part->reason = reason;
    part->remedy = fault == NULL ? NULL : fault->remedy;
    part->place = fault == NULL ? NULL : fault->place;
    part->since = vg_wall_now();
    set_timer(serve, TIMER_NEWS, NEWS_US);
}

/* The configuration's fault is kept, since its place is shown later. */
static void configuration_is(struct serve *serve, const struct vg_fault *fault)
{
    if (fault->status == VG_OK) {
        set_part(serve, PART_CONFIGURATION, true, NULL);
        return;
    }
    uint64_t count = vg_log_repeat_due(&serve->said, vg_mono_now(), SAY_EVERY_US);
    if (count > 0)
        vg_log(VG_LOG_ERROR, "configuration: %s: %s (%llu since the last line)", fault->what,
               fault->place, (unsigned long long)count);
    serve->configuration = *fault;
    set_part(serve, PART_CONFIGURATION, false, &serve->configuration);
}

static void hand_configuration(struct serve *serve, size_t child)
{
    enum vg_status status = VG_OK;
    if (serve->handout == NULL)
        return;
    for (uint32_t i = 0; i < serve->ingest_count; i++)
        if (serve->ingest[i].child == child)
            status = hand(serve, child, vg_handout_for_ingest(serve->handout, i));
    if (child == serve->analysis)
        status = hand(serve, child, vg_handout_for_analysis(serve->handout));
    if (status == VG_OK)
        return;
    struct vg_fault fault;
    (void)vg_fault_set(&fault, status, N_("the configuration could not be handed out"),
                       N_("make the scenes smaller: together they may have 4 MiB"), "%s",
                       vg_status_name(status));
    configuration_is(serve, &fault);
}

/* ---- children ---- */

static enum vg_status add_ingest(struct serve *serve, struct vg_fault *fault)
{
    struct ingest *ingest = &serve->ingest[serve->ingest_count];
    char name[32], number[16];
    (void)snprintf(number, sizeof number, "%u", (unsigned)serve->ingest_count);
    (void)snprintf(name, sizeof name, "ingest-%s", number);
    enum vg_status status =
        serve->settings->make_slots(VG_PLACES_PER_INGEST, &ingest->slots, fault);
    if (status != VG_OK)
        return status;
    ingest->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    const char *const argv[] = {serve->settings->program, "child", "ingest", number, NULL};
    const char *const environment[] = {serve->data_variable, NULL};
    const int fds[] = {ingest->slots, ingest->ready, serve->wire[serve->ingest_count].ingest};
    const struct vg_child_spec spec = {.name = name,
                                       .kind = VG_CHILD_TALKS,
                                       .rank = RANK_INGEST,
                                       .argv = argv,
                                       .environment = environment,
                                       .fds = fds,
                                       .fd_count = 3,
                                       .stop_us = 9 * VG_US_PER_S};
    status =
        ingest->ready < 0 ? VG_E_LACK : vg_children_add(serve->children, &spec, &ingest->child);
    if (status == VG_OK) {
        serve->ingest_count++;
        return VG_OK;
    }
    (void)close(ingest->slots);
    if (ingest->ready >= 0)
        (void)close(ingest->ready);
    return vg_fault_set(fault, status, N_("an ingest process cannot be added"), NULL, "%s", name);
}

/* Adds analysis, or restarts it with the memories that there are now. */
static enum vg_status plan_analysis(struct serve *serve, struct vg_fault *fault)
{
    int fds[2 * VG_PLACES_INGEST_MAX];
    char count[16];
    for (uint32_t i = 0; i < serve->ingest_count; i++) {
        fds[2 * i] = serve->ingest[i].slots;
        fds[2 * i + 1] = serve->ingest[i].ready;
    }
    (void)snprintf(count, sizeof count, "%u", (unsigned)serve->ingest_count);
    const char *const argv[] = {serve->settings->program, "child", "analysis", count,
                                serve->redis_url,         NULL};
    const char *const environment[] = {serve->data_variable, NULL};
    const struct vg_child_spec spec = {.name = "analysis",
                                       .kind = VG_CHILD_TALKS,
                                       .rank = RANK_ANALYSIS,
                                       .argv = argv,
                                       .environment = environment,
                                       .fds = fds,
                                       .fd_count = 2 * (size_t)serve->ingest_count,
                                       .stop_us = 8 * VG_US_PER_S};
    enum vg_status status = VG_OK;
    if (serve->analysis == NO_CHILD)
        status = vg_children_add(serve->children, &spec, &serve->analysis);
    else
        status = vg_children_replan(serve->children, serve->analysis, &spec);
    if (status == VG_OK)
        return VG_OK;
    return vg_fault_set(fault, status, N_("the analysis cannot be planned"), NULL, "%s", count);
}

static enum vg_status add_redis(struct serve *serve, struct vg_fault *fault)
{
    if (serve->settings->redis != NULL)
        return VG_OK;
    const char *const argv[] = {serve->redis_place.program, serve->redis_place.config, NULL};
    const struct vg_child_spec spec = {.name = "redis",
                                       .kind = VG_CHILD_MUTE,
                                       .rank = RANK_REDIS,
                                       .argv = argv,
                                       .output = serve->redis_place.log,
                                       .stop_us = 5 * VG_US_PER_S};
    enum vg_status status = vg_children_add(serve->children, &spec, &serve->redis);
    if (status == VG_OK)
        return VG_OK;
    return vg_fault_set(fault, status, N_("Redis cannot be planned"), NULL, "%s",
                        serve->redis_place.program);
}

/* How many ingest processes there may be. */
static uint32_t most_ingests(const struct serve *serve)
{
    return (serve->settings->flux_max - 1) / VG_PLACES_PER_INGEST + 1;
}

static enum vg_status make_wires(struct serve *serve, struct vg_fault *fault)
{
    while (serve->wire_count < most_ingests(serve)) {
        int fds[2];
        const enum vg_status status = vg_wire_pair(fds);
        if (status)
            return vg_fault_set(fault, status, N_("the api cannot be planned"), NULL, "%s",
                                serve->listen);
        serve->wire[serve->wire_count++] = (struct wire){.api = fds[0], .ingest = fds[1]};
    }
    return VG_OK;
}

static enum vg_status add_api(struct serve *serve, struct vg_fault *fault)
{
    int fds[VG_PLACES_INGEST_MAX];
    char count[16];
    for (uint32_t i = 0; i < serve->wire_count; i++)
        fds[i] = serve->wire[i].api;
    (void)snprintf(count, sizeof count, "%u", (unsigned)serve->wire_count);
    const char *const argv[] = {serve->settings->program, "child", "api", serve->listen,
                                serve->redis_url,         count,   NULL};
    const char *const environment[] = {serve->data_variable, NULL};
    const struct vg_child_spec spec = {.name = "api",
                                       .kind = VG_CHILD_TALKS,
                                       .rank = RANK_API,
                                       .argv = argv,
                                       .environment = environment,
                                       .fds = fds,
                                       .fd_count = serve->wire_count,
                                       .stop_us = 4 * VG_US_PER_S};
    enum vg_status status = vg_children_add(serve->children, &spec, &serve->api);
    if (status == VG_OK)
        return VG_OK;
    return vg_fault_set(fault, status, N_("the api cannot be planned"), NULL, "%s", serve->listen);
}

/* ---- configuration ---- */

/* More flux than places: more ingest processes, and analysis again with their memories. */
static enum vg_status make_room(struct serve *serve, struct vg_fault *fault)
{
    uint32_t before = serve->ingest_count, wanted = vg_places_ingests(&serve->places);
    const uint32_t most = most_ingests(serve);
    wanted = wanted < most ? wanted : most;
    while (serve->ingest_count < wanted) {
        enum vg_status status = add_ingest(serve, fault);
        if (status != VG_OK)
            return status;
    }
    if (serve->ingest_count == before)
        return VG_OK;
    if (before > 0)
        vg_log(VG_LOG_INFO,
               "%u ingest processes instead of %u: analysis is started again to share memory "
               "with them",
               (unsigned)serve->ingest_count, (unsigned)before);
    return plan_analysis(serve, fault);
}

static enum vg_status read_configuration(struct serve *serve, struct vg_fault *fault)
{
    struct vg_handout *handout = NULL;
    const struct vg_handout_source source = {.database = serve->database,
                                             .secret = serve->secret,
                                             .places = &serve->places,
                                             .redis = serve->redis_place.socket,
                                             .flux_max = serve->settings->flux_max};
    enum vg_status status = vg_handout_read(&handout, &source, fault);
    if (status != VG_OK)
        return status;
    vg_handout_close(&serve->handout);
    serve->handout = handout;
    return VG_OK;
}

static void take_configuration(struct serve *serve)
{
    struct vg_fault fault = {.status = VG_OK};
    enum vg_status status = read_configuration(serve, &fault);
    if (status == VG_OK) {
        vg_log(VG_LOG_INFO, "configuration %llu: %u flux",
               (unsigned long long)vg_handout_version(serve->handout),
               (unsigned)vg_handout_flux_count(serve->handout));
        configuration_is(serve, &fault); /* a flux of it may be unusable */
        status = make_room(serve, &fault);
        for (uint32_t i = 0; i < serve->ingest_count; i++)
            hand_configuration(serve, serve->ingest[i].child);
        hand_configuration(serve, serve->analysis);
        vg_children_news(serve->children);
        set_timer(serve, TIMER_NEWS, NEWS_US);
    }
    if (status != VG_OK)
        configuration_is(serve, &fault);
}

static void poll_configuration(struct serve *serve)
{
    struct vg_fault fault = {.status = VG_OK};
    uint64_t version = 0;
    enum vg_status status = vg_config_version(serve->database, &version, &fault);
    if (status != VG_OK)
        configuration_is(serve, &fault);
    else if (serve->handout == NULL || version != vg_handout_version(serve->handout))
        take_configuration(serve);
}

/* ---- what happens ---- */

static void on_started(struct vg_children_listener *listener, size_t child)
{
    struct serve *serve = of_children(listener);
    hand_configuration(serve, child);
    if (child == serve->api)
        tell_health(serve);
}

static void on_message(struct vg_children_listener *listener, size_t child, const char *type,
                       const json_t *message)
{
    struct serve *serve = of_children(listener);
    if (strcmp(type, "report") != 0 || child == serve->api || serve->api == NO_CHILD)
        return;
    struct vg_child_state state;
    vg_children_state(serve->children, child, &state);
    json_t *report = json_copy((json_t *)(uintptr_t)message);
    if (report != NULL)
        (void)json_object_set_new(report, "part", json_string(state.name));
    (void)hand(serve, serve->api, report);
}

static void on_changed(struct vg_children_listener *listener)
{
    struct serve *serve = of_children(listener);
    set_timer(serve, TIMER_NEWS, NEWS_US);
    if (serve->told_up || serve->api == NO_CHILD)
        return;
    struct vg_child_state state;
    vg_children_state(serve->children, serve->api, &state);
    if (state.state != VG_PART_UP)
        return;
    serve->told_up = true;
    vg_log(VG_LOG_INFO, "https://%s", serve->listen);
    if (serve->settings->up != NULL)
        serve->settings->up(serve->listen);
}

static void on_all_ended(struct vg_children_listener *listener)
{
    (void)event_base_loopbreak(of_children(listener)->base);
}

static void on_redis_answer(struct vg_redis_watch_listener *listener, enum vg_redis_answer answer)
{
    struct serve *serve = of_redis(listener);
    if (serve->redis != NO_CHILD) {
        if (answer != VG_REDIS_NOTHING)
            vg_children_sign(serve->children, serve->redis,
                             answer == VG_REDIS_PONG ? VG_CHILD_SIGN_UP : VG_CHILD_SIGN_LIFE);
        return;
    }
    static const struct vg_fault lost = {
        .status = VG_E_LACK,
        .what = N_("Redis does not answer on the socket given by --redis"),
        .remedy = N_("start that Redis; alerts wait in the spool until then"),
    };
    set_part(serve, PART_REDIS, answer == VG_REDIS_PONG, answer == VG_REDIS_PONG ? NULL : &lost);
}

static void on_poll(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct serve *serve = user;
    if (serve->stopping)
        return;
    poll_configuration(serve);
    set_timer(serve, TIMER_POLL, POLL_US);
}

static void on_health(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct serve *serve = user;
    tell_health(serve);
    set_timer(serve, TIMER_HEALTH, HEALTH_US);
}

static void on_news(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    tell_health(user);
}

static void on_signal(evutil_socket_t number, short what, void *user)
{
    (void)what;
    struct serve *serve = user;
    if (serve->stopping) {
        vg_log(VG_LOG_WARN, "signal %d again: children are killed", (int)number);
        (void)event_base_loopbreak(serve->base);
        return;
    }
    vg_log(VG_LOG_INFO, "signal %d: stopping", (int)number);
    serve->stopping = true;
    vg_children_stop(serve->children);
}

/* ---- start and end ---- */

static enum vg_status open_stores(struct serve *serve, struct vg_fault *fault)
{
    const char *data = serve->settings->data;
    enum vg_status status = vg_database_open(&serve->database, data, VG_DATABASE_CREATE, fault);
    if (status != VG_OK)
        return status;
    status = vg_secret_open(&serve->secret, data, fault);
    if (status != VG_E_MISSING)
        return status;
    status = vg_secret_make(data, fault);
    return status != VG_OK ? status : vg_secret_open(&serve->secret, data, fault);
}

/* Everything that can be refused before something is started. */
static enum vg_status prepare(struct serve *serve, struct vg_fault *fault)
{
    const struct vg_serve_settings *settings = serve->settings;
    struct vg_listen listen;
    enum vg_status status = vg_listen_parse(settings->listen, &listen, fault);
    if (status == VG_OK && settings->redis != NULL)
        status = vg_redis_url(settings->redis, serve->redis_place.socket, fault);
    if (status == VG_OK)
        status = vg_lock_take(settings->data, &serve->lock, fault);
    if (status == VG_OK)
        status = vg_listen_try(&listen, fault);
    if (status != VG_OK)
        return status;
    vg_listen_text(&listen, serve->listen);
    status = vg_lock_describe(serve->lock, serve->listen, fault);
    if (status == VG_OK && settings->redis == NULL)
        status = vg_redis_prepare(settings->data, &serve->redis_place, fault);
    (void)snprintf(serve->redis_url, sizeof serve->redis_url, "unix:%s", serve->redis_place.socket);
    if (status == VG_OK)
        status = open_stores(serve, fault);
    return status;
}

/* nohup has it ignored: then it stays so */
static bool hang_up_is_ignored(void)
{
    struct sigaction action;
    return sigaction(SIGHUP, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static enum vg_status open_events(struct serve *serve, struct vg_fault *fault)
{
    static const event_callback_fn on_timers[TIMER_COUNT] = {on_poll, on_health, on_news};
    static const int numbers[SIGNAL_COUNT] = {SIGTERM, SIGINT, SIGHUP}; /* SIGHUP is the last */
    const int signal_count = hang_up_is_ignored() ? SIGNAL_COUNT - 1 : SIGNAL_COUNT;
    bool good = (serve->base = event_base_new()) != NULL;
    for (int i = 0; good && i < TIMER_COUNT; i++)
        good = (serve->timers[i] = evtimer_new(serve->base, on_timers[i], serve)) != NULL;
    for (int i = 0; good && i < signal_count; i++) {
        serve->signals[i] = evsignal_new(serve->base, numbers[i], on_signal, serve);
        good = serve->signals[i] != NULL && event_add(serve->signals[i], NULL) == 0;
    }
    good = good &&
           vg_children_open(&serve->children, serve->base, &serve->children_listener) == VG_OK &&
           vg_redis_watch_open(&serve->watch, serve->base, serve->redis_place.socket,
                               &serve->redis_listener) == VG_OK;
    if (good)
        return VG_OK;
    return vg_fault_set(fault, VG_E_LACK, N_("the event loop cannot be made"), NULL, "%s",
                        "libevent");
}

static enum vg_status start(struct serve *serve, struct vg_fault *fault)
{
    enum vg_status status = read_configuration(serve, fault);
    if (status != VG_OK)
        return status;
    configuration_is(serve, fault);
    status = make_wires(serve, fault);
    if (status == VG_OK)
        status = add_redis(serve, fault);
    if (status == VG_OK)
        status = make_room(serve, fault);
    if (status == VG_OK)
        status = add_api(serve, fault);
    if (status != VG_OK)
        return status;
    set_timer(serve, TIMER_POLL, POLL_US);
    set_timer(serve, TIMER_HEALTH, HEALTH_US);
    return VG_OK;
}

static void release(struct serve *serve)
{
    vg_redis_watch_close(&serve->watch);
    vg_children_close(&serve->children);
    for (int i = 0; i < TIMER_COUNT; i++)
        if (serve->timers[i] != NULL)
            event_free(serve->timers[i]);
    for (int i = 0; i < SIGNAL_COUNT; i++)
        if (serve->signals[i] != NULL)
            event_free(serve->signals[i]);
    if (serve->base != NULL)
        event_base_free(serve->base);
    for (uint32_t i = 0; i < serve->ingest_count; i++) {
        (void)close(serve->ingest[i].slots);
        (void)close(serve->ingest[i].ready);
    }
    for (uint32_t i = 0; i < serve->wire_count; i++) {
        (void)close(serve->wire[i].api);
        (void)close(serve->wire[i].ingest);
    }
    vg_handout_close(&serve->handout);
    vg_secret_close(&serve->secret);
    vg_database_close(&serve->database);
    if (serve->lock >= 0)
        (void)close(serve->lock);
}

enum vg_status vg_serve_run(const struct vg_serve_settings *settings, struct vg_fault *fault)
{
    struct vg_wall_time now = vg_wall_now();
    struct serve serve = {
        .children_listener = {on_started, on_message, on_changed, on_all_ended},
        .redis_listener = {on_redis_answer},
        .settings = settings,
        .redis = NO_CHILD,
        .analysis = NO_CHILD,
        .api = NO_CHILD,
        .lock = -1,
        .parts = {{.name = "configuration", .up = true, .since = now},
                  {.name = "redis", .since = now}},
        .part_count = settings->redis == NULL ? PART_REDIS : PART_COUNT,
    };
    int size =
        snprintf(serve.data_variable, sizeof serve.data_variable, "VIGIE_DATA=%s", settings->data);
    enum vg_status status = VG_OK;
    if (size < 0 || (size_t)size >= sizeof serve.data_variable)
        status = vg_fault_set(fault, VG_E_INPUT, N_("the data folder's path is too long"), NULL,
                              "%s", settings->data);
    if (status == VG_OK)
        status = prepare(&serve, fault);
    if (status == VG_OK)
        status = open_events(&serve, fault);
    if (status == VG_OK)
        status = start(&serve, fault);
    if (status == VG_OK && event_base_dispatch(serve.base) < 0)
        status = vg_fault_set(fault, VG_E_IO, N_("the event loop failed"), NULL, "%s", "libevent");
    release(&serve);
    return status;
}
