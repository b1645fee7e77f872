/* A network interface of this machine, by name ("eth1") or by one of its addresses: cameras often
 * have a network of their own, and what goes to them must leave there. */
#ifndef VG_MEDIA_NET_INTERFACE_H
#define VG_MEDIA_NET_INTERFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

struct vg_net_interface {
    unsigned index; /* 0: none was named, the route's */
    char name[32];
    bool by_address;                    /* named by address: that one alone is used */
    struct sockaddr_storage ipv4, ipv6; /* first of each, port 0; ss_family 0: it has none */
};

/* text NULL or "": none. VG_E_LACK: there is no such interface, or it has no address. */
enum vg_status vg_net_interface_find(const char *text, struct vg_net_interface *interface,
                                     struct vg_fault *fault) VG_MUST_USE;

/* Ties a socket that is not bound yet to the interface: to the device where that is permitted, else
 * to its address. No interface: nothing is done. VG_E_LACK: it has no address of this family. */
enum vg_status vg_net_interface_tie(const struct vg_net_interface *interface, int fd,
                                    int family) VG_MUST_USE;

/* The address to bind to on this interface: its own, or any; port in host order. */
struct sockaddr_storage vg_net_interface_local(const struct vg_net_interface *interface, int family,
                                               uint16_t port);

/* Size of the address for bind() and its like. */
socklen_t vg_net_address_size(const struct sockaddr_storage *address);

/* A numeric IPv4 or IPv6 address (brackets and "%zone" allowed) with a port. false: it is none. */
bool vg_net_address_read(const char *text, uint16_t port, struct sockaddr_storage *address);

/* Whether both are the same host, a mapped IPv4 address too; ports are not looked at. */
bool vg_net_address_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b);

uint16_t vg_net_address_port(const struct sockaddr_storage *address); /* 0: none */
void vg_net_address_set_port(struct sockaddr_storage *address, uint16_t port);

#endif
