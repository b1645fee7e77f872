/* The HTTPS server alone, with a small bound and a short deadline, and its certificate.
 * labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <fcntl.h>
#include <openssl/x509v3.h>
#include <sys/eventfd.h>

#include "api/certificate.h"
#include "api/https_server.h"
#include "src/base/file.h"
#include "tests/unit/api_client.h"

struct state {
    char data[64];
    struct event_base *base;
    struct vg_https *https;
    struct event *quit;
    int quit_fd;
    pthread_t thread;
    struct client client;
};

static void answer_all(void *user, struct evhttp_request *request)
{
    (void)user;
    struct evbuffer *body = evbuffer_new();
    (void)evbuffer_add_printf(body, "hello\n");
    evhttp_send_reply(request, 200, "OK", body);
    evbuffer_free(body);
}

static void on_quit(evutil_socket_t fd, short what, void *argument)
{
    (void)fd, (void)what;
    struct state *s = argument;
    (void)event_base_loopbreak(s->base);
}

static void *loop(void *argument)
{
    struct state *s = argument;
    (void)event_base_dispatch(s->base);
    vg_https_close(&s->https);
    return NULL;
}

static int start(void **out)
{
    struct state *s = calloc(1, sizeof *s);
    struct vg_https_settings settings;
    struct vg_fault fault = {0};
    *out = s;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)snprintf(s->data, sizeof s->data, "/tmp/vgapi.XXXXXX");
    assert_non_null(mkdtemp(s->data));
    s->base = event_base_new();
    s->quit_fd = eventfd(0, EFD_CLOEXEC);
    s->quit = event_new(s->base, s->quit_fd, EV_READ, on_quit, s);
    (void)event_add(s->quit, NULL);
    vg_https_defaults(&settings);
    settings.port = 0;
    settings.data = s->data;
    settings.connections_max = 2;
    settings.deadline_us = VG_US_PER_S;
    assert_int_equal(vg_https_open(&s->https, s->base, &settings, answer_all, NULL, &fault), VG_OK);
    client_open(&s->client, vg_https_port(s->https));
    assert_int_equal(pthread_create(&s->thread, NULL, loop, s), 0);
    return 0;
}

static void remove_folder(char *path)
{
    struct server only = {0};
    (void)snprintf(only.data, sizeof only.data, "%s", path);
    server_remove(&only);
}

static int stop(void **out)
{
    struct state *s = *out;
    const uint64_t one = 1;
    assert_int_equal(write(s->quit_fd, &one, sizeof one), sizeof one);
    assert_int_equal(pthread_join(s->thread, NULL), 0);
    event_free(s->quit);
    event_base_free(s->base);
    (void)close(s->quit_fd);
    client_close(&s->client);
    remove_folder(s->data);
    free(s);
    return 0;
}

/* One byte of a head every 100 ms: each read is in time, the request is not. */
static void who_drips_is_cut(void **out)
{
    struct state *s = *out;
    static const char head[] =
        "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const int64_t begin = vg_mono_now().us;
    SSL *ssl = client_dial(&s->client);
    size_t sent = 0;
    while (sent < sizeof head - 1 && SSL_write(ssl, head + sent, 1) == 1) {
        vg_pause_us(100000);
        sent++;
    }
    assert_true(sent < sizeof head - 1);
    assert_true(vg_mono_now().us - begin < 10 * VG_US_PER_S);
    client_hang_up(ssl);
}

/* A connection without TLS at all, mute, goes the same way. */
static void who_says_nothing_is_cut(void **out)
{
    struct state *s = *out;
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons(s->client.port),
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof at), 0);
    struct pollfd end = {fd, POLLIN, 0};
    char byte;
    assert_int_equal(poll(&end, 1, 10000), 1);
    assert_true(read(fd, &byte, 1) <= 0);
    (void)close(fd);
}

/* Two are served; a third waits in the queue until one leaves, then is served too. */
static void connections_are_bounded(void **out)
{
    struct state *s = *out;
    static const char ask[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    SSL *first = client_dial(&s->client), *second = client_dial(&s->client);
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons(s->client.port),
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const struct timeval patience = {15, 0};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof at), 0);
    SSL *third = SSL_new(s->client.context);
    assert_int_equal(SSL_set_fd(third, fd), 1);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(SSL_connect(third), -1); /* says hello, and nobody answers */
    struct pollfd hello = {fd, POLLIN, 0};
    assert_int_equal(poll(&hello, 1, 150), 0);
    assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
    client_hang_up(first);
    assert_int_equal(SSL_connect(third), 1);
    client_send(third, ask, sizeof ask - 1);
    char text[256];
    assert_true(SSL_read(third, text, sizeof text) > 0);
    client_hang_up(second);
    client_hang_up(third);
}

