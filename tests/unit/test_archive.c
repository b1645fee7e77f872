/* The archive: once per id and key, pictures before rows, filters and pages, verdicts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/store/archive.h"
#include "tests/store_fixture.h"

struct alert {
    const char *id, *key, *flux, *event, *severity, *time;
};

static void write_alert(const struct alert *alert, char *text, size_t size)
{
    (void)snprintf(text, size,
                   "{\"id\":\"%s\",\"key\":\"%s\",\"flux\":\"%s\",\"event\":\"%s\",\"rule\":\"r1\","
                   "\"severity\":\"%s\",\"time\":\"%s\",\"media_s\":12.48,\"state\":\"new\","
                   "\"verdict\":null,\"node\":\"a1\"}",
                   alert->id, alert->key, alert->flux, alert->event, alert->severity, alert->time);
}

static enum vg_archive_fate put(struct store_fixture *f, const struct alert *alert,
                                const char *picture)
{
    char text[512];
    enum vg_archive_fate fate = VG_ARCHIVE_REFUSED;
    write_alert(alert, text, sizeof text);
    const struct vg_archive_item item = {.alert = text,
                                         .alert_size = strlen(text),
                                         .picture = (const uint8_t *)picture,
                                         .picture_size = picture ? strlen(picture) : 0};
    assert_int_equal(vg_archive_put(f->database, &item, 1, &fate, &f->fault), VG_OK);
    return fate;
}

static const struct alert first = {"01A",      "k1",   "cam-1",
                                   "crossing", "high", "2026-11-30T23:30:00.000-02:00"};

static void test_once(void **state)
{
    struct store_fixture *f = *state;
    struct alert other_id = first, other_key = first;
    char path[256];
    other_id.id = "01B";
    other_key.key = "k2";
    assert_int_equal(put(f, &first, "jpeg-1"), VG_ARCHIVED_NOW);
    assert_int_equal(put(f, &first, "jpeg-1"), VG_ARCHIVED_BEFORE);
    assert_int_equal(put(f, &other_id, "jpeg-2"), VG_ARCHIVED_BEFORE);
    assert_int_equal(put(f, &other_key, "jpeg-3"), VG_ARCHIVED_BEFORE);

    /* the picture is the first one's, in the month of UTC, and no other was left */
    uint8_t *jpeg = NULL;
    size_t size = 0;
    assert_int_equal(vg_archive_picture(f->database, "01A", &jpeg, &size, &f->fault), VG_OK);
    assert_int_equal(size, 6);
    assert_memory_equal(jpeg, "jpeg-1", 6);
    vg_free(jpeg);
    (void)snprintf(path, sizeof path, "%s/pictures/2026-12/01A.jpg", f->folder);
    assert_true(vg_file_exists(path));
    (void)snprintf(path, sizeof path, "%s/pictures/2026-12/01B.jpg", f->folder);
    assert_false(vg_file_exists(path));
    assert_int_equal(vg_archive_picture(f->database, "01B", &jpeg, &size, &f->fault), VG_E_MISSING);
}

static void test_double_within_a_page(void **state)
{
    struct store_fixture *f = *state;
    char a[512], b[512], path[256];
    struct alert twin = first;
    enum vg_archive_fate fates[3];
    twin.id = "01B";
    write_alert(&first, a, sizeof a);
    write_alert(&twin, b, sizeof b);
    const struct vg_archive_item items[] = {
        {a, strlen(a), (const uint8_t *)"one", 3},
        {b, strlen(b), (const uint8_t *)"two", 3},
        {a, strlen(a), (const uint8_t *)"one", 3},
    };
    assert_int_equal(vg_archive_put(f->database, items, 3, fates, &f->fault), VG_OK);
    assert_int_equal(fates[0], VG_ARCHIVED_NOW);
    assert_int_equal(fates[1], VG_ARCHIVED_BEFORE);
    assert_int_equal(fates[2], VG_ARCHIVED_BEFORE);
    (void)snprintf(path, sizeof path, "%s/pictures/2026-12/01B.jpg", f->folder);
    assert_false(vg_file_exists(path)); /* the orphan is gone */
    (void)snprintf(path, sizeof path, "%s/pictures/2026-12/01A.jpg", f->folder);
    assert_true(vg_file_exists(path));
}

