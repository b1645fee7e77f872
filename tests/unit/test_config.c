/* Configuration: versions, ETags, sealed passwords, transactions that nest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "src/base/alloc.h"
#include "src/store/audit.h"
#include "src/store/config.h"
#include "tests/shared_data.h"
#include "tests/site_fixture.h"
#include "tests/store_fixture.h"

static uint64_t version_of(struct store_fixture *f)
{
    uint64_t version = 0;
    assert_int_equal(vg_config_version(f->database, &version, &f->fault), VG_OK);
    return version;
}

static struct vg_flux_config make_flux(const char *id)
{
    struct vg_flux_config flux;
    vg_flux_defaults(&flux, id);
    (void)snprintf(flux.url, sizeof flux.url, "rtsp://10.0.0.1/%s", id);
    flux.clear_accepted = true;
    return flux;
}

/* A database whose site declares the hosts of these tests. */
static int set_up(void **state)
{
    static const char *const hosts[] = {"10.0.0.1", "a", "host"};
    if (store_set_up(state) != 0)
        return -1;
    struct store_fixture *f = *state;
    return site_declare(f->database, hosts, 3) ? 0 : -1;
}

static void test_put_get_delete(void **state)
{
    struct store_fixture *f = *state;
    struct vg_flux_config flux = make_flux("cam-1"), got;
    const uint64_t before = version_of(f);
    (void)snprintf(flux.label, sizeof flux.label, "Parvis");
    flux.rate_fps = 2.5;
    flux.transport = VG_TRANSPORT_UDP;
    assert_int_equal(vg_config_flux_put(f->database, NULL, &flux, NULL, VG_VERSION_NEW, &f->fault),
                     VG_OK);
    assert_true(version_of(f) > before);
    assert_int_equal(vg_config_flux_get(f->database, "cam-1", &got, &f->fault), VG_OK);
    assert_string_equal(got.label, "Parvis");
    assert_string_equal(got.url, "rtsp://10.0.0.1/cam-1");
    assert_int_equal(got.transport, VG_TRANSPORT_UDP);
    assert_true(got.rate_fps > 2.49 && got.rate_fps < 2.51);
    assert_true(got.active);
    assert_false(got.has_password);
    assert_int_equal(got.version, flux.version);

    assert_int_equal(vg_config_flux_put(f->database, NULL, &flux, NULL, VG_VERSION_NEW, &f->fault),
                     VG_E_EXISTS);
    const uint64_t old = flux.version;
    assert_int_equal(vg_config_flux_put(f->database, NULL, &flux, NULL, old, &f->fault), VG_OK);
    assert_true(flux.version > old);
    assert_int_equal(vg_config_flux_put(f->database, NULL, &flux, NULL, old, &f->fault),
                     VG_E_STATE);
    assert_int_equal(vg_config_flux_delete(f->database, "cam-1", old, &f->fault), VG_E_STATE);

    const uint64_t now = version_of(f);
    assert_int_equal(vg_config_flux_activate(f->database, "cam-1", true, &f->fault), VG_OK);
    assert_int_equal(version_of(f), now); /* it was active: nothing changed */
    assert_int_equal(vg_config_flux_activate(f->database, "cam-1", false, &f->fault), VG_OK);
    assert_int_equal(version_of(f), now + 1);

    assert_int_equal(vg_config_flux_delete(f->database, "cam-1", VG_VERSION_ANY, &f->fault), VG_OK);
    assert_int_equal(vg_config_flux_get(f->database, "cam-1", &got, &f->fault), VG_E_MISSING);
    assert_int_equal(vg_config_flux_put(f->database, NULL, &flux, NULL, old, &f->fault),
                     VG_E_MISSING); /* based on one that is gone */
    assert_int_equal(vg_config_flux_put(f->database, NULL, &flux, NULL, VG_VERSION_NEW, &f->fault),
                     VG_OK);
    assert_true(flux.version > now); /* an ETag never comes back */
}

static struct vg_flux_config read_flux(struct store_fixture *f, const char *id)
{
    struct vg_flux_config flux;
    assert_int_equal(vg_config_flux_get(f->database, id, &flux, &f->fault), VG_OK);
    return flux;
}

