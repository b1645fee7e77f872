#include "src/media/packet_ring.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/media/packet_store.h"

#define BYTES_LEAST   (64u << 10)
#define PACKETS_LEAST 16u
#define PACKETS_MOST  (1u << 20)
#define FORMATS       4u /* known at once: packets of older ones are dropped */

/* What a kept packet costs besides its bytes: its place here, libavutil's reference, padding. */
#define PACKET_COST (sizeof(struct vg_kept_packet) + 128)

#define NO_GROUP UINT64_MAX

/* What a range may lack and still be called whole: some pictures at its ends. */
#define SHORT_US VG_US_PER_S

struct vg_packet_ring {
    struct vg_packet_ring_settings settings; /* constant */

    /* the writer's own */
    struct vg_packet_format described; /* as the session said */
    bool taking;                       /* a key was kept, and all since */
    struct vg_packet_store store;
    uint8_t sets[VG_SETS_BYTES_MAX];

    pthread_mutex_t lock; /* of all below */
    int bell;
    struct vg_mono_time held; /* until then held_us counts */
    uint64_t head, tail;      /* sequences: kept are head <= s < tail, at place s % packets_max */
    uint64_t newest_key;      /* sequence, if head < tail */
    uint64_t second;          /* sequence of the second group's key; NO_GROUP: there is none */
    bool gap;                 /* something was not kept since the last kept one */
    size_t bytes;
    uint32_t format;                          /* number of the newest format; 0: none yet */
    struct vg_packet_format formats[FORMATS]; /* number % FORMATS */
    struct vg_packet_ring_counts counts;
    struct vg_kept_packet place[];
};

struct vg_packet_ring_settings vg_packet_ring_defaults(void)
{
    return (struct vg_packet_ring_settings){.bytes_max = 8u << 20,
                                            .packets_max = 1024,
                                            .keep_us = 6 * VG_US_PER_S,
                                            .held_us = 16 * VG_US_PER_S};
}

enum vg_status vg_packet_ring_open(struct vg_packet_ring **ring,
                                   const struct vg_packet_ring_settings *settings)
{
    *ring = NULL;
    if (settings->bytes_max < BYTES_LEAST || settings->packets_max < PACKETS_LEAST ||
        settings->packets_max > PACKETS_MOST || settings->keep_us < 0 ||
        settings->held_us < settings->keep_us)
        return VG_E_CALL;
    struct vg_packet_ring *r =
        vg_alloc(sizeof *r + settings->packets_max * sizeof(struct vg_kept_packet));
    if (!r)
        return VG_E_MEMORY;
    r->settings = *settings;
    r->bell = -1;
    r->second = NO_GROUP;
    (void)pthread_mutex_init(&r->lock, NULL);
    *ring = r;
    return VG_OK;
}

void vg_packet_ring_close(struct vg_packet_ring **ring)
{
    struct vg_packet_ring *r = *ring;
    if (!r)
        return;
    vg_packet_ring_clear(r);
    vg_packet_store_release(&r->store);
    (void)pthread_mutex_destroy(&r->lock);
    vg_free(r);
    *ring = NULL;
}

static struct vg_kept_packet *at(struct vg_packet_ring *ring, uint64_t sequence)
{
    return &ring->place[sequence % ring->settings.packets_max];
}

void vg_kept_packet_release(struct vg_kept_packet *packet)
{
    av_buffer_unref(&packet->buffer);
    packet->data = NULL;
    packet->size = 0;
}

/* ---- the head, with the lock held ---- */

static size_t cost_of(const struct vg_kept_packet *packet)
{
    return packet->size + PACKET_COST;
}

static void drop_one(struct vg_packet_ring *ring)
{
    struct vg_kept_packet *packet = at(ring, ring->head);
    ring->bytes -= cost_of(packet);
    ring->counts.groups -= packet->key;
    ring->counts.dropped++;
    vg_kept_packet_release(packet);
    ring->head++;
}

/* Where the second group begins. */
static uint64_t second_group(struct vg_packet_ring *ring)
{
    for (uint64_t s = ring->head + 1; s < ring->tail; s++)
        if (at(ring, s)->key)
            return s;
    return NO_GROUP;
}

static void drop_group(struct vg_packet_ring *ring)
{
    do
        drop_one(ring);
    while (ring->head < ring->tail && !at(ring, ring->head)->key);
    ring->second = second_group(ring);
}

/* Groups that are not needed to show what came within the time that is kept. Looked at with every
 * packet: until the next key a group of 2 s would else stay for nothing. */
static void drop_old(struct vg_packet_ring *ring, struct vg_mono_time now)
{
    const int64_t keep_us =
        now.us < ring->held.us ? ring->settings.held_us : ring->settings.keep_us;
    while (ring->second != NO_GROUP && at(ring, ring->second)->arrival.us <= now.us - keep_us)
        drop_group(ring);
}

