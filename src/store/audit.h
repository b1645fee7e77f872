/* The audit: what was done or seen, by whom; rows are only ever added, each holds the hash of
 * the one before, so that no row can be changed, taken out or put in between unseen.
 *
 * hash = SHA-256 of the canonical text: "seq\ntime_us\n", then who, from, what, object, result,
 * each "bytes:text\n", then the hexadecimal hash of the row before (64 zeros for the first) and
 * "\n". SQL triggers refuse UPDATE and DELETE. The head (last seq and hash) stands in a row of its
 * own: a cut tail is seen too. Thread: that of the database handle. */
#ifndef VG_STORE_AUDIT_H
#define VG_STORE_AUDIT_H

#include <stddef.h>
#include <stdint.h>

#include "src/base/clock.h"
#include "src/base/sha256.h"
#include "src/store/database.h"

#define VG_AUDIT_FIELD_SIZE 256 /* longer texts are cut at a character */

/* What to write; all borrowed for the call, NULL counts as "". */
struct vg_audit_entry {
    const char *who;    /* account, "system", or the user of the machine for the command line */
    const char *from;   /* address or "console", "cli" */
    const char *what;   /* "flux.create", "alert.verdict", "session.open": never translated */
    const char *object; /* id of what it was done to */
    const char *result; /* "ok", or a status' name */
};

struct vg_audit_row {
    uint64_t seq; /* from 1, without gap */
    struct vg_wall_time time;
    char who[VG_AUDIT_FIELD_SIZE], from[VG_AUDIT_FIELD_SIZE], what[VG_AUDIT_FIELD_SIZE];
    char object[VG_AUDIT_FIELD_SIZE], result[VG_AUDIT_FIELD_SIZE];
    char hash[VG_SHA256_TEXT];
};

/* Adds a row, in the caller's transaction if one is open: then both are kept or neither. */
enum vg_status vg_audit_append(struct vg_database *database, const struct vg_audit_entry *entry,
                               struct vg_wall_time now, struct vg_fault *fault) VG_MUST_USE;

struct vg_audit_report {
    uint64_t rows;             /* that hold, from the first */
    uint64_t broken;           /* seq of the first row that does not, 0 if all hold */
    char head[VG_SHA256_TEXT]; /* hash of the last row that holds */
};

/* Walks the whole chain. VG_E_INTEGRITY: report->broken names the first broken row. */
enum vg_status vg_audit_verify(struct vg_database *database, struct vg_audit_report *report,
                               struct vg_fault *fault) VG_MUST_USE;

/* Newest first: rows with seq < before (0: from the newest), at most limit. *count written. */
enum vg_status vg_audit_list(struct vg_database *database, uint64_t before, size_t limit,
                             struct vg_audit_row *rows, size_t *count,
                             struct vg_fault *fault) VG_MUST_USE;

#endif