static void test_refused(void **state)
{
    struct store_fixture *f = *state;
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{\"id\":\"x\"}",
        "{\"id\":\"../../etc/passwd\",\"key\":\"k\",\"flux\":\"f\",\"event\":\"e\",\"rule\":\"r\","
        "\"severity\":\"low\",\"time\":\"2026-01-01T00:00:00Z\"}",
        "{\"id\":\"a\",\"key\":\"k\",\"flux\":\"f\",\"event\":\"e\",\"rule\":\"r\","
        "\"severity\":\"low\",\"time\":null}",
        "{\"id\":\"a\",\"key\":7,\"flux\":\"f\",\"event\":\"e\",\"rule\":\"r\","
        "\"severity\":\"low\",\"time\":\"2026-01-01T00:00:00Z\"}",
        "\xff\xfe",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        enum vg_archive_fate fate = VG_ARCHIVED_NOW;
        const struct vg_archive_item item = {.alert = texts[i],
                                             .alert_size = strlen(texts[i]),
                                             .picture = (const uint8_t *)"p",
                                             .picture_size = 1};
        assert_int_equal(vg_archive_put(f->database, &item, 1, &fate, &f->fault), VG_OK);
        assert_int_equal(fate, VG_ARCHIVE_REFUSED);
    }
    /* what is refused does not keep its neighbours out */
    char good[512];
    enum vg_archive_fate fates[2];
    write_alert(&first, good, sizeof good);
    const struct vg_archive_item items[] = {{"?", 1, NULL, 0}, {good, strlen(good), NULL, 0}};
    assert_int_equal(vg_archive_put(f->database, items, 2, fates, &f->fault), VG_OK);
    assert_int_equal(fates[0], VG_ARCHIVE_REFUSED);
    assert_int_equal(fates[1], VG_ARCHIVED_NOW);
}

/* 30 alerts, three to each second: pages must cut inside a second without loss. */
static void fill(struct store_fixture *f)
{
    for (int i = 0; i < 30; i++) {
        char id[16], key[16], time[48];
        (void)snprintf(id, sizeof id, "01%02d", i);
        (void)snprintf(key, sizeof key, "k%02d", i);
        (void)snprintf(time, sizeof time, "2026-11-21T10:00:%02d.000Z", i / 3);
        const struct alert alert = {id,
                                    key,
                                    i % 2 ? "cam-1" : "cam-2",
                                    i % 3 ? "crossing" : "density",
                                    i % 5 ? "low" : "high",
                                    time};
        assert_int_equal(put(f, &alert, NULL), VG_ARCHIVED_NOW);
    }
}

static void test_pages(void **state)
{
    struct store_fixture *f = *state;
    fill(f);
    for (uint32_t limit = 1; limit <= 31; limit += 5) {
        char next[VG_ARCHIVE_CURSOR_SIZE] = "";
        int expected = 29;
        do {
            char after[VG_ARCHIVE_CURSOR_SIZE];
            (void)snprintf(after, sizeof after, "%s", next);
            const struct vg_archive_filter filter = {.limit = limit,
                                                     .after = after[0] ? after : NULL};
            struct vg_archive_row *rows = NULL;
            size_t count = 0;
            assert_int_equal(vg_archive_list(f->database, &filter, &rows, &count, next, &f->fault),
                             VG_OK);
            for (size_t i = 0; i < count; i++) {
                char id[16];
                (void)snprintf(id, sizeof id, "01%02d", expected--);
                assert_string_equal(rows[i].id, id);
            }
            vg_archive_rows_free(&rows, count);
        } while (next[0]);
        assert_int_equal(expected, -1);
    }
}

static size_t count_of(struct store_fixture *f, const struct vg_archive_filter *filter)
{
    struct vg_archive_row *rows = NULL;
    size_t count = 0;
    char next[VG_ARCHIVE_CURSOR_SIZE];
    assert_int_equal(vg_archive_list(f->database, filter, &rows, &count, next, &f->fault), VG_OK);
    vg_archive_rows_free(&rows, count);
    return count;
}

