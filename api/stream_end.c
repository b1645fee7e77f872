#include "api/stream_end.h"

#include <event2/buffer.h>
#include <event2/http.h>

/* As in event_stream.c: when the client went, the request is ours to free. */
static void on_gone(struct evhttp_connection *connection, void *argument)
{
    (void)connection;
    struct evhttp_request *http = argument;
    if (!evhttp_request_get_connection(http))
        evhttp_request_free(http);
}

static void on_written(struct evhttp_connection *connection, void *argument)
{
    evhttp_connection_set_closecb(connection, NULL, NULL);
    evhttp_send_reply_end(argument);
}

void vg_stream_end(struct evhttp_request *http, const void *bytes, size_t size)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(http);
    struct evbuffer *chunk = evbuffer_new();
    evhttp_connection_set_closecb(connection, on_gone, http);
    if (chunk && evbuffer_add(chunk, bytes, size) == 0)
        evhttp_send_reply_chunk_with_cb(http, chunk, on_written, http);
    else
        evhttp_connection_free(connection);
    if (chunk)
        evbuffer_free(chunk);
}
