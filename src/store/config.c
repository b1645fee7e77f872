/* Configuration in SQLite. Every change bumps the counter "config" in its own transaction; the
 * new value is the version of what was changed. */
#include "src/store/config.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/json.h"
#include "src/base/text.h"
#include "src/store/pem_check.h"
#include "src/store/site.h"
#include "src/store/sql.h"

#define RATE_LEAST   0.1
#define RATE_MOST    25.0
#define PRIORITY_MAX 9

static const char *const phases[] = {"setup", "dry_run", "operational"};

static int find_name(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return -1;
}

const char *vg_phase_name(enum vg_phase phase)
{
    return phases[phase];
}

int vg_phase_parse(const char *name, enum vg_phase *phase)
{
    const int i = find_name(phases, sizeof phases / sizeof *phases, name);
    if (i < 0)
        return -1;
    *phase = (enum vg_phase)i;
    return 0;
}

bool vg_flux_id_valid(const char *id)
{
    const size_t n = strlen(id);
    return n > 0 && n < VG_FLUX_ID_SIZE && id[0] != '.' &&
           strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") == n;
}

void vg_flux_defaults(struct vg_flux_config *flux, const char *id)
{
    *flux = (struct vg_flux_config){
        .transport = VG_TRANSPORT_AUTO, .rate_fps = 5.0, .priority = 5, .active = true};
    (void)snprintf(flux->id, sizeof flux->id, "%s", id);
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

/* One of the two addresses; the fault gets the key as its place. */
static enum vg_status check_url(const char *text, const char *place, struct vg_source_url *url,
                                struct vg_fault *fault)
{
    struct vg_fault own = {.status = VG_OK};
    if (vg_source_url_read(text, strlen(text), url, &own) == VG_OK)
        return VG_OK;
    return vg_fault_set(fault, VG_E_INPUT, own.what, own.remedy, "%s", place);
}

static enum vg_status check_source(const struct vg_flux_config *flux, struct vg_fault *fault)
{
    struct vg_source_url url, evidence = {.scheme = VG_SCHEME_FILE};
    struct vg_host host;
    enum vg_status status = check_url(flux->url, "/url", &url, fault);
    if (status == VG_OK && flux->evidence_url[0])
        status = check_url(flux->evidence_url, "/evidence_url", &evidence, fault);
    if (status != VG_OK)
        return status;
    if (evidence.scheme == VG_SCHEME_FOLDER)
        return vg_fault_set(fault, VG_E_INPUT, N_("a folder is no main stream"),
                            N_("give the address of the stream itself"), "/evidence_url");
    const bool tls = url.scheme == VG_SCHEME_RTSPS || evidence.scheme == VG_SCHEME_RTSPS;
    if (tls && flux->transport != VG_TRANSPORT_AUTO && flux->transport != VG_TRANSPORT_TCP)
        return vg_fault_set(fault, VG_E_INPUT, N_("an rtsps:// source comes by TCP alone"),
                            N_("write \"auto\" or \"tcp\""), "/transport");
    if (flux->tls_name[0] && vg_host_read(flux->tls_name, strlen(flux->tls_name), &host) != VG_OK)
        return vg_fault_set(fault, VG_E_INPUT, N_("this can be the name of no certificate"),
                            N_("give a name or a numeric address"), "/tls_name");
    if (!vg_interface_valid(flux->interface))
        return vg_fault_set(fault, VG_E_INPUT, N_("this can be no network interface"),
                            N_("give its name, such as eth1, or its address"), "/interface");
    return VG_OK;
}

enum vg_status vg_flux_check(const struct vg_flux_config *flux, struct vg_fault *fault)
{
    if (!vg_flux_id_valid(flux->id))
        return vg_fault_set(
            fault, VG_E_INPUT, N_("a flux cannot have this id"),
            N_("use 1 to 63 letters, digits, '-', '_' or '.', the first one not a point"), "/id");
    if (has_control(flux->label))
        return vg_fault_set(fault, VG_E_INPUT, N_("a text holds control characters"), NULL,
                            "/label");
    const enum vg_status status = check_source(flux, fault);
    if (status != VG_OK)
        return status;
    if (has_control(flux->user))
        return vg_fault_set(fault, VG_E_INPUT, N_("a text holds control characters"), NULL,
                            "/user");
    if (!(flux->rate_fps >= RATE_LEAST && flux->rate_fps <= RATE_MOST))
        return vg_fault_set(fault, VG_E_INPUT, N_("the rate is out of range"),
                            N_("give 0.1 to 25 pictures a second"), "/rate_fps");
    if (flux->priority > PRIORITY_MAX)
        return vg_fault_set(fault, VG_E_INPUT, N_("the priority is out of range"),
                            N_("give 0 (first) to 9 (last)"), "/priority");
    return VG_OK;
}

enum vg_status vg_config_version(struct vg_database *database, uint64_t *version,
                                 struct vg_fault *fault)
{
    return vg_sql_counter(database, "config", version, fault);
}

#define FLUX_COLUMNS                                                                               \
    "id, label, url, user, password IS NOT NULL, transport, rate_fps, priority, active, version, " \
    "scene IS NOT NULL, scene_version, tls_name, ca_pem IS NOT NULL, evidence_url, interface, "    \
    "clear_accepted, view_source, view_confirmed, declared_milli"

static void read_flux(const struct vg_sql *query, struct vg_flux_config *flux)
{
    char transport[16];
    vg_flux_defaults(flux, "");
    vg_sql_column_text(query, 0, flux->id, sizeof flux->id);
    vg_sql_column_text(query, 1, flux->label, sizeof flux->label);
    vg_sql_column_text(query, 2, flux->url, sizeof flux->url);
    vg_sql_column_text(query, 3, flux->user, sizeof flux->user);
    flux->has_password = sqlite3_column_int(query->statement, 4) != 0;
    vg_sql_column_text(query, 5, transport, sizeof transport);
    (void)vg_transport_parse(transport, &flux->transport); /* unknown: auto stays */
    flux->rate_fps = sqlite3_column_double(query->statement, 6);
    flux->priority = (uint32_t)sqlite3_column_int(query->statement, 7);
    flux->active = sqlite3_column_int(query->statement, 8) != 0;
    flux->version = (uint64_t)sqlite3_column_int64(query->statement, 9);
    flux->has_scene = sqlite3_column_int(query->statement, 10) != 0;
    flux->scene_version = (uint64_t)sqlite3_column_int64(query->statement, 11);
    vg_sql_column_text(query, 12, flux->tls_name, sizeof flux->tls_name);
    flux->has_ca = sqlite3_column_int(query->statement, 13) != 0;
    vg_sql_column_text(query, 14, flux->evidence_url, sizeof flux->evidence_url);
    vg_sql_column_text(query, 15, flux->interface, sizeof flux->interface);
    flux->clear_accepted = sqlite3_column_int(query->statement, 16) != 0;
    flux->view_source = (uint64_t)sqlite3_column_int64(query->statement, 17);
    flux->view_confirmed = (uint64_t)sqlite3_column_int64(query->statement, 18);
    flux->declared_milli = (uint32_t)sqlite3_column_int64(query->statement, 19);
}

enum vg_status vg_config_flux_list(struct vg_database *database, struct vg_flux_config **flux,
                                   size_t *count, struct vg_fault *fault)
{
    struct vg_sql query;
    struct vg_flux_config *list = NULL;
    size_t n = 0;
    *flux = NULL;
    *count = 0;
    enum vg_status status = vg_sql_begin(
        &query, database, "SELECT " FLUX_COLUMNS " FROM flux ORDER BY id LIMIT ?1", fault);
    if (status != VG_OK)
        goto done;
    list = vg_alloc_array(VG_FLUX_MAX, sizeof *list);
    if (!list) {
        status = vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "flux");
        goto done;
    }
    vg_sql_bind_int(&query, 1, VG_FLUX_MAX);
    while ((status = vg_sql_next(&query)) == VG_OK && n < VG_FLUX_MAX)
        read_flux(&query, &list[n++]);
    if (status == VG_E_END)
        status = VG_OK;
    if (status == VG_OK && n > 0) {
        *flux = list;
        *count = n;
        list = NULL;
    }
done:
    vg_free(list);
    vg_sql_end(&query);
    return status;
}

