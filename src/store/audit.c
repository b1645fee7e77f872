/* The audit's chain. The canonical text is built in one place, for writing and for checking. */
#include "src/store/audit.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "src/base/text.h"
#include "src/store/sql.h"

#define CANONICAL_SIZE (5 * (VG_AUDIT_FIELD_SIZE + 8) + 160)

static const char first_hash[VG_SHA256_TEXT] =
    "0000000000000000000000000000000000000000000000000000000000000000";

/* Copies text, cut at a character where it is too long. */
static void copy_field(char out[VG_AUDIT_FIELD_SIZE], const char *text)
{
    size_t n = text ? strlen(text) : 0;
    if (n >= VG_AUDIT_FIELD_SIZE)
        for (n = VG_AUDIT_FIELD_SIZE - 1; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80;)
            n--;
    if (n > 0)
        memcpy(out, text, n);
    out[n] = '\0';
}

static void hash_row(struct vg_audit_row *row, const char *previous, char hash[VG_SHA256_TEXT])
{
    char text[CANONICAL_SIZE];
    uint8_t digest[VG_SHA256_BYTES];
    const int n =
        snprintf(text, sizeof text, "%llu\n%lld\n%zu:%s\n%zu:%s\n%zu:%s\n%zu:%s\n%zu:%s\n%s\n",
                 (unsigned long long)row->seq, (long long)row->time.us, strlen(row->who), row->who,
                 strlen(row->from), row->from, strlen(row->what), row->what, strlen(row->object),
                 row->object, strlen(row->result), row->result, previous);
    vg_sha256(text, n > 0 && (size_t)n < sizeof text ? (size_t)n : sizeof text - 1, digest);
    vg_sha256_text(digest, hash);
}

static enum vg_status read_head(struct vg_database *database, uint64_t *seq,
                                char hash[VG_SHA256_TEXT], struct vg_fault *fault)
{
    struct vg_sql query;
    *seq = 0;
    memcpy(hash, first_hash, VG_SHA256_TEXT);
    enum vg_status status =
        vg_sql_begin(&query, database, "SELECT seq, hash FROM audit_head", fault);
    if (status == VG_OK)
        status = vg_sql_next(&query);
    if (status == VG_OK) {
        *seq = (uint64_t)sqlite3_column_int64(query.statement, 0);
        vg_sql_column_text(&query, 1, hash, VG_SHA256_TEXT);
    }
    vg_sql_end(&query);
    return status == VG_E_END ? VG_OK : status;
}

static enum vg_status insert_row(struct vg_database *database, const struct vg_audit_row *row,
                                 struct vg_fault *fault)
{
    struct vg_sql query;
    enum vg_status status = vg_sql_begin(
        &query, database, "INSERT INTO audit VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", fault);
    if (status == VG_OK) {
        vg_sql_bind_int(&query, 1, (int64_t)row->seq);
        vg_sql_bind_int(&query, 2, row->time.us);
        vg_sql_bind_text(&query, 3, row->who);
        vg_sql_bind_text(&query, 4, row->from);
        vg_sql_bind_text(&query, 5, row->what);
        vg_sql_bind_text(&query, 6, row->object);
        vg_sql_bind_text(&query, 7, row->result);
        vg_sql_bind_text(&query, 8, row->hash);
        status = vg_sql_run(&query);
    }
    vg_sql_end(&query);
    return status;
}

static enum vg_status write_head(struct vg_database *database, const struct vg_audit_row *row,
                                 struct vg_fault *fault)
{
    struct vg_sql query;
    enum vg_status status = vg_sql_begin(
        &query, database, "INSERT OR REPLACE INTO audit_head VALUES(1, ?1, ?2)", fault);
    if (status == VG_OK) {
        vg_sql_bind_int(&query, 1, (int64_t)row->seq);
        vg_sql_bind_text(&query, 2, row->hash);
        status = vg_sql_run(&query);
    }
    vg_sql_end(&query);
    return status;
}

enum vg_status vg_audit_append(struct vg_database *database, const struct vg_audit_entry *entry,
                               struct vg_wall_time now, struct vg_fault *fault)
{
    struct vg_audit_row row = {.time = now};
    char previous[VG_SHA256_TEXT];
    copy_field(row.who, entry->who);
    copy_field(row.from, entry->from);
    copy_field(row.what, entry->what);
    copy_field(row.object, entry->object);
    copy_field(row.result, entry->result);
    enum vg_status status = vg_database_begin(database, fault);
    if (status != VG_OK)
        return status;
    status = read_head(database, &row.seq, previous, fault);
    if (status == VG_OK) {
        row.seq++;
        hash_row(&row, previous, row.hash);
        status = insert_row(database, &row, fault);
    }
    if (status == VG_OK)
        status = write_head(database, &row, fault);
    if (status == VG_OK)
        return vg_database_commit(database, fault);
    vg_database_rollback(database);
    return status;
}

