/* The link and the queue against a real Redis: twice sent is once queued, what a dead reader left
 * is taken over, a server that is away, full or frozen costs a bounded time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hiredis/hiredis.h>
#include <string.h>

#include "src/store/archive.h"
#include "src/store/archiver.h"
#include "src/store/queue.h"
#include "tests/private_redis.h"
#include "tests/store_fixture.h"

struct fixture {
    struct private_redis redis;
    struct vg_redis_link *link;
    struct vg_fault fault;
};

static int start(void **state, const char *memory)
{
    struct fixture *f = calloc(1, sizeof *f);
    char folder[64] = "/tmp/vigie-redis-XXXXXX";
    if (!f || !mkdtemp(folder))
        return -1;
    private_redis_place(&f->redis, folder);
    private_redis_start(&f->redis, memory);
    if (!private_redis_wait(&f->redis))
        return -1;
    const struct vg_redis_settings settings = vg_redis_defaults(f->redis.socket);
    *state = f;
    return vg_redis_open(&f->link, &settings, &f->fault) == VG_OK ? 0 : -1;
}

static int set_up(void **state)
{
    return start(state, "0");
}

static int set_up_small(void **state)
{
    return start(state, "4mb");
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    vg_redis_close(&f->link);
    private_redis_stop(&f->redis);
    store_remove_tree(f->redis.folder, 0);
    free(f);
    return 0;
}

static struct vg_queue_message message_of(const char *id)
{
    return (struct vg_queue_message){.id = id,
                                     .key = "k",
                                     .node = "a1",
                                     .alert = "{\"x\":\"%s %b\"}", /* not a format */
                                     .alert_size = 13,
                                     .picture = (const uint8_t *)"\0\1\2",
                                     .picture_size = 3,
                                     .arrival = {1234567}};
}

static const struct vg_queue_reader reader = {
    .consumer = "one", .block_ms = 20, .idle_ms = 0, .most = 10};

static enum vg_queue_where where_is(struct fixture *f, const char *id)
{
    enum vg_queue_where where = VG_QUEUE_UNKNOWN;
    assert_int_equal(vg_queue_ask(f->link, "a1", &id, 1, &where, &f->fault), VG_OK);
    return where;
}

static uint64_t length_of(struct fixture *f)
{
    uint64_t entries = 99;
    assert_int_equal(vg_queue_length(f->link, &entries, &f->fault), VG_OK);
    return entries;
}

static void test_way_of_an_alert(void **state)
{
    struct fixture *f = *state;
    const struct vg_queue_message message = message_of("01A");
    enum vg_queue_where where = VG_QUEUE_UNKNOWN;
    struct vg_queue_page page;
    assert_int_equal(where_is(f, "01A"), VG_QUEUE_UNKNOWN);
    for (int i = 0; i < 3; i++) { /* sent three times, queued once */
        assert_int_equal(vg_queue_send(f->link, &message, &where, &f->fault), VG_OK);
        assert_int_equal(where, VG_QUEUE_QUEUED);
    }
    assert_int_equal(length_of(f), 1);
    assert_int_equal(where_is(f, "01A"), VG_QUEUE_QUEUED);

    assert_int_equal(vg_queue_take(f->link, &reader, VG_QUEUE_NEW, &page, &f->fault), VG_OK);
    assert_int_equal(page.count, 1);
    assert_string_equal(page.entry[0].id, "01A");
    assert_string_equal(page.entry[0].node, "a1");
    assert_int_equal(page.entry[0].arrival.us, 1234567);
    assert_int_equal(page.entry[0].alert_size, 13);
    assert_memory_equal(page.entry[0].alert, message.alert, 13);
    assert_int_equal(page.entry[0].picture_size, 3);
    assert_memory_equal(page.entry[0].picture, "\0\1\2", 3);
    assert_int_equal(vg_queue_done(f->link, &page, &f->fault), VG_OK);
    assert_int_equal(vg_queue_done(f->link, &page, &f->fault), VG_OK); /* twice is harmless */
    vg_queue_page_free(&page);
    assert_int_equal(length_of(f), 0);
    assert_int_equal(where_is(f, "01A"), VG_QUEUE_ARCHIVED);
    assert_int_equal(vg_queue_send(f->link, &message, &where, &f->fault), VG_OK);
    assert_int_equal(where, VG_QUEUE_ARCHIVED);
    assert_int_equal(length_of(f), 0); /* archived: not queued again */

    /* the contract's vigie:archived: the node's last id */
    struct redisReply *reply = NULL;
    const struct vg_redis_arg ask[] = {vg_redis_text("HGET"), vg_redis_text("vigie:archived"),
                                       vg_redis_text("a1")};
    assert_int_equal(vg_redis_command(f->link, ask, 3, &reply, &f->fault), VG_OK);
    assert_string_equal(reply->str, "01A");
    vg_redis_reply_free(&reply);

    const char *id = "01A";
    assert_int_equal(vg_queue_forget(f->link, "a1", &id, 1, &f->fault), VG_OK);
    assert_int_equal(where_is(f, "01A"), VG_QUEUE_UNKNOWN);
}

