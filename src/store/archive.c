/* Alerts in SQLite, their pictures as files. What a row's columns hold is taken out of the
 * alert's own JSON, once, when it is put in; the JSON stays as it came, and gets the state and the
 * verdict of now when it is read. */
#include "src/store/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/file.h"
#include "src/base/json.h"
#include "src/base/sha256.h"
#include "src/base/text.h"
#include "src/store/sql.h"

#define KEY_SIZE     80
#define PICTURE_SIZE 96 /* "pictures/YYYY-MM/ID.jpg" */
#define PATH_SIZE    640
#define PAGE_DEFAULT 50

/* What is taken out of an alert to be put in. */
struct entry {
    char id[VG_ARCHIVE_ID_SIZE], key[KEY_SIZE];
    char flux[VG_ARCHIVE_NAME_SIZE], event[VG_ARCHIVE_NAME_SIZE], rule[VG_ARCHIVE_NAME_SIZE];
    char severity[VG_ARCHIVE_NAME_SIZE];
    struct vg_wall_time time;
    char picture[PICTURE_SIZE]; /* relative path, "" if none */
    const char *wrong;          /* NULL, or the field that is not an alert's */
};

static bool id_valid(const char *id)
{
    const size_t n = strlen(id);
    return n > 0 && n < VG_ARCHIVE_ID_SIZE &&
           strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == n;
}

static bool take_text(const json_t *root, const char *name, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(root, name));
    const size_t n = text ? strlen(text) : 0;
    if (n == 0 || n >= size)
        return false;
    memcpy(out, text, n + 1);
    return true;
}

static void name_picture(struct entry *entry)
{
    struct tm date;
    const time_t seconds = (time_t)(entry->time.us / VG_US_PER_S);
    if (!gmtime_r(&seconds, &date))
        date = (struct tm){.tm_year = 70};
    (void)snprintf(entry->picture, sizeof entry->picture, "pictures/%04u-%02u/%s.jpg",
                   (unsigned)(date.tm_year + 1900) % 10000, (unsigned)(date.tm_mon + 1) % 100,
                   entry->id);
}

/* Fills *entry; entry->wrong says what is missing. Pure. */
static void read_entry(const struct vg_archive_item *item, struct entry *entry)
{
    *entry = (struct entry){.wrong = NULL};
    json_t *root = item->alert_size <= VG_ARCHIVE_ALERT_MAX
                       ? json_loadb(item->alert, item->alert_size, JSON_REJECT_DUPLICATES, NULL)
                       : NULL;
    const char *time = json_string_value(json_object_get(root, "time"));
    const struct {
        const char *name;
        char *out;
        size_t size;
    } texts[] = {
        {"id", entry->id, sizeof entry->id},
        {"key", entry->key, sizeof entry->key},
        {"flux", entry->flux, sizeof entry->flux},
        {"event", entry->event, sizeof entry->event},
        {"rule", entry->rule, sizeof entry->rule},
        {"severity", entry->severity, sizeof entry->severity},
    };
    if (!json_is_object(root))
        entry->wrong = "JSON";
    for (size_t i = 0; !entry->wrong && i < sizeof texts / sizeof *texts; i++)
        if (!take_text(root, texts[i].name, texts[i].out, texts[i].size))
            entry->wrong = texts[i].name;
    if (!entry->wrong && !id_valid(entry->id))
        entry->wrong = "id";
    if (!entry->wrong && (!time || vg_wall_parse(time, &entry->time) != 0))
        entry->wrong = "time";
    if (!entry->wrong && item->picture_size > VG_ARCHIVE_PICTURE_MAX)
        entry->wrong = "picture";
    if (!entry->wrong && item->picture && item->picture_size > 0)
        name_picture(entry);
    json_decref(root);
}

static enum vg_status find_known(struct vg_database *database, const struct entry *entry,
                                 bool *known, struct vg_fault *fault)
{
    struct vg_sql query;
    enum vg_status status = vg_sql_begin(&query, database,
                                         "SELECT 1 FROM alert WHERE id = ?1 UNION ALL "
                                         "SELECT 1 FROM alert WHERE key = ?2 LIMIT 1",
                                         fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, entry->id);
        vg_sql_bind_text(&query, 2, entry->key);
        status = vg_sql_next(&query);
    }
    *known = status == VG_OK;
    vg_sql_end(&query);
    return status == VG_E_END ? VG_OK : status;
}

