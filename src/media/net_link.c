/* A socket that never blocks, and poll() with a deadline. Each address of a name gets its share of the
 * time, so that one which does not answer leaves some for the next. */
#include "src/media/net_link.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/media/net_interface.h"
#include "src/media/net_stamp.h"
#include "src/media/net_tls.h"

#define SLICE_US      100000
#define ADDRESSES_MAX 16

struct vg_net_link {
    int fd;
    bool more;                /* the last read filled what it was given, or TLS has more */
    struct vg_mono_time came; /* what was read last */
    struct vg_net_tls *tls;
    struct sockaddr_storage peer;
    struct vg_cancel cancel;
};

/* ---- waiting ---- */

enum vg_status vg_net_poll(struct pollfd *fds, size_t count, struct vg_mono_time until,
                           const struct vg_cancel *cancel)
{
    for (;;) {
        if (vg_cancelled(cancel))
            return VG_E_INTERRUPTED;
        const int64_t left = until.us - vg_mono_now().us;
        const int64_t slice = left < SLICE_US ? left : SLICE_US;
        const int ready = poll(fds, (nfds_t)count, slice > 0 ? (int)((slice + 999) / 1000) : 0);
        if (ready > 0)
            return VG_OK;
        if (ready < 0 && errno != EINTR)
            return VG_E_IO;
        if (left <= 0)
            return VG_E_TIMEOUT;
    }
}

static enum vg_status wait_for(const struct vg_net_link *link, short events,
                               struct vg_mono_time until)
{
    struct pollfd waited = {.fd = link->fd, .events = events};
    return vg_net_poll(&waited, 1, until, &link->cancel);
}

enum vg_status vg_net_wait(const struct vg_net_link *link, struct vg_mono_time until)
{
    if (link->more)
        return vg_cancelled(&link->cancel) ? VG_E_INTERRUPTED : VG_OK;
    return wait_for(link, POLLIN, until);
}

/* ---- opening ---- */

static enum vg_status refuse(enum vg_status status, struct vg_fault *fault)
{
    switch ((int)status) {
    case VG_E_MISSING:
        return vg_fault_set(fault, status, N_("the camera's name is not known"),
                            N_("check the address of the flux, and the name server"), "%s",
                            "connect");
    case VG_E_TIMEOUT:
        return vg_fault_set(fault, status, N_("the camera does not answer"),
                            N_("check its address, its power and the network"), "%s", "connect");
    case VG_E_IO:
        return vg_fault_set(fault, status, N_("the camera takes no connection"),
                            N_("check its address, its port and the network"), "%s", "connect");
    case VG_E_LACK:
        return vg_fault_set(fault, status, N_("no connection can be made from this interface"),
                            N_("choose an interface with an address of the camera's kind"), "%s",
                            "connect");
    default:
        return vg_fault_set(fault, status, vg_status_text(status), NULL, "%s", "connect");
    }
}

/* The addresses of the host, in the order in which they are to be tried. */
static enum vg_status resolve(const char *host, uint16_t port,
                              struct sockaddr_storage found[ADDRESSES_MAX], size_t *count)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *rows = NULL;
    *count = 0;
    if (vg_net_address_read(host, port, &found[0])) {
        *count = 1;
        return VG_OK;
    }
    const int error = getaddrinfo(host, NULL, &hints, &rows);
    if (error == EAI_MEMORY)
        return VG_E_MEMORY;
    if (error != 0)
        return error == EAI_AGAIN ? VG_E_TIMEOUT : VG_E_MISSING;
    for (const struct addrinfo *row = rows; row && *count < ADDRESSES_MAX; row = row->ai_next) {
        if ((row->ai_family != AF_INET && row->ai_family != AF_INET6) ||
            row->ai_addrlen > sizeof found[0])
            continue;
        memset(&found[*count], 0, sizeof found[0]);
        memcpy(&found[*count], row->ai_addr, row->ai_addrlen);
        vg_net_address_set_port(&found[(*count)++], port);
    }
    freeaddrinfo(rows);
    return *count > 0 ? VG_OK : VG_E_MISSING;
}

