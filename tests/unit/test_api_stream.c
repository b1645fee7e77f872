/* Alerts from the Redis queue to the archive, to the lists and to those who watch.
 * labels: threads waits */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hiredis/hiredis.h>

#include "api/event_stream.h"
#include "src/store/queue.h"
#include "tests/unit/api_client.h"
#include "tests/unit/openapi_check.h"

#define V1 "/api/v1"

struct state {
    struct server server;
    struct client op, tech;
    struct vg_redis_link *link;
};

static int start(void **out)
{
    struct state *s = calloc(1, sizeof *s);
    *out = s;
    server_prepare(&s->server);
    server_start_redis(&s->server);
    server_start(&s->server);
    client_open(&s->op, s->server.port);
    client_sign_in(&s->op, "op");
    client_open(&s->tech, s->server.port);
    client_sign_in(&s->tech, "tech");
    const struct vg_redis_settings settings = vg_redis_defaults(s->server.socket);
    assert_int_equal(vg_redis_open(&s->link, &settings, NULL), VG_OK);
    return 0;
}

static int stop(void **out)
{
    struct state *s = *out;
    vg_redis_close(&s->link);
    client_close(&s->op);
    client_close(&s->tech);
    server_stop(&s->server);
    server_remove(&s->server);
    free(s);
    return 0;
}

static const uint8_t jpeg[] = {0xff, 0xd8, 0xff, 0xe0, 'v', 'i', 'g', 'i', 'e', 0xff, 0xd9};

static void id_of(unsigned n, char id[32])
{
    (void)snprintf(id, 32, "01JD0000000000000000%06u", n);
}

/* Puts alert n into the queue as the publisher does; `more` bytes are added to its plan. */
static void publish_large(struct state *s, unsigned n, size_t more)
{
    char *plan = calloc(more + 2, 1);
    assert_non_null(plan);
    memset(plan, 'p', more + 1);
    char id[32], key[32];
    id_of(n, id);
    (void)snprintf(key, sizeof key, "key-%u", n);
    json_t *alert = json_pack(
        "{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:f,s:f,s:s,s:[],s:{s:b,s:b},s:{},s:{},s:s,s:n,s:s,s:s,s:i,"
        "s:s,s:s,s:s}",
        "id", id, "key", key, "flux", "cam-1", "event", "crossing", "rule", "r1", "severity",
        n % 2 ? "high" : "low", "time", "2026-11-21T10:15:30.120+01:00", "media_s", 12.5, "score",
        0.83, "place", "portique", "boxes", "evidence", "picture", 1, "clip", 0, "rule_as_it_was",
        "measures", "state", "new", "verdict", "phase", "operational", "node", "a1", "latency_ms",
        212, "software", "1.0.0", "model", "m", "plan", plan);
    free(plan);
    assert_non_null(alert);
    char *text = json_dumps(alert, JSON_COMPACT);
    json_decref(alert);
    const struct vg_queue_message message = {.id = id,
                                             .key = key,
                                             .node = "a1",
                                             .alert = text,
                                             .alert_size = strlen(text),
                                             .picture = jpeg,
                                             .picture_size = sizeof jpeg,
                                             .arrival = vg_mono_now()};
    enum vg_queue_where where;
    struct vg_fault fault = {0};
    assert_int_equal(vg_queue_send(s->link, &message, &where, &fault), VG_OK);
    free(text);
}

static void publish(struct state *s, unsigned n)
{
    publish_large(s, n, 0);
}

/* ---- watching ------------------------------------------------------------------------------- */

struct watcher {
    SSL *ssl;
    size_t used;
    char text[1 << 20];
};

static struct watcher *watch(struct client *client, const char *last_event)
{
    struct watcher *w = calloc(1, sizeof *w);
    char head[512], last[64] = "";
    if (last_event)
        (void)snprintf(last, sizeof last, "Last-Event-ID: %s\r\n", last_event);
    const int n = snprintf(head, sizeof head,
                           "GET " V1 "/alerts/stream HTTP/1.1\r\nHost: x\r\nCookie: %s\r\n%s\r\n",
                           client->cookie, last);
    w->ssl = client_dial(client);
    client_send(w->ssl, head, (size_t)n);
    return w;
}

