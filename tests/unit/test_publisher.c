/* The publisher: promised before sent, sent once, forgotten when archived; Redis away or frozen
 * delays no promise, a stalled disk stops nobody but the two threads. labels: threads waits */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "src/alerts/publisher.h"
#include "src/base/beat.h"
#include "src/base/log.h"
#include "src/store/queue.h"
#include "tests/private_redis.h"
#include "tests/store_fixture.h"

#define DEADLINE_US (20 * VG_US_PER_S)

/* The disk's syncs and removals stand here while it is shut, or fail. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t opens;
    struct vg_spool_disk real;
    bool shut;
    int fails_with;     /* errno of the syncs; 0: they work */
    atomic_uint inside; /* came to it so far */
};

struct fixture {
    char folder[64], spool[96];
    struct gate gate;
    struct private_redis redis;
    struct vg_redis_link *link;
    struct vg_publisher *publisher;
    struct vg_publisher_settings settings;
    struct vg_time_metric latency;
    struct vg_ulid_source ids;
};

static int pass(struct gate *gate)
{
    (void)pthread_mutex_lock(&gate->lock);
    atomic_fetch_add(&gate->inside, 1);
    while (gate->shut)
        (void)pthread_cond_wait(&gate->opens, &gate->lock);
    const int fails_with = gate->fails_with;
    (void)pthread_mutex_unlock(&gate->lock);
    return fails_with;
}

static int gated_sync(void *user, int fd)
{
    struct gate *gate = user;
    errno = pass(gate);
    return errno != 0 ? -1 : gate->real.sync(NULL, fd);
}

static int gated_remove(void *user, const char *path)
{
    struct gate *gate = user;
    (void)pass(gate);
    return gate->real.remove(NULL, path);
}

enum gate_state {
    GATE_OPEN,
    GATE_SHUT
};