/* Another view with another address and with nothing else; a confirmation is a change, too. */
static void test_view(void **state)
{
    struct store_fixture *f = *state;
    struct vg_flux_config flux = make_flux("cam-1");
    uint64_t confirmed, again;
    assert_int_equal(vg_config_flux_put(f->database, NULL, &flux, NULL, VG_VERSION_NEW, &f->fault),
                     VG_OK);
    const uint64_t source = read_flux(f, "cam-1").view_source;
    assert_int_equal(source, flux.version);
    assert_int_equal(read_flux(f, "cam-1").view_confirmed, 0);
    flux.rate_fps = 3;
    assert_int_equal(vg_config_flux_put(f->database, NULL, &flux, NULL, VG_VERSION_ANY, &f->fault),
                     VG_OK);
    assert_int_equal(vg_config_flux_activate(f->database, "cam-1", false, &f->fault), VG_OK);
    assert_int_equal(read_flux(f, "cam-1").view_source, source);

    const uint64_t before = version_of(f), etag = read_flux(f, "cam-1").version;
    assert_int_equal(read_flux(f, "cam-1").declared_milli, 0);
    assert_int_equal(vg_config_flux_declare(f->database, "cam-1", 1500, &f->fault), VG_OK);
    assert_int_equal(vg_config_flux_declare(f->database, "cam-2", 1, &f->fault), VG_E_MISSING);
    assert_int_equal(version_of(f), before); /* a part of another change */
    assert_int_equal(vg_config_view_confirm(f->database, "cam-1", &confirmed, &f->fault), VG_OK);
    assert_int_equal(read_flux(f, "cam-1").declared_milli, 1500);
    assert_true(confirmed > before);
    assert_int_equal(version_of(f), confirmed); /* so it is handed out */
    assert_int_equal(read_flux(f, "cam-1").view_confirmed, confirmed);
    assert_int_equal(read_flux(f, "cam-1").version, etag);
    assert_int_equal(vg_config_view_confirm(f->database, "cam-1", &again, &f->fault), VG_OK);
    assert_true(again > confirmed);
    assert_int_equal(vg_config_view_confirm(f->database, "cam-2", &again, &f->fault), VG_E_MISSING);

    (void)snprintf(flux.url, sizeof flux.url, "rtsp://10.0.0.1/other");
    assert_int_equal(vg_config_flux_put(f->database, NULL, &flux, NULL, VG_VERSION_ANY, &f->fault),
                     VG_OK);
    assert_int_equal(read_flux(f, "cam-1").view_source, flux.version);
    assert_true(flux.version > source);
}

static void test_list_is_sorted(void **state)
{
    struct store_fixture *f = *state;
    struct vg_flux_config *list = NULL;
    size_t count = 1;
    assert_int_equal(vg_config_flux_list(f->database, &list, &count, &f->fault), VG_OK);
    assert_int_equal(count, 0);
    assert_null(list);
    static const char *const ids[] = {"b", "c", "a"};
    for (size_t i = 0; i < 3; i++) {
        struct vg_flux_config flux = make_flux(ids[i]);
        assert_int_equal(
            vg_config_flux_put(f->database, NULL, &flux, NULL, VG_VERSION_NEW, &f->fault), VG_OK);
    }
    assert_int_equal(vg_config_flux_list(f->database, &list, &count, &f->fault), VG_OK);
    assert_int_equal(count, 3);
    assert_string_equal(list[0].id, "a");
    assert_string_equal(list[2].id, "c");
    vg_free(list);
}

