/* When what is read from a socket had come, by the kernel's time stamp: who reads late does not take
 * his own delay for the network's. Any thread. */
#ifndef VG_MEDIA_NET_STAMP_H
#define VG_MEDIA_NET_STAMP_H

#include <sys/socket.h>

#include "src/base/clock.h"

/* Room for the stamp beside a message: msg_control and msg_controllen. */
struct vg_net_stamp_room {
    _Alignas(16) char bytes[64]; /* of a cmsghdr with a timespec: 32 */
};

/* Asks for stamps, of datagrams and of a stream in the clear; without them all has come when it is
 * read. The kernel begins some milliseconds after the first socket of the machine asked. */
void vg_net_stamp_ask(int fd);

/* Of a message that recvmsg filled; of a stream it is when the last byte of it had come. `now` where
 * there is no stamp, or one that cannot be: the wall clock, which stamps are of, may step. */
struct vg_mono_time vg_net_stamp_of(struct msghdr *message, struct vg_mono_time now,
                                    struct vg_wall_time wall);

/* When the bytes of a stream that were read last had come. */
struct vg_net_span {
    struct vg_mono_time from, to; /* the first and the last of them; none goes back */
};

/* For a wait that began at `asked` and is over now: now, or 0 where there was nothing to wait for. */
struct vg_mono_time vg_net_span_since(struct vg_mono_time asked);
/* They were read. since: they were waited for until then, so that none came sooner; 0: they were there
 * already, and came after what was read before. came: the last of them, vg_net_came. */
void vg_net_span_read(struct vg_net_span *span, struct vg_mono_time since,
                      struct vg_mono_time came);
/* Those up to that share of them, 0 to 1. A stamp is that of the last byte alone, whatever waited with
 * it: the others are taken to have come evenly. */
struct vg_mono_time vg_net_span_at(const struct vg_net_span *span, double share);

#endif
