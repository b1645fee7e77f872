/* Requests in a table; what each has to say is said when the socket takes it, so that nothing is
 * queued. A number is used again only after 2^32 requests. */
#include "api/media_link.h"

#include <assert.h>
#include <event2/event.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/clock.h"

static_assert(VG_MEDIA_LINKS_MAX <= 32, "a bit for each");

enum {
    FRAMES_PER_TURN = 64, /* then the rest of the loop has its turn */
    CLIP_S = 45,          /* a clip waits for pictures to come, and for its turn */
    LIVE_S = 5
};

enum stage {
    STAGE_FREE,
    STAGE_ASK, /* to be sent */
    STAGE_ASKED,
    STAGE_STOP /* to be sent, then free; nobody is called any more */
};

struct request {
    enum stage stage;
    bool is_live, taken; /* taken: ABOUT has come */
    bool in_unit;
    uint32_t id;
    size_t link;      /* whom it asks */
    uint32_t refused; /* bits: links that do not have the flux */
    uint64_t more;    /* bytes to be granted */
    struct vg_mono_time asked;
    struct vg_media_asker *asker;
    struct vg_wire_clip clip;
    struct vg_wire_live live;
};

struct link {
    struct vg_media_links *links;
    int fd; /* -1: closed */
    struct event *readable, *writable;
    struct vg_wire_peer peer;
};

struct vg_media_links {
    struct event *tick;
    size_t count;
    uint32_t last_id;
    struct link link[VG_MEDIA_LINKS_MAX];
    struct request request[VG_MEDIA_REQUESTS_MAX];
    struct vg_media_links_counts counts;
    uint8_t buffer[VG_WIRE_FRAME_MAX];
};

/* ---- requests ---- */

static struct request *find(struct vg_media_links *links, uint32_t id)
{
    for (size_t i = 0; i < VG_MEDIA_REQUESTS_MAX; i++)
        if (links->request[i].stage != STAGE_FREE && links->request[i].id == id)
            return &links->request[i];
    return NULL;
}

static void free_request(struct vg_media_links *links, struct request *request)
{
    *request = (struct request){.stage = STAGE_FREE};
    links->counts.open--;
}

static void end(struct vg_media_links *links, struct request *request, enum vg_status status)
{
    struct vg_media_asker *asker = request->asker;
    const bool told = request->stage == STAGE_STOP;
    free_request(links, request);
    if (!told)
        asker->ended(asker, status);
}

/* ---- saying ---- */

static enum vg_status send_frame(const struct link *link, const struct request *request,
                                 enum vg_wire_type type, const uint8_t *data, size_t size)
{
    const struct vg_wire_frame frame = {.type = type,
                                        .from = link->peer.own,
                                        .to = link->peer.other,
                                        .request = request ? request->id : 0,
                                        .data = data,
                                        .size = size};
    return vg_wire_send(link->fd, &frame, NULL, 0);
}

static enum vg_status send_ask(const struct link *link, const struct request *request)
{
    uint8_t data[VG_WIRE_CLIP_MAX + VG_WIRE_LIVE_MAX];
    if (request->is_live)
        return send_frame(link, request, VG_WIRE_LIVE, data,
                          vg_wire_write_live(&request->live, data));
    return send_frame(link, request, VG_WIRE_CLIP, data, vg_wire_write_clip(&request->clip, data));
}

static enum vg_status send_more(const struct link *link, struct request *request)
{
    uint8_t data[VG_WIRE_NUMBER];
    const uint32_t bytes =
        request->more < VG_WIRE_WINDOW_MAX ? (uint32_t)request->more : VG_WIRE_WINDOW_MAX;
    const enum vg_status status =
        send_frame(link, request, VG_WIRE_MORE, data, vg_wire_write_more(bytes, data));
    if (status == VG_OK)
        request->more = 0; /* more than the window is lost: it is full then */
    return status;
}