static void set_gate(struct gate *gate, enum gate_state state, int fails_with)
{
    (void)pthread_mutex_lock(&gate->lock);
    gate->shut = state == GATE_SHUT;
    gate->fails_with = fails_with;
    (void)pthread_cond_broadcast(&gate->opens);
    (void)pthread_mutex_unlock(&gate->lock);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    (void)pthread_mutex_init(&f->gate.lock, NULL);
    (void)pthread_cond_init(&f->gate.opens, NULL);
    f->gate.real = vg_spool_real_disk();
    (void)snprintf(f->folder, sizeof f->folder, "/tmp/vigie-publisher-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    (void)snprintf(f->spool, sizeof f->spool, "%s/spool", f->folder);
    private_redis_place(&f->redis, f->folder);
    const struct vg_redis_settings redis = vg_redis_defaults(f->redis.socket);
    f->settings = vg_publisher_defaults(f->spool, f->redis.socket, "a1");
    f->settings.lanes = 2;
    f->settings.latency = &f->latency;
    f->settings.spool.disk.user = &f->gate;
    f->settings.spool.disk.sync = gated_sync;
    f->settings.spool.disk.remove = gated_remove;
    *state = f;
    return vg_redis_open(&f->link, &redis, NULL) == VG_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    set_gate(&f->gate, GATE_OPEN, 0);
    vg_publisher_close(&f->publisher);
    (void)pthread_cond_destroy(&f->gate.opens);
    (void)pthread_mutex_destroy(&f->gate.lock);
    vg_redis_close(&f->link);
    private_redis_stop(&f->redis);
    store_remove_tree(f->folder, 0);
    free(f);
    return 0;
}

static void start_redis(struct fixture *f)
{
    private_redis_start(&f->redis, "0");
    assert_true(private_redis_wait(&f->redis));
}

static void open_publisher(struct fixture *f)
{
    struct vg_fault fault;
    assert_int_equal(vg_publisher_open(&f->publisher, &f->settings, NULL, &fault), VG_OK);
}

/* Waits for a free item: only a test that overruns the pool does. */
static struct vg_publisher_item *take(struct fixture *f, uint32_t lane)
{
    const int64_t deadline = vg_mono_now().us + DEADLINE_US;
    struct vg_publisher_item *item = NULL;
    while (!(item = vg_publisher_take(f->publisher, lane))) {
        assert_true(vg_mono_now().us < deadline);
        vg_pause_us(500);
    }
    return item;
}

static void fill(struct vg_publisher_item *item, struct vg_ulid_source *ids)
{
    vg_ulid_make(ids, item->id);
    (void)snprintf(item->key, sizeof item->key, "key-%.26s", item->id);
    item->alert_bytes =
        (uint32_t)snprintf(item->alert, sizeof item->alert, "{\"id\":\"%s\"}", item->id);
    item->picture_bytes = 1000;
    memset(item->picture, 7, 1000);
    item->arrival = vg_mono_now();
}

static void give(struct fixture *f, uint32_t lane, char id[VG_ULID_TEXT])
{
    struct vg_publisher_item *item = take(f, lane);
    fill(item, &f->ids);
    memcpy(id, item->id, VG_ULID_TEXT);
    vg_publisher_give(f->publisher, lane, item);
}

static struct vg_publisher_counts counts_of(struct fixture *f)
{
    struct vg_publisher_counts counts;
    vg_publisher_read_counts(f->publisher, &counts);
    return counts;
}

/* Waits until a counter has a value. */
#define WAIT_FOR(condition)                                    \
    do {                                                       \
        const int64_t end_us = vg_mono_now().us + DEADLINE_US; \
        while (!(condition)) {                                 \
            assert_true(vg_mono_now().us < end_us);            \
            vg_pause_us(2000);                                 \
        }                                                      \
    } while (0)

static uint64_t length_of(struct fixture *f)
{
    uint64_t entries = 0;
    return vg_queue_length(f->link, &entries, NULL) == VG_OK ? entries : 0;
}

/* Plays the archive: takes and acknowledges; returns how many. */
static size_t archive_all(struct fixture *f)
{
    const struct vg_queue_reader reader = {
        .consumer = "t", .block_ms = 5, .idle_ms = 0, .most = 64};
    size_t sum = 0, count = 0;
    do {
        struct vg_queue_page page;
        assert_int_equal(vg_queue_take(f->link, &reader, VG_QUEUE_NEW, &page, NULL), VG_OK);
        count = page.count;
        sum += count;
        assert_int_equal(vg_queue_done(f->link, &page, NULL), VG_OK);
        vg_queue_page_free(&page);
    } while (count > 0);
    return sum;
}

static uint64_t latencies_of(const struct fixture *f)
{
    struct vg_time_histogram_view latency;
    vg_time_histogram_read(&f->latency.fine, &latency);
    return vg_time_histogram_count(&latency);
}

static void test_way(void **state)
{
    struct fixture *f = *state;
    char id[VG_ULID_TEXT];
    start_redis(f);
    open_publisher(f);
    for (uint32_t i = 0; i < 20; i++)
        give(f, i % 2, id);
    WAIT_FOR(counts_of(f).sent == 20 && counts_of(f).redis_well); /* said after the round */
    struct vg_publisher_counts counts = counts_of(f);
    assert_int_equal(counts.promised, 20);
    assert_int_equal(counts.refused, 0);
    assert_int_equal(counts.spool.records, 20); /* sent is not archived */
    struct vg_time_histogram_view latency;
    vg_time_histogram_read(&f->latency.fine, &latency);
    assert_int_equal(latencies_of(f), 20);
    const int64_t most_us = vg_time_histogram_quantile_us(&latency, 1);
    assert_true(most_us > 0 && most_us < DEADLINE_US);
    assert_int_equal(length_of(f), 20);
    assert_int_equal(archive_all(f), 20);
    WAIT_FOR(counts_of(f).spool.records == 0);
    counts = counts_of(f);
    assert_int_equal(counts.archived, 20);
    assert_int_equal(counts.spool.files, 0);
    assert_int_equal(counts.sent, 20); /* none twice */
}

static void test_redis_away(void **state)
{
    struct fixture *f = *state;
    char id[VG_ULID_TEXT];
    open_publisher(f);
    for (int i = 0; i < 10; i++)
        give(f, 0, id);
    WAIT_FOR(counts_of(f).promised == 10);
    assert_false(counts_of(f).redis_well);
    WAIT_FOR(counts_of(f).redis_failures > 1);
    start_redis(f);
    WAIT_FOR(length_of(f) == 10);
    /* it dies with all of them unread, and comes back */
    private_redis_stop(&f->redis);
    give(f, 1, id);
    start_redis(f);
    WAIT_FOR(length_of(f) == 11);
    assert_int_equal(archive_all(f), 11);
    WAIT_FOR(counts_of(f).spool.records == 0);
}

/* More wait for Redis than are remembered one by one: each has its latency all the same, once. */
static void test_latency_of_many_that_waited(void **state)
{
    struct fixture *f = *state;
    char id[VG_ULID_TEXT];
    open_publisher(f);
    for (int i = 0; i < 300; i++)
        give(f, (uint32_t)i % 2, id);
    WAIT_FOR(counts_of(f).promised == 300);
    assert_int_equal(latencies_of(f), 300 - 256);
    start_redis(f);
    WAIT_FOR(counts_of(f).sent == 300);
    assert_int_equal(latencies_of(f), 300);
}

static void test_restart(void **state)
{
    struct fixture *f = *state;
    struct vg_spool_found found;
    char id[VG_ULID_TEXT];
    open_publisher(f);
    for (int i = 0; i < 10; i++)
        give(f, 0, id);
    vg_publisher_close(&f->publisher); /* all given is promised, Redis was never there */
    start_redis(f);
    assert_int_equal(vg_publisher_open(&f->publisher, &f->settings, &found, NULL), VG_OK);
    assert_int_equal(found.records, 10);
    WAIT_FOR(length_of(f) == 10);
    /* a restart with all in the stream sends none of them again */
    vg_publisher_close(&f->publisher);
    assert_int_equal(vg_publisher_open(&f->publisher, &f->settings, &found, NULL), VG_OK);
    assert_int_equal(found.records, 10);
    give(f, 0, id);
    WAIT_FOR(length_of(f) == 11);
    assert_int_equal(archive_all(f), 11);
    WAIT_FOR(counts_of(f).spool.records == 0);
    assert_int_equal(counts_of(f).sent, 1);
}

/* Redis loses everything: what the archive did not acknowledge is sent again. */
static void test_redis_wiped(void **state)
{
    struct fixture *f = *state;
    struct redisReply *reply = NULL;
    char id[VG_ULID_TEXT];
    const struct vg_redis_arg flush[] = {vg_redis_text("FLUSHALL")};
    start_redis(f);
    open_publisher(f);
    for (int i = 0; i < 5; i++)
        give(f, 0, id);
    WAIT_FOR(length_of(f) == 5);
    assert_int_equal(vg_redis_command(f->link, flush, 1, &reply, NULL), VG_OK);
    vg_redis_reply_free(&reply);
    WAIT_FOR(length_of(f) == 5);
    assert_int_equal(archive_all(f), 5);
    WAIT_FOR(counts_of(f).spool.records == 0);
}

static void test_frozen_redis_delays_no_promise(void **state)
{
    struct fixture *f = *state;
    char id[VG_ULID_TEXT];
    start_redis(f);
    open_publisher(f);
    give(f, 0, id);
    WAIT_FOR(length_of(f) == 1);
    assert_int_equal(kill(f->redis.pid, SIGSTOP), 0);
    const int64_t before = vg_mono_now().us;
    for (uint64_t i = 0; i < 20; i++) {
        give(f, 0, id);
        WAIT_FOR(counts_of(f).promised == 2 + i);
    }
    const int64_t took_us = vg_mono_now().us - before;
    assert_int_equal(kill(f->redis.pid, SIGCONT), 0);
    assert_true(took_us < 1500000); /* one wait for Redis alone would take 2 s */
    WAIT_FOR(length_of(f) == 21);
}

static void test_spool_full(void **state)
{
    struct fixture *f = *state;
    char id[VG_ULID_TEXT];
    f->settings.spool.records_max = 5;
    open_publisher(f);
    for (int i = 0; i < 8; i++)
        give(f, 0, id);
    WAIT_FOR(counts_of(f).given == 8);
    const struct vg_publisher_counts counts = counts_of(f);
    assert_int_equal(counts.promised, 5);
    assert_int_equal(counts.refused, 3);
    assert_int_equal(counts.spool.records, 5);
    start_redis(f);
    WAIT_FOR(length_of(f) == 5);
    assert_int_equal(archive_all(f), 5);
    WAIT_FOR(counts_of(f).spool.records == 0);
    give(f, 0, id);
    WAIT_FOR(counts_of(f).promised == 6);
}

static void test_no_item(void **state)
{
    struct fixture *f = *state;
    struct vg_publisher_item *items[4];
    open_publisher(f);
    for (size_t i = 0; i < 4; i++)
        assert_non_null(items[i] = vg_publisher_take(f->publisher, 0));
    for (size_t i = 0; i < 3; i++) /* who tries again has lost nothing yet */
        assert_null(vg_publisher_take(f->publisher, 0));
    assert_int_equal(counts_of(f).given, 0);
    vg_publisher_count_refused(f->publisher);
    assert_int_equal(counts_of(f).refused, 1);
    assert_int_equal(counts_of(f).given, 1);
    for (size_t i = 0; i < 4; i++)
        vg_publisher_give(f->publisher, 0, items[i]); /* empty: handed back only */
    (void)take(f, 0);
    assert_int_equal(counts_of(f).given, 1);
}

/* The oldest cannot be read: the others go, and it goes when the disk gives it again. */
static void test_unreadable(void **state)
{
    struct fixture *f = *state;
    char id[VG_ULID_TEXT], first[128], away[128];
    f->settings.spool.segment_bytes = 1; /* a file for each */
    f->settings.retry_s = 1;
    (void)snprintf(first, sizeof first, "%s/00000001.spool", f->spool);
    (void)snprintf(away, sizeof away, "%s/away", f->spool);
    open_publisher(f);
    for (int i = 0; i < 10; i++)
        give(f, 0, id);
    WAIT_FOR(counts_of(f).promised == 10);
    assert_int_equal(rename(first, away), 0);
    start_redis(f);
    WAIT_FOR(counts_of(f).sent == 9);
    WAIT_FOR(counts_of(f).redis_well); /* it is not its fault */
    assert_int_equal(counts_of(f).unreadable, 1);
    assert_int_equal(archive_all(f), 9);
    WAIT_FOR(counts_of(f).archived == 9);
    assert_int_equal(counts_of(f).spool.records, 1);
    assert_int_equal(rename(away, first), 0);
    WAIT_FOR(counts_of(f).sent == 10);
    assert_int_equal(counts_of(f).unreadable, 0);
    assert_int_equal(archive_all(f), 1);
    WAIT_FOR(counts_of(f).spool.records == 0);
    const struct vg_publisher_counts counts = counts_of(f);
    assert_int_equal(counts.archived, 10);
    assert_int_equal(counts.damaged, 0);
}

/* Not whole any more: lost, and counted as that. */
static void test_damaged(void **state)
{
    struct fixture *f = *state;
    char id[VG_ULID_TEXT], first[128];
    f->settings.spool.segment_bytes = 1;
    (void)snprintf(first, sizeof first, "%s/00000001.spool", f->spool);
    open_publisher(f);
    for (int i = 0; i < 3; i++)
        give(f, 0, id);
    WAIT_FOR(counts_of(f).promised == 3);
    assert_int_equal(truncate(first, 200), 0);
    start_redis(f);
    WAIT_FOR(counts_of(f).sent == 2);
    assert_int_equal(counts_of(f).damaged, 1);
    assert_int_equal(counts_of(f).archived, 0);
    assert_int_equal(counts_of(f).spool.records, 2);
    WAIT_FOR(counts_of(f).redis_well);
}

/* All that a worker or the loop calls, in a thread that may hang. */
struct caller {
    struct fixture *f;
    atomic_bool done;
};

static void *call_all(void *user)
{
    struct caller *caller = user;
    struct vg_publisher *publisher = caller->f->publisher;
    const struct vg_live_field fields[] = {{"state", "live"}};
    struct vg_publisher_counts counts;
    for (int i = 0; i < 20; i++) {
        vg_publisher_read_counts(publisher, &counts);
        vg_publisher_flux(publisher, "cam-1", fields, 1);
        if (vg_publisher_metrics(publisher, "analysis", "vigie_up 1\n", 11) != VG_OK)
            return NULL;
        vg_publisher_count_refused(publisher);
        struct vg_publisher_item *item = vg_publisher_take(publisher, 1);
        if (item)
            vg_publisher_give(publisher, 1, item);
    }
    atomic_store(&caller->done, true);
    return NULL;
}

static void assert_nobody_waits(struct fixture *f)
{
    struct caller caller = {.f = f};
    pthread_t thread;
    const int64_t deadline = vg_mono_now().us + DEADLINE_US / 4;
    assert_int_equal(pthread_create(&thread, NULL, call_all, &caller), 0);
    while (!atomic_load(&caller.done) && vg_mono_now().us < deadline)
        vg_pause_us(1000);
    const bool done = atomic_load(&caller.done);
    if (!done)
        set_gate(&f->gate, GATE_OPEN, 0); /* let it end */
    (void)pthread_join(thread, NULL);
    assert_true(done);
}

static void test_stalled_disk(void **state)
{
    struct fixture *f = *state;
    char id[VG_ULID_TEXT];
    start_redis(f);
    open_publisher(f);
    give(f, 0, id);
    WAIT_FOR(length_of(f) == 1);
    /* a promise that does not come back */
    set_gate(&f->gate, GATE_SHUT, 0);
    unsigned inside = atomic_load(&f->gate.inside);
    give(f, 0, id);
    WAIT_FOR(atomic_load(&f->gate.inside) > inside);
    assert_nobody_waits(f);
    assert_int_equal(counts_of(f).promised, 1);
    struct vg_publisher_item *item = take(f, 0);
    fill(item, &f->ids);
    assert_int_equal(vg_publisher_give_and_wait(f->publisher, 0, item, 20), VG_E_TIMEOUT);
    assert_false(vg_beat_idle(vg_publisher_beat(f->publisher, 0))); /* as who looks sees it */
    set_gate(&f->gate, GATE_OPEN, 0);
    WAIT_FOR(length_of(f) == 3);
    for (uint32_t i = 0; i < VG_PUBLISHER_THREADS; i++)
        WAIT_FOR(vg_beat_idle(vg_publisher_beat(f->publisher, i)));
    assert_int_equal(counts_of(f).promised, 3);
    /* a mark, or a removal, that does not come back */
    set_gate(&f->gate, GATE_SHUT, 0);
    inside = atomic_load(&f->gate.inside);
    assert_int_equal(archive_all(f), 3);
    WAIT_FOR(atomic_load(&f->gate.inside) > inside);
    assert_nobody_waits(f);
    assert_false(vg_beat_idle(vg_publisher_beat(f->publisher, 1)));
    set_gate(&f->gate, GATE_OPEN, 0);
    WAIT_FOR(counts_of(f).archived == 3);
}

static void test_give_and_wait(void **state)
{
    struct fixture *f = *state;
    enum {
        NO_ID = 1,
        NO_ALERT = 2
    };
    static const struct {
        const char *name;
        int flaws, fails_with;
        enum gate_state gate;
        int timeout_ms;
        enum vg_status expected;
        uint64_t promised, refused; /* after it */
    } rows[] = {
        {"promised", 0, 0, GATE_OPEN, -1, VG_OK, 1, 0},
        {"disk full", 0, ENOSPC, GATE_OPEN, 10000, VG_E_LACK, 1, 1},
        {"disk bad", 0, EIO, GATE_OPEN, 10000, VG_E_IO, 1, 2},
        {"no id", NO_ID, 0, GATE_OPEN, 10000, VG_E_INPUT, 1, 3},
        {"no alert", NO_ALERT, 0, GATE_OPEN, 10000, VG_E_INPUT, 1, 3},
        {"not known yet", 0, 0, GATE_SHUT, 20, VG_E_TIMEOUT, 1, 3},
        /* the late answer is not taken for this one's */
        {"another after it", NO_ID, 0, GATE_OPEN, 10000, VG_E_INPUT, 2, 4},
        {"no time", 0, 0, GATE_SHUT, 0, VG_E_TIMEOUT, 2, 4},
        {"spool full", 0, 0, GATE_OPEN, -1, VG_E_FULL, 3, 5},
    };
    f->settings.spool.records_max = 3;
    open_publisher(f);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_publisher_item *item = take(f, 0);
        fill(item, &f->ids);
        if (rows[i].flaws & NO_ID)
            item->id[0] = '\0';
        if (rows[i].flaws & NO_ALERT)
            item->alert_bytes = 0;
        set_gate(&f->gate, rows[i].gate, rows[i].fails_with);
        const enum vg_status status =
            vg_publisher_give_and_wait(f->publisher, 0, item, rows[i].timeout_ms);
        const struct vg_publisher_counts counts = counts_of(f);
        if (status != rows[i].expected || counts.promised != rows[i].promised ||
            counts.refused != rows[i].refused || counts.given != counts.promised + counts.refused)
            fail_msg("%s: %s, %u promised, %u refused", rows[i].name, vg_status_name(status),
                     (unsigned)counts.promised, (unsigned)counts.refused);
    }
}

