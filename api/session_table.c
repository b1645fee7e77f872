#include "api/session_table.h"

#include <stdio.h>
#include <string.h>

#include "src/base/random.h"

/* 32 bytes of the system's source as text. */
static void random_text(char text[VG_SESSION_TOKEN_TEXT])
{
    uint8_t bytes[VG_SHA256_BYTES];
    vg_random_bytes(bytes, sizeof bytes);
    vg_sha256_text(bytes, text);
}

/* A free place, or that of the session unused for longest. */
static struct vg_session *place(struct vg_sessions *sessions)
{
    struct vg_session *oldest = &sessions->session[0];
    for (size_t i = 0; i < VG_SESSIONS_MAX; i++) {
        struct vg_session *s = &sessions->session[i];
        if (s->number == 0)
            return s;
        if (s->used.us < oldest->used.us)
            oldest = s;
    }
    return oldest;
}

const struct vg_session *vg_session_open(struct vg_sessions *sessions,
                                         const struct vg_account *account, struct vg_mono_time now,
                                         char token[VG_SESSION_TOKEN_TEXT])
{
    struct vg_session *s = place(sessions);
    *s = (struct vg_session){.number = ++sessions->last_number,
                             .role = account->role,
                             .generation = account->generation,
                             .opened = now,
                             .used = now};
    random_text(token);
    random_text(s->csrf);
    vg_sha256(token, strlen(token), s->token_hash);
    (void)snprintf(s->name, sizeof s->name, "%s", account->name);
    return s;
}

static bool lives(struct vg_session *s, enum vg_session_touch touch, struct vg_mono_time now)
{
    if (now.us - s->used.us > VG_SESSION_IDLE_US || now.us - s->opened.us > VG_SESSION_LIFE_US) {
        *s = (struct vg_session){0};
        return false;
    }
    if (touch == VG_SESSION_USE)
        s->used = now;
    return true;
}

const struct vg_session *vg_session_find(struct vg_sessions *sessions, const char *token,
                                         enum vg_session_touch touch, struct vg_mono_time now)
{
    uint8_t hash[VG_SHA256_BYTES];
    vg_sha256(token, strlen(token), hash);
    for (size_t i = 0; i < VG_SESSIONS_MAX; i++) {
        struct vg_session *s = &sessions->session[i];
        if (s->number != 0 && memcmp(s->token_hash, hash, sizeof hash) == 0)
            return lives(s, touch, now) ? s : NULL;
    }
    return NULL;
}

static struct vg_session *by_number(struct vg_sessions *sessions, uint64_t number)
{
    for (size_t i = 0; i < VG_SESSIONS_MAX; i++)
        if (number != 0 && sessions->session[i].number == number)
            return &sessions->session[i];
    return NULL;
}

bool vg_session_holds(struct vg_sessions *sessions, uint64_t number, enum vg_session_touch touch,
                      struct vg_mono_time now)
{
    struct vg_session *s = by_number(sessions, number);
    return s && lives(s, touch, now);
}

void vg_session_end(struct vg_sessions *sessions, uint64_t number)
{
    struct vg_session *s = by_number(sessions, number);
    if (s)
        *s = (struct vg_session){0};
}

static bool stands(const struct vg_session *s, const struct vg_account *accounts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(accounts[i].name, s->name) == 0)
            return accounts[i].role == s->role && accounts[i].generation == s->generation;
    return false;
}

void vg_sessions_check(struct vg_sessions *sessions, const struct vg_account *accounts,
                       size_t count)
{
    for (size_t i = 0; i < VG_SESSIONS_MAX; i++) {
        struct vg_session *s = &sessions->session[i];
        if (s->number != 0 && !stands(s, accounts, count))
            *s = (struct vg_session){0};
    }
}

bool vg_session_csrf(const struct vg_session *session, const char *given)
{
    if (!given || strlen(given) != strlen(session->csrf))
        return false;
    unsigned char differ = 0;
    for (size_t i = 0; session->csrf[i]; i++)
        differ |= (unsigned char)(session->csrf[i] ^ given[i]);
    return differ == 0;
}
