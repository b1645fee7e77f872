/* Each request is a small machine that makes one frame at a time; it goes on only when that frame
 * was sent, so that a full socket leaves nothing to be kept.
 *
 *   clip:  WAIT (pictures to come, its turn) --> ABOUT --> DATA ... --> END
 *   live:                                        ABOUT --> DATA ...
 *   any:   REFUSE
 */
#include "src/media/media_desk.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/beat.h"
#include "src/base/log.h"
#include "src/base/media_wire.h"
#include "src/media/clip_cut.h"
#include "src/media/live_mux.h"

#define CUT_US          VG_US_PER_S /* from a clip's end to its turn */
#define FRAMES_PER_TURN 64          /* then the other direction has its turn */
#define LOOK_MS         100
#define REST_MS         1000
#define LIMIT_US        (60 * VG_US_PER_S) /* of a turn */

enum stage {
    STAGE_FREE,
    STAGE_WAIT,
    STAGE_ABOUT,
    STAGE_DATA,
    STAGE_END,
    STAGE_REFUSE
};

struct request {
    enum stage stage;
    bool is_live;
    uint32_t id, place, serial;
    int64_t window;
    enum vg_status refusal;
    struct vg_mono_time asked, moved; /* moved: something of it was last sent */
    struct vg_wire_clip range;        /* clip */
    struct vg_clip_file clip;
    struct vg_live *live;
    struct vg_live_part part; /* live: at hand while `size` */
    size_t at;                /* in clip or part: sent so far */
};

struct place {
    char id[VG_WIRE_FLUX_SIZE]; /* "": none */
    uint32_t serial;            /* grows with each change of the others */
    struct vg_packet_ring *ring;
    struct vg_jpeg_post *post;
};

struct vg_media_desk {
    struct vg_media_desk_settings settings; /* constant */
    int bell;                               /* eventfd: the rings, and who closes */
    pthread_t thread;
    struct vg_beat beat;

    pthread_mutex_t lock; /* of these */
    bool over;
    struct place place[VG_MEDIA_DESK_PLACES];
    struct vg_media_desk_counts counts;

    /* the thread's own */
    struct vg_wire_peer peer;
    struct request request[VG_MEDIA_DESK_REQUESTS];
    size_t turn; /* whose request sends first */
    bool blocked, broken;
    uint8_t buffer[VG_WIRE_FRAME_MAX];
};

struct vg_media_desk_settings vg_media_desk_defaults(void)
{
    return (struct vg_media_desk_settings){.fd = -1,
                                           .clip_bytes = 16u << 20,
                                           .hold_us = 20 * VG_US_PER_S,
                                           .grace_us = 3 * VG_US_PER_S / 2,
                                           .idle_us = 30 * VG_US_PER_S};
}

static void count(struct vg_media_desk *desk, uint64_t *counter)
{
    (void)pthread_mutex_lock(&desk->lock);
    ++*counter;
    (void)pthread_mutex_unlock(&desk->lock);
}

/* ---- places ---- */

/* The place of a flux, a copy; false: it is not here. */
static bool find_place(struct vg_media_desk *desk, const char *id, uint32_t *number,
                       struct place *place)
{
    bool found = false;
    (void)pthread_mutex_lock(&desk->lock);
    for (uint32_t i = 0; i < VG_MEDIA_DESK_PLACES && !found; i++) {
        found = desk->place[i].id[0] && strcmp(desk->place[i].id, id) == 0;
        if (!found)
            continue;
        *number = i;
        *place = desk->place[i];
    }
    (void)pthread_mutex_unlock(&desk->lock);
    return found;
}

/* Whether the request's flux is still the one that was asked for. */
static bool place_of(struct vg_media_desk *desk, const struct request *request, struct place *place)
{
    (void)pthread_mutex_lock(&desk->lock);
    *place = desk->place[request->place];
    (void)pthread_mutex_unlock(&desk->lock);
    return place->id[0] && place->serial == request->serial;
}

