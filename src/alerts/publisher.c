/* Two threads: the keeper promises (rings to spool), the sender sends (spool to Redis) and lets
 * the spool forget.
 *
 * Two locks: spool_lock is held while the spool reads or writes the disk, which may take seconds,
 * and only these two threads take it. What others ask for lies under `lock`, which is held for a
 * copy at most. Who needs both takes spool_lock first. */
#include "src/alerts/publisher.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/beat.h"
#include "src/base/log.h"
#include "src/base/random.h"
#include "src/base/ring.h"
#include "src/base/text.h"
#include "src/base/usdt.h"
#include "src/store/queue.h"

#define ASK_US        (VG_US_PER_S / 5)
#define PING_US       (2 * VG_US_PER_S)
#define LIVE_US       (VG_US_PER_S / 2)
#define BACKOFF_LEAST (VG_US_PER_S / 10)
#define BACKOFF_MOST  (2 * VG_US_PER_S)
#define SAY_EVERY_US  (30 * VG_US_PER_S)
#define NAME_SIZE     24
#define VALUE_SIZE    64
#define PART_SIZE     32
#define LIVE_BATCH    16                 /* flux in one command */
#define BORN_SIZE     256                /* promised alerts whose latency is still to be taken */
#define LIMIT_US      (60 * VG_US_PER_S) /* of an alert, or a few commands to Redis; never the end */

enum {
    KEEPER,
    SENDER
}; /* VG_PUBLISHER_THREADS */

/* An item on its way to the keeper. */
struct given {
    struct vg_publisher_item *item;
    uint64_t ticket; /* of the worker that waits for the answer; 0: none does */
};

struct lane {
    struct vg_ring *full; /* worker to keeper: struct given */
    struct vg_ring *free; /* keeper to worker: pointers to items */
    struct vg_publisher_item *items;
    uint64_t last_ticket; /* the worker's own */

    /* under `lock`. The tickets of a lane are answered in their order, so one place is enough:
     * nobody asks any more for an answer that a later one replaces. */
    pthread_cond_t wake;
    uint64_t answered;
    enum vg_status answer;
};

struct live_flux {
    char id[VG_QUEUE_NAME_SIZE];
    struct vg_mono_time at; /* when it was last told */
    bool fresh;             /* not yet sent */
    uint32_t field_count;
    char name[VG_PUBLISHER_FIELDS_MAX][NAME_SIZE];
    char value[VG_PUBLISHER_FIELDS_MAX][VALUE_SIZE];
};

/* When a promised alert's picture arrived; lives from the promise to the first send. */
struct born {
    char id[VG_SPOOL_ID_SIZE];
    struct vg_mono_time arrival;
};

/* The newest of its kind, which expires in Redis. */
struct live_text {
    char *text;
    size_t size;
    bool fresh; /* not sent yet */
};

struct vg_publisher {
    /* fixed after open */
    uint32_t lane_count;
    struct lane lanes[VG_PUBLISHER_LANES_MAX];
    char node[VG_QUEUE_NAME_SIZE];
    int64_t linger_us, retry_us;
    int live_s;
    struct vg_time_metric *latency; /* borrowed; NULL: not told */
    int stop_fd;                    /* eventfd: wakes the keeper to end */
    pthread_t keeper, sender;
    struct vg_beat beat[VG_PUBLISHER_THREADS]; /* keeper, sender */

    /* under `spool_lock`, held for a spool operation */
    pthread_mutex_t spool_lock;
    struct vg_spool *spool;

    /* under `lock`, held for a copy at most, never while a disk or Redis is asked */
    pthread_mutex_t lock;
    pthread_cond_t wake; /* the sender: something was promised, or it is the end */
    bool ending, news;
    struct vg_mono_time ending_at; /* end of lingering */
    struct vg_publisher_counts counts;
    struct born born[BORN_SIZE]; /* a ring: the oldest is overwritten; sent ones have no id */
    size_t born_next;

    /* under `live_lock`, held for a copy at most */
    pthread_mutex_t live_lock;
    struct live_flux *live; /* VG_PUBLISHER_FLUX_MAX */
    size_t live_count;
    bool said_no_place;
    char part[PART_SIZE];
    struct live_text metrics, capacity; /* VG_PUBLISHER_METRICS_MAX, VG_PUBLISHER_CAPACITY_MAX */

    /* the sender's own */
    struct vg_redis_link *link;
    uint8_t *buffer;            /* VG_SPOOL_RECORD_MAX */
    struct live_flux *live_out; /* LIVE_BATCH */
    char *text_out;             /* VG_PUBLISHER_METRICS_MAX */
    size_t ask_from;
    struct vg_mono_time next_ask, next_live, next_ping, next_try, next_reread;
    int64_t backoff_us; /* 0: Redis answers */
    struct vg_random jitter;
    struct vg_log_repeat said_redis, said_unreadable;
    bool said_waiting; /* that alerts wait: the next one that is sent ends it */