/* Room for a packet at the tail; a key begins a group of its own, so that all the others may go.
 * False: there is none. */
static bool make_room(struct vg_packet_ring *ring, const struct vg_kept_packet *packet)
{
    const size_t most = ring->settings.bytes_max;
    if (cost_of(packet) > most)
        return false;
    while (ring->bytes > most - cost_of(packet) ||
           ring->tail - ring->head == ring->settings.packets_max) {
        if (!packet->key && ring->head == ring->newest_key)
            return false;
        drop_group(ring);
    }
    return true;
}

/* ---- formats ---- */

static bool same_format(const struct vg_packet_format *a, const struct vg_packet_format *b)
{
    return a->codec == b->codec && a->tick_num == b->tick_num && a->tick_den == b->tick_den &&
           (a->width == b->width || !a->width || !b->width) &&
           (a->height == b->height || !a->height || !b->height) && a->sets_size == b->sets_size &&
           memcmp(a->sets, b->sets, a->sets_size) == 0;
}

/* Of Annex B the sets alone: encoders like to write their life's story beside them. */
static void describe_sets(struct vg_packet_format *described, const uint8_t *sets, size_t size)
{
    if (vg_sets_annexb(described->codec, sets, size)) {
        described->sets_size = (uint32_t)vg_sets_find(described->codec, sets, size, described->sets,
                                                      sizeof described->sets);
    } else if (size <= sizeof described->sets) {
        described->sets_size = (uint32_t)size;
        memcpy(described->sets, sets, size);
    }
}

void vg_packet_ring_describe(struct vg_packet_ring *ring, const struct AVCodecParameters *codec,
                             int32_t tick_num, int32_t tick_den)
{
    struct vg_packet_format *d = &ring->described;
    *d = (struct vg_packet_format){.codec = (int)codec->codec_id,
                                   .tick_num = tick_num,
                                   .tick_den = tick_den,
                                   .width = codec->width > 0 ? (uint32_t)codec->width : 0,
                                   .height = codec->height > 0 ? (uint32_t)codec->height : 0};
    if (codec->extradata_size > 0)
        describe_sets(d, codec->extradata, (size_t)codec->extradata_size);
    ring->taking = false;
    (void)pthread_mutex_lock(&ring->lock);
    ring->gap = true;
    (void)pthread_mutex_unlock(&ring->lock);
}

/* What a key says of its format: its own sets, or those of the description. */
static void format_of_key(struct vg_packet_ring *ring, const struct AVPacket *key,
                          struct vg_packet_format *format)
{
    *format = ring->described;
    const bool in_band = format->codec == AV_CODEC_ID_MPEG4 ||
                         vg_sets_annexb(format->codec, format->sets, format->sets_size);
    if (!in_band || key->size <= 0)
        return;
    const size_t found =
        vg_sets_find(format->codec, key->data, (size_t)key->size, ring->sets, sizeof ring->sets);
    if (!found)
        return;
    format->sets_size = (uint32_t)found;
    memcpy(format->sets, ring->sets, found);
}

/* With the lock held. */
static void take_format(struct vg_packet_ring *ring, const struct vg_packet_format *format)
{
    struct vg_packet_format *newest = &ring->formats[ring->format % FORMATS];
    if (ring->format && same_format(newest, format)) {
        if (!newest->width) {
            newest->width = format->width;
            newest->height = format->height;
        }
        return;
    }
    ring->format++;
    ring->counts.formats++;
    while (ring->head < ring->tail && at(ring, ring->head)->format + FORMATS <= ring->format)
        drop_group(ring);
    ring->formats[ring->format % FORMATS] = *format;
}

void vg_packet_ring_set_size(struct vg_packet_ring *ring, uint32_t width, uint32_t height)
{
    (void)pthread_mutex_lock(&ring->lock);
    struct vg_packet_format *newest = &ring->formats[ring->format % FORMATS];
    if (ring->format) {
        newest->width = width;
        newest->height = height;
    }
    (void)pthread_mutex_unlock(&ring->lock);
}

/* ---- push ---- */

static bool keep_bytes(struct vg_packet_ring *ring, const struct AVPacket *data,
                       struct vg_kept_packet *kept)
{
    struct vg_stored_packet stored;
    kept->size = (size_t)data->size;
    if (vg_packet_store_put(&ring->store, data->data, kept->size, &stored))
        return false;
    kept->buffer = stored.buffer;
    kept->data = stored.data;
    return true;
}

static int64_t stamp_of(const struct AVPacket *data)
{
    return data->pts != AV_NOPTS_VALUE ? data->pts : data->dts;
}

static void ring_bell(int bell)
{
    const uint64_t one = 1;
    ssize_t written = 0;
    if (bell < 0)
        return;
    do
        written = write(bell, &one, sizeof one);
    while (written < 0 && errno == EINTR);
    /* EAGAIN: it rings already */
}

