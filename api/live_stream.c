#include "api/live_stream.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdio.h>
#include <string.h>

#include "api/stream_end.h"
#include "src/base/alloc.h"
#include "src/base/clock.h"

enum {
    TICK_MS = 500,
    ASK_AGAIN_S = 1,
    CONNECTION_TIMEOUT_S = 120 /* our own clocks are quicker */
};

enum state {
    STATE_NONE, /* nothing said yet */
    STATE_WAITING,
    STATE_LIVE,
    STATE_LOST
};

struct live;

/* One flux of one client. */
struct viewer {
    struct vg_media_asker asker; /* first: a viewer is found by it */
    struct live *live;
    char flux[VG_WIRE_FLUX_SIZE];
    bool asked; /* a request is open */
    bool taken; /* and ingest has it */
    uint32_t request;
    size_t owed; /* came, and not yet given back to the window */
    enum state said;
    const char *why; /* said with it; static */
    struct vg_mono_time heard, again;
};

struct live {
    struct vg_lives *lives;
    struct evhttp_request *http; /* NULL: a free place */
    struct evbuffer *output;     /* of its connection; borrowed */
    struct evbuffer_cb_entry *drained;
    uint64_t session;
    uint32_t plays;
    struct vg_mono_time moved, alive; /* moved: last time something left */
    size_t count;
    struct viewer viewer[VG_LIVE_FLUX_MAX];
};

struct vg_lives {
    struct event *tick;
    struct vg_media_links *links;
    vg_stream_holds *holds;
    void *user;
    struct vg_lives_counts counts;
    struct live live[VG_LIVES_MAX];
};

/* ---- what is asked for ---- */

static bool add_flux(struct vg_live_wish *wish, const char *id, size_t size)
{
    if (size == 0 || size >= VG_WIRE_FLUX_SIZE || wish->count == VG_LIVE_FLUX_MAX)
        return false;
    for (size_t i = 0; i < wish->count; i++)
        if (strlen(wish->flux[i]) == size && memcmp(wish->flux[i], id, size) == 0)
            return false;
    memcpy(wish->flux[wish->count], id, size);
    wish->flux[wish->count++][size] = '\0';
    return true;
}

static bool add_codec(struct vg_live_wish *wish, const char *name, size_t size)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } rows[] = {{"h264", 1}, {"h265", 2}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strlen(rows[i].name) != size || memcmp(rows[i].name, name, size) != 0)
            continue;
        wish->plays |= rows[i].bit;
        return true;
    }
    return size == 4 &&
           memcmp(name, "jpeg", 4) == 0; /* what everybody plays: alone, nothing else */
}

/* Calls add for each part between commas; false at the first that is not taken. */
static bool each_part(const char *text, struct vg_live_wish *wish,
                      bool (*add)(struct vg_live_wish *wish, const char *part, size_t size))
{
    for (;;) {
        const size_t size = strcspn(text, ",");
        if (!add(wish, text, size))
            return false;
        if (!text[size])
            return true;
        text += size + 1;
    }
}

const char *vg_live_wish_read(const char *flux, const char *plays, struct vg_live_wish *wish)
{
    *wish = (struct vg_live_wish){.count = 0};
    if (!flux || !each_part(flux, wish, add_flux))
        return "flux";
    if (!plays || !plays[0])
        wish->plays = 1;
    else if (!each_part(plays, wish, add_codec))
        return "plays";
    return NULL;
}

/* ---- frames ---- */