static enum vg_status no_flux(const char *id, struct vg_fault *fault)
{
    return vg_fault_set(fault, VG_E_MISSING, N_("there is no such flux"),
                        N_("list the flux to see their ids"), "%s", id);
}

enum vg_status vg_config_flux_get(struct vg_database *database, const char *id,
                                  struct vg_flux_config *flux, struct vg_fault *fault)
{
    struct vg_sql query;
    enum vg_status status =
        vg_sql_begin(&query, database, "SELECT " FLUX_COLUMNS " FROM flux WHERE id = ?1", fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, id);
        status = vg_sql_next(&query);
    }
    if (status == VG_OK)
        read_flux(&query, flux);
    vg_sql_end(&query);
    return status == VG_E_END ? no_flux(id, fault) : status;
}

/* Whether what is there (version, 0: nothing) is what the change is based on. */
static enum vg_status check_base(uint64_t found, uint64_t expected, const char *id,
                                 struct vg_fault *fault)
{
    if (expected == VG_VERSION_ANY || expected == found)
        return VG_OK;
    if (expected == VG_VERSION_NEW)
        return vg_fault_set(fault, VG_E_EXISTS, N_("it exists already"), N_("choose another id"),
                            "%s", id);
    if (found == 0)
        return no_flux(id, fault);
    return vg_fault_set(fault, VG_E_STATE, N_("someone else changed it meanwhile"),
                        N_("read it again, then change it"), "%s", id);
}