    /* the keeper's own */
    struct vg_log_repeat said_refused;
};

static void lock(pthread_mutex_t *mutex)
{
    (void)pthread_mutex_lock(mutex); /* of the default kind, ours: it cannot fail */
}

static void unlock(pthread_mutex_t *mutex)
{
    (void)pthread_mutex_unlock(mutex);
}

static void count(struct vg_publisher *p, uint64_t *counter)
{
    lock(&p->lock);
    (*counter)++;
    unlock(&p->lock);
}

static struct timespec timespec_of(struct vg_mono_time time)
{
    return (struct timespec){.tv_sec = (time_t)(time.us / VG_US_PER_S),
                             .tv_nsec = (long)(time.us % VG_US_PER_S) * 1000};
}

/* ---- workers ---- */

struct vg_publisher_item *vg_publisher_take(struct vg_publisher *publisher, uint32_t lane)
{
    struct vg_publisher_item *item = NULL;
    if (vg_ring_pop(publisher->lanes[lane].free, &item) != VG_OK)
        return NULL;
    item->alert_bytes = 0;
    item->picture_bytes = 0;
    return item;
}

static void hand_over(struct lane *lane, struct vg_publisher_item *item, uint64_t ticket)
{
    const struct given given = {item, ticket};
    /* there are as many places as items: it always fits */
    if (vg_ring_push(lane->full, &given) != VG_OK)
        vg_log(VG_LOG_ERROR, "publisher: an item was given twice");
}

void vg_publisher_give(struct vg_publisher *publisher, uint32_t lane,
                       struct vg_publisher_item *item)
{
    hand_over(&publisher->lanes[lane], item, 0);
}

enum vg_status vg_publisher_give_and_wait(struct vg_publisher *publisher, uint32_t lane,
                                          struct vg_publisher_item *item, int timeout_ms)
{
    struct lane *own = &publisher->lanes[lane];
    const uint64_t ticket = ++own->last_ticket;
    const int64_t wait_us = (int64_t)timeout_ms * 1000;
    const struct timespec until = timespec_of((struct vg_mono_time){vg_mono_now().us + wait_us});
    int late = 0;
    hand_over(own, item, ticket);
    lock(&publisher->lock);
    while (own->answered != ticket && late == 0)
        late = timeout_ms < 0 ? pthread_cond_wait(&own->wake, &publisher->lock)
                              : pthread_cond_timedwait(&own->wake, &publisher->lock, &until);
    const enum vg_status status = own->answered == ticket ? own->answer : VG_E_TIMEOUT;
    unlock(&publisher->lock);
    return status;
}

void vg_publisher_count_refused(struct vg_publisher *publisher)
{
    count(publisher, &publisher->counts.refused);
}

/* ---- the keeper ---- */

/* With the lock. While Redis is away more may come than have a place: who loses his has waited for at
 * least so long, and those that wait longest would be missing otherwise. */
static void note_born(struct vg_publisher *p, const struct vg_publisher_item *item)
{
    struct born *born = &p->born[p->born_next++ % BORN_SIZE];
    if (born->id[0] && p->latency && born->arrival.us != 0)
        vg_time_metric_add(p->latency, vg_mono_now().us - born->arrival.us);
    memcpy(born->id, item->id, sizeof item->id); /* the rest is 0 for ever */
    born->arrival = item->arrival;
}

static void keep_item(struct vg_publisher *p, const struct vg_publisher_item *item,
                      enum vg_status *status)
{
    struct vg_fault fault = {.status = VG_OK};
    struct vg_spool_record record = {.json = item->alert,
                                     .json_bytes = item->alert_bytes,
                                     .picture = item->picture,
                                     .picture_bytes = item->picture_bytes};
    memcpy(record.id, item->id, sizeof item->id);
    memcpy(record.key, item->key, sizeof item->key);
    lock(&p->spool_lock);
    *status = vg_spool_append(p->spool, &record, &fault);
    lock(&p->lock);
    if (*status == VG_OK) {
        note_born(p, item);
        p->news = true;
        (void)pthread_cond_signal(&p->wake);
        p->counts.promised++;
    } else {
        p->counts.refused++;
    }
    vg_spool_read_numbers(p->spool, &p->counts.spool);
    unlock(&p->lock);
    unlock(&p->spool_lock);
    if (*status == VG_OK) {
        vg_probe_alert(record.id);
        return;
    }
    const uint64_t times = vg_log_repeat_due(&p->said_refused, vg_mono_now(), SAY_EVERY_US);
    if (times > 0)
        vg_log(VG_LOG_ERROR, "alerts refused (%llu): %s: %s", (unsigned long long)times,
               fault.what ? fault.what : "?", fault.place);
}