void vg_media_desk_set_flux(struct vg_media_desk *desk, uint32_t place, const char *id,
                            struct vg_packet_ring *ring, struct vg_jpeg_post *post)
{
    const uint64_t one = 1;
    if (place >= VG_MEDIA_DESK_PLACES)
        return;
    struct place *p = &desk->place[place];
    (void)pthread_mutex_lock(&desk->lock);
    const struct place was = *p;
    const char *wanted = id && strlen(id) < sizeof p->id ? id : "";
    if (strcmp(p->id, wanted) != 0 || p->ring != ring || p->post != post) {
        p->serial++;
        memset(p->id, 0, sizeof p->id);
        memcpy(p->id, wanted, strlen(wanted));
    }
    p->ring = ring;
    p->post = post;
    const bool changed = p->serial != was.serial;
    (void)pthread_mutex_unlock(&desk->lock);
    if (!changed)
        return;
    if (was.ring && was.ring != ring) /* those who followed it follow nothing now */
        vg_packet_ring_set_bell(was.ring, -1);
    if (was.post && was.post != post)
        vg_jpeg_post_set_bell(was.post, -1);
    (void)!write(desk->bell, &one, sizeof one);
}

/* The rings of those that somebody watches ring the bell, the others disturb nobody. */
static void set_bells(struct vg_media_desk *desk, const struct request *of)
{
    struct place place;
    int bell = -1;
    (void)pthread_mutex_lock(&desk->lock);
    place = desk->place[of->place];
    (void)pthread_mutex_unlock(&desk->lock);
    for (size_t i = 0; i < VG_MEDIA_DESK_REQUESTS; i++)
        if (desk->request[i].stage != STAGE_FREE && desk->request[i].is_live &&
            desk->request[i].place == of->place)
            bell = desk->bell;
    if (place.ring)
        vg_packet_ring_set_bell(place.ring, bell);
    if (place.post)
        vg_jpeg_post_set_bell(place.post, bell);
}

/* ---- the life of a request ---- */

static void release(struct vg_media_desk *desk, struct request *request)
{
    const struct request was = *request;
    if (request->live) {
        const struct vg_live_counts live = vg_live_counts(request->live);
        (void)pthread_mutex_lock(&desk->lock);
        desk->counts.pictures += live.pictures;
        desk->counts.skipped += live.skipped;
        (void)pthread_mutex_unlock(&desk->lock);
    }
    vg_live_close(&request->live);
    vg_free(request->clip.data);
    *request = (struct request){.stage = STAGE_FREE};
    if (was.is_live)
        set_bells(desk, &was);
}

static void end(struct vg_media_desk *desk, struct request *request, uint64_t *counter)
{
    release(desk, request);
    (void)pthread_mutex_lock(&desk->lock);
    ++*counter;
    desk->counts.open--;
    (void)pthread_mutex_unlock(&desk->lock);
}

static void refuse(struct request *request, enum vg_status status)
{
    request->refusal = status;
    request->stage = STAGE_REFUSE;
}

static struct request *find(struct vg_media_desk *desk, uint32_t id)
{
    for (size_t i = 0; i < VG_MEDIA_DESK_REQUESTS; i++)
        if (desk->request[i].stage != STAGE_FREE && desk->request[i].id == id)
            return &desk->request[i];
    return NULL;
}

static struct request *free_place(struct vg_media_desk *desk)
{
    for (size_t i = 0; i < VG_MEDIA_DESK_REQUESTS; i++)
        if (desk->request[i].stage == STAGE_FREE)
            return &desk->request[i];
    return NULL;
}

static void forget_all(struct vg_media_desk *desk)
{
    for (size_t i = 0; i < VG_MEDIA_DESK_REQUESTS; i++)
        if (desk->request[i].stage != STAGE_FREE)
            end(desk, &desk->request[i], &desk->counts.ended);
}

/* ---- what is heard ---- */

/* A place for a new request, or NULL: it is known already, or there are too many (then the api is
 * told, now or never: there is no place to keep it). */
