/* Opening, migrating and transactions of the one database file; and the statement helpers of
 * sql.h. The schema stands here in one place, a step per version. */
#include "src/store/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/text.h"
#include "src/store/site.h"
#include "src/store/sql.h"

#define BUSY_MS  5000
#define NEST_MAX 8

struct vg_database {
    sqlite3 *handle;
    int depth; /* of open transactions */
    char folder[512];
};

/* Version by version: running them in order makes any older file a present one. A step that was
 * once released is never changed. then: what SQL alone cannot do, in the same transaction; NULL:
 * nothing. */
static const char step_1[] =
    "CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "INSERT INTO counter VALUES('config', 1), ('change', 0);"
    "CREATE TABLE setting(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"

    "CREATE TABLE flux("
    "  id TEXT PRIMARY KEY, label TEXT NOT NULL, url TEXT NOT NULL, user TEXT NOT NULL,"
    "  password BLOB, transport TEXT NOT NULL, rate_fps REAL NOT NULL,"
    "  priority INTEGER NOT NULL, active INTEGER NOT NULL, version INTEGER NOT NULL,"
    "  scene TEXT, scene_version INTEGER NOT NULL DEFAULT 0"
    ") WITHOUT ROWID;"

    "CREATE TABLE account("
    "  name TEXT PRIMARY KEY, role TEXT NOT NULL, hash TEXT NOT NULL,"
    "  created_us INTEGER NOT NULL, changed_us INTEGER NOT NULL, generation INTEGER NOT NULL"
    ") WITHOUT ROWID;"

    "CREATE TABLE alert("
    "  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, key TEXT NOT NULL UNIQUE,"
    "  flux TEXT NOT NULL, event TEXT NOT NULL, rule TEXT NOT NULL, severity TEXT NOT NULL,"
    "  time_us INTEGER NOT NULL, json TEXT NOT NULL, picture TEXT,"
    "  state TEXT NOT NULL DEFAULT 'new', comment TEXT, judged_by TEXT, judged_us INTEGER,"
    "  change INTEGER NOT NULL UNIQUE"
    ");"
    "CREATE INDEX alert_time ON alert(time_us DESC, id DESC);"
    "CREATE INDEX alert_flux ON alert(flux, time_us DESC, id DESC);"
    "CREATE TABLE alert_refused("
    "  digest TEXT PRIMARY KEY, time_us INTEGER NOT NULL, reason TEXT NOT NULL,"
    "  alert BLOB NOT NULL, picture BLOB"
    ") WITHOUT ROWID;"

    "CREATE TABLE audit("
    "  seq INTEGER PRIMARY KEY, time_us INTEGER NOT NULL, who TEXT NOT NULL, origin TEXT NOT NULL,"
    "  what TEXT NOT NULL, object TEXT NOT NULL, result TEXT NOT NULL, hash TEXT NOT NULL"
    ");"
    "CREATE TABLE audit_head(only INTEGER PRIMARY KEY CHECK(only = 1), seq INTEGER NOT NULL,"
    "  hash TEXT NOT NULL);"
    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit"
    "  BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;"
    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit"
    "  BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;"
    "CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit"
    "  WHEN EXISTS(SELECT 1 FROM audit WHERE seq >= NEW.seq)"
    "  BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;";

/* The site's settings, and what a flux has more since they are there. */
static const char step_2[] =
    "CREATE TABLE site(only INTEGER PRIMARY KEY CHECK(only = 1), version INTEGER NOT NULL,"
    "  json TEXT NOT NULL, client_key BLOB);"
    "INSERT INTO site VALUES(1, 1, '{}', NULL);"
    "ALTER TABLE flux ADD COLUMN tls_name TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE flux ADD COLUMN ca_pem TEXT;"
    "ALTER TABLE flux ADD COLUMN evidence_url TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE flux ADD COLUMN interface TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE flux ADD COLUMN clear_accepted INTEGER NOT NULL DEFAULT 0;";

/* Versions of the configuration: of the address, and of the last confirmation of the view. */
static const char step_3[] =
    "ALTER TABLE flux ADD COLUMN view_source INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE flux ADD COLUMN view_confirmed INTEGER NOT NULL DEFAULT 0;";

