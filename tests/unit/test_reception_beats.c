/* The threads beside the api's loop are looked at: one that holds up its work is told of in health, and
 * in the end the process gives no sign of life. labels: threads */
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/reception.h"
#include "src/base/clock.h"
#include "tests/store_fixture.h"

static struct vg_mono_time after(struct vg_mono_time now, int64_t seconds)
{
    return (struct vg_mono_time){now.us + seconds * VG_US_PER_S};
}

/* Whether health says that the archive's own thread is late; it is down then. (A missing Redis alone
 * would make it so, too, in other words.) */
static bool archive_is_late(struct vg_reception *reception)
{
    struct vg_exchange exchange = {.request = {.language = VG_LANGUAGE_EN}};
    exchange.request.identity.signed_in = true;
    vg_finish_health(reception, &exchange);
    assert_non_null(exchange.reply.body);
    json_t *health = json_loadb(exchange.reply.body, exchange.reply.size, 0, NULL), *part = NULL;
    size_t i = 0, found = 0;
    bool late = false;
    json_array_foreach(json_object_get(health, "parts"), i, part)
    {
        const char *reason = json_string_value(json_object_get(part, "reason"));
        if (strcmp(json_string_value(json_object_get(part, "part")), "archive") != 0)
            continue;
        found++;
        late = reason && strstr(reason, "does not come back");
        assert_true(!late || !json_is_true(json_object_get(part, "up")));
    }
    assert_int_equal(found, 1);
    assert_true(!late || exchange.reply.code == 503);
    json_decref(health);
    vg_reply_release(&exchange.reply);
    return late;
}

/* The archiver is busy with a step all the time, each of seconds: what it would be after minutes is
 * asked with a clock that is ahead. At first the clips' thread may be the one, which is no word about
 * the archive. */
static void a_thread_that_stays_is_told_and_then_ends_the_process(void **state)
{
    const struct store_fixture *store = *state;
    struct vg_fault fault = {0};
    struct vg_reception *reception = NULL;
    struct event_base *base = event_base_new();
    const struct vg_reception_settings settings = {
        .data = store->folder, .redis_socket = "/nowhere/redis.sock", .consumer = "test"};
    assert_non_null(base);
    assert_int_equal(vg_reception_open(&reception, base, &settings, &fault), VG_OK);
    const struct vg_mono_time begin = vg_mono_now();
    bool told = false, ends = false, archive = false;
    while (!(told && ends && archive) && vg_mono_now().us - begin.us < 10 * VG_US_PER_S) {
        /* minutes: told of, and it lives; before the threads have begun not even that */
        assert_true(vg_reception_in_time(reception, after(vg_mono_now(), 120)));
        const char *note = vg_reception_note(reception);
        told = note && strstr(note, "does not come back") != NULL;
        archive = archive_is_late(reception);
        assert_true(told || !archive);
        ends = !vg_reception_in_time(reception, after(vg_mono_now(), 1200));
    }
    assert_true(told && archive);
    assert_true(ends);
    /* and with the true time all is well, now and after a few steps */
    assert_true(vg_reception_in_time(reception, vg_mono_now()));
    vg_pause_us(2 * VG_US_PER_S);
    assert_true(vg_reception_in_time(reception, after(vg_mono_now(), 50)));
    const char *note = vg_reception_note(reception);
    assert_true(!note || !strstr(note, "does not come back"));
    assert_false(archive_is_late(reception));
    vg_reception_close(&reception);
    event_base_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_thread_that_stays_is_told_and_then_ends_the_process,
                                        store_set_up, store_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
