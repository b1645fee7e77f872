/* recvmmsg into slots of 9216 bytes, which holds a jumbo frame; the pages of slots that are never filled
 * are never touched. Of a picture's packets the first wakes us and the others are let come for 2 ms,
 * so that a picture costs few calls. */
#define _GNU_SOURCE /* recvmmsg */
#include "src/media/rtsp_sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/random.h"
#include "src/base/text.h"
#include "src/media/net_interface.h"
#include "src/media/net_link.h"
#include "src/media/net_stamp.h"

#define SLOTS         16
#define SLOT_BYTES    9216
#define REPORTS_MAX   4         /* taken before media, at most */
#define RECEIVE_BYTES (2 << 20) /* a second of 16 Mbit/s; the system grants net.core.rmem_max */
#define PAIR_TRIES    100
#define GATHER_US     2000

enum which {
    RTP,
    RTCP
};

struct slot_about {
    size_t size;
    enum which which;
    struct vg_mono_time arrival;
};

struct vg_rtsp_sockets {
    int fds[2];
    uint16_t port;
    bool group;  /* a multicast group: `to` is where reports go */
    bool single; /* to an address of ours, from whoever may: */
    bool (*may_send)(const void *context, const char *address);
    const void *send_context;
    struct sockaddr_storage known; /* who sent last and may */
    struct sockaddr_storage from;  /* the only sender; ss_family 0: any */
    uint16_t from_ports[2];        /* 0: any */
    struct sockaddr_storage to[2]; /* ss_family 0: nowhere */
    struct vg_rtsp_sockets_counts counts;
    struct vg_mono_time latest[2]; /* that came: none goes back */
    size_t count, next;            /* slots filled, handed out */
    struct slot_about about[SLOTS];
    uint8_t slots[SLOTS][SLOT_BYTES];
};

static enum vg_status refuse(enum vg_status status, const char *what, const char *remedy,
                             struct vg_fault *fault)
{
    return vg_fault_set(fault, status, what, remedy, "%s", "UDP");
}

/* ---- opening ---- */

static struct vg_rtsp_sockets *new_sockets(void)
{
    struct vg_rtsp_sockets *sockets = vg_alloc(sizeof *sockets);
    if (!sockets)
        return NULL;
    sockets->fds[RTP] = sockets->fds[RTCP] = -1;
    vg_alloc_forget(sockets->slots, sizeof sockets->slots);
    return sockets;
}

static void drop(struct vg_rtsp_sockets *sockets)
{
    for (int i = RTP; i <= RTCP; i++) {
        if (sockets->fds[i] >= 0)
            (void)close(sockets->fds[i]);
        sockets->fds[i] = -1;
    }
}

void vg_rtsp_sockets_close(struct vg_rtsp_sockets **sockets)
{
    if (*sockets)
        drop(*sockets);
    vg_free(*sockets);
    *sockets = NULL;
}

static int new_socket(int family)
{
    const int bytes = RECEIVE_BYTES, one = 1;
    const int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    vg_net_stamp_ask(fd);
    if (family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    return fd;
}

/* One socket bound to this port, 0: to any; -1 with errno. */
static int bound_socket(const struct vg_net_interface *interface, int family, uint16_t port)
{
    const struct sockaddr_storage local = vg_net_interface_local(interface, family, port);
    const int fd = new_socket(family);
    if (fd < 0)
        return -1;
    if (interface->index != 0 && !interface->by_address)
        (void)setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface->name,
                         (socklen_t)strlen(interface->name) + 1);
    if (bind(fd, (const struct sockaddr *)&local, vg_net_address_size(&local)) == 0)
        return fd;
    const int error = errno;
    (void)close(fd);
    errno = error;
    return -1;
}

static uint16_t local_port(int fd)
{
    struct sockaddr_storage local;
    socklen_t size = sizeof local;
    memset(&local, 0, sizeof local);
    return getsockname(fd, (struct sockaddr *)&local, &size) == 0 ? vg_net_address_port(&local) : 0;
}

