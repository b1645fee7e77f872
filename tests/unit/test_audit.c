/* The audit's chain: each way of tampering is found, and SQL refuses the simple ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "src/store/audit.h"
#include "tests/store_fixture.h"

static const struct vg_wall_time noon = {INT64_C(1785000000000000)};

static void add_rows(struct store_fixture *f, int count)
{
    for (int i = 0; i < count; i++) {
        char object[32];
        (void)snprintf(object, sizeof object, "cam-%d", i);
        const struct vg_audit_entry entry = {.who = "marie",
                                             .from = "10.0.0.2",
                                             .what = "flux.create",
                                             .object = object,
                                             .result = "ok"};
        assert_int_equal(
            vg_audit_append(f->database, &entry, (struct vg_wall_time){noon.us + i}, &f->fault),
            VG_OK);
    }
}

/* Runs SQL beside the program, as someone with the file would; returns SQLite's code. */
static int tamper(struct store_fixture *f, const char *sql)
{
    sqlite3 *raw = NULL;
    char path[192];
    (void)snprintf(path, sizeof path, "%s/%s", f->folder, VG_DATABASE_FILE);
    assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
    const int code = sqlite3_exec(raw, sql, NULL, NULL, NULL);
    assert_int_equal(sqlite3_close(raw), SQLITE_OK);
    return code;
}

static void test_chain_holds(void **state)
{
    struct store_fixture *f = *state;
    struct vg_audit_report report;
    struct vg_audit_row rows[4];
    size_t count = 0;
    assert_int_equal(vg_audit_verify(f->database, &report, &f->fault), VG_OK);
    assert_int_equal(report.rows, 0);
    add_rows(f, 10);
    assert_int_equal(vg_audit_verify(f->database, &report, &f->fault), VG_OK);
    assert_int_equal(report.rows, 10);
    assert_int_equal(report.broken, 0);
    assert_int_equal(vg_audit_list(f->database, 0, 4, rows, &count, &f->fault), VG_OK);
    assert_int_equal(count, 4);
    assert_int_equal(rows[0].seq, 10);
    assert_string_equal(rows[0].object, "cam-9");
    assert_string_equal(rows[0].hash, report.head);
    assert_int_equal(vg_audit_list(f->database, 2, 4, rows, &count, &f->fault), VG_OK);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].time.us, noon.us);
}

static void test_sql_refuses(void **state)
{
    struct store_fixture *f = *state;
    struct vg_audit_report report;
    add_rows(f, 3);
    static const char *const tries[] = {
        "UPDATE audit SET who = 'paul' WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 3",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT 2, 0, 'x', '', '', '', '', hash FROM audit",
        "INSERT INTO audit VALUES(2, 0, '', '', '', '', '', '')",
    };
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
        assert_int_not_equal(tamper(f, tries[i]), SQLITE_OK);
    assert_int_equal(vg_audit_verify(f->database, &report, &f->fault), VG_OK);
    assert_int_equal(report.rows, 3);
}

#define UNLOCK \
    "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; DROP TRIGGER audit_no_replace;"

static void test_tampering_is_found(void **state)
{
    static const struct {
        const char *sql;
        uint64_t broken;
    } rows[] = {
        {UNLOCK "UPDATE audit SET who = 'paul' WHERE seq = 3", 3},
        {UNLOCK "UPDATE audit SET time_us = time_us + 1 WHERE seq = 1", 1},
        {UNLOCK "UPDATE audit SET origin = 'x', what = 'flux.create' WHERE seq = 5", 5},
        /* a border between two fields moved */
        {UNLOCK "UPDATE audit SET what = 'flux.createcam', object = '-3' WHERE seq = 4", 4},
        {UNLOCK "UPDATE audit SET result = 'denied' WHERE seq = 8", 8},
        {UNLOCK "UPDATE audit SET hash = (SELECT hash FROM audit WHERE seq = 1) WHERE seq = 2", 2},
        {UNLOCK "DELETE FROM audit WHERE seq = 4", 4},
        {UNLOCK "DELETE FROM audit WHERE seq = 1", 1},
        {UNLOCK "DELETE FROM audit WHERE seq > 6", 7}, /* the tail */
        {UNLOCK "DELETE FROM audit", 1},
        {"UPDATE audit_head SET hash = '00'", 9},
        {"INSERT INTO audit SELECT 9, time_us, who, origin, what, object, result, hash FROM audit "
         "WHERE seq = 8",
         9},
        {UNLOCK "UPDATE audit SET seq = seq + 100 WHERE seq = 8", 8},
        {UNLOCK "UPDATE audit SET who = CAST(x'6d617269650070' AS TEXT) WHERE seq = 2", 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        void *own = NULL;
        struct vg_audit_report report;
        assert_int_equal(store_set_up(&own), 0);
        struct store_fixture *f = own;
        add_rows(f, 8);
        assert_int_equal(tamper(f, rows[i].sql), SQLITE_OK);
        assert_int_equal(vg_audit_verify(f->database, &report, &f->fault), VG_E_INTEGRITY);
        assert_int_equal(report.broken, rows[i].broken);
        assert_int_equal(report.rows, rows[i].broken - 1);
        assert_int_equal(store_tear_down(&own), 0);
    }
}

/* The hash can be computed by anyone from the page that describes it. */
static void test_first_hash(void **state)
{
    struct store_fixture *f = *state;
    const struct vg_audit_entry entry = {.who = "m", .what = "w"};
    struct vg_audit_row row;
    size_t count = 0;
    char text[256], hash[VG_SHA256_TEXT];
    uint8_t digest[VG_SHA256_BYTES];
    assert_int_equal(vg_audit_append(f->database, &entry, noon, &f->fault), VG_OK);
    assert_int_equal(vg_audit_list(f->database, 0, 1, &row, &count, &f->fault), VG_OK);
    (void)snprintf(text, sizeof text, "1\n1785000000000000\n1:m\n0:\n1:w\n0:\n0:\n%064d\n", 0);
    vg_sha256(text, strlen(text), digest);
    vg_sha256_text(digest, hash);
    assert_string_equal(row.hash, hash);
}

/* A text too long is cut at a character, and the chain holds. */
static void test_long_text(void **state)
{
    struct store_fixture *f = *state;
    char text[600];
    struct vg_audit_row row;
    struct vg_audit_report report;
    size_t count = 0;
    for (size_t i = 0; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "é", 3);
    const struct vg_audit_entry entry = {.who = text, .what = "w", .object = text};
    assert_int_equal(vg_audit_append(f->database, &entry, noon, &f->fault), VG_OK);
    assert_int_equal(vg_audit_list(f->database, 0, 1, &row, &count, &f->fault), VG_OK);
    assert_int_equal(strlen(row.who), 254);
    assert_int_equal(vg_audit_verify(f->database, &report, &f->fault), VG_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_chain_holds, store_set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_sql_refuses, store_set_up, store_tear_down),
        cmocka_unit_test(test_tampering_is_found),
        cmocka_unit_test_setup_teardown(test_first_hash, store_set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_long_text, store_set_up, store_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
