/* Messages between Vigie's processes: JSON objects on a local stream socket, each after its
 * length (uint32, little-endian, of the text alone).
 *
 * supervisor -> child: {"type":"config",...}, {"type":"health",...} (to api), {"type":"quit"}.
 * child -> supervisor: {"type":"alive","note":null|"msgid"} every second; the optional note is a
 * sentence for `health` about something unwell that the process lives with; with "opening":true it
 * still opens what it needs for its work. {"type":"report",...} of at most VG_MESSAGE_REPORT_MAX
 * bytes is handed on to the api with "part" added.
 * A child whose socket is closed has lost its supervisor and ends.
 *
 * Every number of bytes is bounded; a bad length ends the connection, since nothing after it
 * can be trusted. One thread at a time for each direction of a socket. */
#ifndef VG_BASE_MESSAGE_H
#define VG_BASE_MESSAGE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"

#define VG_MESSAGE_MAX        (4u << 20) /* bytes of one text */
#define VG_MESSAGE_REPORT_MAX (64u << 10)
#define VG_MESSAGE_TRY_MAX    (32u << 10) /* more a local socket takes in pieces */
#define VG_MESSAGE_HEAD       4u
#define VG_MESSAGE_CONTROL_FD 3    /* of every child */
#define VG_MESSAGE_WRITE_MS   5000 /* how long a write waits for a reader that does not read */

/* Writes one message of `size` bytes, whole, on a blocking or non-blocking socket. Raises no
 * SIGPIPE. VG_E_FULL (empty or above VG_MESSAGE_MAX: nothing was written), VG_E_TIMEOUT,
 * VG_E_CLOSED, VG_E_IO: the socket is of no more use, close it. */
enum vg_status vg_message_write(int fd, const char *text, size_t size) VG_MUST_USE;

/* The same without ever waiting: all of it now, or nothing. VG_E_FULL: the socket cannot take it
 * now, or it is empty or above VG_MESSAGE_TRY_MAX; nothing was written, the socket stays good.
 * VG_E_CLOSED, VG_E_IO as above. For what may be dropped: a sign of life. */
enum vg_status vg_message_try_write(int fd, const char *text, size_t size) VG_MUST_USE;

/* vg_message_write for an object. VG_E_MEMORY besides. */
enum vg_status vg_message_write_json(int fd, const json_t *object) VG_MUST_USE;

/* Four bytes of head for a text of `size` bytes. */
void vg_message_head(uint32_t size, uint8_t head[VG_MESSAGE_HEAD]);

/* Puts messages together from what comes in. */
struct vg_message_reader {
    char *buffer;    /* borrowed for the reader's life */
    size_t capacity; /* of buffer; a text of up to capacity - 1 bytes fits */
    size_t have;     /* bytes of the present message, head included */
    size_t length;   /* of its text, once the head is whole */
    uint8_t head[VG_MESSAGE_HEAD];
};

/* buffer: for one text and a zero byte behind it. */
void vg_message_reader_init(struct vg_message_reader *reader, char *buffer, size_t capacity);

/* Takes what the socket has now, without waiting, blocking or not. VG_OK: one message, *text
 * (size bytes, then a zero) borrowed until the next call; call again. VG_E_END: none whole yet,
 * wait for the socket. VG_E_CLOSED: the other side closed. VG_E_FULL: longer than the buffer or
 * VG_MESSAGE_MAX; VG_E_INPUT: empty; VG_E_IO: the socket is of no more use, close it. */
enum vg_status vg_message_take(struct vg_message_reader *reader, int fd, const char **text,
                               size_t *size) VG_MUST_USE;

/* The same, waiting up to timeout_ms for a whole message; VG_E_TIMEOUT then. What came in part
 * is kept for the next call. */
enum vg_status vg_message_read(struct vg_message_reader *reader, int fd, int timeout_ms,
                               const char **text, size_t *size) VG_MUST_USE;

/* The object of a message (given, json_decref) and its "type" (borrowed from it). NULL unless
 * it is one object with a type, without double keys. */
json_t *vg_message_parse(const char *text, size_t size, const char **type) VG_MUST_USE;

#endif