/* The clip of an alert, and why there is none. Alerts of before have none. */
static const char step_4[] = "ALTER TABLE alert ADD COLUMN clip TEXT;"
                             "ALTER TABLE alert ADD COLUMN clip_missing TEXT;"
                             "UPDATE alert SET clip_missing = 'too_late';"
                             "CREATE INDEX alert_clip_due ON alert(time_us)"
                             "  WHERE clip IS NULL AND clip_missing IS NULL;";

/* What a picture was admitted with; nothing was declared for the flux of before. */
static const char step_5[] =
    "ALTER TABLE flux ADD COLUMN declared_milli INTEGER NOT NULL DEFAULT 0;";

static const struct {
    const char *sql;
    enum vg_status (*then)(struct vg_database *database, struct vg_fault *fault);
} migrations[VG_DATABASE_VERSION] = {
    {step_1, NULL}, {step_2, vg_site_adopt}, {step_3, NULL}, {step_4, NULL}, {step_5, NULL},
};

static enum vg_status sql_fault(struct vg_database *database, int code, struct vg_fault *fault)
{
    const char *words = database->handle ? sqlite3_errmsg(database->handle) : sqlite3_errstr(code);
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return vg_fault_set(fault, VG_E_TIMEOUT, N_("the database is held by another process"),
                            N_("try again; if it lasts, look for a stuck process"), "%s/%s",
                            database->folder, VG_DATABASE_FILE);
    case SQLITE_FULL:
        return vg_fault_set(fault, VG_E_LACK, N_("the disk is full"),
                            N_("free some space on the disk of the data folder"), "%s/%s",
                            database->folder, VG_DATABASE_FILE);
    case SQLITE_NOMEM:
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s/%s",
                            database->folder, VG_DATABASE_FILE);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return vg_fault_set(fault, VG_E_INTEGRITY, N_("the database is damaged"),
                            N_("restore the last backup"), "%s/%s: %s", database->folder,
                            VG_DATABASE_FILE, words);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
        return vg_fault_set(fault, VG_E_LACK, N_("the database cannot be opened or written"),
                            N_("check the owner and the rights of the data folder"), "%s/%s: %s",
                            database->folder, VG_DATABASE_FILE, words);
    default:
        return vg_fault_set(fault, VG_E_IO, N_("the database failed"), NULL, "%s/%s: %s",
                            database->folder, VG_DATABASE_FILE, words);
    }
}

enum vg_status vg_sql_do(struct vg_database *database, const char *sql, struct vg_fault *fault)
{
    const int code = sqlite3_exec(database->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? VG_OK : sql_fault(database, code, fault);
}

enum vg_status vg_sql_begin(struct vg_sql *query, struct vg_database *database, const char *sql,
                            struct vg_fault *fault)
{
    *query = (struct vg_sql){.database = database, .fault = fault, .bound = SQLITE_OK};
    const int code = sqlite3_prepare_v2(database->handle, sql, -1, &query->statement, NULL);
    return code == SQLITE_OK ? VG_OK : sql_fault(database, code, fault);
}

void vg_sql_end(struct vg_sql *query)
{
    if (query->statement)
        (void)sqlite3_finalize(query->statement);
    query->statement = NULL;
}

static void keep_bound(struct vg_sql *query, int code)
{
    if (query->bound == SQLITE_OK)
        query->bound = code;
}

void vg_sql_bind_text(struct vg_sql *query, int index, const char *text)
{
    keep_bound(query, text ? sqlite3_bind_text(query->statement, index, text, -1, SQLITE_STATIC)
                           : sqlite3_bind_null(query->statement, index));
}

void vg_sql_bind_bytes(struct vg_sql *query, int index, const void *data, size_t size)
{
    keep_bound(query, data ? sqlite3_bind_blob64(query->statement, index, data, size, SQLITE_STATIC)
                           : sqlite3_bind_null(query->statement, index));
}

void vg_sql_bind_int(struct vg_sql *query, int index, int64_t value)
{
    keep_bound(query, sqlite3_bind_int64(query->statement, index, value));
}

void vg_sql_bind_real(struct vg_sql *query, int index, double value)
{
    keep_bound(query, sqlite3_bind_double(query->statement, index, value));
}

enum vg_status vg_sql_next(struct vg_sql *query)
{
    if (query->bound != SQLITE_OK)
        return sql_fault(query->database, query->bound, query->fault);
    const int code = sqlite3_step(query->statement);
    if (code == SQLITE_ROW)
        return VG_OK;
    return code == SQLITE_DONE ? VG_E_END : sql_fault(query->database, code, query->fault);
}

enum vg_status vg_sql_run(struct vg_sql *query)
{
    const enum vg_status status = vg_sql_next(query);
    return status == VG_E_END ? VG_OK : status;
}

void vg_sql_column_text(const struct vg_sql *query, int column, char *out, size_t size)
{
    const unsigned char *text = sqlite3_column_text(query->statement, column);
    size_t n = text ? (size_t)sqlite3_column_bytes(query->statement, column) : 0;
    if (n >= size)
        for (n = size - 1; n > 0 && (text[n] & 0xc0) == 0x80;)
            n--;
    if (n > 0)
        memcpy(out, text, n);
    out[n] = '\0';
}

int vg_sql_changes(const struct vg_database *database)
{
    return sqlite3_changes(database->handle);
}

enum vg_status vg_sql_counter(struct vg_database *database, const char *name, uint64_t *value,
                              struct vg_fault *fault)
{
    struct vg_sql query;
    enum vg_status status =
        vg_sql_begin(&query, database, "SELECT value FROM counter WHERE name = ?1", fault);
    if (status != VG_OK)
        goto done;
    vg_sql_bind_text(&query, 1, name);
    status = vg_sql_next(&query);
    if (status == VG_OK)
        *value = (uint64_t)sqlite3_column_int64(query.statement, 0);
    else if (status == VG_E_END)
        status = vg_fault_set(fault, VG_E_INTEGRITY, N_("the database is damaged"),
                              N_("restore the last backup"), "%s/%s: counter %s", database->folder,
                              VG_DATABASE_FILE, name);
done:
    vg_sql_end(&query);
    return status;
}

enum vg_status vg_sql_counter_bump(struct vg_database *database, const char *name, uint64_t *value,
                                   struct vg_fault *fault)
{
    struct vg_sql query;
    enum vg_status status = vg_sql_begin(
        &query, database, "UPDATE counter SET value = value + 1 WHERE name = ?1", fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, name);
        status = vg_sql_run(&query);
    }
    vg_sql_end(&query);
    return status == VG_OK ? vg_sql_counter(database, name, value, fault) : status;
}

