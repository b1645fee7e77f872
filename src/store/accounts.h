/* Who may sign in: names, roles, passwords hashed by argon2id (libargon2, RFC 9106).
 *
 * Hashing is slow by design (tens of milliseconds, 64 MiB): never in an event loop. Thread: that
 * of the database handle. */
#ifndef VG_STORE_ACCOUNTS_H
#define VG_STORE_ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/clock.h"
#include "src/store/database.h"

#define VG_ACCOUNT_NAME_SIZE    64 /* with the end; letters, digits, '-', '_', '.', '@' */
#define VG_ACCOUNT_PASSWORD_MIN 12 /* bytes */
#define VG_ACCOUNT_PASSWORD_MAX 1024

enum vg_role {
    VG_ROLE_OPERATOR,
    VG_ROLE_ADVANCED,
    VG_ROLE_TECHNICAL,
    VG_ROLE_AUDITOR,
    VG_ROLE_COUNT
};
const char *vg_role_name(enum vg_role role);  /* "operator" */
const char *vg_role_label(enum vg_role role); /* msgid for a person */
/* Returns 0, or -1 when `name` is none of them. */
int vg_role_parse(const char *name, enum vg_role *role);

/* What hashing costs. */
struct vg_argon_cost {
    uint32_t passes;
    uint32_t memory_kib;
    uint32_t lanes;
};
struct vg_argon_cost vg_argon_defaults(void); /* 2 passes, 64 MiB, 1 lane */

struct vg_account {
    char name[VG_ACCOUNT_NAME_SIZE];
    enum vg_role role;
    struct vg_wall_time created, changed; /* changed: the password's last change */
    uint64_t generation; /* grows with each new password: older sessions are over */
};

bool vg_account_name_valid(const char *name);

/* VG_E_INPUT (name, or password too short or too long), VG_E_EXISTS. */
enum vg_status vg_account_create(struct vg_database *database, const char *name, enum vg_role role,
                                 const char *password, struct vg_argon_cost cost,
                                 struct vg_wall_time now, struct vg_fault *fault) VG_MUST_USE;

/* VG_E_MISSING, VG_E_INPUT. */
enum vg_status vg_account_set_password(struct vg_database *database, const char *name,
                                       const char *password, struct vg_argon_cost cost,
                                       struct vg_wall_time now, struct vg_fault *fault) VG_MUST_USE;

/* VG_OK and *account when name and password belong together; VG_E_DENIED for an unknown name
 * and for a wrong password alike, after the same work. */
enum vg_status vg_account_verify(struct vg_database *database, const char *name,
                                 const char *password, struct vg_account *account,
                                 struct vg_fault *fault) VG_MUST_USE;

/* VG_E_MISSING. */
enum vg_status vg_account_get(struct vg_database *database, const char *name,
                              struct vg_account *account, struct vg_fault *fault) VG_MUST_USE;

/* All by name. *accounts given (vg_free), *count of them. */
enum vg_status vg_account_list(struct vg_database *database, struct vg_account **accounts,
                               size_t *count, struct vg_fault *fault) VG_MUST_USE;

/* VG_E_MISSING. */
enum vg_status vg_account_delete(struct vg_database *database, const char *name,
                                 struct vg_fault *fault) VG_MUST_USE;

#endif
