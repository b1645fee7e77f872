/* The sockets of media by UDP: RTP and RTCP, as a unicast pair or in a multicast group; or a single
 * one. Used by
 * the RTSP client, and alone where a session description is all there is (multicast from a file).
 *
 * Datagrams are taken many at a time, and only from whom they are expected; others are counted.
 * One thread at a time uses them. */
#ifndef VG_MEDIA_RTSP_SOCKETS_H
#define VG_MEDIA_RTSP_SOCKETS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "src/base/attr.h"
#include "src/base/clock.h"
#include "src/base/fault.h"
#include "src/media/cancel.h"
#include "src/media/rtsp_data.h"

struct vg_rtsp_sockets;

struct vg_rtsp_pair {
    int family;                     /* AF_INET or AF_INET6 */
    const char *interface;          /* borrowed; NULL or "": the route's */
    uint16_t port_first, port_last; /* RTP from an even port of these; 0: the system chooses */
};

/* VG_E_LACK: no two ports free one after the other, no such interface; VG_E_MEMORY, VG_E_IO. */
enum vg_status vg_rtsp_sockets_pair(struct vg_rtsp_sockets **sockets,
                                    const struct vg_rtsp_pair *pair,
                                    struct vg_fault *fault) VG_MUST_USE;

struct vg_rtsp_group {
    const char *address;      /* borrowed; numeric, IPv4 or IPv6 */
    const char *source;       /* borrowed; numeric, only what it sends; NULL or "": whoever sends */
    const char *interface;    /* borrowed; NULL or "": the route's */
    uint16_t port, rtcp_port; /* rtcp_port 0: the one after */
    uint32_t ttl;             /* of what is sent to the group, at most 255; 0: 1 */
};

/* Joins. VG_E_INPUT: not a multicast address, a port of 0; VG_E_LACK, VG_E_MEMORY, VG_E_IO. */
enum vg_status vg_rtsp_sockets_join(struct vg_rtsp_sockets **sockets,
                                    const struct vg_rtsp_group *group,
                                    struct vg_fault *fault) VG_MUST_USE;

struct vg_rtsp_single {
    const char *address;   /* borrowed; numeric: a group, or one of this machine */
    uint16_t port;         /* 0: the system chooses; not of a group */
    const char *interface; /* borrowed; of a group; NULL or "": the route's */
    /* whether this numeric address may send to ours; NULL: all may. Asked until close */
    bool (*may_send)(const void *context, const char *address);
    const void *send_context;
};

/* One socket, without RTCP: what comes is handed out as VG_RTSP_RTP, whatever it is. VG_E_INPUT: not
 * an address; VG_E_LACK: not ours, the port is taken, the group cannot be joined; VG_E_MEMORY. */
enum vg_status vg_rtsp_sockets_single(struct vg_rtsp_sockets **sockets,
                                      const struct vg_rtsp_single *single,
                                      struct vg_fault *fault) VG_MUST_USE;
void vg_rtsp_sockets_close(struct vg_rtsp_sockets **sockets);

/* Of a pair: where it listens, and the only sender to be believed. Ports of 0: any of that host,
 * and nothing can be sent to it. */
uint16_t vg_rtsp_sockets_port(
    const struct vg_rtsp_sockets *sockets); /* RTP's; RTCP's is the next */
void vg_rtsp_sockets_expect(struct vg_rtsp_sockets *sockets, const struct sockaddr_storage *sender,
                            uint16_t rtp_port, uint16_t rtcp_port);

/* A packet to each of the sender's ports, so that firewalls on the way let the answers in: an empty
 * RTP packet and an empty receiver report. Best effort. */
void vg_rtsp_sockets_punch(const struct vg_rtsp_sockets *sockets);

/* Sends an RTCP packet to the sender, or the group. Best effort. */
void vg_rtsp_sockets_report(const struct vg_rtsp_sockets *sockets, const uint8_t *data,
                            size_t size);

/* For a poll() together with other descriptors: the two (one of them -1, of a single one), with what
 * to wait for. */
void vg_rtsp_sockets_watch(const struct vg_rtsp_sockets *sockets, struct pollfd fds[2]);

/* Takes what has come, of the sockets that poll() said something of; what was taken before and not
 * yet handed out is lost. VG_E_IO. */
enum vg_status vg_rtsp_sockets_take(struct vg_rtsp_sockets *sockets,
                                    const struct pollfd fds[2]) VG_MUST_USE;

/* The next datagram of what was taken; false: none left. */
bool vg_rtsp_sockets_next(struct vg_rtsp_sockets *sockets, struct vg_rtsp_data *data);

/* Next, or wait, take and next: for sockets alone. VG_E_TIMEOUT: nothing came until then;
 * VG_E_INTERRUPTED, VG_E_IO. */
enum vg_status vg_rtsp_sockets_receive(struct vg_rtsp_sockets *sockets, struct vg_mono_time until,
                                       const struct vg_cancel *cancel,
                                       struct vg_rtsp_data *data) VG_MUST_USE;

struct vg_rtsp_sockets_counts {
    uint64_t taken;     /* datagrams handed out or to be handed out */
    uint64_t strangers; /* from another sender, thrown away */
    uint64_t cut;       /* longer than 9216 bytes, or empty, thrown away */
};
struct vg_rtsp_sockets_counts vg_rtsp_sockets_counts(const struct vg_rtsp_sockets *sockets);

#endif