/* Reads until `wanted` has come `times`; false when the stream ends before. */
static bool sees(struct watcher *w, const char *wanted, int times)
{
    for (;;) {
        int found = 0;
        for (const char *p = w->text; (p = strstr(p, wanted)) != NULL; p++)
            found++;
        if (found >= times)
            return true;
        if (w->used > 5 && memcmp(w->text + w->used - 5, "0\r\n\r\n", 5) == 0)
            return false; /* the last chunk: the answer is over, the connection is kept */
        const int n = SSL_read(w->ssl, w->text + w->used, (int)(sizeof w->text - 1 - w->used));
        if (n <= 0)
            return false;
        w->used += (size_t)n;
    }
}

static void leave(struct watcher *w)
{
    client_hang_up(w->ssl);
    free(w);
}

/* A whole number of /metrics; line: with the blanks about its name. */
static int number_of(struct state *s, const char *line)
{
    struct answer answer = client_call(&s->op, "GET", "/metrics", NULL, NULL);
    const char *at = strstr(answer.body, line);
    assert_non_null(at);
    const int number = (int)strtol(at + strlen(line), NULL, 10);
    answer_free(&answer);
    return number;
}

/* How many times an alert was written to a client, as /metrics tells it. */
static int written_alerts(struct state *s)
{
    return number_of(s, "\nvigie_alert_latency_seconds_count{to=\"client\"} ");
}

