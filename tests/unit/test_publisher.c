/* The publisher: promised before sent, sent once, forgotten when archived; Redis away or frozen
 * delays no promise. labels: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hiredis/hiredis.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "src/alerts/publisher.h"
#include "src/base/log.h"
#include "src/store/queue.h"
#include "tests/private_redis.h"
#include "tests/store_fixture.h"

#define DEADLINE_US (20 * VG_US_PER_S)

struct fixture {
    char folder[64], spool[96];
    struct private_redis redis;
    struct vg_redis_link *link;
    struct vg_publisher *publisher;
    struct vg_publisher_settings settings;
    struct vg_ulid_source ids;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    (void)snprintf(f->folder, sizeof f->folder, "/tmp/vigie-publisher-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    (void)snprintf(f->spool, sizeof f->spool, "%s/spool", f->folder);
    private_redis_place(&f->redis, f->folder);
    const struct vg_redis_settings redis = vg_redis_defaults(f->redis.socket);
    f->settings = vg_publisher_defaults(f->spool, f->redis.socket, "a1");
    f->settings.lanes = 2;
    *state = f;
    return vg_redis_open(&f->link, &redis, NULL) == VG_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    vg_publisher_close(&f->publisher);
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

static void give(struct fixture *f, uint32_t lane, char id[VG_ULID_TEXT])
{
    struct vg_publisher_item *item = take(f, lane);
    vg_ulid_make(&f->ids, item->id);
    (void)snprintf(item->key, sizeof item->key, "key-%.26s", item->id);
    item->alert_bytes =
        (uint32_t)snprintf(item->alert, sizeof item->alert, "{\"id\":\"%s\"}", item->id);
    item->picture_bytes = 1000;
    memset(item->picture, 7, 1000);
    item->arrival = vg_mono_now();
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

static void test_way(void **state)
{
    struct fixture *f = *state;
    char id[VG_ULID_TEXT];
    start_redis(f);
    open_publisher(f);
    for (uint32_t i = 0; i < 20; i++)
        give(f, i % 2, id);
    WAIT_FOR(counts_of(f).sent == 20);
    struct vg_publisher_counts counts = counts_of(f);
    assert_int_equal(counts.promised, 20);
    assert_int_equal(counts.refused, 0);
    assert_int_equal(counts.spool.records, 20); /* sent is not archived */
    assert_true(counts.redis_well);
    uint64_t classes = 0;
    for (size_t i = 0; i < VG_PUBLISHER_CLASSES; i++)
        classes += counts.latency[i];
    assert_int_equal(classes, 20);
    assert_true(counts.latency_us_sum > 0 && counts.latency_us_max < DEADLINE_US);
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
    assert_null(vg_publisher_take(f->publisher, 0));
    assert_int_equal(counts_of(f).no_item, 1);
    for (size_t i = 0; i < 4; i++)
        vg_publisher_give(f->publisher, 0, items[i]); /* empty: handed back only */
    (void)take(f, 0);
    assert_int_equal(counts_of(f).given, 0);
}

static void test_live_state(void **state)
{
    struct fixture *f = *state;
    struct redisReply *reply = NULL;
    start_redis(f);
    open_publisher(f);
    for (int i = 0; i < 40; i++) { /* more than one command holds */
        char flux[16];
        (void)snprintf(flux, sizeof flux, "cam-%d", i);
        const struct vg_live_field fields[] = {{"state", "live"}, {"fps", "5.0"}};
        vg_publisher_flux(f->publisher, flux, fields, 2);
    }
    const struct vg_live_field late[] = {{"state", "lost \"now\" %s"}};
    vg_publisher_flux(f->publisher, "cam-39", late, 1);
    assert_int_equal(vg_publisher_metrics(f->publisher, "analysis", "vigie_up 1\n", 11), VG_OK);
    assert_int_equal(
        vg_publisher_metrics(f->publisher, "analysis", "", VG_PUBLISHER_METRICS_MAX + 1),
        VG_E_FULL);

    const struct vg_redis_arg get[] = {vg_redis_text("HGET"), vg_redis_text("vigie:flux:cam-39"),
                                       vg_redis_text("state")};
    const int64_t deadline = vg_mono_now().us + DEADLINE_US;
    bool there = false;
    while (!there) {
        assert_true(vg_mono_now().us < deadline);
        assert_int_equal(vg_redis_command(f->link, get, 3, &reply, NULL), VG_OK);
        there = reply->type == REDIS_REPLY_STRING && strcmp(reply->str, "lost \"now\" %s") == 0;
        vg_redis_reply_free(&reply);
    }
    const struct vg_redis_arg keys[] = {vg_redis_text("KEYS"), vg_redis_text("vigie:flux:*")};
    assert_int_equal(vg_redis_command(f->link, keys, 2, &reply, NULL), VG_OK);
    assert_int_equal(reply->elements, 40);
    vg_redis_reply_free(&reply);
    const struct vg_redis_arg ttl[] = {vg_redis_text("TTL"), vg_redis_text("vigie:flux:cam-0")};
    assert_int_equal(vg_redis_command(f->link, ttl, 2, &reply, NULL), VG_OK);
    assert_in_range(reply->integer, 1, 10); /* a dead analysis is not shown as alive */
    vg_redis_reply_free(&reply);
    const struct vg_redis_arg text[] = {vg_redis_text("GET"),
                                        vg_redis_text("vigie:metrics:analysis")};
    assert_int_equal(vg_redis_command(f->link, text, 2, &reply, NULL), VG_OK);
    assert_string_equal(reply->str, "vigie_up 1\n");
    vg_redis_reply_free(&reply);
}

int main(void)
{
    if (!private_redis_there())
        return 77;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)setenv("VIGIE_LOG", "error", 0);
    vg_log_init("test");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_redis_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_redis_wiped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_frozen_redis_delays_no_promise, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_spool_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_item, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_live_state, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