static void answer(struct vg_publisher *p, struct lane *lane, uint64_t ticket,
                   enum vg_status status)
{
    lock(&p->lock);
    lane->answered = ticket;
    lane->answer = status;
    (void)pthread_cond_signal(&lane->wake);
    unlock(&p->lock);
}

static void keep_lane(struct vg_publisher *p, struct lane *lane)
{
    struct given given = {.item = NULL};
    vg_ring_drain(lane->full);
    while (vg_ring_pop(lane->full, &given) == VG_OK) {
        enum vg_status status = VG_E_INPUT;
        vg_beat_begin(&p->beat[KEEPER], vg_mono_now());
        if (given.item->alert_bytes > 0)
            keep_item(p, given.item, &status);
        vg_beat_end(&p->beat[KEEPER]);
        /* back before the answer: who has it finds the item free */
        if (vg_ring_push(lane->free, &given.item) != VG_OK)
            vg_log(VG_LOG_ERROR, "publisher: an item was given twice");
        if (given.ticket != 0)
            answer(p, lane, given.ticket, status);
    }
}

static void *keeper_main(void *user)
{
    struct vg_publisher *p = user;
    struct pollfd fds[VG_PUBLISHER_LANES_MAX + 1];
    for (uint32_t i = 0; i < p->lane_count; i++)
        fds[i] = (struct pollfd){.fd = vg_ring_fd(p->lanes[i].full), .events = POLLIN};
    fds[p->lane_count] = (struct pollfd){.fd = p->stop_fd, .events = POLLIN};
    for (bool ending = false; !ending;) {
        (void)poll(fds, p->lane_count + 1, 1000);
        ending = (fds[p->lane_count].revents & POLLIN) != 0;
        for (uint32_t i = 0; i < p->lane_count; i++)
            keep_lane(p, &p->lanes[i]);
    }
    return NULL;
}

/* ---- the sender ---- */

static void count_sent(struct vg_publisher *p, const char *id)
{
    lock(&p->lock);
    p->counts.sent++;
    for (size_t i = 0; i < BORN_SIZE; i++)
        if (strcmp(p->born[i].id, id) == 0) {
            if (p->latency && p->born[i].arrival.us != 0)
                vg_time_metric_add(p->latency, vg_mono_now().us - p->born[i].arrival.us);
            p->born[i].id[0] = '\0'; /* once: a second send says nothing of the latency */
        }
    unlock(&p->lock);
}

/* 0: from before this process, or long ago. */
static struct vg_mono_time arrival_of(struct vg_publisher *p, const char *id)
{
    struct vg_mono_time arrival = {0};
    lock(&p->lock);
    for (size_t i = 0; i < BORN_SIZE; i++)
        if (strcmp(p->born[i].id, id) == 0)
            arrival = p->born[i].arrival;
    unlock(&p->lock);
    return arrival;
}

static void note(struct vg_publisher *p, const char *id, enum vg_spool_state state)
{
    lock(&p->spool_lock);
    vg_spool_note(p->spool, id, state);
    unlock(&p->spool_lock);
}

/* counter: what is counted of them. */
static void forget(struct vg_publisher *p, char (*ids)[VG_SPOOL_ID_SIZE], size_t n,
                   uint64_t *counter)
{
    struct vg_fault fault = {.status = VG_OK};
    lock(&p->spool_lock);
    const enum vg_status status = vg_spool_archived(p->spool, ids, n, &fault);
    lock(&p->lock);
    *counter += n;
    vg_spool_read_numbers(p->spool, &p->counts.spool);
    unlock(&p->lock);
    unlock(&p->spool_lock);
    if (status != VG_OK)
        vg_log(VG_LOG_WARN, "spool: %s: %s", fault.what ? fault.what : "?", fault.place);
}

static size_t pick(struct vg_publisher *p, enum vg_spool_state state, size_t *from,
                   char (*ids)[VG_SPOOL_ID_SIZE], size_t most)
{
    lock(&p->spool_lock);
    const size_t n = vg_spool_pick(p->spool, state, from, ids, most);
    unlock(&p->spool_lock);
    return n;
}

/* Reads a record to send; it was `before`. VG_OK, or why there is nothing to send: then it is
 * noted and counted, and the others go on. */
