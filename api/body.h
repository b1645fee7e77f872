/* Bodies of requests: bytes to struct, nothing else (no store, no clock). Each refuses unknown
 * and double keys, wrong types and values out of range: VG_E_INPUT, fault's place being
 * "body:line:column: /pointer". */
#ifndef VG_API_BODY_H
#define VG_API_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/base/stop.h"
#include "src/store/accounts.h"
#include "src/store/archive.h"
#include "src/store/config.h"
#include "src/store/site.h"

/* Whether it is JSON at all. VG_E_CALL with line and column. */
enum vg_status vg_body_check(const uint8_t *bytes, size_t size, struct vg_fault *fault) VG_MUST_USE;

struct vg_body_sign_in {
    char name[VG_ACCOUNT_NAME_SIZE];
    char password[VG_ACCOUNT_PASSWORD_MAX + 1];
};
/* Wipe it after use (vg_secret_wipe). */
enum vg_status vg_body_sign_in(const uint8_t *bytes, size_t size, struct vg_body_sign_in *sign_in,
                               struct vg_fault *fault) VG_MUST_USE;

struct vg_body_flux {
    struct vg_flux_config flux; /* its ca_pem: that below, or NULL where the body has none */
    char password[VG_FLUX_PASSWORD_SIZE];
    char ca_pem[VG_FLUX_CA_SIZE];
    bool has_password;  /* the body has one, maybe "" */
    bool has_agreement; /* the body has clear_accepted */
};
enum vg_body_manner {
    VG_BODY_NEW,   /* id and url are required; the rest has its defaults */
    VG_BODY_CHANGE /* body->flux is the flux as it is; what the body names is changed */
};
enum vg_status vg_body_flux(const uint8_t *bytes, size_t size, enum vg_body_manner manner,
                            struct vg_body_flux *body, struct vg_fault *fault) VG_MUST_USE;

struct vg_body_site {
    struct vg_site site;        /* as it is: what the body names is replaced, the rest stays */
    char key[VG_SITE_KEY_SIZE]; /* wipe it after use (vg_secret_wipe) */
    bool has_key;               /* the body has one, maybe "" */
};
enum vg_status vg_body_site(const uint8_t *bytes, size_t size, struct vg_body_site *body,
                            struct vg_fault *fault) VG_MUST_USE;

/* true or false alone. */
enum vg_status vg_body_flag(const uint8_t *bytes, size_t size, bool *flag,
                            struct vg_fault *fault) VG_MUST_USE;

/* {"confirm": true} alone: anything else would be a mistake. */
enum vg_status vg_body_confirm(const uint8_t *bytes, size_t size,
                               struct vg_fault *fault) VG_MUST_USE;

/* Will it fit? What is absent is as it is, or as it begins. */
struct vg_body_admission {
    char flux[VG_FLUX_ID_SIZE]; /* "": a new one */
    double rate_fps;            /* 0: absent */
    uint32_t priority;          /* UINT32_MAX: absent */
    char *scene;                /* its text, given (vg_free); NULL: absent */
};
/* VG_E_INPUT; nothing is given then. */
enum vg_status vg_body_admission(const uint8_t *bytes, size_t size, struct vg_body_admission *body,
                                 struct vg_fault *fault) VG_MUST_USE;

struct vg_body_verdict {
    char state[16];
    char comment[VG_ARCHIVE_COMMENT_SIZE]; /* "" if none */
};
enum vg_status vg_body_verdict(const uint8_t *bytes, size_t size, struct vg_body_verdict *verdict,
                               struct vg_fault *fault) VG_MUST_USE;

/* *stop is the state as it is: what the body names is replaced, the rest stays, so that a body
 * that forgets a list lets nothing start again. */
enum vg_status vg_body_stop(const uint8_t *bytes, size_t size, struct vg_stop *stop,
                            struct vg_fault *fault) VG_MUST_USE;

/* An object, or null: none is given then. */
enum vg_status vg_body_authorisation(const uint8_t *bytes, size_t size,
                                     struct vg_authorisation *authorisation,
                                     struct vg_fault *fault) VG_MUST_USE;

#endif
