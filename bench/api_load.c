#include "bench/api_load.h"

#include <jansson.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/api_alerts.h"
#include "src/alerts/publisher.h"
#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/store/redis_link.h"

enum {
    RAISED_MAX = 65536,
    OPEN_S = 30,    /* for all connections */
    PATIENCE_S = 30 /* for one answer */
};
#define LATE_US (5 * VG_US_PER_S) /* that the last events may take */

static const struct {
    const char *name, *path;
} routes[VG_API_ROUTES] = {{"GET /api/v1/alerts", "/api/v1/alerts"},
                           {"GET /api/v1/alerts/{id}", "/api/v1/alerts/"},
                           {"GET /api/v1/flux", "/api/v1/flux"},
                           {"GET /metrics", "/metrics"}};

const char *vg_api_route_name(enum vg_api_route route)
{
    return routes[route].name;
}

struct crowd;

struct client {
    struct crowd *crowd;
    uint32_t number;
    pthread_t thread;
    struct vg_http_client *http;
    uint64_t count, refused, failed, bytes;
};

struct crowd {
    const struct vg_api_load *load;
    struct vg_http_settings http;
    enum vg_api_route route;
    struct client client[VG_API_CLIENTS_MAX];
    uint32_t started;
    /* set by the main thread, read by all; nothing else hangs on them: relaxed */
    _Atomic uint32_t cancelled, begun;
    _Atomic uint32_t ready; /* clients that have connected, or could not */
    _Atomic uint32_t connected;
    struct vg_time_histogram times;
    /* of the alert `number`: when it was due; written before it is raised: relaxed */
    _Atomic int64_t due_us[RAISED_MAX];
};

static struct vg_mono_time in_us(int64_t us)
{
    return (struct vg_mono_time){vg_mono_now().us + us};
}

static bool is_over(struct crowd *crowd)
{
    return atomic_load_explicit(&crowd->cancelled, memory_order_relaxed) != 0;
}

/* ---- clients ---- */

static enum vg_status ask_once(struct client *c, uint64_t turn, struct vg_http_answer *answer)
{
    const struct vg_api_load *load = c->crowd->load;
    char path[128], id[VG_ULID_TEXT] = "";
    if (c->crowd->route == VG_API_ALERT) /* all of them, each client from another one on */
        vg_api_alert_id(VG_API_ALERT_OLD,
                        (uint32_t)((turn * 7919 + c->number * 104729U) % load->alerts), id);
    (void)snprintf(path, sizeof path, "%s%s", routes[c->crowd->route].path, id);
    return vg_http_call(c->http, "GET", path, NULL, in_us(PATIENCE_S * VG_US_PER_S), answer);
}

/* Connects, says so, and waits until all have. */
static bool is_ready(struct client *c, enum vg_status opened)
{
    struct crowd *crowd = c->crowd;
    if (!opened)
        (void)atomic_fetch_add(&crowd->connected, 1);
    (void)atomic_fetch_add(&crowd->ready, 1);
    while (!opened && !is_over(crowd) && !atomic_load_explicit(&crowd->begun, memory_order_relaxed))
        vg_pause_us(2000);
    return !opened;
}

static void *client_run(void *argument)
{
    struct client *c = argument;
    struct vg_http_answer answer;
    enum vg_status status =
        vg_http_open(&c->http, &c->crowd->http, in_us(OPEN_S * VG_US_PER_S), NULL);
    if (!status) /* the first answer fills the server's caches */
        status = ask_once(c, 0, &answer);
    if (!is_ready(c, status))
        return NULL;
    for (uint64_t turn = 1; !is_over(c->crowd); turn++) {
        const struct vg_mono_time start = vg_mono_now();
        status = ask_once(c, turn, &answer);
        if (status) {
            c->failed += !is_over(c->crowd); /* what was under way at the end is no failure */
            break;
        }
        if (answer.code != 200) {
            c->refused++;
            continue;
        }
        vg_time_histogram_add(&c->crowd->times, vg_mono_now().us - start.us);
        c->count++;
        c->bytes += answer.size;
    }
    return NULL;
}

/* ---- listeners ---- */

static void event_take(struct client *c, const char *data, size_t size, struct vg_mono_time now)
{
    json_t *alert = json_loadb(data, size, 0, NULL);
    const char *id = json_string_value(json_object_get(alert, "id"));
    const int64_t number = id ? vg_api_alert_number(id) : -1;
    if (number >= 0 && number < RAISED_MAX) {
        const int64_t due_us =
            atomic_load_explicit(&c->crowd->due_us[number], memory_order_relaxed);
        vg_time_histogram_add(&c->crowd->times, now.us - due_us);
        c->count++;
        c->bytes += size;
    }
    json_decref(alert);
}