static struct request *begin(struct vg_media_desk *desk, uint32_t id)
{
    if (find(desk, id)) {
        count(desk, &desk->counts.strange);
        return NULL;
    }
    struct request *request = free_place(desk);
    (void)pthread_mutex_lock(&desk->lock);
    desk->counts.requests++;
    desk->counts.open += request != NULL;
    desk->counts.refused += request == NULL;
    (void)pthread_mutex_unlock(&desk->lock);
    if (request) {
        const struct vg_mono_time now = vg_mono_now();
        *request = (struct request){.stage = STAGE_WAIT, .id = id, .asked = now, .moved = now};
        return request;
    }
    uint8_t data[VG_WIRE_NUMBER];
    const struct vg_wire_frame refused = {.type = VG_WIRE_REFUSED,
                                          .from = desk->peer.own,
                                          .to = desk->peer.other,
                                          .request = id,
                                          .data = data,
                                          .size = vg_wire_write_refused(VG_E_FULL, data)};
    if (vg_wire_send(desk->settings.fd, &refused, NULL, 0))
        desk->blocked = true;
    return NULL;
}

/* What the clip begins with must still be there when its end has come. */
static void hold(const struct vg_media_desk *desk, struct vg_packet_ring *ring, int64_t to_us)
{
    const int64_t ahead = to_us - vg_wall_now().us;
    const int64_t more = ahead < desk->settings.hold_us ? ahead : desk->settings.hold_us;
    const struct vg_mono_time until = {vg_mono_now().us + (more > 0 ? more : 0) +
                                       desk->settings.grace_us + CUT_US};
    vg_packet_ring_hold(ring, until);
}

static void hear_clip(struct vg_media_desk *desk, const struct vg_wire_frame *frame)
{
    struct vg_wire_clip clip;
    struct place place;
    if (vg_wire_read_clip(frame, &clip)) {
        count(desk, &desk->counts.strange);
        return;
    }
    struct request *request = begin(desk, frame->request);
    if (!request)
        return;
    request->range = clip;
    request->window = clip.window;
    if (!find_place(desk, clip.flux, &request->place, &place)) {
        refuse(request, VG_E_MISSING);
        return;
    }
    request->serial = place.serial;
    hold(desk, place.ring, clip.to_us);
}

static void hear_live(struct vg_media_desk *desk, const struct vg_wire_frame *frame)
{
    struct vg_wire_live live;
    struct place place;
    if (vg_wire_read_live(frame, &live)) {
        count(desk, &desk->counts.strange);
        return;
    }
    struct request *request = begin(desk, frame->request);
    if (!request)
        return;
    request->window = live.window;
    if (!find_place(desk, live.flux, &request->place, &place)) {
        refuse(request, VG_E_MISSING);
        return;
    }
    struct vg_live_settings settings = vg_live_defaults();
    settings.ring = place.ring;
    settings.post = place.post;
    settings.plays = live.plays;
    request->is_live = true;
    request->serial = place.serial;
    request->stage = STAGE_ABOUT;
    if (vg_live_open(&request->live, &settings))
        refuse(request, VG_E_MEMORY);
    set_bells(desk, request);
}

static void hear_more(struct vg_media_desk *desk, const struct vg_wire_frame *frame)
{
    struct request *request = find(desk, frame->request);
    uint32_t bytes = 0;
    if (vg_wire_read_more(frame, &bytes))
        count(desk, &desk->counts.strange);
    else if (request) {
        request->window += bytes;
        if (request->window > VG_WIRE_WINDOW_MAX)
            request->window = VG_WIRE_WINDOW_MAX;
    }
}

static void hear(struct vg_media_desk *desk, const struct vg_wire_frame *frame)
{
    switch (vg_wire_peer_hear(&desk->peer, frame)) {
    case VG_WIRE_NEW_PEER:
        forget_all(desk);
        return;
    case VG_WIRE_NOTHING:
        return;
    case VG_WIRE_HEARD:
        break;
    }
    struct request *request = NULL;
    switch ((int)frame->type) {
    case VG_WIRE_CLIP:
        hear_clip(desk, frame);
        break;
    case VG_WIRE_LIVE:
        hear_live(desk, frame);
        break;
    case VG_WIRE_MORE:
        hear_more(desk, frame);
        break;
    case VG_WIRE_STOP:
        request = find(desk, frame->request);
        if (request) /* else it has ended by itself meanwhile */
            end(desk, request, &desk->counts.ended);
        break;
    default:
        count(desk, &desk->counts.strange);
        break;
    }
}

