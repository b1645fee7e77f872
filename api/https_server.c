/* One `struct connection` per accepted socket hangs on its SSL object, whose end tells that the
 * connection is gone: evhttp 2.1 itself says neither when one comes nor when it goes. */
#include "api/https_server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/certificate.h"
#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/log.h"
#include "src/base/text.h"

enum {
    STREAM_SNDBUF_BYTES = 256 << 10,
    READ_TIMEOUT_S = 30,
    ACCEPT_PAUSE_S = 1
};

struct vg_https {
    struct event_base *base; /* borrowed */
    struct evhttp *http;
    struct evconnlistener *listener; /* belongs to http once bound */
    struct event *resume;            /* takes up accepting after a failure of accept() */
    SSL_CTX *context;
    int ssl_index; /* of our `struct connection` in an SSL object */
    uint16_t port;
    uint32_t connections_max;
    struct timeval deadline;
    vg_https_take *take;
    void *user;
    int closing;
    struct vg_https_counts counts;
    struct vg_log_repeat accept_errors;
};

struct connection {
    struct vg_https *https;
    struct bufferevent *stream; /* borrowed: it owns the SSL object that owns this */
    struct event *deadline;     /* until the whole request is here */
    struct event *reword;       /* evhttp has answered by itself */
    int ours;                   /* a request is with the taker, what is written is its answer */
};

void vg_https_defaults(struct vg_https_settings *settings)
{
    *settings = (struct vg_https_settings){.address = "127.0.0.1",
                                           .port = 8443,
                                           .connections_max = 256,
                                           .deadline_us = 60 * VG_US_PER_S};
}

/* ---- connections ---------------------------------------------------------------------------- */

static void connection_gone(void *ssl, void *pointer, CRYPTO_EX_DATA *data, int index, long number,
                            void *argument)
{
    (void)ssl, (void)data, (void)index, (void)number, (void)argument;
    struct connection *connection = pointer;
    if (!connection)
        return;
    struct vg_https *https = connection->https;
    https->counts.open--;
    if (!https->closing && https->counts.open < https->connections_max)
        (void)evconnlistener_enable(https->listener);
    event_free(connection->deadline);
    event_free(connection->reword);
    vg_free(connection);
}

/* evhttp's timeout is per read, so a client that drips a byte a second would stay for ever. The
 * socket alone is shut: evhttp sees its end and clears up by itself. */
static void on_deadline(evutil_socket_t fd, short what, void *argument)
{
    (void)fd, (void)what;
    struct connection *connection = argument;
    connection->https->counts.late++;
    const evutil_socket_t socket_fd = bufferevent_getfd(connection->stream);
    if (socket_fd >= 0)
        (void)shutdown(socket_fd, SHUT_RDWR);
}

static const struct {
    int code;
    const char *reason, *name, *message;
} own_answers[] = {
    {413, "Payload Too Large", "too_large", N_("the body is larger than 1 MB")},
    {501, "Not Implemented", "bad_method", N_("this method is not served")},
    {400, "Bad Request", "bad_request", N_("the request is not well-formed HTTP")}, /* the rest */
};

/* evhttp 2.1 answers what it refuses by itself (a body above the limit, a bad head, a method
 * that is not allowed) with a page of HTML and offers no hook for it (evhttp_set_errorcb is of
 * 2.2). The answer lies whole in the output buffer when this runs, before the loop can write. */
static void on_reword(evutil_socket_t fd, short what, void *argument)
{
    (void)fd, (void)what;
    struct connection *connection = argument;
    struct evbuffer *output = bufferevent_get_output(connection->stream);
    char head[16] = "";
    if (evbuffer_copyout(output, head, sizeof head - 1) < 12)
        return;
    const long code = strtol(head + 9, NULL, 10);
    if (strncmp(head, "HTTP/1.", 7) != 0 || code < 400)
        return; /* "100 Continue" */
    size_t row = 0;
    while (row + 1 < sizeof own_answers / sizeof *own_answers && own_answers[row].code != code)
        row++;
    char body[512];
    const int size = snprintf(body, sizeof body,
                              "{\"error\":{\"code\":\"%s\",\"message\":\"%s\",\"where\":\"\"}}\n",
                              own_answers[row].name, vg_text(own_answers[row].message));
    connection->https->counts.own_answers++;
    connection->ours = 1; /* or our own words would call this again */
    (void)evbuffer_drain(output, evbuffer_get_length(output));
    (void)evbuffer_add_printf(output,
                              "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\n"
                              "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                              "Connection: close\r\nContent-Length: %d\r\n\r\n%s",
                              own_answers[row].code, own_answers[row].reason, size, body);
}