static enum vg_status read_one(struct vg_publisher *p, char (*id)[VG_SPOOL_ID_SIZE],
                               enum vg_spool_state before, struct vg_spool_record *record)
{
    struct vg_fault fault = {.status = VG_OK};
    lock(&p->spool_lock);
    const enum vg_status status = vg_spool_read(p->spool, *id, p->buffer, record, &fault);
    unlock(&p->spool_lock);
    const bool failed = status != VG_OK && status != VG_E_MISSING && status != VG_E_INTEGRITY;
    lock(&p->lock);
    p->counts.unreadable += failed && before != VG_SPOOL_UNREADABLE;
    p->counts.unreadable -= !failed && before == VG_SPOOL_UNREADABLE;
    unlock(&p->lock);
    if (status == VG_E_INTEGRITY) { /* nothing brings it back; what is lost is said */
        vg_log(VG_LOG_ERROR, "spool: alert %s is damaged on the disk and lost", *id);
        forget(p, id, 1, &p->counts.damaged);
    }
    if (!failed)
        return status;
    if (before != VG_SPOOL_UNREADABLE)
        note(p, *id, VG_SPOOL_UNREADABLE);
    const uint64_t times = vg_log_repeat_due(&p->said_unreadable, vg_mono_now(), SAY_EVERY_US);
    if (times > 0)
        vg_log(VG_LOG_ERROR, "alert %s stays in the spool (%llu tries): %s: %s", *id,
               (unsigned long long)times, fault.what ? fault.what : "?", fault.place);
    return status;
}

/* Sends one record. No lock is held while Redis is asked. */
static enum vg_status send_one(struct vg_publisher *p, char (*id)[VG_SPOOL_ID_SIZE],
                               enum vg_spool_state state, struct vg_fault *fault)
{
    struct vg_spool_record record;
    enum vg_queue_where where = VG_QUEUE_UNKNOWN;
    vg_beat_begin(&p->beat[SENDER], vg_mono_now());
    if (read_one(p, id, state, &record) != VG_OK)
        return VG_OK;
    const struct vg_queue_message message = {.id = record.id,
                                             .key = record.key,
                                             .node = p->node,
                                             .alert = record.json,
                                             .alert_size = record.json_bytes,
                                             .picture = record.picture,
                                             .picture_size = record.picture_bytes,
                                             .arrival = arrival_of(p, *id)};
    const enum vg_status status = vg_queue_send(p->link, &message, &where, fault);
    if (status == VG_OK) {
        count_sent(p, *id);
        if (p->said_waiting)
            vg_log(VG_LOG_INFO, "alerts are sent again");
        p->said_waiting = false;
    }
    /* after a send the next question tells where it is */
    note(p, *id, status == VG_OK ? VG_SPOOL_UNSURE : VG_SPOOL_WAITING);
    return status;
}

static bool is_ending(struct vg_publisher *p)
{
    lock(&p->lock);
    const bool ending = p->ending && vg_mono_now().us >= p->ending_at.us;
    unlock(&p->lock);
    return ending;
}

/* Sends all that are in that state, oldest first. */
static enum vg_status send_all(struct vg_publisher *p, enum vg_spool_state state,
                               struct vg_fault *fault)
{
    char ids[VG_QUEUE_BATCH_MAX][VG_SPOOL_ID_SIZE];
    size_t from = 0;
    enum vg_status worst = VG_OK;
    do {
        const size_t n = pick(p, state, &from, ids, VG_QUEUE_BATCH_MAX);
        for (size_t i = 0; i < n; i++) {
            const enum vg_status status = send_one(p, &ids[i], state, fault);
            if (status != VG_OK && status != VG_E_INPUT)
                return status;
            if (status == VG_E_INPUT) /* this one is refused; the others go on */
                worst = status;
            if (is_ending(p))
                return worst;
        }
    } while (from != 0);
    return worst;
}

/* What waits; and from time to time what could not be read. */
static enum vg_status send_waiting(struct vg_publisher *p, struct vg_fault *fault)
{
    enum vg_status status = send_all(p, VG_SPOOL_WAITING, fault);
    if (status != VG_OK || vg_mono_now().us < p->next_reread.us)
        return status;
    status = send_all(p, VG_SPOOL_UNREADABLE, fault);
    p->next_reread.us = vg_mono_now().us + p->retry_us;
    return status;
}

static void tell_news(struct vg_publisher *p)
{
    lock(&p->lock);
    p->news = true;
    unlock(&p->lock);
}

/* Asks Redis about what may have been archived, and forgets what was. */
static enum vg_status ask_unsure(struct vg_publisher *p, struct vg_fault *fault)
{
    vg_beat_begin(&p->beat[SENDER], vg_mono_now());
    char ids[VG_QUEUE_BATCH_MAX][VG_SPOOL_ID_SIZE], done[VG_QUEUE_BATCH_MAX][VG_SPOOL_ID_SIZE];
    const char *names[VG_QUEUE_BATCH_MAX];
    enum vg_queue_where where[VG_QUEUE_BATCH_MAX];
    size_t n_done = 0;
    const size_t n = pick(p, VG_SPOOL_UNSURE, &p->ask_from, ids, VG_QUEUE_BATCH_MAX);
    if (n == 0)
        return VG_OK;
    for (size_t i = 0; i < n; i++)
        names[i] = ids[i];
    const enum vg_status status = vg_queue_ask(p->link, p->node, names, n, where, fault);
    if (status != VG_OK)
        return status;
    for (size_t i = 0; i < n; i++) {
        if (where[i] == VG_QUEUE_UNKNOWN) {
            note(p, ids[i], VG_SPOOL_WAITING);
            tell_news(p);
        }
        if (where[i] == VG_QUEUE_ARCHIVED)
            memcpy(done[n_done++], ids[i], VG_SPOOL_ID_SIZE);
    }
    if (n_done == 0)
        return VG_OK;
    forget(p, done, n_done, &p->counts.archived); /* marked first: Redis may forget it only then */
    for (size_t i = 0; i < n_done; i++)
        names[i] = done[i];
    return vg_queue_forget(p->link, p->node, names, n_done, fault);
}