static enum vg_status finish_connect(const struct vg_net_link *link, struct vg_mono_time until)
{
    int error = 0;
    socklen_t size = sizeof error;
    const enum vg_status status = wait_for(link, POLLOUT, until);
    if (status)
        return status;
    if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        return VG_E_IO;
    if (error == 0)
        return VG_OK;
    return error == ETIMEDOUT ? VG_E_TIMEOUT : VG_E_IO;
}

static void drop_socket(struct vg_net_link *link)
{
    if (link->fd >= 0)
        (void)close(link->fd);
    link->fd = -1;
}

static enum vg_status dial_one(struct vg_net_link *link, const struct sockaddr_storage *address,
                               const struct vg_net_interface *interface, struct vg_mono_time until)
{
    const int one = 1;
    link->fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (link->fd < 0)
        return errno == EMFILE || errno == ENFILE ? VG_E_LACK : VG_E_IO;
    (void)setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)setsockopt(link->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    enum vg_status status = vg_net_interface_tie(interface, link->fd, address->ss_family);
    if (status == VG_OK &&
        connect(link->fd, (const struct sockaddr *)address, vg_net_address_size(address)) != 0)
        status = errno == EINPROGRESS || errno == EINTR ? finish_connect(link, until) : VG_E_IO;
    if (status)
        drop_socket(link);
    else
        link->peer = *address;
    return status;
}

static enum vg_status dial(struct vg_net_link *link, const struct vg_net_settings *settings,
                           const struct vg_net_interface *interface)
{
    struct sockaddr_storage addresses[ADDRESSES_MAX];
    size_t count = 0;
    enum vg_status status = resolve(settings->host, settings->port, addresses, &count);
    for (size_t i = 0; i < count && status == VG_OK; i++) {
        const int64_t now = vg_mono_now().us;
        const int64_t share = (settings->until.us - now) / (int64_t)(count - i);
        const enum vg_status tried =
            dial_one(link, &addresses[i], interface, (struct vg_mono_time){now + share});
        if (tried == VG_OK || tried == VG_E_INTERRUPTED)
            return tried;
        if (i + 1 == count)
            status = tried;
    }
    return status;
}

static enum vg_status shake_hands(struct vg_net_link *link, const struct vg_net_settings *settings,
                                  struct vg_fault *fault)
{
    enum vg_net_tls_want want;
    enum vg_status status =
        vg_net_tls_open(&link->tls, link->fd, settings->host, &settings->trust, fault);
    if (status)
        return status;
    for (;;) {
        status = vg_net_tls_handshake(link->tls, &want, fault);
        if (status || want == VG_NET_TLS_DONE)
            return status;
        status = wait_for(link, want == VG_NET_TLS_READ ? POLLIN : POLLOUT, settings->until);
        if (status)
            return refuse(status, fault);
    }
}

enum vg_status vg_net_open(struct vg_net_link **link, const struct vg_net_settings *settings,
                           struct vg_fault *fault)
{
    struct vg_net_interface interface;
    struct vg_net_link *opened = NULL;
    *link = NULL;
    enum vg_status status = vg_net_interface_find(settings->interface, &interface, fault);
    if (status)
        return status;
    opened = vg_alloc(sizeof *opened);
    if (!opened)
        return refuse(VG_E_MEMORY, fault);
    opened->fd = -1;
    opened->cancel = settings->cancel;
    status = dial(opened, settings, &interface);
    if (status)
        (void)refuse(status, fault);
    else if (settings->cover == VG_NET_TLS)
        status = shake_hands(opened, settings, fault);
    else
        vg_net_stamp_ask(opened->fd);
    if (status)
        vg_net_close(&opened);
    *link = opened;
    return status;
}

