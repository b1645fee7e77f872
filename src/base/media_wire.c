#include "src/base/media_wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "src/base/random.h"

#define RANGE_MAX_US (3600 * VG_US_PER_S)
#define FLAGS_ALL    31u

static const uint8_t magic[4] = {'V', 'G', 'M', 'W'};

static void put(uint8_t *to, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *from, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)from[i] << (8 * i);
    return value;
}

/* ---- frames ---- */

void vg_wire_write_head(const struct vg_wire_frame *frame, uint8_t head[VG_WIRE_HEAD])
{
    memcpy(head, magic, sizeof magic);
    head[4] = (uint8_t)frame->type;
    head[5] = frame->flags;
    put(head + 6, 0, 2);
    put(head + 8, frame->from, 4);
    put(head + 12, frame->to, 4);
    put(head + 16, frame->request, 4);
    put(head + 20, frame->unit, 4);
    put(head + 24, (uint64_t)frame->wall_us, 8);
}

/* What a frame of each type may hold, bytes. */
static const struct {
    uint32_t least, most;
} sizes[] = {[VG_WIRE_HELLO] = {0, 0},
             [VG_WIRE_CLIP] = {24 + 1, VG_WIRE_CLIP_MAX - 1},
             [VG_WIRE_LIVE] = {8 + 1, VG_WIRE_LIVE_MAX - 1},
             [VG_WIRE_MORE] = {VG_WIRE_NUMBER, VG_WIRE_NUMBER},
             [VG_WIRE_STOP] = {0, 0},
             [VG_WIRE_ABOUT] = {VG_WIRE_ABOUT_BYTES, VG_WIRE_ABOUT_BYTES},
             [VG_WIRE_PART] = {1, VG_WIRE_DATA_MAX},
             [VG_WIRE_END] = {0, 0},
             [VG_WIRE_REFUSED] = {VG_WIRE_NUMBER, VG_WIRE_NUMBER}};

enum vg_status vg_wire_read(const uint8_t *bytes, size_t size, struct vg_wire_frame *frame)
{
    if (size < VG_WIRE_HEAD || size > VG_WIRE_FRAME_MAX || memcmp(bytes, magic, sizeof magic) != 0)
        return VG_E_INPUT;
    const uint8_t type = bytes[4];
    if (type < VG_WIRE_HELLO || type > VG_WIRE_REFUSED || get(bytes + 6, 2) != 0)
        return VG_E_INPUT;
    *frame = (struct vg_wire_frame){.type = (enum vg_wire_type)type,
                                    .flags = bytes[5],
                                    .from = (uint32_t)get(bytes + 8, 4),
                                    .to = (uint32_t)get(bytes + 12, 4),
                                    .request = (uint32_t)get(bytes + 16, 4),
                                    .unit = (uint32_t)get(bytes + 20, 4),
                                    .wall_us = (int64_t)get(bytes + 24, 8),
                                    .data = bytes + VG_WIRE_HEAD,
                                    .size = size - VG_WIRE_HEAD};
    if (frame->size < sizes[type].least || frame->size > sizes[type].most)
        return VG_E_INPUT;
    if (frame->flags & (type == VG_WIRE_PART ? ~FLAGS_ALL : ~0u))
        return VG_E_INPUT;
    return frame->from ? VG_OK : VG_E_INPUT;
}

/* ---- what they hold ---- */

/* The rest of a frame is the id of a flux, without an end. */
static enum vg_status read_flux(const struct vg_wire_frame *frame, size_t at,
                                char flux[VG_WIRE_FLUX_SIZE])
{
    const size_t size = frame->size - at;
    if (size == 0 || size >= VG_WIRE_FLUX_SIZE || memchr(frame->data + at, 0, size))
        return VG_E_INPUT;
    memcpy(flux, frame->data + at, size);
    flux[size] = '\0';
    return VG_OK;
}

static size_t write_flux(const char *flux, uint8_t *data)
{
    const size_t size = strnlen(flux, VG_WIRE_FLUX_SIZE - 1);
    memcpy(data, flux, size);
    return size;
}

size_t vg_wire_write_clip(const struct vg_wire_clip *clip, uint8_t data[VG_WIRE_CLIP_MAX])
{
    put(data, (uint64_t)clip->from_us, 8);
    put(data + 8, (uint64_t)clip->to_us, 8);
    put(data + 16, clip->bytes_max, 4);
    put(data + 20, clip->window, 4);
    return 24 + write_flux(clip->flux, data + 24);
}

enum vg_status vg_wire_read_clip(const struct vg_wire_frame *frame, struct vg_wire_clip *clip)
{
    if (frame->type != VG_WIRE_CLIP || frame->size < 24)
        return VG_E_INPUT;
    clip->from_us = (int64_t)get(frame->data, 8);
    clip->to_us = (int64_t)get(frame->data + 8, 8);
    clip->bytes_max = (uint32_t)get(frame->data + 16, 4);
    clip->window = (uint32_t)get(frame->data + 20, 4);
    if (clip->from_us < 0 || clip->to_us < clip->from_us ||
        clip->to_us - clip->from_us > RANGE_MAX_US || clip->window > VG_WIRE_WINDOW_MAX)
        return VG_E_INPUT;
    return read_flux(frame, 24, clip->flux);
}

size_t vg_wire_write_live(const struct vg_wire_live *live, uint8_t data[VG_WIRE_LIVE_MAX])
{
    put(data, live->plays, 4);
    put(data + 4, live->window, 4);
    return 8 + write_flux(live->flux, data + 8);
}

