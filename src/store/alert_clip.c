/* File first, row after: a row never promises a clip that is not there. Killed in between, the next
 * look finds the file and writes the row. */
#include "src/store/alert_clip.h"

#include <stdio.h>
#include <time.h>

#include "src/base/file.h"
#include "src/base/text.h"
#include "src/store/sql.h"

#define NAME_SIZE 96 /* "pictures/YYYY-MM/ID.mp4" */

const char *vg_clip_missing_name(enum vg_clip_missing why)
{
    static const char *const names[VG_CLIP_MISSING_COUNT] = {"not_kept", "too_late", "unreachable",
                                                             "not_carried", "not_written"};
    return names[why];
}

enum vg_status vg_clips_due(struct vg_database *database, struct vg_clip_due *due, size_t room,
                            size_t *count, struct vg_fault *fault)
{
    struct vg_sql query;
    *count = 0;
    enum vg_status status =
        vg_sql_begin(&query, database,
                     "SELECT id, flux, time_us FROM alert"
                     " WHERE clip IS NULL AND clip_missing IS NULL ORDER BY time_us LIMIT ?1",
                     fault);
    if (status == VG_OK)
        vg_sql_bind_int(&query, 1, (int64_t)room);
    while (status == VG_OK && *count < room && (status = vg_sql_next(&query)) == VG_OK) {
        struct vg_clip_due *one = &due[(*count)++];
        vg_sql_column_text(&query, 0, one->id, sizeof one->id);
        vg_sql_column_text(&query, 1, one->flux, sizeof one->flux);
        one->time.us = sqlite3_column_int64(query.statement, 2);
    }
    vg_sql_end(&query);
    return status == VG_E_END ? VG_OK : status;
}

/* The month is that of UTC, as the picture's. */
static void name_clip(struct vg_wall_time time, const char *id, char name[NAME_SIZE])
{
    struct tm date;
    const time_t seconds = (time_t)(time.us / VG_US_PER_S);
    if (!gmtime_r(&seconds, &date))
        date = (struct tm){.tm_year = 70};
    (void)snprintf(name, NAME_SIZE, "pictures/%04u-%02u/%.*s.mp4",
                   (unsigned)(date.tm_year + 1900) % 10000, (unsigned)(date.tm_mon + 1) % 100,
                   VG_ARCHIVE_ID_SIZE, id);
}

/* Of an alert, "" for what is null. VG_E_MISSING. */
static enum vg_status read_alert(struct vg_database *database, const char *id,
                                 struct vg_clip_about *about, char clip[NAME_SIZE],
                                 struct vg_fault *fault)
{
    struct vg_sql query;
    *about = (struct vg_clip_about){.path = ""};
    clip[0] = '\0';
    enum vg_status status =
        vg_sql_begin(&query, database,
                     "SELECT flux, time_us, clip, clip_missing FROM alert WHERE id = ?1", fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, id);
        status = vg_sql_next(&query);
    }
    if (status == VG_OK) {
        vg_sql_column_text(&query, 0, about->flux, sizeof about->flux);
        about->time.us = sqlite3_column_int64(query.statement, 1);
        vg_sql_column_text(&query, 2, clip, NAME_SIZE);
        vg_sql_column_text(&query, 3, about->missing, sizeof about->missing);
    }
    vg_sql_end(&query);
    if (status == VG_E_END)
        return vg_fault_set(fault, VG_E_MISSING, N_("there is no such alert"), NULL, "%.60s", id);
    return status;
}

static enum vg_status note_there(struct vg_database *database, const char *id, const char *name,
                                 struct vg_fault *fault)
{
    struct vg_sql query = {.statement = NULL};
    uint64_t change = 0;
    enum vg_status status = vg_database_begin(database, fault);
    if (status != VG_OK)
        return status;
    status = vg_sql_counter_bump(database, "change", &change, fault);
    if (status == VG_OK)
        status = vg_sql_begin(&query, database,
                              "UPDATE alert SET clip = ?2, clip_missing = NULL, change = ?3"
                              " WHERE id = ?1",
                              fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, id);
        vg_sql_bind_text(&query, 2, name);
        vg_sql_bind_int(&query, 3, (int64_t)change);
        status = vg_sql_run(&query);
    }
    vg_sql_end(&query);
    if (status == VG_OK)
        return vg_database_commit(database, fault);
    vg_database_rollback(database);
    return status;
}

/* Where its file is, or would be. */
static enum vg_status place_of(struct vg_database *database, const char *id, char name[NAME_SIZE],
                               char *path, size_t size, struct vg_fault *fault)
{
    struct vg_clip_about about;
    const enum vg_status status = read_alert(database, id, &about, name, fault);
    if (status == VG_OK) {
        name_clip(about.time, id, name);
        (void)snprintf(path, size, "%s/%s", vg_database_folder(database), name);
    }
    return status;
}

enum vg_status vg_clip_put(struct vg_database *database, const char *id, const void *data,
                           size_t size, struct vg_fault *fault)
{
    char name[NAME_SIZE], path[sizeof((struct vg_clip_about *)NULL)->path], month[sizeof path];
    enum vg_status status = place_of(database, id, name, path, sizeof path, fault);
    if (status != VG_OK)
        return status;
    /* the month's folder is there with the picture; an alert may have come without one */
    (void)snprintf(month, sizeof month, "%s/%.16s", vg_database_folder(database), name);
    if (!vg_file_exists(month))
        status = vg_folder_make(month, fault);
    if (status == VG_OK)
        status = vg_file_write(path, data, size, 0600, VG_FILE_SYNCED, fault);
    return status == VG_OK ? note_there(database, id, name, fault) : status;
}

enum vg_status vg_clip_adopt(struct vg_database *database, const char *id, bool *found,
                             struct vg_fault *fault)
{
    char name[NAME_SIZE], path[sizeof((struct vg_clip_about *)NULL)->path];
    *found = false;
    const enum vg_status status = place_of(database, id, name, path, sizeof path, fault);
    if (status != VG_OK || !vg_file_exists(path))
        return status;
    *found = true;
    return note_there(database, id, name, fault);
}

enum vg_status vg_clip_note_missing(struct vg_database *database, const char *id,
                                    enum vg_clip_missing why, struct vg_fault *fault)
{
    struct vg_sql query;
    enum vg_status status =
        vg_sql_begin(&query, database,
                     "UPDATE alert SET clip_missing = ?2 WHERE id = ?1 AND clip IS NULL", fault);
    if (status == VG_OK) {
        vg_sql_bind_text(&query, 1, id);
        vg_sql_bind_text(&query, 2, vg_clip_missing_name(why));
        status = vg_sql_run(&query);
    }
    vg_sql_end(&query);
    return status;
}

enum vg_status vg_clip_find(struct vg_database *database, const char *id,
                            struct vg_clip_about *about, struct vg_fault *fault)
{
    char clip[NAME_SIZE];
    const enum vg_status status = read_alert(database, id, about, clip, fault);
    if (status == VG_OK && clip[0])
        (void)snprintf(about->path, sizeof about->path, "%s/%s", vg_database_folder(database),
                       clip);
    return status;
}
