/* Who may see: Basic (RFC 7617) and Digest (RFC 7616, and RFC 2069 without qop), MD5 and SHA-256. */
#ifndef VG_TESTS_CAMERA_AUTH_H
#define VG_TESTS_CAMERA_AUTH_H

#include <stdbool.h>
#include <stddef.h>

enum vg_auth_schemes {
    VG_AUTH_BASIC = 1,
    VG_AUTH_MD5 = 2,
    VG_AUTH_SHA256 = 4
};

struct vg_auth {
    const char *basic; /* base64 of user:password; NULL: everybody may */
    char user[128], password[128];
    unsigned schemes; /* offered, the strongest first */
    enum {
        VG_AUTH_QOP,
        VG_AUTH_NO_QOP
    } qop;
    unsigned nonce_uses; /* then it is stale; 0: for ever */
};

/* One client's. */
struct vg_nonce {
    char text[33];
    unsigned uses;
    unsigned long last_count;
};

/* base64: borrowed for the auth's life; false: it is not user:password. */
bool vg_auth_init(struct vg_auth *auth, const char *base64, unsigned schemes);

enum vg_auth_answer {
    VG_AUTH_GOOD,
    VG_AUTH_BAD,
    VG_AUTH_STALE /* right, but of a nonce that is used up */
};
/* header: the value of Authorization, "" if there is none. */
enum vg_auth_answer vg_auth_judge(const struct vg_auth *auth, struct vg_nonce *nonce,
                                  const char *method, const char *url, const char *header);
/* Draws a nonce and writes the WWW-Authenticate lines. */
void vg_auth_challenge(const struct vg_auth *auth, struct vg_nonce *nonce,
                       enum vg_auth_answer answer, char *text, size_t size);

#endif