static void requests_are_served_still(void **out)
{
    struct state *s = *out;
    for (int i = 0; i < 20; i++)
        assert_int_equal(client_code(&s->client, "GET", "/", NULL, NULL), 200);
}

/* The certificate names this machine, and verifies against itself. */
static void the_certificate_is_good(void **out)
{
    struct state *s = *out;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/tls/cert.pem", s->data);
    SSL_CTX_set_verify(s->client.context, SSL_VERIFY_PEER, NULL);
    assert_int_equal(SSL_CTX_load_verify_locations(s->client.context, path, NULL), 1);
    SSL *ssl = client_dial(&s->client);
    X509 *certificate = SSL_get1_peer_certificate(ssl);
    assert_int_equal(X509_check_ip_asc(certificate, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_host(certificate, "localhost", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(certificate, "elsewhere.example", 0, 0, NULL), 0);
    X509_free(certificate);
    client_hang_up(ssl);
    SSL_CTX_set_verify(s->client.context, SSL_VERIFY_NONE, NULL);
}

/* What is wrong with the pair, and what is said of it. */
static void a_bad_pair_is_refused(void **out)
{
    (void)out;
    static const struct {
        const char *name, *cert, *key; /* NULL: not there */
        enum vg_status ensure, context;
    } rows[] = {
        {"no key", "x", NULL, VG_E_INPUT, VG_E_INPUT},
        {"no certificate: a start that was cut", NULL, "x", VG_OK, VG_OK},
        {"neither", NULL, NULL, VG_OK, VG_OK},
        {"rubbish", "x", "y", VG_OK, VG_E_INPUT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char data[64] = "/tmp/vgapi.XXXXXX", path[128];
        struct vg_fault fault = {0};
        SSL_CTX *context = NULL;
        assert_non_null(mkdtemp(data));
        (void)snprintf(path, sizeof path, "%s/tls", data);
        assert_int_equal(vg_folder_make(path, &fault), VG_OK);
        (void)snprintf(path, sizeof path, "%s/tls/cert.pem", data);
        if (rows[i].cert)
            assert_int_equal(vg_file_write(path, rows[i].cert, 1, 0644, VG_FILE_PLAIN, &fault), 0);
        (void)snprintf(path, sizeof path, "%s/tls/key.pem", data);
        if (rows[i].key)
            assert_int_equal(vg_file_write(path, rows[i].key, 1, 0600, VG_FILE_PLAIN, &fault), 0);
        const enum vg_status ensure = vg_certificate_ensure(data, &fault);
        const enum vg_status status = vg_certificate_context(data, &context, &fault);
        if (ensure != rows[i].ensure || status != rows[i].context)
            fail_msg("%s: %d %d", rows[i].name, ensure, status);
        if (status)
            assert_non_null(strstr(fault.place, "/tls/"));
        SSL_CTX_free(context);
        remove_folder(data);
    }
}

static void an_address_of_elsewhere_is_refused(void **out)
{
    struct state *s = *out;
    struct event_base *base = event_base_new();
    struct vg_https *https;
    struct vg_https_settings settings;
    struct vg_fault fault = {0};
    vg_https_defaults(&settings);
    settings.port = 0;
    settings.data = s->data;
    settings.address = "192.0.2.1"; /* RFC 5737: nobody's */
    assert_int_equal(vg_https_open(&https, base, &settings, answer_all, NULL, &fault), VG_E_LACK);
    assert_null(https);
    assert_non_null(strstr(fault.place, "192.0.2.1"));
    event_base_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_drips_is_cut),
        cmocka_unit_test(who_says_nothing_is_cut),
        cmocka_unit_test(connections_are_bounded),
        cmocka_unit_test(requests_are_served_still),
        cmocka_unit_test(the_certificate_is_good),
        cmocka_unit_test(a_bad_pair_is_refused),
        cmocka_unit_test(an_address_of_elsewhere_is_refused),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