/* What a request has to say now; VG_OK also when that is nothing. */
static enum vg_status say(struct link *link, struct request *request)
{
    enum vg_status status = VG_OK;
    switch (request->stage) {
    case STAGE_FREE:
        break;
    case STAGE_ASK:
        status = send_ask(link, request);
        if (status == VG_OK)
            request->stage = STAGE_ASKED;
        break;
    case STAGE_ASKED:
        if (request->more)
            status = send_more(link, request);
        break;
    case STAGE_STOP:
        status = send_frame(link, request, VG_WIRE_STOP, NULL, 0);
        if (status == VG_OK)
            free_request(link->links, request);
        break;
    }
    return status;
}

static void wait_to_write(struct link *link)
{
    (void)event_add(link->writable, NULL);
}

static void say_all(struct link *link)
{
    struct vg_media_links *links = link->links;
    enum vg_status status = VG_OK;
    if (link->fd < 0)
        return;
    if (link->peer.hello_due) {
        status = send_frame(link, NULL, VG_WIRE_HELLO, NULL, 0);
        link->peer.hello_due = status != VG_OK;
    }
    if (link->peer.other == 0)
        return;
    const size_t number = (size_t)(link - links->link);
    for (size_t i = 0; i < VG_MEDIA_REQUESTS_MAX && status == VG_OK; i++)
        if (links->request[i].link == number)
            status = say(link, &links->request[i]);
    if (status == VG_E_FULL)
        wait_to_write(link);
}

static void on_writable(evutil_socket_t fd, short what, void *argument)
{
    (void)fd, (void)what;
    say_all(argument);
}

/* ---- hearing ---- */

/* The ingest is another, or gone: what was asked of the former one is over. */
static void lose_requests(struct link *link)
{
    struct vg_media_links *links = link->links;
    const size_t number = (size_t)(link - links->link);
    bool mine[VG_MEDIA_REQUESTS_MAX]; /* not those that the callbacks make */
    for (size_t i = 0; i < VG_MEDIA_REQUESTS_MAX; i++)
        mine[i] = links->request[i].link == number &&
                  (links->request[i].stage == STAGE_ASKED || links->request[i].stage == STAGE_STOP);
    for (size_t i = 0; i < VG_MEDIA_REQUESTS_MAX; i++) {
        struct request *request = &links->request[i];
        if (!mine[i] || request->stage == STAGE_FREE)
            continue;
        links->counts.lost++;
        end(links, request, VG_E_CLOSED);
    }
}

static void close_link(struct link *link)
{
    const size_t number = (size_t)(link - link->links->link);
    link->fd = -1;
    (void)event_del(link->readable);
    (void)event_del(link->writable);
    link->peer.other = 0;
    for (size_t i = 0; i < VG_MEDIA_REQUESTS_MAX; i++) /* what was not sent yet never will be */
        if (link->links->request[i].link == number && link->links->request[i].stage == STAGE_ASK)
            link->links->request[i].stage = STAGE_ASKED;
    lose_requests(link);
}

/* One that has not refused yet: such that are up first, then such that will be (a request waits for
 * them as long as it may). VG_MEDIA_LINKS_MAX: none is left. */
static size_t next_link(const struct vg_media_links *links, uint32_t refused)
{
    size_t found = VG_MEDIA_LINKS_MAX;
    for (size_t i = 0; i < links->count; i++) {
        const struct link *link = &links->link[i];
        if ((refused >> i & 1) != 0 || link->fd < 0)
            continue;
        if (link->peer.other)
            return i;
        found = i;
    }
    return found;
}

static void hear_refused(struct vg_media_links *links, struct request *request,
                         enum vg_status status)
{
    request->refused |= UINT32_C(1) << request->link;
    const size_t next = next_link(links, request->refused);
    if (status != VG_E_MISSING || request->taken || next == VG_MEDIA_LINKS_MAX) {
        links->counts.refused++;
        end(links, request, status);
        return;
    }
    request->link = next;
    request->stage = STAGE_ASK;
    wait_to_write(&links->link[next]);
}

