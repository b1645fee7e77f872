/* The site's settings in the database: versions, the sealed key, certificates that must be some;
 * what they say of flux that are saved; and the upgrade of a database that had none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "src/base/alloc.h"
#include "src/store/audit.h"
#include "src/store/pem_check.h"
#include "src/store/site.h"
#include "tests/pem_fixture.h"
#include "tests/shared_data.h"
#include "tests/site_fixture.h"
#include "tests/store_fixture.h"

static void certificates_are_counted(void **state)
{
    (void)state;
    static struct pem_pair a, b;
    static char two[10000];
    pem_make_pair(&a);
    pem_make_pair(&b);
    (void)snprintf(two, sizeof two, "words\n%s\nmore words\n%s", a.certificate, b.certificate);
    assert_int_equal(vg_pem_certificates(a.certificate), 1);
    assert_int_equal(vg_pem_certificates(two), 2);
    assert_int_equal(vg_pem_certificates(""), 0);
    assert_int_equal(vg_pem_certificates("words"), 0);
    assert_int_equal(vg_pem_certificates(a.key), 0);
    two[strlen(two) - 30] = '\0'; /* the second is cut */
    assert_int_equal(vg_pem_certificates(two), 0);
    assert_int_equal(vg_pem_key_check(a.certificate, a.key), VG_PEM_KEY_FITS);
    assert_int_equal(vg_pem_key_check(a.certificate, b.key), VG_PEM_KEY_OF_ANOTHER);
    assert_int_equal(vg_pem_key_check(a.certificate, ""), VG_PEM_KEY_UNREADABLE);
    assert_int_equal(vg_pem_key_check(a.certificate, b.certificate), VG_PEM_KEY_UNREADABLE);
}

static struct vg_site *open_site(struct store_fixture *f)
{
    struct vg_site *site = vg_alloc(sizeof *site);
    assert_non_null(site);
    assert_int_equal(vg_site_get(f->database, site, &f->fault), VG_OK);
    return site;
}

static void settings_have_versions(void **state)
{
    struct store_fixture *f = *state;
    struct vg_site *site = open_site(f);
    uint64_t before = 0, after = 0;
    assert_true(site->version > 0);
    assert_int_equal(site->settings.sources.count, 0); /* nothing is admitted at first */
    assert_false(site->settings.encryption_required);
    assert_int_equal(vg_config_version(f->database, &before, &f->fault), VG_OK);
    const uint64_t old = site->version;
    (void)snprintf(site->settings.interface, sizeof site->settings.interface, "eth1");
    assert_int_equal(vg_site_put(f->database, NULL, site, NULL, old, &f->fault), VG_OK);
    assert_true(site->version > old);
    assert_int_equal(vg_config_version(f->database, &after, &f->fault), VG_OK);
    assert_true(after > before); /* the supervisor sees it */
    assert_int_equal(vg_site_put(f->database, NULL, site, NULL, old, &f->fault), VG_E_STATE);
    assert_int_equal(vg_site_put(f->database, NULL, site, NULL, VG_VERSION_ANY, &f->fault), VG_OK);
    memset(&site->settings, 0, sizeof site->settings);
    assert_int_equal(vg_site_get(f->database, site, &f->fault), VG_OK);
    assert_string_equal(site->settings.interface, "eth1");
    assert_int_equal(site->settings.stagger_ms, 50);
    vg_free(site);
}

static bool file_holds(const char *folder, const char *name, const char *words)
{
    char path[192];
    uint8_t *data = NULL;
    size_t size = 0;
    bool found = false;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    if (vg_file_read(path, 1u << 24, &data, &size, NULL) != VG_OK)
        return false;
    for (size_t i = 0; !found && i + strlen(words) <= size; i++)
        found = memcmp(data + i, words, strlen(words)) == 0;
    vg_free(data);
    return found;
}