enum vg_status vg_wire_read_live(const struct vg_wire_frame *frame, struct vg_wire_live *live)
{
    if (frame->type != VG_WIRE_LIVE || frame->size < 8)
        return VG_E_INPUT;
    live->plays = (uint32_t)get(frame->data, 4);
    live->window = (uint32_t)get(frame->data + 4, 4);
    if (live->window > VG_WIRE_WINDOW_MAX)
        return VG_E_INPUT;
    return read_flux(frame, 8, live->flux);
}

size_t vg_wire_write_about(const struct vg_wire_about *about, uint8_t data[VG_WIRE_ABOUT_BYTES])
{
    put(data, about->size, 8);
    put(data + 8, (uint64_t)about->from_us, 8);
    put(data + 16, (uint64_t)about->to_us, 8);
    put(data + 24, about->pictures, 4);
    put(data + 28, about->cut_short, 4);
    return VG_WIRE_ABOUT_BYTES;
}

enum vg_status vg_wire_read_about(const struct vg_wire_frame *frame, struct vg_wire_about *about)
{
    if (frame->type != VG_WIRE_ABOUT || frame->size != VG_WIRE_ABOUT_BYTES)
        return VG_E_INPUT;
    const uint64_t cut_short = get(frame->data + 28, 4);
    *about = (struct vg_wire_about){.size = get(frame->data, 8),
                                    .from_us = (int64_t)get(frame->data + 8, 8),
                                    .to_us = (int64_t)get(frame->data + 16, 8),
                                    .pictures = (uint32_t)get(frame->data + 24, 4),
                                    .cut_short = cut_short == 1};
    return cut_short <= 1 && about->size <= UINT32_MAX ? VG_OK : VG_E_INPUT;
}

size_t vg_wire_write_more(uint32_t bytes, uint8_t data[VG_WIRE_NUMBER])
{
    put(data, bytes, VG_WIRE_NUMBER);
    return VG_WIRE_NUMBER;
}

enum vg_status vg_wire_read_more(const struct vg_wire_frame *frame, uint32_t *bytes)
{
    if (frame->type != VG_WIRE_MORE || frame->size != VG_WIRE_NUMBER)
        return VG_E_INPUT;
    *bytes = (uint32_t)get(frame->data, VG_WIRE_NUMBER);
    return *bytes >= 1 && *bytes <= VG_WIRE_WINDOW_MAX ? VG_OK : VG_E_INPUT;
}

size_t vg_wire_write_refused(enum vg_status status, uint8_t data[VG_WIRE_NUMBER])
{
    put(data, (uint32_t) - (int)status, VG_WIRE_NUMBER);
    return VG_WIRE_NUMBER;
}

enum vg_status vg_wire_read_refused(const struct vg_wire_frame *frame)
{
    if (frame->type != VG_WIRE_REFUSED || frame->size != VG_WIRE_NUMBER)
        return VG_E_IO;
    const uint64_t number = get(frame->data, VG_WIRE_NUMBER);
    return number >= 1 && number <= (uint64_t)-VG_E_INTERRUPTED ? (enum vg_status)(-(int)number)
                                                                : VG_E_IO;
}

/* ---- who speaks ---- */

void vg_wire_peer_init(struct vg_wire_peer *peer)
{
    *peer = (struct vg_wire_peer){.hello_due = true};
    while (peer->own == 0)
        vg_random_bytes(&peer->own, sizeof peer->own);
}

enum vg_wire_heard vg_wire_peer_hear(struct vg_wire_peer *peer, const struct vg_wire_frame *frame)
{
    if (frame->type != VG_WIRE_HELLO)
        return frame->from == peer->other && frame->to == peer->own ? VG_WIRE_HEARD
                                                                    : VG_WIRE_NOTHING;
    if (frame->to != peer->own) /* it does not know us yet */
        peer->hello_due = true;
    if (frame->from == peer->other)
        return VG_WIRE_NOTHING;
    peer->other = frame->from;
    return VG_WIRE_NEW_PEER;
}

/* ---- the socket ---- */

enum vg_status vg_wire_pair(int fds[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0 ? VG_OK : VG_E_LACK;
}

static void *readable(const void *data)
{
    void *same = NULL;
    memcpy(&same, &data, sizeof same); /* sendmsg only reads it */
    return same;
}

static enum vg_status broken(int error)
{
    return error == EPIPE || error == ECONNRESET || error == ENOTCONN ? VG_E_CLOSED : VG_E_IO;
}

enum vg_status vg_wire_send(int fd, const struct vg_wire_frame *frame, const void *before,
                            size_t before_size)
{
    uint8_t head[VG_WIRE_HEAD];
    if (frame->size > VG_WIRE_DATA_MAX || before_size > VG_WIRE_DATA_MAX - frame->size)
        return VG_E_CALL;
    vg_wire_write_head(frame, head);
    struct iovec parts[] = {{.iov_base = head, .iov_len = sizeof head},
                            {.iov_base = readable(before), .iov_len = before_size},
                            {.iov_base = readable(frame->data), .iov_len = frame->size}};
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3};
    ssize_t sent = 0;
    do
        sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return VG_OK;
    return errno == EAGAIN || errno == ENOBUFS ? VG_E_FULL : broken(errno);
}

enum vg_status vg_wire_receive(int fd, uint8_t *buffer, struct vg_wire_frame *frame)
{
    struct iovec part = {.iov_base = buffer, .iov_len = VG_WIRE_FRAME_MAX};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t got = 0;
    do
        got = recvmsg(fd, &message, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got == 0)
        return VG_E_CLOSED;
    if (got < 0)
        return errno == EAGAIN ? VG_E_END : broken(errno);
    if ((message.msg_flags & MSG_TRUNC) != 0)
        return VG_E_INPUT;
    return vg_wire_read(buffer, (size_t)got, frame);
}
