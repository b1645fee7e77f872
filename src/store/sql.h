/* SQLite for the files of this folder alone: statements that are bound by kind, stepped with
 * their failures made into a status, and finalised together with their owner.
 *
 *   struct vg_sql q;
 *   status = vg_sql_begin(&q, database, "SELECT a FROM t WHERE id = ?1", fault);
 *   vg_sql_bind_text(&q, 1, id);
 *   while ((status = vg_sql_next(&q)) == VG_OK) ... sqlite3_column_...(q.statement, 0)
 *   vg_sql_end(&q);                         status is VG_E_END when the rows are done
 *
 * A bind that fails is remembered and returned by the next vg_sql_next. */
#ifndef VG_STORE_SQL_H
#define VG_STORE_SQL_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "src/store/database.h"

struct vg_sql {
    struct vg_database *database;
    sqlite3_stmt *statement;
    struct vg_fault *fault;
    int bound; /* SQLITE_OK, or how the first bind failed */
};

/* sql is static; fault is borrowed until vg_sql_end. On a failure vg_sql_end may be called. */
enum vg_status vg_sql_begin(struct vg_sql *query, struct vg_database *database, const char *sql,
                            struct vg_fault *fault) VG_MUST_USE;
void vg_sql_end(struct vg_sql *query);

/* Values are borrowed until vg_sql_end; NULL binds NULL. */
void vg_sql_bind_text(struct vg_sql *query, int index, const char *text);
void vg_sql_bind_bytes(struct vg_sql *query, int index, const void *data, size_t size);
void vg_sql_bind_int(struct vg_sql *query, int index, int64_t value);
void vg_sql_bind_real(struct vg_sql *query, int index, double value);

/* VG_OK: there is a row; VG_E_END: no more. Others: the statement failed. */
enum vg_status vg_sql_next(struct vg_sql *query) VG_MUST_USE;

/* Runs a statement that gives no rows: VG_OK when done. */
enum vg_status vg_sql_run(struct vg_sql *query) VG_MUST_USE;

/* Text of a column copied into out, cut at a character where it is too long; "" for NULL. */
void vg_sql_column_text(const struct vg_sql *query, int column, char *out, size_t size);

/* One statement without values or rows. */
enum vg_status vg_sql_do(struct vg_database *database, const char *sql,
                         struct vg_fault *fault) VG_MUST_USE;

/* Rows changed by the last statement. */
int vg_sql_changes(const struct vg_database *database);

/* A number kept in the table `counter`. */
enum vg_status vg_sql_counter(struct vg_database *database, const char *name, uint64_t *value,
                              struct vg_fault *fault) VG_MUST_USE;
/* Adds one, in the caller's transaction, and returns the new value. */
enum vg_status vg_sql_counter_bump(struct vg_database *database, const char *name, uint64_t *value,
                                   struct vg_fault *fault) VG_MUST_USE;

#endif