static void hear_all(struct vg_media_desk *desk)
{
    for (int i = 0; i < FRAMES_PER_TURN; i++) {
        struct vg_wire_frame frame;
        const enum vg_status status = vg_wire_receive(desk->settings.fd, desk->buffer, &frame);
        if (status == VG_E_END)
            return;
        if (status == VG_E_INPUT) {
            count(desk, &desk->counts.strange);
        } else if (status) { /* the supervisor is gone: so are we, soon */
            desk->broken = true;
            return;
        } else {
            hear(desk, &frame);
        }
    }
}

/* ---- clips ---- */

static size_t clips_in_memory(const struct vg_media_desk *desk)
{
    size_t clips = 0;
    for (size_t i = 0; i < VG_MEDIA_DESK_REQUESTS; i++)
        clips += desk->request[i].clip.data != NULL;
    return clips;
}

/* Whether all that will be of the range is there. */
static bool complete(const struct vg_media_desk *desk, const struct request *request,
                     struct vg_packet_ring *ring, struct vg_mono_time now)
{
    const struct vg_packet_ring_counts counts = vg_packet_ring_counts(ring);
    const int64_t to_us = request->range.to_us;
    return (counts.packets && counts.newest_wall.us > to_us) ||
           vg_wall_now().us > to_us + desk->settings.grace_us ||
           now.us - request->asked.us > desk->settings.hold_us;
}

static void cut(struct vg_media_desk *desk, struct request *request, struct vg_packet_ring *ring)
{
    const struct vg_ring_range range = {
        .by = VG_RING_BY_WALL, .from_us = request->range.from_us, .to_us = request->range.to_us};
    uint32_t most = desk->settings.clip_bytes;
    if (request->range.bytes_max && request->range.bytes_max < most)
        most = request->range.bytes_max;
    const enum vg_status status = vg_clip_cut(ring, &range, most, &request->clip);
    if (status)
        refuse(request, status);
    else
        request->stage = STAGE_ABOUT;
    request->moved = vg_mono_now();
}

/* What is due without a frame being sent. */
static void look_after(struct vg_media_desk *desk, struct vg_mono_time now)
{
    size_t clips = clips_in_memory(desk);
    for (size_t i = 0; i < VG_MEDIA_DESK_REQUESTS; i++) {
        struct request *request = &desk->request[i];
        struct place place;
        if (request->stage == STAGE_FREE || request->stage == STAGE_REFUSE)
            continue;
        if ((request->is_live || request->stage == STAGE_WAIT) &&
            !place_of(desk, request, &place)) {
            refuse(request, VG_E_CLOSED);
        } else if (request->stage == STAGE_WAIT) {
            if (clips >= VG_MEDIA_DESK_CLIPS || !complete(desk, request, place.ring, now))
                continue;
            cut(desk, request, place.ring);
            clips += request->clip.data != NULL;
        } else if (!request->is_live && now.us - request->moved.us > desk->settings.idle_us) {
            refuse(request, VG_E_TIMEOUT);
        }
    }
}

/* ---- what is sent ---- */

static enum vg_status send_frame(struct vg_media_desk *desk, const struct request *request,
                                 struct vg_wire_frame *frame, const char *codec)
{
    frame->from = desk->peer.own;
    frame->to = desk->peer.other;
    frame->request = request->id;
    return vg_wire_send(desk->settings.fd, frame, codec, codec ? VG_WIRE_CODEC_BYTES : 0);
}

static enum vg_status send_about(struct vg_media_desk *desk, const struct request *request)
{
    uint8_t data[VG_WIRE_ABOUT_BYTES];
    const struct vg_clip_file *clip = &request->clip;
    const struct vg_wire_about about = {.size = clip->size,
                                        .from_us = clip->from.us,
                                        .to_us = clip->to.us,
                                        .pictures = clip->pictures,
                                        .cut_short = clip->cut_short};
    struct vg_wire_frame frame = {
        .type = VG_WIRE_ABOUT, .data = data, .size = vg_wire_write_about(&about, data)};
    return send_frame(desk, request, &frame, NULL);
}

static enum vg_status send_refused(struct vg_media_desk *desk, const struct request *request)
{
    uint8_t data[VG_WIRE_NUMBER];
    struct vg_wire_frame frame = {.type = VG_WIRE_REFUSED,
                                  .data = data,
                                  .size = vg_wire_write_refused(request->refusal, data)};
    return send_frame(desk, request, &frame, NULL);
}

