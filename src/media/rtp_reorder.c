/* Slots by sequence number modulo 256, and one more for the packet that may begin a new stream.
 * Their payloads lie in runs of chunks of 512 bytes:
 *
 *   next      next + 255
 *   | . h h . . h . |      h: held. The first '.' is the gap that is waited for
 */
#include "src/media/rtp_reorder.h"

#include <assert.h>
#include <string.h>

#include "src/base/alloc.h"

enum {
    WINDOW = VG_RTP_REORDER_PACKETS,
    CANDIDATE = WINDOW, /* the slot of a packet that may begin a new stream */
    SLOTS = WINDOW + 1,
    CHUNK_BYTES = 512,
    CHUNKS = WINDOW * 3,
    INCOMING_MAX = 2
};

struct slot {
    bool used;
    struct vg_rtp_packet packet;
    struct vg_mono_time arrival;
    size_t chunk, chunks;
};

struct window {
    struct slot slots[SLOTS];
    bool chunk_used[CHUNKS];
    uint8_t bytes[CHUNKS * CHUNK_BYTES];
};

struct incoming {
    struct vg_rtp_packet packet;
    struct vg_mono_time arrival;
    int64_t sequence; /* extended */
    bool restarts;
};

struct vg_rtp_reorder {
    int64_t hold_us;
    struct window *window; /* NULL by TCP, where nothing waits */
    int64_t next;          /* the sequence number, extended, whose turn it is */
    bool seen[WINDOW];     /* of the 256 before it: it came, in time or late */
    struct vg_rtp_sequences sequences;
    struct vg_rtp_reorder_counts counts; /* held: without the candidate */
    uint64_t gap;                        /* lost since the last one given out */
    int64_t waiting_since_us;            /* with held > 0 */
    struct incoming incoming[INCOMING_MAX];
    uint32_t incoming_at, incoming_count;
    struct slot *lent; /* its payload was given out, and is free at the next call */
};

enum vg_status vg_rtp_reorder_open(struct vg_rtp_reorder **reorder, enum vg_rtp_order order,
                                   int64_t hold_us)
{
    struct vg_rtp_reorder *r = vg_alloc(sizeof *r);
    *reorder = NULL;
    if (!r)
        return VG_E_MEMORY;
    r->hold_us = hold_us < 0 ? 0 : hold_us < VG_RTP_HOLD_US_MAX ? hold_us : VG_RTP_HOLD_US_MAX;
    if (order == VG_RTP_ANY_ORDER) {
        r->window = vg_alloc(sizeof *r->window);
        if (!r->window) {
            vg_free(r);
            return VG_E_MEMORY;
        }
        vg_alloc_forget(r->window->bytes, sizeof r->window->bytes); /* few networks ever use it */
    }
    *reorder = r;
    return VG_OK;
}

void vg_rtp_reorder_close(struct vg_rtp_reorder **reorder)
{
    if (!*reorder)
        return;
    vg_free((*reorder)->window);
    vg_free(*reorder);
    *reorder = NULL;
}

/* ---- slots ---- */

static struct slot *slot_of(struct vg_rtp_reorder *r, int64_t sequence)
{
    return &r->window->slots[(uint64_t)sequence % WINDOW];
}

static bool holds(struct vg_rtp_reorder *r, int64_t sequence)
{
    return r->counts.held > 0 && slot_of(r, sequence)->used;
}

/* The first of `count` free chunks in a row; CHUNKS: there are none. */
static size_t find_chunks(const struct window *window, size_t count)
{
    size_t run = 0;
    for (size_t i = 0; i < CHUNKS; i++) {
        run = window->chunk_used[i] ? 0 : run + 1;
        if (run == count)
            return i + 1 - count;
    }
    return CHUNKS;
}

/* false: no room for it. */
static bool fill(struct window *window, struct slot *slot, const struct vg_rtp_packet *packet,
                 struct vg_mono_time arrival)
{
    const size_t count = packet->payload_bytes / CHUNK_BYTES + 1;
    const size_t first = find_chunks(window, count);
    if (first == CHUNKS)
        return false;
    uint8_t *bytes = window->bytes + first * CHUNK_BYTES;
    memset(window->chunk_used + first, 1, count);
    if (packet->payload_bytes > 0)
        memcpy(bytes, packet->payload, packet->payload_bytes);
    *slot = (struct slot){true, *packet, arrival, first, count};
    slot->packet.payload = bytes;
    slot->packet.extension = NULL;
    slot->packet.extension_bytes = 0;
    return true;
}