/* KEYS none   ARGV seconds, then for each flux: id, number of fields, name, value, ... */
static const char live_script[] =
    "local i = 2 "
    "while i <= #ARGV do "
    "  local key, n = 'vigie:flux:' .. ARGV[i], tonumber(ARGV[i + 1]) * 2 "
    "  redis.call('DEL', key) "
    "  redis.call('HSET', key, unpack(ARGV, i + 2, i + 1 + n)) "
    "  redis.call('EXPIRE', key, ARGV[1]) "
    "  i = i + 2 + n "
    "end "
    "return 1";

/* Copies up to LIVE_BATCH fresh states out; *from moves on. */
static size_t pick_live(struct vg_publisher *p, size_t *from)
{
    size_t n = 0;
    lock(&p->live_lock);
    for (; *from < p->live_count && n < LIVE_BATCH; (*from)++)
        if (p->live[*from].fresh) {
            p->live[*from].fresh = false;
            p->live_out[n++] = p->live[*from];
        }
    unlock(&p->live_lock);
    return n;
}

static enum vg_status send_live_batch(struct vg_publisher *p, size_t n, struct vg_fault *fault)
{
    vg_beat_begin(&p->beat[SENDER], vg_mono_now());
    struct vg_redis_arg args[4 + LIVE_BATCH * (2 + 2 * VG_PUBLISHER_FIELDS_MAX)];
    static_assert(sizeof args / sizeof *args <= VG_REDIS_ARGS_MAX, "one command takes them all");
    char seconds[16], counts[LIVE_BATCH][16];
    struct redisReply *reply = NULL;
    size_t k = 0;
    (void)snprintf(seconds, sizeof seconds, "%d", p->live_s);
    args[k++] = vg_redis_text("EVAL");
    args[k++] = vg_redis_text(live_script);
    args[k++] = vg_redis_text("0");
    args[k++] = vg_redis_text(seconds);
    for (size_t i = 0; i < n; i++) {
        const struct live_flux *flux = &p->live_out[i];
        (void)snprintf(counts[i], sizeof counts[i], "%u", flux->field_count);
        args[k++] = vg_redis_text(flux->id);
        args[k++] = vg_redis_text(counts[i]);
        for (uint32_t f = 0; f < flux->field_count; f++) {
            args[k++] = vg_redis_text(flux->name[f]);
            args[k++] = vg_redis_text(flux->value[f]);
        }
    }
    const enum vg_status status = vg_redis_command(p->link, args, k, &reply, fault);
    vg_redis_reply_free(&reply);
    return status;
}

static enum vg_status send_text(struct vg_publisher *p, struct live_text *from, const char *kind,
                                const char *name, struct vg_fault *fault)
{
    char key[128], seconds[16];
    struct redisReply *reply = NULL;
    lock(&p->live_lock);
    const size_t size = from->fresh ? from->size : 0;
    from->fresh = false;
    memcpy(p->text_out, from->text, size);
    (void)snprintf(key, sizeof key, "vigie:%s:%s", kind, name);
    unlock(&p->live_lock);
    if (size == 0)
        return VG_OK;
    (void)snprintf(seconds, sizeof seconds, "%d", p->live_s);
    const struct vg_redis_arg args[] = {vg_redis_text("SET"),
                                        vg_redis_text(key),
                                        {p->text_out, size},
                                        vg_redis_text("EX"),
                                        vg_redis_text(seconds)};
    const enum vg_status status = vg_redis_command(p->link, args, 5, &reply, fault);
    vg_redis_reply_free(&reply);
    return status;
}

static enum vg_status send_live(struct vg_publisher *p, struct vg_fault *fault)
{
    size_t from = 0, n = 0;
    enum vg_status status = VG_OK;
    /* what fails to go is not tried again: the next state replaces it anyway */
    while (status == VG_OK && (n = pick_live(p, &from)) > 0)
        status = send_live_batch(p, n, fault);
    if (status == VG_OK)
        status = send_text(p, &p->metrics, "metrics", p->part, fault);
    return status == VG_OK ? send_text(p, &p->capacity, "capacity", p->node, fault) : status;
}