const char *vg_database_folder(const struct vg_database *database)
{
    return database->folder;
}

enum vg_status vg_database_begin(struct vg_database *database, struct vg_fault *fault)
{
    if (database->depth >= NEST_MAX)
        return vg_fault_set(fault, VG_E_STATE, N_("too many nested transactions"), NULL, "%d",
                            database->depth);
    char sql[32] = "BEGIN IMMEDIATE";
    if (database->depth > 0)
        (void)snprintf(sql, sizeof sql, "SAVEPOINT s%d", database->depth);
    const enum vg_status status = vg_sql_do(database, sql, fault);
    if (status == VG_OK)
        database->depth++;
    return status;
}

enum vg_status vg_database_commit(struct vg_database *database, struct vg_fault *fault)
{
    char sql[32] = "COMMIT";
    if (database->depth > 1)
        (void)snprintf(sql, sizeof sql, "RELEASE s%d", database->depth - 1);
    const enum vg_status status = vg_sql_do(database, sql, fault);
    if (status != VG_OK) {
        vg_database_rollback(database); /* nothing half-done stays open */
        return status;
    }
    database->depth--;
    return VG_OK;
}

void vg_database_rollback(struct vg_database *database)
{
    if (database->depth == 0)
        return;
    char sql[48] = "ROLLBACK";
    database->depth--;
    if (database->depth > 0)
        (void)snprintf(sql, sizeof sql, "ROLLBACK TO s%d; RELEASE s%d", database->depth,
                       database->depth);
    /* SQLite itself rolls the whole transaction back after some failures (disk full): then
     * there is nothing left to do here. */
    if (sqlite3_get_autocommit(database->handle) == 0)
        (void)sqlite3_exec(database->handle, sql, NULL, NULL, NULL);
}

static enum vg_status read_version(struct vg_database *database, int *version,
                                   struct vg_fault *fault)
{
    struct vg_sql query;
    enum vg_status status = vg_sql_begin(&query, database, "PRAGMA user_version", fault);
    if (status == VG_OK)
        status = vg_sql_next(&query);
    if (status == VG_OK)
        *version = sqlite3_column_int(query.statement, 0);
    vg_sql_end(&query);
    return status;
}