static int given_events(struct state *s)
{
    return number_of(s, "\nvigie_api_stream_events_total ");
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void an_alert_reaches_a_watcher(void **out)
{
    struct state *s = *out;
    char id[32], path[96];
    struct watcher *w = watch(&s->op, NULL);
    const int written = written_alerts(s);
    assert_true(sees(w, "text/event-stream", 1));
    assert_true(sees(w, "retry: 2000", 1));
    publish(s, 1);
    assert_true(sees(w, "event: alert\n", 1));
    id_of(1, id);
    assert_true(sees(w, id, 1));

    (void)snprintf(path, sizeof path, V1 "/alerts/%s", id);
    struct answer answer = client_call(&s->op, "GET", path, NULL, NULL);
    assert_int_equal(answer.code, 200);
    assert_non_null(find_text(answer.body, "\"portique\""));
    answer_free(&answer);

    (void)snprintf(path, sizeof path, V1 "/alerts/%s/picture", id);
    answer = client_call(&s->op, "GET", path, NULL, NULL);
    char type[32];
    assert_int_equal(answer.code, 200);
    assert_string_equal(head_value(answer.head, "Content-Type", type, sizeof type), "image/jpeg");
    assert_int_equal(answer.size, sizeof jpeg);
    assert_memory_equal(answer.body, jpeg, sizeof jpeg);
    answer_free(&answer);

    (void)snprintf(path, sizeof path, V1 "/alerts/%s/verdict", id);
    assert_int_equal(client_code(&s->op, "PUT", path, NULL,
                                 "{\"state\":\"confirmed\",\"comment\":\"vu sur place\"}"),
                     200);
    assert_true(sees(w, "event: verdict\n", 1));
    assert_true(sees(w, "vu sur place", 1));
    assert_int_equal(written_alerts(s), written + 1); /* a verdict is no alert */
    assert_int_equal(client_code(&s->op, "PUT", path, NULL, "{\"state\":\"seen\"}"), 409);
    leave(w);
}

/* Who was away gets what came meanwhile, once, in order, then what is new. */
static void a_watcher_catches_up(void **out)
{
    struct state *s = *out;
    char id[32], last[24];
    struct watcher *w = watch(&s->op, NULL);
    assert_true(sees(w, "retry", 1));
    publish(s, 10);
    assert_true(sees(w, "event: alert\n", 1));
    copy_until(strstr(w->text, "id: ") + 4, "\n", last, sizeof last);
    leave(w);

    for (unsigned n = 11; n < 16; n++)
        publish(s, n);
    w = watch(&s->op, last);
    assert_true(sees(w, "event: alert\n", 5));
    publish(s, 16);
    assert_true(sees(w, "event: alert\n", 6));
    assert_true(sees(w, "\n\n", 7)); /* the last one whole; the first is the opening comment's */
    const char *at = w->text;
    for (unsigned n = 11; n < 17; n++) {
        char wanted[48];
        id_of(n, id);
        (void)snprintf(wanted, sizeof wanted, "\"id\":\"%s\"", id);
        at = strstr(at, wanted);
        if (!at)
            fail_msg("alert %u is missing or out of order", n);
    }
    id_of(10, id);
    assert_null(strstr(w->text, id));
    leave(w);
    w = watch(&s->op, "99999999"); /* a number from another life: what is new comes all the same */
    assert_true(sees(w, "retry", 1));
    publish(s, 17);
    assert_true(sees(w, "event: alert\n", 1));
    leave(w);
}

static void wait_for_alert(struct state *s, unsigned n)
{
    char id[32], path[96];
    const int64_t end = vg_mono_now().us + 20 * VG_US_PER_S;
    id_of(n, id);
    (void)snprintf(path, sizeof path, V1 "/alerts/%s", id);
    while (client_code(&s->op, "GET", path, NULL, NULL) != 200) {
        assert_true(vg_mono_now().us < end);
        vg_pause_us(50000);
    }
}

static unsigned count(const char *text, const char *wanted)
{
    unsigned found = 0;
    for (const char *p = text; (p = strstr(p, wanted)) != NULL; p++)
        found++;
    return found;
}

/* More than one answer holds: the stream ends and the client comes again for the rest. */
static void a_long_absence_is_made_up_in_pieces(void **out)
{
    struct state *s = *out;
    char last[24] = "0";
    for (unsigned n = 100; n < 400; n++)
        publish(s, n);
    wait_for_alert(s, 399);
    struct watcher *w = watch(&s->op, last);
    assert_false(sees(w, "never comes", 1)); /* it ends by itself */
    const unsigned first = count(w->text, "\nevent: ");
    assert_int_equal(first, VG_ARCHIVE_PAGE_MAX);
    for (const char *p = w->text; (p = strstr(p, "\nid: ")) != NULL; p++)
        copy_until(p + 5, "\n", last, sizeof last);
    leave(w);
    w = watch(&s->op, last);
    assert_true(sees(w, "\"id\":\"01JD0000000000000000000399\"", 1));
    assert_int_equal(first + count(w->text, "\nevent: "), 9 + 300); /* 9 of the tests before */
    leave(w);
}

static void lists_have_pages(void **out)
{
    struct state *s = *out;
    char after[128] = "", path[256];
    size_t items = 0, pages = 0;
    do {
        (void)snprintf(path, sizeof path, V1 "/alerts?severity=high&flux=cam-1&limit=50%s%s",
                       after[0] ? "&after=" : "", after);
        struct answer answer = client_call(&s->op, "GET", path, NULL, NULL);
        assert_int_equal(answer.code, 200);
        json_t *root = answer_json(&answer);
        items += json_array_size(json_object_get(root, "items"));
        pages++;
        answer_text(&answer, "next", NULL, after, sizeof after);
        json_decref(root);
        answer_free(&answer);
    } while (after[0] && pages < 20);
    assert_true(pages >= 3 && pages < 20);
    assert_true(items >= 150);
}

static void state_and_metrics_come_from_redis(void **out)
{
    struct state *s = *out;
    struct redisReply *reply = NULL;
    struct vg_fault fault;
    const struct vg_redis_arg set[] = {vg_redis_text("HSET"),  vg_redis_text("vigie:flux:cam-1"),
                                       vg_redis_text("state"), vg_redis_text("running"),
                                       vg_redis_text("fps"),   vg_redis_text("4.9")};
    assert_int_equal(vg_redis_command(s->link, set, 6, &reply, &fault), VG_OK);
    vg_redis_reply_free(&reply);
    const struct vg_redis_arg metrics[] = {
        vg_redis_text("SET"), vg_redis_text("vigie:metrics:analysis"),
        vg_redis_text("# TYPE vigie_batch_size gauge\nvigie_batch_size 3\n")};
    assert_int_equal(vg_redis_command(s->link, metrics, 3, &reply, &fault), VG_OK);
    vg_redis_reply_free(&reply);

    struct answer answer = client_call(&s->op, "GET", V1 "/flux/cam-1/state", NULL, NULL);
    json_t *root = answer_json(&answer);
    assert_int_equal(answer.code, 200);
    assert_string_equal(json_string_value(json_object_get(root, "state")), "running");
    assert_true(json_is_real(json_object_get(root, "fps")));
    json_decref(root);
    answer_free(&answer);
    answer = client_call(&s->op, "GET", "/metrics", NULL, NULL);
    assert_non_null(strstr(answer.body, "\nvigie_batch_size 3\n"));
    assert_non_null(strstr(answer.body, "\nvigie_archived_total "));
    assert_non_null(
        strstr(answer.body, "vigie_alerts_total{event=\"crossing\",severity=\"high\"}"));
    answer_free(&answer);
}

/* Signing out ends what that session watches. */
static void a_stream_ends_with_its_session(void **out)
{
    struct state *s = *out;
    struct client client;
    client_open(&client, s->server.port);
    client_sign_in(&client, "op");
    struct watcher *w = watch(&client, NULL);
    assert_true(sees(w, "retry", 1));
    assert_int_equal(client_code(&client, "DELETE", V1 "/session", NULL, NULL), 204);
    assert_false(sees(w, "never comes", 1));
    leave(w);
    client_close(&client);
}

static void nobody_watches_unsigned(void **out)
{
    struct state *s = *out;
    struct client client;
    client_open(&client, s->server.port);
    assert_int_equal(client_code(&client, "GET", V1 "/alerts/stream", NULL, NULL), 401);
    client_close(&client);
}

/* More watchers than there is room for are told so; their places come back. */
static void watchers_are_bounded(void **out)
{
    struct state *s = *out;
    static struct watcher *all[VG_STREAMS_MAX];
    for (size_t i = 0; i < VG_STREAMS_MAX; i++) {
        all[i] = watch(&s->op, NULL);
        if (!sees(all[i], "retry", 1))
            fail_msg("watcher %zu: %s", i, all[i]->text);
    }
    assert_int_equal(client_code(&s->op, "GET", V1 "/alerts/stream", NULL, NULL), 503);
    for (size_t i = 0; i < VG_STREAMS_MAX; i++)
        leave(all[i]);
}

/* A client that does not read is cut before it costs memory; the others see all. What it was given has
 * its latency all the same. */
static void who_does_not_read_is_cut(void **out)
{
    struct state *s = *out;
    const int small = 16384;
    struct watcher *deaf = watch(&s->op, NULL), *w = watch(&s->op, NULL);
    assert_int_equal(setsockopt(SSL_get_fd(deaf->ssl), SOL_SOCKET, SO_RCVBUF, &small, sizeof small),
                     0);
    assert_true(sees(w, "retry", 1));
    const int written = written_alerts(s), given = given_events(s);
    char id[32];
    for (unsigned n = 500; n < 520; n++) {
        publish_large(s, n, 200000);
        id_of(n, id);
        assert_true(sees(w, id, 1));
        w->used = 0; /* it was seen: room for the next */
        memset(w->text, 0, sizeof w->text);
    }
    struct answer answer = client_call(&s->op, "GET", "/metrics", NULL, NULL);
    assert_non_null(strstr(answer.body, "\nvigie_api_streams_cut_total 1\n"));
    answer_free(&answer);
    assert_true(given_events(s) - given > 20);
    assert_int_equal(written_alerts(s) - written, given_events(s) - given);
    leave(w);
    SSL_free(deaf->ssl);
    free(deaf);
}

/* Alerts, verdicts, lists, states and pictures are what the description promises. */
static void answers_are_as_described(void **out)
{
    struct state *s = *out;
    char id[32], alert[96], verdict[96], picture[96];
    id_of(1, id);
    (void)snprintf(alert, sizeof alert, V1 "/alerts/%s", id);
    (void)snprintf(verdict, sizeof verdict, V1 "/alerts/%s/verdict", id);
    (void)snprintf(picture, sizeof picture, V1 "/alerts/%s/picture", id);
    const struct {
        const char *method, *path, *body;
        int code;
    } rows[] = {
        {"GET", alert, NULL, 200},
        {"GET", picture, NULL, 200},
        {"GET", V1 "/alerts?limit=3", NULL, 200},
        {"PUT", verdict, "{\"state\":\"refuted\"}", 200},
        {"PUT", verdict, "{\"state\":\"seen\"}", 409},
        {"GET", V1 "/flux/cam-1/state", NULL, 200},
        {"GET", V1 "/health", NULL, 200},
        {"GET", "/metrics", NULL, 200},
    };
    struct answer answer = client_call(&s->op, "GET", "/openapi.json", NULL, NULL);
    json_t *described = answer_json(&answer);
    answer_free(&answer);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        answer = client_call(&s->op, rows[i].method, rows[i].path, NULL, rows[i].body);
        if (answer.code != rows[i].code)
            fail_msg("%s %s: %d %s", rows[i].method, rows[i].path, answer.code, answer.body);
        openapi_check(described, rows[i].method, rows[i].path, &answer);
        answer_free(&answer);
    }
    json_decref(described);
}