static enum vg_status sync_folder(const char *path, struct vg_fault *fault)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int bad = fd < 0 || fsync(fd) != 0;
    if (fd >= 0)
        (void)close(fd);
    return bad ? vg_fault_set(fault, VG_E_IO, N_("a folder could not be written"), NULL, "%s", path)
               : VG_OK;
}

/* The month's folder, whose name must be on disk before what is put into it counts. */
static enum vg_status make_month(struct vg_database *database, const char *month,
                                 struct vg_fault *fault)
{
    char top[PATH_SIZE];
    if (vg_file_exists(month))
        return VG_OK;
    (void)snprintf(top, sizeof top, "%s/pictures", vg_database_folder(database));
    enum vg_status status = vg_folder_make(month, fault);
    if (status == VG_OK)
        status = sync_folder(top, fault);
    if (status == VG_OK)
        status = sync_folder(vg_database_folder(database), fault);
    return status;
}

static enum vg_status write_picture(struct vg_database *database, const struct entry *entry,
                                    const struct vg_archive_item *item, struct vg_fault *fault)
{
    char path[PATH_SIZE], month[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/%s", vg_database_folder(database), entry->picture);
    (void)snprintf(month, sizeof month, "%s/%.16s", vg_database_folder(database), entry->picture);
    const enum vg_status status = make_month(database, month, fault);
    if (status != VG_OK)
        return status;
    return vg_file_write(path, item->picture, item->picture_size, 0600, VG_FILE_SYNCED, fault);
}

static enum vg_status insert_alert(struct vg_database *database, const struct entry *entry,
                                   const struct vg_archive_item *item, struct vg_fault *fault)
{
    struct vg_sql query = {.statement = NULL};
    uint64_t change = 0;
    enum vg_status status = vg_sql_counter_bump(database, "change", &change, fault);
    if (status == VG_OK)
        status = vg_sql_begin(&query, database,
                              "INSERT INTO alert(id, key, flux, event, rule, severity, time_us,"
                              " json, picture, change)"
                              " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, CAST(?8 AS TEXT), ?9, ?10)",
                              fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, entry->id);
        vg_sql_bind_text(&query, 2, entry->key);
        vg_sql_bind_text(&query, 3, entry->flux);
        vg_sql_bind_text(&query, 4, entry->event);
        vg_sql_bind_text(&query, 5, entry->rule);
        vg_sql_bind_text(&query, 6, entry->severity);
        vg_sql_bind_int(&query, 7, entry->time.us);
        vg_sql_bind_bytes(&query, 8, item->alert, item->alert_size);
        vg_sql_bind_text(&query, 9, entry->picture[0] ? entry->picture : NULL);
        vg_sql_bind_int(&query, 10, (int64_t)change);
        status = vg_sql_run(&query);
    }
    vg_sql_end(&query);
    return status;
}

static enum vg_status insert_refused(struct vg_database *database, const struct entry *entry,
                                     const struct vg_archive_item *item, struct vg_fault *fault)
{
    struct vg_sql query;
    uint8_t digest[VG_SHA256_BYTES];
    char text[VG_SHA256_TEXT];
    vg_sha256(item->alert, item->alert_size, digest);
    vg_sha256_text(digest, text);
    enum vg_status status = vg_sql_begin(
        &query, database, "INSERT OR IGNORE INTO alert_refused VALUES(?1, ?2, ?3, ?4, ?5)", fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, text);
        vg_sql_bind_int(&query, 2, vg_wall_now().us);
        vg_sql_bind_text(&query, 3, entry->wrong);
        vg_sql_bind_bytes(&query, 4, item->alert ? item->alert : "", item->alert_size);
        vg_sql_bind_bytes(&query, 5, item->picture, item->picture_size);
        status = vg_sql_run(&query);
    }
    vg_sql_end(&query);
    return status;
}

static enum vg_status insert_item(struct vg_database *database, const struct entry *entry,
                                  const struct vg_archive_item *item, enum vg_archive_fate *fate,
                                  struct vg_fault *fault)
{
    bool known = false;
    if (entry->wrong) {
        *fate = VG_ARCHIVE_REFUSED;
        return insert_refused(database, entry, item, fault);
    }
    const enum vg_status status = find_known(database, entry, &known, fault);
    *fate = known ? VG_ARCHIVED_BEFORE : VG_ARCHIVED_NOW;
    return status != VG_OK || known ? status : insert_alert(database, entry, item, fault);
}