static void on_output(struct evbuffer *buffer, const struct evbuffer_cb_info *info, void *argument)
{
    (void)buffer;
    struct connection *connection = argument;
    if (info->n_added > 0 && !connection->ours)
        event_active(connection->reword, EV_TIMEOUT, 0);
}

static struct bufferevent *on_connection(struct event_base *base, void *argument)
{
    struct vg_https *https = argument;
    struct connection *connection = vg_alloc(sizeof *connection);
    SSL *ssl = SSL_new(https->context);
    if (!connection || !ssl)
        goto failed;
    connection->https = https;
    connection->deadline = evtimer_new(base, on_deadline, connection);
    connection->reword = evtimer_new(base, on_reword, connection);
    if (!connection->deadline || !connection->reword)
        goto failed;
    struct bufferevent *stream = bufferevent_openssl_socket_new(
        base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    if (!stream)
        goto failed;
    bufferevent_openssl_set_allow_dirty_shutdown(stream, 1);
    connection->stream = stream;
    (void)evbuffer_add_cb(bufferevent_get_output(stream), on_output, connection);
    (void)evtimer_add(connection->deadline, &https->deadline);
    /* from here on the SSL object owns the connection */
    (void)SSL_set_ex_data(ssl, https->ssl_index, connection);
    https->counts.accepted++;
    if (++https->counts.open >= https->connections_max)
        (void)evconnlistener_disable(https->listener);
    return stream;
failed:
    if (connection) {
        if (connection->deadline)
            event_free(connection->deadline);
        if (connection->reword)
            event_free(connection->reword);
        vg_free(connection);
    }
    SSL_free(ssl);
    ERR_clear_error();
    return NULL; /* evhttp then makes a plain connection; TLS bytes are a bad head to it: 400 */
}

static void on_answered(struct evhttp_request *request, void *argument)
{
    (void)request;
    struct connection *connection = argument;
    connection->ours = 0;
    (void)evtimer_add(connection->deadline, &connection->https->deadline);
}

static void on_request(struct evhttp_request *request, void *argument)
{
    struct vg_https *https = argument;
    struct evhttp_connection *http = evhttp_request_get_connection(request);
    SSL *ssl = bufferevent_openssl_get_ssl(evhttp_connection_get_bufferevent(http));
    struct connection *connection = ssl ? SSL_get_ex_data(ssl, https->ssl_index) : NULL;
    if (!connection) { /* never without TLS */
        evhttp_send_error(request, 500, NULL);
        return;
    }
    connection->ours = 1;
    (void)evtimer_del(connection->deadline);
    evhttp_request_set_on_complete_cb(request, on_answered, connection);
    https->take(https->user, request);
}

/* ---- listening ------------------------------------------------------------------------------ */

static void on_resume(evutil_socket_t fd, short what, void *argument)
{
    (void)fd, (void)what;
    struct vg_https *https = argument;
    if (https->counts.open < https->connections_max)
        (void)evconnlistener_enable(https->listener);
}

/* Without this evhttp would try accept() again at once, for ever: a whole core and 300 000
 * warnings a second were measured when there are no descriptors left. */
static void on_accept_error(struct evconnlistener *listener, void *argument)
{
    struct vg_https *https = argument;
    const int error = errno;
    const uint64_t count =
        vg_log_repeat_due(&https->accept_errors, vg_mono_now(), 60 * VG_US_PER_S);
    if (count)
        vg_log(VG_LOG_WARN, "no connection could be accepted (%s), %llu times", strerror(error),
               (unsigned long long)count);
    (void)evconnlistener_disable(listener);
    const struct timeval pause = {ACCEPT_PAUSE_S, 0};
    (void)evtimer_add(https->resume, &pause);
}

static int listen_on(const struct addrinfo *at)
{
    const int one = 1, sndbuf = STREAM_SNDBUF_BYTES;
    const int fd =
        socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, at->ai_protocol);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    /* accepted sockets inherit both; without the first every answer waits 44 ms for Nagle */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof sndbuf);
    if (bind(fd, at->ai_addr, at->ai_addrlen) || listen(fd, 512)) {
        const int error = errno;
        (void)close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage at = {0};
    socklen_t size = sizeof at;
    char port[16] = "0";
    if (getsockname(fd, (struct sockaddr *)&at, &size) ||
        getnameinfo((struct sockaddr *)&at, size, NULL, 0, port, sizeof port, NI_NUMERICSERV))
        return 0;
    return (uint16_t)strtoul(port, NULL, 10);
}

