/* Hosts by name or by numeric address, and the lists of those that a site declares: with whom
 * Vigie may speak, and where it may be spoken to.
 *
 * Pure: a name is never resolved. A name is in a list when the list holds this very name (case
 * apart), an address when a block of the list holds it; a name and the address behind it are two
 * things, and a list that wants both names both. Any thread. */
#ifndef VG_BASE_HOST_LIST_H
#define VG_BASE_HOST_LIST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_HOST_SIZE      256 /* of its text, with the end */
#define VG_HOST_PORTS_MAX 16  /* of one row of a list */
#define VG_HOST_LIST_MAX  256 /* rows */

enum vg_host_kind {
    VG_HOST_NAME,
    VG_HOST_IPV4,
    VG_HOST_IPV6
};

/* Equal hosts have equal texts: names in lower case without a point at the end, addresses as
 * inet_ntop writes them (RFC 5952), an IPv4 address within IPv6 as the IPv4 address it is. */
struct vg_host {
    enum vg_host_kind kind;
    uint8_t address[16]; /* network order; IPv4: the first four; a name: zeros */
    char text[VG_HOST_SIZE];
};

/* Reads `size` bytes: a name or a numeric address, IPv6 with or without brackets. Refused
 * (VG_E_INPUT): bytes that no name has, labels of no or more than 63 bytes, addresses with a zone,
 * and names that end in a number, which a resolver would take for an address written otherwise
 * ("2130706433", "0x7f.1"). */
enum vg_status vg_host_read(const char *text, size_t size, struct vg_host *host) VG_MUST_USE;

bool vg_host_is_loopback(const struct vg_host *host); /* 127/8, ::1, "localhost" */
bool vg_host_is_multicast(const struct vg_host *host);

struct vg_host_rule {
    struct vg_host host; /* of a block: its first address */
    uint8_t prefix;      /* bits of the address that count: 32 or 128 for a single one */
    uint8_t port_count;  /* 0: every port */
    uint16_t port[VG_HOST_PORTS_MAX];
};

struct vg_host_list {
    uint32_t count;
    struct vg_host_rule rule[VG_HOST_LIST_MAX];
};

/* Reads [{"host":"vms.example.org","ports":[554]},{"host":"10.1.0.0/24"}]; NULL or JSON null: an
 * empty list. VG_E_INPUT: the place is the pointer within the array ("/0/host"), the list empty. */
enum vg_status vg_host_list_read(const json_t *array, struct vg_host_list *list,
                                 struct vg_fault *fault) VG_MUST_USE;

/* The same array, given; NULL without memory. */
json_t *vg_host_list_json(const struct vg_host_list *list) VG_MUST_USE;

/* Whether host and port are in the list; port 0: whatever the port, as of one who comes to us. */
bool vg_host_list_has(const struct vg_host_list *list, const struct vg_host *host, uint16_t port);

/* The same for texts, with the list as `const void *`: what a client asks before it follows a
 * redirect. What is no host is in no list. */
bool vg_host_list_may_visit(const void *list, const char *host, uint16_t port);

/* Makes the list hold host and port (0: every port), by a new row or a port more; a row whose ports
 * are all used then holds every port. VG_E_FULL: the list has no room. */
enum vg_status vg_host_list_add(struct vg_host_list *list, const struct vg_host *host,
                                uint16_t port) VG_MUST_USE;

#endif