/* Two workers at once: each has its own answers, and its item back with the answer. */
struct worker {
    struct fixture *f;
    struct vg_ulid_source ids;
    uint32_t lane;
    atomic_uint wrong;
};

static void *work(void *user)
{
    struct worker *worker = user;
    struct vg_publisher *publisher = worker->f->publisher;
    for (uint32_t i = 0; i < 60; i++) {
        struct vg_publisher_item *item = vg_publisher_take(publisher, worker->lane);
        const bool flawed = (i + worker->lane) % 3 == 0;
        if (!item) {
            atomic_fetch_add(&worker->wrong, 1);
            continue;
        }
        fill(item, &worker->ids);
        if (flawed)
            item->key[0] = '\0';
        if (vg_publisher_give_and_wait(publisher, worker->lane, item, 20000) !=
            (flawed ? VG_E_INPUT : VG_OK))
            atomic_fetch_add(&worker->wrong, 1);
    }
    return NULL;
}

static void test_two_workers(void **state)
{
    struct fixture *f = *state;
    struct worker workers[2] = {{.f = f, .lane = 0}, {.f = f, .lane = 1}};
    pthread_t threads[2];
    start_redis(f);
    open_publisher(f);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&workers[0].wrong) + atomic_load(&workers[1].wrong), 0);
    assert_int_equal(counts_of(f).promised, 80);
    assert_int_equal(counts_of(f).refused, 40);
    WAIT_FOR(length_of(f) == 80);
}