/* An entry that stood in the queue over a restart of the machine, or came from an older program. */
static void test_arrival_of_before(void **state)
{
    struct fixture *f = *state;
    static const char *const stamps[] = {"0123456789abcdef 5", "5", ""};
    struct vg_queue_page page;
    for (size_t i = 0; i < sizeof stamps / sizeof *stamps; i++) {
        struct redisReply *reply = NULL;
        const struct vg_redis_arg add[] = {vg_redis_text("XADD"),   vg_redis_text(VG_QUEUE_STREAM),
                                           vg_redis_text("*"),      vg_redis_text("id"),
                                           vg_redis_text("01A"),    vg_redis_text("arrival"),
                                           vg_redis_text(stamps[i])};
        assert_int_equal(
            vg_redis_command(f->link, add, sizeof add / sizeof *add, &reply, &f->fault), VG_OK);
        vg_redis_reply_free(&reply);
    }
    assert_int_equal(vg_queue_take(f->link, &reader, VG_QUEUE_NEW, &page, &f->fault), VG_OK);
    assert_int_equal(page.count, sizeof stamps / sizeof *stamps);
    for (size_t i = 0; i < page.count; i++)
        assert_int_equal(page.entry[i].arrival.us, 0);
    vg_queue_page_free(&page);
}

static void test_dead_reader(void **state)
{
    struct fixture *f = *state;
    struct vg_queue_page page;
    enum vg_queue_where where;
    static const char *const ids[] = {"01A", "01B", "01C"};
    for (size_t i = 0; i < 3; i++) {
        const struct vg_queue_message message = message_of(ids[i]);
        assert_int_equal(vg_queue_send(f->link, &message, &where, &f->fault), VG_OK);
    }
    assert_int_equal(vg_queue_take(f->link, &reader, VG_QUEUE_NEW, &page, &f->fault), VG_OK);
    assert_int_equal(page.count, 3);
    vg_queue_page_free(&page); /* it dies here */
    assert_int_equal(vg_queue_take(f->link, &reader, VG_QUEUE_NEW, &page, &f->fault), VG_OK);
    assert_int_equal(page.count, 0);
    vg_queue_page_free(&page);
    struct vg_queue_reader other = reader;
    other.consumer = "two";
    other.most = 2;
    size_t taken = 0;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(vg_queue_take(f->link, &other, VG_QUEUE_LEFT, &page, &f->fault), VG_OK);
        taken += page.count;
        assert_int_equal(vg_queue_done(f->link, &page, &f->fault), VG_OK);
        vg_queue_page_free(&page);
    }
    assert_int_equal(taken, 3);
    assert_int_equal(length_of(f), 0);
    assert_int_equal(where_is(f, "01C"), VG_QUEUE_ARCHIVED);
}

/* Its memory is gone and come back empty: sent again, which the archive ignores. */
static void test_wiped(void **state)
{
    struct fixture *f = *state;
    const struct vg_queue_message message = message_of("01A");
    enum vg_queue_where where;
    struct redisReply *reply = NULL;
    assert_int_equal(vg_queue_send(f->link, &message, &where, &f->fault), VG_OK);
    const struct vg_redis_arg del[] = {vg_redis_text("DEL"), vg_redis_text(VG_QUEUE_STREAM)};
    assert_int_equal(vg_redis_command(f->link, del, 2, &reply, &f->fault), VG_OK);
    vg_redis_reply_free(&reply);
    assert_int_equal(where_is(f, "01A"), VG_QUEUE_UNKNOWN);
    assert_int_equal(vg_queue_send(f->link, &message, &where, &f->fault), VG_OK);
    assert_int_equal(length_of(f), 1);
}

static void test_memory_full(void **state)
{
    struct fixture *f = *state;
    static uint8_t picture[300000];
    enum vg_status status = VG_OK;
    enum vg_queue_where where;
    char id[16];
    int sent = 0;
    for (int i = 0; i < 40 && status == VG_OK; i++) {
        (void)snprintf(id, sizeof id, "01%02d", i % 100);
        struct vg_queue_message message = message_of(id);
        message.picture = picture;
        message.picture_size = sizeof picture;
        status = vg_queue_send(f->link, &message, &where, &f->fault);
        sent += status == VG_OK;
    }
    assert_int_equal(status, VG_E_FULL);
    assert_true(sent >= 1);
    assert_int_equal(length_of(f), (uint64_t)sent); /* nothing half-way, nothing dropped */
    assert_int_equal(where_is(f, id), VG_QUEUE_UNKNOWN);
}

static void test_away_and_back(void **state)
{
    struct fixture *f = *state;
    const struct vg_queue_message message = message_of("01A");
    enum vg_queue_where where = VG_QUEUE_UNKNOWN;
    assert_int_equal(vg_queue_send(f->link, &message, &where, &f->fault), VG_OK);
    private_redis_stop(&f->redis);
    assert_int_equal(vg_redis_ping(f->link, &f->fault), VG_E_CLOSED);
    assert_int_equal(vg_redis_ping(f->link, &f->fault), VG_E_CLOSED);
    private_redis_start(&f->redis, "0");
    assert_true(private_redis_wait(&f->redis));
    assert_int_equal(vg_queue_send(f->link, &message, &where, &f->fault), VG_OK);
    assert_int_equal(length_of(f), 1); /* it survived, and was not doubled */
}

