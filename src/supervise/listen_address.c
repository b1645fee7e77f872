/* The api binds the port for itself; this finds out before anything is started. */
#include "src/supervise/listen_address.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src/base/text.h"

static bool read_port(const char *text, uint16_t *port)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5 || text[digits] != '\0')
        return false;
    unsigned long value = strtoul(text, NULL, 10);
    *port = (uint16_t)value;
    return value <= UINT16_MAX;
}

/* The host without its brackets; an IPv6 address wants them. */
static bool read_host(const char *text, size_t size, char *host, size_t room)
{
    bool brackets = size >= 2 && text[0] == '[' && text[size - 1] == ']';
    if (brackets) {
        text++;
        size -= 2;
    }
    if (size == 0 || size >= room || memchr(text, '[', size) || memchr(text, ']', size) ||
        memchr(text, '"', size) || (!brackets && memchr(text, ':', size)))
        return false;
    memcpy(host, text, size);
    host[size] = '\0';
    return true;
}

enum vg_status vg_listen_parse(const char *text, struct vg_listen *listen, struct vg_fault *fault)
{
    const char *colon = strrchr(text, ':');
    if (colon != NULL && read_port(colon + 1, &listen->port) &&
        read_host(text, (size_t)(colon - text), listen->host, sizeof listen->host))
        return VG_OK;
    return vg_fault_set(fault, VG_E_CALL, N_("this is not an address and a port"),
                        N_("write --listen ADDRESS:PORT, such as 127.0.0.1:8443"), "%s", text);
}

void vg_listen_text(const struct vg_listen *listen, char text[VG_LISTEN_SIZE])
{
    bool brackets = strchr(listen->host, ':') != NULL;
    (void)snprintf(text, VG_LISTEN_SIZE, "%s%s%s:%u", brackets ? "[" : "", listen->host,
                   brackets ? "]" : "", (unsigned)listen->port);
}

/* 0 or errno; *port becomes the one bound. */
static int try_one(const struct addrinfo *one, uint16_t *port)
{
    const int yes = 1;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } bound;
    socklen_t size = sizeof bound;
    int error = 0;
    int fd = socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(fd, one->ai_addr, one->ai_addrlen) != 0 || listen(fd, 1) != 0 ||
        getsockname(fd, &bound.any, &size) != 0)
        error = errno;
    else
        *port = ntohs(bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port : bound.v4.sin_port);
    (void)close(fd);
    return error;
}

enum vg_status vg_listen_try(struct vg_listen *listen, struct vg_fault *fault)
{
    static const struct {
        int error;
        const char *what, *remedy;
    } rows[] = {
        {EADDRINUSE, N_("the port is in use"), N_("stop what uses it, or give another --listen")},
        {EACCES, N_("the port is not permitted to this user"),
         N_("give a port from 1024 on by --listen")},
        {EADDRNOTAVAIL, N_("this machine does not have that address"),
         N_("give one of its addresses by --listen")},
    };
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list = NULL;
    char port[8], text[VG_LISTEN_SIZE];
    (void)snprintf(port, sizeof port, "%u", (unsigned)listen->port);
    vg_listen_text(listen, text);
    if (getaddrinfo(listen->host, port, &hints, &list) != 0)
        return vg_fault_set(fault, VG_E_LACK, rows[2].what, rows[2].remedy, "%s", text);
    int error = try_one(list, &listen->port);
    freeaddrinfo(list);
    if (error == 0)
        return VG_OK;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].error == error)
            return vg_fault_set(fault, VG_E_LACK, rows[i].what, rows[i].remedy, "%s", text);
    return vg_fault_set(fault, VG_E_LACK, N_("the address cannot be listened on"),
                        N_("give another one by --listen"), "%s (errno %d)", text, error);
}