static enum vg_status insert_all(struct vg_database *database, const struct entry *entries,
                                 const struct vg_archive_item *items, size_t count,
                                 enum vg_archive_fate *fates, struct vg_fault *fault)
{
    enum vg_status status = vg_database_begin(database, fault);
    if (status != VG_OK)
        return status;
    for (size_t i = 0; status == VG_OK && i < count; i++)
        status = insert_item(database, &entries[i], &items[i], &fates[i], fault);
    if (status == VG_OK)
        return vg_database_commit(database, fault);
    vg_database_rollback(database);
    return status;
}

/* A picture whose alert turned out to be a double under another id: of no use to anyone. */
static void drop_orphan(struct vg_database *database, const struct entry *entry)
{
    char path[PATH_SIZE];
    struct vg_sql query;
    if (vg_sql_begin(&query, database, "SELECT 1 FROM alert WHERE id = ?1", NULL) == VG_OK) {
        vg_sql_bind_text(&query, 1, entry->id);
        if (vg_sql_next(&query) == VG_E_END) {
            (void)snprintf(path, sizeof path, "%s/%s", vg_database_folder(database),
                           entry->picture);
            (void)unlink(path);
        }
    }
    vg_sql_end(&query);
}

enum vg_status vg_archive_put(struct vg_database *database, const struct vg_archive_item *items,
                              size_t count, enum vg_archive_fate *fates, struct vg_fault *fault)
{
    enum vg_status status = VG_OK;
    if (count == 0)
        return VG_OK;
    struct entry *entries = vg_alloc_array(count, sizeof *entries);
    if (!entries)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "archive");
    for (size_t i = 0; status == VG_OK && i < count; i++) {
        bool known = false;
        read_entry(&items[i], &entries[i]);
        if (!entries[i].picture[0])
            continue;
        status = find_known(database, &entries[i], &known, fault);
        if (status == VG_OK && !known) /* before the write lock: a sync takes its time */
            status = write_picture(database, &entries[i], &items[i], fault);
    }
    if (status == VG_OK)
        status = insert_all(database, entries, items, count, fates, fault);
    for (size_t i = 0; status == VG_OK && i < count; i++)
        if (fates[i] == VG_ARCHIVED_BEFORE && entries[i].picture[0])
            drop_orphan(database, &entries[i]);
    vg_free(entries);
    return status;
}

#define ROW_COLUMNS                                                                                \
    "id, flux, event, rule, severity, state, time_us, change, picture IS NOT NULL, json, comment," \
    " judged_by, judged_us, clip IS NOT NULL, clip_missing"

/* What there is of the clip now; the one who raised the alert could not know. */
static void present_clip(const struct vg_sql *query, json_t *root)
{
    json_t *evidence = json_object_get(root, "evidence");
    const char *missing = (const char *)sqlite3_column_text(query->statement, 14);
    const bool there = sqlite3_column_int(query->statement, 13) != 0;
    if (!json_is_object(evidence))
        return;
    (void)json_object_set_new(evidence, "clip", json_boolean(there));
    if (missing && !there)
        (void)json_object_set_new(evidence, "clip_missing", json_string(missing));
}

/* The alert as it stands now: its JSON with state and verdict. NULL without memory. */
static char *present_json(const struct vg_sql *query, const struct vg_archive_row *row)
{
    const char *json = (const char *)sqlite3_column_text(query->statement, 9);
    char at[40];
    json_t *root = json ? json_loads(json, 0, NULL) : NULL;
    if (!json_is_object(root)) {
        json_decref(root);
        root = json_object(); /* a damaged row is shown by its columns rather than not at all */
        (void)json_object_set_new(root, "id", json_string(row->id));
    }
    (void)json_object_set_new(root, "state", json_string(row->state));
    present_clip(query, root);
    if (row->judged) {
        const char *comment = (const char *)sqlite3_column_text(query->statement, 10);
        const char *by = (const char *)sqlite3_column_text(query->statement, 11);
        vg_wall_format((struct vg_wall_time){sqlite3_column_int64(query->statement, 12)}, at,
                       sizeof at);
        (void)json_object_set_new(root, "verdict",
                                  json_pack("{s:s, s:s, s:s, s:s}", "state", row->state, "comment",
                                            comment ? comment : "", "by", by ? by : "", "at", at));
    } else {
        (void)json_object_set_new(root, "verdict", json_null());
    }
    char *text = vg_json_text(root);
    json_decref(root);
    return text;
}