/* An even port, and the one after it; port 0: as the system chooses. */
static bool try_pair(struct vg_rtsp_sockets *sockets, const struct vg_net_interface *interface,
                     int family, uint16_t port)
{
    sockets->fds[RTP] = bound_socket(interface, family, port);
    sockets->port = sockets->fds[RTP] < 0 ? 0 : local_port(sockets->fds[RTP]);
    if (sockets->port != 0 && sockets->port % 2 == 0)
        sockets->fds[RTCP] = bound_socket(interface, family, (uint16_t)(sockets->port + 1));
    if (sockets->fds[RTCP] >= 0)
        return true;
    drop(sockets);
    return false;
}

/* From a random one of the pairs on, so that many sources do not all try the first. */
static bool find_pair(struct vg_rtsp_sockets *sockets, const struct vg_net_interface *interface,
                      const struct vg_rtsp_pair *pair)
{
    if (pair->port_first == 0) {
        for (int i = 0; i < PAIR_TRIES; i++)
            if (try_pair(sockets, interface, pair->family, 0))
                return true;
        return false;
    }
    const uint32_t first = (pair->port_first + 1U) / 2U * 2U;
    const uint32_t pairs = pair->port_last > first ? (pair->port_last + 1U - first) / 2U : 0;
    uint32_t start = 0;
    vg_random_bytes(&start, sizeof start);
    for (uint32_t i = 0; i < pairs; i++) {
        const uint32_t port = first + (start % pairs + i) % pairs * 2U;
        if (try_pair(sockets, interface, pair->family, (uint16_t)port))
            return true;
    }
    return false;
}

enum vg_status vg_rtsp_sockets_pair(struct vg_rtsp_sockets **sockets,
                                    const struct vg_rtsp_pair *pair, struct vg_fault *fault)
{
    struct vg_net_interface interface;
    *sockets = NULL;
    const enum vg_status status = vg_net_interface_find(pair->interface, &interface, fault);
    if (status)
        return status;
    struct vg_rtsp_sockets *opened = new_sockets();
    if (!opened)
        return refuse(VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, fault);
    if (find_pair(opened, &interface, pair)) {
        *sockets = opened;
        return VG_OK;
    }
    vg_rtsp_sockets_close(&opened);
    return refuse(VG_E_LACK, N_("no two ports are free to receive video by UDP"),
                  N_("give a larger range of ports, or take TCP"), fault);
}

/* ---- multicast ---- */

static bool is_group(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return IN_MULTICAST(ntohl(in.sin_addr.s_addr));
    }
    struct sockaddr_in6 in;
    memcpy(&in, address, sizeof in);
    return IN6_IS_ADDR_MULTICAST(&in.sin6_addr);
}

static bool join_group(int fd, const struct sockaddr_storage *group,
                       const struct sockaddr_storage *source, unsigned interface)
{
    const int level = group->ss_family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
    if (source->ss_family != 0) {
        struct group_source_req from = {.gsr_interface = interface};
        from.gsr_group = *group;
        from.gsr_source = *source;
        return setsockopt(fd, level, MCAST_JOIN_SOURCE_GROUP, &from, sizeof from) == 0;
    }
    struct group_req all = {.gr_interface = interface};
    all.gr_group = *group;
    return setsockopt(fd, level, MCAST_JOIN_GROUP, &all, sizeof all) == 0;
}

/* How what we send to the group leaves. */
static void aim(int fd, int family, unsigned interface, uint32_t ttl)
{
    const int hops = ttl == 0 ? 1 : (int)(ttl < 255 ? ttl : 255);
    const int off = 0, index = (int)interface;
    if (family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops);
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index);
        return;
    }
    const struct ip_mreqn by_index = {.imr_ifindex = index};
    (void)setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof hops);
    (void)setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &by_index, sizeof by_index);
    (void)setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &off, sizeof off);
    /* else it hears the group on interfaces where others of this machine joined it */
    (void)setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off);
}