static enum vg_status write_flux(struct vg_database *database, const struct vg_flux_config *flux,
                                 struct vg_fault *fault)
{
    struct vg_sql query;
    enum vg_status status = vg_sql_begin(
        &query, database,
        "INSERT INTO flux(id, label, url, user, transport, rate_fps, priority, active, version,"
        " tls_name, evidence_url, interface, clear_accepted, view_source)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?9)"
        " ON CONFLICT(id) DO UPDATE SET view_source = iif(url = ?3, view_source, ?9),"
        " label = ?2, url = ?3, user = ?4, transport = ?5,"
        " rate_fps = ?6, priority = ?7, active = ?8, version = ?9, tls_name = ?10,"
        " evidence_url = ?11, interface = ?12, clear_accepted = ?13",
        fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, flux->id);
        vg_sql_bind_text(&query, 2, flux->label);
        vg_sql_bind_text(&query, 3, flux->url);
        vg_sql_bind_text(&query, 4, flux->user);
        vg_sql_bind_text(&query, 5, vg_transport_name(flux->transport));
        vg_sql_bind_real(&query, 6, flux->rate_fps);
        vg_sql_bind_int(&query, 7, flux->priority);
        vg_sql_bind_int(&query, 8, flux->active ? 1 : 0);
        vg_sql_bind_int(&query, 9, (int64_t)flux->version);
        vg_sql_bind_text(&query, 10, flux->tls_name);
        vg_sql_bind_text(&query, 11, flux->evidence_url);
        vg_sql_bind_text(&query, 12, flux->interface);
        vg_sql_bind_int(&query, 13, flux->clear_accepted ? 1 : 0);
        status = vg_sql_run(&query);
    }
    vg_sql_end(&query);
    return status;
}

