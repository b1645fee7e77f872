/* A camera for tests: a thread on 127.0.0.1 that answers RTSP by a script, with or without TLS.
 *
 * A script is rows of method and answer. For each request the first row of its method that is not
 * used up answers; a row is used `times` times (0: always). In an answer stand {cseq} of the
 * request, {port} of the server, {udp} its first UDP port, {sdp} the description with its length,
 * {rtp:text}, {rtcp:text} and {other:text} interleaved frames. What came in is kept in `log`. */
#ifndef VG_TESTS_RTSP_SERVER_H
#define VG_TESTS_RTSP_SERVER_H

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum rtsp_then {
    THEN_GO_ON,
    THEN_CLOSE,
    THEN_CANCEL,  /* changes the generation, says nothing more */
    THEN_SEND_UDP /* one RTP, one RTCP, and one from a port that is not ours */
};

struct rtsp_step {
    const char *method, *answer;
    enum rtsp_then then;
    int times;
};

#define RTSP_STEPS_MAX 12

struct rtsp_server {
    int listener, stop;
    uint16_t port;
    pthread_t thread;
    struct rtsp_step steps[RTSP_STEPS_MAX];
    int used[RTSP_STEPS_MAX];
    const char *sdp;
    SSL_CTX *tls;  /* borrowed; NULL: in the clear */
    bool bytewise; /* each byte is sent by itself */
    _Atomic uint32_t generation;
    int udp[2], stranger;
    uint16_t udp_port, client_port;
    char log[65536];
    size_t log_size;
    int connections;
};

struct rtsp_connection {
    int fd;
    SSL *ssl;
};

static void rtsp_send_all(const struct rtsp_server *server,
                          const struct rtsp_connection *connection, const char *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        const size_t piece = server->bytewise ? 1 : size - done;
        const ssize_t put = connection->ssl
                                ? SSL_write(connection->ssl, data + done, (int)piece)
                                : send(connection->fd, data + done, piece, MSG_NOSIGNAL);
        if (put <= 0)
            return;
        done += (size_t)put;
    }
}

static size_t rtsp_put(char *out, size_t used, size_t size, const char *text, size_t length)
{
    if (length >= size - used)
        abort();
    memcpy(out + used, text, length);
    return used + length;
}

static size_t rtsp_put_frame(char *out, size_t used, size_t size, char channel, const char *text,
                             size_t length)
{
    const char head[4] = {'$', channel, (char)(length >> 8), (char)length};
    used = rtsp_put(out, used, size, head, sizeof head);
    return rtsp_put(out, used, size, text, length);
}

/* One {word}. */
static size_t rtsp_expand_word(const struct rtsp_server *server, const char *word, size_t length,
                               const char *cseq, char *out, size_t used, size_t size)
{
    char text[4096];
    int made = -1;
    if (strncmp(word, "rtp:", 4) == 0)
        return rtsp_put_frame(out, used, size, 0, word + 4, length - 4);
    if (strncmp(word, "rtcp:", 5) == 0)
        return rtsp_put_frame(out, used, size, 1, word + 5, length - 5);
    if (strncmp(word, "other:", 6) == 0)
        return rtsp_put_frame(out, used, size, 9, word + 6, length - 6);
    if (strncmp(word, "cseq", length) == 0)
        made = snprintf(text, sizeof text, "%s", cseq);
    else if (strncmp(word, "port", length) == 0)
        made = snprintf(text, sizeof text, "%u", server->port);
    else if (strncmp(word, "udp", length) == 0)
        made = snprintf(text, sizeof text, "%u-%u", server->udp_port, server->udp_port + 1U);
    else if (strncmp(word, "sdp", length) == 0)
        made = snprintf(text, sizeof text,
                        "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
                        strlen(server->sdp), server->sdp);
    if (made < 0)
        abort();
    return rtsp_put(out, used, size, text, (size_t)made);
}

static void rtsp_answer(const struct rtsp_server *server, const struct rtsp_connection *connection,
                        const char *answer, const char *cseq)
{
    char out[32768];
    size_t used = 0;
    while (*answer) {
        const size_t plain = strcspn(answer, "{");
        used = rtsp_put(out, used, sizeof out, answer, plain);
        answer += plain;
        if (!*answer)
            break;
        const size_t word = strcspn(answer, "}");
        used = rtsp_expand_word(server, answer + 1, word - 1, cseq, out, used, sizeof out);
        answer += word + 1;
    }
    rtsp_send_all(server, connection, out, used);
}

static void rtsp_send_datagrams(const struct rtsp_server *server)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < 2; i++) {
        const char *text = i == 0 ? "media" : "report";
        to.sin_port = htons((uint16_t)(server->client_port + i));
        (void)sendto(server->stranger, "strange", 7, 0, (const struct sockaddr *)&to, sizeof to);
        (void)sendto(server->udp[i], text, strlen(text), 0, (const struct sockaddr *)&to,
                     sizeof to);
    }
}

