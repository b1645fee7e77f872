#include "api/event_stream.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

#include "api/stream_end.h"
#include "src/base/alloc.h"

#define ON_THE_WAY 32 /* alerts not yet written to a client whose latency is to be taken */

struct stream {
    struct vg_streams *streams;
    struct evhttp_request *http; /* NULL: a free place */
    uint64_t session;
    uint64_t last; /* change number of the newest frame it was sent */
    struct vg_mono_time arrival[ON_THE_WAY];
    size_t arrivals;
};

struct vg_streams {
    struct event *tick;
    vg_stream_holds *holds;
    void *user;
    struct stream stream[VG_STREAMS_MAX];
    struct vg_news *recent[VG_STREAM_RECENT]; /* ring: oldest at first */
    size_t recent_first, recent_count;
    uint64_t forgotten; /* change number of the newest frame no longer kept */
    uint64_t newest;
    struct vg_streams_counts counts;
    struct vg_time_metric latency;
};

/* What is on the way has waited until now: written, or gone with its client. */
static void take_latencies(struct stream *stream)
{
    const struct vg_mono_time now = vg_mono_now();
    for (size_t i = 0; i < stream->arrivals; i++)
        vg_time_metric_add(&stream->streams->latency, now.us - stream->arrival[i].us);
    stream->arrivals = 0;
}

/* The connection is going. When the client went, evhttp has parted the unfinished request from
 * it and left it to us; when we cut it, the request goes with the connection. */
static void on_gone(struct evhttp_connection *connection, void *argument)
{
    (void)connection;
    struct stream *stream = argument;
    if (!evhttp_request_get_connection(stream->http))
        evhttp_request_free(stream->http);
    stream->http = NULL;
    stream->streams->counts.open--;
    take_latencies(stream);
}

static void cut(struct stream *stream)
{
    stream->streams->counts.cut++;
    evhttp_connection_free(evhttp_request_get_connection(stream->http)); /* calls on_gone */
}

/* Ends the answer as HTTP wants it; the connection goes on. */
static void end(struct stream *stream)
{
    struct evhttp_request *http = stream->http;
    stream->http = NULL;
    stream->streams->counts.open--;
    take_latencies(stream);
    vg_stream_end(http, ":\n\n", 3);
}

/* The client's socket took all that was to be written. */
static void on_written(struct evhttp_connection *connection, void *argument)
{
    (void)connection;
    take_latencies(argument);
}

/* Sends bytes to one client, or cuts it. */
static void send_bytes(struct stream *stream, const char *bytes, size_t size)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(stream->http);
    struct evbuffer *output = bufferevent_get_output(evhttp_connection_get_bufferevent(connection));
    struct evbuffer *chunk = evbuffer_new();
    if (!chunk || evbuffer_add(chunk, bytes, size) ||
        evbuffer_get_length(output) > VG_STREAM_QUEUE_BYTES)
        cut(stream);
    else
        evhttp_send_reply_chunk_with_cb(stream->http, chunk, on_written, stream);
    if (chunk)
        evbuffer_free(chunk);
}

static void on_tick(evutil_socket_t fd, short what, void *argument)
{
    (void)fd, (void)what;
    struct vg_streams *streams = argument;
    vg_streams_check(streams);
    for (size_t i = 0; i < VG_STREAMS_MAX; i++)
        if (streams->stream[i].http)
            send_bytes(&streams->stream[i], ":\n\n", 3); /* finds dead peers, keeps proxies calm */
}

enum vg_status vg_streams_open(struct vg_streams **streams, struct event_base *base,
                               vg_stream_holds *holds, void *user)
{
    const struct timeval every = {VG_STREAM_COMMENT_S, 0};
    *streams = NULL;
    struct vg_streams *s = vg_alloc(sizeof *s);
    if (!s)
        return VG_E_MEMORY;
    s->holds = holds;
    s->user = user;
    s->tick = event_new(base, -1, EV_PERSIST, on_tick, s);
    if (!s->tick || event_add(s->tick, &every)) {
        vg_streams_close(&s);
        return VG_E_LACK;
    }
    *streams = s;
    return VG_OK;
}