static void test_refused(void **state)
{
    struct store_fixture *f = *state;
    static const struct {
        const char *id, *url, *label;
        double rate;
        uint32_t priority;
        const char *place;
    } rows[] = {
        {"", "rtsp://a/b", "", 5, 5, "/id"},
        {".hidden", "rtsp://a/b", "", 5, 5, "/id"},
        {"a/b", "rtsp://a/b", "", 5, 5, "/id"},
        {"a b", "rtsp://a/b", "", 5, 5, "/id"},
        {"a:b", "rtsp://a/b", "", 5, 5, "/id"},
        {"ok", "", "", 5, 5, "/url"},
        {"ok", "rtsp://a\n", "", 5, 5, "/url"},
        {"ok", "rtsp://user:pass@host/x", "", 5, 5, "/url"},
        {"ok", "rtsp://user@host", "", 5, 5, "/url"},
        {"ok", "rtsp://host/x@y", "", 5, 5, NULL}, /* not credentials */
        {"ok2", "/clips/a@b.avi", "", 5, 5, NULL},
        {"ok", "rtsp://a/b", "two\nlines", 5, 5, "/label"},
        {"ok", "rtsp://a/b", "", 0.0, 5, "/rate_fps"},
        {"ok", "rtsp://a/b", "", 26, 5, "/rate_fps"},
        {"ok", "rtsp://a/b", "", 5, 10, "/priority"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_flux_config flux;
        vg_flux_defaults(&flux, rows[i].id);
        flux.clear_accepted = true;
        (void)snprintf(flux.url, sizeof flux.url, "%s", rows[i].url);
        (void)snprintf(flux.label, sizeof flux.label, "%s", rows[i].label);
        flux.rate_fps = rows[i].rate;
        flux.priority = rows[i].priority;
        const enum vg_status status =
            vg_config_flux_put(f->database, NULL, &flux, NULL, VG_VERSION_NEW, &f->fault);
        assert_int_equal(status, rows[i].place ? VG_E_INPUT : VG_OK);
        if (rows[i].place)
            assert_string_equal(f->fault.place, rows[i].place);
    }
}

static int find_bytes(const char *path, const char *needle)
{
    char buffer[65536];
    FILE *file = fopen(path, "rb");
    if (!file)
        return 0;
    int found = 0;
    const size_t length = strlen(needle), n = fread(buffer, 1, sizeof buffer, file);
    for (size_t i = 0; !found && i + length <= n; i++)
        found = memcmp(buffer + i, needle, length) == 0;
    (void)fclose(file);
    return found;
}

static void test_password_is_sealed(void **state)
{
    struct store_fixture *f = *state;
    struct vg_secret *secret = NULL;
    struct vg_flux_config flux = make_flux("cam-1");
    char text[VG_FLUX_PASSWORD_SIZE], path[192];
    static const char clear[] = "very-secret-of-the-camera";
    assert_int_equal(vg_secret_make(f->folder, NULL), VG_OK);
    assert_int_equal(vg_secret_open(&secret, f->folder, NULL), VG_OK);
    assert_int_equal(
        vg_config_flux_put(f->database, secret, &flux, clear, VG_VERSION_NEW, &f->fault), VG_OK);
    assert_true(flux.has_password);
    assert_int_equal(vg_config_password(f->database, secret, "cam-1", text, &f->fault), VG_OK);
    assert_string_equal(text, clear);
    static const char *const files[] = {"vigie.db", "vigie.db-wal"};
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", f->folder, files[i]);
        assert_false(find_bytes(path, clear));
    }
    /* a change of something else keeps it, "" takes it away */
    assert_int_equal(vg_config_flux_put(f->database, NULL, &flux, NULL, VG_VERSION_ANY, &f->fault),
                     VG_OK);
    assert_int_equal(vg_config_password(f->database, secret, "cam-1", text, &f->fault), VG_OK);
    assert_string_equal(text, clear);
    assert_int_equal(vg_config_flux_put(f->database, NULL, &flux, "", VG_VERSION_ANY, &f->fault),
                     VG_OK);
    assert_int_equal(vg_config_password(f->database, secret, "cam-1", text, &f->fault), VG_OK);
    assert_string_equal(text, "");
    assert_int_equal(vg_config_flux_put(f->database, NULL, &flux, "p", VG_VERSION_ANY, &f->fault),
                     VG_E_STATE); /* no key */
    assert_int_equal(vg_config_password(f->database, secret, "cam-9", text, &f->fault),
                     VG_E_MISSING);
    vg_secret_close(&secret);
}