/* One piece of a unit of `size` bytes at `data`. */
static enum vg_status send_piece(struct vg_media_desk *desk, struct request *request,
                                 struct vg_wire_frame *frame, const uint8_t *data, size_t size,
                                 const char *codec)
{
    const size_t before = codec && request->at == 0 ? VG_WIRE_CODEC_BYTES : 0;
    size_t piece = size - request->at;
    if (piece > VG_WIRE_DATA_MAX - before)
        piece = VG_WIRE_DATA_MAX - before;
    frame->type = VG_WIRE_PART;
    frame->unit = (uint32_t)size;
    frame->data = data + request->at;
    frame->size = piece;
    if (request->at == 0)
        frame->flags |= VG_WIRE_BEGIN;
    if (request->at + piece == size)
        frame->flags |= VG_WIRE_LAST;
    const enum vg_status status = send_frame(desk, request, frame, before ? codec : NULL);
    if (status)
        return status;
    request->at += piece;
    request->window -= (int64_t)piece;
    return VG_OK;
}

static enum vg_status send_clip(struct vg_media_desk *desk, struct request *request)
{
    struct vg_wire_frame frame = {.flags = VG_WIRE_KEY, .wall_us = request->clip.from.us};
    const enum vg_status status =
        send_piece(desk, request, &frame, request->clip.data, request->clip.size, NULL);
    if (status == VG_OK && request->at == request->clip.size)
        request->stage = STAGE_END;
    return status;
}

/* VG_E_END: there is nothing to be sent now. */
static enum vg_status send_live(struct vg_media_desk *desk, struct request *request)
{
    struct vg_live_part *part = &request->part;
    if (part->size == 0) {
        const enum vg_status status = vg_live_next(request->live, vg_mono_now(), part);
        request->at = 0;
        if (status) {
            *part = (struct vg_live_part){.size = 0};
            return VG_E_END;
        }
    }
    struct vg_wire_frame frame = {.wall_us = part->wall.us};
    if (part->key)
        frame.flags |= VG_WIRE_KEY;
    if (part->kind == VG_LIVE_INIT)
        frame.flags |= VG_WIRE_INIT;
    if (part->kind == VG_LIVE_PICTURE)
        frame.flags |= VG_WIRE_JPEG;
    const enum vg_status status = send_piece(desk, request, &frame, part->data, part->size,
                                             part->kind == VG_LIVE_INIT ? part->codec : NULL);
    if (status == VG_OK && request->at == part->size)
        part->size = 0;
    return status;
}

/* Sends one frame of a request. VG_E_END: it has none now; VG_E_FULL and worse: of the socket. */
static enum vg_status send_one(struct vg_media_desk *desk, struct request *request)
{
    struct vg_wire_frame last = {.type = VG_WIRE_END};
    enum vg_status status = VG_E_END;
    switch (request->stage) {
    case STAGE_FREE:
    case STAGE_WAIT:
        return VG_E_END;
    case STAGE_ABOUT:
        status = send_about(desk, request);
        if (status == VG_OK)
            request->stage = STAGE_DATA;
        break;
    case STAGE_DATA:
        if (request->window <= 0)
            return VG_E_END;
        status = request->is_live ? send_live(desk, request) : send_clip(desk, request);
        break;
    case STAGE_END:
        status = send_frame(desk, request, &last, NULL);
        if (status == VG_OK)
            end(desk, request, &desk->counts.clips);
        break;
    case STAGE_REFUSE:
        status = send_refused(desk, request);
        if (status == VG_OK)
            end(desk, request, &desk->counts.refused);
        break;
    }
    if (status == VG_OK)
        request->moved = vg_mono_now();
    return status;
}

static enum vg_status send_hello(struct vg_media_desk *desk)
{
    const struct vg_wire_frame hello = {
        .type = VG_WIRE_HELLO, .from = desk->peer.own, .to = desk->peer.other};
    const enum vg_status status = vg_wire_send(desk->settings.fd, &hello, NULL, 0);
    if (status == VG_OK)
        desk->peer.hello_due = false;
    return status;
}

/* One frame of each in turn, until none has one, the socket is full, or the turn is over. Returns
 * whether there is more that could be sent. */