static enum vg_status write_ca(struct vg_database *database, const struct vg_flux_config *flux,
                               struct vg_fault *fault)
{
    struct vg_sql query;
    const char *pem = flux->ca_pem;
    if (strlen(pem) >= VG_FLUX_CA_SIZE)
        return vg_fault_set(fault, VG_E_INPUT, N_("the text is too long"), NULL, "/ca_pem");
    if (pem[0] && (!vg_pem_text_valid(pem) || vg_pem_certificates(pem) == 0))
        return vg_fault_set(fault, VG_E_INPUT, N_("this is no certificate in PEM"),
                            N_("give the text from BEGIN CERTIFICATE to END CERTIFICATE"),
                            "/ca_pem");
    enum vg_status status =
        vg_sql_begin(&query, database, "UPDATE flux SET ca_pem = ?2 WHERE id = ?1", fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, flux->id);
        vg_sql_bind_text(&query, 2, pem[0] ? pem : NULL);
        status = vg_sql_run(&query);
    }
    vg_sql_end(&query);
    return status;
}

static enum vg_status write_password(struct vg_database *database, const struct vg_secret *secret,
                                     const char *id, const char *password, struct vg_fault *fault)
{
    uint8_t box[VG_FLUX_PASSWORD_SIZE + VG_SECRET_OVERHEAD];
    const size_t length = strlen(password);
    size_t used = 0;
    struct vg_sql query;
    if (length >= VG_FLUX_PASSWORD_SIZE)
        return vg_fault_set(fault, VG_E_INPUT, N_("the password is too long"), NULL, "/password");
    if (length > 0) {
        if (!secret)
            return vg_fault_set(fault, VG_E_STATE, N_("the key of the installation is not open"),
                                NULL, "%s", id);
        const enum vg_status sealed =
            vg_secret_seal(secret, id, (const uint8_t *)password, length, box, sizeof box, &used);
        if (sealed != VG_OK)
            return vg_fault_set(fault, sealed, N_("the password could not be sealed"), NULL, "%s",
                                id);
    }
    enum vg_status status =
        vg_sql_begin(&query, database, "UPDATE flux SET password = ?2 WHERE id = ?1", fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, id);
        vg_sql_bind_bytes(&query, 2, used ? box : NULL, used);
        status = vg_sql_run(&query);
    }
    vg_sql_end(&query);
    return status;
}

static enum vg_status check_room(struct vg_database *database, struct vg_fault *fault)
{
    struct vg_sql query;
    enum vg_status status = vg_sql_begin(&query, database, "SELECT count(*) FROM flux", fault);
    if (status == VG_OK)
        status = vg_sql_next(&query);
    if (status == VG_OK && sqlite3_column_int64(query.statement, 0) >= VG_FLUX_MAX)
        status = vg_fault_set(fault, VG_E_FULL, N_("there are too many flux"),
                              N_("delete one that is no longer used"), "%d", VG_FLUX_MAX);
    vg_sql_end(&query);
    return status;
}

static enum vg_status put_flux(struct vg_database *database, const struct vg_secret *secret,
                               struct vg_flux_config *flux, const char *password, uint64_t expected,
                               struct vg_fault *fault)
{
    struct vg_flux_config found = {.version = 0};
    enum vg_status status = vg_config_flux_get(database, flux->id, &found, fault);
    if (status != VG_OK && status != VG_E_MISSING)
        return status;
    status = check_base(found.version, expected, flux->id, fault);
    if (status == VG_OK && found.version == 0)
        status = check_room(database, fault);
    if (status == VG_OK)
        status = vg_sql_counter_bump(database, "config", &flux->version, fault);
    if (status == VG_OK)
        status = write_flux(database, flux, fault);
    if (status == VG_OK && password)
        status = write_password(database, secret, flux->id, password, fault);
    if (status == VG_OK && flux->ca_pem)
        status = write_ca(database, flux, fault);
    return status;
}

/* What the site's settings do not admit is not written, whoever asks. */
static enum vg_status check_site(struct vg_database *database, const struct vg_flux_config *flux,
                                 struct vg_fault *fault)
{
    struct vg_site *site = vg_alloc(sizeof *site);
    if (!site)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", flux->id);
    enum vg_status status = vg_site_get(database, site, fault);
    if (status == VG_OK && vg_site_judge_flux(&site->settings, flux, fault) != VG_SITE_ADMITS)
        status = VG_E_INPUT;
    vg_free(site);
    return status;
}