static size_t count_states(struct fixture *f)
{
    struct redisReply *reply = NULL;
    const struct vg_redis_arg keys[] = {vg_redis_text("KEYS"), vg_redis_text("vigie:flux:*")};
    assert_int_equal(vg_redis_command(f->link, keys, 2, &reply, NULL), VG_OK);
    const size_t n = reply->elements;
    vg_redis_reply_free(&reply);
    return n;
}

static bool answers(struct fixture *f, const struct vg_redis_arg *args, size_t n,
                    const char *expected)
{
    struct redisReply *reply = NULL;
    assert_int_equal(vg_redis_command(f->link, args, n, &reply, NULL), VG_OK);
    const bool same = reply->type == REDIS_REPLY_STRING && strcmp(reply->str, expected) == 0;
    vg_redis_reply_free(&reply);
    return same;
}

static void test_live_state(void **state)
{
    struct fixture *f = *state;
    struct redisReply *reply = NULL;
    start_redis(f);
    open_publisher(f);
    char names[VG_PUBLISHER_FIELDS_MAX][24];
    struct vg_live_field fields[VG_PUBLISHER_FIELDS_MAX]; /* as many as there may be */
    for (int i = 0; i < VG_PUBLISHER_FIELDS_MAX; i++) {
        (void)snprintf(names[i], sizeof names[i], "field_%d", i);
        fields[i] = (struct vg_live_field){names[i], "live"};
    }
    for (int i = 0; i < 40; i++) { /* more than one command holds */
        char flux[16];
        (void)snprintf(flux, sizeof flux, "cam-%d", i);
        vg_publisher_flux(f->publisher, flux, fields, VG_PUBLISHER_FIELDS_MAX);
    }
    const struct vg_live_field late[] = {{"state", "lost \"now\" %s"}};
    vg_publisher_flux(f->publisher, "cam-39", late, 1);
    assert_int_equal(vg_publisher_metrics(f->publisher, "analysis", "vigie_up 1\n", 11), VG_OK);
    assert_int_equal(
        vg_publisher_metrics(f->publisher, "analysis", "", VG_PUBLISHER_METRICS_MAX + 1),
        VG_E_FULL);
    assert_int_equal(vg_publisher_capacity(f->publisher, "{\"devices\":[]}", 14), VG_OK);
    assert_int_equal(vg_publisher_capacity(f->publisher, "", VG_PUBLISHER_CAPACITY_MAX + 1),
                     VG_E_FULL);

    /* each may come with another round */
    WAIT_FOR(count_states(f) == 40);
    const struct vg_redis_arg get[] = {vg_redis_text("HGET"), vg_redis_text("vigie:flux:cam-39"),
                                       vg_redis_text("state")};
    WAIT_FOR(answers(f, get, 3, "lost \"now\" %s"));
    const struct vg_redis_arg text[] = {vg_redis_text("GET"),
                                        vg_redis_text("vigie:metrics:analysis")};
    WAIT_FOR(answers(f, text, 2, "vigie_up 1\n"));
    const struct vg_redis_arg capacity[] = {vg_redis_text("GET"),
                                            vg_redis_text("vigie:capacity:a1")};
    WAIT_FOR(answers(f, capacity, 2, "{\"devices\":[]}"));
    const struct vg_redis_arg ttl[] = {vg_redis_text("TTL"), vg_redis_text("vigie:flux:cam-0")};
    assert_int_equal(vg_redis_command(f->link, ttl, 2, &reply, NULL), VG_OK);
    assert_in_range(reply->integer, 1, 10); /* a dead analysis is not shown as alive */
    vg_redis_reply_free(&reply);
}