static enum vg_status send_round(struct vg_publisher *p, struct vg_fault *fault)
{
    enum vg_status status = send_waiting(p, fault);
    struct vg_mono_time now = vg_mono_now();
    if ((status == VG_OK || status == VG_E_INPUT) && now.us >= p->next_ask.us) {
        p->next_ask.us = now.us + ASK_US;
        const enum vg_status asked = ask_unsure(p, fault);
        status = asked != VG_OK ? asked : status;
    }
    now = vg_mono_now();
    if (status == VG_OK && now.us >= p->next_live.us) {
        p->next_live.us = now.us + LIVE_US;
        status = send_live(p, fault);
    }
    if (status == VG_OK && now.us >= p->next_ping.us) { /* nothing to send must not look well */
        p->next_ping.us = now.us + PING_US;
        status = vg_redis_ping(p->link, fault);
    }
    return status;
}

static void back_off(struct vg_publisher *p, const struct vg_fault *fault)
{
    const struct vg_mono_time now = vg_mono_now();
    lock(&p->lock);
    p->counts.redis_failures++;
    p->counts.redis_well = false;
    unlock(&p->lock);
    p->backoff_us = p->backoff_us == 0 ? BACKOFF_LEAST : 2 * p->backoff_us;
    if (p->backoff_us > BACKOFF_MOST)
        p->backoff_us = BACKOFF_MOST;
    const double spread = 0.75 + 0.5 * vg_random_unit(&p->jitter);
    p->next_try.us = now.us + (int64_t)((double)p->backoff_us * spread);
    const uint64_t times = vg_log_repeat_due(&p->said_redis, now, SAY_EVERY_US);
    p->next_ping.us = 0; /* a round that only had nothing to do shows nothing */
    if (times == 0)
        return;
    p->said_waiting = true;
    vg_log(VG_LOG_WARN, "alerts wait in the spool (%llu tries): %s: %s", (unsigned long long)times,
           fault->what ? fault->what : "?", fault->place);
}

static void try_round(struct vg_publisher *p)
{
    struct vg_fault fault = {.status = VG_OK};
    vg_beat_begin(&p->beat[SENDER], vg_mono_now());
    const enum vg_status status = send_round(p, &fault);
    vg_beat_end(&p->beat[SENDER]);
    if (status != VG_OK) {
        back_off(p, &fault);
        return;
    }
    if (p->backoff_us > 0)
        vg_log(VG_LOG_INFO, "Redis answers again");
    p->backoff_us = 0;
    p->said_redis = (struct vg_log_repeat){.count = 0};
    lock(&p->lock);
    p->counts.redis_well = true;
    unlock(&p->lock);
}

/* Waits for news until `until`. Under the lock. */
static void wait_until(struct vg_publisher *p, struct vg_mono_time until)
{
    const struct timespec at = timespec_of(until);
    (void)pthread_cond_timedwait(&p->wake, &p->lock, &at);
}

static void *sender_main(void *user)
{
    struct vg_publisher *p = user;
    for (;;) {
        lock(&p->lock);
        const struct vg_mono_time now = vg_mono_now();
        const bool resting = p->backoff_us > 0 && now.us < p->next_try.us;
        const struct vg_mono_time tick = {now.us + ASK_US};
        if (resting)
            wait_until(p,
                       p->ending && p->ending_at.us < p->next_try.us ? p->ending_at : p->next_try);
        else if (!p->news && !p->ending)
            wait_until(p, tick);
        const bool ending = p->ending;
        const bool over = ending && vg_mono_now().us >= p->ending_at.us;
        p->news = false;
        unlock(&p->lock);
        size_t from = 0;
        char id[1][VG_SPOOL_ID_SIZE];
        if (over || (ending && pick(p, VG_SPOOL_WAITING, &from, id, 1) == 0))
            return NULL;
        if (p->backoff_us == 0 || vg_mono_now().us >= p->next_try.us)
            try_round(p);
    }
}

/* ---- live state ---- */

/* The flux's place, its own or one that nobody needs any more; NULL if there is none. Under
 * live_lock. */
static struct live_flux *find_place(struct vg_publisher *p, const char *flux,
                                    struct vg_mono_time now)
{
    struct live_flux *oldest = &p->live[0];
    for (size_t i = 0; i < p->live_count; i++) {
        if (strncmp(p->live[i].id, flux, sizeof p->live[i].id - 1) == 0)
            return &p->live[i];
        if (p->live[i].at.us < oldest->at.us)
            oldest = &p->live[i];
    }
    if (p->live_count < VG_PUBLISHER_FLUX_MAX)
        oldest = &p->live[p->live_count++];
    else if (now.us - oldest->at.us <= p->live_s * VG_US_PER_S)
        return NULL;
    *oldest = (struct live_flux){.field_count = 0};
    (void)snprintf(oldest->id, sizeof oldest->id, "%s", flux);
    return oldest;
}

