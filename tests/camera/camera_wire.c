#include "tests/camera/camera_wire.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/camera/camera_clip.h"

#define OUT_MAX  (4u << 20)
#define OUT_KEPT (64u << 10) /* a larger buffer is given back when it is empty */

static void watch(struct vg_wire *wire)
{
    uint32_t wish = EPOLLIN;
    if (wire->deaf || wire->gone)
        wish = 0;
    else if (wire->out_count > 0 && wire->drip <= 0)
        wish = EPOLLIN | EPOLLOUT;
    if (wish == wire->wish)
        return;
    struct epoll_event event = {.events = wish, .data.ptr = wire->tag};
    (void)epoll_ctl(wire->epoll, EPOLL_CTL_MOD, wire->fd, &event);
    wire->wish = wish;
}

void vg_wire_open(struct vg_wire *wire, int fd, SSL *ssl, int epoll, void *tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = tag};
    *wire = (struct vg_wire){.fd = fd, .epoll = epoll, .tag = tag, .wish = EPOLLIN, .ssl = ssl};
    if (ssl && SSL_set_fd(ssl, fd) != 1)
        vg_camera_die("no TLS");
    if (ssl)
        SSL_set_accept_state(ssl);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        vg_camera_die("no epoll");
}

void vg_wire_close(struct vg_wire *wire)
{
    if (wire->fd < 0)
        return;
    if (wire->ssl && !wire->gone)
        (void)SSL_shutdown(wire->ssl);
    ERR_clear_error();
    SSL_free(wire->ssl);
    (void)close(wire->fd);
    free(wire->out);
    *wire = (struct vg_wire){.fd = -1};
}

/* Bytes that went, 0: none now, -1: gone. */
static ssize_t send_some(struct vg_wire *wire, const struct iovec *parts, size_t count)
{
    if (wire->ssl) {
        const int sent = SSL_write(wire->ssl, parts[0].iov_base, (int)parts[0].iov_len);
        if (sent > 0)
            return sent;
        const int error = SSL_get_error(wire->ssl, sent);
        ERR_clear_error();
        return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
    }
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = count};
    const ssize_t sent = sendmsg(wire->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : sent;
}

/* Keeps what stands behind the first `skip` bytes of the parts. */
static void keep(struct vg_wire *wire, const struct iovec *parts, size_t count, size_t skip,
                 size_t total)
{
    const size_t need = wire->out_count + total - skip;
    if (need > wire->out_room) {
        wire->out_room = 2 * need;
        wire->out = realloc(wire->out, wire->out_room);
        if (!wire->out)
            vg_camera_die("no memory");
    }
    for (size_t i = 0; i < count; i++) {
        const size_t size = parts[i].iov_len, cut = skip < size ? skip : size;
        memcpy(wire->out + wire->out_count, (const uint8_t *)parts[i].iov_base + cut, size - cut);
        wire->out_count += size - cut;
        skip -= cut;
    }
}

static void write_kept(struct vg_wire *wire, size_t most)
{
    size_t done = 0;
    while (done < wire->out_count && done < most) {
        const size_t left = (wire->out_count < most ? wire->out_count : most) - done;
        const struct iovec part = {wire->out + done, left};
        const ssize_t sent = send_some(wire, &part, 1);
        wire->gone |= sent < 0;
        if (sent <= 0)
            break;
        done += (size_t)sent;
    }
    if (done > 0)
        memmove(wire->out, wire->out + done, wire->out_count - done);
    wire->out_count -= done;
    if (wire->out_count == 0 && wire->out_room > OUT_KEPT) {
        free(wire->out);
        wire->out = NULL;
        wire->out_room = 0;
    }
}

void vg_wire_put(struct vg_wire *wire, const struct iovec *parts, size_t count)
{
    size_t total = 0, done = 0;
    for (size_t i = 0; i < count; i++)
        total += parts[i].iov_len;
    if (wire->gone || wire->deaf || total == 0 || wire->out_count + total > OUT_MAX)
        return;
    if (wire->out_count == 0 && wire->drip <= 0 && !wire->ssl) {
        const ssize_t sent = send_some(wire, parts, count);
        wire->gone = sent < 0;
        done = sent > 0 ? (size_t)sent : 0;
    }
    if (done < total && !wire->gone)
        keep(wire, parts, count, done, total);
    if (wire->ssl && wire->drip <= 0)
        write_kept(wire, SIZE_MAX);
    watch(wire);
}

bool vg_wire_flush(struct vg_wire *wire, int64_t now_us)
{
    size_t most = SIZE_MAX;
    if (wire->deaf)
        return true;
    if (wire->drip > 0) {
        if (wire->drip_us == 0)
            wire->drip_us = now_us;
        most = (size_t)((double)(now_us - wire->drip_us) * wire->drip / 1e6);
        wire->drip_us += (int64_t)((double)most / wire->drip * 1e6);
    }
    write_kept(wire, most);
    watch(wire);
    return !wire->gone;
}

ssize_t vg_wire_take(struct vg_wire *wire, void *data, size_t room)
{
    if (wire->gone)
        return -1;
    if (wire->ssl) {
        const int got = SSL_read(wire->ssl, data, (int)room);
        if (got > 0)
            return got;
        const int error = SSL_get_error(wire->ssl, got);
        ERR_clear_error();
        if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
            return 0;
        wire->gone = true;
        return -1;
    }
    const ssize_t got = recv(wire->fd, data, room, MSG_DONTWAIT);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    return got == 0 ? -1 : got;
}

void vg_wire_deafen(struct vg_wire *wire)
{
    if (wire->deaf || wire->fd < 0)
        return;
    wire->deaf = true; /* out of epoll altogether: it would report a hang-up whatever the wish */
    (void)epoll_ctl(wire->epoll, EPOLL_CTL_DEL, wire->fd, NULL);
}

/* ---- TLS ---- */

static int version_of(const char *name)
{
    static const struct {
        const char *name;
        int version;
    } rows[] = {{"1.0", TLS1_VERSION},
                {"1.1", TLS1_1_VERSION},
                {"1.2", TLS1_2_VERSION},
                {"1.3", TLS1_3_VERSION}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].version;
    vg_camera_die("TLS 1.0, 1.1, 1.2 or 1.3");
}

static void set_versions(SSL_CTX *tls, const struct vg_tls_words *words)
{
    const int least = words->least ? version_of(words->least) : 0;
    const int most = words->most ? version_of(words->most) : 0;
    /* the library's own policy forbids what is older than 1.2 */
    if ((least > 0 && least < TLS1_2_VERSION) || (most > 0 && most < TLS1_2_VERSION))
        (void)SSL_CTX_set_cipher_list(tls, "DEFAULT@SECLEVEL=0");
    if (least > 0 || most > 0)
        (void)SSL_CTX_set_min_proto_version(tls, least);
    if (most > 0)
        (void)SSL_CTX_set_max_proto_version(tls, most);
}

SSL_CTX *vg_wire_tls(const struct vg_tls_words *words)
{
    if (!words->certificate)
        return NULL;
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    if (!tls)
        vg_camera_die("no TLS");
    (void)SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    set_versions(tls, words);
    if (SSL_CTX_use_certificate_chain_file(tls, words->certificate) != 1 || !words->key ||
        SSL_CTX_use_PrivateKey_file(tls, words->key, SSL_FILETYPE_PEM) != 1)
        vg_camera_die("the certificate or its key cannot be read");
    if (words->client_ca) {
        if (SSL_CTX_load_verify_locations(tls, words->client_ca, NULL) != 1)
            vg_camera_die("the clients' authority cannot be read");
        SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    return tls;
}