enum vg_status vg_config_flux_put(struct vg_database *database, const struct vg_secret *secret,
                                  struct vg_flux_config *flux, const char *password,
                                  uint64_t expected, struct vg_fault *fault)
{
    struct vg_flux_config next = *flux;
    enum vg_status status = vg_flux_check(flux, fault);
    if (status == VG_OK)
        status = vg_database_begin(database, fault);
    if (status != VG_OK)
        return status;
    next.clear_accepted = flux->clear_accepted && vg_flux_clear_wants_agreement(flux);
    status = check_site(database, &next, fault);
    if (status == VG_OK)
        status = put_flux(database, secret, &next, password, expected, fault);
    if (status == VG_OK)
        status = vg_config_flux_get(database, next.id, &next, fault);
    if (status != VG_OK) {
        vg_database_rollback(database);
        return status;
    }
    status = vg_database_commit(database, fault);
    if (status == VG_OK)
        *flux = next;
    return status;
}

/* Ends a transaction by how its work went. */
static enum vg_status finish(struct vg_database *database, enum vg_status status,
                             struct vg_fault *fault)
{
    if (status == VG_OK)
        return vg_database_commit(database, fault);
    vg_database_rollback(database);
    return status;
}

enum vg_status vg_config_flux_activate(struct vg_database *database, const char *id, bool active,
                                       struct vg_fault *fault)
{
    struct vg_flux_config flux;
    enum vg_status status = vg_database_begin(database, fault);
    if (status != VG_OK)
        return status;
    status = vg_config_flux_get(database, id, &flux, fault);
    if (status == VG_OK && flux.active != active) {
        flux.active = active;
        status = vg_sql_counter_bump(database, "config", &flux.version, fault);
        if (status == VG_OK)
            status = write_flux(database, &flux, fault);
    }
    return finish(database, status, fault);
}

static enum vg_status put_confirmation(struct vg_database *database, const char *id,
                                       uint64_t *confirmed, struct vg_fault *fault)
{
    struct vg_flux_config flux;
    struct vg_sql query = {.statement = NULL};
    enum vg_status status = vg_config_flux_get(database, id, &flux, fault);
    if (status == VG_OK)
        status = vg_sql_counter_bump(database, "config", confirmed, fault);
    if (status == VG_OK)
        status = vg_sql_begin(&query, database, "UPDATE flux SET view_confirmed = ?2 WHERE id = ?1",
                              fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, id);
        vg_sql_bind_int(&query, 2, (int64_t)*confirmed);
        status = vg_sql_run(&query);
    }
    vg_sql_end(&query);
    return status;
}

enum vg_status vg_config_view_confirm(struct vg_database *database, const char *id,
                                      uint64_t *confirmed, struct vg_fault *fault)
{
    const enum vg_status status = vg_database_begin(database, fault);
    *confirmed = 0;
    return status ? status
                  : finish(database, put_confirmation(database, id, confirmed, fault), fault);
}

enum vg_status vg_config_flux_declare(struct vg_database *database, const char *id, uint32_t milli,
                                      struct vg_fault *fault)
{
    struct vg_sql query;
    struct vg_flux_config flux;
    enum vg_status status = vg_config_flux_get(database, id, &flux, fault);
    if (status)
        return status;
    status =
        vg_sql_begin(&query, database, "UPDATE flux SET declared_milli = ?2 WHERE id = ?1", fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, id);
        vg_sql_bind_int(&query, 2, milli);
        status = vg_sql_run(&query);
    }
    vg_sql_end(&query);
    return status;
}