static void leave_out(struct vg_packet_ring *ring)
{
    ring->taking = false;
    (void)pthread_mutex_lock(&ring->lock);
    ring->gap = true;
    ring->counts.unkept++;
    (void)pthread_mutex_unlock(&ring->lock);
}

/* With the lock held. Takes kept->buffer, or leaves it. */
static bool append(struct vg_packet_ring *ring, struct vg_kept_packet *kept,
                   const struct vg_packet_format *format)
{
    if (kept->key)
        take_format(ring, format);
    if (!make_room(ring, kept)) {
        ring->counts.groups_cut++;
        return false;
    }
    kept->format = ring->format;
    kept->sequence = ring->tail;
    kept->after_gap = kept->key && ring->gap;
    ring->gap = false;
    if (kept->key) {
        ring->newest_key = kept->sequence;
        if (ring->second == NO_GROUP && kept->sequence > ring->head)
            ring->second = kept->sequence;
    }
    *at(ring, ring->tail++) = *kept;
    kept->buffer = NULL;
    ring->bytes += cost_of(kept);
    ring->counts.groups += kept->key;
    ring->counts.kept++;
    drop_old(ring, kept->arrival);
    ring_bell(ring->bell); /* under the lock: who takes the bell away may close it */
    return true;
}

void vg_packet_ring_push(struct vg_packet_ring *ring, const struct vg_ring_push *push)
{
    const struct AVPacket *data = push->data;
    struct vg_packet_format format;
    struct vg_kept_packet kept = {.stamp = stamp_of(data),
                                  .arrival = push->arrival,
                                  .wall = push->wall,
                                  .media = push->media,
                                  .key = push->key};
    if ((!push->key && !ring->taking) || data->size <= 0 || kept.stamp == AV_NOPTS_VALUE ||
        !keep_bytes(ring, data, &kept)) {
        leave_out(ring);
        return;
    }
    if (push->key)
        format_of_key(ring, data, &format);
    (void)pthread_mutex_lock(&ring->lock);
    ring->taking = append(ring, &kept, &format);
    (void)pthread_mutex_unlock(&ring->lock);
    if (ring->taking)
        return;
    vg_kept_packet_release(&kept);
    leave_out(ring);
}

void vg_packet_ring_clear(struct vg_packet_ring *ring)
{
    ring->taking = false;
    (void)pthread_mutex_lock(&ring->lock);
    while (ring->head < ring->tail)
        drop_one(ring);
    ring->second = NO_GROUP;
    ring->gap = true;
    (void)pthread_mutex_unlock(&ring->lock);
}

/* ---- readers ---- */

void vg_packet_ring_hold(struct vg_packet_ring *ring, struct vg_mono_time until)
{
    (void)pthread_mutex_lock(&ring->lock);
    if (until.us > ring->held.us)
        ring->held = until;
    (void)pthread_mutex_unlock(&ring->lock);
}

void vg_packet_ring_set_bell(struct vg_packet_ring *ring, int fd)
{
    (void)pthread_mutex_lock(&ring->lock);
    ring->bell = fd;
    (void)pthread_mutex_unlock(&ring->lock);
}

static int64_t time_of(const struct vg_kept_packet *packet, enum vg_ring_clock by)
{
    return by == VG_RING_BY_MEDIA ? packet->media.us : packet->wall.us;
}

struct stretch {
    uint64_t first, end;
    bool cut_short;
};

/* The longest part of one format, by arrivals. */
static void one_format(struct vg_packet_ring *ring, struct stretch *s)
{
    uint64_t begin = s->first;
    struct stretch best = {s->first, s->first, s->cut_short};
    int64_t best_us = -1;
    for (uint64_t i = s->first; i < s->end; i++) {
        const struct vg_kept_packet *packet = at(ring, i);
        if (packet->format != at(ring, begin)->format)
            begin = i;
        const int64_t us = packet->arrival.us - at(ring, begin)->arrival.us;
        if (us < best_us)
            continue;
        best_us = us;
        best.first = begin;
        best.end = i + 1;
    }
    best.cut_short |= best.first != s->first || best.end != s->end;
    *s = best;
}

/* With the lock held. A wall clock may step: the last packets that fit are taken. */
static bool find(struct vg_packet_ring *ring, const struct vg_ring_range *range, struct stretch *s)
{
    uint64_t first = UINT64_MAX, end = 0;
    bool reaches = false;
    for (uint64_t i = ring->head; i < ring->tail; i++) {
        const struct vg_kept_packet *packet = at(ring, i);
        const int64_t us = time_of(packet, range->by);
        if (us == INT64_MIN)
            continue;
        if (packet->key && (first == UINT64_MAX || us <= range->from_us))
            first = i;
        if (us <= range->to_us)
            end = i + 1;
        reaches |= us >= range->from_us;
    }
    if (!reaches || first == UINT64_MAX || end <= first)
        return false;
    const bool late = time_of(at(ring, first), range->by) > range->from_us + SHORT_US;
    const bool soon =
        end == ring->tail && time_of(at(ring, end - 1), range->by) < range->to_us - SHORT_US;
    *s = (struct stretch){first, end, late || soon};
    one_format(ring, s);
    return true;
}

