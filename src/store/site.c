/* One row: the settings as JSON, the key sealed. */
#include "src/store/site.h"

#include <string.h>

#include "src/base/alloc.h"
#include "src/base/clock.h"
#include "src/base/json.h"
#include "src/base/text.h"
#include "src/base/text_buffer.h"
#include "src/store/audit.h"
#include "src/store/pem_check.h"
#include "src/store/sql.h"

#define KEY_ABOUT "/site/client_key_pem" /* no flux can have this id */

static enum vg_status damaged(struct vg_fault *fault)
{
    return vg_fault_set(fault, VG_E_INTEGRITY, N_("the database is damaged"),
                        N_("restore the last backup"), "%s: site", VG_DATABASE_FILE);
}

static enum vg_status read_row(const struct vg_sql *query, struct vg_site *site,
                               struct vg_fault *fault)
{
    const char *text = (const char *)sqlite3_column_text(query->statement, 1);
    json_t *root = json_loads(text ? text : "", JSON_REJECT_DUPLICATES, NULL);
    vg_site_settings_init(&site->settings);
    site->version = (uint64_t)sqlite3_column_int64(query->statement, 0);
    site->has_key = sqlite3_column_int(query->statement, 2) != 0;
    const bool good =
        json_is_object(root) && vg_site_settings_read(root, &site->settings, NULL) == VG_OK;
    json_decref(root);
    return good ? VG_OK : damaged(fault);
}

enum vg_status vg_site_get(struct vg_database *database, struct vg_site *site,
                           struct vg_fault *fault)
{
    struct vg_sql query;
    enum vg_status status = vg_sql_begin(
        &query, database, "SELECT version, json, client_key IS NOT NULL FROM site", fault);
    if (status == VG_OK)
        status = vg_sql_next(&query);
    if (status == VG_OK)
        status = read_row(&query, site, fault);
    vg_sql_end(&query);
    return status == VG_E_END ? damaged(fault) : status;
}

static enum vg_status check_pem(const struct vg_site *site, const struct vg_site *before,
                                const char *key, struct vg_fault *fault)
{
    const struct vg_site_settings *settings = &site->settings;
    const char *certificate = settings->certificate_pem;
    if (settings->ca_pem[0] && vg_pem_certificates(settings->ca_pem) == 0)
        return vg_fault_set(fault, VG_E_INPUT, N_("this is no certificate in PEM"),
                            N_("give the text from BEGIN CERTIFICATE to END CERTIFICATE"),
                            "/ca_pem");
    if (certificate[0] && vg_pem_certificates(certificate) == 0)
        return vg_fault_set(fault, VG_E_INPUT, N_("this is no certificate in PEM"),
                            N_("give the text from BEGIN CERTIFICATE to END CERTIFICATE"),
                            "/client_certificate_pem");
    const bool kept = before->has_key && strcmp(before->settings.certificate_pem, certificate) == 0;
    if (!certificate[0] && key && key[0])
        return vg_fault_set(fault, VG_E_INPUT, N_("this key is that of no certificate"),
                            N_("give the certificate with it"), "/client_certificate_pem");
    if (!certificate[0] || (!key && kept))
        return VG_OK;
    switch (vg_pem_key_check(certificate, key ? key : "")) {
    case VG_PEM_KEY_FITS:
        return VG_OK;
    case VG_PEM_KEY_UNREADABLE:
        return vg_fault_set(
            fault, VG_E_INPUT, N_("the certificate wants its private key, without a pass phrase"),
            N_("give the text from BEGIN PRIVATE KEY to END PRIVATE KEY"), "/client_key_pem");
    case VG_PEM_KEY_OF_ANOTHER:
        break;
    }
    return vg_fault_set(fault, VG_E_INPUT, N_("this key is that of another certificate"),
                        N_("give the two that were made together"), "/client_key_pem");
}