enum vg_status vg_config_flux_delete(struct vg_database *database, const char *id,
                                     uint64_t expected, struct vg_fault *fault)
{
    struct vg_flux_config flux;
    struct vg_sql query = {.statement = NULL};
    uint64_t version = 0;
    enum vg_status status = vg_database_begin(database, fault);
    if (status != VG_OK)
        return status;
    status = vg_config_flux_get(database, id, &flux, fault);
    if (status == VG_OK)
        status = check_base(flux.version, expected, id, fault);
    if (status == VG_OK)
        status = vg_sql_counter_bump(database, "config", &version, fault);
    if (status == VG_OK)
        status = vg_sql_begin(&query, database, "DELETE FROM flux WHERE id = ?1", fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, id);
        status = vg_sql_run(&query);
    }
    vg_sql_end(&query);
    return finish(database, status, fault);
}

enum vg_status vg_config_password(struct vg_database *database, const struct vg_secret *secret,
                                  const char *id, char text[VG_FLUX_PASSWORD_SIZE],
                                  struct vg_fault *fault)
{
    struct vg_sql query;
    text[0] = '\0';
    enum vg_status status =
        vg_sql_begin(&query, database, "SELECT password FROM flux WHERE id = ?1", fault);
    if (status != VG_OK)
        goto done;
    vg_sql_bind_text(&query, 1, id);
    status = vg_sql_next(&query);
    if (status == VG_E_END)
        status = no_flux(id, fault);
    if (status != VG_OK || sqlite3_column_type(query.statement, 0) == SQLITE_NULL)
        goto done;
    const void *box = sqlite3_column_blob(query.statement, 0);
    const size_t size = (size_t)sqlite3_column_bytes(query.statement, 0);
    size_t used = 0;
    if (vg_secret_unseal(secret, id, box, size, (uint8_t *)text, VG_FLUX_PASSWORD_SIZE - 1,
                         &used) != VG_OK)
        status = vg_fault_set(fault, VG_E_INTEGRITY,
                              N_("the password of a flux was sealed with another key"),
                              N_("give the password of this flux again"), "%s", id);
    else
        text[used] = '\0';
done:
    vg_sql_end(&query);
    return status;
}

enum vg_status vg_config_flux_ca(struct vg_database *database, const char *id, char **pem,
                                 struct vg_fault *fault)
{
    struct vg_sql query;
    *pem = NULL;
    enum vg_status status =
        vg_sql_begin(&query, database, "SELECT ca_pem FROM flux WHERE id = ?1", fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, id);
        status = vg_sql_next(&query);
    }
    if (status == VG_OK) {
        const char *text = (const char *)sqlite3_column_text(query.statement, 0);
        *pem = vg_alloc_text(text ? text : "");
        if (!*pem)
            status = vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", id);
    }
    vg_sql_end(&query);
    return status == VG_E_END ? no_flux(id, fault) : status;
}

enum vg_status vg_config_scene_get(struct vg_database *database, const char *id, char **text,
                                   size_t *size, uint64_t *version, struct vg_fault *fault)
{
    struct vg_sql query;
    *text = NULL;
    *size = 0;
    *version = 0;
    enum vg_status status = vg_sql_begin(
        &query, database, "SELECT scene, scene_version FROM flux WHERE id = ?1", fault);
    if (status != VG_OK)
        goto done;
    vg_sql_bind_text(&query, 1, id);
    status = vg_sql_next(&query);
    if (status == VG_E_END)
        status = no_flux(id, fault);
    if (status != VG_OK)
        goto done;
    const char *scene = (const char *)sqlite3_column_text(query.statement, 0);
    if (!scene) {
        status = vg_fault_set(fault, VG_E_MISSING, N_("this flux has no scene yet"),
                              N_("put one first"), "%s", id);
        goto done;
    }
    const size_t length = (size_t)sqlite3_column_bytes(query.statement, 0);
    *text = vg_alloc(length + 1);
    if (!*text) {
        status = vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", id);
        goto done;
    }
    memcpy(*text, scene, length);
    *size = length;
    *version = (uint64_t)sqlite3_column_int64(query.statement, 1);
done:
    vg_sql_end(&query);
    return status;
}