static void put(uint8_t *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

void vg_live_write_head(const struct vg_live_frame *frame, uint8_t head[VG_LIVE_HEAD_BYTES])
{
    memset(head, 0, VG_LIVE_HEAD_BYTES);
    put(head, frame->size, 4);
    put(head + 4, (uint64_t)frame->type, 1);
    put(head + 5, frame->flags, 1);
    put(head + 6, frame->flux, 2);
    put(head + 8, frame->unit, 4);
    put(head + 16, (uint64_t)frame->wall_us, 8);
}

/* The connection goes, and with it `live`: on_gone is called. */
static void cut(struct live *live)
{
    live->lives->counts.cut++;
    evhttp_connection_free(evhttp_request_get_connection(live->http));
}

/* Sends a frame, its bytes in two parts; false: the client is gone with it. */
static bool send_frame(struct live *live, const struct vg_live_frame *frame, const void *before,
                       size_t before_size, const void *data)
{
    uint8_t head[VG_LIVE_HEAD_BYTES];
    struct evbuffer *chunk = evbuffer_new();
    vg_live_write_head(frame, head);
    const bool good = chunk && evbuffer_add(chunk, head, sizeof head) == 0 &&
                      evbuffer_add(chunk, before, before_size) == 0 &&
                      evbuffer_add(chunk, data, frame->size - before_size) == 0 &&
                      evbuffer_get_length(live->output) <= VG_LIVE_OUTPUT_MAX;
    if (good)
        evhttp_send_reply_chunk(live->http, chunk);
    else
        cut(live);
    if (chunk)
        evbuffer_free(chunk);
    return good;
}

static bool say_alive(struct live *live, struct vg_mono_time now)
{
    const struct vg_live_frame frame = {.type = VG_LIVE_FRAME_ALIVE, .wall_us = vg_wall_now().us};
    live->alive = now;
    return send_frame(live, &frame, "", 0, "");
}

/* Says how a flux is, once; false: the client is gone. */
static bool say_state(struct viewer *viewer, enum state state, const char *why)
{
    static const char *const names[] = {"", "waiting", "live", "lost"};
    char text[VG_WIRE_FLUX_SIZE + 96];
    struct live *live = viewer->live;
    if (viewer->said == state && viewer->why == why)
        return true;
    live->lives->counts.lost += state == STATE_LOST && viewer->said != STATE_LOST;
    viewer->said = state;
    viewer->why = why;
    /* an id has no letter that JSON would write otherwise */
    const int size =
        snprintf(text, sizeof text, "{\"flux\":\"%s\",\"state\":\"%s\",\"reason\":\"%s\"}",
                 viewer->flux, names[state], why);
    const struct vg_live_frame frame = {.type = VG_LIVE_FRAME_STATE,
                                        .flags = VG_LIVE_FRAME_BEGIN | VG_LIVE_FRAME_LAST,
                                        .flux = (size_t)(viewer - live->viewer),
                                        .size = (uint32_t)size,
                                        .unit = (uint32_t)size,
                                        .wall_us = vg_wall_now().us};
    return send_frame(live, &frame, "", 0, text);
}

/* ---- one flux ---- */

static const char *reason_of(enum vg_status status)
{
    static const struct {
        enum vg_status status;
        const char *reason;
    } rows[] = {{VG_E_MISSING, "off"}, {VG_E_FULL, "busy"}, {VG_E_CLOSED, "restart"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].status == status)
            return rows[i].reason;
    return "away";
}

static void on_about(struct vg_media_asker *asker, const struct vg_wire_about *about)
{
    (void)about;
    struct viewer *viewer = (struct viewer *)(void *)asker;
    viewer->taken = true;
    viewer->heard = vg_mono_now();
}

static void on_piece(struct vg_media_asker *asker, const struct vg_media_piece *piece)
{
    struct viewer *viewer = (struct viewer *)(void *)asker;
    struct live *live = viewer->live;
    struct vg_lives_counts *counts = &live->lives->counts;
    char codec[VG_LIVE_CODEC_BYTES] = "";
    const bool init = (piece->flags & VG_WIRE_INIT) != 0;
    const size_t before = piece->codec ? sizeof codec : 0;
    struct vg_live_frame frame = {
        .type = init ? VG_LIVE_FRAME_INIT : VG_LIVE_FRAME_FRAGMENT,
        .flags = piece->flags & (VG_LIVE_FRAME_BEGIN | VG_LIVE_FRAME_LAST | VG_LIVE_FRAME_KEY),
        .flux = (size_t)(viewer - live->viewer),
        .size = (uint32_t)(piece->size + before),
        .unit = piece->unit + (init ? VG_LIVE_CODEC_BYTES : 0),
        .wall_us = piece->wall_us};
    if ((piece->flags & VG_WIRE_JPEG) != 0)
        frame.type = VG_LIVE_FRAME_JPEG;
    if (piece->codec)
        (void)snprintf(codec, sizeof codec, "%s", piece->codec);
    viewer->heard = vg_mono_now();
    viewer->owed += piece->size;
    counts->bytes += piece->size;
    counts->units += (piece->flags & VG_WIRE_LAST) != 0;
    if (!init && !say_state(viewer, STATE_LIVE, ""))
        return;
    (void)send_frame(live, &frame, codec, before, piece->data);
}

static void on_ended(struct vg_media_asker *asker, enum vg_status status)
{
    struct viewer *viewer = (struct viewer *)(void *)asker;
    viewer->asked = viewer->taken = false;
    viewer->owed = 0;
    viewer->again.us = vg_mono_now().us + ASK_AGAIN_S * VG_US_PER_S;
    (void)say_state(viewer, STATE_LOST, reason_of(status));
}

/* false: the client is gone. */
static bool ask(struct viewer *viewer, struct vg_mono_time now)
{
    struct live *live = viewer->live;
    struct vg_wire_live wish = {.plays = live->plays, .window = VG_LIVE_WINDOW};
    memcpy(wish.flux, viewer->flux, sizeof wish.flux);
    const enum vg_status status =
        vg_media_links_live(live->lives->links, &wish, &viewer->asker, &viewer->request);
    viewer->asked = status == VG_OK;
    if (viewer->asked)
        return true;
    viewer->again.us = now.us + ASK_AGAIN_S * VG_US_PER_S;
    return say_state(viewer, STATE_LOST, reason_of(status));
}

/* ---- one client ---- */

static void leave(struct live *live)
{
    struct vg_lives *lives = live->lives;
    for (size_t i = 0; i < live->count; i++)
        if (live->viewer[i].asked)
            vg_media_links_stop(lives->links, live->viewer[i].request);
    lives->counts.open--;
    lives->counts.flux -= (uint32_t)live->count;
    live->http = NULL;
    live->count = 0;
}

/* As in event_stream.c: when the client went, the request is ours to free. */
static void on_gone(struct evhttp_connection *connection, void *argument)
{
    (void)connection;
    struct live *live = argument;
    (void)evbuffer_remove_cb_entry(live->output, live->drained);
    if (!evhttp_request_get_connection(live->http))
        evhttp_request_free(live->http);
    leave(live);
}

/* Ends the answer as HTTP wants it; the connection goes on. */
static void end(struct live *live)
{
    struct evhttp_request *http = live->http;
    const struct vg_live_frame alive = {.type = VG_LIVE_FRAME_ALIVE, .wall_us = vg_wall_now().us};
    uint8_t head[VG_LIVE_HEAD_BYTES];
    vg_live_write_head(&alive, head);
    (void)evbuffer_remove_cb_entry(live->output, live->drained);
    leave(live);
    vg_stream_end(http, head, sizeof head);
}

/* Something has left for the client, or was added: what it has taken may come anew. */
static void on_output(struct evbuffer *output, const struct evbuffer_cb_info *info, void *argument)
{
    struct live *live = argument;
    if (info->n_deleted == 0)
        return;
    live->moved = vg_mono_now();
    if (evbuffer_get_length(output) > VG_LIVE_LOW_BYTES)
        return;
    for (size_t i = 0; i < live->count; i++) {
        struct viewer *viewer = &live->viewer[i];
        if (viewer->asked && viewer->owed)
            vg_media_links_more(live->lives->links, viewer->request, viewer->owed);
        viewer->owed = 0;
    }
}

/* A flux in time; false: the client is gone. */
static bool look_after(struct viewer *viewer, struct vg_mono_time now)
{
    if (!viewer->asked)
        return now.us < viewer->again.us || ask(viewer, now);
    const bool silent = viewer->taken && viewer->owed < VG_LIVE_WINDOW &&
                        now.us - viewer->heard.us > VG_LIVE_SILENT_S * VG_US_PER_S;
    return !silent || say_state(viewer, STATE_LOST, "silent");
}

static void tick_live(struct live *live, struct vg_mono_time now)
{
    if (evbuffer_get_length(live->output) == 0)
        live->moved = now;
    if (now.us - live->moved.us > VG_LIVE_STUCK_S * VG_US_PER_S) {
        cut(live);
        return;
    }
    if (now.us - live->alive.us >= VG_LIVE_ALIVE_S * VG_US_PER_S && !say_alive(live, now))
        return;
    for (size_t i = 0; i < live->count; i++)
        if (!look_after(&live->viewer[i], now))
            return;
}

static void on_tick(evutil_socket_t fd, short what, void *argument)
{
    (void)fd, (void)what;
    struct vg_lives *lives = argument;
    const struct vg_mono_time now = vg_mono_now();
    for (size_t i = 0; i < VG_LIVES_MAX; i++)
        if (lives->live[i].http)
            tick_live(&lives->live[i], now);
}

static struct live *free_place(struct vg_lives *lives)
{
    for (size_t i = 0; i < VG_LIVES_MAX; i++)
        if (!lives->live[i].http)
            return &lives->live[i];
    return NULL;
}

bool vg_lives_have_room(const struct vg_lives *lives)
{
    return lives->counts.open < VG_LIVES_MAX;
}

enum vg_status vg_lives_join(struct vg_lives *lives, struct evhttp_request *http, uint64_t session,
                             const struct vg_live_wish *wish)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(http);
    struct live *live = free_place(lives);
    if (!live || !connection)
        return VG_E_FULL;
    const struct vg_mono_time now = vg_mono_now();
    *live = (struct live){.lives = lives,
                          .http = http,
                          .session = session,
                          .plays = wish->plays,
                          .moved = now,
                          .count = wish->count};
    live->output = bufferevent_get_output(evhttp_connection_get_bufferevent(connection));
    live->drained = evbuffer_add_cb(live->output, on_output, live);
    if (!live->drained) {
        live->http = NULL;
        return VG_E_FULL;
    }
    for (size_t i = 0; i < live->count; i++) {
        struct viewer *viewer = &live->viewer[i];
        *viewer = (struct viewer){.asker = {on_about, on_piece, on_ended}, .live = live};
        memcpy(viewer->flux, wish->flux[i], sizeof viewer->flux);
    }
    lives->counts.open++;
    lives->counts.opened++;
    lives->counts.flux += (uint32_t)live->count;
    evhttp_connection_set_timeout(connection, CONNECTION_TIMEOUT_S);
    evhttp_connection_set_closecb(connection, on_gone, live);
    evhttp_send_reply_start(http, 200, "OK");
    bool there = say_alive(live, now);
    for (size_t i = 0; there && i < live->count; i++)
        there = say_state(&live->viewer[i], STATE_WAITING, "") && ask(&live->viewer[i], now);
    return VG_OK;
}