static void the_key_is_sealed(void **state)
{
    struct store_fixture *f = *state;
    static struct pem_pair a, b;
    static char key[VG_SITE_KEY_SIZE];
    char words[64];
    struct vg_secret *secret = NULL;
    struct vg_site *site = open_site(f);
    pem_make_pair(&a);
    pem_make_pair(&b);
    assert_int_equal(vg_secret_make(f->folder, NULL), VG_OK);
    assert_int_equal(vg_secret_open(&secret, f->folder, NULL), VG_OK);
    (void)snprintf(site->settings.certificate_pem, sizeof site->settings.certificate_pem, "%s",
                   a.certificate);
    static const struct {
        int certificate, key; /* 0: none, 1: a, 2: b, -1: NULL */
        enum vg_status want;
        const char *place;
        bool has;
    } rows[] = {
        {1, -1, VG_E_INPUT, "/client_key_pem", false}, /* it wants its key */
        {1, 2, VG_E_INPUT, "/client_key_pem", false},
        {0, 1, VG_E_INPUT, "/client_certificate_pem", false},
        {1, 1, VG_OK, NULL, true},
        {1, -1, VG_OK, NULL, true}, /* kept */
        {2, -1, VG_E_INPUT, "/client_key_pem", true},
        {2, 2, VG_OK, NULL, true},
        {0, -1, VG_OK, NULL, false}, /* goes with it */
        {1, 1, VG_OK, NULL, true},
    };
    const struct {
        const char *certificate, *key;
    } texts[] = {{"", ""}, {a.certificate, a.key}, {b.certificate, b.key}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        (void)snprintf(site->settings.certificate_pem, sizeof site->settings.certificate_pem, "%s",
                       texts[rows[i].certificate].certificate);
        const char *given = rows[i].key < 0 ? NULL : texts[rows[i].key].key;
        const enum vg_status status =
            vg_site_put(f->database, secret, site, given, VG_VERSION_ANY, &f->fault);
        if (status != rows[i].want || (rows[i].place && strcmp(f->fault.place, rows[i].place) != 0))
            fail_msg("row %zu: %d %s", i, status, f->fault.place);
        assert_int_equal(vg_site_get(f->database, site, &f->fault), VG_OK);
        assert_int_equal(site->has_key, rows[i].has);
    }
    assert_int_equal(vg_site_key(f->database, secret, key, &f->fault), VG_OK);
    assert_string_equal(key, a.key);
    (void)snprintf(words, sizeof words, "%.40s", strchr(a.key, '\n') + 1);
    assert_false(file_holds(f->folder, "vigie.db", words));
    assert_false(file_holds(f->folder, "vigie.db-wal", words));
    vg_secret_close(&secret);
    assert_int_equal(vg_site_key(f->database, NULL, key, &f->fault), VG_E_INTEGRITY);
    assert_string_equal(key, "");
    vg_free(site);
}

static void a_bad_certificate_is_no_authority(void **state)
{
    struct store_fixture *f = *state;
    struct vg_site *site = open_site(f);
    (void)snprintf(site->settings.ca_pem, sizeof site->settings.ca_pem, "words");
    assert_int_equal(vg_site_put(f->database, NULL, site, NULL, VG_VERSION_ANY, &f->fault),
                     VG_E_INPUT);
    assert_string_equal(f->fault.place, "/ca_pem");
    vg_free(site);
}

/* E130: what the site does not declare is not written, whoever asks. E115: nor clear video without
 * agreement. */