/* false: the connection is over. */
static bool rtsp_take_request(struct rtsp_server *server, const struct rtsp_connection *connection,
                              const char *request)
{
    char cseq[32] = "0";
    const char *found = strstr(request, "CSeq: ");
    const char *port = strstr(request, "client_port=");
    if (found)
        (void)snprintf(cseq, sizeof cseq, "%ld", strtol(found + 6, NULL, 10));
    if (port)
        server->client_port = (uint16_t)strtol(port + 12, NULL, 10);
    for (size_t i = 0; i < RTSP_STEPS_MAX && server->steps[i].method; i++) {
        const struct rtsp_step *step = &server->steps[i];
        if (strncmp(request, step->method, strlen(step->method)) != 0 ||
            (step->times > 0 && server->used[i] >= step->times))
            continue;
        server->used[i]++;
        if (step->answer)
            rtsp_answer(server, connection, step->answer, cseq);
        if (step->then == THEN_CANCEL)
            atomic_fetch_add(&server->generation, 1);
        if (step->then == THEN_SEND_UDP)
            rtsp_send_datagrams(server);
        return step->then != THEN_CLOSE;
    }
    return true; /* silence */
}

/* What has come is read before a stop is obeyed. */
static ssize_t rtsp_receive(const struct rtsp_server *server,
                            const struct rtsp_connection *connection, char *data, size_t size)
{
    struct pollfd fds[2] = {{connection->fd, POLLIN, 0}, {server->stop, POLLIN, 0}};
    const bool pending = connection->ssl && SSL_pending(connection->ssl) > 0;
    if (!pending && (poll(fds, 2, -1) < 0 || !fds[0].revents))
        return -1;
    return connection->ssl ? SSL_read(connection->ssl, data, (int)size)
                           : recv(connection->fd, data, size, 0);
}

/* Until the other side closes: a reset would overtake what was said last. */
static void rtsp_drain(const struct rtsp_server *server, int fd)
{
    const struct rtsp_connection plain = {.fd = fd};
    char data[4096];
    (void)shutdown(fd, SHUT_WR);
    while (rtsp_receive(server, &plain, data, sizeof data) > 0)
        continue;
}

static void rtsp_serve(struct rtsp_server *server, const struct rtsp_connection *connection)
{
    char data[16384];
    size_t used = 0;
    for (;;) {
        const ssize_t got = rtsp_receive(server, connection, data + used, sizeof data - 1 - used);
        if (got <= 0)
            return;
        used += (size_t)got;
        if (server->log_size + (size_t)got < sizeof server->log) {
            memcpy(server->log + server->log_size, data + used - (size_t)got, (size_t)got);
            server->log_size += (size_t)got;
        }
        for (;;) {
            data[used] = '\0';
            size_t taken = 0;
            const char *end = strstr(data, "\r\n\r\n");
            if (data[0] == '$' && used >= 4)
                taken = 4 + ((size_t)(uint8_t)data[2] << 8 | (uint8_t)data[3]);
            else if (end)
                taken = (size_t)(end + 4 - data);
            if (taken == 0 || taken > used)
                break;
            if (data[0] != '$' && !rtsp_take_request(server, connection, data))
                return;
            memmove(data, data + taken, used - taken);
            used -= taken;
        }
    }
}

static void *rtsp_run(void *opaque)
{
    struct rtsp_server *server = opaque;
    for (;;) {
        struct pollfd fds[2] = {{server->listener, POLLIN, 0}, {server->stop, POLLIN, 0}};
        const int one = 1;
        if (poll(fds, 2, -1) < 0 || fds[1].revents)
            return NULL;
        struct rtsp_connection connection = {.fd = accept(server->listener, NULL, NULL)};
        if (connection.fd < 0)
            continue;
        server->connections++;
        (void)setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (server->tls) {
            connection.ssl = SSL_new(server->tls);
            (void)SSL_set_fd(connection.ssl, connection.fd);
        }
        if (!connection.ssl || SSL_accept(connection.ssl) == 1)
            rtsp_serve(server, &connection);
        else
            rtsp_drain(server, connection.fd);
        SSL_free(connection.ssl);
        (void)close(connection.fd);
    }
}

static int rtsp_bound(int type, uint16_t port, uint16_t *got)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        abort();
    if (bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &size) != 0) {
        (void)close(fd);
        return -1;
    }
    *got = ntohs(at.sin_port);
    return fd;
}

/* server: steps, sdp and the choices filled in, all else 0. */
static void rtsp_server_start(struct rtsp_server *server)
{
    uint16_t unused;
    server->listener = rtsp_bound(SOCK_STREAM, 0, &server->port);
    server->stranger = rtsp_bound(SOCK_DGRAM, 0, &unused);
    server->stop = eventfd(0, EFD_CLOEXEC);
    for (;;) { /* a pair one after the other */
        server->udp[0] = rtsp_bound(SOCK_DGRAM, 0, &server->udp_port);
        server->udp[1] = rtsp_bound(SOCK_DGRAM, (uint16_t)(server->udp_port + 1), &unused);
        if (server->udp[1] >= 0)
            break;
        (void)close(server->udp[0]);
    }
    if (server->listener < 0 || server->stop < 0 || listen(server->listener, 8) != 0 ||
        pthread_create(&server->thread, NULL, rtsp_run, server) != 0)
        abort();
}

/* After it `log` can be read, and ends with 0. */
static void rtsp_server_stop(struct rtsp_server *server)
{
    const uint64_t one = 1;
    if (write(server->stop, &one, sizeof one) != (ssize_t)sizeof one)
        abort();
    (void)pthread_join(server->thread, NULL);
    for (int i = 0; i < 2; i++)
        (void)close(server->udp[i]);
    (void)close(server->stranger);
    (void)close(server->stop);
    (void)close(server->listener);
    for (size_t i = 0; i < server->log_size; i++) /* frames have zeros */
        server->log[i] = server->log[i] ? server->log[i] : '.';
    server->log[server->log_size] = '\0';
}

#endif