static void empty(struct window *window, struct slot *slot)
{
    memset(window->chunk_used + slot->chunk, 0, slot->chunks);
    slot->used = false;
}

static void give_back_lent(struct vg_rtp_reorder *r)
{
    if (r->lent)
        empty(r->window, r->lent);
    r->lent = NULL;
}

static bool hold(struct vg_rtp_reorder *r, const struct incoming *in)
{
    if (!fill(r->window, slot_of(r, in->sequence), &in->packet, in->arrival))
        return false;
    if (r->counts.held++ == 0)
        r->waiting_since_us = in->arrival.us;
    return true;
}

static int64_t oldest_arrival(const struct vg_rtp_reorder *r)
{
    int64_t oldest = INT64_MAX;
    for (size_t i = 0; i < WINDOW; i++)
        if (r->window->slots[i].used && &r->window->slots[i] != r->lent &&
            r->window->slots[i].arrival.us < oldest)
            oldest = r->window->slots[i].arrival.us;
    return oldest;
}

/* The first held one; INT64_MAX: none. */
static int64_t first_held(struct vg_rtp_reorder *r)
{
    for (int64_t s = r->next; r->counts.held > 0 && s < r->next + WINDOW; s++)
        if (slot_of(r, s)->used)
            return s;
    return INT64_MAX;
}

/* ---- in ---- */

static void add_incoming(struct vg_rtp_reorder *r, const struct incoming *in)
{
    assert(r->incoming_count < INCOMING_MAX);
    r->incoming[r->incoming_count++] = *in;
}

/* Another sender, or a jump: by TCP it is so; by UDP a stray packet must not end a stream, two in
 * a row do (RFC 3550 A.1, MIN_SEQUENTIAL). */
static void consider_restart(struct vg_rtp_reorder *r, struct incoming *in)
{
    in->sequence = in->packet.sequence;
    in->restarts = true;
    if (!r->window) {
        add_incoming(r, in);
        return;
    }
    struct slot *candidate = &r->window->slots[CANDIDATE];
    if (candidate->used && candidate->packet.ssrc == in->packet.ssrc) {
        const uint16_t after = (uint16_t)(in->packet.sequence - candidate->packet.sequence);
        if (after == 0) {
            r->counts.doubled++;
            return;
        }
        if (after == 1) {
            const struct incoming first = {candidate->packet, candidate->arrival,
                                           candidate->packet.sequence, true};
            in->sequence = first.sequence + 1;
            in->restarts = false;
            add_incoming(r, &first);
            add_incoming(r, in);
            return;
        }
    }
    if (candidate->used) {
        r->counts.strange++;
        empty(r->window, candidate);
    }
    if (!fill(r->window, candidate, &in->packet, in->arrival))
        r->counts.strange++;
}

static void drop_before(struct vg_rtp_reorder *r, int64_t sequence)
{
    bool *seen = &r->seen[(uint64_t)sequence % WINDOW];
    if (*seen)
        r->counts.doubled++;
    else
        r->counts.late++;
    *seen = true;
}

void vg_rtp_reorder_put(struct vg_rtp_reorder *r, const struct vg_rtp_packet *packet,
                        struct vg_mono_time arrival)
{
    struct vg_rtp_sequences *sequences = &r->sequences;
    struct incoming in = {.packet = *packet, .arrival = arrival};
    assert(r->incoming_at == r->incoming_count);
    give_back_lent(r);
    r->incoming_at = r->incoming_count = 0;
    if (!sequences->begun) {
        in.sequence = r->next = packet->sequence;
        *sequences = (struct vg_rtp_sequences){true, packet->ssrc, in.sequence, in.sequence, 1};
        add_incoming(r, &in);
        return;
    }
    const int64_t ahead = (int16_t)(uint16_t)(packet->sequence - (uint64_t)r->next);
    const bool near = ahead < VG_RTP_DROPOUT_MAX && ahead >= -WINDOW;
    if (packet->ssrc != sequences->ssrc || !near) {
        consider_restart(r, &in);
        return;
    }
    in.sequence = r->next + ahead;
    sequences->received++;
    if (in.sequence > sequences->highest)
        sequences->highest = in.sequence;
    if (ahead < 0)
        drop_before(r, in.sequence);
    else if (ahead < WINDOW && holds(r, in.sequence))
        r->counts.doubled++;
    else
        add_incoming(r, &in);
}