static void hear_part(struct vg_media_links *links, struct request *request,
                      const struct vg_wire_frame *frame)
{
    char codec[VG_WIRE_CODEC_BYTES];
    struct vg_media_piece piece = {.flags = frame->flags,
                                   .unit = frame->unit,
                                   .wall_us = frame->wall_us,
                                   .data = frame->data,
                                   .size = frame->size};
    const bool begins = (frame->flags & VG_WIRE_BEGIN) != 0;
    const bool named = begins && (frame->flags & VG_WIRE_INIT) != 0;
    if (!request->taken || begins == request->in_unit ||
        (named && frame->size <= VG_WIRE_CODEC_BYTES)) {
        links->counts.strange++;
        return;
    }
    request->in_unit = (frame->flags & VG_WIRE_LAST) == 0;
    if (named) {
        memcpy(codec, frame->data, sizeof codec);
        codec[sizeof codec - 1] = '\0';
        piece.codec = codec;
        piece.data += sizeof codec;
        piece.size -= sizeof codec;
    }
    request->asker->piece(request->asker, &piece);
}

static void hear_about(struct vg_media_links *links, struct request *request,
                       const struct vg_wire_frame *frame)
{
    struct vg_wire_about about;
    if (request->taken || vg_wire_read_about(frame, &about)) {
        links->counts.strange++;
        return;
    }
    request->taken = true;
    links->counts.answered++;
    request->asker->about(request->asker, &about);
}

static void hear(struct link *link, const struct vg_wire_frame *frame)
{
    struct vg_media_links *links = link->links;
    struct request *request = find(links, frame->request);
    const size_t number = (size_t)(link - links->link);
    if (!request || request->link != number || request->stage == STAGE_ASK)
        return; /* it was stopped */
    if (request->stage == STAGE_STOP) {
        if (frame->type == VG_WIRE_END || frame->type == VG_WIRE_REFUSED)
            free_request(links, request);
        return;
    }
    switch ((int)frame->type) {
    case VG_WIRE_ABOUT:
        hear_about(links, request, frame);
        break;
    case VG_WIRE_PART:
        hear_part(links, request, frame);
        break;
    case VG_WIRE_END:
        end(links, request, VG_OK);
        break;
    case VG_WIRE_REFUSED:
        hear_refused(links, request, vg_wire_read_refused(frame));
        break;
    default:
        links->counts.strange++;
        break;
    }
}

static void on_readable(evutil_socket_t fd, short what, void *argument)
{
    (void)what;
    struct link *link = argument;
    struct vg_media_links *links = link->links;
    for (int i = 0; i < FRAMES_PER_TURN; i++) {
        struct vg_wire_frame frame;
        const enum vg_status status = vg_wire_receive(fd, links->buffer, &frame);
        if (status == VG_E_END)
            break;
        if (status == VG_E_INPUT) {
            links->counts.strange++;
            continue;
        }
        if (status) {
            close_link(link);
            return;
        }
        const enum vg_wire_heard heard = vg_wire_peer_hear(&link->peer, &frame);
        if (heard == VG_WIRE_NEW_PEER)
            lose_requests(link);
        else if (heard == VG_WIRE_HEARD)
            hear(link, &frame);
    }
    say_all(link);
}

/* ---- asking ---- */

static void on_tick(evutil_socket_t fd, short what, void *argument)
{
    (void)fd, (void)what;
    struct vg_media_links *links = argument;
    const struct vg_mono_time now = vg_mono_now();
    for (size_t i = 0; i < VG_MEDIA_REQUESTS_MAX; i++) {
        struct request *request = &links->request[i];
        if ((request->stage != STAGE_ASK && request->stage != STAGE_ASKED) || request->taken ||
            now.us - request->asked.us < (request->is_live ? LIVE_S : CLIP_S) * VG_US_PER_S)
            continue;
        struct vg_media_asker *asker = request->asker;
        links->counts.late++;
        vg_media_links_stop(links, request->id);
        asker->ended(asker, VG_E_TIMEOUT);
    }
}