static void test_filters(void **state)
{
    struct store_fixture *f = *state;
    struct vg_wall_time from, to;
    fill(f);
    assert_int_equal(vg_wall_parse("2026-11-21T10:00:02Z", &from), 0);
    assert_int_equal(vg_wall_parse("2026-11-21T10:00:04Z", &to), 0);
    const struct {
        struct vg_archive_filter filter;
        size_t count;
    } rows[] = {
        {{.limit = 200}, 30},
        {{.flux = "cam-1"}, 15},
        {{.flux = "cam-9"}, 0},
        {{.flux = "cam-1' OR 1=1 --"}, 0},
        {{.event = "density"}, 10},
        {{.event = "density", .flux = "cam-1"}, 5},
        {{.severity = "high"}, 6},
        {{.rule = "r1", .state = "new"}, 30},
        {{.state = "confirmed"}, 0},
        {{.from = from}, 24},
        {{.to = to}, 12},
        {{.from = from, .to = to}, 6},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(count_of(f, &rows[i].filter), rows[i].count);

    const struct {
        struct vg_archive_filter filter;
        const char *place;
    } wrong[] = {
        {{.state = "old"}, "state"},    {{.severity = "huge"}, "severity"},
        {{.after = "x"}, "after"},      {{.after = "12"}, "after"},
        {{.after = "12.a'b"}, "after"}, {{.after = "12."}, "after"},
        {{.limit = 201}, "limit"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct vg_archive_row *list = NULL;
        size_t count = 0;
        char next[VG_ARCHIVE_CURSOR_SIZE];
        assert_int_equal(
            vg_archive_list(f->database, &wrong[i].filter, &list, &count, next, &f->fault),
            VG_E_CALL);
        assert_string_equal(f->fault.place, wrong[i].place);
    }
}

static void test_verdict(void **state)
{
    struct store_fixture *f = *state;
    struct vg_archive_row *row = NULL;
    struct vg_audit_row audit;
    size_t count = 0;
    assert_int_equal(put(f, &first, NULL), VG_ARCHIVED_NOW);
    assert_int_equal(vg_archive_get(f->database, "01A", &row, &f->fault), VG_OK);
    assert_false(row->judged);
    json_t *json = json_loads(row->json, 0, NULL);
    assert_true(json_is_null(json_object_get(json, "verdict")));
    json_decref(json);
    const uint64_t change = row->change;
    vg_archive_rows_free(&row, 1);

    struct vg_verdict verdict = {
        .state = "seen", .by = "marie", .from = "10.0.0.2", .at = {INT64_C(1785000000000000)}};
    assert_int_equal(vg_archive_verdict(f->database, "01A", &verdict, &f->fault), VG_OK);
    verdict.state = "confirmed";
    verdict.comment = "deux personnes";
    assert_int_equal(vg_archive_verdict(f->database, "01A", &verdict, &f->fault), VG_OK);
    assert_int_equal(vg_archive_get(f->database, "01A", &row, &f->fault), VG_OK);
    assert_true(row->judged);
    assert_string_equal(row->state, "confirmed");
    assert_true(row->change > change);
    json = json_loads(row->json, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "confirmed");
    const json_t *object = json_object_get(json, "verdict");
    assert_string_equal(json_string_value(json_object_get(object, "by")), "marie");
    assert_string_equal(json_string_value(json_object_get(object, "comment")), "deux personnes");
    assert_string_equal(json_string_value(json_object_get(json, "node")), "a1");
    json_decref(json);
    vg_archive_rows_free(&row, 1);

    assert_int_equal(vg_audit_list(f->database, 0, 1, &audit, &count, &f->fault), VG_OK);
    assert_int_equal(audit.seq, 2);
    assert_string_equal(audit.what, "alert.verdict");
    assert_string_equal(audit.object, "01A");
    assert_string_equal(audit.result, "confirmed");

    verdict.state = "seen"; /* a verdict is not taken back by looking again */
    assert_int_equal(vg_archive_verdict(f->database, "01A", &verdict, &f->fault), VG_E_STATE);
    verdict.state = "new";
    assert_int_equal(vg_archive_verdict(f->database, "01A", &verdict, &f->fault), VG_E_INPUT);
    verdict.state = "refuted";
    verdict.comment = "a\x01z";
    assert_int_equal(vg_archive_verdict(f->database, "01A", &verdict, &f->fault), VG_E_INPUT);
    verdict.comment = NULL;
    assert_int_equal(vg_archive_verdict(f->database, "nope", &verdict, &f->fault), VG_E_MISSING);
    assert_int_equal(vg_archive_verdict(f->database, "01A", &verdict, &f->fault), VG_OK);
    assert_int_equal(vg_audit_list(f->database, 0, 1, &audit, &count, &f->fault), VG_OK);
    assert_int_equal(audit.seq, 3); /* refusals changed nothing */
}

static void test_changes(void **state)
{
    struct store_fixture *f = *state;
    struct vg_archive_row *rows = NULL;
    size_t count = 0;
    uint64_t head = 1;
    assert_int_equal(vg_archive_head(f->database, &head, &f->fault), VG_OK);
    assert_int_equal(head, 0);
    fill(f);
    assert_int_equal(vg_archive_head(f->database, &head, &f->fault), VG_OK);
    const struct vg_verdict verdict = {.state = "seen", .by = "m", .at = {1}};
    assert_int_equal(vg_archive_verdict(f->database, "0103", &verdict, &f->fault), VG_OK);
    assert_int_equal(vg_archive_changes(f->database, head, 10, &rows, &count, &f->fault), VG_OK);
    assert_int_equal(count, 1);
    assert_string_equal(rows[0].id, "0103");
    assert_true(rows[0].judged);
    vg_archive_rows_free(&rows, count);
    assert_int_equal(vg_archive_changes(f->database, 0, 200, &rows, &count, &f->fault), VG_OK);
    assert_int_equal(count, 30);
    for (size_t i = 1; i < count; i++)
        assert_true(rows[i].change > rows[i - 1].change);
    vg_archive_rows_free(&rows, count);

    struct vg_archive_count counts[8];
    uint64_t sum = 0;
    assert_int_equal(vg_archive_counts(f->database, counts, 8, &count, &f->fault), VG_OK);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++)
        sum += counts[i].alerts;
    assert_int_equal(sum, 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_once, store_set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_double_within_a_page, store_set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_refused, store_set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_pages, store_set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_filters, store_set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_verdict, store_set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_changes, store_set_up, store_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