void vg_publisher_flux(struct vg_publisher *publisher, const char *flux,
                       const struct vg_live_field *fields, size_t field_count)
{
    const struct vg_mono_time now = vg_mono_now();
    if (field_count == 0)
        return;
    lock(&publisher->live_lock);
    struct live_flux *live = find_place(publisher, flux, now);
    const bool say = !live && !publisher->said_no_place;
    if (live)
        live->at = now;
    else
        publisher->said_no_place = true;
    for (size_t i = 0; live && i < field_count && i < VG_PUBLISHER_FIELDS_MAX; i++) {
        (void)snprintf(live->name[i], NAME_SIZE, "%s", fields[i].name);
        (void)snprintf(live->value[i], VALUE_SIZE, "%s", fields[i].value);
        live->field_count = (uint32_t)i + 1;
        live->fresh = true;
    }
    unlock(&publisher->live_lock);
    if (say)
        vg_log(VG_LOG_WARN, "more than %d flux at once: the others have no live state",
               VG_PUBLISHER_FLUX_MAX);
}

/* Under the lock. */
static void keep_text(struct live_text *to, const char *text, size_t size)
{
    memcpy(to->text, text, size);
    to->size = size;
    to->fresh = true;
}

enum vg_status vg_publisher_metrics(struct vg_publisher *publisher, const char *part,
                                    const char *text, size_t size)
{
    if (size > VG_PUBLISHER_METRICS_MAX)
        return VG_E_FULL;
    lock(&publisher->live_lock);
    (void)snprintf(publisher->part, sizeof publisher->part, "%s", part);
    keep_text(&publisher->metrics, text, size);
    unlock(&publisher->live_lock);
    return VG_OK;
}

enum vg_status vg_publisher_capacity(struct vg_publisher *publisher, const char *text, size_t size)
{
    if (size > VG_PUBLISHER_CAPACITY_MAX)
        return VG_E_FULL;
    lock(&publisher->live_lock);
    keep_text(&publisher->capacity, text, size);
    unlock(&publisher->live_lock);
    return VG_OK;
}

struct vg_beat *vg_publisher_beat(struct vg_publisher *publisher, uint32_t thread)
{
    return &publisher->beat[thread];
}

void vg_publisher_read_counts(struct vg_publisher *publisher, struct vg_publisher_counts *counts)
{
    lock(&publisher->lock);
    *counts = publisher->counts;
    unlock(&publisher->lock);
    counts->given = counts->promised + counts->refused; /* those on their way: not yet */
}

/* ---- life ---- */

struct vg_publisher_settings vg_publisher_defaults(const char *spool_folder, const char *redis,
                                                   const char *node)
{
    return (struct vg_publisher_settings){.spool = vg_spool_defaults(spool_folder),
                                          .redis = redis,
                                          .node = node,
                                          .lanes = 1,
                                          .items_per_lane = 4,
                                          .linger_ms = 500,
                                          .live_s = 10,
                                          .retry_s = 30};
}

static enum vg_status open_lane(struct lane *lane, uint32_t items)
{
    enum vg_status status = vg_ring_open(&lane->full, items, sizeof(struct given));
    if (status == VG_OK)
        status = vg_ring_open(&lane->free, items, sizeof(struct vg_publisher_item *));
    if (status == VG_OK && !(lane->items = vg_alloc_array(items, sizeof *lane->items)))
        status = VG_E_MEMORY;
    for (uint32_t i = 0; status == VG_OK && i < items; i++) {
        struct vg_publisher_item *item = &lane->items[i];
        status = vg_ring_push(lane->free, &item);
    }
    return status;
}

static enum vg_status open_parts(struct vg_publisher *p,
                                 const struct vg_publisher_settings *settings,
                                 struct vg_spool_found *found, struct vg_fault *fault)
{
    const struct vg_redis_settings redis = vg_redis_defaults(settings->redis);
    if (settings->lanes > VG_PUBLISHER_LANES_MAX)
        return vg_fault_set(fault, VG_E_CALL, N_("too many workers"), NULL, "%u", settings->lanes);
    p->buffer = vg_alloc(VG_SPOOL_RECORD_MAX);
    p->live = vg_alloc_array(VG_PUBLISHER_FLUX_MAX, sizeof *p->live);
    p->live_out = vg_alloc_array(LIVE_BATCH, sizeof *p->live_out);
    p->metrics.text = vg_alloc(VG_PUBLISHER_METRICS_MAX);
    p->capacity.text = vg_alloc(VG_PUBLISHER_CAPACITY_MAX);
    p->text_out = vg_alloc(VG_PUBLISHER_METRICS_MAX);
    if (!p->buffer || !p->live || !p->live_out || !p->metrics.text || !p->capacity.text ||
        !p->text_out)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "publisher");
    for (p->lane_count = 0; p->lane_count < settings->lanes; p->lane_count++) {
        const enum vg_status status = open_lane(&p->lanes[p->lane_count], settings->items_per_lane);
        if (status != VG_OK)
            return vg_fault_set(fault, status, vg_status_text(status), NULL, "publisher");
    }
    p->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (p->stop_fd < 0)
        return vg_fault_set(fault, VG_E_LACK, N_("too many open files"), NULL, "publisher");
    enum vg_status status = vg_redis_open(&p->link, &redis, fault);
    if (status == VG_OK)
        status = vg_spool_open(&p->spool, &settings->spool, found, fault);
    if (status == VG_OK)
        vg_spool_read_numbers(p->spool, &p->counts.spool);
    return status;
}