/* Bound to the group's own address: what comes to this port for others is not ours. */
static int group_socket(const struct sockaddr_storage *group, const struct sockaddr_storage *source,
                        const struct vg_net_interface *interface, uint32_t ttl)
{
    const int one = 1;
    struct sockaddr_storage local = *group;
    const int fd = new_socket(group->ss_family);
    if (fd < 0)
        return -1;
    if (group->ss_family == AF_INET6) { /* a group of one link means nothing without the link */
        struct sockaddr_in6 in;
        memcpy(&in, &local, sizeof in);
        if (in.sin6_scope_id == 0)
            in.sin6_scope_id = interface->index;
        memcpy(&local, &in, sizeof in);
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    aim(fd, group->ss_family, interface->index, ttl);
    if (bind(fd, (const struct sockaddr *)&local, vg_net_address_size(&local)) == 0 &&
        join_group(fd, group, source, interface->index))
        return fd;
    (void)close(fd);
    return -1;
}

static bool read_group(const struct vg_rtsp_group *group, struct sockaddr_storage *address,
                       struct sockaddr_storage *source)
{
    memset(source, 0, sizeof *source);
    if (group->port == 0 || !vg_net_address_read(group->address, group->port, address) ||
        !is_group(address))
        return false;
    if (!group->source || !*group->source)
        return true;
    return vg_net_address_read(group->source, 0, source) && source->ss_family == address->ss_family;
}

enum vg_status vg_rtsp_sockets_join(struct vg_rtsp_sockets **sockets,
                                    const struct vg_rtsp_group *group, struct vg_fault *fault)
{
    struct vg_net_interface interface;
    struct sockaddr_storage address, source;
    *sockets = NULL;
    if (!read_group(group, &address, &source))
        return refuse(VG_E_INPUT, N_("this is not a multicast group and port"),
                      N_("groups are 224.0.0.0 to 239.255.255.255 and ff00::/8"), fault);
    const enum vg_status status = vg_net_interface_find(group->interface, &interface, fault);
    if (status)
        return status;
    struct vg_rtsp_sockets *opened = new_sockets();
    if (!opened)
        return refuse(VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, fault);
    opened->group = true;
    opened->port = group->port;
    opened->from = source;
    for (int i = RTP; i <= RTCP; i++) {
        const uint16_t after = group->rtcp_port ? group->rtcp_port : (uint16_t)(group->port + 1);
        opened->to[i] = address;
        vg_net_address_set_port(&opened->to[i], i == RTP ? group->port : after);
        opened->fds[i] = group_socket(&opened->to[i], &source, &interface, group->ttl);
    }
    if (opened->fds[RTP] >= 0 && opened->fds[RTCP] >= 0) {
        *sockets = opened;
        return VG_OK;
    }
    vg_rtsp_sockets_close(&opened);
    return refuse(VG_E_LACK, N_("the multicast group cannot be joined"),
                  N_("name the network interface that the cameras are on"), fault);
}

/* ---- one socket ---- */

static enum vg_status join_single(struct vg_rtsp_sockets *sockets,
                                  const struct sockaddr_storage *address,
                                  const struct vg_rtsp_single *single, struct vg_fault *fault)
{
    struct vg_net_interface interface;
    const struct sockaddr_storage any = {.ss_family = 0};
    const enum vg_status status = vg_net_interface_find(single->interface, &interface, fault);
    if (status)
        return status;
    sockets->group = true;
    sockets->fds[RTP] = group_socket(address, &any, &interface, 1);
    return sockets->fds[RTP] >= 0
               ? VG_OK
               : refuse(VG_E_LACK, N_("the multicast group cannot be joined"),
                        N_("name the network interface that the cameras are on"), fault);
}

static enum vg_status bind_single(struct vg_rtsp_sockets *sockets,
                                  const struct sockaddr_storage *address,
                                  const struct vg_rtsp_single *single, struct vg_fault *fault)
{
    sockets->single = true;
    sockets->may_send = single->may_send;
    sockets->send_context = single->send_context;
    sockets->fds[RTP] = new_socket(address->ss_family);
    return sockets->fds[RTP] >= 0 && bind(sockets->fds[RTP], (const struct sockaddr *)address,
                                          vg_net_address_size(address)) == 0
               ? VG_OK
               : refuse(VG_E_LACK, N_("no video can be awaited at this address and port"),
                        N_("give a numeric address of this machine and a port that is free"),
                        fault);
}

enum vg_status vg_rtsp_sockets_single(struct vg_rtsp_sockets **sockets,
                                      const struct vg_rtsp_single *single, struct vg_fault *fault)
{
    struct sockaddr_storage address;
    *sockets = NULL;
    if (!vg_net_address_read(single->address, single->port, &address) ||
        (single->port == 0 && is_group(&address)))
        return refuse(VG_E_INPUT, N_("this is no address that video can be sent to"),
                      N_("give the numeric address of the group, or of this server"), fault);
    struct vg_rtsp_sockets *opened = new_sockets();
    if (!opened)
        return refuse(VG_E_MEMORY, vg_status_text(VG_E_MEMORY), NULL, fault);
    const enum vg_status status = is_group(&address) ? join_single(opened, &address, single, fault)
                                                     : bind_single(opened, &address, single, fault);
    if (status)
        vg_rtsp_sockets_close(&opened);
    else
        opened->port = local_port(opened->fds[RTP]);
    *sockets = opened;
    return status;
}

/* ---- sending ---- */

uint16_t vg_rtsp_sockets_port(const struct vg_rtsp_sockets *sockets)
{
    return sockets->port;
}

void vg_rtsp_sockets_expect(struct vg_rtsp_sockets *sockets, const struct sockaddr_storage *sender,
                            uint16_t rtp_port, uint16_t rtcp_port)
{
    const uint16_t ports[] = {rtp_port, rtcp_port};
    sockets->from = *sender;
    for (int i = RTP; i <= RTCP; i++) {
        sockets->from_ports[i] = ports[i];
        sockets->to[i] = *sender;
        vg_net_address_set_port(&sockets->to[i], ports[i]);
        if (ports[i] == 0)
            sockets->to[i].ss_family = 0;
    }
}

static void send_to(const struct vg_rtsp_sockets *sockets, enum which which, const void *data,
                    size_t size)
{
    const struct sockaddr_storage *to = &sockets->to[which];
    if (to->ss_family != 0)
        (void)sendto(sockets->fds[which], data, size, MSG_DONTWAIT | MSG_NOSIGNAL,
                     (const struct sockaddr *)to, vg_net_address_size(to));
}

void vg_rtsp_sockets_punch(const struct vg_rtsp_sockets *sockets)
{
    static const uint8_t rtp[12] = {0x80}, rtcp[8] = {0x80, 201, 0, 1};
    if (sockets->group)
        return;
    send_to(sockets, RTP, rtp, sizeof rtp);
    send_to(sockets, RTCP, rtcp, sizeof rtcp);
}

void vg_rtsp_sockets_report(const struct vg_rtsp_sockets *sockets, const uint8_t *data, size_t size)
{
    send_to(sockets, RTCP, data, size);
}

/* ---- receiving ---- */

void vg_rtsp_sockets_watch(const struct vg_rtsp_sockets *sockets, struct pollfd fds[2])
{
    for (int i = RTP; i <= RTCP; i++)
        fds[i] = (struct pollfd){.fd = sockets->fds[i], .events = POLLIN};
}

/* The one that sends is asked about once, as long as no other does. */
static bool permitted(struct vg_rtsp_sockets *sockets, const struct sockaddr_storage *sender)
{
    char host[NI_MAXHOST];
    if (!sockets->may_send)
        return true;
    if (sockets->known.ss_family != 0 && vg_net_address_same_host(sender, &sockets->known))
        return true;
    if (getnameinfo((const struct sockaddr *)sender, vg_net_address_size(sender), host, sizeof host,
                    NULL, 0, NI_NUMERICHOST) != 0 ||
        !sockets->may_send(sockets->send_context, host))
        return false;
    sockets->known = *sender;
    return true;
}

static bool expected(struct vg_rtsp_sockets *sockets, enum which which,
                     const struct sockaddr_storage *sender)
{
    if (sockets->from.ss_family == 0)
        return sockets->group || (sockets->single && permitted(sockets, sender));
    return vg_net_address_same_host(sender, &sockets->from) &&
           (sockets->from_ports[which] == 0 ||
            sockets->from_ports[which] == vg_net_address_port(sender));
}

/* Keeps what is good; slots stay where the kernel filled them, `about` of the others has size 0. */
static void sort_out(struct vg_rtsp_sockets *sockets, enum which which, struct mmsghdr *messages,
                     const struct sockaddr_storage *senders, size_t count)
{
    const struct vg_mono_time now = vg_mono_now();
    const struct vg_wall_time wall = vg_wall_now();
    for (size_t i = 0; i < count; i++) {
        struct slot_about *about = &sockets->about[sockets->count + i];
        const struct vg_mono_time came = vg_net_stamp_of(&messages[i].msg_hdr, now, wall);
        if (came.us > sockets->latest[which].us)
            sockets->latest[which] = came;
        *about = (struct slot_about){.size = 0, .which = which, .arrival = sockets->latest[which]};
        if (!expected(sockets, which, &senders[i])) {
            sockets->counts.strangers++;
        } else if (messages[i].msg_len == 0 || (messages[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
            sockets->counts.cut++;
        } else {
            about->size = messages[i].msg_len;
            sockets->counts.taken++;
        }
    }
    sockets->count += count;
}

/* Errors of the network ("port unreachable", answering a punch) belong to a datagram that was sent
 * and are read away; the silence that follows, if any, has its own deadline. */
static void take_one(struct vg_rtsp_sockets *sockets, enum which which)
{
    struct mmsghdr messages[SLOTS];
    struct iovec pieces[SLOTS];
    struct sockaddr_storage senders[SLOTS];
    struct vg_net_stamp_room stamps[SLOTS];
    const size_t room = which == RTP ? SLOTS - sockets->count : REPORTS_MAX;
    for (size_t i = 0; i < room; i++) {
        pieces[i] = (struct iovec){sockets->slots[sockets->count + i], SLOT_BYTES};
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &senders[i],
                                                   .msg_namelen = sizeof senders[i],
                                                   .msg_iov = &pieces[i],
                                                   .msg_iovlen = 1,
                                                   .msg_control = &stamps[i],
                                                   .msg_controllen = sizeof stamps[i]}};
        senders[i].ss_family = 0;
    }
    const int got =
        room > 0 ? recvmmsg(sockets->fds[which], messages, (unsigned)room, MSG_DONTWAIT, NULL) : 0;
    if (got > 0)
        sort_out(sockets, which, messages, senders, (size_t)got);
}

enum vg_status vg_rtsp_sockets_take(struct vg_rtsp_sockets *sockets, const struct pollfd fds[2])
{
    sockets->count = sockets->next = 0;
    for (int i = RTCP; i >= RTP; i--) { /* reports are few, and must not starve */
        if (fds[i].revents & POLLNVAL)
            return VG_E_IO;
        if (fds[i].revents)
            take_one(sockets, i == RTP ? RTP : RTCP);
    }
    return VG_OK;
}

bool vg_rtsp_sockets_next(struct vg_rtsp_sockets *sockets, struct vg_rtsp_data *data)
{
    while (sockets->next < sockets->count) {
        const size_t i = sockets->next++;
        if (sockets->about[i].size == 0)
            continue;
        data->kind = sockets->about[i].which == RTP ? VG_RTSP_RTP : VG_RTSP_RTCP;
        data->data = sockets->slots[i];
        data->size = sockets->about[i].size;
        data->arrival = sockets->about[i].arrival;
        return true;
    }
    return false;
}

enum vg_status vg_rtsp_sockets_receive(struct vg_rtsp_sockets *sockets, struct vg_mono_time until,
                                       const struct vg_cancel *cancel, struct vg_rtsp_data *data)
{
    bool late = false;
    while (!vg_rtsp_sockets_next(sockets, data)) {
        struct pollfd fds[2];
        if (late) /* nothing but strangers */
            return VG_E_TIMEOUT;
        vg_rtsp_sockets_watch(sockets, fds);
        enum vg_status status = vg_net_poll(fds, 2, until, cancel);
        late = vg_mono_now().us >= until.us;
        if (status == VG_OK) {
            (void)poll(NULL, 0, GATHER_US / 1000);
            status = vg_rtsp_sockets_take(sockets, fds);
        }
        if (status)
            return status;
    }
    return VG_OK;
}

struct vg_rtsp_sockets_counts vg_rtsp_sockets_counts(const struct vg_rtsp_sockets *sockets)
{
    return sockets->counts;
}