/* The range is looked for under the lock, with room for all taken before. */
enum vg_status vg_packet_ring_cut(struct vg_packet_ring *ring, const struct vg_ring_range *range,
                                  struct vg_packet_run **run)
{
    struct stretch s;
    *run = NULL;
    if (range->from_us > range->to_us)
        return VG_E_CALL;
    struct vg_packet_run *r =
        vg_alloc(sizeof *r + ring->settings.packets_max * sizeof(struct vg_kept_packet));
    if (!r)
        return VG_E_MEMORY;
    enum vg_status status = VG_E_END;
    (void)pthread_mutex_lock(&ring->lock);
    if (find(ring, range, &s)) {
        status = VG_OK;
        r->format = ring->formats[at(ring, s.first)->format % FORMATS];
        r->cut_short = s.cut_short;
        for (uint64_t i = s.first; i < s.end && status == VG_OK; i++) {
            struct vg_kept_packet *packet = &r->packet[r->count];
            *packet = *at(ring, i);
            packet->buffer = av_buffer_ref(packet->buffer);
            if (packet->buffer)
                r->count++;
            else
                status = VG_E_MEMORY;
        }
    }
    (void)pthread_mutex_unlock(&ring->lock);
    if (status)
        vg_packet_run_free(&r);
    *run = r;
    return status;
}

void vg_packet_run_free(struct vg_packet_run **run)
{
    struct vg_packet_run *r = *run;
    if (!r)
        return;
    for (size_t i = 0; i < r->count; i++)
        vg_kept_packet_release(&r->packet[i]);
    vg_free(r);
    *run = NULL;
}

/* With the lock held, the ring not empty: whether a follower must leave packets out. */
static bool lags(struct vg_packet_ring *ring, const struct vg_ring_follower *follower,
                 int64_t lag_us)
{
    if (follower->next < ring->head)
        return true;
    if (follower->next >= ring->newest_key)
        return false;
    return at(ring, ring->tail - 1)->arrival.us - at(ring, follower->next)->arrival.us > lag_us;
}

enum vg_status vg_packet_ring_follow(struct vg_packet_ring *ring, struct vg_ring_follower *follower,
                                     int64_t lag_us, struct vg_kept_packet *packet)
{
    enum vg_status status = VG_E_END;
    bool jumped = false;
    *packet = (struct vg_kept_packet){.buffer = NULL};
    (void)pthread_mutex_lock(&ring->lock);
    if (ring->head == ring->tail)
        goto done;
    if (!follower->started) {
        follower->started = true;
        follower->next = ring->newest_key;
    } else if (lags(ring, follower, lag_us)) {
        follower->skipped += ring->newest_key - follower->next;
        follower->skips++;
        follower->next = ring->newest_key;
        jumped = true;
    }
    if (follower->next >= ring->tail)
        goto done;
    *packet = *at(ring, follower->next);
    packet->buffer = av_buffer_ref(packet->buffer);
    status = packet->buffer ? VG_OK : VG_E_MEMORY;
    if (status)
        goto done;
    packet->after_gap |= jumped;
    follower->next++;
done:
    (void)pthread_mutex_unlock(&ring->lock);
    return status;
}

enum vg_status vg_packet_ring_format(struct vg_packet_ring *ring, uint32_t number,
                                     struct vg_packet_format *format)
{
    enum vg_status status = VG_E_MISSING;
    (void)pthread_mutex_lock(&ring->lock);
    if (number && number <= ring->format && ring->format - number < FORMATS) {
        *format = ring->formats[number % FORMATS];
        status = VG_OK;
    }
    (void)pthread_mutex_unlock(&ring->lock);
    return status;
}

struct vg_packet_ring_counts vg_packet_ring_counts(struct vg_packet_ring *ring)
{
    (void)pthread_mutex_lock(&ring->lock);
    struct vg_packet_ring_counts counts = ring->counts;
    counts.bytes = ring->bytes;
    counts.packets = (uint32_t)(ring->tail - ring->head);
    if (counts.packets) {
        const struct vg_kept_packet *newest = at(ring, ring->tail - 1);
        counts.oldest = at(ring, ring->head)->arrival;
        counts.newest = newest->arrival;
        counts.newest_wall = newest->wall;
        counts.newest_media = newest->media;
    }
    (void)pthread_mutex_unlock(&ring->lock);
    return counts;
}
