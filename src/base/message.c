/* Framed messages. The reader asks the socket for the head, then for exactly the text, so that
 * nothing of the next message is ever held here. */
#include "src/base/message.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/json.h"

void vg_message_head(uint32_t size, uint8_t head[VG_MESSAGE_HEAD])
{
    for (unsigned i = 0; i < VG_MESSAGE_HEAD; i++)
        head[i] = (uint8_t)(size >> (8 * i));
}

static size_t head_size(const uint8_t head[VG_MESSAGE_HEAD])
{
    uint32_t size = 0;
    for (unsigned i = 0; i < VG_MESSAGE_HEAD; i++)
        size |= (uint32_t)head[i] << (8 * i);
    return size;
}

/* Milliseconds left until `end`, at least 0, rounded up. */
static int left_ms(struct vg_mono_time end)
{
    int64_t left = (end.us - vg_mono_now().us + 999) / 1000;
    return left > 0 ? (int)left : 0;
}

static struct vg_mono_time in_ms(int ms)
{
    struct vg_mono_time now = vg_mono_now();
    now.us += (int64_t)ms * 1000;
    return now;
}

static enum vg_status wait_for(int fd, short what, struct vg_mono_time end)
{
    struct pollfd poll_fd = {.fd = fd, .events = what};
    int ready = poll(&poll_fd, 1, left_ms(end));
    if (ready < 0 && errno != EINTR)
        return VG_E_IO;
    if (ready == 0 && left_ms(end) == 0)
        return VG_E_TIMEOUT;
    return VG_OK;
}

static enum vg_status broken(int error)
{
    return error == EPIPE || error == ECONNRESET || error == ENOTCONN ? VG_E_CLOSED : VG_E_IO;
}

static enum vg_status write_all(int fd, const void *data, size_t size, int flags,
                                struct vg_mono_time end)
{
    const uint8_t *from = data;
    while (size > 0) {
        ssize_t sent = send(fd, from, size, MSG_NOSIGNAL | MSG_DONTWAIT | flags);
        if (sent > 0) {
            from += sent;
            size -= (size_t)sent;
            continue;
        }
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return broken(errno);
        enum vg_status status = wait_for(fd, POLLOUT, end);
        if (status != VG_OK)
            return status;
    }
    return VG_OK;
}

enum vg_status vg_message_write(int fd, const char *text, size_t size)
{
    if (size == 0 || size > VG_MESSAGE_MAX)
        return VG_E_FULL;
    uint8_t head[VG_MESSAGE_HEAD];
    vg_message_head((uint32_t)size, head);
    struct vg_mono_time end = in_ms(VG_MESSAGE_WRITE_MS);
    enum vg_status status = write_all(fd, head, sizeof head, MSG_MORE, end);
    if (status == VG_OK)
        status = write_all(fd, text, size, 0, end);
    return status;
}

/* A local stream socket takes what fits in one of its buffers (49 KB, or half of a smaller send
 * buffer) whole, or not at all. */
enum vg_status vg_message_try_write(int fd, const char *text, size_t size)
{
    if (size == 0 || size > VG_MESSAGE_TRY_MAX)
        return VG_E_FULL;
    uint8_t head[VG_MESSAGE_HEAD];
    void *body = NULL;
    vg_message_head((uint32_t)size, head);
    memcpy(&body, &text, sizeof body); /* sendmsg only reads it */
    struct iovec parts[] = {{.iov_base = head, .iov_len = sizeof head},
                            {.iov_base = body, .iov_len = size}};
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t sent = 0;
    do
        sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return errno == EAGAIN ? VG_E_FULL : broken(errno);
    return (size_t)sent == sizeof head + size ? VG_OK : VG_E_IO; /* in part: it cannot go on */
}

enum vg_status vg_message_write_json(int fd, const json_t *object)
{
    char *text = vg_json_text(object);
    if (text == NULL)
        return VG_E_MEMORY;
    const size_t size = strlen(text);
    enum vg_status status = vg_message_write(fd, text, size);
    explicit_bzero(text, size); /* a configuration has passwords in it */
    vg_free(text);
    return status;
}

void vg_message_reader_init(struct vg_message_reader *reader, char *buffer, size_t capacity)
{
    *reader = (struct vg_message_reader){.buffer = buffer, .capacity = capacity};
}

/* Once the head is whole: whether its length can be taken. */
static enum vg_status check_head(struct vg_message_reader *reader)
{
    reader->length = head_size(reader->head);
    if (reader->length == 0)
        return VG_E_INPUT;
    if (reader->length > VG_MESSAGE_MAX || reader->length >= reader->capacity)
        return VG_E_FULL;
    return VG_OK;
}

enum vg_status vg_message_take(struct vg_message_reader *reader, int fd, const char **text,
                               size_t *size)
{
    for (;;) {
        void *into = NULL;
        size_t wanted = 0;
        if (reader->have < VG_MESSAGE_HEAD) {
            into = reader->head + reader->have;
            wanted = VG_MESSAGE_HEAD - reader->have;
        } else {
            enum vg_status status = check_head(reader);
            if (status != VG_OK)
                return status;
            into = reader->buffer + (reader->have - VG_MESSAGE_HEAD);
            wanted = reader->length - (reader->have - VG_MESSAGE_HEAD);
        }
        ssize_t got = recv(fd, into, wanted, MSG_DONTWAIT);
        if (got == 0)
            return VG_E_CLOSED;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno == EAGAIN ? VG_E_END : broken(errno);
        reader->have += (size_t)got;
        if (reader->have > VG_MESSAGE_HEAD && (size_t)got == wanted)
            break;
    }
    reader->buffer[reader->length] = '\0';
    *text = reader->buffer;
    *size = reader->length;
    reader->have = 0;
    return VG_OK;
}

enum vg_status vg_message_read(struct vg_message_reader *reader, int fd, int timeout_ms,
                               const char **text, size_t *size)
{
    struct vg_mono_time end = in_ms(timeout_ms);
    for (;;) {
        enum vg_status status = vg_message_take(reader, fd, text, size);
        if (status != VG_E_END)
            return status;
        status = wait_for(fd, POLLIN, end);
        if (status != VG_OK)
            return status;
    }
}

json_t *vg_message_parse(const char *text, size_t size, const char **type)
{
    json_t *object = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    const char *name = json_string_value(json_object_get(object, "type"));
    if (name == NULL) {
        json_decref(object);
        return NULL;
    }
    *type = name;
    return object;
}
