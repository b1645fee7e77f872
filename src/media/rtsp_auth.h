/* Answers to a server that wants a user and a password: Digest (RFC 7616 with SHA-256 or MD5, RFC 2617,
 * and RFC 2069 without qop) and Basic (RFC 7617). Of what a server offers the strongest is
 * answered; Basic, which shows the password, only when nothing else is offered. Pure. */
#ifndef VG_MEDIA_RTSP_AUTH_H
#define VG_MEDIA_RTSP_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/status.h"
#include "src/media/rtsp_message.h"

enum vg_rtsp_scheme { /* from weak to strong */
    VG_RTSP_AUTH_NONE,
    VG_RTSP_AUTH_BASIC,
    VG_RTSP_AUTH_MD5,
    VG_RTSP_AUTH_SHA256
};

#define VG_RTSP_AUTH_TEXT_SIZE  256
#define VG_RTSP_AUTH_VALUE_SIZE 2048 /* an Authorization header's value fits */

struct vg_rtsp_challenge {
    enum vg_rtsp_scheme scheme;
    bool session_key; /* "-sess": the key is made with the nonces */
    bool qop_auth;
    bool stale;     /* the password was right, the nonce is too old */
    uint32_t count; /* answers given to this nonce */
    char realm[VG_RTSP_AUTH_TEXT_SIZE], nonce[VG_RTSP_AUTH_TEXT_SIZE];
    char opaque[VG_RTSP_AUTH_TEXT_SIZE];
};

/* The strongest challenge of a response's WWW-Authenticate headers, each of which may hold several;
 * VG_RTSP_AUTH_NONE: none that can be answered. */
struct vg_rtsp_challenge vg_rtsp_challenge_read(const struct vg_rtsp_message *response);

/* What is asked for and by whom. All borrowed. */
struct vg_rtsp_credentials {
    const char *user, *password;
    const char *method, *uri;
    const char *cnonce; /* of Digest: ours, unguessable, new for each answer; no quotes in it */
};

/* The value of the Authorization header, ended by 0; the nonce's count goes up.
 * VG_E_FULL: it does not fit. VG_E_INPUT: a user with a colon (Basic), or a control character.
 * VG_E_STATE: no challenge. VG_E_LACK: the system's OpenSSL does not do this hash. */
enum vg_status vg_rtsp_challenge_answer(struct vg_rtsp_challenge *challenge,
                                        const struct vg_rtsp_credentials *credentials, char *value,
                                        size_t size) VG_MUST_USE;

/* The other side: the WWW-Authenticate value of a Digest challenge. scheme, realm and nonce (given, no
 * quotes in them) are put, with qop=auth. VG_E_FULL. */
enum vg_status vg_rtsp_challenge_offer(const struct vg_rtsp_challenge *challenge, char *value,
                                       size_t size) VG_MUST_USE;

/* Whether an Authorization value answers the challenge for this user, password, method and uri
 * (credentials' cnonce is not looked at). */
bool vg_rtsp_challenge_holds(const struct vg_rtsp_challenge *challenge,
                             const struct vg_rtsp_credentials *credentials,
                             struct vg_rtsp_text authorization);

#endif