static enum vg_status read_archived(const struct vg_sql *query, struct vg_archive_row *row,
                                    struct vg_fault *fault)
{
    vg_sql_column_text(query, 0, row->id, sizeof row->id);
    vg_sql_column_text(query, 1, row->flux, sizeof row->flux);
    vg_sql_column_text(query, 2, row->event, sizeof row->event);
    vg_sql_column_text(query, 3, row->rule, sizeof row->rule);
    vg_sql_column_text(query, 4, row->severity, sizeof row->severity);
    vg_sql_column_text(query, 5, row->state, sizeof row->state);
    row->time.us = sqlite3_column_int64(query->statement, 6);
    row->change = (uint64_t)sqlite3_column_int64(query->statement, 7);
    row->has_picture = sqlite3_column_int(query->statement, 8) != 0;
    row->judged = strcmp(row->state, "new") != 0;
    row->json = present_json(query, row);
    return row->json ? VG_OK
                     : vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "%s", row->id);
}

void vg_archive_rows_free(struct vg_archive_row **rows, size_t count)
{
    for (size_t i = 0; *rows && i < count; i++)
        vg_free((*rows)[i].json);
    vg_free(*rows);
    *rows = NULL;
}

/* Runs a bound query and gives its rows, at most room. */
static enum vg_status collect(struct vg_sql *query, size_t room, struct vg_archive_row **rows,
                              size_t *count, struct vg_fault *fault)
{
    enum vg_status status = VG_OK;
    size_t n = 0;
    struct vg_archive_row *list = vg_alloc_array(room, sizeof *list);
    if (!list)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "archive");
    while (status == VG_OK && n < room && (status = vg_sql_next(query)) == VG_OK)
        status = read_archived(query, &list[n++], fault);
    if (status == VG_E_END)
        status = VG_OK;
    if (status != VG_OK || n == 0) {
        vg_archive_rows_free(&list, n);
        n = 0;
    }
    *rows = list;
    *count = n;
    return status;
}

struct cursor {
    int64_t time_us;
    char id[VG_ARCHIVE_ID_SIZE];
};

static bool parse_cursor(const char *text, struct cursor *cursor)
{
    char *end = NULL;
    errno = 0;
    cursor->time_us = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '.' || !id_valid(end + 1))
        return false;
    (void)snprintf(cursor->id, sizeof cursor->id, "%s", end + 1);
    return true;
}

static bool one_of(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

static enum vg_status check_filter(const struct vg_archive_filter *filter, struct cursor *cursor,
                                   struct vg_fault *fault)
{
    static const char *const states[] = {"new", "seen", "confirmed", "refuted", NULL};
    static const char *const severities[] = {"low", "medium", "high", NULL};
    const char *wrong = NULL;
    if (filter->state && !one_of(states, filter->state))
        wrong = "state";
    if (filter->severity && !one_of(severities, filter->severity))
        wrong = "severity";
    if (filter->limit > VG_ARCHIVE_PAGE_MAX)
        wrong = "limit";
    if (filter->after && !parse_cursor(filter->after, cursor))
        wrong = "after";
    return wrong ? vg_fault_set(fault, VG_E_CALL, N_("a filter has a value that cannot be"), NULL,
                                "%s", wrong)
                 : VG_OK;
}

enum vg_status vg_archive_list(struct vg_database *database, const struct vg_archive_filter *filter,
                               struct vg_archive_row **rows, size_t *count,
                               char next[VG_ARCHIVE_CURSOR_SIZE], struct vg_fault *fault)
{
    struct cursor cursor = {.time_us = INT64_MAX, .id = "~"}; /* '~' sorts after every id */
    const uint32_t limit = filter->limit ? filter->limit : PAGE_DEFAULT;
    const struct {
        const char *clause, *value;
    } texts[] = {
        {" AND flux = ?5", filter->flux},   {" AND event = ?6", filter->event},
        {" AND rule = ?7", filter->rule},   {" AND severity = ?8", filter->severity},
        {" AND state = ?9", filter->state},
    };
    char sql[640];
    struct vg_sql query = {.statement = NULL};
    *rows = NULL;
    *count = 0;
    next[0] = '\0';
    enum vg_status status = check_filter(filter, &cursor, fault);
    if (status != VG_OK)
        return status;
    size_t n = (size_t)snprintf(sql, sizeof sql, "%s",
                                "SELECT " ROW_COLUMNS " FROM alert WHERE (time_us, id) < (?1, ?2)"
                                " AND time_us >= ?3 AND time_us < ?4");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].value)
            n += (size_t)snprintf(sql + n, sizeof sql - n, "%s", texts[i].clause);
    (void)snprintf(sql + n, sizeof sql - n, "%s", " ORDER BY time_us DESC, id DESC LIMIT ?10");
    status = vg_sql_begin(&query, database, sql, fault);
    if (status != VG_OK)
        goto done;
    vg_sql_bind_int(&query, 1, cursor.time_us);
    vg_sql_bind_text(&query, 2, cursor.id);
    vg_sql_bind_int(&query, 3, filter->from.us ? filter->from.us : INT64_MIN);
    vg_sql_bind_int(&query, 4, filter->to.us ? filter->to.us : INT64_MAX);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].value)
            vg_sql_bind_text(&query, (int)i + 5, texts[i].value);
    vg_sql_bind_int(&query, 10, (int64_t)limit + 1); /* one more: is there a next page? */
    status = collect(&query, (size_t)limit + 1, rows, count, fault);
    if (status == VG_OK && *count > limit) {
        const struct vg_archive_row *last = &(*rows)[limit - 1];
        (void)snprintf(next, VG_ARCHIVE_CURSOR_SIZE, "%lld.%s", (long long)last->time.us, last->id);
        vg_free((*rows)[limit].json);
        *count = limit;
    }
