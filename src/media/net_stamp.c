/* Source: socket(7), SO_TIMESTAMPNS; Linux, Documentation/networking/timestamping.rst. */
#include "src/media/net_stamp.h"

#include <stdint.h>
#include <string.h>
#include <time.h>

#define WAITED_US  1000               /* who waits for less found it there */
#define AGE_US_MAX (60 * VG_US_PER_S) /* no socket's memory holds more of a picture stream */

void vg_net_stamp_ask(int fd)
{
    const int one = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
}

static int64_t age_of(const struct timespec *stamp, struct vg_wall_time wall)
{
    return wall.us - ((int64_t)stamp->tv_sec * VG_US_PER_S + stamp->tv_nsec / 1000);
}

struct vg_mono_time vg_net_stamp_of(struct msghdr *message, struct vg_mono_time now,
                                    struct vg_wall_time wall)
{
    struct timespec stamp;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS ||
            c->cmsg_len < CMSG_LEN(sizeof stamp))
            continue;
        memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
        const int64_t age_us = age_of(&stamp, wall);
        if (age_us > 0 && age_us < AGE_US_MAX)
            now.us -= age_us;
        break;
    }
    return now;
}

struct vg_mono_time vg_net_span_since(struct vg_mono_time asked)
{
    const struct vg_mono_time now = vg_mono_now();
    return now.us - asked.us > WAITED_US ? now : (struct vg_mono_time){0};
}

void vg_net_span_read(struct vg_net_span *span, struct vg_mono_time since, struct vg_mono_time came)
{
    const struct vg_mono_time before = span->to;
    span->to = came.us > before.us ? came : before;
    span->from = since.us > before.us ? since : before;
    if (before.us == 0 || span->from.us > span->to.us)
        span->from = span->to;
}

struct vg_mono_time vg_net_span_at(const struct vg_net_span *span, double share)
{
    const double whole_us = (double)(span->to.us - span->from.us);
    return (struct vg_mono_time){span->from.us + (int64_t)(whole_us * share)};
}
