/* Two threads: the keeper promises (rings to spool), the sender sends (spool to Redis) and lets
 * the spool forget. */
#include "src/alerts/publisher.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/log.h"
#include "src/base/random.h"
#include "src/base/ring.h"
#include "src/base/text.h"
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
#define LIVE_BATCH    16 /* flux in one command */
#define BORN_SIZE     64 /* promised alerts whose latency is still to be taken */

const double vg_publisher_class_s[VG_PUBLISHER_CLASSES - 1] = {0.05, 0.1, 0.2, 0.3, 0.5,
                                                               1.0,  2.0, 5.0, 10.0};

struct lane {
    struct vg_ring *full; /* worker to keeper: pointers to items */
    struct vg_ring *free; /* keeper to worker */
    struct vg_publisher_item *items;
};

struct live_flux {
    char id[VG_QUEUE_NAME_SIZE];
    bool fresh; /* not yet sent */
    uint32_t field_count;
    char name[VG_PUBLISHER_FIELDS_MAX][NAME_SIZE];
    char value[VG_PUBLISHER_FIELDS_MAX][VALUE_SIZE];
};

/* When a promised alert's picture arrived; lives from the promise to the first send. */
struct born {
    char id[VG_SPOOL_ID_SIZE];
    struct vg_mono_time arrival;
};

struct vg_publisher {
    /* fixed after open */
    uint32_t lane_count;
    struct lane lanes[VG_PUBLISHER_LANES_MAX];
    char node[VG_QUEUE_NAME_SIZE];
    int64_t linger_us;
    int live_s;
    int stop_fd; /* eventfd: wakes the keeper to end */
    pthread_t keeper, sender;

    /* any thread: relaxed, they are counters */
    atomic_uint_fast64_t promised, refused, no_item, sent, archived, redis_failures;
    atomic_uint_fast64_t latency[VG_PUBLISHER_CLASSES];
    atomic_int_fast64_t latency_us_sum, latency_us_max;
    atomic_bool redis_well;

    /* under `lock`, held for a spool operation at most */
    pthread_mutex_t lock;
    pthread_cond_t wake; /* the sender: something was promised, or it is the end */
    struct vg_spool *spool;
    bool ending, news;
    struct vg_mono_time ending_at; /* end of lingering */
    struct born born[BORN_SIZE];   /* a ring: the oldest is overwritten */
    size_t born_next;

    /* under `live_lock`, held for a copy at most */
    pthread_mutex_t live_lock;
    struct live_flux *live; /* VG_PUBLISHER_FLUX_MAX */
    size_t live_count;
    char part[PART_SIZE];
    char *metrics; /* VG_PUBLISHER_METRICS_MAX */
    size_t metrics_size;
    bool metrics_fresh;

    /* the sender's own */
    struct vg_redis_link *link;
    uint8_t *buffer;            /* VG_SPOOL_RECORD_MAX */
    struct live_flux *live_out; /* LIVE_BATCH */
    char *metrics_out;          /* VG_PUBLISHER_METRICS_MAX */
    size_t ask_from;
    struct vg_mono_time next_ask, next_live, next_ping, next_try;
    int64_t backoff_us; /* 0: Redis answers */
    struct vg_random jitter;
    struct vg_log_repeat said_redis;

    /* the keeper's own */
    struct vg_log_repeat said_refused;
};