done:
    vg_sql_end(&query);
    return status;
}

enum vg_status vg_archive_changes(struct vg_database *database, uint64_t after, uint32_t limit,
                                  struct vg_archive_row **rows, size_t *count,
                                  struct vg_fault *fault)
{
    struct vg_sql query;
    const uint32_t most = limit == 0 || limit > VG_ARCHIVE_PAGE_MAX ? VG_ARCHIVE_PAGE_MAX : limit;
    *rows = NULL;
    *count = 0;
    enum vg_status status = vg_sql_begin(
        &query, database,
        "SELECT " ROW_COLUMNS " FROM alert WHERE change > ?1 ORDER BY change LIMIT ?2", fault);
    if (status == VG_OK) {
        vg_sql_bind_int(&query, 1, after > INT64_MAX ? INT64_MAX : (int64_t)after);
        vg_sql_bind_int(&query, 2, most);
        status = collect(&query, most, rows, count, fault);
    }
    vg_sql_end(&query);
    return status;
}

enum vg_status vg_archive_head(struct vg_database *database, uint64_t *change,
                               struct vg_fault *fault)
{
    return vg_sql_counter(database, "change", change, fault);
}

static enum vg_status no_alert(const char *id, struct vg_fault *fault)
{
    return vg_fault_set(fault, VG_E_MISSING, N_("there is no such alert"), NULL, "%.60s", id);
}

enum vg_status vg_archive_get(struct vg_database *database, const char *id,
                              struct vg_archive_row **row, struct vg_fault *fault)
{
    struct vg_sql query;
    size_t count = 0;
    *row = NULL;
    enum vg_status status =
        vg_sql_begin(&query, database, "SELECT " ROW_COLUMNS " FROM alert WHERE id = ?1", fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, id);
        status = collect(&query, 1, row, &count, fault);
    }
    vg_sql_end(&query);
    return status == VG_OK && count == 0 ? no_alert(id, fault) : status;
}

enum vg_status vg_archive_picture(struct vg_database *database, const char *id, uint8_t **jpeg,
                                  size_t *size, struct vg_fault *fault)
{
    struct vg_sql query;
    char picture[PICTURE_SIZE] = "", path[PATH_SIZE];
    *jpeg = NULL;
    *size = 0;
    enum vg_status status =
        vg_sql_begin(&query, database, "SELECT picture FROM alert WHERE id = ?1", fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, id);
        status = vg_sql_next(&query);
    }
    if (status == VG_OK)
        vg_sql_column_text(&query, 0, picture, sizeof picture);
    vg_sql_end(&query);
    if (status == VG_E_END)
        return no_alert(id, fault);
    if (status == VG_OK && !picture[0])
        return vg_fault_set(fault, VG_E_MISSING, N_("this alert has no picture"), NULL, "%.60s",
                            id);
    if (status != VG_OK)
        return status;
    (void)snprintf(path, sizeof path, "%s/%s", vg_database_folder(database), picture);
    return vg_file_read(path, VG_ARCHIVE_PICTURE_MAX, jpeg, size, fault);
}