static bool has_state(struct fixture *f, const char *flux)
{
    struct redisReply *reply = NULL;
    char key[64];
    (void)snprintf(key, sizeof key, "vigie:flux:%s", flux);
    const struct vg_redis_arg exists[] = {vg_redis_text("EXISTS"), vg_redis_text(key)};
    assert_int_equal(vg_redis_command(f->link, exists, 2, &reply, NULL), VG_OK);
    const bool there = reply->integer == 1;
    vg_redis_reply_free(&reply);
    return there;
}

/* How often text stands in what went to stderr, which goes to that file. */
static size_t count_lines(const char *path, const char *text)
{
    char line[512];
    size_t n = 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        n += strstr(line, text) != NULL;
    (void)fclose(file);
    return n;
}

/* One more than there are places: none while all are told, then that of one told no more. */
static void test_many_flux(void **state)
{
    struct fixture *f = *state;
    const struct vg_live_field fields[] = {{"state", "live"}};
    char log[96], flux[16];
    f->settings.live_s = 1;
    (void)snprintf(log, sizeof log, "%s/log", f->folder);
    const int said = open(log, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), before = dup(2);
    assert_true(said >= 0 && before >= 0);
    start_redis(f);
    open_publisher(f);
    for (int i = 0; i < VG_PUBLISHER_FLUX_MAX; i++) {
        (void)snprintf(flux, sizeof flux, "cam-%d", i);
        vg_publisher_flux(f->publisher, flux, fields, 1);
    }
    const int64_t told_us = vg_mono_now().us;
    (void)dup2(said, 2);
    vg_publisher_flux(f->publisher, "too-many", fields, 1);
    vg_publisher_flux(f->publisher, "too-many", fields, 1);
    (void)dup2(before, 2);
    (void)close(said);
    (void)close(before);
    assert_int_equal(count_lines(log, "have no live state"), 1);
    WAIT_FOR(vg_mono_now().us > told_us + 3 * VG_US_PER_S / 2);
    vg_publisher_flux(f->publisher, "cam-0", fields, 1); /* its own place, still */
    vg_publisher_flux(f->publisher, "late-1", fields, 1);
    vg_publisher_flux(f->publisher, "late-2", fields, 1);
    const int64_t deadline = vg_mono_now().us + DEADLINE_US;
    for (bool all = false; !all;) { /* each is told only once, and lives for a second */
        assert_true(vg_mono_now().us < deadline);
        all = has_state(f, "cam-0") && has_state(f, "late-1") && has_state(f, "late-2");
        vg_pause_us(2000);
    }
    assert_false(has_state(f, "too-many"));
}

int main(void)
{
    if (!private_redis_there())
        return 77;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)setenv("VIGIE_LOG", "warn", 1);
    vg_log_init("test");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_redis_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_latency_of_many_that_waited, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_redis_wiped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_frozen_redis_delays_no_promise, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_spool_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_item, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unreadable, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stalled_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_give_and_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_two_workers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_live_state, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_flux, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