static void count(atomic_uint_fast64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static void lock(pthread_mutex_t *mutex)
{
    (void)pthread_mutex_lock(mutex); /* of the default kind, ours: it cannot fail */
}

static void unlock(pthread_mutex_t *mutex)
{
    (void)pthread_mutex_unlock(mutex);
}

/* ---- workers ---- */

struct vg_publisher_item *vg_publisher_take(struct vg_publisher *publisher, uint32_t lane)
{
    struct vg_publisher_item *item = NULL;
    if (vg_ring_pop(publisher->lanes[lane].free, &item) != VG_OK) {
        count(&publisher->no_item);
        return NULL;
    }
    item->alert_bytes = 0;
    item->picture_bytes = 0;
    return item;
}

void vg_publisher_give(struct vg_publisher *publisher, uint32_t lane,
                       struct vg_publisher_item *item)
{
    /* there are as many places as items: it always fits */
    if (vg_ring_push(publisher->lanes[lane].full, &item) != VG_OK)
        vg_log(VG_LOG_ERROR, "publisher: an item was given twice");
}

/* ---- the keeper ---- */

static void keep_item(struct vg_publisher *p, const struct vg_publisher_item *item)
{
    struct vg_fault fault = {.status = VG_OK};
    struct vg_spool_record record = {.json = item->alert,
                                     .json_bytes = item->alert_bytes,
                                     .picture = item->picture,
                                     .picture_bytes = item->picture_bytes};
    memcpy(record.id, item->id, sizeof item->id);
    memcpy(record.key, item->key, sizeof item->key);
    lock(&p->lock);
    const enum vg_status status = vg_spool_append(p->spool, &record, &fault);
    if (status == VG_OK) {
        struct born *born = &p->born[p->born_next++ % BORN_SIZE];
        memcpy(born->id, record.id, sizeof born->id);
        born->arrival = item->arrival;
        p->news = true;
        (void)pthread_cond_signal(&p->wake);
    }
    count(status == VG_OK ? &p->promised : &p->refused);
    unlock(&p->lock);
    if (status == VG_OK)
        return;
    const uint64_t times = vg_log_repeat_due(&p->said_refused, vg_mono_now(), SAY_EVERY_US);
    if (times > 0)
        vg_log(VG_LOG_ERROR, "alerts refused (%llu): %s: %s", (unsigned long long)times,
               fault.what ? fault.what : "?", fault.place);
}

static void keep_lane(struct vg_publisher *p, struct lane *lane)
{
    struct vg_publisher_item *item = NULL;
    vg_ring_drain(lane->full);
    while (vg_ring_pop(lane->full, &item) == VG_OK) {
        if (item->alert_bytes > 0)
            keep_item(p, item);
        if (vg_ring_push(lane->free, &item) != VG_OK)
            vg_log(VG_LOG_ERROR, "publisher: an item was given twice");
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

static void take_latency(struct vg_publisher *p, const char *id)
{
    struct vg_mono_time arrival = {0};
    lock(&p->lock);
    for (size_t i = 0; i < BORN_SIZE; i++)
        if (strcmp(p->born[i].id, id) == 0) {
            arrival = p->born[i].arrival;
            p->born[i].id[0] = '\0'; /* once: a second send says nothing of the latency */
        }
    unlock(&p->lock);
    if (arrival.us == 0)
        return;
    const int64_t us = vg_mono_now().us - arrival.us;
    size_t i = 0;
    while (i < VG_PUBLISHER_CLASSES - 1 && (double)us > vg_publisher_class_s[i] * 1e6)
        i++;
    count(&p->latency[i]);
    atomic_fetch_add_explicit(&p->latency_us_sum, us, memory_order_relaxed);
    if (us > atomic_load_explicit(&p->latency_us_max, memory_order_relaxed))
        atomic_store_explicit(&p->latency_us_max, us, memory_order_relaxed);
}

static void forget(struct vg_publisher *p, char (*ids)[VG_SPOOL_ID_SIZE], size_t n)
{
    struct vg_fault fault = {.status = VG_OK};
    lock(&p->lock);
    const enum vg_status status = vg_spool_archived(p->spool, ids, n, &fault);
    atomic_fetch_add_explicit(&p->archived, n, memory_order_relaxed);
    unlock(&p->lock);
    if (status != VG_OK)
        vg_log(VG_LOG_WARN, "spool: %s: %s", fault.what ? fault.what : "?", fault.place);
}

/* Sends one record. The lock is not held while Redis is asked. */
static enum vg_status send_one(struct vg_publisher *p, char (*id)[VG_SPOOL_ID_SIZE],
                               struct vg_fault *fault)
{
    struct vg_spool_record record;
    enum vg_queue_where where = VG_QUEUE_UNKNOWN;
    lock(&p->lock);
    enum vg_status status = vg_spool_read(p->spool, *id, p->buffer, &record, fault);
    unlock(&p->lock);
    if (status == VG_E_MISSING)
        return VG_OK;
    if (status == VG_E_INTEGRITY) { /* nothing brings it back; what is lost is said */
        vg_log(VG_LOG_ERROR, "spool: alert %s is damaged on the disk and lost", *id);
        forget(p, id, 1);
        return VG_OK;
    }
    if (status != VG_OK)
        return status;
    const struct vg_queue_message message = {.id = record.id,
                                             .key = record.key,
                                             .node = p->node,
                                             .alert = record.json,
                                             .alert_size = record.json_bytes,
                                             .picture = record.picture,
                                             .picture_size = record.picture_bytes};
    status = vg_queue_send(p->link, &message, &where, fault);
    if (status != VG_OK)
        return status;
    count(&p->sent);
    take_latency(p, *id);
    lock(&p->lock);
    vg_spool_note(p->spool, *id, VG_SPOOL_UNSURE); /* the next question tells where it is */
    unlock(&p->lock);
    return VG_OK;
}

static bool is_ending(struct vg_publisher *p)
{
    lock(&p->lock);
    const bool ending = p->ending && vg_mono_now().us >= p->ending_at.us;
    unlock(&p->lock);
    return ending;
}

static enum vg_status send_waiting(struct vg_publisher *p, struct vg_fault *fault)
{
    char ids[VG_QUEUE_BATCH_MAX][VG_SPOOL_ID_SIZE];
    size_t from = 0;
    enum vg_status worst = VG_OK;
    do {
        lock(&p->lock);
        const size_t n = vg_spool_pick(p->spool, VG_SPOOL_WAITING, &from, ids, VG_QUEUE_BATCH_MAX);
        unlock(&p->lock);
        for (size_t i = 0; i < n; i++) {
            const enum vg_status status = send_one(p, &ids[i], fault);
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

/* Asks Redis about what may have been archived, and forgets what was. */
static enum vg_status ask_unsure(struct vg_publisher *p, struct vg_fault *fault)
{
    char ids[VG_QUEUE_BATCH_MAX][VG_SPOOL_ID_SIZE], done[VG_QUEUE_BATCH_MAX][VG_SPOOL_ID_SIZE];
    const char *names[VG_QUEUE_BATCH_MAX];
    enum vg_queue_where where[VG_QUEUE_BATCH_MAX];
    size_t n_done = 0;
    lock(&p->lock);
    const size_t n =
        vg_spool_pick(p->spool, VG_SPOOL_UNSURE, &p->ask_from, ids, VG_QUEUE_BATCH_MAX);
    unlock(&p->lock);
    if (n == 0)
        return VG_OK;
    for (size_t i = 0; i < n; i++)
        names[i] = ids[i];
    const enum vg_status status = vg_queue_ask(p->link, p->node, names, n, where, fault);
    if (status != VG_OK)
        return status;
    lock(&p->lock);
    for (size_t i = 0; i < n; i++) {
        if (where[i] == VG_QUEUE_UNKNOWN) {
            vg_spool_note(p->spool, ids[i], VG_SPOOL_WAITING);
            p->news = true;
        }
        if (where[i] == VG_QUEUE_ARCHIVED)
            memcpy(done[n_done++], ids[i], VG_SPOOL_ID_SIZE);
    }
    unlock(&p->lock);
    if (n_done == 0)
        return VG_OK;
    forget(p, done, n_done); /* marked first: Redis may forget it only then */
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
    struct vg_redis_arg args[4 + LIVE_BATCH * (2 + 2 * VG_PUBLISHER_FIELDS_MAX)];
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

static enum vg_status send_metrics(struct vg_publisher *p, struct vg_fault *fault)
{
    char key[64], seconds[16];
    struct redisReply *reply = NULL;
    lock(&p->live_lock);
    const size_t size = p->metrics_fresh ? p->metrics_size : 0;
    p->metrics_fresh = false;
    memcpy(p->metrics_out, p->metrics, size);
    (void)snprintf(key, sizeof key, "vigie:metrics:%s", p->part);
    unlock(&p->live_lock);
    if (size == 0)
        return VG_OK;
    (void)snprintf(seconds, sizeof seconds, "%d", p->live_s);
    const struct vg_redis_arg args[] = {vg_redis_text("SET"),
                                        vg_redis_text(key),
                                        {p->metrics_out, size},
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
    return status == VG_OK ? send_metrics(p, fault) : status;
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
    count(&p->redis_failures);
    atomic_store_explicit(&p->redis_well, false, memory_order_relaxed);
    p->backoff_us = p->backoff_us == 0 ? BACKOFF_LEAST : 2 * p->backoff_us;
    if (p->backoff_us > BACKOFF_MOST)
        p->backoff_us = BACKOFF_MOST;
    const double spread = 0.75 + 0.5 * vg_random_unit(&p->jitter);
    p->next_try.us = now.us + (int64_t)((double)p->backoff_us * spread);
    const uint64_t times = vg_log_repeat_due(&p->said_redis, now, SAY_EVERY_US);
    if (times > 0)
        vg_log(VG_LOG_WARN, "alerts wait in the spool (%llu tries): %s: %s",
               (unsigned long long)times, fault->what ? fault->what : "?", fault->place);
}

static void try_round(struct vg_publisher *p)
{
    struct vg_fault fault = {.status = VG_OK};
    if (send_round(p, &fault) != VG_OK) {
        back_off(p, &fault);
        return;
    }
    if (p->backoff_us > 0)
        vg_log(VG_LOG_INFO, "alerts are sent again");
    p->backoff_us = 0;
    p->said_redis = (struct vg_log_repeat){.count = 0};
    atomic_store_explicit(&p->redis_well, true, memory_order_relaxed);
}

/* Waits for news until `until`. Under the lock. */
static void wait_until(struct vg_publisher *p, struct vg_mono_time until)
{
    const struct timespec at = {.tv_sec = (time_t)(until.us / VG_US_PER_S),
                                .tv_nsec = (long)(until.us % VG_US_PER_S) * 1000};
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
        size_t from = 0;
        char id[1][VG_SPOOL_ID_SIZE];
        const bool empty = vg_spool_pick(p->spool, VG_SPOOL_WAITING, &from, id, 1) == 0;
        p->news = false;
        unlock(&p->lock);
        if (over || (ending && empty))
            return NULL;
        if (p->backoff_us == 0 || vg_mono_now().us >= p->next_try.us)
            try_round(p);
    }
}

/* ---- live state ---- */

void vg_publisher_flux(struct vg_publisher *publisher, const char *flux,
                       const struct vg_live_field *fields, size_t field_count)
{
    struct live_flux *live = NULL;
    if (field_count == 0)
        return;
    lock(&publisher->live_lock);
    for (size_t i = 0; !live && i < publisher->live_count; i++)
        if (strcmp(publisher->live[i].id, flux) == 0)
            live = &publisher->live[i];
    if (!live && publisher->live_count < VG_PUBLISHER_FLUX_MAX) {
        live = &publisher->live[publisher->live_count++];
        (void)snprintf(live->id, sizeof live->id, "%s", flux);
    }
    for (size_t i = 0; live && i < field_count && i < VG_PUBLISHER_FIELDS_MAX; i++) {
        (void)snprintf(live->name[i], NAME_SIZE, "%s", fields[i].name);
        (void)snprintf(live->value[i], VALUE_SIZE, "%s", fields[i].value);
        live->field_count = (uint32_t)i + 1;
        live->fresh = true;
    }
    unlock(&publisher->live_lock);
}

enum vg_status vg_publisher_metrics(struct vg_publisher *publisher, const char *part,
                                    const char *text, size_t size)
{
    if (size > VG_PUBLISHER_METRICS_MAX)
        return VG_E_FULL;
    lock(&publisher->live_lock);
    (void)snprintf(publisher->part, sizeof publisher->part, "%s", part);
    memcpy(publisher->metrics, text, size);
    publisher->metrics_size = size;
    publisher->metrics_fresh = true;
    unlock(&publisher->live_lock);
    return VG_OK;
}

void vg_publisher_read_counts(struct vg_publisher *publisher, struct vg_publisher_counts *counts)
{
    struct vg_publisher *p = publisher;
    const struct {
        uint64_t *to;
        atomic_uint_fast64_t *from;
    } pairs[] = {
        {&counts->promised, &p->promised}, {&counts->refused, &p->refused},
        {&counts->no_item, &p->no_item},   {&counts->sent, &p->sent},
        {&counts->archived, &p->archived}, {&counts->redis_failures, &p->redis_failures},
    };
    lock(&p->lock); /* the spool's numbers and the counters are of one moment */
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        *pairs[i].to = atomic_load_explicit(pairs[i].from, memory_order_relaxed);
    counts->given = counts->promised + counts->refused; /* those on their way: not yet */
    for (size_t i = 0; i < VG_PUBLISHER_CLASSES; i++)
        counts->latency[i] = atomic_load_explicit(&p->latency[i], memory_order_relaxed);
    counts->latency_us_sum = atomic_load_explicit(&p->latency_us_sum, memory_order_relaxed);
    counts->latency_us_max = atomic_load_explicit(&p->latency_us_max, memory_order_relaxed);
    counts->redis_well = atomic_load_explicit(&p->redis_well, memory_order_relaxed);
    vg_spool_read_numbers(p->spool, &counts->spool);
    unlock(&p->lock);
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
                                          .live_s = 10};
}

static enum vg_status open_lane(struct lane *lane, uint32_t items)
{
    enum vg_status status = vg_ring_open(&lane->full, items, sizeof(struct vg_publisher_item *));
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
    p->metrics = vg_alloc(VG_PUBLISHER_METRICS_MAX);
    p->metrics_out = vg_alloc(VG_PUBLISHER_METRICS_MAX);
    if (!p->buffer || !p->live || !p->live_out || !p->metrics || !p->metrics_out)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "publisher");
    for (p->lane_count = 0; p->lane_count < settings->lanes; p->lane_count++) {
        const enum vg_status status = open_lane(&p->lanes[p->lane_count], settings->items_per_lane);
        if (status != VG_OK)
            return vg_fault_set(fault, status, vg_status_text(status), NULL, "publisher");
    }
    p->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (p->stop_fd < 0)
        return vg_fault_set(fault, VG_E_LACK, N_("too many open files"), NULL, "publisher");
    const enum vg_status status = vg_redis_open(&p->link, &redis, fault);
    return status == VG_OK ? vg_spool_open(&p->spool, &settings->spool, found, fault) : status;
}

static enum vg_status start_threads(struct vg_publisher *p, struct vg_fault *fault)
{
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
    }
    if (p->stop_fd >= 0)
        (void)close(p->stop_fd);
    vg_redis_close(&p->link);
    vg_spool_close(&p->spool);
    vg_free(p->buffer);
    vg_free(p->live);
    vg_free(p->live_out);
    vg_free(p->metrics);
    vg_free(p->metrics_out);
    (void)pthread_cond_destroy(&p->wake);
    (void)pthread_mutex_destroy(&p->lock);
    (void)pthread_mutex_destroy(&p->live_lock);
    vg_free(p);
}

enum vg_status vg_publisher_open(struct vg_publisher **publisher,
                                 const struct vg_publisher_settings *settings,
                                 struct vg_spool_found *found, struct vg_fault *fault)
{
    pthread_condattr_t clock;
    *publisher = NULL;
    struct vg_publisher *p = vg_alloc(sizeof *p);
    if (!p)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "publisher");
    p->stop_fd = -1;
    p->linger_us = (int64_t)settings->linger_ms * 1000;
    p->live_s = settings->live_s;
    (void)snprintf(p->node, sizeof p->node, "%s", settings->node);
    vg_random_bytes(&p->jitter, sizeof p->jitter);
    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_mutex_init(&p->live_lock, NULL);
    (void)pthread_condattr_init(&clock);
    (void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&p->wake, &clock);
    (void)pthread_condattr_destroy(&clock);
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
