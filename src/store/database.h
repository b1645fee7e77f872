/* The one SQLite file, DATA/vigie.db: configuration, accounts, archive of alerts, audit.
 *
 * WAL, synchronous=FULL (a commit survives a power cut), 5 s of patience with another writer.
 * The schema has a number (user_version); opening brings an older file up to date and refuses a
 * newer one. A handle belongs to the thread that opened it: one handle per thread. */
#ifndef VG_STORE_DATABASE_H
#define VG_STORE_DATABASE_H

#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"

#define VG_DATABASE_FILE    "vigie.db"
#define VG_DATABASE_VERSION 5

struct vg_database;

enum vg_database_mode {
    VG_DATABASE_EXISTING, /* VG_E_MISSING without a file */
    VG_DATABASE_CREATE    /* made, with its folder, where there is none */
};

/* Opens DATA/vigie.db of the data folder `data`. *database given; vg_database_close it.
 * VG_E_MISSING, VG_E_LACK (disk full, no right), VG_E_INTEGRITY (not a database, or of a newer
 * version), VG_E_TIMEOUT (another process holds it for too long), VG_E_MEMORY. */
enum vg_status vg_database_open(struct vg_database **database, const char *data,
                                enum vg_database_mode mode, struct vg_fault *fault) VG_MUST_USE;
void vg_database_close(struct vg_database **database);

/* The data folder it was opened in; borrowed until close. */
const char *vg_database_folder(const struct vg_database *database);

/* A transaction that takes the write lock at once. They nest: the functions of this folder that
 * write open their own, so a caller that opens one around them makes them one step (a change and
 * its audit row). Each begin that succeeded wants one commit or one rollback. A rollback undoes
 * what its own begin opened, and never fails in a way the caller could mend.
 * VG_E_TIMEOUT when another process writes for more than 5 s; VG_E_LACK when the disk is full. */
enum vg_status vg_database_begin(struct vg_database *database, struct vg_fault *fault) VG_MUST_USE;
enum vg_status vg_database_commit(struct vg_database *database, struct vg_fault *fault) VG_MUST_USE;
void vg_database_rollback(struct vg_database *database);

/* PRAGMA quick_check: VG_E_INTEGRITY names the first damage. For start and for `admin`. */
enum vg_status vg_database_check(struct vg_database *database, struct vg_fault *fault) VG_MUST_USE;

#endif