enum vg_status vg_net_adopt(struct vg_net_link **link, int fd, const struct sockaddr_storage *peer,
                            const struct vg_cancel *cancel)
{
    const int one = 1;
    *link = vg_alloc(sizeof **link);
    if (!*link) {
        (void)close(fd);
        return VG_E_MEMORY;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    vg_net_stamp_ask(fd);
    (*link)->fd = fd;
    (*link)->peer = *peer;
    (*link)->cancel = *cancel;
    return VG_OK;
}

void vg_net_close(struct vg_net_link **link)
{
    struct vg_net_link *closed = *link;
    char rest[4096];
    *link = NULL;
    if (!closed)
        return;
    vg_net_tls_close(&closed->tls);
    if (closed->fd >= 0) {
        /* bytes left unread would make the kernel send a reset, which may overtake our last words */
        (void)shutdown(closed->fd, SHUT_WR);
        for (int i = 0; i < 64 && recv(closed->fd, rest, sizeof rest, MSG_DONTWAIT) > 0; i++)
            continue;
    }
    drop_socket(closed);
    vg_free(closed);
}

/* ---- talking ---- */

int vg_net_fd(const struct vg_net_link *link)
{
    return link->fd;
}

bool vg_net_more(const struct vg_net_link *link)
{
    return link->more;
}

struct vg_mono_time vg_net_came(const struct vg_net_link *link)
{
    return link->came;
}

static void note_came(struct vg_net_link *link, struct vg_mono_time came)
{
    if (came.us > link->came.us)
        link->came = came;
}

static enum vg_status read_clear(struct vg_net_link *link, void *data, size_t size, size_t *got)
{
    struct vg_net_stamp_room stamp;
    struct iovec piece = {data, size};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &stamp, .msg_controllen = sizeof stamp};
    const ssize_t count = recvmsg(link->fd, &message, MSG_DONTWAIT);
    link->more = false;
    if (count == 0)
        return VG_E_CLOSED;
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return VG_OK;
    if (count < 0)
        return errno == ECONNRESET || errno == EPIPE ? VG_E_CLOSED : VG_E_IO;
    *got = (size_t)count;
    link->more = *got == size;
    note_came(link, vg_net_stamp_of(&message, vg_mono_now(), vg_wall_now()));
    return VG_OK;
}

static enum vg_status read_tls(struct vg_net_link *link, uint8_t *data, size_t size, size_t *got)
{
    enum vg_net_tls_want want = VG_NET_TLS_DONE;
    enum vg_status status = VG_OK;
    while (status == VG_OK && want == VG_NET_TLS_DONE && *got < size) {
        size_t piece;
        status = vg_net_tls_read(link->tls, data + *got, size - *got, &piece, &want);
        *got += piece;
    }
    link->more = *got == size || (status != VG_OK && *got > 0);
    note_came(link, vg_mono_now());
    return *got > 0 ? VG_OK : status; /* the end is said again at the next call */
}

enum vg_status vg_net_read(struct vg_net_link *link, void *data, size_t size, size_t *got)
{
    assert(size > 0);
    *got = 0;
    return link->tls ? read_tls(link, data, size, got) : read_clear(link, data, size, got);
}

static enum vg_status write_some(struct vg_net_link *link, const uint8_t *data, size_t size,
                                 size_t *put, short *events)
{
    enum vg_net_tls_want want;
    *put = 0;
    *events = POLLOUT;
    if (link->tls) {
        const enum vg_status status = vg_net_tls_write(link->tls, data, size, put, &want);
        *events = want == VG_NET_TLS_READ ? POLLIN : POLLOUT;
        return status;
    }
    const ssize_t count = send(link->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0)
        *put = (size_t)count;
    else if (errno != EAGAIN && errno != EINTR)
        return errno == ECONNRESET || errno == EPIPE ? VG_E_CLOSED : VG_E_IO;
    return VG_OK;
}

enum vg_status vg_net_write(struct vg_net_link *link, const void *data, size_t size,
                            struct vg_mono_time until)
{
    const uint8_t *from = data;
    size_t done = 0;
    while (done < size) {
        size_t put;
        short events;
        enum vg_status status = write_some(link, from + done, size - done, &put, &events);
        done += put;
        if (status == VG_OK && done < size && put == 0)
            status = wait_for(link, events, until);
        if (status)
            return status;
    }
    return VG_OK;
}

const char *vg_net_tls_version(const struct vg_net_link *link)
{
    return link->tls ? vg_net_tls_version_name(link->tls) : "";
}

struct sockaddr_storage vg_net_peer(const struct vg_net_link *link)
{
    return link->peer;
}