static void flux_are_judged(void **state)
{
    struct store_fixture *f = *state;
    static const char *const hosts[] = {"vms", "10.1.0.0/24", "127.0.0.1"};
    static const struct {
        const char *url, *evidence_url;
        bool accepted;
        const char *place; /* NULL: it is written */
        bool kept;         /* the agreement */
    } rows[] = {
        {"rtsp://10.1.1.7/x", "", true, "/url", false}, /* a camera beside the list */
        {"rtsp://10.1.0.7/x", "", true, NULL, true},
        {"rtsp://10.1.0.7/x", "", false, "/clear_accepted", false},
        {"rtsp://vms/x", "rtsp://camera/x", true, "/evidence_url", false},
        {"rtsps://vms/x", "rtsp://vms/x", false, "/clear_accepted", false},
        {"rtsps://vms/x", "rtsps://vms/main", true, NULL, false}, /* there is nothing to accept */
        {"rtsp://127.0.0.1/x", "", true, NULL, false},
        {"/srv/clip.mp4", "", false, NULL, false},
    };
    assert_true(site_declare(f->database, hosts, 3));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_flux_config flux;
        char id[16];
        (void)snprintf(id, sizeof id, "f%zu", i);
        vg_flux_defaults(&flux, id);
        (void)snprintf(flux.url, sizeof flux.url, "%s", rows[i].url);
        (void)snprintf(flux.evidence_url, sizeof flux.evidence_url, "%s", rows[i].evidence_url);
        flux.clear_accepted = rows[i].accepted;
        const enum vg_status status =
            vg_config_flux_put(f->database, NULL, &flux, NULL, VG_VERSION_NEW, &f->fault);
        if (status != (rows[i].place ? VG_E_INPUT : VG_OK) ||
            (rows[i].place && strcmp(f->fault.place, rows[i].place) != 0))
            fail_msg("%s: %s", rows[i].url, f->fault.place);
        if (!rows[i].place)
            assert_int_equal(flux.clear_accepted, rows[i].kept);
    }
}

static void flux_keep_what_they_are_given(void **state)
{
    struct store_fixture *f = *state;
    static const char *const hosts[] = {"vms"};
    static struct pem_pair a;
    struct vg_flux_config flux;
    char *pem = NULL;
    pem_make_pair(&a);
    assert_true(site_declare(f->database, hosts, 1));
    vg_flux_defaults(&flux, "cam");
    (void)snprintf(flux.url, sizeof flux.url, "rtsps://vms/sub");
    (void)snprintf(flux.evidence_url, sizeof flux.evidence_url, "rtsps://vms/main");
    (void)snprintf(flux.tls_name, sizeof flux.tls_name, "vms.example.org");
    (void)snprintf(flux.interface, sizeof flux.interface, "eth2");
    flux.ca_pem = a.certificate;
    assert_int_equal(vg_config_flux_put(f->database, NULL, &flux, NULL, VG_VERSION_NEW, &f->fault),
                     VG_OK);
    assert_true(flux.has_ca);
    assert_null(flux.ca_pem);
    assert_string_equal(flux.tls_name, "vms.example.org");
    assert_string_equal(flux.interface, "eth2");
    assert_string_equal(flux.evidence_url, "rtsps://vms/main");
    assert_int_equal(flux.transport, VG_TRANSPORT_AUTO);
    flux.transport = VG_TRANSPORT_TCP; /* another change leaves it */
    assert_int_equal(vg_config_flux_put(f->database, NULL, &flux, NULL, VG_VERSION_ANY, &f->fault),
                     VG_OK);
    assert_int_equal(vg_config_flux_ca(f->database, "cam", &pem, &f->fault), VG_OK);
    assert_string_equal(pem, a.certificate);
    vg_free(pem);
    static const struct {
        const char *pem;
        enum vg_status want;
        bool has;
    } rows[] = {{"words", VG_E_INPUT, true}, {"", VG_OK, false}};
    for (size_t i = 0; i < 2; i++) {
        flux.ca_pem = rows[i].pem;
        assert_int_equal(
            vg_config_flux_put(f->database, NULL, &flux, NULL, VG_VERSION_ANY, &f->fault),
            rows[i].want);
        assert_int_equal(vg_config_flux_get(f->database, "cam", &flux, &f->fault), VG_OK);
        assert_int_equal(flux.has_ca, rows[i].has);
    }
    assert_int_equal(vg_config_flux_ca(f->database, "none", &pem, &f->fault), VG_E_MISSING);
}

/* ---- the upgrade ---- */