/* ---- out ---- */

static void pass(struct vg_rtp_reorder *r, bool seen)
{
    r->seen[(uint64_t)r->next % WINDOW] = seen;
    r->next++;
}

/* What stands between is lost. */
static void skip_to(struct vg_rtp_reorder *r, int64_t sequence)
{
    assert(sequence > r->next && sequence - r->next < VG_RTP_DROPOUT_MAX + WINDOW);
    r->counts.lost += (uint64_t)(sequence - r->next);
    r->gap += (uint64_t)(sequence - r->next);
    while (r->next < sequence)
        pass(r, false);
}

static void give(struct vg_rtp_reorder *r, const struct vg_rtp_packet *packet,
                 struct vg_mono_time arrival, struct vg_rtp_ordered *ordered)
{
    *ordered = (struct vg_rtp_ordered){*packet, arrival, r->gap, false};
    r->gap = 0;
    pass(r, true);
}

static void give_held(struct vg_rtp_reorder *r, struct vg_rtp_ordered *ordered)
{
    struct slot *slot = slot_of(r, r->next);
    assert(slot->packet.sequence == (uint16_t)r->next);
    give(r, &slot->packet, slot->arrival, ordered);
    r->lent = slot;
    r->counts.held--;
    if (r->counts.held > 0 && !holds(r, r->next))
        r->waiting_since_us = oldest_arrival(r); /* another gap, younger */
}

/* By now nothing is held. */
static void begin_anew(struct vg_rtp_reorder *r, const struct incoming *in)
{
    assert(r->counts.held == 0);
    r->next = in->sequence;
    memset(r->seen, 0, sizeof r->seen);
    r->gap = 0;
    r->counts.restarts++;
    r->sequences = (struct vg_rtp_sequences){true, in->packet.ssrc, in->sequence, in->sequence, 1};
    if (r->incoming_count > 1) { /* the second of the two that are the proof */
        r->sequences.highest++;
        r->sequences.received++;
    }
}

/* Gives the incoming one out, or puts it into the window, or makes place for it. */
static bool settle(struct vg_rtp_reorder *r, struct vg_rtp_ordered *ordered)
{
    const struct incoming *in = &r->incoming[r->incoming_at];
    const bool restarts = in->restarts;
    if (restarts && r->counts.held > 0) { /* what is left of the stream before comes first */
        const int64_t first = first_held(r);
        if (first > r->next)
            skip_to(r, first);
        give_held(r, ordered);
        return true;
    }
    if (restarts)
        begin_anew(r, in);
    if (holds(r, r->next)) {
        give_held(r, ordered);
        return true;
    }
    if (in->sequence == r->next) {
        give(r, &in->packet, in->arrival, ordered);
        ordered->restarted = restarts;
        if (restarts && r->window) /* the incoming one lies in the candidate's slot */
            r->lent = &r->window->slots[CANDIDATE];
        r->incoming_at++;
        return true;
    }
    if (r->window && in->sequence - r->next < WINDOW && hold(r, in)) {
        r->incoming_at++;
        return false;
    }
    const int64_t first = first_held(r);
    skip_to(r, first < in->sequence ? first : in->sequence);
    return false;
}

bool vg_rtp_reorder_next(struct vg_rtp_reorder *r, struct vg_mono_time now,
                         struct vg_rtp_ordered *ordered)
{
    give_back_lent(r);
    while (r->incoming_at < r->incoming_count)
        if (settle(r, ordered))
            return true;
    if (r->counts.held == 0)
        return false;
    if (!holds(r, r->next)) {
        if (now.us < vg_rtp_reorder_due_us(r))
            return false;
        skip_to(r, first_held(r));
    }
    give_held(r, ordered);
    return true;
}

int64_t vg_rtp_reorder_due_us(const struct vg_rtp_reorder *r)
{
    return r->counts.held > 0 ? r->waiting_since_us + r->hold_us : INT64_MAX;
}

struct vg_rtp_reorder_counts vg_rtp_reorder_counts(const struct vg_rtp_reorder *r)
{
    struct vg_rtp_reorder_counts counts = r->counts;
    const struct slot *candidate = r->window ? &r->window->slots[CANDIDATE] : NULL;
    if (candidate && candidate->used && candidate != r->lent)
        counts.held++;
    return counts;
}

struct vg_rtp_sequences vg_rtp_reorder_sequences(const struct vg_rtp_reorder *r)
{
    return r->sequences;
}