static enum vg_status migrate(struct vg_database *database, struct vg_fault *fault)
{
    int version = 0;
    enum vg_status status = read_version(database, &version, fault);
    if (status != VG_OK || version == VG_DATABASE_VERSION)
        return status;
    status = vg_database_begin(database, fault);
    if (status != VG_OK)
        return status;
    status = read_version(database, &version, fault); /* another may have been quicker */
    if (status == VG_OK && (version < 0 || version > VG_DATABASE_VERSION))
        status = vg_fault_set(
            fault, VG_E_INTEGRITY, N_("the database was written by a newer version of Vigie"),
            N_("install that version, or restore an older backup"), "%s/%s: %d > %d",
            database->folder, VG_DATABASE_FILE, version, VG_DATABASE_VERSION);
    for (; status == VG_OK && version < VG_DATABASE_VERSION; version++) {
        status = vg_sql_do(database, migrations[version].sql, fault);
        if (status == VG_OK && migrations[version].then)
            status = migrations[version].then(database, fault);
    }
    char sql[48];
    (void)snprintf(sql, sizeof sql, "PRAGMA user_version = %d", VG_DATABASE_VERSION);
    if (status == VG_OK)
        status = vg_sql_do(database, sql, fault);
    if (status == VG_OK)
        return vg_database_commit(database, fault);
    vg_database_rollback(database);
    return status;
}

static enum vg_status open_file(struct vg_database *database, const char *path,
                                enum vg_database_mode mode, struct vg_fault *fault)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    if (mode == VG_DATABASE_CREATE)
        flags |= SQLITE_OPEN_CREATE;
    if (mode == VG_DATABASE_CREATE) { /* SQLite would make it readable by all */
        const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd >= 0)
            (void)close(fd);
    }
    const int code = sqlite3_open_v2(path, &database->handle, flags, NULL);
    enum vg_status status = code == SQLITE_OK ? VG_OK : sql_fault(database, code, fault);
    if (status == VG_OK) {
        (void)sqlite3_extended_result_codes(database->handle, 1);
        (void)sqlite3_busy_timeout(database->handle, BUSY_MS);
        (void)sqlite3_db_config(database->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        status = vg_sql_do(database,
                           "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                           "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
                           "PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 16777216;"
                           "PRAGMA cache_size = -128" /* KiB: several handles, small rows */,
                           fault);
    }
    return status;
}

enum vg_status vg_database_open(struct vg_database **database, const char *data,
                                enum vg_database_mode mode, struct vg_fault *fault)
{
    *database = NULL;
    char path[640];
    struct vg_database *opened = vg_alloc(sizeof *opened);
    enum vg_status status = VG_OK;
    if (!opened)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", data);
    const int length = snprintf(opened->folder, sizeof opened->folder, "%s", data);
    if (length < 0 || (size_t)length >= sizeof opened->folder) {
        status = vg_fault_set(fault, VG_E_INPUT, N_("the path of the data folder is too long"),
                              N_("choose a shorter one"), "%s", data);
        goto done;
    }
    (void)snprintf(path, sizeof path, "%s/%s", data, VG_DATABASE_FILE);
    if (mode == VG_DATABASE_CREATE)
        status = vg_folder_make(data, fault);
    else if (!vg_file_exists(path))
        status = vg_fault_set(fault, VG_E_MISSING, N_("there is no database"),
                              N_("run `vigie admin init` first"), "%s", path);
    if (status == VG_OK)
        status = open_file(opened, path, mode, fault);
    if (status == VG_OK)
        status = migrate(opened, fault);
done:
    if (status != VG_OK)
        vg_database_close(&opened);
    *database = opened;
    return status;
}

void vg_database_close(struct vg_database **database)
{
    if (!*database)
        return;
    (void)sqlite3_close_v2((*database)->handle);
    vg_free(*database);
    *database = NULL;
}

enum vg_status vg_database_check(struct vg_database *database, struct vg_fault *fault)
{
    struct vg_sql query;
    char words[256] = "";
    enum vg_status status = vg_sql_begin(&query, database, "PRAGMA quick_check(1)", fault);
    if (status == VG_OK)
        status = vg_sql_next(&query);
    if (status == VG_OK)
        vg_sql_column_text(&query, 0, words, sizeof words);
    vg_sql_end(&query);
    if (status == VG_OK && strcmp(words, "ok") != 0)
        status = vg_fault_set(fault, VG_E_INTEGRITY, N_("the database is damaged"),
                              N_("restore the last backup"), "%s/%s: %s", database->folder,
                              VG_DATABASE_FILE, words);
    return status;
}