static void read_row(const struct vg_sql *query, struct vg_audit_row *row)
{
    row->seq = (uint64_t)sqlite3_column_int64(query->statement, 0);
    row->time.us = sqlite3_column_int64(query->statement, 1);
    vg_sql_column_text(query, 2, row->who, sizeof row->who);
    vg_sql_column_text(query, 3, row->from, sizeof row->from);
    vg_sql_column_text(query, 4, row->what, sizeof row->what);
    vg_sql_column_text(query, 5, row->object, sizeof row->object);
    vg_sql_column_text(query, 6, row->result, sizeof row->result);
    vg_sql_column_text(query, 7, row->hash, sizeof row->hash);
}

/* Whether a text is longer than what read_row takes, or holds a zero: never written so. */
static bool row_too_long(const struct vg_sql *query)
{
    for (int i = 2; i <= 7; i++) {
        const char *text = (const char *)sqlite3_column_text(query->statement, i);
        const size_t size = (size_t)sqlite3_column_bytes(query->statement, i);
        if (!text || size >= VG_AUDIT_FIELD_SIZE || strlen(text) != size)
            return true;
    }
    return false;
}

enum vg_status vg_audit_verify(struct vg_database *database, struct vg_audit_report *report,
                               struct vg_fault *fault)
{
    struct vg_sql query;
    struct vg_audit_row row;
    char hash[VG_SHA256_TEXT], head[VG_SHA256_TEXT];
    uint64_t head_seq = 0;
    *report = (struct vg_audit_report){.rows = 0};
    memcpy(report->head, first_hash, sizeof report->head);
    /* a read transaction: rows and head are of one moment */
    enum vg_status status = vg_sql_do(database, "SAVEPOINT verify", fault);
    if (status != VG_OK)
        return status;
    status = vg_sql_begin(&query, database, "SELECT * FROM audit ORDER BY seq", fault);
    if (status == VG_OK)
        status = read_head(database, &head_seq, head, fault);
    if (status != VG_OK)
        goto done;
    while ((status = vg_sql_next(&query)) == VG_OK) {
        read_row(&query, &row);
        hash_row(&row, report->head, hash);
        if (row_too_long(&query) || row.seq != report->rows + 1 || strcmp(hash, row.hash) != 0)
            break;
        report->rows++;
        memcpy(report->head, hash, sizeof report->head);
    }
    if (status == VG_OK ||
        (status == VG_E_END && (head_seq != report->rows || strcmp(head, report->head) != 0))) {
        report->broken = report->rows + 1;
        status = vg_fault_set(fault, VG_E_INTEGRITY, N_("the audit is broken"),
                              N_("keep this file as it is and tell whoever is responsible"),
                              "%s/%s: audit #%llu", vg_database_folder(database), VG_DATABASE_FILE,
                              (unsigned long long)report->broken);
    } else if (status == VG_E_END) {
        status = VG_OK;
    }
done:
    vg_sql_end(&query);
    if (vg_sql_do(database, "RELEASE verify", NULL) != VG_OK && status == VG_OK)
        status =
            vg_fault_set(fault, VG_E_IO, N_("the database failed"), NULL, "%s", VG_DATABASE_FILE);
    return status;
}

enum vg_status vg_audit_list(struct vg_database *database, uint64_t before, size_t limit,
                             struct vg_audit_row *rows, size_t *count, struct vg_fault *fault)
{
    struct vg_sql query;
    *count = 0;
    enum vg_status status = vg_sql_begin(
        &query, database, "SELECT * FROM audit WHERE ?1 = 0 OR seq < ?1 ORDER BY seq DESC LIMIT ?2",
        fault);
    if (status != VG_OK)
        goto done;
    vg_sql_bind_int(&query, 1, (int64_t)before);
    vg_sql_bind_int(&query, 2, (int64_t)limit);
    while (*count < limit && (status = vg_sql_next(&query)) == VG_OK)
        read_row(&query, &rows[(*count)++]);
    if (status == VG_E_END)
        status = VG_OK;
done:
    vg_sql_end(&query);
    return status;
}
