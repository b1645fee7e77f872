/* Who is signed in. Sessions live in memory alone: a restart of the process signs everyone out.
 *
 * The cookie is 32 random bytes; only their SHA-256 is kept here. Pure but for the random
 * source; time is an argument. Owner: the loop thread. */
#ifndef VG_API_SESSION_TABLE_H
#define VG_API_SESSION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/clock.h"
#include "src/base/sha256.h"
#include "src/store/accounts.h"

#define VG_SESSIONS_MAX       256 /* at the bound the one unused for longest ends */
#define VG_SESSION_TOKEN_TEXT 65  /* 64 hexadecimal digits and the end */
#define VG_SESSION_IDLE_US    (60 * 60 * VG_US_PER_S)
#define VG_SESSION_LIFE_US    (12 * 60 * 60 * VG_US_PER_S) /* a watch */

struct vg_session {
    uint64_t number; /* from 1, never given twice; 0: no session */
    uint8_t token_hash[VG_SHA256_BYTES];
    char csrf[VG_SESSION_TOKEN_TEXT];
    char name[VG_ACCOUNT_NAME_SIZE];
    enum vg_role role;
    uint64_t generation; /* of the account: another one means a new password */
    struct vg_mono_time opened, used;
};

struct vg_sessions {
    uint64_t last_number;
    struct vg_session session[VG_SESSIONS_MAX]; /* number 0: free */
};

/* Opens one for the account; token gets the cookie's value. Returns it, borrowed until the next
 * call that changes the table. */
const struct vg_session *vg_session_open(struct vg_sessions *sessions,
                                         const struct vg_account *account, struct vg_mono_time now,
                                         char token[VG_SESSION_TOKEN_TEXT]);

enum vg_session_touch {
    VG_SESSION_LOOK, /* does not count as use */
    VG_SESSION_USE
};
/* The session of a cookie's value, or NULL: unknown, unused for an hour, or older than a watch
 * (then it is ended). */
const struct vg_session *vg_session_find(struct vg_sessions *sessions, const char *token,
                                         enum vg_session_touch touch, struct vg_mono_time now);

/* Whether session `number` still holds; `touch` as above. */
bool vg_session_holds(struct vg_sessions *sessions, uint64_t number, enum vg_session_touch touch,
                      struct vg_mono_time now);

void vg_session_end(struct vg_sessions *sessions, uint64_t number);

/* Ends those whose account is gone, has another role or a new password. */
void vg_sessions_check(struct vg_sessions *sessions, const struct vg_account *accounts,
                       size_t count);

/* Whether `given` (may be NULL) is the session's CSRF token; takes the same time for all. */
bool vg_session_csrf(const struct vg_session *session, const char *given);

#endif