/* ---- the number of the configuration -------------------------------------------------------- */

static uint64_t config_version(struct state *s)
{
    struct vg_database *database = NULL;
    struct vg_fault fault = {0};
    uint64_t version = 0;
    assert_int_equal(vg_database_open(&database, s->server.data, VG_DATABASE_EXISTING, &fault),
                     VG_OK);
    assert_int_equal(vg_config_version(database, &version, &fault), VG_OK);
    vg_database_close(&database);
    return version;
}

static void wait_for_config_key(struct state *s)
{
    const struct vg_redis_arg get[] = {vg_redis_text("GET"), vg_redis_text("vigie:config")};
    const int64_t end = vg_mono_now().us + 20 * VG_US_PER_S;
    char wanted[24];
    (void)snprintf(wanted, sizeof wanted, "%llu", (unsigned long long)config_version(s));
    for (bool same = false; !same;) {
        struct redisReply *reply = NULL;
        assert_int_equal(vg_redis_command(s->link, get, 2, &reply, NULL), VG_OK);
        same = reply->str && strcmp(reply->str, wanted) == 0;
        vg_redis_reply_free(&reply);
        assert_true(vg_mono_now().us < end);
        vg_pause_us(10000);
    }
}

/* Each change of the configuration writes its number to the key and to the channel. */
static void a_change_of_configuration_is_told(void **out)
{
    struct state *s = *out;
    static const char scene[] = "{\"version\":1,\"name\":\"x\"}";
    const struct {
        const char *method, *path, *headers, *body;
        int code;
    } rows[] = {
        {"POST", V1 "/flux", "", "{\"id\":\"told\",\"url\":\"file:/x\"}", 201},
        {"PATCH", V1 "/flux/told", "If-Match: *\r\n", "{\"label\":\"Quai\"}", 200},
        {"PUT", V1 "/flux/told/active", "", "false", 200},
        {"PUT", V1 "/flux/told/scene", "", scene, 204},
        {"PUT", V1 "/authorisation", "", "null", 200},
        {"DELETE", V1 "/flux/told", "If-Match: *\r\n", NULL, 204},
    };
    struct timeval patience = {20, 0};
    redisContext *listener = redisConnectUnixWithTimeout(s->server.socket, patience);
    redisReply *heard = NULL;
    assert_int_equal(listener->err, 0);
    assert_int_equal(redisSetTimeout(listener, patience), REDIS_OK);
    freeReplyObject(redisCommand(listener, "SUBSCRIBE vigie:config"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char wanted[24];
        if (client_code(&s->tech, rows[i].method, rows[i].path, rows[i].headers, rows[i].body) !=
            rows[i].code)
            fail_msg("%s %s", rows[i].method, rows[i].path);
        (void)snprintf(wanted, sizeof wanted, "%llu", (unsigned long long)config_version(s));
        assert_int_equal(redisGetReply(listener, (void **)&heard), REDIS_OK);
        assert_string_equal(heard->element[2]->str, wanted);
        freeReplyObject(heard);
        wait_for_config_key(s);
    }
    redisFree(listener);
    /* what was refused is not told: the next number is that of the next change */
    assert_int_equal(client_code(&s->tech, "POST", V1 "/flux", NULL, "{}"), 422);
}

/* ---- Redis is away -------------------------------------------------------------------------- */

static void wait_for_line(struct state *s, const char *line)
{
    const int64_t end = vg_mono_now().us + 30 * VG_US_PER_S;
    for (bool found = false; !found;) {
        struct answer answer = client_call(&s->op, "GET", "/metrics", NULL, NULL);
        found = strstr(answer.body, line) != NULL;
        answer_free(&answer);
        if (!found && vg_mono_now().us > end)
            fail_msg("never: %s", line);
        vg_pause_us(50000);
    }
}

/* A Redis that hangs lives for the supervisor, who has not noticed yet; here it is down, and no
 * change waits for it. */
static void a_hung_redis_is_not_up(void **out)
{
    struct state *s = *out;
    server_say(&s->server, json_pack("{s:s,s:[{s:s,s:b}]}", "type", "health", "parts", "part",
                                     "redis", "up", 1));
    wait_for_line(s, "\nvigie_up{part=\"redis\"} 1\n");
    wait_for_line(s, "\nvigie_up{part=\"archive\"} 1\n");
    assert_int_equal(kill(s->server.redis, SIGSTOP), 0);
    wait_for_line(s, "\nvigie_up{part=\"redis\"} 0\n");
    wait_for_line(s, "\nvigie_up{part=\"archive\"} 0\n");
    for (int i = 0; i < 10; i++) { /* and stays so between the tries */
        struct answer answer = client_call(&s->op, "GET", V1 "/health", NULL, NULL);
        json_t *root = answer_json(&answer);
        const json_t *part = json_array_get(json_object_get(root, "parts"), 0);
        assert_int_equal(answer.code, 503);
        assert_string_equal(json_string_value(json_object_get(part, "part")), "redis");
        assert_true(json_is_false(json_object_get(part, "up")));
        assert_true(json_string_length(json_object_get(part, "reason")) > 0);
        json_decref(root);
        answer_free(&answer);
        vg_pause_us(20000);
    }
    const int64_t start = vg_mono_now().us;
    for (int i = 0; i < 6; i++)
        assert_int_equal(
            client_code(&s->tech, "PUT", V1 "/flux/cam-1/active", NULL, i % 2 ? "true" : "false"),
            200);
    assert_true(vg_mono_now().us - start < 2 * VG_US_PER_S);
    assert_int_equal(kill(s->server.redis, SIGCONT), 0);
    wait_for_line(s, "\nvigie_up{part=\"redis\"} 1\n");
    assert_int_equal(client_code(&s->tech, "PUT", V1 "/flux/cam-1/active", NULL, "false"), 200);
    wait_for_config_key(s); /* what was lost is made good by this */
    assert_int_equal(client_code(&s->tech, "PUT", V1 "/flux/cam-1/active", NULL, "true"), 200);
}

/* Redis dies and comes back: health says so, and the alerts that come after are archived. */
static void redis_may_go_and_come(void **out)
{
    struct state *s = *out;
    const int64_t end = vg_mono_now().us + 20 * VG_US_PER_S;
    server_stop_redis(&s->server);
    while (client_code(&s->op, "GET", V1 "/health", NULL, NULL) == 200) {
        assert_true(vg_mono_now().us < end);
        vg_pause_us(50000);
    }
    assert_int_equal(client_code(&s->op, "GET", V1 "/alerts", NULL, NULL), 200);
    server_start_redis(&s->server);
    vg_redis_drop(s->link);
    publish(s, 900);
    wait_for_alert(s, 900);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_reaches_a_watcher),
        cmocka_unit_test(a_watcher_catches_up),
        cmocka_unit_test(a_long_absence_is_made_up_in_pieces),
        cmocka_unit_test(lists_have_pages),
        cmocka_unit_test(state_and_metrics_come_from_redis),
        cmocka_unit_test(a_stream_ends_with_its_session),
        cmocka_unit_test(nobody_watches_unsigned),
        cmocka_unit_test(watchers_are_bounded),
        cmocka_unit_test(who_does_not_read_is_cut),
        cmocka_unit_test(answers_are_as_described),
        cmocka_unit_test(a_change_of_configuration_is_told),
        cmocka_unit_test(a_hung_redis_is_not_up),
        cmocka_unit_test(redis_may_go_and_come),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
