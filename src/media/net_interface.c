/* By getifaddrs. SO_BINDTODEVICE is open to all since Linux 5.7 for sockets that have no device
 * yet; before, or where it is refused, the source address alone chooses, which routes may overrule. */
#include "src/media/net_interface.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "src/base/text.h"

socklen_t vg_net_address_size(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6 ? (socklen_t)sizeof(struct sockaddr_in6)
                                          : (socklen_t)sizeof(struct sockaddr_in);
}

/* The structs are copied, so that no pointer is cast to a type of stricter alignment. */
static struct sockaddr_in as_ipv4(const struct sockaddr_storage *address)
{
    struct sockaddr_in in;
    memcpy(&in, address, sizeof in);
    return in;
}

static struct sockaddr_in6 as_ipv6(const struct sockaddr_storage *address)
{
    struct sockaddr_in6 in;
    memcpy(&in, address, sizeof in);
    return in;
}

uint16_t vg_net_address_port(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET)
        return ntohs(as_ipv4(address).sin_port);
    return address->ss_family == AF_INET6 ? ntohs(as_ipv6(address).sin6_port) : 0;
}

void vg_net_address_set_port(struct sockaddr_storage *address, uint16_t port)
{
    if (address->ss_family == AF_INET) {
        struct sockaddr_in in = as_ipv4(address);
        in.sin_port = htons(port);
        memcpy(address, &in, sizeof in);
    } else if (address->ss_family == AF_INET6) {
        struct sockaddr_in6 in = as_ipv6(address);
        in.sin6_port = htons(port);
        memcpy(address, &in, sizeof in);
    }
}

bool vg_net_address_read(const char *text, uint16_t port, struct sockaddr_storage *address)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *found = NULL;
    char bare[80];
    const size_t size = strlen(text);
    memset(address, 0, sizeof *address);
    if (size == 0 || size >= sizeof bare)
        return false;
    const bool bracketed = text[0] == '[' && text[size - 1] == ']';
    (void)snprintf(bare, sizeof bare, "%.*s", (int)(bracketed ? size - 2 : size),
                   bracketed ? text + 1 : text);
    /* getaddrinfo also takes "1" or "0x7f.1"; nobody writes a camera so */
    if (!strchr(bare, ':') && inet_pton(AF_INET, bare, &(struct in_addr){0}) != 1)
        return false;
    if (getaddrinfo(bare, NULL, &hints, &found) != 0)
        return false;
    if (found->ai_addrlen <= sizeof *address)
        memcpy(address, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    vg_net_address_set_port(address, port);
    return address->ss_family == AF_INET || address->ss_family == AF_INET6;
}

/* The 16 bytes of IPv6, IPv4 mapped into it. */
static bool host_bytes(const struct sockaddr_storage *address, uint8_t bytes[16])
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in in = as_ipv4(address);
        memcpy(bytes, mapped, sizeof mapped);
        memcpy(bytes + 12, &in.sin_addr, 4);
        return true;
    }
    if (address->ss_family != AF_INET6)
        return false;
    const struct sockaddr_in6 in = as_ipv6(address);
    memcpy(bytes, &in.sin6_addr, 16);
    return true;
}

bool vg_net_address_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    uint8_t of_a[16], of_b[16];
    return host_bytes(a, of_a) && host_bytes(b, of_b) && memcmp(of_a, of_b, sizeof of_a) == 0;
}

/* ---- interfaces ---- */

static void keep_address(struct vg_net_interface *interface, const struct sockaddr_storage *address)
{
    struct sockaddr_storage *place =
        address->ss_family == AF_INET ? &interface->ipv4 : &interface->ipv6;
    if (place->ss_family != 0)
        return;
    *place = *address;
    vg_net_address_set_port(place, 0);
}

/* One row of getifaddrs: whether it is of the interface sought. */
static void take_row(const struct ifaddrs *row, const char *text,
                     const struct sockaddr_storage *wanted, struct vg_net_interface *interface)
{
    struct sockaddr_storage address;
    if (!row->ifa_addr)
        return;
    const bool ipv4 = row->ifa_addr->sa_family == AF_INET;
    if (!ipv4 && row->ifa_addr->sa_family != AF_INET6)
        return;
    memset(&address, 0, sizeof address);
    memcpy(&address, row->ifa_addr,
           ipv4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
    if (interface->by_address ? !vg_net_address_same_host(&address, wanted)
                              : strcmp(row->ifa_name, text) != 0)
        return;
    if (interface->index == 0) {
        interface->index = if_nametoindex(row->ifa_name);
        (void)snprintf(interface->name, sizeof interface->name, "%.31s", row->ifa_name);
    }
    keep_address(interface, &address);
}

enum vg_status vg_net_interface_find(const char *text, struct vg_net_interface *interface,
                                     struct vg_fault *fault)
{
    struct ifaddrs *rows = NULL;
    struct sockaddr_storage wanted;
    memset(interface, 0, sizeof *interface);
    if (!text || !*text)
        return VG_OK;
    interface->by_address = vg_net_address_read(text, 0, &wanted);
    if (getifaddrs(&rows) == 0) {
        for (const struct ifaddrs *row = rows; row; row = row->ifa_next)
            take_row(row, text, &wanted, interface);
        freeifaddrs(rows);
    }
    if (interface->index != 0)
        return VG_OK;
    return vg_fault_set(fault, VG_E_LACK, N_("the network interface is not there"),
                        N_("name one that has an address: ip address shows them"), "%.64s", text);
}

struct sockaddr_storage vg_net_interface_local(const struct vg_net_interface *interface, int family,
                                               uint16_t port)
{
    struct sockaddr_storage local = family == AF_INET6 ? interface->ipv6 : interface->ipv4;
    local.ss_family = (sa_family_t)family; /* all zero else: any address */
    vg_net_address_set_port(&local, port);
    return local;
}

enum vg_status vg_net_interface_tie(const struct vg_net_interface *interface, int fd, int family)
{
    if (interface->index == 0)
        return VG_OK;
    const struct sockaddr_storage *own = family == AF_INET6 ? &interface->ipv6 : &interface->ipv4;
    if (own->ss_family == 0)
        return VG_E_LACK;
    if (!interface->by_address && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface->name,
                                             (socklen_t)strlen(interface->name) + 1) == 0)
        return VG_OK;
    const struct sockaddr_storage local = vg_net_interface_local(interface, family, 0);
    return bind(fd, (const struct sockaddr *)&local, vg_net_address_size(&local)) == 0 ? VG_OK
                                                                                       : VG_E_LACK;
}