static enum vg_status put_scene(struct vg_database *database, const char *id, const char *text,
                                uint64_t expected, uint64_t *version, struct vg_fault *fault)
{
    struct vg_flux_config flux;
    struct vg_sql query = {.statement = NULL};
    enum vg_status status = vg_config_flux_get(database, id, &flux, fault);
    if (status == VG_OK)
        status = check_base(flux.scene_version, expected, id, fault);
    if (status == VG_OK)
        status = vg_sql_counter_bump(database, "config", version, fault);
    if (status == VG_OK)
        status =
            vg_sql_begin(&query, database,
                         "UPDATE flux SET scene = ?2, scene_version = ?3 WHERE id = ?1", fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, id);
        vg_sql_bind_text(&query, 2, text);
        vg_sql_bind_int(&query, 3, (int64_t)*version);
        status = vg_sql_run(&query);
    }
    vg_sql_end(&query);
    return status;
}

enum vg_status vg_config_scene_put(struct vg_database *database, const char *id, const char *text,
                                   size_t size, uint64_t expected, uint64_t *version,
                                   struct vg_fault *fault)
{
    uint64_t next = 0;
    if (size > VG_CONFIG_SCENE_MAX)
        return vg_fault_set(fault, VG_E_FULL, N_("the scene is too large"), NULL, "%s: %zu bytes",
                            id, size);
    char *copy = vg_alloc(size + 1); /* zero-ended, whatever the caller's buffer is */
    if (!copy)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", id);
    memcpy(copy, text, size);
    enum vg_status status = vg_database_begin(database, fault);
    if (status == VG_OK)
        status = finish(database, put_scene(database, id, copy, expected, &next, fault), fault);
    if (status == VG_OK && version)
        *version = next;
    vg_free(copy);
    return status;
}

/* *text given, NULL when the setting was never put. */
static enum vg_status read_setting(struct vg_database *database, const char *name, char **text,
                                   struct vg_fault *fault)
{
    struct vg_sql query;
    *text = NULL;
    enum vg_status status =
        vg_sql_begin(&query, database, "SELECT value FROM setting WHERE name = ?1", fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, name);
        status = vg_sql_next(&query);
    }
    if (status == VG_OK) {
        *text = vg_alloc_text((const char *)sqlite3_column_text(query.statement, 0));
        if (!*text)
            status = vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", name);
    }
    vg_sql_end(&query);
    return status == VG_E_END ? VG_OK : status;
}

static enum vg_status write_setting(struct vg_database *database, const char *name,
                                    const char *text, struct vg_fault *fault)
{
    struct vg_sql query = {.statement = NULL};
    uint64_t version = 0;
    enum vg_status status = vg_database_begin(database, fault);
    if (status != VG_OK)
        return status;
    status = vg_sql_counter_bump(database, "config", &version, fault);
    if (status == VG_OK)
        status =
            vg_sql_begin(&query, database, "INSERT OR REPLACE INTO setting VALUES(?1, ?2)", fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, name);
        vg_sql_bind_text(&query, 2, text);
        status = vg_sql_run(&query);
    }
    vg_sql_end(&query);
    return finish(database, status, fault);
}

static enum vg_status broken_setting(const char *name, struct vg_fault *fault)
{
    return vg_fault_set(fault, VG_E_INTEGRITY, N_("the database is damaged"),
                        N_("restore the last backup"), "%s: %s", VG_DATABASE_FILE, name);
}

static enum vg_status read_names(const json_t *array, struct vg_stop_list *list)
{
    list->count = 0;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *name = json_string_value(json_array_get(array, i));
        if (!name || vg_stop_list_set(list, name, true) != VG_OK)
            return VG_E_INTEGRITY;
    }
    return VG_OK;
}

