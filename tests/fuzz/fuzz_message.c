/* Bytes from a child's control socket. Never: a read past the buffer, a message longer than its
 * head said, one that is not ended by a zero, a reader that goes on after a refused head. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src/base/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    ROOM = 512,
    SENT_MAX = 65536
};

static void must(int holds)
{
    if (!holds)
        abort();
}

static void parse(const char *text, size_t size)
{
    const char *type = NULL;
    json_t *message = vg_message_parse(text, size, &type);
    if (message != NULL)
        must(json_is_object(message) && type != NULL && strlen(type) <= size);
    json_decref(message);
}

/* The first byte says in what pieces the rest arrives. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fds[2];
    if (size < 2 || size > SENT_MAX || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
        return 0;
    char *buffer = malloc(ROOM);
    struct vg_message_reader reader;
    must(buffer != NULL);
    vg_message_reader_init(&reader, buffer, ROOM);
    size_t piece = 1u + data[0];
    enum vg_status status = VG_E_END;
    for (size_t at = 1; at < size && (status == VG_E_END || status == VG_OK); at += piece) {
        size_t now = size - at < piece ? size - at : piece;
        must(send(fds[0], data + at, now, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)now);
        do {
            const char *text = NULL;
            size_t length = 0;
            status = vg_message_take(&reader, fds[1], &text, &length);
            if (status != VG_OK)
                continue;
            must(length > 0 && length < ROOM && text == buffer && text[length] == '\0');
            parse(text, length);
        } while (status == VG_OK);
    }
    must(status == VG_E_END || status == VG_E_FULL || status == VG_E_INPUT);
    free(buffer);
    (void)close(fds[0]);
    (void)close(fds[1]);
    return 0;
}