/* What stands in the column: NULL keeps what is there, "" leaves nothing. */
static enum vg_status write_key(struct vg_database *database, const struct vg_secret *secret,
                                const char *key, struct vg_fault *fault)
{
    uint8_t box[VG_SITE_KEY_SIZE + VG_SECRET_OVERHEAD];
    const size_t length = strlen(key);
    size_t used = 0;
    struct vg_sql query;
    if (length >= VG_SITE_KEY_SIZE)
        return vg_fault_set(fault, VG_E_INPUT, N_("the text is too long"), NULL, "/client_key_pem");
    if (length > 0 && !secret)
        return vg_fault_set(fault, VG_E_STATE, N_("the key of the installation is not open"), NULL,
                            "site");
    if (length > 0 && vg_secret_seal(secret, KEY_ABOUT, (const uint8_t *)key, length, box,
                                     sizeof box, &used) != VG_OK)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "site");
    enum vg_status status =
        vg_sql_begin(&query, database, "UPDATE site SET client_key = ?1", fault);
    if (status == VG_OK) {
        vg_sql_bind_bytes(&query, 1, used ? box : NULL, used);
        status = vg_sql_run(&query);
    }
    vg_sql_end(&query);
    return status;
}

static enum vg_status write_settings(struct vg_database *database, const struct vg_site *site,
                                     uint64_t *version, struct vg_fault *fault)
{
    struct vg_sql query = {.statement = NULL};
    json_t *root = vg_site_settings_json(&site->settings);
    char *text = root ? vg_json_text(root) : NULL;
    enum vg_status status =
        text ? vg_sql_counter_bump(database, "config", version, fault)
             : vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "site");
    if (status == VG_OK)
        status = vg_sql_begin(&query, database, "UPDATE site SET version = ?1, json = ?2", fault);
    if (status == VG_OK) {
        vg_sql_bind_int(&query, 1, (int64_t)*version);
        vg_sql_bind_text(&query, 2, text);
        status = vg_sql_run(&query);
    }
    vg_sql_end(&query);
    vg_free(text);
    json_decref(root);
    return status;
}

/* In a transaction. */
static enum vg_status put(struct vg_database *database, const struct vg_secret *secret,
                          struct vg_site *site, struct vg_site *before, const char *key,
                          uint64_t expected, struct vg_fault *fault)
{
    enum vg_status status = vg_site_get(database, before, fault);
    if (status != VG_OK)
        return status;
    if (expected != VG_VERSION_ANY && expected != before->version)
        return vg_fault_set(fault, VG_E_STATE, N_("someone else changed it meanwhile"),
                            N_("read it again, then change it"), "site");
    status = check_pem(site, before, key, fault);
    if (status == VG_OK)
        status = write_settings(database, site, &before->version, fault);
    if (status == VG_OK && (key || !site->settings.certificate_pem[0]))
        status = write_key(database, secret, key ? key : "", fault);
    return status == VG_OK ? vg_site_get(database, before, fault) : status;
}

enum vg_status vg_site_put(struct vg_database *database, const struct vg_secret *secret,
                           struct vg_site *site, const char *key, uint64_t expected,
                           struct vg_fault *fault)
{
    struct vg_site *before = vg_alloc(sizeof *before);
    if (!before)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "site");
    enum vg_status status = vg_database_begin(database, fault);
    if (status != VG_OK)
        goto done;
    status = put(database, secret, site, before, key, expected, fault);
    if (status != VG_OK) {
        vg_database_rollback(database);
        goto done;
    }
    status = vg_database_commit(database, fault);
    if (status == VG_OK) {
        site->version = before->version;
        site->has_key = before->has_key;
    }
done:
    vg_free(before);
    return status;
}

enum vg_status vg_site_key(struct vg_database *database, const struct vg_secret *secret,
                           char key[VG_SITE_KEY_SIZE], struct vg_fault *fault)
{
    struct vg_sql query;
    size_t used = 0;
    key[0] = '\0';
    enum vg_status status = vg_sql_begin(&query, database, "SELECT client_key FROM site", fault);
    if (status == VG_OK)
        status = vg_sql_next(&query);
    if (status != VG_OK || sqlite3_column_type(query.statement, 0) == SQLITE_NULL)
        goto done;
    const void *box = sqlite3_column_blob(query.statement, 0);
    const size_t size = (size_t)sqlite3_column_bytes(query.statement, 0);
    if (!secret || vg_secret_unseal(secret, KEY_ABOUT, box, size, (uint8_t *)key,
                                    VG_SITE_KEY_SIZE - 1, &used) != VG_OK)
        status = vg_fault_set(fault, VG_E_INTEGRITY,
                              N_("the key of the site's certificate was sealed with another key"),
                              N_("give the certificate and its key again"), "site");
    key[used] = '\0';
done:
    vg_sql_end(&query);
    return status == VG_E_END ? damaged(fault) : status;
}