static void fill_of_version_1(const char *folder)
{
    char path[1024];
    uint8_t *sql = NULL;
    size_t size = 0;
    sqlite3 *raw = NULL;
    vg_source_path("tests/golden/database_1.sql", path, sizeof path);
    assert_int_equal(vg_file_read(path, 1u << 20, &sql, &size, NULL), VG_OK);
    (void)snprintf(path, sizeof path, "%s/%s", folder, VG_DATABASE_FILE);
    assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw, (const char *)sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(raw), SQLITE_OK);
    vg_free(sql);
}

static void an_older_database_keeps_its_flux(void **state)
{
    struct store_fixture *f = *state;
    char folder[160];
    struct vg_database *database = NULL;
    struct vg_flux_config flux;
    struct vg_audit_report report;
    static struct vg_audit_row row;
    size_t count = 0;
    struct vg_site *site = vg_alloc(sizeof *site);
    assert_non_null(site);
    (void)snprintf(folder, sizeof folder, "%s/old", f->folder);
    assert_int_equal(vg_folder_make(folder, &f->fault), VG_OK);
    fill_of_version_1(folder);
    assert_int_equal(vg_database_open(&database, folder, VG_DATABASE_EXISTING, &f->fault), VG_OK);

    assert_int_equal(vg_site_get(database, site, &f->fault), VG_OK);
    json_t *sources = vg_host_list_json(&site->settings.sources);
    json_t *want = json_loads("[{\"host\":\"vms.example.org\",\"ports\":[554,8554]},"
                              "{\"host\":\"10.0.0.7\",\"ports\":[554]}]",
                              0, NULL);
    assert_true(json_equal(sources, want));
    json_decref(want);
    json_decref(sources);

    assert_int_equal(vg_audit_list(database, 0, 1, &row, &count, &f->fault), VG_OK);
    assert_int_equal(count, 1);
    assert_string_equal(row.who, "system");
    assert_string_equal(row.what, "site.adopt");
    assert_string_equal(row.object, "vms.example.org:554 vms.example.org:8554 10.0.0.7:554");
    assert_string_equal(row.result, "ok");
    assert_int_equal(vg_audit_verify(database, &report, &f->fault), VG_OK);

    assert_int_equal(vg_config_flux_get(database, "cam-2", &flux, &f->fault), VG_OK);
    assert_int_equal(flux.transport, VG_TRANSPORT_UDP);
    assert_string_equal(flux.evidence_url, "");
    assert_false(flux.clear_accepted); /* nobody has said so: it is asked for at the next change */
    assert_int_equal(vg_site_judge_flux(&site->settings, &flux, NULL), VG_SITE_CLEAR_NOT_ACCEPTED);
    assert_int_equal(vg_config_flux_get(database, "cam-1", &flux, &f->fault), VG_OK);
    assert_true(flux.has_scene);
    assert_int_equal(vg_config_flux_get(database, "old", &flux, &f->fault), VG_OK);
    assert_int_equal(vg_site_judge_flux(&site->settings, &flux, NULL), VG_SITE_ADDRESS_UNREADABLE);
    vg_database_close(&database);

    /* once */
    assert_int_equal(vg_database_open(&database, folder, VG_DATABASE_EXISTING, &f->fault), VG_OK);
    assert_int_equal(vg_audit_verify(database, &report, &f->fault), VG_OK);
    assert_int_equal(report.rows, 1);
    vg_database_close(&database);
    vg_free(site);
}

/* A new database has nothing to adopt, and says nothing. */
static void a_new_database_adopts_nothing(void **state)
{
    struct store_fixture *f = *state;
    struct vg_audit_report report;
    assert_int_equal(vg_audit_verify(f->database, &report, &f->fault), VG_OK);
    assert_int_equal(report.rows, 0);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, store_set_up, store_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_are_counted),
        ROW(settings_have_versions),
        ROW(the_key_is_sealed),
        ROW(a_bad_certificate_is_no_authority),
        ROW(flux_are_judged),
        ROW(flux_keep_what_they_are_given),
        ROW(an_older_database_keeps_its_flux),
        ROW(a_new_database_adopts_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