static void *listener_run(void *argument)
{
    struct client *c = argument;
    const char *data;
    size_t size;
    enum vg_status status =
        vg_http_open(&c->http, &c->crowd->http, in_us(OPEN_S * VG_US_PER_S), NULL);
    if (!status)
        status = vg_http_listen(c->http, "/api/v1/alerts/stream", in_us(OPEN_S * VG_US_PER_S));
    if (!is_ready(c, status))
        return NULL;
    while (!is_over(c->crowd)) {
        status = vg_http_event(c->http, in_us(PATIENCE_S * VG_US_PER_S), &data, &size);
        if (status == VG_OK)
            event_take(c, data, size, vg_mono_now());
        else if (status != VG_E_TIMEOUT)
            break;
    }
    return NULL;
}

/* ---- a crowd of them ---- */

static void crowd_end(struct crowd *crowd)
{
    atomic_store(&crowd->cancelled, 1);
    for (uint32_t i = 0; i < crowd->started; i++) {
        (void)pthread_join(crowd->client[i].thread, NULL);
        vg_http_close(&crowd->client[i].http);
    }
}

/* Starts all and waits until each has connected or has given up. */
static enum vg_status crowd_start(struct crowd *crowd, void *(*run)(void *), struct vg_fault *fault)
{
    const uint32_t wanted = crowd->load->clients;
    enum vg_status status = VG_OK;
    for (uint32_t i = 0; i < wanted && !status; i++) {
        struct client *c = &crowd->client[i];
        *c = (struct client){.crowd = crowd, .number = i};
        if (pthread_create(&c->thread, NULL, run, c) != 0)
            status = vg_fault_set(fault, VG_E_LACK, N_("a thread cannot be started"), NULL, "%s",
                                  "bench api");
        else
            crowd->started++;
    }
    while (!status && atomic_load(&crowd->ready) < wanted)
        status = vg_live_server_wait(crowd->load->server, 20000, fault);
    if (!status && atomic_load(&crowd->connected) == 0)
        status = vg_fault_set(fault, VG_E_IO, N_("the API takes no connection"), NULL, "%s",
                              vg_live_server_last_word(crowd->load->server));
    return status;
}

/* *crowd given (vg_free), also when it fails, but for VG_E_MEMORY. */
static enum vg_status crowd_make(struct crowd **crowd, const struct vg_api_load *load,
                                 struct vg_fault *fault)
{
    struct crowd *c = vg_alloc(sizeof *c);
    *crowd = c;
    if (!c)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench api");
    c->load = load;
    c->http = load->http;
    c->http.cancel = (struct vg_cancel){.generation = &c->cancelled};
    return VG_OK;
}

static void result_sum(const struct crowd *crowd, struct vg_api_result *result)
{
    const uint32_t connected = atomic_load(&crowd->connected);
    for (uint32_t i = 0; i < crowd->started; i++) {
        const struct client *c = &crowd->client[i];
        result->count += c->count;
        result->refused += c->refused;
        result->failed += c->failed;
        result->bytes += c->bytes;
    }
    result->failed += crowd->load->clients - connected;
    vg_time_histogram_read(&crowd->times, &result->times);
}

static void cost_fill(const struct vg_api_load *load, struct vg_mono_time start, double cpu_s,
                      struct vg_api_result *result)
{
    result->seconds = (double)(vg_mono_now().us - start.us) / (double)VG_US_PER_S;
    const double spent_s = vg_live_server_api_load(load->server).cpu_s - cpu_s;
    result->api_cores = spent_s > 0 && result->seconds > 0 ? spent_s / result->seconds : 0;
}

enum vg_status vg_api_load_route(const struct vg_api_load *load, enum vg_api_route route,
                                 struct vg_api_result *result, struct vg_fault *fault)
{
    struct crowd *crowd;
    *result = (struct vg_api_result){.count = 0};
    enum vg_status status = crowd_make(&crowd, load, fault);
    if (status)
        return status;
    crowd->route = route;
    status = crowd_start(crowd, client_run, fault);
    const double cpu_s = vg_live_server_api_load(load->server).cpu_s;
    const struct vg_mono_time start = vg_mono_now();
    atomic_store(&crowd->begun, 1);
    if (!status)
        status = vg_live_server_wait(load->server, (int64_t)(load->seconds * 1e6), fault);
    cost_fill(load, start, cpu_s, result);
    crowd_end(crowd);
    result_sum(crowd, result);
    vg_free(crowd);
    return status;
}

/* ---- the stream ---- */

struct raiser {
    const struct vg_api_load *load;
    struct crowd *crowd;
    struct vg_publisher *publisher;
    struct vg_api_alert *alert;
    struct vg_wall_time wall; /* of the first */
    uint32_t raised;
};

