/* The configuration: flux, their scenes, the authorisation, phase and model.
 *
 * One counter counts every change, in the transaction of the change: the supervisor polls it
 * and hands the configuration out. Each flux and each scene carries the counter's value at its
 * own last change: its ETag. A deleted flux's number is never used again.
 *
 * Thread: that of the database handle. Passwords are sealed (secret.h) and come out of
 * vg_config_password alone. */
#ifndef VG_STORE_CONFIG_H
#define VG_STORE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/site_settings.h"
#include "src/base/source_url.h"
#include "src/base/stop.h"
#include "src/store/database.h"
#include "src/store/secret.h"

#define VG_FLUX_ID_SIZE       64 /* with the end; letters, digits, '-', '_', '.' not first */
#define VG_FLUX_LABEL_SIZE    128
#define VG_FLUX_URL_SIZE      512
#define VG_FLUX_USER_SIZE     128
#define VG_FLUX_PASSWORD_SIZE 256
#define VG_FLUX_CA_SIZE       8192
#define VG_FLUX_MAX           512
#define VG_CONFIG_SCENE_MAX   (1u << 20) /* bytes of a scene's text */
#define VG_CONFIG_NAME_SIZE   64

enum vg_phase {
    VG_PHASE_SETUP,
    VG_PHASE_DRY_RUN,
    VG_PHASE_OPERATIONAL
};
const char *vg_phase_name(enum vg_phase phase); /* "operational" */
int vg_phase_parse(const char *name, enum vg_phase *phase);

/* A flux without its secret. */
struct vg_flux_config {
    char id[VG_FLUX_ID_SIZE];
    char label[VG_FLUX_LABEL_SIZE];      /* "" if none */
    char url[VG_FLUX_URL_SIZE];          /* as source_url.h takes it */
    char evidence_url[VG_FLUX_URL_SIZE]; /* main stream, where url is the sub-stream; "" if none */
    char user[VG_FLUX_USER_SIZE];        /* "" if none */
    char tls_name[VG_HOST_SIZE];         /* the certificate's; "": the host of the address */
    char interface[VG_INTERFACE_SIZE];   /* to receive on; "": the site's */
    enum vg_transport transport;
    bool clear_accepted; /* a person agreed that it comes in the clear; kept only where it does */
    double rate_fps;     /* wanted pictures a second: 0.1 to 25, 5 by default */
    uint32_t priority;   /* 0 (first) to 9 (last), 5 by default */
    bool active;
    /* Authorities that are believed, in PEM. For put alone: borrowed, NULL leaves it as it is, ""
     * takes it away; NULL when read, vg_config_flux_ca gives it. */
    const char *ca_pem;
    bool has_password, has_scene, has_ca; /* read only: ignored by put */
    uint64_t version;                     /* ETag of the flux; read only */
    uint64_t scene_version;               /* ETag of its scene, 0 without one; read only */
    uint64_t view_source;    /* version at which `url` was last changed: another view; read only */
    uint64_t view_confirmed; /* version of the last vg_config_view_confirm, 0: none; read only */
    uint32_t declared_milli; /* of the last vg_config_flux_declare, 0: none; read only */
};

/* The defaults of a flux named `id` (cut at its room). */
void vg_flux_defaults(struct vg_flux_config *flux, const char *id);

/* Whether the fields are acceptable. VG_E_INPUT; place is the JSON pointer ("/url"). Pure. */
enum vg_status vg_flux_check(const struct vg_flux_config *flux, struct vg_fault *fault) VG_MUST_USE;

/* Whether `id` may name a flux. Pure. */
bool vg_flux_id_valid(const char *id);

/* The counter of changes; cheap, made to be polled. */
enum vg_status vg_config_version(struct vg_database *database, uint64_t *version,
                                 struct vg_fault *fault) VG_MUST_USE;

/* All flux by id. *flux given (vg_free), *count of them; NULL and 0 when there are none. */
enum vg_status vg_config_flux_list(struct vg_database *database, struct vg_flux_config **flux,
                                   size_t *count, struct vg_fault *fault) VG_MUST_USE;
/* VG_E_MISSING. */
enum vg_status vg_config_flux_get(struct vg_database *database, const char *id,
                                  struct vg_flux_config *flux, struct vg_fault *fault) VG_MUST_USE;

/* Which state of a thing a change is based on. */
#define VG_VERSION_ANY UINT64_MAX /* whatever there is: If-Match: * */
#define VG_VERSION_NEW 0          /* there must be none: VG_E_EXISTS else */