static enum vg_status open_socket(const struct vg_https_settings *settings, int *fd,
                                  struct vg_fault *fault)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    char port[8];
    (void)snprintf(port, sizeof port, "%u", (unsigned)settings->port);
    *fd = -1;
    if (getaddrinfo(settings->address, port, &hints, &found) || !found)
        return vg_fault_set(fault, VG_E_LACK, N_("the listening address is unknown"),
                            N_("give an address of this machine with --listen ADDR:PORT"), "%s",
                            settings->address);
    *fd = listen_on(found);
    const int error = errno;
    freeaddrinfo(found);
    if (*fd >= 0)
        return VG_OK;
    if (error == EADDRINUSE)
        return vg_fault_set(
            fault, VG_E_LACK, N_("the port is in use"),
            N_("stop the program that holds it, or choose another with --listen ADDR:PORT"),
            "%s:%s", settings->address, port);
    return vg_fault_set(fault, VG_E_LACK, N_("this address and port cannot be listened on"),
                        N_("choose others with --listen ADDR:PORT (ports below 1024 want rights)"),
                        "%s:%s (%s)", settings->address, port, strerror(error));
}

enum vg_status vg_https_open(struct vg_https **https, struct event_base *base,
                             const struct vg_https_settings *settings, vg_https_take *take,
                             void *user, struct vg_fault *fault)
{
    *https = NULL;
    int fd = -1;
    struct vg_https *h = vg_alloc(sizeof *h);
    if (!h)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "HTTPS");
    *h = (struct vg_https){
        .base = base,
        .take = take,
        .user = user,
        .connections_max = settings->connections_max,
        .deadline = {.tv_sec = settings->deadline_us / VG_US_PER_S,
                     .tv_usec = settings->deadline_us % VG_US_PER_S},
    };
    enum vg_status status = vg_certificate_ensure(settings->data, fault);
    if (!status)
        status = vg_certificate_context(settings->data, &h->context, fault);
    if (!status)
        status = open_socket(settings, &fd, fault);
    if (status)
        goto done;
    h->port = port_of(fd);

    status = vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "HTTPS");
    h->ssl_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, connection_gone);
    h->http = evhttp_new(base);
    h->resume = evtimer_new(base, on_resume, h);
    if (h->ssl_index < 0 || !h->http || !h->resume)
        goto done;
    h->listener =
        evconnlistener_new(base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (!h->listener)
        goto done;
    fd = -1;
    if (!evhttp_bind_listener(h->http, h->listener)) {
        evconnlistener_free(h->listener);
        goto done;
    }
    evconnlistener_set_error_cb(h->listener, on_accept_error);
    evhttp_set_bevcb(h->http, on_connection, h);
    evhttp_set_gencb(h->http, on_request, h);
    evhttp_set_max_headers_size(h->http, VG_HTTPS_HEAD_MAX);
    evhttp_set_max_body_size(h->http, VG_HTTPS_BODY_MAX);
    evhttp_set_timeout(h->http, READ_TIMEOUT_S);
    /* read what a client still sends before a 413 is said: closed at once, it would see a reset */
    (void)evhttp_set_flags(h->http, EVHTTP_SERVER_LINGERING_CLOSE);
    evhttp_set_allowed_methods(h->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
                                            EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
                                            EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
    status = VG_OK;
done:
    if (fd >= 0)
        (void)close(fd);
    if (status)
        vg_https_close(&h);
    *https = h;
    return status;
}

void vg_https_close(struct vg_https **https)
{
    struct vg_https *h = *https;
    if (!h)
        return;
    h->closing = 1;
    if (h->http)
        evhttp_free(h->http);
    /* connections end in the loop's next turns: libevent defers their destruction */
    for (int turn = 0; turn < 16 && h->counts.open > 0; turn++)
        (void)event_base_loop(h->base, EVLOOP_NONBLOCK);
    if (h->resume)
        event_free(h->resume);
    SSL_CTX_free(h->context);
    vg_free(h);
    *https = NULL;
}

uint16_t vg_https_port(const struct vg_https *https)
{
    return https->port;
}

struct vg_https_counts vg_https_counts(const struct vg_https *https)
{
    return https->counts;
}