static enum vg_status ask(struct vg_media_links *links, const struct request *wanted, uint32_t *id)
{
    const size_t link = next_link(links, 0);
    if (link == VG_MEDIA_LINKS_MAX)
        return VG_E_MISSING;
    for (size_t i = 0; i < VG_MEDIA_REQUESTS_MAX; i++) {
        struct request *request = &links->request[i];
        if (request->stage != STAGE_FREE)
            continue;
        do
            links->last_id++;
        while (links->last_id == 0 || find(links, links->last_id));
        *request = *wanted;
        request->stage = STAGE_ASK;
        request->id = *id = links->last_id;
        request->link = link;
        request->asked = vg_mono_now();
        links->counts.open++;
        links->counts.asked++;
        wait_to_write(&links->link[link]); /* from the loop: no answer comes before this returns */
        return VG_OK;
    }
    return VG_E_FULL;
}

enum vg_status vg_media_links_clip(struct vg_media_links *links, const struct vg_wire_clip *clip,
                                   struct vg_media_asker *asker, uint32_t *request)
{
    const struct request wanted = {.asker = asker, .clip = *clip};
    return ask(links, &wanted, request);
}

enum vg_status vg_media_links_live(struct vg_media_links *links, const struct vg_wire_live *live,
                                   struct vg_media_asker *asker, uint32_t *request)
{
    const struct request wanted = {.asker = asker, .is_live = true, .live = *live};
    return ask(links, &wanted, request);
}

void vg_media_links_more(struct vg_media_links *links, uint32_t request, size_t bytes)
{
    struct request *found = find(links, request);
    if (!found || found->stage != STAGE_ASKED || bytes == 0)
        return;
    found->more += bytes;
    wait_to_write(&links->link[found->link]);
}

void vg_media_links_stop(struct vg_media_links *links, uint32_t request)
{
    struct request *found = find(links, request);
    if (!found || found->stage == STAGE_STOP)
        return;
    if (found->stage == STAGE_ASK || links->link[found->link].fd < 0) { /* nobody knows of it */
        free_request(links, found);
        return;
    }
    found->stage = STAGE_STOP;
    wait_to_write(&links->link[found->link]);
}

/* ---- life ---- */

static enum vg_status open_link(struct vg_media_links *links, struct event_base *base, int fd)
{
    struct link *link = &links->link[links->count++];
    link->links = links;
    link->fd = fd;
    vg_wire_peer_init(&link->peer);
    link->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, link);
    link->writable = event_new(base, fd, EV_WRITE, on_writable, link);
    if (!link->readable || !link->writable || event_add(link->readable, NULL) ||
        event_add(link->writable, NULL)) /* to say hello */
        return VG_E_LACK;
    return VG_OK;
}

enum vg_status vg_media_links_open(struct vg_media_links **links, struct event_base *base,
                                   const int *fds, size_t count)
{
    const struct timeval every = {1, 0};
    *links = NULL;
    if (count > VG_MEDIA_LINKS_MAX)
        return VG_E_FULL;
    struct vg_media_links *l = vg_alloc(sizeof *l);
    if (!l)
        return VG_E_MEMORY;
    enum vg_status status = VG_OK;
    l->tick = event_new(base, -1, EV_PERSIST, on_tick, l);
    if (!l->tick || event_add(l->tick, &every))
        status = VG_E_LACK;
    for (size_t i = 0; i < count && status == VG_OK; i++)
        status = open_link(l, base, fds[i]);
    if (status)
        vg_media_links_close(&l);
    *links = l;
    return status;
}

void vg_media_links_close(struct vg_media_links **links)
{
    struct vg_media_links *l = *links;
    if (!l)
        return;
    for (size_t i = 0; i < l->count; i++) {
        if (l->link[i].readable)
            event_free(l->link[i].readable);
        if (l->link[i].writable)
            event_free(l->link[i].writable);
    }
    if (l->tick)
        event_free(l->tick);
    vg_free(l);
    *links = NULL;
}

struct vg_media_links_counts vg_media_links_counts(const struct vg_media_links *links)
{
    struct vg_media_links_counts counts = links->counts;
    for (size_t i = 0; i < links->count; i++)
        counts.up += links->link[i].peer.other != 0;
    return counts;
}