void vg_streams_close(struct vg_streams **streams)
{
    struct vg_streams *s = *streams;
    if (!s)
        return;
    for (size_t i = 0; i < VG_STREAMS_MAX; i++)
        if (s->stream[i].http)
            end(&s->stream[i]);
    for (size_t i = 0; i < s->recent_count; i++)
        vg_free(s->recent[(s->recent_first + i) % VG_STREAM_RECENT]);
    if (s->tick)
        event_free(s->tick);
    vg_free(s);
    *streams = NULL;
}

static struct stream *free_place(struct vg_streams *streams)
{
    for (size_t i = 0; i < VG_STREAMS_MAX; i++)
        if (!streams->stream[i].http)
            return &streams->stream[i];
    return NULL;
}

/* What the replay held already comes to the loop too, a moment later: it is not sent again. */
static void send_news(struct stream *stream, const struct vg_news *news)
{
    if (news->change <= stream->last)
        return;
    stream->last = news->change;
    stream->streams->counts.sent++;
    /* times of another run of the machine lie ahead of now */
    const bool known = news->arrival.us > 0 && news->arrival.us <= vg_mono_now().us;
    if (known && stream->arrivals == ON_THE_WAY)
        take_latencies(stream); /* for so long at least: who reads slowly is not left out */
    if (known)
        stream->arrival[stream->arrivals++] = news->arrival;
    send_bytes(stream, news->frame, news->size);
}

/* What came to the loop after the archive was read for this client. */
static void send_recent(struct stream *stream)
{
    struct vg_streams *s = stream->streams;
    for (size_t i = 0; i < s->recent_count && stream->http; i++)
        send_news(stream, s->recent[(s->recent_first + i) % VG_STREAM_RECENT]);
}

enum vg_status vg_streams_join(struct vg_streams *streams, struct evhttp_request *http,
                               const struct vg_stream_start *start)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(http);
    struct stream *stream = free_place(streams);
    if (!stream)
        return VG_E_FULL;
    evhttp_send_reply_start(http, 200, "OK");
    struct evbuffer *chunk = evbuffer_new();
    if (chunk) {
        /* the comment opens the stream for the browser at once; a short retry, since a cut
         * stream is how a slow client is told to catch up */
        (void)evbuffer_add_printf(chunk, "retry: 2000\n:\n\n");
        (void)evbuffer_add(chunk, start->replay, start->replay_size);
        evhttp_send_reply_chunk(http, chunk);
        evbuffer_free(chunk);
    }
    if (!connection || start->more || start->after < streams->forgotten) {
        evhttp_send_reply_end(http);
        return VG_OK;
    }
    *stream = (struct stream){
        .streams = streams, .http = http, .session = start->session, .last = start->after};
    streams->counts.open++;
    evhttp_connection_set_timeout(connection, 10 * VG_STREAM_COMMENT_S);
    evhttp_connection_set_closecb(connection, on_gone, stream);
    send_recent(stream);
    return VG_OK;
}

void vg_streams_publish(struct vg_streams *streams, struct vg_news *news)
{
    if (streams->recent_count == VG_STREAM_RECENT) {
        struct vg_news *oldest = streams->recent[streams->recent_first];
        streams->forgotten = oldest->change;
        streams->recent_first = (streams->recent_first + 1) % VG_STREAM_RECENT;
        streams->recent_count--;
        vg_free(oldest);
    }
    streams->recent[(streams->recent_first + streams->recent_count++) % VG_STREAM_RECENT] = news;
    streams->newest = news->change;
    for (size_t i = 0; i < VG_STREAMS_MAX; i++)
        if (streams->stream[i].http)
            send_news(&streams->stream[i], news);
}

void vg_streams_check(struct vg_streams *streams)
{
    for (size_t i = 0; i < VG_STREAMS_MAX; i++) {
        struct stream *stream = &streams->stream[i];
        if (stream->http && !streams->holds(streams->user, stream->session))
            end(stream);
    }
}

struct vg_time_metric *vg_streams_latency(struct vg_streams *streams)
{
    return &streams->latency;
}

uint64_t vg_streams_newest(const struct vg_streams *streams)
{
    return streams->newest;
}

struct vg_streams_counts vg_streams_counts(const struct vg_streams *streams)
{
    return streams->counts;
}