/* ---- a flux under these settings ---- */

static bool read_url(const char *text, struct vg_source_url *url)
{
    return vg_source_url_read(text, strlen(text), url, NULL) == VG_OK;
}

bool vg_flux_clear_wants_agreement(const struct vg_flux_config *flux)
{
    struct vg_source_url url;
    return (read_url(flux->url, &url) && vg_site_clear_wants_agreement(&url)) ||
           (read_url(flux->evidence_url, &url) && vg_site_clear_wants_agreement(&url));
}

enum vg_site_verdict vg_site_judge_flux(const struct vg_site_settings *settings,
                                        const struct vg_flux_config *flux, struct vg_fault *fault)
{
    const enum vg_site_agreement agreement =
        flux->clear_accepted ? VG_SITE_CLEAR_ACCEPTED : VG_SITE_CLEAR_UNSAID;
    const struct {
        const char *text, *place;
    } rows[] = {{flux->url, "/url"}, {flux->evidence_url, "/evidence_url"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_source_url url;
        if (rows[i].text[0] == '\0')
            continue;
        const enum vg_site_verdict verdict = read_url(rows[i].text, &url)
                                                 ? vg_site_judge(settings, &url, agreement)
                                                 : VG_SITE_ADDRESS_UNREADABLE;
        if (verdict == VG_SITE_ADMITS)
            continue;
        const bool agree = verdict == VG_SITE_CLEAR_NOT_ACCEPTED;
        (void)vg_fault_set(fault, VG_E_INPUT, vg_site_verdict_text(verdict),
                           vg_site_verdict_remedy(verdict), "%s",
                           agree ? "/clear_accepted" : rows[i].place);
        return verdict;
    }
    return VG_SITE_ADMITS;
}

/* ---- upgrade ---- */

/* The hosts of all flux into the list, and into words; *left_out counts what found no room. */
static enum vg_status collect(struct vg_database *database, struct vg_host_list *list,
                              struct vg_text_buffer *words, size_t *left_out,
                              struct vg_fault *fault)
{
    struct vg_sql query;
    char text[VG_FLUX_URL_SIZE];
    enum vg_status status =
        vg_sql_begin(&query, database, "SELECT url FROM flux ORDER BY id", fault);
    while (status == VG_OK && (status = vg_sql_next(&query)) == VG_OK) {
        struct vg_source_url url;
        vg_sql_column_text(&query, 0, text, sizeof text);
        if (!read_url(text, &url) || !url.host.text[0] ||
            vg_host_list_has(list, &url.host, url.port))
            continue;
        if (vg_host_list_add(list, &url.host, url.port) == VG_OK)
            vg_text_add(words, "%s%s:%u", words->size ? " " : "", url.host.text,
                        (unsigned)url.port);
        else
            ++*left_out;
    }
    vg_sql_end(&query);
    return status == VG_E_END ? VG_OK : status;
}

enum vg_status vg_site_adopt(struct vg_database *database, struct vg_fault *fault)
{
    char text[VG_AUDIT_FIELD_SIZE];
    struct vg_text_buffer words;
    size_t left_out = 0;
    struct vg_site *site = vg_alloc(sizeof *site);
    if (!site)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "site");
    vg_text_buffer_init(&words, text, sizeof text);
    enum vg_status status = vg_site_get(database, site, fault);
    if (status == VG_OK)
        status = collect(database, &site->settings.sources, &words, &left_out, fault);
    if (status == VG_OK && site->settings.sources.count > 0) {
        const struct vg_audit_entry entry = {.who = "system",
                                             .from = "upgrade",
                                             .what = "site.adopt",
                                             .object = text,
                                             .result = left_out ? "full" : "ok"};
        status = write_settings(database, site, &site->version, fault);
        if (status == VG_OK)
            status = vg_audit_append(database, &entry, vg_wall_now(), fault);
    }
    vg_free(site);
    return status;
}