static void test_frozen(void **state)
{
    struct fixture *f = *state;
    struct vg_redis_settings settings = vg_redis_defaults(f->redis.socket);
    struct vg_redis_link *link = NULL;
    settings.answer_ms = 200;
    assert_int_equal(vg_redis_open(&link, &settings, &f->fault), VG_OK);
    assert_int_equal(vg_redis_ping(link, &f->fault), VG_OK);
    assert_int_equal(kill(f->redis.pid, SIGSTOP), 0);
    const int64_t before = vg_mono_now().us;
    assert_int_equal(vg_redis_ping(link, &f->fault), VG_E_CLOSED);
    assert_true(vg_mono_now().us - before < 2 * VG_US_PER_S);
    assert_int_equal(kill(f->redis.pid, SIGCONT), 0);
    assert_true(private_redis_wait(&f->redis));
    assert_int_equal(vg_redis_ping(link, &f->fault), VG_OK);
    vg_redis_close(&link);
}

static void test_refused(void **state)
{
    struct fixture *f = *state;
    struct redisReply *reply = NULL;
    struct vg_redis_link *link = NULL;
    char path[160];
    const struct vg_redis_arg odd[] = {vg_redis_text("NOTACOMMAND")};
    assert_int_equal(vg_redis_command(f->link, odd, 1, &reply, &f->fault), VG_E_INPUT);
    assert_non_null(strstr(f->fault.place, "NOTACOMMAND"));
    assert_int_equal(vg_redis_ping(f->link, &f->fault), VG_OK); /* the link is whole */
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    const struct vg_redis_settings settings = vg_redis_defaults(path);
    assert_int_equal(vg_redis_open(&link, &settings, &f->fault), VG_E_INPUT);
    assert_null(link);
}

/* Queue to archive: alerts, one that is none, one sent twice under two ids. */
static void test_archiver(void **state)
{
    struct fixture *f = *state;
    void *own = NULL;
    struct vg_archiver *archiver = NULL;
    struct vg_archiver_counts counts;
    enum vg_queue_where where;
    static const struct {
        const char *id, *key;
    } rows[] = {{"01A", "k1"}, {"01B", "k2"}, {"01C", "k1"}};
    assert_int_equal(store_set_up(&own), 0);
    struct store_fixture *store = own;
    for (size_t i = 0; i < 3; i++) {
        char text[400];
        (void)snprintf(text, sizeof text,
                       "{\"id\":\"%s\",\"key\":\"%s\",\"flux\":\"f\",\"event\":\"crossing\","
                       "\"rule\":\"r\",\"severity\":\"low\",\"time\":\"2026-11-21T10:15:30Z\"}",
                       rows[i].id, rows[i].key);
        struct vg_queue_message message = message_of(rows[i].id);
        message.alert = text;
        message.alert_size = strlen(text);
        assert_int_equal(vg_queue_send(f->link, &message, &where, &f->fault), VG_OK);
    }
    const struct vg_queue_message poison = message_of("01D");
    assert_int_equal(vg_queue_send(f->link, &poison, &where, &f->fault), VG_OK);

    struct vg_archiver_settings settings = vg_archiver_defaults(f->redis.socket, "api");
    settings.block_ms = 20;
    assert_int_equal(vg_archiver_open(&archiver, store->database, &settings, &f->fault), VG_OK);
    uint32_t moved = 0, sum = 0;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(vg_archiver_step(archiver, &moved, &f->fault), VG_OK);
        sum += moved;
    }
    assert_int_equal(sum, 2);
    vg_archiver_read_counts(archiver, &counts);
    assert_int_equal(counts.archived, 2);
    assert_int_equal(counts.before, 1);
    assert_int_equal(counts.refused, 1);
    assert_int_equal(length_of(f), 0);
    assert_int_equal(where_is(f, "01C"), VG_QUEUE_ARCHIVED); /* the spool may forget the double */
    assert_int_equal(where_is(f, "01D"), VG_QUEUE_ARCHIVED); /* and the poison, kept aside */

    private_redis_stop(&f->redis);
    assert_int_equal(vg_archiver_step(archiver, &moved, &f->fault), VG_E_CLOSED);
    private_redis_start(&f->redis, "0");
    const int64_t deadline = vg_mono_now().us + PRIVATE_REDIS_DEADLINE_US;
    while (vg_archiver_step(archiver, &moved, &f->fault) != VG_OK)
        assert_true(vg_mono_now().us < deadline);
    vg_archiver_close(&archiver);
    assert_int_equal(store_tear_down(&own), 0);
}

int main(void)
{
    if (!private_redis_there())
        return 77;
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_way_of_an_alert, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_arrival_of_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_dead_reader, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wiped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_memory_full, set_up_small, tear_down),
        cmocka_unit_test_setup_teardown(test_away_and_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_frozen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_archiver, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
