/* The archive of alerts: one row per alert in SQLite, its picture a file beside it,
 * DATA/pictures/YYYY-MM/ID.jpg (month in UTC), written and synced before the row.
 *
 * An alert is put in once: a second one with the same id, or the same key, changes nothing.
 * Thread: that of the database handle. Texts are UTF-8. */
#ifndef VG_STORE_ARCHIVE_H
#define VG_STORE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/clock.h"
#include "src/store/audit.h"
#include "src/store/database.h"

#define VG_ARCHIVE_ID_SIZE      40
#define VG_ARCHIVE_NAME_SIZE    64
#define VG_ARCHIVE_COMMENT_SIZE 1024
#define VG_ARCHIVE_CURSOR_SIZE  72
#define VG_ARCHIVE_PAGE_MAX     200
#define VG_ARCHIVE_ALERT_MAX    (256u << 10) /* bytes of an alert's JSON */
#define VG_ARCHIVE_PICTURE_MAX  (4u << 20)

/* What the queue hands over; borrowed for the call. */
struct vg_archive_item {
    const char *alert; /* JSON, alert_size bytes */
    size_t alert_size;
    const uint8_t *picture; /* JPEG, NULL if none */
    size_t picture_size;
};

enum vg_archive_fate {
    VG_ARCHIVED_NOW,    /* a new row */
    VG_ARCHIVED_BEFORE, /* its id or its key was there */
    VG_ARCHIVE_REFUSED  /* not an alert: kept in a table aside, with the reason, once */
};

/* Puts count alerts in, in one transaction; fates[i] says what became of each. Pictures are
 * written first. Either all is durable on return or, on a failure, none is (orphan pictures may
 * stay; the next try overwrites them). VG_E_LACK (disk full), VG_E_TIMEOUT, VG_E_IO. */
enum vg_status vg_archive_put(struct vg_database *database, const struct vg_archive_item *items,
                              size_t count, enum vg_archive_fate *fates,
                              struct vg_fault *fault) VG_MUST_USE;

struct vg_archive_row {
    char id[VG_ARCHIVE_ID_SIZE];
    char flux[VG_ARCHIVE_NAME_SIZE], event[VG_ARCHIVE_NAME_SIZE], rule[VG_ARCHIVE_NAME_SIZE];
    char severity[VG_ARCHIVE_NAME_SIZE], state[VG_ARCHIVE_NAME_SIZE];
    struct vg_wall_time time;
    uint64_t change; /* grows with each new alert, each clip and each verdict: an event number for
                        clients */
    bool judged;     /* it has had a verdict (state is not "new") */
    bool has_picture;
    char *json; /* given with the row: the alert with its state and verdict of now */
};
/* Frees what count rows hold, and the rows. */
void vg_archive_rows_free(struct vg_archive_row **rows, size_t count);

/* NULL or 0: not filtered by it. Borrowed for the call. */
struct vg_archive_filter {
    const char *flux, *event, *rule, *severity, *state;
    struct vg_wall_time from, to; /* from included, to not */
    const char *after;            /* cursor of the page before, NULL: from the newest */
    uint32_t limit;               /* 1 to VG_ARCHIVE_PAGE_MAX; 0: 50 */
};

/* Newest first (by time, then id). *rows given (vg_archive_rows_free), *count of them; next: the
 * cursor of the next page, "" at the end. VG_E_CALL: `after` is not a cursor, or a filter's
 * value cannot be (place: its name). */
enum vg_status vg_archive_list(struct vg_database *database, const struct vg_archive_filter *filter,
                               struct vg_archive_row **rows, size_t *count,
                               char next[VG_ARCHIVE_CURSOR_SIZE],
                               struct vg_fault *fault) VG_MUST_USE;

/* What came or was judged after change number `after`, oldest change first: for clients that
 * were away. At most limit. */
enum vg_status vg_archive_changes(struct vg_database *database, uint64_t after, uint32_t limit,
                                  struct vg_archive_row **rows, size_t *count,
                                  struct vg_fault *fault) VG_MUST_USE;
/* The newest change number, 0 when empty. */
enum vg_status vg_archive_head(struct vg_database *database, uint64_t *change,
                               struct vg_fault *fault) VG_MUST_USE;

/* One alert; *row given (vg_archive_rows_free(row, 1)). VG_E_MISSING. */
enum vg_status vg_archive_get(struct vg_database *database, const char *id,
                              struct vg_archive_row **row, struct vg_fault *fault) VG_MUST_USE;

/* Its picture; *jpeg given (vg_free). VG_E_MISSING (no alert, or it has none: place says). */
enum vg_status vg_archive_picture(struct vg_database *database, const char *id, uint8_t **jpeg,
                                  size_t *size, struct vg_fault *fault) VG_MUST_USE;

struct vg_verdict {
    const char *state;   /* "seen", "confirmed" or "refuted" */
    const char *comment; /* may be NULL */
    const char *by;      /* account */
    const char *from;    /* address, for the audit */
    struct vg_wall_time at;
};

/* Judges an alert and writes its audit row ("alert.verdict") in one transaction. "seen" does not
 * take back a verdict of confirmed or refuted: VG_E_STATE. VG_E_INPUT (place: "/state" or
 * "/comment"), VG_E_MISSING. */
enum vg_status vg_archive_verdict(struct vg_database *database, const char *id,
                                  const struct vg_verdict *verdict,
                                  struct vg_fault *fault) VG_MUST_USE;

/* How many alerts there are, by event and severity, to be called back per pair; for metrics. */
struct vg_archive_count {
    char event[VG_ARCHIVE_NAME_SIZE], severity[VG_ARCHIVE_NAME_SIZE];
    uint64_t alerts;
};
/* At most room pairs; *count written. */
enum vg_status vg_archive_counts(struct vg_database *database, struct vg_archive_count *counts,
                                 size_t room, size_t *count, struct vg_fault *fault) VG_MUST_USE;

#endif