/* Writes a flux (and its password when `password` is not NULL; "" takes it away), based on
 * `expected`. New flux: password NULL means none. *flux gets its new version. secret may be
 * NULL when password is. VG_E_INPUT (also what the site's settings do not admit, site.h),
 * VG_E_EXISTS, VG_E_MISSING, VG_E_STATE (someone else changed it: 412), VG_E_FULL (VG_FLUX_MAX
 * reached). */
enum vg_status vg_config_flux_put(struct vg_database *database, const struct vg_secret *secret,
                                  struct vg_flux_config *flux, const char *password,
                                  uint64_t expected, struct vg_fault *fault) VG_MUST_USE;

/* Only the switch; no ETag wanted. VG_E_MISSING. Unchanged: the version stays. */
enum vg_status vg_config_flux_activate(struct vg_database *database, const char *id, bool active,
                                       struct vg_fault *fault) VG_MUST_USE;

/* A person says that what the flux shows now is what it is to show: the analysis takes it when it
 * sees a newer number, once. *confirmed is that number. VG_E_MISSING. */
enum vg_status vg_config_view_confirm(struct vg_database *database, const char *id,
                                      uint64_t *confirmed, struct vg_fault *fault) VG_MUST_USE;

/* What a picture of the flux was admitted with, in thousandths of a job of the device; 0: nothing.
 * In the transaction of the change that was admitted: the counter stays. VG_E_MISSING. */
enum vg_status vg_config_flux_declare(struct vg_database *database, const char *id, uint32_t milli,
                                      struct vg_fault *fault) VG_MUST_USE;

/* VG_E_MISSING, VG_E_STATE. Its scene goes with it; its alerts stay. */
enum vg_status vg_config_flux_delete(struct vg_database *database, const char *id,
                                     uint64_t expected, struct vg_fault *fault) VG_MUST_USE;

/* The password of a flux in clear ("" if none) into text; wipe it after use.
 * VG_E_MISSING, VG_E_INTEGRITY (sealed by another key). */
enum vg_status vg_config_password(struct vg_database *database, const struct vg_secret *secret,
                                  const char *id, char text[VG_FLUX_PASSWORD_SIZE],
                                  struct vg_fault *fault) VG_MUST_USE;

/* The authorities of a flux. *pem given (vg_free), "" if none. VG_E_MISSING. */
enum vg_status vg_config_flux_ca(struct vg_database *database, const char *id, char **pem,
                                 struct vg_fault *fault) VG_MUST_USE;

/* The scene's JSON as it was put. *text given (vg_free), zero-ended, *size bytes, *version its
 * ETag. VG_E_MISSING (no flux, or no scene: place says which). */
enum vg_status vg_config_scene_get(struct vg_database *database, const char *id, char **text,
                                   size_t *size, uint64_t *version,
                                   struct vg_fault *fault) VG_MUST_USE;
/* The caller has checked the text (vg_scene_parse): here it is only stored. expected as above;
 * *version the new ETag (may be NULL). VG_E_MISSING (no such flux), VG_E_STATE, VG_E_EXISTS,
 * VG_E_FULL. */
enum vg_status vg_config_scene_put(struct vg_database *database, const char *id, const char *text,
                                   size_t size, uint64_t expected, uint64_t *version,
                                   struct vg_fault *fault) VG_MUST_USE;

/* The authorisation; authorisation->given false when none was put. */
enum vg_status vg_config_authorisation_get(struct vg_database *database,
                                           struct vg_authorisation *authorisation,
                                           struct vg_fault *fault) VG_MUST_USE;
/* given false takes it away. VG_E_INPUT when last is not after first. */
enum vg_status vg_config_authorisation_put(struct vg_database *database,
                                           const struct vg_authorisation *authorisation,
                                           struct vg_fault *fault) VG_MUST_USE;

/* Setup at first, and the model "nanodet-g", node "a1". */
struct vg_config_site {
    enum vg_phase phase;
    char model[VG_CONFIG_NAME_SIZE];
    char node[VG_CONFIG_NAME_SIZE];
};
enum vg_status vg_config_site_get(struct vg_database *database, struct vg_config_site *site,
                                  struct vg_fault *fault) VG_MUST_USE;
enum vg_status vg_config_site_put(struct vg_database *database, const struct vg_config_site *site,
                                  struct vg_fault *fault) VG_MUST_USE;

#endif
