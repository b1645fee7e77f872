/* The end of a chunked answer comes to the client, also in the moment between a write and the call
 * that libevent makes for it, and through TLS's kind of bufferevent, which makes it late. */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/stream_end.h"

enum {
    PATIENCE_S = 5
};

struct site {
    struct event_base *base;
    struct evhttp *server;
    struct event *end_now, *tick;
    struct evhttp_request *http;
    struct bufferevent *client, *answerer; /* answerer: the server's side, counted */
    uint16_t port;
    bool held_back; /* the last chunk is not written */
    char got[4096];
};

/* Calls for a write come after the events of the pass, as those of TLS do. */
static struct bufferevent *late(struct event_base *base, void *argument)
{
    struct site *s = argument;
    struct bufferevent *one =
        bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (s->held_back) {
        s->answerer = one;
        bufferevent_incref(one);
    }
    return one;
}

static void on_end_now(evutil_socket_t fd, short what, void *argument)
{
    (void)fd, (void)what;
    struct site *s = argument;
    struct evhttp_request *http = s->http;
    s->http = NULL;
    vg_stream_end(http, "last\n", 5);
    if (!s->held_back)
        return;
    (void)bufferevent_disable(s->answerer, EV_WRITE);
    event_base_loopbreak(s->base);
}

/* The chunk was written and libevent has not yet made its call. */
static void on_drained(struct evbuffer *output, const struct evbuffer_cb_info *info, void *argument)
{
    struct site *s = argument;
    if (info->n_deleted > 0 && evbuffer_get_length(output) == 0 && s->http && !s->held_back)
        event_active(s->end_now, EV_TIMEOUT, 1);
}

static void on_request(struct evhttp_request *http, void *argument)
{
    struct site *s = argument;
    struct evbuffer *chunk = evbuffer_new();
    s->http = http;
    evbuffer_add_cb(bufferevent_get_output(
                        evhttp_connection_get_bufferevent(evhttp_request_get_connection(http))),
                    on_drained, s);
    evhttp_send_reply_start(http, 200, "OK");
    evbuffer_add(chunk, "first\n", 6);
    evhttp_send_reply_chunk(http, chunk);
    evbuffer_free(chunk);
}

static void on_read(struct bufferevent *client, void *argument)
{
    struct site *s = argument;
    const size_t had = strlen(s->got);
    const size_t n = bufferevent_read(client, s->got + had, sizeof s->got - 1 - had);
    s->got[had + n] = '\0';
    if (strstr(s->got, "\r\n0\r\n\r\n"))
        event_base_loopbreak(s->base);
}

static int start(void **out)
{
    struct site *s = calloc(1, sizeof *s);
    struct sockaddr_in at;
    socklen_t size = sizeof at;
    *out = s;
    s->base = event_base_new();
    s->server = evhttp_new(s->base);
    evhttp_set_bevcb(s->server, late, s);
    evhttp_set_gencb(s->server, on_request, s);
    struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(s->server, "127.0.0.1", 0);
    if (!bound ||
        getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)(void *)&at, &size))
        return -1;
    s->port = ntohs(at.sin_port);
    s->end_now = event_new(s->base, -1, 0, on_end_now, s);
    return s->end_now ? 0 : -1;
}

static int stop(void **out)
{
    struct site *s = *out;
    if (s->client)
        bufferevent_free(s->client);
    if (s->server)
        evhttp_free(s->server);
    event_free(s->end_now);
    event_base_free(s->base);
    free(s);
    return 0;
}

static void ask(struct site *s)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons(s->port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    s->got[0] = '\0';
    if (!s->client) {
        s->client = bufferevent_socket_new(s->base, -1, BEV_OPT_CLOSE_ON_FREE);
        assert_non_null(s->client);
        bufferevent_setcb(s->client, on_read, NULL, NULL, s);
        bufferevent_enable(s->client, EV_READ | EV_WRITE);
        assert_int_equal(bufferevent_socket_connect(
                             s->client, (const struct sockaddr *)(const void *)&at, sizeof at),
                         0);
    }
    bufferevent_write(s->client, text, sizeof text - 1);
}

static void run(struct site *s, int seconds)
{
    const struct timeval patience = {seconds, 0};
    event_base_loopexit(s->base, &patience);
    event_base_dispatch(s->base);
}

static void comes_to_the_client(void **state)
{
    struct site *s = *state;
    for (int i = 0; i < 3; i++) { /* the connection goes on */
        ask(s);
        run(s, PATIENCE_S);
        assert_non_null(strstr(s->got, "6\r\nfirst\n\r\n5\r\nlast\n\r\n0\r\n\r\n"));
    }
}

static void on_tick(evutil_socket_t fd, short what, void *argument)
{
    (void)fd, (void)what;
    struct site *s = argument;
    if (bufferevent_get_enabled(s->answerer) == 0) /* its connection was freed */
        event_base_loopbreak(s->base);
}

/* The answer is ended, and its last chunk stands: no call of libevent's is pending. */
static void hold_back(struct site *s)
{
    const struct timeval soon = {0, 20000};
    s->held_back = true;
    ask(s);
    event_base_once(s->base, -1, EV_TIMEOUT, on_end_now, s, &soon);
    run(s, PATIENCE_S);
    assert_non_null(s->answerer);
    assert_true(evbuffer_get_length(bufferevent_get_output(s->answerer)) > 0);
}

/* What is left of the request goes too: sanitizers see to it. */
static void client_gone(void **state)
{
    struct site *s = *state;
    const struct timeval often = {0, 2000};
    hold_back(s);
    bufferevent_free(s->client);
    s->client = NULL;
    s->tick = event_new(s->base, -1, EV_PERSIST, on_tick, s);
    assert_int_equal(event_add(s->tick, &often), 0);
    run(s, PATIENCE_S);
    event_free(s->tick);
    assert_int_equal(bufferevent_get_enabled(s->answerer), 0);
    assert_int_equal(bufferevent_decref(s->answerer), 1); /* nobody else holds it */
}

static void server_closed(void **state)
{
    struct site *s = *state;
    hold_back(s);
    evhttp_free(s->server);
    s->server = NULL;
    event_base_loop(s->base, EVLOOP_NONBLOCK);
    assert_int_equal(bufferevent_decref(s->answerer), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(comes_to_the_client, start, stop),
        cmocka_unit_test_setup_teardown(client_gone, start, stop),
        cmocka_unit_test_setup_teardown(server_closed, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
