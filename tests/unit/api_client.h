/* For tests: a whole api process in a thread, on port 0 and a folder of its own, and a small
 * HTTPS client. One of each per test program; failures end the test at once. */
#ifndef VG_TESTS_API_CLIENT_H
#define VG_TESTS_API_CLIENT_H

#include <arpa/inet.h>
#include <jansson.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/api_process.h"
#include "src/base/clock.h"
#include "src/base/message.h"
#include "src/base/text.h"
#include "src/store/accounts.h"
#include "src/store/archive.h"
#include "src/store/config.h"
#include "src/store/redis_link.h"

#define CLIENT_PASSWORD "un mot de passe long"

struct server {
    char data[64], socket[96];
    int control; /* our end */
    uint16_t port;
    pthread_t thread;
    enum vg_status ended;
    struct vg_api_settings settings;
    pid_t redis;          /* 0: none */
    const int *media_fds; /* to ingest; set before it is started */
    size_t media_count;
    char buffer[1 << 16];
    struct vg_message_reader reader;
};

struct client {
    uint16_t port;
    SSL_CTX *context;
    char cookie[160]; /* "vigie=..." */
    char csrf[80];
    const char *language; /* of Accept-Language, NULL: none sent */
};

struct answer {
    int code;
    char *head; /* status line and headers, lower case names as sent */
    char *body; /* size bytes and a zero, unchunked */
    size_t size;
};

static inline void *server_thread(void *argument)
{
    struct server *server = argument;
    server->ended = vg_api_run(&server->settings);
    (void)shutdown(server->settings.control_fd, SHUT_RDWR);
    return NULL;
}

/* The next message of that type within 20 s; given. */
static inline json_t *server_wait(struct server *server, const char *wanted)
{
    for (;;) {
        const char *text, *type;
        size_t size;
        if (vg_message_read(&server->reader, server->control, 20000, &text, &size))
            return NULL;
        json_t *message = vg_message_parse(text, size, &type);
        if (message && strcmp(type, wanted) == 0)
            return message;
        json_decref(message);
    }
}

static inline void server_say(struct server *server, json_t *message)
{
    assert_int_equal(vg_message_write_json(server->control, message), VG_OK);
    json_decref(message);
}

static inline void server_start_redis(struct server *server)
{
    server->redis = fork();
    assert_true(server->redis >= 0);
    if (server->redis == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (!freopen("/dev/null", "w", stdout))
            _exit(126);
        execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", server->socket,
               "--unixsocketperm", "700", "--save", "", "--appendonly", "no", "--dir", server->data,
               (char *)NULL);
        _exit(127);
    }
    struct vg_redis_link *link = NULL;
    const struct vg_redis_settings settings = vg_redis_defaults(server->socket);
    assert_int_equal(vg_redis_open(&link, &settings, NULL), VG_OK);
    const int64_t end = vg_mono_now().us + 10 * VG_US_PER_S;
    while (vg_redis_ping(link, NULL) != VG_OK) {
        assert_true(vg_mono_now().us < end);
        vg_pause_us(5000);
    }
    vg_redis_close(&link);
}

static inline void server_stop_redis(struct server *server)
{
    if (server->redis <= 0)
        return;
    (void)kill(server->redis, SIGKILL);
    (void)waitpid(server->redis, NULL, 0);
    server->redis = 0;
}

/* Folder, accounts `op`, `tech`, `adv` and `aud`, one of each role, a flux "cam-1". */
static inline void server_prepare(struct server *server)
{
    const struct vg_argon_cost cheap = {1, 8, 1};
    struct vg_database *database = NULL;
    struct vg_flux_config flux;
    struct vg_fault fault = {0};
    *server = (struct server){.control = -1};
    (void)snprintf(server->data, sizeof server->data, "/tmp/vgapi.XXXXXX");
    assert_non_null(mkdtemp(server->data));
    (void)snprintf(server->socket, sizeof server->socket, "%s/r.sock", server->data);
    assert_int_equal(vg_database_open(&database, server->data, VG_DATABASE_CREATE, &fault), VG_OK);
    static const struct {
        const char *name;
        enum vg_role role;
    } accounts[] = {{"op", VG_ROLE_OPERATOR},
                    {"tech", VG_ROLE_TECHNICAL},
                    {"adv", VG_ROLE_ADVANCED},
                    {"aud", VG_ROLE_AUDITOR}};
    for (size_t i = 0; i < sizeof accounts / sizeof *accounts; i++)
        assert_int_equal(vg_account_create(database, accounts[i].name, accounts[i].role,
                                           CLIENT_PASSWORD, cheap, vg_wall_now(), &fault),
                         VG_OK);
    vg_flux_defaults(&flux, "cam-1");
    (void)snprintf(flux.url, sizeof flux.url, "file:/tmp/clip.avi");
    assert_int_equal(vg_config_flux_put(database, NULL, &flux, NULL, VG_VERSION_NEW, &fault),
                     VG_OK);
    vg_database_close(&database);
}