static void test_scene(void **state)
{
    struct store_fixture *f = *state;
    struct vg_flux_config flux = make_flux("cam-1");
    uint64_t first = 0, second = 0, version = 0;
    char *text = NULL;
    size_t size = 0;
    assert_int_equal(
        vg_config_scene_put(f->database, "cam-1", "{}", 2, VG_VERSION_NEW, NULL, &f->fault),
        VG_E_MISSING);
    assert_int_equal(vg_config_flux_put(f->database, NULL, &flux, NULL, VG_VERSION_NEW, &f->fault),
                     VG_OK);
    assert_int_equal(vg_config_scene_get(f->database, "cam-1", &text, &size, &version, &f->fault),
                     VG_E_MISSING);
    assert_int_equal(vg_config_scene_put(f->database, "cam-1", "{\"a\":1}x", 7, VG_VERSION_NEW,
                                         &first, &f->fault),
                     VG_OK);
    assert_int_equal(
        vg_config_scene_put(f->database, "cam-1", "{}", 2, VG_VERSION_NEW, NULL, &f->fault),
        VG_E_EXISTS);
    assert_int_equal(
        vg_config_scene_put(f->database, "cam-1", "{\"b\":2}", 7, first, &second, &f->fault),
        VG_OK);
    assert_true(second > first);
    assert_int_equal(vg_config_scene_put(f->database, "cam-1", "{}", 2, first, NULL, &f->fault),
                     VG_E_STATE);
    assert_int_equal(vg_config_scene_get(f->database, "cam-1", &text, &size, &version, &f->fault),
                     VG_OK);
    assert_string_equal(text, "{\"b\":2}");
    assert_int_equal(size, 7);
    assert_int_equal(version, second);
    vg_free(text);
    assert_int_equal(vg_config_flux_get(f->database, "cam-1", &flux, &f->fault), VG_OK);
    assert_true(flux.has_scene);
    assert_int_equal(flux.scene_version, second);
}

static void test_authorisation_and_site(void **state)
{
    struct store_fixture *f = *state;
    static struct vg_authorisation put, got;
    struct vg_config_site site;
    assert_int_equal(vg_config_authorisation_get(f->database, &got, &f->fault), VG_OK);
    assert_false(got.given);
    put = (struct vg_authorisation){.given = true,
                                    .reference = "Arrêté 2026-17",
                                    .first = {INT64_C(1785000000000000)},
                                    .last = {INT64_C(1786000000000000)}};
    assert_int_equal(vg_stop_list_set(&put.flux, "cam-1", true), VG_OK);
    assert_int_equal(vg_stop_list_set(&put.events, "density", true), VG_OK);
    const uint64_t before = version_of(f);
    assert_int_equal(vg_config_authorisation_put(f->database, &put, &f->fault), VG_OK);
    assert_true(version_of(f) > before);
    assert_int_equal(vg_config_authorisation_get(f->database, &got, &f->fault), VG_OK);
    assert_true(got.given);
    assert_string_equal(got.reference, put.reference);
    assert_int_equal(got.first.us, put.first.us);
    assert_int_equal(got.last.us, put.last.us);
    assert_true(vg_stop_list_has(&got.flux, "cam-1"));
    assert_int_equal(got.events.count, 1);
    put.last = put.first;
    assert_int_equal(vg_config_authorisation_put(f->database, &put, &f->fault), VG_E_INPUT);
    put.given = false;
    assert_int_equal(vg_config_authorisation_put(f->database, &put, &f->fault), VG_OK);
    assert_int_equal(vg_config_authorisation_get(f->database, &got, &f->fault), VG_OK);
    assert_false(got.given);

    assert_int_equal(vg_config_site_get(f->database, &site, &f->fault), VG_OK);
    assert_int_equal(site.phase, VG_PHASE_SETUP);
    assert_string_equal(site.model, "nanodet-g");
    assert_string_equal(site.node, "a1");
    site.phase = VG_PHASE_OPERATIONAL;
    (void)snprintf(site.node, sizeof site.node, "n2");
    assert_int_equal(vg_config_site_put(f->database, &site, &f->fault), VG_OK);
    site = (struct vg_config_site){.phase = VG_PHASE_SETUP};
    assert_int_equal(vg_config_site_get(f->database, &site, &f->fault), VG_OK);
    assert_int_equal(site.phase, VG_PHASE_OPERATIONAL);
    assert_string_equal(site.node, "n2");
}