enum vg_status vg_config_authorisation_get(struct vg_database *database,
                                           struct vg_authorisation *authorisation,
                                           struct vg_fault *fault)
{
    char *text = NULL;
    json_t *root = NULL;
    memset(authorisation, 0, sizeof *authorisation);
    enum vg_status status = read_setting(database, "authorisation", &text, fault);
    if (status != VG_OK || !text || text[0] == '\0')
        goto done;
    root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const char *reference = json_string_value(json_object_get(root, "reference"));
    const json_t *first = json_object_get(root, "first_us");
    const json_t *last = json_object_get(root, "last_us");
    if (!reference || !json_is_integer(first) || !json_is_integer(last) ||
        read_names(json_object_get(root, "flux"), &authorisation->flux) != VG_OK ||
        read_names(json_object_get(root, "events"), &authorisation->events) != VG_OK) {
        memset(authorisation, 0, sizeof *authorisation);
        status = broken_setting("authorisation", fault);
        goto done;
    }
    (void)snprintf(authorisation->reference, sizeof authorisation->reference, "%s", reference);
    authorisation->first.us = json_integer_value(first);
    authorisation->last.us = json_integer_value(last);
    authorisation->given = true;
done:
    json_decref(root);
    vg_free(text);
    return status;
}

static json_t *names_array(const struct vg_stop_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < list->count; i++)
        if (json_array_append_new(array, json_string(list->name[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

enum vg_status vg_config_authorisation_put(struct vg_database *database,
                                           const struct vg_authorisation *authorisation,
                                           struct vg_fault *fault)
{
    if (!authorisation->given)
        return write_setting(database, "authorisation", "", fault);
    if (authorisation->last.us <= authorisation->first.us)
        return vg_fault_set(fault, VG_E_INPUT, N_("the authorisation ends before it begins"),
                            N_("give a last moment after the first"), "/to");
    json_t *root = json_pack(
        "{s:s, s:I, s:I, s:o, s:o}", "reference", authorisation->reference, "first_us",
        (json_int_t)authorisation->first.us, "last_us", (json_int_t)authorisation->last.us, "flux",
        names_array(&authorisation->flux), "events", names_array(&authorisation->events));
    char *text = root ? vg_json_text(root) : NULL;
    enum vg_status status =
        text ? write_setting(database, "authorisation", text, fault)
             : vg_fault_set(fault, VG_E_INPUT, N_("a text is not UTF-8"), NULL, "/reference");
    vg_free(text);
    json_decref(root);
    return status;
}

/* A setting's text into out, which keeps its default when the setting was never put. */
static enum vg_status read_text(struct vg_database *database, const char *name, char *out,
                                size_t size, struct vg_fault *fault)
{
    char *text = NULL;
    const enum vg_status status = read_setting(database, name, &text, fault);
    if (text)
        (void)snprintf(out, size, "%s", text);
    vg_free(text);
    return status;
}

enum vg_status vg_config_site_get(struct vg_database *database, struct vg_config_site *site,
                                  struct vg_fault *fault)
{
    char phase[16] = "setup";
    *site = (struct vg_config_site){.model = "nanodet-g", .node = "a1"};
    enum vg_status status = read_text(database, "phase", phase, sizeof phase, fault);
    if (status == VG_OK)
        status = read_text(database, "model", site->model, sizeof site->model, fault);
    if (status == VG_OK)
        status = read_text(database, "node", site->node, sizeof site->node, fault);
    if (status == VG_OK && vg_phase_parse(phase, &site->phase) != 0)
        status = broken_setting("phase", fault);
    return status;
}

enum vg_status vg_config_site_put(struct vg_database *database, const struct vg_config_site *site,
                                  struct vg_fault *fault)
{
    if (!vg_flux_id_valid(site->node))
        return vg_fault_set(fault, VG_E_INPUT, N_("a node cannot have this name"),
                            N_("use 1 to 63 letters, digits, '-', '_' or '.'"), "/node");
    if (site->model[0] == '\0' || has_control(site->model))
        return vg_fault_set(fault, VG_E_INPUT, N_("a model cannot have this name"), NULL, "/model");
    enum vg_status status = vg_database_begin(database, fault);
    if (status != VG_OK)
        return status;
    status = write_setting(database, "phase", vg_phase_name(site->phase), fault);
    if (status == VG_OK)
        status = write_setting(database, "model", site->model, fault);
    if (status == VG_OK)
        status = write_setting(database, "node", site->node, fault);
    return finish(database, status, fault);
}