static inline void server_start(struct server *server)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    server->control = pair[0];
    vg_message_reader_init(&server->reader, server->buffer, sizeof server->buffer);
    server->settings = (struct vg_api_settings){.address = "127.0.0.1",
                                                .data = server->data,
                                                .redis_socket = server->socket,
                                                .media_fds = server->media_fds,
                                                .media_count = server->media_count,
                                                .control_fd = pair[1]};
    assert_int_equal(pthread_create(&server->thread, NULL, server_thread, server), 0);
    json_t *listening = server_wait(server, "listening");
    assert_non_null(listening);
    server->port = (uint16_t)json_integer_value(json_object_get(listening, "port"));
    json_decref(listening);
}

static inline void server_stop(struct server *server)
{
    server_say(server, json_pack("{s:s}", "type", "quit"));
    assert_int_equal(pthread_join(server->thread, NULL), 0);
    assert_int_equal(server->ended, VG_OK);
    (void)close(server->control);
    (void)close(server->settings.control_fd);
    server->control = -1;
}

static inline void server_remove(struct server *server)
{
    server_stop_redis(server);
    char *const argv[] = {(char[]){"rm"}, (char[]){"-rf"}, server->data, NULL};
    const pid_t pid = fork();
    if (pid == 0) {
        execvp("rm", argv);
        _exit(127);
    }
    (void)waitpid(pid, NULL, 0);
}

/* ---- client --------------------------------------------------------------------------------- */

static inline void client_open(struct client *client, uint16_t port)
{
    *client = (struct client){.port = port, .context = SSL_CTX_new(TLS_client_method())};
    assert_non_null(client->context);
    SSL_CTX_set_options(client->context, SSL_OP_IGNORE_UNEXPECTED_EOF);
}

static inline void client_close(struct client *client)
{
    SSL_CTX_free(client->context);
}

/* A connected TLS session on a socket with 15 s of patience. */
static inline SSL *client_dial(struct client *client)
{
    const struct timeval patience = {15, 0};
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_port = htons(client->port),
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof at), 0);
    SSL *ssl = SSL_new(client->context);
    assert_int_equal(SSL_set_fd(ssl, fd), 1);
    assert_int_equal(SSL_connect(ssl), 1);
    return ssl;
}

static inline void client_hang_up(SSL *ssl)
{
    const int fd = SSL_get_fd(ssl);
    (void)SSL_shutdown(ssl);
    SSL_free(ssl);
    (void)close(fd);
}

static inline void client_send(SSL *ssl, const void *data, size_t size)
{
    const char *from = data;
    while (size > 0) {
        const int n = SSL_write(ssl, from, size > 65536 ? 65536 : (int)size);
        assert_true(n > 0);
        from += n;
        size -= (size_t)n;
    }
}

/* strstr without regard to case. */
static inline const char *find_text(const char *text, const char *wanted)
{
    for (; *text; text++)
        if (strncasecmp(text, wanted, strlen(wanted)) == 0)
            return text;
    return NULL;
}

static inline void copy_until(const char *from, const char *ends, char *out, size_t size)
{
    const size_t n = strcspn(from, ends);
    assert_true(n < size);
    memcpy(out, from, n);
    out[n] = '\0';
}

/* The value of a header in a head, or NULL: out. */
static inline const char *head_value(const char *head, const char *name, char *out, size_t size)
{
    char wanted[64];
    (void)snprintf(wanted, sizeof wanted, "\r\n%s: ", name);
    const char *p = find_text(head, wanted);
    if (!p)
        return NULL;
    p += strlen(wanted);
    copy_until(p, "\r", out, size);
    return out;
}

/* Undoes chunks in place; returns the size. */
static inline size_t unchunk(char *body, size_t size)
{
    size_t in = 0, out = 0;
    while (in < size) {
        char *end;
        const size_t n = strtoul(body + in, &end, 16);
        in = (size_t)(end - body) + 2;
        if (n == 0 || in + n > size)
            break;
        memmove(body + out, body + in, n);
        out += n;
        in += n + 2;
    }
    body[out] = '\0';
    return out;
}