static enum vg_status check_verdict(const struct vg_verdict *verdict, struct vg_fault *fault)
{
    static const char *const states[] = {"seen", "confirmed", "refuted", NULL};
    if (!one_of(states, verdict->state))
        return vg_fault_set(fault, VG_E_INPUT, N_("this is not a verdict"),
                            N_("give \"seen\", \"confirmed\" or \"refuted\""), "/state");
    const char *comment = verdict->comment ? verdict->comment : "";
    if (strlen(comment) >= VG_ARCHIVE_COMMENT_SIZE)
        return vg_fault_set(fault, VG_E_INPUT, N_("the comment is too long"),
                            N_("use at most 1023 bytes"), "/comment");
    for (; *comment; comment++)
        if ((unsigned char)*comment < 0x20 && *comment != '\n' && *comment != '\t')
            return vg_fault_set(fault, VG_E_INPUT, N_("a text holds control characters"), NULL,
                                "/comment");
    return VG_OK;
}

static enum vg_status check_judged(struct vg_database *database, const char *id,
                                   const struct vg_verdict *verdict, struct vg_fault *fault)
{
    struct vg_sql query;
    char state[VG_ARCHIVE_NAME_SIZE] = "";
    enum vg_status status =
        vg_sql_begin(&query, database, "SELECT state FROM alert WHERE id = ?1", fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, id);
        status = vg_sql_next(&query);
    }
    if (status == VG_OK)
        vg_sql_column_text(&query, 0, state, sizeof state);
    vg_sql_end(&query);
    if (status == VG_E_END)
        return no_alert(id, fault);
    if (status == VG_OK && strcmp(verdict->state, "seen") == 0 &&
        (strcmp(state, "confirmed") == 0 || strcmp(state, "refuted") == 0))
        return vg_fault_set(fault, VG_E_STATE, N_("this alert has a verdict already"),
                            N_("confirm or refute it to change the verdict"), "%.60s: %s", id,
                            state);
    return status;
}

static enum vg_status write_verdict(struct vg_database *database, const char *id,
                                    const struct vg_verdict *verdict, struct vg_fault *fault)
{
    struct vg_sql query = {.statement = NULL};
    uint64_t change = 0;
    enum vg_status status = vg_sql_counter_bump(database, "change", &change, fault);
    if (status == VG_OK)
        status = vg_sql_begin(&query, database,
                              "UPDATE alert SET state = ?2, comment = ?3, judged_by = ?4,"
                              " judged_us = ?5, change = ?6 WHERE id = ?1",
                              fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, id);
        vg_sql_bind_text(&query, 2, verdict->state);
        vg_sql_bind_text(&query, 3, verdict->comment);
        vg_sql_bind_text(&query, 4, verdict->by);
        vg_sql_bind_int(&query, 5, verdict->at.us);
        vg_sql_bind_int(&query, 6, (int64_t)change);
        status = vg_sql_run(&query);
    }
    vg_sql_end(&query);
    return status;
}

enum vg_status vg_archive_verdict(struct vg_database *database, const char *id,
                                  const struct vg_verdict *verdict, struct vg_fault *fault)
{
    const struct vg_audit_entry entry = {.who = verdict->by,
                                         .from = verdict->from,
                                         .what = "alert.verdict",
                                         .object = id,
                                         .result = verdict->state};
    enum vg_status status = check_verdict(verdict, fault);
    if (status == VG_OK)
        status = vg_database_begin(database, fault);
    if (status != VG_OK)
        return status;
    status = check_judged(database, id, verdict, fault);
    if (status == VG_OK)
        status = write_verdict(database, id, verdict, fault);
    if (status == VG_OK)
        status = vg_audit_append(database, &entry, verdict->at, fault);
    if (status == VG_OK)
        return vg_database_commit(database, fault);
    vg_database_rollback(database);
    return status;
}

enum vg_status vg_archive_counts(struct vg_database *database, struct vg_archive_count *counts,
                                 size_t room, size_t *count, struct vg_fault *fault)
{
    struct vg_sql query;
    *count = 0;
    enum vg_status status = vg_sql_begin(
        &query, database, "SELECT event, severity, count(*) FROM alert GROUP BY 1, 2 ORDER BY 1, 2",
        fault);
    while (status == VG_OK && *count < room && (status = vg_sql_next(&query)) == VG_OK) {
        struct vg_archive_count *pair = &counts[(*count)++];
        vg_sql_column_text(&query, 0, pair->event, sizeof pair->event);
        vg_sql_column_text(&query, 1, pair->severity, sizeof pair->severity);
        pair->alerts = (uint64_t)sqlite3_column_int64(query.statement, 2);
    }
    vg_sql_end(&query);
    return status == VG_E_END ? VG_OK : status;
}