static enum vg_status raiser_open(struct raiser *r, struct vg_fault *fault)
{
    char spool[PATH_MAX], redis[PATH_MAX];
    struct vg_spool_found found;
    const char *folder = vg_live_server_folder(r->load->server);
    (void)snprintf(spool, sizeof spool, "%s/bench-spool", folder);
    (void)snprintf(redis, sizeof redis, "%s/%s", folder, VG_REDIS_SOCKET);
    const struct vg_publisher_settings settings = vg_publisher_defaults(spool, redis, "bench");
    r->alert = vg_alloc(sizeof *r->alert);
    r->wall = vg_wall_now();
    if (!r->alert)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "bench api");
    return vg_publisher_open(&r->publisher, &settings, &found, fault);
}

/* An alert that finds no room waits for it; its time runs. */
static enum vg_status raise_one(struct raiser *r, struct vg_mono_time due, struct vg_fault *fault)
{
    const struct vg_wall_time wall = {r->wall.us +
                                      (int64_t)r->raised * VG_US_PER_S / VG_API_RAISED_PER_S};
    struct vg_publisher_item *item = NULL;
    enum vg_status status = vg_api_alert_make(r->alert, r->load->scene, VG_API_ALERT_NEW, r->raised,
                                              r->load->flux, wall, fault);
    while (!status && !(item = vg_publisher_take(r->publisher, 0)))
        status = vg_live_server_wait(r->load->server, 1000, fault);
    if (status)
        return status;
    (void)snprintf(item->id, sizeof item->id, "%s", r->alert->id);
    (void)snprintf(item->key, sizeof item->key, "%s", r->alert->key);
    memcpy(item->alert, r->alert->json, r->alert->size);
    item->alert_bytes = (uint32_t)r->alert->size;
    item->picture_bytes = 0;
    item->arrival = due;
    atomic_store_explicit(&r->crowd->due_us[r->raised], due.us, memory_order_relaxed);
    vg_publisher_give(r->publisher, 0, item);
    r->raised++;
    return VG_OK;
}

static uint64_t received(const struct crowd *crowd)
{
    struct vg_time_histogram_view view;
    vg_time_histogram_read(&crowd->times, &view);
    return vg_time_histogram_count(&view);
}

/* At a steady rate, whatever becomes of the earlier ones; then until all have come, or it is late. */
static enum vg_status raise_all(struct raiser *r, struct vg_fault *fault)
{
    const struct vg_mono_time start = vg_mono_now();
    const double wanted = r->load->seconds * VG_API_RAISED_PER_S;
    const uint32_t count = wanted < RAISED_MAX ? (uint32_t)wanted : RAISED_MAX;
    enum vg_status status = VG_OK;
    while (r->raised < count && !status) {
        const struct vg_mono_time due = {start.us +
                                         (int64_t)r->raised * VG_US_PER_S / VG_API_RAISED_PER_S};
        const int64_t left_us = due.us - vg_mono_now().us;
        if (left_us > 0)
            status = vg_live_server_wait(r->load->server, left_us, fault);
        if (!status)
            status = raise_one(r, due, fault);
    }
    const uint64_t expected = (uint64_t)r->raised * atomic_load(&r->crowd->connected);
    const int64_t until_us = vg_mono_now().us + LATE_US;
    while (!status && received(r->crowd) < expected && vg_mono_now().us < until_us)
        status = vg_live_server_wait(r->load->server, 10000, fault);
    return status;
}

enum vg_status vg_api_load_stream(const struct vg_api_load *load, struct vg_api_result *result,
                                  struct vg_fault *fault)
{
    struct raiser r = {.load = load};
    *result = (struct vg_api_result){.count = 0};
    enum vg_status status = crowd_make(&r.crowd, load, fault);
    if (status)
        return status;
    status = raiser_open(&r, fault);
    if (!status)
        status = crowd_start(r.crowd, listener_run, fault);
    const double cpu_s = vg_live_server_api_load(load->server).cpu_s;
    const struct vg_mono_time start = vg_mono_now();
    atomic_store(&r.crowd->begun, 1);
    if (!status)
        status = raise_all(&r, fault);
    cost_fill(load, start, cpu_s, result);
    crowd_end(r.crowd);
    result_sum(r.crowd, result);
    result->raised = r.raised;
    const uint64_t expected = (uint64_t)r.raised * atomic_load(&r.crowd->connected);
    result->failed += expected > result->count ? expected - result->count : 0;
    if (r.publisher)
        vg_publisher_close(&r.publisher);
    vg_free(r.alert);
    vg_free(r.crowd);
    return status;
}