static enum vg_status start_threads(struct vg_publisher *p, struct vg_fault *fault)
{
    static const char *const names[VG_PUBLISHER_THREADS] = {
        [KEEPER] = "keeper", [SENDER] = "sender"};
    for (uint32_t i = 0; i < VG_PUBLISHER_THREADS; i++) {
        p->beat[i].name = names[i];
        p->beat[i].limit_us = LIMIT_US;
    }
    if (pthread_create(&p->keeper, NULL, keeper_main, p) != 0)
        return vg_fault_set(fault, VG_E_LACK, N_("a thread cannot be started"), NULL, "publisher");
    if (pthread_create(&p->sender, NULL, sender_main, p) == 0)
        return VG_OK;
    (void)eventfd_write(p->stop_fd, 1);
    (void)pthread_join(p->keeper, NULL);
    return vg_fault_set(fault, VG_E_LACK, N_("a thread cannot be started"), NULL, "publisher");
}

static void release(struct vg_publisher *p)
{
    for (uint32_t i = 0; i < VG_PUBLISHER_LANES_MAX; i++) {
        vg_ring_close(&p->lanes[i].full);
        vg_ring_close(&p->lanes[i].free);
        vg_free(p->lanes[i].items);
        (void)pthread_cond_destroy(&p->lanes[i].wake);
    }
    if (p->stop_fd >= 0)
        (void)close(p->stop_fd);
    vg_redis_close(&p->link);
    vg_spool_close(&p->spool);
    vg_free(p->buffer);
    vg_free(p->live);
    vg_free(p->live_out);
    vg_free(p->metrics.text);
    vg_free(p->capacity.text);
    vg_free(p->text_out);
    (void)pthread_cond_destroy(&p->wake);
    (void)pthread_mutex_destroy(&p->spool_lock);
    (void)pthread_mutex_destroy(&p->lock);
    (void)pthread_mutex_destroy(&p->live_lock);
    vg_free(p);
}

static void init_locks(struct vg_publisher *p)
{
    pthread_condattr_t clock;
    (void)pthread_mutex_init(&p->spool_lock, NULL);
    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_mutex_init(&p->live_lock, NULL);
    (void)pthread_condattr_init(&clock);
    (void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&p->wake, &clock);
    for (uint32_t i = 0; i < VG_PUBLISHER_LANES_MAX; i++)
        (void)pthread_cond_init(&p->lanes[i].wake, &clock);
    (void)pthread_condattr_destroy(&clock);
}

enum vg_status vg_publisher_open(struct vg_publisher **publisher,
                                 const struct vg_publisher_settings *settings,
                                 struct vg_spool_found *found, struct vg_fault *fault)
{
    *publisher = NULL;
    struct vg_publisher *p = vg_alloc(sizeof *p);
    if (!p)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "publisher");
    p->stop_fd = -1;
    p->linger_us = (int64_t)settings->linger_ms * 1000;
    p->live_s = settings->live_s;
    p->latency = settings->latency;
    p->retry_us = settings->retry_s * VG_US_PER_S;
    (void)snprintf(p->node, sizeof p->node, "%s", settings->node);
    vg_random_bytes(&p->jitter, sizeof p->jitter);
    init_locks(p);
    enum vg_status status = open_parts(p, settings, found, fault);
    if (status == VG_OK)
        status = start_threads(p, fault);
    if (status != VG_OK) {
        release(p);
        return status;
    }
    *publisher = p;
    return VG_OK;
}

void vg_publisher_close(struct vg_publisher **publisher)
{
    struct vg_publisher *p = *publisher;
    if (!p)
        return;
    (void)eventfd_write(p->stop_fd, 1); /* the keeper promises all that was given, and ends */
    (void)pthread_join(p->keeper, NULL);
    lock(&p->lock);
    p->ending = true;
    p->ending_at.us = vg_mono_now().us + p->linger_us;
    (void)pthread_cond_signal(&p->wake);
    unlock(&p->lock);
    (void)pthread_join(p->sender, NULL);
    release(p);
    *publisher = NULL;
}