void vg_lives_check(struct vg_lives *lives)
{
    for (size_t i = 0; i < VG_LIVES_MAX; i++) {
        struct live *live = &lives->live[i];
        if (live->http && !lives->holds(lives->user, live->session))
            end(live);
    }
}

/* ---- life ---- */

enum vg_status vg_lives_open(struct vg_lives **lives, struct event_base *base,
                             struct vg_media_links *links, vg_stream_holds *holds, void *user)
{
    const struct timeval every = {0, TICK_MS * 1000};
    *lives = NULL;
    struct vg_lives *l = vg_alloc(sizeof *l);
    if (!l)
        return VG_E_MEMORY;
    l->links = links;
    l->holds = holds;
    l->user = user;
    l->tick = event_new(base, -1, EV_PERSIST, on_tick, l);
    if (!l->tick || event_add(l->tick, &every)) {
        vg_lives_close(&l);
        return VG_E_LACK;
    }
    *lives = l;
    return VG_OK;
}

void vg_lives_close(struct vg_lives **lives)
{
    struct vg_lives *l = *lives;
    if (!l)
        return;
    for (size_t i = 0; i < VG_LIVES_MAX; i++)
        if (l->live[i].http)
            end(&l->live[i]);
    if (l->tick)
        event_free(l->tick);
    vg_free(l);
    *lives = NULL;
}

struct vg_lives_counts vg_lives_counts(const struct vg_lives *lives)
{
    return lives->counts;
}