/* Reads until the other side closes. */
static inline struct answer client_read(SSL *ssl)
{
    struct answer answer = {0};
    size_t room = 1 << 16, used = 0;
    char *text = malloc(room + 1), value[64];
    assert_non_null(text);
    for (int n; (n = SSL_read(ssl, text + used, (int)(room - used))) > 0;) {
        used += (size_t)n;
        if (used == room) {
            room *= 2;
            text = realloc(text, room + 1);
            assert_non_null(text);
        }
    }
    text[used] = '\0';
    char *split = strstr(text, "\r\n\r\n");
    if (!split) { /* the connection ended without an answer: code 0 */
        answer.head = text;
        answer.body = calloc(1, 1);
        return answer;
    }
    split[2] = '\0';
    answer.size = used - (size_t)(split + 4 - text);
    answer.body = malloc(answer.size + 1);
    assert_non_null(answer.body);
    memcpy(answer.body, split + 4, answer.size + 1);
    answer.head = text;
    answer.code = (int)strtol(strchr(text, ' ') ? strchr(text, ' ') : "0", NULL, 10);
    if (head_value(text, "Transfer-Encoding", value, sizeof value))
        answer.size = unchunk(answer.body, answer.size);
    return answer;
}

static inline void answer_free(struct answer *answer)
{
    free(answer->head);
    free(answer->body);
    *answer = (struct answer){0};
}

/* One request on a connection of its own. headers: further lines with \r\n, or NULL. */
static inline struct answer client_call_bytes(struct client *client, const char *method,
                                              const char *path, const char *headers,
                                              const char *body, size_t size)
{
    char head[4096], language[64] = "";
    if (client->language)
        (void)snprintf(language, sizeof language, "Accept-Language: %s\r\n", client->language);
    const int n = snprintf(head, sizeof head,
                           "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s%s%s%s"
                           "X-CSRF-Token: %s\r\n%sContent-Length: %zu\r\n%s\r\n",
                           method, path, client->cookie[0] ? "Cookie: " : "", client->cookie,
                           client->cookie[0] ? "\r\n" : "", language, client->csrf,
                           body && !(headers && find_text(headers, "Content-Type"))
                               ? "Content-Type: application/json\r\n"
                               : "",
                           size, headers ? headers : "");
    assert_true(n > 0 && (size_t)n < sizeof head);
    SSL *ssl = client_dial(client);
    client_send(ssl, head, (size_t)n);
    client_send(ssl, body, size);
    const struct answer answer = client_read(ssl);
    client_hang_up(ssl);
    return answer;
}

static inline struct answer client_call(struct client *client, const char *method, const char *path,
                                        const char *headers, const char *body)
{
    return client_call_bytes(client, method, path, headers, body, body ? strlen(body) : 0);
}

/* Only the code. */
static inline int client_code(struct client *client, const char *method, const char *path,
                              const char *headers, const char *body)
{
    struct answer answer = client_call(client, method, path, headers, body);
    const int code = answer.code;
    answer_free(&answer);
    return code;
}

static inline json_t *answer_json(const struct answer *answer)
{
    return json_loadb(answer->body, answer->size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
}

/* A text of the answer by two keys, into out; "" if it is not there. */
static inline void answer_text(const struct answer *answer, const char *first, const char *second,
                               char *out, size_t size)
{
    json_t *root = answer_json(answer);
    const json_t *value = json_object_get(root, first);
    if (second)
        value = json_object_get(value, second);
    const char *text = json_string_value(value);
    (void)snprintf(out, size, "%s", text ? text : "");
    json_decref(root);
}

static inline void client_sign_in(struct client *client, const char *name)
{
    char body[256], cookie[192];
    (void)snprintf(body, sizeof body, "{\"name\":\"%s\",\"password\":\"" CLIENT_PASSWORD "\"}",
                   name);
    client->cookie[0] = client->csrf[0] = '\0';
    struct answer answer = client_call(client, "POST", "/api/v1/session", NULL, body);
    assert_int_equal(answer.code, 200);
    assert_non_null(head_value(answer.head, "Set-Cookie", cookie, sizeof cookie));
    assert_non_null(strstr(cookie, "; HttpOnly; Secure; SameSite=Strict"));
    copy_until(cookie, ";", client->cookie, sizeof client->cookie);
    answer_text(&answer, "csrf", NULL, client->csrf, sizeof client->csrf);
    assert_int_equal(strlen(client->csrf), 64);
    answer_free(&answer);
}

#endif