static bool send_all(struct vg_media_desk *desk)
{
    enum vg_status status = desk->peer.hello_due ? send_hello(desk) : VG_OK;
    size_t idle = 0;
    for (int sent = 0; status != VG_E_FULL && idle < VG_MEDIA_DESK_REQUESTS;) {
        if (sent == FRAMES_PER_TURN)
            return true;
        desk->turn = (desk->turn + 1) % VG_MEDIA_DESK_REQUESTS;
        status = send_one(desk, &desk->request[desk->turn]);
        idle = status == VG_E_END ? idle + 1 : 0;
        sent += status == VG_OK;
        if (status == VG_E_CLOSED || status == VG_E_IO) {
            desk->broken = true;
            return false;
        }
    }
    desk->blocked = status == VG_E_FULL;
    return false;
}

/* ---- the thread ---- */

static bool is_over(struct vg_media_desk *desk)
{
    (void)pthread_mutex_lock(&desk->lock);
    const bool over = desk->over;
    (void)pthread_mutex_unlock(&desk->lock);
    return over;
}

static bool any_waits(const struct vg_media_desk *desk)
{
    for (size_t i = 0; i < VG_MEDIA_DESK_REQUESTS; i++)
        if (desk->request[i].stage == STAGE_WAIT)
            return true;
    return false;
}

static void wait_for_work(struct vg_media_desk *desk)
{
    struct pollfd fds[2] = {{.fd = desk->bell, .events = POLLIN},
                            {.fd = desk->broken ? -1 : desk->settings.fd,
                             .events = (short)(desk->blocked ? POLLIN | POLLOUT : POLLIN)}};
    uint64_t rung = 0;
    if (poll(fds, 2, any_waits(desk) ? LOOK_MS : REST_MS) > 0 && (fds[0].revents & POLLIN) != 0)
        (void)!read(desk->bell, &rung, sizeof rung);
}

static void *run(void *argument)
{
    struct vg_media_desk *desk = argument;
    bool more = false;
    while (!is_over(desk)) {
        if (!more)
            wait_for_work(desk);
        vg_beat_begin(&desk->beat, vg_mono_now());
        if (!desk->broken)
            hear_all(desk);
        look_after(desk, vg_mono_now());
        more = !desk->broken && send_all(desk);
        vg_beat_end(&desk->beat);
    }
    forget_all(desk);
    return NULL;
}

enum vg_status vg_media_desk_open(struct vg_media_desk **desk,
                                  const struct vg_media_desk_settings *settings)
{
    struct vg_media_desk *d = vg_alloc(sizeof *d);
    *desk = NULL;
    if (!d)
        return VG_E_MEMORY;
    d->settings = *settings;
    d->beat.name = "media desk";
    d->beat.limit_us = LIMIT_US; /* never the end: pictures go on to the analysis */
    vg_wire_peer_init(&d->peer);
    (void)pthread_mutex_init(&d->lock, NULL);
    d->bell = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK); /* the first turn says hello */
    if (d->bell < 0 || pthread_create(&d->thread, NULL, run, d) != 0) {
        if (d->bell >= 0)
            (void)close(d->bell);
        (void)pthread_mutex_destroy(&d->lock);
        vg_free(d);
        return VG_E_LACK;
    }
    *desk = d;
    return VG_OK;
}

struct vg_beat *vg_media_desk_beat(struct vg_media_desk *desk)
{
    return &desk->beat;
}

void vg_media_desk_close(struct vg_media_desk **desk)
{
    struct vg_media_desk *d = *desk;
    const uint64_t one = 1;
    if (!d)
        return;
    (void)pthread_mutex_lock(&d->lock);
    d->over = true;
    (void)pthread_mutex_unlock(&d->lock);
    (void)!write(d->bell, &one, sizeof one);
    (void)pthread_join(d->thread, NULL);
    (void)close(d->bell);
    (void)pthread_mutex_destroy(&d->lock);
    vg_free(d);
    *desk = NULL;
}

struct vg_media_desk_counts vg_media_desk_counts(struct vg_media_desk *desk)
{
    (void)pthread_mutex_lock(&desk->lock);
    const struct vg_media_desk_counts counts = desk->counts;
    (void)pthread_mutex_unlock(&desk->lock);
    return counts;
}