/* A change and its audit row, rolled back together. */
static void test_nested_rollback(void **state)
{
    struct store_fixture *f = *state;
    struct vg_flux_config flux = make_flux("cam-1"), got;
    const struct vg_audit_entry entry = {.who = "a", .what = "flux.create", .object = "cam-1"};
    struct vg_audit_report report;
    const uint64_t before = version_of(f);
    assert_int_equal(vg_database_begin(f->database, &f->fault), VG_OK);
    assert_int_equal(vg_config_flux_put(f->database, NULL, &flux, NULL, VG_VERSION_NEW, &f->fault),
                     VG_OK);
    assert_int_equal(vg_audit_append(f->database, &entry, (struct vg_wall_time){1}, &f->fault),
                     VG_OK);
    vg_database_rollback(f->database);
    assert_int_equal(vg_config_flux_get(f->database, "cam-1", &got, &f->fault), VG_E_MISSING);
    assert_int_equal(version_of(f), before);
    assert_int_equal(vg_audit_verify(f->database, &report, &f->fault), VG_OK);
    assert_int_equal(report.rows, 0);

    /* an inner failure leaves the outer transaction usable */
    assert_int_equal(vg_database_begin(f->database, &f->fault), VG_OK);
    assert_int_equal(vg_config_flux_put(f->database, NULL, &flux, NULL, VG_VERSION_NEW, &f->fault),
                     VG_OK);
    assert_int_equal(vg_config_flux_put(f->database, NULL, &flux, NULL, VG_VERSION_NEW, &f->fault),
                     VG_E_EXISTS);
    assert_int_equal(vg_database_commit(f->database, &f->fault), VG_OK);
    assert_int_equal(vg_config_flux_get(f->database, "cam-1", &got, &f->fault), VG_OK);
}

static void test_opening(void **state)
{
    struct store_fixture *f = *state;
    struct vg_database *other = NULL;
    char path[192], empty[192];
    (void)snprintf(empty, sizeof empty, "%s/none", f->folder);
    assert_int_equal(vg_database_open(&other, empty, VG_DATABASE_EXISTING, &f->fault),
                     VG_E_MISSING);
    assert_null(other);
    assert_int_equal(vg_database_check(f->database, &f->fault), VG_OK);

    /* a second handle sees the first one's commits */
    struct vg_flux_config flux = make_flux("cam-1"), got;
    assert_int_equal(vg_database_open(&other, f->folder, VG_DATABASE_EXISTING, &f->fault), VG_OK);
    assert_int_equal(vg_config_flux_put(f->database, NULL, &flux, NULL, VG_VERSION_NEW, &f->fault),
                     VG_OK);
    assert_int_equal(vg_config_flux_get(other, "cam-1", &got, &f->fault), VG_OK);
    vg_database_close(&other);
    vg_database_close(&f->database);

    /* a newer version is refused and left alone */
    sqlite3 *raw = NULL;
    (void)snprintf(path, sizeof path, "%s/%s", f->folder, VG_DATABASE_FILE);
    assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(raw), SQLITE_OK);
    assert_int_equal(vg_database_open(&other, f->folder, VG_DATABASE_EXISTING, &f->fault),
                     VG_E_INTEGRITY);
    assert_null(other);

    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (int i = 0; i < 4096; i++)
        (void)fputc('x', file);
    (void)fclose(file);
    assert_int_equal(vg_database_open(&other, f->folder, VG_DATABASE_EXISTING, &f->fault),
                     VG_E_INTEGRITY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_put_get_delete, set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_view, set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_list_is_sorted, set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_password_is_sealed, set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_scene, set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_authorisation_and_site, set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_nested_rollback, set_up, store_tear_down),
        cmocka_unit_test_setup_teardown(test_opening, set_up, store_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
